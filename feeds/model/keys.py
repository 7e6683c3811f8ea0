"""Keys: the names of editions in URLs and commands, and their grammar."""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from difflib import get_close_matches
from enum import StrEnum

from feeds.model.identity import parse_identifier
from feeds.model.query import EVERYTHING, Query
from feeds.text.unicode import strip_forbidden


class Scope(StrEnum):
    """The kind of selection that an edition is."""

    SITE = "site"  # the site as a whole: home page, catalogs
    LATEST = "latest"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"
    DAILY = "daily"  # a series: its entries are editions of days
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    TOP = "top"  # the most voted papers of a week or month
    TOP_WEEKLY = "top-weekly"  # a series of these
    TOP_MONTHLY = "top-monthly"
    SEARCH = "search"
    TOPIC = "topic"  # a search that the settings give a name
    PAPER = "paper"
    LIST = "list"  # all editions of one kind, paged
    TOPICS = "topics"  # all topics


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
    Scope.TOP: "top/2024-W05",
    Scope.TOP_WEEKLY: "top-weekly",
    Scope.TOP_MONTHLY: "top-monthly",
    Scope.SEARCH: "search",
    Scope.TOPIC: "topics/로봇",
    Scope.PAPER: "papers/2401.16420",
    Scope.LIST: "weeks/2024",
    Scope.TOPICS: "topics",
}
"""A key of each scope."""

PERIODS = (Scope.DAY, Scope.WEEK, Scope.MONTH, Scope.YEAR)
RANKED_PERIODS = (Scope.WEEK, Scope.MONTH)
"""The scopes of the periods whose most voted papers are an edition of their own."""

_PERIODS_OF_SERIES = {Scope.DAILY: Scope.DAY, Scope.WEEKLY: Scope.WEEK, Scope.MONTHLY: Scope.MONTH}
_PERIODS_OF_TOP_SERIES = {Scope.TOP_WEEKLY: Scope.WEEK, Scope.TOP_MONTHLY: Scope.MONTH}
SERIES = (*_PERIODS_OF_SERIES, *_PERIODS_OF_TOP_SERIES)
_PERIODS_OF_TOP_LISTS = {"top-weeks": Scope.WEEK, "top-months": Scope.MONTH}
LISTS = _PERIODS_OF_TOP_LISTS | {"days": Scope.DAY, "weeks": Scope.WEEK, "months": Scope.MONTH, "years": Scope.YEAR}
NEWEST = "newest"
TOPIC_PREFIX = "topics/"
"""Starts the keys of topics: searches that the settings give a name."""

_TOP_PREFIX = "top/"


@dataclass(frozen=True, slots=True)
class FixedKey:
    """`latest` or `all`."""

    scope: Scope

    @property
    def text(self) -> str:
        """The key as URLs and commands write it."""
        return self.scope.value


@dataclass(frozen=True, slots=True)
class PeriodKey:
    """A day, ISO week, month or year, from its first day to its last."""

    scope: Scope
    first: date
    last: date

    @property
    def text(self) -> str:
        """The key as URLs and commands write it."""
        if self.scope is Scope.DAY:
            return self.first.isoformat()
        if self.scope is Scope.WEEK:
            year, week, _ = self.first.isocalendar()
            return f"{year:04}-W{week:02}"
        return f"{self.first.year:04}-{self.first.month:02}" if self.scope is Scope.MONTH else f"{self.first.year:04}"


@dataclass(frozen=True, slots=True)
class TopKey:
    """The most voted papers of a week or month."""

    period: PeriodKey

    @property
    def scope(self) -> Scope:
        """TOP."""
        return Scope.TOP

    @property
    def text(self) -> str:
        """The key as URLs and commands write it, such as `top/2024-W05`."""
        return f"{_TOP_PREFIX}{self.period.text}"

    @property
    def first(self) -> date:
        """The first day of the period."""
        return self.period.first

    @property
    def last(self) -> date:
        """The last day of the period."""
        return self.period.last


@dataclass(frozen=True, slots=True)
class SearchKey:
    """Whatever matches a query. A topic, which the settings name, has a `topic` such as `topics/로봇`."""

    query: Query = EVERYTHING
    topic: str = ""

    @property
    def scope(self) -> Scope:
        """SEARCH or TOPIC."""
        return Scope.TOPIC if self.topic else Scope.SEARCH

    @property
    def text(self) -> str:
        """The key as URLs and commands write it, without the query's parameters."""
        return self.topic or Scope.SEARCH.value

    @property
    def parameters(self) -> dict[str, str]:
        """The URL parameters; none for a topic, whose query stands in the settings."""
        return {} if self.topic else self.query.parameters()

    def page(self, number: int) -> "SearchKey":
        """Return the key of another page; further pages of a topic are pages of its search, with the same limit."""
        # 0 is no default: that of a format of searches may be larger than that of topics.
        return SearchKey(replace(self.query, page=number, default_limit=0 if self.topic else self.query.default_limit))


@dataclass(frozen=True, slots=True)
class PaperKey:
    """One paper, by its slug."""

    slug: str

    @property
    def scope(self) -> Scope:
        """PAPER."""
        return Scope.PAPER

    @property
    def text(self) -> str:
        """The key as URLs and commands write it."""
        return f"papers/{self.slug}"


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """`daily`, `weekly`, `monthly`, `top-weekly` or `top-monthly`: the newest closed editions, one an entry."""

    scope: Scope

    @property
    def text(self) -> str:
        """The key as URLs and commands write it."""
        return self.scope.value

    @property
    def period(self) -> Scope:
        """The scope of the periods that the member editions are of."""
        return {**_PERIODS_OF_SERIES, **_PERIODS_OF_TOP_SERIES}[self.scope]

    def member(self, period: PeriodKey) -> PeriodKey | TopKey:
        """Return the key of the member edition of a period."""
        return TopKey(period) if self.scope in _PERIODS_OF_TOP_SERIES else period


@dataclass(frozen=True, slots=True)
class ListKey:
    """A page of the list of all `days`, `weeks`, `months` or `years`, or of those of one year; or `newest`.

    `top-weeks` and `top-months` list the most voted papers of each week or month.
    Pages are numbered from the oldest editions, so that their content stays; the page of the newest has no number.
    """

    name: str
    year: str = ""
    page: int | None = None

    @property
    def scope(self) -> Scope:
        """LIST."""
        return Scope.LIST

    @property
    def text(self) -> str:
        """The key as URLs and commands write it: `days`, `days/2024`, `days/7`, `days/2024/7`."""
        return "/".join([self.name, *([self.year] if self.year else []), *([str(self.page)] if self.page else [])])

    @property
    def period(self) -> Scope | None:
        """The scope of the periods of the listed editions; None for `newest`, which lists one of each."""
        return LISTS.get(self.name)

    def member(self, period: PeriodKey) -> PeriodKey | TopKey:
        """Return the key of the listed edition of a period."""
        return TopKey(period) if self.name in _PERIODS_OF_TOP_LISTS else period


@dataclass(frozen=True, slots=True)
class TopicsKey:
    """The list of all topics."""

    topics: tuple[SearchKey, ...] = ()

    @property
    def scope(self) -> Scope:
        """TOPICS."""
        return Scope.TOPICS

    @property
    def text(self) -> str:
        """The key as URLs and commands write it."""
        return Scope.TOPICS.value


@dataclass(frozen=True, slots=True)
class SiteKey:
    """A document about the whole site, such as the home page (``) or `subscriptions`."""

    text: str

    @property
    def scope(self) -> Scope:
        """SITE."""
        return Scope.SITE


CollectionKey = SeriesKey | ListKey | TopicsKey
Key = FixedKey | PeriodKey | TopKey | SearchKey | PaperKey | SeriesKey | ListKey | TopicsKey | SiteKey

LATEST, ALL, SEARCH = FixedKey(Scope.LATEST), FixedKey(Scope.ALL), SearchKey()
HOME, STATISTICS = SiteKey(""), SiteKey("stats")
TODAY, THIS_WEEK, THIS_MONTH, THIS_YEAR = map(SiteKey, ("today", "week", "month", "year"))
NEWEST_PERIODS: Mapping[SiteKey, Scope] = dict(zip((TODAY, THIS_WEEK, THIS_MONTH, THIS_YEAR), PERIODS, strict=True))
"""The pages that lead to the newest day, week, month and year.

All pages link to them, at addresses that stay the same: links to the newest day itself would change them every day.
"""
_FIXED: tuple[Key, ...] = (LATEST, ALL, *map(SeriesKey, SERIES), SEARCH, ListKey(NEWEST))
FIXED: Mapping[str, Key] = {key.text: key for key in _FIXED}
"""The keys that take no date, number or name."""


def period(scope: Scope, day: date) -> PeriodKey:
    """Return the day, ISO week, month or year that a date lies in."""
    if scope is Scope.DAY:
        return PeriodKey(scope, day, day)
    if scope is Scope.WEEK:
        monday = day - timedelta(days=day.weekday())
        return PeriodKey(scope, monday, monday + timedelta(days=6))
    if scope is Scope.MONTH:
        return PeriodKey(scope, day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))
    return PeriodKey(Scope.YEAR, day.replace(month=1, day=1), day.replace(month=12, day=31))


def parse_key(text: str, topics: Mapping[str, SearchKey] = {}) -> Key | None:
    """Parse a key as URLs write it; None if it is not one. `topics` are the keys of topics by their text.

    What the archive holds plays no part. A search comes without its parameters.
    """
    if key := FIXED.get(text) or topics.get(text):
        return key
    if text == Scope.TOPICS:
        return TopicsKey(tuple(topics.values()))
    if match := _LIST.fullmatch(text):
        name, year, page = match.groups(default="")
        return ListKey(name, year, int(page) if page else None)
    if text.startswith("papers/") and text != "papers/" and strip_forbidden(text) == text:
        return PaperKey(text.removeprefix("papers/"))
    if text.startswith(_TOP_PREFIX):
        ranked = _parse_period(text.removeprefix(_TOP_PREFIX))
        return TopKey(ranked) if ranked and ranked.scope in RANKED_PERIODS else None
    return _parse_period(text)


def _parse_period(text: str) -> PeriodKey | None:
    for pattern, parse in _PERIOD_GRAMMAR:
        if match := pattern.fullmatch(text):
            try:
                return parse(match)
            except (ValueError, OverflowError):  # OverflowError: a week that ends after the year 9999
                return None
    return None


def key_hint(text: str, topics: Mapping[str, SearchKey] = {}) -> str:
    """Say how to write the key that a text seems to mean; empty if it is one, or that cannot be told."""
    if parse_key(text, topics):
        return ""
    if text.startswith(_TOP_PREFIX):
        return f"write the most voted papers of a week or month as {EXAMPLES[Scope.TOP]} or {_TOP_PREFIX}2024-01"
    for scope, pattern, form in _LOOSE_PERIODS:
        if match := pattern.fullmatch(text):
            candidate = form.format(*map(int, match.groups()))
            if parse_key(candidate):
                return f"write a {scope} as {candidate}"
            return f"there is no such {scope}; write one as {EXAMPLES[scope]}"
    if slug := parse_identifier(text):
        return f"write a paper as papers/{slug}"
    similar = get_close_matches(text, [*FIXED, *LISTS, *topics], 1, _MIN_SIMILARITY)
    return f"did you mean {similar[0]}?" if similar else ""


_MIN_SIMILARITY = 0.7
_LOOSE_PERIODS = (
    (Scope.DAY, re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})"), "{:04}-{:02}-{:02}"),
    (Scope.DAY, re.compile(r"([0-9]{4})\D{1,2}([0-9]{1,2})\D{1,2}([0-9]{1,2})\D?"), "{:04}-{:02}-{:02}"),
    (Scope.WEEK, re.compile(r"([0-9]{4})\W?[wW]\W?([0-9]{1,2})"), "{:04}-W{:02}"),
    (Scope.MONTH, re.compile(r"([0-9]{4})\D{1,2}([0-9]{1,2})\D?"), "{:04}-{:02}"),
)
"""Periods as people write them: 2024-1-3, 2024/01/03, 2024. 1. 3., 20240103, 2024-w5, 2024년 1월."""

_LIST = re.compile(rf"({'|'.join(LISTS)})(?:/([0-9]{{4}}))?(?:/([1-9][0-9]{{0,2}}))?")
_PERIOD_GRAMMAR: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], PeriodKey]], ...] = (
    (re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})"), lambda match: period(Scope.DAY, date.fromisoformat(match[0]))),
    (
        re.compile(r"([0-9]{4})-W([0-9]{2})"),
        lambda match: period(Scope.WEEK, date.fromisocalendar(int(match[1]), int(match[2]), 1)),
    ),
    (re.compile(r"([0-9]{4})-([0-9]{2})"), lambda match: period(Scope.MONTH, date(int(match[1]), int(match[2]), 1))),
    (re.compile(r"[0-9]{4}"), lambda match: period(Scope.YEAR, date(int(match[0]), 1, 1))),
)
