"""Writes one edition in one format."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from feeds.cli.archives import open_archive, report_missing_days
from feeds.cli.editions import find_resource, given_parameters, search_options
from feeds.cli.options import archive_option
from feeds.errors import FeedsError
from feeds.exporters import registry
from feeds.exporters.contract import Resource
from feeds.files import atomic_write
from feeds.model.keys import Scope, parse_key, period
from feeds.publishing.publisher import Publisher


class _FormatName(click.ParamType[str]):
    """The name of a registered format."""

    name = "format"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002  # click's signature
        """Return the choices for the usage line."""
        return f"[{'|'.join(registry.load().names())}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Check a name."""
        names = registry.load().names()
        if value not in names and parse_key(value):
            self.fail(f"{value!r} is a key; write the format before it: feeds export FORMAT {value}", param, ctx)
        if value not in names:
            self.fail(f"there is no format {value!r}; choose one of {', '.join(names)}", param, ctx)
        return value


@click.command()
@click.argument("format_name", metavar="FORMAT", type=_FormatName())
@click.argument("key", required=False)
@archive_option
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    help="File to write; default stdout. A folder, or a new name without a suffix, gets a file a day.",
)
@search_options
def command(format_name: str, key: str | None, archive: Path, output: str | None, **parameters: str | None) -> None:
    """Write one edition in one format.

    KEY is latest, all, a day (2024-01-30), a week (2024-W05), a month (2024-01), a year (2024), daily, weekly, monthly,
    search, papers/NUMBER or, for catalogs, newest, days, weeks, months or years. The default is search if a search
    option is given, otherwise latest.
    """
    publisher = open_archive(archive)
    report_missing_days(publisher)
    resource = find_resource(publisher, publisher.formats[format_name], key, given_parameters(parameters))
    if output and _is_folder(output):
        _write_days(publisher, resource, Path(output))
        return
    document = publisher.render(publisher.representation(resource)).body
    if output:
        _write(Path(output), document)
        return
    if sys.stdout.isatty() and b"\0" in document:
        raise FeedsError(f"{resource.path}: is binary, and stdout is a terminal; add -o {resource.file_name}")
    sys.stdout.buffer.write(document)


def _is_folder(output: str) -> bool:
    """Whether a path is that of a folder, or of one to create."""
    path = Path(output)
    return path.is_dir() or output.endswith(os.sep) or not (path.suffix or os.path.lexists(path))


def _write_days(publisher: Publisher, resource: Resource, folder: Path) -> None:
    """Write each day of an edition into a file of its own, and say how many there are."""
    archive, suffix = publisher.archive, resource.format.suffix
    if folder.resolve().is_relative_to(archive.root) and suffix in archive.reader.suffixes:
        problem = f"lies in the archive, which would read its {suffix} files as well"
        raise FeedsError(f"{folder}: {problem}; choose a folder outside {archive.root}")
    with archive.snapshot() as snapshot:
        covered = {day.date for day in snapshot.load(resource.key).days}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FeedsError(f"{folder}: {error.strerror}; choose another folder") from error
    for day in sorted(covered):
        document = resource.format.resource(period(Scope.DAY, day))
        body = publisher.render(publisher.representation(document)).body
        _write(folder / f"{document.key.text}{suffix}", body)
    click.echo(f"wrote {len(covered):,} {suffix} file{'s' if len(covered) != 1 else ''} into {folder}", err=True)


def _write(path: Path, document: bytes) -> None:
    """Write a file atomically; devices, pipes and links are written to directly."""
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.write_bytes(document)
        else:
            atomic_write(path, document)
    except OSError as error:
        raise FeedsError(f"{path}: {error.strerror}; choose another file") from error
