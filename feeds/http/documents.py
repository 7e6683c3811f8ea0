"""The document cache: a bounded folder of files, in which each worker finds what the others and earlier ones rendered.

A file is called after an ETag, and the content coding if there is one; what it holds never changes. It begins with a
digest of the rest, so that a truncated or altered file is noticed, removed and rendered again. The folder may be
deleted at any time. A disk that is full, read-only or broken costs speed, and never an answer.

While a process makes a document, it locks one byte of the file `lock`, at a place computed from the document's name
(POSIX locks end with their process). The file itself holds the number of bytes in the folder, so that the folder is
listed only when it is full. Then the documents that were used longest ago are removed, until three quarters are left.
"""

import errno
import fcntl
import hashlib
import logging
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4
from weakref import finalize

from feeds.http.limits import CHUNK, DOCUMENT_CACHE_BYTES

_DIGEST_SIZE = 32
_KEPT_SHARE = 0.75  # of `max_bytes`, after documents were removed
_USE_INTERVAL = 60  # seconds; how exactly the last use of a document is remembered
_LEFTOVER_AGE = 3600  # seconds after which a file that was never finished is removed
_MAX_WAIT = 120.0  # seconds to wait for another process to make a document
_PAUSE = 0.02  # seconds between two looks
_TOTAL = struct.Struct("<Q")  # the number at the start of `lock`
_log = logging.getLogger(__name__)


class StoredDocument:
    """An open document: an iterator over its chunks. It stays whole if the cache removes its file.

    The file is closed with it, or when nothing refers to it any more: nobody closes a response that an error replaces.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self.size = size
        self._descriptor = descriptor
        self._position = 0
        self._close = finalize(self, os.close, descriptor)

    def __iter__(self) -> "StoredDocument":
        return self

    def __next__(self) -> bytes:
        if chunk := os.pread(self._descriptor, CHUNK, _DIGEST_SIZE + self._position):
            self._position += len(chunk)
            return chunk
        if self._position < self.size:
            raise OSError(errno.EIO, "the document has been truncated")
        raise StopIteration

    def read(self) -> bytes:
        """Return the rest of the document."""
        return b"".join(self)

    def seekable(self) -> bool:
        """Tell Werkzeug that it may `seek` to the start of a range."""
        return True

    def seek(self, position: int) -> None:
        """Continue at a position in the document."""
        self._position = position

    def tell(self) -> int:
        """Return the position in the document."""
        return self._position

    def close(self) -> None:
        """Close the file."""
        self._close()


class DocumentCache:
    """The documents in a folder, at most `max_bytes` of them. Threads and processes may share it."""

    def __init__(self, folder: Path, max_bytes: int = DOCUMENT_CACHE_BYTES) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self._lock = threading.Lock()  # POSIX locks do not exclude threads
        self._lock_file: int | None = None
        self._verified: dict[str, tuple[int, int, int]] = {}
        self._error = ""

    def __reduce__(self) -> tuple[type["DocumentCache"], tuple[Path, int]]:
        return type(self), (self.folder, self.max_bytes)

    def find(self, name: str) -> StoredDocument | None:
        """Open a document; None if it is missing or damaged. A damaged one is removed."""
        path = self.folder / name
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            return None
        try:
            status = os.fstat(descriptor)
            is_whole = self._is_whole(descriptor, name, status)
            if is_whole and time.time() - status.st_atime > _USE_INTERVAL:
                with suppress(OSError):
                    os.utime(
                        path, ns=(time.time_ns(), status.st_mtime_ns)
                    )  # not every file system counts reads as uses
        except OSError:
            is_whole = False
        if is_whole:
            return StoredDocument(descriptor, status.st_size - _DIGEST_SIZE)
        os.close(descriptor)
        _log.warning("%s: damaged; it is rendered again", path)
        with suppress(OSError):
            path.unlink()
        return None

    def contains(self, name: str) -> bool:
        """Return True if there is a document, which may yet be found damaged."""
        return (self.folder / name).is_file()

    def store(self, name: str, body: bytes) -> bool:
        """Keep a document; False if that is not possible, with one line in the log if the disk is why."""
        size = _DIGEST_SIZE + len(body)
        if size > self.max_bytes * _KEPT_SHARE:
            return False
        temporary = self.folder / f".{uuid4().hex}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._reserve(size)
            try:
                with temporary.open("xb") as file:
                    file.write(hashlib.sha256(body).digest())
                    file.write(body)
                temporary.replace(self.folder / name)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        except OSError as error:
            self._log_once(f"{self.folder}: cannot keep documents: {error.strerror}; each worker renders its own")
            return False
        self._error = ""
        return True

    @contextmanager
    def making(self, name: str) -> Iterator[None]:
        """Let one process at a time make the document with a name; the others wait, and then look for it with `find`.

        Nobody waits for longer than two minutes, nor where the folder cannot be written.
        """
        digest = hashlib.sha256(name.encode()).digest()
        place = _TOTAL.size + int.from_bytes(digest[:7], "little")
        deadline = time.monotonic() + _MAX_WAIT
        try:
            while not (is_locked := self._try_lock(place)) and time.monotonic() < deadline:
                time.sleep(_PAUSE)
        except OSError:
            is_locked = False
        try:
            yield
        finally:
            if is_locked:
                with suppress(OSError):
                    fcntl.lockf(self._open_lock_file(), fcntl.LOCK_UN, 1, place)

    def _is_whole(self, descriptor: int, name: str, status: os.stat_result) -> bool:
        """Compare a file with its digest, unless this process has done so."""
        signature = (status.st_ino, status.st_size, status.st_mtime_ns)
        if self._verified.get(name) != signature:
            with open(descriptor, "rb", closefd=False) as file:
                digest = file.read(_DIGEST_SIZE)
                if hashlib.file_digest(file, "sha256").digest() != digest:
                    return False
            if len(self._verified) > 1_000:
                self._verified.clear()
            self._verified[name] = signature
        return True

    def _reserve(self, size: int) -> None:
        """Count a document that will be written, and make room for it."""
        with self._lock:
            file = self._open_lock_file()
            fcntl.lockf(file, fcntl.LOCK_EX, _TOTAL.size)
            try:
                written = os.pread(file, _TOTAL.size, 0)
                total = _TOTAL.unpack(written)[0] + size if len(written) == _TOTAL.size else self.max_bytes + 1
                if total > self.max_bytes:
                    total = self._remove_oldest(int(self.max_bytes * _KEPT_SHARE) - size) + size
                os.pwrite(file, _TOTAL.pack(total), 0)
            finally:
                fcntl.lockf(file, fcntl.LOCK_UN, _TOTAL.size)

    def _remove_oldest(self, max_bytes: int) -> int:
        """Remove the documents that were used longest ago; return the size of the others."""
        files = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if not entry.name.startswith("."):
                        files.append((status.st_atime, entry.path, status.st_size))
                    elif time.time() - status.st_mtime > _LEFTOVER_AGE:
                        os.unlink(entry.path)
        files = [file for file in files if Path(file[1]).name != "lock"]
        total = sum(size for _, _, size in files)
        for _, path, size in sorted(files):
            if total <= max_bytes:
                break
            with suppress(FileNotFoundError):
                os.unlink(path)
            total -= size
        return total

    def _try_lock(self, place: int) -> bool:
        with self._lock:
            try:
                fcntl.lockf(self._open_lock_file(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except BlockingIOError:
                return False
            return True

    def _open_lock_file(self) -> int:
        """Return the descriptor of `lock`. It stays open: closing it would release all locks of this process."""
        if self._lock_file is None or os.fstat(self._lock_file).st_nlink == 0:  # somebody has deleted it
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock_file = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
            finalize(self, os.close, self._lock_file)
        return self._lock_file

    def _log_once(self, message: str) -> None:
        if message != self._error:
            self._error = message
            _log.warning("%s", message)
