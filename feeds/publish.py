"""Sends the whole site into an object store: what has changed since, and what leads to other objects after those.

Among the objects lies `.feeds-manifest.json.gz`, which says which tag each has. It is written before anything is sent,
without the tags of what will be, and now and then while that goes on: a run that was killed leaves no tag that is
wrong, and the next one goes on where it ended.
"""

import gzip
import json
import logging
import os
import re
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import LocalStore, ObjectStore, from_url

from feeds import build, delivery
from feeds.catalog import Catalog
from feeds.errors import FeedsError, PublishError
from feeds.index import Progress
from feeds.plan import Document, named, steadily
from feeds.rendering import Rendered, rendered
from feeds.site import Publication

if TYPE_CHECKING:
    from obstore import UpdateVersion
    from obstore.store import ClientConfig, RetryConfig

_log = logging.getLogger(__name__)
MANIFEST = ".feeds-manifest.json.gz"
SCHEMES = ("s3", "gs", "az", "file", "memory")
_INDEX = "index.html"  # what buckets answer for the address of the site itself
_CODING = "gzip"  # of objects: every client takes it, and no bucket can choose
_CONNECTIONS = 32
_NOTES = 40  # times that the manifest is written again in a long run
_FEW = 50  # objects sent or removed that are not worth that
_CLIENT: "ClientConfig" = {
    "allow_http": True,
    "timeout": timedelta(minutes=5),
    "connect_timeout": timedelta(seconds=10),
}
_RETRIES: "RetryConfig" = {"max_retries": 8, "retry_timeout": timedelta(minutes=2)}
_ENDPOINT = re.compile(r"https?://([^\s/?#:]+|\[[\da-f:.]+\])(:\d+)?(/[^\s?#]*)?")
_LONG = 400  # characters of an error
_TROUBLE = (BaseError, OSError, ValueError, NotImplementedError)  # what obstore raises


class Report(NamedTuple):
    """What was done, or in a dry run would be: objects in the store, names of those sent and removed, and errors."""

    objects: int
    sent: tuple[str, ...]
    removed: tuple[str, ...]
    errors: tuple[str, ...]


def open_store(url: str) -> ObjectStore:
    """Open an object store, whose keys stand in the environment. Raises FeedsError for an address of none."""
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES:
        raise FeedsError(f"{url}: give an address that begins with {', '.join(f'{each}://' for each in SCHEMES)}")
    if wrong := re.search("[?#]", url):
        raise FeedsError(f"{url}: no address of a store has a {wrong.group()} in it")
    if scheme == "file" and not re.match("/.*[^/]", os.path.normpath(unquote(url.removeprefix("file://")))):
        raise FeedsError(f"{url}: name a folder with its whole path, as in file:///srv/papers")
    if scheme == "s3":
        _require_endpoint()
    with _named_errors(url):
        if scheme == "file":
            return from_url(url, mkdir=True, automatic_cleanup=True)
        if scheme == "memory":
            return from_url(url)
        return from_url(url, client_options=_CLIENT, retry_config=_RETRIES)


def _require_endpoint() -> None:
    """Raise FeedsError where obstore would be lost: for an endpoint that is no address."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT"):
        if (value := os.environ.get(name)) and not _ENDPOINT.fullmatch(value):
            raise FeedsError(f"{name}: an address like https://s3.example.org, not {value!r}")


def object_name(publication: Publication) -> str:
    """Name the object of a publication: by its address, as buckets are asked for it."""
    return publication.key.text + publication.format.suffix or _INDEX


def plan_only(catalog: Catalog, store: ObjectStore, url: str, is_coded: bool, again: bool) -> Report:
    """Say what `publish` would do, and do nothing."""
    bucket = _Bucket(store, url, is_coded)
    found: list[Report] = []

    def compare(documents: list[Document]) -> None:
        wanted = bucket.named(documents)
        changed, gone = bucket.difference(wanted, again)
        found[:] = [Report(len(wanted), tuple(changed), tuple(gone), ())]

    with _named_errors(url):
        bucket.require_outside(catalog.archive.root)
        bucket.read()
        steadily(catalog, compare)
    return found[0]


def publish(
    catalog: Catalog,
    store: ObjectStore,
    url: str,
    *,
    is_coded: bool,
    again: bool,
    processes: int,
    progress: Progress,
) -> Report:
    """Send the site into a store, texts compressed if they are to be `coded`; everything, if `again`.

    Each object has the media type, the times and the name that the app would send, and its ETag as metadata. In a
    folder, which holds no such things, the files are those of `build`. A document that cannot be rendered stays as it
    was, and its error is reported. Raises PublishError where the store fails, after it was asked again for a while.
    """
    return _Run(catalog, _Bucket(store, url, is_coded), again, processes, progress).run()


class _Bucket:
    """An object store, and the tags of what is in it; "" for what may be anything."""

    def __init__(self, store: ObjectStore, url: str, is_coded: bool) -> None:
        self.url = url
        self.tags: dict[str, str] = {}
        self._is_folder = isinstance(store, LocalStore)
        self.codings = (_CODING,) if is_coded and not self._is_folder else ()
        self._store = store
        self._is_new = True  # without a manifest
        self._version: UpdateVersion = {}  # of the manifest

    def require_outside(self, archive: Path) -> None:
        """Raise PublishError for a folder in the archive."""
        if isinstance(self._store, LocalStore) and Path(self._store.prefix or "/").resolve().is_relative_to(archive):
            raise PublishError(f"{self.url}: lies in the archive, which would read the site's day files")

    def named(self, documents: Iterable[Document]) -> dict[str, Document]:
        """Name the objects of documents."""
        return build.named_files(documents) if self._is_folder else named(documents, object_name)

    def read(self) -> None:
        """Read the tags of what is there."""
        with suppress(FileNotFoundError):
            answer = self._store.get(MANIFEST)
            self._is_new = False
            self._version = _version(answer.meta["e_tag"], answer.meta["version"])
            try:
                self.tags = dict(json.loads(gzip.decompress(bytes(answer.bytes()))))
            except (ValueError, EOFError, gzip.BadGzipFile, zlib.error) as error:
                _log.warning("%s/%s: broken (%s); sending everything", self.url, MANIFEST, error)

    def write(self) -> None:
        """Write the tags down. Raises PublishError where another run has done so since."""
        body = gzip.compress(json.dumps(self.tags, ensure_ascii=False, indent=0).encode(), mtime=0)
        if self._is_folder:
            self._store.put(MANIFEST, body)
            self._is_new = False
            return
        attributes = {"Content-Type": "application/gzip", "Cache-Control": "no-store"}
        try:
            put = self._store.put(MANIFEST, body, attributes=attributes, mode=self._version or "create")
        except (AlreadyExistsError, PreconditionError) as error:
            there = self._store.get(MANIFEST)
            if bytes(there.bytes()) != body:  # else ours has arrived, and its answer was lost
                said = f"{self.url}: another run is at work here; when it has ended, use --again"
                raise PublishError(said) from error
            self._version = _version(there.meta["e_tag"], there.meta["version"])
        else:
            self._version = _version(put["e_tag"], put["version"])
        self._is_new = False

    def difference(self, wanted: dict[str, Document], again: bool) -> tuple[list[str], list[str]]:
        """List the names of what is to be sent, and of what is to be removed.

        Raises PublishError where others have written an object of such a name before the first run.
        """
        if self._is_new and not again:
            found = (each["path"] for page in self._store.list() for each in page)
            if taken := next((name for name in found if name in wanted), None):
                said = f"{self.url}: holds {taken}, but no manifest of ours; --again writes over it"
                raise PublishError(said)
        changed = [name for name, each in wanted.items() if again or self.tags.get(name) != self._noted(each.tag)]
        return changed, [name for name in self.tags if name not in wanted]

    def put(self, name: str, made: Rendered) -> None:
        """Send an object, in a content coding if there is one."""
        *_, coding = made.bodies
        attributes = {} if self._is_folder else _attributes(made.document, coding)
        self._store.put(name, made.bodies[coding], attributes=attributes or None, use_multipart=False)
        self.tags[name] = self._noted(made.document.tag)

    def remove(self, names: list[str]) -> None:
        """Remove objects; those that are gone already are no trouble."""
        try:
            self._store.delete(names)
        except FileNotFoundError:
            for name in names:
                with suppress(FileNotFoundError):
                    self._store.delete(name)
        for name in names:
            del self.tags[name]

    def _noted(self, tag: str) -> str:
        return "-".join((tag, *self.codings))


class _Run:
    def __init__(self, catalog: Catalog, bucket: _Bucket, again: bool, processes: int, progress: Progress) -> None:
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
        with _named_errors(self._bucket.url):
            self._bucket.require_outside(self._catalog.archive.root)
            self._bucket.read()
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
            with suppress(*_TROUBLE):  # what stopped it says more
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


def _version(e_tag: str | None, version: str | None) -> "UpdateVersion":
    """Name the state of an object, as each kind of store does."""
    found: UpdateVersion = {}
    if e_tag:
        found["e_tag"] = e_tag
    if version:
        found["version"] = version
    return found


def _attributes(document: Document, coding: str) -> dict[str, str]:
    """Say what the app would, as far as buckets keep it; the ETag is metadata, for buckets make their own."""
    said = {
        "Content-Type": document.publication.format.media_type,
        "Cache-Control": document.cache_control,
        "Content-Disposition": delivery.content_disposition(document.publication),
        "Content-Encoding": coding,
        "etag": f'"{document.tag}-{coding}"' if coding else f'"{document.tag}"',
    }
    return {name: value for name, value in said.items() if value}


@contextmanager
def _named_errors(url: str) -> Iterator[None]:
    """Say in one line what a store has said in many."""
    try:
        yield
    except _TROUBLE as error:
        if isinstance(error, FileNotFoundError) or "404 Not Found" in str(error):  # only objects that must be there
            raise PublishError(f"{url}: there is no such bucket") from error
        raise PublishError(f"{url}: {_in_short(error)}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of obstore, which does not export it
            raise
        raise PublishError(f"{url}: {_in_short(error)}") from error


def _in_short(error: BaseException) -> str:
    """Say an error in one line: stores name all objects that a request was about, which may be a thousand."""
    said = str(error).partition("\n")[0].strip() or type(error).__name__
    return said if len(said) <= _LONG else f"{said[: _LONG // 2]} … {said[-_LONG // 2 :]}"
