"""Finds and reads the digest files under a folder."""

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from feeds.errors import ArchiveError
from feeds.model.diagnostic import Diagnostic, Severity

# git calls a file "racy" that changed within the resolution of its timestamps; file systems stamp them some 4 ms apart.
_RACY_WINDOW_NS = 50_000_000
_MAX_INTEGER = 2**63 - 1  # of SQLite


class Signature(NamedTuple):
    """What changes when a file does, as far as the file system tells. Times are in nanoseconds since 1970.

    `ctime_ns` cannot be set by programs. For a racy file it is the negative time of the scan, which matches no other.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class DecodedFile(NamedTuple):
    """The text of a file, and a diagnostic for each line that could not be decoded."""

    text: str
    diagnostics: tuple[Diagnostic, ...]


def scan(root: Path, suffixes: tuple[str, ...]) -> dict[str, Signature]:
    """List the files with one of the suffixes at any depth, by their path relative to the folder.

    Hidden files and folders are skipped, links are followed. A folder that may not be read is listed like a file, so
    that reading it reports why. Raises ArchiveError if there is no such folder, or it cannot be read at the moment.
    """
    if not root.is_dir():
        raise ArchiveError(f"{root}: no such folder; give the folder of an archive or set FEEDS_ARCHIVE")
    try:
        return dict(sorted(_walk(os.fspath(root), suffixes)))
    except OSError as error:
        raise ArchiveError(f"{error.filename or root}: cannot be read: {error.strerror}") from error


def _walk(root: str, suffixes: tuple[str, ...]) -> Iterator[tuple[str, Signature]]:
    folders = [(root, "")]
    visited: set[tuple[int, int]] = set()
    while folders:
        folder, prefix = folders.pop()
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in visited:
            continue  # a link to a folder above
        visited.add((status.st_dev, status.st_ino))
        try:
            with os.scandir(folder) as iterator:
                entries = [entry for entry in iterator if not entry.name.startswith(".")]
        except (FileNotFoundError, NotADirectoryError):
            continue  # deleted since its parent was read
        except PermissionError:
            if not prefix:
                raise
            yield prefix.rstrip("/"), Signature(0, 0, 0, 0)
            continue
        for entry in entries:
            if entry.is_dir():
                folders.append((entry.path, f"{prefix}{entry.name}/"))
            elif entry.name.lower().endswith(suffixes):
                yield from _sign(entry, prefix + entry.name)


def _sign(entry: "os.DirEntry[str]", path: str) -> Iterator[tuple[str, Signature]]:
    try:
        status = entry.stat()
    except FileNotFoundError:
        return  # a dangling link, or deleted since the folder was read
    now = time.time_ns()
    ctime_ns = status.st_ctime_ns if now - status.st_ctime_ns > _RACY_WINDOW_NS else -now
    if stat.S_ISREG(status.st_mode):
        yield path, Signature(status.st_size, status.st_mtime_ns, ctime_ns, status.st_ino & _MAX_INTEGER)


def decode(data: bytes) -> DecodedFile:
    """Decode UTF-8, or UTF-16 with a byte order mark; undecodable bytes become U+FFFD and an error with its line."""
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    try:
        return DecodedFile(data.decode(encoding), ())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"not {encoding.upper()}: {error.reason}; shown as \ufffd; save the file as UTF-8"
        return DecodedFile(data.decode(encoding, "replace"), (Diagnostic(line, message, Severity.ERROR),))
