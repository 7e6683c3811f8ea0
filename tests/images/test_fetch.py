"""Pictures are fetched once, and no server can hang, mislead or end the run."""

import gzip
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from feeds.images.addresses import Address, Network, is_public
from feeds.images.client import Limits
from feeds.images.convert import convert
from feeds.images.fetch import Failure, Report, fetch
from feeds.images.picture import StoreError
from feeds.images.store import Store
from tests.support.hostile import (
    Answer,
    Raw,
    Reply,
    Request,
    Server,
    bomb,
    encoded,
    eventually,
    figure,
    png,
    running,
    trusted,
)

LIMITS = Limits(length=200_000, connect=2, read=5, total=20, pause=0)
NOW = datetime(2024, 1, 30, 12, 0, tzinfo=UTC)
NAMES = {
    "public.test": ["127.0.0.1"],
    "other.test": ["127.0.0.1"],
    "inner.test": ["127.0.0.2"],
    "both.test": ["127.0.0.2", "10.1.1.1", "127.0.0.1"],
    "nowhere.test": [],
}


def resolve(host: str, port: int) -> list[str]:
    """Know the names of the tests, and what the system makes of numbers."""
    return NAMES.get(host) or [str(each[4][0]) for each in socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)]


def allows(address: Address) -> bool:
    """Take 127.0.0.1 for the public internet, and 127.0.0.2 for a private network."""
    return str(address) == "127.0.0.1"


NETWORK = Network(resolve, allows)
HEAD = b"HTTP/1.1 200 X\r\n"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def inner() -> Iterator[Server]:
    with running("127.0.0.2") as server:
        server.routes["/"] = [Answer(body=png())]
        yield server
        assert server.connections == 0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def run(
    store: Store,
    *urls: str,
    limits: Limits = LIMITS,
    network: Network = NETWORK,
    now: datetime = NOW,
    again: bool = False,
) -> Report:
    """Fetch with the network of the tests, and no pause that takes time."""
    return fetch(store, urls, limits=limits, network=network, now=lambda: now, sleep=lambda _: None, again=again)


def reason(store: Store, url: str, limits: Limits = LIMITS, network: Network = NETWORK) -> str:
    """Fail to fetch a picture."""
    (failure,) = run(store, url, limits=limits, network=network).failed
    assert failure.url == url
    assert store.pictures([url]) == {}
    assert store.sources([url])[url].error == failure.reason
    return failure.reason


def test_pictures_are_fetched_into_the_store_whatever_they_are_called(store: Store, server: Server) -> None:
    page = {"Content-Type": "text/html"}
    server.routes = {
        "/a.png": [Answer(body=png())],
        "/b.gif?x=1": [Answer(body=encoded(figure(), "JPEG"), headers=page)],
        "/%ED%99%95%EC%82%B0": [Answer(body=encoded(figure(seed=2), "WEBP"), headers=page)],
        "/d": [Answer(body=b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"/>')],
    }
    urls = [server.url("/a.png"), server.url("/b.gif?x=1#y"), server.url("/확산"), server.url("/d")]
    assert run(store, *urls, *urls) == Report(tuple(urls), (), (), ())
    pictures = store.pictures(urls)
    assert list(pictures) == urls
    assert all(store.has(picture) for picture in pictures.values())
    assert store.read(pictures[urls[0]].renditions[0])[:4] == b"\x89PNG"


def test_a_request_says_who_asks_and_no_more(store: Store, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.routes["/a"] = [Answer(302, headers={"Location": "/b", "Set-Cookie": "a=b"})]
    server.routes["/b"] = [Answer(body=png())]
    run(store, server.url("/a"))
    for request in server.requests:
        assert request.headers["Host"] == f"public.test:{server.port}"
        assert request.headers["User-Agent"].startswith("daily-papers-feeds/")
        assert request.headers["Accept-Encoding"] == "identity"
        assert {name.lower() for name in request.headers} == {"host", "user-agent", "accept-encoding", "accept"}


def test_a_picture_is_not_asked_for_again_for_thirty_days_and_then_with_its_tag(store: Store, server: Server) -> None:
    url = server.url("/a")
    fields = {"ETag": '"one"', "Last-Modified": "Tue, 30 Jan 2024 00:00:00 GMT"}
    server.routes["/a"] = [Answer(body=png(), headers=fields), Answer(304), Answer(body=png(1))]
    run(store, url)
    picture = store.pictures([url])[url]
    assert run(store, url, now=NOW + timedelta(days=29)) == Report((), (url,), (), ())
    assert server.asked("/a") == 1
    assert run(store, url, now=NOW + timedelta(days=31)) == Report((), (url,), (), ())
    assert server.requests[1].headers["If-None-Match"] == '"one"'
    assert server.requests[1].headers["If-Modified-Since"] == fields["Last-Modified"]
    assert store.pictures([url]) == {url: picture}
    assert run(store, url, now=NOW + timedelta(days=60)) == Report((), (url,), (), ())
    assert server.asked("/a") == 2
    assert run(store, url, now=NOW + timedelta(days=62)) == Report((url,), (), (), ())
    assert store.pictures([url]) != {url: picture}


def test_a_picture_whose_file_is_broken_is_fetched_again_without_condition(store: Store, server: Server) -> None:
    url = server.url("/a")
    server.routes["/a"] = [Answer(body=png(), headers={"ETag": '"one"'})]
    run(store, url)
    next(store.root.rglob("*.png")).write_bytes(b"")
    assert run(store, url).fetched == (url,)
    assert server.requests[1].headers["If-None-Match"] is None
    assert store.has(store.pictures([url])[url])


def test_an_answer_of_unchanged_to_what_nobody_has_is_a_failure(store: Store, server: Server) -> None:
    server.routes["/a"] = [Answer(304)]
    assert reason(store, server.url("/a")) == "answers 304"


def test_a_tag_that_is_unfit_to_be_sent_is_forgotten(store: Store, server: Server) -> None:
    url = server.url("/a")
    server.routes["/a"] = [Answer(body=png(), headers={"ETag": '"\x01"', "Last-Modified": "x" * 5000}), Answer(304)]
    run(store, url)
    assert run(store, url, now=NOW + timedelta(days=31)).unchanged == (url,)
    assert server.requests[1].headers["If-None-Match"] is None
    assert server.requests[1].headers["If-Modified-Since"] is None


def test_a_failure_is_tried_again_after_growing_pauses(store: Store, server: Server) -> None:
    url = server.url("/a")
    now = NOW
    for pause in (timedelta(hours=1), timedelta(days=1), timedelta(weeks=1), timedelta(weeks=1)):
        assert run(store, url, now=now).failed == (Failure(url, "answers 404"),)
        count = server.asked("/a")
        waiting = Report((), (), (), (Failure(url, "answers 404"),))
        assert run(store, url, now=now + pause - timedelta(seconds=1)) == waiting
        assert server.asked("/a") == count
        now += pause
    server.routes["/a"] = [Answer(body=png())]
    assert run(store, url, now=NOW, again=True).fetched == (url,)


def test_a_passing_failure_is_tried_again_at_once(store: Store, server: Server) -> None:
    good = Answer(body=png())
    routes: dict[str, list[Reply]] = {
        "/500": [Answer(500), good],
        "/429": [Answer(429, headers={"Retry-After": "30"}), good],
        "/date": [Answer(503, headers={"Retry-After": "Tue, 30 Jan 2024 12:00:09 GMT"}), good],
        "/reset": [Raw(b"", reset=True), Raw(b"", reset=True), good],
        "/truncated": [Raw(HEAD + b"Content-Length: 900\r\n\r\n" + png()[:300]), good],
    }
    server.routes = routes
    pauses: list[float] = []
    urls = [server.url(path) for path in server.routes]
    limits = replace(LIMITS, pause=0.25)
    assert fetch(store, urls, limits=limits, network=NETWORK, now=lambda: NOW, sleep=pauses.append).fetched == tuple(
        urls
    )
    assert sorted(pauses) == [0.25, 0.25, 0.25, 0.5, 9, 30]


@pytest.mark.parametrize("after", ["31", "Tue, 30 Jan 2029 12:00:09 GMT", "999999999999999999999999"])
def test_a_server_that_wants_too_long_a_pause_is_left_alone(store: Store, server: Server, after: str) -> None:
    server.routes["/a"] = [Answer(429, headers={"Retry-After": after})]
    assert reason(store, server.url("/a")) == "answers 429"
    assert server.asked("/a") == 1


@pytest.mark.parametrize("after", ["-5", "soon", "Tue, 99 Foo 2024", "٣", "\xff", "1e9"])
def test_a_pause_that_makes_no_sense_is_ours(store: Store, server: Server, after: str) -> None:
    server.routes["/a"] = [Answer(503, headers={"Retry-After": after})]
    assert reason(store, server.url("/a")) == "answers 503"
    assert server.asked("/a") == 3


FINAL: dict[str, tuple[Reply, str]] = {
    "missing": (Answer(404), "answers 404"),
    "forbidden": (Answer(403, body=png()), "answers 403"),
    "partial": (Answer(206, body=png()), "answers 206"),
    "HTML": (Answer(body=b"<!DOCTYPE html><html>", headers={"Content-Type": "image/png"}), "is no PNG"),
    "empty": (Answer(), "is no PNG"),
    "truncated": (Answer(body=png()[:400]), "cannot be decoded"),
    "pixels": (Answer(body=bomb(50_000, 50_000)), "50000×50000 pixels"),
    "large": (Answer(body=bytes(200_001)), "longer than 200,000 bytes"),
    "declared": (Raw(HEAD + b"Content-Length: 99999999999\r\n\r\n", stall=True), "longer than 200,000 bytes"),
    "endless": (Raw(HEAD + b"\r\n" + bytes(300_000)), "longer than 200,000 bytes"),
    "chunks": (Raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"FFFF\r\n%b\r\n" % bytes(65535) * 9), "longer than"),
    "gzip": (Answer(body=gzip.compress(bytes(5_000_000)), headers={"Content-Encoding": "gzip"}), "compressed"),
    "nowhere": (Answer(302), "answers 302"),
    "in a circle": (Answer(302, headers={"Location": "/a"}), "redirects more than 5 times"),
    "to a file": (Answer(302, headers={"Location": "file:///etc/passwd"}), "no address of a picture on the web"),
    "to FTP": (Answer(302, headers={"Location": "ftp://public.test/a"}), "no address of a picture on the web"),
    "to data": (Answer(302, headers={"Location": "data:image/png;base64,AAAA"}), "no address of a picture"),
    "to a name": (Answer(302, headers={"Location": "http://ann:secret@public.test/"}), "with a user's name"),
    "to nonsense": (Answer(302, headers={"Location": "http://[::1/"}), "no address"),
    "to a port": (Answer(302, headers={"Location": "http://public.test:99999/"}), "no address"),
    "to control": (Answer(302, headers={"Location": "x:\x1b[31m\x07"}), "no address of a picture"),
}


@pytest.mark.parametrize("name", FINAL)
def test_what_would_fail_again_is_asked_for_once(store: Store, server: Server, name: str) -> None:
    reply, message = FINAL[name]
    server.routes["/a"] = [reply]
    found = reason(store, server.url("/a"))
    assert message in found
    assert found.isprintable()
    assert server.asked("/a") == (6 if name == "in a circle" else 1)


PASSING = {
    "silence": Raw(b"", stall=True),
    "no header": Raw(HEAD, stall=True),
    "no body": Raw(HEAD + b"Content-Length: 900\r\n\r\nabc", stall=True),
    "dripping header": Raw(HEAD + b"X: " + b"x" * 9999, pause=0.05),
    "dripping headers": Raw(HEAD + b"X: y\r\n" * 9999, pause=0.05),
    "dripping body": Raw(HEAD + b"\r\n" + bytes(9999), pause=0.05),
    "dripping chunk": Raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;" + b"x" * 9999, pause=0.05),
    "continue": Raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 9999, pause=0.01),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_server_that_takes_its_time_is_cut_off(store: Store, server: Server, name: str) -> None:
    server.routes["/a"] = [PASSING[name]]
    started = time.monotonic()
    found = reason(store, server.url("/a"), replace(LIMITS, read=0.2, total=0.7))
    assert time.monotonic() - started < 3
    assert found in ("says nothing for too long", "takes more than 0.7 s")


NOISE = {
    "no HTTP": Raw(b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    "headers": Raw(HEAD + b"X: y\r\n" * 200 + b"\r\n"),
    "a long line": Raw(HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n"),
    "two lengths": Raw(HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"),
    "bad chunk": Raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    "cut chunk": Raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nFF\r\nabc"),
    "cut off": Raw(HEAD + b"Content-Length: 900\r\n\r\n" + png()[:300]),
    "status": Raw(b"HTTP/1.1 99999 X\r\n\r\n"),
    "nothing": Raw(b""),
}


@pytest.mark.parametrize("name", NOISE)
def test_a_server_that_talks_nonsense_is_given_up_after_three_tries(store: Store, server: Server, name: str) -> None:
    server.routes["/a"] = [NOISE[name]]
    assert reason(store, server.url("/a")).isprintable()
    assert server.asked("/a") == 3


def test_a_redirect_is_followed_and_each_is_resolved_against_the_last(store: Store, server: Server) -> None:
    server.routes = {
        "/a/b": [Answer(301, headers={"Location": "../c?x=1"})],
        "/c?x=1": [Answer(307, headers={"Location": f"//other.test:{server.port}/d#e"})],
        "/d": [Answer(body=png())],
    }
    assert run(store, server.url("/a/b")).fetched == (server.url("/a/b"),)
    assert server.requests[-1].headers["Host"] == f"other.test:{server.port}"


def test_a_redirect_into_a_private_network_is_not_followed(store: Store, server: Server, inner: Server) -> None:
    for host in ("inner.test", "127.0.0.2", "2130706434", "0x7f.2", "0177.0.0.2", "[::ffff:127.0.0.2]", "127.2"):
        path = "/" + host.strip("[]")
        server.routes[path] = [Answer(302, headers={"Location": inner.url("/", host)})]
        assert "which is not in the public internet" in reason(store, server.url(path))
        assert server.asked(path) == 1


def test_an_address_in_a_private_network_is_not_asked(store: Store, inner: Server) -> None:
    for host in ("inner.test", "127.0.0.2", "2130706434", "INNER.test"):
        network = Network(lambda host, port: resolve(host.lower(), port), allows)
        assert "which is not in the public internet" in reason(store, inner.url("/", host), network=network)


def test_of_several_addresses_only_public_ones_are_connected_to(store: Store, server: Server, inner: Server) -> None:
    server.routes["/a"] = [Answer(body=png())]
    assert run(store, server.url("/a", "both.test")).fetched
    assert inner.connections == 0


def test_a_name_that_changes_its_address_leads_nowhere_else(store: Store, server: Server, inner: Server) -> None:
    asked: list[str] = []

    def rebinding(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    server.routes["/a"] = [Answer(302, headers={"Location": inner.url("/", "public.test"), "Connection": "close"})]
    assert "not in the public internet" in reason(store, server.url("/a"), network=Network(rebinding, allows))
    assert asked == ["public.test"] * 2  # once for each connection, and never by anybody else


def test_by_default_this_machine_is_not_asked(store: Store, server: Server) -> None:
    server.routes["/"] = [Answer(body=png())]
    hosts = ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0", "0.0.0.0", "[::ffff:127.0.0.1]", "[::]"]
    urls = [server.url("/", host) for host in hosts]
    report = fetch(store, urls, limits=LIMITS, sleep=lambda _: None)
    assert [failure.url for failure in report.failed] == urls
    assert server.connections == 0
    report = fetch(store, urls[:1], limits=LIMITS, sleep=lambda _: None, allow_private=True, again=True)
    assert report.fetched == tuple(urls[:1])


PRIVATE = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255
192.0.0.192 192.0.2.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
168.63.129.16 :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:10.0.0.1 64:ff9b::127.0.0.1
64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe::1 2002:0a00:1:: fc00::1
fd00:ec2::254 fe80::1 fe80::1%1 fec0::1 ff02::1 ff0e::1
"""
PUBLIC = "1.1.1.1 8.8.8.8 100.128.0.1 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1"


def test_what_is_public_is_known_whatever_an_address_stands_for() -> None:
    assert [each for each in PRIVATE.split() if is_public(ip_address(each))] == []
    assert [each for each in PUBLIC.split() if not is_public(ip_address(each))] == []


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
def test_what_is_no_address_is_a_failure(store: Store, url: str) -> None:
    assert reason(store, url).isprintable()


def test_tls_is_verified_by_the_name_that_was_asked_for(store: Store, tmp_path: Path) -> None:
    context, trust = trusted(tmp_path)
    with running(context=context) as server:
        server.routes["/a"] = [Answer(body=png())]
        network = replace(NETWORK, trust=trust)
        assert "certificate" in reason(store, server.url("/a", "other.test"), network=network)
        assert "certificate" in reason(store, server.url("/b"))
        assert server.requests == []
        assert run(store, server.url("/a"), network=network).fetched == (server.url("/a"),)


def test_tls_leads_to_plain_http_and_drips_no_longer_than_allowed(store: Store, server: Server, tmp_path: Path) -> None:
    context, trust = trusted(tmp_path)
    network = replace(NETWORK, trust=trust)
    with running(context=context) as secure:
        secure.routes["/a"] = [Answer(302, headers={"Location": server.url("/a")})]
        secure.routes["/slow"] = [Raw(HEAD + b"X: " + b"x" * 9999, pause=0.05)]
        server.routes["/a"] = [Answer(body=png())]
        assert run(store, secure.url("/a"), network=network).fetched
        limits = replace(LIMITS, total=0.5)
        assert reason(store, secure.url("/slow"), limits, network) == "takes more than 0.5 s"


def test_a_server_that_says_nothing_to_tls_is_given_up(store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://public.test:{silent.getsockname()[1]}/"
        started = time.monotonic()
        reason(store, url, replace(LIMITS, connect=0.3, total=1))
        assert time.monotonic() - started < 4


def test_a_host_is_asked_over_two_connections_that_are_kept(store: Store, server: Server) -> None:
    def slow(_: Request) -> Answer:
        time.sleep(0.02)  # long enough for others to ask at the same time
        return Answer(body=png())

    server.routes = {f"/{number}": [slow] for number in range(20)}
    assert len(run(store, *(server.url(path) for path in server.routes)).fetched) == 20
    assert server.at_once == 2
    assert server.connections == 2


def test_what_follows_a_picture_is_not_taken_for_the_next_answer(store: Store, server: Server) -> None:
    false = b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%b" % (len(png(9)), png(9))
    body = png(1)
    server.routes = {
        "/a": [Answer(body=body + false, headers={"Content-Length": str(len(body))})],
        "/b": [Answer(body=png(2))],
    }
    run(store, server.url("/a"), server.url("/b"), limits=replace(LIMITS, connections=1))
    for path, data in (("/a", body), ("/b", png(2))):
        (picture,) = store.pictures([server.url(path)]).values()
        assert store.read(picture.renditions[0]) == convert(data)[0].data


def test_progress_is_shown_picture_by_picture(store: Store, server: Server) -> None:
    server.routes["/a"] = [Answer(body=png())]
    seen: list[object] = []

    def progress(urls: Iterable[str], total: int) -> Iterator[str]:
        seen.append(total)
        for url in urls:
            seen.append(url)
            yield url

    urls = [server.url("/a"), server.url("/missing")]
    fetch(store, urls, limits=LIMITS, network=NETWORK, progress=progress)
    assert seen[0] == 2
    assert set(seen[1:]) == set(urls)
    fetch(store, urls, limits=LIMITS, network=NETWORK, progress=progress)
    assert seen[3:] == [0]


def test_an_interrupted_run_stops_at_once_and_the_next_goes_on(store: Store, server: Server) -> None:
    server.routes = {f"/{number}": [Answer(body=png(number))] for number in range(6)}
    server.routes["/3"] = [Raw(HEAD, stall=True), Answer(body=png(3))]
    urls = [server.url(path) for path in server.routes]

    patient = replace(LIMITS, read=60, total=60)

    def interrupt(done: Iterable[str], _: int) -> Iterator[str]:
        for number, url in enumerate(done):
            yield url
            if number == 3:
                eventually(lambda: server.asked("/3") == 1)
                raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        fetch(store, urls, limits=patient, network=NETWORK, progress=interrupt, workers=2, now=lambda: NOW)
    assert time.monotonic() - started < patient.total / 2  # it waits for none of the stalled ones
    eventually(lambda: not any(thread.name.startswith("fetch-") for thread in threading.enumerate()))
    kept = store.pictures(urls)
    assert len(kept) == 4
    assert store.sources(urls).keys() == kept.keys()  # what was given up is no failure
    asked = {path: server.asked(path) for path in server.routes}
    report = run(store, *urls)
    assert set(report.unchanged) == set(kept)
    assert set(report.fetched) == set(urls) - set(kept)
    assert [server.asked(path) - asked[path] for path in server.routes if server.url(path) in kept] == [0] * 4


PROGRAM = """
import sys
from pathlib import Path
from feeds.images.fetch import fetch
from feeds.images.store import Store
fetch(Store(Path(sys.argv[1])), sys.argv[2:], allow_private=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_from_outside_ends_and_the_next_goes_on(
    store: Store, server: Server, number: signal.Signals
) -> None:
    server.routes = {"/a": [Answer(body=png())], "/b": [Raw(b"", stall=True), Answer(body=png(1))]}
    urls = [server.url(path, "127.0.0.1") for path in server.routes]
    command = [sys.executable, "-c", PROGRAM, str(store.root), *urls]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: len(store.pictures(urls)) == 1 and server.asked("/b") == 1)
        process.send_signal(number)
        assert process.wait(timeout=5) != 0
    report = fetch(store, urls, allow_private=True)
    assert (report.unchanged, report.fetched) == ((urls[0],), (urls[1],))


def test_two_runs_at_once_leave_a_good_store(store: Store, server: Server) -> None:
    server.routes = {f"/{number}": [Answer(body=png(number % 5))] for number in range(16)}
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


def test_a_disk_that_takes_no_more_ends_the_run_with_one_error(tmp_path: Path, server: Server) -> None:
    (tmp_path / "store").write_text("no folder")
    server.routes = {f"/{number}": [Answer(body=png(number))] for number in range(9)}
    with pytest.raises(StoreError, match="cannot be stored"):
        run(Store(tmp_path / "store"), *(server.url(path) for path in server.routes))


def test_a_full_disk_ends_the_run_with_one_error(tmp_path: Path, server: Server) -> None:
    program = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n{PROGRAM}"
    server.routes["/a"] = [Answer(body=png())]
    command = [sys.executable, "-c", program, str(tmp_path / "store"), server.url("/a", "127.0.0.1")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "StoreError: " in done.stderr.splitlines()[-1]
    assert not list((tmp_path / "store").rglob("*.tmp"))


def test_nothing_to_fetch_makes_no_store_and_no_threads(store: Store) -> None:
    before = threading.active_count()
    assert run(store) == Report((), (), (), ())
    assert threading.active_count() == before
    assert not store.root.exists()
