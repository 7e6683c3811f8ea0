"""Reads the settings of a site, and says which one is wrong."""

import hashlib
import io
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import time
from difflib import get_close_matches
from email.errors import HeaderParseError
from email.headerregistry import Address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import ImageFont

from feeds import text
from feeds.errors import QueryError, SettingsError
from feeds.site import Font, Site, Topic, read_topic
from feeds.wording import LANGUAGES

_ADDRESS = re.compile(r"https?://[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")  # RFC 3986, which headers can hold


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, and as whom; `port` is None for the usual one of the security."""

    smtp_host: str = ""
    smtp_port: int | None = None
    smtp_security: str = "starttls"
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    mail_from: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings: those of the site, which documents follow from, and those of what fetches and sends."""

    site: Site = field(default_factory=Site)
    mail: MailServer = field(default_factory=MailServer)
    private_images: bool = False


def load(folder: Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings: `feeds.toml` in the archive's folder or at $FEEDS_CONFIG, then FEEDS_<NAME> over them.

    Raises SettingsError, which names the file or the variable, for an unknown setting or a wrong value.
    """
    path = Path(environ.get("FEEDS_CONFIG") or folder / "feeds.toml")
    values: dict[str, Any] = {}
    for name, value in _file(path, required="FEEDS_CONFIG" in environ).items():
        if name == "cover_font" and isinstance(value, str) and value:
            value = os.path.join(path.parent, os.path.expanduser(value))
        values[name] = _read(name, value, f"{path}: {name}")
    for name in _SETTINGS.keys() - {"topics"}:  # a table does not fit into a variable
        variable = f"FEEDS_{name.upper()}"
        if environ.get(variable):
            values[name] = _read(name, environ[variable], variable)
    return Settings(
        site=replace(Site(), **_of(Site, values)),
        mail=MailServer(**_of(MailServer, values)),
        private_images=values.get("private_images", False),
    )


def _of(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    return {each.name: values[each.name] for each in fields(kind) if each.name in values}


def _file(path: Path, required: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        if required:
            raise SettingsError(f"{path}: no such file; FEEDS_CONFIG names it") from error
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _read(name: str, value: Any, where: str) -> Any:
    if name not in _SETTINGS:
        close = get_close_matches(name, _SETTINGS, 1)
        raise SettingsError(f"{where}: no such setting" + (f"; did you mean {close[0]}?" if close else ""))
    try:
        return _SETTINGS[name](value)
    except (ValueError, TypeError, QueryError) as error:
        raise SettingsError(f"{where}: {error}") from error


def _line(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text, not {value!r}")
    return " ".join(text.clean(value).split())


def _ascii(value: Any) -> str:
    if not _line(value).isascii():
        raise ValueError("ASCII only, which is all that Python's smtplib can say")
    return str(value)


def _named(value: Any) -> str:
    if not (line := _line(value)):
        raise ValueError("must not be empty")
    return line


def _number(most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= most:
            raise ValueError(f"a number from 1 to {most}, not {value!r}")
        return number

    return read


def _one_of(*names: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in names:
            raise ValueError(f"{' or '.join(names)}, not {value!r}")
        return str(value)

    return read


def _flag(value: Any) -> bool:
    flags: dict[Any, bool] = {True: True, False: False, "true": True, "false": False}
    if not isinstance(value, bool | str) or value not in flags:
        raise ValueError(f"true or false, not {value!r}")
    return flags[value]


def mail_address(written: Any) -> str:
    """Read the address of a mailbox. Raises ValueError for what is none."""
    try:
        return Address(addr_spec=_named(written)).addr_spec
    except (IndexError, HeaderParseError) as error:  # which it raises too for what it does not understand
        raise ValueError(f"a mail address, not {written!r}") from error


def _time(value: Any) -> time:
    read = time.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(read, time) or read.tzinfo or read.microsecond:
        raise ValueError(f"a time in UTC like 23:00, not {value!r}")
    return read


def _base_url(value: Any) -> str:
    url = _line(value).rstrip("/")
    parts = urlsplit(url)
    if not _ADDRESS.fullmatch(url) or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"an address like https://papers.example.org, not {value!r}")
    return url


def _font(value: Any) -> Font | None:
    if not (path := _line(value)):
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


def _topics(value: Any) -> tuple[Topic, ...]:
    if not isinstance(value, Mapping):
        raise TypeError("a table of names and searches")
    return tuple(read_topic(_named(name), _named(asked)) for name, asked in value.items())


def _hub(value: Any) -> str:
    if value and not _ADDRESS.fullmatch(_line(value)):
        raise ValueError(f"an address like https://hub.example.org/, not {value!r}")
    return _line(value)


def _language(value: Any) -> str:
    tag = _named(value)
    if not all(part.isalnum() and part.isascii() and len(part) <= 8 for part in tag.split("-")):
        raise ValueError(f"a language tag like ko or en, not {value!r}")
    return tag


def _interface(value: Any) -> str:
    if value and value not in LANGUAGES:
        raise ValueError(f"{' or '.join(LANGUAGES)}, or nothing, not {value!r}")
    return str(value)


_SETTINGS = {
    "title": _named,
    "description": _named,
    "author": _named,
    "language": _language,
    "interface": _interface,
    "rights": _line,
    "base_url": _base_url,
    "id": _named,
    "publish_at": _time,
    "latest_days": _number(1000),
    "latest_papers": _number(1000),
    "hub": _hub,
    "topics": _topics,
    "cover_font": _font,
    "private_images": _flag,
    "smtp_host": _line,
    "smtp_port": _number(65535),
    "smtp_security": _one_of("starttls", "tls", "none"),
    "smtp_user": _ascii,
    "smtp_password": _ascii,
    "mail_from": mail_address,
}
_READ = {each.name for kind in (Site, MailServer, Settings) for each in fields(kind)}
assert set(_SETTINGS) == _READ - {"formats", "sizes", "reader", "site", "mail"}  # noqa: S101  # each setting has a reader
