"""Titles as plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.text.titles import title_text


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("LLM$\\times$MapReduce", "LLM×MapReduce"),
        ("$O(n^2)$ & <think>", "O(n²) & <think>"),
        ("$\\texttt{Foo}^2$: Bar", "Foo²: Bar"),
        ("$\\tau^2$-Bench costs $5", "τ²-Bench costs $5"),
        (r"$\mathcal{L}_{CE}$ loss", "ℒ_CE loss"),
        (r"$\mathbb{R}^{n\times m}$ and $\frac{n+1}{2}$", "ℝ^(n×m) and (n+1)/2"),
        (r"$\Delta\mathrm{LoRA}$, $\pi_{0.5}$", "Δ LoRA, π_0.5"),
        (r"\textbf{Bold} $\unknown{x}$", r"Bold $\unknown{x}$"),
        (r"\textbf{Bold} Moves", "Bold Moves"),
        (r"\textbf{}", r"\textbf{}"),
        (r"Sim$^{\dagger}$ with $\sim$7B", "Sim^† with ∼7B"),
        ("[IDK] `a` *b*", "[IDK] `a` *b*"),
        ("From $5 to $10: Cheap Training", "From $5 to $10: Cheap Training"),
        ("Under $100 or $1,000?", "Under $100 or $1,000?"),
        ("A $1M Prize and a $2M Prize", "A $1M Prize and a $2M Prize"),
        ("$$x^2$$ and \\(y_1\\)", "x² and y₁"),
        (r"$\pmod{n}$ $\sqrt{x+y}$ $\{1,2\}$ $\overset{a}{b}$", r"$\pmod{n}$ $\sqrt{x+y}$ $\{1,2\}$ $\overset{a}{b}$"),
        (r"$n\log m$ $x^\frac{1}{2}$ $\frac12x$ ${a+b}^2$", "n log m x^(1/2) 1/2 x (a+b)²"),
        (r"$\mathcal L$ $\mathbb R^n$ $\hat x$ $360^\circ$", "ℒ ℝⁿ x̂ 360°"),
    ],
)
def test_title_becomes_readable_plain_text(title: str, text: str) -> None:
    assert title_text(title) == text


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("X^{2}-Gaussian", "X²-Gaussian"),
        ("360^circ, 90^{\\circ} and 180^\\circ", "360°, 90° and 180°"),
        ("D^2iT, O(n^2), O(n^{10}), 10^-3, x^T", "D²iT, O(n²), O(n¹⁰), 10⁻³, xᵀ"),
        (r"\alpha-Flow, \pi_0, \pi_{0.5}, \tau^2-bench", "α-Flow, π₀, π_0.5, τ²-bench"),
        (r"LLM\times MapReduce at 4 \times 4", "LLM×MapReduce at 4 × 4"),
        (r"\textsc{Small}, \emph{Slanted}, {\bf Bold}", "Small, Slanted, Bold"),
        (r"\mathcal{O}(n), \frac{1}{2}, \sqrt{2}", "𝒪(n), 1/2, √2"),
        (r"Schr\"odinger, Erd\H{o}s-R\'enyi, Nystr{\"o}m, \'{\i}", "Schrödinger, Erdős-Rényi, Nyström, í"),
        (r"Stra\ss e, \L{}ukasz, {\o}re", "Straße, Łukasz, øre"),
        (r"R\&D 95\% \#1 C\_D", "R&D 95% #1 C_D"),
        ("CO_2, H_2O and L_0", "CO₂, H₂O and L₀"),
        (r"Costs $5 and X^{2} \\ Part 2", "Costs $5 and X² Part 2"),
        (r"It\'s \"quoted\" and na\"ive", 'It\'s "quoted" and naïve'),
        ("under_score, foo_2, N^th, ^_^, {GPT}, a~b", "under_score, foo_2, N^th, ^_^, {GPT}, a~b"),
        (r"Back\slash \unknown{X}", r"Back\slash \unknown{X}"),
    ],
)
def test_tex_without_dollar_signs_becomes_text(title: str, text: str) -> None:
    assert title_text(title) == text


@given(
    st.lists(
        st.sampled_from("a B 2 é 가 $ ^ _ { } \\ ' \" \\alpha \\textbf{ \\H{ ^{ _{ \\frac".split(" ")) | st.just(" ")
    )
)
def test_title_text_keeps_the_letters_that_are_no_commands(parts: list[str]) -> None:
    title = "".join(parts)
    text = title_text(title)
    assert text.count("가") == title.count("가")
    assert text or not title.strip()
