"""Reads a digest file into the rows of the index: all that follows from the file alone, on every core.

Workers are processes of their own that take a `_Job` from standard input and write the records of its files to standard
output, one by one. A pipe holds few records, so that they never run far ahead of whoever stores them.
"""

import hashlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from feeds.archive import files, search
from feeds.archive.search import Matcher
from feeds.metadata.store import MetadataStore, StoredMetadata
from feeds.model.diagnostic import Diagnostic
from feeds.model.paper import Paper, clean_abstract, clean_tags, publication_year
from feeds.model.query import Clause
from feeds.readers import Digest, Entry, Reader
from feeds.text.links import Link, LinkKind
from feeds.text.matching import squeeze

MAX_FILE_SIZE = 16_000_000
"""The size in bytes up to which a file is read; a day of 68 papers has 150,000."""

_MIN_FOR_WORKERS = 1_000_000  # bytes of digests; less is read before a worker has started
_PIPE_SIZE = 1_000_000  # bytes
_WORKER = (sys.executable, "-c", "from feeds.archive import records; records.work()")
CONTENT_COLUMNS = (
    *("title", "url", "image", "video", "votes", "authors", "more_authors", "summary"),
    *("abstract", "published", "language", "journal", "journal_doi", "comment", "has_author_order"),
    *("plain_title", "summary_html", "summary_text", "links"),
)
"""The columns of a paper's content: its fields but the tags, then what follows from them."""


class PaperRecord(NamedTuple):
    """The rows of a paper.

    `listing` has the columns of the table `papers` from `line` to `is_inferred`, `content` those of `contents`. `texts`
    and `letters` are what searches look at, `searches` the numbers of the watched searches that find the paper.
    """

    listing: tuple[object, ...]
    content: tuple[object, ...]
    texts: tuple[str, str]
    letters: str
    searches: tuple[int, ...]


class FileRecord(NamedTuple):
    """The rows of a file: the hash of its content, its diagnostics, its days and its papers.

    Of each day it has the line, and whether the day of all its papers is inferred.
    `metadata_hash` is one of the metadata that completes its papers, and `metadata_time` the newest time when some of
    it was stored, in nanoseconds since 1970; empty and 0 without any.
    """

    content_hash: bytes
    diagnostics: tuple[Diagnostic, ...]
    days: tuple[tuple[str, int, bool], ...]
    papers: tuple[PaperRecord, ...]
    metadata_hash: bytes = b""
    metadata_time: int = 0


class KnownFile(NamedTuple):
    """A file to read: its path relative to the archive's folder, its size, and the hash of what was read last."""

    path: str
    size: int
    content_hash: bytes


class Reading(NamedTuple):
    """How files become rows, the same for all files of an archive.

    Attributes:
        reader: reads them.
        searches: the clauses of the watched searches.
        metadata: completes the papers.
        language: which of two listings of a paper on a day is kept, if they are in several; empty for whichever.
    """

    reader: Reader
    searches: Sequence[tuple[Clause, ...]]
    metadata: MetadataStore
    language: str = ""


class _Job(NamedTuple):
    root: Path
    reading: Reading
    known: Sequence[KnownFile]


Result = FileRecord | OSError | None
"""What reading a file gives: an error if it cannot be read, None if its content has not changed."""


def read_files(root: Path, reading: Reading, known: Sequence[KnownFile]) -> Iterator[Result]:
    """Read files of the archive in a folder in their order, on all cores where they are large."""
    job = _Job(root, reading, known)
    cores = available_cores()
    count = 0
    if cores > 1 and sum(file.size for file in known) >= _MIN_FOR_WORKERS:
        for result in _read_with_workers(job, cores):
            count += 1
            yield result
    yield from _read(job._replace(known=known[count:]))  # all, or what a worker that died has left


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read_with_workers(job: _Job, count: int) -> Iterator[Result]:
    """Read files with worker processes, which have every `count`th file each; ends early if one of them dies."""
    with ExitStack() as stack:
        workers = [stack.enter_context(_start_worker()) for _ in range(count)]
        try:
            for number, worker in enumerate(workers):
                assert worker.stdin  # noqa: S101  # a pipe
                pickle.dump(job._replace(known=job.known[number::count]), worker.stdin)
                worker.stdin.close()
            for number in range(len(job.known)):
                stdout = workers[number % count].stdout
                assert stdout  # noqa: S101  # a pipe
                yield pickle.load(stdout)  # noqa: S301  # from our own process
        except (EOFError, OSError, pickle.PickleError):
            pass
        finally:
            for worker in workers:
                worker.kill()


def _start_worker() -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    return subprocess.Popen(_WORKER, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, pipesize=_PIPE_SIZE)  # noqa: S603  # our own module


def _read(job: _Job) -> Iterator[Result]:
    matchers = [Matcher(clauses) for clauses in job.reading.searches]
    for file in job.known:
        try:
            yield _read_file(job, file, matchers)
        except OSError as error:
            yield error


def _read_file(job: _Job, known: KnownFile, matchers: Sequence[Matcher]) -> FileRecord | None:
    data = files.read_file(job.root / known.path, MAX_FILE_SIZE)
    content_hash = hash_content(data)
    if content_hash == known.content_hash:
        return None
    decoded = files.decode(data)
    digest = job.reading.reader.read(decoded.text, PurePosixPath(known.path))
    if digest is None:
        return FileRecord(content_hash, (), (), ())
    metadata = _look_up(job.reading.metadata, digest.entries)
    return FileRecord(
        content_hash,
        (*decoded.diagnostics, *digest.diagnostics),
        tuple(_record_days(digest)),
        tuple(_record_paper(entry, matchers, metadata) for entry in digest.entries),
        hash_content(b"".join(metadata[slug].digest for slug in sorted(metadata))) if metadata else b"",
        max((int(stored.stored.timestamp()) * 1_000_000_000 for stored in metadata.values()), default=0),
    )


def _look_up(store: MetadataStore, entries: Sequence[Entry]) -> dict[str, StoredMetadata]:
    return store.lookup({entry.paper.slug for entry in entries}) if store.revision else {}


def _record_days(digest: Digest) -> Iterator[tuple[str, int, bool]]:
    own_days = {entry.day for entry in digest.entries if not entry.is_inferred}
    inferred_days = {entry.day for entry in digest.entries} - own_days
    for day, line in digest.days.items():
        yield day.isoformat(), line, day in inferred_days


def hash_content(data: bytes) -> bytes:
    """Hash the content of a file."""
    return hashlib.sha256(data).digest()


def _record_paper(entry: Entry, matchers: Sequence[Matcher], metadata: Mapping[str, StoredMetadata]) -> PaperRecord:
    from feeds.model.citation import citation_key_stem  # here, because only what reads digests needs it

    paper, slug = entry.paper, entry.paper.slug
    completeness = paper.completeness  # of the digest: metadata does not change which of two listings is kept
    if slug in metadata:
        paper = metadata[slug].metadata.complete(paper)
    if paper.extras:
        paper = replace(paper, tags=clean_tags(paper.tags), abstract=clean_abstract(paper.abstract))
    authors = "\n".join(paper.authors)
    others = filter(None, (paper.abstract_text, "\n".join(paper.tags)))
    searched = (paper.summary_text, *others, slug)
    texts = search.fold_texts((paper.title, paper.plain_title), paper.authors, searched)
    letters = texts.letters
    listing = (
        entry.line,
        entry.day.isoformat(),
        slug,
        *completeness,
        paper.votes,
        "\n".join(map(squeeze, search.fold_lines(authors))),
        paper.image,
        paper.video is not None,
        any(link.kind is LinkKind.CODE for link in paper.links),
        citation_key_stem(paper, publication_year(paper, entry.day)),
        _hash(paper),
        "\n".join(paper.tags),
        paper.language,
        entry.is_inferred,
    )
    content = (
        *(paper.title, paper.url, paper.image, paper.video, paper.votes, authors, paper.more_authors, paper.summary),
        *(paper.abstract, paper.published and paper.published.isoformat(), paper.language),
        *(paper.journal, paper.journal_doi, paper.comment, paper.has_author_order),
        *(paper.plain_title, paper.summary_html, paper.summary_text, _encode_links(paper.links)),
    )
    found = tuple(number for number, matcher in enumerate(matchers) if matcher.matches(slug, texts, letters))
    return PaperRecord(listing, content, texts, letters, found)


def _hash(paper: Paper) -> bytes:
    """Hash the content of a paper."""
    content = (paper.title, paper.url, paper.image, paper.video, paper.votes, paper.authors, paper.more_authors)
    text = json.dumps([*content, paper.summary, *paper.extras], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def _encode_links(links: Sequence[Link]) -> str:
    return "\n".join(f"{link.kind} {link.url}" for link in links)


def decode_paper(columns: Sequence[object], tags: tuple[str, ...]) -> Paper:
    """Return the paper of a row with CONTENT_COLUMNS; what follows from its fields is not computed again."""
    values: dict[str, object] = dict(zip(CONTENT_COLUMNS, columns, strict=True))
    values["authors"] = tuple(str(values["authors"]).split("\n")) if values["authors"] else ()
    for name in ("more_authors", "has_author_order"):
        values[name] = bool(values[name])
    values["published"] = date.fromisoformat(str(values["published"])) if values["published"] else None
    values["tags"] = tags
    values["links"] = tuple(_decode_links(str(values["links"]))) if values["links"] else ()
    paper = Paper.__new__(Paper)
    paper.__dict__.update(values)  # fields and cached properties alike
    return paper


def _decode_links(text: str) -> Iterator[Link]:
    for line in text.split("\n"):
        kind, _, url = line.partition(" ")
        yield Link(url, LinkKind(kind))


def work() -> None:
    """Do the work of a worker process."""
    job: _Job = pickle.load(sys.stdin.buffer)  # noqa: S301  # from our own process
    pickler = pickle.Pickler(sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
    pickler.fast = True  # without a memo of objects that are shared, which takes more memory than the records
    for record in _read(job):
        pickler.dump(record)
        sys.stdout.buffer.flush()
