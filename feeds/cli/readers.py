"""Lists the registered readers."""

import click

from feeds.readers import registry


@click.command()
def command() -> None:
    """List the registered readers.

    In the order in which they are tried. Columns: name, suffixes of the files that are read, and the distribution that
    it came from.
    """
    rows = [(item.name, " ".join(sorted(item.reader.suffixes)), item.origin) for item in registry.load()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
