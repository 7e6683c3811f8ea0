"""Opens SQLite databases that threads and processes share, and tells their errors apart."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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


def _primary_code(error: BaseException) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF  # https://sqlite.org/rescode.html
