"""Cuts the text of a file at its headings."""

import re
from collections.abc import Iterable, Iterator
from itertools import count
from typing import NamedTuple

from feeds.model.diagnostic import Problems
from feeds.readers import fields
from feeds.text import unicode

_HEADING = re.compile(r"(?P<indent>\s*)(?P<marks>#{1,6})(?P<space>\s*)(?P<text>.*)")
FENCE = re.compile(r"\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)*(`{3,}(?!.*`)|~{3,})")
_INVISIBLE = "\ufeff\u200b\u2060"  # byte order marks and the like, left where files were put together


class Line(NamedTuple):
    """A line of a file; numbers count from 1."""

    number: int
    text: str


class Section(NamedTuple):
    """A heading and the lines up to the next one; the lines before any heading have level 0."""

    line: int
    level: int
    heading: str
    body: list[Line]


def cut(source: str, problems: Problems) -> Iterator[Section]:
    """Cut a file at its headings. In fenced code only a day or a paper is one, for a fence may lack its end."""
    section = Section(1, 0, "", [])
    fence = ""
    for line in _lines(source, problems):
        heading = _heading(line)
        if heading and (not fence or _is_ours(heading.heading)):
            yield section
            section, fence = heading, ""
        else:
            section.body.append(line)
            fence = _fence_after(line.text, fence)
    yield section


def not_blank(lines: Iterable[Line]) -> list[Line]:
    """List the lines that are not blank."""
    return [line for line in lines if line.text.strip()]


def _lines(source: str, problems: Problems) -> Iterator[Line]:
    """Number the lines and drop, with a problem, the characters that no document may hold."""
    whole = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = whole.split("\n")
    for number, line in enumerate(lines, 1):
        if dropped := unicode.find_forbidden(line):
            problems.warning(number, f"dropped {', '.join(sorted(set(dropped)))}, which no document may hold")
    yield from map(Line, count(1), _joined([unicode.strip_forbidden(line) for line in lines]))


def _joined(lines: list[str]) -> Iterator[str]:
    """Join a paper's heading that was broken in its title; a blank line stands for the second one."""
    waiting: str | None = None
    for line in lines:
        if waiting is not None:
            goes_on = "](" in line and not line.startswith("#")
            yield f"{waiting.rstrip()} {line.lstrip()}" if goes_on else waiting
            waiting = None
            if goes_on:
                yield ""
                continue
        if line.startswith("### [") and "](" not in line:
            waiting = line
        else:
            yield line
    if waiting is not None:
        yield waiting


def _heading(line: Line) -> Section | None:
    """Read an ATX heading (CommonMark section 4.2); those of days and papers even where they are written amiss."""
    match = _HEADING.fullmatch(line.text.lstrip(_INVISIBLE))
    if match is None:
        return None
    heading = match["text"].rstrip()
    opened = heading.rstrip("#")
    if opened == opened.rstrip():
        opened = heading  # `C#` ends in no closing sequence
    is_common = len(match["indent"]) <= 3 and (match["space"] or not heading)
    if not is_common and not _is_ours(heading):
        return None
    return Section(line.number, len(match["marks"]), opened.rstrip(), [])


def _is_ours(heading: str) -> bool:
    """Whether a heading starts a day or a paper."""
    return bool(fields.DAY.fullmatch(heading) or fields.link(heading))


def _fence_after(line: str, fence: str) -> str:
    """Tell which fence is open behind a line (CommonMark section 4.5); empty for none."""
    mark = FENCE.match(line)
    if mark is None:
        return fence
    if not fence:
        return mark[1]  # also behind a list's marker
    closes = mark[1].startswith(fence) and not line.strip().strip(fence[0])
    return "" if closes else fence
