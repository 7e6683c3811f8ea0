"""Keys, and the editions that they name."""

from dataclasses import replace
from datetime import date

import pytest

from feeds.archive.edition import Edition, Editions
from feeds.errors import UnknownEditionError
from feeds.model.key import Key, Scope, parse_key, period
from feeds.model.query import Query
from tests.support.digests import Files, OpenFiles, day, paper


@pytest.mark.parametrize(
    ("text", "scope", "since", "until"),
    [
        ("2024-01-30", Scope.DAY, date(2024, 1, 30), date(2024, 1, 30)),
        ("2024-W01", Scope.WEEK, date(2024, 1, 1), date(2024, 1, 7)),
        ("2020-W53", Scope.WEEK, date(2020, 12, 28), date(2021, 1, 3)),
        ("2024-02", Scope.MONTH, date(2024, 2, 1), date(2024, 2, 29)),
        ("2024", Scope.YEAR, date(2024, 1, 1), date(2024, 12, 31)),
        ("latest", Scope.LATEST, None, None),
        ("papers/2401.16420", Scope.PAPER, None, None),
        ("papers/hep-th/9901001", Scope.PAPER, None, None),
    ],
)
def test_keys(text: str, scope: Scope, since: date | None, until: date | None) -> None:
    assert parse_key(text) == Key(scope, text, since, until)


@pytest.mark.parametrize(
    "text",
    ["", "site", "paper", "2024-13", "2024-02-30", "2024-W54", "2023-W53", "2024-1-30", "0000", "0000-01-01", "papers/"]
    + ["9999-W53", "Latest", "2024-01-30\n", "２０２４", "day", "search/", "../etc"],
)
def test_what_is_no_key(text: str) -> None:
    assert parse_key(text) is None


def test_a_date_near_the_new_year_lies_in_the_iso_week_of_its_thursday() -> None:
    assert period(Scope.WEEK, date(2024, 12, 30)).text == "2025-W01"


FILES = {
    "1.md": day("2024-01-30", paper("A", "2401.1", votes="Vote: 1"), paper("B", "2401.2", votes="Vote: 9")),
    "2.md": day("2024-02-01", paper("C", "2402.1"), paper("A", "2401.1")),
    "3.md": day("2024-02-05"),
    "4.md": day("2024-03-01", paper("D", "2403.1")),
}


@pytest.fixture
def editions(open_files: OpenFiles) -> Editions:
    return Editions(open_files(FILES).archive, latest_days=3, latest_papers=2)


def cut(editions: Editions, text: str) -> Edition:
    key = parse_key(text)
    assert key is not None
    return editions.cut(key)


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("2024-01-30", ["A", "B"]),
        ("2024-02-01", ["C", "A"]),
        ("2024-W05", ["C", "A", "B"]),
        ("2024-02", ["C"]),
        ("2024-02-05", []),
        ("2024", ["D", "C", "A", "B"]),
        ("all", ["D", "C", "A", "B"]),
        ("latest", ["D"]),
        ("search", ["D", "C", "A", "B"]),
        ("papers/2401.00002", ["B"]),
    ],
)
def test_the_papers_of_an_edition(editions: Editions, text: str, titles: list[str]) -> None:
    assert [found.title for found in cut(editions, text).papers] == titles


@pytest.mark.parametrize("text", ["2024-01-31", "2023-W05", "2024-04", "2025", "papers/9999.99999"])
def test_what_the_archive_does_not_hold_is_unknown(editions: Editions, text: str) -> None:
    with pytest.raises(UnknownEditionError, match=text):
        cut(editions, text)


@pytest.mark.parametrize("text", ["latest", "all", "daily", "weekly", "search"])
def test_editions_of_an_empty_archive_are_empty(open_files: OpenFiles, text: str) -> None:
    edition = cut(Editions(open_files({}).archive, 14, 100), text)
    assert not edition.papers
    assert not edition.parts


def test_neighbours_are_periods_that_have_a_day(editions: Editions) -> None:
    day_two = cut(editions, "2024-02-01")
    assert (day_two.previous, day_two.next) == (parse_key("2024-01-30"), parse_key("2024-02-05"))
    assert cut(editions, "2024-W05").previous is None
    assert cut(editions, "2024-03").previous == parse_key("2024-02")


def test_a_search_has_pages(editions: Editions) -> None:
    key = Key(Scope.SEARCH, "search", query=Query(limit=2, page=2))
    page = editions.cut(key)
    assert ([found.title for found in page.papers], page.total) == (["A", "B"], 4)
    assert page.previous == replace(key, query=Query(limit=2))
    assert page.next is None
    assert editions.outline(replace(key, query=Query(limit=2))).next == key


def test_the_latest_are_whole_days_and_before_them_comes_a_day(editions: Editions) -> None:
    latest = cut(editions, "latest")
    assert [each.date for each in latest.days] == [date(2024, 2, 5), date(2024, 3, 1)]
    assert latest.previous == parse_key("2024-02-01")


def test_what_is_new_since_a_day(editions: Editions) -> None:
    def new(text: str, as_of: date) -> list[str]:
        key = parse_key(text)
        assert key
        edition = editions.since(key, as_of)
        return [each.title for each in edition.papers] + [each.key.text for each in edition.parts]

    assert new("all", date(2024, 2, 1)) == ["D"]
    assert new("search", date(2024, 1, 30)) == ["D", "C"]
    assert new("monthly", date(2024, 2, 5)) == ["2024-02"]
    assert new("all", date(2024, 3, 1)) == []


def test_a_week_or_month_enters_its_series_once_a_later_day_is_there(editions: Editions) -> None:
    assert [part.key.text for part in cut(editions, "monthly").parts] == ["2024-02", "2024-01"]
    assert [part.key.text for part in cut(editions, "weekly").parts] == ["2024-W06", "2024-W05"]
    assert [part.key.text for part in cut(editions, "daily").parts] == [
        "2024-03-01",
        "2024-02-05",
        "2024-02-01",
        "2024-01-30",
    ]


def test_a_corrected_day_changes_the_tags_of_what_holds_it_and_no_other(open_files: OpenFiles) -> None:
    def tags(files: Files) -> dict[str, str]:
        editions = Editions(open_files(files).archive, 3, 2)
        return {key.text: editions.outline(key).tag for key in editions.known()}

    before = tags(FILES)
    after = tags({"1.md": FILES["1.md"].replace("[B]", "[B corrected]")})
    changed = {text for text in before if before[text] != after[text]}
    assert changed == {
        "2024-01-30",
        "2024-W05",
        "2024-01",
        "2024",
        "all",
        "daily",
        "weekly",
        "monthly",
        "papers/2401.00002",
        *("newest", "days", "weeks", "months", "years", "days/2024", "weeks/2024", "months/2024"),
    }


def test_moving_files_changes_no_tag(open_files: OpenFiles, editions: Editions) -> None:
    before = {key.text: editions.outline(key).tag for key in editions.known()}
    archive = open_files({f"moved/{name}": content for name, content in FILES.items()}).archive
    for name in FILES:
        (archive.root / name).unlink()
    archive.look()
    moved = Editions(archive, 3, 2)
    assert {key.text: moved.outline(key).tag for key in moved.known()} == before
