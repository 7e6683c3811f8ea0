"""A hub hears of each change once."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from feeds.publishing import websub
from feeds.publishing.publisher import Catalog, open_catalog
from tests.support.digests import day, paper, write_files
from tests.support.servers import serving

BASE = "http://127.0.0.1:8000"


class Hub:
    """A hub on this machine: answers with the statuses given, then with 204."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.statuses: list[int] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the library's name
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                assert form["hub.mode"] == ["publish"]
                hub.heard += form["hub.url"]
                self.send_response(hub.statuses.pop(0) if hub.statuses else 204)
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


@pytest.fixture
def catalog(folder: Path, environ: dict[str, str], hub: Hub) -> Catalog:
    write_files(folder, FILES)
    return open_catalog(folder, environ | {"FEEDS_HUB": hub.url})


def look(*catalogs: Catalog) -> None:
    with ThreadPoolExecutor(len(catalogs)) as pool:
        announcers = [websub.Announcer(each, settling=0, pause=0.001) for each in catalogs]
        for each in catalogs:
            each.archive.look()
        list(pool.map(websub.Announcer.look, announcers))


def test_nothing_is_announced_at_first_and_each_changed_feed_once_later(
    catalog: Catalog, folder: Path, environ: dict[str, str], hub: Hub
) -> None:
    look(catalog)
    assert hub.heard == []
    write_files(folder, MORE)
    others = [open_catalog(folder, environ | {"FEEDS_HUB": hub.url}) for _ in range(3)]
    look(catalog, *others)
    look(catalog, *others)
    assert len(set(hub.heard)) == len(hub.heard)
    changed = {"latest", "all", "daily", "weekly", "2024", "2024-02", "2024-W06", "2024-02-05", "monthly"}
    neighbours = {"2024-01-30", "2024-01", "2024-W05"}  # whose documents link to the new ones
    expected = {f"{BASE}/{key}.{name}" for key in changed | neighbours for name in ("rss", "atom", "json")}
    assert set(hub.heard) == expected


def test_a_hub_that_fails_is_told_again(hub: Hub) -> None:
    hub.statuses = [503, 500, 429]
    assert websub.announce(hub.url, f"{BASE}/latest.rss", pause=0.001)
    assert hub.heard == [f"{BASE}/latest.rss"] * 4
    hub.statuses = [302]
    assert websub.announce(hub.url, f"{BASE}/latest.rss", pause=0.001)
    assert len(hub.heard) == 5
    hub.statuses = [400]
    assert websub.announce(hub.url, f"{BASE}/latest.rss", pause=0.001)
    assert len(hub.heard) == 6


def test_a_hub_that_is_not_there_harms_nothing() -> None:
    assert not websub.announce("http://127.0.0.1:9/", f"{BASE}/latest.rss", pause=0.001)


def test_what_a_hub_did_not_hear_it_hears_later_from_this_process_or_the_next(
    catalog: Catalog, folder: Path, environ: dict[str, str], hub: Hub
) -> None:
    look(catalog)
    write_files(folder, MORE)
    hub.statuses = [503] * 6
    catalog.archive.look()
    announcer = websub.Announcer(catalog, settling=0, pause=0.001)
    announcer.look()
    assert len(hub.heard) == 6
    hub.heard.clear()
    with closing(sqlite3.connect(environ["FEEDS_INDEX"])) as connection:  # as if that process had ended
        connection.execute("UPDATE topics SET owner = '4194305-0' WHERE owner IS NOT NULL")
        connection.commit()
    look(open_catalog(folder, environ | {"FEEDS_HUB": hub.url}))
    assert len(set(hub.heard)) == len(hub.heard) == 36
    announcer.look()
    look(catalog)
    assert len(hub.heard) == 36


def test_the_documents_and_headers_name_the_hub(catalog: Catalog) -> None:
    for name in ("rss", "atom", "json"):
        publication = catalog.find(f"latest.{name}")
        edition = catalog.cut(publication)
        assert catalog.site.hub.encode() in catalog.render(publication, edition)
        assert f'<{catalog.site.hub}>; rel="hub"' in catalog.site.links(publication, edition)


def test_a_running_service_tells_the_hub_when_the_new_bytes_are_served(
    folder: Path, environ: dict[str, str], hub: Hub
) -> None:
    write_files(folder, FILES)
    with serving(folder, environ | {"FEEDS_HUB": hub.url}, workers=2) as server:
        until(lambda: known_topics(Path(environ["FEEDS_INDEX"])) > 0)
        write_files(folder, MORE)
        until(lambda: len(hub.heard) > 0)
        assert b">B<" in server.ask("/latest.rss").body
        until(lambda: len(hub.heard) == 36)
        assert len(set(hub.heard)) == 36


def until(holds: Callable[[], bool]) -> None:
    """Ask until something holds, for at most a minute."""
    deadline = time.monotonic() + 60
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert holds()


def known_topics(index: Path) -> int:
    with closing(sqlite3.connect(index, timeout=30)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM topics").fetchone()
    return int(count)
