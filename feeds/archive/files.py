"""Finds and reads the digest files under a folder."""

import codecs
import errno
import os
import re
import stat
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import NamedTuple

from feeds.errors import ArchiveError
from feeds.files import read_regular_file
from feeds.model.diagnostic import Diagnostic, Severity

# git calls a file "racy" that changed within the resolution of its timestamps; file systems stamp them some 4 ms apart.
_RACY_WINDOW_NS = 50_000_000
# A time in the future by more than clocks of servers differ is from before the clock was put back: a change of the file
# would have another one.
_MAX_SKEW_NS = 60_000_000_000
_MAX_INTEGER = 2**63 - 1  # of SQLite
_LOOKS = 400  # files that are looked at while nothing is known to have changed
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


class _Folder(NamedTuple):
    """A folder as it was listed: its path, what changes with its entries, and the names of its files and subfolders."""

    path: str
    signature: tuple[int, int, int]
    files: frozenset[str]
    folders: frozenset[str]


class FileTree:
    """The files under a folder that have one of some suffixes, at any depth.

    Hidden files and folders are skipped, links are followed. A folder that cannot be read is listed like a file, and so
    are folders, pipes and links that are called like one, so that reading them reports why. Files are called by their
    paths relative to the folder.

    Args:
        root: the folder.
        suffixes: of the files, in lower case.
        patterns: of their paths, such as `data/*.jsonl`; by default all.
    """

    def __init__(self, root: Path, suffixes: Iterable[str], patterns: Iterable[str] = ()) -> None:
        self.root = root
        self._suffixes = tuple(suffixes)
        self._pattern = compile_patterns(patterns)
        self._folders: dict[str, _Folder] = {}  # by their paths, each with a slash at its end
        self._places: dict[tuple[int, int], str] = {}  # of folders, by device and inode
        self._newest_first: list[str] | None = None  # the files; None after a change
        self._next = 0  # of those to look at in turn

    def scan(self) -> dict[str, Signature]:
        """Look at all files.

        Raises ArchiveError if there is no such folder, or it cannot be read at the moment.
        """
        with self._reporting():
            self._folders.clear()
            self._places.clear()
            self._newest_first = None
            return self.sign(sorted(self._list("")))

    def paths(self) -> Iterator[str]:
        """List the files, folder by folder; nothing if the folder is missing or unreadable."""
        self._folders.clear()
        self._places.clear()
        self._newest_first = None
        with suppress(ArchiveError, OSError):
            yield from self._list("")

    def sign(self, paths: Iterable[str]) -> dict[str, Signature]:
        """Look at some files; those that do not exist are left out."""
        root = os.path.join(self.root, "")
        signatures = ((path, _sign(root + path)) for path in paths)
        return {path: signature for path, signature in signatures if signature}

    def is_unreachable(self, folder: str) -> bool:
        """Whether it is unknown what a folder holds: it cannot be read, or is reached by a link that leads nowhere."""
        try:
            os.scandir(os.path.join(self.root, folder)).close()
        except (FileNotFoundError, NotADirectoryError):
            parents = [folder, *map(os.fspath, PurePath(folder).parents)]
            places = [os.path.join(self.root, parent) for parent in parents]
            return any(os.path.islink(place) and not os.path.exists(place) for place in places)
        except OSError:
            return True
        return False

    def is_vacant(self, folder: str) -> bool:
        """Whether a folder, or the nearest one above that exists, is empty, as that of a volume that is not mounted."""
        for place in (folder, *map(os.fspath, PurePath(folder).parents)):
            try:
                with os.scandir(os.path.join(self.root, place)) as entries:
                    return not any(entries)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                break
        return False

    def find_changes(self, known: Mapping[str, Signature]) -> set[str]:
        """Find files that may differ from what is known of them, at a cost that hardly grows with their number.

        Looks at every folder, so that new, deleted and replaced files are found at once; and for files that were
        changed in place at a few hundred: those that changed last, and the others in turn.

        Raises ArchiveError as `scan` does.
        """
        with self._reporting():
            changed = self._find_moves(known)
            if self._newest_first is None:
                self._newest_first = sorted(known, key=lambda path: -known[path].mtime_ns)
            paths = self._newest_first[: _LOOKS // 2] + self._take_turns(self._newest_first[_LOOKS // 2 :])
            signatures = self.sign(paths)
            changed |= {path for path in paths if signatures.get(path) != known.get(path)}
            if changed:
                self._newest_first = None
            return changed

    def _take_turns(self, paths: list[str]) -> list[str]:
        start = self._next if self._next < len(paths) else 0
        self._next = start + _LOOKS // 2
        return paths[start : self._next]

    def _find_moves(self, known: Mapping[str, Signature]) -> set[str]:
        """Find files that were added to a folder or taken out of it since it was listed."""
        changed: set[str] = set()
        for prefix, folder in list(self._folders.items()):
            if self._folders.get(prefix) is not folder or _sign_folder(folder.path) == folder.signature:
                continue
            if not prefix:
                self._require_root()
            self._forget(prefix)
            changed |= {prefix + name for name in folder.files}.symmetric_difference(self._list_one(prefix))
            subfolders = self._folders[prefix].folders if prefix in self._folders else frozenset[str]()
            for name in folder.folders - subfolders:
                gone = f"{prefix}{name}/"
                changed |= {path for path in known if path.startswith(gone)}
                for place in [place for place in self._folders if place.startswith(gone)]:
                    self._forget(place)
            for name in subfolders - folder.folders:
                changed.update(self._list(f"{prefix}{name}/"))
        return changed

    def _forget(self, prefix: str) -> None:
        del self._folders[prefix]
        self._places = {place: path for place, path in self._places.items() if path != prefix}

    def _list(self, prefix: str) -> Iterator[str]:
        """List the files in a folder and its subfolders, in the same order wherever several links lead to one."""
        pending = [prefix]
        while pending:
            prefix = pending.pop()
            yield from self._list_one(prefix)
            if prefix in self._folders:
                pending += (f"{prefix}{name}/" for name in sorted(self._folders[prefix].folders, reverse=True))

    def _list_one(self, prefix: str) -> Iterator[str]:
        """List the files in a folder, and remember it."""
        path = os.path.join(self.root, prefix)
        if not prefix:
            self._require_root()
        signature = _sign_folder(path)
        if signature is None or signature[:2] in self._places:
            return  # deleted since its parent was read, or a link to a folder above
        try:
            with os.scandir(path.rstrip("/") if prefix else path) as iterator:
                entries = [entry for entry in iterator if not entry.name.startswith(".")]
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            if not prefix or error.errno in _OUT_OF_RESOURCES:
                raise
            yield prefix.rstrip("/")
            return
        kinds = {entry.name: _is_folder(entry) for entry in entries}
        folders = frozenset(name for name, is_folder in kinds.items() if is_folder)
        files = frozenset(name for name, is_folder in kinds.items() if is_folder is None or self._is_read(prefix, name))
        self._folders[prefix] = _Folder(path, signature, files, folders)
        self._places[signature[:2]] = prefix
        yield from (prefix + name for name in files)

    def _is_read(self, prefix: str, name: str) -> bool:
        return name.lower().endswith(self._suffixes) and self._pattern.fullmatch(prefix + name) is not None

    def _require_root(self) -> None:
        if not self.root.is_dir():
            problem = "not a folder" if self.root.exists() else "no such folder"
            raise ArchiveError(f"{self.root}: {problem}; give the folder of an archive or set FEEDS_ARCHIVE")

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ArchiveError(f"{error.filename or self.root}: cannot be read: {error.strerror}") from error


_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_UNREADABLE = Signature(0, 0, 0, 0)  # of files that reading reports as unreadable


def _is_folder(entry: "os.DirEntry[str]") -> bool | None:
    """Whether an entry is a folder, or a link to one; None if that may not be known."""
    try:
        return entry.is_dir()
    except PermissionError:
        return None
    except OSError:  # a link that leads to itself
        return False


def _sign_folder(path: str) -> tuple[int, int, int] | None:
    """Return what identifies a folder and changes with its entries; None if it does not exist."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    now = time.time_ns()
    return status.st_dev, status.st_ino, -now if _is_racy(status.st_mtime_ns, now) else status.st_mtime_ns


def _is_racy(time_ns: int, now: int) -> bool:
    return -_MAX_SKEW_NS < now - time_ns <= _RACY_WINDOW_NS


def _sign(path: str) -> Signature | None:
    """Return the signature of a file; None if it does not exist."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return _UNREADABLE if os.path.islink(path) else None
    except OSError:
        return _UNREADABLE
    if not stat.S_ISREG(status.st_mode):
        return _UNREADABLE
    now = time.time_ns()
    ctime_ns = -now if _is_racy(status.st_ctime_ns, now) else status.st_ctime_ns
    return Signature(status.st_size, status.st_mtime_ns, ctime_ns, status.st_ino & _MAX_INTEGER)


def compile_patterns(patterns: Iterable[str]) -> re.Pattern[str]:
    """Return what matches the paths that one of some patterns names; all paths without a pattern.

    `*` and `?` stand for characters of a name, `**/` for any number of folders.
    """
    return re.compile("|".join(map(_translate_pattern, patterns)) or ".*", re.DOTALL)


def _translate_pattern(pattern: str) -> str:
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(signs.get(part) or re.escape(part) for part in re.split(r"(\*\*/|\*\*|\*|\?)", pattern))


def read_file(path: Path, max_size: int) -> bytes:
    """Read a file as it was listed.

    Raises OSError if it cannot be read, FileNotFoundError only if it does not exist at all.
    """
    try:
        return read_regular_file(path, max_size)
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.is_symlink():
            raise OSError(errno.ENOLINK, "a link to a file that does not exist") from error
        raise FileNotFoundError(errno.ENOENT, error.strerror) from error
    except OSError:
        if os.path.isdir(path):
            os.scandir(os.fspath(path)).close()  # raises the reason why a folder cannot be read
        raise


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
