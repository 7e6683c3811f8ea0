"""The values on the lines of a digest: what is written there, and what it means."""

import ast
import html
import re
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from feeds import text

_ADDRESS = r"\(\s*<?(?P<url>(?:[^\s()<>]|\([^\s()<>]*\))*)>?(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
# The first "](http" ends the title, for a title may hold brackets; else the last "](", for an address may be bad.
_TITLE_LINK = re.compile(rf"\[(?P<title>.*?)\](?=\(\s*<?https?://){_ADDRESS}(?P<rest>.*)", re.IGNORECASE)
_ANY_LINK = re.compile(rf"\[(?P<title>.*)\]{_ADDRESS}(?P<rest>.*)")
_MORE_AUTHORS = re.compile(r"\+\s*\d*(?:\s*(?:more|others|authors?))*|et al\.?|…|\.\.\.", re.IGNORECASE)
_GENERATION = re.compile(r"(?:Jr|Sr)\.?|I{2,3}|IV", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{2,31});")
_ESCAPED = re.compile(r"\\([\[\]*_`<>#&~|!])")
_VIDEO_ENDINGS = (".mp4", ".webm", ".mov", ".qt", ".m4v", ".ogv", ".avi", ".mkv", ".mpg", ".mpeg")
_IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".bmp", ".tif", ".tiff")

PICTURE = re.compile(rf"!\[[^\]]*\]{_ADDRESS}")
WATCH = re.compile(rf"\[[^\]\w]{{0,9}}watch\s+video[^\]\w]{{0,9}}\]{_ADDRESS}", re.IGNORECASE)
MARKUP = re.compile(r"(?:\s*</?(?:div|p|center|video|source)\b[^>]*>)+", re.IGNORECASE)
VOTES = re.compile(r"\**(?:up)?votes?\**\s*[:：]\s*\**\s*(?P<value>.*)", re.IGNORECASE)
AUTHORS = re.compile(r"\**authors?\**\s*[:：]\s*\**\s*(?P<value>.*)", re.IGNORECASE)
_SOURCE = re.compile(r"<(?:video|source)\b[^>]*?\ssrc\s*=\s*[\"']?(?P<url>[^\s\"'>]+)", re.IGNORECASE)


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
    """Read `[TITLE](URL)`; None where there is no link."""
    match = _TITLE_LINK.fullmatch(heading) or _ANY_LINK.fullmatch(heading)
    return Link(match["title"], match["url"], match["rest"].strip()) if match else None


def title(written: str) -> str:
    """Undo Markdown's escapes and entities. A title is no Markdown: its `*` and `<think>` are meant."""
    decoded = _ENTITY.sub(lambda match: html.unescape(match[0]), written)
    return " ".join(text.clean(_ESCAPED.sub(r"\1", decoded)).split())


def address(written: str) -> str | None:
    """Make an http(s) URI of an address (RFC 3987 section 3.1); None where it is none."""
    url = text.clean(html.unescape(_ESCAPED.sub(r"\1", written.strip())))
    try:
        parts = urlsplit(url)
        host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return quote(parts._replace(netloc=host).geturl(), safe="%/:=&?~#+!$,;'@()*[]-._")


def votes(value: str) -> int | None:
    """Read a number of votes; None for `-`, which is no vote. ValueError for anything else."""
    digits = value.strip().replace(",", "")
    if digits in ("", "-", "–", "—"):
        return None
    if not re.fullmatch("[0-9]{1,9}", digits):
        raise ValueError(value)
    return int(digits)


def authors(value: str) -> Authors:
    """Read names with commas between them, or a Python list. A `+` is nobody's name."""
    written, well_formed = _names(value.strip())
    names = [title(name) for name in written]
    listed = tuple(name for name in names if name and not _MORE_AUTHORS.fullmatch(name))
    return Authors(listed, any(_MORE_AUTHORS.fullmatch(name) for name in names), well_formed)


def authors_go_on(value: str) -> bool:
    """Whether the names go on in the next line: an open list, or a comma at the end."""
    ending = value.rstrip()
    return ending.endswith(",") or (ending.startswith("[") and not ending.endswith("]"))


def sources(markup: str) -> list[str]:
    """List the addresses that a `<video>` plays."""
    return [match["url"] for match in _SOURCE.finditer(markup)]


def is_video(url: str, default: bool) -> bool:
    """Tell a video from a picture by the ending of its address, or by `default` where it has none."""
    path = urlsplit(url).path.lower()
    if path.endswith(_VIDEO_ENDINGS):
        return True
    return default and not path.endswith(_IMAGE_ENDINGS)


def _names(value: str) -> tuple[list[str], bool]:
    if not value.startswith("["):
        return _split(value), True
    try:
        return [str(name) for name in ast.literal_eval(value)], True
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return [name.strip().strip("'\"") for name in value.strip("[]").split(",")], False


def _split(value: str) -> list[str]:
    """Split names at their commas, but for the one before `Jr.`."""
    names: list[str] = []
    for name in value.split(","):
        if names and _GENERATION.fullmatch(name.strip()):
            names[-1] += f",{name}"
        else:
            names.append(name)
    return names
