"""What a worker has another process do: render and compress large documents, into the document cache.

So the memory of workers stays small, and their threads go on answering. A job is sent to a new Python process through
its standard input. The process ends with its worker, and gives way to it where both want the processor.
"""

import logging
import os
import pickle
import resource
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

from feeds.errors import ExportError, FeedsError, IndexVersionError, UnknownEditionError
from feeds.http.documents import DocumentCache
from feeds.http.lane import BusyError
from feeds.http.limits import FAILURE_SECONDS, PROCESS_MEMORY, PROCESS_SECONDS
from feeds.publishing.compression import COMPRESSORS

if TYPE_CHECKING:
    from feeds.model.keys import Key

_COMMAND = (sys.executable, "-c", f"from {__name__} import main; main()")
_NICENESS = 10
_log = logging.getLogger(__name__)
_DONE, _FAILED, _STALE = 0, 3, 4  # exit statuses; Python itself exits with 1 and 2


class JobResult(NamedTuple):
    """What a process has made: the document by its name, which may be another than expected."""

    name: str
    body: bytes


class Job(Protocol):
    """Work for another process; it must be picklable."""

    @property
    def documents(self) -> DocumentCache:
        """Where the document is kept."""

    @property
    def name(self) -> str:
        """The name of the document."""

    def make(self) -> JobResult | None:
        """Make the document; None if it can no longer be made. Raises FeedsError."""


@dataclass(frozen=True, slots=True)
class RenderJob:
    """Render an edition in a format, if it still has an ETag, and the index is one of this code."""

    documents: DocumentCache
    name: str
    index_version: str
    root: Path
    environ: Mapping[str, str]
    key: "Key"
    format_name: str
    url_language: str
    language: str

    def make(self) -> JobResult | None:
        """Render the document; None if it has changed."""
        from feeds.exporters.contract import Resource  # late, because compressing does without
        from feeds.publishing.publisher import open_publisher

        try:
            publisher = open_publisher(self.root, self.environ, index_version=self.index_version, is_serving=True)
        except IndexVersionError:
            return None  # our code was replaced since the worker started; we would make its index anew
        resource = Resource(self.key, publisher.formats[self.format_name], self.url_language)
        try:
            representation = publisher.representation(resource, self.language)
            if representation.etag != self.name:
                return None
            rendered = publisher.render(representation)
        except UnknownEditionError:
            return None
        return JobResult(rendered.representation.etag, rendered.body)


@dataclass(frozen=True, slots=True)
class CompressJob:
    """Compress a document that the cache holds."""

    documents: DocumentCache
    name: str
    original: str
    coding: str

    def make(self) -> JobResult | None:
        """Compress the document; None if the cache has lost it."""
        stored = self.documents.find(self.original)
        return JobResult(self.name, COMPRESSORS[self.coding](stored.read())) if stored else None


def run(job: Job) -> bytes | None:
    """Run a job in a new process. The document is in the cache then; it is returned if that cannot be written.

    Returns None without a document if it can no longer be made. Raises ExportError if it cannot be rendered, and
    BusyError if the process died.
    """
    # In a session of its own, so that Ctrl+C stops the service only when this has been sent.
    with subprocess.Popen(  # noqa: S603  # a constant command
        _COMMAND, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdin is not None  # noqa: S101  # they are pipes
        assert process.stdout is not None  # noqa: S101
        timer = threading.Timer(PROCESS_SECONDS, process.kill)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(pickle.dumps(job))
            process.stdin.flush()  # it stays open: its end tells the process that the worker is gone
            output = process.stdout.read()
            status = process.wait()
        except BrokenPipeError:
            output, status = b"", process.wait()
        finally:
            timer.cancel()
            process.kill()
    if status == _DONE:
        return output or None
    if status == _FAILED:
        raise ExportError(output.decode())
    if status == _STALE:
        return None
    _log.warning("%s: the rendering process died with status %s; it may have run out of memory", job.name, status)
    raise BusyError(int(FAILURE_SECONDS))


def main() -> None:
    """Run the job that standard input holds, in a process of its own."""
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_DATA, (PROCESS_MEMORY, PROCESS_MEMORY))
    job: Job = pickle.load(sys.stdin.buffer)  # noqa: S301  # from the worker that started this process
    threading.Thread(target=_exit_with_worker, daemon=True).start()
    try:
        result = job.make()
    except FeedsError as error:
        _exit(_FAILED, str(error).encode())
    if result is None or result.name != job.name:
        _exit(_STALE)
    is_stored = job.documents.store(result.name, result.body)
    _exit(_DONE, b"" if is_stored else result.body)


def _exit_with_worker() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def _exit(status: int, output: bytes = b"") -> NoReturn:
    """Exit at once: the interpreter would wait for the lock of standard input."""
    sys.stdout.buffer.write(output)
    sys.stdout.buffer.flush()
    sys.stderr.flush()
    os._exit(status)
