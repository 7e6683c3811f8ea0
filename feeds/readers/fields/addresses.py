"""Finds the papers that a text leads to, and its other links: to code, project pages and pictures."""

import html
import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from feeds.model.identity import arxiv_id, doi, normalized_url
from feeds.readers.fields.labels import find_field
from feeds.text.links import LinkKind, classify_url
from feeds.text.urls import normalize_web_url


class Kind(StrEnum):
    """What an address leads to."""

    PAPER = "paper"
    CODE = "code"
    PAGE = "page"
    IMAGE = "image"


class Address(NamedTuple):
    """An address in a text.

    Attributes:
        kind: what it leads to.
        url: the address as a URI; of a paper, as `paper_url` returns it.
        start: where the address, or the link to it, starts in the text. It ends before `end`.
        text: the text of the link without markup; empty for an address that stands alone.
    """

    kind: Kind
    url: str
    start: int
    end: int
    text: str = ""


_NESTED = r"[^\s()<>]*+"
_DESTINATION = re.compile(  # of a Markdown link (CommonMark section 6.3), after its text
    rf"\]\s?[(（]\s{{0,9}}<?(?P<url>(?:[^\s()（）<>]++|\({_NESTED}\))++)>?"
    r"(?:\s{1,9}(?:\"[^\"\n]*\"|'[^'\n]*'))?\s{0,9}[)）]?"
)
_MAX_LINK_TEXT = 1_000  # characters in an element <a>
_BRACKET = re.compile(r"\\.|[\[\]]", re.DOTALL)
_TAG = re.compile(r"<(?P<name>/?a|img)\b[^<>]*+>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\s(?P<name>href|src)\s{0,9}=\s{0,9}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]*>|!\[[^\[\]]*\]\([^()\s]*\)|\*\*|__|`")

_HOST = (
    r"(?:[a-z0-9-]{1,30}\.){0,2}(?:arxiv\.org|ar5iv\.org|alphaxiv\.org|doi\.org|huggingface\.co|hf\.co|openreview\.net)"
)
_WITHOUT_SCHEME = re.compile(rf"(?:{_HOST})/", re.IGNORECASE)
_URL_CHARACTERS = r"[!#-;=?A-Z_a-z~]+"  # ASCII without quotes, brackets other than round ones, | and `
_DOI = rf"10\.[0-9]{{4,9}}/{_URL_CHARACTERS}"
_AFTER_NAME = r"(?:\*\*|__)?\s{0,2}[:：#\s]\s{0,2}(?:\*\*|__)?\s{0,2}"  # of arXiv or DOI, before the identifier
_VERSION = r"(?:v[0-9]{1,3})?"
_BARE = re.compile(
    rf"(?P<url>https?://{_URL_CHARACTERS})|(?<![\w/.@-])(?P<without_scheme>(?:{_HOST})/{_URL_CHARACTERS})"
    rf"|\barxiv(?:[\s_-]?(?:id|no|number|编号|編號|番号|번호))?{_AFTER_NAME}(?P<opened>[\[`(])?"
    rf"(?P<arxiv>[0-9]{{4}}\.[0-9]{{4,5}}|[a-z-]{{2,9}}(?:\.[a-z]{{2}})?/[0-9]{{7}})(?![0-9]){_VERSION}(?(opened)[\]`)]?)"
    rf"|\bdoi{_AFTER_NAME}(?P<doi>{_DOI})"
    # Alone on a line, in brackets or in a cell of a table.
    r"|(?:^[ \t]{0,9}|[\[(`（【|]\s{0,3})(?:(?P<number>(?:1[5-9]|2[0-9])(?:0[1-9]|1[0-2])\.[0-9]{5})"
    rf"{_VERSION}(?=[ \t]{{0,9}}$|\s{{0,3}}[\])`）】|])[\])`）】]?|(?P<lone_doi>{_DOI}))",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNS = ("://", "arxiv", "doi", ".org/", ".co/", ".net/")  # one of these is in all that _BARE matches, or a number
_NUMBER_SIGN = re.compile(r"[0-9]\.[0-9]{4}")
_ENTITY = re.compile("&(?:nbsp|[lg]t|quot|e[nm]sp|#160);")  # ends a URL
_BADGE_NUMBER = re.compile(r"badge.{0,40}?arxiv[^0-9/]{0,5}(?P<number>[0-9]{4}\.[0-9]{4,5})", re.IGNORECASE)
_PICTURE_SUFFIX = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|avif|bmp|tiff?)(?:[?#]|$)", re.IGNORECASE)
_OPENREVIEW_PATHS = ("/forum", "/pdf", "/attachment", "/revisions")
_OPENREVIEW_ID = re.compile(r"[\w-]{4,40}", re.ASCII)


class _Link(NamedTuple):
    """A link or a picture in Markdown or HTML; its text is from `text_start` to `text_end`."""

    start: int
    end: int
    url: str
    text_start: int = 0
    text_end: int = 0
    is_picture: bool = False


def paper_url(url: str) -> str | None:
    """Return the address of the paper that a URL leads to, at arxiv.org, doi.org or openreview.net; None for others.

    The addresses of a paper at Hugging Face, alphaXiv and other mirrors of arXiv become that at arXiv, without version.
    Those of known hosts may lack the scheme.
    """
    uri = _normalize(url)
    if uri is None:
        return None
    if arxiv_id(uri) or doi(uri):
        return f"https://{normalized_url(uri)}"
    parts = urlsplit(uri)
    if parts.netloc.lower().removeprefix("www.").removeprefix("api.") != "openreview.net":
        return None
    name = parse_qs(parts.query).get("id", [""])[0] if parts.path.rstrip("/") in _OPENREVIEW_PATHS else ""
    return f"https://openreview.net/forum?id={name}" if _OPENREVIEW_ID.fullmatch(name) else None


def find_addresses(text: str) -> list[Address]:
    """List all addresses in a text in order: links of Markdown and HTML, bare URLs, `arXiv:2401.12345`, `doi:10…`.

    Of a linked picture the target counts, not the picture. A number of arXiv counts after that word, in brackets, in a
    cell of a table, or alone on a line. Relative links are left out.
    """
    addresses: list[Address] = []
    rest: list[str] = []  # the text without links
    position = 0
    for link in _find_links(text):
        if link.start >= position:
            addresses += _address_of_link(text, link)
            rest += (text[position : link.start], "\0" * (link.end - link.start))
            position = link.end
    addresses += _find_bare("".join([*rest, text[position:]]))
    return sorted(addresses, key=lambda address: address.start)


def find_papers(text: str) -> list[Address]:
    """List the papers that a text leads to, each once: at its first address, with the text that may be its title.

    That is the longest text of its links that is not a label, such as `PDF` or a number; empty if there is none.
    """
    papers: dict[str, Address] = {}
    for address in find_addresses(text):
        if address.kind is Kind.PAPER:
            title = "" if is_label(address.text) else address.text
            first = papers.setdefault(address.url, address._replace(text=""))
            papers[address.url] = first._replace(text=max(first.text, title, key=len))
    return list(papers.values())


def is_label(text: str) -> bool:
    """Whether the text of a link is a label such as `PDF`, `arXiv:2401.12345` or an address, and not a title."""
    text = text.strip(" []()（）")
    return not re.search(r"[^\W\d_]", text) or find_field(text) is not None or _BARE.fullmatch(text) is not None


def _find_links(text: str) -> list[_Link]:
    """List the links and pictures of Markdown and HTML by their starts; of nested ones the outer one is first."""
    links = [*_find_markdown_links(text), *_find_html_links(text)]
    return sorted(links, key=lambda link: (link.start, -link.end))


def _find_markdown_links(text: str) -> Iterator[_Link]:
    opened: list[int] = []
    for bracket in _BRACKET.finditer(text) if "]" in text else ():
        if bracket[0] == "[":
            opened.append(bracket.start())
        elif bracket[0] == "]" and opened:
            start = opened.pop()
            if destination := _DESTINATION.match(text, bracket.start()):
                is_picture = text[start - 1 : start] == "!"
                span = (start - is_picture, destination.end())
                yield _Link(*span, destination["url"], start + 1, bracket.start(), is_picture)


def _find_html_links(text: str) -> Iterator[_Link]:
    """Yield elements <a>, which end before the next one, and <img>."""
    tags = list(_TAG.finditer(text)) if "<" in text else []
    anchors = [tag for tag in tags if tag["name"].lower() != "img"]
    for tag, following in zip_longest(anchors, anchors[1:]):
        if (url := _attribute(tag[0], "href")) and not tag["name"].startswith("/"):
            is_closed = (
                following and following["name"].startswith("/") and following.start() - tag.end() <= _MAX_LINK_TEXT
            )
            text_end, end = following.span() if following and is_closed else (tag.end(), tag.end())
            yield _Link(tag.start(), end, url, tag.end(), text_end)
    for tag in tags:
        if tag["name"].lower() == "img" and (url := _attribute(tag[0], "src")):
            yield _Link(*tag.span(), url, is_picture=True)


def _attribute(tag: str, name: str) -> str:
    matches = (match for match in _ATTRIBUTE.finditer(tag) if match["name"].lower() == name)
    return next((match[2] or match[3] or match[4] or "" for match in matches), "")


def _address_of_link(text: str, link: _Link) -> Iterator[Address]:
    uri = _normalize(html.unescape(link.url))
    if uri is None:
        return
    if not link.is_picture:
        label = " ".join(html.unescape(_MARKUP.sub(" ", text[link.text_start : link.text_end])).split())
        yield _make_address(uri, link.start, link.end, label)
    elif badge := _BADGE_NUMBER.search(uri):
        yield _make_address(f"https://arxiv.org/abs/{badge['number']}", link.start, link.end)
    else:
        yield Address(Kind.IMAGE, uri, link.start, link.end)


def _find_bare(text: str) -> Iterator[Address]:
    lower = text.lower()
    if not (any(sign in lower for sign in _SIGNS) or _NUMBER_SIGN.search(text)):
        return
    for match in _BARE.finditer(text):
        groups = match.groupdict()
        start, end = match.span()
        if number := groups["arxiv"] or groups["number"]:
            url = f"https://arxiv.org/abs/{number}"
        else:
            raw = groups["url"] or groups["without_scheme"] or groups["doi"] or groups["lone_doi"] or ""
            trimmed = _trim(raw)
            end -= len(raw) - len(trimmed)
            scheme = "" if groups["url"] else "https://" if groups["without_scheme"] else "https://doi.org/"
            url = f"{scheme}{trimmed}"
        if uri := _normalize(html.unescape(url)):
            yield _make_address(uri, start, end)


def _normalize(url: str) -> str | None:
    """Return a URL as a URI, that of a known host also without a scheme; None if it is not a valid one."""
    url = url.strip()
    return normalize_web_url(f"https://{url}" if _WITHOUT_SCHEME.match(url) else url)


def _make_address(uri: str, start: int, end: int, text: str = "") -> Address:
    if canonical := paper_url(uri):
        return Address(Kind.PAPER, canonical, start, end, text)
    if classify_url(uri) is LinkKind.CODE:
        return Address(Kind.CODE, uri, start, end, text)
    return Address(Kind.IMAGE if _PICTURE_SUFFIX.search(uri) else Kind.PAGE, uri, start, end, text)


def _trim(url: str) -> str:
    """Cut off final punctuation, and brackets that are not opened in the URL, as GFM section 6.9 does."""
    url = _ENTITY.split(url, maxsplit=1)[0]
    end = len(url)
    unopened = url.count(")") - url.count("(")
    while end and (url[end - 1] in ".,;:!?'*_~" or (url[end - 1] == ")" and unopened > 0)):
        unopened -= url[end - 1] == ")"
        end -= 1
    return url[:end]
