"""Writes a settings file."""

import os
from pathlib import Path

import click

from feeds.archive.archive import Archive
from feeds.cli.options import archive_argument
from feeds.cli.terminal import progress_bar
from feeds.errors import FeedsError
from feeds.model.keys import LATEST
from feeds.publishing.publisher import last_published_day, open_archive
from feeds.readers import registry
from feeds.readers.fields.values import guess_language
from feeds.readers.registry import DEFAULT
from feeds.site import settings
from feeds.site.site import Site


@click.command()
@archive_argument
def command(archive: Path) -> None:
    """Write a settings file into ARCHIVE.

    Also says what is found there. The file, feeds.toml, explains every setting. It sets `language` to that of the
    digests, and `readers` if another reader than the usual one finds days in ARCHIVE.
    """
    path = archive / "feeds.toml"
    if path.exists() or path.is_symlink():
        raise FeedsError(f"{path}: already exists; edit it, or move it away")
    if not archive.is_dir():
        raise FeedsError(f"{archive}: no such folder; give the folder of an archive")
    progress = progress_bar("indexing", "file")
    opened = open_archive(archive, os.environ, settings.Settings(), registry.load(), progress, last_published_day)
    opened.sync()
    reason = opened.reason_for_no_days()
    click.echo(f"{archive}: {reason or _describe(opened)}", err=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(settings.example(_settings(opened)))
    except OSError as error:
        raise FeedsError(f"{path}: {error.strerror}; give a folder that can be written") from error
    step = f"set what fits there, then feeds check {archive}" if reason else f"feeds serve {archive}"
    click.echo(f"wrote {path}; next: {step}", err=True)


def _settings(archive: Archive) -> dict[str, object]:
    """Return the settings of an archive that differ from the defaults: its language, and its reader."""
    with archive.snapshot() as snapshot:
        papers = snapshot.load(LATEST).papers
    if not papers:
        return {}
    text = "\n".join(paper.body_text or paper.plain_title for paper in papers)
    language = guess_language(text) or "en"  # most digests in Latin letters are English
    if archive.reader.names == (DEFAULT,):
        return {"language": language} if language != Site().language else {}
    return {"language": language, "readers": list(archive.reader.names)}


def _describe(archive: Archive) -> str:
    """Say how many files are read by which reader, and what they hold."""
    with archive.snapshot() as snapshot:
        calendar, files = snapshot.calendar(), snapshot.count_files()
    papers = sum(day.papers for day in calendar)
    plural = "s look" if files != 1 else " looks"
    listings = f"{papers:,} listing{'s' if papers != 1 else ''}"
    return f"{files:,} file{plural} like {archive.reader.name}, {listings}, {calendar[0].date} to {calendar[-1].date}"
