"""What readers take from a file: each paper of a day once, and no more than the limits allow."""

from datetime import date
from typing import Any

import pytest

from feeds.model.diagnostic import Severity
from feeds.model.paper import Paper
from feeds.readers import Diagnostics, Entry
from feeds.readers import days as days_module
from feeds.readers.days import DayCollector
from feeds.readers.fields.dates import RangeEnd
from feeds.readers.limits import limit_paper

DAY = date(2025, 3, 14)


def paper(number: int = 1, **fields: Any) -> Paper:
    return Paper("T", f"https://arxiv.org/abs/2503.{number:05}", **fields)


def test_paper_repeated_on_a_day_is_the_fuller_with_all_tags() -> None:
    collector = DayCollector(Diagnostics())
    collector.add(1, DAY, paper(tags=("a",)))
    collector.add(2, DAY, paper(summary="Text.", tags=("b",)))
    (entry,) = collector.digest().entries
    assert entry == Entry(1, DAY, paper(summary="Text.", tags=("a", "b")))


def test_day_is_inferred_if_it_is_for_all_listings() -> None:
    collector = DayCollector(Diagnostics())
    collector.add(1, DAY, paper(1), is_inferred=True)
    collector.add(2, DAY, paper(1))
    collector.add(3, DAY, paper(2), is_inferred=True)
    collector.add(4, RangeEnd(2025, 3, 16), paper(2))
    assert [entry.is_inferred for entry in collector.digest().entries] == [False, True, True]


def test_paper_on_two_days_is_two_entries() -> None:
    collector = DayCollector(Diagnostics())
    collector.add(1, DAY, paper())
    collector.add(2, date(2025, 3, 15), paper())
    assert len(collector.digest().entries) == 2


@pytest.mark.parametrize("limit", ["MAX_PAPERS", "_MAX_DAYS"])
def test_what_follows_too_many_papers_or_days_is_reported(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(days_module, limit, 2)
    collector = DayCollector(Diagnostics())
    for number in range(1, 6):
        collector.add(number, date(2025, 3, number), paper(number))
    digest = collector.digest()
    assert len(digest.entries) == 2
    assert [(item.line, item.severity) for item in digest.diagnostics] == [(3, Severity.ERROR)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"summary": "s" * 200_001}, {"summary": "s" * 200_000}),
        ({"abstract": "a" * 200_001}, {"abstract": "a" * 200_000}),
        ({"authors": ("n" * 501,)}, {"authors": ("n" * 500,)}),
        ({"authors": ("n",) * 10_001}, {"authors": ("n",) * 10_000, "more_authors": True}),
        ({"tags": ("t" * 201, "a")}, {"tags": ("a",)}),
        ({"tags": tuple(map(str, range(201)))}, {"tags": tuple(map(str, range(200)))}),
    ],
)
def test_what_exceeds_a_limit_is_left_out_with_an_error(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    diagnostics = Diagnostics()
    assert limit_paper(paper(**fields), 7, diagnostics) == paper(**expected)
    assert [(item.line, item.severity) for item in diagnostics.by_line()] == [(7, Severity.ERROR)]
