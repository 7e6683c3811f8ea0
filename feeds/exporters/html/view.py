"""What the templates of pages ask about the edition that they show. Links are without the host."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from feeds.archive.edition import Edition
from feeds.exporters.assets import ASSETS
from feeds.exporters.format import Format, Kind, site_keys
from feeds.exporters.months import Month, months
from feeds.model.facet import Facet, Group
from feeds.model.key import LATEST, SEARCH, SERIES, SHELVES, Key, Scope, fixed, paper_key, period, shelf
from feeds.model.paper import Paper
from feeds.model.query import MOST, Query
from feeds.site.i18n import facet_name, group_name, name
from feeds.site.site import Publication, Site
from feeds.text import unicode

_WIDER = (Scope.DAY, Scope.WEEK, Scope.MONTH, Scope.YEAR)
_BRIEFLY = 100  # papers that a page shows whole; of more it shows the beginnings
_HOME_MONTHS = 12
_HOME_VOTED = 5
_E_READER_WEEKS = 8
_SERVICES = {
    "Feedly": "https://feedly.com/i/subscription/feed/",
    "Inoreader": "https://www.inoreader.com/?add_feed=",
    "NewsBlur": "https://www.newsblur.com/?url=",
    "The Old Reader": "https://theoldreader.com/feeds/subscribe?url=",
}


class Service(NamedTuple):
    """A reader on the web, and the address at which it subscribes to a feed."""

    name: str
    address: str


class PeriodCount(NamedTuple):
    """How many days of a period there are, and how many papers were new in it."""

    key: Key
    days: int
    papers: int


class PapersOfDay(NamedTuple):
    """What an edition lists of a day."""

    key: Key
    papers: tuple[Paper, ...]


@dataclass(frozen=True, slots=True)
class View:
    """An edition as a page shows it."""

    edition: Edition
    site: Site
    format: Format

    @property
    def key(self) -> Key:
        """What is looked at."""
        return self.edition.key

    def link(self, publication: Publication) -> str:
        """Lead to a publication on this very host: a page may be looked at from another machine."""
        return urlsplit(self.site.base_url).path + "/" + publication.path

    def page(self, key: Key) -> str:
        """Lead to the page of an edition."""
        return self.link(Publication(key, self.format))

    def name(self, key: Key) -> str:
        """Name an edition."""
        return self.site.topic(key) or name(key, self.site.words)

    @property
    def heading(self) -> str:
        """What the page is about; of a day with its weekday."""
        if self.key.scope is Scope.DAY and self.key.since:
            return self.site.words.weekday(self.key.since)
        return self.site.name(self.edition)

    @property
    def canonical(self) -> str:
        """The address that this page has in the world."""
        return self.site.url(Publication(self.key, self.format))

    @property
    def is_unlisted(self) -> bool:
        """Whether no search engine need know this page: one of the endless searches, or a list of what it knows."""
        is_search = self.key.scope is Scope.SEARCH and self.site.topic(self.key) is None
        return is_search or self.key.scope is Scope.SHELF

    @property
    def assets(self) -> dict[str, str]:
        """Where stylesheet, script and icons are."""
        places = [(each, Key(Scope.SITE, key)) for each in ASSETS for key in site_keys(each)]
        return {each.name: self.link(Publication(key, each)) for each, key in places}

    @property
    def announced(self) -> list[Publication]:
        """The feeds that the page announces: the main ones first, then its own."""
        return list(dict.fromkeys([*self.formats(Kind.FEED, LATEST), *self.formats(Kind.FEED)]))

    def catalogs(self, most: int | None = None) -> list[Publication]:
        """List what lists everything, of each format all, or so many."""
        formats = [each for each in self.site.formats if each.kind is Kind.CATALOG]
        return [Publication(Key(Scope.SITE, key), each) for each in formats for key in site_keys(each)[:most]]

    def formats(self, kind: Kind, key: Key | None = None) -> list[Publication]:
        """List what an edition, or the one that is looked at, comes in.

        The other pages of a search are no other feed, and its book holds as much as it may, unless it says how much.
        """
        key = key or self.key
        if key.scope is Scope.SEARCH and kind is not Kind.PAGE:
            key = replace(key, query=replace(key.query, page=1))
            if kind is Kind.FILE and key.query == replace(self.key.query, page=1) and self._is_cut(key.query):
                key = replace(SEARCH, query=replace(key.query, limit=MOST))
        return list(self.site.publications(key, kind))

    def _is_cut(self, query: Query) -> bool:
        return "limit" not in query.parameters() and self.edition.total > (query.limit or MOST)

    @property
    def is_growing(self) -> bool:
        """Whether new papers come into this very edition, so that one may subscribe to it."""
        return self.key.scope in (Scope.LATEST, Scope.SEARCH, *SERIES)

    def services(self, feed: Publication) -> list[Service]:
        """List the readers on the web, and how each subscribes to a feed."""
        return [Service(name, start + quote(self.site.url(feed), safe="")) for name, start in _SERVICES.items()]

    @property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """The words that were searched for."""
        return self.key.query.terms

    @property
    def author(self) -> tuple[tuple[str, ...], ...]:
        """The author who was searched for, in place of words."""
        return ((unicode.fold(self.key.query.author),),) if self.key.query.author else ()

    @property
    def facet_groups(self) -> list[tuple[str, list[Facet]]]:
        """What a list can be narrowed to, by the names of the groups; no group that leaves no choice."""
        groups = [(group, list(facets)) for group, facets in groupby(self.edition.facets, key=lambda each: each.group)]
        return [(group_name(group, self.site.words), facets) for group, facets in groups if _leaves_choice(facets)]

    def facet_name(self, facet: Facet) -> str:
        """Name a facet."""
        return facet_name(facet, self.site.words)

    @property
    def filters(self) -> Query:
        """What the form of filters is filled with: the search, or the days of the edition."""
        return self.key.query if self.key.scope is Scope.SEARCH else Query(since=self.key.since, until=self.key.until)

    @property
    def is_filtered(self) -> bool:
        """Whether the form of filters should stand open: something in it was asked for that no facet says."""
        return bool(self.key.query.parameters().keys() - {"q", "has", "page", "limit"})

    def search_for(self, author: str) -> Key:
        """Search for what an author wrote."""
        return replace(SEARCH, query=Query(author=author))

    @property
    def wider(self) -> list[Key]:
        """The week, month and year around a day, a week or a month."""
        if self.key.scope not in _WIDER or not self.key.since:
            return []
        return [period(scope, self.key.since) for scope in _WIDER[_WIDER.index(self.key.scope) + 1 :]]

    @property
    def is_brief(self) -> bool:
        """Whether there are too many papers to show them whole."""
        return len(self.edition.papers) > _BRIEFLY

    @property
    def by_day(self) -> list[PapersOfDay]:
        """The papers, day by day."""
        if self.key.scope is Scope.DAY:  # some may have been listed first on another day
            return [PapersOfDay(self.key, self.edition.papers)] if self.edition.papers else []
        groups = groupby(self.edition.papers, key=lambda paper: paper.day)
        return [PapersOfDay(self.day(day), tuple(papers)) for day, papers in groups]

    def day(self, day: date) -> Key:
        """Name a day."""
        return period(Scope.DAY, day)

    def paper(self, paper: Paper) -> Key:
        """Name a paper."""
        return paper_key(paper.slug)

    @property
    def months(self) -> Sequence[Month]:
        """The calendar, newest month first."""
        return months(self.edition.days, self.site.words.first_weekday)

    @property
    def years(self) -> list[PeriodCount]:
        """Count the years that have a day, newest first."""
        return self._counts(Scope.YEAR)

    def months_of(self, year: Key) -> list[PeriodCount]:
        """Count the months of a year that have a day, newest first."""
        return [month for month in self._counts(Scope.MONTH) if month.key.text.startswith(year.text)]

    def _counts(self, scope: Scope) -> list[PeriodCount]:
        groups = groupby(reversed(self.edition.days), key=lambda day: period(scope, day.date))
        listed = ((key, list(days)) for key, days in groups)
        return [PeriodCount(key, len(days), sum(day.new for day in days)) for key, days in listed]


@dataclass(frozen=True, slots=True)
class SiteView(View):
    """The whole site as its pages show it: home, the books, the page for e-readers."""

    @property
    def newest_day(self) -> PapersOfDay | None:
        """The papers of the newest day that brought any."""
        return next(iter(self.by_day), None)

    @property
    def voted(self) -> list[Paper]:
        """The papers of the week with the most votes, if any has some; none where the week is one day, told already."""
        found = [paper for paper in self.edition.most_voted(_HOME_VOTED) if paper.votes]
        return found if len(self.by_day) > 1 else []

    @property
    def newest_months(self) -> Sequence[Month]:
        """As many months of the calendar as there is room for."""
        return self.months[:_HOME_MONTHS]

    @property
    def newest_periods(self) -> list[Key]:
        """The newest day, week, month and year."""
        return [period(scope, self.edition.days[-1].date) for scope in _WIDER] if self.edition.days else []

    @property
    def past_weeks(self) -> list[Key]:
        """The weeks before the newest."""
        return [week.key for week in self._counts(Scope.WEEK)[1 : 1 + _E_READER_WEEKS]]

    @property
    def series(self) -> list[Key]:
        """What one can subscribe to besides the latest papers."""
        return [fixed(scope) for scope in SERIES]

    @property
    def shelves(self) -> list[Key]:
        """The lists of all books of a kind."""
        return [shelf(name) for name in SHELVES]


def _leaves_choice(facets: list[Facet]) -> bool:
    """Whether a group has more than one cut, or one that was made."""
    whole, *others = facets
    if whole.group is Group.YEAR:
        return len(others) > 1 or not whole.is_active
    return any(0 < each.count < whole.count or each.is_active for each in others)
