"""What the templates of pages ask about the edition that they show. Links are without the host."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from feeds import content
from feeds.edition import Edition
from feeds.exporters import assets
from feeds.exporters.months import Month, months
from feeds.exporters.opensearch import DESCRIPTION
from feeds.facet import Facet, Group
from feeds.format import Format, Kind, site_keys
from feeds.key import SHELVES, Key, Scope, period, shelf
from feeds.model import Paper
from feeds.query import MOST, Query
from feeds.site import Publication, Site
from feeds.wording import facet_name, group_name, name

BOOKS = Key(Scope.SITE, "books")
E_READER = Key(Scope.SITE, "e-reader")
_HOME_MONTHS = 12
_HOME_VOTED = 5
_BRIEFLY = 60  # papers that a page shows whole; of more it shows the beginnings
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


class Count(NamedTuple):
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
        topic = next((topic.name for topic in self.site.topics if topic.key == key), None)
        return topic or name(key, self.site.words)

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
    def assets(self) -> dict[str, str]:
        """Where stylesheet, script and icons are."""
        return {
            each.name: self.link(Publication(Key(Scope.SITE, key), each))
            for each in assets.ASSETS
            for key in site_keys(each)
        }

    @property
    def description(self) -> Publication:
        """Where browsers learn how to search."""
        return DESCRIPTION

    @property
    def announced(self) -> list[Publication]:
        """The feeds that the page announces: the main ones first, then its own."""
        main = self.site.publications(Key(Scope.LATEST, Scope.LATEST.value), Kind.FEED)
        return list(dict.fromkeys([*main, *self.formats(Kind.FEED)]))

    @property
    def catalogs(self) -> list[Publication]:
        """The lists of everything, each in its first form."""
        return self._lists(slice(1))

    @property
    def all_catalogs(self) -> list[Publication]:
        """The lists of everything."""
        return self._lists(slice(None))

    def _lists(self, which: slice) -> list[Publication]:
        formats = [each for each in self.site.formats if each.kind is Kind.CATALOG]
        return [Publication(Key(Scope.SITE, key), each) for each in formats for key in site_keys(each)[which]]

    def formats(self, kind: Kind, key: Key | None = None) -> list[Publication]:
        """List what an edition, or the one that is looked at, comes in; a file of a search holds as much as it may."""
        key = key or self.key
        if key.scope is Scope.SEARCH and kind is not Kind.PAGE:
            first = replace(key.query, page=1)
            is_cut = kind is Kind.FILE and key == self.key and self.edition.total > (first.limit or 0)
            key = replace(key, query=replace(first, limit=MOST) if is_cut else first)
        return list(self.site.publications(key, kind))

    def services(self, feed: Publication) -> list[Service]:
        """List the readers on the web, and how each subscribes to a feed."""
        return [Service(name, start + quote(self.site.url(feed), safe="")) for name, start in _SERVICES.items()]

    @property
    def is_unlisted(self) -> bool:
        """Whether no search engine need know this page: one of the endless searches, or a list of what it knows."""
        is_topic = any(topic.key == self.key for topic in self.site.topics)
        return self.key.scope is Scope.SHELF or (self.key.scope is Scope.SEARCH and not is_topic)

    @property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """The words that were searched for."""
        return self.key.query.terms

    @property
    def author(self) -> tuple[tuple[str, ...], ...]:
        """The author who was searched for."""
        return Query(q=f'"{self.key.query.author}"').terms if self.key.query.author else ()

    @property
    def facet_groups(self) -> list[tuple[str, list[Facet]]]:
        """What a search can be narrowed to, by the names of the groups; nothing that would leave all or none."""
        groups = [(group, list(facets)) for group, facets in groupby(self.edition.facets, key=lambda each: each.group)]
        return [(group_name(group, self.site.words), facets) for group, facets in groups if _says_something(facets)]

    def facet_name(self, facet: Facet) -> str:
        """Name a facet."""
        return facet_name(facet, self.site.words)

    @property
    def filters(self) -> Query:
        """What the form of filters is filled with: the search, or the days of the edition."""
        return self.key.query if self.key.scope is Scope.SEARCH else Query(since=self.key.since, until=self.key.until)

    @property
    def is_filtered(self) -> bool:
        """Whether a search asks for more than words and what the facets say."""
        return bool(self.key.query.parameters().keys() - {"q", "has", "page", "limit"})

    @property
    def search(self) -> Key:
        """The search for everything."""
        return Key(Scope.SEARCH, Scope.SEARCH.value)

    def search_for(self, author: str) -> Key:
        """Search for what an author wrote."""
        return Key(Scope.SEARCH, Scope.SEARCH.value, query=Query(author=author))

    @property
    def wider(self) -> list[Key]:
        """The week, month and year around a day, a week or a month."""
        narrower = [Scope.DAY, Scope.WEEK, Scope.MONTH, Scope.YEAR]
        if self.key.scope not in narrower or not self.key.since:
            return []
        return [period(scope, self.key.since) for scope in narrower[narrower.index(self.key.scope) + 1 :]]

    @property
    def is_brief(self) -> bool:
        """Whether there are too many papers to show them whole."""
        return len(self.edition.papers) > _BRIEFLY

    @property
    def by_day(self) -> list[PapersOfDay]:
        """The papers, day by day; those of a search in one heap, for they may be in any order."""
        if self.key.scope in (Scope.SEARCH, Scope.DAY):
            return [PapersOfDay(self.key, self.edition.papers)] if self.edition.papers else []
        groups = groupby(self.edition.papers, key=lambda paper: paper.day)
        return [PapersOfDay(self.day(day), tuple(papers)) for day, papers in groups]

    @property
    def newest_day(self) -> PapersOfDay | None:
        """The papers of the newest day that lists any."""
        return next(iter(self.by_day), None)

    @property
    def voted(self) -> list[Paper]:
        """The papers of the week with the most votes, if any has some; none where the week is one day, told already."""
        days = {paper.day for paper in self.edition.papers}
        return [paper for paper in self.edition.most_voted(_HOME_VOTED) if paper.votes] if len(days) > 1 else []

    def day(self, day: date) -> Key:
        """Name a day."""
        return period(Scope.DAY, day)

    def paper(self, paper: Paper) -> Key:
        """Name a paper."""
        return Key(Scope.PAPER, f"papers/{paper.slug}")

    def months(self, most: int | None = None) -> list[Month]:
        """Lay out the newest months of the days, or all."""
        days = self.edition.days
        newest = list(dict.fromkeys(period(Scope.MONTH, day.date) for day in reversed(days)))[:most]
        shown = [day for day in days if newest and newest[-1].since and day.date >= newest[-1].since]
        return months(shown, self.site.words.first_weekday)

    @property
    def home_months(self) -> list[Month]:
        """The months that the home page has room for."""
        return self.months(_HOME_MONTHS)

    @property
    def years(self) -> list[Count]:
        """Count the years that have a day, newest first."""
        return self._counts(Scope.YEAR)

    def months_of(self, year: Key) -> list[Count]:
        """Count the months of a year that have a day, newest first."""
        return [month for month in self._counts(Scope.MONTH) if month.key.text.startswith(year.text)]

    def _counts(self, scope: Scope) -> list[Count]:
        groups = groupby(reversed(self.edition.days), key=lambda day: period(scope, day.date))
        listed = ((key, list(days)) for key, days in groups)
        return [Count(key, len(days), sum(day.new for day in days)) for key, days in listed]

    @property
    def ready(self) -> list[Key]:
        """The books that are always there, and the newest of each period."""
        newest = self.edition.days[-1].date if self.edition.days else None
        periods = [period(scope, newest) for scope in (Scope.DAY, Scope.WEEK, Scope.MONTH, Scope.YEAR) if newest]
        return [Key(Scope.LATEST, Scope.LATEST.value), *periods, Key(Scope.ALL, Scope.ALL.value)]

    @property
    def weeks(self) -> list[Key]:
        """The weeks before the newest."""
        return [week.key for week in self._counts(Scope.WEEK)[1 : 1 + _E_READER_WEEKS]]

    @property
    def shelves(self) -> list[Key]:
        """The lists of all books of a kind."""
        return [shelf(name) for name in SHELVES]

    @property
    def series(self) -> list[Key]:
        """What one can subscribe to besides the latest papers."""
        return [Key(scope, scope.value) for scope in (Scope.DAILY, Scope.WEEKLY, Scope.MONTHLY)]

    @property
    def last_week(self) -> Query:
        """The seven days to the newest."""
        newest = self.edition.days[-1].date if self.edition.days else None
        return Query(since=newest and newest - timedelta(days=6), until=newest)

    def citation(self, paper: Paper) -> str:
        """Cite a paper in a line."""
        names = ", ".join(paper.authors) + (" et al." if paper.more_authors else "")
        number = f"arXiv:{paper.arxiv_id}. " if paper.arxiv_id else ""
        return f"{names} ({paper.year}). {content.title(paper.title)}. {number}{paper.url}".strip()

    @property
    def home(self) -> str:
        """Where the home page is."""
        return self.page(Key(Scope.SITE, ""))

    @property
    def latest(self) -> Key:
        """The newest days."""
        return Key(Scope.LATEST, Scope.LATEST.value)

    @property
    def all(self) -> Key:
        """Everything."""
        return Key(Scope.ALL, Scope.ALL.value)

    @property
    def books(self) -> Key:
        """The page on which one makes a book."""
        return BOOKS

    @property
    def e_reader(self) -> Key:
        """The page for the browsers of e-readers."""
        return E_READER


def _says_something(facets: list[Facet]) -> bool:
    """Whether a group leaves a choice."""
    whole, *others = facets
    if whole.group is Group.YEAR:
        return len(others) > 1 or not whole.is_active
    return any(0 < each.count < whole.count or each.is_active for each in others)
