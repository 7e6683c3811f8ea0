"""Folding of texts for search."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feeds.text.unicode import fold, fold_characters

MARKS = st.sampled_from("\u0301\u0308\u0327\u0345\u05b0\u3099\u1161\u11a8\u200d")
TEXT = st.lists(st.characters() | MARKS | st.sampled_from("가각힣ᄀ aAé-–‐\n"), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Café  ＡＢＣ", "cafe abc"), ("Straße–‐−", "strasse---"), ("한글 글", "한글 글"), ("ﬁ①½", "fi11⁄2")],
)
def test_fold_makes_variants_of_a_text_equal(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(TEXT)
@example("\u0345\u05b0")
def test_every_part_of_a_text_folds_as_the_whole_would(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    without_accents = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", decomposed))
    assert fold_characters(text) == re.sub("[‐‒–−]", "-", without_accents)
