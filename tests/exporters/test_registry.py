"""Exporters: what the built-in ones promise, how plug-ins are loaded, and why some are rejected."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from feeds.errors import PluginError
from feeds.exporters import registry
from feeds.exporters.contract import PAPER_SCOPES, Format, Kind, RenderContext, Resource
from feeds.exporters.registry import Registry, register
from feeds.model.edition import Edition
from feeds.model.keys import EXAMPLES, Scope
from feeds.publishing.publisher import Publisher
from feeds.site.site import SETTINGS_OF_DOCUMENTS, Font, parse_topic
from tests.support.digests import ROOT, SEEDS, render, write_files

OTHER_SETTINGS: dict[str, Any] = {
    "title": "Other Papers",
    "description": "Another description.",
    "author": "Another Author",
    "language": "en",
    "interface": "en",
    "rights": "All rights reserved.",
    "base_url": "https://e.org/other",
    "id": "other-papers",
    "publish_at": time(1, 30),
    "latest_days": 3,
    "latest_papers": 7,
    "hub": "https://hub.example.org/",
    "topics": (parse_topic("로봇!", "3D"),),  # with the key of a default topic
    "cover_font": Font("Other", "0" * 64, b""),
}


class PlainExporter:
    """A small exporter that fulfils the contract."""

    name = "plain"
    suffix = ".txt"
    media_type = "text/plain"
    kind = Kind.FILE
    scopes = PAPER_SCOPES

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002  # the contract
        yield edition.key.text.encode()


def modified(**members: object) -> type[PlainExporter]:
    return type("Modified", (PlainExporter,), members)


def documents(publisher: Publisher, item: Format) -> dict[str, tuple[str, bytes]]:
    """Render an edition of every scope that a format has; return the ETags and bodies by key.

    Topics are left out: what they hold is itself a setting.
    """
    keys = [*(EXAMPLES[scope] for scope in sorted(item.scopes - {Scope.SITE, Scope.TOPIC})), *item.site_paths]
    return {key: (etag(publisher, item, key), render(publisher, item.name, key)) for key in keys}


def used_settings(item: Format) -> frozenset[str]:
    """Return the settings that a format declares, and that which chooses the language of a translated one."""
    return item.settings | {"interface"} if item.is_translated else item.settings


def etag(publisher: Publisher, item: Format, key: str) -> str:
    resource = publisher.resource(item, key)
    assert resource
    return publisher.representation(resource).etag


def changed(publisher: Publisher, formats: Registry, **settings: Any) -> Publisher:
    """Publish the same archive with other formats or settings."""
    return Publisher(publisher.archive, formats, replace(publisher.site, **settings), publisher.store)


def test_built_ins_render_every_scope_they_have(seeds: Publisher) -> None:
    names = set(seeds.formats.names())
    assert names >= {"html", "rss", "atom", "json", "epub", "bib", "ris", "csl", "md", "opml", "opds", "opds2"}
    for item in seeds.formats:
        rendered = documents(seeds, item)
        assert rendered, item.name
        assert all(body for _, body in rendered.values()), item.name


def test_documents_depend_on_declared_settings_only(seeds: Publisher) -> None:
    assert OTHER_SETTINGS.keys() == SETTINGS_OF_DOCUMENTS
    more_formats = Registry([*seeds.formats, register(modified(kind=Kind.CATALOG)(), "tests")])
    for item in seeds.formats:
        undeclared = {name: OTHER_SETTINGS[name] for name in SETTINGS_OF_DOCUMENTS - used_settings(item)}
        formats = seeds.formats if "formats" in item.settings else more_formats
        assert documents(changed(seeds, formats, **undeclared), item) == documents(seeds, item), item.name


def test_etag_changes_with_every_declared_setting(seeds: Publisher) -> None:
    more_formats = Registry([*seeds.formats, register(PlainExporter(), "tests")])
    for item in seeds.formats:
        key = next(iter(documents(seeds, item)))
        sites = {name: changed(seeds, seeds.formats, **{name: OTHER_SETTINGS[name]}) for name in OTHER_SETTINGS}
        sites["formats"] = changed(seeds, more_formats)
        different = {name for name, site in sites.items() if etag(site, item, key) != etag(seeds, item, key)}
        assert different == used_settings(item), item.name


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"name": "No Name"}, "its name"),
        ({"suffix": "txt"}, "its suffix"),
        ({"media_type": "text"}, "its media type"),
        ({"kind": "file"}, "its kind"),
        ({"scopes": {"day"}}, "its scopes"),
        ({"offered": {Scope.DAY}}, "its offered"),
        ({"offered": frozenset({Scope.LIST})}, "its offered"),
        ({"paperless": frozenset({Scope.LIST})}, "its paperless"),
        ({"scopes": frozenset({Scope.SITE})}, "it needs site_paths"),
        ({"scopes": frozenset({Scope.SITE}), "site_paths": ("2024",)}, "its site_paths are taken: 2024"),
        ({"settings": frozenset({"colour"})}, "its settings name what is not a setting: colour"),
        ({"__init__": lambda self: 1 / 0}, "ZeroDivisionError"),
    ],
)
def test_plug_in_that_breaks_the_contract_is_rejected(
    monkeypatch: pytest.MonkeyPatch, members: dict[str, object], message: str
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "Broken", modified(**members), raising=False)
    point = EntryPoint("broken", f"{__name__}:Broken", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    with pytest.raises(PluginError, match="'broken'") as raised:
        registry.load()
    assert message in str(raised.value)


@pytest.mark.parametrize("value", ["no_such_module:X", "json:NoSuchClass", "json:dumps", "json:JSONDecoder"])
def test_entry_point_that_is_no_exporter_is_rejected(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    point = EntryPoint("broken", value, registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    with pytest.raises(PluginError, match="'broken'") as raised:
        registry.load()
    assert f"{value})" in str(raised.value)


def test_duplicate_names_and_addresses_are_rejected() -> None:
    first = register(PlainExporter(), "one 1.0")
    with pytest.raises(PluginError, match=r"two 2\.0: the exporter name 'plain' is taken by one from one 1\.0"):
        Registry([first, register(PlainExporter(), "two 2.0")])
    same_suffix = modified(name="other")()
    message = r"two 2\.0: exporter 'other' would answer at .*, where 'plain' from one 1\.0 does"
    with pytest.raises(PluginError, match=message):
        Registry([first, register(same_suffix, "two 2.0")])


def test_formats_of_different_scopes_may_share_a_suffix() -> None:
    weeks = modified(name="weeks", scopes=frozenset({Scope.WEEK}))()
    days = modified(name="days", scopes=frozenset({Scope.DAY}))()
    assert Registry([register(weeks, "one"), register(days, "one")]).names() == ["weeks", "days"]


def test_url_of_a_scope_that_is_not_offered_answers(seeds: Publisher) -> None:
    formats = Registry([register(modified(offered=frozenset({Scope.DAY}))(), "tests")])
    publisher = changed(seeds, formats)
    month = publisher.find("2024-01.txt")
    assert isinstance(month, Resource)
    assert publisher.render(publisher.representation(month)).body == b"2024-01"
    assert formats.answers(month.key) == (month,)
    assert formats.resources(month.key) == ()
    names = {representation.resource.path for representation in publisher.all_representations()}
    assert {name for name in names if name.endswith(".txt")} == {"2024-01-30.txt", "2024-03-20.txt"}


def test_setting_offers_formats_for_more_scopes() -> None:
    formats = Registry([register(modified(offered=frozenset({Scope.DAY}))(), "tests")])
    assert formats.offering(["month.plain", "year.plain"])["plain"].offered == {Scope.DAY, Scope.MONTH, Scope.YEAR}
    assert formats.offering(["plain"])["plain"].offered == PAPER_SCOPES
    assert formats.offering([])["plain"].offered == {Scope.DAY}
    assert len({registry.fingerprint for registry in (formats, formats.offering(["plain"]), formats.offering([]))}) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("plein", "'plein': there is no format 'plein'; write plain"),
        ("xyz", "'xyz': there is no format 'xyz'; write plain"),
        ("moth.plain", "'moth.plain': there is no plain of 'moth'; write all.plain, day.plain"),
        ("site.plain", "there is no plain of 'site'"),
        (".plain", "there is no plain of ''; write all.plain"),
    ],
)
def test_setting_that_names_no_format_is_explained(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Registry([register(PlainExporter(), "tests")]).offering([text])


def test_longest_suffix_is_tried_first() -> None:
    long = modified(name="long", suffix=".csl.txt")()
    formats = Registry([register(PlainExporter(), "one"), register(long, "one")])
    assert [(item.name, key) for item, key in formats.split("latest.csl.txt")] == [
        ("long", "latest"),
        ("plain", "latest.csl"),
    ]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a virtual environment with the example plug-ins, on top of the packages of this one; return its Python."""
    root = tmp_path_factory.mktemp("plug-ins")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    (site_packages,) = root.glob("lib/python*/site-packages")
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (site_packages / "ours.pth").write_text("\n".join([*ours, str(ROOT)]))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    for number, source in enumerate([ROOT / "tests/plugin", ROOT / "tests/plugin/text", ROOT / "tests/plugin/reader"]):
        copy = root / f"source{number}"  # because a build leaves files beside the source
        copy.mkdir()
        for path in source.glob("*.*"):
            (copy / path.name).write_bytes(path.read_bytes())
        subprocess.run([*install, "--target", str(site_packages), str(copy)], check=True)
    return root / "bin/python"


def run(python: Path, code: str, home: Path) -> str:
    environ = {"HOME": str(home), "PATH": os.environ["PATH"], "FEEDS_ARCHIVE": str(SEEDS)}
    return subprocess.run([python, "-c", code], env=environ, capture_output=True, text=True, check=True).stdout


CLI = "import sys; sys.argv[1:] = {!r}; from feeds.cli import main; main()"
GET = """
import json
from web import create_app
client = create_app().test_client()
feed = client.get("/2024-01-30.csv")
print(json.dumps([feed.status_code, feed.headers["Content-Type"], feed.headers["Content-Disposition"], feed.text]))
print(".csv" in client.get("/2024-01-30").text)
"""


@pytest.mark.external
def test_installed_plug_in_is_a_route_a_choice_and_a_link(python: Path, tmp_path: Path) -> None:
    formats = run(python, CLI.format(["formats"]), tmp_path)
    assert re.search(r"^csv +/KEY\.csv ", formats, re.MULTILINE)
    assert "feeds-csv 1.0" in formats
    exported = run(python, CLI.format(["export", "csv", "2024-01-30"]), tmp_path)
    rows = list(csv.DictReader(exported.splitlines()))
    assert len(rows) == 11
    assert rows[0]["votes"] == "42"
    response, is_on_page = run(python, GET, tmp_path).splitlines()
    status, media_type, disposition, text = json.loads(response)
    assert (status, media_type) == (200, "text/csv; charset=utf-8")
    assert disposition.startswith('attachment; filename="daily-papers-2024-01-30.csv"')
    assert list(csv.DictReader(text.splitlines())) == rows
    assert is_on_page == "True"


@pytest.mark.external
def test_plug_in_exports_searches_with_the_public_api(python: Path, tmp_path: Path) -> None:
    formats = run(python, CLI.format(["formats"]), tmp_path)
    assert re.search(r"^text +/KEY\.txt +file .*feeds-text 1\.0$", formats, re.MULTILINE)
    search = run(python, CLI.format(["export", "text", "--q", "확산", "--min-votes", "5"]), tmp_path)
    assert search.startswith("Daily Papers — 검색: 확산")
    assert "\nq: 확산\nmin_votes: 5\n" in search
    votes = [int(number) for number in re.findall(r"^추천 (\d+)$", search, re.MULTILINE)]
    assert len(votes) > 1
    assert votes == sorted(votes, reverse=True)
    day = run(python, CLI.format(["export", "text", "2024-01-30"]), tmp_path)
    assert day.count("https://arxiv.org/abs/") >= 11
    source = (ROOT / "tests/plugin/text/feeds_text.py").read_text(encoding="utf-8")
    assert not re.search(r"from feeds[\w.]* import .*\b_|feeds\.\w+\._", source)


@pytest.mark.external
def test_reader_plug_in_reads_an_archive_that_no_other_reads(python: Path, tmp_path: Path) -> None:
    listed = run(python, CLI.format(["readers"]), tmp_path)
    assert re.search(r"^tsv +\.tsv +feeds-tsv 1\.0 +Reads each line of a ", listed, re.MULTILINE)
    archive = tmp_path / "archive"
    row = "2024-01-30\t논문\thttps://arxiv.org/abs/2401.00001\tA; B\t요약\n"
    write_files(archive, {"2024/papers.tsv": f"day\ttitle\n{row}", "README.md": "# Papers"})
    run(python, CLI.format(["init", str(archive)]), tmp_path)
    assert 'readers = [\n    "tsv",\n]\n' in (archive / "feeds.toml").read_text(encoding="utf-8")
    exported = run(python, CLI.format(["export", "csv", "all", "--archive", str(archive)]), tmp_path)
    (paper,) = csv.DictReader(exported.splitlines())
    assert (paper["title"], paper["authors"]) == ("논문", "A; B")
    check = CLI.replace("; main()", "\ntry: main()\nexcept SystemExit as end: print(end.code)").format(
        ["check", str(archive)]
    )
    line, status = run(python, check, tmp_path).splitlines()
    assert line.startswith(f"{archive}/2024/papers.tsv:1: error: no paper: not enough values to unpack")
    assert status == "1"
