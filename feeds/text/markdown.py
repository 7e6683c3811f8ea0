"""Renders Markdown as safe HTML.

pyromark reads CommonMark and nh3 sanitises. What stands here is what digests need besides: words that look like tags
stay words, bare addresses become links, formulas are no emphasis, and emphasis works next to Hangul.
"""

import html as entities
import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, StrEnum
from functools import lru_cache, partial
from typing import NamedTuple
from urllib.parse import urlsplit

import nh3
import pyromark

from feeds.text.latex import is_prose, to_mathml, to_unicode
from feeds.text.unicode import strip_forbidden
from feeds.text.urls import normalize_link_url

_OPTIONS = pyromark.Options.ENABLE_TABLES  # no strikethrough: "3~5개, 7~9개" is none
_CLEANER = nh3.Cleaner(
    tags={"a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "strong", "sub", "sup", "ul"}
    | {"table", "tbody", "td", "th", "thead", "tr"},
    attributes={"a": {"href"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    attribute_filter=lambda _, name, value: normalize_link_url(value) if name == "href" else value,
    link_rel=None,
)

# Nobody writes such a summary, and readers choke on it: it is shown as it stands.
_LONGEST = 100_000  # characters
_DEEPEST = 100  # elements in one another; libxml2 takes 256
_ABSURD_LINE = re.compile(r"^[ \t>*+\-0-9.)]{150}", re.MULTILINE)

_WORD = "\ufdd1"  # stands for the < of a word while Markdown is read; no text holds it, being a non-character
_ASIDE = "\ufdd2"  # stands around the number of a formula
_FORMULA = re.compile(rf"{_ASIDE}(\d+){_ASIDE}")
_COMMENT = re.compile(r"<!--(?:(?!<!--).)*?-->", re.DOTALL)
_MEANT_TAG = re.compile(rf"{_WORD}(/?su[bp]|br ?/?)&gt;")  # the only raw HTML that is meant as such
_DEFINITION = re.compile(r"^((?:[ \t]*(?:[-*+]|\d{1,9}[.)]))?[ \t]*)\[(?=[^\]\n]*\]:)", re.MULTILINE)
_CANDIDATE = re.compile(
    r"(?P<url>https?://\w[\w\-.~:/?#\[\]@!$&'()*+,;=%\\]*)"
    r"|(?<![\\$])(?P<formula>\$\$(?:[^$\n]|\n(?![ \t]*(?:[-*+][ \t]|\d+[.)]|\n))){1,2000}\$\$"
    r"|\$(?![\s$])[^$\n]{1,1000}(?<![\s\\])\$(?![\d$])"
    r"|\\\([^\n]{1,500}?\\\)|\\\[[^\n]{1,500}?\\\])"
    r"|(?P<literal>(?<=[A-Za-z0-9])\*(?=[A-Za-z0-9])|(?<!\w)__\w+__(?!\w))",
    re.IGNORECASE | re.ASCII,
)
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")

_HEADING = re.compile(r"<(/?)h[1-6]>")
_LINKED_PICTURE = re.compile(r'(<a [^<>]*>)<img src="([^"]*)" alt="([^"]*)"[^<>]*/></a>')
_PICTURE = re.compile(r'<img src="([^"]*)" alt="([^"]*)"[^<>]*/>')
# CommonMark takes no ** as a closing mark between punctuation and a letter, as in **모델(Model)**을.
_LEFT_STARS = re.compile(
    r"(?P<code><(?P<tag>pre|code)>.*?</(?P=tag)>|<[^<>]*>)"
    r"|(?P<stars>\*{2,3})(?=[^\s*])(?P<inside>(?:[^<*]|<(?!/?(?:p|li|[ou]l|t[rdh]|blockquote)\b)[^<>]*>|\*(?!\*))+?)"
    r"(?<=[^\s*])(?P=stars)",
    re.DOTALL,
)
_NO_LINK = re.compile(r"<a>(.*?)</a>", re.DOTALL)
_EMPTY_LINK = re.compile(r'(<a href="([^"]*)"[^>]*>)\s*</a>')
_VOID = re.compile(r"<(br|hr)>")
_TAG = re.compile(r"<(/?)[^>]*>")

_BLOCK_END = re.compile(r"<(?:br|hr|/p|/li|/pre|/tr|/ul|/ol)>\n?")
_CELL_END = re.compile(r"</t[dh]>")
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


class Formulas(Enum):
    """How formulas are written."""

    MATHML = "mathml"
    TEXT = "text"  # in Unicode where that says all of them, else in MathML
    PLAIN = "plain"  # in Unicode where that says all of them, else as they were written


@lru_cache(maxsize=8192)
def render_html(markdown: str, formulas: Formulas = Formulas.MATHML) -> str:
    """Render Markdown as HTML without script, style or relative links; a picture becomes a link to it.

    LaTeX that is not understood stays as it was written.
    """
    source = strip_forbidden(markdown)
    if len(source) > _LONGEST or _ABSURD_LINE.search(source):
        return _verbatim(source)
    found: list[str] = []
    prepared = _mark_links_and_formulas(_mark_words(_DEFINITION.sub(r"\1\\[", source)), found)
    rendered = _repair(pyromark.html(prepared, options=_OPTIONS))
    safe = _NO_LINK.sub(r"\1", _CLEANER.clean(rendered))
    safe = _FORMULA.sub(lambda place: _written(found[int(place[1])], formulas), _EMPTY_LINK.sub(r"\1\2</a>", safe))
    return strip_forbidden(safe).strip() if _depth(safe) <= _DEEPEST else _verbatim(source)


def render_xhtml(markdown: str) -> str:
    """Render Markdown as `html` does, well-formed as XML; formulas in Unicode where that says all of them."""
    # nh3 closes all but the void elements and quotes every attribute; &nbsp; is its only entity unknown to XML.
    return _VOID.sub(r"<\1/>", render_html(markdown, Formulas.TEXT)).replace("&nbsp;", "\u00a0")


def to_plain_text(markdown: str) -> str:
    """Render Markdown as text: a line a paragraph or item, items behind a dash."""
    flat = _CELL_END.sub(" ", render_html(markdown, Formulas.PLAIN).replace("\n", " ").replace("<li>", "\n- "))
    lines = entities.unescape(_TAG.sub("", _BLOCK_END.sub("\n", flat))).split("\n")
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line not in ("", "-"))


def excerpt(markdown: str, length: int) -> str:
    """Cut the plain text to at most `length` characters, at a word if there is one, and with an ellipsis."""
    flat = " ".join(line.removeprefix("- ") for line in to_plain_text(markdown).split("\n"))
    if len(flat) <= length:
        return flat
    room = flat[: max(length - 1, 0)]
    return ((room.rpartition(" ")[0] or room).rstrip(",.;: ") + "…")[:length]


def extract_links(markdown: str) -> tuple[Link, ...]:
    """List the addresses in a summary, each once, in their order."""
    urls = dict.fromkeys(entities.unescape(href) for href in _HREF.findall(render_html(markdown)))
    return tuple(Link(url, _kind(url)) for url in urls)


def _kind(url: str) -> LinkKind:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return LinkKind.PAGE
    is_code = any(host == code or host.endswith(f".{code}") for code in _CODE_HOSTS)
    return LinkKind.CODE if is_code else LinkKind.PAGE


def _written(formula: str, formulas: Formulas) -> str:
    """Write a formula, given with its dollars, as HTML."""
    latex, display = formula.strip("$").strip(), formula.startswith(("$$", r"\["))
    if formula.startswith("\\"):
        latex = formula[2:-2].strip()
    written = None
    if not is_prose(latex):
        if formulas is not Formulas.MATHML and (plain := to_unicode(latex)):
            written = entities.escape(plain, quote=False)
        elif formulas is not Formulas.PLAIN:
            written = to_mathml(latex, display)
    return written or entities.escape(formula, quote=False)


def _verbatim(source: str) -> str:
    paragraphs = re.split(r"\n\s*\n", source.strip())
    return "\n".join(f"<p>{entities.escape(each, quote=False)}</p>".replace("\n", "<br>") for each in paragraphs)


def _depth(rendered: str) -> int:
    """Count how many elements stand in one another at the most."""
    depth = deepest = 0
    if rendered.count("<") > _DEEPEST:
        for match in _TAG.finditer(_VOID.sub("", rendered)):
            depth += -1 if match[1] else 1
            deepest = max(deepest, depth)
    return deepest


def _mark_words(markdown: str) -> str:
    """Keep as words what CommonMark takes for markup: `<EOS>`, `<script>`, `<ref:1>`, and `[MASK](마스크)`."""
    if "<" not in markdown and "](" not in markdown:
        return markdown
    for _ in range(_DEEPEST):
        marked = _rewrite(markdown, _words(markdown), _as_word)
        if marked == markdown:
            break
        markdown = marked
    return markdown


def _words(markdown: str) -> Iterator[tuple[int, int]]:
    """List the spans of raw HTML, and of links that lead nowhere a reader could go."""
    end = 0
    for event, span in pyromark.events_with_range(markdown, options=_OPTIONS):
        if not isinstance(event, dict):
            continue
        link = _link(event)
        if span["start"] < end:
            continue  # within a link that is one no longer: it is looked at again
        if link and normalize_link_url(str(link["dest_url"])) is None:
            end = span["end"]
            yield span["start"], end
        elif event.get("Start") == "HtmlBlock" or "InlineHtml" in event:
            yield span["start"], span["end"]


def _link(event: Mapping[str, object]) -> Mapping[str, object] | None:
    start = event.get("Start")
    if isinstance(start, dict):
        for kind in ("Link", "Image"):
            if kind in start and start[kind]["link_type"] != "Email":
                found: Mapping[str, object] = start[kind]
                return found
    return None


def _as_word(found: str) -> str:
    words = (_COMMENT.sub("", found) if "-->" in found else found).replace("<", _WORD)
    return words.replace("[", r"\[", 1) if found.startswith(("[", "![")) else words


def _mark_links_and_formulas(markdown: str, formulas: list[str]) -> str:
    """Put bare addresses into angle brackets and formulas aside; escape what is no emphasis. Leave code and links."""
    if not _CANDIDATE.search(markdown):
        return markdown
    return _rewrite(markdown, _gaps(markdown), lambda gap: _CANDIDATE.sub(partial(_mark, formulas), gap))


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


def _mark(formulas: list[str], candidate: re.Match[str]) -> str:
    if candidate["formula"]:
        formulas.append(entities.unescape(candidate["formula"].replace(_WORD, "<")))
        return f"{_ASIDE}{len(formulas) - 1}{_ASIDE}"
    if candidate["literal"]:
        return _PUNCTUATION.sub(r"\\\1", candidate["literal"])
    url = _trim(candidate["url"])
    return f"<{_ESCAPE.sub('', url)}>{candidate['url'][len(url) :]}"


def _trim(url: str) -> str:
    """Leave to the sentence what ends it (GFM section 6.9): full stops, stars, a bracket opened before."""
    surplus = {")": url.count(")") - url.count("("), "]": url.count("]") - url.count("[")}
    end = len(url)
    while end:
        last = url[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last in "([":
            surplus[")" if last == "(" else "]"] += 1
        elif last not in ".,;:!?'*_~\\":
            break
        end -= 1
    return url[:end]


def _rewrite(markdown: str, spans: Iterator[tuple[int, int]], rewrite: Callable[[str], str]) -> str:
    """Replace the spans, given in bytes, and keep what lies between them."""
    data = markdown.encode()
    parts: list[str] = []
    position = 0
    for start, end in spans:
        parts += [data[position:start].decode(), rewrite(data[start:end].decode())]
        position = end
    return "".join(parts) + data[position:].decode()


def _repair(rendered: str) -> str:
    """Put right what CommonMark made of a summary: tags that are meant, pictures, headings, stars next to Hangul."""
    rendered = _MEANT_TAG.sub(r"<\1>", rendered).replace(_WORD, "&lt;")
    rendered = _LINKED_PICTURE.sub(r'\1\3</a> <a href="\2"></a>', rendered)
    rendered = _PICTURE.sub(r'<a href="\1">\2</a>', rendered)
    rendered = _HEADING.sub(lambda heading: "</strong></p>" if heading[1] else "<p><strong>", rendered)
    return _LEFT_STARS.sub(lambda stars: stars["code"] or f"<strong>{stars['inside']}</strong>", rendered)
