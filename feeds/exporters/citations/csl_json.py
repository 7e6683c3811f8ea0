"""Renders CSL-JSON."""

import json
from typing import Any

from feeds.exporters.citations.notes import build_notes
from feeds.exporters.contract import RenderContext
from feeds.model.citation import Name, parse_name
from feeds.model.edition import Edition
from feeds.model.journal import JournalReference, parse_journal
from feeds.model.paper import Listing, Paper


def render_csl_json(edition: Edition, context: RenderContext) -> bytes:
    """Render an item for every paper."""
    items = [_build_item(listing, context) for listing in edition.listings]
    return (json.dumps(items, ensure_ascii=False, indent=1) + "\n").encode()


def _build_item(listing: Listing, context: RenderContext) -> dict[str, Any]:
    paper = listing.paper
    authors = [_build_name(parse_name(author)) for author in paper.authors]
    journal = parse_journal(paper.journal)
    item = {
        "id": listing.citation_key,
        "type": "article-journal" if paper.journal else "article",
        "title": paper.plain_title,
        "author": authors + [{"literal": "others"}] * paper.more_authors,
        "issued": {"date-parts": [_date_parts(listing, journal)]},
        "container-title": journal.name,
        "volume": journal.volume,
        "issue": journal.issue,
        "page": "-".join(filter(None, (journal.first_page, journal.last_page))),
        **(_identify_preprint(paper) if paper.arxiv_id else {}),
        "DOI": paper.doi,
        "URL": paper.url,
        "keyword": ", ".join(paper.tags),
        "abstract": paper.abstract_text,
        "note": " ".join(build_notes(paper, context)),
    }
    return {field: value for field, value in item.items() if value}


def _identify_preprint(paper: Paper) -> dict[str, str]:
    """Say where arXiv has the paper. Styles print the `number` of an article in a journal as that of the journal."""
    number = f"arXiv:{paper.arxiv_id}"
    if paper.journal:
        return {"archive": "arXiv", "archive_location": number}
    return {"publisher": "arXiv", "number": number}


def _date_parts(listing: Listing, journal: JournalReference) -> list[int]:
    """Return the year of the journal; else year, month and day of the paper's own date, or the year alone."""
    if listing.paper.journal:
        return [int(journal.year or listing.year)]
    published = listing.paper.published
    return [published.year, published.month, published.day] if published else [listing.year]


def _build_name(name: Name) -> dict[str, str]:
    if not name.given:
        return {"literal": name.family}
    parts = {"family": name.family, "given": name.given}
    return parts | {"suffix": name.suffix} if name.suffix else parts
