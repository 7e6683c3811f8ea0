"""Runs the service, and programs to compare it with, on ports of their own."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FEEDS = Path(sys.executable).with_name("feeds")


class Answer(NamedTuple):
    """What a server said."""

    status: int
    headers: Message
    body: bytes


class Server(NamedTuple):
    """A server that answers, and its process."""

    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def base(self) -> str:
        """What its addresses start with."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
        """Ask it."""
        return ask(self.port, path, headers, method)


def ask(port: int, path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
    """Ask over a new connection, with nothing in the request but what is given."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.putrequest(method, path, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def run_feeds(*arguments: str | Path, environ: Mapping[str, str]) -> "subprocess.CompletedProcess[bytes]":
    """Run the `feeds` command to its end, in the root of the repository."""
    command: list[str | Path] = [FEEDS, *arguments]
    return subprocess.run(command, env={**environ, "PATH": os.environ["PATH"]}, capture_output=True, cwd=ROOT)


def free_port() -> int:
    """Find a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(archive: Path, environ: Mapping[str, str], workers: int = 1) -> Iterator[Server]:
    """Serve an archive by `feeds serve`."""
    port = free_port()
    command: list[str | Path] = [FEEDS, "serve", archive, "--port", str(port), "--workers", str(workers)]
    with running(command, environ, port) as server:
        yield server


@contextmanager
def running(command: list[str | Path], environ: Mapping[str, str], port: int) -> Iterator[Server]:
    """Run a server until the work with it is done."""
    environ = {**environ, "PATH": os.environ["PATH"]}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environ, cwd=ROOT, stdout=quiet, stderr=quiet) as process:
        try:
            server = Server(port, process)
            eventually(server, "/healthz")
            yield server
        finally:
            process.terminate()


def eventually(server: Server, path: str) -> Answer:
    """Ask until there is an answer, for at most a minute."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return server.ask(path)
        except (OSError, http.client.HTTPException):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
