"""Fixtures of the tests of archives."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.archive.archive import Archive
from feeds.archive.snapshot import Snapshot


@pytest.fixture
def archive(folder: Path, tmp_path: Path) -> Archive:
    """The archive in `folder`, not synchronized yet."""
    return Archive(folder, tmp_path / "index.sqlite")


@pytest.fixture
def snapshot(archive: Archive) -> Iterator[Snapshot]:
    """A snapshot of the archive."""
    with archive.snapshot() as snapshot:
        yield snapshot
