"""Days that are inferred: a paper counts on one only where no file lists it on a day of its own."""

import json
import random
from collections.abc import Mapping
from datetime import date
from itertools import permutations
from pathlib import Path

import pytest

from feeds.archive.archive import Archive
from feeds.archive.snapshot import EditionMetadata
from feeds.model.edition import Edition
from feeds.model.keys import Key, SiteKey
from feeds.readers import registry
from tests.support.archives import calendar, listings, sync
from tests.support.digests import write_files

DIGEST = "2024-01-10.json"


def entry(number: int, **fields: str) -> dict[str, str]:
    return {"title": f"Paper {number}", "arxiv_id": f"2401.{number:05}", **fields}


def published(number: int, day: str = "2024-01-08", **fields: str) -> dict[str, str]:
    return entry(number, published=day, **fields)


@pytest.fixture
def archive(folder: Path, tmp_path: Path) -> Archive:
    """The archive of JSON in `folder`."""
    return open_archive(folder, tmp_path / "index.sqlite")


def open_archive(folder: Path, index: Path) -> Archive:
    return Archive(folder, index, reader=registry.load().select(["json"]))


def write(folder: Path, files: Mapping[str, object]) -> None:
    write_files(folder, {name: json.dumps(value) for name, value in files.items()})


def days(archive: Archive) -> dict[str, int]:
    """Count the papers of each day."""
    return {str(day.date): day.papers for day in calendar(sync(archive))}


def first_days(archive: Archive) -> dict[str, str]:
    return {listing.paper.title: str(listing.first_listed) for listing in listings(sync(archive))}


def messages(archive: Archive) -> list[tuple[str, int, str]]:
    with sync(archive).snapshot() as snapshot:
        return [(item.path, item.line, item.message) for item in snapshot.diagnostics()]


def everything(archive: Archive) -> Mapping[Key, tuple[Edition, EditionMetadata]]:
    with sync(archive).snapshot() as snapshot:
        return {key: (snapshot.load(key), snapshot.metadata(key)) for key in [*snapshot.keys(), SiteKey("")]}


def test_day_of_a_publication_gives_way_to_that_of_a_digest(folder: Path, archive: Archive) -> None:
    write(folder, {DIGEST: [entry(1)], "latest.json": [published(1), published(2, "2024-01-09")]})
    assert days(archive) == {"2024-01-09": 1, "2024-01-10": 1}
    assert first_days(archive) == {"Paper 1": "2024-01-10", "Paper 2": "2024-01-09"}


def test_digest_that_is_added_or_removed_moves_its_papers(folder: Path, archive: Archive) -> None:
    write(folder, {"latest.json": [published(1), published(2)]})
    assert days(archive) == {"2024-01-08": 2}
    write(folder, {DIGEST: [entry(1), entry(2)]})
    assert days(archive) == {"2024-01-10": 2}
    write(folder, {DIGEST: [entry(2)]})
    assert days(archive) == {"2024-01-08": 1, "2024-01-10": 1}
    (folder / DIGEST).unlink()
    assert days(archive) == {"2024-01-08": 2}


def test_weekly_file_alone_has_the_days_of_its_weeks(folder: Path, archive: Archive) -> None:
    write(folder, {"2024-W02.json": [entry(1)], "2024-W03.json": [entry(1), entry(2)], "2024-W04.json": []})
    assert days(archive) == {"2024-01-14": 1, "2024-01-21": 2, "2024-01-28": 0}
    assert first_days(archive) == {"Paper 1": "2024-01-14", "Paper 2": "2024-01-21"}


def test_empty_day_of_a_digest_stays_beside_inferred_ones(folder: Path, archive: Archive) -> None:
    write(folder, {DIGEST: [entry(1)], "2024-01-14.json": [], "2024-W02.json": [entry(1)]})
    assert days(archive) == {"2024-01-10": 1, "2024-01-14": 0}


def test_fuller_listing_is_kept_where_both_days_are_the_same(folder: Path, archive: Archive) -> None:
    write(folder, {DIGEST: [entry(1)], "latest.json": [published(1, "2024-01-10", abstract="An abstract.")]})
    (listing,) = listings(sync(archive))
    assert (listing.paper.abstract, days(archive)) == ("An abstract.", {"2024-01-10": 1})


def test_papers_left_out_of_inferred_days_are_said_once_a_file(folder: Path, archive: Archive) -> None:
    weekly = [entry(number) for number in range(1, 9)]
    write(folder, {DIGEST: weekly[:7], "2024-W02.json": weekly, "latest.json": [published(3)]})
    rest = "again, for a range of days or by date of publication or crawl; the listings on days of their own are used"
    assert messages(archive) == [
        ("2024-W02.json", 1, f"lists 7 papers {rest}"),
        ("latest.json", 1, f"lists 2401.00003 {rest}"),
    ]


def test_week_in_the_future_that_only_repeats_is_not_reported(folder: Path, tmp_path: Path) -> None:
    write(folder, {DIGEST: [entry(1)], "2024-W02.json": [entry(1)]})
    reader = registry.load().select(["json"])
    archive = Archive(folder, tmp_path / "index.sqlite", reader=reader, last_day=lambda: date(2024, 1, 10))
    assert ["future" in message for *_, message in messages(archive)] == [False]


def test_files_that_only_repeat_may_be_removed_at_once(folder: Path, archive: Archive) -> None:
    write(folder, {DIGEST: [entry(1), entry(2)], **{f"2024-W{week:02}.json": [entry(1)] for week in range(2, 12)}})
    sync(archive)
    for path in folder.glob("*-W*.json"):
        path.unlink()
    sync(archive)
    assert archive.degradation == ""
    assert messages(archive) == []


FILES = {
    DIGEST: [entry(1), entry(2)],
    "2024-01-11.json": [entry(2), entry(3)],
    "2024-W02.json": [entry(1), entry(3), entry(4, categories="cs.CV")],
    "latest.json": [published(1), published(4, categories="cs.LG"), published(5)],
}


@pytest.mark.parametrize("names", list(permutations(FILES)))
def test_order_of_files_does_not_matter(folder: Path, tmp_path: Path, archive: Archive, names: tuple[str, ...]) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        write(folder, {name: FILES[name]})
        sync(archive)
    assert everything(archive) == everything(open_archive(folder, tmp_path / "at-once.sqlite"))
    assert days(archive) == {"2024-01-08": 2, "2024-01-10": 2, "2024-01-11": 2, "2024-01-14": 1}


@pytest.mark.parametrize("seed", range(8))
def test_index_after_edits_equals_a_new_one(folder: Path, tmp_path: Path, archive: Archive, seed: int) -> None:
    chance = random.Random(seed)
    folder.mkdir(exist_ok=True)
    names = [DIGEST, "2024-01-14.json", "2024-01-15.json", "2024-W02.json", "2024-W03.json", "latest.json", "all.json"]
    for number in range(12):
        name = chance.choice(names)
        dates = ["2024-01-08", "2024-01-10", "2024-01-14"]
        numbers = chance.sample(range(6), chance.randrange(1, 5))
        tags = chance.choice(["cs.CV", "cs.LG", ""])
        papers = [published(number, chance.choice(dates), categories=tags) for number in numbers]
        write(folder, {name: papers})
        if chance.random() < 0.3:
            (folder / name).unlink()
        assert everything(archive) == everything(open_archive(folder, tmp_path / f"{number}.sqlite"))
