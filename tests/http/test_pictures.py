"""Stored pictures as the app serves them: for a year, in ranges, outside of the cache, and no other file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from feeds.images.picture import EncodedImage
from feeds.images.store import Store, default_store
from tests.support.digests import SEEDS
from tests.support.gateways import ask, open_gateway, request

URL = "https://e.org/a.png"
DATA = b"a picture, which is not decoded"


@pytest.fixture
def store(environ: dict[str, str]) -> Store:
    """A store with one picture."""
    store = Store(default_store(environ))
    store.store(URL, [EncodedImage("image/png", 600, 400, DATA)], "", "", datetime(2024, 1, 30, tzinfo=UTC))
    return store


@pytest.fixture
def path(store: Store) -> str:
    """The path of the picture."""
    return f"/{store.pictures([URL])[URL].renditions[0].path}"


def test_picture_is_served_for_a_year(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.data) == (200, DATA)
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Encoding" not in client.get(path, headers={"Accept-Encoding": "gzip, br"}).headers
    head = client.head(path)
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(len(DATA)))
    assert head.headers["ETag"] == response.headers["ETag"]
    assert client.get(path, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304


def test_range_of_a_picture_is_served(client: FlaskClient, path: str) -> None:
    part = client.get(path, headers={"Range": "bytes=2-8"})
    assert (part.status_code, part.data) == (206, DATA[2:9])
    assert part.headers["Content-Range"] == f"bytes 2-8/{len(DATA)}"
    assert client.get(path, headers={"Range": "bytes=999-"}).status_code == 416


@pytest.mark.parametrize(
    "name",
    [
        "pictures",
        "pictures/",
        f"pictures/{'0' * 64}.png",
        f"pictures/{'0' * 64}.svg",
        "pictures/../pictures-1.sqlite",
        "pictures/pictures-1.sqlite",
        "pictures/%2e%2e%2fpictures-1.sqlite",
        "pictures//etc/passwd.png",
    ],
)
def test_nothing_else_is_served_from_the_store(client: FlaskClient, store: Store, name: str) -> None:
    assert store.revision
    assert client.get(f"/{name}").status_code in (301, 308, 404)
    assert client.get(f"/{name}", follow_redirects=True).status_code == 404


def test_similar_path_is_not_a_picture(client: FlaskClient, path: str) -> None:
    for other in (path.upper(), path.replace(".png", ".jpg"), path.replace("/pictures/", "/"), f"{path}.gz", path[:-5]):
        assert client.get(other).status_code == 404, other


@pytest.mark.parametrize("content", [b"altered", None])
def test_picture_that_the_store_has_lost_is_not_found(
    client: FlaskClient, store: Store, path: str, content: bytes | None
) -> None:
    file = store.root / Path(path).name[:2] / Path(path).name
    file.unlink() if content is None else file.write_bytes(content)
    response = client.get(path)
    assert response.status_code == 404
    assert response.headers["Cache-Control"] != "public, max-age=31536000, immutable"


def test_picture_of_an_earlier_page_is_still_served(client: FlaskClient, store: Store, path: str) -> None:
    store.store(URL, [EncodedImage("image/png", 600, 400, b"other")], "", "", datetime(2024, 3, 1, tzinfo=UTC))
    assert client.get(path).data == DATA


def test_pictures_leave_the_cache_to_documents(environ: dict[str, str], path: str) -> None:
    gateway = open_gateway(SEEDS, environ)
    etag = Path(path).stem[:32]
    for asked, status in ((request(path), 200), (request(path, If_None_Match=f'"{etag}"'), 304)):
        (answer,) = ask(gateway, asked)
        assert answer.status == status
        assert gateway.find(asked) is None
        assert gateway.service.cache.get(etag) is None
    ask(gateway, request("/style.css"))
    assert gateway.find(request("/style.css")) is not None
