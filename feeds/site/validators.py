"""What a setting may hold: each function reads a value, or raises ValueError or TypeError, which says why not."""

import hashlib
import io
import re
from collections.abc import Callable, Mapping
from datetime import time
from email.errors import HeaderParseError
from email.headerregistry import Address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import ImageFont

from feeds.model.keys import TOPIC_PREFIX
from feeds.site.i18n import LANGUAGES
from feeds.site.site import Font, Topic, parse_topic
from feeds.text import unicode

_ADDRESS = re.compile(r"https?://[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")  # RFC 3986, which headers can hold
_LONGEST = 200  # bytes of an address that is the name of a file too: most systems have 255, with what ends it


def line(value: Any) -> str:
    """Read a text in one line."""
    if not isinstance(value, str):
        raise TypeError(f"a text, not {value!r}")
    return " ".join(unicode.strip_forbidden(value).split())


def ascii_text(value: Any) -> str:
    """Read a text of ASCII."""
    if not line(value).isascii():
        raise ValueError("ASCII only, which is all that Python's smtplib can say")
    return str(value)


def named(value: Any) -> str:
    """Read a text that is not empty."""
    if not (read := line(value)):
        raise ValueError("must not be empty")
    return read


def number(most: int) -> Callable[[Any], int]:
    """Read a number from 1 on."""

    def number_up_to(value: Any) -> int:
        read = int(value) if isinstance(value, str) and value.isdecimal() else value
        if isinstance(read, bool) or not isinstance(read, int) or not 1 <= read <= most:
            raise ValueError(f"a number from 1 to {most}, not {value!r}")
        return read

    return number_up_to


def optional(read: Callable[[Any], Any], default: Any) -> Callable[[Any], Any]:
    """Take an empty text for the default."""
    return lambda value: default if value == "" else read(value)


def one_of(*names: str) -> Callable[[Any], str]:
    """Read one of some names."""

    def read(value: Any) -> str:
        if value not in names:
            raise ValueError(f"{' or '.join(names)}, not {value!r}")
        return str(value)

    return read


def flag(value: Any) -> bool:
    """Read true or false."""
    flags: dict[Any, bool] = {True: True, False: False, "true": True, "false": False}
    if not isinstance(value, bool | str) or value not in flags:
        raise ValueError(f"true or false, not {value!r}")
    return flags[value]


def mail_address(written: Any) -> str:
    """Read the address of a mailbox. Raises ValueError for what is none."""
    try:
        return Address(addr_spec=named(written)).addr_spec
    except (IndexError, HeaderParseError) as error:  # which it raises too for what it does not understand
        raise ValueError(f"a mail address, not {written!r}") from error


def time_of_day(value: Any) -> time:
    """Read a time."""
    read = time.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(read, time) or read.tzinfo or read.microsecond:
        raise ValueError(f"a time in UTC like 23:00, not {value!r}")
    return read


def base_url(value: Any) -> str:
    """Read the address of a site, without the slash at its end."""
    url = line(value).rstrip("/")
    parts = urlsplit(url)
    if not _ADDRESS.fullmatch(url) or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"an address like https://papers.example.org, not {value!r}")
    return url


def font(value: Any) -> Font | None:
    """Read a font out of its file; None where none is named."""
    if not (path := line(value)):
        return None
    try:
        data = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    try:
        ImageFont.truetype(io.BytesIO(data))
    except OSError as error:
        raise ValueError(f"{path}: no font that Pillow can read: {error}") from error
    return Font(Path(path).name, hashlib.sha256(data).hexdigest(), data)


def topics(value: Any) -> tuple[Topic, ...]:
    """Read the searches that have a name, each of which has an address of its own."""
    if not isinstance(value, Mapping):
        raise TypeError("a table of names and searches")
    topics = tuple(parse_topic(named(name), named(asked)) for name, asked in value.items())
    names: dict[str, str] = {}
    for topic in topics:
        if topic.key.text == TOPIC_PREFIX:
            raise ValueError(f"{topic.name}: has no letter for its address")
        if len(topic.key.text.encode()) > _LONGEST:
            raise ValueError(f"{topic.name[:20]}…: is too long for the name of a file")
        if topic.key.text in names:
            raise ValueError(f"{topic.name}: has the same address as {names[topic.key.text]}, /{topic.key.text}")
        names[topic.key.text] = topic.name
    return topics


def hub(value: Any) -> str:
    """Read the address of a hub, or nothing."""
    if value and not _ADDRESS.fullmatch(line(value)):
        raise ValueError(f"an address like https://hub.example.org/, not {value!r}")
    return line(value)


def language(value: Any) -> str:
    """Read a language tag (BCP 47)."""
    tag = named(value)
    if not all(part.isalnum() and part.isascii() and len(part) <= 8 for part in tag.split("-")):
        raise ValueError(f"a language tag like ko or en, not {value!r}")
    return tag


def interface(value: Any) -> str:
    """Read a language that there are words in, or nothing."""
    if value and value not in LANGUAGES:
        raise ValueError(f"{' or '.join(LANGUAGES)}, or nothing, not {value!r}")
    return str(value)
