"""Tells a WebSub hub which feeds have changed, https://www.w3.org/TR/websub/ section 7.

Each change is announced once, however many processes serve it: the index remembers what was.
"""

import itertools
import logging
import os
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlencode

from feeds.archive import index
from feeds.archive.database import transaction
from feeds.errors import FeedsError
from feeds.exporters.format import Kind
from feeds.publishing.publisher import Catalog
from feeds.site.site import Publication

_log = logging.getLogger(__name__)
_TRIES = 6
_PAUSE = 1.0  # seconds before the second try; twice as long before each further one
_TIMEOUT = 20.0  # seconds that a hub may take to answer
_SETTLING = 3.0  # seconds after which every process serves the new bytes; they look every two


def topics(catalog: Catalog) -> list[Publication]:
    """List the feeds that a hub is told about: those of topics, and of every edition but single papers."""
    named = [feed for topic in catalog.site.topics for feed in catalog.site.publications(topic.key, Kind.FEED)]
    fixed = [publication for publication in catalog if publication.format.kind is Kind.FEED]
    return [feed for feed in [*fixed, *named] if catalog.site.announces(feed.key)]


def claim(catalog: Catalog, owner: str) -> list[str]:
    """List the addresses of the feeds that an owner, named by its process and a number, has to announce.

    They have changed since anybody looked, or the process that had to announce them is gone. What is listed is listed
    to nobody else; a first look at an archive lists nothing.
    """
    state = catalog.archive.state
    outlines = {catalog.site.url(topic): catalog.outline(topic) for topic in topics(catalog)}
    tags = {url: f"{outline.tag} {outline.way}" for url, outline in outlines.items()}

    def compare(connection: sqlite3.Connection) -> list[str]:
        with transaction(connection):
            if index.state(connection) != state:
                return []  # the tags may be of either state; the next look has them right
            rows = connection.execute("SELECT topic, tag, owner FROM topics").fetchall()
            known = {topic: tag for topic, tag, _ in rows}
            changed = {topic for topic, tag in tags.items() if known.get(topic) != tag} if known else set()
            left = {topic for topic, _, other in rows if other == owner or (other and not _is_alive(other))}
            new = [(topic, tag) for topic, tag in tags.items() if known.get(topic) != tag]
            connection.executemany("INSERT OR REPLACE INTO topics VALUES (?, ?, NULL)", new)
            owned = sorted((changed | left) & tags.keys())
            connection.executemany("UPDATE topics SET owner = ? WHERE topic = ?", [(owner, each) for each in owned])
        return owned

    return catalog.archive.remember(compare)


def settle(catalog: Catalog, topic: str, owner: str) -> None:
    """Note that a feed has been announced."""
    done = (topic, owner)
    statement = "UPDATE topics SET owner = NULL WHERE topic = ? AND owner = ?"
    catalog.archive.remember(lambda connection: connection.execute(statement, done))


def _is_alive(owner: str) -> bool:
    try:
        os.kill(int(owner.partition("-")[0]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True


def announce(hub: str, topic: str, pause: float = _PAUSE) -> bool:
    """Tell a hub that a feed has changed, again if need be; say whether it heard, or never will."""
    body = urlencode({"hub.mode": "publish", "hub.url": topic}).encode()
    for tried in range(_TRIES):
        if tried:
            time.sleep(pause * 2 ** (tried - 1))
        try:
            with _OPENER.open(urllib.request.Request(hub, body), timeout=_TIMEOUT):  # noqa: S310  # a setting
                return True
        except urllib.error.HTTPError as error:
            error.close()
            _log.warning("%s answers %s for %s", hub, error.code, topic)
            if error.code < 500 and error.code not in (408, 429):
                return True  # asking again would change nothing
        except OSError as error:
            _log.warning("%s cannot be reached for %s: %s", hub, topic, error)
    return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: urllib would ask by GET, and take the page it gets for a hub that heard."""

    def redirect_request(self, *_: object) -> None:
        return None


_COUNT = itertools.count()
_OPENER = urllib.request.build_opener(_NoRedirect)


class Announcer(threading.Thread):
    """Announces the changes of an archive for as long as the process lives."""

    def __init__(self, catalog: Catalog, settling: float = _SETTLING, pause: float = _PAUSE) -> None:
        super().__init__(name="websub", daemon=True)
        self._catalog = catalog
        self._settling = settling
        self._pause = pause
        self._state = ""
        self._is_behind = False
        self._owner = f"{os.getpid()}-{next(_COUNT)}"

    def run(self) -> None:
        """Look for changes again and again."""
        while True:
            try:
                self.look()
            except FeedsError as error:
                _log.warning("%s", error)
            time.sleep(self._settling)

    def look(self) -> None:
        """Announce what has changed since the last look, and what no hub has heard of yet."""
        self._catalog.archive.refresh()
        if self._catalog.archive.state == self._state and not self._is_behind:
            return
        self._state = self._catalog.archive.state
        owned = claim(self._catalog, self._owner)
        if owned:
            time.sleep(self._settling)
        self._is_behind = False
        for topic in owned:
            if announce(self._catalog.site.hub, topic, self._pause):
                settle(self._catalog, topic, self._owner)
            else:
                self._is_behind = True  # the hub is down: the rest waits for the next look
                return
