"""Redirects from guessed addresses, and none to the host that a request names."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from feeds.exporters import registry
from feeds.exporters.contract import Kind, RenderContext
from feeds.exporters.registry import Registry
from feeds.http.redirects import find_redirect
from feeds.model.edition import Edition
from feeds.model.keys import Scope
from feeds.publishing.publisher import Publisher
from tests.support.digests import SEEDS
from web import create_app

REDIRECTS = {
    "/latest/": "/latest",
    "/latest//": "/latest",
    "/2024-01-30/": "/2024-01-30",
    "/2024-01-30.rss/": "/2024-01-30.rss",
    "/papers/2401.16420/": "/papers/2401.16420",
    "/topics/": "/topics",
    "/topics/로봇/": "/topics/%EB%A1%9C%EB%B4%87",
    "/opds/": "/opds",
    "/opds2/": "/opds2",
    "/topics.opds/": "/topics.opds",
    "/subscriptions.opml/": "/subscriptions.opml",
    "/style.css/": "/style.css",
    "/search/?q=확산&page=2&utm_source=x": "/search?q=%ED%99%95%EC%82%B0&page=2",
    "/rss": "/latest.rss",
    "/RSS": "/latest.rss",
    "/rss/": "/latest.rss",
    "/feed": "/latest.rss",
    "/feed/": "/latest.rss",
    "/feed.xml": "/latest.rss",
    "/rss.xml": "/latest.rss",
    "/index.xml": "/latest.rss",
    "/atom": "/latest.atom",
    "/atom.xml": "/latest.atom",
    "/feed.atom": "/latest.atom",
    "/feed.json": "/latest.json",
    "/json": "/latest.json",
    "/index.rss": "/latest.rss",
    "/opml": "/subscriptions.opml",
    "/subscriptions": "/subscriptions.opml",
    "/opds.xml": "/opds",
    "/sitemap": "/sitemap.xml",
    "/index.html": "/",
    "/Index.HTM": "/",
    "/index": "/",
    "/home": "/",
    "/latest.html": "/latest",
    "/2024-01-30.html": "/2024-01-30",
    "/2024-01-30/index.html": "/2024-01-30",
    "/search.html?q=LLM": "/search?q=LLM",
    "/2024/01/30": "/2024-01-30",
    "/2024/01/": "/2024-01",
    "/weekly.xml": "/weekly.rss",
    "/weekly/feed": "/weekly.rss",
    "/topics/로봇/rss.xml": "/topics/%EB%A1%9C%EB%B4%87.rss",
    "/latest/atom": "/latest.atom",
}
EVIL = {"Host": "evil.example.org"}


@pytest.mark.parametrize(("path", "target"), REDIRECTS.items())
def test_guessed_address_redirects_to_a_document(client: FlaskClient, path: str, target: str) -> None:
    response = client.get(path, headers=EVIL)
    assert (response.status_code, response.headers["Location"]) == (301, target)
    assert response.headers["Cache-Control"] == "public, max-age=86400"
    assert "evil" not in f"{response.headers}{response.text}"
    assert client.head(path).status_code == 301
    assert client.get(target).status_code == 200


def test_redirect_keeps_the_path_of_the_base_url(environ: dict[str, str]) -> None:
    client = create_app(SEEDS, environ | {"FEEDS_BASE_URL": "https://papers.example.org/my/digests"}).test_client()
    locations = [client.get(path).headers["Location"] for path in ("/latest/", "/rss", "/index.html")]
    assert locations == ["/my/digests/latest", "/my/digests/latest.rss", "/my/digests/"]


@pytest.mark.parametrize(
    "path",
    ["/nothing/", "/2024-01-31/", "/2024/13/01", "/2024-13.html", "/papers/", "/papers/1/", "/.html", "/.xml", "/x.xml"]
    + ["/topics/없음/", "/latest/exe", "/search/?min_votes=many", "/search/?q=" + "가" * 180],
)
def test_address_that_resembles_no_document_is_404(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


class RssPathExporter:
    """A plug-in with a document at a guessed address."""

    name = "plug-in"
    suffix = ".xml"
    media_type = "application/xml"
    kind = Kind.FEED
    scopes = frozenset({Scope.SITE})
    site_paths = ("feed",)

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002  # the contract
        yield b"<feed/>"


def test_document_at_a_guessed_address_is_not_redirected(seeds: Publisher) -> None:
    formats = Registry([*seeds.formats, registry.register(RssPathExporter(), "tests")])
    publisher = Publisher(seeds.archive, formats, seeds.site, seeds.store)
    redirect = find_redirect(publisher, "feed.xml/", [])
    assert redirect
    assert redirect.headers["Location"] == "/feed.xml"


@pytest.mark.parametrize("path", ["", "latest", "evil.example.org", "evil.example.org/latest", "*"])
def test_target_without_a_slash_is_400(client: FlaskClient, path: str) -> None:
    response = client.get("/", headers=EVIL, environ_overrides={"PATH_INFO": path})
    assert (response.status_code, response.text) == (400, "the request target must be a path such as /latest\n")
    assert "Location" not in response.headers


@pytest.mark.parametrize("path", ["//evil.example.org", "//evil.example.org/latest/", "/\\evil.example.org/"])
def test_target_with_a_host_is_404(client: FlaskClient, path: str) -> None:
    response = client.get("/", headers=EVIL, environ_overrides={"PATH_INFO": path})
    assert response.status_code == 404
    assert "evil" not in str(response.headers)
