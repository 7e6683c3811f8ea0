"""Replicas of the app share nothing, and answer alike."""

import os
from pathlib import Path

import pytest

from feeds.publishing.publisher import open_publisher
from tests.support.digests import day, paper, write_files
from web import create_app

pytestmark = pytest.mark.external

BASE_URL = "https://papers.example.org"
SEARCHES = ["/search?q=%ED%99%95%EC%82%B0", "/search.rss?q=LLM&limit=3", "/search.epub?min_votes=50"]
TWO_DAYS = {
    "1.md": day("2024-01-30", *(paper(f"Paper {n}", f"2401.{n}", summary="- LLM 확산") for n in (1, 2))),
    "2.md": day("2024-03-20", *(paper(f"Paper {n}", f"2401.{n}", summary="- LLM 확산") for n in (3, 4))),
}


def test_replicas_that_share_nothing_have_the_same_etags(tmp_path: Path) -> None:
    etags = []
    for name, mtime in ("one", 1_600_000_000), ("other/place", 1_700_000_000):
        root = tmp_path / name
        write_files(root / "archive", TWO_DAYS)
        for path in (root / "archive").iterdir():
            os.utime(path, (mtime, mtime))
        environ = {"FEEDS_BASE_URL": BASE_URL, "FEEDS_INDEX": str(root / "index.sqlite"), "HOME": str(root)}
        app = create_app(root / "archive", environ).test_client()
        documents = open_publisher(root / "archive", environ).all_representations()
        urls = [*(f"/{document.path}" for document in documents), *SEARCHES]
        responses = {url: app.get(url, headers={"If-None-Match": "*"}) for url in urls}
        assert {response.status_code for response in responses.values()} == {304}
        etags.append({url: response.headers["ETag"] for url, response in responses.items()})
    assert etags[0] == etags[1]
    assert len(set(etags[0].values())) == len(etags[0]) > 100
