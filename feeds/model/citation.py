"""How a paper is cited: the parts of its authors' names, and its key in a bibliography."""

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from anyascii import anyascii

from feeds.model.paper import Paper
from feeds.text.latex import strip_font_commands
from feeds.text.titles import replace_formulas

if TYPE_CHECKING:
    from nameparser.config import Constants

_HAN = re.compile(
    "(?P<family>欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|东方|東方|皇甫|尉迟|尉遲|公孙|公孫|慕容|司徒|令狐|夏侯|[一-鿿])"
    "(?P<given>[一-鿿]{1,3})"
)
# A group has a word that no personal name has; Ai and MA are family names.
_GROUP_NOUNS = (
    "team teams group lab labs laboratory laboratories collaboration consortium community project research workshop"
    " institute university foundation alliance initiative"
)
_GROUP = re.compile(
    rf"(?i:.*\b(?:{_GROUP_NOUNS.replace(' ', '|')}))"
    r"|.*\s(?:AI|DeepMind|Inc\.|LLC|Ltd\.?|Corp\.?)|.*, Inc|.*\bTeam\b.*|.*\s(?:and|at|for|of|the|&)\s.*|.*\set al\.?"
)
# Names like Ka-Ho Müller and J. R. Smith, of which the last word is the family name, are split without nameparser.
_PLAIN_NAME = re.compile(r"(?:[A-Z](?:\.|[a-zß-öø-ž][A-Za-zÀ-ÖØ-öø-ž-]*) )+[A-Z][a-zß-öø-ž][A-Za-zÀ-ÖØ-öø-ž-]*")
# Words by which nameparser joins names, or reads a suffix or a maiden name; a test compares them with its own.
_PARTICLES = """
    aan abd abdal abdel abdul abou abu ad adh aen af al an ar as ash at ath auf av az aš bar bat bin bint binte binti
    bon da dal das de degli dei del dela della delle delli dello dem den der di do dos du dí ed edh el en er es esh eth
    ez freiherr freiherrin heer het ibn la las le los mac mc ní op san santa st ste te ter tho thoe ua ul umm van vande
    vander vd vel vom von zu ó
    and e et i of the und y  född fødd født geb geboren geborene nee né née rozená z  ii iii iv jnr jr phd snr sr v
"""
_NOT_IN_PLAIN_NAMES = frozenset([*_PARTICLES.split(), *_GROUP_NOUNS.split(), "corp", "deepmind", "ltd"])
_STOP_WORDS = re.compile(
    "an?|and|are|as|at|by|can|do|does|for|from|how|in|is|of|on|or|the|towards?|to|via|what|when|with"
)
_LETTER = re.compile(r"\w")
_NOT_IN_KEYS = re.compile("[^a-z0-9]")
_MAX_STEM = 60  # characters of a key without its collision number


class Name(NamedTuple):
    """A parsed personal name. Groups and mononyms have only a `family`."""

    family: str
    given: str = ""
    suffix: str = ""


def parse_name(text: str) -> Name:
    """Parse `Jan van der Berg` and `van der Berg, Jan` as western names, 김민준 and 张伟 as eastern ones.

    A name that would lose a letter is kept whole as `family`.
    """
    if _PLAIN_NAME.fullmatch(text) and _NOT_IN_PLAIN_NAMES.isdisjoint(_words(text)):
        given, _, family = text.rpartition(" ")
        return Name(family, given)
    return _parse_other_name(text)


def _words(name: str) -> list[str]:
    return name.lower().replace("-", " ").replace(".", " ").split()


@lru_cache(10_000)
def _parse_other_name(text: str) -> Name:
    if han := _HAN.fullmatch(text):
        return Name(han["family"], han["given"])
    if _GROUP.fullmatch(text):
        return Name(text)
    return parse_with_nameparser(text)


def parse_with_nameparser(text: str) -> Name:
    """Parse a western name by its particles and suffixes."""
    from nameparser import HumanName  # slow to import, and seldom needed

    parts = HumanName(text, constants=_nameparser_constants())
    given = " ".join(filter(None, (parts.title, parts.first, parts.middle)))
    is_complete = _sorted_letters(f"{parts.last}{given}{parts.suffix}") == _sorted_letters(text)
    is_name = parts.last and not parts.last.startswith("(")
    return Name(parts.last, given, parts.suffix) if is_name and is_complete else Name(text)


@cache
def _nameparser_constants() -> "Constants":
    from nameparser.config import CONSTANTS, Constants

    # Authors are listed without titles and degrees, which nameparser finds in King Zhu, Lama Ahmad and Zejun MA.
    constants = Constants(
        titles=(),
        first_name_titles=(),
        suffix_acronyms=("phd",),
        suffix_acronyms_ambiguous=(),
        suffix_not_acronyms=("jr", "jnr", "sr", "snr", "ii", "iii", "iv", "v"),
        non_first_name_prefixes=CONSTANTS.non_first_name_prefixes - {"de", "zu"},  # De Wen Soh
    )
    constants.nickname_delimiters.clear()  # (Pepa) is a part of the name
    return constants


def _sorted_letters(text: str) -> list[str]:
    return sorted(_LETTER.findall(text))


def citation_key_stem(paper: Paper, year: int) -> str:
    """Build a key from the first author, the year and the first telling word of the title: `zhang2024motioni2v`.

    Several papers may have the same stem; the archive appends a number to all but the first.
    """
    family = _ascii(parse_name(paper.authors[0]).family) if paper.authors else ""
    return f"{family or 'anonymous'}{year}{_first_telling_word(paper.title) or _ascii(paper.slug)}"[:_MAX_STEM]


def _first_telling_word(title: str) -> str:
    """Return the first word that is no stop word, else the first word; empty if no word has a letter or digit."""
    # TeX outside of formulas stays as it is: keys are in bibliographies that were written before it was converted.
    words = map(_ascii, strip_font_commands(replace_formulas(title)).split())
    first = ""
    for word in filter(None, words):
        if not _STOP_WORDS.fullmatch(word):
            return word
        first = first or word
    return first


def _ascii(text: str) -> str:
    return _NOT_IN_KEYS.sub("", anyascii(text).lower())
