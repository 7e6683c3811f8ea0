"""Highlights search terms in HTML and text, folded as in search, so that a marked text is one that search finds.

Folding may change the number of characters. Therefore a text is split into tokens that fold independently; terms are
searched for in the concatenation of the folded tokens, and the matches are mapped back to the tokens.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape, unescape
from typing import NamedTuple

from feeds.text import matching
from feeds.text.matching import BARRIER, LINE_BREAK, Span
from feeds.text.unicode import combines_with_previous, fold_characters

_ONE_TO_ONE = r"\s!-~가-힣"  # characters that fold to one character each, whatever their neighbours
_TOKEN = re.compile(
    r"(?P<math><math\b.*?</math>)"
    r'|<(?P<tag>/?\w+)[^<>"]*(?:"[^"]*"[^<>"]*)*>'
    rf"|(?P<one_to_one>[\s!-%'-;=-~가-힣]+(?=[{_ONE_TO_ONE}]|\Z))"  # the next character does not combine with the last
    r"|(?P<entity>&(?:#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
    rf"|(?P<other>.[^{_ONE_TO_ONE}]*)",
    re.DOTALL,
)
_INLINE_TAGS = {"a", "code", "em", "strong", "sub", "sup"}
_MAX_CLUSTER = 32  # characters; normalization takes quadratic time for a run of combining marks

Terms = Iterable[Iterable[str]]


class _Token(NamedTuple):
    """The part of the HTML from `start` to `end`, and its folded text.

    Attributes:
        is_text: the token is text, not markup: it can be marked.
        is_one_to_one: every character folds to one, so that a part of the token can be marked.
    """

    start: int
    end: int
    folded: str
    is_text: bool = True
    is_one_to_one: bool = False


def highlight_html(html: str, terms: Terms) -> str:
    """Enclose in `<mark>` what terms match in the text of HTML that `markdown.render_html` returned.

    Args:
        html: tags, entities and formulas in it stay whole.
        terms: groups of alternatives, words and phrases as in `matching`; every alternative is marked.
    """
    alternatives = [term for group in terms for term in group if term.strip()]
    if not alternatives:
        return html
    tokens = list(_tokenize(html))
    folded = "".join(token.folded for token in tokens)
    matches = _merge(span for term in alternatives for span in matching.find(term, folded))
    return _insert_marks(html, _merge(_map_back(tokens, matches)))


def highlight_text(text: str, terms: Terms) -> str:
    """Return a text as HTML, with what `terms` match in `<mark>`."""
    return highlight_html(escape(text, quote=False), terms)


def _tokenize(html: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(html):
        start, end = match.span()
        if match["one_to_one"]:
            yield _Token(start, end, match[0].casefold(), is_one_to_one=True)
        elif match["other"]:
            yield from _split_clusters(match[0], start)
        elif match["entity"]:
            yield _Token(start, end, _fold(unescape(match[0])))
        elif match["math"]:
            yield _Token(start, end, BARRIER, is_text=False)
        else:
            is_inline = match["tag"].removeprefix("/") in _INLINE_TAGS
            yield _Token(start, end, "" if is_inline else LINE_BREAK, is_text=False)


def _split_clusters(text: str, offset: int) -> Iterator[_Token]:
    """Split a text into characters, each with the marks and jamo that combine with it."""
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or not combines_with_previous(text[end]) or end - start == _MAX_CLUSTER:
            yield _Token(offset + start, offset + end, _fold(text[start:end]))
            start = end


@lru_cache(maxsize=4096)
def _fold(cluster: str) -> str:
    return fold_characters(cluster)


def _merge(spans: Iterable[Span]) -> list[Span]:
    """Sort spans, and merge those that overlap or touch."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _map_back(tokens: list[_Token], matches: list[Span]) -> Iterator[Span]:
    """Map matches in the folded text to spans of the HTML; a token that is not one-to-one is marked as a whole."""
    sentinel = sum(len(token.folded) for token in tokens) + 1
    spans = iter([*matches, (sentinel, sentinel)])
    start, end = next(spans)
    token_start = 0
    for token in tokens:
        token_end = token_start + len(token.folded)
        while start < token_end:
            if token.is_one_to_one:
                yield token.start + max(start - token_start, 0), token.start + min(end, token_end) - token_start
            elif token.is_text:
                yield token.start, token.end
            if end > token_end:
                break  # the match continues in the next token
            start, end = next(spans)
        token_start = token_end


def _insert_marks(html: str, spans: list[Span]) -> str:
    parts = []
    position = 0
    for start, end in spans:
        if not html[start:end].isspace():  # whitespace may be between two list items, where <mark> is not allowed
            parts += [html[position:start], "<mark>", html[start:end], "</mark>"]
            position = end
    return "".join(parts) + html[position:]
