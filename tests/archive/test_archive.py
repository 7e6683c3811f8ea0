"""The archive stays in step with the files under its folder."""

import errno
import os
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import count
from pathlib import Path, PurePosixPath

import pytest

from feeds.archive.archive import Archive
from feeds.errors import ArchiveError
from feeds.model.diagnostic import Severity
from feeds.model.keys import Scope, period
from feeds.model.paper import DayCount
from feeds.readers import Digest
from feeds.readers.daily_papers import DailyPapersReader
from tests.support import archives
from tests.support.archives import calendar, diagnostics, listings, sync, titles
from tests.support.digests import day, paper, write_files

A = day("2024-01-30", paper("A", "2401.1"))
B = day("2024-01-31", paper("B", "2401.2"), paper("B2", "2401.3"))


def test_day_files_are_found_at_any_depth(folder: Path, archive: Archive) -> None:
    others = {"notes.md": "# no day", "c.txt": A, ".git/d.md": A, "e.md/f": A}
    write_files(folder, {"a/b/c/x.md": A, "B.MD": B, **others})
    assert titles(sync(archive)) == ["B", "B2", "A"]
    assert calendar(archive) == (DayCount(date(2024, 1, 30), 1, 1), DayCount(date(2024, 1, 31), 2, 2))


def test_new_changed_and_deleted_files_are_noticed(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": A})
    assert titles(sync(archive)) == ["A"]
    write_files(folder, {"b.md": B})
    assert titles(sync(archive)) == ["B", "B2", "A"]
    write_files(folder, {"a.md": A.replace("[A]", "[Corrected]")})
    assert titles(sync(archive)) == ["B", "B2", "Corrected"]
    (folder / "b.md").unlink()
    assert titles(sync(archive)) == ["Corrected"]
    assert calendar(archive) == (DayCount(date(2024, 1, 30), 1, 1),)


def test_change_that_keeps_size_and_mtime_is_noticed(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": A})
    status = os.stat(folder / "a.md")
    assert titles(sync(archive)) == ["A"]
    write_files(folder, {"a.md": A.replace("[A]", "[Z]")})
    os.utime(folder / "a.md", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert titles(sync(archive)) == ["Z"]


def test_only_files_with_new_content_are_parsed(
    folder: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    read = DailyPapersReader.read

    def read_and_record(reader: DailyPapersReader, source: str, path: PurePosixPath) -> Digest | None:
        parsed.append(source)
        return read(reader, source, path)

    monkeypatch.setattr(DailyPapersReader, "read", read_and_record)
    write_files(folder, {"a.md": A, "b.md": B})
    sync(archive)
    assert parsed == [A, B]
    write_files(folder, {"a.md": A, "b.md": B.replace("B2", "B3")})
    os.utime(folder / "a.md", (1, 1))
    sync(archive)
    assert parsed[2:] == [B.replace("B2", "B3")]


def test_revision_changes_with_the_files_only(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": A})
    first = sync(archive).revision
    assert sync(archive).revision == first
    write_files(folder, {"b.md": B})
    assert archive.revision == first
    assert sync(archive).revision != first


def test_sync_if_due_scans_again_after_two_seconds(
    folder: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = count(1)
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds))
    write_files(folder, {"a.md": A})
    archive.sync_if_due()  # from 2 to 3: the next scan is due at 5
    write_files(folder, {"b.md": B})
    archive.sync_if_due()
    assert titles(archive) == ["A"]
    archive.sync_if_due()
    assert titles(archive) == ["B", "B2", "A"]


def test_two_files_of_one_date_are_one_day(folder: Path, archive: Archive) -> None:
    full = paper("Full", "2401.1", votes="Vote: 3", summary="- 긴 요약")
    write_files(
        folder, {"2024/01/30.md": day("2024-01-30", paper("Short", "2401.1"), paper("X", "2401.9")), "README.md": A}
    )
    write_files(folder, {"more.md": day("2024-01-30", full, paper("Y", "2401.8"))})
    assert titles(sync(archive)) == ["Full", "X", "Y"]
    repeats = diagnostics(archive)
    assert [(repeat.path, repeat.line) for repeat in repeats] == [("2024/01/30.md", 3), ("README.md", 3)]
    assert "more.md:3" in repeats[0].message


def test_readme_that_repeats_a_digest_adds_nothing(folder: Path, archive: Archive) -> None:
    write_files(folder, {"2024/01/31.md": B})
    alone = listings(sync(archive))
    write_files(folder, {"README.md": "# Papers\n\n" + B + "\n## License\n\nFree.\n"})
    assert listings(sync(archive)) == alone


def test_paper_of_two_days_is_listed_in_both_days(folder: Path, archive: Archive) -> None:
    again = day("2024-02-01", paper("New", "2402.1"), paper("A again", "2401.1"))
    write_files(folder, {"a.md": A, "b.md": again})
    assert titles(sync(archive)) == ["New", "A"]
    with archive.snapshot() as snapshot:
        second = snapshot.load(period(Scope.DAY, date(2024, 2, 1))).listings
    assert [(listing.paper.title, listing.first_listed, listing.rank) for listing in second] == [
        ("New", date(2024, 2, 1), 0),
        ("A again", date(2024, 1, 30), 0),
    ]
    (folder / "a.md").unlink()
    assert titles(sync(archive)) == ["New", "A again"]


def test_broken_file_does_not_affect_other_files(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": A, "broken.md": B.encode().replace(b"B2", b"\xff\xfe"), "noise.md": bytes(range(256))})
    assert titles(sync(archive)) == ["B", "\ufffd\ufffd", "A"]
    assert [(diagnostic.path, diagnostic.line) for diagnostic in diagnostics(archive)] == [("broken.md", 5)]


def test_what_is_no_readable_file_is_reported(folder: Path, archive: Archive, tmp_path: Path) -> None:
    write_files(folder, {"sub/a.md": A, "30.md/b.md": B})
    os.rename(os.fsencode(folder / "sub/a.md"), os.fsencode(folder) + b"/\xff.md")  # not UTF-8
    os.symlink("nowhere", folder / "dangling.md")
    os.symlink("loop.md", folder / "loop.md")
    os.symlink("..", folder / "sub/above")
    os.symlink("/dev/zero", folder / "device.md")
    os.mkfifo(folder / "pipe.md")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket.md"))
    for opened in (archive, Archive(folder, tmp_path / "other.sqlite")):
        assert titles(sync(opened)) == ["B", "B2", "A"]
        assert {item.path: item.message for item in diagnostics(opened)} == {
            "30.md": "cannot be read: a folder, not a file",
            "dangling.md": "cannot be read: a link to a file that does not exist",
            "device.md": "cannot be read: a device, not a file",
            "loop.md": "cannot be read: Too many levels of symbolic links",
            "pipe.md": "cannot be read: a pipe, not a file",
            "socket.md": "cannot be read: a socket, not a file",
        }
    with archive.snapshot() as snapshot:
        before = snapshot.change_id
    with sync(archive).snapshot() as snapshot:
        assert snapshot.change_id == before  # nothing is written again and again


def test_link_to_a_folder_is_followed_once(folder: Path, archive: Archive, tmp_path: Path) -> None:
    write_files(tmp_path / "elsewhere", {"a.md": A})
    os.symlink(tmp_path / "elsewhere", folder / "linked")
    os.symlink(folder, folder / "linked/back")
    assert titles(sync(archive)) == ["A"]


def test_folder_with_two_links_is_read_by_the_first(folder: Path, archive: Archive, tmp_path: Path) -> None:
    write_files(tmp_path / "elsewhere", {"a.md": A})
    for name in ("c", "a", "d", "b"):
        (folder / name).symlink_to(tmp_path / "elsewhere")
    write_files(tmp_path / "elsewhere", {"broken.md": A.replace("30)", "3O)")})
    assert {item.path for item in diagnostics(sync(archive))} == {"a/broken.md"}


@pytest.fixture
def deep_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in a thousand others, as the current one: its path is too long for most programs."""
    monkeypatch.chdir(folder)
    for _ in range(1200):
        os.mkdir("a")
        os.chdir("a")
    yield Path()
    for _ in range(1200):  # shutil.rmtree would not
        os.chdir("..")
        shutil.rmtree("a")


def test_folders_may_be_nested_deeply(deep_folder: Path, archive: Archive) -> None:
    assert "no day found" in sync(archive).reason_for_no_days()
    write_files(deep_folder, {"a.md": A})
    assert titles(sync(archive)) == ["A"]


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="no such folder"):
        Archive(tmp_path / "nowhere", tmp_path / "index.sqlite").sync_if_due()


def test_folder_that_vanishes_leaves_the_index_as_it_is(folder: Path, tmp_path: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": A})
    sync(archive)
    folder.rename(tmp_path / "moved")
    assert titles(sync(archive)) == ["A"]
    (tmp_path / "moved").rename(folder)
    write_files(folder, {"b.md": B})
    assert titles(sync(archive)) == ["B", "B2", "A"]


def test_folder_with_an_io_error_leaves_the_index_as_it_is(
    folder: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {"2024/a.md": A})
    sync(archive)

    def fail(_: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "scandir", fail)
    assert titles(sync(archive)) == ["A"]


def test_subfolder_without_permission_is_reported(
    folder: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {"a.md": A, "secret/b.md": B})
    scandir = os.scandir

    def forbid_secret(path: str) -> object:
        if path.endswith("secret"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", forbid_secret)
    assert titles(sync(archive)) == ["A"]
    assert [(item.path, item.severity) for item in diagnostics(archive)] == [("secret", Severity.ERROR)]


def test_file_with_a_passing_io_error_keeps_its_papers(
    folder: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {"a.md": A})
    sync(archive)
    write_files(folder, {"a.md": A.replace("[A]", "[Corrected]"), "b.md": B})
    os_open = os.open

    def fail(path: Path, flags: int) -> int:
        raise OSError(errno.EMFILE, f"Too many open files to open {path} with {flags}")

    monkeypatch.setattr(os, "open", fail)
    assert titles(sync(archive)) == ["A"]
    assert [(item.path, item.severity) for item in diagnostics(archive)] == [
        *(("a.md", Severity.ERROR), ("a.md", Severity.ERROR), ("b.md", Severity.ERROR))
    ]
    monkeypatch.setattr(os, "open", os_open)
    assert titles(sync(archive)) == ["B", "B2", "Corrected"]
    assert not diagnostics(archive)


def test_huge_file_is_reported_and_not_read(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": A, "b.md": B})
    os.truncate(folder / "b.md", 10**12)
    assert titles(sync(archive)) == ["A"]
    assert "larger than" in diagnostics(archive)[0].message


def test_threads_may_share_an_archive(folder: Path, archive: Archive) -> None:
    write_files(folder, {"a.md": A})
    sync(archive)

    def add_day(number: int) -> list[str]:
        write_files(folder, {f"{number}.md": day(f"2024-02-{number:02}", paper(f"P{number}", f"2402.{number}"))})
        return titles(sync(archive))

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(add_day, range(1, 25)))
    assert [f"P{number}" in result for number, result in enumerate(results, 1)] == [True] * 24
    assert len(titles(sync(archive))) == 25


def test_sync_of_single_files_equals_that_of_all_at_once(folder: Path, tmp_path: Path) -> None:
    archives.write(folder, days=20, papers=150)
    one = Archive(folder, tmp_path / "one.sqlite")
    for path in sorted(folder.rglob("*.md")):
        content = path.read_bytes()
        path.unlink()
        sync(one)
        path.write_bytes(content)
        sync(one)
    all_at_once = sync(Archive(folder, tmp_path / "two.sqlite"))
    assert listings(one) == listings(all_at_once)
    assert len(listings(one)) == 150
    assert diagnostics(one) == diagnostics(all_at_once)
