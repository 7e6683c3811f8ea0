"""What the templates of pages read: of the site, once for all its pages, and of each edition."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from feeds.exporters.contract import Kind, RenderContext, Resource
from feeds.exporters.html.calendar import SHADES, Month, Period, lay_out_months, split_by_period
from feeds.exporters.html.pictures import PageImage, Tile, paper_tile, source_image, stored_image
from feeds.exporters.html.plots import HEIGHT, Bar, draw_months
from feeds.exporters.templates import template_macros
from feeds.images.store import PictureSet
from feeds.model.edition import Collection, Edition, Facet, FacetGroup, Ranking, SearchResults, SiteEdition
from feeds.model.keys import (
    ALL,
    HOME,
    LATEST,
    LISTS,
    NEWEST_PERIODS,
    PERIODS,
    RANKED_PERIODS,
    SEARCH,
    SERIES,
    STATISTICS,
    THIS_MONTH,
    THIS_WEEK,
    THIS_YEAR,
    TODAY,
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
from feeds.model.paper import Day, Paper, most_voted
from feeds.model.query import EVERYTHING, MAX_LIMIT, Query
from feeds.site.i18n import Locale, facet_group_name, facet_name, get_locale, key_name
from feeds.site.site import LANGUAGE_PARAMETER, Site, encode_parameters
from feeds.text.highlight import Terms
from feeds.text.matching import Word, contains
from feeds.text.sentences import matching_sentence
from feeds.text.unicode import fold

if TYPE_CHECKING:
    from jinja2.environment import TemplateModule

    from feeds.exporters.registry import Registry

BOOKS, E_READER = SiteKey("books"), SiteKey("e-reader")
_PAGE = "html"  # the name of the format
_KEYS = {
    "latest": LATEST,
    "archive": ALL,
    "search": SEARCH,
    "home": HOME,
    "books": BOOKS,
    "e_reader": E_READER,
    "stats": STATISTICS,
}
_MAX_SITES = 32  # of views that are kept: a process has one site, in every language that readers or URLs choose
_MAX_SUMMARIES = 100  # of a page; longer pages have the first sentences only
_MAX_LEADS = 30  # of a page of several days; beyond, it has the most voted papers of each day and titles of the others
_MIN_LEADS = 2  # of each day but the newest
_MIN_NEWEST_LEADS = 5
_MAX_AUTHORS = 3  # of a paper of a list
_CITATION_TYPES = (
    "application/x-bibtex",
    "application/x-research-info-systems",
    "application/vnd.citationstyles.csl+json",
)
_MAX_TAGS = 5  # of a paper that are shown without a click
_HOME_MONTHS = 3
_HOME_RANKED = 5
_E_READER_WEEKS = 8
_WITHDRAWN = re.compile(
    r"\W*withdrawn\b|.*\b(?:is|are|was|were|been|being)\s(?:\w+ly\s)?withdrawn\b", re.IGNORECASE | re.DOTALL
)
_WEB_READERS = {
    "Feedly": "https://feedly.com/i/subscription/feed/",
    "Inoreader": "https://www.inoreader.com/?add_feed=",
    "NewsBlur": "https://www.newsblur.com/?url=",
    "The Old Reader": "https://theoldreader.com/feeds/subscribe?url=",
}


class Translation(NamedTuple):
    """A page in a language, with the name of the language in itself."""

    language: str
    name: str
    page: Resource


class WebReader(NamedTuple):
    """A feed reader on the web, and the URL at which it subscribes to a feed."""

    name: str
    url: str


@lru_cache(maxsize=_MAX_SITES)
def view_site(
    site: Site, formats: "Registry", locale: Locale, languages: tuple[str, ...] = (), url_language: str = ""
) -> "SiteView":
    """Return the view of a site in one language, which all its pages share."""
    return SiteView(RenderContext(site, formats, locale, languages=languages, url_language=url_language))


@dataclass(frozen=True)
class SiteView:
    """What the templates read of a site in one language; what all pages have is made once."""

    context: RenderContext

    @property
    def main_places(self) -> list[tuple[str, Key, str]]:
        """The entries of the main navigation: the place of each, the page that it leads to, and its label."""
        site, gettext = self.context.site, self.context.locale.gettext
        return [
            (Scope.DAY, TODAY, gettext("Today")),
            (Scope.WEEK, THIS_WEEK, gettext("This week")),
            (Scope.MONTH, THIS_MONTH, gettext("This month")),
            (Scope.YEAR, THIS_YEAR, gettext("This year")),
            *([(Scope.TOPICS, site.topics_key, gettext("Topics"))] if site.topics else []),
            (BOOKS.text, BOOKS, gettext("Books")),
        ]

    @cached_property
    def values(self) -> dict[str, Any]:
        """The variables that every template has."""
        constants = {"keys": _KEYS, "Kind": Kind, "shades": SHADES, "max_limit": MAX_LIMIT}
        constants |= {"max_tags": _MAX_TAGS, "max_authors": _MAX_AUTHORS, "chart_height": HEIGHT}
        return {"site": self, "settings": self.context.site, **constants}

    @cached_property
    def macros(self) -> "TemplateModule":
        """The macros of all templates."""
        return template_macros("html/macros.html", self.context.locale, **self.values)

    @cached_property
    def parts(self) -> "TemplateModule":
        """The parts of the layout that are the same on every page."""
        return template_macros("html/parts.html", self.context.locale, macros=self.macros, **self.values)

    @cached_property
    def base_path(self) -> str:
        """The path of the base URL, with which links start: they have no host."""
        return self.context.site.base_path

    def href(self, resource: Resource) -> str:
        """Return the link to a document; a page is in the language that the URL of this page names."""
        if self.context.url_language and resource.format.is_translated and not resource.language:
            resource = replace(resource, language=self.context.url_language)
        return f"{self.base_path}/{resource.path}"

    def page(self, key: Key) -> Resource:
        """Return the page of an edition."""
        return self.context.resource(key, _PAGE)

    def page_href(self, key: Key) -> str:
        """Return the link to the page of an edition."""
        return self.href(self.page(key))

    def day(self, date: date) -> PeriodKey:
        """Return the key of a day."""
        return period(Scope.DAY, date)

    def day_href(self, day: date) -> str:
        """Return the link to the page of a day."""
        return self.page_href(period(Scope.DAY, day))

    def paper_href(self, paper: Paper) -> str:
        """Return the link to the page of a paper."""
        return self.page_href(PaperKey(paper.slug))

    def tile(self, paper: Paper) -> Tile:
        """Return what stands in the place of the picture of a paper that has none."""
        return paper_tile(paper)

    def lead(self, paper: Paper, terms: Terms = ()) -> str:
        """Return the first sentence of a paper that matches a term, else its first sentence."""
        first = paper.first_sentence()
        return matching_sentence(paper.body_text, terms, first) if terms else first

    def has_more(self, paper: Paper, lead: str) -> bool:
        """Whether a paper has more to read than its lead."""
        return paper.body_text.removeprefix("- ") != lead or bool(paper.video)

    def first_authors(self, paper: Paper, terms: Terms = ()) -> tuple[list[str], int]:
        """Return the first authors and those that match a term, and the number of the others."""
        alternatives = [term for group in terms for term in group]
        shown = [
            author
            for rank, author in enumerate(paper.authors)
            if rank < _MAX_AUTHORS or any(contains(term, fold(author)) for term in alternatives)
        ]
        return shown, len(paper.authors) - len(shown)

    def is_withdrawn(self, paper: Paper) -> bool:
        """Whether the authors say in the comment that they have withdrawn a paper."""
        return _WITHDRAWN.match(paper.comment) is not None

    def author_href(self, author: str) -> str:
        """Return the link to a search for the papers of an author."""
        return self._search_href({"author": author})

    def tag_href(self, tag: str) -> str:
        """Return the link to a search for the papers with a tag."""
        return self._search_href({"tag": tag})

    def _search_href(self, parameters: Mapping[str, str]) -> str:
        """Return the link to a search, without making its key: pages have hundreds of them."""
        return f"{self._search_path}?{encode_parameters({**parameters, **self.language_parameters})}"

    @cached_property
    def _search_path(self) -> str:
        return f"{self.base_path}/{self.page(SEARCH).path}"

    @cached_property
    def language_parameters(self) -> dict[str, str]:
        """The parameters by which links and forms keep the language that the URL of this page names."""
        return {LANGUAGE_PARAMETER: self.context.url_language} if self.context.url_language else {}

    def navigation(self, place: str) -> Markup:
        """Return the main navigation for pages at a place in it, of which there are few."""
        if place not in self._navigations:
            self._navigations[place] = Markup(self.parts.navigation(place))  # type: ignore[attr-defined]  # noqa: S704
        return self._navigations[place]

    @cached_property
    def _navigations(self) -> dict[str, Markup]:
        return {}

    def name(self, key: Key) -> str:
        """Name an edition."""
        return self.context.site.topic_name(key) or key_name(key, self.context.locale)

    def facet_name(self, facet: Facet) -> str:
        """Name a facet."""
        return facet_name(facet, self.context.locale)

    @cached_property
    def latest_feeds(self) -> tuple[Resource, ...]:
        """The feeds of the latest papers, which feed readers find on every page."""
        return self.context.resources(LATEST, Kind.FEED)

    @cached_property
    def catalogs(self) -> list[Resource]:
        """The catalogs of the whole site."""
        return [resource for resource in self.context.formats.site_resources() if resource.format.kind is Kind.CATALOG]

    @cached_property
    def main_catalogs(self) -> list[Resource]:
        """The first catalog of each format."""
        return [next(group) for _, group in groupby(self.catalogs, key=lambda catalog: catalog.format.name)]

    @cached_property
    def opensearch(self) -> Resource:
        """The description of the search for browsers."""
        return self.context.resource(SiteKey("opensearch"), "opensearch")

    @cached_property
    def search_files(self) -> list[Resource]:
        """The search as a book and in the other formats that are downloaded."""
        return [resource for kind in (Kind.BOOK, Kind.FILE) for resource in self.context.resources(SEARCH, kind)]

    def web_readers(self, feed: Resource) -> list[WebReader]:
        """List the feed readers on the web with the URLs at which they subscribe to a feed."""
        encoded = quote(self.context.url(feed), safe="")
        return [WebReader(name, prefix + encoded) for name, prefix in _WEB_READERS.items()]

    @cached_property
    def weekdays(self) -> list[tuple[str, str]]:
        """The narrow and the wide names of the weekdays, from the first day of the week."""
        return self.context.locale.weekdays()

    @cached_property
    def first_weekday(self) -> int:
        """The first day of the week, 0 for Monday."""
        return self.context.locale.first_weekday

    @cached_property
    def series(self) -> list[SeriesKey]:
        """The keys of the series."""
        return [SeriesKey(scope) for scope in SERIES]

    @cached_property
    def lists(self) -> list[ListKey]:
        """The keys of the lists of all editions of a kind."""
        return [ListKey(name) for name in LISTS]


@dataclass(frozen=True)
class EditionView:
    """What the templates read of an edition."""

    edition: Edition
    site: SiteView
    pictures: PictureSet
    is_full: bool = False
    """Whether the page shows all summaries."""

    def image(self, paper: Paper) -> PageImage | None:
        """Return the image of a paper, the stored one if there is one; None if it has none."""
        if not paper.image:
            return None
        picture = self.pictures.get(paper.image)
        return stored_image(picture, self.site.context.site) if picture else source_image(paper.image)

    @property
    def key(self) -> Key:
        """The key of the edition."""
        return self.edition.key

    @cached_property
    def canonical_url(self) -> str:
        """The absolute URL of the page, also of the one that shows all summaries."""
        return self.site.context.url(self.site.page(self.key))

    @cached_property
    def translations(self) -> list[Translation]:
        """The page in all languages, if URLs can name them."""
        context, page = self.site.context, self.site.page(self.key)
        return [
            Translation(language, get_locale(language).language_name(language), replace(page, language=language))
            for language in context.languages
        ]

    @cached_property
    def place(self) -> str:
        """The entry of the main navigation that leads to the page, or near it; empty if none does."""
        key = self.key.period if isinstance(self.key, TopKey) else self.key
        if isinstance(key, PeriodKey):
            return key.scope if self.edition.next is None else ""
        if isinstance(key, TopicsKey) or (isinstance(key, SearchKey) and key.topic):
            return Scope.TOPICS
        return BOOKS.text if key == BOOKS else ""

    @cached_property
    def title(self) -> str:
        """The title of the page: what it shows, with its number in a list, then the site."""
        context = self.site.context
        number = self.key.page if isinstance(self.key, ListKey) else None
        page = context.locale.gettext("page {page}", page=number) if number else ""
        name = "" if isinstance(self.key, SiteKey) else self.name
        return " — ".join(filter(None, [" · ".join(filter(None, [name, page])), context.site.title]))

    @cached_property
    def heading(self) -> str:
        """The heading of the page: its name, of a day with the weekday."""
        if isinstance(self.key, PeriodKey) and self.key.scope is Scope.DAY:
            return self.site.context.locale.format_weekday(self.key.first)
        return self.name

    @cached_property
    def name(self) -> str:
        """The name of the edition; that of a search for an author alone names the author."""
        if self.is_of_author:
            return self.site.context.locale.gettext("Papers by {author}", author=self.query.author)
        return self.site.context.name(self.edition)

    def is_first(self, paper: Paper) -> bool:
        """Whether a paper is the first of the page, whose picture is seen at once."""
        return paper is self._first_paper

    @cached_property
    def _first_paper(self) -> Paper | None:
        return next((listing.paper for listing in self.edition.listings), None)

    @property
    def is_noindex(self) -> bool:
        """Whether search engines should ignore the page: searches are endless, and lists only repeat other pages."""
        is_search = isinstance(self.key, SearchKey) and self.site.context.site.topic_name(self.key) is None
        return self.is_full or is_search or isinstance(self.key, ListKey | TopicsKey)

    @cached_property
    def _resources(self) -> tuple[Resource, ...]:
        """The edition in all formats that it is offered in; the pages of a search share them."""
        key = self.key
        if isinstance(key, SearchKey):
            key = replace(key, query=replace(key.query, page=1))
        return self.site.context.resources(key)

    @cached_property
    def full_page(self) -> Resource | None:
        """The page that shows all summaries; None if there is none."""
        return next((page for page in self._resources if page.format.kind is Kind.PAGE and page.format.suffix), None)

    @cached_property
    def downloads(self) -> list[Resource]:
        """The edition in the formats of books and of files, but those of citations."""
        return [item for item in self._of_kinds(Kind.BOOK, Kind.FILE) if item not in self.citations]

    @cached_property
    def subscriptions(self) -> list[Resource]:
        """The feeds and catalogs of the edition."""
        return self._of_kinds(Kind.FEED, Kind.CATALOG)

    @cached_property
    def citations(self) -> list[Resource]:
        """The edition in the formats that programs for citations read."""
        return [item for item in self._of_kinds(Kind.FILE) if item.format.link_type in _CITATION_TYPES]

    @property
    def bibtex(self) -> Resource | None:
        """The edition in BibTeX; None if it is not offered."""
        return next((item for item in self.citations if item.format.link_type == _CITATION_TYPES[0]), None)

    def _of_kinds(self, *kinds: Kind) -> list[Resource]:
        return [resource for kind in kinds for resource in self._resources if resource.format.kind is kind]

    @cached_property
    def feeds(self) -> list[Resource]:
        """The feeds of the edition."""
        return [resource for resource in self._resources if resource.format.kind is Kind.FEED]

    def first_papers(self, resource: Resource) -> int | None:
        """Return the number of papers in a file or book that takes no more of a search's results; None if it has all.

        A limit that the reader has chosen is not mentioned.
        """
        if not isinstance(resource.key, SearchKey) or resource.format.kind not in (Kind.BOOK, Kind.FILE):
            return None
        query = resource.key.query
        is_cut = query.limit == query.default_limit < self.edition.total
        return query.limit if is_cut else None

    @property
    def receives_papers(self) -> bool:
        """Whether new papers appear in this edition, so that subscribing to it makes sense."""
        return self.key.scope in (Scope.LATEST, Scope.SEARCH, Scope.TOPIC, *SERIES)

    @property
    def query(self) -> Query:
        """The query of a search; an empty one for other editions."""
        return self.key.query if isinstance(self.key, SearchKey) else EVERYTHING

    @cached_property
    def author_terms(self) -> tuple[tuple[str, ...], ...]:
        """The author of the query, in the form of `Query.terms`."""
        return ((Word(fold(self.query.author)),),) if self.query.author else ()

    @property
    def is_of_author(self) -> bool:
        """Whether the edition is a search for an author alone."""
        return self.query.parameters().keys() - {"page"} == {"author"}

    @property
    def filters(self) -> Query:
        """The initial values of the filter form: the query, or the days of a period."""
        if isinstance(self.key, PeriodKey | TopKey):
            return Query(since=self.key.first, until=self.key.last)
        return self.query

    @property
    def is_filter_open(self) -> bool:
        """Whether the filter form is open: the query has a condition that the page shows nowhere else."""
        is_topic = isinstance(self.key, SearchKey) and self.key.topic  # always by date
        shown = {"q", "tag", "has", "page", "limit", *(["order"] if is_topic else [])}
        return not self.is_of_author and bool(self.query.parameters().keys() - shown)

    def suggestion_href(self, text: str) -> str:
        """Return the link to the same search with other words."""
        return self.site.page_href(SearchKey(replace(self.query, q=text, page=1)))

    @cached_property
    def facet_groups(self) -> list[tuple[str, list[Facet]]]:
        """The facets by the names of their groups, without groups that leave no choice."""
        facets = self.edition.facets if isinstance(self.edition, SearchResults | Collection) else ()
        groups = [(group, list(members)) for group, members in groupby(facets, key=lambda facet: facet.group)]
        locale = self.site.context.locale
        return [(facet_group_name(group, locale), members) for group, members in groups if _offers_choice(members)]

    @cached_property
    def is_brief(self) -> bool:
        """Whether the page has too many papers to contain their summaries."""
        return not self.is_full and len(self.edition.listings) > _MAX_SUMMARIES

    def split_day(self, day: Day) -> tuple[list[Paper], list[Paper]]:
        """Split the papers of a day into those that are shown with their lead, and those of which the title must do."""
        if self.is_full or len(self.days) == 1 or len(self.edition.listings) <= _MAX_LEADS:
            return list(day.papers), []
        least = _MIN_NEWEST_LEADS if day is self.days[0] else _MIN_LEADS
        leading = most_voted(day.listings, max(_MAX_LEADS // len(self.days), least))
        shown = [listing.paper for listing in day.listings if listing in leading]
        return shown, [listing.paper for listing in day.listings if listing not in leading]

    @cached_property
    def days(self) -> list[Day]:
        """The days that have papers, newest first."""
        return [day for day in self.edition.days if day.listings]

    @property
    def enclosing_periods(self) -> list[PeriodKey]:
        """The week, month and year around a day, a week or a month."""
        if not isinstance(self.key, PeriodKey):
            return []
        return [period(scope, self.key.first) for scope in PERIODS[PERIODS.index(self.key.scope) + 1 :]]

    @cached_property
    def month_bars(self) -> list[Bar]:
        """The papers of an author or a topic by month."""
        return draw_months(self.edition.months) if isinstance(self.edition, SearchResults) else []

    @property
    def months(self) -> list[Month]:
        """The calendar of the days that the edition covers, newest month first."""
        return lay_out_months(self.edition.calendar, self.site.first_weekday)

    @property
    def home_months(self) -> list[Month]:
        """The months of the calendar on the home page."""
        return lay_out_months(self.edition.calendar, self.site.first_weekday, _HOME_MONTHS)

    @cached_property
    def years(self) -> list[Period]:
        """The years of the days that the edition covers, newest first."""
        return list(split_by_period(self.edition.calendar, Scope.YEAR))

    def months_of(self, year: Period) -> Iterator[Period]:
        """Return the months of a year, newest first."""
        return split_by_period(year.days, Scope.MONTH)

    @cached_property
    def newest_papers(self) -> list[Paper]:
        """The papers of the newest day that has any, by votes."""
        return [listing.paper for day in self.days[:1] for listing in most_voted(day.listings)]

    @property
    def rankings(self) -> list[Ranking]:
        """The rankings of the newest week and month, in brief."""
        rankings = self.edition.rankings if isinstance(self.edition, SiteEdition) else ()
        return [replace(ranking, results=ranking.results[:_HOME_RANKED]) for ranking in rankings]

    @property
    def newest_periods(self) -> list[PeriodKey]:
        """The newest day, week, month and year."""
        calendar = self.edition.calendar
        return [period(scope, calendar[-1].date) for scope in PERIODS] if calendar else []

    @property
    def newest_rankings(self) -> list[TopKey]:
        """The keys of the rankings of the newest week and month."""
        return [TopKey(key) for key in self.newest_periods if key.scope in RANKED_PERIODS]

    def ranking_of(self, key: Key) -> TopKey | None:
        """Return the key of the ranking of a week or month; None for another edition."""
        return TopKey(key) if isinstance(key, PeriodKey) and key.scope in RANKED_PERIODS else None

    @property
    def led_to(self) -> PeriodKey | None:
        """The newest period that the page leads to; None if the archive has no day."""
        scope = NEWEST_PERIODS.get(self.key) if isinstance(self.key, SiteKey) else None
        return next((key for key in self.newest_periods if key.scope is scope), None)

    @property
    def past_weeks(self) -> list[PeriodKey]:
        """The weeks before the newest one, as many as the page for e-readers lists."""
        weeks = split_by_period(self.edition.calendar, Scope.WEEK)
        return [week.key for week in islice(weeks, 1, 1 + _E_READER_WEEKS)]


def _offers_choice(facets: list[Facet]) -> bool:
    """Return True if a group narrows the results in more than one way, or already does."""
    everything, *others = facets
    if everything.group is FacetGroup.YEAR:
        return len(others) > 1 or not everything.is_active
    return any(0 < facet.count < everything.count or facet.is_active for facet in others)
