"""Search engines find every page, once, and are told when there is something new."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.robotparser import RobotFileParser

import pytest
from flask.testing import FlaskClient
from lxml import etree

from feeds.errors import ExportError
from feeds.exporters import sitemap
from feeds.exporters.format import Kind
from feeds.model.key import Scope
from feeds.publishing.publisher import Catalog, open_catalog
from tests.support.digests import ROOT, Files, day, paper, write_files
from web import create_app

SCHEMA = etree.RelaxNG(etree.parse(ROOT / "tests/support/schemas/sitemaps.rng"))
BASE = "https://e.org/digests"
# Weeks that lie in two years: with days in the later one only, in the earlier one only, and in both.
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
    """A site as a search engine sees it."""

    catalog: Catalog
    client: FlaskClient

    def path(self, address: str) -> str:
        """Say what is asked of the app behind the proxy that takes the prefix away."""
        assert address.startswith(f"{BASE}/")
        return address.removeprefix(BASE)

    def entries(self, address: str) -> dict[str, str]:
        """Read a sitemap or a list of them: the addresses, and when there was last something new."""
        answer = self.client.get(self.path(address))
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/xml")
        root = etree.fromstring(answer.data)
        assert SCHEMA.validate(root), SCHEMA.error_log
        read: dict[str, str] = {}
        for entry in root:
            read[entry.findtext("{*}loc") or ""] = entry.findtext("{*}lastmod") or ""
        assert len(read) == len(root)
        return read

    def sitemaps(self) -> dict[str, dict[str, str]]:
        """Read all sitemaps, by their paths."""
        return {self.path(each): self.entries(each) for each in self.entries(f"{BASE}/sitemap.xml")}


@pytest.fixture
def site(folder: Path, environ: dict[str, str]) -> Site:
    write_files(folder, FILES)
    return Site(open_catalog(folder, environ), create_app(folder, environ).test_client())


def paths(addresses: Iterable[str]) -> set[str]:
    return {address.removeprefix(BASE) for address in addresses}


def test_every_page_is_listed_once_and_answers(site: Site) -> None:
    listed = Counter(address for found in site.sitemaps().values() for address in found)
    assert set(listed.values()) == {1}
    all_pages = [each for each in site.catalog if each.format.kind is Kind.PAGE]
    pages = {site.catalog.site.url(each) for each in all_pages if each.key.scope is not Scope.SHELF}
    topics = {site.catalog.site.page(topic.key) for topic in site.catalog.site.topics}
    assert len(topics) == 3
    assert set(listed) == pages | topics
    for address in listed:
        assert site.client.get(site.path(address)).status_code == 200


def test_each_year_lists_its_own_and_a_week_of_two_years_stands_in_neither(site: Site) -> None:
    found = site.sitemaps()
    assert list(found) == ["/pages.sitemap.xml"] + [f"/{year}.sitemap.xml" for year in (2020, 2021, 2024, 2025)]
    assert paths(found["/2020.sitemap.xml"]) == {
        *("/2020", "/2020-01", "/2020-12", "/2020-01-01", "/2020-12-31"),
        *("/papers/2001.00001", "/papers/2001.00002", "/papers/2012.00003"),
    }
    assert paths(found["/2021.sitemap.xml"]) == {"/2021", "/2021-06", "/2021-W22", "/2021-06-01", "/papers/2106.00004"}
    assert "/papers/math/0309136" in paths(found["/2024.sitemap.xml"])
    weeks = [path for path in paths(found["/pages.sitemap.xml"]) if "-W" in path]
    assert sorted(weeks) == ["/2020-W01", "/2020-W53", "/2025-W01"]


def test_what_is_new_dates_from_the_digests(site: Site) -> None:
    found = site.sitemaps()
    year = {path.removeprefix(BASE): time for path, time in found["/2020.sitemap.xml"].items()}
    assert year["/papers/2001.00002"] == "2020-01-01T22:59:59+00:00"
    assert year["/2020-01"] == year["/2020-01-01"] == "2020-01-01T23:00:00+00:00"
    assert year["/2020-12-31"] == "2020-12-31T23:00:00+00:00"
    assert year["/2020"] == "2020-12-31T22:59:59+00:00"  # the first of that day is a repeat
    newest = {path.removeprefix(BASE): time for path, time in found["/pages.sitemap.xml"].items()}
    assert newest["/"] == newest["/latest"] == "2025-01-02T23:00:00+00:00"
    assert newest["/2020-W53"] == "2020-12-31T23:00:00+00:00"
    for address, time in site.entries(f"{BASE}/sitemap.xml").items():
        assert max(found[site.path(address)].values()) <= time
        assert datetime.fromisoformat(time).tzinfo


def test_crawlers_may_look_at_all_but_searches_without_a_name(site: Site) -> None:
    answer = site.client.get("/robots.txt")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert "\nDisallow: /digests/search\n" in answer.text
    robots = RobotFileParser()
    robots.parse(answer.text.splitlines())
    assert robots.site_maps() == [f"{BASE}/sitemap.xml"]
    allowed: Callable[[str], bool] = lambda address: robots.can_fetch("*", address)  # noqa: E731
    for path in ("/2024-01-30", "/latest.rss", "/papers/2412.00005", "/"):
        assert allowed(f"{BASE}{path}")
    for path in ("/search?q=a", "/search", "/search?q=a&page=2", "/search.rss?q=b"):
        assert not allowed(f"{BASE}{path}")
    assert all(allowed(address) for found in site.sitemaps().values() for address in found)


def test_a_site_at_the_root_has_no_path_in_its_rules(client: FlaskClient) -> None:
    lines = client.get("/robots.txt").text.splitlines()
    assert lines == ["User-agent: *", "Disallow: /search", "", "Sitemap: http://127.0.0.1:8000/sitemap.xml"]


def test_a_topic_of_everything_does_not_open_all_searches(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"feeds.toml": '[topics]\n"모두" = "q="\n'})
    answer = create_app(folder, environ).test_client().get("/robots.txt")
    assert "Allow" not in answer.text


def test_an_archive_with_no_day_has_the_pages_of_the_site(folder: Path, environ: dict[str, str]) -> None:
    client = create_app(folder, environ).test_client()
    assert client.get("/sitemap.xml").text.count("<loc>") == 1
    assert client.get("/pages.sitemap.xml").text.count("<loc>") > 5
    assert client.get("/2024.sitemap.xml").status_code == 404


@pytest.mark.parametrize("limit", ["_MOST", "_LARGEST"])
def test_a_sitemap_that_no_engine_takes_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(sitemap, limit, 7)
    found = site.catalog.find("2020.sitemap.xml")
    with pytest.raises(ExportError, match=r"2020\.sitemap\.xml: 8 addresses in [\d,]+ bytes; a sitemap may hold"):
        site.catalog.render(found, site.catalog.cut(found))


def test_the_sitemap_of_a_year_changes_when_a_day_of_it_does_and_no_other(site: Site) -> None:
    def tags() -> dict[str, str]:
        years = [site.catalog.find(f"{year}.sitemap.xml") for year in (2020, 2021, 2024, 2025)]
        return {found.path: site.catalog.tag(found, site.catalog.outline(found)) for found in years}

    before = tags()
    write_files(site.catalog.archive.root, {"7.md": day("2021-06-02", paper("New", "2106.9"))})
    site.catalog.archive.look()
    assert {path for path, tag in tags().items() if tag != before[path]} == {"2021.sitemap.xml"}
