"""`feeds serve` as an operator knows it: workers that die, signals, ports, logs and metrics."""

import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.support.archives import write_real
from tests.support.digests import SEEDS, day, paper, write_files
from tests.support.processes import children
from tests.support.servers import FEEDS, ROOT, ask, free_port

pytestmark = pytest.mark.external

TIMEOUT = 60  # seconds, which no test takes
WORKERS = 2
STARTED = re.compile(r"Started server process \[(\d+)\]")
FINISHED = re.compile(r"Finished server process \[(\d+)\]")
ENDING = re.compile(r"Waiting for connections to close|Finished server process")
DOWNLOAD = "/all.json"  # larger than the buffers of sockets
LARGE = 4 * 1024 * 1024  # bytes, which it has at least
RENDERING = "/all.epub"  # takes seconds


class Service:
    """A running `feeds serve`, and the lines that it writes."""

    def __init__(self, archive: Path, environ: dict[str, str], port: int, *options: str) -> None:
        self.port = port
        self.lines: list[str] = []
        self._changed = threading.Condition()
        command: list[str | Path] = [FEEDS, "serve", archive, "--port", str(port), "--workers", str(WORKERS), *options]
        self.process = subprocess.Popen(
            command,
            env={**environ, "PATH": os.environ["PATH"]},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with self._changed:
                    self.lines.append(line.rstrip("\n"))
                    self._changed.notify_all()

    def wait_for_lines(self, pattern: re.Pattern[str], number: int) -> list[str]:
        """Wait until a number of lines matches a pattern; return what its group matches."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._find(pattern)) >= number, TIMEOUT), self.lines
            return self._find(pattern)

    def _find(self, pattern: re.Pattern[str]) -> list[str]:
        return [match[match.lastindex or 0] for line in self.lines if (match := pattern.search(line))]

    def workers(self) -> list[int]:
        """Return the workers that have started and live."""
        alive = set(children(self.process.pid))
        return [worker for worker in map(int, self._find(STARTED)) if worker in alive]

    def title(self) -> str:
        """Return the title of the archive that it serves."""
        status, _, body = ask(self.port, "/latest.rss")
        assert status == 200
        return body.partition(b"<title>")[2].partition(" — ".encode())[0].decode()

    def connect(self, data: bytes) -> socket.socket:
        """Open a connection of a client that takes little at once, and send data."""
        client = socket.socket()
        client.settimeout(TIMEOUT)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", self.port))
        client.sendall(data)
        return client

    def problems(self) -> list[str]:
        """Return the lines that should not be there if nothing is wrong."""
        return [line for line in self.lines if re.search(r"ERROR|CRITICAL|Traceback|Exception", line)]

    def end(self) -> int:
        """Wait for the end; return the exit status."""
        status = self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        return status

    def close(self) -> None:
        """Kill all processes that are left."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.end()


Start = Callable[..., Service]


@pytest.fixture
def start(environ: dict[str, str]) -> Iterator[Start]:
    """Start services; each is stopped after the test."""
    with ExitStack() as stack:

        def start_one(archive: Path = SEEDS, *options: str, port: int | None = None) -> Service:
            service = Service(archive, environ, port or free_port(), *options)
            stack.callback(service.close)
            service.wait_for_lines(STARTED, WORKERS)
            return service

        yield start_one


@pytest.fixture(scope="module")
def large_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive whose book takes seconds to render."""
    root = tmp_path_factory.mktemp("large")
    write_real(root, 1)
    return root


def wait_until_ended(pid: int) -> None:
    """Wait until a process has ended, which need not be one that we have started."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            assert select.select([descriptor], [], [], TIMEOUT)[0]
        finally:
            os.close(descriptor)


def get(path: str) -> bytes:
    """Return a request."""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def read_answer(client: socket.socket) -> tuple[int, int, int]:
    """Read an answer; return its status, the length that it claims, and its length."""
    response = http.client.HTTPResponse(client)
    response.begin()
    return response.status, int(response.headers["Content-Length"]), len(response.read())


def read_short_answer(client: socket.socket) -> int:
    """Read a short answer, byte by byte: what follows belongs to the next."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])  # type: ignore[index]
    while length:
        length -= len(client.recv(length))
    return int(head[9:12])


def read_to_end(client: socket.socket) -> int:
    """Count the bytes that come until the server closes the connection."""
    length = 0
    while part := client.recv(65536):
        length += len(part)
    return length


# Faults


def test_killed_worker_comes_back_each_time(start: Start) -> None:
    service = start()
    for count in range(1, 6):
        victim, _ = service.workers()
        os.kill(victim, signal.SIGKILL)
        assert ask(service.port, "/latest.rss").status == 200
        service.wait_for_lines(STARTED, WORKERS + count)
    assert len(service.workers()) == WORKERS
    assert service.process.poll() is None
    assert service.problems() == []


def test_service_comes_back_when_all_workers_are_killed(start: Start) -> None:
    service = start()
    for worker in service.workers():
        os.kill(worker, signal.SIGKILL)
    assert ask(service.port, "/latest.rss").status == 200  # the connection waits for a worker
    service.wait_for_lines(STARTED, 2 * WORKERS)


def test_next_server_takes_over_from_a_killed_master(start: Start) -> None:
    service = start()
    workers = service.workers()
    service.process.kill()
    successor = start(port=service.port)
    for worker in workers:
        wait_until_ended(worker)
    assert ask(service.port, "/latest.rss").status == 200
    assert len(successor.workers()) == WORKERS
    assert service.problems() == successor.problems() == []


def test_second_server_at_a_port_says_that_it_is_in_use(start: Start, environ: dict[str, str]) -> None:
    service = start()
    second = Service(SEEDS, environ, service.port)
    assert second.end() == 2
    assert len(second.lines) == 1
    assert f"127.0.0.1:{service.port}: cannot be listened on: Address already in use" in second.lines[0]
    assert ask(service.port, "/latest.rss").status == 200


# Signals


def test_sigterm_lets_answers_finish_and_refuses_others(start: Start, large_archive: Path) -> None:
    service = start(large_archive)
    assert ask(service.port, DOWNLOAD).status == 200
    two_requests = get("/healthz") + get(RENDERING)
    with service.connect(get(DOWNLOAD)) as download, service.connect(two_requests) as rendering:
        assert download.recv(1) == b"H"
        assert read_short_answer(rendering) == 200  # so the next request has been read, too
        service.process.terminate()
        service.wait_for_lines(ENDING, WORKERS)
        with pytest.raises(ConnectionRefusedError):
            ask(service.port, "/latest.rss")
        assert not select.select([rendering], [], [], 0)[0]  # it goes on
        status, claimed, length = read_answer(rendering)
        assert (status, length) == (200, claimed)
        assert read_to_end(download) > LARGE
    assert service.end() == 0
    assert service.problems() == []


def test_sigint_of_a_terminal_ends_at_once(start: Start, large_archive: Path) -> None:
    service = start(large_archive)
    assert ask(service.port, DOWNLOAD).status == 200
    with service.connect(get(DOWNLOAD)) as download, service.connect(get("/healthz") + get(RENDERING)) as rendering:
        assert read_short_answer(rendering) == 200
        assert download.recv(1) == b"H"
        os.killpg(service.process.pid, signal.SIGINT)
        started = time.monotonic()
        assert service.end() == 0
        assert time.monotonic() - started < 20  # the answers would have had a minute
    assert service.problems() == []


def test_sigint_ends_the_master_and_its_workers(start: Start) -> None:
    service = start()
    workers = service.workers()
    service.process.send_signal(signal.SIGINT)
    assert service.end() == 0
    for worker in workers:
        wait_until_ended(worker)
    assert service.problems() == []


def test_sighup_reads_the_settings_anew_without_a_failed_request(start: Start, folder: Path) -> None:
    write_files(folder, {"1.md": day("2024-01-01", paper()), "feeds.toml": 'title = "Old"'})
    service = start(folder)
    assert service.title() == "Old"
    titles: list[str] = []
    stopped = threading.Event()

    def ask_on() -> None:
        while not stopped.is_set():
            titles.append(service.title())

    clients = [threading.Thread(target=ask_on) for _ in range(4)]
    for client in clients:
        client.start()
    write_files(folder, {"feeds.toml": 'title = "New"'})
    service.process.send_signal(signal.SIGHUP)
    service.wait_for_lines(FINISHED, WORKERS)
    stopped.set()
    for client in clients:
        client.join(TIMEOUT)
    assert set(titles) == {"Old", "New"}
    assert service.title() == "New"
    assert service.problems() == []


def test_sighup_does_not_wait_for_slow_clients(start: Start, large_archive: Path) -> None:
    service = start(large_archive)
    assert ask(service.port, DOWNLOAD).status == 200
    with service.connect(get(DOWNLOAD)) as download:
        assert download.recv(1) == b"H"
        old = service.workers()
        service.process.send_signal(signal.SIGHUP)
        service.wait_for_lines(STARTED, 2 * WORKERS)
        service.wait_for_lines(FINISHED, WORKERS - 1)
        (new, other) = (worker for worker in service.workers() if worker not in old)
        os.kill(new, signal.SIGKILL)
        service.wait_for_lines(STARTED, 2 * WORKERS + 1)
        assert other in service.workers()
        assert read_to_end(download) > LARGE
    service.wait_for_lines(FINISHED, WORKERS)
    assert service.problems() == []


def test_broken_settings_at_sighup_change_nothing(start: Start, folder: Path) -> None:
    write_files(folder, {"1.md": day("2024-01-01", paper()), "feeds.toml": 'title = "Old"'})
    service = start(folder)
    write_files(folder, {"feeds.toml": "title = "})
    service.process.send_signal(signal.SIGHUP)
    service.wait_for_lines(FINISHED, WORKERS)
    assert service.title() == "Old"
    assert ask(service.port, "/healthz").body.startswith(b"degraded: an error in feeds.toml, which the log names")
    problems = service.problems()
    assert len(problems) == WORKERS
    assert all(f"{folder}/feeds.toml:1: not valid TOML" in problem for problem in problems)
    write_files(folder, {"feeds.toml": 'title = "New"'})
    service.process.send_signal(signal.SIGHUP)
    service.wait_for_lines(FINISHED, 2 * WORKERS)
    assert service.title() == "New"
    assert ask(service.port, "/healthz").body == b"ok\n"


def test_killed_workers_come_back_while_settings_are_broken(start: Start, folder: Path) -> None:
    write_files(folder, {"1.md": day("2024-01-01", paper()), "feeds.toml": 'title = "Old"'})
    service = start(folder)
    write_files(folder, {"feeds.toml": "title = "})
    for worker in service.workers():
        os.kill(worker, signal.SIGKILL)
    service.wait_for_lines(STARTED, 2 * WORKERS)
    assert service.title() == "Old"


# Logs and metrics


def test_metrics_survive_killed_workers(start: Start) -> None:
    port = free_port()
    service = start(SEEDS, "--metrics-port", str(port))
    for _ in range(40):
        assert ask(service.port, "/latest.rss").status == 200
    wait_for_metric(port, 'feeds_requests_total{kind="feed",status="200"}', 40)
    for count, worker in enumerate(service.workers(), 1):
        os.kill(worker, signal.SIGKILL)
        service.wait_for_lines(STARTED, WORKERS + count)
    assert ask(service.port, "/none").status == 404
    assert wait_for_metric(port, 'feeds_requests_total{kind="page",status="404"}', 1)["feeds_connections"] <= 1
    assert metrics(port)['feeds_requests_total{kind="feed",status="200"}'] == 40
    assert service.problems() == []


def metrics(port: int) -> dict[str, float]:
    """Return all numbers, by name and labels."""
    status, headers, body = ask(port, "/metrics")
    assert (status, headers.get_content_type()) == (200, "text/plain")
    lines = [line.rpartition(" ") for line in body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def wait_for_metric(port: int, name: str, value: float) -> dict[str, float]:
    """Ask until a number is what it must be: workers write theirs down once a second."""
    deadline = time.monotonic() + TIMEOUT
    while (numbers := metrics(port)).get(name) != value:
        assert time.monotonic() < deadline, numbers
    return numbers


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_access_log_has_requests_without_secrets(start: Start, log_format: str) -> None:
    service = start(SEEDS, "--access-log", "--log-format", log_format)
    secrets = {"Authorization": "Bearer s3cret", "Cookie": "id=s3cret", "X-Request-ID": "id-1"}
    assert ask(service.port, "/search.rss?q=a+b&token=s3cret", secrets).status == 200
    assert ask(service.port, "/latest.rss").status == 200
    service.process.terminate()
    assert service.end() == 0
    output = "\n".join(service.lines)
    assert "s3cret" not in output
    assert "/search.rss?q=a+b&token=" in output
    assert " id-1" in output or '"id-1"' in output
    if log_format == "json":
        entries = [json.loads(line) for line in service.lines if not line.startswith("Serving ")]
        answered = [entry for entry in entries if entry["logger"] == "feeds.access"]
        assert [(entry["status"], entry["client"]) for entry in answered][-2:] == [
            (200, "127.0.0.1"),
            (200, "127.0.0.1"),
        ]
        assert all(entry["time"].endswith("Z") and entry["level"] for entry in entries)
