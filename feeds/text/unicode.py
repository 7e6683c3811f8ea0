"""What every text is put through: characters that no document may hold, and folding for search."""

import re
import unicodedata
from functools import lru_cache

# XML 1.0 section 2.2 (Char), tab and newline being allowed; JSON and HTML are better off without them too.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Marks on Latin, Greek and Cyrillic letters. Hangul jamo and Japanese voicing marks lie elsewhere.
_ACCENTS = re.compile("[\u0300-\u036f]")
_HANGUL = re.compile("[ᄀ-ᇿㄱ-ㆎ가-힣]")
# Neither Latin nor of formulas, like Greek, ℝ or 𝛼.
_OTHER_LETTER = re.compile(r"[^\W\d_\u0000-\u03ff\u1e00-\u1fff\u2070-\u214f\U0001d400-\U0001d7ff]")
LATIN_TO_ASCII = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe"}
    | {"Œ": "OE", "ı": "i", "þ": "th", "Þ": "Th"}
)
"""Latin letters that are no letter with a mark to Unicode, and what people take them for; for `str.translate`."""


def strip_forbidden(text: str) -> str:
    """Drop the characters that XML forbids: controls, lone surrogates, non-characters."""
    return _FORBIDDEN.sub("", text)


def find_forbidden(text: str) -> list[str]:
    """List the characters that `strip_forbidden` would drop, as `U+0008`."""
    return [f"U+{ord(character):04X}" for character in _FORBIDDEN.findall(text)]


def fold(text: str) -> str:
    """Reduce a text to what search compares: one case, one width, no accents, composed Hangul, single spaces."""
    return " ".join(fold_characters(text).split())


def fold_characters(text: str) -> str:
    """Fold a text as `fold` does, but leave its spaces."""
    letters = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", letters))


@lru_cache(maxsize=4096)
def combines_with_previous(character: str) -> bool:
    """Whether a character may become one with the one before it: a mark, or a letter of a Hangul syllable."""
    first = unicodedata.normalize("NFKD", character)[0]
    return unicodedata.category(first).startswith("M") or "\u1160" <= first <= "\u11ff"


def decompose(folded: str) -> str:
    """Split the Hangul syllables of a folded text into letters, so that two syllables are four or more."""
    return unicodedata.normalize("NFD", folded)


def detect_language(written: str, usual: str) -> str:
    """Tell the language of a fragment: Korean if it holds Hangul, English if only Latin letters, else the usual one."""
    if _HANGUL.search(written):
        return "ko"
    return usual if _OTHER_LETTER.search(written) else "en"
