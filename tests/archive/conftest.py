"""Fixtures of the tests of archives."""

from pathlib import Path

import pytest

from feeds.archive.archive import Archive


@pytest.fixture
def archive(folder: Path, tmp_path: Path) -> Archive:
    """The archive in `folder`, not synchronized yet."""
    return Archive(folder, tmp_path / "index.sqlite")
