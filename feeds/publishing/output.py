"""The folder of a site: the old site or the new one is to be seen, never half of either.

The folder OUT is put together as `.OUT.feeds/new` beside it, and then both change places in one step:

    OUT                         the files, by their addresses
    .OUT.feeds/documents/       what was rendered, named by its tag; the files in OUT are links to these
    .OUT.feeds/manifest-5.json  the tags of the files in OUT, if that is folder number 5 of the file system
    .OUT.feeds/old              the site before, for those who still read it, until there is another one
    .OUT.feeds/lock             held by the build that is at work
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


class Output:
    """The folder of the site, and the one beside it."""

    def __init__(self, out: Path) -> None:
        self.shown = Path(os.path.realpath(out))
        if not self.shown.name:
            raise BuildError(f"{self.shown}: is no folder that a site could take the place of")
        self.root = self.shown.with_name(f".{self.shown.name}.feeds")
        self.documents = self.root / "documents"
        self.new = self.root / "new"
        self.old = self.root / "old"
        self.away = self.root / "away"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait for other builds of the same folder, and keep them waiting. Raises BuildError where it is not ours."""
        if self.shown.exists() and not self.shown.is_dir():
            raise BuildError(f"{self.shown}: is no folder")
        if not self.root.exists():
            self.require_ours()  # and leave nothing beside it
        self.documents.mkdir(parents=True, exist_ok=True)
        file = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _log.warning("%s: another build is at work; waiting for it", self.shown)
                fcntl.flock(file, fcntl.LOCK_EX)
            self.require_ours()
            yield
        finally:
            os.close(file)

    def require_ours(self) -> None:
        """Raise BuildError where the folder has something in it that no build wrote, for it would be lost."""
        known = [_read(path) for path in self.root.glob("manifest-*")]
        if foreign := set(_names(self.shown)).difference(*(each.names() for each in known)):
            what = f"{self.shown / min(foreign)}: {self.root.name} knows no build that wrote this"
            raise BuildError(f"{what}; move it away, or give another folder")

    def manifest(self) -> Manifest:
        """Read what the site consists of; nothing, if it was moved here or has lost a file."""
        found = set(_names(self.shown))
        manifest = _read(self._manifest(self.shown)) if found else _NOTHING
        coded = ((name, tag, coding) for name, tag in manifest.tags.items() for coding in manifest.codings)
        wanted = {name + SUFFIXES[coding] for name, tag, coding in coded if self.document(tag, coding).exists()}
        return manifest if {*manifest.tags, *wanted} <= found else _NOTHING

    def document(self, tag: str, coding: str = "") -> Path:
        """Say where a document is, or will be."""
        return self.documents / tag[:2] / (tag + SUFFIXES[coding])

    def open_up(self) -> None:
        """Let those look into the new folder, and what is in it, who may look into the one that is to be seen."""
        with suppress(FileNotFoundError):
            seen = self.shown.stat()
            for folder, _, _ in os.walk(self.new):
                with suppress(PermissionError):  # a group that is not ours to give
                    os.chown(folder, -1, seen.st_gid)
                os.chmod(folder, stat.S_IMODE(seen.st_mode))

    def show(self, manifest: Manifest) -> None:
        """Make the new folder the one that is to be seen, in one step."""
        self._manifest(self.new).write_text(json.dumps(manifest._asdict(), ensure_ascii=False, indent=0), "utf-8")
        os.sync()  # else after a power cut the folder may be there and what is in it not
        if _names(self.shown):
            _swap(self.new, self.shown, self.away)
            with suppress(OSError):  # the new site is to be seen, and the next build tidies up
                os.rename(self.new, self.old)
        else:
            os.rename(self.new, self.shown)
        with suppress(OSError):
            for path in self.root.glob("manifest-*"):
                if path != self._manifest(self.shown):
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


def link(file: Path, path: Path) -> None:
    """Let a file be at another path too; as a copy, on a file system without links."""
    try:
        os.link(file, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        part = path.with_name(f"{path.name}.part")
        shutil.copy2(file, part)
        os.replace(part, path)


def _read(path: Path) -> Manifest:
    """Read a manifest; one that is not there, or broken, has nothing in it."""
    with suppress(FileNotFoundError, ValueError, TypeError):
        manifest = Manifest(**json.loads(path.read_bytes()))
        if SUFFIXES.keys() >= set(manifest.codings):  # else it is of another version
            return manifest
    return _NOTHING


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
