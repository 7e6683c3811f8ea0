"""The picture store: reading, writing, concurrency and damage."""

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

from feeds.errors import StoreError
from feeds.images.picture import EncodedImage, Picture
from feeds.images.store import Store, default_store

NOW = datetime(2024, 1, 30, 12, 0, 0, 5, UTC)
LATER = NOW + timedelta(days=3)
URL = "https://example.org/1.png"
OTHER = "https://example.org/2.png"


def make_images(seed: int = 0) -> list[EncodedImage]:
    """Return two unique byte strings as images; the store does not decode them."""
    large = EncodedImage("image/jpeg", 600, 400, b"large %d" % seed * 50)
    return [large, EncodedImage("image/png", 320, 200, b"small %d" % seed * 20)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def store_picture(store: Store, url: str = URL, seed: int = 0, now: datetime = NOW) -> Picture:
    store.store(url, make_images(seed), '"tag"', "Tue", now)
    return store.pictures([url])[url]


def files(store: Store) -> list[Path]:
    return sorted(path for path in store.root.rglob("*") if path.suffix in (".jpg", ".png", ".tmp"))


def test_stored_picture_is_found_and_read(store: Store) -> None:
    picture = store_picture(store)
    assert picture.stored == NOW.replace(microsecond=0)
    assert [(size.media_type, size.width, size.height) for size in picture.renditions] == [
        ("image/jpeg", 600, 400),
        ("image/png", 320, 200),
    ]
    assert [store.read(rendition.name) for rendition in picture.renditions] == [image.data for image in make_images()]
    assert [rendition.length for rendition in picture.renditions] == [len(image.data) for image in make_images()]
    assert [Path(rendition.name).suffix for rendition in picture.renditions] == [".jpg", ".png"]
    assert store.pictures([OTHER]) == {}


def test_reading_creates_nothing(store: Store) -> None:
    assert store.pictures([URL]) == {}
    assert store.records([URL]) == {}
    assert store.revision == ""
    assert not store.root.exists()
    store.root.mkdir()
    assert store.records([URL]) == {}
    assert list(store.root.iterdir()) == []


def test_urls_with_the_same_bytes_share_files(store: Store) -> None:
    assert store_picture(store, URL) == store_picture(store, OTHER)
    assert len(files(store)) == 2


def test_files_are_readable_by_others_and_none_is_left_over(store: Store) -> None:
    store_picture(store)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o644 for path in files(store))
    assert {path.suffix for path in files(store)} == {".jpg", ".png"}


def test_stored_time_changes_only_with_the_picture(
    store: Store,
) -> None:
    store_picture(store)
    assert store_picture(store, now=LATER).stored == NOW.replace(microsecond=0)
    assert store_picture(store, seed=1, now=LATER).stored == LATER.replace(microsecond=0)


def test_failures_are_counted_and_the_picture_stays(store: Store) -> None:
    store.record_failure(URL, "HTTP status 404", NOW)
    store.record_failure(URL, "HTTP status 500", LATER)
    record = store.records([URL])[URL]
    assert (record.picture, record.error, record.failures) == (None, "HTTP status 500", 2)
    assert record.checked == LATER.replace(microsecond=0)
    picture = store_picture(store)
    assert store.records([URL])[URL].failures == 0
    store.record_failure(URL, "HTTP status 500", LATER)
    assert store.pictures([URL]) == {URL: picture}
    store.touch(URL, LATER)
    record = store.records([URL])[URL]
    assert (record.failures, record.error, record.etag, record.last_modified) == (0, "", '"tag"', "Tue")


def test_revision_changes_with_every_write(store: Store) -> None:
    revisions = [store.revision]
    for number in range(50):  # many within one tick of the clock
        store.store(f"{URL}?{number}", make_images(), "", "", NOW)
        revisions.append(store.revision)
    store.touch(URL, LATER)
    revisions.append(store.revision)
    store.record_failure(OTHER, "HTTP status 500", NOW)
    revisions.append(store.revision)
    assert len(set(revisions)) == len(revisions)
    assert store.revision == revisions[-1]


def test_writes_of_another_store_object_are_seen_at_once(store: Store) -> None:
    other = Store(store.root)
    assert other.pictures([URL]) == {}
    for seed in range(30):
        assert store_picture(store, seed=seed) == other.pictures([URL])[URL]


def test_unchanged_database_is_not_opened_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = store_picture(store)
    monkeypatch.setattr(sqlite3, "connect", lambda *_, **__: pytest.fail("the database was opened again"))
    assert store.pictures([URL]) == {URL: picture}


def test_thousands_of_urls_are_looked_up_at_once(store: Store) -> None:
    store_picture(store)
    urls = [f"https://example.org/{number}" for number in range(40_000)]
    assert list(store.pictures([*urls, URL, URL])) == [URL]


def test_missing_or_altered_file_is_an_error(store: Store) -> None:
    picture = store_picture(store)
    large, small = picture.renditions
    path = next(path for path in files(store) if path.name == large.name)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(StoreError, match="altered"):
        store.read(large.name)
    path.unlink()
    with pytest.raises(StoreError, match="cannot read"):
        store.read(large.name)
    assert store.read(small.name)
    assert not store.has(picture)
    assert store.has(store_picture(store))


def corrupt(store: Store) -> Path:
    (path,) = store.root.glob("*.sqlite")
    path.write_bytes(b"not a database " * 500)
    return path


def test_corrupt_store_has_no_pictures_and_warns_once(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store_picture(store)
    path = corrupt(store)
    assert [store.pictures([URL]) for _ in range(3)] == [{}, {}, {}]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert str(path) in caplog.text


def test_corrupt_store_is_replaced_by_the_next_writer(store: Store) -> None:
    store_picture(store)
    corrupt(store)
    assert store.records([URL]) == {}
    assert store.pictures([URL]) == {}
    store_picture(store, OTHER)
    assert list(store.pictures([URL, OTHER])) == [OTHER]
    corrupt(store)
    store_picture(store)
    assert list(store.pictures([URL, OTHER])) == [URL]


def test_invalid_row_makes_the_store_unreadable(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    for value in ("{", "[1]", '[["a"]]', "7"):
        store_picture(store)
        with closing(sqlite3.connect(next(store.root.glob("*.sqlite")))) as connection, connection:
            connection.execute("UPDATE sources SET renditions = ?", [value])
        assert Store(store.root).pictures([URL]) == {}
        assert "cannot read" in caplog.text
        caplog.clear()


def test_locked_store_has_no_pictures_until_unlocked(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    picture = store_picture(store)
    other = Store(store.root)
    with closing(sqlite3.connect(next(store.root.glob("*.sqlite")), isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert other.pictures([URL]) == {}
        assert "locked" in caplog.text
        connection.execute("ROLLBACK")
    assert other.pictures([URL]) == {URL: picture}


def test_impossible_folder_is_an_error_for_writers_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = Store(tmp_path / "file")
    assert store.revision == ""
    assert store.pictures([URL]) == {}
    with pytest.raises(StoreError):
        store.record_failure(URL, "HTTP status 404", NOW)
    with pytest.raises(StoreError):
        store_picture(store)


def _write_many(root: Path, start: int) -> None:
    store = Store(root)
    for number in range(start, start + 40):
        store.store(f"{URL}?{number}", make_images(number % 7), "", "", NOW)


def test_processes_write_while_threads_read(store: Store) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_write_many, args=(store.root, start)) for start in (0, 20)]
    for process in processes:
        process.start()
    unreadable: list[object] = []

    def read() -> None:
        while any(process.exitcode is None for process in processes):
            for picture in store.pictures(f"{URL}?{number}" for number in range(60)).values():
                unreadable.extend(size for size in picture.renditions if not store.read(size.name))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert not unreadable
    assert len(store.pictures(f"{URL}?{number}" for number in range(60))) == 60


WRITER = """
import sys, itertools
from pathlib import Path
from feeds.images.store import Store
from tests.images.test_store import make_images, NOW
store = Store(Path(sys.argv[1]))
for number in itertools.count():
    store.store(f"http://{number}", make_images(number), "", "", NOW)
    print(number, flush=True)
"""


def test_killed_writer_leaves_a_consistent_store(store: Store) -> None:
    command = [sys.executable, "-c", WRITER, str(store.root)]
    for wait in (0.0, 0.003, 0.011, 0.02):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for _ in range(3):
                last = int(process.stdout.readline())
            time.sleep(wait)  # a moment within a later write
            process.send_signal(signal.SIGKILL)
        pictures = Store(store.root).pictures(f"http://{number}" for number in range(last + 1))
        assert len(pictures) == last + 1
        assert all(store.has(picture) for picture in pictures.values())
        store_picture(store)


def test_default_folder_follows_the_environment(tmp_path: Path) -> None:
    assert default_store({"FEEDS_IMAGES": str(tmp_path)}) == tmp_path
    assert default_store({"HOME": "/home/ann"}) == Path("/home/ann/.cache/daily-papers-feeds/images")
    assert default_store({"XDG_CACHE_HOME": "/c", "FEEDS_IMAGES": ""}) == Path("/c/daily-papers-feeds/images")
    assert os.fspath(default_store({})).endswith("/.cache/daily-papers-feeds/images")
