"""Renders BibTeX with bibtexparser."""

import re
from urllib.parse import quote

from bibtexparser.entrypoint import write_string
from bibtexparser.library import Library
from bibtexparser.model import Entry, Field, Preamble

from feeds.exporters.citations.notes import build_notes
from feeds.exporters.contract import RenderContext
from feeds.model.citation import Name, parse_name
from feeds.model.edition import Edition
from feeds.model.paper import Listing
from feeds.text.latex_escape import escape_latex, pdftex_definitions, title_latex

_WHITESPACE = re.compile(r"\s+")
_SEPARATOR = re.compile(r",|\band\b")  # of names in BibTeX, or of their parts
_NOT_IN_BIBTEX_URLS = re.compile(r"[^\x21-\x7e]|[{}\\]")


def render_bibtex(edition: Edition, comment: str, context: RenderContext) -> bytes:
    """Render an entry for every paper, after a comment if there is one."""
    entries = [_build_entry(listing, context) for listing in edition.listings]
    printed = [entry.fields_dict[name].value for entry in entries for name in ("title", "author") if name in entry]
    definitions = pdftex_definitions(" ".join(printed))
    preamble = [Preamble(f"{{{definitions}}}")] if definitions else []
    # Values are enclosed already, so that bibtexparser need not copy the library to enclose them.
    document = write_string(Library([*preamble, *entries]), unparse_stack=())
    return (f"% {comment}\n\n{document}" if comment else document).encode()


def _build_entry(listing: Listing, context: RenderContext) -> Entry:
    paper = listing.paper
    authors = [_format_name(parse_name(author)) for author in paper.authors] + ["others"] * paper.more_authors
    fields = {
        "title": f"{{{title_latex(_WHITESPACE.sub(' ', paper.title))}}}",
        "author": " and ".join(authors),
        "year": str(listing.year),
        "month": str(paper.published.month) if paper.published else None,
        "eprint": paper.arxiv_id,
        "archivePrefix": "arXiv" if paper.arxiv_id else None,
        "doi": paper.doi,
        "url": _NOT_IN_BIBTEX_URLS.sub(lambda match: quote(match[0]), paper.url),
        "keywords": ", ".join(map(escape_latex, paper.tags)),
        "abstract": " ".join(map(title_latex, paper.abstract.split("\n\n"))),
        "annote": escape_latex(" ".join(build_notes(paper, context))),
    }
    return Entry("misc", listing.citation_key, [Field(name, f"{{{value}}}") for name, value in fields.items() if value])


def _format_name(name: Name) -> str:
    """Format a name as `Family, Suffix, Given`; a part that BibTeX would split stands in braces."""
    if not name.given:
        return f"{{{escape_latex(name.family)}}}"
    parts = [name.family, name.suffix, name.given] if name.suffix else [name.family, name.given]
    return ", ".join([f"{{{escape_latex(part)}}}" if _SEPARATOR.search(part) else escape_latex(part) for part in parts])
