"""Finds out which reader an archive is for, where no setting says so."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Set
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from feeds.archive.files import FileTree, decode, read_file
from feeds.archive.records import MAX_FILE_SIZE
from feeds.model.paper import Paper
from feeds.readers import Digest
from feeds.readers.fields.dates import Dates
from feeds.readers.registry import ArchiveReader, Registry

_MAX_SHOWN = 12  # files of a kind that a reader is shown
_MAX_KINDS = 40
_ALMOST = 0.9  # of the most
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
    """How many papers and days a reader would find in an archive, and how many characters it tells of a paper."""

    papers: float
    days: float
    detail: float


def detect_reader(root: Path, readers: Registry, patterns: Iterable[str], dates: Dates, settled: str = "") -> str:
    """Return the name of the reader that an archive is for; empty if none finds anything.

    That is the first reader, `daily-papers`, if it finds a paper. Else each of the others is shown some files of each
    folder: it is the one that finds the most papers; of those that find almost as many, the one that finds the most
    days, then the one that tells the most of a paper, then the first. `daily-papers` again, if only it finds a day.

    `settled` is the reader that was found before. Only `daily-papers` replaces it: the others would take turns as the
    archive grows.
    """
    name, *other_names = readers.names()
    first = readers.select([name], dates)
    paths = []
    has_day = False
    for path in FileTree(root, [""], patterns).paths():
        paths.append(path)
        if digest := _read(root, first, path):
            if digest.entries:
                return first.name
            has_day = has_day or bool(digest.days)
    if settled in other_names:
        return settled
    kinds = _choose(paths)
    found = {name: _try(root, readers.select([name], dates), kinds) for name in other_names}
    candidates = [name for name, findings in found.items() if findings.papers]
    for measure in range(len(_Findings._fields)):
        most = max((found[name][measure] for name in candidates), default=0)
        candidates = [name for name in candidates if found[name][measure] >= _ALMOST * most]
    return candidates[0] if candidates else first.name if has_day else ""


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
    for kind in kinds:
        digests = [digest for path in kind.shown if (digest := _read(root, reader, path))]
        papers.add(({entry.paper.url for entry in digest.entries} for digest in digests), kind.share)
        days.add(({entry.day for entry in digest.entries} for digest in digests), kind.share)
        for digest in digests:
            count += len(digest.entries)
            characters += sum(_count_characters(entry.paper) for entry in digest.entries)
    return _Findings(papers.total, days.total, characters / max(count, 1))


class _Estimate:
    """Estimates how many different things all files hold, from those that are shown."""

    def __init__(self) -> None:
        self.total = 0.0
        self._known: set[object] = set()

    def add(self, held: Iterable[Set[object]], share: float) -> None:
        """Add the things that each shown file of a kind holds.

        The other files are assumed to add as many new things as the shown ones. If the shown files share many things,
        the total is at most Chao's estimate of species richness, computed from the things seen once and twice.
        """
        times = Counter(chain.from_iterable(held))
        new = times.keys() - self._known
        once, twice = (sum(times[thing] == number for thing in new) for number in (1, 2))
        unseen = once * (share - 1)
        self.total += len(new) + (min(unseen, once * once / (2 * twice)) if twice else unseen)
        self._known |= new


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
