"""The Python API for programs: opens an archive, iterates over its days, and renders its editions."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

from feeds.errors import ExportError, UnknownEditionError
from feeds.model.edition import Edition
from feeds.model.keys import ALL, Key, SearchKey, key_hint, parse_key
from feeds.model.paper import Day, Listing, Paper
from feeds.model.query import DOWNLOAD_LIMIT, parse_query
from feeds.publishing.publisher import Publisher, open_publisher


def open(  # noqa: A001  # feeds.open, like gzip.open
    archive: str | os.PathLike[str], environ: Mapping[str, str] | None = None
) -> "OpenArchive":
    """Open the archive in a folder, with its settings and all registered formats.

    Args:
        archive: the folder.
        environ: where FEEDS_<NAME> settings are read from; by default `os.environ`.

    Raises:
        FeedsError: the archive, a setting or an exporter cannot be used.
    """
    return OpenArchive(open_publisher(Path(archive), os.environ if environ is None else environ))


class OpenArchive:
    """An archive that was opened with `feeds.open`; a context manager."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def __enter__(self) -> "OpenArchive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def days(self) -> Iterator[Day]:
        """Iterate over all days with their new papers, newest first."""
        return iter(self._load(ALL).days)

    def papers(self) -> Iterator[Paper]:
        """Iterate over all papers, newest day first."""
        return iter(self._load(ALL).papers)

    def edition(self, key: str, **parameters: str) -> "LoadedEdition":
        """Load an edition by its key, such as `latest` or `2024-01-30`, or `search` with URL parameters such as `q`.

        A parameter whose name is a Python keyword takes an underscore: `from_="2024-01-30"`. Raises UnknownEditionError
        if the text is not a key, or the archive does not hold the edition, and QueryError if a parameter is wrong.
        """
        parsed = parse_key(key, self._publisher.site.topic_keys)
        if parsed is None:
            hint = key_hint(key, self._publisher.site.topic_keys) or "a day is written 2024-01-30, a week 2024-W05"
            raise UnknownEditionError(f"{key!r} is not a key; {hint}")
        if isinstance(parsed, SearchKey) and not parsed.topic:
            parsed = SearchKey(parse_query((name.rstrip("_"), value) for name, value in parameters.items()))
        if isinstance(parsed, SearchKey):
            parsed = replace(parsed, query=parsed.query.with_default_limit(DOWNLOAD_LIMIT))
        return LoadedEdition(self._load(parsed), self._publisher)

    def close(self) -> None:
        """Close the index."""
        self._publisher.archive.close()

    def _load(self, key: Key) -> Edition:
        with self._publisher.archive.snapshot() as snapshot:
            return snapshot.load(key)


@dataclass(frozen=True, slots=True)
class LoadedEdition:
    """An edition that can be rendered."""

    edition: Edition
    _publisher: Publisher = field(repr=False)

    @property
    def days(self) -> tuple[Day, ...]:
        """The days, newest first."""
        return self.edition.days

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The papers with their ranks, first days and citation keys, in reading order."""
        return self.edition.listings

    @property
    def papers(self) -> tuple[Paper, ...]:
        """The papers in reading order."""
        return self.edition.papers

    def render(self, format_name: str) -> bytes:
        """Render the edition, as the archive is now, in a format by its name, such as `rss`.

        Raises ExportError if there is no such format, it does not offer this edition, or the exporter failed.
        """
        resources = self._publisher.formats.answers(self.edition.key)
        resource = next((resource for resource in resources if resource.format.name == format_name), None)
        if resource is None:
            names = ", ".join(resource.format.name for resource in resources)
            raise ExportError(f"{self.edition.key.text}: not offered as {format_name!r}, only as {names}")
        return self._publisher.render(self._publisher.representation(resource)).body
