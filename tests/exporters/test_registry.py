"""Exporters are found, checked, and refused with a reason."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from feeds.archive.edition import Edition
from feeds.errors import PluginError
from feeds.exporters import registry
from feeds.exporters.contract import CUTS, Exporter, Kind
from feeds.exporters.registry import Registered, Registry
from feeds.model.key import Scope
from feeds.site.site import Site
from tests.support.digests import ROOT, SEEDS


class Plain:
    """A small exporter that keeps the contract."""

    name = "plain"
    suffix = ".txt"
    media_type = "text/plain"
    kind = Kind.FILE
    scopes = CUTS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:  # noqa: ARG002  # the contract
        yield edition.key.text.encode()


class Catalogue(Plain):
    name = "catalogue"
    kind = Kind.CATALOG
    scopes = frozenset({Scope.SITE})


def broken(**members: object) -> type:
    return type("Broken", (Plain,), members)


def test_every_built_in_keeps_the_contract() -> None:
    names = registry.load().names()
    assert {"html", "rss", "atom", "json", "epub", "opml"} <= set(names)
    assert all(isinstance(exporter, Exporter) for exporter in registry.load().exporters)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"name": "No Name"}, "its name"),
        ({"suffix": "txt"}, "its suffix"),
        ({"media_type": "text"}, "its media type"),
        ({"kind": "file"}, "its kind"),
        ({"scopes": {"day"}}, "its scopes"),
        ({"scopes": frozenset({Scope.SITE})}, "no site_keys"),
        ({"__init__": lambda self: 1 / 0}, "ZeroDivisionError"),
    ],
)
def test_a_plug_in_that_breaks_the_contract_is_named(
    monkeypatch: pytest.MonkeyPatch, members: dict[str, object], said: str
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "Broken", broken(**members), raising=False)
    point = EntryPoint("broken", f"{__name__}:Broken", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    with pytest.raises(PluginError, match="'broken'") as raised:
        registry.load()
    assert said in str(raised.value)


@pytest.mark.parametrize("value", ["no_such_module:X", "json:NoSuchClass", "json:dumps", "json:JSONDecoder"])
def test_a_plug_in_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    point = EntryPoint("broken", value, registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    with pytest.raises(PluginError, match=f"'broken' \\({value}\\)"):
        registry.load()


def test_duplicates_are_refused() -> None:
    first = Registered(Plain(), "one 1.0")
    with pytest.raises(PluginError, match=r"two 2\.0: an exporter named 'plain' is there already, from one 1\.0"):
        Registry([first, Registered(Plain(), "two 2.0")])
    same_suffix = broken(name="other")()
    with pytest.raises(PluginError, match=r"two 2\.0: 'other' would answer at .* where 'plain' from one 1\.0 does"):
        Registry([first, Registered(same_suffix, "two 2.0")])


def test_one_suffix_may_serve_different_scopes() -> None:
    weeks = broken(name="weeks", scopes=frozenset({Scope.WEEK}))()
    days = broken(name="days", scopes=frozenset({Scope.DAY}))()
    assert Registry([Registered(weeks, "one"), Registered(days, "one")]).names() == ["weeks", "days"]


def test_the_longest_suffix_is_tried_first() -> None:
    long = broken(name="long", suffix=".csl.txt")()
    found = Registry([Registered(Plain(), "one"), Registered(long, "one")])
    assert [(exporter.name, key) for exporter, key in found.split("latest.csl.txt")] == [
        ("long", "latest"),
        ("plain", "latest.csl"),
    ]


@pytest.fixture(scope="module")
def plugged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a throw-away environment with the example plug-ins, on top of the packages of this one."""
    root = tmp_path_factory.mktemp("plugged")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    (site_packages,) = root.glob("lib/python*/site-packages")
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (site_packages / "ours.pth").write_text("\n".join([*ours, str(ROOT)]))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    sources = [ROOT / "tests/plugin", ROOT / "tests/plugin/text"]
    for number, source in enumerate(sources):
        copied = root / f"source{number}"
        copied.mkdir()
        for path in source.glob("*.*"):
            (copied / path.name).write_bytes(path.read_bytes())
        subprocess.run([*install, "--target", str(site_packages), str(copied)], check=True)
    return root / "bin/python"


def run(python: Path, code: str, index: Path) -> str:
    environ = {"FEEDS_INDEX": str(index), "PATH": os.environ["PATH"], "FEEDS_ARCHIVE": str(SEEDS)}
    return subprocess.run([python, "-c", code], env=environ, capture_output=True, text=True, check=True).stdout


CLI = "import sys; sys.argv[1:] = {!r}; from feeds.cli.commands import main; main()"
GET = """
import json
from web import create_app
client = create_app().test_client()
feed = client.get("/2024-01-30.csv")
print(json.dumps([feed.status_code, feed.headers["Content-Type"], feed.headers["Content-Disposition"], feed.text]))
print(".csv" in client.get("/2024-01-30").text)
"""


@pytest.mark.external
def test_an_installed_plug_in_is_a_route_a_choice_and_a_download(plugged: Path, tmp_path: Path) -> None:
    listed = run(plugged, CLI.format(["formats"]), tmp_path / "index")
    assert re.search(r"^csv +/KEY\.csv ", listed, re.MULTILINE)
    assert "feeds-csv 1.0" in listed
    exported = run(plugged, CLI.format(["export", "csv", "2024-01-30"]), tmp_path / "index")
    rows = list(csv.DictReader(exported.splitlines()))
    assert len(rows) == 11
    assert rows[0]["votes"] == "42"
    served, on_the_page = run(plugged, GET, tmp_path / "index").splitlines()
    status, media_type, disposition, text = json.loads(served)
    assert (status, media_type) == (200, "text/csv; charset=utf-8")
    assert disposition.startswith('attachment; filename="daily-papers-2024-01-30.csv"')
    assert list(csv.DictReader(text.splitlines())) == rows
    assert on_the_page == "True"


@pytest.mark.external
def test_a_plug_in_reads_the_query_of_a_search_and_needs_nothing_private(plugged: Path, tmp_path: Path) -> None:
    listed = run(plugged, CLI.format(["formats"]), tmp_path / "index")
    assert re.search(r"^text +/KEY\.txt +file .*feeds-text 1\.0$", listed, re.MULTILINE)
    asked = CLI.format(["export", "text", "--q", "확산", "--min-votes", "5"])
    found = run(plugged, asked, tmp_path / "index")
    assert found.startswith("Daily Papers — 검색: 확산")
    assert "\nq: 확산\nmin_votes: 5\n" in found
    votes = [int(number) for number in re.findall(r"^추천 (\d+)$", found, re.MULTILINE)]
    assert len(votes) > 1
    assert votes == sorted(votes, reverse=True)
    whole = run(plugged, CLI.format(["export", "text", "2024-01-30"]), tmp_path / "index")
    assert whole.count("https://arxiv.org/abs/") >= 11
    source = (ROOT / "tests/plugin/text/feeds_text.py").read_text(encoding="utf-8")
    assert not re.search(r"from feeds[\w.]* import .*\b_|feeds\.\w+\._", source)
