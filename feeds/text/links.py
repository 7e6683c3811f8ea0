"""The links of a summary, and what they lead to."""

from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

_CODE_HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitee.com", "anonymous.4open.science")


class LinkKind(StrEnum):
    """What a link leads to."""

    CODE = "code"
    PAGE = "page"


class Link(NamedTuple):
    """A link in a summary."""

    url: str
    kind: LinkKind


def classify_url(url: str) -> LinkKind:
    """Return what a URL leads to, by its host."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return LinkKind.PAGE
    is_code = any(host == code_host or host.endswith(f".{code_host}") for code_host in _CODE_HOSTS)
    return LinkKind.CODE if is_code else LinkKind.PAGE
