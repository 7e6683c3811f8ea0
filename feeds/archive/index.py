"""The tables of an archive's index, and how they are brought up to date with the digest files.

The index holds nothing that the files do not: it may be deleted at any time. A change of a file costs what is in the
file: of the other days only those are touched that list one of its papers, or one with the same citation key.
"""

import errno
import hashlib
import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from feeds.archive import faults, related, search
from feeds.archive.files import FileTree, Signature
from feeds.archive.records import CONTENT_COLUMNS, FileRecord, KnownFile, Reading, read_files
from feeds.archive.selection import CONTENT_HASH
from feeds.fingerprint import dependency_versions, packages_fingerprint
from feeds.metadata.store import MetadataStore
from feeds.model.diagnostic import Diagnostic, Severity
from feeds.progress import Progress
from feeds.sqlite import transaction
from feeds.text.unicode import primary_subtag

SCHEMA_VERSION = 12
_UNREAD = -1  # in place of ctime_ns, for a file that must be read again
_SUM_BITS = 256  # of a sum of hashes

SCHEMA = f"""
CREATE TABLE state (  -- one row
    identity TEXT NOT NULL,             -- of this file; another one counts its changes anew
    change INTEGER NOT NULL,            -- the number of changes
    files_sum BLOB NOT NULL,            -- of the hashes of all files with their times
    days_sum BLOB NOT NULL,             -- of the hashes of all days with their listings
    counts_sum BLOB NOT NULL,           -- of the hashes of all days with their numbers of papers
    metadata TEXT NOT NULL DEFAULT ''   -- the state of the metadata store when it was last looked at
);
CREATE TABLE files (
    path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, inode INTEGER, hash BLOB NOT NULL,
    metadata_hash BLOB NOT NULL, metadata_time INTEGER NOT NULL  -- of what completes its papers
) WITHOUT ROWID;
CREATE TABLE diagnostics (path BLOB NOT NULL, line INTEGER NOT NULL, message TEXT NOT NULL, severity TEXT NOT NULL);
CREATE INDEX diagnostics_of_file ON diagnostics (path);
CREATE TABLE headings (
    day TEXT NOT NULL, path BLOB NOT NULL, line INTEGER NOT NULL,
    is_inferred INTEGER NOT NULL,       -- whether all listings of the file on the day are
    PRIMARY KEY (day, path)
) WITHOUT ROWID;
CREATE INDEX headings_of_file ON headings (path);
CREATE TABLE days (
    day TEXT PRIMARY KEY,
    papers INTEGER,                     -- NULL for a day that no file lists any more
    new INTEGER,                        -- papers that no earlier day lists
    first_new INTEGER,                  -- the rank of the first of these, 0 if there is none
    all_hash BLOB, new_hash BLOB,       -- of its listings, and of those of new papers
    mtime_ns INTEGER,                   -- the newest among its files and their metadata
    change INTEGER NOT NULL             -- in which its listings last changed
) WITHOUT ROWID;
CREATE INDEX changed_days ON days (change);
CREATE INDEX days_by_mtime ON days (mtime_ns);
CREATE TABLE papers (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL, line INTEGER NOT NULL, day TEXT NOT NULL, slug TEXT NOT NULL,
    fields INTEGER NOT NULL, length INTEGER NOT NULL,                       -- Paper.completeness
    votes INTEGER, authors TEXT NOT NULL, image TEXT, video INTEGER NOT NULL, code INTEGER NOT NULL,
    stem TEXT NOT NULL, hash BLOB NOT NULL,
    tags TEXT NOT NULL,                     -- one a line
    language TEXT NOT NULL,
    is_inferred INTEGER NOT NULL,           -- Entry.is_inferred
    more_tags TEXT,                         -- those that other listings of its day add
    rank INTEGER,                           -- place on its day, from 0; NULL for a listing that is not used
    first_day TEXT, first_rank INTEGER, first_stem TEXT, citation_key TEXT  -- of the paper's first listing
);
CREATE INDEX papers_of_day ON papers (day DESC, rank);
CREATE INDEX papers_by_votes ON papers (votes DESC, day DESC, rank) WHERE rank IS NOT NULL AND day = first_day;
CREATE INDEX listings_of_paper ON papers (slug, day, is_inferred);
CREATE INDEX inferred_listings ON papers (slug, day) WHERE is_inferred;
CREATE INDEX papers_by_stem ON papers (first_stem, first_day, first_rank) WHERE rank IS NOT NULL;
CREATE INDEX papers_of_file ON papers (path);
CREATE TABLE contents (id INTEGER PRIMARY KEY, {", ".join(f"content_{name}" for name in CONTENT_COLUMNS)});
CREATE TABLE texts (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE letters (id INTEGER PRIMARY KEY, letters TEXT NOT NULL);
CREATE TABLE tags (  -- of the listings that have a rank
    tag TEXT NOT NULL COLLATE NOCASE, paper INTEGER NOT NULL, PRIMARY KEY (tag, paper)
) WITHOUT ROWID;
CREATE INDEX tags_of_paper ON tags (paper);
CREATE TABLE searches (  -- the watched ones
    number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE
);
CREATE TABLE matches (search INTEGER, paper INTEGER, PRIMARY KEY (search, paper)) WITHOUT ROWID;
{related.SCHEMA}
{faults.SCHEMA}
"""


def index_version(root: Path, reading: str = "") -> str:
    """Identify what an index is made of: the archive's folder, the schema, and the code that reads digests.

    `reading` stands for the readers of the archive and the files that they are shown.
    """
    code = packages_fingerprint("feeds.text", "feeds.model", "feeds.readers", "feeds.metadata", "feeds.archive")
    return f"{SCHEMA_VERSION} {code} {dependency_versions()} {os.fspath(root)!a} {reading!a}"


def read_revision(connection: sqlite3.Connection) -> str:
    """Return what identifies the content of the index: the same for the same files with the same times."""
    row = connection.execute("SELECT hex(files_sum) FROM state").fetchone()
    return str(row[0]) if row else ""


def read_identity(connection: sqlite3.Connection) -> str:
    """Return what tells an index from others of the same files; empty for one that was never filled."""
    row = connection.execute("SELECT identity FROM state").fetchone()
    return str(row[0]) if row else ""


def synchronize(
    connection: sqlite3.Connection,
    tree: FileTree,
    reading: Reading,
    progress: Progress,
    paths: Collection[str] | None = None,
) -> dict[str, Signature | None]:
    """Bring the index up to date with the files.

    Only those are read again whose content changed, or the metadata of one of whose papers.

    The files are listed after the write lock is held, since an older list would undo another process's work.

    Args:
        connection: the index.
        tree: the files of the archive.
        reading: how they become rows.
        progress: shows the files that are read.
        paths: the files to look at, relative to the folder; by default all.

    Returns:
        The files as the index holds them now, None for those it does not. One that is to be tried again, or is shown as
        last read though it is gone, differs from what the next scan finds.
    """
    with _spilling(connection), transaction(connection):
        shown_as_last_read = faults.read_faults(connection)
        metadata_state = reading.metadata.state
        outdated = _files_with_other_metadata(connection, reading.metadata, metadata_state)
        if paths is not None:
            paths = {*paths, *shown_as_last_read, *outdated}
        scanned = tree.scan() if paths is None else tree.sign(paths)
        indexed = read_signatures(connection, paths)
        changed = [path for path, signature in scanned.items() if path in outdated or indexed.get(path) != signature]
        missing = indexed.keys() - scanned.keys()
        hashes = {path: value for path, value in read_hashes(connection, changed).items() if path not in outdated}
        searches = [search.watch(connection, clauses) for clauses in reading.searches]
        update = _Update(connection, searches, reading.language)
        known = [KnownFile(path, scanned[path].size, hashes.get(path, b"")) for path in changed]
        results = read_files(tree.root, reading, known)
        for path, result in zip(progress(changed, len(changed)), results, strict=True):
            update.update_file(path, scanned[path], result)
        update.settle_faults(tree, missing)
        update.finish()
        connection.execute("UPDATE state SET metadata = ?1 WHERE metadata != ?1", (metadata_state,))
        held = read_signatures(connection, paths) if changed or missing else indexed
    return dict.fromkeys(paths or ()) | held


def _files_with_other_metadata(connection: sqlite3.Connection, metadata: MetadataStore, state: str) -> frozenset[str]:
    """Find the files that list a paper whose metadata changed since the store was last looked at."""
    row = connection.execute("SELECT metadata FROM state").fetchone()
    if row is None or row[0] == state:
        return frozenset()
    slugs = metadata.changed_since(row[0])
    if slugs is None:
        rows = connection.execute("SELECT path FROM files")
    else:
        its_papers = "slug IN (SELECT value FROM json_each(?))"
        rows = connection.execute(f"SELECT DISTINCT path FROM papers WHERE {its_papers}", (json.dumps(list(slugs)),))  # noqa: S608
    return frozenset(os.fsdecode(path) for (path,) in rows)


@contextmanager
def _spilling(connection: sqlite3.Connection) -> Iterator[None]:
    """Let a large transaction write pages before its end if the index is new: that locks readers out."""
    if read_revision(connection):
        yield
        return
    connection.execute("PRAGMA cache_size = -32000")  # KiB
    connection.execute("PRAGMA cache_spill = ON")
    try:
        yield
    finally:
        connection.execute("PRAGMA cache_spill = OFF")
        connection.execute("PRAGMA cache_size = -2000")


def read_signatures(connection: sqlite3.Connection, paths: Collection[str] | None = None) -> dict[str, Signature]:
    """Return the signatures of some files, or all; of those shown as last read, the signature of the present file."""
    columns = "size, mtime_ns, ctime_ns, inode"
    signatures = {path: Signature(*values) for path, *values in _select_files(connection, columns, paths)}
    shown_as_last_read = faults.read_faults(connection)
    return signatures | {path: shown_as_last_read[path].signature for path in signatures.keys() & shown_as_last_read}


def read_hashes(connection: sqlite3.Connection, paths: Collection[str] | None = None) -> dict[str, bytes]:
    """Return the hashes of some files' contents, or of all; not of files whose diagnostics are of other contents."""
    hashes = dict(_select_files(connection, "hash", paths))
    # CROSS JOIN: few files are shown as last read, and many may have diagnostics.
    statement = "SELECT path FROM faults CROSS JOIN diagnostics USING (path) WHERE message IN (?, ?)"
    for (path,) in connection.execute(statement, (_BROKEN.message, _SHORTENED.message)):
        hashes.pop(os.fsdecode(path), None)
    return hashes


def _select_files(
    connection: sqlite3.Connection, columns: str, paths: Collection[str] | None
) -> Iterator[tuple[Any, ...]]:
    statement = f"SELECT path, {columns} FROM files"  # noqa: S608  # names of ours
    if paths is None:
        rows = connection.execute(statement).fetchall()
    else:
        rows = [
            row
            for path in paths
            for row in connection.execute(f"{statement} WHERE path = ?", (os.fsencode(path),)).fetchall()
        ]
    for path, *values in rows:
        yield os.fsdecode(path), *values


class _Update:
    """One change of the index: files are removed and inserted, then what follows from them is brought up to date."""

    def __init__(self, connection: sqlite3.Connection, searches: Sequence[int], language: str) -> None:
        self._connection = connection
        self._searches = searches
        self._language = primary_subtag(language)
        self._days: set[str] = set()
        self._slugs: set[str] = set()
        self._stems: dict[str, tuple[str, int]] = {}  # with the first listing from which on they are to be numbered
        self._is_change = False  # rather than a new time of a file
        self._has_work = not read_revision(connection)  # to finish
        self._missing: set[str] = set()
        self._broken: dict[str, tuple[Signature, FileRecord]] = {}  # files that seem to have lost papers by a fault
        self._files_sum = self._days_sum = self._counts_sum = 0  # what is to be added to the sums in `state`

    def remove_file(self, path: str) -> None:
        """Remove everything that came from a file."""
        self._is_change = self._has_work = True
        execute, key = self._connection.execute, (os.fsencode(path),)
        for row in execute(f"SELECT {_HASHED_COLUMNS} FROM files WHERE path = ?", key).fetchall():  # noqa: S608  # names of ours
            self._files_sum -= _hash_file(*row)
        self._days.update(day for (day,) in execute("SELECT day FROM headings WHERE path = ?", key))
        for slug, *first_listing in execute(
            "SELECT slug, first_stem, first_day, first_rank FROM papers WHERE path = ?", key
        ):
            self._slugs.add(slug)
            self._note_stem(*first_listing)
        related.delete_terms(self._connection, *key)
        its_papers = "SELECT id FROM papers WHERE path = ?"
        for table in ("contents", "texts", "letters"):
            execute(f"DELETE FROM {table} WHERE id IN ({its_papers})", key)  # noqa: S608  # names of ours
        execute(f"DELETE FROM tags WHERE paper IN ({its_papers})", key)  # noqa: S608  # names of ours
        execute(f"DELETE FROM matches WHERE search IN (SELECT number FROM searches) AND paper IN ({its_papers})", key)  # noqa: S608
        for table in ("papers", "headings", "diagnostics", "faults", "files"):
            execute(f"DELETE FROM {table} WHERE path = ?", key)  # noqa: S608  # names of ours

    def update_file(self, path: str, signature: Signature, result: FileRecord | OSError | None) -> None:
        """Replace what came from a file. If it seems to be broken, `settle_faults` decides."""
        if isinstance(result, FileNotFoundError):
            self._missing.add(path)
        elif result is None:
            self._touch_file(path, signature)
        else:
            if isinstance(result, OSError):
                is_lasting = result.errno in _LASTING
                signature = signature if is_lasting else signature._replace(ctime_ns=_UNREAD)
                result = FileRecord(b"", (_unreadable(result),), (), ())
            if faults.is_broken(result) and faults.with_papers(self._connection, [path]):
                self._broken[path] = signature, result
            elif faults.is_shortened(result, self._count_papers(path)):
                signature = signature._replace(ctime_ns=_UNREAD)  # to be judged again
                self._broken[path] = signature, result
            else:
                self._replace_file(path, signature, result)

    def _count_papers(self, path: str) -> int:
        statement = "SELECT count(*) FROM papers WHERE path = ?"
        return int(self._connection.execute(statement, (os.fsencode(path),)).fetchone()[0])

    def settle_faults(self, tree: FileTree, missing: Collection[str]) -> None:
        """Decide which of the files that are gone or seem to be broken are shown as last read."""
        missing = {*missing, *self._missing}
        if not missing and not self._broken:
            return
        known = faults.read_faults(self._connection)
        still_broken = {path for path, fault in known.items() if fault.signature != faults.GONE} - missing
        losses = missing
        if self._has_work or self._broken or missing != known.keys() - still_broken:  # otherwise they were found before
            losses = faults.find_losses(self._connection, [*missing, *still_broken, *self._broken])
        for path, (signature, record) in self._broken.items():
            fault = faults.judge_broken(record, signature, known.get(path)) if path in losses else None
            if fault is None:
                self._replace_file(path, signature, record)
                still_broken.discard(path)
                continue
            still_broken.add(path)
            if known.get(path) != fault:
                faults.write_fault(self._connection, path, fault)
                self._connection.execute("DELETE FROM diagnostics WHERE path = ?", (os.fsencode(path),))
                diagnostic = _BROKEN if fault.since is None else _SHORTENED
                self._insert_diagnostics(path, (*record.diagnostics, diagnostic))
        judged = faults.judge_missing(self._connection, tree, missing, losses & missing, still_broken)
        for path, fault in judged.items():
            if fault is None:
                self.remove_file(path)
            elif known.get(path) != fault:
                faults.write_fault(self._connection, path, fault)

    def finish(self) -> None:
        """Rank the papers of the days that changed, find each paper's first listing, and renew what is kept of days.

        Searches that others watch are forgotten: they lack the new papers.
        """
        if not self._has_work:
            return
        self._days.update(self._inferred_days())
        for day in sorted(self._days):
            self._rank_day(day)
        self._find_first_listings()
        self._number_citation_keys()
        execute = self._connection.execute
        others = "SELECT number FROM searches WHERE number NOT IN (SELECT value FROM json_each(?))"
        for number in execute(others, (json.dumps(self._searches),)).fetchall():
            execute("DELETE FROM searches WHERE number = ?", number)
            execute("DELETE FROM matches WHERE search = ?", number)
        row = execute("SELECT change, files_sum, days_sum, counts_sum FROM state").fetchone()
        change, *sums = row or (0, b"", b"", b"")
        for day in sorted(self._days):
            self._renew_day(day, change + 1)
        added = (self._files_sum, self._days_sum, self._counts_sum)
        new_sums = [add_hashes(int.from_bytes(total), addend) for total, addend in zip(sums, added, strict=True)]
        if row:
            statement = "UPDATE state SET change = ?, files_sum = ?, days_sum = ?, counts_sum = ?"
            execute(statement, (change + self._is_change, *new_sums))
        else:
            execute("INSERT INTO state VALUES (hex(randomblob(8)), ?, ?, ?, ?, '')", (change + 1, *new_sums))

    def _touch_file(self, path: str, signature: Signature) -> None:
        """Note that a file with the same content has another time, or is there again."""
        self._has_work = True
        execute, key = self._connection.execute, os.fsencode(path)
        row = execute(f"SELECT {_HASHED_COLUMNS} FROM files WHERE path = ?", (key,)).fetchone()  # noqa: S608  # names of ours
        (_, before, *content) = row
        self._files_sum += _hash_file(key, signature.mtime_ns, *content) - _hash_file(key, before, *content)
        statement = "UPDATE files SET size = ?, mtime_ns = ?, ctime_ns = ?, inode = ? WHERE path = ?"
        execute(statement, (*signature, key))
        faults.clear_fault(self._connection, path)
        self._days.update(day for (day,) in execute("SELECT day FROM headings WHERE path = ?", (key,)))

    def _replace_file(self, path: str, signature: Signature, record: FileRecord) -> None:
        if not record.days and self._holds(path, signature, record):
            return  # a file that cannot be read is tried again and again
        self.remove_file(path)
        execute_many, key = self._connection.executemany, os.fsencode(path)
        content = (record.content_hash, record.metadata_hash)
        values = (key, *signature, *content, record.metadata_time)
        self._connection.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        self._files_sum += _hash_file(key, signature.mtime_ns, *content)
        self._insert_diagnostics(path, record.diagnostics)
        execute_many("INSERT INTO headings VALUES (?, ?, ?, ?)", [(day, key, *others) for day, *others in record.days])
        self._days.update(day for day, *_ in record.days)
        self._slugs.update(str(paper.listing[_SLUG]) for paper in record.papers)
        ((newest,),) = self._connection.execute("SELECT max(id) FROM papers")
        papers = list(enumerate(record.papers, (newest or 0) + 1))
        execute_many(_INSERT_PAPER, [(paper_id, key, *paper.listing) for paper_id, paper in papers])
        execute_many(_INSERT_CONTENT, [(paper_id, *paper.content) for paper_id, paper in papers])
        execute_many("INSERT INTO texts VALUES (?, ?, ?)", [(paper_id, *paper.texts) for paper_id, paper in papers])
        execute_many("INSERT INTO letters VALUES (?, ?)", [(paper_id, paper.letters) for paper_id, paper in papers])
        related.insert_terms(self._connection, key)
        matches = [(self._searches[number], paper_id) for paper_id, paper in papers for number in paper.searches]
        execute_many("INSERT INTO matches VALUES (?, ?)", matches)

    def _holds(self, path: str, signature: Signature, record: FileRecord) -> bool:
        """Whether the index holds just this of a file without days."""
        execute, key = self._connection.execute, (os.fsencode(path),)
        row = execute("SELECT size, mtime_ns, ctime_ns, inode, hash FROM files WHERE path = ?", key).fetchone()
        if row != (*signature, record.content_hash):
            return False
        rows = execute("SELECT line, message, severity FROM diagnostics WHERE path = ?", key).fetchall()
        return rows == [(item.line, item.message, item.severity.value) for item in record.diagnostics]

    def _insert_diagnostics(self, path: str, diagnostics: Iterable[Diagnostic]) -> None:
        rows = [(os.fsencode(path), item.line, item.message, item.severity.value) for item in diagnostics]
        self._connection.executemany("INSERT INTO diagnostics VALUES (?, ?, ?, ?)", rows)

    def _inferred_days(self) -> set[str]:
        """Find the inferred days of the papers that changed: whether they count there depends on their other days."""
        execute = self._connection.execute
        if not execute("SELECT 1 FROM papers INDEXED BY inferred_listings WHERE is_inferred LIMIT 1").fetchone():
            return set()
        rows = execute(
            "SELECT day FROM json_each(?) CROSS JOIN papers INDEXED BY inferred_listings ON slug = value"
            " WHERE is_inferred",
            (json.dumps(list(self._slugs)),),
        )
        return {day for (day,) in rows}

    def _rank_day(self, day: str) -> None:
        """Rank the papers of a day; of one listed twice the more complete listing is kept, in the first one's place.

        One in the language of the site is kept rather than one in another, however complete: a day has one language.
        The file with the most papers of the day comes first: a README may repeat some of them in an order of its own.
        An inferred listing is left out if the paper has a day of its own, unless it is the same.
        """
        rows = self._connection.execute(_SELECT_TO_RANK, (day,)).fetchall()
        best: dict[str, tuple[tuple[int, int, int], int]] = {}
        for is_left_out, paper_id, slug, fields, length, _, language, *_ in rows:
            if is_left_out:
                continue
            fitness = 1 if not language else 2 if primary_subtag(language) == self._language else 0
            worth = (fitness, fields, length)
            if slug not in best or worth > best[slug][0]:
                best[slug] = (worth, paper_id)
        ranks = {paper_id: rank for rank, (_, paper_id) in enumerate(best.values())}
        changed = [(ranks.get(row[1]), row[1]) for row in rows if ranks.get(row[1]) != row[5]]
        self._connection.executemany("UPDATE papers SET rank = ? WHERE id = ?", changed)
        self._slugs.update(best)
        if any(tags or more_tags for *_, tags, more_tags in rows):
            self._merge_tags(rows, ranks)

    def _merge_tags(self, rows: Sequence[tuple[Any, ...]], ranks: Collection[int]) -> None:
        """Give the kept listing of each paper of a day the tags of the others too: `rows` are those of the day."""
        by_slug: dict[str, dict[str, str]] = {}  # in lower case, and as written first
        for _, _, slug, *_, tags, _ in rows:
            by_slug.setdefault(slug, {}).update(
                (tag.casefold(), tag) for tag in tags.split("\n") if tag and tag.casefold() not in by_slug[slug]
            )
        changed, inserted = [], []
        for _, paper_id, slug, *_, tags, before in rows:
            own = tags.split("\n") if tags else []
            more = None
            if paper_id in ranks:
                folded = set(map(str.casefold, own))
                others = [tag for key, tag in by_slug[slug].items() if key not in folded]
                more = "\n".join(others) or None
                inserted += [(tag, paper_id) for tag in (*own, *others)]
            if more != before:
                changed.append((more, paper_id))
        execute_many = self._connection.executemany
        execute_many("UPDATE papers SET more_tags = ? WHERE id = ?", changed)
        execute_many("DELETE FROM tags WHERE paper = ?", [row[1:2] for row in rows])
        execute_many("INSERT OR IGNORE INTO tags VALUES (?, ?)", inserted)

    def _find_first_listings(self) -> None:
        """Find the first listing of each paper that changed; the days of its other listings change with it."""
        execute, slugs = self._connection.execute, (json.dumps(list(self._slugs)),)
        before = "SELECT first_stem, first_day, first_rank FROM papers WHERE slug IN (SELECT value FROM json_each(?))"
        for first_listing in execute(before, slugs).fetchall():
            self._note_stem(*first_listing)
        first = "SELECT day, rank, stem FROM papers AS other WHERE other.slug = papers.slug AND other.rank IS NOT NULL"
        rows = execute(
            f"UPDATE papers SET (first_day, first_rank, first_stem) = ({first} ORDER BY day LIMIT 1)"  # noqa: S608
            " WHERE slug IN (SELECT value FROM json_each(?)) RETURNING day, first_stem, first_day, first_rank",
            slugs,
        )
        for day, *first_listing in rows.fetchall():
            self._days.add(day)
            self._note_stem(*first_listing)

    def _note_stem(self, stem: str | None, first_day: str, first_rank: int) -> None:
        """Note that the first listing of a paper with a stem changes; a paper that only repeats has none."""
        if stem is not None:
            self._stems[stem] = min(self._stems.get(stem, (first_day, first_rank)), (first_day, first_rank))

    def _number_citation_keys(self) -> None:
        """Number the papers with the same stem by their first listings; the first one's key is the stem alone."""
        execute = self._connection.execute
        for stem, place in self._stems.items():
            unchanged = execute(_SELECT_KEY_BEFORE, (stem, *place)).fetchone()
            number = int(unchanged[0].removeprefix(stem).removeprefix("-") or 1) if unchanged else 0
            last = None
            for paper_id, day, before, *first_listing in execute(_SELECT_KEYS_FROM, (stem, *place)).fetchall():
                number += first_listing != last  # which repeats of a paper have in common
                last = first_listing
                citation_key = f"{stem}-{number}" if number > 1 else stem
                if citation_key != before:
                    execute("UPDATE papers SET citation_key = ? WHERE id = ?", (citation_key, paper_id))
                    self._days.add(day)

    def _renew_day(self, day: str, change: int) -> None:
        """Renew the row of a day from its listings; it counts as changed only if they did.

        An inferred day does not exist if all its papers have days of their own.
        """
        execute = self._connection.execute
        before = execute("SELECT papers, new, first_new, all_hash, new_hash FROM days WHERE day = ?", (day,)).fetchone()
        mtime, are_inferred = execute(_SELECT_MTIME, (day,)).fetchone()
        rows = [] if are_inferred is None else execute(_SELECT_LISTINGS, (day,)).fetchall()
        exists = bool(rows) or are_inferred == 0
        after: tuple[object, ...] = (None, None, None, None, None)
        if exists:
            new = [row for row in rows if row[1] == day]
            after = (len(rows), len(new), new[0][2] if new else 0, _hash(rows), _hash(new))
        else:
            mtime = None
        if before == after:
            execute("UPDATE days SET mtime_ns = ? WHERE day = ?", (mtime, day))
        elif before or exists:
            execute("INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (day, *after, mtime, change))
            old = before or (None,)
            self._days_sum += hash_day(day, *after) - hash_day(day, *old)
            self._counts_sum += hash_day(day, *after[:2]) - hash_day(day, *old[:2])


def _unreadable(error: OSError) -> Diagnostic:
    return Diagnostic(1, f"cannot be read: {error.strerror}", Severity.ERROR)


_LASTING = (errno.EFBIG, errno.EINVAL, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOLINK)
"""Errors that last until the signature of the file changes; after others it is tried again."""

_BROKEN = Diagnostic(
    1,
    "no paper can be read from the file any more, so it is shown as last read; correct it, or delete it to remove its"
    " papers",
    Severity.ERROR,
)
_SHORTENED = Diagnostic(
    1,
    f"the file has lost most of its papers, so it is shown as last read for {faults.PATIENCE / 60:.0f} minutes; correct"
    " it, or wait",
    Severity.ERROR,
)

_LISTING_COLUMNS = (
    *("id", "path", "line", "day", "slug", "fields", "length", "votes", "authors", "image", "video", "code"),
    *("stem", "hash", "tags", "language", "is_inferred"),
)
_INSERT_PAPER = f"INSERT INTO papers ({', '.join(_LISTING_COLUMNS)}) VALUES ({', '.join('?' * len(_LISTING_COLUMNS))})"  # noqa: S608  # names of ours
_INSERT_CONTENT = f"INSERT INTO contents VALUES (?{', ?' * len(CONTENT_COLUMNS)})"  # noqa: S608  # a number of ours
_SLUG = _LISTING_COLUMNS.index("slug") - 2  # in a `PaperRecord.listing`, which has neither ID nor path
_SELECT_TO_RANK = """
SELECT is_left_out, id, slug, fields, length, rank, language, tags, more_tags FROM (
    SELECT id, path, line, slug, fields, length, rank, language, tags, more_tags, is_inferred AND (
        SELECT max(own.day = papers.day) FROM papers AS own WHERE own.slug = papers.slug AND NOT own.is_inferred
    ) IS 0 AS is_left_out FROM papers WHERE day = ?
) ORDER BY sum(NOT is_left_out) OVER (PARTITION BY path) DESC, path, line, id"""
_SELECT_KEY_BEFORE = (
    "SELECT citation_key FROM papers WHERE first_stem = ? AND rank IS NOT NULL AND (first_day, first_rank) < (?, ?)"
    " ORDER BY first_day DESC, first_rank DESC LIMIT 1"
)
_SELECT_KEYS_FROM = (
    "SELECT id, day, citation_key, first_day, first_rank FROM papers"
    " WHERE first_stem = ? AND rank IS NOT NULL AND (first_day, first_rank) >= (?, ?) ORDER BY first_day, first_rank"
)
_SELECT_LISTINGS = (
    f"SELECT {CONTENT_HASH}, first_day, first_rank, citation_key FROM papers"  # noqa: S608  # columns of ours
    " WHERE day = ? AND rank IS NOT NULL ORDER BY rank"
)
_HASHED_COLUMNS = "path, mtime_ns, hash, metadata_hash"
_SELECT_MTIME = (
    "SELECT max(max(mtime_ns, metadata_time)), min(is_inferred) FROM headings JOIN files USING (path) WHERE day = ?"
)


def hash_day(day: str, papers: object, *others: object) -> int:
    """Hash some columns of a day for a sum of all days; 0 for a day that no file lists any more."""
    return 0 if papers is None else int.from_bytes(_hash((day, papers, *others)))


def add_hashes(total: int, addend: int) -> bytes:
    """Add to a sum of hashes; it identifies what was added, in whatever order, less what was subtracted."""
    result: int = (total + addend) % 2**_SUM_BITS
    return result.to_bytes(_SUM_BITS // 8)


def _hash_file(path: bytes, mtime_ns: int, content_hash: bytes, metadata_hash: bytes) -> int:
    return int.from_bytes(_hash((path, content_hash, metadata_hash, mtime_ns)))


def _hash(values: object) -> bytes:
    return hashlib.sha256(repr(values).encode()).digest()
