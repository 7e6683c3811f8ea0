"""OPDS catalogs: valid by schema and rules, followed from the root to every book, served as OPDS clients expect."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import etree
from PIL import Image

from feeds.archive.snapshot import Snapshot
from feeds.exporters.contract import Kind, RenderContext
from feeds.exporters.epub import EpubExporter
from feeds.exporters.registry import Registry
from feeds.images.convert import convert
from feeds.model.edition import Collection, Edition
from feeds.model.keys import FIXED, LATEST, ListKey, SiteKey
from feeds.publishing.publisher import Publisher, open_publisher
from tests.support import archives, validators
from tests.support.digests import HOSTILE, SEEDS, OpenFiles, day, paper, render, resources
from tests.support.image_server import make_png
from tests.support.servers import serving
from web import create_app

ATOM, OPENSEARCH = "{http://www.w3.org/2005/Atom}", "{http://a9.com/-/spec/opensearch/1.1/}"
BASE = "http://127.0.0.1:8000"
ACQUISITION = "http://opds-spec.org/acquisition/open-access"
IMAGE = "http://opds-spec.org/image"
NAVIGATION_TYPE = "application/atom+xml;profile=opds-catalog;kind=navigation"
ACQUISITION_TYPE = "application/atom+xml;profile=opds-catalog;kind=acquisition"
OPDS2_TYPE = "application/opds+json"
EPUB_TYPE = "application/epub+zip"
IMAGE_URL = "https://e.org/a.png"
VALIDATORS = {
    "opds": validators.opds1,
    "opds-root": validators.opds1,
    "opds2": validators.opds2,
    "opds2-root": validators.opds2,
}
# The Accept headers of KOReader, Thorium and a browser; of the first two, in the versions that send one.
KOREADER = "application/atom+xml;profile=opds-catalog, application/atom+xml;q=0.9, */*;q=0.1"
THORIUM = "application/opds+json, application/atom+xml;q=0.9, */*;q=0.1"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def large(folder: Path, environ: dict[str, str]) -> Publisher:
    """An archive of over two years, so that every list has facets and that of days several pages."""
    archives.write(folder, days=95, papers=95, seed=2)
    (folder / "old.md").write_text(day("2021-05-05"), encoding="utf-8")
    (folder / "hostile.md").write_text(HOSTILE, encoding="utf-8")
    return open_publisher(folder, environ)


@pytest.fixture
def pictured(open_files: OpenFiles) -> Publisher:
    """An archive of one paper with a picture, which the store does not hold yet."""
    return open_files({"1.md": day("2024-01-30", paper("A", "2401.1", media=f"![]({IMAGE_URL})"))})


def get(publisher: Publisher, url: str) -> bytes:
    """Render the document at an absolute URL."""
    parts = urlsplit(url)
    assert url.startswith(BASE), url
    resource = publisher.find(unquote(parts.path[1:]), parse_qsl(parts.query))
    return publisher.render(publisher.representation(resource)).body


def get_etag(publisher: Publisher, path: str) -> str:
    return publisher.representation(publisher.find(path)).etag


def store_picture(publisher: Publisher) -> None:
    publisher.store.store(IMAGE_URL, convert(make_png()), "", "", datetime(2024, 2, 1, tzinfo=UTC))


def list_links(document: bytes) -> Iterator[tuple[str, str]]:
    """List the relations and URLs of a catalog in either version."""
    if document.startswith(b"{"):
        feed = json.loads(document)
        publications = [link for publication in feed.get("publications", []) for link in publication["links"]]
        facets = [link for group in feed.get("facets", []) for link in group["links"]]
        for link in [*feed["links"], *feed.get("navigation", []), *publications, *facets]:
            yield link.get("rel", "facet"), link["href"]
    else:
        for element in etree.fromstring(document).iter(f"{ATOM}link"):
            yield element.get("rel") or "", element.get("href") or ""


def targets(document: bytes, relation: str) -> list[str]:
    """List the URLs that a catalog links to with a relation."""
    return [url for name, url in list_links(document) if name == relation]


def load_members(snapshot: Snapshot, key: str) -> tuple[Edition, ...]:
    collection = snapshot.load(FIXED.get(key) or ListKey(key))
    assert isinstance(collection, Collection)
    return collection.editions


def list_entries(document: bytes) -> list["etree._Element"]:
    return list(etree.fromstring(document).iter(f"{ATOM}entry"))


def walk(publisher: Publisher, root: str) -> Iterator[tuple[str, list[str]]]:
    """Follow the links between catalogs, beginning with one; yield the URL of each and those of the books in it."""
    pending, seen = [root], {root}
    followed = ("subsection", "next", "previous", "up", "start", "facet", "self")
    while pending:
        url = pending.pop(0)
        document = get(publisher, url)
        yield url, targets(document, ACQUISITION)
        for relation, target in list_links(document):
            if (relation in followed or "/sort/" in relation or relation.endswith("facet")) and target not in seen:
                seen.add(target)
                pending.append(target)


@pytest.mark.external
def test_every_catalog_is_valid(large: Publisher) -> None:
    catalogs = [resource for resource in resources(large) if resource.format.name in VALIDATORS]
    for catalog in catalogs:
        document = large.render(large.representation(catalog)).body
        assert VALIDATORS[catalog.format.name](document) == [], catalog.path
    assert len(catalogs) > 30


@pytest.mark.external
@pytest.mark.parametrize("name", ["opds", "opds2"])
@pytest.mark.parametrize("query", ["", "q=LLM&limit=5", "limit=7&page=3", "q=nothing+at+all", "order=votes"])
def test_every_search_is_valid(large: Publisher, name: str, query: str) -> None:
    assert VALIDATORS[name](get(large, f"{BASE}/search.{name}?{query}")) == []


@pytest.mark.external
@pytest.mark.parametrize("root", ["opds", "opds2"])
def test_catalog_of_an_empty_archive_is_valid(open_files: OpenFiles, root: str) -> None:
    publisher = open_files({"notes.md": "# Nothing here"})
    catalogs = list(walk(publisher, f"{BASE}/{root}"))
    for url, _ in catalogs:
        assert VALIDATORS[root](get(publisher, url)) == [], url
    assert [(url, books) for url, books in catalogs if books] == []
    assert len(catalogs) > 6


@pytest.mark.external
@pytest.mark.parametrize("root", ["opds", "opds2"])
def test_every_book_of_the_seeds_is_reached_from_the_root(seeds: Publisher, root: str) -> None:
    reached = {url for _, urls in walk(seeds, f"{BASE}/{root}") for url in urls}
    expected = {seeds.site.url(resource.path) for resource in resources(seeds) if resource.format.kind is Kind.BOOK}
    assert expected <= reached
    assert len(expected) > 20
    for url in reached:
        assert zipfile.ZipFile(io.BytesIO(get(seeds, url))).testzip() is None


@pytest.mark.external
@pytest.mark.parametrize("root", ["opds", "opds2"])
def test_every_book_of_a_large_archive_is_reached(large: Publisher, root: str) -> None:
    reached = {url for _, urls in walk(large, f"{BASE}/{root}") for url in urls}
    books = [resource for resource in resources(large) if resource.format.kind is Kind.BOOK]
    expected = {large.site.url(book.path) for book in books if large.representation(book).size}
    assert expected <= reached
    assert len(expected) > 100


@pytest.mark.parametrize("name", ["newest", "top-weeks", "top-months", "days", "weeks", "months", "years", "search"])
def test_links_to_books_tell_no_length(seeds: Publisher, name: str) -> None:
    atom = [
        link for link in etree.fromstring(get(seeds, f"{BASE}/{name}.opds")).iter() if link.get("type") == EPUB_TYPE
    ]
    publications = json.loads(get(seeds, f"{BASE}/{name}.opds2"))["publications"]
    links = [link for publication in publications for link in publication["links"] if link["type"] == EPUB_TYPE]
    assert [link.get("href") for link in atom] == [link["href"] for link in links] != []
    assert {name for link in atom for name in link.attrib} == {"rel", "type", "href"}
    assert {name for link in links for name in link} == {"rel", "type", "href"}


class CountingExporter(EpubExporter):
    """Records the books that it renders."""

    def __init__(self) -> None:
        self.rendered: list[str] = []

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        self.rendered.append(edition.key.text)
        return super().render(edition, context)


@pytest.mark.parametrize("path", ["opds", "newest.opds", "days.opds2", "search.opds?q=LLM", "search.opds2?q=LLM"])
def test_catalog_is_rendered_without_its_books(seeds: Publisher, path: str) -> None:
    exporter = CountingExporter()
    formats = [replace(item, exporter=exporter) if item.kind is Kind.BOOK else item for item in seeds.formats]
    publisher = Publisher(seeds.archive, Registry(formats), seeds.site, seeds.store)
    books = targets(get(publisher, f"{BASE}/{path}"), ACQUISITION)
    assert exporter.rendered == []
    for book in books[:1]:
        get(publisher, book)
    assert len(exporter.rendered) == (path != "opds"), "the exporter that counts is the one that renders"


def test_book_etag_follows_its_stored_and_lost_pictures(pictured: Publisher) -> None:
    def render_book() -> tuple[str, int]:
        rendered = pictured.render(pictured.representation(pictured.find("2024-01-30.epub")))
        return rendered.representation.etag, len(rendered.body)

    without = render_book()
    store_picture(pictured)
    stored = render_book()
    for path in pictured.store.root.rglob("*.png"):
        path.unlink()
    lost = render_book()
    store_picture(pictured)
    assert render_book() == stored
    assert without == lost
    assert without[0] != stored[0]
    assert without[1] < stored[1]


def test_stored_picture_changes_no_catalog_and_no_cover(pictured: Publisher) -> None:
    def get_etags() -> list[str]:
        catalogs = ["opds", "opds2", "topics.opds", "subscriptions.opml", "days.opds", "newest.opds2", "search.opds"]
        return [get_etag(pictured, path) for path in [*catalogs, "2024-01-30.cover.jpg"]]

    before = get_etags()
    store_picture(pictured)
    assert get_etags() == before


def test_new_neighbour_changes_the_page_but_no_book(open_files: OpenFiles) -> None:
    paths = ("2024-01-30.epub", "2024-W05.epub", "2024-01-30.cover.jpg", "2024-01-30")

    def get_etags(publisher: Publisher) -> list[str]:
        return [get_etag(publisher, path) for path in paths]

    before = get_etags(open_files({"1.md": day("2024-01-30", paper("A", "2401.1"))}))
    after = get_etags(open_files({"2.md": day("2024-02-15", paper("B", "2402.1"))}))
    assert before[:3] == after[:3]
    assert before[3] != after[3]  # the page links to the new day


@pytest.mark.external
def test_lists_leave_out_days_without_papers_and_repeats(open_files: OpenFiles) -> None:
    repeated = paper("A", "2401.1")
    publisher = open_files(
        {"1.md": day("2024-01-31", repeated), "2.md": day("2024-02-05", repeated), "3.md": day("2024-03-01")}
    )
    lists = {"days": 2, "weeks": 1, "months": 1, "years": 1, "top-weeks": 1, "top-months": 1, "newest": 6}
    for name, count in lists.items():
        for suffix in ("opds", "opds2"):
            assert VALIDATORS[suffix](get(publisher, f"{BASE}/{name}.{suffix}")) == []
        feed = json.loads(get(publisher, f"{BASE}/{name}.opds2"))
        assert feed["metadata"]["numberOfItems"] == len(feed["publications"]) == count, name


def test_page_after_the_last_links_back_to_the_last(seeds: Publisher) -> None:
    document = get(seeds, f"{BASE}/search.opds2?limit=10&page=99")
    assert targets(document, "previous") == [f"{BASE}/search.opds2?limit=10&page=3"]


def test_covers_and_thumbnails_are_jpegs_of_the_given_sizes(seeds: Publisher) -> None:
    entries = list_entries(render(seeds, "opds", "newest"))
    publications = json.loads(render(seeds, "opds2", "newest"))["publications"]
    assert len(entries) == 6
    for entry, publication in zip(entries, publications, strict=True):
        cover, *_, thumbnail = publication["images"] * 2  # the thumbnail stands for the cover of a day or week
        assert [(link.get("rel"), link.get("href")) for link in entry.xpath("*[@type='image/jpeg']")] == [
            (IMAGE, cover["href"]),
            (f"{IMAGE}/thumbnail", thumbnail["href"]),
        ]
        assert (thumbnail["width"] < cover["width"]) == (len(publication["images"]) == 2)
        for image in (cover, thumbnail):
            picture = Image.open(io.BytesIO(get(seeds, image["href"])))
            assert (picture.format, picture.width, picture.height) == ("JPEG", image["width"], image["height"])


def test_book_of_a_paper_has_its_own_picture_or_none(open_files: OpenFiles) -> None:
    pictures = {"2401.1": "![](https://e.org/a.JPG?v=1)", "2401.2": "", "2401.3": "![](https://e.org/a.webp)"}
    papers = [paper(number, number, media=picture) for number, picture in pictures.items()]
    publisher = open_files({"1.md": day("2024-01-30", *papers)})
    entries = list_entries(get(publisher, f"{BASE}/search.opds?q=2401"))[1:]
    publications = json.loads(get(publisher, f"{BASE}/search.opds2?q=2401"))["publications"][1:]
    links = [[dict(link.attrib) for link in entry.xpath("*[contains(@rel, '/image')]")] for entry in entries]
    image = {"href": "https://e.org/a.JPG?v=1", "type": "image/jpeg"}
    assert links == [[{"rel": IMAGE, **image}, {"rel": f"{IMAGE}/thumbnail", **image}], [], []]
    assert [publication.get("images") for publication in publications] == [[image], None, None]


@pytest.mark.parametrize("key", ["years", "months", "monthly"])
def test_members_are_loaded_with_few_papers(large: Publisher, key: str) -> None:
    with large.archive.snapshot() as snapshot:
        members = [member for member in load_members(snapshot, key) if member.key != LATEST]
    assert max(member.total for member in members) > 20
    assert all(len(member.listings) == min(member.total, 20) for member in members)


@pytest.mark.parametrize("suffix", ["opds", "opds2"])
def test_most_voted_papers_are_offered_first(seeds: Publisher, suffix: str) -> None:
    root = targets(get(seeds, f"{BASE}/{suffix}"), "subsection")
    assert root[:3] == [f"{BASE}/{name}.{suffix}" for name in ("top-weeks", "top-months", "days")]
    newest = targets(get(seeds, f"{BASE}/newest.{suffix}"), ACQUISITION)
    assert newest[:3] == [f"{BASE}/{key}.epub" for key in ("top/2024-W12", "top/2024-03", "2024-03-20")]
    weeks = targets(get(seeds, f"{BASE}/top-weeks.{suffix}"), ACQUISITION)
    assert weeks == [f"{BASE}/top/2024-W12.epub", f"{BASE}/top/2024-W05.epub"]
    months = targets(get(seeds, f"{BASE}/top-months/2024.{suffix}"), ACQUISITION)
    assert months == [f"{BASE}/top/2024-03.epub", f"{BASE}/top/2024-01.epub"]


def test_list_of_days_is_newest_first_over_all_pages(large: Publisher) -> None:
    books: list[str] = []
    pages = [f"{BASE}/days.opds"]
    for page in pages:
        document = get(large, page)
        books += targets(document, ACQUISITION)
        pages += targets(document, "next")
    assert books == sorted(books, reverse=True)
    with large.archive.snapshot() as snapshot:
        assert len(books) == len([count for count in snapshot.calendar() if count.papers])
    assert len(pages) > 1


@pytest.mark.parametrize("suffix", ["opds", "opds2"])
def test_search_offers_all_results_and_each_paper_as_books(seeds: Publisher, suffix: str) -> None:
    books = targets(get(seeds, f"{BASE}/search.{suffix}?q=%ED%99%95%EC%82%B0"), ACQUISITION)
    assert books[0] == f"{BASE}/search.epub?q=%ED%99%95%EC%82%B0"
    assert all("/papers/" in url for url in books[1:])
    assert len(books) == 10


@pytest.mark.parametrize("suffix", ["opds", "opds2"])
def test_search_offers_papers_only_after_its_first_page(seeds: Publisher, suffix: str) -> None:
    books = targets(get(seeds, f"{BASE}/search.{suffix}?q=%ED%99%95%EC%82%B0&limit=5&page=2"), ACQUISITION)
    assert all("/papers/" in url for url in books)
    assert len(books) == 4


def test_koreader_finds_the_opds_search_first(seeds: Publisher) -> None:
    description = etree.fromstring(render(seeds, "opensearch", "opensearch"))
    templates = [(url.get("type") or "", url.get("template") or "") for url in description.iter(f"{OPENSEARCH}Url")]
    atom = [template for media_type, template in templates if "application/atom+xml" in media_type]
    assert atom[0] == f"{BASE}/search.opds?q={{searchTerms}}"
    for _, template in templates:
        assert template.count("{") == 1
        assert get(seeds, template.replace("{searchTerms}", "LLM"))
    assert len(description.findtext(f"{OPENSEARCH}ShortName") or "") <= 16


def test_opds2_search_takes_the_parameter_of_its_specification(seeds: Publisher) -> None:
    feed = json.loads(render(seeds, "opds2-root", "opds2"))
    (search,) = [link for link in feed["links"] if link["rel"] == "search"]
    assert search["templated"]
    results = json.loads(get(seeds, search["href"].replace("{?query}", "?query=%ED%99%95%EC%82%B0")))
    assert results["metadata"]["numberOfItems"] == 9
    assert results["links"][0]["href"] == f"{BASE}/search.opds2?q=%ED%99%95%EC%82%B0"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/opds", NAVIGATION_TYPE),
        ("/topics.opds", NAVIGATION_TYPE),
        ("/days.opds", ACQUISITION_TYPE),
        ("/opds2", OPDS2_TYPE),
        ("/topics.opds2", OPDS2_TYPE),
        ("/days.opds2", OPDS2_TYPE),
        ("/latest.rss", "application/rss+xml"),
        ("/subscriptions.opml", "text/x-opml"),
    ],
)
@pytest.mark.parametrize("accept", [None, KOREADER, THORIUM, BROWSER, "*/*", "image/png"])
def test_accept_header_never_changes_the_format(
    client: FlaskClient, path: str, media_type: str, accept: str | None
) -> None:
    response = client.get(path, headers={"Accept": accept} if accept else {})
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith(media_type)
    assert "Accept" not in response.vary


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("opds", "opds2"),
        ("topics.opds", "topics.opds2"),
        ("days.opds", "days.opds2"),
        ("days/2024.opds", "days/2024.opds2"),
        ("search.opds?q=LLM", "search.opds2?q=LLM"),
    ],
)
def test_both_versions_link_to_each_other(client: FlaskClient, path: str, other: str) -> None:
    first, second = client.get(f"/{path}"), client.get(f"/{other}")
    assert first.headers["ETag"] != second.headers["ETag"]
    assert targets(first.data, "alternate")[0] == f"{BASE}/{other}"
    assert targets(second.data, "alternate")[0] == f"{BASE}/{path}"
    assert targets(first.data, "self") == [f"{BASE}/{path}"]
    assert targets(second.data, "self")[0] == f"{BASE}/{other}"


@pytest.mark.parametrize("path", ["/opds", "/opds2", "/topics.opds", "/days.opds", "/days/2024.opds2", "/search.opds"])
def test_slash_after_a_catalog_redirects_to_it(client: FlaskClient, path: str) -> None:
    plain, slashed = client.get(f"{path}?q=LLM"), client.get(f"{path}/?q=LLM", follow_redirects=True)
    assert plain.status_code == 200
    assert [response.status_code for response in slashed.history] == [301]
    assert (slashed.status_code, slashed.data) == (200, plain.data)


@pytest.mark.parametrize("path", ["/opds", "/opds2", "/days.opds", "/2024-01-30.cover.jpg", "/opensearch.xml"])
def test_catalogs_answer_head_and_conditional_requests(client: FlaskClient, path: str) -> None:
    response, head = client.get(path), client.head(path)
    assert head.data == b""
    assert {**head.headers, "Date": ""} == {**response.headers, "Date": ""}
    assert int(head.headers["Content-Length"]) == len(response.data)
    assert client.get(path, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
    assert client.get(path, headers={"If-Modified-Since": response.headers["Last-Modified"]}).status_code == 304


@pytest.mark.parametrize("path", ["opds", "opds2", "days.opds", "newest.opds2", "opensearch.xml", "search.opds?q=LLM"])
def test_urls_begin_with_the_base_url_whatever_the_host(environ: dict[str, str], path: str) -> None:
    client = create_app(SEEDS, environ | {"FEEDS_BASE_URL": "https://e.org/papers"}).test_client()
    document = client.get(f"/{path}", headers={"Host": "attacker.example"}).get_data(as_text=True)
    assert "127.0.0.1" not in document
    assert "attacker" not in document
    assert "https://e.org/papers/" in document


def describe(publication: dict[str, Any]) -> tuple[str, list[str], int]:
    """Return the title, the URLs of books and the number of images of a publication as Thorium reads it."""
    books = [link["href"] for link in publication["links"] if ACQUISITION in link["rels"]]
    return publication["title"], books, len({image["href"] for image in publication["images"]})


@pytest.mark.external
def test_thorium_reads_the_same_in_both_versions(tmp_path: Path) -> None:
    environ = {"FEEDS_INDEX": str(tmp_path / "index.sqlite"), "HOME": str(tmp_path)}
    with serving(SEEDS, environ) as server:
        paths = ["opds", "days.opds", "search.opds?q=%ED%99%95%EC%82%B0"]
        others = ["opds2", "days.opds2", "search.opds2?q=%ED%99%95%EC%82%B0"]
        feeds = validators.r2_opds([f"{server.base}/{path}" for path in [*paths, *others]])
    for first, second in zip(feeds[:3], feeds[3:], strict=True):
        assert first["title"] == second["title"]
        assert [link["title"] for link in first["navigation"]] == [link["title"] for link in second["navigation"]]
        assert list(map(describe, first["publications"])) == list(map(describe, second["publications"]))
    assert [link["title"] for link in feeds[0]["navigation"]][:2] == ["새 전자책", "매주 추천 상위 논문"]
    assert [publication["title"] for publication in feeds[1]["publications"]] == ["2024년 3월 20일", "2024년 1월 30일"]
    assert feeds[3]["links"][0]["href"].endswith("/opds2")


@pytest.mark.parametrize("suffix", ["opds", "opds2"])
def test_every_topic_is_linked_from_the_list_of_topics(seeds: Publisher, suffix: str) -> None:
    assert f"{BASE}/topics.{suffix}" in targets(get(seeds, f"{BASE}/{suffix}"), "subsection")
    topics = targets(get(seeds, f"{BASE}/topics.{suffix}"), "subsection")
    assert topics == [f"{BASE}/{quote(topic.key.text)}.{suffix}" for topic in seeds.site.topics] != []


def test_root_has_no_link_to_topics_if_there_are_none(open_files: OpenFiles) -> None:
    publisher = open_files({"feeds.toml": "topics = {}", "1.md": day("2024-01-30")})
    assert b"topics.opds" not in render(publisher, "opds-root", "opds")
    catalogs = [
        resource
        for resource in resources(publisher)
        if resource.format.kind is Kind.CATALOG and isinstance(resource.key, SiteKey)
    ]
    assert len(catalogs) == 6
    assert all(publisher.render(publisher.representation(catalog)).body for catalog in catalogs)
