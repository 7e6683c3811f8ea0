"""Opens our pages in Chromium as their readers do, and holds that nothing goes wrong on the way."""

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

HERE = "127.0.0.1"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
FOREIGN = ("image", "media")  # what a page may ask other hosts for
SIZES = [(320, 180), (180, 320), (1200, 300), (64, 64), (900, 1600)]
WATCH = """
addEventListener("securitypolicyviolation", (seen) =>
  console.error(`the policy forbids ${seen.blockedURI} by ${seen.effectiveDirective}`));
window.layoutShift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
SETTLED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
SCREENS = "Math.ceil(document.scrollingElement.scrollHeight / innerHeight)"
OVERFLOWS = """(width) => document.scrollingElement.scrollWidth <= width ? [] : [...document.querySelectorAll("*")]
  .filter((each) => each.getBoundingClientRect().right > width).map((each) => each.outerHTML.slice(0, 200))"""


class Visits:
    """Opens pages, each for a visitor of its own; what goes wrong in any of them gathers in `faults`."""

    def __init__(self, browser: Browser, base: str) -> None:
        self.faults: list[str] = []
        self.foreign: list[str] = []  # the addresses at other hosts that were asked for
        self._browser = browser
        self._base = base
        self._contexts: list[BrowserContext] = []
        self._held: list[Route] = []

    def __call__(
        self,
        path: str = "/",
        *,
        phone: bool = False,
        dark: bool = False,
        javascript: bool = True,
        locale: str = "ko-KR",
        printed: bool = False,
        late: bool = False,
    ) -> Page:
        """Open a path of the seeds, or a whole address; pictures that come `late` wait for `show_pictures`."""
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
        self._watch(context, late)
        page = context.new_page()
        if printed:
            page.emulate_media(media="print")
        page.goto(path, wait_until="domcontentloaded" if late else "load")
        return page

    def show_pictures(self) -> None:
        """Let the pictures come that were held back."""
        while self._held:
            self._held.pop(0).fulfill(body=picture(len(self._held)), content_type="image/png")

    def layout_shift(self, page: Page) -> float:
        """Scroll through a page that was opened with `late`, pictures coming on the way; say how much it jumped."""
        for screen in range(int(page.evaluate(SCREENS))):
            page.evaluate(f"scrollTo(0, {screen} * innerHeight)")
            page.evaluate(SETTLED)
            self.show_pictures()
            page.evaluate(SETTLED)
        page.wait_for_load_state("load")
        page.evaluate(SETTLED)
        return float(page.evaluate("layoutShift"))

    def close(self) -> None:
        """Close all pages."""
        for context in self._contexts:
            context.close()

    def _watch(self, context: BrowserContext, late: bool) -> None:
        context.add_init_script(WATCH)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.append(f"error: {error.error}"))
        context.on("requestfailed", self._failed)
        context.route(is_foreign, self._hold if late else self._answer)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text} {message.location['url']}".strip())

    def _failed(self, request: Request) -> None:
        """Note what failed, but not what the reader left before it was there."""
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"failed: {request.url}: {request.failure}")

    def _hold(self, route: Route) -> None:
        if route.request.resource_type == "image":
            self.foreign.append(route.request.url)
            self._held.append(route)
        else:
            self._answer(route)

    def _answer(self, route: Route) -> None:
        """Give a picture; a film does not come, and anything else must not be asked for."""
        kind, url = route.request.resource_type, route.request.url
        self.foreign.append(url)
        if kind not in FOREIGN:
            self.faults.append(f"another host: {kind} {url}")
        if kind == "image":
            route.fulfill(body=picture(zlib.crc32(url.encode())), content_type="image/png")
        else:
            route.abort("aborted")


def is_foreign(url: str) -> bool:
    """Tell whether an address is at another host than ours."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != HERE


def picture(number: int) -> bytes:
    """Paint a picture, of another size than that of the next number."""
    file = io.BytesIO()
    Image.new("L", SIZES[number % len(SIZES)], 128).save(file, "PNG")
    return file.getvalue()


def overflows(page: Page) -> list[str]:
    """List the elements that make a page wider than its screen."""
    size = page.viewport_size
    found: list[str] = page.evaluate(OVERFLOWS, size["width"] if size else 0)
    return found


def weigh(visits: Visits, path: str) -> int:
    """Open a page and say how many bytes it and what it loads from us are, before compression."""
    page = visits("about:blank")
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(path)
    return sum(len(answer.body()) for answer in answers if not is_foreign(answer.url))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, from which nothing but our own server can be reached."""
    hosts = f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HERE}"
    path = shutil.which("chromium") or "chromium is not installed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[hosts])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the seeds."""
    with serving(ROOT / "seeds", _environ(tmp_path_factory)) as server:
        yield server


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of an archive of 120 papers in 12 days, with much in it that is hostile."""
    root = tmp_path_factory.mktemp("crowded")
    archives.write(root, days=12, papers=120)
    with serving(root, _environ(tmp_path_factory)) as server:
        yield server


@pytest.fixture
def browse(chromium: Browser, served: Server) -> Iterator[Visits]:
    """Open pages of the seeds, `browse("/latest", phone=True)`; the test fails if anything is wrong in one."""
    visits = Visits(chromium, served.base)
    yield visits
    visits.close()
    assert visits.faults == []


def _environ(folders: pytest.TempPathFactory) -> dict[str, str]:
    """Make an environment with a home of its own, and the code that stands beside these tests."""
    home = str(folders.mktemp("home"))
    return {"HOME": home, "FEEDS_INDEX": f"{home}/index.sqlite", "PYTHONPATH": str(ROOT)}


def get(server: Server, path: str) -> bytes:
    """Ask a server for a document that must be there."""
    answer = server.ask(quote(path, safe="/?&=.%-"))
    assert answer.status == 200, path
    return answer.body
