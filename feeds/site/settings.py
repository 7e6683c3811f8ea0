"""Loads the settings of a site from `feeds.toml` and the environment, and reports those that are wrong."""

import os
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from feeds.errors import SettingsError
from feeds.files import atomic_write, read_regular_file
from feeds.site import validators
from feeds.site.defaults import defaults_of
from feeds.site.site import Site

Checks = Mapping[str, Callable[[str], object]]
"""For settings that list names: raises ValueError for one that is wrong."""

_MAX_SIZE = 1_000_000  # bytes of a file
_MAX_ERRORS = 100  # that are listed
_MAX_MESSAGE = 500  # characters
# Takes tomllib time that grows with the square of the number of parts.
_LONG_KEY = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){100}")
_MULTILINE_STRING = re.compile(r"\"{3}.*?\"{3}|'{3}.*?'{3}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MailServer:
    """The mail server, the login and the sender for mails. Without `smtp_port` the security's usual port is used."""

    smtp_host: str = ""
    smtp_port: int | None = None
    smtp_security: str = "starttls"
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    mail_from: str = ""


class SettingError(NamedTuple):
    """A setting that is wrong. `location` is `PATH:LINE`, or the name of an environment variable."""

    location: str
    message: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings: of documents, mails and fetching images, which other formats are offered, and what is read.

    `error` is set if these are the last ones without an error.
    """

    site: Site = field(default_factory=Site)
    mail: MailServer = field(default_factory=MailServer)
    private_images: bool = False
    build_formats: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    date_pattern: str = ""
    error: SettingError | None = None


class Setting(NamedTuple):
    """How the value of a setting is parsed, and what it means."""

    parse: validators.Validator
    description: str


def load(
    folder: Path,
    environ: Mapping[str, str],
    checks: Checks | None = None,
    copy: Path | None = None,
    *,
    is_serving: bool = False,
) -> Settings:
    """Load the settings from `feeds.toml` in the archive's folder, or $FEEDS_CONFIG, and from FEEDS_<NAME> variables.

    Variables take precedence; empty ones count as not set. Raises SettingsError if a setting is unknown or its value is
    wrong.

    Args:
        folder: the archive's folder.
        environ: the environment.
        checks: for `build.formats` and `readers`, whose names depend on what is installed.
        copy: a file that keeps `feeds.toml` as it was read last. It is read while the folder is missing, empty or
            unreadable, as when a volume is not mounted: other settings would give other URLs and IDs.
        is_serving: also read the copy while `feeds.toml` is wrong, so that a service outlives a slip of the pen.
    """
    if environ.get("FEEDS_CONFIG"):
        copy = None
    last = copy if copy and copy.exists() else None
    is_lost = copy is not None and _is_lost(folder)
    if last and is_lost:
        settings, _ = load_with_errors(folder, environ, checks, last)
        return settings  # it had no errors but those that the lost folder brings, such as a missing font
    settings, errors = load_with_errors(folder, environ, checks)
    if errors and last and is_serving:
        settings, errors_of_last = load_with_errors(folder, environ, checks, last)
        if not errors_of_last:
            return replace(settings, error=errors[0])
    for location, message in errors:
        raise SettingsError(f"{location}: {message}")
    if copy and not is_lost:
        with suppress(OSError):  # a disk that is full or cannot be written
            _keep_copy(folder / "feeds.toml", copy)
    return settings


def _is_lost(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return not any(entries)
    except OSError:
        return True


def _keep_copy(path: Path, copy: Path) -> None:
    try:
        data = read_regular_file(path, _MAX_SIZE)
    except FileNotFoundError:
        copy.unlink(missing_ok=True)
        return
    if not copy.exists() or copy.read_bytes() != data:
        copy.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(copy, data, mode=0o600)  # it may hold a password


def load_with_errors(
    folder: Path, environ: Mapping[str, str], checks: Checks | None = None, copy: Path | None = None
) -> tuple[Settings, list[SettingError]]:
    """Load the settings as `load` does, and list all errors; a setting that is wrong keeps its default.

    A `copy` is read in place of the `feeds.toml` in the folder.
    """
    configured = environ.get("FEEDS_CONFIG")
    loader = _Loader(checks or {}, Path(configured).parent if configured else folder)
    loader.read_file(Path(configured) if configured else copy or folder / "feeds.toml", is_required=bool(configured))
    loader.read_environment(environ)
    values = loader.values
    settings = Settings(
        Site(**_select(Site, _defaults(values) | values)),
        MailServer(**_select(MailServer, values)),
        values.get("private_images", False),
        values.get("build.formats", ()),
        **{name: values[name] for name in ("readers", "files", "date_pattern") if name in values},
    )
    return settings, loader.errors


def _defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults that depend on the language of the site."""
    return defaults_of(values["language"])._asdict() if "language" in values else {}


def example(values: Mapping[str, object] | None = None) -> str:
    """Return a settings file that explains every setting and shows its default in comments; it sets some `values`."""
    import tomli_w

    defaults = asdict(Settings())
    flat = defaults | defaults.pop("site") | defaults.pop("mail")
    flat["build.formats"] = flat.pop("build_formats")
    flat["topics"] = {topic.name: topic.search for topic in Site().topics}
    parts = ["# Settings of daily-papers-feeds. Those that are commented out show their defaults.\n"]
    tables = {name for name, value in flat.items() if isinstance(value, dict) or "." in name}
    for name in sorted(SETTINGS, key=lambda name: name in tables):  # a table extends to the end of a file
        is_set = name in (values or {})
        value = values[name] if values and is_set else "" if flat[name] is None else flat[name]
        table, _, entry = name.rpartition(".")
        shown = tomli_w.dumps({table: {entry: value}} if table else {entry: value}, multiline_strings=False)
        parts.append(_comment("\n".join(textwrap.wrap(SETTINGS[name].description, 100))))
        parts.append(shown if is_set else _comment(shown))
    return "\n".join(parts)


def _comment(text: str) -> str:
    return "\n".join(f"# {line}" if line else "" for line in text.split("\n"))


def _select(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are fields of a dataclass."""
    return {item.name: values[item.name] for item in fields(kind) if item.name in values}


class _Loader:
    """Collects the values of settings, and errors. Paths in files are relative to `folder`."""

    def __init__(self, checks: Checks, folder: Path) -> None:
        self._checks = checks
        self._folder = folder
        self.values: dict[str, Any] = {}
        self.errors: list[SettingError] = []

    def read_file(self, path: Path, is_required: bool) -> None:
        """Read a TOML file."""
        try:
            text = read_regular_file(path, _MAX_SIZE).decode().replace("\r\n", "\n")
            table = _parse_toml(text)
        except (FileNotFoundError, NotADirectoryError):
            self._report_missing(path, is_required)
        except OSError as error:
            self._report(str(path), f"cannot be read: {error.strerror}")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            self._report(f"{path}:{line}", f"not UTF-8: {error.reason}; save the file as UTF-8")
        except RecursionError:
            self._report(str(path), "not read: its lists or tables are nested too deeply")
        except ValueError as error:  # of tomllib
            line = _line_of_syntax_error(text, error)
            self._report(f"{path}:{line}", f"not valid TOML: {error}; see https://toml.io")
        else:
            self._read_table(path, text, table)

    def read_environment(self, environ: Mapping[str, str]) -> None:
        """Read the variable FEEDS_<NAME> of every setting."""
        for name in SETTINGS:
            variable = f"FEEDS_{name.upper().replace('.', '_')}"
            if environ.get(variable) and name != "topics":  # a variable cannot hold a table
                try:
                    self.values[name] = self._parse(name, environ[variable])
                except ValueError as error:
                    self._report(variable, str(error))

    def _report(self, location: str, message: str) -> None:
        shown = message if len(message) <= _MAX_MESSAGE else f"{message[:_MAX_MESSAGE]}…"
        self.errors.append(SettingError(location, shown))

    def _report_missing(self, path: Path, is_required: bool) -> None:
        if is_required:
            self._report(str(path), "no such file; create it or change FEEDS_CONFIG")
        elif path.is_symlink():
            self._report(str(path), "a link to a file that does not exist; mend or delete it")

    def _read_table(self, path: Path, text: str, table: Mapping[str, Any]) -> None:
        for name, value in _flatten(table):
            if len(self.errors) == _MAX_ERRORS:
                self._report(str(path), "further errors are not listed; correct the others first")
                break
            self._read_entry(path, text, name, value)

    def _read_entry(self, path: Path, text: str, name: str, value: Any) -> None:
        if name not in SETTINGS:
            similar = get_close_matches(name, SETTINGS, 1)
            hint = f"; did you mean {similar[0]}?" if similar else "; `feeds init` lists all settings"
            line = _find_line(text, *name.split("."))
            self._report(f"{path}:{line}", f"{name}: no such setting{hint}")
            return
        if name == "cover_font" and isinstance(value, str) and value:
            value = os.path.join(self._folder, os.path.expanduser(value))
        try:
            self.values[name] = self._parse(name, value)
        except ValueError as error:
            names = [*name.split("."), *([error.entry] if isinstance(error, validators.InvalidEntryError) else [])]
            self._report(f"{path}:{_find_line(text, *names)}", f"{name}: {error}")

    def _parse(self, name: str, value: Any) -> Any:
        parsed = SETTINGS[name].parse(value)
        for entry in parsed if name in self._checks else ():
            self._checks[name](entry)
        return parsed


def _parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML. Raises ValueError if it is not valid, and RecursionError if it is nested too deeply."""
    import tomllib  # here, because many archives have no settings

    if _LONG_KEY.search(text):
        raise RecursionError
    return tomllib.loads(text)


def _flatten(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """List the settings of a file by name; `formats` in the table `build` is `build.formats`."""
    for name, value in table.items():
        if isinstance(value, dict) and any(other.startswith(f"{name}.") for other in SETTINGS):
            yield from ((f"{name}.{entry}", entry_value) for entry, entry_value in value.items())
        else:
            yield name, value


def _find_line(text: str, *names: str) -> int:
    """Return the line of a setting, or of an entry of its table; tomllib does not know the lines of values."""
    text = _MULTILINE_STRING.sub(lambda match: "\n" * match[0].count("\n"), text)
    start = 0
    for name in names:
        key = rf"""(?:{re.escape(name)}|"{re.escape(name)}"|'{re.escape(name)}')"""
        if match := re.compile(rf"^[ \t]*(\[[ \t]*)?{key}[ \t]*[].=]", re.MULTILINE).search(text, start):
            start = match.start()
    return text.count("\n", 0, start) + 1


def _line_of_syntax_error(text: str, error: ValueError) -> int:
    match = re.search(r"\(at line (\d+), column \d+\)$", str(error))
    return int(match[1]) if match else text.count("\n") + 1  # "at end of document"


SETTINGS: Mapping[str, Setting] = {
    "title": Setting(validators.non_empty, "Title of the site, its feeds and its books."),
    "description": Setting(
        validators.non_empty,
        "What the site publishes, in one sentence. The default and that of `topics` are in the `language` if it is"
        " Korean, Japanese or Chinese, otherwise in English.",
    ),
    "author": Setting(validators.non_empty, "Author of the feeds and books."),
    "language": Setting(
        validators.language_tag,
        "Language of the digests, such as `ko` or `en`. Feeds and books add words in this language if it is translated,"
        " otherwise in English.",
    ),
    "interface": Setting(
        validators.interface_language,
        "Language of the pages: `en`, `ja`, `ko` or `zh`. If empty, each reader's browser chooses.",
    ),
    "rights": Setting(validators.single_line, "Licence or copyright notice of the texts."),
    "base_url": Setting(
        validators.base_url,
        "Public URL of the site, which all links start with. `feeds serve` replaces the default with its own host and"
        " port.",
    ),
    "id": Setting(
        validators.non_empty,
        "Name from which the IDs of feeds and books are derived. Choose it before you publish, and never change it.",
    ),
    "publish_at": Setting(validators.time_of_day, "Time of day, in UTC, at which the papers of a day are published."),
    "latest_days": Setting(validators.positive_int(1000), "Maximum number of days in `latest`, up to 1000."),
    "latest_papers": Setting(validators.positive_int(1000), "Maximum number of papers in `latest`, up to 1000."),
    "hub": Setting(
        validators.optional(validators.web_url, ""),
        "URL of a WebSub hub, which is notified of changes and tells subscribers at once.",
    ),
    "topics": Setting(
        validators.topics,
        "Named searches, offered on the home page, in the OPDS catalogs and in the OPML subscription list.",
    ),
    "readers": Setting(
        validators.names,
        "Readers of the digests, in the order in which a file is shown to them; `feeds readers` lists them. If empty,"
        " `daily-papers` if it finds a paper, or else the one that finds the most.",
    ),
    "files": Setting(
        validators.patterns,
        "Which files are read, such as `data/*.jsonl` or `**/*.md`, relative to the archive's folder. If empty, all"
        " that the readers know.",
    ),
    "date_pattern": Setting(
        validators.date_pattern,
        "Where paths and headings have their dates, if they are not found by themselves, such as `digest-%y%m%d`.",
    ),
    "build.formats": Setting(
        validators.names,
        "Formats that pages link to and builds contain besides the usual ones, such as `epub` for every kind of edition"
        " or `paper.ris` for one.",
    ),
    "cover_font": Setting(
        validators.font_file,
        "TrueType or OpenType file for book covers, relative to the folder of `feeds.toml`. If empty, Noto Sans KR.",
    ),
    "private_images": Setting(validators.boolean, "Whether `feeds images` may connect to private networks."),
    "smtp_host": Setting(validators.single_line, "Host name of the mail server that `feeds send` uses."),
    "smtp_port": Setting(
        validators.optional(validators.positive_int(65535), None),
        "Port of the mail server. If empty, 587 for `starttls`, 465 for `tls` and 25 for `none`.",
    ),
    "smtp_security": Setting(
        validators.one_of("starttls", "tls", "none"),
        "Encryption of the connection to the mail server: `starttls`, `tls` or `none`.",
    ),
    "smtp_user": Setting(validators.ascii_text, "User name for the mail server, if it requires a login."),
    "smtp_password": Setting(
        validators.ascii_text,
        "Password for the mail server. Prefer the environment variable `FEEDS_SMTP_PASSWORD` to the file.",
    ),
    "mail_from": Setting(
        validators.optional(validators.mail_address, ""),
        "Sender of mails; if empty, `smtp_user`. A Kindle accepts only senders that are approved in its settings.",
    ),
}
"""All settings by name."""
