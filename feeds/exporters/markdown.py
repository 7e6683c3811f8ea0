"""Exports editions as day files, which the reader `daily-papers` parses to the same papers."""

import re
from collections.abc import Iterator

from feeds.exporters.contract import LIBRARY_SCOPES, PAPER_SCOPES, Kind, RenderContext
from feeds.model.edition import Edition
from feeds.model.paper import Paper
from feeds.readers import syntax

_SYNTAX = re.compile(r"[\[\]()\\$&'\"]")


class MarkdownExporter:
    """The Markdown that archives are made of: a folder with the file is an archive of the same papers."""

    name = "md"
    suffix = ".md"
    media_type = "text/markdown; charset=utf-8"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    offered = LIBRARY_SCOPES
    settings = frozenset({"language"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render a heading for every day, newest first, each with its papers in the order of the digest.

        A comment comes first if a search has more papers.
        """
        if omission := context.omission(edition, self.name):
            yield f"<!-- {omission} -->\n\n".encode()
        for day in edition.days:
            blocks = [f"## Daily Papers ({day.date})"]
            for paper in day.papers:
                blocks += _format_paper(paper)
            yield "".join(f"{block}\n\n" for block in blocks).encode()


def _format_paper(paper: Paper) -> Iterator[str]:
    """Format a paper as blocks that a blank line separates."""
    yield f"### {_format_link(paper)}"
    if paper.image:
        yield f"![]({_escape_url(paper.image)})"
    if paper.video:
        url = _escape_url(paper.video)
        yield f'[Watch Video]({url})\n<div><video controls src="{url}" muted="false"></video></div>'
    if paper.votes is not None:
        yield f"Vote: {paper.votes}"
    if paper.authors or paper.more_authors:
        yield f"Authors: {_format_authors(paper)}"
    if paper.summary:
        yield paper.summary


def _format_link(paper: Paper) -> str:
    """Format title and URL as a link; the title is unchanged unless it would be parsed as another."""
    url = _escape_url(paper.url)
    title = _escape(paper.title)
    link = syntax.parse_link(f"[{title}]({url})")
    if link is None or link._replace(is_ambiguous=False) != syntax.Link(title, url):
        title = _encode(paper.title)
    return f"[{title}]({url})"


def _format_authors(paper: Paper) -> str:
    """Format the names with commas between them, or as a Python list if they would be parsed as others."""
    names = [_escape_name(name) for name in paper.authors] + ["+"] * paper.more_authors
    line = syntax.AUTHORS.fullmatch(f"Authors: {', '.join(names)}")
    if line and syntax.parse_authors(line["value"]) == (paper.authors, paper.more_authors, True):
        return ", ".join(names)
    return repr(names)


def _escape_name(name: str) -> str:
    """Escape a name. The parser drops an `and` before a name: one that starts with `and` gets a second."""
    return f"and {_escape(name)}" if name.startswith("and ") else _escape(name)


def _escape_url(url: str) -> str:
    """Escape a URL whose brackets or quotes would end it early."""
    is_safe = syntax.PICTURE.fullmatch(f"![]({url})") and syntax.parse_url(url) == url and "'" not in url
    return url if is_safe else _encode(url)


def _escape(text: str) -> str:
    """Escape a text with sequences that the parser would take for an escape or an entity."""
    return text if syntax.unescape(text) == text else _encode(text)


def _encode(text: str) -> str:
    """Replace the characters of the syntax with character references, which are never parsed as syntax."""
    return _SYNTAX.sub(lambda match: f"&#{ord(match[0])};", text)
