"""Finds and reads the digest files under a folder."""

import codecs
import os
import re
import stat
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from feeds.errors import ArchiveError
from feeds.model.diagnostic import Diagnostic, Severity

# git calls a file "racy" that changed within the resolution of its timestamps; file systems stamp them some 4 ms apart.
_RACY_WINDOW_NS = 50_000_000
_MAX_INTEGER = 2**63 - 1  # of SQLite
_MARKS = (  # the first that fits: the mark of UTF-32 starts with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNMARKED = {"utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "cp949": "CP949 (EUC-KR)"}
# The syllables of KS X 1001, as CP949 encodes them. All others are so rare that many mean another encoding.
_COMMON_HANGUL = re.compile(rb"[\xb0-\xc8][\xa1-\xfe]")
_MIN_HANGUL = 0.75  # of the letters outside ASCII


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
        problem = "not a folder" if root.exists() else "no such folder"
        raise ArchiveError(f"{root}: {problem}; give the folder of an archive or set FEEDS_ARCHIVE")
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
    """Decode UTF-8, or UTF-16 and UTF-32 with a byte order mark; others with a diagnostic.

    A file that is wholly in CP949, a superset of EUC-KR, or in UTF-16 without a mark is decoded with a warning. In all
    others undecodable bytes become U+FFFD, and an error names the first line of them.
    """
    encoding = _detect_encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"not {encoding.upper()}: {error.reason}; shown as \ufffd; save the file as UTF-8"
        return DecodedFile(data.decode(encoding, "replace"), (Diagnostic(line, message, Severity.ERROR),))
    if encoding not in _UNMARKED:
        return DecodedFile(text, ())
    message = f"the file is read as {_UNMARKED[encoding]}; save it as UTF-8"
    return DecodedFile(text, (Diagnostic(1, message, Severity.WARNING),))


def _detect_encoding(data: bytes) -> str:
    """Return the encoding of a file by its byte order mark or its content; UTF-8 if no other is certain."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    if b"\0" not in data and _try_decode(data, "utf-8") is not None:
        return "utf-8"
    texts = ((encoding, _try_decode(data, encoding)) for encoding in _UNMARKED)
    certain = (encoding for encoding, text in texts if text is not None and _is_plausible(text, encoding))
    return next(certain, "utf-8")


def _try_decode(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_plausible(text: str, encoding: str) -> bool:
    """Whether a text that was decoded from an encoding without a mark is a digest and not gibberish."""
    if encoding != "cp949":
        return "\0" not in text and "## " in text  # the wrong byte order makes other characters of them
    letters = Counter(character for character in text if not character.isascii() and character.isalpha())
    hangul = sum(count for letter, count in letters.items() if _COMMON_HANGUL.fullmatch(letter.encode("cp949")))
    return hangul > 0 and hangul >= _MIN_HANGUL * letters.total()
