"""The format of sections: Markdown in which a section, a list item or a row of a table is a paper."""

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import ClassVar

from feeds.readers import Digest
from feeds.readers.fields.dates import Dates

_MAY_BE_DIGEST = re.compile(r"arxiv|doi|openreview|hf\.co|huggingface\.co|\bpapers?\b|论文|論文|논문", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SectionsReader:
    """Reads Markdown whose headings, list items or rows lead to a paper each."""

    dates: Dates = field(default_factory=Dates)
    name: ClassVar[str] = "sections"
    suffixes: ClassVar[frozenset[str]] = frozenset({".md", ".markdown"})

    def read(self, source: str, path: PurePosixPath) -> Digest | None:
        """Parse a file; None if it has no papers and does not say so, or belongs to another reader."""
        if not _MAY_BE_DIGEST.search(source):
            return None
        from feeds.readers.sections.parser import parse_sections  # here, because mostly no file has changed

        return parse_sections(source, path, self.dates)
