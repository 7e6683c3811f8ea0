"""Sends the whole site to an object store: only changed objects, and those that link to others after these.

The manifest is written before anything is sent, without the ETags of the objects to send, and repeatedly in between.
So a killed run leaves no wrong ETag behind, and the next one continues where it stopped.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from feeds.errors import PublishError
from feeds.progress import Progress
from feeds.publishing.bucket import STORE_ERRORS, Bucket, translated_errors
from feeds.publishing.plan import Plan, read_basis, with_stable_plan
from feeds.publishing.pool import RenderResult, render_all
from feeds.publishing.publisher import Publisher
from feeds.publishing.representation import Representation

_CONNECTIONS = 32
_MANIFEST_WRITES = 40  # in a long run
_MIN_BETWEEN_WRITES = 50  # objects
_REMOVED_AT_ONCE = 1000  # objects: the limit of S3
_MAX_REMOVED = 0.2  # of all objects: an archive that is not the right one would remove more


class Report(NamedTuple):
    """The result of a run, or in a dry run what it would be; `objects` is how many the store should have."""

    objects: int
    sent: tuple[str, ...]
    removed: tuple[str, ...]
    errors: tuple[str, ...]


def publish(
    publisher: Publisher,
    bucket: Bucket,
    processes: int,
    progress: Progress,
    *,
    force: bool = False,
    dry_run: bool = False,
) -> Report:
    """Bring a bucket up to date with the site.

    A document that cannot be rendered keeps its old object, and the error is reported.

    Args:
        processes: how many to render with.
        force: send unchanged objects too, overwrite those of others, and remove more than a fifth of all.
        dry_run: change nothing, only report what would be sent and removed.

    Raises:
        PublishError: the archive has no day, too many objects would be removed, or the store fails, after retries for a
            while.
        BuildError: two documents would be one object.
        ArchiveError: the files keep changing.
        ExportError: a rendering process died.
    """
    return _Run(publisher, bucket, processes, progress, force, dry_run).run()


class _Run:
    def __init__(
        self, publisher: Publisher, bucket: Bucket, processes: int, progress: Progress, force: bool, dry_run: bool
    ) -> None:
        self._publisher = publisher
        self._bucket = bucket
        self._processes = processes
        self._progress = progress
        self._force = force
        self._may_remove = force
        self._dry_run = dry_run
        self._objects = 0
        self._sent: dict[str, None] = {}
        self._removed: list[str] = []
        self._errors: list[str] = []

    def run(self) -> Report:
        with translated_errors(self._bucket.url):
            self._bucket.open(self._publisher.archive.root)
            basis = None if self._force else self._bucket.basis
            self._publisher.archive.sync(thorough=False)
            if basis and basis == read_basis(self._publisher, self._bucket.compressions):
                return Report(len(self._bucket.manifest), (), (), ())
            work = self._compare if self._dry_run else self._update
            with_stable_plan(self._publisher, basis, self._bucket.compressions, work)
        return Report(self._objects, tuple(self._sent), tuple(self._removed), tuple(self._errors))

    def _compare(self, plan: Plan) -> None:
        self._require_days()
        wanted = self._bucket.name(plan)
        changed, self._removed = self._bucket.diff(plan, wanted, self._force)
        self._objects = len(self._bucket.manifest.keys() | wanted.keys()) - len(self._removed)
        self._sent = dict.fromkeys(changed)
        self._errors = [problem] if (problem := self._find_removal_problem(self._removed)) else []

    def _update(self, plan: Plan) -> None:
        self._require_days()
        self._errors.clear()
        wanted = self._bucket.name(plan)
        changed, obsolete = self._bucket.diff(plan, wanted, self._force)
        self._objects = len(self._bucket.manifest.keys() | wanted.keys()) - len(obsolete)
        if problem := self._find_removal_problem(obsolete):
            raise PublishError(problem)
        if not changed and not obsolete:
            return
        to_send = {name: wanted[name] for name in changed}
        self._bucket.invalidate(plan, wanted, changed, obsolete)
        self._bucket.write_manifest()
        total = len(changed) + len(obsolete)
        names = self._send_and_remove(to_send, obsolete)
        try:
            for count, _ in enumerate(self._progress(names, total), 1):
                if count % (_MIN_BETWEEN_WRITES + total // _MANIFEST_WRITES) == 0:
                    self._bucket.write_manifest()
            if self._bucket.diff(plan, wanted, force=False) == ([], []):
                self._bucket.basis = plan.basis
        finally:
            with suppress(*STORE_ERRORS):  # the error that ended the run says more
                self._bucket.write_manifest()
        self._force = False

    def _require_days(self) -> None:
        if reason := self._publisher.archive.reason_for_no_days():
            raise PublishError(f"{self._publisher.archive.root}: {reason}; nothing was sent or removed")

    def _find_removal_problem(self, obsolete: Sequence[str]) -> str:
        """Say that too many objects would be removed; nothing if they are few enough."""
        published = len(self._bucket.manifest)
        if self._may_remove or len(obsolete) <= published * _MAX_REMOVED:
            return ""
        hint = f"if {self._publisher.archive.root} is the right archive, add --force"
        return f"{self._bucket.url}: would remove {len(obsolete):,} of {published:,} objects; {hint}"

    def _send_and_remove(self, changed: Mapping[str, Representation], obsolete: Sequence[str]) -> Iterator[str]:
        """Send documents, then those that link to them, then remove obsolete objects; yield the names."""
        for is_index in (False, True):
            yield from self._send(document for document in changed.values() if document.is_index is is_index)
        for start in range(0, len(obsolete), _REMOVED_AT_ONCE):
            names = list(obsolete[start : start + _REMOVED_AT_ONCE])
            self._bucket.remove(names)
            self._removed += names
            yield from names

    def _send(self, documents: Iterable[Representation]) -> Iterator[str]:
        results = render_all(self._publisher, documents, self._bucket.compressions, self._processes)
        running: deque[Future[str]] = deque()
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            try:
                for representation, result in results:
                    name = self._bucket.object_name(representation)
                    running.append(pool.submit(self._put, name, representation, result))
                    if len(running) > 2 * _CONNECTIONS:
                        yield running.popleft().result()
                while running:
                    yield running.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _put(self, name: str, representation: Representation, result: RenderResult) -> str:
        if result.error:
            self._errors.append(result.error)
        else:
            self._bucket.put(name, representation, result, representation.headers)
            self._sent[name] = None
        return name
