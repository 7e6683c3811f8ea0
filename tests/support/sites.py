"""Builds sites to test with, and reads them."""

import itertools
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from feeds.archive.archive import in_silence
from feeds.archive.edition import Edition
from feeds.archive.index import Progress
from feeds.exporters.contract import CUTS, Exporter, Kind
from feeds.exporters.registry import Registered, Registry
from feeds.publishing.build import Report, build
from feeds.publishing.publisher import Catalog, open_catalog
from feeds.site.site import Site
from tests.support.digests import day, paper, write_files


class Note:
    """An exporter that costs next to nothing: the titles of an edition."""

    name = "note"
    suffix = ".txt"
    media_type = "text/plain; charset=utf-8"
    kind = Kind.FILE
    scopes = CUTS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        yield f"{site.title}: {edition.key.text}\n".encode()
        for each in edition.papers:
            yield f"{each.title}\n{each.summary}\n".encode()


def offering(catalog: Catalog, *exporters: Exporter) -> Catalog:
    """Give the same archive in no formats but these."""
    registered = [Registered(exporter, "plug-in 1.0") for exporter in exporters]
    return Catalog(catalog.archive, Registry(registered), catalog.site, catalog.store)


def built(catalog: Catalog, out: Path, codings: Sequence[str] = (), progress: Progress = in_silence) -> Report:
    """Build a site in this process."""
    return build(catalog, out, codings, 1, progress)


def tree(folder: Path) -> dict[str, bytes]:
    """Read all files under a folder, by their paths."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


ONE = {"feeds.toml": "[topics]", "1.md": day("2024-01-30", paper("One", "2401.1")), "2.md": day("2024-01-31")}
OTHER = ONE | {"1.md": day("2024-01-30", paper("Other", "2401.1")), "2.md": day("2024-02-29", paper("Two", "2401.2"))}


class Noting(Note):
    """Notes in a file what it renders."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        with self.log.open("a") as file:
            file.write(f"{edition.key.text}\n")
        return super().render(edition, site)


class Two:
    """A site of two states, and how it looks in both."""

    def __init__(self, root: Path, catalog: Catalog) -> None:
        self.out, self.log, self._catalog = root / "sites" / "site", root / "log", catalog
        self._environ = {"FEEDS_INDEX": str(catalog.archive.index_path), "HOME": str(root)}
        self.states = []
        for files in (ONE, OTHER):
            self.become(files)
            built(self._offered(), root / "fresh")
            self.states.append(tree(root / "fresh"))

    def become(self, files: dict[str, str]) -> None:
        write_files(self._catalog.archive.root, files)

    def look(self) -> None:
        """Bring the index into step, as another process would."""
        open_catalog(self._catalog.archive.root, self._environ)

    def build(self, progress: Callable[[Iterable[str], int], Iterable[str]] = lambda names, _: names) -> Report:
        return built(self._offered(), self.out, progress=progress)

    def build_and_be_killed(self, moment: int) -> bool:
        """Build in another process, killed when it calls the system for the so manyeth time; tell whether it was."""
        process = multiprocessing.get_context("fork").Process(target=self._be_killed, args=(moment,))
        process.start()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        return process.exitcode == -signal.SIGKILL

    def _be_killed(self, moment: int) -> None:
        catalog = open_catalog(self._catalog.archive.root, self._environ)
        left = itertools.count(moment, -1)

        def watch(_: FrameType, event: str, called: object) -> None:
            if event == "c_call" and getattr(called, "__name__", "") in CALLS and next(left) == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(watch)
        built(offering(catalog, Noting(self.log)), self.out)

    def _offered(self) -> Catalog:
        return offering(self._catalog, Noting(self.log))


CALLS = set("open write flush sync mkdir chmod utime rename replace link unlink remove rmdir scandir".split())
