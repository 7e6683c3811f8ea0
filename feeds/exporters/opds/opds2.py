"""OPDS 2.0: catalogues of books in JSON, https://drafts.opds.io/opds-2.0."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from feeds.archive.edition import Edition
from feeds.exporters import cover, listing
from feeds.exporters.contract import Kind, Scope
from feeds.exporters.listing import Book, Step
from feeds.model.facet import Facet, Group
from feeds.model.key import SEARCH, Key
from feeds.site.i18n import facet_name, group_name
from feeds.site.site import Publication, Site

_ROOT = Key(Scope.SITE, "opds2")
_TOPICS = Key(Scope.SITE, "topics.opds2")


class Opds2RootExporter:
    """Feeds that lead on: the root of the catalogue and its topics."""

    name = "opds2-root"
    suffix = ""
    media_type = "application/opds+json"
    kind = Kind.CATALOG
    scopes = frozenset({Scope.SITE})
    site_keys = (_ROOT.text, _TOPICS.text)
    family = "opds-root"

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a navigation feed."""
        is_root = edition.key == _ROOT
        publication = Publication(edition.key, self)
        feed = _feed(publication, edition, site.title if is_root else site.words.gettext("Topics"), site)
        if not is_root:
            feed["links"].append(_link("up", Publication(_ROOT, self), site))
        steps = listing.root_steps(_TOPICS, site) if is_root else listing.topic_steps(site)
        feed["navigation"] = [_step(step, site) for step in steps]
        yield _written(feed)


class Opds2Exporter:
    """Feeds of books: a page of a shelf, or what a search found."""

    name = "opds2"
    suffix = ".opds2"
    media_type = "application/opds+json"
    kind = Kind.CATALOG
    scopes = frozenset({Scope.SHELF, Scope.SEARCH})
    family = "opds"

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a feed of publications."""
        publication = Publication(edition.key, self)
        feed = _feed(publication, edition, f"{site.title} — {site.name(edition)}", site)
        feed["metadata"]["numberOfItems"] = edition.total
        feed["links"].append(_link("up", Publication(_ROOT, Opds2RootExporter()), site))
        for relation, neighbour in (("previous", edition.previous), ("next", edition.next)):
            if neighbour:
                feed["links"].append(_link(relation, Publication(neighbour, self), site))
        if edition.facets:
            groups = groupby(edition.facets, key=lambda facet: facet.group)
            feed["facets"] = [_facets(group, facets, site) for group, facets in groups]
        feed["publications"] = [_publication(book, site) for book in listing.books(edition, site)]
        yield _written(feed)


def _facets(group: Group, facets: Iterable[Facet], site: Site) -> dict[str, Any]:
    links = []
    for facet in facets:
        link = _target(Publication(facet.key, Opds2Exporter()), site)
        link |= {"title": facet_name(facet, site.words), "properties": {"numberOfItems": facet.count}}
        links.append(link | ({"rel": "self"} if facet.is_active else {}))
    return {"metadata": {"title": group_name(group, site.words)}, "links": links}


def _feed(publication: Publication, edition: Edition, title: str, site: Site) -> dict[str, Any]:
    search = site.url(Publication(SEARCH, Opds2Exporter()))
    links = [
        _link("self", publication, site),
        _link("start", Publication(_ROOT, Opds2RootExporter()), site),
        {"rel": "search", "href": f"{search}{{?query}}", "type": Opds2Exporter.media_type, "templated": True},
        *(_link("alternate", other, site) for other in site.family(publication)[1:]),
    ]
    identifier = site.catalog_id(publication)
    metadata = {"title": title, "identifier": identifier, "modified": site.updated(edition).isoformat()}
    return {"metadata": metadata, "links": links}


def _step(step: Step, site: Site) -> dict[str, Any]:
    target = Publication(step.key, Opds2RootExporter() if step.key.scope is Scope.SITE else Opds2Exporter())
    return _link(step.relation, target, site) | {"title": step.name}


def _publication(book: Book, site: Site) -> dict[str, Any]:
    """Describe a book as a Readium manifest does, https://readium.org/webpub-manifest."""
    acquisition = _link(listing.ACQUISITION, book.file, site)
    if book.length is not None:
        acquisition["size"] = book.length
    return {
        "metadata": {
            "@type": "http://schema.org/Book",
            "identifier": book.id,
            "title": book.title,
            "author": [{"name": name} for name in book.authors],
            "publisher": site.title,
            "language": site.language,
            "published": book.updated.isoformat(),
            "modified": book.updated.isoformat(),
            "description": book.summary,
        },
        "links": [acquisition, {"rel": "alternate", "href": book.page, "type": "text/html"}],
        "images": [
            _target(book.cover, site) | cover.CoverExporter.size._asdict(),
            _target(book.thumbnail, site) | cover.ThumbnailExporter.size._asdict(),
        ],
    }


def _link(relation: str, publication: Publication, site: Site) -> dict[str, Any]:
    return {"rel": relation, **_target(publication, site)}


def _target(publication: Publication, site: Site) -> dict[str, Any]:
    return {"href": site.url(publication), "type": publication.media_type}


def _written(feed: dict[str, Any]) -> bytes:
    return json.dumps(feed, ensure_ascii=False, indent=1).encode() + b"\n"
