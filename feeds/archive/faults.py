"""Tells digests that were removed on purpose from those that a fault took away, which are shown as last read.

- A digest that is gone while most others stay was removed on purpose. Its papers go at once.
- If more than a tenth of the digests are gone, and more than three, as while a folder is replaced, they are shown as
  last read for ten minutes. Those that are still gone then were removed on purpose, except where their folder is there
  and empty, as when a volume is not mounted: they are shown as long as that lasts.
- As long as it lasts, everything is shown as last read if the archive's folder is missing, cannot be read or holds no
  digest any more; likewise what is in a subfolder that cannot be read.
- A digest that is there but cannot be read, or holds no day any more, or errors in place of its papers, is shown as
  last read until it is corrected or deleted. One that has lost more than half of its papers, as while it is written,
  is shown as last read for ten minutes.

A digest whose papers are all listed by other files does not count: it was moved, or only repeats them. To remove
everything on purpose, delete the index as well; a new index shows the files as they are.

The index holds what is found, so that all processes agree and a restart changes nothing. The ten minutes are those of
the system's monotonic clock, which no change of the date moves; a restart of the system prolongs them.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from feeds.archive.files import FileTree, Signature
from feeds.archive.records import FileRecord
from feeds.model.diagnostic import Severity

PATIENCE = 600.0
"""Seconds for which many digests that are gone at once are shown as last read."""

GONE = Signature(-1, -1, -1, -1)
"""In place of the signature of a file that is gone and shown as last read; no file has it."""

_MIN_SHORTENED = 5  # papers that a digest had before
_MIN_SHARE = 10  # more than a tenth of the digests
_MIN_COUNT = 3

SCHEMA = """
CREATE TABLE faults (  -- the files that are shown as last read
    path BLOB PRIMARY KEY,
    size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, inode INTEGER,  -- of the present file
    since REAL  -- from when on ten minutes are waited, by the monotonic clock; NULL to wait for ever
) WITHOUT ROWID"""


class Fault(NamedTuple):
    """Why a file is shown as last read.

    Attributes:
        signature: that of the present file.
        since: from when on ten minutes are waited, by the monotonic clock; None for as long as the fault lasts.
    """

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
    lacked AS (
        SELECT DISTINCT slug, day FROM papers WHERE path IN (SELECT path FROM lacking) AND NOT (is_inferred AND EXISTS (
            SELECT * FROM papers AS own WHERE own.slug = papers.slug AND NOT own.is_inferred
        ))
    ),
    lost AS (
        SELECT slug, day FROM papers WHERE (slug, day) IN lacked
        GROUP BY slug, day HAVING sum(path NOT IN (SELECT path FROM lacking)) = 0
    )
SELECT DISTINCT path FROM papers WHERE path IN (SELECT path FROM lacking) AND (slug, day) IN lost"""


def is_broken(record: FileRecord) -> bool:
    """Whether a file that had papers has none any more, and not on purpose."""
    is_wrong = not record.days or any(item.severity is Severity.ERROR for item in record.diagnostics)
    return is_wrong and not record.papers


def is_shortened(record: FileRecord, papers: int) -> bool:
    """Whether a file that had some papers has lost more than half of them."""
    return papers >= _MIN_SHORTENED and 2 * len(record.papers) < papers


def judge_broken(record: FileRecord, signature: Signature, known: Fault | None) -> Fault | None:
    """Judge a file that is broken or shortened: the fault for which it is shown as last read, None if on purpose."""
    return Fault(signature) if is_broken(record) else _wait(signature, known)


def _wait(signature: Signature, known: Fault | None) -> Fault | None:
    """Return a fault that lasts until patience is exhausted, given the one before."""
    now = time.monotonic()
    since = known.since if known else None
    if since is None or since > now:  # seen just now, or before the system was started
        since = now
    return Fault(signature, since) if now - since < PATIENCE else None


def judge_missing(
    connection: sqlite3.Connection,
    tree: FileTree,
    missing: Collection[str],
    losses: Collection[str],
    broken: Collection[str],
) -> Mapping[str, Fault | None]:
    """Judge files that are gone: the fault for which they are shown as last read, None for those to remove.

    Args:
        connection: the index.
        tree: the files of the archive.
        missing: the files that are gone.
        losses: those of them that `find_losses` finds.
        broken: the files that are there and shown as last read.
    """
    if not losses:
        return dict.fromkeys(missing)
    known = {path: fault for path, fault in read_faults(connection).items() if fault.signature == GONE}
    unreachable = _in_folders(losses, tree.is_unreachable)
    (digests,) = connection.execute("SELECT count(DISTINCT path) FROM papers").fetchone()
    gone = {*losses} - unreachable
    are_all = digests == len(with_papers(connection, [*missing, *broken]))
    are_few = len(gone) <= max(_MIN_COUNT, digests // _MIN_SHARE) and not any(path in known for path in gone)
    faults: dict[str, Fault | None] = dict.fromkeys(missing)
    faults |= dict.fromkeys(losses if are_all else unreachable, Fault(GONE))
    if not are_all and not are_few:
        faults |= {path: _wait(GONE, known.get(path)) for path in gone}
        faults |= dict.fromkeys(_in_folders(gone, tree.is_vacant), Fault(GONE))
    return faults


def _in_folders(paths: Iterable[str], matches: Callable[[str], bool]) -> set[str]:
    """Find the files in folders of some kind."""
    folders: dict[str, bool] = {}
    for path in paths:
        folder = os.path.dirname(path)
        if folder not in folders:
            folders[folder] = matches(folder)
    return {path for path in paths if folders[os.path.dirname(path)]}


def with_papers(connection: sqlite3.Connection, paths: Iterable[str]) -> list[str]:
    """Return those of some files of which the index holds papers."""
    statement = "SELECT 1 FROM papers WHERE path = ? LIMIT 1"
    return [path for path in paths if connection.execute(statement, (os.fsencode(path),)).fetchone()]


def describe_faults(connection: sqlite3.Connection) -> list[str]:
    """Say which files are shown as last read, and why: a phrase for each cause."""
    paths: dict[str, list[str]] = {}
    for path, fault in sorted(read_faults(connection).items()):
        paths.setdefault(_CAUSES[fault.signature == GONE, fault.since is not None], []).append(path)
    return [f"{_name(files)} {cause}" for cause, files in paths.items()]


_LIMIT = f"for {PATIENCE / 60:.0f} minutes at most"
_CAUSES = {  # whether the files are gone, and whether their time is limited
    (
        True,
        False,
    ): "gone, with all others or in a folder that is empty or cannot be read; delete the index if that is meant",
    (True, True): f"gone at once, {_LIMIT}",
    (False, False): "without a paper that can be read",
    (False, True): f"without most papers, {_LIMIT}",
}


def _name(paths: Sequence[str]) -> str:
    first = os.fsencode(paths[0]).decode(errors="replace")
    return f"{first} and {len(paths) - 1:,} more" if len(paths) > 1 else first
