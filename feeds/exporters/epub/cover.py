"""Covers: the date large, and the titles that got most votes, as a JPEG of the same bytes on every machine.

The font is Pillow's own, or that of the setting `cover_font`. What it lacks is spelled or left out.
"""

import io
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from feeds.archive.edition import Edition
from feeds.exporters.contract import CUTS, Kind
from feeds.model.key import Key, Scope
from feeds.site.site import Font, Site
from feeds.text.titles import title_text
from feeds.text.unicode import LATIN_TO_ASCII


class Size(NamedTuple):
    """Of a picture, in pixels."""

    width: int
    height: int


class _Face(NamedTuple):
    """What a cover says in its upper part, from small to large."""

    above: str
    large: str
    below: str


class _Box(NamedTuple):
    """A part of the cover over its whole width, in pixels."""

    top: int
    height: int


_SIZE = Size(1200, 1600)
_SMALLER = 4  # times: a thumbnail
_QUALITY = 80
_MARGIN = 90
_HEAD = 860  # pixels: the upper part, in a colour of the scope
_COLOURS = {Scope.DAY: "#1d3557", Scope.WEEK: "#1b4d4b", Scope.MONTH: "#5b2333", Scope.YEAR: "#3d2c5e"}
_OTHERWISE = "#2f3640"
_TITLES = 6
_LONGEST = 600  # characters of a text that are looked at
_LONGEST_LINE = 200
_SPELLED = LATIN_TO_ASCII | str.maketrans(
    {"×": "x", "–": "-", "—": "-", "−": "-", "‐": "-", "→": "->", "≤": "<=", "≥": ">=", "∞": "infinity", "•": "·"}
)
_INVISIBLE = ("Cf", "Cc", "Mn", "Me")  # categories of characters that make no sense on their own
_LACKING = "\uffff"  # no character, so that a font draws what it draws for those that it lacks


class CoverExporter:
    """The cover of a book."""

    name = "cover"
    suffix = ".cover.jpg"
    media_type = "image/jpeg"
    kind = Kind.COVER
    scopes = CUTS
    size = _SIZE

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Draw the cover."""
        yield _written(draw(edition, site))


class ThumbnailExporter:
    """The cover of a book, small."""

    name = "thumbnail"
    suffix = ".thumbnail.jpg"
    media_type = "image/jpeg"
    kind = Kind.COVER
    scopes = CUTS
    size = Size(_SIZE.width // _SMALLER, _SIZE.height // _SMALLER)

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Draw the cover and make it small."""
        yield _written(draw(edition, site).reduce(_SMALLER))


def draw(edition: Edition, site: Site) -> Image.Image:
    """Draw the cover of an edition."""
    face = _face(edition, site, _Type(site.cover_font))
    colour = _COLOURS.get(edition.key.scope, _OTHERWISE)
    return _drawn(site.title, face, tuple(_titles(edition)), colour, site.cover_font)


@lru_cache(maxsize=2)
def _drawn(name: str, face: _Face, titles: tuple[str, ...], colour: str, font: Font | None) -> Image.Image:
    """Draw a cover, or give the last one again: a book, its cover and its thumbnail are asked for together."""
    picture = Image.new("RGB", _SIZE, "white")
    canvas = ImageDraw.Draw(picture)
    canvas.rectangle((0, 0, _SIZE.width, _HEAD), fill=colour)
    type_ = _Type(font)
    _write(canvas, type_, name, _Box(90, 65), (52, 40), "white")
    _write(canvas, type_, face.above, _Box(250, 150), (120, 70), "white")
    _write(canvas, type_, face.large, _Box(410, 340 if face.below else 430), (330, 260, 190, 140, 96, 72, 54), "white")
    _write(canvas, type_, face.below, _Box(785, 65), (52, 40), "white")
    y = _HEAD + 60
    for title in titles:
        height = 120 if len(titles) > 1 else 600
        y = _write(canvas, type_, title, _Box(y, height), (46,), "#1d1d1f") + 30
        if y > _SIZE.height - 120:
            break
    return picture


def _face(edition: Edition, site: Site, type_: "_Type") -> _Face:
    """Say what an edition is: in digits, which every font has, and in words if the font has all of them."""
    key = edition.key
    papers = site.words.ngettext("{count} paper", "{count} papers", len(edition.papers))
    count = papers if type_.has(papers) else f"{len(edition.papers)} paper{'s' * (len(edition.papers) != 1)}"
    if key.scope is Scope.DAY and key.since:
        return _Face(f"{key.since:%Y}", f"{key.since:%m.%d}", count)
    if key.scope is Scope.WEEK and key.since and key.until:
        return _Face(key.text[:4], key.text[5:], f"{key.since:%m.%d} - {key.until:%m.%d} · {count}")
    if key.scope is Scope.MONTH and key.since:
        return _Face(f"{key.since:%Y}", f"{key.since:%m}", count)
    if key.scope is Scope.YEAR:
        return _Face("", key.text, count)
    named, extent = site.name(edition), _extent(edition)
    if key.scope is Scope.PAPER:
        return _Face(" · ".join(filter(None, [extent, *(paper.arxiv_id for paper in edition.papers)])), named, "")
    return _Face(extent, named if type_.has(named) else _spelled_key(key, type_), count)


def _extent(edition: Edition) -> str:
    days = sorted({paper.day for paper in edition.papers})
    return " - ".join(f"{day:%Y.%m.%d}" for day in dict.fromkeys((days[0], days[-1]))) if days else ""


def _spelled_key(key: Key, type_: "_Type") -> str:
    """Name an edition by its key, a search by those of its words that the font has."""
    words = [word for group in key.query.terms for word in group if type_.has(word)]
    return ", ".join(words) or key.text.capitalize()


def _titles(edition: Edition) -> list[str]:
    """List the titles that got most votes; of a single paper its title is on the cover anyway."""
    if edition.key.scope is Scope.PAPER:
        return [", ".join(edition.papers[0].authors)] if edition.papers else []
    return [title_text(paper.title) for paper in edition.most_voted(_TITLES)]


class _Type:
    """A typeface: measures, and spells what it lacks."""

    def __init__(self, font: Font | None) -> None:
        self._font = _loaded(font)
        self._lacking = bytes(self._font.getmask(_LACKING))
        self._known: dict[str, bool] = {" ": True}

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """Give the font in a size, in pixels."""
        return self._font.font_variant(size=size)

    def has(self, written: str) -> bool:
        """Whether the font has every character of a text."""
        return all(map(self._has, written))

    def spell(self, written: str) -> str:
        """Write a text with the characters that the font has; of one that loses most of its letters, nothing."""
        spelled = " ".join("".join(map(self._spell, unicodedata.normalize("NFC", written))).split())
        return spelled if 2 * _letters(spelled) >= _letters(written) else ""

    def _has(self, character: str) -> bool:
        if unicodedata.category(character) in _INVISIBLE:
            return False
        if character not in self._known:
            self._known[character] = bytes(self._font.getmask(character)) != self._lacking
        return self._known[character]

    def _spell(self, character: str) -> str:
        name = unicodedata.name(character, "")
        greek = name.rpartition(" ")[2].lower() if name.startswith("GREEK") else ""
        bare = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
        found = next(filter(self.has, [character, character.translate(_SPELLED), bare, greek]), "")
        return found or (" " if character.isspace() else "")


def _letters(written: str) -> int:
    return sum(each.isalnum() for each in written)


@lru_cache(maxsize=4)
def _loaded(font: Font | None) -> ImageFont.FreeTypeFont:
    """Load a font; the basic layout needs no library of the machine's."""
    if font is None:
        own = ImageFont.load_default(size=100)
        assert isinstance(own, ImageFont.FreeTypeFont)  # noqa: S101  # Pillow's wheels have FreeType
        return own.font_variant(layout_engine=ImageFont.Layout.BASIC)
    return ImageFont.truetype(io.BytesIO(font.data), 100, layout_engine=ImageFont.Layout.BASIC)


def _write(canvas: ImageDraw.ImageDraw, type_: _Type, text: str, box: _Box, sizes: tuple[int, ...], colour: str) -> int:
    """Write a text in the first of the sizes in which it fits into a box, else cut it; say where it ends."""
    spelled = type_.spell(text[:_LONGEST])
    for size in sizes:
        font, step = type_.at(size), size * 5 // 4
        lines, most = _wrapped(spelled, font), 1 + (box.height - size) // step
        if len(lines) <= most:
            break
    else:
        lines = [*lines[: most - 1], _cut(" ".join(lines[most - 1 :]), font)]
    for number, line in enumerate(lines):
        # On its baseline: how far a font reaches above its letters differs.
        canvas.text((_MARGIN, box.top + size * 4 // 5 + number * step), line, font=font, fill=colour, anchor="ls")
    return box.top + len(lines) * step


def _wrapped(text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    """Break a text into lines at its spaces; a word that is too long for a line, anywhere."""
    lines = [""]
    for word in chain.from_iterable(_pieces(word, font) for word in text.split()):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= _SIZE.width - 2 * _MARGIN:
            lines[-1] = longer
        else:
            lines.append(word)
    return [line for line in lines if line]


def _pieces(word: str, font: ImageFont.FreeTypeFont) -> Iterator[str]:
    piece = ""
    for character in word:
        if piece and font.getlength(piece + character) > _SIZE.width - 2 * _MARGIN:
            yield piece
            piece = ""
        piece += character
    yield piece


def _cut(text: str, font: ImageFont.FreeTypeFont) -> str:
    text = text[:_LONGEST_LINE]
    while text and font.getlength(f"{text}...") > _SIZE.width - 2 * _MARGIN:
        text = text[:-1].rstrip()
    return f"{text}..."


def _written(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
