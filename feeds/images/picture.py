"""What is known of a picture: its sizes, and how asking for it went."""

from dataclasses import dataclass
from datetime import datetime

from feeds.errors import FeedsError


class StoreError(FeedsError):
    """The store of pictures cannot be used, or has lost a file."""


class ImageError(FeedsError):
    """These bytes are no picture that can be shown."""


@dataclass(frozen=True, slots=True)
class Converted:
    """One size of a picture that is not in the store yet; the media type is JPEG or PNG."""

    media_type: str
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Rendition:
    """One size of a picture. Its name is the SHA-256 of its bytes and `.jpg` or `.png`; its length is in bytes."""

    name: str
    media_type: str
    width: int
    height: int
    length: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in the store: at least one rendition, the largest first, and since when (UTC) it looks so."""

    renditions: tuple[Rendition, ...]
    stored: datetime


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of an address: its picture, what the server said of it, and how asking went when last `checked`.

    `failures` counts those in a row; a picture stays after them.
    """

    picture: Picture | None
    etag: str
    last_modified: str
    checked: datetime
    error: str
    failures: int
