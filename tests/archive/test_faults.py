"""What a fault takes away is shown as last read; what was removed on purpose is not."""

import os
import random
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from feeds.archive.archive import Archive
from feeds.archive.faults import PATIENCE
from feeds.model.diagnostic import Severity
from tests.support import archives
from tests.support.archives import contents, diagnostics, listings, sync, titles
from tests.support.digests import day, paper, write_files

A = day("2024-01-30", paper("A", "2401.1"))
B = day("2024-01-31", paper("B", "2401.2"), paper("B2", "2401.3"))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock, in seconds."""
    seconds = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    return seconds


@pytest.fixture
def restart(folder: Path, tmp_path: Path) -> Callable[[], Archive]:
    """Open the archive as another process would."""
    return lambda: sync(Archive(folder, tmp_path / "index.sqlite"))


def write_days(folder: Path, count: int) -> None:
    """Write a digest of one paper for each of some days, two folders of them."""
    for number in range(count):
        when = date(2024, 1, 1) + timedelta(days=number)
        write_files(folder, {f"{number % 2}/{when}.md": day(f"{when}", paper(f"P{number}", f"2401.{number}"))})


def remove(folder: Path, count: int) -> None:
    for path in sorted(folder.rglob("*.md"), key=lambda path: path.name)[:count]:
        path.unlink()


def test_few_files_that_are_gone_are_removed_at_once(folder: Path, restart: Callable[[], Archive]) -> None:
    write_days(folder, 50)
    archive = restart()
    remove(folder, 5)
    assert len(listings(sync(archive))) == 45
    remove(folder, 3)
    assert len(listings(sync(archive))) == 42
    assert archive.degradation == ""


def test_many_files_that_are_gone_are_removed_after_ten_minutes(
    folder: Path, restart: Callable[[], Archive], clock: list[float]
) -> None:
    write_days(folder, 50)
    archive = restart()
    before = contents(archive)
    remove(folder, 30)
    for opened in (archive, restart(), archive):
        assert contents(sync(opened)) == before
        assert opened.degradation == (
            "shown as last read: 0/2024-01-01.md and 29 more gone at once, for 10 minutes at most"
        )
        clock[0] += PATIENCE / 4
    remove(folder, 1)  # waits as well
    assert len(listings(restart())) == 50
    clock[0] += PATIENCE / 4
    assert len(listings(sync(archive))) == 20
    clock[0] += PATIENCE
    for opened in (archive, restart()):
        assert len(listings(sync(opened))) == 19
        assert opened.degradation == ""


def test_removal_waits_anew_after_the_system_restarts(
    folder: Path, restart: Callable[[], Archive], clock: list[float]
) -> None:
    write_days(folder, 20)
    restart()
    remove(folder, 15)
    assert len(listings(restart())) == 20
    clock[0] = 5.0
    assert len(listings(restart())) == 20
    clock[0] += PATIENCE - 1
    assert len(listings(restart())) == 20
    clock[0] += 1
    assert len(listings(restart())) == 5


def test_files_that_return_bit_by_bit_lose_nothing(
    folder: Path, tmp_path: Path, restart: Callable[[], Archive], clock: list[float]
) -> None:
    write_days(folder, 20)
    archive = restart()
    before = contents(archive)
    shutil.copytree(folder, tmp_path / "copy")
    remove(folder, 20)
    sync(archive)
    for path in sorted((tmp_path / "copy").rglob("*.md")):
        clock[0] += 1
        shutil.copy2(path, folder / path.relative_to(tmp_path / "copy"))
        archive.sync(thorough=False)
        assert contents(archive) == before
    assert archive.degradation == ""


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def leave_only_notes(folder: Path) -> None:
    empty(folder)
    write_files(folder, {"notes.md": "# Notes", "lost+found/x": ""})


def become_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.touch()


@pytest.mark.parametrize("damage", [empty, leave_only_notes, shutil.rmtree, become_a_file])
def test_archive_without_any_digest_is_shown_as_last_read(
    folder: Path,
    tmp_path: Path,
    restart: Callable[[], Archive],
    clock: list[float],
    damage: Callable[[Path], None],
) -> None:
    write_days(folder, 20)
    shutil.copytree(folder, tmp_path / "copy")
    archive = restart()
    before = listings(archive), archive.revision
    damage(folder)
    for opened in (archive, restart()):
        for _ in range(3):
            clock[0] += 10 * PATIENCE
            assert (listings(sync(opened))[:20], len(listings(opened))) == (before[0], 20)
            assert "shown as last read" in opened.degradation
            assert str(tmp_path) not in opened.degradation
        with ThreadPoolExecutor(1) as pool:  # another thread opens a connection of its own
            assert len(pool.submit(listings, opened).result()) == 20
    if folder.is_file():
        folder.unlink()
    shutil.copytree(tmp_path / "copy", folder, dirs_exist_ok=True)
    for opened in (archive, restart()):
        assert listings(sync(opened)) == before[0]
        assert opened.degradation == ""
        assert not diagnostics(opened)


def test_new_index_of_an_emptied_archive_is_empty(folder: Path, tmp_path: Path, restart: Callable[[], Archive]) -> None:
    write_days(folder, 20)
    archive = restart()
    empty(folder)
    assert len(titles(sync(archive))) == 20
    (tmp_path / "index.sqlite").unlink()
    assert titles(sync(archive)) == []
    assert archive.degradation == ""


def test_moved_files_are_not_missed(folder: Path, restart: Callable[[], Archive]) -> None:
    write_days(folder, 20)
    archive = restart()
    (folder / "0").rename(folder / "2024")
    (folder / "1").rename(folder / "2025")
    assert len(titles(sync(archive))) == 20
    assert archive.degradation == ""
    assert not diagnostics(archive)


def test_subfolder_behind_a_link_that_leads_nowhere_is_kept(
    folder: Path, tmp_path: Path, restart: Callable[[], Archive], clock: list[float]
) -> None:
    write_days(folder, 20)
    (folder / "1").rename(tmp_path / "volume")
    (folder / "1").symlink_to(tmp_path / "volume")
    archive = restart()
    (tmp_path / "volume").rename(tmp_path / "unmounted")
    for _ in range(2):
        clock[0] += 2 * PATIENCE
        assert len(titles(sync(archive))) == 20
        assert archive.degradation.startswith("shown as last read: 1/2024-01-02.md and 9 more gone, with all")
    (tmp_path / "unmounted").rename(tmp_path / "volume")
    assert len(titles(sync(archive))) == 20
    assert archive.degradation == ""


def test_subfolder_that_is_empty_is_kept_until_it_is_deleted(
    folder: Path, restart: Callable[[], Archive], clock: list[float]
) -> None:
    write_days(folder, 20)
    archive = restart()
    empty(folder / "1")
    for _ in range(2):
        clock[0] += 2 * PATIENCE
        assert len(titles(sync(archive))) == 20
    (folder / "1").rmdir()
    assert len(titles(sync(archive))) == 20
    clock[0] += PATIENCE
    assert len(titles(sync(archive))) == 10
    assert archive.degradation == ""


def truncate(path: Path) -> None:
    os.truncate(path, 0)


def fill_with_nulls(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def break_the_heading(path: Path) -> None:
    path.write_text(B.replace("2024-01-31", "2024-01-3I"))


def cut_in_its_first_title(path: Path) -> None:
    os.truncate(path, B.index("[B]") + 1)


def replace_with_a_page(path: Path) -> None:
    path.write_text("<html><h1>502 Bad Gateway</h1></html>")


def replace_with_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replace_with_a_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def make_huge(path: Path) -> None:
    os.truncate(path, 10**12)


def remove_any(path: Path) -> None:
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink()


@pytest.mark.parametrize(
    "damage",
    [truncate, fill_with_nulls, break_the_heading, cut_in_its_first_title, replace_with_a_page]
    + [replace_with_a_folder, replace_with_a_link, make_huge],
)
def test_file_that_breaks_is_shown_as_last_read(
    folder: Path, restart: Callable[[], Archive], clock: list[float], damage: Callable[[Path], None]
) -> None:
    write_files(folder, {"a.md": A, "b.md": B})
    archive = restart()
    revision = archive.revision
    damage(folder / "b.md")
    for opened in (archive, restart(), archive):
        clock[0] += 2 * PATIENCE
        assert titles(sync(opened)) == ["B", "B2", "A"]
        assert opened.degradation == "shown as last read: b.md without a paper that can be read"
        assert opened.revision == revision
        problems = diagnostics(opened)
        assert {(problem.path, problem.severity) for problem in problems} == {("b.md", Severity.ERROR)}
        assert any("shown as last read" in problem.message for problem in problems)
    remove_any(folder / "b.md")
    write_files(folder, {"b.md": B})
    assert titles(sync(archive)) == ["B", "B2", "A"]
    assert (archive.degradation, diagnostics(archive)) == ("", ())
    damage(folder / "b.md")
    sync(archive)
    remove_any(folder / "b.md")
    assert titles(sync(archive)) == ["A"]
    assert (archive.degradation, diagnostics(archive)) == ("", ())


def test_file_that_is_cut_is_shown_as_last_read_for_ten_minutes(
    folder: Path, restart: Callable[[], Archive], clock: list[float]
) -> None:
    whole = day("2024-01-31", *[paper(f"P{number}", f"2402.{number}") for number in range(10)])
    write_files(folder, {"a.md": A, "b.md": whole})
    archive = restart()
    revision = archive.revision
    write_files(folder, {"b.md": whole[: whole.index("[P4]") - 10]})
    for opened in (archive, restart(), archive):
        clock[0] += PATIENCE / 4
        assert len(titles(sync(opened))) == 11
        assert opened.degradation == "shown as last read: b.md without most papers, for 10 minutes at most"
        assert "lost most of its papers" in diagnostics(opened)[0].message
        assert opened.revision == revision
    write_files(folder, {"b.md": whole})
    assert len(titles(sync(archive))) == 11
    assert (archive.degradation, diagnostics(archive)) == ("", ())
    write_files(folder, {"b.md": whole[: whole.index("[P4]") - 10]})
    sync(archive)
    clock[0] += PATIENCE
    assert len(titles(sync(archive))) == 5
    assert (archive.degradation, diagnostics(archive)) == ("", ())
    assert len(titles(restart())) == 5


def test_only_file_that_breaks_is_shown_as_last_read(folder: Path, restart: Callable[[], Archive]) -> None:
    write_files(folder, {"a.md": A})
    archive = restart()
    truncate(folder / "a.md")
    assert titles(sync(archive)) == ["A"]
    write_files(folder, {"a.md": B})
    assert titles(sync(archive)) == ["B", "B2"]


def test_file_that_only_repeated_papers_may_lose_them(folder: Path, restart: Callable[[], Archive]) -> None:
    write_files(folder, {"a.md": A, "b.md": B, "README.md": "# Papers\n\n" + B})
    archive = restart()
    write_files(folder, {"README.md": "# Papers\n"})
    assert titles(sync(archive)) == ["B", "B2", "A"]
    assert (archive.degradation, diagnostics(archive)) == ("", ())


def test_day_without_papers_replaces_one_with_papers(folder: Path, restart: Callable[[], Archive]) -> None:
    write_files(folder, {"a.md": A, "b.md": B})
    archive = restart()
    write_files(folder, {"b.md": day("2024-01-31")})
    assert titles(sync(archive)) == ["A"]
    assert archive.degradation == ""


def copy_missing(source: Path, target: Path) -> None:
    """Put every file back that is gone or differs."""
    for path in source.rglob("*.md"):
        copy = target / path.relative_to(source)
        if copy.is_dir():
            copy.rmdir()
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)


@pytest.mark.parametrize("seed", range(6))
def test_index_after_faults_equals_a_new_one(
    folder: Path, tmp_path: Path, restart: Callable[[], Archive], clock: list[float], seed: int
) -> None:
    chance = random.Random(seed)
    archives.write(folder, days=30, papers=200)
    shutil.copytree(folder, tmp_path / "copy")
    archive = restart()
    damages = [truncate, fill_with_nulls, break_the_heading, replace_with_a_page, replace_with_a_folder, remove_any]
    for _ in range(12):
        damage = chance.choice(damages)
        files = [path for path in sorted(folder.rglob("*.md")) if path.is_file()]
        for path in chance.sample(files, chance.randrange(len(files) + 1)):
            damage(path)
        clock[0] += chance.choice([1.0, PATIENCE / 2, 2 * PATIENCE])
        sync(archive) if chance.random() < 0.7 else restart()
        if chance.random() < 0.2:
            copy_missing(tmp_path / "copy", folder)
        archive.sync(thorough=False)
    copy_missing(tmp_path / "copy", folder)
    assert contents(sync(archive)) == contents(sync(Archive(folder, tmp_path / "new.sqlite")))
    assert len(listings(archive)) == 200
    assert archive.degradation == ""
