"""The values on the lines of a digest: what is written there, and what it means."""

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

_INSIDE = r"[^\s()<>]*"
_ADDRESS = (
    rf"\(\s{{0,9}}<?(?P<url>(?:[^\s()<>]|\({_INSIDE}(?:\({_INSIDE}\){_INSIDE})?\))+)>?"
    r"(?:\s{1,9}(?:\"[^\"]*\"|'[^']*'))?\s{0,9}\)"
)
_LINK = re.compile(rf"\]\s?{_ADDRESS}")
_DECORATION = re.compile(r"[\s*_]{0,9}(?:\d{1,3}[.)]\s{0,9})?[*_]{0,3}(?=\[)")  # bold, numbers
_MORE_AUTHORS = re.compile(
    r"\+\s*\d*(?:\s*(?:more|others|authors?))*|(?:and )?(?:\d+ )?others|et al\.?|…|\.\.\.", re.IGNORECASE
)
_NOBODY = re.compile(r"[-–—?]|none|n/?a|unknown|", re.IGNORECASE)
_GENERATION = re.compile(r"(?:Jr|Sr)\.?|I{2,3}|IV", re.IGNORECASE)
_FORMULA_OR_ENTITY_OR_ESCAPE = re.compile(
    r"(?P<formula>\$[^$]+\$)|&(?P<entity>#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|\w{2,31};)|\\(?P<escaped>[\[\]*_`<>#&~|!])"
)
_KNOWN_HOST = re.compile(r"(?:www\.)?(?:arxiv\.org|huggingface\.co)/")
_CANDIDATES = 50  # links in one heading
_VIDEO_ENDINGS = (".mp4", ".webm", ".mov", ".qt", ".m4v", ".ogv", ".avi", ".mkv", ".mpg", ".mpeg")
_IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".bmp", ".tif", ".tiff")
_SOURCE = re.compile(r"<(?:video|source|img)\b[^<>]*?\ssrc\s*=\s*[\"']?(?P<url>[^\s\"'<>]+)", re.IGNORECASE)

DAY = re.compile(r"\W{0,9}daily\s{1,9}papers?\W{1,9}(\d{4})[-./](\d{1,2})[-./](\d{1,2})\W{0,9}", re.IGNORECASE)
PICTURE = re.compile(rf"(?:\[(?=!.*\]\())?!\[(?P<description>[^\]]*)\]{_ADDRESS}(?:\]\([^()\s]*\))?")
WATCH = re.compile(rf"\[[^\]\w]{{0,9}}watch\s+video[^\]\w]{{0,9}}\]{_ADDRESS}", re.IGNORECASE)
MARKUP = re.compile(
    r"(?:\s*</?(?:div|p|center|video|source|img)\b[^<>]*>)++(?:[^<>]*</(?:video|div|p)>)*+", re.IGNORECASE
)
VOTES = re.compile(r"\**(?:up)?votes?\**\s*[:：]\s*\**\s*(?P<value>.*)", re.IGNORECASE)
AUTHORS = re.compile(r"\**authors?\**\s*[:：]\s*\**\s*(?P<value>.*)", re.IGNORECASE)
_VOTES_VALUE = re.compile(r"(?P<digits>[0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})[\W_]*")


class Link(NamedTuple):
    """A Markdown link as written, and what stands behind it on its line."""

    title: str
    url: str
    rest: str


class Authors(NamedTuple):
    """The names; whether the source left some out; whether they were written in one of the known ways."""

    names: tuple[str, ...]
    more: bool
    well_formed: bool


def link(heading: str) -> Link | None:
    """Read `[TITLE](URL)`, bold or numbered or not; None where there is no link."""
    start = _DECORATION.match(heading)
    if start is None or not heading.startswith("[", start.end()):
        return None
    body = heading[start.end() + 1 :]
    candidates = islice(_LINK.finditer(body), _CANDIDATES)
    found = [match for match in candidates if "://" in match["url"] or _KNOWN_HOST.match(match["url"])]
    for match in [*filter(lambda match: _is_balanced(body[: match.start()]), found), *reversed(found)]:
        return Link(body[: match.start()], match["url"], body[match.end() :].strip(" \t*"))
    name, bracket, bad = body.rstrip(" \t*").rpartition("](")
    return Link(name, bad[:-1], "") if bracket and bad.endswith(")") else None


def title(written: str) -> str:
    """Undo Markdown's escapes and entities, but in formulas. A title is no Markdown: `*` and `<think>` are meant."""
    return " ".join(unicode.strip_forbidden(_FORMULA_OR_ENTITY_OR_ESCAPE.sub(_meant, written)).split())


def address(written: str) -> str | None:
    """Make an http(s) URI of an address (RFC 3987 section 3.1); None where it is none."""
    url = title(written)
    if _KNOWN_HOST.match(url):
        url = f"https://{url}"
    return normalize_web_url(url)


def votes(value: str) -> int | None:
    """Read a number of votes; None for `-`, which is no vote. ValueError for anything else."""
    if _NOBODY.fullmatch(value.strip(" \t*")):
        return None
    match = _VOTES_VALUE.fullmatch(value.strip(" \t*"))
    if match is None:
        raise ValueError(value)
    return int(match["digits"].replace(",", ""))


def authors(value: str) -> Authors:
    """Read names with commas between them, or a Python list. A `+` is nobody's name."""
    written, well_formed = _names(value.strip().rstrip(",").rstrip())
    names = [title(name).removeprefix("and ") for name in written]
    listed = tuple(name for name in names if not _NOBODY.fullmatch(name) and not _MORE_AUTHORS.fullmatch(name))
    return Authors(listed, any(_MORE_AUTHORS.fullmatch(name) for name in names), well_formed)


def authors_go_on(line: str, is_list: bool) -> bool:
    """Whether the names go on behind a line: a list that is not closed, or a comma at the end."""
    return "]" not in line[-2:] if is_list else line.endswith(",")


def sources(markup: str) -> list[str]:
    """List the addresses that `<video>` and `<img>` show."""
    return [match["url"] for match in _SOURCE.finditer(markup)]


def is_video(url: str, default: bool) -> bool:
    """Tell a video from a picture by the ending of its address, or by `default` where it has none."""
    path = urlsplit(url).path.lower()
    if path.endswith(_VIDEO_ENDINGS):
        return True
    return default and not path.endswith(_IMAGE_ENDINGS)


def _is_balanced(title: str) -> bool:
    return title.count("[") == title.count("]")


def _meant(match: re.Match[str]) -> str:
    if match["formula"]:
        return match["formula"]
    if match["escaped"]:
        return match["escaped"]
    entity = match["entity"]
    return html.unescape(f"&{entity}") if entity.startswith("#") else html5.get(entity, f"&{entity}")


def _names(value: str) -> tuple[list[str], bool]:
    if not value.startswith("["):
        return [_unquoted(name.strip()) for name in _split(value)], True
    try:
        names = list(_flat(ast.literal_eval(value)))
        return [name for name in names if name is not None], None not in names
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return [name.strip().strip("'\"") for name in value.strip("[]").split(",")], False


def _flat(names: object) -> Iterator[str | None]:
    """List the texts of a list, and of lists in it; None for what is neither."""
    if isinstance(names, str):
        yield names
    elif isinstance(names, list | tuple):
        for name in names:
            yield from _flat(name)
    else:
        yield None


def _split(value: str) -> list[str]:
    """Split names at their commas, but for the one before `Jr.`, and at an `and` before a number of others."""
    names: list[str] = []
    for name in re.sub(r" and (?=\d+ others)", ", ", value).split(","):
        if names and "," not in names[-1] and _GENERATION.fullmatch(name.strip()):
            names[-1] += f",{name}"
        else:
            names.append(name)
    return names


def _unquoted(name: str) -> str:
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"" else name
