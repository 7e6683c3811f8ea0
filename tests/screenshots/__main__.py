"""Photographs the pages for the README: `make screenshots`. A painted picture stands for each that a paper has."""

import colorsys
import io
import shutil
import tempfile
import zlib
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Route, ViewportSize, sync_playwright

from tests.support.browser import is_foreign
from tests.support.servers import ROOT, serving


class Photograph(NamedTuple):
    """What is photographed, on which screen."""

    name: str
    path: str
    screen: ViewportSize
    is_dark: bool = False


PHOTOGRAPHS = (
    Photograph("home", "/", {"width": 1080, "height": 1200}),
    Photograph("search", "/search?q=확산|diffusion", {"width": 412, "height": 1080}, is_dark=True),
)


def paint(number: int) -> bytes:
    """Paint a field of one colour that grows lighter downwards."""
    red, green, blue = (int(255 * part) for part in colorsys.hls_to_rgb(number % 100 / 100, 0.5, 0.4))
    lightness = Image.linear_gradient("L").resize((320, 180))
    bands = [lightness.point(lambda value, part=part: part // 2 + value // 2) for part in (red, green, blue)]
    file = io.BytesIO()
    Image.merge("RGB", bands).save(file, "PNG")
    return file.getvalue()


def answer(route: Route) -> None:
    """Give a painted picture for one at another host, and nothing else."""
    if route.request.resource_type == "image":
        route.fulfill(body=paint(zlib.crc32(route.request.url.encode())), content_type="image/png")
    else:
        route.abort()


def photograph(base: str, folder: Path) -> None:
    """Photograph the pages of a server into a folder."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for each in PHOTOGRAPHS:
            page = browser.new_page(base_url=base, viewport=each.screen, locale="ko-KR")
            page.emulate_media(color_scheme="dark" if each.is_dark else "light")
            page.route(is_foreign, answer)
            page.goto(each.path)
            page.screenshot(path=folder / f"{each.name}.png")
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        environ = {"HOME": home, "FEEDS_INDEX": f"{home}/index.sqlite", "FEEDS_BASE_URL": "https://papers.example.org"}
        with serving(ROOT / "seeds", environ) as server:
            photograph(server.base, Path(__file__).parent)
