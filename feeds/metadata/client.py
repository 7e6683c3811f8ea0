"""HTTP client for public APIs: one request at a time, not too often, repeated after errors that pass."""

import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError, InvalidHeader, ProtocolError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError
from urllib3.response import BaseHTTPResponse

from feeds import NAME, __version__
from feeds.errors import FetchError

_USER_AGENT = f"{NAME}/{__version__}"
_TIMEOUT = Timeout(connect=10.0, read=60.0)  # seconds; the arXiv API may think for half a minute
_TOTAL_TIMEOUT = 180.0  # seconds for one answer
_MAX_BYTES = 20_000_000  # a hundred papers with 3,000 authors each
_CHUNK_SIZE = 65_536  # bytes
_ATTEMPTS = 5
_BACKOFF = 3.0  # seconds before the second attempt, twice as long before the next
_MAX_RETRY_AFTER = 300.0  # seconds
_RETRIED_STATUSES = (429, 500, 502, 503, 504)
_MAX_REDIRECTS = 3


class UnavailableError(FetchError):
    """An API cannot be reached, or refuses requests for now."""


class Answer(NamedTuple):
    """The status and the body of an answer."""

    status: int
    body: bytes


class _Response(NamedTuple):
    answer: Answer
    location: str = ""  # of a redirect
    retry_after: float = 0.0


class Client:
    """Sends requests to one API.

    Args:
        interval: the least number of seconds from the start of a request to that of the next, a repeated one included.
        accept: the media type to ask for.
        clock: tells the time in seconds.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        interval: float,
        accept: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._interval = interval
        self._headers = {"User-Agent": _USER_AGENT, "Accept": accept, "Accept-Encoding": "gzip"}
        self._clock = clock
        self._sleep = sleep
        self._next_start = clock()
        self._pools = PoolManager(timeout=_TIMEOUT, retries=False)

    def get(self, url: str) -> Answer:
        """Return the answer to a GET request; redirects are followed within one scheme.

        Raises:
            FetchError: the answer is too large or takes too long, or redirects to no usable address.
            UnavailableError: no answer came after several attempts, or the API asks to wait for longer than minutes.
        """
        host = urlsplit(url).netloc
        for _ in range(_MAX_REDIRECTS + 1):
            answer, location, _ = self._repeat(url)
            if not location:
                return answer
            target = urljoin(url, location)
            if urlsplit(target).scheme != urlsplit(url).scheme:
                raise FetchError(f"{host}: redirects to {printable(target)}; give that address")
            url = target
        raise FetchError(f"{host}: redirects more than {_MAX_REDIRECTS} times; check the address")

    def _repeat(self, url: str) -> _Response:
        """Send a request again until it has an answer; that of a status 500 that stays is returned."""
        host = urlsplit(url).netloc
        problem = ""
        for attempt in range(1, _ATTEMPTS + 1):
            self._wait()
            delay = 0.0
            try:
                response = self._request(url)
            except (HTTPError, OSError) as error:
                problem = _describe(error)
            else:
                status, delay = response.answer.status, response.retry_after
                if status not in _RETRIED_STATUSES or (status == 500 and attempt == _ATTEMPTS):
                    return response
                problem = f"HTTP status {status}"
                if delay > _MAX_RETRY_AFTER:
                    raise UnavailableError(f"{host}: {problem}; run the command again in {delay / 60:,.0f} minutes")
            self._next_start = max(self._next_start, self._clock() + max(delay, _BACKOFF * 2 ** (attempt - 1)))
        raise UnavailableError(f"{host}: {problem}; run the command again later")

    def _wait(self) -> None:
        """Wait until the next request may start."""
        wait = self._next_start - self._clock()
        if wait > 0:
            self._sleep(wait)
        self._next_start = self._clock() + self._interval

    def _request(self, url: str) -> _Response:
        response = self._pools.request("GET", url, headers=self._headers, redirect=False, preload_content=False)
        try:
            answer = Answer(response.status, self._read_body(response, urlsplit(url).netloc))
            return _Response(answer, response.get_redirect_location() or "", _parse_retry_after(response))
        except BaseException:
            response.close()  # what is left of the body belongs to no other request
            raise
        finally:
            response.release_conn()

    def _read_body(self, response: BaseHTTPResponse, host: str) -> bytes:
        end = self._clock() + _TOTAL_TIMEOUT
        body = bytearray()
        while chunk := response.read1(_CHUNK_SIZE):
            body += chunk
            if len(body) > _MAX_BYTES:
                raise FetchError(f"{host}: the answer is larger than {_MAX_BYTES:,} bytes")
            if self._clock() > end:
                raise FetchError(f"{host}: the answer takes longer than {_TOTAL_TIMEOUT:g} s")
        return bytes(body)


def printable(text: str) -> str:
    """Return what a server sent as part of a line: short, and without characters that a terminal obeys."""
    return "".join(character if character.isprintable() else "\ufffd" for character in " ".join(text.split())[:200])


def _parse_retry_after(response: BaseHTTPResponse) -> float:
    try:
        return Retry().get_retry_after(response) or 0.0
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0


def _describe(error: Exception) -> str:
    if isinstance(error, ProtocolError):
        return "breaks off its answer"
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if reason := getattr(cause, "strerror", None):
        return printable(reason)
    return "does not answer" if isinstance(error, Urllib3TimeoutError) else printable(str(error))
