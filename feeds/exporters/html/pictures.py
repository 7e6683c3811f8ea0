"""Chooses what stands for a paper on a page: its stored picture, the image of the source, or a tile with a word."""

import re
from typing import NamedTuple
from zlib import crc32

from feeds.images.picture import Picture
from feeds.model.paper import Paper
from feeds.site.site import Site

TILES = 6
"""The number of colours of tiles; the style sheet has a class for each."""

_SOURCE_SIZE = (1600, 900)  # pixels; what most digests show
_WORD = re.compile(r"\w[\w+.-]*")
_MAX_WORD = 12  # characters
_NAME = re.compile(r"(?=.*[A-Z].*[A-Z]|.*\d)")  # an acronym or the name of a model


class PageImage(NamedTuple):
    """An image of a page: links to a small and a large file, and the width and height of the large one in pixels.

    `url` is the absolute URL of the large one. `srcset` names all widths of a stored picture; it is empty for an image
    of the source, whose size is not known.
    """

    thumb: str
    large: str
    url: str
    srcset: str
    width: int
    height: int


def stored_image(picture: Picture, site: Site) -> PageImage:
    """Return the image of a stored picture."""
    renditions = picture.by_width
    links = [f"{site.base_path}/{rendition.path}" for rendition in renditions]
    widths = [f"{link} {rendition.width}w" for link, rendition in zip(links, renditions, strict=True)]
    largest = renditions[0]
    return PageImage(links[-1], links[0], site.url(largest.path), ", ".join(widths), largest.width, largest.height)


def source_image(url: str) -> PageImage:
    """Return the image of a URL outside."""
    return PageImage(url, url, url, "", *_SOURCE_SIZE)


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
