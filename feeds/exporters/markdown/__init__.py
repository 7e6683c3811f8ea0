"""Day files, which the reader `daily-papers` parses to the same papers."""

from collections.abc import Iterator

from feeds.exporters.contract import OPEN_SCOPES, PAPER_SCOPES, Kind, RenderContext
from feeds.model.edition import Edition


class MarkdownExporter:
    """The Markdown that archives are made of: a folder with the file is an archive of the same papers."""

    name = "md"
    suffix = ".md"
    media_type = "text/markdown; charset=utf-8"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    offered = OPEN_SCOPES
    settings = frozenset({"language"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render a heading for every day, newest first, each with its papers in the order of the digest.

        A comment comes first if a search has more papers.
        """
        from feeds.exporters.markdown.papers import (
            format_paper,  # here, because the reader's syntax takes long to import
        )

        if omission := context.omission(edition, self.name):
            yield f"<!-- {omission} -->\n\n".encode()
        for day in edition.days:
            blocks = [f"## Daily Papers ({day.date})"]
            for paper in day.papers:
                blocks += format_paper(paper)
            yield "".join(f"{block}\n\n" for block in blocks).encode()
