"""HTML pages for people: the home page, an edition, a paper, a form that makes books, a page for e-readers."""

from collections.abc import Iterator

from feeds.edition import Edition
from feeds.exporter import Kind, Scope
from feeds.exporters.templates import fill
from feeds.exporters.view import BOOKS, E_READER, View
from feeds.site import Site

_TEMPLATES = {
    Scope.SITE: "page_home.html",
    Scope.PAPER: "page_paper.html",
    Scope.SEARCH: "page_search.html",
    Scope.DAILY: "page_series.html",
    Scope.WEEKLY: "page_series.html",
    Scope.MONTHLY: "page_series.html",
    Scope.SHELF: "page_shelf.html",
    Scope.YEAR: "page_days.html",  # its papers would make no page that anyone reads
    Scope.ALL: "page_days.html",
}
_SITE_TEMPLATES = {BOOKS.text: "page_books.html", E_READER.text: "e_reader.html"}


class HtmlExporter:
    """A page for every edition, at its key alone, and some for the whole site."""

    name = "html"
    suffix = ""
    media_type = "text/html; charset=utf-8"
    kind = Kind.PAGE
    scopes = frozenset(Scope)
    site_keys = ("", BOOKS.text, E_READER.text)
    is_translated = True

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a page."""
        yield fill(_template(edition), site.words, view=View(edition, site, self), Kind=Kind).encode()


def _template(edition: Edition) -> str:
    if edition.key.scope is Scope.SITE and edition.key.text in _SITE_TEMPLATES:
        return _SITE_TEMPLATES[edition.key.text]
    return _TEMPLATES.get(edition.key.scope, "page_edition.html")
