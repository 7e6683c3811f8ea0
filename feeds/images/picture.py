"""The data of the picture store: a picture in several sizes, and what is known about an image URL."""

from dataclasses import dataclass
from datetime import datetime

FOLDER = "pictures"
"""The folder of a site that has the renditions."""

MEDIA_TYPES = {".jpg": "image/jpeg", ".png": "image/png"}
"""The media types of renditions by the suffixes of their names."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """One size of a picture before it is stored; the media type is image/jpeg or image/png."""

    media_type: str
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Rendition:
    """One size of a stored picture.

    `name` is the SHA-256 of the bytes with the suffix `.jpg` or `.png`, `length` their number.
    """

    name: str
    media_type: str
    width: int
    height: int
    length: int

    @property
    def path(self) -> str:
        """The path at which sites serve it, under the base URL."""
        return f"{FOLDER}/{self.name}"


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored picture: at least one rendition, largest first, and when these renditions were first stored (UTC)."""

    renditions: tuple[Rendition, ...]
    stored: datetime

    @property
    def by_width(self) -> tuple[Rendition, ...]:
        """The smallest file of each width, the widest first: what pages let browsers choose from."""
        return tuple({rendition.width: rendition for rendition in self.renditions}.values())


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """What is known about an image URL: its picture, its HTTP validators, and the result of the last request.

    `failures` counts consecutive failed requests, the last of which was at `checked` and ended with `error`. The
    picture survives them.
    """

    picture: Picture | None
    etag: str
    last_modified: str
    checked: datetime
    error: str
    failures: int
