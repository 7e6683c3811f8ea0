"""Client of the Crossref REST API, https://api.crossref.org/swagger-ui/index.html."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from html import unescape
from typing import Any
from urllib.parse import quote, urlsplit

from feeds.errors import FetchError
from feeds.metadata.client import Client
from feeds.model.metadata import PaperMetadata
from feeds.model.paper import clean_abstract, clean_tags
from feeds.text.unicode import strip_forbidden

DEFAULT_URL = "https://api.crossref.org"
INTERVAL = 0.2
"""Seconds from one request to the next, the limit for those who do not name themselves."""

MEDIA_TYPE = "application/json"
_UNKNOWN_STATUSES = (400, 404, 410)
_DATES = ("published-online", "published-print", "published", "posted", "issued")
_MAX_AUTHORS = 3000
_MAX_TAGS = 50
_MAX_LENGTH = 500  # characters of a field in one line
_MAX_ABSTRACT = 20_000
_MAX_MARKUP = 60_000  # characters of an abstract with its tags

# Abstracts are JATS, https://jats.nlm.nih.gov. Formulas may stand in it twice, as TeX and MathML; the TeX of some
# publishers is a whole document.
_TEX_DOCUMENT = re.compile(r"\\documentclass.*?\\begin\{document\}(.*?)\\end\{document\}", re.DOTALL)
_MATHML = re.compile(r"<mml:math\b.*?</mml:math>", re.DOTALL)
_OWN_TITLE = re.compile(r"<(?:jats:)?title>\s*(?:abstract|summary)[\s.:]*</(?:jats:)?title>", re.IGNORECASE)
_BLOCK_END = re.compile(r"</(?:jats:)?(?:p|title|sec|list-item|disp-formula)>|<(?:jats:)?break\s*/>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")


class CrossrefApi:
    """Asks the Crossref API for papers by their DOIs.

    Args:
        client: keeps the interval between requests.
        base_url: the address of the API.
    """

    batch_size = 1

    def __init__(self, client: Client, base_url: str = DEFAULT_URL) -> None:
        self._client = client
        self._url = base_url.rstrip("/")

    def fetch(self, identifiers: Sequence[str]) -> dict[str, PaperMetadata | None]:
        """Return what Crossref knows of papers, by their DOIs; None for one that it does not know.

        Raises FetchError if the API gives no usable answer.
        """
        return {doi: self._fetch_one(doi) for doi in identifiers}

    def _fetch_one(self, doi: str) -> PaperMetadata | None:
        answer = self._client.get(f"{self._url}/works/{quote(doi, safe='')}")
        where = f"{urlsplit(self._url).netloc}: {doi}"
        if answer.status in _UNKNOWN_STATUSES:
            return None
        if answer.status != 200:
            raise FetchError(f"{where}: HTTP status {answer.status}")
        try:
            work = json.loads(answer.body)["message"]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise FetchError(f"{where}: the answer is not JSON with a work; check the address") from error
        if not isinstance(work, dict):
            raise FetchError(f"{where}: the answer is not JSON with a work; check the address")
        return _read_work(work, doi)


def _read_work(work: Mapping[str, Any], doi: str) -> PaperMetadata:
    journal = _describe_journal(work)
    subjects = map(_line, _items(work, "subject")[:_MAX_TAGS])
    return PaperMetadata(
        authors=tuple(_authors(work)),
        abstract=_convert_jats(work.get("abstract")),
        tags=clean_tags(subjects),
        published=_publication_date(work),
        journal=journal,
        journal_doi=doi if journal else "",
    )


def _authors(work: Mapping[str, Any]) -> Iterator[str]:
    """List the names of people and organizations in their order."""
    for author in _items(work, "author")[:_MAX_AUTHORS]:
        if isinstance(author, dict):
            parts = [_line(author.get(name)) for name in ("given", "family", "suffix")]
            if name := " ".join(filter(None, parts)) or _line(author.get("name")):
                yield name


def _describe_journal(work: Mapping[str, Any]) -> str:
    """Write where a work was published, such as `Nature 596(7873), 583-589 (2021)`."""
    title = _line(next(iter(_items(work, "container-title")), ""))
    if not title:
        return ""
    volume, issue = _line(work.get("volume")), _line(work.get("issue"))
    number = f"{volume}({issue})" if volume and issue else volume or issue
    pages = _line(work.get("page")) or _line(work.get("article-number"))
    year = next((str(parts[0]) for parts in _partial_dates(work)), "")
    text = ", ".join(filter(None, (f"{title} {number}".strip(), pages)))
    return f"{text} ({year})" if year else text


def _publication_date(work: Mapping[str, Any]) -> date | None:
    """Return the first date of publication that names a day.

    Where none does, that of the DOI's creation stands for it unless they disagree: old works got their DOIs later.
    """
    partial = list(_partial_dates(work))
    days = [day for parts in partial if (day := _make_date(parts))]
    if days:
        return min(days)
    created = next(iter(_date_parts(work, "created")), ())
    agrees = all(created[: len(parts)] == parts for parts in partial)
    return _make_date(created) if agrees else None


def _partial_dates(work: Mapping[str, Any]) -> Iterator[tuple[int, ...]]:
    for name in _DATES:
        yield from _date_parts(work, name)


def _date_parts(work: Mapping[str, Any], name: str) -> Iterator[tuple[int, ...]]:
    """Yield the year of a date, its month and its day, as far as they are given; nothing for a malformed one."""
    value = work.get(name)
    for parts in _items(value, "date-parts")[:1] if isinstance(value, dict) else ():
        is_date = isinstance(parts, list) and parts and all(isinstance(part, int) for part in parts)
        if is_date and 1000 <= parts[0] <= 9999:
            yield tuple(parts[:3])


def _make_date(parts: tuple[int, ...]) -> date | None:
    try:
        return date(*parts) if len(parts) == 3 else None
    except (ValueError, OverflowError):
        return None


def _convert_jats(abstract: object) -> str:
    """Convert an abstract in JATS to plain text, a line for each paragraph."""
    if not isinstance(abstract, str):
        return ""
    text = _TEX_DOCUMENT.sub(r"\1", abstract[:_MAX_MARKUP])
    if "tex-math" in text:
        text = _MATHML.sub("", text)
    text = _BLOCK_END.sub("\n\n", _OWN_TITLE.sub("", text))
    text = unescape(_TAG.sub("", text))
    return clean_abstract(strip_forbidden(text)[:_MAX_ABSTRACT])


def _items(mapping: Mapping[str, Any], name: str) -> list[Any]:
    value = mapping.get(name)
    return value if isinstance(value, list) else []


def _line(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return " ".join(strip_forbidden(unescape(value[:_MAX_LENGTH])).split())
