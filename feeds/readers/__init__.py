"""Readers parse digest files into days, papers and diagnostics: the contract here, then a module per format."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol

from feeds.model.diagnostic import Diagnostic, Severity
from feeds.model.paper import Paper


class Entry(NamedTuple):
    """A paper in a digest file: the line of its heading, counted from 1, and the day that the file lists it under.

    `is_inferred` says that the day is only that of the publication or of a crawl, or the end of a range such as a week:
    the paper counts there only if no file lists it on a day of its own.
    """

    line: int
    day: date
    paper: Paper
    is_inferred: bool = False


@dataclass(frozen=True, slots=True)
class Digest:
    """The content of one file: its days with the line where each begins, its papers in file order, its diagnostics.

    A day may have no papers.
    """

    days: Mapping[date, int]
    entries: tuple[Entry, ...]
    diagnostics: tuple[Diagnostic, ...]


_MAX_DIAGNOSTICS = 1_000  # of each severity
_MAX_MESSAGE = 2_000  # characters


class Diagnostics:
    """Collects the diagnostics of a file while it is parsed: the first of each severity, and the number of others."""

    def __init__(self) -> None:
        self._diagnostics: list[Diagnostic] = []
        self._counts = Counter[Severity]()
        self._first_left_out: dict[Severity, int] = {}  # their lines

    def add(self, line: int, message: str, severity: Severity) -> None:
        """Report something."""
        self._counts[severity] += 1
        if self._counts[severity] > _MAX_DIAGNOSTICS:
            self._first_left_out.setdefault(severity, line)
            return
        if len(message) > _MAX_MESSAGE:
            message = f"{message[:_MAX_MESSAGE]}…"
        self._diagnostics.append(Diagnostic(line, message, severity))

    def error(self, line: int, problem: str, hint: str) -> None:
        """Report what is lost or changes its meaning."""
        self.add(line, f"{problem}; {hint}", Severity.ERROR)

    def warning(self, line: int, problem: str, hint: str = "") -> None:
        """Report what is read, or left out, otherwise than it is written."""
        self.add(line, f"{problem}; {hint}" if hint else problem, Severity.WARNING)

    def by_line(self) -> tuple[Diagnostic, ...]:
        """Return the diagnostics in the order of their lines."""
        others = []
        for severity, line in self._first_left_out.items():
            count = self._counts[severity] - _MAX_DIAGNOSTICS
            message = f"{count:,} more {severity.value}s of the file are not listed; correct the others first"
            others.append(Diagnostic(line, message, severity))
        return tuple(sorted([*self._diagnostics, *others], key=lambda diagnostic: diagnostic.line))


class Reader(Protocol):
    """Parses digests of one format. Pure; never raises, whatever the text: what it cannot read is a diagnostic."""

    @property
    def name(self) -> str:
        """What settings call the reader, such as `daily-papers`."""

    @property
    def suffixes(self) -> frozenset[str]:
        """The suffixes of the files to read, in lower case, such as `.md`."""

    def read(self, source: str, path: PurePosixPath) -> Digest | None:
        """Parse a file; None if it is not in this format. `path` is relative to the archive's folder."""
