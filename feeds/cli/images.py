"""Fetches the papers' images."""

import os
from pathlib import Path

import click

from feeds.cli.archives import open_archive, report_missing_days
from feeds.cli.options import archive_argument
from feeds.cli.terminal import join_counts, progress_bar
from feeds.images.client import ALLOW_PRIVATE, PUBLIC_ONLY, Client
from feeds.images.fetch import fetch_images
from feeds.site import settings


@click.command()
@archive_argument
@click.option("--force", is_flag=True, help="Also retry images that failed a short time ago.")
def command(archive: Path, force: bool) -> None:
    """Fetch the papers' images for pages, feeds and books.

    Images are kept in a store ($FEEDS_IMAGES); those in it are not fetched again.
    """
    publisher = open_archive(archive)
    with publisher.archive.snapshot() as snapshot:
        urls = snapshot.image_urls()
    report = fetch_images(
        publisher.store,
        urls,
        Client(ALLOW_PRIVATE if settings.load(archive, os.environ).private_images else PUBLIC_ONLY),
        force=force,
        progress=progress_bar("fetching", "image"),
    )
    for url, reason in report.failed:
        click.echo(f"{url}: {reason}", err=True)
    report_missing_days(publisher)
    counts = {name: len(getattr(report, name)) for name in ("fetched", "unchanged", "failed", "waiting")}
    hint = " (failed a short time ago; use --force to request them again)" if report.waiting else ""
    click.echo(f"images: {join_counts(counts)}{hint}", err=True)
