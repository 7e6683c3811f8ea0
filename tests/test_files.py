"""Files are replaced whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from feeds.files import atomic_write, user_cache_dir


def test_content_mode_and_time_are_those_given(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (b"old", b"new"):
        atomic_write(path, data, mode=0o444, mtime=1_700_000_000, fsync=True)
        assert path.read_bytes() == data
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert path.stat().st_mtime == 1_700_000_000
    assert list(tmp_path.iterdir()) == [path]


def test_default_mode_follows_the_umask(tmp_path: Path) -> None:
    previous = os.umask(0o027)
    try:
        atomic_write(tmp_path / "file", b"")
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_failed_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "file").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        atomic_write(folder / "file", b"data")
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_cache_folder_follows_the_given_environment() -> None:
    assert user_cache_dir({"HOME": "/home/ann"}) == Path("/home/ann/.cache/daily-papers-feeds")
    assert user_cache_dir({"HOME": "/h", "XDG_CACHE_HOME": "/c"}) == Path("/c/daily-papers-feeds")
    assert user_cache_dir({}) == Path("~/.cache/daily-papers-feeds").expanduser()
