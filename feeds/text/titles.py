"""Converts paper titles to plain text, and finds the LaTeX formulas in them."""

import re
from collections.abc import Iterator

from feeds.text.latex import is_prose, strip_font_commands, to_inline_text

_FORMULA = re.compile(
    r"\$\$([^$]{1,999})\$\$|\$(?![\s$])([^$]{1,999}?)(?<![\s\\])\$(?![\d$])|\\\((.{1,500}?)\\\)|\$(\\[A-Za-z]+)\$"
)
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # would reverse the text after the title (UAX #9)


def title_text(title: str) -> str:
    """Return a title as plain text: its formulas in Unicode where possible, all else unchanged."""
    text = _FORMULA.sub(_replace_formula, _BIDI_CONTROLS.sub("", title))
    if "\\" in text and "$" not in text:
        text = strip_font_commands(text)
    return text.strip() or title


def split_formulas(title: str) -> Iterator[tuple[str, bool]]:
    """Split a title into parts, and say of each whether it is a formula; formulas keep their delimiters."""
    end = 0
    for match in _FORMULA.finditer(title):
        if not is_prose(_latex(match)):
            yield title[end : match.start()], False
            yield match[0], True
            end = match.end()
    yield title[end:], False


def _replace_formula(match: re.Match[str]) -> str:
    latex = _latex(match)
    return match[0] if is_prose(latex) else to_inline_text(latex) or match[0]


def _latex(match: re.Match[str]) -> str:
    """Return a formula without its delimiters."""
    latex: str = next(filter(None, match.groups()))
    return latex
