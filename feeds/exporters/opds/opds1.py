"""OPDS 1.2: catalogues of books in Atom, https://specs.opds.io/opds-1.2.

Prefixes and default namespace are those that KOReader looks for, and every address is absolute for Moon+ and Marvin.
"""

from collections.abc import Iterator
from datetime import datetime

from lxml import etree

from feeds.archive.edition import Edition
from feeds.exporters import listing
from feeds.exporters.contract import Kind, Scope
from feeds.exporters.listing import Book, Step
from feeds.exporters.opensearch import DESCRIPTION
from feeds.model.facet import Facet
from feeds.model.key import Key
from feeds.site.i18n import facet_name, group_name
from feeds.site.site import Publication, Site

_ATOM = "http://www.w3.org/2005/Atom"
_OPDS = "http://opds-spec.org/2010/catalog"
_THREADING = "http://purl.org/syndication/thread/1.0"
_DUBLIN_CORE = "http://purl.org/dc/terms/"
_OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
_NAMES = {None: _ATOM, "opds": _OPDS, "thr": _THREADING, "dcterms": _DUBLIN_CORE, "opensearch": _OPENSEARCH}
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ROOT = Key(Scope.SITE, "opds")
_TOPICS = Key(Scope.SITE, "topics.opds")


class OpdsRootExporter:
    """Feeds that lead on: the root of the catalogue and its topics."""

    name = "opds-root"
    suffix = ""
    media_type = "application/atom+xml;profile=opds-catalog;kind=navigation"
    kind = Kind.CATALOG
    scopes = frozenset({Scope.SITE})
    site_keys = (_ROOT.text, _TOPICS.text)
    family = "opds-root"

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a navigation feed."""
        is_root = edition.key == _ROOT
        publication = Publication(edition.key, self)
        feed = _feed(publication, site.title if is_root else site.words.gettext("Topics"), site.updated(edition), site)
        if not is_root:
            _link(feed, "up", Publication(_ROOT, self), site)
        for step in listing.root_steps(_TOPICS, site) if is_root else listing.topic_steps(site):
            _add_step(feed, step, site.updated(edition), site)
        yield _written(feed)


class OpdsExporter:
    """Feeds of books: a page of a shelf, or what a search found."""

    name = "opds"
    suffix = ".opds"
    media_type = "application/atom+xml;profile=opds-catalog;kind=acquisition"
    kind = Kind.CATALOG
    scopes = frozenset({Scope.SHELF, Scope.SEARCH})
    family = "opds"

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render an acquisition feed."""
        publication = Publication(edition.key, self)
        feed = _feed(publication, f"{site.title} — {site.name(edition)}", site.updated(edition), site)
        _link(feed, "up", Publication(_ROOT, OpdsRootExporter()), site)
        for relation, neighbour in (("previous", edition.previous), ("next", edition.next)):
            if neighbour:
                _link(feed, relation, Publication(neighbour, self), site)
        for facet in edition.facets:
            _add_facet(feed, facet, Publication(facet.key, self), site)
        _text(feed, f"{{{_OPENSEARCH}}}totalResults", str(edition.total))
        _text(feed, f"{{{_OPENSEARCH}}}startIndex", str(edition.start))
        for book in listing.books(edition, site):
            _add_book(feed, book, site)
        yield _written(feed)


def _feed(publication: Publication, title: str, updated: datetime, site: Site) -> "etree._Element":
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap=_NAMES)
    feed.set(_XML_LANG, site.language)
    _text(feed, "id", site.catalog_id(publication))
    _text(feed, "title", title)
    _text(feed, "updated", _time(updated))
    _text(_child(feed, "author"), "name", site.author)
    _link(feed, "self", publication, site)
    _link(feed, "start", Publication(_ROOT, OpdsRootExporter()), site)
    _link(feed, "search", DESCRIPTION, site)
    for other in site.family(publication)[1:]:
        _link(feed, "alternate", other, site)
    return feed


def _add_step(feed: "etree._Element", step: Step, updated: datetime, site: Site) -> None:
    target = Publication(step.key, OpdsRootExporter() if step.key.scope is Scope.SITE else OpdsExporter())
    entry = _child(feed, "entry")
    _text(entry, "id", site.catalog_id(target))
    _text(entry, "title", step.name)
    _text(entry, "updated", _time(updated))
    _text(entry, "content", step.name, type="text")
    _link(entry, step.relation, target, site)


def _add_book(feed: "etree._Element", book: Book, site: Site) -> None:
    entry = _child(feed, "entry")
    _text(entry, "id", book.id)
    _text(entry, "title", book.title)
    _text(entry, "updated", _time(book.updated))
    _text(entry, "published", _time(book.updated))
    _text(_child(entry, "author"), "name", book.author)  # KOReader keeps the last of several
    _text(entry, f"{{{_DUBLIN_CORE}}}language", site.language)
    _text(entry, f"{{{_DUBLIN_CORE}}}publisher", site.title)
    _text(entry, f"{{{_DUBLIN_CORE}}}issued", book.updated.date().isoformat())
    _text(entry, "summary", book.summary, type="text")
    acquisition = _link(entry, listing.ACQUISITION, book.file, site)
    if book.length is not None:
        acquisition.set("length", str(book.length))
    _link(entry, listing.IMAGE, book.cover, site)
    _link(entry, listing.THUMBNAIL, book.thumbnail, site)
    _child(entry, "link", rel="alternate", type="text/html", href=book.page)


def _add_facet(feed: "etree._Element", facet: Facet, publication: Publication, site: Site) -> None:
    link = _link(feed, listing.FACET, publication, site)
    link.set("title", facet_name(facet, site.words))
    link.set(f"{{{_OPDS}}}facetGroup", group_name(facet.group, site.words))
    link.set(f"{{{_THREADING}}}count", str(facet.count))
    if facet.is_active:
        link.set(f"{{{_OPDS}}}activeFacet", "true")


def _link(parent: "etree._Element", relation: str, publication: Publication, site: Site) -> "etree._Element":
    return _child(parent, "link", rel=relation, type=publication.media_type, href=site.url(publication))


def _child(parent: "etree._Element", name: str, **attributes: str) -> "etree._Element":
    return etree.SubElement(parent, name if name.startswith("{") else f"{{{_ATOM}}}{name}", attributes)


def _text(parent: "etree._Element", name: str, text: str, **attributes: str) -> None:
    _child(parent, name, **attributes).text = text


def _time(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _written(feed: "etree._Element") -> bytes:
    return etree.tostring(feed, encoding="UTF-8", xml_declaration=True, pretty_print=True)
