"""All days under one folder: kept in step with the files while it is used, and asked for papers."""

import hashlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from feeds.archive import files as folder
from feeds.archive import index
from feeds.archive.database import Database
from feeds.archive.files import Signature
from feeds.archive.index import Progress
from feeds.errors import ArchiveError
from feeds.model.diagnostic import Severity
from feeds.model.paper import Paper
from feeds.model.query import Has, Order, Query
from feeds.text import unicode

Result = TypeVar("Result")

_log = logging.getLogger(__name__)
_LOOKING = 20  # one part in so many of the time that passes is spent on looking for changed files
_LONGEST_WAIT = 2.0  # seconds between two looks
_NAMESAKES = """(
    SELECT count(*) FROM papers AS other WHERE other.cited = papers.cited
    AND other.rank IS NOT NULL AND other.day = other.first_day
    AND (other.first_day, other.first_rank) < (papers.first_day, papers.first_rank)
)"""
_TRIGRAMS = 32  # more of them would find no fewer candidates worth checking


class DayCount(NamedTuple):
    """A day of the archive, how many papers it lists, and how many of them no earlier day does."""

    date: date
    papers: int
    new: int


class Fingerprint(NamedTuple):
    """What tells a paper's content and place without reading it, the address of its picture, and `Paper.namesakes`."""

    hash: str
    day: str
    rank: int
    image: str | None
    namesakes: int


class FileProblem(NamedTuple):
    """A problem, with the path of its file under the archive's folder."""

    path: str
    line: int
    message: str
    severity: Severity


def in_silence(names: Iterable[str], _: int) -> Iterable[str]:
    """Show no progress."""
    return names


def default_index(root: Path, environ: Mapping[str, str]) -> Path:
    """Say where the index of an archive is: $FEEDS_INDEX, or a file in the user's cache folder."""
    if environ.get("FEEDS_INDEX"):
        return Path(environ["FEEDS_INDEX"])
    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    return folder.cache(environ) / f"{name}.sqlite"


class Archive:
    """Answers questions about the days under `root`.

    Threads may share it, and any number of processes share its index. Every answer is of the files as they were at
    the last `refresh`.
    """

    def __init__(self, root: Path, index_path: Path, progress: Progress = in_silence) -> None:
        self.root = root.resolve()
        self.index_path = index_path
        self._progress = progress
        self._lock = threading.Lock()
        self._seen: dict[str, Signature] | None = None
        self._state = ""
        self._days: tuple[str, tuple[DayCount, ...]] = ("", ())
        self._trouble = ""
        self._next_look = 0.0
        self._database = Database(index_path, index.SCHEMA, index.version(self.root), self._fill)

    @property
    def state(self) -> str:
        """Name what the archive holds; answers may be kept for as long as it stays the same."""
        return self._state

    def refresh(self) -> None:
        """Bring the index into step with the files.

        Costs next to nothing when called again and again: it looks at the folder only as often as a twentieth of the
        time allows, and at least every two seconds. Raises ArchiveError where there is no folder or no index can be
        made; but when a folder that was there is gone, the last answers stay.
        """
        if time.monotonic() < self._next_look or not self._lock.acquire(blocking=self._seen is None):
            return
        try:
            started = time.monotonic()
            self.look()
            now = time.monotonic()
            self._next_look = now + min((now - started) * _LOOKING, _LONGEST_WAIT)
        finally:
            self._lock.release()

    def look(self) -> None:
        """Bring the index into step with the files now. Raises as `refresh` does."""
        trouble = ""
        try:
            if self._seen is None or folder.find(self.root) != self._seen:
                self._database.run(self._synchronise)
        except ArchiveError as error:
            if self._seen is None:
                raise
            trouble = str(error)
        if trouble and trouble != self._trouble:
            _log.warning("%s; answering with what was there", trouble)
        self._trouble = trouble
        self._state = self._database.run(index.state)  # other processes bring the index into step too

    def is_at(self, state: str) -> bool:
        """Whether the index still holds what it did in a state; other processes change it too."""
        return self._database.run(index.state) == state

    def remember(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do work on the index that is about what all processes have done, not about the files."""
        return self._database.run(work)

    def known_size(self, path: str, tag: str) -> int | None:
        """Tell the size of a document, if any process has noted it since it changed."""
        rows = self._rows("SELECT size FROM sizes WHERE path = ? AND tag = ?", (path, tag))
        return int(rows[0][0]) if rows else None

    def remember_size(self, path: str, tag: str, size: int) -> None:
        """Note the size of a document for all processes, if that can be done: it can be found again."""
        with suppress(ArchiveError):
            self._rows("INSERT OR REPLACE INTO sizes VALUES (?, ?, ?)", (path, tag, size))

    def close(self) -> None:
        """Let go of the index, before a fork for one; the next question opens it again."""
        self._database.close()

    def _synchronise(self, connection: sqlite3.Connection) -> None:
        self._seen = index.synchronise(connection, self.root, self._progress)

    def _fill(self, connection: sqlite3.Connection) -> None:
        try:
            self._synchronise(connection)
        except (ArchiveError, sqlite3.OperationalError):
            if self._seen is None or not index.state(connection):
                raise  # else the folder is gone or the disk is full, and the index holds what was there

    def days(self) -> tuple[DayCount, ...]:
        """List every day, oldest first, those without a paper among them."""
        state, days = self._days
        if state != self._state or not state:
            state = self._state
            rows = self._rows(
                "SELECT claims.day, count(rank), count(rank) FILTER (WHERE first_day = claims.day)"
                " FROM (SELECT DISTINCT day FROM claims) AS claims LEFT JOIN papers USING (day) GROUP BY claims.day"
                " ORDER BY claims.day"
            )
            days = tuple(DayCount(date.fromisoformat(day), *counts) for day, *counts in rows)
            self._days = (state, days)
        return days

    def papers(self, query: Query) -> tuple[Paper, ...]:
        """Answer a query; unless it asks for repeats, a paper that two days list is found on its first day only."""
        where, values = _selection(query)
        rows = self._rows(f"SELECT body, first_day, first_rank, {_NAMESAKES} FROM papers WHERE {where}", values)  # noqa: S608  # ours
        return tuple(index.decode(*row) for row in rows)

    def fingerprints(self, query: Query) -> list[Fingerprint]:
        """Answer a query without reading the papers."""
        where, values = _selection(query)
        selected = f"SELECT hex(hash), first_day, first_rank, image, {_NAMESAKES} FROM papers WHERE {where}"  # noqa: S608  # ours
        rows = self._rows(selected, values)
        return [Fingerprint(*row) for row in rows]

    def years(self, query: Query) -> dict[str, int]:
        """Count what answers a query on all its pages, by year, the newest first."""
        where, values = _selection(replace(query, limit=None, page=1))
        found = f"SELECT substr(first_day, 1, 4) AS year FROM papers WHERE {where}"  # noqa: S608  # ours
        rows = self._rows(f"SELECT year, count(*) FROM ({found}) GROUP BY year ORDER BY year DESC", values)  # noqa: S608
        return dict(rows)

    def traits(self, query: Query) -> dict[frozenset[Has], int]:
        """Count what answers a query on all its pages, by what it has."""
        where, values = _selection(replace(query, limit=None, page=1))
        found = f"SELECT code, video FROM papers WHERE {where}"  # noqa: S608  # ours
        rows = self._rows(f"SELECT code, video, count(*) FROM ({found}) GROUP BY code, video", values)  # noqa: S608
        has = (Has.CODE, Has.VIDEO)
        return {frozenset(each for each, is_there in zip(has, flags, strict=True) if is_there): n for *flags, n in rows}

    def images(self) -> list[str]:
        """List the addresses of all pictures, those of the newest papers first."""
        rows = self._rows("SELECT image FROM papers WHERE rank >= 0 AND image IS NOT NULL ORDER BY day DESC, rank")
        return list(dict.fromkeys(image for (image,) in rows))

    def modified(self, since: date | None = None, until: date | None = None) -> datetime | None:
        """Tell when the newest day file of a period was last written, to the second; None where there is none."""
        rows = self._rows(
            "SELECT max(modified) FROM files JOIN claims USING (path) WHERE day BETWEEN ? AND ?",
            [(since or date.min).isoformat(), (until or date.max).isoformat()],
        )
        newest = rows[0][0]
        return None if newest is None else datetime.fromtimestamp(newest // 1_000_000_000, UTC)

    def problems(self) -> tuple[FileProblem, ...]:
        """List what the files hold that no field could take, and papers that a day lists twice."""
        rows = self._rows("SELECT path, line, message, severity FROM problems")
        found = [FileProblem(os.fsdecode(path), line, said, Severity(severity)) for path, line, said, severity in rows]
        repeats = self._rows(
            "SELECT again.path, min(again.line), count(*), again.slug, kept.path, min(kept.line), day"
            " FROM papers AS again JOIN papers AS kept USING (day, slug)"
            " WHERE again.rank IS NULL AND kept.rank IS NOT NULL GROUP BY again.path, kept.path, day"
        )
        for path, line, papers, slug, kept_path, kept_line, day in repeats:
            what = f"{papers} papers of {day}" if papers > 1 else slug
            message = f"lists {what} once more; {os.fsdecode(kept_path)}:{kept_line} says no less and counts"
            found.append(FileProblem(os.fsdecode(path), line, message, Severity.WARNING))
        return tuple(sorted(found, key=lambda problem: problem[:3]))

    def _rows(self, statement: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        given = tuple(values)
        return self._database.run(lambda connection: connection.execute(statement, given).fetchall())


def _selection(query: Query) -> tuple[str, list[object]]:
    """Write a query as what stands behind WHERE, and its values."""
    conditions = ["rank IS NOT NULL"] if query.repeats else ["rank IS NOT NULL", "day = first_day"]
    values: list[object] = []
    for condition, given in _filters(query):
        conditions.append(condition)
        values += given
    order = "votes IS NULL, votes DESC, " if query.order is Order.VOTES else ""
    limit = -1 if query.limit is None else query.limit  # SQLite's word for no limit
    values += [limit, (query.page - 1) * max(limit, 0)]
    return f"{' AND '.join(conditions)} ORDER BY {order}day DESC, rank LIMIT ? OFFSET ?", values


def _filters(query: Query) -> Iterable[tuple[str, list[object]]]:
    if query.slug is not None:
        yield "slug = ?", [query.slug]
    if query.since:
        yield "day >= ?", [query.since.isoformat()]
    if query.until:
        yield "day <= ?", [query.until.isoformat()]
    if query.min_votes is not None:
        yield "votes >= ?", [query.min_votes]
    if query.author:
        yield "instr(authors, ?)", [unicode.fold(query.author)]
    for flag in (Has.VIDEO, Has.CODE):
        if flag in query.has:
            yield f"{flag.value} = 1", []
    for group in query.terms:
        conditions, values = zip(*map(_holds, group), strict=True)
        yield f"({' OR '.join(conditions)})", [value for each in values for value in each]


def _holds(term: str) -> tuple[str, list[object]]:
    """Write the condition that a paper's text holds a term."""
    # The letters of 가 are in 각 too: what counts is the composed text.
    composed = "instr((SELECT folded FROM texts WHERE texts.id = papers.id), ?)"
    candidates = _trigrams(term)
    if not candidates:
        return composed, [term]
    # The plus keeps SQLite from sorting all candidates where an index gives the first ones in order.
    return f"(+id IN (SELECT rowid FROM letters WHERE letters MATCH ?) AND {composed})", [candidates, term]  # noqa: S608


def _trigrams(term: str) -> str:
    """Write an FTS5 query for what holds the trigrams of a term; empty for a term of fewer than three letters.

    Those that touch without overlapping do: what they let through is checked anyway.
    """
    letters = unicode.decompose(term)
    starts = [*range(0, len(letters) - 3, 3), len(letters) - 3] if len(letters) >= 3 else []
    trigrams = dict.fromkeys(letters[start : start + 3] for start in starts)
    return " AND ".join('"{}"'.format(trigram.replace('"', '""')) for trigram in list(trigrams)[:_TRIGRAMS])
