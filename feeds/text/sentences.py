"""Finds the first sentence of a summary, in Korean and in languages that end sentences with a full stop."""

import re
from collections.abc import Iterator
from itertools import pairwise

from feeds.text.markdown import excerpt, html_to_text

_BLOCK = re.compile(r"</?(?:p|li|ul|ol|pre|table|tr|blockquote|hr|br)\b[^>]*>\s*")
_LABEL = re.compile(
    r"^\s*(?:<em>)?<strong>(?:<em>)?[^<]{1,40}(?:</em>)?(?::\s*</strong>|</strong>(?:</em>)?\s*:)(?:</em>)?\s*"
)
_END = re.compile(r"[.!?。！？][\"'”’」』)\]]*(?:\s+|$)|[。！？]")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:[A-Za-z]|e\.g|i\.e|cf|vs|al|etc|Fig|Eq|Sec|Dr|Mr|Ms|Mrs|Prof|No|approx)\.$")
_MIN_LENGTH = 12  # characters of a block that ends without a full stop and is more than a heading
_MAX_BLOCKS = 20  # that are looked at


def first_sentence(html: str, max_length: int) -> str:
    """Return the first sentence as one line of text, without the label in bold before it, such as `What's New:`.

    A sentence that is too long is cut after a word and ended with an ellipsis.

    Args:
        html: as `render_html` or `render_text` returns it.
        max_length: in characters, including the ellipsis.
    """
    blocks = list(_blocks(html))
    text = next((block for block in blocks if _END.search(block)), "")
    text = text or next((block for block in blocks if len(block) >= _MIN_LENGTH), "") or next(iter(blocks), "")
    for match in _END.finditer(text):
        sentence = text[: match.end()].rstrip()
        if not _ABBREVIATION.search(sentence):
            return excerpt(sentence, max_length)
    return excerpt(text, max_length)


def _blocks(html: str) -> Iterator[str]:
    """Yield the texts of the first paragraphs and list items, without their labels."""
    places = [0, *(place for match in _BLOCK.finditer(html) for place in match.span()), len(html)]
    texts = (html_to_text(_LABEL.sub("", html[start:end])) for start, end in pairwise(places))
    for count, text in enumerate(filter(None, texts)):
        if count == _MAX_BLOCKS:
            return
        yield text.replace("\n", " ")
