"""Compiled templates: kept beside Python's own bytecode, and not needed."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import Environment

from feeds.exporters.environment import create_environment

TEMPLATE = "html/list.html"


@pytest.fixture
def bytecode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder into which Python writes bytecode."""
    folder = tmp_path / "bytecode"
    monkeypatch.setattr(sys, "pycache_prefix", str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return folder


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the templates that were compiled."""
    names = []
    compile_template: Callable[..., object] = Environment.compile

    def compile_and_note(self: Environment, source: str, name: str, filename: str) -> object:
        names.append(name)
        return compile_template(self, source, name, filename)

    monkeypatch.setattr(Environment, "compile", compile_and_note)
    return names


@pytest.mark.usefixtures("bytecode")
def test_template_is_compiled_once_for_all_processes(compilations: list[str]) -> None:
    for _ in range(2):
        create_environment().get_template(TEMPLATE)  # an environment is that of a process
    assert compilations == ["list.html"]


@pytest.mark.parametrize("length", [0, 20, 40, -100])
def test_template_is_compiled_again_if_its_file_is_cut_off(
    bytecode: Path, compilations: list[str], length: int
) -> None:
    create_environment().get_template(TEMPLATE)
    (file,) = bytecode.rglob("*.pyc")
    file.write_bytes(file.read_bytes()[:length])
    create_environment().get_template(TEMPLATE)
    assert len(compilations) == 2


def test_template_is_compiled_where_nothing_can_be_written(bytecode: Path, compilations: list[str]) -> None:
    bytecode.write_text("a file where a folder would be")
    create_environment().get_template(TEMPLATE)
    assert compilations == ["list.html"]


def test_no_bytecode_is_written_where_python_writes_none(
    bytecode: Path, compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    create_environment().get_template(TEMPLATE)
    assert not bytecode.exists()
    assert compilations == ["list.html"]
