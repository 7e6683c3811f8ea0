"""What the pages say, read by a parser: formats, conditions, counts, languages, days; and nothing that is no page's."""

from collections.abc import Iterable
from datetime import date, timedelta
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from urllib.parse import parse_qs, quote, urldefrag, urlencode, urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import html

from feeds.archive.archive import DayCount
from feeds.exporters import registry
from feeds.exporters.format import Kind
from feeds.exporters.months import SHADES, months
from feeds.model.key import Scope, parse_key
from feeds.publishing.publisher import open_catalog
from tests.support.digests import SEEDS, Files, day, paper, write_files
from web import create_app

VIDEO = "![](https://e.org/a.mp4)"
CODE = "https://github.com/a/b"
LIBRARY: Files = {
    "1.md": day(
        "2023-12-28", paper("Alpha", "2312.1", votes="Vote: 5", summary=f"- 확산 모델의 코드는 {CODE} 에 있습니다.")
    ),
    "2.md": day(
        "2024-01-29",
        paper("Beta", "2401.1", votes="Vote: 20", media=VIDEO, authors="Authors: Ann Lee", summary="- 확산합니다."),
    ),
    "3.md": day(
        "2024-01-30",
        paper(
            "Gamma Rays",
            "2401.2",
            votes="Vote: 12",
            media=VIDEO,
            authors="Authors: Ann Lee, Bo Kim, +",
            summary=f"- 빠른 확산의 코드는 {CODE} 에 있습니다.",
        ),
        paper("Delta", "2401.3", votes="Vote: 3", authors="Authors: 김민준", summary="- 언어 모델입니다."),
    ),
    "4.md": day("2024-02-02", paper("한국어 제목", "2402.1", votes="Vote: -", media="![](https://e.org/a.png)")),
    "5.md": day("2024-03-20", paper("Zeta", "2403.1", votes="Vote: 1", summary="- Plain English.")),
}
"""Six papers of two years, days and nights apart: some with code, with video, with both."""


class Pages:
    """The pages of an app, as a parser reads them."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def __call__(self, path: str, language: str = "ko") -> html.HtmlElement:
        """Ask for a page that must be there."""
        answer = self.client.get(path, headers={"Accept-Language": language})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8"), path
        return html.fromstring(answer.data)


@pytest.fixture
def pages(client: FlaskClient) -> Pages:
    """The pages of the seeds."""
    return Pages(client)


@pytest.fixture
def library(folder: Path, environ: dict[str, str]) -> Pages:
    """The pages of six papers."""
    return opened(folder, environ, LIBRARY)


def opened(folder: Path, environ: dict[str, str], files: Files) -> Pages:
    """Open the pages of an archive of the files given."""
    write_files(folder, files)
    return Pages(create_app(folder, environ).test_client())


def said(found: Iterable[html.HtmlElement]) -> list[str]:
    """Read the texts of elements."""
    return [" ".join(str(each.text_content()).split()) for each in found]


def titles(page: html.HtmlElement) -> list[str]:
    """Read the titles of the papers of a list."""
    return said(page.xpath("//article/*[self::h1 or self::h2 or self::h3][1]"))


def chips(page: html.HtmlElement) -> dict[str, str]:
    """Read the formats that a page offers of itself: their names and addresses."""
    return {chip.text_content(): chip.get("href") for chip in page.xpath("//div[@class='offer']/p/a")}


KEYS = ["latest", "2024-01-30", "2024-W05", "2024-01", "2024", "all", "daily", "weekly", "monthly", "search"]
KEYS += ["papers/2401.16420"]


@pytest.fixture
def csv(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plug-in of the README, installed."""
    point = EntryPoint("csv", "tests.plugin.feeds_csv:CsvExporter", registry.GROUP)
    points = entry_points(group=registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [*points, point])


@pytest.mark.usefixtures("csv")
def test_each_page_offers_what_the_registry_has_a_plug_in_too(environ: dict[str, str]) -> None:
    pages = Pages(create_app(SEEDS, environ).test_client())
    site = open_catalog(SEEDS, environ).site
    offered = set()
    for key in KEYS:
        parsed = parse_key(key)
        assert parsed
        kinds = (Kind.FEED, Kind.FILE, Kind.CATALOG)
        expected = {f"/{each.path}" for kind in kinds for each in site.publications(parsed, kind)}
        found = chips(pages(f"/{key}"))
        assert set(found.values()) == expected, key
        for address in found.values():
            assert pages.client.get(address).status_code == 200
        offered |= set(found)
    assert {"RSS", "EPUB", "MD", "CSV"} <= offered


@pytest.mark.usefixtures("csv")
def test_the_form_of_books_offers_every_file_a_plug_in_s_too(environ: dict[str, str]) -> None:
    pages = Pages(create_app(SEEDS, environ).test_client())
    buttons = pages("/books").xpath("//main//form[@class='fields']//button/@formaction")
    assert buttons == [f"/search.{name}" for name in ("epub", "bib", "ris", "csl.json", "md", "csv")] + ["/search"]


def test_without_an_exporter_of_books_no_page_names_any(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = registry.load()
    kept = [each for each in ours if each.exporter.name != "epub"]
    monkeypatch.setattr(registry, "load", lambda: registry.Registry(kept))
    pages = Pages(create_app(SEEDS, environ).test_client())
    for path in ["/", "/books", "/e-reader", *(f"/{key}" for key in KEYS)]:
        assert ".epub" not in html.tostring(pages(path)).decode(), path


def test_a_search_marks_its_words_in_titles_authors_and_texts(library: Pages) -> None:
    page = library('/search?q=rays "빠른 확산"')
    assert said(page.xpath("//article//mark")) == ["Rays", "빠른 확산"]
    assert said(library("/search?q=kim").xpath("//article/p[@class='authors']/mark | //p[@class='authors']/*/mark"))
    assert said(library("/search?author=LEE").xpath("//article//mark")) == ["Lee", "Lee"]
    assert not library("/latest").xpath("//mark")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", "논문 6편"),
        ("q=확산", "논문 3편"),
        ("limit=4&page=2", "논문 6편 · 5–6"),
        ("q=없는말", "찾은 논문이 없습니다."),
        ("limit=4&page=9", "찾은 논문이 없습니다."),
    ],
)
def test_a_search_says_how_many_it_found(library: Pages, query: str, count: str) -> None:
    (found,) = library(f"/search?{query}").xpath("//main//p[@role='status']")
    assert said([found]) == [count]


def test_the_facets_count_what_they_lead_to(library: Pages) -> None:
    page = library("/search?q=확산")
    facets = page.xpath("//nav[@class='facets']//a")
    assert said(facets) == ["모든 해 3", "2024 2", "2023 1", "전체 3", "코드 있음 2", "전체 3", "동영상 있음 2"]
    for facet in facets:
        assert len(titles(library(facet.get("href")))) == int(facet.text_content().split()[-1])
    assert said(page.xpath("//nav[@class='facets']//a[@aria-current]")) == ["모든 해 3", "전체 3", "전체 3"]


CONDITIONS = {"q": "확산|모델", "author": "e", "min_votes": "1", "from": "2024-01-01", "to": "2024-12-31"}
CONDITIONS |= {"has": "video", "order": "votes", "limit": "1"}


def test_the_pages_of_a_search_keep_its_conditions(library: Pages) -> None:
    def way(page: html.HtmlElement) -> dict[str, dict[str, list[str]]]:
        links = page.xpath("(//nav[@class='way'])[1]/a")
        return {link.get("rel"): parse_qs(urlsplit(link.get("href")).query) for link in links}

    kept = {name: [value] for name, value in CONDITIONS.items()}
    first, second = (library(f"/search?{urlencode(CONDITIONS | {'page': page})}") for page in "12")
    assert [titles(first), titles(second)] == [["Beta"], ["Gamma Rays"]]
    assert way(first) == {"next": kept | {"page": ["2"]}}
    assert way(second) == {"prev": kept}


def test_a_search_fills_its_form_with_its_conditions(library: Pages) -> None:
    form = library(f"/search?{urlencode(CONDITIONS)}").forms[0]
    filled = {name: value for name, value in form.form_values() if value}
    assert filled == {name: value for name, value in CONDITIONS.items() if name != "limit"}
    assert form.xpath("details/@open")
    assert not library("/search?q=확산").forms[0].xpath("details/@open")


def test_the_form_of_an_edition_asks_for_its_days(library: Pages) -> None:
    (form,) = library("/2024-W05").xpath("//details/form")
    assert {name: value for name, value in form.form_values() if value} == {
        "from": "2024-01-29",
        "to": "2024-02-04",
        "order": "new",
    }


def test_search_engines_list_every_page_but_searches_that_have_no_name(pages: Pages) -> None:
    topic = next(topic for topic in open_catalog(SEEDS, {"FEEDS_INDEX": ":memory:"}).site.topics if topic.query.q)
    named = f"/{topic.key.text}"
    assert not pages(named).xpath("//meta[@name='robots']")
    assert said(pages(named).xpath("//h1")) == [topic.name]
    for path in ["/", "/books", "/e-reader", *(f"/{key}" for key in KEYS if key != "search")]:
        assert not pages(path).xpath("//meta[@name='robots']")
    for path in ("/search", "/search?q=LLM", f"/search?q={quote(topic.query.q)}", "/weeks"):
        assert pages(path).xpath("//meta[@name='robots']/@content") == ["noindex, follow"]


def crowd(number: int, count: int) -> str:
    """Write the papers of a day."""
    written = [
        paper(f"P{number}-{place}", f"2401.{number * 100 + place}", summary="- 글 하나.\n- 글 둘.")
        for place in range(count)
    ]
    return day(f"2024-01-{number:02}", *written)


def test_the_book_of_a_search_holds_all_that_was_found_or_as_much_as_was_asked_for(
    folder: Path, environ: dict[str, str]
) -> None:
    pages = opened(folder, environ, {"1.md": crowd(1, 61)})
    books = {
        "/search": "/search.epub?limit=500",
        "/search?page=2": "/search.epub?limit=500",
        "/search?limit=60": "/search.epub?limit=60",
        "/search?limit=60&page=2": "/search.epub?limit=60",
        "/search?q=P1-60": "/search.epub?q=P1-60",
    }
    assert {path: chips(pages(path))["EPUB"] for path in books} == books
    assert chips(pages("/search?limit=60&page=2"))["RSS"] == "/search.rss?limit=60"


def test_a_month_of_more_than_100_papers_shows_how_they_begin(folder: Path, environ: dict[str, str]) -> None:
    pages = opened(folder, environ, {"1.md": crowd(1, 50), "2.md": crowd(2, 50), "3.md": crowd(9, 1)})
    for path, count, whole in (("/2024-01", 101, 0), ("/2024-W01", 100, 100), ("/search?limit=100", 100, 100)):
        page = pages(path)
        assert len(page.xpath("//article")) == count
        assert len(page.xpath("//article//li[text()='글 둘.']")) == whole
        assert len(page.xpath("//article/p[text()='글 하나. 글 둘.']")) == count - whole
    assert len(pages("/search?limit=101").xpath("//article/p[text()='글 하나. 글 둘.']")) == 101


def test_the_home_page_has_the_weeks_most_voted_only_if_the_week_has_several_days(
    folder: Path, environ: dict[str, str]
) -> None:
    def lists(*days: str) -> list[list[str]]:
        pages = opened(folder, environ, {f"{number}.md": each for number, each in enumerate(days)})
        return [said(each.xpath("li/a")) for each in pages("/").xpath("//ol[@class='titles']")]

    first = day("2024-01-30", paper("A", "2401.1", votes="Vote: 5"), paper("B", "2401.2", votes="Vote: 9"))
    assert lists(first) == [["A", "B"]]
    second = day("2024-02-01", paper("C", "2402.1", votes="Vote: 7"), paper("D", "2402.2", votes="Vote: 0"))
    assert lists(first, second) == [["C", "D"], ["B", "C", "A"]]
    assert lists(first, second, day("2024-02-20", paper("E", "2402.3"))) == [["E"]]


def test_the_page_of_a_paper_can_be_cited_and_shown_in_previews(library: Pages) -> None:
    page = library("/papers/2401.00002")
    assert said(page.xpath("//textarea[@id='citation']")) == [
        "Ann Lee, Bo Kim et al. (2024). Gamma Rays. arXiv:2401.00002. https://arxiv.org/abs/2401.00002"
    ]
    metas = {each.get("name") or each.get("property"): each.get("content") for each in page.xpath("//meta[@content]")}
    assert metas["description"] == metas["og:description"]
    assert metas["og:description"].startswith("빠른 확산의 코드는")
    assert (metas["og:type"], metas["og:site_name"], metas["og:title"]) == ("article", "Daily Papers", "Gamma Rays")
    assert page.xpath("//meta[@name='citation_author']/@content") == ["Ann Lee", "Bo Kim"]
    assert [metas["citation_publication_date"], metas["citation_online_date"]] == ["2024", "2024/01/30"]
    (image,) = library("/papers/2402.00001").xpath("//meta[@property='og:image']/@content")
    assert image == "https://e.org/a.png"
    assert library("/papers/2312.00001").xpath("//meta[@property='og:description']/@content") != [""]


def test_the_authors_of_a_paper_lead_to_what_else_they_wrote(library: Pages) -> None:
    links = library("/papers/2401.00002").xpath("//p[@class='authors']//a")
    assert said(links) == ["Ann Lee", "Bo Kim"]
    assert titles(library(links[0].get("href"))) == ["Gamma Rays", "Beta"]


def test_a_paper_without_authors_votes_or_a_summary_has_a_page(folder: Path, environ: dict[str, str]) -> None:
    bare = day("2024-01-30", "### [Bare](https://e.org/bare)\n", paper("Other", "2401.1"))
    pages = opened(folder, environ, {"1.md": bare})
    (path,) = pages("/2024-01-30").xpath("//article[1]/h2/a/@href")
    page = pages(path)
    assert titles(page) == ["Bare"]
    assert said(page.xpath("//textarea")) == ["(2024). Bare. https://e.org/bare"]
    assert page.xpath("//meta[@name='description']/@content") == ["Bare"]
    assert not page.xpath("//*[@class='votes'] | //p[@class='authors'] | //img | //video")


def test_titles_and_names_are_in_their_own_language(library: Pages) -> None:
    expected = {"Gamma Rays": "en", "한국어 제목": "ko"}
    for language in ("ko", "en"):
        for path in ("/search", "/2024", "/papers/2401.00002", "/papers/2402.00001"):
            page = library(path, language)
            assert page.get("lang") == language
            for title in expected.keys() & set(titles(page)):
                (element,) = page.xpath(f"//article//*[text()='{title}'][self::a or self::h1]")
                assert element.xpath("ancestor-or-self::*[@lang][1]/@lang") == [expected[title]]
    authors = library("/2024-01-30", "en").xpath("//p[@class='authors']//*[@lang='ko'] | //p[@class='authors'][@lang]")
    assert said(authors) == ["김민준"]


def test_what_is_written_around_names_is_in_the_language_of_the_page(library: Pages) -> None:
    for path in ("/2024-01-30", "/search?q=kim", "/papers/2401.00002"):
        page = library(path)
        (others,) = [each for each in page.xpath("//p[@class='authors']") if each.text_content().split()[-1] == "외"]
        assert not others.get("lang")
        assert " ".join(said(others.xpath("*[@lang='en']"))) == "Ann Lee, Bo Kim"


def test_a_topic_is_named_in_its_own_language(library: Pages) -> None:
    for path in ("/search?q=확산", "/search?q=%ED%99%95%EC%82%B0%7Cdiffusion"):
        assert library(path, "en").xpath("//h1/ancestor-or-self::*[@lang][1]/@lang") == ["ko"]
        assert library(path).xpath("//h1/ancestor-or-self::*[@lang][1]/@lang") == ["ko"]


def test_the_archive_lists_years_and_months_with_their_books(library: Pages) -> None:
    page = library("/all")
    assert said(page.xpath("//main/h2")) == ["2024년 논문 5편", "2023년 논문 1편"]
    rows = [said(row.xpath("th | td[not(a)] | td/a")) for row in page.xpath("//tbody/tr")]
    assert rows == [
        ["2024년 3월", "1", "1", "EPUB"],
        ["2024년 2월", "1", "1", "EPUB"],
        ["2024년 1월", "2", "3", "EPUB"],
        ["2023년 12월", "1", "1", "EPUB"],
    ]
    books = page.xpath("//tbody//a[@class='chip'][contains(@href, '.epub')]/@href")
    assert books == ["/2024-03.epub", "/2024-02.epub", "/2024-01.epub", "/2023-12.epub"]


def test_a_year_is_a_calendar_between_its_neighbours(library: Pages) -> None:
    page = library("/2024")
    assert said(page.xpath("//h1 | //h1/following-sibling::p[1]")) == ["2024년", "논문 5편"]
    assert said(page.xpath("//section[@class='month']/h2/a")) == ["2024년 3월", "2024년 2월", "2024년 1월"]
    assert page.xpath("//nav[@class='way']/a/@href") == ["/2023"] * 2
    assert library("/2023").xpath("//nav[@class='way']/a[@rel='next']/@href") == ["/2024"] * 2


def test_a_day_of_the_calendar_is_shaded_by_its_papers_and_one_without_is_no_link(library: Pages) -> None:
    (month,) = library("/2024").xpath("//svg[@aria-labelledby='month-2024-01']")
    links = month.xpath(".//*[local-name()='a']")
    assert [link.get("href") for link in links] == ["/2024-01-29", "/2024-01-30"]
    assert said(link.xpath("title")[0] for link in links) == ["1월 29일, 논문 1편", "1월 30일, 논문 2편"]
    assert [link.xpath("rect/@class")[0] for link in links] == ["s2", "s4"]
    days = said(month.xpath("g[position() > 1]//text[not(ancestor::a)]"))
    assert days == [str(number) for number in range(1, 32) if number not in (29, 30)]


def test_weeks_begin_with_the_day_that_the_reader_expects(library: Pages) -> None:
    for language, whole in (("ko", "일요일"), ("en", "Sunday")):
        (month,) = library("/2024", language).xpath("//svg[@aria-labelledby='month-2024-02']")
        heads = month.xpath(".//g[@role='columnheader']/@aria-label")
        assert (len(heads), heads[0]) == (7, whole)
        first = [said([cell]) for cell in month.xpath("g[2]/g[@role='cell']")]
        assert first[:4] == [[""], [""], [""], [""]]  # February 1, 2024 was a Thursday
        assert all(len(row.xpath("g")) == 7 for row in month.xpath("g"))


def counts(*days: tuple[date, int]) -> list[DayCount]:
    """Count the papers of days, all of them new."""
    return [DayCount(found, papers, papers) for found, papers in days]


def test_the_calendar_reaches_from_the_first_year_to_the_last() -> None:
    first, last = months(counts((date.min, 1), (date.max, 4)), first_weekday=6)[::-1]
    assert (first.key.text, last.key.text) == ("0001-01", "9999-12")
    for month, end in ((first, 31), (last, 31)):
        cells = [cell for week in month.weeks for cell in week if cell]
        assert [cell.date.day for cell in cells] == list(range(1, end + 1))
        assert {len(week) for week in month.weeks} == {7}


def test_shades_go_by_quarters_of_the_busiest_day_and_a_day_without_papers_has_the_least() -> None:
    papers = [0, 1, 25, 26, 50, 51, 75, 76, 100]
    start = date(2024, 1, 1)
    (month,) = months(counts(*((start + timedelta(days=place), each) for place, each in enumerate(papers))), 0)
    cells = [cell for week in month.weeks for cell in week if cell]
    assert [cell.shade for cell in cells[: len(papers)]] == [1, 1, 1, 2, 2, 3, 3, 4, SHADES]
    assert {cell.shade for cell in cells[len(papers) :]} == {0}
    assert {cell.shade for week in months(counts((start, 0)), 0)[0].weeks for cell in week if cell} == {0, 1}


def test_days_at_the_edges_and_days_without_papers_have_pages(folder: Path, environ: dict[str, str]) -> None:
    files = {
        "1.md": day("1990-01-01", paper("First", "2401.1")),
        "2.md": day("2024-01-30"),
        "3.md": day("2999-12-31", paper("Last", "2401.2")),
    }
    pages = opened(folder, environ, files)
    for path in ("/", "/all", "/1990", "/2999", "/1990-01", "/3000-W01", "/1990-W01", "/books", "/e-reader", "/daily"):
        assert pages(path).xpath("//h1")
    empty = pages("/2024-01-30")
    assert "아직 논문이 없습니다." in said(empty.xpath("//main//p"))
    assert empty.xpath("(//nav[@class='way'])[1]/a/@href") == ["/1990-01-01", "/2999-12-31"]
    assert said(pages("/2024").xpath("//svg//a/title")) == ["1월 30일, 논문 0편"]
    everything = pages("/search?from=0001-01-01&to=9999-12-31")
    assert titles(everything) == ["Last", "First"]
    assert len(pages("/").xpath("//section[@class='month']")) == 3


def test_an_archive_with_no_day_has_every_page(folder: Path, environ: dict[str, str]) -> None:
    pages = Pages(create_app(folder, environ).test_client())
    for path in ("/", "/latest", "/all", "/daily", "/weekly", "/search", "/books", "/e-reader"):
        page = pages(path)
        assert page.xpath("//h1")
        assert not page.xpath("//article | //*[contains(., 'None')]")


SCRIPT = '"><script>alert(1)</script>'
HOSTILE: Files = {
    "1.md": day(
        "2024-01-30",
        paper(
            f"Title {SCRIPT} ' onload=x",
            "2401.1",
            authors=f"Authors: O'Neil \" onclick=x, {SCRIPT}, javascript:alert(1)",
            media='![](https://e.org/a.png?"onerror="x)',
            summary=f"- {SCRIPT} [눌러](javascript:alert(1)) <img src=x onerror=y> [자료](data:text/html,x) '\"",
        ),
        paper("{{ 7 * 7 }} &lt;b&gt; <b>", "2401.2", media="![](javascript:alert(1))", summary="- <b onclick=x>글</b>"),
        "### [Odd](https://e.org/a%20?b='c'&d=<e>\"f\")\n",
    ),
    "feeds.toml": f"""
title = 'Site {SCRIPT}'
description = 'About {SCRIPT}'
rights = 'Rights {SCRIPT}'
[topics]
'Topic {SCRIPT}' = 'a'
""",
}


def linked(page: html.HtmlElement) -> list[str]:
    """List whatever a page leads to, shows or runs."""
    names = ("href", "src", "action", "formaction", "poster")
    return [str(each) for each in page.xpath("|".join(f"//@{name}" for name in names))]


def test_nothing_hostile_becomes_markup(folder: Path, environ: dict[str, str]) -> None:
    pages = opened(folder, environ, HOSTILE)
    query = urlencode({"q": f"alert {SCRIPT}", "author": SCRIPT})
    paths = ["/", "/2024-01-30", "/2024", "/all", "/daily", "/weekly", "/books", "/e-reader", f"/search?{query}"]
    paths += ["/search", "/search?q=a", "/search?q=script", "/search?author=%22%3E%3Cscript"]
    paths += [path for path in linked(pages("/2024-01-30")) if path.startswith("/papers/")]
    assert len(paths) > 14
    for path in paths:
        page = pages(path)
        assert set(page.xpath("//script/@src")) <= {"/script.js"}
        assert not page.xpath("//script[not(@src)] | //b[@onclick] | //@*[starts-with(name(), 'on')] | //iframe"), path
        assert not [each for each in linked(page) if urlsplit(each).scheme not in ("", "http", "https")], path
    listed = titles(pages("/2024-01-30"))
    assert listed[:2] == [f"Title {SCRIPT} ' onload=x", "{{ 7 * 7 }} <b> <b>"]
    assert said(pages("/").xpath("//p[@class='site']")) == [f"Site {SCRIPT}"]


def internal(page: html.HtmlElement, path: str) -> dict[str, str]:
    """List the addresses of ours that a page leads to, with the part of a page that each names."""
    found = [urljoin(f"http://localhost{path}", each) for each in linked(page)]
    return {
        urldefrag(each).url.removeprefix("http://localhost"): urldefrag(each).fragment
        for each in found
        if each.startswith("http://localhost/")
    }


def test_every_link_leads_somewhere(library: Pages) -> None:
    client = library.client
    waiting, seen = ["/"], {"/"}
    while waiting:
        path = waiting.pop()
        answer = client.get(path)
        assert answer.status_code == 200, path
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue
        page = html.fromstring(answer.data)
        for address, part in internal(page, path).items():
            if part and address in ("/", path):
                home = page if address == path else library(address)
                assert home.xpath("//*[@id=$part]", part=part), (path, part)
            if address not in seen:
                seen.add(address)
                waiting.append(address)
    assert len(seen) > 200
    keys = (parse_key(urlsplit(each).path.removeprefix("/")) for each in seen)
    assert {key.scope for key in keys if key} >= set(Scope) - {Scope.SITE, Scope.SHELF}


def test_every_id_of_a_page_is_of_one_element_and_every_label_of_a_field(library: Pages) -> None:
    for path in ("/", "/books", "/search?q=확산", "/2024-01-30", "/2024", "/papers/2401.00002", "/weekly"):
        page = library(path)
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids)), path
        named = page.xpath("//label/@for | //@aria-labelledby | //@data-copies")
        assert set(named) <= set(ids), path
