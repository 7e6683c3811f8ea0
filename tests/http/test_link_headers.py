"""The Link headers: bounded, so that proxies accept them, and the most useful links first."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from feeds.exporters import registry
from feeds.exporters.contract import PAPER_SCOPES, Kind, RenderContext
from feeds.exporters.registry import Registry
from feeds.model.edition import Edition
from feeds.publishing.publisher import Publisher
from feeds.publishing.representation import link_headers
from tests.support.digests import day, paper, write_files
from web import create_app

LONG_NAME = "가나다라마바사아자차카타파하" * 4
LONG_BASE = f"https://papers.example.org/{'digests/' * 40}".rstrip("/")
FILES = {
    "feeds.toml": f'[topics]\n"{LONG_NAME}" = "확산"\n"{LONG_NAME[:40]}" = "확산"\n',
    "1.md": day("2024-01-30", paper("A", "2401.1", summary="- 확산")),
    "2.md": day("2024-01-31", paper("B", "2401.2", summary="- 확산")),
    "3.md": day("2024-02-01", paper("C", "2402.1", summary="- 확산")),
}
SEARCHES = [f"q={quote('확산' + '가' * length)}" for length in (0, 20, 50, 98, 198)]
PATHS = [
    *("/", "/latest.rss", "/2024-01-31.atom", "/2024-01-31", "/2024-01-31.epub", "/papers/2401.00001", "/all.json"),
    *(f"/search{suffix}?{search}&limit=1&page=2" for suffix in ("", ".rss", ".epub") for search in SEARCHES),
    f"/search.rss?q={quote('가' * 200)}&author={quote('나' * 200)}&from=2024-01-01&to=2024-12-31&has=code,video",
    *(f"/topics/{LONG_NAME[:length]}{suffix}" for length in (40, 56) for suffix in ("", ".rss", ".epub")),
]


class PlugIn:
    """One of many formats."""

    media_type = "application/vnd.example.of-a-media-type-with-a-long-name+json; charset=utf-8"
    kind = Kind.FILE
    scopes = PAPER_SCOPES

    def __init__(self, number: int) -> None:
        self.name = f"format-{number}"
        self.suffix = f".format{number}"

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002  # the contract
        yield b""


@pytest.fixture(params=["http://127.0.0.1:8000", LONG_BASE], ids=["short", "long"])
def archive_client(request: pytest.FixtureRequest, folder: Path, environ: dict[str, str]) -> FlaskClient:
    write_files(folder, FILES)
    environ |= {"FEEDS_HUB": "https://hub.example.org/", "FEEDS_BASE_URL": request.param}
    return create_app(folder, environ).test_client()


def size(headers: list[tuple[str, str]]) -> int:
    return sum(len(f"{name}: {value}\r\n".encode()) for name, value in headers)


def test_headers_fit_into_the_buffer_of_a_proxy(archive_client: FlaskClient) -> None:
    """The default `proxy_buffer_size` of nginx is 4 KB, with the status line and what the server adds."""
    for path in PATHS:
        for headers in ({}, {"If-None-Match": "*"}, {"Accept-Encoding": "gzip"}):
            response = archive_client.get(path, headers=headers)
            assert response.status_code in (200, 304), path
            assert response.headers.getlist("Link") or len(path) > 300
            assert all(len(f"Link: {line}") <= 1024 for line in response.headers.getlist("Link"))
            assert size(response.headers.to_wsgi_list()) < 3900, path


def test_links_of_plug_ins_are_bounded_and_come_last(seeds: Publisher) -> None:
    plug_ins = [registry.register(PlugIn(number), "tests") for number in range(100)]
    formats = Registry([*seeds.formats, *plug_ins])
    publisher = Publisher(seeds.archive, formats, seeds.site, seeds.store)
    for path in ("2024-03-20.rss", "2024-03-20.format7", "2024-03-20", "latest.atom"):
        lines = link_headers(publisher.representation(publisher.find(path)), publisher.site, formats)
        assert all(len(line) <= 1000 for line in lines)
        assert sum(map(len, lines)) < 2100
        relations = [link.partition('rel="')[2].partition('"')[0] for line in lines for link in line.split(", <")]
        assert relations[0] == "self"
        assert relations.count("alternate") > 5
        others = [relation for relation in relations if relation != "alternate"]
        assert relations[: len(others)] == others
        assert ("prev" in others) == path.startswith("2024-03-20")


def test_usual_links_are_in_one_line(client: FlaskClient) -> None:
    for path in ("/", "/latest.rss", "/2024-01-30.epub", "/papers/2401.16420"):
        (line,) = client.get(path).headers.getlist("Link")
        assert line.startswith("<http://127.0.0.1:8000/")
    assert client.get("/style.css").headers.getlist("Link") == []


def test_cached_response_and_304_repeat_every_link(archive_client: FlaskClient) -> None:
    path = f"/search.rss?{SEARCHES[1]}"
    first = archive_client.get(path)
    links = first.headers.getlist("Link")
    assert len(links) > 1
    for headers in ({}, {}, {"If-None-Match": first.headers["ETag"]}):
        assert archive_client.get(path, headers=headers).headers.getlist("Link") == links
