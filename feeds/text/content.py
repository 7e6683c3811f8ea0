"""What is made of a summary: safe HTML, XHTML, plain text, and the links in it."""

import html as entities
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from feeds.text.latex import as_line, is_prose, without_fonts
from feeds.text.markdown import Formulas, html

__all__ = [
    "Link",
    "LinkKind",
    "excerpt",
    "html",
    "language_of",
    "links",
    "pieces",
    "plain",
    "title",
    "xhtml",
]

_CODE_HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitee.com", "anonymous.4open.science")

_FORMULA = re.compile(
    r"\$\$([^$]{1,999})\$\$|\$(?![\s$])([^$]{1,999}?)(?<![\s\\])\$(?![\d$])|\\\((.{1,500}?)\\\)|\$(\\[A-Za-z]+)\$"
)
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # which would turn around what stands behind the title
_HANGUL = re.compile("[ᄀ-ᇿㄱ-ㆎ가-힣]")
# Neither Latin nor of formulas, like Greek, ℝ or 𝛼.
_OTHER_LETTER = re.compile(r"[^\W\d_\u0000-\u03ff\u1e00-\u1fff\u2070-\u214f\U0001d400-\U0001d7ff]")
_VOID = re.compile(r"<(br|hr)>")
_BLOCK_END = re.compile(r"<(?:br|hr|/p|/li|/pre|/tr|/ul|/ol)>\n?")
_CELL_END = re.compile(r"</t[dh]>")
_TAG = re.compile(r"<(/?)[^>]*>")
_HREF = re.compile(r'<a href="([^"]*)"')


class LinkKind(StrEnum):
    """What a link in a summary leads to."""

    CODE = "code"
    PAGE = "page"


class Link(NamedTuple):
    """An address found in a summary."""

    url: str
    kind: LinkKind


def title(written: str) -> str:
    """Write a title as plain text: formulas in Unicode in a line where that can be, all else as it is."""
    plain = _FORMULA.sub(_as_line, _DIRECTIONS.sub("", written))
    return (without_fonts(plain) if "\\" in plain and "$" not in plain else plain).strip() or written


def pieces(written: str) -> Iterator[tuple[str, bool]]:
    """Cut a title into its formulas, with the signs around them, and the text between them; which of both each is."""
    end = 0
    for formula in _FORMULA.finditer(written):
        latex = formula[1] or formula[2] or formula[3] or formula[4]
        if not is_prose(latex):
            yield written[end : formula.start()], False
            yield formula[0], True
            end = formula.end()
    yield written[end:], False


def _as_line(formula: re.Match[str]) -> str:
    latex = formula[1] or formula[2] or formula[3] or formula[4]
    return formula[0] if is_prose(latex) else as_line(latex) or formula[0]


def language_of(written: str, usual: str) -> str:
    """Tell the language of a fragment: Korean if it holds Hangul, English if only Latin letters, else the usual one."""
    if _HANGUL.search(written):
        return "ko"
    return usual if _OTHER_LETTER.search(written) else "en"


def xhtml(markdown: str) -> str:
    """Render Markdown as `html` does, well-formed as XML; formulas in Unicode where that says all of them."""
    # nh3 closes all but the void elements and quotes every attribute; &nbsp; is its only entity unknown to XML.
    return _VOID.sub(r"<\1/>", html(markdown, Formulas.TEXT)).replace("&nbsp;", "\u00a0")


def plain(markdown: str) -> str:
    """Render Markdown as text: a line a paragraph or item, items behind a dash."""
    flat = _CELL_END.sub(" ", html(markdown, Formulas.PLAIN).replace("\n", " ").replace("<li>", "\n- "))
    lines = entities.unescape(_TAG.sub("", _BLOCK_END.sub("\n", flat))).split("\n")
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line not in ("", "-"))


def excerpt(markdown: str, length: int) -> str:
    """Cut the plain text to at most `length` characters, at a word if there is one, and with an ellipsis."""
    flat = " ".join(line.removeprefix("- ") for line in plain(markdown).split("\n"))
    if len(flat) <= length:
        return flat
    room = flat[: max(length - 1, 0)]
    return ((room.rpartition(" ")[0] or room).rstrip(",.;: ") + "…")[:length]


def links(markdown: str) -> tuple[Link, ...]:
    """List the addresses in a summary, each once, in their order."""
    urls = dict.fromkeys(entities.unescape(href) for href in _HREF.findall(html(markdown)))
    return tuple(Link(url, _kind(url)) for url in urls)


def _kind(url: str) -> LinkKind:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return LinkKind.PAGE
    is_code = any(host == code or host.endswith(f".{code}") for code in _CODE_HOSTS)
    return LinkKind.CODE if is_code else LinkKind.PAGE
