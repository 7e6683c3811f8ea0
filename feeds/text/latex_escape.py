"""Writes text and titles as LaTeX that compiles in a bare document, with BibTeX as with biber.

Accents and symbols become commands of LaTeX without packages. What has no command stays as it is: `pdftex_definitions`
defines symbols and rare Latin letters for pdfTeX. Other scripts, such as Hangul, need XeTeX, LuaTeX or kotex.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

from anyascii import anyascii

from feeds.text.latex import SYMBOLS, to_inline_text
from feeds.text.titles import convert_tex, split_formulas, strip_delimiters

# LaTeX knows these characters. pandoc does not know the commands of đ and þ; those of Đ and Þ are needed where a style
# of BibTeX shortens a name to its first command or byte.
_KNOWN = "…•°©®™€¥£§¶¡¿´¨†‡‰⟨⟩đðþŋ"
# biber replaces \textless{} and \textbar{} with characters that print as ¡ and —, but leaves formulas alone.
_CHARACTERS = {sign: f"\\{sign}" for sign in "&%$#_"} | {sign: f"${sign}$" for sign in "<>|"}
_CHARACTERS |= {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"}  # BibTeX counts braces, escaped or not
_CHARACTERS |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "⁄": "/"}
_CHARACTERS |= {"`": "{`}", "\u00a0": "~", "\u202f": "~", "\u00ad": r"\-", "‐": "-", "‑": "-"}  # without braces ?` is ¿
_CHARACTERS |= {"–": "--", "—": "---", "―": "---", "‘": "`", "’": "'", "“": "``", "”": "''"}
_CHARACTERS |= {"‚": ",", "„": ",,", "«": r"$\ll$", "»": r"$\gg$", "‹": "$<$", "›": "$>$", "−": "$-$", "·": r"$\cdot$"}
_CHARACTERS |= {"′": "$'$", "″": "$''$", "ϵ": r"$\epsilon$", "µ": r"$\mu$", "Υ": r"$\Upsilon$"}
_CHARACTERS |= {"ß": r"{\ss}", "æ": r"{\ae}", "Æ": r"{\AE}", "œ": r"{\oe}", "Œ": r"{\OE}", "ø": r"{\o}", "Ø": r"{\O}"}
_CHARACTERS |= {"ł": r"{\l}", "Ł": r"{\L}", "ı": r"{\i}", "Đ": r"{\DJ}", "Ð": r"{\DH}", "Þ": r"{\TH}", "Ŋ": r"{\NG}"}
_CHARACTERS |= dict(zip(_KNOWN, _KNOWN, strict=True))
_SYMBOL_COMMANDS = {character: f"$\\{name}$" for name, character in SYMBOLS.items() if not character.isascii()}
_ACCENTS = dict(zip("\u0300\u0301\u0302\u0303\u0304\u0307\u0308", "`'^~=.\"", strict=True))
_ACCENTS |= dict(zip("\u0306\u030c\u030b\u0327\u0328\u030a\u0323\u0331", "uvHckrdb", strict=True))
_MATH_ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "bar", "\u20d7": "vec"}
_MATH_ACCENTS |= {"\u0307": "dot", "\u0308": "ddot"}
_MARKS = "\u0300-\u036f\u20d0-\u20f0"
_PLAIN = r"A-Za-z0-9 .,:;!?()\[\]/'\"=+*@가-힣一-鿿-"
_PLAIN_TEXT = re.compile(f"[{_PLAIN}]*")
_RUN = re.compile(rf"(?:(?:[^{_PLAIN}]|[{_PLAIN}](?=[{_MARKS}]))[{_MARKS}]*)+")
_CLUSTER = re.compile(f".[{_MARKS}]*", re.DOTALL)
_ALPHABET = re.compile(r"(?:MATHEMATICAL )?(SCRIPT|DOUBLE-STRUCK) CAPITAL [A-Z]")
_SCRIPT_COMMANDS = {"<super>": "textsuperscript", "<sub>": "textsubscript"}


def escape_latex(text: str) -> str:
    """Write text as LaTeX; letters of other scripts than Latin and Greek, and symbols without a command, stay."""
    if _PLAIN_TEXT.fullmatch(text):
        return text
    return _RUN.sub(_escape_run, unicodedata.normalize("NFC", text))


def _escape_run(run: re.Match[str]) -> str:
    """Escape characters that are not all plain: superscripts and subscripts in groups, all others one by one."""
    parts: list[str] = []
    for command, group in groupby(_CLUSTER.findall(run[0]), key=_script_command):
        if command:
            parts.append(f"\\{command}{{{escape_latex(unicodedata.normalize('NFKC', ''.join(group)))}}}")
        else:
            parts += map(_escape_cluster, group)
    return "".join(parts)


def _script_command(cluster: str) -> str | None:
    """Return the command for a superscript or subscript."""
    if cluster in _CHARACTERS:
        return None
    return _SCRIPT_COMMANDS.get(unicodedata.decomposition(cluster[0]).partition(" ")[0])


@lru_cache(4096)
def _escape_cluster(cluster: str) -> str:
    """Escape a character with the marks above and below it."""
    if command := _CHARACTERS.get(cluster) or _SYMBOL_COMMANDS.get(cluster):
        return command
    if cluster.isascii():
        return cluster
    letter, *marks = list(unicodedata.normalize("NFD", cluster))
    if len(marks) == 1 and letter.isascii() and letter.isalpha():
        # biber makes characters of accents, and LaTeX knows few beyond Latin Extended-A.
        if marks[0] in _ACCENTS and len(cluster) == 1 and cluster <= "\u017f":
            return f"{{{_accent(marks[0], letter)}}}"
        if marks[0] in _MATH_ACCENTS and len(cluster) == 2:
            return f"$\\{_MATH_ACCENTS[marks[0]]}{{{letter}}}$"
    return cluster if len(cluster) == 1 and marks else _escape_rare(cluster[0]) + cluster[1:]


def _escape_rare(character: str) -> str:
    """Escape a character as the compatible characters that it stands for; drop joiners and the variants of emoji."""
    if character.isascii():
        return _escape_cluster(character)
    name, compatible = unicodedata.name(character, ""), unicodedata.normalize("NFKC", character)
    if alphabet := _ALPHABET.fullmatch(name):
        return f"$\\{'mathcal' if alphabet[1] == 'SCRIPT' else 'mathbb'}{{{compatible}}}$"
    if compatible != character and not name.startswith("HANGUL "):  # ㅋ is no part of a syllable
        return escape_latex(compatible)
    return "" if unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f" else character


def _accent(mark: str, letter: str) -> str:
    command = _ACCENTS[mark]
    return f"\\{command}{{{letter}}}" if command.isalpha() else f"\\{command}{letter}"


_SYNONYMS = {r"\text": r"\textrm", r"\operatorname": r"\mathrm", r"\dfrac": r"\frac", r"\tfrac": r"\frac"}
_SYNONYM = re.compile(r"\\(?:text|operatorname|[dt]frac)(?![A-Za-z])")
# A formula is reduced step by step. What can be a script becomes a noncharacter, what cannot becomes a bar.
_LETTER = re.compile(
    r"\\(?:(?:var)?(?:epsilon|theta|rho|sigma|phi|pi)|[gG]amma|[dD]elta|[lL]ambda|[xX]i|[pP]si|[oO]mega|Theta|Sigma|Phi|Pi"
    r"|Upsilon|upsilon|alpha|beta|zeta|eta|iota|kappa|mu|nu|tau|chi|ell|infty|ast|star|dagger|prime|pm|mp|times|cdot|circ"
    r"|top|bot)(?![A-Za-z])"
)
_SYMBOL = re.compile(
    rf"\\(?:{'|'.join(SYMBOLS)}|log|ln|exp|min|max|sin|cos|tan|lim|arg|sup|inf|det|dim|ker|gcd|Pr)(?![A-Za-z])|\\[,;:]"
)
_TEXT = re.compile(r"\\text(?:rm|bf|it|sf|tt|sc)\{[A-Za-z0-9 .,:;!?/()\[\]=+*-]*\}")
_GROUP = "\ufdd0"
_UNIT = rf"[A-Za-z0-9 .,:;!?/()\[\]|=<>+*{_GROUP}-]"
_SUBSCRIPT, _SUPERSCRIPT = (rf"{sign}[A-Za-z0-9+*{_GROUP}-]" for sign in ("_", r"\^"))
_SCRIPTS = rf"(?:{_SUBSCRIPT}(?:{_SUPERSCRIPT})?|{_SUPERSCRIPT}(?:{_SUBSCRIPT})?)"
_ROW = rf"{_SCRIPTS}?(?:{_UNIT}{_SCRIPTS}?)*"
_INNER_GROUP = re.compile(rf"\{{{_ROW}\}}")
_COMMAND = re.compile(
    r"\\(?:math(?:rm|bf|it|sf|tt|cal|bb)|hat|bar|tilde|vec|d?dot|wide(?:hat|tilde)"
    rf"|(?:over|under)line|sqrt|frac(?= ?{_GROUP} ?{_GROUP}) ?{_GROUP}) ?{_GROUP}"
)


def title_latex(title: str) -> str:
    """Write a title as LaTeX: formulas as they are if LaTeX knows them without packages, else what they say as text."""
    parts = []
    for part, is_formula in split_formulas(title):
        formula = _SYNONYM.sub(lambda match: _SYNONYMS[match[0]], strip_delimiters(part)).strip()
        if is_formula and _is_portable(formula):
            parts.append(f"${formula}$")
        elif is_formula:
            parts.append(escape_latex(to_inline_text(strip_delimiters(part)) or part))
        else:
            parts.append(escape_latex(convert_tex(part)))
    return "".join(parts).strip() or escape_latex(title)


def _is_portable(formula: str) -> bool:
    """Return True if LaTeX compiles a formula without packages."""
    reduced, previous = _SYMBOL.sub("|", _LETTER.sub(_GROUP, _TEXT.sub("|", formula))), ""
    while reduced != previous:
        previous = reduced
        reduced = _COMMAND.sub("|", _INNER_GROUP.sub(_GROUP, reduced))
    return bool(re.fullmatch(_ROW, reduced))


# Commands that the font encoding OT1 lacks: what calls them, and what to print instead.
_OT1_DEFAULTS = {"k": (r"{\k{", "[1]{#1}"), "DJ": (r"{\DJ}", "{D}"), "DH": (r"{\DH}", "{D}"), "TH": (r"{\TH}", "{Th}")}
_OT1_DEFAULTS |= {
    "NG": (r"{\NG}", "{NG}"),
    "dj": ("đ", "{d}"),
    "dh": ("ð", "{d}"),
    "th": ("þ", "{th}"),
    "ng": ("ŋ", "{ng}"),
}
_LATIN_LOOKALIKES = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo")  # Greek letters without a command


def pdftex_definitions(latex: str) -> str:
    """Define for pdfTeX what escaped text contains and LaTeX lacks; the document's own definitions go first.

    A symbol is defined as its name in brackets, and a rare Latin letter as one without its rarest marks.
    """
    definitions = [r"\providecommand{\mathbb}[1]{\mathbf{#1}}"] if r"\mathbb{" in latex else []
    for command, (caller, definition) in _OT1_DEFAULTS.items():
        if caller in latex:
            definitions.append(rf"\ProvideTextCommandDefault{{\{command}}}{definition}")
    for character in sorted(set(re.findall(r"[^\x00-\x7f]", latex)).difference(_KNOWN)):
        if (meaning := _define(character)) is not None:
            name = rf"\csname u8:\detokenize{{{character}}}\endcsname"
            definitions.append(rf"\expandafter\providecommand{name}{{{meaning}}}")
    return "\n".join(definitions)


def _define(character: str) -> str | None:
    """Return what pdfTeX prints for a character; None for a letter of another script."""
    name, category = unicodedata.name(character, f"U+{ord(character):04X}"), unicodedata.category(character)
    if name.startswith("COMBINING "):
        return ""
    if category[0] in "SC" or (category[0] == "P" and unicodedata.east_asian_width(character) != "W"):
        return f"[{name.lower()}]"
    if not name.startswith(("LATIN ", "GREEK ")):
        return None
    letter, *marks = list(unicodedata.normalize("NFD", character))
    if not letter.isascii():
        return _SYMBOL_COMMANDS.get(letter) or anyascii(letter.translate(_LATIN_LOOKALIKES))
    for accent in filter(None, map(_ACCENTS.get, marks)):
        letter = f"\\{accent}{{{letter}}}"
    return letter
