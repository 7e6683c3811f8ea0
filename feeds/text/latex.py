"""Converts LaTeX formulas to Unicode, where characters can express them, and to MathML Core.

Many readers drop the tags of MathML, which leaves 12 of 1/2 and O(n10) of a power. The MathML therefore has invisible
text, so that what is left without tags reads 1/2 and O(n^10).
"""

import re
from functools import lru_cache
from itertools import pairwise
from xml.etree import ElementTree

import unicodeit
from unicodeit import data

_PROSE = re.compile(r"[가-힣]|^[^\\]*[A-Za-z]{2,} [A-Za-z]{2,}[^\\]*$|^[^\\]*\b(?:and|or|to|for|of)\b[^\\]*$|\w/$")

# unicodeit replaces the commands it knows even at the start of a longer one: \pm in \pmod.
_KNOWN_COMMANDS = {
    match[0] for latex, *_ in [*data.REPLACEMENTS, *data.COMBININGMARKS] if (match := re.match(r"\\[A-Za-z]+", latex))
}
_COMMAND = re.compile(r"\\[A-Za-z]+")
_SYMBOL_NAMES = """
    alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho varrho
    sigma varsigma tau upsilon phi varphi chi psi omega
    Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
    pm mp times div ast star circ bullet cdot cap cup uplus sqcap sqcup vee wedge setminus wr diamond bigtriangleup
    bigtriangledown triangleleft triangleright oplus ominus otimes oslash odot bigcirc dagger ddagger amalg
    leq le geq ge prec succ preceq succeq ll gg subset supset subseteq supseteq sqsubseteq sqsupseteq in ni vdash dashv
    equiv sim simeq asymp approx cong neq ne doteq propto models perp mid parallel bowtie
    gets leftarrow to rightarrow leftrightarrow Leftarrow Rightarrow Leftrightarrow uparrow downarrow updownarrow
    Uparrow Downarrow Updownarrow mapsto longrightarrow Longrightarrow longleftarrow Longleftarrow nearrow searrow
    swarrow nwarrow hookrightarrow hookleftarrow rightharpoonup rightharpoondown leftharpoonup leftharpoondown
    rightleftharpoons
    ldots cdots vdots ddots aleph hbar ell wp Re Im prime emptyset nabla surd top bot angle triangle forall exists lnot
    neg flat natural sharp partial infty clubsuit diamondsuit heartsuit spadesuit
    sum prod coprod int oint bigcap bigcup bigvee bigwedge bigoplus bigotimes lfloor rfloor lceil rceil
"""
_UNICODE = dict(data.REPLACEMENTS)
SYMBOLS = {name: str(_UNICODE[f"\\{name}"]) for name in _SYMBOL_NAMES.split()}
"""The characters of the mathematical symbols that LaTeX has without packages, by the names of the commands."""
DEGREE = re.compile(r"\^\{?\\?circ(?![A-Za-z])\}?")
"""The sign of a degree, also where it has lost its backslash: `360^circ`."""
_FUNCTION_NAME = re.compile(r"\\(log|ln|exp|min|max|sin|cos|tan|lim|arg|sup|inf|det|dim|ker|gcd|Pr)(?![A-Za-z])")
_WIDE_ACCENT = re.compile(  # Unicode has none above several letters
    r"\\(?:sqrt(?:\[\d\])?|bar|hat|tilde|vec|d?dot|overline|underline)\s*\{[^{}]{2,}\}|\\wide[a-z]+|\\(?:over|under)(?:brace|set)"
)
_FONT_COMMAND = re.compile(
    r"\\(?:text(?:it|bf|tt|sc|rm|sf)?|emph|math(?:rm|it|bf|tt|sf)|boldsymbol|bm|operatorname\*?)\s*\{([^{}]*)\}"
)
_UNBRACED_ARGUMENT = re.compile(
    r"\\(math[a-z]+|text[a-z]*|boldsymbol|bm|hat|bar|tilde|vec|d?dot|wide(?:hat|tilde)|sqrt)(?:\s+(?=\w)|(?=\d))([A-Za-z0-9])"
)
_COMMAND_BEFORE_FONT = re.compile(r"(\\[A-Za-z]+)(?=\\(?:text|math|emph|bold|bm|operatorname))")
_LAYOUT_COMMAND = re.compile(r"\\(?:rm|bf|it|tt|sc|sf|left|right|big|Big)(?![a-zA-Z])\s*|\\[,;:!]")
_HYPHEN = re.compile(r"(?<=[A-Za-z]{2})-|-(?=[A-Za-z]{2})")  # in a name; unicodeit would replace it with a minus sign
_BRACES = re.compile(r"(?<![\^_])\{([^{}]*)\}")
_WITHOUT_MARKUP = re.compile(r"[^\\{}^_$]+")

_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([^{}]*)\}\s*\{([^{}]*)\}|(\w)\s*(\w))")
_BASE_GROUP = re.compile(r"(?<![A-Za-z}\]^_])\{([^{}\\]{2,})\}(?=[\^_])")
_SCRIPT = re.compile(r"([\^_])\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
SPACE_AFTER_OPERATOR = re.compile(r"(?<=\S)([×·±∘⋅∼≈≤≥→]) (?=\S)")
"""The space that LaTeX needs after a command, but nobody needs after its character."""
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
# What the text says where MathML says it by the place of an element, before each child.
_SIGNS = {"msup": ("", "^"), "msub": ("", "_"), "msubsup": ("", "_", "^"), "mfrac": ("", "/"), "mroot": ("", "^(1/")}
_SIGNS |= {"mover": ("", "^"), "munder": ("", "_"), "munderover": ("", "_", "^"), "msqrt": ("√",)}
_PRIMES = frozenset("′″‴")
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
    text = _collapse(_replace_commands(_UNBRACED_ARGUMENT.sub(r"\\\1{\2}", latex)))
    return text if _WITHOUT_MARKUP.fullmatch(text) else None


@lru_cache(maxsize=4096)
def to_inline_text(latex: str) -> str | None:
    """Convert a formula to a line of text, such as `ℝ^(n×m)` or `a/b`; None if it has an unknown command."""
    if text := to_unicode(latex):
        return text
    inline = _FRACTION.sub(_inline_fraction, _UNBRACED_ARGUMENT.sub(r"\\\1{\2}", latex))
    inline = _SCRIPT.sub(_inline_script, inline)
    text = _collapse(_replace_commands(inline)).translate(_RESTORED_SIGNS)
    text = SPACE_AFTER_OPERATOR.sub(r"\1", text)
    return text if text and not re.search(r"[\\{}$]", text) else None


def _replace_commands(latex: str) -> str:
    """Replace LaTeX with the characters that express it; empty if there is a command that none do."""
    source = strip_font_commands(_LAYOUT_COMMAND.sub("", DEGREE.sub("°", latex)))
    source = _FUNCTION_NAME.sub(_separate_name, _BASE_GROUP.sub(r"(\1)", source))
    if r"\{" in latex or r"\right." in latex or _WIDE_ACCENT.search(latex):
        return ""
    if not _KNOWN_COMMANDS.issuperset(_COMMAND.findall(source)):
        return ""
    return str(unicodeit.replace(_HYPHEN.sub("\u2010", source))).replace("\u2010", "-")


def _separate_name(match: re.Match[str]) -> str:
    """Keep the name of a function apart from the letters beside it: n log n."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    return " " * (before.isalnum() or before == "}") + match[1] + " " * (after.isalnum() or after == "\\")


def _collapse(text: str) -> str:
    """Remove braces and superfluous whitespace."""
    return " ".join(_BRACES.sub(r"\1", text).split())


def _inline_fraction(match: re.Match[str]) -> str:
    parts = [part for part in match.groups() if part is not None]
    fraction = "/".join(part if re.fullmatch(r"\w+", part) else f"({part})" for part in parts)
    if match.string[: match.start()].endswith(("^", "_")):
        return f"{{{fraction}}}"
    return fraction + " " * match.string[match.end() :][:1].isalnum()


def _inline_script(match: re.Match[str]) -> str:
    """Keep a script that Unicode has characters for; write any other on the line, with its sign hidden."""
    if to_unicode(match[0]):
        return match[0]
    sign, script = match.groups()
    text = strip_font_commands(script)
    text = to_unicode(text) or text
    is_one_word = len(text) == 1 or re.fullmatch(r"[\d.]+" if sign == "^" else r"[\w.]+", text)
    return _HIDDEN_SIGNS[sign] + (text if is_one_word else f"({text})")


@lru_cache(maxsize=4096)
def to_mathml(latex: str, display: bool) -> str | None:
    """Convert a formula to MathML with the LaTeX as `alttext`; None if it is malformed or has an unknown command."""
    from latex2mathml.converter import (
        convert,  # here, because most texts have no formula, and it imports urllib and ssl
    )

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
    _add_hidden_text(root)
    root.set("xmlns", _MATHML_NAMESPACE)
    root.set("alttext", latex)
    return ElementTree.tostring(root, encoding="unicode")


def _add_hidden_text(element: ElementTree.Element) -> None:
    """Add invisible signs and brackets, and spaces that MathML ignores, for readers that drop the tags."""
    children = list(element)
    for child in children:
        _add_hidden_text(child)
    if signs := _SIGNS.get(element.tag):
        if element.get("linethickness") == "0":
            signs = ("", " choose ")
        for index, (sign, child) in enumerate(zip(signs, children, strict=True)):
            is_accent = index > 0 and child.tag == "mo" and element.tag in ("mover", "munder")
            element[index] = child if is_accent else _with_sign(sign, child)
        return
    for child, following in pairwise(children):
        if element.tag == "mtr":
            child.append(_hidden(", "))
        elif element.tag == "mtable":
            child[-1].append(_hidden("; "))
        elif child.tag == "mspace" or _would_merge(child, following):
            child.tail = " "


def _with_sign(sign: str, element: ElementTree.Element) -> ElementTree.Element:
    """Put a sign before an element, and brackets around it where it is more than a number, a letter or a word."""
    tokens = [token.text for token in element.iter() if token.text]
    if sign == "^" and tokens and _PRIMES.issuperset(tokens):
        return element
    before = sign if len(tokens) == 1 else f"{sign}("
    if not before:
        return element
    row = ElementTree.Element("mrow")
    row.append(_hidden(before))
    row.append(element)
    if "(" in before:
        row.append(_hidden(")" * before.count("(")))
    return row


def _hidden(text: str) -> ElementTree.Element:
    """Create an element that takes no space, and whose text is neither seen nor read aloud."""
    padding = ElementTree.Element("mpadded", width="0", height="0", depth="0")
    ElementTree.SubElement(ElementTree.SubElement(padding, "mphantom"), "mtext").text = text
    return padding


def _would_merge(element: ElementTree.Element, following: ElementTree.Element) -> bool:
    """Return True if the texts of adjacent elements would read as one: log n, x_i y."""
    texts = ["".join(element.itertext()), "".join(following.itertext())]
    if not (texts[0][-1:].isalnum() and texts[1][:1].isalnum()):
        return False
    names = [token.text for parent in (element, following) for token in parent.iter() if token.text]
    return element.tag in _SIGNS or any(len(name) > 1 and name.isalpha() for name in names)
