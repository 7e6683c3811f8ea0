"""Exports citations for reference managers: BibTeX, RIS and CSL-JSON."""

import json
import re
from collections.abc import Iterator
from typing import Any

import rispy
from bibtexparser.entrypoint import write_string
from bibtexparser.library import Library
from bibtexparser.model import Entry, Field

from feeds.exporters.contract import PAPER_SCOPES, Kind, RenderContext
from feeds.model.citation import Name, parse_name
from feeds.model.edition import Edition
from feeds.model.paper import Listing, Paper
from feeds.text import markdown
from feeds.text.titles import split_formulas, title_text

_LATEX_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",  # BibTeX counts braces, escaped or not
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: f"\\{sign}" for sign in "&%$#_"},
    }
)
_WHITESPACE = re.compile(r"\s+")


class BibtexExporter:
    """BibTeX in UTF-8. Formulas are LaTeX; titles stand in braces, so that no style changes their case."""

    name = "bib"
    suffix = ".bib"
    media_type = "application/x-bibtex; charset=utf-8"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    settings = frozenset({"language"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render an entry for every paper, after a comment if a search has more."""
        if omission := context.omission(edition, self.name):
            yield f"% {omission}\n\n".encode()
        library = Library([_build_bibtex_entry(listing) for listing in edition.listings])
        yield write_string(library).encode()


class RisExporter:
    """RIS, which EndNote and most other reference managers import."""

    name = "ris"
    suffix = ".ris"
    media_type = "application/x-research-info-systems; charset=utf-8"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    settings = frozenset[str]()

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002  # no settings
        """Render a reference for every paper."""
        references = [_build_ris_reference(listing) for listing in edition.listings]
        yield rispy.dumps(references, implementation=_RisWriter).encode()


class CslJsonExporter:
    """CSL-JSON 1.0.2, which Zotero, pandoc and citation processors read, https://citeproc-js.readthedocs.io."""

    name = "csl"
    suffix = ".csl.json"
    media_type = "application/vnd.citationstyles.csl+json"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    settings = frozenset[str]()

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002  # no settings
        """Render an item for every paper."""
        items = [_build_csl_item(listing) for listing in edition.listings]
        yield (json.dumps(items, ensure_ascii=False, indent=1) + "\n").encode()


class _RisWriter(rispy.RisWriter):  # type: ignore[misc]  # rispy has no types
    """Leaves out the number that rispy puts before every reference, which is not part of RIS."""

    def set_header(self, count: int) -> str:  # noqa: ARG002  # rispy passes it
        return ""


def _build_bibtex_entry(listing: Listing) -> Entry:
    paper = listing.paper
    authors = [_format_bibtex_name(parse_name(author)) for author in paper.authors] + ["others"] * paper.more_authors
    fields = {
        "title": f"{{{_escape_title(paper.title)}}}",
        "author": " and ".join(authors),
        "year": str(listing.year),
        "eprint": paper.arxiv_id,
        "archivePrefix": "arXiv" if paper.arxiv_id else None,
        "url": paper.url,
        "abstract": _escape_latex(_summary_line(paper)),
    }
    return Entry("misc", listing.citation_key, [Field(field, value) for field, value in fields.items() if value])


def _escape_title(title: str) -> str:
    """Escape a title for LaTeX, but for the formulas whose braces are balanced."""
    return "".join(
        part if is_formula and _has_balanced_braces(part) else _escape_latex(part)
        for part, is_formula in split_formulas(title)
    )


def _escape_latex(text: str) -> str:
    return text.translate(_LATEX_ESCAPES)


def _has_balanced_braces(formula: str) -> bool:
    """Return True if braces are balanced as BibTeX counts them, which ignores backslashes."""
    depth = 0
    for brace in re.findall("[{}]", formula):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def _format_bibtex_name(name: Name) -> str:
    """Format a name as `Family, Suffix, Given`; a part that BibTeX would split stands in braces."""
    if not name.given:
        return f"{{{_escape_latex(name.family)}}}"
    parts = [name.family, name.suffix, name.given] if name.suffix else [name.family, name.given]
    return ", ".join(
        f"{{{_escape_latex(part)}}}" if re.search(r",|\band\b", part) else _escape_latex(part) for part in parts
    )


def _build_ris_reference(listing: Listing) -> dict[str, Any]:
    paper = listing.paper
    reference = {
        "type_of_reference": "UNPB",  # a preprint
        "id": listing.citation_key,
        "title": _WHITESPACE.sub(" ", title_text(paper.title)),
        "authors": [_format_ris_name(parse_name(author)) for author in paper.authors],
        "year": str(listing.year),
        "name_of_database": "arXiv" if paper.arxiv_id else None,
        "accession_number": paper.arxiv_id,
        "doi": _doi(paper),
        "urls": [paper.url],
        "abstract": _summary_line(paper),
    }
    return {field: value for field, value in reference.items() if value}


def _format_ris_name(name: Name) -> str:
    return ", ".join(filter(None, (name.family, name.given, name.suffix)))


def _build_csl_item(listing: Listing) -> dict[str, Any]:
    paper = listing.paper
    item = {
        "id": listing.citation_key,
        "type": "article",
        "title": title_text(paper.title),
        "author": [_build_csl_name(parse_name(author)) for author in paper.authors],
        "issued": {"date-parts": [[listing.year]]},
        "publisher": "arXiv" if paper.arxiv_id else None,
        "number": f"arXiv:{paper.arxiv_id}" if paper.arxiv_id else None,
        "DOI": _doi(paper),
        "URL": paper.url,
        "abstract": _summary_line(paper),
    }
    return {field: value for field, value in item.items() if value}


def _build_csl_name(name: Name) -> dict[str, str]:
    if not name.given:
        return {"literal": name.family}
    parts = {"family": name.family, "given": name.given, "suffix": name.suffix}
    return {part: value for part, value in parts.items() if value}


def _doi(paper: Paper) -> str | None:
    """Return the DOI that arXiv registers for every paper, https://info.arxiv.org/help/doi.html."""
    return f"10.48550/arXiv.{paper.arxiv_id}" if paper.arxiv_id else None


def _summary_line(paper: Paper) -> str:
    """Return the summary as a single line of plain text."""
    lines = markdown.to_plain_text(paper.summary).split("\n")
    return _WHITESPACE.sub(" ", " ".join(line.removeprefix("- ") for line in lines)).strip()
