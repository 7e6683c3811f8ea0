"""Abstracts, tags, dates, languages and journals of papers: kept, merged within a day, searched and counted."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from feeds.archive.archive import Archive
from feeds.model.edition import FacetGroup, SearchResults
from feeds.model.keys import SearchKey, parse_key
from feeds.model.paper import Paper
from feeds.model.query import parse_query
from feeds.publishing.publisher import open_publisher
from tests.support.archives import listings, sync
from tests.support.digests import day, load, paper, write_files

Search = Callable[..., SearchResults]

EXTRAS = "Tags: cs.CV, cs.LG\nPublished: 2023-12-30\nLanguage: en\nAbstract: We study $x_1$.\nAbstract: Second."
EXTRAS += "\nJournal: J. Test 5 (2024)\nDOI: 10.1000/x\nComment: 12 pages"


@pytest.fixture
def search(archive: Archive) -> Search:
    """Search the archive by URL parameters."""

    def load(**parameters: str) -> SearchResults:
        with sync(archive).snapshot() as snapshot:
            results = snapshot.load(SearchKey(parse_query(parameters.items())))
        assert isinstance(results, SearchResults)
        return results

    return load


def titles(results: SearchResults) -> list[str]:
    return [paper.title for paper in results.papers]


def tags(archive: Archive) -> list[tuple[str, ...]]:
    return [listing.paper.tags for listing in listings(sync(archive))]


def tag_facets(results: SearchResults) -> list[tuple[str, int, bool]]:
    return [(item.value, item.count, item.is_active) for item in results.facets if item.group is FacetGroup.TAG]


def fingerprint(archive: Archive, key: str) -> str:
    parsed = parse_key(key)
    assert parsed
    with sync(archive).snapshot() as snapshot:
        return snapshot.metadata(parsed).fingerprint


def test_extras_of_a_paper_are_kept(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": day("2024-01-30", paper("A", "2401.1", extras=EXTRAS), paper("B", "2401.2"))})
    first, second = (listing.paper for listing in listings(sync(archive)))
    assert first == Paper(
        "A",
        "https://arxiv.org/abs/2401.00001",
        abstract="We study $x_1$.\n\nSecond.",
        tags=("cs.CV", "cs.LG"),
        published=date(2023, 12, 30),
        language="en",
        journal="J. Test 5 (2024)",
        journal_doi="10.1000/x",
        comment="12 pages",
    )
    assert second.extras == ()
    assert listings(archive)[0].year == 2023


@pytest.mark.parametrize("extras", EXTRAS.split("\n"))
def test_fingerprint_changes_with_each_extra(folder: Path, archive: Archive, extras: str) -> None:
    write_files(folder, {"a.md": day("2024-01-30", paper("A", "2401.1"))})
    before = [fingerprint(archive, key) for key in ("2024-01-30", "papers/2401.00001", "all")]
    write_files(folder, {"a.md": day("2024-01-30", paper("A", "2401.1", extras=extras))})
    after = [fingerprint(archive, key) for key in ("2024-01-30", "papers/2401.00001", "all")]
    assert not set(before) & set(after)


def test_kept_listing_has_the_tags_of_all_on_its_day(folder: Path, archive: Archive, search: Search) -> None:
    fuller = paper("A", "2401.1", extras="Tags: cs.CV", summary="- 요약")
    files = {
        "a.md": day("2024-01-30", paper("A", "2401.1", extras="Tags: cs.LG, CS.cv, stat.ML"), fuller),
        "b.md": day("2024-01-30", paper("A", "2401.1", extras="Tags: eess.IV"), paper("B", "2401.2")),
        "c.md": day("2024-01-31", paper("A", "2401.1", extras="Tags: math.ST")),
    }
    write_files(folder, files)
    assert tags(archive) == [("cs.CV", "cs.LG", "stat.ML", "eess.IV"), ()]
    assert titles(search(tag="eess.iv")) == ["A"]
    assert not titles(search(tag="math.ST"))  # of a day that is not the first
    before = fingerprint(archive, "2024-01-30")
    (folder / "b.md").unlink()
    write_files(folder, {"c.md": day("2024-01-31", paper("C", "2401.3"))})
    assert tags(archive) == [(), ("cs.CV", "cs.LG", "stat.ML")]
    assert not titles(search(tag="eess.IV"))
    assert fingerprint(archive, "2024-01-30") != before


def test_tags_are_cleaned_of_repeats_and_commas(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": day("2024-01-30", paper("A", extras="Tags: cs.CV, CS.CV , A&#44;  B,,"))})
    assert tags(archive) == [("cs.CV", "A B")]


def test_search_looks_at_abstracts_and_tags(folder: Path, search: Search) -> None:
    extras = "Tags: Robotics\nAbstract: We grasp $\\alpha$ cups."
    write_files(folder, {"a.md": day("2024-01-30", paper("A", "2401.1", extras=extras), paper("B", "2401.2"))})
    for words in ("grasp α", "robotics", '"cups."'):
        assert titles(search(q=words)) == ["A"]


def test_papers_are_found_by_all_of_several_tags(folder: Path, search: Search) -> None:
    papers = [
        paper("A", "2401.1", extras="Tags: cs.CV, cs.LG", votes="Vote: 1"),
        paper("B", "2401.2", extras="Tags: cs.CV"),
        paper("C", "2401.3", extras="Tags: cs.CVX"),
        paper("D", "2401.4"),
    ]
    write_files(folder, {"a.md": day("2024-01-30", *papers)})
    assert titles(search(tag="cs.cv")) == ["A", "B"]
    assert titles(search(tag="cs.LG,cs.CV")) == ["A"]
    assert titles(search(tag="cs.CV", q="B")) == ["B"]
    assert titles(search(tag="cs.CV", min_votes="1")) == ["A"]
    assert not titles(search(tag="cs"))


def test_facets_count_the_most_common_tags(folder: Path, search: Search, archive: Archive) -> None:
    papers = [
        paper("A", "2401.1", extras="Tags: cs.CV, cs.LG"),
        paper("B", "2401.2", extras="Tags: cs.CV, cs.RO", summary="- https://github.com/a/b"),
        paper("C", "2401.3"),
    ]
    write_files(folder, {"a.md": day("2024-01-30", *papers)})
    results = search()
    assert tag_facets(results) == [("", 3, True), ("cs.CV", 2, False), ("cs.LG", 1, False), ("cs.RO", 1, False)]
    narrowed = search(tag="cs.cv", has="code")
    assert tag_facets(narrowed) == [("", 1, False), ("cs.CV", 1, True), ("cs.RO", 1, False)]
    both = search(tag="cs.LG,cs.CV")
    assert tag_facets(both)[-1] == ("cs.CV,cs.LG", 1, True)
    with archive.snapshot() as snapshot:
        for facet in (*results.facets, *narrowed.facets, *both.facets):
            assert snapshot.load(facet.key).total == facet.count


def test_archive_without_tags_has_no_facet_of_them(folder: Path, search: Search) -> None:
    write_files(folder, {"a.md": day("2024-01-30", paper())})
    assert not tag_facets(search())
    assert tag_facets(search(tag="cs.CV")) == []


def test_code_in_an_abstract_is_code_of_the_paper(folder: Path, search: Search) -> None:
    extras = "Abstract: Our code (https://github.com/a/b_c) is public."
    write_files(folder, {"a.md": day("2024-01-30", paper("A", "2401.1", extras=extras), paper("B", "2401.2"))})
    assert titles(search(has="code")) == ["A"]


def test_topic_of_a_tag_lists_its_papers(folder: Path, archive: Archive) -> None:
    key = SearchKey(parse_query([("tag", "cs.CV")]), "topics/vision")
    write_files(folder, {"a.md": day("2024-01-30", paper("A", "2401.1", extras="Tags: cs.CV"), paper("B", "2401.2"))})
    with sync(archive).snapshot() as snapshot:
        assert [item.title for item in snapshot.load(key).papers] == ["A"]


def test_words_are_suggested_among_the_papers_of_a_tag(folder: Path, search: Search) -> None:
    papers = [paper("Diffusion", "2401.1", extras="Tags: cs.CV"), paper("Infusion", "2401.2")]
    write_files(folder, {"a.md": day("2024-01-30", *papers)})
    assert search(q="difusion", tag="cs.CV").suggestions == ("diffusion",)
    assert search(q="difusion", tag="cs.LG").suggestions == ()


@pytest.mark.parametrize(("language", "kept"), [("ko", "요약"), ("zh-Hant", "摘要"), ("ja", "Nothing said")])
def test_day_in_several_languages_shows_the_one_of_the_site(
    folder: Path, environ: dict[str, str], language: str, kept: str
) -> None:
    files = {
        "a.md": day("2024-01-30", paper("One", "2401.1", extras="Language: zh", summary="- 摘要" + "。" * 99)),
        "b.md": day("2024-01-30", paper("One", "2401.1", extras="Language: ko", summary="- 요약")),
        "c.md": day("2024-01-30", paper("One", "2401.1", summary="- Nothing said")),
    }
    write_files(folder, files)
    publisher = open_publisher(folder, {**environ, "FEEDS_LANGUAGE": language})
    (found,) = load(publisher, "2024-01-30").papers
    assert kept in found.summary
