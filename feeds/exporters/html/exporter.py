"""HTML pages for people: the home page, an edition, a paper, a form that makes books, a page for e-readers."""

from collections.abc import Iterator

from feeds.archive.edition import Edition
from feeds.exporters.contract import Kind, Scope
from feeds.exporters.months import SHADES
from feeds.exporters.opensearch import DESCRIPTION
from feeds.exporters.templates import fill
from feeds.exporters.view import SiteView, View
from feeds.model.key import ALL, LATEST, SEARCH, Key
from feeds.model.query import MOST
from feeds.site.site import Site

_HOME, _BOOKS, _E_READER = (Key(Scope.SITE, text) for text in ("", "books", "e-reader"))
_OF_SITE = {_HOME: "page_home.html", _BOOKS: "page_books.html", _E_READER: "e_reader.html"}
_OF_SCOPE = {
    Scope.PAPER: "page_paper.html",
    Scope.SEARCH: "page_search.html",
    Scope.DAILY: "page_series.html",
    Scope.WEEKLY: "page_series.html",
    Scope.MONTHLY: "page_series.html",
    Scope.SHELF: "page_shelf.html",
    Scope.YEAR: "page_days.html",  # its papers would make no page that anyone reads
    Scope.ALL: "page_days.html",
}
_KEYS = {"latest": LATEST, "archive": ALL, "search": SEARCH, "home": _HOME, "books": _BOOKS, "e_reader": _E_READER}


class HtmlExporter:
    """A page for every edition, at its key alone, and some for the whole site."""

    name = "html"
    suffix = ""
    media_type = "text/html; charset=utf-8"
    kind = Kind.PAGE
    scopes = frozenset(Scope)
    site_keys = tuple(key.text for key in _OF_SITE)
    is_translated = True

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a page."""
        view: View
        if edition.key in _OF_SITE:
            template, view = _OF_SITE[edition.key], SiteView(edition, site, self)
        else:
            template, view = _OF_SCOPE.get(edition.key.scope, "page_edition.html"), View(edition, site, self)
        known = {"keys": _KEYS, "Kind": Kind, "shades": SHADES, "most": MOST, "opensearch": DESCRIPTION}
        yield fill(template, site.words, view=view, **known).encode()
