"""Finds the bodies of documents or makes them: the one place through which all renderings and compressions go.

A body is looked for in the memory of the worker, then in the document cache, which the workers share. Otherwise it is
made once, however many requests wait for it in however many workers: in a lane of its own, so that no other request
waits for it. Documents of many papers are made by another process. Large bodies are never held in memory: they are
served from the cache's files.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import NamedTuple

from feeds.exporters.contract import Resource
from feeds.http import jobs, limits
from feeds.http.cache import ResponseCache
from feeds.http.conditional import coded_etag
from feeds.http.documents import DocumentCache, StoredDocument
from feeds.http.lane import Lane, Work
from feeds.publishing.compression import COMPRESSORS
from feeds.publishing.publisher import Publisher
from feeds.publishing.representation import Representation

Body = bytes | StoredDocument
"""The bytes of a document, or a file that holds them."""

_MIN_SECONDS = 0.005  # of work that is worth a file; what takes less is as quickly rendered again


class Document(NamedTuple):
    """A representation with its body. It may have another ETag than asked for, as that of `Publisher.render`."""

    representation: Representation
    body: Body

    @property
    def size(self) -> int:
        """The length of the body in bytes."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.size


class RenderingPending(Exception):  # noqa: N818  # no error: the document will be there
    """A document is being made; ask again when `work` is done, with its result. `lane` is where it is made."""

    def __init__(self, lane: Lane, work: Work) -> None:
        self.lane = lane
        self.work = work


Results = Mapping[object, object]
"""The results of finished work by its name."""


class Renderer:
    """Finds or makes the documents of a publisher. Threads may share it.

    Args:
        publisher: the documents.
        environ: the environment that the publisher was opened with.
        memory: the cache of the worker.
        documents: the cache that workers share.
    """

    def __init__(
        self, publisher: Publisher, environ: Mapping[str, str], memory: ResponseCache, documents: DocumentCache
    ) -> None:
        self._publisher = publisher
        self._environ = {**environ, "FEEDS_READERS": ",".join(publisher.archive.reader.names)}  # not found again
        self._memory = memory
        self._documents = documents
        wait = limits.MAX_RENDERING_QUEUE_SECONDS
        self.small = Lane("small-renderings", limits.SMALL_RENDERINGS, limits.MAX_WAITING_SMALL, wait)
        self.large = Lane("large-renderings", limits.LARGE_RENDERINGS, limits.MAX_WAITING_LARGE, wait)

    def document(self, wanted: Representation, results: Results) -> Document:
        """Return a document, if necessary from the results of work that was pending before.

        Raises RenderingPending if it has to be made first, BusyError if too many others have to, ExportError if it
        cannot be rendered, and UnknownEditionError if it is gone.
        """
        if not isinstance(wanted.resource, Resource):
            body = wanted.resource.read()
            if not wanted.resource.is_immutable:
                self._memory.put(wanted.etag, body)
            return Document(wanted, body)
        if (found := self._find_or_take(wanted.etag, results)) is not None:
            return found if isinstance(found, Document) else Document(wanted, found)
        is_large = wanted.loaded_papers > limits.MANY_PAPERS
        is_elsewhere = is_large and wanted.etag not in results  # otherwise another process has found it changed
        make = partial(self._render_elsewhere if is_elsewhere else self._render, wanted, wanted.resource)
        raise self._pending(self.large if is_large else self.small, wanted.etag, make)

    def compressed(self, original: str, coding: str, body: Body, results: Results) -> Body:
        """Return a body in a content coding; raises as `document`. `original` names the body, and changes with it."""
        name = coded_etag(original, coding)
        found = self._find_or_take(name, results)
        if isinstance(found, bytes | StoredDocument):
            return found
        if isinstance(body, bytes):
            raise self._pending(self.small, name, partial(self._compress, name, coding, body))
        if name in results:  # another process has not found the body any more
            with closing(body):
                raise self._pending(self.small, name, partial(self._compress, name, coding, body.read()))
        body.close()
        raise self._pending(self.large, name, partial(self._compress_elsewhere, name, original, coding))

    def _pending(self, lane: Lane, name: str, make: Callable[[], object]) -> RenderingPending:
        def make_once() -> object:
            with self._documents.making(name):
                is_made = self._memory.get(name) is not None or self._documents.contains(name)  # in the meantime
                return None if is_made else make()

        return RenderingPending(lane, lane.submit(name, make_once))

    def _find_or_take(self, name: str, results: Results) -> Document | Body | None:
        """Find a body in memory, in the document cache, or among results."""
        result = results.get(name)
        if isinstance(result, Exception):
            raise result
        if isinstance(result, Document | bytes):
            return result
        body = self._memory.get(name)
        if body is not None:
            return body
        stored = self._documents.find(name)
        if stored is None or stored.size > limits.MAX_CACHED_BODY:
            return stored
        with closing(stored):
            body = stored.read()
        self._memory.put(name, body)
        return body

    def _render(self, wanted: Representation, _resource: Resource) -> Document:
        started = time.thread_time()
        document = Document(*self._publisher.render(wanted))
        assert isinstance(document.body, bytes)  # noqa: S101
        self._keep(document.representation.etag, document.body, time.thread_time() - started)
        return document

    def _render_elsewhere(self, wanted: Representation, resource: Resource) -> bytes | None:
        """Have another process render a document; None if it is in the document cache then, or has changed."""
        root = self._publisher.archive.root
        job = jobs.RenderJob(
            self._documents,
            wanted.etag,
            self._publisher.archive.index_version,
            root,
            self._environ,
            resource.key,
            resource.format.name,
            resource.language,
            wanted.language,
        )
        return jobs.run(job)

    def _compress(self, name: str, coding: str, body: bytes) -> bytes:
        started = time.thread_time()
        compressed = COMPRESSORS[coding](body)
        self._keep(name, compressed, time.thread_time() - started)
        return compressed

    def _compress_elsewhere(self, name: str, original: str, coding: str) -> bytes | None:
        return jobs.run(jobs.CompressJob(self._documents, name, original, coding))

    def _keep(self, name: str, body: bytes, seconds: float) -> None:
        self._memory.put(name, body)
        if seconds >= _MIN_SECONDS:
            self._documents.store(name, body)
