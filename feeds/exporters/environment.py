"""Configures Jinja for the templates of the exporters, and adds the filters that they use."""

import hashlib
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from importlib.util import cache_from_source
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from jinja2 import BytecodeCache, Environment, PackageLoader, PrefixLoader, StrictUndefined
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import Markup

from feeds.files import atomic_write
from feeds.fingerprint import hash_files
from feeds.model.paper import Listing
from feeds.site.languages import body_language, default_language, setting_language, summary_language
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


class _CompiledTemplates(BytecodeCache):
    """Keeps compiled templates where Python keeps modules: compiling them takes longer than rendering a day with them.

    Where Python writes no bytecode, each process compiles the templates that it renders.
    """

    def __init__(self) -> None:
        self._compiler = f"{version('jinja2')} {hash_files([Path(__file__)])}"

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """Return the path of the compiled template."""
        return cache_from_source(filename or name)

    def get_source_checksum(self, source: str) -> str:
        """Hash everything that the compiled template depends on."""
        return hashlib.sha256(f"{self._compiler} {source}".encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read a compiled template if there is one, and it is whole."""
        with suppress(OSError, EOFError, UnpicklingError), Path(bucket.key).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write a compiled template."""
        path = Path(bucket.key)
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic_write(path, bucket.bytecode_to_string())


def create_environment() -> Environment:
    """Create the environment, in which templates are found as `html/page.html` in `html/templates`."""
    environment = Environment(
        loader=PrefixLoader({name: PackageLoader("feeds.exporters", f"{name}/templates") for name in _PACKAGES}),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        bytecode_cache=_CompiledTemplates(),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.context_class = _Context
    # The functions of feeds.text that return markup have made it safe.
    environment.filters |= {
        "language": detect_language,
        "setting_language": setting_language,
        "default_language": default_language,
        "summary_language": summary_language,
        "body_language": body_language,
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
    journal = f"{paper.journal}. " if paper.journal else ""
    number = f"arXiv:{paper.arxiv_id}. " if paper.arxiv_id else ""
    return f"{authors} ({listing.year}). {paper.plain_title}. {journal}{number}{paper.url}".strip()
