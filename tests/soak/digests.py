"""Hypothesis strategies for digest files: the grammar of digests with hostile fragments anywhere."""

from collections.abc import Sequence

from hypothesis import strategies as st

FRAGMENTS: Sequence[str] = (
    "## Daily Papers (2024-01-30)",
    "## Daily Papers (2024-13-99)",
    "**Daily Papers (2024-01-31)**",
    "# Papers of 30/01/2024",
    "### [A Title](https://arxiv.org/abs/2401.00001)",
    "### [](https://e.org/)",
    "### [Broken",
    'Title](https://e.org/a_(b)?c=<d>&e="f")',
    "#### Deep",
    "![](https://e.org/a.png)",
    "![](javascript:alert(1))",
    "[Watch Video](https://e.org/a.mp4)",
    '<div><video controls src="https://e.org/a.mp4" muted="false"></video></div>',
    "Vote: 42",
    "Vote: -",
    "Vote: 99999999999999999999999999",
    "Authors: A, B, +",
    "Authors: ['A', \"B O'Neil\", '+']",
    "Authors: [[[[",
    "- **What's New**: text",
    "1. numbered",
    "   - nested",
    "| 가 | 나 |\n|---|---|\n| 1 | 2 |",
    "```python",
    "~~~",
    "<!--",
    "-->",
    "<think>",
    "<EOS>",
    "<script>alert(1)</script>",
    "]]>",
    "&nbsp;&#0;&#x1F600;&amp",
    "$O(n^2) \\times \\frac{a}{b}$",
    "$\\begin{matrix}\\left(\\right.$",
    "$$\\textbf{\\unknown{$",
    "\\n\\r\\0 %s {0} {{ jinja }} {% raw %}",
    "https://github.com/a_b/c_d에서",
    '[a](b "c) [[x]][y]',
    "***__~~`",
    "> > > quote",
    "\x00\x08\x0b\x0c\x1b\x7f",
    "\u200b\u202e\u2028\u2029\ufeff\ufffe\uffff",
    "e\u0301 𝔸 🧪 \U0010ffff 한국어 제목 張偉 ا",
    "[IDK] =1+1 @SUM(A1) | & < > \" '",
    "---",
    "===",
)
"""What digests are made of, and what documents break on."""

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_INLINE = st.lists(st.one_of(st.sampled_from(FRAGMENTS), _TEXT), max_size=4).map(" ".join)
_PAPER = st.builds(
    lambda title, url, lines: "\n\n".join([f"### [{title}]({url})", *lines]),
    _INLINE,
    st.one_of(
        st.integers(0, 99_999).map("https://arxiv.org/abs/2401.{:05}".format), _TEXT.map("https://e.org/{}".format)
    ),
    st.lists(
        st.one_of(
            st.sampled_from(FRAGMENTS),
            st.integers().map("Vote: {}".format),
            _INLINE.map("Authors: {}".format),
            st.lists(_TEXT, max_size=5).map("Authors: {!r}".format),
            _INLINE.map("- {}".format),
            _INLINE,
        ),
        max_size=6,
    ),
)
_DAY = st.builds(
    lambda day, papers: "\n\n".join([f"## Daily Papers ({day})", *papers]),
    st.one_of(st.dates().map(str), _INLINE),
    st.lists(_PAPER, max_size=4),
)
_WHOLE = st.lists(st.one_of(_DAY, _DAY, _INLINE), max_size=3).map("\n".join)
_ENCODED = st.builds(
    lambda text, ending, encoding: text.replace("\n", ending).encode(encoding, "replace"),
    _WHOLE,
    st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp949", "latin-1"]),
)
_DAMAGED = st.builds(
    lambda data, noise, at: data[: at % (len(data) + 1)] + noise + data[at % (len(data) + 1) :],
    _ENCODED,
    st.binary(max_size=8),
    st.integers(0, 10_000),
)
DIGEST_FILES = st.one_of(_ENCODED, _ENCODED, _DAMAGED, st.binary(max_size=500))
"""The contents of files that are digests, more or less."""
