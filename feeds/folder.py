"""Finds the Markdown files under a folder, and reads one."""

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from feeds.digest import Problem, Severity
from feeds.errors import ArchiveError

_ENDINGS = (".md", ".markdown")
_YOUNG = 50_000_000  # nanoseconds; file systems stamp times some 4 ms apart


class Signature(NamedTuple):
    """What changes when a file does, as far as the file system tells."""

    size: int
    modified: int  # nanoseconds since 1970
    changed: int  # nanoseconds since 1970, which nobody can set; of a file too young to tell, the time of the look
    inode: int


class Content(NamedTuple):
    """The text of a file, and where it was no UTF-8."""

    text: str
    problems: tuple[Problem, ...]


def find(root: Path) -> dict[str, Signature]:
    """List the Markdown files at any depth, by their path under the folder with `/`; hidden folders are passed over.

    Raises ArchiveError where there is no such folder.
    """
    if not root.is_dir():
        raise ArchiveError(f"{root}: no such folder; give the folder of an archive or set FEEDS_ARCHIVE")
    return dict(_walk(os.fspath(root), ""))


def _walk(folder: str, prefix: str) -> Iterator[tuple[str, Signature]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return  # gone since its parent was read, or not ours to read
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{prefix}{entry.name}/")
        elif entry.name.lower().endswith(_ENDINGS):
            yield from _signed(entry, prefix + entry.name)


def _signed(entry: "os.DirEntry[str]", name: str) -> Iterator[tuple[str, Signature]]:
    try:
        status = entry.stat()
    except OSError:
        return  # a dangling link, or gone since
    # A file this young may change once more within one tick of its times: no look may know it again.
    now = time.time_ns()
    changed = status.st_ctime_ns if now - status.st_ctime_ns > _YOUNG else -now
    if stat.S_ISREG(status.st_mode):
        yield name, Signature(status.st_size, status.st_mtime_ns, changed, status.st_ino)


def decode(data: bytes) -> Content:
    """Decode UTF-8; a byte that is none becomes U+FFFD and a problem with its line."""
    try:
        return Content(data.decode("utf-8"), ())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem(line, f"not UTF-8: {error.reason}, shown as \ufffd", Severity.ERROR)
        return Content(data.decode("utf-8", "replace"), (problem,))
