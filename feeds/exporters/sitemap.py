"""What search engines read: sitemaps, https://www.sitemaps.org/protocol.html, and robots.txt, RFC 9309.

What lies in one year stands in the sitemap of that year, all else in that of the site: a week that begins in December
and ends in January is of neither year, for neither knows whether the other has a day of it. Shelves, which only list
the same once more, are in none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from lxml import etree

from feeds.archive.archive import DayCount
from feeds.archive.edition import Edition
from feeds.errors import ExportError
from feeds.exporters.contract import Kind, Scope
from feeds.exporters.format import site_keys
from feeds.model.key import SEARCH, Key, fixed, paper_key, period
from feeds.model.paper import Paper
from feeds.site.site import Publication, Site

_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_MOST = 50_000  # addresses
_LARGEST = 50 * 1024 * 1024  # bytes
_SITE = Key(Scope.SITE, "pages")
_INDEX = Key(Scope.SITE, "sitemap")
_LASTING = (Scope.LATEST, Scope.ALL, Scope.DAILY, Scope.WEEKLY, Scope.MONTHLY)


class _Listed(NamedTuple):
    """An address, and when there was last something new at it."""

    address: str
    updated: datetime


class SitemapExporter:
    """The pages of a year; at `pages` those of no year."""

    name = "sitemap"
    suffix = ".sitemap.xml"
    media_type = "application/xml"
    kind = Kind.RESOURCE
    scopes = frozenset({Scope.YEAR, Scope.SITE})
    site_keys = (_SITE.text,)

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a sitemap; one that no search engine would take is an ExportError."""
        pages = _pages_of_site(edition, site) if edition.key.scope is Scope.SITE else _pages_of_year(edition, site)
        yield _written("urlset", "url", list(pages), Publication(edition.key, self))


class SitemapIndexExporter:
    """The list of the sitemaps."""

    name = "sitemap-index"
    suffix = ".xml"
    media_type = "application/xml"
    kind = Kind.RESOURCE
    scopes = frozenset({Scope.SITE})
    site_keys = (_INDEX.text,)

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render the list: the sitemap of the site, then that of each year."""
        parts = [replace(edition, key=_SITE), *_cut(replace(edition, papers=()), Scope.YEAR)]  # it holds but a week's
        sitemaps = [_Listed(site.url(Publication(part.key, SitemapExporter())), site.updated(part)) for part in parts]
        yield _written("sitemapindex", "sitemap", sitemaps, Publication(edition.key, self))


class RobotsExporter:
    """What crawlers are asked to leave: searches, which have no end."""

    name = "robots"
    suffix = ".txt"
    media_type = "text/plain; charset=utf-8"
    kind = Kind.RESOURCE
    scopes = frozenset({Scope.SITE})
    site_keys = ("robots",)
    is_static = True

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:  # noqa: ARG002  # whatever it holds
        """Write the rules."""
        local = replace(site, base_url=urlsplit(site.base_url).path)
        rules = ["User-agent: *", f"Disallow: {local.page(SEARCH)}", ""]
        rules += [f"Sitemap: {site.url(Publication(_INDEX, SitemapIndexExporter()))}", ""]
        yield "\n".join(rules).encode()


def _pages_of_year(edition: Edition, site: Site) -> Iterator[_Listed]:
    for scope in (Scope.YEAR, Scope.MONTH, Scope.WEEK, Scope.DAY):
        for part in _cut(edition, scope):
            if _is_of_one_year(part.key):
                yield _Listed(site.page(part.key), site.updated(part))
    for paper in edition.papers:
        yield _Listed(site.page(paper_key(paper.slug)), site.published(paper))


def _pages_of_site(edition: Edition, site: Site) -> Iterator[_Listed]:
    pages = [each for each in site.formats if each.kind is Kind.PAGE]
    own = [site.url(Publication(Key(Scope.SITE, text), each)) for each in pages for text in site_keys(each)]
    lasting = [site.page(key) for key in (*map(fixed, _LASTING), *(topic.key for topic in site.topics))]
    yield from (_Listed(address, site.updated(edition)) for address in (*own, *lasting))
    for part in _cut(replace(edition, papers=()), Scope.WEEK):
        if not _is_of_one_year(part.key):
            yield _Listed(site.page(part.key), site.updated(part))


def _cut(edition: Edition, scope: Scope) -> Iterator[Edition]:
    """Cut an edition into periods of a kind, as far as they lie in it."""
    days: dict[Key, list[DayCount]] = defaultdict(list)
    for day in edition.days:
        days[period(scope, day.date)].append(day)
    papers: dict[Key, list[Paper]] = defaultdict(list)
    for paper in edition.papers:
        papers[period(scope, paper.day)].append(paper)
    for key, found in days.items():
        yield Edition(key, tuple(papers[key]), tuple(found))


def _is_of_one_year(key: Key) -> bool:
    return bool(key.since and key.until and key.since.year == key.until.year)


def _written(root_name: str, name: str, listed: Iterable[_Listed], publication: Publication) -> bytes:
    root = etree.Element(f"{{{_NAMESPACE}}}{root_name}", nsmap={None: _NAMESPACE})
    for address, updated in listed:
        entry = etree.SubElement(root, f"{{{_NAMESPACE}}}{name}")
        etree.SubElement(entry, f"{{{_NAMESPACE}}}loc").text = address
        etree.SubElement(entry, f"{{{_NAMESPACE}}}lastmod").text = updated.isoformat()
    document = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    if len(root) > _MOST or len(document) > _LARGEST:
        size = f"{len(root):,} addresses in {len(document):,} bytes"
        raise ExportError(f"{publication.path}: {size}; a sitemap may hold {_MOST:,} in {_LARGEST:,}")
    return document
