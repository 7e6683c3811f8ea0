"""The keys that name editions, and their grammar."""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from feeds.model.query import EVERYTHING, Query
from feeds.text.unicode import strip_forbidden


class Scope(StrEnum):
    """What kind of cut an edition is."""

    SITE = "site"  # what the whole site publishes: home page, catalogues
    LATEST = "latest"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"
    DAILY = "daily"  # editions of days, one an entry
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    SEARCH = "search"
    PAPER = "paper"
    SHELF = "shelf"  # all editions of a kind, a page at a time


EXAMPLES = {
    Scope.LATEST: "latest",
    Scope.DAY: "2024-01-30",
    Scope.WEEK: "2024-W05",
    Scope.MONTH: "2024-01",
    Scope.YEAR: "2024",
    Scope.ALL: "all",
    Scope.DAILY: "daily",
    Scope.WEEKLY: "weekly",
    Scope.MONTHLY: "monthly",
    Scope.SEARCH: "search",
    Scope.PAPER: "papers/2401.16420",
    Scope.SHELF: "weeks/2024",
}
"""A key of each scope."""

PERIODS = frozenset({Scope.DAY, Scope.WEEK, Scope.MONTH, Scope.YEAR})
SERIES = {Scope.DAILY: Scope.DAY, Scope.WEEKLY: Scope.WEEK, Scope.MONTHLY: Scope.MONTH}
SHELVES = {"days": Scope.DAY, "weeks": Scope.WEEK, "months": Scope.MONTH, "years": Scope.YEAR}
TOPIC_PREFIX = "topics/"
"""What the addresses of searches begin with that have a name; what they ask for, the site knows."""
NEWEST = "newest"
"""The shelf of the newest edition of each kind."""


@dataclass(frozen=True, slots=True)
class Key:
    """What names an edition: `text` is how addresses and commands write it.

    `since` and `until` are the first and last day of a period, `query` is what a search asks for; one that has a name,
    a topic, is at an address of its own, like `topics/로봇`. A shelf has editions of the scope `of`, those of one
    `year` or all; its `page` is None for the newest of them.
    """

    scope: Scope
    text: str
    since: date | None = None
    until: date | None = None
    query: Query = EVERYTHING
    of: Scope | None = None
    year: str = ""
    page: int | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """What stands behind the question mark of its address: nothing but in a search without a name."""
        return self.query.parameters() if self.text == Scope.SEARCH else {}


def parse_key(text: str) -> Key | None:
    """Read a key as addresses write it; None where it is none. What the archive holds plays no part."""
    if text in FIXED:
        return Key(FIXED[text], text)
    if match := _SHELF.fullmatch(text):
        name, year, page = match.groups(default="")
        return shelf(name, year, int(page) if page else None)
    if text.startswith(TOPIC_PREFIX) and text != TOPIC_PREFIX:
        return Key(Scope.SEARCH, text)
    if text.startswith("papers/") and text != "papers/" and strip_forbidden(text) == text:
        return Key(Scope.PAPER, text)
    for pattern, read in _PERIOD_GRAMMAR:
        if match := pattern.fullmatch(text):
            try:
                return read(match)
            except (ValueError, OverflowError):  # OverflowError: a week that ends behind the year 9999
                return None
    return None


def period(scope: Scope, day: date) -> Key:
    """Name the day, ISO week, month or year that a date lies in."""
    if scope is Scope.DAY:
        return Key(scope, day.isoformat(), day, day)
    if scope is Scope.WEEK:
        year, week, weekday = day.isocalendar()
        monday = day - timedelta(days=weekday - 1)
        return Key(scope, f"{year:04}-W{week:02}", monday, monday + timedelta(days=6))
    if scope is Scope.MONTH:
        return Key(
            scope,
            f"{day.year:04}-{day.month:02}",
            day.replace(day=1),
            day.replace(day=monthrange(day.year, day.month)[1]),
        )
    return Key(scope, f"{day.year:04}", day.replace(month=1, day=1), day.replace(month=12, day=31))


def fixed(scope: Scope) -> Key:
    """Name the edition of a scope that has only one, like `latest`; of searches the one for everything."""
    return Key(scope, scope.value)


def paper_key(slug: str) -> Key:
    """Name a paper."""
    return Key(Scope.PAPER, f"papers/{slug}")


def shelf(name: str, year: str = "", page: int | None = None) -> Key:
    """Name a page of a shelf: `days`, `days/2024`, `days/7`, `days/2024/7`. Pages count from the oldest editions."""
    text = "/".join([name, *([year] if year else []), *([str(page)] if page else [])])
    return Key(Scope.SHELF, text, of=SHELVES[name], year=year, page=page)


LATEST, ALL, SEARCH = fixed(Scope.LATEST), fixed(Scope.ALL), fixed(Scope.SEARCH)
FIXED = {
    scope.value: scope for scope in (Scope.LATEST, Scope.ALL, Scope.DAILY, Scope.WEEKLY, Scope.MONTHLY, Scope.SEARCH)
} | {NEWEST: Scope.SHELF}
_SHELF = re.compile(rf"({'|'.join(SHELVES)})(?:/([0-9]{{4}}))?(?:/([1-9][0-9]{{0,2}}))?")
_PERIOD_GRAMMAR: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Key]], ...] = (
    (re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})"), lambda found: period(Scope.DAY, date.fromisoformat(found[0]))),
    (
        re.compile(r"([0-9]{4})-W([0-9]{2})"),
        lambda found: period(Scope.WEEK, date.fromisocalendar(int(found[1]), int(found[2]), 1)),
    ),
    (re.compile(r"([0-9]{4})-([0-9]{2})"), lambda found: period(Scope.MONTH, date(int(found[1]), int(found[2]), 1))),
    (re.compile(r"[0-9]{4}"), lambda found: period(Scope.YEAR, date(int(found[0]), 1, 1))),
)
