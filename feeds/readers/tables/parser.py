"""Parses rolling tables and lists of papers, whose rows carry their dates."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import PurePosixPath

from feeds.model.diagnostic import Severity
from feeds.model.identity import arxiv_id
from feeds.model.paper import Paper
from feeds.readers import Diagnostics, Digest
from feeds.readers.days import DayCollector
from feeds.readers.fields.addresses import Address, Kind, find_addresses, is_label
from feeds.readers.fields.dates import Dates
from feeds.readers.fields.labels import (
    Field,
    clean_title,
    find_language,
    is_no_value,
    parse_label,
    parse_votes,
    split_authors,
    split_categories,
)
from feeds.readers.fields.values import clean_text, parse_day, plain_paragraphs
from feeds.readers.json_papers.values import Broken, Text
from feeds.readers.tables.rows import (
    Column,
    Heading,
    Item,
    Row,
    find_blocks,
    merge_cells,
    parse_item,
    plain_text,
    split_row,
)

_MAX_LINE = 200_000  # characters of a row
_BOLD = re.compile(r"\*\*(?P<title>(?:[^*]|\*(?!\*))+)\*\*")
_TOPIC_NOTE = re.compile(
    r"\s*(?:[\[(]\s?(?:total[:：]?\s*)?[0-9,]+\s?(?:papers?|篇|편|件)?\s?[\])]|\[\[?(?:back|top)[^\]]*\]?\](?:\([^()]*\))?)\s*",
    re.IGNORECASE,
)
_NOT_TOPIC = re.compile(
    r"(?:last )?updated?\b.*|table of contents|contents?|toc|目录|目次|목차|readme|usage.*|introduction|latest.*"
    r"|papers?|papers? list|论文列表|[0-9]{1,4}\s?[年月년월]?"
    r"|.*arxiv[\s-]?daily.*|daily papers?|news|archive|history|back to top",
    re.IGNORECASE,
)
_AUTHORS_END = re.compile(
    r"(?:,\s*|\s+|[;|·]\s*)\**(?:paper|code|pdf|link|arxiv|url|comments?|abs|html|github|project(?: page)?"
    r"|论文|代码|链接)\**\s*[:：]",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W\d_]{2}")
_TITLE_HEAD = re.compile(r"(?:paper |article )?names?|papers?|articles?|works?|논문명?|论文名?|論文名?", re.IGNORECASE)
_DECIMAL = re.compile(r"[0-9]+\.[0-9]+")
_TEXTS = frozenset({Field.ABSTRACT, Field.SUMMARY, Field.COMMENT, Field.AUTHORS})
_UNTIL_LISTED = timedelta(days=300)  # from the number of a paper; a date without a year is not after that
_BREAK = re.compile(r"<br\b[^<>]*>", re.IGNORECASE)
_LEAP_YEAR = date(2000, 12, 31)
_YEAR = re.compile(r"(?<![0-9])(?:199[1-9]|20[0-9]{2})(?![0-9])")
_NUMBER = re.compile(r"(?:arxiv:)?[0-9]{4}\.[0-9]{4,5}(?:v[0-9]+)?", re.IGNORECASE)


def parse_tables(source: str, path: PurePosixPath, dates: Dates) -> Digest | None:
    """Parse a file; None unless most rows that lead to a paper have a date."""
    parser = _Parser(dates, path)
    if path.suffix.lower() == ".json":
        return parser.digest() if parser.parse_json(source) else None
    if not ("|" in source or "<t" in source or _may_have_items(source)):
        return None
    parser.parse(source)
    return parser.digest()


def _may_have_items(source: str) -> bool:
    return (
        re.search(r"^[\s>]{0,9}(?:[-*+•]|[0-9]{1,4}[.)])\s{1,9}[\[(*_`【（]{0,4}[0-9]", source, re.MULTILINE)
        is not None
    )


class _Parser:
    def __init__(self, dates: Dates, path: PurePosixPath) -> None:
        self._dates = dates
        self._diagnostics = Diagnostics()
        self._days = DayCollector(self._diagnostics)
        self._near = dates.in_path(path) or _near_end_of_year(path.as_posix())  # what a date without a year is close to
        self._language = find_language(path)
        self._topics: list[tuple[int, str]] = []
        self._dated = 0
        self._undated = 0
        self._waiting: list[tuple[int, str, Paper]] = []  # rows above the first date with a year

    def digest(self) -> Digest | None:
        """Return the result; None if the file is of another format."""
        for line, text, _ in self._waiting:
            problem = f'nothing tells the year of "{text}", so its paper is left out'
            self._diagnostics.add(line, f"{problem}; write the date as 2024-01-30", Severity.ERROR)
        if not (self._days.has_papers or self._waiting) or self._dated < self._undated:
            return None
        return self._days.digest()

    def parse(self, source: str) -> None:
        """Parse Markdown, with HTML in it."""
        for block in find_blocks(source):
            if isinstance(block, Heading):
                self._add_heading(block)
            elif isinstance(block, Item):
                self._add_item(block)
            else:
                self._add_row(block)

    def parse_json(self, source: str) -> bool:
        """Parse the JSON that tables are made from; False if it is not that."""
        text = Text(source)
        start = text.skip_space(0)
        if text.character(start) != "{":
            return False  # of another format
        try:
            for topic in text.children(start):
                if not _is_topic(topic.value):
                    return self._days.has_papers
                self._topics = [(1, topic.key)]
                for child in text.children(topic.start):
                    if isinstance(child.value, str):
                        self._add_line(child.value, text.line(child.start))
        except ValueError as error:
            if not self._days.has_papers:
                return False
            problem = f"what follows is left out, because it is not JSON: {error}"
            self._diagnostics.error(text.line(len(source)), problem, "correct it, or fetch the file again")
        return self._days.has_papers

    def _add_line(self, source: str, line: int) -> None:
        for row in source.split("\n")[:10]:
            if item := parse_item(line, row):
                self._add_item(item)
            elif row.lstrip().startswith("|"):
                self._add_row(Row(line, split_row(row[:_MAX_LINE]), ()))

    def _add_heading(self, heading: Heading) -> None:
        text = plain_text(_TOPIC_NOTE.sub(" ", heading.text)).strip(" :：-–—#")
        if day := self._dates.in_text(text):
            self._near = day
            return
        if year := _YEAR.fullmatch(text.strip("年년 ")):
            self._near = _near_end_of_year(year[0])
            return
        self._topics = [(level, name) for level, name in self._topics if level < heading.level]
        if text and len(text) <= 100 and not _NOT_TOPIC.fullmatch(text):
            self._topics.append((heading.level, text))

    def _add_row(self, row: Row) -> None:
        cells = merge_cells(row.cells, row.columns)
        columns = row.columns if len(row.columns) == len(cells) else ()
        addresses = [find_addresses(cell) for cell in cells]
        url = _url_of_row(columns, addresses)
        if url is None:
            return
        where = next(
            (i for i, column in enumerate(columns) if column.field is Field.PUBLISHED and cells[i].strip()), None
        )
        if where is None:
            where = next((i for i, cell in enumerate(cells) if not addresses[i] and self._is_date(cell)), None)
        if where is None:
            self._undated += 1
            return
        paper = _make_paper(cells, columns, addresses, url, where, self._language)
        if paper:
            self._add(row.line, plain_text(cells[where]), paper)

    def _is_date(self, cell: str) -> bool:
        text = plain_text(cell)
        if len(text) > 40 or not any(character.isdigit() for character in text):
            return False
        is_number = _DECIMAL.fullmatch(text) is not None
        return bool(parse_day(text, self._dates)) or (not is_number and _has_month_and_day(self._dates, text))

    def _add_item(self, item: Item) -> None:
        addresses = find_addresses(item.text)
        urls = {address.url for address in addresses if address.kind is Kind.PAPER}
        if len(urls) != 1:
            return
        paper = _parse_item(item.text, addresses, urls.pop())
        if paper:
            self._add(item.line, item.date, paper)

    def _add(self, line: int, text: str, paper: Paper) -> None:
        """Add a paper on the day that a text names, whose year may be that of its neighbours."""
        paper = _with_topic(paper, self._topics[-1][1] if self._topics else "")
        self._dated += 1
        day = parse_day(text, self._dates) or self._with_year(text, paper)
        if day is None and self._near is None and _has_month_and_day(self._dates, text):
            self._waiting.append((line, text, paper))
            return
        if day is None:
            problem = f'"{text[:60]}" is not a date, so the paper is left out'
            self._diagnostics.error(line, problem, "write the date as 2024-01-30")
            return
        self._near = day
        for waiting_line, waiting_text, waiting in self._waiting:
            self._days.add(waiting_line, self._dates.without_year(waiting_text, day), waiting)
        self._waiting.clear()
        self._days.add(line, day, paper)

    def _with_year(self, text: str, paper: Paper) -> date | None:
        """Return the day of a date without a year: near its neighbours, not before the number of arXiv."""
        day = self._dates.without_year(text, self._near) if self._near else None
        first = _first_day(paper)
        if first and (day is None or day < first):
            day = self._dates.without_year(text, first + _UNTIL_LISTED)
        return day


def _is_topic(value: object) -> bool:
    """Whether a value of JSON has rows by identifier."""
    return isinstance(value, Broken) or (
        isinstance(value, dict) and all(isinstance(row, str) for row in value.values())
    )


def _has_month_and_day(dates: Dates, text: str) -> bool:
    return dates.without_year(text, _LEAP_YEAR) is not None


def _url_of_row(columns: Sequence[Column], addresses: Sequence[Sequence[Address]]) -> str | None:
    """Return the address of the one paper that a row leads to, but for those that its texts mention; else None."""
    texts = {index for index, column in enumerate(columns) if column.field in _TEXTS}
    urls = {a.url for i, group in enumerate(addresses) if i not in texts for a in group if a.kind is Kind.PAPER}
    if len(urls) > 1:  # a paper at arXiv and its DOI
        urls = {url for url in urls if arxiv_id(url)}
    return urls.pop() if len(urls) == 1 else None


def _first_day(paper: Paper) -> date | None:
    """Return a day before that on which arXiv gave a paper its number; None if the paper has none."""
    match = re.match(r"([0-9]{2})([0-9]{2})\.", paper.arxiv_id or "")
    is_month = match is not None and 1 <= int(match[2]) <= 12
    return date(2000 + int(match[1]), int(match[2]), 1) - timedelta(days=7) if match and is_month else None


def _near_end_of_year(text: str) -> date | None:
    """Return the day from which every date without a year is in the year that a text names; None if it names none.

    A date without a year is at most a week after the one that it is near to.
    """
    years = set(_YEAR.findall(text))
    return date(int(years.pop()), 12, 24) if len(years) == 1 else None


def _make_paper(
    cells: Sequence[str],
    columns: Sequence[Column],
    addresses: Sequence[Sequence[Address]],
    url: str,
    where: int,
    language: str,
) -> Paper | None:
    """Make the paper of a row whose cell `where` is the date; None if it has no title."""
    title_at = _title_column(cells, columns, addresses, where)
    if title_at is None:
        return None
    title = _title(cells[title_at], addresses[title_at])
    if not title:
        return None
    authors_at = next((i for i, column in enumerate(columns) if column.field is Field.AUTHORS), None)
    if not columns and title_at + 1 < len(cells) and not addresses[title_at + 1]:
        authors_at = title_at + 1
    authors = split_authors("" if authors_at in (None, title_at) else cells[authors_at or 0])
    links = [index for index, group in enumerate(addresses) if group and index != title_at]
    abstract, notes = _read_below_links([cells[index] for index in links])
    votes: int | None = None
    tags: tuple[str, ...] = ()
    items = notes if addresses[title_at] else [*(f"- {text}" for text in _lines_below(cells[title_at])), *notes]
    for index, column in enumerate(columns):
        text = clean_text(plain_text(cells[index]))
        if index in (title_at, where, authors_at) or not text:
            continue
        if column.field is Field.ABSTRACT:
            abstract = plain_paragraphs(text)
        elif column.field is Field.CATEGORIES:
            tags += split_categories(text)
        elif column.field is Field.VOTES:
            votes = parse_votes(text)
        elif column.field in (Field.SUMMARY, Field.COMMENT) or (
            column.field is None and len(text) > 20 and not addresses[index]
        ):
            items.append(f"- **{column.name or 'Note'}:** {text}")
    return Paper(
        title=title,
        url=url,
        votes=votes,
        authors=authors.names,
        more_authors=authors.more_authors,
        summary="\n".join([*items, *_links([address for group in addresses for address in group])]),
        abstract=abstract,
        tags=tuple(dict.fromkeys(tags)),
        language=language if items else "",
    )


def _title_column(
    cells: Sequence[str], columns: Sequence[Column], addresses: Sequence[Sequence[Address]], where: int
) -> int | None:
    """Return the place of the title: where the head says so, else a link to the paper, else the first text."""
    for index, column in enumerate(columns):
        if column.field is Field.TITLE and cells[index].strip():
            return index
    for index, group in enumerate(addresses):
        if any(address.kind is Kind.PAPER and not is_label(address.text) for address in group):
            return index
    for index, cell in enumerate(cells):
        if columns and columns[index].field is not Field.LINK and not _TITLE_HEAD.fullmatch(columns[index].name):
            continue
        text = plain_text(cell)
        if index != where and (columns or not addresses[index]) and _LETTERS.search(text) and not _is_label(text):
            return index
    return None


def _is_label(text: str) -> bool:
    return is_no_value(text) or is_label(text) or _NUMBER.fullmatch(text) is not None


def _title(cell: str, addresses: Sequence[Address]) -> str:
    links = [address.text for address in addresses if address.kind is Kind.PAPER and not is_label(address.text)]
    if links and (title := max(links, key=len)):
        return clean_title(clean_text(title))
    text = plain_text(_first_line(cell))
    return clean_title(clean_text(_NUMBER.sub("", text) if addresses else text))


def _first_line(cell: str) -> str:
    """Return what stands above the first break of a cell; the whole cell if nothing does."""
    head = _BREAK.split(cell, maxsplit=1)[0]
    return head if plain_text(head) else cell


def _read_below_links(cells: Sequence[str]) -> tuple[str, list[str]]:
    """Return the abstract and the notes that cells have below their links."""
    lines = [line for cell in cells for line in _lines_below(cell)]
    labels = [parse_label(line) for line in lines]
    abstract = next((label.text for label in labels if label and label.field is Field.ABSTRACT), "")
    return abstract, [f"- {line}" for line, label in zip(lines, labels, strict=True) if not label and len(line) > 20]


def _lines_below(cell: str) -> list[str]:
    """Return the lines below the first one of a cell, which is a title or a link."""
    lines = _BREAK.split(cell.removeprefix(_first_line(cell)))
    return list(filter(None, map(plain_text, lines)))


def _parse_item(text: str, addresses: Sequence[Address], url: str) -> Paper | None:
    """Make the paper of an item of a list from what follows its date; None if it has no title."""
    text = text.strip(" ,，:：|-–—\t")
    bold = _BOLD.match(text)
    titles = [address for address in addresses if address.kind is Kind.PAPER and not is_label(address.text)]
    if bold and not is_label(plain_text(bold["title"])):
        title, rest = plain_text(bold["title"]), text[bold.end() :]
    elif titles:
        link = max(titles, key=lambda address: len(address.text))
        title, rest = link.text, text.partition(link.text)[2].partition(")")[2]
    else:
        head = re.split(r"\[|https?://|\(http", text, maxsplit=1)[0]
        title, rest = plain_text(_AUTHORS_END.split(head, maxsplit=1)[0]).strip(" ,:|-–—"), ""
    title = clean_title(clean_text(title))
    if not title or not re.search(r"[^\W\d_]", title):
        return None
    names = _AUTHORS_END.split(f" {rest}", maxsplit=1)[0]
    names = re.split(r"!?\[|https?://|<a\b", names, maxsplit=1)[0].strip(" ,，:：|·-–—()*_\t")
    is_names = (
        (bool(names) and len(names) < 2_000 and not names.endswith((".", "。")))
        or "et al" in names.lower()
        or "et.al" in names.lower()
    )
    authors = split_authors(names if is_names else "")
    return Paper(
        title=title,
        url=url,
        authors=authors.names,
        more_authors=authors.more_authors,
        summary="\n".join(_links(addresses)),
    )


def _links(addresses: Sequence[Address]) -> list[str]:
    """List the links to code and to other pages, each once."""
    links: dict[str, str] = {}
    for address in addresses:
        if address.kind is Kind.CODE:
            links.setdefault(address.url, f"- **Code:** <{address.url}>")
        elif address.kind is Kind.PAGE:
            name = address.text if address.text and len(address.text) <= 40 and "://" not in address.text else "Link"
            links.setdefault(address.url, f"- **{name}:** <{address.url}>")
    return list(links.values())


def _with_topic(paper: Paper, topic: str) -> Paper:
    return replace(paper, tags=tuple(dict.fromkeys(split_categories(topic) + paper.tags))) if topic else paper
