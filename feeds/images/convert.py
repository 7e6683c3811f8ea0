"""Converts images to what e-readers show: baseline JPEG or PNG in up to three sizes.

The images are untrusted and their decoders are written in C and Rust, so each conversion runs in a process of its own
with limits on time and memory.
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

from feeds.errors import ImageError
from feeds.images.picture import EncodedImage

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF")
_MAX_MEGAPIXELS = 40
_TIMEOUT = 30.0  # seconds; 40 megapixels take about two
_MAX_MEMORY = 2_000_000_000  # bytes of address space; 40 megapixels in four channels fit several times
_QUALITIES = (88, 80, 72, 64, 56, 48)
_SHRINK_FACTOR = 0.85  # of width and height, if even the lowest quality is too large
_SVG = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|!DOCTYPE\s+svg|(?:\w+:)?svg[\s>/])")
_SVG_MAX_HEIGHT = 2000  # pixels
_SVG_WIDTH = 1000  # pixels; vector graphics have none of their own
_EMBEDDED = re.compile(r"#|data:image/(?:png|jpe?g|gif|webp)[;,]", re.IGNORECASE)
_NUMBER = re.compile(r"\s*(\d+\.?\d*|\.\d+)\s*(?:px|pt|mm|cm|in|em|ex|pc)?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class SizeLimit:
    """The largest width and height of a rendition in pixels, and its largest length in bytes."""

    width: int
    height: int
    length: int


SIZES = (SizeLimit(1000, 2000, 80_000), SizeLimit(600, 1200, 25_000), SizeLimit(320, 640, 9_000))


def convert(data: bytes, timeout: float = _TIMEOUT) -> tuple[EncodedImage, ...]:
    """Convert an image to renditions, largest first. The same bytes always give the same renditions.

    An image smaller than a size limit is not enlarged. Raises ImageError if the image is invalid, too large, of an
    unsupported format, or takes longer than `timeout` seconds.
    """
    command = [sys.executable, "-P", "-m", __name__, str(timeout)]
    try:
        # A process group of its own, so that Ctrl+C reaches only the parent.
        process = subprocess.run(  # noqa: S603  # this module
            command, input=data, capture_output=True, timeout=timeout, check=False, process_group=0
        )
    except subprocess.TimeoutExpired as error:
        raise ImageError(f"takes more than {timeout:g} s to convert") from error
    try:
        header, _, payload = process.stdout.partition(b"\n")
        result = json.loads(header)
    except ValueError as error:
        lines = process.stderr.decode(errors="replace").splitlines()
        last = next((line for line in reversed(lines) if line.strip() and not line.startswith("note:")), "")
        raise ImageError(f"the converter failed with exit status {process.returncode}: {last}"[:200]) from error
    if isinstance(result, str):
        raise ImageError(result)
    return tuple(_split_payload(result, payload))


def _split_payload(header: list[tuple[str, int, int, int]], payload: bytes) -> Iterator[EncodedImage]:
    start = 0
    for media_type, width, height, length in header:
        yield EncodedImage(media_type, width, height, payload[start : start + length])
        start += length


def _render_sizes(data: bytes) -> Iterator[EncodedImage]:
    image = _render_svg(data) if _SVG.match(data[:1000]) else _decode(data)
    renditions: list[EncodedImage] = []
    for limit in SIZES:
        max_width = min(limit.width, renditions[-1].width) if renditions else limit.width
        rendition = _encode(image, SizeLimit(max_width, limit.height, limit.length))
        size = (rendition.width, rendition.height)
        if all(len(rendition.data) < len(other.data) for other in renditions if (other.width, other.height) == size):
            renditions.append(rendition)
            yield rendition


def _decode(data: bytes) -> Image.Image:
    """Decode the first frame to greyscale or RGB in sRGB, no larger than the largest size limit."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise ImageError("not a PNG, JPEG, GIF, WebP, AVIF or SVG image") from error
    with image:
        if image.width * image.height > _MAX_MEGAPIXELS * 1_000_000:
            raise ImageError(f"has {image.width}×{image.height} pixels, more than {_MAX_MEGAPIXELS} megapixels")
        # Only JPEG can skip pixels while decoding. Twice the target size keeps it sharp in both orientations.
        image.draft(None, (2 * SIZES[0].height, 2 * SIZES[0].height))
        image.load()
        profile = image.info.get("icc_profile")
        upright = _apply_orientation(image)
        opaque = _flatten(_shrink_to_fit(_normalize_mode(upright), SIZES[0]))
        return _convert_to_srgb(opaque, profile)


def _apply_orientation(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # invalid metadata raises anything; the image is usable without
        return image


def _normalize_mode(image: Image.Image) -> Image.Image:
    """Convert to a mode that can be resized: L, RGB, CMYK or RGBA."""
    if image.mode.startswith("I"):
        # 16 bits, of which Pillow would clip all but the darkest 8.
        return image.convert("F").point(lambda value: value * (1 / 257) + 0).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "1"):
        return image.convert("L")
    return image if image.mode == "CMYK" else image.convert("RGB")


def _flatten(image: Image.Image) -> Image.Image:
    """Put a transparent image on white."""
    if image.mode != "RGBA":
        return image
    background = Image.new("RGB", image.size, "white")
    background.paste(image, mask=image.getchannel("A"))
    return background


def _convert_to_srgb(image: Image.Image, profile: object) -> Image.Image:
    result = image
    if isinstance(profile, bytes) and profile:
        # A profile of another colour model, or a broken one, is ignored.
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            result = converted or image
    if result.mode == "CMYK":
        result = result.convert("RGB")
    result.info.clear()  # Pillow writes some of it into files
    return result


def _shrink_to_fit(image: Image.Image, limit: SizeLimit) -> Image.Image:
    scale = min(1.0, limit.width / image.width, limit.height / image.height)
    if scale == 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _encode(image: Image.Image, limit: SizeLimit) -> EncodedImage:
    """Encode within a limit: lower the quality first, then width and height."""
    while True:
        fitted = _shrink_to_fit(image, limit)
        png = EncodedImage("image/png", *fitted.size, _save(fitted, "PNG", optimize=True))
        for quality in _QUALITIES:
            data = _save(fitted, "JPEG", quality=quality, optimize=True, progressive=False)
            jpeg = EncodedImage("image/jpeg", *fitted.size, data)
            smallest = min(png, jpeg, key=lambda candidate: len(candidate.data))
            if len(smallest.data) <= limit.length:
                return smallest
        width, height = int(fitted.width * _SHRINK_FACTOR), int(fitted.height * _SHRINK_FACTOR)
        limit = SizeLimit(max(1, width), max(1, height), limit.length)


def _save(image: Image.Image, name: str, **options: bool | int) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def _render_svg(data: bytes) -> Image.Image:
    """Render an SVG on white, without any image that it references outside itself."""
    try:
        # Expat reads no other file and limits the growth of entities.
        root = ElementTree.fromstring(data)  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ImageError(f"broken SVG: {error}") from error
    if root.tag != "{http://www.w3.org/2000/svg}svg":
        raise ImageError("XML, but not SVG")
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            # resvg would embed any image file of this machine, https://docs.rs/usvg struct.ImageHrefResolver
            if name.rpartition("}")[2] == "href" and not _EMBEDDED.match(value):
                del element.attrib[name]
    ratio = _aspect_ratio(root)
    width = max(1, round(min(_SVG_WIDTH, _SVG_MAX_HEIGHT / ratio)))
    try:
        png = resvg_py.svg_to_bytes(
            svg_string=ElementTree.tostring(root, encoding="unicode"), width=width, dpi=96, background="white"
        )
        return _decode(png)
    except Exception as error:  # resvg raises many types
        raise ImageError(f"cannot render the SVG: {error}") from error


def _aspect_ratio(root: ElementTree.Element) -> float:
    """Return height divided by width; resvg itself would allocate any height that follows from a width."""
    size = [_NUMBER.fullmatch(root.get(name, "")) for name in ("width", "height")]
    view_box = [_NUMBER.fullmatch(part) for part in re.split(r"[\s,]+", root.get("viewBox", "").strip())[2:]]
    for sides in (size, view_box):
        if len(sides) == 2 and sides[0] and sides[1]:
            width, height = float(sides[0][1]), float(sides[1][1])
            if width > 0 and height > 0:
                return height / width
    return 1.0


def _convert_stdin(timeout: float) -> None:
    """Convert the image on standard input; write a line of JSON, either an error or a header, and the renditions."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(timeout) + 1, int(timeout) + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # one for each processor would use up the address space
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # _MAX_MEGAPIXELS is the limit here
    try:
        renditions = list(_render_sizes(sys.stdin.buffer.read()))
    except MemoryError:
        message = "needs too much memory to convert"
    except ImageError as error:
        message = str(error)
    except Exception as error:  # decoders raise anything on hostile bytes
        message = f"cannot be decoded: {error or type(error).__name__}"
    else:
        header = [(image.media_type, image.width, image.height, len(image.data)) for image in renditions]
        sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + b"".join(image.data for image in renditions))
        return
    sys.stdout.buffer.write(json.dumps(" ".join(message.split())[:200]).encode() + b"\n")


if __name__ == "__main__":
    _convert_stdin(float(sys.argv[1]))
