"""When a day is published: from the moment its date begins in UTC, in every document at once."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from feeds.errors import UnknownEditionError
from feeds.http.cache import ResponseCache
from feeds.http.documents import DocumentCache
from feeds.http.gateway import BODY_NAME, Gateway, Service
from feeds.http.rendering import Renderer
from feeds.model.keys import LATEST
from feeds.publishing.plan import object_name
from feeds.publishing.publisher import Publisher, open_publisher
from tests.support import gateways
from tests.support.digests import Files, day, load, paper, render, write_files

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FILES = {
    "1.md": day("2024-01-29", paper("Monday", "2401.1")),
    "2.md": day("2024-01-30", paper("Tuesday", "2401.2", votes="Vote: 1")),
    "3.md": day("2024-02-07", paper("Next week", "2402.1", votes="Vote: 9"), paper("Monday", "2401.1")),
    "4.md": day("2062-11-20", paper("Slip", "6211.1", votes="Vote: 99")),
}
TUESDAY, NEXT_WEEK = date(2024, 1, 30), date(2024, 2, 7)


class Clock:
    """Says what day it is."""

    def __init__(self, today: date) -> None:
        self.today = today

    def __call__(self) -> date:
        return self.today


@pytest.fixture
def clock() -> Clock:
    return Clock(TUESDAY)


@pytest.fixture
def publisher(folder: Path, environ: dict[str, str], clock: Clock) -> Publisher:
    write_files(folder, FILES)
    return open_publisher(folder, environ, last_day=clock)


def dates(publisher: Publisher, key: str) -> list[str]:
    return [str(day.date) for day in load(publisher, key).days]


def members(publisher: Publisher, key: str) -> list[str]:
    edition = load(publisher, key)
    return [member.key.text for member in getattr(edition, "editions")]  # noqa: B009  # of a collection


def titles(publisher: Publisher, key: str, **parameters: str) -> list[str]:
    return [item["title"] for item in json.loads(render(publisher, "json", key, **parameters))["items"]]


@pytest.mark.parametrize("key", ["latest", "all", "2024", "2024-01"])
def test_edition_ends_with_the_last_published_day(publisher: Publisher, key: str) -> None:
    assert dates(publisher, key)[0] == "2024-01-30"
    assert [str(count.date) for count in load(publisher, key).calendar] == ["2024-01-29", "2024-01-30"]


def test_series_and_lists_lack_unpublished_days(publisher: Publisher, clock: Clock) -> None:
    assert members(publisher, "daily") == ["2024-01-30", "2024-01-29"]
    assert members(publisher, "weekly") == []  # the week is not over
    assert members(publisher, "newest")[:5] == ["top/2024-W05", "top/2024-01", "2024-01-30", "2024-W05", "2024-01"]
    assert members(publisher, "days") == ["2024-01-30", "2024-01-29"]
    clock.today = NEXT_WEEK
    assert members(publisher, "weekly") == ["2024-W05"]
    assert members(publisher, "monthly") == ["2024-01"]
    assert members(publisher, "top-weekly") == ["top/2024-W05"]
    assert members(publisher, "top-monthly") == ["top/2024-01"]


def test_search_finds_published_papers_only(publisher: Publisher, clock: Clock) -> None:
    assert titles(publisher, "search") == ["Tuesday", "Monday"]
    assert titles(publisher, "search", order="votes", min_votes="1") == ["Tuesday"]
    clock.today = NEXT_WEEK
    assert titles(publisher, "search", order="votes") == ["Next week", "Tuesday", "Monday"]


@pytest.mark.parametrize("key", ["2024-02-07", "2024-W06", "2024-02", "papers/2402.00001", "2062-11-20", "2062"])
def test_unpublished_edition_is_unknown(publisher: Publisher, key: str) -> None:
    with pytest.raises(UnknownEditionError, match=f"^{key}: not published yet; a day is shown when its date begins"):
        load(publisher, key)


def test_site_consists_of_published_documents(publisher: Publisher, clock: Clock) -> None:
    before = {object_name(document) for document in publisher.all_representations()}
    assert not [name for name in before if "2024-02-07" in name or "2402" in name or "62" in name]
    assert {"2024-01-30.epub", "papers/2401.00001"} <= before
    clock.today = NEXT_WEEK
    after = {object_name(document) for document in publisher.all_representations()}
    assert {"2024-02-07.epub", "papers/2402.00001", "2024-W06"} <= after - before


def test_documents_name_no_time_after_the_last_published_day(publisher: Publisher) -> None:
    for key, name in (("latest", "atom"), ("all", "rss"), ("daily", "json"), ("newest", "opds"), ("days", "opds2")):
        document = render(publisher, name, key).decode()
        assert "2024-01-30" in document or "30 Jan 2024" in document
        assert not [text for text in ("2024-02", "Feb 2024", "2062") if text in document]


def test_day_is_published_when_its_date_begins(publisher: Publisher, clock: Clock) -> None:
    publisher.archive.sync()
    feed = publisher.find("latest.atom")
    before, revision = publisher.representation(feed), publisher.revision
    clock.today = date(2024, 2, 6)
    publisher.archive.sync()
    assert (publisher.representation(feed), publisher.revision) == (before, revision)
    clock.today = NEXT_WEEK
    publisher.archive.sync()
    assert publisher.revision != revision
    after = publisher.representation(feed)
    assert after.etag != before.etag
    assert after.metadata
    assert after.metadata.newest == NEXT_WEEK
    assert b"Next week" in publisher.render(after).body


def test_cached_response_is_replaced_when_a_day_is_published(publisher: Publisher, clock: Clock) -> None:
    cache = ResponseCache()

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        name = " ".join(dates(publisher, "latest"))
        environ[BODY_NAME] = name
        cache.put(name, name.encode())
        start_response("200 OK", [])
        return [name.encode()]

    renderer = Renderer(publisher, {}, cache, DocumentCache(publisher.archive.index_path.with_suffix(".documents")))
    gateway, latest = Gateway(Service(app, publisher, cache, renderer)), gateways.request("/latest")
    gateways.ask(gateway, latest)
    kept = gateway.find(latest)
    assert kept is not None
    assert kept.body == b"2024-01-30 2024-01-29"
    clock.today = NEXT_WEEK
    publisher.archive.sync()
    assert gateway.find(latest) is None
    assert gateways.ask(gateway, latest)[0].body == b"2024-02-07 2024-01-30 2024-01-29"


@pytest.mark.parametrize("path", ["2024-01-29.epub", "top/2024-W05.epub", "top/2024-01"])
def test_past_edition_is_cached_longer_by_the_last_published_day(publisher: Publisher, clock: Clock, path: str) -> None:
    document = publisher.find(path)
    assert "max-age=300," in publisher.representation(document).cache_control
    clock.today = date(2062, 12, 1)
    publisher.archive.sync()
    assert "max-age=86400," in publisher.representation(document).cache_control


def test_unpublished_file_changes_no_last_modified(publisher: Publisher, folder: Path) -> None:
    with publisher.archive.snapshot() as snapshot:
        before = snapshot.metadata(LATEST).modified
    later: Files = {"4.md": FILES["4.md"] + "\n\n"}
    write_files(folder, later)
    publisher.archive.sync()
    with publisher.archive.snapshot() as snapshot:
        assert snapshot.metadata(LATEST).modified == before
        assert snapshot.unpublished_days() == (NEXT_WEEK, date(2062, 11, 20))
