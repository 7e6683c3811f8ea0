"""Translations of the pages: complete messages, names of editions, and the choice of the language."""

import re
import tomllib
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask.testing import FlaskClient
from lxml import html

from feeds.model.keys import parse_key
from feeds.site.i18n import LANGUAGES, get_locale, key_name, supported_language
from tests.support.digests import Files, day, paper, write_files
from tests.support.servers import ROOT
from web import create_app

FILES: Files = {"1.md": day("2024-01-30", paper("A", "2401.1"))}


TRANSLATED = [language for language in LANGUAGES if language != "en"]


def extract_messages() -> set[object]:
    """Extract the messages of Python files and templates, as `make messages` does."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["babel"]["mappings"]
    methods = [(mapping["pattern"], mapping["method"]) for mapping in mappings]
    return {message for _, _, message, _, _ in extract_from_dir(ROOT / "feeds", methods)}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated(language: str) -> None:
    path = ROOT / f"feeds/site/locales/{language}/LC_MESSAGES/feeds.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale=language, abort_invalid=True)
    assert {message.id for message in catalog if message.id} == extract_messages()
    assert not catalog.obsolete
    for message in catalog:
        if isinstance(message.id, tuple):
            assert isinstance(message.string, tuple)
            assert len(message.string) == catalog.num_plurals, message.id
            for translation in message.string:
                check_translation(message.id[-1], translation)
        elif message.id:
            check_translation(str(message.id), str(message.string))


def check_translation(message: str, translation: str) -> None:
    """Check that a translation has the placeholders and outer spaces of its message, and no other word of English."""
    placeholders = partial(re.findall, r"\{\w*\}")
    assert sorted(placeholders(translation)) == sorted(placeholders(message)), message
    assert translation.strip(), f"{message!r} is not translated"
    assert translation != message
    assert re.findall(r"^\s*|\s*$", translation) == re.findall(r"^\s*|\s*$", message), message
    latin = partial(re.findall, r"[A-Za-z]+")
    assert set(latin(translation)) <= set(latin(message)), message


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("2024-01-30", "2024년 1월 30일|January 30, 2024|2024年1月30日|2024年1月30日"),
        (
            "2024-W05",
            "2024년 5주차(1월 29일 ~ 2월 4일)|Week 5 of 2024 (Jan 29\u2009–\u2009Feb 4)"
            "|2024年第5週（1月29日～2月4日）|2024年第5周（1月29日至2月4日）",
        ),
        ("2024-01", "2024년 1월|January 2024|2024年1月|2024年1月"),
        ("2024", "2024년|2024|2024年|2024年"),
        ("latest", "최신 논문|Latest papers|最新の論文|最新论文"),
        ("weeks/2024", "주별 · 2024년|By week · 2024|週別 · 2024年|按周 · 2024年"),
        ("top/2024-01", "2024년 1월 추천 상위 논문|Most voted: January 2024|2024年1月の人気論文|2024年1月热门论文"),
    ],
)
def test_edition_is_named_in_each_language(key: str, names: str) -> None:
    parsed = parse_key(key)
    assert parsed
    assert [key_name(parsed, get_locale(tag)) for tag in ("ko", "en-GB", "ja", "zh-Hant")] == names.split("|")


@pytest.mark.parametrize(
    ("tag", "ranges"),
    [
        ("ko", ["1월 2일 ~ 5일", "2023년 12월 30일 ~ 2024년 1월 2일", "1월 2일"]),
        ("en", ["Jan 2\u2009–\u20095", "Dec 30, 2023\u2009–\u2009Jan 2, 2024", "Jan 2"]),
        ("ja", ["1月2日～5日", "2023年12月30日～2024年1月2日", "1月2日"]),
        ("zh", ["1月2日至5日", "2023年12月30日至2024年1月2日", "1月2日"]),
    ],
)
def test_range_has_one_sign_in_each_language(tag: str, ranges: list[str]) -> None:
    locale, old, first, last = get_locale(tag), date(2023, 12, 30), date(2024, 1, 2), date(2024, 1, 5)
    formatted = [locale.format_range(first, last), locale.format_range(old, first, "yMMMd")]
    assert [*formatted, locale.format_range(first, first)] == ranges


@pytest.mark.parametrize(
    ("tag", "days"), [("ko", "일월화수목금토"), ("ja", "日月火水木金土"), ("zh-TW", "一二三四五六日")]
)
def test_week_begins_as_in_the_country(tag: str, days: str) -> None:
    assert "".join(narrow for narrow, _ in get_locale(tag).weekdays()) == days


def test_numbers_in_messages_have_separators() -> None:
    locales = [get_locale(tag) for tag in ("ko", "en", "ja", "zh")]
    texts = [locale.gettext("page {page}", page=1234) for locale in locales]
    assert texts == ["1,234페이지", "page 1,234", "1,234ページ", "第1,234页"]


def test_plural_form_follows_the_count() -> None:
    counted = [get_locale("en").ngettext("{count} vote", "{count} votes", count) for count in (0, 1, 2)]
    assert counted == ["0 votes", "1 vote", "2 votes"]
    assert get_locale("ko").ngettext("{count} vote", "{count} votes", 1) == "추천 1"


def test_braces_in_a_value_are_kept() -> None:
    assert get_locale("ko").gettext("Search: {question}", question="{day} {0}") == "검색: {day} {0}"


def test_unsupported_language_falls_back_to_english() -> None:
    assert [supported_language(tag) for tag in ("ko-KR", "KO", "en-US", "fr", "kok")] == ["ko", "ko", "en", "en", "en"]
    assert get_locale("fr").format_weekday(date(2024, 1, 30)) == "Tuesday, January 30, 2024"


NEGOTIATED = {
    None: "ko",
    "en": "en",
    "en-US,ko;q=0.5": "en",
    "ko,en": "ko",
    "ko-KR": "ko",
    "fr,de": "ko",
    "*": "ko",
    "fr, en;q=0.2": "en",
    "": "ko",
    "ko;q=0, en;q=0.1": "en",
    "ja": "ja",
    "ja-JP, en;q=0.8": "ja",
    "zh-CN,zh;q=0.9,en;q=0.8": "zh",
    "zh-TW": "zh",
    "zh-Hant-HK, en;q=0.5": "zh",
    ";;;": "ko",
}
"""The languages of pages by Accept-Language."""


@pytest.mark.parametrize(("accepted", "language"), NEGOTIATED.items())
def test_page_is_in_the_accepted_language(client: FlaskClient, accepted: str | None, language: str) -> None:
    response = client.get("/2024-01-30", headers={} if accepted is None else {"Accept-Language": accepted})
    assert html.fromstring(response.data).get("lang") == language
    assert response.headers["Content-Language"] == language
    assert "Accept-Language" in response.headers["Vary"]


def test_only_pages_have_an_etag_for_each_language(client: FlaskClient) -> None:
    headers = [None, {"Accept-Language": "ko"}, {"Accept-Language": "en"}]
    default, korean, english = (client.get("/2024-01-30", headers=header) for header in headers)
    assert default.headers["ETag"] == korean.headers["ETag"] != english.headers["ETag"]
    assert default.data == korean.data != english.data
    for path in ("/latest.rss", "/2024-01-30.epub", "/opds", "/style.css"):
        responses = [client.get(path, headers=header) for header in headers]
        assert len({response.headers["ETag"] for response in responses}) == 1
        assert "Accept-Language" not in responses[0].headers["Vary"]


@pytest.mark.parametrize("interface", LANGUAGES)
def test_interface_setting_overrides_the_accepted_language(
    folder: Path, environ: dict[str, str], interface: str
) -> None:
    write_files(folder, FILES)
    client = create_app(folder, environ | {"FEEDS_INTERFACE": interface}).test_client()
    response = client.get("/2024-01-30", headers={"Accept-Language": "en" if interface == "ko" else "ko"})
    assert html.fromstring(response.data).get("lang") == interface
    assert "Accept-Language" not in response.headers["Vary"]


def test_page_language_defaults_to_that_of_the_digests(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, FILES)
    client = create_app(folder, environ | {"FEEDS_LANGUAGE": "en-GB"}).test_client()
    assert html.fromstring(client.get("/").data).get("lang") == "en"
