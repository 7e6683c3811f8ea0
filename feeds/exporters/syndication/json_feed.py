"""Renders JSON Feed 1.1, https://www.jsonfeed.org/version/1.1/."""

import json
from typing import Any

from feeds.exporters.contract import RenderContext, Resource
from feeds.exporters.syndication.entries import MAX_BYTES, Entry, find_history, fit_entries, has_size_limit
from feeds.model.edition import Edition


def render_json_feed(edition: Edition, feed: Resource, context: RenderContext) -> bytes:
    """Render an edition as JSON Feed; the texts without markup are left out where they make it too large."""
    edition, entries = fit_entries(edition, context)
    items = [_build_item(entry) for entry in entries]
    document = _serialize(edition, feed, items, context)
    if len(document) > MAX_BYTES and has_size_limit(edition.key):
        items = [{name: value for name, value in item.items() if name != "content_text"} for item in items]
        document = _serialize(edition, feed, items, context)
    return document


def _serialize(edition: Edition, feed: Resource, items: list[dict[str, Any]], context: RenderContext) -> bytes:
    site = context.site
    history = find_history(edition, feed)
    document: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": context.full_name(edition),
        "home_page_url": context.page_url(edition.key),
        "feed_url": context.url(feed),
        "description": site.description,
        "authors": [{"name": site.author}],
        "language": site.language,
        "items": items,
    }
    if history and history.previous:
        document["next_url"] = context.url(history.previous)
    if site.is_hub_topic(edition.key):
        document["hubs"] = [{"type": "WebSub", "url": site.hub}]
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


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
    if entry.language:
        item["language"] = entry.language
    if entry.image:
        item["image"] = entry.image.url
    if entry.authors:
        item["authors"] = [{"name": name} for name in entry.authors]
    if entry.categories:
        item["tags"] = list(entry.categories)
    if entry.enclosure:
        item["attachments"] = [{"url": entry.enclosure.url, "mime_type": entry.enclosure.media_type}]
    return item
