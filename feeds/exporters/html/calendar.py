"""Splits the days of an archive into periods, and lays out months as tables of days, shaded by their papers."""

from bisect import bisect_left
from calendar import Calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from feeds.model.keys import PeriodKey, Scope, period
from feeds.model.paper import DayCount

SHADES = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of a month; `shade` is from 1 to `SHADES`, 0 where the archive has no such day."""

    date: date
    papers: int = 0
    shade: int = 0


@dataclass(frozen=True, slots=True)
class Month:
    """A month with the number of its new papers and its weeks of seven cells; None is a day of another month."""

    key: PeriodKey
    papers: int
    weeks: tuple[tuple[Cell | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Period:
    """A period with the days of it that the archive has, oldest first."""

    key: PeriodKey
    days: Sequence[DayCount]

    @property
    def papers(self) -> int:
        """The number of new papers."""
        return sum(day.new for day in self.days)


def split_by_period(days: Sequence[DayCount], scope: Scope) -> Iterator[Period]:
    """Split days, oldest first, into the periods that have one, newest period first."""
    end = len(days)
    while end:
        key = period(scope, days[end - 1].date)
        start = bisect_left(days, key.first, hi=end, key=lambda day: day.date)
        yield Period(key, days[start:end])
        end = start


def lay_out_months(days: Sequence[DayCount], first_weekday: int, count: int | None = None) -> list[Month]:
    """Lay out the months that have a day, newest first.

    Args:
        days: the days of the archive, oldest first; the busiest of all decides on the shades.
        first_weekday: the first day of the week, 0 for Monday.
        count: how many months; by default all.
    """
    busiest = max((day.papers for day in days), default=0)
    months = islice(split_by_period(days, Scope.MONTH), count)
    return [_lay_out_month(month, busiest, first_weekday) for month in months]


def _lay_out_month(month: Period, busiest: int, first_weekday: int) -> Month:
    first = month.key.first
    cells = {day.date.day: Cell(day.date, day.papers, _shade(day.papers, busiest)) for day in month.days}
    weeks = tuple(
        tuple(cells.get(number, Cell(first.replace(day=number))) if number else None for number in week)
        for week in Calendar(first_weekday).monthdayscalendar(first.year, first.month)
    )
    return Month(month.key, month.papers, weeks)


def _shade(papers: int, busiest: int) -> int:
    """Return the quarter of the busiest day that a day reaches, from 1; a day without papers has the least."""
    return max(-(-papers * SHADES // busiest), 1) if busiest else 1
