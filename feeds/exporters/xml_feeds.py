"""RSS 2.0 and Atom 1.0, by feedgen. Each way round a defect of feedgen 1.0.0 is named where it is taken."""

from collections.abc import Iterator
from typing import Any

from lxml import etree  # isort: skip  # feedgen.ext.media cannot be imported before it
from feedgen.feed import FeedGenerator

from feeds import __version__
from feeds.edition import Edition
from feeds.exporter import CUTS, Kind
from feeds.exporters.entries import Entry, entries
from feeds.site import GENERATOR, Publication, Site

_ATOM = "{http://www.w3.org/2005/Atom}"


class RssExporter:
    """RSS 2.0, https://www.rssboard.org/rss-specification."""

    name = "rss"
    suffix = ".rss"
    media_type = "application/rss+xml; charset=utf-8"
    kind = Kind.FEED
    scopes = CUTS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a feed with an item a paper."""
        generator = _generator(edition, site, Publication(edition.key, self))
        generator.load_extension("dc", atom=False)  # feedgen drops authors that have no e-mail address
        generator.load_extension("media", atom=False)
        for entry in entries(edition, site):
            item = _add(generator, entry)
            if entry.authors:
                item.dc.dc_creator(", ".join(entry.authors))  # of several, Miniflux and newsboat show the last
            if entry.video:
                item.enclosure(entry.video.url, "0", entry.video.type)
            _add_media(item, entry)
        yield generator.rss_str()


class AtomExporter:
    """Atom 1.0, RFC 4287."""

    name = "atom"
    suffix = ".atom"
    media_type = "application/atom+xml; charset=utf-8"
    kind = Kind.FEED
    scopes = CUTS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a feed with an entry a paper."""
        generator = _generator(edition, site, Publication(edition.key, self))
        generator.load_extension("media", rss=False)
        for entry in entries(edition, site):
            item = _add(generator, entry)
            item.author([{"name": name} for name in entry.authors])
            if entry.video:
                item.link(href=entry.video.url, rel="enclosure", type=entry.video.type)
            _add_media(item, entry)
        yield _with_link_attributes(generator)


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
    return generator


def _add(generator: Any, entry: Entry) -> Any:
    item = generator.add_entry(order="append")  # feedgen prepends
    item.id(entry.id)
    item.title(entry.title)
    item.link(href=entry.url, rel="alternate", type="text/html")
    item.published(entry.published)
    item.updated(entry.published)  # feedgen would take now
    item.description(entry.summary, isSummary=True)
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
