"""The connections of a worker: HTTP/1.1 over real sockets, and what bounds each connection."""

import asyncio
import gzip
import http.client
import logging
import re
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, cast

import pytest
import uvloop
from uvicorn import Config
from uvicorn.server import ServerState

from feeds.http import connections, limits
from feeds.http.connections import Connection, Connections
from feeds.http.gateway import Answer, Gateway
from feeds.http.request import Request
from tests.support.digests import SEEDS
from tests.support.gateways import open_gateway

TIMEOUT = 30  # seconds, which no test takes
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LARGE = 16 * 1024 * 1024  # bytes: more than the buffers of a socket hold


class Chunks:
    """A body that is read chunk by chunk. It knows how it was read."""

    def __init__(self, number: int, size: int = 64 * 1024, error: OSError | None = None) -> None:
        self.left = number
        self.read = 0
        self.size = size
        self.is_reading = self.was_closed_while_reading = False
        self.closed = threading.Event()
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self.is_reading = True
        try:
            if not self.left:
                if self._error:
                    raise self._error
                raise StopIteration
            self.left -= 1
            self.read += 1
            return bytes(self.size)
        finally:
            self.is_reading = False

    def close(self) -> None:
        self.was_closed_while_reading |= self.is_reading
        self.closed.set()


class Answers:
    """A gateway with prepared answers; it says which path was asked for where there is none.

    Those of `found` are there at once, those of `answers` a moment later, and that of `/wait` when `may_answer` is set.
    """

    def __init__(self) -> None:
        self.found: dict[str, Answer] = {}
        self.answers: dict[str, Answer | Exception] = {}
        self.requests: list[Request] = []
        self.noted: list[tuple[str, int, int]] = []
        self.open = 0
        self.may_answer = asyncio.Event()
        self.waits = threading.Event()
        self.was_cancelled = threading.Event()
        self._changed = threading.Condition()

    def find(self, request: Request) -> Answer | None:
        self.requests.append(request)
        if request.path == "/broken":
            raise RuntimeError("broken")
        if request.path == "/wait" or request.path in self.answers:
            return None
        return self.found.get(request.path, answer(request.path.encode()))

    async def answer(self, request: Request) -> Answer:
        if request.path == "/wait":
            self.waits.set()
            try:
                await self.may_answer.wait()
            except asyncio.CancelledError:
                self.was_cancelled.set()
                raise
            return answer(b"/wait")
        prepared = self.answers[request.path]
        if isinstance(prepared, Exception):
            raise prepared
        return prepared

    def note(self, request: Request, answer: Answer, size: int, seconds: float) -> None:
        assert seconds >= 0
        self.noted.append((request.path, answer.status, size))

    def refresh(self) -> None:
        pass

    def write_metrics(self, number: int) -> None:
        with self._changed:
            self.open = number
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds after one of the looks that the server takes at its connections."""
        with self._changed:
            assert self._changed.wait_for(condition, TIMEOUT)

    def wait_for_open(self, number: int) -> None:
        """Wait until so many connections are open."""
        self.wait_for(lambda: self.open == number)


class Listening:
    """An event loop in a thread, with connections at a port."""

    def __init__(self, gateway: Gateway) -> None:
        self.errors: list[dict[str, Any]] = []
        self.connections = Connections(gateway)
        self.state = ServerState()
        self._loop = uvloop.new_event_loop()
        self._loop.set_exception_handler(lambda _, context: self.errors.append(context))
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = self.run(self._listen)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _listen(self) -> asyncio.AbstractServer:
        config = cast("Config", type("Loaded", (), {"loaded_app": self.connections}))
        return await self._loop.create_server(lambda: Connection(config, self.state), "127.0.0.1", 0)

    def run(self, function: Callable[[], Any]) -> Any:
        """Call a function in the thread of the event loop."""
        future: Future[Any] = Future()

        async def call() -> None:
            try:
                result = function()
                future.set_result(await result if asyncio.iscoroutine(result) else result)
            except Exception as error:
                future.set_exception(error)

        asyncio.run_coroutine_threadsafe(call(), self._loop)
        return future.result(TIMEOUT)

    def shut_down(self) -> None:
        """Ask the connections to end, as Uvicorn does."""
        self.run(self._shut_down)

    def _shut_down(self) -> None:
        for connection in list(self.state.connections):
            connection.shutdown()

    def wait_for_senders(self, number: int) -> None:
        """Wait until the clients of so many connections are slower than the server."""
        cast("Answers", self.connections.gateway).wait_for(lambda: len(self.connections._sending) == number)

    def close(self) -> None:
        """Close the connections, and stop the event loop."""
        self.run(self._server.close)
        self.run(self._abort)
        self.run(self._loop.shutdown_default_executor)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT)
        self._loop.close()

    def _abort(self) -> None:
        for connection in list(self.connections._all):
            connection.abort()

    def connect(self, receive_buffer: int = 0) -> socket.socket:
        """Open a connection."""
        client = socket.socket()
        client.settimeout(TIMEOUT)
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.connect(("127.0.0.1", self.port))
        return client

    def exchange(self, data: bytes) -> bytes:
        """Send bytes over a connection; return what comes until the server closes it."""
        with self.connect() as client:
            client.sendall(data)
            return read_all(client)


def answer(body: bytes | Iterator[bytes], status: int = 200, length: int | None = None) -> Answer:
    """Return an answer."""
    size = len(body) if isinstance(body, bytes) else length
    return Answer(status, f"HTTP/1.1 {status} Phrase\r\nContent-Length: {size}\r\n".encode(), body)


def read_all(client: socket.socket) -> bytes:
    """Return what comes until the server closes the connection; it may also reset it."""
    data = bytearray()
    try:
        while part := client.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    return bytes(data)


def read_answer(client: socket.socket, method: str = "GET") -> tuple[int, bytes]:
    """Read one answer from a connection that stays open."""
    response = http.client.HTTPResponse(client, method=method)
    response.begin()
    return response.status, response.read()


def bodies(data: bytes) -> list[bytes]:
    """Split answers that came in a row into their bodies."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
        size = int(fields[b"Content-Length"])
        found.append(data[:size])
        data = data[size:]
    return found


def statuses(data: bytes) -> list[int]:
    """Return the status of each answer in a row."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]


def reset(client: socket.socket) -> None:
    """Close a connection with a reset, as a program that is killed does."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@contextmanager
def listening(gateway: object) -> Iterator[Listening]:
    """Listen until the work is done; no callback may have failed, and every connection must be forgotten."""
    server = Listening(cast("Gateway", gateway))
    try:
        yield server
    finally:
        server.close()
    assert server.errors == []
    known = server.connections
    assert not any((known._all, known._idle, known._sending, known._bodies, known._unsent, server.state.connections))


@pytest.fixture(autouse=True)
def limit_nothing_but_what_a_test_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_SWEEP_INTERVAL", 0.01)
    for name in ("HEAD_SECONDS", "KEEP_ALIVE_SECONDS", "STALL_SECONDS", "LINGER_SECONDS"):
        monkeypatch.setattr(limits, name, 2 * TIMEOUT)


@pytest.fixture
def gateway() -> Answers:
    return Answers()


@pytest.fixture
def server(gateway: Answers) -> Iterator[Listening]:
    with listening(gateway) as running:
        yield running


# Requests


def test_pipelined_requests_are_answered_in_order(server: Listening, gateway: Answers) -> None:
    gateway.answers["/later"] = answer(b"later")
    gateway.answers["/file"] = answer(Chunks(3, 5), length=15)
    paths = [b"/", b"/later", b"/a", b"/file", b"/b", b"/later"]
    data = b"".join(GET.replace(b"GET /", b"GET " + path) for path in paths) + LAST
    assert bodies(server.exchange(data)) == [b"/", b"later", b"/a", bytes(15), b"/b", b"later", b"/last"]
    assert [path for path, *_ in gateway.noted] == ["/", "/later", "/a", "/file", "/b", "/later", "/last"]


def test_connection_closes_after_too_many_pipelined_requests(server: Listening) -> None:
    with server.connect() as client:
        client.sendall(GET.replace(b"/ ", b"/wait ") + GET * 100)
        server.run(cast("Answers", server.connections.gateway).may_answer.set)
        assert len(bodies(read_all(client))) == limits.MAX_PIPELINED + 1


def test_connection_closes_after_much_pipelined_data(server: Listening, gateway: Answers) -> None:
    large = GET.replace(b"\r\n\r\n", b"\r\nCookie: " + b"x" * 20_000 + b"\r\n\r\n")
    with server.connect() as client:
        client.sendall(GET.replace(b"/ ", b"/wait ") + large * 20)
        server.run(gateway.may_answer.set)
        assert 2 <= len(bodies(read_all(client))) <= 4


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_request_that_comes_in_pieces_is_answered(server: Listening, gateway: Answers, piece: int) -> None:
    data = GET.replace(b"\r\n\r\n", b"\r\nA: " + b"b" * 200 + b"\r\n\r\n") + LAST
    with server.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(data), piece):
            client.sendall(data[start : start + piece])
        assert bodies(read_all(client)) == [b"/", b"/last"]
    assert gateway.requests[0].headers["a"] == "b" * 200


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a/b?c=d", "/a/b", "c=d"),
        (b"/%EA%B0%80%00?q=%20", "/\xea\xb0\x80\x00", "q=%20"),
        ("/가?q=나".encode(), "/\xea\xb0\x80", "q=%EB%82%98"),
        (b"http://example.org/a?b", "/a", "b"),
        (b"HTTPS://example.org", "/", ""),
        (b"http://example.org?a=/b", "/", "a=/b"),
        (b"//a//b", "//a//b", ""),
        (b"*", "*", ""),
    ],
)
def test_target_is_path_and_query(server: Listening, gateway: Answers, target: bytes, path: str, query: str) -> None:
    server.exchange(LAST.replace(b"/last", target))
    assert [(request.path, request.query) for request in gateway.requests] == [(path, query)]


def test_repeated_fields_are_joined(server: Listening, gateway: Answers) -> None:
    fields = b'If-None-Match: "a"\r\nX:\t b \t\r\nIF-NONE-MATCH: "b"\r\n'
    server.exchange(LAST.replace(b"Host", fields + b"Host"))
    assert gateway.requests[0].headers == {"host": "x", "if-none-match": '"a", "b"', "x": "b", "connection": "close"}


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "request_with_content",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\n\r\nGET /no HTTP/1.1\r\n",
        CHUNKED + b"12\r\nGET /no HTTP/1.1\r\n\r\n0\r\n\r\n",
        CHUNKED + b"5;a=b\r\nhello\r\n0\r\nHost: y\r\nIf-None-Match: *\r\n\r\n",
    ],
    ids=["length", "chunks", "trailers"],
)
def test_content_and_trailers_are_ignored(server: Listening, gateway: Answers, request_with_content: bytes) -> None:
    assert bodies(server.exchange(request_with_content + LAST)) == [b"/", b"/last"]
    assert gateway.requests[0].headers.get("if-none-match") is None


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (GET.replace(b"Host: x\r\n", b""), 400),
        (GET.replace(b"Host: x", b"Host: x\r\nHost: x"), 400),
        (GET.replace(b"/ HTTP", b"example.org HTTP"), 400),
        (GET.replace(b"GET /", b"CONNECT example.org:443"), 400),
        (GET.replace(b"/ HTTP", b"ftp://example.org/ HTTP"), 400),
        (GET.replace(b"GET", b"get"), 400),
        (GET.replace(b"GET", b"NONSENSE"), 400),
        (GET.replace(b"1.1", b"1.2"), 400),
        (GET.replace(b"1.1", b"2.0"), 505),
        (GET.replace(b"\r\n", b"\n"), 400),
        (GET.replace(b"Host: x", b"Host: x\r\n folded"), 400),
        (GET.replace(b"Host: x", b"Host: x\r\nA : b"), 400),
        (GET.replace(b"Host: x", b"Host: x\r\nA: \0"), 400),
        (GET.replace(b"Host: x", b"Host: x\r\nA: b\rc"), 400),
        (GET.replace(b"Host: x", b"Host: x\r\nContent-Length: 5\r\nContent-Length: 5") + b"hello", 400),
        (GET.replace(b"Host: x", b"Host: x\r\nContent-Length: 5, 5") + b"hello", 400),
        (GET.replace(b"Host: x", b"Host: x\r\nContent-Length: +5") + b"hello", 400),
        (CHUNKED.replace(b"Host", b"Content-Length: 5\r\nHost") + b"0\r\n\r\n", 400),
        (CHUNKED.replace(b"chunked", b"xchunked") + b"0\r\n\r\n", 400),
        (CHUNKED + b"-1\r\n", 400),
        (CHUNKED + b"f" * 20 + b"\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)), 400),
        (b"\0" * 10, 400),
    ],
)
def test_malformed_request_is_refused_once(server: Listening, gateway: Answers, data: bytes, status: int) -> None:
    answers = server.exchange(data + GET)
    assert statuses(answers) == [status]
    assert b"\r\nConnection: close\r\n" in answers
    assert len(bodies(answers)) == 1
    assert gateway.requests == []


def test_requests_before_a_malformed_one_are_answered(server: Listening, gateway: Answers) -> None:
    with server.connect() as client:
        client.sendall(GET.replace(b"/ ", b"/wait ") + GET + b"nonsense\r\n\r\n" + GET)
        assert gateway.waits.wait(TIMEOUT)
        server.run(gateway.may_answer.set)
        answers = read_all(client)
    assert statuses(answers) == [200, 200, 400]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"x" * limits.MAX_HEAD * 2, 431),
        (GET.replace(b"Host", b"A: b\r\n" * limits.MAX_HEAD + b"Host"), 431),
        (GET.replace(b"\r\n\r\n", b"\r\nA: " + b"x" * limits.MAX_HEAD * 2 + b"\r\n\r\n"), 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (limits.MAX_CONTENT + 1), 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % 2**63, 413),
        (CHUNKED + b"fffff\r\n" + b"x" * limits.MAX_CONTENT * 2, 413),
        (CHUNKED + b"1\r\nx\r\n" * limits.MAX_CONTENT, 413),
        (CHUNKED + b"0\r\n" + b"A: b\r\n" * limits.MAX_CONTENT, 413),
    ],
    ids=["target", "fields", "field", "length", "huge length", "chunk", "chunks", "trailers"],
)
def test_large_request_is_refused(server: Listening, gateway: Answers, data: bytes, status: int) -> None:
    assert statuses(server.exchange(data)) == [status]
    assert gateway.requests == []


def test_refused_client_that_goes_on_sending_gets_the_answer(server: Listening) -> None:
    with server.connect() as client:
        client.sendall(b"nonsense\r\n\r\n" + bytes(LARGE))
        assert statuses(read_all(client)) == [400]


# Expect and Upgrade


def test_content_is_sent_for(server: Listening) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with server.connect() as client:
        client.sendall(head)
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hello")
        assert statuses(read_all(client)) == [200]


@pytest.mark.parametrize(
    ("change", "statuses_expected"),
    [((b"Length: 5", b"Length: 99999999"), [413]), ((b"HTTP/1.1", b"HTTP/1.0"), [200])],
    ids=["too large", "HTTP/1.0"],
)
def test_content_is_not_sent_for(server: Listening, change: tuple[bytes, bytes], statuses_expected: list[int]) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    assert statuses(server.exchange(head.replace(*change) + b"hello")) == statuses_expected


def upgrade(protocol: bytes, fields: bytes = b"") -> bytes:
    """Return a request that asks for another protocol."""
    return GET.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: " + protocol + b"\r\n" + fields + b"\r\n")


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
def test_upgrade_is_ignored(server: Listening, protocol: bytes) -> None:
    assert bodies(server.exchange(upgrade(protocol) + LAST)) == [b"/", b"/last"]


def test_thousands_of_upgrades_at_once_are_ignored(server: Listening) -> None:
    assert len(bodies(server.exchange(upgrade(b"h2c") * 3000 + LAST))) == 3001


@pytest.mark.parametrize("field", [b"Content-Length: 34\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_content_of_an_upgrade_is_no_request(server: Listening, gateway: Answers, field: bytes) -> None:
    assert bodies(server.exchange(upgrade(b"h2c", field) + GET.replace(b"/", b"/smuggled", 1))) == [b"/"]
    assert [request.path for request in gateway.requests] == ["/"]


# Answers


@pytest.mark.parametrize(("method", "status"), [(b"HEAD", 200), (b"GET", 304), (b"GET", 204), (b"HEAD", 404)])
def test_answer_without_body(server: Listening, gateway: Answers, method: bytes, status: int) -> None:
    chunks = Chunks(5)
    gateway.found["/"] = answer(b"none of this is sent", status)
    gateway.answers["/file"] = answer(chunks, status, length=100)
    data = server.exchange((GET + GET.replace(b"/ ", b"/file ")).replace(b"GET", method) + LAST)
    assert statuses(data) == [status, status, 200]
    assert data.count(b"\r\n\r\nHTTP/1.1 ") == 2
    assert (chunks.read, chunks.closed.is_set()) == (0, True)


@pytest.mark.parametrize(
    ("version", "connection", "expected"),
    [
        (b"1.1", b"", b""),
        (b"1.1", b"Connection: close\r\n", b"close"),
        (b"1.1", b"Connection: X, Close\r\n", b"close"),
        (b"1.0", b"", b"close"),
        (b"1.0", b"Connection: keep-alive\r\n", b"keep-alive"),
    ],
)
def test_connection_stays_open_or_closes(server: Listening, version: bytes, connection: bytes, expected: bytes) -> None:
    data = server.exchange(GET.replace(b"1.1", version).replace(b"Host", connection + b"Host") + LAST)
    assert data.partition(b"\r\nConnection: ")[2].partition(b"\r\n")[0] == (expected or b"close")
    assert bodies(data) == ([b"/"] if expected == b"close" else [b"/", b"/last"])


def test_answers_have_the_date_of_now(server: Listening, gateway: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    def set_date(date: str) -> None:
        monkeypatch.setattr(connections, "formatdate", lambda usegmt: date if usegmt else "")
        gateway.wait_for(lambda: date.encode() in server.connections.date)

    with server.connect() as client:
        for date in ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:38 GMT"):
            set_date(date)
            client.sendall(GET)
            response = http.client.HTTPResponse(client)
            response.begin()
            response.read()
            assert response.headers.get_all("Date") == [date]


def test_slow_client_gets_a_large_body(server: Listening, gateway: Answers) -> None:
    gateway.found["/"] = answer(bytes(LARGE))
    with server.connect(receive_buffer=4096) as client:
        client.sendall(GET + LAST)
        assert list(map(len, bodies(read_all(client)))) == [LARGE, 5]
    assert [size > LARGE for _, _, size in gateway.noted] == [True, False]


def test_file_is_read_as_fast_as_the_client_is(server: Listening, gateway: Answers) -> None:
    chunks = Chunks(LARGE // 65536)
    gateway.answers["/file"] = answer(chunks, length=LARGE)
    with server.connect(receive_buffer=4096) as client:
        client.sendall(GET.replace(b"/ ", b"/file ") + LAST)
        server.wait_for_senders(1)
        assert chunks.left > 0
        assert list(map(len, bodies(read_all(client)))) == [LARGE, 5]
    assert chunks.closed.is_set()


def test_file_is_closed_when_the_client_is_gone(server: Listening, gateway: Answers) -> None:
    chunks = Chunks(LARGE // 65536)
    gateway.answers["/file"] = answer(chunks, length=LARGE)
    client = server.connect(receive_buffer=4096)
    client.sendall(GET.replace(b"/ ", b"/file "))
    server.wait_for_senders(1)
    reset(client)
    assert chunks.closed.wait(TIMEOUT)
    gateway.wait_for_open(0)


def test_file_is_not_closed_while_it_is_read(
    server: Listening, gateway: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    may_read, reads = threading.Event(), threading.Event()

    class SlowChunks(Chunks):
        def __next__(self) -> bytes:
            self.is_reading = True
            reads.set()
            assert may_read.wait(TIMEOUT)
            return super().__next__()

    chunks = SlowChunks(2)
    gateway.answers["/file"] = answer(chunks, length=2 * chunks.size)
    client = server.connect()
    client.sendall(GET.replace(b"/ ", b"/file "))
    assert reads.wait(TIMEOUT)
    reset(client)
    gateway.wait_for_open(0)
    may_read.set()
    assert chunks.closed.wait(TIMEOUT)
    assert not chunks.was_closed_while_reading
    assert caplog.records == []


def test_file_that_cannot_be_read_ends_the_connection(
    server: Listening, gateway: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    chunks = Chunks(1, 10, OSError("Input/output error"))
    gateway.answers["/file"] = answer(chunks, length=20)
    assert bodies(server.exchange(GET.replace(b"/ ", b"/file ") + GET)) == [bytes(10)]
    assert chunks.closed.wait(TIMEOUT)
    assert [record.message.partition(": ")[2] for record in caplog.records] == ["'/file': Input/output error"]


def test_answer_is_not_kept_by_an_idle_connection(server: Listening, gateway: Answers) -> None:
    freed = threading.Event()

    class Body(bytes):
        def __del__(self) -> None:
            freed.set()

    gateway.answers["/body"] = answer(Body(b"body"))
    with server.connect() as client:
        client.sendall(GET.replace(b"/ ", b"/body "))
        assert read_answer(client) == (200, b"body")
        gateway.answers.clear()
        assert freed.wait(TIMEOUT)


def test_failure_closes_the_connection(server: Listening, gateway: Answers, caplog: pytest.LogCaptureFixture) -> None:
    assert server.exchange(GET.replace(b"/ ", b"/broken ") + GET) == b""
    gateway.wait_for_open(0)
    assert [(record.levelno, record.message) for record in caplog.records] == [(logging.ERROR, "a request failed")]


# Clients that close


def test_half_closed_client_is_answered(server: Listening, gateway: Answers) -> None:
    gateway.answers["/file"] = answer(Chunks(LARGE // 65536), length=LARGE)
    with server.connect() as client:
        client.sendall(GET.replace(b"/ ", b"/wait ") + GET + GET.replace(b"/ ", b"/file "))
        client.shutdown(socket.SHUT_WR)
        assert gateway.waits.wait(TIMEOUT)
        server.run(gateway.may_answer.set)
        assert list(map(len, bodies(read_all(client)))) == [5, 1, LARGE]


@pytest.mark.parametrize("close", [socket.socket.close, reset])
def test_work_ends_when_the_client_closes(
    server: Listening, gateway: Answers, monkeypatch: pytest.MonkeyPatch, close: Callable[[socket.socket], None]
) -> None:
    monkeypatch.setattr(limits, "LINGER_SECONDS", 0.05)
    client = server.connect()
    client.sendall(GET.replace(b"/ ", b"/wait ") + GET)
    assert gateway.waits.wait(TIMEOUT)
    close(client)
    assert gateway.was_cancelled.wait(TIMEOUT)
    gateway.wait_for_open(0)
    assert gateway.noted == []


def test_client_that_closes_between_requests_is_forgotten(server: Listening, gateway: Answers) -> None:
    with server.connect() as client:
        client.sendall(GET + GET[:10])
        assert read_answer(client) == (200, b"/")
    gateway.wait_for_open(0)


# Time limits


@pytest.mark.parametrize("data", [b"", GET[:10], CHUNKED + b"5\r\nhe"], ids=["silent", "head", "content"])
def test_slow_request_is_given_up(server: Listening, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.05)
    assert server.exchange(data) == b""


def test_idle_connection_is_closed(server: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KEEP_ALIVE_SECONDS", 0.05)
    assert bodies(server.exchange(GET)) == [b"/"]


def test_second_request_is_given_up_sooner_than_silence(server: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.05)
    assert bodies(server.exchange(GET + GET[:10])) == [b"/"]


def test_refused_client_that_does_not_close_is_closed(
    server: Listening, gateway: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LINGER_SECONDS", 0.05)
    with server.connect() as client:
        client.sendall(b"nonsense\r\n\r\n")
        assert statuses(read_all(client)) == [400]
        gateway.wait_for_open(0)


@pytest.mark.parametrize("is_file", [False, True])
def test_client_that_takes_nothing_is_closed(
    server: Listening, gateway: Answers, monkeypatch: pytest.MonkeyPatch, *, is_file: bool
) -> None:
    monkeypatch.setattr(limits, "STALL_SECONDS", 0.05)
    chunks = Chunks(LARGE // 65536)
    gateway.found["/body"] = answer(bytes(LARGE))
    gateway.answers["/file"] = answer(chunks, length=LARGE)
    with server.connect(receive_buffer=4096) as client:
        client.sendall(GET.replace(b"/ ", b"/file " if is_file else b"/body "))
        gateway.wait_for_open(1)
        gateway.wait_for_open(0)
        assert len(read_all(client)) < LARGE
    assert not is_file or chunks.closed.wait(TIMEOUT)


def test_client_that_takes_too_little_is_closed(
    server: Listening, gateway: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STALL_SECONDS", 0.5)
    monkeypatch.setattr(limits, "MIN_RATE", 2**40)
    gateway.found["/"] = answer(bytes(LARGE))
    with server.connect(receive_buffer=4096) as client:
        client.sendall(GET)

        def take_a_little() -> bool:
            if select.select([client], [], [], 0)[0]:
                client.recv(65536)
            return gateway.open == 0

        gateway.wait_for_open(1)
        gateway.wait_for(take_a_little)
    ((path, status, size),) = gateway.noted  # as much as was sent
    assert (path, status) == ("/", 200)
    assert 0 < size < LARGE


# Limits of number and memory


def test_new_client_is_answered_when_all_connections_are_idle(
    server: Listening, gateway: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 3)
    clients = [server.connect() for _ in range(3)]
    gateway.wait_for_open(3)
    clients[0].sendall(GET)  # now the second has been idle for the longest
    assert read_answer(clients[0]) == (200, b"/")
    clients += [server.connect() for _ in range(2)]
    for client in (clients[0], *clients[3:]):
        client.sendall(LAST)
        assert bodies(read_all(client)) == [b"/last"]
    for client in clients[1:3]:
        assert read_all(client) == b""
        client.close()
    for client in clients:
        client.close()


def test_flood_of_connections_leaves_no_more_than_allowed(
    server: Listening, gateway: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 10)
    clients = [server.connect() for _ in range(200)]
    for client in clients[:190]:
        assert read_all(client) == b""
    gateway.wait_for_open(10)
    for client in clients:
        client.close()


def test_new_client_is_answered_when_all_others_read_slowly(
    server: Listening, gateway: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 2)
    gateway.found["/"] = answer(bytes(LARGE))
    slow = [server.connect(receive_buffer=4096) for _ in range(2)]
    for number, client in enumerate(slow, 1):
        client.sendall(GET)
        server.wait_for_senders(number)
    assert bodies(server.exchange(LAST)) == [b"/last"]
    assert len(read_all(slow[0])) < LARGE
    for client in slow:
        client.close()


@pytest.mark.parametrize("is_file", [False, True])
def test_slowest_client_is_closed_when_too_much_is_unsent(
    server: Listening, gateway: Answers, monkeypatch: pytest.MonkeyPatch, *, is_file: bool
) -> None:
    size = LARGE if not is_file else 64 * 1024
    monkeypatch.setattr(limits, "MAX_UNSENT", size * 2)
    slow = [server.connect(receive_buffer=4096) for _ in range(3)]
    for number, client in enumerate(slow):
        gateway.found[f"/{number}"] = answer(bytes(LARGE))
        gateway.answers |= {f"/{number}": answer(Chunks(LARGE // size), length=LARGE)} if is_file else {}
        client.sendall(GET.replace(b"/ ", b"/%d " % number))
        server.wait_for_senders(min(number + 1, 2))
    gateway.wait_for_open(2)
    assert len(read_all(slow[0])) < LARGE
    slow[0].close()
    for client in slow[1:]:
        assert len(read_answer(client)[1]) == LARGE
        client.close()


def test_body_that_many_clients_take_counts_once(
    server: Listening, gateway: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_UNSENT", LARGE)
    gateway.found["/"] = answer(bytes(LARGE))
    slow = [server.connect(receive_buffer=4096) for _ in range(5)]
    for client in slow:
        client.sendall(GET)
    server.wait_for_senders(5)
    for client in slow:
        assert len(read_answer(client)[1]) == LARGE
        client.close()


# The end of the server


def test_idle_connection_is_closed_at_the_end(server: Listening) -> None:
    with server.connect() as client:
        client.sendall(GET)
        assert read_answer(client) == (200, b"/")
        server.shut_down()
        assert read_all(client) == b""


@pytest.mark.parametrize("sent", [0, 10], ids=["silent", "begun"])
def test_request_on_its_way_is_answered_at_the_end(server: Listening, gateway: Answers, sent: int) -> None:
    with server.connect() as client:
        client.sendall(GET[:sent])
        gateway.wait_for_open(1)
        server.shut_down()
        client.sendall(GET[sent:])
        answers = read_all(client)
    assert bodies(answers) == [b"/"]
    assert b"\r\nConnection: close\r\n" in answers


def test_silent_connection_is_soon_closed_at_the_end(
    server: Listening, gateway: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LINGER_SECONDS", 0.05)
    with server.connect() as client:
        gateway.wait_for_open(1)
        server.shut_down()
        assert read_all(client) == b""


def test_rendering_under_way_is_answered_at_the_end(server: Listening, gateway: Answers) -> None:
    with server.connect() as client:
        client.sendall(GET.replace(b"/ ", b"/wait ") + GET)
        assert gateway.waits.wait(TIMEOUT)
        server.shut_down()
        server.run(gateway.may_answer.set)
        answers = read_all(client)
    assert bodies(answers) == [b"/wait", b"/"]
    assert answers.count(b"\r\nConnection: close\r\n") == 1


@pytest.mark.parametrize("is_file", [False, True])
def test_download_under_way_is_finished_at_the_end(server: Listening, gateway: Answers, *, is_file: bool) -> None:
    gateway.found["/"] = answer(bytes(LARGE))
    gateway.answers["/file"] = answer(Chunks(LARGE // 65536), length=LARGE)
    with server.connect(receive_buffer=4096) as client:
        client.sendall(GET.replace(b"/ ", b"/file ") if is_file else GET)
        server.wait_for_senders(1)
        server.shut_down()
        assert list(map(len, bodies(read_all(client)))) == [LARGE]
    gateway.wait_for_open(0)


# The app

PATHS = ["/", "/latest.rss", "/2024-W05.epub", "/all.epub", "/subscriptions.opml", "/search?q=a", "/none", "/healthz"]


@pytest.fixture
def app_server(environ: dict[str, str]) -> Iterator[Listening]:
    with listening(open_gateway(SEEDS, environ)) as running:
        yield running


@pytest.mark.parametrize("coding", [b"identity", b"gzip"])
def test_content_length_is_that_of_the_body(
    app_server: Listening, coding: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.http.cache.MAX_CACHED_BODY", 10_000)  # so that larger ones come from files
    requests = [
        b"%s %s HTTP/1.1\r\nHost: x\r\nAccept-Encoding: %s\r\n\r\n" % (method, path.encode(), coding)
        for path in PATHS
        for method in (b"GET", b"HEAD", b"GET")
    ]
    with app_server.connect() as client:
        for data in requests:
            client.sendall(data)
            response = http.client.HTTPResponse(client, method=data.split()[0].decode())
            response.begin()
            body = response.read()
            if data.startswith(b"GET"):
                assert len(body) == int(response.headers["Content-Length"])
                assert response.headers["Content-Encoding"] != "gzip" or gzip.decompress(body)
            else:
                assert body == b""
        client.sendall(LAST)
        assert statuses(read_all(client)) == [404]


@pytest.mark.parametrize(
    "target", [b"/rss?q=a%0d%0aX-Evil:%20b", b"/%0d%0aX-Evil:%20b/", b"/search.epub?q=%0d%0aX-Evil:%20b"]
)
def test_no_parameter_becomes_a_header(app_server: Listening, target: bytes) -> None:
    head = app_server.exchange(LAST.replace(b"/last", target)).partition(b"\r\n\r\n")[0]
    assert b"\nX-Evil" not in head


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        (b"OPTIONS", b"*", 200),
        (b"GET", b"*", 400),
        (b"TRACE", b"/latest.rss", 405),
        (b"CONNECT", b"/latest.rss", 405),
        (b"POST", b"/latest.rss", 405),
        (b"GET", b"http://elsewhere.example.org/latest.rss", 200),
    ],
)
def test_method_and_target_are_answered(app_server: Listening, method: bytes, target: bytes, status: int) -> None:
    answers = app_server.exchange(LAST.replace(b"GET /last", method + b" " + target))
    assert statuses(answers) == [status]
    assert b"elsewhere" not in answers


def test_failure_of_the_app_is_a_500(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = open_gateway(SEEDS, environ)

    def fail(*_: object) -> object:
        raise OSError("broken")

    monkeypatch.setattr(gateway.service.publisher.archive, "sync_if_due", fail)
    with listening(gateway) as server:
        assert statuses(server.exchange(GET + LAST)) == [500, 500]
    assert "broken" in caplog.text
