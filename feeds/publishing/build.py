"""Writes the whole site as files for any static host, rendering only documents that have changed.

Without a change since the last build nothing is planned. After a change in the archive only the documents that it may
affect are, after any other change all. Rendered documents are kept by their ETags, so that a build continues where a
killed one has stopped.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from feeds.errors import BuildError
from feeds.progress import Progress
from feeds.publishing.compression import should_compress
from feeds.publishing.manifest import SUFFIXES, Manifest, compare
from feeds.publishing.output import Output
from feeds.publishing.plan import Basis, Plan, file_name, name_files, read_basis, with_stable_plan
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
        self._compressions = list(compressions)
        self._processes = processes
        self._progress = progress
        self._stamp = output.read_stamp()
        self._previous = Manifest([], {})
        self._manifest = self._previous
        self._previous_etags: dict[str, str] = {}  # by file
        self._etags: dict[str, str] = {}  # those of planned files
        self._basis: Basis | None = None
        self._is_whole = False
        self._errors: list[str] = []
        self._new_documents: dict[Path, str] = {}  # their ETags
        self._rendered = 0

    def run(self) -> Report:
        """Render what has changed, put the new site together and swap it in."""
        output = self._output
        self._publisher.archive.sync(thorough=False)
        if self._stamp.basis == read_basis(self._publisher, self._compressions) and output.is_complete():
            return Report(self._stamp.documents, 0, 0, ())
        self._previous = output.read_manifest()
        self._previous_etags = self._previous.etags
        basis = self._stamp.basis if self._previous.parts else None
        output.start()
        try:
            with_stable_plan(self._publisher, basis, self._compressions, self._render_missing)
            if self._manifest == self._previous:
                output.renew_stamp(self._basis)
            else:
                output.create_new(self._manifest, self._basis)
                output.swap_in()
        except OSError:
            for path in self._new_documents:  # a full disk is of no use to others
                path.unlink(missing_ok=True)
            output.remove_new()
            raise
        with suppress(OSError):  # the next build removes them
            self._remove_documents()
            output.finish()
        changes = compare(self._previous.parts, self._manifest.parts)
        documents = sum(map(len, self._manifest.parts.values()))
        return Report(documents, self._rendered, len(changes.removed), tuple(self._errors))

    def _render_missing(self, plan: Plan) -> None:
        """Render the documents that do not exist yet, and note which file gets which document."""
        reason = self._publisher.archive.reason_for_no_days()
        if reason and self._output.has_site():
            where = self._publisher.archive.root
            raise BuildError(f"{where}: {reason}; {self._output.site} is as it was; delete it if it should be empty")
        self._errors.clear()
        self._basis, self._is_whole = plan.basis, plan.parts is None
        files = name_files(plan.documents)
        self._etags = {name: representation.etag for name, representation in files.items()}
        missing = [representation for representation in files.values() if not self._exists(representation)]
        results = render_all(self._publisher, missing, self._compressions, self._processes)
        names = (self._keep(representation, result) for representation, result in results)
        for _ in self._progress(names, len(missing)):
            pass
        self._manifest = Manifest(self._compressions, plan.merge(self._previous.parts, files, self._etags))
        if any(self._etags.get(name) != representation.etag for name, representation in files.items()):
            self._basis = None  # so that the next build tries again, also where the picture store had lost a file

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
            if name in self._previous_etags:
                self._etags[name] = self._previous_etags[name]
            else:
                del self._etags[name]
            return name
        self._etags[name] = result.etag
        self._rendered += 1
        mtime = self._mtime(name, representation, result.etag)
        for compression, body in reversed(result.bodies.items()):  # the uncompressed document, which `_exists`, last
            path = self._output.document(result.etag, compression)
            self._output.write_document(path, body, name + SUFFIXES[compression], mtime)
            self._new_documents[path] = result.etag
        return name

    def _mtime(self, name: str, representation: Representation, etag: str) -> float | None:
        """Return Last-Modified, but later than the file that is replaced: web servers compare mtimes."""
        if representation.last_modified is None:
            return None
        mtime = representation.last_modified.timestamp()
        if self._previous_etags.get(name, etag) != etag:
            with suppress(FileNotFoundError):
                mtime = max(mtime, (self._output.site / name).stat().st_mtime + 1)
        return min(mtime, time.time())  # not in the future

    def _remove_documents(self) -> None:
        """Remove the documents that no file links to."""
        current = set(self._manifest.etags.values())
        if self._is_whole:
            self._output.remove_documents_except(current)
        else:
            replaced = compare(self._previous.parts, self._manifest.parts).before.values()
            self._output.remove_documents({*replaced, *self._new_documents.values()} - current)
