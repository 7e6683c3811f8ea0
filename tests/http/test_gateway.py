"""The gateway: which requests are answered from memory, and how the others wait for what has to be rendered."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.errors import ExportError
from feeds.exporters.contract import RenderContext
from feeds.exporters.syndication import RssExporter
from feeds.http import limits
from feeds.http.gateway import Answer, Gateway
from feeds.model.edition import Edition
from tests.support.digests import SEEDS, day, paper, write_files
from tests.support.gateways import ask, open_gateway, request, run
from web import create_app

TIMEOUT = 30  # seconds, which no test takes


@pytest.fixture(autouse=True)
def two_renderings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SMALL_RENDERINGS", 2)


@pytest.fixture
def gateway(environ: dict[str, str]) -> Gateway:
    return open_gateway(SEEDS, environ)


class Renderings:
    """Counts the RSS feeds that are rendered, and lets them end when they may."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: list[str] = []
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Event()
        render = RssExporter.render

        def counted(exporter: RssExporter, edition: Edition, context: RenderContext) -> Iterator[bytes]:
            self.keys.append(edition.key.text)
            self.begun.release()
            assert self.may_end.wait(TIMEOUT)
            return render(exporter, edition, context)

        monkeypatch.setattr(RssExporter, "render", counted)


@pytest.fixture
def renderings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Renderings]:
    instance = Renderings(monkeypatch)
    yield instance
    instance.may_end.set()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/latest.rss", {}, 200),
        ("/latest.rss", {"Accept_Encoding": "gzip"}, 200),
        ("/latest.rss", {"If_None_Match": "*"}, 304),
        ("/2024-W05.epub", {}, 200),
        ("/style.css", {}, 200),
    ],
)
def test_repeated_request_is_answered_from_memory(
    gateway: Gateway, path: str, headers: dict[str, str], status: int
) -> None:
    asked = request(path, **headers)
    assert gateway.find(asked) is None
    (first,) = ask(gateway, asked)
    again = gateway.find(asked)
    assert again is not None
    assert (again.status, again.head, again.body) == (status, first.head, first.body)
    assert (first.is_cached, again.is_cached) == (False, True)
    assert b"\r\nDate: " not in first.head  # which the connection adds


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/none", {}),
        ("/healthz", {}),
        ("/readyz", {}),
        ("/2024-W05.epub", {"Range": "bytes=0-9"}),
        ("/search?q=" + "x" * limits.MAX_HEAD, {}),
    ],
)
def test_other_answers_are_not_kept(gateway: Gateway, path: str, headers: dict[str, str]) -> None:
    asked = request(path, **headers)
    ask(gateway, asked)
    assert gateway.find(asked) is None


@pytest.mark.parametrize("change", [{"Accept_Encoding": "br"}, {"Accept_Language": "en"}, {"If_None_Match": '"x"'}])
def test_requests_that_differ_do_not_share_an_answer(gateway: Gateway, change: dict[str, str]) -> None:
    ask(gateway, request("/2024-01-30"))
    assert gateway.find(request("/2024-01-30", **change)) is None
    assert gateway.find(request("/2024-01-30", Cookie="a=b", User_Agent="x")) is not None


def test_answers_end_with_the_revision(tmp_path: Path, environ: dict[str, str]) -> None:
    write_files(tmp_path / "archive", {"1.md": day("2024-01-01", paper("First"))})
    gateway = open_gateway(tmp_path / "archive", environ)
    asked = request("/latest.rss")
    (first,) = ask(gateway, asked)
    write_files(tmp_path / "archive", {"2.md": day("2024-01-02", paper("Second", "2401.00002"))})
    gateway.service.publisher.archive.sync()
    assert gateway.find(asked) is None
    (second,) = ask(gateway, asked)
    assert first.body != second.body


def test_files_are_looked_at_while_requests_are_answered(tmp_path: Path, environ: dict[str, str]) -> None:
    write_files(tmp_path / "archive", {"1.md": day("2024-01-01", paper("First"))})
    gateway = open_gateway(tmp_path / "archive", environ)
    asked = request("/latest.rss")
    ask(gateway, asked)
    write_files(tmp_path / "archive", {"2.md": day("2024-01-02", paper("Second", "2401.00002"))})
    archive = gateway.service.publisher.archive
    revision, deadline = archive.revision, time.monotonic() + TIMEOUT
    while archive.revision == revision and time.monotonic() < deadline:
        gateway.refresh()
    assert gateway.find(asked) is None
    (answer,) = ask(gateway, asked)
    assert isinstance(answer.body, bytes)
    assert b"Second" in answer.body


def test_requests_for_one_document_wait_for_one_rendering(gateway: Gateway, renderings: Renderings) -> None:
    renderings.may_end.set()
    answers = ask(gateway, *(request("/latest.rss", X=str(number)) for number in range(50)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert renderings.keys == ["latest"]


def test_cheap_answers_do_not_wait_for_renderings(gateway: Gateway, renderings: Renderings) -> None:
    async def ask_meanwhile() -> None:
        paths = [f"/search.rss?q={number}" for number in range(limits.SMALL_RENDERINGS + 3)]
        waiting = [asyncio.create_task(gateway.answer(request(path))) for path in paths]
        for _ in range(limits.SMALL_RENDERINGS):
            await asyncio.to_thread(renderings.begun.acquire, timeout=TIMEOUT)
        for path in ("/style.css", "/healthz", "/none"):
            await asyncio.wait_for(gateway.answer(request(path)), TIMEOUT)
        assert not any(task.done() for task in waiting)
        renderings.may_end.set()
        assert {answer.status for answer in await asyncio.gather(*waiting)} == {200}

    run(ask_meanwhile())


def test_renderings_beyond_the_queue_are_refused(
    environ: dict[str, str], renderings: Renderings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_WAITING_SMALL", 1)
    gateway = open_gateway(SEEDS, environ)
    paths = ["/2024-01-30.rss", "/2024-W05.rss", "/2024-01.rss", "/2024-03.rss", "/2024.rss"]

    async def ask_all() -> list[int]:
        done: asyncio.Queue[asyncio.Task[Answer]] = asyncio.Queue()
        waiting = [asyncio.create_task(gateway.answer(request(path))) for path in paths]
        for task in waiting:
            task.add_done_callback(done.put_nowait)
        for _ in range(2):
            refused = (await asyncio.wait_for(done.get(), TIMEOUT)).result()
            assert refused.status == 503
            assert b"\r\nRetry-After: 1\r\n" in refused.head
        renderings.may_end.set()
        return sorted([(await task).status for task in waiting])

    assert run(ask_all()) == [200] * (limits.SMALL_RENDERINGS + 1) + [503] * 2


def test_rendering_that_nobody_waits_for_is_not_begun(gateway: Gateway, renderings: Renderings) -> None:
    async def hang_up() -> None:
        paths = ["/2024-01-30.rss", "/2024-W05.rss", "/2024-01.rss"]
        *_, last = waiting = [asyncio.create_task(gateway.answer(request(path))) for path in paths]
        for _ in range(limits.SMALL_RENDERINGS):
            await asyncio.to_thread(renderings.begun.acquire, timeout=TIMEOUT)
        while gateway.service.renderer.small.waiting == 0:
            await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        assert last.cancelled()
        async with asyncio.timeout(TIMEOUT):
            while gateway.service.renderer.small.waiting:
                await asyncio.sleep(0)

    run(hang_up())
    renderings.may_end.set()
    assert len(renderings.keys) == limits.SMALL_RENDERINGS


@pytest.mark.usefixtures("renderings")
def test_request_that_takes_too_long_is_answered(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.1)
    (answer,) = ask(gateway, request("/latest.rss"))
    assert (answer.status, answer.body) == (503, b"this takes too long; try again later\n")


def test_rendering_that_waits_too_long_is_refused(
    gateway: Gateway, renderings: Renderings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask_all() -> list[int]:
        first = [asyncio.create_task(gateway.answer(request(f"/2024-{key}.rss"))) for key in ("01-30", "W05")]
        for _ in first:
            await asyncio.to_thread(renderings.begun.acquire, timeout=TIMEOUT)
        monkeypatch.setattr(gateway.service.renderer.small, "max_seconds", 0)
        refused = await asyncio.wait_for(gateway.answer(request("/2024-01.rss")), TIMEOUT)
        renderings.may_end.set()
        return [(await task).status for task in first] + [refused.status]

    assert run(ask_all()) == [200] * limits.SMALL_RENDERINGS + [503]


def test_failed_rendering_is_an_answer_with_an_identifier(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Iterator[bytes]:
        raise ExportError("broken")

    monkeypatch.setattr(RssExporter, "render", fail)
    answers = [*ask(gateway, request("/latest.rss")), *ask(gateway, request("/latest.rss"))]
    assert {answer.status for answer in answers} == {500}
    assert all(b"\r\nX-Request-ID: id\r\n" in answer.head for answer in answers)


def test_documents_that_cannot_be_kept_are_answered(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    environ["FEEDS_INDEX"] = str(Path(environ["HOME"]) / "index.sqlite")
    Path(environ["FEEDS_INDEX"]).with_suffix(".documents").write_text("no folder")
    monkeypatch.setattr("feeds.http.cache.MAX_CACHED_BODY", 100)
    gateway = open_gateway(SEEDS, environ)
    (answer,) = ask(gateway, request("/latest.rss", Accept_Encoding="gzip"))
    assert answer.status == 200
    assert isinstance(answer.body, bytes)
    assert answer.body.startswith(b"\x1f\x8b")


def test_other_servers_wait_for_renderings(environ: dict[str, str], renderings: Renderings) -> None:
    renderings.may_end.set()
    response = create_app(SEEDS, environ).test_client().get("/latest.rss", headers={"Accept-Encoding": "gzip"})
    assert (response.status_code, response.headers["Content-Encoding"]) == (200, "gzip")
