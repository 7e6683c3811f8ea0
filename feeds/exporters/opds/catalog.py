"""What a catalogue of books says, whatever its format: where to go on, or books to fetch."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from feeds.archive.edition import Edition
from feeds.exporters.cover import CoverExporter, ThumbnailExporter
from feeds.model.key import NEWEST, SEARCH, SHELVES, Key, Scope, shelf
from feeds.model.query import DEFAULT_LIMIT, Order, Query
from feeds.site.i18n import name
from feeds.site.site import Publication, Site
from feeds.text import markdown
from feeds.text.titles import title_text

NEW = "http://opds-spec.org/sort/new"
POPULAR = "http://opds-spec.org/sort/popular"
ACQUISITION = "http://opds-spec.org/acquisition/open-access"
IMAGE = "http://opds-spec.org/image"
THUMBNAIL = "http://opds-spec.org/image/thumbnail"
FACET = "http://opds-spec.org/facet"
_NAMED_TITLES = 3
_NAMED_AUTHORS = 5


class Step(NamedTuple):
    """Where a catalogue leads: the key of a shelf or a search, or the topics of the site, and how it is related."""

    name: str
    key: Key
    relation: str = "subsection"


@dataclass(frozen=True, slots=True)
class Book:
    """A book to fetch; `length` is in bytes. `author` names the first of `authors`, for readers that show one."""

    id: str
    title: str
    updated: datetime
    summary: str
    authors: tuple[str, ...]
    author: str
    file: Publication
    length: int | None
    page: str

    @property
    def cover(self) -> Publication:
        """The picture by which it is known."""
        return Publication(self.file.key, CoverExporter())

    @property
    def thumbnail(self) -> Publication:
        """The same, small."""
        return Publication(self.file.key, ThumbnailExporter())


def root_steps(topics: Key, site: Site) -> Iterator[Step]:
    """Say where the root of a catalogue leads."""
    newest = Key(Scope.SHELF, NEWEST)
    yield Step(name(newest, site.words), newest, NEW)
    for text in SHELVES:
        yield Step(name(shelf(text), site.words), shelf(text))
    yield Step(
        site.words.gettext("Most voted"),
        replace(SEARCH, query=Query(order=Order.VOTES, limit=DEFAULT_LIMIT)),
        POPULAR,
    )
    if site.topics:
        yield Step(site.words.gettext("Topics"), topics)


def topic_steps(site: Site) -> Iterator[Step]:
    """Say where the list of topics leads."""
    return (Step(topic.name, topic.key) for topic in site.topics)


def books(edition: Edition, site: Site) -> Iterator[Book]:
    """List the books of what an edition consists of; there is none of an edition without papers."""
    for part in edition.parts:
        file = site.book(part.key)
        if file and part.papers:
            yield _book(part, file, site)


def _book(edition: Edition, file: Publication, site: Site) -> Book:
    authors = edition.papers[0].authors if edition.key.scope is Scope.PAPER else ()
    named = ", ".join(authors[:_NAMED_AUTHORS])
    if len(authors) > _NAMED_AUTHORS:
        named = site.words.gettext("{names} and others", names=named)
    return Book(
        id=site.edition_id(edition.key),
        title=site.name(edition),
        updated=site.updated(edition),
        summary=_summary(edition, site),
        authors=authors or (site.author,),
        author=named or site.author,
        file=file,
        length=site.sizes.get(file.path),
        page=site.page(edition.key),
    )


def _summary(edition: Edition, site: Site) -> str:
    """Describe a book: one paper by its text, more by their number and the titles that got most votes."""
    if edition.key.scope is Scope.PAPER:
        paper = edition.papers[0]
        return markdown.excerpt(paper.summary, 300) or title_text(paper.title)
    titles = [title_text(paper.title) for paper in edition.most_voted(_NAMED_TITLES)]
    return " · ".join([site.words.ngettext("{count} paper", "{count} papers", len(edition.papers)), *titles])
