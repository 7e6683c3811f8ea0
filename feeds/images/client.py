"""HTTP client for untrusted image servers: only public addresses, and limits on size and time.

Every connection, also that of a redirect, goes to an address that was checked after the host name was resolved. So no
name, redirect or second DNS answer leads into a private network,
https://owasp.org/www-community/attacks/Server_Side_Request_Forgery.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple, cast
from urllib.parse import urljoin

from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.response import HTTPResponse
from urllib3.util import Url, parse_url

from feeds import NAME, __version__
from feeds.errors import FetchError
from feeds.images.picture import ImageRecord

Address = IPv4Address | IPv6Address

_USER_AGENT = f"{NAME}/{__version__}"
_ACCEPT = "image/png, image/jpeg, image/*;q=0.8, */*;q=0.1"
_REDIRECT_STATUSES = (301, 302, 303, 307, 308)
_CHUNK_SIZE = 65_536  # bytes
_MAX_URL_LENGTH = 4000
_MAX_VALIDATOR_LENGTH = 500
_MAX_POOLS = 32
_MAX_ADDRESSES = 3  # of a host that are tried
_PRIVATE_HINT = "the setting private_images = true allows it"
_RECOVERABLE_ERRORS = (OSError, HTTPException, HTTPError, ValueError)

_SPECIAL_NETWORKS = (
    ip_network("192.88.99.0/24"),  # 6to4 relays
    ip_network("192.0.0.0/24"),  # IETF protocol assignments, among them the metadata service of Oracle's cloud
    ip_network("168.63.129.16/32"),  # metadata service of Azure
)
_GLOBAL_UNICAST = ip_network("2000::/3")
_DOCUMENTATION = ip_network("3fff::/20")  # unknown to Python 3.11
_NAT64 = ip_network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Return True if an address, and an IPv4 address embedded in it, belongs to the public internet."""
    if isinstance(address, IPv4Address):
        is_special = any(address in network for network in _SPECIAL_NETWORKS)
        return address.is_global and not address.is_multicast and not is_special
    embedded = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        embedded = IPv4Address(int(address) & 0xFFFFFFFF)
    if embedded:
        return is_public(embedded)
    return address.is_global and address in _GLOBAL_UNICAST and address not in _DOCUMENTATION


def _resolve(host: str, port: int) -> list[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True)
class ResolverPolicy:
    """Which addresses may be connected to, and how host names are resolved to addresses."""

    is_allowed: Callable[[Address], bool]
    resolve: Callable[[str, int], Iterable[str]] = _resolve

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """Connect to the first address of a host that is allowed and answers.

        Raises FetchError if none of its addresses is allowed, and OSError if the host has no address, or none of them
        answers.
        """
        addresses = list(dict.fromkeys(ip_address(text) for text in self.resolve(host, port)))
        allowed = [address for address in addresses if self.is_allowed(address)][:_MAX_ADDRESSES]
        if addresses and not allowed:
            raise FetchError(f"{host} resolves to {addresses[0]}, which is not a public address; {_PRIVATE_HINT}")
        last_error = OSError(f"{host} has no address")
        for address in allowed:
            try:
                return socket.create_connection((str(address), port), timeout / len(allowed))
            except OSError as error:
                last_error = error
        raise last_error


PUBLIC_ONLY = ResolverPolicy(is_public)
ALLOW_PRIVATE = ResolverPolicy(lambda _: True)


class _HTTPConnection(HTTPConnection):
    """Connects as a policy allows."""

    def __init__(self, *args: Any, policy: ResolverPolicy, **options: Any) -> None:
        super().__init__(*args, **options)
        self._policy = policy

    def _new_conn(self) -> socket.socket:
        return self._policy.connect(self.host, self.port, self.timeout or 0)


class _HTTPSConnection(_HTTPConnection, HTTPSConnection):
    """Connects as a policy allows, and verifies the certificate by the host name."""


class _PoolManager(PoolManager):
    """Keeps connections, which all connect as one policy allows."""

    def __init__(self, policy: ResolverPolicy, **options: Any) -> None:
        super().__init__(**options)
        self._policy = policy

    def _new_pool(
        self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None
    ) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        pool.ConnectionCls = _HTTPSConnection if scheme == "https" else _HTTPConnection
        pool.conn_kw["policy"] = self._policy
        return pool


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server may take for one image, in bytes and seconds."""

    max_bytes: int = 10_000_000
    connect_timeout: float = 10.0
    read_timeout: float = 20.0  # without a byte from the server
    total_timeout: float = 60.0  # without the waits between attempts
    attempts: int = 3
    backoff: float = 1.0  # before the second attempt, twice as long before the third
    max_retry_after: float = 30.0
    max_redirects: int = 5
    connections_per_host: int = 2


DEFAULT_LIMITS = Limits()


class TransientError(FetchError):
    """A request failed, but may succeed if repeated, after `retry_after` seconds if the server says so."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Download(NamedTuple):
    """The bytes of an image, and the validators for the next request."""

    body: bytes
    etag: str
    last_modified: str


class _Redirect(NamedTuple):
    location: str


class _Deadline:
    """Counts down the time for one image."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        return self._end - time.monotonic()

    @contextmanager
    def paused(self) -> Iterator[None]:
        started = time.monotonic()
        yield
        self._end += time.monotonic() - started


class Client:
    """Downloads images over persistent connections. Threads may share a client.

    Redirects and retries are not urllib3's own: it would read the bodies of redirects and errors, whose length is up
    to the server, and cannot repeat a request whose body breaks off.
    """

    def __init__(
        self,
        policy: ResolverPolicy = PUBLIC_ONLY,
        limits: Limits = DEFAULT_LIMITS,
        *,
        ssl_context: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._limits = limits
        self._now = now
        self._sleep = sleep
        self._pools = _PoolManager(
            policy,
            num_pools=_MAX_POOLS,
            maxsize=limits.connections_per_host,
            block=True,
            ssl_context=ssl_context or ssl.create_default_context(),
        )
        self._lock = threading.Lock()
        self._active_sockets: set[socket.socket] = set()
        self._is_closed = False

    def get(self, url: str, stored: ImageRecord | None = None) -> Download | None:
        """Download an image, and try again after a transient error.

        Returns:
            None if the server confirms that the stored image is current.

        Raises:
            FetchError: the URL yields no image within the limits.
        """
        deadline = _Deadline(self._limits.total_timeout)
        for attempt in range(1, self._limits.attempts + 1):
            try:
                return self._follow_redirects(url, stored, deadline)
            except TransientError as error:
                is_too_late = error.retry_after > self._limits.max_retry_after or deadline.remaining <= 0
                if attempt == self._limits.attempts or is_too_late or self._is_closed:
                    raise
                with deadline.paused():
                    self._sleep(max(error.retry_after, self._limits.backoff * 2 ** (attempt - 1)))
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Close all connections; requests in other threads fail at once."""
        with self._lock:
            self._is_closed = True
            for sock in self._active_sockets:
                _shut_down(sock)
        self._pools.clear()

    def _follow_redirects(self, url: str, stored: ImageRecord | None, deadline: _Deadline) -> Download | None:
        for _ in range(self._limits.max_redirects + 1):
            result = self._request(url, stored, deadline)
            if not isinstance(result, _Redirect):
                return result
            try:
                url = urljoin(url, result.location)
            except ValueError as error:
                raise FetchError(f"redirects to an invalid URL: {result.location}") from error
        raise FetchError(f"redirects more than {self._limits.max_redirects} times")

    def _request(self, url: str, stored: ImageRecord | None, deadline: _Deadline) -> Download | _Redirect | None:
        parsed = _parse_url(url)
        pool = self._pools.connection_from_host(parsed.host, parsed.port, parsed.scheme)
        with deadline.paused():
            # pool.urlopen() would hide the socket while the headers arrive, but the deadline has to shut it down.
            connection = cast("HTTPConnection", pool._get_conn())
        is_reusable = False
        try:
            result = self._exchange(connection, parsed, stored, deadline)
            is_reusable = not isinstance(result, _Redirect)  # whose body was not read
            return result
        except ssl.SSLCertVerificationError as error:
            raise FetchError(f"{parsed.host} has an invalid certificate: {error.verify_message}") from error
        except _RECOVERABLE_ERRORS as error:
            raise TransientError(_describe(error) if deadline.remaining > 0 else self._too_slow()) from error
        finally:
            if not is_reusable:
                connection.close()
            pool._put_conn(connection)

    def _exchange(
        self, connection: HTTPConnection, url: Url, stored: ImageRecord | None, deadline: _Deadline
    ) -> Download | _Redirect | None:
        if deadline.remaining <= 0:
            raise TransientError(self._too_slow())
        if connection.is_closed:
            connection.timeout = min(self._limits.connect_timeout, deadline.remaining)
            connection.connect()
        connection.timeout = self._limits.read_timeout
        with self._shut_down_after(connection.sock, deadline.remaining):
            headers = {"User-Agent": _USER_AGENT, "Accept": _ACCEPT, **_conditional_headers(stored)}
            connection.request("GET", url.request_uri, headers=headers, preload_content=False, decode_content=False)
            response = connection.getresponse()
            try:
                result = self._read_response(response, stored)
            finally:
                response.close()
            if deadline.remaining <= 0:  # a connection that was shut down looks like the end of the body
                raise TransientError(self._too_slow())
            return result

    @contextmanager
    def _shut_down_after(self, sock: socket.socket, seconds: float) -> Iterator[None]:
        """Shut down a connection when time is up: a socket's own timeout starts again with every byte."""
        timer = threading.Timer(max(0.0, seconds), _shut_down, [sock])
        timer.daemon = True
        timer.start()
        with self._lock:
            self._active_sockets.add(sock)
            if self._is_closed:
                _shut_down(sock)
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                self._active_sockets.discard(sock)

    def _read_response(self, response: HTTPResponse, stored: ImageRecord | None) -> Download | _Redirect | None:
        headers = response.headers
        if response.status in _REDIRECT_STATUSES and "Location" in headers:
            return _Redirect(str(headers["Location"]))
        if response.status == 304 and stored:
            return None
        if response.status == 429 or response.status >= 500:
            retry_after = _parse_retry_after(headers.get("Retry-After", ""), self._now())
            raise TransientError(f"HTTP status {response.status}", retry_after)
        if response.status != 200:
            raise FetchError(f"HTTP status {response.status}")
        encoding = headers.get("Content-Encoding", "identity")
        if encoding.lower() != "identity":
            raise FetchError(f"Content-Encoding is {encoding}, although the request accepts only identity")
        body = self._read_body(response)
        return Download(body, _usable_validator(headers.get("ETag")), _usable_validator(headers.get("Last-Modified")))

    def _read_body(self, response: HTTPResponse) -> bytes:
        limit = self._limits.max_bytes
        too_large = FetchError(f"is larger than {limit:,} bytes")
        if (response.length_remaining or 0) > limit:
            raise too_large
        body = bytearray()
        while chunk := response.read1(_CHUNK_SIZE):
            body += chunk
            if len(body) > limit:
                raise too_large
        return bytes(body)

    def _too_slow(self) -> str:
        return f"takes more than {self._limits.total_timeout:g} s"


def _parse_url(url: str) -> Url:
    try:
        parsed = parse_url(url[:_MAX_URL_LENGTH])
    except (HTTPError, ValueError) as error:
        raise FetchError(f"not a valid URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host or len(url) > _MAX_URL_LENGTH:
        raise FetchError(f"not an http or https URL: {url}")
    if parsed.auth is not None:
        raise FetchError("the URL contains a user name")
    return parsed


def _conditional_headers(stored: ImageRecord | None) -> dict[str, str]:
    headers = {"If-None-Match": stored.etag, "If-Modified-Since": stored.last_modified} if stored else {}
    return {name: value for name, value in headers.items() if value}


def _usable_validator(value: str | None) -> str:
    """Return an ETag or Last-Modified value if it can be sent back, otherwise nothing."""
    is_usable = value and value.isascii() and value.isprintable() and len(value) <= _MAX_VALIDATOR_LENGTH
    return value if value and is_usable else ""


def _parse_retry_after(value: str, now: datetime) -> float:
    """Return the seconds of a Retry-After header, https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3."""
    with suppress(ValueError, TypeError, OverflowError, IndexError):
        return float(int(value[:9]))
    with suppress(ValueError, TypeError, OverflowError, IndexError):
        return (parsedate_to_datetime(value[:99]) - now).total_seconds()
    return 0.0


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError):
        # SSLSocket.shutdown() would drop its TLS state while another thread reads.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _describe(error: Exception) -> str:
    if isinstance(error, (TimeoutError, ReadTimeoutError)):
        return "the server does not answer"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
