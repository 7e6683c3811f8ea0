"""Counts by month: of the results of topics and authors, and of the whole archive on its page of statistics."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from feeds.archive.archive import Archive
from feeds.archive.snapshot import Snapshot
from feeds.model.edition import MonthCount, SearchResults, Statistics
from feeds.model.keys import STATISTICS, SearchKey
from feeds.model.query import Query
from tests.support.archives import sync
from tests.support.digests import Files, day, paper, write_files

ROBOTS = SearchKey(Query(q="robot", limit=1), "topics/robots")
EMPTY = SearchKey(Query(q="nothing"), "topics/nothing")
FILES: Files = {
    "1.md": day(
        "2024-01-30", paper("Robot", "2401.1", votes="Vote: 3", authors="Authors: Ann Lee"), paper("B", "2401.2")
    ),
    "2.md": day("2024-02-01", paper("Robot", "2401.1", votes="Vote: 9"), paper("Robots", "2402.1", votes="Vote: 8")),
    "3.md": day(
        "2024-04-01", paper("A robot", "2404.1", votes="Vote: 1,000", authors="Authors: Ann Lee"), paper("D", "2404.2")
    ),
}


@pytest.fixture
def archive(folder: Path, tmp_path: Path) -> Archive:
    write_files(folder, FILES)
    return sync(Archive(folder, tmp_path / "index.sqlite", topics=[EMPTY, ROBOTS]))


@pytest.fixture
def snapshot(archive: Archive) -> Iterator[Snapshot]:
    with archive.snapshot() as snapshot:
        yield snapshot


def months(snapshot: Snapshot, key: SearchKey) -> list[tuple[str, int, int]]:
    results = snapshot.load(key)
    assert isinstance(results, SearchResults)
    return in_words(results.months)


def in_words(counts: tuple[MonthCount, ...]) -> list[tuple[str, int, int]]:
    return [(count.key.text, count.papers, count.votes) for count in counts]


def statistics(snapshot: Snapshot) -> Statistics:
    edition = snapshot.load(STATISTICS)
    assert isinstance(edition, Statistics)
    return edition


def test_months_of_a_topic_count_all_its_results(snapshot: Snapshot) -> None:
    expected = [("2024-01", 1, 3), ("2024-02", 1, 8), ("2024-04", 1, 1000)]
    assert months(snapshot, ROBOTS) == expected
    assert months(snapshot.as_of(date(2024, 3, 1)), ROBOTS) == expected[:2]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(author="Ann Lee"), [("2024-01", 1, 3), ("2024-04", 1, 1000)]),
        (Query(author="Ann Lee", limit=1, page=2), [("2024-01", 1, 3), ("2024-04", 1, 1000)]),
        (Query(author="Ann Lee", q="robot"), []),
        (Query(author="Ann Lee", min_votes=1), []),
        (Query(q="robot"), []),
        (Query(), []),
    ],
)
def test_months_are_counted_of_searches_for_an_author_only(
    snapshot: Snapshot, query: Query, expected: list[tuple[str, int, int]]
) -> None:
    assert months(snapshot, SearchKey(query)) == expected


def test_fingerprint_of_a_topic_changes_with_a_month_that_it_does_not_list(folder: Path, archive: Archive) -> None:
    with archive.snapshot() as snapshot:
        before = snapshot.metadata(ROBOTS).fingerprint
    write_files(folder, {"1.md": str(FILES["1.md"]).replace("[B]", "[B robot]")})
    with sync(archive).snapshot() as snapshot:
        assert [paper.title for paper in snapshot.load(ROBOTS).papers] == ["A robot"]
        assert snapshot.metadata(ROBOTS).fingerprint != before


def test_statistics_count_papers_where_they_are_first_listed(snapshot: Snapshot) -> None:
    edition = statistics(snapshot)
    assert in_words(edition.months) == [("2024-01", 2, 3), ("2024-02", 1, 8), ("2024-04", 2, 1000)]
    assert edition.total == 5
    assert edition.days == ()


def test_statistics_have_the_topics_with_papers(snapshot: Snapshot) -> None:
    (topic,) = statistics(snapshot).topics
    assert (topic.key, topic.papers) == (ROBOTS, 3)
    assert [count.papers for count in topic.months] == [1, 1, 1]


def test_statistics_list_papers_with_votes_only(snapshot: Snapshot) -> None:
    assert [paper.title for paper in statistics(snapshot).papers] == ["A robot", "Robots", "Robot"]


def test_statistics_lack_unpublished_days(snapshot: Snapshot) -> None:
    edition = statistics(snapshot.as_of(date(2024, 2, 1)))
    assert in_words(edition.months) == [("2024-01", 2, 3), ("2024-02", 1, 8)]
    assert [paper.title for paper in edition.papers] == ["Robots", "Robot"]
    assert edition.topics[0].papers == 2


def test_fingerprint_of_statistics_changes_with_every_paper(folder: Path, archive: Archive) -> None:
    with archive.snapshot() as snapshot:
        before = snapshot.metadata(STATISTICS).fingerprint
    write_files(folder, {"1.md": str(FILES["1.md"]).replace("Vote: 3", "Vote: 4")})
    with sync(archive).snapshot() as snapshot:
        assert snapshot.metadata(STATISTICS).fingerprint != before
