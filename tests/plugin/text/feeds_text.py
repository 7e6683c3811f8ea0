"""Exports editions as plain text for e-readers, terminals and screen readers."""

import textwrap
from collections.abc import Iterator

from feeds import (
    PAPER_SCOPES,
    Edition,
    Kind,
    Paper,
    RenderContext,
    SearchResults,
    title_text,
    to_plain_text,
)

_WIDTH = 72  # characters


class TextExporter:
    """UTF-8 text: the edition's name, the parameters of a search, then the papers, the most voted first."""

    name = "text"
    suffix = ".txt"
    media_type = "text/plain; charset=utf-8"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    settings = frozenset({"language", "title", "topics"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render an edition, one paper per chunk."""
        yield f"{context.full_name(edition)}\n".encode()
        if isinstance(edition, SearchResults):
            for parameter, value in edition.key.query.parameters().items():
                yield f"{parameter}: {value}\n".encode()
        for listing in edition.most_voted():
            yield f"\n{_format(listing.paper, context)}\n".encode()


def _format(paper: Paper, context: RenderContext) -> str:
    lines = [title_text(paper.title)]
    if paper.votes is not None:
        lines.append(context.locale.ngettext("{count} vote", "{count} votes", paper.votes))
    lines += [", ".join(paper.authors), *to_plain_text(paper.summary).split("\n"), paper.url]
    return "\n".join(textwrap.fill(line, _WIDTH, break_long_words=False) for line in lines if line)
