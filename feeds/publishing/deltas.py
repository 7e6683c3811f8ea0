"""Deltas of feeds (RFC 3229): what an edition holds that a client with an older ETag does not have yet.

The day in an ETag tells as of which days the feed may have had it. The ETags as of these days are computed once and
remembered, so that one with a forged hash costs nothing more.
"""

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice

from cachetools import LRUCache

from feeds.archive.snapshot import Snapshot
from feeds.errors import UnknownEditionError
from feeds.exporters.contract import Kind, Resource
from feeds.model.edition import (
    Collection,
    Edition,
    Ranking,
    SearchResults,
)
from feeds.model.keys import (
    Key,
    PeriodKey,
    Scope,
    SearchKey,
    SeriesKey,
    TopKey,
    period,
)
from feeds.publishing.publisher import Publisher, Rendered
from feeds.publishing.representation import Representation

MAX_PAPERS = 300
"""The number of papers in a delta; with more the whole feed is as good."""

_ETAG = re.compile(r"(?P<fingerprint>[0-9a-f]{32})\.(?P<day>\d{8})", re.ASCII)
_MAX_KEPT = 1_000  # feeds and days
_MAX_STATES = 3  # of a series, between two days with new papers
_MAX_DAYS = 40  # in which a series reaches these states


class Deltas:
    """The deltas of a publisher's feeds. Threads may share them."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._kept: LRUCache[tuple[str, date], Mapping[str, date]] = LRUCache(_MAX_KEPT)
        self._lock = threading.Lock()

    def render(self, representation: Representation, etag: str) -> Rendered | None:
        """Render what is new in a feed since it had an ETag; None if that cannot be told (RFC 3229 section 10.5.3)."""
        resource, parts = representation.resource, _parse_etag(etag)
        if parts is None or not isinstance(resource, Resource) or resource.format.kind is not Kind.FEED:
            return None
        fingerprint, newest = parts
        with self._publisher.archive.snapshot() as snapshot:
            day = self._past_days(snapshot, representation, resource, newest).get(fingerprint)
            if day is None or _count_later(snapshot, resource.key, day) > MAX_PAPERS:
                return None
            edition = _load_later(snapshot, resource.key, day)
        return self._publisher.render_edition(representation, edition)

    def _past_days(
        self, snapshot: Snapshot, representation: Representation, resource: Resource, newest: date
    ) -> Mapping[str, date]:
        """Return as of which day a feed whose newest paper was of a day had which fingerprint."""
        name = (representation.etag, newest)
        with self._lock:
            kept = self._kept.get(name)
        if kept is None:
            kept = dict(self._fingerprints(snapshot, resource, newest))
            with self._lock:
                self._kept[name] = kept
        return kept

    def _fingerprints(self, snapshot: Snapshot, resource: Resource, newest: date) -> Iterator[tuple[str, date]]:
        for day in _list_states(snapshot, resource.key, newest):
            try:
                past = snapshot.as_of(day)
                metadata = past.metadata(resource.key)
            except UnknownEditionError:
                continue
            pictures = self._publisher.pictures(resource, past)
            yield self._publisher.document_fingerprint(resource, metadata, pictures=pictures), day


def newest_etag(etags: Iterable[str]) -> str | None:
    """Return the ETag to compute a delta from: that of the newest day, of those that a feed of ours may have had."""
    dated = [(parts[1], etag) for etag in etags if (parts := _parse_etag(etag))]
    return max(dated)[1] if dated else None


def _parse_etag(etag: str) -> tuple[str, date] | None:
    """Split an ETag into its fingerprint and the day of the newest paper."""
    match = _ETAG.fullmatch(etag)
    try:
        return (match["fingerprint"], date.fromisoformat(match["day"])) if match else None
    except ValueError:
        return None


def _list_states(snapshot: Snapshot, key: Key, newest: date) -> Iterator[date]:
    """List the days as of which an edition may have had a day as that of its newest paper.

    A series holds a week from the next archive day after it on, and further weeks may bring no new paper.
    """
    calendar = snapshot.calendar().between(newest, date.max)
    if not calendar or calendar[0].date != newest:
        return
    if not isinstance(key, SeriesKey):
        yield newest
        return
    states: dict[date, date] = {}
    for day in islice(calendar, _MAX_DAYS):
        first_open = period(key.period, day.date).first if key.period is not Scope.DAY else day.date + timedelta(days=1)
        if first_open > newest:
            states.setdefault(first_open, day.date)
    yield from islice(states.values(), _MAX_STATES)


def _count_later(snapshot: Snapshot, key: Key, day: date) -> int:
    """Count the papers that an edition of days has after a day; of the others any delta is small."""
    if isinstance(key, SeriesKey | SearchKey | TopKey):
        return 0
    last = key.last if isinstance(key, PeriodKey) else date.max
    return sum(count.papers for count in snapshot.calendar().between(day + timedelta(days=1), last))


def _load_later(snapshot: Snapshot, key: Key, day: date) -> Edition:
    """Load an edition without the papers or members that it had as of a day."""
    if not isinstance(key, SeriesKey | SearchKey | TopKey):
        return snapshot.load(key, after=day)
    edition, older = snapshot.load(key), snapshot.as_of(day).load(key)
    if isinstance(edition, Collection) and isinstance(older, Collection):
        known_keys = {member.key for member in older.editions}
        return replace(edition, editions=tuple(member for member in edition.editions if member.key not in known_keys))
    assert isinstance(edition, SearchResults | Ranking)  # noqa: S101  # of the other keys
    known = set(older.listings)
    results = tuple(listing for listing in edition.results if listing not in known)
    days = tuple(
        replace(day, listings=tuple(listing for listing in day.listings if listing not in known))
        for day in edition.days
    )
    return replace(edition, days=days, results=results)
