"""The page of a search: best matches first, while feeds and files stay by date; suggestions where nothing is found."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import html

import feeds
from feeds.publishing.publisher import Publisher
from feeds.site.site import TOPICS
from tests.support.digests import Files, day, paper, write_files
from web import create_app

FILES: Files = {
    "1.md": day("2024-01-29", paper("강화학습의 정석", "2401.1")),
    "2.md": day(
        "2024-01-30", paper("New", "2401.2", summary="- 강화 학습을 쓴다."), paper("Votes", "2401.3", votes="Vote: 9")
    ),
}
RELEVANT, NEWEST = ["강화학습의 정석", "New"], ["New", "강화학습의 정석"]


@pytest.fixture
def client(folder: Path, environ: dict[str, str]) -> FlaskClient:
    """A client of an app whose best match is not its newest paper."""
    write_files(folder, FILES)
    return create_app(folder, environ).test_client()


def get_page(client: FlaskClient, path: str) -> html.HtmlElement:
    response = client.get(path, headers={"Accept-Language": "ko"})
    assert response.status_code == 200
    return html.fromstring(response.data)


def page_titles(page: html.HtmlElement) -> list[str]:
    return [heading.text_content() for heading in page.xpath("//article/h2")]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/search?q=강화학습", RELEVANT),
        ("/search?q=강화학습&order=relevance", RELEVANT),
        ("/search?q=강화학습&order=new", NEWEST),
        ("/search?order=relevance", ["New", "Votes", "강화학습의 정석"]),
        ("/search?order=votes", ["Votes", "New", "강화학습의 정석"]),
    ],
)
def test_page_shows_the_best_matches_first(client: FlaskClient, path: str, expected: list[str]) -> None:
    assert page_titles(get_page(client, path)) == expected


def test_feeds_and_files_are_by_date_unless_asked(client: FlaskClient) -> None:
    def json_titles(query: str) -> list[str]:
        return [item["title"] for item in client.get(f"/search.json?{query}").get_json(force=True)["items"]]

    assert json_titles("q=강화학습") == json_titles("q=강화학습&order=new") == NEWEST
    assert json_titles("q=강화학습&order=relevance") == RELEVANT
    for suffix in ("rss", "atom", "opds", "bib", "md"):
        body = client.get(f"/search.{suffix}?q=강화학습").text
        assert body.index("New") < body.index("강화학습의 정석"), suffix


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("/search?q=a&order=relevance", "/search?q=a"),
        ("/search?order=new&q=a", "/search?q=a&order=new"),
        ("/search?order=new", "/search"),
        ("/search?order=relevance", "/search"),
        ("/search.rss?q=a&order=new", "/search.rss?q=a"),
        ("/search.rss?q=a&order=relevance", "/search.rss?q=a&order=relevance"),
    ],
)
def test_order_has_one_url_and_one_etag(client: FlaskClient, given: str, canonical: str) -> None:
    answer = client.get(given)
    (itself,) = re.findall(r'<http://127\.0\.0\.1:8000([^>]*)>; rel="self"', answer.headers["Link"])
    assert itself == canonical
    assert client.get(canonical).headers["ETag"] == answer.headers["ETag"]
    assert client.get("/search?q=a").headers["ETag"] != client.get("/search?q=a&order=new").headers["ETag"]


def test_page_links_to_the_same_search_by_date(client: FlaskClient) -> None:
    page = get_page(client, "/search?q=강화학습")
    links = [link.get("href") for link in page.xpath("//div[@class='offer']//a[@type]")]
    assert len(links) > 5
    assert {tuple(parse_qs(urlsplit(link).query)) for link in links} == {("q",)}
    alternates = client.get("/search.rss?q=a").headers["Link"]
    assert '/search?q=a>; rel="alternate"' in alternates


def test_topic_is_by_date_on_its_page_too(client: FlaskClient) -> None:
    page = get_page(client, "/topics/강화-학습")
    assert page_titles(page) == NEWEST
    assert not page.xpath("//form[@role='search']/details/@open")
    assert [item["title"] for item in client.get("/topics/강화-학습.json").get_json(force=True)["items"]] == NEWEST


def test_further_pages_of_a_topic_are_by_date(seeds: Publisher) -> None:
    topic = next(topic for topic in TOPICS if topic.name == "로봇")
    paths = {name: seeds.formats[name].resource(topic.key.page(2)).path for name in ("html", "rss")}
    queries = {name: parse_qs(urlsplit(path).query) for name, path in paths.items()}
    words = {"q": [topic.search], "page": ["2"]}
    assert queries == {"html": words | {"order": ["new"]}, "rss": words}


def test_form_keeps_the_order(client: FlaskClient) -> None:
    for path, order in (
        ("/search", "relevance"),
        ("/search?q=a", "relevance"),
        ("/search?q=a&order=new", "new"),
        ("/search?q=a&order=votes", "votes"),
        ("/2024-W05", "new"),
    ):
        (select,) = get_page(client, path).xpath("//select[@name='order']")
        assert select.value == order, path
    assert get_page(client, "/search?q=a&order=new").xpath("//details/@open")
    assert not get_page(client, "/search?q=a").xpath("//form[@role='search']/details/@open")


def test_empty_result_offers_words_and_no_downloads(client: FlaskClient) -> None:
    page = get_page(client, "/search?q=강화학슴&to=2024-01-30")
    (link,) = page.xpath("//nav[@aria-label='이것을 찾으셨나요?']//a")
    assert link.text_content() == "강화학습"
    assert page_titles(get_page(client, link.get("href"))) == RELEVANT
    assert not page.xpath("//div[@class='offer']")
    assert not get_page(client, "/search?q=물고기").xpath("//nav[@aria-label='이것을 찾으셨나요?']")


def test_matches_are_marked_over_spaces_and_hyphens(client: FlaskClient) -> None:
    page = get_page(client, "/search?q=강화학습")
    assert [mark.text_content() for mark in page.xpath("//article//mark")] == ["강화학습", "강화 학습"]


def test_python_api_renders_the_order_of_the_edition(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, FILES)
    with feeds.open(folder, environ) as archive:
        edition = archive.edition("search", q="강화학습", order="relevance")
        assert [paper.title for paper in edition.papers] == RELEVANT
        rendered = edition.render("md").decode()
        bib = edition.render("bib").decode()
    assert "강화학습의 정석" in rendered
    assert bib.index("정석") < bib.index("New")
