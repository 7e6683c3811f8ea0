"""A consistent view of an archive: everything that is read from it comes from one transaction."""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from feeds.archive import index
from feeds.archive.search import FIRST_LISTING, Search
from feeds.errors import UnknownEditionError
from feeds.model.diagnostic import Severity
from feeds.model.edition import (
    Collection,
    Edition,
    Facet,
    SearchResults,
    count_with,
    group_by_day,
    list_facets,
    list_page,
    list_pages,
    periods,
    search_facets,
)
from feeds.model.keys import (
    ALL,
    FIXED,
    LATEST,
    LISTS,
    PERIODS,
    SEARCH,
    CollectionKey,
    FixedKey,
    Key,
    ListKey,
    PaperKey,
    PeriodKey,
    Scope,
    SearchKey,
    SeriesKey,
    SiteKey,
    TopicsKey,
    period,
)
from feeds.model.paper import Day, DayCount, Listing
from feeds.model.query import Has, Order, Query
from feeds.text import unicode
from feeds.text.matching import squeeze

_SITE_DAYS = timedelta(days=6)  # before the newest day on the home page
_MAX_SERIES = 30  # entries
_PUBLICATION = "a day is shown when its date begins in UTC"
_COLLISIONS = """(
    SELECT count(*) FROM papers AS other WHERE other.citation_key_stem = papers.first_stem
    AND other.rank IS NOT NULL AND other.day = other.first_day
    AND (other.first_day, other.first_rank) < (papers.first_day, papers.first_rank)
)"""


class LatestLimits(NamedTuple):
    """The size of the edition `latest`: whole days, as many as have at most so many papers, but at least one."""

    days: int = 14
    papers: int = 100


class FileDiagnostic(NamedTuple):
    """A diagnostic with the path of its file relative to the archive's folder."""

    path: str
    line: int
    message: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class EditionMetadata:
    """What is known of an edition without loading its papers: enough for its ETag and headers.

    `fingerprint` changes with the papers, days or members. `total`, `start`, `facets`, `previous` and `next` are those
    of the edition. `newest` is the day of its newest paper, `modified` the newest mtime among its day files.
    `image_urls` are the papers' pictures, `suggestions` those of a search without results.
    """

    key: Key
    fingerprint: str
    total: int = 0
    start: int = 1
    facets: tuple[Facet, ...] = ()
    previous: Key | None = None
    next: Key | None = None
    newest: date | None = None
    modified: datetime | None = None
    image_urls: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()

    @property
    def neighbours(self) -> str:
        """A text that changes when `previous` or `next` does."""
        return " ".join(key.text if key else "-" for key in (self.previous, self.next))

    @property
    def navigation(self) -> str:
        """A text that changes when the neighbours do, the position among all results, or what is suggested."""
        return repr((self.neighbours, self.total, self.start, self.facets, self.suggestions))


class _ListingFingerprint(NamedTuple):
    """What identifies a listing's content and place without decoding it, and its picture's URL."""

    hash: str
    day: str
    rank: int
    image: str | None
    stem: str
    collisions: int


class Snapshot:
    """Reads editions, counts and diagnostics. Valid inside `with archive.snapshot()` only.

    With `as_of` the archive is seen as if it ended with that day.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        latest: LatestLimits,
        calendars: dict[str, tuple[DayCount, ...]],
        as_of: date,
    ) -> None:
        self._connection = connection
        self._search = Search(connection)
        self._latest = latest
        self._calendars = calendars  # that of the newest revision, shared by the snapshots of an archive
        self._as_of = as_of

    def as_of(self, day: date) -> "Snapshot":
        """Return the same snapshot as if the archive ended with a day."""
        return Snapshot(self._connection, self._latest, self._calendars, day)

    @property
    def revision(self) -> str:
        """Identify what the snapshot shows: the content of the index, up to some day."""
        calendar = self.calendar()
        return f"{self._content} {calendar[-1].date if calendar else ''}"

    @cached_property
    def _content(self) -> str:
        """Identify the content of the index."""
        return index.read_revision(self._connection)

    @cached_property
    def _all_days(self) -> tuple[DayCount, ...]:
        calendar = self._calendars.get(self._content)
        if calendar is None:
            rows = self._rows(
                "SELECT listed.day, count(rank), count(rank) FILTER (WHERE first_day = listed.day)"
                " FROM (SELECT DISTINCT day FROM days) AS listed LEFT JOIN papers USING (day)"
                " GROUP BY listed.day ORDER BY listed.day"
            )
            calendar = tuple(DayCount(date.fromisoformat(day), *counts) for day, *counts in rows)
            self._calendars.clear()  # of older revisions
            self._calendars[self._content] = calendar
        return calendar

    @cached_property
    def _until(self) -> date:
        """The last day that is seen; `date.max` for all of them, which spares queries a condition."""
        return self._as_of if self._all_days and self._all_days[-1].date > self._as_of else date.max

    @cached_property
    def _calendar(self) -> tuple[DayCount, ...]:
        return tuple(day for day in self._all_days if day.date <= self._until)

    def calendar(self) -> tuple[DayCount, ...]:
        """Count the papers of every day, oldest first, days without a paper included."""
        return self._calendar

    def keys(self) -> Iterator[Key]:
        """List the keys of all editions with an address of their own: no searches, nothing about the site."""
        for text, key in FIXED.items():
            if text != SEARCH.text:
                yield key
        for name, scope in reversed(LISTS.items()):
            yield from list_pages(name, self._periods_with_papers(scope))
            yield from periods(scope, self._dates())
        yield from (
            PaperKey(slug)
            for (slug,) in self._rows(
                f"SELECT slug FROM papers WHERE {FIRST_LISTING} AND day <= ? ORDER BY day DESC, rank",  # noqa: S608
                [self._until.isoformat()],
            )
        )

    def metadata(self, key: Key) -> EditionMetadata:
        """Describe an edition without loading its papers.

        Raises UnknownEditionError if the archive does not hold it.
        """
        edition = self._empty(key)
        listings = self._fingerprints(self._selection(key, edition.calendar))
        members = [] if isinstance(key, TopicsKey) else [self.metadata(member.key) for member in _members(edition)]
        newest = [date.fromisoformat(listing.day) for listing in listings]
        return EditionMetadata(
            key,
            _fingerprint(edition, listings, members),
            total=edition.total if isinstance(edition, SearchResults | Collection) else len(listings),
            start=edition.start if isinstance(edition, SearchResults | Collection) else 1,
            facets=edition.facets if isinstance(edition, SearchResults | Collection) else (),
            previous=edition.previous,
            next=edition.next,
            newest=max([*newest, *(member.newest for member in members if member.newest)], default=None),
            modified=self._modified(edition),
            image_urls=tuple(listing.image for listing in listings if listing.image),
            suggestions=edition.suggestions if isinstance(edition, SearchResults) else (),
        )

    def load(self, key: Key) -> Edition:
        """Load an edition with its papers; a search is a `SearchResults`, a series or list a `Collection`.

        The papers of topics are only counted. Raises UnknownEditionError if the archive does not hold it.
        """
        edition = self._empty(key)
        if isinstance(key, TopicsKey):
            return edition
        if isinstance(edition, Collection):
            return replace(edition, editions=tuple(self.load(member.key) for member in edition.editions))
        listings = self._listings(self._selection(key, edition.calendar))
        if isinstance(edition, SearchResults):
            return replace(edition, results=listings, days=group_by_day(listings))
        covered = [day.date for day in reversed(edition.calendar)]
        if isinstance(key, SiteKey) and covered:
            covered = [day for day in covered if day >= covered[0] - _SITE_DAYS]
        by_day: dict[date, list[Listing]] = {day: [] for day in covered}
        for day, listing in zip(_days_of(key, listings), listings, strict=True):
            by_day[day].append(listing)
        return replace(edition, days=tuple(Day(day, tuple(listed)) for day, listed in by_day.items()))

    def image_urls(self) -> list[str]:
        """List the URLs of all pictures, those of the newest papers first."""
        rows = self._rows("SELECT image FROM papers WHERE rank >= 0 AND image IS NOT NULL ORDER BY day DESC, rank")
        return list(dict.fromkeys(image for (image,) in rows))

    def diagnostics(self) -> tuple[FileDiagnostic, ...]:
        """List what is wrong in the files, the papers that a day lists twice, and the days that are not published."""
        rows = self._rows("SELECT path, line, message, severity FROM diagnostics")
        result = [
            FileDiagnostic(os.fsdecode(path), line, message, Severity(severity))
            for path, line, message, severity in rows
        ]
        repeats = self._rows(
            "SELECT again.path, min(again.line), count(*), again.slug, kept.path, min(kept.line), day"
            " FROM papers AS again JOIN papers AS kept USING (day, slug)"
            " WHERE again.rank IS NULL AND kept.rank IS NOT NULL GROUP BY again.path, kept.path, day"
        )
        for path, line, papers, slug, kept_path, kept_line, day in repeats:
            what = f"{papers} papers of {day}" if papers > 1 else slug
            kept = f"{os.fsdecode(kept_path)}:{kept_line}"
            message = f"lists {what} again; the listing at {kept} is at least as complete and is used"
            result.append(FileDiagnostic(os.fsdecode(path), line, message, Severity.WARNING))
        unpublished = self._rows("SELECT day, path, line FROM days WHERE day > ?", [self._until.isoformat()])
        for day, path, line in unpublished:
            message = f"{day} lies in the future and is not shown before its date begins in UTC; correct a wrong one"
            result.append(FileDiagnostic(os.fsdecode(path), line, message, Severity.WARNING))
        return tuple(sorted(result, key=lambda diagnostic: diagnostic[:3]))

    def unpublished_days(self) -> tuple[date, ...]:
        """List the days that files hold and the snapshot does not show, because their dates have not begun."""
        return tuple(day.date for day in self._all_days if day.date > self._until)

    def _empty(self, key: Key) -> Edition:
        """Return an edition without its papers, and a collection with empty members."""
        match key:
            case SearchKey():
                return self._empty_search(key)
            case ListKey():
                return self._empty_list(key)
            case TopicsKey():
                topics = tuple(SearchResults(topic, count=self._count(topic.query)) for topic in key.topics)
                return Collection(key, calendar=self.calendar(), editions=topics, count=len(topics))
            case SeriesKey():
                members = tuple(map(self._empty, _closed_periods(key, self._dates())))
                return Collection(key, calendar=self.calendar(), editions=members, count=len(members))
            case PaperKey():
                return Edition(key, calendar=self._day_of_paper(key))
            case PeriodKey():
                return self._empty_period(key)
            case FixedKey(Scope.LATEST):
                covered = self._latest_days()
                return Edition(key, calendar=covered, previous=self._before_latest(covered))
            case _:
                return Edition(key, calendar=self.calendar())

    def _empty_period(self, key: PeriodKey) -> Edition:
        covered = tuple(day for day in self.calendar() if key.first <= day.date <= key.last)
        if not covered:
            if any(key.first <= day <= key.last for day in self.unpublished_days()):
                raise UnknownEditionError(f"{key.text}: not published yet; {_PUBLICATION}")
            raise UnknownEditionError(f"{key.text}: the archive holds no such {key.scope}{_extent(self.calendar())}")
        before = [day.date for day in self.calendar() if day.date < key.first]
        after = [day.date for day in self.calendar() if day.date > key.last]
        return Edition(
            key,
            calendar=covered,
            previous=period(key.scope, before[-1]) if before else None,
            next=period(key.scope, after[0]) if after else None,
        )

    def _empty_search(self, key: SearchKey) -> SearchResults:
        query = key.query
        years = self._count_by_year(query.in_year())
        media = self._count_by_media(replace(query, has=()))
        total = count_with(frozenset(query.has), media)
        limit = query.limit or total
        last_page = max(-(-total // limit), 1) if limit else 1
        is_empty = (query.page - 1) * limit >= total
        return SearchResults(
            key,
            calendar=self.calendar()[:1] if is_empty else (),
            facets=search_facets(key, years, media),
            count=total,
            start=(query.page - 1) * limit + 1,
            previous=key.page(min(query.page - 1, last_page)) if query.page > 1 else None,
            next=key.page(query.page + 1) if query.page * limit < total else None,
            suggestions=() if total else self._suggestions(query),
        )

    def _suggestions(self, query: Query) -> tuple[str, ...]:
        """Return what the words of a query could mean, each with results."""
        texts = self._search.suggest(query.clauses)
        return tuple(text for text in texts if self._count_by_media(replace(query, q=text, page=1)))

    def _empty_list(self, key: ListKey) -> Collection:
        if key.period is None:
            newest = [last for scope in PERIODS[:3] for last in self._periods_with_papers(scope)[-1:]]
            keys: list[Key] = [*newest, LATEST, ALL] if newest else []
            members = tuple(map(self._empty, keys))
            return Collection(key, calendar=self.calendar(), editions=members, count=len(members))
        listed = self._periods_with_papers(key.period)
        page = list_page(key, listed)
        if page is None:
            raise UnknownEditionError(f"{key.text}: there is no such page")
        return Collection(
            key,
            calendar=self.calendar(),
            editions=tuple(map(self._empty, page.keys)),
            count=page.total,
            start=page.start,
            facets=list_facets(key, listed),
            previous=page.previous,
            next=page.next,
        )

    def _day_of_paper(self, key: PaperKey) -> tuple[DayCount, ...]:
        rows = self._rows(f"SELECT day FROM papers WHERE slug = ? AND {FIRST_LISTING}", [key.slug])  # noqa: S608
        if not rows:
            raise UnknownEditionError(f"{key.text}: the archive holds no such paper")
        first_listed = date.fromisoformat(rows[0][0])
        if first_listed > self._until:
            raise UnknownEditionError(f"{key.text}: not published yet; {_PUBLICATION}")
        return tuple(day for day in self.calendar() if day.date == first_listed)

    def _latest_days(self) -> tuple[DayCount, ...]:
        newest = list(self.calendar()[-self._latest.days :])
        while len(newest) > 1 and sum(day.papers for day in newest) > self._latest.papers:
            newest.pop(0)
        return tuple(newest)

    def _before_latest(self, covered: Sequence[DayCount]) -> Key | None:
        """Return the day to continue with after `latest`: its own oldest day if that did not fit entirely."""
        if not covered:
            return None
        is_cut = covered[0].papers > self._latest.papers
        older = [day.date for day in self.calendar() if day.date < covered[0].date + timedelta(days=is_cut)]
        return period(Scope.DAY, older[-1]) if older else None

    def _dates(self) -> list[date]:
        return [day.date for day in self.calendar()]

    def _periods_with_papers(self, scope: Scope) -> list[PeriodKey]:
        """List the periods that have a paper, oldest first; repeats count for days only."""
        return periods(scope, (day.date for day in self.calendar() if (day.papers if scope is Scope.DAY else day.new)))

    def _selection(self, key: Key, covered: Sequence[DayCount]) -> "_Selection":
        """Select the listings of an edition."""
        if isinstance(key, SearchKey):
            return self._select_results(key.query)
        if isinstance(key, PaperKey):
            return _Selection(["slug = ?", FIRST_LISTING], [key.slug])
        if isinstance(key, CollectionKey) or not covered:
            return _Selection(["0"], [])
        since = covered[-1].date - _SITE_DAYS if isinstance(key, SiteKey) else covered[0].date
        is_listed = "rank IS NOT NULL" if key.scope is Scope.DAY else FIRST_LISTING
        days = [since.isoformat(), covered[-1].date.isoformat()]
        limit = self._latest.papers if key == LATEST else None
        return _Selection([is_listed, "day BETWEEN ? AND ?"], [*days], limit=limit)

    def _listings(self, selection: "_Selection") -> tuple[Listing, ...]:
        columns = f"body, first_rank, first_day, first_stem, {_COLLISIONS}"
        listings = []
        for body, rank, first_day, stem, collisions in self._select(columns, selection):
            citation_key = f"{stem}-{collisions + 1}" if collisions else stem
            listings.append(Listing(index.decode_paper(body), rank, date.fromisoformat(first_day), citation_key))
        return tuple(listings)

    def _fingerprints(self, selection: "_Selection") -> list[_ListingFingerprint]:
        columns = f"hex(hash), first_day, first_rank, image, first_stem, {_COLLISIONS}"
        return [_ListingFingerprint(*row) for row in self._select(columns, selection)]

    def _count(self, query: Query) -> int:
        """Count the results on all pages."""
        return sum(self._count_by_media(query).values())

    def _count_by_year(self, query: Query) -> dict[str, int]:
        """Count the results on all pages by year, the newest first."""
        selection = self._select_results(replace(query, limit=None, page=1))
        rows = self._select("substr(first_day, 1, 4) AS year, count(*)", selection, "GROUP BY year ORDER BY year DESC")
        return dict(rows)

    def _count_by_media(self, query: Query) -> dict[frozenset[Has], int]:
        """Count the results on all pages by what they come with."""
        selection = self._select_results(replace(query, limit=None, page=1))
        rows = self._select("code, video, count(*)", selection, "GROUP BY code, video")
        return {
            frozenset(medium for medium, is_set in ((Has.CODE, code), (Has.VIDEO, video)) if is_set): count
            for code, video, count in rows
        }

    def _modified(self, edition: Edition) -> datetime | None:
        first, last = date.min, self._until
        if edition.calendar and not isinstance(edition, Collection):
            first, last = edition.calendar[0].date, edition.calendar[-1].date
        rows = self._rows(
            "SELECT max(mtime_ns) FROM files JOIN days USING (path) WHERE day BETWEEN ? AND ?",
            [first.isoformat(), last.isoformat()],
        )
        newest = rows[0][0]
        return None if newest is None else datetime.fromtimestamp(newest // 1_000_000_000, UTC)

    def _select_results(self, query: Query) -> "_Selection":
        """Select the results of a search."""
        matches = self._search.find(query.clauses) if query.clauses else None
        return _select(query, self._until, matches)

    def _select(self, columns: str, selection: "_Selection", ending: str | None = None) -> list[tuple[Any, ...]]:
        if ending is None:
            ending = f"ORDER BY {selection.order} LIMIT ? OFFSET ?"
            paging = [-1 if selection.limit is None else selection.limit, selection.offset]  # -1 means no limit
        else:
            paging = []
        conditions = " AND ".join(selection.conditions)
        statement = f"SELECT {columns} FROM {selection.source} WHERE {conditions} {ending}"  # noqa: S608
        return self._rows(statement, [*selection.values, *paging])

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()


@dataclass(frozen=True, slots=True)
class _Selection:
    """The conditions, values, order and limit of a SELECT on the table `papers`, which `source` may join another to."""

    conditions: Sequence[str]
    values: Sequence[object]
    order: str = "day DESC, rank"
    limit: int | None = None
    offset: int = 0
    source: str = "papers"


def _select(query: Query, as_of: date, matches: Sequence[int] | None) -> _Selection:
    """Translate a query to SQL; a paper that two days list is found on its first day only.

    Args:
        matches: the IDs of the papers that the words match, the best first; None if there are no words.
    """
    conditions, values = [FIRST_LISTING], []
    for condition, operands in _conditions(query, as_of):
        conditions.append(condition)
        values += operands
    order, source = "day DESC, rank", "papers"
    if query.order is Order.VOTES:
        order = f"votes IS NULL, votes DESC, {order}"
    if matches is not None:
        source = "(SELECT value AS id, key AS place FROM json_each(?)) AS matches JOIN papers USING (id)"
        values.insert(0, json.dumps(matches))
        order = "place" if query.order is Order.RELEVANCE else order
    return _Selection(conditions, values, order, query.limit, (query.page - 1) * (query.limit or 0), source)


def _conditions(query: Query, as_of: date) -> Iterator[tuple[str, list[object]]]:
    until = min(query.until or date.max, as_of)
    if query.since:
        yield "day >= ?", [query.since.isoformat()]
    if until < date.max:
        yield "day <= ?", [until.isoformat()]
    if query.min_votes is not None:
        yield "votes >= ?", [query.min_votes]
    if query.author:
        yield "instr(authors, ?)", [squeeze(unicode.fold(query.author))]
    for medium in query.has:
        yield f"{medium.value} = 1", []


def _members(edition: Edition) -> tuple[Edition, ...]:
    return edition.editions if isinstance(edition, Collection) else ()


def _days_of(key: Key, listings: Iterable[Listing]) -> Iterator[date]:
    """Return the day under which an edition has each listing: in the edition of a day that day, else the first."""
    for listing in listings:
        yield key.first if isinstance(key, PeriodKey) and key.scope is Scope.DAY else listing.first_listed


def _closed_periods(key: SeriesKey, days: Sequence[date]) -> list[PeriodKey]:
    """List the members of a series, newest first: periods after which the archive holds a later day, and all days."""
    closed = [member for member in periods(key.period, days) if key.period is Scope.DAY or member.last < days[-1]]
    return closed[: -_MAX_SERIES - 1 : -1]


def _fingerprint(edition: Edition, listings: Sequence[_ListingFingerprint], members: Sequence[EditionMetadata]) -> str:
    key = edition.key
    calendar: Sequence[DayCount] = edition.calendar
    if isinstance(key, PaperKey | CollectionKey):  # which say nothing of the days around them, but an empty one's date
        calendar = () if members or listings else calendar[:1]
    parameters: Mapping[str, str] = key.query.parameters() if isinstance(key, SearchKey) else {}
    content = [
        [key.scope, key.text, parameters],
        [[day.date.isoformat(), day.papers] for day in calendar],
        [member.fingerprint for member in members],
        [member.total for member in _members(edition)],  # of topics, which have nothing else; 0 of others
        listings,
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _extent(calendar: Sequence[DayCount]) -> str:
    return f"; it reaches from {calendar[0].date} to {calendar[-1].date}" if calendar else "; it holds no day at all"
