"""The front page, the rankings, the books that are offered first, and the main navigation."""

from pathlib import Path

import pytest

from feeds.model.keys import parse_key
from feeds.site.i18n import get_locale, key_name
from tests.exporters.test_html import Pages, open_pages, texts, titles
from tests.support.digests import Files, OpenFiles, day, paper
from tests.support.library import LIBRARY


@pytest.fixture
def library(folder: Path, environ: dict[str, str]) -> Pages:
    """The pages of six papers."""
    return open_pages(folder, environ, LIBRARY)


def test_home_has_the_newest_day_by_votes_and_two_rankings(folder: Path, environ: dict[str, str]) -> None:
    def front(*days: str) -> tuple[list[str], list[str], dict[str, list[str]]]:
        page = open_pages(folder, environ, {f"{number}.md": text for number, text in enumerate(days)})("/")
        rankings = {
            str(section.xpath("h2/a/@href")[0]): texts(section.xpath("ol/li/a")) for section in page.xpath("//aside/*")
        }
        return texts(page.xpath("//h1")), titles(page), rankings

    first = day("2024-01-30", paper("A", "2401.1", votes="Vote: 5"), paper("B", "2401.2", votes="Vote: 9"))
    assert front(first) == (
        ["2024년 1월 30일 화요일 논문 2편"],
        ["B", "A"],
        {"/top/2024-W05": ["B", "A"], "/top/2024-01": ["B", "A"]},
    )
    papers = [paper(f"C{rank}", f"2402.{rank}", votes=f"Vote: {rank}") for rank in (7, 0, 8)]
    assert front(first, day("2024-02-01", *papers)) == (
        ["2024년 2월 1일 목요일 논문 3편"],
        ["C8", "C7", "C0"],
        {"/top/2024-W05": ["B", "C8", "C7", "A", "C0"], "/top/2024-02": ["C8", "C7", "C0"]},
    )


def test_front_page_leads_with_a_large_picture_and_first_sentences(library: Pages) -> None:
    page = library("/")
    (story,) = page.xpath("//article[@class='story']")
    assert story.xpath("*[contains(@class, 'picture') and contains(@class, 'large')]")
    assert texts(page.xpath("//article/p[@class='sentence']")) == ["Plain English."]


def test_front_page_has_one_button_to_subscribe_and_one_book(library: Pages) -> None:
    page = library("/")
    newest = library("/newest").xpath("//main//a/@href")
    buttons = page.xpath("//a[@class='button']/@href")
    assert buttons[0] == "#subscribe"
    assert buttons[1:] == [next(href for href in newest if href.startswith("/top/") and href.endswith(".epub"))]
    assert page.xpath("//section[@id='subscribe']")


def test_ranking_numbers_its_papers_and_offers_its_book_first(library: Pages) -> None:
    page = library("/top/2024-W05")
    period = parse_key("2024-W05")
    assert period
    assert texts(page.xpath("//h1/span")) == [key_name(period, get_locale("ko"))]
    assert texts(page.xpath("//span[@class='rank']")) == [str(rank + 1) for rank in range(len(titles(page)))]
    assert page.xpath("//main//a[contains(@href, '.epub')]/@href")[0] == "/top/2024-W05.epub"
    assert page.xpath("//main//p[@class='facts'][1]/a/@href")[0] == "/2024-W05"


def test_books_and_e_reader_offer_the_newest_ranking_first(library: Pages) -> None:
    for path in ("/books", "/e-reader"):
        books = [href for href in library(path).xpath("//main//a/@href") if href.endswith(".epub")]
        assert books[0].startswith("/top/")
        assert len(books) == len(set(books))
    week = library("/weekly").xpath("//main//section[1]//a/@href")
    assert f"/top{week[0]}.epub" in week


@pytest.mark.parametrize(
    ("path", "newest"), [("/today", "2024-03-20"), ("/week", "2024-W12"), ("/month", "2024-03"), ("/year", "2024")]
)
def test_stable_address_leads_to_the_newest_period(library: Pages, path: str, newest: str) -> None:
    page = library(path)
    assert page.xpath("//meta[@http-equiv='refresh']/@content") == [f"0; url=/{newest}"]
    assert page.xpath("//link[@rel='canonical']/@href") == [f"http://127.0.0.1:8000/{newest}"]
    assert page.xpath("//main//a/@href") == [f"/{newest}"]
    assert library(f"{path}?lang=en").xpath("//main//a/@href") == [f"/{newest}?lang=en"]


@pytest.mark.parametrize(
    ("path", "entries"),
    [
        ("/2024-03-20", ["/today"]),
        ("/2024-W12", ["/week"]),
        ("/top/2024-W12", ["/week"]),
        ("/top/2024-03", ["/month"]),
        ("/2024", ["/year"]),
        ("/top/2024-W05", []),
        ("/2024-01-30", []),
        ("/topics", ["/topics"]),
        ("/topics/로봇", ["/topics"]),
        ("/books", ["/books"]),
        ("/", []),
        ("/all", []),
    ],
)
def test_navigation_marks_where_a_page_is(library: Pages, path: str, entries: list[str]) -> None:
    assert library(path).xpath("//header//a[@aria-current]/@href") == entries


def test_new_day_leaves_pages_of_other_periods(open_files: OpenFiles) -> None:
    def etags(files: Files) -> list[str]:
        publisher = open_files(files)
        paths = ("2023-02-01", "2023-W05", "top/2023-02", "papers/2302.00001")
        return [publisher.representation(publisher.find(path)).etag for path in paths]

    files: Files = {
        "1.md": day("2023-02-01", paper("B", "2302.1")),
        "2.md": day("2023-05-01", paper("D", "2305.1")),
        "3.md": day("2024-01-30", paper()),
    }
    assert etags(files) == etags({**files, "4.md": day("2024-01-31", paper("C", "2401.9"))})
