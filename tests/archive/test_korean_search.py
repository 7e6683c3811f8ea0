"""Search as a Korean types it: spacing, hyphens, exclusions, the order of relevance, identifiers and suggestions."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from feeds.archive.archive import Archive
from feeds.model.edition import SearchResults
from feeds.model.keys import SearchKey
from feeds.model.query import Order, Query, parse_query
from feeds.text import markdown, matching, unicode
from feeds.text.matching import Word
from tests.support import archives
from tests.support.archives import listings, sync
from tests.support.digests import day, paper, write_files

Titles = Callable[..., list[str]]

FILES = {
    "1.md": day(
        "2024-01-29",
        paper("Spaced", "2401.1", authors="Authors: Seo-yeon Kim", summary="- 강화 학습을 GPT-4로 하는 text to image"),
        paper("Joined", "2401.2", summary="- 강화학습과 GPT4, text-to-image 확산 모델"),
        paper("Apart", "2401.3", summary="- 학습을 강화\n- 확산. 모델은 GPT 40"),
    ),
    "2.md": day(
        "2024-01-30",
        "### [Published](https://dl.acm.org/doi/10.1145/3597503.3639187)\n\n- 심층강화 학습은 texttoimage\n",
        "### [Elsewhere](https://e.org/paper)\n\n- 2401.00001을 https://arxiv.org/abs/2401.00001 인용한 확산모델\n",
    ),
}


@pytest.fixture
def search(folder: Path, archive: Archive) -> Callable[..., SearchResults]:
    """Search an archive of `FILES`, or of others, by URL parameters."""

    def load(files: dict[str, str] = FILES, **parameters: str) -> SearchResults:
        write_files(folder, files)
        with sync(archive).snapshot() as snapshot:
            results = snapshot.load(SearchKey(parse_query(parameters.items())))
        assert isinstance(results, SearchResults)
        return results

    return load


@pytest.fixture
def found(search: Callable[..., SearchResults]) -> Titles:
    """Search `FILES` for words, and return the titles in alphabetical order."""
    return lambda q: sorted(paper.title for paper in search(q=q).papers)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("강화학습", ["Joined", "Published", "Spaced"]),
        ("강화-학습", ["Joined", "Published", "Spaced"]),
        ("강화 학습", ["Apart", "Joined", "Published", "Spaced"]),
        ('"강화 학습"', ["Published", "Spaced"]),
        ('"강화학습"', ["Joined"]),
        ('"학습 강화"', []),
        ("확산모델", ["Elsewhere", "Joined"]),
        ('"확산 모델"', ["Joined"]),
        ("gpt4", ["Joined", "Spaced"]),
        ("GPT-4", ["Joined", "Spaced"]),
        ("gpt‑4", ["Joined", "Spaced"]),
        ("gpt 4", ["Apart", "Joined", "Spaced"]),
        ("text-to-image", ["Joined", "Published", "Spaced"]),
        ("text to image", ["Joined", "Published", "Spaced"]),
        ("texttoimage", ["Joined", "Published", "Spaced"]),
        ("seoyeon", ["Spaced"]),
        ("강화학습 -gpt", ["Published"]),
        ('강화 -"강화 학습"', ["Apart", "Joined"]),
        ("-강화|확산모델", []),
        ("-강화", ["Elsewhere"]),
        ("-강화학습 -확산모델", ["Apart"]),
        ("－강화", ["Elsewhere"]),
        ("-", ["Apart", "Elsewhere", "Joined", "Published", "Spaced"]),
        ("강화 - 학습", ["Apart", "Joined", "Published", "Spaced"]),
    ],
)
def test_words_match_however_they_are_spaced(found: Titles, typed: str, expected: list[str]) -> None:
    assert found(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("arXiv:2401.00001", ["Spaced"]),
        ("2401.00001v2", ["Spaced"]),
        ("arXiv: 2401.00001v1 [cs.CL]", ["Spaced"]),
        ("https://arxiv.org/abs/2401.00001v2", ["Spaced"]),
        ("10.48550/arXiv.2401.00001", ["Spaced"]),
        ("doi: 10.48550/arXiv.2401.00001", ["Spaced"]),
        ("https://huggingface.co/papers/2401.00001", ["Spaced"]),
        ("hf.co/papers/2401.00001", ["Spaced"]),
        ("2401.00001|2401.00003", ["Apart", "Spaced"]),
        ("2401.00001 확산", []),
        ("gpt -2401.00001", ["Apart", "Joined"]),
        ('"2401.00001"', ["Elsewhere", "Spaced"]),
        ("10.1145/3597503.3639187", ["Published"]),
        ("https://doi.org/10.1145/3597503.3639187", ["Published"]),
        ("http://e.org/paper/", ["Elsewhere"]),
        ("e.org/paper", ["Elsewhere"]),
        ("2401.0000", ["Apart", "Elsewhere", "Joined", "Spaced"]),  # not a whole number
    ],
)
def test_identifier_finds_its_paper_alone(found: Titles, typed: str, expected: list[str]) -> None:
    assert found(typed) == expected


def test_author_is_found_however_the_name_is_hyphenated(search: Callable[..., SearchResults]) -> None:
    for author in ("seo-yeon", "Seoyeon Kim", "seo yeon"):
        assert [paper.title for paper in search(author=author).papers] == ["Spaced"]


def test_search_finds_what_a_scan_of_all_texts_finds(folder: Path, archive: Archive) -> None:
    archives.write(folder, days=15, papers=120)
    papers = [listing.paper for listing in listings(sync(archive))]
    texts = [
        [
            unicode.fold(text)
            for text in (p.title, ", ".join(p.authors), *markdown.to_plain_text(p.summary).split("\n"), p.slug)
        ]
        for p in papers
    ]
    chance = random.Random(7)
    number_of_loose_matches = 0
    with archive.snapshot() as snapshot:
        for _ in range(400):
            source = chance.choice(chance.choice(texts)) or "빈"
            start = chance.randrange(len(source))
            cut = matching.squeeze(source[start : start + chance.randrange(2, 12)]).strip('"“”|-')
            typed = "".join(letter + chance.choice(["", "", "", "-"]) for letter in cut).strip("-")
            query = Query(q=typed, limit=None)
            if not query.clauses or query.clauses[0].slugs or "\n" in typed:
                continue
            term = Word(unicode.fold(typed))
            expected = [
                p.slug for p, parts in zip(papers, texts, strict=True) if any(matching.grade(term, t) for t in parts)
            ]
            results = snapshot.load(SearchKey(query))
            assert [paper.slug for paper in results.papers] == expected, typed
            number_of_loose_matches += any(
                not any(term in part for part in texts[papers.index(p)]) for p in results.papers
            )
    assert number_of_loose_matches > 100


def test_joined_words_find_a_part_of_what_spaced_words_find(folder: Path, archive: Archive) -> None:
    archives.write(folder, days=15, papers=120)
    chance = random.Random(3)
    texts = [markdown.to_plain_text(listing.paper.summary).split() for listing in listings(sync(archive))]
    with archive.snapshot() as snapshot:
        for _ in range(100):
            words = chance.choice(texts)
            start = chance.randrange(max(len(words) - 1, 1))
            pair = [word.strip('"“”|-.,') for word in words[start : start + 2]]
            if all(pair):
                joined, spaced = (
                    set(snapshot.load(SearchKey(Query(q=q))).papers) for q in ("".join(pair), " ".join(pair))
                )
                assert joined <= spaced, pair


RANKED = {
    "1.md": day("2024-01-28", paper("강화학습의 정석", "2401.1"), paper("A", "2401.2", summary="- 강화학습을 다룬다")),
    "2.md": day("2024-01-29", paper("강화 학습 개론", "2401.3"), paper("B", "2401.4", summary="- 강화 학습을 다룬다")),
    "3.md": day("2024-01-30", paper("심층강화학습", "2401.5"), paper("C", "2401.6", summary="- 강화학습을 또 다룬다")),
}


def test_relevance_is_title_then_exactness_then_newness(search: Callable[..., SearchResults]) -> None:
    ranked = ["강화학습의 정석", "심층강화학습", "강화 학습 개론", "C", "A", "B"]
    by_date = ["심층강화학습", "C", "강화 학습 개론", "B", "강화학습의 정석", "A"]
    assert titles(search(RANKED, q="강화학습", order="relevance")) == ranked
    assert titles(search(RANKED, q="강화학습")) == by_date
    pages = [titles(search(RANKED, q="강화학습", order="relevance", limit="4", page=page)) for page in "12"]
    assert pages == [ranked[:4], ranked[4:]]
    assert titles(search(RANKED, order="relevance")) == by_date


def test_words_in_a_row_are_more_relevant_than_apart(search: Callable[..., SearchResults]) -> None:
    files = {
        "1.md": day(
            "2024-01-30", paper("A", "2401.1", summary="- 확산을 쓴 모델"), paper("B", "2401.2", summary="- 확산 모델")
        ),
        "2.md": day(
            "2024-01-31", paper("C", "2401.3", summary="- 모델의 확산"), paper("D", "2401.4", summary="- 확산모델")
        ),
    }
    assert titles(search(files, q="확산 모델", order="relevance"))[:2] == ["B", "D"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("확샌", ("확산",)),
        ("확샌 모댈", ("확산 모델", "확산", "모델")),
        ("ghkrtks", ("확산",)),
        ('"확산 모댈"', ("확산 모델",)),
        ("확산 인용 gpt", ("확산", "인용", "gpt")),  # each is found, together they are not
        ("확샌 -없는말", ("확산 -없는말", "확산")),
        ("물고기", ()),
        ("2401.99999", ()),
        ("확산", ()),
        ("", ()),
    ],
)
def test_empty_result_offers_the_nearest_words(
    search: Callable[..., SearchResults], typed: str, expected: tuple[str, ...]
) -> None:
    assert search(q=typed).suggestions == expected


def test_suggestion_has_results_under_the_same_conditions(search: Callable[..., SearchResults]) -> None:
    assert search(q="확샌", to="2024-01-29").suggestions == ("확산",)
    assert search(q="확샌", to="2024-01-28").suggestions == ()


def test_suggestions_are_taken_from_recent_papers_alone(search: Callable[..., SearchResults]) -> None:
    newer = (paper(f"Transformer {number}", f"2402.{number}") for number in range(1, 1001))
    files = {"1.md": day("2024-01-29", paper("Diffusion", "2401.1")), "2.md": day("2024-01-30", *newer)}
    assert search(files, q="transfomer").suggestions == ("transformer",)
    assert search(files, q="difusion").suggestions == ()


def test_twelve_unknown_words_are_corrected_and_no_more(search: Callable[..., SearchResults]) -> None:
    unknown = " ".join(f"zq{number}" for number in range(11))
    assert search(q=f"{unknown} 확샌").suggestions == ("확산",)
    assert search(q=f"{unknown} zq11 확샌 인용").suggestions == ("인용",)


def test_page_changes_with_its_suggestions(folder: Path, archive: Archive) -> None:
    def navigation() -> str:
        with sync(archive).snapshot() as snapshot:
            return snapshot.metadata(SearchKey(Query(q="확샌"))).navigation

    write_files(folder, {"1.md": FILES["2.md"].replace("확산", "확장")})
    before = navigation()
    write_files(folder, FILES)
    assert navigation() != before


def test_order_depends_on_the_format_unless_it_is_named() -> None:
    unnamed, named = parse_query([("q", "a")]), parse_query([("q", "a"), ("order", "relevance")])
    assert [query.with_default_order(Order.RELEVANCE).order for query in (unnamed, named)] == [Order.RELEVANCE] * 2
    assert [query.with_default_order(Order.NEW).order for query in (unnamed, named)] == [Order.NEW, Order.RELEVANCE]
    on_page = parse_query([("q", "a"), ("order", "new")], Order.RELEVANCE)
    assert (on_page.order, on_page.parameters()) == (Order.NEW, {"q": "a", "order": "new"})
    assert on_page.with_default_order(Order.NEW).parameters() == {"q": "a"}


def test_order_of_a_query_without_words_is_not_by_relevance() -> None:
    for query in (parse_query([("order", "relevance")]), parse_query([], Order.RELEVANCE)):
        assert (query.order, query.with_default_order(Order.RELEVANCE).order) == (Order.NEW, Order.NEW)
        assert query.parameters() == {}


def titles(results: SearchResults) -> list[str]:
    return [paper.title for paper in results.papers]
