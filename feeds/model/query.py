"""A search query: which papers, in which order, how many; and its URL parameters."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from feeds.errors import QueryError
from feeds.text import unicode

DEFAULT_LIMIT = 50
MAX_LIMIT = 500  # papers of one page of results
DOWNLOAD_LIMIT = 2_000
"""The number of papers in a file or book of a search whose URL names no limit; `page=2` has the next."""
_MAX_PAGE = 100_000
_MAX_TEXT = 200  # characters of a text parameter
_ALIASES = {"query": "q"}  # OPDS 2.0 calls the search words `query`
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
    """Conditions that must all hold.

    `since` and `until` are inclusive. `limit` is the number of papers per page, None for all. Pages start at 1.
    `default_limit` is the limit of a URL that names none, which depends on the format.
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
    default_limit: int = DEFAULT_LIMIT

    @property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """The words and "quoted phrases" of `q`, folded: a paper must contain one of each group `a|b`."""
        groups = [
            tuple(filter(None, (unicode.fold(word.strip('"“”')) for word in re.findall(_WORD, group))))
            for group in _TERM.findall(self.q)
        ]
        return tuple(dict.fromkeys(group for group in groups if group))

    def in_year(self, year: str = "") -> "Query":
        """Return the query restricted to one year, or to none."""
        since, until = (date(int(year), 1, 1), date(int(year), 12, 31)) if year else (None, None)
        return replace(self, since=since, until=until, page=1)

    def with_default_limit(self, limit: int) -> "Query":
        """Return the query for a format with another default limit; a limit that a URL names stays."""
        if limit == self.default_limit:
            return self
        if self.limit != self.default_limit:
            return replace(self, default_limit=limit)
        return replace(self, limit=limit, default_limit=limit, page=1)

    def parameters(self) -> dict[str, str]:
        """Return the URL parameters in a fixed order, without those that have their default."""
        defaults = {"order": Order.NEW, "limit": self.default_limit, "page": 1}
        values = {name: getattr(self, parameter.field) for name, parameter in PARAMETERS.items()}
        return {
            name: ",".join(value) if isinstance(value, tuple) else str(value)
            for name, value in values.items()
            if value not in ("", None, ()) and value != defaults.get(name)
        }


EVERYTHING = Query()


def parse_query(parameters: Iterable[tuple[str, str]], default_limit: int = DEFAULT_LIMIT) -> Query:
    """Parse URL parameters. Unknown ones and empty values are ignored; of a repeated one the last value counts.

    Raises QueryError if a value is wrong or out of bounds; the message names the parameter.
    """
    given: dict[str, list[str]] = {}
    for alias, value in parameters:
        name = _ALIASES.get(alias, alias)
        if name in PARAMETERS and value.strip():
            given.setdefault(name, []).append(value.strip())
    values: dict[str, Any] = {"limit": default_limit, "default_limit": default_limit}
    for name, texts in given.items():
        parameter = PARAMETERS[name]
        try:
            values[parameter.field] = parameter.parse(",".join(texts) if name == "has" else texts[-1])
        except ValueError as error:
            raise QueryError(f"{name}: {error}") from error
    query = Query(**values)
    if query.since and query.until and query.since > query.until:
        raise QueryError(f"from: {query.since} is after to: {query.until}")
    return query


def _text(value: str) -> str:
    if len(value) > _MAX_TEXT:
        raise ValueError(f"at most {_MAX_TEXT} characters, not {len(value)}")
    return " ".join(unicode.strip_forbidden(value).split())


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ValueError(f"a number from {low} to {high}, not {value[:40]!r}")
        return int(value)

    return parse


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


class Parameter(NamedTuple):
    """How a URL parameter is parsed, the field of `Query` that takes it, and its help text."""

    field: str
    parse: Callable[[str], object]
    help: str


PARAMETERS: Mapping[str, Parameter] = {
    "q": Parameter("q", _text, 'Words and "quoted phrases" that a paper must contain; a|b means either.'),
    "author": Parameter("author", _text, "Part of an author's name."),
    "min_votes": Parameter("min_votes", _number(0, 999_999_999), "The least number of votes."),
    "from": Parameter("since", _date, "The first day, such as 2024-01-30."),
    "to": Parameter("until", _date, "The last day."),
    "has": Parameter("has", _has, "What a paper must come with: code, video, or both separated by a comma."),
    "order": Parameter("order", _order, "new (newest first) or votes (most votes first)."),
    "limit": Parameter("limit", _number(1, MAX_LIMIT), f"The number of papers per page, at most {MAX_LIMIT}."),
    "page": Parameter("page", _number(1, _MAX_PAGE), "Page number, starting at 1."),
}
"""The parameters of a search by name, in the order in which URLs have them."""
