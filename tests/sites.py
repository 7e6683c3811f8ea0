"""Builds sites to test with, and reads them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from feeds.archive import in_silence
from feeds.build import Report, build
from feeds.catalog import Catalog
from feeds.edition import Edition
from feeds.exporter import CUTS, Exporter, Kind
from feeds.index import Progress
from feeds.registry import Registered, Registry
from feeds.site import Site


class Note:
    """An exporter that costs next to nothing: the titles of an edition."""

    name = "note"
    suffix = ".txt"
    media_type = "text/plain; charset=utf-8"
    kind = Kind.FILE
    scopes = CUTS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        yield f"{site.title}: {edition.key.text}\n".encode()
        for paper in edition.papers:
            yield f"{paper.title}\n{paper.summary}\n".encode()


def offering(catalog: Catalog, *exporters: Exporter) -> Catalog:
    """Give the same archive in no formats but these."""
    registered = [Registered(exporter, "plug-in 1.0") for exporter in exporters]
    return Catalog(catalog.archive, Registry(registered), catalog.site, catalog.store)


def built(catalog: Catalog, out: Path, codings: Sequence[str] = (), progress: Progress = in_silence) -> Report:
    """Build a site in this process."""
    return build(catalog, out, codings, 1, progress)


def tree(folder: Path) -> dict[str, bytes]:
    """Read all files under a folder, by their paths."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
