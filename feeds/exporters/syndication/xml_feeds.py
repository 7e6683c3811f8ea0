"""RSS 2.0 and Atom 1.0, by feedgen. Each way round a defect of feedgen 1.0.0 is named where it is taken."""

import html
from collections.abc import Iterator
from functools import partial
from typing import Any

from lxml import etree  # isort: skip  # feedgen.ext.media cannot be imported before it
from feedgen.ext.base import BaseExtension
from feedgen.feed import FeedGenerator

from feeds import __version__
from feeds.archive.edition import Edition
from feeds.exporters.contract import FEEDS, Kind
from feeds.exporters.entries import Entry, entries, fitted, history
from feeds.model.key import Scope
from feeds.site.site import GENERATOR, Publication, Site

_TTL = 60  # minutes
_CREATORS = 100
_FEED_HISTORY = "{http://purl.org/syndication/history/1.0}"
_ATOM = "{http://www.w3.org/2005/Atom}"


class RssExporter:
    """RSS 2.0, https://www.rssboard.org/rss-specification."""

    name = "rss"
    suffix = ".rss"
    media_type = "application/rss+xml; charset=utf-8"
    kind = Kind.FEED
    scopes = FEEDS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a feed with an item a paper."""
        yield fitted(edition, partial(self._feed, site))

    def _feed(self, site: Site, edition: Edition) -> bytes:
        generator = _generator(edition, site, Publication(edition.key, self))
        generator.ttl(_TTL)
        generator.load_extension("dc", atom=False)  # feedgen drops authors that have no e-mail address
        generator.load_extension("media", atom=False)
        for entry in entries(edition, site):
            item = _add(generator, entry)
            if entry.authors:
                item.dc.dc_creator(_creators(entry, site))  # of several, Miniflux and newsboat show the last
            item.description(html.escape(entry.summary, quote=False), isSummary=True)  # RSS takes it for HTML
            if entry.enclosure:
                item.enclosure(entry.enclosure.url, str(entry.enclosure.length or 0), entry.enclosure.type)
            _add_media(item, entry)
        document: bytes = generator.rss_str()
        return document


def _creators(entry: Entry, site: Site) -> str:
    """Join the authors, as many as a reader's list has room for; the content names all of them."""
    shown = ", ".join(entry.authors[:_CREATORS])
    are_all = len(entry.authors) <= _CREATORS
    return shown if are_all else site.words.gettext("{names} and others", names=shown)


class AtomExporter:
    """Atom 1.0, RFC 4287."""

    name = "atom"
    suffix = ".atom"
    media_type = "application/atom+xml; charset=utf-8"
    kind = Kind.FEED
    scopes = FEEDS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a feed with an entry a paper."""
        yield fitted(edition, partial(self._feed, site))

    def _feed(self, site: Site, edition: Edition) -> bytes:
        generator = _generator(edition, site, Publication(edition.key, self))
        generator.load_extension("media", rss=False)
        for entry in entries(edition, site):
            item = _add(generator, entry)
            item.author([{"name": name} for name in entry.authors])
            if entry.enclosure:
                length = {"length": str(entry.enclosure.length)} if entry.enclosure.length else {}
                item.link(href=entry.enclosure.url, rel="enclosure", type=entry.enclosure.type, **length)
            _add_media(item, entry)
        return _with_link_attributes(generator)


def _generator(edition: Edition, site: Site, itself: Publication) -> Any:
    generator = FeedGenerator()
    generator.id(site.edition_id(edition.key))
    generator.title(site.full_name(edition))
    generator.description(site.description)
    generator.language(site.language)
    generator.author(name=site.author)
    generator.generator(GENERATOR, version=__version__)
    if site.rights:
        generator.rights(site.rights)
    generator.updated(site.updated(edition))  # feedgen would take now
    generator.lastBuildDate(site.updated(edition))
    generator.link(href=site.url(itself), rel="self", type=itself.format.media_type.partition(";")[0])
    generator.link(href=site.page(edition.key), rel="alternate", type="text/html")  # RSS takes the last link
    generator.register_extension("history", _History)
    generator.history.links = list(_history_links(edition, site, itself))
    place = history(edition, itself)
    generator.history.is_archive = place is not None and place.is_archive
    generator.history.is_complete = edition.key.scope is Scope.ALL
    return generator


def _history_links(edition: Edition, site: Site, itself: Publication) -> Iterator[tuple[str, str]]:
    """List the relations of a feed to others: the hub (WebSub section 4), and its place in history (RFC 5005)."""
    if site.announces(edition.key):
        yield "hub", site.hub
    if place := history(edition, itself):
        if place.is_archive:
            yield "current", site.url(place.current)
        if place.previous:
            yield "prev-archive", site.url(place.previous)
        if place.next:
            yield "next-archive", site.url(place.next)


class _History(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """Writes links and marks at the feed that feedgen has no words for, in RSS as Atom elements."""

    links: list[tuple[str, str]]
    is_archive: bool
    is_complete: bool

    def extend_ns(self) -> dict[str, str]:
        return {"fh": _FEED_HISTORY[1:-1]} if self.is_archive or self.is_complete else {}

    def extend_atom(self, feed: Any) -> Any:
        self._write(feed)
        return feed

    def extend_rss(self, feed: Any) -> Any:
        self._write(feed[0])
        return feed

    def _write(self, parent: Any) -> None:
        for relation, url in self.links:
            etree.SubElement(parent, f"{_ATOM}link", rel=relation, href=url)
        if self.is_archive:
            etree.SubElement(parent, f"{_FEED_HISTORY}archive")
        if self.is_complete:
            etree.SubElement(parent, f"{_FEED_HISTORY}complete")


def _add(generator: Any, entry: Entry) -> Any:
    item = generator.add_entry(order="append")  # feedgen prepends
    item.id(entry.id)
    item.title(entry.title)
    item.link(href=entry.url, rel="alternate", type="text/html")
    item.published(entry.published)
    item.updated(entry.published)  # feedgen would take now
    item.description(entry.summary, isSummary=True)
    item.category([{"term": tag, "label": tag} for tag in entry.tags])
    item.content(entry.html, type="html")  # without the type Atom readers would show the tags
    return item


def _add_media(item: Any, entry: Entry) -> None:
    """Describe picture and video by Media RSS; `group=None` keeps feedgen from a group, which must hold variants."""
    if entry.image:
        item.media.thumbnail(url=entry.image.url, group=None)
    if entry.video:
        item.media.content(url=entry.video.url, type=entry.video.type, medium="video", group=None)


def _with_link_attributes(generator: Any) -> bytes:
    """Write Atom with all that was said of the entries' links: feedgen writes only their addresses (its issue 135)."""
    root = etree.fromstring(generator.atom_str())
    for element, entry in zip(root.iter(f"{_ATOM}entry"), generator.entry(), strict=True):
        for link, attributes in zip(element.iter(f"{_ATOM}link"), entry.link(), strict=True):
            link.attrib.update(attributes)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
