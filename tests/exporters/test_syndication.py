"""Entries of feeds: what they begin and end with, and their size."""

import json
from collections.abc import Iterable
from datetime import date, timedelta

import feedparser
from lxml import html

from feeds.exporters.contract import Resource
from feeds.publishing.publisher import Publisher
from tests.support.digests import OpenFiles, day, load, paper, render

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


def read_item(publisher: Publisher, key: str, place: int = 0) -> tuple[dict[str, str], "html.HtmlElement"]:
    """Return an item of a JSON Feed, and its content."""
    item = json.loads(render(publisher, "json", key))["items"][place]
    return item, html.fragment_fromstring(item["content_html"], create_parent="div")


def texts(elements: Iterable["html.HtmlElement"]) -> list[str]:
    return [" ".join(element.text_content().split()) for element in elements]


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
    assert len(read_ids(publisher, "top-weekly")) == len(read_ids(publisher, "weekly")) == 30
    item = json.loads(render(publisher, "json", "weekly"))["items"][0]
    assert item["content_html"].startswith("<p>논문 70편 가운데 추천 상위 20편</p>")
    assert item["content_html"].count("<li>") == 20
    assert "content_text" not in item


def test_small_series_has_whole_sentences(seeds: Publisher) -> None:
    item, content = read_item(seeds, "daily")
    sentences = [listing.paper.first_sentence() for listing in load(seeds, "2024-03-20").most_voted()]
    assert texts(content.xpath("ol/li/p[2]")) == sentences
    assert item["content_text"].count("\n") > len(sentences)


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


SUMMARY = "- **What's New**: 첫 문장 & 둘 < 셋입니다. 다음 문장입니다.\n- https://github.com/a/b, https://e.org/c"


def test_entry_begins_with_sentence_votes_code_and_video(open_files: OpenFiles) -> None:
    media = "![](https://e.org/a.png)\n![](https://e.org/a.mp4)"
    papers = [paper("A", "2401.1", votes="Vote: 1234", media=media, summary=SUMMARY), paper("B", "2401.2")]
    publisher = open_files({"1.md": day("2024-01-30", *papers)})
    item, content = read_item(publisher, "2024-01-30")
    assert texts(content[:2]) == ["첫 문장 & 둘 < 셋입니다.", "추천 1,234 · 코드 · 동영상"]
    assert content[0][0].tag == "strong"
    assert content[1].xpath("a/@href") == ["https://github.com/a/b", "https://e.org/a.mp4"]
    assert content[2].xpath(".//img/@src") == ["https://e.org/a.png"]
    assert item["url"] == "https://arxiv.org/abs/2401.00001"
    assert item["content_text"].startswith("첫 문장 & 둘 < 셋입니다.\n\n추천 1,234 · 코드 · 동영상\n\n- What's New: 첫")
    assert texts(read_item(publisher, "2024-01-30", 1)[1][:1]) == ["논문 원문"]


def test_entry_ends_with_links_to_page_book_and_related_papers(open_files: OpenFiles) -> None:
    papers = [paper("A", "2401.1", summary=SUMMARY, authors="Authors: Ann Lee, +")]
    publisher = open_files({"1.md": day("2024-01-30", *papers), "2.md": day("2024-01-31", *papers)})
    item, content = read_item(publisher, "search")
    base = "http://127.0.0.1:8000"
    expected = {
        "Daily Papers에서 읽기": f"{base}/papers/2401.00001",
        "1월 30일 논문 전자책": f"{base}/2024-01-30.epub",
        "관련 논문": f"{base}/papers/2401.00001#related",
    }
    assert dict(zip(texts(content[-1]), content[-1].xpath("a/@href"), strict=True)) == expected
    assert texts(content[-3:-1]) == ["저자: Ann Lee 외", "논문 원문 · 링크"]
    assert item["content_text"].endswith("\n".join(f"{name}: {url}" for name, url in expected.items()))
    assert isinstance(publisher.find("2024-01-30.epub"), Resource)


def test_entry_does_not_repeat_a_first_sentence_of_its_own(open_files: OpenFiles) -> None:
    summaries = [
        "- 하나 & 둘입니다.\n- 셋입니다.",
        "하나입니다.",
        "- 하나입니다.",
        "- 하나 **둘**입니다.",
        "1. 하나입니다.\n2. 둘.",
    ]
    papers = [paper(f"P{rank}", f"2401.{rank}", summary=summary) for rank, summary in enumerate(summaries)]
    publisher = open_files({"1.md": day("2024-01-30", *papers)})
    contents = [read_item(publisher, "2024-01-30", rank)[1] for rank in range(len(papers))]
    assert [texts(content[:-2]) for content in contents] == [
        ["하나 & 둘입니다.", "셋입니다."],
        ["하나입니다."],
        ["하나입니다."],
        ["하나 둘입니다.", "하나 둘입니다."],
        ["하나입니다.", "하나입니다. 둘."],
    ]
    text = read_item(publisher, "2024-01-30")[0]["content_text"]
    assert text.startswith("하나 & 둘입니다.\n\n- 셋입니다.\n\n")


def test_entry_of_a_ranking_has_places_votes_sentences_and_links(open_files: OpenFiles) -> None:
    papers = [
        paper(f"P{rank}", f"2401.{rank}", votes=f"Vote: {rank}", summary=f"- {rank}번 문장입니다. 다음.")
        for rank in range(23)
    ]
    files = {"1.md": day("2024-01-30", *papers), "2.md": day("2024-02-06", paper("Later", "2402.1"))}
    publisher = open_files(files)
    (item,) = json.loads(render(publisher, "json", "top-weekly"))["items"]
    _, content = read_item(publisher, "top-weekly")
    base = "http://127.0.0.1:8000"
    assert item["title"] == "2024년 5주차(1월 29일 ~ 2월 4일) 추천 상위 논문"
    assert item["url"] == f"{base}/top/2024-W05"
    assert item["attachments"] == [{"url": f"{base}/top/2024-W05.epub", "mime_type": "application/epub+zip"}]
    assert texts(content[:1]) == ["논문 23편 가운데 추천 상위 20편"]
    assert texts(content.xpath("ol/li/p"))[:4] == [
        "P22 · 추천 22",
        "22번 문장입니다.",
        "P21 · 추천 21",
        "21번 문장입니다.",
    ]
    assert content.xpath("ol/li//a/@href") == [f"{base}/papers/2401.{rank:05}" for rank in range(22, 2, -1)]
    assert texts(content[-1]) == ["Daily Papers에서 읽기", "전자책(EPUB)", "이 주의 모든 논문"]
    assert content[-1].xpath("a/@href") == [f"{base}/top/2024-W05", f"{base}/top/2024-W05.epub", f"{base}/2024-W05"]
    assert item["content_text"].startswith("논문 23편 가운데 추천 상위 20편\n\n1. P22 · 추천 22\n2. P21 · 추천 21\n")
