"""Renders the documents of a plan on all cores."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple

from feeds.archive.archive import Archive
from feeds.archive.snapshot import EditionMetadata, LatestLimits, Snapshot
from feeds.errors import ExportError, StoreError
from feeds.exporters import registry
from feeds.exporters.contract import Resource
from feeds.exporters.registry import Registry
from feeds.images.store import Store
from feeds.model.edition import Edition
from feeds.model.keys import Key, Scope
from feeds.publishing.compression import COMPRESSORS, should_compress
from feeds.publishing.plan import StalePlanError
from feeds.publishing.publisher import Publisher, last_published_day
from feeds.publishing.representation import Representation
from feeds.publishing.static import StaticFile
from feeds.site.site import Site

_WORK_PER_DOCUMENT = 10  # as much as for so many papers in a document; a paper takes about 0.07 ms
_MIN_WORK_FOR_POOL = 50_000  # less, such as a new day of 5,000 papers, does not pay for other processes
_MIN_WORK_PER_TASK = 1_000
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

    metadata: EditionMetadata
    format_name: str
    language: str
    etag: str


def render_all(
    publisher: Publisher, representations: Iterable[Representation], compressions: Sequence[str], processes: int
) -> Iterator[tuple[Representation, RenderResult]]:
    """Render documents in any order, and compress those that it makes smaller.

    Consecutive documents of one edition are rendered by one process, which loads it once and then forgets it.

    Args:
        compressions: content codings, of `COMPRESSORS`.
        processes: how many to render with; 1 renders in this process.

    Raises:
        StalePlanError: the archive or the picture store has changed since the documents were described.
        ExportError: another process died, usually because it ran out of memory.
    """
    planned = list(representations)
    renderer = Renderer(publisher, compressions, publisher.revision)
    is_small = processes == 1 or sum(map(_work, planned)) < _MIN_WORK_FOR_POOL
    here = planned if is_small else [document for document in planned if isinstance(document.resource, StaticFile)]
    for representation in here:
        yield representation, renderer.render(representation)
    if not is_small:
        dynamic = [document for document in planned if isinstance(document.resource, Resource)]
        yield from _render_in_pool(publisher, dynamic, compressions, processes)


class Renderer:
    """Renders planned documents; consecutive documents of one edition load it once.

    Args:
        publisher: the documents.
        compressions: content codings, of `COMPRESSORS`.
        revision: that of the publisher when the documents were planned.
    """

    def __init__(self, publisher: Publisher, compressions: Sequence[str], revision: str) -> None:
        self._publisher = publisher
        self._compressions = compressions
        self._revision = revision
        self._edition: Edition | None = None

    def render(self, representation: Representation) -> RenderResult:
        """Render a document. Raises StalePlanError if the archive has changed since it was planned."""
        try:
            if representation.metadata is None:  # a static file
                rendered = self._publisher.render(representation)
            else:
                rendered = self._publisher.render_edition(representation, self._load(representation.metadata.key))
        except (ExportError, StoreError) as error:
            return RenderResult(representation.etag, {}, str(error))
        body = rendered.body
        compressions = self._compressions if should_compress(representation.media_type, len(body)) else ()
        compressed = {compression: COMPRESSORS[compression](body) for compression in compressions}
        return RenderResult(rendered.representation.etag, {"": body} | compressed)

    def render_job(self, job: RenderJob) -> RenderResult:
        """Render a document that another process has planned. Raises StalePlanError as `render` does."""
        resource = Resource(job.metadata.key, self._publisher.formats[job.format_name])
        with self._publisher.archive.snapshot() as snapshot:
            pictures = self._publisher.pictures(resource, snapshot)
            self._check(snapshot)
        return self.render(
            Representation(resource, job.etag, "", language=job.language, metadata=job.metadata, pictures=pictures)
        )

    def _load(self, key: Key) -> Edition:
        """Load an edition, unless it was the last one."""
        if self._edition is None or self._edition.key != key:
            self._edition = None  # before the next one takes memory too
            with self._publisher.archive.snapshot() as snapshot:
                self._check(snapshot)
                self._edition = snapshot.load(key)
        return self._edition

    def _check(self, snapshot: Snapshot) -> None:
        """Raise StalePlanError if the archive or the picture store has changed since the documents were planned."""
        if f"{snapshot.revision} {self._publisher.store.revision}" != self._revision:
            raise StalePlanError


def _render_in_pool(
    publisher: Publisher, representations: Sequence[Representation], compressions: Sequence[str], processes: int
) -> Iterator[tuple[Representation, RenderResult]]:
    archive, site = publisher.archive, publisher.site
    arguments = (archive.root, archive.index_path, site, _offered(publisher.formats), publisher.store.root)
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        processes, spawn, initializer=_start_process, initargs=(*arguments, compressions, publisher.revision)
    )
    tasks = _split(representations)
    running: dict[Future[list[RenderResult]], Sequence[Representation]] = {}
    try:
        while True:
            for task in islice(tasks, processes * _TASKS_AHEAD - len(running)):
                running[pool.submit(_run_task, [_job(representation) for representation in task])] = task
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield from zip(running.pop(future), future.result(), strict=True)
    except BrokenProcessPool as error:
        raise ExportError("a rendering process died, probably because it ran out of memory") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _work(representation: Representation) -> int:
    return _WORK_PER_DOCUMENT + representation.loaded_papers


def _split(representations: Iterable[Representation]) -> Iterator[list[Representation]]:
    """Split documents into tasks for one process each, with all consecutive documents of an edition in one task."""
    task: list[Representation] = []
    for _, edition in groupby(representations, key=lambda item: item.metadata and item.metadata.key):
        task += edition
        if sum(map(_work, task)) >= _MIN_WORK_PER_TASK:
            yield task
            task = []
    if task:
        yield task


def _job(representation: Representation) -> RenderJob:
    resource, metadata = representation.resource, representation.metadata
    assert isinstance(resource, Resource) and metadata  # noqa: S101, PT018  # static files are not rendered
    return RenderJob(metadata, resource.format.name, representation.language, representation.etag)


def _offered(formats: Registry) -> list[str]:
    """List what a registry offers as `Registry.offering` takes it."""
    return [f"{scope}.{item.name}" for item in formats for scope in sorted(item.offered - {Scope.SITE})]


_renderer: Renderer | None = None  # of a process in the pool


def _start_process(
    root: Path,
    index_path: Path,
    site: Site,
    offered: Sequence[str],
    store_root: Path,
    compressions: Sequence[str],
    revision: str,
) -> None:
    global _renderer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    limits = LatestLimits(site.latest_days, site.latest_papers)
    topics = site.topic_keys.values()
    archive = Archive(root, index_path, limits, last_day=last_published_day, topics=topics)
    publisher = Publisher(archive, registry.load().offering(offered), site, Store(store_root))
    _renderer = Renderer(publisher, compressions, revision)


def _exit_with_parent() -> None:
    """Wait for the parent, which may be killed; the pool itself would wait for its next task forever."""
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)


def _run_task(task: list[RenderJob]) -> list[RenderResult]:
    assert _renderer  # noqa: S101  # created by _start_process
    return [_renderer.render_job(job) for job in task]
