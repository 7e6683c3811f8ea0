"""Facets: what a search or a shelf can be narrowed to, and how much each cut holds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from feeds.model.key import SEARCH, Key
from feeds.model.query import Has


class Group(StrEnum):
    """By what something is narrowed."""

    YEAR = "year"
    CODE = "code"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Facet:
    """A cut of one value, like the year `2024` or the trait `code`, or of all (an empty one): how much it holds, and
    whether it is the one that is looked at."""

    key: Key
    group: Group
    value: str
    count: int
    is_active: bool


def facets(key: Key, years: Mapping[str, int], traits: Mapping[frozenset[Has], int]) -> tuple[Facet, ...]:
    """Narrow a search: given the papers of each year, whatever days it asks for, and those with code, video, both or
    neither, whatever it asks that they have."""
    return (*_of_years(key, years), *_of_trait(key, Has.CODE, traits), *_of_trait(key, Has.VIDEO, traits))


def having(has: frozenset[Has], traits: Mapping[frozenset[Has], int]) -> int:
    """Count the papers that have at least some traits."""
    return sum(count for each, count in traits.items() if has <= each)


def _of_years(key: Key, years: Mapping[str, int]) -> list[Facet]:
    counts = {"": sum(years.values()), **years}
    asked = replace(key.query, page=1)
    narrowed = [(year, key.query.in_years(year), count) for year, count in counts.items()]
    return [
        Facet(replace(SEARCH, query=query), Group.YEAR, year, count, query == asked) for year, query, count in narrowed
    ]


def _of_trait(key: Key, trait: Has, traits: Mapping[frozenset[Has], int]) -> list[Facet]:
    others = frozenset(key.query.has) - {trait}
    found = []
    for value, has in (("", others), (trait.value, others | {trait})):
        query = replace(key.query, has=tuple(sorted(has)), page=1)
        is_active = (trait in key.query.has) == bool(value)
        found.append(Facet(replace(SEARCH, query=query), Group(trait), value, having(has, traits), is_active))
    return found
