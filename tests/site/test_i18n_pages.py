"""The words of pages in each language: none is left in English, and every page has a title that says what it is."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from lxml import etree, html

from feeds.site.i18n import LANGUAGES
from tests.site.test_i18n import extract_messages
from tests.support.digests import Files, day, paper, write_files
from web import create_app

TRANSLATED = [language for language in LANGUAGES if language != "en"]
FILES: Files = {
    "1.md": day("2023-12-28", paper("Άλφα", "2312.1", votes="Vote: 1200", summary="- Πρώτο. Δεύτερο.")),
    "2.md": day(
        "2024-01-30",
        paper(
            "Βήτα",
            "2401.1",
            votes="Vote: 7",
            media="![](https://e.org/1.mp4)",
            authors="Authors: Α, Β, Γ, Δ, Ε, Ζ, Η, Θ",
            summary="- Τρίτο. Τέταρτο: https://github.com/1/2",
        ),
        paper("Γάμμα", "2401.2", authors="Authors: Α, Β, +", summary="- Πέμπτο. Έκτο."),
    ),
}
SETTINGS = """
title = "Σελίδες"
description = "Περιγραφή"
author = "Συντάκτης"
[topics]
"Θέμα" = "Βήτα"
"""
PATHS = [
    *("/", "/latest", "/2024-01-30", "/2024-01-30.full.html", "/2024-W05", "/2024-01", "/2024", "/all", "/books"),
    *("/e-reader", "/stats", "/today", "/daily", "/weekly", "/monthly", "/top-weekly", "/top-monthly", "/top/2024-W05"),
    *("/days", "/weeks/2024", "/newest", "/topics", "/papers/2401.00001", "/papers/2401.00002", "/search"),
    *("/search?q=Βήτα", "/search?q=Ω", "/search?author=Α", "/search?min_votes=5&has=code&order=votes&from=2024-01-01"),
    *("/2024-01-31", "/search?limit=x", "/search?min_votes=x"),
]
"""Pages of every kind, the last three of errors."""

UNTRANSLATED = ("script", "style", "textarea")
"""Elements whose text is for programs."""

ATTRIBUTES = ("aria-label", "alt", "placeholder", "title", "content", "data-copied", "data-next", "data-previous")


@pytest.fixture
def site(folder: Path, environ: dict[str, str]) -> FlaskClient:
    """The pages of an archive that has no word of English."""
    write_files(folder, FILES)
    (folder / "feeds.toml").write_text(SETTINGS, encoding="utf-8")
    return create_app(folder, environ).test_client()


def get_page(site: FlaskClient, path: str, language: str) -> html.HtmlElement:
    """Get and parse a page in a language, also that of an error."""
    response = site.get(path, headers={"Accept": "text/html", "Accept-Language": language})
    return html.fromstring(response.data)


def visible_texts(page: html.HtmlElement) -> list[str]:
    """List the texts that readers see or hear, without URLs and what is marked as English in a page."""
    translated = [element for element in page.iter(etree.Element) if element.tag not in UNTRANSLATED]
    shown = [element for element in translated if not element.xpath("ancestor-or-self::*[@lang = 'en'][parent::*]")]
    texts = [text for element in shown for text in (element.text, *(child.tail for child in element)) if text]
    values = [element.get(name, "") for element in shown for name in ATTRIBUTES]
    return [text for text in texts + values if text.strip() and "://" not in text]


@pytest.mark.parametrize("language", TRANSLATED)
def test_pages_have_no_english_word_of_the_interface(site: FlaskClient, language: str) -> None:
    forms = [form for message in extract_messages() for form in (message if isinstance(message, tuple) else [message])]
    phrases = {part.strip(" .,:;()") for form in forms for part in re.split(r"\{\w+\}", str(form))}
    words = "|".join(re.escape(phrase) for phrase in sorted(phrases) if re.search("[A-Za-z]{2}", phrase))
    english = re.compile(rf"(?<!\w)(?:{words})(?!\w)")
    for path in PATHS:
        page = get_page(site, path, language)
        assert page.get("lang") == language
        texts = visible_texts(page)
        assert texts
        assert [text for text in texts if english.search(text)] == [], path


def test_english_words_are_found_in_english_pages(site: FlaskClient) -> None:
    texts = visible_texts(get_page(site, "/2024-01-30", "en-GB"))
    assert {"Download", "Subscribe", "Today"} <= {text.strip() for text in texts}


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_of_pages_tell_them_apart(site: FlaskClient, language: str) -> None:
    titles = {path: get_page(site, path, language).findtext(".//title") or "" for path in PATHS}
    assert titles.pop("/") == "Σελίδες"
    assert all(re.fullmatch(r"\S.* — Σελίδες", title) for title in titles.values())
    for path, same in (("/2024-01-30.full.html", "/2024-01-30"), ("/today", "/2024-01-30")):
        assert titles.pop(path) == titles[same]
    assert titles.pop("/search?limit=x") == titles.pop("/search?min_votes=x")
    assert len(set(titles.values())) == len(titles)


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/2024-01-30", "2024년 1월 30일 — Σελίδες"),
        ("/2024-W05", "2024년 5주차(1월 29일 ~ 2월 4일) — Σελίδες"),
        ("/papers/2401.00001", "Βήτα — Σελίδες"),
        ("/search?author=Α", "Α의 논문 — Σελίδες"),
        ("/search?q=Ω&page=2", "검색: Ω · 2페이지 — Σελίδες"),
        ("/topics/Θέμα", "Θέμα — Σελίδες"),
        ("/weeks/2024", "주별 · 2024년 — Σελίδες"),
        ("/2024-01-31", "페이지를 찾을 수 없습니다 — Σελίδες"),
    ],
)
def test_title_begins_with_what_the_page_shows(site: FlaskClient, path: str, title: str) -> None:
    assert get_page(site, path, "ko").findtext(".//title") == title
