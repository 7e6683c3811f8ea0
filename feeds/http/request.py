"""A request as it came over a connection."""

import re
import secrets
from collections.abc import Mapping
from typing import NamedTuple

_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)


class Request(NamedTuple):
    """A request without content. Text is as in WSGI: Latin-1 for bytes. The names of headers are in lower case."""

    method: str
    path: str
    query: str
    version: str
    headers: Mapping[str, str]
    client: str
    id: str


def request_id(headers: Mapping[str, str]) -> str:
    """Return the identifier that a proxy gave a request, or a new one."""
    given = headers.get("x-request-id", "")
    return given if _ID.fullmatch(given) else secrets.token_hex(8)
