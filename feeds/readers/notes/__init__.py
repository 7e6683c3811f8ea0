"""The format of notes: a file for each paper, whose fields stand in front matter."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import ClassVar

from feeds.readers import Digest
from feeds.readers.fields.dates import Dates


@dataclass(frozen=True, slots=True)
class NotesReader:
    """Reads Markdown whose front matter, in YAML or TOML, has the title and the address of one paper."""

    dates: Dates = field(default_factory=Dates)
    name: ClassVar[str] = "notes"
    suffixes: ClassVar[frozenset[str]] = frozenset({".md", ".markdown", ".mdx", ".qmd"})

    def read(self, source: str, path: PurePosixPath) -> Digest | None:
        """Parse a file; None if it has no front matter, or is not about one paper."""
        from feeds.readers.notes.parser import parse_note  # here, because mostly no file has changed

        return parse_note(source, path, self.dates)
