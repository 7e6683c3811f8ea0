"""Feeds: RSS 2.0, Atom 1.0 and JSON Feed 1.1."""

from feeds.exporters.syndication.json_feed import JsonFeedExporter
from feeds.exporters.syndication.xml_feeds import AtomExporter, RssExporter

__all__ = ["AtomExporter", "JsonFeedExporter", "RssExporter"]
