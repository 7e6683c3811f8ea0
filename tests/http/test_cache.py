"""The response cache of a worker: its bound."""

import pytest

from feeds.http import cache
from feeds.http.cache import CachedResponse, ResponseCache


def test_least_recently_used_bodies_make_room() -> None:
    memory = ResponseCache(10_000)
    for name in "abc":
        memory.put(name, bytes(3_000))
    memory.put("a", bytes(3_000))  # again, which takes no more room
    assert memory.get("a") == bytes(3_000)
    memory.put("d", bytes(3_000))
    assert [name for name in "abcd" if memory.get(name)] == ["a", "c", "d"]


def test_responses_take_room_too() -> None:
    memory = ResponseCache(10_000)
    for number in range(100):
        memory.put_response(number, CachedResponse(304, b"", ""))
    assert [number for number in range(100) if memory.get_response(number)] == [98, 99]


def test_large_bodies_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_CACHED_BODY", 10)
    memory = ResponseCache(10_000)
    memory.put("a", bytes(10))
    memory.put("b", bytes(11))
    assert (memory.get("a"), memory.get("b")) == (bytes(10), None)
