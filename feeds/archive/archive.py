"""Keeps the index of a folder of digests up to date, and gives out snapshots of it."""

import hashlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

from feeds import sqlite
from feeds.archive import index
from feeds.archive.calendar import NewestState
from feeds.archive.database import Database
from feeds.archive.faults import describe_faults
from feeds.archive.files import FileTree, Signature, read_file
from feeds.archive.records import MAX_FILE_SIZE, Reading, hash_content
from feeds.archive.snapshot import LatestLimits, Snapshot
from feeds.archive.survey import Survey, survey
from feeds.errors import ArchiveError
from feeds.files import user_cache_dir
from feeds.metadata.store import MetadataStore
from feeds.model.diagnostic import Severity
from feeds.model.keys import SearchKey
from feeds.progress import Progress, no_progress
from feeds.readers import registry
from feeds.readers.registry import ArchiveReader

Result = TypeVar("Result")

_log = logging.getLogger(__name__)
_SCAN_SHARE = 20  # at most 1/20 of the wall time is spent on scanning for changed files
_MAX_SCAN_INTERVAL = 2.0  # seconds


def default_index(root: Path, environ: Mapping[str, str]) -> Path:
    """Return the path of an archive's index: $FEEDS_INDEX, or a file in the user's cache folder."""
    if environ.get("FEEDS_INDEX"):
        return Path(environ["FEEDS_INDEX"])
    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    return user_cache_dir(environ) / f"{name}.sqlite"


class Archive:
    """The days under a folder.

    Threads may share an archive, and any number of processes share its index. Snapshots show the files as they were at
    the last `sync`.

    Args:
        root: the folder.
        index_path: the file of the index.
        latest: the size of the edition `latest`.
        progress: shows the files that are read.
        last_day: returns the last day that snapshots show at the moment; by default they show all.
        topics: searches to watch: their results are kept, and cost nothing more when asked for.
        reader: reads the files; by default `daily-papers`.
        patterns: which files it is shown, such as `data/*.jsonl`; by default all that have its suffixes.
        metadata: completes the papers; by default nothing does.
        language: which of two listings of a paper on a day is kept, if they are in several; by default the fuller one.
    """

    def __init__(
        self,
        root: Path,
        index_path: Path,
        latest: LatestLimits = LatestLimits(),  # noqa: B008  # immutable
        progress: Progress = no_progress,
        last_day: Callable[[], date] = lambda: date.max,
        topics: Iterable[SearchKey] = (),
        reader: ArchiveReader | None = None,
        patterns: Sequence[str] = (),
        metadata: MetadataStore | None = None,
        language: str = "",
    ) -> None:
        self.root = root.resolve()
        self.index_path = index_path
        self._latest = latest
        self._topics = tuple(topics)
        self._progress = progress
        self._last_day = last_day
        self.reader = reader or registry.load().select(["daily-papers"])
        self._reading = Reading(
            self.reader,
            tuple(dict.fromkeys(filter(None, (topic.query.clauses for topic in self._topics)))),
            metadata or MetadataStore(Path(os.devnull)),  # where there is none
            language,
        )
        self._patterns = tuple(patterns)
        self._tree = FileTree(self.root, self.reader.suffixes, patterns)
        self.index_version = index.index_version(self.root, f"{self.reader.fingerprint} {patterns} {language}")
        self._metadata_revision = ""  # at the last sync
        self._lock = threading.RLock()
        self._files: dict[str, Signature] | None = None  # as the index held them at the last sync
        self._identity = ""  # of that index
        self._revision = ""
        self._degradation = ""
        self._last_scan = self._next_scan = 0.0
        self._newest = NewestState()
        self._database = Database(index_path, index.SCHEMA, self.index_version, self._fill)

    @property
    def revision(self) -> str:
        """Identify what snapshots showed at the last `sync`."""
        return self._revision

    @property
    def age(self) -> float:
        """How many seconds ago the files were last looked at."""
        return time.monotonic() - self._last_scan

    @property
    def is_due(self) -> bool:
        """Whether `sync_if_due` would look at the files now: the time has come, and no other thread is doing so."""
        if time.monotonic() < self._next_scan or not self._lock.acquire(blocking=False):
            return False
        self._lock.release()
        return True

    @property
    def degradation(self) -> str:
        """Say in one line why snapshots do not show the files as they were at the last `sync`; empty if they do.

        See `feeds.archive.faults`. The line names no path but those inside the folder.
        """
        return self._degradation

    def sync_if_due(self) -> None:
        """Bring the index up to date if the last time is long enough ago; cheap when called again and again.

        Looks take at most a twentieth of the time, and happen at least every two seconds. New and deleted files are
        found at once, changes of old files among thousands within minutes: see `FileTree.find_changes`. Only the first
        call waits for a look that another thread is taking. Raises as `sync` does.
        """
        if time.monotonic() < self._next_scan or not self._lock.acquire(blocking=self._files is None):
            return
        try:
            started = time.monotonic()
            self._sync(self._find_changes)
            now = self._last_scan = time.monotonic()
            self._next_scan = now + min((now - started) * _SCAN_SHARE, _MAX_SCAN_INTERVAL)
        finally:
            self._lock.release()

    def sync(self, *, thorough: bool = True) -> None:
        """Bring the index up to date with all files, or at a bounded cost with those of `FileTree.find_changes`.

        What cannot be read any more is shown as last read, and `degradation` and the log say so. Raises ArchiveError if
        the folder cannot be read and was never indexed, or the index cannot be used.
        """
        with self._lock:
            self._sync(self._scan if thorough else self._find_changes)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Read the archive in one transaction of the index. Keep it short: writers wait for its end.

        Raises ArchiveError if the index cannot be used.
        """
        with self._database.read_transaction() as connection:
            yield self._snapshot(connection)

    def survey(self) -> Survey:
        """Look at the folder for what may be the reason that no day was found."""
        return survey(self.root, self._shown_readers().suffixes, self._patterns)

    def reason_for_no_days(self) -> str:
        """Say in one line why snapshots show no day; empty if they show one."""
        with self.snapshot() as snapshot:
            calendar, unpublished = snapshot.calendar(), snapshot.unpublished_days()
            if calendar:
                return ""
            faulty = {item.path for item in snapshot.diagnostics() if item.severity is Severity.ERROR}
        if unpublished:
            return f"all days lie in the future, from {unpublished[0]} on; correct the dates, or wait for them"
        found, nearest = self.survey(), self.reader.name if self.reader.is_detected else ""
        return f"no day found; {found}; {found.advice(self._shown_readers().names, nearest, len(faulty))}"

    def _shown_readers(self) -> ArchiveReader:
        """Return the readers that the files were shown to: all, unless the settings name some."""
        if not self.reader.is_detected:
            return self.reader
        readers = registry.load()
        return readers.select(readers.names())

    def run_in_index(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Call `work` with a connection to the index; it may be called again if the index has to be recreated."""
        return self._database.run(work)

    def close(self) -> None:
        """Close the calling thread's connection to the index, for example before a fork."""
        self._database.close()

    def _snapshot(self, connection: sqlite3.Connection) -> Snapshot:
        return Snapshot(connection, self._latest, self._newest, self._last_day(), self._topics)

    def _sync(self, find_changes: Callable[[dict[str, Signature]], Collection[str]]) -> None:
        """Update the index with the files that `find_changes` finds, given those that the index holds."""
        problem = ""
        try:
            if self._files is None:
                self._database.run(self._synchronize_first)
            elif (paths := find_changes(self._files)) or self._reading.metadata.revision != self._metadata_revision:
                self._database.run(partial(self._synchronize, paths=paths))
        except ArchiveError as error:
            if not self._database.run(index.read_revision):
                raise
            problem = self._without_paths(str(error))
        # Other processes update the index too, and days are published by the clock.
        self._revision, causes = self._database.run(
            lambda connection: (self._snapshot(connection).revision, describe_faults(connection))
        )
        causes = [problem] if problem else causes
        degradation = f"shown as last read: {'; '.join(causes)}" if causes else ""
        if degradation != self._degradation:
            if degradation:
                _log.warning("%s: %s", self.root, degradation)
            else:
                _log.warning("%s: the files are shown as they are again", self.root)
        self._degradation = degradation

    def _without_paths(self, message: str) -> str:
        message = message.removeprefix(f"{self.index_path}: ").replace(str(self.index_path), "the index")
        return message.replace(str(self.root), "the archive's folder")

    def _synchronize_first(self, connection: sqlite3.Connection) -> None:
        """Bring the index up to date, unless that was done when it was opened."""
        if self._files is None:
            self._synchronize(connection)

    def _find_changes(self, known: dict[str, Signature]) -> Collection[str]:
        return self._tree.find_changes(known)

    def _scan(self, known: dict[str, Signature]) -> Collection[str]:
        return {path for path, _ in known.items() ^ self._tree.scan().items()}

    def _synchronize(self, connection: sqlite3.Connection, paths: Collection[str] | None = None) -> None:
        if self._files is None:
            paths = None
        held: Mapping[str, Signature | None]
        metadata_revision = self._reading.metadata.revision
        try:
            held = index.synchronize(connection, self._tree, self._reading, self._progress, paths)
        except sqlite3.OperationalError as error:
            if not sqlite.is_read_only(error) or not index.read_revision(connection):
                raise
            held = self._require_no_changes(connection)
        files = {} if paths is None or self._files is None else self._files
        for path, signature in held.items():
            if signature is None:
                files.pop(path, None)
            else:
                files[path] = signature
        self._files = files
        self._metadata_revision = metadata_revision
        self._identity = index.read_identity(connection)

    def _require_no_changes(self, connection: sqlite3.Connection) -> Mapping[str, Signature]:
        """Return the files of an index that cannot be written. Raises ArchiveError if their contents have changed."""
        held, hashes, scanned = index.read_signatures(connection), index.read_hashes(connection), self._tree.scan()
        changed = {path for path, _ in held.items() ^ scanned.items() if not self._has_hash(path, hashes.get(path))}
        if changed:
            files = f"{len(changed):,} files have" if len(changed) > 1 else "1 file has"
            hint = "make it writable, or set FEEDS_INDEX to another file"
            raise ArchiveError(f"{self.index_path}: the index cannot be written, and {files} changed; {hint}")
        return scanned

    def _has_hash(self, path: str, content_hash: bytes | None) -> bool:
        try:
            return hash_content(read_file(self.root / path, MAX_FILE_SIZE)) == content_hash
        except OSError:
            return content_hash == b""

    def _fill(self, connection: sqlite3.Connection) -> None:
        """Bring an index up to date that a thread has opened, unless it is the one that was synchronized before."""
        if self._files is not None and index.read_identity(connection) == self._identity:
            return
        try:
            self._synchronize(connection)
        except (ArchiveError, sqlite3.OperationalError):
            if not index.read_revision(connection):
                raise  # otherwise the folder is gone or the disk full, and the index is as it was
