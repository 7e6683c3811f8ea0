"""Validates OPDS 2.0 catalogs with a schema, and with rules for what a schema cannot express and clients need."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

SCHEMA = Path(__file__).with_name("opds20.json")
CATALOG = "application/opds+json"
ACQUISITION = "http://opds-spec.org/acquisition"
CATALOG_RELATIONS = {"self", "start", "up", "first", "previous", "next", "last", "search", "current"}


def opds2(document: bytes) -> list[str]:
    """List the faults of a catalog."""
    try:
        feed = json.loads(document.decode("utf-8"), object_pairs_hook=_reject_duplicates)
    except ValueError as error:  # also of bytes that are not UTF-8
        return [f"not JSON: {error}"]
    faults = [f"schema: {error.json_path}: {error.message[:200]}" for error in _schema().iter_errors(feed)]
    return faults or list(_faults(feed))  # the rules rely on the schema


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    duplicates = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if duplicates:
        raise ValueError(f"duplicate names: {duplicates}")
    return dict(pairs)


@cache
def _schema() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _faults(feed: dict[str, Any]) -> Iterator[str]:
    for path, link in _all_links(feed, "feed"):
        yield from (f"{path}: {fault}" for fault in _check_link(link))
    yield from (f"feed: {fault}" for fault in (*_check_feed(feed), *_check_paging(feed), *_check_identifiers(feed)))
    yield from _check_facets(feed)
    for publication in _publications(feed):
        title = publication["metadata"]["title"]
        for link in publication["links"]:
            if any(rel.startswith(ACQUISITION) for rel in _rels(link)):
                yield from (f"publication {title!r}: {fault}" for fault in _check_acquisition(link))


def _all_links(value: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """List every link in a JSON value, with its path."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _all_links(item, f"{path}[{number}]")
    elif isinstance(value, dict):
        if "href" in value:
            yield path, value
        for name, member in value.items():
            yield from _all_links(member, f"{path}.{name}")


def _rels(link: dict[str, Any]) -> list[str]:
    rel = link.get("rel", [])
    return [rel] if isinstance(rel, str) else rel


def _with(links: list[dict[str, Any]], rel: str) -> list[dict[str, Any]]:
    return [link for link in links if rel in _rels(link)]


def _publications(feed: dict[str, Any]) -> list[dict[str, Any]]:
    groups = [feed, *feed.get("groups", [])]
    return [publication for group in groups for publication in group.get("publications", [])]


def _check_link(link: dict[str, Any]) -> Iterator[str]:
    """Check a link of a feed, a publication or a facet."""
    href, media_type = link["href"], link.get("type")
    parts = urlsplit(href)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        yield f"{href} is not an absolute address"
    if not media_type:
        yield f"{href} has no type"
    if ("{" in href) != link.get("templated", False):
        yield f"{href} does not fit templated"
    if CATALOG_RELATIONS & set(_rels(link)) and media_type != CATALOG:
        yield f"{' '.join(_rels(link))} has the type {media_type}"


def _check_feed(feed: dict[str, Any]) -> Iterator[str]:
    counts = {rel: len(_with(feed["links"], rel)) for rel in (*CATALOG_RELATIONS, "prev")}
    yield from (f"{counts[rel]} links {rel}" for rel in ("self", "start") if counts[rel] != 1)
    yield from (f"{count} links {rel}" for rel, count in counts.items() if count > 1 and rel not in ("self", "start"))
    if counts["prev"]:
        yield "link prev: the name is previous"
    for link in _with(feed["links"], "search"):
        if not re.search(r"\{[?&]?(\w+,)*query[,}]", link["href"]):  # a template of RFC 6570
            yield f"link search {link['href']} lacks the variable query"
    for link in (link for group in (feed, *feed.get("groups", [])) for link in group.get("navigation", [])):
        if link["type"] != CATALOG:
            yield f"navigation {link['title']!r} has the type {link['type']}"
    if feed.get("publications") == [] and feed["metadata"].get("numberOfItems") != 0:
        yield "no publications, and numberOfItems is not 0"


def _check_paging(feed: dict[str, Any]) -> Iterator[str]:
    metadata = feed["metadata"]
    counts = [metadata.get(name) for name in ("numberOfItems", "itemsPerPage", "currentPage")]
    if None in counts:
        return
    total, size, page = counts
    items = len(feed.get("publications", feed.get("navigation", [])))
    if items != max(0, min(size, total - (page - 1) * size)):
        yield f"{items} items on page {page}, of {total} by {size}"
    if (page * size < total) != bool(_with(feed["links"], "next")):
        yield f"link next does not fit page {page} of {total} items by {size}"
    if (page > 1) != bool(_with(feed["links"], "previous")):
        yield f"link previous does not fit page {page}"


def _check_identifiers(feed: dict[str, Any]) -> Iterator[str]:
    identifiers = Counter(publication["metadata"].get("identifier") for publication in feed.get("publications", []))
    yield from (f"identifier {name} occurs {count} times" for name, count in identifiers.items() if name and count > 1)
    if None in identifiers:
        yield f"{identifiers[None]} publications without identifier"


def _check_facets(feed: dict[str, Any]) -> Iterator[str]:
    for facet in feed.get("facets", []):
        title = facet["metadata"]["title"]
        if len(_with(facet["links"], "self")) > 1:
            yield f"facet {title!r}: {len(_with(facet['links'], 'self'))} are active"
        for link in facet["links"]:
            if link["type"] != CATALOG:
                yield f"facet {title!r}: {link['title']} has the type {link['type']}"


def _check_acquisition(link: dict[str, Any]) -> Iterator[str]:
    if link.get("type") != "application/epub+zip":
        yield f"{link['href']} has the type {link.get('type')}, not exactly application/epub+zip"
    if ".epub" not in urlsplit(link["href"]).path:
        yield f"{link['href']} does not hold .epub"
    if f"{ACQUISITION}/buy" in _rels(link) and "price" not in link.get("properties", {}):
        yield f"{link['href']} is for sale without a price"
