"""The words around papers, in every language."""

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

from feeds.model.key import parse_key
from feeds.site.i18n import LANGUAGES, closest, name, wording
from tests.support.digests import Files, day, paper, write_files
from tests.support.servers import ROOT
from web import create_app

FILES: Files = {"1.md": day("2024-01-30", paper("A", "2401.1"))}


def messages_of_the_code() -> set[object]:
    """Extract every message from Python files and templates, as `make messages` does."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["babel"]["mappings"]
    methods = [(each["pattern"], each["method"]) for each in mappings]
    return {message for _, _, message, _, _ in extract_from_dir(ROOT / "feeds", methods)}


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_every_message_is_translated_and_no_other(language: str) -> None:
    path = ROOT / f"feeds/site/locales/{language}/LC_MESSAGES/feeds.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale=language, abort_invalid=True)
    assert {message.id for message in catalog if message.id} == messages_of_the_code()
    assert not catalog.obsolete
    placeholders = partial(re.findall, r"\{(\w*)\}")
    for message in catalog:
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        for each in said if message.id else ():
            assert each, f"{path}: {message.id!r} is not translated"
            assert sorted(placeholders(each)) == sorted(placeholders(ids[-1]))


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
def test_an_edition_is_named_in_each_language(key: str, korean: str, english: str) -> None:
    parsed = parse_key(key)
    assert parsed
    assert (name(parsed, wording("ko")), name(parsed, wording("en-GB"))) == (korean, english)


def test_one_is_not_many() -> None:
    counted = [wording("en").ngettext("{count} vote", "{count} votes", count) for count in (0, 1, 2)]
    assert counted == ["0 votes", "1 vote", "2 votes"]
    assert wording("ko").ngettext("{count} vote", "{count} votes", 1) == "추천 1"


def test_braces_in_what_is_filled_in_stay() -> None:
    assert wording("ko").gettext("Search: {question}", question="{day} {0}") == "검색: {day} {0}"


def test_a_language_without_words_gets_english_ones() -> None:
    assert [closest(tag) for tag in ("ko-KR", "KO", "en-US", "ja", "kok")] == ["ko", "ko", "en", "en", "en"]
    assert wording("ja").weekday(date(2024, 1, 30)) == "Tuesday, January 30, 2024"


ASKED_FOR = {None: "ko", "en": "en", "en-US,ko;q=0.5": "en", "ko,en": "ko", "ko-KR": "ko", "fr,de": "ko", "*": "ko"}
ASKED_FOR |= {"fr, en;q=0.2": "en", "": "ko", "ko;q=0, en;q=0.1": "en", ";;;": "ko"}


@pytest.mark.parametrize(("asked", "language"), ASKED_FOR.items())
def test_pages_speak_the_readers_language(client: FlaskClient, asked: str | None, language: str) -> None:
    answer = client.get("/2024-01-30", headers={} if asked is None else {"Accept-Language": asked})
    assert html.fromstring(answer.data).get("lang") == language
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]


def test_each_language_of_a_page_has_its_own_tag_and_feeds_have_one(client: FlaskClient) -> None:
    asked = [None, {"Accept-Language": "ko"}, {"Accept-Language": "en"}]
    pages = [client.get("/2024-01-30", headers=each) for each in asked]
    assert pages[0].headers["ETag"] == pages[1].headers["ETag"] != pages[2].headers["ETag"]
    assert pages[0].data == pages[1].data != pages[2].data
    for path in ("/latest.rss", "/2024-01-30.epub", "/opds", "/style.css"):
        answers = [client.get(path, headers=each) for each in asked]
        assert len({answer.headers["ETag"] for answer in answers}) == 1
        assert "Accept-Language" not in answers[0].headers["Vary"]


@pytest.mark.parametrize("interface", LANGUAGES)
def test_the_interface_can_be_set(folder: Path, environ: dict[str, str], interface: str) -> None:
    write_files(folder, FILES)
    client = create_app(folder, environ | {"FEEDS_INTERFACE": interface}).test_client()
    answer = client.get("/2024-01-30", headers={"Accept-Language": "en" if interface == "ko" else "ko"})
    assert html.fromstring(answer.data).get("lang") == interface
    assert "Accept-Language" not in answer.headers["Vary"]


def test_without_a_wish_pages_are_in_the_language_of_the_digests(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, FILES)
    client = create_app(folder, environ | {"FEEDS_LANGUAGE": "en-GB"}).test_client()
    assert html.fromstring(client.get("/").data).get("lang") == "en"
