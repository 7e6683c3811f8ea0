"""Citations: names, keys, escaping, and how other programs read them."""

import json
import shutil
import subprocess
from typing import Any

import pytest
import rispy
from hypothesis import given
from hypothesis import strategies as st
from pybtex.database import Entry, parse_string

from feeds.exporters.contract import Kind
from feeds.model.citation import Name, parse_name
from feeds.publishing.publisher import Publisher
from feeds.text.titles import title_text
from tests.support.digests import OpenFiles, day, load, paper, render
from tests.support.validators import READERS

TITLES = [
    r"A & B: 100% of $O(n^2)$ #1 {braces} under_score ~ ^",
    "Unbalanced } and { braces",
    r"Back\slash, “quotes”, \"more\" and a lone $ sign",
    "$\\alpha_1$-divergence of <think> &amp; `code`",
    "한국어 제목과 ünïcode ℝ",
    "@article{x, title={y}}",
]


@pytest.mark.parametrize(
    ("text", "name"),
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
def test_name_is_split_into_family_and_given_name(text: str, name: Name) -> None:
    assert parse_name(text) == name


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=40))
def test_parsed_name_keeps_every_letter(text: str) -> None:
    name = parse_name(text)
    letters = sorted(filter(str.isalnum, text))
    assert sorted(filter(str.isalnum, name.family + name.given + name.suffix)) == letters
    assert name.family


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
def test_citation_key_is_readable(open_files: OpenFiles, heading: str, authors: str, key: str) -> None:
    publisher = open_files({"1.md": day("2025-01-30", paper(heading, "2401.1", authors=authors))})
    assert citation_keys(publisher, "all") == [key]


def bibtex_entries(publisher: Publisher, key: str) -> dict[str, Entry]:
    """Parse the BibTeX of an edition into entries by their citation keys."""
    return dict(parse_string(render(publisher, "bib", key).decode(), "bibtex").entries)


def citation_keys(publisher: Publisher, key: str) -> list[str]:
    return list(bibtex_entries(publisher, key))


def test_citation_keys_are_unique_and_never_change(open_files: OpenFiles) -> None:
    authors = "Authors: Yi Zhang"
    papers = [paper(f"Large Model {number}", f"2401.{number}", authors=authors) for number in range(1, 5)]
    publisher = open_files({"1.md": day("2024-01-30", *papers[:2]), "2.md": day("2024-01-31", papers[0], papers[2])})
    keys = {number: citation_keys(publisher, f"papers/2401.0000{number}")[0] for number in (1, 2, 3)}
    assert keys == {1: "zhang2024large", 2: "zhang2024large-2", 3: "zhang2024large-3"}
    assert citation_keys(publisher, "2024-01-31") == [keys[1], keys[3]]
    assert sorted(citation_keys(publisher, "all")) == sorted(keys.values())
    representation = publisher.representation(publisher.find("2024-01-31.bib"))
    assert publisher.render(representation).representation.etag == representation.etag
    (publisher.archive.root / "3.md").write_text(day("2024-02-01", papers[3]), encoding="utf-8")
    publisher.archive.sync()
    assert citation_keys(publisher, "2024-01-31") == [keys[1], keys[3]]


@pytest.fixture
def hostile(open_files: OpenFiles) -> Publisher:
    authors = [
        "Jürgen Müller, 김민준, OpenAI",
        "['B O\\'Neil', 'Research and Development, Inc']",
        "Jan van der Berg, +",
    ]
    papers = [
        paper(title, f"2401.{number}", authors=f"Authors: {authors[number % 3]}", summary=f"- 요약 {title}\n- 둘.")
        for number, title in enumerate(TITLES, 1)
    ]
    elsewhere = "### [Elsewhere](https://e.org/a_(b)?q=1%202&x#y)\n"
    return open_files({"1.md": day("2024-01-30", *papers, elsewhere)})


@pytest.fixture(params=["seeds", "hostile"])
def publisher(request: pytest.FixtureRequest) -> Publisher:
    opened: Publisher = request.getfixturevalue(request.param)
    return opened


def test_pybtex_reads_every_field_of_the_bibtex(publisher: Publisher) -> None:
    listings = load(publisher, "2024-01-30").listings
    entries = bibtex_entries(publisher, "2024-01-30")
    assert len(entries) == len(listings) > 5
    for listing, entry in zip(listings, entries.values(), strict=True):
        paper = listing.paper
        names = [parse_name(author) for author in paper.authors]
        persons = [person for person in entry.persons.get("author", []) if str(person) != "others"]
        families = [" ".join([*person.prelast_names, *person.last_names]) for person in persons]
        assert [family.strip("{}") for family in families] == [name.family for name in names]
        if names:
            assert (str(entry.persons["author"][-1]) == "others") == paper.more_authors
        assert entry.fields["year"] == str(listing.year)
        assert entry.fields.get("eprint") == paper.arxiv_id
        assert entry.fields["url"] == paper.url
        assert entry.fields.get("archivePrefix") == ("arXiv" if paper.arxiv_id else None)
        assert "primaryClass" not in entry.fields


def read_with_citation_js(citations: bytes, suffix: str) -> list[dict[str, Any]]:
    """Parse citations with Citation.js into CSL-JSON."""
    node = shutil.which("node") or "node is not installed"
    command = [node, str(READERS / "cite.mjs"), suffix]
    items: list[dict[str, Any]] = json.loads(
        subprocess.run(command, input=citations, capture_output=True, check=True).stdout
    )
    return items


@pytest.mark.external
@pytest.mark.parametrize("suffix", ["bib", "ris"])
def test_citation_js_reads_the_csl_json_from_other_formats(publisher: Publisher, suffix: str) -> None:
    expected = json.loads(render(publisher, "csl", "2024-01-30"))
    items = read_with_citation_js(render(publisher, suffix, "2024-01-30"), suffix)
    assert len({item["id"] for item in expected}) == len(expected)
    for item, original in zip(items, expected, strict=True):
        assert item["URL"] == original["URL"]
        assert item["issued"]["date-parts"][0][0] == original["issued"]["date-parts"][0][0]
        assert author_names(item)[: len(author_names(original))] == author_names(original)
        if suffix == "ris":
            assert item["title"] == original["title"]
            assert item.get("abstract", "") == original.get("abstract", "")


def author_names(item: dict[str, Any]) -> list[str]:
    """Return the names of an item in one notation, whether their particles are separate or not."""
    names = []
    for name in item.get("author", []):
        particle = name.get("non-dropping-particle") or name.get("dropping-particle") or ""
        family = name.get("literal") or f"{particle} {name.get('family', '')}".strip()
        names.append(" ".join(filter(None, (family, name.get("given")))))
    return names


def test_bibtex_escapes_text_but_not_formulas(hostile: Publisher) -> None:
    bibtex = render(hostile, "bib", "2024-01-30").decode()
    for expected in (
        r"{{A \& B: 100\% of $O(n^2)$ \#1 \textbraceleft{}braces\textbraceright{} under\_score",
        r"{{Unbalanced \textbraceright{} and \textbraceleft{} braces}}",
        r"$\alpha_1$-divergence of <think>",
        "{{한국어 제목과 ünïcode ℝ}}",
    ):
        assert expected in bibtex


def test_ris_has_a_reference_for_every_paper(hostile: Publisher) -> None:
    ris = render(hostile, "ris", "2024-01-30").decode()
    papers = load(hostile, "2024-01-30").papers
    assert ris.startswith("TY  - UNPB\n")
    assert ris.count("\nER  - ") == len(papers)
    assert [reference["title"] for reference in rispy.loads(ris)] == [title_text(paper.title) for paper in papers]


def test_search_without_results_has_no_citations(seeds: Publisher) -> None:
    bib, ris, csl = (render(seeds, name, "search", q="없는말입니다").decode() for name in ("bib", "ris", "csl"))
    assert csl == "[]\n"
    assert not parse_string(bib, "bibtex").entries
    assert rispy.loads(ris) == []


@pytest.mark.parametrize("name", ["bib", "ris", "csl"])
def test_citations_of_all_are_a_file_of_every_paper(seeds: Publisher, name: str) -> None:
    assert seeds.formats[name].kind is Kind.FILE
    citations = render(seeds, name, "all").decode()
    counts = {"bib": citations.count("@misc{"), "ris": citations.count("TY  - "), "csl": citations.count('"issued"')}
    assert counts[name] == 24
