"""Draws numbers over time: bars of months, and the days that an archive lacks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise

from feeds.model.edition import MonthCount, Statistics, TopicCount
from feeds.model.keys import PeriodKey, Scope, period
from feeds.model.paper import DayCount

HEIGHT = 40
"""The height of the highest bar."""

_USUAL_SHARE = 0.9  # of the gaps, the shortest ones, are as usual
_WEEKEND = 2  # days; a gap of no more is never shown


@dataclass(frozen=True, slots=True)
class Bar:
    """A month with a number, as a bar up to `HEIGHT` high."""

    key: PeriodKey
    value: int
    height: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of days that the archive lacks, from a first one to a last."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Strip:
    """A year as a strip of days from 0: the days from `start` to `end` that the archive covers, with its gaps.

    Each gap is a day to begin with and a number of days.
    """

    key: PeriodKey
    start: int
    end: int
    gaps: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Plots:
    """What is drawn of the statistics of an archive. All bars have the same months."""

    edition: Statistics

    @cached_property
    def papers(self) -> list[Bar]:
        """The papers of every month."""
        return self._draw({month.key.first: month.papers for month in self.edition.months})

    @cached_property
    def votes(self) -> list[Bar]:
        """The votes of the papers of every month."""
        return self._draw({month.key.first: month.votes for month in self.edition.months})

    def of_topic(self, topic: TopicCount) -> list[Bar]:
        """Return the papers of a topic in every month."""
        return self._draw({month.key.first: month.papers for month in topic.months})

    @cached_property
    def topic_rows(self) -> list[tuple[PeriodKey, list[int]]]:
        """The months, newest first, with the papers of each topic."""
        columns = [self.of_topic(topic) for topic in self.edition.topics]
        return [(row[0].key, [bar.value for bar in row]) for row in reversed(list(zip(*columns, strict=True)))]

    @cached_property
    def gaps(self) -> list[Gap]:
        """The gaps that are longer than usual, the newest first."""
        return find_gaps(self.edition.calendar)

    @cached_property
    def strips(self) -> list[Strip]:
        """The years of the archive with their gaps, the newest first."""
        calendar = self.edition.calendar
        if not calendar:
            return []
        first, last = calendar[0].date, calendar[-1].date
        return [_draw_year(year, first, last, self.gaps) for year in range(last.year, first.year - 1, -1)]

    def _draw(self, values: dict[date, int]) -> list[Bar]:
        return _draw_bars(self.edition.months, values)


def draw_months(counts: Sequence[MonthCount]) -> list[Bar]:
    """Draw the papers of every month from the first to the last that has some."""
    return _draw_bars(counts, {month.key.first: month.papers for month in counts})


def _draw_bars(counts: Sequence[MonthCount], values: dict[date, int]) -> list[Bar]:
    highest = max(values.values(), default=0) or 1
    bars = ((month, values.get(month.first, 0)) for month in _months(counts))
    return [Bar(month, value, -(-value * HEIGHT // highest)) for month, value in bars]


def find_gaps(calendar: Sequence[DayCount]) -> list[Gap]:
    """Find the runs of missing days that are longer than a weekend and than nine in ten of all runs, newest first."""
    gaps = [
        Gap(before.date + timedelta(days=1), after.date - timedelta(days=1))
        for before, after in pairwise(calendar)
        if (after.date - before.date).days > 1
    ]
    lengths = sorted(gap.days for gap in gaps)
    usual = max(lengths[int(len(lengths) * _USUAL_SHARE) - 1], _WEEKEND) if len(lengths) > 1 else _WEEKEND
    return [gap for gap in reversed(gaps) if gap.days > usual]


def _draw_year(year: int, first: date, last: date, gaps: Iterable[Gap]) -> Strip:
    key = period(Scope.YEAR, date(year, 1, 1))

    def clip(day: date) -> int:
        return (min(max(day, key.first), key.last) - key.first).days

    inside = (gap for gap in gaps if gap.first <= key.last and gap.last >= key.first)
    runs = tuple((clip(gap.first), clip(gap.last) - clip(gap.first) + 1) for gap in inside)
    return Strip(key, clip(first), clip(last) + 1, runs)


def _months(counts: Sequence[MonthCount]) -> Iterator[PeriodKey]:
    """List all months from the first to the last that has a paper."""
    if not counts:
        return
    month = counts[0].key
    while month.first <= counts[-1].key.first:
        yield month
        month = period(Scope.MONTH, month.last + timedelta(days=1))
