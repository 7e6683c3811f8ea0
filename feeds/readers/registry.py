"""The registered readers: the built-in ones, then those that other distributions bring as entry points."""

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from feeds import NAME
from feeds.errors import PluginError
from feeds.fingerprint import hash_files
from feeds.model.diagnostic import Diagnostic, Severity
from feeds.plugins import distribution_of, entry_points, instantiate
from feeds.readers import Digest, Reader
from feeds.readers.fields.dates import Dates

GROUP = "feeds.readers"
DEFAULT = "daily-papers"
_BUILT_IN = {
    DEFAULT: "daily_papers:DailyPapersReader",
    "sections": "sections:SectionsReader",
    "json": "json_papers:JsonReader",
    "notes": "notes:NotesReader",
    "tables": "tables:TablesReader",
}
_MAX_REASON = 200  # characters of an exception


class RegisteredReader(NamedTuple):
    """A reader, and the distribution that it came from."""

    reader: Reader
    origin: str

    @property
    def name(self) -> str:
        """What settings call the reader."""
        return self.reader.name


class ArchiveReader:
    """The readers of an archive as one: each file is read by the first that knows its format.

    An exception becomes a diagnostic, which names the reader and its distribution.
    """

    def __init__(self, readers: Sequence[RegisteredReader], *, is_detected: bool = False) -> None:
        self._readers = tuple(readers)
        self.is_detected = is_detected
        """Whether no setting named the readers."""
        self.name = ", ".join(item.name for item in readers)
        self.suffixes = frozenset[str]().union(*(item.reader.suffixes for item in readers))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the readers."""
        return tuple(item.name for item in self._readers)

    @property
    def fingerprint(self) -> str:
        """A text that changes with the readers, with what they were given, and with the code of plug-ins."""
        return repr([(item.name, item.origin, _dates(item.reader), _code_hash(item.reader)) for item in self._readers])

    def read(self, source: str, path: PurePosixPath) -> Digest | None:
        """Parse a file; None if none of the readers knows its format."""
        for item in self._readers:
            if not path.name.lower().endswith(tuple(item.reader.suffixes)):
                continue
            try:
                digest = item.reader.read(source, path)
            except Exception as error:  # of a plug-in, or of ours
                reason = " ".join(f"{type(error).__name__}: {error}".split())[:_MAX_REASON]
                message = f"the reader {item.name} of {item.origin} failed: {reason}; report it to its authors"
                return Digest({}, (), (Diagnostic(1, message, Severity.ERROR),))
            if digest is not None:
                return digest
        return None


class Registry:
    """The readers by name, in the order in which they are tried.

    Args:
        readers: the readers, after those of `built_in`.
        built_in: by name, what loads a reader when it is first needed: most archives need one.
    """

    def __init__(
        self, readers: Iterable[RegisteredReader], built_in: Mapping[str, Callable[[], RegisteredReader]] | None = None
    ) -> None:
        self._loaders: dict[str, Callable[[], RegisteredReader]] = {
            name: cache(loader) for name, loader in (built_in or {}).items()
        }
        origins = dict.fromkeys(self._loaders, NAME)
        for item in readers:
            if item.name in origins:
                taken = origins[item.name]
                raise PluginError(f"{item.origin}: the reader name {item.name!r} is taken by one from {taken}")
            self._loaders[item.name] = partial(RegisteredReader, *item)
            origins[item.name] = item.origin

    def __iter__(self) -> Iterator[RegisteredReader]:
        return (loader() for loader in self._loaders.values())

    def names(self) -> list[str]:
        """List the names of the readers."""
        return list(self._loaders)

    def __contains__(self, name: object) -> bool:
        return name in self._loaders

    def check(self, name: str) -> None:
        """Raise ValueError if there is no reader of a name."""
        if name not in self._loaders:
            similar = get_close_matches(name, self._loaders, 1) or [", ".join(self._loaders)]
            raise ValueError(f"there is no reader {name!r}; write {similar[0]}")

    def select(
        self,
        names: Iterable[str],
        dates: Dates = Dates(),  # noqa: B008  # immutable
        *,
        is_detected: bool = False,
    ) -> ArchiveReader:
        """Combine readers by their names. Dataclasses with a field `dates` are given how to find dates."""
        return ArchiveReader([_with_dates(self._loaders[name](), dates) for name in names], is_detected=is_detected)


def load() -> Registry:
    """Load every reader. Raises PluginError if one cannot be used; the message names its distribution."""
    plug_ins = sorted(entry_points(GROUP), key=lambda point: (distribution_of(point, NAME), point.name))
    return Registry(
        [_load(point.name, point.value, distribution_of(point, NAME), point.load) for point in plug_ins],
        {name: partial(_load, name, value, NAME, partial(_import, value)) for name, value in _BUILT_IN.items()},
    )


def _import(value: str) -> Any:
    module, _, name = value.partition(":")
    return getattr(importlib.import_module(f"feeds.readers.{module}"), name)


def _load(name: str, value: str, source: str, load_class: Callable[[], Any]) -> RegisteredReader:
    reader = instantiate("reader", name, value, source, load_class)
    if faults := list(_faults(reader)):
        problem = f"reader {type(reader).__name__} breaks the contract: {'; '.join(faults)}"
        raise PluginError(f"{source}: {problem} (entry point {name!r}, {value})")
    return RegisteredReader(reader, source)


def _faults(reader: object) -> Iterator[str]:
    """List in which ways an object is not a reader."""
    if missing := [name for name in ("name", "suffixes", "read") if not hasattr(reader, name)]:
        yield f"it has no {', '.join(missing)}"
        return
    name, suffixes = reader.name, reader.suffixes  # type: ignore[attr-defined]
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        yield f"its name must be of a-z, 0-9 and '-', not {name!r}"
    if not isinstance(suffixes, frozenset) or not suffixes:
        yield f"its suffixes must be a frozenset of texts such as '.md', not {suffixes!r}"
    elif wrong := sorted(str(suffix) for suffix in suffixes if not re.fullmatch(r"(\.[a-z0-9_-]+)+", str(suffix))):
        yield f"its suffixes must be like '.md', not {', '.join(wrong)}"


def _with_dates(item: RegisteredReader, dates: Dates) -> RegisteredReader:
    reader: Any = item.reader
    return item._replace(reader=replace(reader, dates=dates)) if _dates(reader) else item


def _dates(reader: Reader) -> Dates | None:
    return getattr(reader, "dates", None)


def _code_hash(reader: Reader) -> str:
    """Hash the module of a plug-in; the code of the built-in readers is hashed with their package."""
    module = type(reader).__module__
    file = importlib.import_module(module).__file__
    return "" if module.startswith("feeds.") or not file else hash_files([Path(file)])
