"""Error responses: pages for browsers in the reader's language, lines for programs, nothing about the server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from feeds.archive.archive import Archive
from feeds.errors import ArchiveError
from feeds.exporters.syndication import RssExporter
from feeds.http.responses import Responder
from tests.support.digests import SEEDS
from web import create_app

BOOK = "/2024-01-30.epub"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
SECRET = "/srv/secret/archive"

REQUESTS: dict[int, tuple[str, str, dict[str, str]]] = {
    400: ("GET", "/search?q=LLM&min_votes=many", {}),
    404: ("GET", "/nothing", {}),
    405: ("POST", "/latest", {}),
    412: ("GET", BOOK, {"If-Match": '"x"'}),
    416: ("GET", BOOK, {"Range": "bytes=99999999-"}),
    500: ("GET", "/latest.rss", {}),
    503: ("GET", "/latest", {}),
}
LINES = {
    400: "min_votes: a number from 0 to 999999999, not 'many'",
    404: "/nothing: there is no such document",
    405: "The method is not allowed for the requested URL.",
    412: "The precondition on the request for the URL failed positive evaluation.",
    416: "The server cannot provide the requested range.",
    500: "this document cannot be rendered; the server's log says why",
    503: "the archive cannot be read; try again in a minute",
}


@pytest.fixture
def failing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client of an app that cannot render RSS."""

    def fail(_: RssExporter, *__: object) -> Iterator[bytes]:
        raise OSError(2, "No such file or directory", SECRET)

    monkeypatch.setattr(RssExporter, "render", fail)
    return client


def fail_to_sync(_: Archive) -> None:
    raise ArchiveError(f"{SECRET}: no such folder")


def request_error(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, status: int, headers: dict[str, str]
) -> TestResponse:
    method, path, own_headers = REQUESTS[status]
    if status == 503:
        monkeypatch.setattr(Archive, "sync_if_due", fail_to_sync)
    response = client.open(path, method=method, headers=own_headers | headers)
    assert response.status_code == status
    return response


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "ko",
            [
                "요청을 처리할 수 없습니다",
                "페이지를 찾을 수 없습니다",
                "읽기만",
                "바뀌었습니다",
                "요청한 부분이",
                "표시하지 못했습니다",
                "1분 뒤",
            ],
        ),
        (
            "en",
            ["not valid", "not found", "read-only", "has changed", "no such part", "be shown", "in a minute"],
        ),
    ],
)
def test_browser_gets_a_page_in_the_readers_language(
    failing: FlaskClient, monkeypatch: pytest.MonkeyPatch, language: str, words: list[str]
) -> None:
    for status, text in zip(REQUESTS, words, strict=True):
        response = request_error(failing, monkeypatch, status, BROWSER | {"Accept-Language": language})
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert response.headers["Content-Language"] == language
        page = html.fromstring(response.data)
        assert page.get("lang") == language
        (main,) = page.xpath("//main")
        assert text in main.text_content()
        (form,) = page.xpath("//form[@role='search']")
        assert form.get("action") == "/search"
        assert form.xpath(".//input[@type='search']/@value") == ["LLM" if status == 400 else ""]
        assert "/" in main.xpath(".//a/@href")
        assert not page.xpath("//link[@rel='canonical']")


def test_program_gets_one_line(failing: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for status, line in LINES.items():
        for accept in (
            {},
            {"Accept": "*/*"},
            {"Accept": "application/rss+xml, text/*;q=0.5"},
            {"Accept": "text/plain"},
        ):
            response = request_error(failing, monkeypatch, status, accept)
            assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert response.text == f"{line}\n"


def test_error_has_the_headers_of_its_status(failing: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for accept in (BROWSER, {}):
        responses = {
            status: request_error(failing, monkeypatch, status, accept) for status in REQUESTS if status != 503
        }
        assert {"GET", "HEAD", "OPTIONS"} <= set(responses[405].headers["Allow"].split(", "))
        assert responses[416].headers["Content-Range"].startswith("bytes */")
    assert request_error(failing, monkeypatch, 503, {}).headers["Retry-After"] == "60"


def test_error_varies_by_accept_and_is_not_cached(failing: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for status in REQUESTS:
        for accept in (BROWSER, {}):
            response = request_error(failing, monkeypatch, status, accept)
            assert "Accept" in response.vary
            assert ("Accept-Language" in response.vary) == (accept == BROWSER)
            assert response.headers["Cache-Control"] == "no-store"


def test_error_has_the_security_headers(failing: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = failing.get("/").headers["Content-Security-Policy"]
    for status in REQUESTS:
        for accept in (BROWSER, {}):
            response = request_error(failing, monkeypatch, status, accept)
            assert response.headers["Content-Security-Policy"] == policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("accept", [BROWSER, {}], ids=["browser", "program"])
def test_log_says_what_the_response_hides(
    failing: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    accept: dict[str, str],
) -> None:
    for status in REQUESTS:
        caplog.clear()
        response = request_error(failing, monkeypatch, status, accept)
        for path in (SECRET, str(tmp_path), str(SEEDS)):
            assert path not in response.text
        assert (SECRET in caplog.text) == (status >= 500)
        assert ("Traceback" in caplog.text) == (status == 500)


def test_unexpected_exception_is_500(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Responder, *__: object) -> None:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(Responder, "respond", fail)
    for accept in (BROWSER, {}):
        response = client.get("/latest", headers=accept)
        assert response.status_code == 500
        assert SECRET not in response.text


@pytest.mark.parametrize(
    "query",
    ["min_votes=-1", "limit=x", "page=0", "from=2024-13-01", "to=x", "has=money", "order=old", "q=" + "가" * 201]
    + ["from=2024-02-01&to=2024-01-01", "author=" + "가" * 201],
)
def test_page_names_the_wrong_parameter_and_its_values(client: FlaskClient, query: str) -> None:
    response = client.get(f"/search?{query}", headers=BROWSER)
    assert response.status_code == 400
    name, value = query.partition("&")[0].split("=")
    (main,) = html.fromstring(response.data).xpath("//main")
    assert main.xpath(".//code/text()") == [name]
    assert value in ("가" * 201, "2024-02-01") or value in main.text_content()


def test_error_page_escapes_what_was_requested(client: FlaskClient) -> None:
    for path in ("/%3Cscript%3Ealert(1)%3C/script%3E", "/search?limit=%3Cscript%3E&q=%22%3E%3Cscript%3E"):
        response = client.get(path, headers=BROWSER)
        assert response.status_code in (400, 404)
        assert html.fromstring(response.data).xpath("//script[not(@src)]") == []


def test_error_page_follows_the_setting_interface(folder: Path, environ: dict[str, str]) -> None:
    client = create_app(folder, environ | {"FEEDS_INTERFACE": "en", "FEEDS_BASE_URL": "https://e.org/d"}).test_client()
    page = html.fromstring(client.get("/nothing", headers=BROWSER | {"Accept-Language": "ko"}).data)
    assert page.get("lang") == "en"
    assert all(link.startswith("/d/") for link in page.xpath("//@href[not(starts-with(., '#'))] | //@action"))


def test_line_of_a_long_path_is_short(client: FlaskClient) -> None:
    for path in ("/" + "x" * 5000, "/%0A%0D%00%1B", "/a%0Ab"):
        response = client.get(path)
        assert response.status_code == 404
        assert response.text.count("\n") == 1
        assert len(response.text) < 320
