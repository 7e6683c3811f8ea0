"""Rankings: the most voted papers of a week or month, the series of them, and those on the home page."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from feeds.archive.archive import Archive
from feeds.archive.snapshot import Snapshot
from feeds.errors import UnknownEditionError
from feeds.model.edition import Ranking, SiteEdition
from feeds.model.keys import HOME, SiteKey
from tests.support.archives import key, member_keys, paper_titles, sync
from tests.support.digests import Files, day, paper, write_files

FILES: Files = {
    "1.md": day(
        "2024-01-29",
        paper("Early", "2401.1", votes="Vote: 7"),
        paper("Without", "2401.2"),
        paper("Zero", "2401.3", votes="Vote: 0"),
    ),
    "2.md": day(
        "2024-02-02",
        paper("First tie", "2402.1", votes="Vote: 7"),
        paper("Second tie", "2402.2", votes="Vote: 7"),
        paper("Best", "2402.3", votes="Vote: 1,234"),
        paper("Early", "2401.1", votes="Vote: 999"),
    ),
    "3.md": day("2024-02-05", paper("Early", "2401.1", votes="Vote: 9999")),
    "4.md": day("2024-03-01", paper("March", "2403.1")),
}


@pytest.fixture
def archive(folder: Path, tmp_path: Path) -> Archive:
    write_files(folder, FILES)
    return sync(Archive(folder, tmp_path / "index.sqlite"))


def home(snapshot: Snapshot) -> SiteEdition:
    edition = snapshot.load(HOME)
    assert isinstance(edition, SiteEdition)
    return edition


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("top/2024-W05", ["Best", "First tie", "Second tie", "Early", "Zero", "Without"]),
        ("top/2024-01", ["Early", "Zero", "Without"]),
        ("top/2024-02", ["Best", "First tie", "Second tie"]),
        ("top/2024-W06", []),
        ("top/2024-03", ["March"]),
    ],
)
def test_ranking_has_new_papers_by_votes_then_the_newest_first(
    snapshot: Snapshot, text: str, expected: list[str]
) -> None:
    ranking = snapshot.load(key(text))
    assert isinstance(ranking, Ranking)
    assert paper_titles(ranking) == expected
    assert ranking.total == snapshot.metadata(key(text)).total == len(expected)
    assert sorted(paper.title for day in ranking.days for paper in day.papers) == sorted(expected)


def test_ranking_covers_all_days_of_its_period(snapshot: Snapshot) -> None:
    ranking = snapshot.load(key("top/2024-02"))
    assert [count.date for count in ranking.calendar] == [date(2024, 2, 2), date(2024, 2, 5)]
    assert ranking.dates == (date(2024, 2, 2),)


def test_ranking_has_twenty_papers_at_most(folder: Path, archive: Archive) -> None:
    papers = [paper(f"P{votes}", f"2404.{votes}", votes=f"Vote: {votes}") for votes in range(1, 26)]
    write_files(folder, {"5.md": day("2024-04-01", *papers)})
    with sync(archive).snapshot() as snapshot:
        ranking = snapshot.load(key("top/2024-04"))
        assert paper_titles(ranking) == [f"P{votes}" for votes in range(25, 5, -1)]
        assert snapshot.metadata(ranking.key).total == 20


def test_neighbours_of_a_ranking_are_those_of_its_period(snapshot: Snapshot) -> None:
    ranking = snapshot.load(key("top/2024-W06"))
    assert (ranking.previous, ranking.next) == (key("top/2024-W05"), key("top/2024-W09"))
    assert snapshot.load(key("top/2024-01")).previous is None


def test_ranking_of_an_earlier_day_lacks_later_papers(snapshot: Snapshot) -> None:
    assert paper_titles(snapshot.as_of(date(2024, 1, 30)).load(key("top/2024-W05"))) == ["Early", "Zero", "Without"]


def test_unpublished_ranking_is_unknown(snapshot: Snapshot) -> None:
    with pytest.raises(UnknownEditionError, match=r"^2024-03: not published yet"):
        snapshot.as_of(date(2024, 2, 5)).load(key("top/2024-03"))
    with pytest.raises(UnknownEditionError, match="2025-01: the archive holds no such month"):
        snapshot.load(key("top/2025-01"))


def test_top_series_have_the_periods_that_are_over(snapshot: Snapshot) -> None:
    assert member_keys(snapshot.load(key("top-weekly"))) == ["top/2024-W06", "top/2024-W05"]
    assert member_keys(snapshot.load(key("top-monthly"))) == ["top/2024-02", "top/2024-01"]


def test_fingerprint_of_a_ranking_changes_with_votes_and_titles(folder: Path, archive: Archive) -> None:
    def fingerprint() -> str:
        with sync(archive).snapshot() as snapshot:
            return snapshot.metadata(key("top/2024-W05")).fingerprint

    before = fingerprint()
    votes = str(FILES["2.md"]).replace("Vote: 1,234", "Vote: 1,235")
    write_files(folder, {"2.md": votes})
    with_more_votes = fingerprint()
    write_files(folder, {"2.md": votes.replace("[Best]", "[The best]")})
    assert len({before, with_more_votes, fingerprint()}) == 3


def test_home_page_has_the_first_places_of_the_newest_week_and_month(folder: Path, archive: Archive) -> None:
    papers = [paper(f"P{votes}", f"2403.{votes}", votes=f"Vote: {votes}") for votes in range(10, 17)]
    write_files(folder, {"5.md": day("2024-03-04", *papers), "6.md": day("2024-03-11")})
    with sync(archive).snapshot() as snapshot:
        week, month = home(snapshot).rankings
        assert (week.key.text, month.key.text) == ("top/2024-W10", "top/2024-03")
        assert paper_titles(week) == paper_titles(month) == ["P16", "P15", "P14", "P13", "P12"]
        assert (week.total, month.total) == (7, 8)


def test_only_the_home_page_changes_with_the_rankings(folder: Path, archive: Archive) -> None:
    def fingerprints() -> dict[str, str]:
        with sync(archive).snapshot() as snapshot:
            return {text: snapshot.metadata(SiteKey(text)).fingerprint for text in ("", "books")}

    last = date(2024, 3, 1) + timedelta(days=20)  # the home page has papers of seven days
    write_files(folder, {"5.md": day(str(last), paper("Last", "2403.2"))})
    before = fingerprints()
    write_files(folder, {"4.md": str(FILES["4.md"]).replace("[March]", "[March, corrected]")})
    after = fingerprints()
    assert [text for text in after if after[text] != before[text]] == [""]


def test_site_has_rankings_on_its_home_page_only(snapshot: Snapshot) -> None:
    books = snapshot.load(SiteKey("books"))
    assert isinstance(books, SiteEdition)
    assert books.rankings == ()
    assert [ranking.key.text for ranking in home(snapshot).rankings] == ["top/2024-W09", "top/2024-03"]


def test_home_page_of_an_empty_archive_has_no_ranking(folder: Path, tmp_path: Path) -> None:
    with sync(Archive(folder, tmp_path / "index.sqlite")).snapshot() as snapshot:
        assert home(snapshot).rankings == ()
