"""Collects what a catalog contains in either version of OPDS: links to other feeds, and books to download."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from feeds.exporters.contract import Kind, RenderContext, Resource
from feeds.exporters.epub.cover import CoverExporter, Size, ThumbnailExporter
from feeds.model.edition import Collection, Edition, SearchResults, paper_edition
from feeds.model.keys import LISTS, NEWEST, Key, ListKey, PaperKey, Scope, SearchKey, SiteKey
from feeds.model.query import DEFAULT_LIMIT, Order, Query
from feeds.site.i18n import key_name
from feeds.text.urls import guess_media_type

SETTINGS = frozenset({"author", "base_url", "id", "language", "publish_at", "title", "topics", "formats"})
"""The settings that every catalog depends on."""

ACQUISITION = "http://opds-spec.org/acquisition/open-access"
IMAGE = "http://opds-spec.org/image"
THUMBNAIL = "http://opds-spec.org/image/thumbnail"
FACET = "http://opds-spec.org/facet"
_NEW = "http://opds-spec.org/sort/new"
_POPULAR = "http://opds-spec.org/sort/popular"
_SUBSECTION = "subsection"

_MAX_AUTHORS = 5  # in a byline
_IMAGE_TYPES = ("image/gif", "image/jpeg", "image/png")  # OPDS 1.2 allows no others


@dataclass(frozen=True, slots=True)
class Version:
    """A version of OPDS: the names of its two formats, and the keys of its navigation feeds."""

    navigation_format: str
    acquisition_format: str
    root: SiteKey
    topics: SiteKey

    def feed(self, key: Key, context: RenderContext) -> Resource:
        """Return the feed with a key: a navigation feed for the root and the topics, else an acquisition feed."""
        name = self.navigation_format if isinstance(key, SiteKey) else self.acquisition_format
        return context.resource(key, name)

    def alternate(self, key: Key, context: RenderContext) -> Resource:
        """Return the feed of the other version that corresponds to the one with a key."""
        other = OPDS2 if self == OPDS1 else OPDS1
        site_keys: dict[Key, SiteKey] = {self.root: other.root, self.topics: other.topics}
        return other.feed(site_keys.get(key, key), context)


OPDS1 = Version("opds-root", "opds", SiteKey("opds"), SiteKey("topics.opds"))
OPDS2 = Version("opds2-root", "opds2", SiteKey("opds2"), SiteKey("topics.opds2"))


class FeedLink(NamedTuple):
    """A link of a feed: its relation and its target."""

    relation: str
    resource: Resource


class NavigationLink(NamedTuple):
    """An entry of a navigation feed: a link with a title."""

    title: str
    relation: str
    resource: Resource


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of a book, with its size if that is known."""

    url: str
    media_type: str
    size: Size | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """A book to download.

    `authors` are all of its authors; `byline` names the first of them in one line, for readers that show one author.
    `subjects` are the tags of a paper. `images` are its cover and its thumbnail; there is none of a paper without a
    picture.
    """

    id: str
    title: str
    issued: datetime
    updated: datetime
    summary: str
    authors: tuple[str, ...]
    byline: str
    subjects: tuple[str, ...]
    resource: Resource
    images: tuple[Image, ...]
    page_url: str


def feed_title(edition: Edition, version: Version, context: RenderContext) -> str:
    """Return the title of a feed."""
    return context.locale.gettext("Topics") if edition.key == version.topics else context.full_name(edition)


def feed_links(edition: Edition, version: Version, search: Resource, context: RenderContext) -> Iterator[FeedLink]:
    """List the links of a feed, facets excepted; `search` is the target of the link to the search."""
    root = version.feed(version.root, context)
    yield FeedLink("self", version.feed(edition.key, context))
    yield FeedLink("start", root)
    yield FeedLink("search", search)
    yield FeedLink("alternate", version.alternate(edition.key, context))
    if edition.key != version.root:
        yield FeedLink("up", root)
    for relation, neighbour in (("previous", edition.previous), ("next", edition.next)):
        if neighbour:
            yield FeedLink(relation, version.feed(neighbour, context))


def navigation_links(key: Key, version: Version, context: RenderContext) -> Iterator[NavigationLink]:
    """List the entries of a navigation feed, which is the root or the list of topics."""
    topics, locale = context.site.topics, context.locale
    if key == version.topics:
        for topic in topics:
            yield NavigationLink(topic.name, _SUBSECTION, version.feed(topic.key, context))
        return
    for name in (NEWEST, *LISTS):
        books = ListKey(name)
        relation = _NEW if name == NEWEST else _SUBSECTION
        yield NavigationLink(key_name(books, locale), relation, version.feed(books, context))
    most_voted = SearchKey(Query(order=Order.VOTES, limit=DEFAULT_LIMIT))
    yield NavigationLink(locale.gettext("Most voted"), _POPULAR, version.feed(most_voted, context))
    if topics:
        yield NavigationLink(locale.gettext("Topics"), _SUBSECTION, version.feed(version.topics, context))


def list_books(edition: SearchResults | Collection, context: RenderContext) -> Iterator[Book]:
    """List the books of an acquisition feed; an edition without papers has no book.

    A search, which only the app answers, lists the books of single papers too; a topic, which is also a file, does not.
    """
    books = context.formats.answers if edition.key.scope is Scope.SEARCH else context.formats.resources
    for member in edition.editions if isinstance(edition, Collection) else _search_editions(edition):
        for book in books(member.key, Kind.BOOK)[:1] if member.total else ():
            yield _build_book(member, book, context)


def _search_editions(results: SearchResults) -> Iterator[Edition]:
    """List the editions that a search offers: on its first page the page as a whole, then each paper."""
    if results.key.query.page == 1:
        yield results
    yield from map(paper_edition, results.results)


def _build_book(edition: Edition, resource: Resource, context: RenderContext) -> Book:
    site = context.site
    paper = edition.papers[0] if isinstance(edition.key, PaperKey) else None
    authors = paper.authors if paper else ()
    byline = ", ".join(authors[:_MAX_AUTHORS])
    if len(authors) > _MAX_AUTHORS:
        byline = context.locale.gettext("{names} and others", names=byline)
    return Book(
        id=site.edition_id(edition.key),
        title=context.name(edition),
        issued=site.issued(edition),
        updated=site.updated(edition),
        summary=context.summary(edition),
        authors=authors or (site.author,),
        byline=byline or site.author,
        subjects=paper.tags if paper else (),
        resource=resource,
        images=_list_images(edition, context),
        page_url=context.page_url(edition.key),
    )


def _list_images(edition: Edition, context: RenderContext) -> tuple[Image, ...]:
    """Return the cover and the thumbnail of a book, the thumbnail for both where no cover is offered.

    Of a paper both are its own picture.
    """
    if isinstance(edition.key, PaperKey):
        url = edition.papers[0].image
        image = Image(url, guess_media_type(url, "image/png")) if url else None
        return (image, image) if image and image.media_type in _IMAGE_TYPES else ()
    sizes = {CoverExporter.name: CoverExporter.size, ThumbnailExporter.name: ThumbnailExporter.size}
    images = [
        Image(context.url(image), image.format.link_type, sizes[image.format.name])
        for image in context.resources(edition.key, Kind.COVER)
        if image.format.name in sizes
    ]
    return tuple(images if len(images) > 1 else images * 2)
