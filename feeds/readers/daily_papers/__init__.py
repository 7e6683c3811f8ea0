"""The format of daily papers: Markdown in which `## Daily Papers (YYYY-MM-DD)` starts a day."""

from pathlib import PurePosixPath

from feeds.readers import Digest


class DailyPapersReader:
    """Reads Markdown in which `## Daily Papers (YYYY-MM-DD)` starts a day, with common variants and mistakes.

    Every line ends up in a field of a paper or in a diagnostic.
    """

    name = "daily-papers"
    suffixes = frozenset({".md", ".markdown"})

    def read(self, source: str, path: PurePosixPath) -> Digest | None:  # noqa: ARG002  # required by the contract
        """Parse a file; None if it has neither days nor papers."""
        from feeds.readers.daily_papers.parser import parse_digest  # here, because mostly no file has changed

        return parse_digest(source)
