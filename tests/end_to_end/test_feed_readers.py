"""Real feed readers against a running server see what the archive holds."""

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

from feeds.model.keys import SEARCH
from feeds.publishing.publisher import Publisher, open_publisher
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


class SeenPaper(NamedTuple):
    """A paper as a feed reader sees it."""

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
def expected(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[SeenPaper]:
    index = tmp_path_factory.mktemp("index") / "index.sqlite"
    return list(_expected(open_publisher(folder, {"FEEDS_INDEX": str(index)})))


def _expected(publisher: Publisher) -> Iterator[SeenPaper]:
    titles = {"LLM$\\times$MapReduce & <think>": "LLM×MapReduce & <think>"}
    with publisher.archive.snapshot() as snapshot:
        for listing in snapshot.load(SEARCH).listings:
            paper = listing.paper
            yield SeenPaper(
                titles.get(paper.title, paper.title),
                paper.url,
                publisher.site.paper_id(paper),
                publisher.site.published(listing),
                paper.authors,
                (paper.video,) if paper.video else (),
            )


def join_authors(papers: list[SeenPaper]) -> list[SeenPaper]:
    """Return the papers as RSS gives them: all authors in one text (Miniflux and newsboat take the last dc:creator)."""
    return [paper._replace(authors=(", ".join(paper.authors),) if paper.authors else ()) for paper in papers]


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_feedparser_sees_every_paper(server: Server, expected: list[SeenPaper], name: str) -> None:
    feed = feedparser.parse(f"{server.base}/latest.{name}")
    assert feed.status == 200
    assert not feed.bozo
    seen = [
        SeenPaper(
            entry.title,
            entry.link,
            entry.id,
            datetime.fromtimestamp(timegm(entry.published_parsed), UTC),
            tuple(author.name for author in entry.get("authors", []) if author),
            tuple(link.href for link in entry.enclosures),
        )
        for entry in feed.entries
    ]
    assert seen == (join_authors(expected) if name == "rss" else expected)


@pytest.mark.parametrize("name", ["rss", "atom", "json"])
def test_reader_sees_every_paper(server: Server, expected: list[SeenPaper], name: str) -> None:
    with closing(make_reader(":memory:")) as reader:
        reader.add_feed(f"{server.base}/latest.{name}")
        reader.update_feeds()
        assert reader.get_feed(f"{server.base}/latest.{name}").title == "Daily Papers — 최신 논문"
        entries = list(reader.get_entries())
        reader.update_feeds()  # sends A-IM and the ETag: nothing is new
        assert len(list(reader.get_entries())) == len(entries)
    seen = {(e.title, e.link, e.id, e.published, tuple(file.href for file in e.enclosures)) for e in entries}
    assert seen == {(paper.title, paper.link, paper.id, paper.date, paper.enclosures) for paper in expected}


def read(server: Server, reader: str, name: str) -> list[SeenPaper]:
    command = ["node", str(ROOT / "tests/support/node/read.mjs"), reader, f"{server.base}/latest.{name}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [
        SeenPaper(
            item["title"],
            item["link"],
            item["id"],
            datetime.fromisoformat(item["date"]),
            tuple(item["authors"]),
            tuple(item["enclosures"]),
        )
        for item in json.loads(printed)["items"]
    ]


@pytest.mark.parametrize("name", ["rss", "atom", "json"])
def test_feedsmith_sees_every_paper(server: Server, expected: list[SeenPaper], name: str) -> None:
    assert read(server, "feedsmith", name) == (join_authors(expected) if name == "rss" else expected)


def test_rss_parser_sees_every_paper(server: Server, expected: list[SeenPaper]) -> None:
    assert read(server, "rss-parser", "rss") == join_authors(expected)


def test_newsboat_imports_opml_and_lists_papers(server: Server, expected: list[SeenPaper], tmp_path: Path) -> None:
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
    newsboat("-x", "reload")  # newsboat sends its ETags
    with closing(sqlite3.connect(tmp_path / "cache.db")) as cache:
        rows = cache.execute("SELECT title, url, guid, pubDate, author, enclosure_url FROM rss_item").fetchall()
    seen = [
        SeenPaper(title, url, guid, datetime.fromtimestamp(when, UTC), *map(as_tuple, (author, enclosure)))
        for title, url, guid, when, author, enclosure in rows
        if "arxiv.org" in url
    ]
    assert sorted(seen) == sorted(join_authors(expected))


def as_tuple(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


@pytest.mark.parametrize("path", ["/subscriptions.opml", "/subscriptions-flat.opml"])
def test_listparser_reads_opml_and_its_feeds_answer(server: Server, path: str) -> None:
    listed = listparser.parse(server.ask(path).body)
    assert not listed.bozo
    assert len(listed.feeds) > 10
    for feed in listed.feeds:
        assert not feedparser.parse(feed.url).bozo


def test_page_announces_the_main_feed_first(server: Server) -> None:
    page = server.ask("/").body.decode()
    first = re.findall(r'<link rel="alternate" type="([^"]*)"[^>]* href="([^"]*)"', page)[0]
    assert first == ("application/rss+xml", "/latest.rss")


def test_json_feed_holds_every_paper(server: Server, expected: list[SeenPaper]) -> None:
    with urllib.request.urlopen(f"{server.base}/latest.json") as answer:
        feed: dict[str, Any] = json.load(answer)
    seen = [
        SeenPaper(
            item["title"],
            item["url"],
            item["id"],
            datetime.fromisoformat(item["date_published"]),
            tuple(author["name"] for author in item.get("authors", [])),
            tuple(file["url"] for file in item.get("attachments", [])),
        )
        for item in feed["items"]
    ]
    assert seen == expected
