"""What a feed says of an edition, whatever its format: an entry a paper, or an entry an edition in a series."""

import mimetypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from feeds.archive.edition import Edition
from feeds.exporters.templates import fill
from feeds.model.key import LATEST, SERIES, Scope
from feeds.model.paper import Paper
from feeds.site.site import Publication, Site
from feeds.text import markdown
from feeds.text.titles import title_text

_SUMMARY = 300  # characters of the short text
_LONGEST_SUMMARY = 40_000  # characters, where one paper makes a feed too large
_LARGEST = 512_000  # bytes; FeedBurner refuses more than 512 KB


@dataclass(frozen=True, slots=True)
class Media:
    """A picture, a video or a book: its media type, and its length in bytes where that is known."""

    url: str
    type: str
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `summary` is short plain text, `text` all of it, `html` everything."""

    id: str
    title: str
    url: str
    published: datetime
    summary: str
    text: str
    html: str
    authors: tuple[str, ...] = ()
    image: Media | None = None
    video: Media | None = None
    book: Media | None = None
    tags: tuple[str, ...] = ()

    @property
    def enclosure(self) -> Media | None:
        """What is downloaded with the entry."""
        return self.book or self.video


def entries(edition: Edition, site: Site) -> Iterator[Entry]:
    """List the entries of an edition, in its order."""
    if edition.key.scope in SERIES:
        return (_of_edition(part, site) for part in edition.parts)
    # A paper that an earlier day listed stands in the page and the book of this day, but is an entry of that one.
    return (
        _of_paper(paper, site)
        for paper in edition.papers
        if edition.key.scope is not Scope.DAY or paper.day == edition.key.since
    )


def fitted(edition: Edition, render: Callable[[Edition], bytes]) -> bytes:
    """Render a feed that readers fetch again and again, without its oldest days where it would be too large."""
    document = render(edition)
    while len(document) > _LARGEST and edition.key.scope in {Scope.LATEST, *SERIES} and _can_shrink(edition):
        edition = edition.without_oldest()
        document = render(edition)
    if len(document) > _LARGEST and edition.key.scope is Scope.LATEST:
        document = render(replace(edition, papers=tuple(map(_shortened, edition.papers))))
    return document


def _shortened(paper: Paper) -> Paper:
    """Cut a summary that fills a feed alone; the entry's link leads on."""
    return replace(paper, summary=paper.summary[:_LONGEST_SUMMARY] + "…")


def _can_shrink(edition: Edition) -> bool:
    return len(edition.papers) > 1 or len(edition.parts) > 1


@dataclass(frozen=True, slots=True)
class History:
    """Where a feed stands in the history of all papers (RFC 5005): the newest document, or one of its archives."""

    is_archive: bool
    current: Publication
    previous: Publication | None
    next: Publication | None


def history(edition: Edition, publication: Publication) -> History | None:
    """Say where to walk on from a feed; None for one that is no part of the history.

    The feeds of days are the archives of the feed of the latest papers: their addresses and contents stay.
    """
    if edition.key.scope not in (Scope.LATEST, Scope.DAY):
        return None
    return History(
        is_archive=edition.key.scope is Scope.DAY,
        current=replace(publication, key=LATEST),
        previous=replace(publication, key=edition.previous) if edition.previous else None,
        next=replace(publication, key=edition.next) if edition.next else None,
    )


def _of_paper(paper: Paper, site: Site) -> Entry:
    return Entry(
        id=site.paper_id(paper),
        title=title_text(paper.title),
        url=paper.url,
        published=site.published(paper),
        summary=markdown.excerpt(paper.summary, _SUMMARY) or title_text(paper.title),
        text=markdown.to_plain_text(paper.summary),
        html=fill("entry.html", site.words, paper=paper),
        authors=paper.authors,
        image=Media(paper.image, _type(paper.image, "image/png")) if paper.image else None,
        video=Media(paper.video, _type(paper.video, "video/mp4")) if paper.video else None,
        tags=_tags(paper, site),
    )


def _tags(paper: Paper, site: Site) -> tuple[str, ...]:
    """Name what comes with a paper, in words without commas: FreshRSS splits at them."""
    has_code = any(link.kind is markdown.LinkKind.CODE for link in markdown.extract_links(paper.summary))
    named = {site.words.gettext("Code"): has_code, site.words.gettext("Video"): bool(paper.video)}
    return tuple(name for name, is_there in named.items() if is_there)


def _of_edition(edition: Edition, site: Site) -> Entry:
    ranked = edition.most_voted()
    book = site.book(edition.key)
    return Entry(
        id=site.edition_id(edition.key),
        title=site.name(edition),
        url=site.page(edition.key),
        published=site.updated(edition),
        summary=" · ".join(title_text(paper.title) for paper in ranked[:3]),
        text="\n".join(title_text(paper.title) for paper in ranked),
        html=fill("entry_edition.html", site.words, edition=edition, papers=ranked, book=book, site=site),
        book=Media(site.url(book), book.media_type, site.sizes.get(book.path)) if book else None,
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
