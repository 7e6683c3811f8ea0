"""Exports OPDS 1.2 catalogs, which are Atom feeds: https://specs.opds.io/opds-1.2.

The namespace prefixes are those that KOReader looks for, and all URLs are absolute, for Moon+ Reader and Marvin.
"""

from collections.abc import Iterator
from datetime import datetime

from lxml import etree

from feeds.exporters.contract import Kind, RenderContext, Resource
from feeds.exporters.opds import catalog
from feeds.exporters.opds.catalog import OPDS1, Book, NavigationLink
from feeds.exporters.opensearch import search_description
from feeds.model.edition import Collection, Edition, Facet, SearchResults
from feeds.model.keys import Scope
from feeds.site.i18n import facet_group_name, facet_name

_ATOM = "http://www.w3.org/2005/Atom"
_OPDS = "http://opds-spec.org/2010/catalog"
_THREADING = "http://purl.org/syndication/thread/1.0"
_DUBLIN_CORE = "http://purl.org/dc/terms/"
_OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
_NAMESPACES = {None: _ATOM, "opds": _OPDS, "thr": _THREADING, "dcterms": _DUBLIN_CORE, "opensearch": _OPENSEARCH}
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class OpdsRootExporter:
    """Navigation feeds: the root of the catalog, and its topics."""

    name = OPDS1.navigation_format
    suffix = ""
    media_type = "application/atom+xml;profile=opds-catalog;kind=navigation"
    kind = Kind.CATALOG
    scopes = frozenset({Scope.SITE})
    site_paths = (OPDS1.root.text, OPDS1.topics.text)
    settings = catalog.SETTINGS

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the root or the list of topics, as the edition's key says."""
        feed = _create_feed(edition, context)
        for link in catalog.navigation_links(edition.key, OPDS1, context):
            _add_navigation_entry(feed, link, context.site.updated(edition), context)
        yield _serialize(feed)


class OpdsExporter:
    """Acquisition feeds: the books of one page of a list or of search results."""

    name = OPDS1.acquisition_format
    suffix = ".opds"
    media_type = "application/atom+xml;profile=opds-catalog;kind=acquisition"
    kind = Kind.CATALOG
    scopes = frozenset({Scope.LIST, Scope.SEARCH, Scope.TOPIC})
    settings = catalog.SETTINGS

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the feed in one chunk."""
        assert isinstance(edition, SearchResults | Collection)  # noqa: S101  # by the scopes
        feed = _create_feed(edition, context)
        for facet in edition.facets:
            _add_facet(feed, facet, context)
        _add_text(feed, f"{{{_OPENSEARCH}}}totalResults", str(edition.total))
        _add_text(feed, f"{{{_OPENSEARCH}}}startIndex", str(edition.start))
        for book in catalog.list_books(edition, context):
            _add_book(feed, book, context)
        yield _serialize(feed)


def _create_feed(edition: Edition, context: RenderContext) -> "etree._Element":
    """Create a feed with its metadata and links, but without facets and entries."""
    site = context.site
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap=_NAMESPACES)
    feed.set(_XML_LANG, site.language)
    _add_text(feed, "id", site.document_id(OPDS1.feed(edition.key, context).path))
    _add_text(feed, "title", catalog.feed_title(edition, OPDS1, context))
    _add_text(feed, "updated", _format_time(site.updated(edition)))
    _add_text(_add(feed, "author"), "name", site.author)
    for relation, resource in catalog.feed_links(edition, OPDS1, search_description(context), context):
        _add_link(feed, relation, resource, context)
    return feed


def _add_navigation_entry(
    feed: "etree._Element", link: NavigationLink, updated: datetime, context: RenderContext
) -> None:
    entry = _add(feed, "entry")
    _add_text(entry, "id", context.site.document_id(link.resource.path))
    _add_text(entry, "title", link.title)
    _add_text(entry, "updated", _format_time(updated))
    _add_text(entry, "content", link.title, type="text")
    _add_link(entry, link.relation, link.resource, context)


def _add_book(feed: "etree._Element", book: Book, context: RenderContext) -> None:
    site = context.site
    entry = _add(feed, "entry")
    _add_text(entry, "id", book.id)
    _add_text(entry, "title", book.title)
    _add_text(entry, "updated", _format_time(book.updated))
    _add_text(entry, "published", _format_time(book.issued))
    _add_text(_add(entry, "author"), "name", book.byline)  # of several authors KOReader shows the last
    _add_text(entry, f"{{{_DUBLIN_CORE}}}language", site.language)
    _add_text(entry, f"{{{_DUBLIN_CORE}}}publisher", site.title)
    _add_text(entry, f"{{{_DUBLIN_CORE}}}issued", book.issued.date().isoformat())
    for subject in book.subjects:
        _add(entry, "category", term=subject, label=subject)
    _add_text(entry, "summary", book.summary, type="text")
    _add_link(entry, catalog.ACQUISITION, book.resource, context)
    for relation, image in zip((catalog.IMAGE, catalog.THUMBNAIL), book.images, strict=False):
        _add(entry, "link", rel=relation, type=image.media_type, href=image.url)
    _add(entry, "link", rel="alternate", type="text/html", href=book.page_url)


def _add_facet(feed: "etree._Element", facet: Facet, context: RenderContext) -> None:
    link = _add_link(feed, catalog.FACET, OPDS1.feed(facet.key, context), context)
    link.set("title", facet_name(facet, context.locale))
    link.set(f"{{{_OPDS}}}facetGroup", facet_group_name(facet.group, context.locale))
    link.set(f"{{{_THREADING}}}count", str(facet.count))
    if facet.is_active:
        link.set(f"{{{_OPDS}}}activeFacet", "true")


def _add_link(parent: "etree._Element", relation: str, resource: Resource, context: RenderContext) -> "etree._Element":
    return _add(parent, "link", rel=relation, type=resource.format.link_type, href=context.url(resource))


def _add_text(parent: "etree._Element", name: str, text: str, **attributes: str) -> None:
    _add(parent, name, **attributes).text = text


def _add(parent: "etree._Element", name: str, **attributes: str) -> "etree._Element":
    """Add an element; a name without a namespace is one of Atom's."""
    return etree.SubElement(parent, name if name.startswith("{") else f"{{{_ATOM}}}{name}", attributes)


def _format_time(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _serialize(feed: "etree._Element") -> bytes:
    return etree.tostring(feed, encoding="UTF-8", xml_declaration=True, pretty_print=True)
