"""Editions: the cuts of an archive that have a key."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from feeds.archive.archive import Archive, DayCount, Fingerprint
from feeds.errors import UnknownEditionError
from feeds.images.store import Album
from feeds.model import shelf
from feeds.model.facet import Facet, facets, having
from feeds.model.key import ALL, FIXED, LATEST, PERIODS, SEARCH, SERIES, SHELVES, Key, Scope, paper_key, period
from feeds.model.paper import Paper
from feeds.model.query import EVERYTHING, Query

_WEEK = timedelta(days=6)
_LONGEST_SERIES = 30  # entries of a feed of editions
NO_PICTURES = Album()
"""Those of an edition that nobody has furnished."""
_WITHOUT_DAYS = {*SERIES, Scope.SHELF, Scope.PAPER}


@dataclass(frozen=True, slots=True)
class Edition:
    """A cut of the archive: what an exporter turns into a document.

    `papers` come newest day first, a day's in its order, and as the query orders them in a search; the whole site has
    those of its last seven days. `days` are the days that it covers, oldest first; a search covers none. `parts` are
    the editions that a series or a shelf holds, newest first. `previous` and `next` are the neighbours of a period that
    have a day, of a search or a shelf its pages before and after; before the latest comes the day before them. `total`
    counts the papers, of a shelf the editions, of all pages; this page begins with the one at `start`, from 1. `newest`
    is the day of the newest one.

    `images` are the addresses of the papers' pictures, `pictures` those that the store holds: a format gets them that
    says so. `tag` changes when the papers, the days or the parts do; `way` and `place` say where the
    edition stands among others. `modified` is when the newest of its files was written.
    """

    key: Key
    papers: tuple[Paper, ...] = ()
    days: tuple[DayCount, ...] = ()
    parts: tuple["Edition", ...] = ()
    previous: Key | None = None
    next: Key | None = None
    total: int = 0
    start: int = 1
    facets: tuple[Facet, ...] = ()
    newest: date | None = None
    images: tuple[str, ...] = ()
    pictures: Album = NO_PICTURES
    tag: str = ""
    modified: datetime | None = None

    @property
    def way(self) -> str:
        """Change when the neighbours do."""
        return " ".join(neighbour.text if neighbour else "-" for neighbour in (self.previous, self.next))

    @property
    def place(self) -> str:
        """Change when the neighbours do, or what is counted."""
        return repr((self.way, self.total, self.start, self.facets))

    def most_voted(self, count: int | None = None) -> list[Paper]:
        """List the papers by their votes, those without any last, as many as are asked for."""
        return sorted(self.papers, key=lambda paper: -1 if paper.votes is None else paper.votes, reverse=True)[:count]

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


class Editions:
    """Cuts an archive. The newest `latest_days` days, at most `latest_papers` papers, are the edition `latest`."""

    def __init__(self, archive: Archive, latest_days: int, latest_papers: int) -> None:
        self._archive = archive
        self._latest_days = latest_days
        self._latest_papers = latest_papers

    def known(self) -> Iterator[Key]:
        """List the editions with a fixed address, those of papers but not of the site among them."""
        days = self._archive.days()
        for text in FIXED:
            if text != Scope.SEARCH:
                yield Key(FIXED[text], text)
        for name, scope in reversed(SHELVES.items()):
            yield from shelf.pages(name, _filled(scope, days))
            yield from _periods(scope, days)
        for paper in self._archive.papers(EVERYTHING):
            yield paper_key(paper.slug)

    def outline(self, key: Key, as_of: date | None = None) -> Edition:
        """Cut an edition but for its papers; one `as_of` a day as if the archive ended with that day.

        Raises UnknownEditionError where the archive has none of this key.
        """
        days = tuple(day for day in self._archive.days() if as_of is None or day.date <= as_of)
        covered = self._covered(key, days)
        if key.scope in PERIODS and not covered:
            raise UnknownEditionError(f"{key.text}: the archive holds no such {key.scope}{_extent(days)}")
        found = self._archive.fingerprints(self._query(key, covered, as_of))
        bounds = (covered[0].date, covered[-1].date) if covered else (None, None)
        edition = Edition(key, (), covered, total=len(found), modified=self._archive.modified(*bounds))
        if key.scope is Scope.SEARCH:
            edition = self._searched(edition, as_of)
        elif key.scope is Scope.SHELF:
            edition = self._shelved(edition, days, as_of)
        else:
            previous, following = _neighbours(key, covered, days, self._latest_papers)
            parts = self._outlines(_closed(key, days), as_of)
            edition = replace(edition, parts=parts, previous=previous, next=following)
        images = tuple(each.image for each in found if each.image)
        images += tuple(image for part in edition.parts for image in part.images)
        return replace(edition, newest=_newest(found, edition.parts), images=images, tag=_tag(edition, found))

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

    def _searched(self, edition: Edition, as_of: date | None) -> Edition:
        """Place a page of a search among the others."""
        key = edition.key
        years = self._archive.years(self._query(replace(key, query=key.query.in_years()), (), as_of))
        traits = self._archive.traits(self._query(replace(key, query=replace(key.query, has=())), (), as_of))
        total = having(frozenset(key.query.has), traits)
        before, after = _pages(key, total)
        start = (key.query.page - 1) * (key.query.limit or total) + 1
        return replace(
            edition, total=total, start=start, facets=facets(key, years, traits), previous=before, next=after
        )

    def _shelved(self, edition: Edition, days: tuple[DayCount, ...], as_of: date | None) -> Edition:
        """Fill a page of a shelf."""
        key = edition.key
        if key.of is None:
            newest = [key for scope in (Scope.DAY, Scope.WEEK, Scope.MONTH) for key in _filled(scope, days)[-1:]]
            wide = [LATEST, ALL] if newest else []
            parts = self._outlines([*newest, *wide], as_of)
            return replace(edition, parts=parts, total=len(parts))
        periods = _filled(key.of, days)
        page = shelf.page(key, periods)
        if page is None:
            raise UnknownEditionError(f"{key.text}: there is no such page")
        return replace(
            edition,
            parts=self._outlines(page.keys, as_of),
            total=page.total,
            start=page.start,
            facets=shelf.facets(key, periods),
            previous=page.previous,
            next=page.next,
        )

    def _outlines(self, keys: Iterable[Key], as_of: date | None) -> tuple[Edition, ...]:
        return tuple(self.outline(key, as_of) for key in keys)

    def _query(self, key: Key, covered: tuple[DayCount, ...], as_of: date | None) -> Query:
        """Say which papers an edition asks the archive for."""
        if key.scope is Scope.SEARCH:
            return replace(key.query, until=min(filter(None, (key.query.until, as_of)), default=None))
        if key.scope is Scope.PAPER:
            return Query(slug=_slug(key))
        if key.scope in {*SERIES, Scope.SHELF} or not covered:
            return Query(limit=0)
        if key.scope is Scope.SITE:
            return Query(since=covered[-1].date - _WEEK)
        limit = self._latest_papers if key.scope is Scope.LATEST else None
        return Query(since=covered[0].date, until=covered[-1].date, limit=limit, repeats=key.scope is Scope.DAY)


def _tag(edition: Edition, found: list[Fingerprint]) -> str:
    key = edition.key
    seen = [
        [key.scope, key.text, key.query.parameters()],
        # A series, a shelf and a paper say nothing of the days around.
        [[day.date.isoformat(), day.papers] for day in edition.days if key.scope not in _WITHOUT_DAYS],
        [part.tag for part in edition.parts],
        found,
    ]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def _newest(found: list[Fingerprint], parts: tuple[Edition, ...]) -> date | None:
    days = [date.fromisoformat(each.day) for each in found]
    return max([*days, *(part.newest for part in parts if part.newest)], default=None)


def _slug(key: Key) -> str:
    return key.text.removeprefix("papers/")


def _periods(scope: Scope, days: tuple[DayCount, ...]) -> list[Key]:
    """List the periods of a kind that have a day, oldest first."""
    return list(dict.fromkeys(period(scope, day.date) for day in days))


def _filled(scope: Scope, days: tuple[DayCount, ...]) -> list[Key]:
    """List the periods of a kind that have a paper, oldest first; repeats count for days only."""
    return _periods(scope, tuple(day for day in days if (day.papers if scope is Scope.DAY else day.new)))


def _closed(key: Key, days: tuple[DayCount, ...]) -> list[Key]:
    """List the editions of a series, newest first: closed periods, which the archive holds a later day than."""
    if key.scope not in SERIES:
        return []
    periods = _periods(SERIES[key.scope], days)
    closed = [part for part in periods if part.scope is Scope.DAY or (part.until and part.until < days[-1].date)]
    return closed[: -_LONGEST_SERIES - 1 : -1]


def _neighbours(
    key: Key, covered: tuple[DayCount, ...], days: tuple[DayCount, ...], most: int
) -> tuple[Key | None, Key | None]:
    if key.scope is Scope.LATEST and covered:
        first = days.index(covered[0])
        older = days[: first + 1] if covered[0].papers > most else days[:first]  # not all of that day fits in
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
    last = max(-(-total // limit), 1) if limit else 1
    before = replace(SEARCH, query=replace(key.query, page=min(page - 1, last))) if page > 1 else None
    after = replace(SEARCH, query=replace(key.query, page=page + 1)) if page * limit < total else None
    return before, after


def _extent(days: tuple[DayCount, ...]) -> str:
    return f"; it reaches from {days[0].date} to {days[-1].date}" if days else "; it holds no day at all"
