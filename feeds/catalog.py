"""Every publication: found by its address, with the tag that says whether it has changed, and cut to be rendered."""

import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cachetools import LRUCache

from feeds import registry, site
from feeds.archive import Archive, default_index, in_silence
from feeds.edition import Edition, Editions, Key, Scope, parse_key
from feeds.errors import UnknownEditionError
from feeds.exporter import Exporter
from feeds.format import site_keys
from feeds.index import Progress
from feeds.query import read_query
from feeds.registry import Registry
from feeds.site import Publication, Site

_KEPT = 10_000  # validators, of some 200 bytes each


class Validators(NamedTuple):
    """What tells whether a publication has changed (RFC 9110 section 8.8).

    `tag` changes with the bytes; `modified` is when the newest day file of the edition was written.
    """

    tag: str
    modified: datetime | None


class Catalog:
    """The publications of an archive. May be shared by threads."""

    def __init__(self, archive: Archive, registry: Registry, site: Site) -> None:
        self.archive = archive
        self.registry = registry
        self.site = replace(site, formats=registry.exporters)
        self._editions = Editions(archive, site.latest_days, site.latest_papers)
        self._site_tag = self.site.tag
        self._validators: LRUCache[tuple[str, Key], Validators] = LRUCache(_KEPT)
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Publication]:
        """List every publication with a fixed address: all but the searches."""
        for exporter in self.registry.exporters:
            for text in site_keys(exporter):
                yield Publication(Key(Scope.SITE, text), exporter)
        for key in self._editions.known():
            yield from self.site.publications(key)

    def find(self, path: str, parameters: Iterable[tuple[str, str]] = ()) -> tuple[Publication, Exporter]:
        """Find the publication at a path like `2024-01-30.epub`; parameters count for a search only.

        Raises UnknownEditionError where there can be none, QueryError for a wrong parameter of a search. Whether
        the archive has the edition, `validators` and `cut` tell.
        """
        for exporter, text in self.registry.split(path):
            if publication := self.publication(exporter, text, parameters):
                return publication, exporter
        raise UnknownEditionError(f"/{path}: nothing has this address")

    def publication(
        self, exporter: Exporter, text: str, parameters: Iterable[tuple[str, str]] = ()
    ) -> Publication | None:
        """Name the publication of a key, as addresses write it, in one format; None where the format has none."""
        if text in site_keys(exporter):
            return Publication(Key(Scope.SITE, text), exporter)
        key = parse_key(text)
        if key is None or key.scope not in exporter.scopes:
            return None
        if key.scope is Scope.SEARCH:
            key = replace(key, query=read_query(parameters))
        return Publication(key, exporter)

    def validators(self, publication: Publication) -> Validators:
        """Compute the validators of a publication without rendering it.

        Raises UnknownEditionError where the archive has no such edition.
        """
        asked = (self.archive.state, publication.key)
        with self._lock:
            kept = self._validators.get(asked)
        if kept is None:
            outline = self._editions.outline(publication.key)
            kept = Validators(outline.tag, outline.modified)
            with self._lock:
                self._validators[asked] = kept
        return Validators(self._tag(kept.tag, publication), kept.modified)

    def cut(self, publication: Publication) -> tuple[Edition, Validators]:
        """Cut the edition of a publication out of the archive, with the validators of its bytes."""
        edition = self._editions.cut(publication.key)
        return edition, Validators(self._tag(edition.tag, publication), edition.modified)

    def _tag(self, edition_tag: str, publication: Publication) -> str:
        seen = f"{edition_tag} {publication.format.name} {self._site_tag}"
        return hashlib.sha256(seen.encode()).hexdigest()[:32]


def open_catalog(root: Path, environ: Mapping[str, str], progress: Progress = in_silence) -> Catalog:
    """Open the archive in a folder with its settings and all exporters.

    Raises SettingsError, PluginError or ArchiveError, at once, for what cannot work.
    """
    archive = Archive(root, default_index(root, environ), progress)
    settings = site.load(root, environ)
    exporters = registry.load()
    archive.refresh()
    return Catalog(archive, exporters, settings)
