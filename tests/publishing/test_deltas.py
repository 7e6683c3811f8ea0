"""Deltas: what is new in a feed, at a bounded cost whatever ETag a client sends."""

from pathlib import Path

import pytest

from feeds.publishing.deltas import MAX_PAPERS, Deltas, newest_etag
from feeds.publishing.publisher import Publisher, open_publisher
from feeds.publishing.representation import Representation
from tests.support.digests import OpenFiles, day, paper, write_files
from tests.support.work import WorkCounter

FORGED = [f"{number:032x}" for number in range(50)]


def describe(publisher: Publisher, path: str) -> Representation:
    return publisher.representation(publisher.find(path))


def days(first: int, last: int) -> dict[str, str]:
    return {f"{n}.md": day(f"2024-01-{n:02}", paper(f"P{n}", f"2401.{n}")) for n in range(first, last + 1)}


def grow(publisher: Publisher, files: dict[str, str]) -> None:
    write_files(publisher.archive.root, files)
    publisher.archive.sync()


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> WorkCounter:
    work = WorkCounter()
    work.install(monkeypatch)
    return work


@pytest.mark.parametrize("path", ["latest.rss", "all.atom", "daily.json", "weekly.rss", "search.atom", "2024.rss"])
def test_forged_etags_cost_no_statement_after_the_first(
    folder: Path, environ: dict[str, str], counter: WorkCounter, path: str
) -> None:
    write_files(folder, days(1, 31))
    publisher = open_publisher(folder, environ)
    deltas, feed = Deltas(publisher), describe(publisher, path)
    costs = []
    for fingerprint in FORGED:
        with counter.count() as work:
            assert deltas.render(feed, f"{fingerprint}.20240104") is None
        costs.append(work[0])
    assert costs[0].statements < 200
    assert {cost.renderings for cost in costs} == {0}
    assert {cost.statements for cost in costs[1:]} == {4}  # of a snapshot


def test_delta_of_more_papers_than_the_limit_is_none(open_files: OpenFiles) -> None:
    publisher = open_files(days(1, 2))
    held = describe(publisher, "all.rss").etag
    papers = [paper(f"N{number}", f"2402.{number}") for number in range(1, MAX_PAPERS + 1)]
    grow(publisher, {"new.md": day("2024-02-01", *papers)})
    delta = Deltas(publisher).render(describe(publisher, "all.rss"), held)
    assert delta is not None
    assert delta.body.count(b"<item>") == MAX_PAPERS
    grow(publisher, {"more.md": day("2024-02-02", paper("One more", "2402.999"))})
    assert Deltas(publisher).render(describe(publisher, "all.rss"), held) is None


def test_delta_of_a_series_knows_weeks_of_repeats(open_files: OpenFiles) -> None:
    publisher = open_files({"1.md": day("2024-01-01", paper("P1", "2401.1"))})
    grow(publisher, {"8.md": day("2024-01-08", paper("P1", "2401.1"))} | days(15, 15))
    held = describe(publisher, "weekly.atom").etag
    assert held.endswith(".20240101")
    grow(publisher, days(22, 22))
    delta = Deltas(publisher).render(describe(publisher, "weekly.atom"), held)
    assert delta is not None
    assert delta.body.count(b"<entry>") == 1


def test_delta_of_a_search_holds_its_new_results(open_files: OpenFiles) -> None:
    publisher = open_files(days(1, 3))
    held = describe(publisher, "search.rss").etag
    grow(publisher, days(4, 5))
    delta = Deltas(publisher).render(describe(publisher, "search.rss"), held)
    assert delta is not None
    assert [delta.body.count(f"<title>P{n}</title>".encode()) for n in range(1, 6)] == [0, 0, 0, 1, 1]


def test_only_the_etag_of_the_newest_day_is_compared() -> None:
    older, newer = f"{FORGED[1]}.20240101", f"{FORGED[0]}.20240102"
    assert newest_etag([newer, older, "x", f"{FORGED[2]}.99999999", "0" * 10_000]) == newer
    assert newest_etag(["x"]) is None
