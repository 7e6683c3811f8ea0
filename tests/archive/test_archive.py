"""The archive keeps in step with its files, whatever happens to them and to its index."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from feeds.archive import index
from feeds.archive.archive import Archive, DayCount, default_index
from feeds.errors import ArchiveError
from feeds.model.diagnostic import Severity
from feeds.model.query import EVERYTHING, Query
from feeds.readers import daily_papers as digest
from tests.support import archives
from tests.support.digests import day, paper, write_files


@pytest.fixture
def archive(folder: Path, tmp_path: Path) -> Archive:
    return Archive(folder, tmp_path / "index.sqlite")


def titles(archive: Archive, query: Query = EVERYTHING) -> list[str]:
    return [found.title for found in archive.papers(query)]


def refreshed(archive: Archive) -> Archive:
    """Look at the files now: in use, looks are as far apart as looking takes."""
    archive.look()
    return archive


A = day("2024-01-30", paper("A", "2401.1"))
B = day("2024-01-31", paper("B", "2401.2"), paper("B2", "2401.3"))


def test_day_files_are_found_at_any_depth_and_others_passed_over(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a/b/c/x.md": A, "B.MD": B, "notes.md": "# no day", "c.txt": A, ".git/d.md": A, "e.md/f": A})
    assert titles(refreshed(archive)) == ["B", "B2", "A"]
    assert archive.days() == (DayCount(date(2024, 1, 30), 1, 1), DayCount(date(2024, 1, 31), 2, 2))


def test_additions_changes_and_deletions_are_picked_up(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": A})
    assert titles(refreshed(archive)) == ["A"]
    write_files(folder, {"b.md": B})
    assert titles(refreshed(archive)) == ["B", "B2", "A"]
    write_files(folder, {"a.md": A.replace("[A]", "[Corrected]")})
    assert titles(refreshed(archive)) == ["B", "B2", "Corrected"]
    (folder / "b.md").unlink()
    assert titles(refreshed(archive)) == ["Corrected"]
    assert archive.days() == (DayCount(date(2024, 1, 30), 1, 1),)


def test_a_change_that_keeps_size_and_time_is_picked_up(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": A})
    status = os.stat(folder / "a.md")
    assert titles(refreshed(archive)) == ["A"]
    write_files(folder, {"a.md": A.replace("[A]", "[Z]")})
    os.utime(folder / "a.md", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert titles(refreshed(archive)) == ["Z"]


def test_only_files_whose_content_changed_are_parsed_again(
    folder: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    parse = digest.parse

    def noted(source: str) -> digest.Digest:
        parsed.append(source)
        return parse(source)

    monkeypatch.setattr(digest, "parse", noted)
    write_files(folder, {"a.md": A, "b.md": B})
    refreshed(archive)
    assert parsed == [A, B]
    write_files(folder, {"a.md": A, "b.md": B.replace("B2", "B3")})
    os.utime(folder / "a.md", (1, 1))
    refreshed(archive)
    assert parsed[2:] == [B.replace("B2", "B3")]


def test_a_second_process_parses_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(folder, {"a.md": A})
    refreshed(Archive(folder, tmp_path / "index.sqlite"))
    monkeypatch.setattr(digest, "parse", lambda _: pytest.fail("parsed again"))
    os.utime(folder / "a.md", (1, 1))
    assert titles(refreshed(Archive(folder, tmp_path / "index.sqlite"))) == ["A"]


def test_two_files_of_one_date_are_one_day_and_a_repeat_counts_once_the_fuller_one(
    folder: Path, archive: Archive
) -> None:
    full = paper("Full", "2401.1", votes="Vote: 3", summary="- 긴 요약")
    write_files(
        folder, {"2024/01/30.md": day("2024-01-30", paper("Short", "2401.1"), paper("X", "2401.9")), "README.md": A}
    )
    write_files(folder, {"more.md": day("2024-01-30", full, paper("Y", "2401.8"))})
    assert titles(refreshed(archive)) == ["Full", "X", "Y"]
    assert [(found.path, found.line) for found in archive.problems()] == [("2024/01/30.md", 3), ("README.md", 3)]
    assert "more.md:3" in archive.problems()[0].message


def test_a_readme_that_repeats_the_newest_digest_adds_nothing(folder: Path, archive: Archive) -> None:
    write_files(folder, {"2024/01/31.md": B})
    alone = refreshed(archive).papers(EVERYTHING)
    write_files(folder, {"README.md": "# Papers\n\n" + B + "\n## License\n\nFree.\n"})
    assert refreshed(archive).papers(EVERYTHING) == alone


def test_a_paper_of_two_days_is_found_on_its_first_day_and_stands_in_both(folder: Path, archive: Archive) -> None:
    again = day("2024-02-01", paper("New", "2402.1"), paper("A again", "2401.1"))
    write_files(folder, {"a.md": A, "b.md": again})
    assert titles(refreshed(archive)) == ["New", "A"]
    second = archive.papers(Query(since=date(2024, 2, 1), until=date(2024, 2, 1), repeats=True))
    assert [(found.title, found.day, found.rank) for found in second] == [
        ("New", date(2024, 2, 1), 0),
        ("A again", date(2024, 1, 30), 0),
    ]
    (folder / "a.md").unlink()
    assert titles(refreshed(archive)) == ["New", "A again"]


def test_one_broken_file_costs_no_other(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": A, "broken.md": B.encode().replace(b"B2", b"\xff\xfe"), "noise.md": bytes(range(256))})
    assert titles(refreshed(archive)) == ["B", "\ufffd\ufffd", "A"]
    assert [(found.path, found.line) for found in archive.problems()] == [("broken.md", 5)]


def test_names_that_are_no_utf8_links_and_pipes(folder: Path, archive: Archive) -> None:
    write_files(folder, {"sub/a.md": A})
    os.rename(os.fsencode(folder / "sub/a.md"), os.fsencode(folder) + b"/\xff.md")
    os.symlink("nowhere", folder / "dangling.md")
    os.symlink("..", folder / "sub/loop")
    os.mkfifo(folder / "pipe.md")
    assert titles(refreshed(archive)) == ["A"]


def test_a_folder_that_is_missing_is_an_error_but_one_that_vanishes_is_not(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="no such folder"):
        Archive(tmp_path / "nowhere", tmp_path / "index.sqlite").refresh()
    write_files(folder, {"a.md": A})
    archive = refreshed(Archive(folder, tmp_path / "index.sqlite"))
    folder.rename(tmp_path / "moved")
    assert titles(refreshed(archive)) == ["A"]
    (tmp_path / "moved").rename(folder)
    write_files(folder, {"b.md": B})
    assert titles(refreshed(archive)) == ["B", "B2", "A"]


@pytest.mark.parametrize("harm", ["delete", "garbage", "truncate", "another"])
def test_the_index_may_be_harmed_at_any_time(folder: Path, tmp_path: Path, harm: str) -> None:
    write_files(folder, {"a.md": A, "b.md": B})
    index = tmp_path / "index.sqlite"
    archive = refreshed(Archive(folder, index))
    before = (archive.papers(EVERYTHING), archive.days(), archive.state, archive.problems())
    if harm == "delete":
        index.unlink()
    elif harm == "garbage":
        index.write_bytes(b"garbage" * 5000)
    elif harm == "truncate":
        os.truncate(index, 5000)
    else:
        index.unlink()
        refreshed(Archive(tmp_path, index))
    assert (archive.papers(EVERYTHING), archive.days(), archive.state, archive.problems()) == before
    index.write_bytes(b"garbage" * 5000)
    again = refreshed(Archive(folder, index))
    assert (again.papers(EVERYTHING), again.days(), again.state, again.problems()) == before


def test_two_archives_that_share_an_index_by_mistake_still_answer_right(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"a.md": A})
    write_files(tmp_path / "other", {"b.md": B})
    one, other = (Archive(root, tmp_path / "index.sqlite") for root in (folder, tmp_path / "other"))
    for _ in range(2):
        assert titles(refreshed(one)) == ["A"]
        assert titles(refreshed(other)) == ["B", "B2"]


def test_an_index_that_cannot_be_written_is_one_clear_error(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="FEEDS_INDEX"):
        Archive(folder, tmp_path).refresh()
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match="FEEDS_INDEX"):
        Archive(folder, tmp_path / "file" / "index.sqlite").refresh()


def test_threads_share_an_archive_while_files_change(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": A})
    refreshed(archive)

    def use(number: int) -> list[str]:
        write_files(folder, {f"{number}.md": day(f"2024-02-{number:02}", paper(f"P{number}", f"2402.{number}"))})
        return titles(refreshed(archive))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(use, range(1, 25)))
    assert all(f"P{number}" in answer for number, answer in enumerate(answers, 1))
    assert len(titles(refreshed(archive))) == 25


INDEXING = """
import sys
from pathlib import Path
from feeds.archive.archive import Archive
def told(names, _):
    return (print(name, flush=True) or name for name in names)
archive = Archive(Path(sys.argv[1]), Path(sys.argv[2]), told)
archive.refresh()
print("done", len(archive.papers(__import__("feeds.model.query").model.query.EVERYTHING)), flush=True)
"""


def indexing(folder: Path, index: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", INDEXING, str(folder), str(index)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def output(process: "subprocess.Popen[str]") -> Iterable[str]:
    assert process.stdout is not None
    return process.stdout


@pytest.mark.external
def test_killing_a_process_that_indexes_loses_nothing(folder: Path, tmp_path: Path) -> None:
    archives.write(folder, days=40, papers=300)
    for files_read in (1, 15, 39):
        process = indexing(folder, tmp_path / "index.sqlite")
        for number, _ in enumerate(output(process), 1):
            if number == files_read:
                process.send_signal(signal.SIGKILL)
                break
        process.wait()
        output(process).close()  # type: ignore[attr-defined]
    clean = refreshed(Archive(folder, tmp_path / "clean.sqlite"))
    survived = refreshed(Archive(folder, tmp_path / "index.sqlite"))
    assert survived.papers(EVERYTHING) == clean.papers(EVERYTHING)
    assert survived.state == clean.state


@pytest.mark.external
def test_processes_that_start_at_once_share_the_work(folder: Path, tmp_path: Path) -> None:
    archives.write(folder, days=30, papers=200)
    processes = [indexing(folder, tmp_path / "index.sqlite") for _ in range(4)]
    lines = [process.communicate()[0].splitlines() for process in processes]
    assert all(said[-1] == "done 200" for said in lines)
    assert sum(len(said) - 1 for said in lines) == 30  # each file was read by one of them


def test_the_index_is_outside_the_archive(folder: Path) -> None:
    assert default_index(folder, {"HOME": "/home/a"}).parent == Path("/home/a/.cache/daily-papers-feeds")
    assert default_index(folder, {"XDG_CACHE_HOME": "/c"}).parent == Path("/c/daily-papers-feeds")
    assert default_index(folder, {"FEEDS_INDEX": "/x/y"}) == Path("/x/y")


def test_a_rebuilt_index_answers_the_same(folder: Path, tmp_path: Path) -> None:
    archives.write(folder, days=20, papers=150)
    first = Archive(folder, tmp_path / "one.sqlite")
    for path in sorted(folder.rglob("*.md")):  # in step file by file, and all at once
        content = path.read_bytes()
        path.unlink()
        refreshed(first)
        path.write_bytes(content)
        refreshed(first)
    second = refreshed(Archive(folder, tmp_path / "two.sqlite"))
    assert first.papers(EVERYTHING) == second.papers(EVERYTHING)
    assert first.problems() == second.problems()


def test_a_file_that_cannot_be_read_for_a_moment_is_not_lost(
    folder: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {"a.md": A})
    refreshed(archive)
    write_files(folder, {"a.md": A.replace("[A]", "[Corrected]"), "b.md": B})
    read = Path.read_bytes

    def failing(_: Path) -> bytes:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Path, "read_bytes", failing)
    assert titles(refreshed(archive)) == ["A"]
    assert [(found.path, found.severity) for found in archive.problems()] == [("b.md", Severity.ERROR)]
    monkeypatch.setattr(Path, "read_bytes", read)
    assert titles(refreshed(archive)) == ["B", "B2", "Corrected"]
    assert not archive.problems()


def test_a_folder_that_cannot_be_read_for_a_moment_empties_nothing(
    folder: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {"2024/a.md": A})
    refreshed(archive)

    def failing(_: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "scandir", failing)
    assert titles(refreshed(archive)) == ["A"]


def test_a_folder_that_may_not_be_read_is_reported(
    folder: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {"a.md": A, "secret/b.md": B})
    scandir = os.scandir

    def forbidding(path: str) -> object:
        if path.endswith("secret"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", forbidding)
    assert titles(refreshed(archive)) == ["A"]
    assert [(found.path, found.severity) for found in archive.problems()] == [("secret", Severity.ERROR)]


def test_somebody_elses_database_is_not_touched(folder: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mine.sqlite")) as connection:
        connection.execute("CREATE TABLE mine (x)")
    (tmp_path / "thesis.txt").write_text("Words. " * 1000)
    for name in ("mine.sqlite", "thesis.txt"):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(ArchiveError, match="FEEDS_INDEX"):
            Archive(folder, tmp_path / name).refresh()
        assert (tmp_path / name).read_bytes() == before


def test_a_full_disk_is_no_reason_to_delete_the_index(
    folder: Path, tmp_path: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {"a.md": A})
    refreshed(archive)
    inode = (tmp_path / "index.sqlite").stat().st_ino

    def full(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(index, "synchronise", full)
    write_files(folder, {"b.md": B})
    assert titles(refreshed(archive)) == ["A"]
    assert (tmp_path / "index.sqlite").stat().st_ino == inode


def test_an_older_view_of_the_files_undoes_nothing(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"a.md": A})
    one, other = (refreshed(Archive(folder, tmp_path / "index.sqlite")) for _ in range(2))
    write_files(folder, {"b.md": B})
    refreshed(other)
    with ThreadPoolExecutor(1) as pool:  # a thread opens the index anew
        assert pool.submit(titles, one).result() == ["B", "B2", "A"]
    assert titles(refreshed(other)) == ["B", "B2", "A"]
    assert refreshed(one).state == other.state


def test_a_link_to_a_folder_is_followed_once(folder: Path, archive: Archive, tmp_path: Path) -> None:
    write_files(tmp_path / "elsewhere", {"a.md": A})
    os.symlink(tmp_path / "elsewhere", folder / "linked")
    os.symlink(folder, folder / "linked/back")
    assert titles(refreshed(archive)) == ["A"]


def test_a_huge_file_is_reported_and_not_read(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": A, "b.md": B})
    os.truncate(folder / "b.md", 10**12)
    assert titles(refreshed(archive)) == ["A"]
    assert "larger than" in archive.problems()[0].message
