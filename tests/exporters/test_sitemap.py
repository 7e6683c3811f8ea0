"""Sitemaps and robots.txt: search engines find every page once, with the time of its newest content."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.robotparser import RobotFileParser

import pytest
from flask.testing import FlaskClient
from lxml import etree

from feeds.errors import ExportError
from feeds.exporters import sitemap
from feeds.exporters.contract import Kind
from feeds.model.keys import NEWEST_PERIODS, Scope
from feeds.publishing.publisher import Publisher, open_publisher
from tests.support.digests import ROOT, Files, day, paper, render, resources, write_files
from web import create_app

SCHEMA = etree.RelaxNG(etree.parse(ROOT / "tests/support/schemas/sitemaps.rng"))
BASE = "https://e.org/digests"
# Weeks in two years, with days in the later year only, in the earlier one only, and in both.
FILES: Files = {
    "1.md": day("2020-01-01", paper("First", "2001.1"), paper("Second", "2001.2")),
    "2.md": day("2020-12-31", paper("First", "2001.1"), paper("Third", "2012.3")),
    "3.md": day("2021-06-01", paper("Fourth", "2106.4")),
    "4.md": day("2024-12-30", paper("Fifth", "2412.5"), "### [Old](https://arxiv.org/abs/math.GT/0309136)\n"),
    "5.md": day("2025-01-01", "### [Odd](https://e.org/a%20?b='c'&d=<e>\"f\")\n", "### [Digits](http://e.org/논문)\n"),
    "6.md": day("2025-01-02"),
    "feeds.toml": f"""
base_url = "{BASE}"
[topics]
"하나" = 'a&b|"확산 모델"'
"둘" = "has=code"
"셋" = "has=code"
""",
}


class Site(NamedTuple):
    """A site as a crawler sees it."""

    publisher: Publisher
    client: FlaskClient

    def path(self, url: str) -> str:
        """Return the path that the app gets from the proxy, which removes the prefix."""
        assert url.startswith(f"{BASE}/")
        return url.removeprefix(BASE)

    def entries(self, url: str) -> dict[str, str]:
        """Fetch a sitemap or a sitemap index; return the time of every URL in it."""
        response = self.client.get(self.path(url))
        assert (response.status_code, response.headers["Content-Type"]) == (200, "application/xml")
        root = etree.fromstring(response.data)
        assert SCHEMA.validate(root), SCHEMA.error_log
        times = {entry.findtext("{*}loc") or "": entry.findtext("{*}lastmod") or "" for entry in root}
        assert len(times) == len(root)
        return times

    def sitemaps(self) -> dict[str, dict[str, str]]:
        """Fetch all sitemaps; return the entries of each by its path."""
        return {self.path(url): self.entries(url) for url in self.entries(f"{BASE}/sitemap.xml")}


@pytest.fixture
def site(folder: Path, environ: dict[str, str]) -> Site:
    write_files(folder, FILES)
    return Site(open_publisher(folder, environ), create_app(folder, environ).test_client())


def paths(urls: Iterable[str]) -> set[str]:
    return {url.removeprefix(BASE) for url in urls}


def test_sitemaps_list_every_page_once(site: Site) -> None:
    counts = Counter(url for entries in site.sitemaps().values() for url in entries)
    assert set(counts.values()) == {1}
    publisher = site.publisher
    documents = resources(publisher)
    pages = [page for page in documents if page.format.kind is Kind.PAGE and not page.format.suffix]
    pages = [page for page in pages if page.key not in NEWEST_PERIODS]  # which only lead to others
    topics = set(publisher.site.topic_keys)
    assert len(topics) == 3
    assert topics < {page.key.text for page in pages}
    assert set(counts) == {
        publisher.site.url(page.path) for page in pages if page.key.scope not in (Scope.LIST, Scope.TOPICS)
    }
    for url in counts:
        assert site.client.get(site.path(url)).status_code == 200


def test_week_in_two_years_is_in_neither_sitemap_of_a_year(site: Site) -> None:
    sitemaps = site.sitemaps()
    assert list(sitemaps) == ["/pages.sitemap.xml"] + [f"/{year}.sitemap.xml" for year in (2020, 2021, 2024, 2025)]
    assert paths(sitemaps["/2020.sitemap.xml"]) == {
        *("/2020", "/2020-01", "/2020-12", "/2020-01-01", "/2020-12-31"),
        *("/top/2020-01", "/top/2020-12"),
        *("/papers/2001.00001", "/papers/2001.00002", "/papers/2012.00003"),
    }
    assert paths(sitemaps["/2021.sitemap.xml"]) == {
        *("/2021", "/2021-06", "/2021-W22", "/2021-06-01", "/papers/2106.00004"),
        *("/top/2021-06", "/top/2021-W22"),
    }
    assert "/papers/math/0309136" in paths(sitemaps["/2024.sitemap.xml"])
    weeks = [path for path in paths(sitemaps["/pages.sitemap.xml"]) if "-W" in path]
    years = ["2020-W01", "2020-W53", "2025-W01"]
    assert sorted(weeks) == [*(f"/{week}" for week in years), *(f"/top/{week}" for week in years)]


def test_lastmod_is_when_the_newest_paper_was_published(site: Site) -> None:
    sitemaps = site.sitemaps()
    year = {site.path(url): time for url, time in sitemaps["/2020.sitemap.xml"].items()}
    assert year["/papers/2001.00002"] == "2020-01-01T22:59:59+00:00"
    assert year["/2020-01"] == year["/2020-01-01"] == "2020-01-01T23:00:00+00:00"
    assert year["/2020-12-31"] == "2020-12-31T23:00:00+00:00"
    assert year["/2020"] == "2020-12-31T22:59:59+00:00"  # the first paper of that day is a repeat
    others = {site.path(url): time for url, time in sitemaps["/pages.sitemap.xml"].items()}
    assert others["/"] == others["/latest"] == "2025-01-02T23:00:00+00:00"
    assert others["/2020-W53"] == year["/2020"]
    for url, time in site.entries(f"{BASE}/sitemap.xml").items():
        assert max(sitemaps[site.path(url)].values()) <= time
        assert datetime.fromisoformat(time).tzinfo


def test_robots_disallows_searches_but_not_topics(site: Site) -> None:
    response = site.client.get("/robots.txt")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert "\nDisallow: /digests/search\n" in response.text
    robots = RobotFileParser()
    robots.parse(response.text.splitlines())
    assert robots.site_maps() == [f"{BASE}/sitemap.xml"]
    for path in ("/2024-01-30", "/latest.rss", "/papers/2412.00005", "/"):
        assert robots.can_fetch("*", f"{BASE}{path}")
    for path in ("/search?q=a", "/search", "/search?q=a&page=2", "/search.rss?q=b"):
        assert not robots.can_fetch("*", f"{BASE}{path}")
    assert all(robots.can_fetch("*", url) for entries in site.sitemaps().values() for url in entries)


def test_robots_of_a_site_at_the_root_has_no_prefix(client: FlaskClient) -> None:
    lines = client.get("/robots.txt").text.splitlines()
    assert lines == ["User-agent: *", "Disallow: /search", "", "Sitemap: http://127.0.0.1:8000/sitemap.xml"]


def test_robots_has_no_allow_for_a_topic_of_everything(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"feeds.toml": '[topics]\n"모두" = "q="\n'})
    response = create_app(folder, environ).test_client().get("/robots.txt")
    assert response.status_code == 200
    assert "Allow" not in response.text


def test_empty_archive_has_a_sitemap_of_the_site_only(folder: Path, environ: dict[str, str]) -> None:
    client = create_app(folder, environ).test_client()
    assert client.get("/sitemap.xml").text.count("<loc>") == 1
    assert client.get("/pages.sitemap.xml").text.count("<loc>") > 5
    assert client.get("/2024.sitemap.xml").status_code == 404


@pytest.mark.parametrize("limit", ["_MAX_URLS", "_MAX_BYTES"])
def test_sitemap_beyond_the_limits_is_an_error(site: Site, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(sitemap, limit, 7)
    with pytest.raises(ExportError, match=r"2020\.sitemap\.xml: 10 URLs in [\d,]+ bytes; a sitemap may have"):
        render(site.publisher, "sitemap", "2020")


def test_etag_of_a_sitemap_changes_with_its_own_year_only(site: Site) -> None:
    publisher = site.publisher

    def etags() -> dict[str, str]:
        sitemaps = [publisher.find(f"{year}.sitemap.xml") for year in (2020, 2021, 2024, 2025)]
        return {resource.path: publisher.representation(resource).etag for resource in sitemaps}

    before = etags()
    write_files(publisher.archive.root, {"7.md": day("2021-06-02", paper("New", "2106.9"))})
    publisher.archive.sync()
    assert {path for path, etag in etags().items() if etag != before[path]} == {"2021.sitemap.xml"}
