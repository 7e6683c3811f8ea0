"""Deltas of feeds (RFC 3229): what an edition holds that a client with an older ETag does not have yet."""

import re
from dataclasses import replace

from feeds.archive.snapshot import Snapshot
from feeds.errors import UnknownEditionError
from feeds.exporters.contract import Kind, Resource
from feeds.model.edition import Collection, Edition, SearchResults
from feeds.model.keys import SeriesKey
from feeds.model.paper import Day
from feeds.publishing.publisher import Publisher, Rendered
from feeds.publishing.representation import Representation

_ETAG = re.compile(r"(?P<fingerprint>[0-9a-f]{32})\.(?P<day>\d{8})")
_MAX_DAYS = 40  # that a series may have grown by


def render_delta(publisher: Publisher, representation: Representation, etag: str) -> Rendered | None:
    """Render what is new in a feed since it had an ETag; None if that cannot be told (RFC 3229 section 10.5.3)."""
    resource, match = representation.resource, _ETAG.fullmatch(etag)
    if match is None or not isinstance(resource, Resource) or resource.format.kind is not Kind.FEED:
        return None
    with publisher.archive.snapshot() as snapshot:
        older = _find_older(publisher, snapshot, resource, match)
        if older is None:
            return None
        edition = _difference(snapshot.load(resource.key), older)
    return publisher.render_edition(representation, edition)


def _find_older(publisher: Publisher, snapshot: Snapshot, resource: Resource, etag: re.Match[str]) -> Edition | None:
    """Find the edition that the ETag is of, among those of the archive as it was after each day."""
    days = [day.date for day in snapshot.calendar() if f"{day.date:%Y%m%d}" >= etag["day"]]
    # A series that holds a week exists since a later day: the ETag may be of a day after its newest paper.
    for day in days[: _MAX_DAYS if isinstance(resource.key, SeriesKey) else 1]:
        past = snapshot.as_of(day)
        try:
            metadata = past.metadata(resource.key)
        except UnknownEditionError:
            continue
        if publisher.document_fingerprint(resource, metadata) == etag["fingerprint"]:
            return past.load(resource.key)
    return None


def _difference(edition: Edition, older: Edition) -> Edition:
    """Leave out of an edition the papers or members that an older one has."""
    if isinstance(edition, Collection) and isinstance(older, Collection):
        known_keys = {member.key for member in older.editions}
        return replace(edition, editions=tuple(member for member in edition.editions if member.key not in known_keys))
    known = set(older.listings)
    days = tuple(
        Day(day.date, tuple(listing for listing in day.listings if listing not in known)) for day in edition.days
    )
    if isinstance(edition, SearchResults):
        results = tuple(listing for listing in edition.results if listing not in known)
        return replace(edition, days=days, results=results)
    return replace(edition, days=days)
