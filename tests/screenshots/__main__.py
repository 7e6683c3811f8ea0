"""Takes screenshots of the seeds' pages, with drawn images in place of the papers' pictures.

`make screenshots` takes those of the README, `python -m tests.screenshots --all FOLDER` every kind of page on a desktop
and on a phone, light and dark, in Korean and in English.
"""

import argparse
import colorsys
import hashlib
import io
import shutil
import tempfile
from collections.abc import Iterable
from itertools import product
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
    locale: str = "ko-KR"
    is_phone: bool = False
    is_full: bool = False  # the whole page, and not only its first screen


README = (
    Screenshot("home", "/", {"width": 1080, "height": 1200}),
    Screenshot("search", "/search?q=확산|diffusion", {"width": 412, "height": 1080}, is_dark=True),
)


PAGES = {
    "home": "/",
    "latest": "/latest",
    "latest-full": "/latest.full.html",
    "day": "/2024-01-30",
    "week": "/2024-W05",
    "month": "/2024-01",
    "year": "/2024",
    "archive": "/all",
    "paper": "/papers/2401.16420",
    "top-week": "/top/2024-W05",
    "top-month": "/top/2024-01",
    "top-weekly": "/top-weekly",
    "weekly": "/weekly",
    "weeks": "/weeks",
    "newest": "/newest",
    "topics": "/topics",
    "topic": "/topics/로봇",
    "search": "/search?q=확산|diffusion",
    "search-author": "/search?author=Wenwei+Zhang",
    "search-nothing": "/search?q=없는말입니다",
    "books": "/books",
    "e-reader": "/e-reader",
    "stats": "/stats",
    "not-found": "/2024-02-30",
    "bad-request": "/search?limit=many",
}
"""A page of each kind."""

SCREENS: dict[str, ViewportSize] = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
LOAD_IMAGES = """Promise.all([...document.images].map((image) => {
  image.loading = "eager"
  return image.decode().catch(() => undefined)
}))"""


def list_all() -> list[Screenshot]:
    """List every kind of page on a desktop and a phone, light and dark, in Korean and English."""
    return [
        Screenshot(
            name=f"{name}-{device}-{scheme}-{locale[:2]}",
            path=path,
            screen=screen,
            is_dark=scheme == "dark",
            locale=locale,
            is_phone=device == "phone",
            is_full=True,
        )
        for (name, path), (device, screen), scheme, locale in product(
            PAGES.items(), SCREENS.items(), ("light", "dark"), ("ko-KR", "en-US")
        )
    ]


def draw_gradient(url: str) -> bytes:
    """Return a PNG file of one colour, chosen by the URL, that becomes lighter downwards."""
    hue = hashlib.sha256(url.encode()).digest()[0] / 256
    red, green, blue = (int(255 * part) for part in colorsys.hls_to_rgb(hue, 0.5, 0.4))
    lightness = Image.linear_gradient("L").resize((320, 180))
    bands = [lightness.point(lambda value, part=part: part // 2 + value // 2) for part in (red, green, blue)]
    file = io.BytesIO()
    Image.merge("RGB", bands).save(file, "PNG")
    return file.getvalue()


def respond(route: Route) -> None:
    """Answer a request to another host: with an image, or by aborting it."""
    if route.request.resource_type == "image":
        route.fulfill(body=draw_gradient(route.request.url), content_type="image/png")
    else:
        route.abort()


def take_screenshots(base: str, screenshots: Iterable[Screenshot], folder: Path) -> None:
    """Write screenshots of a server's pages to a folder."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for screenshot in screenshots:
            page = browser.new_page(
                base_url=base,
                viewport=screenshot.screen,
                is_mobile=screenshot.is_phone,
                has_touch=screenshot.is_phone,
                locale=screenshot.locale,
                color_scheme="dark" if screenshot.is_dark else "light",
            )
            page.route(is_foreign, respond)
            page.goto(screenshot.path)
            page.evaluate(LOAD_IMAGES)
            page.screenshot(path=folder / f"{screenshot.name}.png", full_page=screenshot.is_full)
            page.close()
        browser.close()


def main() -> None:
    """Take the screenshots that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument(
        "--all", type=Path, metavar="FOLDER", help="write screenshots of every kind of page to a folder"
    )
    folder: Path | None = parser.parse_args().all
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        environ = {"HOME": home, "FEEDS_INDEX": f"{home}/index.sqlite", "FEEDS_BASE_URL": "https://papers.example.org"}
        with serving(ROOT / "seeds", environ) as server:
            take_screenshots(server.base, list_all() if folder else README, folder or Path(__file__).parent)


if __name__ == "__main__":
    main()
