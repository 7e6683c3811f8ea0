"""One SQLite file that threads and processes share, and that is made anew whenever it is missing or broken.

It uses a rollback journal: a write-ahead log that somebody deletes alone would break the database.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from feeds.errors import ArchiveError

_WAIT = 60.0  # seconds that a process waits for another one's transaction
_TRIES = 6  # each time the file may have been deleted under our hands
_PAUSE = 0.05  # seconds between two tries, growing
_OURS = 0x44504644  # "DPFD": tells our file from anybody else's database
_ADVICE = "set FEEDS_INDEX to another file"

Result = TypeVar("Result")


class Database:
    """Runs work on a connection of the calling thread.

    `fill` brings a database that was just opened to where it must be; it runs once a connection. A file of ours of
    another `version` is emptied and made anew. A database of somebody else is never touched, nor is another file,
    unless it is called `*.sqlite`.
    """

    def __init__(self, path: Path, schema: str, version: str, fill: Callable[[sqlite3.Connection], None]) -> None:
        self._path = path
        self._schema = schema
        self._version = version
        self._fill = fill
        self._local = threading.local()

    def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do work on the database; where the file proves to be broken or gone, make it anew and do it again.

        Raises ArchiveError where there can be no such file or another process holds it for over a minute.
        """
        for tried in range(1, _TRIES + 1):
            inode = self._inode()
            try:
                return work(self._connection())
            except (sqlite3.DatabaseError, OSError) as error:
                self.close()
                if _is_busy(error):
                    raise ArchiveError(f"{self._path}: another process holds the index: {error}") from error
                if tried == _TRIES:
                    raise ArchiveError(f"{self._path}: the index cannot be used: {error}; {_ADVICE}") from error
                time.sleep(_PAUSE * tried)
                if _is_broken(error):
                    self._discard(inode)
        raise AssertionError("the last try returns or raises")

    def _connection(self) -> sqlite3.Connection:
        """Open the file once a thread, and again when it is another file or was made anew for another version."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection and self._local.inode == self._inode() and _version(connection) == self._version:
            return connection
        self.close()
        connection = self._open()
        self._fill(connection)
        self._local.inode = self._inode()
        self._local.connection = connection
        return connection

    def close(self) -> None:
        """Let go of the calling thread's connection, before a fork for one; the next work opens another."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection:
            connection.close()

    def _inode(self) -> int | None:
        try:
            return os.stat(self._path).st_ino
        except OSError:
            return None

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA cache_spill = OFF")  # a spill would lock readers out before the commit
        if _version(connection) != self._version:
            with transaction(connection):
                if _version(connection) != self._version:
                    self._make(connection)
        return connection

    def _make(self, connection: sqlite3.Connection) -> None:
        tables = [name for (name,) in connection.execute(_TABLES)]
        if tables and connection.execute("PRAGMA application_id").fetchone() != (_OURS,):
            raise ArchiveError(f"{self._path}: a database of somebody else; {_ADVICE}")
        for name in tables:
            connection.execute(f'DROP TABLE IF EXISTS "{name}"')
        for statement in self._schema.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_OURS}")
        connection.execute("CREATE TABLE version (version TEXT NOT NULL)")
        connection.execute("INSERT INTO version VALUES (?)", (self._version,))

    def _discard(self, inode: int | None) -> None:
        """Delete a broken file, unless somebody has put another one in its place or it may be no index at all."""
        if inode is None or self._inode() != inode:
            return
        if not _looks_like_index(self._path):
            raise ArchiveError(f"{self._path}: no index of ours; delete it or {_ADVICE}")
        try:
            self._path.unlink(missing_ok=True)
            self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
        except OSError as error:
            raise ArchiveError(f"{self._path}: broken, and cannot be deleted: {error.strerror}") from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold the write lock of a database; commit at the end or, after an exception, undo everything."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some errors have ended it already
            connection.execute("ROLLBACK")
        raise


# Virtual tables first: they drop the tables of their own.
_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    " ORDER BY sql NOT LIKE 'CREATE VIRTUAL%'"
)


def _version(connection: sqlite3.Connection) -> str | None:
    try:
        row = connection.execute("SELECT version FROM version").fetchone()
    except sqlite3.OperationalError as error:
        if str(error).startswith("no such"):
            return None
        raise
    return str(row[0]) if row else None


def _is_busy(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _is_broken(error: Exception) -> bool:
    """Whether a file is no good any more; a full disk, for one, is no reason to delete it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # https://sqlite.org/rescode.html
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or str(error).startswith("no such")


def _looks_like_index(path: Path) -> bool:
    """Whether nobody would miss a broken file: it is a database of ours, or is at least called one."""
    if path.suffix == ".sqlite":
        return True
    try:
        with path.open("rb") as file:
            header = file.read(100)  # https://sqlite.org/fileformat.html section 1.3
    except OSError:
        return False
    return header[68:72] == _OURS.to_bytes(4, "big") or not header
