"""An archive of a fault's own, with its index, site and bucket, and what it must give in the end."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from http.client import HTTPException
from pathlib import Path

from tests.support.archives import write
from tests.support.processes import process_tree
from tests.support.servers import FEEDS, ROOT, Answer, Server, ask, free_port
from tests.support.sites import read_files

PATHS = (
    *("/", "/latest.rss", "/all.epub", "/all.bib", "/2023.atom", "/monthly.json", "/2023-11-20.md", "/2023-11-20"),
    *("/search.opds?q=a&limit=500", "/subscriptions.opml", "/sitemap.xml", "/opds", "/latest.json", "/weeks"),
)
"""Documents of every kind."""

_SECONDS = 60  # for a server to answer, or a command to end


class StartError(Exception):
    """A server ended instead of serving; the message is what it said."""


class Scene:
    """A folder with everything that one fault may break.

    Args:
        folder: an empty folder.
        papers: the number of papers in the archive, on eight days.
    """

    def __init__(self, folder: Path, papers: int = 48) -> None:
        self.folder = folder
        self.archive = folder / "archive"
        self.cache = folder / "cache"
        self.index = self.cache / "index.sqlite"
        self.site = folder / "sites" / "site"
        self.bucket = folder / "bucket"
        for path in (self.cache, self.site.parent, self.bucket):
            path.mkdir()
        write(self.archive, 8, papers)
        self.prefix: tuple[str, ...] = ()  # of every command
        self._logs: list[Path] = []

    @property
    def environ(self) -> dict[str, str]:
        """The environment of all commands."""
        names = {"FEEDS_INDEX": str(self.index), "FEEDS_BASE_URL": "https://feeds.example.org"}
        return {**names, "HOME": str(self.cache), "PATH": os.environ["PATH"]}

    def start(self, *arguments: str | Path, environ: Mapping[str, str] | None = None) -> "subprocess.Popen[bytes]":
        """Start the `feeds` command, whose output goes into a log of its own."""
        log = self.folder / f"log-{len(self._logs)}"
        self._logs.append(log)
        with log.open("wb") as file:
            command = [*self.prefix, FEEDS, *arguments]
            return subprocess.Popen(
                command, env={**self.environ, **(environ or {})}, cwd=ROOT, stdout=file, stderr=file
            )

    def start_check(self) -> "subprocess.Popen[bytes]":
        """Start a command that does nothing but update the index."""
        return self.start("check", self.archive)

    def start_build(self) -> "subprocess.Popen[bytes]":
        """Start to build the site."""
        return self.start("build", self.site, "--archive", self.archive)

    def start_publish(self) -> "subprocess.Popen[bytes]":
        """Start to publish into the bucket, which is a folder."""
        return self.start("publish", self.bucket.as_uri(), "--archive", self.archive)

    @contextmanager
    def serve(self, port: int = 0, *, environ: Mapping[str, str] | None = None) -> Iterator[Server]:
        """Serve the archive with two workers; raises StartError if the server ends at once."""
        port = port or free_port()
        command: list[str | Path] = ["serve", self.archive, "--port", str(port), "--workers", "2"]
        process = self.start(*command, environ=environ)
        server = Server(port, process)
        try:
            self.wait_for(server)
            yield server
        finally:
            end(process)

    def wait_for(self, server: Server) -> Answer:
        """Wait until a server answers with a feed; raises StartError if it ends."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            if server.process.poll() is not None:
                raise StartError(self.output())
            with suppress(OSError, HTTPException):
                answer = ask(server.port, "/latest.rss")
                if answer.status == 200:
                    return answer
            time.sleep(0.02)
        raise AssertionError(f"no feed within {_SECONDS} s: {self.output()}")

    def output(self) -> str:
        """Return what the command that was started last has said."""
        return self._logs[-1].read_text(errors="replace")

    def run(self, process: "subprocess.Popen[bytes]") -> int:
        """Wait for a command to end, and return its exit status."""
        try:
            return process.wait(_SECONDS)
        finally:
            end(process)

    def documents(self, server: Server) -> dict[str, bytes]:
        """Get documents of every kind, whose answers must be 200; one that comes too early for a busy server again."""
        return {path: self._document(server, path) for path in PATHS}

    def _document(self, server: Server, path: str) -> bytes:
        deadline = time.monotonic() + _SECONDS
        while (answer := server.ask(path)).status == 503 and time.monotonic() < deadline:
            assert "Retry-After" in answer.headers
            time.sleep(0.1)
        assert answer.status == 200, f"{path}: {answer.status} {answer.body[:200]!r}"
        return answer.body

    def require_service(self, expected: Mapping[str, bytes]) -> None:
        """Serve, and compare all documents. Raises StartError as `serve` does."""
        with self.serve() as server:
            self.require_documents(server, expected)

    def require_documents(self, server: Server, expected: Mapping[str, bytes]) -> None:
        """Compare all documents of a server that runs."""
        require_equal(self.documents(server), expected)

    def require_site(self, expected: Mapping[str, bytes]) -> None:
        """Build the site, and compare its files."""
        assert self.run(self.start_build()) == 0, self.output()
        require_equal(read_files(self.site), expected)

    def require_bucket(self, expected: Mapping[str, bytes]) -> None:
        """Publish, and compare the objects."""
        assert self.run(self.start_publish()) == 0, self.output()
        require_equal(published_files(self.bucket), expected)

    def outputs(self) -> str:
        """Return what all commands have said."""
        return "\n".join(log.read_text(errors="replace") for log in self._logs)

    def require_no_traceback(self) -> None:
        """Look through everything that all commands have said."""
        assert "Traceback" not in self.outputs(), self.outputs()[-3000:]

    def require_one_line(self, text: str) -> None:
        """A command that failed says so in one line."""
        lines = [line for line in text.splitlines() if not line.startswith("Serving ")]
        assert len(lines) == 1, text[-3000:]


class Expected:
    """What undisturbed commands give of the archive of a scene."""

    def __init__(self, folder: Path, papers: int) -> None:
        self._scene = Scene(folder, papers)

    @cached_property
    def documents(self) -> dict[str, bytes]:
        """The bodies of documents of every kind, by their paths."""
        with self._scene.serve() as server:
            return self._scene.documents(server)

    @cached_property
    def site(self) -> dict[str, bytes]:
        """The files of the site."""
        assert self._scene.run(self._scene.start_build()) == 0, self._scene.output()
        return read_files(self._scene.site)

    @cached_property
    def objects(self) -> dict[str, bytes]:
        """The objects in the bucket."""
        assert self._scene.run(self._scene.start_publish()) == 0, self._scene.output()
        return published_files(self._scene.bucket)


def published_files(bucket: Path) -> dict[str, bytes]:
    """Read the objects of a bucket that is a folder, without those that only `feeds publish` reads."""
    return {name: data for name, data in read_files(bucket).items() if not name.startswith(".")}


def require_equal(files: Mapping[str, bytes], expected: Mapping[str, bytes]) -> None:
    """Compare two folders; the message names the files that differ."""
    different = [name for name in files.keys() | expected.keys() if files.get(name) != expected.get(name)]
    assert not different, f"{len(different)} files differ, such as {sorted(different)[:5]}"


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and all that it has started."""
    started = list(process_tree(process.pid)) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in started:
        with suppress(ProcessLookupError):
            os.kill(pid, 9)
