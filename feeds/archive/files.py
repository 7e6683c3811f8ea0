"""Finds the Markdown files under a folder, decodes one, and knows the folder of what is kept for next time."""

import os
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from feeds import NAME
from feeds.errors import ArchiveError
from feeds.model.diagnostic import Problem, Severity

_ENDINGS = (".md", ".markdown")
_YOUNG = 50_000_000  # nanoseconds; file systems stamp times some 4 ms apart
_INTEGER = 2**63 - 1  # the largest that SQLite keeps


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


def cache(environ: Mapping[str, str]) -> Path:
    """Name our folder in the user's cache, https://specifications.freedesktop.org/basedir-spec."""
    root = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or "~").expanduser() / ".cache"
    return Path(root) / NAME


def find(root: Path) -> dict[str, Signature]:
    """List the Markdown files at any depth, by their path under the folder with `/`.

    Hidden folders are passed over, links are followed. A folder that may not be read is listed like a file, so that
    reading it says why. Raises ArchiveError where there is no such folder or it cannot be read at the moment.
    """
    if not root.is_dir():
        raise ArchiveError(f"{root}: no such folder; give the folder of an archive or set FEEDS_ARCHIVE")
    try:
        return dict(sorted(_walk(os.fspath(root))))
    except OSError as error:
        raise ArchiveError(f"{error.filename or root}: cannot be read: {error.strerror}") from error


def _walk(root: str) -> Iterator[tuple[str, Signature]]:
    folders = [(root, "")]
    known: set[tuple[int, int]] = set()
    while folders:
        folder, prefix = folders.pop()
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in known:
            continue  # a link back
        known.add((status.st_dev, status.st_ino))
        try:
            with os.scandir(folder) as found:
                entries = [entry for entry in found if not entry.name.startswith(".")]
        except (FileNotFoundError, NotADirectoryError):
            continue  # gone since its parent was read
        except PermissionError:
            if not prefix:
                raise
            yield prefix.rstrip("/"), Signature(0, 0, 0, 0)
            continue
        for entry in entries:
            if entry.is_dir():
                folders.append((entry.path, f"{prefix}{entry.name}/"))
            elif entry.name.lower().endswith(_ENDINGS):
                yield from _signed(entry, prefix + entry.name)


def _signed(entry: "os.DirEntry[str]", name: str) -> Iterator[tuple[str, Signature]]:
    try:
        status = entry.stat()
    except FileNotFoundError:
        return  # a dangling link, or gone since
    # A file this young may change once more within one tick of its times: no look may know it again.
    now = time.time_ns()
    changed = status.st_ctime_ns if now - status.st_ctime_ns > _YOUNG else -now
    if stat.S_ISREG(status.st_mode):
        yield name, Signature(status.st_size, status.st_mtime_ns, changed, status.st_ino & _INTEGER)


def decode(data: bytes) -> Content:
    """Decode UTF-8, or UTF-16 behind its mark; a byte that is neither becomes U+FFFD and a problem with its line."""
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    try:
        return Content(data.decode(encoding), ())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem(line, f"not {encoding.upper()}: {error.reason}, shown as \ufffd", Severity.ERROR)
        return Content(data.decode(encoding, "replace"), (problem,))
