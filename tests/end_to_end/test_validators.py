"""The judges themselves: each lets good work pass and names what is wrong with bad work."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from os import PathLike
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image

from tests.support import validators as judges
from tests.support.digests import ROOT

pytestmark = pytest.mark.external

SCHEMAS = ROOT / "tests/support/schemas"
PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="ko">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:084ecb49-c1fb-531a-adba-aa4468751681</dc:identifier>
<dc:title>오늘의 논문</dc:title><dc:language>ko</dc:language>
<meta property="dcterms:modified">2024-01-30T23:00:00Z</meta>
<meta property="schema:accessMode">textual</meta><meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">alternativeText</meta>
<meta property="schema:accessibilityHazard">none</meta>
<meta property="schema:accessibilitySummary">그림마다 설명이 있습니다.</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="page" href="page.xhtml" media-type="application/xhtml+xml"/>
<item id="picture" href="picture.png" media-type="image/png" properties="cover-image"/>
</manifest>
<spine><itemref idref="page"/></spine>
</package>"""
CONTAINER = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">
<rootfiles><rootfile full-path="EPUB/content.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>"""
DOCUMENT = """<?xml version="1.0" encoding="utf-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="ko" xml:lang="ko">
<head><title>오늘의 논문</title></head><body>{body}</body></html>"""
CONTENTS = """<nav epub:type="toc" role="doc-toc" aria-label="차례"><ol>
<li><a href="page.xhtml">오늘의 논문</a><ol><li><a href="page.xhtml#end">끝</a></li></ol></li></ol></nav>"""
BODY = """<h1>오늘의 논문</h1><p>확산 모델 <a href="https://e.org/">논문</a></p>
<p><img src="picture.png" alt="빨간 네모"/></p><p id="end">끝</p>"""


WriteBook = Callable[..., Path]


@pytest.fixture
def write_book(tmp_path: Path) -> WriteBook:
    """Write a small book; what is given stands in the place of what makes it a good one."""

    def written(body: str = BODY, package: str = PACKAGE, contents: str = CONTENTS) -> Path:
        picture = io.BytesIO()
        Image.new("RGB", (40, 30), "red").save(picture, "PNG")
        book = tmp_path / "book.epub"
        with zipfile.ZipFile(book, "w") as parts:
            parts.writestr("mimetype", "application/epub+zip")
            parts.writestr("META-INF/container.xml", CONTAINER)
            parts.writestr("EPUB/content.opf", package)
            parts.writestr("EPUB/nav.xhtml", DOCUMENT.format(body=contents))
            parts.writestr("EPUB/page.xhtml", DOCUMENT.format(body=body))
            parts.writestr("EPUB/picture.png", picture.getvalue())
        return book

    return written


def test_a_good_book_passes(write_book: WriteBook) -> None:
    assert judges.epubcheck(write_book()) == []
    assert judges.ace(write_book()) == []


def test_ace_says_what_a_blind_reader_misses(write_book: WriteBook) -> None:
    summary = '<meta property="schema:accessibilitySummary">그림마다 설명이 있습니다.</meta>'
    book = write_book(BODY.replace(' alt="빨간 네모"', ""), PACKAGE.replace(summary, ""))
    metadata, picture = judges.ace(book)
    assert metadata.startswith("EPUB/content.opf: metadata-accessibilitysummary (moderate): ")
    assert picture.startswith("page.xhtml: image-alt (critical): ")
    assert "picture.png" in picture


def test_epubcheck_says_errors_and_hints(write_book: WriteBook) -> None:
    book = write_book(f'{BODY}<p><img src="none.png" alt="x"/><a href="">x</a></p>')
    error, hint = sorted(judges.epubcheck(book))
    assert error.startswith("ERROR RSC-007 EPUB/page.xhtml:")
    assert hint.startswith("USAGE HTM-045 EPUB/page.xhtml:")


@pytest.mark.parametrize("judge", [judges.ace, judges.epubcheck])
def test_what_cannot_be_judged_is_no_good_book(tmp_path: Path, judge: Callable[[Path], list[str]]) -> None:
    with pytest.raises(RuntimeError, match="none.epub"):
        judge(tmp_path / "none.epub")


def test_a_good_book_is_shown(write_book: WriteBook, tmp_path: Path) -> None:
    shown = judges.render(write_book(), tmp_path / "shown", 300, 400)
    assert (shown.title, shown.language, shown.cover, shown.errors) == ("오늘의 논문", "ko", True, ())
    assert shown.contents == (
        judges.Contents("오늘의 논문", "page.xhtml", 1, opens=True),
        judges.Contents("끝", "page.xhtml#end", 2, opens=True),
    )
    (page,) = shown.pages
    assert page.images == (judges.Image("빨간 네모", 40, 30),)
    assert page == judges.Page("page.xhtml", 19, page.images, page.screens, (), "", tmp_path / "shown/001.png", ())
    assert [screen.kept for screen in page.screens] == [""]
    with Image.open(page.screenshot) as screenshot:
        assert screenshot.size == (300, 400)
        colours = {colour for _, colour in screenshot.convert("RGB").getcolors(maxcolors=120_000) or []}
    assert {(255, 0, 0), (255, 255, 255)} <= colours


def test_a_heading_last_on_a_screen_is_named(write_book: WriteBook, tmp_path: Path) -> None:
    for body, kept in (("<p>글</p><h1>제목</h1>", "제목"), ("<h1>제목</h1><p>글</p>", "")):
        book = write_book(body)
        (page,) = judges.render(book, tmp_path, 300, 400).pages
        ((screen,),) = judges.mupdf(book, ["제목"], 300, 400)
        assert (screen.kept, page.screens[0].kept, len(page.screens)) == (kept, kept, 1)
        assert min(screen.empty, page.screens[0].empty) > 0.3


def test_what_a_reader_cannot_show_is_named(write_book: WriteBook, tmp_path: Path) -> None:
    body = (
        f"<p>글 \u0378</p><p>{'w' * 200}</p><p><img src='none.png' alt='x'/><img src='https://e.org/a.png' alt=''/></p>"
    )
    contents = CONTENTS.replace("page.xhtml#end", "elsewhere.xhtml")
    shown = judges.render(write_book(body, contents=contents), tmp_path)
    (page,) = shown.pages
    assert page.overflows == ("w" * 200,)
    assert page.boxes == "\u0378"
    assert [image.width for image in page.images] == [0, 0]
    asked, missing = sorted(page.errors)
    assert missing == "asks for https://e.org/a.png"
    assert asked.startswith("404 for http://127.0.0.1:")
    assert [line.opens for line in shown.contents] == [True, False]


def test_a_document_that_is_not_xml_is_named(write_book: WriteBook, tmp_path: Path) -> None:
    (page,) = judges.render(write_book("<p>&nbsp;</p>"), tmp_path).pages
    assert "nbsp" in page.errors[0]


@pytest.mark.parametrize("name", ["navigation.xml", "acquisition.xml"])
def test_a_good_catalogue_of_opds_1_2_passes(name: str) -> None:
    assert judges.opds1((SCHEMAS / name).read_bytes()) == []


TYPE = "application/atom+xml;profile=opds-catalog;kind="
AUTHOR = "<author><name>Ann Lee</name></author>"
SELF = f'<link rel="self" href="https://e.org/opds" type="{TYPE}navigation"/>'

NAVIGATION_FAULTS = [
    ("</feed>", "", "not XML"),
    ("<title>책</title>", "", "schema: "),
    ('encoding="utf-8"', 'encoding="euc-kr"', "encoding is euc-kr"),
    ("<entry>", '<entry xml:base="https://e.org/">', "xml:base"),
    (SELF, "", "feed: 0 links self"),
    (SELF, SELF + SELF, "feed: 2 links self"),
    (SELF, SELF.replace("navigation", "acquisition"), "the entries make it navigation"),
    (SELF, SELF.replace(";kind=navigation", ""), "link self: type application/atom+xml;profile=opds-catalog is not"),
    ('rel="start"', 'rel="first"', "feed: 0 links start"),
    ('href="https://e.org/opds/days"', 'href="/opds/days"', "/opds/days is not an absolute address"),
    ("application/opensearchdescription+xml", "application/xml", "not that of an OpenSearch description"),
    ("urn:e:days", "urn:e:root", "id urn:e:root occurs 2 times"),
    (AUTHOR, "", "entry '하루': no author, nor has the feed one"),
    ("<title>하루</title>", f"<title>하루</title>{AUTHOR}", "a navigation entry with an author"),
    ('rel="subsection"', 'rel="related"', "no link that KOReader follows"),
    (f'{TYPE}acquisition" thr', 'application/atom+xml" thr', "link subsection has the type application/atom+xml"),
    ('<content type="text">하루에 한 권</content>', "", "neither content nor link alternate"),
    ("<title>하루</title>", '<title type="html">하루</title>', "a title with markup"),
    ("<entry>", '<link rel="alternate" href="https://e.org/" /><entry>', "link alternate: no type"),
    (
        "<entry>",
        f'<link rel="http://opds-spec.org/facet" href="https://e.org/f" type="{TYPE}acquisition" title="x"'
        ' xmlns:opds="http://opds-spec.org/2010/catalog" opds:facetGroup="y"/><entry>',
        "facets in a navigation feed",
    ),
]


@pytest.mark.parametrize(("good", "bad", "fault"), NAVIGATION_FAULTS)
def test_each_fault_of_a_navigation_feed_is_named(good: str, bad: str, fault: str) -> None:
    assert_named(judges.opds1, "navigation.xml", good, bad, fault)


def assert_named(judge: Callable[[bytes], list[str]], name: str, good: str, bad: str, fault: str) -> None:
    """Hold that a good document with one thing changed has that fault."""
    document = (SCHEMAS / name).read_text(encoding="utf-8")
    assert good in document
    encoding = "euc-kr" if bad.endswith('euc-kr"') else "utf-8"
    faults = judge(document.replace(good, bad, 1).encode(encoding))
    assert any(fault in each for each in faults), faults


EPUB = 'type="application/epub+zip" length'
THUMBNAIL = (
    '<link rel="http://opds-spec.org/image/thumbnail" href="https://e.org/2024-01-30.small.jpg" type="image/jpeg"/>'
)
ACQUISITION_FAULTS = [
    (EPUB, "length", "acquisition/open-access: no type"),
    (EPUB, EPUB.replace("zip", "zip;charset=utf-8"), "is not exactly application/epub+zip"),
    ("2024-01-30.epub", "2024-01-30.zip", "does not hold .epub"),
    ("acquisition/open-access", "acquisition/free", "an unknown acquisition relation"),
    ("http://opds-spec.org/acquisition/open-access", "related", "entry '2024년 1월 30일': no acquisition link"),
    ('<opds:price currencycode="KRW">100</opds:price>', "", "no price"),
    (' currencycode="KRW"', "", "schema: "),
    ('length="40960"', 'length="40 kB"', "schema: "),
    ('length="40960"', 'size="40960"', "schema: "),
    ('<opds:indirectAcquisition type="application/zip">', "<opds:indirectAcquisition>", "schema: "),
    ("2024-01-30T23:00:00Z</updated>", "2024-01-30</updated>", "schema: "),
    ("<dcterms:issued>2024-01-30", "<dcterms:issued>30 January", "schema: "),
    ("<dcterms:issued>2024-01-30</dcterms:issued>", "<dcterms:date>2024</dcterms:date>", "schema: "),
    ("<summary>논문 11편</summary>", "<abstract>논문 11편</abstract>", "schema: "),
    ("<b>11편</b>", '<b xmlns="">11편</b>', "schema: "),
    ("https://e.org/2024-01-30.epub", "https://e.org/2024 01 30.epub", "schema: "),
    ("<dcterms:language>ko</dcterms:language>", "", "no dcterms:language"),
    ("<dcterms:language>", "<dcterms:language>en</dcterms:language><dcterms:language>", "2 dcterms:language"),
    ("<dcterms:identifier>", "<dcterms:identifier>1</dcterms:identifier><dcterms:identifier>", "2 dcterms:identifier"),
    ("<published>", f"{AUTHOR}<published>", "2 authors"),
    (THUMBNAIL, "", "image and thumbnail do not come together"),
    (THUMBNAIL, THUMBNAIL.replace(' type="image/jpeg"', ""), "image/thumbnail: no type"),
    (THUMBNAIL, THUMBNAIL.replace("jpeg", "webp"), "not that of an image that every reader shows"),
    (' opds:facetGroup="연도" thr', " thr", "has no group"),
    (' title="2023"', "", "has no title"),
    (' thr:count="1"', ' opds:activeFacet="true"', "2 facets of 연도 are active"),
    ('rel="up"', 'rel="up" opds:facetGroup="연도"', "facet attributes on a link that is not a facet"),
    (
        f'{TYPE}acquisition" title="2024"',
        f'{TYPE}navigation" title="2024"',
        f"facet 2024 has the type {TYPE}navigation",
    ),
    (f'page=2" type="{TYPE}acquisition"', 'page=2"', "link next: no type"),
    ('rel="next"', 'rel="prev"', "the name is previous"),
    ('rel="up"', 'rel="start"', "feed: 2 links start"),
    ('rel="up"', 'rel="next"', "feed: 2 links next"),
    ("totalResults>3", "totalResults>2", "link next does not fit"),
    ("totalResults>3", "totalResults>1", "2 entries, of 1 by 2 from 1"),
    ("startIndex>1", "startIndex>2", "link previous does not fit"),
    ("<updated>2024-01-30", "<updated>2024-01-29", "updated before one of its entries"),
    ('type="text/html"', 'type="application/atom+xml"', "not that of a full entry"),
]


@pytest.mark.parametrize(("good", "bad", "fault"), ACQUISITION_FAULTS)
def test_each_fault_of_an_acquisition_feed_is_named(good: str, bad: str, fault: str) -> None:
    assert_named(judges.opds1, "acquisition.xml", good, bad, fault)


@pytest.mark.parametrize(("prefix", "other"), [("opds:", "o:"), ("thr:", "thread:")])
def test_prefixes_are_those_that_koreader_knows(prefix: str, other: str) -> None:
    document = (SCHEMAS / "acquisition.xml").read_text(encoding="utf-8")
    document = document.replace(f"<{prefix}", f"<{other}").replace(f"</{prefix}", f"</{other}")
    document = document.replace(f" {prefix}", f" {other}").replace(f"xmlns:{prefix[:-1]}=", f"xmlns:{other[:-1]}=")
    (fault,) = judges.opds1(document.encode())
    assert fault.startswith(f"document: prefix {other[:-1]} for ")


def test_atom_is_the_default_namespace() -> None:
    document = b'<a:entry xmlns:a="http://www.w3.org/2005/Atom"/>'
    assert "document: prefix a for http://www.w3.org/2005/Atom" in judges.opds1(document)


def test_an_empty_catalogue_of_either_kind_passes() -> None:
    document = (SCHEMAS / "navigation.xml").read_text(encoding="utf-8")
    document = document[: document.index("<entry>")] + "</feed>"
    assert judges.opds1(document.encode()) == []
    assert judges.opds1(document.replace(SELF, SELF.replace("navigation", "acquisition")).encode()) == []


def test_a_good_catalogue_of_opds_2_0_passes() -> None:
    assert judges.opds2((SCHEMAS / "feed.json").read_bytes()) == []


JSON_FAULTS = [
    ('"title": "하루", ', "", "schema: $.metadata: 'title' is a required property"),
    ('"title": "하루"', '"title": "하루", "title": "하루"', "not JSON: duplicate names: ['title']"),
    ('"metadata": {', '"metadata": [', "not JSON: "),
    ('"rel": "self", "href"', '"rel": "current", "href"', "schema: $.links: "),
    ('"rel": ["start", "up"]', '"rel": "up"', "feed: 0 links start"),
    ('"rel": "next"', '"rel": "self"', "feed: 2 links self"),
    ('"rel": "next"', '"rel": "search"', "feed: 2 links search"),
    ('"rel": "next"', '"rel": "prev"', "link prev: the name is previous"),
    ('"navigation": [', '"catalogue": [', "schema: $: Additional properties"),
    ('"title": "달", ', "", "schema: $.navigation[0]: 'title' is a required property"),
    (
        '/months", "type": "application/opds+json"',
        '/months", "type": "text/html"',
        "navigation '달' has the type text/html",
    ),
    ('"metadata": { "title": "연도" }', '"metadata": {}', "schema: $.facets[0].metadata: 'title'"),
    ('"title": "2023", ', "", "schema: $.facets[0].links[1]: 'title'"),
    ('{ "title": "2023"', '{ "rel": "self", "title": "2023"', "facet '연도': 2 are active"),
    (
        '2023", "type": "application/opds+json"',
        '2023", "type": "text/html"',
        "facet '연도': 2023 has the type text/html",
    ),
    ('"numberOfItems": 1 }', '"numberOfItems": "1" }', "schema: $.facets[0].links[1].properties.numberOfItems"),
    ('"title": "2024년 1월 30일",', "", "schema: $.publications[0].metadata: 'title'"),
    (
        '"published": "2024-01-30T23:00:00Z"',
        '"published": "30 January"',
        "schema: $.publications[0].metadata.published",
    ),
    ('"author": "Ann Lee"', '"author": {"sortAs": "Lee"}', "schema: $.publications[0].metadata.author"),
    ("http://opds-spec.org/acquisition/open-access", "alternate", "schema: $.publications[0].links: "),
    ('"type": "image/jpeg"', '"type": "image/svg+xml"', "schema: $.publications[0].images: "),
    ('"type": "image/jpeg", ', "", "schema: $.publications[0].images[0]: 'type'"),
    ('"size": 40960', '"length": 40960', "schema: $.publications[0].links[0]: Additional properties"),
    ('"type": "application/epub+zip", "size"', '"type": "application/epub+zip;v=3", "size"', "not exactly"),
    ('"type": "application/epub+zip", "size"', '"size"', "2024-01-30.epub has no type"),
    ("2024-01-30.epub", "2024-01-30.zip", "does not hold .epub"),
    (', "properties": { "price": { "currency": "KRW", "value": 100 } }', "", "is for sale without a price"),
    ("https://e.org/2024-01-30.jpg", "/2024-01-30.jpg", "images[0]: /2024-01-30.jpg is not an absolute address"),
    (', "templated": true', "", "does not fit templated"),
    ("{?query}", "{?title}", "lacks the variable query"),
    ('page=2", "type": "application/opds+json"', 'page=2", "type": "text/html"', "next has the type text/html"),
    (
        "urn:uuid:1b9c0f41-55c4-5cc4-8f4c-2a0f8d1a7a10",
        "urn:uuid:084ecb49-c1fb-531a-adba-aa4468751681",
        "occurs 2 times",
    ),
    (', "identifier": "urn:uuid:1b9c0f41-55c4-5cc4-8f4c-2a0f8d1a7a10"', "", "1 publications without identifier"),
    ('"numberOfItems": 3, "items', '"numberOfItems": 2, "items', "link next does not fit"),
    ('"itemsPerPage": 2', '"itemsPerPage": 1', "2 items on page 1, of 3 by 1"),
    ('"currentPage": 1', '"currentPage": 2', "link previous does not fit"),
]


@pytest.mark.parametrize(("good", "bad", "fault"), JSON_FAULTS)
def test_each_fault_of_a_json_catalogue_is_named(good: str, bad: str, fault: str) -> None:
    assert_named(judges.opds2, "feed.json", good, bad, fault)


@pytest.mark.parametrize(("metadata", "faults"), [({"numberOfItems": 0}, 0), ({}, 1)])
def test_an_empty_json_catalogue_says_so(metadata: dict[str, int], faults: int) -> None:
    link = {"href": "https://e.org/opds2", "type": "application/opds+json", "rel": ["self", "start"]}
    feed = {"metadata": {"title": "x", **metadata}, "links": [link], "publications": []}
    assert len(judges.opds2(json.dumps(feed).encode())) == faults


class Handler(SimpleHTTPRequestHandler):
    """Serves the example catalogues, and says nothing of it."""

    def guess_type(self, path: str | PathLike[str]) -> str:
        """Tell the kind of a catalogue by its suffix."""
        return "application/opds+json" if str(path).endswith(".json") else "application/atom+xml"

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 — the name is the library's
        """Be quiet."""


@pytest.fixture
def base() -> Iterator[str]:
    """Where the example catalogues are served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(SCHEMAS))) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_thorium_reads_catalogues(base: str) -> None:
    root, days, feed = judges.r2_opds([f"{base}/{name}" for name in ("navigation.xml", "acquisition.xml", "feed.json")])
    assert [each["title"] for each in (root, days, feed)] == ["책", "하루", "하루"]
    assert [(each["title"], each["count"]) for each in root["navigation"]] == [("하루", 2)]
    assert root["links"][2]["rels"] == ["search"]
    for seen in (days, feed):
        first, second = seen["publications"]
        assert (first["title"], first["authors"], first["languages"]) == ("2024년 1월 30일", ["Ann Lee"], ["ko"])
        assert first["identifier"] == "urn:uuid:084ecb49-c1fb-531a-adba-aa4468751681"
        assert first["published"] == first["modified"] == "2024-01-30T23:00:00.000Z"
        assert first["links"][0]["rels"] == ["http://opds-spec.org/acquisition/open-access"]
        assert first["images"][0]["href"] == "https://e.org/2024-01-30.jpg"
        assert second["title"] == "2024년 1월 29일"
        (facet,) = seen["facets"]
        assert (facet["title"], [link["count"] for link in facet["links"]]) == ("연도", [3, 1])
    assert days["items"] == feed["items"] == 3
    assert feed["publications"][0]["links"][0]["size"] == 40960


def test_a_catalogue_that_does_not_answer_is_an_error(base: str) -> None:
    with pytest.raises(RuntimeError, match="404"):
        judges.r2_opds([f"{base}/none.xml"])
