"""Files and books of searches and topics: how many of the results they hold, and what they say of the others."""

import re

import pytest

from feeds.exporters.contract import Kind, RenderContext, Resource
from feeds.model.query import DOWNLOAD_LIMIT
from feeds.publishing.publisher import Publisher
from tests.support.books import open_book
from tests.support.digests import OpenFiles, day, load, paper, render

TOPIC = "[topics]\nall = 'same'"


def open_papers(open_files: OpenFiles, count: int) -> Publisher:
    papers = [paper(f"Same {number}", f"2401.{number}", summary="") for number in range(1, count + 1)]
    return open_files({"1.md": day("2024-01-30", *papers), "feeds.toml": TOPIC})


@pytest.fixture
def sixty(open_files: OpenFiles) -> Publisher:
    return open_papers(open_files, 60)


@pytest.fixture
def too_many(open_files: OpenFiles) -> Publisher:
    return open_papers(open_files, DOWNLOAD_LIMIT + 5)


def count_papers(publisher: Publisher, name: str, key: str, **parameters: str) -> int:
    if name == "epub":
        book = open_book(publisher, key, **parameters)
        return sum(len(book.papers(page)) for page in book.spine)
    text = re.sub(r"</?mark>", "", render(publisher, name, key, **parameters).decode())
    return len(set(re.findall(r"Same \d+", text)))


@pytest.mark.parametrize("name", ["epub", "bib", "ris", "csl", "md"])
def test_download_of_a_search_or_topic_holds_all(sixty: Publisher, name: str) -> None:
    assert count_papers(sixty, name, "search", q="same") == 60
    assert count_papers(sixty, name, "topics/all") == 60
    assert count_papers(sixty, name, "search", q="same", limit="20") == 20
    assert count_papers(sixty, name, "search", q="same", limit="50", page="2") == 10


@pytest.mark.parametrize("name", ["html", "rss", "atom", "json"])
def test_pages_and_feeds_of_a_search_hold_fifty(sixty: Publisher, name: str) -> None:
    assert count_papers(sixty, name, "search", q="same") == 50


@pytest.mark.parametrize("parameters", [{}, {"limit": "20"}, {"limit": "50"}, {"page": "2"}])
def test_path_of_a_download_has_the_limit_it_was_given(sixty: Publisher, parameters: dict[str, str]) -> None:
    resource = sixty.find("search.bib", [("q", "same"), *parameters.items()])
    assert isinstance(resource, Resource)
    assert resource.path == "search.bib?" + "&".join(
        f"{name}={value}" for name, value in [("q", "same"), *parameters.items()]
    )


def test_page_links_to_downloads_of_all_results(sixty: Publisher) -> None:
    context = RenderContext.for_site(sixty.site, sixty.formats)
    for parameters, query in (({}, "q=same"), ({"page": "2"}, "q=same"), ({"limit": "20"}, "q=same&limit=20")):
        key = load(sixty, "search", q="same", **parameters).key
        assert context.book(key).path == f"search.epub?{query}"  # type: ignore[union-attr]  # every search has a book
    topic = load(sixty, "topics/all").key
    assert context.book(topic).path == "topics/all.epub"  # type: ignore[union-attr]
    assert not context.resources(topic, Kind.FILE)
    assert context.page_url(context.book(topic).key).endswith("/topics/all")  # type: ignore[union-attr]


def test_complete_download_mentions_no_omission(sixty: Publisher) -> None:
    assert render(sixty, "bib", "search", q="same").startswith(b"@")
    assert render(sixty, "md", "search", q="same").startswith(b"## ")
    assert "가운데" not in open_book(sixty, "search", q="same").text("title.xhtml")
    assert "처음" not in render(sixty, "html", "search", q="same").decode()


def test_download_that_is_cut_says_so_and_where_to_go_on(too_many: Publisher) -> None:
    first = "논문 2,005편 가운데 1 ~ 2,000번째입니다. 이어지는 논문: /search.{}?q=same&page=2"
    assert render(too_many, "bib", "search", q="same").decode().startswith(f"% {first.format('bib')}\n\n@")
    assert render(too_many, "md", "search", q="same").decode().startswith(f"<!-- {first.format('md')} -->\n\n## ")
    assert first.format("epub") in open_book(too_many, "search", q="same").text("title.xhtml")
    assert render(too_many, "bib", "topics/all").decode().startswith(f"% {first.format('bib')}\n")
    last = "논문 2,005편 가운데 2,001 ~ 2,005번째입니다."
    assert render(too_many, "bib", "search", q="same", page="2").decode().startswith(f"% {last}\n\n@")
    assert count_papers(too_many, "ris", "search", q="same", page="2") == 5


def test_buttons_of_downloads_say_where_they_are_cut(too_many: Publisher) -> None:
    page = render(too_many, "html", "search", q="same").decode()
    labels = re.findall(r'class="chip" href="/search\.[^"]*"[^>]*>([^<]+)</a>', page)
    assert "EPUB (처음 2,000편)" in labels
    assert "BIB (처음 2,000편)" in labels
    assert "RSS" in labels


def test_cover_and_catalog_count_the_papers_of_the_book(sixty: Publisher) -> None:
    assert (
        open_book(sixty, "search", q="same").dublin_core("description")[0].startswith("논문 60편 · 2024년 1월 30일 · ")
    )
    assert open_book(sixty, "search", q="same").read("cover.jpg") == render(sixty, "cover", "search", q="same")
    assert "논문 60편 · " in render(sixty, "opds", "search", q="same").decode()
    assert "논문 20편 · " in render(sixty, "opds", "search", q="same", limit="20").decode()


def test_long_search_by_date_has_a_section_per_month(open_files: OpenFiles) -> None:
    publisher = open_files(
        {
            "1.md": day("2024-01-30", *(paper(f"Same {number}", f"2401.{number}") for number in range(30))),
            "2.md": day("2024-02-05", *(paper(f"Same {number}", f"2402.{number}") for number in range(40))),
        }
    )
    by_date = open_book(publisher, "search", q="same")
    assert [label for depth, label, _ in by_date.contents() if depth == 1] == ["2024년 2월", "2024년 1월"]
    assert by_date.links("contents.xhtml") == ["month-2024-02.xhtml", "month-2024-01.xhtml"]
    by_votes = open_book(publisher, "search", q="same", order="votes")
    assert [label for depth, label, _ in by_votes.contents() if depth == 1] == ["1–50", "51–70"]
    short = open_book(publisher, "search", q="same", limit="50")
    assert {depth for depth, _, _ in short.contents()} == {1}
