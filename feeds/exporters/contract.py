"""The contract of an exporter: what a module must offer to add a format to the service."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from feeds.archive.edition import Edition
from feeds.exporters.format import Format, Kind
from feeds.model.key import SERIES, Scope
from feeds.site.site import Site

__all__ = ["CUTS", "FEEDS", "Exporter", "Kind", "Scope"]

CUTS = frozenset(Scope) - {Scope.SITE, Scope.SHELF, *SERIES}
"""The scopes whose editions hold papers: what a format of papers can offer."""

FEEDS = CUTS | frozenset(SERIES)
"""The scopes that can be subscribed to: those of `CUTS`, and the series, which hold editions in place of papers."""


@runtime_checkable
class Exporter(Format, Protocol):
    """Turns an edition into the bytes of one file.

    The same edition and site always give the same bytes: never read the clock, the network, the environment or
    Flask. Raise ExportError before the first chunk.

    An exporter with Scope.SITE among its scopes also has `site_keys: tuple[str, ...]`, the keys under which it shows
    the whole site: ("subscriptions",) with the suffix ".opml" answers at /subscriptions.opml. Of exporters with the
    same `family: str`, which say the same, a client gets the one that it accepts (RFC 9110 section 12.5.1); their site
    keys correspond by their order.

    What follows from the kind: a FEED is announced to readers and hubs and answers deltas, a FILE is downloaded with a
    name, in ranges, and the first one is the book that catalogues and series lead to, a CATALOG answers with a slash
    behind it too and gets what a search found as `parts`, a PAGE is where a person is sent to. A COVER and a RESOURCE,
    which a page or a program needs, are nowhere in lists. Whoever has `shows_pictures = True` gets `edition.pictures`;
    whoever has `is_translated = True` gets in `site.words` those of the reader's language instead of the site's;
    documents of whoever has `is_static = True` do not change with the archive.
    `site.sizes` are the bytes of the books of `parts`, in a
    FEED or CATALOG.
    """

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render an edition, in chunks of any size."""
