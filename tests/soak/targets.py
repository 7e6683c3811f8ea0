"""The targets of the fuzzers: the parser and the exporters, each a function of the bytes of a file."""

import io
import json
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from typing import NoReturn

from lxml import etree, html

from feeds.archive.files import decode
from feeds.errors import UnknownEditionError
from feeds.publishing.publisher import Publisher, open_publisher
from feeds.publishing.representation import Representation
from feeds.readers import Digest
from feeds.readers.daily_papers import DailyPapersReader
from tests.support.digests import HOSTILE, resources

Target = Callable[[bytes], None]
"""Handles the content of a digest file; raises whatever goes wrong."""

_DAY = b"## Daily Papers (2024-01-30)\n\n"
_XML = etree.XMLParser(resolve_entities=False, huge_tree=True)


def open_targets(folder: Path) -> Mapping[str, Target]:
    """Return the targets by name; the exporters work in a folder."""
    return {"parser": parse, "exporters": _Exporters(folder).render}


def parse(data: bytes) -> None:
    """Decode and read a file, and check what the contract of a reader promises."""
    text = decode(data).text
    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    digest = _read(text)
    if digest is None:
        return
    numbers = [entry.line for entry in digest.entries]
    assert numbers == sorted(numbers)
    assert all(entry.day in digest.days for entry in digest.entries)
    assert all(1 <= diagnostic.line <= lines for diagnostic in digest.diagnostics)
    assert not any(set(diagnostic.message) & set("\0\x1b\r\n") for diagnostic in digest.diagnostics)


class _Exporters:
    """An archive of one file, whose documents are rendered."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "archive" / "day.md"
        self._file.parent.mkdir()
        self._file.write_text(HOSTILE)
        environ = {"FEEDS_INDEX": str(folder / "index.sqlite"), "HOME": str(folder)}
        self._publisher = open_publisher(self._file.parent, environ, last_day=lambda: date.max)
        self._paths = _paths_by_format(self._publisher)

    def render(self, data: bytes) -> None:
        """Index a file, render one of its documents, which its checksum chooses, and check the document's form."""
        data = data if b"Daily Papers" in data else _DAY + data
        self._file.write_bytes(data)
        self._publisher.archive.sync()
        representation = self._choose(data)
        if representation is None:
            return
        rendered = self._publisher.render(representation)
        assert rendered.representation.etag == representation.etag
        check_form(representation.media_type, rendered.body)

    def _choose(self, data: bytes) -> Representation | None:
        """Return a document of any format; None if the archive does not hold its edition."""
        number = zlib.crc32(data)
        paths = self._paths[number % len(self._paths)]
        path = paths[number // len(self._paths) % len(paths)]
        digest = _read(decode(data).text)
        if path.startswith("papers/") and digest and digest.entries:
            path = path.replace("2401.00001", digest.entries[0].paper.slug, 1)
        try:
            return self._publisher.representation(self._publisher.find(path))
        except UnknownEditionError:
            return None


def _read(text: str) -> Digest | None:
    return DailyPapersReader().read(text, PurePosixPath("2024/01/30.md"))


def _paths_by_format(publisher: Publisher) -> list[list[str]]:
    """List the paths of the documents of each format, of papers only those of the first one."""
    paths: dict[str, list[str]] = defaultdict(list)
    for resource in resources(publisher):
        if not resource.path.startswith("papers/") or resource.path.startswith("papers/2401.00001"):
            paths[resource.format.name].append(resource.path)
    return list(paths.values())


def check_form(media_type: str, body: bytes) -> None:
    """Check that a document is well-formed; AssertionError, or the parser's own error, if it is not."""
    essence = media_type.partition(";")[0]
    if essence.startswith("image/"):
        assert body.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff")), essence
    elif essence == "application/epub+zip":
        _check_book(body)
    elif essence.endswith("xml"):
        etree.fromstring(body, _XML)
    elif essence.endswith("json"):
        json.loads(body, parse_constant=_refuse)
    elif essence == "text/html":
        assert html.document_fromstring(body.decode()).find("body") is not None
    else:
        body.decode()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _check_book(body: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        names = book.namelist()
        assert names[0] == "mimetype"
        assert len(names) == len(set(names))
        assert book.testzip() is None
        for name in names:
            if name.endswith((".xhtml", ".opf", ".ncx", ".xml", ".svg")):
                etree.fromstring(book.read(name), _XML)
