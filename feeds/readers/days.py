"""Collects the papers of a file by day: each paper of a day once, with the tags of all places that list it."""

from dataclasses import replace
from datetime import date

from feeds.model.paper import Paper
from feeds.readers import Diagnostics, Digest, Entry
from feeds.readers.fields.dates import RangeEnd
from feeds.readers.limits import MAX_PAPERS, limit_paper

_MAX_DAYS = 10_000  # of a file


class DayCollector:
    """Collects the days and papers of one file."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._diagnostics = diagnostics
        self._days: dict[date, int] = {}
        self._entries: list[Entry] = []
        self._positions: dict[tuple[date, str], int] = {}
        self._line_without_day = 0
        self._is_full = False

    @property
    def has_papers(self) -> bool:
        """Whether the file has papers, with or without a day."""
        return bool(self._entries or self._line_without_day)

    def add_day(self, day: date, line: int) -> None:
        """Add a day, which may have no papers."""
        self._days.setdefault(day, line)

    def add(self, line: int, day: date | None, paper: Paper, *, is_inferred: bool = False) -> None:
        """Add a paper; one without a day is left out. The end of a range is always an inferred day."""
        if day is None:
            self._line_without_day = self._line_without_day or line
            return
        is_inferred = is_inferred or isinstance(day, RangeEnd)
        position = self._positions.get((day, paper.normalized_url))
        if position is not None:
            entry = self._entries[position]
            merged = _merge(entry.paper, paper)
            self._entries[position] = entry._replace(paper=merged, is_inferred=entry.is_inferred and is_inferred)
            return
        if len(self._entries) >= MAX_PAPERS or (day not in self._days and len(self._days) >= _MAX_DAYS):
            if not self._is_full:
                limit = f"{MAX_PAPERS:,} papers" if len(self._entries) >= MAX_PAPERS else f"{_MAX_DAYS:,} days"
                problem = f"the file has {limit} above this line, and what follows is left out"
                self._diagnostics.error(line, problem, "write a file for each day")
            self._is_full = True
            return
        self._positions[day, paper.normalized_url] = len(self._entries)
        self._days.setdefault(day, line)
        self._entries.append(Entry(line, day, limit_paper(paper, line, self._diagnostics), is_inferred))

    def digest(self) -> Digest:
        """Return the result; papers without a day are reported, all in one message."""
        if self._line_without_day:
            problem = "nothing tells the day of this paper, and others like it are left out as well"
            hint = "put the date into the file's name or a folder's, such as 2024-01-30, or set date_pattern"
            self._diagnostics.error(self._line_without_day, problem, hint)
        return Digest(self._days, tuple(self._entries), self._diagnostics.by_line())


def _merge(first: Paper, second: Paper) -> Paper:
    """Return the fuller of two listings of a paper on one day, with the tags of both."""
    fuller = first if first.completeness >= second.completeness else second
    tags = tuple(dict.fromkeys(first.tags + second.tags))
    return fuller if tags == fuller.tags else replace(fuller, tags=tags)
