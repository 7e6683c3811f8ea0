"""Caddy, before the files of a built site and before the app: it answers like the app."""

import http.client
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from feeds.exporters import registry
from feeds.exporters.registry import Registry
from feeds.hosting.static_site import describe_static_site
from feeds.model.keys import SearchKey
from feeds.publishing.static import StaticFile
from tests.support.digests import write_files
from tests.support.servers import Server
from tests.support.sites import TextExporter, describe
from tests.support.web_servers import CADDY, BuiltSite, comparable, render_file, run_caddy

pytestmark = pytest.mark.external

FORMATS = registry.load()
HEADERS = (
    *("Content-Type", "Content-Encoding", "Content-Disposition", "Content-Security-Policy", "Cache-Control"),
    *("Last-Modified", "X-Content-Type-Options", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"),
)
PATHS = ["/", "/latest.rss", "/2024-01-30", "/2024-W05.epub", "/opds", "/topics/%EC%98%81%EC%83%81.json"]


@pytest.fixture(scope="module")
def caddy(built_site: BuiltSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Caddy that serves the files of the site, without an app."""
    with run_caddy(tmp_path_factory.mktemp("caddy"), FORMATS, built_site.out) as server:
        yield server


@pytest.mark.parametrize("base_url", ["https://papers.example.org", "https://example.org/papers", "http://[::1]:8080"])
@pytest.mark.parametrize("out", [None, Path("/srv/the papers/papers")], ids=["app", "files"])
def test_caddyfile_is_valid(base_url: str, out: Path | None, tmp_path: Path) -> None:
    path = tmp_path / "Caddyfile"
    path.write_text(render_file("caddy", base_url, FORMATS, out=out), encoding="utf-8")
    for command in ("validate --adapter caddyfile --config", "fmt --diff"):
        result = subprocess.run(
            [CADDY, *command.split(), path], env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("headers", [{}, {"Accept-Encoding": "gzip"}], ids=["plain", "gzip"])
def test_caddy_answers_for_each_document_like_the_app(
    caddy: Server, app: FlaskClient, built_site: BuiltSite, headers: dict[str, str]
) -> None:
    count = 0
    for document in built_site.publisher.all_representations():
        path = f"/{document.path}"
        direct, answer = app.get(path, headers=headers), caddy.ask(path, headers)
        expected = {name: direct.headers.get(name) for name in HEADERS}
        # A file server knows no days: past editions too are fresh for five minutes.
        expected["Cache-Control"] = direct.headers["Cache-Control"].replace("max-age=86400,", "max-age=300,")
        if isinstance(document.resource, StaticFile):
            expected["Last-Modified"] = answer.headers["Last-Modified"]  # when the file was written
        elif isinstance(document.resource.key, SearchKey) and expected["Content-Disposition"]:
            expected["Content-Disposition"] = "attachment"  # named after its URL
        assert {name: answer.headers.get(name) for name in HEADERS} == expected, path
        assert (answer.status, answer.body) == (direct.status_code, direct.data), path
        assert answer.headers["Vary"] == "Accept-Encoding"
        count += 1
    assert count > 100


@pytest.mark.parametrize("path", PATHS)
def test_caddy_answers_304_to_a_poll(caddy: Server, path: str) -> None:
    whole = caddy.ask(path)
    for condition in ({"If-None-Match": whole.headers["ETag"]}, {"If-Modified-Since": whole.headers["Last-Modified"]}):
        unchanged = caddy.ask(path, condition)
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert unchanged.headers["Cache-Control"] == whole.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/nothing", "/2024-01-30.pdf", "/papers/2401.1.epub", "/topics/x.json", "/latest.rss.gz", "/papers"]
)
def test_caddy_has_no_url_that_the_app_lacks(caddy: Server, app: FlaskClient, path: str) -> None:
    direct, answer = app.get(path), caddy.ask(path)
    assert (answer.status, direct.status_code) == (404, 404)
    for name in ("Content-Type", "X-Content-Type-Options", "Cache-Control", "Content-Security-Policy"):
        assert answer.headers.get(name) == direct.headers.get(name)


@pytest.mark.parametrize(
    "path",
    [
        *("/opds/", "/days/", "/topics/%EC%98%81%EC%83%81/", "/index.html", "/2024-01-30.html", "/latest/index.html"),
        *(f"/{guess}" for guesses in describe_static_site(FORMATS).redirects.values() for guess in guesses),
    ],
)
def test_caddy_redirects_guessed_addresses_like_the_app(caddy: Server, app: FlaskClient, path: str) -> None:
    answer = caddy.ask(path)
    assert (answer.status, answer.headers["Location"]) == (301, app.get(path).headers["Location"])
    assert caddy.ask(answer.headers["Location"]).status == 200


@pytest.mark.parametrize("base_path", ["", "/papers"])
def test_caddy_before_the_app_answers_like_it(served: Server, base_path: str, tmp_path: Path) -> None:
    requests: list[tuple[str, str, dict[str, str]]] = [
        *(
            ("GET", path, headers)
            for path in (*PATHS, "/search.rss?q=LLM")
            for headers in ({}, {"Accept-Encoding": "br"})
        ),
        *(("GET", path, {"Accept": "text/html", "Accept-Language": "en"}) for path in ("/latest", "/nothing")),
        *(("GET", "/2024-W05.epub", {"Range": value}) for value in ("bytes=0-99", "bytes=99999999-")),
        ("GET", "/latest.rss", {"If-None-Match": served.ask("/latest.rss").headers["ETag"]}),
        ("HEAD", "/latest.rss", {}),
        ("OPTIONS", "/latest.rss", {"Origin": "https://reader.example.org"}),
    ]
    with run_caddy(tmp_path, FORMATS, app_port=served.port, base_path=base_path) as caddy:
        for method, path, headers in requests:
            answers = [caddy.ask(base_path + path, headers, method), served.ask(path, headers, method)]
            assert comparable(answers[0]) == comparable(answers[1]), path


def test_caddy_passes_searches_to_the_app(built_site: BuiltSite, served: Server, caddy: Server, tmp_path: Path) -> None:
    for base_path in ("", "/site"):
        with run_caddy(tmp_path, FORMATS, built_site.out, app_port=served.port, base_path=base_path) as with_app:
            for path in ("/search?q=%ED%99%95%EC%82%B0", "/search.rss?q=LLM&limit=3", "/search.rss?limit=0"):
                assert comparable(with_app.ask(base_path + path)) == comparable(served.ask(path))
            assert with_app.ask(f"{base_path}/latest.rss").body == caddy.ask("/latest.rss").body
            assert with_app.ask(f"{base_path}/rss").headers["Location"] == f"{base_path}/latest.rss"


def test_caddy_says_that_the_app_is_down(caddy: Server) -> None:
    answer = caddy.ask("/search.rss?q=LLM")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert answer.body == b"the site cannot answer at the moment; try again in ten seconds"


@pytest.mark.parametrize("host", ["evil.example.org", "localhost"])
def test_caddy_has_no_document_for_another_host(caddy: Server, host: str) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", caddy.port, timeout=60)) as connection:
        connection.request("GET", "/latest.rss", headers={"Host": host})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (421, b"this server has no such site")


def test_caddy_serves_the_files_of_a_plug_in(tmp_path: Path) -> None:
    formats = Registry([*FORMATS, describe(TextExporter())])
    files = {"2024-01-30.txt": b"day", "topics/a.txt": b"topic", "robots.txt": b"robots"}
    write_files(tmp_path / "site", files)
    with run_caddy(tmp_path / "caddy", formats, tmp_path / "site") as caddy:
        answers = {name: caddy.ask(f"/{name}") for name in files}
    assert {name: answer.body for name, answer in answers.items()} == files
    assert {answer.headers["Content-Type"] for answer in answers.values()} == {TextExporter.media_type}
    name = "daily-papers-2024-01-30.txt"
    assert [answer.headers["Content-Disposition"] for answer in answers.values()] == [
        f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}",
        "attachment",
        None,
    ]
