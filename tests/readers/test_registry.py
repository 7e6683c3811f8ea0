"""The registry of readers: built-in ones and plug-ins go through the same loop, and neither breaks an archive."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import EntryPoint
from pathlib import PurePosixPath

import pytest

from feeds.errors import PluginError
from feeds.model.diagnostic import Severity
from feeds.readers import Digest, registry
from feeds.readers.fields.dates import Dates
from feeds.readers.registry import ArchiveReader, RegisteredReader, Registry

DAY = date(2024, 1, 30)
NO_PATTERN = Dates()
DIGEST = Digest({DAY: 1}, (), ())


@dataclass(frozen=True)
class FakeReader:
    """Gives a digest for every text that starts with its name."""

    name: str = "fake"
    suffixes: frozenset[str] = frozenset({".txt"})
    dates: Dates = NO_PATTERN

    def read(self, source: str, path: PurePosixPath) -> Digest | None:
        if source == "raise":
            raise ValueError(f"in\nlines of {path}")
        return DIGEST if source.startswith(self.name) else None


def combine(*readers: FakeReader) -> ArchiveReader:
    return ArchiveReader([RegisteredReader(reader, f"{reader.name}-plugin 1.0") for reader in readers])


def plug_in(monkeypatch: pytest.MonkeyPatch, load: Callable[[], object]) -> None:
    """Install an entry point whose class is created by a function."""
    monkeypatch.setattr(EntryPoint, "load", lambda point: load)
    point = EntryPoint("fake", "fake_module:FakeReader", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])


def test_first_reader_that_knows_the_format_reads_a_file() -> None:
    reader = combine(FakeReader("a"), FakeReader("ab"), FakeReader("x", frozenset({".md"})))
    assert reader.names == ("a", "ab", "x")
    assert reader.suffixes == {".md", ".txt"}
    assert reader.read("abc", PurePosixPath("1.TXT")) is DIGEST
    assert reader.read("x", PurePosixPath("1.md")) is DIGEST
    assert reader.read("abc", PurePosixPath("1.md")) is None


def test_exception_becomes_a_diagnostic_that_names_the_reader() -> None:
    digest = combine(FakeReader()).read("raise", PurePosixPath("1.txt"))
    assert digest is not None
    (diagnostic,) = digest.diagnostics
    assert diagnostic.severity is Severity.ERROR
    assert diagnostic.message.startswith("the reader fake of fake-plugin 1.0 failed: ValueError: in lines of 1.txt")


def test_fingerprint_changes_with_readers_and_dates() -> None:
    readers = [
        combine(FakeReader()),
        combine(FakeReader("other")),
        combine(FakeReader(), FakeReader("other")),
        combine(FakeReader(dates=Dates("%d.%m.%Y"))),
    ]
    assert len({reader.fingerprint for reader in readers}) == len(readers)
    assert combine(FakeReader()).fingerprint == combine(FakeReader()).fingerprint


def test_readers_with_dates_are_given_the_pattern() -> None:
    readers = Registry([RegisteredReader(FakeReader(), "x")])
    assert readers.select(["fake"], Dates("%d.%m.%Y")).fingerprint != readers.select(["fake"]).fingerprint


def test_plug_in_comes_after_the_built_in_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    built_in = [item.name for item in registry.load()]
    plug_in(monkeypatch, FakeReader)
    assert [item.name for item in registry.load()] == [*built_in, "fake"]


@pytest.mark.parametrize(
    ("load", "message"),
    [
        (lambda: 1 / 0, "reader 'fake' (fake_module:FakeReader) cannot be loaded: ZeroDivisionError: division by zero"),
        (lambda: FakeReader("daily-papers"), "the reader name 'daily-papers' is taken by one from daily-papers-feeds"),
        (lambda: FakeReader("Fake"), "its name must be of a-z, 0-9 and '-', not 'Fake'"),
        (lambda: FakeReader(suffixes=frozenset()), "its suffixes must be a frozenset of texts such as '.md'"),
        (lambda: FakeReader(suffixes=frozenset({"md"})), "its suffixes must be like '.md', not md"),
        (lambda: object(), "reader object breaks the contract: it has no name, suffixes, read"),
    ],
)
def test_broken_plug_in_is_named(monkeypatch: pytest.MonkeyPatch, load: Callable[[], object], message: str) -> None:
    plug_in(monkeypatch, load)
    with pytest.raises(PluginError, match=re.escape(message)):
        registry.load()


def test_unknown_reader_is_reported_with_a_similar_name() -> None:
    with pytest.raises(ValueError, match="there is no reader 'daily-paper'; write daily-papers"):
        registry.load().check("daily-paper")
