"""Renders the Markdown of summaries as safe HTML, XHTML and plain text, and extracts the links.

pyromark parses CommonMark and nh3 sanitizes the HTML. The rest handles what digests contain and CommonMark does not:

1. Before parsing, words that look like markup are escaped: `<EOS>`, `[MASK](마스크)`.
2. Bare URLs become autolinks, and placeholders replace formulas, in which `_` and `*` are not emphasis.
3. After parsing, emphasis next to Hangul is repaired, images become links, and headings become bold paragraphs.
4. After sanitizing, the formulas are rendered in place of the placeholders: in Unicode, else in MathML, else as LaTeX.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from html import escape, unescape

import nh3
import pyromark

from feeds.text.latex import is_prose, to_mathml, to_unicode
from feeds.text.links import Link, classify_url
from feeds.text.titles import convert_tex
from feeds.text.unicode import strip_forbidden
from feeds.text.urls import normalize_link_url

_OPTIONS = pyromark.Options.ENABLE_TABLES  # not strikethrough, which would take the tildes of "3~5개, 7~9개"
_CLEANER = nh3.Cleaner(
    tags={"a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "strong", "sub", "sup", "ul"}
    | {"table", "tbody", "td", "th", "thead", "tr"},
    attributes={"a": {"href"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    attribute_filter=lambda _, name, value: normalize_link_url(value) if name == "href" else value,
    link_rel=None,
)

# Summaries beyond these limits are shown as source: they are not meant as Markdown, and some readers fail on them.
_MAX_LENGTH = 100_000  # characters
_MAX_DEPTH = 100  # nested elements; libxml2 accepts 256
_DEEPLY_NESTED_LINE = re.compile(r"^[ \t>*+\-0-9.)]{150}", re.MULTILINE)

_BLANK_LINES = re.compile(r"\n\s*\n")
_VOID_ELEMENT = re.compile(r"<(br|hr)>")
_TAG = re.compile(r"<(/?)[^>]*>")
_BLOCK_END = re.compile(r"<(?:br|hr|/p|/li|/pre|/tr|/ul|/ol)>\n?")
_CELL_END = re.compile(r"</t[dh]>")
_HREF = re.compile(r'<a href="([^"]*)"')


def render_html(markdown: str) -> str:
    """Render Markdown as HTML without scripts, styles, images and relative links; images become links."""
    source = strip_forbidden(markdown)
    if len(source) > _MAX_LENGTH or _DEEPLY_NESTED_LINE.search(source):
        return _render_source(source)
    prepared = _escape_non_markup(_REFERENCE_DEFINITION.sub(r"\1\\[", source))
    prepared, latex = _autolink_and_extract_formulas(prepared)
    html = _CLEANER.clean(_fix_html(pyromark.html(prepared, options=_OPTIONS)))
    html = _EMPTY_LINK.sub(r"\1\2</a>", _LINK_WITHOUT_HREF.sub(r"\1", html))
    html = _FORMULA_PLACEHOLDER.sub(lambda match: _render_formula(latex[int(match[1])]), html)
    return strip_forbidden(html).strip() if _nesting_depth(html) <= _MAX_DEPTH else _render_source(source)


def render_text(text: str) -> str:
    """Render plain text with TeX, such as an abstract, as safe HTML: paragraphs, formulas, and links for URLs."""
    source = strip_forbidden(text)
    if len(source) > _MAX_LENGTH:
        return _render_source(source)
    paragraphs = (" ".join(paragraph.split()) for paragraph in _BLANK_LINES.split(source))
    return "\n".join(f"<p>{_render_paragraph(paragraph)}</p>" for paragraph in paragraphs if paragraph)


def _render_paragraph(text: str) -> str:
    parts: list[str] = []
    end = 0
    for match in _URL_OR_FORMULA_OR_LITERAL.finditer(text):
        url = _trim_url(match["url"] or "")
        href = normalize_link_url(url) if url else None
        if not href and not match["formula"]:
            continue
        parts.append(escape(convert_tex(text[end : match.start()]), quote=False))
        parts.append(f'<a href="{escape(href)}">{escape(url, quote=False)}</a>' if href else _render_formula(match[0]))
        end = match.start() + len(url) if href else match.end()
    return "".join([*parts, escape(convert_tex(text[end:]), quote=False)])


def html_to_xhtml(html: str) -> str:
    """Convert the HTML of `render_html` to well-formed XHTML."""
    # nh3 closes all other elements and quotes attributes; &nbsp; is the only entity it writes that XML does not define.
    return _VOID_ELEMENT.sub(r"<\1/>", html).replace("&nbsp;", "\u00a0")


def to_plain_text(markdown: str) -> str:
    """Convert Markdown to text as `html_to_text` does its HTML."""
    return html_to_text(render_html(markdown))


def html_to_text(html: str) -> str:
    """Convert the HTML of `render_html` to text, a line for each paragraph or list item; items start with a dash."""
    html = html.replace("\n", " ")
    html = _BLOCK_END.sub("\n", _CELL_END.sub(" ", html.replace("<li>", "\n- ")))
    lines = [" ".join(line.split()) for line in unescape(_TAG.sub("", html)).split("\n")]
    return "\n".join(line for line in lines if line not in ("", "-"))


def excerpt(text: str, max_length: int) -> str:
    """Return plain text as one line without the dashes, cut after a word and ended with an ellipsis if it is too long.

    Args:
        text: as `html_to_text` returns it.
        max_length: in characters, including the ellipsis.
    """
    text = " ".join(line.removeprefix("- ") for line in text.split("\n"))
    if len(text) <= max_length:
        return text
    start = text[: max(max_length - 1, 0)]
    words = start.rpartition(" ")[0] or start
    return (words.rstrip(",.;: ") + "…")[:max_length]


def extract_links(html: str) -> tuple[Link, ...]:
    """Return the links in the HTML of `render_html` in order, without duplicates."""
    urls = dict.fromkeys(unescape(href) for href in _HREF.findall(html))
    return tuple(Link(url, classify_url(url)) for url in urls)


def _render_source(source: str) -> str:
    """Render text as paragraphs, without interpreting it as Markdown."""
    paragraphs = _BLANK_LINES.split(source.strip())
    return "\n".join(f"<p>{escape(text, quote=False)}</p>".replace("\n", "<br>") for text in paragraphs)


def _nesting_depth(html: str) -> int:
    depth = deepest = 0
    if html.count("<") > _MAX_DEPTH:
        for tag in _TAG.finditer(_VOID_ELEMENT.sub("", html)):
            depth += -1 if tag[1] else 1
            deepest = max(deepest, depth)
    return deepest


_LESS_THAN = "\ufdd1"  # an escaped <; a noncharacter, so that it does not occur in the source
_HTML_COMMENT = re.compile(r"<!--(?:(?!<!--).)*?-->", re.DOTALL)
# CommonMark section 4.7 takes "[코드]: 중요" for a definition, and renders nothing.
_REFERENCE_DEFINITION = re.compile(r"^((?:[ \t]*(?:[-*+]|\d{1,9}[.)]))?[ \t]*)\[(?=[^\]\n]*\]:)", re.MULTILINE)


def _escape_non_markup(markdown: str) -> str:
    """Escape words that look like markup: `<EOS>`, `<script>`, `<ref:1>`, `[MASK](마스크)`. Remove HTML comments."""
    if "<" not in markdown and "](" not in markdown:
        return markdown
    for _ in range(_MAX_DEPTH):  # an escaped link may contain others
        escaped = _replace_spans(markdown, _non_markup_spans(markdown), _escape_markup)
        if escaped == markdown:
            break
        markdown = escaped
    return markdown


def _non_markup_spans(markdown: str) -> Iterator[tuple[int, int]]:
    """Return the byte ranges of raw HTML, and of links and images whose URL is not valid."""
    link_end = 0
    for event, span in pyromark.events_with_range(markdown, options=_OPTIONS):
        if not isinstance(event, dict) or span["start"] < link_end:
            continue
        url = _link_url(event)
        if url is not None and normalize_link_url(url) is None:
            link_end = span["end"]
            yield span["start"], link_end
        elif event.get("Start") == "HtmlBlock" or "InlineHtml" in event:
            yield span["start"], span["end"]


def _link_url(event: Mapping[str, object]) -> str | None:
    """Return the URL of a link or image that starts here; None for e-mail autolinks, whose URL has no scheme."""
    start = event.get("Start")
    if isinstance(start, dict):
        for kind in ("Link", "Image"):
            if kind in start and start[kind]["link_type"] != "Email":
                return str(start[kind]["dest_url"])
    return None


def _escape_markup(source: str) -> str:
    text = _HTML_COMMENT.sub("", source) if "-->" in source else source
    text = text.replace("<", _LESS_THAN)
    return text.replace("[", r"\[", 1) if source.startswith(("[", "![")) else text


def _replace_spans(markdown: str, spans: Iterator[tuple[int, int]], replace: Callable[[str], str]) -> str:
    """Replace the text in byte ranges, given in order."""
    data = markdown.encode()
    parts: list[str] = []
    position = 0
    for start, end in spans:
        parts += [data[position:start].decode(), replace(data[start:end].decode())]
        position = end
    return "".join(parts) + data[position:].decode()


_FORMULA_SIGN = "\ufdd2"  # around the number of a formula; a noncharacter, so that it does not occur in the source
_FORMULA_PLACEHOLDER = re.compile(rf"{_FORMULA_SIGN}(\d+){_FORMULA_SIGN}")
_URL_OR_FORMULA_OR_LITERAL = re.compile(
    r"(?P<url>https?://\w[\w\-.~:/?#\[\]@!$&'()*+,;=%\\]*)"
    r"|(?<![\\$])(?P<formula>\$\$(?:[^$\n]|\n(?![ \t]*(?:[-*+][ \t]|\d+[.)]|\n))){1,2000}\$\$"
    r"|\$(?![\s$])[^$\n]{1,1000}(?<![\s\\])\$(?![\d$])"
    r"|\\\([^\n]{1,500}?\\\)|\\\[[^\n]{1,500}?\\\])"
    r"|(?P<literal>(?<=[A-Za-z0-9])\*(?=[A-Za-z0-9])|(?<!\w)__\w+__(?!\w))",  # 5*3*2, __init__
    re.IGNORECASE | re.ASCII,
)
# Every match of the above has one of these, which are fast to search for.
_SIGN = re.compile(r"://|\$|\\[(\[]|\*(?<=\w\*)\w|__", re.ASCII)
_ASCII_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_BACKSLASH_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")


def _autolink_and_extract_formulas(markdown: str) -> tuple[str, list[str]]:
    """Return the Markdown with placeholders for its formulas, and the formulas. Code and links stay as they are."""
    formulas: list[str] = []
    if _SIGN.search(markdown) and _URL_OR_FORMULA_OR_LITERAL.search(markdown):
        replace = partial(_replace_match, formulas)
        spans = _spans_outside_code_and_links(markdown)
        markdown = _replace_spans(markdown, spans, lambda text: _URL_OR_FORMULA_OR_LITERAL.sub(replace, text))
    return markdown, formulas


def _spans_outside_code_and_links(markdown: str) -> Iterator[tuple[int, int]]:
    position = 0
    for event, span in pyromark.events_with_range(markdown, options=_OPTIONS):
        if isinstance(event, dict) and _is_code_or_link(event) and span["start"] >= position:
            yield position, span["start"]
            position = span["end"]
    yield position, len(markdown.encode())


def _is_code_or_link(event: Mapping[str, object]) -> bool:
    start = event.get("Start")
    return "Code" in event or (isinstance(start, dict) and not {"CodeBlock", "Link", "Image"}.isdisjoint(start))


def _replace_match(formulas: list[str], match: re.Match[str]) -> str:
    if match["formula"]:
        formulas.append(unescape(match["formula"].replace(_LESS_THAN, "<")))
        return f"{_FORMULA_SIGN}{len(formulas) - 1}{_FORMULA_SIGN}"
    if match["literal"]:
        return _ASCII_PUNCTUATION.sub(r"\\\1", match["literal"])
    url = _trim_url(match["url"])
    return f"<{_BACKSLASH_ESCAPE.sub('', url)}>{match['url'][len(url) :]}"


def _trim_url(url: str) -> str:
    """Cut off trailing punctuation and unbalanced brackets, as GFM section 6.9 does."""
    unbalanced = {")": url.count(")") - url.count("("), "]": url.count("]") - url.count("[")}
    end = len(url)
    while end:
        last = url[end - 1]
        if unbalanced.get(last, 0) > 0:
            unbalanced[last] -= 1
        elif last in "([":
            unbalanced[")" if last == "(" else "]"] += 1
        elif last not in ".,;:!?'*_~\\":
            break
        end -= 1
    return url[:end]


_ALLOWED_TAG = re.compile(rf"{_LESS_THAN}(/?su[bp]|br ?/?)&gt;")
_HEADING_TAG = re.compile(r"<(/?)h[1-6]>")
_LINKED_IMAGE = re.compile(r'(<a [^<>]*>)<img src="([^"]*)" alt="([^"]*)"[^<>]*/></a>')
_IMAGE = re.compile(r'<img src="([^"]*)" alt="([^"]*)"[^<>]*/>')
# In **모델(Model)**을 the second ** is not right-flanking (CommonMark section 6.2): punctuation before, a letter after.
_UNPARSED_STRONG = re.compile(
    r"(?P<code><(?P<tag>pre|code)>.*?</(?P=tag)>|<[^<>]*>)"
    r"|(?P<stars>\*{2,3})(?=[^\s*])(?P<inside>(?:[^<*]|<(?!/?(?:p|li|[ou]l|t[rdh]|blockquote)\b)[^<>]*>|\*(?!\*))+?)"
    r"(?<=[^\s*])(?P=stars)",
    re.DOTALL,
)
_LINK_WITHOUT_HREF = re.compile(r"<a>(.*?)</a>", re.DOTALL)
_EMPTY_LINK = re.compile(r'(<a href="([^"]*)"[^>]*>)\s*</a>')


def _fix_html(html: str) -> str:
    """Unescape allowed tags, replace images with links and headings with bold text, and parse the remaining `**`."""
    html = _ALLOWED_TAG.sub(r"<\1>", html).replace(_LESS_THAN, "&lt;")
    html = _LINKED_IMAGE.sub(r'\1\3</a> <a href="\2"></a>', html)
    html = _IMAGE.sub(r'<a href="\1">\2</a>', html)
    html = _HEADING_TAG.sub(lambda tag: "</strong></p>" if tag[1] else "<p><strong>", html)
    if "**" in html:
        html = _UNPARSED_STRONG.sub(lambda match: match["code"] or f"<strong>{match['inside']}</strong>", html)
    return html


def _render_formula(formula: str) -> str:
    """Render a formula, given with its delimiters, as HTML; one that is malformed or prose stays as it is."""
    is_display = formula.startswith(("$$", r"\["))
    latex = formula[2:-2].strip() if formula.startswith("\\") else formula.strip("$").strip()
    if is_prose(latex):
        return escape(formula, quote=False)
    if text := to_unicode(latex):
        return escape(text, quote=False)
    return to_mathml(latex, is_display) or escape(formula, quote=False)
