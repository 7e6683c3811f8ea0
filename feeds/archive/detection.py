"""Finds out which reader an archive is for, where no setting says so."""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from feeds.archive.files import compile_patterns, decode, read_file
from feeds.archive.records import MAX_FILE_SIZE
from feeds.archive.survey import walk
from feeds.readers import Digest
from feeds.readers.dates import Dates
from feeds.readers.registry import ArchiveReader, Registry

_MAX_FILES = 2_000  # that a reader is shown
_GUIDES = frozenset({"readme", "index", "_index", "home", "_sidebar", "contributing", "changelog"})


def detect_reader(root: Path, readers: Registry, patterns: Iterable[str], dates: Dates) -> str:
    """Return the name of the reader that an archive is for; empty if none finds anything.

    That is the first reader, `daily-papers`, if it finds a day, or else the first that finds a paper and its day. These
    see READMEs and index files only where none finds anything elsewhere: such files often repeat what digests hold.
    """
    name, *other_names = readers.names()
    first = readers.select([name], dates)
    pattern = compile_patterns(patterns)
    paths = (path for path in walk(root, []) if pattern.fullmatch(path))
    known: list[str] = []
    for path in paths:
        known.append(path)
        if any(digest.days for digest in _read(root, first, [path])):
            return first.name
    known.sort(reverse=True)  # the newest digests first
    guides = [path for path in known if PurePosixPath(path).name.partition(".")[0].lower() in _GUIDES]
    others = [readers.select([name], dates) for name in other_names]
    digests = [path for path in known if path not in set(guides)]
    for some in (digests, guides):
        for reader in others:
            if any(digest.entries for digest in _read(root, reader, some)):
                return reader.name
    return ""


def _read(root: Path, reader: ArchiveReader, paths: Iterable[str]) -> Iterator[Digest]:
    endings = tuple(reader.suffixes)
    for path in [path for path in paths if path.lower().endswith(endings)][:_MAX_FILES]:
        try:
            data = read_file(root / path, MAX_FILE_SIZE)
        except OSError:
            continue  # which reading the archive reports
        digest = reader.read(decode(data).text, PurePosixPath(path))
        if digest is not None:
            yield digest
