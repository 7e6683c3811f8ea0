"""Editions: the selections of an archive that have a key, with everything that an exporter needs to render one."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from feeds.model.keys import (
    CollectionKey,
    Key,
    ListKey,
    PaperKey,
    PeriodKey,
    Scope,
    SearchKey,
    SiteKey,
    TopKey,
    period,
)
from feeds.model.paper import Day, DayCount, Listing, Paper, most_voted
from feeds.model.query import Has, Query

_LINKED_PAGES = 2  # numbered pages that change when another one follows: the last one links to it, and it is new
_PAGE_SIZES = {Scope.DAY: 30, Scope.WEEK: 26, Scope.MONTH: 12, Scope.YEAR: 10}


class FacetGroup(StrEnum):
    """The property that a facet restricts."""

    YEAR = "year"
    CODE = "code"
    VIDEO = "video"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow a search or a list, with the number of results it leaves.

    `value` is a year, `code` or `video`, a tag or several with commas, or empty for no restriction.
    """

    key: Key
    group: FacetGroup
    value: str
    count: int
    is_active: bool


class MonthCount(NamedTuple):
    """The papers of a month that were listed first in it, and the sum of their votes."""

    key: PeriodKey
    papers: int
    votes: int = 0


@dataclass(frozen=True, slots=True)
class Edition:
    """Papers grouped by day, newest day first.

    A day that an earlier day repeats from has the repeated papers only in its own edition (Scope.DAY). The site's
    edition (Scope.SITE) has the papers of the last seven days, and a member of a collection only its most voted papers:
    then `count` is the number of all. `calendar` counts the papers of every day that the edition covers, oldest first;
    search results without a paper cover the first day of the archive. `previous` and `next` are the neighbouring
    periods that hold a day. `fingerprint` changes with the content, also that of the papers left out.
    """

    key: Key
    days: tuple[Day, ...] = ()
    calendar: tuple[DayCount, ...] = ()
    previous: Key | None = None
    next: Key | None = None
    count: int | None = None
    fingerprint: str = ""

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The listings of all days in reading order."""
        return tuple(listing for day in self.days for listing in day.listings)

    @property
    def papers(self) -> tuple[Paper, ...]:
        """The papers of all days in reading order."""
        return tuple(listing.paper for listing in self.listings)

    @property
    def total(self) -> int:
        """The number of papers; of a search or a collection the number of results on all pages."""
        return len(self.listings) if self.count is None else self.count

    @property
    def dates(self) -> tuple[date, ...]:
        """The days that have papers, oldest first."""
        if self.count is None:
            return tuple(day.date for day in reversed(self.days) if day.listings)
        return tuple(day.date for day in self.calendar if (day.papers if self.key.scope is Scope.DAY else day.new))

    def most_voted(self, count: int | None = None) -> list[Listing]:
        """Sort the listings by votes, those without any last, and keep the first `count`."""
        return most_voted(self.listings, count)


@dataclass(frozen=True, slots=True)
class SearchResults(Edition):
    """One page of the results of a search.

    `results` are in the order that the query asks for, `days` the same listings by day. `start` is the position of
    the first result among all `count`, from 1. `previous` and `next` are pages. `suggestions` are what `q` could mean
    if nothing is found. `months` counts all results of a topic or an author, oldest month first.
    """

    key: SearchKey
    count: int = 0
    results: tuple[Listing, ...] = ()
    facets: tuple[Facet, ...] = ()
    start: int = 1
    suggestions: tuple[str, ...] = ()
    months: tuple[MonthCount, ...] = ()

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The results in the order of the query."""
        return self.results

    @property
    def total(self) -> int:
        """The number of results on all pages."""
        return self.count

    @property
    def dates(self) -> tuple[date, ...]:
        """The days that list the results of this page first, oldest first."""
        return tuple(day.date for day in reversed(self.days) if day.listings)


@dataclass(frozen=True, slots=True)
class Ranking(Edition):
    """The most voted papers of a week or month: `results` from the first place on, `days` the same listings by day.

    It covers all days of the period.
    """

    key: TopKey
    results: tuple[Listing, ...] = ()

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The results from the first place on."""
        return self.results

    @property
    def dates(self) -> tuple[date, ...]:
        """The days of the period that list a paper first, oldest first."""
        return tuple(day.date for day in self.calendar if day.new)


@dataclass(frozen=True, slots=True)
class PaperEdition(Edition):
    """One paper, with `topics` that find it and older papers that are `related`, the most closely related one first.

    `previous` and `next` are the papers beside it among those that its first day lists first.
    """

    key: PaperKey
    related: tuple[Listing, ...] = ()
    topics: tuple[SearchKey, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteEdition(Edition):
    """The site as a whole. On the home page `rankings` are those of the newest week and month, their first places only.

    The `count` of such a ranking is still the number of all its papers.
    """

    key: SiteKey
    rankings: tuple[Ranking, ...] = ()


class TopicCount(NamedTuple):
    """The papers of a topic, and those of its months, oldest first."""

    key: SearchKey
    papers: int
    months: tuple[MonthCount, ...]


@dataclass(frozen=True, slots=True)
class Statistics(Edition):
    """The archive in numbers: its months, its largest topics, and as `results` its most voted papers, without days."""

    key: SiteKey
    months: tuple[MonthCount, ...] = ()
    topics: tuple[TopicCount, ...] = ()
    results: tuple[Listing, ...] = ()

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The most voted papers."""
        return self.results


@dataclass(frozen=True, slots=True)
class Collection(Edition):
    """An edition whose members are editions: a series or a page of a list, newest first, or all topics. It has no days.

    `start` is the position of the first member among all `count`, from 1.
    """

    key: CollectionKey
    count: int = 0
    editions: tuple[Edition, ...] = ()
    facets: tuple[Facet, ...] = ()
    start: int = 1

    @property
    def total(self) -> int:
        """The number of members on all pages."""
        return self.count


def paper_edition(listing: Listing) -> PaperEdition:
    """Return the edition of one paper, without its neighbours and related papers."""
    return PaperEdition(PaperKey(listing.paper.slug), (Day(listing.first_listed, (listing,)),))


def group_by_day(listings: Iterable[Listing]) -> tuple[Day, ...]:
    """Group listings by the day that listed them first, newest day first, each day in its own order."""
    ordered = sorted(listings, key=lambda listing: (-listing.first_listed.toordinal(), listing.rank))
    return tuple(Day(day, tuple(group)) for day, group in groupby(ordered, key=lambda listing: listing.first_listed))


def search_facets(
    key: SearchKey, years: Mapping[str, int], media: Mapping[frozenset[Has], int], tags: Mapping[str, int] = {}
) -> tuple[Facet, ...]:
    """Return the facets of a search.

    Args:
        years: the number of results by year, whatever days the query asks for.
        media: the number of results by what they come with, whatever the query asks for.
        tags: the number of results with the most common tags, whatever tags the query asks for, and by an empty text
            of all results; empty if no paper of the archive has a tag.
    """
    query = replace(key.query, page=1)
    found = []
    for year, count in {"": sum(years.values()), **years}.items():
        narrowed = key.query.in_year(year)
        found.append(Facet(SearchKey(narrowed), FacetGroup.YEAR, year, count, narrowed == query))
    for medium in (Has.CODE, Has.VIDEO):
        others = frozenset(query.has) - {medium}
        for value, has in (("", others), (medium.value, others | {medium})):
            narrowed = replace(query, has=tuple(sorted(has)))
            is_active = (medium in query.has) == bool(value)
            found.append(Facet(SearchKey(narrowed), FacetGroup(medium), value, count_with(has, media), is_active))
    if tags:
        found += _tag_facets(query, tags, count_with(frozenset(query.has), media))
    return tuple(found)


def _tag_facets(query: Query, tags: Mapping[str, int], total: int) -> Iterator[Facet]:
    """Yield a facet for no tag, one for each of the most common tags, and one for the tags of the query."""
    chosen = ",".join(query.tags)
    is_common = False
    for tag, count in tags.items():
        is_active = tag.casefold() == chosen.casefold()
        is_common = is_common or is_active
        narrowed = replace(query, tags=(tag,) if tag else ())
        yield Facet(SearchKey(narrowed), FacetGroup.TAG, tag, count, is_active)
    if not is_common:
        yield Facet(SearchKey(query), FacetGroup.TAG, chosen, total, is_active=True)


def count_with(has: frozenset[Has], media: Mapping[frozenset[Has], int]) -> int:
    """Count the papers that come with at least what `has` names."""
    return sum(count for medium, count in media.items() if has <= medium)


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list: keys of editions newest first, their position from 1 among all, and the adjacent pages.

    A numbered page counts as if the list ended with it, so that newer editions do not change it.
    """

    keys: tuple[PeriodKey, ...]
    start: int
    total: int
    previous: ListKey | None
    next: ListKey | None


def list_page(key: ListKey, periods: Sequence[PeriodKey]) -> ListPage | None:
    """Return the page that a key names out of all periods of its kind, oldest first; None if there is no such page.

    The page of the newest editions also holds those that would start the next numbered page, so it is never nearly
    empty.
    """
    if key.period is None:
        return None
    listed = _of_year(periods, key.year)
    size = _PAGE_SIZES[key.period]
    numbered = max(-(-len(listed) // size) - 2, 0)
    if (key.page or 0) > numbered or (key.year and (not listed or key.period is Scope.YEAR)):
        return None
    start = ((key.page - 1) if key.page else numbered) * size
    end = start + size if key.page else len(listed)
    newer = key.page + 1 if key.page and key.page < numbered else None
    older = key.page - 1 if key.page else numbered
    return ListPage(
        keys=tuple(reversed(listed[start:end])),
        start=1,
        total=end,
        previous=replace(key, page=newer) if key.page else None,
        next=replace(key, page=older) if older else None,
    )


def list_facets(key: ListKey, periods: Sequence[PeriodKey]) -> tuple[Facet, ...]:
    """Count the editions of all years and of each year, newest first.

    A list of years has no facets, nor has a numbered page, which newer editions must not change.
    """
    if key.period in (None, Scope.YEAR) or key.page:
        return ()
    years = {"": len(periods), **Counter(period.text[:4] for period in reversed(periods))}
    return tuple(
        Facet(ListKey(key.name, year), FacetGroup.YEAR, year, count, year == key.year) for year, count in years.items()
    )


def list_pages(name: str, periods: Sequence[PeriodKey], since: date = date.min) -> list[ListKey]:
    """Return the keys of the pages of a list, those of single years included, that changes since a day may change."""
    keys = []
    for year in dict.fromkeys(["", *(facet.value for facet in list_facets(ListKey(name), periods))]):
        key: ListKey | None = ListKey(name, year)
        older = 0
        while key and (page := list_page(key, periods)) and older < _LINKED_PAGES:
            keys.append(key)
            older += key.page is not None and page.keys[0].last < since
            key = page.next
    return keys


def _of_year(periods: Sequence[PeriodKey], year: str) -> Sequence[PeriodKey]:
    """Return the periods of a year, out of periods in order; all without a year."""
    if not year:
        return periods

    def year_of(period: PeriodKey) -> str:
        return period.text[:4]

    return periods[bisect_left(periods, year, key=year_of) : bisect_right(periods, year, key=year_of)]


def periods(scope: Scope, days: Iterable[date]) -> list[PeriodKey]:
    """Return the periods of a scope that contain one of the days, in the order of the days."""
    return list(dict.fromkeys(period(scope, day) for day in days))
