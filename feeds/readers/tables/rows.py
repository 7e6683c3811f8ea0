"""Finds the headings, the rows of tables and the dated items of lists in Markdown and HTML."""

import html
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from feeds.readers.fields.labels import Field, find_field

_MAX_LINE = 200_000  # characters of a row
_LEVEL_OF_SUMMARY = 6
_HEADING = re.compile(r"^[ >]{0,6}(?P<marks>#{1,6})\s*(?P<text>\S.*)$")
_SUMMARY = re.compile(r"<(?P<tag>summary|h[1-6]|caption)\b[^<>]*>(?P<text>[^\n]{1,500}?)</(?P=tag)\s*>", re.IGNORECASE)
_SEPARATOR = re.compile(r"^[\s>]*\|?(?:\s*:?-{1,}:?\s*\|)+\s*(?::?-+:?\s*)?$")
_BAR = re.compile(r"(?<!\\)\|")
_FORMULA = re.compile(r"\$[^$\n]{1,300}\$")
_ITEM = re.compile(
    r"^[\s>]*(?:[-*+•]|[0-9]{1,4}[.)])\s+(?:\[[ xX]\]\s+)?"
    r"(?P<opening>[\[(*_`【（]{0,4})(?P<date>[0-9]{4}\s?[-./年]\s?[0-9]{1,2}\s?[-./月]\s?[0-9]{1,2}日?|[0-9]{1,2}[-./][0-9]{1,2}(?![-./0-9])"
    r"|[0-9]{1,2}月[0-9]{1,2}日|[0-9]{8})(?P<closing>[\])*_`】）]{0,4})(?![0-9])(?P<rest>.*)$"
)
_CONTROL = re.compile(r"<summary\b[^<>]*>[^<>]{0,40}</summary\s*>", re.IGNORECASE)  # what unfolds a text
_TAG = re.compile(r"<[^<>]*>")
_HTML = re.compile(r"<(?P<end>/?)(?P<name>table|tr|td|th|summary|h[1-6])\b[^<>]*>", re.IGNORECASE)
_LINK_TEXT = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")


class Column(NamedTuple):
    """A column of a table: the field that its head names, if any, and the head itself."""

    field: Field | None
    name: str


class Row(NamedTuple):
    """A row of a table, or an item of a list: its cells and the columns that they stand in, if the table has a head."""

    line: int
    cells: Sequence[str]
    columns: Sequence[Column]


class Item(NamedTuple):
    """An item of a list that starts with a date."""

    line: int
    date: str
    text: str


class Heading(NamedTuple):
    """A heading, also one of `<summary>`, and its level."""

    line: int
    text: str
    level: int


def find_blocks(source: str) -> Iterator[Heading | Item | Row]:
    """Yield headings, rows of tables, and items of lists that start with a date, in order."""
    markdown, table = _MarkdownTable(), _HtmlTable()
    for number, line in enumerate(source.replace("\r\n", "\n").split("\n"), start=1):
        line = line[:_MAX_LINE]
        is_row = line.count("|") > 1
        if table.is_open or (not is_row and "<t" in line.lower()):
            yield from table.add(number, line)
        elif block := _parse_line(number, line, is_row=is_row):
            yield from markdown.end(is_blank=False)
            yield block
        else:
            yield from markdown.add(number, line)
    yield from markdown.end(is_blank=False)


def parse_item(number: int, line: str) -> Item | None:
    """Parse an item of a list that starts with a date; None for any other line."""
    item = _ITEM.match(line[:_MAX_LINE])
    return Item(number, item["date"], item["rest"]) if item else None


def _parse_line(number: int, line: str, *, is_row: bool) -> Heading | Item | None:
    """Parse a line that is none of a table."""
    if (heading := _HEADING.match(line)) and not _SEPARATOR.match(line):
        return Heading(number, heading["text"].rstrip("# "), len(heading["marks"]))
    if item := parse_item(number, line):
        return item
    if summary := _SUMMARY.search(line) if "<" in line and not is_row else None:
        level = int(summary["tag"][1]) if summary["tag"][1].isdigit() else _LEVEL_OF_SUMMARY
        return Heading(number, summary["text"], level)
    return None


class _MarkdownTable:
    """Collects the rows of tables in Markdown from lines; some have no head."""

    def __init__(self) -> None:
        self._columns: tuple[Column, ...] = ()
        self._previous: tuple[int, str] | None = None  # a row that may be a head

    def add(self, number: int, line: str) -> Iterator[Row]:
        """Read a line, and yield the rows that are certain by it."""
        if "|" not in line:
            yield from self.end(is_blank=not line.strip())
        elif _SEPARATOR.match(line):
            self._columns = tuple(map(column, split_row(self._previous[1]))) if self._previous else ()
            self._previous = None
        elif self._columns:
            yield Row(number, split_row(line), self._columns)
        else:
            yield from self.end(is_blank=True)
            self._previous = (number, line)

    def end(self, *, is_blank: bool) -> Iterator[Row]:
        """End the table, but for a blank line between its rows, and yield the row that is no head."""
        if self._previous:
            yield Row(self._previous[0], split_row(self._previous[1]), ())
        self._previous = None
        if not is_blank:
            self._columns = ()


class _HtmlTable:
    """Collects the cells of tables in HTML from lines."""

    def __init__(self) -> None:
        self.is_open = False
        self.columns: tuple[Column, ...] = ()
        self._cells: list[str] = []
        self._cell: list[str] | None = None
        self._has_heads = False
        self._line = 0

    def add(self, number: int, line: str) -> Iterator[Row]:
        """Read a line, and yield the rows that end in it."""
        position = 0
        for tag in _HTML.finditer(line):
            if self._cell is not None:
                self._cell.append(line[position : tag.start()])
            position = tag.end()
            name, is_end = tag["name"].lower(), bool(tag["end"])
            if name == "table":
                yield from self._end_row()
                self.is_open, self.columns = not is_end, ()
            elif name == "tr":
                yield from self._end_row()
                self._line = number
            elif name in ("td", "th"):
                self._end_cell()
                if not is_end:
                    self._cell = []
                    self._has_heads = name == "th"
        if self._cell is not None:
            self._cell.append(line[position:] + " ")

    def _end_cell(self) -> None:
        if self._cell is not None:
            self._cells.append("".join(self._cell))
        self._cell = None

    def _end_row(self) -> Iterator[Row]:
        self._end_cell()
        if self._cells and self._has_heads:
            self.columns = tuple(map(column, self._cells))
        elif self._cells:
            yield Row(self._line, tuple(self._cells), self.columns)
        self._cells, self._has_heads = [], False


def column(text: str) -> Column:
    """Return the column that a cell of a head names."""
    name = plain_text(text)
    field = find_field(name)
    return Column(field[0] if field else None, name)


def split_row(line: str) -> list[str]:
    """Split a row at its bars, but not inside of formulas."""
    line = line.strip().lstrip("> ").strip()
    if "$" in line:
        line = _FORMULA.sub(lambda match: match[0].replace("|", "\0"), line)
    line = line.removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    return [cell.replace("\0", "|").replace("\\|", "|").strip() for cell in _BAR.split(line)]


def merge_cells(cells: Sequence[str], columns: Sequence[Column]) -> Sequence[str]:
    """Return as many cells as columns: bars in a title are no borders, and cells that are left out are empty."""
    surplus = len(cells) - len(columns)
    if not columns or surplus == 0:
        return cells
    if surplus < 0:
        return [*cells, *[""] * -surplus]
    title = next((i for i, column in enumerate(columns) if column.field is Field.TITLE), None)
    if title is None:
        return cells[: len(columns)]
    return [*cells[:title], "|".join(cells[title : title + surplus + 1]), *cells[title + surplus + 1 :]]


def plain_text(text: str) -> str:
    """Return the text of a cell without markup."""
    if "<" in text:
        text = _TAG.sub(" ", _CONTROL.sub(" ", text))
    if "](" in text:
        text = _LINK_TEXT.sub(r"\1", text)
    text = html.unescape(text) if "&" in text else text
    text = text.strip()
    while len(text) > 4 and text.startswith("**") and text.endswith("**"):
        text = text[2:-2].strip()
    return " ".join(text.replace("**", "").strip("`").split())
