"""Reads digests in Markdown, in which `## Daily Papers (YYYY-MM-DD)` starts a day and `### [TITLE](URL)` a paper."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import PurePosixPath
from typing import NamedTuple

from feeds.model.diagnostic import Diagnostic, Severity
from feeds.model.identity import arxiv_id
from feeds.model.paper import Paper
from feeds.readers import Digest, Entry, syntax
from feeds.text import unicode

_HEADING = re.compile(r"(?P<indent>\s*)(?P<marks>#{1,6})(?P<space>\s*)(?P<text>.*)")
_FENCE = re.compile(r"\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)*(`{3,}(?!.*`)|~{3,})")  # also after a list marker
_BULLET = re.compile(r"\s*(?:[-*•]|\d+[.)])\s")
_INVISIBLE = "\ufeff\u200b\u2060"  # byte order marks and the like, left where files were concatenated
_MAX_AUTHOR_LINES = 1000


class DailyPapersReader:
    """Reads Markdown digests, including the variants and mistakes that are common in them.

    Every line ends up in a field of a paper or in a diagnostic.
    """

    name = "daily-papers"
    suffixes = frozenset({".md", ".markdown"})

    def read(self, source: str, path: PurePosixPath) -> Digest | None:  # noqa: ARG002  # required by the contract
        """Parse a file; None if it has no heading of a day."""
        diagnostics = _Diagnostics()
        sections = list(_split_sections(source, diagnostics))
        if not any(syntax.DAY_HEADING.fullmatch(section.heading) for section in sections):
            return None
        parser = _Parser(diagnostics)
        for section in sections:
            parser.parse(section)
        return parser.digest()


class _Diagnostics(list[Diagnostic]):
    """The diagnostics of a file, in the order of their detection."""

    def error(self, line: int, problem: str, hint: str) -> None:
        self.append(Diagnostic(line, f"{problem}; {hint}", Severity.ERROR))

    def warning(self, line: int, problem: str, hint: str = "") -> None:
        self.append(Diagnostic(line, f"{problem}; {hint}" if hint else problem, Severity.WARNING))


class _Line(NamedTuple):
    """A line of a file; numbers count from 1."""

    number: int
    text: str


class _Section(NamedTuple):
    """A heading and the lines up to the next one; level 0 and no heading at the start of a file."""

    line: int
    level: int
    heading: str
    body: list[_Line]


def _split_sections(source: str, diagnostics: _Diagnostics) -> Iterator[_Section]:
    """Split a file at its headings; in fenced code only at those of days and papers, as a fence may lack its end."""
    section = _Section(1, 0, "", [])
    fence = ""
    for line in _split_lines(source, diagnostics):
        heading = _parse_heading(line)
        if heading and (not fence or _is_day_or_paper(heading.heading)):
            yield section
            section, fence = heading, ""
        else:
            section.body.append(line)
            fence = _fence_after(line.text, fence)
    yield section


def _split_lines(source: str, diagnostics: _Diagnostics) -> Iterator[_Line]:
    """Split a file into lines, and report and remove forbidden characters."""
    lines = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        if forbidden := unicode.find_forbidden(line):
            characters = ", ".join(sorted(set(forbidden)))
            diagnostics.warning(number, f"characters that XML forbids are left out: {characters}")
    return map(_Line, count(1), _join_headings(unicode.strip_forbidden(line) for line in lines))


def _join_headings(lines: Iterable[str]) -> Iterator[str]:
    """Join a paper's heading that is broken in its title; a blank line replaces the second one to keep the numbers."""
    heading: str | None = None
    for line in lines:
        if heading is not None:
            is_joined = "](" in line and not line.startswith("#")
            yield f"{heading.rstrip()} {line.lstrip()}" if is_joined else heading
            heading = None
            if is_joined:
                yield ""
                continue
        if line.startswith("### [") and "](" not in line:
            heading = line
        else:
            yield line
    if heading is not None:
        yield heading


def _parse_heading(line: _Line) -> _Section | None:
    """Parse an ATX heading (CommonMark section 4.2); those of days and papers also with the usual mistakes."""
    match = _HEADING.fullmatch(line.text.lstrip(_INVISIBLE))
    if match is None:
        return None
    text = match["text"].rstrip()
    is_well_formed = len(match["indent"]) <= 3 and (match["space"] or not text)
    if not is_well_formed and not _is_day_or_paper(text):
        return None
    unclosed = text.rstrip("#")
    has_closing_sequence = unclosed != unclosed.rstrip()  # `C#` has none
    return _Section(line.number, len(match["marks"]), unclosed.rstrip() if has_closing_sequence else text, [])


def _is_day_or_paper(heading: str) -> bool:
    return bool(syntax.DAY_HEADING.fullmatch(heading) or syntax.parse_link(heading))


def _fence_after(line: str, fence: str) -> str:
    """Return the code fence that is open after a line, given the one before it; empty for none (CommonMark 4.5)."""
    match = _FENCE.match(line)
    if match is None:
        return fence
    if not fence:
        return match[1]
    is_closed = match[1].startswith(fence) and not line.strip().strip(fence[0])
    return "" if is_closed else fence


class _Parser:
    """Parses the sections of a file in order.

    A README may show a digest between chapters of its own. Where a file has text before its first day, a chapter after
    a day therefore ends the day: from there on only sections with votes or authors are papers.
    """

    def __init__(self, diagnostics: _Diagnostics) -> None:
        self._diagnostics = diagnostics
        self._days: dict[date, None] = {}  # an ordered set
        self._entries: list[Entry] = []
        self._day: date | None = None
        self._has_chapters = False
        self._in_chapter = False

    def digest(self) -> Digest:
        """Return the result, with the diagnostics in the order of their lines."""
        diagnostics = sorted(self._diagnostics, key=lambda diagnostic: diagnostic.line)
        return Digest(tuple(self._days), tuple(self._entries), tuple(diagnostics))

    def parse(self, section: _Section) -> None:
        """Parse a section as a day or a paper, or report what it contains."""
        if match := syntax.DAY_HEADING.fullmatch(section.heading):
            self._start_day(match, section)
        elif self._day is None or (self._in_chapter and not _has_votes_or_authors(section)):
            self._has_chapters = self._has_chapters or bool(section.heading or _non_blank(section.body))
            self._report_section(section, in_day=False)
        elif paper := _parse_paper(section, self._diagnostics):
            self._entries.append(Entry(section.line, self._day, paper))
        else:
            self._report_section(section, in_day=True)
            self._in_chapter = self._in_chapter or (self._has_chapters and section.level <= 2)

    def _start_day(self, match: re.Match[str], section: _Section) -> None:
        self._in_chapter = False
        self._day = _parse_date(match)
        if self._day is None:
            text = "-".join(match.groups())
            problem = f"{text} is not a date, so its papers are left out"
            self._diagnostics.error(section.line, problem, "write YYYY-MM-DD with a year from 1990 to 2999")
        else:
            self._days.setdefault(self._day)
        self._report_lines(section.body)

    def _report_section(self, section: _Section, in_day: bool) -> None:
        """Report a section that is not a paper of a day; an error where a paper seems to be meant."""
        heading = _quote(section.heading)
        link = syntax.parse_link(section.heading)
        if in_day and section.level == 3:
            hint = "write ### [TITLE](URL) with an http or https URL"
            self._diagnostics.error(section.line, f"{heading} is not a paper", hint)
        elif link and arxiv_id(link.url):
            hint = "start its heading with ###" if in_day else "write ## Daily Papers (YYYY-MM-DD) above it"
            self._diagnostics.error(section.line, f"the paper {heading} is left out", hint)
        elif section.heading:
            self._diagnostics.warning(section.line, f"the heading {heading} belongs to no paper and is left out")
        self._report_lines(section.body)

    def _report_lines(self, lines: list[_Line]) -> None:
        """Report lines that belong to no paper, all in one diagnostic."""
        lines = _non_blank(lines)
        if not lines:
            return
        first, last = _quote(lines[0].text), lines[-1].number
        if len(lines) == 1:
            problem = f"the line {first} belongs to no paper and is left out"
        else:
            problem = f"the lines from {first} to line {last} belong to no paper and are left out"
        self._diagnostics.warning(lines[0].number, problem)


def _parse_date(match: re.Match[str]) -> date | None:
    """Convert the groups of a day heading to a date; None if there is no such date, or not in a plausible year."""
    try:
        day = date(*map(int, match.groups()))
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2999 else None


def _parse_paper(section: _Section, diagnostics: _Diagnostics) -> Paper | None:
    """Parse a paper; None if the section is not one, or has no valid URL."""
    link = syntax.parse_link(section.heading)
    url = syntax.parse_url(link.url) if link else None
    if link is None or url is None or (section.level != 3 and not _is_paper_at_any_level(link, section)):
        return None
    title = syntax.unescape(link.title)
    if not title:
        diagnostics.error(section.line, "the paper has no title, so its URL is shown instead", "write ### [TITLE](URL)")
    if link.rest:
        problem = f"{_quote(link.rest)} after the link is left out"
        diagnostics.warning(section.line, problem, "write it below the heading")
    builder = _PaperBuilder(title or url, url, diagnostics)
    builder.add_lines(section.body)
    return builder.build()


def _is_paper_at_any_level(link: syntax.Link, section: _Section) -> bool:
    """Whether a section is certainly a paper, whatever the level of its heading."""
    return arxiv_id(link.url) is not None and _has_votes_or_authors(section)


def _has_votes_or_authors(section: _Section) -> bool:
    lines = [line.text.strip() for line in section.body]
    return any(syntax.VOTES.fullmatch(line) or syntax.AUTHORS.fullmatch(line) for line in lines)


@dataclass(slots=True)
class _PaperBuilder:
    """Collects the fields of a paper from the lines below its heading."""

    title: str
    url: str
    diagnostics: _Diagnostics
    image: str | None = None
    video: str | None = None
    votes: int | None = None
    authors: tuple[str, ...] = ()
    more_authors: bool = False
    summary: list[str] = field(default_factory=list)

    def build(self) -> Paper:
        return Paper(
            title=self.title,
            url=self.url,
            image=self.image,
            video=self.video,
            votes=self.votes,
            authors=self.authors,
            more_authors=self.more_authors,
            summary="\n".join(self.summary).strip("\n").rstrip(),
        )

    def add_lines(self, lines: Iterable[_Line]) -> None:
        """Parse fields, in any order, up to the first bullet; all other lines are the summary."""
        remaining = deque(lines)
        while remaining:
            line = remaining.popleft()
            if _BULLET.match(line.text):
                self.summary += [line.text, *(line.text for line in remaining)]
                return
            if not line.text.strip() or not self._add_field(line, remaining):
                self.summary.append(line.text)

    def _add_field(self, line: _Line, remaining: deque[_Line]) -> bool:
        """Parse a line as a field; False if it is not a field, or one that the paper already has."""
        text = line.text.strip()
        if (match := syntax.VOTES.fullmatch(text)) and self.votes is None:
            self._add_votes(match["value"], line)
        elif (match := syntax.AUTHORS.fullmatch(text)) and not self.authors:
            self._add_authors(match["value"].strip(), line, remaining)
        elif match := syntax.PICTURE.fullmatch(text):
            return self._add_picture(match["url"], match["description"].strip(), line)
        elif match := syntax.VIDEO_LINK.fullmatch(text):
            return self._add_media(match["url"], line, assume_video=True)
        elif syntax.MEDIA_MARKUP.fullmatch(text):
            urls = syntax.media_urls(text)  # none in a <div> around a video
            assume_video = "<video" in text.lower()
            are_added = [self._add_media(url, line, assume_video=assume_video) for url in urls]
            return all(are_added)
        else:
            return False
        return True

    def _add_votes(self, value: str, line: _Line) -> None:
        try:
            self.votes = syntax.parse_votes(value)
        except ValueError:
            hint = "write Vote: 42, or Vote: - if votes were not counted"
            self.diagnostics.error(line.number, f"{_quote(value)} is not a number of votes", hint)

    def _add_authors(self, value: str, line: _Line, remaining: deque[_Line]) -> None:
        """Parse a list of authors, which may continue on the lines below."""
        parts = [value]
        is_list = value.startswith("[")
        while remaining and len(parts) < _MAX_AUTHOR_LINES and syntax.expects_more_authors(parts[-1], is_list):
            if not _continues_authors(remaining[0].text, is_list):
                break
            parts.append(remaining.popleft().text.strip())
        authors = syntax.parse_authors(" ".join(parts))
        self.authors, self.more_authors = authors.names, authors.more_authors
        if not authors.is_well_formed:
            problem = f"{_quote(value)} is not a well-formed list of authors"
            self.diagnostics.warning(line.number, problem, "write Authors: NAME, NAME")

    def _add_picture(self, url: str, description: str, line: _Line) -> bool:
        is_added = self._add_media(url, line, assume_video=False)
        if is_added and description:
            problem = f"the picture's description {_quote(description)} is left out"
            self.diagnostics.warning(line.number, problem, "write ![](URL)")
        return is_added

    def _add_media(self, text: str, line: _Line, *, assume_video: bool) -> bool:
        """Set the image or the video, whose URL is `text`; False if the paper already has another one."""
        url = syntax.parse_url(text)
        if url is None:
            problem = f"{_quote(line.text)} is left out because its URL is not valid"
            self.diagnostics.warning(line.number, problem, "write an absolute http or https URL")
        elif syntax.is_video(url, default=assume_video) and self.video in (None, url):
            self.video = url
        elif not syntax.is_video(url, default=assume_video) and self.image in (None, url):
            self.image = url
        else:
            return False
        return True


def _continues_authors(line: str, is_list: bool) -> bool:
    """Whether the line after an unfinished list of authors continues it, and is not a field, code or a sentence."""
    text = line.strip()
    patterns = (syntax.VOTES, syntax.AUTHORS, syntax.PICTURE, syntax.VIDEO_LINK, syntax.MEDIA_MARKUP)
    if not text or _BULLET.match(line) or _FENCE.match(line) or any(pattern.fullmatch(text) for pattern in patterns):
        return False
    first_name = text.partition(",")[0]
    return is_list or (len(first_name.split()) <= 5 and not text.endswith(".") and "*" not in first_name)


def _non_blank(lines: Iterable[_Line]) -> list[_Line]:
    return [line for line in lines if line.text.strip()]


def _quote(text: str) -> str:
    """Quote a text for a message, on one line and shortened."""
    text = " ".join(text.split())
    return f"'{text if len(text) <= 60 else f'{text[:59]}…'}'"
