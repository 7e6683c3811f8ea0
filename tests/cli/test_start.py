"""What the start of a command costs: which modules it imports."""

import subprocess
import sys
from importlib import import_module

import click
import pytest

import feeds
from feeds.cli import SUBCOMMANDS
from tests.support.digests import ROOT

RUN = """
import sys
sys.argv = ["feeds", *{arguments!r}]
from feeds.cli import main
try:
    main()
except SystemExit:
    print("modules", *sorted(sys.modules))
"""


def run(*arguments: str) -> tuple[str, set[str]]:
    """Run the command; return its output and the modules that it imported."""
    command = [sys.executable, "-c", RUN.format(arguments=arguments)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    output, _, modules = result.stdout.rpartition("modules ")
    return output, set(modules.split())


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_printed_without_libraries(option: str) -> None:
    output, modules = run(option)
    assert [line.split(None, 1) for line in output.partition("Commands:\n")[2].splitlines()] == [
        list(subcommand) for subcommand in SUBCOMMANDS.items()
    ]
    assert not {name for name in modules if name.startswith("feeds.")} - {"feeds.cli"}
    assert not {"click", "importlib.metadata", "dataclasses"} & modules


@pytest.mark.parametrize(("name", "text"), SUBCOMMANDS.items())
def test_help_has_the_first_sentence_of_the_subcommand(name: str, text: str) -> None:
    command = import_module(f"feeds.cli.{name}").command
    assert isinstance(command, click.Command)
    assert (command.help or "").splitlines()[0] == text
    assert list(SUBCOMMANDS) == sorted(SUBCOMMANDS)


def test_no_subcommand_shows_the_help_as_an_error() -> None:
    result = subprocess.run([sys.executable, "-m", "feeds"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == run("--help")[0]


def test_formats_are_known_without_the_libraries_that_render_them() -> None:
    output, modules = run("formats")
    assert "/KEY.epub" in output
    libraries = {"PIL", "bibtexparser", "ebooklib", "feedgen", "importlib.metadata", "jinja2", "latex2mathml", "rispy"}
    assert not libraries & modules


def test_subcommand_imports_no_other() -> None:
    modules = run("readers")[1]
    assert not {"feeds.publishing.publisher", "feeds.exporters.registry", "uvicorn", "tqdm", "urllib3"} & modules


def test_version_is_that_of_the_distribution() -> None:
    assert run("--version")[0] == f"feeds, version {feeds.__version__}\n"
