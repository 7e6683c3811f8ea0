"""Fetches what arXiv and Crossref know of the papers."""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from feeds.cli.archives import open_archive, report_missing_days
from feeds.cli.options import archive_argument
from feeds.cli.terminal import join_counts, progress_bar
from feeds.metadata import arxiv, crossref
from feeds.metadata.client import Client
from feeds.metadata.fetch import fetch_metadata
from feeds.metadata.store import MetadataStore, default_store
from feeds.text.urls import normalize_web_url


class _ApiUrl(click.ParamType[str]):
    """The address of an API, such as a well-known one."""

    name = "url"

    def __init__(self, example: str) -> None:
        self._example = example

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address as a URI."""
        url = normalize_web_url(value)
        if url is None or not urlsplit(url).hostname or "?" in url or "#" in url:
            self.fail(f"'{value}' is not the address of an API; write one such as {self._example}", param, ctx)
        return url


@click.command()
@archive_argument
@click.option("--force", is_flag=True, help="Also request papers that were requested a short time ago.")
@click.option(
    "--base-url",
    type=_ApiUrl(arxiv.DEFAULT_URL),
    default=arxiv.DEFAULT_URL,
    show_default=True,
    help="Address of the arXiv API, or of a mirror.",
)
@click.option(
    "--crossref-url",
    type=_ApiUrl(crossref.DEFAULT_URL),
    default=crossref.DEFAULT_URL,
    show_default=True,
    help="Address of the Crossref API.",
)
def command(archive: Path, force: bool, base_url: str, crossref_url: str) -> None:
    """Fetch what arXiv and Crossref know of the papers.

    That is all authors in their order, abstracts, categories, dates, journals and comments. They complete what the
    digests say, and are kept in a store ($FEEDS_METADATA): papers in it are requested again after 30 days, those that
    their source did not know after 7. Exits with 1 if a source failed.
    """
    publisher = open_archive(archive)
    with publisher.archive.snapshot() as snapshot:
        urls = snapshot.paper_urls()
    report = fetch_metadata(
        MetadataStore(default_store(os.environ)),
        urls,
        arxiv.ArxivApi(Client(arxiv.INTERVAL, arxiv.MEDIA_TYPE), base_url),
        crossref.CrossrefApi(Client(crossref.INTERVAL, crossref.MEDIA_TYPE), crossref_url),
        force=force,
        progress=progress_bar("fetching", "paper"),
    )
    for problem in report.problems:
        click.echo(f"feeds: {problem}", err=True)
    report_missing_days(publisher)
    counts = {name: getattr(report, name) for name in ("fetched", "unchanged", "unknown", "failed")}
    if report.unidentified:
        counts["without an identifier"] = report.unidentified
    click.echo(f"metadata: {join_counts(counts)}", err=True)
    sys.exit(1 if report.failed else 0)
