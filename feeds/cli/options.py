"""The argument and the option that name the archive."""

from pathlib import Path

import click

_type = click.Path(path_type=Path)
_DEFAULT = "seeds"

archive_argument = click.argument("archive", type=_type, envvar="FEEDS_ARCHIVE", default=_DEFAULT)
archive_option = click.option(
    "--archive",
    type=_type,
    envvar="FEEDS_ARCHIVE",
    default=_DEFAULT,
    show_default="$FEEDS_ARCHIVE or seeds",
    help="Folder of the archive.",
)
