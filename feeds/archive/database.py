"""The SQLite file of an index: opened once per thread, and recreated if it is missing, corrupt or outdated.

It uses a rollback journal: a write-ahead log that somebody deletes on its own would corrupt the database.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from feeds import sqlite
from feeds.errors import ArchiveError

_LOCK_TIMEOUT = 60.0  # seconds to wait for another process's transaction
_ATTEMPTS = 6  # each time the file may have been deleted in between
_PAUSE = 0.05  # seconds before the second attempt, growing
_APPLICATION_ID = 0x44504644  # "DPFD": tells our files from other databases
_HINT = "set FEEDS_INDEX to another file"

Result = TypeVar("Result")


class Database:
    """A database that threads and processes share; each thread has a connection of its own.

    `fill` brings a newly opened database up to date; it runs once per connection. One of our files with another
    `version` is emptied and filled again. A foreign database is never touched, nor is any other file unless it is
    called `*.sqlite`.
    """

    def __init__(self, path: Path, schema: str, version: str, fill: Callable[[sqlite3.Connection], None]) -> None:
        self._path = path
        self._schema = schema
        self._version = version
        self._fill = fill
        self._local = threading.local()

    def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Call `work` with the thread's connection, again with a recreated file if it proves corrupt or missing.

        Raises ArchiveError if the file cannot be created, or another process locks it for over a minute.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            inode = self._inode()
            try:
                return work(self._connection())
            except (sqlite3.DatabaseError, OSError) as error:
                self.close()
                if sqlite.is_busy(error):
                    raise ArchiveError(f"{self._path}: another process holds the index: {error}") from error
                if attempt == _ATTEMPTS:
                    reason = getattr(error, "strerror", None) or error
                    raise ArchiveError(f"{self._path}: the index cannot be used: {reason}; {_HINT}") from error
                time.sleep(_PAUSE * attempt)
                if _is_unusable(error):
                    self._discard(inode)
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def read_transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the thread's connection a consistent view of the database. Corruption is found when it begins.

        Raises ArchiveError as `run` does; also where the file is damaged during the transaction.
        """
        connection = self.run(_begin)
        try:
            yield connection
        except sqlite3.DatabaseError as error:
            inode = self._inode()
            self.close()
            if _is_unusable(error):
                self._discard(inode)
            raise ArchiveError(f"{self._path}: the index cannot be read: {error}; try again") from error
        finally:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the calling thread's connection, for example before a fork; the next use opens another."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection:
            connection.close()

    def _connection(self) -> sqlite3.Connection:
        """Return the thread's connection; reopen it if the file was replaced or emptied for another version."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection and self._local.inode == self._inode() and _read_version(connection) == self._version:
            return connection
        self.close()
        connection = self._open()
        self._fill(connection)
        self._local.inode = self._inode()
        self._local.connection = connection
        return connection

    def _inode(self) -> int | None:
        try:
            return os.stat(self._path).st_ino
        except OSError:
            return None

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite.connect(self._path, timeout=_LOCK_TIMEOUT)
        if _read_version(connection) != self._version:
            with sqlite.transaction(connection):
                if _read_version(connection) != self._version:
                    self._create(connection)
        return connection

    def _create(self, connection: sqlite3.Connection) -> None:
        tables = [name for (name,) in connection.execute(_SELECT_TABLES)]
        if tables and connection.execute("PRAGMA application_id").fetchone() != (_APPLICATION_ID,):
            raise ArchiveError(f"{self._path}: a database that is not ours; {_HINT}")
        for name in tables:
            connection.execute(f'DROP TABLE IF EXISTS "{name}"')
        for statement in self._schema.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute("CREATE TABLE version (version TEXT NOT NULL)")
        connection.execute("INSERT INTO version VALUES (?)", (self._version,))

    def _discard(self, inode: int | None) -> None:
        """Delete a corrupt file, unless it was replaced in the meantime or may not be an index."""
        if inode is None or self._inode() != inode:
            return
        if not _may_delete(self._path):
            raise ArchiveError(f"{self._path}: not an index of ours; delete it or {_HINT}")
        try:
            self._path.unlink(missing_ok=True)
            self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
        except OSError as error:
            raise ArchiveError(f"{self._path}: corrupt, and cannot be deleted: {error.strerror}") from error


# Virtual tables first: dropping one drops its shadow tables.
_SELECT_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    " ORDER BY sql NOT LIKE 'CREATE VIRTUAL%'"
)


def _begin(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("BEGIN")
    try:
        _read_version(connection)  # SQLite takes the lock and looks at the file at the first read
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return connection


def _read_version(connection: sqlite3.Connection) -> str | None:
    try:
        row = connection.execute("SELECT version FROM version").fetchone()
    except sqlite3.OperationalError as error:
        if str(error).startswith("no such"):
            return None
        raise
    return str(row[0]) if row else None


def _is_unusable(error: Exception) -> bool:
    """Return True for a corrupt file or a missing table; a full disk, for one, is no reason to delete the index."""
    return sqlite.is_corrupt(error) or str(error).startswith("no such")


def _may_delete(path: Path) -> bool:
    """Return True if a corrupt file is safe to delete: it has our application id, or is at least called `*.sqlite`."""
    if path.suffix == ".sqlite":
        return True
    try:
        with path.open("rb") as file:
            header = file.read(100)  # https://sqlite.org/fileformat.html section 1.3
    except OSError:
        return False
    return header[68:72] == _APPLICATION_ID.to_bytes(4, "big") or not header
