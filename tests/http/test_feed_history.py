"""A subscriber gets everything: all of the past, and only what is new."""

import json
import os
from collections import Counter
from datetime import date
from pathlib import Path

import feedparser
import pytest
from flask.testing import FlaskClient
from lxml import etree

from feeds.model.keys import SEARCH
from feeds.publishing.publisher import open_publisher
from tests.support import archives
from tests.support.digests import SEEDS, OpenFiles, day, paper, write_files
from web import create_app

BASE = "http://127.0.0.1:8000"


@pytest.fixture(params=["seeds", "generated"])
def whole(request: pytest.FixtureRequest, folder: Path, environ: dict[str, str]) -> tuple[FlaskClient, Path]:
    if request.param == "seeds":
        return create_app(SEEDS, environ | {"FEEDS_LATEST_DAYS": "1"}).test_client(), SEEDS
    archives.write(folder, days=40, papers=500)
    return create_app(folder, environ).test_client(), folder


def walk(client: FlaskClient, name: str) -> list[str]:
    """Read a feed from its newest document to its oldest, as RFC 5005 and JSON Feed say; list the ids in order."""
    ids: list[str] = []
    address: str | None = f"/latest.{name}"
    seen = set()
    while address:
        assert address not in seen
        seen.add(address)
        answer = client.get(address)
        assert answer.status_code == 200
        assert len(answer.data) < 512 * 1024
        if name == "json":
            feed = answer.get_json(force=True)
            ids += [item["id"] for item in feed["items"]]
            following = feed.get("next_url")
        else:
            parsed = feedparser.parse(answer.data)
            ids += [entry.id for entry in parsed.entries]
            links = {link.rel: link.href for link in parsed.feed.links}
            following = links.get("prev-archive")
            root = etree.fromstring(answer.data)
            is_archive = bool(root.xpath("//*[local-name() = 'archive']"))
            assert is_archive == (address != f"/latest.{name}") == ("current" in links)
        address = following.removeprefix(BASE) if following else None
    return ids


@pytest.mark.parametrize("name", ["rss", "atom", "json"])
def test_archived_feeds_hold_every_paper_once(
    whole: tuple[FlaskClient, Path], environ: dict[str, str], name: str
) -> None:
    client, root = whole
    publisher = open_publisher(root, environ)
    with publisher.archive.snapshot() as snapshot:
        expected = [publisher.site.paper_id(found) for found in snapshot.load(SEARCH).papers]
    assert walk(client, name) == expected


def test_archived_feeds_hold_large_days_and_no_repeats(folder: Path, environ: dict[str, str]) -> None:
    large = [paper(f"L{number}", f"2402.{number}") for number in range(150)]
    write_files(
        folder,
        {
            "1.md": day("2024-01-30", paper("A", "2401.1"), paper("B", "2401.2")),
            "2.md": day("2024-01-31", paper("A again", "2401.1"), paper("C", "2401.3")),
            "3.md": day("2024-02-01", *large),
        },
    )
    client = create_app(folder, environ).test_client()
    for name in ("rss", "atom", "json"):
        counted = Counter(walk(client, name))
        assert len(counted) == 153
        # What fits into the newest document of a day that does not is there once more in the day's own.
        assert sorted(counted.values(), reverse=True) == [2] * 100 + [1] * 53
    (folder / "3.md").unlink()
    client = create_app(folder, environ | {"FEEDS_LATEST_DAYS": "1"}).test_client()
    assert len(walk(client, "atom")) == 3
    assert "A again" in client.get("/2024-01-31").text
    assert client.get("/daily.json").get_json(force=True)["items"][0]["date_published"] == "2024-01-31T23:00:00+00:00"


def test_weekly_feed_changes_when_a_week_is_closed(folder: Path, environ: dict[str, str]) -> None:
    weekly = grow(folder, environ, "1.md", "2.md", "3.md", "4.md")
    held = weekly.get("/weekly.atom").headers["ETag"]
    write_files(folder, {"8.md": day("2024-01-08", paper("W2", "2401.8"))})
    later = grow(folder, environ, "4.md")
    first = later.get("/weekly.atom").headers["ETag"]
    assert first != held
    write_files(folder, {"9.md": day("2024-01-09", paper("W2b", "2401.9"))})
    same = grow(folder, environ, "4.md").get("/weekly.atom", headers=AIM | {"If-None-Match": first})
    assert same.status_code == 304
    write_files(folder, {"15.md": day("2024-01-15", paper("W3", "2401.15"))})
    delta = grow(folder, environ, "4.md").get("/weekly.atom", headers=AIM | {"If-None-Match": first})
    assert delta.status_code == 226
    assert [entry.link for entry in feedparser.parse(delta.data).entries] == [f"{BASE}/2024-W02"]


def test_latest_feed_stays_small_with_long_summaries(folder: Path, environ: dict[str, str]) -> None:
    for number in range(1, 4):
        papers = [
            paper(f"P{each}", f"24{number:02}.{each}", summary="- " + f"긴 요약 {each} " * 3000) for each in range(30)
        ]
        write_files(folder, {f"{number}.md": day(f"2024-0{number}-01", *papers)})
    client = create_app(folder, environ).test_client()
    for name in ("rss", "atom", "json"):
        assert len(client.get(f"/latest.{name}").data) <= 512_000
        assert len(set(newest_and_days(client, name))) == 90


def test_summary_larger_than_a_feed_is_truncated(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"1.md": day("2024-01-30", paper("A", "2401.1", summary="- " + "긴 요약 " * 90_000))})
    client = create_app(folder, environ).test_client()
    for name in ("rss", "atom", "json"):
        answer = client.get(f"/latest.{name}")
        assert len(answer.data) <= 512_000
        assert "긴 요약 긴 요약" in answer.text
        assert "https://arxiv.org/abs/2401.00001" in answer.text


def newest_and_days(client: FlaskClient, name: str) -> list[str]:
    """Read the newest document and then every day, whose documents may be as large as they must."""
    documents = [client.get(f"/{key}.{name}").data for key in ("latest", *(f"2024-0{n}-01" for n in (3, 2, 1)))]
    if name == "json":
        return [item["id"] for document in documents for item in json.loads(document)["items"]]
    return [entry.id for document in documents for entry in feedparser.parse(document).entries]


DAYS = {f"{n}.md": day(f"2024-01-0{n}", paper(f"A{n}", f"2401.{n}"), paper(f"B{n}", f"2401.1{n}")) for n in range(1, 7)}
AIM = {"A-IM": "feed"}


@pytest.fixture
def growing(folder: Path, environ: dict[str, str]) -> FlaskClient:
    write_files(folder, {name: DAYS[name] for name in ("1.md", "2.md", "3.md")})
    app = create_app(folder, environ)
    return app.test_client()


def grow(folder: Path, environ: dict[str, str], *names: str) -> FlaskClient:
    """Add days; the client is of a server that was started anew, with an index of its own."""
    write_files(folder, {name: DAYS[name] for name in names})
    return create_app(folder, environ | {"FEEDS_INDEX": str(folder.parent / "again.sqlite")}).test_client()


def titles(data: bytes, name: str) -> list[str]:
    if name == "json":
        return [item["title"] for item in json.loads(data)["items"]]
    return [entry.title for entry in feedparser.parse(data).entries]


@pytest.mark.parametrize("name", ["rss", "atom", "json"])
@pytest.mark.parametrize("key", ["latest", "all", "2024-01", "search"])
def test_delta_holds_only_newer_papers(
    growing: FlaskClient, folder: Path, environ: dict[str, str], name: str, key: str
) -> None:
    held = growing.get(f"/{key}.{name}").headers["ETag"]
    later = grow(folder, environ, "4.md", "5.md")
    delta = later.get(f"/{key}.{name}", headers=AIM | {"If-None-Match": held})
    assert (delta.status_code, delta.headers["IM"]) == (226, "feed")
    assert titles(delta.data, name) == ["A5", "B5", "A4", "B4"]
    assert "no-store" in delta.headers["Cache-Control"]
    whole = later.get(f"/{key}.{name}", headers=AIM)
    assert (whole.status_code, whole.headers["ETag"]) == (200, delta.headers["ETag"])
    assert titles(delta.data, name) == titles(whole.data, name)[:4]
    packed = later.get(f"/{key}.{name}", headers=AIM | {"If-None-Match": held[:-1] + '-gzip"'})
    assert packed.status_code == 226
    assert later.get(f"/{key}.{name}", headers=AIM | {"If-None-Match": whole.headers["ETag"]}).status_code == 304


def test_delta_of_a_series_holds_newer_editions(growing: FlaskClient, folder: Path, environ: dict[str, str]) -> None:
    held = growing.get("/daily.json").headers["ETag"]
    delta = grow(folder, environ, "4.md").get("/daily.json", headers=AIM | {"If-None-Match": held})
    assert delta.status_code == 226
    assert len(delta.get_json(force=True)["items"]) == 1


def test_unknown_etag_gets_the_whole_feed(growing: FlaskClient, folder: Path, environ: dict[str, str]) -> None:
    held = growing.get("/latest.rss").headers["ETag"]
    for unknown in ('"x"', '"' + "0" * 32 + '.20240102"', '"' + "0" * 32 + '.99999999"', held.replace("0103", "0102")):
        assert growing.get("/latest.rss", headers=AIM | {"If-None-Match": unknown}).status_code == 200
    later = grow(folder, environ, "4.md")
    assert later.get("/latest.rss", headers={"If-None-Match": held}).status_code == 200  # did not ask for deltas
    assert later.get("/2024-01.epub", headers=AIM | {"If-None-Match": held}).status_code == 200
    write_files(folder, {"2.md": DAYS["2.md"].replace("A2", "Corrected")})
    corrected = grow(folder, environ, "4.md").get("/latest.rss", headers=AIM | {"If-None-Match": held})
    assert corrected.status_code == 200
    assert "Corrected" in titles(corrected.data, "rss")


def test_series_enclose_their_books(open_files: OpenFiles, environ: dict[str, str]) -> None:
    root = open_files(DAYS | {"9.md": day("2024-02-01", paper("Z", "2402.1"))}).archive.root
    client = create_app(root, environ).test_client()
    for path, count in (("/daily", 7), ("/weekly", 1), ("/monthly", 1)):
        for name in ("rss", "atom", "json"):
            books = enclosures(client.get(f"{path}.{name}").data, name)
            assert len(books) == count
            for url, media_type, length in books:
                assert client.get(url.removeprefix(BASE)).headers["Content-Type"] == media_type
                assert length == ("0" if name == "rss" else None)  # unknown until rendered; RSS requires the attribute


def enclosures(data: bytes, name: str) -> list[tuple[str, str, str | None]]:
    if name == "json":
        attachments = [item["attachments"][0] for item in json.loads(data)["items"]]
        return [(file["url"], file["mime_type"], file.get("size_in_bytes")) for file in attachments]
    links = [entry.enclosures[0] for entry in feedparser.parse(data).entries]
    return [(link.href, link.type, link.get("length")) for link in links]


def test_moving_site_and_files_changes_no_id_or_time(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, DAYS)
    here = create_app(folder, environ).test_client().get("/all.json").get_json(force=True)["items"]
    for name in DAYS:
        os.renames(folder / name, folder / "deep" / "er" / name)
    moved = environ | {"FEEDS_BASE_URL": "https://elsewhere.example.org/papers", "FEEDS_TITLE": "Moved"}
    there = create_app(folder, moved).test_client().get("/all.json").get_json(force=True)["items"]
    assert [(item["id"], item["date_published"]) for item in here] == [(i["id"], i["date_published"]) for i in there]
    assert here[0]["date_published"] == f"{date(2024, 1, 6)}T23:00:00+00:00"
    assert here[1]["date_published"] == f"{date(2024, 1, 6)}T22:59:59+00:00"
