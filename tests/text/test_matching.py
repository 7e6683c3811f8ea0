"""Words match however they are spaced and hyphenated, and nothing that merely has their letters."""

import html
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.text.highlight import highlight_html, highlight_text
from feeds.text.matching import Grade, Word, find, grade, squeeze
from feeds.text.unicode import fold

WORDS = st.text(st.sampled_from("강화학습모델가각aiGPT4ßé中"), min_size=1, max_size=8).map(fold)
GAPS = st.sampled_from(["", "", " ", "-", " - ", "‑", "–", "\n", "\u00a0", "\u200b"])


@st.composite
def spaced_words(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a word, and the same with gaps between its letters."""
    word = draw(WORDS)
    return word, "".join(letter + draw(GAPS) for letter in word[:-1]) + word[-1]


@given(spaced_words())
def test_word_finds_itself_however_it_is_spaced(drawn: tuple[str, str]) -> None:
    word, spaced = drawn
    assert list(find(Word(word), fold(f"앞, {spaced}; 뒤")))
    assert list(find(Word(fold(spaced)), f"앞, {word}; 뒤"))


@given(WORDS, st.text(st.sampled_from("강화학습모델aiGPT4 -\n\u1e0e\u200b.,"), max_size=30))
def test_match_has_the_letters_of_the_word(word: str, text: str) -> None:
    folded = fold(text)
    for start, end in find(Word(word), folded):
        assert squeeze(folded[start:end]) == squeeze(word)
    if word in folded:
        assert grade(Word(word), folded) >= Grade.PART


@given(WORDS, st.text(st.sampled_from("강화학습모델aiGPT4 -\n‐ßé.,"), max_size=30))
def test_text_is_highlighted_exactly_where_a_word_matches(word: str, text: str) -> None:
    document = highlight_text(text, [[Word(word)]])
    assert document.replace("<mark>", "").replace("</mark>", "") == html.escape(text, quote=False)
    assert ("<mark>" in document) == bool(grade(Word(word), fold(text)))


@pytest.mark.parametrize(
    ("word", "text", "expected"),
    [
        ("강화학습", "강화 학습을 쓴다", "[강화 학습]을 쓴다"),
        ("강화학습", "심층강화 학습", "심층[강화 학습]"),
        ("강화-학습", "강화학습", "[강화학습]"),
        ("gpt4", "GPT-4o와 GPT 4를, ChatGPT-4", "[GPT-4]o와 [GPT 4]를, Chat[GPT-4]"),
        ("gpt4", "GPT 40", "GPT 40"),  # another number
        ("3차원", "13 차원, 3 차원", "13 차원, [3 차원]"),
        ("text-to-image", "Text to Images, Text‑to‑Image", "[Text to Image]s, [Text‑to‑Image]"),
        ("산모", "확산 모델", "확산 모델"),
        ("모델이", "모델 이상", "모델 이상"),
        ("format", "for matching", "for matching"),
        ("gan", "using an", "using an"),
        ("rag", "camera given", "camera given"),
        ("확산모델", "확산. 모델", "확산. 모델"),
    ],
)
def test_match_over_a_space_respects_words(word: str, text: str, expected: str) -> None:
    marked = highlight_text(text, [[Word(word)]]).replace("<mark>", "[").replace("</mark>", "]")
    assert marked == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<p>강화 <strong>학습</strong></p>", "<p>[강화 ]<strong>[학습]</strong></p>"),
        ("<p>강화\n학습</p>", "<p>[강화\n학습]</p>"),
        ("<p>강화&nbsp;학습</p>", "<p>[강화&nbsp;학습]</p>"),
        ("<li>강화</li>\n<li>학습</li>", "<li>강화</li>\n<li>학습</li>"),
        ("강화<math><mi>x</mi></math>학습", "강화<math><mi>x</mi></math>학습"),
    ],
)
def test_word_is_highlighted_within_a_line_of_html(document: str, expected: str) -> None:
    marked = highlight_html(document, [[Word("강화학습")]])
    assert marked == expected.replace("[", "<mark>").replace("]", "</mark>")


@pytest.mark.parametrize(
    ("term", "text", "expected"),
    [
        (Word("강화"), "강화 학습", Grade.WHOLE),
        (Word("학습"), "강화 학습을", Grade.WHOLE),
        (Word("화학"), "강화학습", Grade.PART),
        (Word("gan"), "gan and organ", Grade.WHOLE),
        (Word("gan"), "organ", Grade.PART),
        (Word("gpt4"), "gpt-4", Grade.LOOSE),
        (Word("gpt-4"), "gpt-4", Grade.WHOLE),
        (Word("gpt"), "gpt-4는", Grade.WHOLE),
        (Word("a"), "ab éa é a", Grade.WHOLE),
        (Word("a"), "ab éa", Grade.PART),
        (Word("4"), "14 ²4 4²", Grade.PART),
        (Word("a-a"), "éa-a-a", Grade.WHOLE),
        (Word("모델"), "확산", Grade.NONE),
        ("강화 학습", "강화 학습", Grade.WHOLE),
        ("강화 학습", "강화학습", Grade.NONE),
        ("강화학습", "강화 학습", Grade.NONE),
    ],
)
def test_grade_is_higher_the_closer_the_match(term: str, text: str, expected: Grade) -> None:
    assert grade(term, text) is expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a" * 100_000, "a" * 200),
        ("a " * 50_000, "a" * 200),
        ("a" + " " * 100_000, "ab"),
        ("가 " * 50_000, "가" * 199 + "각"),
        ("a-" * 50_000, "a" * 200),
        ("é" + "a-" * 50_000, "a-a"),
    ],
)
def test_hostile_text_is_searched_in_bounded_time(text: str, word: str) -> None:
    started = time.process_time()
    assert re.fullmatch("[0-3]", str(int(grade(Word(word), text))))
    highlight_text(text, [[Word(word)]])
    assert time.process_time() - started < 10
