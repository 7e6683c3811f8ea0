"""The papers and other links that a text leads to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.readers.fields.addresses import Address, Kind, find_addresses, find_papers, is_label, paper_url

PAPER = "https://arxiv.org/abs/2503.10111"
OTHER = "https://arxiv.org/abs/2503.20222"


def urls(text: str) -> list[str]:
    return [paper.url for paper in find_papers(text)]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://arxiv.org/abs/2503.10111v3", PAPER),
        ("https://arxiv.org/pdf/2503.10111v2.pdf", PAPER),
        ("https://arxiv.org/html/2503.10111", PAPER),
        ("https://export.arxiv.org/abs/2503.10111", PAPER),
        ("https://huggingface.co/papers/2503.10111", PAPER),
        ("https://hf.co/papers/2503.10111#community", PAPER),
        ("https://www.alphaxiv.org/overview/2503.10111v1", PAPER),
        ("https://papers.cool/arxiv/2503.10111", PAPER),
        ("https://doi.org/10.48550/arXiv.2503.10111", PAPER),
        ("https://arxiv.org/abs/hep-th/9901001v2", "https://arxiv.org/abs/hep-th/9901001"),
        ("https://dx.doi.org/10.1145/3292500.3330701", "https://doi.org/10.1145/3292500.3330701"),
        ("https://dl.acm.org/doi/pdf/10.1145/3292500.3330701", "https://doi.org/10.1145/3292500.3330701"),
        ("https://openreview.net/forum?id=aB3-_xYz9", "https://openreview.net/forum?id=aB3-_xYz9"),
        ("http://www.openreview.net/pdf?id=aB3-_xYz9&name=x", "https://openreview.net/forum?id=aB3-_xYz9"),
        ("https://openreview.net/group?id=ICLR.cc/2025", None),
        ("https://openreview.net/forum", None),
        ("https://arxiv.org/list/cs.CV/recent", None),
        ("https://huggingface.co/papers", None),
        ("https://huggingface.co/org/model", None),
        ("https://github.com/arxiv/arxiv-base", None),
        ("arxiv.org/abs/2503.10111", PAPER),
        (" https://arxiv.org/abs/2503.10111\n", PAPER),
        ("https://doi.org/10.1145/\ud800", None),
        ("https://user:secret@arxiv.org/abs/2503.10111", None),
        ("http://[::1", None),
        ("", None),
    ],
)
def test_address_of_a_paper_is_canonical(url: str, expected: str | None) -> None:
    assert paper_url(url) == expected


@pytest.mark.parametrize(
    "text",
    [
        "### [1] [A Title](https://arxiv.org/abs/2503.10111)",
        "[A Title](<https://arxiv.org/abs/2503.10111>)",
        '[A Title](https://arxiv.org/abs/2503.10111 "arXiv")',
        "[A Title] (https://arxiv.org/abs/2503.10111)",
        "[A Title]（https://arxiv.org/abs/2503.10111）",
        "[A Title](https://arxiv.org/abs/2503.10111",
        "[A Title](arxiv.org/abs/2503.10111)",
        "[**A Title**](http://arxiv.org/pdf/2503.10111v1)",
        "**[A Title](https://huggingface.co/papers/2503.10111)** ⭐",
        "[![pdf](https://img.example/pdf.png) A Title](https://arxiv.org/pdf/2503.10111)",
        '<a href="https://arxiv.org/abs/2503.10111" target="_blank">A <b>Title</b></a>',
        "<A class='x' HREF='https://arxiv.org/abs/2503.10111'>A\nTitle</A>",
        "<a href=https://arxiv.org/abs/2503.10111>A Title</a>",
        "[PDF](https://arxiv.org/pdf/2503.10111) | [A Title](https://arxiv.org/abs/2503.10111)",
        "[A Title](https://arxiv.org/abs/2503.10111) [[pdf]](https://arxiv.org/pdf/2503.10111) arXiv:2503.10111",
        "| 2503.10111 | [A Title](https://alphaxiv.org/abs/2503.10111) |",
    ],
)
def test_link_gives_the_paper_and_its_title(text: str) -> None:
    assert [(paper.url, paper.text) for paper in find_papers(text)] == [(PAPER, "A Title")]


@pytest.mark.parametrize(
    "text",
    [
        "https://arxiv.org/abs/2503.10111",
        "<https://arxiv.org/abs/2503.10111>",
        "Link: https://arxiv.org/abs/2503.10111.",
        "(see https://arxiv.org/pdf/2503.10111v2.pdf)",
        "链接：https://arxiv.org/abs/2503.10111，很好",
        "원문:https://arxiv.org/abs/2503.10111입니다",
        "https://arxiv.org/abs/2503.10111&nbsp;|&nbsp;2025",
        "**https://arxiv.org/abs/2503.10111**",
        "[[2503.10111]]",
        "arxiv.org/abs/2503.10111",
        "huggingface.co/papers/2503.10111",
        "arXiv:2503.10111v1",
        "**arXiv:** 2503.10111",
        "arXiv ID: `2503.10111`",
        "arXiv 编号：2503.10111",
        "- arXiv: [2503.10111](https://arxiv.org/abs/2503.10111)",
        "A Title (2503.10111)",
        "[2503.10111v2] A Title",
        "【2503.10111】标题",
        "| 2025-03-12 | A Title | 2503.10111 | null |",
        "2503.10111",
        "  2503.10111  ",
        "[![arXiv](https://img.shields.io/badge/arXiv-2503.10111-b31b1b)](https://arxiv.org/abs/2503.10111)",
        "![arXiv](https://img.shields.io/badge/arXiv-2503.10111-b31b1b)",
        "[![](https://img.shields.io/badge/PDF-red)](https://arxiv.org/pdf/2503.10111)",
        '<a href="https://arxiv.org/abs/2503.10111"><img src="https://img.shields.io/badge/arXiv-b31b1b"></a>',
        "[PDF](https://arxiv.org/pdf/2503.10111) [论文](https://arxiv.org/abs/2503.10111) [HTML](https://arxiv.org/html/2503.10111v1)",
        "doi:10.48550/arXiv.2503.10111",
    ],
)
def test_address_without_a_title_gives_the_paper_alone(text: str) -> None:
    assert [(paper.url, paper.text) for paper in find_papers(text)] == [(PAPER, "")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DOI: 10.1145/3292500.3330701.", ["https://doi.org/10.1145/3292500.3330701"]),
        ("10.1145/3292500.3330701", ["https://doi.org/10.1145/3292500.3330701"]),
        ("| 10.1145/3292500.3330701 | A |", ["https://doi.org/10.1145/3292500.3330701"]),
        ("https://openreview.net/pdf?id=aB3-_xYz9", ["https://openreview.net/forum?id=aB3-_xYz9"]),
        ("arXiv:math.GT/0309136v1", ["https://arxiv.org/abs/math/0309136"]),
        ("[A](https://arxiv.org/abs/2503.10111) [B](https://arxiv.org/abs/2503.20222)", [PAPER, OTHER]),
        ("https://arxiv.org/abs/2503.10111 arXiv:2503.20222v2", [PAPER, OTHER]),
        ("[A](https://arxiv.org/abs/2503.10111)\n\n[B](https://arxiv.org/abs/2503.10111v2)\n", [PAPER]),
        (
            "<a href='https://arxiv.org/abs/2503.10111'>A <a href='https://arxiv.org/abs/2503.20222'>B</a>",
            [PAPER, OTHER],
        ),
    ],
)
def test_every_paper_of_a_text_is_found_once(text: str, expected: list[str]) -> None:
    assert urls(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No link at all",
        "[A Title](/2025/2503.10111v1-a-title.md)",
        "[cs.CV](#cs.CV) [Back](#toc)",
        "[new](https://arxiv.org/list/cs.CV/new)",
        "an accuracy of 2503.10111 in total",
        "(1234.56789) and (2499.12345)",
        "version 10.1145 of the tool",
        "![A figure](https://example.org/2503.10111.png)",
        "javascript:alert('arXiv:')",
        "[A](javascript:alert(1))",
        "[A](https://user:secret@arxiv.org/abs/2503.10111)",
        "me@arxiv.org/abs/2503.10111",
    ],
)
def test_text_that_leads_to_no_paper_gives_none(text: str) -> None:
    assert urls(text) == []


def test_addresses_tell_papers_code_pages_and_pictures_apart() -> None:
    text = (
        "[Paper](https://arxiv.org/abs/2503.10111) [Code](https://github.com/a/b) [Demo](https://a.github.io/b_(c)/)"
        ' <img src="https://a.org/t.webp"> ![x](https://a.org/badge.svg) https://gitlab.com/c/d. https://a.org/t.PNG?x=1'
    )
    addresses = find_addresses(text)
    assert [(address.kind, address.url, address.text) for address in addresses] == [
        (Kind.PAPER, PAPER, "Paper"),
        (Kind.CODE, "https://github.com/a/b", "Code"),
        (Kind.PAGE, "https://a.github.io/b_(c)/", "Demo"),
        (Kind.IMAGE, "https://a.org/t.webp", ""),
        (Kind.IMAGE, "https://a.org/badge.svg", ""),
        (Kind.CODE, "https://gitlab.com/c/d", ""),
        (Kind.IMAGE, "https://a.org/t.PNG?x=1", ""),
    ]


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("1. [A [b] c](https://arxiv.org/abs/2503.10111) d", "[A [b] c](https://arxiv.org/abs/2503.10111)"),
        ("see https://arxiv.org/abs/2503.10111.", "https://arxiv.org/abs/2503.10111"),
        ("(arXiv:2503.10111v1)", "arXiv:2503.10111v1"),
        ("x <a href='https://arxiv.org/abs/2503.10111'>y</a> z", "<a href='https://arxiv.org/abs/2503.10111'>y</a>"),
        (
            "A [![b](https://c.org/d.svg)](https://arxiv.org/abs/2503.10111) e",
            "[![b](https://c.org/d.svg)](https://arxiv.org/abs/2503.10111)",
        ),
    ],
)
def test_position_of_an_address_spans_the_whole_link(text: str, link: str) -> None:
    (address,) = find_addresses(text)
    assert text[address.start : address.end] == link


def test_first_address_of_a_paper_gives_its_position() -> None:
    text = "[PDF](https://arxiv.org/pdf/2503.10111) [A Title](https://arxiv.org/abs/2503.10111)"
    assert find_papers(text) == [Address(Kind.PAPER, PAPER, 0, 39, "A Title")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PDF",
        "[pdf]",
        "arXiv",
        "Paper",
        "论文",
        "원문",
        "リンク",
        "2503.10111",
        "arXiv:2503.10111v1",
        "🔗",
        "https://a.org/b",
    ],
)
def test_label_of_a_link_is_not_a_title(text: str) -> None:
    assert is_label(text)


@pytest.mark.parametrize(
    "text", ["A Title", "PDF Parsing at Scale", "CodeAct", "논문을 읽는 법", "arXiv:2503.10111 A Title"]
)
def test_title_is_not_a_label(text: str) -> None:
    assert not is_label(text)


MARKUP = st.lists(
    st.sampled_from(
        ["[", "]", "(", ")", "](", "!", "<", ">", "</a>", "<a href=", "'", '"', " ", "\n", "\\", "`", "|", "://", "x"]
        + ["https://arxiv.org/abs/2503.10111", "arXiv:", "2503.10111", "10.1145/x", "doi:", "\0", "é", "（", "）"]
    ),
    max_size=40,
).map("".join)


@given(text=st.text(st.characters()) | MARKUP)
def test_addresses_of_any_text_are_apart_and_in_order(text: str) -> None:
    addresses = find_addresses(text)
    ends = [0, *(address.end for address in addresses)]
    assert all(end <= address.start < address.end <= len(text) for end, address in zip(ends, addresses, strict=False))
    assert {paper.url for paper in find_papers(text)} == {a.url for a in addresses if a.kind is Kind.PAPER}
