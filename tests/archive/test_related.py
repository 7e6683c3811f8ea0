"""Pages of papers: the papers before and after on the day, older related papers, and topics."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from feeds.archive.archive import Archive
from feeds.archive.related import parse_terms
from feeds.model.edition import PaperEdition
from feeds.model.keys import PaperKey, SearchKey
from feeds.model.query import Has, Query
from feeds.text.matching import BARRIER
from tests.support.archives import sync
from tests.support.digests import Files, day, paper, write_files

TOPICS = (
    SearchKey(Query(q="로봇|robot"), "topics/robots"),
    SearchKey(Query(q="확산"), "topics/diffusion"),
    SearchKey(Query(has=(Has.CODE,)), "topics/code"),
)
CODE = "- https://github.com/a/b 코드"
FILES: Files = {
    "1.md": day(
        "2024-01-01",
        paper("Watermarks for Audio", "2401.1", authors="Authors: Ann Lee, Bo Kim"),
        paper("A Study of the Others", "2401.2", summary="- 확산 로봇"),
    ),
    "2.md": day(
        "2024-01-02",
        paper("Audio Watermark Removal", "2401.3", authors="Authors: Cho Park"),
        paper("Something Else", "2401.4", authors="Authors: Ann  LEE", summary="- 로봇"),
        paper("Watermarks for Audio", "2401.1"),
    ),
    "3.md": day(
        "2024-01-03",
        paper("On Watermarks", "2401.5", summary=CODE),
        paper("Tactile Gripping", "2401.6", summary="- 로봇과 확산"),
        paper("Unlike Any", "2401.7"),
    ),
    "4.md": day("2024-01-04", paper("Audio, Later", "2401.8")),
}


@pytest.fixture
def archive(folder: Path, tmp_path: Path) -> Archive:
    write_files(folder, FILES)
    return sync(Archive(folder, tmp_path / "index.sqlite", topics=TOPICS))


def load(archive: Archive, number: int, as_of: date = date.max) -> PaperEdition:
    with sync(archive).snapshot() as snapshot:
        edition = snapshot.as_of(as_of).load(PaperKey(f"2401.{number:05}"))
    assert isinstance(edition, PaperEdition)
    return edition


def related(archive: Archive, number: int, as_of: date = date.max) -> list[str]:
    return [listing.paper.title for listing in load(archive, number, as_of).related]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, []),  # nothing is older
        (3, ["Watermarks for Audio"]),
        (4, ["Watermarks for Audio", "A Study of the Others"]),  # of the same first author, then of the same topic
        (5, ["Audio Watermark Removal", "Watermarks for Audio"]),  # the newest first
        (6, ["A Study of the Others", "Something Else"]),  # two topics in common, then one
        (7, []),
    ],
)
def test_related_papers_are_older_and_share_words_author_or_topics(
    archive: Archive, number: int, expected: list[str]
) -> None:
    assert related(archive, number) == expected


def test_rarer_words_relate_papers_more_closely(folder: Path, archive: Archive) -> None:
    papers = [paper(f"Audio {word}", f"2402.{number}") for number, word in enumerate(["Codec", "Tagging", "Mixing"], 1)]
    write_files(folder, {"5.md": day("2024-02-01", *papers), "6.md": day("2024-02-02", paper("Audio Codec", "2401.9"))})
    assert related(archive, 9)[0] == "Audio Codec"
    write_files(folder, {"6.md": day("2024-02-02", paper("Audio, Tagging, Removal", "2401.9"))})
    assert related(archive, 9)[:2] == ["Audio Tagging", "Audio Watermark Removal"]


def test_five_papers_are_related_at_most(folder: Path, archive: Archive) -> None:
    papers = [paper(f"Radio {number}", f"2402.{number}") for number in range(1, 8)]
    write_files(folder, {"5.md": day("2024-02-01", *papers), "6.md": day("2024-02-02", paper("Radio", "2401.9"))})
    assert related(archive, 9) == [f"Radio {number}" for number in range(1, 6)]


def test_later_days_change_no_related_paper(folder: Path, archive: Archive) -> None:
    with archive.snapshot() as snapshot:
        before = snapshot.metadata(PaperKey("2401.00005"))
    write_files(folder, {"5.md": day("2024-02-01", paper("Watermarks", "2402.1"))})
    with sync(archive).snapshot() as snapshot:
        assert snapshot.metadata(PaperKey("2401.00005")) == before
        assert snapshot.as_of(date(2024, 1, 3)).metadata(PaperKey("2401.00005")) == before


def test_correction_of_a_related_paper_changes_what_pages_show_only(folder: Path, archive: Archive) -> None:
    def describe(number: int) -> tuple[str, str]:
        with sync(archive).snapshot() as snapshot:
            metadata = snapshot.metadata(PaperKey(f"2401.{number:05}"))
            return metadata.fingerprint, metadata.navigation

    before = {number: describe(number) for number in (1, 3, 7)}
    write_files(folder, {"1.md": str(FILES["1.md"]).replace("Bo Kim", "Bo Kang")})
    after = {number: describe(number) for number in before}
    changed = [[number for number in before if after[number][part] != before[number][part]] for part in (0, 1)]
    assert changed == [[1], [3]]


def test_corrected_day_names_all_papers_of_later_days(archive: Archive) -> None:
    def papers(snapshot_days: list[date], since: date) -> list[str]:
        with archive.snapshot() as snapshot:
            return [key.slug[-1] for key in snapshot.keys(snapshot_days, since) if isinstance(key, PaperKey)]

    assert papers([date(2024, 1, 3)], date(2024, 1, 3)) == ["8", "5", "6", "7"]
    assert papers([date(2024, 1, 3)], date.max) == ["5", "6", "7"]


def test_neighbours_of_a_paper_are_the_new_ones_of_its_day(archive: Archive) -> None:
    middle = load(archive, 6)
    assert (middle.previous, middle.next) == (PaperKey("2401.00005"), PaperKey("2401.00007"))
    assert load(archive, 4).next is None  # what follows on that day is a repeat
    assert load(archive, 5).previous is None


def test_topics_of_a_paper_are_those_that_find_it(archive: Archive) -> None:
    assert [topic.topic for topic in load(archive, 6).topics] == ["topics/robots", "topics/diffusion"]
    assert [topic.topic for topic in load(archive, 5).topics] == ["topics/code"]


def test_topics_that_another_site_watches_change_nothing(folder: Path, tmp_path: Path, archive: Archive) -> None:
    before = [load(archive, number) for number in range(1, 9)]
    write_files(folder, {"5.md": day("2024-02-01", paper("New", "2402.1"))})
    sync(Archive(folder, tmp_path / "index.sqlite"))  # which forgets the topics of the first
    assert [load(archive, number) for number in range(1, 9)] == before


def test_terms_of_deleted_files_are_deleted(folder: Path, tmp_path: Path, archive: Archive) -> None:
    (folder / "4.md").unlink()
    sync(archive)
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as connection:
        papers = {paper for (paper,) in connection.execute("SELECT id FROM papers")}
        terms = dict(connection.execute("SELECT term, paper FROM terms"))
    assert "audio" in terms
    assert "later" not in terms
    assert papers >= set(terms.values())


@pytest.mark.parametrize(
    ("title", "terms"),
    [
        ("towards large-scale gpt-4 agents via 3d scenes", ["scale", "gpt", "agent", "3d", "scene"]),
        ("the loss, the basis and the focus of 100 gas llms", ["loss", "basis", "focus", "gas", "llm"]),
        ("확산 모델을 위한 a_b", ["확산", "모델을", "위한"]),
        (f"$x^2$ raw{BARRIER}x² plain", ["x²", "plain"]),
    ],
)
def test_terms_are_the_telling_words_of_a_title(title: str, terms: list[str]) -> None:
    assert parse_terms(title, "") == terms
    assert parse_terms(title, "annlee\nbokim") == [*terms, "@annlee"]
