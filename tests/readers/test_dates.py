"""The days that paths, headings and fields name: the forms that are read, and those that are not clear."""

from datetime import date
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.readers.fields.dates import Dates, RangeEnd

DAY = date(2025, 3, 9)
DATES = Dates()


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-09",
        "2025/3/9",
        "2025.03.09",
        "2025_03_09",
        "2025 03 09",
        "20250309",
        "20250309T063000Z",
        "20250309063000",
        "2025-03-09T06:30:00+09:00",
        "2025‑03‑09",
        "２０２５－０３－０９",
        "2025年3月9日",
        "2025 年 03 月 09 日（星期日）",
        "2025년 3월 9일 (일)",
        "2025年03月09號",
        "25년 3월 9일",
        "2025. 3. 9.(일)",
        "Thursday 2025-03-06 -- Sunday 2025-03-09",
        "09-Mar-2025",
        "9 March 2025",
        "9th of March 2025",
        "Sun, 9 Mar 25",
        "Sun, 9 Mar 2025 00:00:00 GMT",
        "9 Mar '25",
        "Mar 9, 2025",
        "March 9th 2025",
        "Mar. 9, 2025",
        "2025 March 9",
        "2025-W10",
        "2025W10",
        "2025-W10-7",
        "Week 10, 2025",
        "week 10 of 2025",
        "2025年第10周",
        "2025년 10주차",
        "## arXiv cs.RO: 14 new papers (2025-03-09)",
        "📅 **2025-03-09** · 31 papers",
        "Papers of <b>2025-03-09</b>",
        "[2025-03-09](archive/2024-12-31.md)",
        "2025-03-09 &mdash; 12 papers",
        "2025-03-09 — 12 papers",
        "2025-03-09 (2025/03/09)",
        "2025-03-09, with arXiv:2503.10111 on top",
    ],
)
def test_day_of_a_text_is_found_in_usual_forms(text: str) -> None:
    assert DATES.in_text(text) == DAY


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-03 ~ 2025-03-09",
        "Papers of the Week (March 3 - March 9) - 2025",
        "2025-03-03 to 2025-03-09",
        "2025.03.03–2025.03.09",
        "2025-03-03 (Mon) – 2025-03-09 (Sun)",
        "2025-03-03~03-09",
        "2025.03.03-03.09",
        "2025-03-03~09",
        "2025年3月3日-3月9日",
        "2025年3月3日至9日",
        "2025년 3월 3일 ~ 9일",
        "Mar 3-9, 2025",
        "March 3 – 9, 2025",
        "3–9 March 2025",
        "Feb 24, 2025 – Mar 9, 2025",
        "February 24 – March 9, 2025",
        "2025-W10 (2025-03-03 to 2025-03-09)",
        "20250303-20250309",
        "24 Feb - 9 March 2025",
        "2025-W10",
        "Week 10, 2025",
        "2025年第10周",
    ],
)
def test_day_of_a_range_is_its_end(text: str) -> None:
    assert DATES.in_text(text) == DAY
    assert isinstance(DATES.in_text(text), RangeEnd)


@pytest.mark.parametrize(
    "path",
    [
        "2025-W10.md",
        "2025/W10.md",
        "2025/week-10.md",
        "2025/0303-0309.md",
        "2025-03-03_2025-03-09.md",
        "2025-W10/README.md",
    ],
)
def test_day_of_a_path_with_a_range_is_its_end(path: str) -> None:
    assert isinstance(DATES.in_path(PurePosixPath(path)), RangeEnd)


def test_day_that_is_named_itself_is_not_the_end_of_a_range() -> None:
    days = [DATES.in_text(text) for text in ("2025-03-09", "9 March 2025", "Mar 9, 2025", "2025-W10-7")]
    days += [DATES.in_path(PurePosixPath(path)) for path in ("2025/0309.md", "2025-W10/2025-03-09.md")]
    assert days == [DAY] * 6
    assert not any(isinstance(day, RangeEnd) for day in days)


def test_end_of_a_week_by_pattern_or_without_year_is_told() -> None:
    assert isinstance(Dates("%G/kw%V").in_text("2025/kw10"), RangeEnd)
    assert isinstance(DATES.without_year("03-03 ~ 03-09", DAY), RangeEnd)
    assert not isinstance(DATES.without_year("03-09", DAY), RangeEnd)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-W00", date(2026, 1, 4)),
        ("2012-W53", date(2013, 1, 6)),
        ("2020-W53", date(2021, 1, 3)),  # of ISO 8601
        ("2018-W00", None),  # begins with a Monday
        ("2025-W53", None),
    ],
)
def test_week_that_iso_does_not_have_is_one_of_strftime(text: str, expected: date | None) -> None:
    assert DATES.in_text(text) == expected


def test_range_without_second_year_may_pass_new_year() -> None:
    assert DATES.in_text("2024-12-30 ~ 01-05") == date(2025, 1, 5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Computer Vision",
        "March 6-March 12",
        "2025",
        "2025-03",
        "March 2025",
        "2025-02-29",
        "2025-13-01",
        "1987-03-09",
        "25-03-09",
        "令和07年3月9日",
        "03/09/2025",
        "03.09.2025",
        "2025-03-09 and 2025-03-11",
        "2025-03-09 to 2025-03-01",
        "May 12, 24 papers",
        "2503.10111",
        "arXiv:2009.0309",
        "2009.03091v2 in 2009",
        "https://example.org/2025/03/09/post",
        "[The newest digest](2025/2025-03-09.md)",
        "2025-03-0O",
        "120250309",
        "2025-W54",
        "2025 W8A8 quantization",
        "2025 10주년",
        "12:30:45",
        "2025-03-09 " * 1000,
    ],
)
def test_text_without_a_clear_day_gives_none(text: str) -> None:
    assert DATES.in_text(text) is None


def test_day_and_month_are_told_apart_where_one_is_above_12() -> None:
    assert DATES.in_text("30/01/2025") == DATES.in_text("01/30/2025") == date(2025, 1, 30)
    assert DATES.in_text("03/03/2025") == date(2025, 3, 3)


@pytest.mark.parametrize(
    "path",
    [
        "2025-03-09.md",
        "2025.03.09.md",
        "20250309.json",
        "daily/arxiv_20250309_cs.CL.jsonl",
        "papers-2025-03-09_ko.json",
        "data/2025-03-09_AI_enhanced_English.jsonl",
        "2025-03-09.meta.json",
        "9-Mar-2025.md",
        "2025年3月9日.md",
        "2025년 3월 9일.md",
        "notes/2025-W10.md",
        "notes/2025/W10.md",
        "2025/week-10-digest.md",
        "2025/03/W10/README.md",
        "2025/03/09.md",
        "archive/2025/3/9.md",
        "2025/03/09/index.md",
        "2025/03/09-digest.md",
        "2025/March/09.md",
        "2025/03-March/09.md",
        "2025/03-09.md",
        "2025/0309.md",
        "2025/0303-0309.md",
        "2025/03.03~03.09.md",
        "2025/Mar 9.md",
        "2025/3월/9일.md",
        "2025년/3월/9일.md",
        "2025/3月9日.md",
        "202503/09/README.md",
        "docs/202503/09/2503.10111v1-some-paper.md",
        "docs/202503/09/biorxiv-10-1101-2024-11-26-625410-v4-some-paper.md",
        "2025-03-09/10.64898_2024.11.26.625410.md",
        "2025-03/09.md",
        "2025-03/03-09.md",
        "2025-3/9.md",
        "2025년 3월/9일.md",
        "Mar-2025/09.md",
        "03-2025/09.md",
        "arxiv-2025/03/09.md",
        "2025-03-09/cs.CV.md",
        "2025-03-09/papers/12.md",
        "2024-12-31/2025-03-09.md",
        "_posts/2025-03-09-review-of-2024-12-31.md",
        "2025-03-03_2025-03-09.md",
        "2025-03-03-to-2025-03-09.md",
        "weekly/20250303-20250309.md",
        "/2025/03/09.md",
    ],
)
def test_day_of_a_path_is_found_in_usual_forms(path: str) -> None:
    assert DATES.in_path(PurePosixPath(path)) == DAY


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "",
        "2025.md",
        "2025/03.md",
        "2025-03.md",
        "2025-02-29.md",
        "2025-03-09/2025-02-30.md",
        "03-04-2025.md",
        "2503/12/a.md",
        "2503.10111.md",
        "papers/2009.03091v2.md",
        "2025/2503.10111v1-title.md",
        "2025/03/3D-gaussians.md",
        "2025/notes/W4A16.md",
        "compare-2025-03-09-with-2024-03-09.md",
        "v1/12/03/a.md",
        "2025-03-09" * 200 + ".md",
    ],
)
def test_path_without_a_clear_day_gives_none(path: str) -> None:
    assert DATES.in_path(PurePosixPath(path)) is None


def test_range_in_a_folder_of_a_year_may_pass_new_year() -> None:
    assert DATES.in_path(PurePosixPath("2024/1230-0103.md")) == date(2025, 1, 3)


def test_name_with_two_days_leaves_the_day_to_the_folder() -> None:
    path = PurePosixPath("2025-03-09/compare-2023-01-01-and-2024-01-01.md")
    assert DATES.in_path(path) == DAY


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("%d-%m-%Y", "09-03-2025.md"),
        ("digest-%y%m%d", "a/Digest-250309-final.md"),
        ("%y%m%d", "250309.md"),
        ("%d.%m.%y", "9.3.25.md"),
        ("%Y/day%j", "2025/day068.md"),
        ("%G/kw%V", "2025/KW10/README.md"),
        ("%B %d (%a) %Y", "March 9 (Sun) 2025.md"),
        ("%Y/%m/%Y%m%d", "2025/03/20250309.md"),
        ("%%%Y+%m+%d", "%2025+03+09.md"),
        ("%d-%m-%Y", "01-02-2025/09-03-2025.md"),
    ],
)
def test_pattern_is_searched_in_the_path(pattern: str, path: str) -> None:
    assert Dates(pattern).in_path(PurePosixPath(path)) == DAY


def test_pattern_precedes_the_usual_forms_of_dates() -> None:
    dates = Dates("of %d-%m-%Y")
    assert dates.in_path(PurePosixPath("2024-12-31/of 09-03-2025.md")) == DAY
    assert dates.in_text("2024-12-31, of 09-03-2025") == DAY
    assert dates.in_path(PurePosixPath("2024-12-31/a.md")) == date(2024, 12, 31)


@pytest.mark.parametrize("name", ["31-02-2025.md", "109-03-2025.md", "09-03-20251.md", "09-03-1990.md"])
def test_pattern_needs_whole_numbers_of_a_real_day(name: str) -> None:
    assert Dates("%d-%m-%Y").in_path(PurePosixPath(name)) is None


@pytest.mark.parametrize("pattern", ["%Y-%m", "%d", "daily", "%Y-%V", "%H:%M", "%Y-%m-%d %", "%y%Y%d"])
def test_pattern_without_a_day_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="date_pattern"):
        Dates(pattern)


@pytest.mark.parametrize(
    ("text", "near", "expected"),
    [
        ("05-12", date(2025, 6, 1), date(2025, 5, 12)),
        ("**05-12**", date(2025, 6, 1), date(2025, 5, 12)),
        ("5/12", date(2025, 6, 1), date(2025, 5, 12)),
        ("5月12日", date(2025, 6, 1), date(2025, 5, 12)),
        ("5월 12일 (월)", date(2025, 6, 1), date(2025, 5, 12)),
        ("May 12", date(2025, 6, 1), date(2025, 5, 12)),
        ("Mon, 12th May", date(2025, 6, 1), date(2025, 5, 12)),
        ("05-12 08:30", date(2025, 6, 1), date(2025, 5, 12)),
        ("05-06 ~ 05-12", date(2025, 6, 1), date(2025, 5, 12)),
        ("12-30", date(2025, 1, 3), date(2024, 12, 30)),
        ("01-02", date(2024, 12, 30), date(2025, 1, 2)),
        ("01-07", date(2024, 12, 30), date(2024, 1, 7)),
        ("06-08", date(2025, 6, 1), date(2025, 6, 8)),
        ("06-09", date(2025, 6, 1), date(2024, 6, 9)),
        ("02-29", date(2025, 3, 1), date(2024, 2, 29)),
        ("02-29", date(2103, 3, 1), date(2096, 2, 29)),
        ("30/06", date(2025, 7, 1), date(2025, 6, 30)),
    ],
)
def test_date_without_year_is_the_nearest_one(text: str, near: date, expected: date) -> None:
    assert DATES.without_year(text, near) == expected


@pytest.mark.parametrize("text", ["", "10-12 pages", "02-30", "13-13", "2025-05-12", "5", "0-1", "May", "1-2-3"])
def test_text_that_is_no_month_and_day_gives_none(text: str) -> None:
    assert DATES.without_year(text, date(2025, 1, 1)) is None


def test_dates_at_the_ends_of_the_calendar_raise_nothing() -> None:
    assert DATES.without_year("12-31", date.max) == date.max
    assert DATES.without_year("12-31", date.min) is None
    assert Dates("%Y %j").in_text("9999 999") is None


DATE_LIKE = st.text(st.sampled_from("0123456789-/.~年月日년월일 WweekMarto()[]*<>&;,:\t\n2０"), max_size=60)


@given(text=st.text(st.characters()) | DATE_LIKE, near=st.dates())
def test_no_text_raises_or_gives_a_day_before_1991(text: str, near: date) -> None:
    for dates in (DATES, Dates("%y%m%d"), Dates("%G%V"), Dates("%j/%Y")):
        days = (dates.in_text(text), dates.in_path(PurePosixPath(text)), dates.without_year(text, near))
        assert all(day is None or day.year >= 1991 for day in days)


@given(day=st.dates(date(1991, 1, 1), date(2099, 12, 31)), form=st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%d %b %Y"]))
def test_every_day_is_found_as_it_is_written(day: date, form: str) -> None:
    text = day.strftime(form)
    assert DATES.in_text(text) == day
    assert DATES.in_path(PurePosixPath(f"{text}.md")) == day
    assert Dates(form).in_text(text) == day
