"""Search matches Korean as it is typed, filters and counts results, and finds nothing else."""

import random
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from feeds.archive.archive import Archive
from feeds.model.edition import FacetGroup, SearchResults
from feeds.model.keys import SearchKey
from feeds.model.query import Query, parse_query
from feeds.text import markdown, unicode
from tests.support import archives
from tests.support.archives import listings, sync
from tests.support.digests import day, paper, write_files

Search = Callable[..., SearchResults]

FILES = {
    "a.md": day(
        "2024-01-30",
        paper(
            "Video LLM",
            "2401.1",
            votes="Vote: 5",
            authors="Authors: Jürgen Schmidhuber, 김민준",
            summary="- 언어모델을 **확산** 모델로",
        ),
        paper(
            "TÜLU 2",
            "2401.2",
            votes="Vote: -",
            media="![](https://e.org/a.mp4)",
            summary="- 각 100% 값_은 https://github.com/a/b",
        ),
    ),
    "b.md": day("2024-01-31", paper("Third", "2401.3", votes="Vote: 0", summary='- ＧＰＴ 가격 "따옴표"')),
}


@pytest.fixture
def search(archive: Archive) -> Search:
    """Search the archive by URL parameters."""

    def load(**parameters: str) -> SearchResults:
        query = parse_query((name.rstrip("_"), value) for name, value in parameters.items())
        with sync(archive).snapshot() as snapshot:
            results = snapshot.load(SearchKey(query))
        assert isinstance(results, SearchResults)
        return results

    return load


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("모델", ["Video LLM"]),
        ("언어모델을", ["Video LLM"]),
        ("확산 모델", ["Video LLM"]),
        ('"확산 모델로"', ["Video LLM"]),
        ('"모델로 확산"', []),
        ("모델로 언어", ["Video LLM"]),
        ("가", ["Third"]),
        ("각", ["TÜLU 2"]),
        ("llm", ["Video LLM"]),
        ("LLM 언어", ["Video LLM"]),
        ("v", ["Video LLM"]),
        ("tulu", ["TÜLU 2"]),
        ("Tülu", ["TÜLU 2"]),
        ("gpt", ["Third"]),
        ("100%", ["TÜLU 2"]),
        ("값_은", ["TÜLU 2"]),
        ("김민준", ["Video LLM"]),
        ("schmidhuber", ["Video LLM"]),
        ("2401.00002", ["TÜLU 2"]),
        ("따옴표", ["Third"]),
        ("없는말", []),
        ("없는말|gpt", ["Third"]),
        ('llm | "tülu 2"', ["Video LLM", "TÜLU 2"]),
        ("llm|gpt 가격|없는말", ["Third"]),
        ("모ㄷ", []),
        ("'; DROP TABLE papers; --", []),
        ("AND OR NOT *", []),
    ],
)
def test_words_match(folder: Path, search: Search, typed: str, expected: list[str]) -> None:
    write_files(folder, FILES)
    assert titles(search(q=typed)) == expected
    assert titles(search(q=unicodedata.normalize("NFD", typed))) == expected  # as macOS types it


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"author": "schmidhuber"}, ["Video LLM"]),
        ({"author": "민준"}, ["Video LLM"]),
        ({"min_votes": "0"}, ["Third", "Video LLM"]),
        ({"min_votes": "1"}, ["Video LLM"]),
        ({"from_": "2024-01-31"}, ["Third"]),
        ({"to": "2024-01-30"}, ["Video LLM", "TÜLU 2"]),
        ({"has": "video"}, ["TÜLU 2"]),
        ({"has": "code, video"}, ["TÜLU 2"]),
        ({"has": "code", "q": "모델"}, []),
        ({"order": "votes"}, ["Video LLM", "Third", "TÜLU 2"]),
        ({"limit": "1"}, ["Third"]),
        ({"limit": "2", "page": "2"}, ["TÜLU 2"]),
        ({"limit": "2", "page": "3"}, []),
        ({}, ["Third", "Video LLM", "TÜLU 2"]),
    ],
)
def test_parameters_filter(folder: Path, search: Search, parameters: dict[str, str], expected: list[str]) -> None:
    write_files(folder, FILES)
    assert titles(search(**parameters)) == expected


def test_search_finds_what_a_scan_of_all_texts_finds(folder: Path, archive: Archive) -> None:
    archives.write(folder, days=15, papers=120)
    papers = [listing.paper for listing in listings(sync(archive))]
    texts = [
        [unicode.fold(text) for text in (p.title, ", ".join(p.authors), markdown.to_plain_text(p.summary), p.slug)]
        for p in papers
    ]
    assert len(texts) == 120
    chance = random.Random(7)
    with archive.snapshot() as snapshot:
        for _ in range(300):
            source = chance.choice(chance.choice(texts)[:3]) or "빈"
            start = chance.randrange(len(source))
            phrase = source[start : start + chance.randrange(1, 9)].replace('"', "").strip()
            expected = [p.slug for p, parts in zip(papers, texts, strict=True) if any(phrase in part for part in parts)]
            if phrase:
                results = snapshot.load(SearchKey(Query(q=f'"{phrase}"')))
                assert [paper.slug for paper in results.papers] == expected


def test_facets_count_the_results_of_each_year(folder: Path, search: Search) -> None:
    files = {
        "1.md": day("2023-12-30", paper("A", "2312.1", summary="- 확산"), paper("B", "2312.2", summary="- 다른")),
        "2.md": day("2024-01-30", paper("C", "2401.1", summary="- 확산"), paper("D", "2401.2", summary="- 확산")),
    }
    write_files(folder, files)
    assert facets(search(q="확산"), FacetGroup.YEAR) == [("", 3, True), ("2024", 2, False), ("2023", 1, False)]
    narrowed = search(q="확산", from_="2024-01-01", to="2024-12-31")
    assert titles(narrowed) == ["C", "D"]
    assert facets(narrowed, FacetGroup.YEAR) == [("", 3, False), ("2024", 2, True), ("2023", 1, False)]
    assert narrowed.total == 2


def test_facets_count_papers_with_code_and_video(folder: Path, search: Search, archive: Archive) -> None:
    code = "- https://github.com/a/b"
    files = {
        "1.md": day("2023-12-30", paper("A", "2312.1", summary=code)),
        "2.md": day(
            "2024-01-30",
            paper("B", "2401.1", summary=code),
            paper("C", "2401.2", media="![](https://e.org/a.webm)", summary=code),
            paper("D", "2401.3"),
        ),
    }
    write_files(folder, files)
    results = search(from_="2024-01-01")
    assert facets(results, FacetGroup.CODE) == [("", 3, True), ("code", 2, False)]
    assert facets(results, FacetGroup.VIDEO) == [("", 3, True), ("video", 1, False)]
    narrowed = search(has="video", page="2")
    assert facets(narrowed, FacetGroup.YEAR)[0] == ("", 1, True)
    assert facets(narrowed, FacetGroup.CODE) == [("", 1, True), ("code", 1, False)]
    assert facets(narrowed, FacetGroup.VIDEO) == [("", 4, False), ("video", 1, True)]
    with archive.snapshot() as snapshot:
        counts = [(snapshot.load(facet.key).total, facet.count) for facet in (*results.facets, *narrowed.facets)]
    assert [total for total, _ in counts] == [count for _, count in counts]
    assert len(counts) == 13


def titles(results: SearchResults) -> list[str]:
    return [paper.title for paper in results.papers]


def facets(results: SearchResults, group: FacetGroup) -> list[tuple[str, int, bool]]:
    return [(facet.value, facet.count, facet.is_active) for facet in results.facets if facet.group is group]
