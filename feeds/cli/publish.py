"""Uploads the whole site."""

from pathlib import Path

import click

from feeds.cli.archives import open_archive, report_missing_days
from feeds.cli.options import archive_option
from feeds.cli.sites import finish, processes_option
from feeds.cli.terminal import exit_on_second_interrupt, progress_bar
from feeds.publishing.bucket import Bucket, open_store
from feeds.publishing.publish import publish


@click.command()
@click.argument("url")
@archive_option
@click.option("--dry-run", is_flag=True, help="Only say what would be sent and removed.")
@click.option(
    "--force",
    is_flag=True,
    help="Send everything, whatever the store is recorded to hold, and remove more than a fifth of it if need be.",
)
@click.option("--plain", is_flag=True, help="Send text uncompressed instead of gzipped.")
@processes_option
def command(url: str, archive: Path, dry_run: bool, force: bool, plain: bool, processes: int) -> None:
    """Upload the whole site to URL.

    URL starts with s3://, gs://, az://, file:// or memory://. Only changed objects are sent.

    Credentials and endpoints come from the environment, such as AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL. An archive
    without a day is not published, nor one without more than a fifth of the objects that were, unless with --force.
    """
    bucket = Bucket(open_store(url), url, compress=not plain)
    publisher = open_archive(archive)
    exit_on_second_interrupt()
    progress = progress_bar("publishing", "object")
    report = publish(publisher, bucket, force=force, dry_run=dry_run, processes=processes, progress=progress)
    report_missing_days(publisher)
    if dry_run:
        for action, names in (("send", report.sent), ("remove", report.removed)):
            for name in names:
                click.echo(f"{action} {name}")
    counts = {"objects": report.objects, "sent": len(report.sent), "removed": len(report.removed)}
    finish(f"{url} would be" if dry_run else url, counts, report.errors)
