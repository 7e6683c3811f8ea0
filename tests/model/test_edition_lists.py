"""Shelves: which editions are on which page, and how pages lead on."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from feeds.archive.edition import Edition
from feeds.errors import UnknownEditionError
from feeds.model import shelf
from feeds.model.facet import Group
from feeds.model.key import Key, Scope, parse_key, period
from feeds.publishing.publisher import Catalog
from tests.support.digests import OpenFiles, day, paper


def periods(count: int) -> list[Key]:
    """Name so many days, oldest first, from the end of 2023 on."""
    return [period(Scope.DAY, date(2023, 12, 22) + timedelta(days=number)) for number in range(count)]


def walk(text: str, days: list[Key]) -> list[shelf.Page]:
    """Read a shelf from a page on."""
    pages, key = [], parse_key(text)
    while key and (page := shelf.page(key, days)):
        pages.append(page)
        key = page.next
    return pages


@pytest.mark.parametrize("count", [0, 1, 29, 30, 31, 59, 60, 61, 90, 365])
def test_the_pages_hold_every_edition_once_newest_first(count: int) -> None:
    days = periods(count)
    pages = walk("days", days)
    assert [key for page in pages for key in page.keys] == days[::-1]
    assert [page.start for page in pages] == [
        1 + sum(len(page.keys) for page in pages[:at]) for at in range(len(pages))
    ]
    assert all(page.total == count for page in pages)
    assert all(len(page.keys) >= min(count, 30) for page in pages)


def test_each_page_leads_back_to_the_one_before() -> None:
    days = periods(200)
    key = parse_key("days")
    while key and (page := shelf.page(key, days)) and page.next:
        following = shelf.page(page.next, days)
        assert following
        assert following.previous == key
        key = page.next


def test_a_new_day_changes_the_first_page_only() -> None:
    before, after = walk("days", periods(100)), walk("days", periods(101))
    assert [page.keys for page in before[1:]] == [page.keys for page in after[1:]]
    assert after[0].keys[1:] == before[0].keys


def test_a_facet_is_the_editions_of_a_year() -> None:
    days = periods(100)
    key = parse_key("days/2023")
    assert key
    page = shelf.page(key, days)
    assert page
    assert [each.text[:4] for each in page.keys] == ["2023"] * 10
    assert [(each.value, each.count, each.is_active) for each in shelf.facets(key, days)] == [
        ("", 100, False),
        ("2024", 90, False),
        ("2023", 10, True),
    ]


def test_every_page_is_listed_once() -> None:
    texts = [key.text for key in shelf.pages("days", periods(100))]
    assert texts == ["days", "days/2", "days/1", "days/2024", "days/2024/1", "days/2023"]


@pytest.mark.parametrize("text", ["days/9", "days/2022", "days/2024/9", "years/2024", "days/3"])
def test_a_page_that_is_not_there_is_none(text: str) -> None:
    key = parse_key(text)
    assert key
    assert shelf.page(key, periods(100)) is None


@pytest.mark.parametrize(
    "text", ["days/", "days/0", "days/02", "days/2024/", "days/x", "hours", "days/2024/1/1", "newest/2"]
)
def test_what_is_no_shelf_is_no_key(text: str) -> None:
    assert parse_key(text) is None


def test_a_week_belongs_to_the_year_of_its_number() -> None:
    weeks = [period(Scope.WEEK, date(2024, 12, 23)), period(Scope.WEEK, date(2024, 12, 31))]
    key = parse_key("weeks/2025")
    assert key
    page = shelf.page(key, weeks)
    assert page
    assert [each.text for each in page.keys] == ["2025-W01"]


def test_the_newest_shelf_has_an_edition_of_each_kind(seeds: Catalog) -> None:
    edition = seeds.cut(seeds.find("newest.opds"))
    texts = [part.key.text for part in edition.parts]
    assert texts == ["2024-03-20", "2024-W12", "2024-03", "latest", "all"]


def test_an_unknown_page_is_no_edition(seeds: Catalog) -> None:
    with pytest.raises(UnknownEditionError, match="days/7"):
        seeds.outline(seeds.find("days/7.opds"))


def test_the_facets_of_a_search_count_what_it_finds(open_files: OpenFiles) -> None:
    files = {
        "1.md": day("2023-12-30", paper("A", "2312.1", summary="- 확산"), paper("B", "2312.2", summary="- 다른")),
        "2.md": day("2024-01-30", paper("C", "2401.1", summary="- 확산"), paper("D", "2401.2", summary="- 확산")),
    }
    catalog = open_files(files)
    edition = catalog.cut(catalog.find("search.opds", [("q", "확산")]))
    assert listed(edition, Group.YEAR) == [("", 3, True), ("2024", 2, False), ("2023", 1, False)]
    narrowed = catalog.cut(catalog.find("search.opds", [("q", "확산"), ("from", "2024-01-01"), ("to", "2024-12-31")]))
    assert [paper.title for paper in narrowed.papers] == ["C", "D"]
    assert listed(narrowed, Group.YEAR) == [("", 3, False), ("2024", 2, True), ("2023", 1, False)]
    assert narrowed.total == 2


def test_a_search_counts_what_has_code_and_video_each_with_the_other_conditions(open_files: OpenFiles) -> None:
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
    catalog = open_files(files)
    edition = catalog.cut(catalog.find("search", [("from", "2024-01-01")]))
    assert listed(edition, Group.CODE) == [("", 3, True), ("code", 2, False)]
    assert listed(edition, Group.VIDEO) == [("", 3, True), ("video", 1, False)]
    narrowed = catalog.cut(catalog.find("search", [("has", "video"), ("page", "2")]))
    assert listed(narrowed, Group.YEAR)[0] == ("", 1, True)
    assert listed(narrowed, Group.CODE) == [("", 1, True), ("code", 1, False)]
    assert listed(narrowed, Group.VIDEO) == [("", 4, False), ("video", 1, True)]
    for facet in (*edition.facets, *narrowed.facets):
        assert catalog.cut(replace(catalog.find("search"), key=facet.key)).total == facet.count


def listed(edition: Edition, group: Group) -> list[tuple[str, int, bool]]:
    return [(each.value, each.count, each.is_active) for each in edition.facets if each.group is group]
