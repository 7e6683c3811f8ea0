"""The site as files, behind the nginx of the README and on GitHub Pages, and replicas of the app: all say the same."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import html

from feeds.model.key import Scope
from feeds.publishing.headers import content_disposition
from feeds.publishing.publisher import Catalog, open_catalog
from tests.support.digests import SEEDS, day, paper, write_files
from tests.support.servers import FEEDS, Server, free_port, running, serving
from tests.support.validators import actionlint
from tests.test_documents import blocks
from web import create_app

pytestmark = pytest.mark.external

BASE = "https://papers.example.org"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx is not installed"
# What stands around the configuration in Debian's own, but for its files. Only root may become somebody else.
AROUND = """
user root;
pid nginx.pid;
events {{}}
http {{
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
    gzip on;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    {block}
}}
"""
NOWHERE = "127.0.0.1:9"


class Static(NamedTuple):
    """The seeds as files, and what the app says of the same."""

    out: Path
    server: Server
    app: FlaskClient
    catalog: Catalog


@contextmanager
def nginx(folder: Path, out: Path, replica: str = NOWHERE) -> Iterator[Server]:
    """Run nginx with the configuration in the README, for a site and a replica of the app elsewhere."""
    port = free_port()
    (block,) = blocks("nginx")
    for shown, here in (
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("root /srv/papers/site;", f"root {out};"),
        ("http://127.0.0.1:8000;", f"http://{replica};"),
    ):
        assert block.count(shown) == 1
        block = block.replace(shown, here)
    folder.mkdir()
    (folder / "nginx.conf").write_text(AROUND.format(block=block), encoding="utf-8")
    options: list[str | Path] = ["-p", folder, "-c", folder / "nginx.conf", "-e", "error.log", "-g", "daemon off;"]
    with running([NGINX, *options], {}, port) as server:
        yield server


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Static]:
    own = tmp_path_factory.mktemp("hosting")
    # All processes of a run build into one folder: the second finds that the first has rendered everything.
    shared = own.parent.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    out = shared / "papers" / "site"
    environ = {"FEEDS_BASE_URL": BASE, "FEEDS_INDEX": str(own / "index.sqlite"), "HOME": str(own)}
    out.parent.mkdir(exist_ok=True)
    subprocess.run([FEEDS, "build", out, "--archive", SEEDS, "--precompress"], env=environ, check=True)
    with nginx(own / "nginx", out) as server:
        yield Static(out, server, create_app(SEEDS, environ).test_client(), open_catalog(SEEDS, environ))


SAID = (
    *("Content-Type", "Content-Encoding", "Content-Disposition", "Content-Security-Policy", "Cache-Control"),
    *("Last-Modified", "X-Content-Type-Options", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"),
)
# What depends on the request or on other editions; and of what is compressed nginx sends no ranges, but of all else.
ONLY_THE_APP = {"Link", "Content-Language", "Content-Location", "Accept-Ranges"}
ONLY_NGINX = {"Server", "Date", "Connection", "Accept-Ranges"}


@pytest.mark.parametrize("asked", [{}, {"Accept-Encoding": "gzip"}], ids=["plain", "gzip"])
def test_nginx_answers_for_every_publication_what_the_app_answers(static: Static, asked: dict[str, str]) -> None:
    count = 0
    for publication in static.catalog:
        path = f"/{publication.path}"
        app, ours = static.app.get(path, headers=asked), static.server.ask(path, asked)
        expected = {name: app.headers.get(name) for name in SAID}
        # A file server knows no days: what is past is fresh for five minutes, too.
        expected["Cache-Control"] = app.headers["Cache-Control"].replace("max-age=86400,", "max-age=300,")
        if publication.key.scope is Scope.SEARCH and expected["Content-Disposition"]:
            expected["Content-Disposition"] = "attachment"  # and is called as its address is, not by what it asks for
        assert {name: ours.headers.get(name) for name in SAID} == expected, path
        assert (ours.status, ours.body) == (app.status_code, app.data), path
        assert ours.headers["Vary"] == "Accept-Encoding"
        assert "Accept-Encoding" in app.vary
        app_names, our_names = ({name.title() for name in headers} for headers in (app.headers.keys(), ours.headers))
        assert app_names - our_names <= ONLY_THE_APP, path
        assert our_names - app_names <= ONLY_NGINX, path
        assert ("Accept-Ranges" in our_names) == ("Content-Encoding" not in our_names)
        count += 1
    assert count == sum(1 for path in static.out.rglob("*") if path.is_file() and path.suffix not in CODED)


CODED = (".gz", ".br", ".zst")


PATHS = ["/", "/latest.rss", "/2024-01-30", "/2024-W05.epub", "/opds", "/topics/%EC%98%81%EC%83%81.json"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", [{}, {"Accept-Encoding": "gzip"}], ids=["plain", "gzip"])
def test_nginx_sends_nothing_again_that_is_known(static: Static, path: str, coding: dict[str, str]) -> None:
    whole = static.server.ask(path, coding)
    head = static.server.ask(path, coding, "HEAD")
    assert (head.status, head.body, comparable(head.headers)) == (200, b"", comparable(whole.headers))
    tag, modified = whole.headers["ETag"], whole.headers["Last-Modified"]
    app = static.app.get(path, headers={"If-None-Match": "*"})
    for known in ({"If-None-Match": tag}, {"If-None-Match": f'"x", W/{tag}'}, {"If-Modified-Since": modified}):
        unchanged = static.server.ask(path, coding | known)
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert unchanged.headers["ETag"] == tag
        for name in ("Last-Modified", "Content-Security-Policy", "Access-Control-Allow-Origin"):
            assert unchanged.headers.get(name) == app.headers.get(name)
        assert unchanged.headers["Vary"] == whole.headers["Vary"]
        assert unchanged.headers["Cache-Control"] == whole.headers["Cache-Control"]
    for other in ({"If-None-Match": '"x"'}, {"If-Modified-Since": "Mon, 01 Jan 2035 00:00:00 GMT"}):
        assert static.server.ask(path, coding | other).body == whole.body


def comparable(headers: Message) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "Date"}


def test_nginx_compresses_for_a_proxy_and_never_gives_two_documents_one_tag(static: Static) -> None:
    plain = static.server.ask("/latest.rss")
    coded = static.server.ask("/latest.rss", {"Accept-Encoding": "gzip", "Via": "1.1 cdn"})
    assert (plain.headers["Content-Encoding"], coded.headers["Content-Encoding"]) == (None, "gzip")
    assert plain.headers["ETag"] != coded.headers["ETag"]


def test_nginx_goes_on_with_a_book_where_it_stopped(static: Static) -> None:
    book = "/2024-W05.epub"
    whole = static.server.ask(book)
    middle = len(whole.body) // 2
    condition = {"If-Range": whole.headers["ETag"]}
    ranges = (f"bytes=0-{middle - 1}", f"bytes={middle}-")
    parts = [static.server.ask(book, condition | {"Range": each}) for each in ranges]
    assert [part.status for part in parts] == [206, 206]
    assert b"".join(part.body for part in parts) == whole.body
    assert parts[1].headers["Content-Range"] == f"bytes {middle}-{len(whole.body) - 1}/{len(whole.body)}"
    assert static.server.ask(book, {"If-Range": '"x"', "Range": "bytes=0-1"}).status == 200
    assert static.server.ask(book, {"Range": "bytes=99999999-"}).status == 416


@pytest.mark.parametrize(
    "path",
    [
        *("/nothing", "/2023-01-01", "/2024-01-30.pdf", "/papers/2401.1.epub", "/topics/x.json", "/404"),
        *("/index.html", "/2024-01-30.html", "/papers/2403.12895.html", "/latest.rss.gz", "/latest.br", "/opds.zst"),
        *("/papers", "/papers/", "/days/", "/latest/", "/latest.rss/", "/index", "/.feeds-manifest.json.gz"),
    ],
)
def test_nginx_has_no_address_that_the_app_has_not(static: Static, path: str) -> None:
    app, ours = static.app.get(path), static.server.ask(path)
    assert (ours.status, app.status_code) == (404, 404)
    for name in ("Content-Type", "X-Content-Type-Options", "Access-Control-Allow-Origin", "Content-Disposition"):
        assert ours.headers.get(name) == app.headers.get(name)
    assert ours.body.count(b"\n") == 1
    assert (ours.headers["Vary"], ours.headers["Cache-Control"]) == ("Accept-Encoding", None)


@pytest.mark.parametrize("path", ["/opds/", "/opds2/", "/topics.opds/", "/newest.opds/", "/subscriptions.opml/"])
def test_nginx_takes_a_slash_behind_a_catalogue(static: Static, path: str) -> None:
    app, ours = static.app.get(path), static.server.ask(path)
    assert (ours.status, ours.body) == (app.status_code, app.data)
    assert ours.headers["Content-Type"] == app.headers["Content-Type"]


SEARCHES = ["/search?q=%ED%99%95%EC%82%B0", "/search.rss?q=LLM&limit=3", "/search.epub?min_votes=50"]


def test_nginx_leaves_searches_to_the_app(static: Static, environ: dict[str, str], tmp_path: Path) -> None:
    with (
        serving(SEEDS, environ | {"FEEDS_BASE_URL": BASE}) as app,
        nginx(tmp_path / "nginx", static.out, f"127.0.0.1:{app.port}") as server,
    ):
        for path in (*SEARCHES, "/search.rss?limit=0"):
            for coding in ({}, {"Accept-Encoding": "gzip"}):
                ours, theirs = server.ask(path, coding), app.ask(path, coding)
                assert (ours.status, ours.body) == (theirs.status, theirs.body)
                for name in (*SAID, "ETag", "Vary", "Link"):
                    assert ours.headers.get_all(name) == theirs.headers.get_all(name)
        known = {"If-None-Match": app.ask(SEARCHES[0]).headers["ETag"]}
        assert [server.ask(path, known).status for path in SEARCHES] == [304, 200, 200]
    assert static.server.ask(SEARCHES[0]).status == 502


@pytest.mark.parametrize("name", ["2401.16420", "math/0309136", "0123456789abcdef"])
def test_nginx_calls_a_paper_as_the_app_does_whatever_its_number(name: str, seeds: Catalog, tmp_path: Path) -> None:
    book = seeds.publication(seeds.registry.exporter("epub"), f"papers/{name}")
    assert book
    write_files(tmp_path / "site", {book.path: b"book"})
    with nginx(tmp_path / "nginx", tmp_path / "site") as server:
        assert server.ask(f"/{book.path}").headers["Content-Disposition"] == content_disposition(book)


def test_nginx_serves_a_new_build_at_once(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    build: list[str | Path] = [FEEDS, "build", tmp_path / "site", "--archive", folder, "--precompress"]
    write_files(folder, {"1.md": day("2024-01-30", paper(votes="Vote: 41"))})
    subprocess.run(build, env=environ, check=True)
    with nginx(tmp_path / "nginx", tmp_path / "site") as server:
        before = server.ask("/latest.rss")
        write_files(folder, {"1.md": day("2024-01-30", paper(votes="Vote: 42"))})
        os.utime(folder / "1.md", (0, 0))  # as if it came out of a backup
        subprocess.run(build, env=environ, check=True)
        for known in ("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"):
            after = server.ask("/latest.rss", {known[0]: before.headers[known[1]]})
            assert (after.status, len(after.body)) == (200, len(before.body))
            assert after.body != before.body


def test_no_site_is_built_into_the_archive_where_its_files_would_be_read_as_digests(
    folder: Path, environ: dict[str, str]
) -> None:
    write_files(folder, two_days())
    for out in (folder / "site", folder / "papers" / ".." / "site"):
        built = subprocess.run([FEEDS, "build", out, "--archive", folder], env=environ, capture_output=True, text=True)
        assert (built.returncode, built.stderr.count("\n")) == (1, 1)
        assert "lies in the archive" in built.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["1.md", "2.md"]


def two_days() -> dict[str, str]:
    papers = [paper(f"Paper {number}", f"2401.{number}", summary="- LLM 확산") for number in range(1, 5)]
    return {"1.md": day("2024-01-30", *papers[:2]), "2.md": day("2024-03-20", *papers[2:])}


def test_replicas_give_the_same_tags_without_knowing_of_each_other(tmp_path: Path) -> None:
    tags = []
    for name, time in ("one", 1_600_000_000), ("other/place", 1_700_000_000):
        root = tmp_path / name
        write_files(root / "archive", two_days())
        for path in (root / "archive").iterdir():
            os.utime(path, (time, time))
        own = {"FEEDS_BASE_URL": BASE, "FEEDS_INDEX": str(root / "index.sqlite"), "HOME": str(root)}
        app = create_app(root / "archive", own).test_client()
        paths = [f"/{each.path}" for each in open_catalog(root / "archive", own)]
        answers = {path: app.get(path, headers={"If-None-Match": "*"}) for path in [*paths, *SEARCHES[:3]]}
        assert {answer.status_code for answer in answers.values()} == {304}
        tags.append({path: answer.headers["ETag"] for path, answer in answers.items()})
    assert tags[0] == tags[1]
    assert len(set(tags[0].values())) == len(tags[0]) > 100


def test_the_workflow_has_no_fault_that_actionlint_knows() -> None:
    (workflow,) = blocks("yaml")
    assert actionlint(workflow) == []


FAULTS = {
    "pages: write": "pages: wriet",
    "steps.pages.outputs.base_url": "steps.page.outputs.base_url",
    "restore-keys:": "restore-key:",
    "ubuntu-latest": "ubuntu-newest",
}


def test_actionlint_finds_faults() -> None:
    (workflow,) = blocks("yaml")
    for right, wrong in FAULTS.items():
        assert right in workflow
        workflow = workflow.replace(right, wrong)
    found = actionlint(workflow)
    assert len(found) == 4
    for what in (
        '"wriet" is invalid',
        '"page" is not defined',
        '"restore-key" is not defined',
        '"ubuntu-newest" is unk',
    ):
        assert any(what in each for each in found), found


PAGES = "https://your-name.github.io/digests"


def test_the_workflow_builds_a_site_whose_links_lead_somewhere_under_its_path(
    environ: dict[str, str], tmp_path: Path
) -> None:
    write_files(tmp_path / "digests", two_days())
    (workflow,) = blocks("yaml")
    (command,) = re.findall(r"run: feeds (.+)\n +env:\n +FEEDS_BASE_URL: .*pages.outputs.base_url", workflow)
    (kept,), (site,) = (
        re.findall(rf"actions/{action}@v\d.*\n +with:\n +path: (.+)", workflow)
        for action in ("cache", "upload-pages-artifact")
    )
    kept, site = tmp_path / kept, tmp_path / site
    environ = environ | {"FEEDS_BASE_URL": f"{PAGES}/"}
    built = []
    for _ in range(2):  # the second run has of the first only what was kept
        run: list[str | Path] = [FEEDS, *shlex.split(command)]
        said = subprocess.run(run, env=environ, cwd=tmp_path, check=True, capture_output=True, text=True).stderr
        built.append({path.relative_to(site): path.read_bytes() for path in site.rglob("*") if path.is_file()})
        shutil.rmtree(site)
        assert {path for path in tmp_path.iterdir() if path.is_dir()} == {tmp_path / "digests", kept}
    assert ", rendered 0," in said
    assert built[0] == built[1]
    files = {path.as_posix() for path in built[0]}
    led = {link for path, body in built[0].items() for link in links(path.as_posix(), body)}
    lost = {link for link in led if not served(link, files) and not urlsplit(link).path.startswith("/digests/search")}
    assert not lost
    assert len(led) > 100


def links(name: str, document: bytes) -> Iterator[str]:
    """List what a page refers to on its own host, and what any other document does."""
    if name.endswith(".html"):
        address = f"{PAGES}/{name.removesuffix('.html').removesuffix('index')}"
        for _, _, link, _ in html.fromstring(document).iterlinks():
            full = urljoin(address, link)
            if urlsplit(full).netloc == urlsplit(PAGES).netloc:
                yield full
    else:
        yield from re.findall(r"https://your-name\.github\.io[^\s\"'<>?#\\)]*", document.decode(errors="ignore"))


def served(link: str, files: set[str]) -> bool:
    """Tell whether GitHub Pages has a file for a link; it serves KEY.html at KEY."""
    root, path = f"{urlsplit(PAGES).path}/", unquote(urlsplit(link).path)
    name = path.removeprefix(root)
    return path.startswith(root) and bool({name, f"{name}.html", f"{name}index.html"} & files)
