"""Lays out the calendar of an archive: months as tables of days, shaded by how many papers each day lists."""

from calendar import Calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

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


def lay_out_months(days: Sequence[DayCount], first_weekday: int) -> list[Month]:
    """Lay out the months that have a day, newest first.

    Args:
        days: the days of the archive, oldest first.
        first_weekday: the first day of the week, 0 for Monday.
    """
    busiest = max((day.papers for day in days), default=0)
    by_month = groupby(reversed(days), key=lambda day: period(Scope.MONTH, day.date))
    return [_lay_out_month(key, list(group), busiest, first_weekday) for key, group in by_month]


def _lay_out_month(key: PeriodKey, days: Sequence[DayCount], busiest: int, first_weekday: int) -> Month:
    cells = {day.date.day: Cell(day.date, day.papers, _shade(day.papers, busiest)) for day in days}
    weeks = tuple(
        tuple(cells.get(number, Cell(key.first.replace(day=number))) if number else None for number in week)
        for week in Calendar(first_weekday).monthdayscalendar(key.first.year, key.first.month)
    )
    return Month(key, sum(day.new for day in days), weeks)


def _shade(papers: int, busiest: int) -> int:
    """Return the quarter of the busiest day that a day reaches, from 1; a day without papers has the least."""
    return max(-(-papers * SHADES // busiest), 1) if busiest else 1
