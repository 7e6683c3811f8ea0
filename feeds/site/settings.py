"""Reads the settings of a site, and says which one is wrong."""

import os
import re
import textwrap
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import tomli_w

from feeds.errors import QueryError, SettingsError
from feeds.site import validators as schema
from feeds.site.site import Site

_LONG_TEXT = re.compile(r"\"{3}.*?\"{3}|'{3}.*?'{3}", re.DOTALL)


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


class Setting(NamedTuple):
    """How a setting is read, and what it is about."""

    read: Callable[[Any], Any]
    about: str


class Wrong(NamedTuple):
    """What is wrong with a setting, and where: a variable, or a file and the line in it."""

    place: str
    message: str


def load(folder: Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings: `feeds.toml` in the archive's folder or at $FEEDS_CONFIG, then FEEDS_<NAME> over them.

    Raises SettingsError, which names the line of the file or the variable, for an unknown setting or a wrong value.
    """
    settings, wrong = look(folder, environ)
    for place, message in wrong:
        raise SettingsError(f"{place}: {message}")
    return settings


def look(folder: Path, environ: Mapping[str, str]) -> tuple[Settings, list[Wrong]]:
    """Read the settings as `load` does, and list all that is wrong; what is wrong stays at its default."""
    path = Path(environ.get("FEEDS_CONFIG") or folder / "feeds.toml")
    wrong: list[Wrong] = []
    written = _written(path, required="FEEDS_CONFIG" in environ, wrong=wrong)
    values: dict[str, Any] = {}
    for name, value in _file(path, written, wrong).items():
        if name == "cover_font" and isinstance(value, str) and value:
            value = os.path.join(path.parent, os.path.expanduser(value))
        values |= _value(name, value, f"{path}:{_line_of(written, name, value)}", f"{name}: ", wrong)
    for name in SETTINGS.keys() - {"topics"}:  # a table does not fit into a variable
        variable = f"FEEDS_{name.upper()}"
        if environ.get(variable):
            values |= _value(name, environ[variable], variable, "", wrong)
    settings = Settings(
        site=replace(Site(), **_of(Site, values)),
        mail=MailServer(**_of(MailServer, values)),
        private_images=values.get("private_images", False),
    )
    return settings, wrong


def example() -> str:
    """Write a settings file that holds every setting with its default, all of it in comments."""
    defaults = asdict(Settings())
    flat = defaults | defaults.pop("site") | defaults.pop("mail")
    flat["topics"] = {topic.name: topic.search for topic in Site().topics}
    parts = ["The settings of daily-papers-feeds. What is a comment here has its default.\n"]
    for name in sorted(SETTINGS, key=lambda name: isinstance(flat[name], dict)):  # what stands behind a table is in it
        value = "" if flat[name] is None else flat[name]
        parts.append("\n".join([*textwrap.wrap(SETTINGS[name].about, 100), tomli_w.dumps({name: value})]))
    return "\n".join(f"# {line}" if line else "" for part in parts for line in part.split("\n"))


def _of(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    return {each.name: values[each.name] for each in fields(kind) if each.name in values}


def _written(path: Path, required: bool, wrong: list[Wrong]) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        if required:
            wrong.append(Wrong(str(path), "no such file; FEEDS_CONFIG names it"))
    except (OSError, ValueError) as error:
        wrong.append(Wrong(str(path), str(error)))
    return ""


def _file(path: Path, written: str, wrong: list[Wrong]) -> dict[str, Any]:
    try:
        return tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        line = int(at[1]) if at else written.count("\n") + 1  # it says "at end of document"
        wrong.append(Wrong(f"{path}:{line}", str(error)))
        return {}


def _line_of(written: str, name: str, value: Any) -> int:
    """Find the line that a name is set in, in a table that of the entry which is wrong; tomllib tells no lines."""
    entries = [each for each, asked in value.items() if _is_no_topic(each, asked)] if isinstance(value, dict) else []
    written = _LONG_TEXT.sub(lambda text: "\n" * text[0].count("\n"), written)
    start = 0
    for each in [name, *entries[:1]]:
        key = rf"""(?:{re.escape(each)}|"{re.escape(each)}"|'{re.escape(each)}')"""
        if found := re.compile(rf"^[ \t]*(\[[ \t]*)?{key}[ \t]*[].=]", re.MULTILINE).search(written, start):
            start = found.start()
    return written.count("\n", 0, start) + 1


def _is_no_topic(name: str, asked: Any) -> bool:
    try:
        schema.topics({name: asked})
    except (ValueError, TypeError, QueryError):
        return True
    return False


def _value(name: str, written: Any, place: str, what: str, wrong: list[Wrong]) -> dict[str, Any]:
    """Read the value of a setting, under its name, or say what is wrong with it."""
    if name not in SETTINGS:
        close = get_close_matches(name, SETTINGS, 1)
        meant = f"; did you mean {close[0]}?" if close else ""
        wrong.append(Wrong(place, f"{what}no such setting{meant}"))
        return {}
    try:
        return {name: SETTINGS[name].read(written)}
    except (ValueError, TypeError, QueryError) as error:
        wrong.append(Wrong(place, f"{what}{error}"))
        return {}


SETTINGS: Mapping[str, Setting] = {
    "title": Setting(schema.named, "of the site, its feeds and its books"),
    "description": Setting(schema.named, "what is published, in a sentence"),
    "author": Setting(schema.named, "of the feeds and books"),
    "language": Setting(
        schema.language, "of the summaries, and of the words around them in feeds and books (`ko` or `en`)"
    ),
    "interface": Setting(
        schema.interface, "the language of the pages: `ko` or `en`; if empty, what each reader's browser asks for"
    ),
    "rights": Setting(schema.line, "under what the texts may be used"),
    "base_url": Setting(
        schema.base_url,
        "what every address starts with: set it to where the world sees the service;"
        " `feeds serve` puts its own port into the default",
    ),
    "id": Setting(schema.named, "goes into the ids of feeds; set it once and never change it"),
    "publish_at": Setting(schema.time_of_day, "the time of day, UTC, at which a digest appears"),
    "latest_days": Setting(schema.number(1000), "days of `latest`"),
    "latest_papers": Setting(schema.number(1000), "papers of `latest`, at most"),
    "hub": Setting(schema.hub, "address of a WebSub hub, which then tells subscribers at once"),
    "topics": Setting(
        schema.topics, "a table of names and searches, which the reading list, the catalogues and the home page offer"
    ),
    "cover_font": Setting(
        schema.font, "a TrueType or OpenType file for the covers of books; with one that has Hangul they are in Korean"
    ),
    "private_images": Setting(schema.flag, "whether `feeds images` may ask servers in private networks"),
    "smtp_host": Setting(schema.line, "the mail server of `feeds send`"),
    "smtp_port": Setting(
        schema.optional(schema.number(65535), None), "its port; if empty, the usual one of the security"
    ),
    "smtp_security": Setting(schema.one_of("starttls", "tls", "none"), "`starttls`, `tls` or `none`"),
    "smtp_user": Setting(schema.ascii_text, "if the server wants one"),
    "smtp_password": Setting(schema.ascii_text, "if the server wants one; better in the environment than in the file"),
    "mail_from": Setting(
        schema.optional(schema.mail_address, ""), "the sender, which a Kindle must know; if empty, `smtp_user`"
    ),
}
"""Every setting by its name."""
_READ = {each.name for kind in (Site, MailServer, Settings) for each in fields(kind)}
assert set(SETTINGS) == _READ - {"site", "mail"}  # noqa: S101  # each setting has a reader
