"""The reader of Markdown digests: the variants it accepts, and the diagnostics for everything else."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.diagnostic import Diagnostic, Severity
from feeds.model.paper import Paper
from feeds.readers import Digest, Entry
from feeds.readers.daily_papers import DailyPapersReader, parser
from tests.support.digests import SEEDS, day, paper

PATH = PurePosixPath("2024/01/30.md")


def parse(source: str) -> Digest:
    digest = DailyPapersReader().read(source, PATH)
    assert digest is not None
    return digest


def papers(digest: Digest) -> list[Paper]:
    return [entry.paper for entry in digest.entries]


def titles(digest: Digest) -> list[str]:
    return [paper.title for paper in papers(digest)]


def parse_paper(source: str) -> Paper:
    """Parse a digest of one paper."""
    (result,) = papers(parse(source))
    return result


def severities(digest: Digest) -> list[tuple[int, Severity]]:
    """List the line and the severity of every diagnostic."""
    return [(diagnostic.line, diagnostic.severity) for diagnostic in digest.diagnostics]


FULL = """## Daily Papers (2024-01-30)

### [A Title](https://arxiv.org/abs/2401.16420)

![](https://cdn.example.org/a.png)

Vote: 42

Authors: Ann Lee, Bo Kim, +

- 첫째 문장입니다.
- 둘째 문장입니다.
"""


def test_paper_with_every_field_is_parsed() -> None:
    expected = Paper(
        title="A Title",
        url="https://arxiv.org/abs/2401.16420",
        image="https://cdn.example.org/a.png",
        votes=42,
        authors=("Ann Lee", "Bo Kim"),
        more_authors=True,
        summary="- 첫째 문장입니다.\n- 둘째 문장입니다.",
    )
    listed = date(2024, 1, 30)
    assert parse(FULL) == Digest({listed: 1}, (Entry(3, listed, expected),), ())


def test_extras_right_below_the_heading_are_fields() -> None:
    lines = (
        "Abstract: One * of\nTags: cs.CV, Two words,, A&#44; B\nLanguage: zh-Hant\nPublished: 2024-01-29\n"
        "Abstract: Two\nComment: 12 pages &  *3* figures\nDOI: 10.1000/A_b(1)\nJournal: J. Test 5, 1-9 (2024)"
    )
    digest = parse(day("2024-01-30", paper("A", "2401.1", extras=f"{lines}\nVote: 3", summary="- 요약")))
    expected = Paper(
        "A",
        "https://arxiv.org/abs/2401.00001",
        votes=3,
        summary="- 요약",
        abstract="One * of\n\nTwo",
        tags=("cs.CV", "Two words", "A, B"),
        published=date(2024, 1, 29),
        language="zh-Hant",
        journal="J. Test 5, 1-9 (2024)",
        journal_doi="10.1000/A_b(1)",
        comment="12 pages & *3* figures",
    )
    assert papers(digest) == [expected]
    assert not digest.diagnostics


@pytest.mark.parametrize(
    "lines",
    [
        "\nTags: cs.CV",
        "Vote: -\nTags: cs.CV",
        "- 요약\nAbstract: We",
        "tags: cs.CV",
        "**Tags:** cs.CV",
        "Tags:cs.CV",
        "Published: yesterday",
        "Published: 2024-02-30",
        "Language: Korean text",
        "\nJournal: J. Test",
        "Vote: -\nComment: 12 pages",
        "comment: 12 pages",
        "DOI: 11.1000/x",
        "DOI: 10.1000/x y",
    ],
)
def test_other_lines_like_extras_are_the_summary(lines: str) -> None:
    parsed = parse_paper(f"## Daily Papers (2024-01-30)\n### [A](https://e.org/a)\n{lines}\n")
    assert parsed.extras == ()
    assert parsed.summary == lines.removeprefix("Vote: -").strip()


def test_extras_beyond_their_limits_are_left_out_with_an_error() -> None:
    tags = ", ".join(["x" * 501, *map(str, range(1001))])
    extras = f"Tags: {tags}\nAbstract: {'y' * 150_000}\nAbstract: {'z' * 60_000}\nComment: {'c' * 5_001}"
    digest = parse(day("2024-01-30", paper("A", "2401.1", extras=extras)))
    assert severities(digest) == [(4, Severity.ERROR), (6, Severity.ERROR), (7, Severity.ERROR)]
    (parsed,) = papers(digest)
    assert parsed.comment == "c" * 5_000
    assert (len(parsed.tags), len(parsed.tags[0]), len(parsed.abstract)) == (1000, 500, 200_002)


@pytest.mark.parametrize(("path", "count"), [("2024/01/30.md", 11), ("2024/03/20.md", 13)])
def test_seeds_are_parsed_without_diagnostics(path: str, count: int) -> None:
    digest = parse((SEEDS / path).read_text(encoding="utf-8"))
    assert len(digest.entries) == count
    assert not digest.diagnostics


def test_paper_of_the_first_dialect_has_only_a_summary() -> None:
    source = (
        "## Daily Papers (2023-11-20)\n### [A](https://arxiv.org/abs/2311.1)\n- 하나\n  - 안쪽\n### [B](https://b.org)"
    )
    source += "\n- 둘"
    first, second = papers(parse(source))
    assert (first.votes, first.authors, first.image, first.summary) == (None, (), None, "- 하나\n  - 안쪽")
    assert (second.title, second.summary) == ("B", "- 둘")


@pytest.mark.parametrize(
    ("line", "votes"),
    [("Vote: 0", 0), ("Vote: -", None), ("Vote:", None), ("votes: 1,234", 1234), ("**Vote**: 7", 7)]
    + [("Vote: **42**", 42), ("Vote: 42 👍", 42), ("Vote: N/A", None), ("Vote: None", None)],
)
def test_votes_are_none_if_not_counted(line: str, votes: int | None) -> None:
    digest = parse(day("2024-01-30", paper(votes=line)))
    assert digest.entries[0].paper.votes == votes
    assert not digest.diagnostics


def test_votes_that_are_not_a_number_are_an_error() -> None:
    digest = parse(day("2024-01-30", paper(votes="Vote: many")))
    assert digest.entries[0].paper.votes is None
    assert severities(digest) == [(5, Severity.ERROR)]


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
def test_authors_are_parsed_in_every_notation(line: str, names: tuple[str, ...]) -> None:
    digest = parse(day("2024-01-30", paper(authors=line, summary="- 글")))
    assert digest.entries[0].paper.authors == names
    assert digest.entries[0].paper.summary == "- 글"
    assert not digest.diagnostics


def test_broken_list_of_authors_is_split_and_reported() -> None:
    digest = parse(day("2024-01-30", paper(authors="Authors: ['A B', 'C D")))
    assert digest.entries[0].paper.authors == ("A B", "C D")
    assert severities(digest) == [(5, Severity.WARNING)]


def test_plus_among_authors_means_more_authors() -> None:
    assert parse_paper(day("2024-01-30", paper(authors="Authors: A, +"))).more_authors
    assert not parse_paper(day("2024-01-30", paper(authors="Authors: A, C++ Lover"))).more_authors


@pytest.mark.parametrize("line", ["A B, C D, A B, A B", "A B, C D, a  b", "A B, C D, A B.", "['A B', 'C D', 'A B']"])
def test_repeated_authors_are_listed_once_with_a_warning(line: str) -> None:
    digest = parse(day("2024-01-30", paper(authors=f"Authors: {line}")))
    assert digest.entries[0].paper.authors == ("A B", "C D")
    assert digest.diagnostics == (Diagnostic(5, "authors are repeated and listed once: A B", Severity.WARNING),)


@pytest.mark.parametrize(
    ("line", "names"),
    [("Ann Lee; Bo Kim; C", ("Ann Lee", "Bo Kim", "C")), ("Ann Lee and Bo Kim", ("Ann Lee", "Bo Kim"))]
    + [("A, Ann Lee & Bo Kim", ("A", "Ann Lee", "Bo Kim")), ("M&uuml;ller; B", ("Müller", "B"))],
)
def test_authors_with_other_separators_are_reported(line: str, names: tuple[str, ...]) -> None:
    digest = parse(day("2024-01-30", paper(authors=f"Authors: {line}")))
    assert digest.entries[0].paper.authors == names
    assert severities(digest) == [(5, Severity.WARNING)]


@pytest.mark.parametrize(
    ("line", "names"),
    [("Center for AI Safety and Scale AI", ("Center for AI Safety and Scale AI",)), ("A & B", ("A & B",))]
    + [("M&uuml;ller, B", ("Müller", "B")), ("김민준、이서연，박", ("김민준", "이서연", "박"))],
)
def test_names_with_and_or_entities_are_not_split(line: str, names: tuple[str, ...]) -> None:
    digest = parse(day("2024-01-30", paper(authors=f"Authors: {line}")))
    assert digest.entries[0].paper.authors == names
    assert not digest.diagnostics


@pytest.mark.parametrize(("line", "names"), [("Authors:", ()), ("Authors: Cy Park", ("Cy Park",))])
def test_names_below_the_line_of_authors_are_reported(line: str, names: tuple[str, ...]) -> None:
    digest = parse(day("2024-01-30", paper(authors=f"{line}\nAnn Lee, Bo Kim", summary="- 글")))
    assert digest.entries[0].paper.authors == names
    assert digest.entries[0].paper.summary == "Ann Lee, Bo Kim\n\n- 글"
    assert severities(digest) == [(6, Severity.WARNING)]


@pytest.mark.parametrize("line", ["**Authors: A B, C D**", "\u200bAuthors: A B, C D", "Authors: ［'A B', 'C D'］"])
def test_authors_in_bold_type_or_other_brackets_are_read(line: str) -> None:
    digest = parse(day("2024-01-30", paper(authors=line)))
    assert digest.entries[0].paper.authors == ("A B", "C D")
    assert not digest.diagnostics


@pytest.mark.parametrize("ending", ["mp4", "webm", "qt", "MOV", "mp4?x=1"])
def test_image_syntax_with_a_video_suffix_is_a_video(ending: str) -> None:
    result = parse_paper(day("2024-01-30", paper(media=f"![](https://cdn.example.org/a.{ending})")))
    assert (result.image, result.video) == (None, f"https://cdn.example.org/a.{ending}")


def test_video_link_with_its_player_is_one_video() -> None:
    player = '<div><video controls src="https://e.org/a.mp4" muted="false"></video></div>'
    result = parse_paper(
        day("2024-01-30", paper(media=f"[Watch Video](https://e.org/a.mp4)\n{player}", summary="- 글"))
    )
    assert (result.video, result.summary) == ("https://e.org/a.mp4", "- 글")


@pytest.mark.parametrize(
    ("line", "image"),
    [
        ("![](https://e.org/a b.png)", "https://e.org/a%20b.png"),
        ("![](https://e.org/a  b.png )", "https://e.org/a%20%20b.png"),
        ("![](<https://e.org/a b.png>)", "https://e.org/a%20b.png"),
        ("![](https://e.org/a (1).png)", "https://e.org/a%20(1).png"),
        ("![](https://e.org/a(b.png)", "https://e.org/a(b.png"),
        ("![](https://e.org/a)b.png)", "https://e.org/a)b.png"),
        ("![](https://e.org/a.png))", "https://e.org/a.png"),
        ("![](https://e.org/a.png", "https://e.org/a.png"),
        ("! [] (https://e.org/a.png)", "https://e.org/a.png"),
        ("![]（https://e.org/a.png）", "https://e.org/a.png"),
    ],
)
def test_picture_with_a_mistake_is_read_with_a_warning(line: str, image: str) -> None:
    digest = parse(day("2024-01-30", paper(media=line, summary="- 글")))
    assert (digest.entries[0].paper.image, digest.entries[0].paper.summary) == (image, "- 글")
    (diagnostic,) = digest.diagnostics
    assert (diagnostic.line, diagnostic.severity) == (5, Severity.WARNING)
    assert diagnostic.message.endswith(f"is read as the picture {image}; write ![]({image})")


def test_video_with_spaces_in_its_url_is_read_with_a_warning() -> None:
    digest = parse(day("2024-01-30", paper(media="[Watch Video](https://e.org/a b.mp4)")))
    assert digest.entries[0].paper.video == "https://e.org/a%20b.mp4"
    assert severities(digest) == [(5, Severity.WARNING)]
    markup = '<video src="https://e.org/a b.mp4"></video>'
    assert parse_paper(day("2024-01-30", paper(media=markup))).video == "https://e.org/a%20b.mp4"


@pytest.mark.parametrize(
    "line",
    ['![](https://e.org/a.png "A title")', "[![](https://e.org/a.png)](https://e.org/other)"]
    + ['<img src="https://e.org/a.png" alt="A title">', '<p><img src="https://e.org/a.png">A caption</p>'],
)
def test_text_beside_a_picture_is_left_out_with_a_warning(line: str) -> None:
    digest = parse(day("2024-01-30", paper(media=line)))
    assert (digest.entries[0].paper.image, digest.entries[0].paper.summary) == ("https://e.org/a.png", "")
    assert severities(digest) == [(5, Severity.WARNING)]


@pytest.mark.parametrize(
    "line",
    ["![](https://e.org/a.png) 그림 1", "![](a b.png)", "![[a.png]]", "![a][ref]", "[Watch](https://e.org/a.html)"]
    + ["<iframe src='https://e.org/a'></iframe>", "<a href='#'><img src='a'></a>", "<p>글</p>"]
    + [
        "Vote 42",
        "Votes - 42",
        "Authors A, B",
        "`![](https://e.org/a.png)`",
        "> ![](https://e.org/a.png)",
        "**Votes** 42",
        "Author(s): A",
        "[Watch Video](https://e.org/a b",
        "![](https://e.org/a b",
    ],
)
def test_field_that_is_not_understood_is_reported(line: str) -> None:
    digest = parse(day("2024-01-30", paper(media=line, votes="Vote: 3", summary="- 글")))
    assert (digest.entries[0].paper.summary, digest.entries[0].paper.votes) == (f"{line}\n\n\n- 글", 3)
    assert severities(digest) == [(5, Severity.WARNING)]


@pytest.mark.parametrize(
    "lines",
    ["Vote: 4", "- 글\nVote: 4", "- 글\nAuthors: B, C", "- Authors: B, C", "- [code](https://e.org/a b)"],
)
def test_field_or_broken_link_in_the_summary_is_reported(lines: str) -> None:
    digest = parse(day("2024-01-30", paper(votes="Vote: 3", summary=lines)))
    assert digest.entries[0].paper.summary == lines
    assert severities(digest) == [(7 + lines.count("\n"), Severity.WARNING)]


@pytest.mark.parametrize(
    "line",
    ["> ### [B](https://arxiv.org/abs/2401.00002)", "`### [B](https://arxiv.org/abs/2401.00002)`", "###B"]
    + ["<b>## Daily Papers (2024-01-31)</b>", "> ## Daily Papers (2024-01-31)"],
)
def test_wrapped_heading_in_a_summary_is_an_error(line: str) -> None:
    digest = parse(day("2024-01-30", paper("A", "2401.1", summary=f"- 글\n\n{line}\n\n- 글")))
    assert digest.entries[0].paper.summary == f"- 글\n\n{line}\n\n- 글"
    assert severities(digest) == [(7, Severity.ERROR)]
    digest = parse(day("2024-01-30", paper("A", "2401.1", summary=f"- 글\n<!-- {line} -->")))
    assert {line for line, _ in severities(digest)} <= {6}


@pytest.mark.parametrize("number", ["2401.1", "2401.2"])
def test_line_that_links_to_another_paper_is_reported(number: str) -> None:
    link = "[논문](https://arxiv.org/abs/2401.00001)"
    digest = parse(day("2024-01-30", paper("A", number, summary=f"- 글\n\n{link}\n- 글")))
    assert severities(digest) == ([] if number == "2401.1" else [(7, Severity.WARNING)])


def test_paper_without_a_heading_is_an_error() -> None:
    other = "- 글\n\n[B](https://arxiv.org/abs/2401.00002)\n\nVote: 4"
    digest = parse(day("2024-01-30", paper("A", "2401.1", votes="Vote: 3", summary=other)))
    assert titles(digest) == ["A"]
    assert severities(digest) == [(9, Severity.ERROR)]


@pytest.mark.parametrize(
    "summary",
    ["Authors propose a method.", "저자들은 Vote: 를 쓴다.", "```\nVote: 4\n```", "- Votes: 투표를 센다."]
    + ["[코드](https://github.com/a/b)", "- **Authors**: 저자들은 새 방법을 제안한다"],
)
def test_sentence_or_code_like_a_field_is_not_reported(summary: str) -> None:
    digest = parse(day("2024-01-30", paper(votes="Vote: 3", authors="Authors: A", summary=f"- 글\n{summary}")))
    assert not digest.diagnostics


def test_relative_picture_is_left_out_with_a_warning() -> None:
    digest = parse(day("2024-01-30", paper(media="![](/avatars/a.svg)")))
    assert digest.entries[0].paper.image is None
    assert severities(digest) == [(5, Severity.WARNING)]


def test_second_picture_stays_in_the_summary() -> None:
    result = parse_paper(
        day("2024-01-30", paper(media="![](https://e.org/a.png)\n![](https://e.org/b.png)", summary="- 글"))
    )
    assert result.image == "https://e.org/a.png"
    assert result.summary == "![](https://e.org/b.png)\n\n- 글"


def test_line_of_several_pictures_stays_in_the_summary_once() -> None:
    line = '<img src="https://e.org/a.png"><img src="https://e.org/b.png"><img src="https://e.org/c.png">'
    digest = parse(day("2024-01-30", paper(media=line)))
    assert digest.entries[0].paper.image == "https://e.org/a.png"
    assert digest.entries[0].paper.summary == line


def test_description_of_the_picture_is_left_out_with_a_warning() -> None:
    digest = parse(day("2024-01-30", paper(media="![a](https://e.org/a.png)\n![b](https://e.org/b.png)")))
    assert digest.entries[0].paper.summary == "![b](https://e.org/b.png)"
    assert severities(digest) == [(5, Severity.WARNING)]


@pytest.mark.parametrize(
    ("heading", "title"),
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
def test_title_is_unescaped(heading: str, title: str) -> None:
    result = parse_paper(f"## Daily Papers (2024-01-30)\n### {heading}\n")
    assert (result.title, result.url) == (title, "https://arxiv.org/abs/2401.1")


@pytest.mark.parametrize(
    "label",
    ["[1] ", "[1]", "(1) ", "[#3] ", "[NEW] ", "#3 ", "12 ", "3: ", "[1/11] ", "No. 3 ", "🔥 ", "[NEW] 🔥 ", "1️⃣ ", "① "]
    + ["**1.** ", "[추천] ", "【1】", "1. [HOT] "],
)
def test_label_before_a_title_is_left_out_with_a_warning(label: str) -> None:
    digest = parse(f"## Daily Papers (2024-01-30)\n### {label}[[IDK] T](https://arxiv.org/abs/2401.00001)\n")
    assert titles(digest) == ["[IDK] T"]
    (diagnostic,) = digest.diagnostics
    assert diagnostic.message == f"'{label.strip(' *')}' before the title is left out; write ### [TITLE](URL)"


@pytest.mark.parametrize(
    ("link", "title"),
    [("[Re] [Something](https://e.org)", "[Re] Something"), ("[IDK] tokens [T](https://e.org)", "[IDK] tokens T")]
    + [
        ("[[1] T](https://e.org)", "[1] T"),
        ("[1. T](https://e.org)", "1. T"),
        ("[2024] [T](https://e.org)", "[2024] T"),
    ],
)
def test_title_that_may_hold_a_label_is_kept_with_a_warning(link: str, title: str) -> None:
    digest = parse(f"## Daily Papers (2024-01-30)\n### {link}\n")
    assert titles(digest) == [title]
    assert severities(digest) == [(2, Severity.WARNING)]


@pytest.mark.parametrize("title", ["[IDK] tokens", "[Re] Something", "1.5-Pints", "3D [x]", "[0, 1) intervals"])
def test_title_with_its_own_brackets_is_kept_silently(title: str) -> None:
    digest = parse(day("2024-01-30", paper(title)))
    assert titles(digest) == [title]
    assert not digest.diagnostics


@pytest.mark.parametrize(
    "link",
    ["[T](<https://e.org/a b>)", "[T](https://e.org/a b)", "[T](https://e.org/a b 't')", "[T]（https://e.org/a b）"],
)
def test_url_of_a_paper_with_spaces_is_encoded(link: str) -> None:
    assert parse_paper(f"## Daily Papers (2024-01-30)\n### {link}\n").url == "https://e.org/a%20b"


def test_zero_width_characters_are_not_part_of_a_url() -> None:
    digest = parse("## Daily Papers (2024-01-30)\n### [T](https://arxiv.org/abs/2401.00001\u200b)\n")
    assert digest.entries[0].paper.arxiv_id == "2401.00001"


def test_url_with_brackets_and_hangul_becomes_a_uri() -> None:
    result = parse_paper("## Daily Papers (2024-01-30)\n### [T](https://example.한국/가_(b)?q=a)\n")
    assert result.url == "https://example.xn--3e0b707e/%EA%B0%80_(b)?q=a"


def test_two_headings_of_one_date_are_one_day_in_order() -> None:
    source = day("2024-10-18", paper("A", "2410.1"), "## Daily Papers (2024-10-18)\n", paper("B", "2410.2"))
    digest = parse(source)
    appended = date(2024, 10, 18)
    assert digest.days == {appended: 1}
    assert [(entry.paper.title, entry.day) for entry in digest.entries] == [("A", appended), ("B", appended)]


def test_file_without_a_day_heading_is_not_read() -> None:
    assert DailyPapersReader().read("# Readme\n\n### [A](https://a.org)\n", PATH) is None


def test_day_without_papers_is_listed() -> None:
    assert parse("## Daily Papers (2024-01-30)\n").days == {date(2024, 1, 30): 1}


def test_readme_with_a_digest_between_chapters_lists_its_papers() -> None:
    source = "# Papers\nHello\n" + FULL + "## Star history\n\n### [Chart](https://example.org)\n\nA chart.\n"
    digest = parse(source)
    assert titles(digest) == ["A Title"]
    assert "chart" not in digest.entries[0].paper.summary.lower()
    assert {line for line, _ in severities(digest)} == {1, 2, 15, 17, 19}
    assert all(severity is Severity.WARNING for _, severity in severities(digest))


def test_other_heading_ends_a_paper_and_is_reported() -> None:
    digest = parse(
        day("2024-01-30", paper("A", "2401.1", summary="- 글"), "#### Note\n\nlost?\n", paper("B", "2401.2"))
    )
    assert titles(digest) == ["A", "B"]
    assert digest.entries[0].paper.summary == "- 글"
    assert severities(digest) == [(7, Severity.WARNING), (9, Severity.WARNING)]


def test_broken_paper_is_an_error_and_the_others_are_kept() -> None:
    source = day("2024-01-30", paper("A", "2401.1"), "### No address\n\n- 글\n", "### [Bad](javascript:alert(1))\n")
    digest = parse(source + paper("B", "2401.2"))
    assert titles(digest) == ["A", "B"]
    assert severities(digest) == [(5, Severity.ERROR), (7, Severity.WARNING), (9, Severity.ERROR)]


def test_paper_without_a_title_is_kept_with_its_url_as_title() -> None:
    digest = parse(day("2024-01-30", paper("", "2401.1", summary="- 글")))
    assert digest.entries[0].paper.title == "https://arxiv.org/abs/2401.00001"
    assert digest.entries[0].paper.summary == "- 글"
    assert severities(digest) == [(3, Severity.ERROR)]


def test_invalid_date_is_an_error_and_not_a_day() -> None:
    digest = parse(day("2024-02-30", paper()))
    assert not digest.days
    assert severities(digest)[0] == (1, Severity.ERROR)


def test_fenced_code_has_no_headings_but_ends_at_a_paper() -> None:
    fenced = "- 글\n\n```\n# comment\n```\n끝"
    source = day("2024-01-30", paper("A", "2401.1", summary=fenced), paper("B", "2401.2", summary="```\n# open"))
    first, second, third = papers(parse(source + paper("C", "2401.3")))
    assert first.summary == fenced
    assert second.summary == "```\n# open"
    assert third.title == "C"


def test_forbidden_characters_are_removed_and_reported() -> None:
    digest = parse(day("2024-01-30", paper("A \x08B", summary="- \x0crac \ufffe글")))
    assert digest.entries[0].paper.title == "A B"
    assert digest.entries[0].paper.summary == "- rac 글"
    assert severities(digest) == [(3, Severity.WARNING), (5, Severity.WARNING)]


@pytest.mark.parametrize(
    "heading",
    ["## Daily Papers (2024-01-30) 🔥", "##Daily Papers (2024-01-30)", "# **Daily Papers (2024.01.30)**:"]
    + ["## 🤗 Daily Papers （2024/01/30）", "## daily paper 2024-01-30", "\ufeff## Daily Papers (2024-01-30)"],
)
def test_day_heading_with_mistakes_is_recognized(heading: str) -> None:
    assert parse(f"\n{heading}\n").days == {date(2024, 1, 30): 2}


DAY = date(2024, 1, 30)


@pytest.mark.parametrize(
    "heading",
    ["## Daily Papers (2024-01-30, 화)", "## Daily Paperss (2024-01-30)", "## Papers (2024-01-30)"]
    + ["## Daily Papers: 30 Jan 2024", "# Daily Papers 2024.1.30", "## daily paper 2024/01/30 (Tue)"]
    + ["## 데일리 페이퍼 (2024년 1월 30일)", "## 데일리 패이퍼 2024. 1. 30.", "## 논문 (2024-01-30)"]
    + ["## Daily Papers 2024-01-30", "## Daily Papers (2024-01-30", "## Daily Papers （２０２４－０１－３０）"]
    + ["## **Daily Papers** (2024-01-30, Tue)", "## **Daily Papers (2024-01-30)**", "# Daily Papers (2024-01-30)"]
    + ["## Daily Papers (2024-01-30) - 11 papers", "## Daily Papers (2024-01-30) 특집호", "## DailyPapers 20240130"]
    + ["## Daily Papers for Tuesday, January 30th, 2024", "## 2024-01-30 Daily Papers", "### Papers (2024-01-30)"]
    + [
        "## Daily Papers (30/01/2024)",
        "## Daily Papers 2024-01-30T09:00:00Z",
        "## Hugging Face Daily Papers 2024-01-30",
    ]
    + ["## [Daily Papers (2024-01-30)](https://huggingface.co/papers)", "##Daily Papers (2024-01-30, Tue)"]
    + ["Daily Papers (2024-01-30)", "**Daily Papers (2024-01-30)**", "Daily Papers (2024-01-30)\n========="]
    + ["＃＃ Daily Papers (2024-01-30)", "\\## Daily Papers (2024-01-30)", "- ## Daily Papers (2024-01-30)"],
)
def test_day_heading_with_a_slip_is_read_with_a_warning(heading: str) -> None:
    digest = parse(f"{heading}\n\n{paper()}")
    assert [(entry.day, entry.paper.title) for entry in digest.entries] == [(DAY, "A Paper")]
    (diagnostic,) = digest.diagnostics
    assert (diagnostic.line, diagnostic.severity) == (1, Severity.WARNING)
    assert diagnostic.message.endswith("is read as the heading of 2024-01-30; write ## Daily Papers (2024-01-30)")


@pytest.mark.parametrize(
    ("heading", "message"),
    [
        (
            "## Daily Papers",
            "'Daily Papers' has no date, so its papers are left out; write ## Daily Papers (YYYY-MM-DD)",
        ),
        ("## Daily Papers (2024-01-3O)", "'Daily Papers (2024-01-3O)' has no date, so"),
        ("## Daily Papers (1월 30일)", "'Daily Papers (1월 30일)' has no date, so"),
        ("## Daily Papers (2024-02-30, 금)", "2024-02-30 is not a date, so"),
        ("## Papers (30 Feb 2024)", "30 Feb 2024 is not a date, so"),
        ("## Daily Papers (03/04/2024)", "03/04/2024 can be read as two dates, so"),
        ("## Daily Papers (24-01-30)", "the year of 24-01-30 needs four digits, so"),
        (
            "## Daily Papers (2024-01-30 ~ 2024-02-02)",
            "'Daily Papers (2024-01-30 ~ 2024-02-02)' has more than one date, so",
        ),
        ("## 2024-01-30", "'2024-01-30' has a date but is not the heading of a day, so"),
        ("# Weekly Papers (2024-01-30)", "'Weekly Papers (2024-01-30)' has a date but is not the heading of a day, so"),
    ],
)
def test_unclear_heading_above_papers_is_an_error(heading: str, message: str) -> None:
    digest = parse(day("2024-01-29", paper("A", "2401.1"), f"{heading}\n", paper("B", "2401.2")))
    assert titles(digest) == ["A"]
    assert [severity for _, severity in severities(digest)] == [Severity.ERROR, Severity.ERROR]
    assert digest.diagnostics[0].line == 5
    assert digest.diagnostics[0].message.startswith(message)
    assert "the paper '[B]" in digest.diagnostics[1].message


@pytest.mark.parametrize(
    "heading",
    ["## Papers", "## Released on 2024-02-01", "## 2024-02-01", "## Daily Papers archive", "# Daily Papers 모음"]
    + [
        "## Daily Papers and more (2024-02-01)",
        "## Papers (2024-02-01)",
        "#### 2024-02-01",
        "Papers (2024-02-01)",
        "- Daily Papers (2024-02-01)",
    ]
    + ["> Daily Papers (2024-02-01)", "| Daily Papers (2024-02-01) |", "## Daily Newspapers (2024-02-01)"],
)
def test_heading_without_papers_below_is_not_a_day(heading: str) -> None:
    source = day("2024-01-30", paper("A", "2401.1"), f"{heading}\n\n글\n")
    assert parse(source).days == {DAY: 1}
    assert parse(f"{heading}\n\n{source}").days == {DAY: 3}
    assert DailyPapersReader().read(f"{heading}\n\n글\n\n### [Chart](https://example.org)\n", PATH) is None


@pytest.mark.parametrize("title", ["Daily Papers (2024-02-01)", "2024-02-01", "Papers of 2024-02-01"])
def test_title_with_a_date_is_not_a_day(title: str) -> None:
    digest = parse(day("2024-01-30", paper(title, "2401.1"), paper("B", "2401.2")))
    assert (digest.days, titles(digest)) == ({DAY: 1}, [title, "B"])


def test_date_above_a_subheading_of_a_paper_is_not_a_day() -> None:
    digest = parse(day("2024-01-30", paper("A", "2401.1", summary="#### Published 2024-01-15"), paper("B", "2401.2")))
    assert titles(digest) == ["A", "B"]
    assert severities(digest) == [(5, Severity.WARNING)]


def test_papers_after_an_invalid_day_do_not_make_chapters() -> None:
    chapter = paper("B", "2401.2", summary="## 요약\n\n- 글")
    source = day("2024-02-30", paper("A", "2401.1")) + day("2024-01-30", chapter, paper("C", "2401.3"))
    assert titles(parse(source)) == ["B", "C"]


@pytest.mark.parametrize("line", ["", "# arXiv\n\n", "## Papers\n\n"])
def test_papers_without_a_day_are_one_error(line: str) -> None:
    digest = parse(f"{line}{paper('A', '2401.1')}{paper('B', '2401.2')}")
    assert not digest.days
    assert [(line.count("\n") + 1, Severity.ERROR)] == severities(digest)
    assert "the file has papers but no day, so '[A]" in digest.diagnostics[0].message


def test_lines_of_links_in_a_day_are_an_error() -> None:
    digest = parse(
        day("2024-01-30", "1. [A](https://arxiv.org/abs/2401.00001)\n2. [B](https://arxiv.org/abs/2401.00002)\n")
    )
    assert severities(digest) == [(3, Severity.ERROR)]


def test_comment_outside_of_papers_is_not_reported() -> None:
    digest = parse(
        f"<!-- 12 of 40 papers -->\n\n{FULL}\n## 요약\n<!-- 나중에 -->\n### [B](https://arxiv.org/abs/2401.2)\n"
    )
    assert titles(digest) == ["A Title", "B"]
    assert severities(digest) == [(16, Severity.WARNING)]


def test_comment_that_hides_papers_is_left_out_with_a_warning() -> None:
    hidden = f"<!--\n{paper('B', '2401.2', summary='- 글')}\n-->\n"
    digest = parse(day("2024-01-30", paper("A", "2401.1", summary="- 가\n<!-- 나 -->"), hidden, paper("C", "2401.3")))
    assert [(paper.title, paper.summary) for paper in papers(digest)] == [("A", "- 가\n<!-- 나 -->"), ("C", "")]
    assert severities(digest) == [(8, Severity.WARNING)]
    unclosed = day("2024-01-30", paper("A", "2401.1"), "<!--\n", paper("B", "2401.2"))
    assert titles(parse(unclosed)) == ["A", "B"]


@pytest.mark.parametrize("before", ["\ufeff", "\u200b", "    ", "\u00a0"])
def test_heading_after_invisible_characters_starts_a_paper(before: str) -> None:
    source = day("2024-01-30", paper("A", "2401.1", summary="- 글"), before + paper("B", "2401.2"))
    assert titles(parse(source)) == ["A", "B"]


def test_chapter_within_a_day_does_not_end_the_day() -> None:
    chapter = paper("B", "2401.2", summary="## 요약\n\n- 글")
    source = day("2024-01-30", paper("A", "2401.1"), chapter, paper("C", "2401.3", votes="Vote: 1"))
    digest = parse(source + "### [D](https://e.org/d)\n\n- 글\n")
    assert titles(digest) == ["A", "B", "C", "D"]
    assert severities(digest) == [(7, Severity.WARNING), (9, Severity.WARNING)]


def test_link_after_a_readme_chapter_needs_votes_or_authors() -> None:
    source = "# Papers\n\n" + day("2024-01-30", paper("A", "2401.1"), "## Reading list\n")
    digest = parse(source + paper("B", "2401.2", votes="Vote: 1") + paper("C", "2401.3"))
    assert titles(digest) == ["A", "B"]
    assert digest.diagnostics[-1].severity is Severity.ERROR
    assert "C" in digest.diagnostics[-1].message


def test_arxiv_link_with_votes_is_a_paper_at_any_heading_level() -> None:
    other = paper("B", "2401.2", votes="Vote: 1").replace("###", "##")
    assert titles(parse(day("2024-01-30", paper("A", "2401.1"), other))) == ["A", "B"]


def test_heading_broken_in_its_title_is_joined() -> None:
    result = parse_paper(
        "## Daily Papers (2024-01-30)\n### [A long\ntitle](https://arxiv.org/abs/2401.00001)\nVote: 1\n"
    )
    assert (result.title, result.votes) == ("A long title", 1)
    assert parse("## Daily Papers (2024-01-30)\n### [A\n### [B](https://e.org)\n").diagnostics[0].line == 2


def test_broken_heading_with_a_control_character_is_joined() -> None:
    source = "## Daily Papers (2024-01-30)\n\x08### [A long\ntitle](https://arxiv.org/abs/2401.00001)\n"
    assert parse_paper(source).title == "A long title"
    assert severities(parse(source)) == [(2, Severity.WARNING)]


@pytest.mark.parametrize("line", ["Authors: A,", "Authors: ['A'"])
@pytest.mark.parametrize("fence", ["```", "~~~", "+ ```"])
def test_authors_do_not_continue_in_code(line: str, fence: str) -> None:
    result = parse_paper(day("2024-01-30", paper(authors=f"{line}\n{fence}\n# 설치\n```")))
    assert (result.authors, result.summary) == (("A",), f"{fence}\n# 설치\n```")


def test_authors_that_are_not_strings_are_reported() -> None:
    digest = parse(day("2024-01-30", paper(authors="Authors: ['A', None, 3]")))
    assert digest.entries[0].paper.authors == ("A",)
    assert severities(digest) == [(5, Severity.WARNING)]


def test_fenced_code_after_a_bullet_has_no_headings() -> None:
    fenced = "- ```sh\n  # 설치\n  pip install x\n  ```\n- 끝."
    source = day("2024-01-30", paper("A", "2401.1", summary=fenced), paper("B", "2401.2"))
    assert [(paper.title, paper.summary) for paper in papers(parse(source))] == [("A", fenced), ("B", "")]


@pytest.mark.parametrize(
    "before",
    ["![](https://e.org/a.png) ![](https://e.org/b.png)", "[![](https://e.org/a.png)](https://e.org)", "한 줄 소개"]
    + ['<img src="https://e.org/a.png">', "![](https://e.org/a b.png)", "<div>"]
    + ['<div><video controls src="https://e.org/a.mp4">No video.</video></div>', "Vote: many"],
)
def test_votes_and_authors_are_found_after_an_unknown_line(before: str) -> None:
    result = parse_paper(day("2024-01-30", paper(media=before, votes="Vote: 3", authors="Authors: A", summary="- 글")))
    assert (result.votes, result.authors) == (3, ("A",))
    assert result.summary.endswith("- 글")


@pytest.mark.parametrize("after", ["Vote: 3", "![](https://e.org/i.png)", "**New**: 새롭다.", "이 논문은 새롭다."])
def test_authors_ending_in_a_comma_continue_only_with_names(after: str) -> None:
    assert parse_paper(day("2024-01-30", paper(authors=f"Authors: A, B,\n{after}"))).authors == ("A", "B")


@pytest.mark.parametrize(
    "address", ["https://［.com/x.png", "https://x［y］.com/x.png", "http://" + "é" * 300, "http://[x"]
)
def test_invalid_url_is_a_warning(address: str) -> None:
    digest = parse(day("2024-01-30", paper(media=f"![]({address})")))
    assert severities(digest) == [(5, Severity.WARNING)]


def test_ampersand_in_a_url_is_not_an_entity() -> None:
    address = "https://x.org/i.png?a=1&timestamp=2&copy=3&region=us&section=4"
    assert parse_paper(day("2024-01-30", paper(media=f"![]({address})"))).image == address


def test_windows_line_ends_and_byte_order_mark_change_nothing() -> None:
    assert parse("\ufeff" + FULL.replace("\n", "\r\n")) == parse(FULL)


def test_line_separator_does_not_end_a_line() -> None:
    assert parse_paper(day("2024-01-30", paper(summary="- 가\u2028나\x0b다"))).summary == "- 가\u2028나다"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("### No link", "'No link' is not a paper; write ### [TITLE](URL) with an http or https URL"),
        (
            "### [](https://e.org)",
            "the paper has no title, so its URL is shown instead; write ### [TITLE](URL)",
        ),
        (
            "## [A](https://arxiv.org/abs/2401.00001)",
            "the paper '[A](https://arxiv.org/abs/2401.00001)' is left out; start its heading with ###",
        ),
        (
            "## Daily Papers (2024-02-30)",
            "2024-02-30 is not a date, so its papers are left out; write YYYY-MM-DD with a year from 1990 to 2999",
        ),
        (
            "### [A](https://e.org)\nVote: many",
            "'many' is not a number of votes; write Vote: 42, or Vote: - if votes were not counted",
        ),
        ("Hello", "the line 'Hello' belongs to no paper and is left out"),
        ("Hello\n\nworld", "the lines from 'Hello' to line 4 belong to no paper and are left out"),
    ],
)
def test_diagnostic_says_what_is_wrong_and_what_to_write(lines: str, message: str) -> None:
    (diagnostic,) = parse(f"## Daily Papers (2024-01-30)\n{lines}\n").diagnostics
    assert diagnostic.message == message


LINES = (
    ["## Daily Papers (2024-01-30)", "Daily Papers (2024-01-30)", "## Daily Papers (2024-01-30) MARK", "## MARK"]
    + [
        "## Papers MARK (2024-01-30)",
        "### [T MARK](https://e.org/N)",
        "### [7] [T MARK](https://arxiv.org/abs/2401.0000N)",
    ]
    + ["### [Re] [T MARK](https://e.org/N)", "### MARK", "### [T MARK", "### [MARK]()", "- ### [MARK](https://e.org/N)"]
    + [
        "### [T](https://e.org/N) MARK",
        "### [T](https://e.org/N 'MARK')",
        "#### [MARK](https://e.org/N)",
        "###",
        "===",
        "",
    ]
    + [
        "Vote: 3",
        "Vote: MARK",
        "Vote MARK",
        "Authors: MARK, B",
        "Authors: ['MARK'",
        "Authors: B; MARK",
        "Authors:",
        "MARK,",
    ]
    + ["Authors: A,", "![MARK](https://e.org/N.png)", "![](https://e.org/MARK.png)", "![](https://e.org/a MARK.png)"]
    + ["![](MARK.png)", "![](https://e.org/N.png) MARK", "![](https://e.org/N.png 'MARK')", "![[MARK]]", "<p>MARK</p>"]
    + [
        "[![](https://e.org/N.png)](https://e.org/MARK)",
        "[Watch Video](https://e.org/MARK.mp4)",
        "<div>",
        "<img alt='MARK'>",
    ]
    + [
        "<img src='https://e.org/N.png' alt='MARK'>",
        "<video src='https://e.org/MARK.mp4'>",
        "```",
        "~~~~ MARK",
        "<!-- MARK",
    ]
    + [
        "MARK -->",
        "- MARK",
        "  - MARK",
        "MARK",
        "\x08MARK",
        "> MARK",
        "[B MARK](https://arxiv.org/abs/2401.0000N)",
        "# MARK #",
    ]
)


OTHER_LINES = st.text(st.characters(exclude_characters="\r\n"), max_size=20)


@given(st.lists(st.sampled_from(LINES) | OTHER_LINES, max_size=40))
def test_every_line_is_kept_in_a_field_or_reported(templates: list[str]) -> None:
    """Put a mark into each line, and look for it in the papers and on the lines of the diagnostics."""
    lines = [line.replace("MARK", f"m{number}x").replace("N", str(number)) for number, line in enumerate(templates)]
    digest = parse("\n".join(["## Daily Papers (2024-01-30)", *lines]))
    kept = "\n".join(map(repr, papers(digest)))
    for number, (template, line) in enumerate(zip(templates, lines, strict=True)):
        if "MARK" in template and f"m{number}x" not in kept:
            spans = [(diagnostic.line, last_line(diagnostic)) for diagnostic in digest.diagnostics]
            assert any(first <= number + 2 <= last for first, last in spans), line


def last_line(diagnostic: Diagnostic) -> int:
    match = re.search("(?:to|up to) line ([0-9]+) ", diagnostic.message)
    return int(match[1]) if match else diagnostic.line


def test_diagnostics_beyond_a_thousand_of_each_severity_are_counted() -> None:
    summary = "- 글\n" + "Vote: 3\n" * 1_500
    digest = parse(day("2024-01-30", paper(votes="Vote: 3", summary=summary), paper("B", "2401.2", votes="Vote: x")))
    assert len(digest.diagnostics) == 1_002
    message = "500 more warnings of the file are not listed; correct the others first"
    assert Diagnostic(1_008, message, Severity.WARNING) in digest.diagnostics
    assert digest.diagnostics[-1].severity is Severity.ERROR


def test_long_message_is_shortened() -> None:
    names = ", ".join(f"Ann B{number}" for number in range(1_000))
    (diagnostic,) = parse(day("2024-01-30", paper(authors=f"Authors: {names}, {names}"))).diagnostics
    assert diagnostic.message.startswith("authors are repeated and listed once: Ann B0, Ann B1, ")
    assert len(diagnostic.message) <= 2_001


def test_lines_beyond_a_million_are_left_out_with_an_error() -> None:
    digest = parse(day("2024-01-30", paper("A"), "\n" * 1_000_000, paper("B")))
    assert titles(digest) == ["A"]
    assert severities(digest) == [(1_000_001, Severity.ERROR)]


def test_authors_beyond_ten_thousand_are_left_out_with_an_error() -> None:
    names = [f"Ann B{number}" for number in range(10_001)]
    digest = parse(day("2024-01-30", paper(authors=f"Authors: {', '.join(names)}")))
    (only,) = papers(digest)
    assert (only.authors, only.more_authors) == (tuple(names[:10_000]), True)
    assert severities(digest) == [(5, Severity.ERROR)]


@pytest.mark.parametrize(
    ("limit", "lines"),
    [
        (5_000, lambda text: paper(text)),
        (500, lambda text: paper(authors=f"Authors: {text}, B")),
        (200_000, lambda text: paper(summary=text)),
        (200_000, lambda text: paper(summary="\n".join(text[start:][:100] for start in range(0, len(text), 101)))),
    ],
)
def test_text_beyond_its_limit_is_left_out_with_an_error(limit: int, lines: Callable[[str], str]) -> None:
    digest = parse(day("2024-01-30", lines("x" * limit)))
    assert severities(digest) == []
    longer = parse(day("2024-01-30", lines("x" * (limit + 1))))
    assert papers(longer) == papers(digest)
    assert [severity for _, severity in severities(longer)] == [Severity.ERROR]
    assert f"more than {limit:,} characters" in longer.diagnostics[0].message


def test_end_of_an_endless_line_is_left_out_with_an_error() -> None:
    digest = parse(day("2024-01-30", "x" * 500_001, paper("A")))
    assert titles(digest) == ["A"]
    assert severities(digest) == [(3, Severity.ERROR), (3, Severity.WARNING)]


@pytest.mark.parametrize("limit", ["_MAX_PAPERS", "_MAX_DAYS"])
def test_what_follows_too_many_days_or_papers_is_reported(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(parser, limit, 2)
    days = [day(f"2024-01-{number:02}", paper(f"P{number}", f"2401.{number}")) for number in range(1, 5)]
    digest = parse("\n".join(days))
    assert titles(digest) == ["P1", "P2"]
    (diagnostic,) = digest.diagnostics
    assert diagnostic.severity is Severity.ERROR
    assert "what follows is left out" in diagnostic.message


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
        "### " + "[1] " * 100_000 + "[T](https://e.org)",
        "### [" + "][" * 100_000 + "](https://e.org)" * 60,
        "![](https://e.org/" + " a" * 100_000 + ")",
        "Authors: " + "A B and " * 50_000,
        "Authors: " + "&amp" * 50_000 + ";",
        "<img src='x'>" * 50_000,
        "<img src='https://e.org/a' alt='x'>" * 20_000,
        "\n".join(["<!--"] * 50_000) + "-->",
        "\n".join(["## Papers (2024-01-30)"] * 5_000),
        "## Daily " + "2024-01-30 " * 20_000,
        "\n" * 300_000,
        "### \n" * 50_000,
        "Authors: " + ", ".join(f"Ann B{number}" for number in range(80_000)),
        f"Authors: {[f'Ann B{number}' for number in range(80_000)]}",
        "Authors: [" + r"'\'', " * 80_000 + "]",
        "\x08" * 300_000,
    ],
)
def test_hostile_line_is_parsed_in_linear_time(line: str) -> None:
    """In quadratic time this would take many minutes."""
    digest = parse(day("2024-01-30", paper("A", "2401.1", summary=line), line, paper("B", "2401.2")))
    assert {"A", "B"} <= set(titles(digest))
