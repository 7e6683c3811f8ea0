"""Answers requests: from the response cache, or by calling the Flask app (WSGI, PEP 3333) in a lane.

A polling reader sends the same request each time. Such a request is answered before Flask sees it.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from feeds.errors import ArchiveError
from feeds.http import limits, logs, metrics
from feeds.http.cache import CachedResponse, ResponseCache
from feeds.http.lane import BusyError, Lane, Work
from feeds.http.metrics import Metrics
from feeds.http.rendering import Renderer, RenderingPending, Results
from feeds.http.request import Request
from feeds.publishing.publisher import Publisher

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BODY_NAME = "feeds.body_name"
"""The WSGI key under which the app names the cached body of its response."""

IS_STREAMED = "feeds.is_streamed"
"""The WSGI key by which the app says that its response must not be held in memory."""

PENDING = "feeds.pending"
"""The WSGI key under which the app says that a document is being made: call it again then."""

REQUEST_ID = "feeds.request_id"
"""The WSGI key of the request's identifier, which log lines and errors have."""

RESULTS = "feeds.results"
"""The WSGI key of the results of what was pending in earlier calls for the same request."""

_CACHE_KEY_FIELDS = (
    *("accept-encoding", "accept-language", "a-im", "if-match", "if-none-match", "if-modified-since"),
    *("if-unmodified-since", "range", "if-range"),
)
"""The header fields that responses depend on, besides the path, the query and the revision of the archive."""

_CACHED_STATUSES = (200, 226, 304)
_MAX_KEY = 4000  # characters of a request that is worth remembering
_MAX_CALLS = 5  # of the app for a request: to render, to compress, and again if the archive changes meanwhile
_PICTURES_AGE = 0.05  # seconds between two looks for new pictures
_MAX_AGE = 1.5  # seconds since the last look at the archive, for answers from memory; `refresh` looks every second
_SEARCH_PATHS = ("/search", "/topics/")
_log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """A response: its head is the status line and the headers, without those of the connection and the empty line."""

    status: int
    head: bytes
    body: bytes | Iterator[bytes]
    is_cached: bool = False


class Service(NamedTuple):
    """What answers requests: a Flask app that does not wait for renderings, and what it uses."""

    app: "WSGIApplication"
    publisher: Publisher
    cache: ResponseCache
    renderer: Renderer


class Gateway:
    """Answers the requests of a worker's connections. Cheap answers never wait behind expensive ones."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.requests = Lane(
            "requests", limits.REQUEST_THREADS, limits.MAX_WAITING_REQUESTS, limits.MAX_REQUEST_QUEUE_SECONDS
        )
        self.searches = Lane(
            "searches", limits.SEARCH_THREADS, limits.MAX_WAITING_SEARCHES, limits.MAX_SEARCH_QUEUE_SECONDS
        )
        self._archive = service.publisher.archive
        lanes = [self.requests, self.searches, service.renderer.small, service.renderer.large]
        self._metrics = Metrics(service.publisher.formats, lanes) if metrics.is_enabled() else None
        self._pictures = ""
        self._next_look = 0.0

    def find(self, request: Request) -> Answer | None:
        """Answer from the cache, at once; None if it takes more."""
        if self._archive.age > _MAX_AGE and self._archive.is_due:
            return None
        return self._find_cached(self._cache_key(request))

    def refresh(self) -> None:
        """Have a thread look for changed files, so that requests need not wait for that."""
        if self._archive.is_due:
            with suppress(BusyError):
                self.requests.submit("refresh", self._refresh)

    def note(self, request: Request, answer: Answer, size: int, seconds: float) -> None:
        """Log and count an answer of which some bytes were sent."""
        if self._metrics:
            self._metrics.count(request.path, answer.status, size, is_hit=answer.is_cached)
        logs.log_access(request, answer.status, size, seconds)

    def write_metrics(self, connections: int) -> None:
        """Write down how things are, with the number of open connections."""
        if self._metrics:
            self._metrics.write(connections, self._archive.revision, is_degraded=bool(self._archive.degradation))

    async def answer(self, request: Request) -> Answer:
        """Answer by calling the app, until all that it has to render is rendered."""
        lane = self.searches if request.path.startswith(_SEARCH_PATHS) else self.requests
        results: dict[object, object] = {}
        try:
            async with asyncio.timeout(limits.REQUEST_SECONDS):
                for _ in range(_MAX_CALLS):
                    work = lane.submit(object(), partial(self._call, request, results))
                    try:
                        answer = await _result(lane, work)
                    except BaseException:
                        work.future.add_done_callback(_leave_pending)  # the call may yet begin to wait for a rendering
                        raise
                    if isinstance(answer, Answer):
                        return answer
                    results[answer.work.name] = await _result_or_error(answer.lane, answer.work)
        except BusyError as error:
            return plain_answer(503, str(error), {"Retry-After": str(error.retry_after)})
        except TimeoutError:
            pass
        except Exception:
            _log.exception("%s: %r failed", request.id, request.path)
            return plain_answer(500, "the server failed; its log says why")
        return plain_answer(503, "this takes too long; try again later", {"Retry-After": str(limits.MAX_RETRY_AFTER)})

    def _refresh(self) -> None:
        with suppress(ArchiveError):  # which requests report
            self._archive.sync_if_due()

    def _find_cached(self, key: Hashable) -> Answer | None:
        response = self.service.cache.get_response(key)
        if response is None:
            return None
        body = self.service.cache.get(response.body_name) if response.body_name else b""
        return None if body is None else Answer(response.status, response.head, body, is_cached=True)

    def _cache_key(self, request: Request) -> tuple[str | None, ...]:
        if (now := time.monotonic()) >= self._next_look:
            self._pictures, self._next_look = self.service.publisher.store.revision, now + _PICTURES_AGE
        fields = map(request.headers.get, _CACHE_KEY_FIELDS)
        return (self._archive.revision, self._pictures, request.method, request.path, request.query, *fields)

    def _call(self, request: Request, results: Results) -> Answer | RenderingPending:
        """Call the app, unless the cache has the answer once the archive has been looked at."""
        self._refresh()
        key = self._cache_key(request)
        if cached := self._find_cached(key):
            return cached
        environ = _environ(request)
        try:
            status, headers, chunks = call_app(self.service.app, environ, results)
        except RenderingPending as pending:
            return pending
        code = int(status[:3])
        head = _head(status, headers)
        if environ.get(IS_STREAMED):
            return Answer(code, head, iter(chunks))
        body = _join(chunks)
        body_name = environ.get(BODY_NAME, "") if body else ""
        is_usual = sum(map(len, filter(None, key))) <= _MAX_KEY
        if is_usual and code in _CACHED_STATUSES and (body_name or not body) and _varies_by_key(headers):
            self.service.cache.put_response(key, CachedResponse(code, head, body_name))
        return Answer(code, head, body)


def call_app(
    app: "WSGIApplication", environ: "WSGIEnvironment", results: Results
) -> tuple[str, list[tuple[str, str]], Iterable[bytes]]:
    """Call a WSGI app; return the status, the headers and the body. Raises RenderingPending if it has to render."""
    started: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        started[:] = [status, headers]

    environ[RESULTS] = results
    chunks = app(environ, start)
    if pending := environ.pop(PENDING, None):
        _join(chunks)
        raise pending
    return started[0], started[1], chunks


def waiting_for_renderings(app: "WSGIApplication") -> "WSGIApplication":
    """Return a WSGI app that calls another until what it has to render is rendered: for other servers than ours."""

    def waiting_app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        results: dict[object, object] = {}
        while True:
            try:
                status, headers, chunks = call_app(app, environ, results)
            except RenderingPending as pending:
                error = pending.work.future.exception()
                results[pending.work.name] = error or pending.work.future.result()
                pending.lane.leave(pending.work)
                continue
            start_response(status, headers)
            return chunks

    return waiting_app


def plain_answer(status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer of one line of text, to a request that does not reach the app."""
    body = f"{message}\n".encode()
    fields = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",
        **(headers or {}),
    }
    return Answer(status, _head(f"{status} {HTTPStatus(status).phrase}", fields.items()), body)


async def _result(lane: Lane, work: Work) -> Any:
    """Wait for work without a thread, and leave it in any case: if the client hangs up, the wait is cancelled.

    Raises BusyError if it has not begun after the time that work of the lane should wait.
    """
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    work.future.add_done_callback(lambda _: loop.is_closed() or loop.call_soon_threadsafe(done.set))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(lane.max_seconds):
                await done.wait()
        if not work.has_begun:
            raise lane.refusal()
        await done.wait()
    finally:
        lane.leave(work)
    return work.future.result()


def _leave_pending(future: "Future[Answer | RenderingPending]") -> None:
    """Wait no longer for the rendering that the call of the app found to be pending."""
    if future.exception() is None and isinstance(pending := future.result(), RenderingPending):
        pending.lane.leave(pending.work)


async def _result_or_error(lane: Lane, work: Work) -> object:
    try:
        return await _result(lane, work)
    except Exception as error:  # the app raises it
        return error


def _environ(request: Request) -> "WSGIEnvironment":
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": "localhost",  # links come from the settings
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "REMOTE_ADDR": request.client,
        REQUEST_ID: request.id,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": _NoContent(),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        if "_" not in name:  # which would look like another header
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    return environ


class _NoContent:
    """The content of a request, which is not kept: nothing here uses it."""

    def read(self, _size: int = -1) -> bytes:
        return b""

    def readline(self, _size: int = -1) -> bytes:
        return b""

    def readlines(self, _hint: int = -1) -> list[bytes]:
        return []

    def __iter__(self) -> Iterator[bytes]:
        return iter(())


def _head(status: str, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers if name != "Date")]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


def _join(chunks: Iterable[bytes]) -> bytes:
    try:
        return b"".join(chunks)
    finally:
        close: Callable[[], None] | None = getattr(chunks, "close", None)
        if close:
            close()


def _varies_by_key(headers: Iterable[tuple[str, str]]) -> bool:
    """Return True if the response depends on nothing but what the cache key has."""
    fields = (field.strip().lower() for name, value in headers if name.lower() == "vary" for field in value.split(","))
    return set(_CACHE_KEY_FIELDS).issuperset(fields)
