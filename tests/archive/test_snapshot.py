"""Snapshots: the editions that keys name, and reads that stay consistent while the archive changes."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date
from pathlib import Path

import pytest

from feeds.archive.archive import Archive
from feeds.archive.snapshot import LatestLimits, Snapshot
from feeds.errors import UnknownEditionError
from feeds.model.edition import Collection, SearchResults
from feeds.model.keys import LATEST, SEARCH, SearchKey, SiteKey, parse_key
from feeds.model.query import Query
from tests.support.archives import key, listings, member_keys, paper_titles, sync, titles
from tests.support.digests import SEEDS, day, paper, write_files

FILES = {
    "1.md": day("2024-01-30", paper("A", "2401.1", votes="Vote: 1"), paper("B", "2401.2", votes="Vote: 9")),
    "2.md": day("2024-02-01", paper("C", "2402.1"), paper("A", "2401.1")),
    "3.md": day("2024-02-05"),
    "4.md": day("2024-03-01", paper("D", "2403.1")),
}


@pytest.fixture
def archive(folder: Path, tmp_path: Path) -> Archive:
    """The archive of `FILES`, whose edition `latest` has at most 3 days and 2 papers."""
    write_files(folder, FILES)
    return sync(Archive(folder, tmp_path / "index.sqlite", LatestLimits(days=3, papers=2)))


def fingerprints(archive: Archive) -> dict[str, str]:
    with archive.snapshot() as snapshot:
        return {key.text: snapshot.metadata(key).fingerprint for key in list(snapshot.keys())}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-30", ["A", "B"]),
        ("2024-02-01", ["C", "A"]),
        ("2024-W05", ["C", "A", "B"]),
        ("2024-02", ["C"]),
        ("2024-02-05", []),
        ("2024", ["D", "C", "A", "B"]),
        ("all", ["D", "C", "A", "B"]),
        ("latest", ["D"]),
        ("search", ["D", "C", "A", "B"]),
        ("papers/2401.00002", ["B"]),
    ],
)
def test_edition_has_the_papers_that_its_key_names(snapshot: Snapshot, text: str, expected: list[str]) -> None:
    assert paper_titles(snapshot.load(key(text))) == expected
    assert snapshot.metadata(key(text)).total == len(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-01", [("2024-02-01", ["C", "A"])]),
        ("2024-02", [("2024-02-05", []), ("2024-02-01", ["C"])]),
        ("2024-W05", [("2024-02-01", ["C"]), ("2024-01-30", ["A", "B"])]),
        ("latest", [("2024-03-01", ["D"]), ("2024-02-05", [])]),
        ("search", [("2024-03-01", ["D"]), ("2024-02-01", ["C"]), ("2024-01-30", ["A", "B"])]),
        ("papers/2401.00001", [("2024-01-30", ["A"])]),
    ],
)
def test_edition_groups_papers_by_day(snapshot: Snapshot, text: str, expected: list[tuple[str, list[str]]]) -> None:
    days = snapshot.load(key(text)).days
    assert [(day.date.isoformat(), [paper.title for paper in day.papers]) for day in days] == expected


def test_edition_of_the_site_has_the_last_seven_days(snapshot: Snapshot) -> None:
    edition = snapshot.as_of(date(2024, 2, 5)).load(SiteKey(""))
    assert [day.date for day in edition.days] == [date(2024, 2, 5), date(2024, 2, 1), date(2024, 1, 30)]
    assert paper_titles(edition) == ["C", "A", "B"]
    assert paper_titles(snapshot.load(SiteKey(""))) == ["D"]


@pytest.mark.parametrize("text", ["2024-01-31", "2023-W05", "2024-04", "2025", "papers/9999.99999"])
def test_key_that_the_archive_does_not_hold_is_an_error(snapshot: Snapshot, text: str) -> None:
    with pytest.raises(UnknownEditionError, match=text):
        snapshot.load(key(text))
    with pytest.raises(UnknownEditionError, match=text):
        snapshot.metadata(key(text))


@pytest.mark.parametrize("text", ["latest", "all", "daily", "weekly", "search", "newest", "days"])
def test_editions_of_an_empty_archive_are_empty(folder: Path, tmp_path: Path, text: str) -> None:
    with sync(Archive(folder, tmp_path / "index.sqlite")).snapshot() as snapshot:
        edition = snapshot.load(key(text))
        assert not edition.papers
        assert not isinstance(edition, Collection) or not edition.editions
        assert snapshot.metadata(key(text)).newest is None


def test_neighbours_are_periods_that_have_a_day(snapshot: Snapshot) -> None:
    second_day = snapshot.load(key("2024-02-01"))
    assert (second_day.previous, second_day.next) == (key("2024-01-30"), key("2024-02-05"))
    assert snapshot.load(key("2024-W05")).previous is None
    assert snapshot.load(key("2024-03")).previous == key("2024-02")


def test_search_has_pages(snapshot: Snapshot) -> None:
    first, second = SearchKey(Query(limit=2)), SearchKey(Query(limit=2, page=2))
    page = snapshot.load(second)
    assert isinstance(page, SearchResults)
    assert (paper_titles(page), page.total, page.start) == (["A", "B"], 4, 3)
    assert (page.previous, page.next) == (first, None)
    assert snapshot.metadata(first).next == second


def test_latest_has_whole_days_and_continues_with_a_day(snapshot: Snapshot) -> None:
    latest = snapshot.load(LATEST)
    assert [day.date for day in latest.calendar] == [date(2024, 2, 5), date(2024, 3, 1)]
    assert latest.previous == key("2024-02-01")


def test_latest_continues_with_a_day_that_did_not_fit(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"1.md": FILES["1.md"]})
    with sync(Archive(folder, tmp_path / "index.sqlite", LatestLimits(days=3, papers=1))).snapshot() as snapshot:
        latest = snapshot.load(LATEST)
    assert paper_titles(latest) == ["A"]
    assert latest.previous == key("2024-01-30")


def test_period_enters_its_series_once_a_later_day_exists(snapshot: Snapshot) -> None:
    assert member_keys(snapshot.load(key("monthly"))) == ["2024-02", "2024-01"]
    assert member_keys(snapshot.load(key("weekly"))) == ["2024-W06", "2024-W05"]
    assert member_keys(snapshot.load(key("daily"))) == ["2024-03-01", "2024-02-05", "2024-02-01", "2024-01-30"]


@pytest.mark.parametrize(
    ("text", "day", "expected"),
    [
        ("all", date(2024, 2, 1), ["D"]),
        ("search", date(2024, 1, 30), ["D", "C"]),
        ("monthly", date(2024, 2, 5), ["2024-02"]),
        ("all", date(2024, 3, 1), []),
    ],
)
def test_snapshot_as_of_a_day_lacks_what_came_later(
    snapshot: Snapshot, text: str, day: date, expected: list[str]
) -> None:
    def load(snapshot: Snapshot) -> list[str]:
        edition = snapshot.load(key(text))
        return member_keys(edition) if isinstance(edition, Collection) else paper_titles(edition)

    now, then = load(snapshot), load(snapshot.as_of(day))
    assert [name for name in now if name not in then] == expected
    assert [name for name in then if name not in now] == []


def test_newest_has_an_edition_of_each_kind(tmp_path: Path) -> None:
    with sync(Archive(SEEDS, tmp_path / "index.sqlite")).snapshot() as snapshot:
        edition = snapshot.load(key("newest"))
    assert member_keys(edition) == ["top/2024-W12", "top/2024-03", "2024-03-20", "2024-W12", "2024-03", "latest"]


def test_page_that_a_list_does_not_have_is_an_error(snapshot: Snapshot) -> None:
    with pytest.raises(UnknownEditionError, match="days/7"):
        snapshot.metadata(key("days/7"))


def test_every_key_can_be_loaded(snapshot: Snapshot) -> None:
    keys = list(snapshot.keys())
    texts = [key.text for key in keys]
    assert len(texts) == len(set(texts))
    assert {"latest", "all", "2024-W05", "days/2024", "papers/2403.00001", "monthly", "newest"} <= set(texts)
    assert [snapshot.load(key).key for key in keys] == keys
    assert [parse_key(text) for text in texts] == keys


def test_correction_changes_fingerprints_of_its_editions_only(archive: Archive) -> None:
    before = fingerprints(archive)
    write_files(archive.root, {"1.md": FILES["1.md"].replace("[B]", "[B corrected]")})
    after = fingerprints(sync(archive))
    assert {text for text in before if before[text] != after[text]} == {
        "2024-01-30",
        "2024-W05",
        "2024-01",
        "2024",
        "all",
        "daily",
        "weekly",
        "monthly",
        *("top/2024-W05", "top/2024-01", "top-weekly", "top-monthly"),
        "papers/2401.00002",
        *("days", "weeks", "months", "years", "days/2024", "weeks/2024", "months/2024"),
        *("top-weeks", "top-months", "top-weeks/2024", "top-months/2024"),
    }


def test_moved_files_change_no_fingerprint(archive: Archive) -> None:
    before = fingerprints(archive)
    write_files(archive.root, {f"moved/{name}": content for name, content in FILES.items()})
    for name in FILES:
        (archive.root / name).unlink()
    assert fingerprints(sync(archive)) == before


def test_metadata_describes_the_edition(archive: Archive) -> None:
    picture = paper("P", "2404.1", media="![](https://e.org/p.png)")
    write_files(archive.root, {"5.md": day("2024-04-01", picture)})
    for number, name in enumerate([*FILES, "5.md"], 1):
        os.utime(archive.root / name, (number * 1000, number * 1000 + 0.5))
    with sync(archive).snapshot() as snapshot:
        april, february = snapshot.metadata(key("2024-04")), snapshot.metadata(key("2024-02"))
        assert snapshot.image_urls(key("2024-04")) == ("https://e.org/p.png",)
        assert snapshot.image_urls(key("2024-02")) == ()
    assert (april.newest, february.newest) == (date(2024, 4, 1), date(2024, 2, 1))
    assert [metadata.modified and metadata.modified.timestamp() for metadata in (april, february)] == [5000, 3000]
    assert (april.previous, april.next, february.next) == (key("2024-03"), None, key("2024-03"))


def test_repeated_paper_keeps_its_citation_key(archive: Archive) -> None:
    files = {
        "1.md": day("2024-01-30", paper("Big Model", "2401.1"), paper("Big Thing", "2401.2")),
        "2.md": day("2025-02-01", paper("Model, Renamed", "2401.1"), paper("Big Thing", "2401.2")),
    }
    write_files(archive.root, files)
    with sync(archive).snapshot() as snapshot:
        first, repeat = (snapshot.load(key(text)).listings for text in ("2024-01-30", "2025-02-01"))
    assert [listing.citation_key for listing in first] == ["anonymous2024big", "anonymous2024big-2"]
    assert [listing.citation_key for listing in repeat] == [listing.citation_key for listing in first]
    assert [listing.first_listed for listing in repeat] == [date(2024, 1, 30)] * 2
    (archive.root / "1.md").unlink()
    assert [listing.citation_key for listing in listings(sync(archive)) if listing.first_listed.year == 2025] == [
        "anonymous2024model",
        "anonymous2024big",
    ]


def test_first_title_changes_the_fingerprint_of_the_repeat(archive: Archive) -> None:
    write_files(archive.root, {"2.md": day("2024-02-01", paper("A", "2401.1"))})
    before = fingerprints(sync(archive))
    write_files(archive.root, {"1.md": FILES["1.md"].replace("[A]", "[Renamed]")})
    assert fingerprints(sync(archive))["2024-02-01"] != before["2024-02-01"]


def test_files_that_change_do_not_change_a_snapshot(archive: Archive) -> None:
    other = Archive(archive.root, archive.index_path)
    with ThreadPoolExecutor(1) as pool:
        with archive.snapshot() as snapshot:
            before = read_all(snapshot)
            write_files(archive.root, {"1.md": day("2024-01-30", paper("Corrected", "2401.1")), "5.md": "## No day"})
            (archive.root / "4.md").unlink()
            writer = pool.submit(other.sync)
            wait([writer], timeout=0.3)  # it cannot commit before the snapshot ends
            assert not writer.done()
            assert read_all(snapshot) == before
        writer.result()
    assert titles(archive) == ["C", "Corrected"]


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: os.replace(path, path.with_name("moved"))])
def test_index_that_vanishes_does_not_change_a_snapshot(archive: Archive, damage: Callable[[Path], object]) -> None:
    with archive.snapshot() as snapshot:
        before = read_all(snapshot)
        damage(archive.index_path)
        sync(Archive(archive.root, archive.index_path))
        assert read_all(snapshot) == before
    with archive.snapshot() as snapshot:
        assert read_all(snapshot) == before


def read_all(snapshot: Snapshot) -> tuple[object, ...]:
    """Read everything that a snapshot offers."""
    keys = list(snapshot.keys())
    editions = [snapshot.load(key) for key in [*keys, SEARCH, SiteKey("")]]
    metadata = [snapshot.metadata(key) for key in [*keys, SEARCH, SiteKey("")]]
    return snapshot.revision, editions, metadata, snapshot.calendar(), snapshot.diagnostics(), snapshot.image_urls()
