"""The response cache of a worker: its bound, and which requests it answers."""

from collections.abc import Iterable
from typing import Any

import pytest

from feeds.archive.archive import Archive
from feeds.http import cache
from feeds.http.cache import BODY_NAME, IS_STREAMED, ResponseCache
from feeds.publishing.publisher import Publisher


def test_least_recently_used_bodies_make_room() -> None:
    memory = ResponseCache(10_000)
    for name in "abc":
        memory.put(name, bytes(3_000))
    memory.put("a", bytes(3_000))  # again, which takes no more room
    assert memory.get("a") == bytes(3_000)
    memory.put("d", bytes(3_000))
    assert [name for name in "abcd" if memory.get(name)] == ["a", "c", "d"]


def test_large_bodies_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_BODY", 10)
    memory = ResponseCache(10_000)
    memory.put("a", bytes(10))
    memory.put("b", bytes(11))
    assert (memory.get("a"), memory.get("b")) == (bytes(10), None)


class App:
    """A WSGI app that counts its requests."""

    def __init__(self, memory: ResponseCache, body_key: str, body_name: Any, vary: str = "Accept-Encoding") -> None:
        self.requests = 0
        self._memory = memory
        self._key, self._name, self._vary = body_key, body_name, vary

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.requests += 1
        environ[self._key] = self._name
        self._memory.put("body", b"1234")
        start_response("200 OK", [("Content-Length", "4"), ("Vary", self._vary), ("Date", "today")])
        return iter([b"12", b"34"])


def ask(app: Any, **environ: str) -> tuple[str, list[tuple[str, str]], bytes]:
    answer: list[Any] = []
    request = {"REQUEST_METHOD": "GET", "PATH_INFO": "/a", **environ}
    chunks = app(request, lambda status, headers, *_: answer.extend((status, headers)))
    return answer[0], answer[1], b"".join(chunks)


@pytest.mark.parametrize(
    ("app", "expected_requests"),
    [
        ((BODY_NAME, "body"), 2),
        ((BODY_NAME, "evicted"), 4),
        ((BODY_NAME, "body", "Accept-Encoding, Cookie"), 4),
        ((IS_STREAMED, True), 4),
    ],
)
def test_repeated_requests_reach_the_app_once(seeds: Publisher, app: tuple[Any, ...], expected_requests: int) -> None:
    memory = ResponseCache(100_000)
    counted = App(memory, *app)
    wrapped = memory.wrap(counted, seeds)
    answers = [ask(wrapped, HTTP_ACCEPT_ENCODING=coding) for coding in ("gzip", "br") * 2]
    assert [(status, body) for status, _, body in answers] == [("200 OK", b"1234")] * 4
    assert counted.requests == expected_requests


def test_responses_end_with_the_revision(seeds: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    revisions = iter(["first", "first", "second"])
    monkeypatch.setattr(Archive, "revision", property(lambda archive: next(revisions)))
    memory = ResponseCache(100_000)
    app = App(memory, BODY_NAME, "body")
    wrapped = memory.wrap(app, seeds)
    for _ in range(3):
        ask(wrapped)
    assert app.requests == 2
