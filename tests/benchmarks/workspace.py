"""An archive of one size, and the folders in which our commands work on it."""

import os
import random
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path, PurePosixPath

from feeds.publishing.publisher import Publisher, open_publisher
from feeds.readers import Entry
from feeds.readers.daily_papers import DailyPapersReader
from tests.benchmarks.measure import Cost, run
from tests.support import archives
from tests.support.servers import FEEDS, ROOT
from tests.support.vocabulary import real

_PAPER_URL = re.compile(rb"https://arxiv\.org/abs/[0-9.]+[0-9]")
_PAPERS_OF_A_DAY = 15

Environ = Mapping[str, str]


class Workspace:
    """An archive of the shape of the real one, `times` as large, in a folder of its own.

    Its index is made when the first row needs it, and kept for the others.
    """

    def __init__(self, folder: Path, times: int) -> None:
        self.folder = folder
        self.times = times
        self.root = folder / "archive"
        self.last_day = archives.write_real(self.root, times)
        self._homes = 0
        self._new_papers = 0
        self._warm = self.fresh()

    def fresh(self) -> Environ:
        """Return the environment of a user for whom our commands have never run."""
        self._homes += 1
        home = self.folder / f"home{self._homes}"
        home.mkdir()
        return {"HOME": str(home), "FEEDS_INDEX": str(home / "index.sqlite"), "PATH": os.environ["PATH"]}

    def warm(self) -> Environ:
        """Return the environment of a user whose index is up to date."""
        self.index(self._warm)
        return self._warm

    def with_index(self) -> Environ:
        """Return an environment with an index that is up to date, and no other cache."""
        environ = self.fresh()
        shutil.copy(self.warm()["FEEDS_INDEX"], environ["FEEDS_INDEX"])
        return environ

    def index(self, environ: Environ) -> Cost:
        """Bring an index up to date, as each of our commands does first."""
        return run([sys.executable, "-c", f"import feeds; feeds.open({str(self.root)!r})"], environ, ROOT)

    def feeds(self, environ: Environ, *arguments: str | Path) -> Cost:
        """Run one of our commands on the archive."""
        return run([FEEDS, *arguments, "--archive", self.root], environ, ROOT)

    def publisher(self) -> Publisher:
        """Open the archive in this process."""
        return open_publisher(self.root, self.warm())

    def add_day(self) -> Path:
        """Write the digest of the day after the last one."""
        self.last_day += timedelta(days=1)
        self._new_papers += _PAPERS_OF_A_DAY
        first = 100_000 - self._new_papers
        text = archives.digest(self.last_day, _PAPERS_OF_A_DAY, first, random.Random(first), real())
        path = self.root / f"{self.last_day:%Y/%m/%d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def key(self, pattern: str) -> str:
        """Return the key of the days whose files match `2024/01/30`, `2024/01/*` or `*`."""
        return "all" if pattern == "*" else pattern.removesuffix("/*").replace("/", "-")

    def files(self, pattern: str = "*") -> list[Path]:
        """Return the day files whose paths, such as `2024/01/30`, match a pattern; the oldest first."""
        return sorted(path for path in self.root.rglob("*.md") if path.match(f"{pattern}.md"))

    def entries(self) -> Iterator[Entry]:
        """Read all papers without an index, the oldest first."""
        reader = DailyPapersReader()
        for path in self.files():
            digest = reader.read(path.read_text(encoding="utf-8"), PurePosixPath(path.name))
            assert digest
            yield from digest.entries

    def require_all_papers(self, *documents: bytes, files: list[Path] | None = None) -> None:
        """Check that a document, or several together, hold the papers of the archive, or of some of its files.

        Raises ValueError if they do not.
        """
        expected = paper_urls(*(path.read_bytes() for path in files or self.files()))
        held = paper_urls(*documents)
        if held != expected:
            raise ValueError(f"{len(held ^ expected)} of {len(expected)} papers are missing, or others")


def paper_urls(*documents: bytes) -> set[bytes]:
    """Find the papers that documents link to."""
    return {url for document in documents for url in _PAPER_URL.findall(document)}
