"""Who renders a document and how often: this worker, another one, one of yesterday, or a process of its own."""

import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from feeds.errors import ExportError
from feeds.exporters.contract import RenderContext
from feeds.exporters.syndication import RssExporter
from feeds.http import cache, jobs, limits, rendering
from feeds.http.documents import DocumentCache
from feeds.http.lane import BusyError
from feeds.model.edition import Edition
from feeds.model.keys import ALL
from tests.support.digests import SEEDS, day, paper, write_files
from tests.support.servers import Server, free_port, running
from web import create_app

Render = Callable[[RssExporter, Edition, RenderContext], Iterator[bytes]]


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys whose RSS feeds this process has rendered. Every document counts as dear."""
    keys: list[str] = []
    render: Render = RssExporter.render

    def counted(exporter: RssExporter, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        keys.append(edition.key.text)
        return render(exporter, edition, context)

    monkeypatch.setattr(RssExporter, "render", counted)
    monkeypatch.setattr(rendering, "_MIN_SECONDS", 0)
    return keys


@pytest.fixture
def documents(environ: dict[str, str]) -> Path:
    """The folder of the document cache."""
    return Path(environ["FEEDS_INDEX"]).with_suffix(".documents")


def test_workers_find_what_others_and_earlier_ones_rendered(environ: dict[str, str], rendered: list[str]) -> None:
    for _ in range(3):
        client = create_app(SEEDS, environ).test_client()
        for coding in ("identity", "gzip", "zstd"):
            assert client.get("/latest.rss", headers={"Accept-Encoding": coding}).status_code == 200
    assert rendered == ["latest"]


def test_cheap_documents_are_not_written(client: FlaskClient, documents: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_MIN_SECONDS", 3600)
    assert client.get("/latest.rss").status_code == 200
    assert {file.name for file in documents.iterdir()} == {"lock"}


@pytest.mark.parametrize("fault", ["deleted", "truncated", "altered", "unusable"])
def test_faults_of_the_disk_cost_a_rendering_only(
    environ: dict[str, str], documents: Path, rendered: list[str], fault: str
) -> None:
    expected = create_app(SEEDS, environ).test_client().get("/latest.rss")
    if fault in ("deleted", "unusable"):
        shutil.rmtree(documents)
    if fault == "unusable":
        documents.write_text("no folder")
    for file in documents.iterdir() if documents.is_dir() else ():
        data = file.read_bytes()
        file.write_bytes(data[:-9] if fault == "truncated" else bytes(len(data)))
    answer = create_app(SEEDS, environ).test_client().get("/latest.rss")
    assert (answer.status_code, answer.data, answer.headers) == (200, expected.data, expected.headers)
    assert rendered == ["latest"] * 2


def test_only_documents_of_many_papers_are_left_to_other_processes(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []

    def run(job: jobs.Job) -> bytes:
        assert isinstance(job, jobs.RenderJob)
        names.append(f"{job.key.text}.{job.format_name}")
        return b"rendered"

    monkeypatch.setattr(jobs, "run", run)
    monkeypatch.setattr(limits, "MANY_PAPERS", 3)
    for path in ("/", "/all.atom", "/search.rss?limit=3", "/search.rss?limit=4", "/daily.rss", "/days", "/style.css"):
        assert client.get(path).status_code == 200
    assert names == ["all.atom", "search.rss"]


LARGE = ["/all.rss", "/2024.epub", "/search.json?q=a", "/2024"]
REQUESTS = [
    ("GET", {}),
    ("GET", {"Accept-Encoding": "gzip"}),
    ("HEAD", {"Accept-Encoding": "zstd, br"}),
    ("HEAD", {}),
    ("GET", {"If-None-Match": "*"}),
    ("GET", {"Range": "bytes=0-9"}),
    ("GET", {"Range": "bytes=300-400"}),
    ("GET", {"Range": "bytes=-7"}),
    ("GET", {"Range": "bytes=999999999-"}),
    ("GET", {"Range": "bytes=0-1", "If-Range": '"x"'}),
]


@pytest.mark.external
@pytest.mark.parametrize("path", LARGE)
def test_large_documents_of_other_processes_are_served_like_small_ones(
    environ: dict[str, str], tmp_path: Path, rendered: list[str], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def ask(client: FlaskClient) -> list[tuple[int, dict[str, str], bytes]]:
        answers = [client.open(path, method=method, headers=headers) for method, headers in REQUESTS for _ in range(2)]
        for answer in answers:
            answer.headers.pop("Date", None)  # of ranges
        return [(answer.status_code, dict(answer.headers), answer.data) for answer in answers]

    small = ask(create_app(SEEDS, environ | {"FEEDS_INDEX": str(tmp_path / "other.sqlite")}).test_client())
    rendered.clear()
    for module in (cache, limits):
        monkeypatch.setattr(module, "MAX_CACHED_BODY", 100)
    monkeypatch.setattr(limits, "MANY_PAPERS", 0)
    assert ask(create_app(SEEDS, environ).test_client()) == small
    assert rendered == []


@pytest.mark.external
def test_process_returns_what_it_cannot_write(
    environ: dict[str, str], documents: Path, rendered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    documents.write_text("no folder")
    monkeypatch.setattr(limits, "MANY_PAPERS", 0)
    client = create_app(SEEDS, environ).test_client()
    assert client.get("/all.rss").data.endswith(b"</rss>")
    assert rendered == []


@pytest.mark.external
def test_large_documents_are_rendered_while_settings_are_broken(
    environ: dict[str, str], folder: Path, rendered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {"1.md": day("2024-01-30", paper()), "feeds.toml": 'title = "Kept"'})
    monkeypatch.setattr(limits, "MANY_PAPERS", 0)
    client = create_app(folder, environ).test_client()
    write_files(folder, {"feeds.toml": "title = "})
    assert b"<title>Kept" in client.get("/all.rss").data
    assert rendered == []


def render_job(folder: Path, version: str) -> jobs.RenderJob:
    environ = {"HOME": str(folder)}
    return jobs.RenderJob(DocumentCache(folder), "x", version, folder / "nothing", environ, ALL, "rss", "", "")


@pytest.mark.external
def test_failure_and_death_of_a_process_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = render_job(tmp_path, "")  # of whatever version
    with pytest.raises(ExportError, match="no such folder"):
        jobs.run(job)
    monkeypatch.setattr(jobs, "_COMMAND", (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"))
    with pytest.raises(BusyError, match="try again in 30 s"):
        jobs.run(job)
    assert "x: the rendering process died with status -9" in caplog.text


@pytest.mark.external
def test_process_of_newer_code_leaves_the_index_alone(tmp_path: Path) -> None:
    assert jobs.run(render_job(tmp_path, "older")) is None


@pytest.mark.external
def test_compression_of_a_lost_document_is_no_failure(tmp_path: Path) -> None:
    assert jobs.run(jobs.CompressJob(DocumentCache(tmp_path), "x-gzip", "x", "gzip")) is None


# A worker process imports it too.
SERVE = """
from feeds.cli import main
from feeds.http import rendering
from feeds.publishing.publisher import Publisher

render, rendering._MIN_SECONDS = Publisher.render, 0

def logged(publisher, wanted):
    with open(LOG, "a") as log:
        log.write(wanted.etag + "\\n")
    return render(publisher, wanted)

Publisher.render = logged
if __name__ == "__main__":
    main()
"""


@pytest.mark.external
def test_twenty_requests_to_two_processes_are_one_rendering(tmp_path: Path, environ: dict[str, str]) -> None:
    log = tmp_path / "rendered"
    port = free_port()
    program = tmp_path / "serve.py"
    program.write_text(f"LOG = {str(log)!r}\n{SERVE}")
    command: list[str | Path] = [sys.executable, program, "serve", SEEDS, "--port", str(port)]
    command += ["--workers", "2"]
    with running(command, environ, port) as server, ThreadPoolExecutor(20) as pool:
        for path in ("/latest.rss", "/2024-W05.epub", "/2024"):
            bodies = set(pool.map(lambda _, path=path: body_of(server, path), range(20)))
            assert len(bodies) == 1
    assert len(log.read_text().split()) == 3


def body_of(server: Server, path: str) -> bytes:
    answer = server.ask(path)
    assert answer.status == 200
    return answer.body
