"""Keys: their grammar, and the periods that they stand for."""

from datetime import date

import pytest

from feeds.model.keys import (
    ALL,
    EXAMPLES,
    LATEST,
    SEARCH,
    Key,
    ListKey,
    PaperKey,
    PeriodKey,
    Scope,
    SearchKey,
    SeriesKey,
    TopKey,
    key_hint,
    parse_key,
    period,
)
from feeds.model.query import Query


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("2024-01-30", PeriodKey(Scope.DAY, date(2024, 1, 30), date(2024, 1, 30))),
        ("2024-W01", PeriodKey(Scope.WEEK, date(2024, 1, 1), date(2024, 1, 7))),
        ("2020-W53", PeriodKey(Scope.WEEK, date(2020, 12, 28), date(2021, 1, 3))),
        ("2024-02", PeriodKey(Scope.MONTH, date(2024, 2, 1), date(2024, 2, 29))),
        ("2024", PeriodKey(Scope.YEAR, date(2024, 1, 1), date(2024, 12, 31))),
        ("latest", LATEST),
        ("all", ALL),
        ("search", SEARCH),
        ("weekly", SeriesKey(Scope.WEEKLY)),
        ("newest", ListKey("newest")),
        ("days", ListKey("days")),
        ("days/2024", ListKey("days", "2024")),
        ("weeks/12", ListKey("weeks", "", 12)),
        ("top-weeks/2024", ListKey("top-weeks", "2024")),
        ("days/2024/7", ListKey("days", "2024", 7)),
        ("top/2024-W05", TopKey(PeriodKey(Scope.WEEK, date(2024, 1, 29), date(2024, 2, 4)))),
        ("top/2024-01", TopKey(PeriodKey(Scope.MONTH, date(2024, 1, 1), date(2024, 1, 31)))),
        ("top-weekly", SeriesKey(Scope.TOP_WEEKLY)),
        ("top-monthly", SeriesKey(Scope.TOP_MONTHLY)),
        ("papers/2401.16420", PaperKey("2401.16420")),
        ("papers/hep-th/9901001", PaperKey("hep-th/9901001")),
    ],
)
def test_key_is_parsed_and_written_back(text: str, key: Key) -> None:
    assert parse_key(text) == key
    assert key.text == text


@pytest.mark.parametrize(
    "text",
    ["", "site", "paper", "2024-13", "2024-02-30", "2024-W54", "2023-W53", "2024-1-30", "0000", "0000-01-01", "papers/"]
    + ["9999-W53", "Latest", "2024-01-30\n", "２０２４", "day", "search/", "../etc", "topics/로봇"]
    + ["top", "top/", "top/2024", "top/2024-01-30", "top/2024-W54", "top/latest", "top/2024-01/", "top-daily"]
    + ["days/", "days/0", "days/02", "days/2024/", "days/x", "hours", "days/2024/1/1", "newest/2"],
)
def test_other_text_is_not_a_key(text: str) -> None:
    assert parse_key(text) is None


@pytest.mark.parametrize(("scope", "text"), EXAMPLES.items())
def test_example_is_a_key_of_its_scope(scope: Scope, text: str) -> None:
    key = parse_key(text, {"topics/로봇": SearchKey(topic="topics/로봇")})
    assert key
    assert key.scope is scope


@pytest.mark.parametrize("text", ["top/2024", "top/2024-01-30", "top/2024-W5", "top/"])
def test_hint_says_how_to_write_a_ranking(text: str) -> None:
    assert key_hint(text) == "write the most voted papers of a week or month as top/2024-W05 or top/2024-01"


def test_ranking_has_the_days_of_its_period() -> None:
    key = TopKey(period(Scope.WEEK, date(2024, 1, 30)))
    assert (key.first, key.last, key.scope) == (date(2024, 1, 29), date(2024, 2, 4), Scope.TOP)


def test_members_of_a_top_series_are_rankings() -> None:
    week = period(Scope.WEEK, date(2024, 1, 30))
    assert SeriesKey(Scope.TOP_WEEKLY).member(week) == TopKey(week)
    assert SeriesKey(Scope.WEEKLY).member(week) == week


def test_week_at_new_year_belongs_to_the_year_of_its_thursday() -> None:
    assert period(Scope.WEEK, date(2024, 12, 30)).text == "2025-W01"


def test_topic_is_a_search_without_parameters() -> None:
    topic = SearchKey(Query(q="로봇", limit=50), "topics/로봇")
    assert parse_key("topics/로봇", {topic.text: topic}) == topic
    assert topic.parameters == {}
    assert topic.page(2) == SearchKey(Query(q="로봇", limit=50, page=2, default_limit=0))
    assert topic.page(2).query.with_default_limit(50).parameters() == {"q": "로봇", "page": "2"}
