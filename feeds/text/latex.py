"""LaTeX formulas as Unicode, where that says all of them, and as MathML."""

import re
from functools import lru_cache
from xml.etree import ElementTree

import unicodeit
from latex2mathml.converter import convert
from unicodeit import data

_NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
# How many children these must have (MathML Core section 3); a broken formula gives fewer, or puts some into a letter.
_CHILDREN = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "mroot": 2, "msubsup": 3, "munderover": 3}
_CHILDREN |= dict.fromkeys(("mi", "mn", "mo", "mtext", "ms", "mspace"), 0)
# What the converter may say of an element; with \href and \style it would let an author say anything.
_ATTRIBUTES = {"display", "mathvariant", "stretchy", "fence", "form", "accent", "accentunder", "linethickness", "width"}
_ATTRIBUTES |= {"minsize", "maxsize", "movablelimits", "displaystyle", "scriptlevel", "columnalign", "rowspacing"}
_ATTRIBUTES |= {"columnspacing", "columnlines", "rowlines", "largeop", "separator", "lspace", "rspace", "symmetric"}
_COMMENT = re.compile(r"(?<!\\)%")
# unicodeit replaces what it knows wherever it stands, also at the start of a longer command: \pm in \pmod.
_KNOWN = {
    match[0] for latex, *_ in [*data.REPLACEMENTS, *data.COMBININGMARKS] if (match := re.match(r"\\[A-Za-z]+", latex))
}
_FUNCTION = re.compile(r"\\(log|ln|exp|min|max|sin|cos|tan|lim|arg|sup|inf|det|dim|ker|gcd|Pr)(?![A-Za-z])")
_LONG_ROOT = re.compile(r"\\sqrt(?:\[\d\])?\s*\{[^{}]{2,}\}|\\wide[a-z]+")
_FONT = re.compile(
    r"\\(?:text(?:it|bf|tt|sc|rm|sf)?|emph|math(?:rm|it|bf|tt|sf)|boldsymbol|bm|operatorname)\s*\{([^{}]*)\}"
)
_BEFORE_FONT = re.compile(r"(\\[A-Za-z]+)(?=\\(?:text|math|emph|bold|bm|operatorname))")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
_SCRIPT = re.compile(r"([\^_])\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_AFTER_SIGN = re.compile(r"(?<=\S)([×·±∘⋅]) (?=\S)")  # LaTeX needs a space behind the command
_MARKS = {"^": "\ufdd3", "_": "\ufdd4"}  # no text holds these, being non-characters
_SCRIPTS = {ord(mark): script for script, mark in _MARKS.items()}
_SWITCH = re.compile(r"\\(?:rm|bf|it|tt|sc|sf|left|right|big|Big)(?![a-zA-Z])\s*|\\[,;:!]")
_GROUP = re.compile(r"(?<![\^_])\{([^{}]*)\}")
_PROSE = re.compile(r"[가-힣]|^[^\\]*[A-Za-z]{2,} [A-Za-z]{2,}[^\\]*$|^[^\\]*\b(?:and|or|to|for|of)\b[^\\]*$|\w/$")
_HYPHEN = re.compile(r"(?<=[A-Za-z]{2})-|-(?=[A-Za-z]{2})")  # in a name; unicodeit would make a minus of it
_SAID = re.compile(r"[^\\{}^_$]+")


def is_prose(latex: str) -> bool:
    """Whether what stands between two dollars is no formula, as in `$5 to buy and 10$`, `$HOME/$` and `$1.5M(US$`."""
    return bool(_PROSE.search(latex)) or (latex.count("(") != latex.count(")") and "\\" not in latex)


@lru_cache(maxsize=4096)
def to_unicode(latex: str) -> str | None:
    """Write a formula in Unicode, as in `O(n²)`; None where characters alone cannot say it."""
    written = _in_unicode(latex)
    plain = " ".join(_GROUP.sub(r"\1", written).split()) if written else ""
    return plain if _SAID.fullmatch(plain) else None


def to_inline_text(latex: str) -> str | None:
    """Write a formula in a line of text, as in `ℝ^(n×m)` and `a/b`; None for commands that are not known."""
    if all_said := to_unicode(latex):
        return all_said
    written = _in_unicode(_SCRIPT.sub(_scripted, _FRACTION.sub(_divided, latex)))
    line = " ".join(_GROUP.sub(r"\1", written).split()).translate(_SCRIPTS) if written else ""
    line = _AFTER_SIGN.sub(r"\1", line)
    return line if line and not re.search(r"[\\{}$]", line) else None


def strip_font_commands(latex: str) -> str:
    """Drop the commands that only choose a font, as in `\\textbf{Bold}`."""
    return _FONT.sub(r"\1", _FONT.sub(r"\1", _BEFORE_FONT.sub(r"\1 ", latex)))


def _in_unicode(latex: str) -> str | None:
    """Replace what characters can say; None where commands are left that they cannot."""
    plain = _FUNCTION.sub(r"\1", strip_font_commands(_SWITCH.sub("", latex)))
    commands = re.findall(r"\\[A-Za-z]+", plain)
    if r"\{" in latex or r"\right." in latex or _LONG_ROOT.search(latex) or not _KNOWN.issuperset(commands):
        return None
    return str(unicodeit.replace(_HYPHEN.sub("\u2010", plain))).replace("\u2010", "-")


def _divided(fraction: re.Match[str]) -> str:
    return "/".join(part if re.fullmatch(r"\w+", part) else f"({part})" for part in fraction.groups())


def _scripted(script: re.Match[str]) -> str:
    """Keep a script that characters can say; else set it behind a mark that is none to LaTeX."""
    if to_unicode(script[0]):
        return script[0]
    inside = strip_font_commands(script[2])
    inside = to_unicode(inside) or inside
    is_short = len(inside) == 1 or re.fullmatch(r"[\w.]+", inside)
    return _MARKS[script[1]] + (inside if is_short else f"({inside})")


@lru_cache(maxsize=4096)
def to_mathml(latex: str, display: bool) -> str | None:
    """Write a formula in MathML, with the LaTeX as its alternative text; None for LaTeX that is not understood."""
    if _COMMENT.search(latex):
        return None
    try:
        converted = convert(latex, display="block" if display else "inline")
        root = ElementTree.fromstring(converted)  # noqa: S314  # what a converter wrote has no entities to attack with
    except Exception:  # its own errors, IndexError and others: whatever it is, the LaTeX is shown
        return None
    for element in root.iter():
        name = element.tag.removeprefix(_NAMESPACE)
        is_broken = len(element) != _CHILDREN.get(name, len(element)) or "\\" in (element.text or "")
        if is_broken or not _ATTRIBUTES.issuperset(element.attrib):
            return None
        element.tag = name
    root.set("xmlns", _NAMESPACE.strip("{}"))
    root.set("alttext", latex)
    return ElementTree.tostring(root, encoding="unicode")
