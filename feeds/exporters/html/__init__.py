"""HTML pages for people, their templates and static files."""

from feeds.exporters.html.exporter import HtmlExporter

__all__ = ["HtmlExporter"]
