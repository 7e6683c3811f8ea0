"""Renders many documents on all cores."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from feeds.archive.archive import Archive
from feeds.archive.edition import Edition
from feeds.errors import ExportError, UnknownEditionError
from feeds.exporters import registry
from feeds.images.store import Store
from feeds.model.key import Key
from feeds.publishing import compression as encoding
from feeds.publishing.plan import Document, StaleError
from feeds.publishing.publisher import Catalog
from feeds.site.site import Publication, Site

_FEW = 12  # documents that are not worth another process
_CHUNK = 16  # documents of a task; those of one edition follow each other and share its cover
_LARGE = 1_000  # papers in documents of a task: other processes may take those that come next
_AHEAD = 4  # tasks for each process


class Rendered(NamedTuple):
    """The bytes of a document, by their content coding: "" for as they are. Where it failed, none and the error.

    The document has another tag than was planned where the store has lost a picture of it.
    """

    document: Document
    bodies: Mapping[str, bytes]
    error: str


class _Wanted(NamedTuple):
    """A document as other processes get it: exporters may not be fit to be sent."""

    key: Key
    format: str
    tag: str
    size: int


class _Made(NamedTuple):
    tag: str
    bodies: Mapping[str, bytes]
    error: str = ""


def cores() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def rendered(
    catalog: Catalog, documents: Iterable[Document], codings: Sequence[str], processes: int
) -> Iterator[Rendered]:
    """Render documents in their order, each also in those content codings that make it smaller.

    Raises StaleError where the archive is not what it was when they were planned, ExportError where a process was
    killed, for want of memory mostly.
    """
    planned = list(documents)
    wanted = [_Wanted(each.publication.key, each.publication.format.name, each.tag, each.size) for each in planned]
    here = processes == 1 or len(wanted) <= _FEW
    made = _here(catalog, wanted, codings) if here else _elsewhere(catalog, wanted, codings, processes)
    for document, (tag, bodies, error) in zip(planned, made, strict=True):
        yield Rendered(document._replace(tag=tag), bodies, error)


def codings_of(media_type: str, size: int, codings: Sequence[str]) -> Sequence[str]:
    """List those of some content codings that make a document smaller."""
    return codings if encoding.is_worth_it(media_type, size) else ()


class _Press:
    """Renders documents of a catalogue one by one, and cuts an edition once for those of it that follow each other."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._last: Edition | None = None

    def made(self, wanted: _Wanted, codings: Sequence[str]) -> _Made:
        """Render a document. Raises StaleError where it is not what was planned."""
        catalog, publication = self._catalog, Publication(wanted.key, self._catalog.registry.exporter(wanted.format))
        try:
            edition = catalog.furnished(self._cut(wanted.key), publication.format)
            if catalog.tag(publication, edition) != wanted.tag:
                raise StaleError
            body = catalog.render(publication, edition)
        except UnknownEditionError as error:
            raise StaleError from error
        except ExportError as error:
            return _Made(wanted.tag, {}, str(error))
        chosen = codings_of(publication.format.media_type, len(body), codings)
        coded = {coding: encoding.CODINGS[coding](body) for coding in chosen}
        return _Made(catalog.tag(publication, edition), {"": body} | coded)

    def _cut(self, key: Key) -> Edition:
        if self._last is None or self._last.key != key:
            self._last = self._catalog.cut_bare(key)
        return self._last


def _here(catalog: Catalog, wanted: list[_Wanted], codings: Sequence[str]) -> Iterator[_Made]:
    press = _Press(catalog)
    return (press.made(each, codings) for each in wanted)


def _elsewhere(catalog: Catalog, wanted: list[_Wanted], codings: Sequence[str], processes: int) -> Iterator[_Made]:
    archive = catalog.archive
    opening = (archive.root, archive.index_path, replace(catalog.site, formats=()), catalog.store.root)
    tasks = _tasks(wanted)
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _open, opening)
    running: deque[Future[list[_Made]]] = deque()
    try:
        running.extend(pool.submit(_work, task, codings) for task in islice(tasks, processes * _AHEAD))
        while running:
            done = running.popleft().result()
            running.extend(pool.submit(_work, task, codings) for task in islice(tasks, 1))
            yield from done
    except BrokenProcessPool as error:
        raise ExportError("a process that rendered was killed; is there enough memory?") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _tasks(wanted: Iterable[_Wanted]) -> Iterator[list[_Wanted]]:
    task: list[_Wanted] = []
    for each in wanted:
        task.append(each)
        if len(task) == _CHUNK or sum(one.size for one in task) > _LARGE:
            yield task
            task = []
    if task:
        yield task


_press: _Press | None = None  # of a process that renders for another one


def _open(root: Path, index: Path, site: Site, store: Path) -> None:
    global _press
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
    threading.Thread(target=_end_with_parent, daemon=True).start()
    archive = Archive(root, index)
    archive.look()
    _press = _Press(Catalog(archive, registry.load(), site, Store(store)))


def _end_with_parent() -> None:
    """Wait for the parent, which may be killed: the pool itself would wait for its next task for ever."""
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)


def _work(task: list[_Wanted], codings: Sequence[str]) -> list[_Made]:
    assert _press  # noqa: S101  # opened before the first task
    return [_press.made(each, codings) for each in task]
