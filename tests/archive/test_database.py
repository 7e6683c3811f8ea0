"""The file of the index: shared by processes, recreated when it is damaged, and never taken from anybody else."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from feeds.archive import index
from feeds.archive.archive import Archive, default_index
from feeds.errors import ArchiveError
from tests.support import archives
from tests.support.archives import contents, listings, sync, titles
from tests.support.digests import day, paper, write_files

A = day("2024-01-30", paper("A", "2401.1"))
B = day("2024-01-31", paper("B", "2401.2"), paper("B2", "2401.3"))

SYNC = """
import sys
from pathlib import Path

from feeds.archive.archive import Archive
from feeds.readers.daily_papers import DailyPapersReader
from tests.support.archives import titles

read = DailyPapersReader.read

def read_and_print(reader, source, path):
    print("read", path, flush=True)
    return read(reader, source, path)

DailyPapersReader.read = read_and_print
archive = Archive(Path(sys.argv[1]), Path(sys.argv[2]))
archive.sync()
print("papers", len(titles(archive)), flush=True)
if archive.degradation:
    print("degradation", archive.degradation)
"""
"""Prints a line for each file that it parses, the number of papers at the end, and what is shown as last read."""


def start_sync(folder: Path, index_path: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", SYNC, str(folder), str(index_path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def delete(path: Path) -> None:
    path.unlink()


def overwrite(path: Path) -> None:
    path.write_bytes(b"garbage" * 5000)


def truncate(path: Path) -> None:
    os.truncate(path, 5000)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def replace_with_another_archive(path: Path) -> None:
    path.unlink()
    sync(Archive(path.parent, path))


@pytest.mark.parametrize("damage", [delete, overwrite, truncate, empty, replace_with_another_archive])
def test_damaged_index_is_recreated(folder: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    write_files(folder, {"a.md": A, "b.md": B + "\nno paper\n\n## No day"})
    path = tmp_path / "index.sqlite"
    archive = sync(Archive(folder, path))
    before = contents(archive)
    damage(path)
    assert contents(archive) == before
    damage(path)
    assert contents(sync(Archive(folder, path))) == before


def test_damage_met_in_a_snapshot_is_repaired_for_the_next(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"a.md": A, "b.md": B + "\n## No day"})
    path = tmp_path / "index.sqlite"
    before = contents(sync(Archive(folder, path)))
    archive = sync(Archive(folder, path))
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'diagnostics'").fetchone()
        (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * page_size)
        file.write(b"garbage" * (page_size // 7))
    with pytest.raises(ArchiveError, match="the index cannot be read: .*; try again"):
        contents(archive)
    assert contents(archive) == before


def test_garbled_text_met_in_a_snapshot_is_repaired_for_the_next(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"a.md": A, "b.md": B + "\n## No day"})
    path = tmp_path / "index.sqlite"
    before = contents(sync(Archive(folder, path)))
    archive = sync(Archive(folder, path))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE diagnostics SET message = CAST(X'ff' AS TEXT)")
    with pytest.raises(ArchiveError, match="the index cannot be read: .*; try again"):
        contents(archive)
    assert contents(archive) == before


def test_index_shared_by_two_archives_by_mistake_works(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"a.md": A})
    write_files(tmp_path / "other", {"b.md": B})
    one, other = (Archive(root, tmp_path / "index.sqlite") for root in (folder, tmp_path / "other"))
    for _ in range(2):
        assert titles(sync(one)) == ["A"]
        assert titles(sync(other)) == ["B", "B2"]


def test_index_that_cannot_be_created_is_an_error(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="FEEDS_INDEX"):
        Archive(folder, tmp_path).sync()
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match="FEEDS_INDEX"):
        Archive(folder, tmp_path / "file" / "index.sqlite").sync()


def test_file_that_is_not_an_index_is_not_touched(folder: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mine.sqlite")) as connection:
        connection.execute("CREATE TABLE mine (x)")
    (tmp_path / "thesis.txt").write_text("Words. " * 1000)
    for name in ("mine.sqlite", "thesis.txt"):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(ArchiveError, match="FEEDS_INDEX"):
            Archive(folder, tmp_path / name).sync()
        assert (tmp_path / name).read_bytes() == before


def test_full_disk_leaves_the_index_as_it_is(
    folder: Path, tmp_path: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {"a.md": A})
    sync(archive)
    inode = (tmp_path / "index.sqlite").stat().st_ino

    def fail(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(index, "synchronize", fail)
    write_files(folder, {"b.md": B})
    assert titles(sync(archive)) == ["A"]
    assert (tmp_path / "index.sqlite").stat().st_ino == inode


def test_index_is_outside_the_archive(folder: Path) -> None:
    assert default_index(folder, {"HOME": "/home/a"}).parent == Path("/home/a/.cache/daily-papers-feeds")
    assert default_index(folder, {"XDG_CACHE_HOME": "/c"}).parent == Path("/c/daily-papers-feeds")
    assert default_index(folder, {"FEEDS_INDEX": "/x/y"}) == Path("/x/y")


def test_new_connection_does_not_undo_a_later_sync(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"a.md": A})
    one, other = (sync(Archive(folder, tmp_path / "index.sqlite")) for _ in range(2))
    write_files(folder, {"b.md": B})
    sync(other)
    with ThreadPoolExecutor(1) as pool:  # another thread opens a connection of its own
        assert pool.submit(titles, one).result() == ["B", "B2", "A"]
    assert titles(sync(other)) == ["B", "B2", "A"]
    assert sync(one).revision == other.revision


@pytest.mark.external
def test_second_process_parses_nothing(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"a.md": A, "b.md": B})
    first, _ = start_sync(folder, tmp_path / "index.sqlite").communicate()
    assert first.splitlines() == ["read a.md", "read b.md", "papers 3"]
    os.utime(folder / "a.md", (1, 1))
    second, _ = start_sync(folder, tmp_path / "index.sqlite").communicate()
    assert second.splitlines() == ["papers 3"]


@pytest.mark.external
def test_processes_that_start_at_once_share_the_work(folder: Path, tmp_path: Path) -> None:
    archives.write(folder, days=30, papers=200)
    processes = [start_sync(folder, tmp_path / "index.sqlite") for _ in range(4)]
    outputs = [process.communicate()[0].splitlines() for process in processes]
    assert [lines[-1] for lines in outputs] == ["papers 200"] * 4
    assert sum(len(lines) - 1 for lines in outputs) == 30  # each file is parsed by one process


@pytest.mark.external
@pytest.mark.parametrize("files", [1, 15, 39])
def test_killed_sync_is_completed_by_the_next(folder: Path, tmp_path: Path, files: int) -> None:
    archives.write(folder, days=40, papers=300)
    process = start_sync(folder, tmp_path / "index.sqlite")
    assert process.stdout is not None
    with process.stdout as lines:
        for _ in range(files):
            assert lines.readline().startswith("read ")
        process.send_signal(signal.SIGKILL)
        process.wait()
    clean = sync(Archive(folder, tmp_path / "clean.sqlite"))
    survived = sync(Archive(folder, tmp_path / "index.sqlite"))
    assert len(listings(clean)) == 300
    assert listings(survived) == listings(clean)
    assert survived.revision == clean.revision


WITHOUT_PRIVILEGES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()


def sync_without_privileges(folder: Path, index_path: Path) -> list[str]:
    """Update an archive as somebody whom permissions bind; return what was printed."""
    command = [*WITHOUT_PRIVILEGES, sys.executable, "-c", SYNC, str(folder), str(index_path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def sync_read_only(folder: Path, index_path: Path) -> list[str]:
    """Update an archive whose index and its folder may not be written; return what was printed."""
    index_path.chmod(0o444)
    index_path.parent.chmod(0o555)
    try:
        return sync_without_privileges(folder, index_path)
    finally:
        index_path.parent.chmod(0o755)
        index_path.chmod(0o644)


@pytest.mark.external
def test_index_that_cannot_be_written_is_used_as_it_is(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"a.md": A, "b.md": B})
    path = tmp_path / "read-only/index.sqlite"
    path.parent.mkdir()
    sync(Archive(folder, path))
    before = path.read_bytes()
    assert sync_read_only(folder, path) == ["papers 3"]
    os.utime(folder / "a.md", (1, 1))
    assert sync_read_only(folder, path) == ["papers 3"]
    write_files(folder, {"c.md": A})
    output = sync_read_only(folder, path)
    assert output[0] == "papers 3"
    assert "the index cannot be written, and 1 file has changed; make it writable" in output[1]
    assert path.read_bytes() == before


@pytest.mark.external
def test_folder_that_may_not_be_read_is_shown_as_last_read(folder: Path, tmp_path: Path) -> None:
    write_files(folder, {"a.md": A, "secret/b.md": B})
    path = tmp_path / "index.sqlite"
    assert sync_without_privileges(folder, path)[-1] == "papers 3"
    for mode in (0o000, 0o444, 0o111):  # nothing, its files, its list of files may not be read
        (folder / "secret").chmod(mode)
        output = sync_without_privileges(folder, path)
        assert output[0] == "papers 3"
        assert output[1].startswith("degradation shown as last read: secret/b.md ")
    (folder / "secret").chmod(0o755)
    assert sync_without_privileges(folder, path)[-1] == "papers 3"


@pytest.mark.external
def test_links_into_a_folder_that_may_not_be_entered_are_reported(folder: Path, tmp_path: Path) -> None:
    write_files(tmp_path / "secret", {"2024/b.md": B})
    write_files(folder, {"a.md": A})
    (folder / "linked").symlink_to(tmp_path / "secret/2024")
    (folder / "b.md").symlink_to(tmp_path / "secret/2024/b.md")
    (tmp_path / "secret").chmod(0o000)
    path = tmp_path / "index.sqlite"
    assert sync_without_privileges(folder, path)[-1] == "papers 1"
    with closing(sqlite3.connect(path)) as connection:
        reported = connection.execute("SELECT path, message FROM diagnostics ORDER BY path").fetchall()
    message = "cannot be read: Permission denied"
    assert reported == [(b"b.md", message), (b"linked", message)]
    (tmp_path / "secret").chmod(0o755)
    assert sync_without_privileges(folder, path)[-1] == "papers 3"
