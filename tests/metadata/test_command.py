"""`feeds metadata`, run as a person runs it, against both APIs on 127.0.0.1."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.metadata.store import MetadataStore
from tests.support.digests import ROOT, day, paper, write_files
from tests.support.image_server import wait_until
from tests.support.metadata_servers import ArxivPaper, ArxivServer, CrossrefServer, Reply, run_metadata_server
from tests.support.servers import FEEDS, run_feeds

pytestmark = pytest.mark.external

DOI_PAPER = "### [Folding](https://doi.org/10.1000/Folding)\n\nAuthors: Bo Kim\n"
OTHER_PAPER = "### [A Page](https://example.org/page)\n"


@pytest.fixture
def arxiv() -> Iterator[ArxivServer]:
    with run_metadata_server(ArxivServer) as server:
        yield server


@pytest.fixture
def crossref() -> Iterator[CrossrefServer]:
    with run_metadata_server(CrossrefServer) as server:
        yield server


@pytest.fixture
def environ(environ: dict[str, str], folder: Path, tmp_path: Path) -> dict[str, str]:
    return environ | {"FEEDS_ARCHIVE": str(folder), "FEEDS_METADATA": str(tmp_path / "metadata")}


@pytest.fixture
def arguments(arxiv: ArxivServer, crossref: CrossrefServer) -> list[str]:
    return ["metadata", "--base-url", arxiv.url, "--crossref-url", crossref.url]


def run(arguments: list[str], environ: dict[str, str], *options: str) -> list[str]:
    """Run the command, and return the lines that it writes to stderr."""
    result = run_feeds(*arguments, *options, environ=environ)
    assert (result.returncode, result.stdout) == (0, b"")
    return result.stderr.decode().splitlines()


def write_many(folder: Path, arxiv: ArxivServer, count: int) -> list[str]:
    """Write papers that the API knows, and return their numbers."""
    numbers = [f"2401.{serial:05}" for serial in range(1, count + 1)]
    write_files(folder, {"1.md": day("2024-01-30", *(paper(f"Paper {number}", number) for number in numbers))})
    arxiv.papers = {number: ArxivPaper() for number in numbers}
    return numbers


def test_citations_have_the_authors_that_arxiv_knows(
    folder: Path, environ: dict[str, str], arguments: list[str], arxiv: ArxivServer, crossref: CrossrefServer
) -> None:
    listed = [paper("Diffusion", "2401.00001", authors="Authors: Bo Kim, Ann Lee"), paper("Gone", "2401.00002")]
    write_files(folder, {"1.md": day("2024-01-30", *listed, DOI_PAPER, OTHER_PAPER)})
    arxiv.papers = {"2401.00001": ArxivPaper(authors=("Ann Lee", "Chae Cho", "Bo Kim"), version=2)}
    crossref.works = {
        "10.1000/folding": {"author": [{"given": "Dal", "family": "Do"}, {"given": "Bo", "family": "Kim"}]}
    }
    before = run_feeds("export", "bib", "all", environ=environ).stdout.decode()
    assert "author = {Kim, Bo and Lee, Ann" in before
    assert run(arguments, environ) == ["metadata: fetched 2, unchanged 0, unknown 1, failed 0, without an identifier 1"]
    after = run_feeds("export", "bib", "all", environ=environ).stdout.decode()
    assert "author = {Lee, Ann and Cho, Chae and Kim, Bo}" in after
    assert "author = {Do, Dal and Kim, Bo}" in after
    assert "lee2024diffusion" in after.casefold()


def test_second_run_requests_only_what_is_new(
    folder: Path, environ: dict[str, str], arguments: list[str], arxiv: ArxivServer
) -> None:
    write_many(folder, arxiv, 2)
    assert run(arguments, environ) == ["metadata: fetched 2, unchanged 0, unknown 0, failed 0"]
    write_many(folder, arxiv, 3)
    assert run(arguments, environ) == ["metadata: fetched 1, unchanged 2, unknown 0, failed 0"]
    assert arxiv.requested[1:] == [["2401.00003"]]
    assert run(arguments, environ, "--force") == ["metadata: fetched 3, unchanged 0, unknown 0, failed 0"]
    assert sorted(arxiv.requested[2]) == sorted(arxiv.papers)


def test_newest_papers_are_requested_first(
    folder: Path, environ: dict[str, str], arguments: list[str], arxiv: ArxivServer
) -> None:
    listed = {"2024-01-29": ("2401.3", "2401.1"), "2024-01-30": ("2401.2", "2401.3"), "2024-01-28": ("2401.4",)}
    files = {
        f"{date}.md": day(date, *(paper(number, number) for number in numbers)) for date, numbers in listed.items()
    }
    write_files(folder, files)
    arxiv.papers = {f"2401.0000{serial}": ArxivPaper() for serial in range(1, 5)}
    run(arguments, environ)
    assert arxiv.requested == [["2401.00002", "2401.00003", "2401.00001", "2401.00004"]]


@pytest.mark.parametrize("interrupt", [signal.SIGKILL, signal.SIGINT])
def test_run_that_was_stopped_goes_on_where_it_was(
    folder: Path, environ: dict[str, str], arguments: list[str], arxiv: ArxivServer, interrupt: int
) -> None:
    numbers = write_many(folder, arxiv, 150)
    arxiv.troubles = [None, *([Reply(503)] * 9)]  # so that the second batch does not end before it is stopped
    store = MetadataStore(Path(environ["FEEDS_METADATA"]))
    environ_of_child = environ | {"PATH": os.environ["PATH"]}
    with subprocess.Popen([FEEDS, *arguments], env=environ_of_child, cwd=ROOT, stderr=subprocess.PIPE) as process:
        wait_until(lambda: len(store.checked(numbers)) == 100)
        process.send_signal(interrupt)
        _, errors = process.communicate()
    arxiv.troubles.clear()
    assert errors.strip() == (b"" if interrupt == signal.SIGKILL else b"feeds: stopped")
    assert process.returncode == (-signal.SIGKILL if interrupt == signal.SIGKILL else 1)
    assert run(arguments, environ) == ["metadata: fetched 50, unchanged 100, unknown 0, failed 0"]
    assert sorted([*arxiv.requested[0], *arxiv.requested[-1]]) == numbers


def test_api_that_refuses_ends_the_run_with_a_line(
    folder: Path, environ: dict[str, str], arguments: list[str], arxiv: ArxivServer
) -> None:
    write_many(folder, arxiv, 2)
    arxiv.troubles = [Reply(503, headers={"Retry-After": "7200"})]
    result = run_feeds(*arguments, environ=environ)
    assert (result.returncode, result.stderr.decode().splitlines()) == (
        1,
        [
            f"feeds: 127.0.0.1:{arxiv.server_port}: HTTP status 503; run the command again in 120 minutes",
            "metadata: fetched 0, unchanged 0, unknown 0, failed 2",
        ],
    )


def test_new_answer_replaces_what_is_stored(
    folder: Path, environ: dict[str, str], arguments: list[str], arxiv: ArxivServer
) -> None:
    write_many(folder, arxiv, 1)
    run(arguments, environ)
    arxiv.papers["2401.00001"] = ArxivPaper(authors=("Chae Cho",), version=2)
    run(arguments, environ, "--force")
    stored = MetadataStore(Path(environ["FEEDS_METADATA"])).lookup(["2401.00001"])
    assert stored["2401.00001"].metadata.authors == ("Chae Cho",)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "export.arxiv.org", "http://", "http://a b", "https://a/?b=c", ""])
@pytest.mark.parametrize(
    ("option", "example"),
    [("--base-url", "https://export.arxiv.org/api"), ("--crossref-url", "https://api.crossref.org")],
)
def test_wrong_url_is_wrong_usage(environ: dict[str, str], option: str, example: str, url: str) -> None:
    result = run_feeds("metadata", option, url, environ=environ)
    message = f"feeds: {option}: '{url}' is not the address of an API; write one such as {example}\n"
    assert (result.returncode, result.stderr.decode()) == (2, message)


def test_store_that_cannot_be_written_ends_the_run_with_1(
    folder: Path, environ: dict[str, str], arguments: list[str], arxiv: ArxivServer
) -> None:
    write_many(folder, arxiv, 1)
    result = run_feeds(*arguments, environ=environ | {"FEEDS_METADATA": "/proc/nowhere"})
    assert result.returncode == 1
    assert b"the metadata store" in result.stderr
    assert result.stderr.count(b"\n") == 1
