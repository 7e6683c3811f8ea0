"""Whoever reads a site that `feeds build` writes sees the old one or the new one, whatever happens meanwhile."""

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
from feeds.publishing import build
from feeds.publishing.publisher import open_catalog
from tests.support.digests import SEEDS, OpenFiles, day, paper, write_files
from tests.support.servers import FEEDS
from tests.support.sites import ONE, OTHER, Two, built, tree

pytestmark = pytest.mark.external


@pytest.fixture
def two(open_files: OpenFiles, tmp_path: Path) -> Two:
    return Two(tmp_path, open_files(ONE))


def test_a_build_that_is_killed_leaves_the_old_site_or_the_new_one_and_is_continued(two: Two) -> None:
    two.become(ONE)
    two.build()
    turns = itertools.cycle(zip((OTHER, ONE), reversed(two.states), two.states, strict=True))
    seen = []
    for moment, (files, after, before) in zip(itertools.count(1, 3), turns, strict=False):
        two.become(files)
        two.log.write_text("")
        was_killed = two.build_and_be_killed(moment)
        seen.append(tree(two.out) == after)
        assert tree(two.out) in (before, after)
        two.build()
        assert tree(two.out) == after
        rendered = two.log.read_text().split()
        assert len(rendered) - len(set(rendered)) <= 1  # the one that was at work
        assert [path.name for path in two.out.parent.iterdir() if path.name != "site"] == [".site.feeds"]
        if not was_killed:
            break
    assert seen.count(False) > 10  # it is the old one until all is there
    assert seen.count(True) > 2


def test_what_killed_builds_leave_is_removed(two: Two) -> None:
    two.become(ONE)
    two.build()
    whole = len(tree(two.out.with_name(".site.feeds")))
    for moment in (10, 15, 20, 60):
        two.become(OTHER)
        two.build_and_be_killed(moment)
    two.become(ONE)
    two.build()
    two.become(OTHER)
    two.build()
    two.become(ONE)
    two.build()
    documents = list(two.out.with_name(".site.feeds").glob("documents/*/*"))
    assert len(documents) == len(two.states[0])
    assert len(tree(two.out.with_name(".site.feeds"))) <= whole + len(two.states[1])  # the old site


def test_whoever_reads_meanwhile_sees_one_of_two_sites(two: Two) -> None:
    two.become(ONE)
    two.build()
    seen = []
    with ThreadPoolExecutor(1) as pool:
        for turn in range(16):
            two.become((OTHER, ONE)[turn % 2])
            building = pool.submit(two.build)
            while not building.done():
                seen.append(read_slowly(two.out))
            building.result()
    assert [files for files in seen if files not in two.states] == []
    assert all(state in seen for state in two.states)


def read_slowly(folder: Path) -> dict[str, bytes]:
    """Read all files of a folder that is opened once; another one may take its name meanwhile."""
    root = os.open(folder, os.O_RDONLY)
    found = {}
    try:
        for at, _, names, opened in os.fwalk(".", dir_fd=root):
            for name in names:
                with open(os.open(name, os.O_RDONLY, dir_fd=opened), "rb") as file:
                    found[os.path.normpath(os.path.join(at, name))] = file.read()
                time.sleep(0.001)
    finally:
        os.close(root)
    return found


def test_the_workers_of_a_build_that_is_killed_end(environ: dict[str, str], tmp_path: Path) -> None:
    site, quiet = tmp_path / "site", subprocess.DEVNULL
    command: list[str | Path] = [FEEDS, "build", site, "--archive", SEEDS, "--processes", "2"]
    with subprocess.Popen(command, env=environ, stdout=quiet, stderr=quiet) as process:
        until(lambda: any((tmp_path / ".site.feeds/documents").glob("*/*")))
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
    assert len(children) >= 2
    until(lambda: not any(map(is_running, children)))
    assert not site.exists()


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something, for a minute."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(process: str) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


@pytest.mark.parametrize(
    "call", ["os.mkdir", "os.link", "os.replace", "os.utime", "os.sync", "feeds.publishing.output._swap"]
)
def test_an_error_at_any_step_leaves_the_old_site(two: Two, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    two.become(ONE)
    two.build()
    documents = sorted(two.out.with_name(".site.feeds").glob("documents/*/*"))
    two.become(OTHER)
    with monkeypatch.context() as patched:
        patched.setattr(call, full)
        with pytest.raises(BuildError, match=f"{two.out.parent}.*: No space left on device; the site is as it was"):
            two.build()
    assert tree(two.out) == two.states[0]
    assert sorted(two.out.with_name(".site.feeds").glob("documents/*/*")) == documents
    assert not two.out.with_name(".site.feeds").joinpath("new").exists()
    two.build()
    assert tree(two.out) == two.states[1]


def test_an_error_after_the_sites_changed_places_costs_nothing(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    two.become(ONE)
    two.build()
    two.become(OTHER)
    with monkeypatch.context() as patched:
        patched.setattr("os.rename", full)
        assert two.build().files == len(two.states[1])
    assert tree(two.out) == two.states[1]
    assert two.build().rendered == 0
    assert tree(two.out) == two.states[1]


def test_a_file_system_without_links_gets_copies(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr("os.link", refuse)
    for files, state in zip((ONE, OTHER, ONE), (*two.states, two.states[0]), strict=True):
        two.become(files)
        two.build()
        assert tree(two.out) == state
    assert two.build().rendered == 0


def test_a_system_that_cannot_swap_folders_in_one_step_takes_two(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: object())
    for files, state in zip((ONE, OTHER, ONE), (*two.states, two.states[0]), strict=True):
        two.become(files)
        two.build()
        assert tree(two.out) == state
    assert not (two.out.with_name(".site.feeds") / "away").exists()


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_command_that_cannot_write_leaves_the_old_site_and_gives_the_room_back(
    folder: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    write_files(folder, ONE)
    site, documents = tmp_path / "site", tmp_path / ".site.feeds/documents"
    command: list[str | Path] = [FEEDS, "build", site, "--archive", folder, "--processes", "2"]
    assert run(command, environ).returncode == 0
    before, taken = tree(site), tree(documents)
    write_files(folder, OTHER)
    largest = max(map(len, before.values())) - 1
    assert run([FEEDS, "check", folder], environ).returncode == 0  # so that the index need not be written below
    failed = run(["prlimit", f"--fsize={largest}", *command], environ)
    assert failed.returncode == 1
    said = failed.stderr.decode()
    assert re.fullmatch(rf"feeds: {tmp_path}/\S+: File too large; the site is as it was\n", said)
    assert tree(site) == before
    assert tree(documents) == taken
    assert run(command, environ).returncode == 0
    built(open_catalog(folder, environ), tmp_path / "fresh")
    assert tree(site) == tree(tmp_path / "fresh")


def run(command: list[str | Path], environ: dict[str, str]) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(command, env=environ | {"PATH": os.environ["PATH"]}, capture_output=True, check=False)


def test_of_two_builds_at_once_one_waits(two: Two, caplog: pytest.LogCaptureFixture) -> None:
    two.become(OTHER)
    waits = threading.Event()

    def hold(names: Iterable[str], _: int) -> Iterator[str]:
        for name in names:
            assert waits.wait(60)
            yield name

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(two.build, hold)
        until(lambda: is_locked(two.out.with_name(".site.feeds") / "lock"))
        second = pool.submit(two.build)
        until(lambda: "another build is at work; waiting" in caplog.text)
        assert not second.done()
        waits.set()
        assert first.result().rendered == len(two.states[1])
        assert second.result() == build.Report(len(two.states[1]), 0, 0, ())
    assert caplog.messages == [f"{two.out}: another build is at work; waiting for it"]
    assert tree(two.out) == two.states[1]


def is_locked(path: Path) -> bool:
    try:
        with path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def test_two_commands_at_once_both_end_well(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    write_files(folder, ONE)
    command: list[str | Path] = [FEEDS, "build", tmp_path / "site", "--archive", folder]
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda _: run(command, environ), range(2)))
    assert [each.returncode for each in ended] == [0, 0]
    rendered = [int(re.findall(rb"rendered (\d+)", each.stderr)[0]) for each in ended]
    assert sorted(rendered) == [0, len(tree(tmp_path / "site"))]


@pytest.mark.parametrize("changes", [{3: OTHER}, {3: OTHER, 5: ONE}])
def test_an_archive_that_changes_meanwhile_gives_a_site_of_one_state(
    two: Two, changes: dict[int, dict[str, str]]
) -> None:
    two.become(ONE)
    count = itertools.count()

    def change(names: Iterable[str], _: int) -> Iterator[str]:
        for name in names:
            if files := changes.get(next(count)):
                two.become(files)
                two.look()
            yield name

    assert two.build(change).errors == ()
    assert tree(two.out) == two.states[len(changes) % 2]


def test_an_archive_that_never_stands_still_leaves_the_site_as_it_was(two: Two) -> None:
    two.become(ONE)
    two.build()
    versions = itertools.count()

    def change(names: Iterable[str], _: int) -> Iterator[str]:
        for name in names:
            two.become(OTHER | {"3.md": day("2024-03-01", paper(f"Version {next(versions)}", "2403.1"))})
            yield name

    two.become(OTHER)
    with pytest.raises(ArchiveError, match="the files change too fast; try again in a minute"):
        two.build(change)
    assert tree(two.out) == two.states[0]
