"""What stands for a paper on a page: the words of tiles, and when pictures are loaded."""

import pytest
from lxml import html

from feeds.exporters.html.pictures import TILES, paper_tile
from feeds.model.paper import Paper
from tests.support.digests import OpenFiles, day, paper, render


@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("GPT-4V(ision) for Robots", "GPT-4V"),
        ("LLaVA-Next: Better Reasoning, OCR and World Knowledge", "LLaVA-Next"),
        ("Attention Is All You Need", "Attention"),
        ("A Survey on Large Language Models: Past and Future", "Language"),
        ("Deep Learning with DPO", "DPO"),
        ("확산 모델의 효율적인 학습", "효율적인"),
        ("$\\alpha$-Geometry", "α-Geometry"),
        ("Pneumonoultramicroscopicsilicovolcanoconiosis", "P"),
        ("???", ""),
    ],
)
def test_tile_has_a_telling_word_of_the_title(title: str, word: str) -> None:
    assert paper_tile(Paper(title, "https://arxiv.org/abs/2401.00001")).word == word


def test_tile_has_the_same_color_on_every_day() -> None:
    tiles = [paper_tile(Paper("T", f"https://arxiv.org/abs/2401.{number:05}v1")) for number in range(200)]
    again = [paper_tile(Paper("Other", f"https://arxiv.org/pdf/2401.{number:05}")) for number in range(200)]
    assert [tile.color for tile in tiles] == [tile.color for tile in again]
    assert {tile.color for tile in tiles} == set(range(1, TILES + 1))


def test_first_picture_of_a_page_is_not_lazy(open_files: OpenFiles) -> None:
    papers = [paper(f"T{number}", f"2401.{number}", media=f"![](https://e.org/{number}.png)") for number in range(1, 5)]
    publisher = open_files({"1.md": day("2024-01-30", *papers)})
    for key in ("2024-01-30", "2024-W05", "latest", "", "papers/2401.00001"):
        page = html.fromstring(render(publisher, "html", key))
        loading = [image.get("loading") for image in page.xpath("//img[not(ancestor::details)]")]
        assert loading == [None, *["lazy"] * (len(loading) - 1)], key
        assert all(image.get("loading") == "lazy" for image in page.xpath("//details//img")), key
        assert all(image.get("width") and image.get("height") for image in page.xpath("//img")), key


def test_picture_beside_a_title_has_no_text_of_its_own(open_files: OpenFiles) -> None:
    publisher = open_files({"1.md": day("2024-01-30", paper("T", "2401.1", media="![](https://e.org/1.png)"))})
    thumb = html.fromstring(render(publisher, "html", "2024-01-30")).xpath("//img")[0]
    assert thumb.get("alt") == ""  # the title stands beside it
    large = html.fromstring(render(publisher, "html", "papers/2401.00001")).xpath("//img")[0]
    assert (large.get("alt") or "").endswith(": T")
