"""Titles as plain text."""

import pytest

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
def test_title_becomes_readable_plain_text(title: str, text: str) -> None:
    assert title_text(title) == text
