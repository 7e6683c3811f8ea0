"""Fixtures of all tests: the seeds, and archives in a temporary folder."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import settings

from feeds.publishing.publisher import Publisher, open_publisher
from tests.support.digests import SEEDS, Files, OpenFiles, write_files
from web import create_app

settings.register_profile("repository", deadline=None, derandomize=True)
settings.load_profile("repository")

pytest_plugins = ["tests.support.browser"]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with an index and a home folder of the test's own."""
    return {"FEEDS_INDEX": str(tmp_path / "index.sqlite"), "HOME": str(tmp_path)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty archive folder."""
    path = tmp_path / "archive"
    path.mkdir()
    return path


@pytest.fixture
def open_files(folder: Path, environ: dict[str, str]) -> OpenFiles:
    """Write files to the archive folder and open it."""

    def write_and_open(files: Files) -> Publisher:
        write_files(folder, files)
        return open_publisher(folder, environ)

    return write_and_open


@pytest.fixture
def seeds(environ: dict[str, str]) -> Publisher:
    """The publisher of the seeds."""
    return open_publisher(SEEDS, environ)


@pytest.fixture
def client(environ: dict[str, str]) -> FlaskClient:
    """A client of the app that serves the seeds."""
    return create_app(SEEDS, environ).test_client()
