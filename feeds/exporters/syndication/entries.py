"""Builds the entries that all feed formats share: one per paper, or in a series one per edition."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape, unescape
from typing import Any

from feeds.exporters.contract import RenderContext, Resource
from feeds.exporters.syndication.links import (
    EntryLink,
    find_page,
    join_texts,
    list_edition_links,
    list_facts,
    list_paper_links,
    list_sources,
    write_links,
)
from feeds.exporters.templates import render_template, template_macros
from feeds.model.edition import Collection, Edition, Ranking, SearchResults
from feeds.model.keys import LATEST, Key, PaperKey, Scope, SeriesKey, period
from feeds.model.paper import Day, Listing, Paper
from feeds.site.i18n import Locale
from feeds.site.languages import body_language
from feeds.text.urls import guess_media_type

_MAX_EXCERPT = 300  # characters
MAX_BYTES = 512_000
"""The size of the feed of `latest` and of a series; FeedBurner refuses more than 512 KB."""

_HEAD_BYTES = 4_000  # of a feed without its entries
_MAX_ENTRIES_BYTES = MAX_BYTES - _HEAD_BYTES
_MARKUP_BYTES = 400  # of an entry in the most verbose format, besides its texts
_AUTHOR_MARKUP_BYTES = 35
_TAG_MARKUP_BYTES = 35
_MAX_LISTED = 20  # papers in an edition's entry, those that a member of a series has
_MAX_EDITION_BYTES = 16_000  # of an edition's entry, so that the 30 entries of a series fit
_SENTENCE_LENGTHS = (160, 100, 50, 0)  # of the papers in an edition's entry, until it is small enough
_MAX_SUMMARY = 40_000  # characters, where a single paper makes a feed too large
_FIRST_BLOCK = re.compile(r"(?:<ul>\n<li>(?P<item>[^<]*)</li>\n|<p>(?P<paragraph>[^<]*)</p>\n?)(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Media:
    """A picture, a video or a book that belongs to an entry.

    `width` and `height` are those of a stored picture, in pixels.
    """

    url: str
    media_type: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a feed: `summary` is a short plain text, `content_text` and `content_html` are the full content.

    `features` name what a paper comes with, `tags` are its own. `language` is that of summary and content if it is not
    that of the feed.
    """

    id: str
    title: str
    url: str
    published: datetime
    updated: datetime
    summary: str
    content_text: str
    content_html: str
    authors: tuple[str, ...] = ()
    image: Media | None = None
    video: Media | None = None
    book: Media | None = None
    features: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    language: str = ""

    @property
    def categories(self) -> tuple[str, ...]:
        """The features and the tags. They have no commas: FreshRSS splits them there."""
        return (*self.features, *self.tags)

    @property
    def enclosure(self) -> Media | None:
        """What podcast clients and feed readers download with the entry."""
        return self.book or self.video


def fit_entries(edition: Edition, context: RenderContext) -> tuple[Edition, Iterable[Entry]]:
    """Build the entries of an edition, in its order; return them with the edition that they are all of.

    The oldest content of `latest` and of a series is left out until every format is small enough, so that all formats
    have the same entries.
    """
    if not has_size_limit(edition.key):
        return edition, _build_entries(edition, context)
    entries = list(_build_entries(edition, context))
    sizes = list(map(_max_bytes, entries))
    while sum(sizes) > _MAX_ENTRIES_BYTES and _is_divisible(edition):
        edition = _without_oldest(edition)
        count = _count_entries(edition)
        entries, sizes = entries[:count], sizes[:count]
    if sum(sizes) > _MAX_ENTRIES_BYTES and edition.key == LATEST:
        edition = _with_short_summaries(edition)
        entries = list(_build_entries(edition, context))
    return edition, entries


def has_size_limit(key: Key) -> bool:
    """Return True for the feeds that grow with the archive: `latest` and the series."""
    return key == LATEST or isinstance(key, SeriesKey)


def _max_bytes(entry: Entry) -> int:
    """Return how many bytes an entry takes at most: RSS and Atom escape markup, JSON quotes and line breaks.

    Without `content_text`, which is only in JSON Feed.
    """
    urls = [media.url for media in (entry.image, entry.video, entry.book) if media]
    texts = [entry.content_html, entry.summary, entry.title, entry.title, entry.url, *entry.authors, *urls]
    escaped = sum(len(escape(text, quote=False).encode()) + text.count('"') + text.count("\n") for text in texts)
    tags = sum(2 * len(escape(tag).encode()) + _TAG_MARKUP_BYTES for tag in entry.tags)
    return escaped + tags + _MARKUP_BYTES + _AUTHOR_MARKUP_BYTES * len(entry.authors)


def _build_entries(edition: Edition, context: RenderContext) -> Iterator[Entry]:
    if isinstance(edition, Collection):
        return (_build_edition_entry(member, context) for member in edition.editions)
    macros = template_macros("syndication/entry.html", context.locale)
    return (_build_paper_entry(listing, macros, context) for listing in _new_listings(edition))


@dataclass(frozen=True, slots=True)
class History:
    """The neighbours of a feed in the history of all papers (RFC 5005): an archive, or the current document."""

    is_archive: bool
    current: Resource
    previous: Resource | None
    next: Resource | None


def find_history(edition: Edition, feed: Resource) -> History | None:
    """Return the place of a feed in the history; None if it is not part of it.

    The feeds of days are the archives of the feed of `latest`: their URLs and contents do not change.
    """
    if edition.key.scope not in (Scope.LATEST, Scope.DAY):
        return None
    return History(
        is_archive=edition.key.scope is Scope.DAY,
        current=replace(feed, key=LATEST),
        previous=replace(feed, key=edition.previous) if edition.previous else None,
        next=replace(feed, key=edition.next) if edition.next else None,
    )


def _new_listings(edition: Edition) -> tuple[Listing, ...]:
    """Leave out the repeats of a day: they are entries of the day that listed them first."""
    if isinstance(edition, SearchResults | Ranking):
        return edition.results
    return tuple(listing for day in edition.days for listing in day.new_listings)


def _count_entries(edition: Edition) -> int:
    return len(edition.editions if isinstance(edition, Collection) else _new_listings(edition))


def _is_divisible(edition: Edition) -> bool:
    return len(edition.editions if isinstance(edition, Collection) else edition.listings) > 1


def _without_oldest(edition: Edition) -> Edition:
    """Leave out the oldest member or day, or a tenth of the papers of a single day; `previous` leads to that day."""
    if isinstance(edition, Collection):
        return replace(edition, editions=edition.editions[:-1])
    *days, oldest = edition.days
    if not days:
        days = [replace(oldest, listings=oldest.listings[: len(oldest.listings) * 9 // 10])]
    return replace(edition, days=tuple(days), previous=period(Scope.DAY, oldest.date))


def _with_short_summaries(edition: Edition) -> Edition:
    return replace(edition, days=tuple(Day(day.date, tuple(map(_shorten, day.listings))) for day in edition.days))


def _shorten(listing: Listing) -> Listing:
    field = "summary" if listing.paper.summary else "abstract"
    text = getattr(listing.paper, field)[:_MAX_SUMMARY] + "…"
    return replace(listing, paper=replace(listing.paper, **{field: text}))


def _build_paper_entry(listing: Listing, macros: Any, context: RenderContext) -> Entry:
    paper = listing.paper
    title = paper.plain_title
    language = body_language(paper, context.site.language)
    image = _find_image(paper, context)
    lead = paper.first_sentence()
    body_html, body_text = _leave_out_lead(paper, lead)
    facts = list_facts(paper, context.locale)
    sources = list_sources(paper, facts, context.locale)
    links = list_paper_links(listing, context)
    names = ", ".join(paper.authors)
    authors = context.locale.gettext("{names} and others", names=names) if paper.more_authors and names else names
    byline = f"{context.locale.gettext('Authors')}: {authors}" if authors else ""
    texts = [lead, join_texts(facts), body_text, byline, write_links(sources), write_links(links)]
    return Entry(
        id=context.site.paper_id(paper),
        title=title,
        url=paper.url,
        published=context.site.published(listing),
        updated=context.site.published(listing),  # in the order of the day, also for readers that sort by it
        summary=paper.excerpt(_MAX_EXCERPT) or title,
        content_text="\n\n".join(filter(None, texts)),
        content_html=str(macros.content(paper, image, lead, facts, body_html, byline, sources, links)),
        authors=paper.authors,
        image=image,
        video=Media(paper.video, guess_media_type(paper.video, "video/mp4")) if paper.video else None,
        features=tuple(fact.text for fact in facts if fact.url),
        tags=paper.tags,
        language=language if language != context.site.language else "",
    )


def _find_image(paper: Paper, context: RenderContext) -> Media | None:
    """Return the stored picture of a paper, else the image at the source."""
    if not paper.image:
        return None
    if picture := context.pictures.get(paper.image):
        rendition = picture.by_width[0]
        url = context.site.url(rendition.path)
        return Media(url, rendition.media_type, rendition.width, rendition.height)
    return Media(paper.image, guess_media_type(paper.image, "image/png"))


def _leave_out_lead(paper: Paper, lead: str) -> tuple[str, str]:
    """Return the body as HTML and as text, without its first paragraph or list item if that is the lead and no more."""
    match = _FIRST_BLOCK.match(paper.body_html)
    first = match and " ".join(unescape(match["item"] or match["paragraph"] or "").split())
    if not match or not lead or first != lead:
        return paper.body_html, paper.body_text
    rest = match["rest"] if match["item"] is None else f"<ul>\n{match['rest']}".removeprefix("<ul>\n</ul>").lstrip()
    return rest, paper.body_text.partition("\n")[2]


def _build_edition_entry(edition: Edition, context: RenderContext) -> Entry:
    papers = [listing.paper for listing in edition.most_voted(_MAX_LISTED)]
    book = context.book(edition.key)
    links = list_edition_links(edition.key, context)
    facts = [list_facts(paper, context.locale) for paper in papers]
    lines = [join_texts([EntryLink(paper.plain_title), *facts[rank]]) for rank, paper in enumerate(papers)]
    numbered = "\n".join(f"{place}. {line}" for place, line in enumerate(lines, 1))
    extent = _describe_extent(edition, len(papers), context.locale)
    entry = Entry(
        id=context.site.edition_id(edition.key),
        title=context.name(edition),
        url=context.page_url(edition.key),
        published=context.site.issued(edition),
        updated=context.site.updated(edition),
        summary=" · ".join(paper.plain_title for paper in papers[:3]),
        content_text="\n\n".join(filter(None, [extent, numbered, write_links(links)])),
        content_html="",
        book=Media(context.url(book), book.format.link_type) if book else None,
    )
    pages = [find_page(PaperKey(paper.slug), context) or paper.url for paper in papers]
    values = {"extent": extent, "papers": list(zip(papers, pages, facts, strict=True)), "links": links}
    for length in _SENTENCE_LENGTHS:
        html = render_template("syndication/entry_edition.html", context.locale, **values, sentence_length=length)
        entry = replace(entry, content_html=html)
        if _max_bytes(entry) <= _MAX_EDITION_BYTES:
            break
    return entry


def _describe_extent(edition: Edition, listed: int, locale: Locale) -> str:
    """Say how many papers an edition has; of a ranking how many it is chosen from."""
    total = sum(day.new for day in edition.calendar) if isinstance(edition, Ranking) else edition.total
    papers = locale.ngettext("{count} paper", "{count} papers", total)
    return (
        locale.gettext("The {count} most voted of {papers}", count=listed, papers=papers) if listed < total else papers
    )
