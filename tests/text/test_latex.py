"""LaTeX formulas in Unicode and in MathML, and what is left of MathML without its tags."""

import re
from html import unescape

import pytest
from lxml import etree

from feeds.text.latex import to_inline_text, to_mathml, to_unicode


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{1}{2}", "1/2"),
        (r"\frac{a+b}{2}x", "(a+b)/2 x"),
        ("O(n^{10})", "O(n^10)"),
        ("x^{2n}", "x^(2n)"),
        ("10^{-3}", "10^(−3)"),
        ("{a+b}^2", "(a+b)^2"),
        ("x^{a^b}", "x^(a^b)"),
        ("f'(x)", "f′(x)"),
        (r"\sum_{i=1}^{n} x_i y_j", "∑_(i=1)^n x_i y_j"),
        (r"\sqrt{x+y}=\sqrt[3]{x}", "√(x+y)=x^(1/3)"),
        (r"\begin{pmatrix}a&b\\c&d\end{pmatrix}", "(a, b; c, d)"),
        (r"\log_2 n\log m", "log_2 n log m"),
        (r"\lim_{x\to0}f(x)", "lim_(x→0)f(x)"),
        (r"\binom{n}{k}", "(n choose k)"),
        (r"a\quad b\,dx", "a b dx"),
        (r"\mathcal{L}_{\mathrm{CE}}", "ℒ_(CE)"),
        (r"\widehat{xy}+\overset{a}{b}", "(xy)^+b^a"),
    ],
)
def test_mathml_without_tags_reads_right(latex: str, text: str) -> None:
    mathml = to_mathml(latex, display=False)
    assert mathml is not None
    assert unescape(re.sub("<[^>]*>", "", mathml)) == text


def test_text_added_to_mathml_is_invisible() -> None:
    root = etree.fromstring(to_mathml(r"\frac{a+b}{\sqrt{x}}", display=False) or "")
    hidden = root.xpath(
        "//*[local-name() = 'mpadded'][@width = 0][@height = 0][@depth = 0]/*[local-name() = 'mphantom']"
    )
    for phantom in hidden:
        phantom.clear()
    assert len(hidden) == 5
    assert "".join(root.itertext()) == "a+bx"


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"O(n\log n)", "O(n log n)"),
        (r"\arg\max", "arg max"),
        (r"\log\alpha", "log α"),
        (r"\hat x \mathbb R \sqrt2", "x̂ ℝ √2"),
        (r"360^\circ", "360°"),
        (r"{a+b}^2", "(a+b)²"),
    ],
)
def test_formula_reads_right_in_unicode(latex: str, text: str) -> None:
    assert to_unicode(latex) == text


@pytest.mark.parametrize(
    "latex", [r"\frac{a}{b}", r"\bar{xy}", r"\underbrace{x+y}_n", r"\widehat{K}", r"\unknown{x}", "x^q"]
)
def test_formula_that_characters_cannot_express_is_not_unicode(latex: str) -> None:
    assert to_unicode(latex) is None


@pytest.mark.parametrize(
    ("latex", "text"),
    [("x^{ab^c}", "x^(abᶜ)"), (r"x^\frac{1}{2}", "x^(1/2)"), ("x^{qr}", "x^(qr)"), ("x_{qr}", "x_qr")],
)
def test_inline_text_has_brackets_where_a_script_is_longer(latex: str, text: str) -> None:
    assert to_inline_text(latex) == text
