"""The SQLite index of an archive: its tables, and how they are kept in step with the day files.

The index holds nothing that the files do not: it may be deleted at any time.
"""

import errno
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import date
from pathlib import Path

from feeds import code_tag
from feeds.archive import files as folder
from feeds.archive.database import transaction
from feeds.archive.files import Signature
from feeds.model import citation
from feeds.model.diagnostic import Problem, Severity
from feeds.model.paper import Paper
from feeds.readers import daily_papers as digest
from feeds.readers.daily_papers import Listing
from feeds.text import markdown, unicode
from feeds.text.titles import title_text

_LARGEST = 16_000_000  # bytes of a day file; 68 papers are 150,000

UNSETTLED = -1  # in place of a time, for a file that must be looked at again

SCHEMA = """
CREATE TABLE state (state TEXT NOT NULL);
CREATE TABLE files (
    path BLOB PRIMARY KEY, size INTEGER, modified INTEGER, changed INTEGER, inode INTEGER, hash BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE problems (path BLOB NOT NULL, line INTEGER NOT NULL, message TEXT NOT NULL, severity TEXT NOT NULL);
CREATE TABLE claims (day TEXT NOT NULL, path BLOB NOT NULL, PRIMARY KEY (day, path)) WITHOUT ROWID;
CREATE TABLE papers (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL, line INTEGER NOT NULL, day TEXT NOT NULL, slug TEXT NOT NULL,
    rank INTEGER,                           -- place in its day, from 0; NULL for a repeat that does not count
    first_day TEXT, first_rank INTEGER,     -- where the paper was listed first
    filled INTEGER NOT NULL, length INTEGER NOT NULL,                       -- Paper.fullness
    votes INTEGER, authors TEXT NOT NULL, image TEXT, video INTEGER NOT NULL, code INTEGER NOT NULL,
    cited TEXT NOT NULL,                                                    -- citation.base
    body TEXT NOT NULL, hash BLOB NOT NULL
);
CREATE INDEX papers_of_day ON papers (day DESC, rank);
CREATE INDEX listings_of_paper ON papers (slug, day);
CREATE INDEX papers_cited ON papers (cited, first_day, first_rank) WHERE day = first_day AND rank IS NOT NULL;
CREATE INDEX papers_of_file ON papers (path);
CREATE INDEX problems_of_file ON problems (path);
CREATE TABLE touched (  -- within a transaction, the papers whose first day may have changed
    slug TEXT NOT NULL
);
CREATE TABLE topics (  -- what a hub is told; `owner` has yet to do it
    topic TEXT PRIMARY KEY, tag TEXT NOT NULL, owner TEXT
) WITHOUT ROWID;
CREATE TABLE sizes (  -- of books, that need not be rendered again to know it
    path TEXT PRIMARY KEY, tag TEXT NOT NULL, size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE texts (id INTEGER PRIMARY KEY, folded TEXT NOT NULL);
CREATE VIRTUAL TABLE letters USING fts5 (decomposed, content='', detail=none, tokenize='trigram case_sensitive 1');
"""


def version(root: Path) -> str:
    """Name the code and the archive that an index is of."""
    return f"{code_tag()} {os.fspath(root)!a}"


Progress = Callable[[Iterable[str], int], Iterable[str]]
"""Passes names on one by one and shows how many of how many are done."""


def state(connection: sqlite3.Connection) -> str:
    """Name what the index holds: the same for the same files with the same times."""
    row = connection.execute("SELECT state FROM state").fetchone()
    return str(row[0]) if row else ""


def synchronise(connection: sqlite3.Connection, root: Path, progress: Progress) -> dict[str, Signature]:
    """Bring the index into step with the files; only files whose content changed are parsed again.

    Looks for them after the lock was had, for an older view would undo another process's work. Returns the files as
    the index holds them: one that could not be read differs from what the next look finds.
    """
    with transaction(connection):
        found = folder.find(root)
        known = _known(connection)
        days: set[str] = set()
        changed = [name for name, signature in found.items() if known.get(name, (None,))[0] != signature]
        for name in known.keys() - found.keys():
            days |= _forget(connection, name)
        for name in progress(changed, len(changed)):
            days |= _take(connection, root, name, found[name], known.get(name, (None, b""))[1])
        settled = _known(connection)
        if changed or known.keys() - found.keys() or not state(connection):
            _settle(connection, days)
    return {name: signature for name, (signature, _) in settled.items()}


def _known(connection: sqlite3.Connection) -> dict[str, tuple[Signature, bytes]]:
    rows = connection.execute("SELECT path, size, modified, changed, inode, hash FROM files")
    return {os.fsdecode(path): (Signature(*signature), known) for path, *signature, known in rows}


def _forget(connection: sqlite3.Connection, name: str) -> set[str]:
    """Remove all that came from a file; say which days it had claimed."""
    path = (os.fsencode(name),)
    days = {day for (day,) in connection.execute("SELECT day FROM claims WHERE path = ?", path)}
    rows = "SELECT id, folded FROM texts WHERE id IN (SELECT id FROM papers WHERE path = ?)"
    for number, folded in connection.execute(rows, path).fetchall():
        values = (number, unicode.decompose(folded))
        connection.execute("INSERT INTO letters (letters, rowid, decomposed) VALUES ('delete', ?, ?)", values)
        connection.execute("DELETE FROM texts WHERE id = ?", (number,))
    connection.execute("INSERT INTO touched SELECT slug FROM papers WHERE path = ?", path)
    for table in ("papers", "claims", "problems", "files"):
        connection.execute(f"DELETE FROM {table} WHERE path = ?", path)  # noqa: S608  # names of ours
    return days


def _take(connection: sqlite3.Connection, root: Path, name: str, signature: Signature, known: bytes) -> set[str]:
    """Read a file into the index; say which days it claims or had claimed."""
    try:
        data = _read(root / name, signature)
    except FileNotFoundError:
        return _forget(connection, name)
    except OSError as error:
        return _note_unreadable(connection, name, signature, known, error)
    fingerprint = hashlib.sha256(data).digest()
    if fingerprint == known:
        values = (*signature, os.fsencode(name))
        connection.execute("UPDATE files SET size = ?, modified = ?, changed = ?, inode = ? WHERE path = ?", values)
        return set()
    days = _forget(connection, name)
    decoded = folder.decode(data)
    parsed = digest.parse(decoded.text)
    _insert_file(connection, name, signature, fingerprint, decoded.problems * bool(parsed.dates) + parsed.problems)
    for listing in parsed.listings:
        _insert_paper(connection, name, listing)
    claimed = {day.isoformat() for day in parsed.dates}
    connection.executemany("INSERT INTO claims VALUES (?, ?)", [(day, os.fsencode(name)) for day in claimed])
    return days | claimed


def _note_unreadable(
    connection: sqlite3.Connection, name: str, signature: Signature, known: bytes, error: OSError
) -> set[str]:
    """Report a file that cannot be read now; what was known of it stays."""
    if known:
        return set()
    days = _forget(connection, name)
    unreadable = Problem(1, f"cannot be read: {error.strerror}", Severity.ERROR)
    _insert_file(connection, name, signature._replace(changed=UNSETTLED), b"", (unreadable,))
    return days


def _read(path: Path, signature: Signature) -> bytes:
    if signature.size > _LARGEST:
        raise OSError(errno.EFBIG, f"larger than {_LARGEST:,} bytes")
    return path.read_bytes()


def _insert_file(
    connection: sqlite3.Connection,
    name: str,
    signature: Signature,
    fingerprint: bytes,
    problems: Iterable[Problem],
) -> None:
    path = os.fsencode(name)
    connection.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)", (path, *signature, fingerprint))
    rows = [(path, found.line, found.message, found.severity.value) for found in problems]
    connection.executemany("INSERT INTO problems VALUES (?, ?, ?, ?)", rows)


def _insert_paper(connection: sqlite3.Connection, name: str, listing: Listing) -> None:
    paper = listing.paper
    body = encode(paper)
    is_code = any(link.kind is markdown.LinkKind.CODE for link in markdown.extract_links(paper.summary))
    values = (
        os.fsencode(name),
        listing.line,
        paper.day.isoformat(),
        paper.slug,
        *paper.fullness,
        paper.votes,
        "\n".join(map(unicode.fold, paper.authors)),
        paper.image,
        paper.video is not None,
        is_code,
        citation.base(paper),
        body,
        hashlib.sha256(body.encode()).digest()[:16],
    )
    columns = "path, line, day, slug, filled, length, votes, authors, image, video, code, cited, body, hash"
    cursor = connection.execute(
        f"INSERT INTO papers ({columns}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608  # names of ours
        values,
    )
    parts = (
        paper.title,
        title_text(paper.title),
        ", ".join(paper.authors),
        markdown.to_plain_text(paper.summary),
        paper.slug,
    )
    folded = "\n".join(map(unicode.fold, parts))
    connection.execute("INSERT INTO texts VALUES (?, ?)", (cursor.lastrowid, folded))
    letters = unicode.decompose(folded)
    connection.execute("INSERT INTO letters (rowid, decomposed) VALUES (?, ?)", (cursor.lastrowid, letters))


def _settle(connection: sqlite3.Connection, days: set[str]) -> None:
    """Rank the papers of the days that changed, and name the new state."""
    for day in sorted(days):
        _rank(connection, day)
    if days:
        # Of two days that list a paper the earlier one is its own.
        connection.execute(
            "UPDATE papers SET (first_day, first_rank) = (SELECT day, rank FROM papers AS other"
            " WHERE other.slug = papers.slug AND other.rank IS NOT NULL ORDER BY day LIMIT 1)"
            " WHERE slug IN (SELECT slug FROM touched)"
        )
        connection.execute("DELETE FROM touched")
    seen = hashlib.sha256()
    for row in connection.execute("SELECT path, hash, modified FROM files ORDER BY path"):
        seen.update(repr(row).encode())
    connection.execute("DELETE FROM state")
    connection.execute("INSERT INTO state VALUES (?)", (seen.hexdigest(),))


def _rank(connection: sqlite3.Connection, day: str) -> None:
    """Give the papers of a day their places; of a paper listed twice the fuller listing counts, at the first place.

    The file with most papers of the day comes first: a README may repeat some of them in an order of its own.
    """
    rows = connection.execute(
        "SELECT id, slug, filled, length FROM papers WHERE day = ?"
        " ORDER BY count(*) OVER (PARTITION BY path) DESC, path, line",
        (day,),
    ).fetchall()
    best: dict[str, tuple[tuple[int, int], int]] = {}
    for number, slug, *fullness in rows:
        if slug not in best or tuple(fullness) > best[slug][0]:
            best[slug] = ((fullness[0], fullness[1]), number)
    connection.execute("UPDATE papers SET rank = NULL WHERE day = ?", (day,))
    connection.execute("INSERT INTO touched SELECT slug FROM papers WHERE day = ?", (day,))
    ranks = [(rank, number) for rank, (_, number) in enumerate(best.values())]
    connection.executemany("UPDATE papers SET rank = ? WHERE id = ?", ranks)


def encode(paper: Paper) -> str:
    """Write a paper as the index keeps it; where it stands in a day is kept apart."""
    values = {name: value for name, value in asdict(paper).items() if name not in ("day", "rank", "namesakes")}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def decode(body: str, day: str, rank: int, namesakes: int) -> Paper:
    """Read what `encode` wrote."""
    values = json.loads(body) | {"day": date.fromisoformat(day), "rank": rank, "namesakes": namesakes}
    return Paper(**values | {"authors": tuple(values["authors"])})
