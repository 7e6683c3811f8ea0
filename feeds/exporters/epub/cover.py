"""Draws covers: the date or name of an edition and its most voted titles, as JPEG files.

The bytes are the same on every machine: the font is the Noto Sans KR of a package, or that of the setting `cover_font`.
Characters without a glyph are transliterated or left out.
"""

import io
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import pylopdf_fonts_ko

from feeds.exporters.contract import PAPER_SCOPES, Kind, RenderContext
from feeds.model.edition import Edition
from feeds.model.keys import Key, PaperKey, PeriodKey, Scope, SearchKey, TopKey
from feeds.site.i18n import Locale, get_locale
from feeds.site.site import Font
from feeds.text.unicode import LATIN_TO_ASCII

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont


class Size(NamedTuple):
    """The size of a picture in pixels."""

    width: int
    height: int


class Heading(NamedTuple):
    """The text in the upper part of a cover: a large line between two small ones."""

    above: str
    large: str
    below: str


class _Box(NamedTuple):
    """A strip of the cover over its whole width, in pixels."""

    top: int
    height: int


SETTINGS = frozenset({"title", "language", "topics", "cover_font"})
"""The settings that a cover depends on."""

_SIZE = Size(1200, 1600)
_THUMBNAIL_SCALE = 4  # the cover is this many times as large
_JPEG_QUALITY = 80
_MARGIN = 90
_HEADING_HEIGHT = 860
_COLORS = {
    Scope.DAY: "#1d3557",
    Scope.WEEK: "#1b4d4b",
    Scope.MONTH: "#5b2333",
    Scope.YEAR: "#3d2c5e",
    Scope.TOP: "#6b4a12",
}
_DEFAULT_COLOR = "#2f3640"
_MAX_TITLES = 6
_MAX_TEXT = 600  # characters; what follows is not drawn
_MAX_LINE = 200
_TRANSLITERATIONS = LATIN_TO_ASCII | str.maketrans(
    {"×": "x", "–": "-", "—": "-", "−": "-", "‐": "-", "→": "->", "≤": "<=", "≥": ">=", "∞": "infinity", "•": "·"}
)
_INVISIBLE = ("Cf", "Cc", "Mn", "Me")  # Unicode categories of characters that show nothing on their own
_NONCHARACTER = "\uffff"  # no font has it, so its glyph is the one drawn for missing characters

OFFERED = PAPER_SCOPES - {Scope.PAPER, Scope.ALL}
"""The scopes that books are offered for: a single paper is a page, and all papers are too many for a book."""


class CoverExporter:
    """The cover of a book."""

    name = "cover"
    suffix = ".cover.jpg"
    media_type = "image/jpeg"
    kind = Kind.COVER
    scopes = PAPER_SCOPES
    offered = OFFERED - {Scope.DAY, Scope.WEEK, Scope.TOP}  # of these, catalogs show the thumbnail
    settings = SETTINGS
    size = _SIZE

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render a cover."""
        yield render_cover(edition, context)


class ThumbnailExporter:
    """The cover of a book, reduced in size."""

    name = "thumbnail"
    suffix = ".thumbnail.jpg"
    media_type = "image/jpeg"
    kind = Kind.COVER
    scopes = PAPER_SCOPES
    offered = OFFERED
    settings = SETTINGS
    size = Size(_SIZE.width // _THUMBNAIL_SCALE, _SIZE.height // _THUMBNAIL_SCALE)

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render a thumbnail."""
        yield _encode_jpeg(draw_cover(edition, context).reduce(_THUMBNAIL_SCALE))


def render_cover(edition: Edition, context: RenderContext) -> bytes:
    """Render the cover of an edition as a JPEG file."""
    return _encode_jpeg(draw_cover(edition, context))


def draw_cover(edition: Edition, context: RenderContext) -> "Image.Image":
    """Draw the cover of an edition. The image may be shared with other callers; do not change it."""
    font = context.site.cover_font
    heading = cover_heading(edition, context, load_typeface(font))
    color = _COLORS.get(edition.key.scope, _DEFAULT_COLOR)
    return _draw(context.site.title, heading, _body_texts(edition), color, font)


def cover_heading(edition: Edition, context: RenderContext, typeface: "Typeface") -> Heading:
    """Return the heading in the site's language, or in English if the font has no glyphs for that."""
    if not typeface.has_glyphs(_count_papers(edition, context.locale)):
        context = replace(context, locale=get_locale("en"))
    key, count = edition.key, _count_papers(edition, context.locale)
    if isinstance(key, PeriodKey):
        return _period_heading(key, count, context.locale)
    if isinstance(key, TopKey):
        heading = _period_heading(key.period, count, context.locale)
        return heading._replace(above=f"{context.locale.gettext('Most voted')} · {heading.above}")
    name, extent = context.name(edition), _extent(edition, context.locale)
    if isinstance(key, PaperKey):
        return Heading(" · ".join(filter(None, [extent, *(paper.arxiv_id for paper in edition.papers)])), name, "")
    return Heading(extent, name if typeface.has_glyphs(name) else _fallback_name(key, typeface), count)


def _count_papers(edition: Edition, locale: Locale) -> str:
    return locale.ngettext("{count} paper", "{count} papers", len(edition.listings))


def _period_heading(key: PeriodKey, count: str, locale: Locale) -> Heading:
    if key.scope is Scope.WEEK:
        thursday = key.first + timedelta(days=3)  # always lies in the year that the week is counted in (ISO 8601)
        week = locale.gettext("Week {week}", week=key.first.isocalendar().week)
        days = locale.format_range(key.first, key.last)
        return Heading(locale.format_skeleton(thursday, "y"), week, f"{days} · {count}")
    year = locale.format_skeleton(key.first, "y")
    if key.scope is Scope.DAY:
        return Heading(year, locale.format_day_of_month(key.first), count)
    if key.scope is Scope.MONTH:
        return Heading(year, locale.format_skeleton(key.first, "MMMM"), count)
    return Heading("", year, count)


def _extent(edition: Edition, locale: Locale) -> str:
    """Return the first and the last day with a paper."""
    days = sorted(day.date for day in edition.days if day.listings)
    return locale.format_range(days[0], days[-1], "yMMMd") if days else ""


def _fallback_name(key: Key, typeface: "Typeface") -> str:
    """Name an edition by its key, a search by those of its terms that the font has glyphs for."""
    terms = [term for group in key.query.terms for term in group] if isinstance(key, SearchKey) else []
    return ", ".join(filter(typeface.has_glyphs, terms)) or key.text.capitalize()


def _body_texts(edition: Edition) -> tuple[str, ...]:
    """Return the texts below the heading: the titles with the most votes, or the authors of a single paper."""
    if isinstance(edition.key, PaperKey):
        return tuple(", ".join(paper.authors) for paper in edition.papers)
    return tuple(listing.paper.plain_title for listing in edition.most_voted(_MAX_TITLES))


@lru_cache(maxsize=1)  # a book, its cover and its thumbnail are rendered one after another
def _draw(site_title: str, heading: Heading, texts: Sequence[str], color: str, font: Font | None) -> "Image.Image":
    from PIL import Image, ImageDraw  # here, because only drawing needs Pillow

    image = Image.new("RGB", _SIZE, "white")
    canvas = ImageDraw.Draw(image)
    canvas.rectangle((0, 0, _SIZE.width, _HEADING_HEIGHT), fill=color)
    typeface = load_typeface(font)
    sizes = (330, 260, 190, 140, 96, 72, 54)
    _draw_text(canvas, typeface, site_title, _Box(90, 65), (52, 40), "white")
    _draw_text(canvas, typeface, heading.above, _Box(250, 150), (120, 70), "white")
    _draw_text(canvas, typeface, heading.large, _Box(410, 340 if heading.below else 430), sizes, "white")
    _draw_text(canvas, typeface, heading.below, _Box(785, 65), (52, 40), "white")
    y = _HEADING_HEIGHT + 60
    for text in texts:
        height = 120 if len(texts) > 1 else 600
        y = _draw_text(canvas, typeface, text, _Box(y, height), (46,), "#1d1d1f") + 30
        if y > _SIZE.height - 120:
            break
    return image


class Typeface:
    """A font in all sizes; Noto Sans KR if none is given. It remembers its sizes and which characters have glyphs."""

    def __init__(self, font: Font | None) -> None:
        # With the basic layout: the other one depends on a library of the machine.
        from PIL import ImageFont  # as above

        file = io.BytesIO(font.data) if font else pylopdf_fonts_ko.sans_path()
        self._font = ImageFont.truetype(file, 100, layout_engine=ImageFont.Layout.BASIC)
        self._sizes: dict[int, ImageFont.FreeTypeFont] = {}
        self._missing_glyph = bytes(self._font.getmask(_NONCHARACTER))
        self._glyphs: dict[str, bool] = {" ": True}

    def at_size(self, size: int) -> "ImageFont.FreeTypeFont":
        """Return the font in a size in pixels."""
        if size not in self._sizes:
            self._sizes[size] = self._font.font_variant(size=size)
        return self._sizes[size]

    def has_glyphs(self, text: str) -> bool:
        """Return True if the font has a glyph for every character of a text."""
        return all(map(self._has_glyph, text))

    def transliterate(self, text: str) -> str:
        """Write a text with the font's glyphs, leaving out what has no equivalent; empty if most letters have none."""
        composed = unicodedata.normalize("NFC", text)
        result = " ".join("".join(map(self._transliterate_character, composed)).split())
        return result if 2 * _count_letters(result) >= _count_letters(text) else ""

    def _has_glyph(self, character: str) -> bool:
        if character not in self._glyphs:
            is_visible = unicodedata.category(character) not in _INVISIBLE
            self._glyphs[character] = is_visible and bytes(self._font.getmask(character)) != self._missing_glyph
        return self._glyphs[character]

    def _transliterate_character(self, character: str) -> str:
        if self._has_glyph(character):
            return character
        name = unicodedata.name(character, "")
        greek = name.rpartition(" ")[2].lower() if name.startswith("GREEK") else ""
        base = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
        candidates = (character.translate(_TRANSLITERATIONS), base, greek)
        return next(filter(self.has_glyphs, candidates), "") or (" " if character.isspace() else "")


def _count_letters(text: str) -> int:
    return sum(character.isalnum() for character in text)


@lru_cache(maxsize=2)
def load_typeface(font: Font | None) -> Typeface:
    """Return the typeface of a font, the same for all covers of a process: reading a font takes long."""
    return Typeface(font)


def _draw_text(
    canvas: "ImageDraw.ImageDraw", typeface: Typeface, text: str, box: _Box, sizes: Sequence[int], color: str
) -> int:
    """Draw a text in the first of the sizes that fits into a box, else truncated in the last; return where it ends."""
    available = typeface.transliterate(text[:_MAX_TEXT])
    for size in sizes:
        font, line_height = typeface.at_size(size), size * 5 // 4
        lines, max_lines = _wrap(available, font), 1 + (box.height - size) // line_height
        if len(lines) <= max_lines:
            break
    else:
        lines = [*lines[: max_lines - 1], _truncate(" ".join(lines[max_lines - 1 :]), font)]
    for number, line in enumerate(lines):
        # Placed by its baseline: fonts differ in how far they reach above their letters.
        baseline = box.top + size * 4 // 5 + number * line_height
        canvas.text((_MARGIN, baseline), line, font=font, fill=color, anchor="ls")
    return box.top + len(lines) * line_height


def _wrap(text: str, font: "ImageFont.FreeTypeFont") -> list[str]:
    """Break a text into lines at its spaces, a word that is wider than a line anywhere."""
    lines = [""]
    for word in chain.from_iterable(_break_word(word, font) for word in text.split()):
        line = f"{lines[-1]} {word}".strip()
        if _fits(line, font):
            lines[-1] = line
        else:
            lines.append(word)
    return [line for line in lines if line]


def _break_word(word: str, font: "ImageFont.FreeTypeFont") -> Iterator[str]:
    if _fits(word, font):
        yield word
        return
    part = ""
    for character in word:
        if part and not _fits(part + character, font):
            yield part
            part = ""
        part += character
    yield part


def _truncate(text: str, font: "ImageFont.FreeTypeFont") -> str:
    lengths = range(1, min(len(text), _MAX_LINE) + 1)
    fitting = bisect_left(lengths, True, key=lambda length: not _fits(_with_ellipsis(text[:length]), font))
    return _with_ellipsis(text[:fitting])


def _with_ellipsis(text: str) -> str:
    return f"{text.rstrip()}..."


def _fits(line: str, font: "ImageFont.FreeTypeFont") -> bool:
    return font.getlength(line) <= _SIZE.width - 2 * _MARGIN


def _encode_jpeg(image: "Image.Image") -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()
