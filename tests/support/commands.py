"""Parses commands as the `feeds` program does, without running them."""

import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import click


def parse_command(line: str) -> dict[str, Any]:
    """Return the parameters of a command such as `/usr/bin/feeds build site`; click.UsageError if one is wrong."""
    program, name, *arguments = shlex.split(line)
    assert Path(program).name == "feeds"
    command = import_module(f"feeds.cli.{name}").command
    assert isinstance(command, click.Command)
    return command.make_context(name, arguments).params
