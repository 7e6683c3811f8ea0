"""The `feeds` command, run as a person runs it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support import archives
from tests.support.digests import ROOT, SEEDS, day, paper, write_files
from tests.support.image_server import Response, make_png, run_image_server
from tests.support.servers import FEEDS, eventually, serving

pytestmark = pytest.mark.external


def feeds(*arguments: str | Path, environ: dict[str, str]) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [FEEDS, *arguments], env=environ | {"PATH": os.environ["PATH"]}, capture_output=True, check=False, cwd=ROOT
    )


def test_export_writes_to_a_file_and_to_a_pipe(environ: dict[str, str], tmp_path: Path) -> None:
    piped = feeds("export", "json", "2024-01-30", environ=environ)
    assert piped.returncode == 0
    assert len(json.loads(piped.stdout)["items"]) == 11
    written = feeds("export", "json", "2024-01-30", "-o", tmp_path / "a.json", environ=environ)
    assert (written.returncode, written.stdout, written.stderr) == (0, b"", b"")
    assert (tmp_path / "a.json").read_bytes() == piped.stdout
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_export_takes_search_parameters_as_options(environ: dict[str, str]) -> None:
    found = feeds("export", "json", "--q", "확산", "--min-votes", "10", "--order", "votes", environ=environ)
    titles = [item["title"] for item in json.loads(found.stdout)["items"]]
    assert titles
    assert titles[0].startswith("Motion-I2V")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "pdf"], "'pdf' is none of html, rss"),
        (["export", "rss", "2031-01-01"], "2031-01-01: the archive holds no such day; it reaches from 2024-01-30"),
        (["export", "rss", "nonsense"], "nonsense: no edition that rss offers"),
        (["export", "epub", "daily"], "daily: no edition that epub offers"),
        (["export", "rss", "--min-votes", "x"], "min_votes: a number from 0"),
        (["export", "rss", "2024", "--q", "x"], "--q goes with the key search"),
        (["export", "rss", "--archive", "nowhere"], "nowhere: no such folder"),
        (["export", "rss", "-o", "/nonexistent/x.rss"], "/nonexistent/x.rss: No such file"),
        (["serve", "--port", "99999"], "99999"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_to_do(environ: dict[str, str], arguments: list[str], said: str) -> None:
    result = feeds(*arguments, environ=environ)
    assert result.returncode == 2
    assert said in result.stderr.decode()
    assert b"Traceback" not in result.stderr


def test_images_are_fetched_once_for_the_books(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    environ = environ | {"FEEDS_ARCHIVE": str(folder), "FEEDS_IMAGES": str(tmp_path / "store")}
    with run_image_server() as server:
        server.routes = {"/a.png": [Response(body=make_png())]}
        there, missing = (server.url(path, "127.0.0.1") for path in ("/a.png", "/b.png"))
        listed = [
            paper(title, number, media=f"![]({url})")
            for title, number, url in [("A", "1.1", there), ("B", "1.2", missing)]
        ]
        write_files(folder, {"1.md": day("2024-01-30", *listed)})
        refused = feeds("images", environ=environ)
        assert (refused.returncode, server.connections) == (0, 0)
        assert b"127.0.0.1, which is not a public address" in refused.stderr
        bare = feeds("export", "epub", "2024-01-30", environ=environ).stdout
        allowed = environ | {"FEEDS_PRIVATE_IMAGES": "true"}
        first = feeds("images", "--again", environ=allowed)
        assert (first.returncode, first.stdout) == (0, b"")
        assert first.stderr.decode().splitlines() == [
            f"{missing}: HTTP status 404",
            "pictures: fetched 1, unchanged 0, failed 1, waiting 0",
        ]
        second = feeds("images", environ=allowed)
        assert second.stderr == b"pictures: fetched 0, unchanged 1, failed 0, waiting 1\n"
        assert server.count_requests("/a.png") == 1
    assert len(feeds("export", "epub", "2024-01-30", environ=environ).stdout) > len(bare)


def test_a_store_that_cannot_be_written_ends_the_run_with_1(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"1.md": day("2024-01-30", paper("A", "1.1", media="![](http://127.0.0.1:9/a.png)"))})
    result = feeds("images", folder, environ=environ | {"FEEDS_IMAGES": "/proc/nowhere"})
    assert result.returncode == 1
    assert b"cannot use the picture store" in result.stderr
    assert result.stderr.count(b"\n") == 1


def test_init_writes_settings_that_change_nothing_and_replaces_none(folder: Path, environ: dict[str, str]) -> None:
    assert feeds("init", folder, environ=environ).returncode == 0
    assert "# base_url" in (folder / "feeds.toml").read_text(encoding="utf-8")
    assert feeds("check", folder, environ=environ).returncode == 0
    again = feeds("init", folder, environ=environ)
    assert (again.returncode, b"there already" in again.stderr) == (2, True)
    missing = feeds("init", folder / "none", environ=environ)
    assert (missing.returncode, b"No such file" in missing.stderr) == (2, True)


def test_check_names_the_lines_of_wrong_settings_and_reads_the_days(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"1.md": day("2024-01-30", paper("A", "2401.1", votes="Vote: x"))})
    (folder / "feeds.toml").write_text('title = "x"\nlatest_day = 3\n', encoding="utf-8")
    result = feeds("check", folder, environ=environ)
    assert result.returncode == 1
    settings, votes = result.stdout.decode().splitlines()
    assert settings == f"{folder}/feeds.toml:2: error: latest_day: no such setting; did you mean latest_days?"
    assert votes.startswith(f"{folder}/1.md:")
    assert b"days: 1, papers: 1" in result.stderr


def test_check_names_file_and_line_and_ends_with_1_for_an_error(folder: Path, environ: dict[str, str]) -> None:
    assert feeds("check", environ=environ).returncode == 0
    write_files(folder, {"a/b.md": day("2024-01-30", paper("A", "2401.1", votes="Vote: x"), "### [Bad]()\n")})
    result = feeds("check", folder, environ=environ)
    assert result.returncode == 1
    assert [line.split(": ")[:2] for line in result.stdout.decode().splitlines()] == [
        [f"{folder}/a/b.md:5", "error"],
        [f"{folder}/a/b.md:7", "error"],
    ]
    assert result.stderr.decode() == "days: 1, papers: 1, errors: 2, warnings: 0\n"


def test_a_warning_ends_with_0(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"a.md": "Hello\n\n" + day("2024-01-30", paper())})
    result = feeds("check", folder, environ=environ)
    assert (result.returncode, result.stdout.decode()) == (
        0,
        f"{folder}/a.md:1: warning: the line 'Hello' belongs to no paper and is left out\n",
    )


def test_formats_lists_what_is_registered(environ: dict[str, str]) -> None:
    listed = feeds("formats", environ=environ).stdout.decode().splitlines()
    assert any(line.split()[:3] == ["rss", "/KEY.rss", "feed"] for line in listed)
    assert any("/subscriptions.opml" in line for line in listed)


def test_no_progress_bar_in_a_pipe(folder: Path, environ: dict[str, str]) -> None:
    archives.write(folder, days=3, papers=10)
    assert feeds("check", folder, environ=environ).stderr.decode().startswith("days: 3, papers: 10")


def test_a_wrong_setting_stops_the_start(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"feeds.toml": 'titel = "x"'})
    result = feeds("serve", folder, environ=environ)
    assert result.returncode == 2
    assert "feeds.toml:1: titel: no such setting; did you mean title?" in result.stderr.decode()


def test_serve_answers_with_the_seeds_and_survives_a_killed_worker(environ: dict[str, str]) -> None:
    with serving(SEEDS, environ, workers=2) as server:
        assert server.ask("/all.rss").body.count(b"<item>") == 24
        assert f"{server.base}/latest.rss".encode() in server.ask("/subscriptions.opml").body
        before = server.ask("/latest.atom").body
        kill_a_worker(server.process.pid)
        assert eventually(server, "/latest.atom").body == before


def kill_a_worker(server: int) -> None:
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    workers = [pid for pid in children if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(int(workers[0]), 9)
