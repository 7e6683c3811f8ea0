"""The checks of the browser tests themselves: good pages pass, bad ones are reported."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.support import validators
from tests.support.browser import PageOpener, find_overflows, measure_size

pytestmark = pytest.mark.external

HEAD = '<!doctype html>\n<html lang="ko">\n<head>\n<meta charset="utf-8">\n<title>논문</title>\n'
HEAD += '<meta name="viewport" content="width=device-width">\n'
POLICY = "<meta http-equiv=\"Content-Security-Policy\" content=\"script-src 'self'; style-src 'self'\">"
GOOD = f"{HEAD}</head>\n<body>\n<main>\n<h1>논문</h1>\n<p>글</p>\n</main>\n</body>\n</html>\n"


class SilentHandler(SimpleHTTPRequestHandler):
    """Serves files without logging."""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the name is the library's
        """Log nothing."""


class PageFolder:
    """A folder of documents and the base URL at which it is served."""

    def __init__(self, root: Path, base: str) -> None:
        self.root = root
        self.base = base

    def write(self, body: str, head: str = "") -> str:
        """Write a page and return its URL."""
        text = GOOD.replace("</head>", f"{head}</head>").replace("<p>글</p>", body)
        (self.root / "page.html").write_text(text, encoding="utf-8")
        return f"{self.base}/page.html"


@pytest.fixture
def page_folder(tmp_path: Path) -> Iterator[PageFolder]:
    """A folder whose pages are served."""
    handler = partial(SilentHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever).start()
        yield PageFolder(tmp_path, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def errors_of(open_page: PageOpener, url: str) -> list[str]:
    """Open a page and return its errors."""
    open_page(url).wait_for_load_state("networkidle")
    return open_page.take_errors()


def test_good_page_passes(open_page: PageOpener, page_folder: PageFolder) -> None:
    url = page_folder.write('<p><img src="https://e.org/a.png" alt="x"><video src="https://e.org/a.mp4"></video></p>')
    page = open_page(url)
    assert page.evaluate("document.images[0].naturalWidth") > 0
    assert open_page.foreign_urls == ["https://e.org/a.png", "https://e.org/a.mp4"]
    assert find_overflows(page) == []
    assert validators.axe(open_page(page_folder.write("<p>글</p>"))) == []
    assert validators.nu({"/good": GOOD.encode()}) == []
    assert open_page.errors == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<script>console.error('oh')</script>", "console: oh"),
        ("<script>console.warn('oh')</script>", "console: oh"),
        ("<script>throw new Error('oh')</script>", "error: oh"),
        ("<script src='none.js'></script>", "404"),
        ("<script src='https://e.org/a.js'></script>", "another host: script https://e.org/a.js"),
        ("<link rel='stylesheet' href='https://e.org/a.css'>", "another host: stylesheet https://e.org/a.css"),
        ("<script>fetch('https://e.org/a').catch(() => 0)</script>", "another host: fetch https://e.org/a"),
        ("<iframe src='https://e.org/a'></iframe>", "another host: document https://e.org/a"),
        ("<img src='http://127.0.0.1:9/a.png'>", "failed: http://127.0.0.1:9/a.png"),
    ],
)
def test_page_error_is_collected(open_page: PageOpener, page_folder: PageFolder, body: str, expected: str) -> None:
    errors = errors_of(open_page, page_folder.write(body))
    assert any(expected in error for error in errors), errors


@pytest.mark.parametrize(
    ("body", "directive"),
    [("<script>1</script>", "script-src-elem"), ("<p style='color: red'>글</p>", "style-src-attr")],
)
def test_policy_violation_is_collected(
    open_page: PageOpener, page_folder: PageFolder, body: str, directive: str
) -> None:
    errors = errors_of(open_page, page_folder.write(body, POLICY))
    assert f"the policy forbids inline by {directive}" in "\n".join(errors)


def test_axe_keeps_the_policy_in_force(open_page: PageOpener, page_folder: PageFolder) -> None:
    page = open_page(page_folder.write("<p>글</p>", POLICY))
    assert validators.axe(page) == []
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), { text: 'window.ran = 1' }))")
    assert page.evaluate("window.ran") is None
    assert open_page.take_errors()


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("<img src='https://e.org/a.png'>", "image-alt (critical) at img: "),
        ("<p style='color: #aaa'>흐린 글</p>", "color-contrast (serious) at p: "),
        ("<button>하나</button><button>둘</button>", "target-size (serious) at button"),
        ("<h3>글</h3>", "heading-order (moderate) at h3: "),
    ],
)
def test_axe_reports_inaccessible_elements(
    open_page: PageOpener, page_folder: PageFolder, body: str, rule: str
) -> None:
    style = "<style>button { font-size: 9px; padding: 0; border: 0 }</style>"
    violations = validators.axe(open_page(page_folder.write(style + body)))
    assert any(violation.startswith(rule) for violation in violations), violations


def test_page_has_the_given_locale_screen_and_media(open_page: PageOpener, page_folder: PageFolder) -> None:
    page = open_page(page_folder.write("<p>글</p>"), phone=True, dark=True, locale="en-US", printed=True)
    assert page.evaluate("[navigator.language, innerWidth]") == ["en-US", 360]
    assert page.evaluate("matchMedia('print and (prefers-color-scheme: dark)').matches")
    script = "<p hidden>글</p><script>document.querySelector('p').hidden = false</script>"
    assert open_page(page_folder.write(script)).get_by_text("글").is_visible()
    assert not open_page(page_folder.write(script), javascript=False).get_by_text("글").is_visible()


def test_element_wider_than_the_screen_is_an_overflow(open_page: PageOpener, page_folder: PageFolder) -> None:
    page = open_page(page_folder.write("<pre>" + "w" * 200 + "</pre><p>글</p>"), phone=True)
    assert find_overflows(page) == []  # the box is as wide as the page; only its text is wider
    page = open_page(page_folder.write("<table><tr><td>" + "w" * 200 + "</table>"), phone=True)
    assert find_overflows(page)[0].startswith("<table>")


def test_layout_shift_of_images_without_size_is_measured(open_page: PageOpener, page_folder: PageFolder) -> None:
    images = "".join(
        f"<p><img {{}} src='https://e.org/{number}.png' alt='x' loading='lazy'></p>" for number in range(9)
    )
    page = open_page(page_folder.write(images.replace("{}", "")), delay_images=True)
    assert open_page.measure_layout_shift(page) > 0.1
    assert len(open_page.foreign_urls) == 9
    page = open_page(page_folder.write(images.replace("{}", "width='200' height='100'")), delay_images=True)
    assert open_page.measure_layout_shift(page) == 0


def test_size_of_a_page_includes_its_own_style_sheet(open_page: PageOpener, page_folder: PageFolder) -> None:
    (page_folder.root / "a.css").write_text("p { color: red }", encoding="utf-8")
    url = page_folder.write("<p><img src='https://e.org/a.png' alt='x'></p>", "<link rel='stylesheet' href='a.css'>")
    assert measure_size(open_page, url) == (page_folder.root / "page.html").stat().st_size + 16


def test_nu_checker_names_documents_and_lines() -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg">\n<foo/>\n</svg>\n'
    documents = {
        "/good": GOOD.encode(),
        "/bad?q=1.css": GOOD.replace("<p>글</p>", "<img src=a>").encode(),
        "/warned": GOOD.replace(' lang="ko"', "").encode(),
        "/style.css": b"a { color: red }\nb { colr: red }\n",
        "/drawing.svg": drawing,
    }
    messages = validators.nu(documents)
    for start in (
        "/bad?q=1.css:11: error: An “img” element must have an “alt”",
        "/warned:2: warning: Consider adding a “lang” attribute",
        "/style.css:2: error: CSS: “colr”",
        "/drawing.svg:2: error: Element “foo” not allowed",
    ):
        assert any(message.startswith(start) for message in messages), start
    assert not any(message.startswith("/good") for message in messages)
