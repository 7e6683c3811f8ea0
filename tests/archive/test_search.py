"""Search finds Korean the way a Korean types it, and nothing else."""

import random
import unicodedata
from pathlib import Path

import pytest

from feeds.archive.archive import Archive
from feeds.errors import QueryError
from feeds.model.query import EVERYTHING, Query, read_query
from feeds.text import markdown, unicode
from tests.support import archives
from tests.support.digests import OpenFiles, day, paper


@pytest.fixture
def search(open_files: OpenFiles) -> "Search":
    first = paper(
        "Video LLM",
        "2401.1",
        votes="Vote: 5",
        authors="Authors: Jürgen Schmidhuber, 김민준",
        summary="- 언어모델을 **확산** 모델로",
    )
    second = paper(
        "TÜLU 2",
        "2401.2",
        votes="Vote: -",
        media="![](https://e.org/a.mp4)",
        summary="- 각 100% 값_은 https://github.com/a/b",
    )
    third = paper("Third", "2401.3", votes="Vote: 0", summary='- ＧＰＴ 가격 "따옴표"')
    return Search(open_files({"a.md": day("2024-01-30", first, second), "b.md": day("2024-01-31", third)}).archive)


class Search:
    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def __call__(self, **parameters: str) -> list[str]:
        found = read_query((name.rstrip("_"), value) for name, value in parameters.items())
        return [paper.title for paper in self.archive.papers(found)]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("모델", ["Video LLM"]),
        ("언어모델을", ["Video LLM"]),
        ("확산 모델", ["Video LLM"]),
        ('"확산 모델로"', ["Video LLM"]),
        ('"모델로 확산"', []),
        ("모델로 언어", ["Video LLM"]),
        ("가", ["Third"]),
        ("각", ["TÜLU 2"]),
        ("llm", ["Video LLM"]),
        ("LLM 언어", ["Video LLM"]),
        ("v", ["Video LLM"]),
        ("tulu", ["TÜLU 2"]),
        ("Tülu", ["TÜLU 2"]),
        ("gpt", ["Third"]),
        ("100%", ["TÜLU 2"]),
        ("값_은", ["TÜLU 2"]),
        ("김민준", ["Video LLM"]),
        ("schmidhuber", ["Video LLM"]),
        ("2401.00002", ["TÜLU 2"]),
        ("따옴표", ["Third"]),
        ("없는말", []),
        ("없는말|gpt", ["Third"]),
        ('llm | "tülu 2"', ["Video LLM", "TÜLU 2"]),
        ("llm|gpt 가격|없는말", ["Third"]),
        ("모ㄷ", []),
        ("'; DROP TABLE papers; --", []),
        ("AND OR NOT *", []),
    ],
)
def test_words(search: Search, typed: str, found: list[str]) -> None:
    assert search(q=typed) == found
    assert search(q=unicodedata.normalize("NFD", typed)) == found  # as macOS types it


def test_filters(search: Search) -> None:
    assert search(author="schmidhuber") == ["Video LLM"]
    assert search(author="민준") == ["Video LLM"]
    assert search(min_votes="0") == ["Third", "Video LLM"]
    assert search(min_votes="1") == ["Video LLM"]
    assert search(from_="2024-01-31") == ["Third"]
    assert search(to="2024-01-30") == ["Video LLM", "TÜLU 2"]
    assert search(has="video") == ["TÜLU 2"]
    assert search(has="code, video") == ["TÜLU 2"]
    assert search(has="code", q="모델") == []
    assert search(order="votes") == ["Video LLM", "Third", "TÜLU 2"]
    assert search(limit="1") == ["Third"]
    assert search(limit="2", page="2") == ["TÜLU 2"]
    assert search(limit="2", page="3") == []
    assert search() == ["Third", "Video LLM", "TÜLU 2"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_votes", "many"),
        ("min_votes", "-1"),
        ("min_votes", "9" * 5000),
        ("from", "yesterday"),
        ("from", "2024-02-30"),
        ("to", "20240130"),
        ("has", "music"),
        ("order", "random"),
        ("limit", "0"),
        ("limit", "501"),
        ("page", "0"),
        ("limit", "１"),
        ("q", "가" * 201),
        ("author", "x" * 201),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(QueryError, match=rf"^{name}: ") as raised:
        read_query([(name, value)])
    assert len(str(raised.value)) < 120


def test_dates_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(QueryError, match="^from: "):
        read_query([("from", "2024-02-01"), ("to", "2024-01-01")])


def test_parameters_are_written_in_one_way() -> None:
    asked = [
        ("limit", "50"),
        ("has", "video"),
        ("utm_source", "x"),
        ("q", "  a   b "),
        ("has", "code"),
        ("order", "new"),
    ]
    query = read_query([*asked, ("min_votes", "007"), ("to", "2024-01-31"), ("from", "")])
    assert query.parameters() == {"q": "a b", "min_votes": "7", "to": "2024-01-31", "has": "code,video"}
    assert read_query(query.parameters().items()) == query


def test_search_finds_what_a_reading_of_every_text_finds(folder: Path, tmp_path: Path) -> None:
    archives.write(folder, days=15, papers=120)
    archive = Archive(folder, tmp_path / "index.sqlite")
    archive.refresh()
    papers = archive.papers(EVERYTHING)
    texts = [
        [unicode.fold(part) for part in (p.title, ", ".join(p.authors), markdown.to_plain_text(p.summary), p.slug)]
        for p in papers
    ]
    chance = random.Random(7)
    for _ in range(300):
        source = chance.choice(chance.choice(texts)[:3]) or "빈"
        start = chance.randrange(len(source))
        phrase = source[start : start + chance.randrange(1, 9)].replace('"', "").strip()
        expected = [p.slug for p, parts in zip(papers, texts, strict=True) if any(phrase in part for part in parts)]
        found = [p.slug for p in archive.papers(Query(q=f'"{phrase}"'))] if phrase else []
        assert found == (expected if phrase else [])
