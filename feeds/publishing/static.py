"""Static files: those of the pages, which depend on nothing but the version, and pictures from the store."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib.resources import files

from feeds.errors import StoreError
from feeds.images.picture import FOLDER, MEDIA_TYPES
from feeds.images.store import Store

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ico": "image/vnd.microsoft.icon",
    ".png": "image/png",
}


_ETAG_LENGTH = 32  # hexadecimal digits
_PICTURE = re.compile(rf"{FOLDER}/([0-9a-f]{{64}})(\.[a-z]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file that is served as it is, by its path under the base URL.

    `read` returns its bytes, and raises StoreError if the picture store has lost them. The path of a picture, which
    `is_immutable`, changes with its bytes.
    """

    path: str
    media_type: str
    etag: str
    read: Callable[[], bytes] = field(repr=False, compare=False)
    is_immutable: bool = False


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Return the static files of the pages by their paths."""
    result = {}
    for file in sorted(files("feeds.exporters.html").joinpath("static").iterdir(), key=lambda file: file.name):
        data = file.read_bytes()
        media_type = _MEDIA_TYPES["." + file.name.rpartition(".")[2]]
        etag = hashlib.sha256(data).hexdigest()[:_ETAG_LENGTH]
        result[file.name] = StaticFile(file.name, media_type, etag, partial(bytes, data))
    return result


def picture_file(store: Store, path: str) -> StaticFile | None:
    """Return the picture at a path such as `pictures/<SHA-256>.jpg`; None if no picture can be there."""
    match = _PICTURE.fullmatch(path)
    media_type = match and MEDIA_TYPES.get(match[2])
    if match is None or media_type is None:
        return None
    name = "".join(match.groups())
    return StaticFile(path, media_type, name[:_ETAG_LENGTH], partial(store.read, name), is_immutable=True)


def find_picture(store: Store, path: str) -> StaticFile | None:
    """Return the picture at a path, with its bytes in memory; None if the store does not have it."""
    file = picture_file(store, path)
    try:
        return file and replace(file, read=partial(bytes, file.read()))
    except StoreError:
        return None
