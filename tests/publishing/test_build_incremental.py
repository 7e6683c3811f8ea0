"""A build after any changes equals one from nothing, and does no more work than they take."""

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore

from feeds.archive.snapshot import Snapshot
from feeds.images.picture import EncodedImage
from feeds.images.store import Store, default_store
from feeds.model import edition
from feeds.model.keys import PERIODS
from feeds.progress import no_progress
from feeds.publishing.bucket import Bucket
from feeds.publishing.build import Report
from feeds.publishing.publish import publish
from feeds.publishing.publisher import Publisher, open_publisher
from tests.support import archives
from tests.support.digests import day, paper, write_files
from tests.support.sites import build_site, read_files

pytestmark = pytest.mark.external

FIRST = date(2023, 12, 20)
STEPS = 6
SETTINGS = (
    'topics = {Papers = "paper"}',
    'topics = {Papers = "paper", Votes = "min_votes=50"}\ntitle = "Other"',
    "latest_days = 2",
)


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lists have numbered pages from a few editions on."""
    monkeypatch.setattr(edition, "_PAGE_SIZES", dict.fromkeys(PERIODS, 2))


class ChangingArchive:
    """An archive that changes at random, seen as of a day that advances: days of a few papers, some listed again.

    Most papers have pictures, which several share, and the store has some of these.
    """

    def __init__(self, root: Path, seed: int) -> None:
        self._root = root
        self._random = random.Random(seed)
        self._days: dict[date, list[str]] = {FIRST: [self._paper()], FIRST + timedelta(9): [self._paper()]}
        self._today = FIRST + timedelta(40)
        self._settings = SETTINGS[0]
        self._environ = {"FEEDS_INDEX": str(root / "index.sqlite"), "HOME": str(root)}
        self._store()

    def change(self) -> str:
        """Change the archive and return how."""
        edits = [self._add, self._add, self._correct, self._delete, self._move, self._repeat, self._wait, self._set]
        edits += [self._store]
        edit: Callable[[], None] = self._random.choice(edits)
        edit()
        return edit.__name__

    def open(self) -> Publisher:
        """Write the archive and open it."""
        folder = self._root / "archive"
        for when in [path.stem for path in folder.glob("*.md")]:
            if date.fromisoformat(when) not in self._days:
                (folder / f"{when}.md").unlink()
        write_files(folder, {f"{when}.md": day(str(when), *papers) for when, papers in self._days.items()})
        write_files(folder, {"feeds.toml": self._settings})
        return open_publisher(folder, self._environ, last_day=lambda: self._today)

    def _paper(self) -> str:
        number = self._random.randrange(12)
        votes = f"Vote: {self._random.randrange(99)}"
        media = {"media": f"![]({self._picture()})"} if number % 4 else {}
        return paper(f"Some paper {number}", f"2312.{number}", votes=votes, authors="Authors: Ann Lee", **media)

    def _picture(self) -> str:
        return f"https://e.org/{self._random.randrange(5)}.png"

    def _any_day(self) -> date:
        return self._random.choice(sorted(self._days))

    def _add(self) -> None:
        when = FIRST + timedelta(self._random.randrange(100))  # some are in the future
        self._days[when] = [self._paper() for _ in range(self._random.randrange(4))]

    def _correct(self) -> None:
        self._days[self._any_day()].append(self._paper())

    def _delete(self) -> None:
        if len(self._days) > 1:
            del self._days[self._any_day()]

    def _move(self) -> None:
        papers = self._days[self._any_day()]
        self._days[self._any_day()] += papers[:1]
        del papers[:1]

    def _repeat(self) -> None:
        self._days[self._any_day()] += self._days[self._any_day()]

    def _wait(self) -> None:
        self._today += timedelta(self._random.randrange(1, 40))

    def _store(self) -> None:
        contents = [bytes([self._random.randrange(6)]) * width for width in (600, 320)]
        images = [EncodedImage("image/png", len(data), 1, data) for data in contents]
        Store(default_store(self._environ)).store(self._picture(), images, "", "", datetime(2024, 1, 1, tzinfo=UTC))

    def _set(self) -> None:
        self._settings = self._random.choice(SETTINGS)


@pytest.mark.parametrize("seed", range(5))
def test_build_after_changes_equals_a_build_from_nothing(tmp_path: Path, seed: int) -> None:
    archive = ChangingArchive(tmp_path, seed)
    build_site(archive.open(), tmp_path / "site")
    for step in range(STEPS):
        edit = archive.change()
        build_site(archive.open(), tmp_path / "site")
        build_site(archive.open(), tmp_path / f"fresh{step}")
        assert read_files(tmp_path / "site") == read_files(tmp_path / f"fresh{step}"), edit
        assert read_parts(tmp_path / "site") == read_parts(tmp_path / f"fresh{step}"), edit
        assert build_site(archive.open(), tmp_path / "site").rendered == 0


def read_parts(out: Path) -> Any:
    """Read the manifest of a site."""
    manifest = out.with_name(f".{out.name}.feeds") / f"manifest-{out.stat().st_ino}.json"
    return json.loads(manifest.read_text(encoding="utf-8"))["parts"]


@pytest.mark.parametrize("seed", range(5, 7))
def test_upload_after_changes_equals_an_upload_of_everything(tmp_path: Path, seed: int) -> None:
    archive, store = ChangingArchive(tmp_path, seed), MemoryStore()
    upload(archive.open(), store)
    for _ in range(STEPS):
        edit, fresh = archive.change(), MemoryStore()
        uploaded, expected = upload(archive.open(), store), upload(archive.open(), fresh)
        assert (uploaded.manifest, read_objects(store)) == (expected.manifest, read_objects(fresh)), edit


def upload(publisher: Publisher, store: MemoryStore) -> Bucket:
    report = publish(publisher, Bucket(store, "memory://", compress=False), 1, no_progress)
    assert not report.errors
    bucket = Bucket(store, "memory://", compress=False)
    bucket.open(publisher.archive.root)
    assert report.objects == len(bucket.manifest)
    return bucket


def read_objects(store: MemoryStore) -> dict[str, bytes]:
    names = [entry["path"] for page in store.list() for entry in page]
    return {name: bytes(store.get(name).bytes()) for name in names if not name.startswith(".")}


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how many editions are described, and how many files and folders are linked, removed and listed."""
    counts: Counter[str] = Counter()

    def count(owner: object, name: str) -> None:
        original = getattr(owner, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            counts[name] += 1
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, counted)

    count(Snapshot, "metadata")
    for name in ("link", "unlink", "walk"):
        count(os, name)
    return counts


def test_unchanged_archive_is_not_planned(tmp_path: Path, work: Counter[str]) -> None:
    publisher = ChangingArchive(tmp_path, 0).open()
    report = build_site(publisher, tmp_path / "site")
    work.clear()
    assert build_site(publisher, tmp_path / "site") == Report(report.files, 0, 0, ())
    assert work == {}


def test_new_day_takes_the_same_work_in_any_archive(tmp_path: Path, work: Counter[str]) -> None:
    taken, files = [], []
    for days in (30, 90):  # both have a day that is now older than `PAST_DAYS`, in the same years
        folder, out = tmp_path / f"archive{days}", tmp_path / f"site{days}"
        environ = {"FEEDS_INDEX": str(tmp_path / f"index{days}.sqlite"), "HOME": str(tmp_path)}
        archives.write(folder, days, papers=days * 2)
        for later in range(3):  # the first two builds have no site before the last one
            work.clear()
            publisher = open_publisher(folder, environ)
            files.append(build_site(publisher, out).files)
            with publisher.archive.snapshot() as snapshot:
                when = snapshot.calendar()[-1].date + timedelta(1)
            write_files(folder, {f"{when}.md": archives.digest(when, 2, 90_000 + 2 * later, random.Random(1))})
        taken.append(work.copy())
    assert files[-1] > files[2] * 2
    assert all(counts["walk"] == 0 for counts in taken)
    for name in ("metadata", "link", "unlink"):
        assert taken[1][name] < taken[0][name] + 20, name
