"""Redirects from the addresses that people and programs guess to the documents that they mean."""

import re
from collections.abc import Iterable
from contextlib import suppress

from flask import Response

from feeds.errors import FeedsError
from feeds.http.responses import text_response
from feeds.publishing.publisher import Publisher

_MAX_AGE = 86_400  # seconds
_MAX_LOCATION = 1500  # bytes: proxies accept no more than 4 KB of headers
# Patterns of a whole path without its last slash, and the path of the document; a slash after any path is dropped.
_GUESSES = tuple(
    (re.compile(pattern, re.IGNORECASE), path)
    for pattern, path in (
        (r"home|index(\.html?)?", ""),
        (r"rss|feed|(rss|feed|index)\.xml|(feed|index)\.rss", "latest.rss"),
        (r"atom|atom\.xml|(feed|index)\.atom", "latest.atom"),
        (r"(feed|index)\.json", "latest.json"),
        (r"(opml|feeds|subscriptions)(\.xml|\.opml)?", "subscriptions.opml"),
        (r"catalog|(catalog|opds)\.xml", "opds"),
        (r"sitemap|sitemap[-_]index\.xml", "sitemap.xml"),
        (r"(\d{4})/(\d\d)", r"\1-\2"),
        (r"(\d{4})/(\d\d)/(\d\d)", r"\1-\2-\3"),
        (r"(.+)/(rss|feed)(\.xml)?", r"\1.rss"),
        (r"(.+)/atom(\.xml)?", r"\1.atom"),
        (r"(.+?)(/index)?\.html?", r"\1"),
        (r"(.+)\.xml", r"\1.rss"),
    )
)


def find_redirect(publisher: Publisher, path: str, parameters: Iterable[tuple[str, str]]) -> Response | None:
    """Redirect from a path without a document to one that exists; None if the path resembles none."""
    given, bare = list(parameters), path.rstrip("/")
    matches = ((pattern.fullmatch(bare), target) for pattern, target in _GUESSES)
    for candidate in [bare, *(match.expand(target) for match, target in matches if match)]:
        with suppress(FeedsError):
            found = publisher.representation(publisher.find(candidate, given))
            # Without a host, which would have to be that of the request or of the site.
            location = f"{publisher.site.base_path}/{found.path}"
            if len(location) <= _MAX_LOCATION:
                headers = {"Location": location, "Cache-Control": f"public, max-age={_MAX_AGE}"}
                return text_response(f"moved to {location}", 301, headers)
    return None
