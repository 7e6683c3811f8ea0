"""Serves an archive over HTTP."""

import logging.config
import os
from pathlib import Path

import click

from feeds.cli.archives import open_archive, report_missing_days, report_reader
from feeds.cli.options import archive_argument
from feeds.http import logs, metrics, server
from feeds.site.site import Site


@click.command()
@archive_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=min(4, os.cpu_count() or 1),
    show_default=True,
    help="Number of worker processes.",
)
@click.option("--metrics-port", type=click.IntRange(1, 65535), help="Port on which Prometheus reads metrics.")
@click.option(
    "--log-format", type=click.Choice(logs.FORMATS), default="text", show_default=True, help="Form of log lines."
)
@click.option("--access-log", is_flag=True, help="Log every request.")
def command(
    archive: Path, host: str, port: int, workers: int, metrics_port: int | None, log_format: str, *, access_log: bool
) -> None:
    """Serve ARCHIVE over HTTP."""
    log_config = logs.configuration(log_format, with_access=access_log)
    logging.config.dictConfig(log_config)
    publisher = open_archive(archive)
    report_reader(publisher.archive)
    report_missing_days(publisher)
    listener = server.listen(host, port)
    if publisher.site.base_url == Site().base_url:
        name = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  # compared, not bound
        os.environ["FEEDS_BASE_URL"] = f"http://{f'[{name}]' if ':' in name else name}:{port}"
    os.environ["FEEDS_READERS"] = ",".join(publisher.archive.reader.names)  # workers need not find it out again
    os.environ["FEEDS_ARCHIVE"] = str(archive.resolve())
    base_url = os.environ.get("FEEDS_BASE_URL", publisher.site.base_url)
    click.echo(f"Serving {archive} at {base_url}/ (press Ctrl+C to stop)")
    publisher.archive.close()
    with metrics.serving(host, metrics_port):
        server.serve("web:create_app", listener, workers, log_config)
