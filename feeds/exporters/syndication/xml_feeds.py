"""Exports RSS 2.0 and Atom 1.0 with feedgen; comments name the defects of feedgen 1.0.0 that are worked around."""

import html
from collections.abc import Iterator
from typing import Any

from lxml import etree  # isort: skip  # feedgen.ext.media cannot be imported before it
from feedgen.ext.base import BaseExtension
from feedgen.feed import FeedGenerator

from feeds import __version__
from feeds.exporters.contract import FEED_SCOPES, Kind, RenderContext, Resource
from feeds.exporters.syndication.entries import OFFERED, Entry, History, find_history, fit_entries
from feeds.model.edition import Edition
from feeds.model.keys import ALL
from feeds.site.site import GENERATOR

_TTL = 60  # minutes
_MAX_CREATORS = 100
_UNKNOWN_LENGTH = "0"  # RSS requires a length
_FEED_HISTORY = "{http://purl.org/syndication/history/1.0}"
_ATOM = "{http://www.w3.org/2005/Atom}"


class RssExporter:
    """RSS 2.0, https://www.rssboard.org/rss-specification, with an item per paper, in a series one per edition."""

    name = "rss"
    suffix = ".rss"
    media_type = "application/rss+xml; charset=utf-8"
    kind = Kind.FEED
    scopes = FEED_SCOPES
    offered = OFFERED

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the feed in one chunk."""
        edition, entries = fit_entries(edition, context)
        generator = _create_generator(edition, context.resource(edition.key, self.name), context)
        generator.ttl(_TTL)
        generator.load_extension("dc", atom=False)  # feedgen drops authors without an e-mail address
        generator.load_extension("media", atom=False)
        for entry in entries:
            item = _add_entry(generator, entry)
            if entry.authors:
                item.dc.dc_creator(_join_creators(entry, context))  # of several, Miniflux and newsboat show the last
            item.description(html.escape(entry.summary, quote=False), isSummary=True)  # in RSS it is HTML
            if entry.enclosure:
                item.enclosure(entry.enclosure.url, _UNKNOWN_LENGTH, entry.enclosure.media_type)
            _add_media(item, entry)
        yield generator.rss_str()


def _join_creators(entry: Entry, context: RenderContext) -> str:
    """Join the authors' names, but no more than a list of entries can show; the content has them all."""
    names = ", ".join(entry.authors[:_MAX_CREATORS])
    if len(entry.authors) <= _MAX_CREATORS:
        return names
    return context.locale.gettext("{names} and others", names=names)


class AtomExporter:
    """Atom 1.0 (RFC 4287) with an entry per paper, in a series one per edition."""

    name = "atom"
    suffix = ".atom"
    media_type = "application/atom+xml; charset=utf-8"
    kind = Kind.FEED
    scopes = FEED_SCOPES
    offered = OFFERED

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the feed in one chunk."""
        edition, entries = fit_entries(edition, context)
        generator = _create_generator(edition, context.resource(edition.key, self.name), context)
        generator.load_extension("media", rss=False)
        for entry in entries:
            item = _add_entry(generator, entry)
            item.author([{"name": name} for name in entry.authors])
            if entry.enclosure:
                item.link(href=entry.enclosure.url, rel="enclosure", type=entry.enclosure.media_type)
            _add_media(item, entry)
        yield _serialize_atom(generator)


def _serialize_atom(generator: Any) -> bytes:
    """Serialize Atom with all attributes of the entries' links: feedgen writes only href (feedgen issue 135)."""
    root = etree.fromstring(generator.atom_str())
    for element, entry in zip(root.iter(f"{_ATOM}entry"), generator.entry(), strict=True):
        for link, attributes in zip(element.iter(f"{_ATOM}link"), entry.link(), strict=True):
            link.attrib.update(attributes)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _create_generator(edition: Edition, feed: Resource, context: RenderContext) -> Any:
    """Create a feedgen generator with the metadata of a feed, but no entries."""
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
    generator.register_extension("history", _HistoryExtension)
    generator.history.links = list(_list_relations(edition, history, context))
    generator.history.is_archive = history is not None and history.is_archive
    generator.history.is_complete = edition.key == ALL
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


class _HistoryExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """Adds the feed-level elements that feedgen lacks: links, also as Atom elements in RSS, and RFC 5005's marks."""

    links: list[tuple[str, str]]
    is_archive: bool
    is_complete: bool

    def extend_ns(self) -> dict[str, str]:
        return {"fh": _FEED_HISTORY[1:-1]} if self.is_archive or self.is_complete else {}

    def extend_atom(self, feed: Any) -> Any:
        self._append_elements(feed, "link")  # feedgen adds the namespace of the feed as text
        return feed

    def extend_rss(self, feed: Any) -> Any:
        self._append_elements(feed[0], f"{_ATOM}link")
        return feed

    def _append_elements(self, parent: Any, link: str) -> None:
        for relation, url in self.links:
            etree.SubElement(parent, link, rel=relation, href=url)
        if self.is_archive:
            etree.SubElement(parent, f"{_FEED_HISTORY}archive")
        if self.is_complete:
            etree.SubElement(parent, f"{_FEED_HISTORY}complete")


def _add_entry(generator: Any, entry: Entry) -> Any:
    """Add an entry with what RSS and Atom have in common."""
    item = generator.add_entry(order="append")  # feedgen prepends by default
    item.id(entry.id)
    item.title(entry.title)
    item.link(href=entry.url, rel="alternate", type="text/html")
    item.published(entry.published)
    item.updated(entry.updated)  # the default is now
    item.description(entry.summary, isSummary=True)
    item.category([{"term": tag, "label": tag} for tag in entry.tags])
    item.content(entry.content_html, type="html")  # without the type Atom readers show the tags
    return item


def _add_media(item: Any, entry: Entry) -> None:
    """Add picture and video in Media RSS; without `group=None` feedgen adds a group, which is for variants of one."""
    if entry.image:
        item.media.thumbnail(url=entry.image.url, group=None)
    if entry.video:
        item.media.content(url=entry.video.url, type=entry.video.media_type, medium="video", group=None)
