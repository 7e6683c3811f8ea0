"""Writes files atomically, and names the folder for cached data."""

import os
from collections.abc import Mapping
from pathlib import Path
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


def user_cache_dir(environ: Mapping[str, str]) -> Path:
    """Return our folder among the user's caches, https://specifications.freedesktop.org/basedir-spec."""
    # Not platformdirs: it reads os.environ and cannot be given another environment.
    root = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or "~").expanduser() / ".cache"
    return Path(root) / NAME
