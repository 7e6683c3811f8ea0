"""Feeds: RSS 2.0, Atom 1.0 and JSON Feed 1.1. What renders them is imported to render, and takes long to import."""

from collections.abc import Iterator

from feeds.exporters.contract import FEED_SCOPES, Kind, RenderContext
from feeds.model.edition import Edition
from feeds.model.keys import SERIES, Scope

_OFFERED = frozenset({Scope.LATEST, Scope.DAY, *SERIES, Scope.SEARCH, Scope.TOPIC})
"""Feeds are offered of what grows, and of days, in which that of `latest` continues (RFC 5005)."""


class RssExporter:
    """RSS 2.0, https://www.rssboard.org/rss-specification, with an item per paper, in a series one per edition."""

    name = "rss"
    suffix = ".rss"
    media_type = "application/rss+xml; charset=utf-8"
    kind = Kind.FEED
    scopes = FEED_SCOPES
    offered = _OFFERED
    uses_pictures = True

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the feed in one chunk."""
        from feeds.exporters.syndication.xml_feeds import render_rss

        yield render_rss(edition, context.resource(edition.key, self.name), context)


class AtomExporter:
    """Atom 1.0 (RFC 4287) with an entry per paper, in a series one per edition."""

    name = "atom"
    suffix = ".atom"
    media_type = "application/atom+xml; charset=utf-8"
    kind = Kind.FEED
    scopes = FEED_SCOPES
    offered = _OFFERED
    uses_pictures = True

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the feed in one chunk."""
        from feeds.exporters.syndication.xml_feeds import render_atom

        yield render_atom(edition, context.resource(edition.key, self.name), context)


class JsonFeedExporter:
    """JSON Feed with an item per paper, in a series one per edition."""

    name = "json"
    suffix = ".json"
    media_type = "application/feed+json; charset=utf-8"
    kind = Kind.FEED
    scopes = FEED_SCOPES
    offered = _OFFERED
    uses_pictures = True

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the feed in one chunk."""
        from feeds.exporters.syndication.json_feed import render_json_feed

        yield render_json_feed(edition, context.resource(edition.key, self.name), context)
