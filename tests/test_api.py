"""The public Python API."""

from pathlib import Path

import pytest

import feeds
from tests.support.digests import SEEDS, day, paper, write_files


@pytest.fixture
def archive(environ: dict[str, str]) -> feeds.OpenArchive:
    return feeds.open(SEEDS, environ)


@pytest.mark.parametrize("name", feeds.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(feeds, name).__class__ is not None
    assert name in dir(feeds)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = feeds.nothing


def test_days_come_newest_first_with_their_papers(archive: feeds.OpenArchive) -> None:
    with archive:
        days = [(str(item.date), len(item.papers)) for item in archive.days()]
        assert days == [("2024-03-20", 13), ("2024-01-30", 11)]
        assert len(list(archive.papers())) == 24


def test_edition_is_rendered_in_a_format(archive: feeds.OpenArchive) -> None:
    edition = archive.edition("2024-01-30")
    assert len(edition.papers) == len(edition.listings) == len(edition.days[0].listings) == 11
    assert edition.render("rss").startswith(b"<?xml")


def test_search_takes_parameters(archive: feeds.OpenArchive) -> None:
    found = archive.edition("search", q="확산", to="2024-02-01", from_="2024-01-01")
    assert {listing.first_listed.year for listing in found.listings} == {2024}
    assert found.render("json")


@pytest.mark.parametrize("key", ["2024-1-30", "2031-01-01"])
def test_unknown_edition_is_an_error_that_names_it(archive: feeds.OpenArchive, key: str) -> None:
    with pytest.raises(feeds.FeedsError, match=key):
        archive.edition(key)


def test_format_that_is_not_offered_is_an_error(archive: feeds.OpenArchive) -> None:
    with pytest.raises(feeds.ExportError, match="not offered as 'epub', only as .*rss"):
        archive.edition("daily").render("epub")


def test_archive_may_be_changed_while_it_is_open(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"a.md": day("2024-01-30", paper("A", "2401.1"))})
    with feeds.open(folder, environ) as archive:
        for item in archive.days():
            assert archive.edition(item.date.isoformat()).papers == item.papers
