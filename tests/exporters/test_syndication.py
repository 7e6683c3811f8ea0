"""Feeds of much content: small enough for every client, with the same entries in every format."""

import json
from datetime import date, timedelta

import feedparser

from feeds.publishing.publisher import Publisher
from tests.support.digests import OpenFiles, day, paper, render

MAX_BYTES = 512_000
AUTHORS = "Authors: " + ", ".join(f"Given{number} Family{number}" for number in range(40))


def read_ids(publisher: Publisher, key: str) -> list[str]:
    """Return the ids of the entries of a feed, which are the same in every format, none of which is too large."""
    documents = {name: render(publisher, name, key) for name in ("rss", "atom", "json")}
    assert {name: size for name, document in documents.items() if (size := len(document)) > MAX_BYTES} == {}
    ids = [item["id"] for item in json.loads(documents["json"])["items"]]
    for name in ("rss", "atom"):
        assert [entry.id for entry in feedparser.parse(documents[name]).entries] == ids
    return ids


def test_large_series_has_all_its_entries_in_every_format(open_files: OpenFiles) -> None:
    files = {}
    for week in range(32):
        monday = date(2024, 1, 1) + timedelta(weeks=week)
        papers = [
            paper(f"{number} of {week}: " + "제목 " * 30, f"24{week:02}.{number}", summary="- " + "긴 요약 " * 99)
            for number in range(70)
        ]
        files[f"{week}.md"] = day(str(monday), *papers)
    publisher = open_files(files)
    assert len(read_ids(publisher, "weekly")) == 30
    item = json.loads(render(publisher, "json", "weekly"))["items"][0]
    assert item["content_html"].startswith("<p>논문 70편</p>")
    assert item["content_html"].count("<li>") == 20
    assert "content_text" not in item


def test_small_series_has_long_texts(seeds: Publisher) -> None:
    item = json.loads(render(seeds, "json", "daily"))["items"][0]
    assert item["content_text"]
    assert any(len(part) > 180 for part in item["content_html"].split("<p>"))


def test_large_latest_has_the_same_entries_in_every_format(open_files: OpenFiles) -> None:
    files = {}
    for number in range(1, 6):
        summary = "- " + f'<b> & "긴" 요약 {number} ' * 200
        papers = [paper(f"P{rank}", f"240{number}.{rank}", authors=AUTHORS, summary=summary) for rank in range(18)]
        files[f"{number}.md"] = day(f"2024-01-{number:02}", *papers)
    publisher = open_files(files)
    ids = read_ids(publisher, "latest")
    assert len(ids) in range(18, 90, 18)
    assert json.loads(render(publisher, "json", "latest"))["next_url"].endswith(f"-0{5 - len(ids) // 18}.json")
    assert len(read_ids(publisher, "2024-01-05")) == 18


def test_latest_of_a_large_day_has_one_choice_of_entries(open_files: OpenFiles) -> None:
    papers = [paper(f"P{rank}", f"2401.{rank}", summary="- " + "긴 요약 " * 2000) for rank in range(90)]
    ids = read_ids(open_files({"1.md": day("2024-01-30", *papers)}), "latest")
    assert 5 < len(ids) < 90
