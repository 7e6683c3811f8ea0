"""HTML pages as a parser reads them: formats, search forms, counts, languages, calendars, links and escaping."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from importlib.metadata import EntryPoint, entry_points
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urldefrag, urlencode, urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import html

from feeds.exporters import registry
from feeds.exporters.contract import Format, Kind, RenderContext, Resource
from feeds.exporters.html.calendar import SHADES, lay_out_months, split_by_period
from feeds.model.keys import LATEST, Key, Scope, SiteKey, parse_key
from feeds.model.paper import DayCount
from feeds.publishing.publisher import Publisher, open_publisher
from feeds.site.i18n import get_locale
from feeds.site.site import TOPICS, Site
from tests.support.digests import SEEDS, Files, OpenFiles, day, load, paper, write_files
from tests.support.library import LIBRARY
from tests.support.work import WorkCounter
from web import create_app


class Pages:
    """The parsed pages of an app."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def __call__(self, path: str, language: str = "ko") -> html.HtmlElement:
        """Get and parse a page, which must exist."""
        response = self.client.get(path, headers={"Accept-Language": language})
        assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8"), path
        return html.fromstring(response.data)


@pytest.fixture
def pages(client: FlaskClient) -> Pages:
    """The pages of the seeds."""
    return Pages(client)


@pytest.fixture
def library(folder: Path, environ: dict[str, str]) -> Pages:
    """The pages of six papers."""
    return open_pages(folder, environ, LIBRARY)


def open_pages(folder: Path, environ: dict[str, str], files: Files) -> Pages:
    """Write files to a folder and return the pages of the archive."""
    write_files(folder, files)
    return Pages(create_app(folder, environ).test_client())


def texts(elements: Iterable[html.HtmlElement]) -> list[str]:
    """Return the texts of elements."""
    return [" ".join(str(element.text_content()).split()) for element in elements]


def titles(page: html.HtmlElement) -> list[str]:
    """Return the titles of the papers on a page."""
    return texts(page.xpath("//article/*[self::h1 or self::h2 or self::h3][1]"))


def format_links(page: html.HtmlElement) -> dict[str, str]:
    """Return the URLs of a page in other formats, by the names of the formats."""
    return {name: url for _, name, url in menu_links(page)}


def menu_links(page: html.HtmlElement) -> list[tuple[str, str, str]]:
    """Return the name of the menu, that of the format and the URL of each other format that a page links to."""
    menus = page.xpath("//div[@class='offer']/details")
    return [
        (str(menu.xpath("string(summary)")), link.text_content(), link.get("href"))
        for menu in menus
        for link in menu.xpath("p[not(@class)]/a")
    ]


KEYS = ["latest", "2024-01-30", "2024-W05", "2024-01", "2024", "all", "daily", "weekly", "monthly", "search"]
KEYS += ["papers/2401.16420"]


@pytest.fixture
def csv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the plug-in of the tests, an exporter of CSV files."""
    point = EntryPoint("csv", "tests.plugin.feeds_csv:CsvExporter", registry.GROUP)
    points = entry_points(group=registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [*points, point])


@pytest.mark.usefixtures("csv")
def test_page_offers_every_registered_format(environ: dict[str, str], seeds: Publisher) -> None:
    pages = Pages(create_app(SEEDS, environ).test_client())
    offered = set()
    for text in KEYS:
        key = parse_key(text)
        assert key
        kinds = (Kind.FEED, Kind.BOOK, Kind.FILE, Kind.CATALOG)
        expected = {f"/{resource.path}" for kind in kinds for resource in seeds.formats.resources(key, kind)}
        links = format_links(pages(f"/{text}"))
        assert set(links.values()) == expected, text
        for url in links.values():
            assert pages.client.get(url).status_code == 200
        offered |= set(links)
    assert {"RSS", "EPUB", "MD", "CSV"} <= offered


@pytest.mark.usefixtures("csv")
def test_formats_are_in_menus_by_what_they_are_for(environ: dict[str, str]) -> None:
    pages = Pages(create_app(SEEDS, environ).test_client())
    downloads = [("내려받기", name) for name in ("EPUB", "MD", "CSV")]
    subscriptions = [("구독", name) for name in ("RSS", "ATOM", "JSON")]
    citations = [("인용", name) for name in ("BIB", "RIS", "CSL")]
    catalogs = [("구독", name) for name in ("OPDS", "OPDS2")]
    for path, expected in (
        ("/latest", downloads + subscriptions + citations),
        ("/search?q=LLM", downloads + subscriptions + catalogs + citations),
    ):
        assert [(menu, name) for menu, name, _ in menu_links(pages(path))] == expected
    assert [(menu, name) for menu, name, _ in menu_links(pages("/papers/2401.16420"))] == downloads[-1:] + citations[:1]


WHOLE_SITE = SiteKey("")


class CountingRegistry(registry.Registry):
    """The formats, counting how often pages ask for those of each edition and of the whole site."""

    def __init__(self, formats: Iterable[Format]) -> None:
        super().__init__(formats)
        self.questions: Counter[Key] = Counter()

    def resources(self, key: Key, kind: Kind | None = None) -> tuple[Resource, ...]:
        self.questions[key] += 1
        return super().resources(key, kind)

    def site_resources(self) -> Iterator[Resource]:
        self.questions[WHOLE_SITE] += 1
        return super().site_resources()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_parts_that_pages_share_are_made_once(seeds: Publisher, language: str) -> None:
    formats = CountingRegistry(seeds.formats)
    context = RenderContext(seeds.site, formats, get_locale(language))
    first, second = (load(seeds, text) for text in ("2024-01-30", "2024-03-20"))
    assert b"".join(formats["html"].exporter.render(first, context))
    assert formats.questions == {first.key: 1, LATEST: 1, WHOLE_SITE: 1}
    assert b"".join(formats["html"].exporter.render(second, context))
    assert formats.questions == {first.key: 1, second.key: 1, LATEST: 1, WHOLE_SITE: 1}


@pytest.mark.usefixtures("csv")
def test_books_form_offers_every_file_format(environ: dict[str, str]) -> None:
    pages = Pages(create_app(SEEDS, environ).test_client())
    buttons = pages("/books").xpath("//main//form[@class='fields']//button/@formaction")
    assert buttons == [f"/search.{name}" for name in ("epub", "bib", "ris", "csl.json", "md", "csv")] + ["/search"]


def test_page_without_book_exporter_offers_no_book(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    without_books = registry.Registry(item for item in registry.load() if item.kind is not Kind.BOOK)
    monkeypatch.setattr(registry, "load", lambda: without_books)
    pages = Pages(create_app(SEEDS, environ).test_client())
    for path in ["/", "/books", "/e-reader", *(f"/{key}" for key in KEYS)]:
        assert ".epub" not in html.tostring(pages(path)).decode(), path


def test_search_highlights_words_in_titles_authors_and_texts(library: Pages) -> None:
    page = library('/search?q=rays "빠른 확산"')
    assert texts(page.xpath("//article//h2//mark")) == ["Rays"]
    assert texts(page.xpath("//article/details/summary//mark")) == ["빠른 확산"]
    assert texts(page.xpath("//article/details/div//mark")) == ["빠른 확산"]
    assert texts(library("/search?q=kim").xpath("//article//*[@class='authors']/*/mark")) == ["Kim"]
    assert texts(library("/search?author=LEE").xpath("//article//mark")) == ["Lee", "Lee"]
    assert not library("/latest").xpath("//mark")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", "논문 6편"),
        ("q=확산", "논문 3편"),
        ("limit=4&page=2", "논문 6편 · 5 ~ 6번째"),
        ("q=없는말", "논문을 찾지 못했습니다."),
        ("limit=4&page=9", "논문을 찾지 못했습니다."),
    ],
)
def test_search_states_the_number_of_results(library: Pages, query: str, count: str) -> None:
    assert texts(library(f"/search?{query}").xpath("//main//p[@role='status']")) == [count]


def test_facet_counts_match_their_results(library: Pages) -> None:
    page = library("/search?q=확산")
    facets = page.xpath("//nav[@class='facets']//a")
    assert texts(facets) == ["모든 연도 3", "2024 2", "2023 1", "전체 3", "코드 있음 2", "전체 3", "동영상 있음 2"]
    for facet in facets:
        assert len(titles(library(facet.get("href")))) == int(facet.text_content().split()[-1])
    assert texts(page.xpath("//nav[@class='facets']//a[@aria-current]")) == ["모든 연도 3", "전체 3", "전체 3"]


CONDITIONS = {"q": "확산|모델", "author": "e", "min_votes": "1", "from": "2024-01-01", "to": "2024-12-31"}
CONDITIONS |= {"has": "video", "order": "votes", "limit": "1"}


def test_search_pages_keep_the_conditions(library: Pages) -> None:
    def neighbours(page: html.HtmlElement) -> dict[str, dict[str, list[str]]]:
        links = page.xpath("(//nav[@class='way'])[1]/a")
        return {link.get("rel"): parse_qs(urlsplit(link.get("href")).query) for link in links}

    conditions = {name: [value] for name, value in CONDITIONS.items()}
    first, second = (library(f"/search?{urlencode(CONDITIONS | {'page': page})}") for page in "12")
    assert [titles(first), titles(second)] == [["Beta"], ["Gamma Rays"]]
    assert neighbours(first) == {"next": conditions | {"page": ["2"]}}
    assert neighbours(second) == {"prev": conditions}


def test_search_form_is_filled_with_the_conditions(library: Pages) -> None:
    form = library(f"/search?{urlencode(CONDITIONS)}").forms[0]
    values = {name: value for name, value in form.form_values() if value}
    assert values == {name: value for name, value in CONDITIONS.items() if name != "limit"}
    assert form.xpath("details/@open")
    assert not library("/search?q=확산").forms[0].xpath("details/@open")


def test_edition_form_is_filled_with_its_days(library: Pages) -> None:
    (form,) = library("/2024-W05").xpath("//details/form")
    assert {name: value for name, value in form.form_values() if value} == {
        "from": "2024-01-29",
        "to": "2024-02-04",
        "order": "new",
    }


def test_noindex_is_set_for_searches_and_lists_only(pages: Pages) -> None:
    topic = next(topic for topic in TOPICS if topic.key.query.q)
    topic_page = pages(f"/{topic.key.text}")
    assert not topic_page.xpath("//meta[@name='robots']")
    assert texts(topic_page.xpath("//h1")) == [topic.name]
    for path in ["/", "/books", "/e-reader", *(f"/{key}" for key in KEYS if key != "search")]:
        assert not pages(path).xpath("//meta[@name='robots']")
    for path in ("/search", "/search?q=LLM", f"/search?q={quote(topic.key.query.q)}", "/weeks"):
        assert pages(path).xpath("//meta[@name='robots']/@content") == ["noindex, follow"]


def many_papers(day_of_month: int, count: int) -> str:
    """Return a day file with many papers."""
    papers = [
        paper(f"P{day_of_month}-{rank}", f"2401.{day_of_month * 100 + rank}", summary="- 글 하나.\n- 글 둘.")
        for rank in range(count)
    ]
    return day(f"2024-01-{day_of_month:02}", *papers)


def test_search_book_holds_all_results_unless_limited(folder: Path, environ: dict[str, str]) -> None:
    pages = open_pages(folder, environ, {"1.md": many_papers(1, 61)})
    books = {
        "/search": "/search.epub",
        "/search?page=2": "/search.epub",
        "/search?limit=60": "/search.epub?limit=60",
        "/search?limit=60&page=2": "/search.epub?limit=60",
        "/search?q=P1-60": "/search.epub?q=P1-60",
    }
    assert {path: format_links(pages(path))["EPUB"] for path in books} == books
    assert format_links(pages("/search?limit=60&page=2"))["RSS"] == "/search.rss?limit=60"


@pytest.fixture
def large(folder: Path, environ: dict[str, str]) -> Pages:
    """The pages of a week of 100 papers in two days, and of a later day of one paper."""
    return open_pages(folder, environ, {f"{number}.md": many_papers(*number) for number in ((1, 50), (2, 50), (9, 1))})


@pytest.mark.parametrize(
    ("path", "papers", "whole"),
    [
        ("/2024-01-01", 50, 50),
        ("/2024-01", 21, 0),
        ("/2024-W01", 30, 30),
        ("/2024-W01.full.html", 100, 100),
        ("/search?limit=100", 100, 100),
        ("/search?limit=101", 101, 0),
    ],
)
def test_page_of_more_than_100_papers_has_no_summaries(large: Pages, path: str, papers: int, whole: int) -> None:
    page = large(path)
    assert len(page.xpath("//article")) == papers
    assert len(page.xpath("//article/details/div[@class='summary']//li[text()='글 둘.']")) == whole
    assert len(page.xpath("//article/p[@class='lead'][text()='글 하나.']")) == papers - whole
    assert len(page.xpath("//article/details/summary[normalize-space()='글 하나.']")) == whole


@pytest.mark.parametrize(("path", "shown"), [("/2024-W01", [15, 15]), ("/2024-01", [1, 10, 10])])
def test_days_of_a_long_page_fold_titles(large: Pages, path: str, shown: list[int]) -> None:
    page = large(path)
    days = page.xpath("//h2[@class='day']")
    articles: list[int] = []
    for element in page.xpath("//div[@class='list']/*"):
        articles += [0] * (element.tag == "h2")
        articles[-1] += element.tag == "article"
    assert articles == shown
    names = titles(page) + texts(page.xpath("//details[@class='more']//li/a"))
    assert len(set(names)) == len(names) == sum(50 if count > 1 else 1 for count in shown)
    assert page.xpath("//nav[@class='days']/a/@href") == [f"#{day.get('id')}" for day in days]


def test_long_page_shows_the_most_voted_papers_of_a_day(folder: Path, environ: dict[str, str]) -> None:
    def digest(number: int) -> str:
        papers = (paper(f"P{votes}", f"24{number:02}.{votes}", votes=f"Vote: {votes}") for votes in range(20))
        return day(f"2024-01-0{number}", *papers)

    page = open_pages(folder, environ, {"1.md": digest(1), "2.md": digest(2)})("/2024-01")
    assert titles(page) == [f"P{votes}" for votes in range(5, 20)] * 2
    assert texts(page.xpath("//details[@class='more']/summary")) == ["논문 5편 더 보기"] * 2


def test_page_with_all_summaries_is_linked_and_not_indexed(library: Pages) -> None:
    for path in ("/latest", "/2024-01-30", "/2024-W05"):
        folded, full = library(path), library(f"{path}.full.html")
        assert folded.xpath("//div[@class='offer']/a/@href") == [f"{path}.full.html"]
        assert full.xpath("//div[@class='offer']/a/@href") == [path]
        assert full.xpath("//link[@rel='canonical']/@href") == folded.xpath("//link[@rel='canonical']/@href")
        assert full.xpath("//meta[@name='robots']/@content") == ["noindex, follow"]
        assert titles(full) == titles(folded)
        assert len(full.xpath("//article/details[@open]")) == len(folded.xpath("//article/details[not(@open)]")) > 0
    assert not library("/2024-01").xpath("//div[@class='offer']/a")


def test_list_names_three_authors_and_those_that_match(folder: Path, environ: dict[str, str]) -> None:
    authors = [f"Ann A{number}" for number in range(1, 9)]
    files = {"1.md": day("2024-01-30", paper("Many", "2401.1", authors=f"Authors: {', '.join(authors)}"))}
    pages = open_pages(folder, environ, files)
    for path, line in (
        ("/2024-01-30", "Ann A1, Ann A2, Ann A3 외 5명"),
        ("/search?author=A7", "Ann A1, Ann A2, Ann A3, Ann A7 외 4명"),
        ("/search?author=A3", "Ann A1, Ann A2, Ann A3 외 5명"),
    ):
        assert texts(pages(path).xpath("//*[@class='authors']")) == [line]
    assert texts(pages("/papers/2401.00001").xpath("//div[@class='authors']//a")) == authors
    assert texts(pages("/papers/2401.00001").xpath("//div[@class='authors']//summary")) == ["외 5명"]


def test_author_and_topic_pages_chart_their_months(folder: Path, environ: dict[str, str]) -> None:
    files: dict[str, str] = {"feeds.toml": '[topics]\n"Robots" = "robot"\n'}
    for month, count in ((1, 2), (2, 0), (4, 1)):
        papers = (
            paper(f"Robot {number}", f"240{month}.{number}", authors="Authors: Ann Lee") for number in range(count)
        )
        files[f"{month}.md"] = day(f"2024-0{month}-01", *papers, paper("Other", f"240{month}.9"))
    pages = open_pages(folder, environ, files)
    for path, heading in (("/topics/Robots", "Robots"), ("/search?author=Ann+Lee", "Ann Lee의 논문")):
        page = pages(path)
        assert texts(page.xpath("//h1")) == [heading]
        (chart,) = page.xpath("//figure[@class='chart']/*[local-name()='svg']")
        assert texts(chart.xpath("*/title")) == ["2024년 1월: 2", "2024년 4월: 1"]
        assert chart.xpath("*/@x") == ["0", "18"]
        assert chart.get("aria-label").startswith("월별 논문")
    for path in ("/search?author=Ann+Lee&q=robot", "/search?q=robot", "/search?author=Nobody"):
        assert not pages(path).xpath("//figure")


def test_search_shows_the_sentence_that_matches(folder: Path, environ: dict[str, str]) -> None:
    summary = "- 모델을 제안합니다. 둘째 문장입니다.\n- 확산을 씁니다. 끝입니다."
    pages = open_pages(folder, environ, {"1.md": day("2024-01-30", paper("A", "2401.1", summary=summary))})
    for query, sentence in (("확산", "확산을 씁니다."), ("모델", "모델을 제안합니다."), ("A", "모델을 제안합니다.")):
        assert texts(pages(f"/search?q={query}").xpath("//article/details/summary")) == [sentence]


def test_paper_page_has_a_citation_and_preview_data(library: Pages) -> None:
    page = library("/papers/2401.00002")
    assert texts(page.xpath("//textarea[@id='citation']")) == [
        "Ann Lee, Bo Kim et al. (2024). Gamma Rays. arXiv:2401.00002. https://arxiv.org/abs/2401.00002"
    ]
    metas = {meta.get("name") or meta.get("property"): meta.get("content") for meta in page.xpath("//meta[@content]")}
    assert metas["description"] == metas["og:description"]
    assert metas["og:description"].startswith("빠른 확산의 코드는")
    assert (metas["og:type"], metas["og:site_name"], metas["og:title"]) == ("article", "Daily Papers", "Gamma Rays")
    assert page.xpath("//meta[@name='citation_author']/@content") == ["Ann Lee", "Bo Kim"]
    assert [metas["citation_publication_date"], metas["citation_online_date"]] == ["2024", "2024/01/30"]
    (image,) = library("/papers/2402.00001").xpath("//meta[@property='og:image']/@content")
    assert image == "https://e.org/a.png"
    assert library("/papers/2312.00001").xpath("//meta[@property='og:description']/@content") != [""]


def test_paper_authors_link_to_their_papers(library: Pages) -> None:
    links = library("/papers/2401.00002").xpath("//div[@class='authors']//a")
    assert texts(links) == ["Ann Lee", "Bo Kim"]
    assert titles(library(links[0].get("href"))) == ["Gamma Rays", "Beta"]


def test_paper_page_links_to_its_sources(library: Pages) -> None:
    sources = library("/papers/2401.00002").xpath("//p[@class='sources']/a")
    assert dict(zip(texts(sources), [source.get("href") for source in sources], strict=True)) == {
        "arXiv": "https://arxiv.org/abs/2401.00002",
        "PDF": "https://arxiv.org/pdf/2401.00002",
        "Hugging Face": "https://huggingface.co/papers/2401.00002",
        "코드": "https://github.com/a/b",
        "동영상": "https://e.org/a.mp4",
    }


def test_paper_page_leads_to_other_papers_and_topics(folder: Path, environ: dict[str, str]) -> None:
    files = {
        "feeds.toml": '[topics]\n"Robots" = "robot"\n"Others" = "nothing"\n',
        "1.md": day("2024-01-29", paper("Robot Gloves", "2401.1", votes="Vote: 7"), paper("Unlike", "2401.2")),
        "2.md": day(
            "2024-01-30", paper("First", "2401.3"), paper("Robot Gloves Again", "2401.4"), paper("Last", "2401.5")
        ),
    }
    page = open_pages(folder, environ, files)("/papers/2401.00004")
    (related,) = page.xpath("//section[@id='related']//li")
    assert texts([related]) == ["Robot Gloves 2024년 1월 29일 ▲ 7"]
    assert related.xpath("a/@href") == ["/papers/2401.00001"]
    assert page.xpath("//a[text()='Robots']/@href") == ["/topics/Robots"]
    assert not page.xpath("//a[text()='Others']")
    neighbours = {link.get("rel"): link.get("href") for link in page.xpath("//nav[@class='way']/a")}
    assert neighbours == {"prev": "/papers/2401.00003", "next": "/papers/2401.00005"}


def test_paper_with_only_a_title_has_a_page(folder: Path, environ: dict[str, str]) -> None:
    bare = day("2024-01-30", "### [Bare](https://e.org/bare)\n", paper("Other", "2401.1"))
    pages = open_pages(folder, environ, {"1.md": bare})
    (path,) = pages("/2024-01-30").xpath("//article[1]/h2/a/@href")
    page = pages(path)
    assert titles(page) == ["Bare"]
    assert texts(page.xpath("//textarea")) == ["(2024). Bare. https://e.org/bare"]
    assert page.xpath("//meta[@name='description']/@content") == ["Bare"]
    assert not page.xpath("//*[@class='votes'] | //*[@class='authors'] | //img | //video")


def test_titles_and_names_are_marked_with_their_language(library: Pages) -> None:
    expected = {"Gamma Rays": "en", "한국어 제목": "ko"}
    for language in ("ko", "en"):
        for path in ("/search", "/2024", "/papers/2401.00002", "/papers/2402.00001"):
            page = library(path, language)
            assert page.get("lang") == language
            for title in expected.keys() & set(titles(page)):
                (element,) = page.xpath(f"//article//*[text()='{title}'][self::a or self::h1]")
                assert element.xpath("ancestor-or-self::*[@lang][1]/@lang") == [expected[title]]
    authors = library("/2024-01-30", "en").xpath("//*[@class='authors']//*[@lang='ko'] | //*[@class='authors'][@lang]")
    assert texts(authors) == ["김민준"]


def test_words_around_names_have_the_language_of_the_page(library: Pages) -> None:
    for path in ("/2024-01-30", "/search?q=kim", "/papers/2401.00002"):
        page = library(path)
        (authors,) = [line for line in page.xpath("//*[@class='authors']") if line.text_content().split()[-1] == "외"]
        assert not authors.get("lang")
        assert " ".join(texts(authors.xpath("*[@lang='en']"))) == "Ann Lee, Bo Kim"


def test_search_heading_has_the_language_of_its_words(library: Pages) -> None:
    for path in ("/search?q=확산", "/search?q=%ED%99%95%EC%82%B0%7Cdiffusion"):
        assert library(path, "en").xpath("//h1/ancestor-or-self::*[@lang][1]/@lang") == ["ko"]
        assert library(path).xpath("//h1/ancestor-or-self::*[@lang][1]/@lang") == ["ko"]


def test_archive_lists_years_and_months_with_books(library: Pages) -> None:
    page = library("/all")
    assert texts(page.xpath("//main/h2")) == ["2024년 논문 5편", "2023년 논문 1편"]
    rows = [texts(row.xpath("th | td[not(a)] | td/a")) for row in page.xpath("//tbody/tr")]
    assert rows == [
        ["2024년 3월", "1", "1", "EPUB"],
        ["2024년 2월", "1", "1", "EPUB"],
        ["2024년 1월", "2", "3", "EPUB"],
        ["2023년 12월", "1", "1", "EPUB"],
    ]
    books = page.xpath("//tbody//a[@class='chip'][contains(@href, '.epub')]/@href")
    assert books == ["/2024-03.epub", "/2024-02.epub", "/2024-01.epub", "/2023-12.epub"]


@pytest.mark.parametrize("path", ["all", "2024"])
def test_calendar_page_costs_the_same_with_more_papers(
    folder: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    counter = WorkCounter()
    counter.install(monkeypatch)
    steps = []
    for count in (1, 400):
        write_files(folder, {"1.md": day("2024-01-30", *(paper(f"P{n}", f"2401.{n}") for n in range(count)))})
        publisher = open_publisher(folder, environ | {"FEEDS_INDEX": f"{folder}-{count}.sqlite"})
        representation = publisher.representation(publisher.find(path))
        with counter.count() as work:
            publisher.render(representation)
        steps.append(work[0].steps)
        assert representation.loaded_papers == 0
    assert steps[0] == steps[1]


def test_year_is_a_calendar_with_neighbours(library: Pages) -> None:
    page = library("/2024")
    assert texts(page.xpath("//h1 | //h1/following-sibling::p[1]")) == ["2024년", "논문 5편"]
    assert texts(page.xpath("//section[@class='month']/h2/a")) == ["2024년 3월", "2024년 2월", "2024년 1월"]
    assert page.xpath("//nav[@class='way']/a/@href") == ["/2023"] * 2
    assert library("/2023").xpath("//nav[@class='way']/a[@rel='next']/@href") == ["/2024"] * 2


def test_calendar_links_and_shades_days_of_the_archive(library: Pages) -> None:
    (month,) = library("/2024").xpath("//svg[@aria-labelledby='month-2024-01']")
    links = month.xpath(".//*[local-name()='a']")
    assert [link.get("href") for link in links] == ["/2024-01-29", "/2024-01-30"]
    assert texts(link.xpath("title")[0] for link in links) == ["1월 29일, 논문 1편", "1월 30일, 논문 2편"]
    assert [link.xpath("rect/@class")[0] for link in links] == ["s2", "s4"]
    days = texts(month.xpath("g[position() > 1]//text[not(ancestor::a)]"))
    assert days == [str(number) for number in range(1, 32) if number not in (29, 30)]


def test_week_starts_with_the_first_day_of_the_language(library: Pages) -> None:
    for language, sunday in (("ko", "일요일"), ("en", "Sunday")):
        (month,) = library("/2024", language).xpath("//svg[@aria-labelledby='month-2024-02']")
        heads = month.xpath(".//g[@role='columnheader']/@aria-label")
        assert (len(heads), heads[0]) == (7, sunday)
        first = [texts([cell]) for cell in month.xpath("g[2]/g[@role='cell']")]
        assert first[:4] == [[""], [""], [""], [""]]  # February 1, 2024 was a Thursday
        assert all(len(row.xpath("g")) == 7 for row in month.xpath("g"))


def counts(*days: tuple[date, int]) -> list[DayCount]:
    """Return the counts of days whose papers are all new."""
    return [DayCount(day, papers, papers) for day, papers in days]


def test_calendar_covers_the_years_1_to_9999() -> None:
    first, last = lay_out_months(counts((date.min, 1), (date.max, 4)), first_weekday=6)[::-1]
    assert (first.key.text, last.key.text) == ("0001-01", "9999-12")
    for month in (first, last):
        cells = [cell for week in month.weeks for cell in week if cell]
        assert [cell.date.day for cell in cells] == list(range(1, 32))
        assert {len(week) for week in month.weeks} == {7}


def test_newest_months_are_found_without_reading_older_days() -> None:
    class ReadDays(list[DayCount]):
        """Counts the days that are read one by one."""

        reads = 0

        def __getitem__(self, index: Any) -> Any:
            self.reads += not isinstance(index, slice)
            return super().__getitem__(index)

    days = ReadDays(counts(*((date(1990, 1, 1) + timedelta(number), 1) for number in range(10_000))))
    months = [month.key.text for month in islice(split_by_period(days, Scope.MONTH), 3)]
    assert months == ["2017-05", "2017-04", "2017-03"]
    assert days.reads < 60


def test_shade_is_the_quarter_of_the_busiest_day() -> None:
    papers = [0, 1, 25, 26, 50, 51, 75, 76, 100]
    start = date(2024, 1, 1)
    (month,) = lay_out_months(counts(*((start + timedelta(number), count) for number, count in enumerate(papers))), 0)
    cells = [cell for week in month.weeks for cell in week if cell]
    assert [cell.shade for cell in cells[: len(papers)]] == [1, 1, 1, 2, 2, 3, 3, 4, SHADES]
    assert {cell.shade for cell in cells[len(papers) :]} == {0}
    assert {cell.shade for week in lay_out_months(counts((start, 0)), 0)[0].weeks for cell in week if cell} == {0, 1}


def test_distant_and_empty_days_have_pages(folder: Path, environ: dict[str, str]) -> None:
    files = {
        "1.md": day("1990-01-01", paper("First", "2401.1")),
        "2.md": day("2024-01-30"),
        "3.md": day("2025-12-31", paper("Last", "2401.2")),
    }
    pages = open_pages(folder, environ, files)
    for path in ("/", "/all", "/1990", "/2025", "/1990-01", "/2026-W01", "/1990-W01", "/books", "/e-reader", "/daily"):
        assert pages(path).xpath("//h1")
    empty = pages("/2024-01-30")
    assert "아직 논문이 없습니다." in texts(empty.xpath("//main//p"))
    assert empty.xpath("(//nav[@class='way'])[1]/a/@href") == ["/1990-01-01", "/2025-12-31"]
    assert texts(pages("/2024").xpath("//svg//a/title")) == ["1월 30일, 논문 0편"]
    everything = pages("/search?from=0001-01-01&to=9999-12-31")
    assert titles(everything) == ["Last", "First"]
    assert len(pages("/").xpath("//section[@class='month']")) == 3


def test_empty_archive_has_every_page(folder: Path, environ: dict[str, str]) -> None:
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


def links(page: html.HtmlElement) -> list[str]:
    """List every URL that a page links to or loads."""
    names = ("href", "src", "action", "formaction", "poster")
    return [str(url) for url in page.xpath("|".join(f"//@{name}" for name in names))]


def test_hostile_text_does_not_become_markup(folder: Path, environ: dict[str, str]) -> None:
    pages = open_pages(folder, environ, HOSTILE)
    query = urlencode({"q": f"alert {SCRIPT}", "author": SCRIPT})
    paths = ["/", "/2024-01-30", "/2024", "/all", "/daily", "/weekly", "/books", "/e-reader", f"/search?{query}"]
    paths += ["/search", "/search?q=a", "/search?q=script", "/search?author=%22%3E%3Cscript"]
    paths += [path for path in links(pages("/2024-01-30")) if path.startswith("/papers/")]
    assert len(paths) > 14
    for path in paths:
        page = pages(path)
        assert set(page.xpath("//script/@src")) <= {"/script.js", "/theme.js"}
        assert not page.xpath("//script[not(@src)] | //b[@onclick] | //@*[starts-with(name(), 'on')] | //iframe"), path
        assert not [url for url in links(page) if urlsplit(url).scheme not in ("", "http", "https")], path
    assert titles(pages("/2024-01-30"))[:2] == [f"Title {SCRIPT} ' onload=x", "{{ 7 * 7 }} <b> <b>"]
    assert texts(pages("/").xpath("//p[@class='site']")) == [f"Site {SCRIPT}"]


def own_links(page: html.HtmlElement, path: str) -> dict[str, str]:
    """Return the fragments of a page's links into the site, by the paths that they link to."""
    urls = [urljoin(f"http://localhost{path}", url) for url in links(page)]
    return {
        urldefrag(url).url.removeprefix("http://localhost"): urldefrag(url).fragment
        for url in urls
        if url.startswith("http://localhost/")
    }


def test_topics_page_lists_every_topic_with_its_count(folder: Path, environ: dict[str, str]) -> None:
    topics = {"하나": "q=Alpha&limit=1", "둘": "Beta", "없음": "Gamma", "코드": "has=code"}
    files: dict[str, str] = {"feeds.toml": "[topics]\n" + "".join(f'"{name}" = "{topics[name]}"\n' for name in topics)}
    files["1.md"] = day("2024-01-30", *(paper(f"Alpha {number}", f"2401.{number}") for number in range(3)))
    files["2.md"] = day("2024-01-31", paper("Beta", "2401.9", summary="- https://github.com/a/b"))
    pages = open_pages(folder, environ, files)
    page = pages("/topics")
    assert texts(page.xpath("//h1")) == ["주제"]
    items = page.xpath("//main//li")
    assert [item.text_content().split()[0] for item in items] == list(topics)
    assert [int(item.xpath("span/text()")[0].strip("논문 편")) for item in items] == [3, 1, 0, 1]
    for item in items:
        for link in item.xpath("a/@href"):
            assert pages.client.get(link).status_code == 200
    assert "/topics" in links(pages("/"))
    assert page.xpath("//meta[@name='robots']/@content") == ["noindex, follow"]


def test_etag_of_topics_page_changes_with_a_count(open_files: OpenFiles) -> None:
    files = {"feeds.toml": '[topics]\n"Alpha" = "Alpha"\n', "1.md": day("2024-01-30", paper("Beta", "2401.1"))}
    etags = []
    for title in ("Beta", "Gamma", "Alpha"):
        publisher = open_files({**files, "1.md": day("2024-01-30", paper(title, "2401.1"))})
        etags.append(publisher.representation(publisher.find("topics")).etag)
    assert etags[0] == etags[1] != etags[2]


def test_topics_page_without_topics_says_so(folder: Path, environ: dict[str, str]) -> None:
    pages = open_pages(folder, environ, {"feeds.toml": "topics = {}", "1.md": day("2024-01-30", paper())})
    assert texts(pages("/topics").xpath("//main//li")) == ["주제가 없습니다."]
    assert "/topics" not in links(pages("/"))


def test_every_link_resolves(library: Pages) -> None:
    waiting, seen = ["/"], {"/"}
    while waiting:
        path = waiting.pop()
        response = library.client.get(path)
        assert response.status_code == 200, path
        if not response.headers["Content-Type"].startswith("text/html"):
            continue
        page = html.fromstring(response.data)
        for linked_path, fragment in own_links(page, path).items():
            if fragment and linked_path in ("/", path):
                linked_page = page if linked_path == path else library(linked_path)
                assert linked_page.xpath("//*[@id=$fragment]", fragment=fragment), (path, fragment)
            if linked_path not in seen:
                seen.add(linked_path)
                waiting.append(linked_path)
    assert len(seen) > 200
    keys = (parse_key(unquote(urlsplit(path).path).removeprefix("/"), Site().topic_keys) for path in seen)
    assert {key.scope for key in keys if key} >= set(Scope) - {Scope.SITE}


def test_ids_are_unique_and_references_resolve(library: Pages) -> None:
    for path in ("/", "/books", "/search?q=확산", "/2024-01-30", "/2024", "/papers/2401.00002", "/weekly"):
        page = library(path)
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids)), path
        references = page.xpath("//label/@for | //@aria-labelledby | //@data-copies")
        assert set(references) <= set(ids), path
