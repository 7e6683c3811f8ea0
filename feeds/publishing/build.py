"""Writes the whole site as files for any static host, rendering only documents that have changed.

Rendered documents are kept by their ETags, so that a build continues where a killed one has stopped.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from feeds.errors import BuildError
from feeds.progress import Progress
from feeds.publishing.compression import should_compress
from feeds.publishing.output import SUFFIXES, Manifest, Output
from feeds.publishing.plan import file_name, name_files, with_stable_plan
from feeds.publishing.pool import RenderResult, render_all
from feeds.publishing.publisher import Publisher
from feeds.publishing.representation import Representation


class Report(NamedTuple):
    """The result of a build: how many files the site has, compressed variants not counted, and what was done."""

    files: int
    rendered: int
    removed: int
    errors: tuple[str, ...]


def build(publisher: Publisher, out: Path, compressions: Sequence[str], processes: int, progress: Progress) -> Report:
    """Write the site into a folder.

    Unchanged documents are not rendered again, files that the site no longer has are removed. A document that cannot
    be rendered keeps its old file, and the error is reported.

    Args:
        out: a folder that is missing, empty or of an earlier build.
        compressions: content codings, of `COMPRESSORS`, to write compressed variants with.
        processes: how many to render with.

    Raises:
        BuildError: the site cannot be written, or has no day and would replace one; the old one is unchanged.
        ArchiveError: the files keep changing.
        ExportError: a rendering process died.
    """
    try:
        output = Output(out)
        if output.site.is_relative_to(publisher.archive.root):
            raise BuildError(f"{out}: lies in the archive, which would read it as digests; choose another folder")
        with output.lock():
            return _Build(publisher, output, compressions, processes, progress).run()
    except OSError as error:
        raise BuildError(f"{error.filename or out}: {error.strerror}; the site is as it was") from error


class _Build:
    def __init__(
        self, publisher: Publisher, output: Output, compressions: Sequence[str], processes: int, progress: Progress
    ) -> None:
        self._publisher = publisher
        self._output = output
        self._compressions = compressions
        self._processes = processes
        self._progress = progress
        self._previous = output.read_manifest()
        self._etags: dict[str, str] = {}  # by file
        self._errors: list[str] = []
        self._new_documents: list[Path] = []
        self._rendered = 0

    def run(self) -> Report:
        """Render what has changed, put the new site together and swap it in."""
        output = self._output
        output.remove_leftovers()
        try:
            with_stable_plan(self._publisher, self._render_missing)
            manifest = Manifest(list(self._compressions), self._etags)
            if manifest != self._previous:
                output.create_new(manifest)
                output.swap_in(manifest)
        except OSError:
            for path in self._new_documents:  # a full disk is of no use to others
                path.unlink(missing_ok=True)
            output.remove_new()
            raise
        with suppress(OSError):  # the next build removes them
            output.remove_documents_except(self._etags.values())
        removed = len(self._previous.etags.keys() - self._etags.keys())
        return Report(len(self._etags), self._rendered, removed, tuple(self._errors))

    def _render_missing(self, plan: Sequence[Representation]) -> None:
        """Render the documents that do not exist yet, and note which file gets which document."""
        reason = self._publisher.archive.reason_for_no_days()
        if reason and self._output.has_site():
            where = self._publisher.archive.root
            raise BuildError(f"{where}: {reason}; {self._output.site} is as it was; delete it if it should be empty")
        self._errors.clear()
        self._etags = {name: representation.etag for name, representation in name_files(plan).items()}
        missing = [representation for representation in plan if not self._exists(representation)]
        results = render_all(self._publisher, missing, self._compressions, self._processes)
        names = (self._keep(representation, result) for representation, result in results)
        for _ in self._progress(names, len(missing)):
            pass

    def _exists(self, representation: Representation) -> bool:
        """Return True if a document was rendered, with all compressed variants that are wanted now."""
        try:
            size = self._output.document(representation.etag).stat().st_size
        except FileNotFoundError:
            return False
        compressions = self._compressions if should_compress(representation.media_type, size) else ()
        return all(self._output.document(representation.etag, compression).exists() for compression in compressions)

    def _keep(self, representation: Representation, result: RenderResult) -> str:
        """Keep a rendered document, or the old file if it could not be rendered; return the file's name."""
        name = file_name(representation)
        if result.error:
            self._errors.append(result.error)
            if name in self._previous.etags:
                self._etags[name] = self._previous.etags[name]
            else:
                del self._etags[name]
            return name
        self._etags[name] = result.etag
        self._rendered += 1
        mtime = self._mtime(name, representation, result.etag)
        for compression, body in reversed(result.bodies.items()):  # the uncompressed document, which `_exists`, last
            path = self._output.document(result.etag, compression)
            self._output.write_document(path, body, name + SUFFIXES[compression], mtime)
            self._new_documents.append(path)
        return name

    def _mtime(self, name: str, representation: Representation, etag: str) -> float | None:
        """Return Last-Modified, but later than the file that is replaced: web servers compare mtimes."""
        if representation.last_modified is None:
            return None
        mtime = representation.last_modified.timestamp()
        if self._previous.etags.get(name, etag) != etag:
            with suppress(FileNotFoundError):
                mtime = max(mtime, (self._output.site / name).stat().st_mtime + 1)
        return min(mtime, time.time())  # not in the future
