"""Sends the whole site into an object store: what has changed since, and what leads to other objects after those.

The manifest is written before anything is sent, without the tags of what will be, and now and then while that goes on:
a run that was killed leaves no tag that is wrong, and the next one goes on where it ended.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from feeds.archive.index import Progress
from feeds.publishing.bucket import TROUBLE, Bucket, named_errors
from feeds.publishing.plan import Document, steadily
from feeds.publishing.pool import Rendered, rendered
from feeds.publishing.publisher import Catalog

_CONNECTIONS = 32
_NOTES = 40  # times that the manifest is written again in a long run
_FEW = 50  # objects sent or removed that are not worth that


class Report(NamedTuple):
    """What was done, or in a dry run would be: objects in the store, names of those sent and removed, and errors."""

    objects: int
    sent: tuple[str, ...]
    removed: tuple[str, ...]
    errors: tuple[str, ...]


def plan_only(catalog: Catalog, bucket: Bucket, again: bool) -> Report:
    """Say what `publish` would do, and do nothing."""
    found: list[Report] = []

    def compare(documents: list[Document]) -> None:
        wanted = bucket.named(documents)
        changed, gone = bucket.difference(wanted, again)
        found[:] = [Report(len(wanted), tuple(changed), tuple(gone), ())]

    with named_errors(bucket.url):
        bucket.open(catalog.archive.root)
        steadily(catalog, compare)
    return found[0]


def publish(catalog: Catalog, bucket: Bucket, again: bool, processes: int, progress: Progress) -> Report:
    """Send the site into a bucket; everything, if `again`.

    A document that cannot be rendered stays as it was, and its error is reported. Raises PublishError where the store
    fails, after it was asked again for a while.
    """
    return _Run(catalog, bucket, again, processes, progress).run()


class _Run:
    def __init__(self, catalog: Catalog, bucket: Bucket, again: bool, processes: int, progress: Progress) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._again = again
        self._processes = processes
        self._progress = progress
        self._sent: dict[str, None] = {}
        self._removed: list[str] = []
        self._errors: list[str] = []
        self._objects = 0

    def run(self) -> Report:
        """Send and remove what has changed."""
        with named_errors(self._bucket.url):
            self._bucket.open(self._catalog.archive.root)
            steadily(self._catalog, self._update)
        return Report(self._objects, tuple(self._sent), tuple(self._removed), tuple(self._errors))

    def _update(self, documents: list[Document]) -> None:
        self._errors.clear()
        wanted = self._bucket.named(documents)
        self._objects = len(wanted)
        changed, gone = self._bucket.difference(wanted, self._again)
        if not changed and not gone:
            return
        self._bucket.tags |= dict.fromkeys([*changed, *gone], "")
        self._bucket.write()
        try:
            self._show(self._work({name: wanted[name] for name in changed}, gone), len(changed) + len(gone))
        finally:
            with suppress(*TROUBLE):  # what stopped it says more
                self._bucket.write()
        self._again = False

    def _show(self, names: Iterator[str], total: int) -> None:
        for done, _ in enumerate(self._progress(names, total), 1):
            if done % (_FEW + total // _NOTES) == 0:
                self._bucket.write()

    def _work(self, changed: dict[str, Document], gone: list[str]) -> Iterator[str]:
        """Send first what others lead to, then what leads to it, and remove what is gone after both."""
        for leads in (False, True):
            yield from self._send({name: document for name, document in changed.items() if document.leads is leads})
        for start in range(0, len(gone), 1000):
            names = gone[start : start + 1000]
            self._bucket.remove(names)
            self._removed += names
            yield from names

    def _send(self, changed: dict[str, Document]) -> Iterator[str]:
        made = rendered(self._catalog, changed.values(), self._bucket.codings, self._processes)
        running: deque[Future[str]] = deque()
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            try:
                for name, each in zip(changed, made, strict=True):
                    running.append(pool.submit(self._put, name, each))
                    if len(running) > 2 * _CONNECTIONS:
                        yield running.popleft().result()
                while running:
                    yield running.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _put(self, name: str, made: Rendered) -> str:
        if made.error:
            self._errors.append(made.error)
        else:
            self._bucket.put(name, made)
            self._sent[name] = None
        return name
