"""The site as files behind nginx and on GitHub Pages, and replicas of the app: all answer alike."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import html

from feeds.model.keys import SearchKey
from feeds.publishing.manifest import SUFFIXES
from feeds.publishing.publisher import Publisher, open_publisher
from feeds.publishing.representation import Representation
from feeds.publishing.static import StaticFile
from tests.support.digests import ROOT, SEEDS, day, paper, write_files
from tests.support.servers import FEEDS, Server, free_port, running, serving
from tests.support.sites import read_files
from tests.support.validators import actionlint
from web import create_app

pytestmark = pytest.mark.external

CONFIGURATION = (ROOT / "feeds/hosting/nginx.conf").read_text(encoding="utf-8")
WORKFLOW = (ROOT / "feeds/hosting/pages.yaml").read_text(encoding="utf-8")
BASE_URL = "https://papers.example.org"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx is not installed"
# The rest of Debian's configuration, with other files. Only root may change the user.
NGINX_CONF = """
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
    {configuration}
}}
"""
NO_APP = "127.0.0.1:9"
GZIP = {"Accept-Encoding": "gzip"}
TWO_DAYS = {
    "1.md": day("2024-01-30", *(paper(f"Paper {n}", f"2401.{n}", summary="- LLM 확산") for n in (1, 2))),
    "2.md": day("2024-03-20", *(paper(f"Paper {n}", f"2401.{n}", summary="- LLM 확산") for n in (3, 4))),
}


class StaticSite(NamedTuple):
    """The seeds as files behind nginx, and the app that serves the same."""

    out: Path
    nginx: Server
    app: FlaskClient
    publisher: Publisher


@contextmanager
def run_nginx(folder: Path, out: Path, app: str = NO_APP) -> Iterator[Server]:
    """Run nginx with our configuration for a site, and the app at another address."""
    port, configuration = free_port(), CONFIGURATION
    for line, replacement in (
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("root /srv/papers/site;", f"root {out};"),
        ("http://127.0.0.1:8000;", f"http://{app};"),
    ):
        assert configuration.count(line) == 1
        configuration = configuration.replace(line, replacement)
    folder.mkdir()
    (folder / "nginx.conf").write_text(NGINX_CONF.format(configuration=configuration), encoding="utf-8")
    options: list[str | Path] = ["-p", folder, "-c", folder / "nginx.conf", "-e", "error.log", "-g", "daemon off;"]
    with running([NGINX, *options], {}, port) as server:
        yield server


@pytest.fixture(scope="module")
def static_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaticSite]:
    own = tmp_path_factory.mktemp("hosting")
    # All processes of a test run build into one folder, so that only the first has to render.
    shared = own.parent.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    out = shared / "papers" / "site"
    environ = {"FEEDS_BASE_URL": BASE_URL, "FEEDS_INDEX": str(own / "index.sqlite"), "HOME": str(own)}
    out.parent.mkdir(exist_ok=True)
    subprocess.run([FEEDS, "build", out, "--archive", SEEDS, "--precompress"], env=environ, check=True)
    with run_nginx(own / "nginx", out) as server:
        yield StaticSite(out, server, create_app(SEEDS, environ).test_client(), open_publisher(SEEDS, environ))


COMMON_HEADERS = (
    *("Content-Type", "Content-Encoding", "Content-Disposition", "Content-Security-Policy", "Cache-Control"),
    *("Last-Modified", "X-Content-Type-Options", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"),
)
# What depends on the request or on other editions. nginx sends ranges of all files but compressed ones.
ONLY_APP = {"Link", "Content-Language", "Content-Location", "Accept-Ranges"}
ONLY_NGINX = {"Server", "Date", "Connection", "Accept-Ranges"}


@pytest.mark.parametrize("headers", [{}, GZIP], ids=["plain", "gzip"])
def test_nginx_answers_for_each_document_like_the_app(static_site: StaticSite, headers: dict[str, str]) -> None:
    count = 0
    for document in static_site.publisher.all_representations():
        path, is_static = f"/{document.path}", isinstance(document.resource, StaticFile)
        app, nginx = static_site.app.get(path, headers=headers), static_site.nginx.ask(path, headers)
        expected = {name: app.headers.get(name) for name in COMMON_HEADERS}
        # A file server knows no days: past editions too are fresh for five minutes.
        expected["Cache-Control"] = app.headers["Cache-Control"].replace("max-age=86400,", "max-age=300,")
        is_topic = not isinstance(document.resource, StaticFile) and isinstance(document.resource.key, SearchKey)
        if is_topic and expected["Content-Disposition"]:
            expected["Content-Disposition"] = "attachment"  # named after its URL
        if is_static:
            expected["Last-Modified"] = nginx.headers["Last-Modified"]  # when the file was written
        assert {name: nginx.headers.get(name) for name in COMMON_HEADERS} == expected, path
        assert (nginx.status, nginx.body) == (app.status_code, app.data), path
        assert nginx.headers["Vary"] == "Accept-Encoding"
        assert "Accept-Encoding" in app.vary
        app_names, nginx_names = ({name.title() for name in names} for names in (app.headers.keys(), nginx.headers))
        assert app_names - nginx_names <= ONLY_APP, path
        assert nginx_names - app_names <= (ONLY_NGINX | {"Last-Modified"} if is_static else ONLY_NGINX), path
        assert ("Accept-Ranges" in nginx_names) == ("Content-Encoding" not in nginx_names)
        count += 1
    variants = tuple(filter(None, SUFFIXES.values()))
    assert count == sum(not name.endswith(variants) for name in read_files(static_site.out))


PATHS = ["/", "/latest.rss", "/2024-01-30", "/2024-W05.epub", "/opds", "/topics/%EC%98%81%EC%83%81.json"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, GZIP], ids=["plain", "gzip"])
def test_nginx_answers_conditional_requests_like_the_app(
    static_site: StaticSite, path: str, headers: dict[str, str]
) -> None:
    whole = static_site.nginx.ask(path, headers)
    head = static_site.nginx.ask(path, headers, "HEAD")
    assert (head.status, head.body, without_date(head.headers)) == (200, b"", without_date(whole.headers))
    etag, modified = whole.headers["ETag"], whole.headers["Last-Modified"]
    app = static_site.app.get(path, headers={"If-None-Match": "*"})
    for condition in ({"If-None-Match": etag}, {"If-None-Match": f'"x", W/{etag}'}, {"If-Modified-Since": modified}):
        unchanged = static_site.nginx.ask(path, headers | condition)
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert unchanged.headers["ETag"] == etag
        for name in ("Last-Modified", "Content-Security-Policy", "Access-Control-Allow-Origin"):
            assert unchanged.headers.get(name) == app.headers.get(name)
        assert unchanged.headers["Vary"] == whole.headers["Vary"]
        assert unchanged.headers["Cache-Control"] == whole.headers["Cache-Control"]
    for condition in ({"If-None-Match": '"x"'}, {"If-Modified-Since": "Mon, 01 Jan 2035 00:00:00 GMT"}):
        assert static_site.nginx.ask(path, headers | condition).body == whole.body


def without_date(headers: Message) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "Date"}


def test_nginx_compresses_for_proxies_under_another_etag(static_site: StaticSite) -> None:
    plain = static_site.nginx.ask("/latest.rss")
    compressed = static_site.nginx.ask("/latest.rss", GZIP | {"Via": "1.1 cdn"})
    assert (plain.headers["Content-Encoding"], compressed.headers["Content-Encoding"]) == (None, "gzip")
    assert plain.headers["ETag"] != compressed.headers["ETag"]


def test_nginx_resumes_the_download_of_a_book(static_site: StaticSite) -> None:
    path = "/2024-W05.epub"
    whole = static_site.nginx.ask(path)
    middle = len(whole.body) // 2
    condition = {"If-Range": whole.headers["ETag"]}
    ranges = (f"bytes=0-{middle - 1}", f"bytes={middle}-")
    parts = [static_site.nginx.ask(path, condition | {"Range": value}) for value in ranges]
    assert [part.status for part in parts] == [206, 206]
    assert b"".join(part.body for part in parts) == whole.body
    assert parts[1].headers["Content-Range"] == f"bytes {middle}-{len(whole.body) - 1}/{len(whole.body)}"
    assert static_site.nginx.ask(path, {"If-Range": '"x"', "Range": "bytes=0-1"}).status == 200
    assert static_site.nginx.ask(path, {"Range": "bytes=99999999-"}).status == 416


@pytest.mark.parametrize(
    "path",
    [
        *("/nothing", "/2023-01-01", "/2024-01-30.pdf", "/papers/2401.1.epub", "/topics/x.json", "/404"),
        *("/latest.rss.gz", "/latest.br", "/opds.zst", "/papers", "/.feeds-manifest.json.gz"),
    ],
)
def test_nginx_has_no_url_that_the_app_lacks(static_site: StaticSite, path: str) -> None:
    app, nginx = static_site.app.get(path), static_site.nginx.ask(path)
    assert (nginx.status, app.status_code) == (404, 404)
    for name in ("Content-Type", "X-Content-Type-Options", "Access-Control-Allow-Origin", "Content-Disposition"):
        assert nginx.headers.get(name) == app.headers.get(name)
    assert nginx.body.count(b"\n") == 1
    assert (nginx.headers["Vary"], nginx.headers["Cache-Control"]) == ("Accept-Encoding", None)


@pytest.mark.parametrize(
    "path",
    [
        *("/opds/", "/topics.opds/", "/subscriptions.opml/", "/days/", "/latest//", "/topics/%EC%98%81%EC%83%81/"),
        *("/index.html", "/index", "/home", "/2024-01-30.html", "/papers/2403.12895.html", "/latest/index.html"),
        *(
            "/rss",
            "/feed",
            "/feed/",
            "/feed.xml",
            "/rss.xml",
            "/index.xml",
            "/atom",
            "/atom.xml",
            "/feed.json",
            "/opml",
        ),
    ],
)
def test_nginx_redirects_guessed_addresses_like_the_app(static_site: StaticSite, path: str) -> None:
    app, nginx = static_site.app.get(path), static_site.nginx.ask(path)
    while nginx.status == 301 and nginx.headers["Location"] != app.headers["Location"]:  # a slash goes first
        nginx = static_site.nginx.ask(nginx.headers["Location"])
    assert (nginx.status, app.status_code) == (301, 301)
    assert static_site.nginx.ask(nginx.headers["Location"]).status == 200


SEARCHES = ["/search?q=%ED%99%95%EC%82%B0", "/search.rss?q=LLM&limit=3", "/search.epub?min_votes=50"]


def test_nginx_passes_searches_to_the_app(static_site: StaticSite, environ: dict[str, str], tmp_path: Path) -> None:
    with (
        serving(SEEDS, environ | {"FEEDS_BASE_URL": BASE_URL}) as app,
        run_nginx(tmp_path / "nginx", static_site.out, f"127.0.0.1:{app.port}") as nginx,
    ):
        for path in (*SEARCHES, "/search.rss?limit=0"):
            for headers in ({}, GZIP):
                passed, direct = nginx.ask(path, headers), app.ask(path, headers)
                assert (passed.status, passed.body) == (direct.status, direct.body)
                for name in (*COMMON_HEADERS, "ETag", "Vary", "Link"):
                    assert passed.headers.get_all(name) == direct.headers.get_all(name)
        condition = {"If-None-Match": app.ask(SEARCHES[0]).headers["ETag"]}
        assert [nginx.ask(path, condition).status for path in SEARCHES] == [304, 200, 200]
    assert static_site.nginx.ask(SEARCHES[0]).status == 502


@pytest.mark.parametrize("name", ["2401.16420", "math/0309136", "0123456789abcdef"])
def test_nginx_names_a_papers_book_like_the_app(name: str, seeds: Publisher, tmp_path: Path) -> None:
    resource = seeds.resource(seeds.formats["epub"], f"papers/{name}")
    assert resource
    write_files(tmp_path / "site", {resource.path: b"book"})
    with run_nginx(tmp_path / "nginx", tmp_path / "site") as nginx:
        disposition = nginx.ask(f"/{resource.path}").headers["Content-Disposition"]
        assert disposition == Representation(resource, "etag", "").content_disposition


def test_nginx_serves_a_new_build_at_once(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    command: list[str | Path] = [FEEDS, "build", tmp_path / "site", "--archive", folder, "--precompress"]
    write_files(folder, {"1.md": day("2024-01-30", paper(votes="Vote: 41"))})
    subprocess.run(command, env=environ, check=True)
    with run_nginx(tmp_path / "nginx", tmp_path / "site") as nginx:
        before = nginx.ask("/latest.rss")
        write_files(folder, {"1.md": day("2024-01-30", paper(votes="Vote: 42"))})
        os.utime(folder / "1.md", (0, 0))  # as if restored from a backup
        subprocess.run(command, env=environ, check=True)
        for condition, validator in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
            after = nginx.ask("/latest.rss", {condition: before.headers[validator]})
            assert (after.status, len(after.body)) == (200, len(before.body))
            assert after.body != before.body


def test_replicas_that_share_nothing_have_the_same_etags(tmp_path: Path) -> None:
    etags = []
    for name, mtime in ("one", 1_600_000_000), ("other/place", 1_700_000_000):
        root = tmp_path / name
        write_files(root / "archive", TWO_DAYS)
        for path in (root / "archive").iterdir():
            os.utime(path, (mtime, mtime))
        environ = {"FEEDS_BASE_URL": BASE_URL, "FEEDS_INDEX": str(root / "index.sqlite"), "HOME": str(root)}
        app = create_app(root / "archive", environ).test_client()
        documents = open_publisher(root / "archive", environ).all_representations()
        urls = [*(f"/{document.path}" for document in documents), *SEARCHES]
        responses = {url: app.get(url, headers={"If-None-Match": "*"}) for url in urls}
        assert {response.status_code for response in responses.values()} == {304}
        etags.append({url: response.headers["ETag"] for url, response in responses.items()})
    assert etags[0] == etags[1]
    assert len(set(etags[0].values())) == len(etags[0]) > 100


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
