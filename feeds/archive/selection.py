"""Selections of papers in SQL: which rows of the table `papers` an edition or a query has, and in which order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from feeds.archive.search import FIRST_LISTING
from feeds.model.query import Order, Query
from feeds.text import unicode
from feeds.text.matching import squeeze

CONTENT_HASH = "hex(hash) || coalesce(more_tags, '')"
"""The expression that identifies the content of a listing."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The conditions, values, order and limit of a SELECT on the table `papers`, which `source` may join another to."""

    conditions: Sequence[str]
    values: Sequence[object]
    order: str = "day DESC, rank"
    limit: int | None = None
    offset: int = 0
    source: str = "papers"

    def statement(self, columns: str, grouped_by: str = "") -> tuple[str, list[object]]:
        """Return a SELECT of some columns with its parameters, in order and within the limit unless it groups rows."""
        ending, paging = f"GROUP BY {grouped_by}", list[object]()
        if not grouped_by:
            ending = f"ORDER BY {self.order} LIMIT ? OFFSET ?"
            paging = [-1 if self.limit is None else self.limit, self.offset]  # -1 means no limit
        conditions = " AND ".join(self.conditions)
        return f"SELECT {columns} FROM {self.source} WHERE {conditions} {ending}", [*self.values, *paging]  # noqa: S608


MOST_VOTED = "votes DESC"  # NULL, which is no vote, comes last
NOTHING = Selection(["0"], [])


EVERYTHING = Selection([FIRST_LISTING], [])


def select_days(first: date, last: date, *, repeats: bool, limit: int | None = None) -> Selection:
    """Select the listings of some days, those of papers that an earlier day lists only with `repeats`."""
    is_listed = "rank IS NOT NULL" if repeats else FIRST_LISTING
    return Selection([is_listed, "day BETWEEN ? AND ?"], [first.isoformat(), last.isoformat()], limit=limit)


def select_paper(slug: str) -> Selection:
    """Select the first listing of a paper."""
    return Selection(["slug = ?", FIRST_LISTING], [slug])


def select_results(query: Query, as_of: date, source: str = "papers", *values: object) -> Selection:
    """Select the results of a query; a paper that two days list is found on its first day only.

    Args:
        query: the query.
        as_of: the last day that is seen.
        source: the table `papers`, for a query with words joined to the papers that match, with a `place` by relevance.
        values: the parameters in `source`.
    """
    conditions, operands = [FIRST_LISTING], [*values]
    for condition, more in _conditions(query, as_of):
        conditions.append(condition)
        operands += more
    order = "day DESC, rank"
    if query.order is Order.VOTES:
        order = f"{MOST_VOTED}, {order}"
    elif query.order is Order.RELEVANCE and source != "papers":
        order = f"place, {order}"
    return Selection(conditions, operands, order, query.limit, (query.page - 1) * (query.limit or 0), source)


def _conditions(query: Query, as_of: date) -> Iterator[tuple[str, list[object]]]:
    until = min(query.until or date.max, as_of)
    if query.since:
        yield "day >= ?", [query.since.isoformat()]
    if until < date.max:
        yield "day <= ?", [until.isoformat()]
    if query.min_votes is not None:
        yield "votes >= ?", [query.min_votes]
    if query.author:
        yield "instr(authors, ?)", [squeeze(unicode.fold(query.author))]
    for tag in query.tags:
        yield "EXISTS (SELECT * FROM tags WHERE tag = ? AND paper = papers.id)", [tag]
    for medium in query.has:
        yield f"{medium.value} = 1", []
