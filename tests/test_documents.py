"""What the documents say holds: commands, examples, tables, links."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from flask.testing import FlaskClient

from feeds.exporters import registry
from feeds.exporters.contract import UNLISTED_KINDS, Exporter, Kind
from feeds.model.keys import Scope, SearchKey, parse_key
from feeds.readers import registry as reader_registry
from feeds.readers.daily_papers import DailyPapersReader
from feeds.site.settings import SETTINGS, load
from tests.support.digests import ROOT
from tests.support.servers import FEEDS

DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "tests/README.md",
    *sorted(ROOT.glob("feeds/**/README.md")),
]
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "feeds/README.md"
CONTRACT = ROOT / "feeds/exporters/README.md"
# These need another server, and are tested with one of their own.
SERVED = ("feeds images", "feeds metadata", "feeds send", "feeds publish s3")
COMMENT = re.compile(r"\s+#.*")


def text(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text(document), re.DOTALL)


def commands(start: str) -> list[str]:
    lines = [line for document in DOCUMENTS for block in blocks(document, "sh") for line in block.splitlines()]
    return [COMMENT.sub("", line) for line in lines if line.startswith(start)]


def test_readme_starts_with_make_serve_and_make_test() -> None:
    assert [COMMENT.sub("", line) for line in blocks(README, "sh")[0].splitlines()] == ["make serve", "make test"]


def test_readme_is_short() -> None:
    assert len(text(README).splitlines()) <= 140


@pytest.mark.external
@pytest.mark.parametrize("command", [line for line in commands("feeds ") if not line.startswith(SERVED)])
def test_command_of_a_document_runs(command: str, environ: dict[str, str], folder: Path, tmp_path: Path) -> None:
    arguments = [argument.replace("/tmp/", f"{tmp_path}/") for argument in shlex.split(command)[1:]]
    if arguments[0] == "init":
        arguments.append(str(folder))
    if arguments[0] == "build":
        arguments[1] = str(tmp_path / PurePosixPath(arguments[1]).name)
    if "-o" in arguments:
        arguments[-1] = str(tmp_path / arguments[-1])
    environ = environ | {"PATH": os.environ["PATH"]}
    result = subprocess.run([FEEDS, *arguments], env=environ, cwd=ROOT, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()


@pytest.mark.parametrize("command", commands("make "))
def test_make_target_of_a_document_exists(command: str) -> None:
    targets = re.findall(r"^([a-z]+):", text(ROOT / "Makefile"), re.MULTILINE)
    assert command.split()[1] in targets


@pytest.mark.external
@pytest.mark.parametrize("command", commands(".venv/bin/pytest"))
def test_pytest_command_of_a_document_selects_tests(command: str) -> None:
    arguments = [sys.executable, "-m", "pytest", *shlex.split(command)[1:], "--collect-only", "-q", "-n0", "--no-cov"]
    assert subprocess.run(arguments, cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_python_example_of_the_readme_runs(environ: dict[str, str]) -> None:
    (example,) = blocks(README, "python")
    environ = environ | {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-c", f"{example}\nprint(data[:5])"], env=environ, cwd=ROOT, capture_output=True, check=True
    )
    *papers, data = result.stdout.decode().splitlines()
    assert len(papers) == 24
    assert papers[-1].startswith("2024-01-30 ")
    assert data == "b'<?xml'"


def test_readme_shows_what_each_scope_is_offered_in() -> None:
    shown = {}
    for keys, suffixes in re.findall(r"^\| (`.+`) \| .+ \| ((?:`\.[a-z0-9.]+` ?)+) \|$", text(README), re.MULTILINE):
        for key in re.findall(r"`(.+?)`", keys):
            parsed = parse_key(key, {"topics/확산-모델": SearchKey(topic="topics/확산-모델")})
            assert parsed, key
            shown[parsed.scope] = re.findall(r"`(.+?)`", suffixes)
    formats = [item for item in registry.load() if item.kind not in {*UNLISTED_KINDS, Kind.PAGE}]
    offered = {scope: [item.suffix for item in formats if scope in item.offered] for scope in Scope}
    assert shown == {scope: suffixes for scope, suffixes in offered.items() if suffixes and scope is not Scope.SITE}
    assert registry.load()["html"].offered == set(Scope)


def test_covers_are_offered_with_books() -> None:
    formats = registry.load()
    assert formats["thumbnail"].offered == formats["epub"].offered
    assert formats["cover"].offered == formats["epub"].offered - {Scope.DAY, Scope.WEEK, Scope.TOP}


def test_plug_in_of_the_contract_is_the_tested_one() -> None:
    assert blocks(CONTRACT, "toml") == [text(ROOT / "tests/plugin/pyproject.toml")]
    assert blocks(CONTRACT, "python")[0] == text(ROOT / "tests/plugin/feeds_csv.py")
    readers = ROOT / "feeds/readers/README.md"
    assert blocks(readers, "toml") == [text(ROOT / "tests/plugin/reader/pyproject.toml")]
    assert blocks(readers, "python") == [text(ROOT / "tests/plugin/reader/feeds_tsv.py")]


def test_every_reader_is_described() -> None:
    rows = re.findall(r"^\| \[([a-z-]+)\]\(", text(ROOT / "feeds/readers/README.md"), re.MULTILINE)
    assert rows == [item.name for item in reader_registry.load()]


def test_contract_names_every_attribute_and_kind() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", text(CONTRACT), re.MULTILINE))
    optional = set(re.findall(r"^        (\w+) \(", Exporter.__doc__ or "", re.MULTILINE))
    assert named == set(Exporter.__annotations__) | optional
    assert optional
    assert all(f"`{kind.name}`" in text(CONTRACT) for kind in Kind)


def test_day_file_of_the_readme_is_read_without_diagnostics() -> None:
    digest = DailyPapersReader().read(blocks(README, "markdown")[0], PurePosixPath("a.md"))
    assert digest
    assert not digest.diagnostics
    (entry,) = digest.entries
    assert (entry.paper.votes, entry.paper.authors, entry.paper.image) == (
        42,
        ("Ann Lee", "Bo Kim"),
        "https://example.org/picture.png",
    )


def test_every_setting_is_described_as_in_init() -> None:
    table = text(ARCHITECTURE)[text(ARCHITECTURE).index("## Settings") : text(ARCHITECTURE).index("## Performance")]
    rows = re.findall(r"^\| `([\w.]+)` \|.*?\| (.+) \|$", table, re.MULTILINE)
    assert rows == [(name, setting.description) for name, setting in SETTINGS.items()]


def test_settings_example_is_valid(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text(blocks(ARCHITECTURE, "toml")[0], encoding="utf-8")
    site = load(tmp_path, {}).site
    assert [topic.key.query.parameters() for topic in site.topics] == [
        {"q": "확산|diffusion", "order": "new"},
        {"q": "LLM", "min_votes": "50", "order": "new"},
    ]


def test_every_url_of_the_readme_answers(client: FlaskClient) -> None:
    urls = re.findall(r"`(/[a-z0-9][^`{ ]*)`", text(README))
    assert len(urls) > 10
    for url in urls:
        assert client.get(url).status_code == 200, url


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_to_files(document: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text(document)):
        assert (document.parent / link).exists(), link


@pytest.mark.external
def test_app_runs_under_the_flask_command(environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "flask", "--app", "web", "routes"]
    routes = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "/<path:path>" in routes.stdout
