"""How a paper is cited: the names of its authors in parts, and the key by which a bibliography knows it."""

import re
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii
from nameparser import HumanName

from feeds.model.paper import Paper
from feeds.text.titles import title_text

_HAN = re.compile(
    "(?P<family>欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|东方|東方|皇甫|尉迟|尉遲|公孙|公孫|慕容|司徒|令狐|夏侯|[一-鿿])"
    "(?P<given>[一-鿿]{1,3})"
)
_GROUP = re.compile(r".*\b(?:team|group|labs?|collaboration|consortium|community|project|research|ai)", re.IGNORECASE)
_SMALL = re.compile("an?|and|are|as|at|by|can|do|does|for|from|how|in|is|of|on|or|the|towards?|to|via|what|when|with")
_LETTER = re.compile(r"\w")
_LONGEST = 60  # characters of a key, without what tells namesakes apart


@dataclass(frozen=True, slots=True)
class Name:
    """A name in parts; that of a group, or of whoever has but one, is all `family`."""

    family: str
    given: str = ""
    suffix: str = ""


@lru_cache(50_000)
def name(written: str) -> Name:
    """Split a name: `Jan van der Berg` and `van der Berg, Jan` in the western way, 김민준 and 张伟 in the eastern."""
    if han := _HAN.fullmatch(written):
        return Name(han["family"], han["given"])
    if "," not in written and _GROUP.fullmatch(written):
        return Name(written)
    parts = HumanName(written)
    given = " ".join(filter(None, (parts.title, parts.first, parts.middle)))
    whole = _letters(f"{parts.last}{given}{parts.suffix}") == _letters(written)
    return Name(parts.last, given, parts.suffix) if parts.last and whole else Name(written)


def _letters(written: str) -> list[str]:
    """List the letters in any order, by which one sees whether all of a name is still there."""
    return sorted(_LETTER.findall(written))


def base(paper: Paper) -> str:
    """Make a key of first author, year and the first word of the title that says something: `zhang2024motioni2v`.

    Several papers may have the same.
    """
    family = _ascii(name(paper.authors[0]).family) if paper.authors else ""
    words = list(filter(None, map(_ascii, title_text(paper.title).split())))
    telling = [word for word in words if not _SMALL.fullmatch(word)]
    first = next(iter([*telling, *words]), _ascii(paper.slug))
    return f"{family or 'anonymous'}{paper.year}{first}"[:_LONGEST]


def key(paper: Paper) -> str:
    """Make the key that no other paper of the archive has: of namesakes the first listed bears the bare one."""
    return f"{base(paper)}-{paper.namesakes + 1}" if paper.namesakes else base(paper)


def _ascii(written: str) -> str:
    return re.sub("[^a-z0-9]", "", anyascii(written).lower())
