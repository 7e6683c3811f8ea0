"""Books: what is in them, in which order, how large they are, and what judges and readers say of them."""

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image

from feeds.images.convert import convert
from feeds.images.picture import EncodedImage
from feeds.publishing.publisher import Catalog, open_catalog
from tests.exporters.test_formats import HOSTILE, render
from tests.support import archives
from tests.support import validators as judges
from tests.support.digests import OpenFiles, day, paper

NOW = datetime(2035, 2, 1, tzinfo=UTC)  # later than any file here was written
OPF, NCX, XHTML = (
    "{http://www.idpf.org/2007/opf}",
    "{http://www.daisy.org/z3986/2005/ncx/}",
    "{http://www.w3.org/1999/xhtml}",
)
EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Book:
    """A book opened."""

    def __init__(self, document: bytes) -> None:
        self.size = len(document)
        self.archive = zipfile.ZipFile(io.BytesIO(document))
        self.names = self.archive.namelist()
        self.package = etree.fromstring(self.archive.read("EPUB/content.opf"))
        self.items = {item.get("id"): item for item in self.package.iter(f"{OPF}item")}
        self.spine = [self.items[each.get("idref")].get("href") or "" for each in self.package.iter(f"{OPF}itemref")]

    def read(self, name: str) -> bytes:
        return self.archive.read(f"EPUB/{name}")

    def tree(self, name: str) -> "etree._Element":
        return etree.fromstring(self.read(name))

    def text(self, name: str) -> str:
        return " ".join("".join(self.tree(name).itertext()).split())

    def meta(self, key: str) -> list[str]:
        """Read the values of a property or a name."""
        found = self.package.iter(f"{OPF}meta")
        return [
            each.text or each.get("content") or "" for each in found if key in (each.get("property"), each.get("name"))
        ]

    def contents(self) -> list[tuple[int, str, str]]:
        """Read the navigation document: depth, label and address of each line."""
        (nav,) = [each for each in self.tree("nav.xhtml").iter(f"{XHTML}nav") if each.get(EPUB_TYPE) == "toc"]
        return [
            (len(list(link.iterancestors(f"{XHTML}ol"))), "".join(link.itertext()), link.get("href") or "")
            for link in nav.iter(f"{XHTML}a")
        ]

    def ncx(self) -> list[tuple[int, str, str]]:
        """Read the contents for readers of EPUB 2 in the same way."""
        return [
            (
                len(list(point.iterancestors(f"{NCX}navPoint"))) + 1,
                point.findtext(f"{NCX}navLabel/{NCX}text") or "",
                point.find(f"{NCX}content").get("src") or "",  # type: ignore[union-attr]  # each has one
            )
            for point in self.tree("toc.ncx").iter(f"{NCX}navPoint")
        ]


def book(catalog: Catalog, key: str, parameters: Sequence[tuple[str, str]] = ()) -> Book:
    publication = catalog.find(f"{key}.epub", parameters)
    return Book(catalog.render(publication, catalog.cut(publication)))


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
def weeks(open_files: OpenFiles) -> Catalog:
    return open_files(WEEKS)


def picture(width: int, height: int) -> bytes:
    """Draw a picture."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).save(file, "PNG")
    return file.getvalue()


def store(catalog: Catalog, url: str, renditions: Sequence[EncodedImage]) -> None:
    catalog.store.store(url, renditions, "", "", NOW)


def test_a_week_is_grouped_by_day_between_votes_and_authors(weeks: Catalog) -> None:
    assert book(weeks, "2024-W05").contents() == [
        (1, "추천 많은 논문", "votes.xhtml"),
        (1, "2024년 1월 30일", "day-2024-01-30.xhtml"),
        (2, "First", "paper-2401.00001.xhtml"),
        (2, "Second 한국어", "paper-2401.00002.xhtml"),
        (1, "2024년 2월 1일", "day-2024-02-01.xhtml"),
        (2, "Third", "paper-2402.00001.xhtml"),
        (1, "저자 찾아보기", "authors-1.xhtml"),
    ]


def test_everything_is_grouped_by_month_and_day_three_levels_deep(weeks: Catalog) -> None:
    contents = book(weeks, "all").contents()
    assert [line for line in contents if line[0] == 1][1:-1] == [
        (1, "2024년 1월", "month-2024-01.xhtml"),
        (1, "2024년 2월", "month-2024-02.xhtml"),
        (1, "2025년 1월", "month-2025-01.xhtml"),
    ]
    assert [label for depth, label, _ in contents if depth == 3] == ["First", "Second 한국어", "Third", "Fourth M²"]


def test_a_day_and_a_search_are_papers_in_their_order(weeks: Catalog) -> None:
    assert [label for _, label, _ in book(weeks, "2024-01-30").contents()] == ["First", "Second 한국어"]
    found = book(weeks, "search", [("order", "votes"), ("to", "2024-12-31")])
    assert [label for _, label, _ in found.contents()] == ["Second 한국어", "Third", "First"]


@pytest.mark.parametrize("key", ["2024-01-30", "2024-W05", "2024", "all", "latest", "papers/2401.00001", "2024-02-02"])
def test_spine_navigation_and_ncx_agree(weeks: Catalog, key: str) -> None:
    opened = book(weeks, key)
    contents = opened.contents()
    addresses = [address for _, _, address in contents]
    assert opened.spine == [
        "cover.xhtml",
        "title.xhtml",
        "nav.xhtml",
        *(each for each in addresses if each != "title.xhtml"),
    ]
    if addresses != ["title.xhtml"]:
        assert opened.ncx() == contents
    depth = opened.tree("toc.ncx").xpath("string(//*[@name='dtb:depth']/@content)")
    assert depth == str(max(level for level, _, _ in opened.ncx()))
    ids = opened.tree("toc.ncx").xpath("//*[local-name()='navPoint']/@id")
    assert len(set(ids)) == len(ids)


def test_every_page_leads_to_the_ones_before_and_after_and_to_the_contents(weeks: Catalog) -> None:
    opened = book(weeks, "2024-W05")
    pages = opened.spine[3:]
    for before, page, after in zip([None, *pages], pages, [*pages[1:], None], strict=False):
        (way,) = opened.tree(page).xpath("//*[@class='way']")
        assert way.xpath("*/@href") == [each for each in (before, "nav.xhtml", after) if each]


def test_links_go_to_files_and_never_into_them(weeks: Catalog) -> None:
    opened = book(weeks, "all")
    for page in opened.spine:
        for address in opened.tree(page).xpath("//@href"):
            if not address.startswith(("http:", "https:")):
                assert f"EPUB/{address}" in opened.names, (
                    page,
                    address,
                )  # one with #id would not be; Kobo shows a note


def test_most_voted_papers_come_first_on_their_page(weeks: Catalog) -> None:
    opened = book(weeks, "2024-W05")
    assert opened.tree("votes.xhtml").xpath("//*[local-name()='ol']/*/*[1]/text()") == [
        "Second 한국어",
        "Third",
        "First",
    ]
    assert "추천 9" in opened.text("votes.xhtml")


def test_authors_are_indexed_by_family_name_in_the_letters_of_either_script(weeks: Catalog) -> None:
    page = book(weeks, "2024-W05").tree("authors-1.xhtml")
    letters = [each.text for each in page.iter(f"{XHTML}h2")]
    names = [each.text for each in page.iter(f"{XHTML}span")]
    assert names == ["Émile Borel", "Bo Kim", "Ann Lee", "Xu", "Łukasz Zając", "김철수", "이영희", "王小明"]
    assert letters == ["B", "K", "L", "X", "Z", "ㄱ", "ㅇ", "#"]
    lee = next(each.getparent() for each in page.iter(f"{XHTML}span") if each.text == "Ann Lee")
    assert lee is not None
    assert lee.xpath("*[local-name()='a']/@href") == ["paper-2401.00001.xhtml", "paper-2401.00002.xhtml"]


def test_names_that_are_hardly_any_are_in_the_index(open_files: OpenFiles) -> None:
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
    catalog = open_files({"1.md": day("2024-01-30", paper("A", "2401.1", authors=f"Authors: {names!r}"))})
    page = book(catalog, "2024-W05").tree("authors-1.xhtml")
    letters = [each.text for each in page.iter(f"{XHTML}h2")]
    assert letters == ["A", "D", "E", "I", "J", "K", "W", "#"]


def test_a_tag_says_which_paper_has_which_picture(open_files: OpenFiles) -> None:
    urls = ["https://e.org/a.png", "https://e.org/b.png"]
    papers = [paper(f"T{at}", f"2401.{at}", media=f"![]({url})") for at, url in enumerate(urls, 1)]
    catalog = open_files({"1.md": day("2024-01-30", *papers)})
    found = catalog.find("2024-01-30.epub")
    tags = set()
    for widths in ((400, 300), (300, 400)):
        for url, width in zip(urls, widths, strict=True):
            store(catalog, url, convert(picture(width, 200)))
        tags.add(catalog.tag(found, catalog.outline(found)))
    assert len(tags) == 2


def test_a_long_index_is_several_pages(open_files: OpenFiles) -> None:
    names = ", ".join(f"Ann {letter}{number:03}" for letter in "ABC" for number in range(500))
    catalog = open_files({"1.md": day("2024-01-30", paper("Many", "2401.1", authors=f"Authors: {names}"))})
    opened = book(catalog, "2024-W05")
    labels = [label for _, label, address in opened.contents() if address.startswith("authors")]
    assert labels == ["저자 찾아보기 A–B", "저자 찾아보기 B–C", "저자 찾아보기 C"]


def test_english_titles_say_that_they_are_english(weeks: Catalog) -> None:
    opened = book(weeks, "2024-W05")
    languages = {"".join(link.itertext()): link.get(LANG) for link in opened.tree("nav.xhtml").iter(f"{XHTML}a")}
    assert (languages["First"], languages["Second 한국어"], languages["2024년 1월 30일"]) == ("en", None, None)
    for name in [*opened.spine, "content.opf", "toc.ncx"]:
        assert opened.tree(name).get(LANG) == "ko"


def test_landmarks_are_hidden(weeks: Catalog) -> None:
    navs = list(book(weeks, "2024-W05").tree("nav.xhtml").iter(f"{XHTML}nav"))
    assert [(each.get(EPUB_TYPE), each.get("hidden")) for each in navs] == [("toc", None), ("landmarks", "hidden")]
    assert [link.get(EPUB_TYPE) for link in navs[1].iter(f"{XHTML}a")] == ["cover", "toc", "bodymatter", "index"]


@pytest.mark.parametrize(
    ("key", "series", "place"),
    [
        ("2024-01-30", "Daily Papers — 일간", "20240130"),
        ("2024-W05", "Daily Papers — 주간", "202405"),
        ("2024-01", "Daily Papers — 월간", "202401"),
        ("2024", "Daily Papers — 연도별", "2024"),
    ],
)
def test_a_period_has_its_place_in_a_series(weeks: Catalog, key: str, series: str, place: str) -> None:
    opened = book(weeks, key)
    assert opened.meta("belongs-to-collection") == opened.meta("calibre:series") == [series]
    assert opened.meta("group-position") == opened.meta("calibre:series_index") == [place]


def test_what_devices_trip_over_is_not_there(weeks: Catalog) -> None:
    opened = book(weeks, "all")
    assert len(opened.package.findall(".//{http://purl.org/dc/elements/1.1/}title")) == 1  # Kindle: E999
    assert opened.package.findtext(".//{*}language") == "ko"
    assert all(name.isascii() for name in opened.names)
    for name in [*opened.spine, "content.opf", "toc.ncx"]:
        head = opened.read(name)[:60].lower()
        assert re.match(rb"<\?xml version=['\"]1.0['\"] encoding=['\"]utf-8['\"]\?>", head), name
    for name in opened.spine:
        assert not opened.tree(name).xpath("//*[local-name()='a'][not(node())]"), name
        assert not opened.tree(name).xpath("//*[local-name()='script' or local-name()='style']"), name
    stylesheet = opened.read("book.css").decode()
    for trap in ("@media", "var(", "min(", "max(", "color:", "background", "font-family: s", "@font-face"):
        assert trap not in stylesheet  # Adobe's engine drops the whole sheet, or a dark reader shows black on black
    assert opened.text("title.xhtml").count("$") == 0
    identifier = opened.tree("toc.ncx").xpath("string(//*[@name='dtb:uid']/@content)")
    assert opened.package.findtext(".//{*}identifier") == identifier


def test_mimetype_comes_first_and_stored_and_no_part_has_a_time(weeks: Catalog) -> None:
    infos = book(weeks, "2024-W05").archive.infolist()
    assert (infos[0].filename, infos[0].compress_type, infos[0].extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    stored = {info.filename for info in infos if info.compress_type == zipfile.ZIP_STORED}
    assert stored == {"mimetype", "EPUB/cover.jpg"}


def test_pictures_of_the_store_are_in_the_book_and_others_are_links(open_files: OpenFiles) -> None:
    there, missing = "https://e.org/there.png", "https://e.org/missing.png"
    catalog = open_files(
        {
            "1.md": day(
                "2024-01-30",
                paper("There", "2401.1", media=f"![]({there})"),
                paper("Missing", "2401.2", media=f"![]({missing})"),
                paper("Film", "2401.3", media="[Watch Video](https://e.org/film.mp4)"),
            )
        }
    )
    store(catalog, there, convert(picture(1400, 700)))
    opened = book(catalog, "2024-01-30")
    (shown,) = opened.tree("paper-2401.00001.xhtml").iter(f"{XHTML}img")
    assert shown.get("alt") == "논문의 대표 그림: There"
    with Image.open(io.BytesIO(opened.read(shown.get("src") or ""))) as opened_picture:
        assert opened_picture.size == (int(shown.get("width") or 0), int(shown.get("height") or 0)) == (1000, 500)
    assert opened.tree("paper-2401.00002.xhtml").xpath("//*[@class='frame']/*/@href") == [missing]
    assert opened.tree("paper-2401.00003.xhtml").xpath("//*[@class='frame']/*/@href") == ["https://e.org/film.mp4"]


def test_a_picture_that_the_store_has_lost_is_a_link(open_files: OpenFiles) -> None:
    url = "https://e.org/a.png"
    catalog = open_files({"1.md": day("2024-01-30", paper("A", "2401.1", media=f"![]({url})"))})
    store(catalog, url, convert(picture(400, 300)))
    for path in catalog.store.root.rglob("*.png"):
        path.write_bytes(b"broken")
    opened = book(catalog, "2024-01-30")
    assert not [name for name in opened.names if "images/" in name]
    assert opened.tree("paper-2401.00001.xhtml").xpath("//*[@class='frame']/*/@href") == [url]


def test_a_new_picture_changes_the_tags_of_books_and_of_what_tells_their_size_alone(open_files: OpenFiles) -> None:
    url = "https://e.org/a.png"
    files = {
        "1.md": day("2024-01-30", paper("A", "2401.1", media=f"![]({url})")),
        "2.md": day("2024-02-15", paper("B", "2402.1")),
    }
    catalog = open_files(files)

    def tags() -> dict[str, str]:
        paths = [
            "2024-01-30.epub",
            "2024-02-15.epub",
            "2024-01-30.rss",
            "2024-01-30",
            "daily.rss",
            "days.opds",
            "all.atom",
        ]
        return {path: catalog.tag(found := catalog.find(path), catalog.outline(found)) for path in paths}

    before = tags()
    store(catalog, url, convert(picture(400, 300)))
    changed = {path for path, tag in tags().items() if before[path] != tag}
    assert changed == {"2024-01-30.epub", "daily.rss", "days.opds"}
    modified = catalog.modified(catalog.find("2024-01-30.epub"), catalog.outline(catalog.find("2024-01-30.epub")))
    assert modified
    assert modified == NOW


def heavy(number: int, *lengths: int) -> list[EncodedImage]:
    return [EncodedImage("image/jpeg", 10, 10, number.to_bytes(4, "big") + bytes(length - 4)) for length in lengths]


def crowd(folder: Path, environ: dict[str, str], papers: int, *lengths: int) -> Catalog:
    """Open an archive of one day whose papers have pictures of these lengths."""
    url = "https://e.org/{}.png"
    listed = [
        paper(f"T{number}", f"2401.{number}", media=f"![]({url.format(number)})", votes=f"Vote: {number}")
        for number in range(1, papers + 1)
    ]
    (folder / "1.md").write_text(day("2024-01-30", *listed), encoding="utf-8")
    catalog = open_catalog(folder, environ)
    for number in range(1, papers + 1):
        store(catalog, url.format(number), heavy(number, *lengths))
    return catalog


def test_a_day_stays_under_5_mb_by_smaller_pictures(folder: Path, environ: dict[str, str]) -> None:
    catalog = crowd(folder, environ, 68, 80_000, 25_000, 9_000)
    opened = book(catalog, "2024-01-30")
    lengths = {info.file_size for info in opened.archive.infolist() if "/images/" in info.filename}
    assert lengths == {80_000, 25_000}
    first, last = (opened.tree(f"paper-2401.{number:05}.xhtml").xpath("string(//*/@src)") for number in (1, 68))
    assert (len(opened.read(first)), len(opened.read(last))) == (25_000, 80_000)  # the last has most votes
    assert opened.size < 5_000_000
    month = book(catalog, "2024-01")
    assert {info.file_size for info in month.archive.infolist() if "/images/" in info.filename} == {80_000}


def test_what_still_does_not_fit_loses_the_pictures_of_the_papers_with_fewest_votes(
    folder: Path, environ: dict[str, str]
) -> None:
    opened = book(crowd(folder, environ, 12, 900_000, 800_000), "2024-01-30")
    with_pictures = [page for page in opened.spine[3:] if opened.tree(page).xpath("//*[local-name()='img']")]
    assert with_pictures == [f"paper-2401.{number:05}.xhtml" for number in range(7, 13)]
    assert 4_000_000 < opened.size < 5_000_000


def test_a_month_stays_under_50_mb(folder: Path, environ: dict[str, str]) -> None:
    opened = book(crowd(folder, environ, 60, 900_000, 790_000), "2024-01")
    assert len([name for name in opened.names if "/images/" in name]) == 60
    assert 45_000_000 < opened.size < 50_000_000


def assert_valid(catalog: Catalog, key: str, tmp_path: Path, parameters: Sequence[tuple[str, str]] = ()) -> Path:
    publication = catalog.find(f"{key}.epub", parameters)
    path = tmp_path / publication.file_name
    path.write_bytes(catalog.render(publication, catalog.cut(publication)))
    assert judges.epubcheck(path) == []
    return path


@pytest.mark.external
@pytest.mark.parametrize("key", ["2024-01-30", "2024-W12", "2024", "latest", "search", "papers/2401.16420"])
def test_epubcheck_finds_nothing_in_books_of_the_seeds(seeds: Catalog, key: str, tmp_path: Path) -> None:
    assert_valid(seeds, key, tmp_path)


@pytest.fixture
def hostile(open_files: OpenFiles) -> Catalog:
    catalog = open_files({"a.md": HOSTILE, "empty.md": day("2024-02-05")})
    store(catalog, "https://e.org/a&b.png", convert(picture(300, 200)))
    return catalog


@pytest.mark.external
@pytest.mark.parametrize("key", ["2024-01-30", "2024-W05", "2024-02-05", "2024-W06", "all"])
def test_epubcheck_finds_nothing_in_hostile_and_empty_books(hostile: Catalog, key: str, tmp_path: Path) -> None:
    assert_valid(hostile, key, tmp_path)


@pytest.mark.external
def test_epubcheck_finds_nothing_in_a_search_without_a_result(hostile: Catalog, tmp_path: Path) -> None:
    assert_valid(hostile, "search", tmp_path, [("q", "아무것도 아닌 것")])


@pytest.mark.external
def test_epubcheck_finds_nothing_in_a_month_like_those_in_the_wild(
    folder: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    archives.write(folder, days=20, papers=300, seed=5)
    assert_valid(open_catalog(folder, environ), "2023-12", tmp_path)


@pytest.mark.external
@pytest.mark.parametrize("key", ["2024-01-30", "2024-W05", "2024-02-05"])
def test_ace_finds_no_violation(hostile: Catalog, key: str, tmp_path: Path) -> None:
    assert judges.ace(assert_valid(hostile, key, tmp_path)) == []


@pytest.mark.external
def test_ace_finds_no_violation_in_a_day_and_a_week_of_the_seeds(seeds: Catalog, tmp_path: Path) -> None:
    assert judges.ace(assert_valid(seeds, "2024-01-30", tmp_path)) == []
    assert judges.ace(assert_valid(seeds, "2024-W12", tmp_path)) == []


@pytest.mark.external
def test_a_reading_engine_shows_every_page_whole(hostile: Catalog, tmp_path: Path) -> None:
    seen = judges.render(assert_valid(hostile, "2024-W05", tmp_path), tmp_path / "pages", width=480, height=640)
    assert (seen.title, seen.language, seen.cover, seen.errors) == (
        "Daily Papers — 2024년 5주차 (1월 29일 ~ 2월 4일)",
        "ko",
        True,
        (),
    )
    assert all(line.opens for line in seen.contents)
    assert [line.label for line in seen.contents][-1] == "저자 찾아보기 #"
    for page in seen.pages:
        assert (page.overflows, page.errors) == ((), ()), page.href
        assert page.boxes in ("", "\ufffd"), page.href
        assert all(image.width and image.alt for image in page.images), page.href
    shown = {page.href.rpartition("/")[2]: page.images for page in seen.pages if page.images}
    assert sorted(shown) == ["cover.xhtml", "paper-2401.00004.xhtml"]


def test_the_cover_of_a_book_is_its_publication_and_the_thumbnail_is_small(seeds: Catalog) -> None:
    drawn = render(seeds, "cover", "2024-01-30")
    assert book(seeds, "2024-01-30").read("cover.jpg") == drawn
    for document, size in ((drawn, (1200, 1600)), (render(seeds, "thumbnail", "2024-01-30"), (300, 400))):
        with Image.open(io.BytesIO(document)) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", size)
            assert not image.info.get("progressive")


def test_a_book_is_whole_without_any_store(seeds: Catalog) -> None:
    assert not seeds.store.root.exists()
    assert len([page for page in book(seeds, "2024-01-30").spine if page.startswith("paper-")]) == 11
