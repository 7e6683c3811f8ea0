"""Summaries as HTML, XHTML and text: safe, whole, and Korean."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from feeds.text.markdown import Link, LinkKind, excerpt, extract_links, render_html, render_xhtml, to_plain_text
from feeds.text.titles import title_text


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("- 가\n  - 나", "<ul>\n<li>가\n<ul>\n<li>나</li>\n</ul>\n</li>\n</ul>"),
        ("1. 가\n2. 나", "<ol>\n<li>가</li>\n<li>나</li>\n</ol>"),
        ("토큰 <EOS>와 </s>", "<p>토큰 &lt;EOS&gt;와 &lt;/s&gt;</p>"),
        ("<think>\n생각 **속**", "<p>&lt;think&gt;\n생각 <strong>속</strong></p>"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>"),
        ("H<sub>2</sub>O<br>물", "<p>H<sub>2</sub>O<br>물</p>"),
        ("`x <y>`", "<p><code>x &lt;y&gt;</code></p>"),
        ("**모델(Model)**을", "<p><strong>모델(Model)</strong>을</p>"),
        ("**'인용'**은 **둘(2)**은", "<p><strong>'인용'</strong>은 <strong>둘(2)</strong>은</p>"),
        ("`**a(b)**c`", "<p><code>**a(b)**c</code></p>"),
        ("3~5개, 7~9개", "<p>3~5개, 7~9개</p>"),
        ("$5와 $10", "<p>$5와 $10</p>"),
        ("제어 &#8; 문자", "<p>제어  문자</p>"),
        ("[MASK](마스크)를 W[l](x)", "<p>[MASK](마스크)를 W[l](x)</p>"),
        ("- [코드]: 중요", "<ul>\n<li>[코드]: 중요</li>\n</ul>"),
        ("<think>\n`<EOS>` 토큰", "<p>&lt;think&gt;\n<code>&lt;EOS&gt;</code> 토큰</p>"),
        ("<image:1>과 <INST:0>", "<p>&lt;image:1&gt;과 &lt;INST:0&gt;</p>"),
        ("__init__ 5*3*2", "<p>__init__ 5*3*2</p>"),
        ("<br>\n- 가", "<p><br></p>\n<ul>\n<li>가</li>\n</ul>"),
        ("***모델(Model)***을", "<p><strong>모델(Model)</strong>을</p>"),
        ("가 <!-- 메모 -->나\n\n<!--\n메모\n-->", "<p>가 나</p>"),
        ("가\n===\n나", "<p><strong>가</strong></p>\n<p>나</p>"),
    ],
)
def test_markdown_as_html(markdown: str, expected: str) -> None:
    assert render_html(markdown) == expected


@pytest.mark.parametrize(
    ("markdown", "mathml", "plain"),
    [
        ("$x_1 * y_2 * z$", "<msub><mi>x</mi><mn>1</mn></msub>", "x₁ * y₂ * z"),
        (r"$\frac{a}{b}$를", "<mfrac>", r"$\frac{a}{b}$를"),
        ("$P(<EOS>|x)$ 와 $a &lt; b$", 'alttext="P(&lt;EOS&gt;|x)"', "P(<EOS>|x) 와 a < b"),
        (r"\(x_1 * y_1\)와 \[a_i\]", 'display="block"', "x₁ * y₁와 aᵢ"),
        ("LLM$\\times$MapReduce", "<mo>×</mo>", "LLM×MapReduce"),
        (r"$\href{javascript:alert(1)}{x}$", r"<p>$\href{", r"$\href{javascript:alert(1)}{x}$"),
        (r"$\style{color:red}{x}$", r"<p>$\style{", r"$\style{color:red}{x}$"),
        (r"$\mathop{a}\limits_b$", r"<p>$\mathop{", r"$\mathop{a}\limits_b$"),
        ("$a % b$", "<p>$a % b$</p>", "a % b"),
        (r"$\mathcal{O}(n \log n)$", "<mi>log</mi>", "𝒪(n log n)"),
        ("$HOME/$USER", "<p>$HOME/$USER</p>", "$HOME/$USER"),
        (r"$\unknown{x}$ $\frac{a}$ $}{$", r"$\unknown{x}$ $\frac{a}$ $}{$", r"$\unknown{x}$ $\frac{a}$ $}{$"),
        ("`$x_1$` [$y$](https://e.org)", "<code>$x_1$</code>", "$x_1$ $y$"),
        ("값은 $5 이고 나중에 10$ 입니다", "$5 이고 나중에 10$", "값은 $5 이고 나중에 10$ 입니다"),
    ],
)
def test_formulas(markdown: str, mathml: str, plain: str) -> None:
    assert mathml in render_html(markdown)
    assert to_plain_text(markdown) == plain
    assert "\ufdd2" not in render_html(markdown)
    etree.fromstring(f"<div>{render_xhtml(markdown)}</div>")


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("LLM$\\times$MapReduce", "LLM×MapReduce"),
        ("$O(n^2)$ & <think>", "O(n²) & <think>"),
        ("$\\texttt{Foo}^2$: Bar", "Foo²: Bar"),
        ("$\\tau^2$-Bench costs $5", "τ²-Bench costs $5"),
        (r"$\mathcal{L}_{CE}$ loss", "ℒ_CE loss"),
        (r"$\mathbb{R}^{n\times m}$ and $\frac{n+1}{2}$", "ℝ^(n×m) and (n+1)/2"),
        (r"$\Delta\mathrm{LoRA}$, $\pi_{0.5}$", "Δ LoRA, π_0.5"),
        (r"\textbf{Bold} $\unknown{x}$", r"\textbf{Bold} $\unknown{x}$"),
        (r"\textbf{Bold} Moves", "Bold Moves"),
        (r"\textbf{}", r"\textbf{}"),
        (r"Sim$^{\dagger}$ with $\sim$7B", "Sim^† with ∼7B"),
        ("[IDK] `a` *b*", "[IDK] `a` *b*"),
        ("From $5 to $10: Cheap Training", "From $5 to $10: Cheap Training"),
        ("Under $100 or $1,000?", "Under $100 or $1,000?"),
        ("A $1M Prize and a $2M Prize", "A $1M Prize and a $2M Prize"),
        ("$$x^2$$ and \\(y_1\\)", "x² and y₁"),
        (r"$\pmod{n}$ $\sqrt{x+y}$ $\{1,2\}$ $\overset{a}{b}$", r"$\pmod{n}$ $\sqrt{x+y}$ $\{1,2\}$ $\overset{a}{b}$"),
    ],
)
def test_titles_are_plain_and_readable(written: str, title: str) -> None:
    assert title_text(written) == title


@pytest.mark.parametrize(
    ("markdown", "url", "behind"),
    [
        ("https://github.com/a_b/c_d_에서", "https://github.com/a_b/c_d", "_에서"),
        ("https://github.com/a/b에서 본다", "https://github.com/a/b", "에서 본다"),
        ("(https://e.org/a_(b))를", "https://e.org/a_(b)", ")를"),
        ("https://e.org/a.", "https://e.org/a", "."),
        ("**https://e.org**", "https://e.org", ""),
        ("<https://e.org/x>은", "https://e.org/x", "은"),
        ("https://e.org/a\\_b 끝", "https://e.org/a_b", " 끝"),
        ("https://e.org/a<EOS>", "https://e.org/a", "&lt;EOS&gt;"),
        ("https://e.org/**/y/**/z", "https://e.org/**/y/**/z", ""),
        ("- [코드]: https://e.org/a\n", "https://e.org/a", "</li>\n</ul>"),
    ],
)
def test_a_bare_address_becomes_a_link_that_ends_before_the_particle(markdown: str, url: str, behind: str) -> None:
    rendered = render_html(markdown)
    assert extract_links(markdown)[0].url == url
    assert re.sub("</?(p|strong)>", "", rendered).partition("</a>")[2] == behind


def test_an_address_in_code_or_in_a_link_is_left_alone() -> None:
    assert render_html("`https://e.org`") == "<p><code>https://e.org</code></p>"
    assert render_html("[https://e.org](https://f.org)") == '<p><a href="https://f.org">https://e.org</a></p>'


def test_a_picture_in_a_summary_becomes_a_link() -> None:
    assert render_html("![그림](https://e.org/a.png)") == '<p><a href="https://e.org/a.png">그림</a></p>'
    assert render_html("![](https://e.org/a.png)") == '<p><a href="https://e.org/a.png">https://e.org/a.png</a></p>'


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](<java\nscript:alert(1)>)",
        "<svg><script>alert(1)</script></svg>",
        "<style>*{display:none}</style>",
        "<iframe src=https://e.org></iframe>",
        "<sub onclick=alert(1)>a</sub>",
        "[a](data:text/html,<script>alert(1)</script>)",
        "**<img src=x onerror=alert(1)>(a)**가",
    ],
)
def test_script_never_survives(markdown: str) -> None:
    assert_safe(render_html(markdown))


def assert_safe(rendered: str) -> None:
    root = html.fragment_fromstring(rendered, create_parent="div")
    for formula in root.xpath("//math"):
        assert not formula.xpath(".//@href | .//@style | .//@*[starts-with(name(), 'on')] | .//a | .//script")
        formula.getparent().remove(formula)
    allowed = {"div", "p", "ul", "ol", "li", "strong", "em", "code", "pre", "a", "br", "hr", "sub", "sup"}
    for element in root.iter():
        assert element.tag in allowed | {"blockquote", "table", "thead", "tbody", "tr", "th", "td"}
        assert set(element.attrib) <= {"href", "start"}
        assert re.match("https?:|mailto:", element.get("href", "https:"), re.IGNORECASE)


MARKDOWN = st.lists(
    st.sampled_from(
        ["- ", "1. ", "\n", "\n\n", "    ", "**", "*", "_", "`", "```", "$", "<", ">", "&", "&amp;", "&#8;", "|", "#"]
        + ["https://e.org/a_(b)", "<script>", "</p>", "<!--", "-->", "<br>", "<sub>", "[a](b)", "![", "](", ")", "\\"]
        + ["가나다", "모델", " ", "word", "]: ", "http://", "<https://e.org>", "\x00", "\ufffe", "'", '"', "onload="]
    )
    | st.text(max_size=5),
    max_size=25,
).map("".join)


@given(MARKDOWN)
def test_whatever_is_written_the_html_is_safe_and_the_xhtml_is_well_formed(markdown: str) -> None:
    assert_safe(render_html(markdown))
    etree.fromstring(f"<div>{render_xhtml(markdown)}</div>")
    to_plain_text(markdown)


@given(st.lists(st.from_regex("[가-힣a-z0-9]{1,8}", fullmatch=True), min_size=1, max_size=20), st.integers(1, 40))
def test_an_excerpt_is_no_longer_than_asked_and_starts_the_text(words: list[str], length: int) -> None:
    whole = " ".join(words)
    short = excerpt(whole, length)
    assert len(short) <= length
    assert whole.startswith(short.removesuffix("…"))
    assert (short == whole) == (len(whole) <= length)


@pytest.mark.parametrize(
    "markdown", [">" * 300 + "가", "".join(" " * 2 * n + "- 가\n" for n in range(140)), "가" * 100_001]
)
def test_what_nobody_would_write_is_shown_as_it_stands(markdown: str) -> None:
    etree.fromstring(f"<div>{render_xhtml(markdown)}</div>")
    assert to_plain_text(markdown).count("가") == markdown.count("가")


def test_cells_of_a_table_are_words_apart() -> None:
    assert to_plain_text("|가|나|\n|-|-|\n|1|2|") == "가 나\n1 2"


def test_plain_text_has_a_line_an_item() -> None:
    assert to_plain_text("- 가 **나**\n- <EOS>\n  - 다\n\n끝") == "- 가 나\n- <EOS>\n- 다\n끝"


def test_links_are_told_apart_and_listed_once() -> None:
    markdown = "https://github.com/a/b https://a.github.io/b https://gist.github.com/c https://github.com/a/b"
    assert extract_links(markdown) == (
        Link("https://github.com/a/b", LinkKind.CODE),
        Link("https://a.github.io/b", LinkKind.PAGE),
        Link("https://gist.github.com/c", LinkKind.CODE),
    )


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("[x](<script>) hello\n\n- world", ["[x](<script>) hello", "world"]),
        ("![alt](rel<style>.png) hi", ["![alt](rel<style>.png) hi"]),
        ("[x](<think>) hello [a](<b c>) d", ["[x](<think>) hello", "[a](<b c>) d"]),
        ("- [그림 1: [MASK](마스크) 토큰]", ["[그림 1: [MASK](마스크) 토큰]"]),
        ("[a [b](낱말) c", ["[a [b](낱말) c"]),
        ("[x](http://a..b/paper) y", ["[x](http://a..b/paper) y"]),
        ("![](http://a..b/p.png)", ["http://a..b/p.png"]),
    ],
)
def test_a_link_that_leads_nowhere_loses_no_word(markdown: str, words: list[str]) -> None:
    plain = to_plain_text(markdown)
    for each in words:
        assert each in plain
    etree.fromstring(f"<div>{render_xhtml(markdown)}</div>")
