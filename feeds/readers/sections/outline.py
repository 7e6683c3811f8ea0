"""Splits a digest in Markdown into sections: those of its headings, and the parts of text that has none."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import accumulate, pairwise, takewhile
from typing import NamedTuple

from feeds.readers import Diagnostics
from feeds.readers.fields.dates import Dates
from feeds.readers.fields.labels import Field, parse_label
from feeds.readers.limits import split_lines

LOWEST_LEVEL = 6  # of headings
_MAX_ROW_LINES = 5
_MAX_DATE = 30  # characters of a line that is a date, perhaps with a number of papers
_LONG_RUN = " " * 100
_SPACES = re.compile(r"[ \t]{100,}")
_INVISIBLE = "\ufeff\u200b\u2060"
_QUOTE = re.compile(r"\A[ \t]{0,3}(?:>[ \t]?)+")
_HEADING = re.compile(r"(?:[ \t]{0,3}|[ \t]{0,3}[-*+][ \t]+)(?P<marks>#{1,6})(?P<space>[ \t]*)(?P<text>[^#\s].*)")
_CLOSING_MARKS = re.compile(r"[ \t]+#+[ \t]*$")
_HTML_HEADING = re.compile(
    r"\s*(?:<(?!h[1-6])[a-z][^<>]*>\s*)*<h(?P<level>[1-6])\b[^<>]*>(?P<text>.*)</h(?P=level)\s*>\s*(?:</?[a-z][^<>]*>\s*)*",
    re.IGNORECASE,
)
_UNDERLINED = re.compile(r"[ \t]{0,3}[^\s>|<#*+`!\[_-].{0,198}")  # by === or ---, as a heading may be
_FENCE = re.compile(r"\s*(?:[-*+]\s+)?(`{3,}(?!.*`)|~{3,})")
_RULE = re.compile(r"\s{0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,}|(?:=\s*){3,}|(?:—\s*){2,}|<hr\s*/?>\s*)")
_NUMBER_ABOVE = re.compile(r"\s*(?:[\[【(（][0-9]{1,3}[\])】）]|[0-9]{1,3}[.)、])")  # a title
_BOLD = re.compile(
    r"\s{0,3}(?:[0-9]{1,3}[.)]\s*)?(?:[^\w\s*_<|\[\]`-]{1,3}\s*)?"
    r"(?:\*\*(?P<stars>(?:[^*]|\*(?!\*))+)\*\*|__(?P<lines>(?:[^_]|_(?!_))+)__|<(?P<tag>b|strong)>(?P<html>.+)</(?P=tag)>)"
    r"\s*(?:<br\s*/?>)?\s*",
    re.IGNORECASE,
)
_DETAILS = re.compile(r"\s*<details\b", re.IGNORECASE)
_DETAILS_TAG = re.compile(r"<(?P<end>/)?details\b", re.IGNORECASE)
_SUMMARY = re.compile(r"<summary\b[^<>]*>(?P<text>.*?)(?:</summary\s*>|$)", re.IGNORECASE)
_ITEM = re.compile(
    r"(?P<indent>[ \t]*)(?P<marker>[-*+•·▪◦‣]|(?:\(?[0-9]{1,4}[.)、．)]))[ \t]+(?:\[[ xX]\][ \t]+)?(?=\S)"
)
_ROW = re.compile(r"\s*\|.*\S.*\|\s*|\s*[^|\s][^|]*(?:\|[^|]*){2,}")
_HTML_CELL = re.compile(r"<td\b[^<>]*>(.*?)(?=</td>|<td\b|</tr>|$)", re.IGNORECASE)
_HTML_HEADER = re.compile(r"<th\b[^<>]*>(.*?)(?=</th>|<th\b|</tr>|$)", re.IGNORECASE)
_ROW_BELOW_HEADER = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*")


class Kind(Enum):
    """What makes lines a section."""

    FILE = auto()
    HEADING = auto()
    BOLD = auto()
    TITLE = auto()
    """A line that starts with the label of a title."""
    RULE = auto()
    DETAILS = auto()
    ITEM = auto()
    ROW = auto()
    PARAGRAPH = auto()
    LINE = auto()


@dataclass(slots=True, eq=False)
class Section:
    """Lines of a file that belong together.

    Attributes:
        kind: what makes them a section.
        start: the index of the first line.
        body: the index of the first line below the heading; `start` if there is none.
        end: the index after the last line.
        level: how many marks the heading has; 0 for the file, 7 for parts of text without headings.
        heading: its text as written; empty if there is none.
        parent: the section around it.
        children: the sections of the headings below it.
    """

    kind: Kind
    start: int
    body: int
    end: int
    level: int = 7
    heading: str = ""
    parent: "Section | None" = None
    children: list["Section"] = field(default_factory=list)

    @property
    def own_end(self) -> int:
        """The index after its last line before the first section below it."""
        return self.children[0].start if self.children else self.end


class Text(NamedTuple):
    """A file without block quotes' marks and comments.

    Attributes:
        lines: its lines.
        code: the indexes of those in code.
        headers: the index of the header's line for each row of a table that has one.
    """

    lines: list[str]
    code: frozenset[int]
    headers: dict[int, int]


def read_lines(source: str, diagnostics: Diagnostics) -> Text:
    """Split a file into lines; report and remove what is too long, and forbidden characters."""
    lines = split_lines(source.lstrip(_INVISIBLE), diagnostics)
    code = _find_code(lines)
    _remove_comments(lines, code)
    lines = [line if index in code else _simplify(line) for index, line in enumerate(lines)]
    _join_rows(lines)
    return Text(lines, code, _find_headers(lines))


def _simplify(line: str) -> str:
    """Remove the marks of a block quote, and most of a long run of spaces, which would be searched again and again."""
    if _LONG_RUN in line:
        line = _SPACES.sub(_LONG_RUN, line)
    return _QUOTE.sub("", line, count=1)


def read_outline(text: Text, dates: Dates) -> Section:
    """Return the file as a section, with the sections of its headings below it.

    A date in bold type on a line of its own, or as the summary of `<details>`, is a heading of the lowest level.
    """
    root = section = Section(Kind.FILE, 0, 0, len(text.lines), level=0)
    for start, body, level, heading in _find_headings(text, dates):
        while section.level >= level and section.parent:
            section.end = start
            section = section.parent
        child = Section(Kind.HEADING, start, body, len(text.lines), level, heading, section)
        section.children.append(child)
        section = child
    while section.parent:
        section.end = len(text.lines)
        section = section.parent
    return root


def split_text(text: Text, parent: Section) -> Iterator[list[Section]]:
    """Yield the ways in which a section's own lines can be split, those into larger parts first."""
    start, end = parent.body, parent.own_end
    for kind, find_starts in _SPLITTERS:
        starts = list(find_starts(text, start, end))
        parts = [
            Section(kind, first, body, following, heading=heading, parent=parent)
            for (first, body, heading), (following, *_) in pairwise([*starts, (end, end, "")])
        ]
        if kind is Kind.DETAILS:
            for part in parts:
                part.end = _end_of_details(text, part)
        if starts and starts[0][0] > start:
            parts.insert(0, Section(Kind.RULE, start, start, starts[0][0], parent=parent))
        if len(parts) > 1 or (parts and parts[0].body > parent.body):
            yield parts


def summary_text(line: str) -> str | None:
    """Return the text of the `<summary>` in a line; None if there is none."""
    match = _SUMMARY.search(line)
    return match["text"].strip() if match else None


def item_text(line: str) -> tuple[int, str] | None:
    """Return the indentation and the text of a list item; None if the line is not one."""
    match = _ITEM.match(line)
    return (_width(match["indent"]), line[match.end() :]) if match else None


def row_cells(line: str) -> list[str] | None:
    """Return the cells of a table's row, in Markdown or HTML; None if the line is not one, or is below a header."""
    if "<td" in line and (cells := _HTML_CELL.findall(line)):
        return [cell.strip() for cell in cells]
    if "|" not in line or not _ROW.fullmatch(line) or _ROW_BELOW_HEADER.fullmatch(line):
        return None
    return [
        cell.strip().replace("\\|", "|")
        for cell in re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))
    ]


def find_header(text: Text, index: int) -> list[str]:
    """Return the cells of the header of the table that the row at a line belongs to; empty if it has none."""
    header = text.headers.get(index)
    if header is None:
        return []
    line = text.lines[header]
    return _HTML_HEADER.findall(line) if "<th" in line else row_cells(line) or []


def is_rule(line: str) -> bool:
    """Whether a line is a thematic break."""
    return _RULE.fullmatch(line) is not None


def _join_rows(lines: list[str]) -> None:
    """Put each row of a table that line breaks divide, such as those of a long title, on its first line."""
    bars = 0  # in the row below the header
    for index, line in enumerate(lines):
        if _ROW_BELOW_HEADER.fullmatch(line):
            bars = line.count("|")
        elif "|" not in line:
            bars = 0
        elif line.count("|") < bars and line.lstrip().startswith("|"):
            rest = takewhile(_continues_row, lines[index + 1 : index + _MAX_ROW_LINES])
            for length, row in enumerate(accumulate(rest, _join, initial=line), start=1):
                if row.count("|") == bars:
                    lines[index : index + length] = [row, *["|"] * (length - 1)]
                    break


def _continues_row(line: str) -> bool:
    return line.strip() != "" and not line.lstrip().startswith("|")


def _join(row: str, line: str) -> str:
    return f"{row.rstrip()} {line.strip()}"


def _find_headers(lines: list[str]) -> dict[int, int]:
    headers: dict[int, int] = {}
    header: int | None = None
    html_header: int | None = None
    for index, line in enumerate(lines):
        if "<th" in line and _HTML_HEADER.search(line):
            html_header = index
        elif "</table" in line.lower():
            html_header = None
        elif "<td" in line and html_header is not None:
            headers[index] = html_header
        elif "|" not in line:
            header = None
        elif index and _ROW_BELOW_HEADER.fullmatch(line):
            header = index - 1
        elif header is not None:
            headers[index] = header
    return headers


def _find_code(lines: list[str]) -> frozenset[int]:
    """Return the indexes of lines in fenced code; a fence that is not closed does not count."""
    code: set[int] = set()
    opened: tuple[int, str] | None = None
    for index, line in enumerate(lines):
        match = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if match is None:
            continue
        if opened is None:
            opened = index, match[1]
        elif match[1].startswith(opened[1]) and not line.strip().strip(match[1][0]):
            code.update(range(opened[0], index + 1))
            opened = None
    return frozenset(code)


def _remove_comments(lines: list[str], code: frozenset[int]) -> None:
    """Make HTML comments blank; one that does not end is text."""
    last_end = next((index for index in range(len(lines) - 1, -1, -1) if "-->" in lines[index]), -1)
    is_open = False
    for index in range(last_end + 1):
        line = lines[index]
        if index in code or not (is_open or "<!--" in line):
            continue
        kept = ""
        while line:
            if is_open:
                _, end, line = line.partition("-->")
                is_open = not end
            else:
                before, is_start, line = line.partition("<!--")
                kept += before
                is_open = bool(is_start) and ("-->" in line or index < last_end)
        lines[index] = kept


def _find_headings(text: Text, dates: Dates) -> Iterator[tuple[int, int, int, str]]:
    """Yield the first line of each heading, the line below it, its level and its text."""
    lines = text.lines
    for index, line in enumerate(lines):
        if index in text.code:
            continue
        if "#" in line and (match := _HEADING.fullmatch(line)) and (match["space"] or len(match["marks"]) > 1):
            yield index, index + 1, len(match["marks"]), _CLOSING_MARKS.sub("", match["text"]).strip()
        elif "<h" in line.lower() and (match := _HTML_HEADING.fullmatch(line)):
            yield index, index + 1, int(match["level"]), match["text"].strip()
        elif index + 1 < len(lines) and (level := _underline_level(lines, index)):
            yield index, index + 2, level, line.strip()
        elif date_text := _date_text(line, dates):
            yield index, index + 1, LOWEST_LEVEL, date_text


def _date_text(line: str, dates: Dates) -> str:
    """Return the text of a line that is a date in bold type or a summary; empty for any other."""
    if "**" not in line and "<summary" not in line:
        return ""
    match = _BOLD.fullmatch(line)
    text = summary_text(line) or (match["stars"] if match and match["stars"] else "")
    text = re.sub(r"<[^<>]*>|\*\*", "", text).strip()
    return text if len(text) <= _MAX_DATE and dates.in_text(text) else ""


def _underline_level(lines: list[str], index: int) -> int:
    """Return the level of the heading that the next line underlines; 0 if it underlines none."""
    underline = lines[index + 1].strip()
    if len(underline) < 3 or (underline.strip("=") and underline.strip("-")):
        return 0
    line = lines[index]
    if not _UNDERLINED.fullmatch(line) or item_text(line) or line.rstrip().endswith((".", "。")) or "|" in line:
        return 0
    is_after_text = index > 0 and lines[index - 1].strip() != ""
    if is_after_text or parse_label(line):
        return 0
    return 1 if underline[0] == "=" else 2


_Starts = Iterator[tuple[int, int, str]]


def _find_bold(text: Text, start: int, end: int) -> _Starts:
    for index in _text_lines(text, start, end):
        line = text.lines[index]
        if ("**" in line or "__" in line or "<" in line) and _BOLD.fullmatch(line):
            label = parse_label(line)
            if label is None or label.field is Field.TITLE:
                yield index, index + 1, line.strip()


def _find_titles(text: Text, start: int, end: int) -> _Starts:
    for index in _text_lines(text, start, end):
        label = parse_label(text.lines[index])
        if label and label.field is Field.TITLE and not label.language:
            above = next((i for i in range(index - 1, max(start, index - 3) - 1, -1) if text.lines[i].strip()), index)
            first = above if _NUMBER_ABOVE.match(text.lines[above]) else index
            yield first, first, ""


def _find_rules(text: Text, start: int, end: int) -> _Starts:
    for index in _text_lines(text, start, end):
        if is_rule(text.lines[index]) and index + 1 < end:
            yield index + 1, index + 1, ""


def _find_details(text: Text, start: int, end: int) -> _Starts:
    for index in _text_lines(text, start, end):
        if _DETAILS.match(text.lines[index]):
            for offset in range(3):
                if index + offset < end and (summary := summary_text(text.lines[index + offset])) is not None:
                    yield index, index + offset + 1, summary
                    break


def _end_of_details(text: Text, part: Section) -> int:
    depth = 0
    for index in range(part.start, part.end):
        for tag in _DETAILS_TAG.finditer(text.lines[index]):
            depth += -1 if tag["end"] else 1
        if depth <= 0:
            return index + 1
    return part.end


def _find_items(markers: str) -> Callable[[Text, int, int], _Starts]:
    def find(text: Text, start: int, end: int) -> _Starts:
        items = [
            (_width(match["indent"]), index, match.end())
            for index in _text_lines(text, start, end)
            if (match := _ITEM.match(text.lines[index]))
            and (match["marker"] in markers if markers else match["marker"][-1] in ".)、．")
        ]
        indent = min((width for width, *_ in items), default=0)
        for width, index, position in items:
            if width <= indent + 1:
                yield index, index + 1, text.lines[index][position:].strip()

    return find


def _find_rows(text: Text, start: int, end: int) -> _Starts:
    for index in _text_lines(text, start, end):
        line = text.lines[index]
        is_header = index + 1 < end and _ROW_BELOW_HEADER.fullmatch(text.lines[index + 1])
        if row_cells(line) is not None and not is_header:
            yield index, index + 1, line.strip()


def _find_paragraphs(text: Text, start: int, end: int) -> _Starts:
    is_blank = True
    for index in range(start, end):
        was_blank, is_blank = is_blank, not text.lines[index].strip()
        if was_blank and not is_blank:
            yield index, index, ""


def _find_lines(text: Text, start: int, end: int) -> _Starts:
    for index in _text_lines(text, start, end):
        yield index, index, ""


def _text_lines(text: Text, start: int, end: int) -> Iterator[int]:
    return (index for index in range(start, end) if index not in text.code and text.lines[index].strip())


def _width(indent: str) -> int:
    return len(indent.expandtabs(4))


_SPLITTERS: tuple[tuple[Kind, Callable[[Text, int, int], _Starts]], ...] = (
    (Kind.BOLD, _find_bold),
    (Kind.TITLE, _find_titles),
    (Kind.RULE, _find_rules),
    (Kind.DETAILS, _find_details),
    (Kind.ITEM, _find_items("")),
    (Kind.ITEM, _find_items("-*+•·▪◦‣")),
    (Kind.ITEM, _find_items("-")),
    (Kind.ITEM, _find_items("*")),
    (Kind.ITEM, _find_items("+•·▪◦‣")),
    (Kind.ROW, _find_rows),
    (Kind.PARAGRAPH, _find_paragraphs),
    (Kind.LINE, _find_lines),
)
