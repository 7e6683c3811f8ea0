"""Tells digests that were removed on purpose from those that a fault took away, which are shown as last read.

- A digest that is gone while most others stay was removed on purpose. Its papers go at once.
- If more than a tenth of the digests are gone, and more than three, as while a folder is replaced, they are shown as
  last read for ten minutes. Those that are still gone then were removed on purpose.
- As long as it lasts, everything is shown as last read if the archive's folder is missing, cannot be read or holds no
  digest any more, as when a volume is not mounted; likewise what is in a subfolder that cannot be read.
- A digest that is there but cannot be read, or holds no day any more, is shown as last read until it is corrected or
  deleted.

A digest whose papers are all listed by other files does not count: it was moved, or only repeats them. Whoever means to
remove everything deletes the index as well; a new index shows the files as they are.

The index holds what is found, so that all processes agree and a restart changes nothing. The ten minutes are those of
the system's monotonic clock, which no change of the date moves; a restart of the system prolongs them.
"""

import os
import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from feeds.archive.files import FileTree, Signature

PATIENCE = 600.0
"""Seconds for which many digests that are gone at once are shown as last read."""

GONE = Signature(-1, -1, -1, -1)
"""In place of the signature of a file that is gone and shown as last read; no file has it."""

_MIN_SHARE = 10  # more than a tenth of the digests
_MIN_COUNT = 3

SCHEMA = """
CREATE TABLE faults (  -- the files that are shown as last read
    path BLOB PRIMARY KEY,
    size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, inode INTEGER,  -- of what is there now
    since REAL                          -- when many were found gone, by the monotonic clock; NULL if it does not matter
) WITHOUT ROWID"""


class Fault(NamedTuple):
    """Why a file is shown as last read: the signature of what is there now, and since when many others are gone too."""

    signature: Signature
    since: float | None = None


def read_faults(connection: sqlite3.Connection) -> dict[str, Fault]:
    """List the files that are shown as last read."""
    rows = connection.execute("SELECT path, size, mtime_ns, ctime_ns, inode, since FROM faults")
    return {os.fsdecode(path): Fault(Signature(*signature), since) for path, *signature, since in rows}


def write_fault(connection: sqlite3.Connection, path: str, fault: Fault) -> None:
    """Note that a file is shown as last read."""
    values = (os.fsencode(path), *fault.signature, fault.since)
    connection.execute("INSERT OR REPLACE INTO faults VALUES (?, ?, ?, ?, ?, ?)", values)


def clear_fault(connection: sqlite3.Connection, path: str) -> None:
    """Note that a file is shown as it is."""
    connection.execute("DELETE FROM faults WHERE path = ?", (os.fsencode(path),))


def find_losses(connection: sqlite3.Connection, paths: Iterable[str]) -> set[str]:
    """Find those of some files that list a paper which no other file lists on that day."""
    execute = connection.execute
    execute("CREATE TEMP TABLE lacking (path BLOB PRIMARY KEY)")
    connection.executemany("INSERT INTO lacking VALUES (?)", [(os.fsencode(path),) for path in set(paths)])
    rows = execute(_SELECT_LOSSES).fetchall()
    execute("DROP TABLE lacking")
    return {os.fsdecode(path) for (path,) in rows}


_SELECT_LOSSES = """
WITH
    lacked AS (SELECT DISTINCT slug, day FROM papers WHERE path IN (SELECT path FROM lacking)),
    lost AS (
        SELECT slug, day FROM papers WHERE (slug, day) IN lacked
        GROUP BY slug, day HAVING sum(path NOT IN (SELECT path FROM lacking)) = 0
    )
SELECT DISTINCT path FROM papers WHERE path IN (SELECT path FROM lacking) AND (slug, day) IN lost"""


def judge_missing(
    connection: sqlite3.Connection, tree: FileTree, missing: Collection[str], broken: Collection[str]
) -> Mapping[str, Fault | None]:
    """Judge files that are gone: the fault for which they are shown as last read, None for those to remove.

    Args:
        connection: the index.
        tree: the files of the archive.
        missing: the files that are gone.
        broken: the files that are there and shown as last read.
    """
    known = {path: fault for path, fault in read_faults(connection).items() if fault.signature == GONE}
    losses = find_losses(connection, [*missing, *broken]).intersection(missing)
    if not losses:
        return dict.fromkeys(missing)
    unreachable = _find_unreachable(tree, losses)
    (digests,) = connection.execute("SELECT count(DISTINCT path) FROM papers").fetchone()
    gone = losses - unreachable
    are_all = digests == len(with_papers(connection, [*missing, *broken]))
    are_few = len(gone) <= max(_MIN_COUNT, digests // _MIN_SHARE) and not any(path in known for path in gone)
    faults: dict[str, Fault | None] = dict.fromkeys(missing)
    faults |= dict.fromkeys(losses if are_all else unreachable, Fault(GONE))
    if not are_all and not are_few:
        now = time.monotonic()
        for path in gone:
            since = known[path].since if path in known else None
            if since is None or since > now:  # seen just now, or before the system was started
                since = now
            faults[path] = Fault(GONE, since) if now - since < PATIENCE else None
    return faults


def _find_unreachable(tree: FileTree, paths: Iterable[str]) -> set[str]:
    """Find the files of which it is unknown whether they exist."""
    folders: dict[str, bool] = {}
    unreachable = set()
    for path in paths:
        folder = os.path.dirname(path)
        if folder not in folders:
            folders[folder] = tree.is_unreachable(folder)
        if folders[folder]:
            unreachable.add(path)
    return unreachable


def with_papers(connection: sqlite3.Connection, paths: Iterable[str]) -> list[str]:
    """Return those of some files of which the index holds papers."""
    statement = "SELECT 1 FROM papers WHERE path = ? LIMIT 1"
    return [path for path in paths if connection.execute(statement, (os.fsencode(path),)).fetchone()]


def describe_faults(connection: sqlite3.Connection) -> list[str]:
    """Say which files are shown as last read, and why: a phrase for each cause."""
    faults = read_faults(connection)
    gone = [fault for fault in faults.values() if fault.signature == GONE]
    waiting = sum(fault.since is not None for fault in gone)
    broken = [path for path, fault in faults.items() if fault.signature != GONE]
    causes = []
    if len(gone) > waiting:
        cause = "gone with all others or in a folder that cannot be read; delete the index if they were meant to go"
        causes.append(f"{_count(len(gone) - waiting)} {cause}")
    if waiting:
        causes.append(f"{_count(waiting)} gone at once, to be removed if they stay so for {PATIENCE / 60:.0f} minutes")
    if broken:
        first = os.fsencode(min(broken)).decode(errors="replace")
        others = f" and {len(broken) - 1:,} more" if len(broken) > 1 else ""
        causes.append(f"{first}{others}, of which no day can be read")
    return causes


def _count(files: int) -> str:
    return f"{files:,} digest{'s' if files > 1 else ''}"
