"""Renders RIS with rispy."""

import re
from typing import Any

import rispy

from feeds.exporters.citations.notes import build_notes
from feeds.exporters.contract import RenderContext
from feeds.model.citation import Name, parse_name
from feeds.model.edition import Edition
from feeds.model.journal import parse_journal
from feeds.model.paper import Listing

_WHITESPACE = re.compile(r"\s+")


def render_ris(edition: Edition, context: RenderContext) -> bytes:
    """Render a reference for every paper."""
    references = [_build_reference(listing, context) for listing in edition.listings]
    return bytes(rispy.dumps(references, implementation=_Writer).encode())


class _Writer(rispy.RisWriter):  # type: ignore[misc]  # rispy has no types
    """Leaves out the number that rispy puts before every reference, which is not part of RIS."""

    def set_header(self, count: int) -> str:  # noqa: ARG002  # rispy passes it
        return ""


def _build_reference(listing: Listing, context: RenderContext) -> dict[str, Any]:
    paper = listing.paper
    journal = parse_journal(paper.journal)
    reference = {
        "type_of_reference": "JOUR" if paper.journal else "UNPB",  # an article or a preprint
        "id": listing.citation_key,
        "title": _WHITESPACE.sub(" ", paper.plain_title),
        "authors": [_format_name(parse_name(author)) for author in paper.authors],
        "secondary_title": journal.name,
        "volume": journal.volume,
        "number": journal.issue,
        "start_page": journal.first_page,
        "end_page": journal.last_page,
        "year": journal.year or str(listing.year),
        "date": f"{paper.published:%Y/%m/%d}" if paper.published and not paper.journal else None,
        "name_of_database": "arXiv" if paper.arxiv_id else None,
        "accession_number": paper.arxiv_id,
        "doi": paper.doi,
        "urls": [paper.url],
        "keywords": list(paper.tags),
        "abstract": paper.abstract_text.replace("\n", " "),
        "notes": build_notes(paper, context),
    }
    return {field: value for field, value in reference.items() if value}


def _format_name(name: Name) -> str:
    return ", ".join(filter(None, name))
