"""The workflow for GitHub Pages is valid, and builds a site whose links lead somewhere."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from lxml import html

from feeds.exporters import registry
from tests.support.digests import day, paper, write_files
from tests.support.servers import FEEDS
from tests.support.sites import read_files
from tests.support.validators import actionlint
from tests.support.web_servers import render_file

pytestmark = pytest.mark.external

WORKFLOW = render_file("pages", "https://papers.example.org", registry.load())
TWO_DAYS = {
    "1.md": day("2024-01-30", *(paper(f"Paper {n}", f"2401.{n}", summary="- LLM 확산") for n in (1, 2))),
    "2.md": day("2024-03-20", *(paper(f"Paper {n}", f"2401.{n}", summary="- LLM 확산") for n in (3, 4))),
}


def test_pages_workflow_passes_actionlint() -> None:
    assert actionlint(WORKFLOW) == []


FAULTS = {
    "pages: write": ("pages: wriet", '"wriet" is invalid'),
    "steps.pages.outputs.base_url": ("steps.page.outputs.base_url", '"page" is not defined'),
    "restore-keys:": ("restore-key:", '"restore-key" is not defined'),
    "ubuntu-latest": ("ubuntu-newest", '"ubuntu-newest" is unk'),
}


def test_actionlint_finds_faults() -> None:
    workflow = WORKFLOW
    for right, (wrong, _) in FAULTS.items():
        assert right in workflow
        workflow = workflow.replace(right, wrong)
    messages = actionlint(workflow)
    assert len(messages) == len(FAULTS)
    for _, expected in FAULTS.values():
        assert any(expected in message for message in messages), messages


PAGES_URL = "https://your-name.github.io/digests"


def test_pages_workflow_builds_a_site_without_dead_links(environ: dict[str, str], tmp_path: Path) -> None:
    write_files(tmp_path / "digests", TWO_DAYS)
    (command,) = re.findall(r"run: feeds (.+)\n +env:\n +FEEDS_BASE_URL: .*pages.outputs.base_url", WORKFLOW)
    (cached,), (uploaded,) = (
        re.findall(rf"actions/{action}@v\d.*\n +with:\n +path: (.+)", WORKFLOW)
        for action in ("cache", "upload-pages-artifact")
    )
    cache, site = tmp_path / cached, tmp_path / uploaded
    environ = environ | {"FEEDS_BASE_URL": f"{PAGES_URL}/"}
    builds = []
    for _ in range(2):  # the second run has only what the first has cached
        arguments: list[str | Path] = [FEEDS, *shlex.split(command)]
        result = subprocess.run(arguments, env=environ, cwd=tmp_path, check=True, capture_output=True, text=True)
        builds.append(read_files(site))
        shutil.rmtree(site)
        assert {path for path in tmp_path.iterdir() if path.is_dir()} == {tmp_path / "digests", cache}
    assert ", rendered 0," in result.stderr
    assert builds[0] == builds[1]
    links = {link for name, document in builds[0].items() for link in internal_links(name, document)}
    static_links = {link for link in links if not urlsplit(link).path.startswith("/digests/search")}
    assert not {link for link in static_links if not is_served(link, builds[0].keys())}
    assert len(links) > 100


def internal_links(name: str, document: bytes) -> Iterator[str]:
    """List the URLs on the site's own host: of a page those of its links, of other documents any."""
    if name.endswith(".html"):
        url = f"{PAGES_URL}/{name.removesuffix('.html').removesuffix('index')}"
        for _, _, link, _ in html.fromstring(document).iterlinks():
            absolute = urljoin(url, link)
            if urlsplit(absolute).netloc == urlsplit(PAGES_URL).netloc:
                yield absolute
    else:
        yield from re.findall(r"https://your-name\.github\.io[^\s\"'<>?#\\)]*", document.decode(errors="ignore"))


def is_served(link: str, files: Iterable[str]) -> bool:
    """Return True if GitHub Pages has a file for a link; it serves KEY.html at KEY."""
    root, path = f"{urlsplit(PAGES_URL).path}/", unquote(urlsplit(link).path)
    name = path.removeprefix(root)
    return path.startswith(root) and not {name, f"{name}.html", f"{name}index.html"}.isdisjoint(files)
