"""Books of the most voted papers: their order, contents and foreword, and how the text of an article is set."""

import pytest

from feeds.exporters.epub.body import split_body
from feeds.exporters.epub.foreword import find_words
from feeds.publishing.publisher import Publisher
from tests.support.books import EPUB_TYPE, XHTML, Book, open_book
from tests.support.digests import OpenFiles, day, paper

NAMES = ", ".join(f"Ann Lee{number}" for number in range(1, 6))


@pytest.fixture
def weeks(open_files: OpenFiles) -> Publisher:
    """Two days with 23 papers in a week, the last of them with the most votes."""
    summary = "- **방법:** 확산 모델입니다.\n- **결과:** 좋습니다."
    papers = [
        paper(f"Diffusion {n}", f"2401.{n}", votes=f"Vote: {1000 + n}", authors=f"Authors: {NAMES}", summary=summary)
        for n in range(1, 23)
    ]
    return open_files(
        {"1.md": day("2024-01-30", *papers), "2.md": day("2024-02-01", paper("Robot", "2402.1", votes="Vote: 2000"))}
    )


def foreword(book: Book) -> str:
    """Return the text of the foreword."""
    (section,) = (
        section for section in book.parse("title.xhtml").iter(f"{XHTML}section") if section.get(EPUB_TYPE) == "foreword"
    )
    return " ".join("".join(section.itertext()).replace("\u00a0", " ").split())


def test_articles_stand_in_the_order_of_votes(weeks: Publisher) -> None:
    book = open_book(weeks, "top/2024-W05")
    assert book.spine == ["cover.xhtml", "title.xhtml", "contents.xhtml", "papers.xhtml", "authors-1.xhtml"]
    labels = [label for _, label, _ in book.contents()]
    assert labels == ["Robot", *(f"Diffusion {number}" for number in range(22, 3, -1)), "저자 찾아보기"]
    assert book.links("contents.xhtml") == [href for _, _, href in book.contents()]
    assert "추천" not in book.text("contents.xhtml")


def test_foreword_counts_the_period_and_its_topics(weeks: Publisher) -> None:
    assert foreword(open_book(weeks, "top/2024-W05")) == (
        "머리말 2024년 1월 29일 ~ 2월 4일, 2일 동안 논문 23편이 소개되었습니다. "
        "이 책에는 그 가운데 추천을 많이 받은 20편을 추천 순으로 실었습니다. 추천 수는 모두 합해 21,247입니다. "
        "가장 많은 추천을 받은 논문은 「Robot」(추천 2,000)입니다. 주요 주제는 확산 모델(19편), 로봇(1편)입니다."
    )


def test_foreword_of_few_papers_without_votes_says_no_more(open_files: OpenFiles) -> None:
    book = open_book(open_files({"1.md": day("2024-01-30", paper("A", "2401.1"))}), "top/2024-01")
    assert foreword(book) == (
        "머리말 2024년 1월 1일 ~ 31일, 1일 동안 논문 1편이 소개되었습니다. "
        "이 책에는 모든 논문을 추천 순으로 실었습니다."
    )


def test_other_books_have_no_foreword(weeks: Publisher) -> None:
    assert "머리말" not in open_book(weeks, "2024-W05").text("title.xhtml")


def test_words_are_those_that_titles_share() -> None:
    titles = [
        "Video Diffusion with Large Models",
        "Diffusion Models for Images",
        "diffusion in One Image",
        "Scaling Agents",
        "An Agent's Diffusion of Videos",
        "On LLMs",
        "An LLM",
        "Why",
    ]
    assert find_words(titles) == ["Diffusion", "Video", "Images", "LLMs"]


def test_byline_has_three_authors_and_the_end_all(weeks: Publisher) -> None:
    last = list(open_book(weeks, "top/2024-W05").parse("papers.xhtml").iter(f"{XHTML}article"))[-1]
    byline, *_ = last.xpath(".//*[@class='facts']")
    assert " ".join("".join(byline.itertext()).replace("\u00a0", " ").split()) == (
        "Ann Lee1, Ann Lee2, Ann Lee3 외 2명 · 추천 1,004 · 1월 30일 · 20/20"
    )
    (note,) = last.xpath(".//*[@class='notes']")
    assert "".join(note.itertext()) == f"저자: {NAMES}"


@pytest.mark.parametrize(
    ("html", "lead", "rest"),
    [
        ("<p>A</p><p>B</p>", "<p>A</p>", "<p>B</p>"),
        ("", "", ""),
        ("<ul><li>A</li><li>B</li></ul>", "<ul><li>A</li></ul>", "<ul><li>B</li></ul>"),
        ("<ol><li>A</li><li>B</li></ol>", "<ol><li>A</li></ol>", '<ol start="2"><li>B</li></ol>'),
        (
            "<ul><li><strong>A:</strong> a<br></li><li><p><strong>B</strong>: b</p></li></ul>",
            '<p class="point"><strong>A:</strong> a<br/></p>',
            '<div class="point"><p><strong>B</strong>: b</p></div>',
        ),
        (
            "<ul><li><strong>A:</strong>\n<ul><li>a</li></ul></li></ul>",
            '<div class="point"><p class="label"><strong>A:</strong></p><ul><li>a</li></ul></div>',
            "",
        ),
        ("<p><strong>A:</strong></p><p>a</p>", '<p class="label"><strong>A:</strong></p>', "<p>a</p>"),
        (
            "<ul><li><strong>A</strong> a</li><li>b</li></ul>",
            "<ul><li><strong>A</strong> a</li></ul>",
            "<ul><li>b</li></ul>",
        ),
        ("text <b>alone</b>", "", "<div>text <b>alone</b></div>"),
    ],
)
def test_body_is_split_after_its_first_paragraph_or_point(html: str, lead: str, rest: str) -> None:
    body = split_body(html)
    assert (body.lead.replace("\n", ""), body.rest.replace("\n", "")) == (lead, rest)
