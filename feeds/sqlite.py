"""Opens SQLite databases that threads and processes share, and tells their errors apart."""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from feeds.errors import StoreError

Result = TypeVar("Result")

_log = logging.getLogger(__name__)
_READER_TIMEOUT = 2.0  # seconds to wait for another process's commit
_WRITER_TIMEOUT = 60.0
_RECOVERABLE_ERRORS = (sqlite3.Error, OSError, ValueError, TypeError, OverflowError)  # the latter: invalid rows


def connect(path: Path, *, timeout: float, create: bool = True) -> sqlite3.Connection:
    """Open a database in autocommit mode; use `transaction` for changes.

    There is no read-only mode: after a writer was killed, the next reader has to roll back its transaction.

    Args:
        path: The file, in an existing folder.
        timeout: Seconds to wait for another connection's lock before SQLITE_BUSY.
        create: Create a file that is missing; otherwise that is an OperationalError.
    """
    uri = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
    connection = sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA cache_spill = OFF")  # a spill would lock readers out before the commit
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold the write lock; commit at the end, or roll back after an exception."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some errors have ended it already
            connection.execute("ROLLBACK")
        raise


def is_corrupt(error: BaseException) -> bool:
    """Return True if the file is damaged or not a database; False for a full disk or a lock."""
    is_garbled = str(error).startswith("Could not decode to UTF-8")  # which SQLite itself does not notice
    return is_garbled or _primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_busy(error: BaseException) -> bool:
    """Return True if another connection held its lock for longer than the timeout."""
    return _primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_read_only(error: BaseException) -> bool:
    """Return True if the file or its folder cannot be written."""
    # A journal that cannot be created is a file that cannot be opened.
    return _primary_code(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


class StoreDatabase:
    """The database of what was fetched. Reading creates nothing; a corrupt file is moved aside when it is written.

    Args:
        path: the file; a new schema needs a new name.
        schema: statements that create what is missing.
        name: what messages call it, such as `the picture store`.
    """

    def __init__(self, path: Path, schema: str, name: str) -> None:
        self.path = path
        self._schema = schema
        self._name = name
        self._read_error = ""

    @property
    def revision(self) -> str:
        """The version of the file, cheap to read: every write changes it. Empty if there is none."""
        try:
            # Not by opening the file: closing it would release the locks that SQLite holds in this process.
            status = os.stat(self.path)
        except OSError:
            return ""
        return f"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"

    def read(self, work: Callable[[sqlite3.Connection], Result]) -> Result | None:
        """Call `work` with a connection; None without a file. Raises StoreError."""
        return self._run(lambda: self._read(work))

    def try_read(self, work: Callable[[sqlite3.Connection], Result]) -> Result | None:
        """Call `work` with a connection; None without a file, or if it cannot be read: the log says why, once."""
        try:
            result, message = self._read(work), ""
        except _RECOVERABLE_ERRORS as error:
            result, message = None, f"{self.path}: cannot read {self._name}: {error}"
        if message and message != self._read_error:
            _log.warning("%s; continuing without it", message)
        self._read_error = message
        return result

    @property
    def is_readable(self) -> bool:
        """Whether the last `try_read` could read the file, or found none."""
        return not self._read_error

    def write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Call `work` with a connection in a transaction. Raises StoreError."""

        def run() -> None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(connect(self.path, timeout=_WRITER_TIMEOUT)) as connection:
                previous = os.stat(self.path).st_mtime_ns
                with transaction(connection):
                    for statement in self._schema.split(";\n"):
                        connection.execute(statement)
                    work(connection)
            self._advance_mtime(previous)

        self._run(run)

    def _read(self, work: Callable[[sqlite3.Connection], Result]) -> Result | None:
        try:
            with closing(connect(self.path, timeout=_READER_TIMEOUT, create=False)) as connection:
                return work(connection)
        except sqlite3.OperationalError as error:
            if os.path.exists(self.path) and not str(error).startswith("no such table"):
                raise
            return None  # there is no store, or another process is creating it

    def _advance_mtime(self, previous: int) -> None:
        """Give the file a new mtime for `revision`: two writes within one clock tick would have the same."""
        with suppress(PermissionError):  # another user's file
            status = os.stat(self.path)
            os.utime(self.path, ns=(status.st_atime_ns, max(status.st_mtime_ns, previous) + 1))

    def _run(self, work: Callable[[], Result]) -> Result:
        """Call `work`; if the database is corrupt, move it aside and call again, so that all is fetched again."""
        try:
            try:
                return work()
            except sqlite3.DatabaseError as error:
                if not is_corrupt(error):
                    raise
                _log.warning("%s: corrupt (%s); creating a new one", self.path, error)
                self.path.with_name(f"{self.path.name}-journal").unlink(missing_ok=True)
                os.replace(self.path, self.path.with_suffix(".broken"))
                return work()
        except _RECOVERABLE_ERRORS as error:
            raise StoreError(f"{self.path}: cannot use {self._name}: {error}") from error


def _primary_code(error: BaseException) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF  # https://sqlite.org/rescode.html
