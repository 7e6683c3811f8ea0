"""A change costs what it changes, and an index that grew file by file equals one that was filled at once."""

import os
import random
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from feeds.archive import records
from feeds.archive.archive import Archive
from feeds.archive.files import FileTree, Signature
from feeds.archive.snapshot import EditionMetadata, Snapshot
from feeds.model import edition
from feeds.model.edition import Collection, Edition, SearchResults
from feeds.model.keys import LISTS, PERIODS, Key, SearchKey, SiteKey, parse_key
from feeds.model.query import Order, Query
from feeds.readers.daily_papers import DailyPapersReader
from tests.support import archives
from tests.support.archives import listings, sync
from tests.support.digests import day, paper, write_files

WATCHED = (Query(q="확산|Agent"), Query(q="모델 -영상"), Query(q="2401.00001"))
TAGS = ("a", "B", "b", "c d")
DAYS = [f"2024-01-{number:02}" for number in (1, 2, 7, 8, 30)] + ["2024-03-01", "2025-01-01"]


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lists have numbered pages from a few editions on."""
    monkeypatch.setattr(edition, "_PAGE_SIZES", dict.fromkeys(PERIODS, 2))


def watching(folder: Path, index: Path) -> Archive:
    return Archive(folder, index, topics=[SearchKey(query, f"topics/{query.q}") for query in WATCHED])


def everything(snapshot: Snapshot) -> Mapping[Key, tuple[Edition, EditionMetadata]]:
    keys = [*snapshot.keys(), SiteKey(""), *map(SearchKey, (*WATCHED, Query(tags=("b",))))]
    return {key: (snapshot.load(key), snapshot.metadata(key)) for key in keys}


def content(edition: Edition, metadata: EditionMetadata) -> tuple[Edition, EditionMetadata]:
    """Leave out the time of the files."""
    return edition, replace(metadata, modified=None)


def edit(folder: Path, chance: random.Random) -> None:
    """Write, correct or delete a random file, which lists a few of a few papers on a random day."""
    path = folder / f"{chance.randrange(6)}.md"
    if path.exists() and chance.random() < 0.3:
        path.unlink()
        return
    words = ["확산", "Agent", "모델", "에서"]
    papers = [
        paper(
            f"{chance.choice(words)} {number % 3}",  # some have the same citation key
            f"2401.{number}",
            authors="Authors: Kim",
            summary=f"- {' '.join(chance.sample(words, 2))}",
            extras=f"Tags: {', '.join(chance.choices(TAGS, k=chance.randrange(1, 3)))}" if number % 2 else "",
        )
        for number in chance.sample(range(8), chance.randrange(5))
    ]
    write_files(folder, {path.name: day(chance.choice(DAYS), *papers)})


@pytest.mark.parametrize("seed", range(8))
def test_index_after_edits_equals_a_new_one(folder: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    folder.mkdir(exist_ok=True)
    grown = sync(watching(folder, tmp_path / "grown.sqlite"))
    for number in range(12):
        edit(folder, chance)
        with sync(grown).snapshot() as snapshot:
            before = everything(snapshot)
            revision = snapshot.revision
        with sync(watching(folder, tmp_path / f"{number}.sqlite")).snapshot() as snapshot:
            assert everything(snapshot) == before
            assert snapshot.revision == revision


@pytest.mark.parametrize("seed", range(8))
def test_only_editions_of_changed_days_change(folder: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    folder.mkdir(exist_ok=True)
    archive = sync(watching(folder, tmp_path / "index.sqlite"))
    for _ in range(12):
        with archive.snapshot() as snapshot:
            before, change_id = everything(snapshot), snapshot.change_id
        edit(folder, chance)
        with sync(archive).snapshot() as snapshot:
            after = everything(snapshot)
            days = snapshot.changed_days(change_id)
            assert days is not None
            affected = set(snapshot.keys(days, since=min(days, default=date.max)))
        changed = {key for key in after if key not in before or content(*after[key]) != content(*before[key])}
        assert {key for key in changed if not isinstance(key, SiteKey | SearchKey)} <= affected


def test_changed_days_of_another_index_are_unknown(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"a.md": day("2024-01-30", paper())})
    with sync(Archive(folder, tmp_path / "one.sqlite")).snapshot() as one:
        with sync(Archive(folder, tmp_path / "two.sqlite")).snapshot() as two:
            assert two.changed_days(one.change_id) is None
        assert one.changed_days(one.change_id) == frozenset()
        assert one.as_of(date(2024, 1, 1)).changed_days(one.change_id) == frozenset({date(2024, 1, 30)})  # hidden now


def test_watched_search_finds_what_an_unwatched_one_does(folder: Path, tmp_path: Path) -> None:
    archives.write(folder, days=20, papers=120)
    with (
        sync(watching(folder, tmp_path / "one.sqlite")).snapshot() as watched,
        sync(Archive(folder, tmp_path / "two.sqlite")).snapshot() as other,
    ):
        found = [watched.load(SearchKey(query)) for query in WATCHED]
        relevant = [SearchKey(replace(query, order=Order.RELEVANCE)) for query in WATCHED]
        assert [watched.load(key) for key in relevant] == [other.load(key) for key in relevant]
        assert found == [other.load(SearchKey(query)) for query in WATCHED]
    assert [bool(edition.total) for edition in found] == [True, True, False]


def test_search_that_is_not_watched_any_more_is_right(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"a.md": day("2024-01-30", paper("Agent"))})
    one = sync(watching(folder, tmp_path / "index.sqlite"))
    write_files(folder, {"b.md": day("2024-01-31", paper("Another agent", "2401.2"))})
    sync(Archive(folder, tmp_path / "index.sqlite"))  # watches nothing
    for archive in (one, sync(one)):
        with archive.snapshot() as snapshot:
            assert snapshot.load(SearchKey(WATCHED[0])).total == 2


def test_members_have_their_most_voted_papers(folder: Path, tmp_path: Path) -> None:
    archives.write(folder, days=40, papers=1500)
    with sync(Archive(folder, tmp_path / "index.sqlite")).snapshot() as snapshot:
        for key in map(parse_key, (*LISTS, "newest", "weekly", "monthly", "daily")):
            assert key
            collection = snapshot.load(key)
            assert isinstance(collection, Collection)
            assert collection.editions
            for member in collection.editions:
                whole = snapshot.load(member.key)
                assert member.most_voted(20) == whole.most_voted(20)
                assert (member.total, member.dates, member.fingerprint) == (
                    *(whole.total, whole.dates, whole.fingerprint),
                )


def test_workers_index_what_one_process_does(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archives.write(folder, days=20, papers=150)
    (folder / "unreadable.md").symlink_to("unreadable.md")
    alone = sync(watching(folder, tmp_path / "one.sqlite"))
    monkeypatch.setattr(records, "_MIN_FOR_WORKERS", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    together = sync(watching(folder, tmp_path / "two.sqlite"))
    with alone.snapshot() as one, together.snapshot() as two:
        assert everything(one) == everything(two)
        assert one.diagnostics() == two.diagnostics()
        assert "unreadable.md" in [diagnostic.path for diagnostic in two.diagnostics()]


def test_files_of_a_dead_worker_are_read_all_the_same(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archives.write(folder, days=5, papers=20)
    monkeypatch.setattr(records, "_MIN_FOR_WORKERS", 0)
    monkeypatch.setattr(records, "_WORKER", ("false",))
    assert len(listings(sync(Archive(folder, tmp_path / "index.sqlite")))) == 20


def tree(folder: Path) -> tuple[FileTree, dict[str, Signature]]:
    files = FileTree(folder, DailyPapersReader().suffixes)
    return files, files.scan()


def test_moved_files_are_found_at_once(folder: Path) -> None:
    write_files(folder, {f"{month:02}/{number:02}.md": b"x" for month in range(1, 13) for number in range(150)})
    files, known = tree(folder)
    assert len(known) == 1800
    write_files(folder, {"03/new.md": b"x", "13/a/b.md": b"x", ".hidden/c.md": b"x", "03/c.txt": b"x"})
    (folder / "05/07.md").unlink()
    (folder / "12").rename(folder / "14")
    moved = files.find_changes(known)
    assert moved >= {"03/new.md", "13/a/b.md", "05/07.md", "12/00.md", "14/00.md"}
    assert files.sign(moved).keys() == {path for path in moved if (folder / path).is_file()}
    known = {path: signature for path, signature in known.items() if path not in moved} | files.sign(moved)
    assert known.keys() == files.scan().keys()
    assert not {path for path in files.find_changes(known) if known[path].ctime_ns > 0}


def test_files_stay_known_while_the_clock_is_put_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(folder, {"1/a.md": b"x", "b.md": b"x"})
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 10**17)
    files, known = tree(folder)
    assert files.find_changes(known) == set()
    write_files(folder, {"b.md": b"y", "c.md": b"z"})
    assert files.find_changes(known) == {"b.md", "c.md"}


def test_changes_in_place_are_found_in_turn(folder: Path) -> None:
    write_files(folder, {f"{number:04}.md": b"x" for number in range(2500)})
    for number in range(2500):
        os.utime(folder / f"{number:04}.md", (number, number))
    files, known = tree(folder)
    known = {path: signature._replace(ctime_ns=1) for path, signature in known.items()}
    found = [files.find_changes(known) for _ in range(15)]  # all differ in their ctime
    assert set().union(*found) == known.keys()
    assert all("2499.md" in changed for changed in found)  # the newest one
    assert max(map(len, found)) <= 400


def test_search_results_are_kept_while_the_index_stays(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"a.md": day("2024-01-30", paper("Agent"))})
    archive = sync(Archive(folder, tmp_path / "index.sqlite"))
    statements: list[str] = []
    for _ in range(2):
        with archive.snapshot() as snapshot:
            connection = snapshot._connection  # counts what SQLite does
            connection.set_trace_callback(statements.append)
            results = snapshot.load(SearchKey(Query(q="agent")))
            connection.set_trace_callback(None)
        assert isinstance(results, SearchResults)
        assert results.total == 1
    assert sum("FROM letters" in statement for statement in statements) == 1


def test_threads_open_an_index_without_looking_at_the_files(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {"a.md": day("2024-01-30", paper("Agent"))})
    archive = sync(Archive(folder, tmp_path / "index.sqlite"))
    scans: list[FileTree] = []
    scan = FileTree.scan

    def recording_scan(tree: FileTree) -> dict[str, Signature]:
        scans.append(tree)
        return scan(tree)

    monkeypatch.setattr(FileTree, "scan", recording_scan)
    with ThreadPoolExecutor(1) as pool:
        assert len(pool.submit(listings, archive).result()) == 1
        assert scans == []
        (tmp_path / "index.sqlite").unlink()
        assert len(pool.submit(listings, archive).result()) == 1
    assert len(scans) == 1
