"""The site of the seeds with one stored picture, built once."""

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from feeds.images.picture import EncodedImage
from feeds.publishing.publisher import open_publisher
from tests.support.digests import SEEDS
from tests.support.servers import FEEDS, Server, serving
from tests.support.web_servers import BuiltSite
from web import create_app

BASE_URL = "https://papers.example.org"


@pytest.fixture(scope="session")
def built_site(tmp_path_factory: pytest.TempPathFactory) -> BuiltSite:
    own = tmp_path_factory.mktemp("hosting")
    # All processes of a test run build into one folder, so that only the first has to render.
    shared = own.parent.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    out = shared / "papers" / "site"
    # In one language: pages of files offer no other one, for which they would need the app.
    settings = {"FEEDS_BASE_URL": BASE_URL, "FEEDS_INTERFACE": "ko"}
    environ = {**settings, "FEEDS_INDEX": str(own / "index.sqlite"), "HOME": str(own)}
    out.parent.mkdir(exist_ok=True)
    publisher = open_publisher(SEEDS, environ)
    with publisher.archive.snapshot() as snapshot:
        (image, *_) = snapshot.image_urls()
    picture = EncodedImage("image/jpeg", 320, 180, b"\xff\xd8 not decoded")
    publisher.store.store(image, [picture], "", "", datetime(2024, 3, 20, tzinfo=UTC))
    subprocess.run([FEEDS, "build", out, "--archive", SEEDS, "--precompress"], env=environ, check=True)
    return BuiltSite(out, environ, publisher)


@pytest.fixture(scope="session")
def app(built_site: BuiltSite) -> FlaskClient:
    """The app that serves what was built."""
    return create_app(SEEDS, built_site.environ).test_client()


@pytest.fixture(scope="session")
def served(built_site: BuiltSite) -> Iterator[Server]:
    """The same app as `feeds serve` runs it."""
    with serving(SEEDS, built_site.environ) as server:
        yield server
