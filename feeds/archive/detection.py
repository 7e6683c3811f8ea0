"""Finds out which reader an archive is for, where no setting says so."""

import hashlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Set
from contextlib import suppress
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from feeds.archive.files import FileTree, decode, read_file
from feeds.archive.records import MAX_FILE_SIZE
from feeds.files import atomic_write
from feeds.fingerprint import packages_fingerprint
from feeds.model.diagnostic import Severity
from feeds.model.paper import Paper
from feeds.readers import Digest
from feeds.readers.fields.dates import Dates
from feeds.readers.registry import ArchiveReader, Registry

_MAX_SHOWN = 12  # files of a kind that a reader is shown
_MAX_KINDS = 40
_ALMOST = 0.95  # of the most
_ALMOST_ESTIMATED = 0.9  # where some files are not shown
_DATED = re.compile(r"[^/]*[0-9][^/]*")


class _Kind(NamedTuple):
    """Files with the same suffix, whose folders differ only in parts with digits.

    Attributes:
        shown: to readers.
        share: how many files each of the shown ones stands for.
    """

    shown: list[str]
    share: float


class _Findings(NamedTuple):
    """How many papers and days a reader would find in an archive, and how many characters it tells of a paper.

    `faulty` is the number of files whose papers it recognizes and cannot read, such as those without a date.
    """

    papers: float
    days: float
    detail: float
    faulty: float


_MEASURES = ("papers", "days", "detail")


def detect_reader(root: Path, readers: Registry, patterns: Iterable[str], dates: Dates, kept: Path) -> str:
    """Return the name of the reader that an archive is for.

    That is the first reader, `daily-papers`, if it finds a paper. Else each of the others is shown some files of each
    folder: it is the one that finds the most papers; of those that find almost as many, the one that finds the most
    days, then the one that tells the most of a paper, then the first. If none finds a paper, it is `daily-papers` if
    that finds a day, else the one that reports errors in the most files, so that `feeds check` shows them.

    A reader that finds papers is written to the file `kept`, and only `daily-papers` replaces it: the others would take
    turns as the archive grows. `daily-papers` is not shown again the files that have not changed since.
    """
    name, *other_names = readers.names()
    first = readers.select([name], dates)
    settled, rejected = _load(kept)
    tree = FileTree(root, [""], patterns)
    paths, hashes = [], set[str]()
    has_day = False
    for path in tree.paths():
        paths.append(path)
        if not path.lower().endswith(tuple(first.suffixes)):
            continue
        file_hash = _hash(tree, path)
        if file_hash not in rejected and (digest := _read(root, first, path)):
            if digest.entries:
                _store(kept, "", set())
                return first.name
            has_day = has_day or bool(digest.days)
        hashes.add(file_hash)
    if settled in other_names:
        if hashes != rejected:
            _store(kept, settled, hashes)
        return settled
    suffixes = tuple(readers.select(other_names, dates).suffixes)
    kinds = _choose(path for path in paths if path.lower().endswith(suffixes))
    found = {name: _try(root, readers.select([name], dates), kinds) for name in other_names}
    candidates = [name for name, findings in found.items() if findings.papers]
    if not candidates:
        _store(kept, "", set())
        nearest = max(other_names, key=lambda name: found[name].faulty, default="")
        return nearest if not has_day and nearest and found[nearest].faulty else first.name
    almost = _ALMOST_ESTIMATED if any(kind.share > 1 for kind in kinds) else _ALMOST
    for measure in _MEASURES:
        most = max(getattr(found[name], measure) for name in candidates)
        candidates = [name for name in candidates if getattr(found[name], measure) >= almost * most]
    _store(kept, candidates[0], hashes)
    return candidates[0]


def _load(kept: Path) -> tuple[str, set[str]]:
    """Return the reader that was found before, and the hashes of the files in which `daily-papers` finds no paper."""
    with suppress(OSError, UnicodeDecodeError):
        settled, *hashes = kept.read_text(encoding="utf-8").split("\n")
        return settled, set(hashes)
    return "", set()


def _store(kept: Path, name: str, hashes: Set[str]) -> None:
    with suppress(OSError):  # a disk that is full or cannot be written
        if not name:
            kept.unlink(missing_ok=True)
            return
        kept.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(kept, "\n".join([name, *sorted(hashes)]).encode())


def _hash(tree: FileTree, path: str) -> str:
    """Hash what changes when a file does, or the code that reads it."""
    code = packages_fingerprint("feeds.text", "feeds.model", "feeds.readers", "feeds.archive")
    return hashlib.sha256(repr((code, tree.sign([path]))).encode()).hexdigest()[:32]


def _choose(paths: Iterable[str]) -> list[_Kind]:
    """Choose files of each kind to show to readers, evenly from the newest to the oldest."""
    kinds = defaultdict[tuple[str, ...], list[str]](list)
    for path in sorted(paths):
        folder, name = os.path.split(path)
        kinds[_DATED.sub("#", folder), os.path.splitext(name)[1].lower()].append(path)
    if len(kinds) > _MAX_KINDS:
        by_suffix = defaultdict[tuple[str, ...], list[str]](list)
        for (_, suffix), files in kinds.items():
            by_suffix[(suffix,)] += files
        kinds = by_suffix
    chosen = []
    for files in kinds.values():
        step = max(1.0, len(files) / _MAX_SHOWN)
        shown = [files[-1 - int(index * step)] for index in range(min(len(files), _MAX_SHOWN))]
        chosen.append(_Kind(shown, len(files) / len(shown)))
    return chosen


def _try(root: Path, reader: ArchiveReader, kinds: Iterable[_Kind]) -> _Findings:
    """Estimate what a reader would find, from the files that it is shown."""
    papers, days = _Estimate(), _Estimate()
    characters = count = 0
    faulty = 0.0
    for kind in kinds:
        digests = [digest for path in kind.shown if (digest := _read(root, reader, path))]
        papers.add(({entry.paper.url for entry in digest.entries} for digest in digests), kind.share)
        days.add(({entry.day for entry in digest.entries} for digest in digests), kind.share)
        faulty += kind.share * sum(map(_is_faulty, digests))
        for digest in digests:
            count += len(digest.entries)
            characters += sum(_count_characters(entry.paper) for entry in digest.entries)
    return _Findings(papers.total, days.total, characters / max(count, 1), faulty)


def _is_faulty(digest: Digest) -> bool:
    return not digest.entries and any(item.severity is Severity.ERROR for item in digest.diagnostics)


class _Estimate:
    """Estimates how many different things all files hold, from those that are shown."""

    def __init__(self) -> None:
        self.total = 0.0
        self._known: dict[object, float] = {}

    def add(self, held: Iterable[Set[object]], share: float) -> None:
        """Add the things that each shown file of a kind holds.

        The other files are assumed to add as many new things as the shown ones. If the shown files share many things,
        the total is at most Chao's estimate of species richness, computed from the things seen once and twice. A thing
        that files of another kind hold too stands for as many as these files do, because most of them are not shown.
        """
        times = Counter(chain.from_iterable(held))
        repeated = sum(self._known.get(thing, 0) for thing in times)
        new = times.keys() - self._known.keys()
        once, twice = (sum(times[thing] == number for thing in new) for number in (1, 2))
        unseen = once * (share - 1)
        total = len(new) + (min(unseen, once * once / (2 * twice)) if twice else unseen)
        self.total += total * max(0.0, 1 - repeated / max(len(times), 1))
        self._known |= dict.fromkeys(new, share)


def _count_characters(paper: Paper) -> int:
    return sum(map(len, (paper.title, paper.summary, paper.abstract, *paper.authors, *paper.tags)))


def _read(root: Path, reader: ArchiveReader, path: str) -> Digest | None:
    """Read a file; None if it is not for the reader, or cannot be read, which reading the archive reports."""
    if not path.lower().endswith(tuple(reader.suffixes)):
        return None
    try:
        data = read_file(root / path, MAX_FILE_SIZE)
    except OSError:
        return None
    return reader.read(decode(data).text, PurePosixPath(path))
