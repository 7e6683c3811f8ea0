"""Parses digests in which a section is a paper."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import PurePosixPath

from feeds.model.paper import Paper
from feeds.readers import Diagnostics, Digest
from feeds.readers.addresses import find_papers
from feeds.readers.dates import Dates
from feeds.readers.days import DayCollector
from feeds.readers.labels import Field, clean_title, find_field, find_language
from feeds.readers.sections.fields import iter_tags, read_paper
from feeds.readers.sections.finder import Found, PaperFinder, read_labels
from feeds.readers.sections.outline import LOWEST_LEVEL, Kind, Section, Text, find_header, read_lines, row_cells

_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(?P<fields>(?:(?!---[ \t]*$).*\n)*?)---[ \t]*(?:\n|\Z)", re.MULTILINE)
_FRONT_FIELD = re.compile(r"^(?P<name>[A-Za-z_-]+)[ \t]*:[ \t]*(?P<value>.*?)[ \t]*$", re.MULTILINE)
_OF_ONE_PAPER = re.compile(
    r"^(?:arxiv(?:[_-]?(?:id|url|link))?|authors|paper(?:[_-]?(?:url|id|link|title))?|doi|pdf)[ \t]*:[ \t]*\S",
    re.MULTILINE | re.IGNORECASE,
)
_UPDATED = re.compile(r"updat|更新|갱신|업데이트|수정", re.IGNORECASE)
_README = re.compile(r"(?:readme|index|contributing|changelog|claude|agents|skill)\b", re.IGNORECASE)
_ARXIV_MONTH = re.compile(r"arxiv\.org/abs/(?P<year>[0-9]{2})(?P<month>[0-9]{2})\.")
_FILE_LINK = re.compile(r"\]\((?![a-z][a-z0-9+.-]*:|#|//)[^()\s]+\)", re.IGNORECASE)
_FIELD_LINES = 60  # from the start of a file
_MIN_PAPERS = 3  # of a file without a day that is meant as a digest


def parse_sections(source: str, path: PurePosixPath, dates: Dates) -> Digest | None:
    """Parse a file; None if it has no papers, or belongs to another reader."""
    diagnostics = Diagnostics()
    front_matter = _FRONT_MATTER.match(source)
    front = front_matter["fields"] if front_matter else ""
    if front_matter:
        if _OF_ONE_PAPER.search(front) or find_papers(front):
            return None
        source = "\n" * front_matter[0].count("\n") + source[front_matter.end() :]
    text = read_lines(source, diagnostics)
    finder = PaperFinder(text, dates)
    papers = finder.find()
    if not papers:
        return None
    fields = {match["name"].lower(): match["value"].strip("\"'") for match in _FRONT_FIELD.finditer(front)}
    if front_matter and len(papers) == 1 and _describes_paper(fields, papers[0].section, dates):
        return None
    days = _Days(finder.root, text, path, fields, papers, dates)
    if days.in_path is None and _is_rolling(papers, text, dates, days):
        return None
    if sum(_links_to_file(found.section, text) for found in papers) * 2 > len(papers):
        return None
    collector = DayCollector(diagnostics)
    language = find_language(path)
    titles: dict[str, str] = {}
    read: list[tuple[Found, Paper]] = []
    for found in papers:
        tags = list(iter_tags(list(_headings_above(found.section, finder))))
        paper = read_paper(found, text, tags, dates, language)
        read.append((found, paper))
        if paper.title != paper.url:
            titles.setdefault(paper.url, paper.title)
    for found, paper in read:
        if paper.title == paper.url:
            paper = replace(paper, title=titles.get(paper.url, paper.url))
        collector.add(found.section.start + 1, days.of(found.section), paper)
    digest = collector.digest()
    if not digest.days and (len(papers) < _MIN_PAPERS or _README.match(path.name)):
        return None
    return digest


class _Days:
    """Tells the day of each paper of a file."""

    def __init__(
        self, root: Section, text: Text, path: PurePosixPath, front: dict[str, str], papers: list[Found], dates: Dates
    ) -> None:
        sections = {id(found.section) for found in papers}
        self.in_path = dates.in_path(path)
        self._headings: list[tuple[int, int, date]] = []  # line, level
        for section in _walk(root):
            if id(section) not in sections and (day := dates.in_text(section.heading)):
                self._headings.append((section.start, section.level, day))
        self._by_start = {start: day for start, _, day in self._headings}
        self.updated_only = all(_UPDATED.search(text.lines[start]) for start, *_ in self._headings)
        self._default = self.in_path or dates.in_text(front.get("date", "")) or dates.in_text(front.get("title", ""))
        self._field = None if self._default else _day_of_fields(text, papers, dates)

    def of(self, section: Section) -> date | None:
        """Return the day of a paper: of the nearest heading, else of the path, else of a field of the file."""
        ancestor: Section | None = section
        while ancestor:
            if ancestor.kind is Kind.HEADING and (day := self._by_start.get(ancestor.start)):
                return day
            ancestor = ancestor.parent
        if self.in_path:
            return self.in_path
        before = [day for start, level, day in self._headings if start < section.start and level < LOWEST_LEVEL]
        return before[-1] if before else self._default or self._field


def _day_of_fields(text: Text, papers: list[Found], dates: Dates) -> date | None:
    """Return the day that a line above the first paper gives, if the papers' numbers are of about that time."""
    for line in text.lines[: min(papers[0].section.start + 1, _FIELD_LINES)]:
        labels = read_labels(line)
        is_field = any(label.field in (Field.PUBLISHED, Field.OTHER) for label in labels)
        if not (is_field or (len(line) < 100 and not find_papers(line))):
            continue
        if (day := dates.in_text(line)) and _fits(day, papers):
            return day
    return None


def _fits(day: date, papers: list[Found]) -> bool:
    """Whether most papers were submitted in the months before a day."""
    months = [match for found in papers if (match := _ARXIV_MONTH.search(found.url))]
    recent = sum(-1 <= 12 * (day.year % 100 - int(m["year"])) + day.month - int(m["month"]) <= 2 for m in months)
    return recent >= 0.8 * len(months)


def _describes_paper(front: dict[str, str], section: Section, dates: Dates) -> bool:
    """Whether a file with front matter and one paper is about that paper only."""
    title = front.get("title", "")
    if not title or dates.in_text(title):
        return False
    is_headed = section.kind is Kind.HEADING and section.level > 1
    return not is_headed or clean_title(section.heading).casefold() == title.casefold()


def _is_rolling(papers: list[Found], text: Text, dates: Dates, days: _Days) -> bool:
    """Whether the rows or list items of a file carry dates of their own."""
    dated = sum(_carries_date(found.section, text, dates) for found in papers)
    return 2 * dated > len(papers) and days.updated_only


def _carries_date(section: Section, text: Text, dates: Dates) -> bool:
    line = text.lines[section.start]
    if section.kind is Kind.ROW:
        header = [find_field(name) for name in find_header(text, section.start)]
        if any(field and field[0] is Field.PUBLISHED for field in header):
            return True
        cells = row_cells(line) or []
        return any(dates.in_text(cell) for cell in cells[:2] if len(cell) < 60)
    return (
        section.kind in (Kind.ITEM, Kind.LINE)
        and dates.in_text(re.split(r"[|,\]:]", line.lstrip(" -*[+"))[0]) is not None
    )


def _links_to_file(section: Section, text: Text) -> bool:
    """Whether the title of a paper is a link to another file of the archive."""
    line = section.heading or text.lines[section.start]
    return _FILE_LINK.search(line) is not None and not find_papers(line)


def _headings_above(section: Section, finder: PaperFinder) -> Iterator[str]:
    above: list[str] = []
    ancestor = section.parent
    while ancestor:
        if ancestor.kind is Kind.HEADING or ancestor.kind in (Kind.BOLD, Kind.DETAILS, Kind.ITEM):
            above.append(ancestor.heading)
        ancestor = ancestor.parent
    yield from (heading for heading in reversed(above) if finder.is_category(heading))


def _walk(section: Section) -> Iterator[Section]:
    for child in section.children:
        yield child
        yield from _walk(child)
