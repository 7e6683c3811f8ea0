"""OPML 2.0: the site's feeds as a reading list to import, http://opml.org/spec2.opml."""

from collections.abc import Iterator

from lxml import etree

from feeds.archive.edition import Edition
from feeds.exporters.contract import Kind
from feeds.model.key import Scope, fixed
from feeds.site.i18n import name
from feeds.site.site import Publication, Site

_LISTED = (Scope.LATEST, Scope.DAILY, Scope.WEEKLY, Scope.MONTHLY)


class OpmlExporter:
    """The feeds of a site: grouped at `subscriptions`, flat at `subscriptions-flat`."""

    name = "opml"
    suffix = ".opml"
    media_type = "text/x-opml; charset=utf-8"
    kind = Kind.CATALOG
    scopes = frozenset({Scope.SITE})
    site_keys = ("subscriptions", "subscriptions-flat")
    is_static = True

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render the reading list. Whoever imports it subscribes to all of it: each feed is there in one format."""
        root = etree.Element("opml", version="2.0")
        head = etree.SubElement(root, "head")
        etree.SubElement(head, "title").text = site.title
        etree.SubElement(head, "ownerName").text = site.author
        etree.SubElement(head, "docs").text = "http://opml.org/spec2.opml"
        body = etree.SubElement(root, "body")
        editions = [(name(fixed(scope), site.words), fixed(scope)) for scope in _LISTED]
        topics = [(topic.name, topic.key) for topic in site.topics]
        for group, listed in ((site.words.gettext("Editions"), editions), (site.words.gettext("Topics"), topics)):
            parent = body
            if edition.key.text == "subscriptions" and listed:
                parent = etree.SubElement(body, "outline", text=group, title=group)
            for title, key in listed:
                for feed in site.publications(key, Kind.FEED)[:1]:
                    _add(parent, title, feed, site)
        yield etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _add(parent: "etree._Element", named: str, feed: Publication, site: Site) -> None:
    title = f"{site.title} — {named}"
    etree.SubElement(
        parent,
        "outline",
        text=title,
        title=title,
        type="rss",  # what every reader expects, of Atom too
        xmlUrl=site.url(feed),
        htmlUrl=site.page(feed.key),
        description=site.description,
        language=site.language,
    )
