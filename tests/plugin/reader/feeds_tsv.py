"""Reads digests that are tables with a row per paper: day, title, URL, authors, summary, separated by tabs."""

from datetime import date
from pathlib import PurePosixPath

from feeds import Diagnostic, Digest, Entry, Paper, Severity

_COLUMNS = 5


class TsvReader:
    """Reads each line of a `.tsv` file as a paper; one that is none is reported, and costs no other."""

    name = "tsv"
    suffixes = frozenset({".tsv"})

    def read(self, source: str, path: PurePosixPath) -> Digest | None:  # noqa: ARG002  # the contract
        """Parse a file; None if it has no tabs."""
        if "\t" not in source:
            return None
        days: dict[date, int] = {}
        entries, diagnostics = [], []
        for number, line in enumerate(source.splitlines(), 1):
            try:
                entry = _parse(number, line)
            except ValueError as error:
                hint = f"write {_COLUMNS} columns, the first one such as 2024-01-30"
                diagnostics.append(Diagnostic(number, f"no paper: {error}; {hint}", Severity.ERROR))
            else:
                days.setdefault(entry.day, number)
                entries.append(entry)
        return Digest(days, tuple(entries), tuple(diagnostics))


def _parse(number: int, line: str) -> Entry:
    day, title, url, authors, summary = line.split("\t")
    paper = Paper(title, url, authors=tuple(filter(None, authors.split("; "))), summary=summary)
    return Entry(number, date.fromisoformat(day), paper)
