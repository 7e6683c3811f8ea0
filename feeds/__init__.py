"""A folder of daily paper digests becomes anything a reader subscribes to, downloads or imports.

This module is the public Python API, for programs and plug-ins. Everything else may change between versions.

    with feeds.open("seeds") as archive:
        for day in archive.days():
            for paper in day.papers:
                print(day.date, paper.title)
        data = archive.edition("latest").render("rss")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feeds.api import LoadedEdition, OpenArchive, open  # noqa: A004  # feeds.open, like gzip.open
    from feeds.errors import ExportError, FeedsError
    from feeds.exporters.contract import FEED_SCOPES, PAPER_SCOPES, Exporter, Kind, RenderContext
    from feeds.model.diagnostic import Diagnostic, Severity
    from feeds.model.edition import Collection, Edition, SearchResults
    from feeds.model.keys import Key, Scope
    from feeds.model.paper import Day, Listing, Paper
    from feeds.readers import Digest, Entry, Reader
    from feeds.text.markdown import render_html, to_plain_text
    from feeds.text.titles import title_text

__all__ = [
    "FEED_SCOPES",
    "PAPER_SCOPES",
    "Collection",
    "Day",
    "Diagnostic",
    "Digest",
    "Edition",
    "Entry",
    "ExportError",
    "Exporter",
    "FeedsError",
    "Key",
    "Kind",
    "Listing",
    "LoadedEdition",
    "OpenArchive",
    "Paper",
    "Reader",
    "RenderContext",
    "Scope",
    "SearchResults",
    "Severity",
    "open",
    "render_html",
    "title_text",
    "to_plain_text",
]

NAME = "daily-papers-feeds"
__version__: str

# Imported at first use: the modules import this one, and `import feeds` stays fast.
_MODULES = {
    "feeds.api": ("LoadedEdition", "OpenArchive", "open"),
    "feeds.errors": ("ExportError", "FeedsError"),
    "feeds.exporters.contract": ("FEED_SCOPES", "PAPER_SCOPES", "Exporter", "Kind", "RenderContext"),
    "feeds.model.diagnostic": ("Diagnostic", "Severity"),
    "feeds.model.edition": ("Collection", "Edition", "SearchResults"),
    "feeds.model.keys": ("Key", "Scope"),
    "feeds.model.paper": ("Day", "Listing", "Paper"),
    "feeds.readers": ("Digest", "Entry", "Reader"),
    "feeds.text.markdown": ("render_html", "to_plain_text"),
    "feeds.text.titles": ("title_text",),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # here, because it takes as long to import as Python to start

        return version(NAME)
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
