"""Counts work instead of time: what is asked of SQLite, of the file system and of exporters."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

import pytest

from feeds.publishing.publisher import Publisher

_STEPS = 50  # of SQLite's virtual machine, which counts them for us
_FILE_CALLS = {"stat", "lstat", "scandir", "listdir", "open"}


class Work(NamedTuple):
    """How often something was done."""

    statements: int
    """SQL statements."""

    steps: int
    """Instructions of SQLite's virtual machine: they grow with the rows that a statement reads."""

    files: int
    """Files and folders that were looked at, listed or opened."""

    renderings: int
    """Documents that were rendered."""

    def exceeds(self, other: "Work", slack: "Work") -> dict[str, tuple[int, int]]:
        """Return by name what there is more of than in the other and the slack together, and what the other has."""
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in self._fields}
        return {name: pair for name, pair in pairs.items() if pair[0] > pair[1] + getattr(slack, name)}


class WorkCounter:
    """Counts the work of the calling thread while `count` runs."""

    def __init__(self) -> None:
        self._statements = self._steps = self._files = self._renderings = 0

    @contextmanager
    def count(self) -> Iterator[list[Work]]:
        """Count; the list holds the result afterwards."""
        result: list[Work] = []
        before = self._total()
        sys.setprofile(self._count_files)
        try:
            yield result
        finally:
            sys.setprofile(None)
            result.append(Work(*(after - start for after, start in zip(self._total(), before, strict=True))))

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Count what databases that are opened from now on do, and what publishers render."""
        connect, render = sqlite3.connect, Publisher.render_edition

        def counted_connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **options)
            connection.set_trace_callback(self._count_statement)
            connection.set_progress_handler(self._count_steps, _STEPS)
            return connection

        def counted_render(*arguments: Any) -> object:
            self._renderings += 1
            return render(*arguments)

        monkeypatch.setattr(sqlite3, "connect", counted_connect)
        monkeypatch.setattr(Publisher, "render_edition", counted_render)

    def _total(self) -> Work:
        return Work(self._statements, self._steps, self._files, self._renderings)

    def _count_statement(self, _: str) -> None:
        self._statements += 1

    def _count_steps(self) -> int:
        self._steps += _STEPS
        return 0  # go on

    def _count_files(self, _: FrameType, event: str, function: object) -> None:
        if event == "c_call" and getattr(function, "__name__", "") in _FILE_CALLS:
            self._files += 1
