"""Editions as plain text: what the browser of a Kindle downloads, and what a terminal or a voice reads out."""

import textwrap
from collections.abc import Iterator

from feeds.archive.edition import Edition
from feeds.exporters.contract import CUTS, Kind, Scope
from feeds.model.paper import Paper
from feeds.site.site import Site
from feeds.text import markdown
from feeds.text.titles import title_text

_WIDTH = 72  # characters


class TextExporter:
    """UTF-8 text: the name of the edition, what a search asked for, then the papers, most voted first."""

    name = "text"
    suffix = ".txt"
    media_type = "text/plain; charset=utf-8"
    kind = Kind.FILE
    scopes = CUTS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render an edition a paper at a time."""
        yield f"{site.full_name(edition)}\n".encode()
        if edition.key.scope is Scope.SEARCH:
            for parameter, value in edition.key.query.parameters().items():
                yield f"{parameter}: {value}\n".encode()
        for paper in edition.most_voted():
            yield f"\n{_text(paper, site)}\n".encode()


def _text(paper: Paper, site: Site) -> str:
    lines = [
        title_text(paper.title),
        ", ".join(paper.authors),
        *markdown.to_plain_text(paper.summary).split("\n"),
        paper.url,
    ]
    if paper.votes is not None:
        lines.insert(1, site.words.ngettext("{count} vote", "{count} votes", paper.votes))
    return "\n".join(textwrap.fill(line, _WIDTH, break_long_words=False) for line in lines if line)
