"""HTML pages for people, their templates and static files."""

from feeds.exporters.html.exporter import FullHtmlExporter, HtmlExporter, render_error_page

__all__ = ["FullHtmlExporter", "HtmlExporter", "render_error_page"]
