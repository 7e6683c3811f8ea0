"""Which folders `feeds build` writes to, which it refuses, and what the command prints."""

import json
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
from tests.support import archives
from tests.support.digests import OpenFiles, write_files
from tests.support.servers import FEEDS, run_feeds
from tests.support.sites import ONE, OTHER, TextExporter, TwoStateSite, build_site, read_files, with_formats

pytestmark = pytest.mark.external


@pytest.fixture
def site(open_files: OpenFiles, tmp_path: Path) -> TwoStateSite:
    return TwoStateSite(tmp_path, open_files(ONE))


@pytest.mark.parametrize("name", ["index.html", "a/b.txt", ".well-known/x"])
def test_folder_with_foreign_files_is_refused(site: TwoStateSite, name: str) -> None:
    write_files(site.out, {name: "mine"})
    with pytest.raises(BuildError, match=f"{site.out}/{name}: not created by `feeds build`; move it away"):
        site.build()
    assert read_files(site.out) == {name: b"mine"}
    assert [path.name for path in site.out.parent.iterdir()] == ["site"]


@pytest.mark.parametrize(
    "create", [Path.mkdir, Path.touch, lambda path: path.symlink_to("/etc"), lambda path: path.symlink_to("/nowhere")]
)
def test_foreign_entry_in_a_site_is_not_lost(site: TwoStateSite, create: Callable[[Path], object]) -> None:
    site.switch_to(ONE)
    site.build()
    create(site.out / "mine")
    site.switch_to(OTHER)
    with pytest.raises(BuildError, match=f"{site.out}/mine: not created by `feeds build`; move it away"):
        site.build()
    assert (site.out / "mine").is_symlink() or (site.out / "mine").exists()


def test_foreign_file_added_during_a_build_is_not_lost(site: TwoStateSite) -> None:
    site.switch_to(ONE)
    site.build()
    site.switch_to(OTHER)

    def add_file(names: Iterable[str], _: int) -> Iterator[str]:
        for name in names:
            write_files(site.out, {"mine": "mine"})
            yield name

    with pytest.raises(BuildError, match=f"{site.out}/mine: not created by `feeds build`; move it away"):
        site.build(add_file)
    (site.out / "mine").unlink()
    assert read_files(site.out) == site.states[0]
    assert site.build().rendered == 0
    assert read_files(site.out) == site.states[1]


def test_foreign_file_in_the_previous_site_is_not_lost(site: TwoStateSite) -> None:
    for files in (ONE, OTHER):
        site.switch_to(files)
        site.build()
    write_files(site.work / "old", {"mine": "mine"})
    site.switch_to(ONE)
    with pytest.raises(BuildError, match=f"{site.work}/old/mine: not created by `feeds build`; move it away"):
        site.build()
    (site.work / "old/mine").unlink()
    site.build()
    assert read_files(site.out) == site.states[0]


def test_previous_site_that_lacks_files_is_not_reused(site: TwoStateSite) -> None:
    for files in (ONE, OTHER):
        site.switch_to(files)
        site.build()
    (site.work / "old/2024.txt").unlink()
    site.switch_to(ONE)
    site.build()
    assert read_files(site.out) == site.states[0]


def test_site_of_version_0_2_is_taken_over(site: TwoStateSite) -> None:
    for files in (ONE, OTHER):
        site.switch_to(files)
        site.build()
    (manifest,) = site.work.glob(f"manifest-{site.out.stat().st_ino}.json")
    content = json.loads(manifest.read_text())
    tags = {name: etag for etags in content["parts"].values() for name, etag in etags.items()}
    manifest.write_text(json.dumps({"codings": content["codings"], "tags": tags}))
    (other,) = site.work.glob(f"manifest-{(site.work / 'old').stat().st_ino}.json")
    for path in (other, *site.work.glob("stamp-*")):
        path.unlink()
    assert site.build().rendered == 0
    assert read_files(site.out) == site.states[1]


def test_removed_files_are_restored_without_rendering(site: TwoStateSite) -> None:
    site.switch_to(ONE)
    site.build()
    (site.out / "2024.txt").unlink()
    shutil.rmtree(site.out / "papers")
    assert site.build().rendered == 0
    assert read_files(site.out) == site.states[0]
    shutil.rmtree(site.out)
    assert site.build().rendered == 0
    assert read_files(site.out) == site.states[0]


def test_file_in_place_of_the_folder_is_refused(site: TwoStateSite) -> None:
    write_files(site.out.parent, {"site": "mine"})
    with pytest.raises(BuildError, match=f"{site.out}: not a folder"):
        site.build()
    assert read_files(site.out.parent) == {"site": b"mine"}
    assert [path.name for path in site.out.parent.iterdir()] == ["site"]


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("/", "/: cannot be used as the output folder"),
        ("/proc/site", "/proc/.site.feeds.*: No such file or directory; the site is as it was"),
        ("archive", "lies in the archive"),
        ("archive/site", "lies in the archive"),
    ],
)
def test_unusable_output_folder_is_named(open_files: OpenFiles, tmp_path: Path, out: str, message: str) -> None:
    publisher = with_formats(open_files(ONE), TextExporter())
    with pytest.raises(BuildError, match=message):
        build_site(publisher, tmp_path / out)
    assert read_files(tmp_path / "archive").keys() == ONE.keys()


@pytest.mark.parametrize("out", ["site", "./site/", "a/b/../b/site", "empty", "link", "."])
def test_output_folder_may_be_written_in_any_way(
    site: TwoStateSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    here = tmp_path / "here"
    (here / "empty").mkdir(parents=True)
    if out == "link":
        (tmp_path / "elsewhere").mkdir()
        (here / "link").symlink_to(tmp_path / "elsewhere")
    if out == ".":
        here = here / "empty"
    for state, files in zip(site.states, (ONE, OTHER), strict=True):
        monkeypatch.chdir(here)
        site.switch_to(files)
        site.out = Path(out)
        site.build()
        assert read_files(here / out) == state
    assert (here / "link").is_symlink() == (out == "link")


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o2775])
def test_mode_and_group_of_the_folder_are_kept(site: TwoStateSite, mode: int) -> None:
    site.out.mkdir(parents=True)
    group = 1 if os.geteuid() == 0 else os.getegid()  # only root may choose another one
    os.chown(site.out, -1, group)
    site.out.chmod(mode)
    for files in (ONE, OTHER):
        site.switch_to(files)
        site.build()
        folders = [site.out, *(path for path in site.out.rglob("*") if path.is_dir())]
        assert len(folders) > 1
        assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {mode}
        assert {path.stat().st_gid for path in folders} == {group}


def test_command_exits_with_1_if_it_cannot_write(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine")
    result = run_feeds("build", tmp_path / "site", environ=environ)
    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr.decode() == f"feeds: {tmp_path}/site: not a folder; choose another one\n"


def test_command_refuses_a_folder_in_the_archive(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, ONE)
    for out in (folder / "site", folder / "papers" / ".." / "site"):
        result = run_feeds("build", out, "--archive", folder, environ=environ)
        assert (result.returncode, result.stderr.count(b"\n")) == (1, 1)
        assert b"lies in the archive" in result.stderr
    assert {path.name for path in folder.iterdir()} == ONE.keys()


def test_progress_bar_names_files_and_remaining_time(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    archives.write(folder, days=100, papers=600)  # for more than a second
    output = run_in_terminal([FEEDS, "build", tmp_path / "site", "--archive", folder, "--processes", "1"], environ)
    bars = re.findall(r"building +\d+%\|.*?\| (\d\d:\d\d) left, \d+/\d+ files, …?(\S+) *\r", output)
    files = read_files(tmp_path / "site")
    assert [name for _, name in bars if not any(file.endswith(name) for file in files)] == []
    assert len({name for _, name in bars}) > 1
    assert re.search(r"files \d+, rendered \d+, removed 0, failed 0", output)


def test_no_progress_bar_without_a_terminal(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    archives.write(folder, days=8, papers=8)
    result = run_feeds("build", tmp_path / "site", "--archive", folder, "--processes", "1", environ=environ)
    counts = rf"{tmp_path}/site: files (\d+), rendered \1, removed 0, failed 0\n"
    assert re.fullmatch(counts, result.stderr.decode())


def run_in_terminal(command: list[str | Path], environ: dict[str, str]) -> str:
    """Run a command in a terminal of 80 columns and return its output."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    output = b""
    with subprocess.Popen(command, env=environ, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        with suppress(OSError):  # EIO when the command has ended
            while True:
                output += os.read(ours, 4096)
    os.close(ours)
    assert process.returncode == 0
    return output.decode()
