"""What the README says is so."""

import inspect
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from feeds.exporters.format import Format, Kind, family, is_static, is_translated, shows_pictures, site_keys
from feeds.model.query import Query, read_query
from feeds.readers import daily_papers as digest
from feeds.site.settings import SETTINGS, load
from tests.cli.test_cli import feeds
from tests.support.digests import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


COMMANDS = [
    line.split("  #")[0].strip() for block in blocks("sh") for line in block.splitlines() if line.startswith("feeds ")
]


# Those need another server, and are tested with one of their own.
SERVED = ("feeds serve", "feeds images", "feeds send", "feeds publish s3")
WRITING = ("feeds init",)  # into the archive


@pytest.mark.external
@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith(SERVED + WRITING)])
def test_commands_run(command: str, environ: dict[str, str], tmp_path: Path) -> None:
    arguments = shlex.split(command)[1:]
    if arguments[0] == "build":
        arguments[1] = str(tmp_path / arguments[1])
    if "-o" in arguments:
        arguments[-1] = str(tmp_path / arguments[-1])
    result = feeds(*arguments, environ=environ)
    assert result.returncode == 0, result.stderr.decode()


def test_the_first_commands_are_make_serve_and_make_test() -> None:
    assert [line.split("#")[0].strip() for line in blocks("sh")[0].splitlines()] == ["make serve", "make test"]


def test_the_plug_in_is_the_one_that_is_tested() -> None:
    assert blocks("toml")[-1] == (ROOT / "tests/plugin/pyproject.toml").read_text()
    assert blocks("python")[0] == (ROOT / "tests/plugin/feeds_csv.py").read_text()


def test_the_contract_is_told_as_in_the_code() -> None:
    required = [name for name, member in vars(Format).items() if isinstance(member, property)]
    optional = [site_keys, family, shows_pictures, is_translated, is_static]
    told = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", README[README.index("The contract is in") :], re.MULTILINE))
    for name in required:
        assert told[name] == inspect.getdoc(getattr(Format, name))
    for reader in optional:
        assert told[reader.__name__] == inspect.getdoc(reader)
    contract = README[README.index("The contract is in") : README.index("## How it is laid out")]
    assert all(f"`{kind}`" in contract for kind in Kind)


def test_the_example_of_a_day_file_is_read_whole() -> None:
    parsed = digest.parse(blocks("markdown")[0])
    assert not parsed.problems
    (listing,) = parsed.listings
    assert (listing.paper.votes, listing.paper.authors, listing.paper.image) == (
        42,
        ("Ann Lee", "Bo Kim"),
        "https://example.org/picture.png",
    )


def test_every_setting_is_explained_as_in_the_file_that_init_writes() -> None:
    table = README[README.index("## Settings") : README.index("## Add a format")]
    rows = re.findall(r"^\| `(\w+)` \|.*?\| (.+) \|$", table, re.MULTILINE)
    assert rows == [(name, setting.description) for name, setting in SETTINGS.items()]


def test_every_address_answers(client: FlaskClient) -> None:
    addresses = re.findall(r"`(/[a-z0-9][^`{ ]*)`", README.replace("(/", "(`/"))
    assert len(addresses) > 10
    for address in addresses:
        if not address.endswith(".csv"):
            assert client.get(address).status_code == 200, address


def test_the_example_of_settings_is_taken(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text(blocks("toml")[0], encoding="utf-8")
    site = load(tmp_path, {}).site
    assert [topic.query for topic in site.topics] == [
        Query(q="확산|diffusion", limit=50),
        read_query([("q", "LLM"), ("min_votes", "50")]),
    ]


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)h][^)]*)\)", README))
def test_links_into_the_repository_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.external
def test_the_app_runs_under_flask_too(environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "flask", "--app", "web", "routes"]
    listed = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "/<path:path>" in listed.stdout
