"""What tests share: archives in a folder of their own, and the seeds."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import settings

from feeds.catalog import Catalog, open_catalog
from web import create_app

settings.register_profile("repository", deadline=None, derandomize=True)
settings.load_profile("repository")

pytest_plugins = ["tests.browser"]

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"

Files = Mapping[str, str | bytes]
OpenFiles = Callable[[Files], Catalog]


def write_files(root: Path, files: Files) -> None:
    """Write files under a folder, by their paths."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


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


def paper(title: str = "A Paper", number: str = "2401.00001", **lines: str) -> str:
    """Write a paper of a day file; 2401.1 is short for 2401.00001; `votes`, `authors` … are lines of it."""
    month, _, serial = number.partition(".")
    parts = [f"### [{title}](https://arxiv.org/abs/{month}.{serial:0>5})"]
    parts += [lines[name] for name in ("media", "votes", "authors", "summary") if name in lines]
    return "\n\n".join(parts) + "\n"


def day(date: str, *papers: str) -> str:
    """Write a day file."""
    return "\n".join([f"## Daily Papers ({date})\n", *papers])
