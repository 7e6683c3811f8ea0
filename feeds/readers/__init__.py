"""Readers parse digest files into days, papers and diagnostics: the contract here, then a module per format."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol

from feeds.model.diagnostic import Diagnostic, Severity
from feeds.model.paper import Paper


class Entry(NamedTuple):
    """A paper in a digest file: the line of its heading, counted from 1, and the day that the file lists it under."""

    line: int
    day: date
    paper: Paper


@dataclass(frozen=True, slots=True)
class Digest:
    """The content of one file: its days with the line where each begins, its papers in file order, its diagnostics.

    A day may have no papers.
    """

    days: Mapping[date, int]
    entries: tuple[Entry, ...]
    diagnostics: tuple[Diagnostic, ...]


class Diagnostics(list[Diagnostic]):
    """Collects the diagnostics of a file while it is parsed."""

    def error(self, line: int, problem: str, hint: str) -> None:
        """Report what is lost or changes its meaning."""
        self.append(Diagnostic(line, f"{problem}; {hint}", Severity.ERROR))

    def warning(self, line: int, problem: str, hint: str = "") -> None:
        """Report what is read, or left out, otherwise than it is written."""
        self.append(Diagnostic(line, f"{problem}; {hint}" if hint else problem, Severity.WARNING))


class Reader(Protocol):
    """Parses digests of one format. Pure; never raises, whatever the text: what it cannot read is a diagnostic."""

    name: str
    """What settings call the reader, such as `daily-papers`."""

    suffixes: frozenset[str]
    """The suffixes of the files to read, in lower case, such as `.md`."""

    def read(self, source: str, path: PurePosixPath) -> Digest | None:
        """Parse a file; None if it is not in this format. `path` is relative to the archive's folder."""
