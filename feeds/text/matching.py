"""Matches the words and phrases of a search in folded text.

A phrase matches as it is written. A word matches its letters whatever spaces and hyphens stand between them, in the
word and in the text: `gpt4` is found in GPT-4, `강화학습` in 강화 학습을. So that 산모 is not found in 확산 모델, nor
`format` in "for matching", a match that skips a space begins and ends where words of the text do, or else takes two
syllables or four other letters of the word that it divides.
"""

import re
import sys
from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache

BARRIER = "\ufffc"
"""Separates texts: nothing matches across it."""

LINE_BREAK = "\x1e"
"""Separates the lines of a text, paragraphs and list items: phrases match across it, words do not."""

Span = tuple[int, int]

_GAP = r"[\t-\r\x1c\x1d\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\-\xad\u200b\u2060\ufeff]"
_GAPS = re.compile(f"(?:{_GAP}|{LINE_BREAK})+")
_SPACE = re.compile(r"\s")


class Word(str):
    """A word of a search, folded; a plain string is a phrase."""

    __slots__ = ()


class Grade(IntEnum):
    """How well a text matches, best last."""

    NONE = 0
    LOOSE = 1  # spaces or hyphens differ
    PART = 2  # as written, but within a word
    WHOLE = 3


def squeeze(folded: str) -> str:
    """Remove spaces and hyphens from a folded text."""
    return _GAPS.sub("", folded)


def find(term: str, text: str) -> Iterator[Span]:
    """Find all matches of a term in a folded text, also those that overlap each other."""
    is_word = isinstance(term, Word)
    pattern = _compile_word(term) if is_word else _compile_phrase(term)
    match = pattern.search(text)
    while match:
        if not is_word or _respects_words(text, *match.span()):
            yield match.span()
        match = pattern.search(text, match.start() + 1)


def grade(term: str, text: str) -> Grade:
    """Grade how well a text, whose words single spaces or line breaks separate, matches a term."""
    if " " in term:
        text = text.replace(LINE_BREAK, " ")
    if term not in text:
        return Grade.LOOSE if isinstance(term, Word) and any(find(term, text)) else Grade.NONE
    pattern = _compile_whole(term)
    match = pattern.search(text)
    while match:
        if _is_whole(text, *match.span()):
            return Grade.WHOLE
        match = pattern.search(text, match.start() + 1)
    return Grade.PART


def contains(term: str, text: str) -> bool:
    """Return True if a text, whose words single spaces or line breaks separate, matches a term at all."""
    if " " in term:
        text = text.replace(LINE_BREAK, " ")
    return term in text or (isinstance(term, Word) and any(find(term, text)))


@lru_cache(maxsize=256)
def _compile_phrase(phrase: str) -> re.Pattern[str]:
    """Compile a folded phrase, whose single spaces match any whitespace."""
    return re.compile(r"\s++".join(map(re.escape, phrase.split())))


@lru_cache(maxsize=256)
def _compile_word(word: str) -> re.Pattern[str]:
    return re.compile(f"{_GAP}*+".join(map(re.escape, squeeze(word))))


@lru_cache(maxsize=256)
def _compile_whole(term: str) -> re.Pattern[str]:
    """Compile a term without most of its matches within words, which are many where the term is a letter or two."""
    first, last, literal = _enough(term[0]), _enough(term[-1]), re.escape(term)
    # The lookbehind stands at the end, because the search for a text that comes first is faster.
    before = f"(?<!{_COMMON_LETTERS[first]}{literal})" if first else ""
    after = f"(?!{_COMMON_LETTERS[last]})" if last and last != _SYLLABLES else ""  # what follows may be a particle
    return re.compile(f"{literal}{before}{after}")


def _respects_words(text: str, start: int, end: int) -> bool:
    """Return True if a match skips no space, or takes enough of the words that it begins and ends in."""
    if not _SPACE.search(text, start, end):
        return True
    inward, outward = range(start, end), range(end - 1, start - 1, -1)
    return (_is_boundary(text, start) or _takes_enough(text, inward)) and (
        _is_boundary(text, end) or _takes_enough(text, outward)
    )


def _takes_enough(text: str, positions: range) -> bool:
    """Return True if the first characters at some positions belong to one word and are enough of it."""
    count = _enough(text[positions[0]])
    first = positions[:count]
    return len(first) == count and all(_enough(text[position]) == count for position in first)


def _is_whole(text: str, start: int, end: int) -> bool:
    """Return True if a match begins with a word and ends with one, or before what may be a Korean particle."""
    return _is_boundary(text, start) and (_is_boundary(text, end) or _enough(text[end - 1]) == _SYLLABLES)


def _is_boundary(text: str, position: int) -> bool:
    """Return True where a word begins or ends; words are runs of syllables, of other letters or of digits."""
    if position in (0, len(text)):
        return True
    return _enough(text[position - 1]) != _enough(text[position]) or _enough(text[position]) == 0


_SYLLABLES, _LETTERS, _DIGITS = 2, 4, sys.maxsize  # a number is never divided
_COMMON_LETTERS = {_SYLLABLES: "[가-힣]", _LETTERS: "[a-z]", _DIGITS: "[0-9]"}


def _enough(character: str) -> int:
    """Return how many characters of a word are enough to stand for it; 0 for a character that belongs to no word."""
    if character.isdigit():
        return _DIGITS
    if not character.isalpha():
        return 0
    is_syllable = "\u1100" <= character <= "\u11ff" or character >= "\u2e80"  # Hangul; Han and kana beside it
    return _SYLLABLES if is_syllable else _LETTERS
