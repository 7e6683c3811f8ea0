"""Redirects from the addresses that people and programs guess to the documents that they mean."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from flask import Response

from feeds.errors import FeedsError
from feeds.exporters.contract import Kind
from feeds.exporters.registry import Registry
from feeds.http.responses import text_response
from feeds.model.keys import LATEST
from feeds.publishing.publisher import Publisher

_MAX_AGE = 86_400  # seconds
_MAX_LOCATION = 1500  # bytes: proxies accept no more than 4 KB of headers
_EXTENSION = re.compile(r"(.+?)(?:\.(html?|xml))?", re.DOTALL | re.IGNORECASE)
_DATE = re.compile(r"\d{4}/\d\d(?:/\d\d)?", re.ASCII)


def find_redirect(publisher: Publisher, path: str, parameters: Iterable[tuple[str, str]]) -> Response | None:
    """Redirect from a path without a document to one that exists; None if the path resembles none."""
    given = list(parameters)
    for guess in dict.fromkeys(_guess(path, publisher.formats)):
        with suppress(FeedsError):
            document = publisher.representation(publisher.find(guess, given))
            # Without a host, which would have to be that of the request or of the site.
            location = f"{publisher.site.base_path}/{document.path}"
            if len(location) <= _MAX_LOCATION:
                headers = {"Location": location, "Cache-Control": f"public, max-age={_MAX_AGE}"}
                return text_response(f"moved to {location}", 301, headers)
    return None


def _guess(path: str, formats: Registry) -> Iterator[str]:
    """List the paths that may be meant by one, the likeliest first; `README.md` has examples."""
    bare = path.rstrip("/")
    yield bare
    match = _EXTENSION.fullmatch(bare)
    whole, extension = match.groups(default="") if match else (bare, "")
    parent, _, last = whole.rpartition("/")
    name, extension, key = last.lower(), extension.lower(), parent or LATEST.text
    feed_formats = [item for item in formats if item.kind is Kind.FEED]
    for item in feed_formats:
        if name in (item.name, f"feed{item.suffix}", f"index{item.suffix}"):
            yield key + item.suffix
    for item in feed_formats[:1]:  # the usual one
        if name == "feed" or extension == "xml":
            yield (key if name in ("feed", "index") else whole) + item.suffix
    yield parent if name in ("index", "home") else whole
    if _DATE.fullmatch(whole):
        yield whole.replace("/", "-")
    yield from (resource.path for resource in formats.site_resources() if whole == resource.key.text)
    yield from (resource.path for resource in formats.site_resources() if whole == resource.format.name)
