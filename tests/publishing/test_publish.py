"""`feeds publish`: what buckets hold, in which order it is sent, and with how few requests."""

import gzip
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from obstore.store import MemoryStore, ObjectStore

from feeds.errors import FeedsError, PublishError
from feeds.exporters.contract import PAPER_SCOPES, Kind, RenderContext
from feeds.exporters.registry import Registry
from feeds.model.edition import Edition
from feeds.progress import no_progress
from feeds.publishing.bucket import MANIFEST, Bucket, open_store
from feeds.publishing.build import build
from feeds.publishing.plan import object_name
from feeds.publishing.publish import Report, publish
from feeds.publishing.publisher import Publisher
from tests.support.buckets import Request, S3Bucket, run_s3
from tests.support.digests import OpenFiles, day, paper, write_files
from tests.support.image_server import run_image_server
from tests.support.servers import FEEDS, run_feeds
from tests.support.sites import describe, read_files
from web import create_app

pytestmark = pytest.mark.external

ONE = {
    "1.md": day(
        "2024-01-30", paper("확산 모델", "2401.1", votes="Vote: 3", summary="- 요약입니다."), paper("B", "2401.2")
    )
}
NEXT = {"2.md": day("2024-01-31", paper("C", "2401.3"))}


@pytest.fixture(scope="module")
def create_bucket() -> Iterator[Callable[[], S3Bucket]]:
    with run_s3() as create:
        yield create


@pytest.fixture
def bucket(create_bucket: Callable[[], S3Bucket], monkeypatch: pytest.MonkeyPatch) -> S3Bucket:
    created = create_bucket()
    for name, value in created.environ.items():
        monkeypatch.setenv(name, value)
    return created


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """In one language: pages of files offer no other one, for which they would need the app."""
    return {**environ, "FEEDS_INTERFACE": "ko"}


@pytest.fixture
def open_app(folder: Path, environ: dict[str, str]) -> Callable[[], FlaskClient]:
    return lambda: create_app(folder, environ).test_client()


def send(publisher: Publisher, bucket: S3Bucket, *, compress: bool = True, force: bool = False) -> Report:
    """Publish in this process; afterwards `bucket.requests` are those of this run."""
    bucket.requests.clear()
    return send_to(publisher, bucket.store(), bucket.url, compress=compress, force=force)


def send_to(
    publisher: Publisher,
    store: ObjectStore,
    url: str,
    *,
    compress: bool = True,
    force: bool = False,
    dry_run: bool = False,
) -> Report:
    return publish(publisher, Bucket(store, url, compress), 1, no_progress, force=force, dry_run=dry_run)


def paths_by_object(publisher: Publisher) -> dict[str, str]:
    return {object_name(document): f"/{document.path}" for document in publisher.all_representations()}


def assert_equals_app(bucket: S3Bucket, publisher: Publisher, client: FlaskClient) -> None:
    paths = paths_by_object(publisher)
    assert bucket.names() == paths.keys()
    for name, path in paths.items():
        stored, response = bucket.get(name), client.get(path, headers={"Accept-Encoding": "gzip"})
        assert stored.body == response.data, path
        for header in ("Content-Type", "Cache-Control", "Content-Encoding", "Content-Disposition"):
            assert stored.headers[header] == response.headers.get(header), (path, header)
        assert stored.headers["x-amz-meta-etag"] == response.headers["ETag"], path


def test_objects_equal_the_responses_of_the_app(
    open_files: OpenFiles, bucket: S3Bucket, open_app: Callable[[], FlaskClient]
) -> None:
    publisher = open_files(ONE)
    report = send(publisher, bucket)
    assert not report.errors
    assert set(report.sent) == paths_by_object(publisher).keys()
    assert report.objects == len(report.sent)
    assert_equals_app(bucket, publisher, open_app())
    assert gzip.decompress(bucket.get("index.html").body).startswith(b"<!DOCTYPE html>")


def test_unchanged_site_takes_one_request(open_files: OpenFiles, bucket: S3Bucket) -> None:
    publisher = open_files(ONE)
    send(publisher, bucket)
    sent = bucket.sent_names()
    assert sorted(sent) == sorted(bucket.names())
    manifest_writes = bucket.requests.count(Request("PUT", MANIFEST))
    assert manifest_writes < 10  # before, after and now and then in between
    report = send(publisher, bucket)
    assert (report.sent, report.removed) == ((), ())
    assert bucket.requests == [Request("GET", MANIFEST)]


def test_new_day_sends_what_it_affects(
    open_files: OpenFiles, bucket: S3Bucket, open_app: Callable[[], FlaskClient]
) -> None:
    publisher = open_files(ONE)
    send(publisher, bucket)
    before = {name: bucket.get(name).headers["ETag"] for name in bucket.names()}
    publisher = open_files(NEXT)
    report = send(publisher, bucket)
    sent = bucket.sent_names()
    assert sorted(sent) == sorted(report.sent)
    assert {"latest.rss", "2024-01-31.epub", "papers/2401.00003", "2024-01-30", "index.html"} <= set(sent)
    assert not {"papers/2401.00001", "papers/2401.00001.epub", "2024-01-30.epub", "style.css"} & set(sent)
    changed = {name for name in bucket.names() if bucket.get(name).headers["ETag"] != before.get(name)}
    assert changed <= set(sent)
    assert_equals_app(bucket, publisher, open_app())


def test_past_editions_are_sent_again_with_a_longer_max_age(
    open_files: OpenFiles, bucket: S3Bucket, open_app: Callable[[], FlaskClient]
) -> None:
    send(open_files(ONE), bucket)
    assert "max-age=300," in bucket.get("2024-01-30.epub").headers["Cache-Control"]
    publisher = open_files({"2.md": day("2024-04-01", paper("C", "2404.1"))})
    report = send(publisher, bucket)
    assert "2024-01-30.epub" in report.sent
    assert "papers/2401.00001.epub" not in report.sent
    assert_equals_app(bucket, publisher, open_app())


def test_obsolete_objects_are_removed_last_foreign_ones_stay(
    open_files: OpenFiles, bucket: S3Bucket, folder: Path, open_app: Callable[[], FlaskClient]
) -> None:
    send(open_files(ONE | NEXT), bucket)
    bucket.store().put("foreign.txt", b"theirs")
    (folder / "2.md").unlink()
    publisher = open_files({})
    report = send(publisher, bucket)
    assert {"2024-01-31", "2024-01-31.epub", "papers/2401.00003", "papers/2401.00003.bib"} <= set(report.removed)
    *requests, last = bucket.requests
    assert last == Request("PUT", MANIFEST)
    removals = [index for index, request in enumerate(requests) if request.method in ("DELETE", "POST")]
    assert removals
    assert {request.name for request in requests[removals[0] :] if request.method == "PUT"} <= {MANIFEST}
    assert bucket.get("foreign.txt").body == b"theirs"
    bucket.store().delete("foreign.txt")
    assert_equals_app(bucket, publisher, open_app())


def test_documents_are_sent_before_those_that_link_to_them(open_files: OpenFiles, bucket: S3Bucket) -> None:
    publisher = open_files(ONE)
    kinds = {object_name(document): document.kind for document in publisher.all_representations()}
    send(publisher, bucket)
    is_index = [kinds[name] in (Kind.PAGE, Kind.FEED, Kind.CATALOG) for name in bucket.sent_names()]
    assert is_index == sorted(is_index)
    assert any(is_index)
    assert not all(is_index)


def test_request_that_fails_at_times_is_retried(
    open_files: OpenFiles, bucket: S3Bucket, open_app: Callable[[], FlaskClient]
) -> None:
    publisher = open_files(ONE)
    count = iter(range(10**6))
    bucket.on_request = lambda _: 503 if next(count) % 5 == 4 else None
    report = send(publisher, bucket)
    assert not report.errors
    bucket.on_request = lambda _: None
    assert_equals_app(bucket, publisher, open_app())


def test_failed_run_is_continued(open_files: OpenFiles, bucket: S3Bucket, open_app: Callable[[], FlaskClient]) -> None:
    publisher = open_files(ONE)
    bucket.on_request = lambda request: 403 if request.name == "latest.rss" else None
    with pytest.raises(PublishError, match=rf"^{bucket.url}: .*latest\.rss"):
        send(publisher, bucket)
    assert "2024-01-30.epub" in bucket.names()
    bucket.on_request = lambda _: None
    report = send(publisher, bucket)
    assert "2024-01-30.epub" not in report.sent
    assert "latest.rss" in report.sent
    assert_equals_app(bucket, publisher, open_app())


def test_killed_run_leaves_no_wrong_etag(
    open_files: OpenFiles, bucket: S3Bucket, folder: Path, environ: dict[str, str], open_app: Callable[[], FlaskClient]
) -> None:
    publisher = open_files(ONE)
    send(publisher, bucket)
    open_files({"1.md": ONE["1.md"].replace("요약입니다", "고친 요약입니다")})
    bucket.requests.clear()
    is_halfway = threading.Event()
    bucket.on_request = lambda _: is_halfway.set() if len(bucket.requests) > 60 else None
    command: list[str | Path] = [FEEDS, "publish", bucket.url, "--archive", folder, "--processes", "1"]
    with subprocess.Popen(command, env={**os.environ, **environ}, stderr=subprocess.DEVNULL) as process:
        assert is_halfway.wait(60)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    bucket.on_request = lambda _: None
    corrected = {name for name in bucket.names() if "고친".encode() in uncompressed_body(bucket, name)}
    assert corrected
    publisher = open_files(ONE)  # as in the first manifest, but not as in the bucket
    report = send(publisher, bucket)
    assert corrected <= set(report.sent)
    assert_equals_app(bucket, publisher, open_app())


def uncompressed_body(bucket: S3Bucket, name: str) -> bytes:
    stored = bucket.get(name)
    return gzip.decompress(stored.body) if stored.headers["Content-Encoding"] else stored.body


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_second_interrupt_ends_a_run_that_waits_for_a_store(
    folder: Path, environ: dict[str, str], bucket: S3Bucket, method: str
) -> None:
    write_files(folder, ONE)
    is_requested, may_answer = threading.Event(), threading.Event()

    def hang(request: Request) -> None:
        if request.method == method:
            is_requested.set()
            may_answer.wait()

    bucket.on_request = hang
    default_signals = ["env", "--default-signal=INT"]  # the shell that runs the tests may ignore it
    command: list[str | Path] = [*default_signals, FEEDS, "publish", bucket.url, "--archive", folder]
    with subprocess.Popen(
        [*command, "--processes", "2"], env={**os.environ, **environ}, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stderr
            assert is_requested.wait(60)
            process.send_signal(signal.SIGINT)
            assert process.stderr.readline() == b"feeds: stopping; press Ctrl+C again to stop at once\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
            assert b"Traceback" not in process.stderr.read()
        finally:
            process.kill()
            may_answer.set()
    bucket.on_request = lambda _: None
    result = run_feeds("publish", bucket.url, "--archive", folder, environ={**os.environ, **environ})
    assert result.returncode == 0


def test_long_run_writes_the_manifest_in_between(
    open_files: OpenFiles, bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.publishing.publish._MIN_BETWEEN_WRITES", 10)
    publisher = open_files(ONE)
    known_etags: list[int] = []

    def count_etags(request: Request) -> None:
        if request == Request("PUT", MANIFEST) and len(bucket.requests) > 2:
            manifest = json.loads(gzip.decompress(bucket.get(MANIFEST).body))
            known_etags.append(sum(map(bool, manifest.values())))

    bucket.on_request = count_etags
    send(publisher, bucket)
    assert known_etags == sorted(known_etags)
    assert len(known_etags) > 5


def test_concurrent_run_is_noticed(open_files: OpenFiles, bucket: S3Bucket) -> None:
    publisher = open_files(ONE)
    other = bucket.store()

    def write_other_manifest(request: Request) -> None:
        if request.name == "latest.rss":
            bucket.on_request = lambda _: None
            other.put(MANIFEST, gzip.compress(b"{}"))

    bucket.on_request = write_other_manifest
    with pytest.raises(PublishError, match="another run is publishing here; when it has ended, use --force"):
        send(publisher, bucket)
    assert send(publisher, bucket, force=True).sent


def test_lost_response_is_not_taken_for_another_run(open_files: OpenFiles, bucket: S3Bucket) -> None:
    publisher = open_files(ONE)

    def lose_response(request: Request) -> int | None:
        if request != Request("PUT", MANIFEST):
            return None
        bucket.on_request = lambda _: None
        return bucket.DONE_BUT_503

    bucket.on_request = lose_response
    assert not send(publisher, bucket).errors


def test_force_or_a_corrupt_manifest_sends_everything(open_files: OpenFiles, bucket: S3Bucket) -> None:
    publisher = open_files(ONE)
    everything = send(publisher, bucket).sent
    assert set(send(publisher, bucket, force=True).sent) == set(everything)
    bucket.store().put(MANIFEST, b"no manifest")
    assert set(send(publisher, bucket).sent) == set(everything)
    assert send(publisher, bucket).sent == ()


@pytest.mark.parametrize("kind", ["bucket", "folder"])
def test_foreign_objects_are_overwritten_only_with_force(
    open_files: OpenFiles, bucket: S3Bucket, tmp_path: Path, kind: str
) -> None:
    publisher, url = open_files(ONE), bucket.url if kind == "bucket" else (tmp_path / "out").as_uri()
    store = open_store(url)
    store.put("index.html", b"theirs")
    for dry_run in (False, True):
        with pytest.raises(PublishError, match=f"^{url}: contains index.html, but no manifest; --force overwrites it"):
            send_to(publisher, store, url, compress=False, dry_run=dry_run)
    assert bytes(store.get("index.html").bytes()) == b"theirs"
    assert send_to(publisher, store, url, compress=False, force=True).sent
    assert bytes(store.get("index.html").bytes()).startswith(b"<!DOCTYPE html>")


def test_uncompressed_objects_equal_the_app(
    open_files: OpenFiles, bucket: S3Bucket, open_app: Callable[[], FlaskClient]
) -> None:
    publisher = open_files(ONE)
    everything = send(publisher, bucket).sent
    assert set(send(publisher, bucket, compress=False).sent) == set(everything)
    stored = bucket.get("latest.rss")
    assert stored.headers["Content-Encoding"] is None
    response = open_app().get("/latest.rss")
    assert stored.body == response.data
    assert stored.headers["x-amz-meta-etag"] == response.headers["ETag"]


def test_dry_run_lists_changes_and_makes_none(
    open_files: OpenFiles, bucket: S3Bucket, folder: Path, environ: dict[str, str]
) -> None:
    send(open_files(ONE), bucket)
    open_files(NEXT)
    (folder / "1.md").unlink()
    bucket.requests.clear()
    result = run_feeds("publish", bucket.url, "--dry-run", "--archive", folder, environ={**os.environ, **environ})
    assert result.returncode == 0
    assert bucket.requests == [Request("GET", MANIFEST)]
    lines = result.stdout.decode().splitlines()
    report = send(open_files({}), bucket)
    expected = [f"send {name}" for name in report.sent] + [f"remove {name}" for name in report.removed]
    assert sorted(lines) == sorted(expected)


def forget(environ: Mapping[str, str]) -> None:
    """Delete the index, which would show what is gone all at once as last read."""
    Path(environ["FEEDS_INDEX"]).unlink()


def test_removal_of_more_than_a_fifth_needs_force(
    open_files: OpenFiles, bucket: S3Bucket, folder: Path, environ: dict[str, str]
) -> None:
    days = {f"{number}.md": day(f"2024-01-{number}", paper(f"P{number}", f"2401.{number}")) for number in range(10, 28)}
    published = len(send(open_files(days), bucket).sent)
    for name in list(days)[:-1]:
        (folder / name).unlink()
    forget(environ)
    publisher = open_files({})
    before = bucket.names()
    with pytest.raises(PublishError, match=f"^{bucket.url}: would remove [0-9]+ of {published} objects; .*--force$"):
        send(publisher, bucket)
    assert bucket.requests == [Request("GET", MANIFEST)]
    result = run_feeds("publish", bucket.url, "--dry-run", "--archive", folder, environ={**os.environ, **environ})
    assert result.returncode == 1
    assert b"remove 2024-01-20.epub\n" in result.stdout
    assert f"feeds: {bucket.url}: would remove " in result.stderr.decode()
    assert bucket.names() == before
    assert "2024-01-20.epub" in send(publisher, bucket, force=True).removed


def test_removal_of_less_than_a_fifth_needs_no_force(open_files: OpenFiles, bucket: S3Bucket, folder: Path) -> None:
    days = {f"{number}.md": day(f"2024-01-{number}", paper(f"P{number}", f"2401.{number}")) for number in range(20, 30)}
    send(open_files(days), bucket)
    (folder / "25.md").unlink()
    assert "2024-01-25.epub" in send(open_files({}), bucket).removed


def test_archive_without_a_day_is_not_published(
    open_files: OpenFiles, bucket: S3Bucket, folder: Path, environ: dict[str, str]
) -> None:
    send(open_files(ONE), bucket)
    (folder / "1.md").unlink()
    forget(environ)
    publisher, before = open_files({}), bucket.names()
    for force in (False, True):
        with pytest.raises(PublishError, match=f"^{folder}: no day found; .*; nothing was sent or removed$"):
            send(publisher, bucket, force=force)
    assert bucket.names() == before


class BrokenExporter:
    """Fails for one paper until it is mended."""

    name = "broken"
    suffix = ".broken"
    media_type = "text/plain"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    is_broken = True

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        if self.is_broken and edition.key.text == "papers/2401.00001":
            raise ValueError("not this one")
        yield context.site.title.encode()


def test_failing_exporter_costs_only_its_object(open_files: OpenFiles, bucket: S3Bucket) -> None:
    opened, exporter = open_files(ONE), BrokenExporter()
    formats = Registry([*opened.formats, describe(exporter)])
    publisher = Publisher(opened.archive, formats, opened.site, opened.store)
    report = send(publisher, bucket)
    name = "papers/2401.00001.broken"
    (error,) = report.errors
    assert error.startswith(f"{name}: the exporter broken of plug-in 1.0 failed at tests/publishing/test_publish.py:")
    assert error.endswith(": ValueError: not this one; the log has the traceback")
    assert bucket.names() == paths_by_object(publisher).keys() - {name}
    exporter.is_broken = False
    assert send(publisher, bucket).sent == (name,)


def test_files_that_change_during_a_run_end_in_one_state(
    open_files: OpenFiles, bucket: S3Bucket, open_app: Callable[[], FlaskClient]
) -> None:
    publisher = open_files(ONE)

    def add_day(request: Request) -> None:
        if request.name == "2024-01.epub":
            bucket.on_request = lambda _: None
            open_files(NEXT)

    bucket.on_request = add_day
    send(publisher, bucket)
    assert "2024-01-31" in bucket.names()
    assert_equals_app(bucket, publisher, open_app())


def test_folder_gets_the_files_of_a_build(open_files: OpenFiles, tmp_path: Path) -> None:
    publisher = open_files(ONE)
    url = (tmp_path / "published").as_uri()
    for _ in range(2):
        send_to(publisher, open_store(url), url)
    build(publisher, tmp_path / "built", (), 1, no_progress)
    published = read_files(tmp_path / "published")
    del published[MANIFEST]
    assert published == read_files(tmp_path / "built")


def test_folder_in_the_archive_is_refused(open_files: OpenFiles, folder: Path) -> None:
    publisher, url = open_files(ONE), (folder / "published").as_uri()
    with pytest.raises(PublishError, match="lies in the archive"):
        send_to(publisher, open_store(url), url)


def test_memory_store_is_filled(open_files: OpenFiles) -> None:
    publisher, store = open_files(ONE), MemoryStore()
    assert send_to(publisher, store, "memory://").sent
    assert not send_to(publisher, store, "memory://").sent


@pytest.mark.parametrize(
    ("url", "code", "message"),
    [
        ("ftp://host/path", 2, "not the URL of a store; write one that begins with s3://, gs://, az://, file://"),
        ("/some/folder", 2, "not the URL of a store; write one that begins with s3://"),
        ("s3://no-such-bucket", 1, "there is no such bucket"),
        ("s3://", 2, "has no bucket; write its name, as in s3://papers"),
        ("file://", 2, "write the absolute path of a folder"),
        ("file:///", 2, "write the absolute path of a folder"),
        ("file:///tmp/%2e./", 2, "write the absolute path of a folder"),
        ("file://papers/site", 2, "write the absolute path of a folder"),
        ("file:///no/such?x", 2, "the URL of a store cannot contain ?"),
        ("s3://papers#x", 2, "the URL of a store cannot contain #"),
        ("az://x/y", 1, "there are no credentials; set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"),
    ],
)
def test_wrong_url_is_one_line(
    bucket: S3Bucket, folder: Path, environ: dict[str, str], url: str, code: int, message: str
) -> None:
    write_files(folder, ONE)
    variables = {**os.environ, **environ, **bucket.environ}
    result = run_feeds("publish", url, "--archive", folder, environ=variables)
    assert result.returncode == code
    assert result.stderr.decode().startswith(f"feeds: {url}: {message}")
    assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize("value", ["nonsense", "127.0.0.1:9000", "http://", "http://127.0.0.1:abc", "http://a b"])
def test_endpoint_that_is_not_a_url_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", value)
    with pytest.raises(FeedsError, match=f"^AWS_ENDPOINT_URL: '{value}' is not a URL; write one like "):
        open_store("s3://papers")


@pytest.mark.parametrize("value", ["http://127.0.0.1:9000", "http://[::1]:9000/", "https://s3.example.org/store"])
def test_endpoint_may_have_a_port_and_a_path(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", value)
    assert open_store("s3://papers")


def test_panic_of_the_store_is_one_line(
    bucket: S3Bucket, folder: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_REGION", "a b")  # which makes an invalid host name
    result = run_feeds("publish", bucket.url, "--archive", folder, environ={**os.environ, **environ})
    assert (result.returncode, b"Traceback" in result.stderr) == (1, False)
    assert result.stderr.decode().splitlines()[-1].startswith(f"feeds: {bucket.url}: request valid: InvalidUri")


def test_error_of_a_removal_is_short(open_files: OpenFiles, bucket: S3Bucket, environ: dict[str, str]) -> None:
    send(open_files(ONE | NEXT), bucket)
    forget(environ)
    publisher = open_files({"1.md": ""})
    bucket.on_request = lambda request: 403 if request.method == "POST" else None
    hint = "if the credentials are wrong, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    with pytest.raises(PublishError, match=f"403 Forbidden.*; {hint}") as raised:
        send(publisher, bucket, force=True)
    assert len(str(raised.value)) < 700
    bucket.on_request = lambda _: None
    assert send(publisher, bucket, force=True).removed


def test_missing_credentials_name_the_variables(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, ONE)
    with run_image_server() as server:  # which answers 404, as a metadata service without a role does
        variables = environ | {"AWS_METADATA_ENDPOINT": server.url("/", "127.0.0.1").rstrip("/")}
        result = run_feeds("publish", "s3://papers", "--archive", folder, environ=variables)
    assert result.returncode == 1
    variables_to_set = (
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for a store other than Amazon's also AWS_ENDPOINT_URL"
    )
    assert result.stderr.decode() == f"feeds: s3://papers: there are no credentials; set {variables_to_set}\n"


def test_unknown_scheme_is_refused() -> None:
    with pytest.raises(FeedsError, match="not the URL of a store"):
        open_store("http://127.0.0.1/bucket")
