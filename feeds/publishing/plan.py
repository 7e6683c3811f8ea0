"""The whole site at one moment: every publication with a fixed address, and the tag that it has then."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from feeds.errors import ArchiveError, BuildError, UnknownEditionError
from feeds.exporters.format import Kind
from feeds.publishing import headers as delivery
from feeds.publishing.publisher import Catalog
from feeds.site.site import Publication

_TRIES = 5
_LEADING = frozenset({Kind.PAGE, Kind.FEED, Kind.CATALOG})


class StaleError(Exception):
    """The archive or the store of pictures is not what it was when the documents were planned."""


class Document(NamedTuple):
    """What a publication is at a moment: its tag, when it last changed, for how long it may be kept, of how much it is.

    `size` counts its papers, of a series or a shelf its editions.
    """

    publication: Publication
    tag: str
    modified: datetime | None
    cache_control: str
    size: int

    @property
    def leads(self) -> bool:
        """Whether it leads to other documents, which should be in place before it."""
        return self.publication.format.kind in _LEADING


def steadily(catalog: Catalog, work: Callable[[list[Document]], object]) -> None:
    """Work on all documents of the site, those that lead to others last; again, where the files change meanwhile.

    Raises ArchiveError where they do so all the time.
    """
    for _ in range(_TRIES):
        catalog.archive.look()
        state = catalog.state
        with suppress(StaleError):
            work(sorted(_documents(catalog), key=lambda document: document.leads))
            catalog.archive.look()
            if catalog.state == state:
                return
    raise ArchiveError(f"{catalog.archive.root}: the files change too fast; try again in a minute")


def named(documents: Iterable[Document], name_of: Callable[[Publication], str]) -> dict[str, Document]:
    """Name documents as files or objects. Raises BuildError for names that are none, or given twice."""
    found: dict[str, Document] = {}
    for document in documents:
        name, which = name_of(document.publication), document.publication.format.name
        if name in found:
            raise BuildError(f"{name}: {found[name].publication.format.name} and {which} would both write it")
        if name != os.path.normpath(name) or name.startswith(("/", "..")):
            raise BuildError(f"{name}: no name of a file, but {which} would write it")
        found[name] = document
    return found


def _documents(catalog: Catalog) -> Iterator[Document]:
    days = catalog.archive.days()
    try:
        for publication in catalog:
            outline = catalog.outline(publication)
            tag, modified = catalog.tag(publication, outline), catalog.modified(publication, outline)
            yield Document(publication, tag, modified, delivery.cache_control(outline, days), outline.total)
    except UnknownEditionError as error:  # listed a moment ago, gone now
        raise StaleError from error
