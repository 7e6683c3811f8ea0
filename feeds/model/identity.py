"""Finds out which paper an address or a text names: by its arXiv identifier, its DOI or its URL."""

import hashlib
import re
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from feeds.text.urls import PATH_CHARACTERS, normalize_web_url

# https://info.arxiv.org/help/arxiv_identifier.html: 2401.16420v2; until March 2007 math.GT/0309136v1 in these archives.
_ARCHIVE = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs|dg-ga"
    "|funct-an|gr-qc|hep-(?:ex|lat|ph|th)|math|math-ph|mtrl-th|nlin|nucl-(?:ex|th)|patt-sol|physics|plasm-ph|q-alg|q-bio"
    "|quant-ph|solv-int|supr-con"
)
_OLD_NUMBER = rf"(?P<archive>{_ARCHIVE})(?:\.[a-z]{{2}})?/(?P<number>[0-9]{{7}})"
_ARXIV_ID = rf"(?:(?P<new>[0-9]{{4}}\.[0-9]{{4,5}})|{_OLD_NUMBER})(?:v[0-9]+)?"
# The address of another site may contain another address, as those of archives and redirections do.
_ARXIV_URL = re.compile(
    r"(?://(?:[\w-]+\.)*(?:arxiv\.org|ar5iv\.org|alphaxiv\.org|arxiv-vanity\.com|xxx\.lanl\.gov|adsabs\.harvard\.edu)"
    r"(?::[0-9]+)?/(?:[\w.-]+/){0,5}?(?:arxiv:)?"
    r"|//(?:[\w-]+\.)*(?:huggingface\.co|hf\.co)/papers/"
    r"|[/:=]10\.48550/arxiv\."
    r"|(?P<last>/arxiv[:/]))"  # at other sites only where it ends the path: further parts are other pages
    rf"{_ARXIV_ID}(?:\.(?:pdf|ps|gz|html?))*(?(last)/?(?:[?#]|$)|(?:[/?#&]|$))",
    re.IGNORECASE,
)
_ARXIV_CACHE = re.compile(  # files as links had them until 2007: /PS_cache/math/pdf/0309/0309136v1.pdf
    rf"//(?:[\w-]+\.)*arxiv\.org/(?:PS_cache|ftp)/(?P<archive>{_ARCHIVE})/(?:pdf|ps|papers)/[0-9]{{4}}/"
    r"(?P<number>[0-9]{7})(?:v[0-9]+)?\.",
    re.IGNORECASE,
)
# As typed: four digits until 2014, then five.
_ARXIV_TEXT = re.compile(
    r"(?:arxiv:)?(?P<id>(?:(?:0[7-9]|1[0-4])(?:0[1-9]|1[0-2])\.[0-9]{4}|(?:1[5-9]|[2-9][0-9])(?:0[1-9]|1[0-2])\.[0-9]{5}"
    rf"|{_OLD_NUMBER})(?:v[0-9]+)?)(?:\.pdf)?",
    re.IGNORECASE,
)
# https://www.doi.org/doi-handbook/HTML/doi-name-syntax.html; braces and quotes would break what a DOI is written into.
_DOI = r"10\.[0-9]{4,9}(?:\.[0-9]+)*/[^\s{}\\\"]+"
_DOI_TEXT = re.compile(rf"(?:doi:)?(?P<doi>{_DOI})", re.IGNORECASE)
_DOI_IN_PATH = re.compile(rf"/(?:doi:)?(?P<doi>{_DOI})", re.IGNORECASE)
_DOI_PARAMETERS = {"doi", "id"}
# What publishers append to a DOI, which may contain a slash itself.
_DOI_TAIL = re.compile(
    r"(?:/(?:abstract|citations?|download|epdf|epub|full|full-text|fulltext|html|meta|metrics|pdf|references|summary|xml"
    r"|(?:figures?|suppl|supplementary|tables?)(?:/.*)?)"
    r"|\.(?:abstract|epub|full|full-text|html?|pdf|xml)(?:\+html)?"
    r")$",
    re.IGNORECASE,
)
_MAX_TAILS = 3  # `.full.pdf` are two
_DOI_TAILS_OF_REGISTRANTS = {
    "10.1093": re.compile("(?<=[^/])/[0-9]+$"),  # the page's number at Oxford University Press
    "10.1101": re.compile("(?<=[0-9])v[0-9]+$"),  # the version at bioRxiv and medRxiv
}
_ADDRESS = re.compile(r"(?:https?://)?[\w-]+(?:\.[\w-]+)+(?::[0-9]+)?/\S*", re.IGNORECASE)


@lru_cache(maxsize=8192)
def arxiv_id(url: str) -> str | None:
    """Extract the arXiv identifier from a URL, without its version; None if the URL names no paper of arXiv."""
    decoded = unquote(url)
    match = _ARXIV_URL.search(decoded) or _ARXIV_CACHE.search(decoded)
    return _identifier(match) if match else None


@lru_cache(maxsize=8192)
def doi(url: str) -> str | None:
    """Extract the DOI from a URL of doi.org or a publisher, in lower case; None if the URL contains none.

    Papers of arXiv have the DOI that arXiv registers for each, https://info.arxiv.org/help/doi.html.
    """
    if identifier := arxiv_id(url):
        return f"10.48550/arXiv.{identifier}"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    match = _DOI_IN_PATH.search(unquote(parts.path))
    if match and f".{host}".endswith(".doi.org"):
        return match["doi"].rstrip("/").lower()
    values = [value for name, value in parse_qsl(parts.query) if name.lower() in _DOI_PARAMETERS]
    match = match or next(filter(None, map(_DOI_TEXT.fullmatch, values)), None)
    return _strip_tail(match["doi"].rstrip("/")).lower() if match else None


def parse_doi(text: str) -> str | None:
    """Return the DOI that a text is, as written; None for other text."""
    match = _DOI_TEXT.fullmatch(text)
    return match["doi"] if match else None


def normalized_url(url: str) -> str:
    """Return what identifies a paper among all: an address without its scheme, the same however the URL is written.

    That of a paper with an arXiv identifier or a DOI is its address at arxiv.org or doi.org; of another URL only the
    scheme and the final slash are left out, which may change though it leads to the same document.
    """
    if identifier := arxiv_id(url):
        return f"arxiv.org/abs/{identifier}"
    if name := doi(url):
        return f"doi.org/{quote(name, safe=PATH_CHARACTERS.replace('%', ''))}"
    return url.partition("://")[2].rstrip("/")


def paper_slug(url: str) -> str:
    """Return the permanent name of a paper: its arXiv identifier or, failing that, a hash of its normalized URL."""
    return arxiv_id(url) or hashlib.sha256(normalized_url(url).encode()).hexdigest()[:16]


def parse_identifier(text: str) -> str | None:
    """Return the slug of the paper that a text is an arXiv identifier, a DOI or an address of; None for other text."""
    text = text.strip("<>[],;.")
    if match := _ARXIV_TEXT.fullmatch(text):
        return _identifier(match)
    if match := _DOI_TEXT.fullmatch(text):
        return paper_slug(f"https://doi.org/{match['doi']}")
    url = address(text)
    return paper_slug(url) if url and (arxiv_id(url) or doi(url)) else None


def address(text: str) -> str | None:
    """Return the URL that a text is, with or without its scheme; None for other text."""
    if not _ADDRESS.fullmatch(text):
        return None
    return normalize_web_url(text if "://" in text else f"https://{text}")


def _identifier(match: re.Match[str]) -> str:
    groups = match.groupdict()
    if groups["archive"]:
        return f"{groups['archive'].lower()}/{groups['number']}"
    return re.sub("v[0-9]+$", "", groups.get("new") or groups["id"], flags=re.IGNORECASE)


def _strip_tail(name: str) -> str:
    for _ in range(_MAX_TAILS):
        name = _DOI_TAIL.sub("", name)
    registrant, _, suffix = name.partition("/")
    own_tail = _DOI_TAILS_OF_REGISTRANTS.get(registrant)
    return f"{registrant}/{own_tail.sub('', suffix)}" if own_tail else name
