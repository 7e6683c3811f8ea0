"""Parses papers in JSON: lists, objects of lists by date, category or identifier, and JSON Lines."""

import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePosixPath

from feeds.model.paper import Paper
from feeds.readers import Diagnostics, Digest
from feeds.readers.days import DayCollector
from feeds.readers.fields.dates import Dates
from feeds.readers.fields.labels import find_language, split_categories
from feeds.readers.fields.values import clean_text, parse_day
from feeds.readers.json_papers.values import Broken, Text, is_json_lines, is_python, python_to_json
from feeds.readers.mappings.keys import normalize_key
from feeds.readers.mappings.papers import make_paper

_LINES_SUFFIXES = (".jsonl", ".ndjson")
_GROUP_DATES = ("date", "day", "reportdate", "digestdate", "announcementdate", "publishdate", "label")
_LATE_DATES = ("generatedat", "fetchedat", "updatedat", "lastupdated", "crawledat")  # of a file that has no other
_ERRORS = frozenset({"error", "errors", "detail", "message", "statuscode", "exception", "errormessage", "msg"})
_NOT_TAGS = re.compile(
    r"(?:all|new|daily|latest|data|items?|results?|entries|articles?|records?|list|documents?|docs|content|body|payload|response"
    r"|sections?|categor(?:y|ies)|topics?|groups?|days?|dates?|by\w*|top\w*|\w*papers\w*|\w*submissions|hot|trending|deep|quick"
    r"|selected|recommended|recommendations|featured|other|others|rest|cross|crosslists?|replaced|replacements)"
)
_MAY_BE_PAPERS = re.compile(r"[\"'](?:title\w*|paper)[\"']\s*:")
_MAX_DEPTH = 6  # of lists and objects around a paper
_MAX_LOOK = 20_000  # characters in which a broken file must show that it has papers


def parse_json(source: str, path: PurePosixPath, dates: Dates) -> Digest | None:
    """Parse a file; None if it has no papers, unless its path names a day and it is empty or an error."""
    return _Parser(dates, path).parse(source)


@dataclass(frozen=True, slots=True)
class _Group:
    """What the lists and objects around a value say of it.

    Attributes:
        day: of the papers inside.
        key: the nearest one around, or its own.
        tag: of the papers inside.
        outer_tag: of the value itself if it is a paper, for then its own key is its identifier and not a tag.
        depth: the number of lists and objects around.
    """

    day: date | None = None
    key: str = ""
    tag: str = ""
    outer_tag: str = ""
    depth: int = 0


class _Parser:
    def __init__(self, dates: Dates, path: PurePosixPath) -> None:
        self._dates = dates
        self._diagnostics = Diagnostics()
        self._days = DayCollector(self._diagnostics)
        self._path = path
        self._path_day = dates.in_path(path)
        self._file_day: date | None = None
        self._late_day: date | None = None
        self._language = find_language(path)
        self._has_problem = False
        self._is_empty = True
        self._incomplete: list[tuple[int, str]] = []

    def parse(self, source: str) -> Digest | None:
        if (
            self._path.suffix.lower() in _LINES_SUFFIXES and source.lstrip("\ufeff \t\r\n")[:1] in "{'"
        ) or is_json_lines(source):
            self._read_lines(source)
        else:
            self._read_document(source)
        if self._days.has_papers:
            for line, problem in self._incomplete:
                self._diagnostics.error(line, problem, "give each paper a title, and an arXiv number, a DOI or a URL")
            return self._days.digest()
        if self._path_day and (self._is_empty or self._has_problem or self._incomplete):
            if self._is_empty and not self._has_problem:
                self._days.add_day(self._path_day, 1)
            for line, problem in self._incomplete[:1]:
                self._diagnostics.error(line, problem, "give each paper a title, and an arXiv number, a DOI or a URL")
            return self._days.digest()
        if self._has_problem and _MAY_BE_PAPERS.search(source, 0, _MAX_LOOK):
            return self._days.digest()
        return None

    def _read_lines(self, source: str) -> None:
        for number, line in enumerate(source.split("\n"), start=1):
            if line.strip("\ufeff \t\r,"):
                self._read_text(line, number)

    def _read_document(self, source: str) -> None:
        if source.strip("\ufeff \t\r\n"):
            self._read_text(source, 1)

    def _read_text(self, source: str, line: int) -> None:
        """Read the values of a text, of which there is mostly one."""
        if is_python(source):
            if not self._has_problem:
                problem = "this is a literal of Python and not JSON, and is read as the same in JSON"
                self._diagnostics.warning(line, problem, "write it with json.dump")
            self._has_problem = True
            source = python_to_json(source)
        text = Text(source, line)
        position = text.skip_space(0)
        while text.character(position):
            try:
                position = self._read_value(text, position)
            except ValueError as error:
                self._has_problem = True
                self._is_empty = False
                problem = f"what follows is left out, because it is not JSON: {error}"
                self._diagnostics.error(text.line(position), problem, "correct it, or fetch the file again")
                return
            position = text.skip_space(position)
            if text.character(position) == ",":
                position = text.skip_space(position + 1)

    def _read_value(self, text: Text, position: int) -> int:
        """Read a value that nothing is around, and return where it ends."""
        if text.character(position) not in ("{", "["):
            value, end = text.decode(position)
            self._is_empty = False
            self._report_value(value, text.line(position))
            return end
        try:
            value, end = text.decode(position)
        except ValueError:
            value, end = Broken(), text.length  # its pieces are read up to the error, which is raised again there
        if isinstance(value, dict):
            self._find_dates(value)
        self._is_empty = self._is_empty and _is_empty(value)
        self._walk(text, position, value, _Group())
        if isinstance(value, dict) and not self._days.has_papers and (error := _error_of(value)):
            self._report_value(error, text.line(position))
        return end

    def _report_value(self, value: object, line: int) -> None:
        self._has_problem = True
        problem = f"{_excerpt(value)} stands in place of papers"
        self._diagnostics.error(line, problem, "fetch the file again, or write [] if the day has none")

    def _find_dates(self, value: dict[str, object]) -> None:
        """Note the day that the outermost object has a field for."""
        fields = {normalize_key(key).name: item for key, item in value.items() if isinstance(item, str)}
        self._file_day = next((day for name in _GROUP_DATES if (day := parse_day(fields.get(name), self._dates))), None)
        self._late_day = next((day for name in _LATE_DATES if (day := parse_day(fields.get(name), self._dates))), None)

    def _walk(self, text: Text, position: int, value: object, group: _Group) -> None:
        """Add the papers of a value, which is one or has some inside.

        Raises ValueError after the papers before the place where the value is broken.
        """
        if isinstance(value, str) and group.depth:
            self._add_string(value, text.line(position), group)
        elif isinstance(value, dict) and self._add(value, text.line(position), group):
            return
        elif group.depth < _MAX_DEPTH and text.character(position) in ("[", "{") and _may_contain(value):
            is_list = text.character(position) == "["
            are_groups = isinstance(value, dict) and all(isinstance(item, list | dict) for item in value.values())
            if isinstance(value, dict) and group.depth:
                group = self._with_day(value, group)
            for child in text.children(position):
                if isinstance(child.value, dict | list | Broken) or (is_list and isinstance(child.value, str)):
                    self._walk(
                        text, child.start, child.value, self._child_group(child.key, group, are_groups=are_groups)
                    )
                elif is_list and _is_list_of_papers(value):
                    self._incomplete.append((text.line(child.start), f"{_excerpt(child.value)} is not a paper"))

    def _with_day(self, value: dict[str, object], group: _Group) -> _Group:
        """Return a group with the day that the object of a group has a field for."""
        for key, item in value.items():
            if normalize_key(key).name in _GROUP_DATES and (day := parse_day(item, self._dates)):
                return replace(group, day=day)
        return group

    def _child_group(self, key: str, group: _Group, *, are_groups: bool) -> _Group:
        day, tag = group.day, group.tag
        if key:
            key_day = self._dates.in_text(key) if any(character in "0123456789" for character in key) else None
            if key_day:
                day = key_day
            elif _is_category(key) or (are_groups and not _NOT_TAGS.fullmatch(normalize_key(key).name)):
                tag = key
        return _Group(day, key or group.key, tag, group.tag, group.depth + 1)

    def _add_string(self, source: str, line: int, group: _Group) -> None:
        """Add the paper that a text is, as JSON or as a literal of Python."""
        if not source.lstrip().startswith("{"):
            return
        is_literal = is_python(source)
        try:
            value, _ = Text(python_to_json(source) if is_literal else source).decode(0)
        except ValueError:
            self._incomplete.append((line, f"{_excerpt(source)} is not a paper"))
            return
        if isinstance(value, dict) and self._add(value, line, group) and not self._has_problem:
            self._has_problem = True
            problem = "papers are written as texts with objects inside, and are read as objects"
            self._diagnostics.warning(line, problem, "write them as objects")

    def _add(self, value: dict[str, object], line: int, group: _Group) -> bool:
        """Add the paper that an object is; False if it is none."""
        fields = make_paper(value, self._dates, identifier=group.key, language=self._language)
        if fields is None:
            if _is_incomplete(value):
                name = clean_text(value.get("title")) or clean_text(value.get("id")) or "an object"
                self._incomplete.append((line, f"{_excerpt(name)} is left out, because it has no address or no title"))
                return True
            return False
        own_day = group.day or self._path_day or self._file_day
        day = own_day or fields.listed or self._late_day
        is_inferred = own_day is None and (fields.is_inferred or fields.listed is None)
        self._days.add(line, day, _with_tag(fields.paper, group.outer_tag), is_inferred=is_inferred)
        return True


def _with_tag(paper: Paper, tag: str) -> Paper:
    return replace(paper, tags=tuple(dict.fromkeys(paper.tags + split_categories(tag)))) if tag else paper


def _is_category(key: str) -> bool:
    return (
        re.fullmatch(
            r"(?:[a-z]{2,8}|[a-z]{2,8}-[a-z]{2,5})\.[A-Za-z]{2}(?:-[a-z]{2,})?|(?:hep|nucl)-[a-z]{2,3}|quant-ph|gr-qc",
            key,
        )
        is not None
    )


def _is_empty(value: object) -> bool:
    """Whether a value is a day without papers: an empty list, or an object whose lists are all empty."""
    if isinstance(value, list):
        return not value
    if isinstance(value, dict):
        lists = [item for item in value.values() if isinstance(item, list)]
        return not any(lists) and (bool(lists) or not value) and not _error_of(value)
    return False


def _error_of(value: dict[str, object]) -> object:
    """Return the message of an error of an API; None if an object is none."""
    if len(value) > 8:
        return None
    return next((item for key, item in value.items() if normalize_key(key).name in _ERRORS and item), None)


def _may_contain(value: object) -> bool:
    """Whether a list or an object may have papers inside."""
    if isinstance(value, dict):
        return any(isinstance(item, dict | list) for item in value.values())
    return True


def _is_list_of_papers(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value[:3])


def _is_incomplete(value: dict[str, object]) -> bool:
    """Whether an object is a paper without a title or an address."""
    names = {normalize_key(key).name for key, item in value.items() if item}
    has_text = bool(names & {"title", "abstract", "summary"})
    has_lists = any(
        isinstance(item, list) and item and isinstance(item[0], dict) for key, item in value.items() if key != "authors"
    )
    return has_text and bool(names & {"authors", "author"}) and not has_lists


def _excerpt(value: object) -> str:
    text = " ".join(str(value)[:200].split())
    return f'"{text[:60]}…"' if len(text) > 60 else f'"{text}"'
