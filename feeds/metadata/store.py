"""Stores what is known of papers in SQLite, for the archive to complete its papers with."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from feeds.files import user_cache_dir
from feeds.model.metadata import PaperMetadata
from feeds.sqlite import StoreDatabase

_SCHEMA = """
CREATE TABLE IF NOT EXISTS store (
    identity TEXT NOT NULL      -- one row; another store counts its changes anew
);
CREATE TABLE IF NOT EXISTS papers (
    slug TEXT PRIMARY KEY,
    fields TEXT NOT NULL,       -- JSON; empty if the source does not know the paper
    checked INTEGER NOT NULL,   -- seconds since 1970
    stored INTEGER NOT NULL,    -- when the fields last changed
    change INTEGER NOT NULL     -- in which they did; 0 if there never were any
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS papers_by_change ON papers (change)
"""
# Fields that a source no longer has are kept.
_PUT = """
INSERT INTO papers (slug, fields, checked, stored, change) VALUES (?1, ?2, ?3, ?3, iif(?2 = '', 0, ?4))
ON CONFLICT (slug) DO UPDATE SET
    stored = iif(?2 IN ('', fields), stored, ?3),
    change = iif(?2 IN ('', fields), change, ?4),
    fields = iif(?2 = '', fields, ?2),
    checked = ?3
"""
_SELECT = "SELECT slug, fields, checked, stored FROM papers WHERE slug IN (SELECT value FROM json_each(?))"


class Checked(NamedTuple):
    """When a source was last asked for a paper, and whether it ever knew it."""

    time: datetime
    is_known: bool


class StoredMetadata(NamedTuple):
    """What is known of a paper, when that last changed, and a hash of it."""

    metadata: PaperMetadata
    stored: datetime
    digest: bytes


def default_store(environ: Mapping[str, str]) -> Path:
    """Return the store's folder: $FEEDS_METADATA, or one in the user's cache folder."""
    if environ.get("FEEDS_METADATA"):
        return Path(environ["FEEDS_METADATA"])
    return user_cache_dir(environ) / "metadata"


class MetadataStore:
    """The metadata of papers by slug, shared by threads and processes. Reading creates nothing."""

    def __init__(self, root: Path) -> None:
        self._database = StoreDatabase(root / "papers-1.sqlite", _SCHEMA, "the metadata store")

    @property
    def revision(self) -> str:
        """The version of the store, cheap to read: every write changes it. Empty if there is none."""
        return self._database.revision

    @property
    def state(self) -> str:
        """The store and its last change, for `changed_since`; empty if there is none that can be read."""
        return self._database.try_read(_read_state) or ""

    def changed_since(self, state: str) -> frozenset[str] | None:
        """Return the slugs of papers whose metadata changed after a `state`; None if any may have."""
        return self._database.try_read(partial(_read_changes, state=state)) if self.revision else None

    def lookup(self, slugs: Iterable[str]) -> dict[str, StoredMetadata]:
        """Return what is known of some papers; nothing without a store, or if it cannot be read."""
        return self._database.try_read(partial(_read_metadata, slugs=list(slugs))) or {}

    def checked(self, slugs: Iterable[str]) -> dict[str, Checked]:
        """Return which of some papers were asked for before. Raises StoreError."""
        return self._database.read(partial(_read_checked, slugs=list(slugs))) or {}

    def put(self, results: Mapping[str, PaperMetadata | None], now: datetime) -> None:
        """Store what a source answered, None for a paper that it does not know. Raises StoreError."""

        def write(connection: sqlite3.Connection) -> None:
            if connection.execute("SELECT identity FROM store").fetchone() is None:
                connection.execute("INSERT INTO store VALUES (?)", (uuid4().hex,))
            (change,) = connection.execute("SELECT ifnull(max(change), 0) + 1 FROM papers").fetchone()
            rows = [
                (slug, _encode(metadata) if metadata else "", int(now.timestamp()), change)
                for slug, metadata in results.items()
            ]
            connection.executemany(_PUT, rows)

        self._database.write(write)


def _read_state(connection: sqlite3.Connection) -> str:
    row = connection.execute("SELECT identity, (SELECT ifnull(max(change), 0) FROM papers) FROM store").fetchone()
    return f"{row[0]} {row[1]}" if row else ""


def _read_changes(connection: sqlite3.Connection, state: str) -> frozenset[str] | None:
    identity, _, change = state.partition(" ")
    if identity not in ("", *(row[0] for row in connection.execute("SELECT identity FROM store"))):
        return None
    rows = connection.execute("SELECT slug FROM papers WHERE change > ?", (int(change or 0),))
    return frozenset(slug for (slug,) in rows)


def _read_metadata(connection: sqlite3.Connection, slugs: Iterable[str]) -> dict[str, StoredMetadata]:
    return {
        slug: StoredMetadata(_decode(fields), _from_unix(stored), hashlib.sha256(fields.encode()).digest())
        for slug, fields, _, stored in _select(connection, slugs)
        if fields
    }


def _read_checked(connection: sqlite3.Connection, slugs: Iterable[str]) -> dict[str, Checked]:
    return {slug: Checked(_from_unix(checked), bool(fields)) for slug, fields, checked, _ in _select(connection, slugs)}


def _select(connection: sqlite3.Connection, slugs: Iterable[str]) -> Iterator[tuple[str, str, int, int]]:
    yield from connection.execute(_SELECT, (json.dumps(list(slugs)),))


def _encode(metadata: PaperMetadata) -> str:
    fields = {name: value for name, value in asdict(metadata).items() if value}
    return json.dumps(fields, ensure_ascii=False, default=date.isoformat)


def _decode(fields: str) -> PaperMetadata:
    values = json.loads(fields)
    for name in ("authors", "tags"):
        values[name] = tuple(values.get(name, ()))
    if published := values.get("published"):
        values["published"] = date.fromisoformat(published)
    return PaperMetadata(**values)


def _from_unix(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
