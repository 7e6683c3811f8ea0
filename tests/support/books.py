"""Reads EPUB books: the package, both tables of contents, and the documents."""

import io
import re
import zipfile

from lxml import etree

from feeds.publishing.publisher import Publisher
from tests.support.digests import render

DC = "{http://purl.org/dc/elements/1.1/}"
OPF = "{http://www.idpf.org/2007/opf}"
NCX = "{http://www.daisy.org/z3986/2005/ncx/}"
XHTML = "{http://www.w3.org/1999/xhtml}"
EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Book:
    """An open EPUB book. The names of files are relative to the package document."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self.archive = zipfile.ZipFile(io.BytesIO(data))
        self.names = self.archive.namelist()
        self.package = etree.fromstring(self.archive.read("EPUB/content.opf"))
        files = {item.get("id"): item.get("href") or "" for item in self.package.iter(f"{OPF}item")}
        self.spine = [files[reference.get("idref")] for reference in self.package.iter(f"{OPF}itemref")]

    def read(self, name: str) -> bytes:
        """Return the bytes of a file."""
        return self.archive.read(f"EPUB/{name}")

    def parse(self, name: str) -> "etree._Element":
        """Return the root element of a document."""
        return etree.fromstring(self.read(name))

    def text(self, name: str) -> str:
        """Return the text of a document, whitespace collapsed but for spaces that do not break."""
        return " ".join(filter(None, re.split(r"[ \t\r\n]+", "".join(self.parse(name).itertext()))))

    def links(self, name: str) -> list[str]:
        """Return the targets of a document's links."""
        return [link.get("href") or "" for link in self.parse(name).iter(f"{XHTML}a")]

    def papers(self, name: str) -> list[str]:
        """Return the IDs of the papers in a document."""
        return [article.get("id") or "" for article in self.parse(name).iter(f"{XHTML}article")]

    def dublin_core(self, element: str) -> list[str]:
        """Return the values of a Dublin Core element of the package."""
        return [value.text or "" for value in self.package.iter(f"{DC}{element}")]

    def meta(self, key: str) -> list[str]:
        """Return the values of a meta property (EPUB 3) or name (EPUB 2) of the package."""
        return [
            meta.text or meta.get("content") or ""
            for meta in self.package.iter(f"{OPF}meta")
            if key in (meta.get("property"), meta.get("name"))
        ]

    def contents(self) -> list[tuple[int, str, str]]:
        """Return the depth, label and file of every entry of the navigation document."""
        (nav,) = (nav for nav in self.parse("nav.xhtml").iter(f"{XHTML}nav") if nav.get(EPUB_TYPE) == "toc")
        return [
            (len(list(link.iterancestors(f"{XHTML}ol"))), "".join(link.itertext()), link.get("href") or "")
            for link in nav.iter(f"{XHTML}a")
        ]

    def ncx(self) -> list[tuple[int, str, str]]:
        """Return the same of the NCX, for reading systems of EPUB 2."""
        return [
            (
                len(list(point.iterancestors(f"{NCX}navPoint"))) + 1,
                point.findtext(f"{NCX}navLabel/{NCX}text") or "",
                point.find(f"{NCX}content").get("src") or "",  # type: ignore[union-attr]  # every entry has one
            )
            for point in self.parse("toc.ncx").iter(f"{NCX}navPoint")
        ]


def open_book(publisher: Publisher, key: str, **parameters: str) -> Book:
    """Render the edition with a key, as URLs write it, as a book and open it."""
    return Book(render(publisher, "epub", key, **parameters))
