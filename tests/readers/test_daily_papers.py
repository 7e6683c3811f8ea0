"""Reading a day file: every dialect, and everything that goes wrong."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.diagnostic import Severity
from feeds.model.paper import Paper
from feeds.readers.daily_papers import Digest, parse
from tests.support.digests import SEEDS, day, paper


def papers(source: str) -> list[Paper]:
    return [listing.paper for listing in parse(source).listings]


def only(source: str) -> Paper:
    (found,) = papers(source)
    return found


def said(digest: Digest) -> list[tuple[int, Severity]]:
    return [(problem.line, problem.severity) for problem in digest.problems]


FULL = """## Daily Papers (2024-01-30)

### [A Title](https://arxiv.org/abs/2401.16420)

![](https://cdn.example.org/a.png)

Vote: 42

Authors: Ann Lee, Bo Kim, +

- 첫째 문장입니다.
- 둘째 문장입니다.
"""


def test_a_paper_with_every_field() -> None:
    assert only(FULL) == Paper(
        title="A Title",
        url="https://arxiv.org/abs/2401.16420",
        day=date(2024, 1, 30),
        rank=0,
        image="https://cdn.example.org/a.png",
        votes=42,
        authors=("Ann Lee", "Bo Kim"),
        more_authors=True,
        summary="- 첫째 문장입니다.\n- 둘째 문장입니다.",
    )


@pytest.mark.parametrize(("path", "count"), [("2024/01/30.md", 11), ("2024/03/20.md", 13)])
def test_the_seeds_hold_their_papers_and_no_problem(path: str, count: int) -> None:
    digest = parse((SEEDS / path).read_text(encoding="utf-8"))
    assert len(digest.listings) == count
    assert not digest.problems


def test_the_first_dialect_has_neither_votes_nor_authors_and_no_blank_line_before_a_heading() -> None:
    source = (
        "## Daily Papers (2023-11-20)\n### [A](https://arxiv.org/abs/2311.1)\n- 하나\n  - 안쪽\n### [B](https://b.org)"
    )
    source += "\n- 둘"
    first, second = papers(source)
    assert (first.votes, first.authors, first.image, first.summary) == (None, (), None, "- 하나\n  - 안쪽")
    assert (second.rank, second.summary) == (1, "- 둘")


@pytest.mark.parametrize(
    ("line", "votes"),
    [("Vote: 0", 0), ("Vote: -", None), ("Vote:", None), ("votes: 1,234", 1234), ("**Vote**: 7", 7)]
    + [("Vote: **42**", 42), ("Vote: 42 👍", 42), ("Vote: N/A", None), ("Vote: None", None)],
)
def test_no_vote_is_not_zero_votes(line: str, votes: int | None) -> None:
    digest = parse(day("2024-01-30", paper(votes=line)))
    assert digest.listings[0].paper.votes == votes
    assert not digest.problems


def test_a_vote_that_is_no_number_is_a_problem() -> None:
    digest = parse(day("2024-01-30", paper(votes="Vote: many")))
    assert digest.listings[0].paper.votes is None
    assert said(digest) == [(5, Severity.ERROR)]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Authors: A B, C D", ("A B", "C D")),
        ("Authors: ['A B', \"C O'Neil\"]", ("A B", "C O'Neil")),
        ("Authors: ['A \\'B\\'', 'C']", ("A 'B'", "C")),
        ("Authors: A B,\nC D", ("A B", "C D")),
        ("Authors: ['A B',\n 'C D']", ("A B", "C D")),
        ("Authors: Martin Luther King, Jr., C D", ("Martin Luther King, Jr.", "C D")),
        ("Authors: Ann Lee, +, Bo Kim", ("Ann Lee", "Bo Kim")),
        ("Author: Zoë Kravitz", ("Zoë Kravitz",)),
        ("Authors: ['A B', 'C D'],", ("A B", "C D")),
        ("Authors: ['A B', ['C D']]", ("A B", "C D")),
        ("Authors: 'A B', 'C D'", ("A B", "C D")),
        ("Authors: A B, C D, and E F", ("A B", "C D", "E F")),
        ("Authors: A B and 640 others", ("A B",)),
        ("Authors: N/A", ()),
        ("Authors: -", ()),
        ("Authors:", ()),
    ],
)
def test_authors_in_every_way_of_writing(line: str, names: tuple[str, ...]) -> None:
    digest = parse(day("2024-01-30", paper(authors=line, summary="- 글")))
    assert digest.listings[0].paper.authors == names
    assert digest.listings[0].paper.summary == "- 글"
    assert not digest.problems


def test_a_broken_list_of_authors_is_split_and_reported() -> None:
    digest = parse(day("2024-01-30", paper(authors="Authors: ['A B', 'C D")))
    assert digest.listings[0].paper.authors == ("A B", "C D")
    assert said(digest) == [(5, Severity.WARNING)]


def test_a_plus_says_that_there_are_more_authors() -> None:
    assert only(day("2024-01-30", paper(authors="Authors: A, +"))).more_authors
    assert not only(day("2024-01-30", paper(authors="Authors: A, C++ Lover"))).more_authors


@pytest.mark.parametrize("ending", ["mp4", "webm", "qt", "MOV", "mp4?x=1"])
def test_a_video_hides_in_image_syntax(ending: str) -> None:
    found = only(day("2024-01-30", paper(media=f"![](https://cdn.example.org/a.{ending})")))
    assert (found.image, found.video) == (None, f"https://cdn.example.org/a.{ending}")


def test_a_video_with_its_player() -> None:
    player = '<div><video controls src="https://e.org/a.mp4" muted="false"></video></div>'
    found = only(day("2024-01-30", paper(media=f"[Watch Video](https://e.org/a.mp4)\n{player}", summary="- 글")))
    assert (found.video, found.summary) == ("https://e.org/a.mp4", "- 글")


def test_a_relative_picture_is_a_problem_and_no_picture() -> None:
    digest = parse(day("2024-01-30", paper(media="![](/avatars/a.svg)")))
    assert digest.listings[0].paper.image is None
    assert said(digest) == [(5, Severity.WARNING)]


def test_a_second_picture_goes_to_the_summary() -> None:
    found = only(day("2024-01-30", paper(media="![](https://e.org/a.png)\n![](https://e.org/b.png)", summary="- 글")))
    assert found.image == "https://e.org/a.png"
    assert found.summary == "![](https://e.org/b.png)\n\n- 글"


def test_a_line_of_several_pictures_goes_to_the_summary_once() -> None:
    line = '<img src="https://e.org/a.png"><img src="https://e.org/b.png"><img src="https://e.org/c.png">'
    digest = parse(day("2024-01-30", paper(media=line)))
    assert digest.listings[0].paper.image == "https://e.org/a.png"
    assert digest.listings[0].paper.summary == line


def test_only_the_description_of_the_picture_is_left_out() -> None:
    digest = parse(day("2024-01-30", paper(media="![a](https://e.org/a.png)\n![b](https://e.org/b.png)")))
    assert digest.listings[0].paper.summary == "![b](https://e.org/b.png)"
    assert said(digest) == [(5, Severity.WARNING)]


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("[[IDK] tokens: an [odd] title](https://arxiv.org/abs/2401.1)", "[IDK] tokens: an [odd] title"),
        (r"[\[IDK\] a\_b](https://arxiv.org/abs/2401.1)", "[IDK] a_b"),
        ("[LLM$\\times$MapReduce & <think>](https://arxiv.org/abs/2401.1)", "LLM$\\times$MapReduce & <think>"),
        ("[C# and `code` *star*](https://arxiv.org/abs/2401.1)", "C# and `code` *star*"),
        ("[Q&amp;A](https://arxiv.org/abs/2401.1) ##", "Q&A"),
        ("[f[x](y) of z](https://arxiv.org/abs/2401.1)", "f[x](y) of z"),
        ('[T](<https://arxiv.org/abs/2401.1> "hover")', "T"),
        ("**[T](https://arxiv.org/abs/2401.1)**", "T"),
        ("2. [T](https://arxiv.org/abs/2401.1)", "T"),
        ("[T] (https://arxiv.org/abs/2401.1)", "T"),
        ("[T](arxiv.org/abs/2401.1)", "T"),
        ("[A [b](https://x.org) c](https://arxiv.org/abs/2401.1)", "A [b](https://x.org) c"),
        ("[[0, 1) intervals](https://arxiv.org/abs/2401.1)", "[0, 1) intervals"),
        (r"[The $\|x\|$ norm &times; &notit;](https://arxiv.org/abs/2401.1)", r"The $\|x\|$ norm × &notit;"),
    ],
)
def test_titles_as_a_person_reads_them(written: str, title: str) -> None:
    found = only(f"## Daily Papers (2024-01-30)\n### {written}\n")
    assert (found.title, found.url) == (title, "https://arxiv.org/abs/2401.1")


def test_an_address_with_brackets_spaces_and_hangul_becomes_a_uri() -> None:
    found = only("## Daily Papers (2024-01-30)\n### [T](https://example.한국/가_(b)?q=a)\n")
    assert found.url == "https://example.xn--3e0b707e/%EA%B0%80_(b)?q=a"


def test_two_headings_of_one_date_are_one_day_in_order() -> None:
    source = day("2024-10-18", paper("A", "2410.1"), "## Daily Papers (2024-10-18)\n", paper("B", "2410.2"))
    digest = parse(source)
    assert digest.dates == (date(2024, 10, 18),)
    assert [(listing.paper.title, listing.paper.rank) for listing in digest.listings] == [("A", 0), ("B", 1)]


def test_a_file_without_the_heading_is_no_day_file() -> None:
    assert parse("# Readme\n\n### [A](https://a.org)\n") == Digest((), (), ())


def test_a_day_without_papers_is_a_day() -> None:
    assert parse("## Daily Papers (2024-01-30)\n").dates == (date(2024, 1, 30),)


def test_a_readme_that_repeats_a_digest_between_its_chapters() -> None:
    source = "# Papers\nHello\n" + FULL + "## Star history\n\n### [Chart](https://example.org)\n\nA chart.\n"
    digest = parse(source)
    assert [listing.paper.title for listing in digest.listings] == ["A Title"]
    assert "chart" not in digest.listings[0].paper.summary.lower()
    assert {line for line, _ in said(digest)} == {1, 2, 15, 17, 19}
    assert all(severity is Severity.WARNING for _, severity in said(digest))


def test_any_other_heading_ends_a_paper_and_its_lines_are_reported() -> None:
    digest = parse(
        day("2024-01-30", paper("A", "2401.1", summary="- 글"), "#### Note\n\nlost?\n", paper("B", "2401.2"))
    )
    assert [listing.paper.title for listing in digest.listings] == ["A", "B"]
    assert digest.listings[0].paper.summary == "- 글"
    assert said(digest) == [(7, Severity.WARNING), (9, Severity.WARNING)]


def test_a_broken_paper_costs_itself_and_not_its_day() -> None:
    source = day("2024-01-30", paper("A", "2401.1"), "### No address\n\n- 글\n", "### [Bad](javascript:alert(1))\n")
    digest = parse(source + paper("B", "2401.2"))
    assert [listing.paper.title for listing in digest.listings] == ["A", "B"]
    assert said(digest) == [(5, Severity.ERROR), (7, Severity.WARNING), (9, Severity.ERROR)]


def test_a_paper_without_a_title_keeps_all_else() -> None:
    digest = parse(day("2024-01-30", paper("", "2401.1", summary="- 글")))
    assert digest.listings[0].paper.title == "https://arxiv.org/abs/2401.00001"
    assert digest.listings[0].paper.summary == "- 글"
    assert said(digest) == [(3, Severity.ERROR)]


def test_a_date_that_is_none_is_an_error() -> None:
    digest = parse(day("2024-02-30", paper()))
    assert not digest.dates
    assert said(digest)[0] == (1, Severity.ERROR)


def test_code_holds_no_headings_but_an_open_fence_costs_no_paper() -> None:
    fenced = "- 글\n\n```\n# comment\n```\n끝"
    source = day("2024-01-30", paper("A", "2401.1", summary=fenced), paper("B", "2401.2", summary="```\n# open"))
    first, second, third = papers(source + paper("C", "2401.3"))
    assert first.summary == fenced
    assert second.summary == "```\n# open"
    assert third.title == "C"


def test_forbidden_characters_are_dropped_and_reported() -> None:
    digest = parse(day("2024-01-30", paper("A \x08B", summary="- \x0crac \ufffe글")))
    assert digest.listings[0].paper.title == "A B"
    assert digest.listings[0].paper.summary == "- rac 글"
    assert said(digest) == [(3, Severity.WARNING), (5, Severity.WARNING)]


@pytest.mark.parametrize(
    "heading",
    ["## Daily Papers (2024-01-30) 🔥", "##Daily Papers (2024-01-30)", "# **Daily Papers (2024.01.30)**:"]
    + ["## 🤗 Daily Papers （2024/01/30）", "## daily paper 2024-01-30", "\ufeff## Daily Papers (2024-01-30)"],
)
def test_headings_of_days_that_are_written_amiss(heading: str) -> None:
    assert parse(f"\n{heading}\n").dates == (date(2024, 1, 30),)


@pytest.mark.parametrize("before", ["\ufeff", "\u200b", "    ", "\u00a0"])
def test_what_cannot_be_seen_before_a_heading_glues_no_papers_together(before: str) -> None:
    source = day("2024-01-30", paper("A", "2401.1", summary="- 글"), before + paper("B", "2401.2"))
    assert [found.title for found in papers(source)] == ["A", "B"]


def test_a_chapter_within_a_day_costs_only_what_is_no_paper() -> None:
    chapter = paper("B", "2401.2", summary="## 요약\n\n- 글")
    source = day("2024-01-30", paper("A", "2401.1"), chapter, paper("C", "2401.3", votes="Vote: 1"))
    digest = parse(source + "### [D](https://e.org/d)\n\n- 글\n")
    assert [listing.paper.title for listing in digest.listings] == ["A", "B", "C", "D"]
    assert said(digest) == [(7, Severity.WARNING), (9, Severity.WARNING)]


def test_in_a_file_with_chapters_only_what_has_votes_or_authors_is_a_paper_behind_one() -> None:
    source = "# Papers\n\n" + day("2024-01-30", paper("A", "2401.1"), "## Reading list\n")
    digest = parse(source + paper("B", "2401.2", votes="Vote: 1") + paper("C", "2401.3"))
    assert [listing.paper.title for listing in digest.listings] == ["A", "B"]
    assert digest.problems[-1].severity is Severity.ERROR
    assert "C" in digest.problems[-1].message


def test_a_heading_of_another_level_starts_a_paper_that_leads_to_arxiv_and_has_votes() -> None:
    other = paper("B", "2401.2", votes="Vote: 1").replace("###", "##")
    assert [found.title for found in papers(day("2024-01-30", paper("A", "2401.1"), other))] == ["A", "B"]


def test_a_heading_that_is_broken_in_its_title_is_joined() -> None:
    found = only("## Daily Papers (2024-01-30)\n### [A long\ntitle](https://arxiv.org/abs/2401.00001)\nVote: 1\n")
    assert (found.title, found.votes) == ("A long title", 1)
    assert parse("## Daily Papers (2024-01-30)\n### [A\n### [B](https://e.org)\n").problems[0].line == 2


def test_a_control_character_does_not_keep_a_broken_heading_apart() -> None:
    source = "## Daily Papers (2024-01-30)\n\x08### [A long\ntitle](https://arxiv.org/abs/2401.00001)\n"
    assert only(source).title == "A long title"
    assert said(parse(source)) == [(2, Severity.WARNING)]


@pytest.mark.parametrize("line", ["Authors: A,", "Authors: ['A'"])
@pytest.mark.parametrize("fence", ["```", "~~~", "+ ```"])
def test_names_do_not_go_on_in_code(line: str, fence: str) -> None:
    found = only(day("2024-01-30", paper(authors=f"{line}\n{fence}\n# 설치\n```")))
    assert (found.authors, found.summary) == (("A",), f"{fence}\n# 설치\n```")


def test_names_that_are_no_texts_are_reported() -> None:
    digest = parse(day("2024-01-30", paper(authors="Authors: ['A', None, 3]")))
    assert digest.listings[0].paper.authors == ("A",)
    assert said(digest) == [(5, Severity.WARNING)]


def test_code_behind_a_bullet_holds_no_headings() -> None:
    fenced = "- ```sh\n  # 설치\n  pip install x\n  ```\n- 끝."
    source = day("2024-01-30", paper("A", "2401.1", summary=fenced), paper("B", "2401.2"))
    assert [(found.title, found.summary) for found in papers(source)] == [("A", fenced), ("B", "")]


@pytest.mark.parametrize(
    "before",
    ["![](https://e.org/a.png) ![](https://e.org/b.png)", "[![](https://e.org/a.png)](https://e.org)", "한 줄 소개"]
    + ['<img src="https://e.org/a.png">', "![](https://e.org/a b.png)", "<div>"]
    + ['<div><video controls src="https://e.org/a.mp4">No video.</video></div>', "Vote: many"],
)
def test_an_unknown_line_before_them_hides_neither_votes_nor_authors(before: str) -> None:
    found = only(day("2024-01-30", paper(media=before, votes="Vote: 3", authors="Authors: A", summary="- 글")))
    assert (found.votes, found.authors) == (3, ("A",))
    assert found.summary.endswith("- 글")


@pytest.mark.parametrize("after", ["Vote: 3", "![](https://e.org/i.png)", "**New**: 새롭다.", "이 논문은 새롭다."])
def test_authors_that_end_in_a_comma_take_nothing_but_names(after: str) -> None:
    assert only(day("2024-01-30", paper(authors=f"Authors: A, B,\n{after}"))).authors == ("A", "B")


@pytest.mark.parametrize(
    "address", ["https://［.com/x.png", "https://x［y］.com/x.png", "http://" + "é" * 300, "http://[x"]
)
def test_an_address_that_is_none_is_a_problem(address: str) -> None:
    digest = parse(day("2024-01-30", paper(media=f"![]({address})")))
    assert said(digest) == [(5, Severity.WARNING)]


def test_an_ampersand_in_an_address_starts_no_entity() -> None:
    address = "https://x.org/i.png?a=1&timestamp=2&copy=3&region=us&section=4"
    assert only(day("2024-01-30", paper(media=f"![]({address})"))).image == address


def test_line_ends_and_byte_order_marks_of_windows() -> None:
    assert parse("\ufeff" + FULL.replace("\n", "\r\n")) == parse(FULL)


def test_line_separators_within_a_line_start_no_line() -> None:
    assert only(day("2024-01-30", paper(summary="- 가\u2028나\x0b다"))).summary == "- 가\u2028나다"


LINES = st.sampled_from(
    ["## Daily Papers (2024-01-30)", "### [T](https://arxiv.org/abs/2401.1)", "### [T]()", "###", "# x", "#### [a](b)"]
    + ["Vote: 3", "Vote: x", "Authors: ['a'", "Authors: b,", "![](https://e.org/a.png)", "![](a.png)", "```", "~~~~"]
    + ["- 글", "  - 안", "", "<div>", '<video src="https://e.org/b.mp4">', "[Watch Video](https://e.org/c.mp4)", "\x08"]
)


@given(st.lists(LINES | st.text(), max_size=40))
def test_every_line_ends_up_in_a_field_or_in_a_problem(lines: list[str]) -> None:
    """Each line carries a mark; each mark is found again in a paper or behind the line of a problem."""
    marked = [f"{line} mark{number}." if line.startswith("- ") else line for number, line in enumerate(lines)]
    digest = parse("\n".join(["## Daily Papers (2024-01-30)", *marked]))
    kept = "\n".join(listing.paper.summary for listing in digest.listings)
    reported = [problem.message for problem in digest.problems]
    for number, line in enumerate(marked):
        if line.startswith("- "):
            assert f"mark{number}." in kept or any(_reaches(problem, digest, number + 2) for problem in reported)


def _reaches(message: str, digest: Digest, line: int) -> bool:
    for problem in digest.problems:
        last = int(message.split("to line ")[1].split(")")[0]) if "to line " in message else problem.line
        if problem.message == message and problem.line <= line <= last:
            return True
    return False


@pytest.mark.parametrize(
    "line",
    ["#" * 6 + " " * 300_000 + "x", "[" * 300_000, "### " + "[](http://" * 60_000, "Authors: [" + "[" * 300_000]
    + [
        "<video " * 60_000,
        "</div>" * 50_000 + "x",
        "Vote:" + " " * 300_000,
        "`" * 300_000,
        "### [" + "](" * 100_000,
        "&#" * 150_000,
    ],
)
def test_a_hostile_line_costs_no_other_paper(line: str) -> None:
    """In quadratic time this would take many minutes."""
    found = papers(day("2024-01-30", paper("A", "2401.1", summary=line), line, paper("B", "2401.2")))
    assert {"A", "B"} <= {each.title for each in found}
