"""Every publication: found by its address, with the tag that says whether it has changed, and cut to be rendered."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cachetools import LRUCache

from feeds.archive.archive import Archive, default_index, in_silence
from feeds.archive.edition import NO_PICTURES, Edition, Editions
from feeds.archive.index import Progress
from feeds.errors import ExportError, FeedsError, UnknownEditionError
from feeds.exporters import registry
from feeds.exporters.contract import Exporter
from feeds.exporters.format import Format, Kind, is_static, is_translated, shows_pictures, site_keys
from feeds.exporters.registry import Registry
from feeds.images.store import Album, Store, default_store
from feeds.model.key import PERIODS, SEARCH, SERIES, Key, Scope, paper_key, parse_key
from feeds.model.query import read_query
from feeds.site import settings
from feeds.site.i18n import LANGUAGES, closest
from feeds.site.site import Publication, Site

_TAG = re.compile(r"(?P<digest>[0-9a-f]{32})\.(?P<day>\d{8})")
_TRIED_DAYS = 40
_LEADING_TO_BOOKS = {
    Kind.FEED: frozenset(SERIES),
    Kind.CATALOG: frozenset({*SERIES, Scope.SHELF, Scope.SEARCH}),
}
_LISTED = {*PERIODS, Scope.LATEST, Scope.ALL}  # on shelves, with the sizes of their books
_KEPT = 5_000  # outlines of editions


class Catalog:
    """The publications of an archive. May be shared by threads."""

    def __init__(self, archive: Archive, registry: Registry, site: Site, store: Store) -> None:
        self.archive = archive
        self.registry = registry
        self.store = store
        self.site = replace(site, formats=registry.exporters)
        self._editions = Editions(archive, site.latest_days, site.latest_papers)
        self._site_tag = self.site.tag
        own = self.site.interface or closest(self.site.language)
        self._languages = (own, *(each for each in LANGUAGES if each != own))
        self._sizes: LRUCache[str, int] = LRUCache(_KEPT)
        self._outlines: LRUCache[tuple[str, Key], Edition] = LRUCache(_KEPT)
        self._lock = threading.Lock()
        self._sizing = threading.Lock()

    @property
    def state(self) -> str:
        """Name what archive and store hold; answers may be kept for as long as it stays the same."""
        return f"{self.archive.state} {self.store.state}"

    def __iter__(self) -> Iterator[Publication]:
        """List every publication with a fixed address: all but the searches without a name."""
        for exporter in self.registry.exporters:
            for text in site_keys(exporter):
                yield Publication(Key(Scope.SITE, text), exporter)
        for key in (*self._editions.known(), *(topic.key for topic in self.site.topics)):
            yield from self.site.publications(key)

    def find(self, path: str, parameters: Iterable[tuple[str, str]] = ()) -> Publication:
        """Find the publication at a path like `2024-01-30.epub`; parameters count for a search only.

        Raises UnknownEditionError where there can be none, QueryError for a wrong parameter of a search. Whether
        the archive has the edition, `outline` and `cut` tell. A catalogue also answers behind a slash: people type one.
        """
        given = list(parameters)
        for exporter, text in self.registry.split(path):
            if publication := self.publication(exporter, text, given):
                return publication
        for exporter, text in self.registry.split(path.removesuffix("/")):
            if exporter.kind is Kind.CATALOG and (publication := self.publication(exporter, text, given)):
                return publication
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
        if key == SEARCH:
            return Publication(replace(key, query=read_query(parameters)), exporter)
        if key.scope is Scope.SEARCH:
            named = next((topic.key for topic in self.site.topics if topic.key.text == key.text), None)
            return Publication(named, exporter) if named else None
        return Publication(key, exporter)

    def negotiated(
        self,
        publication: Publication,
        quality: Callable[[str], float],
        language: Callable[[Sequence[str]], str | None],
    ) -> Publication:
        """Choose the format of a family and the language that a client likes best (RFC 9110 sections 12.5.1, 12.5.4).

        `language` picks from those that there are, of which the first is the site's; None stands for that too.
        """
        chosen = max(self.site.family(publication), key=lambda each: quality(each.format.media_type))
        if not self._speaks_readers_language(chosen):
            return chosen
        return replace(chosen, language=language(self._languages) or self._languages[0])

    def _speaks_readers_language(self, publication: Publication) -> bool:
        """Whether the language of a publication is the client's to choose."""
        return is_translated(publication.format) and not self.site.interface

    def outline(self, publication: Publication) -> Edition:
        """Cut the edition of a publication but for its papers: all that its headers need.

        Raises UnknownEditionError where the archive has no such edition.
        """
        asked = (self.archive.state, publication.key)
        with self._lock:
            kept = self._outlines.get(asked)
        if kept is None:
            kept = self._editions.outline(publication.key)
            if self.archive.is_at(asked[0]):  # else another process has changed the index in between
                with self._lock:
                    self._outlines[asked] = kept
        return kept

    def cut(self, publication: Publication) -> Edition:
        """Cut the edition of a publication out of the archive, to be rendered. Raises as `outline` does."""
        return self.furnished(self.cut_bare(publication.key), publication.format)

    def cut_bare(self, key: Key) -> Edition:
        """Cut an edition without what only some formats show. Raises as `outline` does."""
        while True:
            edition = self._editions.cut(key)
            # Another process may have changed the index between two questions: then the tag would be of other papers.
            if self._editions.outline(key).tag == edition.tag:
                return edition

    def furnished(self, edition: Edition, format: Format) -> Edition:  # noqa: A002  # the field's word
        """Add what only some formats show: pictures, and in a catalogue what a search found as books."""
        if shows_pictures(format):
            return replace(edition, pictures=Album(self.store, edition.images))
        if format.kind is Kind.CATALOG and edition.key.scope is Scope.SEARCH:
            whole = [edition] if edition.key.query.page == 1 else []
            found = (paper_key(paper.slug) for paper in edition.papers)
            return replace(edition, parts=(*whole, *map(self._editions.cut, found)))
        return edition

    def render(self, publication: Publication, edition: Edition) -> bytes:
        """Render an edition. Raises ExportError, naming the exporter, for whatever goes wrong in it."""
        exporter, origin = self.registry.registered(publication.format.name)
        try:
            document = b"".join(exporter.render(edition, self._site_for(publication, edition)))
        except FeedsError:
            raise
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            raise ExportError(f"{publication.path}: {exporter.name} of {origin} failed: {what}") from error
        if publication.key.scope in _LISTED and publication == self.site.book(publication.key):
            self.archive.remember_size(publication.path, self.tag(publication, edition), len(document))
        return document

    def _site_for(self, publication: Publication, edition: Edition) -> Site:
        """Give the site the reader's language, and the sizes of the files that a series or a catalogue leads to."""
        site = replace(self.site, reader=self._reader(publication)) if is_translated(publication.format) else self.site
        parts = edition.parts if _tells_sizes(publication) else ()
        books = [(book, part) for part in parts if (book := self.site.book(part.key))]
        sizes = {book.path: self._size(book, part) for book, part in books}
        return replace(site, sizes=sizes) if sizes else site

    def _reader(self, publication: Publication) -> str:
        return publication.language or self._languages[0]

    def _size(self, book: Publication, outline: Edition) -> int:
        """Tell the size of a book. Searches, which have no end, are not remembered for other processes."""
        edition = self.furnished(replace(outline, parts=()), book.format)
        tag = self.tag(book, edition)
        with self._sizing:  # whoever asks meanwhile waits for it
            size = self._sizes.get(tag) or self.archive.known_size(book.path, tag)
            if size is None:
                size = len(self.render(book, edition))
                if edition.key.scope is Scope.PAPER:
                    self.archive.remember_size(book.path, self.tag(book, edition), size)
            self._sizes[tag] = size
        return size

    def since(self, publication: Publication, tag: str) -> Edition | None:
        """Cut what is new since the publication had a tag; None where nobody can tell (RFC 3229 section 10.5.3)."""
        match = _TAG.fullmatch(tag)
        if match is None:
            return None
        days = [day.date for day in self.archive.days() if f"{day.date:%Y%m%d}" >= match["day"]]
        # A series that holds a week has seen a day behind it: the tag may be of a day later than its newest one.
        for as_of in days[: _TRIED_DAYS if publication.key.scope in SERIES else 1]:
            try:
                held = self._editions.outline(publication.key, as_of)
            except UnknownEditionError:
                continue
            if self._digest(held, publication) == match["digest"]:
                return self._editions.since(publication.key, as_of)
        return None

    def tag(self, publication: Publication, edition: Edition) -> str:
        """Compute what changes when the bytes of a publication do, of an outline or of all of its edition.

        Behind a dot stands the edition's newest day, by which `since` knows what a client holds.
        """
        if is_static(publication.format):
            return self._digest(Edition(edition.key, tag=edition.key.text), publication)
        newest = f".{edition.newest:%Y%m%d}" if edition.newest else ""
        return self._digest(edition, publication) + newest

    def _digest(self, edition: Edition, publication: Publication) -> str:
        _, origin = self.registry.registered(publication.format.name)
        kind = publication.format.kind
        seen = f"{edition.tag} {publication.format.name} {origin} {self._site_tag}"
        seen += {Kind.FEED: edition.way, Kind.PAGE: edition.place, Kind.CATALOG: edition.place}.get(kind, "")
        if is_translated(publication.format):
            seen += f" {self._reader(publication)}"
        if _is_pictured(publication):
            seen += f" {self._album(edition).names}"
        return hashlib.sha256(seen.encode()).hexdigest()[:32]

    def modified(self, publication: Publication, edition: Edition) -> datetime | None:
        """Tell when a publication last changed: when the newest of its files, or of its pictures, was written."""
        times = [edition.modified, self._album(edition).stored if _is_pictured(publication) else None]
        return max(filter(None, times), default=None)

    def _album(self, edition: Edition) -> Album:
        """Give the pictures of an edition, or of an outline those that it would get."""
        return edition.pictures if edition.pictures is not NO_PICTURES else Album(self.store, edition.images)


def _is_pictured(publication: Publication) -> bool:
    """Whether a publication shows pictures, or says how large those books are that do."""
    return shows_pictures(publication.format) or _tells_sizes(publication)


def _tells_sizes(publication: Publication) -> bool:
    """Whether a publication says how large the books are that it leads to."""
    return publication.key.scope in _LEADING_TO_BOOKS.get(publication.format.kind, ())


def open_catalog(root: Path, environ: Mapping[str, str], progress: Progress = in_silence) -> Catalog:
    """Open the archive in a folder with its settings and all exporters.

    Raises SettingsError, PluginError or ArchiveError, at once, for what cannot work.
    """
    archive = Archive(root, default_index(root, environ), progress)
    site = settings.load(root, environ).site
    exporters = registry.load()
    archive.refresh()
    return Catalog(archive, exporters, site, Store(default_store(environ)))
