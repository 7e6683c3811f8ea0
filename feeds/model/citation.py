"""How a paper is cited: the parts of its authors' names, and its key in a bibliography."""

import re
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii
from nameparser import HumanName
from nameparser.config import CONSTANTS, Constants

from feeds.model.paper import Paper
from feeds.text.latex import strip_font_commands
from feeds.text.titles import replace_formulas

_HAN = re.compile(
    "(?P<family>欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|东方|東方|皇甫|尉迟|尉遲|公孙|公孫|慕容|司徒|令狐|夏侯|[一-鿿])"
    "(?P<given>[一-鿿]{1,3})"
)
# A group has a word that no personal name has; Ai and MA are family names.
_GROUP = re.compile(
    r"(?i:.*\b(?:teams?|group|labs?|laborator(?:y|ies)|collaboration|consortium|community|project|research|workshop"
    r"|institute|university|foundation|alliance|initiative))"
    r"|.*\s(?:AI|DeepMind|Inc\.|LLC|Ltd\.?|Corp\.?)|.*, Inc|.*\bTeam\b.*|.*\s(?:and|at|for|of|the|&)\s.*|.*\set al\.?"
)
# Authors are listed without titles and degrees, which nameparser finds in King Zhu, Lama Ahmad and Zejun MA.
_NAME_PARTS = Constants(
    titles=(),
    first_name_titles=(),
    suffix_acronyms=("phd",),
    suffix_acronyms_ambiguous=(),
    suffix_not_acronyms=("jr", "jnr", "sr", "snr", "ii", "iii", "iv", "v"),
    non_first_name_prefixes=CONSTANTS.non_first_name_prefixes - {"de", "zu"},  # De Wen Soh
)
_NAME_PARTS.nickname_delimiters.clear()  # (Pepa) is a part of the name
_STOP_WORDS = re.compile(
    "an?|and|are|as|at|by|can|do|does|for|from|how|in|is|of|on|or|the|towards?|to|via|what|when|with"
)
_LETTER = re.compile(r"\w")
_MAX_STEM = 60  # characters of a key without its collision number


@dataclass(frozen=True, slots=True)
class Name:
    """A parsed personal name. Groups and mononyms have only a `family`."""

    family: str
    given: str = ""
    suffix: str = ""


@lru_cache(50_000)
def parse_name(text: str) -> Name:
    """Parse `Jan van der Berg` and `van der Berg, Jan` as western names, 김민준 and 张伟 as eastern ones.

    A name that would lose a letter is kept whole as `family`.
    """
    if han := _HAN.fullmatch(text):
        return Name(han["family"], han["given"])
    if _GROUP.fullmatch(text):
        return Name(text)
    parts = HumanName(text, constants=_NAME_PARTS)
    given = " ".join(filter(None, (parts.title, parts.first, parts.middle)))
    is_complete = _sorted_letters(f"{parts.last}{given}{parts.suffix}") == _sorted_letters(text)
    is_name = parts.last and not parts.last.startswith("(")
    return Name(parts.last, given, parts.suffix) if is_name and is_complete else Name(text)


def _sorted_letters(text: str) -> list[str]:
    return sorted(_LETTER.findall(text))


def citation_key_stem(paper: Paper, year: int) -> str:
    """Build a key from the first author, the year and the first telling word of the title: `zhang2024motioni2v`.

    Several papers may have the same stem; the archive appends a number to all but the first.
    """
    # TeX outside of formulas stays as it is: keys are in bibliographies that were written before it was converted.
    title = strip_font_commands(replace_formulas(paper.title))
    family = _ascii(parse_name(paper.authors[0]).family) if paper.authors else ""
    words = list(filter(None, map(_ascii, title.split())))
    telling = [word for word in words if not _STOP_WORDS.fullmatch(word)]
    first = next(iter([*telling, *words]), _ascii(paper.slug))
    return f"{family or 'anonymous'}{year}{first}"[:_MAX_STEM]


def _ascii(text: str) -> str:
    return re.sub("[^a-z0-9]", "", anyascii(text).lower())
