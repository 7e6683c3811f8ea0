"""Editions: the cuts of an archive that have a key, and the grammar of the keys."""

import hashlib
import json
import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from feeds.archive import Archive, DayCount
from feeds.errors import UnknownEditionError
from feeds.model import Paper
from feeds.query import EVERYTHING, Query
from feeds.text import clean


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
}
"""A key of each scope."""

PERIODS = frozenset({Scope.DAY, Scope.WEEK, Scope.MONTH, Scope.YEAR})
SERIES = {Scope.DAILY: Scope.DAY, Scope.WEEKLY: Scope.WEEK, Scope.MONTHLY: Scope.MONTH}
_LONGEST_SERIES = 30  # entries of a feed of editions


@dataclass(frozen=True, slots=True)
class Key:
    """What names an edition: `text` is how addresses and commands write it.

    `since` and `until` are the first and last day of a period, `query` is what a search asks for.
    """

    scope: Scope
    text: str
    since: date | None = None
    until: date | None = None
    query: Query = EVERYTHING


@dataclass(frozen=True, slots=True)
class Edition:
    """A cut of the archive: what an exporter turns into a document.

    `papers` come newest day first, a day's in its order, and as the query orders them in a search. `days` are the days
    that it covers, oldest first; a search covers none. `parts` are the editions that a series holds, newest first.
    `previous` and `next` are the neighbours of a period that have a day, of a search its pages before and after; before
    the latest comes the day before them. `total` counts the papers of all pages; `newest` is the day of the newest one.
    `tag` changes when anything of this does but `modified`, which is when the newest of its files was written.
    """

    key: Key
    papers: tuple[Paper, ...] = ()
    days: tuple[DayCount, ...] = ()
    parts: tuple["Edition", ...] = ()
    previous: Key | None = None
    next: Key | None = None
    total: int = 0
    newest: date | None = None
    tag: str = ""
    modified: datetime | None = None

    def without_oldest(self) -> "Edition":
        """Leave out the oldest day or part, or some of the last papers of one day; what follows it is `previous`."""
        if self.parts:
            return replace(self, parts=self.parts[:-1])
        if len(self.days) > 1:
            oldest, *days = self.days
            papers = tuple(paper for paper in self.papers if paper.day != oldest.date)
            return replace(self, papers=papers, days=tuple(days), previous=period(Scope.DAY, oldest.date))
        papers = self.papers[: len(self.papers) * 9 // 10]
        return replace(self, papers=papers, previous=period(Scope.DAY, self.days[0].date))


def parse_key(text: str) -> Key | None:
    """Read a key as addresses write it; None where it is none. What the archive holds plays no part."""
    if text in _FIXED:
        return Key(_FIXED[text], text)
    if text.startswith("papers/") and text != "papers/" and clean(text) == text:
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


_FIXED = {
    scope.value: scope for scope in (Scope.LATEST, Scope.ALL, Scope.DAILY, Scope.WEEKLY, Scope.MONTHLY, Scope.SEARCH)
}
_PERIOD_GRAMMAR: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Key]], ...] = (
    (re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})"), lambda found: period(Scope.DAY, date.fromisoformat(found[0]))),
    (
        re.compile(r"([0-9]{4})-W([0-9]{2})"),
        lambda found: period(Scope.WEEK, date.fromisocalendar(int(found[1]), int(found[2]), 1)),
    ),
    (re.compile(r"([0-9]{4})-([0-9]{2})"), lambda found: period(Scope.MONTH, date(int(found[1]), int(found[2]), 1))),
    (re.compile(r"[0-9]{4}"), lambda found: period(Scope.YEAR, date(int(found[0]), 1, 1))),
)


class Editions:
    """Cuts an archive. The newest `latest_days` days, at most `latest_papers` papers, are the edition `latest`."""

    def __init__(self, archive: Archive, latest_days: int, latest_papers: int) -> None:
        self._archive = archive
        self._latest_days = latest_days
        self._latest_papers = latest_papers

    def known(self) -> Iterator[Key]:
        """List the editions with a fixed address, those of papers but not of the site among them."""
        days = self._archive.days()
        for text in _FIXED:
            if text != Scope.SEARCH:
                yield Key(_FIXED[text], text)
        for scope in (Scope.YEAR, Scope.MONTH, Scope.WEEK, Scope.DAY):
            yield from _periods(scope, days)
        for paper in self._archive.papers(EVERYTHING):
            yield Key(Scope.PAPER, f"papers/{paper.slug}")

    def outline(self, key: Key, as_of: date | None = None) -> Edition:
        """Cut an edition but for its papers; one `as_of` a day as if the archive ended with that day.

        Raises UnknownEditionError where the archive has none of this key.
        """
        days = tuple(day for day in self._archive.days() if as_of is None or day.date <= as_of)
        covered = self._covered(key, days)
        if key.scope in PERIODS and not covered:
            raise UnknownEditionError(f"{key.text}: the archive holds no such {key.scope}{_extent(days)}")
        previous, following = _neighbours(key, covered, days)
        total = 0
        if key.scope is Scope.SEARCH:
            total = self._archive.count(self._query(key, covered, as_of))
            previous, following = _pages(key, total)
        parts = self._parts(key, days, as_of)
        found = self._archive.fingerprints(self._query(key, covered, as_of))
        edition = Edition(key, (), covered, parts, previous, following, total or len(found), _newest(found, parts))
        bounds = (covered[0].date, covered[-1].date) if covered else (None, None)
        return replace(edition, tag=_tag(edition, found), modified=self._archive.modified(*bounds))

    def cut(self, key: Key, as_of: date | None = None) -> Edition:
        """Cut an edition out of the archive. Raises UnknownEditionError as `outline` does."""
        outline = self.outline(key, as_of)
        return replace(
            outline,
            parts=tuple(self.cut(part.key, as_of) for part in outline.parts),
            papers=self._archive.papers(self._query(key, outline.days, as_of)),
        )

    def since(self, key: Key, as_of: date) -> Edition:
        """Cut what an edition holds that it did not as of a day."""
        held, edition = self.cut(key, as_of), self.cut(key)
        papers, parts = set(held.papers), {part.key for part in held.parts}
        return replace(
            edition,
            papers=tuple(paper for paper in edition.papers if paper not in papers),
            parts=tuple(part for part in edition.parts if part.key not in parts),
        )

    def _covered(self, key: Key, days: tuple[DayCount, ...]) -> tuple[DayCount, ...]:
        if key.scope is Scope.LATEST:
            return self._latest(days)
        if key.scope is Scope.PAPER:
            found = self._archive.papers(Query(slug=_slug(key)))
            if not found:
                raise UnknownEditionError(f"{key.text}: the archive holds no such paper")
            return tuple(day for day in days if day.date == found[0].day)
        if key.since and key.until:
            return tuple(day for day in days if key.since <= day.date <= key.until)
        return () if key.scope is Scope.SEARCH else days

    def _latest(self, days: tuple[DayCount, ...]) -> tuple[DayCount, ...]:
        """List the newest days, whole ones, as many as their papers allow, but one at least."""
        newest = list(days[-self._latest_days :])
        while len(newest) > 1 and sum(day.papers for day in newest) > self._latest_papers:
            newest.pop(0)
        return tuple(newest)

    def _parts(self, key: Key, days: tuple[DayCount, ...], as_of: date | None) -> tuple[Edition, ...]:
        """Outline the editions of a series: those of closed periods, which the archive holds a later day than."""
        if key.scope not in SERIES:
            return ()
        closed = [
            part
            for part in _periods(SERIES[key.scope], days)
            if part.scope is Scope.DAY or (part.until and part.until < days[-1].date)
        ]
        return tuple(self.outline(part, as_of) for part in reversed(closed[-_LONGEST_SERIES:]))

    def _query(self, key: Key, covered: tuple[DayCount, ...], as_of: date | None) -> Query:
        """Say which papers an edition asks the archive for."""
        if key.scope is Scope.SEARCH:
            return replace(key.query, until=min(filter(None, (key.query.until, as_of)), default=None))
        if key.scope is Scope.PAPER:
            return Query(slug=_slug(key))
        if key.scope in SERIES or not covered:
            return Query(limit=0)
        if key.scope is Scope.SITE:
            return Query(since=covered[-1].date)
        limit = self._latest_papers if key.scope is Scope.LATEST else None
        return Query(since=covered[0].date, until=covered[-1].date, limit=limit, repeats=key.scope is Scope.DAY)


def _tag(edition: Edition, found: list[tuple[str, str, int]]) -> str:
    key = edition.key
    seen = [
        [key.scope, key.text, key.query.parameters()],
        [neighbour and neighbour.text for neighbour in (edition.previous, edition.next)],
        edition.total,
        [[day.date.isoformat(), day.papers] for day in edition.days],
        [part.tag for part in edition.parts],
        found,
    ]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def _newest(found: list[tuple[str, str, int]], parts: tuple[Edition, ...]) -> date | None:
    days = [date.fromisoformat(day) for _, day, _ in found]
    return max([*days, *(part.newest for part in parts if part.newest)], default=None)


def _slug(key: Key) -> str:
    return key.text.removeprefix("papers/")


def _periods(scope: Scope, days: tuple[DayCount, ...]) -> list[Key]:
    """List the periods of a kind that have a day, oldest first."""
    return list(dict.fromkeys(period(scope, day.date) for day in days))


def _neighbours(key: Key, covered: tuple[DayCount, ...], days: tuple[DayCount, ...]) -> tuple[Key | None, Key | None]:
    if key.scope is Scope.LATEST and covered:
        older = days[: days.index(covered[0])]
        return (period(Scope.DAY, older[-1].date) if older else None), None
    if key.scope not in PERIODS or not key.since or not key.until:
        return None, None
    before = [day.date for day in days if day.date < key.since]
    after = [day.date for day in days if day.date > key.until]
    return (
        period(key.scope, before[-1]) if before else None,
        period(key.scope, after[0]) if after else None,
    )


def _pages(key: Key, total: int) -> tuple[Key | None, Key | None]:
    """Name the pages of a search before and after one."""
    page, limit = key.query.page, key.query.limit or total
    before = replace(key, query=replace(key.query, page=page - 1)) if page > 1 else None
    after = replace(key, query=replace(key.query, page=page + 1)) if page * limit < total else None
    return before, after


def _extent(days: tuple[DayCount, ...]) -> str:
    return f"; it reaches from {days[0].date} to {days[-1].date}" if days else "; it holds no day at all"
