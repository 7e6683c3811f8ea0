"""Asks servers that nobody vouches for pictures, within limits."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import NamedTuple
from urllib.parse import urljoin

from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.response import HTTPResponse
from urllib3.util import Url, parse_url

from feeds import NAME, __version__
from feeds.images.addresses import Connection, FetchError, Network, PlainConnection, SecureConnection
from feeds.images.picture import Source

_USER_AGENT = f"{NAME}/{__version__}"
_ACCEPT = "image/png, image/jpeg, image/*;q=0.8, */*;q=0.1"
_REDIRECTS = (301, 302, 303, 307, 308)
_PIECE = 65_536  # bytes
_LONGEST_URL = 4000
_LONGEST_TAG = 500
_IDLE = 32  # connections


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server may take, in bytes and seconds, for one picture."""

    length: int = 10_000_000
    connect: float = 10.0
    read: float = 20.0  # of silence
    total: float = 60.0  # without the pauses
    tries: int = 3
    pause: float = 1.0  # before the second try; twice as long before the third
    longest_pause: float = 30.0  # that a server may ask for
    redirects: int = 5
    connections: int = 2  # to one host at a time


LIMITS = Limits()


class _PassingError(FetchError):
    """An address gives no picture now, but may after some seconds if the server says how many."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class Answer(NamedTuple):
    body: bytes
    etag: str
    last_modified: str


class _Clock:
    """The time that is left for one picture."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        return self._end - time.monotonic()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        started = time.monotonic()
        yield
        self._end += time.monotonic() - started


_TROUBLE = (OSError, HTTPException, HTTPError, ValueError)
_Key = tuple[str, str, int]  # scheme, host, port


class Client:
    """Asks servers, over connections that it keeps for the next picture."""

    def __init__(
        self, limits: Limits, network: Network, now: Callable[[], datetime], sleep: Callable[[float], object]
    ) -> None:
        self._limits = limits
        self._network = network
        self._trust = network.trust or ssl.create_default_context()
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._slots: dict[str, threading.Semaphore] = {}
        self._idle: list[tuple[_Key, Connection]] = []
        self._busy: set[socket.socket] = set()
        self._is_closed = False

    def get(self, url: str, held: Source | None) -> Answer | None:
        """Ask for a picture, again if need be; None says that it is the one that is held."""
        clock = _Clock(self._limits.total)
        for tried in range(1, self._limits.tries + 1):
            try:
                return self._follow(url, held, clock)
            except _PassingError as error:
                pause = max(error.after, self._limits.pause * 2 ** (tried - 1))
                is_too_long = error.after > self._limits.longest_pause or clock.left() <= 0
                if tried == self._limits.tries or is_too_long or self._is_closed:
                    raise
                with clock.stopped():
                    self._sleep(pause)
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Close all connections, also under those who wait for an answer."""
        with self._lock:
            self._is_closed = True
            for _, connection in self._idle:
                connection.close()
            self._idle.clear()
            for sock in self._busy:
                _shut(sock)

    def _follow(self, url: str, held: Source | None, clock: _Clock) -> Answer | None:
        for _ in range(self._limits.redirects + 1):
            answer = self._ask(url, held, clock)
            if not isinstance(answer, str):
                return answer
            url = answer
        raise FetchError(f"redirects more than {self._limits.redirects} times")

    def _ask(self, url: str, held: Source | None, clock: _Clock) -> Answer | str | None:
        """Ask one address once; a text is the address that it redirects to."""
        parsed = _parsed(url)
        key = _key(parsed)
        with self._lock:
            slot = self._slots.setdefault(key[1], threading.Semaphore(self._limits.connections))
        with clock.stopped():
            slot.acquire()
        connection: Connection | None = None
        is_reusable = False
        try:
            connection = self._take(key)
            answer = self._exchange(connection, parsed, held, clock)
            is_reusable = not isinstance(answer, str)  # of a redirect the body has not been read
        except ssl.SSLCertVerificationError as error:
            raise FetchError(f"{key[1]} has a wrong certificate: {error.verify_message}") from error
        except _TROUBLE as error:
            raise _PassingError(_reason(error) if clock.left() > 0 else self._too_slow()) from error
        finally:
            if connection and is_reusable:
                self._give_back(key, connection)
            elif connection:
                connection.close()
            slot.release()
        return _joined(url, answer) if isinstance(answer, str) else answer

    def _take(self, key: _Key) -> Connection:
        with self._lock:
            for at, (other, connection) in enumerate(self._idle):
                if other == key:
                    del self._idle[at]
                    return connection
        scheme, host, port = key
        if scheme == "https":
            return SecureConnection(self._network, host, port, self._trust)
        return PlainConnection(self._network, host, port)

    def _give_back(self, key: _Key, connection: Connection) -> None:
        with self._lock:
            self._idle.append((key, connection))
            superfluous = self._idle if self._is_closed else self._idle[:-_IDLE]
            for _, each in superfluous:
                each.close()
            self._idle = self._idle[len(superfluous) :]

    def _exchange(self, connection: Connection, url: Url, held: Source | None, clock: _Clock) -> Answer | str | None:
        left = clock.left()
        if left <= 0:
            raise _PassingError(self._too_slow())
        if not connection.is_connected:
            connection.close()
            connection.timeout = min(self._limits.connect, left)
            connection.connect()
        connection.timeout = self._limits.read
        with self._cut_off(connection.sock, clock.left()):
            headers = {"User-Agent": _USER_AGENT, "Accept": _ACCEPT, **_conditions(held)}
            connection.request("GET", url.request_uri, headers=headers, preload_content=False, decode_content=False)
            response = connection.getresponse()
            try:
                answer = self._answer(response, held)
            finally:
                response.close()
            if clock.left() <= 0:  # what was cut off may look like an end
                raise _PassingError(self._too_slow())
            return answer

    @contextmanager
    def _cut_off(self, sock: socket.socket, seconds: float) -> Iterator[None]:
        """Shut a connection when time is up: the timeout of a socket begins anew with every byte."""
        timer = threading.Timer(max(0.0, seconds), _shut, [sock])
        timer.daemon = True
        timer.start()
        with self._lock:
            self._busy.add(sock)
            if self._is_closed:
                _shut(sock)
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                self._busy.discard(sock)

    def _answer(self, response: HTTPResponse, held: Source | None) -> Answer | str | None:
        headers = response.headers
        if response.status in _REDIRECTS and "Location" in headers:
            return str(headers["Location"])
        if response.status == 304 and held:
            return None
        if response.status == 429 or response.status >= 500:
            raise _PassingError(f"answers {response.status}", _seconds(headers.get("Retry-After", ""), self._now()))
        if response.status != 200:
            raise FetchError(f"answers {response.status}")
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            raise FetchError("sends a compressed picture though asked not to")
        return Answer(self._body(response), _tag(headers.get("ETag")), _tag(headers.get("Last-Modified")))

    def _body(self, response: HTTPResponse) -> bytes:
        longest = self._limits.length
        body = bytearray()
        if (response.length_remaining or 0) > longest:
            raise FetchError(f"is longer than {longest:,} bytes")
        while piece := response.read1(_PIECE):
            body += piece
            if len(body) > longest:
                raise FetchError(f"is longer than {longest:,} bytes")
        return bytes(body)

    def _too_slow(self) -> str:
        return f"takes more than {self._limits.total:g} s"


def _parsed(url: str) -> Url:
    try:
        parsed = parse_url(url[:_LONGEST_URL])
    except (HTTPError, ValueError) as error:
        raise FetchError(f"no address of a picture: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host or len(url) > _LONGEST_URL:
        raise FetchError(f"no address of a picture on the web: {url}")
    if parsed.auth is not None:
        raise FetchError("an address with a user's name is not asked")
    return parsed


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise FetchError(f"redirects to no address: {location}") from error


def _key(url: Url) -> _Key:
    scheme, host = url.scheme or "", url.host or ""
    return scheme, host.lower().strip("[]"), url.port or (443 if scheme == "https" else 80)


def _conditions(held: Source | None) -> dict[str, str]:
    fields = {"If-None-Match": held.etag, "If-Modified-Since": held.last_modified} if held else {}
    return {name: value for name, value in fields.items() if value}


def _tag(value: str | None) -> str:
    """Keep what is fit to be sent back."""
    is_fit = value and value.isascii() and value.isprintable() and len(value) <= _LONGEST_TAG
    return value if value and is_fit else ""


def _seconds(retry_after: str, now: datetime) -> float:
    """Read a Retry-After field; https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3."""
    with suppress(ValueError, TypeError, OverflowError, IndexError):
        return float(int(retry_after[:9]))
    with suppress(ValueError, TypeError, OverflowError, IndexError):
        return (parsedate_to_datetime(retry_after[:99]) - now).total_seconds()
    return 0.0


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # that of a TLS socket would break reads in other threads


def _reason(error: Exception) -> str:
    if isinstance(error, (TimeoutError, ReadTimeoutError)):
        return "says nothing for too long"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
