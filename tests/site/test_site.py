"""The site: IDs and timestamps derived from papers and settings."""

import io
import re
import zipfile
from datetime import UTC, date, datetime, time, timedelta

import pytest

from feeds.model.paper import Listing, Paper
from feeds.publishing.publisher import Publisher
from feeds.site.site import Site
from tests.support.digests import OpenFiles, day, load, paper, render

FIRST_DAY = date(2024, 1, 30)


def make_paper(url: str) -> Paper:
    return Paper(title="T", url=url)


def test_paper_id_depends_on_the_arxiv_number_only() -> None:
    sites = (Site(), Site(base_url="https://elsewhere.org", title="Other", id="other"))
    urls = (
        "https://arxiv.org/abs/2401.16420",
        "http://arxiv.org/pdf/2401.16420v3.pdf",
        "https://huggingface.co/papers/2401.16420",
    )
    assert len({site.paper_id(make_paper(url)) for site in sites for url in urls}) == 1


# UUIDs of version 5 in the namespace of URLs (RFC 9562 section 5.5).
ARXIV_ID = "urn:uuid:92a83bf9-1dca-5154-a797-338908263eb8"
OTHER_ID = "urn:uuid:a4965249-3398-5cf1-b930-551fea507c0a"


def test_paper_id_never_changes() -> None:
    """Feed readers know papers by these IDs: if one changes, they show the paper as new."""
    assert Site().paper_id(make_paper("https://arxiv.org/abs/2401.16420")) == ARXIV_ID
    assert Site().paper_id(make_paper("https://e.org/paper")) == OTHER_ID


def test_papers_are_published_on_their_day_a_second_apart() -> None:
    listing = Listing(make_paper("https://e.org"), 3, FIRST_DAY)
    assert Site().published(listing) == datetime(2024, 1, 30, 22, 59, 57, tzinfo=UTC)
    listing = Listing(make_paper("https://e.org"), 1, FIRST_DAY)
    assert Site(publish_at=time(0, 0)).published(listing) == datetime(2024, 1, 29, 23, 59, 59, tzinfo=UTC)


def test_repeated_paper_keeps_its_publication_time(open_files: OpenFiles) -> None:
    files = {
        "1.md": day("2024-01-30", paper("A", "2401.1")),
        "2.md": day("2024-02-01", paper("B", "2402.1"), paper("A", "2401.1")),
    }
    publisher = open_files(files)
    (first,) = load(publisher, "2024-01-30").listings
    _, repeat = load(publisher, "2024-02-01").listings
    assert repeat.paper == first.paper
    assert publisher.site.published(repeat) == publisher.site.published(first)


THREE = {
    "1.md": day("2024-01-29", paper("A", "2401.1"), paper("B", "2401.2")),
    "2.md": day("2024-01-30", paper("C", "2401.3", summary="- 요약입니다."), paper("D", "2401.4")),
    "3.md": day("2024-02-08", paper("E", "2402.1")),
}
EDITIONS = ["2024-01-30", "2024-W05", "2024-01", "latest", "all", "search", "papers/2401.00003", "daily", "weekly"]


def times(publisher: Publisher) -> dict[str, datetime]:
    return {key: publisher.site.updated(load(publisher, key)) for key in EDITIONS}


def test_correction_changes_when_its_editions_were_updated(open_files: OpenFiles) -> None:
    publisher = open_files(THREE)
    before = times(publisher)
    issued = {key: publisher.site.issued(load(publisher, key)) for key in EDITIONS}
    assert times(publisher) == before
    open_files({"2.md": THREE["2.md"].replace("요약입니다", "고친 요약입니다")})
    after = times(publisher)
    assert [key for key in EDITIONS if after[key] == before[key]] == []
    assert {key: publisher.site.issued(load(publisher, key)) for key in EDITIONS} == issued
    assert all(timedelta() < after[key] - issued[key] < timedelta(hours=1) for key in EDITIONS)
    open_files(THREE)
    assert times(publisher) == before


def test_another_paper_makes_its_editions_later(open_files: OpenFiles) -> None:
    publisher = open_files(THREE)
    for count in range(1, 34):
        before = publisher.site.updated(load(publisher, "2024-02-08"))
        papers = [paper(str(number), f"2402.{number}") for number in range(1, count + 2)]
        open_files({"3.md": day("2024-02-08", *papers)})
        assert publisher.site.updated(load(publisher, "2024-02-08")) > before


def test_new_day_makes_its_editions_later(open_files: OpenFiles) -> None:
    publisher = open_files(THREE)
    before = times(publisher)
    open_files({"4.md": day("2024-02-09", paper("F", "2402.2"))})
    after = times(publisher)
    assert all(after[key] - before[key] > timedelta(hours=23) for key in ("latest", "all", "search", "daily"))
    assert after["2024-01"] == before["2024-01"]


def test_entries_of_a_series_keep_their_order(open_files: OpenFiles) -> None:
    publisher = open_files(THREE)
    feed = render(publisher, "atom", "daily").decode()
    updated = re.findall("<updated>(.*?)</updated>", feed.partition("<entry>")[2])
    assert updated == sorted(updated, reverse=True)
    published = re.findall("<published>(.*?)</published>", feed)
    assert published == [f"2024-0{rest}T23:00:00+00:00" for rest in ("2-08", "1-30", "1-29")]


def test_clients_see_that_a_book_was_corrected(open_files: OpenFiles) -> None:
    publisher = open_files(THREE)

    def modified() -> list[str]:
        package = zipfile.ZipFile(io.BytesIO(render(publisher, "epub", "2024-01-30"))).read("EPUB/content.opf")
        documents = [package, *(render(publisher, name, "days") for name in ("opds", "opds2"))]
        documents += [render(publisher, name, "2024-01-30") for name in ("atom", "rss")]
        pattern = r'(?:updated>|modified">|"modified": "|lastBuildDate>)([^<"]+)'
        return [" ".join(re.findall(pattern, document.decode())) for document in documents]

    before = modified()
    assert all(before)
    open_files({"2.md": THREE["2.md"].replace("요약입니다", "고친 요약입니다")})
    assert [number for number, text in enumerate(modified()) if text == before[number]] == []


@pytest.mark.parametrize("name", ["rss", "atom", "json", "epub", "opds", "opds2"])
@pytest.mark.parametrize("archive", [THREE, {}], ids=["some days", "no day"])
def test_search_without_results_has_a_plausible_date(open_files: OpenFiles, archive: dict[str, str], name: str) -> None:
    publisher = open_files(archive)
    assert b"1970" not in render(publisher, name, "search", q="nothing")
    assert publisher.site.updated(load(publisher, "search", q="nothing")) == (
        datetime(2024, 1, 29, 23, tzinfo=UTC) if archive else datetime(2000, 1, 1, 23, tzinfo=UTC)
    )


def test_date_of_a_search_without_results_is_in_its_etag(open_files: OpenFiles) -> None:
    publisher = open_files(THREE)
    search = publisher.find("search.atom", [("q", "nothing")])
    before = publisher.representation(search).etag
    open_files({"4.md": day("2024-02-09", paper("F", "2402.2"))})
    publisher.archive.sync()
    assert publisher.representation(search).etag == before  # it is dated by the first day
    open_files({"0.md": day("2024-01-02", paper("G", "2401.9"))})
    publisher.archive.sync()
    assert publisher.representation(search).etag != before


def test_series_without_members_has_a_plausible_date(open_files: OpenFiles) -> None:
    publisher = open_files({"1.md": THREE["1.md"]})
    assert b"1970" not in render(publisher, "rss", "weekly")
    before = publisher.representation(publisher.find("weekly.rss")).etag
    assert publisher.site.updated(load(publisher, "weekly")) == datetime(2024, 1, 29, 23, tzinfo=UTC)
    open_files({"0.md": day("2024-01-28")})
    publisher.archive.sync()
    assert publisher.representation(publisher.find("weekly.rss")).etag != before
