"""Removes characters that documents must not contain, folds text for search, and detects its language."""

import re
import unicodedata
from functools import lru_cache

# XML 1.0 section 2.2 forbids or discourages these; they are of no use in JSON and HTML either.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Combining marks of Latin, Greek and Cyrillic. Hangul jamo and Japanese voicing marks are in other blocks.
_ACCENTS = re.compile("[\u0300-\u036f]")
# Written for one another: NFKC makes others of these (U+2011, U+FE63, U+FF0D). Dashes between clauses stay.
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2012\u2013\u2212", "-"))
# ASCII and Hangul syllables are only casefolded. Other characters may combine with each other and with one before them.
_OTHER_CHARACTER = re.compile("[^\x00-\x7f가-힣]")
_OTHER_RUN = re.compile("(?s:.?)[^\x00-\x7f가-힣]+")
_HANGUL = re.compile("[ᄀ-ᇿㄱ-ㆎ가-힣]")
# Letters outside Latin and outside the alphabets of formulas: Greek, letterlike symbols (ℝ), mathematical letters (𝛼).
_OTHER_LETTER = re.compile(r"[^\W\d_\u0000-\u03ff\u1e00-\u1fff\u2070-\u214f\U0001d400-\U0001d7ff]")

LATIN_TO_ASCII = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe"}
    | {"Œ": "OE", "ı": "i", "þ": "th", "Þ": "Th"}
)
"""Latin letters that Unicode does not decompose into an ASCII letter and a mark, for `str.translate`."""


def strip_forbidden(text: str) -> str:
    """Remove control characters except tab and newlines, surrogates, and noncharacters."""
    return text if text.isprintable() else _FORBIDDEN.sub("", text)


def find_forbidden(text: str) -> list[str]:
    """Return the characters that `strip_forbidden` would remove, such as `U+0008`, each once."""
    if not _FORBIDDEN.search(text):
        return []
    return [f"U+{ord(character):04X}" for character in sorted(set(text)) if _FORBIDDEN.match(character)]


def fold(text: str) -> str:
    """Return the form that search compares: casefolded (NFKC), without accents, hyphens and spaces alike."""
    return " ".join(fold_characters(text).split())


def fold_characters(text: str) -> str:
    """Fold a text as `fold` does, but keep its whitespace."""
    if _OTHER_CHARACTER.search(text):
        text = _OTHER_RUN.sub(_fold_run, text)
    return text.casefold()


def _fold_run(run: re.Match[str]) -> str:
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", run[0]).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed)).translate(_HYPHENS)


@lru_cache(maxsize=4096)
def combines_with_previous(character: str) -> bool:
    """Return True for combining marks, and for the vowels and final consonants of conjoining Hangul jamo."""
    first = unicodedata.normalize("NFKD", character)[0]
    return unicodedata.category(first).startswith("M") or "\u1160" <= first <= "\u11ff"


def primary_subtag(tag: str) -> str:
    """Return the primary subtag of a language tag (BCP 47) in lower case: `zh` of `zh-Hant`."""
    return tag.partition("-")[0].lower()


def detect_language(text: str, default: str) -> str:
    """Return `ko` for a text with Hangul, `default` for one with letters of another non-Latin script, and else `en`."""
    if text.isascii():
        return "en"
    if _HANGUL.search(text):
        return "ko"
    return default if _OTHER_LETTER.search(text) else "en"
