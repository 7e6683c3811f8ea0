"""Connects to hosts, and to no address of theirs but those it has looked at itself.

So no name, redirect or second look-up leads into a private network,
https://owasp.org/www-community/attacks/Server_Side_Request_Forgery.
"""

import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from urllib3.connection import HTTPConnection, HTTPSConnection

from feeds.errors import FeedsError

_TRIED = 3  # addresses of a host

Address = IPv4Address | IPv6Address


_SPECIAL = (
    ip_network("192.88.99.0/24"),  # relays of version 6
    ip_network("192.0.0.0/24"),  # IANA's own, among them the metadata of Oracle's cloud
    ip_network("168.63.129.16/32"),  # the metadata of Microsoft's
)
_GLOBAL_UNICAST = ip_network("2000::/3")
_DOCUMENTATION = ip_network("3fff::/20")  # newer than Python 3.11
_NAT64 = ip_network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether an address, and one of version 4 that it stands for, is of the public internet."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in each for each in _SPECIAL)
    inner = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner:
        return is_public(inner)
    return address.is_global and address in _GLOBAL_UNICAST and address not in _DOCUMENTATION


def _resolve(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True)
class Network:
    """How names become addresses, which of those are used, and whose certificates are trusted (None: the system's)."""

    resolve: Callable[[str, int], Iterable[str]]
    allows: Callable[[Address], bool]
    trust: ssl.SSLContext | None = None


INTERNET = Network(_resolve, is_public)
ANYWHERE = Network(_resolve, lambda _: True)


class FetchError(FeedsError):
    """An address gives no picture, and would not if asked again."""


class PlainConnection(HTTPConnection):
    """A connection over HTTP to an address that the network allows."""

    def __init__(self, network: Network, host: str, port: int) -> None:
        super().__init__(host, port)
        self._network = network

    def _new_conn(self) -> socket.socket:
        return _connected(self._network, self.host, self.port, self.timeout)


class SecureConnection(HTTPSConnection):
    """A connection over TLS to an address that the network allows."""

    def __init__(self, network: Network, host: str, port: int, trust: ssl.SSLContext) -> None:
        super().__init__(host, port, ssl_context=trust)
        self._network = network

    def _new_conn(self) -> socket.socket:
        return _connected(self._network, self.host, self.port, self.timeout)


Connection = PlainConnection | SecureConnection


def _connected(network: Network, host: str, port: int, seconds: float | None) -> socket.socket:
    """Connect to an address of a host, and to no other than has been looked at."""
    found = list(dict.fromkeys(ip_address(each) for each in network.resolve(host, port)))
    allowed = [address for address in found if network.allows(address)][:_TRIED]
    if found and not allowed:
        raise FetchError(f"{host} is {found[0]}, which is not in the public internet")
    trouble = OSError(f"{host} has no address")
    for address in allowed:
        try:
            return socket.create_connection((str(address), port), (seconds or 0) / len(allowed))
        except OSError as error:
            trouble = error
    raise trouble
