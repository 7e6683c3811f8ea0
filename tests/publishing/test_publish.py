"""`feeds publish`: what buckets hold, in which order it gets there, and how little is asked for."""

import gzip
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from obstore.store import MemoryStore, ObjectStore

from feeds.archive.archive import in_silence
from feeds.archive.edition import Edition
from feeds.errors import FeedsError, PublishError
from feeds.exporters.contract import CUTS, Kind
from feeds.exporters.registry import Registered, Registry
from feeds.publishing import bucket as buckets
from feeds.publishing import publish
from feeds.publishing.build import build
from feeds.publishing.publisher import Catalog
from feeds.site.site import Site
from tests.cli.test_cli import feeds
from tests.support.buckets import Asked, Bucket, s3
from tests.support.digests import OpenFiles, day, paper, write_files
from tests.support.servers import FEEDS
from web import create_app

pytestmark = pytest.mark.external

ONE = {
    "1.md": day(
        "2024-01-30", paper("확산 모델", "2401.1", votes="Vote: 3", summary="- 요약입니다."), paper("B", "2401.2")
    )
}
NEXT = {"2.md": day("2024-01-31", paper("C", "2401.3"))}


@pytest.fixture(scope="module")
def new_bucket() -> Iterator[Callable[[], Bucket]]:
    with s3() as new:
        yield new


@pytest.fixture
def bucket(new_bucket: Callable[[], Bucket], monkeypatch: pytest.MonkeyPatch) -> Bucket:
    found = new_bucket()
    for name, value in found.environ.items():
        monkeypatch.setenv(name, value)
    return found


def send(catalog: Catalog, bucket: Bucket, *, is_coded: bool = True, again: bool = False) -> publish.Report:
    """Publish in this process; the requests are those of this run alone."""
    bucket.asked.clear()
    return publish_to(catalog, bucket.store(), bucket.url, is_coded=is_coded, again=again)


def publish_to(
    catalog: Catalog, store: ObjectStore, url: str, *, is_coded: bool = True, again: bool = False
) -> publish.Report:
    return publish.publish(catalog, buckets.Bucket(store, url, is_coded), again, 1, in_silence)


def addresses(catalog: Catalog) -> dict[str, str]:
    """List the paths of all publications by the names of their objects."""
    return {buckets.object_name(each): f"/{each.path}" for each in catalog}


def assert_is_what_the_app_answers(bucket: Bucket, catalog: Catalog, client: FlaskClient) -> None:
    expected = addresses(catalog)
    assert bucket.names() == expected.keys()
    for name, path in expected.items():
        held, answer = bucket.get(name), client.get(path, headers={"Accept-Encoding": "gzip"})
        assert held.body == answer.data, path
        for header in ("Content-Type", "Cache-Control", "Content-Encoding", "Content-Disposition"):
            assert held.headers[header] == answer.headers.get(header), (path, header)
        assert held.headers["x-amz-meta-etag"] == answer.headers["ETag"], path


@pytest.fixture
def app(folder: Path, environ: dict[str, str]) -> Callable[[], FlaskClient]:
    return lambda: create_app(folder, environ).test_client()


def test_objects_are_what_the_app_answers(
    open_files: OpenFiles, bucket: Bucket, app: Callable[[], FlaskClient]
) -> None:
    catalog = open_files(ONE)
    report = send(catalog, bucket)
    assert not report.errors
    assert set(report.sent) == addresses(catalog).keys()
    assert report.objects == len(report.sent)
    assert_is_what_the_app_answers(bucket, catalog, app())
    assert gzip.decompress(bucket.get("index.html").body).startswith(b"<!DOCTYPE html>")


def test_nothing_new_takes_one_request(open_files: OpenFiles, bucket: Bucket) -> None:
    catalog = open_files(ONE)
    send(catalog, bucket)
    put = [each.name for each in bucket.asked if each.method == "PUT" and each.name != buckets.MANIFEST]
    assert sorted(put) == sorted(bucket.names())
    assert bucket.count("PUT") < len(put) + 10  # the manifest: before, after and now and then in between
    report = send(catalog, bucket)
    assert (report.sent, report.removed) == ((), ())
    assert bucket.asked == [Asked("GET", buckets.MANIFEST)]


def test_a_new_day_sends_what_it_touches(open_files: OpenFiles, bucket: Bucket, app: Callable[[], FlaskClient]) -> None:
    catalog = open_files(ONE)
    send(catalog, bucket)
    before = {name: bucket.get(name).headers["ETag"] for name in bucket.names()}
    catalog = open_files(NEXT)
    report = send(catalog, bucket)
    sent = [each.name for each in bucket.asked if each.method == "PUT" and each.name != buckets.MANIFEST]
    assert sorted(sent) == sorted(report.sent)
    assert {"latest.rss", "2024-01-31.epub", "papers/2401.00003", "2024-01-30", "index.html"} <= set(sent)
    assert not {"papers/2401.00001", "papers/2401.00001.epub", "2024-01-30.epub", "style.css"} & set(sent)
    changed = {name for name in bucket.names() if bucket.get(name).headers["ETag"] != before.get(name)}
    assert changed <= set(sent)
    assert_is_what_the_app_answers(bucket, catalog, app())


def test_what_has_become_past_is_sent_again_with_a_longer_time(
    open_files: OpenFiles, bucket: Bucket, app: Callable[[], FlaskClient]
) -> None:
    send(open_files(ONE), bucket)
    assert "max-age=300," in bucket.get("2024-01-30.epub").headers["Cache-Control"]
    catalog = open_files({"2.md": day("2024-04-01", paper("C", "2404.1"))})
    report = send(catalog, bucket)
    assert "2024-01-30.epub" in report.sent
    assert "papers/2401.00001.epub" not in report.sent
    assert_is_what_the_app_answers(bucket, catalog, app())


def test_what_is_gone_is_removed_last_and_what_is_of_others_stays(
    open_files: OpenFiles, bucket: Bucket, folder: Path, app: Callable[[], FlaskClient]
) -> None:
    send(open_files(ONE | NEXT), bucket)
    bucket.store().put("of-others.txt", b"theirs")
    (folder / "2.md").unlink()
    catalog = open_files({})
    report = send(catalog, bucket)
    assert {"2024-01-31", "2024-01-31.epub", "papers/2401.00003", "papers/2401.00003.rss"} <= set(report.removed)
    *work, end = bucket.asked
    assert end == Asked("PUT", buckets.MANIFEST)
    removing = [at for at, each in enumerate(work) if each.method in ("DELETE", "POST")]
    assert removing
    assert {each.name for each in work[removing[0] :] if each.method == "PUT"} <= {buckets.MANIFEST}
    assert bucket.get("of-others.txt").body == b"theirs"
    bucket.store().delete("of-others.txt")
    assert_is_what_the_app_answers(bucket, catalog, app())


def test_what_leads_to_books_comes_after_them(open_files: OpenFiles, bucket: Bucket) -> None:
    catalog = open_files(ONE)
    kinds = {buckets.object_name(each): each.format.kind for each in catalog}
    send(catalog, bucket)
    sent = [kinds[each.name] for each in bucket.asked if each.method == "PUT" and each.name in kinds]
    leading = [kind in (Kind.PAGE, Kind.FEED, Kind.CATALOG) for kind in sent]
    assert leading == sorted(leading)
    assert any(leading)
    assert not all(leading)


def test_a_store_that_fails_now_and_then_is_asked_again(
    open_files: OpenFiles, bucket: Bucket, app: Callable[[], FlaskClient]
) -> None:
    catalog = open_files(ONE)
    turn = iter(range(10**6))
    bucket.on_request = lambda _: 503 if next(turn) % 5 == 4 else None
    report = send(catalog, bucket)
    assert not report.errors
    bucket.on_request = lambda _: None
    assert_is_what_the_app_answers(bucket, catalog, app())


def test_a_run_that_fails_is_gone_on_with(
    open_files: OpenFiles, bucket: Bucket, app: Callable[[], FlaskClient]
) -> None:
    catalog = open_files(ONE)
    bucket.on_request = lambda each: 403 if each.name == "latest.rss" else None
    with pytest.raises(PublishError, match=rf"^{bucket.url}: .*latest\.rss"):
        send(catalog, bucket)
    assert "2024-01-30.epub" in bucket.names()
    bucket.on_request = lambda _: None
    report = send(catalog, bucket)
    assert "2024-01-30.epub" not in report.sent
    assert "latest.rss" in report.sent
    assert_is_what_the_app_answers(bucket, catalog, app())


def test_a_run_that_is_killed_leaves_no_tag_that_is_wrong(
    open_files: OpenFiles, bucket: Bucket, folder: Path, environ: dict[str, str], app: Callable[[], FlaskClient]
) -> None:
    catalog = open_files(ONE)
    send(catalog, bucket)
    open_files({"1.md": ONE["1.md"].replace("요약입니다", "고친 요약입니다")})
    bucket.asked.clear()
    half = threading.Event()
    bucket.on_request = lambda _: half.set() if len(bucket.asked) > 60 else None
    command: list[str | Path] = [FEEDS, "publish", bucket.url, "--archive", folder, "--processes", "1"]
    with subprocess.Popen(command, env={**os.environ, **environ}, stderr=subprocess.DEVNULL) as process:
        assert half.wait(60)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    bucket.on_request = lambda _: None
    corrected = {name for name in bucket.names() if "고친".encode() in _unpacked(bucket, name)}
    assert corrected
    catalog = open_files(ONE)  # as it was: what was sent of the other is not what the first manifest said
    report = send(catalog, bucket)
    assert corrected <= set(report.sent)
    assert_is_what_the_app_answers(bucket, catalog, app())


def _unpacked(bucket: Bucket, name: str) -> bytes:
    held = bucket.get(name)
    return gzip.decompress(held.body) if held.headers["Content-Encoding"] else held.body


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_the_second_interrupt_ends_what_waits_for_a_store(
    folder: Path, environ: dict[str, str], bucket: Bucket, method: str
) -> None:
    write_files(folder, ONE)
    asked, answers = threading.Event(), threading.Event()

    def hang(request: Asked) -> None:
        if request.method == method:
            asked.set()
            answers.wait()

    bucket.on_request = hang
    heeding = ["env", "--default-signal=INT"]  # which whoever runs the tests may have turned off
    command: list[str | Path] = [*heeding, FEEDS, "publish", bucket.url, "--archive", folder, "--processes", "2"]
    with subprocess.Popen(command, env={**os.environ, **environ}, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr
            assert asked.wait(60)
            process.send_signal(signal.SIGINT)
            assert process.stderr.readline() == b"feeds: stopping; Ctrl-C again does so at once\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
            assert b"Traceback" not in process.stderr.read()
        finally:
            process.kill()
            answers.set()
    bucket.on_request = lambda _: None
    result = feeds("publish", bucket.url, "--archive", folder, environ={**os.environ, **environ})
    assert result.returncode == 0


def test_a_long_run_notes_what_is_done(open_files: OpenFiles, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "_FEW", 10)
    catalog = open_files(ONE)
    noted: list[int] = []

    def look(each: Asked) -> None:
        if each.name == buckets.MANIFEST and each.method == "PUT" and len(bucket.asked) > 2:
            tags = json.loads(gzip.decompress(bucket.get(buckets.MANIFEST).body))
            noted.append(sum(map(bool, tags.values())))

    bucket.on_request = look
    send(catalog, bucket)
    assert noted == sorted(noted)
    assert len(noted) > 5


def test_two_runs_at_once_notice_each_other(open_files: OpenFiles, bucket: Bucket) -> None:
    catalog = open_files(ONE)
    other = bucket.store()

    def step_in(each: Asked) -> None:
        if each.name == "latest.rss":
            bucket.on_request = lambda _: None
            other.put(buckets.MANIFEST, gzip.compress(b"{}"))

    bucket.on_request = step_in
    with pytest.raises(PublishError, match="another run is at work here; when it has ended, use --again"):
        send(catalog, bucket)
    assert send(catalog, bucket, again=True).sent


def test_an_answer_that_was_lost_is_no_other_run(open_files: OpenFiles, bucket: Bucket) -> None:
    catalog = open_files(ONE)

    def lose(each: Asked) -> int | None:
        if each != Asked("PUT", buckets.MANIFEST):
            return None
        bucket.on_request = lambda _: None
        return bucket.DONE_BUT_503

    bucket.on_request = lose
    assert not send(catalog, bucket).errors


def test_everything_is_sent_again_if_asked_or_if_the_manifest_is_broken(open_files: OpenFiles, bucket: Bucket) -> None:
    catalog = open_files(ONE)
    everything = send(catalog, bucket).sent
    assert set(send(catalog, bucket, again=True).sent) == set(everything)
    bucket.store().put(buckets.MANIFEST, b"no manifest")
    assert set(send(catalog, bucket).sent) == set(everything)
    assert send(catalog, bucket).sent == ()


@pytest.mark.parametrize("kind", ["bucket", "folder"])
def test_what_others_wrote_is_written_over_only_if_asked(
    open_files: OpenFiles, bucket: Bucket, tmp_path: Path, kind: str
) -> None:
    catalog, url = open_files(ONE), bucket.url if kind == "bucket" else (tmp_path / "out").as_uri()
    store = buckets.open_store(url)
    store.put("index.html", b"theirs")
    said = f"^{url}: holds index.html, but no manifest of ours; --again writes over it"
    with pytest.raises(PublishError, match=said):
        publish_to(catalog, store, url, is_coded=False)
    with pytest.raises(PublishError, match=said):
        publish.plan_only(catalog, buckets.Bucket(store, url, is_coded=False), again=False)
    assert bytes(store.get("index.html").bytes()) == b"theirs"
    assert publish_to(catalog, store, url, is_coded=False, again=True).sent
    assert bytes(store.get("index.html").bytes()).startswith(b"<!DOCTYPE html>")


def test_plain_texts_have_no_coding(open_files: OpenFiles, bucket: Bucket, app: Callable[[], FlaskClient]) -> None:
    catalog = open_files(ONE)
    everything = send(catalog, bucket).sent
    assert set(send(catalog, bucket, is_coded=False).sent) == set(everything)
    held = bucket.get("latest.rss")
    assert held.headers["Content-Encoding"] is None
    answer = app().get("/latest.rss")
    assert held.body == answer.data
    assert held.headers["x-amz-meta-etag"] == answer.headers["ETag"]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    open_files: OpenFiles, bucket: Bucket, folder: Path, environ: dict[str, str]
) -> None:
    send(open_files(ONE), bucket)
    catalog = open_files(NEXT)
    (folder / "1.md").unlink()
    bucket.asked.clear()
    told = feeds("publish", bucket.url, "--dry-run", "--archive", folder, environ={**os.environ, **environ})
    assert told.returncode == 0
    assert bucket.asked == [Asked("GET", buckets.MANIFEST)]
    lines = told.stdout.decode().splitlines()
    catalog = open_files({})
    report = send(catalog, bucket)
    expected = [f"send {each}" for each in report.sent] + [f"remove {each}" for each in report.removed]
    assert sorted(lines) == sorted(expected)


class _Broken:
    """A format that fails for one paper, as long as it is `broken`."""

    name = "broken"
    suffix = ".broken"
    media_type = "text/plain"
    kind = Kind.FILE
    scopes = CUTS
    broken = True

    def render(self, edition: Edition, _: Site) -> Iterator[bytes]:
        """Fail."""
        if self.broken and edition.key.text == "papers/2401.00001":
            raise ValueError("not this one")
        yield b"fine"


def test_a_document_that_cannot_be_rendered_costs_no_other(open_files: OpenFiles, bucket: Bucket) -> None:
    catalog, format_ = open_files(ONE), _Broken()
    registry = Registry([*catalog.registry, Registered(format_, "a test")])
    catalog = Catalog(catalog.archive, registry, replace(catalog.site, formats=()), catalog.store)
    report = send(catalog, bucket)
    assert report.errors == ("papers/2401.00001.broken: broken of a test failed: ValueError: not this one",)
    assert bucket.names() == addresses(catalog).keys() - {"papers/2401.00001.broken"}
    format_.broken = False
    assert send(catalog, bucket).sent == ("papers/2401.00001.broken",)


def test_files_that_change_meanwhile_end_up_in_one_state(
    open_files: OpenFiles, bucket: Bucket, app: Callable[[], FlaskClient]
) -> None:
    catalog = open_files(ONE)

    def change(each: Asked) -> None:
        if each.name == "2024-01.epub":
            bucket.on_request = lambda _: None
            open_files(NEXT)

    bucket.on_request = change
    send(catalog, bucket)
    assert "2024-01-31" in bucket.names()
    assert_is_what_the_app_answers(bucket, catalog, app())


def test_a_folder_gets_the_files_of_a_build(open_files: OpenFiles, tmp_path: Path) -> None:
    catalog = open_files(ONE)
    url = (tmp_path / "published").as_uri()
    for _ in range(2):
        publish_to(catalog, buckets.open_store(url), url)
    build(catalog, tmp_path / "built", (), 1, in_silence)

    def files(root: Path) -> dict[str, bytes]:
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    published = files(tmp_path / "published")
    del published[buckets.MANIFEST]
    assert published == files(tmp_path / "built")


def test_nothing_is_published_into_the_archive(open_files: OpenFiles, folder: Path) -> None:
    catalog, url = open_files(ONE), (folder / "published").as_uri()
    with pytest.raises(PublishError, match="lies in the archive"):
        publish_to(catalog, buckets.open_store(url), url)


def test_a_store_in_memory_has_it_all(open_files: OpenFiles) -> None:
    catalog, store = open_files(ONE), MemoryStore()
    assert publish_to(catalog, store, "memory://").sent
    assert not publish_to(catalog, store, "memory://").sent


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("ftp://host/path", 2, "feeds: ftp://host/path: give an address that begins with s3://, gs://, az://, file://"),
        ("/some/folder", 2, "feeds: /some/folder: give an address that begins with s3://"),
        ("s3://no-such-bucket", 1, "feeds: s3://no-such-bucket: there is no such bucket"),
        ("s3://", 1, "feeds: s3://: Generic URL error"),
        ("file://", 2, "feeds: file://: name a folder with its whole path"),
        ("file:///", 2, "feeds: file:///: name a folder with its whole path"),
        ("file:///tmp/%2e./", 2, "feeds: file:///tmp/%2e./: name a folder with its whole path"),
        ("file://papers/site", 2, "feeds: file://papers/site: name a folder with its whole path"),
        ("file:///no/such?x", 2, "feeds: file:///no/such?x: no address of a store has a ? in it"),
        ("s3://papers#x", 2, "feeds: s3://papers#x: no address of a store has a # in it"),
        ("az://x/y", 1, "feeds: az://x/y: Generic MicrosoftAzure error: Account must be specified"),
    ],
)
def test_a_wrong_address_is_one_line(
    bucket: Bucket, folder: Path, environ: dict[str, str], url: str, code: int, said: str
) -> None:
    result = feeds("publish", url, "--archive", folder, environ={**os.environ, **environ, **bucket.environ})
    assert result.returncode == code
    assert result.stderr.decode().startswith(said)
    assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize("value", ["nonsense", "127.0.0.1:9000", "http://", "http://127.0.0.1:abc", "http://a b"])
def test_an_endpoint_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", value)
    with pytest.raises(FeedsError, match=f"^AWS_ENDPOINT_URL: an address like .*, not '{value}'$"):
        buckets.open_store("s3://papers")


@pytest.mark.parametrize("value", ["http://127.0.0.1:9000", "http://[::1]:9000/", "https://s3.example.org/store"])
def test_an_endpoint_may_have_a_port_and_a_path(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", value)
    assert buckets.open_store("s3://papers")


def test_a_store_that_panics_is_one_line(
    bucket: Bucket, folder: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_REGION", "a b")  # then the host has no name that could be asked for
    result = feeds("publish", bucket.url, "--archive", folder, environ={**os.environ, **environ})
    assert (result.returncode, b"Traceback" in result.stderr) == (1, False)
    assert result.stderr.decode().splitlines()[-1].startswith(f"feeds: {bucket.url}: request valid: InvalidUri")


def test_what_cannot_be_removed_is_said_in_short(open_files: OpenFiles, bucket: Bucket) -> None:
    send(open_files(ONE | NEXT), bucket)
    catalog = open_files({"1.md": "", "2.md": ""})
    bucket.on_request = lambda asked: 403 if asked.method == "POST" else None
    with pytest.raises(PublishError, match="403 Forbidden") as caught:
        send(catalog, bucket)
    assert len(str(caught.value)) < 500
    bucket.on_request = lambda _: None
    assert send(catalog, bucket).removed


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(FeedsError, match="give an address"):
        buckets.open_store("http://127.0.0.1/bucket")
