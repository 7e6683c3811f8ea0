"""Search terms are highlighted where search finds them, and the text stays the same."""

import html
import re
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feeds.model.keys import ALL, SearchKey
from feeds.model.query import Query
from feeds.text.highlight import highlight_html, highlight_text
from feeds.text.markdown import render_html
from feeds.text.unicode import fold
from tests.support import archives
from tests.support.digests import OpenFiles, day, paper

NFD = unicodedata.normalize("NFD", "확산")


def fold_terms(search: str) -> tuple[tuple[str, ...], ...]:
    return Query(q=search).terms


def without_marks(document: str) -> str:
    return document.replace("<mark>", "").replace("</mark>", "")


@pytest.mark.parametrize(
    ("text", "search", "expected"),
    [
        ("확산은 모델이다", "확산", "[확산]은 모델이다"),
        ("언어모델을 쓴다", "모델", "언어[모델]을 쓴다"),
        ("각 값", "가", "각 값"),  # another syllable
        (f"{NFD}은", "확산", f"[{NFD}]은"),
        ("확산은", NFD, "[확산]은"),
        ("LLM and llm", "Llm", "[LLM] and [llm]"),
        ("ﬁne ﬁne", "fi", "[ﬁ]ne [ﬁ]ne"),
        ("ﬁne", "ine", "[ﬁne]"),  # half of a ligature cannot be marked
        ("Straße", "strasse", "[Straße]"),
        ("ＧＰＴ-4 GPT", "gpt", "[ＧＰＴ]-4 [GPT]"),
        ("TÜLU tu\u0308lu Tulu", "tülu", "[TÜLU] [tu\u0308lu] [Tulu]"),
        ("ｶﾞ ガ", "ガ", "[ｶﾞ] [ガ]"),
        ("ㅎㅏㄱ", "하", "[ㅎㅏ]ㄱ"),
        ("확산  모델", '"확산 모델"', "[확산  모델]"),
        ("확산\u3000\n모델", '"확산 모델"', "[확산\u3000\n모델]"),
        ("확산 모델", "모델|diffusion 확산", "[확산] [모델]"),
        ("확산모델", "모델 확산", "[확산모델]"),  # adjacent matches are merged
        ("확산모델링", '확산모델 "모델링"', "[확산모델링]"),  # and overlapping ones
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
def test_text_is_escaped_and_highlighted(text: str, search: str, expected: str) -> None:
    assert highlight_text(text, fold_terms(search)).replace("<mark>", "[").replace("</mark>", "]") == expected


@pytest.mark.parametrize(
    ("document", "search", "expected"),
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
def test_html_is_highlighted_in_its_text_only(document: str, search: str, expected: str) -> None:
    assert highlight_html(document, fold_terms(search)) == expected.replace("[", "<mark>").replace("]", "</mark>")


LETTERS = (
    "가각확산모델ㄱㅏ\u1100\u1161\u11a8\u0301\u0308\u0323\u3099ﬁßİıſKＡａA a\n\u00a0\u00a8\u3000ｶﾞǰᾳ\u0345"
    "ςσΣ&<>\"'.“”中Ⅷ"
)
TEXTS = st.text(st.sampled_from(LETTERS) | st.characters(exclude_categories=["Cs"]), max_size=30)


@given(TEXTS, st.data())
@example("\u1100\u0301\u1161", None)
def test_text_is_highlighted_exactly_where_search_matches(text: str, data: st.DataObject | None) -> None:
    folded = fold(text)
    spans = st.tuples(*[st.integers(0, len(folded))] * 2).map(sorted)
    start, end = data.draw(spans) if data else (0, 1)
    for term in (folded[start:end].strip(), fold(text[:2]), fold("가"), "a"):
        document = highlight_text(text, [[term]])
        assert without_marks(document) == html.escape(text, quote=False)
        assert ("<mark>" in document) == (bool(term) and term in folded)
        for marked in re.findall("<mark>(.*?)</mark>", document, re.DOTALL):
            assert term in fold(html.unescape(marked))


MARKUP = st.sampled_from(
    ["<p>", "</p>", "<strong>", "</strong>", '<a href="https://e.org/?a=1&amp;b">', "</a>", "<br>", "&amp;", "&lt;"]
    + ["&nbsp;", "<math><mi>a</mi></math>", "가", "모델", "a", " ", "\n", NFD, "ﬁ", "&", "<", ">", '"', "\u0301"]
)


@given(
    st.lists(MARKUP).map("".join), st.lists(st.lists(st.sampled_from(["가", "a", "모델", "&", "f", "<", "a 가", "p"])))
)
def test_html_without_its_marks_is_unchanged(document: str, terms: list[list[str]]) -> None:
    assert without_marks(highlight_html(document, terms)) == document


@given(st.lists(MARKUP).map("".join), st.sampled_from(["가", "a", "모델", "p", "math", "href", "amp"]))
def test_tags_entities_and_formulas_stay_whole(markdown: str, term: str) -> None:
    markup = r"<math>.*?</math>|<[^>]*>|&\w+;"
    document = render_html(markdown)
    matches = re.findall(markup, highlight_html(document, [[term]]))
    assert [match for match in matches if match not in ("<mark>", "</mark>")] == re.findall(markup, document)


def test_summary_is_highlighted_when_search_finds_it(open_files: OpenFiles) -> None:
    summaries = ["- **확산** 모델은 $x$ 를", "- 확산은\n- <확산> `모델`", "- 다른 말", "- ＤＩＦＦＵＳＩＯＮ 모델"]
    papers = [paper(f"T{number}", f"2401.{number}", summary=text) for number, text in enumerate(summaries, 1)]
    with open_files({"1.md": day("2024-01-30", *papers)}).archive.snapshot() as snapshot:
        for search in ("확산", '"확산 모델"', "diffusion|다른", "모델"):
            found = {paper.title for paper in snapshot.load(SearchKey(Query(q=search))).papers}
            highlighted = {
                paper.title
                for paper in snapshot.load(ALL).papers
                if "<mark>" in highlight_html(render_html(paper.summary), fold_terms(search))
            }
            assert highlighted == found


def test_page_of_papers_is_highlighted_quickly(tmp_path: Path) -> None:
    archives.write(tmp_path, days=1, papers=50)
    (source,) = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.md")]
    summaries = [render_html(text) for text in source.split("### ")]
    page_terms = fold_terms('모델 확산|diffusion "언어모델" 학습 a')
    started = time.process_time()
    for summary in summaries:
        highlight_html(summary, page_terms)
    assert time.process_time() - started < 0.5  # 0.005 on an idle machine


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
def test_hostile_text_is_highlighted_in_bounded_time(text: str, term: str) -> None:
    started = time.process_time()
    highlight_text(text, [[term]])
    highlight_html(text, [[term]])
    assert time.process_time() - started < 5
