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


def extract_messages() -> set[object]:
    """Extract the messages of Python files and templates, as `make messages` does."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["babel"]["mappings"]
    methods = [(mapping["pattern"], mapping["method"]) for mapping in mappings]
    return {message for _, _, message, _, _ in extract_from_dir(ROOT / "feeds", methods)}


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_message_is_translated(language: str) -> None:
    path = ROOT / f"feeds/site/locales/{language}/LC_MESSAGES/feeds.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale=language, abort_invalid=True)
    assert {message.id for message in catalog if message.id} == extract_messages()
    assert not catalog.obsolete
    placeholders = partial(re.findall, r"\{(\w*)\}")
    for message in catalog:
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        translations = message.string if isinstance(message.string, tuple) else (message.string,)
        for translation in translations if message.id else ():
            assert translation, f"{path}: {message.id!r} is not translated"
            assert sorted(placeholders(translation)) == sorted(placeholders(ids[-1]))


@pytest.mark.parametrize(
    ("key", "korean", "english"),
    [
        ("2024-01-30", "2024년 1월 30일", "January 30, 2024"),
        ("2024-W05", "2024년 5주차 (1월 29일 ~ 2월 4일)", "Week 5 of 2024 (Jan 29\u2009–\u2009Feb 4)"),
        ("2024-01", "2024년 1월", "January 2024"),
        ("2024", "2024년", "2024"),
        ("latest", "최신 논문", "Latest papers"),
        ("weeks/2024", "주별 2024", "By week 2024"),
    ],
)
def test_edition_is_named_in_each_language(key: str, korean: str, english: str) -> None:
    parsed = parse_key(key)
    assert parsed
    assert (key_name(parsed, get_locale("ko")), key_name(parsed, get_locale("en-GB"))) == (korean, english)


def test_plural_form_follows_the_count() -> None:
    counted = [get_locale("en").ngettext("{count} vote", "{count} votes", count) for count in (0, 1, 2)]
    assert counted == ["0 votes", "1 vote", "2 votes"]
    assert get_locale("ko").ngettext("{count} vote", "{count} votes", 1) == "추천 1"


def test_braces_in_a_value_are_kept() -> None:
    assert get_locale("ko").gettext("Search: {question}", question="{day} {0}") == "검색: {day} {0}"


def test_unsupported_language_falls_back_to_english() -> None:
    assert [supported_language(tag) for tag in ("ko-KR", "KO", "en-US", "ja", "kok")] == ["ko", "ko", "en", "en", "en"]
    assert get_locale("ja").format_weekday(date(2024, 1, 30)) == "Tuesday, January 30, 2024"


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
