"""Marks in a text what a search found in it, by the same folding, wherever that changes the number of letters.

A text is cut into pieces whose folded forms make up the folded text. In that the terms are looked for, and what is
found is traced back to the pieces.
"""

import html as entities
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from feeds.text.unicode import combines_with_previous, fold_characters

_SIMPLE = r"\s!-~가-힣"  # each folds to one character, by itself
_PIECE = re.compile(
    r"(?P<math><math\b.*?</math>)"
    r'|<(?P<tag>/?\w+)[^<>"]*(?:"[^"]*"[^<>"]*)*>'
    rf"|(?P<simple>[\s!-%'-;=-~가-힣]+(?=[{_SIMPLE}]|\Z))"  # what follows does not join the last one
    r"|(?P<entity>&(?:#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
    rf"|(?P<other>.[^{_SIMPLE}]*)",
    re.DOTALL,
)
_INLINE = {"a", "code", "em", "strong", "sub", "sup"}
_OBJECT = "\ufffc"  # what Unicode has for something that is no text
_LONGEST_CLUSTER = 32  # characters; putting more marks in order takes Unicode's algorithm too long

Span = tuple[int, int]
Terms = Iterable[Iterable[str]]


class _Piece(NamedTuple):
    """From `start` to `end`, and what search reads there; `is_simple` if that is so letter by letter."""

    start: int
    end: int
    folded: str
    is_text: bool = True
    is_simple: bool = False


def highlight_html(html: str, terms: Terms) -> str:
    """Put what terms say, folded as `Query.terms` are, between `<mark>` and `</mark>` in the text of our HTML.

    Of each term any alternative is marked. Formulas are left as they are.
    """
    patterns = [_pattern(term) for alternatives in terms for term in alternatives if term.strip()]
    if not patterns:
        return html
    pieces = list(_pieces(html))
    folded = "".join(piece.folded for piece in pieces)
    found = _merged(span for pattern in patterns for span in _occurrences(pattern, folded))
    return _with_marks(html, _merged(_places(pieces, found)))


def highlight_text(text: str, terms: Terms) -> str:
    """Write a text as HTML, and mark in it what terms say."""
    return highlight_html(entities.escape(text, quote=False), terms)


def _pieces(html: str) -> Iterator[_Piece]:
    for match in _PIECE.finditer(html):
        start, end = match.span()
        found = match[0]
        if match["simple"]:
            yield _Piece(start, end, found.casefold(), is_simple=True)
        elif match["other"]:
            yield from _clusters(found, start)
        elif match["entity"]:
            yield _Piece(start, end, _folded(entities.unescape(found)))
        elif match["math"]:
            yield _Piece(start, end, _OBJECT, is_text=False)
        else:
            is_inline = match["tag"].removeprefix("/") in _INLINE
            yield _Piece(start, end, "" if is_inline else "\n", is_text=False)


def _clusters(text: str, offset: int) -> Iterator[_Piece]:
    """Cut a text into letters, each with the marks that belong to it."""
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or not combines_with_previous(text[end]) or end - start == _LONGEST_CLUSTER:
            yield _Piece(offset + start, offset + end, _folded(text[start:end]))
            start = end


@lru_cache(maxsize=4096)
def _folded(cluster: str) -> str:
    return fold_characters(cluster)


@lru_cache(maxsize=256)
def _pattern(term: str) -> re.Pattern[str]:
    """Compile a term; the single spaces of a folded one stand for any in the text."""
    return re.compile(r"\s++".join(map(re.escape, term.split())))


def _occurrences(pattern: re.Pattern[str], folded: str) -> Iterator[Span]:
    """List where a pattern is found, where it overlaps itself too."""
    found = pattern.search(folded)
    while found:
        yield found.span()
        found = pattern.search(folded, found.start() + 1)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Make one of those that overlap or touch, in order."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _places(pieces: list[_Piece], found: list[Span]) -> Iterator[Span]:
    """Trace what was found in the folded text back to the pieces of text that it lies in."""
    spans = iter([*found, (end := sum(len(piece.folded) for piece in pieces) + 1, end)])
    start, end = next(spans)
    position = 0
    for piece in pieces:
        behind = position + len(piece.folded)
        while start < behind:
            if piece.is_simple:
                yield piece.start + max(start - position, 0), piece.start + min(end, behind) - position
            elif piece.is_text:
                yield piece.start, piece.end
            if end > behind:
                break  # it goes on in the next piece
            start, end = next(spans)
        position = behind


def _with_marks(html: str, places: list[Span]) -> str:
    parts = []
    position = 0
    for start, end in places:
        if not html[start:end].isspace():  # as between two items of a list, where no mark may stand
            parts += [html[position:start], "<mark>", html[start:end], "</mark>"]
            position = end
    return "".join(parts) + html[position:]
