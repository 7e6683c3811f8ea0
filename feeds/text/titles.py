"""Titles as plain text, and the formulas in them."""

import re
from collections.abc import Iterator

from feeds.text.latex import is_prose, strip_font_commands, to_inline_text

_FORMULA = re.compile(
    r"\$\$([^$]{1,999})\$\$|\$(?![\s$])([^$]{1,999}?)(?<![\s\\])\$(?![\d$])|\\\((.{1,500}?)\\\)|\$(\\[A-Za-z]+)\$"
)
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # which would turn around what stands behind the title


def title_text(written: str) -> str:
    """Write a title as plain text: formulas in Unicode in a line where that can be, all else as it is."""
    plain = _FORMULA.sub(_as_line, _DIRECTIONS.sub("", written))
    return (strip_font_commands(plain) if "\\" in plain and "$" not in plain else plain).strip() or written


def split_formulas(written: str) -> Iterator[tuple[str, bool]]:
    """Cut a title into its formulas, with the signs around them, and the text between them; which of both each is."""
    end = 0
    for formula in _FORMULA.finditer(written):
        latex = formula[1] or formula[2] or formula[3] or formula[4]
        if not is_prose(latex):
            yield written[end : formula.start()], False
            yield formula[0], True
            end = formula.end()
    yield written[end:], False


def _as_line(formula: re.Match[str]) -> str:
    latex = formula[1] or formula[2] or formula[3] or formula[4]
    return formula[0] if is_prose(latex) else to_inline_text(latex) or formula[0]
