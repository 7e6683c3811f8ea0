"""The reader of notes: a file a paper, in the ways of Jekyll, Hugo and Obsidian."""

from datetime import date
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.diagnostic import Severity
from feeds.model.paper import Paper
from feeds.readers import Digest
from feeds.readers.notes import NotesReader

DAY = date(2025, 3, 14)
PATH = PurePosixPath("_posts/2025-03-14-a-title.md")
NO_DAY = PurePosixPath("Papers/A title.md")


def read(source: str, path: PurePosixPath = PATH) -> Digest:
    digest = NotesReader().read(source, path)
    assert digest is not None
    return digest


def paper(source: str, path: PurePosixPath = PATH) -> Paper:
    (entry,) = read(source, path).entries
    return entry.paper


def note(fields: str, body: str = "") -> str:
    return f"---\n{fields.strip()}\n---\n{body}"


def test_post_of_jekyll_is_a_paper() -> None:
    source = note(
        """
layout: paper
title: "Walks on graphs: a survey"
authors: "Ada Byron, Alan Turing"
arxiv_id: "2503.00001v2"
arxiv_categories:
  - math.CO
  - cs.DM
arxiv_submitted: "2025-03-10"
published: true
""",
        "\n## Abstract\n\nWe walk\non graphs.\n\n## Result\n\nThey are *finite*.\n",
    )
    result = paper(source)
    assert (result.title, result.url) == ("Walks on graphs: a survey", "https://arxiv.org/abs/2503.00001")
    assert result.authors == ("Ada Byron", "Alan Turing")
    assert (result.abstract, result.summary) == ("We walk on graphs.", "## Result\n\nThey are *finite*.")
    assert result.tags == ("math.CO", "cs.DM")
    assert result.published == date(2025, 3, 10)


def test_page_of_hugo_in_toml_is_a_paper() -> None:
    source = (
        '+++\ntitle = "Un titre"\ndate = 2025-03-14T09:00:00Z\nauthors = ["Émilie C."]\n'
        'pdf = "https://arxiv.org/pdf/2503.00002"\n+++\nLe texte.'
    )
    digest = read(source, PurePosixPath("content/papers/un-titre.md"))
    assert list(digest.days) == [DAY]
    assert digest.entries[0].paper.summary == "Le texte."


def test_note_of_obsidian_is_a_paper() -> None:
    source = note(
        "title: 어떤 논문\nauthor:\n- '[[김철수]]'\n- '[[Ada Byron]]'\ntags: [paper, agents]\n"
        "url: https://arxiv.org/abs/2503.00003\ncreated: 2025-03-14",
        "# 어떤 논문\n> [!abstract]\n> 요약입니다.\n\n[[다른 노트]]와 관련이 있습니다.",
    )
    digest = read(source, NO_DAY)
    (entry,) = digest.entries
    assert entry.day == DAY
    assert entry.paper.authors == ("김철수", "Ada Byron")
    assert entry.paper.summary.startswith("> [!abstract]")


def test_labelled_fields_of_front_matter_open_the_summary() -> None:
    source = note("title: T\narxiv: 2503.00004\ntldr: 一句话的总结。\nmotivation: 为什么。\nmethod: 怎么做。", "正文。")
    assert (
        paper(source).summary
        == "- **TL;DR:** 一句话的总结。\n- **Motivation:** 为什么。\n- **Method:** 怎么做。\n\n正文。"
    )


def test_folder_of_the_day_comes_before_the_date_of_the_paper() -> None:
    source = note('title: "T"\ndate: 2025-03-11\npdf: "https://arxiv.org/pdf/2503.00005v1"')
    (entry,) = read(source, PurePosixPath("docs/202503/14/2503.00005v1-t.md")).entries
    assert (entry.day, entry.paper.published) == (DAY, date(2025, 3, 11))


def test_date_of_the_note_is_not_that_of_the_paper() -> None:
    assert paper(note("title: T\narxiv: 2503.00005\ndate: 2025-03-14")).published is None


def test_address_may_stand_below_the_fields() -> None:
    body = "\n- **arXiv:** [2503.00006](https://arxiv.org/abs/2503.00006)\n- **著者:** 山田 太郎, Ada Byron\n\n## 背景\n[別](https://arxiv.org/abs/2401.00001)"
    result = paper(note("title: 題名\nlayout: post", body))
    assert result.url == "https://arxiv.org/abs/2503.00006"
    assert result.authors == ("山田 太郎", "Ada Byron")


def test_title_may_stand_below_the_fields() -> None:
    result = paper(note("arxiv_id: 2503.00007\ntags: [x]", "\n# The Title\n\nText."))
    assert (result.title, result.summary) == ("The Title", "Text.")


def test_language_is_that_of_the_folder() -> None:
    source = note("title: T\narxiv: 2503.00008", "Text.")
    assert paper(source, PurePosixPath("ko/2025-03-14-t.md")).language == "ko"


def test_abstract_ends_at_the_next_heading_of_its_level() -> None:
    body = "## 摘要\n\n一。\n\n### 细节\n\n二。\n\n## 方法\n\n```\n## 摘要\n```\n"
    result = paper(note("title: T\narxiv: 2503.00009", body))
    assert result.abstract.startswith("一。")
    assert result.summary == "## 方法\n\n```\n## 摘要\n```"


def test_doi_identifies_a_paper() -> None:
    assert paper(note("title: T\ndoi: 10.1000/abc.1\nauthors: [A B]")).url == "https://doi.org/10.1000/abc.1"


def test_page_of_a_conference_is_an_address_of_a_paper() -> None:
    source = note("title: T\nvenue: ICML\nauthors: [A B]\nurl: https://proceedings.example.org/t")
    assert paper(source).url == "https://proceedings.example.org/t"


@pytest.mark.parametrize(
    "source",
    [
        "# No front matter\n\nhttps://arxiv.org/abs/2503.00001",
        note("title: About me\nlayout: page", "I like papers."),
        note("title: A post\nauthor: Me\nurl: https://blog.example.org/a\nsummary: What I did.", "Text."),
        note(
            "title: Daily papers\ndate: 2025-03-14",
            "### [A](https://arxiv.org/abs/2503.00001)\n### [B](https://arxiv.org/abs/2503.00002)",
        ),
        note("title: Papers of 2025-03-14", "[One](https://arxiv.org/abs/2503.00001)"),
        note("layout: default", "| 2025-03-14 | [A](https://arxiv.org/abs/2503.00001) |"),
        "---\n---\n",
        "",
    ],
)
def test_other_pages_are_not_notes(source: str) -> None:
    assert NotesReader().read(source, PATH) is None


def test_labels_below_the_fields_give_categories_and_date() -> None:
    result = paper(note("title: T\narxiv: 2503.00001", "**分类**: cs.AI, cs.LG\n\n**日期**: 2025年3月11日\n"))
    assert (result.tags, result.published) == (("cs.AI", "cs.LG"), date(2025, 3, 11))


def test_abstract_may_be_the_last_section() -> None:
    result = paper(
        note("title: T\narxiv: 2503.00001", "```\n# no heading\n```\n# " + "long " * 30 + "\n## 초록\n마지막입니다.\n")
    )
    assert result.abstract == "마지막입니다."


def test_abstract_in_two_languages_is_the_original() -> None:
    body = "## 📝 摘要（中文）\n\n中文。\n\n## 摘要（原文）\n\n> We show\n> it.\n\n## 方法\n\n一步。"
    result = paper(note("title: T\narxiv: 2503.00001", body))
    assert result.abstract == "We show it."
    assert result.summary == "## 📝 摘要（中文）\n\n中文。\n\n## 方法\n\n一步。"


def test_abstract_beside_a_translation_is_the_original() -> None:
    result = paper(note("title: T\narxiv: 2503.00001", "## 摘要\n我们证明了这一点。\n\n## Abstract\nWe show it.\n"))
    assert (result.abstract, result.summary) == ("We show it.", "## 摘要\n我们证明了这一点。")


def test_authors_may_be_a_section_with_a_list() -> None:
    result = paper(note("title: T\narxiv: 2503.00001", "## 著者\n- Ada Byron\n- Alan Turing\n\n## 概要\n文。\n"))
    assert (result.authors, result.summary) == (("Ada Byron", "Alan Turing"), "## 概要\n文。")


def test_html_between_markdown_becomes_markdown() -> None:
    box = '<div class="box">\n<span>TL;DR</span> Short: <a href="https://example.org/c">code</a>\n</div>'
    body = f"{box}\n\n## Method\n*One* step."
    result = paper(note("title: T\narxiv: 2503.00001", body))
    assert result.summary == "TL;DR Short: [code](https://example.org/c)\n\n## Method\n*One* step."


def test_lines_that_repeat_fields_are_not_the_summary() -> None:
    body = (
        '<a href="https://arxiv.org/abs/2503.00001" class="b">arXiv</a>\n<button onclick="x()">Share</button>\n'
        "**Authors**: A B, C D\n**Comments**: overlap with arXiv:2401.00001\n\n## Method\n\n**Authors**: of it.\n"
    )
    result = paper(note("title: T\nlayout: default", body))
    assert (result.url, result.authors) == ("https://arxiv.org/abs/2503.00001", ("A B", "C D"))
    assert result.summary == "**Comments**: overlap with arXiv:2401.00001\n\n## Method\n\n**Authors**: of it."


def test_broken_toml_without_a_paper_is_not_a_note() -> None:
    assert NotesReader().read("+++\ntitle = \n+++\nText.", PATH) is None


def test_day_of_a_note_is_when_its_paper_was_published() -> None:
    (entry,) = read(note("title: T\narxiv: 2503.00001", "**投稿日**: 2025-03-11\n"), NO_DAY).entries
    assert (entry.day, entry.paper.published) == (date(2025, 3, 11), date(2025, 3, 11))
    assert entry.is_inferred


@pytest.mark.parametrize(
    ("fields", "path", "expected"),
    [
        ("", PATH, False),
        ("date: 2025-03-14", NO_DAY, False),
        ("added: 2025-03-14\npublished: 2025-03-11", NO_DAY, False),
        ("published: 2025-03-14", NO_DAY, True),
        ("", PurePosixPath("2025-03-10 to 2025-03-14/a.md"), True),
    ],
)
def test_day_of_publication_or_range_is_inferred(fields: str, path: PurePosixPath, expected: bool) -> None:
    (entry,) = read(note(f"title: T\narxiv: 2503.00001\n{fields}"), path).entries
    assert (entry.day, entry.is_inferred) == (DAY, expected)


def test_note_may_start_with_a_title_in_place_of_fields() -> None:
    lead = "# A Title: 제목\n\n**arXiv**: [2503.00001](https://arxiv.org/abs/2503.00001)\n**분류**: cs.AI\n"
    source = f"{lead}\n## 저자\n가나, 다라\n\n## 요약\n짧다.\n"
    result = paper(source)
    assert (result.title, result.url) == ("A Title: 제목", "https://arxiv.org/abs/2503.00001")
    assert (result.authors, result.tags, result.summary) == (("가나", "다라"), ("cs.AI",), "## 요약\n짧다.")


def test_heading_of_a_note_may_translate_the_title() -> None:
    lead = "> - **中文标题**: 题目\n> - **제목:** A Title\n> - **PDF 링크:** [A Title](https://arxiv.org/pdf/2503.00001v1)\n"
    result = paper(f"# 어떤 논문의 제목입니다\n\n{lead}\n## 요약\n짧다.\n")
    assert (result.title, result.summary) == ("A Title", "**어떤 논문의 제목입니다**\n\n## 요약\n짧다.")


@pytest.mark.parametrize("heading", ["基本情報", "📄 Paper Information", "메타데이터", "基本信息"])
def test_address_may_stand_in_a_section_of_data(heading: str) -> None:
    result = paper(f"# A Title\n\n## {heading}\n- **arXiv ID**: 2503.00001\n- **DOI**: 10.1000/x\n\n## 概要\n文。\n")
    assert result.url == "https://arxiv.org/abs/2503.00001"


@pytest.mark.parametrize(
    "source",
    [
        "# A Title\n\nSee https://arxiv.org/abs/2503.00001 for more.\n",
        "# Daily papers\n\n## 1. A Title\n- **arXiv**: 2503.00001\n",
        "# A Title\n**arXiv**: 2503.00001\n\n# Another Title\n**arXiv**: 2503.00002\n",
        "# Papers of 2025-03-14\n**arXiv**: 2503.00001\n",
        "## A Title\n**arXiv**: 2503.00001\n",
    ],
)
def test_other_text_without_fields_is_not_a_note(source: str) -> None:
    assert NotesReader().read(source, PATH) is None


def test_note_without_a_day_is_an_error() -> None:
    digest = read(note("title: T\narxiv: 2503.00001\nyear: 2025"), NO_DAY)
    assert digest.entries == ()
    assert [diagnostic.severity for diagnostic in digest.diagnostics] == [Severity.ERROR]


def test_note_with_broken_toml_is_an_error() -> None:
    digest = read("+++\ntitle = \n+++\nhttps://arxiv.org/abs/2503.00001")
    assert [(item.line, item.severity) for item in digest.diagnostics] == [(1, Severity.ERROR)]


@given(st.text(max_size=60), st.text(max_size=60))
def test_reader_never_raises(fields: str, body: str) -> None:
    digest = NotesReader().read(f"---\ntitle: T\narxiv: 2503.00001\n{fields}\n---\n{body}", PATH)
    assert digest is None or len(digest.entries) <= 1


def test_front_matter_gives_the_journal_its_doi_and_the_comment() -> None:
    fields = 'title: T\narxiv: 2503.00001\njournal: "[[Nature]]"\ndoi: 10.1000/xyz\ncomment: 12 pages'
    result = paper(note(fields, "My notes."))
    assert (result.journal, result.journal_doi, result.comment) == ("Nature", "10.1000/xyz", "12 pages")
    assert result.summary == "My notes."
