"""JSON Feed 1.1, https://www.jsonfeed.org/version/1.1/."""

import json
from collections.abc import Iterator
from typing import Any

from feeds.edition import Edition
from feeds.exporter import CUTS, Kind
from feeds.exporters.entries import Entry, entries
from feeds.site import Publication, Site


class JsonFeedExporter:
    """A JSON Feed with an item a paper."""

    name = "json"
    suffix = ".json"
    media_type = "application/feed+json; charset=utf-8"
    kind = Kind.FEED
    scopes = CUTS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a feed with an item a paper."""
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": site.full_name(edition),
            "home_page_url": site.page(edition.key),
            "feed_url": site.url(Publication(edition.key, self)),
            "description": site.description,
            "authors": [{"name": site.author}],
            "language": site.language,
            "items": [_item(entry) for entry in entries(edition, site)],
        }
        yield json.dumps(feed, ensure_ascii=False, indent=1).encode()


def _item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.html,
        "summary": entry.summary,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.published.isoformat(),
    }
    if entry.image:
        item["image"] = entry.image.url
    if entry.authors:
        item["authors"] = [{"name": name} for name in entry.authors]
    if entry.video:
        item["attachments"] = [{"url": entry.video.url, "mime_type": entry.video.type}]
    return item
