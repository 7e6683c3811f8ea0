"""What a feed says of an edition, whatever its format: an entry a paper, or an entry an edition in a series."""

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from feeds import content
from feeds.edition import SERIES, Edition
from feeds.exporters.templates import fill
from feeds.format import Kind
from feeds.model import Paper
from feeds.site import Site

_SUMMARY = 300  # characters of the short text


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a video, and its media type."""

    url: str
    type: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `summary` is short plain text, `html` is everything."""

    id: str
    title: str
    url: str
    published: datetime
    summary: str
    html: str
    authors: tuple[str, ...] = ()
    image: Media | None = None
    video: Media | None = None


def entries(edition: Edition, site: Site) -> Iterator[Entry]:
    """List the entries of an edition, in its order."""
    if edition.key.scope in SERIES:
        return (_of_edition(part, site) for part in edition.parts)
    return (_of_paper(paper, site) for paper in edition.papers)


def _of_paper(paper: Paper, site: Site) -> Entry:
    return Entry(
        id=site.paper_id(paper),
        title=content.title(paper.title),
        url=paper.url,
        published=site.published(paper),
        summary=content.excerpt(paper.summary, _SUMMARY),
        html=fill("entry.html", paper=paper, words=site.words),
        authors=paper.authors,
        image=Media(paper.image, _type(paper.image, "image/png")) if paper.image else None,
        video=Media(paper.video, _type(paper.video, "video/mp4")) if paper.video else None,
    )


def _of_edition(edition: Edition, site: Site) -> Entry:
    ranked = sorted(edition.papers, key=lambda paper: -1 if paper.votes is None else paper.votes, reverse=True)
    books = [book for book in site.publications(edition.key, Kind.FILE) if "epub" in book.format.media_type]
    return Entry(
        id=site.edition_id(edition.key),
        title=site.name(edition),
        url=site.page(edition.key),
        published=site.updated(edition),
        summary=" · ".join(content.title(paper.title) for paper in ranked[:3]),
        html=fill("entry_edition.html", edition=edition, papers=ranked, books=books, site=site, words=site.words),
    )


def _type(url: str, otherwise: str) -> str:
    guessed, _ = _TYPES.guess_type(urlsplit(url).path)
    return guessed or otherwise


# The machine's own table of types would make bytes that differ between machines.
_TYPES = mimetypes.MimeTypes(filenames=())
_TYPES.add_type("image/webp", ".webp")
_TYPES.add_type("image/avif", ".avif")
_TYPES.add_type("video/mp4", ".m4v")
_TYPES.add_type("video/ogg", ".ogv")
_TYPES.add_type("video/x-matroska", ".mkv")
