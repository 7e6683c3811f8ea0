"""The format of JSON papers: lists, objects of lists by date, category or identifier, and JSON Lines."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import ClassVar

from feeds.readers import Digest
from feeds.readers.fields.dates import Dates


@dataclass(frozen=True, slots=True)
class JsonReader:
    """Reads JSON whose papers have a title and an address or identifier, whatever their keys are called."""

    dates: Dates = field(default_factory=Dates)
    name: ClassVar[str] = "json"
    suffixes: ClassVar[frozenset[str]] = frozenset({".json", ".jsonl", ".ndjson"})

    def read(self, source: str, path: PurePosixPath) -> Digest | None:
        """Parse a file; None if it has no papers, unless its path names a day and it is empty or an error."""
        from feeds.readers.json_papers.parser import parse_json  # here, because mostly no file has changed

        return parse_json(source, path, self.dates)
