"""Finds the papers that a text leads to, and its other links: to code, project pages and pictures."""

import html
import re
from bisect import bisect_left
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from feeds.model.identity import arxiv_id, doi, normalized_url
from feeds.readers.labels import find_field
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
        url: of a paper `paper_url`, else the address as a URI.
        start: where the link that contains it starts in the text; it ends before `end`.
        text: the text of the link without markup; empty for an address that stands alone.
    """

    kind: Kind
    url: str
    start: int
    end: int
    text: str = ""


_NESTED = r"[^\s()<>]*+"
_LINK_END = re.compile(
    rf"\]\s?[(（]\s{{0,9}}<?(?P<url>(?:[^\s()（）<>]++|\({_NESTED}\))++)>?"
    r"(?:\s{1,9}(?:\"[^\"\n]*\"|'[^'\n]*'))?\s{0,9}[)）]?"
)
_ANCHOR = re.compile(r"<a\s[^<>]*+>", re.IGNORECASE)
_ANCHOR_END = re.compile(r"</a\s*>", re.IGNORECASE)
_PICTURE = re.compile(r"<img\s[^<>]*+>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\b(?P<name>href|src)\s{0,9}=\s{0,9}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_HOSTS = (
    r"(?:[a-z0-9-]{1,30}\.){0,2}(?:arxiv\.org|ar5iv\.org|alphaxiv\.org|doi\.org|hf\.co|huggingface\.co|openreview\.net)"
)
_BARE = re.compile(
    rf"(?P<url>https?://[!#-;=?A-Z_a-z~]+)|(?P<schemeless>(?<![\w/.@-]){_HOSTS}/[!#-;=?A-Z_a-z~]+)"
    r"|\barxiv(?:[\s_-]?(?:id|no|number|编号|編號|番号|번호))?(?:\*\*|__)?\s{0,2}[:：#\s]\s{0,2}(?:\*\*|__)?\s{0,2}[\[`(]?"
    r"(?P<arxiv>[0-9]{4}\.[0-9]{4,5}|[a-z-]{2,9}(?:\.[a-z]{2})?/[0-9]{7})(?![0-9])(?:v[0-9]{1,3})?[\]`)]?"
    r"|\bdoi(?:\*\*|__)?\s{0,2}[:：\s]\s{0,2}(?:\*\*|__)?\s{0,2}(?P<doi>10\.[0-9]{4,9}/[!#-;=?A-Z_a-z~]+)"
    # A number in brackets, in a cell of a table, or alone.
    r"|(?:^[ \t]{0,9}|[\[(`（【|]\s{0,3})(?P<number>(?:1[5-9]|2[0-9])(?:0[1-9]|1[0-2])\.[0-9]{5})(?:v[0-9]{1,3})?(?=[ \t]{0,9}$|\s{0,3}[\])`）】|])"
    r"[\])`）】]?",
    re.IGNORECASE | re.MULTILINE,
)
_BADGE = re.compile(r"arxiv[^0-9/]{0,5}(?P<number>[0-9]{4}\.[0-9]{4,5})", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]*>|!\[[^\[\]]*\]\([^()\s]*\)|\*\*|__|`")
_IMAGE_SUFFIX = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|avif|bmp|tiff?)(?:[?#]|$)", re.IGNORECASE)
_BADGE_HOSTS = ("shields.io", "badgen.net", "badge.fury.io")


def paper_url(url: str) -> str | None:
    """Return the address of the paper that a URL leads to: at arxiv.org, doi.org or openreview.net; None for others.

    Those at Hugging Face, alphaXiv and other mirrors of arXiv become that at arXiv, without a version.
    """
    if arxiv_id(url) or doi(url):
        return f"https://{normalized_url(url)}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.netloc.lower().removeprefix("www.") == "openreview.net" and parts.path.rstrip("/") in (
        "/forum",
        "/pdf",
        "/attachment",
    ):
        values = parse_qs(parts.query).get("id", [""])
        if re.fullmatch(r"[\w-]{4,40}", values[0], re.ASCII):
            return f"https://openreview.net/forum?id={values[0]}"
    return None


def find_addresses(text: str) -> list[Address]:
    """List all addresses in a text in order: links of Markdown and HTML, bare URLs, `arXiv:2401.12345`, DOIs.

    The target of a linked picture counts, not the picture. Relative links are left out.
    """
    addresses: list[Address] = []
    position = 0
    masked = list[str]()
    for start, end, url, label, is_picture in _find_links(text):
        if start < position:
            continue
        masked += (text[position:start], "\0" * (end - start))
        position = end
        if address := _make_address(url, start, end, label, is_picture):
            addresses.append(address)
    masked.append(text[position:])
    addresses += _find_bare("".join(masked))
    return sorted(addresses, key=lambda address: address.start)


def find_papers(text: str) -> list[Address]:
    """List the papers that a text leads to, each once: at its first address, with the text that may be its title.

    That is the longest text of its links which is not a label such as `PDF` or a number; empty if there is none.
    """
    papers: dict[str, Address] = {}
    for address in find_addresses(text):
        if address.kind != Kind.PAPER:
            continue
        title = "" if is_label(address.text) else address.text
        first = papers.setdefault(address.url, address._replace(text=title))
        if len(title) > len(first.text):
            papers[address.url] = first._replace(text=title)
    return list(papers.values())


def is_label(text: str) -> bool:
    """Whether the text of a link is a label, such as `PDF`, `arXiv:2401.12345` or an address, and not a title."""
    return not re.search(r"[^\W\d_]", text) or find_field(text) is not None or _BARE.fullmatch(text.strip()) is not None


def _find_links(text: str) -> Iterator[tuple[int, int, str, str, bool]]:
    """Yield links and pictures of Markdown and HTML in order of their starts, outer ones before those inside."""
    links = sorted([*_find_markdown_links(text), *_find_html_links(text)], key=lambda link: (link[0], -link[1]))
    yield from links


def _find_markdown_links(text: str) -> Iterator[tuple[int, int, str, str, bool]]:
    if "](" not in text and "](" not in text.replace("（", "(").replace("] (", "]("):
        return
    opened: list[int] = []
    for bracket in re.finditer(r"\\.|[\[\]]", text, re.DOTALL):
        if bracket[0] == "[":
            opened.append(bracket.start())
        elif bracket[0] == "]" and opened:
            start = opened.pop()
            if end := _LINK_END.match(text, bracket.start()):
                is_picture = text[start - 1 : start] == "!"
                yield start - is_picture, end.end(), end["url"], text[start + 1 : bracket.start()], is_picture


def _find_html_links(text: str) -> Iterator[tuple[int, int, str, str, bool]]:
    if "<" not in text:
        return
    ends = [match.span() for match in _ANCHOR_END.finditer(text)]
    for anchor in _ANCHOR.finditer(text):
        if url := _attribute(anchor[0], "href"):
            index = bisect_left(ends, (anchor.end(), 0))
            inner_end, end = ends[index] if index < len(ends) else (anchor.end(), anchor.end())
            yield anchor.start(), end, url, text[anchor.end() : inner_end], False
    for picture in _PICTURE.finditer(text):
        if url := _attribute(picture[0], "src"):
            yield picture.start(), picture.end(), url, "", True


def _attribute(tag: str, name: str) -> str:
    for match in _ATTRIBUTE.finditer(tag):
        if match["name"].lower() == name:
            return match[2] or match[3] or match[4] or ""
    return ""


def _find_bare(text: str) -> Iterator[Address]:
    for match in _BARE.finditer(text):
        start, end = match.span()
        url = match["url"] or match["schemeless"]
        if url:
            trimmed = _trim(url)
            end -= len(url) - len(trimmed)
            address = _make_address(trimmed if match["url"] else f"https://{trimmed}", start, end, "", False)
        elif number := match["arxiv"] or match["number"]:
            address = _make_address(f"https://arxiv.org/abs/{number}", start, end, "", False)
        else:
            name = _trim(match["doi"])
            address = _make_address(f"https://doi.org/{name}", start, end - len(match["doi"]) + len(name), "", False)
        if address:
            yield address


def _make_address(url: str, start: int, end: int, label: str, is_picture: bool) -> Address | None:
    url = html.unescape(url).strip()
    if re.match(rf"{_HOSTS}/", url, re.IGNORECASE):
        url = f"https://{url}"
    uri = normalize_web_url(url)
    if uri is None:
        return None
    if is_picture:
        badge = _BADGE.search(uri) if "badge" in uri else None
        if badge and (canonical := paper_url(f"https://arxiv.org/abs/{badge['number']}")):
            return Address(Kind.PAPER, canonical, start, end)
        return Address(Kind.IMAGE, uri, start, end)
    text = " ".join(html.unescape(_MARKUP.sub(" ", label)).split())
    if canonical := paper_url(uri):
        return Address(Kind.PAPER, canonical, start, end, text)
    kind = Kind.CODE if classify_url(uri) is LinkKind.CODE else Kind.IMAGE if _IMAGE_SUFFIX.search(uri) else Kind.PAGE
    return Address(kind, uri, start, end, text)


def _trim(url: str) -> str:
    """Cut off final punctuation and a bracket that is not opened in the URL, as GFM section 6.9 does."""
    end = len(url)
    closed = url.count(")") - url.count("(")
    while end and (url[end - 1] in ".,;:!?'*_~|" or (url[end - 1] == ")" and closed > 0)):
        closed -= url[end - 1] == ")"
        end -= 1
    return url[:end]
