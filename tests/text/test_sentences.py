"""The first sentence of a summary."""

import pytest

from feeds.text.markdown import render_html, render_text
from feeds.text.matching import Word
from feeds.text.sentences import first_sentence, matching_sentence


@pytest.mark.parametrize(
    ("markdown", "sentence"),
    [
        ("- 새로운 모델을 제안합니다. 빠릅니다.\n- 코드도 있습니다.", "새로운 모델을 제안합니다."),
        ("- 평균 6.03% 나은 Eval 2.0을 만들었다. 둘째 문장.", "평균 6.03% 나은 Eval 2.0을 만들었다."),
        ('- 논문은 "충분한가?"라고 묻는다. 답은 없다.', '논문은 "충분한가?"라고 묻는다.'),
        ('- 그들은 "충분합니다." 라고 답했다.', '그들은 "충분합니다."'),
        ("We compare models, e.g. with vs. without data. It works.", "We compare models, e.g. with vs. without data."),
        ("Work by J. Smith et al. shows gains. More follows.", "Work by J. Smith et al. shows gains."),
        ("新しい手法を提案する。とても速い。", "新しい手法を提案する。"),
        ("- **What's New**: 모델이 작습니다. 빠릅니다.", "모델이 작습니다."),
        ("- ***What's New***: 모델이 작습니다.", "모델이 작습니다."),
        ("- **방법:** 모델이 작습니다.", "모델이 작습니다."),
        ("- MoE-LLaVA: 모델이 작습니다.", "MoE-LLaVA: 모델이 작습니다."),
        ("## 요약\n\n모델이 작습니다. 빠릅니다.", "모델이 작습니다."),
        ("- 이름\n  - 안쪽 항목이 설명합니다.\n", "안쪽 항목이 설명합니다."),
        ("- 마침표 없는 첫 줄의 긴 글\n- 둘째 줄", "마침표 없는 첫 줄의 긴 글"),
        ("요약", "요약"),
        ("", ""),
        ("**굵은** 낱말로 시작합니다. 끝.", "굵은 낱말로 시작합니다."),
        ("오차는 $x^2$ 입니다. 끝.", "오차는 x² 입니다."),
    ],
)
def test_first_sentence_is_whole_and_without_label(markdown: str, sentence: str) -> None:
    assert first_sentence(render_html(markdown), 160) == sentence


def test_long_sentence_is_cut_after_a_word() -> None:
    sentence = first_sentence(render_html("- " + "낱말 " * 100 + "끝."), 30)
    assert len(sentence) <= 30
    assert sentence.endswith("낱말…")


def test_first_sentence_of_an_abstract_with_paragraphs() -> None:
    assert first_sentence(render_text("One idea. Two.\n\nAnother paragraph."), 160) == "One idea."


TEXT = "First one. Second one with Diffusion models.\n- 셋째 문장은 e.g. 확산을 쓴다. 넷째"


@pytest.mark.parametrize(
    ("term", "sentence"),
    [
        (Word("diffusion"), "Second one with Diffusion models."),
        ("one with", "Second one with Diffusion models."),
        (Word("first"), "First one."),
        (Word("확산"), "셋째 문장은 e.g. 확산을 쓴다."),
        (Word("넷째"), "넷째"),
        (Word("없는말"), "First one."),
        ("", "First one."),
    ],
)
def test_sentence_matches_a_term(term: str, sentence: str) -> None:
    assert matching_sentence(TEXT, [[term]], "First one.") == sentence


def test_long_sentence_is_shown_from_near_its_match() -> None:
    text = "word " * 100 + "match " + "word " * 100
    sentence = matching_sentence(text, [[Word("match")]], "word")
    assert "match" in sentence
    assert len(sentence) <= 160
