"""Covers: their texts, the letters that these are written in, and that equal inputs give equal bytes."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from PIL import Image, ImageDraw, ImageFont

from feeds.exporters.contract import RenderContext
from feeds.exporters.epub import CoverExporter
from feeds.exporters.epub.cover import Heading, Typeface, cover_heading, draw_cover
from feeds.model.edition import Edition
from feeds.model.keys import parse_key
from feeds.publishing.publisher import Publisher, open_publisher
from feeds.site.settings import load as load_settings
from feeds.site.site import Font, Site
from tests.support.digests import HOSTILE, OpenFiles, day, load, paper, render


@pytest.fixture(scope="session")
def latin() -> Font:
    """Pillow's own font, which has no Hangul."""
    font = ImageFont.load_default(size=100)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return Font("latin.ttf", hashlib.sha256(font.font_bytes).hexdigest(), font.font_bytes)


def with_site(publisher: Publisher, site: Site) -> Publisher:
    return Publisher(publisher.archive, publisher.formats, site, publisher.store)


def heading(publisher: Publisher, key: str, **parameters: str) -> Heading:
    context = RenderContext.for_site(publisher.site, publisher.formats)
    return cover_heading(load(publisher, key, **parameters), context, Typeface(publisher.site.cover_font))


def test_characters_without_glyphs_are_transliterated(latin: Font) -> None:
    typeface = Typeface(latin)
    transliterated = typeface.transliterate("LLM×MapReduce: α–β é Łukasz → ½ ①")
    assert transliterated == "LLMxMapReduce: alpha-beta e Lukasz -> 1⁄2 1"
    assert typeface.transliterate("확산 diffusion 모델") == "diffusion"
    assert typeface.transliterate("e\u0301") == "e"
    assert typeface.has_glyphs("2024.01.30")
    assert not typeface.has_glyphs("논문")


def test_own_font_has_hangul_hanja_and_symbols() -> None:
    typeface = Typeface(None)
    assert typeface.transliterate("확산 diffusion 모델 뷁 模型 α–β × ≤") == "확산 diffusion 모델 뷁 模型 α–β × ≤"
    assert typeface.transliterate("\u1112\u116a\u11a8산") == "확산"
    assert typeface.transliterate("𓀀가 Łukasz") == "가 Lukasz"


@pytest.mark.parametrize(
    ("key", "parameters", "texts"),
    [
        ("2024-01-30", {}, ("2024년", "1월 30일", "논문 11편")),
        ("2024-W12", {}, ("2024년", "12주차", "3월 18일 ~ 24일 · 논문 13편")),
        ("2024-03", {}, ("2024년", "3월", "논문 13편")),
        ("2024", {}, ("", "2024년", "논문 24편")),
        ("latest", {}, ("2024년 1월 30일 ~ 3월 20일", "최신 논문", "논문 24편")),
        ("all", {}, ("2024년 1월 30일 ~ 3월 20일", "모든 논문", "논문 24편")),
        ("search", {"q": "확산|diffusion"}, ("2024년 1월 30일 ~ 3월 20일", "검색: 확산|diffusion", "논문 9편")),
        ("search", {"q": "nothing at all"}, ("", "검색: nothing at all", "논문 0편")),
    ],
)
def test_heading_is_in_the_language_of_the_site(
    seeds: Publisher, key: str, parameters: dict[str, str], texts: tuple[str, str, str]
) -> None:
    assert heading(seeds, key, **parameters) == texts


@pytest.mark.parametrize(
    ("key", "parameters", "texts"),
    [
        ("2024-01-30", {}, ("2024", "January 30", "11 papers")),
        ("2024-W12", {}, ("2024", "Week 12", "Mar 18\u2009–\u200924 · 13 papers")),
        ("latest", {}, ("Jan 30\u2009–\u2009Mar 20, 2024", "Latest papers", "24 papers")),
        ("search", {"q": "확산|diffusion"}, ("Jan 30\u2009–\u2009Mar 20, 2024", "diffusion", "9 papers")),
        ("search", {"q": "확산"}, ("Jan 30\u2009–\u2009Mar 20, 2024", "Search", "9 papers")),
    ],
)
def test_heading_in_a_font_without_hangul_is_english(
    seeds: Publisher, latin: Font, key: str, parameters: dict[str, str], texts: tuple[str, str, str]
) -> None:
    english = with_site(seeds, replace(seeds.site, cover_font=latin))
    assert heading(english, key, **parameters) == texts


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("ja", ("2024年", "第12週", "3月18日～24日 · 論文13本")),
        ("zh", ("2024", "Week 12", "Mar 18\u2009–\u200924 · 13 papers")),
    ],
)
def test_heading_is_english_where_the_font_has_no_glyphs(
    seeds: Publisher, language: str, texts: tuple[str, str, str]
) -> None:
    assert heading(with_site(seeds, replace(seeds.site, language=language)), "2024-W12") == texts


def test_week_has_the_year_that_it_is_counted_in(open_files: OpenFiles) -> None:
    publisher = open_files({"a.md": day("2024-12-30", paper("A", "2412.1"))})
    assert heading(publisher, "2025-W01")[:2] == ("2025년", "1주차")


def test_another_font_changes_cover_and_etag_of_the_book(seeds: Publisher, latin: Font) -> None:
    other = with_site(seeds, replace(seeds.site, cover_font=latin))
    assert render(other, "cover", "2024-01-30") != render(seeds, "cover", "2024-01-30")
    book = seeds.find("2024-01-30.epub")
    assert other.representation(book).etag != seeds.representation(book).etag


def test_same_inputs_give_the_same_cover_another_title_not(seeds: Publisher) -> None:
    assert render(seeds, "cover", "2024-01-30") == render(seeds, "cover", "2024-01-30")
    other = with_site(seeds, replace(seeds.site, title="Others"))
    assert render(seeds, "cover", "2024-01-30") != render(other, "cover", "2024-01-30")


@pytest.mark.parametrize("key", ["2024-01-30", "2024-W05", "all", "latest", "search", "papers/2401.00001"])
def test_hostile_titles_stay_within_the_margins(open_files: OpenFiles, latin: Font, key: str) -> None:
    publisher = open_files({"a.md": HOSTILE})
    english = with_site(publisher, replace(publisher.site, cover_font=latin))
    for data in (render(publisher, "cover", key), render(english, "cover", key)):
        with Image.open(io.BytesIO(data)) as cover:
            boxes = ((0, 900, 60, 1600), (1140, 900, 1200, 1600), (60, 1560, 1140, 1600))
            margins = [cover.crop(box) for box in boxes]
            assert all(min(margin.convert("L").tobytes()) > 200 for margin in margins)


@pytest.mark.parametrize("key", ["2024-01-30", "2024-W12", "latest", "search"])
def test_large_text_does_not_touch_the_small_ones(seeds: Publisher, latin: Font, key: str) -> None:
    parameters = {"q": "Wj|gÅ"} if key == "search" else {}
    edition = load(seeds, key, **parameters)
    for font in (None, latin):
        context = RenderContext.for_site(replace(seeds.site, cover_font=font), seeds.formats)
        cover = draw_cover(edition, context).convert("L")
        for top, bottom in ((160, 230), (760, 772)):
            assert len(set(cover.crop((0, top, 1200, bottom)).tobytes())) == 1, top


def test_word_wider_than_a_line_is_broken(open_files: OpenFiles) -> None:
    publisher = open_files({"a.md": day("2024-01-30", paper("W" * 190, "2401.1"))})
    with Image.open(io.BytesIO(render(publisher, "cover", "papers/2401.00001"))) as cover:
        assert max(cover.convert("L").crop((1140, 0, 1200, 860)).tobytes()) < 120  # nothing white at the edge


def test_texts_of_any_length_are_drawn(open_files: OpenFiles) -> None:
    authors = ", ".join(["Firstname Lastname"] * 3000)
    long_title = paper("Long " * 3000, "2401.1", authors=f"Authors: {authors}")
    publisher = open_files({"a.md": day("2024-01-30", long_title, paper("W" * 20000, "2401.2"))})
    for key in ("2024-01-30", "papers/2401.00001", "papers/2401.00002"):
        assert render(publisher, "cover", key)


def test_book_cover_and_thumbnail_are_drawn_once(seeds: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = Mock(wraps=ImageDraw.Draw)
    monkeypatch.setattr(ImageDraw, "Draw", draw)
    for format_name in ("cover", "thumbnail", "epub"):
        render(seeds, format_name, "search", q="diffusion", order="votes")
    assert draw.call_count == 1


def test_font_is_read_once_for_all_covers(seeds: Publisher, latin: Font, monkeypatch: pytest.MonkeyPatch) -> None:
    read_font = Mock(wraps=ImageFont.truetype)
    monkeypatch.setattr(ImageFont, "truetype", read_font)
    font = replace(latin, digest="another")
    for key in ("2024-01-30", "2024-W12", "all"):
        render(with_site(seeds, replace(seeds.site, cover_font=font)), "cover", key)
    assert read_font.call_count == 1


def test_long_text_ends_where_its_last_line_is_full(open_files: OpenFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[tuple[str, ImageFont.FreeTypeFont]] = []
    monkeypatch.setattr(ImageDraw.ImageDraw, "text", lambda _, place, line, font, **options: lines.append((line, font)))
    publisher = open_files({"a.md": day("2024-01-30", paper("Long " * 300, "2401.1"), paper("Short", "2401.2"))})
    render(publisher, "cover", "2024-01-30")
    (line, font), (following, _) = lines[-2:]
    assert (line[-3:], following) == ("...", "Short")
    assert 1020 - font.getlength(" Long") < font.getlength(line) <= 1020


def test_edition_without_papers_has_a_cover(seeds: Publisher) -> None:
    key = parse_key("2024-01-30")
    assert key
    assert b"".join(CoverExporter().render(Edition(key), RenderContext.for_site(seeds.site, seeds.formats)))


def test_font_file_is_relative_to_the_settings(folder: Path, environ: dict[str, str], latin: Font) -> None:
    (folder / "latin.ttf").write_bytes(latin.data)
    (folder / "feeds.toml").write_text('cover_font = "latin.ttf"', encoding="utf-8")
    font = load_settings(folder, {}).site.cover_font
    assert font
    assert (font.name, font.digest) == ("latin.ttf", latin.digest)
    assert open_publisher(folder, environ).site.cover_font == font
