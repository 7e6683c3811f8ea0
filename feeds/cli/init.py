"""Writes a settings file."""

from pathlib import Path

import click

from feeds.cli.options import archive_argument
from feeds.errors import FeedsError
from feeds.site import settings


@click.command()
@archive_argument
def command(archive: Path) -> None:
    """Write a settings file into ARCHIVE.

    The file, feeds.toml, explains every setting and sets none.
    """
    path = archive / "feeds.toml"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(settings.example())
    except FileExistsError as error:
        raise FeedsError(f"{path}: already exists; edit it, or move it away") from error
    except OSError as error:
        raise FeedsError(f"{path}: {error.strerror}; give the folder of an archive") from error
    click.echo(f"wrote {path}", err=True)
