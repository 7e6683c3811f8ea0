"""Parses the front matter of notes: the part of YAML that people write by hand, or TOML.

A parser of YAML would reject `title: Foo: a bar`, which is common in notes, and with it the whole note. This one reads
each key by itself, and takes what is no list, block or quoted text as the text that it is.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

_MAX_LINES = 2_000
_MAX_LENGTH = 1_000_000  # characters
_MAX_ITEMS = 20_000  # of a list
_KEY = re.compile(
    r"(?P<key>\"[^\"\n]{1,99}\"\s{0,9}|'[^'\n]{1,99}'\s{0,9}|[^\s:#\"'\[\]{}-][^:\n\"'\[\]{}#]{0,99}):(?:\s++(?P<value>.*))?$"
)
_BLOCK = re.compile(r"(?P<style>[|>])[+-]?[0-9]?[+-]?\s*(?:#.*)?")
_COMMENT = re.compile(r"(?<!\s)\s+#(?!\w*[\"'\]]).*$")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*+)\"|'((?:[^']|'')*+)'", re.DOTALL)
_WIKI_LINK = re.compile(r"\[\[[^\[\]]*\]\]")
_PERSON = frozenset({"name", "fullname", "full_name", "first", "given"})
_FLOW_ITEM = re.compile(
    r"\s*(?:\"((?:[^\"\\]|\\.)*+)\"|'((?:[^']|'')*+)'|((?:\[\[[^\[\]]*\]\]|[^,\[\]])*+))\s*(?:,|\]|$)"
)
_ESCAPES = {"n": "\n", "t": " ", "/": "/", "r": "", "0": "", '"': '"', "\\": "\\", " ": " "}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)", re.DOTALL)


class FrontMatter(NamedTuple):
    """The fields above a note, texts or lists of texts, and what follows them.

    Attributes:
        fields: those of objects inside are left out, but for the names of people in lists.
        lines: the line of each field.
        body: the text below, and the line where it starts.
        problem: why the fields cannot be read; empty if they can.
    """

    fields: dict[str, object]
    lines: dict[str, int]
    body: str
    body_line: int
    problem: str = ""


def parse_front_matter(source: str) -> FrontMatter | None:
    """Parse the front matter that a text starts with; None if it has none."""
    source = source.removeprefix("\ufeff").replace("\r\n", "\n")
    start = len(source) - len(source.lstrip())
    skipped = source.count("\n", 0, start)
    mark = source[start : start + 3]
    head = source[start : start + _MAX_LENGTH]
    if mark not in ("---", "+++") or head[3 : head.find("\n") if "\n" in head else 3].strip():
        return None
    lines = head.split("\n", _MAX_LINES)
    end = next(
        (i for i, line in enumerate(lines[1:], start=1) if line.rstrip() in (mark, "..." if mark == "---" else mark)), 0
    )
    if not end:
        return None
    body = "\n".join(lines[end + 1 :]) + source[start + _MAX_LENGTH :]
    body_line = skipped + end + 2
    if mark == "+++":
        return _parse_toml(lines[1:end], body, body_line)
    fields, numbers = _parse_yaml(lines[1:end])
    return FrontMatter(fields, {key: line + skipped + 2 for key, line in numbers.items()}, body, body_line)


def _parse_toml(lines: Sequence[str], body: str, body_line: int) -> FrontMatter:
    try:
        table = tomllib.loads("\n".join(lines))
    except (ValueError, RecursionError) as error:
        return FrontMatter({}, {}, body, body_line, str(error)[:200] or "it is nested too deeply")
    fields = {key: _plain(value) for key, value in table.items()}
    for name in ("params", "extra", "taxonomies"):  # where Hugo and Zola have fields of one's own
        if isinstance(inner := table.get(name), dict):
            fields = {**{key: _plain(value) for key, value in inner.items()}, **fields}
    return FrontMatter(fields, {}, body, body_line)


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value if not isinstance(item, list)]
    return value


def _parse_yaml(lines: Sequence[str]) -> tuple[dict[str, object], dict[str, int]]:
    """Parse the fields that start at the margin, with what is indented below them."""
    fields: dict[str, object] = {}
    numbers: dict[str, int] = {}
    index = 0
    while index < len(lines):
        match = None if lines[index][:1].isspace() else _KEY.match(lines[index])
        start, index = index, index + 1
        if match is None:
            continue
        while index < len(lines) and _continues(lines[index]):
            index += 1
        key = match["key"].strip().strip("\"'")
        fields[key] = _parse_value((match["value"] or "").strip(), lines[start + 1 : index])
        numbers[key] = start
    return fields, numbers


def _continues(line: str) -> bool:
    """Whether a line belongs to the field above: one that is indented, blank, an item or the end of a list."""
    return not line.strip() or line[0] in " \t]}" or line.startswith(("- ", "-\t")) or line == "-"


def _parse_value(value: str, below: Sequence[str]) -> object:
    if block := _BLOCK.fullmatch(value):
        return _parse_block(below, is_folded=block["style"] == ">")
    if value.startswith("#") and not any(line.strip() for line in below):
        return ""
    items = [line for line in below if line.strip()]
    if not _COMMENT.sub("", value) and items:
        if items[0].lstrip().startswith(("- ", "-\t")) or items[0].strip() == "-":
            return list(_parse_items(below))
        if not _KEY.match(items[0].strip()):
            return _parse_scalar(" ".join(line.strip() for line in items))
        inner = (_KEY.match(line.strip()) for line in items)
        return {match["key"].strip(): _parse_scalar(match["value"] or "") for match in inner if match}
    text = "\n".join([value, *(line.strip() for line in below)]).strip()
    if text.startswith("[") and not _WIKI_LINK.fullmatch(text):
        return _parse_flow(text)
    if text.startswith(('"', "'")):
        return _parse_scalar(text.replace("\n\n", "\0").replace("\n", " ").replace("\0", "\n"))
    return _parse_scalar(" ".join(text.split("\n")))


def _parse_block(lines: Sequence[str], *, is_folded: bool) -> str:
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    text = "\n".join(line[indent:].rstrip() for line in lines).strip("\n")
    if is_folded:
        text = "\n\n".join(" ".join(part.split("\n")) for part in re.split(r"\n{2,}", text))
    return text


def _parse_items(lines: Sequence[str]) -> Iterator[object]:
    """Yield the items of a list: texts, and of objects the name of a person or the first value."""
    item: list[str] = []
    indent = next((len(line) - len(line.lstrip()) for line in lines if line.strip()), 0)
    count = 0
    for line in [*lines, f"{' ' * indent}- "]:
        stripped = line.strip()
        is_start = (stripped.startswith(("- ", "-\t")) or stripped == "-") and len(line) - len(line.lstrip()) <= indent
        if not is_start:
            item.append(stripped)
            continue
        if any(item) and count < _MAX_ITEMS:
            count += 1
            yield _parse_item([part for part in item if part])
        item = [stripped[1:].strip()]


def _parse_item(lines: Sequence[str]) -> object:
    first = _KEY.match(lines[0])
    if first and first["value"] and (len(lines) > 1 or first["key"].strip() in _PERSON):
        inner = (_KEY.match(line) for line in lines)
        return {match["key"].strip(): _parse_scalar(match["value"] or "") for match in inner if match}
    return _parse_scalar(" ".join(lines))


def _parse_flow(text: str) -> object:
    """Parse a list in brackets."""
    text = _COMMENT.sub("", text) if text.count("\n") == 0 else text
    items: list[object] = []
    position = 1
    while position < len(text) and len(items) < _MAX_ITEMS:
        match = _FLOW_ITEM.match(text, position)
        if match is None or match.end() == position:
            break
        double, single, plain = match.groups()
        item = (
            _unescape(double)
            if double is not None
            else single.replace("''", "'")
            if single is not None
            else plain.strip()
        )
        if item:
            items.append(" ".join(item.split()))
        position = match.end()
        if match[0].endswith("]"):
            break
    return items


def _parse_scalar(text: str) -> str:
    """Return a text without its quotes or its comment; `null` and `~` are empty."""
    text = text.strip()
    quoted = _QUOTED.match(text) if text[:1] in ("'", '"') else None
    if quoted and not _COMMENT.sub("", text[quoted.end() :]).strip():
        return _unescape(quoted[1]) if quoted[1] is not None else quoted[2].replace("''", "'")
    text = _COMMENT.sub("", text) if " #" in text else text
    return "" if text in ("null", "~", "Null", "NULL") else text.strip()


def _unescape(text: str) -> str:
    """Replace the escapes of a text in double quotes; a backslash that starts none, as in TeX, stays."""
    return _ESCAPE.sub(_replace_escape, text) if "\\" in text else text


def _replace_escape(match: re.Match[str]) -> str:
    code: str = match[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPES.get(code, match[0])
