"""The contract of an exporter, and what it is given to render with; `README.md` beside this file explains it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from feeds.images.store import PictureSet
from feeds.model.edition import Edition, SearchResults
from feeds.model.keys import SERIES, Key, PaperKey, Scope, SearchKey, SiteKey
from feeds.model.query import DEFAULT_LIMIT, DOWNLOAD_LIMIT, TOPIC_BOOK_LIMIT, Order
from feeds.site.i18n import Locale, edition_name, get_locale
from feeds.site.site import Site, ascii_name, download_name, url_path

if TYPE_CHECKING:
    from feeds.exporters.registry import Registry


class Kind(StrEnum):
    """What a person does with a document."""

    FEED = "feed"  # subscribes to it
    BOOK = "book"  # reads it offline
    FILE = "file"  # downloads it for another program
    CATALOG = "catalog"  # finds the other documents in it
    PAGE = "page"  # looks at it
    COVER = "cover"  # recognizes a book by it
    RESOURCE = "resource"  # never sees it: for pages and programs


UNLISTED_KINDS = frozenset({Kind.COVER, Kind.RESOURCE})
"""The kinds that lists of formats leave out."""

PAPER_SCOPES = frozenset(Scope) - {Scope.SITE, Scope.LIST, Scope.TOPICS, *SERIES}
"""The scopes whose editions hold papers."""

FEED_SCOPES = PAPER_SCOPES | frozenset(SERIES)
"""The scopes that can be subscribed to: `PAPER_SCOPES`, and the series, whose members are editions."""

OPEN_SCOPES = frozenset({Scope.LATEST, Scope.SEARCH})
"""The scopes of which every format is offered: what is new, and what a person chose."""

_MAX_EXCERPT = 300  # characters of the summary of a paper
_MAX_TITLES = 3  # in the summary of several papers


@runtime_checkable
class Exporter(Protocol):
    """Turns an edition into the bytes of one document.

    Pure: the same edition and context always give the same bytes. Never reads the clock, the network, the environment
    or Flask. Raises ExportError before the first chunk.

    Optional attributes:
        offered (frozenset[Scope]): those of `scopes` that pages and catalogs link to and that builds contain; by
            default all. Documents of other scopes have a URL in the app and in `feeds export`, and nothing links there.
        paperless (frozenset[Scope]): those of `scopes` whose documents show no paper, only the calendar and numbers:
            their editions come without papers, which then are not loaded.
        site_paths (tuple[str, ...]): the paths, without the suffix, at which it describes the whole site; required for
            Scope.SITE. ("subscriptions",) with the suffix ".opml" is served at /subscriptions.opml.
        settings (frozenset[str]): the fields of `Site`, and "formats" for the list of formats, that its documents
            depend on; by default all. Changing another setting keeps the ETags.
        uses_pictures (bool): whether documents show the stored pictures of papers, from `context.pictures`: books
            contain them, pages link to them in all widths, feeds in the largest.
        is_translated (bool): whether documents are in the language of the reader, not of the site.
        is_static (bool): whether documents of Scope.SITE do not depend on the archive.
    """

    name: str
    """What `feeds export` calls the format, such as `atom`: lower-case letters, digits and hyphens; unique."""

    suffix: str
    """The end of the URL and file name, such as `.atom`; empty for the page at the key itself."""

    media_type: str
    """The media type (RFC 6838) with its parameters."""

    kind: Kind
    """What a person does with the documents."""

    scopes: frozenset[Scope]
    """The scopes whose editions it renders."""

    def render(self, edition: Edition, context: "RenderContext") -> Iterator[bytes]:
        """Render an edition, in chunks of any size."""


@dataclass(frozen=True, slots=True)
class Format:
    """A registered exporter with its attributes, defaults filled in.

    `origin` is the distribution that brought it; `fingerprint` returns a text that changes with its code.
    """

    exporter: Exporter = field(repr=False)
    origin: str
    fingerprint: Callable[[], str] = field(repr=False)
    name: str
    suffix: str
    media_type: str
    kind: Kind
    scopes: frozenset[Scope]
    offered: frozenset[Scope]
    paperless: frozenset[Scope]
    site_paths: tuple[str, ...]
    settings: frozenset[str]
    uses_pictures: bool
    is_translated: bool
    is_static: bool

    @property
    def link_type(self) -> str:
        """The media type as documents name it: without the charset, which is the server's to say."""
        return self.media_type.replace("; charset=utf-8", "")

    @property
    def default_order(self) -> Order:
        """The order of a search whose URL names none: pages show the best matches first, all others the newest."""
        return Order.RELEVANCE if self.kind is Kind.PAGE else Order.NEW

    @property
    def default_limit(self) -> int:
        """The number of results of a search whose URL names no limit: what is downloaded has more than a page."""
        return DOWNLOAD_LIMIT if self.kind in (Kind.BOOK, Kind.FILE, Kind.COVER) else DEFAULT_LIMIT

    def resource(self, key: Key) -> "Resource":
        """Return an edition in this format; a search in the order of the format, with as many results as it takes."""
        if isinstance(key, SearchKey):
            limit = _book_limit(key) if self.kind in (Kind.BOOK, Kind.COVER) else self.default_limit
            query = key.query.with_default_order(self.default_order).with_default_limit(limit)
            key = key if query is key.query else replace(key, query=query)
        return Resource(key, self)


@dataclass(frozen=True, slots=True)
class Resource:
    """One edition in one format, at one URL. `language` is set where the URL names the language of a page."""

    key: Key
    format: Format
    language: str = ""

    @property
    def path(self) -> str:
        """The path under the base URL, without a leading slash; that of a search with its query."""
        return url_path(self.key, self.format.suffix, self.language)

    @property
    def file_name(self) -> str:
        """The name of a download."""
        return download_name(self.key, self.format.suffix)

    @property
    def ascii_file_name(self) -> str:
        """The name of a download for programs that read nothing but ASCII."""
        return ascii_name(self.file_name)


@dataclass(frozen=True, slots=True)
class RenderContext:
    """What an exporter renders with besides the edition.

    `locale` is the site's, for an `is_translated` exporter the reader's. `pictures` are the stored pictures of the
    edition's papers, for a `uses_pictures` exporter. `languages` are those that URLs can name for the same page, if a
    server answers them, and `url_language` is the one that the URL of this page names.
    """

    site: Site
    formats: "Registry"
    locale: Locale
    pictures: PictureSet = field(default_factory=PictureSet)
    languages: tuple[str, ...] = ()
    url_language: str = ""

    @classmethod
    def for_site(cls, site: Site, formats: "Registry") -> "RenderContext":
        """Return a context in the site's language, without pictures."""
        return cls(site, formats, get_locale(site.language))

    def resource(self, key: Key, format_name: str) -> Resource:
        """Return an edition in a format, by the format's name; KeyError if there is none."""
        return self.formats[format_name].resource(key)

    def resources(self, key: Key, kind: Kind | None = None) -> tuple[Resource, ...]:
        """List the formats that an edition is offered in, in the order of the registry."""
        return self.formats.resources(key, kind)

    def book(self, key: Key) -> Resource | None:
        """Return the edition as a book; None if it is offered as none."""
        return next(iter(self.resources(key, Kind.BOOK)), None)

    def url(self, resource: Resource) -> str:
        """Return the absolute URL of a resource."""
        return self.site.url(resource.path)

    def page_url(self, key: Key) -> str:
        """Return the absolute URL of an edition's page; that of the home page if it has none."""
        pages = self.resources(key, Kind.PAGE)
        return self.url(pages[0]) if pages else self.site.url("")

    def name(self, edition: Edition) -> str:
        """Name an edition in words; the site's own edition by the site's title."""
        if isinstance(edition.key, SiteKey):
            return self.site.title
        return self.site.topic_name(edition.key) or edition_name(edition, self.locale)

    def full_name(self, edition: Edition) -> str:
        """Name an edition together with the site."""
        name = self.name(edition)
        return name if isinstance(edition.key, SiteKey) else f"{self.site.title} — {name}"

    def summary(self, edition: Edition) -> str:
        """Summarize the book of an edition in one line: a paper by its text, papers by number, days and best titles."""
        if isinstance(edition.key, PaperKey) and edition.papers:
            paper = edition.papers[0]
            return paper.excerpt(_MAX_EXCERPT) or paper.plain_title
        total, days = _count_in_book(edition), edition.dates
        is_page = isinstance(edition, SearchResults) and total > len(edition.results)
        dates = [self.locale.format_range(days[0], days[-1], "yMMMd")] if days and not is_page else []
        titles = [listing.paper.plain_title for listing in edition.most_voted(_MAX_TITLES)]
        return " · ".join([self.locale.ngettext("{count} paper", "{count} papers", total), *dates, *titles])

    def omission(self, edition: Edition, format_name: str) -> str:
        """Say which results of a search are in a document, and where the next are; empty if it has all of them."""
        if not isinstance(edition, SearchResults) or len(edition.results) in (0, edition.count):
            return ""
        first, last = edition.start, edition.start + len(edition.results) - 1
        extent = self.locale.gettext(
            "Papers {first} to {last} of {total}.", first=first, last=last, total=edition.count
        )
        if not edition.next:
            return extent
        path = self.resource(edition.next, format_name).path  # without the base URL, which few documents depend on
        next_ones = self.locale.gettext("More papers: {path}", path=f"/{path}")
        return f"{extent} {next_ones}"


def _book_limit(key: SearchKey) -> int:
    """Return the number of papers in the book of a search; that of a topic is smaller, for it changes every day."""
    return TOPIC_BOOK_LIMIT if key.topic else DOWNLOAD_LIMIT


def _count_in_book(edition: Edition) -> int:
    """Return the number of papers in the book of an edition: that of a first page of results has more than the page."""
    if not isinstance(edition, SearchResults):
        return edition.total
    if edition.key.query.page > 1:
        return len(edition.results)
    return min(edition.count, edition.key.query.with_default_limit(_book_limit(edition.key)).limit or edition.count)
