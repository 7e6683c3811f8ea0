"""Turns what was fetched into what e-readers show: baseline JPEG or PNG, in three sizes.

The bytes may come from anybody and the libraries that decode them are written in C and Rust, so they run in a process
of their own, which may neither go on for long nor take much memory.
"""

import contextlib
import io
import json
import re
import resource
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

import resvg_py
from PIL import AvifImagePlugin, Image, ImageCms, ImageOps, UnidentifiedImageError

from feeds.images.picture import Converted, ImageError

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF")
_MEGAPIXELS = 40
_SECONDS = 30.0  # that a picture may take; 40 megapixels take about two
_MEMORY = 2_000_000_000  # bytes, of addresses: 40 megapixels in four colours, several times over
_QUALITIES = (88, 80, 72, 64, 56, 48)
_SHRINKING = 0.85  # of width and height, where no quality is low enough
_SVG = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|!DOCTYPE\s+svg|(?:\w+:)?svg[\s>/])")
_SVG_LONGEST = 2000  # pixels of the longer side
_SVG_WIDTH = 1000  # pixels; a drawing has no size of its own
_EMBEDDED = re.compile(r"#|data:image/(?:png|jpe?g|gif|webp)[;,]", re.IGNORECASE)
_NUMBER = re.compile(r"\s*(\d+\.?\d*|\.\d+)\s*(?:px|pt|mm|cm|in|em|ex|pc)?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a rendition may be, in pixels and bytes."""

    width: int
    height: int
    length: int


SIZES = (Size(1000, 2000, 80_000), Size(600, 1200, 25_000), Size(320, 640, 9_000))


def convert(data: bytes, seconds: float = _SECONDS) -> tuple[Converted, ...]:
    """Make the renditions of a picture, the largest first. Raises ImageError, whatever the bytes are.

    Pictures smaller than a size are not enlarged. The same bytes give the same renditions.
    """
    command = [sys.executable, "-P", "-m", __name__, str(seconds)]
    try:
        # A process group of its own: Ctrl+C is for the parent.
        done = subprocess.run(  # noqa: S603  # ourselves
            command, input=data, capture_output=True, timeout=seconds, check=False, process_group=0
        )
    except subprocess.TimeoutExpired as error:
        raise ImageError(f"takes more than {seconds:g} s to convert") from error
    try:
        header, _, rest = done.stdout.partition(b"\n")
        answer = json.loads(header)
    except ValueError as error:
        said = [line for line in done.stderr.decode(errors="replace").splitlines() if not line.startswith("note:")]
        last = next((line for line in reversed(said) if line.strip()), "")
        raise ImageError(f"cannot be converted: the converter ended with {done.returncode}: {last}"[:200]) from error
    if isinstance(answer, str):
        raise ImageError(answer)
    return tuple(_cut(answer, rest))


def _cut(header: list[tuple[str, int, int, int]], data: bytes) -> Iterator[Converted]:
    start = 0
    for media_type, width, height, length in header:
        yield Converted(media_type, width, height, data[start : start + length])
        start += length


def _renditions(data: bytes) -> Iterator[Converted]:
    picture = _drawn(data) if _SVG.match(data[:1000]) else _decoded(data)
    made: list[Converted] = []
    for size in SIZES:
        widest = min(size.width, made[-1].width) if made else size.width
        rendition = _encoded(picture, Size(widest, size.height, size.length))
        alike = [each for each in made if (each.width, each.height) == (rendition.width, rendition.height)]
        if all(len(rendition.data) < len(each.data) for each in alike):
            made.append(rendition)
            yield rendition


def _decoded(data: bytes) -> Image.Image:
    """Decode the first frame to grey or RGB in sRGB, no larger than the largest size."""
    try:
        picture = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise ImageError("is no PNG, JPEG, GIF, WebP, AVIF or SVG") from error
    with picture:
        if picture.width * picture.height > _MEGAPIXELS * 1_000_000:
            raise ImageError(f"has {picture.width}×{picture.height} pixels, more than {_MEGAPIXELS} megapixels")
        # JPEG alone can leave pixels out while decoding; the double is left for a good reduction of either orientation.
        picture.draft(None, (2 * SIZES[0].height, 2 * SIZES[0].height))
        picture.load()
        profile = picture.info.get("icc_profile")
        upright = _upright(picture)
        plain = _flattened(_fitted(_simple(upright), SIZES[0]))
        return _in_srgb(plain, profile)


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # metadata may hold anything; what it says of the picture is a nicety
        return picture


def _simple(picture: Image.Image) -> Image.Image:
    """Leave only modes that can be resized: L, RGB, CMYK, LA, RGBA."""
    if picture.mode.startswith("I"):
        # 16 bits, of which Pillow would clip all but the darkest 8.
        return picture.convert("F").point(lambda value: value * (1 / 257) + 0).convert("L")
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode in ("L", "1"):
        return picture.convert("L")
    return picture if picture.mode == "CMYK" else picture.convert("RGB")


def _flattened(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


def _in_srgb(picture: Image.Image, profile: object) -> Image.Image:
    result = picture
    if isinstance(profile, bytes) and profile:
        # A profile of another kind of colours, or a broken one, is as good as none.
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            changed = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            result = changed or picture
    if result.mode == "CMYK":
        result = result.convert("RGB")
    result.info.clear()  # Pillow writes some of it into files
    return result


def _fitted(picture: Image.Image, size: Size) -> Image.Image:
    scale = min(1.0, size.width / picture.width, size.height / picture.height)
    if scale == 1:
        return picture
    measures = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(measures, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _encoded(picture: Image.Image, size: Size) -> Converted:
    """Lower the quality until the picture is short enough, and then its size."""
    while True:
        fitted = _fitted(picture, size)
        exact = Converted("image/png", *fitted.size, _saved(fitted, "PNG", optimize=True))
        for quality in _QUALITIES:
            data = _saved(fitted, "JPEG", quality=quality, optimize=True, progressive=False)
            best = min(exact, Converted("image/jpeg", *fitted.size, data), key=lambda each: len(each.data))
            if len(best.data) <= size.length:
                return best
        smaller = (int(fitted.width * _SHRINKING), int(fitted.height * _SHRINKING))
        size = Size(max(1, smaller[0]), max(1, smaller[1]), size.length)


def _saved(picture: Image.Image, name: str, **options: bool | int) -> bytes:
    file = io.BytesIO()
    picture.save(file, name, **options)
    return file.getvalue()


def _drawn(data: bytes) -> Image.Image:
    """Draw an SVG on white."""
    try:
        # Expat reads no other file and bounds how far entities may grow.
        root = ElementTree.fromstring(data)  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ImageError(f"is broken SVG: {error}") from error
    if root.tag != "{http://www.w3.org/2000/svg}svg":
        raise ImageError("is XML, but no SVG")
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            # resvg would put any picture on this machine into ours: https://docs.rs/usvg struct.ImageHrefResolver
            if name.rpartition("}")[2] == "href" and not _EMBEDDED.match(value):
                del element.attrib[name]
    ratio = _ratio(root)
    width = max(1, round(min(_SVG_WIDTH, _SVG_LONGEST / ratio)))
    try:
        drawn = resvg_py.svg_to_bytes(
            svg_string=ElementTree.tostring(root, encoding="unicode"), width=width, dpi=96, background="white"
        )
        return _decoded(drawn)
    except Exception as error:  # resvg raises many kinds
        raise ImageError(f"is SVG that cannot be drawn: {error}") from error


def _ratio(root: ElementTree.Element) -> float:
    """Tell how many times higher than wide a drawing is; resvg would try whatever height follows from a width."""
    sides = [_NUMBER.fullmatch(root.get(name, "")) for name in ("width", "height")]
    box = [_NUMBER.fullmatch(each) for each in re.split(r"[\s,]+", root.get("viewBox", "").strip())[2:]]
    for found in (sides, box):
        if len(found) == 2 and found[0] and found[1]:
            width, height = float(found[0][1]), float(found[1][1])
            if width > 0 and height > 0:
                return height / width
    return 1.0


def _serve(seconds: float) -> None:
    """Convert what standard input holds, within limits."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each of many processors' would take of the memory
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # the limit here is ours, and no warning
    try:
        made = list(_renditions(sys.stdin.buffer.read()))
    except MemoryError:
        answer: object = "needs too much memory to convert"
    except Exception as error:  # in hostile bytes decoders trip over anything
        answer = str(error) if isinstance(error, ImageError) else f"cannot be decoded: {error or type(error).__name__}"
    else:
        answer = [(each.media_type, each.width, each.height, len(each.data)) for each in made]
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + b"".join(each.data for each in made))
        return
    sys.stdout.buffer.write(json.dumps(" ".join(str(answer).split())[:200]).encode() + b"\n")


if __name__ == "__main__":
    _serve(float(sys.argv[1]))
