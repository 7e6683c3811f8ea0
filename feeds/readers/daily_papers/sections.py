"""Splits a digest in Markdown into sections: a heading and the lines below it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from feeds.model.identity import arxiv_id
from feeds.readers import Diagnostics
from feeds.readers.daily_papers import syntax
from feeds.readers.daily_papers.day_heading import DayHeading, parse_day_heading, parse_unmarked_day
from feeds.readers.limits import split_lines

INVISIBLE = "\ufeff\u200b\u2060"  # byte order marks and the like, left where files were concatenated
_HEADING_START = re.compile(rf"[{INVISIBLE}\s*_+•\\-]*(?:[#＃]|daily)", re.IGNORECASE)  # also of one without marks
_HEADING = re.compile(r"(?P<before>[\s*+•\\-]*)(?P<marks>[#＃]{1,6})(?P<space>\s*)(?P<text>.*)")
_UNDERLINE = re.compile(r"\s{0,3}(?:=+|-+)\s*")  # of a heading (CommonMark section 4.3)
FENCE = re.compile(r"\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)*(`{3,}(?!.*`)|~{3,})")  # also after a list marker
_COMMENT = re.compile(r"\s{0,3}<!--(?!.*-->)")  # one that does not end on its line (CommonMark section 4.6)
_STARTS_OTHERWISE = re.compile(r"\s*(?:[#!<>]|[-*+•]\s)")  # not as the second line of a title does


class Line(NamedTuple):
    """A line of a file; numbers count from 1."""

    number: int
    text: str


@dataclass(slots=True)
class Section:
    """A heading and the lines up to the next one; level 0 and no heading at the start of a file.

    Attributes:
        line: the number of the heading's line.
        level: how many marks the heading has.
        heading: its text.
        link: the link that it consists of, if any.
        day: what it says as the heading of a day; None if it is another one.
        is_well_formed: whether it is a heading by CommonMark.
        body: the lines below it.
    """

    line: int
    level: int
    heading: str
    link: syntax.Link | None = None
    day: DayHeading | None = None
    is_well_formed: bool = True
    body: list[Line] = field(default_factory=list)

    @property
    def has_votes_or_authors(self) -> bool:
        """Whether a line of the body is one of votes or authors."""
        lines = [line.text.strip().strip(INVISIBLE) for line in self.body]
        return any(syntax.VOTES.fullmatch(line) or syntax.AUTHORS.fullmatch(line) for line in lines)

    @property
    def is_paper_like(self) -> bool:
        """Whether a paper is meant, wherever the section stands."""
        return self.link is not None and (arxiv_id(self.link.url) is not None or self.has_votes_or_authors)


def read_sections(source: str, diagnostics: Diagnostics) -> list[Section]:
    """Split a file into sections, and settle which of them start days."""
    texts = split_lines(source.removeprefix("\ufeff"), diagnostics)
    lines = list(map(Line, count(1), _join_headings(texts)))
    sections = list(_split_sections(lines, diagnostics))
    following: list[Section] = []  # up to the next day
    for section in reversed(sections):
        if section.day and not section.day.is_certain and not _has_papers(section, section.day, following):
            section.day = None
        if section.day:
            following.clear()
        elif section.heading:
            following.append(section)
    return sections


def _has_papers(section: Section, day: DayHeading, following: list[Section]) -> bool:
    """Whether papers are below a section that may start a day, and not below another heading of its level or higher.

    Below the name of the digest links of any kind are papers.
    """
    if section.level > (2 if day.problem else 3):
        return False
    for other in reversed(following):
        if other.is_paper_like or (day.is_named and not day.problem and other.level == 3 and other.link):
            return True
        if other.level <= section.level:
            return False
    return False


def _split_sections(lines: list[Line], diagnostics: Diagnostics) -> Iterator[Section]:
    """Split a file at its headings; in fenced code only at those of days and papers, as a fence may lack its end."""
    section = Section(1, 0, "")
    fence = ""
    comments = _find_comments(lines)
    comment_end = hidden_end = 0
    for line in lines:
        if not fence and line.number > comment_end and line.number in comments:
            comment_end = comments[line.number]
            if _has_days_or_papers(lines[line.number - 1 : comment_end]):
                hidden_end = comment_end
                problem = f"the comment up to line {comment_end} contains days or papers, which are left out"
                diagnostics.warning(line.number, problem)
        if line.number <= hidden_end:
            continue
        heading = _parse_heading(line, in_fence=bool(fence))
        if heading:
            yield section
            section, fence = heading, ""
        elif section.day is None or section.is_well_formed or section.body or not _UNDERLINE.fullmatch(line.text):
            section.body.append(line)
            fence = fence_after(line.text, fence)
    yield section


def _find_comments(lines: list[Line]) -> dict[int, int]:
    """Return the last line of each HTML comment of several lines by its first."""
    comments: dict[int, int] = {}
    end = 0
    for line in reversed(lines):
        if end and _COMMENT.match(line.text):
            comments[line.number] = end
        if "-->" in line.text:
            end = line.number
    return comments


def _has_days_or_papers(lines: list[Line]) -> bool:
    return any(_parse_heading(line, in_fence=True) for line in lines)


def fence_after(line: str, fence: str) -> str:
    """Return the code fence that is open after a line, given the one before it; empty for none (CommonMark 4.5)."""
    match = FENCE.match(line) if "```" in line or "~~~" in line else None
    if match is None:
        return fence
    if not fence:
        return match[1]
    is_closed = match[1].startswith(fence) and not line.strip().strip(fence[0])
    return "" if is_closed else fence


def _join_headings(lines: Iterable[str]) -> Iterator[str]:
    """Join a paper's heading that is broken in its title; a blank line replaces the second one to keep the numbers."""
    heading: str | None = None
    for line in lines:
        if heading is not None:
            is_joined = "](" in line and not _STARTS_OTHERWISE.match(line) and syntax.parse_link(line) is None
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


def _parse_heading(line: Line, *, in_fence: bool) -> Section | None:
    """Parse an ATX heading (CommonMark section 4.2); those of days and papers also with the usual mistakes."""
    if not _HEADING_START.match(line.text):
        return None
    text = line.text.lstrip(INVISIBLE)
    match = _HEADING.fullmatch(text)
    if match is None:
        day = None if in_fence else parse_unmarked_day(text.strip())
        return day and Section(line.number, 2, text.strip(), day=day, is_well_formed=False)
    unclosed = match["text"].rstrip().rstrip("#")
    has_closing_sequence = unclosed != unclosed.rstrip()  # `C#` has none
    heading = unclosed.rstrip() if has_closing_sequence else match["text"].rstrip()
    section = _make_section(line.number, len(match["marks"]), heading)
    has_marks = not match["before"].strip() and match["marks"].isascii()
    section.is_well_formed = has_marks and len(match["before"]) <= 3 and bool(match["space"] or not heading)
    if section.is_well_formed and not in_fence:
        return section
    is_day = section.day is not None and section.day.is_certain
    is_paper = section.link is not None and (section.is_well_formed or section.level >= 3 or not section.link.label)
    if not (is_day or is_paper) or (not has_marks and (in_fence or section.level == 1)):
        return None
    return section


def _make_section(line: int, level: int, heading: str) -> Section:
    """Make a section; a link is the heading of a day only where it cannot be a paper."""
    link = syntax.parse_link(heading)
    may_be_day = link is None or (level < 3 and arxiv_id(link.url) is None)
    return Section(line, level, heading, link, parse_day_heading(heading) if may_be_day else None)
