"""The days of an archive in memory, read again only as far as they change."""

import sqlite3
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter

from feeds.archive.search import FoundPapers
from feeds.model.edition import MonthCount
from feeds.model.keys import PeriodKey, Scope
from feeds.model.paper import DayCount
from feeds.model.query import Has, Query

ResultCounts = tuple[tuple[str, frozenset[Has], int], ...]
"""Numbers of results by year and by what they come with."""

_DATE = itemgetter(0)  # of a DayCount


class Calendar(tuple[DayCount, ...]):
    """The days of an archive with their numbers of papers, oldest first, days without a paper included."""

    __slots__ = ()

    def between(self, first: date, last: date) -> "Calendar":
        """Return the days from a first one to a last."""
        start, end = bisect_left(self, first, key=_DATE), bisect_right(self, last, key=_DATE)
        return self if (start, end) == (0, len(self)) else Calendar(self[start:end])

    def before(self, day: date) -> date | None:
        """Return the last day before a date."""
        place = bisect_left(self, day, key=_DATE)
        return self[place - 1].date if place else None

    def after(self, day: date) -> date | None:
        """Return the first day after a date."""
        place = bisect_right(self, day, key=_DATE)
        return self[place].date if place < len(self) else None


@dataclass(frozen=True, slots=True)
class IndexState:
    """A state of the index: its identity, the number of its last change, all days, and what was computed from them.

    Snapshots share `periods` by scope and last day, `counts` of results, of their `months` and of their `tags` by query
    and last day, and `found`.
    """

    identity: str = ""
    change: int = 0
    calendar: Calendar = Calendar()  # noqa: RUF009  # immutable
    periods: dict[tuple[Scope, date], list[PeriodKey]] = field(default_factory=dict)
    counts: dict[tuple[Query, date], ResultCounts] = field(default_factory=dict)
    months: dict[tuple[Query, date], tuple[MonthCount, ...]] = field(default_factory=dict)
    tags: dict[tuple[Query, date], dict[str, int]] = field(default_factory=dict)
    found: FoundPapers = field(default_factory=FoundPapers)


class NewestState:
    """The newest state of the index that snapshots have seen. Threads may share it."""

    def __init__(self) -> None:
        self._state = IndexState()

    def read(self, connection: sqlite3.Connection) -> IndexState:
        """Return the state of the index; of its days only those are read that changed since the last one."""
        identity, change = connection.execute("SELECT identity, change FROM state").fetchone() or ("", 0)
        known = self._state
        if (known.identity, known.change) == (identity, change):
            return known
        is_later = known.identity == identity and known.change < change
        rows = connection.execute(
            "SELECT day, papers, new, first_new FROM days WHERE change > ?",  # ordered, it would read all days
            (known.change if is_later else -1,),
        ).fetchall()
        days = list(known.calendar) if is_later else []
        for text, *counts in sorted(rows):
            day = date.fromisoformat(text)
            place = bisect_left(days, day, key=_DATE)
            is_known = place < len(days) and days[place].date == day
            days[place : place + is_known] = [DayCount(day, *counts)] if counts[0] is not None else []
        self._state = IndexState(identity, change, Calendar(days))
        return self._state
