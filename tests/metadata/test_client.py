"""How often and how long a public API is asked, and what of its answers is refused."""

import gzip
import socket
import time as system_time
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from urllib3 import Timeout

from feeds.errors import FetchError
from feeds.metadata import client as client_module
from feeds.metadata.client import Client, UnavailableError
from tests.support.metadata_servers import CrossrefServer, FakeTime, Reply, run_metadata_server

GOOD = Reply(200, b"good")


@pytest.fixture
def server() -> Iterator[CrossrefServer]:
    with run_metadata_server(CrossrefServer) as server:
        yield server


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def client(time: FakeTime) -> Client:
    return Client(3.0, "application/json", clock=time.clock, sleep=time.sleep)


def test_request_starts_three_seconds_after_the_last(client: Client, server: CrossrefServer, time: FakeTime) -> None:
    server.troubles = [GOOD] * 3
    client.get(server.url)
    time.time += 1.0  # the work between two requests
    client.get(server.url)
    time.time += 10.0
    client.get(server.url)
    assert time.sleeps == [2.0]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_refused_request_is_repeated_later_and_later(
    client: Client, server: CrossrefServer, time: FakeTime, status: int
) -> None:
    server.troubles = [*([Reply(status)] * 3), GOOD]
    assert client.get(server.url).body == b"good"
    assert time.sleeps == [3.0, 6.0, 12.0]


def test_retry_after_in_seconds_is_waited_for(client: Client, server: CrossrefServer, time: FakeTime) -> None:
    server.troubles = [Reply(503, headers={"Retry-After": "47"}), GOOD]
    assert client.get(server.url).body == b"good"
    assert time.sleeps == [47.0]


def test_retry_after_as_a_date_is_waited_for(client: Client, server: CrossrefServer, time: FakeTime) -> None:
    date = formatdate(system_time.time() + 120, usegmt=True)
    server.troubles = [Reply(429, headers={"Retry-After": date}), GOOD]
    assert client.get(server.url).body == b"good"
    assert len(time.sleeps) == 1
    assert 60 < time.sleeps[0] <= 120


@pytest.mark.parametrize(
    "value", ["0", "soon", "-5", pytest.param("9" * 5000, id="many digits"), "Wed, 21 Oct 2015 07:28:00 GMT", ""]
)
def test_useless_retry_after_delays_as_none_does(
    client: Client, server: CrossrefServer, time: FakeTime, value: str
) -> None:
    server.troubles = [Reply(503, headers={"Retry-After": value}), GOOD]
    assert client.get(server.url).body == b"good"
    assert time.sleeps == [3.0]


@pytest.mark.parametrize("value", ["3600", "Fri, 31 Dec 9999 23:59:59 GMT", "99999999999"])
def test_long_retry_after_ends_at_once(client: Client, server: CrossrefServer, time: FakeTime, value: str) -> None:
    server.troubles = [Reply(503, headers={"Retry-After": value})]
    with pytest.raises(UnavailableError, match=r"HTTP status 503; run the command again in (60|360) minutes$"):
        client.get(server.url)
    assert (len(server.paths), time.sleeps) == (1, [])


@pytest.mark.parametrize(
    ("trouble", "problem"),
    [
        (Reply(503), "HTTP status 503"),
        (Reply(200, b"half", length=8), "breaks off its answer"),
        (Reply(200, gzip.compress(b"half")[:-9], {"Content-Encoding": "gzip"}, length=99), "breaks off its answer"),
    ],
)
def test_lasting_trouble_ends_after_five_attempts(
    client: Client, server: CrossrefServer, trouble: Reply, problem: str
) -> None:
    server.troubles = [trouble] * 5
    with pytest.raises(UnavailableError) as caught:
        client.get(server.url)
    assert str(caught.value) == f"127.0.0.1:{server.server_port}: {problem}; run the command again later"
    assert len(server.paths) == 5


def test_status_500_that_stays_is_an_answer(client: Client, server: CrossrefServer) -> None:
    server.troubles = [Reply(500, b"why")] * 5
    assert client.get(server.url) == (500, b"why")
    assert len(server.paths) == 5


def test_server_that_is_away_is_named(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(UnavailableError, match=rf"^127\.0\.0\.1:{port}: Connection refused; run the command again"):
        client.get(f"http://127.0.0.1:{port}/")


def test_server_that_is_silent_is_named(time: FakeTime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_TIMEOUT", Timeout(0.05))
    client = Client(3.0, "application/json", clock=time.clock, sleep=time.sleep)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(
            UnavailableError, match=rf"^127\.0\.0\.1:{port}: does not answer; run the command again later"
        ):
            client.get(f"http://127.0.0.1:{port}/")


def test_compressed_answer_is_read(client: Client, server: CrossrefServer) -> None:
    server.troubles = [Reply(200, gzip.compress(b"good" * 50_000), {"Content-Encoding": "gzip"})]
    assert client.get(server.url).body == b"good" * 50_000


@pytest.mark.parametrize("is_compressed", [False, True])
def test_large_answer_is_refused(
    client: Client, server: CrossrefServer, is_compressed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_MAX_BYTES", 100_000)
    body = bytes(100_001)
    headers = {"Content-Encoding": "gzip"} if is_compressed else {}
    server.troubles = [Reply(200, gzip.compress(body) if is_compressed else body, headers)]
    with pytest.raises(FetchError, match="the answer is larger than 100,000 bytes"):
        client.get(server.url)
    server.troubles = [GOOD]
    assert client.get(server.url).body == b"good"


def test_slow_answer_is_given_up(server: CrossrefServer, time: FakeTime) -> None:
    def clock() -> float:
        time.time += 100.0
        return time.time

    server.troubles = [Reply(200, bytes(1_000_000))]
    with pytest.raises(FetchError, match="the answer takes longer than 180 s"):
        Client(3.0, "application/json", clock=clock, sleep=time.sleep).get(server.url)


def test_redirect_within_the_scheme_is_followed(client: Client, server: CrossrefServer, time: FakeTime) -> None:
    server.troubles = [Reply(301, headers={"Location": "/elsewhere"}), GOOD]
    assert client.get(f"{server.url}/here").body == b"good"
    assert server.paths == ["/here", "/elsewhere"]
    assert time.sleeps == [3.0]


@pytest.mark.parametrize("target", ["https://127.0.0.1:9/", "file:///etc/passwd", "ftp://127.0.0.1/"])
def test_redirect_to_another_scheme_is_not_followed(client: Client, server: CrossrefServer, target: str) -> None:
    server.troubles = [Reply(302, headers={"Location": target})]
    with pytest.raises(FetchError, match=rf"redirects to {target}; give that address$"):
        client.get(server.url)


def test_endless_redirects_end(client: Client, server: CrossrefServer) -> None:
    server.troubles = [Reply(302, headers={"Location": "/"})] * 9
    with pytest.raises(FetchError, match="redirects more than 3 times"):
        client.get(server.url)
    assert len(server.paths) == 4
