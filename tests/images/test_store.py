"""The store of pictures holds what was put there, for whoever reads and whatever happens."""

import logging
import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds.images.picture import Converted, Picture, StoreError
from feeds.images.store import Store, default_store

NOW = datetime(2024, 1, 30, 12, 0, 0, 5, UTC)
LATER = NOW + timedelta(days=3)
URL = "https://example.org/1.png"
OTHER = "https://example.org/2.png"


def renditions(seed: int = 0) -> list[Converted]:
    """Make bytes that are nobody else's; the store does not look into pictures."""
    large = Converted("image/jpeg", 600, 400, b"large %d" % seed * 50)
    return [large, Converted("image/png", 320, 200, b"small %d" % seed * 20)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def keep(store: Store, url: str = URL, seed: int = 0, now: datetime = NOW) -> Picture:
    store.keep(url, renditions(seed), '"tag"', "Tue", now)
    return store.pictures([url])[url]


def files(store: Store) -> list[Path]:
    return sorted(path for path in store.root.rglob("*") if path.suffix in (".jpg", ".png", ".tmp"))


def test_what_was_kept_is_found_and_read(store: Store) -> None:
    picture = keep(store)
    assert picture.stored == NOW.replace(microsecond=0)
    assert [(each.media_type, each.width, each.height) for each in picture.renditions] == [
        ("image/jpeg", 600, 400),
        ("image/png", 320, 200),
    ]
    assert [store.read(each) for each in picture.renditions] == [each.data for each in renditions()]
    assert [each.length for each in picture.renditions] == [len(each.data) for each in renditions()]
    assert [Path(each.name).suffix for each in picture.renditions] == [".jpg", ".png"]
    assert store.pictures([OTHER]) == {}


def test_reading_makes_no_store(store: Store) -> None:
    assert store.pictures([URL]) == {}
    assert store.sources([URL]) == {}
    assert store.state == ""
    assert not store.root.exists()
    store.root.mkdir()
    assert store.sources([URL]) == {}
    assert list(store.root.iterdir()) == []


def test_two_addresses_with_the_same_bytes_share_files(store: Store) -> None:
    assert keep(store, URL) == keep(store, OTHER)
    assert len(files(store)) == 2


def test_files_can_be_read_by_others_and_none_is_left_over(store: Store) -> None:
    keep(store)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o644 for path in files(store))
    assert {path.suffix for path in files(store)} == {".jpg", ".png"}


def test_a_picture_that_changes_at_its_address_is_stored_anew_and_one_that_does_not_keeps_its_time(
    store: Store,
) -> None:
    keep(store)
    assert keep(store, now=LATER).stored == NOW.replace(microsecond=0)
    assert keep(store, seed=1, now=LATER).stored == LATER.replace(microsecond=0)


def test_a_failure_is_counted_until_the_picture_comes_and_costs_no_picture(store: Store) -> None:
    store.fail(URL, "answers 404", NOW)
    store.fail(URL, "answers 500", LATER)
    source = store.sources([URL])[URL]
    assert (source.picture, source.error, source.failures) == (None, "answers 500", 2)
    assert source.checked == LATER.replace(microsecond=0)
    picture = keep(store)
    assert store.sources([URL])[URL].failures == 0
    store.fail(URL, "answers 500", LATER)
    assert store.pictures([URL]) == {URL: picture}
    store.confirm(URL, LATER)
    source = store.sources([URL])[URL]
    assert (source.failures, source.error, source.etag, source.last_modified) == (0, "", '"tag"', "Tue")


def test_the_state_changes_with_everything_that_happens(store: Store) -> None:
    states = [store.state]
    for number in range(50):  # many within one tick of the clock
        store.keep(f"{URL}?{number}", renditions(), "", "", NOW)
        states.append(store.state)
    store.confirm(URL, LATER)
    states.append(store.state)
    store.fail(OTHER, "answers 500", NOW)
    states.append(store.state)
    assert len(set(states)) == len(states)
    assert store.state == states[-1]


def test_what_another_store_object_writes_is_seen_at_once(store: Store) -> None:
    other = Store(store.root)
    assert other.pictures([URL]) == {}
    for seed in range(30):
        assert keep(store, seed=seed) == other.pictures([URL])[URL]


def test_a_reader_asks_the_database_once_a_state(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = keep(store)
    monkeypatch.setattr(sqlite3, "connect", lambda *_, **__: pytest.fail("asked again"))
    assert store.pictures([URL]) == {URL: picture}


def test_thousands_of_addresses_are_found_at_once(store: Store) -> None:
    keep(store)
    urls = [f"https://example.org/{number}" for number in range(40_000)]
    assert list(store.pictures([*urls, URL, URL])) == [URL]


def test_a_file_that_is_gone_or_altered_is_an_error_and_no_picture(store: Store) -> None:
    picture = keep(store)
    large, small = picture.renditions
    path = next(path for path in files(store) if path.name == large.name)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(StoreError, match="altered"):
        store.read(large)
    path.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        store.read(large)
    assert store.read(small)
    assert not store.has(picture)
    assert store.has(keep(store))


def spoiled(store: Store) -> Path:
    (path,) = store.root.glob("*.sqlite")
    path.write_bytes(b"no database at all " * 500)
    return path


def test_a_broken_store_has_no_pictures_and_says_so_once(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    keep(store)
    path = spoiled(store)
    assert [store.pictures([URL]) for _ in range(3)] == [{}, {}, {}]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert str(path) in caplog.text


def test_a_broken_store_is_put_aside_by_the_next_who_writes(store: Store) -> None:
    keep(store)
    spoiled(store)
    assert store.sources([URL]) == {}
    assert store.pictures([URL]) == {}
    keep(store, OTHER)
    assert list(store.pictures([URL, OTHER])) == [OTHER]
    spoiled(store)
    keep(store)
    assert list(store.pictures([URL, OTHER])) == [URL]


def test_a_row_that_holds_nonsense_is_a_broken_store(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    for nonsense in ("{", "[1]", '[["a"]]', "7"):
        keep(store)
        with closing(sqlite3.connect(next(store.root.glob("*.sqlite")))) as connection, connection:
            connection.execute("UPDATE sources SET renditions = ?", [nonsense])
        assert Store(store.root).pictures([URL]) == {}
        assert "cannot be read" in caplog.text
        caplog.clear()


def test_a_locked_store_has_no_pictures_for_now(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    picture = keep(store)
    other = Store(store.root)
    with closing(sqlite3.connect(next(store.root.glob("*.sqlite")), isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert other.pictures([URL]) == {}
        assert "locked" in caplog.text
        connection.execute("ROLLBACK")
    assert other.pictures([URL]) == {URL: picture}


def test_a_store_that_cannot_be_there_is_an_error_for_writers_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    store = Store(tmp_path / "file")
    assert store.state == ""
    assert store.pictures([URL]) == {}
    with pytest.raises(StoreError):
        store.fail(URL, "answers 404", NOW)
    with pytest.raises(StoreError):
        keep(store)


def _write_many(root: Path, start: int) -> None:
    store = Store(root)
    for number in range(start, start + 40):
        store.keep(f"{URL}?{number}", renditions(number % 7), "", "", NOW)


def test_two_processes_write_and_threads_read_at_once(store: Store) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_write_many, args=(store.root, start)) for start in (0, 20)]
    for process in processes:
        process.start()
    wrong: list[object] = []

    def read() -> None:
        while any(process.exitcode is None for process in processes):
            for picture in store.pictures(f"{URL}?{number}" for number in range(60)).values():
                wrong.extend(each for each in picture.renditions if not store.read(each))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert not wrong
    assert len(store.pictures(f"{URL}?{number}" for number in range(60))) == 60


WRITER = """
import sys, itertools
from pathlib import Path
from feeds.images.store import Store
from tests.images.test_store import renditions, NOW
store = Store(Path(sys.argv[1]))
for number in itertools.count():
    store.keep(f"http://{number}", renditions(number), "", "", NOW)
    print(number, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_a_good_store(store: Store) -> None:
    command = [sys.executable, "-c", WRITER, str(store.root)]
    for wait in (0.0, 0.003, 0.011, 0.02):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for _ in range(3):
                last = int(process.stdout.readline())
            time.sleep(wait)  # a moment within a later write
            process.send_signal(signal.SIGKILL)
        found = Store(store.root).pictures(f"http://{number}" for number in range(last + 1))
        assert len(found) == last + 1
        assert all(store.has(picture) for picture in found.values())
        keep(store)


def test_the_folder_is_that_of_the_environment_or_in_the_cache(tmp_path: Path) -> None:
    assert default_store({"FEEDS_IMAGES": str(tmp_path)}) == tmp_path
    assert default_store({"HOME": "/home/ann"}) == Path("/home/ann/.cache/daily-papers-feeds/images")
    assert default_store({"XDG_CACHE_HOME": "/c", "FEEDS_IMAGES": ""}) == Path("/c/daily-papers-feeds/images")
    assert os.fspath(default_store({})).endswith("/.cache/daily-papers-feeds/images")
