"""Opens pages in Chromium, as visitors with different screens and languages do, and collects every error."""

import io
import shutil
import zlib
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, Route, sync_playwright

from tests.support import archives
from tests.support.servers import ROOT, Server, serving

HOST = "127.0.0.1"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
FOREIGN_TYPES = ("image", "media")  # the resources that a page may load from other hosts
IMAGE_SIZES = [(320, 180), (180, 320), (1200, 300), (64, 64), (900, 1600)]
OBSERVE = """
addEventListener("securitypolicyviolation", ({ blockedURI, effectiveDirective }) =>
  console.error(`the policy forbids ${blockedURI} by ${effectiveDirective}`));
window.layoutShift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
WAIT_FOR_LAYOUT = (
    "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))))"
)
COUNT_SCREENS = "Math.ceil(document.scrollingElement.scrollHeight / innerHeight)"
FIND_OVERFLOWS = """(width) => document.scrollingElement.scrollWidth <= width ? []
  : [...document.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > width)
    .map((element) => element.outerHTML.slice(0, 200))"""


class PageOpener:
    """Opens pages, each in a browser context of its own.

    `errors` are those of all pages: of scripts, requests and the content security policy. `foreign_urls` are the URLs
    that were requested from other hosts.
    """

    def __init__(self, browser: Browser, base: str) -> None:
        self.errors: list[str] = []
        self.foreign_urls: list[str] = []
        self._browser = browser
        self._base = base
        self._contexts: list[BrowserContext] = []
        self._delayed: list[Route] = []

    def __call__(
        self,
        path: str = "/",
        *,
        phone: bool = False,
        dark: bool = False,
        javascript: bool = True,
        locale: str = "ko-KR",
        printed: bool = False,
        delay_images: bool = False,
    ) -> Page:
        """Open a path of the seeds or an absolute URL; delayed images wait for `measure_layout_shift`."""
        context = self._browser.new_context(
            base_url=self._base,
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]  # a TypedDict of just these
            is_mobile=phone,
            has_touch=phone,
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            locale=locale,
        )
        self._contexts.append(context)
        self._observe(context, delay_images)
        page = context.new_page()
        if printed:
            page.emulate_media(media="print")
        page.goto(path, wait_until="domcontentloaded" if delay_images else "load")
        return page

    def measure_layout_shift(self, page: Page) -> float:
        """Scroll through a page with delayed images, loading them on the way, and return its layout shift."""
        for screen in range(int(page.evaluate(COUNT_SCREENS))):
            page.evaluate(f"scrollTo(0, {screen} * innerHeight)")
            page.evaluate(WAIT_FOR_LAYOUT)
            while self._delayed:
                self._delayed.pop(0).fulfill(body=make_image(len(self._delayed)), content_type="image/png")
            page.evaluate(WAIT_FOR_LAYOUT)
        page.wait_for_load_state("load")
        page.evaluate(WAIT_FOR_LAYOUT)
        return float(page.evaluate("layoutShift"))

    def close(self) -> None:
        """Close all pages."""
        for context in self._contexts:
            context.close()

    def take_errors(self) -> list[str]:
        """Close all pages and return their errors, which are then expected."""
        self.close()
        errors, self.errors = self.errors, []
        return errors

    def _observe(self, context: BrowserContext, delay_images: bool) -> None:
        context.add_init_script(OBSERVE)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.errors.append(f"error: {error.error}"))
        context.on("requestfailed", self._on_failure)
        context.route(is_foreign, self._delay_image if delay_images else self._respond)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"console: {message.text} {message.location['url']}".strip())

    def _on_failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the visitor left the page before it was loaded
            self.errors.append(f"failed: {request.url}: {request.failure}")

    def _delay_image(self, route: Route) -> None:
        if route.request.resource_type == "image":
            self.foreign_urls.append(route.request.url)
            self._delayed.append(route)
        else:
            self._respond(route)

    def _respond(self, route: Route) -> None:
        """Answer a request to another host: with an image, or by aborting it; other types than media are errors."""
        kind, url = route.request.resource_type, route.request.url
        self.foreign_urls.append(url)
        if kind not in FOREIGN_TYPES:
            self.errors.append(f"another host: {kind} {url}")
        if kind == "image":
            route.fulfill(body=make_image(zlib.crc32(url.encode())), content_type="image/png")
        else:
            route.abort("aborted")


def is_foreign(url: str) -> bool:
    """Return True for a URL of another host than the test server's."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != HOST


def make_image(number: int) -> bytes:
    """Return a PNG file, of another size than that for the next number."""
    file = io.BytesIO()
    Image.new("L", IMAGE_SIZES[number % len(IMAGE_SIZES)], 128).save(file, "PNG")
    return file.getvalue()


def find_overflows(page: Page) -> list[str]:
    """Return the elements that make a page wider than its screen."""
    size = page.viewport_size
    overflows: list[str] = page.evaluate(FIND_OVERFLOWS, size["width"] if size else 0)
    return overflows


def measure_size(open_page: PageOpener, path: str) -> int:
    """Return the uncompressed bytes of a page and of what it loads from its own host."""
    page = open_page("about:blank")
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))  # Playwright cannot wrap a built-in method
    page.goto(path)
    return sum(len(response.body()) for response in responses if not is_foreign(response.url))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, which resolves no other host than the test server."""
    hosts = f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HOST}"
    path = shutil.which("chromium") or "chromium is not installed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[hosts])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def seeds_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the seeds."""
    with serving(ROOT / "seeds", _environ(tmp_path_factory)) as server:
        yield server


@pytest.fixture(scope="session")
def large_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of an archive of 120 papers in 12 days, hostile ones among them."""
    root = tmp_path_factory.mktemp("large")
    archives.write(root, days=12, papers=120)
    with serving(root, _environ(tmp_path_factory)) as server:
        yield server


@pytest.fixture
def open_page(chromium: Browser, seeds_server: Server) -> Iterator[PageOpener]:
    """Open pages, `open_page("/latest", phone=True)`; the test fails if one of them has an error."""
    opener = PageOpener(chromium, seeds_server.base)
    yield opener
    opener.close()
    assert opener.errors == []


def _environ(folders: pytest.TempPathFactory) -> dict[str, str]:
    home = str(folders.mktemp("home"))
    return {"HOME": home, "FEEDS_INDEX": f"{home}/index.sqlite", "PYTHONPATH": str(ROOT)}


def get(server: Server, path: str) -> bytes:
    """Return the body of a document, which must exist."""
    response = server.ask(quote(path, safe="/?&=.%-"))
    assert response.status == 200, path
    return response.body
