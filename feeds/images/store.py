"""Stores pictures on disk: files named by their content, and a SQLite table of the URLs they come from."""

import hashlib
import json
import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from feeds.errors import StoreError
from feeds.files import atomic_write, user_cache_dir
from feeds.images.picture import MEDIA_TYPES, EncodedImage, ImageRecord, Picture, Rendition
from feeds.sqlite import StoreDatabase

_log = logging.getLogger(__name__)
_SUFFIXES = {media_type: suffix for suffix, media_type in MEDIA_TYPES.items()}
_URLS_PER_QUERY = 500  # SQLite allows 32,766 parameters

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (
    url TEXT PRIMARY KEY,
    renditions TEXT NOT NULL, stored INTEGER,  -- JSON, seconds since 1970; [] and NULL if there is no picture
    etag TEXT NOT NULL, last_modified TEXT NOT NULL,
    checked INTEGER NOT NULL, error TEXT NOT NULL, failures INTEGER NOT NULL  -- consecutive, up to `checked`
) WITHOUT ROWID
"""
# A picture that is fetched again without a change keeps the time when it was first stored.
_STORE = """
INSERT INTO sources (url, renditions, etag, last_modified, checked, stored, error, failures)
VALUES (?1, ?2, ?3, ?4, ?5, ?5, '', 0)
ON CONFLICT (url) DO UPDATE SET
    stored = CASE WHEN renditions = ?2 THEN stored ELSE ?5 END,
    renditions = ?2, etag = ?3, last_modified = ?4, checked = ?5, error = '', failures = 0
"""
_TOUCH = "UPDATE sources SET checked = ?, error = '', failures = 0 WHERE url = ?"
_RECORD_FAILURE = """
INSERT INTO sources (url, renditions, etag, last_modified, checked, error, failures)
VALUES (?1, '[]', '', '', ?2, ?3, 1)
ON CONFLICT (url) DO UPDATE SET checked = ?2, error = ?3, failures = failures + 1
"""
_SELECT = "SELECT url, renditions, stored, etag, last_modified, checked, error, failures FROM sources WHERE url IN ({})"


def default_store(environ: Mapping[str, str]) -> Path:
    """Return the store's folder: $FEEDS_IMAGES, or one in the user's cache folder."""
    if environ.get("FEEDS_IMAGES"):
        return Path(environ["FEEDS_IMAGES"])
    return user_cache_dir(environ) / "images"


class Store:
    """The pictures in a folder, shared by threads and processes.

    Reading creates nothing. A writer puts the files in place before the row that names them, so it may be killed at
    any moment.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._database = StoreDatabase(root / "pictures-1.sqlite", _SCHEMA, "the picture store")
        self._lock = threading.Lock()
        self._cache: tuple[str, dict[str, Picture | None]] = ("", {})  # of one revision

    @property
    def revision(self) -> str:
        """The version of the store, cheap to read: every write changes it. Empty if there is none."""
        return self._database.revision

    def pictures(self, urls: Iterable[str]) -> dict[str, Picture]:
        """Return the pictures of those URLs that have one.

        A store that is missing, corrupt or locked has no pictures; the reason is logged once.
        """
        requested = list(urls)
        with self._lock:
            revision = self.revision
            known = self._cache[1] if self._cache[0] == revision else {}
            missing = [url for url in dict.fromkeys(requested) if url not in known]
            if missing and revision:
                records = self._database.try_read(partial(_read_records, urls=missing)) or {}
                known = known | {url: records[url].picture if url in records else None for url in missing}
            if self.revision == revision and self._database.is_readable:
                self._cache = (revision, known)
            return {url: picture for url in requested if (picture := known.get(url))}

    def records(self, urls: Iterable[str]) -> dict[str, ImageRecord]:
        """Return what is known about those URLs that were requested before. Raises StoreError."""
        return self._database.read(partial(_read_records, urls=list(urls))) or {}

    def read(self, name: str) -> bytes:
        """Return the bytes of a rendition by its name. Raises StoreError if the file is missing or was altered."""
        path = self._file(name)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path}: cannot read the picture: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != path.stem:
            raise StoreError(f"{path}: the picture was altered; run `feeds images` to fetch it again")
        return data

    def has(self, picture: Picture) -> bool:
        """Return True if every file of a picture exists and is unaltered; this reads them."""
        try:
            for rendition in picture.renditions:
                self.read(rendition.name)
        except StoreError:
            return False
        return True

    def store(self, url: str, images: Sequence[EncodedImage], etag: str, last_modified: str, now: datetime) -> None:
        """Store the picture of a URL, largest image first. Raises StoreError."""
        renditions = [self._write_file(image) for image in images]
        row = (url, json.dumps([astuple(rendition) for rendition in renditions]), etag, last_modified, _to_unix(now))
        self._execute(_STORE, row)

    def touch(self, url: str, now: datetime) -> None:
        """Record that the stored picture of a URL is still current. Raises StoreError."""
        self._execute(_TOUCH, (_to_unix(now), url))

    def record_failure(self, url: str, error: str, now: datetime) -> None:
        """Record another failed request for a URL, whose picture stays. Raises StoreError."""
        self._execute(_RECORD_FAILURE, (url, _to_unix(now), error))

    def _file(self, name: str) -> Path:
        return self.root / name[:2] / name

    def _write_file(self, image: EncodedImage) -> Rendition:
        name = _content_name(image.data, image.media_type)
        path = self._file(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_file() or path.read_bytes() != image.data:
                atomic_write(path, image.data, mode=0o644, fsync=True)  # readable for other users too
        except OSError as error:
            raise StoreError(f"{path}: cannot store the picture: {error.strerror}") from error
        return Rendition(name, image.media_type, image.width, image.height, len(image.data))

    def _execute(self, statement: str, row: tuple[object, ...]) -> None:
        def write(connection: sqlite3.Connection) -> None:
            connection.execute(statement, row)

        self._database.write(write)


class PictureSet:
    """The stored pictures of some URLs; empty without a store."""

    def __init__(self, store: Store | None = None, urls: Iterable[str] = ()) -> None:
        self._store = store
        self._pictures = store.pictures(urls) if store else {}
        self._lost: set[str] = set()

    @property
    def names(self) -> list[tuple[str, list[str]]]:
        """The names of the renditions by URL, sorted and without lost ones: they identify the pictures."""
        names = [
            (url, [rendition.name for rendition in picture.renditions if rendition.name not in self._lost])
            for url, picture in sorted(self._pictures.items())
        ]
        return [(url, renditions) for url, renditions in names if renditions]

    @property
    def has_lost_files(self) -> bool:
        """True if `read` found a file missing or altered, which changes `names`."""
        return bool(self._lost)

    @property
    def stored(self) -> datetime | None:
        """When the newest of the pictures was stored."""
        return max((picture.stored for picture in self._pictures.values()), default=None)

    def get(self, url: str) -> Picture | None:
        """Return the picture of a URL."""
        return self._pictures.get(url)

    def __iter__(self) -> Iterator[Picture]:
        return iter(self._pictures.values())

    def read(self, rendition: Rendition) -> bytes | None:
        """Return the bytes of a rendition, or None if the store lost them."""
        try:
            return self._store.read(rendition.name) if self._store else None
        except StoreError as error:
            _log.warning("%s", error)
            self._lost.add(rendition.name)
            return None


def _read_records(connection: sqlite3.Connection, urls: Sequence[str]) -> dict[str, ImageRecord]:
    unique = list(dict.fromkeys(urls))
    batches = (unique[start : start + _URLS_PER_QUERY] for start in range(0, len(unique), _URLS_PER_QUERY))
    return {url: record for batch in batches for url, record in _select_records(connection, batch)}


def _select_records(connection: sqlite3.Connection, urls: Sequence[str]) -> Iterator[tuple[str, ImageRecord]]:
    rows = connection.execute(_SELECT.format(", ".join("?" * len(urls))), urls)
    for url, renditions_json, stored, etag, last_modified, checked, error, failures in rows:
        renditions = tuple(Rendition(*fields) for fields in json.loads(renditions_json))
        picture = Picture(renditions, _from_unix(stored)) if renditions else None
        yield url, ImageRecord(picture, etag, last_modified, _from_unix(checked), error, failures)


def _content_name(data: bytes, media_type: str) -> str:
    return hashlib.sha256(data).hexdigest() + _SUFFIXES[media_type]


def _to_unix(moment: datetime) -> int:
    return int(moment.timestamp())


def _from_unix(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
