"""HTML pages for people: the home page, one for every edition, a form that makes books, a page for e-readers."""

from collections.abc import Iterator, Mapping

from feeds.exporters.contract import Kind, RenderContext
from feeds.exporters.html.plots import Plots
from feeds.exporters.html.views import BOOKS, E_READER, EditionView, view_site
from feeds.exporters.templates import render_template
from feeds.model.edition import Edition, Statistics
from feeds.model.keys import HOME, NEWEST_PERIODS, SERIES, STATISTICS, Scope, SiteKey
from feeds.model.query import Has, Order

_TEMPLATES_BY_KEY = {
    **dict.fromkeys(NEWEST_PERIODS, "newest"),
    HOME: "home",
    BOOKS: "books",
    E_READER: "e_reader",
    STATISTICS: "stats",
}
_TEMPLATES_BY_SCOPE = {
    Scope.PAPER: "paper",
    Scope.TOP: "top",
    Scope.SEARCH: "search",
    Scope.TOPIC: "search",
    **dict.fromkeys(SERIES, "series"),
    Scope.LIST: "list",
    Scope.TOPICS: "topics",
    Scope.YEAR: "year",  # a page with all papers of a year would be too long to read
    Scope.ALL: "archive",
}


class HtmlExporter:
    """The page of an edition, at its key without a suffix, and the pages of the site as a whole."""

    name = "html"
    suffix = ""
    media_type = "text/html; charset=utf-8"
    kind = Kind.PAGE
    scopes = frozenset(Scope)
    paperless = frozenset({Scope.YEAR, Scope.ALL})
    site_paths = tuple(key.text for key in _TEMPLATES_BY_KEY)
    uses_pictures = True
    settings = frozenset({"title", "description", "language", "rights", "base_url", "topics", "formats"})
    is_translated = True

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the page of an edition."""
        if isinstance(edition.key, SiteKey):
            template = _TEMPLATES_BY_KEY[edition.key]
        else:
            template = _TEMPLATES_BY_SCOPE.get(edition.key.scope, "edition")
        values = {"plots": Plots(edition)} if isinstance(edition, Statistics) else {}
        yield _render_page(template, edition, context, values).encode()


class FullHtmlExporter:
    """The page of an edition with all summaries, where the page at the key has them folded."""

    name = "full"
    suffix = ".full.html"
    media_type = HtmlExporter.media_type
    kind = Kind.PAGE
    scopes = frozenset({Scope.LATEST, Scope.DAY, Scope.WEEK})
    uses_pictures = True
    settings = HtmlExporter.settings
    is_translated = True

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the page of an edition."""
        yield _render_page("edition", edition, context, is_full=True).encode()


def render_error_page(context: RenderContext, status: int, line: str, words: str = "") -> bytes:
    """Render a page that says what is wrong, with a search and the way home.

    Args:
        context: the site, in the language of the reader.
        status: the status of HTTP, from 400.
        line: what is wrong, in a line of English.
        words: what the reader searched for.
    """
    values = {"status": status, "line": line, "words": words, "has": ", ".join(Has), "orders": ", ".join(Order)}
    return _render_page("error", Edition(HOME), context, values).encode()


def _render_page(
    template: str, edition: Edition, context: RenderContext, values: Mapping[str, object] = {}, *, is_full: bool = False
) -> str:
    site = view_site(context.site, context.formats, context.locale, context.languages, context.url_language)
    variables = {**site.values, "macros": site.macros, "parts": site.parts, **values}
    view = EditionView(edition, site, context.pictures, is_full)
    return render_template(f"html/{template}.html", context.locale, view=view, edition=edition, **variables)
