"""Text and titles as LaTeX."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.text.latex_escape import escape_latex, pdftex_definitions, title_latex


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("A & B 95% #1 a_b $5", r"A \& B 95\% \#1 a\_b \$5"),
        ("<think> | ~ ^", r"$<$think$>$ $|$ \textasciitilde{} \textasciicircum{}"),
        ("\\ { }", r"\textbackslash{} \textbraceleft{} \textbraceright{}"),
        ("ß ø Ł ı é ñ ő ą", r"{\ss} {\o} {\L} {\i} {\'e} {\~n} {\H{o}} {\k{a}}"),
        ("e\u0301 x\u0302", r"{\'e} $\hat{x}$"),
        ("– — “a” ‘b’ c\u00a0d", "-- --- ``a'' `b' c~d"),
        ("π τ Σ × ℝ 𝒪 ∞", r"$\pi$ $\tau$ $\Sigma$ $\times$ $\mathbb{R}$ $\mathcal{O}$ $\infty$"),
        ("D²iT 10⁻³ x₁", r"D\textsuperscript{2}iT 10\textsuperscript{$-$3} x\textsubscript{1}"),
        ("ﬁ ½ ： 𝐱", "fi 1/2 : x"),
        ("?` !`", "?{`} !{`}"),
        ("한국어 ㅋㅋ 「인용」 Привет Nguyễn đ 🔥", "한국어 ㅋㅋ 「인용」 Привет Nguyễn đ 🔥"),
        ("a\u200db\ufeff ❤️", "ab ❤"),
    ],
)
def test_text_is_escaped_for_latex(text: str, latex: str) -> None:
    assert escape_latex(text) == latex


@pytest.mark.parametrize(
    ("title", "latex"),
    [
        (r"$O(n^2)$ in $\mathbb{R}^{n\times m}$", r"$O(n^2)$ in $\mathbb{R}^{n\times m}$"),
        (r"$\frac{a}{b}$ $\mathcal{L}_{\text{CE}}$ \(x_1\)", r"$\frac{a}{b}$ $\mathcal{L}_{\textrm{CE}}$ $x_1$"),
        ("$π$ $95%$ $x_1 & y$", r"$\pi$ 95\% x\textsubscript{1} \& y"),
        (r"$x^a^b$ $\bm{x}$ $f'(x)$", r"x\textsuperscript{ab} x f'(x)"),
        (
            r"$x^\ldots$ $x^\frac{1}{2}$",
            r"x\textasciicircum{}\ldots{} x\textasciicircum{}(1/2)".replace(r"\ldots{}", "…"),
        ),
        (r"$\unknown{x}$", r"\$\textbackslash{}unknown\textbraceleft{}x\textbraceright{}\$"),
        (r"$\text{a_b}$", r"a\_b"),
        (r"\textsc{X}: D^2iT", r"X: D\textsuperscript{2}iT"),
    ],
)
def test_title_keeps_the_formulas_that_latex_compiles(title: str, latex: str) -> None:
    assert title_latex(title) == latex


TOKENS = 'a B 2 $ $ { } ^ _ \\ \\alpha \\frac{a}{b} \\sqrt{ \\text{ \\left( & % # ~ é ² 가 🔥 < | ` " \u0302'.split(" ")


@given(st.lists(st.sampled_from([*TOKENS, " "]), max_size=12).map("".join))
def test_braces_of_an_escaped_title_are_balanced(title: str) -> None:
    depth = 0
    for character in title_latex(title):
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0


def test_pdftex_definitions_cover_what_latex_lacks() -> None:
    definitions = pdftex_definitions(r"$\mathbb{R}$ {\k{a}} ễ ə ✓ 한 Я é ™")
    assert definitions.splitlines() == [
        r"\providecommand{\mathbb}[1]{\mathbf{#1}}",
        r"\ProvideTextCommandDefault{\k}[1]{#1}",
        r"\expandafter\providecommand\csname u8:\detokenize{é}\endcsname{\'{e}}",
        r"\expandafter\providecommand\csname u8:\detokenize{ə}\endcsname{e}",
        r"\expandafter\providecommand\csname u8:\detokenize{ễ}\endcsname{\~{\^{e}}}",
        r"\expandafter\providecommand\csname u8:\detokenize{✓}\endcsname{[check mark]}",
    ]
    assert pdftex_definitions("Plain") == ""
