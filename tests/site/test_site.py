"""The site: IDs and timestamps derived from papers and settings."""

from datetime import UTC, date, datetime, time

from feeds.model.paper import Listing, Paper
from feeds.site.site import Site
from tests.support.digests import OpenFiles, day, load, paper

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
