"""Renders a configuration to host a site with."""

import os
from pathlib import Path

import click

from feeds.cli.options import archive_option
from feeds.errors import FeedsError
from feeds.exporters import registry
from feeds.files import atomic_write
from feeds.hosting.configurations import EXAMPLE_URL, Installation, names, render
from feeds.site import settings


@click.command()
@click.argument("name", type=click.Choice(names()))
@archive_option
@click.option(
    "--port",
    type=click.IntRange(1, 65534),
    default=8000,
    show_default=True,
    help="Port that the app listens on; its metrics are on the next.",
)
@click.option(
    "--site",
    "site_folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder that `feeds build` writes. The web server then serves its files, and passes searches to the app.",
)
@click.option(
    "-o", "output", type=click.Path(path_type=Path), help="Folder to write to; by default to standard output."
)
def command(name: str, archive: Path, port: int, site_folder: Path | None, output: Path | None) -> None:
    """Write a configuration to host the site with.

    It follows from the settings of the archive, the environment and the registered formats. README.md in feeds/hosting
    explains each.
    """
    if not archive.is_dir():
        raise FeedsError(f"{archive}: no such folder; give the folder of an archive")
    formats = registry.load()
    site = settings.load(archive, os.environ, {"build.formats": formats.offer}).site
    installation = Installation(archive.absolute(), port, site_folder and site_folder.absolute(), os.environ)
    rendered = render(name, site, formats, installation)
    if any(EXAMPLE_URL in text for text in rendered.values()):
        click.echo(f"feeds: base_url is not set; {EXAMPLE_URL} stands in its place", err=True)
    if not output:
        click.echo("\n".join(rendered.values()), nl=False)
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
        for file, text in rendered.items():
            atomic_write(output / file, text.encode())
            click.echo(f"wrote {output / file}", err=True)
    except OSError as error:
        raise FeedsError(f"{error.filename or output}: {error.strerror}; choose another folder") from error
