"""EPUB 3 books, by ebooklib. Each way round a defect of ebooklib 0.20 is named where it is taken."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ebooklib import epub
from lxml import etree

from feeds import content
from feeds.edition import Edition
from feeds.errors import ExportError
from feeds.exporter import CUTS, Kind
from feeds.exporters.templates import fill, source
from feeds.key import PERIODS, Scope, period
from feeds.model import Paper
from feeds.site import GENERATOR, Site
from feeds.wording import name

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # of a time in a zip file
_ACCESSIBILITY = (
    ("schema:accessMode", "textual"),
    ("schema:accessModeSufficient", "textual"),
    ("schema:accessibilityFeature", "tableOfContents"),
    ("schema:accessibilityFeature", "readingOrder"),
    ("schema:accessibilityFeature", "structuralNavigation"),
    ("schema:accessibilityHazard", "none"),
)


@dataclass(frozen=True, slots=True)
class _Chapter:
    """A paper and the document of the book that holds it."""

    paper: Paper
    file_name: str


class EpubExporter:
    """An EPUB 3.3 book with a document a paper, https://www.w3.org/TR/epub-33/."""

    name = "epub"
    suffix = ".epub"
    media_type = "application/epub+zip"
    kind = Kind.FILE
    scopes = CUTS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a book; that of a period runs from its first day to its last."""
        language = site.language.partition("-")[0]  # Amazon reads the base code only
        chapters = [_Chapter(paper, f"paper-{paper.slug.replace('/', '-')}.xhtml") for paper in _ordered(edition)]
        book = _book(edition, site, language)
        stylesheet = _item("book.css", "text/css", source("book.css"))
        title = _item("title.xhtml", "application/xhtml+xml", _title_page(edition, site, language))
        documents = [
            _item(chapter.file_name, "application/xhtml+xml", document)
            for chapter, document in zip(chapters, _documents(chapters, site, language), strict=True)
        ]
        contents = epub.EpubNav(uid="nav", file_name="nav.xhtml", title=site.words.contents)
        contents.add_link(href="book.css", rel="stylesheet", type="text/css")
        for item in (stylesheet, title, contents, epub.EpubNcx(), *documents):
            book.add_item(item)
        book.spine = [title, contents, *documents]
        book.toc = [epub.Link("title.xhtml", site.full_name(edition), "to-title"), *_contents(edition, chapters, site)]
        yield _pack(_written(book, edition, site), language)


def _ordered(edition: Edition) -> list[Paper]:
    if edition.key.scope in PERIODS - {Scope.DAY}:
        return sorted(edition.papers, key=lambda paper: (paper.day, paper.rank))
    return list(edition.papers)


def _book(edition: Edition, site: Site, language: str) -> Any:
    book = epub.EpubBook()
    book.metadata.clear()  # the generator that ebooklib puts in names its own version
    book.set_identifier(site.edition_id(edition.key))
    book.set_title(site.full_name(edition))
    book.set_language(language)
    book.add_author(site.author)
    book.add_metadata("DC", "publisher", site.title)
    book.add_metadata("DC", "date", site.updated(edition).date().isoformat())
    book.add_metadata("DC", "description", site.description)
    if site.rights:
        book.add_metadata("DC", "rights", site.rights)
    book.add_metadata("OPF", "generator", "", {"name": "generator", "content": GENERATOR})
    for key, value in _ACCESSIBILITY:
        book.add_metadata("OPF", key, value, {"property": key})
    return book


def _title_page(edition: Edition, site: Site, language: str) -> str:
    return fill(
        "book_title.xhtml",
        title=site.full_name(edition),
        papers=edition.papers,
        rights=site.rights,
        words=site.words,
        language=language,
    )


def _documents(chapters: list[_Chapter], site: Site, language: str) -> Iterator[str]:
    neighbours = zip([None, *chapters[:-1]], chapters, [*chapters[1:], None], strict=True) if chapters else ()
    for previous, chapter, following in neighbours:
        yield fill(
            "book_paper.xhtml",
            paper=chapter.paper,
            previous=previous,
            next=following,
            words=site.words,
            language=language,
        )


def _item(file_name: str, media_type: str, text: str) -> Any:
    """Make an item that ebooklib writes as it is: EpubHtml would send it through an HTML parser."""
    uid = file_name.rpartition(".")[0]
    item = epub.EpubItem(uid=uid, file_name=file_name, media_type=media_type, content=text.encode())
    item.properties = ["mathml"] if "<math" in text else []  # ebooklib does not look (epubcheck OPF-014)
    return item


def _contents(edition: Edition, chapters: list[_Chapter], site: Site) -> Iterable[Any]:
    """List the chapters; those of several days in a section a day."""
    links = [
        epub.Link(chapter.file_name, content.title(chapter.paper.title), f"to-{number}")
        for number, chapter in enumerate(chapters)
    ]
    if edition.key.scope not in PERIODS - {Scope.DAY}:
        return links
    days = groupby(zip(chapters, links, strict=True), key=lambda pair: pair[0].paper.day)
    sections = []
    for day, pairs in days:
        inside = [link for _, link in pairs]
        # A section needs an address of its own (epubcheck RSC-010): that of its first paper.
        sections.append((epub.Section(name(period(Scope.DAY, day), site.words), inside[0].href), inside))
    return sections


def _written(book: Any, edition: Edition, site: Site) -> bytes:
    """Let ebooklib write the book; its times are now and differ each time, so `_pack` packs it again."""
    file = io.BytesIO()
    options = {"mtime": site.updated(edition), "raise_exceptions": True, "compresslevel": 0}
    try:
        epub.write_epub(file, book, options)
    except Exception as error:
        raise ExportError(f"{edition.key.text}: ebooklib cannot write the book: {error}") from error
    return file.getvalue()


def _pack(written: bytes, language: str) -> bytes:
    """Pack the parts again: `mimetype` first and stored (OCF 3.3 section 4.2), the rest sorted, all of one time."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(written)) as parts, zipfile.ZipFile(file, "w") as book:
        for part in sorted(parts.namelist(), key=lambda part: (part != "mimetype", part)):
            body = parts.read(part)
            if part.endswith((".opf", ".ncx")):
                body = _with_language(body, language)
            entry = zipfile.ZipInfo(part, _EARLIEST)
            entry.compress_type = zipfile.ZIP_STORED if part == "mimetype" else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, on every machine
            book.writestr(entry, body)
    return file.getvalue()


def _with_language(body: bytes, language: str) -> bytes:
    """Say the language of package and NCX, which ebooklib leaves out."""
    root = etree.fromstring(body)
    root.set(_XML_LANG, language)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)
