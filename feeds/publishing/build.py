"""Writes the whole site as files that any static host serves; again, only what has changed.

A document that has its tag is whole, whoever rendered it: a build that was killed is continued by the next one.
"""

import os
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from feeds.archive.index import Progress
from feeds.errors import BuildError
from feeds.exporters.format import Kind
from feeds.publishing.output import SUFFIXES, Manifest, Output, link
from feeds.publishing.plan import Document, named, steadily
from feeds.publishing.pool import Rendered, codings_of, rendered
from feeds.publishing.publisher import Catalog
from feeds.site.site import Publication


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
        output = Output(out)
        if output.shown.is_relative_to(catalog.archive.root):
            raise BuildError(f"{out}: lies in the archive, which would read the site's day files; give another folder")
        with output.locked():
            return _Build(catalog, output, codings, processes, progress).run()
    except OSError as error:
        raise BuildError(f"{error.filename or out}: {error.strerror}; the site is as it was") from error


class _Build:
    def __init__(
        self, catalog: Catalog, output: Output, codings: Sequence[str], processes: int, progress: Progress
    ) -> None:
        self._catalog = catalog
        self._output = output
        self._codings = codings
        self._processes = processes
        self._progress = progress
        self._before = output.manifest()
        self._files: dict[str, str] = {}
        self._errors: list[str] = []
        self._written: list[Path] = []
        self._rendered = 0

    def run(self) -> Report:
        """Render what has changed, put the new site together and show it."""
        output = self._output
        output.drop(output.new, output.away)  # of a build that was killed
        try:
            steadily(self._catalog, self._fill)
            after = Manifest(list(self._codings), self._files)
            if after != self._before:
                output.drop(output.old)
                self._put_together(after)
                output.require_ours()  # still
                output.show(after)
        except OSError:
            for path in self._written:  # if the disk is full, others need the room
                path.unlink(missing_ok=True)
            output.drop(output.new)
            raise
        with suppress(OSError):  # the next build tidies up as well
            output.drop_documents(self._files.values())
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
            size = self._output.document(document.tag).stat().st_size
        except FileNotFoundError:
            return False
        codings = codings_of(document.publication.format.media_type, size, self._codings)
        return all(self._output.document(document.tag, coding).exists() for coding in codings)

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
            path, shown = self._output.document(tag, coding), self._output.shown / (name + SUFFIXES[coding])
            path.parent.mkdir(exist_ok=True)
            if shown.exists() and shown.read_bytes() == body:  # under another tag; it stays the same file
                path.unlink(missing_ok=True)
                link(shown, path)
            else:
                self._write(path, body, self._time(name, made.document))
            self._written.append(path)
        return name

    def _time(self, name: str, document: Document) -> float | None:
        """Date a file as the app does, but later than the one it replaces: web servers tell files by their dates."""
        dated = document.modified.timestamp() if document.modified else None
        if dated and self._before.tags.get(name, document.tag) != document.tag:
            with suppress(FileNotFoundError):
                dated = max(dated, (self._output.shown / name).stat().st_mtime + 1)
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
            (self._output.new / folder).mkdir(parents=True, exist_ok=True)
        for name, tag in manifest.tags.items():
            link(self._output.document(tag), self._output.new / name)
            for coding in manifest.codings:
                with suppress(FileNotFoundError):  # not all get smaller
                    link(self._output.document(tag, coding), self._output.new / (name + SUFFIXES[coding]))
        self._output.open_up()


def named_files(documents: Iterable[Document]) -> dict[str, Document]:
    """Name the files of documents. Raises BuildError for names that no folder can hold."""
    files = named(documents, file_name)
    for name in files:
        for folder in PurePosixPath(name).parents:
            if str(folder) in files:
                raise BuildError(f"{folder}: would be a file, and the folder of {name}")
    return files
