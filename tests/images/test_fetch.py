"""Fetching images into the store, from servers that misbehave in every way."""

import gzip
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from feeds.errors import StoreError
from feeds.images.client import ALLOW_PRIVATE, Address, Client, Limits, ResolverPolicy, is_public
from feeds.images.convert import convert
from feeds.images.fetch import Failure, Report, fetch_images
from feeds.images.store import Store
from tests.support.image_server import (
    ImageServer,
    RawResponse,
    Reply,
    Request,
    Response,
    draw_figure,
    encode,
    make_png,
    make_ssl_contexts,
    png_bomb,
    run_image_server,
    wait_until,
)

LIMITS = Limits(max_bytes=200_000, connect_timeout=2, read_timeout=5, total_timeout=20, backoff=0)
NOW = datetime(2024, 1, 30, 12, 0, tzinfo=UTC)
NAMES = {
    "public.test": ["127.0.0.1"],
    "other.test": ["127.0.0.1"],
    "inner.test": ["127.0.0.2"],
    "both.test": ["127.0.0.2", "10.1.1.1", "127.0.0.1"],
    "nowhere.test": [],
}


def resolve(host: str, port: int) -> list[str]:
    """Resolve the names above, and IP addresses as the system does."""
    return NAMES.get(host) or [str(info[4][0]) for info in socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)]


def is_allowed(address: Address) -> bool:
    """Let 127.0.0.1 stand for the public internet and 127.0.0.2 for a private network."""
    return str(address) == "127.0.0.1"


POLICY = ResolverPolicy(is_allowed, resolve)
HEAD = b"HTTP/1.1 200 X\r\n"


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with run_image_server() as server:
        yield server


@pytest.fixture
def inner() -> Iterator[ImageServer]:
    with run_image_server("127.0.0.2") as server:
        server.routes["/"] = [Response(body=make_png())]
        yield server
        assert server.connections == 0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def make_client(
    limits: Limits = LIMITS,
    policy: ResolverPolicy = POLICY,
    ssl_context: ssl.SSLContext | None = None,
    sleep: Callable[[float], object] = lambda _: None,
) -> Client:
    return Client(policy, limits, ssl_context=ssl_context, now=lambda: NOW, sleep=sleep)


def run(store: Store, *urls: str, client: Client | None = None, now: datetime = NOW, force: bool = False) -> Report:
    """Fetch with a client that resolves the names above and does not sleep."""
    return fetch_images(store, urls, client or make_client(), now=lambda: now, force=force)


def failure_reason(store: Store, url: str, client: Client | None = None) -> str:
    """Fetch an image that fails, and return the reason."""
    (failure,) = run(store, url, client=client).failed
    assert failure.url == url
    assert store.pictures([url]) == {}
    assert store.records([url])[url].error == failure.reason
    return failure.reason


def test_images_are_stored_whatever_their_name_and_media_type(store: Store, server: ImageServer) -> None:
    wrong_type = {"Content-Type": "text/html"}
    server.routes = {
        "/a.png": [Response(body=make_png())],
        "/b.gif?x=1": [Response(body=encode(draw_figure(), "JPEG"), headers=wrong_type)],
        "/%ED%99%95%EC%82%B0": [Response(body=encode(draw_figure(seed=2), "WEBP"), headers=wrong_type)],
        "/d": [Response(body=b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"/>')],
    }
    urls = [server.url("/a.png"), server.url("/b.gif?x=1#y"), server.url("/확산"), server.url("/d")]
    assert run(store, *urls, *urls) == Report(tuple(urls), (), (), ())
    pictures = store.pictures(urls)
    assert list(pictures) == urls
    assert all(store.has(picture) for picture in pictures.values())
    assert store.read(pictures[urls[0]].renditions[0].name)[:4] == b"\x89PNG"


def test_request_has_no_cookie_and_ignores_proxy_variables(
    store: Store, server: ImageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.routes["/a"] = [Response(302, headers={"Location": "/b", "Set-Cookie": "a=b"})]
    server.routes["/b"] = [Response(body=make_png())]
    run(store, server.url("/a"))
    for request in server.requests:
        assert request.headers["Host"] == f"public.test:{server.port}"
        assert request.headers["User-Agent"].startswith("daily-papers-feeds/")
        assert request.headers["Accept-Encoding"] == "identity"
        assert {name.lower() for name in request.headers} == {"host", "user-agent", "accept-encoding", "accept"}


def test_image_is_revalidated_with_its_etag_after_thirty_days(store: Store, server: ImageServer) -> None:
    url = server.url("/a")
    validators = {"ETag": '"one"', "Last-Modified": "Tue, 30 Jan 2024 00:00:00 GMT"}
    server.routes["/a"] = [Response(body=make_png(), headers=validators), Response(304), Response(body=make_png(1))]
    run(store, url)
    picture = store.pictures([url])[url]
    assert run(store, url, now=NOW + timedelta(days=29)) == Report((), (url,), (), ())
    assert server.count_requests("/a") == 1
    assert run(store, url, now=NOW + timedelta(days=31)) == Report((), (url,), (), ())
    assert server.requests[1].headers["If-None-Match"] == '"one"'
    assert server.requests[1].headers["If-Modified-Since"] == validators["Last-Modified"]
    assert store.pictures([url]) == {url: picture}
    assert run(store, url, now=NOW + timedelta(days=60)) == Report((), (url,), (), ())
    assert server.count_requests("/a") == 2
    assert run(store, url, now=NOW + timedelta(days=62)) == Report((url,), (), (), ())
    assert store.pictures([url]) != {url: picture}


def test_damaged_file_is_fetched_again_unconditionally(store: Store, server: ImageServer) -> None:
    url = server.url("/a")
    server.routes["/a"] = [Response(body=make_png(), headers={"ETag": '"one"'})]
    run(store, url)
    next(store.root.rglob("*.png")).write_bytes(b"")
    assert run(store, url).fetched == (url,)
    assert server.requests[1].headers["If-None-Match"] is None
    assert store.has(store.pictures([url])[url])


def test_304_to_an_unconditional_request_is_a_failure(store: Store, server: ImageServer) -> None:
    server.routes["/a"] = [Response(304)]
    assert failure_reason(store, server.url("/a")) == "HTTP status 304"


def test_unusable_validators_are_not_sent_back(store: Store, server: ImageServer) -> None:
    url = server.url("/a")
    server.routes["/a"] = [
        Response(body=make_png(), headers={"ETag": '"\x01"', "Last-Modified": "x" * 5000}),
        Response(304),
    ]
    run(store, url)
    assert run(store, url, now=NOW + timedelta(days=31)).unchanged == (url,)
    assert server.requests[1].headers["If-None-Match"] is None
    assert server.requests[1].headers["If-Modified-Since"] is None


def test_failed_url_is_retried_after_growing_delays(store: Store, server: ImageServer) -> None:
    url = server.url("/a")
    now = NOW
    for pause in (timedelta(hours=1), timedelta(days=1), timedelta(weeks=1), timedelta(weeks=1)):
        assert run(store, url, now=now).failed == (Failure(url, "HTTP status 404"),)
        count = server.count_requests("/a")
        waiting = Report((), (), (), (Failure(url, "HTTP status 404"),))
        assert run(store, url, now=now + pause - timedelta(seconds=1)) == waiting
        assert server.count_requests("/a") == count
        now += pause
    server.routes["/a"] = [Response(body=make_png())]
    assert run(store, url, now=NOW, force=True).fetched == (url,)


def test_transient_error_is_retried_with_backoff(store: Store, server: ImageServer) -> None:
    success = Response(body=make_png())
    routes: dict[str, list[Reply]] = {
        "/500": [Response(500), success],
        "/429": [Response(429, headers={"Retry-After": "30"}), success],
        "/date": [Response(503, headers={"Retry-After": "Tue, 30 Jan 2024 12:00:09 GMT"}), success],
        "/reset": [RawResponse(b"", reset=True), RawResponse(b"", reset=True), success],
        "/truncated": [RawResponse(HEAD + b"Content-Length: 900\r\n\r\n" + make_png()[:300]), success],
    }
    server.routes = routes
    pauses: list[float] = []
    urls = [server.url(path) for path in server.routes]
    client = make_client(replace(LIMITS, backoff=0.25), sleep=pauses.append)
    assert run(store, *urls, client=client).fetched == tuple(urls)
    assert sorted(pauses) == [0.25, 0.25, 0.25, 0.5, 9, 30]


@pytest.mark.parametrize("after", ["31", "Tue, 30 Jan 2029 12:00:09 GMT", "999999999999999999999999"])
def test_too_long_retry_after_ends_the_attempts(store: Store, server: ImageServer, after: str) -> None:
    server.routes["/a"] = [Response(429, headers={"Retry-After": after})]
    assert failure_reason(store, server.url("/a")) == "HTTP status 429"
    assert server.count_requests("/a") == 1


@pytest.mark.parametrize("after", ["-5", "soon", "Tue, 99 Foo 2024", "٣", "\xff", "1e9"])
def test_invalid_retry_after_is_ignored(store: Store, server: ImageServer, after: str) -> None:
    server.routes["/a"] = [Response(503, headers={"Retry-After": after})]
    assert failure_reason(store, server.url("/a")) == "HTTP status 503"
    assert server.count_requests("/a") == 3


PERMANENT: dict[str, tuple[Reply, str]] = {
    "missing": (Response(404), "HTTP status 404"),
    "forbidden": (Response(403, body=make_png()), "HTTP status 403"),
    "partial": (Response(206, body=make_png()), "HTTP status 206"),
    "HTML": (Response(body=b"<!DOCTYPE html><html>", headers={"Content-Type": "image/png"}), "not a PNG"),
    "empty": (Response(), "not a PNG"),
    "truncated": (Response(body=make_png()[:400]), "cannot be decoded"),
    "pixels": (Response(body=png_bomb(50_000, 50_000)), "50000×50000 pixels"),
    "large": (Response(body=bytes(200_001)), "larger than 200,000 bytes"),
    "declared": (RawResponse(HEAD + b"Content-Length: 99999999999\r\n\r\n", stall=True), "larger than 200,000 bytes"),
    "endless": (RawResponse(HEAD + b"\r\n" + bytes(300_000)), "larger than 200,000 bytes"),
    "chunks": (
        RawResponse(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"FFFF\r\n%b\r\n" % bytes(65535) * 9),
        "larger than",
    ),
    "gzip": (
        Response(body=gzip.compress(bytes(5_000_000)), headers={"Content-Encoding": "gzip"}),
        "Encoding is gzip",
    ),
    "nowhere": (Response(302), "HTTP status 302"),
    "in a circle": (Response(302, headers={"Location": "/a"}), "redirects more than 5 times"),
    "to a file": (Response(302, headers={"Location": "file:///etc/passwd"}), "not an http or https URL"),
    "to FTP": (Response(302, headers={"Location": "ftp://public.test/a"}), "not an http or https URL"),
    "to data": (Response(302, headers={"Location": "data:image/png;base64,AAAA"}), "not an http or https URL"),
    "to a name": (Response(302, headers={"Location": "http://ann:secret@public.test/"}), "a user name"),
    "to nonsense": (Response(302, headers={"Location": "http://[::1/"}), "an invalid URL"),
    "to a port": (Response(302, headers={"Location": "http://public.test:99999/"}), "not a valid URL"),
    "to control": (Response(302, headers={"Location": "x:\x1b[31m\x07"}), "not an http or https URL"),
}


@pytest.mark.parametrize("name", PERMANENT)
def test_permanent_error_is_not_retried(store: Store, server: ImageServer, name: str) -> None:
    reply, message = PERMANENT[name]
    server.routes["/a"] = [reply]
    reason = failure_reason(store, server.url("/a"))
    assert message in reason
    assert reason.isprintable()
    assert server.count_requests("/a") == (6 if name == "in a circle" else 1)


SLOW = {
    "silence": RawResponse(b"", stall=True),
    "no header": RawResponse(HEAD, stall=True),
    "no body": RawResponse(HEAD + b"Content-Length: 900\r\n\r\nabc", stall=True),
    "dripping header": RawResponse(HEAD + b"X: " + b"x" * 9999, pause=0.05),
    "dripping headers": RawResponse(HEAD + b"X: y\r\n" * 9999, pause=0.05),
    "dripping body": RawResponse(HEAD + b"\r\n" + bytes(9999), pause=0.05),
    "dripping chunk": RawResponse(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;" + b"x" * 9999, pause=0.05),
    "continue": RawResponse(b"HTTP/1.1 100 Continue\r\n\r\n" * 9999, pause=0.01),
}


@pytest.mark.external
@pytest.mark.parametrize("name", SLOW)
def test_slow_server_is_cut_off_at_the_deadline(store: Store, server: ImageServer, name: str) -> None:
    server.routes["/a"] = [SLOW[name]]
    started = time.monotonic()
    client = make_client(replace(LIMITS, read_timeout=0.2, total_timeout=0.7))
    reason = failure_reason(store, server.url("/a"), client)
    assert time.monotonic() - started < 3
    assert reason in ("the server does not answer", "takes more than 0.7 s")


MALFORMED = {
    "no HTTP": RawResponse(b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    "headers": RawResponse(HEAD + b"X: y\r\n" * 200 + b"\r\n"),
    "a long line": RawResponse(HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n"),
    "two lengths": RawResponse(HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"),
    "bad chunk": RawResponse(HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    "cut chunk": RawResponse(HEAD + b"Transfer-Encoding: chunked\r\n\r\nFF\r\nabc"),
    "cut off": RawResponse(HEAD + b"Content-Length: 900\r\n\r\n" + make_png()[:300]),
    "status": RawResponse(b"HTTP/1.1 99999 X\r\n\r\n"),
    "nothing": RawResponse(b""),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_response_fails_after_three_attempts(store: Store, server: ImageServer, name: str) -> None:
    server.routes["/a"] = [MALFORMED[name]]
    assert failure_reason(store, server.url("/a")).isprintable()
    assert server.count_requests("/a") == 3


def test_redirects_are_resolved_against_the_previous_url(store: Store, server: ImageServer) -> None:
    server.routes = {
        "/a/b": [Response(301, headers={"Location": "../c?x=1"})],
        "/c?x=1": [Response(307, headers={"Location": f"//other.test:{server.port}/d#e"})],
        "/d": [Response(body=make_png())],
    }
    assert run(store, server.url("/a/b")).fetched == (server.url("/a/b"),)
    assert server.requests[-1].headers["Host"] == f"other.test:{server.port}"


def test_redirect_into_a_private_network_is_refused(store: Store, server: ImageServer, inner: ImageServer) -> None:
    for host in ("inner.test", "127.0.0.2", "2130706434", "0x7f.2", "0177.0.0.2", "[::ffff:127.0.0.2]", "127.2"):
        path = "/" + host.strip("[]")
        server.routes[path] = [Response(302, headers={"Location": inner.url("/", host)})]
        assert "which is not a public address" in failure_reason(store, server.url(path))
        assert server.count_requests(path) == 1


def test_private_address_is_refused(store: Store, inner: ImageServer) -> None:
    for host in ("inner.test", "127.0.0.2", "2130706434", "INNER.test"):
        policy = ResolverPolicy(is_allowed, lambda host, port: resolve(host.lower(), port))
        client = make_client(policy=policy)
        assert "which is not a public address" in failure_reason(store, inner.url("/", host), client)


def test_only_public_addresses_of_a_host_are_connected_to(
    store: Store, server: ImageServer, inner: ImageServer
) -> None:
    server.routes["/a"] = [Response(body=make_png())]
    assert run(store, server.url("/a", "both.test")).fetched
    assert inner.connections == 0


def test_dns_rebinding_is_refused(store: Store, server: ImageServer, inner: ImageServer) -> None:
    lookups: list[str] = []

    def rebind(host: str, _: int) -> list[str]:
        lookups.append(host)
        return ["127.0.0.1"] if len(lookups) == 1 else ["127.0.0.2"]

    server.routes["/a"] = [Response(302, headers={"Location": inner.url("/", "public.test"), "Connection": "close"})]
    client = make_client(policy=ResolverPolicy(is_allowed, rebind))
    assert "not a public address" in failure_reason(store, server.url("/a"), client)
    assert lookups == ["public.test"] * 2  # one for each connection


def test_loopback_is_refused_by_default(store: Store, server: ImageServer) -> None:
    server.routes["/"] = [Response(body=make_png())]
    hosts = ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0", "0.0.0.0", "[::ffff:127.0.0.1]", "[::]"]
    urls = [server.url("/", host) for host in hosts]
    report = fetch_images(store, urls, Client(limits=LIMITS, sleep=lambda _: None))
    assert [failure.url for failure in report.failed] == urls
    assert server.connections == 0
    report = fetch_images(store, urls[:1], Client(ALLOW_PRIVATE, LIMITS), force=True)
    assert report.fetched == tuple(urls[:1])


PRIVATE = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255
192.0.0.192 192.0.2.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
168.63.129.16 :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:10.0.0.1 64:ff9b::127.0.0.1
64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe::1 2002:0a00:1:: fc00::1
fd00:ec2::254 fe80::1 fe80::1%1 fec0::1 ff02::1 ff0e::1
"""
PUBLIC = "1.1.1.1 8.8.8.8 100.128.0.1 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1"


def test_is_public_looks_into_embedded_addresses() -> None:
    assert [text for text in PRIVATE.split() if is_public(ip_address(text))] == []
    assert [text for text in PUBLIC.split() if not is_public(ip_address(text))] == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.png",
        "/a.png",
        "file:///etc/passwd",
        "javascript:1",
        "http://",
        "http:///a",
        "https://:80/",
        "http://[",
        "\x00",
    ]
    + [
        "http://a b/",
        "http://public.test:port/",
        "http://ann@public.test/",
        "http://@public.test/",
        "ws://public.test/",
    ]
    + ["http://public.test/" + "a" * 5000, "http://nowhere.test/", f"http://{'a' * 64}.test/", "http://확산.test/"],
)
def test_invalid_url_is_a_failure(store: Store, url: str) -> None:
    assert failure_reason(store, url).isprintable()


def test_certificate_is_verified_by_the_host_name(store: Store, tmp_path: Path) -> None:
    context, trusting = make_ssl_contexts(tmp_path)
    with run_image_server(context=context) as server:
        server.routes["/a"] = [Response(body=make_png())]
        url = server.url("/a")
        assert "certificate" in failure_reason(store, server.url("/a", "other.test"), make_client(ssl_context=trusting))
        assert "certificate" in failure_reason(store, server.url("/b"))
        assert server.requests == []
        assert run(store, url, client=make_client(ssl_context=trusting)).fetched == (url,)


def test_tls_redirects_to_http_and_obeys_the_deadline(store: Store, server: ImageServer, tmp_path: Path) -> None:
    context, trusting = make_ssl_contexts(tmp_path)
    with run_image_server(context=context) as secure:
        secure.routes["/a"] = [Response(302, headers={"Location": server.url("/a")})]
        secure.routes["/slow"] = [RawResponse(HEAD + b"X: " + b"x" * 9999, pause=0.05)]
        server.routes["/a"] = [Response(body=make_png())]
        assert run(store, secure.url("/a"), client=make_client(ssl_context=trusting)).fetched
        client = make_client(replace(LIMITS, total_timeout=0.5), ssl_context=trusting)
        assert failure_reason(store, secure.url("/slow"), client) == "takes more than 0.5 s"


def test_silent_tls_handshake_times_out(store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://public.test:{silent.getsockname()[1]}/"
        started = time.monotonic()
        failure_reason(store, url, make_client(replace(LIMITS, connect_timeout=0.3, total_timeout=1)))
        assert time.monotonic() - started < 4


def test_host_gets_at_most_two_persistent_connections(store: Store, server: ImageServer) -> None:
    def slow(_: Request) -> Response:
        time.sleep(0.02)  # long enough for concurrent requests
        return Response(body=make_png())

    server.routes = {f"/{number}": [slow] for number in range(20)}
    assert len(run(store, *(server.url(path) for path in server.routes)).fetched) == 20
    assert server.max_concurrent == 2
    assert server.connections == 2


def test_bytes_after_a_body_are_not_the_next_response(store: Store, server: ImageServer) -> None:
    injected = b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%b" % (len(make_png(9)), make_png(9))
    body = make_png(1)
    server.routes = {
        "/a": [Response(body=body + injected, headers={"Content-Length": str(len(body))})],
        "/b": [Response(body=make_png(2))],
    }
    client = make_client(replace(LIMITS, connections_per_host=1))
    run(store, server.url("/a"), server.url("/b"), client=client)
    for path, data in (("/a", body), ("/b", make_png(2))):
        (picture,) = store.pictures([server.url(path)]).values()
        assert store.read(picture.renditions[0].name) == convert(data)[0].data


def test_progress_advances_with_every_image(store: Store, server: ImageServer) -> None:
    server.routes["/a"] = [Response(body=make_png())]
    seen: list[object] = []

    def progress(urls: Iterable[str], total: int) -> Iterator[str]:
        seen.append(total)
        for url in urls:
            seen.append(url)
            yield url

    urls = [server.url("/a"), server.url("/missing")]
    fetch_images(store, urls, make_client(), progress=progress)
    assert seen[0] == 2
    assert set(seen[1:]) == set(urls)
    fetch_images(store, urls, make_client(), progress=progress)
    assert seen[3:] == [0]


def test_interrupted_run_stops_and_the_next_resumes(store: Store, server: ImageServer) -> None:
    server.routes = {f"/{number}": [Response(body=make_png(number))] for number in range(6)}
    server.routes["/3"] = [RawResponse(HEAD, stall=True), Response(body=make_png(3))]
    urls = [server.url(path) for path in server.routes]

    patient = replace(LIMITS, read_timeout=60, total_timeout=60)

    def interrupt(completed: Iterable[str], _: int) -> Iterator[str]:
        for number, url in enumerate(completed):
            yield url
            if number == 3:
                wait_until(lambda: server.count_requests("/3") == 1)
                raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        fetch_images(store, urls, make_client(patient), progress=interrupt, workers=2, now=lambda: NOW)
    assert time.monotonic() - started < patient.total_timeout / 2  # it does not wait for the stalled request
    wait_until(lambda: not any(thread.name.startswith("fetch-") for thread in threading.enumerate()))
    stored = store.pictures(urls)
    assert len(stored) == 4
    assert store.records(urls).keys() == stored.keys()  # an abandoned request is not a failure
    requests = {path: server.count_requests(path) for path in server.routes}
    report = run(store, *urls)
    assert set(report.unchanged) == set(stored)
    assert set(report.fetched) == set(urls) - set(stored)
    new_requests = {path: server.count_requests(path) - count for path, count in requests.items()}
    assert [new_requests[path] for path in server.routes if server.url(path) in stored] == [0] * 4


PROGRAM = """
import sys
from pathlib import Path
from feeds.images.client import ALLOW_PRIVATE, Client
from feeds.images.fetch import fetch_images
from feeds.images.store import Store
fetch_images(Store(Path(sys.argv[1])), sys.argv[2:], Client(ALLOW_PRIVATE))
"""


@pytest.mark.external
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_killed_run_ends_and_the_next_resumes(store: Store, server: ImageServer, number: signal.Signals) -> None:
    server.routes = {
        "/a": [Response(body=make_png())],
        "/b": [RawResponse(b"", stall=True), Response(body=make_png(1))],
    }
    urls = [server.url(path, "127.0.0.1") for path in server.routes]
    command = [sys.executable, "-c", PROGRAM, str(store.root), *urls]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: len(store.pictures(urls)) == 1 and server.count_requests("/b") == 1)
        process.send_signal(number)
        assert process.wait(timeout=5) != 0
    report = fetch_images(store, urls, Client(ALLOW_PRIVATE))
    assert (report.unchanged, report.fetched) == ((urls[0],), (urls[1],))


def test_concurrent_runs_leave_a_consistent_store(store: Store, server: ImageServer) -> None:
    server.routes = {f"/{number}": [Response(body=make_png(number % 5))] for number in range(16)}
    urls = [server.url(path) for path in server.routes]
    reports: list[Report] = []
    threads = [threading.Thread(target=lambda: reports.append(run(Store(store.root), *urls))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [report.failed for report in reports] == [(), ()]
    pictures = store.pictures(urls)
    assert len(pictures) == 16
    assert all(store.has(picture) for picture in pictures.values())
    assert len({picture.renditions for picture in pictures.values()}) == 5


def test_unusable_store_folder_ends_the_run(tmp_path: Path, server: ImageServer) -> None:
    (tmp_path / "store").write_text("not a folder")
    server.routes = {f"/{number}": [Response(body=make_png(number))] for number in range(9)}
    with pytest.raises(StoreError, match="cannot store the picture"):
        run(Store(tmp_path / "store"), *(server.url(path) for path in server.routes))


@pytest.mark.external
def test_full_disk_ends_the_run_without_temporary_files(tmp_path: Path, server: ImageServer) -> None:
    program = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n{PROGRAM}"
    server.routes["/a"] = [Response(body=make_png())]
    command = [sys.executable, "-c", program, str(tmp_path / "store"), server.url("/a", "127.0.0.1")]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "StoreError: " in process.stderr.splitlines()[-1]
    assert not list((tmp_path / "store").rglob("*.tmp"))


def test_empty_run_creates_no_store_and_no_threads(store: Store) -> None:
    before = threading.active_count()
    assert run(store) == Report((), (), (), ())
    assert threading.active_count() == before
    assert not store.root.exists()
