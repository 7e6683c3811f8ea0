"""LaTeX formulas as Unicode, where that says all of them, and as MathML."""

import re
from functools import lru_cache
from xml.etree import ElementTree

import unicodeit
from latex2mathml.converter import convert

_NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
# How many children these must have (MathML Core section 3); a broken formula gives fewer.
_CHILDREN = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "mroot": 2, "msubsup": 3, "munderover": 3}
_FONT = re.compile(
    r"\\(?:text(?:it|bf|tt|sc|rm|sf)?|emph|math(?:rm|it|bf|tt|sf)|boldsymbol|bm|operatorname)\s*\{([^{}]*)\}"
)
_SWITCH = re.compile(r"\\(?:rm|bf|it|tt|sc|sf|left|right|big|Big)(?![a-zA-Z])\s*|\\[,;:!]")
_GROUP = re.compile(r"(?<![\^_])\{([^{}]*)\}")
_HYPHEN = re.compile(r"(?<=[A-Za-z]{2})-|-(?=[A-Za-z]{2})")  # in a name; unicodeit would make a minus of it
_SAID = re.compile(r"[^\\{}^_$]+")


@lru_cache(maxsize=4096)
def as_text(latex: str) -> str | None:
    """Write a formula in Unicode, as in `O(n²)`; None where characters alone cannot say it."""
    without_fonts = _FONT.sub(r"\1", _FONT.sub(r"\1", _SWITCH.sub("", latex)))
    written = unicodeit.replace(_HYPHEN.sub("\u2010", without_fonts)).replace("\u2010", "-")
    plain = " ".join(_GROUP.sub(r"\1", written).split())
    return plain if _SAID.fullmatch(plain) else None


@lru_cache(maxsize=4096)
def as_mathml(latex: str, display: bool) -> str | None:
    """Write a formula in MathML, with the LaTeX as its alternative text; None for LaTeX that is not understood."""
    try:
        converted = convert(latex, display="block" if display else "inline")
        root = ElementTree.fromstring(converted)  # noqa: S314  # what a converter wrote has no entities to attack with
    except Exception:  # its own errors, IndexError and others: whatever it is, the LaTeX is shown
        return None
    for element in root.iter():
        name = element.tag.removeprefix(_NAMESPACE)
        if len(element) != _CHILDREN.get(name, len(element)) or "\\" in (element.text or ""):
            return None
        element.tag = name
    root.set("xmlns", _NAMESPACE.strip("{}"))
    root.set("alttext", latex)
    return ElementTree.tostring(root, encoding="unicode")
