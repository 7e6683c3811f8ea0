"""The arXiv API and the Crossref API on 127.0.0.1, with papers of a test's own and answers that go wrong."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
_SCHEME = "http://arxiv.org/schemas/atom"


class Reply(NamedTuple):
    """An answer in place of the usual one. With a `length` that is not that of the body, the answer breaks off."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    length: int | None = None


class MetadataServer(ThreadingHTTPServer):
    """Answers each request as `answer` says, but first with the replies of `troubles`, one for each request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.troubles: list[Reply | None] = []
        """A reply for each of the next requests; None for the usual answer."""
        self.paths: list[str] = []
        """The paths of all requests."""
        self.headers: list[Mapping[str, str]] = []

    def reply(self, path: str, headers: Mapping[str, str]) -> Reply:
        """Record a request and answer it."""
        self.paths.append(path)
        self.headers.append(headers)
        return (self.troubles.pop(0) if self.troubles else None) or self.answer(path)

    def answer(self, path: str) -> Reply:
        """Answer as the API does."""
        raise NotImplementedError

    def handle_error(self, *_: object) -> None:
        """Ignore clients that disconnect."""


class _Handler(BaseHTTPRequestHandler):
    server: MetadataServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the name that http.server requires
        reply = self.server.reply(self.path, dict(self.headers.items()))
        self.send_response(reply.status)
        self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)
        self.close_connection = reply.length is not None

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@dataclass(frozen=True)
class ArxivPaper:
    """A paper as the API writes it."""

    authors: tuple[str, ...] = ("Ann Lee", "Bo Kim")
    summary: str = "  We study\nwhat follows.\n"
    categories: tuple[str, ...] = ("cs.CV", "cs.LG")
    primary: str = "cs.CV"
    published: str = "2024-01-29T18:59:59Z"
    version: int = 1
    scheme: str = "http"
    doi: str = ""
    journal_ref: str = ""
    comment: str = ""
    has_pdf: bool = True


class ArxivServer(MetadataServer):
    """The API at `/api/query`: papers by identifier without version; malformed identifiers fail the whole request."""

    def __init__(self) -> None:
        super().__init__()
        self.papers: dict[str, ArxivPaper] = {}
        self.malformed: set[str] = set()
        self.page_size = 2000
        self.extra: list[str] = []
        """Identifiers of papers that are returned though nobody asked for them."""
        self.counts_unknown = False
        """Whether the total includes unknown identifiers, and pages beyond the end repeat the last, as until 2025."""

    @property
    def requested(self) -> list[list[str]]:
        """The identifiers of each request."""
        return [parse_qs(urlsplit(path).query)["id_list"][0].split(",") for path in self.paths]

    @property
    def starts(self) -> list[int]:
        """The parameter `start` of each request."""
        return [int(parse_qs(urlsplit(path).query).get("start", ["0"])[0]) for path in self.paths]

    def answer(self, path: str) -> Reply:
        parts = urlsplit(path)
        if parts.path != "/api/query":
            return Reply(404, b"<html><body>Not Found</body></html>")
        query = parse_qs(parts.query)
        identifiers = query["id_list"][0].split(",")
        for identifier in identifiers:
            if identifier in self.malformed:
                return Reply(400, error_feed(f"incorrect id format for {identifier}"))
        known = sorted(filter(self.papers.__contains__, identifiers), reverse=True)  # in an order of its own
        total = len(identifiers) if self.counts_unknown else len(known)
        start = int(query.get("start", ["0"])[0])
        size = min(int(query.get("max_results", ["10"])[0]), self.page_size)
        if self.counts_unknown and start >= len(known) > 0:
            start = len(known) - 1
        page = [*known[start : start + size], *self.extra]
        return Reply(200, feed([entry(number, self.papers[number]) for number in page], total, start, size))


class CrossrefServer(MetadataServer):
    """The API at `/works/DOI`: works by DOI in lower case."""

    def __init__(self) -> None:
        super().__init__()
        self.works: dict[str, Any] = {}

    @property
    def requested(self) -> list[str]:
        """The DOI of each request."""
        return [unquote(path.rpartition("/")[2]) for path in self.paths]

    def answer(self, path: str) -> Reply:
        work = self.works.get(unquote(path.removeprefix("/works/")))
        if work is None:
            return Reply(404, b"Resource not found.", {"Content-Type": "text/plain"})
        message = {"status": "ok", "message-type": "work", "message-version": "1.0.0", "message": work}
        return Reply(200, json.dumps(message).encode(), {"Content-Type": "application/json"})


def feed(entries: list[ElementTree.Element], total: int, start: int = 0, size: int = 100) -> bytes:
    """Write a page of results."""
    root = ElementTree.Element(f"{_ATOM}feed")
    _add(root, f"{_ATOM}id", "https://arxiv.org/api/cHxbiOdZaP56ODnBPIenZhzg5f8")
    _add(root, f"{_ATOM}title", "arXiv Query: search_query=&id_list=…")
    _add(root, f"{_ATOM}updated", "2026-01-01T00:00:00Z")
    for name, number in (("itemsPerPage", size), ("totalResults", total), ("startIndex", start)):
        _add(root, f"{_OPENSEARCH}{name}", str(number))
    root.extend(entries)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root)


def entry(number: str, paper: ArxivPaper) -> ElementTree.Element:
    """Write a paper."""
    element = ElementTree.Element(f"{_ATOM}entry")
    address = f"{paper.scheme}://arxiv.org/abs/{number}v{paper.version}"
    _add(element, f"{_ATOM}id", address)
    _add(element, f"{_ATOM}title", "A Paper")
    _add(element, f"{_ATOM}updated", "2024-07-01T00:00:00Z")
    _add(element, f"{_ATOM}link", "", href=address, rel="alternate", type="text/html")
    if paper.has_pdf:
        _add(element, f"{_ATOM}link", "", href=address.replace("abs", "pdf"), rel="related", title="pdf")
    _add(element, f"{_ATOM}summary", paper.summary)
    for category in paper.categories:
        _add(element, f"{_ATOM}category", "", term=category, scheme=_SCHEME)
    _add(element, f"{_ATOM}published", paper.published)
    for name in ("comment", "journal_ref", "doi"):
        if value := getattr(paper, name):
            _add(element, f"{_ARXIV}{name}", value)
    _add(element, f"{_ARXIV}primary_category", "", term=paper.primary)
    for author in paper.authors:
        _add(_add(element, f"{_ATOM}author"), f"{_ATOM}name", author)
    return element


def error_feed(summary: str) -> bytes:
    """Write the feed that reports an error."""
    element = ElementTree.Element(f"{_ATOM}entry")
    _add(element, f"{_ATOM}id", f"https://arxiv.org/api/errors#{summary.replace(' ', '_')}")
    _add(element, f"{_ATOM}title", "Error")
    _add(element, f"{_ATOM}summary", summary)
    _add(_add(element, f"{_ATOM}author"), f"{_ATOM}name", "arXiv api core")
    return feed([element], 1)


def _add(parent: ElementTree.Element, tag: str, text: str = "", **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag, attributes)
    element.text = text
    return element


Server = TypeVar("Server", bound=MetadataServer)


@contextmanager
def run_metadata_server(kind: Callable[[], Server]) -> Iterator[Server]:
    """Run one of the servers in a thread."""
    with kind() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.sleeps: list[float] = []

    def clock(self) -> float:
        """Return the time in seconds."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.sleeps.append(seconds)
        self.time += seconds
