"""Static files of the pages: how they are served, and what browsers need of the icons."""

import io
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import etree
from PIL import Image

from feeds.exporters import html

STATIC = Path(html.__file__).with_name("static")
BLUE = (11, 87, 183, 255)
WHITE = (255, 255, 255, 255)
TRANSPARENT = (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/style.css", "text/css; charset=utf-8"),
        ("/e-reader.css", "text/css; charset=utf-8"),
        ("/script.js", "text/javascript; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
        ("/favicon.ico", "image/vnd.microsoft.icon"),
        ("/apple-touch-icon.png", "image/png"),
    ],
)
def test_static_file_is_served_and_revalidated(client: FlaskClient, path: str, media_type: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.headers["Content-Type"]) == (200, media_type)
    assert "Content-Disposition" not in response.headers
    assert response.data == (STATIC / path.removeprefix("/")).read_bytes()
    assert client.get(path, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304


def test_svg_icon_is_square_and_loads_nothing(client: FlaskClient) -> None:
    icon = client.get("/favicon.svg")
    assert etree.fromstring(icon.data).get("viewBox") == "0 0 32 32"
    assert "http" not in icon.text.replace("http://www.w3.org/2000/svg", "")


def test_ico_icon_has_three_sizes_with_sharp_lines(client: FlaskClient) -> None:
    icon: Any = Image.open(io.BytesIO(client.get("/favicon.ico").data))  # its `size` is writable
    assert icon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}
    for size in (16, 32, 48):
        icon.size = (size, size)
        icon.load()
        pixels = icon.convert("RGBA")
        assert pixels.size == (size, size)
        assert pixels.getpixel((0, 0)) == TRANSPARENT
        assert pixels.getpixel((size // 4, size * 3 // 8)) == WHITE  # the title on the sheet
        assert pixels.getpixel((size // 4, size // 2)) == BLUE  # between two lines


def test_touch_icon_is_opaque(client: FlaskClient) -> None:
    icon = Image.open(io.BytesIO(client.get("/apple-touch-icon.png").data))
    assert (icon.size, icon.mode) == ((180, 180), "RGB")
    assert not icon.has_transparency_data
    colours = icon.getcolors(10_000)
    assert colours
    assert len(colours) > 3
