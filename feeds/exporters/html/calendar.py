"""The calendar of an archive: its months as tables of days, shaded by how many papers each lists."""

from calendar import Calendar
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from feeds.archive.archive import DayCount
from feeds.model.key import Key, Scope, period

SHADES = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of a month; `shade` is from 1 to `SHADES`, 0 where the archive has no such day."""

    date: date
    papers: int = 0
    shade: int = 0


@dataclass(frozen=True, slots=True)
class Month:
    """A month with its weeks of seven days; None stands for a day of another month."""

    key: Key
    papers: int
    weeks: tuple[tuple[Cell | None, ...], ...]


def months(days: Sequence[DayCount], first_weekday: int) -> list[Month]:
    """Lay out the months that have a day, newest first; weeks begin with a weekday, Monday being 0."""
    most = max((day.papers for day in days), default=0)
    return [_month(key, list(group), most, first_weekday) for key, group in _by_month(reversed(days))]


def _by_month(days: Iterable[DayCount]) -> Iterator[tuple[Key, Iterator[DayCount]]]:
    return groupby(days, key=lambda day: period(Scope.MONTH, day.date))


def _month(key: Key, days: list[DayCount], most: int, first_weekday: int) -> Month:
    cells = {day.date: Cell(day.date, day.papers, _shade(day.papers, most)) for day in days}
    first = days[0].date.replace(day=1)
    laid_out = tuple(
        tuple(_cell(first.replace(day=number), cells) if number else None for number in week)
        for week in Calendar(first_weekday).monthdayscalendar(first.year, first.month)
    )
    return Month(key, sum(day.new for day in days), laid_out)


def _cell(day: date, cells: Mapping[date, Cell]) -> Cell:
    return cells.get(day, Cell(day))


def _shade(papers: int, most: int) -> int:
    """Say which part of the busiest day a day comes up to; one without papers counts as the least."""
    return max(-(-papers * SHADES // most), 1) if most else 1
