"""One SQLite file that threads and processes share, and that is made anew whenever it is missing or broken.

It uses a rollback journal: a write-ahead log that somebody deletes alone would break the database.
"""

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from feeds.errors import ArchiveError

_WAIT = 60.0  # seconds that a process waits for another one's transaction

Result = TypeVar("Result")


class Database:
    """Runs work on a connection of the calling thread.

    `fill` brings a database that was just opened to where it must be; it runs once a connection. A file of
    another `version` is emptied and made anew.
    """

    def __init__(self, path: Path, schema: str, version: str, fill: Callable[[sqlite3.Connection], None]) -> None:
        self._path = path
        self._schema = schema
        self._version = version
        self._fill = fill
        self._local = threading.local()

    def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do work on the database; where the file proves to be broken, make it anew and do it again.

        Raises ArchiveError where there can be no such file or another process holds it for over a minute.
        """
        inode = self._inode()
        try:
            try:
                return work(self._connection())
            except sqlite3.DatabaseError as error:
                if _is_busy(error):
                    raise ArchiveError(f"{self._path}: another process holds the index: {error}") from error
                self._discard(inode)
                return work(self._connection())
        except (sqlite3.DatabaseError, OSError) as error:
            advice = "set FEEDS_INDEX to another file"
            raise ArchiveError(f"{self._path}: the index cannot be used: {error}; {advice}") from error

    def _connection(self) -> sqlite3.Connection:
        """Open the file once a thread, and again when it is another file or was made anew for another version."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        inode = self._inode()
        if connection is None or inode is None or self._local.inode != inode or _version(connection) != self._version:
            self._local.connection = connection = self._open()
            self._local.inode = self._inode()
            self._fill(connection)
        return connection

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
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY sql NOT LIKE 'CREATE VIRTUAL%'"
        for (name,) in connection.execute(tables).fetchall():
            connection.execute(f'DROP TABLE IF EXISTS "{name}"')  # virtual ones first: they drop their own
        for statement in self._schema.split(";\n"):
            connection.execute(statement)
        connection.execute("CREATE TABLE version (version TEXT NOT NULL)")
        connection.execute("INSERT INTO version VALUES (?)", (self._version,))

    def _discard(self, inode: int | None) -> None:
        """Delete a broken file, unless somebody has put another one in its place."""
        if self._inode() == inode:
            self._path.unlink(missing_ok=True)
            self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
        self._local.connection = None


class transaction:  # noqa: N801  # reads as a statement
    """Holds the write lock of a database; commits at the end or, after an exception, undoes everything."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def _version(connection: sqlite3.Connection) -> str | None:
    try:
        return str(connection.execute("SELECT version FROM version").fetchone()[0])
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
