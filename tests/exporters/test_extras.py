"""Abstracts, tags and dates in documents: where they stand, and what stands for a summary that is missing."""

import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from lxml import etree, html

from feeds.publishing.publisher import Publisher
from tests.support import validators
from tests.support.digests import OpenFiles, day, paper, render

ABSTRACT = "We bound $\\frac{a}{b}$ & 50\\% of <EOS> tokens; see https://github.com/a/b_c."
TAGS = ["cs.CV", "cs.LG", "stat.ML", "eess.IV", "math.ST", "R & D"]
EXTRAS = f"Tags: {', '.join(TAGS)}\nPublished: 2023-12-30\nAbstract: {ABSTRACT}\nAbstract: Second."
PUBLICATION = "Journal: J. Test & Co. 5 (2024)\nDOI: 10.1000/a<b>_c\nComment: Withdrawn; see https://e.org/code."
KEY, PAPER, OTHER = "2024-01-30", "papers/2401.00001", "papers/2401.00002"


@pytest.fixture
def publisher(open_files: OpenFiles) -> Publisher:
    """An archive of a paper with an abstract, one with a summary too, and one with a summary only."""
    papers = [
        paper("A", "2401.1", extras=EXTRAS, authors="Authors: Ann Lee"),
        paper("B", "2401.2", extras="Tags: cs.CV\nAbstract: About B.", summary="- 요약"),
        paper("C", "2401.3", extras=PUBLICATION, summary="- 셋째"),
    ]
    return open_files({"a.md": day(KEY, *papers)})


def page(publisher: Publisher, key: str) -> "html.HtmlElement":
    return html.fromstring(render(publisher, "html", key))


def texts(elements: list["html.HtmlElement"]) -> list[str]:
    return [" ".join(element.text_content().split()) for element in elements]


def test_feeds_have_tags_as_categories(publisher: Publisher) -> None:
    items = etree.fromstring(render(publisher, "rss", KEY)).findall("channel/item")
    assert [[item.text for item in paper.findall("category")] for paper in items] == [["코드", *TAGS], ["cs.CV"], []]
    entries = etree.fromstring(render(publisher, "atom", KEY)).findall("{*}entry")
    assert [item.get("term") for item in entries[0].findall("{*}category")] == ["코드", *TAGS]
    assert json.loads(render(publisher, "json", KEY))["items"][0]["tags"] == ["코드", *TAGS]


def test_feeds_show_the_abstract_of_a_paper_without_a_summary(publisher: Publisher) -> None:
    first, second, _ = json.loads(render(publisher, "json", KEY))["items"]
    assert first["summary"].startswith("We bound a/b & 50% of <EOS> tokens;")
    assert "\nSecond.\n" in first["content_text"]
    assert '<a href="https://github.com/a/b_c">' in first["content_html"]
    assert "About B." not in second["content_html"]


def test_book_shows_tags_and_the_abstract_of_a_paper(publisher: Publisher) -> None:
    with zipfile.ZipFile(BytesIO(render(publisher, "epub", KEY))) as book:
        documents = [etree.fromstring(book.read(name)) for name in book.namelist() if "paper" in name]
        package = etree.fromstring(book.read("EPUB/content.opf"))
    articles = [etree.tostring(article).decode() for document in documents for article in document.iter("{*}article")]
    first, second = (article for article in articles if "cs.CV" in article)
    assert "R &amp; D" in first
    assert "<math" in first
    assert "About B." not in second
    subjects = [subject.text for subject in package.iter("{*}subject")]
    assert subjects[-5:] == ["cs.CV", "cs.LG", "stat.ML", "eess.IV", "math.ST"]
    assert [item.get("href") for item in package.iter("{*}item") if "mathml" in (item.get("properties") or "")]


def test_catalogs_have_tags_as_subjects(publisher: Publisher) -> None:
    entries = etree.fromstring(render(publisher, "opds", "search")).findall("{*}entry")
    assert [[item.get("term") for item in entry.findall("{*}category")] for entry in entries] == [
        [],
        TAGS,
        ["cs.CV"],
        [],
    ]
    publications = json.loads(render(publisher, "opds2", "search"))["publications"]
    assert [item["metadata"].get("subject") for item in publications] == [None, TAGS, ["cs.CV"], None]


def test_page_links_tags_to_searches_and_folds_all_but_five(publisher: Publisher) -> None:
    links = "p[@class='facts']/a[starts-with(@href, '/search?')]"
    article = page(publisher, KEY).xpath("//article")[0]
    assert texts(article.xpath(f"./details/{links}")) == TAGS[:5]
    article = page(publisher, PAPER).xpath("//article")[0]
    assert texts(article.xpath(f"./{links}")) == TAGS[:5]
    (folded,) = article.xpath(f"./details[not(@open)]/{links}")
    assert folded.get("href") == "/search?tag=R%20%26%20D"


def test_abstract_is_open_on_pages_where_there_is_no_summary(publisher: Publisher) -> None:
    article = page(publisher, KEY).xpath("//article")[0]
    assert texts(article.xpath("./details/summary"))[0].startswith("We bound")
    assert article.xpath("./details/div[@class='summary']//a/@href") == ["https://github.com/a/b_c"]
    (abstract,) = page(publisher, PAPER).xpath("//article/details[@open]")
    assert texts([abstract])[0].startswith("초록 We bound")
    assert not page(publisher, PAPER).xpath("//div[@class='summary'][not(ancestor::details)]")


def test_abstract_is_folded_on_the_page_of_a_paper_only(publisher: Publisher) -> None:
    (abstract,) = page(publisher, OTHER).xpath("//article/details[not(@open)]")
    assert texts([abstract]) == ["초록 About B."]
    assert "About B." not in texts(page(publisher, KEY).xpath("//main"))[0]


def test_page_of_a_paper_names_its_date_and_tags_for_scholars(publisher: Publisher) -> None:
    document = page(publisher, PAPER)
    assert document.xpath("//meta[@name='citation_publication_date']/@content") == ["2023/12/30"]
    assert document.xpath("//meta[@name='citation_keywords']/@content") == TAGS
    assert "(2023)" in document.xpath("//textarea[@id='citation']/text()")[0]


def test_page_of_a_paper_shows_journal_doi_and_comment(open_files: OpenFiles) -> None:
    extras = "Journal: J. Müller 5 (2024)\nDOI: 10.1000/a<b>_c\nComment: 12 pages & https://e.org/code."
    publisher = open_files({"a.md": day(KEY, paper("A", "2401.1", extras=extras), paper("B", "2401.2"))})
    document = page(publisher, PAPER)
    (facts,) = document.xpath("//article/p[@class='facts'][contains(., 'DOI')]")
    expected = "arXiv:2401.00001 학술지: J. Müller 5 (2024) DOI: 10.1000/a<b>_c 비고: 12 pages & https://e.org/code."
    assert texts([facts]) == [expected]
    assert facts.xpath(".//a/@href") == ["https://doi.org/10.1000/a%3Cb%3E_c", "https://e.org/code"]
    assert document.xpath("//meta[@name='citation_journal_title']/@content") == ["J. Müller 5 (2024)"]
    assert document.xpath("//meta[@name='citation_doi']/@content") == ["10.1000/a<b>_c"]
    citation = document.xpath("//textarea[@id='citation']/text()")[0]
    assert citation.endswith("A. J. Müller 5 (2024). arXiv:2401.00001. https://arxiv.org/abs/2401.00001")
    assert "학술지" not in texts(page(publisher, KEY).xpath("//main"))[0]
    assert not {"학술지", "DOI:", "비고"} & set(texts(page(publisher, OTHER).xpath("//main"))[0].split())


@pytest.mark.parametrize(
    ("comment", "is_withdrawn"),
    [
        ("Withdrawn", True),
        ("This paper has been withdrawn by the author due to an error in Lemma 2", True),
        ("12 pages. The paper was temporarily withdrawn.", True),
        ("Supersedes withdrawn arXiv:2301.00001", False),
        ("12 pages", False),
    ],
)
def test_withdrawn_paper_says_so_on_its_page(open_files: OpenFiles, comment: str, is_withdrawn: bool) -> None:
    publisher = open_files({"a.md": day(KEY, paper("A", "2401.1", extras=f"Comment: {comment}"))})
    marks = page(publisher, PAPER).xpath("//article/p/strong")
    assert texts(marks) == ["저자가 철회한 논문"] * is_withdrawn


def test_search_of_a_tag_keeps_it_in_the_form(publisher: Publisher) -> None:
    document = html.fromstring(render(publisher, "html", "search", tag="cs.cv"))
    assert document.xpath("//input[@name='tag']/@value") == ["cs.cv"]
    assert texts(document.xpath("//h1")) == ["검색: cs.cv"]
    assert texts(document.xpath("//nav[@class='facets']//a[@aria-current]"))[-1] == "cs.CV 2"
    assert not page(publisher, "search").xpath("//input[@name='tag']")


def test_bibtex_has_the_abstract_the_date_and_keywords(publisher: Publisher) -> None:
    first, second, third = parse_string(render(publisher, "bib", KEY).decode()).entries
    assert first.key == "lee2023a"
    assert [first[name] for name in ("year", "month", "keywords")] == [
        "2023",
        "12",
        "cs.CV, cs.LG, stat.ML, eess.IV, math.ST, R \\& D",
    ]
    assert first["abstract"].startswith("We bound $\\frac{a}{b}$ \\& 50\\% of $<$EOS$>$ tokens;")
    assert "annote" not in first
    assert second["annote"] == "[한국어 요약] 요약"
    assert "month" not in second
    assert not {"abstract", "keywords", "month"} & third.fields_dict.keys()


def test_ris_has_the_abstract_the_date_and_keywords(publisher: Publisher) -> None:
    first, second, third = rispy.loads(render(publisher, "ris", KEY).decode())
    assert (first["year"], first["date"], first["keywords"]) == ("2023", "2023/12/30", TAGS)
    assert first["abstract"].endswith("see https://github.com/a/b_c. Second.")
    assert "date" not in second
    assert not {"abstract", "keywords", "date"} & third.keys()


def test_csl_has_the_abstract_the_date_and_keywords(publisher: Publisher) -> None:
    first, second, third = json.loads(render(publisher, "csl", KEY))
    assert first["issued"] == {"date-parts": [[2023, 12, 30]]}
    assert first["keyword"] == ", ".join(TAGS)
    assert first["abstract"].endswith("\nSecond.")
    assert second["issued"] == {"date-parts": [[2024]]}
    assert not {"abstract", "keyword"} & third.keys()


def test_long_abstract_is_cut_where_it_makes_a_feed_too_large(open_files: OpenFiles) -> None:
    publisher = open_files({"a.md": day(KEY, paper("A", extras=f"Abstract: {'word ' * 39_000}"))})
    document = render(publisher, "rss", "latest")
    assert 30_000 < len(document) < 512_000


@pytest.mark.external
def test_documents_with_abstracts_and_tags_are_valid(publisher: Publisher, tmp_path: Path) -> None:
    pages = {key: render(publisher, "html", key) for key in (KEY, PAPER, OTHER, "papers/2401.00003", "search")}
    pages["tag"] = render(publisher, "html", "search", tag="cs.CV,cs.LG")
    assert validators.nu(pages) == []
    book = tmp_path / "day.epub"
    book.write_bytes(render(publisher, "epub", KEY))
    assert validators.epubcheck(book) == []
    for parameters in ({}, {"tag": "cs.CV,cs.LG"}):
        assert validators.opds1(render(publisher, "opds", "search", **parameters)) == []
        assert validators.opds2(render(publisher, "opds2", "search", **parameters)) == []
