"""EPUB 3 books, by ebooklib. Each way round a defect of ebooklib 0.20 is named where it is taken."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from ebooklib import epub
from lxml import etree

from feeds.archive.edition import Edition
from feeds.errors import ExportError
from feeds.exporters import book
from feeds.exporters.book import Document
from feeds.exporters.contract import CUTS, Kind
from feeds.exporters.cover import CoverExporter
from feeds.exporters.templates import fill, source
from feeds.images.picture import Rendition
from feeds.model.key import SERIES, Key, Scope, shelf
from feeds.site.i18n import name
from feeds.site.site import GENERATOR, Site

_XHTML = "application/xhtml+xml"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NCX = "{http://www.daisy.org/z3986/2005/ncx/}"
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # of a time in a zip file
_SMALL = 5_000_000  # bytes: the largest book of a day
_LARGE = 50_000_000  # and of all others: Kindle takes no more
_SERIES = {period: Scope(series) for series, period in SERIES.items()}
_ACCESSIBILITY = (
    ("accessMode", "textual"),
    ("accessMode", "visual"),  # the cover at least
    ("accessModeSufficient", "textual"),
    ("accessibilityFeature", "tableOfContents"),
    ("accessibilityFeature", "readingOrder"),
    ("accessibilityFeature", "structuralNavigation"),
    ("accessibilityFeature", "alternativeText"),
    ("accessibilityHazard", "none"),
)
_MATHEMATICS = (("accessibilityFeature", "MathML"), ("accessibilityFeature", "describedMath"))


class EpubExporter:
    """An EPUB 3.3 book with a document a paper, https://www.w3.org/TR/epub-33/."""

    name = "epub"
    suffix = ".epub"
    media_type = "application/epub+zip"
    kind = Kind.FILE
    scopes = CUTS
    shows_pictures = True

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a book, with pictures as good as its size allows."""
        limit = _SMALL if edition.key.scope in (Scope.DAY, Scope.PAPER) else _LARGE
        room = limit
        while True:
            chosen = _chosen(edition, room)
            document = _Book(edition, site, chosen).written()
            if len(document) <= limit or not chosen:
                break
            room = _length(chosen) - (len(document) - limit)
        yield document


def _chosen(edition: Edition, room: int) -> dict[str, Rendition]:
    """Choose a rendition of each picture, so that all fit into so many bytes: smaller ones before fewer ones.

    The papers with fewest votes give way first.
    """
    pictures: dict[tuple[Rendition, ...], list[str]] = {}  # one that many papers share is in the book once
    for paper in edition.most_voted():
        if paper.image and (picture := edition.pictures.get(paper.image)):
            pictures.setdefault(picture.renditions, []).append(paper.image)
    chosen = {renditions: renditions[0] for renditions in pictures}
    left = room - sum(each.length for each in chosen.values())
    steps = [(level, each) for level in range(1, max(map(len, pictures), default=0)) for each in reversed(pictures)]
    for level, renditions in steps:
        if left < 0 and level < len(renditions):
            left += chosen[renditions].length - renditions[level].length
            chosen[renditions] = renditions[level]
    for renditions in reversed(pictures):
        if left < 0:
            left += chosen.pop(renditions).length
    return {url: each for renditions, each in chosen.items() for url in pictures[renditions]}


def _length(chosen: Mapping[str, Rendition]) -> int:
    """Add up the bytes of renditions; one that many papers share is in the book once."""
    return sum({each.name: each.length for each in chosen.values()}.values())


class _Book:
    """A book while it is made."""

    def __init__(self, edition: Edition, site: Site, pictures: Mapping[str, Rendition]) -> None:
        self._edition = edition
        self._site = site
        self._language = site.language.partition("-")[0]  # Amazon reads the base code only
        self._title = site.full_name(edition)
        self._images: dict[str, bytes] = {}
        self._pictures = {url: each for url, each in pictures.items() if self._takes(each)}
        self._tree = book.documents(edition, site)

    def _takes(self, rendition: Rendition) -> bool:
        """Take the bytes of a picture; what the store has lost since is left out."""
        if rendition.name not in self._images:
            data = self._edition.pictures.read(rendition)
            if data is None:
                return False
            self._images[rendition.name] = data
        return True

    def written(self) -> bytes:
        """Write the book."""
        made = epub.EpubBook()
        cover, title, nav, *rest = self._documents()
        has_formulas = any(item.properties == ["mathml"] for item in rest)
        _describe(made, self._edition, self._site, self._language, has_formulas)
        items = [cover, title, nav, *rest, _item("book.css", "text/css", source("book.css").encode()), epub.EpubNcx()]
        for item in (*items, *self._files()):
            made.add_item(item)
        made.spine = [cover, title, nav, *rest]
        made.toc = _toc(self._tree) or [epub.Link("title.xhtml", self._title, "to-title")]
        made.guide = [
            {"type": kind, "href": file_name, "title": label}
            for kind, file_name, label in (_landmarks(self._tree, self._site, "text"))
        ]
        pictures = {f"EPUB/images/{name}": data for name, data in self._images.items()}
        return _packed(_zipped(made, self._edition, self._site), pictures, self._language)

    def _documents(self) -> Iterator[Any]:
        """Make the documents in reading order: cover, title page, contents, and those of the contents."""
        edition, site = self._edition, self._site
        yield self._document("cover.xhtml", "book_cover.xhtml", self._title, size=CoverExporter.size)
        values = {"papers": edition.papers, "description": site.description, "rights": site.rights}
        yield self._document("title.xhtml", "book_title.xhtml", self._title, **values)
        landmarks = _landmarks(self._tree, site, "bodymatter")
        nav = self._document(
            "nav.xhtml", "book_nav.xhtml", site.words.gettext("Contents"), tree=self._tree, landmarks=landmarks
        )
        nav.properties = ["nav"]
        yield nav
        listed = list(chain.from_iterable(self._tree))
        for previous, each, following in zip([None, *listed], listed, [*listed[1:], None], strict=False):
            around = {"document": each, "previous": previous, "next": following}
            picture = self._pictures.get(each.paper.image) if each.paper and each.paper.image else None
            yield self._document(each.file_name, each.template, each.title, picture=picture, **around)

    def _document(self, file_name: str, template: str, title: str, **values: Any) -> Any:
        text = fill(template, self._site.words, title=title, language=self._language, **values)
        item = _item(file_name, _XHTML, text.encode())
        item.properties = ["mathml"] if "<math" in text else []  # ebooklib does not look (epubcheck OPF-014)
        return item

    def _files(self) -> Iterator[Any]:
        """Make the items of the pictures."""
        drawn = b"".join(CoverExporter().render(self._edition, self._site))
        cover = _item("cover.jpg", CoverExporter.media_type, drawn)
        cover.properties = ["cover-image"]
        yield cover
        for rendition in dict.fromkeys(self._pictures.values()):
            yield _item(f"images/{rendition.name}", rendition.media_type, b"")  # `_packed` puts it in


def _describe(made: Any, edition: Edition, site: Site, language: str, has_formulas: bool) -> None:
    """Set the metadata, https://www.w3.org/TR/epub-33/#sec-pkg-metadata."""
    made.metadata.clear()  # the generator that ebooklib puts in names its own version
    made.set_identifier(site.edition_id(edition.key))
    made.title = site.full_name(edition)  # of the NCX
    made.add_metadata("DC", "title", made.title, {"id": "title"})
    made.set_language(language)
    authors = [author for paper in edition.papers for author in paper.authors]
    for number, author in enumerate((edition.key.scope is Scope.PAPER and authors) or [site.author]):
        made.add_author(author, uid=f"creator-{number}")  # two authors would have one id
    made.add_metadata("DC", "publisher", site.title)
    made.add_metadata("DC", "date", site.updated(edition).date().isoformat())
    made.add_metadata("DC", "description", site.description)
    if site.rights:
        made.add_metadata("DC", "rights", site.rights)
    _set_name(made, "generator", GENERATOR)
    _set_name(made, "cover", "cover.jpg")  # for readers of EPUB 2
    made.add_metadata("OPF", "file-as", _sorted_as(edition, site), {"refines": "#title", "property": "file-as"})
    for key, value in (*_ACCESSIBILITY, *(_MATHEMATICS if has_formulas else ())):
        made.add_metadata("OPF", f"schema:{key}", value, {"property": f"schema:{key}"})
    summary = site.words.gettext(
        "All content is text, with headings and a table of contents; pictures say in words what they are."
    )
    made.add_metadata("OPF", "schema:accessibilitySummary", summary, {"property": "schema:accessibilitySummary"})
    if edition.key.since and edition.key.scope in (*_SERIES, Scope.YEAR):
        _set_series(made, edition, site)


def _sorted_as(edition: Edition, site: Site) -> str:
    """Write the title so that books sort by date."""
    return f"{site.title} {edition.key.text}"


def _set_series(made: Any, edition: Edition, site: Site) -> None:
    """Say which series a book is of and its place there, a number that grows: 20240130, 202405, 202401, 2024."""
    key = edition.key
    listed = _SERIES.get(key.scope)
    kind = name(Key(listed, listed.value), site.words) if listed else name(shelf("years"), site.words)
    series, place = f"{site.title} — {kind}", key.text.replace("-", "").replace("W", "")
    made.add_metadata("OPF", "series", series, {"property": "belongs-to-collection", "id": "series"})
    made.add_metadata("OPF", "series-type", "series", {"refines": "#series", "property": "collection-type"})
    made.add_metadata("OPF", "series-place", place, {"refines": "#series", "property": "group-position"})
    _set_name(made, "calibre:series", series)
    _set_name(made, "calibre:series_index", place)


def _set_name(made: Any, key: str, value: str) -> None:
    made.add_metadata("OPF", key, "", {"name": key, "content": value})


def _landmarks(tree: Sequence[Document], site: Site, start: str) -> Iterator[tuple[str, str, str]]:
    """Name the places of note: their kind, file and label; `start` is the name that the kind of the text bears."""
    yield "cover", "cover.xhtml", site.words.gettext("Cover")
    yield "toc", "nav.xhtml", site.words.gettext("Contents")
    yield start, tree[0].file_name if tree else "title.xhtml", site.words.gettext("Text")
    for document in tree:
        if document.letters:
            yield "index", document.file_name, document.title
            break


def _toc(tree: Iterable[Document]) -> list[Any]:
    """Write the contents as ebooklib wants them for the NCX: each with an address (RSC-010) and an id."""
    return [
        (epub.Section(each.title, each.file_name), _toc(each.children))
        if each.children
        else epub.Link(each.file_name, each.title, f"to-{each.file_name.removesuffix('.xhtml')}")
        for each in tree
    ]


def _item(file_name: str, media_type: str, data: bytes) -> Any:
    """Make an item that ebooklib writes as it is: EpubHtml would send it through an HTML parser."""
    return epub.EpubItem(uid=file_name.replace("/", "-"), file_name=file_name, media_type=media_type, content=data)


def _zipped(made: Any, edition: Edition, site: Site) -> bytes:
    """Let ebooklib write the book; its times are now and differ each time, so `_packed` packs it again."""
    file = io.BytesIO()
    options = {"mtime": site.updated(edition), "raise_exceptions": True, "compresslevel": 0}
    try:
        epub.write_epub(file, made, options)
    except Exception as error:
        raise ExportError(f"{edition.key.text}: ebooklib cannot write the book: {error}") from error
    return file.getvalue()


def _packed(written: bytes, pictures: Mapping[str, bytes], language: str) -> bytes:
    """Pack the parts again: `mimetype` first and stored (OCF 3.3 section 4.2), the rest sorted, all of one time."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(written)) as parts, zipfile.ZipFile(file, "w") as packed:
        for part in sorted(parts.namelist(), key=lambda part: (part != "mimetype", part)):
            body = pictures.get(part) or parts.read(part)
            if part.endswith((".opf", ".ncx")):
                body = _finished(body, language)
            entry = zipfile.ZipInfo(part, _EARLIEST)
            is_stored = part == "mimetype" or part.endswith((".jpg", ".png"))
            entry.compress_type = zipfile.ZIP_STORED if is_stored else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, on every machine
            packed.writestr(entry, body)
    return file.getvalue()


def _finished(body: bytes, language: str) -> bytes:
    """Say the language of package and NCX and how deep the NCX is, which ebooklib leaves out."""
    root = etree.fromstring(body)
    root.set(_XML_LANG, language)
    points = list(root.iter(f"{_NCX}navPoint"))
    for meta in root.iter(f"{_NCX}meta"):
        if meta.get("name") == "dtb:depth":
            meta.set("content", str(max(len(list(point.iterancestors(f"{_NCX}navPoint"))) for point in points) + 1))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)
