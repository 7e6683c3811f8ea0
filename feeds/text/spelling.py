"""Finds the words that a misspelt word could mean: those that take almost the same keys.

Words are compared by their keystrokes on the Korean two-set keyboard. So a wrong vowel is one mistake and not a wrong
syllable, and a word that was typed in the other mode of the keyboard, `ghkrtks` for 확산 or ㅎㅔㅅ for gpt, has none.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

from feeds.text.matching import squeeze

_INITIALS = "r r s e e f a q q t t d w w c z x v g"
_VOWELS = "k o i o j p u p h hk ho hl y n nj np nl b m ml l"
_FINALS = "r r rt s sw sg e f fr fa fq ft fx fv fg a q qt t t d w c z x v g"
_KEYS = {
    first + number: keys
    for first, row in ((0x1100, _INITIALS), (0x1161, _VOWELS), (0x11A8, _FINALS))  # Unicode, section 18.6
    for number, keys in enumerate(row.split())
}
# Hangul apart from other letters: in `GPT-4는` a particle follows the word.
_WORD = re.compile(r"[가-힣]{2,}|[^\W_가-힣]+(?:(?:-|(?<=[0-9])\.(?=[0-9]))[^\W_가-힣]+)*")
_PAIR = re.compile(r"(?<![가-힣])([가-힣]{2,})[ -](?=([가-힣]{2,}))")  # 언어 모델, which may be meant by 언어모댈
_KEYS_PER_MISTAKE = 5
_MAX_MISTAKES = 3
_MIN_KEYS = 3
_MIN_KEYS_PER_SYLLABLE, _MAX_KEYS_PER_SYLLABLE = 2, 5


def nearest(word: str, texts: Iterable[str], count: int) -> list[str]:
    """Return the words of folded texts that a folded word most likely means; the nearest first, then the commonest.

    A word of the texts also counts without its end: Hangul without its last syllables, which may be a particle, and
    `gpt-4-turbo` as `gpt-4`.
    """
    typed = keystrokes(squeeze(word))
    if len(typed) < _MIN_KEYS:
        return []
    max_mistakes = min(max(len(typed) // _KEYS_PER_MISTAKE, 1), _MAX_MISTAKES)
    fewest, most = len(typed) - max_mistakes, len(typed) + max_mistakes
    typed_keys = set(typed)
    spellings: dict[str, Counter[str]] = {}
    for found, frequency in Counter(chain.from_iterable(map(_find_words, texts))).items():
        for form in _prefixes(found, fewest, most):
            keys = keystrokes(form.replace(" ", "").replace("-", ""))
            if fewest <= len(keys) <= most and _share_keys(typed_keys, set(keys), max_mistakes):
                spellings.setdefault(keys, Counter())[form] += frequency
    distances = {keys: edit_distance(typed, keys, max_mistakes) for keys in spellings}
    limit = min(max_mistakes, min(distances.values(), default=0) + 1)
    near = sorted(
        (keys for keys, distance in distances.items() if distance <= limit),
        key=lambda keys: (distances[keys], -spellings[keys].total(), keys),
    )
    return [max(sorted(spellings[keys]), key=spellings[keys].__getitem__) for keys in near[:count]]


def _share_keys(first: set[str], second: set[str], max_mistakes: int) -> bool:
    """Whether so few mistakes can make the one of the other: each adds one key at most, and takes one away."""
    return len(first - second) <= max_mistakes and len(second - first) <= max_mistakes


@lru_cache(maxsize=50_000)
def keystrokes(text: str) -> str:
    """Return the keys that type a folded text: 확산 is typed `ghkrtks`; other letters stay."""
    return text if text.isascii() else unicodedata.normalize("NFD", text).translate(_KEYS)


def edit_distance(first: str, second: str, limit: int) -> int:
    """Count the insertions, deletions, substitutions and transpositions between two texts; any more are `limit + 1`."""
    before: list[int] = []
    previous = list(range(len(second) + 1))
    for row, letter in enumerate(first, 1):
        current = [row]
        for column, other in enumerate(second, 1):
            distance = min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == second[column - 2] and first[row - 2] == other:
                distance = min(distance, before[column - 2] + 1)
            current.append(distance)
        if min(current) > limit:
            return limit + 1
        before, previous = previous, current
    return min(previous[-1], limit + 1)


def _find_words(text: str) -> list[str]:
    return [*_WORD.findall(text), *map(" ".join, _PAIR.findall(text))]


def _prefixes(word: str, fewest: int, most: int) -> list[str]:
    """Return a word and its beginnings of at least two syllables, or up to a hyphen, that so many keys could type."""
    if "가" <= word[0] <= "힣":
        before_space = word.find(" ") + 1
        shortest = max(before_space + 2, fewest // _MAX_KEYS_PER_SYLLABLE)
        longest = most // _MIN_KEYS_PER_SYLLABLE + bool(before_space)
        return [word[:end] for end in range(shortest, min(longest, len(word)) + 1)]
    return [*(word[: match.start()] for match in re.finditer("-", word)), word] if "-" in word else [word]
