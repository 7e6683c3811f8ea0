"""The format of notes: a file for each paper, whose fields stand in front matter or below its title."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import ClassVar

from feeds.readers import Digest
from feeds.readers.fields.dates import Dates


@dataclass(frozen=True, slots=True)
class NotesReader:
    """Reads Markdown about one paper: with front matter in YAML or TOML, or with a title and labelled fields below."""

    dates: Dates = field(default_factory=Dates)
    name: ClassVar[str] = "notes"
    suffixes: ClassVar[frozenset[str]] = frozenset({".md", ".markdown", ".mdx", ".qmd"})

    def read(self, source: str, path: PurePosixPath) -> Digest | None:
        """Parse a file; None if it is not about one paper."""
        from feeds.readers.notes.parser import parse_note  # here, because mostly no file has changed

        return parse_note(source, path, self.dates)
