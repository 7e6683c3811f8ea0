"""Misspelt words are corrected to the nearest words, by the keys that type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.text.spelling import edit_distance, keystrokes, nearest
from feeds.text.unicode import fold

TEXTS = [
    "확산 모델은 gpt-4-turbo 보다 강화 학습에서 낫다. 트랜스포머와 diffusion transformer",
    "확산을 쓰는 언어 모델, 확산의 qwen2.5 모듈",
]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("확샌", ["확산"]),
        ("모댈", ["모델", "모듈"]),
        ("트렌스포머", ["트랜스포머"]),
        ("difusion", ["diffusion"]),
        ("gtp4", ["gpt-4"]),
        ("qwen25", ["qwen2.5"]),
        ("언어모댈", ["언어 모델"]),
        ("강화학슴", ["강화 학습"]),
        ("ghkrtks", ["확산"]),  # typed in the other mode of the keyboard
        ("얄려냐ㅐㅜ", ["diffusion"]),
        ("물고기", []),
        ("zq", []),
        ("", []),
    ],
)
def test_nearest_words_are_found_by_their_keys(word: str, expected: list[str]) -> None:
    assert nearest(fold(word), TEXTS, 5)[: len(expected) or 1] == expected


def test_only_forms_of_a_similar_length_are_compared() -> None:
    keystrokes.cache_clear()
    assert nearest("확산", ["확신" + "가" * 1000], 5) == ["확신"]
    assert keystrokes.cache_info().misses <= 4


def test_keystrokes_are_those_of_the_two_set_keyboard() -> None:
    assert keystrokes("확산 읽다 쎄 값gpt") == "ghkrtks dlfrek tp rkqtgpt"


LETTERS = st.text(st.sampled_from("abc"), max_size=5)


@given(LETTERS, LETTERS)
def test_edit_distance_is_symmetric_and_bounded(first: str, second: str) -> None:
    distance = edit_distance(first, second, 9)
    assert distance == edit_distance(second, first, 9) <= max(len(first), len(second))
    assert (distance == 0) == (first == second)
    assert edit_distance(first, second, 1) == min(distance, 2)


@pytest.mark.parametrize(("first", "second", "distance"), [("abc", "acb", 1), ("abc", "ac", 1), ("ab", "ba", 1)])
def test_transposition_is_one_mistake(first: str, second: str, distance: int) -> None:
    assert edit_distance(first, second, 3) == distance
