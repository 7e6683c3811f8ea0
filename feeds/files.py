"""Reads regular files, writes files atomically, and names the folder for cached data."""

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from feeds import NAME


def atomic_write(
    path: Path, data: bytes, *, mode: int | None = None, mtime: float | None = None, fsync: bool = False
) -> None:
    """Write a file so that readers see its old content or the new, never a part.

    Args:
        path: A file in an existing folder; what it held is replaced.
        data: The new content.
        mode: Permission bits; by default those that the umask leaves of 0666.
        mtime: Modification time in seconds since 1970; by default now.
        fsync: Wait until the content is on the disk, so that a power failure cannot leave an empty file.

    Raises:
        OSError: The file cannot be written. It is unchanged and no temporary file is left.
    """
    temporary = path.with_name(f".{uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            if fsync:
                file.flush()
                os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)
        if mtime is not None:
            os.utime(temporary, (mtime, mtime))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def open_regular_file(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file that is neither a folder nor a pipe, socket or device, which may be endless or never answer.

    Raises OSError if the file does not exist, cannot be opened, or is of another kind.
    """
    _require_regular(os.stat(path))  # before it is opened: to open a device may already act on it
    file = open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb")  # noqa: SIM115  # the caller closes it
    try:
        _require_regular(os.fstat(file.fileno()))
    except OSError:
        file.close()
        raise
    return file


def read_regular_file(path: str | os.PathLike[str], max_size: int) -> bytes:
    """Read a file as `open_regular_file` opens it; it is an OSError too if it has more bytes than `max_size`."""
    with open_regular_file(path) as file:
        data = file.read(max_size + 1)
    if len(data) > max_size:
        raise OSError(errno.EFBIG, f"larger than {max_size:,} bytes")
    return data


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, f"a {_KINDS.get(stat.S_IFMT(status.st_mode), 'device')}, not a file")


_KINDS = {stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}


def user_cache_dir(environ: Mapping[str, str]) -> Path:
    """Return our folder among the user's caches, https://specifications.freedesktop.org/basedir-spec."""
    # Not platformdirs: it reads os.environ and cannot be given another environment.
    root = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or "~").expanduser() / ".cache"
    return Path(root) / NAME
