"""The contents, order, metadata and size of books, and the results of EPUB validators."""

import io
import re
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import PropertyMock, patch

import pytest
from PIL import Image

from feeds.exporters.contract import RenderContext
from feeds.exporters.epub import EpubExporter
from feeds.images.convert import convert
from feeds.images.picture import EncodedImage
from feeds.images.store import PictureSet
from feeds.model.edition import Edition
from feeds.publishing.publisher import Publisher, open_publisher
from tests.support import archives, validators
from tests.support.books import EPUB_TYPE, XHTML, XML_LANG, open_book
from tests.support.digests import HOSTILE, OpenFiles, day, load, paper, render

NOW = datetime(2035, 2, 1, tzinfo=UTC)  # later than the mtime of any file here

WEEKS = {
    "1.md": day(
        "2024-01-30",
        paper("First", "2401.1", votes="Vote: 3", authors="Authors: Ann Lee, 김철수, Łukasz Zając"),
        paper("Second 한국어", "2401.2", votes="Vote: 9", authors="Authors: Ann Lee, Émile Borel, 王小明, 이영희"),
    ),
    "2.md": day("2024-02-01", paper("Third", "2402.1", votes="Vote: 5", authors="Authors: Bo Kim, Xu")),
    "3.md": day("2024-02-02"),
    "4.md": day("2025-01-01", paper("Fourth $M^2$", "2501.1")),
}


@pytest.fixture
def weeks(open_files: OpenFiles) -> Publisher:
    return open_files(WEEKS)


@pytest.fixture
def hostile(open_files: OpenFiles) -> Publisher:
    publisher = open_files({"a.md": HOSTILE, "empty.md": day("2024-02-05")})
    store(publisher, "https://e.org/a&b.png", convert(draw_png(300, 200)))
    return publisher


def draw_png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).save(file, "PNG")
    return file.getvalue()


def store(publisher: Publisher, url: str, images: Sequence[EncodedImage]) -> None:
    publisher.store.store(url, images, "", "", NOW)


def test_week_has_days_between_most_voted_and_authors(weeks: Publisher) -> None:
    assert open_book(weeks, "2024-W05").contents() == [
        (1, "추천 상위 논문", "votes.xhtml"),
        (1, "2024년 1월 30일", "day-2024-01-30.xhtml"),
        (2, "First", "day-2024-01-30.xhtml#paper-2401.00001"),
        (2, "Second 한국어", "day-2024-01-30.xhtml#paper-2401.00002"),
        (1, "2024년 2월 1일", "day-2024-02-01.xhtml"),
        (2, "Third", "day-2024-02-01.xhtml#paper-2402.00001"),
        (1, "저자 찾아보기", "authors-1.xhtml"),
    ]


def test_papers_follow_one_another_in_the_document_of_their_day(weeks: Publisher) -> None:
    book = open_book(weeks, "2024-W05")
    assert book.papers("day-2024-01-30.xhtml") == ["paper-2401.00001", "paper-2401.00002"]
    assert book.papers("day-2024-02-01.xhtml") == ["paper-2402.00001"]
    assert book.papers("votes.xhtml") == []


def test_document_is_split_before_it_is_too_long_for_devices(open_files: OpenFiles) -> None:
    papers = [paper(f"T{number}", f"2401.{number}", summary="가" * 30_000) for number in range(1, 10)]
    book = open_book(open_files({"1.md": day("2024-01-30", *papers)}), "2024-01-30")
    documents = ["papers.xhtml", "papers-part-2.xhtml", "papers-part-3.xhtml"]
    assert book.spine[3:] == documents
    assert all(len(book.read(name)) < 300_000 for name in documents)
    assert [paper for name in documents for paper in book.papers(name)] == [f"paper-2401.{n:05}" for n in range(1, 10)]


def test_book_of_everything_has_months_days_and_papers(weeks: Publisher) -> None:
    contents = open_book(weeks, "all").contents()
    assert [entry for entry in contents if entry[0] == 1][1:-1] == [
        (1, "2024년 1월", "month-2024-01.xhtml"),
        (1, "2024년 2월", "month-2024-02.xhtml"),
        (1, "2025년 1월", "month-2025-01.xhtml"),
    ]
    assert [label for depth, label, _ in contents if depth == 3] == ["First", "Second 한국어", "Third", "Fourth M²"]


def test_day_and_search_list_papers_in_their_order(weeks: Publisher) -> None:
    assert [label for _, label, _ in open_book(weeks, "2024-01-30").contents()] == ["First", "Second 한국어"]
    search = open_book(weeks, "search", order="votes", to="2024-12-31")
    assert [label for _, label, _ in search.contents()] == ["Second 한국어", "Third", "First"]


def test_repeated_paper_is_in_the_books_of_both_days(open_files: OpenFiles) -> None:
    repeated, new = paper("Repeated", "2401.1"), paper("New", "2401.2")
    publisher = open_files({"1.md": day("2024-01-30", repeated), "2.md": day("2024-01-31", new, repeated)})
    book = open_book(publisher, "2024-01-31")
    assert [label for _, label, _ in book.contents()] == ["New", "Repeated"]
    assert "2024년\u00a01월\u00a030일 · 2/2" in book.text("papers.xhtml")
    assert "· 1/2" not in book.text("papers.xhtml")  # the first paper is of the day that the book has in its title
    assert [entry for entry in open_book(publisher, "2024-W05").contents() if entry[0] == 2] == [
        (2, "Repeated", "day-2024-01-30.xhtml#paper-2401.00001"),
        (2, "New", "day-2024-01-31.xhtml#paper-2401.00002"),
    ]


@pytest.mark.parametrize(
    "key", ["2024-01-30", "2024-W05", "top/2024-W05", "2024", "all", "latest", "papers/2401.00001", "2024-02-02"]
)
def test_spine_navigation_and_ncx_agree(weeks: Publisher, key: str) -> None:
    book = open_book(weeks, key)
    contents = book.contents()
    chapters = [href for _, _, href in contents if href != "title.xhtml"]
    page = ["contents.xhtml"] if len(chapters) > 1 else []
    files = dict.fromkeys(href.partition("#")[0] for href in chapters)
    assert book.spine == ["cover.xhtml", "title.xhtml", *page, *files]
    targets = [f"{file}#{paper}" for file in files for paper in book.papers(file)]
    assert targets == [href for href in chapters if "#" in href]
    if chapters:
        assert book.ncx() == contents
    depth = book.parse("toc.ncx").xpath("string(//*[@name='dtb:depth']/@content)")
    assert depth == str(max(level for level, _, _ in book.ncx()))
    ids = book.parse("toc.ncx").xpath("//*[local-name()='navPoint']/@id")
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("key", ["2024-01-30", "2024-01"])
def test_day_of_thousands_of_papers_has_sections_by_number(open_files: OpenFiles, key: str) -> None:
    publisher = open_files({"1.md": day("2024-01-30", *(paper(f"P{n}", f"2401.{n}") for n in range(2_001)))})
    book = open_book(publisher, key)
    contents = book.contents()
    sections = [href for _, _, href in contents if href.startswith("papers-") and "#" not in href]
    assert sections == [f"papers-{first}.xhtml" for first in range(1, 2_002, 50)]
    assert [label for _, label, href in contents if "#" in href] == [f"P{n}" for n in range(2_001)]
    assert book.links("papers-51.xhtml")[0] == "papers-51.xhtml#paper-2401.00050"
    assert book.ncx() == contents
    ids = book.parse("toc.ncx").xpath("//*[local-name()='navPoint']/@id")
    assert len(set(ids)) == len(ids)


def test_contents_of_a_week_are_its_days_with_counts(weeks: Publisher) -> None:
    book = open_book(weeks, "2024-W05")
    assert book.text("contents.xhtml") == (
        "차례 차례 추천 상위 논문 2024년 1월 30일 논문\u00a02편 2024년 2월 1일 논문\u00a01편 저자 찾아보기"
    )
    assert book.links("contents.xhtml") == [file for depth, _, file in book.contents() if depth == 1]


def test_contents_of_a_year_are_its_months(weeks: Publisher) -> None:
    book = open_book(weeks, "2024")
    assert book.links("contents.xhtml") == [
        "votes.xhtml",
        "month-2024-01.xhtml",
        "month-2024-02.xhtml",
        "authors-1.xhtml",
    ]
    assert book.links("month-2024-01.xhtml")[:1] == ["day-2024-01-30.xhtml"]


def test_contents_of_a_day_are_its_papers(weeks: Publisher) -> None:
    book = open_book(weeks, "2024-01-30")
    assert book.text("contents.xhtml") == "차례 차례 First Second 한국어"


def test_documents_link_to_their_neighbours_and_the_contents(weeks: Publisher) -> None:
    book = open_book(weeks, "2024-W05")
    documents = book.spine[3:]
    assert len(documents) == 4
    for previous, document, following in zip([None, *documents], documents, [*documents[1:], None], strict=False):
        (navigation,) = book.parse(document).xpath("//*[@class='way']")
        assert navigation.xpath("*/@href") == [file for file in (previous, "contents.xhtml", following) if file]


@pytest.mark.parametrize("key", ["all", "top/2024-W05", "2024-01-30"])
def test_internal_links_lead_to_files_and_papers(weeks: Publisher, key: str) -> None:
    book = open_book(weeks, key)
    links = {link for page in [*book.spine, "nav.xhtml"] for link in book.parse(page).xpath("//@href")}
    internal = {link for link in links if not link.startswith(("http:", "https:"))}
    fragments = {link for link in internal if "#" in link}
    assert {f"EPUB/{link}" for link in internal - fragments} <= set(book.names)
    # Kobo may open a link with a fragment as a note, so only those to papers have one.
    assert fragments == {f"{name}#{paper}" for name in book.spine for paper in book.papers(name)} != set()


def test_most_voted_papers_are_sorted_by_votes(weeks: Publisher) -> None:
    book = open_book(weeks, "2024-W05")
    titles = book.parse("votes.xhtml").xpath("//*[local-name()='ol']/*/*[1]/text()")
    assert titles == ["Second 한국어", "Third", "First"]
    assert "추천\u00a09" in book.text("votes.xhtml")


def test_authors_are_indexed_by_family_name_in_both_scripts(weeks: Publisher) -> None:
    page = open_book(weeks, "2024-W05").parse("authors-1.xhtml")
    letters = [heading.text for heading in page.iter(f"{XHTML}h2")]
    names = [span.text for span in page.iter(f"{XHTML}span")]
    assert names == ["Émile Borel", "Bo Kim", "Ann Lee", "Xu", "Łukasz Zając", "김철수", "이영희", "王小明"]
    assert letters == ["B", "K", "L", "X", "Z", "ㄱ", "ㅇ", "#"]
    (lee,) = page.xpath("//*[local-name()='li'][*[local-name()='span']='Ann Lee']")
    assert lee.xpath("*[local-name()='a']/@href") == [
        "day-2024-01-30.xhtml#paper-2401.00001",
        "day-2024-01-30.xhtml#paper-2401.00002",
    ]
    assert "".join(lee.itertext()) == "Ann Lee\u00a01, 2"


def test_numbers_of_the_index_stand_beside_the_papers(open_files: OpenFiles, weeks: Publisher) -> None:
    book = open_book(weeks, "2024-W05")
    assert "Bo Kim\u00a03" in book.text("authors-1.xhtml")
    assert "추천\u00a05 · 3/3" in book.text("day-2024-02-01.xhtml")
    numbered = {"2.md": day("2024-02-01", paper("Third", "2402.1"), paper("Fourth", "2402.2"))}
    book = open_book(open_files(WEEKS | numbered), "2024-W05")
    assert book.parse("day-2024-02-01.xhtml").xpath("//*[local-name()='ol']/@start") == ["3"]
    assert not book.parse("day-2024-01-30.xhtml").xpath("//*[local-name()='ol']/@start")


def test_index_of_authors_is_a_small_part_of_a_month(folder: Path, environ: dict[str, str]) -> None:
    archives.write(folder, days=20, papers=150, seed=5)
    book = open_book(open_publisher(folder, environ), "2023-12")
    lengths = {page: len(book.text(page)) for page in book.spine}
    assert sum(length for page, length in lengths.items() if page.startswith("authors")) < 0.2 * sum(lengths.values())


def test_index_has_a_letter_for_every_odd_name(open_files: OpenFiles) -> None:
    names = [
        "Kim",
        ",",
        "Ann ,",
        "Robert Downey, Jr.",
        "Wei (张伟)",
        "ß Ωmega",
        "…",
        "1",
        "\u0301",
        "Jr.",
        "ıI",
        "𝐂𝐃 Éa",
    ]
    publisher = open_files({"1.md": day("2024-01-30", paper("A", "2401.1", authors=f"Authors: {names!r}"))})
    page = open_book(publisher, "2024-W05").parse("authors-1.xhtml")
    letters = [heading.text for heading in page.iter(f"{XHTML}h2")]
    assert letters == ["A", "D", "E", "I", "J", "K", "W", "#"]


def test_long_index_is_split_into_pages(open_files: OpenFiles) -> None:
    names = ", ".join(f"Ann {letter}{number:03}" for letter in "ABC" for number in range(500))
    publisher = open_files({"1.md": day("2024-01-30", paper("Many", "2401.1", authors=f"Authors: {names}"))})
    contents = open_book(publisher, "2024-W05").contents()
    labels = [label for _, label, file in contents if file.startswith("authors")]
    assert labels == ["저자 찾아보기 A", "저자 찾아보기 B", "저자 찾아보기 C"]


def test_pages_of_the_index_share_no_label(open_files: OpenFiles) -> None:
    sizes = {"A": 300, "B": 200, "K": 1300, "Y": 50, "Z": 590}
    names = ", ".join(f"Ann {letter}{number:04}" for letter, size in sizes.items() for number in range(size))
    publisher = open_files({"1.md": day("2024-01-30", paper("Many", "2401.1", authors=f"Authors: {names}"))})
    book = open_book(publisher, "2024-W05")
    labels = [label for _, label, file in book.contents() if file.startswith("authors")]
    assert labels == [f"저자 찾아보기 {extent}" for extent in ("A–B", "K 1", "K 2", "K 3–Y", "Z")]
    assert [heading.text for heading in book.parse("authors-4.xhtml").iter(f"{XHTML}h2")] == ["K 3", "Y"]
    assert book.text("contents.xhtml").endswith("저자 찾아보기: A–B · K 1 · K 2 · K 3–Y · Z")


def test_english_titles_in_a_korean_book_have_their_language(weeks: Publisher) -> None:
    book = open_book(weeks, "2024-W05")
    languages = {"".join(link.itertext()): link.get(XML_LANG) for link in book.parse("nav.xhtml").iter(f"{XHTML}a")}
    assert (languages["First"], languages["Second 한국어"], languages["2024년 1월 30일"]) == ("en", None, None)
    for name in [*book.spine, "nav.xhtml", "content.opf", "toc.ncx"]:
        assert book.parse(name).get(XML_LANG) == "ko"


def test_landmarks_are_hidden_and_outside_the_reading_order(weeks: Publisher) -> None:
    book = open_book(weeks, "2024-W05")
    navs = list(book.parse("nav.xhtml").iter(f"{XHTML}nav"))
    assert [(nav.get(EPUB_TYPE), nav.get("hidden")) for nav in navs] == [("toc", None), ("landmarks", "hidden")]
    assert [link.get(EPUB_TYPE) for link in navs[1].iter(f"{XHTML}a")] == ["cover", "toc", "bodymatter", "index"]
    assert "nav.xhtml" not in book.spine  # MuPDF and pandoc show what is hidden


@pytest.mark.parametrize(
    ("key", "description", "subjects"),
    [
        ("2024-01-30", "논문 2편 · 2024년 1월 30일 · Second 한국어 · First", ["확산 모델"]),
        ("2024-W05", "논문 3편 · 2024년 1월 30일 ~ 2월 1일 · Second 한국어 · Third · First", ["확산 모델", "로봇"]),
        ("papers/2402.00001", "로봇 확산", ["확산 모델", "로봇"]),
        ("2024-02-02", "논문 0편", []),
    ],
)
def test_book_is_described_by_its_own_papers(
    open_files: OpenFiles, key: str, description: str, subjects: list[str]
) -> None:
    publisher = open_files(
        WEEKS
        | {
            "1.md": day(
                "2024-01-30",
                paper("First", "2401.1", votes="Vote: 3", summary="확산 모델입니다."),
                paper("Second 한국어", "2401.2", votes="Vote: 9", summary="모델입니다."),
            ),
            "2.md": day("2024-02-01", paper("Third", "2402.1", votes="Vote: 5", summary="로봇 확산")),
        }
    )
    book = open_book(publisher, key)
    assert book.dublin_core("description") == [description]
    assert book.dublin_core("subject") == subjects


def test_subjects_are_the_commonest_topics_without_commas(folder: Path, environ: dict[str, str]) -> None:
    topics = {"A, b": "alpha", "None": "alpha -alpha", "Filter": "q=alpha&min_votes=0", "Code": "has=code"}
    topics |= {f"T{number}": "q=beta&order=votes" for number in range(9)}
    lines = [f"{name!r} = {search!r}" for name, search in topics.items()]
    (folder / "feeds.toml").write_text("\n".join(["[topics]", *lines]), encoding="utf-8")
    papers = [paper("Alpha beta", "2401.1"), paper("ALPHA", "2401.2")]
    (folder / "1.md").write_text(day("2024-01-30", *papers), encoding="utf-8")
    book = open_book(open_publisher(folder, environ), "2024-01-30")
    assert book.dublin_core("subject") == ["A b", "T0", "T1", "T2", "T3"]


@pytest.mark.parametrize(
    ("key", "series", "position"),
    [
        ("2024-01-30", "Daily Papers — 일간", "20240130"),
        ("2024-W05", "Daily Papers — 주간", "202405"),
        ("2024-01", "Daily Papers — 월간", "202401"),
        ("2024", "Daily Papers — 연도별", "2024"),
    ],
)
def test_period_has_a_position_in_a_series(weeks: Publisher, key: str, series: str, position: str) -> None:
    book = open_book(weeks, key)
    assert book.meta("belongs-to-collection") == book.meta("calibre:series") == [series]
    assert book.meta("group-position") == book.meta("calibre:series_index") == [position]


def test_book_avoids_what_devices_cannot_read(weeks: Publisher) -> None:
    book = open_book(weeks, "all")
    assert len(book.package.findall(".//{http://purl.org/dc/elements/1.1/}title")) == 1  # Kindle: E999
    assert book.package.findtext(".//{*}language") == "ko"
    assert all(name.isascii() for name in book.names)
    for name in [*book.spine, "nav.xhtml", "content.opf", "toc.ncx"]:
        head = book.read(name)[:60].lower()
        assert re.match(rb"<\?xml version=['\"]1.0['\"] encoding=['\"]utf-8['\"]\?>", head), name
    for name in book.spine:
        assert not book.parse(name).xpath("//*[local-name()='a'][not(node())]"), name
        assert not book.parse(name).xpath("//*[local-name()='script' or local-name()='style']"), name
    style_sheet = book.read("book.css").decode()
    for trap in ("@media", "var(", "min(", "max(", "color:", "background", "font-family: s", "@font-face"):
        assert trap not in style_sheet  # Adobe's engine drops the whole sheet; dark themes show black on black
    assert book.text("title.xhtml").count("$") == 0
    identifier = book.parse("toc.ncx").xpath("string(//*[@name='dtb:uid']/@content)")
    assert book.package.findtext(".//{*}identifier") == identifier


def test_zip_starts_with_mimetype_and_has_no_times(weeks: Publisher) -> None:
    infos = open_book(weeks, "2024-W05").archive.infolist()
    assert (infos[0].filename, infos[0].compress_type, infos[0].extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    stored = {info.filename for info in infos if info.compress_type == zipfile.ZIP_STORED}
    assert stored == {"mimetype", "EPUB/cover.jpg"}


def test_stored_pictures_are_shown_and_others_linked(open_files: OpenFiles) -> None:
    stored_url, missing_url = "https://e.org/stored.png", "https://e.org/missing.png"
    publisher = open_files(
        {
            "1.md": day(
                "2024-01-30",
                paper("Stored", "2401.1", media=f"![]({stored_url})"),
                paper("Missing", "2401.2", media=f"![]({missing_url})"),
                paper("Film", "2401.3", media="[Watch Video](https://e.org/film.mp4)"),
            )
        }
    )
    store(publisher, stored_url, convert(draw_png(1400, 700)))
    book = open_book(publisher, "2024-01-30")
    stored, missing, film = book.parse("papers.xhtml").iter(f"{XHTML}article")
    (image,) = stored.iter(f"{XHTML}img")
    assert image.get("alt") == "논문 대표 그림: Stored"
    with Image.open(io.BytesIO(book.read(image.get("src") or ""))) as picture:
        assert picture.size == (1000, 500)
    assert image.get("style") == "width: 22.0em"  # so that it is 11 em high, where there is room for that
    assert not stored.xpath(".//*[contains(text(), '그림')]")
    for article, label, url in ((missing, "그림", missing_url), (film, "동영상", "https://e.org/film.mp4")):
        (link,) = article.xpath(f".//*[@class='links']//*[@href='{url}']")
        assert link.text == label


def test_picture_lost_by_the_store_is_a_link(open_files: OpenFiles) -> None:
    url = "https://e.org/a.png"
    publisher = open_files({"1.md": day("2024-01-30", paper("A", "2401.1", media=f"![]({url})"))})
    store(publisher, url, convert(draw_png(400, 300)))
    for path in publisher.store.root.rglob("*.png"):
        path.write_bytes(b"broken")
    book = open_book(publisher, "2024-01-30")
    assert not [name for name in book.names if "images/" in name]
    assert url in book.links("papers.xhtml")


def test_etag_changes_when_two_papers_swap_pictures(open_files: OpenFiles) -> None:
    urls = ["https://e.org/a.png", "https://e.org/b.png"]
    papers = [paper(f"T{number}", f"2401.{number}", media=f"![]({url})") for number, url in enumerate(urls, 1)]
    publisher = open_files({"1.md": day("2024-01-30", *papers)})
    etags = set()
    for widths in ((400, 300), (300, 400)):
        for url, width in zip(urls, widths, strict=True):
            store(publisher, url, convert(draw_png(width, 200)))
        etags.add(publisher.representation(publisher.find("2024-01-30.epub")).etag)
    assert len(etags) == 2


def test_new_picture_changes_the_etags_of_what_shows_it(open_files: OpenFiles) -> None:
    url = "https://e.org/a.png"
    publisher = open_files(
        {
            "1.md": day("2024-01-30", paper("A", "2401.1", media=f"![]({url})")),
            "2.md": day("2024-02-15", paper("B", "2402.1")),
        }
    )
    paths = "2024-01-30.epub 2024-02-15.epub 2024-01-30.rss 2024-01-30 daily.rss days.opds all.atom".split()

    def etags() -> dict[str, str]:
        return {path: publisher.representation(publisher.find(path)).etag for path in paths}

    before = etags()
    store(publisher, url, convert(draw_png(400, 300)))
    changed = {path for path, etag in etags().items() if before[path] != etag}
    assert changed == {"2024-01-30.epub", "2024-01-30", "2024-01-30.rss", "all.atom"}
    assert publisher.representation(publisher.find("2024-01-30.epub")).last_modified == NOW


def open_day_with_pictures(folder: Path, environ: dict[str, str], papers: int, *lengths: int) -> Publisher:
    """Open an archive of one day whose papers have pictures in renditions of these lengths."""
    url = "https://e.org/{}.png"
    entries = [
        paper(f"T{number}", f"2401.{number}", media=f"![]({url.format(number)})", votes=f"Vote: {number}")
        for number in range(1, papers + 1)
    ]
    (folder / "1.md").write_text(day("2024-01-30", *entries), encoding="utf-8")
    publisher = open_publisher(folder, environ)
    for number in range(1, papers + 1):
        images = [number.to_bytes(4, "big") + bytes(length - 4) for length in lengths]
        store(publisher, url.format(number), [EncodedImage("image/jpeg", 10, 10, data) for data in images])
    return publisher


def test_day_stays_under_5_mb_with_smaller_pictures(folder: Path, environ: dict[str, str]) -> None:
    publisher = open_day_with_pictures(folder, environ, 68, 80_000, 25_000, 9_000)
    book = open_book(publisher, "2024-01-30")
    lengths = {info.file_size for info in book.archive.infolist() if "/images/" in info.filename}
    assert lengths == {80_000, 25_000}
    first, *_, last = (image.get("src") or "" for image in book.parse("papers.xhtml").iter(f"{XHTML}img"))
    assert (len(book.read(first)), len(book.read(last))) == (25_000, 80_000)  # the last has the most votes
    assert book.size < 5_000_000
    month = open_book(publisher, "2024-01")
    assert {info.file_size for info in month.archive.infolist() if "/images/" in info.filename} == {80_000}


def test_day_too_large_loses_pictures_with_fewest_votes(folder: Path, environ: dict[str, str]) -> None:
    book = open_book(open_day_with_pictures(folder, environ, 12, 900_000, 800_000), "2024-01-30")
    articles = list(book.parse("papers.xhtml").iter(f"{XHTML}article"))
    with_pictures = [article.get("id") for article in articles if article.xpath(".//*[local-name()='img']")]
    assert with_pictures == [f"paper-2401.{number:05}" for number in range(7, 13)]
    assert 4_000_000 < book.size < 5_000_000


def test_month_stays_under_50_mb(folder: Path, environ: dict[str, str]) -> None:
    book = open_book(open_day_with_pictures(folder, environ, 60, 900_000, 790_000), "2024-01")
    assert len([name for name in book.names if "/images/" in name]) == 60
    assert 45_000_000 < book.size < 50_000_000


def test_pictures_are_in_memory_once(folder: Path, environ: dict[str, str]) -> None:
    publisher = open_day_with_pictures(folder, environ, 40, 500_000)
    edition = load(publisher, "2024-01")
    context = replace(
        RenderContext.for_site(publisher.site, publisher.formats),
        pictures=PictureSet(publisher.store, [paper.image or "" for paper in edition.papers]),
    )
    tracemalloc.start()
    book = b"".join(EpubExporter().render(edition, context))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(book) > 20_000_000
    assert peak < 1.5 * len(book)


def test_listings_are_collected_as_often_for_many_papers(folder: Path, environ: dict[str, str]) -> None:
    papers = {count: [paper(f"T{number}", f"2401.{number}") for number in range(1, count + 1)] for count in (3, 30)}
    for count, entries in papers.items():
        (folder / f"{count}.md").write_text(day(f"2024-01-{count:02}", *entries), encoding="utf-8")
    publisher = open_publisher(folder, environ)
    context = RenderContext.for_site(publisher.site, publisher.formats)

    def count_collections(key: str) -> int:
        edition = load(publisher, key)
        with patch.object(Edition, "listings", new_callable=PropertyMock, return_value=edition.listings) as listings:
            b"".join(EpubExporter().render(edition, context))
        return listings.call_count

    assert count_collections("2024-01-30") == count_collections("2024-01-03")


def test_exporter_is_imported_without_the_libraries_that_it_renders_with() -> None:
    code = "import sys, feeds.exporters.epub; print(*{'ebooklib', 'lxml', 'PIL', 'jinja2'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "\n"


def test_book_contains_the_cover_that_is_served(seeds: Publisher) -> None:
    cover = render(seeds, "cover", "2024-01-30")
    assert open_book(seeds, "2024-01-30").read("cover.jpg") == cover
    for data, size in ((cover, (1200, 1600)), (render(seeds, "thumbnail", "2024-01-30"), (300, 400))):
        with Image.open(io.BytesIO(data)) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", size)
            assert not image.info.get("progressive")


def test_book_without_a_picture_store_has_all_papers(seeds: Publisher) -> None:
    assert not seeds.store.root.exists()
    assert len(open_book(seeds, "2024-01-30").papers("papers.xhtml")) == 11


def assert_valid(publisher: Publisher, key: str, tmp_path: Path, **parameters: str) -> Path:
    path = tmp_path / "book.epub"
    path.write_bytes(render(publisher, "epub", key, **parameters))
    assert validators.epubcheck(path) == []
    return path


@pytest.mark.external
@pytest.mark.parametrize("key", ["2024-01-30", "2024-W12", "2024", "latest", "search", "papers/2401.16420"])
def test_epubcheck_accepts_books_of_the_seeds(seeds: Publisher, key: str, tmp_path: Path) -> None:
    assert_valid(seeds, key, tmp_path)


@pytest.mark.external
@pytest.mark.parametrize("key", ["2024-01-30", "2024-W05", "2024-02-05", "2024-W06", "all"])
def test_epubcheck_accepts_hostile_and_empty_books(hostile: Publisher, key: str, tmp_path: Path) -> None:
    assert_valid(hostile, key, tmp_path)


@pytest.mark.external
def test_epubcheck_accepts_a_search_without_results(hostile: Publisher, tmp_path: Path) -> None:
    assert_valid(hostile, "search", tmp_path, q="아무것도 아닌 것")


@pytest.mark.external
def test_epubcheck_accepts_a_month_of_real_size(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    archives.write(folder, days=20, papers=300, seed=5)
    assert_valid(open_publisher(folder, environ), "2023-12", tmp_path)


@pytest.mark.external
@pytest.mark.parametrize("key", ["2024-01-30", "2024-W05", "2024-02-05"])
def test_ace_finds_no_violation_in_hostile_books(hostile: Publisher, key: str, tmp_path: Path) -> None:
    assert validators.ace(assert_valid(hostile, key, tmp_path)) == []


@pytest.mark.external
def test_ace_finds_no_violation_in_books_of_the_seeds(seeds: Publisher, tmp_path: Path) -> None:
    assert validators.ace(assert_valid(seeds, "2024-01-30", tmp_path)) == []
    assert validators.ace(assert_valid(seeds, "2024-W12", tmp_path)) == []


@pytest.mark.external
def test_epub_js_shows_every_page_without_overflow(hostile: Publisher, tmp_path: Path) -> None:
    result = validators.render(assert_valid(hostile, "2024-W05", tmp_path), tmp_path / "pages", width=480, height=640)
    assert (result.title, result.language, result.cover, result.errors) == (
        "Daily Papers — 2024년 5주차(1월 29일 ~ 2월 4일)",
        "ko",
        True,
        (),
    )
    assert all(entry.opens for entry in result.contents)
    assert [entry.label for entry in result.contents][-1] == "저자 찾아보기 # 2"
    for page in result.pages:
        assert (page.overflows, page.errors) == ((), ()), page.href
        assert page.boxes in ("", "\ufffd"), page.href
        assert all(image.width and image.alt for image in page.images), page.href
    with_images = {page.href.rpartition("/")[2] for page in result.pages if page.images}
    assert with_images == {"cover.xhtml", "day-2024-01-30.xhtml"}
