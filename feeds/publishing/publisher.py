"""Finds documents by their URLs, describes them as representations, and renders them."""

import hashlib
import logging
import threading
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from cachetools import LRUCache

from feeds.archive.archive import Archive, default_index
from feeds.archive.detection import detect_reader
from feeds.archive.snapshot import EditionMetadata, LatestLimits, Snapshot
from feeds.errors import ExportError, FeedsError, IndexVersionError, QueryError, UnknownEditionError
from feeds.exporters import registry
from feeds.exporters.contract import Format, Kind, RenderContext, Resource
from feeds.exporters.registry import Registry
from feeds.images.store import PictureSet, Store, default_store
from feeds.metadata.store import MetadataStore
from feeds.metadata.store import default_store as default_metadata_store
from feeds.model.edition import Edition
from feeds.model.keys import Key, SearchKey, SiteKey, parse_key
from feeds.model.query import parse_query
from feeds.progress import Progress, no_progress
from feeds.publishing.representation import Representation, cache_control, describe_file
from feeds.publishing.static import StaticFile, find_picture, picture_file, static_files
from feeds.readers import registry as reader_registry
from feeds.readers.fields.dates import Dates
from feeds.site import settings
from feeds.site.i18n import LANGUAGES, get_locale, supported_language
from feeds.site.settings import SettingError, Settings
from feeds.site.site import LANGUAGE_PARAMETER, Site

_log = logging.getLogger(__name__)
_MAX_KEPT = 2_000  # representations


class Rendered(NamedTuple):
    """A document with the representation of these bytes.

    It has another ETag than asked for if the archive changed, or if the store lost a picture.
    """

    representation: Representation
    body: bytes


class Publisher:
    """The documents of an archive. Threads may share a publisher.

    One that `is_serving` offers pages in other languages too, at URLs that only a server answers. `settings_error` says
    what is wrong in `feeds.toml`, if the settings are the last ones without an error.
    """

    def __init__(
        self,
        archive: Archive,
        formats: Registry,
        site: Site,
        store: Store,
        settings_error: SettingError | None = None,
        *,
        is_serving: bool = False,
    ) -> None:
        self.archive = archive
        self.formats = formats
        self.site = site
        self.store = store
        self.settings_error = settings_error
        """What is wrong in `feeds.toml`, if the settings are the last ones without an error."""
        own = site.interface or supported_language(site.language)
        self.languages = (own, *(language for language in LANGUAGES if language != own))
        """The languages of translated documents, the default one first."""
        self._is_serving = is_serving
        self._code_fingerprints: dict[str, str] = {}
        self._kept: LRUCache[tuple[str, Resource, str], Representation] = LRUCache(_MAX_KEPT)
        self._logged_places: set[str] = set()
        self._lock = threading.Lock()

    @property
    def revision(self) -> str:
        """Identify the content of the archive and the image store: responses may be cached for as long as it stays."""
        return f"{self.archive.revision} {self.store.revision}"

    def find(self, path: str, parameters: Iterable[tuple[str, str]] = ()) -> Resource | StaticFile:
        """Find the document at a path such as `2024-01-30.epub`; parameters count for searches, and `lang` for pages.

        Whether the archive holds the edition only `representation` knows. Raises UnknownEditionError if no document can
        be at this path, and QueryError if a parameter is wrong.
        """
        if file := static_files().get(path) or find_picture(self.store, path):
            return file
        given = list(parameters)
        for item, text in self.formats.split(path):
            if resource := self.resource(item, text, given):
                return replace(resource, language=self._url_language(resource, given))
        raise UnknownEditionError(f"/{path}: there is no such document")

    def resource(self, item: Format, text: str, parameters: Iterable[tuple[str, str]] = ()) -> Resource | None:
        """Return the edition with a key, as URLs write it, in a format; None if the format does not render it."""
        if text in item.site_paths:
            return Resource(SiteKey(text), item)
        key = parse_key(text, self.site.topic_keys)
        if key is None or key.scope not in item.scopes:
            return None
        if isinstance(key, SearchKey) and not key.topic:
            key = SearchKey(parse_query(parameters, item.default_order, item.default_limit))
        return item.resource(key)

    def _url_language(self, resource: Resource, parameters: Iterable[tuple[str, str]]) -> str:
        """Return the language that the URL of a page names. Raises QueryError if there are no pages in it."""
        language = next((value for name, value in reversed([*parameters]) if name == LANGUAGE_PARAMETER), "").strip()
        if not language or not resource.format.is_translated:
            return ""
        languages = self.languages if self.is_negotiated(resource) else self.languages[:1]
        if language not in languages:
            choice = ", ".join(languages)
            raise QueryError(f"{LANGUAGE_PARAMETER}: there are no pages in the language {language!r}, only in {choice}")
        return language if self.is_negotiated(resource) else ""

    def representation(self, resource: Resource | StaticFile, language: str = "") -> Representation:
        """Describe a document without rendering it.

        Args:
            resource: the document.
            language: the language of the reader, of `languages`; used for translated formats only, and only if the URL
                names none.

        Raises:
            UnknownEditionError: the archive does not hold the edition.
        """
        if isinstance(resource, StaticFile):
            return describe_file(resource)
        chosen = resource.language or language or self.languages[0] if self.is_negotiated(resource) else ""
        kept_as = (self.revision, resource, chosen)
        with self._lock:
            kept = self._kept.get(kept_as)
        if kept is None:
            with self.archive.snapshot() as snapshot:
                kept = self._describe(snapshot, resource, chosen)
                is_current = snapshot.revision == self.archive.revision
            if is_current:  # otherwise another process has updated the index
                with self._lock:
                    self._kept[kept_as] = kept
        return kept

    def is_negotiated(self, resource: Resource | StaticFile) -> bool:
        """Return True if the reader may choose the language of a document."""
        return isinstance(resource, Resource) and resource.format.is_translated and not self.site.interface

    @property
    def fingerprint(self) -> str:
        """Identify the code of all formats and the settings that they use."""
        return repr([self._code_fingerprint(item) for item in self.formats])

    def all_representations(self, days: Collection[date] | None = None, since: date = date.max) -> list[Representation]:
        """Describe every document with a fixed URL, that is all but ad-hoc searches, in one snapshot.

        With `days` only those that a change of these days may have changed, those of all papers of the days after
        `since`, and the pictures that they link to.
        """
        representations = list(map(describe_file, static_files().values()))
        with self.archive.snapshot() as snapshot:
            keys = [*snapshot.keys(days, since), self.site.topics_key, *self.site.topic_keys.values()]
            resources = [resource for key in keys for resource in self.formats.resources(key)]
            metadata: EditionMetadata | None = None
            image_urls = lru_cache(maxsize=1)(snapshot.image_urls)
            for resource in [*self.formats.site_resources(), *resources]:
                if metadata is None or metadata.key != resource.key:
                    metadata = snapshot.metadata(resource.key)
                language = self.languages[0] if self.is_negotiated(resource) else ""
                pictures = self._pictures(resource, image_urls)
                representations.append(self._represent(resource, metadata, snapshot, language, pictures))
        paths = dict.fromkeys(picture.path for item in representations for picture in item.linked_pictures)
        files = (picture_file(self.store, path) for path in paths)
        return [*representations, *map(describe_file, filter(None, files))]

    def render(self, wanted: Representation) -> Rendered:
        """Load and render a document as the archive and the image store are now.

        Raises UnknownEditionError if the archive no longer holds the edition, and ExportError if the exporter failed;
        the message names it.
        """
        resource = wanted.resource
        if isinstance(resource, StaticFile):
            return Rendered(wanted, resource.read())
        with self.archive.snapshot() as snapshot:
            is_paperless = resource.key.scope in resource.format.paperless
            edition = snapshot.outline(resource.key) if is_paperless else snapshot.load(resource.key)
            current = self._describe(snapshot, resource, wanted.language)
        return self.render_edition(current, edition)

    def render_edition(self, representation: Representation, edition: Edition) -> Rendered:
        """Render an edition that was loaded in the same snapshot as its representation was described in."""
        resource = representation.resource
        assert isinstance(resource, Resource)  # noqa: S101  # static files have no edition
        item = resource.format
        locale = get_locale(representation.language or self.languages[0] if item.is_translated else self.site.language)
        pictures = representation.pictures or PictureSet()
        context = RenderContext(
            self.site, self.formats, locale, pictures, self._offered_languages(resource), resource.language
        )
        try:
            body = b"".join(item.exporter.render(edition, context))
        except FeedsError:
            raise
        except Exception as error:
            place = _place_of(error, item)
            self._log_once(place, resource)
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            problem = f"the exporter {item.name} of {item.origin} failed at {place}: {reason}"
            raise ExportError(f"{resource.path}: {problem}; the log has the traceback") from error
        if pictures.has_lost_files and representation.metadata:  # found out while rendering
            etag = self._etag(resource, representation.metadata, representation.language, pictures)
            representation = replace(representation, etag=etag)
        return Rendered(representation, body)

    def _log_once(self, place: str, resource: Resource) -> None:
        """Log the exception that is being handled, unless one from the same place was logged before."""
        with self._lock:
            is_new = place not in self._logged_places
            self._logged_places.add(place)
        if is_new:
            _log.exception("%s: the exporter %s failed", resource.path, resource.format.name)

    def _describe(self, snapshot: Snapshot, resource: Resource, language: str) -> Representation:
        pictures = self.pictures(resource, snapshot)
        return self._represent(resource, snapshot.metadata(resource.key), snapshot, language, pictures)

    def pictures(self, resource: Resource, snapshot: Snapshot) -> PictureSet | None:
        """Return the stored pictures that a document shows; None if it shows none, or nothing is stored."""
        return self._pictures(resource, snapshot.image_urls)

    def _pictures(self, resource: Resource, image_urls: Callable[[Key], Iterable[str]]) -> PictureSet | None:
        item = resource.format
        if not item.uses_pictures or resource.key.scope in item.paperless or not self.store.revision:
            return None
        return PictureSet(self.store, image_urls(resource.key))

    def _represent(
        self,
        resource: Resource,
        metadata: EditionMetadata,
        snapshot: Snapshot,
        language: str,
        pictures: PictureSet | None,
    ) -> Representation:
        times = [metadata.modified, pictures.stored if pictures else None]
        return Representation(
            resource,
            self._etag(resource, metadata, language, pictures),
            cache_control(metadata, snapshot.calendar()),
            last_modified=max(filter(None, times), default=None),
            language=language,
            size=metadata.total,
            metadata=metadata,
            pictures=pictures,
        )

    def _etag(self, resource: Resource, metadata: EditionMetadata, language: str, pictures: PictureSet | None) -> str:
        """Hash everything that a document is made from; the day of the newest paper follows a dot, for deltas."""
        digest = self.document_fingerprint(resource, metadata, language, pictures)
        return f"{digest}.{metadata.newest:%Y%m%d}" if metadata.newest and not resource.format.is_static else digest

    def document_fingerprint(
        self, resource: Resource, metadata: EditionMetadata, language: str = "", pictures: PictureSet | None = None
    ) -> str:
        """Hash everything that a document is made from: data, code, settings, language and pictures."""
        item = resource.format
        surroundings = {
            Kind.FEED: metadata.neighbours,
            Kind.PAGE: metadata.navigation,
            Kind.CATALOG: metadata.navigation,
        }.get(item.kind, "")
        data = resource.key.text if item.is_static else f"{metadata.fingerprint} {surroundings}"
        locale = language or self.languages[0] if item.is_translated else ""
        names = repr(pictures.names if pictures else [])
        languages = repr((self._offered_languages(resource), resource.language))
        parts = (item.name, self._code_fingerprint(item), data, locale, names, languages)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def _offered_languages(self, resource: Resource) -> tuple[str, ...]:
        """Return the languages that the URL of a page can name; none if it has one language, or nobody answers."""
        return self.languages if self._is_serving and self.is_negotiated(resource) else ()

    def _code_fingerprint(self, item: Format) -> str:
        """Identify the code of a format and the settings that it uses."""
        if item.name not in self._code_fingerprints:
            formats = self.formats.fingerprint if "formats" in item.settings else ""
            settings_used = self.site.fingerprint(item.settings - {"formats"})
            self._code_fingerprints[item.name] = f"{item.fingerprint()} {settings_used} {formats}"
        return self._code_fingerprints[item.name]


def _place_of(error: Exception, item: Format) -> str:
    """Return the file and line where an exporter failed: the last in its own package, not in a library it called."""
    package = type(item.exporter).__module__.partition(".")[0]
    places = [
        (str(frame.f_globals.get("__name__", "")), Path(frame.f_code.co_filename), line)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    own = [place for place in places[1:] if place[0].partition(".")[0] == package]
    module, path, line = (own or places)[-1]
    depth = len(module.split(".")) + (path.name == "__init__.py")
    return f"{'/'.join(path.parts[-depth:])}:{line}"


def last_published_day() -> date:
    """Return the last day that is published: a day is, from the moment its date begins in UTC.

    A later day is a slip of the pen, or written ahead. Until its time comes, no snapshot shows it, so it is in no
    edition and the newest day of nothing; `feeds check` warns of it. UTC is the time zone of all times here, and the
    same for every server and reader. Since the papers of a day are published at `publish_at` on its date, no time in a
    document is more than a day in the future.
    """
    return datetime.now(UTC).date()


def open_archive(
    root: Path,
    environ: Mapping[str, str],
    loaded: Settings,
    readers: reader_registry.Registry,
    progress: Progress = no_progress,
    last_day: Callable[[], date] = last_published_day,
) -> Archive:
    """Open the archive in a folder with its settings, which leave its reader open or not.

    Which reader was found is kept beside the index: it stays the same as the archive grows, and while it is lost.
    """
    dates, index_path = Dates(loaded.date_pattern), default_index(root, environ)
    names = loaded.readers
    if not names:
        kept = index_path.with_name(f"{index_path.name}.reader")
        names = (detect_reader(root, readers, loaded.files, dates, kept),)
    site = loaded.site
    return Archive(
        root,
        index_path,
        LatestLimits(site.latest_days, site.latest_papers),
        progress,
        last_day,
        site.topic_keys.values(),
        readers.select(names, dates, is_detected=not loaded.readers),
        loaded.files,
        MetadataStore(default_metadata_store(environ)),
        site.language,
    )


def open_publisher(
    root: Path,
    environ: Mapping[str, str],
    progress: Progress = no_progress,
    last_day: Callable[[], date] = last_published_day,
    index_version: str = "",
    *,
    is_serving: bool = False,
) -> Publisher:
    """Open the archive in a folder with its settings and all exporters.

    A service that `is_serving` goes on with the settings that were read last while `feeds.toml` is wrong. Raises
    FeedsError if the archive, a setting, a reader or an exporter cannot be used, and IndexVersionError if an
    `index_version` is given and the archive needs an index of another one.
    """
    formats, readers = registry.load(), reader_registry.load()
    checks = {"build.formats": formats.offer, "readers": readers.check}
    index_path = default_index(root, environ)
    loaded = settings.load(
        root, environ, checks, index_path.with_name(f"{index_path.name}.settings"), is_serving=is_serving
    )
    site = loaded.site
    archive = open_archive(root, environ, loaded, readers, progress, last_day)
    if index_version not in ("", archive.index_version):
        raise IndexVersionError(f"{archive.index_path}: an index of another version")
    archive.sync_if_due()
    formats = formats.offering(loaded.build_formats)
    store = Store(default_store(environ))
    return Publisher(archive, formats, site, store, loaded.error, is_serving=is_serving)
