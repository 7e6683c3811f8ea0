"""Editions as a table for a spreadsheet."""

import csv
import io
from collections.abc import Iterator

from feeds.archive.edition import Edition
from feeds.exporters.contract import CUTS, Kind
from feeds.site.site import Site


class CsvExporter:
    """Comma-separated values, RFC 4180: a line a paper."""

    name = "csv"
    suffix = ".csv"
    media_type = "text/csv; charset=utf-8"
    kind = Kind.FILE
    scopes = CUTS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render the papers of an edition, in its order."""
        table = io.StringIO()
        lines = csv.writer(table)
        lines.writerow(["published", "title", "url", "votes", "authors"])
        for paper in edition.papers:
            published = site.published(paper).isoformat()
            votes = "" if paper.votes is None else paper.votes
            lines.writerow([published, paper.title, paper.url, votes, "; ".join(paper.authors)])
        yield table.getvalue().encode()
