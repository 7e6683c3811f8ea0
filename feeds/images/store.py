"""The store of pictures on disk: files named by their content, and which address has which."""

import hashlib
import json
import logging
import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from feeds.archive import files as folder
from feeds.archive.database import transaction
from feeds.images.picture import Converted, Picture, Rendition, Source, StoreError

Result = TypeVar("Result")

_log = logging.getLogger(__name__)
_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png"}
_READER_WAIT = 2.0  # seconds for another process's commit
_WRITER_WAIT = 60.0
_TROUBLE = (sqlite3.Error, OSError, ValueError, TypeError, OverflowError)  # also with what rows hold
_ASKED_AT_ONCE = 500  # addresses in one statement; SQLite allows 32,766

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (
    url TEXT PRIMARY KEY,
    renditions TEXT NOT NULL, stored INTEGER,  -- JSON and seconds since 1970; [] and NULL where there is no picture
    etag TEXT NOT NULL, last_modified TEXT NOT NULL,
    checked INTEGER NOT NULL, error TEXT NOT NULL, failures INTEGER NOT NULL  -- in a row, up to `checked`
) WITHOUT ROWID
"""


def default_store(environ: Mapping[str, str]) -> Path:
    """Say where the store is: $FEEDS_IMAGES, or a folder in the user's cache folder."""
    if environ.get("FEEDS_IMAGES"):
        return Path(environ["FEEDS_IMAGES"])
    return folder.cache(environ) / "images"


class Store:
    """The pictures in a folder, which threads and processes share.

    Reading makes no folder. Whoever writes puts files in place first and then the row that names them, so that it may
    be killed at any moment.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._path = root / "pictures-1.sqlite"  # another schema gets another number
        self._lock = threading.Lock()
        self._known: tuple[str, dict[str, Picture | None]] = ("", {})
        self._trouble = ""

    @property
    def state(self) -> str:
        """Name what the store holds: another name after every change, by whichever process; empty without a store.

        It takes microseconds.
        """
        try:
            # To open the file would be wrong: closing it ends the locks that SQLite has in this process.
            status = os.stat(self._path)
        except OSError:
            return ""
        return f"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"

    def pictures(self, urls: Iterable[str]) -> dict[str, Picture]:
        """Find the pictures of those addresses that have one.

        A store that is missing, broken or locked has none; why is logged once.
        """
        asked = list(urls)
        with self._lock:
            state = self.state
            known = self._known[1] if self._known[0] == state else {}
            missing = [url for url in dict.fromkeys(asked) if url not in known]
            if missing and state:
                known = known | self._look_up(missing)
            if self.state == state and not self._trouble:
                self._known = (state, known)
            return {url: picture for url in asked if (picture := known.get(url))}

    def _look_up(self, urls: Sequence[str]) -> dict[str, Picture | None]:
        try:
            found, trouble = self._find(urls), ""
        except _TROUBLE as error:
            found, trouble = {}, f"{self._path}: the store of pictures cannot be read: {error}"
        if trouble and trouble != self._trouble:
            _log.warning("%s; going without pictures", trouble)
        self._trouble = trouble
        return {url: found[url].picture if url in found else None for url in urls}

    def sources(self, urls: Iterable[str]) -> dict[str, Source]:
        """Tell what is known of those addresses of which anything is. Raises StoreError where it cannot be read."""
        return self._mended(lambda: self._find(urls))

    def _find(self, urls: Iterable[str]) -> dict[str, Source]:
        asked = iter(dict.fromkeys(urls))
        found: dict[str, Source] = {}
        try:
            with _opened(f"{self._path.absolute().as_uri()}?mode=rw", _READER_WAIT) as connection:
                while some := list(islice(asked, _ASKED_AT_ONCE)):
                    found |= _sources(connection, some)
        except sqlite3.OperationalError as error:
            if os.path.exists(self._path) and not str(error).startswith("no such table"):
                raise
            return {}  # no store yet, or one that is being made
        return found

    def read(self, rendition: Rendition) -> bytes:
        """Read the bytes of a rendition. Raises StoreError where they are not there or not those."""
        path = self._file(rendition.name)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path}: a picture cannot be read: {error.strerror}") from error
        if _name(data, rendition.media_type) != rendition.name:
            raise StoreError(f"{path}: a picture has been altered; `feeds images` fetches it again")
        return data

    def has(self, picture: Picture) -> bool:
        """Whether every file of a picture is there and whole; this reads them."""
        try:
            for rendition in picture.renditions:
                self.read(rendition)
        except StoreError:
            return False
        return True

    def keep(self, url: str, converted: Sequence[Converted], etag: str, last_modified: str, now: datetime) -> None:
        """Store the renditions of the picture at an address, the largest first. Raises StoreError."""
        renditions = [self._write(each) for each in converted]
        row = (url, json.dumps([astuple(each) for each in renditions]), etag, last_modified, _seconds(now))
        self._change(lambda connection: connection.execute(_KEEP, row))

    def confirm(self, url: str, now: datetime) -> None:
        """Note that the picture at an address is still the same. Raises StoreError."""
        row = (_seconds(now), url)
        self._change(lambda connection: connection.execute(_CONFIRM, row))

    def fail(self, url: str, error: str, now: datetime) -> None:
        """Note that an address gave no picture once more; one that it gave before stays. Raises StoreError."""
        row = (url, _seconds(now), error)
        self._change(lambda connection: connection.execute(_FAIL, row))

    def _file(self, name: str) -> Path:
        return self.root / name[:2] / name

    def _write(self, converted: Converted) -> Rendition:
        name = _name(converted.data, converted.media_type)
        rendition = Rendition(name, converted.media_type, converted.width, converted.height, len(converted.data))
        path = self._file(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_file() or path.read_bytes() != converted.data:
                _replace(path, converted.data)
        except OSError as error:
            raise StoreError(f"{path}: a picture cannot be stored: {error.strerror}") from error
        return rendition

    def _change(self, work: Callable[[sqlite3.Connection], object]) -> None:
        self._mended(lambda: self._run(work))

    def _run(self, work: Callable[[sqlite3.Connection], object]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        with _opened(self._path.absolute().as_uri(), _WRITER_WAIT) as connection:
            before = os.stat(self._path).st_mtime_ns
            with transaction(connection):
                connection.execute(_SCHEMA)
                work(connection)
        self._stamp(before)

    def _stamp(self, before: int) -> None:
        """Give the file a time that it did not have; changes within a tick of the system's clock have the same."""
        with suppress(PermissionError):  # the file of another user
            status = os.stat(self._path)
            os.utime(self._path, ns=(status.st_atime_ns, max(status.st_mtime_ns, before) + 1))

    def _mended(self, work: Callable[[], Result]) -> Result:
        """Do work on the database; one that is broken is put aside, and its pictures will be fetched again."""
        try:
            try:
                return work()
            except sqlite3.DatabaseError as error:
                if not _is_broken(error):
                    raise
                _log.warning("%s: broken (%s); making it anew", self._path, error)
                self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
                os.replace(self._path, self._path.with_suffix(".broken"))
                return work()
        except _TROUBLE as error:
            raise StoreError(f"{self._path}: the store of pictures cannot be used: {error}") from error


class Album:
    """Some of the pictures of a store, by their addresses; without a store, none."""

    def __init__(self, store: Store | None = None, urls: Iterable[str] = ()) -> None:
        self._store = store
        self._held = store.pictures(urls) if store else {}
        self._lost: set[str] = set()

    @property
    def names(self) -> list[tuple[str, list[str]]]:
        """Name, by address, what may be read out of it: other names for other pictures."""
        found = [
            (url, [each.name for each in picture.renditions if each.name not in self._lost])
            for url, picture in sorted(self._held.items())
        ]
        return [(url, names) for url, names in found if names]

    @property
    def stored(self) -> datetime | None:
        """Tell since when it looks so."""
        return max((picture.stored for picture in self._held.values()), default=None)

    def get(self, url: str) -> Picture | None:
        """Find the picture at an address."""
        return self._held.get(url)

    def read(self, rendition: Rendition) -> bytes | None:
        """Read a rendition; None where the store has lost it."""
        try:
            return self._store.read(rendition) if self._store else None
        except StoreError as error:
            _log.warning("%s", error)
            self._lost.add(rendition.name)
            return None


# The same picture at another check has been here since the first.
_KEEP = """
INSERT INTO sources (url, renditions, etag, last_modified, checked, stored, error, failures)
VALUES (?1, ?2, ?3, ?4, ?5, ?5, '', 0)
ON CONFLICT (url) DO UPDATE SET
    stored = CASE WHEN renditions = ?2 THEN stored ELSE ?5 END,
    renditions = ?2, etag = ?3, last_modified = ?4, checked = ?5, error = '', failures = 0
"""
_CONFIRM = "UPDATE sources SET checked = ?, error = '', failures = 0 WHERE url = ?"
_FAIL = """
INSERT INTO sources (url, renditions, etag, last_modified, checked, error, failures)
VALUES (?1, '[]', '', '', ?2, ?3, 1)
ON CONFLICT (url) DO UPDATE SET checked = ?2, error = ?3, failures = failures + 1
"""
_FIND = "SELECT url, renditions, stored, etag, last_modified, checked, error, failures FROM sources WHERE url IN ({})"


@contextmanager
def _opened(address: str, wait: float) -> Iterator[sqlite3.Connection]:
    # Read only would not do even for readers: they have to roll back what a killed writer left.
    with closing(sqlite3.connect(address, uri=True, timeout=wait, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_spill = OFF")  # a spill would lock readers out before the commit
        yield connection


def _sources(connection: sqlite3.Connection, urls: Sequence[str]) -> Iterator[tuple[str, Source]]:
    rows = connection.execute(_FIND.format(", ".join("?" * len(urls))), urls)
    for url, renditions, stored, etag, last_modified, checked, error, failures in rows:
        found = tuple(Rendition(*each) for each in json.loads(renditions))
        picture = Picture(found, _time(stored)) if found else None
        yield url, Source(picture, etag, last_modified, _time(checked), error, failures)


def _name(data: bytes, media_type: str) -> str:
    return hashlib.sha256(data).hexdigest() + _SUFFIXES[media_type]


def _replace(path: Path, data: bytes) -> None:
    """Put a file in place whole, or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".tmp", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, 0o644)  # not only for whoever fetched it
            os.replace(file.name, path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _is_broken(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # https://sqlite.org/rescode.html
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
