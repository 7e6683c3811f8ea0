"""A consistent view of an archive: everything that is read from it comes from one transaction."""

import hashlib
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Collection as Container
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from feeds.archive import index
from feeds.archive.calendar import Calendar, IndexState, NewestState, ResultCounts
from feeds.archive.records import CONTENT_COLUMNS, decode_paper
from feeds.archive.related import find_related
from feeds.archive.search import FIRST_LISTING, Search
from feeds.archive.selection import (
    CONTENT_HASH,
    EVERYTHING,
    MOST_VOTED,
    NOTHING,
    Selection,
    select_days,
    select_paper,
    select_results,
)
from feeds.errors import UnknownEditionError
from feeds.model.diagnostic import Severity
from feeds.model.edition import (
    Collection,
    Edition,
    Facet,
    MonthCount,
    PaperEdition,
    Ranking,
    SearchResults,
    SiteEdition,
    Statistics,
    TopicCount,
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
    HOME,
    LATEST,
    LISTS,
    PERIODS,
    RANKED_PERIODS,
    SEARCH,
    STATISTICS,
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
    TopKey,
    period,
)
from feeds.model.paper import Day, DayCount, Listing
from feeds.model.query import EVERYTHING as EVERY_PAPER
from feeds.model.query import Has, Order, Query

_SITE_DAYS = timedelta(days=6)  # before the newest day on the home page
_MAX_SERIES = 30  # entries
_MAX_RANKING = 20  # papers
_FIRST_PLACES = 5  # of the rankings on the home page
_MAX_COUNTS = 1_000  # queries
_MAX_SUGGESTIONS = 10
_LARGEST_TOPICS = 8
_MAX_RELATED = 5  # papers
_RECENT = 100  # older papers among which those of the same topics are looked for
_MAX_TAG_FACETS = 12
_MEMBER_PAPERS = 20  # the most voted ones, that members of a collection have
_PUBLICATION = "a day is shown when its date begins in UTC"
_FIRST, _LAST = date.min.isoformat(), date.max.isoformat()


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
    `suggested_from` identifies what the suggestions of a search without results are taken from, and `related` the
    papers and topics that a paper is related to.
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
    suggested_from: str = ""
    related: str = ""

    @property
    def neighbours(self) -> str:
        """A text that changes when `previous` or `next` does."""
        return " ".join(key.text if key else "-" for key in (self.previous, self.next))

    @property
    def navigation(self) -> str:
        """A text that changes when the neighbours do, the position among all results, what is suggested or related."""
        return repr((self.neighbours, self.total, self.start, self.facets, self.suggested_from, self.related))


class Snapshot:
    """Reads editions, counts and diagnostics. Valid inside `with archive.snapshot()` only.

    With `as_of` the archive is seen as if it ended with that day.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        latest: LatestLimits,
        newest: NewestState,
        as_of: date,
        topics: Sequence[SearchKey] = (),
    ) -> None:
        self._connection = connection
        self._latest = latest
        self._newest = newest
        self._as_of = as_of
        self._topics = topics
        self._related: dict[str, list[tuple[Any, ...]]] = {}  # what identifies the papers, by the slug of another
        self._results: dict[Query, list[tuple[Any, ...]]] = {}

    def as_of(self, day: date) -> "Snapshot":
        """Return the same snapshot as if the archive ended with a day."""
        return Snapshot(self._connection, self._latest, self._newest, day, self._topics)

    @property
    def revision(self) -> str:
        """Identify what the snapshot shows: the content of the index, up to some day."""
        calendar = self.calendar()
        return f"{index.read_revision(self._connection)} {calendar[-1].date if calendar else ''}"

    @property
    def change_id(self) -> str:
        """Identify the state of the index, for `changed_days`; other indexes of the same files have other ones."""
        return f"{self._state.identity} {self._state.change} {self._until}"

    def changed_days(self, since: str) -> frozenset[date] | None:
        """Return the days whose listings changed after a `change_id`, deleted ones too; None if that is unknown."""
        identity, change, until = since.split(" ")
        if identity != self._state.identity:
            return None
        rows = self._rows("SELECT day FROM days WHERE change > ?", [int(change)])
        first, last = sorted([until, self._until.isoformat()])  # the days between were published, or are hidden now
        rows += self._rows("SELECT day FROM days WHERE day > ? AND day <= ?", [first, last])
        return frozenset(date.fromisoformat(day) for (day,) in rows)

    @cached_property
    def _state(self) -> IndexState:
        return self._newest.read(self._connection)

    @cached_property
    def _search(self) -> Search:
        return Search(self._connection, self._state.found)

    @cached_property
    def _until(self) -> date:
        """The last day that is seen; `date.max` for all of them, which spares queries a condition."""
        days = self._state.calendar
        return self._as_of if days and days[-1].date > self._as_of else date.max

    @cached_property
    def _calendar(self) -> Calendar:
        return self._state.calendar.between(date.min, self._until)

    def calendar(self) -> Calendar:
        """Count the papers of every day, oldest first, days without a paper included."""
        return self._calendar

    def keys(self, days: Container[date] | None = None, since: date = date.max) -> Iterator[Key]:
        """List the keys of all editions with an address of their own: no searches, nothing about the site.

        Args:
            days: list only those that a change of these days may have changed: the papers of these days, the periods
                around them and their neighbours, and what looks at the whole archive.
            since: list also all papers of the days after this one, whose pages may show a paper of this day.
        """
        for text, key in FIXED.items():
            if text != SEARCH.text:
                yield key
        yield from self.list_keys(date.min if days is None else min(days, default=date.max))
        for scope in reversed(PERIODS):
            changed = self._periods(scope) if days is None else self._affected_periods(scope, days)
            yield from changed
            if scope in RANKED_PERIODS:
                yield from map(TopKey, changed)
        conditions, values = ["day <= ?"], [self._until.isoformat()]
        if days is not None:
            in_days = "slug IN (SELECT slug FROM papers WHERE day IN (SELECT value FROM json_each(?)))"
            conditions.append(f"(day > ? OR {in_days})")
            values += [since.isoformat(), json.dumps([day.isoformat() for day in days])]
        rows = self._rows(
            f"SELECT slug FROM papers WHERE {FIRST_LISTING} AND {' AND '.join(conditions)} ORDER BY day DESC, rank",  # noqa: S608
            values,
        )
        yield from (PaperKey(slug) for (slug,) in rows)

    def list_keys(self, since: date = date.min) -> Iterator[ListKey]:
        """List the keys of the pages of all lists that changes since a day may have changed."""
        for name, scope in LISTS.items():
            yield from list_pages(name, self._periods_with_papers(scope), since)

    def _affected_periods(self, scope: Scope, days: Iterable[date]) -> list[PeriodKey]:
        """List the periods that some days lie in, as far as the archive holds them, and the neighbours of these."""
        around: dict[PeriodKey, None] = {}
        for day in days:
            changed = period(scope, day)
            neighbours = (self._calendar.before(changed.first), self._calendar.after(changed.last))
            around |= dict.fromkeys(period(scope, neighbour) for neighbour in neighbours if neighbour)
            if self._calendar.between(changed.first, changed.last):
                around[changed] = None
        return list(around)

    def metadata(self, key: Key) -> EditionMetadata:
        """Describe an edition without loading its papers.

        Raises UnknownEditionError if the archive does not hold it.
        """
        edition = self._empty(key)
        if isinstance(edition, Collection):
            newest = max((day for member in edition.editions if (day := _newest_day(member))), default=None)
        elif isinstance(edition, SearchResults):
            days = [date.fromisoformat(row[1]) for row in self._result_rows(edition.key.query)]
            newest = max(days, default=None)
        else:
            newest = _newest_day(edition)
        return EditionMetadata(
            key,
            edition.fingerprint,
            total=edition.total,
            start=edition.start if isinstance(edition, SearchResults | Collection) else 1,
            facets=edition.facets if isinstance(edition, SearchResults | Collection) else (),
            previous=edition.previous,
            next=edition.next,
            newest=newest,
            modified=self._modified(edition),
            suggested_from="" if edition.total or not isinstance(edition, SearchResults) else self._sum_of_days(),
            related=self._identify_related(edition) if isinstance(edition, PaperEdition) else "",
        )

    def outline(self, key: Key) -> Edition:
        """Return an edition without its papers, which costs nothing that grows with their number.

        Raises UnknownEditionError if the archive does not hold it.
        """
        return self._empty(key)

    def load(self, key: Key, after: date = date.min) -> Edition:
        """Load an edition with its papers; a search is a `SearchResults`, a series or list a `Collection`.

        Members of a collection have only their most voted papers; those of topics are only counted. Raises
        UnknownEditionError if the archive does not hold it.

        Args:
            key: the key of the edition.
            after: leave out this day and those before it, of editions that consist of days.
        """
        edition = self._empty(key)
        if isinstance(key, TopicsKey):
            return edition
        if isinstance(edition, Statistics):
            return self._load_statistics(edition)
        if isinstance(edition, Collection):
            return replace(edition, editions=tuple(map(self._load_member, edition.editions)))
        covered: Sequence[DayCount] = [day for day in edition.calendar if day.date > after]
        listings = self._listings(self._selection(key, covered))
        if isinstance(edition, SearchResults):
            suggestions = () if edition.total or edition.key.topic else self._suggestions(edition.key.query)
            return replace(edition, results=listings, days=group_by_day(listings), suggestions=suggestions)
        if isinstance(edition, Ranking):
            return replace(edition, results=listings, days=group_by_day(listings), count=None)
        if isinstance(edition, PaperEdition):
            edition = replace(edition, related=self._load_related(edition))
        if isinstance(edition, SiteEdition):
            edition = replace(edition, rankings=tuple(map(self._load_first_places, edition.rankings)))
        if isinstance(key, SiteKey) and covered:
            covered = self._calendar.between(covered[-1].date - _SITE_DAYS, covered[-1].date)
        by_day: dict[date, list[Listing]] = {day.date: [] for day in reversed(covered)}
        for day, listing in zip(_days_of(key, listings), listings, strict=True):
            by_day[day].append(listing)
        days = tuple(Day(day, tuple(listed)) for day, listed in by_day.items())
        return replace(edition, days=days, count=None)

    def _load_member(self, member: Edition) -> Edition:
        """Load the most voted papers of a member of a collection; all of `latest`."""
        selection = self._selection(member.key, member.calendar)
        if member.key != LATEST:
            order = f"{MOST_VOTED}, {selection.order}"
            selection = replace(selection, order=order, limit=_MEMBER_PAPERS)
        listings = self._listings(selection)
        if isinstance(member, Ranking):
            return replace(member, results=listings, days=group_by_day(listings))
        return replace(member, days=group_by_day(listings))

    def _load_statistics(self, edition: Statistics) -> Statistics:
        sizes = {topic: self._count(topic.query) for topic in self._topics}
        largest = sorted(self._topics, key=lambda topic: -sizes[topic])[:_LARGEST_TOPICS]
        voted = Selection([FIRST_LISTING, "votes > 0", "day <= ?"], [self._until.isoformat()], limit=_MAX_RANKING)
        return replace(
            edition,
            months=self._count_months(EVERY_PAPER),
            topics=tuple(
                TopicCount(topic, sizes[topic], self._count_months(topic.query)) for topic in largest if sizes[topic]
            ),
            results=self._listings(replace(voted, order=f"{MOST_VOTED}, {voted.order}")),
        )

    def _identify_related(self, edition: PaperEdition) -> str:
        return _hash([self._related[edition.key.slug], [topic.text for topic in edition.topics]])

    def _load_related(self, edition: PaperEdition) -> tuple[Listing, ...]:
        slugs = [slug for slug, *_ in self._related[edition.key.slug]]
        listings = {listing.paper.slug: listing for listing in self._listings(_select_slugs(slugs))}
        return tuple(listings[slug] for slug in slugs)

    def _load_first_places(self, ranking: Ranking) -> Ranking:
        selection = replace(self._selection(ranking.key, ranking.calendar), limit=_FIRST_PLACES)
        listings = self._listings(selection)
        return replace(ranking, results=listings, days=group_by_day(listings))

    def image_urls(self, key: Key | None = None) -> tuple[str, ...]:
        """List the URLs of the pictures in an edition, or else of all, those of the newest papers first.

        A collection has none; of the site as a whole only the home page has those of the newest day.
        """
        if isinstance(key, SiteKey) and key != HOME:
            return ()
        if key is None:
            selection = Selection(["rank >= 0"], [])
        else:
            selection = self._selection(key, self._calendar if key == HOME else self._empty(key).calendar)
        rows = self._select("day, image", selection)
        if key == HOME:
            rows = [row for row in rows if row[0] == rows[0][0]]
        return tuple(dict.fromkeys(image for _, image in rows if image))

    def paper_urls(self) -> tuple[str, ...]:
        """List the URLs of all papers, the newest first."""
        selection = replace(EVERYTHING, source="papers CROSS JOIN contents USING (id)")
        return tuple(url for (url,) in self._select("content_url", selection))

    def diagnostics(self) -> tuple[FileDiagnostic, ...]:
        """List what is wrong in the files, the papers that are listed again, and the days that are not published."""
        rows = self._rows("SELECT path, line, message, severity FROM diagnostics")
        result = [
            FileDiagnostic(os.fsdecode(path), line, message, Severity(severity))
            for path, line, message, severity in rows
        ]
        repeats = self._rows(
            # Grouped before it is joined: a file may list one paper thousands of times.
            "SELECT again.path, min(again.line), sum(again.listings), again.slug, kept.path, min(kept.line), day FROM"
            " (SELECT path, day, slug, min(line) AS line, count(*) AS listings FROM papers"
            " WHERE rank IS NULL GROUP BY path, day, slug) AS again JOIN papers AS kept USING (day, slug)"
            " WHERE kept.rank IS NOT NULL GROUP BY again.path, kept.path, day"
        )
        for path, line, papers, slug, kept_path, kept_line, day in repeats:
            what = f"{papers} papers of {day}" if papers > 1 else slug
            kept = f"{os.fsdecode(kept_path)}:{kept_line}"
            message = f"lists {what} again; the listing at {kept} is at least as complete and is used"
            result.append(FileDiagnostic(os.fsdecode(path), line, message, Severity.WARNING))
        inferred = self._rows(
            "SELECT path, min(line), count(DISTINCT slug), slug FROM papers INDEXED BY inferred_listings"
            " WHERE is_inferred AND rank IS NULL AND NOT EXISTS ("
            "SELECT * FROM papers AS kept INDEXED BY listings_of_paper"
            " WHERE kept.slug = papers.slug AND kept.day = papers.day AND kept.rank IS NOT NULL) GROUP BY path"
        )
        for path, line, papers, slug in inferred:
            what = f"{papers} papers" if papers > 1 else slug
            reason = "for a range of days or by date of publication or crawl"
            message = f"lists {what} again, {reason}; the listings on days of their own are used"
            result.append(FileDiagnostic(os.fsdecode(path), line, message, Severity.WARNING))
        unpublished = self._rows(
            "SELECT day, path, line FROM headings JOIN days USING (day) WHERE day > ? AND papers IS NOT NULL",
            [self._until.isoformat()],
        )
        for day, path, line in unpublished:
            message = f"{day} lies in the future and is not shown before its date begins in UTC; correct a wrong one"
            result.append(FileDiagnostic(os.fsdecode(path), line, message, Severity.WARNING))
        return tuple(sorted(result, key=lambda diagnostic: diagnostic[:3]))

    def count_files(self) -> int:
        """Count the files that hold days."""
        return int(self._rows("SELECT count(DISTINCT path) FROM headings")[0][0])

    def unpublished_days(self) -> tuple[date, ...]:
        """List the days that files hold and the snapshot does not show, because their dates have not begun."""
        return tuple(day.date for day in self._state.calendar[len(self._calendar) :])

    def _empty(self, key: Key) -> Edition:
        """Return an edition without its papers, and a collection with empty members."""
        match key:
            case SearchKey():
                return self._empty_search(key)
            case ListKey():
                return self._empty_list(key)
            case TopicsKey():
                topics = tuple(SearchResults(topic, count=self._count(topic.query)) for topic in key.topics)
                return self._collection(key, topics)
            case SeriesKey():
                return self._collection(key, tuple(map(self._empty, self._closed_members(key))))
            case PaperKey():
                return self._empty_paper(key)
            case PeriodKey():
                return self._empty_period(key)
            case TopKey():
                return self._empty_ranking(key)
            case FixedKey(Scope.LATEST):
                covered = self._latest_days()
                count = min(sum(day.new for day in covered), self._latest.papers)
                edition = Edition(key, calendar=covered, previous=self._before_latest(covered), count=count)
                return replace(edition, fingerprint=self._fingerprint_days(key, covered))
            case SiteKey():
                return self._empty_site(key)
            case _:
                count = sum(day.new for day in self._calendar)
                fingerprint = _hash([key.text, self._sum_of_days()])
                return Edition(key, calendar=self._calendar, count=count, fingerprint=fingerprint)

    def _collection(self, key: CollectionKey, members: tuple[Edition, ...], **values: Any) -> Collection:
        """Return a collection; an empty one says nothing of the archive but its first day."""
        content: object = [[member.fingerprint, member.total] for member in members] or str(self._calendar[:1])
        edition = Collection(key, calendar=self._calendar, editions=members, **{"count": len(members)} | values)
        return replace(edition, fingerprint=_hash([key.scope, key.text, content]))

    def _empty_site(self, key: SiteKey) -> SiteEdition | Statistics:
        if key == STATISTICS:
            count = sum(day.new for day in self._calendar)
            fingerprint = _hash([self._sum_of_days(), [topic.text for topic in self._topics]])
            return Statistics(key, calendar=self._calendar, count=count, fingerprint=fingerprint)
        newest = self._calendar[-1:]
        covered = self._calendar.between(newest[0].date - _SITE_DAYS, date.max) if newest else Calendar()
        rankings = self._newest_rankings() if key == HOME else ()
        content = [self._sum("counts_sum", "papers, new"), self._fingerprint_days(key, covered)]
        content += [ranking.fingerprint for ranking in rankings]
        return SiteEdition(key, calendar=self._calendar, fingerprint=_hash(content), rankings=rankings)

    def _empty_period(self, key: PeriodKey) -> Edition:
        covered = self._calendar.between(key.first, key.last)
        if not covered:
            if any(key.first <= day <= key.last for day in self.unpublished_days()):
                raise UnknownEditionError(f"{key.text}: not published yet; {_PUBLICATION}")
            raise UnknownEditionError(f"{key.text}: the archive holds no such {key.scope}{_extent(self._calendar)}")
        before, after = self._calendar.before(key.first), self._calendar.after(key.last)
        return Edition(
            key,
            calendar=covered,
            previous=period(key.scope, before) if before else None,
            next=period(key.scope, after) if after else None,
            count=sum(day.papers if key.scope is Scope.DAY else day.new for day in covered),
            fingerprint=self._fingerprint_days(key, covered),
        )

    def _empty_ranking(self, key: TopKey) -> Ranking:
        ranked = self._empty_period(key.period)
        rows = self._select(
            f"{CONTENT_HASH}, first_day, first_rank, citation_key", self._selection(key, ranked.calendar)
        )
        return Ranking(
            key,
            calendar=ranked.calendar,
            previous=TopKey(ranked.previous) if isinstance(ranked.previous, PeriodKey) else None,
            next=TopKey(ranked.next) if isinstance(ranked.next, PeriodKey) else None,
            count=len(rows),
            fingerprint=_hash([key.text, str(ranked.calendar), rows]),
        )

    def _newest_rankings(self) -> tuple[Ranking, ...]:
        """Return the rankings of the newest week and month that have a paper."""
        newest = [last for scope in RANKED_PERIODS for last in self._periods_with_papers(scope)[-1:]]
        return tuple(self._empty_ranking(TopKey(last)) for last in newest)

    def _empty_paper(self, key: PaperKey) -> Edition:
        rows = self._rows(
            f"SELECT id, day, {CONTENT_HASH}, first_rank, citation_key FROM papers WHERE slug = ? AND {FIRST_LISTING}",  # noqa: S608
            [key.slug],
        )
        if not rows:
            raise UnknownEditionError(f"{key.text}: the archive holds no such paper")
        ((paper, *row),) = rows
        first_listed = date.fromisoformat(row[0])
        if first_listed > self._until:
            raise UnknownEditionError(f"{key.text}: not published yet; {_PUBLICATION}")
        covered = self._calendar.between(first_listed, first_listed)
        topics = tuple(topic for topic in self._topics if self._find_among([paper], topic))
        self._related[key.slug] = self._related_rows(paper, first_listed, topics)
        before, after = self._papers_beside(first_listed, row[2])
        return PaperEdition(
            key,
            calendar=covered,
            previous=PaperKey(before) if before else None,
            next=PaperKey(after) if after else None,
            count=1,
            fingerprint=_hash([key.text, row]),
            topics=topics,
        )

    def _papers_beside(self, day: date, rank: int) -> Iterator[str | None]:
        """Yield the slugs of the new papers of a day before and after a place, None where there is none."""
        for condition, order in (("rank < ?", "rank DESC"), ("rank > ?", "rank")):
            selection = Selection([FIRST_LISTING, "day = ?", condition], [day.isoformat(), rank], order, limit=1)
            rows = self._select("slug", selection)
            yield rows[0][0] if rows else None

    def _related_rows(self, paper: int, first_listed: date, topics: Sequence[SearchKey]) -> list[tuple[Any, ...]]:
        """Return the slugs of the papers that a paper is related to, most closely first, with what identifies them.

        Where too few share words or the first author, recent ones that share topics follow.
        """
        papers = find_related(self._connection, paper)[:_MAX_RELATED]
        if len(papers) < _MAX_RELATED and topics:
            older = Selection([FIRST_LISTING, "day < ?"], [first_listed.isoformat()], limit=_RECENT)
            recent = [row[0] for row in self._select("id", older) if row[0] not in papers]
            shared = Counter(other for topic in topics for other in self._find_among(recent, topic))
            papers += sorted(filter(shared.get, recent), key=lambda other: -shared[other])[: _MAX_RELATED - len(papers)]
        columns = f"id, slug, {CONTENT_HASH}, first_day, first_rank, citation_key"
        rows = {row[0]: row[1:] for row in self._select(columns, Selection([_AMONG], [json.dumps(papers)]))}
        return [rows[other] for other in papers]

    def _find_among(self, papers: Sequence[int], topic: SearchKey) -> list[int]:
        """Return the IDs of those papers that a topic finds."""
        selection = self._select_results(replace(topic.query, limit=None))
        conditions, values = [*selection.conditions, _AMONG], [*selection.values, json.dumps(papers)]
        rows = self._select("papers.id", replace(selection, conditions=conditions, values=values), "papers.id")
        return [paper for (paper,) in rows]

    def _fingerprint_days(self, key: Key, covered: Sequence[DayCount]) -> str:
        """Hash the listings of some days that follow each other."""
        if not covered:
            return _hash([key.text])
        column = "all_hash" if key.scope is Scope.DAY else "new_hash"
        rows = self._rows(
            f"SELECT day, papers, hex({column}) FROM days WHERE day BETWEEN ? AND ? AND papers IS NOT NULL",  # noqa: S608
            [covered[0].date.isoformat(), covered[-1].date.isoformat()],
        )
        return _hash([key.text, rows])

    def _sum_of_days(self) -> str:
        """Identify the listings of all days."""
        return self._sum("days_sum", "papers, new, first_new, all_hash, new_hash")

    def _sum(self, name: str, columns: str) -> str:
        """Return a sum of hashes of all days that are seen, which the index keeps for all days."""
        row = self._connection.execute(f"SELECT {name} FROM state").fetchone()  # noqa: S608  # names of ours
        unseen = self._rows(f"SELECT day, {columns} FROM days WHERE day > ?", [self._until.isoformat()])  # noqa: S608
        addend = -sum(index.hash_day(*values) for values in unseen)
        return index.add_hashes(int.from_bytes(row[0]), addend).hex() if row else ""

    def _empty_search(self, key: SearchKey) -> SearchResults:
        query = key.query
        years = _sum_by_year(self._count_results(query.in_year()), frozenset(query.has))
        media = _sum_by_media(self._count_results(query))
        total = count_with(frozenset(query.has), media)
        limit = query.limit or total
        last_page = max(-(-total // limit), 1) if limit else 1
        is_empty = (query.page - 1) * limit >= total
        calendar = self._calendar[:1] if is_empty else ()
        rows = self._result_rows(query)
        months = self._count_months(query) if key.topic or query.is_of_author else ()
        content = [key.text, query.parameters(), str(calendar), rows, str(months)]
        return SearchResults(
            key,
            fingerprint=_hash(content if months else content[:-1]),
            months=months,
            calendar=calendar,
            facets=search_facets(key, years, media, self._count_tags(query)),
            count=total,
            start=(query.page - 1) * limit + 1,
            previous=key.page(min(query.page - 1, last_page)) if query.page > 1 else None,
            next=key.page(query.page + 1) if query.page * limit < total else None,
        )

    def _suggestions(self, query: Query) -> tuple[str, ...]:
        """Return what the words of a query could mean, each with results."""
        texts = self._search.suggest(query.clauses)
        return tuple(islice((text for text in texts if self._has_results(replace(query, q=text))), _MAX_SUGGESTIONS))

    def _has_results(self, query: Query) -> bool:
        selection = select_results(query, self._until)
        return self._search.finds(query.clauses, selection.conditions, *selection.values)

    def _empty_list(self, key: ListKey) -> Collection:
        if key.period is None:
            newest = [last for scope in PERIODS[:3] for last in self._periods_with_papers(scope)[-1:]]
            ranked = [TopKey(last) for last in newest if last.scope in RANKED_PERIODS]
            keys: list[Key] = [*ranked, *newest, LATEST] if newest else []
            return self._collection(key, tuple(map(self._empty, keys)))
        listed = self._periods_with_papers(key.period)
        page = list_page(key, listed)
        if page is None:
            raise UnknownEditionError(f"{key.text}: there is no such page")
        return self._collection(
            key,
            tuple(self._empty(key.member(period)) for period in page.keys),
            count=page.total,
            start=page.start,
            facets=list_facets(key, listed),
            previous=page.previous,
            next=page.next,
        )

    def _latest_days(self) -> tuple[DayCount, ...]:
        newest = list(self._calendar[-self._latest.days :])
        while len(newest) > 1 and sum(day.papers for day in newest) > self._latest.papers:
            newest.pop(0)
        return tuple(newest)

    def _before_latest(self, covered: Sequence[DayCount]) -> Key | None:
        """Return the day to continue with after `latest`: its own oldest day if that did not fit entirely."""
        if not covered:
            return None
        is_cut = covered[0].papers > self._latest.papers
        older = self._calendar.before(covered[0].date + timedelta(days=is_cut))
        return period(Scope.DAY, older) if older else None

    def _closed_members(self, key: SeriesKey) -> list[PeriodKey | TopKey]:
        """List the members of a series, newest first: of days, or periods after which the archive holds a later day."""
        closed: dict[PeriodKey, None] = {}
        for day in reversed(self._calendar):
            member = period(key.period, day.date)
            if key.period is Scope.DAY or member.last < self._calendar[-1].date:
                closed[member] = None
            if len(closed) > _MAX_SERIES:
                break
        return [key.member(period) for period in list(closed)[:_MAX_SERIES]]

    def _periods(self, scope: Scope) -> list[PeriodKey]:
        """List the periods that have a day, oldest first."""
        return periods(scope, (day.date for day in self._calendar))

    def _periods_with_papers(self, scope: Scope) -> list[PeriodKey]:
        """List the periods that have a paper, oldest first; repeats count for days only."""
        known = self._state.periods.get((scope, self._until))
        if known is None:
            days = (day.date for day in self._calendar if (day.papers if scope is Scope.DAY else day.new))
            known = self._state.periods[scope, self._until] = periods(scope, days)
        return known

    def _selection(self, key: Key, covered: Sequence[DayCount]) -> Selection:
        """Select the listings of an edition."""
        if isinstance(key, SearchKey):
            return self._select_results(key.query)
        if isinstance(key, PaperKey):
            return select_paper(key.slug)
        if isinstance(key, CollectionKey) or not covered:
            return NOTHING
        if key == ALL and self._until == date.max and len(covered) == len(self._calendar):
            return EVERYTHING
        if isinstance(key, TopKey):
            selection = select_days(key.first, covered[-1].date, repeats=False, limit=_MAX_RANKING)
            return replace(selection, order=f"{MOST_VOTED}, {selection.order}")
        since = covered[-1].date - _SITE_DAYS if isinstance(key, SiteKey) else covered[0].date
        limit = self._latest.papers if key == LATEST else None
        return select_days(since, covered[-1].date, repeats=key.scope is Scope.DAY, limit=limit)

    def _listings(self, selection: Selection) -> tuple[Listing, ...]:
        rows = self._select("papers.id, first_rank, first_day, citation_key, tags, more_tags", selection)
        columns = ", ".join(f"content_{name}" for name in CONTENT_COLUMNS)
        contents = self._connection.execute(  # apart, so that it is not read of papers beyond a limit
            f"SELECT id, {columns} FROM contents WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608  # names of ours
            (json.dumps([row[0] for row in rows]),),
        )
        tags = {row[0]: tuple("\n".join(filter(None, row[4:])).split("\n")) for row in rows if row[4] or row[5]}
        papers = {paper_id: decode_paper(content, tags.get(paper_id, ())) for paper_id, *content in contents}
        return tuple(
            Listing(papers[paper_id], rank, date.fromisoformat(first_day), citation_key)
            for paper_id, rank, first_day, citation_key, *_ in rows
        )

    def _count(self, query: Query) -> int:
        """Count the results on all pages."""
        return count_with(frozenset(query.has), _sum_by_media(self._count_results(query)))

    def _count_results(self, query: Query) -> ResultCounts:
        """Count what matches a query, whatever it comes with, by year, the newest first, and by what it comes with."""
        query = replace(query, has=(), limit=None, page=1, order=Order.NEW, default_order=Order.NEW, default_limit=0)
        kept = self._state.counts
        counts = kept.get((query, self._until))
        if counts is None:
            grouped_by = "year, code, video ORDER BY year DESC"
            rows = self._select(
                "substr(first_day, 1, 4) AS year, code, video, count(*)", self._select_results(query), grouped_by
            )
            counts = tuple(
                (year, frozenset(has for has, is_set in ((Has.CODE, code), (Has.VIDEO, video)) if is_set), count)
                for year, code, video, count in rows
            )
            if len(kept) > _MAX_COUNTS:
                kept.clear()
            kept[query, self._until] = counts
        return counts

    def _count_months(self, query: Query) -> tuple[MonthCount, ...]:
        """Count the results on all pages and sum up their votes, by month, the oldest first."""
        query = replace(query, limit=None, page=1, order=Order.NEW, default_order=Order.NEW, default_limit=0)
        kept = self._state.months
        counts = kept.get((query, self._until))
        if counts is None:
            columns, grouped_by = "substr(first_day, 1, 7) AS month, count(*), total(votes)", "month ORDER BY month"
            counts = tuple(
                MonthCount(period(Scope.MONTH, date.fromisoformat(f"{month}-01")), papers, int(votes))
                for month, papers, votes in self._select(columns, self._select_results(query), grouped_by)
            )
            if len(kept) > _MAX_COUNTS:
                kept.clear()
            kept[query, self._until] = counts
        return counts

    def _count_tags(self, query: Query) -> dict[str, int]:
        """Count the results with each of the most common tags, whatever tags the query asks for.

        The number of all results stands before them under an empty text. Empty if no paper has a tag.
        """
        query = replace(query, tags=(), limit=None, page=1, order=Order.NEW, default_order=Order.NEW, default_limit=0)
        kept = self._state.tags
        counts = kept.get((query, self._until))
        if counts is None:
            counts = {}
            if self._rows("SELECT 1 FROM tags LIMIT 1"):
                selection = self._select_results(query)
                source = f"{selection.source} CROSS JOIN tags ON tags.paper = papers.id"
                # Tags that differ in case are one, whose first spelling is shown.
                grouped_by = f"tag ORDER BY count(*) DESC, tag LIMIT {_MAX_TAG_FACETS}"
                columns = "min(tag COLLATE BINARY), count(*)"
                counts = {
                    "": self._count(query),
                    **dict(self._select(columns, replace(selection, source=source), grouped_by)),
                }
            if len(kept) > _MAX_COUNTS:
                kept.clear()
            kept[query, self._until] = counts
        return counts

    def _result_rows(self, query: Query) -> list[tuple[Any, ...]]:
        """Return what identifies the papers on a page of results; the second column is the day of each."""
        if query not in self._results:
            columns = f"{CONTENT_HASH}, first_day, first_rank, citation_key"
            self._results[query] = self._select(columns, self._select_results(query))
        return self._results[query]

    def _modified(self, edition: Edition) -> datetime | None:
        first, last = _FIRST, _LAST if self._until == date.max else self._until.isoformat()
        is_part = len(edition.calendar) < len(self._calendar)
        if edition.calendar and is_part and not isinstance(edition, Collection):
            first, last = edition.calendar[0].date.isoformat(), edition.calendar[-1].date.isoformat()
        is_whole = (first, last) == (_FIRST, _LAST)
        condition, values = ("", []) if is_whole else ("WHERE day BETWEEN ? AND ?", [first, last])
        ((newest,),) = self._rows(f"SELECT max(mtime_ns) FROM days {condition}", values)  # noqa: S608
        return None if newest is None else datetime.fromtimestamp(newest // 1_000_000_000, UTC)

    def _select_results(self, query: Query) -> Selection:
        """Select the results of a search."""
        if not query.clauses:
            return select_results(query, self._until)
        watched = None if query.order is Order.RELEVANCE else self._search.watched(query.clauses)
        if watched is not None:
            matches = "SELECT paper AS id FROM matches WHERE search = ?"
            # In this order SQLite walks the papers in theirs, and stops at the limit.
            return select_results(query, self._until, f"papers CROSS JOIN ({matches}) USING (id)", watched)
        matches, found = "SELECT value AS id, key AS place FROM json_each(?)", self._search.find(query.clauses)
        return select_results(query, self._until, f"({matches}) CROSS JOIN papers USING (id)", json.dumps(found))

    def _select(self, columns: str, selection: Selection, grouped_by: str = "") -> list[tuple[Any, ...]]:
        return self._rows(*selection.statement(columns, grouped_by))

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()


_AMONG = "papers.id IN (SELECT value FROM json_each(?))"


def _select_slugs(slugs: Sequence[str]) -> Selection:
    return Selection([FIRST_LISTING, "slug IN (SELECT value FROM json_each(?))"], [json.dumps(slugs)])


def _days_of(key: Key, listings: Iterable[Listing]) -> Iterator[date]:
    """Return the day under which an edition has each listing: in the edition of a day that day, else the first."""
    for listing in listings:
        yield key.first if isinstance(key, PeriodKey) and key.scope is Scope.DAY else listing.first_listed


def _sum_by_year(counts: ResultCounts, has: frozenset[Has]) -> dict[str, int]:
    """Count the results of each year that come with something, the newest year first."""
    years: dict[str, int] = {}
    for year, media, count in counts:
        if has <= media:
            years[year] = years.get(year, 0) + count
    return years


def _sum_by_media(counts: ResultCounts) -> Mapping[frozenset[Has], int]:
    """Count the results by what they come with."""
    media: Counter[frozenset[Has]] = Counter()
    for _, has, count in counts:
        media[has] += count
    return media


def _newest_day(edition: Edition) -> date | None:
    """Return the day of the newest paper in an edition that covers its calendar."""
    is_day = edition.key.scope is Scope.DAY
    days = (day.date for day in reversed(edition.calendar) if (day.papers if is_day else day.new))
    return next(days, None)


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _extent(calendar: Sequence[DayCount]) -> str:
    return f"; it reaches from {calendar[0].date} to {calendar[-1].date}" if calendar else "; it holds no day at all"
