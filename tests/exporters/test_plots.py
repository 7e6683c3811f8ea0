"""The page of statistics: bars of months, the gaps of an archive, and tables that say the same."""

from datetime import date, timedelta

import pytest
from lxml import html

from feeds.exporters.html.plots import HEIGHT, Gap, Plots, find_gaps
from feeds.model.edition import MonthCount, Statistics, TopicCount
from feeds.model.keys import STATISTICS, Scope, SearchKey, period
from feeds.model.paper import DayCount
from tests.support.digests import OpenFiles, day, paper, render

SVG = "//*[local-name()='svg']"


def count_days(*days: str) -> list[DayCount]:
    return [DayCount(date.fromisoformat(day), 1, 1) for day in days]


def month_counts(**papers: int) -> tuple[MonthCount, ...]:
    """Return counts of months of 2024, such as `m01=3`."""
    return tuple(
        MonthCount(period(Scope.MONTH, date(2024, int(name[1:]), 1)), count, 10 * count)
        for name, count in papers.items()
    )


def test_bars_have_every_month_and_the_height_of_their_share() -> None:
    topic = TopicCount(SearchKey(), 1, month_counts(m03=1))
    plots = Plots(Statistics(STATISTICS, months=month_counts(m01=1, m03=4), topics=(topic,)))
    assert [(bar.key.text, bar.value, bar.height) for bar in plots.papers] == [
        ("2024-01", 1, HEIGHT // 4),
        ("2024-02", 0, 0),
        ("2024-03", 4, HEIGHT),
    ]
    assert [bar.value for bar in plots.votes] == [10, 0, 40]
    assert [bar.height for bar in plots.of_topic(topic)] == [0, 0, HEIGHT]
    assert [(month.text, papers) for month, papers in plots.topic_rows] == [
        ("2024-03", [1]),
        ("2024-02", [0]),
        ("2024-01", [0]),
    ]


def test_archive_without_papers_has_no_bars_and_gaps() -> None:
    plots = Plots(Statistics(STATISTICS))
    assert (plots.papers, plots.votes, plots.gaps, plots.strips, plots.topic_rows) == ([], [], [], [], [])


def test_gaps_are_longer_than_a_weekend() -> None:
    calendar = count_days("2024-01-05", "2024-01-08", "2024-01-09", "2024-01-13", "2024-01-15")
    assert find_gaps(calendar) == [Gap(date(2024, 1, 10), date(2024, 1, 12))]
    assert find_gaps(calendar)[0].days == 3
    assert find_gaps(calendar[:2]) == []


def test_gaps_as_long_as_nine_in_ten_are_usual() -> None:
    weekly = [date(2024, 1, 1) + timedelta(weeks=week) for week in range(20)]
    days = [*weekly[:5], *weekly[6:]]
    (gap,) = find_gaps([DayCount(day, 1, 1) for day in days])
    assert (gap.first, gap.last) == (weekly[4] + timedelta(days=1), weekly[6] - timedelta(days=1))


def test_strips_show_gaps_in_each_year() -> None:
    plots = Plots(Statistics(STATISTICS, calendar=tuple(count_days("2023-12-30", "2024-01-11"))))
    assert [(strip.key.text, strip.start, strip.end, strip.gaps) for strip in plots.strips] == [
        ("2024", 0, 11, ((0, 10),)),
        ("2023", 363, 365, ((364, 1),)),
    ]


@pytest.fixture
def page(open_files: OpenFiles) -> html.HtmlElement:
    files = {
        "1.md": day("2024-01-01", paper("확산 하나", "2401.1", votes="Vote: 1,234"), paper("둘", "2401.2")),
        "2.md": day("2024-03-01", paper("셋", "2403.1", votes="Vote: 2")),
    }
    return html.fromstring(render(open_files(files), "html", "stats"))


def test_every_chart_has_a_name_and_a_table(page: html.HtmlElement) -> None:
    charts = page.xpath(f"//figure{SVG[1:]}")
    assert len(charts) >= 3
    assert all(chart.get("role") == "img" and chart.get("aria-label") for chart in charts)
    captions = [details.findtext("summary") for details in page.xpath("//main//details[.//table]")]
    assert captions == ["논문과 추천 수를 표로 보기", "주제를 표로 보기", "빠진 날을 표로 보기"]


def test_tables_have_the_numbers_of_the_charts(page: html.HtmlElement) -> None:
    rows = [[cell.text_content() for cell in row] for row in page.xpath("(//main//table)[1]/tbody/tr")]
    assert rows == [["2024년 3월", "1", "2"], ["2024년 1월", "2", "1,234"]]
    gaps = [[cell.text_content() for cell in row] for row in page.xpath("(//main//table)[last()]/tbody/tr")]
    assert [days for _, days in gaps] == ["59"]


def test_page_of_statistics_has_no_inline_style(page: html.HtmlElement) -> None:
    assert not page.xpath("//@style | //style")


def test_statistics_of_an_empty_archive_say_so(open_files: OpenFiles) -> None:
    page = html.fromstring(render(open_files({}), "html", "stats"))
    assert not page.xpath("//main//table | //main//figure")
    assert "아직 논문이 없습니다." in page.text_content()
