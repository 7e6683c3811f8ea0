"""How books fill the screens of a phone and of a 7-inch reader, in epub.js and in MuPDF.

Articles follow one another. So only the last screen of a document may be more than a third empty: the cover, the title
page with the foreword, the contents, a day, the index. No heading, with the facts below it, stands last on a screen.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from feeds.images.convert import convert
from feeds.publishing.publisher import Publisher, open_publisher
from tests.support import archives, validators
from tests.support.books import XHTML, Book
from tests.support.digests import day, load, paper, render
from tests.support.image_server import draw_figure, encode
from tests.support.validators import Screen

pytestmark = pytest.mark.external

SIZES = [(360, 640), (600, 800)]
SHAPES = [(1200, 648), (800, 800), (1000, 400), (600, 900)]  # of pictures, in pixels
TITLES = [
    "An Image is Worth 32 Tokens for Reconstruction and Generation",
    "Short",
    "긴 문맥을 다루는 언어 모델의 추론 비용을 줄이는 방법에 대한 연구",
    "SEE-AND-TELL: A Deep Dive into Training Techniques for Mixture-of-Experts Language Models and Their Evaluation",
]
SENTENCE = "이 연구는 기존 방법의 한계를 넘는 새로운 모델(model)을 제안하고 벤치마크(benchmark)에서 효과를 확인합니다. "
NAMES = ", ".join(f"Given Family{number}" for number in range(1, 23))


def write_week(root: Path) -> None:
    """Write a week of four days and 40 papers: labelled points, nested and numbered lists, paragraphs, a table."""
    for number in range(4):
        papers = []
        for rank in range(10):
            long, short = SENTENCE * (1 + (number + rank) % 5), SENTENCE * (1 + rank % 2)
            summaries = [
                f"- **새로운 점:** {long}\n\n- **방법:** {short}\n\n- **결과:** {long}",
                f"- **방법:**\n  - {short}\n  - {long}\n- **결과:** {short}",
                f"1. {long}\n2. {short}\n3. {short}",
                f"{long}\n\n{short}\n\n| 데이터셋 | 정확도 |\n|---|---|\n| MATH | $x^2 + \\frac{{a}}{{b}}$ |\n\n{long}",
            ]
            papers.append(
                paper(
                    TITLES[rank % len(TITLES)],
                    f"2402.{number * 10 + rank + 1}",
                    votes=f"Vote: {100 - rank * 4 - number}",
                    authors=f"Authors: {NAMES}",
                    media=f"![](https://e.org/{number}-{rank}.png)" if rank % 3 else "",
                    summary=summaries[rank % len(summaries)],
                )
            )
        (root / f"{number}.md").write_text(day(f"2024-02-0{number + 5}", *papers), encoding="utf-8")


def store_pictures(publisher: Publisher, key: str) -> None:
    urls = {edition_paper.image for edition_paper in load(publisher, key).papers if edition_paper.image}
    for number, url in enumerate(sorted(urls)):
        images = convert(encode(draw_figure(*SHAPES[number % len(SHAPES)], seed=number), "PNG"))
        publisher.store.store(url, images, "", "", datetime(2024, 3, 1, tzinfo=UTC))
    assert len(urls) > 5


@pytest.fixture(params=["top/2024-W06", "2024-W06", "top/2023-11"])
def book(request: pytest.FixtureRequest, folder: Path, environ: dict[str, str]) -> bytes:
    """A book with pictures: a week and the most voted of it, and the most voted of a month with hostile texts."""
    write_week(folder)
    archives.write(folder, days=9, papers=60)
    publisher = open_publisher(folder, environ)
    store_pictures(publisher, request.param)
    return render(publisher, "epub", request.param)


def assert_well_filled(screens: tuple[Screen, ...], place: str) -> None:
    assert [screen.kept for screen in screens if screen.kept] == [], place
    assert [screen for screen in screens[:-1] if screen.empty > 1 / 3] == [], place


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_epub_js_fills_its_screens(book: bytes, width: int, height: int, tmp_path: Path) -> None:
    path = tmp_path / "book.epub"
    path.write_bytes(book)
    result = validators.render(path, tmp_path / "pages", width, height)
    screens = {page.href.rpartition("/")[2]: page.screens for page in result.pages}
    for page in result.pages:
        assert_well_filled(page.screens, page.href)
        assert page.overflows == (), page.href
    assert len(screens["contents.xhtml"]) <= 2
    assert len(screens["title.xhtml"]) == 1
    assert sum(map(len, screens.values())) > 20


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_mupdf_fills_its_screens(book: bytes, width: int, height: int, tmp_path: Path) -> None:
    path = tmp_path / "book.epub"
    path.write_bytes(book)
    opened = Book(book)
    headings = [heading for name in opened.spine for heading in opened.parse(name).iter(f"{XHTML}h1", f"{XHTML}h2")]
    documents = validators.mupdf(path, ["".join(heading.itertext()) for heading in headings], width, height)
    for number, screens in enumerate(documents):
        assert_well_filled(screens, f"document {number}")
    assert sum(map(len, documents)) > 15
