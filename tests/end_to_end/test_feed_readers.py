"""Real readers, against the running server: what each of them sees is what the archive holds."""

import json
import re
import sqlite3
import subprocess
import urllib.request
from calendar import timegm
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import feedparser
import listparser
import pytest
from reader import make_reader

from feeds.model.query import EVERYTHING
from feeds.publishing.publisher import Catalog, open_catalog
from tests.support.digests import day, paper, write_files
from tests.support.servers import ROOT, Server, serving

pytestmark = pytest.mark.external

FILES = {
    "1.md": day(
        "2024-01-30",
        paper(
            "LLM$\\times$MapReduce & <think>", "2401.1", votes="Vote: 3", authors="Authors: Ann Lee, Jürgen A & B, +"
        ),
        paper("제목이 한국어", "2401.2", media="![](https://e.org/a.mp4)", authors="Authors: ['김민준', \"O'Neil\"]"),
        paper("Nobody [IDK]", "2401.3", summary="- 글 <EOS>"),
    ),
    "2.md": day("2024-02-05", paper("Newest", "2402.1", media="![](https://e.org/b.png)", authors="Authors: A B")),
}


class Seen(NamedTuple):
    """A paper as a reader sees it."""

    title: str
    link: str
    id: str
    date: datetime
    authors: tuple[str, ...]
    enclosures: tuple[str, ...]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("archive")
    write_files(root, FILES)
    return root


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    with serving(folder, {"HOME": str(home), "FEEDS_INDEX": str(home / "index.sqlite")}) as running:
        yield running


@pytest.fixture(scope="module")
def expected(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Seen]:
    index = tmp_path_factory.mktemp("index") / "index.sqlite"
    return list(_expected(open_catalog(folder, {"FEEDS_INDEX": str(index)})))


def _expected(catalog: Catalog) -> Iterator[Seen]:
    titles = {"LLM$\\times$MapReduce & <think>": "LLM×MapReduce & <think>"}
    for found in catalog.archive.papers(EVERYTHING):
        yield Seen(
            titles.get(found.title, found.title),
            found.url,
            catalog.site.paper_id(found),
            catalog.site.published(found),
            found.authors,
            (found.video,) if found.video else (),
        )


def joined(seen: list[Seen]) -> list[Seen]:
    """What RSS can say of authors: one text (of several dc:creator, Miniflux and newsboat take the last)."""
    return [each._replace(authors=(", ".join(each.authors),) if each.authors else ()) for each in seen]


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_feedparser(server: Server, expected: list[Seen], name: str) -> None:
    feed = feedparser.parse(f"{server.base}/latest.{name}")
    assert feed.status == 200
    assert not feed.bozo
    seen = [
        Seen(
            entry.title,
            entry.link,
            entry.id,
            datetime.fromtimestamp(timegm(entry.published_parsed), UTC),
            tuple(author.name for author in entry.get("authors", []) if author),
            tuple(link.href for link in entry.enclosures),
        )
        for entry in feed.entries
    ]
    assert seen == (joined(expected) if name == "rss" else expected)


@pytest.mark.parametrize("name", ["rss", "atom", "json"])
def test_reader(server: Server, expected: list[Seen], name: str) -> None:
    with closing(make_reader(":memory:")) as reader:
        reader.add_feed(f"{server.base}/latest.{name}")
        reader.update_feeds()
        assert reader.get_feed(f"{server.base}/latest.{name}").title == "Daily Papers — 최신 논문"
        entries = list(reader.get_entries())
        reader.update_feeds()  # asks with A-IM and the tag: nothing is new
        assert len(list(reader.get_entries())) == len(entries)
    seen = {(e.title, e.link, e.id, e.published, tuple(file.href for file in e.enclosures)) for e in entries}
    assert seen == {(each.title, each.link, each.id, each.date, each.enclosures) for each in expected}


def read(server: Server, reader: str, name: str) -> list[Seen]:
    command = ["node", str(ROOT / "tests/support/node/read.mjs"), reader, f"{server.base}/latest.{name}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [
        Seen(
            each["title"],
            each["link"],
            each["id"],
            datetime.fromisoformat(each["date"]),
            tuple(each["authors"]),
            tuple(each["enclosures"]),
        )
        for each in json.loads(printed)["items"]
    ]


@pytest.mark.parametrize("name", ["rss", "atom", "json"])
def test_feedsmith(server: Server, expected: list[Seen], name: str) -> None:
    assert read(server, "feedsmith", name) == (joined(expected) if name == "rss" else expected)


def test_rss_parser(server: Server, expected: list[Seen]) -> None:
    assert read(server, "rss-parser", "rss") == joined(expected)


def test_newsboat_imports_the_opml_and_lists_the_papers(server: Server, expected: list[Seen], tmp_path: Path) -> None:
    (tmp_path / "list.opml").write_bytes(server.ask("/subscriptions.opml").body)
    (tmp_path / "urls").touch()

    def newsboat(*arguments: str) -> str:
        files = ["-u", str(tmp_path / "urls"), "-c", str(tmp_path / "cache.db"), "-C", "/dev/null"]
        command = ["newsboat", *files, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, env={"HOME": str(tmp_path)}).stdout

    newsboat("-i", str(tmp_path / "list.opml"))
    urls = (tmp_path / "urls").read_text(encoding="utf-8")
    assert f'{server.base}/latest.rss "모아 보기"' in urls
    newsboat("-x", "reload")
    newsboat("-x", "reload")  # unchanged: newsboat sends its tags
    with closing(sqlite3.connect(tmp_path / "cache.db")) as cache:
        rows = cache.execute("SELECT title, url, guid, pubDate, author, enclosure_url FROM rss_item").fetchall()
    seen = [
        Seen(title, url, guid, datetime.fromtimestamp(when, UTC), *map(as_tuple, (author, enclosure)))
        for title, url, guid, when, author, enclosure in rows
        if "arxiv.org" in url
    ]
    assert sorted(seen) == sorted(joined(expected))


def as_tuple(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


@pytest.mark.parametrize("path", ["/subscriptions.opml", "/subscriptions-flat.opml"])
def test_listparser_and_every_feed_of_the_list_answers(server: Server, path: str) -> None:
    listed = listparser.parse(server.ask(path).body)
    assert not listed.bozo
    assert len(listed.feeds) > 10
    for feed in listed.feeds:
        assert not feedparser.parse(feed.url).bozo


def test_a_page_leads_a_reader_to_its_feeds(server: Server) -> None:
    page = server.ask("/").body.decode()
    first = re.findall(r'<link rel="alternate" type="([^"]*)"[^>]* href="([^"]*)"', page)[0]
    assert first == ("application/rss+xml", "/latest.rss")


def test_a_json_feed_says_what_the_others_say(server: Server, expected: list[Seen]) -> None:
    with urllib.request.urlopen(f"{server.base}/latest.json") as answer:
        feed: dict[str, Any] = json.load(answer)
    seen = [
        Seen(
            item["title"],
            item["url"],
            item["id"],
            datetime.fromisoformat(item["date_published"]),
            tuple(author["name"] for author in item.get("authors", [])),
            tuple(each["url"] for each in item.get("attachments", [])),
        )
        for item in feed["items"]
    ]
    assert seen == expected
