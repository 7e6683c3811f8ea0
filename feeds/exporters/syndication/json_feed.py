"""Exports JSON Feed 1.1, https://www.jsonfeed.org/version/1.1/."""

import json
from collections.abc import Iterator
from typing import Any

from feeds.exporters.contract import FEED_SCOPES, Kind, RenderContext
from feeds.exporters.syndication.entries import MAX_BYTES, OFFERED, Entry, find_history, fit_entries, has_size_limit
from feeds.model.edition import Edition


class JsonFeedExporter:
    """JSON Feed with an item per paper, in a series one per edition."""

    name = "json"
    suffix = ".json"
    media_type = "application/feed+json; charset=utf-8"
    kind = Kind.FEED
    scopes = FEED_SCOPES
    offered = OFFERED

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the feed in one chunk; the texts without markup are left out where they make it too large."""
        edition, entries = fit_entries(edition, context)
        items = [_build_item(entry) for entry in entries]
        document = self._render_feed(edition, items, context)
        if len(document) > MAX_BYTES and has_size_limit(edition.key):
            items = [{name: value for name, value in item.items() if name != "content_text"} for item in items]
            document = self._render_feed(edition, items, context)
        yield document

    def _render_feed(self, edition: Edition, items: list[dict[str, Any]], context: RenderContext) -> bytes:
        site = context.site
        resource = context.resource(edition.key, self.name)
        history = find_history(edition, resource)
        feed: dict[str, Any] = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": context.full_name(edition),
            "home_page_url": context.page_url(edition.key),
            "feed_url": context.url(resource),
            "description": site.description,
            "authors": [{"name": site.author}],
            "language": site.language,
            "items": items,
        }
        if history and history.previous:
            feed["next_url"] = context.url(history.previous)
        if site.is_hub_topic(edition.key):
            feed["hubs"] = [{"type": "WebSub", "url": site.hub}]
        return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def _build_item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.content_html,
        "content_text": entry.content_text,
        "summary": entry.summary,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
    }
    if entry.image:
        item["image"] = entry.image.url
    if entry.authors:
        item["authors"] = [{"name": name} for name in entry.authors]
    if entry.tags:
        item["tags"] = list(entry.tags)
    if entry.enclosure:
        item["attachments"] = [{"url": entry.enclosure.url, "mime_type": entry.enclosure.media_type}]
    return item
