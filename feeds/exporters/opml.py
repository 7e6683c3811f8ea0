"""Exports the site's feeds as a reading list to import: OPML 2.0, http://opml.org/spec2.opml."""

from collections.abc import Iterator

from lxml import etree

from feeds.exporters.contract import Kind, RenderContext, Resource
from feeds.model.edition import Edition
from feeds.model.keys import LATEST, Key, Scope, SeriesKey
from feeds.site.i18n import key_name

_SERIES = (Scope.DAILY, Scope.TOP_WEEKLY, Scope.TOP_MONTHLY, Scope.WEEKLY, Scope.MONTHLY)
_KEYS: tuple[Key, ...] = (LATEST, *map(SeriesKey, _SERIES))
"""What most people subscribe to comes first."""

_GROUPED = "subscriptions"
_FLAT = "subscriptions-flat"


class OpmlExporter:
    """The reading list in groups at `subscriptions`, without groups at `subscriptions-flat`.

    Readers subscribe to everything in it, so every edition is listed in one format only.
    """

    name = "opml"
    suffix = ".opml"
    media_type = "text/x-opml; charset=utf-8"
    kind = Kind.CATALOG
    scopes = frozenset({Scope.SITE})
    site_paths = (_GROUPED, _FLAT)
    settings = frozenset({"author", "base_url", "description", "language", "title", "topics", "formats"})
    is_static = True

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the reading list that the key of the edition names."""
        site, locale = context.site, context.locale
        root = etree.Element("opml", version="2.0")
        head = etree.SubElement(root, "head")
        etree.SubElement(head, "title").text = site.title
        etree.SubElement(head, "ownerName").text = site.author
        etree.SubElement(head, "docs").text = "http://opml.org/spec2.opml"
        body = etree.SubElement(root, "body")
        groups: dict[str, dict[str, Key]] = {
            locale.gettext("Editions"): {key_name(key, locale): key for key in _KEYS},
            locale.gettext("Topics"): {topic.name: topic.key for topic in site.topics},
        }
        for group, keys in groups.items():
            parent = body
            if edition.key.text == _GROUPED and keys:
                parent = etree.SubElement(body, "outline", text=group, title=group)
            for name, key in keys.items():
                for feed in context.resources(key, Kind.FEED)[:1]:
                    _add_feed(parent, name, feed, context)
        yield etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _add_feed(parent: "etree._Element", name: str, feed: Resource, context: RenderContext) -> None:
    title = f"{context.site.title} — {name}"
    etree.SubElement(
        parent,
        "outline",
        text=title,
        title=title,
        type="rss",  # every reader expects this type, for Atom feeds too
        xmlUrl=context.url(feed),
        htmlUrl=context.page_url(feed.key),
        description=context.site.description,
        language=context.site.language,
    )
