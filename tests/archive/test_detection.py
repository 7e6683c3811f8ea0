"""Which reader an archive is for where no setting says so, and which files it is shown."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

import pytest

from feeds.archive import files as archive_files
from feeds.archive.archive import Archive
from feeds.archive.detection import detect_reader
from feeds.archive.files import compile_patterns
from feeds.model.diagnostic import Diagnostic, Severity
from feeds.model.paper import Paper
from feeds.publishing.publisher import open_archive
from feeds.readers import Digest, Entry
from feeds.readers.daily_papers import DailyPapersReader
from feeds.readers.fields.dates import Dates
from feeds.readers.registry import RegisteredReader, Registry
from feeds.site.settings import Settings
from tests.support.archives import titles
from tests.support.digests import day, paper, write_files


@dataclass(frozen=True)
class LineReader:
    """Reads a paper from each line that starts with the reader's name; a day later for each plus sign in it.

    A file that starts with `faulty` and the name has an error in place of papers.
    """

    name: str
    suffixes: frozenset[str]

    def read(self, source: str, path: PurePosixPath) -> Digest | None:  # noqa: ARG002  # required by the contract
        if source.startswith(f"faulty {self.name}"):
            return Digest({}, (), (Diagnostic(1, "faulty", Severity.ERROR),))
        lines = [line for line in source.splitlines() if line.startswith(self.name)]
        entries = [
            Entry(1, date(2024, 1, 1 + line.count("+")), Paper(line, f"https://arxiv.org/abs/2401.{len(line):05}"))
            for line in lines
        ]
        return Digest({entry.day: 1 for entry in entries}, tuple(entries), ()) if entries else None


@dataclass(frozen=True)
class CountingReader(LineReader):
    """Notes which files it is shown."""

    read_paths: list[PurePosixPath]

    def read(self, source: str, path: PurePosixPath) -> Digest | None:
        self.read_paths.append(path)
        return super().read(source, path)


READERS = Registry(
    RegisteredReader(reader, "test 1.0")
    for reader in (
        DailyPapersReader(),
        LineReader("lines", frozenset({".md"})),
        LineReader("rows", frozenset({".txt", ".md"})),
    )
)
NATIVE = day("2024-01-30", paper())


def detect(root: Path, readers: Registry = READERS, patterns: tuple[str, ...] = ()) -> str:
    """Return the reader of an archive; a hidden file keeps it."""
    return detect_reader(root, readers, patterns, Dates(), root / ".kept")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "daily-papers"),
        ({"1.md": "nothing"}, "daily-papers"),
        ({"1.md": "faulty lines"}, "lines"),
        ({"1.md": "faulty lines", "2.txt": "faulty rows", "3.txt": "faulty rows"}, "rows"),
        ({"1.md": "faulty lines", "2.txt": "rows a"}, "rows"),
        ({"1.md": "faulty lines", "2.md": "## Daily Papers (2024-01-30)\n"}, "daily-papers"),
        ({"1.md": "lines a", "2.md": "nothing", "z/3.md": NATIVE}, "daily-papers"),
        ({"1.md": "## Daily Papers (2024-01-30)\n"}, "daily-papers"),
        ({"1.md": "lines a", "2.md": "## Daily Papers (2024-01-30)\n"}, "lines"),
        ({"1.md": "rows aa\nlines a"}, "lines"),
        ({"1.txt": "rows a\nrows bb", "README.md": "lines a"}, "rows"),
        ({"1.md": "lines a", "2.md": "lines a", "3.md": "rows a\nrows bb"}, "rows"),
        ({"1.md": "lines a\nlines bb", "2.txt": "rows a\nrows +b"}, "rows"),
        ({"1.md": "lines a\nlines bb", "2.txt": "rows with authors\nrows with an abstract"}, "rows"),
        ({".hidden/1.md": NATIVE, "1.txt": "rows"}, "rows"),
    ],
)
def test_reader_of_an_archive_is_found(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    write_files(tmp_path, files)
    assert detect(tmp_path) == expected


def test_one_paper_of_ten_counts_more_than_days(tmp_path: Path) -> None:
    lines = [f"lines {'x' * n}" for n in range(10)]
    rows = [f"rows {'+' * n}" for n in range(9)]
    write_files(tmp_path, {"1.md": "\n".join(lines), "2.txt": "\n".join(rows)})
    assert detect(tmp_path) == "lines"


def test_reader_of_most_papers_is_estimated(tmp_path: Path) -> None:
    write_files(tmp_path, {f"data/2024-01-{n:02}/{n}.txt": f"rows {'x' * n}" for n in range(90)})
    write_files(tmp_path, {"best.md": "\n".join(f"lines {'x' * n}" for n in range(40))})
    assert detect(tmp_path) == "rows"


def test_folders_that_repeat_papers_count_them_once(tmp_path: Path) -> None:
    write_files(tmp_path, {f"days/{n:02}.txt": f"rows {'x' * n}" for n in range(96)})
    write_files(tmp_path, {f"raw/{n:02}.txt": f"rows {'x' * n}" for n in range(16, 80)})
    write_files(tmp_path, {"best.md": "\n".join(f"lines {'x' * n}" for n in range(120))})
    assert detect(tmp_path) == "lines"


def test_pages_that_repeat_papers_count_them_once(tmp_path: Path) -> None:
    page = "\n".join(f"lines {'x' * n}" for n in range(20))
    write_files(tmp_path, {f"tags/{n}.md": page for n in range(90)})
    write_files(tmp_path, {"all.txt": "\n".join(f"rows {'x' * n}" for n in range(30))})
    assert detect(tmp_path) == "rows"


def test_folders_and_files_of_other_suffixes_are_no_kinds(tmp_path: Path) -> None:
    write_files(tmp_path, {f"z/2401.{n:05}/{n}.txt": "nothing" for n in range(60)})
    write_files(tmp_path, {f"z/{n}.csv{n}": "" for n in range(60)} | {"a/1.txt": "rows a"})
    assert detect(tmp_path) == "rows"


def test_few_files_of_each_kind_are_read(tmp_path: Path) -> None:
    write_files(tmp_path, {f"{n % 3}/{n}.md": "lines a" for n in range(90)})
    write_files(tmp_path, {f"{n}.txt": "rows a" for n in range(90)})
    read: list[PurePosixPath] = []
    readers = [CountingReader(name, frozenset({".md", ".txt"}), read) for name in ("first", "lines")]
    registry = Registry(
        [
            RegisteredReader(DailyPapersReader(), "test 1.0"),
            *(RegisteredReader(reader, "test 1.0") for reader in readers),
        ]
    )
    assert detect(tmp_path, registry) == "lines"
    assert len(read) == 2 * (12 + 12)  # 12 files of each suffix for each reader


def test_only_changed_files_are_read_once_a_reader_is_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_files, "_RACY_WINDOW_NS", 0)
    read: list[PurePosixPath] = []
    first = CountingReader("first", frozenset({".md"}), read)
    lines = LineReader("lines", frozenset({".md"}))
    registry = Registry(RegisteredReader(reader, "test 1.0") for reader in (first, lines))
    write_files(tmp_path, {f"{n}.md": "lines a" for n in range(20)})
    assert detect(tmp_path, registry) == "lines"
    assert len(read) == 20
    read.clear()
    assert detect(tmp_path, registry) == "lines"
    write_files(tmp_path, {"3.md": "lines bb", "new/4.md": "lines a"})
    (tmp_path / "1.md").unlink()
    assert detect(tmp_path, registry) == "lines"
    assert sorted(map(str, read)) == ["3.md", "new/4.md"]
    write_files(tmp_path, {"5.md": "first a"})
    assert detect(tmp_path, registry) == "first"


def test_nearest_reader_is_not_kept(tmp_path: Path) -> None:
    write_files(tmp_path, {"1.md": "faulty lines"})
    assert detect(tmp_path) == "lines"
    write_files(tmp_path, {"2.txt": "rows a"})
    assert detect(tmp_path) == "rows"


def test_patterns_narrow_what_is_looked_at(tmp_path: Path) -> None:
    write_files(tmp_path, {"1.md": NATIVE, "data/2.txt": "rows a"})
    assert detect(tmp_path, patterns=("data/*.txt",)) == "rows"


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*.md", ["1.md"], ["a/1.md", "1.mdx"]),
        ("data/*.jsonl", ["data/1.jsonl"], ["data/a/1.jsonl", "1.jsonl"]),
        ("**/*.md", ["1.md", "a/1.md", "a/b/1.md"], ["1.txt"]),
        ("data/**", ["data/1.md", "data/a/1.md"], ["1.md"]),
        ("20??/논문.md", ["2024/논문.md"], ["2024/1.md", "20/4/논문.md"]),
        ("[1].md", ["[1].md"], ["1.md"]),
    ],
)
def test_patterns_match_paths(pattern: str, matching: list[str], others: list[str]) -> None:
    compiled = compile_patterns([pattern])
    assert [path for path in [*matching, *others] if compiled.fullmatch(path)] == matching


def open_with(root: Path, folder: Path, settings: Settings = Settings()) -> Archive:  # noqa: B008  # immutable
    archive = open_archive(root, {"FEEDS_INDEX": str(folder / "index.sqlite"), "HOME": str(folder)}, settings, READERS)
    archive.sync()
    return archive


def test_archive_is_read_by_the_reader_that_is_found(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    write_files(root, {"1.md": "lines a\nrows b", "2.txt": "rows c"})
    archive = open_with(root, tmp_path)
    assert (archive.reader.names, archive.reader.is_detected) == (("lines",), True)
    assert titles(archive) == ["lines a"]


def test_settings_name_readers_and_files(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    write_files(root, {"1.md": "lines a\nrows bb", "2.txt": "rows ccc", "3.md": "rows dddd"})
    archive = open_with(root, tmp_path, Settings(readers=("rows", "lines")))
    assert (archive.reader.names, archive.reader.is_detected) == (("rows", "lines"), False)
    assert sorted(titles(archive)) == ["rows bb", "rows ccc", "rows dddd"]
    assert titles(open_with(root, tmp_path, Settings(readers=("rows",), files=("3.*",)))) == ["rows dddd"]


def test_reader_stays_as_the_archive_grows_unless_it_becomes_native(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    write_files(root, {"1.md": "lines a"})
    assert open_with(root, tmp_path).reader.names == ("lines",)
    write_files(root, {f"{number}.txt": f"rows {'x' * number}" for number in range(2, 20)})
    assert detect(root) == "rows"
    assert open_with(root, tmp_path).reader.names == ("lines",)
    write_files(root, {"20.md": NATIVE})
    assert open_with(root, tmp_path).reader.names == ("daily-papers",)


def test_reader_is_remembered_while_the_folder_is_lost(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    write_files(root, {"1.txt": "rows a"})
    open_with(root, tmp_path)
    (root / "1.txt").unlink()
    archive = open_with(root, tmp_path)
    assert archive.reader.names == ("rows",)
    assert titles(archive) == ["rows a"]
    assert archive.degradation
