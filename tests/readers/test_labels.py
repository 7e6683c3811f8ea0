"""The labels of fields in four languages, and the values that follow them."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.readers.fields.labels import (
    Authors,
    Field,
    clean_title,
    find_field,
    find_language,
    is_no_value,
    parse_label,
    parse_labels,
    parse_votes,
    split_authors,
    split_categories,
)


@pytest.mark.parametrize(
    ("line", "field", "text"),
    [
        ("Authors: Ada Lovelace, Alan Turing", Field.AUTHORS, "Ada Lovelace, Alan Turing"),
        ("**Authors:** Ada Lovelace", Field.AUTHORS, "Ada Lovelace"),
        ("**Authors**: Ada Lovelace", Field.AUTHORS, "Ada Lovelace"),
        ("**Authors: Ada Lovelace**", Field.AUTHORS, "Ada Lovelace"),
        ("**Author(s)** : Ada Lovelace", Field.AUTHORS, "Ada Lovelace"),
        ("- **作者**：张三、李四", Field.AUTHORS, "张三、李四"),
        ("저자: 김철수, 이영희", Field.AUTHORS, "김철수, 이영희"),
        ("* 著者： 山田太郎", Field.AUTHORS, "山田太郎"),
        ("【作者】张三", Field.AUTHORS, "张三"),
        ("[Authors]: Ada Lovelace", Field.AUTHORS, "Ada Lovelace"),
        ("| Authors | Ada Lovelace |", Field.AUTHORS, "Ada Lovelace"),
        ("| **저자** | 김철수 |", Field.AUTHORS, "김철수"),
        ("👥 **Authors** — Ada Lovelace", Field.AUTHORS, "Ada Lovelace"),
        ("Authors - Ada Lovelace", Field.AUTHORS, "Ada Lovelace"),
        ("<b>Authors:</b> Ada Lovelace<br>", Field.AUTHORS, "Ada Lovelace"),
        ("<p><strong>Authors</strong>: Ada Lovelace</p>", Field.AUTHORS, "Ada Lovelace"),
        ("`Authors`: Ada Lovelace", Field.AUTHORS, "Ada Lovelace"),
        ("authors: [Ada Lovelace](https://a.org)", Field.AUTHORS, "[Ada Lovelace](https://a.org)"),
        ("### Abstract", Field.ABSTRACT, ""),
        ("## 1. Abstract", Field.ABSTRACT, ""),
        ("### Abstract: We study", Field.ABSTRACT, "We study"),
        ("#### 摘要 (Abstract)", Field.ABSTRACT, ""),
        (" - **Abstract**", Field.ABSTRACT, ""),
        ("Abstract", Field.ABSTRACT, ""),
        ("**Abstract** We study", Field.ABSTRACT, "We study"),
        ("Abstract—We study", Field.ABSTRACT, "We study"),
        ("<summary>Abstract</summary>", Field.ABSTRACT, ""),
        ("<details><summary><b>초록</b></summary>", Field.ABSTRACT, ""),
        ("<details><summary>Abstract</summary>We study</details>", Field.ABSTRACT, "We study"),
        ("> **要旨:** 本研究", Field.ABSTRACT, "本研究"),
        ("*TL;DR*: short", Field.SUMMARY, "short"),
        ("*TL;DR: short*", Field.SUMMARY, "short"),
        ("> **TLDR** short", Field.SUMMARY, "short"),
        ("📝 一句话总结：很短", Field.SUMMARY, "很短"),
        ("- 한 줄 요약 : 짧다", Field.SUMMARY, "짧다"),
        ("**要約**", Field.SUMMARY, ""),
        ("**Subjects:** Robotics (cs.RO)", Field.CATEGORIES, "Robotics (cs.RO)"),
        ("Main category: cs.CV", Field.CATEGORIES, "cs.CV"),
        ("🏷️ 分类: cs.AI", Field.CATEGORIES, "cs.AI"),
        ("- **主分類・副分類:** math.AG", Field.CATEGORIES, "math.AG"),
        ("**标题**: 新方法", Field.TITLE, "新方法"),
        ("### Title: A Study", Field.TITLE, "A Study"),
        ("제목：새 방법", Field.TITLE, "새 방법"),
        (" - **Arxiv link:** https://arxiv.org/abs/2503.10111", Field.LINK, "https://arxiv.org/abs/2503.10111"),
        (
            "🔗 **Paper** [arXiv](https://arxiv.org/abs/2503.10111)",
            Field.LINK,
            "[arXiv](https://arxiv.org/abs/2503.10111)",
        ),
        ("原文链接：https://arxiv.org/abs/2503.10111", Field.LINK, "https://arxiv.org/abs/2503.10111"),
        ("PDF: https://arxiv.org/pdf/2503.10111", Field.PDF, "https://arxiv.org/pdf/2503.10111"),
        ("- **代码**：https://github.com/a/b", Field.CODE, "https://github.com/a/b"),
        ("GitHub: null", Field.CODE, "null"),
        ("프로젝트 페이지: https://a.github.io", Field.PROJECT, "https://a.github.io"),
        ("📅 发布日期：2025-03-09", Field.PUBLISHED, "2025-03-09"),
        ("**公開日:** 2025年3月9日", Field.PUBLISHED, "2025年3月9日"),
        ("Comments: 12 pages, accepted at ICRA", Field.COMMENT, "12 pages, accepted at ICRA"),
        ("**Upvotes:** 42", Field.VOTES, "42"),
        ("👍 42", Field.VOTES, "42"),
        ("▲ **1,042**", Field.VOTES, "1,042"),
        ("(42 upvotes)", Field.VOTES, "42"),
        ("추천수: 42", Field.VOTES, "42"),
        ("相关性评分: 9.0/10", Field.SCORE, "9.0/10"),
        ("Affiliations: MIT", Field.OTHER, "MIT"),
        ("小속: x", None, ""),
        ("Authors of this paper propose a method", None, ""),
        ("**Code** generation improves", None, ""),
        ("**Paper** and pencil", None, ""),
        ("### Code: A Language for All", None, ""),
        ("### Link Prediction: A Survey", None, ""),
        ("Code is available at https://github.com/a/b", None, ""),
        ("**Motivation:** it matters", None, ""),
        ("[PDF](https://arxiv.org/pdf/2503.10111)", None, ""),
        ("**[Paper](https://arxiv.org/abs/2503.10111)**", None, ""),
        ("- [Authors](https://a.org): all", None, ""),
        ("| Title | Authors | PDF |", None, ""),
        ("https://a.org", None, ""),
        ("10:30 talk", None, ""),
        ("", None, ""),
        ("***", None, ""),
    ],
)
def test_line_is_parsed_as_a_field_and_its_value(line: str, field: Field | None, text: str) -> None:
    label = parse_label(line)
    assert (label.field, label.text) == (field, text) if label else field is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "**Authors:** A, B | **Date:** 2025-03-09 | [PDF](https://a.org)",
            [(Field.AUTHORS, "A, B"), (Field.PUBLISHED, "2025-03-09 | [PDF](https://a.org)")],
        ),
        ("**Authors**: A **Categories**: cs.CV", [(Field.AUTHORS, "A"), (Field.CATEGORIES, "cs.CV")]),
        ("作者：张三　日期：2025-03-09", [(Field.AUTHORS, "张三"), (Field.PUBLISHED, "2025-03-09")]),
        (
            "Authors: A<br>Subjects: cs.AI<br/>Code: null",
            [(Field.AUTHORS, "A"), (Field.CATEGORIES, "cs.AI"), (Field.CODE, "null")],
        ),
        ("Abstract: We see p(a|b) rise | fall", [(Field.ABSTRACT, "We see p(a|b) rise | fall")]),
        ("Votes: 3 · Code: https://github.com/a/b", [(Field.VOTES, "3"), (Field.CODE, "https://github.com/a/b")]),
        ("No field", []),
    ],
)
def test_line_with_several_labels_is_split(line: str, expected: list[tuple[Field, str]]) -> None:
    assert [(label.field, label.text) for label in parse_labels(line)] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Publish Date", (Field.PUBLISHED, "")),
        ("**Title**", (Field.TITLE, "")),
        ("abs_url", (Field.LINK, "")),
        ("title_ko", (Field.TITLE, "ko")),
        ("Abstract (zh)", (Field.ABSTRACT, "zh")),
        ("中文标题", (Field.TITLE, "zh")),
        ("日本語要約", (Field.SUMMARY, "ja")),
        ("English Title", (Field.TITLE, "en")),
        ("영문 초록", (Field.ABSTRACT, "en")),
        ("标题 / Title", (Field.TITLE, "")),
        ("Authors (12)", (Field.AUTHORS, "")),
        ("ＰＤＦ", (Field.PDF, "")),
        ("📄 pdf", (Field.PDF, "")),
        ("Title / Authors", None),
        ("Keypoint Detection", None),
        ("en", None),
        ("", None),
        ("x" * 1000, None),
    ],
)
def test_name_of_a_field_is_found_with_its_language(name: str, expected: tuple[Field, str] | None) -> None:
    assert find_field(name) == expected


def test_label_names_the_language_of_its_value() -> None:
    label = parse_label("**Title (EN)**: A Study")
    assert label is not None
    assert (label.name, label.language) == ("Title (EN)", "en")


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("2025-03-09_ko.json", "ko"),
        ("data/2025-03-09_AI_enhanced_Chinese.jsonl", "zh"),
        ("data/2025-03-09_AI_enhanced_English.jsonl", "en"),
        ("README_ja.md", "ja"),
        ("README.zh-CN.md", "zh"),
        ("README-kr.md", "ko"),
        ("content/ja/2025/03/a.md", "ja"),
        ("zh-TW/a_en.md", "en"),
        ("README.md", ""),
        ("2025-03-09.md", ""),
        ("daily_papers_cn.md", "zh"),
        ("2025-03-09-en-US.md", "en"),
        ("ko.md", "ko"),
        ("broken.md", ""),
        ("2503.10111v1-reading-old-chinese.md", ""),
        ("", ""),
    ],
)
def test_language_of_a_file_is_found_in_its_path(path: str, language: str) -> None:
    assert find_language(PurePosixPath(path)) == language


@pytest.mark.parametrize(
    ("text", "names", "more_authors"),
    [
        ("Ada Lovelace, Alan Turing and Emmy Noether", ["Ada Lovelace", "Alan Turing", "Emmy Noether"], False),
        ("Ada Lovelace, Alan Turing, and Emmy Noether", ["Ada Lovelace", "Alan Turing", "Emmy Noether"], False),
        ("Ada Lovelace & Alan Turing", ["Ada Lovelace", "Alan Turing"], False),
        ("Lovelace, A.; Turing, A. M.; and Noether, E.", ["Lovelace, A.", "Turing, A. M.", "Noether, E."], False),
        ("Ada Lovelace et.al.", ["Ada Lovelace"], True),
        ("Ada Lovelace et al", ["Ada Lovelace"], True),
        ("Ada Lovelace, Alan Turing, et al.", ["Ada Lovelace", "Alan Turing"], True),
        ("Ada Lovelace, ... , Alan Turing", ["Ada Lovelace", "Alan Turing"], True),
        ("Ada Lovelace, +5 more", ["Ada Lovelace"], True),
        ("Ada Lovelace and 12 others", ["Ada Lovelace"], True),
        ("张三、李四，王五 等", ["张三", "李四", "王五"], True),
        ("张三等5人", ["张三"], True),
        ("Ada Lovelace, Alan Turing 等 6 位作者", ["Ada Lovelace", "Alan Turing"], True),
        ("이영희, 김철수 등 5명", ["이영희", "김철수"], True),
        ("Souza, A., Okafor, J.-P. et al.", ["Souza, A.", "Okafor, J.-P."], True),
        ("Lovelace, Ada; Turing, Alan Mathison", ["Lovelace, Ada", "Turing, Alan Mathison"], False),
        ("A. Lovelace, B. Turing (MIT); C. Noether (Bonn)", ["A. Lovelace", "B. Turing", "C. Noether"], False),
        ("Ada Lovelace, Alan Turing (Cambridge).", ["Ada Lovelace", "Alan Turing"], False),
        ("김철수, 이영희 외 3명", ["김철수", "이영희"], True),
        ("山田太郎、佐藤花子 他", ["山田太郎", "佐藤花子"], True),
        ("山田太郎・佐藤花子", ["山田太郎・佐藤花子"], False),
        ("['Ada Lovelace', \"Conan O'Brien\"]", ["Ada Lovelace", "Conan O'Brien"], False),
        ('["Ada Lovelace", "Alan Turing"]', ["Ada Lovelace", "Alan Turing"], False),
        ("['Conan O\\'Brien', 'Ada Lovelace']", ["Conan O'Brien", "Ada Lovelace"], False),
        ('["Ada Lovelace", "Alan Turing]', ["Ada Lovelace", "Alan Turing"], False),
        ("[Ada Lovelace](https://a.org), **Alan Turing**", ["Ada Lovelace", "Alan Turing"], False),
        (
            "Ada Lovelace<sup>1,2</sup>, Alan Turing*, Emmy Noether†",
            ["Ada Lovelace", "Alan Turing", "Emmy Noether"],
            False,
        ),
        ("Ada Lovelace1,2, Alan Turing$^{3}$", ["Ada Lovelace", "Alan Turing"], False),
        ("Ada Lovelace (MIT, USA), Alan Turing (Cambridge)", ["Ada Lovelace", "Alan Turing"], False),
        ("Xiao (Sean) Liu, Ada Lovelace", ["Xiao (Sean) Liu", "Ada Lovelace"], False),
        ("Sammy Davis, Jr., Ada Lovelace", ["Sammy Davis, Jr.", "Ada Lovelace"], False),
        ("Gerard 't Hooft, Andr&eacute; Weil", ["Gerard 't Hooft", "André Weil"], False),
        ("Andy Anderson, Alessandro Rand", ["Andy Anderson", "Alessandro Rand"], False),
        ("Ada Lovelace, Ada Lovelace", ["Ada Lovelace"], False),
        ("👤 Ada Lovelace", ["Ada Lovelace"], False),
        ("null", [], False),
        ("N/A", [], False),
        ("-", [], False),
        ("[]", [], False),
        ("", [], False),
    ],
)
def test_authors_are_split_into_names(text: str, names: list[str], more_authors: bool) -> None:
    assert split_authors(text) == Authors(tuple(names), more_authors)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Robotics (cs.RO); Artificial Intelligence (cs.AI)", ["cs.RO", "cs.AI"]),
        ("cs.CV, cs.AI", ["cs.CV", "cs.AI"]),
        ("cs.CV cs.LG", ["cs.CV", "cs.LG"]),
        ("cs.CV / cs.LG", ["cs.CV", "cs.LG"]),
        ("`cs.CV` `hep-th`", ["cs.CV", "hep-th"]),
        ("cond-mat.stat-mech、physics.ao-ph", ["cond-mat.stat-mech", "physics.ao-ph"]),
        ("math.AG（主分類）, math.DG", ["math.AG", "math.DG"]),
        ("cs.CV (primary), cs.CV", ["cs.CV"]),
        ("cs.CV, cs.LG...", ["cs.CV", "cs.LG"]),
        ("#vision #language-models", ["vision", "language-models"]),
        ("self-supervised learning, in-context learning", ["self-supervised learning", "in-context learning"]),
        ("机器人；计算机视觉", ["机器人", "计算机视觉"]),
        ("`RL` `LLM agents`", ["RL", "LLM agents"]),
        ('["query:kv-cache", "cs.CL"]', ["query:kv-cache", "cs.CL"]),
        ("[cs.CV](https://arxiv.org/list/cs.CV/new)", ["cs.CV"]),
        ("null", []),
        ("", []),
    ],
)
def test_categories_are_split_into_tags(text: str, tags: list[str]) -> None:
    assert list(split_categories(text)) == tags


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("**[1] A Study (2503.10111)**", "A Study"),
        ("12. A Study", "A Study"),
        ("3) A Study", "A Study"),
        ("#4 A Study", "A Study"),
        ("2、新方法", "新方法"),
        ("① A Study", "A Study"),
        ("🔥 1. **A Study**", "A Study"),
        ("- A Study", "A Study"),
        ("[arXiv:2503.10111v2] A Study", "A Study"),
        ("A  Study\n of  B", "A Study of B"),
        ("*A Study*", "A Study"),
        ("**A* Search**", "A* Search"),
        ("<b>A Study</b> of <scp>AI</scp> and <think>", "A Study of AI and <think>"),
        ("1.58-bit LLMs", "1.58-bit LLMs"),
        ("3D Gaussians", "3D Gaussians"),
        ("2024: A Review", "2024: A Review"),
        ("[IDK] A Study", "[IDK] A Study"),
        ("A* Search and B*", "A* Search and B*"),
        ("$x_1$ and $x_2$", "$x_1$ and $x_2$"),
        ("∀-Exploration", "∀-Exploration"),
        ("A Study (1999)", "A Study (1999)"),
        ("A Study (8/10) ⭐⭐", "A Study"),
        ("", ""),
    ],
)
def test_title_loses_only_number_bullet_and_emphasis(title: str, expected: str) -> None:
    assert clean_title(title) == expected


@pytest.mark.parametrize(
    "text", ["", " ", "null", "None", "N/A", "n/a", "-", "—", "...", "**-**", "[]", "无", "なし", "없음"]
)
def test_value_that_says_there_is_none_is_recognized(text: str) -> None:
    assert is_no_value(text)


@pytest.mark.parametrize("text", ["0", "Nan Jiang", "None of us", "无人机", "https://a.org"])
def test_value_is_not_mistaken_for_none(text: str) -> None:
    assert not is_no_value(text)


@pytest.mark.parametrize(
    ("text", "votes"),
    [("12", 12), ("👍 1,234", 1234), ("+5", 5), ("**7** upvotes", 7), ("0", 0)]
    + [
        ("-", None),
        ("9.0", None),
        ("9/10", None),
        ("1.2k", None),
        ("3 of 4", None),
        ("-1", None),
        ("", None),
        ("1" * 99, None),
    ],
)
def test_votes_are_a_whole_number(text: str, votes: int | None) -> None:
    assert parse_votes(text) == votes


PIECES = st.lists(
    st.sampled_from(
        [
            "Authors",
            "摘要",
            "TL;DR",
            ":",
            "：",
            "**",
            "*",
            "_",
            "|",
            "<b>",
            "</b>",
            "<summary>",
            "<br>",
            "[",
            "]",
            "(",
            ")",
            "#",
        ]
        + [
            "- ",
            "1. ",
            "et al.",
            " and ",
            ",",
            ";",
            "'",
            '"',
            "\\",
            "$",
            "\n",
            "\u3000",
            "👍",
            "12",
            "x",
            " ",
            "等",
            "`",
            "cs.CV",
        ]
    ),
    max_size=40,
).map("".join)


@given(text=st.text(st.characters()) | PIECES)
def test_no_text_raises_and_values_come_from_the_text(text: str) -> None:
    labels = parse_labels(text)
    assert bool(labels) == (parse_label(text) is not None)
    assert all(label.text in text for label in labels)
    assert all(name.strip() for name in split_authors(text).names)
    assert all(tag.strip() for tag in split_categories(text))
    assert len(clean_title(text)) <= len(text)
    assert (parse_votes(text) or 0) >= 0
    assert find_language(PurePosixPath(text)) in ("", "en", "ko", "zh", "ja")
