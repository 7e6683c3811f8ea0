"""Lists of editions: what is on each page, and which page comes next."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from feeds.model.edition import ListPage, list_facets, list_page, list_pages
from feeds.model.keys import ListKey, PeriodKey, Scope, parse_key, period


def list_days(count: int) -> list[PeriodKey]:
    """Return the keys of some days in a row from 2023-12-22 on, oldest first."""
    return [period(Scope.DAY, date(2023, 12, 22) + timedelta(days=number)) for number in range(count)]


def list_key(text: str) -> ListKey:
    key = parse_key(text)
    assert isinstance(key, ListKey)
    return key


def find_page(text: str, days: list[PeriodKey]) -> ListPage:
    page = list_page(list_key(text), days)
    assert page
    return page


def walk(days: list[PeriodKey]) -> dict[ListKey, ListPage]:
    """Follow the pages of a list from the first to the last."""
    pages: dict[ListKey, ListPage] = {}
    key: ListKey | None = ListKey("days")
    while key:
        page = list_page(key, days)
        assert page
        pages[key] = page
        key = page.next
    return pages


@pytest.mark.parametrize(
    ("count", "page_count"),
    [(0, 1), (1, 1), (29, 1), (30, 1), (31, 1), (59, 1), (60, 1), (61, 2), (90, 2), (91, 3), (365, 12)],
)
def test_pages_hold_every_edition_once_newest_first(count: int, page_count: int) -> None:
    days = list_days(count)
    pages = list(walk(days).values())
    assert len(pages) == page_count
    assert [key for page in pages for key in page.keys] == days[::-1]
    assert [page.start for page in pages] == [1] * page_count  # each counts as if the list ended with it
    assert [page.total for page in pages] == [
        count - sum(len(page.keys) for page in pages[:index]) for index in range(page_count)
    ]
    assert all(len(page.keys) >= min(count, 30) for page in pages)


def test_each_page_leads_back_to_the_previous_one() -> None:
    pages = walk(list_days(200))
    assert [key.text for key in pages] == ["days", "days/5", "days/4", "days/3", "days/2", "days/1"]
    assert pages[ListKey("days")].previous is None
    assert [pages[key].previous for _, key in pairwise(pages)] == [key for key, _ in pairwise(pages)]


def test_new_day_changes_the_first_page_only() -> None:
    before, after = (list(walk(list_days(count)).values()) for count in (100, 101))
    assert len(before) == len(after) == 3
    assert [page.keys for page in before[1:]] == [page.keys for page in after[1:]]
    assert after[0].keys[1:] == before[0].keys


def test_list_of_a_year_holds_the_editions_of_that_year() -> None:
    days = list_days(100)
    assert [key.text[:4] for key in find_page("days/2023", days).keys] == ["2023"] * 10
    facets = list_facets(list_key("days/2023"), days)
    assert [(facet.value, facet.count, facet.is_active) for facet in facets] == [
        ("", 100, False),
        ("2024", 90, False),
        ("2023", 10, True),
    ]


def test_week_belongs_to_the_year_of_its_number() -> None:
    weeks = [period(Scope.WEEK, date(2024, 12, 23)), period(Scope.WEEK, date(2024, 12, 31))]
    assert [key.text for key in find_page("weeks/2025", weeks).keys] == ["2025-W01"]


def test_every_page_of_a_list_is_listed_once() -> None:
    texts = [key.text for key in list_pages("days", list_days(100))]
    assert texts == ["days", "days/2", "days/1", "days/2024", "days/2024/1", "days/2023"]


@pytest.mark.parametrize("text", ["days/9", "days/2022", "days/2024/9", "years/2024", "days/3"])
def test_page_that_does_not_exist_is_none(text: str) -> None:
    assert list_page(list_key(text), list_days(100)) is None
