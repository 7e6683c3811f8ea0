"""The output folder of a build: replaced in one step, so that readers see the old site or the new one, never a mix.

A new site is put together beside the folder OUT as `.OUT.feeds/new`, then the two folders are exchanged:

    OUT                         the files, by their URLs
    .OUT.feeds/documents/       the rendered documents, named by their ETags; the files in OUT are hard links to them
    .OUT.feeds/manifest-5.json  the ETags of the files in OUT, if the inode number of that folder is 5
    .OUT.feeds/old              the previous site, for programs that still read it, until the next change
    .OUT.feeds/lock             locked by the running build
"""

import ctypes
import errno
import fcntl
import json
import logging
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from feeds.errors import BuildError
from feeds.files import atomic_write

SUFFIXES = {"": "", "gzip": ".gz", "br": ".br", "zstd": ".zst"}
"""The suffixes of files by compression, "" for none."""

_log = logging.getLogger(__name__)
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # rename(2)
_NO_HARD_LINKS = (errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS)
_READ_ONLY = 0o444  # OUT and the documents are the same files


class Manifest(NamedTuple):
    """What a site consists of: the ETags of its documents by file, and the compressions of their variants."""

    compressions: list[str]
    etags: dict[str, str]

    def file_names(self) -> set[str]:
        """List the files, with all variants even where compression did not pay."""
        return {name + SUFFIXES[compression] for name in self.etags for compression in ("", *self.compressions)}


_EMPTY = Manifest([], {})


class Output:
    """The output folder and the work folder beside it."""

    def __init__(self, out: Path) -> None:
        self.site = Path(os.path.realpath(out))
        if not self.site.name:
            raise BuildError(f"{self.site}: cannot be used as the output folder; choose another one")
        self.work = self.site.with_name(f".{self.site.name}.feeds")
        self.new = self.work / "new"
        self._documents = self.work / "documents"
        self._old = self.work / "old"
        self._aside = self.work / "away"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock of the output folder, after other builds of it have ended.

        Raises BuildError if it is not a folder, or has a file that no build wrote.
        """
        if self.site.exists() and not self.site.is_dir():
            raise BuildError(f"{self.site}: not a folder; choose another one")
        if not self.work.exists():
            self.check_ownership()  # before the work folder is created
        self._documents.mkdir(parents=True, exist_ok=True)
        file = os.open(self.work / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _log.warning("%s: waiting for another build to end", self.site)
                fcntl.flock(file, fcntl.LOCK_EX)
            self.check_ownership()
            yield
        finally:
            os.close(file)

    def check_ownership(self) -> None:
        """Raise BuildError if the site has a file that no build wrote, because it would be lost."""
        known = [_read_manifest(path) for path in self.work.glob("manifest-*")]
        if foreign := set(_list_entries(self.site)).difference(*(manifest.file_names() for manifest in known)):
            problem = f"{self.site / min(foreign)}: not created by `feeds build`"
            raise BuildError(f"{problem}; move it away, or choose another folder")

    def has_site(self) -> bool:
        """Return True if the output folder is not empty."""
        return bool(_list_entries(self.site))

    def read_manifest(self) -> Manifest:
        """Return the manifest of the site; an empty one if the folder is another one or lacks a file."""
        entries = set(_list_entries(self.site))
        manifest = _read_manifest(self._manifest_of(self.site)) if entries else _EMPTY
        variants = {
            name + SUFFIXES[compression]
            for name, etag in manifest.etags.items()
            for compression in manifest.compressions
            if self.document(etag, compression).exists()
        }
        return manifest if entries >= manifest.etags.keys() | variants else _EMPTY

    def document(self, etag: str, compression: str = "") -> Path:
        """Return the path of a rendered document, whether it exists or not."""
        return self._documents / etag[:2] / (etag + SUFFIXES[compression])

    def write_document(self, path: Path, body: bytes, name: str, mtime: float | None) -> None:
        """Write a rendered document that becomes a file of the site.

        If that file has the same content under an older ETag, it is kept with its inode and mtime.
        """
        path.parent.mkdir(exist_ok=True)
        current = self.site / name
        if current.exists() and current.read_bytes() == body:
            path.unlink(missing_ok=True)
            _link(current, path)
        else:
            atomic_write(path, body, mode=_READ_ONLY, mtime=mtime)

    def remove_leftovers(self) -> None:
        """Remove what a killed build has left except its documents."""
        _remove(self.new, self._aside)

    def remove_new(self) -> None:
        """Remove the new site."""
        _remove(self.new)

    def create_new(self, manifest: Manifest) -> None:
        """Put the new site together from links to the documents."""
        _remove(self._old)
        for folder in sorted({os.path.dirname(name) for name in ("", *manifest.etags)}):
            (self.new / folder).mkdir(parents=True, exist_ok=True)
        for name, etag in manifest.etags.items():
            _link(self.document(etag), self.new / name)
            for compression in manifest.compressions:
                with suppress(FileNotFoundError):  # compression did not pay
                    _link(self.document(etag, compression), self.new / (name + SUFFIXES[compression]))
        self._copy_permissions()

    def swap_in(self, manifest: Manifest) -> None:
        """Replace the site by the new one, in one step. Raises BuildError if somebody has added a file to the site."""
        self.check_ownership()
        content = {"codings": manifest.compressions, "tags": manifest.etags}
        self._manifest_of(self.new).write_text(json.dumps(content, ensure_ascii=False, indent=0), "utf-8")
        os.sync()  # otherwise the folder may survive a power failure and its files may not
        if _list_entries(self.site):
            _exchange(self.new, self.site, self._aside)
            with suppress(OSError):  # the new site is in place, and the next build removes what is left
                os.rename(self.new, self._old)
        else:
            os.rename(self.new, self.site)
        with suppress(OSError):
            for path in self.work.glob("manifest-*"):
                if path != self._manifest_of(self.site):
                    path.unlink()

    def remove_documents_except(self, etags: Iterable[str]) -> None:
        """Remove all other documents, and the temporary files of killed builds."""
        current = {etag + suffix for etag in etags for suffix in SUFFIXES.values()}
        for folder in self._documents.iterdir():
            for path in folder.iterdir():
                if path.name not in current:
                    path.unlink()

    def _copy_permissions(self) -> None:
        """Give the folders of the new site the mode and group of the current one."""
        with suppress(FileNotFoundError):
            current = self.site.stat()
            for folder, _, _ in os.walk(self.new):
                with suppress(PermissionError):  # not a member of the group
                    os.chown(folder, -1, current.st_gid)
                os.chmod(folder, stat.S_IMODE(current.st_mode))

    def _manifest_of(self, folder: Path) -> Path:
        """Return the path of a folder's manifest, which stays when the folder is renamed."""
        return self.work / f"manifest-{folder.stat().st_ino}.json"


def _remove(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)


def _link(source: Path, target: Path) -> None:
    """Create a hard link, or a copy on a file system without links."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        atomic_write(target, source.read_bytes(), mode=_READ_ONLY, mtime=source.stat().st_mtime)


def _read_manifest(path: Path) -> Manifest:
    """Read a manifest; an empty one if the file is missing, corrupt or of another version."""
    with suppress(FileNotFoundError, ValueError, TypeError, KeyError):
        content = json.loads(path.read_bytes())
        manifest = Manifest(content["codings"], content["tags"])
        if SUFFIXES.keys() >= set(manifest.compressions):
            return manifest
    return _EMPTY


def _list_entries(folder: Path) -> list[str]:
    """List the relative paths of all files, links and empty folders; none if the folder does not exist."""
    entries: list[str] = []
    for parent, folders, files in os.walk(folder):
        links = (name for name in folders if os.path.islink(os.path.join(parent, name)))
        entries += (os.path.join(parent, name) for name in (*files, *links))
        if not folders and not files and parent != os.fspath(folder):
            entries.append(parent)
    root = os.path.join(folder, "")
    return [path.removeprefix(root) for path in entries]  # os.path.relpath would take seconds


def _exchange(one: Path, other: Path, aside: Path) -> None:
    """Exchange two folders in one step, or in two renames where the system or file system cannot."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)  # Linux
    paths = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other))
    if renameat2 and renameat2(*paths, _RENAME_EXCHANGE) == 0:
        return
    if renameat2 and ctypes.get_errno() not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), os.fspath(other))
    os.rename(other, aside)
    os.rename(one, other)
    os.rename(aside, one)
