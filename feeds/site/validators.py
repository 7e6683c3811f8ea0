"""Validates the values of settings: each function returns a parsed value, or raises ValueError with what to write."""

import hashlib
import io
from collections.abc import Callable, Mapping
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from feeds.errors import QueryError
from feeds.files import read_regular_file
from feeds.model.keys import TOPIC_PREFIX
from feeds.readers.fields.dates import Dates
from feeds.site.i18n import LANGUAGES
from feeds.site.site import Font, Topic, parse_topic
from feeds.text.unicode import strip_forbidden
from feeds.text.urls import normalize_web_url

Validator = Callable[[object], Any]

_MAX_TOPIC_KEY = 200  # bytes: most file systems allow 255 in a file name, which also has a suffix
_MAX_FONT_SIZE = 64_000_000  # bytes; the largest fonts for Chinese, Japanese and Korean together have 20 million
_MAX_QUOTED = 40  # characters of a topic's name in an error


class InvalidEntryError(ValueError):
    """An entry of a table is invalid."""

    def __init__(self, entry: str, message: str) -> None:
        quoted = entry if len(entry) <= _MAX_QUOTED else f"{entry[:_MAX_QUOTED]}…"
        super().__init__(f"{quoted}: {message}")
        self.entry = entry


def single_line(value: object) -> str:
    """Parse a text; line breaks and repeated spaces become one space."""
    if not isinstance(value, str):
        raise ValueError("not a text; put it in quotes")  # without the value, which may be a password
    return " ".join(strip_forbidden(value).split())


def non_empty(value: object) -> str:
    """Parse a text of one line that is not blank."""
    if not (text := single_line(value)):
        raise ValueError("must not be empty; write a text, or remove the setting to use its default")
    return text


def ascii_text(value: object) -> str:
    """Parse a user name or a password; its spaces are kept."""
    if not single_line(value).isascii():
        raise ValueError("ASCII only, since Python's smtplib sends nothing else; choose another one")
    return str(value)


def optional(parse: Validator, default: object) -> Validator:
    """Return a validator that turns an empty text into a default."""
    return lambda value: default if value == "" else parse(value)


def one_of(*choices: str) -> Validator:
    """Return a validator of texts of which there are only a few."""

    def parse(value: object) -> str:
        if value not in choices:
            raise ValueError(f"{value!r} is not supported; write {' or '.join(choices)}")
        return str(value)

    return parse


def boolean(value: object) -> bool:
    """Parse true or false; environment variables hold them as a text."""
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise ValueError(f"{value!r} is not a boolean; write true or false")
    return value == "true"


def positive_int(maximum: int) -> Validator:
    """Return a validator of whole numbers from 1 to a maximum; environment variables hold them as a text."""

    def parse(value: object) -> int:
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= maximum:
            raise ValueError(f"{value!r} is not valid; write a whole number from 1 to {maximum}")
        return number

    return parse


def time_of_day(value: object) -> time:
    """Parse a time in UTC, without fractions of a second."""
    try:
        parsed = time.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        parsed = None
    if not isinstance(parsed, time) or parsed.tzinfo or parsed.microsecond:
        raise ValueError(f"{value!r} is not a time in UTC; write one such as 23:00:00")
    return parsed


def mail_address(value: object) -> str:
    """Parse the address of a mailbox."""
    from email.errors import HeaderParseError  # here, because few sites send mail
    from email.headerregistry import Address

    text = non_empty(value)
    try:
        return Address(addr_spec=text).addr_spec
    except (ValueError, IndexError, HeaderParseError) as error:  # IndexError for "a@"
        raise ValueError(f"{text!r} is not a mail address; write one such as name@example.org") from error


def web_url(value: object) -> str:
    """Parse an http or https URL in ASCII, as headers and documents need it."""
    url = single_line(value)
    normalized = normalize_web_url(url)
    if normalized is None:
        raise ValueError(f"{url!r} is not a web URL; write one such as https://papers.example.org")
    if normalized.lower() != url.lower():
        hint = "" if (urlsplit(url).hostname or "").isascii() else ", with the host in punycode"
        raise ValueError(f"{url!r} is not a URI (RFC 3986); write {normalized}{hint}")
    return url


def base_url(value: object) -> str:
    """Parse a URL that paths are appended to; a final slash is removed."""
    url = web_url(value).rstrip("/")
    if "?" in url or "#" in url:
        raise ValueError(f"{url!r} has a query or a fragment; remove it")
    return url


def language_tag(value: object) -> str:
    """Parse a language tag (BCP 47)."""
    tag = non_empty(value)
    if not all(subtag.isalnum() and subtag.isascii() and len(subtag) <= 8 for subtag in tag.split("-")):
        raise ValueError(f"{value!r} is not a language tag; write one such as ko or en")
    return tag


def interface_language(value: object) -> str:
    """Parse a language that the pages are translated into, or an empty text."""
    if value != "" and value not in LANGUAGES:
        raise ValueError(f"{value!r} is not supported; write one of {', '.join(LANGUAGES)}, or leave it empty")
    return str(value)


def font_file(value: object) -> Font | None:
    """Load the font at a path; None if the path is empty."""
    from PIL import ImageFont  # here, because few sites have a font of their own

    if not (path := single_line(value)):
        return None
    try:
        data = read_regular_file(Path(path).expanduser(), _MAX_FONT_SIZE)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; name a TrueType or OpenType file") from error
    try:
        ImageFont.truetype(io.BytesIO(data))
    except OSError as error:
        raise ValueError(f"{path}: not a font: {error}; name a TrueType or OpenType file") from error
    return Font(Path(path).name, hashlib.sha256(data).hexdigest(), data)


def names(value: object) -> tuple[str, ...]:
    """Parse a list of names; environment variables hold them as a text with commas or spaces between them."""
    entries = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise ValueError(f'{value!r} is not a list of names; write one such as ["epub", "paper.ris"]')
    return tuple(entries)


def patterns(value: object) -> tuple[str, ...]:
    """Parse a list of patterns for paths; environment variables hold them as a text with commas between them."""
    entries = [entry.strip() for entry in value.split(",")] if isinstance(value, str) else value
    if not isinstance(entries, list) or not all(isinstance(entry, str) and entry.strip() for entry in entries):
        raise ValueError(f'{value!r} is not a list of patterns; write one such as ["data/*.jsonl"]')
    if absolute := [entry for entry in entries if entry.startswith("/") or ".." in entry.split("/")]:
        raise ValueError(f"{absolute[0]!r} leads out of the archive; write it relative to the archive's folder")
    return tuple(entries)


def date_pattern(value: object) -> str:
    """Parse a pattern of dates, such as `digest-%y%m%d`."""
    text = single_line(value)
    return Dates(text).pattern


def topics(value: object) -> tuple[Topic, ...]:
    """Parse a table of names and searches.

    Raises InvalidEntryError if a name or search is wrong, or two names have the same key.
    """
    if not isinstance(value, Mapping):
        raise ValueError('not a table; write [topics], and below it lines such as "LLM" = "LLM|language model"')
    parsed: dict[str, Topic] = {}
    for name, search in value.items():
        topic = _topic(name, search)
        key = topic.key.text
        if key in parsed:
            raise InvalidEntryError(name, f"has the same key as {parsed[key].name}, {key}; use another name")
        parsed[key] = topic
    return tuple(parsed.values())


def _topic(name: str, search: object) -> Topic:
    try:
        topic = parse_topic(non_empty(name), non_empty(search))
    except (ValueError, QueryError) as error:
        raise InvalidEntryError(name, str(error)) from error
    if topic.key.text == TOPIC_PREFIX:
        raise InvalidEntryError(name, "has no letter or digit for its URL; use another name")
    if len(topic.key.text.encode()) > _MAX_TOPIC_KEY:
        raise InvalidEntryError(name, "is too long for a file name; use a shorter name")
    return topic
