"""Lists the registered formats."""

import click

from feeds.exporters import registry
from feeds.exporters.contract import Format
from feeds.model.keys import Scope


@click.command()
def command() -> None:
    """List the registered formats.

    Columns: name, URLs, kind, media type, and the distribution that it came from.
    """
    rows = [(item.name, _addresses(item), item.kind, item.media_type, item.origin) for item in registry.load()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _addresses(item: Format) -> str:
    keys = [*item.site_paths, *(["KEY"] if item.scopes - {Scope.SITE} else [])]
    return " ".join(f"/{key}{item.suffix}" for key in keys)
