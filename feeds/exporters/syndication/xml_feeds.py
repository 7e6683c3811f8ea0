"""Renders RSS 2.0 and Atom 1.0 with feedgen; comments name the defects of feedgen 1.0.0 that are worked around.

feedgen makes the document and everything about the feed; our entries bring their elements. feedgen's own entries keep
every value for both formats, checked and copied several times, which takes longer than the rest of the feed, and write
neither all attributes of a link (feedgen issue 135) nor authors without an e-mail address.
"""

import html
from collections.abc import Iterator, Mapping
from email.utils import format_datetime
from typing import Any

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from feeds import __version__
from feeds.exporters.contract import RenderContext, Resource
from feeds.exporters.syndication.entries import Entry, History, find_history, fit_entries
from feeds.model.edition import Edition
from feeds.model.keys import ALL
from feeds.site.languages import default_language
from feeds.site.site import GENERATOR

_TTL = 60  # minutes
_MAX_CREATORS = 100
_UNKNOWN_LENGTH = "0"  # RSS requires a length
_ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_FEED_HISTORY = "http://purl.org/syndication/history/1.0"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_MEDIA = "http://search.yahoo.com/mrss/"


def render_rss(edition: Edition, feed: Resource, context: RenderContext) -> bytes:
    """Render an edition as RSS 2.0."""
    edition, entries = fit_entries(edition, context)
    generator = _create_generator(edition, feed, {"dc": _DUBLIN_CORE, "media": _MEDIA}, context)
    generator.ttl(_TTL)
    generator.entry([_FinishedEntry(_create_rss_item(entry, context)) for entry in entries])
    return bytes(generator.rss_str())


def render_atom(edition: Edition, feed: Resource, context: RenderContext) -> bytes:
    """Render an edition as Atom 1.0."""
    edition, entries = fit_entries(edition, context)
    generator = _create_generator(edition, feed, {"media": _MEDIA}, context)
    generator.entry([_FinishedEntry(_create_atom_entry(entry)) for entry in entries])
    return bytes(generator.atom_str())


def _create_generator(
    edition: Edition, feed: Resource, namespaces: Mapping[str, str], context: RenderContext
) -> FeedGenerator:
    """Create a feedgen generator with the metadata of a feed, but no entries; `namespaces` are those of its entries."""
    site = context.site
    generator = FeedGenerator()
    generator.id(site.edition_id(edition.key))
    generator.title(context.full_name(edition))
    generator.description(site.description)
    generator.language(site.language)
    generator.author(name=site.author)
    generator.generator(GENERATOR, version=__version__)
    if site.rights:
        generator.rights(site.rights)
    updated = site.updated(edition)
    generator.updated(updated)  # the default is now
    generator.lastBuildDate(updated)
    generator.link(href=context.url(feed), rel="self", type=feed.format.link_type)
    generator.link(href=context.page_url(edition.key), rel="alternate", type="text/html")  # last, RSS takes that one
    history = find_history(edition, feed)
    generator.register_extension("extension", _FeedExtension)
    generator.extension.namespaces = namespaces
    generator.extension.language = default_language(site.description, site.language)
    generator.extension.links = list(_list_relations(edition, history, context))
    generator.extension.is_archive = history is not None and history.is_archive
    generator.extension.is_complete = edition.key == ALL
    return generator


def _list_relations(edition: Edition, history: History | None, context: RenderContext) -> Iterator[tuple[str, str]]:
    """List a feed's links to the hub (WebSub section 4) and to its neighbours in the history (RFC 5005)."""
    if context.site.is_hub_topic(edition.key):
        yield "hub", context.site.hub
    if history:
        if history.is_archive:
            yield "current", context.url(history.current)
        if history.previous:
            yield "prev-archive", context.url(history.previous)
        if history.next:
            yield "next-archive", context.url(history.next)


class _FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """Adds what feedgen lacks of a feed: namespaces, links, also as Atom elements in RSS, and RFC 5005's marks."""

    namespaces: Mapping[str, str]
    links: list[tuple[str, str]]
    is_archive: bool
    is_complete: bool
    language: str  # of the description, if it is not that of the feed

    def extend_ns(self) -> dict[str, str]:
        history = {"fh": _FEED_HISTORY} if self.is_archive or self.is_complete else {}
        return {**history, **self.namespaces}

    def extend_atom(self, feed: Any) -> Any:
        if self.language:
            feed.find("subtitle").set(_XML_LANG, self.language)
        self._append_elements(feed, "link")  # feedgen adds the namespace of the feed as text
        return feed

    def extend_rss(self, feed: Any) -> Any:
        self._append_elements(feed[0], f"{{{_ATOM}}}link")
        return feed

    def _append_elements(self, parent: Any, link: str) -> None:
        for relation, url in self.links:
            _add(parent, link, rel=relation, href=url)
        if self.is_archive:
            _add(parent, f"{{{_FEED_HISTORY}}}archive")
        if self.is_complete:
            _add(parent, f"{{{_FEED_HISTORY}}}complete")


class _FinishedEntry(FeedEntry):  # type: ignore[misc]
    """An entry whose element exists already."""

    def __init__(self, element: "etree._Element") -> None:
        super().__init__()
        self._element = element

    def rss_entry(self, extensions: bool = True) -> "etree._Element":  # noqa: ARG002  # feedgen's parameter
        """Return the element."""
        return self._element

    atom_entry = rss_entry


def _create_rss_item(entry: Entry, context: RenderContext) -> "etree._Element":
    item = etree.Element("item")
    _add(item, "title", entry.title)
    _add(item, "link", entry.url)
    if entry.summary:
        _add(item, "description", html.escape(entry.summary, quote=False))  # in RSS it is HTML
    _add(item, f"{{{_CONTENT}}}encoded" if entry.summary else "description", entry.content_html)
    _add(item, "guid", entry.id, isPermaLink="false")
    for tag in entry.categories:
        _add(item, "category", tag)
    if entry.enclosure:
        _add(item, "enclosure", url=entry.enclosure.url, length=_UNKNOWN_LENGTH, type=entry.enclosure.media_type)
    _add(item, "pubDate", format_datetime(entry.published))
    if entry.authors:
        _add(item, f"{{{_DUBLIN_CORE}}}creator", _join_creators(entry, context))
    if entry.language:
        _add(item, f"{{{_DUBLIN_CORE}}}language", entry.language)
    _add_media(item, entry)
    return item


def _join_creators(entry: Entry, context: RenderContext) -> str:
    """Join the authors' names: of several creators Miniflux and newsboat show the last.

    No more than a list of entries can show; the content has them all.
    """
    names = ", ".join(entry.authors[:_MAX_CREATORS])
    if len(entry.authors) <= _MAX_CREATORS:
        return names
    return context.locale.gettext("{names} and others", names=names)


def _create_atom_entry(entry: Entry) -> "etree._Element":
    """Create an entry without a namespace, which feedgen adds to the feed as text."""
    element = etree.Element("entry")
    _add(element, "id", entry.id)
    _add(element, "title", entry.title)
    _add(element, "updated", entry.updated.isoformat())
    for name in entry.authors:
        _add(_add(element, "author"), "name", name)
    language = {_XML_LANG: entry.language} if entry.language else {}
    _add(element, "content", entry.content_html, type="html", **language)  # without the type readers show the tags
    _add(element, "link", href=entry.url, rel="alternate", type="text/html")
    if entry.enclosure:
        _add(element, "link", href=entry.enclosure.url, rel="enclosure", type=entry.enclosure.media_type)
    _add(element, "summary", entry.summary, **language)
    for tag in entry.categories:
        _add(element, "category", term=tag, label=tag)
    _add(element, "published", entry.published.isoformat())
    _add_media(element, entry)
    return element


def _add_media(parent: "etree._Element", entry: Entry) -> None:
    """Add video and picture in Media RSS, without a group, which is for variants of one."""
    if entry.video:
        _add(parent, f"{{{_MEDIA}}}content", url=entry.video.url, type=entry.video.media_type, medium="video")
    if entry.image:
        size = {"width": str(entry.image.width), "height": str(entry.image.height)} if entry.image.width else {}
        _add(parent, f"{{{_MEDIA}}}thumbnail", url=entry.image.url, **size)


def _add(parent: "etree._Element", name: str, text: str = "", **attributes: str) -> "etree._Element":
    element = etree.SubElement(parent, name, attributes)
    if text:
        element.text = text
    return element
