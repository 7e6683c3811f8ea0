"""Finds the first sentence of a summary, in Korean and in languages that end sentences with a full stop."""

import re
from collections.abc import Iterator
from itertools import chain, pairwise

from feeds.text.highlight import Terms
from feeds.text.markdown import excerpt, html_to_text
from feeds.text.matching import contains
from feeds.text.unicode import fold

_BLOCK = re.compile(r"</?(?:p|li|ul|ol|pre|table|tr|blockquote|hr|br)\b[^>]*>\s*")
_LABEL = re.compile(
    r"^\s*(?:<em>)?<strong>(?:<em>)?[^<]{1,40}(?:</em>)?(?::\s*</strong>|</strong>(?:</em>)?\s*:)(?:</em>)?\s*"
)
_END = re.compile(r"[.!?。！？][\"'”’」』)\]]*(?:\s+|$)|[。！？]")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:[A-Za-z]|e\.g|i\.e|cf|vs|al|etc|Fig|Eq|Sec|Dr|Mr|Ms|Mrs|Prof|No|approx)\.$")
_MIN_LENGTH = 12  # characters of a block that ends without a full stop and is more than a heading
_MAX_BLOCKS = 20  # that are looked at
_MAX_MATCH = 160  # characters


def first_sentence(html: str, max_length: int) -> str:
    """Return the first sentence as one line of text, without the label in bold before it, such as `What's New:`.

    A sentence that is too long is cut after a word and ended with an ellipsis.

    Args:
        html: as `render_html` or `render_text` returns it.
        max_length: in characters, including the ellipsis.
    """
    text = ""
    for block in _blocks(html):
        if _END.search(block):
            text = block
            break
        if len(text) < _MIN_LENGTH and (not text or len(block) >= _MIN_LENGTH):
            text = block
    for match in _END.finditer(text):
        sentence = text[: match.end()].rstrip()
        if not _ABBREVIATION.search(sentence):
            return excerpt(sentence, max_length)
    return excerpt(text, max_length)


def matching_sentence(text: str, terms: Terms, first: str) -> str:
    """Return the first sentence that matches a term; `first` if it does, or none does.

    Words before the match are left out if the sentence is too long to show them.

    Args:
        text: plain text as `html_to_text` returns it.
        terms: groups of alternatives, as `highlight_html` takes them.
        first: the first sentence of the text.
    """
    alternatives = [term for group in terms for term in group if term.strip()]

    def matches(sentence: str) -> bool:
        folded = fold(sentence)
        return any(contains(term, folded) for term in alternatives)

    if matches(first):
        return first
    lines = (line.removeprefix("- ") for line in text.split("\n"))
    sentences = (sentence for line in lines if matches(line) for sentence in _split(line))
    sentence = next(filter(matches, sentences), "")
    if not sentence:
        return first
    words = sentence.split()
    while not matches(excerpt(" ".join(words), _MAX_MATCH)) and matches(" ".join(words[1:])):
        del words[0]
    return excerpt(" ".join(words), _MAX_MATCH)


def _split(text: str) -> Iterator[str]:
    """Yield the sentences of a line of text."""
    start = 0
    for match in _END.finditer(text):
        if not _ABBREVIATION.search(text[start : match.end()].rstrip()):
            yield text[start : match.end()].rstrip()
            start = match.end()
    if start < len(text):
        yield text[start:]


def _blocks(html: str) -> Iterator[str]:
    """Yield the texts of the first paragraphs and list items, without their labels."""
    places = chain([0], (place for match in _BLOCK.finditer(html) for place in match.span()), [len(html)])
    texts = (html_to_text(_LABEL.sub("", html[start:end])) for start, end in pairwise(places))
    for count, text in enumerate(filter(None, texts)):
        if count == _MAX_BLOCKS:
            return
        yield text.replace("\n", " ")
