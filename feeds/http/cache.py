"""Gives a reply again to a request that was answered before, without asking the app (WSGI, PEP 3333).

What a reader polls is the same each time. A reply depends on the state of the archive and on nothing of the request
but `ASKED`; whoever makes an app whose replies depend on more must add it there.
"""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from cachetools import LRUCache

from feeds.errors import ArchiveError
from feeds.publishing.publisher import Catalog

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ASKED = (
    *("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING"),
    *("HTTP_ACCEPT_LANGUAGE", "HTTP_A_IM"),
    *("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"),
    *("HTTP_RANGE", "HTTP_IF_RANGE"),
)
_STATUSES = ("200", "206", "226", "304")
_HEADERS = 2000  # bytes that a reply takes besides its body, about


class _Reply(NamedTuple):
    status: str
    headers: list[tuple[str, str]]
    body: bytes


class Replies:
    """Stands before an app and keeps its replies, `size` bytes of them, until archive or store change."""

    def __init__(self, app: "WSGIApplication", catalog: Catalog, size: int) -> None:
        self._app = app
        self._catalog = catalog
        self._largest = size // 8
        self._kept: LRUCache[tuple[Any, ...], _Reply] = LRUCache(size, lambda reply: len(reply.body) + _HEADERS)
        self._lock = threading.Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._app(environ, start_response)
        try:
            self._catalog.archive.refresh()
        except ArchiveError:
            return self._app(environ, start_response)  # which says so
        asked = (self._catalog.state, *map(environ.get, ASKED))
        with self._lock:
            reply = self._kept.get(asked)
        if reply is None:
            reply = self._ask(environ)
            is_usual = sum(map(len, filter(None, asked))) <= _HEADERS
            if is_usual and reply.status[:3] in _STATUSES and len(reply.body) <= self._largest:
                with self._lock:
                    self._kept[asked] = reply
        start_response(reply.status, list(reply.headers))
        return [reply.body]

    def _ask(self, environ: "WSGIEnvironment") -> _Reply:
        begun: list[Any] = []
        written: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            begun[:] = [status, headers]
            return written.append

        answer = self._app(environ, start_response)
        try:
            body = b"".join([*written, *answer])
        finally:
            if hasattr(answer, "close"):
                answer.close()
        headers = [(name, value) for name, value in begun[1] if name.lower() != "date"]  # the server writes it anew
        return _Reply(begun[0], headers, body)
