"""Parses the parts of a digest file's lines: links, URLs, votes, names of authors, pictures and videos."""

import ast
import html
import re
from collections.abc import Iterator
from html.entities import html5
from itertools import islice
from typing import NamedTuple
from urllib.parse import urlsplit

from feeds.text import unicode
from feeds.text.urls import normalize_web_url

_NESTED = r"[^\s()<>]*"
# A Markdown link's destination with its optional title (CommonMark section 6.3); parentheses nest twice.
_DESTINATION = (
    rf"\(\s{{0,9}}<?(?P<url>(?:[^\s()<>]|\({_NESTED}(?:\({_NESTED}\){_NESTED})?\))+)>?"
    r"(?:\s{1,9}(?:\"[^\"]*\"|'[^']*'))?\s{0,9}\)"
)
_LINK_END = re.compile(rf"\]\s?{_DESTINATION}")
_DECORATION = re.compile(r"[\s*_]{0,9}(?:\d{1,3}[.)]\s{0,9})?[*_]{0,3}(?=\[)")  # bold type, a number
_MAX_LINK_ENDS = 50  # considered in one heading
_KNOWN_HOST = re.compile(  # also read without https://
    r"(?:[\w-]{1,30}\.){0,3}(?:arxiv\.org|ar5iv\.org|alphaxiv\.org|doi\.org|hf\.co|huggingface\.co)/", re.IGNORECASE
)
_FORMULA_OR_ENTITY_OR_ESCAPE = re.compile(
    r"(?P<formula>\$[^$]+\$)|&(?P<entity>#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|\w{2,31};)|\\(?P<escaped>[\[\]*_`<>#&~|!])"
)
_NO_VALUE = re.compile(r"[-–—?]|none|n/?a|unknown|", re.IGNORECASE)
_VOTE_COUNT = re.compile(r"(?P<digits>[0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})[\W_]*")
_MORE_AUTHORS = re.compile(
    r"\+\s*\d*(?:\s*(?:more|others|authors?))*|(?:and )?(?:\d+ )?others|et al\.?|…|\.\.\.", re.IGNORECASE
)
_NAME_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|I{2,3}|IV", re.IGNORECASE)
_MEDIA_SOURCE = re.compile(r"<(?:video|source|img)\b[^<>]*?\ssrc\s*=\s*[\"']?(?P<url>[^\s\"'<>]+)", re.IGNORECASE)
_VIDEO_SUFFIXES = (".mp4", ".webm", ".mov", ".qt", ".m4v", ".ogv", ".avi", ".mkv", ".mpg", ".mpeg")
_IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".bmp", ".tif", ".tiff")

DAY_HEADING = re.compile(r"\W{0,9}daily\s{1,9}papers?\W{1,9}(\d{4})[-./](\d{1,2})[-./](\d{1,2})\W{0,9}", re.IGNORECASE)
VOTES = re.compile(r"\**(?:up)?votes?\**\s*[:：]\s*\**\s*(?P<value>.*)", re.IGNORECASE)
AUTHORS = re.compile(r"\**authors?\**\s*[:：]\s*\**\s*(?P<value>.*)", re.IGNORECASE)
PICTURE = re.compile(rf"(?:\[(?=!.*\]\())?!\[(?P<description>[^\]]*)\]{_DESTINATION}(?:\]\([^()\s]*\))?")
VIDEO_LINK = re.compile(rf"\[[^\]\w]{{0,9}}watch\s+video[^\]\w]{{0,9}}\]{_DESTINATION}", re.IGNORECASE)
MEDIA_MARKUP = re.compile(
    r"(?:\s*</?(?:div|p|center|video|source|img)\b[^<>]*>)++(?:[^<>]*</(?:video|div|p)>)*+", re.IGNORECASE
)


class Link(NamedTuple):
    """A Markdown link as written, and the text after it on its line."""

    title: str
    url: str
    rest: str


class AuthorList(NamedTuple):
    """Names of authors; `more_authors` is set where the source left some out."""

    names: tuple[str, ...]
    more_authors: bool
    is_well_formed: bool


def parse_link(heading: str) -> Link | None:
    """Parse `[TITLE](URL)`, which may be bold or numbered; None if the heading does not start with a link.

    A title may contain brackets and links. The first end of a link that leaves its brackets balanced is taken, or else
    the last one.
    """
    start = _DECORATION.match(heading)
    if start is None or not heading.startswith("[", start.end()):
        return None
    text = heading[start.end() + 1 :]
    candidates = islice(_LINK_END.finditer(text), _MAX_LINK_ENDS)
    ends = [match for match in candidates if "://" in match["url"] or _KNOWN_HOST.match(match["url"])]
    if ends:
        end = next((match for match in ends if _is_balanced(text[: match.start()])), ends[-1])
        return Link(text[: end.start()], end["url"], text[end.end() :].strip(" \t*"))
    title, bracket, invalid_url = text.rstrip(" \t*").rpartition("](")
    return Link(title, invalid_url[:-1], "") if bracket and invalid_url.endswith(")") else None


def unescape(text: str) -> str:
    """Replace Markdown's escapes and entities outside formulas, and put single spaces between words.

    A title, a name or a URL is not Markdown otherwise: `*` and `<think>` stand for themselves.
    """
    return " ".join(unicode.strip_forbidden(_FORMULA_OR_ENTITY_OR_ESCAPE.sub(_unescape_match, text)).split())


def parse_url(text: str) -> str | None:
    """Convert an address to an http(s) URI (RFC 3987 section 3.1); None if it is not a valid one."""
    url = unescape(text)
    if _KNOWN_HOST.match(url):
        url = f"https://{url}"
    return normalize_web_url(url)


def parse_votes(value: str) -> int | None:
    """Parse a number of votes; None for `-` and the like, which mean that votes were not counted.

    Raises ValueError if the value is neither.
    """
    if _NO_VALUE.fullmatch(value.strip(" \t*")):
        return None
    match = _VOTE_COUNT.fullmatch(value.strip(" \t*"))
    if match is None:
        raise ValueError(value)
    return int(match["digits"].replace(",", ""))


def parse_authors(value: str) -> AuthorList:
    """Parse names separated by commas, or a Python list; `+` or `et al.` stands for names that were left out."""
    names, is_well_formed = _parse_names(value.strip().rstrip(",").rstrip())
    names = [unescape(name).removeprefix("and ") for name in names]
    authors = tuple(name for name in names if not _NO_VALUE.fullmatch(name) and not _MORE_AUTHORS.fullmatch(name))
    return AuthorList(authors, any(_MORE_AUTHORS.fullmatch(name) for name in names), is_well_formed)


def expects_more_authors(line: str, is_list: bool) -> bool:
    """Whether authors continue on the next line: after a list that is not closed, or after a comma."""
    return "]" not in line[-2:] if is_list else line.endswith(",")


def media_urls(markup: str) -> list[str]:
    """Return the sources of `<video>`, `<source>` and `<img>` elements."""
    return [match["url"] for match in _MEDIA_SOURCE.finditer(markup)]


def is_video(url: str, default: bool) -> bool:
    """Tell a video from a picture by the suffix of its URL; return `default` if the suffix is unknown."""
    path = urlsplit(url).path.lower()
    if path.endswith(_VIDEO_SUFFIXES):
        return True
    return default and not path.endswith(_IMAGE_SUFFIXES)


def _is_balanced(title: str) -> bool:
    return title.count("[") == title.count("]")


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
        return [_unquote(name.strip()) for name in _split_names(value)], True
    try:
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


def _split_names(value: str) -> list[str]:
    """Split names at commas except before `Jr.`, and at `and` before a number of others."""
    names: list[str] = []
    for name in re.sub(r" and (?=\d+ others)", ", ", value).split(","):
        if names and "," not in names[-1] and _NAME_SUFFIX.fullmatch(name.strip()):
            names[-1] += f",{name}"
        else:
            names.append(name)
    return names


def _unquote(name: str) -> str:
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"" else name
