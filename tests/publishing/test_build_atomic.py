"""Readers of a site that `feeds build` writes see the old one or the new one, whatever happens to the build."""

import errno
import fcntl
import itertools
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from feeds.errors import ArchiveError, BuildError
from feeds.publishing.build import Report
from feeds.publishing.publisher import open_publisher
from feeds.publishing.static import static_files
from tests.support import archives
from tests.support.digests import OpenFiles, day, paper, write_files
from tests.support.servers import FEEDS
from tests.support.sites import ONE, OTHER, TwoStateSite, build_site, read_files

pytestmark = pytest.mark.external


@pytest.fixture
def site(open_files: OpenFiles, tmp_path: Path) -> TwoStateSite:
    return TwoStateSite(tmp_path, open_files(ONE))


def test_killed_build_leaves_one_state_and_is_continued(site: TwoStateSite) -> None:
    site.switch_to(ONE)
    site.build()
    turns = itertools.cycle([(OTHER, site.states[1], site.states[0]), (ONE, site.states[0], site.states[1])])
    was_new = []
    for call in itertools.count(1, 3):
        files, after, before = next(turns)
        site.switch_to(files)
        site.log.write_text("")
        was_killed = site.build_and_kill(call)
        was_new.append(read_files(site.out) == after)
        assert read_files(site.out) in (before, after)
        site.build()
        assert read_files(site.out) == after
        rendered = site.log.read_text().split()
        assert len(rendered) - len(set(rendered)) <= 1  # the document that was being rendered
        assert [path.name for path in site.out.parent.iterdir() if path.name != "site"] == [".site.feeds"]
        if not was_killed:
            break
    assert was_new.count(False) > 10  # the old site stays until the new one is complete
    assert was_new.count(True) > 2


def test_leftovers_of_killed_builds_are_removed(site: TwoStateSite) -> None:
    site.switch_to(ONE)
    site.build()
    count = len(read_files(site.work))
    for call in (10, 15, 20, 60):
        site.switch_to(OTHER)
        site.build_and_kill(call)
    for files in (ONE, OTHER, ONE):
        site.switch_to(files)
        site.build()
    documents = list(site.work.glob("documents/*/*"))
    assert len(documents) == len(site.states[0])
    assert len(read_files(site.work)) <= count + len(site.states[1]) + 2  # the old site, its manifest and its stamp


def test_readers_during_builds_see_one_of_two_states(site: TwoStateSite) -> None:
    site.switch_to(ONE)
    site.build()
    seen = []
    with ThreadPoolExecutor(1) as pool:
        for turn in range(16):
            site.switch_to((OTHER, ONE)[turn % 2])
            building = pool.submit(site.build)
            while not building.done():
                seen.append(read_slowly(site.out))
            building.result()
    assert [files for files in seen if files not in site.states] == []
    assert all(state in seen for state in site.states)


def read_slowly(folder: Path) -> dict[str, bytes]:
    """Read all files of a folder that is opened once, so that another one may take its name in between."""
    root = os.open(folder, os.O_RDONLY)
    files = {}
    try:
        for parent, _, names, parent_descriptor in os.fwalk(".", dir_fd=root):
            for name in names:
                with open(os.open(name, os.O_RDONLY, dir_fd=parent_descriptor), "rb") as file:
                    files[os.path.normpath(os.path.join(parent, name))] = file.read()
                time.sleep(0.001)
    finally:
        os.close(root)
    return files


def test_workers_end_when_the_build_is_killed(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    archives.write(folder, days=100, papers=3000)  # which pays for workers
    out, quiet = tmp_path / "site", subprocess.DEVNULL
    command: list[str | Path] = [FEEDS, "build", out, "--archive", folder, "--processes", "2"]
    with subprocess.Popen(command, env=environ, stdout=quiet, stderr=quiet) as process:
        documents = tmp_path / ".site.feeds/documents"
        wait_until(lambda: len(list(documents.glob("*/*"))) > len(static_files()))  # a worker has rendered
        workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
    assert len(workers) >= 2
    wait_until(lambda: not any(map(is_running, workers)))
    assert not out.exists()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, for at most a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(process: str) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


@pytest.mark.parametrize(
    "call",
    [
        "os.mkdir",
        "os.link",
        "os.replace",
        "os.utime",
        "feeds.publishing.output._flush",
        "feeds.publishing.output._exchange",
    ],
)
def test_error_at_any_step_leaves_the_old_site(site: TwoStateSite, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    site.switch_to(ONE)
    site.build()
    documents = sorted(site.work.glob("documents/*/*"))
    site.switch_to(OTHER)
    with monkeypatch.context() as patched:
        patched.setattr(call, raise_disk_full)
        message = f"{site.out.parent}.*: No space left on device; the site is as it was"
        with pytest.raises(BuildError, match=message):
            site.build()
    assert read_files(site.out) == site.states[0]
    assert sorted(site.work.glob("documents/*/*")) == documents
    assert not (site.work / "new").exists()
    site.build()
    assert read_files(site.out) == site.states[1]


def test_error_after_the_exchange_keeps_the_new_site(site: TwoStateSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site.switch_to(ONE)
    site.build()
    site.switch_to(OTHER)
    with monkeypatch.context() as patched:
        patched.setattr("os.rename", raise_disk_full)
        assert site.build().files == len(site.states[1])
    assert read_files(site.out) == site.states[1]
    assert site.build().rendered == 0
    assert read_files(site.out) == site.states[1]


def raise_disk_full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_file_system_without_links_gets_copies(site: TwoStateSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr("os.link", refuse)
    for files, state in zip((ONE, OTHER, ONE), (*site.states, site.states[0]), strict=True):
        site.switch_to(files)
        site.build()
        assert read_files(site.out) == state
    assert site.build().rendered == 0


def test_system_without_exchange_renames_twice(site: TwoStateSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: object())
    for files, state in zip((ONE, OTHER, ONE), (*site.states, site.states[0]), strict=True):
        site.switch_to(files)
        site.build()
        assert read_files(site.out) == state
    assert not (site.work / "away").exists()


def test_command_that_cannot_write_keeps_the_old_site(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    write_files(folder, ONE)
    out, documents = tmp_path / "site", tmp_path / ".site.feeds/documents"
    command: list[str | Path] = [FEEDS, "build", out, "--archive", folder, "--processes", "2"]
    assert run(command, environ).returncode == 0
    before, documents_before = read_files(out), read_files(documents)
    write_files(folder, OTHER)
    largest = max(map(len, before.values())) - 1
    assert run([FEEDS, "check", folder], environ).returncode == 0  # so that the index need not be written below
    failed = run(["prlimit", f"--fsize={largest}", *command], environ)
    assert failed.returncode == 1
    message = failed.stderr.decode()
    assert re.fullmatch(rf"feeds: {tmp_path}/\S+: File too large; the site is as it was\n", message)
    assert read_files(out) == before
    assert read_files(documents) == documents_before
    assert run(command, environ).returncode == 0
    build_site(open_publisher(folder, environ), tmp_path / "fresh")
    assert read_files(out) == read_files(tmp_path / "fresh")


def run(command: list[str | Path], environ: dict[str, str]) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(command, env=environ | {"PATH": os.environ["PATH"]}, capture_output=True, check=False)


def test_second_build_waits_for_the_first(site: TwoStateSite, caplog: pytest.LogCaptureFixture) -> None:
    site.switch_to(OTHER)
    is_second_waiting = threading.Event()

    def hold(names: Iterable[str], _: int) -> Iterator[str]:
        for name in names:
            assert is_second_waiting.wait(60)
            yield name

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(site.build, hold)
        wait_until(lambda: is_locked(site.work / "lock"))
        second = pool.submit(site.build)
        wait_until(lambda: "waiting for another build" in caplog.text)
        assert not second.done()
        is_second_waiting.set()
        assert first.result().rendered == len(site.states[1])
        assert second.result() == Report(len(site.states[1]), 0, 0, ())
    assert caplog.messages == [f"{site.out}: waiting for another build to end"]
    assert read_files(site.out) == site.states[1]


def is_locked(path: Path) -> bool:
    try:
        with path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def test_two_commands_at_once_both_succeed(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    write_files(folder, ONE)
    command: list[str | Path] = [FEEDS, "build", tmp_path / "site", "--archive", folder]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: run(command, environ), range(2)))
    assert [result.returncode for result in results] == [0, 0]
    rendered = [int(re.findall(rb"rendered (\d+)", result.stderr)[0]) for result in results]
    assert sorted(rendered) == [0, len(read_files(tmp_path / "site"))]


@pytest.mark.parametrize("changes", [{3: OTHER}, {3: OTHER, 5: ONE}])
def test_archive_that_changes_gives_a_site_of_one_state(site: TwoStateSite, changes: dict[int, dict[str, str]]) -> None:
    site.switch_to(ONE)
    count = itertools.count()

    def change(names: Iterable[str], _: int) -> Iterator[str]:
        for name in names:
            if files := changes.get(next(count)):
                site.switch_to(files)
                site.sync_elsewhere()
            yield name

    assert site.build(change).errors == ()
    assert read_files(site.out) == site.states[len(changes) % 2]


def test_archive_that_keeps_changing_leaves_the_old_site(site: TwoStateSite) -> None:
    site.switch_to(ONE)
    site.build()
    versions = itertools.count()

    def change(names: Iterable[str], _: int) -> Iterator[str]:
        for name in names:
            site.switch_to(OTHER | {"3.md": day("2024-03-01", paper(f"Version {next(versions)}", "2403.1"))})
            yield name

    site.switch_to(OTHER)
    with pytest.raises(ArchiveError, match="the files change too fast; try again in a minute"):
        site.build(change)
    assert read_files(site.out) == site.states[0]
