"""HTTP over a real socket: every line of the checklist in feeds/http/README.md."""

import gzip
import re
import socket
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import brotli
import pytest
import zstandard

from tests.support.digests import SEEDS
from tests.support.servers import Answer, Server, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    index = tmp_path_factory.mktemp("index") / "index.sqlite"
    environ = {"FEEDS_INDEX": str(index), "HOME": str(index.parent), "FEEDS_HUB": "https://hub.example.org"}
    with serving(SEEDS, environ, workers=2) as running:
        yield running


FEED, BOOK = "/latest.rss", "/2024-W05.epub"
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body, max_output_size=10**8),
}

OLD = {"If-Modified-Since": "Mon, 01 Jan 1800 00:00:00 GMT"}
LATER = "Fri, 01 Jan 2100 00:00:00 GMT"
RANGE = {"Range": "bytes=0-1"}
# What is asked, and what must be answered: status, and what a check finds in the headers.
LINES: list[tuple[str, str, str, dict[str, str], int, dict[str, str]]] = [
    ("1 quoted ETag", "GET", FEED, {}, 200, {"ETag": r'"[0-9a-f]{32}\.\d{8}"'}),
    ("1 If-None-Match *", "GET", FEED, {"If-None-Match": "*"}, 304, {}),
    ("1 If-None-Match another", "GET", FEED, {"If-None-Match": '"x"'}, 200, {}),
    ("1 If-None-Match garbage", "GET", FEED, {"If-None-Match": "x, y"}, 200, {}),
    ("2 If-Modified-Since 1800", "GET", FEED, OLD, 200, {}),
    ("2 If-Modified-Since garbage", "GET", FEED, {"If-Modified-Since": "yesterday"}, 200, {}),
    ("2 POST", "POST", FEED, {}, 405, {"Allow": r"(?=.*GET)(?=.*HEAD)(?=.*OPTIONS)"}),
    ("2 DELETE", "DELETE", BOOK, {}, 405, {"Allow": "GET"}),
    ("4 gzip", "GET", FEED, {"Accept-Encoding": "gzip"}, 200, {"Content-Encoding": "gzip$"}),
    ("4 br", "GET", FEED, {"Accept-Encoding": "gzip, br"}, 200, {"Content-Encoding": "br$"}),
    ("4 zstd", "GET", FEED, {"Accept-Encoding": "gzip, br, zstd"}, 200, {"Content-Encoding": "zstd$"}),
    ("4 any", "GET", FEED, {"Accept-Encoding": "*"}, 200, {"Content-Encoding": "zstd$"}),
    ("4 q=0", "GET", FEED, {"Accept-Encoding": "zstd;q=0, br;q=0, gzip"}, 200, {"Content-Encoding": "gzip$"}),
    ("4 none", "GET", FEED, {}, 200, {"Content-Encoding": "!"}),
    ("4 all q=0", "GET", FEED, {"Accept-Encoding": "gzip;q=0"}, 200, {"Content-Encoding": "!"}),
    ("4 identity", "GET", FEED, {"Accept-Encoding": "identity"}, 200, {"Content-Encoding": "!"}),
    ("4 identity first", "GET", FEED, {"Accept-Encoding": "identity, gzip;q=0.5"}, 200, {"Content-Encoding": "!"}),
    ("4 books are packed", "GET", BOOK, {"Accept-Encoding": "gzip"}, 200, {"Content-Encoding": "!"}),
    ("4 Vary", "GET", FEED, {}, 200, {"Vary": "Accept-Encoding"}),
    ("4 Vary on 304", "GET", FEED, {"If-None-Match": "*"}, 304, {"Vary": "Accept-Encoding"}),
    ("4 Vary on 404", "GET", "/nothing", {}, 404, {"Vary": "Accept-Encoding"}),
    ("6 Cache-Control", "GET", FEED, {}, 200, {"Cache-Control": r"public, max-age=300, stale-while-revalidate=\d+"}),
    ("6 past months", "GET", "/2024-01.rss", {}, 200, {"Cache-Control": "public, max-age=86400"}),
    ("6 no Expires, no cookie", "GET", FEED, {}, 200, {"Expires": "!", "Set-Cookie": "!", "Location": "!"}),
    ("7 RSS", "GET", FEED, {}, 200, {"Content-Type": r"application/rss\+xml; charset=utf-8$"}),
    ("7 Atom", "GET", "/all.atom", {}, 200, {"Content-Type": r"application/atom\+xml; charset=utf-8$"}),
    ("7 JSON", "GET", "/all.json", {}, 200, {"Content-Type": r"application/feed\+json; charset=utf-8$"}),
    ("7 OPML", "GET", "/subscriptions.opml", {}, 200, {"Content-Type": "text/x-opml; charset=utf-8$"}),
    ("7 EPUB", "GET", BOOK, {}, 200, {"Content-Type": r"application/epub\+zip$"}),
    ("7 nosniff", "GET", FEED, {}, 200, {"X-Content-Type-Options": "nosniff"}),
    ("7 never HTML by Accept", "GET", FEED, {"Accept": "text/html"}, 200, {"Content-Type": "application/rss"}),
    ("8 Link self", "GET", FEED, {}, 200, {"Link": r'<http://127\.0\.0\.1:\d+/latest\.rss>; rel="self"'}),
    ("8 Link hub", "GET", FEED, {}, 200, {"Link": r'<https://hub\.example\.org>; rel="hub"'}),
    ("8 Link alternate", "GET", FEED, {}, 200, {"Link": r'/latest\.atom>; rel="alternate"; type="application/atom'}),
    ("8 Link next", "GET", "/2024-01-30.rss", {}, 200, {"Link": r'/2024-03-20\.rss>; rel="next"'}),
    ("8 Link prev", "GET", "/2024-03-20.rss", {}, 200, {"Link": r'/2024-01-30\.rss>; rel="prev"'}),
    ("11 CORS", "GET", FEED, {}, 200, {"Access-Control-Allow-Origin": r"\*"}),
    ("11 exposed", "GET", FEED, {}, 200, {"Access-Control-Expose-Headers": "(?=.*ETag)(?=.*Link)(?=.*Retry-After)"}),
    ("11 preflight", "OPTIONS", FEED, {}, 200, {"Access-Control-Allow-Headers": "If-None-Match"}),
    ("12 bad parameter", "GET", "/search.rss?limit=0", {}, 400, {"Content-Type": "text/plain"}),
    ("12 no match", "GET", "/search.rss?q=%EC%97%86%EC%9D%8C%EC%9D%8C", {}, 200, {}),
    ("13 range", "GET", BOOK, {"Range": "bytes=5-9"}, 206, {"Content-Range": r"bytes 5-9/\d+", "Content-Length": "5$"}),
    ("13 open range", "GET", BOOK, {"Range": "bytes=20000-"}, 206, {"Content-Range": r"bytes 20000-\d+/\d+"}),
    ("13 suffix range", "GET", BOOK, {"Range": "bytes=-7"}, 206, {"Content-Length": "7$"}),
    ("13 longer suffix", "GET", BOOK, {"Range": "bytes=-99999999"}, 206, {"Content-Range": r"bytes 0-\d+/\d+"}),
    ("13 reversed range", "GET", BOOK, {"Range": "bytes=5-2"}, 200, {"Content-Range": "!"}),
    ("13 absurd range", "GET", BOOK, {"Range": f"bytes=-{'9' * 5000}"}, 200, {"Content-Range": "!"}),
    ("13 beyond", "GET", BOOK, {"Range": "bytes=99999999-"}, 416, {"Content-Range": r"bytes \*/\d+"}),
    ("13 HEAD of a range", "HEAD", BOOK, {"Range": "bytes=0-1"}, 200, {"Content-Range": "!"}),
    ("11 CORS on errors", "GET", "/nothing", {}, 404, {"Access-Control-Allow-Origin": r"\*"}),
    ("13 several ranges", "GET", BOOK, {"Range": "bytes=0-1,5-6"}, 200, {"Content-Range": "!"}),
    ("13 garbage range", "GET", BOOK, {"Range": "lines=1"}, 200, {"Content-Range": "!"}),
    ("13 If-Range another", "GET", BOOK, {"Range": "bytes=0-1", "If-Range": '"x"'}, 200, {"Content-Range": "!"}),
    ("13 If-Range another date", "GET", BOOK, RANGE | {"If-Range": LATER}, 200, {"Content-Range": "!"}),
    ("2 empty ETags", "GET", BOOK, {"If-None-Match": '"", W/""'}, 200, {}),
    ("2 If-Match another", "GET", BOOK, {"If-Match": '""'}, 412, {}),
    ("2 If-Unmodified-Since", "GET", BOOK, {"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}, 412, {}),
    ("2 If-Unmodified-Since later", "GET", BOOK, {"If-Unmodified-Since": LATER}, 200, {}),
    ("15 page", "GET", "/nothing", {"Accept": "text/html"}, 404, {"Content-Type": "text/html", "Vary": "Accept,"}),
    ("15 line", "GET", "/nothing", {"Accept": "*/*"}, 404, {"Content-Type": "text/plain", "Vary": "Accept,"}),
    (
        "15 security",
        "GET",
        "/nothing",
        {},
        404,
        {"Content-Security-Policy": "default-src", "Cache-Control": "no-store"},
    ),
    ("16 final slash", "GET", "/latest/", {}, 301, {"Location": "/latest$", "Cache-Control": "public, max-age="}),
    ("16 guess", "GET", "/feed.xml", {"Host": "evil.example.org"}, 301, {"Location": r"/latest\.rss$"}),
    (
        "13 file name",
        "GET",
        BOOK,
        {},
        200,
        {"Content-Disposition": r'attachment; filename="daily-papers-2024-W05\.epub"; '},
    ),
    ("13 Accept-Ranges", "HEAD", BOOK, {}, 200, {"Accept-Ranges": "bytes"}),
]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "expected"),
    [pytest.param(*line, id=name) for name, *line in LINES],
)
def test_checklist(
    server: Server, method: str, path: str, headers: dict[str, str], status: int, expected: dict[str, str]
) -> None:
    answer = server.ask(path, headers, method)
    assert answer.status == status
    for name, pattern in expected.items():
        value = answer.headers.get(name)
        if pattern == "!":
            assert value is None
        else:
            assert value is not None
            assert re.search(pattern, value), value


PATHS = [FEED, "/all.atom", "/weekly.json", BOOK, "/subscriptions.opml", "/2024-01-30", "/", "/search.rss?q=a"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", ["", *DECODERS])
def test_304_and_head_repeat_the_headers_of_200(server: Server, path: str, coding: str) -> None:
    asked = {"Accept-Encoding": coding} if coding else {}
    whole = server.ask(path, asked)
    tag = whole.headers["ETag"]
    head = server.ask(path, asked, "HEAD")
    assert head.body == b""
    assert comparable(head) == comparable(whole)
    apache = f'"{tag.strip(chr(34))}-gzip"'
    for known in (tag, f"W/{tag}", f'"x", {tag}', apache):
        unchanged = server.ask(path, asked | {"If-None-Match": known} | OLD)
        assert (unchanged.status, unchanged.body) == (304, b"")
        for name in ("Last-Modified", "Cache-Control", "Vary", "Link", "Access-Control-Allow-Origin"):
            assert unchanged.headers.get(name) == whole.headers.get(name)
        assert unchanged.headers["ETag"] == (apache if known == apache else tag)


def comparable(answer: Answer) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items() if name.lower() != "date"}


@pytest.mark.parametrize("path", PATHS)
def test_decoded_body_is_the_same_in_every_coding(server: Server, path: str) -> None:
    plain = server.ask(path)
    for coding, decode in DECODERS.items():
        coded = server.ask(path, {"Accept-Encoding": coding})
        if coded.headers["Content-Encoding"]:
            assert decode(coded.body) == plain.body
            assert len(coded.body) < len(plain.body)
            assert coded.headers["ETag"] != plain.headers["ETag"]
        else:
            assert path in (BOOK, "/search.rss?q=a") or len(plain.body) < 512


def test_workers_and_restarts_agree_on_bytes_and_etags(server: Server, tmp_path: Path) -> None:
    answers = {path: {(server.ask(path).headers["ETag"], server.ask(path).body) for _ in range(12)} for path in PATHS}
    assert all(len(answer) == 1 for answer in answers.values())
    environ = {"FEEDS_INDEX": str(tmp_path / "other.sqlite"), "HOME": str(tmp_path), "FEEDS_BASE_URL": server.base}
    with serving(SEEDS, environ | {"FEEDS_HUB": "https://hub.example.org"}) as again:
        assert {path: {(again.ask(path).headers["ETag"], again.ask(path).body)} for path in PATHS} == answers


def test_if_range_resumes_a_download(server: Server) -> None:
    whole = server.ask(BOOK)
    middle = len(whole.body) // 2
    condition = {"If-Range": whole.headers["ETag"]}
    parts = [server.ask(BOOK, condition | {"Range": each}) for each in (f"bytes=0-{middle - 1}", f"bytes={middle}-")]
    assert [part.status for part in parts] == [206, 206]
    assert b"".join(part.body for part in parts) == whole.body


def test_self_link_is_the_url_of_the_document(server: Server) -> None:
    for path in (FEED, "/all.atom", "/search.atom?limit=20&q=%ED%99%95%EC%82%B0&utm_source=x&has=code"):
        answer = server.ask(path)
        (itself,) = re.findall(r'<([^>]*)>; rel="self"', answer.headers["Link"])
        assert itself.replace("&", "&amp;").encode() in answer.body
        again = server.ask(itself.removeprefix(server.base))
        assert (again.status, again.headers["ETag"], again.body) == (200, answer.headers["ETag"], answer.body)


def test_last_modified_is_not_after_date(server: Server) -> None:
    answer = server.ask(FEED)
    modified, now = (parsedate_to_datetime(answer.headers[name]) for name in ("Last-Modified", "Date"))
    assert modified <= now
    assert server.ask(FEED, {"If-Modified-Since": answer.headers["Last-Modified"]}).status == 304


def test_thousand_polls_send_no_body(server: Server) -> None:
    first = server.ask(FEED)
    sent = sum(len(server.ask(FEED, {"If-None-Match": first.headers["ETag"]}).body) for _ in range(1000))
    assert sent == 0


def send(server: Server, request: bytes) -> bytes:
    """Send the bytes of a request and return those of the response."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


TARGETS = {
    b"latest": b"400",
    b"latest.rss": b"400",
    b"evil.example.org:80": b"400",
    b"": b"400",
    b"?q=x": b"400",
    b"*": b"400",
    b"//evil.example.org/latest/": b"404",
    b"//evil.example.org": b"404",
    b"/%2F%2Fevil.example.org/latest/": b"404",
    b"/%5Cevil.example.org/": b"404",
    b"http://evil.example.org/latest.rss": b"200",
    b"http://evil.example.org/latest/": b"301",
    b"http://evil.example.org/rss": b"301",
    b"http://evil.example.org/nothing": b"404",
}
"""Request targets, and the statuses of the responses."""


@pytest.mark.parametrize(("target", "status"), TARGETS.items())
def test_no_target_leads_to_the_host_of_the_request(server: Server, target: bytes, status: bytes) -> None:
    response = send(server, b"GET %b HTTP/1.1\r\nHost: evil.example.org\r\nConnection: close\r\n\r\n" % target)
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == status
    assert b"evil" not in head
    assert b"evil.example.org" not in body or target.startswith(b"/")  # a path is quoted, as text


@pytest.mark.parametrize("host", [b"Host: \xff", b"Host: a:b:c", b"Host: [", b"Host:", b"Host: a\r\nHost: b", b"X: y"])
def test_odd_host_header_is_no_server_error(server: Server, host: bytes) -> None:
    response = send(server, b"GET /latest.rss HTTP/1.1\r\n%b\r\nConnection: close\r\n\r\n" % host)
    assert response.split(b" ")[1] in (b"200", b"400")
