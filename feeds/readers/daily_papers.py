"""Reads the text of one day file: the papers it lists, and the problems found, each with its line."""

import re
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from feeds.model.diagnostic import Problem, Problems, excerpt
from feeds.model.paper import Paper, arxiv_id
from feeds.readers import fields, sections
from feeds.readers.sections import Line, Section

_BULLET = re.compile(r"\s*(?:[-*•]|\d+[.)])\s")
_WRAPPED = 1000  # lines that a list of authors may go on for


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


def parse(source: str) -> Digest:
    """Read a day file. Every line ends up in a field of a paper or in a problem.

    Never raises on any text: what cannot be read is reported, and the rest is kept.
    """
    problems = Problems()
    cut = list(sections.cut(source, problems))
    if not any(fields.DAY.fullmatch(section.heading) for section in cut):
        return Digest((), (), ())
    reader = _Reader(problems)
    for section in cut:
        reader.read(section)
    ordered = sorted(problems, key=lambda problem: problem.line)
    return Digest(tuple(reader.papers_of), tuple(reader.listings), tuple(ordered))


class _Reader:
    """Goes through the sections of a file; `papers_of` counts the papers of each date."""

    def __init__(self, problems: Problems) -> None:
        self.papers_of: dict[date, int] = {}
        self.listings: list[Listing] = []
        self._problems = problems
        self._today: date | None = None
        self._has_chapters = False  # as a README does, whose first lines are of no day
        self._ended = False  # by a chapter

    def read(self, section: Section) -> None:
        """Take a section for a day, a paper, or neither."""
        if day := fields.DAY.fullmatch(section.heading):
            self._start_day(day, section)
        elif self._today is None or (self._ended and not _has_facts(section)):
            self._has_chapters = self._has_chapters or bool(section.heading or sections.not_blank(section.body))
            self._pass_over(section, outside=True)
        elif paper := _paper(section, self._today, self._problems):
            self.listings.append(Listing(section.line, replace(paper, rank=self.papers_of[self._today])))
            self.papers_of[self._today] += 1
        else:
            self._pass_over(section, outside=False)
            self._ended = self._ended or (self._has_chapters and section.level <= 2)

    def _start_day(self, day: re.Match[str], section: Section) -> None:
        self._ended = False
        try:
            self._today = _date(day)
            self.papers_of.setdefault(self._today, 0)
        except ValueError:
            self._today = None
            self._problems.error(section.line, f"{'-'.join(day.groups())} is no date: its papers are left out")
        self._pass_over_lines(section.body)

    def _pass_over(self, section: Section, outside: bool) -> None:
        """Report a section that is no paper of a day."""
        link = fields.link(section.heading)
        said = excerpt(section.heading)
        if not outside and section.level == 3:
            self._problems.error(section.line, f"not a paper, which starts with ### [TITLE](http…): {said}")
        elif link and arxiv_id(link.url):
            self._problems.error(section.line, f"a paper outside of any day is left out: {said}")
        elif section.heading:
            self._problems.warning(section.line, f"belongs to no paper: {said}")
        self._pass_over_lines(section.body)

    def _pass_over_lines(self, lines: list[Line]) -> None:
        """Report the lines that belong to no paper, in one problem."""
        said = sections.not_blank(lines)
        if said:
            reach = f" (to line {said[-1].number})" if len(said) > 1 else ""
            self._problems.warning(said[0].number, f"belongs to no paper{reach}: {excerpt(said[0].text)}")


def _date(day: re.Match[str]) -> date:
    """Read a date; ValueError for one that is none, or of no year that digests are of."""
    found = date(*map(int, day.groups()))
    if not 1990 <= found.year <= 2999:
        raise ValueError(found)
    return found


def _has_facts(section: Section) -> bool:
    """Whether a section has votes or authors: behind a chapter of a README not every link is a paper."""
    lines = [line.text.strip() for line in section.body]
    return any(fields.VOTES.fullmatch(line) or fields.AUTHORS.fullmatch(line) for line in lines)


def _is_paper_all_the_same(section: Section) -> bool:
    """Whether a heading of another level starts a paper: it leads to arXiv, with votes or authors below."""
    link = fields.link(section.heading)
    return link is not None and arxiv_id(link.url) is not None and _has_facts(section)


def _paper(section: Section, day: date, problems: Problems) -> Paper | None:
    """Read a paper; None where the section is none, or has no address to know it by."""
    link = fields.link(section.heading) if section.level == 3 or _is_paper_all_the_same(section) else None
    url = fields.address(link.url) if link else None
    if link is None or url is None:
        return None
    title = fields.title(link.title)
    if not title:
        problems.error(section.line, f"paper has no title: {url} stands in for it")
    if link.rest:
        problems.warning(section.line, f"left out what follows the paper's address: {excerpt(link.rest)}")
    draft = _Draft(problems)
    draft.read(section.body)
    return Paper(
        title=title or url,
        url=url,
        day=day,
        rank=0,
        image=draft.image,
        video=draft.video,
        votes=draft.votes,
        authors=draft.authors,
        more_authors=draft.more_authors,
        summary="\n".join(draft.summary).strip("\n").rstrip(),
    )


@dataclass(slots=True)
class _Draft:
    """The fields of a paper while its lines are read."""

    problems: Problems
    image: str | None = None
    video: str | None = None
    votes: int | None = None
    authors: tuple[str, ...] = ()
    more_authors: bool = False
    summary: list[str] = field(default_factory=list)

    def read(self, body: list[Line]) -> None:
        """Read the known fields in any order, up to the first bullet; all else is the summary."""
        lines = deque(body)
        while lines:
            line = lines.popleft()
            if _BULLET.match(line.text):
                self.summary += [line.text, *(line.text for line in lines)]
                return
            if not line.text.strip() or not self._take(line, lines):
                self.summary.append(line.text)

    def _take(self, line: Line, following: deque[Line]) -> bool:
        """Put a line into a field; False where it is none of a kind that is still missing."""
        content = line.text.strip()
        if (votes := fields.VOTES.fullmatch(content)) and self.votes is None:
            self._take_votes(votes["value"], line)
        elif (authors := fields.AUTHORS.fullmatch(content)) and not self.authors:
            self._take_authors(authors["value"].strip(), line, following)
        elif picture := fields.PICTURE.fullmatch(content):
            return self._take_picture(picture, line)
        elif watch := fields.WATCH.fullmatch(content):
            return self._take_media(watch["url"], True, line)
        elif fields.MARKUP.fullmatch(content):
            sources = fields.sources(content)  # none in a box around a video
            taken = [self._take_media(source, "<video" in content.lower(), line) for source in sources]
            return all(taken)
        else:
            return False
        return True

    def _take_votes(self, value: str, line: Line) -> None:
        try:
            self.votes = fields.votes(value)
        except ValueError:
            self.problems.error(line.number, f"Vote is neither a number nor '-': {excerpt(value)}")

    def _take_authors(self, value: str, line: Line, following: deque[Line]) -> None:
        parts = [value]
        is_list = value.startswith("[")
        while following and len(parts) < _WRAPPED and fields.authors_go_on(parts[-1], is_list):
            if not _continues(following[0].text, is_list):
                break
            parts.append(following.popleft().text.strip())
        authors = fields.authors(" ".join(parts))
        self.authors, self.more_authors = authors.names, authors.more
        if not authors.well_formed:
            self.problems.warning(line.number, f"Authors is no proper list of names: {excerpt(value)}")

    def _take_picture(self, picture: re.Match[str], line: Line) -> bool:
        is_taken = self._take_media(picture["url"], False, line)
        if is_taken and (description := picture["description"].strip()):
            self.problems.warning(line.number, f"left out the picture's description: {excerpt(description)}")
        return is_taken

    def _take_media(self, written: str, video: bool, line: Line) -> bool:
        """Take a picture or a video; False for another one than that of its field."""
        url = fields.address(written)
        if url is None:
            self.problems.warning(line.number, f"no address that a reader could open: {excerpt(line.text)}")
        elif fields.is_video(url, default=video) and self.video in (None, url):
            self.video = url
        elif not fields.is_video(url, default=video) and self.image in (None, url):
            self.image = url
        else:
            return False
        return True


def _continues(line: str, is_list: bool) -> bool:
    """Whether a line goes on with names: not with another field, code or a sentence."""
    content = line.strip()
    patterns = (fields.VOTES, fields.AUTHORS, fields.PICTURE, fields.WATCH, fields.MARKUP)
    if (
        not content
        or _BULLET.match(line)
        or sections.FENCE.match(line)
        or any(pattern.fullmatch(content) for pattern in patterns)
    ):
        return False
    first_name = content.partition(",")[0]
    return is_list or (len(first_name.split()) <= 5 and not content.endswith(".") and "*" not in first_name)
