"""Conditional and range requests: no header value is an error, and no resumed download is of two files."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from tests.support.digests import SEEDS, day, paper, write_files
from web import create_app

BOOK, FILE = "/2024-01-30.epub", "/2024-01-30.bib"
FIELDS = (
    *("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range", "A-IM", "Host"),
    *("Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language"),
)
PIECES = (
    *('"', 'W/"', "W/", '""', 'W/""', "*", ",", ";", "=", "-", "/", ":", "[", " ", "\t", "\\", "q=", ";q=0", ";q=x"),
    *("bytes=", "0-1", "-5", "5-2", "99999999999999999999-", "feed", "gzip", "identity", "ko", "text/html", "한"),
    *("x", "Tue, 30 Jan 2024 23:00:00 GMT", "Fri, 99 Xxx 99999 99:99:99 +9999", "0", "1e999", "\xff", "'", "-gzip"),
)


@pytest.fixture(scope="module")
def module_client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    home = tmp_path_factory.mktemp("home")
    return create_app(SEEDS, {"FEEDS_INDEX": str(home / "index.sqlite"), "HOME": str(home)}).test_client()


VALUES = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40),
)


@settings(max_examples=500)
@given(
    path=st.sampled_from(["/latest.rss", BOOK, FILE, "/", "/nothing"]),
    headers=st.dictionaries(st.sampled_from(FIELDS), VALUES),
)
def test_no_header_value_is_a_server_error(module_client: FlaskClient, path: str, headers: dict[str, str]) -> None:
    sent = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    assert module_client.get(path, headers=sent).status_code in (200, 206, 304, 404, 412, 416)


@pytest.mark.parametrize("value", ['""', 'W/""', '"', "W/", ",", '"",""', '"" , W/""', "'x'"])
def test_malformed_etag_matches_no_document(client: FlaskClient, value: str) -> None:
    assert client.get(BOOK, headers={"If-None-Match": value}).status_code == 200
    assert client.get(BOOK, headers={"If-Match": value}).status_code == 412
    assert client.get(BOOK, headers={"If-Range": value, "Range": "bytes=0-1"}).status_code == 200


EARLIER, LATER = "Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"


def test_if_unmodified_since_compares_with_last_modified(client: FlaskClient) -> None:
    modified = client.get(BOOK).headers["Last-Modified"]
    statuses = {
        value: client.get(BOOK, headers={"If-Unmodified-Since": value}).status_code
        for value in (EARLIER, modified, LATER, "yesterday", "")
    }
    assert statuses == {EARLIER: 412, modified: 200, LATER: 200, "yesterday": 200, "": 200}


def test_if_match_takes_precedence_over_if_unmodified_since(client: FlaskClient) -> None:
    etag = client.get(BOOK).headers["ETag"]
    assert client.get(BOOK, headers={"If-Match": etag, "If-Unmodified-Since": EARLIER}).status_code == 200
    assert client.get(BOOK, headers={"If-Match": '"x"', "If-Unmodified-Since": LATER}).status_code == 412


def resume_with(first: TestResponse) -> dict[str, dict[str, str]]:
    """Return the headers by which clients resume a download, by the client."""
    etag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    return {
        "browser": {"If-Range": etag},
        "date": {"If-Range": modified},
        "weak ETag": {"If-Range": f"W/{etag}"},
        "Firefox": {"If-Match": etag, "If-Unmodified-Since": modified},
        "If-Match": {"If-Match": etag},
        "curl -z": {"If-Modified-Since": modified},
        "curl -z -date": {"If-Unmodified-Since": modified},
        "If-None-Match": {"If-None-Match": etag},
        "both": {"If-Range": etag, "If-Match": etag},
    }


CLIENTS = ["browser", "date", "weak ETag", "Firefox", "If-Match", "curl -z", "curl -z -date", "If-None-Match", "both"]
RESUMING = {"browser", "date", "Firefox", "If-Match", "curl -z -date", "both"}
NOW, BEFORE, AFTER = 1_700_000_000, 1_600_000_000, 1_750_000_000


def serve(root: Path, title: str, mtime: int) -> FlaskClient:
    """Serve an archive of one day, whose file has a modification time."""
    write_files(root / "archive", {"1.md": day("2024-01-30", *(paper(f"{title} {n}", f"2401.{n}") for n in range(9)))})
    os.utime(root / "archive" / "1.md", (mtime, mtime))
    environ = {"FEEDS_INDEX": str(root / "index.sqlite"), "HOME": str(root)}
    return create_app(root / "archive", environ).test_client()


def resume(client: FlaskClient, path: str, part: bytes, headers: Mapping[str, str]) -> TestResponse:
    return client.get(path, headers={**headers, "Range": f"bytes={len(part)}-"})


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("path", [BOOK, FILE])
def test_download_is_resumed_while_the_document_stays(tmp_path: Path, path: str, name: str) -> None:
    client = serve(tmp_path, "One", NOW)
    first = client.get(path)
    part = first.data[:500]
    rest = resume(client, path, part, resume_with(first)[name])
    if name in RESUMING:
        assert (rest.status_code, part + rest.data) == (206, first.data)
    else:
        assert rest.status_code == (200 if name == "weak ETag" else 304)


@pytest.mark.parametrize("mtime", [BEFORE, AFTER], ids=["older", "newer"])
@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("path", [BOOK, FILE])
def test_download_of_a_changed_document_is_not_resumed(tmp_path: Path, path: str, name: str, mtime: int) -> None:
    first = serve(tmp_path / "one", "One", NOW).get(path)
    changed = serve(tmp_path / "other", "Other", mtime)
    rest = resume(changed, path, first.data[:500], resume_with(first)[name])
    if rest.status_code == 200:
        assert rest.data == changed.get(path).data
    else:
        assert rest.status_code == 412


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
@pytest.mark.parametrize("name", CLIENTS)
def test_compressed_download_is_not_resumed_uncompressed(client: FlaskClient, name: str, coding: str) -> None:
    first = client.get(FILE, headers={"Accept-Encoding": coding})
    assert first.headers["Content-Encoding"] == coding
    rest = resume(client, FILE, first.data[:500], {**resume_with(first)[name], "Accept-Encoding": coding})
    assert rest.status_code in (200, 304, 412)
    assert rest.status_code != 200 or rest.data == first.data


def test_etag_of_a_compressed_document_permits_no_range(client: FlaskClient) -> None:
    coded = client.get(FILE, headers={"Accept-Encoding": "gzip"}).headers["ETag"]
    for condition in ("If-Range", "If-Match"):
        whole = client.get(FILE, headers={condition: coded, "Range": "bytes=5-"})
        assert (whole.status_code, whole.data) == (200, client.get(FILE).data)


def test_etag_in_304_is_no_longer_than_that_of_a_document(client: FlaskClient) -> None:
    etag = client.get(BOOK).headers["ETag"].strip('"')
    for suffix, status in (("-gzip", 304), ("-br-gzip", 304), ("-gzip" * 500, 200)):
        assert client.get(BOOK, headers={"If-None-Match": f'"{etag}{suffix}"'}).status_code == status
