"""A question to the archive: which papers, in which order, how many."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from feeds.errors import QueryError
from feeds.text import unicode

_LONGEST = 200  # characters of a text parameter
_LAST_PAGE = 100_000
DEFAULT_LIMIT = 50
MOST = 500  # papers of one answer
HELP: Mapping[str, str] = {
    "q": 'Words and "quoted phrases" that a paper must hold; a|b is either.',
    "author": "Part of an author's name.",
    "min_votes": "The fewest votes.",
    "from": "The first day, like 2024-01-30.",
    "to": "The last day.",
    "has": "What a paper must come with: code, video or both with a comma.",
    "order": "new or votes.",
    "limit": f"How many papers, at most {MOST}.",
    "page": "Which so many of them.",
}
_ALIASES = {"query": "q"}  # the name that OPDS 2.0 gives to what is searched for
_FIELD_OF = {"from": "since", "to": "until"}  # `from` is no name in Python
_WORD = r'["“”][^"“”]+["“”]|[^\s"“”|]+'
_TERM = re.compile(rf"(?:{_WORD})(?:\s*\|\s*(?:{_WORD}))*")


class Order(StrEnum):
    """What comes first: the newest day, or the most votes."""

    NEW = "new"
    VOTES = "votes"


class Has(StrEnum):
    """What a paper must come with."""

    CODE = "code"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Query:
    """Filters that must all hold. Dates include both ends; `limit` is None for no limit; pages count from 1.

    Two things no address asks for: one paper by its `slug`, and, with `repeats`, the papers of a day that an earlier
    day lists too.
    """

    q: str = ""
    author: str = ""
    min_votes: int | None = None
    since: date | None = None
    until: date | None = None
    has: tuple[Has, ...] = ()
    order: Order = Order.NEW
    limit: int | None = None
    page: int = 1
    slug: str | None = None
    repeats: bool = False

    @property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """The words and "quoted phrases" of `q`, folded; a paper must hold one of each `a|b`."""
        groups = [
            tuple(filter(None, (unicode.fold(word.strip('"“”')) for word in re.findall(_WORD, group))))
            for group in _TERM.findall(self.q)
        ]
        return tuple(dict.fromkeys(group for group in groups if group))

    def in_years(self, year: str = "") -> "Query":
        """Ask for the papers of one year only, or of all."""
        since, until = (date(int(year), 1, 1), date(int(year), 12, 31)) if year else (None, None)
        return replace(self, since=since, until=until, page=1)

    def parameters(self) -> dict[str, str]:
        """Write the query as URL parameters: in one order, without defaults."""
        defaults = {"order": Order.NEW, "limit": DEFAULT_LIMIT, "page": 1}
        values = {name: getattr(self, _FIELD_OF.get(name, name)) for name in READERS}
        return {
            name: ",".join(value) if isinstance(value, tuple) else str(value)
            for name, value in values.items()
            if value not in ("", None, ()) and value != defaults.get(name)
        }


EVERYTHING = Query()


def read_query(parameters: Iterable[tuple[str, str]]) -> Query:
    """Read URL parameters. Unknown ones and empty values are passed over; a repeated one counts as a list.

    Raises QueryError, naming the parameter, for a value that is wrong or out of bounds.
    """
    given: dict[str, list[str]] = {}
    for asked, value in parameters:
        name = _ALIASES.get(asked, asked)
        if name in READERS and value.strip():
            given.setdefault(name, []).append(value.strip())
    values: dict[str, Any] = {"limit": DEFAULT_LIMIT}
    for name, written in given.items():
        try:
            values[_FIELD_OF.get(name, name)] = READERS[name](",".join(written) if name == "has" else written[-1])
        except ValueError as error:
            raise QueryError(f"{name}: {error}") from error
    query = Query(**values)
    if query.since and query.until and query.since > query.until:
        raise QueryError(f"from: {query.since} is after to: {query.until}")
    return query


def _text(value: str) -> str:
    if len(value) > _LONGEST:
        raise ValueError(f"at most {_LONGEST} characters, not {len(value)}")
    return " ".join(unicode.strip_forbidden(value).split())


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ValueError(f"a number from {low} to {high}, not {value[:40]!r}")
        return int(value)

    return read


def _date(value: str) -> date:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            raise ValueError(value)
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"a date like 2024-01-30, not {value[:40]!r}") from error


def _has(value: str) -> tuple[Has, ...]:
    names = {name.strip() for name in value.split(",")} - {""}
    if unknown := names - set(Has):
        raise ValueError(f"{' or '.join(Has)}, not {min(unknown)[:40]!r}")
    return tuple(sorted(Has(name) for name in names))


def _order(value: str) -> Order:
    if value not in set(Order):
        raise ValueError(f"{' or '.join(Order)}, not {value[:40]!r}")
    return Order(value)


READERS: Mapping[str, Callable[[str], object]] = {
    "q": _text,
    "author": _text,
    "min_votes": _number(0, 999_999_999),
    "from": _date,
    "to": _date,
    "has": _has,
    "order": _order,
    "limit": _number(1, MOST),
    "page": _number(1, _LAST_PAGE),
}
