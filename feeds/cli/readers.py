"""Lists the registered readers."""

import inspect

import click

from feeds.readers import Reader, registry


@click.command()
def command() -> None:
    """List the registered readers.

    In the order in which they are tried. Columns: name, suffixes of the files that are read, the distribution that it
    came from, and what it reads.
    """
    rows = [
        (item.name, " ".join(sorted(item.reader.suffixes)), item.origin, _describe(item.reader))
        for item in registry.load()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _describe(reader: Reader) -> str:
    """Return the first line of the documentation of a reader's class."""
    return (inspect.getdoc(type(reader)) or "").partition("\n")[0]
