"""nginx, before the files of a built site and before the app: it answers like the app, and limits each client."""

import http.client
import os
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from email.message import Message
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from feeds.exporters import registry
from feeds.exporters.registry import Registry
from feeds.hosting.static_site import describe_static_site
from feeds.model.keys import SearchKey
from feeds.publishing.manifest import SUFFIXES
from feeds.publishing.publisher import Publisher
from feeds.publishing.representation import Representation
from feeds.publishing.static import StaticFile
from tests.support.digests import day, paper, write_files
from tests.support.servers import FEEDS, Answer, Server, free_port, running
from tests.support.sites import TextExporter, describe, read_files
from tests.support.web_servers import NGINX, BuiltSite, comparable, render_file, run_nginx, write_nginx

pytestmark = pytest.mark.external

GZIP = {"Accept-Encoding": "gzip"}
FORMATS = registry.load()


@pytest.fixture(scope="module")
def nginx(built_site: BuiltSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An nginx that serves the files of the site, without an app."""
    with run_nginx(tmp_path_factory.mktemp("nginx"), FORMATS, built_site.out) as server:
        yield server


COMMON_HEADERS = (
    *("Content-Type", "Content-Encoding", "Content-Disposition", "Content-Security-Policy", "Cache-Control"),
    *("Last-Modified", "X-Content-Type-Options", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"),
)
# What depends on the request or on other editions. nginx sends ranges of all files but compressed ones.
ONLY_APP = {"Link", "Content-Language", "Content-Location", "Accept-Ranges"}
ONLY_NGINX = {"Server", "Date", "Connection", "Accept-Ranges"}


@pytest.mark.parametrize("headers", [{}, GZIP], ids=["plain", "gzip"])
def test_nginx_answers_for_each_document_like_the_app(
    nginx: Server, app: FlaskClient, built_site: BuiltSite, headers: dict[str, str]
) -> None:
    count = 0
    for document in built_site.publisher.all_representations():
        path, is_static = f"/{document.path}", isinstance(document.resource, StaticFile)
        direct, answer = app.get(path, headers=headers), nginx.ask(path, headers)
        expected = {name: direct.headers.get(name) for name in COMMON_HEADERS}
        # A file server knows no days: past editions too are fresh for five minutes.
        expected["Cache-Control"] = direct.headers["Cache-Control"].replace("max-age=86400,", "max-age=300,")
        is_topic = not isinstance(document.resource, StaticFile) and isinstance(document.resource.key, SearchKey)
        if is_topic and expected["Content-Disposition"]:
            expected["Content-Disposition"] = "attachment"  # named after its URL
        if is_static:
            expected["Last-Modified"] = answer.headers["Last-Modified"]  # when the file was written
        assert {name: answer.headers.get(name) for name in COMMON_HEADERS} == expected, path
        assert (answer.status, answer.body) == (direct.status_code, direct.data), path
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "Accept-Encoding" in direct.vary
        app_names, nginx_names = ({name.title() for name in names} for names in (direct.headers.keys(), answer.headers))
        assert app_names - nginx_names <= ONLY_APP, path
        assert nginx_names - app_names <= (ONLY_NGINX | {"Last-Modified"} if is_static else ONLY_NGINX), path
        assert ("Accept-Ranges" in nginx_names) == ("Content-Encoding" not in nginx_names)
        count += 1
    variants = tuple(filter(None, SUFFIXES.values()))
    assert count == sum(not name.endswith(variants) for name in read_files(built_site.out))


PATHS = ["/", "/latest.rss", "/2024-01-30", "/2024-W05.epub", "/opds", "/topics/%EC%98%81%EC%83%81.json"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, GZIP], ids=["plain", "gzip"])
def test_nginx_answers_conditional_requests_like_the_app(
    nginx: Server, app: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    whole = nginx.ask(path, headers)
    head = nginx.ask(path, headers, "HEAD")
    assert (head.status, head.body, without_date(head.headers)) == (200, b"", without_date(whole.headers))
    etag, modified = whole.headers["ETag"], whole.headers["Last-Modified"]
    direct = app.get(path, headers={"If-None-Match": "*"})
    for condition in ({"If-None-Match": etag}, {"If-None-Match": f'"x", W/{etag}'}, {"If-Modified-Since": modified}):
        unchanged = nginx.ask(path, headers | condition)
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert unchanged.headers["ETag"] == etag
        for name in ("Last-Modified", "Content-Security-Policy", "Access-Control-Allow-Origin"):
            assert unchanged.headers.get(name) == direct.headers.get(name)
        assert unchanged.headers["Vary"] == whole.headers["Vary"]
        assert unchanged.headers["Cache-Control"] == whole.headers["Cache-Control"]
    for condition in ({"If-None-Match": '"x"'}, {"If-Modified-Since": "Mon, 01 Jan 2035 00:00:00 GMT"}):
        assert nginx.ask(path, headers | condition).body == whole.body


def without_date(headers: Message) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "Date"}


def test_nginx_compresses_for_proxies_under_another_etag(nginx: Server) -> None:
    plain = nginx.ask("/latest.rss")
    compressed = nginx.ask("/latest.rss", GZIP | {"Via": "1.1 cdn"})
    assert (plain.headers["Content-Encoding"], compressed.headers["Content-Encoding"]) == (None, "gzip")
    assert plain.headers["ETag"] != compressed.headers["ETag"]


def test_nginx_resumes_the_download_of_a_book(nginx: Server) -> None:
    path = "/2024-W05.epub"
    whole = nginx.ask(path)
    middle = len(whole.body) // 2
    condition = {"If-Range": whole.headers["ETag"]}
    ranges = (f"bytes=0-{middle - 1}", f"bytes={middle}-")
    parts = [nginx.ask(path, condition | {"Range": value}) for value in ranges]
    assert [part.status for part in parts] == [206, 206]
    assert b"".join(part.body for part in parts) == whole.body
    assert parts[1].headers["Content-Range"] == f"bytes {middle}-{len(whole.body) - 1}/{len(whole.body)}"
    assert nginx.ask(path, {"If-Range": '"x"', "Range": "bytes=0-1"}).status == 200
    assert nginx.ask(path, {"Range": "bytes=99999999-"}).status == 416


@pytest.mark.parametrize(
    "path",
    [
        *("/nothing", "/2023-01-01", "/2024-01-30.pdf", "/papers/2401.1.epub", "/topics/x.json", "/404"),
        *("/latest.rss.gz", "/latest.br", "/opds.zst", "/papers", "/.feeds-manifest.json.gz"),
    ],
)
def test_nginx_has_no_url_that_the_app_lacks(nginx: Server, app: FlaskClient, path: str) -> None:
    direct, answer = app.get(path), nginx.ask(path)
    assert (answer.status, direct.status_code) == (404, 404)
    for name in ("Content-Type", "X-Content-Type-Options", "Cache-Control", "Content-Security-Policy"):
        assert answer.headers.get(name) == direct.headers.get(name)
    assert answer.body.count(b"\n") == 1
    assert (answer.headers["Vary"], answer.headers["Cache-Control"]) == ("Accept-Encoding", "no-store")


@pytest.mark.parametrize(
    "path",
    [
        *("/opds/", "/topics.opds/", "/subscriptions.opml/", "/days/", "/latest//", "/topics/%EC%98%81%EC%83%81/"),
        *("/index.html", "/index", "/home", "/2024-01-30.html", "/papers/2403.12895.html", "/latest/index.html"),
        *("/feed/", "/rss/"),
        *(f"/{guess}" for guesses in describe_static_site(FORMATS).redirects.values() for guess in guesses),
    ],
)
def test_nginx_redirects_guessed_addresses_like_the_app(nginx: Server, app: FlaskClient, path: str) -> None:
    direct, answer = app.get(path), nginx.ask(path)
    while answer.status == 301 and answer.headers["Location"] != direct.headers["Location"]:  # a slash goes first
        answer = nginx.ask(answer.headers["Location"])
    assert (answer.status, direct.status_code) == (301, 301)
    assert nginx.ask(answer.headers["Location"]).status == 200


SEARCHES = ["/search?q=%ED%99%95%EC%82%B0", "/search.rss?q=LLM&limit=3", "/search.epub?min_votes=50"]


def test_nginx_passes_searches_to_the_app(built_site: BuiltSite, served: Server, nginx: Server, tmp_path: Path) -> None:
    with run_nginx(tmp_path, FORMATS, built_site.out, app_port=served.port) as with_app:
        for path in (*SEARCHES, "/search.rss?limit=0"):
            for headers in ({}, GZIP):
                assert comparable(with_app.ask(path, headers)) == comparable(served.ask(path, headers))
        condition = {"If-None-Match": served.ask(SEARCHES[0]).headers["ETag"]}
        assert [with_app.ask(path, condition).status for path in SEARCHES] == [304, 200, 200]
    down = nginx.ask(SEARCHES[0])
    assert (down.status, down.headers["Retry-After"], down.headers["X-Content-Type-Options"]) == (503, "10", "nosniff")


@pytest.mark.parametrize("base_path", ["", "/papers"])
def test_nginx_before_the_app_answers_like_it(served: Server, base_path: str, tmp_path: Path) -> None:
    requests: list[tuple[str, str, dict[str, str]]] = [
        *(
            ("GET", path, headers)
            for path in (*PATHS, *SEARCHES, "/rss", "/nothing", "/healthz")
            for headers in ({}, GZIP)
        ),
        *(("GET", path, {"Accept": "text/html", "Accept-Language": "en"}) for path in ("/latest", "/nothing")),
        *(("GET", "/2024-W05.epub", {"Range": value}) for value in ("bytes=0-99", "bytes=99999999-")),
        ("GET", "/latest.rss", {"If-None-Match": served.ask("/latest.rss").headers["ETag"]}),
        ("HEAD", "/latest.rss", {}),
        ("OPTIONS", "/latest.rss", {"Origin": "https://reader.example.org"}),
        ("POST", "/latest.rss", {}),
    ]
    with run_nginx(tmp_path, FORMATS, app_port=served.port, base_path=base_path) as nginx:
        for method, path, headers in requests:
            answers = [nginx.ask(base_path + path, headers, method), served.ask(path, headers, method)]
            assert comparable(answers[0]) == comparable(answers[1]), path
        if base_path:
            assert nginx.ask(base_path).headers["Location"] == f"{base_path}/"
            assert nginx.ask("/latest.rss").status == 404


def test_nginx_serves_files_under_the_path_of_the_site(built_site: BuiltSite, nginx: Server, tmp_path: Path) -> None:
    with run_nginx(tmp_path, FORMATS, built_site.out, base_path="/site") as under_path:
        for path in PATHS:
            at_root, answer = nginx.ask(path), under_path.ask(f"/site{path}")
            assert comparable(answer) == comparable(at_root)
        for guess, path in ("/feed/", "/latest.rss"), ("/latest.html", "/latest"), ("/index.html", "/"):
            assert follow(under_path, f"/site{guess}") == f"/site{path}"
        assert under_path.ask("/latest.rss").status == 404


def follow(server: Server, path: str) -> str:
    """Return the path to which redirects lead."""
    while (answer := server.ask(path)).status == 301:
        path = answer.headers["Location"]
    assert answer.status == 200
    return path


def test_nginx_has_no_document_for_another_host(nginx: Server, served: Server, tmp_path: Path) -> None:
    with run_nginx(tmp_path, FORMATS, app_port=served.port) as proxy:
        for server in (nginx, proxy):
            for host in ("evil.example.org", "localhost", "127.0.0.2"):
                status, headers, body = ask_host(server.port, host, "/latest.rss")
                assert (status, headers["Content-Type"]) == (421, "text/plain; charset=utf-8")
                assert host.encode() not in body


def ask_host(port: int, host: str, path: str) -> Answer:
    """Ask a server on this machine for a host."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


CLIENT, OTHER = "192.0.2.1", "192.0.2.2"


@pytest.mark.parametrize(("path", "allowed"), [("/search.rss?q=LLM", 21), ("/latest.rss", 201)])
def test_nginx_refuses_a_greedy_client_and_no_other(served: Server, path: str, allowed: int, tmp_path: Path) -> None:
    with run_nginx(tmp_path, FORMATS, app_port=served.port, rate="1r/m") as nginx:
        answers = [nginx.ask(path, {"X-Client": CLIENT}) for _ in range(allowed + 1)]
        assert [answer.status for answer in answers] == [200] * allowed + [429]
        refused = answers[-1]
        assert (refused.headers["Retry-After"], refused.headers["Cache-Control"]) == ("10", "no-store")
        assert refused.body == b"too many requests; try again in ten seconds\n"
        assert nginx.ask(path, {"X-Client": OTHER}).status == 200


def test_nginx_counts_an_ipv6_network_as_one_client(served: Server, tmp_path: Path) -> None:
    with run_nginx(tmp_path, FORMATS, app_port=served.port, rate="1r/m") as nginx:
        hosts = [f"2001:db8:1:2::{number}" for number in range(1, 23)]
        statuses = [nginx.ask("/search.rss?q=LLM", {"X-Client": host}).status for host in hosts]
        assert statuses == [200] * 21 + [429]
        assert nginx.ask("/search.rss?q=LLM", {"X-Client": "2001:db8:1:3::1"}).status == 200


@pytest.fixture
def upstream() -> Iterator[socket.socket]:
    """A socket that accepts connections as an app would, and leaves the answers to the test."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        yield listener


def test_nginx_limits_the_connections_of_each_client(upstream: socket.socket, tmp_path: Path) -> None:
    with (
        run_nginx(tmp_path, FORMATS, app_port=upstream.getsockname()[1], base_path="/papers") as nginx,
        ExitStack() as stack,
    ):
        clients = [CLIENT] * 50 + [OTHER]
        for client in clients:
            stack.enter_context(closing(send(nginx, client)))
        accepted = [stack.enter_context(upstream.accept()[0]) for _ in clients]
        assert nginx.ask("/papers/latest.rss", {"X-Client": CLIENT}).status == 429
        assert len(accepted) == 51


def send(nginx: Server, client: str) -> socket.socket:
    """Send a request, and do not wait for the answer."""
    connection = socket.create_connection(("127.0.0.1", nginx.port), timeout=60)
    head = f"GET /papers/latest.rss HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Client: {client}\r\n\r\n"
    connection.sendall(head.encode())
    return connection


def test_nginx_lets_no_slow_client_hold_the_app(upstream: socket.socket, tmp_path: Path) -> None:
    body = bytes(64 * 1024 * 1024)  # more than the buffers of all connections together
    with (
        run_nginx(tmp_path, FORMATS, app_port=upstream.getsockname()[1], base_path="/papers") as nginx,
        closing(send(nginx, CLIENT)) as client,
    ):
        app, _ = upstream.accept()
        with app:
            app.settimeout(60)
            app.recv(65536)
            app.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert read_answer(client).body == body


def test_nginx_speaks_tls_and_sends_browsers_to_it(built_site: BuiltSite, tmp_path: Path) -> None:
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=papers.example.org -keyout privkey.pem"
        " -out fullchain.pem -addext subjectAltName=DNS:papers.example.org".split(),
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    configuration = render_file("nginx", "https://papers.example.org", FORMATS, out=built_site.out)
    ports = {"443": free_port(), "80": free_port()}
    configuration = re.sub(
        r"(listen (?:\[::\]:)?)(443|80)\b", lambda match: f"{match[1]}{ports[match[2]]}", configuration
    )
    configuration = configuration.replace("/etc/letsencrypt/live/papers.example.org", str(tmp_path))
    with running([NGINX, *write_nginx(tmp_path, configuration)], {}, ports["80"]):
        redirect = ask_host(ports["80"], "papers.example.org", "/latest.rss?a=b")
        assert (redirect.status, redirect.headers["Location"]) == (301, "https://papers.example.org/latest.rss?a=b")
        context = ssl.create_default_context(cafile=str(tmp_path / "fullchain.pem"))
        for path, status in ("/latest.rss", 200), ("/nothing", 404), ("/search", 503):
            answer = ask_over_tls(context, ports["443"], "papers.example.org", path)
            assert (answer.status, answer.headers["Strict-Transport-Security"]) == (status, "max-age=31536000")
        assert ask_over_tls(context, ports["443"], "evil.example.org", "/latest.rss").status == 421
        context.check_hostname = False
        with (
            socket.create_connection(("127.0.0.1", ports["443"]), timeout=60) as connection,
            pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"),
        ):
            context.wrap_socket(connection, server_hostname="evil.example.org")


def ask_over_tls(context: ssl.SSLContext, port: int, host: str, path: str) -> Answer:
    """Ask the server with the certificate of papers.example.org for a host."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as connection,
        context.wrap_socket(connection, server_hostname="papers.example.org") as secure,
    ):
        secure.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return read_answer(secure)


def read_answer(connection: socket.socket) -> Answer:
    """Read the answer to a request that was sent over a connection."""
    with closing(http.client.HTTPResponse(connection)) as answer:
        answer.begin()
        return Answer(answer.status, answer.headers, answer.read())


def test_nginx_serves_the_files_of_a_plug_in(tmp_path: Path) -> None:
    formats = Registry([*FORMATS, describe(TextExporter())])
    files = {"2024-01-30.txt": b"day", "topics/a.txt": b"topic", "robots.txt": b"robots"}
    write_files(tmp_path / "site", files)
    with run_nginx(tmp_path / "nginx", formats, tmp_path / "site") as nginx:
        answers = {name: nginx.ask(f"/{name}") for name in files}
    assert {name: answer.body for name, answer in answers.items()} == files
    assert {answer.headers["Content-Type"] for answer in answers.values()} == {TextExporter.media_type}
    name = "daily-papers-2024-01-30.txt"
    assert [answer.headers["Content-Disposition"] for answer in answers.values()] == [
        f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}",
        "attachment",
        None,
    ]


@pytest.mark.parametrize("name", ["2401.16420", "math/0309136", "0123456789abcdef"])
def test_nginx_names_a_papers_book_like_the_app(name: str, seeds: Publisher, tmp_path: Path) -> None:
    resource = seeds.resource(seeds.formats["epub"], f"papers/{name}")
    assert resource
    write_files(tmp_path / "site", {resource.path: b"book"})
    with run_nginx(tmp_path / "nginx", FORMATS, tmp_path / "site") as nginx:
        disposition = nginx.ask(f"/{resource.path}").headers["Content-Disposition"]
        assert disposition == Representation(resource, "etag", "").content_disposition


def test_nginx_serves_a_new_build_at_once(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    command: list[str | Path] = [FEEDS, "build", tmp_path / "site", "--archive", folder, "--precompress"]
    write_files(folder, {"1.md": day("2024-01-30", paper(votes="Vote: 41"))})
    subprocess.run(command, env=environ, check=True)
    with run_nginx(tmp_path / "nginx", FORMATS, tmp_path / "site") as nginx:
        before = nginx.ask("/latest.rss")
        write_files(folder, {"1.md": day("2024-01-30", paper(votes="Vote: 42"))})
        os.utime(folder / "1.md", (0, 0))  # as if restored from a backup
        subprocess.run(command, env=environ, check=True)
        for condition, validator in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
            after = nginx.ask("/latest.rss", {condition: before.headers[validator]})
            assert (after.status, len(after.body)) == (200, len(before.body))
            assert after.body != before.body
