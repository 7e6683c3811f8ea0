"""Pages whose URLs name their language."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from feeds.site.i18n import LANGUAGES
from tests.exporters.test_html import Pages, open_pages
from tests.support.digests import day, paper
from tests.support.library import LIBRARY

OTHERS = [language for language in LANGUAGES if language != "ko"]


@pytest.fixture
def library(folder: Path, environ: dict[str, str]) -> Pages:
    """The pages of six papers."""
    return open_pages(folder, environ, LIBRARY)


def test_page_names_itself_in_every_language(library: Pages) -> None:
    for path in ("/", "/2024-01-30", "/search?q=diffusion"):
        page, mark = library(path), "&" if "?" in path else "?"
        alternates = {link.get("hreflang"): link.get("href") for link in page.xpath("//head/link[@hreflang]")}
        assert alternates == {tag: f"http://127.0.0.1:8000{path}{mark}lang={tag}" for tag in LANGUAGES}
        assert set(page.xpath("//header//a[@hreflang]/@href")) == {f"{path}{mark}lang={tag}" for tag in OTHERS}
        english = library(f"{path}{mark}lang=en")
        assert (english.get("lang"), page.get("lang")) == ("en", "ko")
        assert english.xpath("//link[@rel='canonical']/@href") == [f"http://127.0.0.1:8000{path}"]
        assert english.xpath("//header//a[@hreflang]/@href")[0] == f"{path}{mark}lang=ko"


DOCUMENT = re.compile(r"\.(?!full\.html)\w+$|/(opds2?|topics\.opds2?)$")


@pytest.mark.parametrize("path", ["/", "/2024-01-30", "/papers/2401.00001", "/search?q=diffusion", "/books", "/all"])
def test_links_and_forms_keep_the_language_of_the_url(library: Pages, path: str) -> None:
    page = library(f"{path}{'&' if '?' in path else '?'}lang=en")
    links = [urlsplit(url) for url in page.xpath("//a[not(@hreflang)]/@href") if url.startswith("/")]
    to_pages = [url for url in links if not DOCUMENT.search(url.path)]
    assert to_pages
    assert [url for url in to_pages if "lang=en" not in url.query.split("&")] == []
    searches = page.xpath("//form[contains(@action, '/search')]")
    assert searches
    assert all(form.xpath(".//input[@name='lang']/@value") == ["en"] for form in searches)


def test_unknown_language_of_a_url_is_400(library: Pages) -> None:
    response = library.client.get("/2024-01-30?lang=xx", headers={"Accept": "text/plain"})
    assert response.status_code == 400
    assert response.text == f"lang: there are no pages in the language 'xx', only in ko, {', '.join(OTHERS)}\n"
    assert library.client.get("/latest.rss?lang=xx").status_code == 200


def test_language_of_the_url_wins_and_needs_no_vary(library: Pages) -> None:
    named = library.client.get("/2024-01-30?lang=en", headers={"Accept-Language": "ko"})
    chosen = library.client.get("/2024-01-30", headers={"Accept-Language": "en"})
    assert (named.headers["Content-Language"], chosen.headers["Content-Language"]) == ("en", "en")
    assert "Accept-Language" not in named.headers["Vary"]
    assert "Accept-Language" in chosen.headers["Vary"]
    assert named.headers["ETag"] != chosen.headers["ETag"]


def test_site_in_one_language_offers_no_other(folder: Path, environ: dict[str, str]) -> None:
    pages = open_pages(folder, environ | {"FEEDS_INTERFACE": "ko"}, {"1.md": day("2024-01-30", paper())})
    assert not pages("/").xpath("//*[@hreflang]")
    assert pages.client.get("/?lang=ko").status_code == 200
    assert pages.client.get("/?lang=en").status_code == 400
