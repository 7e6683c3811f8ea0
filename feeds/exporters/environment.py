"""Configures Jinja for the templates of the exporters, and adds the filters that they use."""

import re
from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from jinja2.runtime import Context
from markupsafe import Markup

from feeds.model.paper import Listing
from feeds.text.highlight import highlight_html, highlight_text
from feeds.text.unicode import detect_language

_PACKAGES = ("epub", "html", "syndication")
_WIDE = re.compile(r'<(pre|table|math(?=[^>]* alttext="[^"]{60}))')  # a long formula


class _Context(Context):
    """Calls functions as they are. Jinja asks each time whether a function wants the context; none of ours does."""

    def call(
        self,
        function: Callable[..., Any],
        /,
        *args: Any,
        _block_vars: Any = None,
        _loop_vars: Any = None,
        **kwargs: Any,
    ) -> Any:
        return function(*args, **kwargs)


def create_environment() -> Environment:
    """Create the environment, in which templates are found as `html/page.html` in `html/templates`."""
    environment = Environment(
        loader=PrefixLoader({name: PackageLoader("feeds.exporters", f"{name}/templates") for name in _PACKAGES}),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.context_class = _Context
    # The functions of feeds.text that return markup have made it safe.
    environment.filters |= {
        "language": detect_language,
        "highlight": lambda safe, terms: Markup(highlight_html(str(safe), terms)),  # noqa: S704
        "highlight_text": lambda text, terms: Markup(highlight_text(text, terms)),  # noqa: S704
        "focusable": lambda safe: Markup(_make_focusable(str(safe))),  # noqa: S704
        "cite": _cite,
        "identifier": lambda text: re.sub(r"[^A-Za-z0-9]+", "-", text),
    }
    return environment


def _make_focusable(safe: str) -> str:
    """Let the keyboard reach, and so scroll, what may be wider than the screen."""
    return _WIDE.sub(r'<\1 tabindex="0"', safe)


def _cite(listing: Listing) -> str:
    """Cite a paper in one line of text."""
    paper = listing.paper
    authors = ", ".join(paper.authors) + (" et al." if paper.more_authors else "")
    number = f"arXiv:{paper.arxiv_id}. " if paper.arxiv_id else ""
    return f"{authors} ({listing.year}). {paper.plain_title}. {number}{paper.url}".strip()
