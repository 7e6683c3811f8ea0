"""Parses the parts of a digest file's lines: links, URLs, votes, names of authors, pictures and videos."""

import ast
import html
import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from html.entities import html5
from itertools import islice
from typing import NamedTuple
from urllib.parse import urlsplit

from feeds.text import unicode
from feeds.text.urls import normalize_web_url

_NESTED = r"[^\s()<>]*"
# A Markdown link's destination with its optional title (CommonMark section 6.3); parentheses nest twice.
_DESTINATION = (
    rf"\(\s{{0,9}}<?(?P<url>(?:[^\s()<>]++|\({_NESTED}(?:\({_NESTED}\){_NESTED})?\))++)>?"
    r"(?:\s{1,9}(?P<tooltip>\"[^\"]*\"|'[^']*'))?\s{0,9}\)"
)
_LINK_END = re.compile(rf"\]\s?{_DESTINATION}")
_DECORATION = re.compile(r"[\s*_]{0,9}(?:\d{1,3}[.)]\s{0,9})?[*_]{0,3}(?=\[)")  # bold type, a number
# What digests put before a paper's link: [1], (1), #1, 1:, [3/11], [NEW], 🔥
_LABEL_TEXT = (
    r"(?:#|no\.?|№)?\s?\d{1,3}(?:\s?/\s?\d{1,3})?\s?[위번]?|[①-⑳]"
    r"|new|hot|top|best|oral|spotlight|highlight|updated?|must[ -]read|신규|추천|인기|[^\w\s\[\]()*!\\$&<>`'\"]{1,4}"
)
_LABELS = re.compile(
    rf"[\s*_]{{0,9}}(?:(?:[\[(（【]\s?(?:{_LABEL_TEXT})\s?[\])）】]|{_LABEL_TEXT})[\s*_.:)–—-]{{0,9}}){{1,3}}(?=\[)",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"[\[\]]")
_NUMBERED_TITLE = re.compile(r"(?:[\[(]#?\d{1,3}[\])]|\d{1,3}[.)])\s")
_MAX_LINK_ENDS = 50  # considered in one heading
_MAX_QUOTED_SOURCE = 500  # characters, of which 60 are quoted
_MAX_AMBIGUOUS_TITLE = 2000  # characters
_WITHOUT_INVISIBLE = dict.fromkeys([0xAD, 0x200B, 0x2060, 0xFEFF])  # soft hyphens and zero-width spaces
_KNOWN_HOST = re.compile(  # also read without https://
    r"(?:[\w-]{1,30}\.){0,3}(?:arxiv\.org|ar5iv\.org|alphaxiv\.org|doi\.org|hf\.co|huggingface\.co)/", re.IGNORECASE
)
_FORMULA_OR_ENTITY_OR_ESCAPE = re.compile(
    r"(?P<formula>\$[^$]+\$)|&(?P<entity>#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|\w{2,31};)|\\(?P<escaped>[\[\]*_`<>#&~|!])"
)
_NO_VALUE = re.compile(r"[-–—?]|none|n/?a|unknown|", re.IGNORECASE)
_VOTE_COUNT = re.compile(r"(?P<digits>[0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})[\W_]*")
_NO_AUTHOR = re.compile(
    r"(?P<more>\+\s*\d*(?:\s*(?:more|others|authors?))*|(?:and )?(?:\d+ )?others|et al\.?|…|\.\.\.)|"
    + _NO_VALUE.pattern,
    re.IGNORECASE,
)
_AND = re.compile(r"\s+(?:and|&)\s+")
_FULL_NAME = r"[^\W\d_a-z]\S*(?:\s[^\W\d_a-z]\S*){1,3}"
_TWO_NAMES = re.compile(rf"{_FULL_NAME}(?:\s+(?:and|&)\s+{_FULL_NAME})+")
_NAME_SUFFIXES = frozenset({"jr", "jr.", "sr", "sr.", "ii", "iii", "iv"})
_STRING = r"(?:'[^'\\]*'|\"[^\"\\]*\")"  # of Python, without escapes
_STRINGS = re.compile(rf"\[ *{_STRING} *(?:, *{_STRING} *)*+,? *\]")
_MAX_LITERAL = 100_000  # characters; Python takes a hundred times as many bytes to parse a list
_MEDIA_SOURCE = re.compile(
    r"<(?:video|source|img)\b[^<>]*?\ssrc\s*=\s*"
    r"(?:\"(?P<double_quoted>[^\"<>]*)\"|'(?P<single_quoted>[^'<>]*)'|(?P<unquoted>[^\s\"'<>]+))",
    re.IGNORECASE,
)
_MEDIA_ELEMENT = re.compile(r"<(?:img|source)\b|<video\b[^<>]*\ssrc\s*=", re.IGNORECASE)
_ALTERNATIVE_TEXT = re.compile(r"<img\b[^<>]*?\salt\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)')", re.IGNORECASE)
_VIDEO_ELEMENT = re.compile(r"<video\b[^<>]*>[^<>]*</video>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_VIDEO_SUFFIXES = (".mp4", ".webm", ".mov", ".qt", ".m4v", ".ogv", ".avi", ".mkv", ".mpg", ".mpeg")
_IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".bmp", ".tif", ".tiff")

VOTES = re.compile(r"\**(?:up)?votes?\**\s*[:：]\s*\**\s*(?P<value>.*)", re.IGNORECASE)
AUTHORS = re.compile(r"\**authors?\**\s*[:：]\s*\**\s*(?P<value>.*)", re.IGNORECASE)
EXTRA = re.compile(r"(?P<name>Tags|Published|Journal|DOI|Comment|Language|Abstract): (?P<value>.*)")
"""A line of a field that few digests have. It is one only right below the heading of a paper, without a blank line."""
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")
PICTURE = re.compile(rf"(?:\[(?=!.*\]\())?!\[(?P<description>[^\]]*)\]{_DESTINATION}(?:\]\((?P<target>[^()\s]*)\))?")
VIDEO_LINK = re.compile(rf"\[[^\]\w]{{0,9}}watch\s+video[^\]\w]{{0,9}}\]{_DESTINATION}", re.IGNORECASE)
# The beginning of a picture or video link whose destination has mistakes.
_MEDIA_START = re.compile(
    r"(?:!\s?\[(?P<description>(?:[^\[\]]++|\[[^\[\]]*\])*+)\]|(?P<video>\[\W{0,9}watch\s+video\W{0,9}\]))\s?[(（]",
    re.IGNORECASE,
)
_AFTER_URL = re.compile(r"\)\s|[<>\[]")
_TOOLTIP = re.compile(r"\s+(?:[\"“”][^\"“”]*[\"“”]|'[^']*'|=\d*x\d*)$")
MEDIA_MARKUP = re.compile(
    r"(?:\s*</?(?:div|p|center|video|source|img)\b[^<>]*>)++(?:[^<>]*</(?:video|div|p)>)*+", re.IGNORECASE
)


class Link(NamedTuple):
    """A Markdown link as written.

    Attributes:
        title: the text of the link, with the text before it if `is_ambiguous`.
        url: the destination.
        rest: its tooltip, and the text after the link on its line.
        label: a number or a word such as `[NEW]` before the link.
        is_ambiguous: whether a part of the title may be meant as a label.
    """

    title: str
    url: str
    rest: str = ""
    label: str = ""
    is_ambiguous: bool = False


class Media(NamedTuple):
    """A picture, or a link to a video.

    Attributes:
        url: the destination as written; spaces in it are encoded.
        description: the text in brackets of a picture, and the tooltip.
        target: what a picture is a link to; empty if it is none.
        is_video: whether it is a link to a video.
        is_well_formed: whether it is written as Markdown wants it.
    """

    url: str
    description: str
    target: str
    is_video: bool
    is_well_formed: bool


class AuthorList(NamedTuple):
    """Names of authors; `more_authors` is set where the source left some out."""

    names: tuple[str, ...]
    more_authors: bool
    is_well_formed: bool


def parse_link(heading: str) -> Link | None:
    """Parse `[TITLE](URL)`, which may be bold or labelled; None if the heading does not start with a link.

    A title may contain brackets and links. The first end of a link that leaves its brackets nested is taken, or else
    the last one.
    """
    start = _DECORATION.match(heading)
    labels = _LABELS.match(heading)
    if labels and (start is None or labels.end() > start.end()):
        link = _parse_link_text(heading[labels.end() :])
        return link and link._replace(label=labels[0].strip(" \t*_"))
    return _parse_link_text(heading[start.end() :]) if start else None


def _parse_link_text(text: str) -> Link | None:
    """Parse a text that starts with the bracket of a link."""
    text = text[1:]
    candidates = islice(_LINK_END.finditer(text), _MAX_LINK_ENDS)
    ends = [match for match in candidates if "://" in match["url"] or _KNOWN_HOST.match(match["url"])]
    if not ends:
        title, bracket, destination = text.rstrip(" \t*").replace("]（", "](").rpartition("](")
        url, tooltip = _mend_destination(destination)
        if not bracket or not (url or destination.endswith(")")):
            return None
        return Link(title, url or destination[:-1], tooltip)
    for end in ends:
        if _is_nested(text[: end.start()]):
            title = text[: end.start()]
            return _make_link(title, end, text, is_ambiguous=bool(_NUMBERED_TITLE.match(title)))
    for end in ends:
        if title := _title_with_brackets_before(text[: end.start()]):
            return _make_link(title, end, text, is_ambiguous=True)
    return _make_link(text[: ends[-1].start()], ends[-1], text, is_ambiguous=False)


def _make_link(title: str, end: re.Match[str], text: str, *, is_ambiguous: bool) -> Link:
    tooltip = (end["tooltip"] or "")[1:-1]
    rest = " ".join([tooltip, text[end.end() :].strip(" \t*")]).strip()
    return Link(title, end["url"], rest, is_ambiguous=is_ambiguous)


def _title_with_brackets_before(text: str) -> str:
    """Return `[A] B` for `A] [B`, the text of `[A] [B](URL)` after its first bracket; empty for any other."""
    if len(text) > _MAX_AMBIGUOUS_TITLE:
        return ""
    depth = 1
    for position in range(len(text) - 1, -1, -1):
        depth += {"]": 1, "[": -1}.get(text[position], 0)
        if depth == 0:
            before = f"[{text[:position]}"
            return before + text[position + 1 :] if _is_nested(before) else ""
    return ""


def unescape(text: str) -> str:
    """Replace Markdown's escapes and entities outside formulas, and put single spaces between words.

    A title, a name or a URL is not Markdown otherwise: `*` and `<think>` stand for themselves.
    """
    if "&" in text or "\\" in text:
        text = _FORMULA_OR_ENTITY_OR_ESCAPE.sub(_unescape_match, text)
    return " ".join(unicode.strip_forbidden(text).split())


def parse_url(text: str) -> str | None:
    """Convert an address to an http(s) URI (RFC 3987 section 3.1); None if it is not a valid one."""
    url = unescape(text if text.isascii() else text.translate(_WITHOUT_INVISIBLE))
    if _KNOWN_HOST.match(url):
        url = f"https://{url}"
    return normalize_web_url(url)


def parse_votes(value: str) -> int | None:
    """Parse a number of votes; None for `-` and the like, which mean that votes were not counted.

    Raises ValueError if the value is neither.
    """
    text = unicodedata.normalize("NFKC", value).strip(" \t*")
    if _NO_VALUE.fullmatch(text):
        return None
    match = _VOTE_COUNT.fullmatch(text)
    if match is None:
        raise ValueError(value)
    return int(match["digits"].replace(",", ""))


def parse_authors(value: str) -> AuthorList:
    """Parse names separated by commas, or a Python list; `+` or `et al.` stands for names that were left out."""
    value = value.strip().rstrip(",").rstrip()
    if value.startswith("［"):
        value = value.replace("［", "[").replace("］", "]")
    names, is_well_formed = _parse_names(value)
    authors = []
    more_authors = False
    for name in names:
        author = unescape(name).removeprefix("and ")
        match = _NO_AUTHOR.fullmatch(author)
        if match is None:
            authors.append(author)
        elif match["more"]:
            more_authors = True
    return AuthorList(tuple(authors), more_authors, is_well_formed)


def expects_more_authors(line: str, is_list: bool) -> bool:
    """Whether authors continue on the next line: after a list that is not closed, or after a comma."""
    return "]" not in line[-2:] if is_list else line.endswith(",")


def unique_authors(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names without repeats, and those that are repeated; case, spaces and punctuation do not tell apart."""
    folded = unicodedata.normalize("NFC", "\n".join(names)).casefold().replace(" ", "").split("\n")
    unique: dict[str, str] = {}
    repeated: dict[str, None] = {}
    for name, letters in zip(names, folded, strict=False):  # of no names, `folded` has one line
        key = letters.rstrip(".,;:*") or letters
        if key in unique:
            repeated[unique[key]] = None
        else:
            unique[key] = name
    return tuple(unique.values()), tuple(repeated)


def parse_tags(value: str) -> tuple[str, ...]:
    """Parse tags separated by commas."""
    return tuple(filter(None, map(unescape, value.split(","))))


def parse_date(value: str) -> date | None:
    """Parse a date such as 2024-01-30; None if it is not one."""
    try:
        return date.fromisoformat(value) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) else None
    except ValueError:
        return None


def parse_media(line: str) -> Media | None:
    """Parse a line that is a picture or a link to a video, also with mistakes in its URL; None for any other."""
    if match := PICTURE.fullmatch(line):
        description = f"{match['description']} {(match['tooltip'] or '')[1:-1]}".strip()
        return Media(match["url"], description, match["target"] or "", is_video=False, is_well_formed=True)
    if match := VIDEO_LINK.fullmatch(line):
        return Media(match["url"], (match["tooltip"] or "")[1:-1], "", is_video=True, is_well_formed=True)
    match = _MEDIA_START.match(line)
    url, tooltip = _mend_destination(line[match.end() :]) if match else ("", "")
    if match is None or not url:
        return None
    description = f"{match['description'] or ''} {tooltip}".strip()
    return Media(url, description, "", match["video"] is not None, is_well_formed=False)


def _mend_destination(text: str) -> tuple[str, str]:
    """Return URL and tooltip of a destination with spaces, angle brackets or a wrong parenthesis; empty if unclear.

    `text` is what follows the opening parenthesis.
    """
    is_closed = text.rstrip().endswith((")", "）"))
    destination = text.rstrip()[:-1] if is_closed else text
    tooltip = _TOOLTIP.search(destination)
    url = (destination[: tooltip.start()] if tooltip else destination).strip()
    if url.startswith("<") and url.endswith(">"):
        url = url[1:-1]
    elif not is_closed and (")" in url or " " in url):
        return "", ""
    elif url.endswith(")") and url.count("(") < url.count(")"):
        url = url[:-1]
    if url.count("://") != 1 or _AFTER_URL.search(url):
        return "", ""
    return _encode_spaces(url), tooltip[0].strip(" \t\"“”'") if tooltip else ""


def _encode_spaces(url: str) -> str:
    return re.sub(r"\s", "%20", url.strip())


def media_urls(markup: str) -> list[str]:
    """Return the sources of `<video>`, `<source>` and `<img>` elements; empty for one that has none."""
    sources = ("".join(filter(None, match.groups())) for match in _MEDIA_SOURCE.finditer(markup))
    urls = [_encode_spaces(source) for source in sources]
    return urls or [""] * bool(_MEDIA_ELEMENT.search(markup))


def markup_text(markup: str) -> str:
    """Return what markup says in words: the descriptions of pictures, and text outside of `<video>`."""
    descriptions = ["".join(groups) for groups in _ALTERNATIVE_TEXT.findall(markup)]
    return " ".join(" ".join([*descriptions, _TAG.sub(" ", _VIDEO_ELEMENT.sub(" ", markup))]).split())


def is_video(url: str, default: bool) -> bool:
    """Tell a video from a picture by the suffix of its URL; return `default` if the suffix is unknown."""
    path = urlsplit(url).path.lower()
    if path.endswith(_VIDEO_SUFFIXES):
        return True
    return default and not path.endswith(_IMAGE_SUFFIXES)


def _is_nested(title: str) -> bool:
    """Whether every bracket in a title is closed after it is opened."""
    if title.count("[") != title.count("]"):
        return False
    depth = 0
    for bracket in _BRACKET.finditer(title):
        depth += 1 if bracket[0] == "[" else -1
        if depth < 0:
            return False
    return True


def _unescape_match(match: re.Match[str]) -> str:
    if match["formula"]:
        return match["formula"]
    if match["escaped"]:
        return match["escaped"]
    entity = match["entity"]
    return html.unescape(f"&{entity}") if entity.startswith("#") else html5.get(entity, f"&{entity}")


def _parse_names(value: str) -> tuple[list[str], bool]:
    """Split a list of authors; the bool is False if a Python list is broken or contains other values than strings."""
    if not value.startswith("["):
        split, is_well_formed = _split_names(value)
        return [_unquote(name.strip()) for name in split], is_well_formed
    if _STRINGS.fullmatch(value):
        return [string[1:-1] for string in re.findall(_STRING, value)], True
    try:
        if len(value) > _MAX_LITERAL:
            raise ValueError(len(value))
        names = list(_flatten(ast.literal_eval(value)))
        return [name for name in names if name is not None], None not in names
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return [name.strip().strip("'\"") for name in value.strip("[]").split(",")], False


def _flatten(names: object) -> Iterator[str | None]:
    """Yield the strings of nested lists, and None for any other value."""
    if isinstance(names, str):
        yield names
    elif isinstance(names, list | tuple):
        for name in names:
            yield from _flatten(name)
    else:
        yield None


def _split_names(value: str) -> tuple[list[str], bool]:
    """Split names at commas except before `Jr.`, and at `and` before a number of others.

    Semicolons, and `and` between two full names, also separate names, but the list is not well-formed then.
    """
    names: list[str] = []
    masked = _FORMULA_OR_ENTITY_OR_ESCAPE.sub(lambda match: " " * len(match[0]), value) if ";" in value else ""
    if ";" in masked:
        ends = [match.start() for match in re.finditer(";", masked)]
        return [value[start:end].lstrip(";") for start, end in zip([0, *ends], [*ends, None], strict=True)], False
    for name in re.split("[,，、]", re.sub(r" and (?=\d+ others)", ", ", value)):
        if name.strip().lower() in _NAME_SUFFIXES and names and "," not in names[-1]:
            names[-1] += f",{name}"
        else:
            names.append(name)
    if "and" not in value and "&" not in value:
        return names, True
    split = [part for name in names for part in (_AND.split(name) if _TWO_NAMES.fullmatch(name.strip()) else [name])]
    return split, len(split) == len(names)


def _unquote(name: str) -> str:
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"" else name


def quote(text: str) -> str:
    """Quote a text for a message, on one line and shortened."""
    text = " ".join(text[:_MAX_QUOTED_SOURCE].split())
    return f"'{text if len(text) <= 60 else f'{text[:59]}…'}'"
