"""Renders editions as EPUB books of a bounded size."""

from collections.abc import Iterator, Mapping

from feeds.exporters.contract import PAPER_SCOPES, Kind, RenderContext
from feeds.exporters.epub import cover
from feeds.images.picture import Rendition
from feeds.images.store import PictureSet
from feeds.model.edition import Edition
from feeds.model.keys import Scope

_MAX_SIZE_OF_DAY = 5_000_000  # bytes; also of a single paper
_MAX_SIZE = 50_000_000  # bytes: Kindle takes no larger books


class EpubExporter:
    """An EPUB book, whose papers follow one another in the document of their day."""

    name = "epub"
    suffix = ".epub"
    media_type = "application/epub+zip"
    kind = Kind.BOOK
    scopes = PAPER_SCOPES
    offered = cover.OFFERED
    settings = cover.SETTINGS | {"description", "author", "rights", "id", "publish_at"}
    uses_pictures = True

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render a book, with the best pictures that keep it below the maximum size."""
        from feeds.exporters.epub.book import Book  # here, because only rendering needs ebooklib and lxml

        max_size = _MAX_SIZE_OF_DAY if edition.key.scope in (Scope.DAY, Scope.PAPER) else _MAX_SIZE
        budget = max_size
        while True:
            renditions = _choose_renditions(edition, context.pictures, budget)
            data = Book(edition, context, renditions, self.name).serialize()
            if len(data) <= max_size or not renditions:
                break
            budget = _total_length(renditions) - (len(data) - max_size)
        yield data


def _choose_renditions(edition: Edition, pictures: PictureSet, budget: int) -> dict[str, Rendition]:
    """Choose a rendition for the URL of each picture, so that together they have at most `budget` bytes.

    All pictures are made smaller before one is left out, those of the papers with the fewest votes first.
    """
    urls: dict[tuple[Rendition, ...], list[str]] = {}  # a picture that papers share is in the book once
    for listing in edition.most_voted():
        url = listing.paper.image
        if url and (picture := pictures.get(url)):
            urls.setdefault(picture.renditions, []).append(url)
    chosen = {renditions: renditions[0] for renditions in urls}
    excess = sum(rendition.length for rendition in chosen.values()) - budget
    for level in range(1, max(map(len, urls), default=0)):
        for renditions in reversed(urls):
            if excess > 0 and level < len(renditions):
                excess -= chosen[renditions].length - renditions[level].length
                chosen[renditions] = renditions[level]
    for renditions in reversed(urls):
        if excess > 0:
            excess -= chosen.pop(renditions).length
    return {url: rendition for renditions, rendition in chosen.items() for url in urls[renditions]}


def _total_length(renditions: Mapping[str, Rendition]) -> int:
    return sum({rendition.name: rendition.length for rendition in renditions.values()}.values())
