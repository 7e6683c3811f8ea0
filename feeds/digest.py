"""Reads the text of one day file: the papers it lists, and the problems found, each with its line."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import NamedTuple

from feeds import fields, text
from feeds.model import Paper

_HEADING = re.compile(r" {0,3}(?P<marks>#{1,6})(?:[ \t]+|(?=\[)|$)(?P<text>.*)")
_DAY = re.compile(r"daily\s+papers?\s*[(\[]\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*[)\]]", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_BULLET = re.compile(r"\s*(?:[-*•]|\d+[.)])\s")


class Severity(Enum):
    """An error lost something or changed its meaning; a warning did not."""

    ERROR = "error"
    WARNING = "warning"


class Problem(NamedTuple):
    """Something in a file that no field could take. Lines count from 1."""

    line: int
    message: str
    severity: Severity


class Listing(NamedTuple):
    """A paper and the line of its heading."""

    line: int
    paper: Paper


@dataclass(frozen=True, slots=True)
class Digest:
    """What one file says. A file of no day has no `dates`; a date may be there with no paper."""

    dates: tuple[date, ...]
    listings: tuple[Listing, ...]
    problems: tuple[Problem, ...]


class _Line(NamedTuple):
    number: int
    text: str


class _Section(NamedTuple):
    """A heading and the lines up to the next one; the lines before any heading have level 0."""

    line: int
    level: int
    heading: str
    body: list[_Line]


@dataclass(slots=True)
class _Draft:
    """The fields of a paper while its lines are being read."""

    image: str | None = None
    video: str | None = None
    votes: int | None = None
    authors: tuple[str, ...] = ()
    more_authors: bool = False
    summary: list[str] = field(default_factory=list)


class _Problems(list[Problem]):
    def error(self, line: int, message: str) -> None:
        self.append(Problem(line, message, Severity.ERROR))

    def warning(self, line: int, message: str) -> None:
        self.append(Problem(line, message, Severity.WARNING))


def parse(source: str) -> Digest:
    """Read a day file. Every line ends up in a field of a paper or in a problem.

    Never raises on any text: what cannot be read is reported, and the rest is kept.
    """
    problems = _Problems()
    sections = list(_sections(_lines(source, problems)))
    if not any(_DAY.fullmatch(section.heading) for section in sections):
        return Digest((), (), ())
    papers_of: dict[date, int] = {}
    listings: list[Listing] = []
    today: date | None = None
    for section in sections:
        if day := _DAY.fullmatch(section.heading):
            today = _date(day, section.line, problems)
            if today is not None:
                papers_of.setdefault(today, 0)
            _pass_over(section.body, problems)
        elif today is not None and (paper := _paper(section, today, papers_of[today], problems)):
            listings.append(Listing(section.line, paper))
            papers_of[today] += 1
        else:
            _no_paper(section, today, problems)
            today = today if section.level > 2 else None
    return Digest(tuple(papers_of), tuple(listings), tuple(sorted(problems, key=lambda found: found.line)))


def _lines(source: str, problems: _Problems) -> Iterator[_Line]:
    """Number the lines and drop, with a problem, the characters that no document may hold."""
    whole = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(whole.split("\n"), 1):
        if dropped := text.forbidden(line):
            problems.warning(number, f"dropped {', '.join(sorted(set(dropped)))}, which no document may hold")
        yield _Line(number, text.clean(line))


def _sections(lines: Iterator[_Line]) -> Iterator[_Section]:
    """Cut a file at its headings. In fenced code only a day or a paper is one, for a fence may lack its end."""
    section = _Section(1, 0, "", [])
    fence = ""
    for line in lines:
        heading = _heading(line)
        if heading and (not fence or _DAY.fullmatch(heading.heading) or fields.link(heading.heading)):
            yield section
            section, fence = heading, ""
        else:
            section.body.append(line)
            fence = _fence_after(line.text, fence)
    yield section


def _heading(line: _Line) -> _Section | None:
    """Read an ATX heading (CommonMark section 4.2); the space may be missing before a link."""
    match = _HEADING.fullmatch(line.text)
    if match is None:
        return None
    heading = match["text"].rstrip()
    opened = heading.rstrip("#")
    if opened == opened.rstrip():
        opened = heading  # `C#` ends in no closing sequence
    return _Section(line.number, len(match["marks"]), opened.rstrip(), [])


def _fence_after(line: str, fence: str) -> str:
    """Tell which fence is open behind a line (CommonMark section 4.5); empty for none."""
    mark = _FENCE.match(line)
    if mark is None:
        return fence
    if not fence:
        return mark[1]
    closes = mark[1].startswith(fence) and not line.strip().strip(fence[0])
    return "" if closes else fence


def _date(day: re.Match[str], line: int, problems: _Problems) -> date | None:
    try:
        return date(*map(int, day.groups()))
    except ValueError:
        problems.error(line, f"{'-'.join(day.groups())} is no date: its papers are left out")
        return None


def _no_paper(section: _Section, today: date | None, problems: _Problems) -> None:
    """Report a heading that starts no paper, and the lines below it."""
    if today is not None and section.level == 3:
        problems.error(section.line, f"not a paper, which starts with ### [TITLE](http…): {_excerpt(section.heading)}")
    elif section.heading:
        problems.warning(section.line, f"belongs to no paper: {_excerpt(section.heading)}")
    _pass_over(section.body, problems)


def _pass_over(lines: list[_Line], problems: _Problems) -> None:
    """Report the lines that belong to no paper, in one problem."""
    said = [line for line in lines if line.text.strip()]
    if said:
        reach = f"(to line {said[-1].number}) " if len(said) > 1 else ""
        problems.warning(said[0].number, f"belongs to no paper {reach}: {_excerpt(said[0].text)}".replace(" :", ":"))


def _paper(section: _Section, day: date, rank: int, problems: _Problems) -> Paper | None:
    """Read a paper; None where the section is none, or has no address to know it by."""
    link = fields.link(section.heading) if section.level == 3 else None
    url = fields.address(link.url) if link else None
    if link is None or url is None:
        return None
    title = fields.title(link.title)
    if not title:
        problems.error(section.line, f"paper has no title: {url} stands in for it")
    if link.rest:
        problems.warning(section.line, f"left out what follows the paper's address: {_excerpt(link.rest)}")
    draft = _draft(section.body, problems)
    return Paper(
        title=title or url,
        url=url,
        day=day,
        rank=rank,
        image=draft.image,
        video=draft.video,
        votes=draft.votes,
        authors=draft.authors,
        more_authors=draft.more_authors,
        summary="\n".join(draft.summary).strip("\n").rstrip(),
    )


def _draft(body: list[_Line], problems: _Problems) -> _Draft:
    """Read the lines of a paper: the known fields in any order, then the summary."""
    draft = _Draft()
    lines = deque(body)
    while lines:
        line = lines.popleft()
        if line.text.strip() and not _field(line, lines, draft, problems):
            draft.summary += [line.text, *(line.text for line in lines)]
            break
    return draft


def _field(line: _Line, following: deque[_Line], draft: _Draft, problems: _Problems) -> bool:
    """Put a line into the draft; False where it is no field and the summary starts."""
    content = line.text.strip()
    if (votes := fields.VOTES.fullmatch(content)) and draft.votes is None:
        _read_votes(votes["value"], line, draft, problems)
    elif (authors := fields.AUTHORS.fullmatch(content)) and not draft.authors:
        _read_authors(authors["value"], line, following, draft, problems)
    elif picture := fields.PICTURE.fullmatch(content):
        _read_media(picture["url"], False, line, draft, problems)
    elif watch := fields.WATCH.fullmatch(content):
        _read_media(watch["url"], True, line, draft, problems)
    elif fields.MARKUP.fullmatch(content):
        for source in fields.sources(content):
            _read_media(source, True, line, draft, problems)
    else:
        return False
    return True


def _read_votes(value: str, line: _Line, draft: _Draft, problems: _Problems) -> None:
    try:
        draft.votes = fields.votes(value)
    except ValueError:
        problems.error(line.number, f"Vote is neither a number nor '-': {_excerpt(value)}")


def _read_authors(value: str, line: _Line, following: deque[_Line], draft: _Draft, problems: _Problems) -> None:
    while fields.authors_go_on(value) and following and _continues(following[0].text):
        value = f"{value.rstrip()} {following.popleft().text.strip()}"
    authors = fields.authors(value)
    draft.authors, draft.more_authors = authors.names, authors.more
    if not authors.well_formed:
        problems.warning(line.number, f"Authors is no proper list, split at its commas: {_excerpt(value)}")


def _continues(line: str) -> bool:
    return bool(line.strip()) and not _BULLET.match(line)


def _read_media(written: str, video: bool, line: _Line, draft: _Draft, problems: _Problems) -> None:
    """Take a picture or a video; one of each has a field, and what is written besides goes to the summary."""
    url = fields.address(written)
    if url is None:
        problems.warning(line.number, f"no address that a reader could open: {_excerpt(line.text)}")
    elif fields.is_video(url, default=video) and draft.video in (None, url):
        draft.video = url
    elif not fields.is_video(url, default=video) and draft.image is None:
        draft.image = url
    else:
        draft.summary.append(line.text)


def _excerpt(line: str) -> str:
    flat = " ".join(line.split())
    return flat if len(flat) <= 60 else f"{flat[:59]}…"
