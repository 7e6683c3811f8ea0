"""Client of the arXiv API, https://info.arxiv.org/help/api/user-manual.html."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

from feeds.errors import FetchError
from feeds.metadata.client import Client, printable
from feeds.model import identity
from feeds.model.metadata import PaperMetadata
from feeds.model.paper import clean_abstract, clean_tags
from feeds.text.unicode import strip_forbidden

DEFAULT_URL = "https://export.arxiv.org/api"
INTERVAL = 3.0
"""Seconds from one request to the next, https://info.arxiv.org/help/api/tou.html."""

MEDIA_TYPE = "application/atom+xml"
_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
_ERROR = re.compile(r"//[^/]*/api/errors(?:#|$)")
_MALFORMED_ID = re.compile("incorrect[ _]id[ _]format")
_CATEGORY = re.compile(r"[a-z][a-z-]*(?:\.[A-Za-z-]+)?")  # not the classes of the ACM and MSC, I.2.7 and 68T05
_MAX_AUTHORS = 3000
_MAX_LENGTH = 500  # characters of a field in one line
_MAX_COMMENT = 2000
_MAX_ABSTRACT = 20_000


class _Feed(NamedTuple):
    """A page of results: what it knows of each paper, its number of entries, and that of all pages."""

    papers: dict[str, PaperMetadata]
    entries: int
    total: int


class _MalformedIdError(FetchError):
    """The API takes one of the identifiers for malformed, and answers none of them."""


class _NotAtomError(FetchError):
    """A body is not an Atom feed."""


class ArxivApi:
    """Asks the arXiv API for papers by their identifiers.

    Args:
        client: keeps the interval between requests.
        base_url: the address of the API, with or without `/query`; of a URL without a path, `/api` is added too.
    """

    batch_size = 100

    def __init__(self, client: Client, base_url: str = DEFAULT_URL) -> None:
        self._client = client
        url = base_url.rstrip("/")
        path = urlsplit(url).path
        self._url = url if path.endswith("/query") else f"{url}/query" if path else f"{url}/api/query"
        self._host = urlsplit(url).netloc

    def fetch(self, identifiers: Sequence[str]) -> dict[str, PaperMetadata | None]:
        """Return what the API knows of papers, by their identifiers without versions; None for an unknown one.

        An identifier is unknown if two answers leave it out: now and then the API returns fewer papers than it has,
        https://groups.google.com/g/arxiv-api/c/DYHxWrtBgbo.

        Raises FetchError if the API gives no usable answer.
        """
        results: dict[str, PaperMetadata | None] = {}
        for _ in range(2):
            if missing := [identifier for identifier in identifiers if identifier not in results]:
                results |= self._fetch_well_formed(missing)
        return {identifier: results.get(identifier) for identifier in identifiers}

    def _fetch_well_formed(self, identifiers: Sequence[str]) -> dict[str, PaperMetadata | None]:
        """Fetch papers, and halve the list until the malformed identifiers among them stand alone; these are None."""
        try:
            return dict(self._fetch_pages(identifiers))
        except _MalformedIdError:
            if len(identifiers) == 1:
                return {identifiers[0]: None}
            middle = len(identifiers) // 2
            return self._fetch_well_formed(identifiers[:middle]) | self._fetch_well_formed(identifiers[middle:])

    def _fetch_pages(self, identifiers: Sequence[str]) -> dict[str, PaperMetadata]:
        """Fetch papers, with further requests from a server that returns fewer in one page."""
        found: dict[str, PaperMetadata] = {}
        start = 0
        while True:
            feed = self._fetch_page(identifiers, start)
            new = {key: paper for key, paper in feed.papers.items() if key in identifiers and key not in found}
            found |= new
            start += feed.entries
            # Totals may count unknown identifiers; pages beyond the end then repeat the last one.
            if not new or start >= feed.total:
                return found

    def _fetch_page(self, identifiers: Sequence[str], start: int) -> _Feed:
        parameters = {"id_list": ",".join(identifiers), "start": start, "max_results": len(identifiers)}
        answer = self._client.get(f"{self._url}?{urlencode(parameters, safe=',/')}")
        try:
            root = _parse_xml(answer.body)
            _raise_error(root)
        except _NotAtomError as error:
            problem = str(error) if answer.status == 200 else f"HTTP status {answer.status}"
            raise FetchError(f"{self._host}: {problem}; check the address, or run the command again later") from error
        except _MalformedIdError:
            raise
        except FetchError as error:
            raise FetchError(f"{self._host}: {error}") from error
        if answer.status != 200:
            raise FetchError(f"{self._host}: HTTP status {answer.status}")
        return _read_feed(root)


class _TreeBuilder(ElementTree.TreeBuilder):
    """Refuses document types, and with them entities."""

    def doctype(self, name: str, *_: object) -> None:
        raise _NotAtomError(f"the answer is {printable(name)}, not Atom")


def _parse_xml(body: bytes) -> ElementTree.Element:
    parser = ElementTree.XMLParser(target=_TreeBuilder())  # noqa: S314  # without a document type Expat is safe
    try:
        parser.feed(body)
        root = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise _NotAtomError(f"the answer is not Atom, or not all of it: {printable(str(error))}") from error
    if not isinstance(root, ElementTree.Element) or root.tag != f"{_ATOM}feed":
        raise _NotAtomError("the answer is not Atom")
    return root


def _raise_error(root: ElementTree.Element) -> None:
    """Raise the error that a feed reports in its only entry, section 3.4 of the manual."""
    entries = root.findall(f"{_ATOM}entry")
    if len(entries) != 1:
        return
    identifier, summary = _line(entries[0], f"{_ATOM}id"), _line(entries[0], f"{_ATOM}summary")
    if not _ERROR.search(identifier):
        return
    if _MALFORMED_ID.search(f"{identifier} {summary}"):
        raise _MalformedIdError(summary)
    raise FetchError(printable(summary) or "reports an error without a message")


def _read_feed(root: ElementTree.Element) -> _Feed:
    papers: dict[str, PaperMetadata] = {}
    entries = root.findall(f"{_ATOM}entry")
    for entry in entries:
        if identifier := identity.arxiv_id(_line(entry, f"{_ATOM}id")):
            papers.setdefault(identifier, _read_entry(entry))
    total = _line(root, f"{_OPENSEARCH}totalResults")
    return _Feed(papers, len(entries), int(total) if total.isdecimal() and len(total) < 10 else 0)


def _read_entry(entry: ElementTree.Element) -> PaperMetadata:
    names = (_line(author, f"{_ATOM}name") for author in entry.findall(f"{_ATOM}author")[:_MAX_AUTHORS])
    return PaperMetadata(
        authors=tuple(name for name in names if any(map(str.isalpha, name))),  # a colon follows collaborations
        abstract=clean_abstract(_text(entry, f"{_ATOM}summary")[:_MAX_ABSTRACT]),
        tags=clean_tags(_categories(entry)),
        published=_parse_date(_line(entry, f"{_ATOM}published")),
        journal=_line(entry, f"{_ARXIV}journal_ref"),
        journal_doi=_parse_doi(_line(entry, f"{_ARXIV}doi")),
        comment=_line(entry, f"{_ARXIV}comment", _MAX_COMMENT),
    )


def _categories(entry: ElementTree.Element) -> Iterator[str]:
    """List the categories of arXiv, the primary one first."""
    for element in (*entry.findall(f"{_ARXIV}primary_category"), *entry.findall(f"{_ATOM}category")):
        term = element.get("term", "").strip()
        if _CATEGORY.fullmatch(term[:_MAX_LENGTH]):
            yield term


def _text(parent: ElementTree.Element, tag: str) -> str:
    element = parent.find(tag)
    return strip_forbidden("".join(element.itertext())) if element is not None else ""


def _line(parent: ElementTree.Element, tag: str, max_length: int = _MAX_LENGTH) -> str:
    return " ".join(_text(parent, tag).split())[:max_length].strip()


def _parse_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _parse_doi(text: str) -> str:
    """Return the first DOI of a field in which authors write several, or URLs; empty for that of arXiv itself."""
    name = next((word[word.find("10.") :] for word in text.split() if "10." in word), "")
    url = f"https://doi.org/{quote(name)}"
    return "" if identity.arxiv_id(url) else identity.doi(url) or ""
