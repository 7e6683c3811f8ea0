"""The links of a summary."""

from enum import StrEnum
from typing import NamedTuple


class LinkKind(StrEnum):
    """What a link leads to."""

    CODE = "code"
    PAGE = "page"


class Link(NamedTuple):
    """A link in a summary."""

    url: str
    kind: LinkKind
