"""Exports editions as tables for spreadsheets."""

import csv
import io
from collections.abc import Iterator

from feeds import PAPER_SCOPES, Edition, Kind, RenderContext


class CsvExporter:
    """Comma-separated values (RFC 4180) with a row per paper."""

    name = "csv"
    suffix = ".csv"
    media_type = "text/csv; charset=utf-8"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    settings = frozenset({"publish_at"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the papers in the order of the edition."""
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow(["published", "title", "url", "votes", "authors"])
        for listing in edition.listings:
            paper = listing.paper
            published = context.site.published(listing).isoformat()
            writer.writerow([published, paper.title, paper.url, paper.votes, "; ".join(paper.authors)])
        yield table.getvalue().encode()
