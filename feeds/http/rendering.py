"""Finds the bodies of documents or makes them: the one place through which all renderings and compressions go.

A body is looked for in the memory of the worker, then in the document cache, which the workers share. Otherwise it is
made once, however many requests wait for it in however many workers. Documents of many papers are made by another
process. Large bodies are never held in memory: they are served from the cache's files.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import NamedTuple

from feeds.archive.index import index_version
from feeds.exporters.contract import Resource
from feeds.http import jobs
from feeds.http.cache import MAX_BODY, ResponseCache
from feeds.http.conditional import coded_etag
from feeds.http.documents import DocumentCache, StoredDocument
from feeds.publishing.compression import COMPRESSORS
from feeds.publishing.publisher import Publisher, Rendered
from feeds.publishing.representation import Representation

Body = bytes | StoredDocument
"""The bytes of a document, or a file that holds them."""

_MANY_PAPERS = 300
_MAX_PROCESSES = 2  # of a worker at a time
_MAX_RENDERINGS = 4  # within a worker at a time
_MIN_SECONDS = 0.005  # of work that is worth a file; what takes less is as quickly rendered again


class Document(NamedTuple):
    """A representation with its body. It may have another ETag than asked for, as that of `Publisher.render`."""

    representation: Representation
    body: Body

    @property
    def size(self) -> int:
        """The length of the body in bytes."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.size


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
        self._environ = dict(environ)
        self._memory = memory
        self._documents = documents
        self._processes = threading.BoundedSemaphore(_MAX_PROCESSES)
        self._renderings = threading.BoundedSemaphore(_MAX_RENDERINGS)

    def document(self, wanted: Representation) -> Document:
        """Return a document. Raises ExportError if it cannot be rendered, UnknownEditionError if it is gone."""
        if not isinstance(wanted.resource, Resource):
            return Document(*self._publisher.render(wanted))
        if (body := self._find(wanted.etag)) is not None:
            return Document(wanted, body)
        with self._making(wanted.etag):
            if (body := self._find(wanted.etag)) is not None:
                return Document(wanted, body)
            if wanted.loaded_papers > _MANY_PAPERS:
                body = self._render_elsewhere(wanted, wanted.resource)
            return Document(*self._render(wanted)) if body is None else Document(wanted, body)

    def compressed(self, original: str, coding: str, body: Body) -> Body:
        """Return a body in a content coding. `original` names it as it is, and changes with it."""
        name = coded_etag(original, coding)
        if (found := self._find(name)) is not None:
            return found
        with self._making(name):
            if (found := self._find(name)) is not None:
                return found
            if isinstance(body, bytes):
                return self._compress(name, coding, body)
            found = self._make_elsewhere(jobs.CompressJob(self._documents, name, original, coding))
            return self._compress(name, coding, body.read()) if found is None else found

    def _find(self, name: str) -> Body | None:
        body = self._memory.get(name)
        if body is not None:
            return body
        stored = self._documents.find(name)
        if stored is None or stored.size > MAX_BODY:
            return stored
        with closing(stored):
            body = stored.read()
        self._memory.put(name, body)
        return body

    @contextmanager
    def _making(self, name: str) -> Iterator[None]:
        with self._memory.single_flight(name), self._documents.making(name):
            yield

    def _render_elsewhere(self, wanted: Representation, resource: Resource) -> Body | None:
        root = self._publisher.archive.root
        job = jobs.RenderJob(
            self._documents,
            wanted.etag,
            index_version(root),
            root,
            self._environ,
            resource.key,
            resource.format.name,
            wanted.language,
        )
        return self._make_elsewhere(job)

    def _make_elsewhere(self, job: jobs.Job) -> Body | None:
        """Have another process make a document; None if it cannot be made any more."""
        with self._processes:
            body = jobs.run(job)
        return self._find(job.name) if body is None else body

    def _render(self, wanted: Representation) -> Rendered:
        with self._renderings:
            started = time.thread_time()
            rendered = self._publisher.render(wanted)
            self._keep(rendered.representation.etag, rendered.body, time.thread_time() - started)
        return rendered

    def _compress(self, name: str, coding: str, body: bytes) -> bytes:
        with self._renderings:
            started = time.thread_time()
            compressed = COMPRESSORS[coding](body)
            self._keep(name, compressed, time.thread_time() - started)
        return compressed

    def _keep(self, name: str, body: bytes, seconds: float) -> None:
        self._memory.put(name, body)
        if seconds >= _MIN_SECONDS:
            self._documents.store(name, body)
