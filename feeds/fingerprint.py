"""Hashes our own code, so that results of older code count as outdated."""

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import distributions, version
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
    """List the run-time dependencies with their installed versions."""
    # A source checkout may carry stale metadata of its own that comes first on the path.
    candidates = list(distributions(name=NAME))
    distribution = next((candidate for candidate in candidates if candidate.read_text("METADATA")), candidates[0])
    names = [
        re.split(r"[^\w.-]", requirement)[0]
        for requirement in distribution.requires or ()
        if "extra ==" not in requirement
    ]
    return " ".join(f"{name} {version(name)}" for name in names)


def _package_folder(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).parent
