"""The defaults of settings in the language of a site, and the languages that texts are marked with."""

import json
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from lxml import etree, html

from feeds.model.paper import Paper
from feeds.publishing.publisher import Publisher
from feeds.site import settings
from feeds.site.defaults import defaults_of
from feeds.site.languages import body_language, setting_language, summary_language, written_language
from feeds.site.site import Site
from tests.support.digests import Files, OpenFiles, day, paper, render

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
URL = "https://e.org/a"
KEY = "2024-01-30"


def site(folder: Path, **variables: str) -> Site:
    return settings.load(folder, {f"FEEDS_{name.upper()}": value for name, value in variables.items()}).site


def files(language: str, *papers: str, more: str = "") -> Files:
    return {"feeds.toml": f'language = "{language}"\n{more}', "a.md": day(KEY, *papers)}


@pytest.mark.parametrize(
    ("language", "description", "topic"),
    [
        ("ko", "매일 새로", "topics/언어-모델"),
        ("ko-KR", "매일 새로", "topics/언어-모델"),
        ("en", "Summaries of", "topics/Language-models"),
        ("en-GB", "Summaries of", "topics/Language-models"),
        ("ja", "新しい", "topics/言語モデル"),
        ("zh", "每天", "topics/语言模型"),
        ("zh-Hans", "每天", "topics/语言模型"),
        ("zh-Hant-TW", "每天", "topics/语言模型"),
        ("fr", "Summaries of", "topics/Language-models"),
    ],
)
def test_defaults_are_in_the_language_of_the_site(folder: Path, language: str, description: str, topic: str) -> None:
    loaded = site(folder, language=language)
    assert loaded.description.startswith(description)
    assert loaded.topics[0].key.text == topic
    assert len(loaded.topics) == len(Site().topics)


def test_site_without_a_language_has_the_usual_defaults(folder: Path) -> None:
    assert site(folder) == Site()


def test_settings_replace_the_defaults_of_a_language(folder: Path) -> None:
    (folder / "feeds.toml").write_text(
        'language = "ja"\ndescription = "論文"\n[topics]\n"甲" = "乙"\n', encoding="utf-8"
    )
    loaded = site(folder)
    assert loaded.description == "論文"
    assert [topic.name for topic in loaded.topics] == ["甲"]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Des modèles de langue", "fr", "fr"),
        ("A summary", "en", "en"),
        ("Eine Zusammenfassung", "de-DE", "de-DE"),
        ("요약입니다", "fr", "ko"),
        ("A summary", "ko", "en"),
        ("A summary", "zh-Hant", "en"),
        ("論文の要約", "ja", "ja"),
        ("Краткое изложение", "ru", "ru"),
    ],
)
def test_text_is_in_the_language_of_the_site_if_its_script_is(text: str, language: str, expected: str) -> None:
    assert written_language(text, language) == expected


def test_english_defaults_are_marked_as_english_elsewhere() -> None:
    description, topics = defaults_of("fr")
    assert setting_language(description, "fr") == "en"
    assert setting_language(topics[0].name, "fr") == "en"
    assert setting_language("Nos articles", "fr") == "fr"
    assert setting_language(description, "en-GB") == "en-GB"


def test_language_of_a_paper_precedes_that_of_the_site() -> None:
    chinese = Paper("A", URL, summary="本文", language="zh")
    assert summary_language(chinese, "ko") == body_language(chinese, "ko") == "zh"
    french = Paper("A", URL, summary="Nous montrons", language="fr")
    assert summary_language(french, "en") == "fr"
    assert body_language(Paper("A", URL, abstract="We show"), "ko") == "en"
    assert body_language(Paper("A", URL, abstract="本文", language="zh"), "ko") == "zh"
    assert body_language(Paper("A", URL, summary="Only English"), "ko") == "ko"


@pytest.fixture
def mixed(open_files: OpenFiles) -> Publisher:
    """A Korean site with a summary in Korean, one in French, and an abstract in English."""
    papers = [
        paper("A", "2401.1", summary="- 요약"),
        paper("B", "2401.2", extras="Language: fr", summary="- Nous montrons."),
        paper("C", "2401.3", extras="Abstract: We show."),
    ]
    return open_files(files("ko", *papers))


def test_feeds_mark_the_texts_of_papers_in_other_languages(mixed: Publisher) -> None:
    entries = etree.fromstring(render(mixed, "atom", KEY)).findall("{*}entry")
    for name in ("{*}content", "{*}summary"):
        assert [text.get(XML_LANG) for entry in entries for text in entry.findall(name)] == [None, "fr", "en"]
    items = etree.fromstring(render(mixed, "rss", KEY)).findall("channel/item")
    assert [item.findtext("{*}language") for item in items] == [None, "fr", "en"]
    assert [item.get("language") for item in json.loads(render(mixed, "json", KEY))["items"]] == [None, "fr", "en"]


def test_pages_mark_the_texts_of_papers_in_other_languages(mixed: Publisher) -> None:
    leads = html.fromstring(render(mixed, "html", KEY)).xpath("//p[@class='lead']")
    assert [lead.get("lang") for lead in leads] == [None, "fr", "en"]


def test_book_marks_the_texts_of_papers_in_other_languages(mixed: Publisher) -> None:
    with zipfile.ZipFile(BytesIO(render(mixed, "epub", KEY))) as book:
        documents = [etree.fromstring(book.read(name)) for name in sorted(book.namelist()) if name.endswith(".xhtml")]
    bodies = "//*[local-name() = 'article']/*[local-name() = 'div'][not(@class)][1]"
    texts = [text for document in documents for text in document.xpath(bodies)]
    assert [text.get("lang") for text in texts] == [text.get(XML_LANG) for text in texts] == [None, "fr", "en"]


@pytest.mark.parametrize(
    ("more", "expected"), [("", {"subtitle": "en", "footer": "en"}), ('description = "Nos articles"', {"footer": "fr"})]
)
def test_french_site_is_not_called_english(open_files: OpenFiles, more: str, expected: Mapping[str, str]) -> None:
    publisher = open_files(files("fr", paper(summary="- Nous montrons."), more=more))
    (subtitle,) = etree.fromstring(render(publisher, "atom", KEY)).findall("{*}subtitle")
    assert subtitle.get(XML_LANG) == expected.get("subtitle")
    document = html.fromstring(render(publisher, "html", KEY))
    assert document.xpath("//p[@class='lead']")[0].get("lang") == "fr"
    (description,) = document.xpath("//footer/p/span")
    assert description.get("lang", document.get("lang")) == expected["footer"]
    assert "[Summary in French]" in render(publisher, "bib", KEY).decode()
