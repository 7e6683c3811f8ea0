"""Bounds what readers take from a file, and reports what is left out."""

from dataclasses import replace

from feeds.model.paper import Paper
from feeds.readers import Diagnostics
from feeds.text import unicode

MAX_PAPERS = 100_000  # of a file
_MAX_LINES = 1_000_000  # of a file
_MAX_LINE = 500_000  # characters
_MAX_TITLE = 5_000  # characters
_MAX_AUTHORS = 10_000  # of a paper; some of medicine and physics have thousands
_MAX_NAME = 500  # characters
_MAX_TEXT = 200_000  # characters of a summary, and of an abstract
_MAX_TAGS = 200  # of a paper
_MAX_TAG = 200  # characters


def split_lines(source: str, diagnostics: Diagnostics) -> list[str]:
    """Split a file into lines; report and remove what is too long, and characters that XML forbids."""
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n", _MAX_LINES)
    if len(lines) > _MAX_LINES:
        del lines[_MAX_LINES:]
        problem = f"the file has more than {_MAX_LINES:,} lines, and the others are left out"
        diagnostics.error(_MAX_LINES + 1, problem, "write a file for each day")
    for index, line in enumerate(lines):
        if len(line) > _MAX_LINE:
            lines[index] = line[:_MAX_LINE]
            problem = f"the line has more than {_MAX_LINE:,} characters, and the others are left out"
            diagnostics.error(index + 1, problem, "break it into several lines")
    if not unicode.find_forbidden(source):
        return lines
    for number, line in enumerate(lines, 1):
        if forbidden := unicode.find_forbidden(line):
            diagnostics.warning(number, f"characters that XML forbids are left out: {', '.join(forbidden)}")
    return list(map(unicode.strip_forbidden, lines))


def limit_paper(paper: Paper, line: int, diagnostics: Diagnostics) -> Paper:
    """Return a paper without what exceeds the limits, which is reported."""
    title = _limit_text(paper.title, _MAX_TITLE, "title", line, diagnostics)
    summary = _limit_text(paper.summary, _MAX_TEXT, "summary", line, diagnostics)
    abstract = _limit_text(paper.abstract, _MAX_TEXT, "abstract", line, diagnostics)
    authors, more_authors = paper.authors, paper.more_authors
    if len(authors) > _MAX_AUTHORS:
        authors, more_authors = authors[:_MAX_AUTHORS], True
        problem = f"the paper has more than {_MAX_AUTHORS:,} authors, and the others are left out"
        diagnostics.error(line, problem, "list the first ones")
    if any(len(name) > _MAX_NAME for name in authors):
        authors = tuple(name[:_MAX_NAME] for name in authors)
        problem = f"a name has more than {_MAX_NAME:,} characters, and the others are left out"
        diagnostics.error(line, problem, "write a comma between names")
    tags = paper.tags
    if len(tags) > _MAX_TAGS or any(len(tag) > _MAX_TAG for tag in tags):
        tags = tuple(tag for tag in tags if len(tag) <= _MAX_TAG)[:_MAX_TAGS]
        problem = f"tags after the first {_MAX_TAGS:,}, and those of more than {_MAX_TAG:,} characters, are left out"
        diagnostics.error(line, problem, "write a comma between tags")
    if (title, summary, abstract, authors, tags) == (
        paper.title,
        paper.summary,
        paper.abstract,
        paper.authors,
        paper.tags,
    ):
        return paper
    return replace(
        paper,
        title=title,
        summary=summary,
        abstract=abstract,
        authors=authors,
        more_authors=more_authors,
        tags=tags,
    )


def _limit_text(text: str, length: int, name: str, line: int, diagnostics: Diagnostics) -> str:
    if len(text) <= length:
        return text
    problem = f"the {name} has more than {length:,} characters, and the others are left out"
    diagnostics.error(line, problem, "shorten it")
    return text[:length]
