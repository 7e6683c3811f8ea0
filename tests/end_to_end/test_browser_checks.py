"""The browser of the tests itself: it lets good pages pass and names what is wrong with bad ones."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.support import validators as judges
from tests.support.browser import Visits, overflows, weigh

pytestmark = pytest.mark.external

HEAD = '<!doctype html>\n<html lang="ko">\n<head>\n<meta charset="utf-8">\n<title>논문</title>\n'
HEAD += '<meta name="viewport" content="width=device-width">\n'
POLICY = "<meta http-equiv=\"Content-Security-Policy\" content=\"script-src 'self'; style-src 'self'\">"
GOOD = f"{HEAD}</head>\n<body>\n<main>\n<h1>논문</h1>\n<p>글</p>\n</main>\n</body>\n</html>\n"


@pytest.fixture
def bare(tmp_path: Path) -> Iterator["Pages"]:
    """Open documents of the test's own."""
    handler = partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever).start()
        yield Pages(tmp_path, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and is quiet."""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 — the name is the library's
        """Be quiet."""


class Pages:
    """A folder of documents, served."""

    def __init__(self, root: Path, base: str) -> None:
        self.root = root
        self.base = base

    def write(self, body: str, head: str = "") -> str:
        """Write a page, and give its address."""
        text = GOOD.replace("</head>", f"{head}</head>").replace("<p>글</p>", body)
        (self.root / "page.html").write_text(text, encoding="utf-8")
        return f"{self.base}/page.html"


def faults(browse: Visits, address: str) -> list[str]:
    """Open a bad page, and take what is wrong with it."""
    page = browse(address)
    page.wait_for_load_state("networkidle")
    browse.close()
    found = [*browse.faults]
    browse.faults.clear()
    return found


def test_a_good_page_passes(browse: Visits, bare: Pages) -> None:
    address = bare.write('<p><img src="https://e.org/a.png" alt="x"><video src="https://e.org/a.mp4"></video></p>')
    page = browse(address)
    assert page.evaluate("document.images[0].naturalWidth") > 0
    assert browse.foreign == ["https://e.org/a.png", "https://e.org/a.mp4"]
    assert browse.faults == overflows(page) == judges.axe(browse(bare.write("<p>글</p>"))) == []
    assert judges.nu({"/good": GOOD.encode()}) == []


@pytest.mark.parametrize(
    ("body", "fault"),
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
def test_what_goes_wrong_in_a_page_is_named(browse: Visits, bare: Pages, body: str, fault: str) -> None:
    found = faults(browse, bare.write(body))
    assert any(fault in each for each in found), found


@pytest.mark.parametrize(
    ("body", "directive"),
    [("<script>1</script>", "script-src-elem"), ("<p style='color: red'>글</p>", "style-src-attr")],
)
def test_what_the_policy_forbids_is_named(browse: Visits, bare: Pages, body: str, directive: str) -> None:
    found = faults(browse, bare.write(body, POLICY))
    assert f"the policy forbids inline by {directive}" in "\n".join(found)


def test_axe_leaves_the_policy_as_it_is(browse: Visits, bare: Pages) -> None:
    page = browse(bare.write("<p>글</p>", POLICY))
    assert judges.axe(page) == []
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), { text: 'window.ran = 1' }))")
    assert page.evaluate("window.ran") is None
    browse.close()
    assert browse.faults
    browse.faults.clear()


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("<img src='https://e.org/a.png'>", "image-alt (critical) at img: "),
        ("<p style='color: #aaa'>흐린 글</p>", "color-contrast (serious) at p: "),
        ("<button>하나</button><button>둘</button>", "target-size (serious) at button"),
        ("<h3>글</h3>", "heading-order (moderate) at h3: "),
    ],
)
def test_axe_says_what_keeps_readers_out(browse: Visits, bare: Pages, body: str, rule: str) -> None:
    found = judges.axe(browse(bare.write(f"<style>button {{ font-size: 9px; padding: 0; border: 0 }}</style>{body}")))
    assert any(each.startswith(rule) for each in found), found


def test_a_visitor_has_a_language_a_screen_and_colours(browse: Visits, bare: Pages) -> None:
    page = browse(bare.write("<p>글</p>"), phone=True, dark=True, locale="en-US", printed=True)
    assert page.evaluate("[navigator.language, innerWidth]") == ["en-US", 360]
    assert page.evaluate("matchMedia('print and (prefers-color-scheme: dark)').matches")
    script = "<p hidden>글</p><script>document.querySelector('p').hidden = false</script>"
    assert browse(bare.write(script)).get_by_text("글").is_visible()
    assert not browse(bare.write(script), javascript=False).get_by_text("글").is_visible()


def test_what_is_wider_than_the_screen_is_named(browse: Visits, bare: Pages) -> None:
    page = browse(bare.write("<pre>" + "w" * 200 + "</pre><p>글</p>"), phone=True)
    assert overflows(page) == []  # the box is as wide as the page; only its text sticks out of it
    page = browse(bare.write("<table><tr><td>" + "w" * 200 + "</table>"), phone=True)
    assert overflows(page)[0].startswith("<table>")


def test_a_page_that_jumps_is_measured(browse: Visits, bare: Pages) -> None:
    pictures = "".join(
        f"<p><img {{}} src='https://e.org/{number}.png' alt='x' loading='lazy'></p>" for number in range(9)
    )
    page = browse(bare.write(pictures.replace("{}", "")), late=True)
    assert browse.layout_shift(page) > 0.1
    assert len(browse.foreign) == 9
    page = browse(bare.write(pictures.replace("{}", "width='200' height='100'")), late=True)
    assert browse.layout_shift(page) == 0


def test_a_page_is_weighed_with_what_it_loads_from_us(browse: Visits, bare: Pages) -> None:
    (bare.root / "a.css").write_text("p { color: red }", encoding="utf-8")
    address = bare.write("<p><img src='https://e.org/a.png' alt='x'></p>", "<link rel='stylesheet' href='a.css'>")
    assert weigh(browse, address) == (bare.root / "page.html").stat().st_size + 16


def test_the_nu_checker_names_documents_and_lines() -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg">\n<foo/>\n</svg>\n'
    documents = {
        "/good": GOOD.encode(),
        "/bad?q=1.css": GOOD.replace("<p>글</p>", "<img src=a>").encode(),
        "/warned": GOOD.replace(' lang="ko"', "").encode(),
        "/style.css": b"a { color: red }\nb { colr: red }\n",
        "/drawing.svg": drawing,
    }
    found = judges.nu(documents)
    assert any(each.startswith("/bad?q=1.css:11: error: An “img” element must have an “alt”") for each in found)
    assert any(each.startswith("/warned:2: warning: Consider adding a “lang” attribute") for each in found)
    assert any(each.startswith("/style.css:2: error: CSS: “colr”") for each in found)
    assert any(each.startswith("/drawing.svg:2: error: Element “foo” not allowed") for each in found)
    assert not any(each.startswith("/good") for each in found)
