"""Reads JSON piece by piece, with the line of each piece, and rewrites literals of Python as JSON."""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

_DECODER = json.JSONDecoder(strict=False)  # strings may contain tabs and line breaks
_MAX_BLANK = 1_000  # characters between two lines
_SPACE = re.compile(r"[\s\ufeff]*")
_PYTHON = re.compile(r"[\s\ufeff]*+(?:[\[(]\s*+)*+(?:\{\s*+)?'")
_PYTHON_TOKEN = re.compile(
    r"'(?P<single>(?:[^'\\]|\\.)*+)(?:'|\Z)|\"(?P<double>(?:[^\"\\]|\\.)*+)(?:\"|\Z)|\b(?P<name>None|True|False)\b"
    r"|(?P<tuple>[()])|,(?=\s*[\])}])",
    re.DOTALL,
)
_PYTHON_NAMES = {"None": "null", "True": "true", "False": "false"}
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|U[0-9A-Fa-f]{8}|[0-7]{1,3}|.)|\"", re.DOTALL)
_SAME_ESCAPES = frozenset("\\nrtbfu")


class Broken:
    """Stands for a value that is not JSON, or that ends too early."""


class Child(NamedTuple):
    """An item of a list or a member of an object: its key, empty in a list; where its value starts; the value."""

    key: str
    start: int
    value: object


class Text:
    """A text of JSON, to be decoded at any of its places."""

    def __init__(self, text: str, line: int = 1) -> None:
        self._text = text
        self._counted = 0  # up to where lines are counted
        self._line = line

    @property
    def length(self) -> int:
        """The number of characters."""
        return len(self._text)

    def line(self, position: int) -> int:
        """Return the line of a place; lines must be asked for from first to last."""
        if position > self._counted:
            self._line += self._text.count("\n", self._counted, position)
            self._counted = position
        return self._line

    def character(self, position: int) -> str:
        """Return the character at a place; empty at the end."""
        return self._text[position : position + 1]

    def skip_space(self, position: int) -> int:
        """Return the first place from `position` on that is not white space."""
        match = _SPACE.match(self._text, position)
        return match.end() if match else position

    def decode(self, position: int) -> tuple[object, int]:
        """Return the value at a place, and where it ends. Raises ValueError if there is none."""
        try:
            return _DECODER.raw_decode(self._text, position)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        except json.JSONDecodeError as error:
            raise ValueError(f"{error.msg[:1].lower()}{error.msg[1:]} in line {self._line_of(error.pos)}") from None

    def children(self, position: int) -> Iterator[Child]:
        """Yield the children of the list or object at a place, and none of any other value.

        One that is not JSON is yielded as `Broken`, and then ValueError is raised.
        """
        if self.character(position) not in ("{", "["):
            return
        is_object = self.character(position) == "{"
        closing = "}" if is_object else "]"
        start = self.skip_space(position + 1)
        while self.character(start) != closing:
            key = ""
            if is_object:
                name, end = self.decode(start)
                end = self.skip_space(end)
                if not isinstance(name, str) or self.character(end) != ":":
                    raise ValueError(f"a colon is missing in line {self._line_of(end)}")
                key, start = name, self.skip_space(end + 1)
            try:
                value, end = self.decode(start)
            except ValueError:
                yield Child(key, start, Broken())
                raise
            yield Child(key, start, value)
            start = self.skip_space(end)
            if self.character(start) == ",":
                start = self.skip_space(start + 1)
            elif self.character(start) != closing:
                raise ValueError(f"a comma is missing in line {self._line_of(start)}")

    def _line_of(self, position: int) -> int:
        return self._line + self._text.count("\n", self._counted, position)


def is_python(text: str) -> bool:
    """Whether a text starts as a list or dictionary of Python, which has single quotes."""
    return _PYTHON.match(text) is not None


def python_to_json(text: str) -> str:
    """Rewrite literals of Python as JSON; the lines stay the same."""
    return _PYTHON_TOKEN.sub(_rewrite, text)


def is_json_lines(text: str) -> bool:
    """Whether each line of a text is a value of its own."""
    start = Text(text).skip_space(0)
    end = text.find("\n", start)
    line, rest = text[start:end], text[end : end + _MAX_BLANK]
    if end < 0 or line[:1] != "{" or not rest.strip():
        return False
    if is_python(line):
        line = python_to_json(line)
    try:
        value, end = Text(line).decode(0)
    except ValueError:
        return False
    return isinstance(value, dict) and not line[end:].strip(" \t\r,")


def _rewrite(match: re.Match[str]) -> str:
    if match["single"] is not None or match["double"] is not None:
        content: str = match["double"] if match["single"] is None else match["single"]
        if "\\" in content or '"' in content:
            content = _ESCAPE.sub(_rewrite_escape, content)
        return f'"{content}"'
    if match["name"]:
        return _PYTHON_NAMES[match["name"]]
    return {"(": "[", ")": "]"}.get(match[0], "")


def _rewrite_escape(match: re.Match[str]) -> str:
    code = match[1]
    if code is None:
        return '\\"'
    if code[0] == "x":
        return f"\\u00{code[1:]}"
    if code[0] == "U":
        number = int(code[1:], 16)
        return json.dumps(chr(number))[1:-1] if number <= 0x10FFFF else "\\ufffd"
    if code[0] in "01234567":
        return f"\\u{int(code, 8):04x}"
    if code == "\n":
        return ""
    if code == "'":
        return "'"
    if code == '"' or code in _SAME_ESCAPES:
        return match[0]
    return f"\\\\{code}"
