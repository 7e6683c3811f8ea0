"""Writes the whole site into a folder."""

from pathlib import Path

import click

from feeds.cli.archives import open_archive, report_missing_days
from feeds.cli.options import archive_option
from feeds.cli.sites import finish, processes_option
from feeds.cli.terminal import progress_bar
from feeds.publishing.build import build
from feeds.publishing.compression import COMPRESSORS


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@archive_option
@click.option("--precompress", is_flag=True, help="Also write .gz, .br and .zst variants of files that get smaller.")
@processes_option
def command(out: Path, archive: Path, precompress: bool, processes: int) -> None:
    """Write the whole site into the folder OUT.

    Any static host can serve it. A later build renders only what has changed. OUT shows the old site until the new one
    is complete; the folder .OUT.feeds beside it keeps what the next build needs. Searches are not included, since a
    static host cannot answer them.
    """
    publisher = open_archive(archive)
    compressions = tuple(COMPRESSORS) if precompress else ()
    report = build(publisher, out, compressions, processes, progress_bar("building", "file"))
    report_missing_days(publisher)
    counts = {"files": report.files, "rendered": report.rendered, "removed": report.removed}
    finish(str(out), counts, report.errors)
