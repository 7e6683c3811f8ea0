"""HTML pages for people: the home page, one for every edition, a form that makes books, a page for e-readers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote

from feeds.exporters.contract import Kind, RenderContext, Resource
from feeds.exporters.html.calendar import SHADES, Month, lay_out_months
from feeds.exporters.templates import render_template
from feeds.model.edition import Collection, Edition, Facet, FacetGroup, SearchResults
from feeds.model.keys import (
    ALL,
    LATEST,
    LISTS,
    PERIODS,
    SEARCH,
    SERIES,
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
from feeds.model.paper import Day, Listing, Paper
from feeds.model.query import EVERYTHING, MAX_LIMIT, Has, Order, Query
from feeds.site.i18n import facet_group_name, facet_name, key_name
from feeds.text.matching import Word
from feeds.text.unicode import fold

_HOME, _BOOKS, _E_READER = SiteKey(""), SiteKey("books"), SiteKey("e-reader")
_KEYS = {"latest": LATEST, "archive": ALL, "search": SEARCH, "home": _HOME, "books": _BOOKS, "e_reader": _E_READER}
_TEMPLATES_BY_KEY = {_HOME: "home", _BOOKS: "books", _E_READER: "e_reader"}
_TEMPLATES_BY_SCOPE = {
    Scope.PAPER: "paper",
    Scope.SEARCH: "search",
    Scope.TOPIC: "search",
    Scope.DAILY: "series",
    Scope.WEEKLY: "series",
    Scope.MONTHLY: "series",
    Scope.LIST: "list",
    Scope.TOPICS: "topics",
    Scope.YEAR: "year",  # a page with all papers of a year would be too long to read
    Scope.ALL: "archive",
}
_OFFERED_KINDS = (Kind.FEED, Kind.BOOK, Kind.FILE, Kind.CATALOG)
_CONSTANTS = {"keys": _KEYS, "Kind": Kind, "shades": SHADES, "max_limit": MAX_LIMIT}
_MAX_FULL_PAPERS = 100  # of a page; longer pages show excerpts
_HOME_MONTHS = 12
_HOME_MOST_VOTED = 5
_E_READER_WEEKS = 8
_WEB_READERS = {
    "Feedly": "https://feedly.com/i/subscription/feed/",
    "Inoreader": "https://www.inoreader.com/?add_feed=",
    "NewsBlur": "https://www.newsblur.com/?url=",
    "The Old Reader": "https://theoldreader.com/feeds/subscribe?url=",
}


class HtmlExporter:
    """The page of an edition, at its key without a suffix, and the pages of the site as a whole."""

    name = "html"
    suffix = ""
    media_type = "text/html; charset=utf-8"
    kind = Kind.PAGE
    scopes = frozenset(Scope)
    site_paths = tuple(key.text for key in _TEMPLATES_BY_KEY)
    settings = frozenset({"title", "description", "language", "rights", "base_url", "topics", "formats"})
    is_translated = True

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the page of an edition."""
        if isinstance(edition.key, SiteKey):
            template = _TEMPLATES_BY_KEY[edition.key]
        else:
            template = _TEMPLATES_BY_SCOPE.get(edition.key.scope, "edition")
        view = View(edition, context)
        yield render_template(f"html/{template}.html", context.locale, view=view, **_CONSTANTS).encode()


def render_error_page(context: RenderContext, status: int, line: str, words: str = "") -> bytes:
    """Render a page that says what is wrong, with a search and the way home.

    Args:
        context: the site, in the language of the reader.
        status: the status of HTTP, from 400.
        line: what is wrong, in a line of English.
        words: what the reader searched for.
    """
    view = View(Edition(_HOME), context)
    values = {"status": status, "line": line, "words": words, "has": ", ".join(Has), "orders": ", ".join(Order)}
    return render_template("html/error.html", context.locale, view=view, **values, **_CONSTANTS).encode()


class WebReader(NamedTuple):
    """A feed reader on the web, and the URL at which it subscribes to a feed."""

    name: str
    url: str


class PeriodCount(NamedTuple):
    """How many days of a period the archive has, and how many new papers."""

    key: PeriodKey
    days: int
    papers: int


@dataclass(frozen=True, slots=True)
class View:
    """What the templates read of an edition and the site."""

    edition: Edition
    context: RenderContext

    @property
    def key(self) -> Key:
        """The key of the edition."""
        return self.edition.key

    @property
    def base_path(self) -> str:
        """The path of the base URL, with which links start: they have no host."""
        return self.context.site.base_path

    def href(self, resource: Resource) -> str:
        """Return the link to a document."""
        return f"{self.base_path}/{resource.path}"

    def page_href(self, key: Key) -> str:
        """Return the link to the page of an edition."""
        return self.href(self._page(key))

    def day_key(self, day: date) -> PeriodKey:
        """Return the key of a day."""
        return period(Scope.DAY, day)

    def paper_href(self, paper: Paper) -> str:
        """Return the link to the page of a paper."""
        return self.page_href(PaperKey(paper.slug))

    def author_href(self, author: str) -> str:
        """Return the link to a search for the papers of an author."""
        return self.page_href(SearchKey(Query(author=author)))

    @property
    def canonical_url(self) -> str:
        """The absolute URL of the page itself."""
        return self.context.url(self._page(self.key))

    def _page(self, key: Key) -> Resource:
        return self.context.resource(key, HtmlExporter.name)

    def name(self, key: Key) -> str:
        """Name an edition."""
        return self.context.site.topic_name(key) or key_name(key, self.context.locale)

    @property
    def heading(self) -> str:
        """The heading of the page: the name of the edition, of a day with its weekday."""
        if isinstance(self.key, PeriodKey) and self.key.scope is Scope.DAY:
            return self.context.locale.format_weekday(self.key.first)
        return self.context.name(self.edition)

    @property
    def is_noindex(self) -> bool:
        """Whether search engines should ignore the page: searches are endless, and lists only repeat other pages."""
        is_topic = self.context.site.topic_name(self.key) is not None
        return isinstance(self.key, ListKey | TopicsKey) or (isinstance(self.key, SearchKey) and not is_topic)

    def resources(self, kind: Kind) -> tuple[Resource, ...]:
        """List the formats of one kind that the edition is offered in.

        The pages of a search share one feed, and a file of its results.
        """
        key = self.key
        if isinstance(key, SearchKey):
            key = replace(key, query=replace(key.query, page=1))
        return self.context.resources(key, kind)

    def first_papers(self, resource: Resource) -> int | None:
        """Return the number of papers in a file or book that takes no more of a search's results; None if it has all.

        A limit that the reader has chosen is not mentioned.
        """
        if resource.format.kind not in (Kind.BOOK, Kind.FILE) or not isinstance(resource.key, SearchKey):
            return None
        query = resource.key.query
        is_cut = query.limit == query.default_limit < self.edition.total
        return query.limit if is_cut else None

    @property
    def formats(self) -> list[Resource]:
        """The edition in all formats but that of the page."""
        return [resource for kind in _OFFERED_KINDS for resource in self.resources(kind)]

    @property
    def autodiscovery_feeds(self) -> list[Resource]:
        """The feeds that feed readers find on the page: those of the latest papers first, then the edition's own."""
        return list(dict.fromkeys([*self.context.resources(LATEST, Kind.FEED), *self.resources(Kind.FEED)]))

    @property
    def search_files(self) -> list[Resource]:
        """The search as a book and in the other formats that are downloaded."""
        return [resource for kind in (Kind.BOOK, Kind.FILE) for resource in self.context.resources(SEARCH, kind)]

    @property
    def opensearch(self) -> Resource:
        """The description of the search for browsers."""
        return self.context.resource(SiteKey("opensearch"), "opensearch")

    @property
    def catalogs(self) -> list[Resource]:
        """The catalogs of the whole site."""
        return [resource for resource in self.context.formats.site_resources() if resource.format.kind is Kind.CATALOG]

    @property
    def main_catalogs(self) -> list[Resource]:
        """The first catalog of each format."""
        return [next(group) for _, group in groupby(self.catalogs, key=lambda catalog: catalog.format.name)]

    @property
    def receives_papers(self) -> bool:
        """Whether new papers appear in this edition, so that subscribing to it makes sense."""
        return self.key.scope in (Scope.LATEST, Scope.SEARCH, Scope.TOPIC, *SERIES)

    def web_readers(self, feed: Resource) -> list[WebReader]:
        """List the feed readers on the web with the URLs at which they subscribe to a feed."""
        encoded = quote(self.context.url(feed), safe="")
        return [WebReader(name, prefix + encoded) for name, prefix in _WEB_READERS.items()]

    @property
    def query(self) -> Query:
        """The query of a search; an empty one for other editions."""
        return self.key.query if isinstance(self.key, SearchKey) else EVERYTHING

    @property
    def author_terms(self) -> tuple[tuple[str, ...], ...]:
        """The author of the query, in the form of `Query.terms`."""
        return ((Word(fold(self.query.author)),),) if self.query.author else ()

    @property
    def filters(self) -> Query:
        """The initial values of the filter form: the query, or the days of a period."""
        return Query(since=self.key.first, until=self.key.last) if isinstance(self.key, PeriodKey) else self.query

    @property
    def is_filter_open(self) -> bool:
        """Whether the filter form is open: the query has a condition that only the form shows."""
        is_topic = isinstance(self.key, SearchKey) and self.key.topic  # always by date
        shown = {"q", "has", "page", "limit", *(["order"] if is_topic else [])}
        return bool(self.query.parameters().keys() - shown)

    def suggestion_href(self, text: str) -> str:
        """Return the link to the same search with other words."""
        return self.page_href(SearchKey(replace(self.query, q=text, page=1)))

    @property
    def facet_groups(self) -> list[tuple[str, list[Facet]]]:
        """The facets by the names of their groups, without groups that leave no choice."""
        facets = self.edition.facets if isinstance(self.edition, SearchResults | Collection) else ()
        groups = [(group, list(members)) for group, members in groupby(facets, key=lambda facet: facet.group)]
        locale = self.context.locale
        return [(facet_group_name(group, locale), members) for group, members in groups if _offers_choice(members)]

    def facet_name(self, facet: Facet) -> str:
        """Name a facet."""
        return facet_name(facet, self.context.locale)

    @property
    def shows_excerpts(self) -> bool:
        """Whether the page has too many papers to show whole summaries."""
        return len(self.edition.listings) > _MAX_FULL_PAPERS

    @property
    def days(self) -> list[Day]:
        """The days that have papers, newest first."""
        return [day for day in self.edition.days if day.listings]

    @property
    def enclosing_periods(self) -> list[PeriodKey]:
        """The week, month and year around a day, a week or a month."""
        if not isinstance(self.key, PeriodKey):
            return []
        return [period(scope, self.key.first) for scope in PERIODS[PERIODS.index(self.key.scope) + 1 :]]

    @property
    def months(self) -> list[Month]:
        """The calendar of the days that the edition covers, newest month first."""
        return lay_out_months(self.edition.calendar, self.context.locale.first_weekday)

    @property
    def years(self) -> list[PeriodCount]:
        """Count the days and papers of each year, newest first."""
        return self._counts(Scope.YEAR)

    def months_of(self, year: PeriodKey) -> list[PeriodCount]:
        """Count the days and papers of each month of a year, newest first."""
        return [month for month in self._counts(Scope.MONTH) if period(Scope.YEAR, month.key.first) == year]

    def _counts(self, scope: Scope) -> list[PeriodCount]:
        groups = groupby(reversed(self.edition.calendar), key=lambda day: period(scope, day.date))
        by_period = [(key, list(days)) for key, days in groups]
        return [PeriodCount(key, len(days), sum(day.new for day in days)) for key, days in by_period]

    @property
    def most_voted(self) -> list[Listing]:
        """The papers of the home page with the most votes; none if they are all of one day, which is listed whole."""
        listings = [listing for listing in self.edition.most_voted(_HOME_MOST_VOTED) if listing.paper.votes]
        return listings if len(self.days) > 1 else []

    @property
    def home_months(self) -> list[Month]:
        """The months of the calendar on the home page."""
        return self.months[:_HOME_MONTHS]

    @property
    def newest_periods(self) -> list[PeriodKey]:
        """The newest day, week, month and year."""
        calendar = self.edition.calendar
        return [period(scope, calendar[-1].date) for scope in PERIODS] if calendar else []

    @property
    def past_weeks(self) -> list[PeriodKey]:
        """The weeks before the newest one, as many as the page for e-readers lists."""
        return [week.key for week in self._counts(Scope.WEEK)[1 : 1 + _E_READER_WEEKS]]

    @property
    def series(self) -> list[SeriesKey]:
        """The keys of the series."""
        return [SeriesKey(scope) for scope in SERIES]

    @property
    def lists(self) -> list[ListKey]:
        """The keys of the lists of all editions of a kind."""
        return [ListKey(name) for name in LISTS]


def _offers_choice(facets: list[Facet]) -> bool:
    """Return True if a group narrows the results in more than one way, or already does."""
    everything, *others = facets
    if everything.group is FacetGroup.YEAR:
        return len(others) > 1 or not everything.is_active
    return any(0 < facet.count < everything.count or facet.is_active for facet in others)
