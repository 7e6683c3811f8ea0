"""Whoever reads a site that `feeds build` writes sees the old one or the new one, whatever happens meanwhile."""

import errno
import fcntl
import itertools
import multiprocessing
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from feeds import build
from feeds.catalog import Catalog, open_catalog
from feeds.edition import Edition
from feeds.errors import ArchiveError, BuildError
from feeds.site import Site
from tests.conftest import SEEDS, OpenFiles, day, paper, write_files
from tests.servers import FEEDS
from tests.sites import Note, built, offering, tree
from tests.test_cli import feeds

ONE = {"feeds.toml": "[topics]", "1.md": day("2024-01-30", paper("One", "2401.1")), "2.md": day("2024-01-31")}
OTHER = ONE | {"1.md": day("2024-01-30", paper("Other", "2401.1")), "2.md": day("2024-02-29", paper("Two", "2401.2"))}


class Noting(Note):
    """Notes in a file what it renders."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        with self.log.open("a") as file:
            file.write(f"{edition.key.text}\n")
        return super().render(edition, site)


class Two:
    """A site of two states, and how it looks in both."""

    def __init__(self, root: Path, catalog: Catalog) -> None:
        self.out, self.log, self._catalog = root / "sites" / "site", root / "log", catalog
        self.states = []
        for files in (ONE, OTHER):
            self.become(files)
            built(self._offered(), root / "fresh")
            self.states.append(tree(root / "fresh"))

    def become(self, files: dict[str, str]) -> None:
        write_files(self._catalog.archive.root, files)

    def build(self, progress: Callable[[Iterable[str], int], Iterable[str]] = lambda names, _: names) -> build.Report:
        return built(self._offered(), self.out, progress=progress)

    def build_and_be_killed(self, moment: int) -> bool:
        """Build in another process, which is killed when it is about to change its so manyeth file; or was done."""
        process = multiprocessing.get_context("fork").Process(target=self._be_killed, args=(moment,))
        process.start()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        return process.exitcode == -signal.SIGKILL

    def _be_killed(self, moment: int) -> None:
        catalog = open_catalog(self._catalog.archive.root, {"FEEDS_INDEX": str(self.log.with_name("index.sqlite"))})
        left = itertools.count(moment, -1)

        def watch(event: str, _: object) -> None:
            if event in CHANGES and next(left) == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        built(offering(catalog, Noting(self.log)), self.out)

    def _offered(self) -> Catalog:
        return offering(self._catalog, Noting(self.log))


CHANGES = "open os.mkdir os.chmod os.utime os.rename os.link os.remove os.rmdir shutil.rmtree os.scandir".split()


@pytest.fixture
def two(open_files: OpenFiles, tmp_path: Path) -> Two:
    return Two(tmp_path, open_files(ONE))


def test_a_build_that_is_killed_leaves_the_old_site_or_the_new_one_and_is_continued(two: Two) -> None:
    two.become(ONE)
    two.build()
    turns = itertools.cycle(zip((OTHER, ONE), reversed(two.states), two.states, strict=True))
    seen = []
    for moment, (files, after, before) in zip(itertools.count(1, 4), turns, strict=False):
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


@pytest.mark.parametrize("call", ["os.mkdir", "os.link", "os.replace", "os.utime", "os.sync", "feeds.build._swap"])
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


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_the_old_site_and_gets_its_room_back(
    folder: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    write_files(folder, ONE)
    with small_disk(tmp_path / "disk") as (disk, within):
        command: list[str | Path] = [
            *within,
            FEEDS,
            "build",
            tmp_path / "disk/site",
            "--archive",
            folder,
            "--processes",
            "2",
        ]
        assert run(command, environ).returncode == 0
        before = tree(disk / "site")
        write_files(folder, OTHER)
        free = shutil.disk_usage(disk).free
        (disk / "ballast").write_bytes(bytes(free - 100_000))
        failed = run(command, environ)
        said = failed.stderr.decode()
        assert failed.returncode == 1
        assert re.fullmatch(rf"feeds: {tmp_path}/disk/\S+: No space left on device; the site is as it was\n", said)
        assert tree(disk / "site") == before
        (disk / "ballast").unlink()
        assert shutil.disk_usage(disk).free == free
        assert run(command, environ).returncode == 0
        after = tree(disk / "site")
    built(open_catalog(folder, environ), tmp_path / "fresh")
    assert after == tree(tmp_path / "fresh")


@contextmanager
def small_disk(path: Path) -> Iterator[tuple[Path, list[str]]]:
    """Mount a disk of some megabytes that only one namespace sees: where it is, and how to run a command there."""
    path.mkdir()
    script = f"mount -t tmpfs -o size=32m tmpfs '{path}' && echo ready && exec cat"
    pipe = subprocess.PIPE
    with subprocess.Popen(["unshare", "-rm", "sh", "-c", script], stdin=pipe, stdout=pipe) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        within = ["nsenter", f"--target={process.pid}", "--user", "--mount", "--preserve-credentials"]
        yield Path(f"/proc/{process.pid}/root{path}"), within


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


@pytest.mark.parametrize("name", ["index.html", "a/b.txt", ".well-known/x"])
def test_a_folder_with_files_of_others_is_refused(two: Two, name: str) -> None:
    write_files(two.out, {name: "mine"})
    with pytest.raises(BuildError, match=f"{two.out}/{name}: no build wrote this"):
        two.build()
    assert tree(two.out) == {name: b"mine"}
    assert [path.name for path in two.out.parent.iterdir()] == ["site"]


@pytest.mark.parametrize(
    "make", [Path.mkdir, Path.touch, lambda path: path.symlink_to("/etc"), lambda path: path.symlink_to("/nowhere")]
)
def test_what_others_put_into_a_site_is_not_lost(two: Two, make: Callable[[Path], object]) -> None:
    two.become(ONE)
    two.build()
    make(two.out / "mine")
    two.become(OTHER)
    with pytest.raises(BuildError, match=f"{two.out}/mine: no build wrote this"):
        two.build()
    assert (two.out / "mine").is_symlink() or (two.out / "mine").exists()


def test_what_others_removed_from_a_site_is_there_again(two: Two) -> None:
    two.become(ONE)
    two.build()
    (two.out / "2024.txt").unlink()
    shutil.rmtree(two.out / "papers")
    assert two.build().rendered == 0
    assert tree(two.out) == two.states[0]
    shutil.rmtree(two.out)
    assert two.build().rendered == 0
    assert tree(two.out) == two.states[0]


def test_a_file_is_no_folder_for_a_site(two: Two) -> None:
    write_files(two.out.parent, {"site": "mine"})
    with pytest.raises(BuildError, match=f"{two.out}: is no folder"):
        two.build()
    assert tree(two.out.parent) == {"site": b"mine"}
    assert [path.name for path in two.out.parent.iterdir()] == ["site"]


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("/", "/: is no folder that a site could take the place of"),
        ("/proc/site", "/proc/.site.feeds.*: No such file or directory; the site is as it was"),
        ("archive", "lies in the archive"),
        ("archive/site", "lies in the archive"),
    ],
)
def test_where_no_site_can_be_is_named(open_files: OpenFiles, tmp_path: Path, out: str, said: str) -> None:
    catalog = offering(open_files(ONE), Note())
    with pytest.raises(BuildError, match=said):
        built(catalog, tmp_path / out)
    assert tree(tmp_path / "archive").keys() == ONE.keys()


@pytest.mark.parametrize("out", ["site", "./site/", "a/b/../b/site", "empty", "link", "."])
def test_a_site_may_be_given_in_any_way(two: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    here = tmp_path / "here"
    (here / "empty").mkdir(parents=True)
    if out == "link":
        (tmp_path / "elsewhere").mkdir()
        (here / "link").symlink_to(tmp_path / "elsewhere")
    if out == ".":
        here = here / "empty"
    for state, files in zip(two.states, (ONE, OTHER), strict=True):
        monkeypatch.chdir(here)
        two.become(files)
        two.out = Path(out)
        two.build()
        assert tree(here / out) == state
    assert (here / "link").is_symlink() == (out == "link")


def test_the_command_ends_with_1_where_the_site_cannot_be_written(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine")
    refused = feeds("build", tmp_path / "site", environ=environ)
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert refused.stderr.decode() == f"feeds: {tmp_path}/site: is no folder\n"


def test_an_archive_that_changes_meanwhile_gives_a_site_of_one_state(two: Two) -> None:
    two.become(ONE)

    def change(names: Iterable[str], _: int) -> Iterator[str]:
        for number, name in enumerate(names):
            if number == 3:
                two.become(OTHER)
            yield name

    assert two.build(change).errors == ()
    assert tree(two.out) == two.states[1]


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


def test_a_bar_on_a_terminal_names_what_is_written_and_the_time_left(environ: dict[str, str], tmp_path: Path) -> None:
    shown = on_a_terminal([FEEDS, "build", tmp_path / "site", "--archive", SEEDS, "--processes", "1"], environ)
    bars = re.findall(r"building +\d+%\|.*?\| (\d\d:\d\d) left, \d+/\d+ files, …?(\S+) *\r", shown)
    assert len({left for left, _ in bars}) > 1
    files = tree(tmp_path / "site")
    assert [name for _, name in bars if not any(file.endswith(name) for file in files)] == []
    assert len({name for _, name in bars}) > 5
    assert re.search(r"files \d+, rendered \d+, removed 0, failed 0", shown)


def test_without_a_terminal_there_is_no_bar(environ: dict[str, str], tmp_path: Path) -> None:
    said = feeds("build", tmp_path / "site", environ=environ)
    assert re.fullmatch(rf"{tmp_path}/site: files (\d+), rendered \1, removed 0, failed 0\n", said.stderr.decode())


def on_a_terminal(command: list[str | Path], environ: dict[str, str]) -> str:
    """Run a command on a terminal 80 characters wide; what it shows there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    shown = b""
    with subprocess.Popen(command, env=environ, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        with suppress(OSError):  # nobody writes any more
            while True:
                shown += os.read(ours, 4096)
    os.close(ours)
    assert process.returncode == 0
    return shown.decode()
