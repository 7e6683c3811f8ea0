"""Parses digests in which a section is a paper."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import chain
from pathlib import PurePosixPath

from feeds.model.paper import Paper
from feeds.readers import Diagnostics, Digest
from feeds.readers.days import DayCollector
from feeds.readers.fields.addresses import find_papers
from feeds.readers.fields.dates import Dates
from feeds.readers.fields.labels import Field, clean_title, find_field, find_language
from feeds.readers.notes.front_matter import parse_front_matter
from feeds.readers.sections.fields import SECTION_NUMBER, iter_tags, read_paper
from feeds.readers.sections.finder import Found, PaperFinder, read_labels
from feeds.readers.sections.outline import LOWEST_LEVEL, Kind, Section, Text, find_header, read_lines, row_cells

_FIELDS_OF_PAPER = frozenset(
    {"arxiv", "arxivid", "arxivurl", "arxivlink", "authors", "paper", "paperurl", "paperid", "paperlink", "papertitle"}
    | {"doi", "pdf", "pdfurl"}
)
_UPDATED = re.compile(r"updat|更新|갱신|업데이트|수정", re.IGNORECASE)
_README = re.compile(r"(?:readme|index|contributing|changelog|claude|agents|skill)\b", re.IGNORECASE)
_ARXIV_MONTH = re.compile(r"arxiv\.org/abs/(?P<year>[0-9]{2})(?P<month>[0-9]{2})\.")
_FILE_LINK = re.compile(r"\]\((?![a-z][a-z0-9+.-]*:|#|//)[^()\s]+\)", re.IGNORECASE)
_NO_PAPERS = re.compile(
    r"\bno (?:\w+ ){0,3}(?:papers?|articles?|submissions?|results?|updates?)\b"
    r"|\b0 (?:new )?papers\b|\bpapers?\W{1,8}0\b"
    r"|(?:没有|沒有|暂无|暫無|无|無)[^。\n]{0,12}(?:论文|論文|更新)|(?<![0-9])0\s?(?:篇|[편건件])"
    r"|(?:论文|論文)[^。\n]{0,6}[:：]\W{0,5}0(?![0-9])|論文[^。\n]{0,12}(?:ありません|なし|見つかりません)|논문[^.\n]{0,6}없"
    r"|\|\s*(?:title|标题|標題|论文|論文|제목|논문|タイトル)\s*\|[^\n]*\n[-:|\s]+\Z",  # a table without rows
    re.IGNORECASE,
)
_MAX_EMPTY_DAY = 4_000  # characters
_FIELD_LINES = 60  # from the start of a file
_WITHOUT_YEAR = re.compile(
    r"[(（](?![0-9]{1,2}/10[)）])([^()（）]{3,60})[)）]\s*$"
)  # a date, not a score, after a heading
_RANGE_IN_MONTH = re.compile(r"^([^\W\d_]{3,9}\.?\s)[0-9]{1,2}\s?[-–]\s?(?=[0-9]{1,2}$)")  # May 22-28
_UNSPACED_RANGE = re.compile(r"(?<=[0-9])\s?[-–]\s?(?=[^\W\d_])")
_MIN_PAPERS = 3  # of a file without a day that is meant as a digest


def parse_sections(source: str, path: PurePosixPath, dates: Dates) -> Digest | None:
    """Parse a file; None if it has no papers and does not say so, or belongs to another reader."""
    matter = parse_front_matter(source)
    if matter and _is_of_paper(matter.fields):
        return None
    diagnostics = Diagnostics()
    body = "\n" * (matter.body_line - 1) + matter.body if matter else source  # with the lines of the file
    text = read_lines(body, diagnostics)
    finder = PaperFinder(text, dates)
    papers = finder.find()
    fields = matter.fields if matter else {}
    if not papers:
        return _parse_empty_day(body, path, finder, dates)
    if len(papers) == 1 and _describes_paper(fields, papers[0].section, dates):
        return None
    days = _Days(finder.root, text, path, fields, papers, dates)
    if _is_index(papers, text) or (days.in_path is None and _is_rolling(papers, text, dates, days)):
        return None
    collector = DayCollector(diagnostics)
    for found, paper in _read_papers(papers, text, finder, dates, find_language(path)):
        collector.add(found.section.start + 1, days.of(found.section), paper)
    digest = collector.digest()
    is_digest = len(papers) >= _MIN_PAPERS and not _README.match(path.name)
    return digest if digest.days or is_digest else None


def _parse_empty_day(body: str, path: PurePosixPath, finder: PaperFinder, dates: Dates) -> Digest | None:
    """Return the day of a short file that says that it has no papers; None for any other file."""
    if len(body) > _MAX_EMPTY_DAY or not _NO_PAPERS.search(body):
        return None
    headings = [] if _README.match(path.name) else _walk(finder.root)
    days = chain([(0, dates.in_path(path))], ((section.start, dates.in_text(section.heading)) for section in headings))
    return next((Digest({day: start + 1}, (), ()) for start, day in days if day), None)


def _read_papers(
    papers: list[Found], text: Text, finder: PaperFinder, dates: Dates, language: str
) -> list[tuple[Found, Paper]]:
    """Read the fields of papers; one without a title has that of another place where the file lists it.

    Numbers such as 2.1 are removed from titles if most of them have one.
    """
    read = [
        (found, read_paper(found, text, list(iter_tags(_headings_above(found.section, finder))), dates, language))
        for found in papers
    ]
    if 2 * sum(SECTION_NUMBER.match(paper.title) is not None for _, paper in read) > max(len(read), 2):
        read = [(found, replace(paper, title=SECTION_NUMBER.sub("", paper.title))) for found, paper in read]
    titles = {paper.url: paper.title for _, paper in reversed(read) if paper.title != paper.url}
    return [
        (found, replace(paper, title=titles[paper.url]) if paper.title == paper.url in titles else paper)
        for found, paper in read
    ]


class _Days:
    """Tells the day of each paper of a file."""

    def __init__(
        self,
        root: Section,
        text: Text,
        path: PurePosixPath,
        front: Mapping[str, object],
        papers: list[Found],
        dates: Dates,
    ) -> None:
        sections = {id(found.section) for found in papers}
        self.in_path = dates.in_path(path)
        self._headings: list[tuple[int, int, date]] = []  # line, level
        for section in _walk(root):
            day = None if id(section) in sections else self._day_of_heading(section.heading, dates)
            if day:
                self._headings.append((section.start, section.level, day))
        self._by_start = {start: day for start, _, day in self._headings}
        self.updated_only = all(_UPDATED.search(text.lines[start]) for start, *_ in self._headings)
        self._default = self.in_path or next(
            filter(None, (dates.in_text(str(front.get(name, ""))) for name in ("date", "title"))), None
        )
        self._field = None if self._default else _day_of_fields(text, papers, dates)

    def _day_of_heading(self, heading: str, dates: Dates) -> date | None:
        """Return the day that a heading names; one without a year is near that of the date heading above it."""
        day = dates.in_text(heading)
        without_year = _WITHOUT_YEAR.search(heading) if day is None and self._headings else None
        if without_year is None:
            return day
        text = _UNSPACED_RANGE.sub(" - ", _RANGE_IN_MONTH.sub(r"\1", without_year[1].strip()))
        return dates.without_year(text, self._headings[-1][2])

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
    """Whether two of three papers were submitted in the months before a day; others may be new versions."""
    months = [match for found in papers if (match := _ARXIV_MONTH.search(found.url))]
    recent = sum(-1 <= 12 * (day.year % 100 - int(m["year"])) + day.month - int(m["month"]) <= 2 for m in months)
    return 3 * recent >= 2 * len(months)


def _is_of_paper(fields: Mapping[str, object]) -> bool:
    """Whether front matter is that of a single paper."""
    names = {re.sub(r"[\s_-]", "", name).lower() for name in fields}
    return not names.isdisjoint(_FIELDS_OF_PAPER) or any(find_papers(str(value)) for value in fields.values())


def _describes_paper(front: Mapping[str, object], section: Section, dates: Dates) -> bool:
    """Whether a file with front matter and one paper is about that paper only."""
    title = str(front.get("title", ""))
    if not title or dates.in_text(title):
        return False
    is_headed = section.kind is Kind.HEADING and section.level > 1
    return not is_headed or clean_title(section.heading).casefold() == title.casefold()


def _is_index(papers: list[Found], text: Text) -> bool:
    """Whether most titles are links to other files of the archive."""
    return 2 * sum(_links_to_file(found.section, text) for found in papers) > len(papers)


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
