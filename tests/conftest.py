"""What tests share: archives in a folder of their own, and the seeds."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import settings

from feeds.publishing.publisher import Catalog, open_catalog
from tests.support.digests import SEEDS, Files, OpenFiles, write_files
from web import create_app

settings.register_profile("repository", deadline=None, derandomize=True)
settings.load_profile("repository")

pytest_plugins = ["tests.support.browser"]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment whose index is a file of this test."""
    return {"FEEDS_INDEX": str(tmp_path / "index.sqlite"), "HOME": str(tmp_path)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty archive folder."""
    path = tmp_path / "archive"
    path.mkdir()
    return path


@pytest.fixture
def open_files(folder: Path, environ: dict[str, str]) -> OpenFiles:
    """Open an archive of the files given."""

    def opened(files: Files) -> Catalog:
        write_files(folder, files)
        return open_catalog(folder, environ)

    return opened


@pytest.fixture
def seeds(environ: dict[str, str]) -> Catalog:
    """The catalogue of the seeds."""
    return open_catalog(SEEDS, environ)


@pytest.fixture
def client(environ: dict[str, str]) -> FlaskClient:
    """A client of the app that serves the seeds."""
    return create_app(SEEDS, environ).test_client()
