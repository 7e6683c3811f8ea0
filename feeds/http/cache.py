"""The response cache of a worker: rendered documents, and the responses to requests that were answered before."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from feeds.http.limits import CACHE_BYTES, MAX_CACHED_BODY

_RESPONSE_SIZE = 4000  # bytes that a response takes besides its body, about


class CachedResponse(NamedTuple):
    """A response without its body.

    Attributes:
        status: the status code.
        head: the status line and the headers, as they are sent, without those that change.
        body_name: the name of the body in the cache; empty for a response without one.
    """

    status: int
    head: bytes
    body_name: str


class ResponseCache:
    """Keeps `max_bytes` of the most recently used documents and responses. Threads may share it."""

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[Hashable, bytes | CachedResponse] = OrderedDict()  # the last used one is last
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """Return a body by its name, which must change with it."""
        body = self._get(name)
        return body if isinstance(body, bytes) else None

    def put(self, name: str, body: bytes) -> None:
        """Keep a body, unless it is too large."""
        if len(body) <= MAX_CACHED_BODY:
            self._put(name, body)

    def get_response(self, key: Hashable) -> CachedResponse | None:
        """Return the response to a request by what it depends on."""
        response = self._get(key)
        return response if isinstance(response, CachedResponse) else None

    def put_response(self, key: Hashable, response: CachedResponse) -> None:
        """Keep a response."""
        self._put(key, response)

    def _get(self, key: Hashable) -> bytes | CachedResponse | None:
        try:
            self._entries.move_to_end(key)
        except KeyError:
            return None
        return self._entries.get(key)  # another thread may have removed it since

    def _put(self, key: Hashable, entry: bytes | CachedResponse) -> None:
        with self._lock:
            self._bytes += _size(entry) - _size(self._entries.pop(key, b""))
            self._entries[key] = entry
            while self._bytes > self._max_bytes:
                self._bytes -= _size(self._entries.popitem(last=False)[1])


def _size(entry: bytes | CachedResponse) -> int:
    return len(entry) if isinstance(entry, bytes) else _RESPONSE_SIZE
