"""Shelves: the editions of a kind, a page at a time. Pages count from the oldest, so what they hold stays."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from feeds.model.facet import Facet, Group
from feeds.model.key import SHELVES, Key, Scope, shelf

_SIZES = {Scope.DAY: 30, Scope.WEEK: 26, Scope.MONTH: 12, Scope.YEAR: 10}
_NAMES = {scope: name for name, scope in SHELVES.items()}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a shelf: `keys` newest first, where it starts among all `total`, from 1, and its neighbours."""

    keys: tuple[Key, ...]
    start: int
    total: int
    previous: Key | None
    next: Key | None


def facets(key: Key, periods: Sequence[Key]) -> tuple[Facet, ...]:
    """Count the editions of all years and of each, newest first."""
    if key.of is None or key.of is Scope.YEAR:
        return ()
    years = {"": len(periods), **Counter(period.text[:4] for period in reversed(periods))}
    return tuple(
        Facet(shelf(_NAMES[key.of], year), Group.YEAR, year, count, year == key.year) for year, count in years.items()
    )


def page(key: Key, periods: Sequence[Key]) -> Page | None:
    """Cut the page that a key names out of all periods of its kind, oldest first; None where there is no such page.

    The newest page, which has no number, also holds the one that would come next, so that it is never nearly empty.
    """
    if key.of is None:
        return None
    listed = [period for period in periods if period.text.startswith(key.year)]
    size = _SIZES[key.of]
    closed = max(-(-len(listed) // size) - 2, 0)  # pages with a number
    if (key.page or 0) > closed or (key.year and (not listed or key.of is Scope.YEAR)):
        return None
    start = ((key.page - 1) if key.page else closed) * size
    end = start + size if key.page else len(listed)
    newer = (key.page + 1 if key.page < closed else None) if key.page else None
    older = key.page - 1 if key.page else closed
    return Page(
        keys=tuple(reversed(listed[start:end])),
        start=len(listed) - end + 1,
        total=len(listed),
        previous=shelf(_NAMES[key.of], key.year, newer) if key.page else None,
        next=shelf(_NAMES[key.of], key.year, older) if older else None,
    )


def pages(name: str, periods: Sequence[Key]) -> list[Key]:
    """List every page of a shelf, those of single years among them."""
    found = []
    for year in dict.fromkeys(["", *(facet.value for facet in facets(shelf(name), periods))]):
        newest: Key | None = shelf(name, year)
        while newest and (cut := page(newest, periods)):
            found.append(newest)
            newest = cut.next
    return found
