"""Reads the settings of a site, and says which one is wrong."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import time
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from feeds import text
from feeds.errors import QueryError, SettingsError
from feeds.site import Site, Topic, read_topic

_ADDRESS = re.compile(r"https?://[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")  # RFC 3986, which headers can hold


def load(folder: Path, environ: Mapping[str, str]) -> Site:
    """Read the settings: `feeds.toml` in the archive's folder or at $FEEDS_CONFIG, then FEEDS_<NAME> over them.

    Raises SettingsError, which names the file or the variable, for an unknown setting or a wrong value.
    """
    path = Path(environ.get("FEEDS_CONFIG") or folder / "feeds.toml")
    site = Site()
    for name, value in _file(path, required="FEEDS_CONFIG" in environ).items():
        site = _set(site, name, value, f"{path}: {name}")
    for name in _SETTINGS.keys() - {"topics"}:  # a table does not fit into a variable
        variable = f"FEEDS_{name.upper()}"
        if environ.get(variable):
            site = _set(site, name, environ[variable], variable)
    return site


def _file(path: Path, required: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        if required:
            raise SettingsError(f"{path}: no such file; FEEDS_CONFIG names it") from error
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _set(site: Site, name: str, value: Any, where: str) -> Site:
    if name not in _SETTINGS:
        close = get_close_matches(name, _SETTINGS, 1)
        raise SettingsError(f"{where}: no such setting" + (f"; did you mean {close[0]}?" if close else ""))
    try:
        read: dict[str, Any] = {name: _SETTINGS[name](value)}
        return replace(site, **read)
    except (ValueError, TypeError, QueryError) as error:
        raise SettingsError(f"{where}: {error}") from error


def _line(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text, not {value!r}")
    return " ".join(text.clean(value).split())


def _named(value: Any) -> str:
    if not (line := _line(value)):
        raise ValueError("must not be empty")
    return line


def _count(value: Any) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 1000:
        raise ValueError(f"a number from 1 to 1000, not {value!r}")
    return number


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


_SETTINGS = {
    "title": _named,
    "description": _named,
    "author": _named,
    "language": _language,
    "rights": _line,
    "base_url": _base_url,
    "id": _named,
    "publish_at": _time,
    "latest_days": _count,
    "latest_papers": _count,
    "hub": _hub,
    "topics": _topics,
}
assert set(_SETTINGS) == {each.name for each in fields(Site)} - {"formats", "sizes"}  # noqa: S101  # each setting has a reader
