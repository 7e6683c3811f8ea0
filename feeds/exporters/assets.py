"""What pages are made with: stylesheet, script and the icons of the site."""

import io
from collections.abc import Iterator
from typing import ClassVar

import resvg_py
from PIL import Image

from feeds.archive.edition import Edition
from feeds.exporters.contract import Kind, Scope
from feeds.exporters.format import Format
from feeds.exporters.templates import source
from feeds.site.site import Site

_ICON = "favicon.svg"
_ICO_SIZES = (48, 32, 16)  # pixels
_TOUCH_SIZE = 180  # pixels, of the largest iPhone
_TOUCH_DRAWING = 120  # pixels; the corners are cut off by whoever shows it
_TOUCH_GROUND = "#fff"


class _Asset:
    """A template as it stands, the same for all sites."""

    kind = Kind.RESOURCE
    scopes = frozenset({Scope.SITE})
    is_static = True
    template: ClassVar[str]

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:  # noqa: ARG002  # the same for all
        """Give the template as it stands."""
        yield source(self.template).encode()


class StylesheetExporter(_Asset):
    """The stylesheet of the pages."""

    name = "css"
    suffix = ".css"
    media_type = "text/css; charset=utf-8"
    site_keys = ("style",)
    template = "style.css"


class EReaderStylesheetExporter(_Asset):
    """The stylesheet of the page for e-readers, whose browsers know little."""

    name = "e-reader"
    suffix = ".css"
    media_type = "text/css; charset=utf-8"
    site_keys = ("e-reader",)
    template = "e_reader.css"


class ScriptExporter(_Asset):
    """The script of the pages, which work without it."""

    name = "script"
    suffix = ".js"
    media_type = "text/javascript; charset=utf-8"
    site_keys = ("script",)
    template = "script.js"


class IconExporter(_Asset):
    """The icon of the site, light or dark as the browser is."""

    name = "icon"
    suffix = ".svg"
    media_type = "image/svg+xml"
    site_keys = ("favicon",)
    template = _ICON


class IcoExporter:
    """The icon for browsers that know no SVG, and for whoever asks for it unasked."""

    name = "ico"
    suffix = ".ico"
    media_type = "image/vnd.microsoft.icon"
    kind = Kind.RESOURCE
    scopes = frozenset({Scope.SITE})
    site_keys = ("favicon",)
    is_static = True

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:  # noqa: ARG002  # the same for all
        """Draw the icon in each size, for what is drawn small is sharper than what is made small."""
        largest, *smaller = map(_drawn, _ICO_SIZES)
        file = io.BytesIO()
        largest.save(file, "ICO", sizes=[(size, size) for size in _ICO_SIZES], append_images=smaller)
        yield file.getvalue()


class TouchIconExporter:
    """The icon on the home screen of a phone: opaque, since iOS shows black where there is nothing."""

    name = "touch-icon"
    suffix = ".png"
    media_type = "image/png"
    kind = Kind.RESOURCE
    scopes = frozenset({Scope.SITE})
    site_keys = ("apple-touch-icon",)
    is_static = True

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:  # noqa: ARG002  # the same for all
        """Draw the icon in the middle of its ground."""
        drawing = _drawn(_TOUCH_DRAWING)
        picture = Image.new("RGB", (_TOUCH_SIZE, _TOUCH_SIZE), _TOUCH_GROUND)
        margin = (_TOUCH_SIZE - _TOUCH_DRAWING) // 2
        picture.paste(drawing, (margin, margin), mask=drawing)
        file = io.BytesIO()
        picture.save(file, "PNG", optimize=True)
        yield file.getvalue()


ASSETS: tuple[Format, ...] = (
    *(StylesheetExporter(), EReaderStylesheetExporter(), ScriptExporter()),
    *(IconExporter(), IcoExporter(), TouchIconExporter()),
)
"""All of them."""


def _drawn(size: int) -> Image.Image:
    """Draw the icon, in its light colours, so many pixels wide and high."""
    png = resvg_py.svg_to_bytes(svg_string=source(_ICON), width=size, height=size, skip_system_fonts=True)
    return Image.open(io.BytesIO(png)).convert("RGBA")
