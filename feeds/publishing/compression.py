"""Content codings: documents made smaller for the way (RFC 9110 section 8.4)."""

import gzip
import io
from collections.abc import Callable

import brotli
import zstandard

_SMALLEST = 512  # bytes of a document that is worth it


def _gzip(body: bytes) -> bytes:
    file = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed:
        packed.write(body)
    return file.getvalue()


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstandard.compress(body, 9),
    "br": lambda body: brotli.compress(body, quality=5),
    "gzip": _gzip,
}
"""What can be done to a document, by its name in Accept-Encoding, the best one first."""


def is_worth_it(media_type: str, size: int) -> bool:
    """Whether a document gets smaller: text does, books and pictures are packed already."""
    kind = media_type.partition(";")[0]
    return size >= _SMALLEST and (kind.startswith("text/") or kind.endswith(("xml", "json", "x-bibtex")))
