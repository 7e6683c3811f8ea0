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
from feeds.model.journal import parse_journal
from feeds.model.paper import Listing, Paper
from feeds.text.latex_escape import escape_latex, pdftex_definitions, title_latex

_WHITESPACE = re.compile(r"\s+")
_SEPARATOR = re.compile(r",|\band\b")  # of names in BibTeX, or of their parts
# https://arxiv.org/category_taxonomy
_ARXIV_CATEGORY = re.compile(
    r"(?:astro-ph|cond-mat|cs|econ|eess|math|nlin|physics|q-bio|q-fin|stat)\.(?:[A-Z]{2}|[a-z]+(?:-[a-z]+)?)"
    r"|gr-qc|hep-(?:ex|lat|ph|th)|math-ph|nucl-(?:ex|th)|quant-ph"
)
_NOT_IN_BIBTEX_URLS = re.compile(r"[^\x21-\x7e]|[{}\\]")


def render_bibtex(edition: Edition, comment: str, context: RenderContext) -> bytes:
    """Render an entry for every paper, after a comment if there is one."""
    entries = [_build_entry(listing, context) for listing in edition.listings]
    names = ("title", "author", "journal")
    printed = [entry.fields_dict[name].value for entry in entries for name in names if name in entry]
    definitions = pdftex_definitions(" ".join(printed))
    preamble = [Preamble(f"{{{definitions}}}")] if definitions else []
    # Values are enclosed already, so that bibtexparser need not copy the library to enclose them.
    document = write_string(Library([*preamble, *entries]), unparse_stack=())
    return (f"% {comment}\n\n{document}" if comment else document).encode()


def _build_entry(listing: Listing, context: RenderContext) -> Entry:
    paper = listing.paper
    authors = [_format_name(parse_name(author)) for author in paper.authors] + ["others"] * paper.more_authors
    journal = parse_journal(paper.journal)
    fields = {
        "title": f"{{{title_latex(_WHITESPACE.sub(' ', paper.title))}}}",
        "author": " and ".join(authors),
        "journal": escape_latex(journal.name),
        "volume": escape_latex(journal.volume),
        "number": escape_latex(journal.issue),
        "pages": "--".join(filter(None, (journal.first_page, journal.last_page))),
        "year": journal.year or str(listing.year),
        "month": str(paper.published.month) if paper.published and not paper.journal else None,
        "eprint": paper.arxiv_id,
        "archivePrefix": "arXiv" if paper.arxiv_id else None,
        "primaryClass": _primary_category(paper),
        "doi": paper.doi,
        "url": _NOT_IN_BIBTEX_URLS.sub(lambda match: quote(match[0]), paper.url),
        "keywords": ", ".join(map(escape_latex, paper.tags)),
        "abstract": " ".join(map(title_latex, paper.abstract.split("\n\n"))),
        "annote": escape_latex(" ".join(build_notes(paper, context))),
    }
    parts = [Field(name, f"{{{value}}}") for name, value in fields.items() if value]
    return Entry("article" if paper.journal else "misc", listing.citation_key, parts)


def _primary_category(paper: Paper) -> str | None:
    """Return the first tag of a paper of arXiv that is one of its categories."""
    return next(filter(_ARXIV_CATEGORY.fullmatch, paper.tags), None) if paper.arxiv_id else None


def _format_name(name: Name) -> str:
    """Format a name as `Family, Suffix, Given`; a part that BibTeX would split stands in braces."""
    if not name.given:
        return f"{{{escape_latex(name.family)}}}"
    parts = [name.family, name.suffix, name.given] if name.suffix else [name.family, name.given]
    return ", ".join([f"{{{escape_latex(part)}}}" if _SEPARATOR.search(part) else escape_latex(part) for part in parts])
