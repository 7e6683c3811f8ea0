"""WebSub: the hub is notified once of every changed feed."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from feeds.publishing.publisher import Publisher, open_publisher
from feeds.publishing.representation import link_headers
from feeds.publishing.websub import HubNotifier, publish_to_hub, topic_fingerprints
from tests.support.digests import day, paper, write_files
from tests.support.servers import serving

BASE = "http://127.0.0.1:8000"


class Hub:
    """A hub on this machine that answers with `statuses` in turn, then with 204."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        self.statuses: list[int] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                assert form["hub.mode"] == ["publish"]
                hub.topics += form["hub.url"]
                self.send_response(hub.statuses.pop(0) if hub.statuses else 204)
                self.send_header("Location", f"{hub.url}/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hub"


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    threading.Thread(target=hub.server.serve_forever, daemon=True).start()
    yield hub
    hub.server.shutdown()
    hub.server.server_close()


FILES = {"1.md": day("2024-01-30", paper("A", "2401.1"))}
MORE = {"2.md": day("2024-02-05", paper("B", "2402.1"))}
CHANGED_FEEDS = 54
"""The number of feeds that `MORE` changes."""


@pytest.fixture
def publisher(folder: Path, environ: dict[str, str], hub: Hub) -> Publisher:
    write_files(folder, FILES)
    return open_publisher(folder, environ | {"FEEDS_HUB": hub.url})


def make_notifier(publisher: Publisher) -> HubNotifier:
    hub = publisher.site.hub
    return HubNotifier(publisher.archive, hub, partial(topic_fingerprints, publisher), interval=0, backoff=0.001)


def check(*notifiers: HubNotifier) -> None:
    """Let notifiers check for changes at the same time, as they do in several processes."""

    def check_with_lock(notifier: HubNotifier) -> None:
        with notifier.lock():
            notifier.check()

    with ThreadPoolExecutor(len(notifiers)) as pool:
        list(pool.map(check_with_lock, notifiers))


def test_hub_is_notified_once_of_every_changed_feed(
    publisher: Publisher, folder: Path, environ: dict[str, str], hub: Hub
) -> None:
    check(make_notifier(publisher))
    assert hub.topics == []
    write_files(folder, MORE)
    others = [open_publisher(folder, environ | {"FEEDS_HUB": hub.url}) for _ in range(3)]
    publisher.archive.sync()
    for _ in range(2):
        check(*map(make_notifier, [publisher, *others]))
    assert len(set(hub.topics)) == len(hub.topics)
    changed = {"latest", "all", "daily", "weekly", "2024", "2024-02", "2024-W06", "2024-02-05", "monthly"}
    changed |= {"top-weekly", "top-monthly", "top/2024-W06", "top/2024-02"}
    neighbours = {"2024-01-30", "2024-01", "2024-W05", "top/2024-W05", "top/2024-01"}  # whose documents link to these
    expected = {f"{BASE}/{key}.{name}" for key in changed | neighbours for name in ("rss", "atom", "json")}
    assert set(hub.topics) == expected


def test_notification_is_retried_only_while_the_hub_fails(hub: Hub) -> None:
    hub.statuses = [503, 500, 429]
    assert publish_to_hub(hub.url, f"{BASE}/latest.rss", backoff=0.001)
    assert hub.topics == [f"{BASE}/latest.rss"] * 4
    hub.statuses = [302]
    assert publish_to_hub(hub.url, f"{BASE}/latest.rss", backoff=0.001)
    assert len(hub.topics) == 5
    hub.statuses = [400]
    assert publish_to_hub(hub.url, f"{BASE}/latest.rss", backoff=0.001)
    assert len(hub.topics) == 6


def test_unreachable_hub_raises_nothing() -> None:
    assert not publish_to_hub("http://127.0.0.1:9/", f"{BASE}/latest.rss", backoff=0.001)


def test_failed_notifications_are_sent_by_the_next_check(
    publisher: Publisher, folder: Path, environ: dict[str, str], hub: Hub
) -> None:
    check(make_notifier(publisher))
    write_files(folder, MORE)
    hub.statuses = [503] * 6
    publisher.archive.sync()
    notifier = make_notifier(publisher)
    check(notifier)
    assert len(hub.topics) == 6
    hub.topics.clear()
    check(make_notifier(open_publisher(folder, environ | {"FEEDS_HUB": hub.url})))  # as in the next process
    assert len(set(hub.topics)) == len(hub.topics) == CHANGED_FEEDS
    check(notifier)
    check(make_notifier(publisher))
    assert len(hub.topics) == CHANGED_FEEDS


def test_recreated_index_notifies_of_nothing(publisher: Publisher, environ: dict[str, str], hub: Hub) -> None:
    notifier = make_notifier(publisher)
    check(notifier)
    with closing(sqlite3.connect(environ["FEEDS_INDEX"])) as connection, connection:
        connection.execute("DROP TABLE topics")
    notifier._mark_delivered(f"{BASE}/latest.rss", "of a delivery under way")
    check(make_notifier(publisher))
    assert hub.topics == []


@pytest.mark.external
def test_waiting_process_takes_over_from_one_that_ends(folder: Path, environ: dict[str, str], hub: Hub) -> None:
    write_files(folder, FILES)
    with_hub = environ | {"FEEDS_HUB": hub.url, "FEEDS_BASE_URL": "https://example.org"}  # the same for both
    with ExitStack() as processes, ExitStack() as first:
        first.enter_context(serving(folder, with_hub))
        wait_until(lambda: count_topics(Path(environ["FEEDS_INDEX"])) > 0)
        second = processes.enter_context(serving(folder, with_hub))
        first.close()
        write_files(folder, MORE)
        wait_until(lambda: len(hub.topics) == CHANGED_FEEDS)
        assert b">B<" in second.ask("/latest.rss").body
    assert len(set(hub.topics)) == CHANGED_FEEDS


def test_documents_and_headers_name_the_hub(publisher: Publisher) -> None:
    for name in ("rss", "atom", "json"):
        representation = publisher.representation(publisher.find(f"latest.{name}"))
        assert publisher.site.hub.encode() in publisher.render(representation).body
        links = link_headers(representation, publisher.site, publisher.formats)
        assert f'<{publisher.site.hub}>; rel="hub"' in ", ".join(links)


@pytest.mark.external
def test_hub_is_notified_after_all_workers_serve_the_change(folder: Path, environ: dict[str, str], hub: Hub) -> None:
    write_files(folder, FILES)
    with serving(folder, environ | {"FEEDS_HUB": hub.url}, workers=2) as server:
        wait_until(lambda: count_topics(Path(environ["FEEDS_INDEX"])) > 0)
        write_files(folder, MORE)
        wait_until(lambda: len(hub.topics) > 0)
        assert b">B<" in server.ask("/latest.rss").body
        wait_until(lambda: len(hub.topics) == CHANGED_FEEDS)
        assert len(set(hub.topics)) == CHANGED_FEEDS


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, for at most a minute."""
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def count_topics(index: Path) -> int:
    """Count the feeds that the index remembers as delivered."""
    with closing(sqlite3.connect(index, timeout=30)) as connection:
        if not connection.execute("SELECT * FROM sqlite_master WHERE name = 'topics'").fetchone():
            return 0
        (count,) = connection.execute("SELECT count(*) FROM topics").fetchone()
    return int(count)
