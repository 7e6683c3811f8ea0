"""Renders the documents of a plan on all cores."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from feeds.archive.archive import Archive
from feeds.archive.snapshot import EditionMetadata, LatestLimits
from feeds.errors import ExportError, UnknownEditionError
from feeds.exporters import registry
from feeds.exporters.contract import Resource
from feeds.images.store import Store
from feeds.model.edition import Edition
from feeds.model.keys import Key
from feeds.publishing.compression import COMPRESSORS, should_compress
from feeds.publishing.plan import StalePlanError
from feeds.publishing.publisher import Publisher, last_published_day
from feeds.publishing.representation import Representation
from feeds.publishing.static import StaticFile
from feeds.site.site import Site

_MIN_FOR_POOL = 13  # documents; fewer are rendered before another process has started
_TASK_DOCUMENTS = 16  # consecutive documents are often of one edition, which a process loads once
_TASK_PAPERS = 1_000  # after which a task ends early: other processes may render the next documents
_TASKS_AHEAD = 4  # per process


class RenderResult(NamedTuple):
    """The bytes of a document by content coding, "" for uncompressed; if its exporter failed, none and the error.

    The ETag differs from the planned one if the picture store has lost a file.
    """

    etag: str
    bodies: dict[str, bytes]
    error: str = ""


class RenderJob(NamedTuple):
    """A planned document for another process: exporters and picture stores need not be picklable."""

    key: Key
    format_name: str
    language: str
    etag: str


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def render_all(
    publisher: Publisher, representations: Iterable[Representation], compressions: Sequence[str], processes: int
) -> Iterator[tuple[Representation, RenderResult]]:
    """Render documents in their order, and compress those that it makes smaller.

    Args:
        compressions: content codings, of `COMPRESSORS`.
        processes: how many to render with; 1 renders in this process.

    Raises:
        StalePlanError: the archive or the picture store has changed since the documents were described.
        ExportError: another process died, usually because it ran out of memory.
    """
    planned = list(representations)
    renderer = Renderer(publisher, compressions)
    dynamic = [representation for representation in planned if isinstance(representation.resource, Resource)]
    is_small = processes == 1 or len(dynamic) < _MIN_FOR_POOL
    results = (
        map(renderer.render, dynamic) if is_small else _render_in_pool(publisher, dynamic, compressions, processes)
    )
    for representation in planned:
        is_static = isinstance(representation.resource, StaticFile)
        yield representation, renderer.render(representation) if is_static else next(results)


class Renderer:
    """Renders planned documents; consecutive documents of one edition load it once."""

    def __init__(self, publisher: Publisher, compressions: Sequence[str]) -> None:
        self._publisher = publisher
        self._compressions = compressions
        self._metadata: EditionMetadata | None = None
        self._edition: Edition | None = None

    def render(self, representation: Representation) -> RenderResult:
        """Render a document. Raises StalePlanError if the archive has changed since it was described."""
        try:
            if representation.metadata is None:  # a static file
                rendered = self._publisher.render(representation)
            else:
                rendered = self._publisher.render_edition(representation, self._load(representation.metadata))
        except ExportError as error:
            return RenderResult(representation.etag, {}, str(error))
        body = rendered.body
        compressions = self._compressions if should_compress(representation.media_type, len(body)) else ()
        compressed = {compression: COMPRESSORS[compression](body) for compression in compressions}
        return RenderResult(rendered.representation.etag, {"": body} | compressed)

    def render_job(self, job: RenderJob) -> RenderResult:
        """Render a document that another process has planned. Raises StalePlanError if it is not the same here."""
        resource = Resource(job.key, self._publisher.formats[job.format_name])
        try:
            representation = self._publisher.representation(resource, job.language)
        except UnknownEditionError as error:
            raise StalePlanError from error
        if representation.etag != job.etag:
            raise StalePlanError
        return self.render(representation)

    def _load(self, metadata: EditionMetadata) -> Edition:
        """Load the edition that is described by `metadata`, unless the last one was the same."""
        if self._edition is None or self._metadata != metadata:
            try:
                with self._publisher.archive.snapshot() as snapshot:
                    if snapshot.metadata(metadata.key) != metadata:
                        raise StalePlanError
                    self._edition = snapshot.load(metadata.key)
            except UnknownEditionError as error:
                raise StalePlanError from error
            self._metadata = metadata
        return self._edition


def _render_in_pool(
    publisher: Publisher, representations: Sequence[Representation], compressions: Sequence[str], processes: int
) -> Iterator[RenderResult]:
    archive = publisher.archive
    arguments = (archive.root, archive.index_path, publisher.site, publisher.store.root, compressions)
    tasks = _split(representations)
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, spawn, initializer=_start_process, initargs=arguments)
    running: deque[Future[list[RenderResult]]] = deque()
    try:
        running.extend(pool.submit(_run_task, task) for task in islice(tasks, processes * _TASKS_AHEAD))
        while running:
            results = running.popleft().result()
            running.extend(pool.submit(_run_task, task) for task in islice(tasks, 1))
            yield from results
    except BrokenProcessPool as error:
        raise ExportError("a rendering process died, probably because it ran out of memory") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _split(representations: Iterable[Representation]) -> Iterator[list[RenderJob]]:
    """Split documents into tasks for one process each."""
    task: list[RenderJob] = []
    papers = 0
    for representation in representations:
        resource = representation.resource
        assert isinstance(resource, Resource)  # noqa: S101  # static files are not rendered
        task.append(RenderJob(resource.key, resource.format.name, representation.language, representation.etag))
        papers += representation.size
        if len(task) == _TASK_DOCUMENTS or papers > _TASK_PAPERS:
            yield task
            task, papers = [], 0
    if task:
        yield task


_renderer: Renderer | None = None  # of a process in the pool


def _start_process(root: Path, index_path: Path, site: Site, store_root: Path, compressions: Sequence[str]) -> None:
    global _renderer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    limits = LatestLimits(site.latest_days, site.latest_papers)
    archive = Archive(root, index_path, limits, last_day=last_published_day)
    archive.sync()
    _renderer = Renderer(Publisher(archive, registry.load(), site, Store(store_root)), compressions)


def _exit_with_parent() -> None:
    """Wait for the parent, which may be killed; the pool itself would wait for its next task forever."""
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)


def _run_task(task: list[RenderJob]) -> list[RenderResult]:
    assert _renderer  # noqa: S101  # created by _start_process
    return [_renderer.render_job(job) for job in task]
