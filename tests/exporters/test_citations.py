"""Citations: keys, names, and what other programs read in them."""

import json
import shutil
import subprocess
from collections.abc import Iterable
from typing import Any

import pytest
import rispy
from hypothesis import given
from hypothesis import strategies as st
from pybtex.database import parse_string

from feeds.exporters.bibliography import BibtexExporter, RisExporter
from feeds.model import citation
from feeds.model.citation import Name
from feeds.model.paper import Paper
from feeds.publishing.publisher import Catalog
from feeds.text.titles import title_text
from tests.support.digests import OpenFiles, day, paper
from tests.support.validators import READERS

HOSTILE = [
    r"A & B: 100% of $O(n^2)$ #1 {braces} under_score ~ ^",
    "Unbalanced } and { braces",
    r"Back\slash, “quotes”, \"more\" and a lone $ sign",
    "$\\alpha_1$-divergence of <think> &amp; `code`",
    "한국어 제목과 ünïcode ℝ",
    "@article{x, title={y}}",
]


@pytest.mark.parametrize(
    ("written", "split"),
    [
        ("Haodong Duan", Name("Duan", "Haodong")),
        ("Jan van der Berg", Name("van der Berg", "Jan")),
        ("van der Berg, Jan", Name("van der Berg", "Jan")),
        ("Ka Chun Cheung", Name("Cheung", "Ka Chun")),
        ("Martin Luther King Jr.", Name("King", "Martin Luther", "Jr.")),
        ("B O'Neil", Name("O'Neil", "B")),
        ("Łukasz Kaiser", Name("Kaiser", "Łukasz")),
        ("김민준", Name("김", "민준")),
        ("남궁민수", Name("남궁", "민수")),
        ("김 민준", Name("김", "민준")),
        ("张伟", Name("张", "伟")),
        ("欧阳修", Name("欧阳", "修")),
        ("山田 太郎", Name("山田", "太郎")),
        ("OpenAI", Name("OpenAI")),
        ("Qwen Team", Name("Qwen Team")),
        ("María José (Pepa) Núñez", Name("María José (Pepa) Núñez")),  # nothing may be lost
    ],
)
def test_names_are_split(written: str, split: Name) -> None:
    assert citation.name(written) == split


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=40))
def test_no_letter_of_a_name_is_lost(written: str) -> None:
    split = citation.name(written)
    letters = sorted(filter(str.isalnum, written))
    assert sorted(filter(str.isalnum, split.family + split.given + split.suffix)) == letters
    assert split.family


@pytest.mark.parametrize(
    ("heading", "authors", "key"),
    [
        ("Motion-I2V: Consistent", "Authors: Yi Zhang", "zhang2024motioni2v"),
        ("On the Power of It", "Authors: Łukasz Müller-Braun", "mullerbraun2024power"),
        ("A", "Authors: 김민준", "gim2024a"),
        ("큰 언어 모델", "", "anonymous2024keun"),
        ("???", "Authors: Jan van der Berg", "vanderberg2024240100001"),
    ],
)
def test_a_key_is_readable(open_files: OpenFiles, heading: str, authors: str, key: str) -> None:
    catalog = open_files({"1.md": day("2025-01-30", paper(heading, "2401.1", authors=authors))})
    assert keys(catalog, "all") == [key]


def keys(catalog: Catalog, text: str) -> list[str]:
    """List the keys that the bibliography of an edition gives to its papers."""
    return list(parse_string(exported(catalog, f"{text}.bib"), "bibtex").entries)


def exported(catalog: Catalog, path: str) -> str:
    publication = catalog.find(path)
    return catalog.render(publication, catalog.cut(publication)).decode()


def test_no_two_papers_have_one_key_and_each_has_the_same_in_every_edition(open_files: OpenFiles) -> None:
    name = "Authors: Yi Zhang"
    papers = [paper(f"Large Model {number}", f"2401.{number}", authors=name) for number in range(1, 5)]
    files = {"1.md": day("2024-01-30", *papers[:2]), "2.md": day("2024-01-31", papers[0], papers[2])}
    catalog = open_files(files)
    found = {slug: keys(catalog, f"papers/2401.0000{slug}")[0] for slug in (1, 2, 3)}
    assert found == {1: "zhang2024large", 2: "zhang2024large-2", 3: "zhang2024large-3"}
    assert keys(catalog, "2024-01-31") == [found[1], found[3]]
    assert sorted(keys(catalog, "all")) == sorted(found.values())
    tag = catalog.tag(catalog.find("2024-01-31.bib"), catalog.outline(catalog.find("2024-01-31.bib")))
    assert tag == catalog.tag(catalog.find("2024-01-31.bib"), catalog.cut(catalog.find("2024-01-31.bib")))
    (catalog.archive.root / "3.md").write_text(day("2024-02-01", papers[3]), encoding="utf-8")
    catalog.archive.look()
    assert keys(catalog, "2024-01-31") == [found[1], found[3]]  # a later day changes none


@pytest.fixture
def hostile(open_files: OpenFiles) -> Catalog:
    authors = [
        "Jürgen Müller, 김민준, OpenAI",
        "['B O\\'Neil', 'Research and Development, Inc']",
        "Jan van der Berg, +",
    ]
    papers = [
        paper(heading, f"2401.{number}", authors=f"Authors: {authors[number % 3]}", summary=f"- 요약 {heading}\n- 둘.")
        for number, heading in enumerate(HOSTILE, 1)
    ]
    elsewhere = "### [Elsewhere](https://e.org/a_(b)?q=1%202&x#y)\n"
    return open_files({"1.md": day("2024-01-30", *papers, elsewhere)})


@pytest.mark.parametrize("catalog", ["seeds", "hostile"])
def test_bibtex_is_read_as_it_was_meant(catalog: str, request: pytest.FixtureRequest) -> None:
    opened: Catalog = request.getfixturevalue(catalog)
    papers = papers_of(opened)
    entries = parse_string(exported(opened, "2024-01-30.bib"), "bibtex").entries
    assert len(entries) == len(papers) > 5
    for each, entry in zip(papers, entries.values(), strict=True):
        people = [citation.name(author) for author in each.authors]
        read = [person for person in entry.persons.get("author", []) if str(person) != "others"]
        families = [" ".join([*person.prelast_names, *person.last_names]) for person in read]
        assert [family.strip("{}") for family in families] == [name.family for name in people]
        assert (str(entry.persons["author"][-1]) == "others") == each.more_authors if people else True
        assert entry.fields["year"] == str(each.year)
        assert entry.fields.get("eprint") == each.arxiv_id
        assert entry.fields["url"] == each.url
        assert entry.fields.get("archivePrefix") == ("arXiv" if each.arxiv_id else None)
        assert "primaryClass" not in entry.fields


def papers_of(catalog: Catalog) -> tuple[Paper, ...]:
    return catalog.cut(catalog.find("2024-01-30.bib")).papers


def cite(text: str, suffix: str) -> list[dict[str, Any]]:
    """Read a bibliography with Citation.js."""
    node = shutil.which("node") or "node is not installed"
    command = [node, str(READERS / "cite.mjs"), suffix]
    read: list[dict[str, Any]] = json.loads(
        subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout
    )
    return read


@pytest.mark.external
@pytest.mark.parametrize("suffix", ["bib", "ris"])
@pytest.mark.parametrize("catalog", ["seeds", "hostile"])
def test_another_program_reads_the_same_in_all_of_them(
    catalog: str, suffix: str, request: pytest.FixtureRequest
) -> None:
    opened: Catalog = request.getfixturevalue(catalog)
    ours = json.loads(exported(opened, "2024-01-30.csl.json"))
    read = cite(exported(opened, f"2024-01-30.{suffix}"), suffix)
    assert [each["id"] for each in ours] == list(dict.fromkeys(each["id"] for each in ours))
    for mine, theirs in zip(ours, read, strict=True):
        assert theirs["URL"] == mine["URL"]
        assert theirs["issued"]["date-parts"][0][0] == mine["issued"]["date-parts"][0][0]
        assert names(theirs)[: len(names(mine))] == names(mine)
        if suffix == "ris":
            assert theirs["title"] == mine["title"]
            assert theirs.get("abstract", "") == mine.get("abstract", "")


def names(item: dict[str, Any]) -> list[str]:
    """Write the names of an item in one way, whether their particles stand apart or not."""
    written = []
    for each in item.get("author", []):
        particle = each.get("non-dropping-particle") or each.get("dropping-particle") or ""
        family = each.get("literal") or f"{particle} {each.get('family', '')}".strip()
        written.append(" ".join(filter(None, (family, each.get("given")))))
    return written


def test_what_latex_gives_a_meaning_is_escaped_and_formulas_are_not(hostile: Catalog) -> None:
    written = exported(hostile, "2024-01-30.bib")
    for expected in (
        r"{{A \& B: 100\% of $O(n^2)$ \#1 \textbraceleft{}braces\textbraceright{} under\_score",
        r"{{Unbalanced \textbraceright{} and \textbraceleft{} braces}}",
        r"$\alpha_1$-divergence of <think>",
        "{{한국어 제목과 ünïcode ℝ}}",
    ):
        assert expected in written


def test_ris_has_one_reference_a_paper_on_lines_of_their_own(hostile: Catalog) -> None:
    written = exported(hostile, "2024-01-30.ris")
    assert written.startswith("TY  - UNPB\n")
    assert written.count("\nER  - ") == len(papers_of(hostile))
    read = rispy.loads(written)
    assert [each["title"] for each in read] == [title_text(each.title) for each in papers_of(hostile)]


def test_an_edition_without_papers_is_an_empty_bibliography(seeds: Catalog) -> None:
    written = {suffix: exported_search(seeds, suffix) for suffix in ("bib", "ris", "csl.json")}
    assert written["csl.json"] == "[]\n"
    assert not parse_string(written["bib"], "bibtex").entries
    assert rispy.loads(written["ris"]) == []


def exported_search(catalog: Catalog, suffix: str) -> str:
    publication = catalog.find(f"search.{suffix}", [("q", "없는말입니다")])
    return catalog.render(publication, catalog.cut(publication)).decode()


def test_bibliographies_are_files_of_all_papers(seeds: Catalog) -> None:
    papers: Iterable[str] = keys(seeds, "all")
    assert len(list(papers)) == 24
    for exporter in (BibtexExporter(), RisExporter()):
        assert exporter.kind == "file"
