"""Builds EPUB 3.3 books (https://www.w3.org/TR/epub-33/) with ebooklib.

Comments name the defects of ebooklib 0.20 and of reading systems that the code works around.
"""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ebooklib import epub
from lxml import etree

from feeds.errors import ExportError
from feeds.exporters.contract import RenderContext
from feeds.exporters.epub import cover
from feeds.exporters.epub.body import split_body
from feeds.exporters.epub.chapters import (
    AuthorIndex,
    Chapter,
    Document,
    MostVoted,
    PaperChapter,
    has_days,
    plan_chapters,
    plan_documents,
)
from feeds.exporters.epub.foreword import describe_ranking
from feeds.exporters.epub.subjects import find_subjects
from feeds.exporters.templates import render_template, template_macros
from feeds.images.picture import Rendition
from feeds.model.edition import Edition, Ranking
from feeds.model.keys import Key, ListKey, PaperKey, PeriodKey, Scope, SeriesKey, TopKey
from feeds.site.i18n import key_name
from feeds.site.site import GENERATOR

_STYLE_SHEET = Path(__file__).parent / "templates/book.css"
_CONTENTS = "contents.xhtml"
_XHTML = "application/xhtml+xml"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NCX = "{http://www.daisy.org/z3986/2005/ncx/}"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold
_SERIES_OF_PERIOD: Mapping[Scope, Key] = {
    Scope.DAY: SeriesKey(Scope.DAILY),
    Scope.WEEK: SeriesKey(Scope.WEEKLY),
    Scope.MONTH: SeriesKey(Scope.MONTHLY),
    Scope.YEAR: ListKey("years"),
}
_SERIES_OF_RANKED_PERIOD = {Scope.WEEK: SeriesKey(Scope.TOP_WEEKLY), Scope.MONTH: SeriesKey(Scope.TOP_MONTHLY)}
_EPUB2_TYPES = {"bodymatter": "text"}  # the landmarks whose type in the guide of EPUB 2 has another name
_ACCESSIBILITY = (
    ("accessMode", "textual"),
    ("accessMode", "visual"),  # every book has a cover
    ("accessModeSufficient", "textual"),
    ("accessibilityFeature", "tableOfContents"),
    ("accessibilityFeature", "readingOrder"),
    ("accessibilityFeature", "structuralNavigation"),
    ("accessibilityFeature", "alternativeText"),
    ("accessibilityHazard", "none"),
)
_ACCESSIBILITY_OF_FORMULAS = (("accessibilityFeature", "MathML"), ("accessibilityFeature", "describedMath"))


class _Landmark(NamedTuple):
    """A structural part of a book, by its epub:type (https://www.w3.org/TR/epub-33/#sec-nav-landmarks)."""

    type: str
    file_name: str
    label: str


class _File(NamedTuple):
    """A file of a book; `read` makes its bytes when they are needed, so that no more than those are in memory."""

    name: str
    media_type: str
    read: Callable[[], bytes]
    properties: Sequence[str] = ()


class Book:
    """The book of an edition. It can be serialized once.

    Args:
        renditions: the pictures of the papers by their URLs; those that the store has lost are left out.
        format_name: the name of the format, for the address of what the book leaves out.
    """

    def __init__(
        self, edition: Edition, context: RenderContext, renditions: Mapping[str, Rendition], format_name: str
    ) -> None:
        self._edition = edition
        self._context = context
        self._format_name = format_name
        self._language = context.site.language.partition("-")[0]  # Amazon reads the primary subtag only
        self._title = context.full_name(edition)
        self._count = len(edition.listings)
        self._chapters = plan_chapters(edition, context.locale)
        self._documents = list(plan_documents(self._chapters))
        self._has_contents = sum(1 for top_level in self._chapters for _ in top_level.walk()) > 1
        self._images = {
            rendition: data
            for rendition in dict.fromkeys(renditions.values())
            if (data := context.pictures.read(rendition)) is not None
        }
        self._renditions = {url: rendition for url, rendition in renditions.items() if rendition in self._images}
        contents = _CONTENTS if self._has_contents else ""
        self._macros = template_macros("epub/macros.xhtml", context.locale, language=self._language, contents=contents)

    def serialize(self) -> bytes:
        """Return the bytes of the EPUB file."""
        spine = [self._cover_page(), self._title_page(), *self._contents_page(), *self._document_files()]
        resources = [self._navigation(), _File("book.css", "text/css", _STYLE_SHEET.read_bytes)]
        pictures = [self._cover_image(), *self._picture_files()]
        package = self._write_package(spine, resources, pictures)
        return _zip(package, [*spine, *resources, *pictures], self._language)

    def _cover_page(self) -> _File:
        return self._file("cover.xhtml", "epub/cover.xhtml", self._title, size=cover.CoverExporter.size)

    def _title_page(self) -> _File:
        site = self._context.site
        values: dict[str, object] = {
            "count": self._count,
            "description": site.description,
            "rights": site.rights,
            "omission": self._context.omission(self._edition, self._format_name),
            "foreword": None,
        }
        if isinstance(self._edition, Ranking) and self._count:
            key = self._edition.key
            values["foreword"] = describe_ranking(self._edition, site.topics)
            values["best"] = self._edition.papers[0]
            values["extent"] = self._context.locale.format_range(key.first, key.last, "yMMMd")
        return self._file("title.xhtml", "epub/title_page.xhtml", self._title, **values)

    def _contents_page(self) -> Iterator[_File]:
        """Yield the visible table of contents, the top level of the navigation; none for a single chapter."""
        if self._has_contents:
            index = [chapter for chapter in self._chapters if isinstance(chapter, AuthorIndex)]
            chapters = [chapter for chapter in self._chapters if chapter not in index]
            title = self._context.locale.gettext("Contents")
            yield self._file(_CONTENTS, "epub/contents.xhtml", title, chapters=chapters, index=index)

    def _navigation(self) -> _File:
        title = self._context.locale.gettext("Contents")
        values = {"chapters": self._chapters, "landmarks": list(self._landmarks())}
        return self._file("nav.xhtml", "epub/navigation.xhtml", title, ["nav"], **values)

    def _document_files(self) -> Iterator[_File]:
        documents = self._documents
        for previous, document, following in zip([None, *documents], documents, [*documents[1:], None], strict=False):
            values: dict[str, object] = {"document": document, "previous": previous, "next": following}
            # Split when the file is made: the papers of a book of everything are much longer than their HTML.
            values |= {"split_body": split_body, "renditions": self._renditions, "facts": self._facts}
            has_formulas = any("<math" in chapter.listing.paper.body_html for chapter in document.papers)
            properties = ["mathml"] if has_formulas else []  # epubcheck OPF-014
            title = document.chapter.title if document.chapter else self._title
            yield self._file(document.file_name, _template(document), title, properties, **values)

    def _facts(self, chapter: PaperChapter) -> list[str]:
        """Return the votes of a paper, the day that listed it first unless that is clear, and its number."""
        locale, listing, key = self._context.locale, chapter.listing, self._edition.key
        facts = []
        if listing.paper.votes is not None:
            facts.append(locale.ngettext("{count} vote", "{count} votes", listing.paper.votes))
        if isinstance(key, TopKey):
            facts.append(locale.format_day_of_month(listing.first_listed))
        elif not has_days(key) and not (isinstance(key, PeriodKey) and key.first == listing.first_listed):
            facts.append(locale.format_day(listing.first_listed))
        if self._count > 1:
            facts.append(f"{chapter.number}/{self._count}")
        return [fact.replace(" ", "\u00a0") for fact in facts]  # no line may end within one

    def _file(
        self, file_name: str, template: str, title: str, properties: Sequence[str] = (), /, **values: object
    ) -> _File:
        return _File(file_name, _XHTML, partial(self._render, template, {"title": title, **values}), properties)

    def _render(self, template: str, values: Mapping[str, object]) -> bytes:
        shared = {"language": self._language, "macros": self._macros}
        return render_template(template, self._context.locale, **shared, **values).encode()

    def _cover_image(self) -> _File:
        render = partial(cover.render_cover, self._edition, self._context)
        return _File("cover.jpg", cover.CoverExporter.media_type, render, ["cover-image"])

    def _picture_files(self) -> Iterator[_File]:
        for rendition in self._images:
            read = partial(self._images.pop, rendition)  # up to 50 MB, which are in the zip file from then on
            yield _File(f"images/{rendition.name}", rendition.media_type, read)

    def _landmarks(self) -> Iterator[_Landmark]:
        locale, chapters = self._context.locale, self._chapters
        yield _Landmark("cover", "cover.xhtml", locale.gettext("Cover"))
        if self._has_contents:
            yield _Landmark("toc", _CONTENTS, locale.gettext("Contents"))
        yield _Landmark(
            "bodymatter", self._documents[0].file_name if chapters else "title.xhtml", locale.gettext("Text")
        )
        for chapter in chapters:
            if isinstance(chapter, AuthorIndex):
                yield _Landmark("index", chapter.href, chapter.title)
                break

    def _add_metadata(self, book: Any, *, has_formulas: bool) -> None:
        """Set the metadata of the package (https://www.w3.org/TR/epub-33/#sec-pkg-metadata)."""
        edition, context, site = self._edition, self._context, self._context.site
        book.metadata.clear()  # ebooklib has put in its own name and version as the generator
        book.set_identifier(site.edition_id(edition.key))
        book.title = self._title  # of the NCX
        book.add_metadata("DC", "title", self._title, {"id": "title"})
        book.set_language(self._language)
        authors = [author for paper in edition.papers for author in paper.authors]
        for number, author in enumerate((isinstance(edition.key, PaperKey) and authors) or [site.author]):
            book.add_author(author, uid=f"creator-{number}")  # by default ebooklib gives all the same id
        book.add_metadata("DC", "publisher", site.title)
        # At noon, for which nearly all time zones have the same date; calibre moves a date without a time by a day.
        book.add_metadata("DC", "date", f"{site.issued(edition):%Y-%m-%d}T12:00:00Z")
        book.add_metadata("DC", "description", context.summary(edition))
        for subject in find_subjects(edition.papers, site.topics):
            book.add_metadata("DC", "subject", subject)
        if site.rights:
            book.add_metadata("DC", "rights", site.rights)
        _add_epub2_meta(book, "generator", GENERATOR)
        _add_epub2_meta(book, "cover", "cover.jpg")
        file_as = f"{site.title} {edition.key.text}"  # sorts the books of a period by date
        book.add_metadata("OPF", "file-as", file_as, {"refines": "#title", "property": "file-as"})
        for name, value in (*_ACCESSIBILITY, *(_ACCESSIBILITY_OF_FORMULAS if has_formulas else ())):
            book.add_metadata("OPF", f"schema:{name}", value, {"property": f"schema:{name}"})
        summary = context.locale.gettext(
            "All content is text, with headings and a table of contents; pictures have descriptions."
        )
        book.add_metadata("OPF", "schema:accessibilitySummary", summary, {"property": "schema:accessibilitySummary"})
        if isinstance(edition.key, PeriodKey):
            self._add_series(book, _SERIES_OF_PERIOD[edition.key.scope], edition.key)
        if isinstance(edition.key, TopKey):
            self._add_series(book, _SERIES_OF_RANKED_PERIOD[edition.key.period.scope], edition.key.period)

    def _add_series(self, book: Any, series_key: Key, period: PeriodKey) -> None:
        """Set the series of a period's book and its position there, which grows: 20240130, 202405, 202401, 2024."""
        name = key_name(series_key, self._context.locale)
        series = f"{self._context.site.title} — {name}"
        position = period.text.replace("-", "").replace("W", "")
        book.add_metadata("OPF", "series", series, {"property": "belongs-to-collection", "id": "series"})
        book.add_metadata("OPF", "series-type", "series", {"refines": "#series", "property": "collection-type"})
        book.add_metadata("OPF", "series-place", position, {"refines": "#series", "property": "group-position"})
        _add_epub2_meta(book, "calibre:series", series)
        _add_epub2_meta(book, "calibre:series_index", position)

    def _write_package(self, spine: Sequence[_File], resources: Iterable[_File], pictures: Iterable[_File]) -> bytes:
        """Write the container, the package and the NCX with ebooklib, as a zip file."""
        book = epub.EpubBook()
        self._add_metadata(book, has_formulas=any("mathml" in file.properties for file in spine))
        items = [_item(file) for file in spine]
        for item in (*items, *map(_item, resources), epub.EpubNcx(), *map(_item, pictures)):
            book.add_item(item)
        book.spine = items  # without the navigation, whose hidden landmarks MuPDF and pandoc would show
        book.toc = _ncx_entries(self._chapters) or [epub.Link("title.xhtml", self._title, "to-title")]
        book.guide = [
            {
                "type": _EPUB2_TYPES.get(landmark.type, landmark.type),
                "href": landmark.file_name,
                "title": landmark.label,
            }
            for landmark in self._landmarks()
        ]
        file = io.BytesIO()
        options = {"mtime": self._context.site.updated(self._edition), "raise_exceptions": True, "compresslevel": 0}
        try:
            _PackageWriter(file, book, options).write()
        except Exception as error:
            raise ExportError(f"{self._edition.key.text}: ebooklib cannot write the book: {error}") from error
        return file.getvalue()


class _PackageWriter(epub.EpubWriter):  # type: ignore[misc]  # ebooklib has no types
    """Leaves out the files of the manifest but for the NCX: `_zip` adds them, made and compressed one at a time."""

    def _write_items(self) -> None:
        self.out.writestr("EPUB/toc.ncx", self._get_ncx())


def _add_epub2_meta(book: Any, name: str, content: str) -> None:
    book.add_metadata("OPF", name, "", {"name": name, "content": content})


def _template(document: Document) -> str:
    """Return the name of the template of a document."""
    if isinstance(document.chapter, AuthorIndex):
        return "epub/author_index.xhtml"
    return "epub/most_voted.xhtml" if isinstance(document.chapter, MostVoted) else "epub/section.xhtml"


def _ncx_entries(chapters: Iterable[Chapter]) -> list[Any]:
    """Convert the table of contents for ebooklib's NCX; every entry needs an address (epubcheck RSC-010) and an id."""
    return [
        (epub.Section(chapter.title, chapter.href), _ncx_entries(chapter.children))
        if chapter.children
        else epub.Link(chapter.href, chapter.title, f"to-{chapter.href.rpartition('#')[2].removesuffix('.xhtml')}")
        for chapter in chapters
    ]


def _item(file: _File) -> Any:
    """Return an item for the manifest; an EpubHtml would go through an HTML parser."""
    item = epub.EpubItem(uid=file.name.replace("/", "-"), file_name=file.name, media_type=file.media_type)
    item.properties = file.properties  # ebooklib finds none by itself
    return item


def _zip(package: bytes, files: Iterable[_File], language: str) -> bytes:
    """Write a zip file reproducibly: sorted, without times, `mimetype` first and uncompressed (OCF 3.3, section 4.2).

    Args:
        package: the zip file of ebooklib.
        files: the files that it lacks.
        language: the language of the package and the NCX.
    """
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(data, "w") as target:
        readers: dict[str, Callable[[], bytes]] = {name: partial(source.read, name) for name in source.namelist()}
        readers |= {f"EPUB/{file.name}": file.read for file in files}
        for name in sorted(readers, key=lambda name: (name != "mimetype", name)):
            body = readers[name]()
            if name.endswith((".opf", ".ncx")):
                body = _complete_xml(body, language)
            entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
            is_stored = name == "mimetype" or name.endswith((".jpg", ".png"))
            entry.compress_type = zipfile.ZIP_STORED if is_stored else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, on every machine
            target.writestr(entry, body)
    return data.getvalue()


def _complete_xml(body: bytes, language: str) -> bytes:
    """Set the language of the package or NCX, and the depth of the NCX, which ebooklib leaves out."""
    root = etree.fromstring(body)
    root.set(_XML_LANG, language)
    points = list(root.iter(f"{_NCX}navPoint"))
    for meta in root.iter(f"{_NCX}meta"):
        if meta.get("name") == "dtb:depth":
            meta.set("content", str(max(len(list(point.iterancestors(f"{_NCX}navPoint"))) for point in points) + 1))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)
