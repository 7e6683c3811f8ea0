"""Covers: what they say, in which letters, and that they come out the same."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageFont

from feeds.archive.edition import Edition
from feeds.exporters import cover
from feeds.publishing.publisher import Catalog, open_catalog
from feeds.site.settings import load
from feeds.site.site import Font
from tests.exporters.test_formats import HOSTILE
from tests.support.digests import OpenFiles, day, paper


@pytest.fixture(scope="session")
def hangul() -> Font:
    """A font with Hangul, which tests/setup.sh has installed."""
    for path in sorted(Path("/usr/share/fonts").rglob("*.tt[cf]")):
        data = path.read_bytes()
        font = ImageFont.truetype(io.BytesIO(data), 100)
        if bytes(font.getmask("가")) != bytes(font.getmask("\uffff")):
            return Font(path.name, hashlib.sha256(data).hexdigest(), data)
    raise FileNotFoundError("no font with Hangul")


def test_what_a_font_lacks_is_spelled_or_left_out() -> None:
    own = cover._Type(None)
    assert own.spell("LLM×MapReduce: α–β é Łukasz → ½ ①") == "LLMxMapReduce: alpha-beta e Lukasz -> 1⁄2 1"
    assert own.spell("확산 diffusion 모델") == "diffusion"
    assert own.spell("e\u0301") == "e"
    assert own.has("2024.01.30")
    assert not own.has("논문")


def test_a_font_with_hangul_shows_it(hangul: Font) -> None:
    korean = cover._Type(hangul)
    assert korean.spell("확산 diffusion 모델") == "확산 diffusion 모델"
    assert korean.spell(unicode := "\u1112\u116a\u11a8산") != unicode  # composed
    assert korean.spell("𓀀가") == "가"


def drawn(catalog: Catalog, key: str, *parameters: tuple[str, str]) -> bytes:
    publication = catalog.find(f"{key}.cover.jpg", parameters)
    return catalog.render(publication, catalog.cut(publication))


def face(catalog: Catalog, key: str, *parameters: tuple[str, str]) -> tuple[str, str, str]:
    publication = catalog.find(f"{key}.cover.jpg", parameters)
    return tuple(cover._face(catalog.cut(publication), catalog.site, cover._Type(catalog.site.cover_font)))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("key", "parameters", "said"),
    [
        ("2024-01-30", (), ("2024", "01.30", "11 papers")),
        ("2024-W12", (), ("2024", "W12", "03.18 - 03.24 · 13 papers")),
        ("2024-03", (), ("2024", "03", "13 papers")),
        ("2024", (), ("", "2024", "24 papers")),
        ("latest", (), ("2024.01.30 - 2024.03.20", "Latest", "24 papers")),
        ("all", (), ("2024.01.30 - 2024.03.20", "All", "24 papers")),
        ("search", (("q", "확산|diffusion"),), ("2024.01.30 - 2024.03.20", "diffusion", "9 papers")),
        ("search", (("q", "확산"),), ("2024.01.30 - 2024.03.20", "Search", "9 papers")),
        ("search", (("q", "nothing at all"),), ("", "nothing, at, all", "0 papers")),
    ],
)
def test_the_date_is_said_in_digits_and_all_else_in_english(
    seeds: Catalog, key: str, parameters: tuple[tuple[str, str], ...], said: tuple[str, str, str]
) -> None:
    assert face(seeds, key, *parameters) == said


def test_with_a_font_that_has_hangul_the_cover_is_korean(seeds: Catalog, hangul: Font) -> None:
    korean = Catalog(seeds.archive, seeds.registry, replace(seeds.site, cover_font=hangul), seeds.store)
    assert face(korean, "2024-01-30") == ("2024", "01.30", "논문 11편")
    assert face(korean, "latest")[1] == "최신 논문"
    assert drawn(korean, "2024-01-30") != drawn(seeds, "2024-01-30")
    found = seeds.find("2024-01-30.epub")
    assert korean.tag(found, korean.outline(found)) != seeds.tag(found, seeds.outline(found))


def test_another_title_is_another_cover_and_the_same_is_the_same(seeds: Catalog) -> None:
    assert drawn(seeds, "2024-01-30") == drawn(seeds, "2024-01-30")
    other = Catalog(seeds.archive, seeds.registry, replace(seeds.site, title="Others"), seeds.store)
    assert drawn(seeds, "2024-01-30") != drawn(other, "2024-01-30")


@pytest.mark.parametrize("key", ["2024-01-30", "2024-W05", "all", "latest", "search", "papers/2401.00001"])
def test_hostile_titles_stay_on_the_cover(open_files: OpenFiles, hangul: Font, key: str) -> None:
    catalog = open_files({"a.md": HOSTILE})
    korean = Catalog(catalog.archive, catalog.registry, replace(catalog.site, cover_font=hangul), catalog.store)
    for each in (catalog, korean):
        with Image.open(io.BytesIO(drawn(each, key))) as picture:
            boxes = ((0, 900, 60, 1600), (1140, 900, 1200, 1600), (60, 1560, 1140, 1600))
            margins = [picture.crop(box) for box in boxes]
            assert all(min(margin.convert("L").tobytes()) > 200 for margin in margins)


@pytest.mark.parametrize("key", ["2024-01-30", "2024-W12", "latest", "search"])
def test_the_large_text_touches_no_other(seeds: Catalog, hangul: Font, key: str) -> None:
    korean = Catalog(seeds.archive, seeds.registry, replace(seeds.site, cover_font=hangul), seeds.store)
    for each in (seeds, korean):
        publication = each.find(f"{key}.cover.jpg", [("q", "Wj|gÅ")])
        picture = cover.draw(each.cut(publication), each.site).convert("L")
        for top, bottom in ((160, 230), (760, 772)):
            assert len(set(picture.crop((0, top, 1200, bottom)).tobytes())) == 1, top


def test_a_word_longer_than_a_line_is_broken_and_what_does_not_fit_is_cut(open_files: OpenFiles) -> None:
    title = "W" * 190
    catalog = open_files({"a.md": day("2024-01-30", paper(title, "2401.1"))})
    with Image.open(io.BytesIO(drawn(catalog, "papers/2401.00001"))) as picture:
        assert max(picture.convert("L").crop((1140, 0, 1200, 860)).tobytes()) < 120  # nothing white at the edge


def test_texts_of_any_length_are_drawn(open_files: OpenFiles) -> None:
    names = ", ".join(["Firstname Lastname"] * 3000)
    files = {
        "a.md": day(
            "2024-01-30", paper("Long " * 3000, "2401.1", authors=f"Authors: {names}"), paper("W" * 20000, "2401.2")
        )
    }
    catalog = open_files(files)
    for key in ("2024-01-30", "papers/2401.00001", "papers/2401.00002"):
        assert drawn(catalog, key)


def test_an_edition_without_papers_has_a_cover(seeds: Catalog) -> None:
    site = seeds.site
    publication = seeds.find("2024-01-30.cover.jpg")
    assert b"".join(cover.CoverExporter().render(Edition(publication.key), site))


def test_a_font_file_is_named_from_where_the_settings_are(folder: Path, environ: dict[str, str], hangul: Font) -> None:
    (folder / "font.ttc").write_bytes(hangul.data)
    (folder / "feeds.toml").write_text('cover_font = "font.ttc"', encoding="utf-8")
    font = load(folder, {}).site.cover_font
    assert font
    assert (font.name, font.digest) == ("font.ttc", hangul.digest)
    assert open_catalog(folder, environ).site.cover_font == font
