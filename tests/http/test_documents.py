"""The document cache: what workers find there, its bound, and the faults of a disk."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from feeds.http import limits
from feeds.http.documents import DocumentCache, StoredDocument


@pytest.fixture
def documents(tmp_path: Path) -> DocumentCache:
    return DocumentCache(tmp_path / "cache" / "documents", max_bytes=10_000)


def read(documents: DocumentCache, name: str) -> bytes | None:
    stored = documents.find(name)
    if stored is None:
        return None
    with_size = stored.size, stored.read()
    stored.close()
    assert with_size[0] == len(with_size[1])
    return with_size[1]


def held(documents: DocumentCache) -> set[str]:
    return set(os.listdir(documents.folder)) - {"lock"}


def test_document_is_found_by_other_caches_of_the_folder(documents: DocumentCache) -> None:
    assert read(documents, "a") is None
    assert documents.store("a", b"first")
    assert documents.store("a-gzip", b"")
    other = DocumentCache(documents.folder)
    assert (read(other, "a"), read(other, "a-gzip"), read(other, "b")) == (b"first", b"", None)


def test_document_is_read_in_chunks_from_any_position(documents: DocumentCache) -> None:
    large = DocumentCache(documents.folder)
    body = os.urandom(1_000_000)
    large.store("a", body)
    stored = large.find("a")
    assert isinstance(stored, StoredDocument)
    chunks = list(stored)
    assert (b"".join(chunks), len(chunks) > 1) == (body, True)
    stored.seek(999_990)
    assert (stored.tell(), b"".join(stored)) == (999_990, body[-10:])
    stored.close()


def test_document_that_is_truncated_while_it_is_read_is_an_error(documents: DocumentCache) -> None:
    large = DocumentCache(documents.folder)
    large.store("a", bytes(3 * limits.CHUNK))
    stored = large.find("a")
    assert isinstance(stored, StoredDocument)
    assert len(next(stored)) == limits.CHUNK
    os.truncate(documents.folder / "a", 2 * limits.CHUNK)
    with pytest.raises(OSError, match="truncated"):
        list(stored)
    stored.close()


def test_oldest_documents_make_room(documents: DocumentCache) -> None:
    for number in range(9):
        documents.store(f"d{number}", bytes(900))
        os.utime(documents.folder / f"d{number}", (1_000 + number, 1_000_000))
    assert read(documents, "d0") == bytes(900)  # which is now the last used
    for number in range(9, 12):
        documents.store(f"d{number}", bytes(900))
    assert {"d0", "d9", "d10", "d11"} <= held(documents)
    assert not held(documents) & {"d1", "d2", "d3"}


def test_folder_is_bounded_and_seldom_listed(documents: DocumentCache, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[Path] = []
    scandir = os.scandir

    def counted(folder: Path) -> object:
        listed.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", counted)
    for number in range(200):
        DocumentCache(documents.folder, documents.max_bytes).store(f"d{number}", bytes(100))  # as if by other processes
        files = [documents.folder / name for name in held(documents)]
        assert sum(file.stat().st_size for file in files) <= documents.max_bytes
    assert len(listed) < 20
    assert len(files) > 40


@pytest.mark.parametrize("damaged", [b"", b"short", None, "cut", "longer"])
def test_damaged_document_is_missing_and_removed(documents: DocumentCache, damaged: bytes | str | None) -> None:
    documents.store("a", b"whole body")
    path = documents.folder / "a"
    whole = path.read_bytes()
    other = {None: whole[:-1] + b"x", "cut": whole[:-1], "longer": whole + b"x"}
    path.write_bytes(damaged if isinstance(damaged, bytes) else other[damaged])
    assert read(documents, "a") is None
    assert not path.exists()
    assert documents.store("a", b"whole body")
    assert read(documents, "a") == b"whole body"


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff" * 8])
def test_damaged_count_is_corrected(documents: DocumentCache, content: bytes) -> None:
    documents.store("a", b"1")
    (documents.folder / "lock").write_bytes(content)
    assert documents.store("b", b"2")
    assert held(documents) == {"a", "b"}


def test_deleted_folder_is_created_again(documents: DocumentCache) -> None:
    documents.store("a", b"1")
    for file in documents.folder.iterdir():
        file.unlink()
    documents.folder.rmdir()
    assert read(documents, "a") is None
    with documents.making("a"):
        assert documents.store("a", b"1")
    assert read(documents, "a") == b"1"


def test_unusable_folder_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "documents").write_text("a file")
    documents = DocumentCache(tmp_path / "documents")
    for name in ("a", "b"):
        with documents.making(name):
            assert not documents.store(name, b"body")
            assert documents.find(name) is None
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "cannot keep documents: File exists; each worker renders its own"
    ]


def test_too_large_document_replaces_no_others(documents: DocumentCache) -> None:
    documents.store("a", b"1")
    assert not documents.store("b", bytes(8_000))
    assert held(documents) == {"a"}


def test_leftovers_of_killed_processes_are_removed(documents: DocumentCache) -> None:
    documents.store("a", b"1")
    for name, time in ((".old", 1_000), (".new", None)):
        (documents.folder / name).write_bytes(b"part")
        if time:
            os.utime(documents.folder / name, (time, time))
    (documents.folder / "lock").unlink()
    documents.store("b", b"2")
    assert held(documents) == {"a", "b", ".new"}


HOLD = """
import sys
from pathlib import Path
from feeds.http.documents import DocumentCache
with DocumentCache(Path(sys.argv[1])).making(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_process_makes_a_document_until_it_dies(documents: DocumentCache) -> None:
    command: list[str | Path] = [sys.executable, "-c", HOLD, documents.folder, "a"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        entered = threading.Event()

        def make() -> None:
            with documents.making("a"):
                entered.set()

        thread = threading.Thread(target=make)
        thread.start()
        with documents.making("b"):
            pass
        assert not entered.wait(0.1)
        holder.kill()
        assert entered.wait(30)
        thread.join()
