"""Converts LaTeX formulas to Unicode, where characters can express them, and to MathML Core."""

import re
from functools import lru_cache
from xml.etree import ElementTree

import unicodeit
from latex2mathml.converter import convert
from unicodeit import data

_PROSE = re.compile(r"[가-힣]|^[^\\]*[A-Za-z]{2,} [A-Za-z]{2,}[^\\]*$|^[^\\]*\b(?:and|or|to|for|of)\b[^\\]*$|\w/$")

# unicodeit replaces the commands it knows even at the start of a longer one: \pm in \pmod.
_KNOWN_COMMANDS = {
    match[0] for latex, *_ in [*data.REPLACEMENTS, *data.COMBININGMARKS] if (match := re.match(r"\\[A-Za-z]+", latex))
}
_COMMAND = re.compile(r"\\[A-Za-z]+")
_FUNCTION_NAME = re.compile(r"\\(log|ln|exp|min|max|sin|cos|tan|lim|arg|sup|inf|det|dim|ker|gcd|Pr)(?![A-Za-z])")
_WIDE_ACCENT = re.compile(r"\\sqrt(?:\[\d\])?\s*\{[^{}]{2,}\}|\\wide[a-z]+")  # Unicode has none above several letters
_FONT_COMMAND = re.compile(
    r"\\(?:text(?:it|bf|tt|sc|rm|sf)?|emph|math(?:rm|it|bf|tt|sf)|boldsymbol|bm|operatorname)\s*\{([^{}]*)\}"
)
_COMMAND_BEFORE_FONT = re.compile(r"(\\[A-Za-z]+)(?=\\(?:text|math|emph|bold|bm|operatorname))")
_LAYOUT_COMMAND = re.compile(r"\\(?:rm|bf|it|tt|sc|sf|left|right|big|Big)(?![a-zA-Z])\s*|\\[,;:!]")
_HYPHEN = re.compile(r"(?<=[A-Za-z]{2})-|-(?=[A-Za-z]{2})")  # in a name; unicodeit would replace it with a minus sign
_BRACES = re.compile(r"(?<![\^_])\{([^{}]*)\}")
_WITHOUT_MARKUP = re.compile(r"[^\\{}^_$]+")

_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
_SCRIPT = re.compile(r"([\^_])\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_SPACE_AFTER_OPERATOR = re.compile(r"(?<=\S)([×·±∘⋅]) (?=\S)")  # LaTeX needs one after the command
# Noncharacters, which no cleaned text contains, hide the signs of scripts from unicodeit.
_HIDDEN_SIGNS = {"^": "\ufdd3", "_": "\ufdd4"}
_RESTORED_SIGNS = {ord(hidden): sign for sign, hidden in _HIDDEN_SIGNS.items()}

_MATHML_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
# MathML Core section 3. For a malformed formula the converter writes fewer children, or puts some into a letter.
_CHILD_COUNTS = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "mroot": 2, "msubsup": 3, "munderover": 3}
_CHILD_COUNTS |= dict.fromkeys(("mi", "mn", "mo", "mtext", "ms", "mspace"), 0)
# An allowlist, because \href and \style let the author of a formula set links and CSS.
_ALLOWED_ATTRIBUTES = {"accent", "accentunder", "columnalign", "columnlines", "columnspacing", "display"}
_ALLOWED_ATTRIBUTES |= {"displaystyle", "fence", "form", "largeop", "linethickness", "lspace", "mathvariant", "maxsize"}
_ALLOWED_ATTRIBUTES |= {"minsize", "movablelimits", "rowlines", "rowspacing", "rspace", "scriptlevel", "separator"}
_ALLOWED_ATTRIBUTES |= {"stretchy", "symmetric", "width"}
_TEX_COMMENT = re.compile(r"(?<!\\)%")


def is_prose(latex: str) -> bool:
    """Return True if text between dollar signs is not a formula: `$5 to buy and 10$`, `$HOME/$`, `$1.5M(US$`."""
    return bool(_PROSE.search(latex)) or (latex.count("(") != latex.count(")") and "\\" not in latex)


def strip_font_commands(latex: str) -> str:
    r"""Remove commands that only choose a font: `\textbf{Bold}` becomes `Bold`."""
    separated = _COMMAND_BEFORE_FONT.sub(r"\1 ", latex)
    return _FONT_COMMAND.sub(r"\1", _FONT_COMMAND.sub(r"\1", separated))  # twice, for a font within a font


@lru_cache(maxsize=4096)
def to_unicode(latex: str) -> str | None:
    """Convert a formula to Unicode, such as `O(n²)`; None if characters alone cannot express it."""
    text = _collapse(_replace_commands(latex))
    return text if _WITHOUT_MARKUP.fullmatch(text) else None


def to_inline_text(latex: str) -> str | None:
    """Convert a formula to a line of text, such as `ℝ^(n×m)` or `a/b`; None if it has an unknown command."""
    if text := to_unicode(latex):
        return text
    inline = _SCRIPT.sub(_inline_script, _FRACTION.sub(_inline_fraction, latex))
    text = _collapse(_replace_commands(inline)).translate(_RESTORED_SIGNS)
    text = _SPACE_AFTER_OPERATOR.sub(r"\1", text)
    return text if text and not re.search(r"[\\{}$]", text) else None


def _replace_commands(latex: str) -> str:
    """Replace LaTeX with the characters that express it; empty if there is a command that none do."""
    source = _FUNCTION_NAME.sub(r"\1", strip_font_commands(_LAYOUT_COMMAND.sub("", latex)))
    if r"\{" in latex or r"\right." in latex or _WIDE_ACCENT.search(latex):
        return ""
    if not _KNOWN_COMMANDS.issuperset(_COMMAND.findall(source)):
        return ""
    return str(unicodeit.replace(_HYPHEN.sub("\u2010", source))).replace("\u2010", "-")


def _collapse(text: str) -> str:
    """Remove braces and superfluous whitespace."""
    return " ".join(_BRACES.sub(r"\1", text).split())


def _inline_fraction(match: re.Match[str]) -> str:
    return "/".join(part if re.fullmatch(r"\w+", part) else f"({part})" for part in match.groups())


def _inline_script(match: re.Match[str]) -> str:
    """Keep a script that Unicode has characters for; write any other on the line, with its sign hidden."""
    if to_unicode(match[0]):
        return match[0]
    sign, script = match.groups()
    text = strip_font_commands(script)
    text = to_unicode(text) or text
    is_one_word = len(text) == 1 or re.fullmatch(r"[\w.]+", text)
    return _HIDDEN_SIGNS[sign] + (text if is_one_word else f"({text})")


@lru_cache(maxsize=4096)
def to_mathml(latex: str, display: bool) -> str | None:
    """Convert a formula to MathML with the LaTeX as `alttext`; None if it is malformed or has an unknown command."""
    if _TEX_COMMENT.search(latex):
        return None
    try:
        converted = convert(latex, display="block" if display else "inline")
        root = ElementTree.fromstring(converted)  # noqa: S314  # the converter writes no entities
    except Exception:  # the converter raises IndexError and others for malformed LaTeX
        return None
    for element in root.iter():
        name = element.tag.removeprefix(f"{{{_MATHML_NAMESPACE}}}")
        has_wrong_children = len(element) != _CHILD_COUNTS.get(name, len(element))
        has_unknown_command = "\\" in (element.text or "")
        if has_wrong_children or has_unknown_command or not _ALLOWED_ATTRIBUTES.issuperset(element.attrib):
            return None
        element.tag = name
    root.set("xmlns", _MATHML_NAMESPACE)
    root.set("alttext", latex)
    return ElementTree.tostring(root, encoding="unicode")
