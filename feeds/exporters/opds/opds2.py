"""Exports OPDS 2.0 catalogs, which are JSON: https://drafts.opds.io/opds-2.0."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from feeds.exporters.contract import Kind, RenderContext, Resource
from feeds.exporters.opds import catalog
from feeds.exporters.opds.catalog import OPDS2, Book, Image
from feeds.model.edition import Collection, Edition, Facet, FacetGroup, SearchResults
from feeds.model.keys import SEARCH, Scope
from feeds.site.i18n import facet_group_name, facet_name


class Opds2RootExporter:
    """Navigation feeds: the root of the catalog, and its topics."""

    name = OPDS2.navigation_format
    suffix = ""
    media_type = "application/opds+json"
    kind = Kind.CATALOG
    scopes = frozenset({Scope.SITE})
    site_paths = (OPDS2.root.text, OPDS2.topics.text)
    settings = catalog.SETTINGS

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the root or the list of topics, as the edition's key says."""
        feed = _build_feed(edition, context)
        feed["navigation"] = [
            _link(relation, resource, context) | {"title": title}
            for title, relation, resource in catalog.navigation_links(edition.key, OPDS2, context)
        ]
        yield _serialize(feed)


class Opds2Exporter:
    """Feeds of publications: the books of one page of a list or of search results."""

    name = OPDS2.acquisition_format
    suffix = ".opds2"
    media_type = "application/opds+json"
    kind = Kind.CATALOG
    scopes = frozenset({Scope.LIST, Scope.SEARCH, Scope.TOPIC})
    settings = catalog.SETTINGS

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the feed in one chunk."""
        assert isinstance(edition, SearchResults | Collection)  # noqa: S101  # by the scopes
        feed = _build_feed(edition, context)
        feed["metadata"]["numberOfItems"] = edition.total
        if edition.facets:
            groups = groupby(edition.facets, key=lambda facet: facet.group)
            feed["facets"] = [_build_facet_group(group, facets, context) for group, facets in groups]
        feed["publications"] = [_build_publication(book, context) for book in catalog.list_books(edition, context)]
        yield _serialize(feed)


def _build_feed(edition: Edition, context: RenderContext) -> dict[str, Any]:
    """Build a feed with its metadata and links."""
    site = context.site
    metadata = {
        "title": catalog.feed_title(edition, OPDS2, context),
        "identifier": site.document_id(OPDS2.feed(edition.key, context).path),
        "modified": site.updated(edition).isoformat(),
    }
    links = catalog.feed_links(edition, OPDS2, OPDS2.feed(SEARCH, context), context)
    return {"metadata": metadata, "links": [_feed_link(relation, resource, context) for relation, resource in links]}


def _feed_link(relation: str, resource: Resource, context: RenderContext) -> dict[str, Any]:
    link = _link(relation, resource, context)
    if relation == "search":  # a URI template (RFC 6570)
        link |= {"href": f"{link['href']}{{?query}}", "templated": True}
    return link


def _build_facet_group(group: FacetGroup, facets: Iterable[Facet], context: RenderContext) -> dict[str, Any]:
    links = []
    for facet in facets:
        link = _target(OPDS2.feed(facet.key, context), context)
        link |= {"title": facet_name(facet, context.locale), "properties": {"numberOfItems": facet.count}}
        links.append(link | ({"rel": "self"} if facet.is_active else {}))
    return {"metadata": {"title": facet_group_name(group, context.locale)}, "links": links}


def _build_publication(book: Book, context: RenderContext) -> dict[str, Any]:
    """Describe a book like a Readium manifest, https://readium.org/webpub-manifest."""
    publication: dict[str, Any] = {
        "metadata": {
            "@type": "http://schema.org/Book",
            "identifier": book.id,
            "title": book.title,
            "author": [{"name": name} for name in book.authors],
            "publisher": context.site.title,
            "language": context.site.language,
            "published": book.issued.isoformat(),
            "modified": book.updated.isoformat(),
            "description": book.summary,
        },
        "links": [
            _link(catalog.ACQUISITION, book.resource, context),
            {"rel": "alternate", "href": book.page_url, "type": "text/html"},
        ],
    }
    if book.subjects:
        publication["metadata"]["subject"] = list(book.subjects)
    if book.images:
        publication["images"] = list(map(_build_image, dict.fromkeys(book.images)))
    return publication


def _build_image(image: Image) -> dict[str, Any]:
    return {"href": image.url, "type": image.media_type} | (image.size._asdict() if image.size else {})


def _link(relation: str, resource: Resource, context: RenderContext) -> dict[str, Any]:
    return {"rel": relation, **_target(resource, context)}


def _target(resource: Resource, context: RenderContext) -> dict[str, Any]:
    return {"href": context.url(resource), "type": resource.format.link_type}


def _serialize(feed: dict[str, Any]) -> bytes:
    return json.dumps(feed, ensure_ascii=False, indent=1).encode() + b"\n"
