"""Compresses documents with the content codings of HTTP (RFC 9110 section 8.4.1)."""

import gzip
import io
from collections.abc import Callable

import brotli
import zstandard

_MIN_SIZE = 512  # bytes; smaller documents hardly shrink


def _gzip(body: bytes) -> bytes:
    # Not gzip.compress: with mtime=0 it lets zlib write the header, which names the operating system.
    file = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as compressed:
        compressed.write(body)
    return file.getvalue()


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstandard.compress(body, 9),
    "br": lambda body: brotli.compress(body, quality=5),
    "gzip": _gzip,
}
"""The compressors by their names in Accept-Encoding, the preferred one first."""


def should_compress(media_type: str, size: int) -> bool:
    """Return True if compression makes a document of `size` bytes smaller: texts yes, books and pictures no."""
    essence = media_type.partition(";")[0]
    return size >= _MIN_SIZE and (essence.startswith("text/") or essence.endswith(("xml", "json", "x-bibtex")))
