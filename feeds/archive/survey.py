"""Surveys a folder in which no day was found: what readers were shown, what not, and what looks like a paper."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from feeds.archive.files import compile_patterns
from feeds.files import open_regular_file
from feeds.model.identity import arxiv_id

_MAX_FILES = 100_000  # that are counted
_MAX_DEPTH = 100  # of folders
_MAX_SEARCHED = 1000  # files that are searched for links
_MAX_SIZE = 1_000_000  # bytes of such a file
_MAX_LINKS = 5
_MAX_NAMES = 5  # of suffixes and folders in a sentence
_URL = re.compile(rb"https?://[^\s<>()\[\]\"'`]+")
_SETTINGS = "feeds.toml"
_NATIVE = "a day of daily-papers begins with ## Daily Papers (YYYY-MM-DD)"


class PaperLink(NamedTuple):
    """A link to a paper: the path of its file, relative to the folder, and its line."""

    path: str
    line: int
    url: str


class Survey(NamedTuple):
    """The files of a folder by suffix, those that are read and the others, its hidden folders and links to papers."""

    read: Mapping[str, int]
    ignored: Mapping[str, int]
    hidden_folders: tuple[str, ...]
    links: tuple[PaperLink, ...]

    def __str__(self) -> str:
        """Say in a sentence what was read and what was not."""
        if self.is_empty:
            return "the folder is empty"
        sentence = f"looked at {_count(self.read)}"
        if self.ignored:
            sentence += f"; did not look at {_count(self.ignored)}"
        if self.hidden_folders:
            count = len(self.hidden_folders)
            names = ", ".join([*self.hidden_folders[:_MAX_NAMES], *(["…"] if count > _MAX_NAMES else [])])
            sentence += f"; did not look into {count} hidden folder{'s' if count > 1 else ''}: {names}"
        return sentence

    @property
    def is_empty(self) -> bool:
        """Whether the folder holds neither files nor hidden folders."""
        return not self.read and not self.ignored and not self.hidden_folders

    def advice(self, names: Sequence[str], nearest: str, faulty: int) -> str:
        """Say how near the readers came, and what to do.

        Args:
            names: the readers that were shown the files.
            nearest: the one of them that was chosen; empty if the settings name them.
            faulty: the number of files with errors.
        """
        if self.is_empty:
            return _NATIVE
        if not self.read:
            return "`feeds readers` lists the files that are read, which `files` in feeds.toml narrows"
        shown = ", ".join(names)
        if faulty:
            files = f"{faulty:,} files" if faulty > 1 else "1 file"
            errors = f"errors in {files}, which `feeds check` lists"
            problem = (
                f"{nearest} comes nearest of {len(names)} readers, with {errors}" if nearest else f"{shown}: {errors}"
            )
            return (
                f"{problem}; correct them, or set date_pattern, files or readers in feeds.toml (`feeds init` writes it)"
            )
        if nearest:
            return f"none of {shown} finds a paper there; `feeds readers` says what each reads; {_NATIVE}"
        return f"no paper is found by {shown}; remove `readers` from the settings to try all readers"


def survey(root: Path, suffixes: Iterable[str], patterns: Iterable[str] = ()) -> Survey:
    """Survey a folder.

    Args:
        root: the folder.
        suffixes: of the files that are read, in lower case.
        patterns: of their paths, such as `data/*.jsonl`; by default all.
    """
    read: list[str] = []
    ignored: list[str] = []
    hidden: list[str] = []
    endings, pattern = tuple(suffixes), compile_patterns(patterns)
    for path in _walk(root, hidden):
        is_read = path.lower().endswith(endings) and pattern.fullmatch(path)
        (read if is_read else ignored).append(path)
        if len(read) + len(ignored) == _MAX_FILES:
            break
    links = _find_links(root, [*sorted(read), *sorted(ignored)][:_MAX_SEARCHED])
    return Survey(_by_suffix(read), _by_suffix(ignored), tuple(sorted(hidden)), tuple(links))


def _walk(root: Path, hidden: list[str]) -> Iterator[str]:
    """List the paths of the files that are not hidden, relative to the folder; collect the hidden folders."""
    visited: set[tuple[int, int]] = set()
    for parent, folders, files in os.walk(root, followlinks=True):
        status = os.stat(parent)
        if (status.st_dev, status.st_ino) in visited:
            folders.clear()  # a link to a folder above
            continue
        visited.add((status.st_dev, status.st_ino))
        prefix = os.path.relpath(parent, root)
        if prefix.count(os.sep) >= _MAX_DEPTH:
            folders.clear()
        hidden += (os.path.normpath(os.path.join(prefix, name)) for name in folders if name.startswith("."))
        folders[:] = [name for name in folders if not name.startswith(".")]
        names = (name for name in files if not name.startswith(".") and name != _SETTINGS)
        yield from (os.path.normpath(os.path.join(prefix, name)) for name in names)


def _by_suffix(paths: Iterable[str]) -> Mapping[str, int]:
    return Counter(os.path.splitext(path)[1].lower() for path in paths)


def _find_links(root: Path, paths: Iterable[str]) -> list[PaperLink]:
    """Find the first link to a paper in each file, until there are enough."""
    links: list[PaperLink] = []
    for path in paths:
        if len(links) < _MAX_LINKS and (link := _find_link(root, path)):
            links.append(link)
    return links


def _find_link(root: Path, path: str) -> PaperLink | None:
    try:
        with open_regular_file(root / path) as file:
            data = file.read(_MAX_SIZE)
    except OSError:
        return None
    for match in _URL.finditer(data):
        url = match[0].decode(errors="replace")
        if arxiv_id(url):
            return PaperLink(path, data.count(b"\n", 0, match.start()) + 1, url)
    return None


def _count(files: Mapping[str, int]) -> str:
    """Say how many files there are of each suffix, the most frequent ones first: 184 .json, 3 .txt files."""
    if not files:
        return "no file"
    named = sorted((suffix for suffix in files if suffix), key=lambda suffix: (-files[suffix], suffix))[:_MAX_NAMES]
    parts = [f"{files[suffix]:,} {suffix}" for suffix in named]
    total = sum(files.values())
    if others := total - sum(files[suffix] for suffix in named):
        parts.append(f"{others:,} other")
    return f"{', '.join(parts)} file{'s' if total > 1 else ''}"
