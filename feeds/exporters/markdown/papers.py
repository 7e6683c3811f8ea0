"""Formats papers in the syntax that the reader `daily-papers` parses."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from feeds.model.paper import Paper
from feeds.readers.daily_papers import syntax
from feeds.readers.daily_papers.parser import parse_digest
from feeds.readers.daily_papers.sections import fence_after

_SYNTAX = re.compile(r"[\[\]()\\$&'\"]")
_MARKS = re.compile(r"[ \t>*_`\\+•-]*")  # before the text of a line
_MAY_BE_SYNTAX = re.compile(
    rf"^{_MARKS.pattern}(?:[#＃!\[［<]|(?:(?:up)?votes?|authors?|tags|published|language|abstract|watch|daily)\b)",
    re.IGNORECASE | re.MULTILINE,
)
_LINK_START = re.compile(r"\[\W{0,9}(?=\w)")
_HEADING_START = re.compile(r"[ \t>*_+•\\-]{0,9}[#＃]{1,6}\s")


def format_paper(paper: Paper) -> Iterator[str]:
    """Format a paper as blocks that a blank line separates."""
    blocks = list(_format_fields(paper))
    yield from blocks
    if paper.summary:
        yield _format_summary(paper, blocks)


def _format_fields(paper: Paper) -> Iterator[str]:
    yield "\n".join([f"### {_format_link(paper)}", *_format_extras(paper)])
    if paper.image:
        yield f"![]({_escape_url(paper.image)})"
    if paper.video:
        url = _escape_url(paper.video)
        yield f'[Watch Video]({url})\n<div><video controls src="{url}" muted="false"></video></div>'
    if paper.votes is not None:
        yield f"Vote: {paper.votes}"
    if paper.authors or paper.more_authors:
        yield f"Authors: {_format_authors(paper)}"


def _format_extras(paper: Paper) -> Iterator[str]:
    """Format what few digests have, a line for each field and each paragraph of the abstract."""
    if paper.tags:
        yield f"Tags: {', '.join(_escape(tag).replace(',', '&#44;') for tag in paper.tags)}"
    if paper.published:
        yield f"Published: {paper.published}"
    if journal := " ".join(paper.journal.split()):
        yield f"Journal: {journal}"
    if paper.journal_doi:
        yield f"DOI: {paper.journal_doi}"
    if comment := " ".join(paper.comment.split()):
        yield f"Comment: {comment}"
    if paper.language:
        yield f"Language: {paper.language}"
    for paragraph in re.split(r"\n\s*\n", paper.abstract):
        if text := " ".join(paragraph.split()):
            yield f"Abstract: {text}"


def _is_parsed_as(paper: Paper, blocks: Iterable[str]) -> bool:
    digest = parse_digest("\n\n".join(["## Daily Papers (2024-01-30)", *blocks]))
    return digest is not None and [entry.paper for entry in digest.entries] == [paper]


def _format_summary(paper: Paper, blocks: Iterable[str]) -> str:
    """Format the summary as it is if that is parsed as such, else escaped outside of code, else wholly escaped."""
    if not _MAY_BE_SYNTAX.search(paper.summary):
        return paper.summary
    for summary in (paper.summary, "\n".join(_escape_text(paper.summary)).strip("\n")):
        if _is_parsed_as(replace(paper, summary=summary), [*blocks, summary]):
            return summary
    return "\n".join(map(_escape_line, paper.summary.split("\n"))).strip("\n")


def _escape_text(summary: str) -> Iterator[str]:
    """Escape the lines outside of fenced code of a summary, of a digest in another syntax, that look like this one."""
    fence = ""
    for line in summary.split("\n"):
        was_in_code, fence = bool(fence), fence_after(line, fence)
        yield line if was_in_code or fence else _escape_line(line)


def _escape_line(line: str) -> str:
    """Write a heading as bold text and a picture as a link, as both are rendered; escape the first letter of others."""
    if heading := _HEADING_START.match(line):
        text = line[heading.end() :].replace("**", "").strip(" \t#*_")
        return f"\n**{_escape_line(text)}**\n" if text else ""
    if not _MAY_BE_SYNTAX.match(line):
        return line
    text = _MARKS.sub("", line, count=1)
    before = line[: len(line) - len(text)]
    if text.startswith("!["):
        return before + text[1:]
    if link := _LINK_START.match(text):
        before, text = before + link[0], text[link.end() :]
    return f"{before}&#{ord(text[0])};{text[1:]}"


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
