"""Part 2: requests of every kind to every route of a real server, which must answer each soon and safely."""

import http.client
import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from feeds.exporters import registry
from tests.soak.openapi import FOREIGN_HOST, OUR_HOST, describe
from tests.soak.report import Row
from tests.support.archives import write
from tests.support.servers import ROOT, Answer, Server, serving

_MAX_SECONDS = 30  # for an answer
_EXAMPLES = 40  # of GET at a route before the next one's turn; of other methods a tenth
_SECURITY_HEADERS = ("Content-Security-Policy", "X-Content-Type-Options")  # of every answer
_TOKENS = (
    *(b"GET ", b"POST ", b"/latest.rss", b"http://foreign.example/", b" HTTP/1.1", b" HTTP/1.0", b" HTTP/9.9"),
    *(b"\r\n", b"\n", b"\r\n\r\n", b"\0", b"\xff\xfe", b" ", b":", b"Host: 127.0.0.1", b"Host: foreign.example"),
    *(
        b"Content-Length: 5",
        b"Content-Length: -1",
        b"Transfer-Encoding: chunked",
        b"ffffffffffffffff\r\n",
        b"0\r\n\r\n",
    ),
    *(b"Connection: upgrade", b"Upgrade: h2c", b"Expect: 100-continue", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    *(b"X: " + b"a" * 100_000, b"X: y\r\n" * 500),
)


class Request(NamedTuple):
    """A request that is well-formed."""

    method: str
    target: str
    headers: Mapping[str, str]


def request_everything(seconds: float, start: int, folder: Path, failures: Path) -> list[Row]:
    """Send requests to a server of an archive, whose files stand in a folder.

    Args:
        seconds: how long.
        start: the first seed.
        folder: an empty folder.
        failures: the folder for requests that something was wrong with.
    """
    archive = folder / "archive"
    write(archive, days=40, papers=400)
    environ = {
        "FEEDS_INDEX": str(folder / "index.sqlite"),
        "FEEDS_BASE_URL": f"https://{OUR_HOST}",
        "HOME": str(folder),
    }
    with serving(archive, environ, workers=2) as server:
        session = _Session(server, (str(folder), str(ROOT)))
        etags = [server.ask(path).headers["ETag"] for path in ("/latest.rss", "/all.epub", "/")]
        schema = schemathesis.openapi.from_dict(describe(registry.load(), etags))
        routes = [result.ok() for result in schema.get_all_operations()]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for number, route in enumerate(routes):
                count = _EXAMPLES if route.method == "get" else _EXAMPLES // 10
                requests = st.builds(_convert, route.as_strategy(), st.integers(0, 100))
                _repeat(session.request, requests, start + number, count)
                _repeat(session.send, _RAW, start + number, 2)
                if time.monotonic() > deadline:
                    break
            start += len(routes)
        session.require_life()
    return [session.row(failures)]


_RAW = st.lists(st.one_of(st.sampled_from(_TOKENS), st.binary(max_size=20)), max_size=12).map(b"".join)


def _repeat(send: Callable[[Any], None], arguments: SearchStrategy[Any], start: int, count: int) -> None:
    """Send a number of requests that Hypothesis chooses."""
    configure = settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    def check(argument: Any) -> None:
        send(argument)

    configure(seed(start)(given(arguments)(check)))()


def _convert(case: Any, first: int) -> Request:
    """Return a request that Schemathesis made, with three of its headers, as with all it would mostly be 412.

    Args:
        case: the request.
        first: the position of the first of the headers, counted around.
    """
    query = urlencode(case.query or {}, doseq=True, errors="replace")
    headers = [*(case.headers or {}).items()]
    first = first % len(headers) if headers else 0
    path = case.formatted_path.replace("%2F", "/")
    return Request(case.method, f"{path}?{query}" if query else path, dict([*headers, *headers][first : first + 3]))


class _Session:
    """Sends requests, and counts what is wrong with the answers."""

    def __init__(self, server: Server, paths: tuple[str, ...]) -> None:
        self._server = server
        self._private = [*paths, "site-packages", "Traceback"]
        self._statuses: Counter[str] = Counter()
        self._problems: dict[str, str] = {}
        self._raw = 0
        self._slowest = 0.0

    def request(self, request: Request) -> None:
        """Send a request, and check the answer."""
        started = time.monotonic()
        try:
            answer = _ask(self._server.port, request)
        except (OSError, http.client.HTTPException) as error:
            self._note(f"{type(error).__name__}: {error}", str(request))
            return
        seconds = time.monotonic() - started
        self._slowest = max(self._slowest, seconds)
        self._statuses[f"{answer.status // 100}xx"] += 1
        for problem in problems_of(answer, self._private):
            self._note(problem, str(request))
        if seconds > _MAX_SECONDS:
            self._note(f"took {seconds:.0f} s", str(request))

    def send(self, data: bytes) -> None:
        """Send bytes that are hardly a request; whatever comes back must not be a server error."""
        self._raw += 1
        try:
            with socket.create_connection(("127.0.0.1", self._server.port), timeout=_MAX_SECONDS) as connection:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                received = connection.recv(1 << 16)
        except TimeoutError:
            self._note("no answer and no end", repr(data))
        except OSError:
            pass  # the server closed the connection first
        else:
            if received.startswith(b"HTTP/1.1 500") or FOREIGN_HOST.encode() in received:
                self._note(received[:100].decode(errors="replace"), repr(data))

    def require_life(self) -> None:
        """Note it if the server has ended, or does not answer any more."""
        if self._server.process.poll() is not None:
            self._note("the server ended", "")
        elif self._server.ask("/latest.rss").status != 200:
            self._note("the server does not answer any more", "")

    def row(self, failures: Path) -> Row:
        """Return what was sent, and what was wrong; the first request of each problem is kept in a folder."""
        answers = ", ".join(f"{count:,} × {status}" for status, count in sorted(self._statuses.items()))
        tried = f"{sum(self._statuses.values()):,} requests, {self._raw:,} broken ones"
        lost = "; ".join(self._problems)
        if self._problems:
            failures.mkdir(parents=True, exist_ok=True)
            path = failures / "routes.json"
            path.write_text(json.dumps(self._problems, ensure_ascii=False, indent=1), encoding="utf-8")
            lost = f"{lost}; see {path}"
        return Row("routes", tried, f"{answers}, slowest {self._slowest:.1f} s", lost)

    def _note(self, problem: str, request: str) -> None:
        self._problems.setdefault(problem, request)


def _ask(port: int, request: Request) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2 * _MAX_SECONDS)
    try:
        has_host = "Host" in request.headers
        connection.putrequest(request.method, request.target, skip_accept_encoding=True, skip_host=has_host)
        for name, value in request.headers.items():
            connection.putheader(name, value.encode("latin-1", "replace"))
        connection.endheaders()
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def problems_of(answer: Answer, private: list[str]) -> list[str]:
    """List what is wrong with an answer, whatever the request was."""
    problems = []
    text = f"{answer.headers}\n{answer.body.decode('latin-1')}"
    if answer.status >= 500 and not (answer.status == 503 and "Retry-After" in answer.headers):
        problems.append(f"status {answer.status}")
    missing = [name for name in _SECURITY_HEADERS if name not in answer.headers]
    problems += [f"no {name} with status {answer.status}" for name in missing]
    problems += [f"the answer has {secret}" for secret in private if secret in text]
    problems += ["the answer has the foreign host"] if FOREIGN_HOST in text else []
    return problems
