"""Files are replaced whole or not at all, and only regular ones are read."""

import os
import socket
import stat
from pathlib import Path

import pytest

from feeds.files import atomic_write, read_regular_file, user_cache_dir


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


def test_regular_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    assert read_regular_file(tmp_path / "link", 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_regular_file(tmp_path / "file", 4)


def test_pipes_sockets_and_folders_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "socket", "folder"):
        with pytest.raises(OSError, match=f"a {name}, not a file"):
            read_regular_file(tmp_path / name, 100)
    with pytest.raises(OSError, match="a device, not a file"):
        read_regular_file("/dev/zero", 100)
