"""The reader of rolling tables and lists, whose rows carry their dates."""

import json
from datetime import date
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.diagnostic import Severity
from feeds.model.paper import Paper
from feeds.readers import Digest
from feeds.readers.tables import TablesReader

PATH = PurePosixPath("README.md")
HEAD = "|Publish Date|Title|Authors|PDF|Code|\n|---|---|---|---|---|\n"


def read(source: str, path: PurePosixPath = PATH) -> Digest:
    digest = TablesReader().read(source, path)
    assert digest is not None
    return digest


def one(source: str, path: PurePosixPath = PATH) -> tuple[date, Paper]:
    (entry,) = read(source, path).entries
    return entry.day, entry.paper


def row(number: int = 1, day: str = "2025-03-14", title: str = "A Title", code: str = "null") -> str:
    url = f"http://arxiv.org/abs/2503.{number:05}"
    return f"|**{day}**|**{title}**|Ada Byron et.al.|[2503.{number:05}]({url})|{code}|\n"


def test_rolling_table_has_the_days_of_its_rows() -> None:
    digest = read(f"## Updated on 2025.03.15\n\n## Robots\n\n{HEAD}{row(1)}{row(2, day='2025-03-13')}")
    first, second = digest.entries
    assert (first.line, first.day, second.day) == (7, date(2025, 3, 14), date(2025, 3, 13))
    assert first.paper == Paper(
        title="A Title",
        url="https://arxiv.org/abs/2503.00001",
        authors=("Ada Byron",),
        more_authors=True,
        tags=("Robots",),
    )


def test_end_of_a_range_in_a_row_is_an_inferred_day() -> None:
    digest = read(f"{HEAD}{row(1)}{row(2, day='2025-03-10 ~ 2025-03-14')}")
    assert [(entry.day, entry.is_inferred) for entry in digest.entries] == [
        (date(2025, 3, 14), False),
        (date(2025, 3, 14), True),
    ]


def test_abstract_below_a_link_becomes_the_paper_abstract() -> None:
    source = """\
<table>
<tr><th>日期</th><th>标题</th><th>论文</th></tr>
<tr><td>2025-03-14</td><td>Pebbles</td><td>https://arxiv.org/abs/2503.00001<br><b>摘要：</b> We count.</td></tr>
</table>
"""
    _, paper = one(source)
    assert (paper.title, paper.abstract) == ("Pebbles", "We count.")


def test_code_is_linked_below_the_paper() -> None:
    _, paper = one(HEAD + row(code="**[link](https://github.com/a/b)**"))
    assert paper.summary == "- **Code:** <https://github.com/a/b>"


def test_paper_of_two_topics_has_both_as_tags() -> None:
    _, paper = one(
        f"## SLAM\n\n{HEAD}{row()}\n<p align=right>(<a href=#top>back to top</a>)</p>\n\n## NeRF\n\n{HEAD}{row()}"
    )
    assert paper.tags == ("SLAM", "NeRF")


def test_topics_in_details_are_tags() -> None:
    _, paper = one(f"<details>\n  <summary>Object Detection (12 papers)</summary>\n\n{HEAD}{row()}</details>\n")
    assert paper.tags == ("Object Detection",)


def test_bars_in_a_title_are_part_of_it() -> None:
    _, paper = one(HEAD + row(title="Estimating P(x|y) and $|V_{us}|$"))
    assert (paper.title, paper.authors) == ("Estimating P(x|y) and $|V_{us}|$", ("Ada Byron",))


def test_title_may_be_the_link_before_the_date() -> None:
    source = (
        "| **Title** | **Date** | **Abstract** | **Comment** |\n| --- | --- | --- | --- |\n"
        "| **[A Title](https://arxiv.org/abs/2503.00001v1)** | 2025-03-14 | <details><summary>Show</summary><p>We"
        " extend https://arxiv.org/abs/2401.00001 .</p></details> | 12 pages |\n"
    )
    day, paper = one(source)
    assert (day, paper.title, paper.url) == (date(2025, 3, 14), "A Title", "https://arxiv.org/abs/2503.00001")
    assert paper.abstract == "We extend https://arxiv.org/abs/2401.00001 ."
    assert paper.summary.startswith("- **Comment:** 12 pages")


@pytest.mark.parametrize(
    ("head", "cells"),
    [
        ("日期|标题|作者|链接", "2025年3月14日|一个标题|张三、李四|[PDF](https://arxiv.org/pdf/2503.00001)"),
        ("날짜|제목|저자|링크", "2025. 3. 14|한 제목|김철수, 이영희|[논문](https://arxiv.org/abs/2503.00001)"),
        ("日付|タイトル|著者|arXiv", "2025/03/14|ある題名|山田太郎、鈴木花子|2503.00001"),
        ("#|Date|Paper|Authors", "1|14 Mar 2025|[Some title](https://huggingface.co/papers/2503.00001)|A B, C D"),
        ("Title|Authors|Link|Published", "Some title|A B, C D|https://doi.org/10.1000/x1|Mar 14, 2025"),
    ],
)
def test_columns_are_known_in_several_languages(head: str, cells: str) -> None:
    columns = "|".join(["---"] * (head.count("|") + 1))
    day, paper = one(f"| {head} |\n| {columns} |\n| {cells} |\n")
    assert day == date(2025, 3, 14)
    assert len(paper.title) > 3
    assert len(paper.authors) == 2


def test_title_ends_at_a_break_of_its_cell() -> None:
    badge = "[![arXiv](https://img.shields.io/badge/arXiv-Paper-red)](https://arxiv.org/pdf/2503.00001v1)"
    cell = "**A Title**<br><sub>**Institution:** X<br></sub>It walks."
    source = f"## 2025\n### 03月\n|Date|Paper|Link|\n|---|---|---|\n|03-14|{cell}|{badge}|\n"
    _, paper = one(source)
    assert (paper.title, paper.slug, paper.summary) == ("A Title", "2503.00001", "- Institution: X\n- It walks.")
    assert paper.tags == ()


def test_list_of_dated_items_is_read() -> None:
    source = (
        "## NLP\n\n- 2025-03-14, **A Title: with, commas**, Ada Byron et.al., Paper: [http://arxiv.org/abs/2503.00001v2]"
        "(http://arxiv.org/abs/2503.00001v2), Code: **[https://github.com/a/b](https://github.com/a/b)**\n"
    )
    day, paper = one(source)
    assert (day, paper.title) == (date(2025, 3, 14), "A Title: with, commas")
    assert (paper.authors, paper.more_authors, paper.tags) == (("Ada Byron",), True, ("NLP",))
    assert paper.summary == "- **Code:** <https://github.com/a/b>"


@pytest.mark.parametrize(
    "item",
    [
        "- [2025-03-14] [A Title](https://arxiv.org/abs/2503.00001)",
        "* **2025-03-14** [A Title](https://arxiv.org/abs/2503.00001) - Ada Byron, Alan Turing",
        "1. (2025/03/14) A Title [[pdf](https://arxiv.org/pdf/2503.00001)] [[code](https://github.com/a/b)]",
        "- 2025.03.14 | **A Title** | [arXiv](https://arxiv.org/abs/2503.00001)",
        "- `2025-03-14` A Title. https://arxiv.org/abs/2503.00001",
    ],
)
def test_items_may_be_written_in_other_ways(item: str) -> None:
    day, paper = one(item)
    assert (day, paper.title.rstrip("."), paper.url) == (
        date(2025, 3, 14),
        "A Title",
        "https://arxiv.org/abs/2503.00001",
    )


def test_table_of_html_is_read() -> None:
    source = (
        "<h2>Vision</h2>\n<table>\n<tr><th>Date</th><th>Title</th><th>Authors</th></tr>\n<tr>\n<td>2025-03-14</td>\n"
        '<td><a href="https://arxiv.org/abs/2503.00001">A &amp; B</a></td>\n<td>Ada Byron</td>\n</tr></table>\n'
    )
    digest = read(source, PurePosixPath("index.html"))
    (entry,) = digest.entries
    assert (entry.line, entry.day, entry.paper.title) == (4, date(2025, 3, 14), "A & B")
    assert (entry.paper.authors, entry.paper.tags) == (("Ada Byron",), ("Vision",))


def test_json_behind_a_table_is_read() -> None:
    topics = {
        "SLAM": {"2503.00001": row(1)},
        "Empty": {},
        "NLP": {"2503.00002": "- 2025-03-13, **B**, C et.al., Paper: [x](http://arxiv.org/abs/2503.00002)\n"},
    }
    digest = read(json.dumps(topics), PurePosixPath("docs/web.json"))
    assert [(entry.day, entry.paper.title, entry.paper.tags) for entry in digest.entries] == [
        (date(2025, 3, 14), "A Title", ("SLAM",)),
        (date(2025, 3, 13), "B", ("NLP",)),
    ]


def test_broken_json_behind_a_table_keeps_what_is_above() -> None:
    source = json.dumps({"SLAM": {"a": row(1), "b": row(2)}})
    digest = read(source[:-40], PurePosixPath("docs/web.json"))
    assert len(digest.entries) == 1
    assert [diagnostic.severity for diagnostic in digest.diagnostics] == [Severity.ERROR]


def test_date_without_a_year_has_that_of_its_neighbour() -> None:
    rows = "".join(
        f"| {day} | [Some title](https://doi.org/10.1000/x{number}) |\n"
        for number, day in enumerate(("01-05", "2025-01-02", "12-30"))
    )
    digest = read(f"| Date | Paper |\n|---|---|\n{rows}")
    assert [entry.day for entry in digest.entries] == [date(2025, 1, 5), date(2025, 1, 2), date(2024, 12, 30)]


@pytest.mark.parametrize(
    ("source", "path"),
    [
        (f"## Updated on 2025.06.01\n\n{HEAD}{row(1, '05-12')}", PATH),
        (f"## 2025\n\n{HEAD}{row(1, '05-12')}", PATH),
        (HEAD + row(1, "05-12"), PurePosixPath("2025/README.md")),
        (HEAD + row(1, "5月12日"), PurePosixPath("2025/06/README.md")),
    ],
)
def test_date_without_a_year_has_that_of_heading_or_path(source: str, path: PurePosixPath) -> None:
    assert one(source, path)[0] == date(2025, 5, 12)


def test_other_columns_are_fields_or_items() -> None:
    source = (
        "|Date|Title|Link|Category|Votes|Note on it|Blog|\n|---|---|---|---|---|---|---|\n|2025-03-14|A Title|"
        "https://arxiv.org/abs/2503.00001|cs.CV|12|Something longer than a word|[Post](https://example.org/p)|\n"
    )
    _, paper = one(source)
    assert (paper.tags, paper.votes) == (("cs.CV",), 12)
    assert paper.summary == "- **Note on it:** Something longer than a word\n- **Post:** <https://example.org/p>"


def test_row_with_too_many_cells_keeps_the_first() -> None:
    source = "|Date|Paper|\n|---|---|\n|2025-03-14|[A Title](https://arxiv.org/abs/2503.00001)|more|\n"
    assert one(source)[1].title == "A Title"


def test_row_without_a_title_is_not_read() -> None:
    assert TablesReader().read(HEAD + row(title=" "), PATH) is None


def test_item_without_a_title_is_not_read() -> None:
    assert TablesReader().read("- 2025-03-14: [pdf](https://arxiv.org/pdf/2503.00001)", PATH) is None


def test_date_without_a_year_is_in_the_year_of_the_path() -> None:
    source = HEAD + row(day="01-02").replace("2503.", "2412.") + row(day="01-05")
    days = [entry.day for entry in read(source, PurePosixPath("monthly/2025-01.md")).entries]
    assert days == [date(2025, 1, 2), date(2025, 1, 5)]


def test_date_without_any_year_has_that_of_the_arxiv_number() -> None:
    rows = "".join(
        f"| {day} | [Some title]({url}) |\n"
        for day, url in (
            ("01-02", "https://arxiv.org/abs/2312.00001"),
            ("12-14", "https://arxiv.org/abs/2312.00002"),
            ("07-30", "https://arxiv.org/abs/2407.00001"),
            ("07-29", "https://doi.org/10.1000/x1"),
        )
    )
    digest = read(f"| Date | Paper |\n|---|---|\n{rows}")
    assert [entry.day for entry in digest.entries] == [
        date(2024, 1, 2),
        date(2023, 12, 14),
        date(2024, 7, 30),
        date(2024, 7, 29),
    ]


def test_date_without_any_year_is_an_error() -> None:
    digest = read("| Date | Paper |\n|---|---|\n| 05-12 | [Some title](https://doi.org/10.1000/x1) |\n")
    assert digest.entries == ()
    (diagnostic,) = digest.diagnostics
    assert (diagnostic.line, diagnostic.severity) == (3, Severity.ERROR)


def test_day_that_does_not_exist_is_an_error() -> None:
    digest = read(HEAD + row(1) + row(2, "2025-02-30"))
    assert len(digest.entries) == 1
    assert [diagnostic.line for diagnostic in digest.diagnostics] == [4]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "# A README\n\n| Option | Default |\n|---|---|\n| --date | 2025-03-14 |\n",
        "|Title|Link|\n|---|---|\n|A Title|https://arxiv.org/abs/2503.00001|\n",  # a table of a day
        "- [2025-03-14](2025/03/14.md)\n- [2025-03-13](2025/03/13.md)\n",  # an index
        "- 2025-03-14: added https://github.com/a/b\n",  # news
        "|Date|Relation|Paper|\n|---|---|---|\n|2025-03-14|Same method|[2503.00001](https://arxiv.org/abs/2503.00001)|\n",
        "### [A](https://arxiv.org/abs/2503.00001)\n\n| 2025-03-14 | 9.5 |\n",
    ],
)
def test_other_files_are_not_read(source: str) -> None:
    assert TablesReader().read(source, PATH) is None


@pytest.mark.parametrize(
    "source", ['{"name": "x"}', "[]", "1", "{", '{"a": {"b": "c"}}', '{"a": {"title": "T"}, "b": []}']
)
def test_other_json_is_not_read(source: str) -> None:
    assert TablesReader().read(source, PurePosixPath("package.json")) is None


def test_row_that_leads_to_several_papers_is_not_one() -> None:
    other = row(2).replace("null", "[2503.00003](https://arxiv.org/abs/2503.00003)")
    assert [entry.paper.slug for entry in read(HEAD + row(1) + other).entries] == ["2503.00001"]


@given(
    st.text(alphabet="|-*[]()<>/tdrhab 0123456789.\n#$", max_size=120),
    st.sampled_from([PATH, PurePosixPath("a.html"), PurePosixPath("a.json")]),
)
def test_reader_never_raises(text: str, path: PurePosixPath) -> None:
    for source in (text, HEAD + row() + text, f"<table><tr><td>{text}"):
        digest = TablesReader().read(source, path)
        assert digest is None or all(entry.paper.title for entry in digest.entries)
