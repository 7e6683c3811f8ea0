"""Formats papers in the syntax that the reader `daily-papers` parses."""

import re
from collections.abc import Iterator

from feeds.model.paper import Paper
from feeds.readers.daily_papers import syntax

_SYNTAX = re.compile(r"[\[\]()\\$&'\"]")


def format_paper(paper: Paper) -> Iterator[str]:
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
