"""Renders the configurations, each from the templates in the folder of its name."""

import json
import re
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from feeds.errors import FeedsError
from feeds.exporters.registry import Registry
from feeds.hosting.static_site import describe_static_site
from feeds.http import limits
from feeds.site.site import Site

EXAMPLE_URL = "https://papers.example.org"
"""What stands in the place of a base URL that is not set."""

_PORTS = {"http": 80, "https": 443}
_PLAIN_ARGUMENT = re.compile(r"[\w./:=@,+-]+", re.ASCII)
_OF_ONE_MACHINE = {"FEEDS_ARCHIVE", "FEEDS_INDEX", "FEEDS_IMAGES", "FEEDS_METADATA", "FEEDS_SMTP_PASSWORD"}


class Installation(NamedTuple):
    """Where the parts of an installation are.

    Attributes:
        archive: the folder of the archive.
        port: that the app listens on.
        site_folder: the folder of a built site, whose files are then served; None to have the app serve everything.
        environ: the environment, whose settings the processes of the app get as well, but for the password.
    """

    archive: Path
    port: int
    site_folder: Path | None
    environ: Mapping[str, str]


def names() -> list[str]:
    """List the names of the configurations."""
    return sorted(folder.name for folder in files("feeds.hosting").joinpath("templates").iterdir() if folder.is_dir())


def render(name: str, site: Site, formats: Registry, installation: Installation) -> dict[str, str]:
    """Render the files of a configuration, by their names.

    Raises FeedsError if the folder of the built site does not fit the path of the base URL.
    """
    variables = _variables(installation.environ)
    if site.base_url == Site().base_url:
        site = replace(site, base_url=EXAMPLE_URL)
        variables["FEEDS_BASE_URL"] = EXAMPLE_URL
    url = urlsplit(site.base_url)
    host = url.hostname or ""
    values = {
        "archive": installation.archive,
        "port": installation.port,
        "site_folder": installation.site_folder,
        "variables": variables,
        "site": site,
        "url": url,
        "host": f"[{host}]" if ":" in host else host,
        "listen_port": url.port or _PORTS[url.scheme],
        "base_path": site.base_path,
        "root": _root(site, installation.site_folder),
        "limits": limits,
        "static": describe_static_site(formats),
        "program": Path(sysconfig.get_path("scripts"), "feeds"),
        "is_at_home": _is_at_home(installation),
    }
    templates = files("feeds.hosting").joinpath("templates", name).iterdir()
    rendered = {
        file: _environment().get_template(f"{name}/{file}").render(values)
        for file in sorted(template.name for template in templates)
    }
    return {file: text for file, text in rendered.items() if text}


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in the environment, with the path of their file as all processes find it."""
    names = sorted(name for name in environ if name.startswith("FEEDS_") and name not in _OF_ONE_MACHINE)
    variables = {name: environ[name] for name in names if environ[name]}
    if "FEEDS_CONFIG" in variables:
        variables["FEEDS_CONFIG"] = str(Path(variables["FEEDS_CONFIG"]).resolve())
    return variables


def _root(site: Site, folder: Path | None) -> Path | None:
    """Return the folder to which a web server appends the paths of URLs."""
    if folder is None:
        return None
    if not str(folder).endswith(site.base_path):
        raise FeedsError(f"{folder}: does not end like the URL {site.base_url}; build into a folder {site.base_path}")
    return Path(str(folder).removesuffix(site.base_path) or "/")


def _is_at_home(installation: Installation) -> bool:
    """Return True if a part of the installation, or Python itself, is in a home folder."""
    parts = [installation.archive, installation.site_folder or Path("/"), Path(sys.prefix), Path(sys.base_prefix)]
    return any(part.is_relative_to(home) for part in parts for home in ("/home", "/root"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("feeds.hosting"),
        autoescape=False,  # noqa: S701  # each file has quotes of its own, and filters for them
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "regex": lambda text: re.escape(str(text)),
        "quote": _quote,
        "argument": _argument,
        "variable": lambda text: _quote(text).replace("%", "%%"),
        "yaml": lambda text: json.dumps(str(text), ensure_ascii=False).replace("$", "$$"),  # of a Compose file
    }
    return environment


def _quote(text: object) -> str:
    """Quote a text for nginx, a Caddyfile or systemd."""
    escaped = str(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _argument(text: object) -> str:
    """Write an argument of a command for systemd, which replaces specifiers such as %h and variables."""
    return str(text) if _PLAIN_ARGUMENT.fullmatch(str(text)) else _quote(text).replace("%", "%%").replace("$", "$$")
