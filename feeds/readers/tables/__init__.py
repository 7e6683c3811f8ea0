"""The format of tables: rolling tables and lists of papers, whose rows carry their dates."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import ClassVar

from feeds.readers import Digest
from feeds.readers.fields.dates import Dates


@dataclass(frozen=True, slots=True)
class TablesReader:
    """Reads tables of Markdown or HTML and lists of which each row has a date and leads to one paper.

    Also reads the JSON from which tools write such tables, `{"topic": {"2401.00001": "|**2024-01-01**|**Title**|…|"}}`.
    """

    dates: Dates = field(default_factory=Dates)
    name: ClassVar[str] = "tables"
    suffixes: ClassVar[frozenset[str]] = frozenset({".md", ".markdown", ".html", ".htm", ".json"})

    def read(self, source: str, path: PurePosixPath) -> Digest | None:
        """Parse a file; None unless most rows that lead to a paper have a date."""
        from feeds.readers.tables.parser import parse_tables  # here, because mostly no file has changed

        return parse_tables(source, path, self.dates)
