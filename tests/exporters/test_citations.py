"""Citations: names, keys, escaping, and how other programs read them."""

import json
import os
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import rispy
from pybtex.database import Entry, parse_string
from pybtex.richtext import Text

from feeds.exporters.contract import Kind
from feeds.model.citation import parse_name
from feeds.publishing.publisher import Publisher, open_publisher
from feeds.text.titles import title_text
from tests.support.digests import OpenFiles, day, load, paper, render, write_files
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
    ("heading", "authors", "key"),
    [
        ("Motion-I2V: Consistent", "Authors: Yi Zhang", "zhang2024motioni2v"),
        ("On the Power of It", "Authors: Łukasz Müller-Braun", "mullerbraun2024power"),
        ("A", "Authors: 김민준", "gim2024a"),
        ("큰 언어 모델", "", "anonymous2024keun"),
        ("???", "Authors: Jan van der Berg", "vanderberg2024240100001"),
        ("X^{2}-Gaussian", "Authors: Hao Ai", "ai2024x2gaussian"),
        ("360^circ View of \\textbf{It}", "Authors: King Zhu", "zhu2024360circ"),
        ("$\\tau$-bench", "Authors: Qwen Team", "qwenteam2024tbench"),
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
        assert [str(Text.from_latex(family)) for family in families] == [name.family for name in names]
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
        names = [name for name in author_names(original) if name != "others" or suffix == "bib"]  # not in RIS
        assert author_names(item) == names
        if suffix == "ris":
            assert item["title"] == original["title"]
            assert "abstract" not in item


def author_names(item: dict[str, Any]) -> list[str]:
    """Return the names of an item in one notation, whether their particles are separate or not."""
    names = []
    for name in item.get("author", []):
        particle = name.get("non-dropping-particle") or name.get("dropping-particle") or ""
        family = name.get("literal") or f"{particle} {name.get('family', '')}".strip()
        names.append(" ".join(filter(None, (family, name.get("given")))).replace(",", ""))  # RIS splits at commas
    return names


def test_bibtex_escapes_text_but_not_formulas(hostile: Publisher) -> None:
    bibtex = render(hostile, "bib", "2024-01-30").decode()
    for expected in (
        r"{{A \& B: 100\% of $O(n^2)$ \#1 \textbraceleft{}braces\textbraceright{} under\_score",
        r"{{Unbalanced \textbraceright{} and \textbraceleft{} braces}}",
        r"$\alpha_1$-divergence of $<$think$>$",
        r"{{한국어 제목과 {\"u}n{\"i}code $\mathbb{R}$}}",
        r"M{\"u}ller, J{\"u}rgen",
    ):
        assert expected in bibtex


def test_ris_has_a_reference_for_every_paper(hostile: Publisher) -> None:
    ris = render(hostile, "ris", "2024-01-30").decode()
    papers = load(hostile, "2024-01-30").papers
    assert ris.startswith("TY  - UNPB\n")
    assert ris.count("\nER  - ") == len(papers)
    assert [reference["title"] for reference in rispy.loads(ris)] == [title_text(paper.title) for paper in papers]


def test_notes_tell_where_a_citation_differs_from_the_paper(folder: Path, environ: dict[str, str]) -> None:
    papers = [
        paper("Several", "2401.1", authors="Authors: A One, B Two, +", summary="- 요약"),
        paper("Single", "2401.2", authors="Authors: A One", summary="- Summary"),
        paper("Nothing", "2401.3"),
    ]
    write_files(folder, {"1.md": day("2024-01-30", *papers)})
    publisher = open_publisher(folder, environ | {"FEEDS_LANGUAGE": "en"})
    notes = [
        [
            "The authors are in the order of the digest, which may differ from that of the paper.",
            "The digest does not name all authors.",
            "[Summary in Korean] 요약",
        ],
        ["[Summary in English] Summary"],
        [],
    ]
    entries = bibtex_entries(publisher, "all")
    assert [entry.fields.get("annote", "") for entry in entries.values()] == [" ".join(note) for note in notes]
    references = rispy.loads(render(publisher, "ris", "all").decode())
    assert [reference.get("notes", []) for reference in references] == notes
    items = json.loads(render(publisher, "csl", "all"))
    assert [item.get("note", "") for item in items] == [" ".join(note) for note in notes]
    fields = [entry.fields for entry in entries.values()]
    assert not any("abstract" in citation for citation in (*fields, *references, *items))
    assert notes[0][0] in render(publisher, "html", "papers/2401.00001").decode()
    assert notes[0][0] not in render(publisher, "html", "papers/2401.00002").decode()
    korean = open_publisher(folder, environ)
    assert "[한국어 요약] 요약" in render(korean, "ris", "all").decode()


def test_incomplete_authors_end_with_others(open_files: OpenFiles) -> None:
    publisher = open_files({"1.md": day("2024-01-30", paper("A", authors="Authors: A One, +"))})
    assert "author = {One, A and others}," in render(publisher, "bib", "all").decode()
    assert json.loads(render(publisher, "csl", "all"))[0]["author"][1:] == [{"literal": "others"}]
    assert rispy.loads(render(publisher, "ris", "all").decode())[0]["authors"] == ["One, A"]


PRINTED_TITLES = [
    ("$π$ and $τ$-bench for PixArt-Σ", "π and τ-bench for PixArt-Σ"),
    ("$95%$ of $x_1 & y$", "95% of x1 & y"),
    (r"<think> | ~ ^ \ {x} }{ #1 50% a & b", r"<think> | ˜ ˆ \ {x} }{ #1 50% a & b"),
    (r"\textsc{X}: a \textbf{Font}", "X: a Font"),
    ("D^2iT, X^{2}-Gaussian, O(n^2)", "D2iT, X2-Gaussian, O(n2)"),
    (r"$O(n^2)$ $\alpha_1$ $\mathbb{R}^{n\times m}$", "O(n2) α1 Rn×m"),
    (r"$x^a^b$ $\unknown{x}$ $\text{a_b}$ $x^\ldots$", r"xab $\unknown{x}$ a b xˆ. . ."),
    ("ß ø æ Ł ı é ñ ő ç ż Émile", "ß ø æ L ı é ñ ő ç ż Émile"),
    ("– — “q” ‘a’ b\u00a0c…", "– — “q” ‘a’ b c. . ."),
    ("🔥 Fire ✓ ∞ ≤ × ℒ x²", "[fire] Fire [check mark] ∞ ≤ × L x2"),
    ("Nguyễn Đặng ąę ðþ ə", "Nguyen Dang ae dth e"),
    ("Unbalanced } brace { and \\", r"Unbalanced } brace { and \ "),
    ("%comment # hash $ dollar", "%comment # hash $ dollar"),
    ("@article{x, title={y}}", "@article{x, title={y}}"),
    ("ΑΒΓ αβγο", "ABΓ αβγo"),
]
LATEX_DOCUMENTS = {
    "bibtex": r"\begin{document}\nocite{*}\bibliographystyle{abbrv}\bibliography{papers}",
    "biber": r"\usepackage{biblatex}\addbibresource{papers.bib}\begin{document}\nocite{*}\printbibliography",
}


@pytest.mark.external
@pytest.mark.parametrize("processor", ["bibtex", "biber"])
def test_pdflatex_prints_every_letter_of_a_title(open_files: OpenFiles, tmp_path: Path, processor: str) -> None:
    """Without packages and in the font encoding OT1, which knows the fewest letters."""
    authors = [
        "Jürgen Müller, OpenAI, Łukasz Kaiser",
        "Jan van der Berg, +",
        "A & B_C, {x} #1, $y, Đ Ž\u00e1, K% L, a\\b",
    ]
    papers = [
        paper(title, f"2401.{number}", authors=f"Authors: {authors[number % 3]}", summary=f"- 요약 {title}")
        for number, (title, _) in enumerate(PRINTED_TITLES, 1)
    ]
    publisher = open_files({"1.md": day("2024-01-30", *papers)})
    (tmp_path / "papers.bib").write_bytes(render(publisher, "bib", "all"))
    document = r"\documentclass{article}\hyphenpenalty=10000 " + LATEX_DOCUMENTS[processor] + r"\end{document}"
    (tmp_path / "document.tex").write_text(document)
    run_program(tmp_path, "pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document")
    assert "error" not in run_program(tmp_path, processor, "document").lower()
    log = run_program(tmp_path, "pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document")
    assert "Missing character" not in log
    printed = squeeze(run_program(tmp_path, "pdftotext", "-raw", "document.pdf", "-"))
    for title, text in PRINTED_TITLES:
        assert squeeze(text) in printed, title


def run_program(folder: Path, *command: str) -> str:
    """Run a program in a folder, and return what it prints."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TEXMFVAR": str(folder)}
    result = subprocess.run(command, cwd=folder, env=environ, capture_output=True, check=False)
    output = result.stdout.decode(errors="replace")
    assert result.returncode == 0, output[-2000:]
    return output


def squeeze(text: str) -> str:
    """Return text without spaces and accents, which pdftotext puts beside the letters."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if letter.isalnum() or letter in "<>|&%#{}@[]$\\")


JOURNAL = (
    "Tags: vision, cs.CV, cs.LG\nPublished: 2023-12-30\nJournal: J. Müller & Co. 59(6), 583-589 (2024)\n"
    "DOI: 10.1000/A_b\nComment: 12 pages, 3 % more"
)
PROCEEDINGS = "Journal: Proceedings of the 9th Conference on X, 2025\nAbstract: About it."


@pytest.fixture
def articles(open_files: OpenFiles) -> Publisher:
    """An archive of an article of a volume, one of proceedings, a preprint with a comment, and one from elsewhere."""
    papers = [
        paper("A", "2401.1", extras=JOURNAL, authors="Authors: Ann Lee"),
        paper("B", "2401.2", extras=PROCEEDINGS),
        paper("C", "2401.3", extras="Tags: agents\nComment: This paper has been withdrawn"),
        "### [D](https://e.org/d)\nTags: cs.CV\nJournal: Nature\n",
    ]
    return open_files({"1.md": day("2024-01-30", *papers)})


def test_bibtex_of_a_paper_with_a_journal_is_an_article(articles: Publisher) -> None:
    first, second, third, fourth = bibtex_entries(articles, "all").values()
    assert [entry.type for entry in (first, second, third, fourth)] == ["article", "article", "misc", "article"]
    names = ("journal", "volume", "number", "pages", "year", "doi", "eprint", "primaryClass", "annote")
    assert [first.fields[name] for name in names] == [
        'J. M{\\"u}ller \\& Co.',
        "59",
        "6",
        "583--589",
        "2024",
        "10.1000/A_b",
        "2401.00001",
        "cs.CV",
        "비고: 12 pages, 3 \\% more",
    ]
    assert not {"month", "note"} & {*first.fields}
    assert second.fields["journal"] == "Proceedings of the 9th Conference on X, 2025"
    assert (second.fields["year"], second.fields["abstract"]) == ("2025", "About it.")
    assert not {"volume", "number", "pages", "primaryClass"} & {*second.fields}
    assert third.fields["annote"] == "비고: This paper has been withdrawn"
    assert not {"journal", "primaryClass"} & {*third.fields}
    assert not {"doi", "eprint", "primaryClass"} & {*fourth.fields}


def test_ris_of_a_paper_with_a_journal_is_an_article(articles: Publisher) -> None:
    first, second, third, _ = rispy.loads(render(articles, "ris", "all").decode())
    assert [item["type_of_reference"] for item in (first, second, third)] == ["JOUR", "JOUR", "UNPB"]
    names = ("secondary_title", "volume", "number", "start_page", "end_page", "year", "doi", "accession_number")
    expected = ["J. Müller & Co.", "59", "6", "583", "589", "2024", "10.1000/A_b", "2401.00001"]
    assert [first[name] for name in names] == expected
    assert first["notes"] == ["비고: 12 pages, 3 % more"]
    assert "date" not in first
    assert (second["secondary_title"], second["year"]) == ("Proceedings of the 9th Conference on X, 2025", "2025")
    assert not {"volume", "start_page"} & second.keys()
    assert not {"secondary_title", "volume"} & third.keys()


def test_csl_of_a_paper_with_a_journal_is_an_article(articles: Publisher) -> None:
    first, second, third, _ = json.loads(render(articles, "csl", "all"))
    assert [item["type"] for item in (first, second, third)] == ["article-journal", "article-journal", "article"]
    names = ("container-title", "volume", "issue", "page", "DOI", "archive", "archive_location", "note")
    expected = ["J. Müller & Co.", "59", "6", "583-589", "10.1000/A_b", "arXiv", "arXiv:2401.00001"]
    assert [first[name] for name in names] == [*expected, "비고: 12 pages, 3 % more"]
    assert first["issued"] == {"date-parts": [[2024]]}
    assert not {"publisher", "number"} & first.keys()
    assert (second["container-title"], third["number"]) == (
        "Proceedings of the 9th Conference on X, 2025",
        "arXiv:2401.00003",
    )


@pytest.mark.external
@pytest.mark.parametrize("suffix", ["bib", "ris"])
def test_citation_js_reads_the_journal_of_an_article(articles: Publisher, suffix: str) -> None:
    item = read_with_citation_js(render(articles, suffix, "papers/2401.00001"), suffix)[0]
    original = json.loads(render(articles, "csl", "papers/2401.00001"))[0]
    names = ("type", "container-title", "volume", "issue", "page", "DOI")
    assert [item.get(name) for name in names] == [original[name] for name in names]
    assert item["issued"]["date-parts"][0][0] == 2024


@pytest.mark.external
def test_biber_finds_nothing_wrong_with_an_article(articles: Publisher, tmp_path: Path) -> None:
    (tmp_path / "papers.bib").write_bytes(render(articles, "bib", "papers/2401.00001"))
    output = run_program(tmp_path, "biber", "--tool", "--validate-datamodel", "papers.bib")
    assert "WARN" not in output


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
