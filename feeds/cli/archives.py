"""Opens an archive, and says what it does not show."""

import os
from pathlib import Path

import click

from feeds.archive.archive import Archive
from feeds.cli.terminal import progress_bar
from feeds.publishing.publisher import Publisher, open_publisher
from feeds.readers.registry import DEFAULT


def open_archive(archive: Path) -> Publisher:
    """Open an archive; a progress bar shows how it is indexed."""
    return open_publisher(archive, os.environ, progress_bar("indexing", "file"))


def report_reader(archive: Archive) -> None:
    """Say in a line on stderr which reader was found to fit the archive, if it is not the usual one."""
    if not archive.reader.is_detected or archive.reader.names == (DEFAULT,):
        return
    with archive.snapshot() as snapshot:
        if not snapshot.calendar():
            return  # of which `report_missing_days` tells
    name = archive.reader.name
    has_settings = (archive.root / "feeds.toml").exists()
    hint = f'write readers = ["{name}"] into feeds.toml' if has_settings else "`feeds init` writes that into feeds.toml"
    click.echo(f"feeds: {archive.root}: read by {name}, which finds days there; {hint}", err=True)


def report_missing_days(publisher: Publisher) -> None:
    """Say in a line on stderr that the archive shows no day, or not all that its files hold."""
    archive = publisher.archive
    if reason := archive.reason_for_no_days():
        click.echo(f"feeds: {archive.root}: {reason}", err=True)
        return
    with archive.snapshot() as snapshot:
        if days := snapshot.unpublished_days():
            which = f"{days[0]} and {len(days) - 1} more lie" if len(days) > 1 else f"{days[0]} lies"
            hint = "`feeds check` names the lines"
            click.echo(f"feeds: {archive.root}: {which} in the future and are not shown yet; {hint}", err=True)
