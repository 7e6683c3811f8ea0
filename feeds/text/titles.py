"""Converts paper titles to plain text, and finds the LaTeX formulas in them."""

import re
import unicodedata
from collections.abc import Callable, Iterator

from feeds.text.latex import DEGREE, SPACE_AFTER_OPERATOR, SYMBOLS, is_prose, strip_font_commands, to_inline_text

_FORMULA = re.compile(
    r"\$\$([^$]{1,999})\$\$|\$(?![\s$])([^$]{1,999}?)(?<![\s\\])\$(?![\d$])|\\\((.{1,500}?)\\\)|\$(\\[A-Za-z]+)\$"
)
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # would reverse the text after the title (UAX #9)

_MARKS = dict(zip("`'^~=.\"", "\u0300\u0301\u0302\u0303\u0304\u0307\u0308", strict=True))
_MARKS |= dict(zip("uvHcdbkr", "\u0306\u030c\u030b\u0327\u0323\u0331\u0328\u030a", strict=True))
_LETTERS = {"ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å"}
_LETTERS |= {"o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "i": "ı", "j": "ȷ"}
_ESCAPED_QUOTES = re.compile(r"""\\"([^"\\]*)\\"(?![\w{\\])|(?<=[A-Za-z])\\'(?=(?:[sdtm]|ll|re|ve)\b)""")
_ACCENT = re.compile(
    r"""(?P<group>\{)?\\(?P<mark>[`'^~=."]|[uvHcdbkr](?=[ {])) ?(?P<base>\\?[A-Za-z]|\{\\?[A-Za-z]\})(?(group)\})"""
)
_LETTER = re.compile(rf"\{{\\({'|'.join(_LETTERS)})\}}|\\({'|'.join(_LETTERS)})(?![A-Za-z])(?:\{{\}}| )?")
_SYMBOL = re.compile(rf"\\({'|'.join(SYMBOLS)})(?![A-Za-z])(?:\{{\}})?")
_COMMAND = re.compile(r"\\[A-Za-z]+(?:\{[^{}]*\})+")
_FONT_GROUP = re.compile(r"\{\\(?:bf|it|em|tt|sc|sf|rm)(?:series|shape|family)?\s+([^{}]*)\}")
_ESCAPED = re.compile(r"""\\([&%$#_{}"'])""")
_LINE_BREAK = re.compile(r"\s*\\\\\s*")
_SCRIPT = re.compile(
    r"[\^_]\{[^{}]+\}"  # X^{2}
    r"|(?<=[A-Za-zΑ-ω0-9)\]])\^(?:-?\d+|[A-Za-z](?![A-Za-z]))"  # O(n^2), D^2iT
    r"|(?:(?<=\b[A-ZΑ-ωa-z])|(?<=\b[A-Za-z]{2}))_\d(?!\.?[\d_])"  # CO_2, but not under_score
)


def title_text(title: str) -> str:
    """Return a title as plain text: TeX in Unicode where possible, all else unchanged."""
    return _convert(title, convert_tex).strip() or title


def replace_formulas(title: str) -> str:
    """Convert the formulas of a title as `title_text` does, and nothing else."""
    return _convert(title, str)


def split_formulas(title: str) -> Iterator[tuple[str, bool]]:
    """Split a title into parts, and say of each whether it is a formula; formulas keep their delimiters."""
    end = 0
    for match in _FORMULA.finditer(title):
        if not is_prose(strip_delimiters(match[0])):
            yield title[end : match.start()], False
            yield match[0], True
            end = match.end()
    yield title[end:], False


def strip_delimiters(formula: str) -> str:
    """Return a formula without its delimiters."""
    return formula[2:-2] if formula.startswith("\\") else formula.strip("$")


def convert_tex(text: str) -> str:
    r"""Convert TeX that no dollar signs surround: `X^{2}`, `360^circ`, `\alpha`, `\textbf{Bold}`, `Erd\H{o}s`."""
    if not re.search(r"[\\^_]", text):
        return text
    text = _ACCENT.sub(_compose, _ESCAPED_QUOTES.sub(_unescape_quotes, text))
    text = _FONT_GROUP.sub(r"\1", strip_font_commands(text))
    text = _LETTER.sub(lambda match: _LETTERS[match[1] or match[2]], text)
    text = _COMMAND.sub(lambda match: to_inline_text(match[0]) or match[0], text)
    text = SPACE_AFTER_OPERATOR.sub(r"\1", _SYMBOL.sub(lambda match: SYMBOLS[match[1]], DEGREE.sub("°", text)))
    text = _SCRIPT.sub(_replace_script, text)
    return _ESCAPED.sub(r"\1", _LINE_BREAK.sub(" ", text))


def _convert(title: str, convert_rest: Callable[[str], str]) -> str:
    parts = split_formulas(_BIDI_CONTROLS.sub("", title))
    return "".join(
        to_inline_text(strip_delimiters(part)) or part if is_formula else convert_rest(part)
        for part, is_formula in parts
    )


def _unescape_quotes(match: re.Match[str]) -> str:
    return "'" if match[1] is None else f'"{match[1]}"'


def _compose(match: re.Match[str]) -> str:
    """Compose a letter and its accent; return both unchanged if Unicode has no such letter."""
    letter = unicodedata.normalize("NFC", match["base"].strip("{}\\") + _MARKS[match["mark"]])
    return letter if len(letter) == 1 else match[0]


def _replace_script(match: re.Match[str]) -> str:
    script = match[0] if "{" in match[0] else f"{match[0][0]}{{{match[0][1:]}}}"
    return to_inline_text(script) or match[0]
