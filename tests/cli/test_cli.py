"""The `feeds` command, run as a person runs it."""

import json
import os
import socket
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import archives
from tests.support.digests import SEEDS, day, paper, write_files
from tests.support.image_server import Response, make_png, run_image_server
from tests.support.servers import eventually, run_feeds, serving

pytestmark = pytest.mark.external


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return environ | {"FEEDS_ARCHIVE": str(SEEDS)}


def test_export_writes_to_a_file_and_to_a_pipe(environ: dict[str, str], tmp_path: Path) -> None:
    piped = run_feeds("export", "json", "2024-01-30", environ=environ)
    assert piped.returncode == 0
    assert len(json.loads(piped.stdout)["items"]) == 11
    written = run_feeds("export", "json", "2024-01-30", "-o", tmp_path / "a.json", environ=environ)
    assert (written.returncode, written.stdout, written.stderr) == (0, b"", b"")
    assert (tmp_path / "a.json").read_bytes() == piped.stdout
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_export_takes_search_parameters_as_options(environ: dict[str, str]) -> None:
    result = run_feeds("export", "json", "--q", "확산", "--min-votes", "10", "--order", "votes", environ=environ)
    titles = [item["title"] for item in json.loads(result.stdout)["items"]]
    assert titles
    assert titles[0].startswith("Motion-I2V")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "pdf"], "FORMAT: there is no format 'pdf'; choose one of html, rss"),
        (["export", "2024-01-30", "epub"], "FORMAT: '2024-01-30' is a key; write the format before it: feeds export"),
        (["export"], "export: missing argument 'FORMAT'; see feeds export --help"),
        (["export", "rss", "2031-01-01"], "2031-01-01: the archive holds no such day; it reaches from 2024-01-30"),
        (["export", "rss", "2024-1-30"], "'2024-1-30' is not a key; write a day as 2024-01-30"),
        (["export", "rss", "2024년 1월"], "'2024년 1월' is not a key; write a month as 2024-01"),
        (["export", "rss", "2024-w5"], "'2024-w5' is not a key; write a week as 2024-W05"),
        (["export", "rss", "2024-02-30"], "'2024-02-30' is not a key; there is no such day; write one as 2024-01-30"),
        (["export", "rss", "2401.16420"], "'2401.16420' is not a key; write a paper as papers/2401.16420"),
        (["export", "rss", "latst"], "'latst' is not a key; did you mean latest?"),
        (["export", "rss", "nonsense"], "'nonsense' is not a key that rss offers; write one such as all, daily"),
        (["export", "epub", "daily"], "'daily' is not a key that epub offers; write one such as all, 2024-01-30"),
        (["export", "rss", "--min-votes", "x"], "min_votes: a number from 0"),
        (["export", "rss", "--min-vote", "3"], "export: no such option '--min-vote'; did you mean '--min-votes'?"),
        (["export", "rss", "2024", "--q", "x"], "2024: --q is an option of the key search only; write search"),
        (["export", "rss", "--archive", "nowhere"], "{root}/nowhere: no such folder; give the folder of an archive"),
        (["export", "rss", "--archive", "web.py"], "{root}/web.py: not a folder; give the folder of an archive"),
        (["export", "rss", "-o", "/nonexistent/x.rss"], "/nonexistent/x.rss: No such file or directory; choose"),
        (["serve", "--port", "99999"], "--port: 99999 is not in the range"),
        (["serve", "--host", "192.0.2.1"], "192.0.2.1:8000: cannot be listened on: "),
        (["chek"], "no such command 'chek'; did you mean 'check'?"),
        (["nonsense"], "no such command 'nonsense'; see feeds --help"),
        (["publish", "s3"], "s3: not the URL of a store; write one that begins with s3://"),
        (["publish", "s3://"], "s3://: has no bucket; write its name, as in s3://papers"),
        (["init", "/nonexistent"], "/nonexistent: no such folder; give the folder"),
    ],
)
def test_wrong_usage_is_one_line_that_says_what_to_do(
    environ: dict[str, str], arguments: list[str], message: str
) -> None:
    result = run_feeds(*arguments, environ=environ)
    assert result.returncode == 2
    assert result.stderr.decode().startswith(f"feeds: {message}".format(root=SEEDS.parent))
    assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"FEEDS_INDEX": "/proc/none/index.sqlite"}, "/proc/none/index.sqlite: the index cannot be used: No such file"),
        ({"FEEDS_INDEX": "/tmp"}, "/tmp: the index cannot be used: unable to open database file; set FEEDS_INDEX"),
        ({"FEEDS_CONFIG": "none.toml"}, "none.toml: no such file; create it or change FEEDS_CONFIG"),
        ({"FEEDS_LATEST_DAYS": "all"}, "FEEDS_LATEST_DAYS: 'all' is not valid; write a whole number from 1 to 1000"),
        ({"FEEDS_BASE_URL": "https://논문.kr"}, "FEEDS_BASE_URL: 'https://논문.kr' is not a URI (RFC 3986); write "),
    ],
)
def test_wrong_environment_is_one_line(environ: dict[str, str], variables: dict[str, str], message: str) -> None:
    result = run_feeds("export", "rss", environ=environ | variables)
    assert result.returncode == 2
    assert result.stderr.decode().startswith(f"feeds: {message}")
    assert result.stderr.count(b"\n") == 1


def test_port_in_use_is_named(environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = run_feeds("serve", "--port", str(port), environ=environ)
    problem = "cannot be listened on: Address already in use; choose another --port or --host"
    assert (result.returncode, result.stderr.decode()) == (2, f"feeds: 127.0.0.1:{port}: {problem}\n")


def test_command_without_arguments_explains_itself(environ: dict[str, str]) -> None:
    result = run_feeds(environ=environ)
    assert result.returncode == 2
    assert b"Commands:" in result.stdout + result.stderr


def test_images_are_fetched_once_for_the_books(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    environ = environ | {"FEEDS_ARCHIVE": str(folder), "FEEDS_IMAGES": str(tmp_path / "store")}
    with run_image_server() as server:
        server.routes = {"/a.png": [Response(body=make_png())]}
        present, missing = (server.url(path, "127.0.0.1") for path in ("/a.png", "/b.png"))
        papers = [
            paper(title, number, media=f"![]({url})")
            for title, number, url in [("A", "1.1", present), ("B", "1.2", missing)]
        ]
        write_files(folder, {"1.md": day("2024-01-30", *papers)})
        bare = run_feeds("export", "epub", "2024-01-30", environ=environ).stdout
        allowed = environ | {"FEEDS_PRIVATE_IMAGES": "true"}
        first = run_feeds("images", environ=allowed)
        assert (first.returncode, first.stdout) == (0, b"")
        assert first.stderr.decode().splitlines() == [
            f"{missing}: HTTP status 404",
            "images: fetched 1, unchanged 0, failed 1, waiting 0",
        ]
        second = run_feeds("images", environ=allowed)
        assert second.stderr.decode() == (
            "images: fetched 0, unchanged 1, failed 0, waiting 1"
            " (failed a short time ago; use --force to request them again)\n"
        )
        assert server.count_requests("/a.png") == 1
    assert len(run_feeds("export", "epub", "2024-01-30", environ=environ).stdout) > len(bare)


def test_private_image_names_the_setting_that_allows_it(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    environ = environ | {"FEEDS_ARCHIVE": str(folder), "FEEDS_IMAGES": str(tmp_path / "store")}
    with run_image_server() as server:
        url = server.url("/a.png", "127.0.0.1")
        write_files(folder, {"1.md": day("2024-01-30", paper(media=f"![]({url})"))})
        refused = run_feeds("images", environ=environ)
        assert (refused.returncode, server.connections) == (0, 0)
        reason = "127.0.0.1, which is not a public address; the setting private_images = true allows it"
        assert refused.stderr.decode().startswith(f"{url}: 127.0.0.1 resolves to {reason}\n")
        again = run_feeds("images", environ=environ | {"FEEDS_PRIVATE_IMAGES": "true"})
        assert b"waiting 1 (failed a short time ago; use --force" in again.stderr
        server.routes = {"/a.png": [Response(body=make_png())]}
        forced = run_feeds("images", "--force", environ=environ | {"FEEDS_PRIVATE_IMAGES": "true"})
        assert forced.stderr == b"images: fetched 1, unchanged 0, failed 0, waiting 0\n"


def test_store_that_cannot_be_written_ends_the_run_with_1(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"1.md": day("2024-01-30", paper("A", "1.1", media="![](http://127.0.0.1:9/a.png)"))})
    result = run_feeds("images", folder, environ=environ | {"FEEDS_IMAGES": "/proc/nowhere"})
    assert result.returncode == 1
    assert b"cannot use the picture store" in result.stderr
    assert result.stderr.count(b"\n") == 1


def test_init_writes_settings_that_change_nothing(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"1.md": day("2024-01-30", paper(summary="- 이 논문은 새로운 방법을 제안합니다."))})
    assert run_feeds("init", folder, environ=environ).returncode == 0
    written = (folder / "feeds.toml").read_text(encoding="utf-8")
    assert "# base_url" in written
    assert tomllib.loads(written) == {}
    assert run_feeds("check", folder, environ=environ).returncode == 0
    again = run_feeds("init", folder, environ=environ)
    assert again.returncode == 2
    assert again.stderr.decode() == f"feeds: {folder}/feeds.toml: already exists; edit it, or move it away\n"


def test_check_names_the_lines_of_wrong_settings(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"1.md": day("2024-01-30", paper("A", "2401.1", votes="Vote: x"))})
    (folder / "feeds.toml").write_text('title = "x"\nlatest_day = 3\n', encoding="utf-8")
    result = run_feeds("check", folder, environ=environ)
    assert result.returncode == 1
    setting, votes = result.stdout.decode().splitlines()
    assert setting == f"{folder}/feeds.toml:2: error: latest_day: no such setting; did you mean latest_days?"
    assert votes.startswith(f"{folder}/1.md:")
    assert b"days: 1, papers: 1" in result.stderr


def test_check_names_file_and_line_and_ends_with_1(folder: Path, environ: dict[str, str]) -> None:
    assert run_feeds("check", environ=environ).returncode == 0
    write_files(folder, {"a/b.md": day("2024-01-30", paper("A", "2401.1", votes="Vote: x"), "### [Bad]()\n")})
    result = run_feeds("check", folder, environ=environ)
    assert result.returncode == 1
    assert [line.split(": ")[:2] for line in result.stdout.decode().splitlines()] == [
        [f"{folder}/a/b.md:5", "error"],
        [f"{folder}/a/b.md:7", "error"],
    ]
    assert result.stderr.decode() == "days: 1, papers: 1, errors: 2, warnings: 0\n"


def test_check_says_what_is_shown_as_last_read(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"1.md": day("2024-01-30", paper()), "2.md": day("2024-01-31", paper("B", "2401.2"))})
    run_feeds("check", folder, environ=environ)
    (folder / "1.md").unlink()
    (folder / "2.md").write_text("")
    result = run_feeds("check", folder, environ=environ)
    assert result.returncode == 1
    first, second = result.stdout.decode().splitlines()
    assert first.startswith(f"{folder}: error: shown as last read: 1.md gone, with all others")
    assert environ["FEEDS_INDEX"] in first
    assert second.startswith(f"{folder}/2.md:1: error: no paper can be read from the file any more")
    assert b"papers: 2" in result.stderr


def test_check_writes_a_line_for_a_file_name_of_two(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"a\nb.md": "### [A](https://arxiv.org/abs/2401.00001)"})
    lines = run_feeds("check", folder, environ=environ).stdout.decode().splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"{folder}/a\ufffdb.md:1", str(folder)]


WITHOUT_DATES = {
    f"issue24013{n}.md": "\n".join(
        f"## A paper about {topic}\n\nhttps://arxiv.org/abs/2401.{number}{n}\n\nIt is good.\n"
        for number, topic in enumerate(("apples", "pears", "plums", "grapes"), 1000)
    )
    for n in (0, 1)
}


def test_check_lists_the_errors_of_the_nearest_reader(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, WITHOUT_DATES)
    result = run_feeds("check", folder, environ=environ)
    first, second, summary = result.stdout.decode().splitlines()
    assert first.startswith(f"{folder}/issue240130.md:1: error: nothing tells the day of this paper")
    assert second.startswith(f"{folder}/issue240131.md:1: error: nothing tells the day of this paper")
    problem = "sections comes nearest of 5 readers, with errors in 2 files, which `feeds check` lists"
    hint = "correct them, or set date_pattern, files or readers in feeds.toml (`feeds init` writes it)"
    assert summary == f"{folder}: error: no day found; looked at 2 .md files; {problem}; {hint}"
    assert result.stderr == b"days: 0, papers: 0, errors: 3, warnings: 0\n"
    (folder / "feeds.toml").write_text('date_pattern = "issue%y%m%d"\n', encoding="utf-8")
    corrected = run_feeds("check", folder, environ=environ)
    assert (corrected.returncode, corrected.stdout) == (0, b"")
    said, counts = corrected.stderr.decode().splitlines()
    assert said.endswith('read by sections, which finds days there; write readers = ["sections"] into feeds.toml')
    assert counts == "days: 2, papers: 8, errors: 0, warnings: 0"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('readers = ["tables"]', "looked at 2 .md files; no paper is found by tables; remove `readers`"),
        ('readers = ["sections"]', "looked at 2 .md files; sections: errors in 2 files, which `feeds check` lists"),
        ('files = ["data/*.md"]', "looked at no file; did not look at 2 .md files; `feeds readers` lists the files"),
    ],
)
def test_check_says_which_setting_hides_all_days(
    folder: Path, environ: dict[str, str], settings: str, message: str
) -> None:
    write_files(folder, WITHOUT_DATES | {"feeds.toml": settings})
    lines = run_feeds("check", folder, environ=environ).stdout.decode().splitlines()
    assert any(line.startswith(f"{folder}: error: no day found; {message}") for line in lines)


def test_init_without_a_day_says_what_comes_next(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, WITHOUT_DATES)
    found, next_step = run_feeds("init", folder, environ=environ).stderr.decode().splitlines()
    assert found.startswith(f"{folder}: no day found; looked at 2 .md files; sections comes nearest")
    assert next_step == f"wrote {folder}/feeds.toml; next: set what fits there, then feeds check {folder}"
    assert tomllib.loads((folder / "feeds.toml").read_text(encoding="utf-8")) == {}


def test_readers_are_listed_with_what_they_read(environ: dict[str, str]) -> None:
    lines = run_feeds("readers", environ=environ).stdout.decode().splitlines()
    assert [line.split()[0] for line in lines] == ["daily-papers", "sections", "json", "notes", "tables"]
    assert all("  Reads " in line for line in lines)


def test_check_with_a_warning_ends_with_0(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"a.md": "Hello\n\n" + day("2024-01-30", paper())})
    result = run_feeds("check", folder, environ=environ)
    assert (result.returncode, result.stdout.decode()) == (
        0,
        f"{folder}/a.md:1: warning: the line 'Hello' belongs to no paper and is left out\n",
    )


NO_DAY = {
    "feeds.toml": "",
    "notes/a.md": "# Notes\n\nsee https://arxiv.org/abs/2401.16420v1\n",
    "b.md": "Hello\n",
    "c.json": '{"url":\n"https://hf.co/papers/2401.00002"}',
    "d.json": "{}",
    "e.TXT": "-",
    ".git/1.md": day("2024-01-30", paper()),
}
WHAT_WAS_READ = (
    "no day found; looked at 2 .json, 2 .md files; did not look at 1 .txt file;"
    " did not look into 1 hidden folder: .git;"
    " none of daily-papers, sections, json, notes, tables finds a paper there; `feeds readers` says what each reads;"
    " a day of daily-papers begins with ## Daily Papers (YYYY-MM-DD)"
)


def test_check_of_a_folder_without_a_day_says_what_it_read(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, NO_DAY)
    result = run_feeds("check", folder, environ=environ)
    assert result.returncode == 1
    assert result.stdout.decode().splitlines()[-3:] == [
        f"{folder}: error: {WHAT_WAS_READ}",
        f"{folder}/c.json:2: warning: https://hf.co/papers/2401.00002 looks like a paper, but belongs to no day",
        f"{folder}/notes/a.md:3: warning: https://arxiv.org/abs/2401.16420v1 looks like a paper, but belongs to no day",
    ]
    assert b"days: 0, papers: 0, errors: " in result.stderr


def test_check_of_an_empty_folder_is_an_error(folder: Path, environ: dict[str, str]) -> None:
    result = run_feeds("check", folder, environ=environ)
    assert result.returncode == 1
    assert b"error: no day found; the folder is empty" in result.stdout


def test_build_without_a_day_says_so_and_spares_a_site(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    write_files(folder, NO_DAY)
    new = run_feeds("build", tmp_path / "new", "--archive", folder, environ=environ)
    assert new.returncode == 0
    assert new.stderr.decode().splitlines()[0] == f"feeds: {folder}: {WHAT_WAS_READ}"
    assert (tmp_path / "new/latest.rss").exists()
    out = tmp_path / "out"
    assert run_feeds("build", out, environ=environ).returncode == 0
    result = run_feeds("build", out, "--archive", folder, environ=environ)
    assert result.returncode == 1
    hint = f"{out} is as it was; delete it if it should be empty"
    assert result.stderr.decode() == f"feeds: {folder}: {WHAT_WAS_READ}; {hint}\n"
    assert (out / "2024-01-30.html").exists()


def test_publish_without_a_day_removes_nothing(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    write_files(folder, NO_DAY)
    url = (tmp_path / "out").as_uri()
    assert run_feeds("publish", url, environ=environ).returncode == 0
    for option in ([], ["--force"], ["--dry-run"]):
        result = run_feeds("publish", url, *option, "--archive", folder, environ=environ)
        assert result.returncode == 1
        expected = f"feeds: {folder}: {WHAT_WAS_READ}; nothing was sent or removed\n"
        assert result.stderr.decode() == expected
    assert (tmp_path / "out/2024-01-30.html").exists()


def test_day_in_the_future_is_not_shown_and_reported(folder: Path, environ: dict[str, str]) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    files = {"1.md": day("2024-01-30", paper()), "2.md": "\n" + day(str(tomorrow), paper("Early", "2401.2"))}
    write_files(folder, files | {"3.md": day("2062-11-20", paper("Slip", "2401.3"))})
    environ = environ | {"FEEDS_ARCHIVE": str(folder)}
    latest = run_feeds("export", "json", environ=environ)
    assert [item["title"] for item in json.loads(latest.stdout)["items"]] == ["A Paper"]
    message = f"{tomorrow} and 1 more lie in the future and are not shown yet; `feeds check` names the lines"
    assert latest.stderr.decode() == f"feeds: {folder}: {message}\n"
    checked = run_feeds("check", environ=environ)
    assert checked.returncode == 0
    assert [line.split(": ")[:2] for line in checked.stdout.decode().splitlines()] == [
        [f"{folder}/2.md:2", "warning"],
        [f"{folder}/3.md:1", "warning"],
    ]
    assert "2062-11-20 lies in the future" in checked.stdout.decode()
    assert checked.stderr.decode() == "days: 1, papers: 1, errors: 0, warnings: 2\n"
    page = run_feeds("export", "html", "2062-11-20", environ=environ)
    assert b"2062-11-20: not published yet; a day is shown when its date begins in UTC" in page.stderr


def test_archive_of_future_days_only_is_not_published(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    write_files(folder, {"1.md": day("2062-11-20", paper())})
    result = run_feeds("publish", (tmp_path / "out").as_uri(), "--archive", folder, environ=environ)
    assert result.returncode == 1
    assert result.stderr.decode().startswith(
        f"feeds: {folder}: all days lie in the future, from 2062-11-20 on; correct"
    )
    assert run_feeds("check", folder, environ=environ).returncode == 1


def test_formats_lists_what_is_registered(environ: dict[str, str]) -> None:
    lines = run_feeds("formats", environ=environ).stdout.decode().splitlines()
    assert any(line.split()[:3] == ["rss", "/KEY.rss", "feed"] for line in lines)
    assert any("/subscriptions.opml" in line for line in lines)


def test_pipe_gets_no_progress_bar(folder: Path, environ: dict[str, str]) -> None:
    archives.write(folder, days=3, papers=10)
    assert run_feeds("check", folder, environ=environ).stderr.decode().startswith("days: 3, papers: 10")


def test_wrong_setting_stops_the_start(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"feeds.toml": 'titel = "x"'})
    result = run_feeds("serve", folder, environ=environ)
    assert result.returncode == 2
    assert "feeds.toml:1: titel: no such setting; did you mean title?" in result.stderr.decode()


def test_serve_survives_a_killed_worker(environ: dict[str, str]) -> None:
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


def test_export_into_a_folder_writes_a_file_a_day(tmp_path: Path, environ: dict[str, str]) -> None:
    result = run_feeds("export", "md", "all", "--archive", SEEDS, "-o", tmp_path / "days", environ=environ)
    said = f"wrote 2 .md files into {tmp_path}/days\n"
    assert (result.returncode, result.stderr.decode()) == (0, said)
    assert sorted(file.name for file in (tmp_path / "days").iterdir()) == ["2024-01-30.md", "2024-03-20.md"]
    environ = environ | {"FEEDS_INDEX": str(tmp_path / "exported.sqlite")}
    bibliography = [
        run_feeds("export", "bib", "all", "--archive", archive, environ=environ).stdout
        for archive in (SEEDS, tmp_path / "days")
    ]
    assert bibliography[0] == bibliography[1]


@pytest.mark.parametrize(
    ("output", "written"),
    [
        ("new", ["new/2024-01-30.rss", "new/2024-03-20.rss"]),
        ("v1.2/", ["v1.2/2024-01-30.rss", "v1.2/2024-03-20.rss"]),
        ("here", ["here/2024-01-30.rss", "here/2024-03-20.rss", "here/other"]),
        ("here/other", ["here/other"]),
        ("all.rss", ["all.rss", "here/other"]),
    ],
)
def test_export_writes_folders_and_files(
    tmp_path: Path, environ: dict[str, str], output: str, written: list[str]
) -> None:
    write_files(tmp_path / "out", {"here/other": "old"})
    result = run_feeds("export", "rss", "all", "-o", f"{tmp_path}/out/{output}", environ=environ)
    assert result.returncode == 0
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert sorted({*written, "here/other"}) == sorted(str(path.relative_to(tmp_path / "out")) for path in files)
    assert ((tmp_path / "out/here/other").read_text() == "old") == (output != "here/other")


def test_export_into_the_archive_itself_is_refused(folder: Path, environ: dict[str, str]) -> None:
    write_files(folder, {"2024-01-30.md": "## A\n\nhttps://arxiv.org/abs/2401.00001\n"})
    for output in (folder, folder / "native"):
        result = run_feeds("export", "md", "all", "--archive", folder, "-o", output, environ=environ)
        hint = "would read its .md files as well; choose a folder outside"
        assert (result.returncode, hint in result.stderr.decode()) == (2, True)
    assert [path.name for path in folder.iterdir()] == ["2024-01-30.md"]


@pytest.mark.parametrize(("summary", "language"), [("요약입니다 논문을 읽습니다", "ko"), ("Reads papers.", "en")])
def test_init_sets_reader_and_language_of_another_format(
    folder: Path, environ: dict[str, str], summary: str, language: str
) -> None:
    write_files(folder, {"2024-01-30.md": f"# 2024-01-30\n\n### [A](https://arxiv.org/abs/2401.00001)\n\n{summary}\n"})
    result = run_feeds("init", folder, environ=environ)
    assert result.stderr.decode().startswith(
        f"{folder}: 1 file looks like sections, 1 listing, 2024-01-30 to 2024-01-30\n"
    )
    written = tomllib.loads((folder / "feeds.toml").read_text(encoding="utf-8"))
    assert written == {"language": language, "readers": ["sections"]}
