from datetime import date
from pathlib import PurePosixPath

import pytest

from feeds.model.diagnostic import Severity
from feeds.model.paper import Paper
from feeds.readers import Digest
from feeds.readers.sections import SectionsReader

DAY = "2024-05-17.md"


def read(source: str, path: str = DAY) -> Digest:
    digest = SectionsReader().read(source, PurePosixPath(path))
    assert digest is not None
    return digest


def papers(source: str, path: str = DAY) -> list[Paper]:
    digest = read(source, path)
    assert not digest.diagnostics
    return [entry.paper for entry in digest.entries]


def titles(source: str, path: str = DAY) -> list[str]:
    return [paper.title for paper in papers(source, path)]


def declines(source: str, path: str = DAY) -> bool:
    return SectionsReader().read(source, PurePosixPath(path)) is None


LINKED_HEADINGS = """\
# Table of Contents
- [cs.RO](#cs.RO) [Total: 2]
- [math.NA](#math.NA) [Total: 1]

# cs.RO [[Back]](#toc)

### [1] [Grasping Soft Fruit Without Bruises](https://arxiv.org/abs/2405.01001)
*Mara Lindqvist,Jo Okafor*

Main category: cs.RO

TL;DR: A gripper that listens.

<details>
  <summary>Details</summary>
Motivation: Fruit is soft; see also https://arxiv.org/abs/2201.00001 for a survey.

Abstract: We grasp at rate $\\lambda$ per hour.

</details>

### [2] [A $k$-Step Planner](https://arxiv.org/abs/2405.01002v2)
*Ana Souza*

# math.NA [[Back]](#toc)

### [3] [Krylov Spaces, Again](https://arxiv.org/pdf/2405.01003.pdf)
"""


def test_headings_that_are_links_are_papers() -> None:
    first, second, third = papers(LINKED_HEADINGS)
    assert first.title == "Grasping Soft Fruit Without Bruises"
    assert first.url == "https://arxiv.org/abs/2405.01001"
    assert first.authors == ("Mara Lindqvist", "Jo Okafor")
    assert first.tags == ("cs.RO",)
    assert first.abstract == "We grasp at rate $\\lambda$ per hour."
    assert first.summary == (
        "TL;DR: A gripper that listens.\n\n"
        "Motivation: Fruit is soft; see also https://arxiv.org/abs/2201.00001 for a survey."
    )
    assert (second.title, second.authors) == ("A $k$-Step Planner", ("Ana Souza",))
    assert (third.url, third.tags) == ("https://arxiv.org/abs/2405.01003", ("math.NA",))


LABELLED_ITEMS = """\
# New submissions for Fri, 17 May 24
## Keyword: SLAM
There is no result
## Keyword: radar
### Mapping  Mines with Cheap Radar
 - **Authors:** Ivo Petrov, Lin Chen et al.
 - **Subjects:** Robotics (cs.RO); Signal Processing (eess.SP)
 - **Arxiv link:** https://arxiv.org/abs/2405.02001
 - **Pdf link:** https://arxiv.org/pdf/2405.02001
 - **Abstract**
 Mines are dark. We map them $\\tilde{O}(n)$ times.
## Keyword: mapping
### Mapping  Mines with Cheap Radar
 - **Authors:** Ivo Petrov, Lin Chen et al.
 - **Arxiv link:** https://arxiv.org/abs/2405.02001
 - **Abstract**
 Mines are dark. We map them $\\tilde{O}(n)$ times.
"""


def test_paper_under_two_keywords_is_one_with_both_tags() -> None:
    (paper,) = papers(LABELLED_ITEMS, "New.md")
    assert paper.title == "Mapping Mines with Cheap Radar"
    assert (paper.authors, paper.more_authors) == (("Ivo Petrov", "Lin Chen"), True)
    assert set(paper.tags) == {"radar", "mapping", "cs.RO", "eess.SP"}
    assert paper.abstract == "Mines are dark. We map them $\\tilde{O}(n)$ times."
    assert paper.summary == ""
    assert list(read(LABELLED_ITEMS, "New.md").days) == [date(2024, 5, 17)]


def test_top_headings_with_labels_are_papers() -> None:
    source = """\
# Harvesting Fog in (1998-2020)

**Title (ZH)**: 收集雾气

**Authors**: Ada Byrne, Tomás Ruiz

**Link**: [PDF](https://arxiv.org/pdf/2405.03001)

**Abstract**: Fog is water.

**Abstract (ZH)**: 雾就是水。

---
# What About arXiv:2301.00001v1: A Reply

**Authors**: Kim Dao

**Link**: [PDF](https://arxiv.org/pdf/2405.03002)

**Abstract**: We reply to arXiv:2301.00001.

---
"""
    first, second = papers(source, "17-May-2024/NLP/README.md")
    assert (first.title, first.authors) == ("Harvesting Fog in (1998-2020)", ("Ada Byrne", "Tomás Ruiz"))
    assert first.abstract == "Fog is water."
    assert "收集雾气" in first.summary
    assert "雾就是水。" in first.summary
    assert (second.title, second.url) == ("What About arXiv:2301.00001v1: A Reply", "https://arxiv.org/abs/2405.03002")


def test_items_with_nested_fields_are_papers() -> None:
    source = """\
# Daily Digest — 2024-05-17

Filtered by keywords.

## Drones
_No matches today._

## Legged Robots (2 papers)

- **Hopping on Ice**
  - Authors: Ken Ito, Bo Larsen
  - Published: 2024-05-15 | Category: `cs.RO`
  - Links: [arXiv](https://arxiv.org/abs/2405.04001v1) | [PDF](https://arxiv.org/pdf/2405.04001v1) | [Code](https://github.com/x/hop)
  - Matched: gait
- **Falling Well**
  - Authors: Mei Tan
  - Links: [arXiv](https://arxiv.org/abs/2405.04002v1)
"""
    first, second = papers(source, "digests/today.md")
    assert (first.title, first.authors) == ("Hopping on Ice", ("Ken Ito", "Bo Larsen"))
    assert first.tags == ("Legged Robots", "cs.RO")
    assert first.published == date(2024, 5, 15)
    assert "[Code](https://github.com/x/hop)" in first.summary
    assert "arxiv.org" not in first.summary
    assert second.title == "Falling Well"


def test_only_item_of_a_category_is_a_paper_not_the_category() -> None:
    source = """\
# 2024-05-17
## Robotics
- [Walking Backwards Downhill at Night](https://arxiv.org/abs/2405.05001): legs.
## Vision
- **Seeing Through Steam in Kitchens** [[pdf]](https://arxiv.org/pdf/2405.05002)
"""
    first, second = papers(source)
    assert (first.title, first.tags) == ("Walking Backwards Downhill at Night", ("Robotics",))
    assert (second.title, second.tags) == ("Seeing Through Steam in Kitchens", ("Vision",))


def test_one_line_items_are_papers() -> None:
    source = """\
# Papers of May 17, 2024

1. [Slow Light in Fast Fibre](https://arxiv.org/abs/2405.06001) - Ola Nord, Per Dahl
2. "Cold Atoms at Home" by Rui Costa, Eva Lund ([arXiv:2405.06002](https://arxiv.org/abs/2405.06002))
3. Warm Atoms Abroad: https://arxiv.org/abs/2405.06003
4. **Tepid Ions** | Sam Lee, Kim Roe | [pdf](https://arxiv.org/pdf/2405.06004) [code](https://gitlab.com/a/b)
"""
    found = papers(source, "may.md")
    assert [paper.title for paper in found] == [
        "Slow Light in Fast Fibre",
        "Cold Atoms at Home",
        "Warm Atoms Abroad",
        "Tepid Ions",
    ]
    assert found[0].authors == ("Ola Nord", "Per Dahl")
    assert found[1].authors == ("Rui Costa", "Eva Lund")
    assert found[3].authors == ("Sam Lee", "Kim Roe")
    assert found[3].summary == "[code](https://gitlab.com/a/b)"


def test_rows_of_the_table_of_a_day_are_papers() -> None:
    source = """\
## 2024-05-17

| # | 标题 | 作者 | 链接 | 一句话总结 |
|---|---|---|---|---|
| 1 | 会飞的拖拉机 | 王芳, 李雷 等 | [PDF](https://arxiv.org/pdf/2405.07001) | 拖拉机能飞。 |
| 2 | [A \\| B Testing of Ploughs](https://arxiv.org/abs/2405.07002) | Jo Bell | - | N/A |
"""
    first, second = papers(source, "digest.md")
    assert (first.title, first.authors, first.more_authors) == ("会飞的拖拉机", ("王芳", "李雷"), True)
    assert "拖拉机能飞。" in first.summary
    assert (second.title, second.authors) == ("A | B Testing of Ploughs", ("Jo Bell",))
    assert second.summary.count("\n") == 0


def test_only_row_below_a_heading_is_a_paper() -> None:
    source = """\
## Highlighted Papers

| # | Title | Authors | Link |
|---|-------|---------|------|
| 5.1 | Counting Pebbles | Ana Souza, Jo Okafor | [arXiv](https://arxiv.org/abs/2405.03101) |

---

The rest follows.
"""
    (paper,) = papers(source)
    assert (paper.title, paper.authors) == ("Counting Pebbles", ("Ana Souza", "Jo Okafor"))


def test_row_with_a_title_of_two_lines_is_one_paper() -> None:
    source = """\
| Title | Authors | Summary |
|-------|---------|---------|
| Sand: A Study of
  Grains (Read more on [arXiv](https://arxiv.org/abs/2405.03201) or [HF](https://hf.co/papers/2405.03201))|Jo Wu|Small.|
| Silt (Read more on [arXiv](https://arxiv.org/abs/2405.03202)) | Ana Souza | Smaller. |
"""
    first, second = papers(source)
    assert (first.title, first.authors, first.summary) == ("Sand: A Study of Grains", ("Jo Wu",), "Small.")
    assert (second.title, second.authors, second.summary) == ("Silt", ("Ana Souza",), "Smaller.")


def test_details_are_papers_and_are_unwrapped() -> None:
    source = """\
# Agents Daily

**Last Updated:** 2024-05-17 02:36:43

## Table of Contents
- [Planning](#planning)

<details open>
<summary><h2>Planning (2 papers)</h2></summary>

<details>
<summary><strong>Plans That Bend</strong> - Ute Kern, Max Vogel - [[pdf]](https://arxiv.org/pdf/2405.08001)</summary>

**Abstract:** Plans break; ours bend.

**arXiv ID:** 2405.08001
</details>

<details>
<summary><strong>Plans That Break</strong> - Al Moss - [[pdf]](https://arxiv.org/pdf/2405.08002)</summary>

**Abstract:** See arXiv:2405.08001 for the contrary.
</details>

</details>
"""
    first, second = papers(source, "README.md")
    assert (first.title, first.authors) == ("Plans That Bend", ("Ute Kern", "Max Vogel"))
    assert (first.abstract, first.tags, first.summary) == ("Plans break; ours bend.", ("Planning",), "")
    assert second.url == "https://arxiv.org/abs/2405.08002"
    assert list(read(source, "README.md").days) == [date(2024, 5, 17)]


@pytest.mark.parametrize(("older", "days"), [(2, [date(2024, 5, 17)]), (3, [])])
def test_day_of_a_readme_is_when_it_was_updated(older: int, days: list[date]) -> None:
    numbers = [f"2405.0800{n}" for n in range(4)] + [f"2301.0800{n}" for n in range(older)]
    items = "".join(f"- [Plan {n}](https://arxiv.org/abs/{number})\n" for n, number in enumerate(numbers))
    digest = SectionsReader().read(
        f"# Plans\n\nLast updated: 2024-05-17\n\n## New\n\n{items}", PurePosixPath("README.md")
    )
    assert list(digest.days if digest else ()) == days


def test_quoted_blocks_between_rules_are_papers() -> None:
    source = """\
## 最新发布

#### [new 001] 让机器人 学会道歉
- **分类: cs.RO; cs.HC**

- **简介: 机器人说对不起。**

- **链接: [http://arxiv.org/pdf/2405.09001v1](http://arxiv.org/pdf/2405.09001v1)**

> **作者:** Hu Jie; Sun Li
>
> **备注:** OpenReview: https://openreview.net/forum?id=abcDEF1234
>
> **摘要:** Robots apologise.
>
---
#### [replaced 002] Second Thoughts
- **分类: cs.AI**

- **链接: [http://arxiv.org/pdf/2405.09002v3](http://arxiv.org/pdf/2405.09002v3)**

> **作者:** Wu Di
>
---
"""
    first, second = papers(source, "20240517_Fri/robots.md")
    assert (first.title, first.authors, first.tags) == ("让机器人 学会道歉", ("Hu Jie", "Sun Li"), ("cs.RO", "cs.HC"))
    assert first.abstract == "Robots apologise."
    assert "机器人说对不起。" in first.summary
    assert (second.title, second.authors) == ("Second Thoughts", ("Wu Di",))


def test_numbered_headings_with_links_below_are_papers() -> None:
    source = """\
# 📄 논문 일보 | 2024년 5월 17일

## 1. Small Models, Big Claims

**저자**: 김민수, 이서연 외 3명

> We test claims...

[📄 논문](https://huggingface.co/papers/2405.10001) | [📥 PDF](https://arxiv.org/pdf/2405.10001) | [💻 코드](https://github.com/k/s)

### 핵심 기여
- 주장 검증
  - $p < 0.05$

### 관련 연구
- [Older Claims](https://arxiv.org/abs/2001.00001)

## 2. Big Models, Small Claims

[📄 논문](https://huggingface.co/papers/2405.10002)
"""
    first, second = papers(source, "ko/digest.md")
    assert first.title == "Small Models, Big Claims"
    assert first.url == "https://arxiv.org/abs/2405.10001"
    assert (first.authors, first.more_authors) == (("김민수", "이서연"), True)
    assert "> We test claims..." in first.summary or "We test claims..." in first.summary
    assert "  - $p < 0.05$" in first.summary
    assert "[💻 코드](https://github.com/k/s)" in first.summary
    assert first.language == "ko"
    assert second.title == "Big Models, Small Claims"


def test_numbers_of_sections_are_no_part_of_titles_and_tags() -> None:
    source = """\
# 2.1 Robots

### 3.1 Walking on Sand
- URL: https://arxiv.org/abs/2405.03301

### 3.2 2.5 Years of Walking
- URL: https://arxiv.org/abs/2405.03302
"""
    first, second = papers(source)
    assert (first.title, second.title, first.tags) == ("Walking on Sand", "2.5 Years of Walking", ("Robots",))
    assert titles("### 2.5 Years of Walking\n- URL: https://arxiv.org/abs/2405.03302\n") == ["2.5 Years of Walking"]


def test_heading_above_a_translation_of_it_is_the_title() -> None:
    source = """\
# Rotations in SO(3)

**Title (ZH)**: 旋转

**Link**: [PDF](https://arxiv.org/pdf/2405.03305)

---
# Gravel

**Title (ZH)**: 砾石

**Link**: [PDF](https://arxiv.org/pdf/2405.03306)

---
"""
    assert titles(source) == ["Rotations in SO(3)", "Gravel"]


def test_paper_at_arxiv_may_also_have_a_doi() -> None:
    source = """\
### 1. Gravel
- arXiv ID: 2405.03307
- DOI: 10.1109/GRAVEL.2024.00001

### 2. Silt
- DOI: 10.1109/SILT.2024.00002
"""
    first, second = papers(source)
    assert first.summary == "**DOI:** 10.1109/GRAVEL.2024.00001"
    assert [first.url, second.url] == ["https://arxiv.org/abs/2405.03307", "https://doi.org/10.1109/silt.2024.00002"]


def test_link_between_facts_leads_to_the_paper_of_the_section() -> None:
    source = """\
### 1. 모래 걷기 (Walking on Sand)

출처 · 2024-05-16 · preprint · [arXiv:2405.03310](https://arxiv.org/abs/2405.03310) · 코드 미공개

모래 위를 걷는다. arXiv:2401.00001 과 비교한다.

## Sources

| # | 제목 (축약) | 링크 |
|---|---|---|
| 1 | 모래 | https://arxiv.org/abs/2405.03310 |
| 2 | 자갈 | https://arxiv.org/abs/2405.03311 |
"""
    first, second = papers(source)
    assert (first.title, first.published) == ("모래 걷기 (Walking on Sand)", date(2024, 5, 16))
    assert (second.title, second.url) == ("자갈", "https://arxiv.org/abs/2405.03311")


def test_part_with_other_papers_does_not_hide_the_paper() -> None:
    source = "# 日报\n"
    for number in (3312, 3313):
        source += f"""
### 1. Gravel {number} (8/10) 🔁
**arxiv** · `2405.0{number}` · 2024-05-16
👥 Jo Wu, Ana Souza · 🏷 cs.LG, cs.AI
🔗 [arXiv](https://arxiv.org/abs/2405.0{number}) · [alphaxiv](https://www.alphaxiv.org/abs/2405.0{number})

#### 📎 相关方法
- [GPTQ](https://arxiv.org/abs/2210.0{number}) — old
"""
    first, second = papers(source)
    assert (first.title, second.title) == ("Gravel 3312", "Gravel 3313")
    assert (first.authors, first.tags, first.published) == (
        ("Jo Wu", "Ana Souza"),
        ("cs.LG", "cs.AI"),
        date(2024, 5, 16),
    )
    assert first.summary == "#### 📎 相关方法\n- [GPTQ](https://arxiv.org/abs/2210.03312) — old"


def test_related_methods_of_the_only_paper_are_no_papers() -> None:
    source = """\
# 日报

### 1. Gravel for Robots (8/10)
🔗 [arXiv](https://arxiv.org/abs/2405.03314)

#### 📎 相关方法 / 对比基线
- [GPTQ](https://arxiv.org/abs/2210.03314) — old
- [AWQ](https://arxiv.org/abs/2306.03314) — old
"""
    digest = read(source)
    assert [(entry.day, entry.paper.title) for entry in digest.entries] == [(date(2024, 5, 17), "Gravel for Robots")]


def test_number_of_arxiv_after_a_title_is_no_summary() -> None:
    source = "- **[Gravel](https://arxiv.org/abs/2405.03308)** `arXiv:2405.03308`\n"
    source += source.replace("3308", "3309")
    assert [paper.summary for paper in papers(source)] == ["", ""]


def test_label_of_the_title_corrects_the_heading() -> None:
    source = "### 3.4 Gravel\n- Title: Gravel\n- URL: https://arxiv.org/abs/2405.03303\n- Note: wet\n"
    (paper,) = papers(source)
    assert (paper.title, paper.summary) == ("Gravel", "- Note: wet")


def test_categories_in_headings_and_facts_are_tags() -> None:
    source = """\
# arXiv cs.CV Digest (2024-05-17)

### Gravel
https://arxiv.org/abs/2405.03401 · cs.CV, cs.LG · 2024-05-16

### Silt
https://arxiv.org/abs/2405.03402 · `cs.RO`
"""
    first, second = papers(source)
    assert (first.tags, second.tags) == (("cs.CV", "cs.LG"), ("cs.CV", "cs.RO"))
    assert first.published == date(2024, 5, 16)


def test_affiliations_after_a_bar_are_no_authors() -> None:
    source = (
        "### Gravel\n저자: Jo Wu, Ana Souza | Gravel University, Sand Institute\nhttps://arxiv.org/abs/2405.03501\n"
    )
    (paper,) = papers(source)
    assert (paper.authors, paper.summary) == (("Jo Wu", "Ana Souza"), "Gravel University, Sand Institute")


def test_title_labels_are_papers() -> None:
    source = """\
Digest of 2024/05/17

**タイトル:** 静かな風車の設計
**著者:** 山田太郎、佐藤花子
**リンク:** https://doi.org/10.1234/wind.2024.5
**要旨:** 風車を静かにする。

**タイトル:** 騒がしい風車
**著者:** 鈴木一郎
**リンク:** https://doi.org/10.1234/wind.2024.6
**要旨:** 逆も試した。
"""
    first, second = papers(source)
    assert (first.title, first.authors) == ("静かな風車の設計", ("山田太郎", "佐藤花子"))
    assert (first.url, first.abstract) == ("https://doi.org/10.1234/wind.2024.5", "風車を静かにする。")
    assert (second.title, second.authors) == ("騒がしい風車", ("鈴木一郎",))


def test_bold_lines_with_text_below_are_papers() -> None:
    source = """\
**1. Bees That Count**
Authors: Ira Novak, Uma Rao
https://arxiv.org/abs/2405.11001

Bees count to four.

**2. Wasps That Do Not**
Authors: Ira Novak
https://openreview.net/forum?id=w4Sp5abcde

They refuse.
"""
    first, second = papers(source)
    assert (first.title, first.authors, first.summary) == (
        "Bees That Count",
        ("Ira Novak", "Uma Rao"),
        "Bees count to four.",
    )
    assert (second.title, second.url) == ("Wasps That Do Not", "https://openreview.net/forum?id=w4Sp5abcde")


def test_paragraphs_that_end_with_a_link_are_papers() -> None:
    source = """\
Tides in Teacups
Noor Haddad, Finn Walsh
https://arxiv.org/abs/2405.12001

Storms in Teacups
Finn Walsh, Noor Haddad
https://arxiv.org/abs/2405.12002
"""
    first, second = papers(source)
    assert (first.title, first.authors) == ("Tides in Teacups", ("Noor Haddad", "Finn Walsh"))
    assert second.title == "Storms in Teacups"


def test_headings_below_a_title_do_not_divide_the_paper() -> None:
    source = """\
# Weekly reading 2024-05-13 ~ 2024-05-17

## Paper 1: Glass That Heals

### 基本信息
- arXiv: [2405.13001](https://arxiv.org/abs/2405.13001)
- 作者: Li Na
- 分类: cond-mat.soft

### 方法
Heat it. Compare [Old Glass](https://arxiv.org/abs/1901.00001).

## Paper 2: Glass That Hides

### 基本信息
- arXiv: [2405.13002](https://arxiv.org/abs/2405.13002)

### 方法
Paint it.
"""
    first, second = papers(source, "weekly.md")
    assert (first.title, first.authors, first.tags) == ("Glass That Heals", ("Li Na",), ("cond-mat.soft",))
    assert "### 方法\nHeat it." in first.summary
    assert second.title == "Glass That Hides"
    assert list(read(source, "weekly.md").days) == [date(2024, 5, 17)]


def test_file_about_one_paper_in_a_dated_folder_is_read() -> None:
    source = """\
# Salt as a Sensor

> [← Day](../README.md) · [Hugging Face](https://huggingface.co/papers/2405.14001) · [arXiv](https://arxiv.org/abs/2405.14001)

## Takeaway
Salt senses.

## Limits
Sugar does not, as [others](https://arxiv.org/abs/1801.00001) saw.
"""
    (paper,) = papers(source, "2024/05/17/2405.14001.md")
    assert paper.title == "Salt as a Sensor"
    assert "## Takeaway" in paper.summary


def test_each_day_of_a_file_has_its_papers() -> None:
    source = """\
# 2024-05-17
### [Alpha Decay of Rumours](https://arxiv.org/abs/2405.15001)
# 2024-05-16
### [Beta Decay of Rumours](https://arxiv.org/abs/2405.15002)
### [Alpha Decay of Rumours](https://arxiv.org/abs/2405.15001)
"""
    entries = read(source, "all.md").entries
    assert [(entry.day.day, entry.paper.title[:4]) for entry in entries] == [(17, "Alph"), (16, "Beta"), (16, "Alph")]
    assert [entry.line for entry in entries] == [2, 4, 5]


def test_heading_gives_the_day_before_the_path_does() -> None:
    source = "# Digest of 2024-05-16\n## [Lichen Clocks](https://arxiv.org/abs/2405.16001)\n"
    assert list(read(source, "2024-05-17.md").days) == [date(2024, 5, 16)]


def test_end_of_a_week_is_an_inferred_day() -> None:
    source = """\
# Highlights
### [Alpha Decay of Rumours](https://arxiv.org/abs/2405.15001)
# 2024-05-17
### [Beta Decay of Rumours](https://arxiv.org/abs/2405.15002)
"""
    entries = read(source, "weekly/2024-W20.md").entries
    assert [(entry.day.day, entry.is_inferred) for entry in entries] == [(19, True), (17, False)]


def test_headings_without_a_year_are_near_the_heading_above() -> None:
    source = """\
## Week (December 30 - January 5) - 2025
### [Slush Funds](https://arxiv.org/abs/2412.26001)
## Week (December 23-December 29)
### [Snow Funds](https://arxiv.org/abs/2412.26002)
## Week (December 16-22)
### [Hail Funds](https://arxiv.org/abs/2412.26003)
"""
    days = list(read(source, "README.md").days)
    assert days == [date(2025, 1, 5), date(2024, 12, 29), date(2024, 12, 22)]


def test_front_matter_gives_the_day_of_a_digest() -> None:
    source = """\
---
title: Reading list
date: 2024-05-17
---
## [Mosses and Modems](https://arxiv.org/abs/2405.17001)
## [Ferns and Fax](https://arxiv.org/abs/2405.17002)
"""
    assert titles(source, "posts/list.md") == ["Mosses and Modems", "Ferns and Fax"]
    assert [entry.line for entry in read(source, "posts/list.md").entries] == [5, 6]


def test_pictures_and_votes_become_fields() -> None:
    source = """\
### [Kites for Power](https://huggingface.co/papers/2405.18001)
![badge](https://img.shields.io/badge/arXiv-2405.18001-red)
![kite](https://example.org/kite.png)
👍 1,204
Kites pull.
"""
    (paper,) = papers(source)
    assert (paper.image, paper.votes, paper.summary) == ("https://example.org/kite.png", 1204, "Kites pull.")


def test_code_blocks_and_comments_lead_to_no_papers() -> None:
    source = """\
### [Real Work](https://arxiv.org/abs/2405.19001)
```
### [In Code](https://arxiv.org/abs/2405.19002)
```
<!--
### [In a Comment](https://arxiv.org/abs/2405.19003)
-->
"""
    assert titles(source) == ["Real Work"]


def test_overview_that_repeats_the_papers_adds_none() -> None:
    source = """\
# 2024-05-17

Today [Rust and Rest](https://arxiv.org/abs/2405.20001) stands out, after [Dust](https://arxiv.org/abs/2001.00009).

## Overview
| Paper | Score |
|---|---|
| [Rust and Rest](https://arxiv.org/abs/2405.20001) | 9 |
| [Iron Without Rust](https://arxiv.org/abs/2405.20002) | 7 |

## Papers
### Rust and Rest
**Authors:** Di Rossi
**arXiv:** [2405.20001](https://arxiv.org/abs/2405.20001)

Rust rests. It extends [2105.00001].

### Iron Without Rust
**arXiv:** [2405.20002](https://arxiv.org/abs/2405.20002)

## References
- [Old Rust](https://arxiv.org/abs/1001.0001)
"""
    found = papers(source)
    assert [paper.title for paper in found] == ["Rust and Rest", "Iron Without Rust"]
    assert found[0].authors == ("Di Rossi",)


def test_items_with_boxes_and_other_bullets_are_papers() -> None:
    source = """\
- [ ] [Soup as a Service](https://arxiv.org/abs/2405.23001) #food
- [x] [Bread as a Battery](https://arxiv.org/abs/2405.23002) #food

* 🔥 **Hot Broth** (arXiv:2405.23003) [[code]](https://github.com/s/s)
  Broth is hot.
"""
    first, second, third = papers(source)
    assert (first.title, second.title, third.title) == ("Soup as a Service", "Bread as a Battery", "Hot Broth")
    assert "Broth is hot." in third.summary


def test_newsletter_footer_is_no_paper() -> None:
    source = """\
# Newsletter, May 17, 2024
### 1. [Sparse Kites](https://arxiv.org/abs/2405.24001) ⬆️ 120
Kites are sparse.
## Footer
Cite us: https://arxiv.org/abs/1706.00001
"""
    (paper,) = papers(source, "newsletter.md")
    assert (paper.title, paper.votes, paper.summary) == ("Sparse Kites", 120, "Kites are sparse.")


def test_rows_of_html_below_dates_have_those_days() -> None:
    row = '<tr><td>{}</td><td>Lu Po</td><td><a href="https://arxiv.org/pdf/{}">PDF</a></td></tr>'
    header = "<table><tr><th>Title</th><th>Author</th><th>PDF</th></tr>"
    source = "\n".join(
        [
            "## 2024-05-17 (1 paper)",
            header,
            row.format("Options on Rain", "2405.25001"),
            "</table>",
            "<details><summary>2024-05-16 (1 paper)</summary>",
            header,
            row.format("Futures of Snow", "2405.25002"),
            "</table></details>",
        ]
    )
    entries = read(source, "README.md").entries
    assert [(entry.day.day, entry.paper.title, entry.paper.authors) for entry in entries] == [
        (17, "Options on Rain", ("Lu Po",)),
        (16, "Futures of Snow", ("Lu Po",)),
    ]


@pytest.mark.parametrize(
    ("source", "path"),
    [
        pytest.param("# Tool\nIt builds on [LoRA](https://arxiv.org/abs/2106.09685).\n", "README.md", id="readme"),
        pytest.param("# Index\n- [2024-05-17](2024-05-17.md)\n- [arXiv](https://arxiv.org/)\n", "index.md", id="index"),
        pytest.param("", DAY, id="empty file"),
        pytest.param("# 2024-05-17\nWent fishing. arXiv was down.\n", DAY, id="diary"),
        pytest.param(
            "# Papers (2024-05-17)\nIf there are no papers, run it again.\n", "README.md", id="readme of a tool"
        ),
        pytest.param(
            "---\ntitle: Snow Physics\narxiv: 2405.21001\ndate: 2024-05-17\n---\n# Snow Physics\n"
            "[PDF](https://arxiv.org/pdf/2405.21001)\n",
            "_posts/2024-05-17-snow.md",
            id="note about one paper",
        ),
        pytest.param(
            "## Updated on 2024.05.17\n\n## SLAM\n\n|Publish Date|Title|Authors|PDF|Code|\n|---|---|---|---|---|\n"
            "|**2024-05-16**|**Maps of Fog**|Jo Ek et.al.|[2405.21002](http://arxiv.org/abs/2405.21002)|null|\n"
            "|**2024-04-02**|**Maps of Mist**|Jo Ek et.al.|[2404.21002](http://arxiv.org/abs/2404.21002)|null|\n",
            "README.md",
            id="rolling table",
        ),
        pytest.param(
            "### [Hail](notes/hail.md)\narXiv 2405.21003\n### [Sleet](notes/sleet.md)\narXiv 2405.21004\n",
            DAY,
            id="index of notes",
        ),
    ],
)
def test_files_of_other_kinds_are_declined(source: str, path: str) -> None:
    assert declines(source, path)


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("# arXiv digest\n\nNo new papers today.\n", "daily/2024-05-17.md"),
        ("# Daily papers (2024-05-17)\n\n**Papers:** 0\n\n[arXiv](https://arxiv.org)\n", "daily/newest.md"),
        ("# 每日论文 2024-05-17\n\n今日没有新的论文。\n", "daily/newest.md"),
        ("# 每日 ArXiv 論文\n\n> 📊 本日共處理 0 篇論文\n", "2024-05-17.md"),
        ("# 今日の論文\n\n新しい論文はありませんでした。\n", "2024-05-17.md"),
        ("# 오늘의 논문\n\n새 논문이 없습니다.\n", "2024-05-17.md"),
        ("## Papers\n\n| Title | Authors |\n|-------|---------|\n", "2024-05-17.md"),
    ],
)
def test_day_that_says_that_it_has_no_papers_is_empty(source: str, path: str) -> None:
    digest = read(source, path)
    assert list(digest.days) == [date(2024, 5, 17)]
    assert not digest.entries
    assert not digest.diagnostics


def test_papers_without_a_day_are_reported() -> None:
    source = "".join(f"## [Paper on Gravel {n}](https://arxiv.org/abs/2405.2200{n})\n" for n in range(4))
    digest = read(source, "gravel.md")
    assert not digest.days
    (diagnostic,) = digest.diagnostics
    assert (diagnostic.line, diagnostic.severity) == (1, Severity.ERROR)


@pytest.mark.parametrize(
    "source",
    [
        "# [" * 2_000 + "https://arxiv.org/abs/2405.00001",
        "- " * 5_000 + "https://arxiv.org/abs/2405.00001",
        "> " * 5_000 + "[a](https://arxiv.org/abs/2405.00001)",
        "|" * 5_000 + "https://arxiv.org/abs/2405.00001",
        "**" * 5_000 + "https://arxiv.org/abs/2405.00001",
        "<details>" * 2_000 + "https://arxiv.org/abs/2405.00001",
        "\x00\ud800 https://arxiv.org/abs/2405.00001",
        "---\n" * 2_000 + "https://arxiv.org/abs/2405.00001",
        "<!--" * 2_000 + "https://arxiv.org/abs/2405.00001",
        "\n".join(f"{'  ' * n}- a {n}\n{'  ' * n}  https://arxiv.org/abs/2405.{n:05}" for n in range(1_500)),
        "```\n" * 2_001 + "https://arxiv.org/abs/2405.00001",
    ],
)
def test_no_text_makes_the_reader_fail(source: str) -> None:
    digest = SectionsReader().read(source, PurePosixPath(DAY))
    assert digest is None or len(digest.entries) <= 1_500
