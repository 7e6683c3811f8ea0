"""Where `feeds build` writes, what it refuses, and what it says meanwhile."""

import os
import pty
import re
import shutil
import stat
import subprocess
import termios
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from feeds.errors import BuildError
from tests.cli.test_cli import feeds
from tests.support import archives
from tests.support.digests import SEEDS, OpenFiles, write_files
from tests.support.servers import FEEDS
from tests.support.sites import ONE, OTHER, Note, Two, built, offering, tree

pytestmark = pytest.mark.external


@pytest.fixture
def two(open_files: OpenFiles, tmp_path: Path) -> Two:
    return Two(tmp_path, open_files(ONE))


@pytest.mark.parametrize("name", ["index.html", "a/b.txt", ".well-known/x"])
def test_a_folder_with_files_of_others_is_refused(two: Two, name: str) -> None:
    write_files(two.out, {name: "mine"})
    with pytest.raises(BuildError, match=f"{two.out}/{name}: .site.feeds knows no build that wrote this"):
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
    with pytest.raises(BuildError, match=f"{two.out}/mine: .site.feeds knows no build that wrote this"):
        two.build()
    assert (two.out / "mine").is_symlink() or (two.out / "mine").exists()


def test_what_others_put_into_a_site_while_it_is_built_is_not_lost(two: Two) -> None:
    two.become(ONE)
    two.build()
    two.become(OTHER)

    def put(names: Iterable[str], _: int) -> Iterator[str]:
        for name in names:
            write_files(two.out, {"mine": "mine"})
            yield name

    with pytest.raises(BuildError, match=f"{two.out}/mine: .site.feeds knows no build that wrote this"):
        two.build(put)
    (two.out / "mine").unlink()
    assert tree(two.out) == two.states[0]
    assert two.build().rendered == 0
    assert tree(two.out) == two.states[1]


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


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o2775])
def test_who_may_look_into_a_folder_is_as_it_was(two: Two, mode: int) -> None:
    two.out.mkdir(parents=True)
    group = 1 if os.geteuid() == 0 else os.getegid()  # others only root may give
    os.chown(two.out, -1, group)
    two.out.chmod(mode)
    for files in (ONE, OTHER):
        two.become(files)
        two.build()
        folders = [two.out, *(path for path in two.out.rglob("*") if path.is_dir())]
        assert len(folders) > 1
        assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {mode}
        assert {path.stat().st_gid for path in folders} == {group}


def test_the_command_ends_with_1_where_the_site_cannot_be_written(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine")
    refused = feeds("build", tmp_path / "site", environ=environ)
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert refused.stderr.decode() == f"feeds: {tmp_path}/site: is no folder\n"


def test_a_bar_on_a_terminal_names_what_is_written_and_the_time_left(environ: dict[str, str], tmp_path: Path) -> None:
    shown = on_a_terminal([FEEDS, "build", tmp_path / "site", "--archive", SEEDS, "--processes", "1"], environ)
    bars = re.findall(r"building +\d+%\|.*?\| (\d\d:\d\d) left, \d+/\d+ files, …?(\S+) *\r", shown)
    files = tree(tmp_path / "site")
    assert [name for _, name in bars if not any(file.endswith(name) for file in files)] == []
    assert len({name for _, name in bars}) > 1
    assert re.search(r"files \d+, rendered \d+, removed 0, failed 0", shown)


def test_without_a_terminal_there_is_no_bar(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    archives.write(folder, days=8, papers=8)
    said = feeds("build", tmp_path / "site", "--archive", folder, "--processes", "1", environ=environ)
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
