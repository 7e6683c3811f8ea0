"""Editions as day files: whatever leaves an archive as Markdown comes back from it as it was."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.archive.archive import DayCount
from feeds.archive.edition import Edition
from feeds.archive.files import decode
from feeds.exporters.day_file import MarkdownExporter
from feeds.model.key import Key, Scope
from feeds.model.paper import Paper
from feeds.model.query import EVERYTHING
from feeds.publishing.publisher import Catalog, open_catalog
from feeds.readers.daily_papers import Digest, parse
from feeds.site.site import Site
from tests.support import archives
from tests.support.digests import SEEDS, OpenFiles, day, paper, write_files

PLAIN = Paper("A Title", "https://arxiv.org/abs/2401.16420", date(2024, 1, 30), 0)


def written(*papers: Paper, days: tuple[date, ...] = ()) -> str:
    covered = tuple(DayCount(each, 0, 0) for each in days)
    edition = Edition(Key(Scope.ALL, "all"), papers, covered)
    return b"".join(MarkdownExporter().render(edition, Site())).decode()


def papers(digest: Digest) -> list[Paper]:
    """List the papers as editions have them: newest day first, a day's in its order."""
    found = [listing.paper for listing in digest.listings]
    return sorted(sorted(found, key=lambda paper: paper.rank), key=lambda paper: paper.day, reverse=True)


def held(catalog: Catalog, key: str, **query: str) -> tuple[Paper, ...]:
    publication = catalog.publication(catalog.registry.exporter("md"), key, query.items())
    assert publication
    return catalog.cut(publication).papers


def export(catalog: Catalog, key: str, name: str = "md", **query: str) -> bytes:
    publication = catalog.publication(catalog.registry.exporter(name), key, query.items())
    assert publication
    return catalog.render(publication, catalog.cut(publication))


def read_back(tmp_path: Path, **documents: bytes) -> Catalog:
    """Open an archive of the documents alone."""
    root = tmp_path / "read-back"
    write_files(root, {f"{name}.md": document for name, document in documents.items()})
    return open_catalog(root, {"FEEDS_INDEX": str(tmp_path / "read-back.sqlite"), "HOME": str(tmp_path)})


def without_ranks(found: tuple[Paper, ...]) -> set[Paper]:
    return {replace(each, rank=0) for each in found}


def test_a_paper_with_every_field() -> None:
    full = replace(
        PLAIN,
        image="https://e.org/a.png",
        video="https://e.org/a.mp4",
        votes=42,
        authors=("Ann Lee", "Bo Kim"),
        more_authors=True,
        summary="- 첫째 문장입니다.\n  - 안쪽",
    )
    assert written(full) == (
        "## Daily Papers (2024-01-30)\n\n"
        "### [A Title](https://arxiv.org/abs/2401.16420)\n\n"
        "![](https://e.org/a.png)\n\n"
        "[Watch Video](https://e.org/a.mp4)\n"
        '<div><video controls src="https://e.org/a.mp4" muted="false"></video></div>\n\n'
        "Vote: 42\n\n"
        "Authors: Ann Lee, Bo Kim, +\n\n"
        "- 첫째 문장입니다.\n  - 안쪽\n\n"
    )
    assert papers(parse(written(full))) == [full]


@pytest.mark.parametrize("path", ["2024/01/30.md", "2024/03/20.md"])
def test_a_day_of_the_seeds_is_written_as_its_file_but_for_the_place_of_a_plus(seeds: Catalog, path: str) -> None:
    exported = export(seeds, path.removesuffix(".md").replace("/", "-")).decode().splitlines()
    source = (SEEDS / path).read_text(encoding="utf-8").splitlines()
    for ours, theirs in zip(exported, source, strict=True):
        assert ours == (
            theirs.replace(" +,", "") + ", +" if theirs.startswith("Authors:") and "+" in theirs else theirs
        )


@pytest.mark.external
@pytest.mark.parametrize("key", ["2024-01-30", "2024-W05", "2024-03", "2024", "all", "latest"])
@pytest.mark.parametrize("source", ["seeds", "generated"])
def test_an_edition_read_as_an_archive_has_the_same_papers(
    source: str, key: str, folder: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    if source == "generated":
        archives.write(folder, days=150, papers=1500)
    catalog = open_catalog(SEEDS if source == "seeds" else folder, environ)
    found = held(catalog, key)
    again = read_back(tmp_path, exported=export(catalog, key))
    assert found
    assert again.archive.papers(EVERYTHING) == found
    assert not again.archive.problems()
    assert export(again, "all") == export(catalog, key)


def test_one_paper_read_as_an_archive_is_the_first_of_its_day(seeds: Catalog) -> None:
    for each in held(seeds, "all"):
        document = export(seeds, f"papers/{each.slug}")
        assert papers(parse(document.decode())) == [replace(each, rank=0)]


def test_a_search_stands_by_day_newest_first_in_the_order_of_the_days(open_files: OpenFiles) -> None:
    first = day("2024-01-30", paper("A", "2401.1", votes="Vote: 9"), paper("B", "2401.2", votes="Vote: 99"))
    second = day("2024-02-01", paper("C", "2402.1", votes="Vote: 5"), paper("D", "2402.2", votes="Vote: 50"))
    catalog = open_files({"1.md": first, "2.md": second + paper("E", "2402.3")})
    assert [each.title for each in held(catalog, "search", order="votes", min_votes="1")] == ["B", "D", "A", "C"]
    digest = parse(export(catalog, "search", order="votes", min_votes="1").decode())
    assert [listing.paper.title for listing in digest.listings] == ["C", "D", "A", "B"]
    assert digest.dates == (date(2024, 2, 1), date(2024, 1, 30))
    assert without_ranks(tuple(papers(digest))) == without_ranks(held(catalog, "search", min_votes="1"))


def test_a_search_that_finds_nothing_is_an_empty_file(seeds: Catalog) -> None:
    assert export(seeds, "search", q="nothing has these words") == b""


def test_a_search_of_the_seeds_keeps_all_but_the_ranks(seeds: Catalog, tmp_path: Path) -> None:
    found = held(seeds, "search", q="모델", order="votes")
    again = read_back(tmp_path, exported=export(seeds, "search", q="모델", order="votes"))
    assert len({each.day for each in found}) == 2
    assert without_ranks(again.archive.papers(EVERYTHING)) == without_ranks(found)


@pytest.mark.parametrize("key", ["2024-01-30", "2024-03-20"])
def test_a_day_read_as_an_archive_has_the_same_feed(seeds: Catalog, tmp_path: Path, key: str) -> None:
    again = read_back(tmp_path, exported=export(seeds, key))
    feed, same = json.loads(export(seeds, "all", "json")), json.loads(export(again, "all", "json"))
    feed["items"] = [item for item in feed["items"] if item["date_published"].startswith(key)]
    assert same == feed


def test_everything_read_as_an_archive_has_the_same_feed(seeds: Catalog, tmp_path: Path) -> None:
    again = read_back(tmp_path, exported=export(seeds, "all"))
    assert export(again, "all", "json") == export(seeds, "all", "json")


REPEATED = {
    "1.md": day("2024-01-30", paper("A", "2401.1", votes="Vote: 1"), paper("B", "2401.2")),
    "2.md": day("2024-02-01", paper("B, better", "2401.2", votes="Vote: 3"), paper("C", "2402.1")),
    "3.md": day("2024-02-02"),
}


def test_the_file_of_a_day_lists_what_that_day_did_whichever_was_first(open_files: OpenFiles) -> None:
    catalog = open_files(REPEATED)
    digest = parse(export(catalog, "2024-02-01").decode())
    assert digest.dates == (date(2024, 2, 1),)
    assert [(each.paper.title, each.paper.rank) for each in digest.listings] == [("B, better", 0), ("C", 1)]


def test_the_files_of_all_days_are_the_whole_archive_with_its_repeats_and_empty_days(
    open_files: OpenFiles, tmp_path: Path
) -> None:
    catalog = open_files(REPEATED)
    dates = [each.date.isoformat() for each in catalog.archive.days()]
    again = read_back(tmp_path, **{each: export(catalog, each) for each in dates})
    assert again.archive.days() == catalog.archive.days()
    for query in (EVERYTHING, replace(EVERYTHING, repeats=True)):
        assert again.archive.papers(query) == catalog.archive.papers(query)


def test_a_day_without_papers_stays_a_day(open_files: OpenFiles) -> None:
    catalog = open_files(REPEATED)
    expected = (date(2024, 2, 2), date(2024, 2, 1), date(2024, 1, 30))
    assert parse(export(catalog, "all").decode()).dates == expected
    assert export(catalog, "2024-02-02") == b"## Daily Papers (2024-02-02)\n\n"


@pytest.mark.parametrize(
    "title",
    ["[IDK] tokens: an [odd] title", "[0, 1) intervals", "a](http://b.org) c [", "x](", "]", "[", "f[x](y) of z"]
    + ["LLM$\\times$MapReduce & <think>", "$a](http://b.org)$", "Q&amp;A &#36; &notit;", r"\[a\_b\]", "\\", "$ 5 \\* $"]
    + ["C#", "#", "*star* and `code` **", "(", ")", "Daily Papers (2024-01-30)", "https://e.org", "- 글", "\"T\" 't'"]
    + ["### [T](https://arxiv.org/abs/2401.1)", "1. T", "Vote: 3", "\u200b", "T ###", "**[T](https://e.org)**"],
)
def test_a_title_comes_back_whatever_it_holds(title: str) -> None:
    found = replace(PLAIN, title=title)
    assert papers(parse(written(found))) == [found]


@pytest.mark.parametrize(
    "title", ["[IDK] tokens", "Q&A of $x_1$ & <think>", "C# and `code` *star*", "[0, 1) intervals"]
)
def test_a_title_is_written_as_people_read_it_where_it_can_be(title: str) -> None:
    assert f"### [{title}](https://arxiv.org/abs/2401.16420)\n" in written(replace(PLAIN, title=title))


@pytest.mark.parametrize(
    "authors",
    [("King, Jr.", "C D"), ("A, B", "C"), ("O'Neil", 'A "B" C'), ("'A'", '"B"'), ("김 민준", "Łukasz Müller")]
    + [("[A]", "B"), ("['A']",), ("*A*",), ("A and 3 others B",), ("and Co", "A"), ("A\\*B", "$x$ &amp;"), ("Jr.", "A")]
    + [("A,",), ("C++ Lover",), ("Vote: 3",), ("(A)", "B)"), ("A", "Jr."), (":",), ("`A`", "A\u200bB")],
)
@pytest.mark.parametrize("more", [False, True])
def test_names_come_back_whatever_they_hold(authors: tuple[str, ...], more: bool) -> None:
    found = replace(PLAIN, authors=authors, more_authors=more, summary="B,\nC")
    digest = parse(written(found))
    assert papers(digest) == [found]
    assert not digest.problems


def test_nobody_but_more_authors_comes_back() -> None:
    found = replace(PLAIN, more_authors=True)
    assert papers(parse(written(found))) == [found]


@pytest.mark.parametrize("votes", [None, 0, 1, 1234, 999_999_999])
def test_no_vote_and_zero_votes_come_back(votes: int | None) -> None:
    assert papers(parse(written(replace(PLAIN, votes=votes)))) == [replace(PLAIN, votes=votes)]


@pytest.mark.parametrize(
    "path", ["a_(b)", "a(b", "a)b", "((a(b)c)d)", "?a=1&amp;b=2", "?a=&#40;$x$", "it's", "$a&#40;b$"]
)
def test_addresses_come_back_whatever_they_hold(path: str) -> None:
    url = f"https://example.org/{path}"
    found = replace(PLAIN, url=url, image=url, video=url)
    digest = parse(written(found))
    assert papers(digest) == [found]
    assert not digest.problems


@pytest.mark.parametrize("ending", ["", ".mp4", ".webm", ".qt", ".MOV", ".mp4?x=1"])
def test_a_video_comes_back_by_any_ending(ending: str) -> None:
    found = replace(PLAIN, video=f"https://e.org/a{ending}", summary="- 글")
    assert papers(parse(written(found))) == [found]


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
def test_a_summary_comes_back_whatever_looks_like_a_field_in_it(lines: str) -> None:
    found = papers(parse(day("2024-01-30", paper("A", "2401.1", summary=lines), paper("B", "2401.2"))))
    assert len(found) == 2
    assert papers(parse(written(*found))) == found


SYNTAX = st.text(st.sampled_from("[]()\\$&;#39a *_`<>,'\"!|~h:/.+") | st.characters(), max_size=20)
FACTS = [
    "Vote: 3",
    "Vote: -",
    "Authors: ['a'",
    "Authors: b,",
    "Authors: +",
    "Authors: a and 3 others",
    "and and B, *c*",
]
FACTS += ["Authors: ['a, b', '+', \"d'e\", 'and x', 'x\\\\[ $a$ &amp;amp; &#36;']", "'q',"]
MEDIA = ["![](https://e.org/a.png)", "![x](https://e.org/b.png)", "![](a.png)", "![](https://e.org/v.webm)"]
MEDIA += [
    "<img src='https://e.org/a(.png'><img src=https://e.org/b.png><img src=https://e.org/c.png>",
    "<div>",
    "</div>",
]
MEDIA += ["[Watch Video](https://e.org/c.mp4)", "[Watch Video](https://e.org/d)", '<video src="https://e.org/b\'.mp4">']
TEXTS = ["- 글", "  - 안", "1. x", "• y", "글", "", "   ", "\u3000", "\x08", "    # x", "```", "~~~~", "- ```", "+ ```"]
HEADINGS = ["## Daily Papers (2024-01-30)", "## Daily Papers (2024-02-01)", "### [T](https://arxiv.org/abs/2401.1)"]
HEADINGS += ["# x", "#### [a](b)", "b](https://e.org/c)", "\u200b#"]
LINES = st.one_of(
    st.sampled_from([*FACTS, *MEDIA, *TEXTS, *HEADINGS]),
    SYNTAX,
    SYNTAX.map("### [{}](https://e.org/x)".format),
    SYNTAX.map("### [T](https://e.org/{})".format),
    SYNTAX.map('<img src="https://e.org/{}">'.format),
    SYNTAX.map("Authors: {}".format),
    st.lists(SYNTAX).map("Authors: {}".format),
)


@given(st.lists(LINES, max_size=25))
def test_what_was_read_from_any_text_comes_back(lines: list[str]) -> None:
    read = parse("\n".join(["## Daily Papers (2024-01-30)", "### [P](https://arxiv.org/abs/2401.9)", *lines]))
    document = written(*papers(read), days=tuple(sorted(read.dates)))
    again = parse(document)
    assert papers(again) == papers(read)
    assert set(again.dates) == set(read.dates)
    assert written(*papers(again), days=tuple(sorted(again.dates))) == document
    assert decode(document.encode()) == (document, ())
