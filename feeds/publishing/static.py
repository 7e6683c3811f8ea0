"""Static files of the pages: style sheets, the script and the icons. They depend on nothing but the version."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ico": "image/vnd.microsoft.icon",
    ".png": "image/png",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file that is served as it is, by its path under the base URL."""

    path: str
    media_type: str
    etag: str
    data: bytes = field(repr=False)


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Return all static files by their paths."""
    result = {}
    for file in sorted(files("feeds.exporters.html").joinpath("static").iterdir(), key=lambda file: file.name):
        data = file.read_bytes()
        media_type = _MEDIA_TYPES["." + file.name.rpartition(".")[2]]
        result[file.name] = StaticFile(file.name, media_type, hashlib.sha256(data).hexdigest()[:32], data)
    return result
