"""HTML pages for people, their templates and static files."""

from feeds.exporters.html.exporter import HtmlExporter, render_error_page

__all__ = ["HtmlExporter", "render_error_page"]
