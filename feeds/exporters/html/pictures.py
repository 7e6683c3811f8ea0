"""Chooses what stands for a paper on a page: its stored picture, the image of the source, or a tile with a word."""

import re
from typing import NamedTuple
from zlib import crc32

from feeds.images.picture import Picture
from feeds.model.paper import Paper

TILES = 6
"""The number of colours of tiles; the style sheet has a class for each."""

_SOURCE_SIZE = (1600, 900)  # pixels; what most digests show
_WORD = re.compile(r"\w[\w+.-]*")
_MAX_WORD = 12  # characters
_NAME = re.compile(r"(?=.*[A-Z].*[A-Z]|.*\d)")  # an acronym or the name of a model


class PageImage(NamedTuple):
    """An image of a page: URLs, and the width and height of the large one in pixels.

    `srcset` names all sizes of a stored picture; it is empty for an image of the source, whose size is not known.
    """

    thumb: str
    large: str
    srcset: str
    width: int
    height: int


def stored_image(picture: Picture, base_path: str) -> PageImage:
    """Return the image of a stored picture; links start with `base_path`."""
    sizes = picture.by_width
    urls = [f"{base_path}/{rendition.path}" for rendition in sizes]
    srcset = ", ".join(f"{url} {rendition.width}w" for url, rendition in zip(urls, sizes, strict=True))
    return PageImage(urls[-1], urls[0], srcset, sizes[0].width, sizes[0].height)


def source_image(url: str) -> PageImage:
    """Return the image of a URL outside."""
    return PageImage(url, url, "", *_SOURCE_SIZE)


class Tile(NamedTuple):
    """What stands in the place of a picture: a word on a colour, numbered from 1."""

    word: str
    color: int


def paper_tile(paper: Paper) -> Tile:
    """Return the tile of a paper, always the same one."""
    return Tile(_telling_word(paper.plain_title), crc32(paper.slug.encode()) % TILES + 1)


def _telling_word(title: str) -> str:
    """Return the name before the colon, else the first name, else the longest word."""
    head, colon, _ = title.partition(":")
    if colon and len(head) <= _MAX_WORD:
        return head.strip()
    words = [word.rstrip(".-") for word in _WORD.findall(title)]
    fitting = [word for word in words if len(word) <= _MAX_WORD] or [word[:1] for word in words]
    names = [word for word in fitting if _NAME.match(word)]
    return next(iter(names), max(fitting, key=len, default=""))
