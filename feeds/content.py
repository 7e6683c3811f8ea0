"""Turns a summary's Markdown into safe HTML, XHTML and plain text, and finds the links in it.

pyromark reads CommonMark and nh3 sanitises; what stands here is what digests need besides: words that look like
tags stay words, bare addresses become links, formulas are no emphasis, and emphasis works next to Hangul.
"""

import html as entities
import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import nh3
import pyromark

from feeds import text

_OPTIONS = pyromark.Options.ENABLE_TABLES  # no strikethrough: "3~5개, 7~9개" is none
_CLEANER = nh3.Cleaner(
    tags={"a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "strong", "sub", "sup", "ul"}
    | {"table", "tbody", "td", "th", "thead", "tr"},
    attributes={"a": {"href"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel=None,
)
# The only raw HTML that is meant as such, and autolinks.
_MARKUP = re.compile(r"<!--.*?-->|</?(?:sub|sup)>|<br\s*/?>|<https?://[^\s<>]+>", re.IGNORECASE | re.DOTALL)
_PICTURE = re.compile(r'<img src="([^"]*)" alt="([^"]*)"[^>]*/>')
_CANDIDATE = re.compile(
    r"(?P<url>https?://\w[\w\-.~:/?#\[\]@!$&'()*+,;=%\\]*)"
    r"|(?<![\\$])(?P<formula>\$\$[^$]{1,2000}\$\$|\$(?![\s$])[^$\n]{1,1000}(?<![\s\\])\$(?![\d$]))",
    re.IGNORECASE | re.ASCII,
)
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
# CommonMark takes no ** as a closing mark between punctuation and a letter, as in **모델(Model)**을.
_LEFT_STARS = re.compile(
    r"(?P<code><(?P<tag>pre|code)>.*?</(?P=tag)>)"
    r"|\*\*(?=[^\s*])(?P<inside>(?:(?!\*\*|</?(?:p|li|[ou]l|t[rdh]|blockquote)\b).)+?)(?<=[^\s*])\*\*",
    re.DOTALL,
)
_NO_LINK = re.compile(r"<a>(.*?)</a>", re.DOTALL)
_EMPTY_LINK = re.compile(r'(<a href="([^"]*)"[^>]*>)\s*</a>')
_VOID = re.compile(r"<(br|hr)>")
_BLOCK_END = re.compile(r"<(?:br|hr|/p|/li|/pre|/tr|/ul|/ol)>\n?")
_TAG = re.compile(r"<[^>]*>")
_HREF = re.compile(r'<a href="([^"]*)"')
_CODE_HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitee.com", "anonymous.4open.science")


class LinkKind(StrEnum):
    """What a link in a summary leads to."""

    CODE = "code"
    PAGE = "page"


class Link(NamedTuple):
    """An address found in a summary."""

    url: str
    kind: LinkKind


@lru_cache(maxsize=8192)
def html(markdown: str) -> str:
    """Render Markdown as HTML without script, style or relative links; a picture becomes a link to it."""
    source = _mark_links_and_formulas(_escape_words(markdown))
    rendered = _PICTURE.sub(r'<a href="\1">\2</a>', pyromark.html(source, options=_OPTIONS))
    safe = _NO_LINK.sub(r"\1", _CLEANER.clean(_LEFT_STARS.sub(_strong, rendered)))
    return text.clean(_EMPTY_LINK.sub(r"\1\2</a>", safe)).strip()


def xhtml(markdown: str) -> str:
    """Render Markdown as `html` does, well-formed as XML."""
    # nh3 closes all but the void elements and quotes every attribute; &nbsp; is its only entity unknown to XML.
    return _VOID.sub(r"<\1/>", html(markdown)).replace("&nbsp;", "\u00a0")


def plain(markdown: str) -> str:
    """Render Markdown as text: a line a paragraph or item, items behind a dash."""
    broken = _BLOCK_END.sub("\n", html(markdown).replace("\n", " ").replace("<li>", "\n- "))
    lines = (" ".join(line.split()) for line in entities.unescape(_TAG.sub("", broken)).split("\n"))
    return "\n".join(line for line in lines if line not in ("", "-"))


def excerpt(markdown: str, length: int) -> str:
    """Cut the plain text to at most `length` characters, at a word and with an ellipsis."""
    flat = " ".join(line.removeprefix("- ") for line in plain(markdown).split("\n"))
    if len(flat) <= length:
        return flat
    return flat[: length - 1].rpartition(" ")[0].rstrip(",.;: ") + "…"


def links(markdown: str) -> tuple[Link, ...]:
    """List the addresses in a summary, each once, in their order."""
    urls = dict.fromkeys(entities.unescape(href) for href in _HREF.findall(html(markdown)))
    return tuple(Link(url, _kind(url)) for url in urls)


def _kind(url: str) -> LinkKind:
    host = urlsplit(url).hostname or ""
    is_code = any(host == code or host.endswith(f".{code}") for code in _CODE_HOSTS)
    return LinkKind.CODE if is_code else LinkKind.PAGE


def _escape_words(markdown: str) -> str:
    """Escape what CommonMark takes for raw HTML: `<EOS>`, `<think>`, `<script>` are words to be read."""
    if "<" not in markdown:
        return markdown
    spans = [
        (span["start"], span["end"])
        for event, span in pyromark.events_with_range(markdown, options=_OPTIONS)
        if isinstance(event, dict) and ("Html" in event or "InlineHtml" in event)
    ]
    return _rewrite(markdown, spans, _as_words)


def _as_words(markup: str) -> str:
    kept = _MARKUP.findall(markup)
    words = [word.replace("<", "&lt;") for word in _MARKUP.split(markup)]
    return "".join(part for pair in zip(words, [*kept, ""], strict=True) for part in pair)


def _mark_links_and_formulas(markdown: str) -> str:
    """Put bare addresses into angle brackets and escape formulas, but in code and in links."""
    if "http" not in markdown and "$" not in markdown:
        return markdown
    return _rewrite(markdown, list(_gaps(markdown)), lambda gap: _CANDIDATE.sub(_mark, gap))


def _gaps(markdown: str) -> Iterator[tuple[int, int]]:
    """List the spans that are neither code nor link nor picture, in bytes."""
    position = 0
    for event, span in pyromark.events_with_range(markdown, options=_OPTIONS):
        if isinstance(event, dict) and _is_opaque(event) and span["start"] >= position:
            yield position, span["start"]
            position = span["end"]
    yield position, len(markdown.encode())


def _is_opaque(event: Mapping[str, object]) -> bool:
    start = event.get("Start")
    return "Code" in event or (isinstance(start, dict) and not {"CodeBlock", "Link", "Image"}.isdisjoint(start))


def _mark(candidate: re.Match[str]) -> str:
    if candidate["formula"]:
        return _PUNCTUATION.sub(r"\\\1", candidate["formula"])
    url = _trim(candidate["url"])
    return f"<{_ESCAPE.sub('', url)}>{candidate['url'][len(url) :]}"


def _trim(url: str) -> str:
    """Leave to the sentence what ends it (GFM section 6.9): full stops, stars, a bracket opened before."""
    while url:
        closing_only = (url[-1] == ")" and url.count(")") > url.count("(")) or (
            url[-1] == "]" and url.count("]") > url.count("[")
        )
        if not closing_only and url[-1] not in ".,;:!?'*_~\\([":
            break
        url = url[:-1]
    return url


def _strong(match: re.Match[str]) -> str:
    return match["code"] or f"<strong>{match['inside']}</strong>"


def _rewrite(markdown: str, spans: list[tuple[int, int]], rewrite: Callable[[str], str]) -> str:
    """Replace the spans, given in bytes, and keep what lies between them."""
    data = markdown.encode()
    parts: list[str] = []
    position = 0
    for start, end in spans:
        parts += [data[position:start].decode(), rewrite(data[start:end].decode())]
        position = end
    return "".join(parts) + data[position:].decode()
