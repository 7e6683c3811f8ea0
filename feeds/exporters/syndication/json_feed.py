"""JSON Feed 1.1, https://www.jsonfeed.org/version/1.1/."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from feeds.archive.edition import Edition
from feeds.exporters.contract import FEEDS, Kind
from feeds.exporters.entries import Entry, entries, fitted, history
from feeds.site.site import Publication, Site


class JsonFeedExporter:
    """A JSON Feed with an item a paper."""

    name = "json"
    suffix = ".json"
    media_type = "application/feed+json; charset=utf-8"
    kind = Kind.FEED
    scopes = FEEDS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a feed with an item a paper."""
        yield fitted(edition, partial(self._feed, site))

    def _feed(self, site: Site, edition: Edition) -> bytes:
        itself = Publication(edition.key, self)
        place = history(edition, itself)
        feed: dict[str, Any] = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": site.full_name(edition),
            "home_page_url": site.page(edition.key),
            "feed_url": site.url(itself),
            "description": site.description,
            "authors": [{"name": site.author}],
            "language": site.language,
            "items": [_item(entry) for entry in entries(edition, site)],
        }
        if place and place.previous:
            feed["next_url"] = site.url(place.previous)
        if site.announces(edition.key):
            feed["hubs"] = [{"type": "WebSub", "url": site.hub}]
        return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def _item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.html,
        "content_text": entry.text,
        "summary": entry.summary,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.published.isoformat(),
    }
    if entry.image:
        item["image"] = entry.image.url
    if entry.authors:
        item["authors"] = [{"name": name} for name in entry.authors]
    if entry.tags:
        item["tags"] = list(entry.tags)
    if entry.enclosure:
        attachment: dict[str, Any] = {"url": entry.enclosure.url, "mime_type": entry.enclosure.type}
        if entry.enclosure.length:
            attachment["size_in_bytes"] = entry.enclosure.length
        item["attachments"] = [attachment]
    return item
