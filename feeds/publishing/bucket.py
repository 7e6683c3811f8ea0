"""Object stores by URL: buckets of cloud providers and folders, with a manifest of what was published there.

The manifest is the object `.feeds-manifest.json.gz`. It holds the ETag of each object, and what the site was made from.
"""

import gzip
import json
import logging
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import LocalStore, ObjectStore, from_url

from feeds.errors import FeedsError, PublishError
from feeds.publishing.plan import Basis, Plan, file_name, name_files, name_objects, names_by_part, object_name
from feeds.publishing.pool import RenderResult
from feeds.publishing.representation import Representation

if TYPE_CHECKING:
    from obstore import UpdateVersion
    from obstore.store import ClientConfig, RetryConfig

_log = logging.getLogger(__name__)
MANIFEST = ".feeds-manifest.json.gz"
SCHEMES = ("s3", "gs", "az", "file", "memory")
STORE_ERRORS = (BaseError, OSError, ValueError, NotImplementedError)  # what obstore raises
_COMPRESSION = "gzip"  # every client accepts it, and buckets do not negotiate
_HEADERS = ("Content-Type", "Cache-Control", "Content-Disposition")  # which all buckets store
_CLIENT: "ClientConfig" = {
    "allow_http": True,
    "timeout": timedelta(minutes=5),
    "connect_timeout": timedelta(seconds=10),
}
_RETRIES: "RetryConfig" = {"max_retries": 8, "retry_timeout": timedelta(minutes=2)}
_ENDPOINT = re.compile(r"https?://([^\s/?#:]+|\[[\da-f:.]+\])(:\d+)?(/[^\s?#]*)?")
_MAX_MESSAGE = 400  # characters
# obstore asks the cloud's metadata service where the environment has no credentials.
_NO_CREDENTIALS = ("/latest/api/token", "/computeMetadata/", "/metadata/identity/", "Account must be specified")
_REFUSALS = ("401 Unauthorized", "403 Forbidden", "PermissionDenied", "Unauthenticated")
_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for a store other than Amazon's also AWS_ENDPOINT_URL",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS to the path of a service account's key file",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}


def open_store(url: str) -> ObjectStore:
    """Open an object store; its credentials are taken from the environment.

    Raises FeedsError if the URL or the endpoint is wrong, and PublishError if the store cannot be opened.
    """
    scheme, separator, rest = url.partition("://")
    if scheme not in SCHEMES or not separator:
        schemes = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise FeedsError(f"{url}: not the URL of a store; write one that begins with {schemes}")
    if scheme in _CREDENTIALS and not rest.strip("/"):
        raise FeedsError(f"{url}: has no bucket; write its name, as in {scheme}://papers")
    if character := re.search("[?#]", url):
        raise FeedsError(f"{url}: the URL of a store cannot contain {character.group()}")
    if scheme == "file" and not re.match("/.*[^/]", os.path.normpath(unquote(url.removeprefix("file://")))):
        raise FeedsError(f"{url}: write the absolute path of a folder, as in file:///srv/papers")
    if scheme == "s3":
        _check_endpoint()
    with translated_errors(url):
        if scheme == "file":
            return from_url(url, mkdir=True, automatic_cleanup=True)
        if scheme == "memory":
            return from_url(url)
        return from_url(url, client_options=_CLIENT, retry_config=_RETRIES)


def _check_endpoint() -> None:
    """Raise FeedsError for an endpoint that is not a URL, on which obstore panics."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT"):
        if (value := os.environ.get(name)) and not _ENDPOINT.fullmatch(value):
            raise FeedsError(f"{name}: {value!r} is not a URL; write one like https://s3.example.org")


class Bucket:
    """An object store and its manifest.

    Objects have the headers that the app would send, as far as buckets store them, and their ETag as metadata. In a
    folder there are neither: its files are those of `build`.

    Args:
        store: the opened store.
        url: its URL, for messages.
        compress: whether to compress texts; never done in a folder.
    """

    def __init__(self, store: ObjectStore, url: str, compress: bool) -> None:
        self.url = url
        self.manifest: dict[str, str] = {}
        """What each object was published as; "" if that is not known."""
        self.basis: Basis | None = None
        """What the objects were made from; None if not all are of one site."""
        self._names: dict[str, dict[str, None]] = {}  # of objects, by part of the site
        self._is_folder = isinstance(store, LocalStore)
        self.compressions = (_COMPRESSION,) if compress and not self._is_folder else ()
        self._store = store
        self._has_manifest = False
        self._version: UpdateVersion = {}  # of the manifest

    def open(self, archive: Path) -> None:
        """Read the manifest. Raises PublishError for a folder in the archive."""
        if isinstance(self._store, LocalStore) and Path(self._store.prefix or "/").resolve().is_relative_to(archive):
            raise PublishError(
                f"{self.url}: lies in the archive, which would read it as digests; choose another folder"
            )
        with suppress(FileNotFoundError):
            self._read_manifest()

    def name(self, plan: Plan) -> dict[str, Representation]:
        """Map the names of objects to the documents of a plan. Raises BuildError."""
        return name_files(plan.documents) if self._is_folder else name_objects(plan.documents)

    def object_name(self, representation: Representation) -> str:
        """Return the name of a document's object."""
        return file_name(representation) if self._is_folder else object_name(representation)

    def diff(self, plan: Plan, wanted: Mapping[str, Representation], force: bool) -> tuple[list[str], list[str]]:
        """List the names of the objects to send, all of a plan with `force`, and of those to remove.

        Raises PublishError if the bucket has no manifest but an object with one of the names.
        """
        if not self._has_manifest and not force:
            names = (entry["path"] for page in self._store.list() for entry in page)
            if foreign := next((name for name in names if name in wanted), None):
                raise PublishError(f"{self.url}: contains {foreign}, but no manifest; --force overwrites it")
        changed = [
            name
            for name, representation in wanted.items()
            if force or self.manifest.get(name) != self._manifest_entry(representation, representation.etag)
        ]
        kept = wanted.keys() | set().union(*(names for part, names in self._names.items() if not plan.replaces(part)))
        return changed, [name for name in self.manifest if name not in kept]

    def invalidate(
        self, plan: Plan, wanted: Mapping[str, Representation], changed: Iterable[str], obsolete: Sequence[str]
    ) -> None:
        """Forget what some objects were published as, before they are sent or removed."""
        self.basis = None
        self._names = {part: names for part, names in self._names.items() if not plan.replaces(part)}
        for part, names in (*names_by_part(wanted).items(), ("", dict.fromkeys(obsolete))):
            self._names[part] = {**self._names.get(part, {}), **names}
        self.manifest |= dict.fromkeys((*changed, *obsolete), "")

    def put(self, name: str, representation: Representation, result: RenderResult, headers: Mapping[str, str]) -> None:
        """Send an object, compressed if it was; `headers` are those of its document."""
        compression = list(result.bodies)[-1]
        attributes = {header: headers[header] for header in _HEADERS if header in headers}
        attributes["etag"] = f'"{result.etag}"'  # as metadata: a bucket's own ETags are not ours
        if compression:
            attributes |= {"Content-Encoding": compression, "etag": f'"{result.etag}-{compression}"'}
        self._store.put(
            name, result.bodies[compression], attributes=None if self._is_folder else attributes, use_multipart=False
        )
        self.manifest[name] = self._manifest_entry(representation, result.etag)

    def remove(self, names: list[str]) -> None:
        """Remove objects, of which some may be gone already."""
        try:
            self._store.delete(names)
        except FileNotFoundError:
            for name in names:
                with suppress(FileNotFoundError):
                    self._store.delete(name)
        for name in names:
            del self.manifest[name]

    def write_manifest(self) -> None:
        """Write the manifest. Raises PublishError if another run has written it in between."""
        parts = {
            part: {name: self.manifest[name] for name in names if name in self.manifest}
            for part, names in self._names.items()
        }
        content = {"basis": self.basis, "parts": parts}
        body = gzip.compress(json.dumps(content, ensure_ascii=False, indent=0).encode(), mtime=0)
        if self._is_folder:
            self._store.put(MANIFEST, body)
        else:
            self._put_manifest(body)
        self._has_manifest = True

    def _put_manifest(self, body: bytes) -> None:
        attributes = {"Content-Type": "application/gzip", "Cache-Control": "no-store"}
        try:
            response = self._store.put(MANIFEST, body, attributes=attributes, mode=self._version or "create")
        except (AlreadyExistsError, PreconditionError) as error:
            current = self._store.get(MANIFEST)
            if bytes(current.bytes()) != body:  # otherwise ours was written, and only the response was lost
                message = f"{self.url}: another run is publishing here; when it has ended, use --force"
                raise PublishError(message) from error
            self._version = _version(current.meta["e_tag"], current.meta["version"])
        else:
            self._version = _version(response["e_tag"], response["version"])

    def _read_manifest(self) -> None:
        response = self._store.get(MANIFEST)
        self._has_manifest = True
        self._version = _version(response.meta["e_tag"], response.meta["version"])
        try:
            content = json.loads(gzip.decompress(bytes(response.bytes())))
            basis, parts = (content["basis"], content["parts"]) if "parts" in content else (None, {"": content})
            self.basis = basis and Basis(*basis)
            self._names = {part: dict.fromkeys(entries) for part, entries in parts.items()}
            self.manifest = {name: entry for entries in parts.values() for name, entry in entries.items()}
        except (ValueError, TypeError, AttributeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            _log.warning("%s/%s: corrupt (%s); sending everything", self.url, MANIFEST, error)

    def _manifest_entry(self, representation: Representation, etag: str) -> str:
        """Return a text that changes when the object would: with its bytes, its compression or its Cache-Control."""
        return f"{'-'.join((etag, *self.compressions))} {representation.cache_control}"


def _version(e_tag: str | None, version: str | None) -> "UpdateVersion":
    """Return the precondition of a conditional write; stores differ in what they offer."""
    precondition: UpdateVersion = {}
    if e_tag:
        precondition["e_tag"] = e_tag
    if version:
        precondition["version"] = version
    return precondition


@contextmanager
def translated_errors(url: str) -> Iterator[None]:
    """Raise PublishError, with a message of one line, for every error of a store."""
    try:
        yield
    except STORE_ERRORS as error:
        raise PublishError(f"{url}: {_explain(url, error)}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # obstore does not export it
            raise
        raise PublishError(f"{url}: {_shorten(error)}") from error


def _explain(url: str, error: BaseException) -> str:
    """Return the cause of an error, and what to do, for a person who does not know obstore."""
    text = str(error)
    variables = _CREDENTIALS.get(url.partition("://")[0])
    if variables is None:
        return f"{_shorten(error)}; check that the folder can be written"
    if any(sign in text for sign in _NO_CREDENTIALS):
        return f"there are no credentials; set {variables}"
    if any(refusal in text for refusal in _REFUSALS):
        return f"{_shorten(error)}; if the credentials are wrong, set {variables}"
    if isinstance(error, FileNotFoundError) or "404 Not Found" in text:  # only objects that must exist are read
        return "there is no such bucket; create it, or correct the name"
    return _shorten(error)


def _shorten(error: BaseException) -> str:
    """Return the first line of an error, cut in the middle: stores name all objects of a request, up to a thousand."""
    line = str(error).partition("\n")[0].strip() or type(error).__name__
    return line if len(line) <= _MAX_MESSAGE else f"{line[: _MAX_MESSAGE // 2]} … {line[-_MAX_MESSAGE // 2 :]}"
