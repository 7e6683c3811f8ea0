"""What is read from the Atom of the arXiv API, and how many requests it takes."""

from collections.abc import Iterator
from datetime import date

import pytest

from feeds.errors import FetchError
from feeds.metadata.arxiv import INTERVAL, MEDIA_TYPE, ArxivApi
from feeds.metadata.client import Client
from feeds.model.metadata import PaperMetadata
from tests.support.metadata_servers import (
    ArxivPaper,
    ArxivServer,
    FakeTime,
    Reply,
    error_feed,
    feed,
    run_metadata_server,
)

NUMBERS = [f"2401.{serial:05}" for serial in range(1, 6)]


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    with run_metadata_server(ArxivServer) as server:
        server.papers = {number: ArxivPaper() for number in NUMBERS}
        yield server


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def api(server: ArxivServer, time: FakeTime) -> ArxivApi:
    return ArxivApi(Client(INTERVAL, MEDIA_TYPE, clock=time.clock, sleep=time.sleep), server.url)


def fetch_one(api: ArxivApi, number: str = NUMBERS[0]) -> PaperMetadata:
    metadata = api.fetch([number])[number]
    assert metadata is not None
    return metadata


def failure(api: ArxivApi) -> str:
    """Fetch papers in vain, and return the reason."""
    with pytest.raises(FetchError) as caught:
        api.fetch(NUMBERS)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_entry_is_read_into_all_fields(api: ArxivApi, server: ArxivServer) -> None:
    server.papers[NUMBERS[0]] = ArxivPaper(
        authors=("Łukasz  Kaiser", "Ann\n Lee", "Kim Bo", "Ann Lee Jr."),
        summary="\n  We study $x_1$ & <it>\nin one line.\n\n  Then another.\n ",
        categories=("cs.LG", "cs.CV", "stat.ML", "68T05, 68T07", "I.2.6; I.5.1"),
        primary="cs.CV",
        published="2024-01-29T18:59:59Z",
        doi="10.1038/S41586-021-03819-2",
        journal_ref="Nature 596,\n 583-589 (2021)",
        comment="12 pages, 3 figures",
    )
    assert fetch_one(api) == PaperMetadata(
        authors=("Łukasz Kaiser", "Ann Lee", "Kim Bo", "Ann Lee Jr."),
        abstract="We study $x_1$ & <it> in one line.\n\nThen another.",
        tags=("cs.CV", "cs.LG", "stat.ML"),
        published=date(2024, 1, 29),
        journal="Nature 596, 583-589 (2021)",
        journal_doi="10.1038/s41586-021-03819-2",
        comment="12 pages, 3 figures",
    )


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.1000/a_b(c)<1:2>#3?4", "10.1000/a_b(c)<1:2>#3?4"),
        ("10.1000/first 10.1000/second", "10.1000/first"),
        ("https://doi.org/10.1000/A", "10.1000/a"),
        ("doi:10.1000/a", "10.1000/a"),
        ("10.48550/arXiv.2401.00001", ""),
        ("to appear", ""),
    ],
)
def test_doi_is_read_however_authors_write_it(api: ArxivApi, server: ArxivServer, text: str, doi: str) -> None:
    server.papers[NUMBERS[0]] = ArxivPaper(doi=text)
    assert fetch_one(api).journal_doi == doi


def test_colon_after_a_collaboration_is_no_author(api: ArxivApi, server: ArxivServer) -> None:
    server.papers[NUMBERS[0]] = ArxivPaper(authors=("ATLAS Collaboration", ":", "G. Aad", " "))
    assert fetch_one(api).authors == ("ATLAS Collaboration", "G. Aad")


def test_excessive_fields_are_cut(api: ArxivApi, server: ArxivServer) -> None:
    server.papers[NUMBERS[0]] = ArxivPaper(
        authors=("N" * 1000,) * 4000, summary="가" * 90_000, comment="c" * 9000, journal_ref="j" * 9000
    )
    metadata = fetch_one(api)
    assert (len(metadata.authors), len(metadata.authors[0])) == (3000, 500)
    assert (len(metadata.abstract), len(metadata.comment), len(metadata.journal)) == (20_000, 2000, 500)


def test_discouraged_characters_are_removed(api: ArxivApi, server: ArxivServer) -> None:
    server.papers[NUMBERS[0]] = ArxivPaper(authors=("A\x7fnn\ufdd0 Lee",), summary="a\x85b\x80c")
    metadata = fetch_one(api)
    assert (metadata.authors, metadata.abstract) == (("Ann Lee",), "a bc")


@pytest.mark.parametrize("published", ["", "yesterday", "2024-02-30T00:00:00Z"])
def test_date_that_is_none_is_left_out(api: ArxivApi, server: ArxivServer, published: str) -> None:
    server.papers[NUMBERS[0]] = ArxivPaper(published=published)
    assert fetch_one(api).published is None


def test_withdrawn_paper_keeps_its_notice(api: ArxivApi, server: ArxivServer) -> None:
    notice = "This paper has been withdrawn by the author due to a crucial error in equation 3"
    server.papers[NUMBERS[0]] = ArxivPaper(comment=notice, version=3, has_pdf=False)
    server.papers[NUMBERS[1]] = ArxivPaper(summary=notice, version=2, has_pdf=False, authors=("Ann Lee",))
    results = api.fetch(NUMBERS[:2])
    first, second = results[NUMBERS[0]], results[NUMBERS[1]]
    assert first
    assert second
    assert (first.comment, first.authors) == (notice, ("Ann Lee", "Bo Kim"))
    assert (second.abstract, second.authors) == (notice, ("Ann Lee",))


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("version", [1, 12])
def test_entry_of_any_version_is_that_of_the_paper(
    api: ArxivApi, server: ArxivServer, version: int, scheme: str
) -> None:
    server.papers = {number: ArxivPaper(version=version, scheme=scheme) for number in ("2401.16420", "math/0309136")}
    assert all(api.fetch(["2401.16420", "math/0309136"]).values())
    assert server.requested == [["2401.16420", "math/0309136"]]


def test_entry_at_the_host_of_the_api_is_recognized(api: ArxivApi, server: ArxivServer) -> None:
    body = server.answer(f"/api/query?id_list={NUMBERS[0]}").body.replace(b"//arxiv.org/abs", b"//export.arxiv.org/abs")
    server.troubles = [Reply(200, body)]
    assert fetch_one(api).authors


def test_entry_that_was_not_requested_is_ignored(api: ArxivApi, server: ArxivServer) -> None:
    server.papers["2312.00001"] = ArxivPaper()
    server.extra = ["2312.00001"]
    assert list(api.fetch(NUMBERS[:2])) == NUMBERS[:2]


def test_batch_takes_one_request_with_its_size(api: ArxivApi, server: ArxivServer) -> None:
    numbers = [f"2402.{serial:05}" for serial in range(api.batch_size)]
    server.papers = {number: ArxivPaper() for number in numbers}
    results = api.fetch(numbers)
    assert list(results) == numbers
    assert all(results.values())
    assert server.requested == [numbers]
    assert server.headers[0]["Accept"] == "application/atom+xml"
    assert server.headers[0]["User-Agent"].startswith("daily-papers-feeds/")


def test_capped_pages_are_requested_until_all_arrived(api: ArxivApi, server: ArxivServer, time: FakeTime) -> None:
    server.page_size = 2
    assert all(api.fetch(NUMBERS).values())
    assert server.starts == [0, 2, 4]
    assert time.sleeps == [3.0, 3.0]


def test_unknown_paper_is_requested_once_more(api: ArxivApi, server: ArxivServer) -> None:
    results = api.fetch([*NUMBERS[:2], "2401.99999"])
    assert [number for number, metadata in results.items() if metadata is None] == ["2401.99999"]
    assert server.requested == [[*NUMBERS[:2], "2401.99999"], ["2401.99999"]]


def test_papers_that_one_answer_leaves_out_are_found(api: ArxivApi, server: ArxivServer) -> None:
    server.troubles = [Reply(200, feed([], 0))]
    assert all(api.fetch(NUMBERS).values())
    assert server.requested == [NUMBERS, NUMBERS]


def test_total_with_unknown_papers_ends_with_a_repeat(api: ArxivApi, server: ArxivServer) -> None:
    server.counts_unknown = True
    results = api.fetch([*NUMBERS, "2401.99999"])
    assert sum(metadata is not None for metadata in results.values()) == 5
    assert server.starts == [0, 5, 0]


def test_malformed_id_is_found_by_halving(api: ArxivApi, server: ArxivServer) -> None:
    server.malformed = {NUMBERS[3]}
    results = api.fetch(NUMBERS)
    assert [number for number, metadata in results.items() if metadata is None] == [NUMBERS[3]]
    assert [len(numbers) for numbers in server.requested] == [5, 2, 3, 1, 2, 1, 1]


def test_malformed_ids_alone_are_unknown(api: ArxivApi, server: ArxivServer) -> None:
    server.malformed = set(NUMBERS)
    assert api.fetch(NUMBERS) == dict.fromkeys(NUMBERS)


def test_malformed_id_with_status_200_is_found_too(api: ArxivApi, server: ArxivServer) -> None:
    server.troubles = [Reply(200, error_feed("incorrect id format for 2401.1"))]
    assert all(api.fetch(NUMBERS).values())


def test_other_error_of_the_api_is_told(api: ArxivApi, server: ArxivServer) -> None:
    server.troubles = [Reply(400, error_feed("start must be\x1b[31m an integer".replace("\x1b", "\u202e")))]
    assert failure(api).endswith(": start must be\ufffd[31m an integer")
    assert len(server.paths) == 1


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(200, b"<!DOCTYPE html><html><body>Down</body></html>"), "the answer is html, not Atom; check the"),
        (Reply(200, b"<html><body>Down<br></body></html>"), "the answer is not Atom, or not all of it: mismatched tag"),
        (Reply(200, b"<html/>"), "the answer is not Atom; check the address"),
        (Reply(200, b""), "the answer is not Atom, or not all of it: no element found"),
        (Reply(200, b"\xff\xfe\x00"), "the answer is not Atom, or not all of it: "),
        (Reply(200, b'<?xml version="1.0" encoding="x-none"?><a/>'), "the answer is not Atom, or not all of it: "),
        (Reply(200, feed([], 0)[:-9]), "the answer is not Atom, or not all of it: "),
        (Reply(200, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "the answer is a, not Atom; check the address"),
        (Reply(404, b"<!DOCTYPE html><html></html>"), "HTTP status 404; check the address"),
        (Reply(403, feed([], 0)), "HTTP status 403"),
    ],
)
def test_answer_that_is_not_atom_is_one_line(api: ArxivApi, server: ArxivServer, reply: Reply, problem: str) -> None:
    server.troubles = [reply]
    assert failure(api).startswith(f"127.0.0.1:{server.server_port}: {problem}")
    assert len(server.paths) == 1


@pytest.mark.parametrize("suffix", ["", "/", "/api", "/api/", "/api/query", "/api/query/"])
def test_base_url_may_be_written_in_several_ways(server: ArxivServer, time: FakeTime, suffix: str) -> None:
    client = Client(INTERVAL, MEDIA_TYPE, clock=time.clock, sleep=time.sleep)
    assert all(ArxivApi(client, server.url + suffix).fetch(NUMBERS).values())
