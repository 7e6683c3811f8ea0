"""The response cache of a worker: rendered documents, and the responses to requests that were answered before.

A polling reader sends the same request each time. Such a request is answered before Flask sees it (WSGI, PEP 3333).
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from cachetools import LRUCache

from feeds.errors import ArchiveError
from feeds.publishing.publisher import Publisher

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BODY_NAME = "feeds.body_name"
"""The WSGI key under which the app names the cached body of its response."""

CACHE_KEY_FIELDS = (
    *("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "HTTP_ACCEPT_ENCODING", "HTTP_ACCEPT_LANGUAGE", "HTTP_A_IM"),
    *("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"),
    *("HTTP_RANGE", "HTTP_IF_RANGE"),
)
"""What responses depend on, besides the revision of the archive."""

_VARY_FIELDS = {field[5:].replace("_", "-").lower() for field in CACHE_KEY_FIELDS if field.startswith("HTTP_")}
_CACHED_STATUSES = ("200", "226", "304")
_RESPONSE_SIZE = 2000  # bytes that a response takes besides its body, about
_MAX_SHARE = 8  # a body may take up an eighth of the cache


class _CachedResponse(NamedTuple):
    """A response without its body, and the name of that; empty for a response without one."""

    status: str
    headers: list[tuple[str, str]]
    body_name: str


class ResponseCache:
    """Keeps `max_bytes` of the most recently used documents and responses. Threads may share it."""

    def __init__(self, max_bytes: int) -> None:
        self._max_body = max_bytes // _MAX_SHARE
        self._entries: LRUCache[object, bytes | _CachedResponse] = LRUCache(max_bytes, _size)
        self._rendering: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """Return a body by its name, which must change with it."""
        with self._lock:
            body = self._entries.get(name)
        return body if isinstance(body, bytes) else None

    def put(self, name: str, body: bytes) -> None:
        """Keep a body, unless it is too large."""
        if len(body) <= self._max_body:
            with self._lock:
                self._entries[name] = body

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

        def cached_app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
                return app(environ, start_response)
            try:
                publisher.archive.sync_if_due()
            except ArchiveError:
                return app(environ, start_response)  # which answers 503
            key = (publisher.revision, *map(environ.get, CACHE_KEY_FIELDS))
            status, headers, body = self._find(key) or self._call(app, environ, key)
            start_response(status, list(headers))
            return [body]

        return cached_app

    def _find(self, key: object) -> tuple[str, list[tuple[str, str]], bytes] | None:
        with self._lock:
            response = self._entries.get(key)
            if not isinstance(response, _CachedResponse):
                return None
            body = self._entries.get(response.body_name) if response.body_name else b""
        return (response.status, response.headers, body) if isinstance(body, bytes) else None

    def _call(
        self, app: "WSGIApplication", environ: "WSGIEnvironment", key: tuple[str | None, ...]
    ) -> tuple[str, list[tuple[str, str]], bytes]:
        """Call the app and keep its response if the same request will get it again."""
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            started[:] = [status, headers]

        chunks = app(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        status = started[0]
        headers = [(name, value) for name, value in started[1] if name.lower() != "date"]  # the server sets it
        body_name = environ.get(BODY_NAME, "") if body else ""
        is_usual = sum(map(len, filter(None, key))) <= _RESPONSE_SIZE
        if is_usual and status[:3] in _CACHED_STATUSES and (body_name or not body) and _varies_by_key(headers):
            with self._lock:
                self._entries[key] = _CachedResponse(status, headers, body_name)
        return status, headers, body


def _size(entry: bytes | _CachedResponse) -> int:
    return len(entry) if isinstance(entry, bytes) else _RESPONSE_SIZE


def _varies_by_key(headers: Iterable[tuple[str, str]]) -> bool:
    """Return True if the response depends on nothing but what the cache key has."""
    fields = (field.strip().lower() for name, value in headers if name.lower() == "vary" for field in value.split(","))
    return _VARY_FIELDS.issuperset(fields)
