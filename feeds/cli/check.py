"""Reports what is wrong in an archive."""

import os
import sys
from collections.abc import Iterator, Set
from pathlib import Path

import click

from feeds.archive.archive import Archive
from feeds.cli.archives import report_reader
from feeds.cli.options import archive_argument
from feeds.cli.terminal import progress_bar
from feeds.exporters import registry
from feeds.model.diagnostic import Severity
from feeds.publishing.publisher import open_archive
from feeds.readers import registry as reader_registry
from feeds.site import settings

_CONTROL_CHARACTERS = dict.fromkeys([*range(32), 127], "\ufffd")  # of file names, which may hold a line break


@click.command()
@archive_argument
def command(archive: Path) -> None:
    """Report what is wrong in ARCHIVE.

    Checks the settings and the day files, and exits with 1 if anything was lost, or no day was found.
    """
    readers = reader_registry.load()
    checks = {"build.formats": registry.load().offer, "readers": readers.check}
    loaded, setting_errors = settings.load_with_errors(archive, os.environ, checks)
    for location, message in setting_errors:
        click.echo(f"{location}: {Severity.ERROR.value}: {message}")
    progress = progress_bar("indexing", "file")
    opened = open_archive(archive, os.environ, loaded, readers, progress)
    opened.sync()
    report_reader(opened)
    with opened.snapshot() as snapshot:
        diagnostics, calendar = [*snapshot.diagnostics()], snapshot.calendar()
    problems = [(f"{archive / path}:{line}", severity, message) for path, line, message, severity in diagnostics]
    if opened.degradation:
        message = f"{opened.degradation} (the index is {opened.index_path})"
        problems.insert(0, (str(archive), Severity.ERROR, message))
    if not calendar:
        problems += _explain_empty(opened, archive, {path for path, *_ in diagnostics})
    for location, severity, message in problems:
        click.echo(f"{location.translate(_CONTROL_CHARACTERS)}: {severity.value}: {message}")
    errors = len(setting_errors) + sum(severity is Severity.ERROR for _, severity, _ in problems)
    counts = {"days": len(calendar), "papers": sum(day.papers for day in calendar), "errors": errors}
    counts["warnings"] = len(problems) + len(setting_errors) - errors
    click.echo(", ".join(f"{name}: {count}" for name, count in counts.items()), err=True)
    sys.exit(1 if errors else 0)


def _explain_empty(opened: Archive, archive: Path, known: Set[str]) -> Iterator[tuple[str, Severity, str]]:
    """List why an archive shows no day: what was read and what not, and what looks like papers in files not `known`."""
    yield str(archive), Severity.ERROR, opened.reason_for_no_days()
    for path, line, url in opened.survey().links:
        if path not in known:
            yield f"{archive / path}:{line}", Severity.WARNING, f"{url} looks like a paper, but belongs to no day"
