"""Addresses that every reader and validator takes."""

from pathlib import Path

import pytest

from feeds.publishing.publisher import Catalog
from feeds.text.markdown import render_html
from feeds.text.urls import normalize_web_url
from tests.support import validators as judges
from tests.support.digests import OpenFiles, day, paper


@pytest.mark.parametrize(
    ("written", "address"),
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
def test_an_address_is_written_as_a_uri(written: str, address: str) -> None:
    assert normalize_web_url(written) == address
    assert normalize_web_url(address) == address


REFUSED = [
    *(
        "http://e.org:99999/",
        "http://e.org:abc/",
        "http://a@b@c.org/",
        "http://me:secret@e.org/",
        "http://ex%20ample.org/",
    ),
    *(
        "http://xn--a.org/",
        f"http://{'a' * 64}.org/",
        "http://a..b/",
        "http://-a.org/",
        "http:x",
        "https:///x",
        "http://",
    ),
    *("ftp://e.org/", "javascript:alert(1)", "//e.org/", "e.org", "http://[::g]/", "http://e org/", ""),
    *("http://[fe80::1%25en0]/", "http://[fe80::1%a b]/", "http://e.org/\ud800"),
]


@pytest.mark.parametrize("written", REFUSED)
def test_what_is_no_address_of_the_web_is_none(written: str) -> None:
    assert normalize_web_url(written) is None


def test_a_link_to_what_is_no_address_stays_as_words() -> None:
    rendered = render_html("- [글](http:x) [메일](mailto:a@b.org) [이상](mailto:x) [둘](http://e.org/[a])")
    assert "[글](http:x) <a href=" in rendered
    assert '<a href="mailto:a@b.org">메일</a> [이상](mailto:x) <a href="http://e.org/%5Ba%5D">둘</a>' in rendered


def test_books_of_strange_addresses_are_valid(open_files: OpenFiles, tmp_path: Path) -> None:
    strange = [
        "http://e.org/%",
        "http://e.org/%zz?[x]#a#b",
        "http://e.org:99999/",
        "http://a..b/",
        "http://e.org/(a)[b]",
    ]
    papers = [
        paper(f"T{number}", f"2401.{number}", media=f"![]({address})", summary=f"- [글]({address}) {address}")
        for number, address in enumerate(strange, 1)
    ]
    papers += [f"### [T{address}]({address})\n" for address in strange]
    catalog: Catalog = open_files({"1.md": day("2024-01-30", *papers)})
    found = catalog.find("2024-01-30.epub")
    (tmp_path / "book.epub").write_bytes(catalog.render(found, catalog.cut(found)))
    assert judges.epubcheck(tmp_path / "book.epub") == []
