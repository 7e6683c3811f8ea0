"""What a search found is marked where it stands, and nothing else of the text changes."""

import html
import re
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feeds.archive.archive import Archive
from feeds.model.query import EVERYTHING, read_query
from feeds.text.highlight import highlight_html, highlight_text
from feeds.text.markdown import render_html
from feeds.text.unicode import fold
from tests.support import archives
from tests.support.digests import OpenFiles, day, paper

NFD = unicodedata.normalize("NFD", "확산")


def terms(asked: str) -> tuple[tuple[str, ...], ...]:
    return read_query([("q", asked)]).terms


def without_marks(written: str) -> str:
    return written.replace("<mark>", "").replace("</mark>", "")


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        ("확산은 모델이다", "확산", "[확산]은 모델이다"),
        ("언어모델을 쓴다", "모델", "언어[모델]을 쓴다"),
        ("각 값", "가", "각 값"),  # another syllable
        (f"{NFD}은", "확산", f"[{NFD}]은"),
        ("확산은", NFD, "[확산]은"),
        ("LLM and llm", "Llm", "[LLM] and [llm]"),
        ("ﬁne ﬁne", "fi", "[ﬁ]ne [ﬁ]ne"),
        ("ﬁne", "ine", "[ﬁne]"),  # half of a letter cannot be marked
        ("Straße", "strasse", "[Straße]"),
        ("ＧＰＴ-4 GPT", "gpt", "[ＧＰＴ]-4 [GPT]"),
        ("TÜLU tu\u0308lu Tulu", "tülu", "[TÜLU] [tu\u0308lu] [Tulu]"),
        ("ｶﾞ ガ", "ガ", "[ｶﾞ] [ガ]"),
        ("ㅎㅏㄱ", "하", "[ㅎㅏ]ㄱ"),
        ("확산  모델", '"확산 모델"', "[확산  모델]"),
        ("확산\u3000\n모델", '"확산 모델"', "[확산\u3000\n모델]"),
        ("확산 모델", "모델|diffusion 확산", "[확산] [모델]"),
        ("확산모델", "모델 확산", "[확산모델]"),  # adjacent ones are one
        ("확산모델링", '확산모델 "모델링"', "[확산모델링]"),  # so are those that overlap
        ("banana", "ana", "b[anana]"),
        ("a & b < c", "b", "a &amp; [b] &lt; c"),
        ("a &amp; amp", "amp", "a &amp;[amp]; [amp]"),
        ("AT&T", "t&t", "A[T&amp;T]"),
        ("<script>alert(1)</script>", "script alert", "&lt;[script]&gt;[alert](1)&lt;/[script]&gt;"),
        ("아무것도", "없다", "아무것도"),
        ("a.c abc", "a.c", "[a.c] abc"),
        ("100%", "%", "100[%]"),
        ("“확산”은", "확산", "“[확산]”은"),
        ("", "x", ""),
        ("x", "", "x"),
    ],
)
def test_a_text_is_escaped_and_marked(text: str, asked: str, expected: str) -> None:
    assert highlight_text(text, terms(asked)).replace("<mark>", "[").replace("</mark>", "]") == expected


@pytest.mark.parametrize(
    ("written", "asked", "expected"),
    [
        ("<p>확산은</p>", "확산", "<p>[확산]은</p>"),
        ('<a href="https://e.org/href">a href</a>', "href", '<a href="https://e.org/href">a [href]</a>'),
        ('<a href="x>p">p</a>', "p", '<a href="x>p">[p]</a>'),
        ("<p>&lt;p&gt; &amp; &nbsp;</p>", "p lt amp nbsp", "<p>&lt;[p]&gt; &amp; &nbsp;</p>"),
        ("<p>a&nbsp;b</p>", '"a b"', "<p>[a&nbsp;b]</p>"),
        ("<p>&#39;가&#x27;</p>", "\"'가'\"", "<p>[&#39;가&#x27;]</p>"),
        ("<strong>확산</strong> 모델", '"확산 모델"', "<strong>[확산]</strong>[ 모델]"),
        ("<em>확</em><code>산</code>은", "확산", "<em>[확]</em><code>[산]</code>은"),
        ("x<sup>2</sup>", "x2", "[x]<sup>[2]</sup>"),
        ("<p>확산</p><p>모델</p>", "확산모델", "<p>확산</p><p>모델</p>"),
        ("<ul><li>a</li>\n<li>b</li></ul>", '"a b"', "<ul><li>[a]</li>\n<li>[b]</li></ul>"),
        ("확<br>산", "확산", "확<br>산"),
        ('x <math display="block"><mi>x</mi></math> x', "x", '[x] <math display="block"><mi>x</mi></math> [x]'),
        ("확산<math><mi>x</mi></math>모델", '"확산 모델" 확산모델', "확산<math><mi>x</mi></math>모델"),
    ],
)
def test_only_the_text_of_html_is_marked(written: str, asked: str, expected: str) -> None:
    assert highlight_html(written, terms(asked)) == expected.replace("[", "<mark>").replace("]", "</mark>")


LETTERS = (
    "가각확산모델ㄱㅏ\u1100\u1161\u11a8\u0301\u0308\u0323\u3099ﬁßİıſKＡａA a\n\u00a0\u00a8\u3000ｶﾞǰᾳ\u0345"
    "ςσΣ&<>\"'.“”中Ⅷ"
)
TEXTS = st.text(st.sampled_from(LETTERS) | st.characters(exclude_categories=["Cs"]), max_size=30)


@given(TEXTS, st.data())
@example("\u1100\u0301\u1161", None)
def test_a_text_is_marked_where_search_finds_a_term_and_nowhere_else(text: str, data: st.DataObject | None) -> None:
    folded = fold(text)
    places = st.tuples(*[st.integers(0, len(folded))] * 2).map(sorted)
    start, end = data.draw(places) if data else (0, 1)
    for term in (folded[start:end].strip(), fold(text[:2]), fold("가"), "a"):
        written = highlight_text(text, [[term]])
        assert without_marks(written) == html.escape(text, quote=False)
        assert ("<mark>" in written) == (bool(term) and term in folded)
        for found in re.findall("<mark>(.*?)</mark>", written, re.DOTALL):
            assert term in fold(html.unescape(found))


MARKUP = st.sampled_from(
    ["<p>", "</p>", "<strong>", "</strong>", '<a href="https://e.org/?a=1&amp;b">', "</a>", "<br>", "&amp;", "&lt;"]
    + ["&nbsp;", "<math><mi>a</mi></math>", "가", "모델", "a", " ", "\n", NFD, "ﬁ", "&", "<", ">", '"', "\u0301"]
)


@given(
    st.lists(MARKUP).map("".join), st.lists(st.lists(st.sampled_from(["가", "a", "모델", "&", "f", "<", "a 가", "p"])))
)
def test_without_the_marks_html_is_as_it_was(written: str, asked: list[list[str]]) -> None:
    assert without_marks(highlight_html(written, asked)) == written


@given(st.lists(MARKUP).map("".join), st.sampled_from(["가", "a", "모델", "p", "math", "href", "amp"]))
def test_tags_entities_and_formulas_are_never_cut(written: str, term: str) -> None:
    whole = r"<math>.*?</math>|<[^>]*>|&\w+;"
    safe = render_html(written)
    found = re.findall(whole, highlight_html(safe, [[term]]))
    assert [each for each in found if each not in ("<mark>", "</mark>")] == re.findall(whole, safe)


def test_what_a_search_finds_in_summaries_is_marked(open_files: OpenFiles) -> None:
    summaries = ["- **확산** 모델은 $x$ 를", "- 확산은\n- <확산> `모델`", "- 다른 말", "- ＤＩＦＦＵＳＩＯＮ 모델"]
    papers = [paper(f"T{number}", f"2401.{number}", summary=each) for number, each in enumerate(summaries, 1)]
    archive: Archive = open_files({"1.md": day("2024-01-30", *papers)}).archive
    for asked in ("확산", '"확산 모델"', "diffusion|다른", "모델"):
        query = read_query([("q", asked)])
        found = {each.title for each in archive.papers(query)}
        shown = {
            each.title
            for each in archive.papers(EVERYTHING)
            if "<mark>" in highlight_html(render_html(each.summary), query.terms)
        }
        assert shown == found


def test_a_page_of_papers_takes_no_time(tmp_path: Path) -> None:
    archives.write(tmp_path, days=1, papers=50)
    (written,) = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.md")]
    summaries = [render_html(each) for each in written.split("### ")]
    asked = terms('모델 확산|diffusion "언어모델" 학습 a')
    started = time.process_time()
    for each in summaries:
        highlight_html(each, asked)
    assert time.process_time() - started < 0.5  # 0.005 where nothing else runs


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("a" * 100_000, "a" * 200),
        ("ab" * 50_000, "ab" * 99 + "a"),
        ("a" + " " * 100_000, "a b"),
        ("a " * 50_000, " ".join("a" * 100)),
        ("\u0301\u0323" * 50_000, "a"),
        ("가\u0323\u0301" * 33_000, "가"),
        ("中文" * 50_000, "中文" * 100),
        ("<" * 100_000, "<"),
        ("&" * 100_000, "amp"),
        ('"' * 100_000, '"'),
        ("<p>" * 33_000, "p"),
    ],
)
def test_hostile_texts_take_no_time_to_speak_of(text: str, term: str) -> None:
    started = time.process_time()
    highlight_text(text, [[term]])
    highlight_html(text, [[term]])
    assert time.process_time() - started < 5
