"""What writes a whole site: the number of processes, and the report."""

import sys
from collections.abc import Mapping

import click

from feeds.archive.records import available_cores
from feeds.cli.terminal import join_counts

processes_option = click.option(
    "--processes",
    type=click.IntRange(1, 256),
    default=available_cores,
    show_default="all cores",
    help="Number of processes that render.",
)


def finish(target: str, counts: Mapping[str, int], errors: tuple[str, ...]) -> None:
    """Report the errors and counts of a build or upload, and exit with 1 if there are errors."""
    for error in errors:
        click.echo(f"feeds: {error}", err=True)
    click.echo(f"{target}: {join_counts({**counts, 'failed': len(errors)})}", err=True)
    sys.exit(1 if errors else 0)
