"""The output folder of a build: replaced in one step, so that readers see the old site or the new one, never a mix.

The new site is the site before the last one, brought up to date beside the folder OUT as `.OUT.feeds/new`; then the two
folders are exchanged. This takes links to the documents that changed in the last two builds only.

    OUT                         the files, by their URLs
    .OUT.feeds/documents/       the rendered documents, named by their ETags; the files in OUT are hard links to them
    .OUT.feeds/manifest-5.json  the ETags of the files in OUT, if the inode number of that folder is 5
    .OUT.feeds/stamp-5.json     what OUT was built from, and the mtimes of its folders
    .OUT.feeds/old              the previous site, with a manifest and a stamp as well
    .OUT.feeds/unfinished       exists while a build runs, and after it was killed
    .OUT.feeds/lock             locked by the running build

The manifests are read and written as a whole, about a microsecond for each document. The files in OUT are listed, which
takes as long again, only if the mtime of a folder shows that somebody has added or removed one.
"""

import ctypes
import errno
import fcntl
import logging
import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from feeds.errors import BuildError
from feeds.files import atomic_write
from feeds.publishing.manifest import SUFFIXES, Changes, Manifest, Stamp, compare, read_manifest, read_stamp
from feeds.publishing.plan import Basis

_log = logging.getLogger(__name__)
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # rename(2)
_NO_HARD_LINKS = (errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS)
_READ_ONLY = 0o444  # OUT and the documents are the same files
_CLOCK_TICK = 0.02  # seconds; the clock that file systems take mtimes from advances every 1 to 10 ms


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
        self._unfinished = self.work / "unfinished"

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
        """Raise BuildError if a site has a file that no build wrote, because it would be lost."""
        for folder in (self.site, self._old):
            if self._is_untouched(folder) or (folder == self._old and not self._record("manifest", folder).exists()):
                continue
            known = [read_manifest(path) for path in self.work.glob("manifest-*")]
            if foreign := set(_list_entries(folder)).difference(*(manifest.file_names() for manifest in known)):
                problem = f"{folder / min(foreign)}: not created by `feeds build`"
                raise BuildError(f"{problem}; move it away, or choose another folder")

    def has_site(self) -> bool:
        """Return True if the output folder is not empty."""
        return self.site.exists() and any(self.site.iterdir())

    def read_stamp(self) -> Stamp:
        """Return the stamp of the site; an empty one after a build that was killed."""
        return Stamp() if self._unfinished.exists() else read_stamp(self._record("stamp", self.site))

    def read_manifest(self) -> Manifest:
        """Return the manifest of the site; an empty one if the folder is another one or lacks a file."""
        manifest = read_manifest(self._record("manifest", self.site))
        if not manifest.parts or self._is_untouched(self.site):
            return manifest
        entries, etags = set(_list_entries(self.site)), manifest.etags
        variants = {
            name + SUFFIXES[compression]
            for name, etag in etags.items()
            for compression in manifest.compressions
            if self.document(etag, compression).exists()
        }
        return manifest if entries >= etags.keys() | variants else Manifest([], {})

    def is_complete(self) -> bool:
        """Return True if the site has all files that the build gave it."""
        return self._is_untouched(self.site) or bool(self.read_manifest().parts)

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

    def start(self) -> None:
        """Remove what a killed build has left except its documents, and note that a build is running."""
        _remove(self.new, self._aside)
        self._unfinished.touch()

    def finish(self) -> None:
        """Note that no build is running."""
        self._unfinished.unlink()

    def remove_new(self) -> None:
        """Remove the new site."""
        _remove(self.new)

    def create_new(self, manifest: Manifest, basis: Basis | None) -> None:
        """Put the new site together from the site before the last one and links to the documents."""
        before, folders = self._reuse_old(manifest.compressions)
        changes = compare(before.parts, manifest.parts)
        self._unlink(changes, manifest.compressions)
        self._link(changes, manifest.compressions)
        folders = {folder for folder in folders | _folders_of(changes.after) if os.path.isdir(self.new / folder)}
        self._copy_permissions(folders)
        manifest.write(self._record("manifest", self.new))
        documents = sum(map(len, manifest.parts.values()))
        mtimes = {folder: os.stat(self.new / folder).st_mtime_ns for folder in folders}
        Stamp(basis, documents, mtimes).write(self._record("stamp", self.new))

    def swap_in(self) -> None:
        """Replace the site by the new one, in one step. Raises BuildError if somebody has added a file to the site."""
        _flush(self.work)  # otherwise the folder may survive a power failure and its files may not
        time.sleep(_CLOCK_TICK)  # from now on, a folder whose entries change gets another mtime
        self.check_ownership()
        if self.has_site():
            _exchange(self.new, self.site, self._aside)
            with suppress(OSError):  # the new site is in place, and the next build removes what is left
                os.rename(self.new, self._old)
        else:
            os.rename(self.new, self.site)
        with suppress(OSError):
            kept = {self._record(kind, folder) for kind in ("manifest", "stamp") for folder in (self.site, self._old)}
            for path in {*self.work.glob("manifest-*"), *self.work.glob("stamp-*")} - kept:
                path.unlink()

    def renew_stamp(self, basis: Basis | None) -> None:
        """Note that the site is also what would be built from another basis."""
        path = self._record("stamp", self.site)
        read_stamp(path)._replace(basis=basis).write(path)

    def remove_documents(self, etags: Iterable[str]) -> None:
        """Remove some documents."""
        for etag in etags:
            for compression in SUFFIXES:
                self.document(etag, compression).unlink(missing_ok=True)

    def remove_documents_except(self, etags: Iterable[str]) -> None:
        """Remove all other documents, and the temporary files of killed builds."""
        current = {etag + suffix for etag in etags for suffix in SUFFIXES.values()}
        for folder in self._documents.iterdir():
            for path in folder.iterdir():
                if path.name not in current:
                    path.unlink()

    def _is_untouched(self, folder: Path) -> bool:
        """Return True if no entry was added to the folders of a site or removed from them since its build."""
        mtimes = read_stamp(self._record("stamp", folder)).folders
        try:
            return bool(mtimes) and all(os.stat(folder / name).st_mtime_ns == mtime for name, mtime in mtimes.items())
        except FileNotFoundError:
            return False

    def _reuse_old(self, compressions: list[str]) -> tuple[Manifest, set[str]]:
        """Create the folder `new`, of the site before the last one if possible; return its manifest and folders."""
        if self._is_untouched(self._old):
            manifest = read_manifest(self._record("manifest", self._old))
            if manifest.compressions == compressions:
                folders = read_stamp(self._record("stamp", self._old)).folders
                os.rename(self._old, self.new)
                return manifest, set(folders)
        _remove(self._old)
        self.new.mkdir()
        return Manifest(compressions, {}), {""}

    def _unlink(self, changes: Changes, compressions: Iterable[str]) -> None:
        """Remove the files of the folder `new` that are gone or different, and the folders that this empties."""
        suffixes = [SUFFIXES[compression] for compression in ("", *compressions)]
        for name in changes.removed | (changes.changed.keys() & changes.before.keys()):
            for suffix in suffixes:
                with suppress(FileNotFoundError):
                    os.unlink(f"{self.new}/{name}{suffix}")
        for folder in sorted(_folders_of(changes.removed), reverse=True):  # the inner ones first
            if not os.listdir(self.new / folder):
                os.rmdir(self.new / folder)

    def _link(self, changes: Changes, compressions: Iterable[str]) -> None:
        """Link the new and different files to their documents."""
        for folder in sorted(_folders_of(changes.changed)):
            os.makedirs(self.new / folder, exist_ok=True)
        for name, etag in changes.changed.items():
            _link(self.document(etag), self.new / name)
            for compression in compressions:
                with suppress(FileNotFoundError):  # compression did not pay
                    _link(self.document(etag, compression), self.new / (name + SUFFIXES[compression]))

    def _copy_permissions(self, folders: Iterable[str]) -> None:
        """Give the folders of the new site the mode and group of the current one."""
        with suppress(FileNotFoundError):
            current = self.site.stat()
            for folder in folders:
                with suppress(PermissionError):  # not a member of the group
                    os.chown(self.new / folder, -1, current.st_gid)
                os.chmod(self.new / folder, stat.S_IMODE(current.st_mode))

    def _record(self, kind: str, folder: Path) -> Path:
        """Return the path of a folder's manifest or stamp, which stays when the folder is renamed."""
        inode = folder.stat().st_ino if folder.exists() else None
        return self.work / f"{kind}-{inode}.json"


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


def _folders_of(names: Iterable[str]) -> set[str]:
    """Return all folders that files lie in, as relative paths without the outermost."""
    folders = {os.path.dirname(name) for name in names}
    return {path for folder in folders for path in (folder, *map(str, PurePosixPath(folder).parents))} - {"", "."}


def _flush(folder: Path) -> None:
    """Write the file system of a folder to the disk; without syncfs(2) all file systems."""
    syncfs = getattr(ctypes.CDLL(None), "syncfs", None)  # Linux
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if syncfs is None or syncfs(descriptor) != 0:
            os.sync()
    finally:
        os.close(descriptor)


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
