"""Builds sites for tests from cheap documents, also in a process that is killed at a given system call."""

import itertools
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from feeds.exporters.contract import PAPER_SCOPES, Exporter, Format, Kind, RenderContext
from feeds.exporters.registry import Registry
from feeds.model.edition import Edition
from feeds.progress import Progress, no_progress
from feeds.publishing.build import Report, build
from feeds.publishing.publisher import Publisher, open_publisher
from feeds.site.site import SETTINGS_OF_DOCUMENTS
from tests.support.digests import day, paper, write_files

ONE = {"feeds.toml": "[topics]", "1.md": day("2024-01-30", paper("One", "2401.1")), "2.md": day("2024-01-31")}
OTHER = ONE | {"1.md": day("2024-01-30", paper("Other", "2401.1")), "2.md": day("2024-02-29", paper("Two", "2401.2"))}
_SYSTEM_CALLS = set("open write flush sync mkdir chmod utime rename replace link unlink remove rmdir scandir".split())


class TextExporter:
    """Renders titles and summaries as they are, which takes next to no time."""

    name = "text"
    suffix = ".txt"
    media_type = "text/plain; charset=utf-8"
    kind = Kind.FILE
    scopes = PAPER_SCOPES

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        yield f"{context.site.title}: {edition.key.text}\n".encode()
        for item in edition.papers:
            yield f"{item.title}\n{item.summary}\n".encode()


class LoggingExporter(TextExporter):
    """Appends the keys of the rendered editions to a file."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        with self.log.open("a") as file:
            file.write(f"{edition.key.text}\n")
        return super().render(edition, context)


def describe(exporter: Exporter) -> Format:
    """Describe an exporter for a registry; ETags do not depend on its code."""
    return Format(
        exporter,
        "plug-in 1.0",
        str,
        exporter.name,
        exporter.suffix,
        exporter.media_type,
        exporter.kind,
        exporter.scopes,
        getattr(exporter, "offered", exporter.scopes),
        getattr(exporter, "paperless", frozenset()),
        site_paths=getattr(exporter, "site_paths", ()),
        settings=SETTINGS_OF_DOCUMENTS,
        uses_pictures=False,
        is_translated=False,
        is_static=False,
    )


def with_formats(publisher: Publisher, *exporters: Exporter) -> Publisher:
    """Publish the same archive in these formats only."""
    return Publisher(publisher.archive, Registry(map(describe, exporters)), publisher.site, publisher.store)


def build_site(
    publisher: Publisher, out: Path, compressions: Sequence[str] = (), progress: Progress = no_progress
) -> Report:
    """Build a site in this process."""
    return build(publisher, out, compressions, 1, progress)


def read_files(folder: Path) -> dict[str, bytes]:
    """Read all files under a folder, by their paths."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TwoStateSite:
    """A site that is built from either of two states of its archive; `states` are its files in each."""

    def __init__(self, root: Path, publisher: Publisher) -> None:
        self.out = root / "sites" / "site"
        self.work = self.out.with_name(".site.feeds")
        self.log = root / "log"
        self._publisher = publisher
        self._environ = {"FEEDS_INDEX": str(publisher.archive.index_path), "HOME": str(root)}
        self.states = []
        for files in (ONE, OTHER):
            self.switch_to(files)
            build_site(self._with_log(publisher), root / "fresh")
            self.states.append(read_files(root / "fresh"))

    def switch_to(self, files: dict[str, str]) -> None:
        """Write files of the archive."""
        write_files(self._publisher.archive.root, files)

    def sync_elsewhere(self) -> None:
        """Bring the index up to date as another process would."""
        open_publisher(self._publisher.archive.root, self._environ)

    def build(self, progress: Progress = no_progress) -> Report:
        return build_site(self._with_log(self._publisher), self.out, progress=progress)

    def build_and_kill(self, at: int) -> bool:
        """Build in another process, which is killed at its system call number `at`; return False if it ends before."""
        process = multiprocessing.get_context("fork").Process(target=self._build_until_killed, args=(at,))
        process.start()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        return process.exitcode == -signal.SIGKILL

    def _build_until_killed(self, at: int) -> None:
        publisher = open_publisher(self._publisher.archive.root, self._environ)
        remaining = itertools.count(at, -1)

        def kill(_: FrameType, event: str, function: object) -> None:
            is_system_call = event == "c_call" and getattr(function, "__name__", "") in _SYSTEM_CALLS
            if is_system_call and next(remaining) == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(kill)
        build_site(self._with_log(publisher), self.out)

    def _with_log(self, publisher: Publisher) -> Publisher:
        return with_formats(publisher, LoggingExporter(self.log))
