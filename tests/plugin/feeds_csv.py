"""Editions as a table for a spreadsheet."""

import csv
import io
from collections.abc import Iterator

from feeds import PAPER_SCOPES, Edition, Kind, RenderContext


class CsvExporter:
    """Comma-separated values, RFC 4180: one row a paper."""

    name = "csv"
    suffix = ".csv"
    media_type = "text/csv; charset=utf-8"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    settings = frozenset({"publish_at"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render the papers in the order of the edition."""
        table = io.StringIO()
        rows = csv.writer(table)
        rows.writerow(["published", "title", "url", "votes", "authors"])
        for listing in edition.listings:
            paper = listing.paper
            published = context.site.published(listing).isoformat()
            votes = "" if paper.votes is None else paper.votes
            rows.writerow([published, paper.title, paper.url, votes, "; ".join(paper.authors)])
        yield table.getvalue().encode()
