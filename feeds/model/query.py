"""A search query: which papers, in which order, how many; and its URL parameters."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from feeds.errors import QueryError
from feeds.model.identity import address, paper_slug, parse_identifier
from feeds.text import unicode
from feeds.text.matching import Word, squeeze

DEFAULT_LIMIT = 50
MAX_LIMIT = 500  # papers of one page of results
DOWNLOAD_LIMIT = 2_000
"""The number of papers in a file or book of a search whose URL names no limit; `page=2` has the next."""
TOPIC_BOOK_LIMIT = 100
"""The number of papers in the book of a topic."""
_MAX_PAGE = 100_000
MAX_TEXT = 200  # characters of a text parameter
_MAX_TAGS = 10  # of a search
MAX_WORDS = 24
"""The number of words in `q`, those of phrases included; every word is looked for in every paper."""
_LISTS = frozenset({"tag", "has"})  # the parameters that take several values, in one or in several
_ALIASES = {"query": "q"}  # OPDS 2.0 calls the search words `query`
_WORD = r'["“”][^"“”]+["“”]|[^\s"“”|]+'
_CLAUSE = re.compile(rf"(?P<excluded>(?<!\S)[-－−])?(?P<words>(?:{_WORD})(?:\s*\|\s*(?:{_WORD}))*)")
# `arXiv: 2401.16420 [cs.CL]`, as arXiv writes it, and `doi: 10.1145/…` are one term.
_LABEL = re.compile(
    r"\b(?:arxiv|doi)(?:\s*:\s*|\s+)(?=10\.[0-9]{4}|[0-9]{4}\.[0-9]{4}|[a-z-]+(?:\.[a-z]{2})?/[0-9]{7}|http)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"(?<=[0-9.]{9})((?:v[0-9]+)?)\s+\[[a-z-]+(?:\.[a-z]{2})?\]", re.IGNORECASE)


class Order(StrEnum):
    """What comes first: the newest day, the most votes, or the best match of the words, which pages show."""

    NEW = "new"
    VOTES = "votes"
    RELEVANCE = "relevance"


class Has(StrEnum):
    """What a paper must come with."""

    CODE = "code"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition in `q`: a paper contains one of the `terms`, or is the one of the `slugs`; if excluded, neither.

    `terms` are folded: a `Word` matches however it is spaced and hyphenated, a plain string as it is written. `slugs`
    are those of papers that an arXiv identifier, a DOI or a URL names. `text` is the clause as written.
    """

    text: str
    terms: tuple[str, ...] = ()
    slugs: tuple[str, ...] = ()
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions that must all hold.

    A paper has all of the `tags`, in any case. `since` and `until` are inclusive. `limit` is the number of papers per
    page, None for all. Pages start at 1. `default_order` and `default_limit` are those of a URL that names none, which
    depend on the format.
    """

    q: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    min_votes: int | None = None
    since: date | None = None
    until: date | None = None
    has: tuple[Has, ...] = ()
    order: Order = Order.NEW
    limit: int | None = None
    page: int = 1
    default_order: Order = Order.NEW
    default_limit: int = DEFAULT_LIMIT

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The conditions in `q`."""
        return _parse_clauses(self.q)

    @property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """The words and phrases of `q` that papers contain, folded: one of each group `a|b`."""
        groups = [clause.terms for clause in self.clauses if clause.terms and not clause.is_excluded]
        return tuple(dict.fromkeys(groups))

    @property
    def is_of_author(self) -> bool:
        """Whether the author is the only condition."""
        return bool(self.author) and self.parameters().keys() <= {"author", "order", "limit", "page"}

    def in_year(self, year: str = "") -> "Query":
        """Return the query restricted to one year, or to none."""
        since, until = (date(int(year), 1, 1), date(int(year), 12, 31)) if year else (None, None)
        return replace(self, since=since, until=until, page=1)

    def with_default_order(self, order: Order) -> "Query":
        """Return the query for a format with another default order; an order that a URL names stays."""
        default = order if self.q else Order.NEW
        if default is self.default_order:
            return self
        return replace(self, order=default if self.order == self.default_order else self.order, default_order=default)

    def with_default_limit(self, limit: int) -> "Query":
        """Return the query for a format with another default limit; a limit that a URL names stays."""
        if limit == self.default_limit:
            return self
        if self.limit != self.default_limit:
            return replace(self, default_limit=limit)
        return replace(self, limit=limit, default_limit=limit, page=1)

    def parameters(self) -> dict[str, str]:
        """Return the URL parameters in a fixed order, without those that have their default."""
        defaults = {"order": self.default_order, "limit": self.default_limit, "page": 1}
        values = {name: getattr(self, parameter.field) for name, parameter in PARAMETERS.items()}
        return {
            name: ",".join(value) if isinstance(value, tuple) else str(value)
            for name, value in values.items()
            if value not in ("", None, ()) and value != defaults.get(name)
        }


EVERYTHING = Query()


def parse_query(
    parameters: Iterable[tuple[str, str]], default_order: Order = Order.NEW, default_limit: int = DEFAULT_LIMIT
) -> Query:
    """Parse URL parameters. Unknown ones and empty values are ignored.

    Of a repeated parameter the last value counts, of `tag` and `has` all of them. Raises QueryError if a value is
    wrong or out of bounds; the message names the parameter.
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
            values[parameter.field] = parameter.parse(",".join(texts) if name in _LISTS else texts[-1])
        except ValueError as error:
            raise QueryError(f"{name}: {error}") from error
    values = {"order": default_order, "default_order": default_order} | values
    if "q" not in values:  # nothing is relevant
        values |= {"default_order": Order.NEW, "order": Order.VOTES if values["order"] is Order.VOTES else Order.NEW}
    query = Query(**values)
    if query.since and query.until and query.since > query.until:
        raise QueryError(f"from: {query.since} is after to: {query.until}")
    return query


@lru_cache(maxsize=256)
def _parse_clauses(q: str) -> tuple[Clause, ...]:
    text = _SUBJECT.sub(r"\1", _LABEL.sub("", q))
    clauses = [_parse_clause(match["words"], is_excluded=bool(match["excluded"])) for match in _CLAUSE.finditer(text)]
    return tuple(clause for clause in clauses if clause.terms or clause.slugs)


def _parse_clause(words: str, *, is_excluded: bool) -> Clause:
    terms: list[str] = []
    slugs = []
    for text in re.findall(_WORD, words):
        phrase = unicode.fold(text.strip('"“”'))
        if text[0] in '"“”':
            terms.append(phrase)
        elif slug := parse_identifier(text):
            slugs.append(slug)
        else:
            terms.append(Word(phrase))
            if url := address(text):
                slugs.append(paper_slug(url))
    return Clause(f"-{words}" if is_excluded else words, tuple(filter(squeeze, terms)), tuple(slugs), is_excluded)


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        raise ValueError(f"at most {MAX_TEXT} characters, not {len(value)}")
    return " ".join(unicode.strip_forbidden(value).split())


def _words(value: str) -> str:
    text = _text(value)
    count = len(re.findall(r"[^\s|]+", text))
    if count > MAX_WORDS:
        raise ValueError(f"at most {MAX_WORDS} words, not {count}")
    return text


def _tags(value: str) -> tuple[str, ...]:
    tags = {tag.casefold(): tag for part in value.split(",") if (tag := _text(part))}
    if len(tags) > _MAX_TAGS:
        raise ValueError(f"at most {_MAX_TAGS} tags, not {len(tags)}")
    return tuple(tags[folded] for folded in sorted(tags))


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
        raise ValueError(f"{', '.join(Order)}, not {value[:40]!r}")
    return Order(value)


class Parameter(NamedTuple):
    """How a URL parameter is parsed, the field of `Query` that takes it, and its help text."""

    field: str
    parse: Callable[[str], object]
    help: str


PARAMETERS: Mapping[str, Parameter] = {
    "q": Parameter(
        "q",
        _words,
        'Words that a paper must contain, however spaced and hyphenated, and "phrases" exactly as written; a|b means'
        " either, -a without a. An arXiv number, a DOI or a URL stands for its paper.",
    ),
    "author": Parameter("author", _text, "Part of an author's name."),
    "tag": Parameter("tags", _tags, "A tag that a paper must have, such as cs.CV; several separated by commas."),
    "min_votes": Parameter("min_votes", _number(0, 999_999_999), "The least number of votes."),
    "from": Parameter("since", _date, "The first day, such as 2024-01-30."),
    "to": Parameter("until", _date, "The last day."),
    "has": Parameter("has", _has, "What a paper must come with: code, video, or both separated by a comma."),
    "order": Parameter("order", _order, "new (newest first), votes (most first) or relevance (best match first)."),
    "limit": Parameter("limit", _number(1, MAX_LIMIT), f"The number of papers per page, at most {MAX_LIMIT}."),
    "page": Parameter("page", _number(1, _MAX_PAGE), "Page number, starting at 1."),
}
"""The parameters of a search by name, in the order in which URLs have them."""
