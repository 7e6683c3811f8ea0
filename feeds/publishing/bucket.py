"""Object stores: buckets and folders by their URL, and the manifest of what has been published there.

Among the objects lies `.feeds-manifest.json.gz`, which says which tag each has.
"""

import gzip
import json
import logging
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import LocalStore, ObjectStore, from_url

from feeds.errors import FeedsError, PublishError
from feeds.publishing import build
from feeds.publishing import headers as delivery
from feeds.publishing.plan import Document, named
from feeds.publishing.pool import Rendered
from feeds.site.site import Publication

if TYPE_CHECKING:
    from obstore import UpdateVersion
    from obstore.store import ClientConfig, RetryConfig

_log = logging.getLogger(__name__)
MANIFEST = ".feeds-manifest.json.gz"
SCHEMES = ("s3", "gs", "az", "file", "memory")
_INDEX = "index.html"  # what buckets answer for the address of the site itself
_CODING = "gzip"  # of objects: every client takes it, and no bucket can choose
_CLIENT: "ClientConfig" = {
    "allow_http": True,
    "timeout": timedelta(minutes=5),
    "connect_timeout": timedelta(seconds=10),
}
_RETRIES: "RetryConfig" = {"max_retries": 8, "retry_timeout": timedelta(minutes=2)}
_ENDPOINT = re.compile(r"https?://([^\s/?#:]+|\[[\da-f:.]+\])(:\d+)?(/[^\s?#]*)?")
_LONG = 400  # characters of an error
TROUBLE = (BaseError, OSError, ValueError, NotImplementedError)  # what obstore raises


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
    with named_errors(url):
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


class Bucket:
    """An object store, and the tags of what is in it; "" for what may be anything.

    Each object has the media type, the cache time and the name that the app would send, and its ETag as metadata;
    texts are compressed if they are to be `coded`. A folder has no such things, and its files are those of `build`.
    """

    def __init__(self, store: ObjectStore, url: str, is_coded: bool) -> None:
        self.url = url
        self.tags: dict[str, str] = {}
        self._is_folder = isinstance(store, LocalStore)
        self.codings = (_CODING,) if is_coded and not self._is_folder else ()
        self._store = store
        self._is_new = True  # without a manifest
        self._version: UpdateVersion = {}  # of the manifest

    def open(self, archive: Path) -> None:
        """Read the tags of what is there. Raises PublishError for a folder in the archive."""
        if isinstance(self._store, LocalStore) and Path(self._store.prefix or "/").resolve().is_relative_to(archive):
            raise PublishError(f"{self.url}: lies in the archive, which would read the site's day files")
        with suppress(FileNotFoundError):
            self._read()

    def named(self, documents: Iterable[Document]) -> dict[str, Document]:
        """Name the objects of documents."""
        return build.named_files(documents) if self._is_folder else named(documents, object_name)

    def _read(self) -> None:
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
        changed = [name for name, each in wanted.items() if again or self.tags.get(name) != self._noted(each)]
        return changed, [name for name in self.tags if name not in wanted]

    def put(self, name: str, made: Rendered) -> None:
        """Send an object, in a content coding if there is one."""
        *_, coding = made.bodies
        attributes = {} if self._is_folder else _attributes(made.document, coding)
        self._store.put(name, made.bodies[coding], attributes=attributes or None, use_multipart=False)
        self.tags[name] = self._noted(made.document)

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

    def _noted(self, document: Document) -> str:
        """Write down all by which an object may have changed; how long it may be kept does when it is of the past."""
        return f"{'-'.join((document.tag, *self.codings))} {document.cache_control}"


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
def named_errors(url: str) -> Iterator[None]:
    """Say in one line what a store has said in many."""
    try:
        yield
    except TROUBLE as error:
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
