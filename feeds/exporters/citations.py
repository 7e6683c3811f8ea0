"""Exports citations for reference managers: BibTeX, RIS and CSL-JSON.

The summaries of a digest are not abstracts, and it lists authors in an order of its own, so all formats have notes that
say so. Where a digest leaves authors out, BibTeX has `and others`, which styles print as et al. CSL has the name
`others`, which pandoc prints as et al. and other processors as an author's name, so that no list seems complete. RIS
has no such word, and EndNote and Zotero would file `others` as a person, so only its notes say it.
"""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import rispy
from bibtexparser.entrypoint import write_string
from bibtexparser.library import Library
from bibtexparser.model import Entry, Field, Preamble

from feeds.exporters.contract import LIBRARY_SCOPES, PAPER_SCOPES, Kind, RenderContext
from feeds.model.citation import Name, parse_name
from feeds.model.edition import Edition
from feeds.model.keys import Scope
from feeds.model.paper import Listing, Paper
from feeds.text.latex_escape import escape_latex, pdftex_definitions, title_latex
from feeds.text.unicode import detect_language

_WHITESPACE = re.compile(r"\s+")
_SEPARATOR = re.compile(r",|\band\b")  # of names in BibTeX, or of their parts
_NOT_IN_BIBTEX_URLS = re.compile(r"[^\x21-\x7e]|[{}\\]")


class BibtexExporter:
    """BibTeX in UTF-8 for every LaTeX engine. Titles stand in braces, so that no style changes their case."""

    name = "bib"
    suffix = ".bib"
    media_type = "application/x-bibtex; charset=utf-8"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    offered = PAPER_SCOPES - {Scope.TOPIC}
    settings = frozenset({"language"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render an entry for every paper, after a comment if a search has more."""
        if omission := context.omission(edition, self.name):
            yield f"% {omission}\n\n".encode()
        entries = [_build_bibtex_entry(listing, context) for listing in edition.listings]
        printed = [entry.fields_dict[name].value for entry in entries for name in ("title", "author") if name in entry]
        definitions = pdftex_definitions(" ".join(printed))
        preamble = [Preamble(f"{{{definitions}}}")] if definitions else []
        # Values are enclosed already, so that bibtexparser need not copy the library to enclose them.
        yield write_string(Library([*preamble, *entries]), unparse_stack=()).encode()


class RisExporter:
    """RIS, which EndNote and most other reference managers import."""

    name = "ris"
    suffix = ".ris"
    media_type = "application/x-research-info-systems; charset=utf-8"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    offered = LIBRARY_SCOPES
    settings = frozenset({"language"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render a reference for every paper."""
        references = [_build_ris_reference(listing, context) for listing in edition.listings]
        yield rispy.dumps(references, implementation=_RisWriter).encode()


class CslJsonExporter:
    """CSL-JSON 1.0.2, which Zotero, pandoc and citation processors read, https://citeproc-js.readthedocs.io."""

    name = "csl"
    suffix = ".csl.json"
    media_type = "application/vnd.citationstyles.csl+json"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    offered = LIBRARY_SCOPES
    settings = frozenset({"language"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render an item for every paper."""
        items = [_build_csl_item(listing, context) for listing in edition.listings]
        yield (json.dumps(items, ensure_ascii=False, indent=1) + "\n").encode()


class _RisWriter(rispy.RisWriter):  # type: ignore[misc]  # rispy has no types
    """Leaves out the number that rispy puts before every reference, which is not part of RIS."""

    def set_header(self, count: int) -> str:  # noqa: ARG002  # rispy passes it
        return ""


def _build_bibtex_entry(listing: Listing, context: RenderContext) -> Entry:
    paper = listing.paper
    authors = [_format_bibtex_name(parse_name(author)) for author in paper.authors] + ["others"] * paper.more_authors
    fields = {
        "title": f"{{{title_latex(_WHITESPACE.sub(' ', paper.title))}}}",
        "author": " and ".join(authors),
        "year": str(listing.year),
        "eprint": paper.arxiv_id,
        "archivePrefix": "arXiv" if paper.arxiv_id else None,
        "doi": paper.doi,
        "url": _NOT_IN_BIBTEX_URLS.sub(lambda match: quote(match[0]), paper.url),
        "annote": escape_latex(" ".join(_notes(paper, context))),
    }
    return Entry("misc", listing.citation_key, [Field(name, f"{{{value}}}") for name, value in fields.items() if value])


def _format_bibtex_name(name: Name) -> str:
    """Format a name as `Family, Suffix, Given`; a part that BibTeX would split stands in braces."""
    if not name.given:
        return f"{{{escape_latex(name.family)}}}"
    parts = [name.family, name.suffix, name.given] if name.suffix else [name.family, name.given]
    return ", ".join([f"{{{escape_latex(part)}}}" if _SEPARATOR.search(part) else escape_latex(part) for part in parts])


def _build_ris_reference(listing: Listing, context: RenderContext) -> dict[str, Any]:
    paper = listing.paper
    reference = {
        "type_of_reference": "UNPB",  # a preprint
        "id": listing.citation_key,
        "title": _WHITESPACE.sub(" ", paper.plain_title),
        "authors": [_format_ris_name(parse_name(author)) for author in paper.authors],
        "year": str(listing.year),
        "name_of_database": "arXiv" if paper.arxiv_id else None,
        "accession_number": paper.arxiv_id,
        "doi": paper.doi,
        "urls": [paper.url],
        "notes": _notes(paper, context),
    }
    return {field: value for field, value in reference.items() if value}


def _format_ris_name(name: Name) -> str:
    return ", ".join(filter(None, name))


def _build_csl_item(listing: Listing, context: RenderContext) -> dict[str, Any]:
    paper = listing.paper
    authors = [_build_csl_name(parse_name(author)) for author in paper.authors]
    item = {
        "id": listing.citation_key,
        "type": "article",
        "title": paper.plain_title,
        "author": authors + [{"literal": "others"}] * paper.more_authors,
        "issued": {"date-parts": [[listing.year]]},
        "publisher": "arXiv" if paper.arxiv_id else None,
        "number": f"arXiv:{paper.arxiv_id}" if paper.arxiv_id else None,
        "DOI": paper.doi,
        "URL": paper.url,
        "note": " ".join(_notes(paper, context)),
    }
    return {field: value for field, value in item.items() if value}


def _build_csl_name(name: Name) -> dict[str, str]:
    if not name.given:
        return {"literal": name.family}
    parts = {"family": name.family, "given": name.given}
    return parts | {"suffix": name.suffix} if name.suffix else parts


def _notes(paper: Paper, context: RenderContext) -> list[str]:
    """Say what the digest does not tell as the paper does: the order of the authors, all of them, the abstract."""
    locale = context.locale
    notes = []
    if len(paper.authors) > 1:
        notes.append(locale.gettext("The authors are in the order of the digest, which may not be that of the paper."))
    if paper.more_authors:
        notes.append(locale.gettext("The digest does not name all authors."))
    if summary := paper.excerpt(sys.maxsize):
        language = locale.language_name(detect_language(summary, context.site.language))
        label = locale.gettext("Summary in {language}", language=language)
        notes.append(f"[{label}] {summary}")
    return notes
