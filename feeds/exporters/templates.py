"""Fills the Jinja templates that exporters share; everything filled in is escaped."""

import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from feeds.model.paper import Paper
from feeds.site.i18n import Wording
from feeds.text import markdown
from feeds.text.highlight import highlight_html, highlight_text
from feeds.text.titles import title_text
from feeds.text.unicode import detect_language

_WIDE = re.compile(r"<(pre|table|math(?=[^>]*>(?:(?!</math>).){600}))", re.DOTALL)  # a long formula, or one that may be


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("feeds.exporters", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # `markdown` has made these safe.
    environment.filters["html"] = lambda summary: Markup(markdown.render_html(summary))  # noqa: S704
    environment.filters["xhtml"] = lambda summary: Markup(markdown.render_xhtml(summary))  # noqa: S704
    environment.filters["excerpt"] = markdown.excerpt
    environment.filters["plain_title"] = title_text
    environment.filters["language_of"] = detect_language
    environment.filters["marked"] = lambda safe, terms: Markup(highlight_html(str(safe), terms))  # noqa: S704
    environment.filters["marked_text"] = lambda text, terms: Markup(highlight_text(text, terms))  # noqa: S704
    environment.filters["scrollable"] = lambda safe: Markup(_scrollable(str(safe)))  # noqa: S704
    environment.filters["citation"] = _citation
    environment.filters["identifier"] = lambda text: re.sub(r"[^A-Za-z0-9]+", "-", text)
    environment.filters["links"] = markdown.extract_links
    return environment


def _scrollable(safe: str) -> str:
    """Let the keyboard reach what may be too wide for a screen, and then scrolls."""
    return _WIDE.sub(r'<\1 tabindex="0"', safe)


def _citation(paper: Paper) -> str:
    """Cite a paper in a line."""
    names = ", ".join(paper.authors) + (" et al." if paper.more_authors else "")
    number = f"arXiv:{paper.arxiv_id}. " if paper.arxiv_id else ""
    return f"{names} ({paper.year}). {title_text(paper.title)}. {number}{paper.url}".strip()


def fill(template: str, words: Wording, **values: Any) -> str:
    """Fill a template of `feeds/exporters/templates`, in which `_` and `ngettext` speak the language of the words."""
    spoken = {"_": words.gettext, "ngettext": words.ngettext, "words": words}
    return _environment().get_template(template).render(**spoken, **values)


def source(template: str) -> str:
    """Read a template as it stands."""
    text, _, _ = _environment().loader.get_source(_environment(), template)  # type: ignore[union-attr]  # set above
    return text
