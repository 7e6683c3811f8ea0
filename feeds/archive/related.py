"""Finds the older papers that a paper is related to: they share telling words of its title, or its first author.

A word tells the more, the fewer older papers have it. Of each word only the newest of these are looked at, so that the
cost does not grow with the archive, and nothing depends on papers that are not older.
"""

import json
import math
import re
import sqlite3
from collections.abc import Iterable
from datetime import date

from feeds.archive.search import FIRST_LISTING
from feeds.text.matching import BARRIER

_MAX_SHARING = 60  # older papers of each term that are looked at
_MIN_WEIGHT = 2.0
"""What related papers share weighs at least as much as a term that nine older papers have, or three common ones."""

_WORD = re.compile(r"[^\W_]+")
_PLURAL = re.compile(r"(?<=[a-z]{3})(?<![sui])s\Z")
_AUTHOR = "@"  # before the name of an author
_STOP_WORD = re.compile(
    r"about|across|all|an|and|any|are|as|at|based|be|beyond|but|by|can|do|does|for|from|have|"
    r"how|if|in|into|is|it|its|large|more|new|no|not|of|on|one|or|our|over|some|than|that|the|"
    r"their|them|then|there|these|they|this|through|to|toward|towards|two|under|up|using|via|was|"
    r"we|what|when|where|which|who|why|will|with|without|your|you"
)

SCHEMA = """
CREATE TABLE terms (  -- what related papers share, of all listings
    term TEXT NOT NULL, day INTEGER NOT NULL, paper INTEGER NOT NULL, PRIMARY KEY (term, day, paper)
) WITHOUT ROWID;
"""
_SELECT_NAMED = "SELECT papers.id, day, title, authors FROM papers JOIN texts USING (id) WHERE"


def parse_terms(title: str, authors: str) -> list[str]:
    """Return the terms of a paper: the telling words of its title, without the plural, and its first author.

    Args:
        title: the forms of the title as the table `texts` has them.
        authors: the names as the table `papers` has them.
    """
    words = [word for word in _WORD.findall(title.rpartition(BARRIER)[2]) if len(word) > 1 and not word.isdigit()]
    names = [_AUTHOR + name for name in authors.split("\n")[:1] if name]
    return list(dict.fromkeys([*(_singular(word) for word in words if not _STOP_WORD.fullmatch(word)), *names]))


def _singular(word: str) -> str:
    return _PLURAL.sub("", word)


def insert_terms(connection: sqlite3.Connection, path: bytes) -> None:
    """Insert the terms of the papers of a file."""
    connection.executemany("INSERT INTO terms VALUES (?, ?, ?)", _terms_of_file(connection, path))


def delete_terms(connection: sqlite3.Connection, path: bytes) -> None:
    """Delete the terms of the papers of a file, which are still in the other tables."""
    connection.executemany("DELETE FROM terms WHERE (term, day, paper) = (?, ?, ?)", _terms_of_file(connection, path))


def _terms_of_file(connection: sqlite3.Connection, path: bytes) -> list[tuple[str, int, int]]:
    return [
        (term, date.fromisoformat(day).toordinal(), paper)
        for paper, day, title, authors in connection.execute(f"{_SELECT_NAMED} path = ?", (path,))
        for term in parse_terms(title, authors)
    ]


def find_related(connection: sqlite3.Connection, paper: int) -> list[int]:
    """Return the IDs of the older papers that share enough with a paper, the most closely related ones first."""
    ((_, day, title, authors),) = connection.execute(f"{_SELECT_NAMED} papers.id = ?", (paper,))
    weights = _weigh(connection, parse_terms(title, authors), date.fromisoformat(day).toordinal())
    rows = connection.execute(
        f"SELECT id FROM papers WHERE id IN (SELECT value FROM json_each(?)) AND {FIRST_LISTING}"  # noqa: S608  # ours
        " ORDER BY day DESC, rank",
        (json.dumps([other for other, weight in weights.items() if weight >= _MIN_WEIGHT]),),
    )
    return sorted((other for (other,) in rows), key=lambda other: -weights[other])


def _weigh(connection: sqlite3.Connection, terms: Iterable[str], day: int) -> dict[int, float]:
    """Weigh the older listings that share any of the terms."""
    weights: dict[int, float] = {}
    statement = "SELECT day, paper FROM terms WHERE term = ? AND day < ? ORDER BY day DESC LIMIT ?"
    for term in terms:
        rows = connection.execute(statement, (term, day, _MAX_SHARING)).fetchall()
        cut = rows[-1][0] if len(rows) == _MAX_SHARING else 0  # of the oldest day not all may be among them
        weight = math.log(1 + _MAX_SHARING / len(rows)) if rows else 0
        for listed, paper in rows:
            if listed > cut:
                weights[paper] = weights.get(paper, 0) + weight
    return weights
