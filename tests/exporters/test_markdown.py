"""Day files: every paper that is exported as Markdown is the same when it is read again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.archive.files import decode
from feeds.exporters.contract import RenderContext
from feeds.exporters.markdown import MarkdownExporter
from feeds.exporters.registry import Registry
from feeds.model.edition import Edition
from feeds.model.keys import ALL
from feeds.model.paper import Day, Listing, Paper
from feeds.publishing.publisher import Publisher, open_publisher
from feeds.readers import Digest
from feeds.readers.daily_papers import DailyPapersReader
from feeds.site.site import Site
from feeds.text.markdown import to_plain_text
from tests.support import archives
from tests.support.digests import SEEDS, OpenFiles, day, load, paper, render, write_files

DATE = date(2024, 1, 30)
PLAIN = Paper("A Title", "https://arxiv.org/abs/2401.16420")


def export(days: Mapping[date, Sequence[Paper]]) -> str:
    """Export days, newest first."""
    listed = {day: [Listing(paper, rank, day) for rank, paper in enumerate(papers)] for day, papers in days.items()}
    edition = Edition(ALL, tuple(Day(day, tuple(listings)) for day, listings in sorted(listed.items(), reverse=True)))
    context = RenderContext.for_site(Site(), Registry([]))
    return b"".join(MarkdownExporter().render(edition, context)).decode()


def export_papers(*papers: Paper) -> str:
    return export({DATE: papers})


def parse(source: str) -> Digest:
    digest = DailyPapersReader().read(source, PurePosixPath("2024/01/30.md"))
    assert digest is not None
    return digest


def papers_by_day(digest: Digest) -> dict[date, list[Paper]]:
    return {day: [entry.paper for entry in digest.entries if entry.day == day] for day in digest.days}


def parse_papers(source: str) -> list[Paper]:
    return [entry.paper for entry in parse(source).entries]


def listed_papers(edition: Edition) -> set[tuple[date, Paper]]:
    return {(listing.first_listed, listing.paper) for listing in edition.listings}


def open_documents(tmp_path: Path, **documents: bytes) -> Publisher:
    """Open an archive of nothing but the documents."""
    root = tmp_path / "copy"
    write_files(root, {f"{name}.md": document for name, document in documents.items()})
    return open_publisher(root, {"FEEDS_INDEX": str(tmp_path / "copy.sqlite"), "HOME": str(tmp_path)})


def test_paper_with_every_field_is_exported() -> None:
    paper = replace(
        PLAIN,
        image="https://e.org/a.png",
        video="https://e.org/a.mp4",
        votes=42,
        authors=("Ann Lee", "Bo Kim"),
        more_authors=True,
        summary="- 첫째 문장입니다.\n  - 안쪽",
    )
    assert export_papers(paper) == (
        "## Daily Papers (2024-01-30)\n\n"
        "### [A Title](https://arxiv.org/abs/2401.16420)\n\n"
        "![](https://e.org/a.png)\n\n"
        "[Watch Video](https://e.org/a.mp4)\n"
        '<div><video controls src="https://e.org/a.mp4" muted="false"></video></div>\n\n'
        "Vote: 42\n\n"
        "Authors: Ann Lee, Bo Kim, +\n\n"
        "- 첫째 문장입니다.\n  - 안쪽\n\n"
    )
    assert parse_papers(export_papers(paper)) == [paper]


def test_paper_with_what_few_digests_have_is_exported() -> None:
    paper = replace(
        PLAIN,
        votes=3,
        abstract="We bound $x_1 * 2$ by \\log n.\n\nCode: https://github.com/a/b & more",
        tags=("cs.CV", "R&amp;D", "이미지 생성"),
        published=date(2024, 1, 29),
        language="ko",
        journal="J. Test 5, 1-9 (2024)",
        journal_doi="10.1000/A_b(1)",
        comment="12 pages & *3* figures",
        summary="Tags: none of these",
    )
    assert export_papers(paper) == (
        "## Daily Papers (2024-01-30)\n\n"
        "### [A Title](https://arxiv.org/abs/2401.16420)\n"
        "Tags: cs.CV, R&#38;amp;D, 이미지 생성\n"
        "Published: 2024-01-29\n"
        "Journal: J. Test 5, 1-9 (2024)\n"
        "DOI: 10.1000/A_b(1)\n"
        "Comment: 12 pages & *3* figures\n"
        "Language: ko\n"
        "Abstract: We bound $x_1 * 2$ by \\log n.\n"
        "Abstract: Code: https://github.com/a/b & more\n\n"
        "Vote: 3\n\n"
        "Tags: none of these\n\n"
    )
    assert parse_papers(export_papers(paper)) == [paper]


@pytest.mark.parametrize(
    "summary",
    [
        "Vote: 5 of 7 judges\n\n- agreed",
        "Authors: Ann Lee\nThe paper is good.",
        "First.\n\n#### Method\n\nWe do it.\n\n## Daily Papers (2024-02-01)\n\n### [B](https://arxiv.org/abs/2401.2)\n",
        "[Watch Video](https://e.org/b.mp4)",
        "<video src='https://e.org/b.mp4'></video>\n\ntext",
        "Daily Papers (2024-02-01)",
    ],
)
def test_summary_like_syntax_is_read_again_with_its_meaning(summary: str) -> None:
    (paper,) = parse_papers(export_papers(replace(PLAIN, summary=summary)))
    assert replace(paper, summary="") == PLAIN
    assert " ".join(paper.summary_text.split()) == " ".join(to_plain_text(summary).split())


@pytest.mark.parametrize("path", ["2024/01/30.md", "2024/03/20.md"])
def test_day_of_the_seeds_equals_its_file_with_plus_moved(seeds: Publisher, path: str) -> None:
    document = render(seeds, "md", path.removesuffix(".md").replace("/", "-")).decode()
    source = (SEEDS / path).read_text(encoding="utf-8")
    expected = [
        line.replace(" +,", "") + ", +" if line.startswith("Authors:") and "+" in line else line
        for line in source.splitlines()
    ]
    assert document.splitlines() == expected


@pytest.mark.external
@pytest.mark.parametrize("key", ["2024-01-30", "2024-W05", "2024-03", "2024", "all", "latest"])
@pytest.mark.parametrize("source", ["seeds", "generated"])
def test_archive_of_an_edition_has_the_same_papers(
    source: str, key: str, folder: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    if source == "generated":
        archives.write(folder, days=150, papers=1500)
    publisher = open_publisher(SEEDS if source == "seeds" else folder, environ)
    edition = load(publisher, key)
    document = render(publisher, "md", key)
    copy = open_documents(tmp_path, document=document)
    assert edition.papers
    assert [(day.date, day.papers) for day in load(copy, "all").days] == [
        (day.date, day.papers) for day in edition.days
    ]
    with copy.archive.snapshot() as snapshot:
        assert not snapshot.diagnostics()
    assert render(copy, "md", "all") == document


def test_single_paper_is_alone_on_its_day(seeds: Publisher) -> None:
    listings = load(seeds, "all").listings
    assert len(listings) == 24
    for listing in listings:
        document = render(seeds, "md", f"papers/{listing.paper.slug}").decode()
        assert papers_by_day(parse(document)) == {listing.first_listed: [listing.paper]}


def test_search_is_grouped_by_day_whatever_its_order(open_files: OpenFiles) -> None:
    first = day("2024-01-30", paper("A", "2401.1", votes="Vote: 9"), paper("B", "2401.2", votes="Vote: 99"))
    second = day("2024-02-01", paper("C", "2402.1", votes="Vote: 5"), paper("D", "2402.2", votes="Vote: 50"))
    publisher = open_files({"1.md": first, "2.md": second + paper("E", "2402.3")})
    results = load(publisher, "search", order="votes", min_votes="1")
    assert [paper.title for paper in results.papers] == ["B", "D", "A", "C"]
    digest = parse(render(publisher, "md", "search", order="votes", min_votes="1").decode())
    assert [entry.paper.title for entry in digest.entries] == ["C", "D", "A", "B"]
    assert tuple(digest.days) == (date(2024, 2, 1), date(2024, 1, 30))
    assert {(entry.day, entry.paper) for entry in digest.entries} == listed_papers(results)


def test_search_without_results_is_an_empty_file(seeds: Publisher) -> None:
    assert render(seeds, "md", "search", q="nothing has these words") == b""


def test_archive_of_a_search_has_the_same_papers(seeds: Publisher, tmp_path: Path) -> None:
    results = load(seeds, "search", q="모델", order="votes")
    copy = open_documents(tmp_path, document=render(seeds, "md", "search", q="모델", order="votes"))
    assert len(results.days) == 2
    assert listed_papers(load(copy, "all")) == listed_papers(results)


@pytest.mark.parametrize("key", ["2024-01-30", "2024-03-20"])
def test_archive_of_a_day_has_the_same_feed(seeds: Publisher, tmp_path: Path, key: str) -> None:
    copy = open_documents(tmp_path, document=render(seeds, "md", key))
    feed = json.loads(render(seeds, "json", "all"))
    feed["items"] = [item for item in feed["items"] if item["date_published"].startswith(key)]
    assert json.loads(render(copy, "json", "all")) == feed


def test_archive_of_all_papers_has_the_same_feed(seeds: Publisher, tmp_path: Path) -> None:
    copy = open_documents(tmp_path, document=render(seeds, "md", "all"))
    assert render(copy, "json", "all") == render(seeds, "json", "all")


REPEATED = {
    "1.md": day("2024-01-30", paper("A", "2401.1", votes="Vote: 1"), paper("B", "2401.2")),
    "2.md": day("2024-02-01", paper("B, better", "2401.2", votes="Vote: 3"), paper("C", "2402.1")),
    "3.md": day("2024-02-02"),
}


def test_day_includes_papers_that_an_earlier_day_lists(open_files: OpenFiles) -> None:
    digest = parse(render(open_files(REPEATED), "md", "2024-02-01").decode())
    assert tuple(digest.days) == (date(2024, 2, 1),)
    assert [entry.paper.title for entry in digest.entries] == ["B, better", "C"]


def test_archive_of_all_days_has_repeats_and_empty_days(open_files: OpenFiles, tmp_path: Path) -> None:
    publisher = open_files(REPEATED)
    dates = [day.date.isoformat() for day in load(publisher, "all").calendar]
    copy = open_documents(tmp_path, **{date: render(publisher, "md", date) for date in dates})
    for key in ("all", *dates):
        assert load(copy, key) == load(publisher, key)


def test_day_without_papers_has_a_heading(open_files: OpenFiles) -> None:
    publisher = open_files(REPEATED)
    expected = (date(2024, 2, 2), date(2024, 2, 1), date(2024, 1, 30))
    assert tuple(parse(render(publisher, "md", "all").decode()).days) == expected
    assert render(publisher, "md", "2024-02-02") == b"## Daily Papers (2024-02-02)\n\n"


@pytest.mark.parametrize(
    "title",
    ["[IDK] tokens: an [odd] title", "[0, 1) intervals", "a](http://b.org) c [", "x](", "]", "[", "f[x](y) of z"]
    + ["LLM$\\times$MapReduce & <think>", "$a](http://b.org)$", "Q&amp;A &#36; &notit;", r"\[a\_b\]", "\\", "$ 5 \\* $"]
    + ["C#", "#", "*star* and `code` **", "(", ")", "Daily Papers (2024-01-30)", "https://e.org", "- 글", "\"T\" 't'"]
    + ["### [T](https://arxiv.org/abs/2401.1)", "1. T", "Vote: 3", "\u200b", "T ###", "**[T](https://e.org)**"],
)
def test_title_with_syntax_is_read_back(title: str) -> None:
    paper = replace(PLAIN, title=title)
    assert parse_papers(export_papers(paper)) == [paper]


@pytest.mark.parametrize(
    "title", ["[IDK] tokens", "Q&A of $x_1$ & <think>", "C# and `code` *star*", "[0, 1) intervals"]
)
def test_title_is_not_escaped_needlessly(title: str) -> None:
    assert f"### [{title}](https://arxiv.org/abs/2401.16420)\n" in export_papers(replace(PLAIN, title=title))


@pytest.mark.parametrize(
    "authors",
    [("King, Jr.", "C D"), ("A, B", "C"), ("O'Neil", 'A "B" C'), ("'A'", '"B"'), ("김 민준", "Łukasz Müller")]
    + [("[A]", "B"), ("['A']",), ("*A*",), ("A and 3 others B",), ("and Co", "A"), ("A\\*B", "$x$ &amp;"), ("Jr.", "A")]
    + [("A,",), ("C++ Lover",), ("Vote: 3",), ("(A)", "B)"), ("A", "Jr."), (":",), ("`A`", "A\u200bB")],
)
@pytest.mark.parametrize("more", [False, True])
def test_authors_with_syntax_are_read_back(authors: tuple[str, ...], more: bool) -> None:
    paper = replace(PLAIN, authors=authors, more_authors=more, summary="B,\nC")
    digest = parse(export_papers(paper))
    assert papers_by_day(digest) == {DATE: [paper]}
    assert not digest.diagnostics


def test_more_authors_without_a_name_is_read_back() -> None:
    paper = replace(PLAIN, more_authors=True)
    assert parse_papers(export_papers(paper)) == [paper]


@pytest.mark.parametrize("votes", [None, 0, 1, 1234, 999_999_999])
def test_votes_are_read_back_and_zero_is_not_none(votes: int | None) -> None:
    paper = replace(PLAIN, votes=votes)
    assert parse_papers(export_papers(paper)) == [paper]


@pytest.mark.parametrize(
    "path", ["a_(b)", "a(b", "a)b", "((a(b)c)d)", "?a=1&amp;b=2", "?a=&#40;$x$", "it's", "$a&#40;b$"]
)
def test_urls_with_syntax_are_read_back(path: str) -> None:
    url = f"https://example.org/{path}"
    paper = replace(PLAIN, url=url, image=url, video=url)
    digest = parse(export_papers(paper))
    assert papers_by_day(digest) == {DATE: [paper]}
    assert not digest.diagnostics


@pytest.mark.parametrize("suffix", ["", ".mp4", ".webm", ".qt", ".MOV", ".mp4?x=1"])
def test_video_with_any_suffix_is_read_back(suffix: str) -> None:
    paper = replace(PLAIN, video=f"https://e.org/a{suffix}", summary="- 글")
    assert parse_papers(export_papers(paper)) == [paper]


@pytest.mark.parametrize(
    "lines",
    ["Vote: 3\nVote: 4\n글", "- a\nVote: 4\nAuthors: B,\n![](https://e.org/b.png)", "Authors: A\nAuthors: B,\nC"]
    + [
        "![](https://e.org/a.png)\n![x](https://e.org/b.png)",
        "```\n# code\n```\n글",
        "```\n# open",
        "- ```\n  # a\n  b",
    ]
    + ["<img src='https://e.org/a'><img src='https://e.org/b'><img src='https://e.org/c'>", "    # x\n\u3000\n글\u3000"]
    + [
        "[Watch Video](https://e.org/a)\n[Watch Video](https://e.org/b)",
        "1. a\n\n   | b |\n   |---|",
        "~~~\n### [A\n글",
    ],
)
def test_summary_with_field_like_lines_is_read_back(lines: str) -> None:
    papers = parse_papers(day("2024-01-30", paper("A", "2401.1", summary=lines), paper("B", "2401.2")))
    assert len(papers) == 2
    assert parse_papers(export_papers(*papers)) == papers


def test_code_in_the_summary_of_another_format_is_not_escaped() -> None:
    code = "```sh\n# install\n[[ -d a ]] && cd a\n```"
    (parsed,) = parse_papers(export_papers(replace(PLAIN, summary=f"# Usage\n\nVote: 3\n\n{code}")))
    assert parsed.summary.endswith(code)
    assert parsed.votes == PLAIN.votes


SYNTAX = st.text(st.sampled_from("[]()\\$&;#39a *_`<>,'\"!|~h:/.+") | st.characters(), max_size=20)
FIELDS = [
    "Vote: 3",
    "Vote: -",
    "Authors: ['a'",
    "Authors: b,",
    "Authors: +",
    "Authors: a and 3 others",
    "and and B, *c*",
]
FIELDS += ["Authors: ['a, b', '+', \"d'e\", 'and x', 'x\\\\[ $a$ &amp;amp; &#36;']", "'q',"]
MEDIA = ["![](https://e.org/a.png)", "![x](https://e.org/b.png)", "![](a.png)", "![](https://e.org/v.webm)"]
MEDIA += [
    "<img src='https://e.org/a(.png'><img src=https://e.org/b.png><img src=https://e.org/c.png>",
    "<div>",
    "</div>",
]
MEDIA += ["[Watch Video](https://e.org/c.mp4)", "[Watch Video](https://e.org/d)", '<video src="https://e.org/b\'.mp4">']
TEXTS = ["- 글", "  - 안", "1. x", "• y", "글", "", "   ", "\u3000", "\x08", "    # x", "```", "~~~~", "- ```", "+ ```"]
HEADINGS = ["## Daily Papers (2024-01-30)", "## Daily Papers (2024-02-01)", "### [T](https://arxiv.org/abs/2401.1)"]
EXTRAS = ["Tags: cs.CV, A&#44; B,, x  y", "Published: 2024-01-29", "Language: ko", "Abstract: $a$  b", "Abstract:"]
EXTRAS += ["Journal: J. 5 (2024)", "Journal:", "DOI: 10.1000/x", "DOI: 10.1000/x y", "Comment: 12 pages"]
HEADINGS += ["# x", "#### [a](b)", "b](https://e.org/c)", "\u200b#"]
LINES = st.one_of(
    st.sampled_from([*FIELDS, *MEDIA, *TEXTS, *HEADINGS, *EXTRAS]),
    SYNTAX.map("Tags: {}".format),
    SYNTAX.map("Abstract: {}".format),
    SYNTAX.map("Comment: {}".format),
    SYNTAX.map("DOI: 10.1000/{}".format),
    SYNTAX,
    SYNTAX.map("### [{}](https://e.org/x)".format),
    SYNTAX.map("### [T](https://e.org/{})".format),
    SYNTAX.map('<img src="https://e.org/{}">'.format),
    SYNTAX.map("Authors: {}".format),
    st.lists(SYNTAX).map("Authors: {}".format),
)


@given(st.lists(LINES, max_size=25))
def test_papers_read_from_any_text_are_read_back(lines: list[str]) -> None:
    days = papers_by_day(
        parse("\n".join(["## Daily Papers (2024-01-30)", "### [P](https://arxiv.org/abs/2401.9)", *lines]))
    )
    document = export(days)
    copy = papers_by_day(parse(document))
    assert copy == days
    assert export(copy) == document
    assert decode(document.encode()) == (document, ())
