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
_SWITCH = re.compile(r"\\(?:rm|bf|it|tt|sc|sf|left|right|big|Big)(?![a-zA-Z])\s*|\\[,;:!]")
_GROUP = re.compile(r"(?<![\^_])\{([^{}]*)\}")
_PROSE = re.compile(r"[가-힣]|^[^\\]*[A-Za-z]{2,} [A-Za-z]{2,}[^\\]*$|^[^\\]*\b(?:and|or|to|for|of)\b[^\\]*$|\w/$")
_HYPHEN = re.compile(r"(?<=[A-Za-z]{2})-|-(?=[A-Za-z]{2})")  # in a name; unicodeit would make a minus of it
_SAID = re.compile(r"[^\\{}^_$]+")


def is_prose(latex: str) -> bool:
    """Whether what stands between two dollars is no formula, as in `$5 to buy and 10$`, `$HOME/$` and `$1.5M(US$`."""
    return bool(_PROSE.search(latex)) or (latex.count("(") != latex.count(")") and "\\" not in latex)


@lru_cache(maxsize=4096)
def as_text(latex: str) -> str | None:
    """Write a formula in Unicode, as in `O(n²)`; None where characters alone cannot say it."""
    without_fonts = _FUNCTION.sub(r"\1", _FONT.sub(r"\1", _FONT.sub(r"\1", _SWITCH.sub("", latex))))
    commands = re.findall(r"\\[A-Za-z]+", without_fonts)
    if r"\{" in latex or r"\right." in latex or _LONG_ROOT.search(latex) or not _KNOWN.issuperset(commands):
        return None
    written = unicodeit.replace(_HYPHEN.sub("\u2010", without_fonts)).replace("\u2010", "-")
    plain = " ".join(_GROUP.sub(r"\1", written).split())
    return plain if _SAID.fullmatch(plain) else None


@lru_cache(maxsize=4096)
def as_mathml(latex: str, display: bool) -> str | None:
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
