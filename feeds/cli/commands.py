"""Runs a subcommand, whose module alone is imported, and reports its errors."""

import sys
from importlib import import_module
from typing import NoReturn

import click
from click.exceptions import NoSuchCommand

from feeds import NAME
from feeds.cli import SUBCOMMANDS
from feeds.cli.terminal import describe_error
from feeds.errors import BuildError, ExportError, FeedsError, MailError, PublishError, StoreError

_PROBLEMS = (BuildError, ExportError, MailError, PublishError, StoreError)  # exit code 1; other errors are wrong usage


def run() -> None:
    """Run the command line; an expected error is one line on stderr, `feeds: WHERE: what is wrong; what to do`."""
    try:
        sys.exit(_commands(prog_name="feeds", standalone_mode=False))
    except FeedsError as error:
        _fail(str(error), 1 if isinstance(error, _PROBLEMS) else 2)
    except click.ClickException as error:
        _fail(describe_error(error), error.exit_code)
    except click.Abort:
        _fail("stopped", 1)


def _fail(message: str, exit_code: int) -> NoReturn:
    click.echo(f"feeds: {message}", err=True)
    sys.exit(exit_code)


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in SUBCOMMANDS:
            raise NoSuchCommand(cmd_name, possibilities=SUBCOMMANDS, ctx=ctx)
        command = import_module(f"feeds.cli.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101  # for mypy
        return command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=NAME, prog_name="feeds")
def _commands() -> None:
    pass
