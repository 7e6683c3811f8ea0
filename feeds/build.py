"""Writes the whole site as files that any static host serves: the old site or the new one, never half of either.

The folder OUT of the site is put together as `.OUT.feeds/new` beside it, and then both change places in one step:

    OUT                         the files, by their addresses
    .OUT.feeds/documents/       what was rendered, named by its tag; the files in OUT are links to these
    .OUT.feeds/manifest-5.json  the tags of the files in OUT, if that is folder number 5 of the file system
    .OUT.feeds/old              the site before, for those who still read it, until the next build
    .OUT.feeds/lock             held by the build that is at work

A document that has its tag is whole, whoever rendered it: a build that was killed is continued by the next one.
"""

import ctypes
import errno
import fcntl
import json
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from feeds.catalog import Catalog
from feeds.errors import BuildError
from feeds.format import Kind
from feeds.index import Progress
from feeds.plan import Document, named, steadily
from feeds.rendering import Rendered, codings_of, rendered
from feeds.site import Publication

SUFFIXES = {"": "", "gzip": ".gz", "br": ".br", "zstd": ".zst"}
"""What ends the names of files, by their content coding."""

_log = logging.getLogger(__name__)
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of rename(2)
_NO_LINKS = (errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS)  # of a file system that has none, or no more


class Manifest(NamedTuple):
    """What a site consists of: the content codings of its files besides none, and their tags by their names."""

    codings: list[str]
    tags: dict[str, str]

    def names(self) -> set[str]:
        """List the files that there are, or would be if each got smaller by every coding."""
        return {name + SUFFIXES[coding] for name in self.tags for coding in ("", *self.codings)}


_NOTHING = Manifest([], {})


class Report(NamedTuple):
    """What a build did: files in the site without their coded variants, those rendered, those removed, and errors."""

    files: int
    rendered: int
    removed: int
    errors: tuple[str, ...]


def file_name(publication: Publication) -> str:
    """Name the file of a publication, under the root of a static host: `latest.html` answers at `/latest`."""
    address = publication.key.text + publication.format.suffix
    if publication.format.kind is Kind.PAGE and not publication.format.suffix:
        return f"{address}.html" if address else "index.html"
    return address


def build(catalog: Catalog, out: Path, codings: Sequence[str], processes: int, progress: Progress) -> Report:
    """Write the site into a folder that is empty, not there yet, or of an earlier build.

    What did not change since is not rendered again; what the site no longer has is removed. A document that cannot be
    rendered stays as it was, and its error is reported. Raises BuildError where the site cannot be written, and in the
    archive itself.
    """
    try:
        home = _Home(out)
        if home.out.is_relative_to(catalog.archive.root):
            raise BuildError(f"{out}: lies in the archive, which would read the site's day files; give another folder")
        with home.locked():
            return _Build(catalog, home, codings, processes, progress).run()
    except OSError as error:
        raise BuildError(f"{error.filename or out}: {error.strerror}; the site is as it was") from error


class _Home:
    """The folder of the site, and the one beside it."""

    def __init__(self, out: Path) -> None:
        self.out = Path(os.path.realpath(out))
        if not self.out.name:
            raise BuildError(f"{self.out}: is no folder that a site could take the place of")
        self.root = self.out.with_name(f".{self.out.name}.feeds")
        self.documents = self.root / "documents"
        self.new = self.root / "new"
        self.old = self.root / "old"
        self.away = self.root / "away"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait for other builds of the same folder, and keep them waiting. Raises BuildError where it is none."""
        if self.out.exists() and not self.out.is_dir():
            raise BuildError(f"{self.out}: is no folder")
        self.require_ours()
        self.documents.mkdir(parents=True, exist_ok=True)
        file = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _log.warning("%s: another build is at work; waiting for it", self.out)
                fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)

    def require_ours(self) -> None:
        """Raise BuildError where the folder has something in it that no build wrote, for it would be lost."""
        known = [_read(path) for path in self.root.glob("manifest-*")]
        if foreign := set(_names(self.out)).difference(*(each.names() for each in known)):
            raise BuildError(f"{self.out / min(foreign)}: no build wrote this; move it away, or give another folder")

    def manifest(self) -> Manifest:
        """Read what the site consists of; nothing, if it was moved here or has lost a file."""
        found = set(_names(self.out))
        manifest = _read(self._manifest(self.out)) if found else _NOTHING
        coded = ((name, tag, coding) for name, tag in manifest.tags.items() for coding in manifest.codings)
        wanted = {name + SUFFIXES[coding] for name, tag, coding in coded if self.document(tag, coding).exists()}
        return manifest if {*manifest.tags, *wanted} <= found else _NOTHING

    def document(self, tag: str, coding: str = "") -> Path:
        """Say where a document is, or will be."""
        return self.documents / tag[:2] / (tag + SUFFIXES[coding])

    def open_up(self) -> None:
        """Let those look into the new folder, and what is in it, who may look into the one that is to be seen."""
        with suppress(FileNotFoundError):
            seen = self.out.stat()
            for folder, _, _ in os.walk(self.new):
                with suppress(PermissionError):  # a group that is not ours to give
                    os.chown(folder, -1, seen.st_gid)
                os.chmod(folder, stat.S_IMODE(seen.st_mode))

    def show(self, manifest: Manifest) -> None:
        """Make the new folder the one that is to be seen, in one step."""
        self._manifest(self.new).write_text(json.dumps(manifest._asdict(), ensure_ascii=False, indent=0), "utf-8")
        os.sync()  # else after a power cut the folder may be there and what is in it not
        if _names(self.out):
            _swap(self.new, self.out, self.away)
            with suppress(OSError):  # the new site is to be seen, and the next build tidies up
                os.rename(self.new, self.old)
        else:
            os.rename(self.new, self.out)
        with suppress(OSError):
            for path in self.root.glob("manifest-*"):
                if path != self._manifest(self.out):
                    path.unlink()

    def drop(self, *folders: Path) -> None:
        """Remove folders, if they are there."""
        for folder in folders:
            if folder.exists():
                shutil.rmtree(folder)

    def drop_documents(self, tags: Iterable[str]) -> None:
        """Remove the documents that have none of some tags, and what killed builds were writing."""
        known = {tag + suffix for tag in tags for suffix in SUFFIXES.values()}
        for folder in self.documents.iterdir():
            for path in folder.iterdir():
                if path.name not in known:
                    path.unlink()

    def _manifest(self, folder: Path) -> Path:
        """Say where the manifest of a folder is: another folder under the same name has another one."""
        return self.root / f"manifest-{folder.stat().st_ino}.json"


class _Build:
    def __init__(
        self, catalog: Catalog, home: _Home, codings: Sequence[str], processes: int, progress: Progress
    ) -> None:
        self._catalog = catalog
        self._home = home
        self._codings = codings
        self._processes = processes
        self._progress = progress
        self._before = home.manifest()
        self._files: dict[str, str] = {}
        self._errors: list[str] = []
        self._written: list[Path] = []
        self._rendered = 0

    def run(self) -> Report:
        """Render what has changed, put the new site together and show it."""
        home = self._home
        home.drop(home.new, home.away)  # of a build that was killed
        try:
            steadily(self._catalog, self._fill)
            after = Manifest(list(self._codings), self._files)
            if after != self._before:
                home.drop(home.old)
                self._put_together(after)
                home.require_ours()  # still
                home.show(after)
        except OSError:
            for path in self._written:  # if the disk is full, others need the room
                path.unlink(missing_ok=True)
            home.drop(home.new)
            raise
        with suppress(OSError):  # the next build tidies up as well
            home.drop_documents(self._files.values())
        removed = len(self._before.tags.keys() - self._files.keys())
        return Report(len(self._files), self._rendered, removed, tuple(self._errors))

    def _fill(self, documents: list[Document]) -> None:
        """Render the documents that are not there, and note which file is which."""
        self._errors.clear()
        self._files = {name: document.tag for name, document in named_files(documents).items()}
        missing = [document for document in documents if not self._is_there(document)]
        made = rendered(self._catalog, missing, self._codings, self._processes)
        for _ in self._progress(map(self._keep, made), len(missing)):
            pass

    def _is_there(self, document: Document) -> bool:
        """Whether a document has been rendered, and coded as is wanted now."""
        try:
            size = self._home.document(document.tag).stat().st_size
        except FileNotFoundError:
            return False
        codings = codings_of(document.publication.format.media_type, size, self._codings)
        return all(self._home.document(document.tag, coding).exists() for coding in codings)

    def _keep(self, made: Rendered) -> str:
        """Keep what was rendered, the document itself last; a file that could not be stays as it was."""
        name, tag = file_name(made.document.publication), made.document.tag
        if made.error:
            self._errors.append(made.error)
            if name in self._before.tags:
                self._files[name] = self._before.tags[name]
            else:
                del self._files[name]
            return name
        self._files[name] = tag
        self._rendered += 1
        for coding, body in reversed(list(made.bodies.items())):
            path, shown = self._home.document(tag, coding), self._home.out / (name + SUFFIXES[coding])
            path.parent.mkdir(exist_ok=True)
            if shown.exists() and shown.read_bytes() == body:  # under another tag; it stays the same file
                path.unlink(missing_ok=True)
                _link(shown, path)
            else:
                self._write(path, body, self._time(name, made.document))
            self._written.append(path)
        return name

    def _time(self, name: str, document: Document) -> float | None:
        """Date a file as the app does, but later than the one it replaces: web servers tell files by their dates."""
        dated = document.modified.timestamp() if document.modified else None
        if dated and self._before.tags.get(name, document.tag) != document.tag:
            with suppress(FileNotFoundError):
                dated = max(dated, (self._home.out / name).stat().st_mtime + 1)
        return dated

    def _write(self, path: Path, body: bytes, dated: float | None) -> None:
        """Put a file in place whole, which nobody may write to: sites share it."""
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            try:
                file.write(body)
                file.flush()
                os.chmod(file.name, 0o444)
                if dated is not None:
                    os.utime(file.name, (dated, min(dated, os.stat(file.name).st_mtime)))  # not in the future
                os.replace(file.name, path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise

    def _put_together(self, manifest: Manifest) -> None:
        """Link the files of a site into the new folder."""
        for folder in sorted({os.path.dirname(name) for name in ("", *manifest.tags)}):
            (self._home.new / folder).mkdir(parents=True, exist_ok=True)
        for name, tag in manifest.tags.items():
            _link(self._home.document(tag), self._home.new / name)
            for coding in manifest.codings:
                with suppress(FileNotFoundError):  # not all get smaller
                    _link(self._home.document(tag, coding), self._home.new / (name + SUFFIXES[coding]))
        self._home.open_up()


def named_files(documents: Iterable[Document]) -> dict[str, Document]:
    """Name the files of documents. Raises BuildError for names that no folder can hold."""
    files = named(documents, file_name)
    for name in files:
        for folder in PurePosixPath(name).parents:
            if str(folder) in files:
                raise BuildError(f"{folder}: would be a file, and the folder of {name}")
    return files


def _read(path: Path) -> Manifest:
    """Read a manifest; one that is not there, or broken, has nothing in it."""
    with suppress(FileNotFoundError, ValueError, TypeError):
        return Manifest(**json.loads(path.read_bytes()))
    return _NOTHING


def _link(document: Path, path: Path) -> None:
    """Put a document into a site; as a copy, on a file system without links."""
    try:
        os.link(document, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copy2(document, path)


def _names(folder: Path) -> list[str]:
    """List what is under a folder but for the folders that hold something; nothing where there is no folder."""
    found: list[str] = []
    for at, folders, files in os.walk(folder):
        links = (name for name in folders if os.path.islink(os.path.join(at, name)))
        found += (os.path.join(at, name) for name in (*files, *links))
        if not folders and not files and at != os.fspath(folder):
            found.append(at)
    root = os.path.join(folder, "")
    return [path.removeprefix(root) for path in found]  # relpath() would take seconds


def _swap(one: Path, other: Path, away: Path) -> None:
    """Let two folders change places in one step; in two, where system or file system have no such step."""
    exchange = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)  # Linux
    if exchange and exchange(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return
    if exchange and ctypes.get_errno() not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), os.fspath(other))
    os.rename(other, away)
    os.rename(one, other)
    os.rename(away, one)
