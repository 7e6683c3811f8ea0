"""The app over HTTP: addresses, validators, errors."""

import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import html

from feeds.exporters.contract import RenderContext
from feeds.exporters.syndication import RssExporter
from feeds.model.edition import Edition
from feeds.publishing.publisher import Publisher, Rendered
from feeds.publishing.representation import Representation
from tests.support.digests import Files, day, paper, write_files
from web import create_app


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/2024-01-30", "text/html; charset=utf-8"),
        ("/papers/2401.16420", "text/html; charset=utf-8"),
        ("/search?q=확산", "text/html; charset=utf-8"),
        ("/all.rss", "application/rss+xml; charset=utf-8"),
        ("/2024-W05.atom", "application/atom+xml; charset=utf-8"),
        ("/weekly.json", "application/feed+json; charset=utf-8"),
        ("/papers/2401.16420.json", "application/feed+json; charset=utf-8"),
        ("/2024-01.epub", "application/epub+zip"),
        ("/search.epub?min_votes=10", "application/epub+zip"),
        ("/subscriptions.opml", "text/x-opml; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/healthz", "text/plain; charset=utf-8"),
    ],
)
def test_url_answers_with_its_media_type_and_length(client: FlaskClient, path: str, media_type: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    assert client.head(path).headers["Content-Length"] == answer.headers["Content-Length"] == str(len(answer.data))


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/2024-01-31",
        "/2024-01-30.exe",
        "/2024-13.rss",
        "/papers/1.rss",
        "/daily.epub",
        "/a//b",
        "/topics.rss",
    ]
    + ["/subscriptions.rss", "/.rss", "/2024-01-30.rss.atom", "/%00", "/%FF.rss", "/.css", "/a%0Ab"],
)
def test_unknown_url_is_404_in_one_line(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.text.count("\n") == 1
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_wrong_parameter_is_400_and_named(client: FlaskClient) -> None:
    answer = client.get("/search.atom?min_votes=many")
    assert (answer.status_code, answer.text) == (400, "min_votes: a number from 0 to 999999999, not 'many'\n")
    assert client.get("/latest.atom?min_votes=many").status_code == 200  # counts for a search only


def test_search_without_result_is_an_empty_feed(client: FlaskClient) -> None:
    answer = client.get("/search.json?q=없는말입니다")
    assert answer.status_code == 200
    assert answer.get_json(force=True)["items"] == []


def test_post_is_405_with_allow(client: FlaskClient) -> None:
    answer = client.post("/latest.rss")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/latest.rss", "/2024-01-30.epub", "/", "/search.atom?q=a&utm_source=x"])
def test_matching_etag_is_304(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    for known in (first.headers["ETag"], f"W/{first.headers['ETag']}", f'"x", {first.headers["ETag"]}', "*"):
        answer = client.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == first.headers["ETag"]
    assert client.get(path, headers={"If-None-Match": '"other"'}).data == first.data
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert client.get(path, headers=since).status_code == 304
    assert client.get(path, headers=since | {"If-None-Match": '"other"'}).status_code == 200


def test_if_match_with_another_etag_is_412(client: FlaskClient) -> None:
    tag = client.get("/latest.rss").headers["ETag"]
    assert client.get("/latest.rss", headers={"If-Match": '"other"'}).status_code == 412
    assert client.get("/latest.rss", headers={"If-Match": tag}).status_code == 200
    assert client.get("/latest.rss", headers={"If-Match": f"W/{tag}"}).status_code == 412
    assert client.get("/latest.rss", headers={"If-Match": "*"}).status_code == 200


def test_304_renders_nothing_and_polls_render_once(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []
    render = RssExporter.render

    def counted(self: RssExporter, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        rendered.append(edition.key.text)
        return render(self, edition, context)

    monkeypatch.setattr(RssExporter, "render", counted)
    tag = client.head("/latest.rss").headers["ETag"]
    for _ in range(20):
        assert client.get("/latest.rss").status_code == 200
        assert client.get("/latest.rss", headers={"If-None-Match": tag}).status_code == 304
    assert rendered == ["latest"]
    other = client.get("/2024.rss", headers={"If-None-Match": "*"})
    assert other.status_code == 304
    assert rendered == ["latest"]


def test_etag_is_of_the_bytes_when_the_archive_changes(
    changing: FlaskClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive changes between the tag and the document, and back again."""
    render = Publisher.render
    first = changing.get("/2024-01-30.json")
    original = (folder / "1.md").read_bytes()
    write_files(folder, {"1.md": day("2024-01-30", paper("Between", "2401.1"))})
    eventually_titles(changing, "/2024-01-30.json", ["Between"])
    between = changing.get("/2024-01-30.rss")

    def change_and_render(publisher: Publisher, representation: Representation) -> Rendered:
        monkeypatch.setattr(Publisher, "render", render)
        (folder / "1.md").write_bytes(original)
        publisher.archive.sync()
        return render(publisher, representation)

    monkeypatch.setattr(Publisher, "render", change_and_render)
    answer = changing.get("/2024-01-30.atom")
    assert b">A<" in answer.data
    write_files(folder, {"1.md": day("2024-01-30", paper("Between", "2401.1"))})
    eventually_titles(changing, "/2024-01-30.json", ["Between"])
    assert b">Between<" in changing.get("/2024-01-30.atom").data
    assert changing.get("/2024-01-30.rss").headers["ETag"] == between.headers["ETag"]
    assert first.headers["ETag"] != changing.get("/2024-01-30.json").headers["ETag"]


def test_search_etag_ignores_parameter_order(client: FlaskClient) -> None:
    addresses = ["?q=a&min_votes=1", "?min_votes=01&q=a&utm_x=1", "?order=new&q=+a&limit=50&min_votes=1"]
    assert len({client.get(f"/search.rss{address}").headers["ETag"] for address in addresses}) == 1


def test_book_is_named_and_served_in_ranges(client: FlaskClient) -> None:
    whole = client.get("/2024-W05.epub")
    name = "daily-papers-2024-W05.epub"
    assert whole.headers["Content-Disposition"] == f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
    part = client.get("/2024-W05.epub", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, whole.data[10:20])
    beyond = client.get("/2024-W05.epub", headers={"Range": "bytes=99999999-"})
    assert beyond.status_code == 416


FILES: Files = {"1.md": day("2024-01-30", paper("A", "2401.1")), "2.md": day("2024-01-31", paper("B", "2401.2"))}


@pytest.fixture
def changing(folder: Path, environ: dict[str, str]) -> FlaskClient:
    write_files(folder, FILES)
    for name in FILES:
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))
    return create_app(folder, environ).test_client()


def eventually_titles(client: FlaskClient, path: str, expected: list[str]) -> None:
    """Ask until the answer is there: a worker looks at its folder at least every two seconds, not at every request."""
    deadline = time.monotonic() + 30
    titles: list[str] = []
    while titles != expected and time.monotonic() < deadline:
        titles = [item["title"] for item in client.get(path).get_json(force=True)["items"]]
    assert titles == expected


def test_etag_changes_when_a_day_is_corrected(changing: FlaskClient, folder: Path) -> None:
    before = {path: changing.get(path).headers["ETag"] for path in ("/2024-01-30.json", "/2024-01-31.json")}
    write_files(folder, {"1.md": day("2024-01-30", paper("Corrected", "2401.1"))})
    eventually_titles(changing, "/2024-01-30.json", ["Corrected"])
    after = {path: changing.get(path).headers["ETag"] for path in before}
    assert [before[path] == after[path] for path in before] == [False, True]
    (folder / "2.md").unlink()
    eventually_titles(changing, "/all.json", ["Corrected"])
    assert changing.get("/2024-01-31.json").status_code == 404


def test_last_modified_is_newest_mtime_but_not_future(changing: FlaskClient, folder: Path) -> None:
    assert changing.get("/all.rss").headers["Last-Modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    write_files(folder, {"3.md": day("2024-02-01", paper("C", "2402.1"))})
    os.utime(folder / "3.md", (4_000_000_000, 4_000_000_000))
    eventually_titles(changing, "/all.json", ["C", "B", "A"])
    modified = changing.get("/all.rss").last_modified
    assert modified is not None
    assert modified <= datetime.now(UTC)
    assert changing.get("/2024-01-30.rss").headers["Last-Modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_host_header_reaches_no_document(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, FILES)
    client = create_app(folder, environ | {"FEEDS_BASE_URL": "https://papers.example.org"}).test_client()
    answer = client.get("/latest.atom", headers={"Host": "evil.example.com"})
    assert "https://papers.example.org/latest.atom" in answer.text
    assert "evil" not in answer.text


def test_empty_archive_is_served(folder: Path, environ: dict[str, str]) -> None:
    client = create_app(folder, environ).test_client()
    for path in ("/", "/latest.rss", "/all.atom", "/latest.epub", "/weekly.json", "/subscriptions.opml", "/search"):
        assert client.get(path).status_code == 200


PARAMETERS = {
    "q": "모델|model",
    "author": "Zhang",
    "min_votes": "5",
    "from": "2024-01-01",
    "to": "2024-12-31",
    "has": "code",
    "order": "votes",
    "limit": "7",
    "page": "1",
}


@pytest.mark.parametrize("name", ["rss", "atom", "json", "epub", "html"])
def test_every_combination_of_parameters_is_an_edition(client: FlaskClient, name: str) -> None:
    suffix = "" if name == "html" else f".{name}"
    counts = range(len(PARAMETERS) + 1) if name == "json" else (0, 1, len(PARAMETERS))
    for count in counts:
        for names in combinations(PARAMETERS, count):
            written = urlencode({each: PARAMETERS[each] for each in reversed(names)})
            answer = client.get(f"/search{suffix}?{written}")
            assert answer.status_code == 200
            (itself,) = re.findall(r'<http://127\.0\.0\.1:8000([^>]*)>; rel="self"', answer.headers["Link"])
            assert dict(parse_qsl(urlsplit(itself).query)) == {
                each: PARAMETERS[each] for each in PARAMETERS if each in names and each != "page"
            }
            assert client.get(itself).headers["ETag"] == answer.headers["ETag"]


def test_ids_do_not_depend_on_the_order_of_papers(folder: Path, environ: dict[str, str]) -> None:
    first, second = paper("A", "2401.1"), paper("B", "2401.2")

    def ids(*papers: str) -> dict[str, str]:
        write_files(folder, {"1.md": day("2024-01-30", *papers)})
        items = create_app(folder, environ).test_client().get("/all.json").get_json(force=True)["items"]
        return {item["title"]: item["id"] for item in items}

    assert ids(first, second) == ids(second, first)


def head(client: FlaskClient, path: str) -> "html.HtmlElement":
    found = html.fromstring(client.get(path).data).find("head")
    assert found is not None
    return found


@pytest.mark.parametrize("path", ["/", "/2024-01-30", "/search?q=LLM", "/papers/2401.16420", "/weekly", "/2024"])
def test_page_links_to_feeds_catalogs_and_search(client: FlaskClient, path: str) -> None:
    found = head(client, path)
    alternates = found.xpath("link[@rel='alternate']")
    assert alternates[0].get("type") == "application/rss+xml"
    types = [link.get("type") for link in alternates]
    assert {"application/atom+xml;profile=opds-catalog;kind=navigation", "application/opds+json"} <= set(types)
    for link in [*alternates, *found.xpath("link[@rel='search']")]:
        answer = client.get(link.get("href"))
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(link.get("type"))
    assert len(found.xpath("link[@rel='search']")) == 1
    (canonical,) = found.xpath("link[@rel='canonical']/@href")
    assert canonical == f"http://127.0.0.1:8000{path}"


def test_content_security_policy_allows_only_our_script(client: FlaskClient) -> None:
    for path in ("/latest.rss", "/style.css", "/favicon.svg", "/2024.epub", "/none", "/healthz", "/readyz", "/feed"):
        assert client.get(path).headers["Content-Security-Policy"] == client.get("/").headers["Content-Security-Policy"]
        assert client.get(path).headers["Referrer-Policy"] == "no-referrer"
    for path in ("/", "/2024-01-30", "/papers/2401.16420"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "connect-src 'self';" in policy
        assert "unsafe" not in policy
        page = html.fromstring(client.get(path).data)
        assert not page.xpath("//script[text()] | //style | //@style | //@*[starts-with(name(), 'on')]")


def test_paper_page_has_citation_and_preview_metadata(client: FlaskClient) -> None:
    found = head(client, "/papers/2401.15977")
    said = {meta.get("name") or meta.get("property"): meta.get("content") for meta in found.xpath("meta[@content]")}
    assert said["citation_title"].startswith("Motion-I2V")
    assert said["citation_arxiv_id"] == "2401.15977"
    assert said["citation_pdf_url"] == "https://arxiv.org/pdf/2401.15977"
    assert said["citation_abstract_html_url"] == "https://arxiv.org/abs/2401.15977"
    assert said["citation_online_date"] == "2024/01/30"
    assert len(found.xpath("meta[@name='citation_author']")) > 3
    assert said["og:title"] == said["citation_title"]
    assert said["og:url"] == "http://127.0.0.1:8000/papers/2401.15977"
    assert not head(client, "/2024-01-30").xpath("meta[starts-with(@name, 'citation_')]")


def test_topic_is_a_search_at_a_url_of_its_own(client: FlaskClient) -> None:
    named, searched = client.get("/topics/확산-모델.json"), client.get("/search.json?q=확산|diffusion")
    items = [[item["id"] for item in answer.get_json(force=True)["items"]] for answer in (named, searched)]
    assert items[0] == items[1] != []
    assert named.get_json(force=True)["feed_url"].endswith("/topics/%ED%99%95%EC%82%B0-%EB%AA%A8%EB%8D%B8.json")
    book = client.get("/topics/확산-모델.epub")
    assert book.status_code == 200
    fallback, name = "daily-papers-hwagsan-model.epub", "daily-papers-확산-모델.epub"
    assert book.headers["Content-Disposition"] == f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name)}"
    page = html.fromstring(client.get("/topics/확산-모델").data)
    assert not page.xpath("//meta[@name='robots']")
    assert page.xpath("//nav[@class='facets']//a[contains(@href, 'has=code')]/@href")[0].startswith("/search?q=")
    assert client.get("/topics/없음").status_code == 404


def test_file_name_of_a_topic_is_short_and_ascii_if_quoted(folder: Path, environ: dict[str, str]) -> None:
    names = {"3D": "3D", "말 뭉치": "말-뭉치", "É: α/β": "É-α-β", "가" * 60 + "나": "가" * 60}
    write_files(folder, {"feeds.toml": "[topics]\n" + "".join(f'"{name}" = "a"\n' for name in names)})
    client = create_app(folder, environ).test_client()
    for name, file_name in names.items():
        slug = re.sub(r"\W+", "-", name)
        disposition = client.get(f"/topics/{slug}.bib").headers["Content-Disposition"]
        match = re.fullmatch(r"attachment; filename=\"([a-zA-Z0-9.-]+)\"; filename\*=UTF-8''(.+)", disposition)
        assert match
        assert unquote(match[2]) == f"daily-papers-{file_name}.bib"
        assert (match[1] == match[2]) == name.isascii()
