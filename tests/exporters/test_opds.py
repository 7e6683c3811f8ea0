"""Catalogues: valid by schema and rules, walked from the root to every book, as readers of OPDS ask for them."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import etree
from werkzeug.test import TestResponse

from feeds.archive.edition import Edition
from feeds.exporters.epub import EpubExporter
from feeds.exporters.format import Kind
from feeds.exporters.registry import Registry
from feeds.images.convert import convert
from feeds.model.key import Scope
from feeds.publishing.publisher import Catalog, open_catalog
from feeds.site.site import Site
from tests.exporters.test_formats import HOSTILE, render
from tests.support import archives
from tests.support import validators as judges
from tests.support.digests import SEEDS, OpenFiles, day, paper
from tests.support.image_server import make_png
from tests.support.servers import serving
from web import create_app

ATOM, OPENSEARCH = "{http://www.w3.org/2005/Atom}", "{http://a9.com/-/spec/opensearch/1.1/}"
BASE = "http://127.0.0.1:8000"
ACQUISITION = "http://opds-spec.org/acquisition/open-access"
JUDGES = {"opds": judges.opds1, "opds-root": judges.opds1, "opds2": judges.opds2, "opds2-root": judges.opds2}
# What KOReader, Thorium and a browser send, the first in the versions that send any.
KOREADER = "application/atom+xml;profile=opds-catalog, application/atom+xml;q=0.9, */*;q=0.1"
THORIUM = "application/opds+json, application/atom+xml;q=0.9, */*;q=0.1"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def crowded(folder: Path, environ: dict[str, str]) -> Catalog:
    """An archive of over two years, so that every shelf has facets and days more than one page."""
    archives.write(folder, days=95, papers=95, seed=2)
    (folder / "old.md").write_text(day("2021-05-05"), encoding="utf-8")
    (folder / "hostile.md").write_text(HOSTILE, encoding="utf-8")
    return open_catalog(folder, environ)


def asked(catalog: Catalog, address: str) -> bytes:
    """Get what is at an absolute address."""
    parts = urlsplit(address)
    assert address.startswith(BASE), address
    publication = catalog.find(unquote(parts.path[1:]), parse_qsl(parts.query))
    return catalog.render(publication, catalog.cut(publication))


@pytest.mark.external
def test_every_catalogue_is_valid(crowded: Catalog) -> None:
    count = 0
    for publication in crowded:
        if publication.format.name in JUDGES:
            document = render(crowded, publication.format.name, publication.key.text)
            assert JUDGES[publication.format.name](document) == [], publication.path
            count += 1
    assert count > 30


@pytest.mark.external
@pytest.mark.parametrize("name", ["opds", "opds2"])
@pytest.mark.parametrize("query", ["", "q=LLM&limit=5", "limit=7&page=3", "q=nothing+at+all", "order=votes"])
def test_every_search_is_valid(crowded: Catalog, name: str, query: str) -> None:
    document = asked(crowded, f"{BASE}/search.{name}?{query}")
    assert JUDGES[name](document) == []


@pytest.mark.external
@pytest.mark.parametrize("root", ["opds", "opds2"])
def test_an_empty_archive_has_a_valid_catalogue(open_files: OpenFiles, root: str) -> None:
    catalog = open_files({"notes.md": "# Nothing here"})
    walked = list(walk(catalog, f"{BASE}/{root}"))
    for address, _ in walked:
        assert JUDGES[root](asked(catalog, address)) == [], address
    assert [(address, entries) for address, entries in walked if entries] == []
    assert len(walked) > 6


def links(document: bytes) -> Iterator[tuple[str, str]]:
    """List relations and addresses of a catalogue in either format."""
    if document.startswith(b"{"):
        feed = json.loads(document)
        publications = [link for each in feed.get("publications", []) for link in each["links"]]
        facets = [link for each in feed.get("facets", []) for link in each["links"]]
        for link in [*feed["links"], *feed.get("navigation", []), *publications, *facets]:
            yield link.get("rel", "facet"), link["href"]
    else:
        for element in etree.fromstring(document).iter(f"{ATOM}link"):
            yield element.get("rel") or "", element.get("href") or ""


def walk(catalog: Catalog, root: str) -> Iterator[tuple[str, list[str]]]:
    """Follow every link of catalogues from one on; give each one's address and the books in it."""
    left, seen = [root], {root}
    is_catalogue = ("subsection", "next", "previous", "up", "start", "facet", "self")
    while left:
        document = asked(catalog, address := left.pop(0))
        found = list(links(document))
        yield address, [href for relation, href in found if relation == ACQUISITION]
        for relation, href in found:
            if (relation in is_catalogue or "/sort/" in relation or relation.endswith("facet")) and href not in seen:
                seen.add(href)
                left.append(href)


@pytest.mark.external
@pytest.mark.parametrize("root", ["opds", "opds2"])
def test_every_book_of_the_seeds_is_reached_from_the_root(seeds: Catalog, root: str) -> None:
    books = {address for _, found in walk(seeds, f"{BASE}/{root}") for address in found}
    expected = {seeds.site.url(each) for each in seeds if each.format.name == "epub"}
    assert expected <= books
    assert len(expected) > 30
    for address in books:
        assert zipfile.ZipFile(io.BytesIO(asked(seeds, address))).testzip() is None


@pytest.mark.external
@pytest.mark.parametrize("root", ["opds", "opds2"])
def test_every_book_of_a_large_archive_is_reached_too(crowded: Catalog, root: str) -> None:
    books = {address for _, found in walk(crowded, f"{BASE}/{root}") for address in found}
    for publication in crowded:
        if publication.format.name == "epub" and crowded.outline(publication).total:
            assert crowded.site.url(publication) in books, publication.path


def entries(document: bytes) -> list["etree._Element"]:
    return list(etree.fromstring(document).iter(f"{ATOM}entry"))


@pytest.mark.external
def test_a_link_says_how_long_the_book_is(seeds: Catalog) -> None:
    for name in ("newest", "days", "weeks", "months", "years", "search"):
        for entry in entries(asked(seeds, f"{BASE}/{name}.opds")):
            (link,) = entry.xpath("*[@type='application/epub+zip']")
            assert int(link.get("length")) == len(asked(seeds, link.get("href")))
        for publication in json.loads(asked(seeds, f"{BASE}/{name}.opds2"))["publications"]:
            (link,) = [each for each in publication["links"] if each["type"] == "application/epub+zip"]
            assert link["size"] == len(asked(seeds, link["href"]))


class Counting(EpubExporter):
    """Makes books, and counts them."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        self.made.append(edition.key.text)
        return super().render(edition, site)


def counting(environ: dict[str, str]) -> tuple[Catalog, list[str]]:
    """Open the seeds with an exporter that counts."""
    catalog, exporter = open_catalog(SEEDS, environ), Counting()
    registered = [
        each._replace(exporter=exporter) if each.exporter.name == "epub" else each for each in catalog.registry
    ]
    return Catalog(catalog.archive, Registry(registered), catalog.site, catalog.store), exporter.made


def test_books_are_made_once_for_all_processes_to_tell_their_lengths(environ: dict[str, str]) -> None:
    first, made = counting(environ)
    document = asked(first, f"{BASE}/days.opds")
    assert sorted(made) == ["2024-01-30", "2024-03-20"]
    second, made_again = counting(environ)
    assert asked(second, f"{BASE}/days.opds") == asked(first, f"{BASE}/days.opds") == document
    assert made_again == []


def length(catalog: Catalog) -> tuple[int, int]:
    """Tell how long a catalogue says that the book of a day is, and how long it is."""
    (link,) = etree.fromstring(asked(catalog, f"{BASE}/days.opds")).xpath("//*[@type='application/epub+zip']")
    return int(link.get("length")), len(asked(catalog, link.get("href")))


def test_a_length_follows_the_pictures_that_come_and_a_tag_those_that_are_lost(
    open_files: OpenFiles, environ: dict[str, str]
) -> None:
    url = "https://e.org/a.png"
    catalog = open_files({"1.md": day("2024-01-30", paper("A", "2401.1", media=f"![]({url})"))})

    def book() -> tuple[str, tuple[int, int]]:
        found = catalog.find("2024-01-30.epub")
        edition = catalog.cut(found)
        catalog.render(found, edition)
        return catalog.tag(found, edition), length(open_catalog(catalog.archive.root, environ))

    without = book()
    kept = convert(make_png())
    catalog.store.store(url, kept, "", "", datetime(2024, 2, 1, tzinfo=UTC))
    pictured = book()
    for path in catalog.store.root.rglob("*.png"):
        path.unlink()
    lost = book()
    catalog.store.store(url, kept, "", "", datetime(2024, 2, 1, tzinfo=UTC))
    assert book() == pictured, "what is there again is shown again"
    assert without[0] == lost[0] != pictured[0]
    assert pictured[1][0] == pictured[1][1] > without[1][1] == without[1][0] == lost[1][1]


def test_a_length_that_cannot_be_noted_is_told_all_the_same(seeds: Catalog) -> None:
    seeds.archive.remember(lambda connection: connection.execute("DROP TABLE sizes"))
    seeds.archive.remember(
        lambda connection: connection.execute("CREATE VIEW sizes AS SELECT 1 AS path, 2 AS tag, 3 AS size")
    )
    assert b'length="' in asked(seeds, f"{BASE}/days.opds")


def test_pictures_change_no_catalogue_that_leads_to_others_only(open_files: OpenFiles) -> None:
    url = "https://e.org/a.png"
    catalog = open_files({"1.md": day("2024-01-30", paper("A", "2401.1", media=f"![]({url})"))})

    def tags() -> list[str]:
        found = [
            catalog.find(path)
            for path in ("opds", "opds2", "topics.opds", "subscriptions.opml", "2024-01-30.cover.jpg")
        ]
        return [catalog.tag(each, catalog.outline(each)) for each in found]

    before = tags()
    catalog.store.store(url, convert(make_png()), "", "", datetime(2024, 2, 1, tzinfo=UTC))
    assert tags() == before


def test_a_new_neighbour_changes_no_book(open_files: OpenFiles) -> None:
    paths = ("2024-01-30.epub", "2024-W05.epub", "2024-01-30.cover.jpg", "2024-01-30")

    def tags(catalog: Catalog) -> list[str]:
        return [catalog.tag(found := catalog.find(path), catalog.outline(found)) for path in paths]

    before = tags(open_files({"1.md": day("2024-01-30", paper("A", "2401.1"))}))
    after = tags(open_files({"2.md": day("2024-02-15", paper("B", "2402.1"))}))
    assert before[:3] == after[:3]
    assert before[3] != after[3]  # the page leads on to it


@pytest.mark.external
def test_days_without_papers_and_repeats_are_on_no_shelf(open_files: OpenFiles) -> None:
    again = paper("A", "2401.1")
    files = {"1.md": day("2024-01-31", again), "2.md": day("2024-02-05", again), "3.md": day("2024-03-01")}
    catalog = open_files(files)
    for name, listed in (("days", 2), ("weeks", 1), ("months", 1), ("years", 1), ("newest", 5)):
        for suffix in ("opds", "opds2"):
            assert JUDGES[suffix](asked(catalog, f"{BASE}/{name}.{suffix}")) == []
        feed = json.loads(asked(catalog, f"{BASE}/{name}.opds2"))
        assert feed["metadata"]["numberOfItems"] == len(feed["publications"]) == listed, name


def test_a_page_behind_the_last_leads_back_to_it(seeds: Catalog) -> None:
    feed = json.loads(asked(seeds, f"{BASE}/search.opds2?limit=10&page=99"))
    assert [link["href"] for link in feed["links"] if link["rel"] == "previous"] == [
        f"{BASE}/search.opds2?limit=10&page=3"
    ]


def test_covers_and_thumbnails_are_pictures(seeds: Catalog) -> None:
    for entry in entries(render(seeds, "opds", "newest")):
        pictures = [link.get("href") for link in entry.xpath("*[@type='image/jpeg']")]
        assert len(pictures) == 2
        for address in pictures:
            assert asked(seeds, address).startswith(b"\xff\xd8\xff")


def test_the_days_come_newest_first(crowded: Catalog) -> None:
    addresses: list[str] = []
    following: str | None = f"{BASE}/days.opds"
    while following:
        document = asked(crowded, following)
        addresses += [href for relation, href in links(document) if relation == ACQUISITION]
        following = next((href for relation, href in links(document) if relation == "next"), None)
    assert addresses == sorted(addresses, reverse=True)
    assert len(addresses) == len([each for each in crowded.archive.days() if each.papers])


def test_a_search_offers_all_it_found_as_one_book_and_each_paper(seeds: Catalog) -> None:
    found = [link for link in links(asked(seeds, f"{BASE}/search.opds?q=%ED%99%95%EC%82%B0")) if link[0] == ACQUISITION]
    assert found[0][1] == f"{BASE}/search.epub?q=%ED%99%95%EC%82%B0"
    assert all("/papers/" in address for _, address in found[1:])
    assert len(found) == 10


def test_koreader_finds_the_search_of_books_first(seeds: Catalog) -> None:
    description = etree.fromstring(render(seeds, "opensearch", "opensearch"))
    atom = [each for each in description.iter(f"{OPENSEARCH}Url") if "application/atom+xml" in (each.get("type") or "")]
    assert atom[0].get("template") == f"{BASE}/search.opds?q={{searchTerms}}"
    for url in description.iter(f"{OPENSEARCH}Url"):
        assert (url.get("template") or "").count("{") == 1
        assert asked(seeds, (url.get("template") or "").replace("{searchTerms}", "LLM"))
    assert len(description.findtext(f"{OPENSEARCH}ShortName") or "") <= 16


def test_the_search_of_opds_2_takes_the_name_that_its_specification_gives(seeds: Catalog) -> None:
    feed = json.loads(render(seeds, "opds2-root", "opds2"))
    (search,) = [link for link in feed["links"] if link["rel"] == "search"]
    assert search["templated"]
    found = json.loads(asked(seeds, search["href"].replace("{?query}", "?query=%ED%99%95%EC%82%B0")))
    assert found["metadata"]["numberOfItems"] == 9
    assert found["links"][0]["href"] == f"{BASE}/search.opds2?q=%ED%99%95%EC%82%B0"


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/opds", None, "application/atom+xml;profile=opds-catalog;kind=navigation"),
        ("/opds", KOREADER, "application/atom+xml;profile=opds-catalog;kind=navigation"),
        ("/opds", BROWSER, "application/atom+xml;profile=opds-catalog;kind=navigation"),
        ("/opds", "image/png", "application/atom+xml;profile=opds-catalog;kind=navigation"),
        ("/opds", THORIUM, "application/opds+json"),
        ("/opds2", None, "application/opds+json"),
        ("/opds2", "*/*", "application/opds+json"),
        ("/opds2", THORIUM, "application/opds+json"),
        ("/opds2", KOREADER, "application/atom+xml;profile=opds-catalog;kind=navigation"),
        ("/opds2", "application/*;q=0.5, application/opds+json;q=0.1", "application/atom+xml;profile=opds-catalog"),
        ("/topics.opds2", KOREADER, "application/atom+xml;profile=opds-catalog;kind=navigation"),
        ("/days.opds2", KOREADER, "application/atom+xml;profile=opds-catalog;kind=acquisition"),
        ("/days.opds", "application/opds+json", "application/opds+json"),
        ("/latest.rss", "application/atom+xml", "application/rss+xml"),
        ("/subscriptions.opml", KOREADER, "text/x-opml"),
    ],
)
def test_a_client_gets_the_catalogue_that_it_reads(
    client: FlaskClient, path: str, accept: str | None, kind: str
) -> None:
    answer = client.get(path, headers={"Accept": accept} if accept else {})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(kind)
    is_negotiated = "opds" in path
    assert ("Accept" in answer.vary) == is_negotiated


def test_what_is_negotiated_says_its_own_address_and_has_its_own_tag(client: FlaskClient) -> None:
    atom, json_ = client.get("/opds"), client.get("/opds", headers={"Accept": "application/opds+json"})
    assert json.loads(json_.data)["links"][0]["href"] == f"{BASE}/opds2"
    assert json_.headers["ETag"] == client.get("/opds2").headers["ETag"] != atom.headers["ETag"]
    again = client.get("/opds", headers={"Accept": "application/opds+json", "If-None-Match": json_.headers["ETag"]})
    assert again.status_code == 304
    assert "Accept" in again.vary


@pytest.mark.parametrize("path", ["/opds", "/opds2", "/topics.opds", "/days.opds", "/days/2024.opds2", "/search.opds"])
def test_a_slash_behind_a_catalogue_changes_nothing(client: FlaskClient, path: str) -> None:
    def without_date(answer: TestResponse) -> tuple[int, bytes, dict[str, Any]]:
        return answer.status_code, answer.data, {k: v for k, v in answer.headers.items() if k != "Date"}

    plain, slashed = client.get(f"{path}?q=LLM"), client.get(f"{path}/?q=LLM")
    assert plain.status_code == 200
    assert without_date(plain) == without_date(slashed)


@pytest.mark.parametrize("path", ["/2024-01-30/", "/latest.rss/", "/2024-01-30.epub/", "/opds//"])
def test_a_slash_behind_anything_else_is_another_address(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/opds", "/opds2", "/days.opds", "/2024-01-30.cover.jpg", "/opensearch.xml"])
def test_head_and_conditional_requests(client: FlaskClient, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert head.data == b""
    assert {**head.headers, "Date": ""} == {**got.headers, "Date": ""}
    assert int(head.headers["Content-Length"]) == len(got.data)
    assert client.get(path, headers={"If-None-Match": got.headers["ETag"]}).status_code == 304
    assert client.get(path, headers={"If-Modified-Since": got.headers["Last-Modified"]}).status_code == 304


def test_catalogues_and_pictures_name_addresses_of_the_base_url_only(
    environ: dict[str, str],
) -> None:
    app = create_app(SEEDS, environ | {"FEEDS_BASE_URL": "https://e.org/papers"}).test_client()
    for path in ("/opds", "/opds2", "/days.opds", "/newest.opds2", "/opensearch.xml", "/search.opds?q=LLM"):
        document = app.get(path, headers={"Host": "attacker.example"}).get_data(as_text=True)
        assert "127.0.0.1" not in document
        assert "attacker" not in document
        assert "https://e.org/papers/" in document


def listed(publication: dict[str, Any]) -> tuple[str, list[str], int]:
    books = [link["href"] for link in publication["links"] if ACQUISITION in link["rels"]]
    return publication["title"], books, len(publication["images"])


@pytest.mark.external
def test_the_engine_of_thorium_reads_both_formats_alike(tmp_path: Path) -> None:
    environ = {"FEEDS_INDEX": str(tmp_path / "index.sqlite"), "HOME": str(tmp_path)}
    with serving(SEEDS, environ) as server:
        paths = ["opds", "days.opds", "search.opds?q=%ED%99%95%EC%82%B0"]
        others = ["opds2", "days.opds2", "search.opds2?q=%ED%99%95%EC%82%B0"]
        seen = judges.r2_opds([f"{server.base}/{path}" for path in [*paths, *others]])
    for atom, json_ in zip(seen[:3], seen[3:], strict=True):
        assert atom["title"] == json_["title"]
        assert [each["title"] for each in atom["navigation"]] == [each["title"] for each in json_["navigation"]]
        assert [listed(each) for each in atom["publications"]] == [listed(each) for each in json_["publications"]]
    assert [each["title"] for each in seen[0]["navigation"]][:2] == ["새 전자책", "날짜별"]
    assert [each["title"] for each in seen[1]["publications"]] == ["2024년 3월 20일", "2024년 1월 30일"]
    assert seen[3]["links"][0]["href"].endswith("/opds2")


def test_no_topic_is_offered_where_there_is_none(environ: dict[str, str], folder: Path) -> None:
    (folder / "feeds.toml").write_text("topics = {}", encoding="utf-8")
    (folder / "1.md").write_text(day("2024-01-30"), encoding="utf-8")
    catalog = open_catalog(folder, environ)
    assert "topics.opds" not in render(catalog, "opds-root", "opds").decode()
    for publication in catalog:
        if publication.format.kind is Kind.CATALOG and publication.key.scope is Scope.SITE:
            assert catalog.render(publication, catalog.cut(publication))
