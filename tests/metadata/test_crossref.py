"""What is read from the JSON of the Crossref API."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from feeds.errors import FetchError
from feeds.metadata.client import Client
from feeds.metadata.crossref import INTERVAL, MEDIA_TYPE, CrossrefApi
from feeds.model.metadata import PaperMetadata
from tests.support.metadata_servers import CrossrefServer, FakeTime, Reply, run_metadata_server

DOI = "10.1000/example"


@pytest.fixture
def server() -> Iterator[CrossrefServer]:
    with run_metadata_server(CrossrefServer) as server:
        yield server


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def api(server: CrossrefServer, time: FakeTime) -> CrossrefApi:
    return CrossrefApi(Client(INTERVAL, MEDIA_TYPE, clock=time.clock, sleep=time.sleep), f"{server.url}/")


def read(api: CrossrefApi, server: CrossrefServer, **work: Any) -> PaperMetadata:
    """Fetch a work with some members; underscores stand for hyphens."""
    server.works[DOI] = {name.rstrip("_").replace("_", "-"): value for name, value in work.items()}
    metadata = api.fetch([DOI])[DOI]
    assert metadata is not None
    return metadata


def parts(*numbers: int) -> dict[str, list[list[int]]]:
    return {"date-parts": [list(numbers)]}


def test_work_is_read_into_all_fields(api: CrossrefApi, server: CrossrefServer) -> None:
    metadata = read(
        api,
        server,
        DOI=DOI,
        type="journal-article",
        author=[
            {"given": "John", "family": "Jumper", "sequence": "first", "affiliation": []},
            {"given": "Ann", "family": "Lee", "suffix": "Jr.", "sequence": "additional"},
            {"name": "The AlphaFold Team", "sequence": "additional"},
            {"family": "Plato"},
        ],
        abstract="<jats:title>Abstract</jats:title><jats:p>Proteins &lt;are&gt;\n essential &amp; large.</jats:p>",
        container_title=["Nature", "Nature (London)"],
        volume="596",
        issue="7873",
        page="583-589",
        published_print=parts(2021, 8, 26),
        published_online=parts(2021, 7, 15),
        created=parts(2021, 7, 14),
        subject=["Multidisciplinary", "Biology, General"],
    )
    assert metadata == PaperMetadata(
        authors=("John Jumper", "Ann Lee Jr.", "The AlphaFold Team", "Plato"),
        abstract="Proteins <are> essential & large.",
        tags=("Multidisciplinary", "Biology General"),
        published=date(2021, 7, 15),
        journal="Nature 596(7873), 583-589 (2021)",
        journal_doi=DOI,
    )


def test_bare_work_leaves_all_fields_empty(api: CrossrefApi, server: CrossrefServer) -> None:
    assert read(api, server) == PaperMetadata()


@pytest.mark.parametrize(
    ("work", "journal"),
    [
        ({"container_title": ["PLOS ONE"], "volume": "3", "issue": "1", "article_number": "e1"}, "PLOS ONE 3(1), e1"),
        ({"container_title": ["ICML"], "issued": parts(2020)}, "ICML (2020)"),
        ({"container_title": ["A &amp; B"], "issue": "4", "page": "7"}, "A & B 4, 7"),
        ({"container_title": [], "volume": "3", "published": parts(2020)}, ""),
        ({"container_title": "Nature"}, ""),
    ],
)
def test_journal_is_written_with_what_is_known(
    api: CrossrefApi, server: CrossrefServer, work: dict[str, Any], journal: str
) -> None:
    metadata = read(api, server, **work)
    assert (metadata.journal, metadata.journal_doi) == (journal, DOI if journal else "")


@pytest.mark.parametrize(
    ("work", "published"),
    [
        ({"published_print": parts(2021, 8), "published_online": parts(2021, 7, 15)}, date(2021, 7, 15)),
        ({"published_print": parts(2021, 8, 1), "published_online": parts(2021)}, date(2021, 8, 1)),
        ({"posted": parts(2020, 5, 4), "created": parts(2020, 5, 6)}, date(2020, 5, 4)),
        ({"published": parts(2021), "created": parts(2021, 3, 4)}, date(2021, 3, 4)),
        ({"published": parts(2021, 5), "created": parts(2021, 3, 4)}, None),
        ({"published": parts(1995), "created": parts(2003, 3, 4)}, None),
        ({"created": parts(2003, 3, 4)}, date(2003, 3, 4)),
        ({"published": parts(2021, 2, 30)}, None),
        ({"issued": {"date-parts": [[None]]}}, None),
        ({"issued": {"date-parts": [["2021", "1", "1"]]}}, None),
        ({"issued": {"date-parts": []}, "published": "2021", "created": {"date-parts": [[10**30, 1, 1]]}}, None),
    ],
)
def test_date_is_the_first_that_names_a_day(
    api: CrossrefApi, server: CrossrefServer, work: dict[str, Any], published: date | None
) -> None:
    assert read(api, server, **work).published == published


@pytest.mark.parametrize(
    ("jats", "text"),
    [
        ("Plain text", "Plain text"),
        ("<p>One.</p><p>Two.</p>", "One.\n\nTwo."),
        (
            "<jats:sec><jats:title>Background</jats:title><jats:p>A</jats:p></jats:sec>"
            "<jats:sec><jats:title>Results</jats:title><jats:p>p &lt; 0.05 for <jats:italic>B</jats:italic></jats:p>",
            "Background\n\nA\n\nResults\n\np < 0.05 for B",
        ),
        (
            "<jats:p>For <jats:inline-formula><jats:alternatives><jats:tex-math>\\documentclass[12pt]{minimal}\n"
            "\\begin{document}$$x^2$$\\end{document}</jats:tex-math><mml:math><mml:mi>x</mml:mi></mml:math>"
            "</jats:alternatives></jats:inline-formula> only</jats:p>",
            "For $$x^2$$ only",
        ),
        ("<jats:p>Let <mml:math><mml:mi>x</mml:mi></mml:math> be</jats:p>", "Let x be"),
        ("<jats:p>broken <jats:italic", "broken <jats:italic"),
        ("a < b and c > d", "a < b and c > d"),
        ("\ud800 lone\x00 controls", "lone controls"),
        (None, ""),
        (["list"], ""),
    ],
)
def test_abstract_is_converted_to_plain_text(api: CrossrefApi, server: CrossrefServer, jats: object, text: str) -> None:
    assert read(api, server, abstract=jats).abstract == text


def test_wrong_types_are_ignored(api: CrossrefApi, server: CrossrefServer) -> None:
    authors = ["Ann", None, {"given": 3, "family": ["x"]}, {}, {"given": "Bo", "family": None}]
    assert read(api, server, author=authors, subject={"a": 1}, volume=3) == PaperMetadata(authors=("Bo",))


def test_excessive_fields_are_cut(api: CrossrefApi, server: CrossrefServer) -> None:
    metadata = read(api, server, author=[{"name": "N" * 900}] * 4000, abstract="a" * 90_000, subject=["s"] * 9)
    assert (len(metadata.authors), len(metadata.authors[0]), len(metadata.abstract)) == (3000, 500, 20_000)
    assert metadata.tags == ("s",)


@pytest.mark.parametrize("status", [400, 404, 410])
def test_unknown_doi_is_none(api: CrossrefApi, server: CrossrefServer, status: int) -> None:
    server.troubles = [Reply(status, b"Resource not found.")]
    assert api.fetch([DOI]) == {DOI: None}


def test_doi_is_quoted_as_one_segment(api: CrossrefApi, server: CrossrefServer) -> None:
    doi = "10.1002/(sici)1097<1:aid>3.0.co;2-#/../?x"
    server.works[doi] = {}
    assert api.fetch([doi]) == {doi: PaperMetadata()}
    assert server.requested == [doi]


def test_requests_are_at_most_five_a_second(api: CrossrefApi, server: CrossrefServer, time: FakeTime) -> None:
    api.fetch([f"10.1000/{number}" for number in range(6)])
    assert len(server.paths) == 6
    assert time.time - 1000.0 == pytest.approx(1.0)


@pytest.mark.parametrize(
    "body",
    [
        b"<html></html>",
        b"",
        b"[]",
        b"{}",
        b'{"message": "x"}',
        b'{"message": {',
        pytest.param(b"[" * 100_000, id="nested"),
        b"\xff",
    ],
)
def test_answer_without_a_work_is_one_line(api: CrossrefApi, server: CrossrefServer, body: bytes) -> None:
    server.troubles = [Reply(200, body)]
    with pytest.raises(FetchError, match=rf"^127[^\n]*: {DOI}: the answer is not JSON with a work; check the address$"):
        api.fetch([DOI])


def test_other_status_is_told(api: CrossrefApi, server: CrossrefServer) -> None:
    server.troubles = [Reply(403)]
    with pytest.raises(FetchError, match=f"{DOI}: HTTP status 403$"):
        api.fetch([DOI])
