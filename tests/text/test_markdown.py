"""Markdown of summaries as HTML, XHTML and plain text."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from feeds.text.links import Link, LinkKind
from feeds.text.markdown import excerpt, extract_links, html_to_xhtml, render_html, to_plain_text


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
def test_markdown_renders_as_html(markdown: str, expected: str) -> None:
    assert render_html(markdown) == expected


@pytest.mark.parametrize(
    ("markdown", "html", "plain"),
    [
        ("$x_1 * y_2 * z$", "<p>x₁ * y₂ * z</p>", "x₁ * y₂ * z"),
        (r"$\frac{a}{b}$를", "<mfrac>", "a/b를"),
        ("$P(<EOS>|x)$ 와 $a &lt; b$", "<p>P(&lt;EOS&gt;|x) 와 a &lt; b</p>", "P(<EOS>|x) 와 a < b"),
        (r"\(x_1 * y_1\)와 \[a_i\]", "<p>x₁ * y₁와 aᵢ</p>", "x₁ * y₁와 aᵢ"),
        (r"$$\sqrt{a<b}$$", 'display="block"', "√(a<b)"),
        ("LLM$\\times$MapReduce", "<p>LLM×MapReduce</p>", "LLM×MapReduce"),
        (r"$\href{javascript:alert(1)}{x}$", r"<p>$\href{", r"$\href{javascript:alert(1)}{x}$"),
        (r"$\style{color:red}{x}$", r"<p>$\style{", r"$\style{color:red}{x}$"),
        (r"$\mathop{a}\limits_b$", r"<p>$\mathop{", r"$\mathop{a}\limits_b$"),
        ("$a % b$", "<p>a % b</p>", "a % b"),
        (r"$\mathcal{O}(n \log n)$", "<p>𝒪(n log n)</p>", "𝒪(n log n)"),
        ("$HOME/$USER", "<p>$HOME/$USER</p>", "$HOME/$USER"),
        (r"$\unknown{x}$ $\frac{a}$ $}{$", r"$\unknown{x}$ $\frac{a}$ $}{$", r"$\unknown{x}$ $\frac{a}$ $}{$"),
        ("`$x_1$` [$y$](https://e.org)", "<code>$x_1$</code>", "$x_1$ $y$"),
        ("값은 $5 이고 나중에 10$ 입니다", "$5 이고 나중에 10$", "값은 $5 이고 나중에 10$ 입니다"),
    ],
)
def test_formula_renders_as_unicode_or_mathml(markdown: str, html: str, plain: str) -> None:
    assert html in render_html(markdown)
    assert to_plain_text(markdown) == plain
    assert "\ufdd2" not in render_html(markdown)
    etree.fromstring(f"<div>{html_to_xhtml(render_html(markdown))}</div>")


@pytest.mark.parametrize(
    "markdown", ["$O(n^{10})$", r"$\frac{1}{2}$", "$10^{-3}$", r"$\sqrt{x+y}$", r"$x^{\frac{a}{b}}$"]
)
def test_html_without_its_tags_reads_as_the_plain_text(markdown: str) -> None:
    text = unescape(re.sub("<[^>]*>", "", render_html(markdown)))
    assert text == to_plain_text(markdown)
    assert text not in ("O(n10)", "12", "10−3", "x+y", "xab")


@pytest.mark.parametrize(
    ("markdown", "url", "rest"),
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
def test_bare_url_becomes_a_link_that_ends_before_a_particle(markdown: str, url: str, rest: str) -> None:
    document = render_html(markdown)
    assert extract_links(document)[0].url == url
    assert re.sub("</?(p|strong)>", "", document).partition("</a>")[2] == rest


def test_url_in_code_or_in_a_link_is_not_linked() -> None:
    assert render_html("`https://e.org`") == "<p><code>https://e.org</code></p>"
    assert render_html("[https://e.org](https://f.org)") == '<p><a href="https://f.org">https://e.org</a></p>'


def test_image_becomes_a_link() -> None:
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
def test_script_is_removed_or_escaped(markdown: str) -> None:
    assert_safe(render_html(markdown))


def assert_safe(document: str) -> None:
    root = html.fragment_fromstring(document, create_parent="div")
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
def test_any_markdown_gives_safe_html_and_well_formed_xhtml(markdown: str) -> None:
    assert_safe(render_html(markdown))
    etree.fromstring(f"<div>{html_to_xhtml(render_html(markdown))}</div>")
    to_plain_text(markdown)


@given(st.lists(st.from_regex("[가-힣a-z0-9]{1,8}", fullmatch=True), min_size=1, max_size=20), st.integers(1, 40))
def test_excerpt_is_a_prefix_of_at_most_max_length(words: list[str], max_length: int) -> None:
    text = " ".join(words)
    short = excerpt(text, max_length)
    assert len(short) <= max_length
    assert text.startswith(short.removesuffix("…"))
    assert (short == text) == (len(text) <= max_length)


@pytest.mark.parametrize(
    "markdown", [">" * 300 + "가", "".join(" " * 2 * n + "- 가\n" for n in range(140)), "가" * 100_001]
)
def test_markdown_beyond_the_limits_is_shown_as_source(markdown: str) -> None:
    etree.fromstring(f"<div>{html_to_xhtml(render_html(markdown))}</div>")
    assert to_plain_text(markdown).count("가") == markdown.count("가")


def test_table_cells_are_separate_words_in_plain_text() -> None:
    assert to_plain_text("|가|나|\n|-|-|\n|1|2|") == "가 나\n1 2"


def test_plain_text_has_one_line_per_item() -> None:
    assert to_plain_text("- 가 **나**\n- <EOS>\n  - 다\n\n끝") == "- 가 나\n- <EOS>\n- 다\n끝"


def test_links_are_classified_and_listed_once() -> None:
    markdown = "https://github.com/a/b https://a.github.io/b https://gist.github.com/c https://github.com/a/b"
    assert extract_links(render_html(markdown)) == (
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
def test_invalid_link_keeps_its_words(markdown: str, words: list[str]) -> None:
    text = to_plain_text(markdown)
    for word in words:
        assert word in text
    etree.fromstring(f"<div>{html_to_xhtml(render_html(markdown))}</div>")
