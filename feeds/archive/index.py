"""The tables of an archive's index, and how they are brought up to date with the digest files.

The index holds nothing that the files do not: it may be deleted at any time.
"""

import errno
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path, PurePosixPath

from feeds.archive import files, search
from feeds.archive.files import Signature
from feeds.fingerprint import dependency_versions, packages_fingerprint
from feeds.model.citation import citation_key_stem
from feeds.model.diagnostic import Diagnostic, Severity
from feeds.model.paper import Paper, publication_year
from feeds.progress import Progress
from feeds.readers import Digest, Entry, Reader
from feeds.sqlite import transaction
from feeds.text import markdown, unicode
from feeds.text.matching import squeeze

SCHEMA_VERSION = 3
_MAX_FILE_SIZE = 16_000_000  # bytes; a day of 68 papers is 150,000
_UNREAD = -1  # in place of ctime_ns, for a file that must be read again

SCHEMA = """
CREATE TABLE revision (revision TEXT NOT NULL);
CREATE TABLE files (
    path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, inode INTEGER, hash BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE diagnostics (path BLOB NOT NULL, line INTEGER NOT NULL, message TEXT NOT NULL, severity TEXT NOT NULL);
CREATE TABLE days (  -- the line of the heading
    day TEXT NOT NULL, path BLOB NOT NULL, line INTEGER NOT NULL, PRIMARY KEY (day, path)
) WITHOUT ROWID;
CREATE TABLE papers (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL, line INTEGER NOT NULL, day TEXT NOT NULL, slug TEXT NOT NULL,
    rank INTEGER,                           -- place on its day, from 0; NULL for a repeat within the day
    first_day TEXT, first_rank INTEGER, first_stem TEXT,                    -- of the paper's first listing
    fields INTEGER NOT NULL, length INTEGER NOT NULL,                       -- Paper.completeness
    votes INTEGER, authors TEXT NOT NULL, image TEXT, video INTEGER NOT NULL, code INTEGER NOT NULL,
    citation_key_stem TEXT NOT NULL,
    body TEXT NOT NULL, hash BLOB NOT NULL
);
CREATE INDEX papers_of_day ON papers (day DESC, rank);
CREATE INDEX listings_of_paper ON papers (slug, day);
CREATE INDEX papers_by_stem ON papers (citation_key_stem, first_day, first_rank)
    WHERE day = first_day AND rank IS NOT NULL;
CREATE INDEX papers_of_file ON papers (path);
CREATE INDEX diagnostics_of_file ON diagnostics (path);
CREATE TABLE touched (  -- within a transaction, the papers whose first day may have changed
    slug TEXT NOT NULL
);
CREATE TABLE texts (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL);
CREATE VIRTUAL TABLE trigrams USING fts5 (letters, content='', detail=none, tokenize='trigram case_sensitive 1');
"""


def index_version(root: Path) -> str:
    """Identify what an index is made of: the archive's folder, the schema, and the code that reads digests."""
    code = packages_fingerprint("feeds.text", "feeds.model", "feeds.readers", "feeds.archive")
    return f"{SCHEMA_VERSION} {code} {dependency_versions()} {os.fspath(root)!a}"


def read_revision(connection: sqlite3.Connection) -> str:
    """Return what identifies the content of the index: the same for the same files with the same times."""
    row = connection.execute("SELECT revision FROM revision").fetchone()
    return str(row[0]) if row else ""


def synchronize(connection: sqlite3.Connection, root: Path, reader: Reader, progress: Progress) -> dict[str, Signature]:
    """Bring the index up to date with the files; only files whose content changed are parsed again.

    The files are listed after the write lock is held, since an older list would undo another process's work. Returns
    the files as the index holds them: one that could not be read differs from what the next scan finds.
    """
    with transaction(connection):
        scanned = files.scan(root, tuple(reader.suffixes))
        indexed = _indexed_files(connection)
        days: set[str] = set()
        changed = [path for path, signature in scanned.items() if indexed.get(path, (None,))[0] != signature]
        deleted = indexed.keys() - scanned.keys()
        for path in deleted:
            days |= _remove_file(connection, path)
        for path in progress(changed, len(changed)):
            days |= _update_file(connection, root, path, scanned[path], indexed.get(path, (None, b""))[1], reader)
        signatures = {path: signature for path, (signature, _) in _indexed_files(connection).items()}
        if changed or deleted or not read_revision(connection):
            _rank_days(connection, days)
            _update_revision(connection)
    return signatures


def _indexed_files(connection: sqlite3.Connection) -> dict[str, tuple[Signature, bytes]]:
    rows = connection.execute("SELECT path, size, mtime_ns, ctime_ns, inode, hash FROM files")
    return {os.fsdecode(path): (Signature(*signature), content_hash) for path, *signature, content_hash in rows}


def _remove_file(connection: sqlite3.Connection, path: str) -> set[str]:
    """Remove everything that came from a file; return its days."""
    key = (os.fsencode(path),)
    days = {day for (day,) in connection.execute("SELECT day FROM days WHERE path = ?", key)}
    statement = "SELECT id, title, body FROM texts WHERE id IN (SELECT id FROM papers WHERE path = ?)"
    for row_id, title, body in connection.execute(statement, key).fetchall():
        values = (row_id, search.Texts(title, body).letters)
        connection.execute("INSERT INTO trigrams (trigrams, rowid, letters) VALUES ('delete', ?, ?)", values)
        connection.execute("DELETE FROM texts WHERE id = ?", (row_id,))
    connection.execute("INSERT INTO touched SELECT slug FROM papers WHERE path = ?", key)
    for table in ("papers", "days", "diagnostics", "files"):
        connection.execute(f"DELETE FROM {table} WHERE path = ?", key)  # noqa: S608  # names of ours
    return days


def _update_file(
    connection: sqlite3.Connection, root: Path, path: str, signature: Signature, indexed_hash: bytes, reader: Reader
) -> set[str]:
    """Parse a file into the index; return the days that it lists or listed before."""
    try:
        data = _read(root / path, signature)
    except FileNotFoundError:
        return _remove_file(connection, path)
    except OSError as error:
        return _report_unreadable(connection, path, signature, indexed_hash, error)
    content_hash = hashlib.sha256(data).digest()
    if content_hash == indexed_hash:
        values = (*signature, os.fsencode(path))
        connection.execute("UPDATE files SET size = ?, mtime_ns = ?, ctime_ns = ?, inode = ? WHERE path = ?", values)
        return set()
    days = _remove_file(connection, path)
    decoded = files.decode(data)
    digest = reader.read(decoded.text, PurePosixPath(path))
    if digest is None:
        _insert_file(connection, path, signature, content_hash, ())
        return days
    _insert_file(connection, path, signature, content_hash, decoded.diagnostics + digest.diagnostics)
    return days | _insert_digest(connection, path, digest)


def _report_unreadable(
    connection: sqlite3.Connection, path: str, signature: Signature, indexed_hash: bytes, error: OSError
) -> set[str]:
    """Report a file that cannot be read now; what the index holds of it stays."""
    if indexed_hash:
        return set()
    days = _remove_file(connection, path)
    unreadable = Diagnostic(1, f"cannot be read: {error.strerror}", Severity.ERROR)
    _insert_file(connection, path, signature._replace(ctime_ns=_UNREAD), b"", (unreadable,))
    return days


def _read(path: Path, signature: Signature) -> bytes:
    if signature.size > _MAX_FILE_SIZE:
        raise OSError(errno.EFBIG, f"larger than {_MAX_FILE_SIZE:,} bytes")
    return path.read_bytes()


def _insert_file(
    connection: sqlite3.Connection,
    path: str,
    signature: Signature,
    content_hash: bytes,
    diagnostics: Iterable[Diagnostic],
) -> None:
    key = os.fsencode(path)
    connection.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)", (key, *signature, content_hash))
    rows = [(key, item.line, item.message, item.severity.value) for item in diagnostics]
    connection.executemany("INSERT INTO diagnostics VALUES (?, ?, ?, ?)", rows)


def _insert_digest(connection: sqlite3.Connection, path: str, digest: Digest) -> set[str]:
    for entry in digest.entries:
        _insert_paper(connection, path, entry)
    rows = [(day.isoformat(), os.fsencode(path), line) for day, line in digest.days.items()]
    connection.executemany("INSERT INTO days VALUES (?, ?, ?)", rows)
    return {day for day, *_ in rows}


def _insert_paper(connection: sqlite3.Connection, path: str, entry: Entry) -> None:
    paper = entry.paper
    body = encode_paper(paper)
    has_code = any(link.kind is markdown.LinkKind.CODE for link in paper.links)
    values = (
        os.fsencode(path),
        entry.line,
        entry.day.isoformat(),
        paper.slug,
        *paper.completeness,
        paper.votes,
        "\n".join(squeeze(unicode.fold(author)) for author in paper.authors),
        paper.image,
        paper.video is not None,
        has_code,
        citation_key_stem(paper, publication_year(paper, entry.day)),
        body,
        hashlib.sha256(body.encode()).digest()[:16],
    )
    columns = "path, line, day, slug, fields, length, votes, authors, image, video, code, citation_key_stem, body, hash"
    cursor = connection.execute(
        f"INSERT INTO papers ({columns}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608  # names of ours
        values,
    )
    titles = (paper.title, paper.plain_title)
    texts = search.fold_texts(titles, (", ".join(paper.authors), paper.summary_text, paper.slug))
    connection.execute("INSERT INTO texts VALUES (?, ?, ?)", (cursor.lastrowid, *texts))
    connection.execute("INSERT INTO trigrams (rowid, letters) VALUES (?, ?)", (cursor.lastrowid, texts.letters))


def _rank_days(connection: sqlite3.Connection, days: Iterable[str]) -> None:
    """Rank the papers of the days that changed, and find out which day lists each of them first."""
    for day in sorted(days):
        _rank_day(connection, day)
    connection.execute(
        "UPDATE papers SET (first_day, first_rank, first_stem) ="
        " (SELECT day, rank, citation_key_stem FROM papers AS other"
        " WHERE other.slug = papers.slug AND other.rank IS NOT NULL ORDER BY day LIMIT 1)"
        " WHERE slug IN (SELECT slug FROM touched)"
    )
    connection.execute("DELETE FROM touched")


def _rank_day(connection: sqlite3.Connection, day: str) -> None:
    """Rank the papers of a day; of a paper listed twice the more complete listing is kept, in the first one's place.

    The file with the most papers of the day comes first: a README may repeat some of them in an order of its own.
    """
    rows = connection.execute(
        "SELECT id, slug, fields, length FROM papers WHERE day = ?"
        " ORDER BY count(*) OVER (PARTITION BY path) DESC, path, line",
        (day,),
    ).fetchall()
    best: dict[str, tuple[tuple[int, int], int]] = {}
    for row_id, slug, fields, length in rows:
        if slug not in best or (fields, length) > best[slug][0]:
            best[slug] = ((fields, length), row_id)
    connection.execute("UPDATE papers SET rank = NULL WHERE day = ?", (day,))
    connection.execute("INSERT INTO touched SELECT slug FROM papers WHERE day = ?", (day,))
    ranks = [(rank, row_id) for rank, (_, row_id) in enumerate(best.values())]
    connection.executemany("UPDATE papers SET rank = ? WHERE id = ?", ranks)


def _update_revision(connection: sqlite3.Connection) -> None:
    digest = hashlib.sha256()
    for row in connection.execute("SELECT path, hash, mtime_ns FROM files ORDER BY path"):
        digest.update(repr(row).encode())
    connection.execute("DELETE FROM revision")
    connection.execute("INSERT INTO revision VALUES (?)", (digest.hexdigest(),))


def encode_paper(paper: Paper) -> str:
    """Serialize a paper for the index."""
    return json.dumps(asdict(paper), ensure_ascii=False, separators=(",", ":"))


def decode_paper(body: str) -> Paper:
    """Deserialize what `encode_paper` wrote."""
    values = json.loads(body)
    return Paper(**values | {"authors": tuple(values["authors"])})
