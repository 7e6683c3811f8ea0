"""What pages are made with: it answers, and does what browsers need."""

import io
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import etree
from PIL import Image

from feeds.exporters import assets

TEMPLATES = Path(assets.__file__).with_name("templates")


@pytest.mark.parametrize(
    ("path", "media_type", "template"),
    [
        ("/style.css", "text/css; charset=utf-8", "style.css"),
        ("/script.js", "text/javascript; charset=utf-8", "script.js"),
        ("/favicon.svg", "image/svg+xml", "favicon.svg"),
        ("/favicon.ico", "image/vnd.microsoft.icon", None),
        ("/apple-touch-icon.png", "image/png", None),
    ],
)
def test_an_asset_answers_and_is_not_sent_again(
    client: FlaskClient, path: str, media_type: str, template: str | None
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    assert "Content-Disposition" not in answer.headers
    if template:
        assert answer.data == (TEMPLATES / template).read_bytes()
    assert client.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_the_icon_is_a_square_drawing_that_loads_nothing(client: FlaskClient) -> None:
    drawing = etree.fromstring(client.get("/favicon.svg").data)
    assert drawing.get("viewBox") == "0 0 32 32"
    assert "http" not in client.get("/favicon.svg").text.replace("http://www.w3.org/2000/svg", "")


def test_the_old_icon_has_three_sizes_each_drawn_for_itself(client: FlaskClient) -> None:
    icon: Any = Image.open(io.BytesIO(client.get("/favicon.ico").data))  # whose `size` may be set
    assert icon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}
    for size in (16, 32, 48):
        icon.size = (size, size)
        icon.load()
        pixels = icon.convert("RGBA")
        assert pixels.size == (size, size)
        assert pixels.getpixel((0, 0)) == (0, 0, 0, 0)
        assert pixels.getpixel((size // 4, size * 3 // 8)) == (255, 255, 255, 255)  # the title of the sheet
        assert pixels.getpixel((size // 4, size // 2)) == (
            11,
            87,
            183,
            255,
        )  # between the lines: sharp at 16 pixels too


def test_the_icon_of_phones_is_opaque(client: FlaskClient) -> None:
    icon = Image.open(io.BytesIO(client.get("/apple-touch-icon.png").data))
    assert (icon.size, icon.mode) == ((180, 180), "RGB")
    assert not icon.has_transparency_data
    colours = icon.getcolors(10_000)
    assert colours
    assert len(colours) > 3
