"""Hashes our own code, so that results of older code count as outdated."""

import hashlib
import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from feeds import NAME

_IGNORED = {"__pycache__", "static", "README.md"}


@cache
def packages_fingerprint(*names: str) -> str:
    """Hash every file of some packages, such as `feeds.text`, but for static files and documents."""
    return hash_files(path for name in names for path in _package_folder(name).rglob("*"))


def hash_files(paths: Iterable[Path]) -> str:
    """Hash the names and contents of files; caches, static files and documents are left out."""
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file() and not _IGNORED.intersection(path.parts)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def dependency_versions() -> str:
    """List the run-time dependencies with their installed versions.

    Installers name folders NAME-VERSION.dist-info. To read them is quick; to import importlib.metadata takes as long as
    Python takes to start.
    """
    installed = _installed_distributions()
    metadata = (installed[_normalize(NAME)] / "METADATA").read_text(encoding="utf-8")
    names = re.findall(r"^Requires-Dist: ([\w.-]+)(?!.*extra ==)", metadata, re.MULTILINE)
    return " ".join(f"{name} {_version(installed[_normalize(name)])}" for name in names)


def _installed_distributions() -> dict[str, Path]:
    """Return the metadata folders of all distributions by name; the first on the path is the one that is imported."""
    folders = [path for folder in sys.path for path in Path(folder).glob("*-*.dist-info")]
    return {_normalize(path.name.partition("-")[0]): path for path in reversed(folders)}


def _normalize(name: str) -> str:
    """Normalize the name of a distribution (https://packaging.python.org/en/latest/specifications/name-normalization/)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _version(path: Path) -> str:
    return path.stem.partition("-")[2]


def _package_folder(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).parent
