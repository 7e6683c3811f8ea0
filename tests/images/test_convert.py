"""Whatever comes, e-readers get small baseline JPEG or PNG, or there is a reason why not."""

import base64
import gzip
import io
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from feeds.images.convert import SIZES, convert
from feeds.images.picture import Converted, ImageError
from tests.support.hostile import bomb, chunk, encoded, figure

SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def opened(converted: Converted) -> Image.Image:
    """Open a rendition after checking that it is what it says."""
    picture = Image.open(io.BytesIO(converted.data))
    picture.load()
    assert picture.get_format_mimetype() == converted.media_type
    assert picture.size == (converted.width, converted.height)
    return picture


def corner(data: bytes) -> tuple[int, ...]:
    """Look at the colour of the upper left corner of the largest rendition."""
    colour = opened(convert(data)[0]).convert("RGB").getpixel((0, 0))
    assert isinstance(colour, tuple)
    return colour


def is_near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 8 for a, b in zip(one, other, strict=True))


FORMATS = {
    "png": encoded(figure(), "PNG"),
    "jpeg": encoded(figure(), "JPEG"),
    "progressive": encoded(figure(), "JPEG", progressive=True),
    "cmyk": encoded(figure(mode="CMYK"), "JPEG"),
    "webp": encoded(figure(), "WEBP"),
    "avif": encoded(figure(), "AVIF"),
    "gif": encoded(figure(), "GIF"),
    "animated": encoded(figure(), "GIF", save_all=True, append_images=[figure(seed=1), figure(seed=2)]),
    "palette": encoded(figure(mode="P"), "PNG"),
    "grey": encoded(figure(mode="L"), "PNG"),
    "grey with alpha": encoded(figure(mode="LA"), "PNG"),
    "alpha": encoded(figure(mode="RGBA"), "PNG"),
    "black and white": encoded(figure(mode="1"), "PNG"),
    "svg": f'<svg {SVG} viewBox="0 0 4 3"><rect width="2" height="3"/></svg>'.encode(),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_becomes_baseline_jpeg_or_png(name: str) -> None:
    for converted in convert(FORMATS[name]):
        picture = opened(converted)
        assert converted.media_type in ("image/jpeg", "image/png")
        assert picture.mode in ("L", "RGB")
        assert "progressive" not in picture.info
        assert abs(picture.width / picture.height - 4 / 3) < 0.02


def test_a_large_picture_comes_in_three_sizes_within_their_limits() -> None:
    noise = Image.merge("RGB", [Image.effect_noise((1500, 2500), 90) for _ in range(3)])
    for data in (encoded(figure(3000, 2000), "PNG"), encoded(noise, "JPEG")):
        made = convert(data)
        assert len(made) == len(SIZES)
        for converted, size in zip(made, SIZES, strict=True):
            assert converted.width <= size.width
            assert converted.height <= size.height
            assert len(converted.data) <= size.length
        assert [each.width for each in made] == sorted((each.width for each in made), reverse=True)


def test_a_figure_keeps_its_width_and_a_small_one_is_not_enlarged() -> None:
    assert [each.width for each in convert(encoded(figure(3000, 2000), "PNG"))] == [1000, 600, 320]
    (only,) = convert(encoded(figure(90, 60), "PNG"))
    assert (only.width, only.height) == (90, 60)


@pytest.mark.parametrize("size", [(1, 1), (30_000, 1), (1, 30_000), (4000, 10_000)])
def test_pictures_of_odd_shapes_fit_too(size: tuple[int, int]) -> None:
    for converted in convert(encoded(Image.new("L", size, 200), "PNG")):
        assert opened(converted).width <= 1000
        assert converted.height <= 2000


def test_the_same_bytes_give_the_same_renditions() -> None:
    data = encoded(figure(1200, 900), "WEBP")
    assert convert(data) == convert(data)


def test_what_is_transparent_becomes_white() -> None:
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    half = Image.new("RGBA", (40, 40), (255, 0, 0, 128))
    palette = Image.new("P", (40, 40), 0)
    assert corner(encoded(clear, "PNG")) == (255, 255, 255)
    assert is_near(corner(encoded(half, "WEBP", lossless=True)), (255, 127, 127))
    assert corner(encoded(palette, "PNG", transparency=0)) == (255, 255, 255)
    assert corner(f'<svg {SVG} viewBox="0 0 9 9"/>'.encode()) == (255, 255, 255)


def test_sixteen_bits_keep_their_brightness() -> None:
    assert is_near(corner(encoded(Image.new("I;16", (40, 40), 0x8000), "PNG")), (128, 128, 128))


def test_cmyk_keeps_its_colour() -> None:
    assert is_near(corner(encoded(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG")), (255, 0, 0))


def test_a_picture_is_turned_upright_and_loses_its_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn right
    exif[0x010E] = "a secret"
    data = encoded(figure(300, 200), "JPEG", exif=exif, comment="a secret")
    for converted in convert(data):
        assert converted.width < converted.height
        assert b"secret" not in converted.data


def test_colours_are_brought_into_srgb_and_a_broken_profile_is_dropped() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (b"no profile", lab):
        data = encoded(Image.new("RGB", (40, 40), (10, 200, 30)), "PNG", icc_profile=profile)
        assert corner(data) == (10, 200, 30)
        assert b"iCCP" not in convert(data)[0].data
    srgb = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = srgb.index(b"rXYZ", 128), srgb.index(b"gXYZ", 128)
    srgb[red : red + 4], srgb[green : green + 4] = b"gXYZ", b"rXYZ"
    changed = corner(encoded(Image.new("RGB", (40, 40), (200, 10, 30)), "PNG", icc_profile=bytes(srgb)))
    assert changed[1] > changed[0]  # the profile says that red is green


BROKEN = {
    "nothing": b"",
    "HTML": b"<!DOCTYPE html><html><body><svg></svg></body></html>",
    "another format": encoded(figure(), "BMP"),
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "svgz": gzip.compress(FORMATS["svg"]),
    "XML": b'<?xml version="1.0"?><rss/>',
    "broken SVG": f"<svg {SVG}><g>".encode(),
    "SVG without end": f'<svg {SVG} width="1" height="100000000000000000000000"><rect/></svg>'.encode(),
    "truncated PNG": FORMATS["png"][:-300],
    "truncated JPEG": FORMATS["jpeg"][:-2000],
    "truncated WebP": FORMATS["webp"][:-1000],
    "truncated AVIF": FORMATS["avif"][:-1000],
    "PNG bomb": bomb(60_000, 60_000),
    "just too large": bomb(8001, 5000),
    "text bomb": bomb(9000, 9000, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000)))),
    "animated GIF bomb": FORMATS["animated"][:6] + b"\xff\xff\xff\xff" + FORMATS["animated"][10:],
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_what_is_broken_or_no_picture_fails_with_one_line(name: str) -> None:
    started = time.monotonic()
    with pytest.raises(ImageError) as caught:
        convert(BROKEN[name])
    assert len(str(caught.value).splitlines()) == 1
    assert time.monotonic() - started < 10


def test_a_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(ImageError, match="60000×60000 pixels"):
        convert(BROKEN["PNG bomb"])
    with pytest.raises(ImageError, match="65535×65535 pixels"):
        convert(BROKEN["animated GIF bomb"])


def test_a_compressed_profile_that_explodes_does_no_harm() -> None:
    profile = chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(300_000_000)))
    data = encoded(figure(), "PNG")
    at = data.index(b"IDAT") - 4
    with pytest.raises(ImageError):
        convert(data[:at] + profile + data[at:])


def test_an_endless_progressive_jpeg_is_given_up() -> None:
    data = encoded(Image.new("L", (6000, 6000), 200), "JPEG", progressive=True)
    second = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)  # a scan of all blocks in a few bytes
    scan = data[second : data.index(b"\xff\xc4", second)]
    endless = data[:second] + scan * 2000 + data[second:]
    started = time.monotonic()
    with pytest.raises(ImageError, match="more than 1 s"):
        convert(endless, seconds=1)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("size", "drawn"),
    [('viewBox="0 0 1000000 1"', (1000, 1)), ('viewBox="0,0,1,1000000"', (1, 2000)), ("", (1000, 1000))],
)
def test_a_drawing_of_any_size_is_drawn_small(size: str, drawn: tuple[int, int]) -> None:
    made = convert(f'<svg {SVG} {size}><rect width="5" height="5"/></svg>'.encode())
    assert (made[0].width, made[0].height) == drawn


@pytest.mark.parametrize("size", ['width="1" height="9e99"', 'width="0" height="0"'])
def test_a_drawing_without_a_size_is_refused(size: str) -> None:
    with pytest.raises(ImageError, match="cannot be drawn"):
        convert(f'<svg {SVG} {size}><rect width="5" height="5"/></svg>'.encode())


def test_a_drawing_in_millimetres_keeps_its_proportions() -> None:
    made = convert(f'<svg {SVG} width="30mm" height="60mm"><rect width="999" height="999" fill="red"/></svg>'.encode())
    assert abs(made[0].height / made[0].width - 2) < 0.02
    assert is_near(corner(made[0].data), (255, 0, 0))


ELEMENTS = {
    "image": '<image {name}="{href}" width="9" height="9"/>',
    "filter": '<filter id="f" x="0" y="0" width="9" height="9" filterUnits="userSpaceOnUse">'
    '<feImage {name}="{href}" width="9" height="9"/></filter><rect width="9" height="9" filter="url(#f)"/>',
}


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("is_entity", [False, True])
def test_a_drawing_holds_no_file_of_this_machine(tmp_path: Path, element: str, is_entity: bool) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(encoded(Image.new("RGB", (9, 9), "red"), "PNG"))
    inner = f'<svg {SVG} viewBox="0 0 9 9"><image href="{path}" width="9" height="9"/></svg>'.encode()
    nested = "data:image/svg+xml;base64," + base64.b64encode(inner).decode()
    drawn = ""
    for number, href in enumerate([path, f"file://{path}", f"&#x2f;{path}", f" {path}", nested]):
        for name in ("href", "xlink:href"):
            drawn += (
                ELEMENTS[element]
                .format(name=name, href=href)
                .replace("f)", f"f{number})")
                .replace('"f"', f'"f{number}"')
            )
    entity = f"<!DOCTYPE svg [<!ENTITY e '{drawn}'>]>"
    svg = f"{entity if is_entity else ''}<svg {SVG} viewBox='0 0 9 9'>{'&e;' if is_entity else drawn}</svg>"
    assert not any(colour[0] > 200 and colour[1] < 100 for colour in _colours(svg))


def _colours(svg: str) -> set[bytes]:
    pixels = opened(convert(svg.encode())[-1]).convert("RGB").tobytes()
    return {pixels[at : at + 3] for at in range(0, len(pixels), 3)}


def test_a_drawing_keeps_the_picture_that_it_brings() -> None:
    inner = base64.b64encode(encoded(Image.new("RGB", (9, 9), "red"), "PNG")).decode()
    image = f'<image xlink:href="data:image/png;base64,{inner}" width="9" height="9"/>'
    assert corner(f'<svg {SVG} viewBox="0 0 9 9">{image}</svg>'.encode()) == (255, 0, 0)


def test_an_external_entity_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.svg"
    path.write_text('<rect width="9" height="9" fill="red" xmlns="http://www.w3.org/2000/svg"/>')
    svg = f'<!DOCTYPE svg [<!ENTITY e SYSTEM "{path}">]><svg {SVG} viewBox="0 0 9 9">&e;</svg>'
    with pytest.raises(ImageError, match="broken SVG"):
        convert(svg.encode())


def test_drawings_that_grow_without_end_are_given_up() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 100}">' for n in range(10))
    laughs = f'<!DOCTYPE svg [{entities}]><svg {SVG} viewBox="0 0 9 9"><text>&e9;</text></svg>'
    uses = "".join(f'<g id="u{n}">{f"""<use xlink:href="#u{n - 1}"/>""" * 10}</g>' for n in range(1, 10))
    bush = f'<svg {SVG} viewBox="0 0 9 9"><g id="u0"><rect width="1" height="1"/></g>{uses}</svg>'
    for svg in (laughs, bush):
        started = time.monotonic()
        with pytest.raises(ImageError):
            convert(svg.encode(), seconds=2)
        assert time.monotonic() - started < 8
