"""The response cache of a worker: rendered documents, and the responses to requests that were answered before.

A polling reader sends the same request each time. Such a request is answered before Flask sees it (WSGI, PEP 3333).
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from feeds.errors import ArchiveError
from feeds.publishing.publisher import Publisher

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY = 1024 * 1024
"""The size in bytes of the largest body that is kept in memory."""

BODY_NAME = "feeds.body_name"
"""The WSGI key under which the app names the cached body of its response."""

IS_STREAMED = "feeds.is_streamed"
"""The WSGI key by which the app says that its response must not be held in memory."""

CACHE_KEY_FIELDS = (
    *("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "HTTP_ACCEPT_ENCODING", "HTTP_ACCEPT_LANGUAGE", "HTTP_A_IM"),
    *("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"),
    *("HTTP_RANGE", "HTTP_IF_RANGE"),
)
"""What responses depend on, besides the revision of the archive."""

_VARY_FIELDS = {field[5:].replace("_", "-").lower() for field in CACHE_KEY_FIELDS if field.startswith("HTTP_")}
_CACHED_STATUSES = ("200", "226", "304")
_RESPONSE_SIZE = 4000  # bytes that a response takes besides its body, about
_PICTURES_AGE = 0.05  # seconds between two looks for new pictures


class _CachedResponse(NamedTuple):
    """A response without its body, and the name of that; empty for a response without one."""

    status: str
    headers: list[tuple[str, str]]
    body_name: str


class ResponseCache:
    """Keeps `max_bytes` of the most recently used documents and responses. Threads may share it."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[object, bytes | _CachedResponse] = OrderedDict()  # the last used one is last
        self._rendering: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """Return a body by its name, which must change with it."""
        body = self._get(name)
        return body if isinstance(body, bytes) else None

    def put(self, name: str, body: bytes) -> None:
        """Keep a body, unless it is too large."""
        if len(body) <= MAX_BODY:
            self._put(name, body)

    @contextmanager
    def single_flight(self, name: str) -> Iterator[None]:
        """Let one thread at a time make the body with a name; the others wait, and then look for it with `get`."""
        with self._lock:
            lock = self._rendering.setdefault(name, threading.Lock())
        try:
            with lock:
                yield
        finally:
            with self._lock:
                self._rendering.pop(name, None)

    def wrap(self, app: "WSGIApplication", publisher: Publisher) -> "WSGIApplication":
        """Return a WSGI app that answers from the cache what it can."""
        archive, store = publisher.archive, publisher.store
        pictures, next_look = "", 0.0

        def cached_app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            nonlocal pictures, next_look
            if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
                return app(environ, start_response)
            try:
                archive.sync_if_due()
            except ArchiveError:
                return app(environ, start_response)  # which answers 503
            if (now := time.monotonic()) >= next_look:
                pictures, next_look = store.revision, now + _PICTURES_AGE
            key = (archive.revision, pictures, *map(environ.get, CACHE_KEY_FIELDS))
            response = self._get(key)
            if isinstance(response, _CachedResponse):
                body = self._get(response.body_name) if response.body_name else b""
                if isinstance(body, bytes):
                    start_response(response.status, response.headers)  # Granian copies them
                    return [body]
            return self._call(app, environ, start_response, key)

        return cached_app

    def _call(
        self,
        app: "WSGIApplication",
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
        key: tuple[str | None, ...],
    ) -> Iterable[bytes]:
        """Call the app and keep its response if the same request will get it again."""
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            started[:] = [status, [(name, value) for name, value in headers if name != "Date"]]  # the server sets it

        chunks = app(environ, start)
        if environ.get(IS_STREAMED):
            start_response(*started)
            return chunks
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        status, headers = started
        start_response(status, headers)
        body_name = environ.get(BODY_NAME, "") if body else ""
        is_usual = sum(map(len, filter(None, key))) <= _RESPONSE_SIZE
        if is_usual and status[:3] in _CACHED_STATUSES and (body_name or not body) and _varies_by_key(headers):
            self._put(key, _CachedResponse(status, headers, body_name))
        return [body]

    def _get(self, key: object) -> bytes | _CachedResponse | None:
        try:
            self._entries.move_to_end(key)
        except KeyError:
            return None
        return self._entries.get(key)  # another thread may have removed it since

    def _put(self, key: object, entry: bytes | _CachedResponse) -> None:
        with self._lock:
            self._bytes += _size(entry) - _size(self._entries.pop(key, b""))
            self._entries[key] = entry
            while self._bytes > self._max_bytes:
                self._bytes -= _size(self._entries.popitem(last=False)[1])


def _size(entry: bytes | _CachedResponse) -> int:
    return len(entry) if isinstance(entry, bytes) else _RESPONSE_SIZE


def _varies_by_key(headers: Iterable[tuple[str, str]]) -> bool:
    """Return True if the response depends on nothing but what the cache key has."""
    fields = (field.strip().lower() for name, value in headers if name.lower() == "vary" for field in value.split(","))
    return _VARY_FIELDS.issuperset(fields)
