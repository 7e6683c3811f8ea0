"""Conversion of any image to baseline JPEG or PNG within limits, and errors for everything else."""

import base64
import gzip
import io
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from feeds.errors import ImageError
from feeds.images.convert import SIZES, convert
from feeds.images.picture import EncodedImage
from tests.support.image_server import draw_figure, encode, png_bomb, png_chunk

SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def decode(converted: EncodedImage) -> Image.Image:
    """Decode a rendition, and check its media type and size."""
    picture = Image.open(io.BytesIO(converted.data))
    picture.load()
    assert picture.get_format_mimetype() == converted.media_type
    assert picture.size == (converted.width, converted.height)
    return picture


def corner_colour(data: bytes) -> tuple[int, ...]:
    """Return the colour of the upper left corner of the largest rendition."""
    colour = decode(convert(data)[0]).convert("RGB").getpixel((0, 0))
    assert isinstance(colour, tuple)
    return colour


def is_near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 8 for a, b in zip(one, other, strict=True))


FORMATS = {
    "png": encode(draw_figure(), "PNG"),
    "jpeg": encode(draw_figure(), "JPEG"),
    "progressive": encode(draw_figure(), "JPEG", progressive=True),
    "cmyk": encode(draw_figure(mode="CMYK"), "JPEG"),
    "webp": encode(draw_figure(), "WEBP"),
    "avif": encode(draw_figure(), "AVIF"),
    "gif": encode(draw_figure(), "GIF"),
    "animated": encode(draw_figure(), "GIF", save_all=True, append_images=[draw_figure(seed=1), draw_figure(seed=2)]),
    "palette": encode(draw_figure(mode="P"), "PNG"),
    "grey": encode(draw_figure(mode="L"), "PNG"),
    "grey with alpha": encode(draw_figure(mode="LA"), "PNG"),
    "alpha": encode(draw_figure(mode="RGBA"), "PNG"),
    "black and white": encode(draw_figure(mode="1"), "PNG"),
    "svg": f'<svg {SVG} viewBox="0 0 4 3"><rect width="2" height="3"/></svg>'.encode(),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_becomes_baseline_jpeg_or_png(name: str) -> None:
    for converted in convert(FORMATS[name]):
        picture = decode(converted)
        assert converted.media_type in ("image/jpeg", "image/png")
        assert picture.mode in ("L", "RGB")
        assert "progressive" not in picture.info
        assert abs(picture.width / picture.height - 4 / 3) < 0.02


def test_large_image_gets_three_sizes_within_their_limits() -> None:
    noise = Image.merge("RGB", [Image.effect_noise((1500, 2500), 90) for _ in range(3)])
    for data in (encode(draw_figure(3000, 2000), "PNG"), encode(noise, "JPEG")):
        renditions = convert(data)
        assert len(renditions) == len(SIZES)
        for converted, size in zip(renditions, SIZES, strict=True):
            assert converted.width <= size.width
            assert converted.height <= size.height
            assert len(converted.data) <= size.length
        assert [image.width for image in renditions] == sorted((image.width for image in renditions), reverse=True)


def test_small_image_is_not_enlarged() -> None:
    assert [rendition.width for rendition in convert(encode(draw_figure(3000, 2000), "PNG"))] == [1000, 600, 320]
    (only,) = convert(encode(draw_figure(90, 60), "PNG"))
    assert (only.width, only.height) == (90, 60)


@pytest.mark.parametrize("size", [(1, 1), (30_000, 1), (1, 30_000), (4000, 10_000)])
def test_extreme_aspect_ratios_fit_the_limits(size: tuple[int, int]) -> None:
    for converted in convert(encode(Image.new("L", size, 200), "PNG")):
        assert decode(converted).width <= 1000
        assert converted.height <= 2000


def test_same_bytes_give_the_same_renditions() -> None:
    data = encode(draw_figure(1200, 900), "WEBP")
    assert convert(data) == convert(data)


def test_transparency_becomes_white() -> None:
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    half = Image.new("RGBA", (40, 40), (255, 0, 0, 128))
    palette = Image.new("P", (40, 40), 0)
    assert corner_colour(encode(clear, "PNG")) == (255, 255, 255)
    assert is_near(corner_colour(encode(half, "WEBP", lossless=True)), (255, 127, 127))
    assert corner_colour(encode(palette, "PNG", transparency=0)) == (255, 255, 255)
    assert corner_colour(f'<svg {SVG} viewBox="0 0 9 9"/>'.encode()) == (255, 255, 255)


def test_sixteen_bit_image_keeps_its_brightness() -> None:
    assert is_near(corner_colour(encode(Image.new("I;16", (40, 40), 0x8000), "PNG")), (128, 128, 128))


def test_cmyk_image_keeps_its_colour() -> None:
    assert is_near(corner_colour(encode(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG")), (255, 0, 0))


def test_orientation_is_applied_and_metadata_removed() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn right
    exif[0x010E] = "a secret"
    data = encode(draw_figure(300, 200), "JPEG", exif=exif, comment="a secret")
    for converted in convert(data):
        assert converted.width < converted.height
        assert b"secret" not in converted.data


def test_colour_profile_is_applied_and_a_broken_one_dropped() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (b"no profile", lab):
        data = encode(Image.new("RGB", (40, 40), (10, 200, 30)), "PNG", icc_profile=profile)
        assert corner_colour(data) == (10, 200, 30)
        assert b"iCCP" not in convert(data)[0].data
    srgb = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = srgb.index(b"rXYZ", 128), srgb.index(b"gXYZ", 128)
    srgb[red : red + 4], srgb[green : green + 4] = b"gXYZ", b"rXYZ"
    changed = corner_colour(encode(Image.new("RGB", (40, 40), (200, 10, 30)), "PNG", icc_profile=bytes(srgb)))
    assert changed[1] > changed[0]  # the profile says that red is green


BROKEN = {
    "nothing": b"",
    "HTML": b"<!DOCTYPE html><html><body><svg></svg></body></html>",
    "another format": encode(draw_figure(), "BMP"),
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "svgz": gzip.compress(FORMATS["svg"]),
    "XML": b'<?xml version="1.0"?><rss/>',
    "broken SVG": f"<svg {SVG}><g>".encode(),
    "SVG without end": f'<svg {SVG} width="1" height="100000000000000000000000"><rect/></svg>'.encode(),
    "truncated PNG": FORMATS["png"][:-300],
    "truncated JPEG": FORMATS["jpeg"][:-2000],
    "truncated WebP": FORMATS["webp"][:-1000],
    "truncated AVIF": FORMATS["avif"][:-1000],
    "PNG bomb": png_bomb(60_000, 60_000),
    "just too large": png_bomb(8001, 5000),
    "text bomb": png_bomb(9000, 9000, png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000)))),
    "animated GIF bomb": FORMATS["animated"][:6] + b"\xff\xff\xff\xff" + FORMATS["animated"][10:],
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_invalid_image_fails_with_one_line(name: str) -> None:
    started = time.monotonic()
    with pytest.raises(ImageError) as caught:
        convert(BROKEN[name])
    assert len(str(caught.value).splitlines()) == 1
    assert time.monotonic() - started < 10


def test_decompression_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(ImageError, match="60000×60000 pixels"):
        convert(BROKEN["PNG bomb"])
    with pytest.raises(ImageError, match="65535×65535 pixels"):
        convert(BROKEN["animated GIF bomb"])


def test_exploding_colour_profile_is_an_error() -> None:
    profile = png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(300_000_000)))
    data = encode(draw_figure(), "PNG")
    at = data.index(b"IDAT") - 4
    with pytest.raises(ImageError):
        convert(data[:at] + profile + data[at:])


def test_endless_progressive_jpeg_times_out() -> None:
    data = encode(Image.new("L", (6000, 6000), 200), "JPEG", progressive=True)
    second = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)  # a scan of all blocks in a few bytes
    scan = data[second : data.index(b"\xff\xc4", second)]
    endless = data[:second] + scan * 2000 + data[second:]
    started = time.monotonic()
    with pytest.raises(ImageError, match="more than 1 s"):
        convert(endless, timeout=1)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("size", "expected"),
    [('viewBox="0 0 1000000 1"', (1000, 1)), ('viewBox="0,0,1,1000000"', (1, 2000)), ("", (1000, 1000))],
)
def test_svg_of_any_size_is_rendered_small(size: str, expected: tuple[int, int]) -> None:
    largest = convert(f'<svg {SVG} {size}><rect width="5" height="5"/></svg>'.encode())[0]
    assert (largest.width, largest.height) == expected


@pytest.mark.parametrize("size", ['width="1" height="9e99"', 'width="0" height="0"'])
def test_svg_without_area_is_an_error(size: str) -> None:
    with pytest.raises(ImageError, match="cannot render"):
        convert(f'<svg {SVG} {size}><rect width="5" height="5"/></svg>'.encode())


def test_svg_in_millimetres_keeps_its_aspect_ratio() -> None:
    svg = f'<svg {SVG} width="30mm" height="60mm"><rect width="999" height="999" fill="red"/></svg>'
    largest = convert(svg.encode())[0]
    assert abs(largest.height / largest.width - 2) < 0.02
    assert is_near(corner_colour(largest.data), (255, 0, 0))


ELEMENTS = {
    "image": '<image {name}="{href}" width="9" height="9"/>',
    "filter": '<filter id="f" x="0" y="0" width="9" height="9" filterUnits="userSpaceOnUse">'
    '<feImage {name}="{href}" width="9" height="9"/></filter><rect width="9" height="9" filter="url(#f)"/>',
}


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("is_entity", [False, True])
def test_svg_cannot_embed_a_local_file(tmp_path: Path, element: str, is_entity: bool) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(encode(Image.new("RGB", (9, 9), "red"), "PNG"))
    inner = f'<svg {SVG} viewBox="0 0 9 9"><image href="{path}" width="9" height="9"/></svg>'.encode()
    nested = "data:image/svg+xml;base64," + base64.b64encode(inner).decode()
    elements = ""
    for number, href in enumerate([path, f"file://{path}", f"&#x2f;{path}", f" {path}", nested]):
        for name in ("href", "xlink:href"):
            elements += (
                ELEMENTS[element]
                .format(name=name, href=href)
                .replace("f)", f"f{number})")
                .replace('"f"', f'"f{number}"')
            )
    entity = f"<!DOCTYPE svg [<!ENTITY e '{elements}'>]>"
    svg = f"{entity if is_entity else ''}<svg {SVG} viewBox='0 0 9 9'>{'&e;' if is_entity else elements}</svg>"
    assert not any(colour[0] > 200 and colour[1] < 100 for colour in _colours(svg))


def _colours(svg: str) -> set[bytes]:
    pixels = decode(convert(svg.encode())[-1]).convert("RGB").tobytes()
    return {pixels[at : at + 3] for at in range(0, len(pixels), 3)}


def test_svg_keeps_an_image_in_a_data_url() -> None:
    inner = base64.b64encode(encode(Image.new("RGB", (9, 9), "red"), "PNG")).decode()
    image = f'<image xlink:href="data:image/png;base64,{inner}" width="9" height="9"/>'
    assert corner_colour(f'<svg {SVG} viewBox="0 0 9 9">{image}</svg>'.encode()) == (255, 0, 0)


def test_external_entity_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "secret.svg"
    path.write_text('<rect width="9" height="9" fill="red" xmlns="http://www.w3.org/2000/svg"/>')
    svg = f'<!DOCTYPE svg [<!ENTITY e SYSTEM "{path}">]><svg {SVG} viewBox="0 0 9 9">&e;</svg>'
    with pytest.raises(ImageError, match="broken SVG"):
        convert(svg.encode())


def test_exponentially_growing_svg_is_an_error() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 100}">' for n in range(10))
    laughs = f'<!DOCTYPE svg [{entities}]><svg {SVG} viewBox="0 0 9 9"><text>&e9;</text></svg>'
    uses = "".join(f'<g id="u{n}">{f"""<use xlink:href="#u{n - 1}"/>""" * 10}</g>' for n in range(1, 10))
    bush = f'<svg {SVG} viewBox="0 0 9 9"><g id="u0"><rect width="1" height="1"/></g>{uses}</svg>'
    for svg in (laughs, bush):
        started = time.monotonic()
        with pytest.raises(ImageError):
            convert(svg.encode(), timeout=2)
        assert time.monotonic() - started < 8
