"""`feeds hosting` renders each configuration from the settings and the registry."""

from pathlib import Path

import pytest

from feeds.errors import FeedsError
from feeds.exporters import registry
from feeds.exporters.registry import Registry
from feeds.hosting.configurations import EXAMPLE_URL, Installation, names, render
from feeds.hosting.static_site import describe_static_site
from feeds.site.site import Site
from tests.support.digests import SEEDS
from tests.support.servers import run_feeds
from tests.support.sites import TextExporter, describe

FORMATS = registry.load()


def test_configurations_are_the_folders_of_templates() -> None:
    assert names() == ["caddy", "container", "nginx", "pages", "systemd"]


@pytest.mark.parametrize("name", names())
def test_every_file_ends_with_one_line_break(name: str) -> None:
    for folder in (None, Path("/srv/papers/site")):
        for text in render(name, Site(), FORMATS, Installation(SEEDS, 8000, folder, {})).values():
            assert text.startswith("# ")
            assert text.endswith("\n")
            assert not text.endswith("\n\n")
            assert "\n\n\n" not in text


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_folder_of_the_site_must_end_like_its_url(name: str) -> None:
    site = Site(base_url="https://example.org/papers")
    with pytest.raises(FeedsError, match=r"^/srv/site: does not end like the URL https://example.org/papers; build"):
        render(name, site, FORMATS, Installation(SEEDS, 8000, Path("/srv/site"), {}))


class QuotedExporter(TextExporter):
    """Has a media type with a parameter in quotes, and a suffix of two parts that ends like another."""

    name = "quoted"
    suffix = ".notes.json"
    media_type = 'application/json; profile="notes"'


def test_plug_in_is_in_the_types_and_the_downloads() -> None:
    site = describe_static_site(Registry([*FORMATS, describe(TextExporter()), describe(QuotedExporter())]))
    assert site.media_types.by_extension["txt"] == TextExporter.media_type
    assert site.media_types.by_suffix[".notes.json"] == QuotedExporter.media_type
    assert {".txt", ".notes.json"} <= set(site.downloads)
    assert site.displayed == ("/robots.txt",)


def test_first_page_of_the_site_has_no_type_of_its_own() -> None:
    assert set(describe_static_site(FORMATS).media_types.by_path) == {
        "/opds",
        "/opds2",
        "/topics.opds",
        "/opensearch.xml",
    }


@pytest.mark.external
def test_command_writes_to_standard_output_or_a_folder(environ: dict[str, str], tmp_path: Path) -> None:
    environ |= {"FEEDS_BASE_URL": "https://digests.example.net"}
    arguments: list[str | Path] = ["hosting", "container", "--archive", SEEDS, "--port", "9000"]
    printed = run_feeds(*arguments, environ=environ)
    written = run_feeds(*arguments, "-o", tmp_path / "new" / "folder", environ=environ)
    assert (printed.returncode, printed.stderr, written.returncode, written.stdout) == (0, b"", 0, b"")
    files = [tmp_path / "new" / "folder" / name for name in ("Containerfile", "compose.yaml")]
    assert written.stderr.decode() == "".join(f"wrote {path}\n" for path in files)
    assert printed.stdout.decode() == "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert b"127.0.0.1:9000:9000" in printed.stdout
    assert b"https://digests.example.net" in printed.stdout


@pytest.mark.external
def test_command_says_that_the_base_url_is_not_set(environ: dict[str, str]) -> None:
    result = run_feeds("hosting", "nginx", environ=environ)
    assert result.stderr.decode() == f"feeds: base_url is not set; {EXAMPLE_URL} stands in its place\n"
    assert b"server_name papers.example.org;" in result.stdout
    assert run_feeds("hosting", "pages", environ=environ).stderr == b""


@pytest.mark.external
def test_command_names_a_missing_archive(environ: dict[str, str]) -> None:
    result = run_feeds("hosting", "nginx", "--archive", "/nowhere", environ=environ)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr == b"feeds: /nowhere: no such folder; give the folder of an archive\n"
