"""Notifies a WebSub hub of changed feeds, https://www.w3.org/TR/websub/ section 7.

One process notifies at a time: the one that holds a lock file beside the index. The index remembers what was delivered.
"""

import fcntl
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from urllib3 import PoolManager, Retry
from urllib3.exceptions import HTTPError

from feeds.archive.archive import Archive
from feeds.errors import FeedsError
from feeds.exporters.contract import Kind
from feeds.publishing.publisher import Publisher
from feeds.sqlite import transaction

_log = logging.getLogger(__name__)
_RETRIES = 5
_BACKOFF = 1.0  # seconds; doubled with every retry
_RETRY_STATUSES = frozenset({408, 429, *range(500, 600)})
_MAX_RETRY_AFTER = 60  # seconds
_TIMEOUT = 20.0  # seconds to connect, and to wait for the response
_CHECK_INTERVAL = 3.0  # seconds; longer than other processes take to notice a change
_SCHEMA = "CREATE TABLE IF NOT EXISTS topics (url TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) WITHOUT ROWID"
_INSERT = "INSERT INTO topics VALUES (?, ?)"
# Not into an empty table: the index was recreated, and all other feeds would count as changed.
_MARK_DELIVERED = "INSERT OR REPLACE INTO topics SELECT ?, ? WHERE EXISTS (SELECT * FROM topics)"


class TopicFingerprints(NamedTuple):
    """The URLs of feeds that the hub is notified of, each with a fingerprint of what it shows, at a `change_id`."""

    change_id: str
    fingerprints: Mapping[str, str]


def topic_fingerprints(publisher: Publisher, since: str = "") -> TopicFingerprints:
    """Fingerprint all feeds that may have changed since a `change_id` of the archive's snapshots; all without one."""
    site, formats = publisher.site, publisher.formats
    fingerprints = {}
    with publisher.archive.snapshot() as snapshot:
        days = snapshot.changed_days(since) if since else None
        for key in [*snapshot.keys(days), *site.topic_keys.values()]:
            if site.is_hub_topic(key):
                metadata = snapshot.metadata(key)
                for resource in formats.answers(key, Kind.FEED):
                    fingerprints[site.url(resource.path)] = f"{metadata.fingerprint} {metadata.neighbours}"
        return TopicFingerprints(snapshot.change_id, fingerprints)


def publish_to_hub(hub: str, topic: str, backoff: float = _BACKOFF) -> bool:
    """Notify a hub that the feed at a URL changed, and retry while the hub is unavailable.

    Returns:
        True if the hub accepted or refused the notification, False if it stayed unavailable.
    """
    retries = Retry(
        total=_RETRIES,
        redirect=False,  # a redirected POST would become a GET
        allowed_methods=None,  # all
        status_forcelist=_RETRY_STATUSES,
        raise_on_status=False,
        backoff_factor=backoff,
        retry_after_max=_MAX_RETRY_AFTER,
    )
    form = {"hub.mode": "publish", "hub.url": topic}
    try:
        with PoolManager(timeout=_TIMEOUT, retries=retries) as http:
            response = http.request("POST", hub, fields=form, encode_multipart=False, redirect=False)
    except HTTPError as error:
        _log.warning("cannot notify the hub %s of %s: %s", hub, topic, error)
        return False
    if not 200 <= response.status < 300:
        _log.warning("the hub %s answers %s to the notification of %s", hub, response.status, topic)
    return response.status not in _RETRY_STATUSES


class HubNotifier(threading.Thread):
    """Notifies a hub of changes as long as the process lives; waits while another process does so.

    Args:
        archive: Its index remembers the delivered fingerprints.
        hub: The URL of the hub.
        topics: Returns the fingerprints of the feeds that may have changed since a `change_id`; of all without one.
        interval: Seconds between two checks, and between a change and its notification.
        backoff: Seconds before a notification is repeated, doubled every time.
    """

    def __init__(
        self,
        archive: Archive,
        hub: str,
        topics: Callable[[str], TopicFingerprints],
        *,
        interval: float = _CHECK_INTERVAL,
        backoff: float = _BACKOFF,
    ) -> None:
        super().__init__(name="websub", daemon=True)
        self._archive = archive
        self._hub = hub
        self._topics = topics
        self._interval = interval
        self._backoff = backoff
        self._delivered_revision = self._delivered_change = ""

    def run(self) -> None:
        """Check for changes until the process ends."""
        try:
            with self.lock():
                while True:
                    try:
                        self.check()
                    except FeedsError as error:
                        _log.warning("%s", error)
                    time.sleep(self._interval)
        except OSError as error:
            _log.warning("cannot notify the hub %s: %s", self._hub, error)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Wait until no other process notifies, and keep others from it. The system releases a dead process's lock."""
        path = self._archive.index_path
        with path.with_name(f"{path.name}.websub-lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def check(self) -> None:
        """Notify the hub of the feeds that changed since their last delivery; hold the lock."""
        self._archive.sync_if_due()
        revision = self._archive.revision
        if revision == self._delivered_revision:
            return
        topics = self._topics(self._delivered_change)
        pending = self._find_pending(topics.fingerprints)
        if pending:
            time.sleep(self._interval)  # until every process serves the new feeds
        for topic, fingerprint in sorted(pending.items()):
            if not publish_to_hub(self._hub, topic, self._backoff):
                return  # the next check continues
            self._mark_delivered(topic, fingerprint)
        self._delivered_revision, self._delivered_change = revision, topics.change_id

    def _find_pending(self, topics: Mapping[str, str]) -> dict[str, str]:
        """Return the changed feeds. On a new index none is pending: subscribers know these feeds already."""

        def compare(connection: sqlite3.Connection) -> dict[str, str]:
            with transaction(connection):
                connection.execute(_SCHEMA)
                delivered = dict(connection.execute("SELECT url, fingerprint FROM topics").fetchall())
                if not delivered:
                    connection.executemany(_INSERT, topics.items())
                    return {}
            return {url: fingerprint for url, fingerprint in topics.items() if delivered.get(url) != fingerprint}

        return self._archive.run_in_index(compare)

    def _mark_delivered(self, topic: str, fingerprint: str) -> None:
        def mark(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                connection.execute(_SCHEMA)
                connection.execute(_MARK_DELIVERED, (topic, fingerprint))

        self._archive.run_in_index(mark)
