"""Exports what search engines read: sitemaps, https://www.sitemaps.org/protocol.html, and robots.txt (RFC 9309).

The sitemap of a year lists the pages of periods that lie in that year, and of its papers. The sitemap of the site lists
all others: a week in two years is in the site's, because the archive may have days of it in one of the years only.
Lists are in no sitemap, because they only link to pages that are.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from lxml import etree

from feeds.errors import ExportError
from feeds.exporters.contract import Kind, RenderContext, Resource
from feeds.model.edition import Edition
from feeds.model.keys import (
    ALL,
    LATEST,
    NEWEST_PERIODS,
    RANKED_PERIODS,
    SEARCH,
    SERIES,
    Key,
    PaperKey,
    PeriodKey,
    Scope,
    SeriesKey,
    SiteKey,
    TopKey,
    period,
)
from feeds.model.paper import DayCount

_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_MAX_URLS = 50_000
_MAX_BYTES = 50 * 1024 * 1024
_SITE = SiteKey("pages")
_INDEX = SiteKey("sitemap")
_LASTING_KEYS: tuple[Key, ...] = (LATEST, ALL, *map(SeriesKey, SERIES))


class _Location(NamedTuple):
    """A URL, and when its newest content was published."""

    url: str
    updated: datetime


class SitemapExporter:
    """The pages of a year; at `pages` those that are of no single year."""

    name = "sitemap"
    suffix = ".sitemap.xml"
    media_type = "application/xml"
    kind = Kind.RESOURCE
    scopes = frozenset({Scope.YEAR, Scope.SITE})
    site_paths = (_SITE.text,)
    settings = frozenset({"base_url", "publish_at", "topics", "formats"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render a sitemap. Raises ExportError if it is larger than search engines accept."""
        list_pages = _list_site_pages if edition.key == _SITE else _list_year_pages
        resource = context.resource(edition.key, self.name)
        yield _serialize("urlset", "url", list(list_pages(edition, context)), resource)


class SitemapIndexExporter:
    """The list of all sitemaps."""

    name = "sitemap-index"
    suffix = ".xml"
    media_type = "application/xml"
    kind = Kind.RESOURCE
    scopes = frozenset({Scope.SITE})
    site_paths = (_INDEX.text,)
    settings = frozenset({"base_url", "publish_at"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the list: the sitemap of the site, then that of every year."""
        newest = {_SITE: edition, **{year.key: _last_day(year) for year in _split(edition, Scope.YEAR)}}
        sitemaps = [
            _Location(context.url(context.resource(key, SitemapExporter.name)), context.site.issued(content))
            for key, content in newest.items()
        ]
        yield _serialize("sitemapindex", "sitemap", sitemaps, context.resource(edition.key, self.name))


class RobotsExporter:
    """The rules for crawlers: they may read everything but searches, of which there is no end."""

    name = "robots"
    suffix = ".txt"
    media_type = "text/plain; charset=utf-8"
    kind = Kind.RESOURCE
    scopes = frozenset({Scope.SITE})
    site_paths = ("robots",)
    settings = frozenset({"base_url", "formats"})
    is_static = True

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002  # is_static
        """Render the rules."""
        search_path = urlsplit(context.page_url(SEARCH)).path
        index_url = context.url(context.resource(_INDEX, SitemapIndexExporter.name))
        lines = ["User-agent: *", f"Disallow: {search_path}", "", f"Sitemap: {index_url}", ""]
        yield "\n".join(lines).encode()


def _list_year_pages(edition: Edition, context: RenderContext) -> Iterator[_Location]:
    for scope in (Scope.YEAR, Scope.MONTH, Scope.WEEK, Scope.DAY):
        for part in _split(edition, scope):
            if _is_in_one_year(part.key):
                yield from _locate(part, context)
    for listing in edition.listings:
        yield _Location(context.page_url(PaperKey(listing.paper.slug)), context.site.published(listing))


def _list_site_pages(edition: Edition, context: RenderContext) -> Iterator[_Location]:
    site = context.site
    pages = [page for page in context.formats.site_resources() if page.format.kind is Kind.PAGE]
    urls = [context.url(page) for page in pages if page.key not in NEWEST_PERIODS]  # these only lead to others
    urls += [context.page_url(key) for key in (*_LASTING_KEYS, *site.topic_keys.values())]
    yield from (_Location(url, site.issued(edition)) for url in urls)
    for part in _split(edition, Scope.WEEK):
        if not _is_in_one_year(part.key):
            yield from _locate(part, context)


def _locate(part: Edition, context: RenderContext) -> Iterator[_Location]:
    """Yield the page of a period, and that of its most voted papers if there is one."""
    assert isinstance(part.key, PeriodKey)  # noqa: S101  # of a part of the calendar
    keys: list[Key] = [part.key, TopKey(part.key)] if part.key.scope in RANKED_PERIODS else [part.key]
    yield from (_Location(context.page_url(key), context.site.issued(part)) for key in keys)


def _split(edition: Edition, scope: Scope) -> Iterator[Edition]:
    """Split the calendar of an edition into periods, oldest first; those at its ends have only the days it covers."""
    calendar: dict[PeriodKey, list[DayCount]] = defaultdict(list)
    for day in edition.calendar:
        calendar[period(scope, day.date)].append(day)
    for key, days in calendar.items():
        yield Edition(key, calendar=tuple(days))


def _last_day(edition: Edition) -> Edition:
    """Return the last day of an edition, whose page may be newer than all new papers: it may have repeats only."""
    return Edition(period(Scope.DAY, edition.calendar[-1].date))


def _is_in_one_year(key: Key) -> bool:
    return isinstance(key, PeriodKey) and key.first.year == key.last.year


def _serialize(root_name: str, entry_name: str, locations: Collection[_Location], resource: Resource) -> bytes:
    root = etree.Element(f"{{{_NAMESPACE}}}{root_name}", nsmap={None: _NAMESPACE})
    for url, updated in locations:
        entry = etree.SubElement(root, f"{{{_NAMESPACE}}}{entry_name}")
        etree.SubElement(entry, f"{{{_NAMESPACE}}}loc").text = url
        etree.SubElement(entry, f"{{{_NAMESPACE}}}lastmod").text = updated.isoformat()
    document = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    if len(locations) > _MAX_URLS or len(document) > _MAX_BYTES:
        size = f"{len(locations):,} URLs in {len(document):,} bytes"
        raise ExportError(f"{resource.path}: {size}; a sitemap may have {_MAX_URLS:,} in {_MAX_BYTES:,}")
    return document
