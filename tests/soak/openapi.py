"""Describes the routes in OpenAPI 3.1, from the registered formats and the keys, for Schemathesis."""

from collections.abc import Sequence
from typing import Any

from feeds.exporters.registry import Registry
from feeds.model.keys import EXAMPLES, Scope

OUR_HOST = "feeds.example.org"
FOREIGN_HOST = "foreign.example"
"""A host that is not ours, which no answer may repeat."""

_Schema = dict[str, Any]
_METHODS = ("get", "head", "options", "post", "put", "delete", "patch", "trace")
_OTHER_PATHS = ("healthz", "readyz", "feed", "rss.xml", "static/style.css", "favicon.ico", "latest/", "{anything}")
_ANY: _Schema = {"type": "string"}
_HUGE = "a" * 8_000
_DATES = ("Tue, 30 Jan 2024 23:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Sun, 06 Nov 2094 08:49:37 GMT", "0")
_QUERY: dict[str, _Schema] = {
    "q": {"enum": ["확산", '"a b" | c -d', "arXiv:2401.16420", "%", '"', "*" * 300, "<script>alert(1)</script>"]},
    "author": {"enum": ["Kim", "", "김"]},
    "min_votes": {"type": "integer"},
    "from": {"enum": ["2024-01-01", "2024", "0001-01-01", "9999-12-31", "2024-02-30"]},
    "to": {"enum": ["2024-12-31", "2024-01", "0000-00-00"]},
    "has": {"enum": ["code", "video", "video,code", "code,code", "nothing"]},
    "order": {"enum": ["new", "votes", "relevance", "random"]},
    "limit": {"enum": [0, 1, 50, 500, 501, -1, 10**30]},
    "page": {"enum": [0, 1, 2, 100_000, 10**30]},
}


def describe(formats: Registry, etags: Sequence[str]) -> _Schema:
    """Describe every route, each with all methods, parameters and headers.

    Args:
        formats: the registered formats.
        etags: of documents, which conditional requests name.
    """
    keys: dict[str, list[str]] = {}
    for item in formats:
        examples = [EXAMPLES[scope] for scope in sorted(item.scopes - {Scope.SITE})]
        keys.setdefault(f"/{{key}}{item.suffix}", []).extend([*item.site_paths, *examples])
    routes = {path: [_parameter("path", "key", {"enum": examples})] for path, examples in keys.items()}
    routes |= {f"/{path}": [_parameter("path", "anything", _ANY)] * ("{" in path) for path in _OTHER_PATHS}
    query = [_parameter("query", name, schema) for name, schema in _QUERY.items()]
    headers = [_parameter("header", name, schema) for name, schema in _headers(etags).items()]
    responses = {"default": {"description": "any"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "feeds", "version": "1"},
        "paths": {
            path: {method: {"parameters": [*own, *query, *headers], "responses": responses} for method in _METHODS}
            for path, own in routes.items()
        },
    }


def _parameter(place: str, name: str, schema: _Schema) -> _Schema:
    is_required = place == "path"  # whose key is a real one; other paths have the route `/{anything}`
    return {"in": place, "name": name, "required": is_required, "schema": schema if is_required else _or_any(schema)}


def _or_any(schema: _Schema) -> _Schema:
    return {"anyOf": [schema, _ANY]}


def _headers(etags: Sequence[str]) -> dict[str, _Schema]:
    tags = [*etags, ", ".join(etags), *(f"W/{etag}" for etag in etags), '"forged.20240130"', "*", '"', '"a", ' * 500]
    hosts = [FOREIGN_HOST, f"{FOREIGN_HOST}:80", f"{OUR_HOST}:{FOREIGN_HOST}", f"user@{FOREIGN_HOST}", f"[{_HUGE}]"]
    ranges = [
        "bytes=0-9",
        "bytes=-1",
        "bytes=0-",
        "bytes=9-0",
        f"bytes={'0-1,' * 500}2-3",
        f"bytes={10**40}-",
        "lines=1",
    ]
    return {
        "Host": {"enum": hosts},
        "X-Forwarded-Host": {"enum": hosts},
        "X-Forwarded-Proto": {"enum": ["https", FOREIGN_HOST]},
        "Forwarded": {"enum": [f"host={FOREIGN_HOST};proto=https"]},
        "Range": {"enum": ranges},
        "If-Range": {"enum": [*tags, *_DATES]},
        "If-Match": {"enum": tags},
        "If-None-Match": {"enum": tags},
        "If-Modified-Since": {"enum": _DATES},
        "If-Unmodified-Since": {"enum": _DATES},
        "A-IM": {"enum": ["feed", "feed, gzip", "vcdiff", "feed;q=0"]},
        "Accept": {"enum": ["*/*", "text/html", "application/json", "text/html;q=0", f"text/{_HUGE}"]},
        "Accept-Encoding": {"enum": ["gzip", "br", "zstd", "identity;q=0", "*;q=0", "gzip;q=x", "gzip, " * 500]},
        "Accept-Language": {"enum": ["ko", "en", "de;q=0.9, *;q=0.1", "x" * 500, "ko;q=0"]},
        "Cookie": {"enum": [f"session={_HUGE}", "a=b; c=d", "=;=;"]},
        "Origin": {"enum": [f"https://{FOREIGN_HOST}", "null"]},
        "Cache-Control": {"enum": ["no-cache", "max-age=0", "only-if-cached"]},
        "X-Huge": {"enum": [_HUGE]},
    }
