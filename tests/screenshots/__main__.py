"""Takes the screenshots of the README (`make screenshots`), with drawn images in place of the papers' pictures."""

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


class Screenshot(NamedTuple):
    """A page on a screen, and the name of the file without its suffix."""

    name: str
    path: str
    screen: ViewportSize
    is_dark: bool = False


SCREENSHOTS = (
    Screenshot("home", "/", {"width": 1080, "height": 1200}),
    Screenshot("search", "/search?q=확산|diffusion", {"width": 412, "height": 1080}, is_dark=True),
)


def draw_gradient(number: int) -> bytes:
    """Return a PNG file of one colour that becomes lighter downwards."""
    red, green, blue = (int(255 * part) for part in colorsys.hls_to_rgb(number % 100 / 100, 0.5, 0.4))
    lightness = Image.linear_gradient("L").resize((320, 180))
    bands = [lightness.point(lambda value, part=part: part // 2 + value // 2) for part in (red, green, blue)]
    file = io.BytesIO()
    Image.merge("RGB", bands).save(file, "PNG")
    return file.getvalue()


def respond(route: Route) -> None:
    """Answer a request to another host: with an image, or by aborting it."""
    if route.request.resource_type == "image":
        route.fulfill(body=draw_gradient(zlib.crc32(route.request.url.encode())), content_type="image/png")
    else:
        route.abort()


def take_screenshots(base: str, folder: Path) -> None:
    """Write the screenshots of a server's pages to a folder."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for screenshot in SCREENSHOTS:
            page = browser.new_page(base_url=base, viewport=screenshot.screen, locale="ko-KR")
            page.emulate_media(color_scheme="dark" if screenshot.is_dark else "light")
            page.route(is_foreign, respond)
            page.goto(screenshot.path)
            page.screenshot(path=folder / f"{screenshot.name}.png")
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        environ = {"HOME": home, "FEEDS_INDEX": f"{home}/index.sqlite", "FEEDS_BASE_URL": "https://papers.example.org"}
        with serving(ROOT / "seeds", environ) as server:
            take_screenshots(server.base, Path(__file__).parent)
