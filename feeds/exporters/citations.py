"""Citations for reference managers: BibTeX, RIS and CSL-JSON."""

import json
import re
from collections.abc import Iterator
from typing import Any

import rispy
from bibtexparser.entrypoint import write_string
from bibtexparser.library import Library
from bibtexparser.model import Entry, Field

from feeds.archive.edition import Edition
from feeds.exporters.contract import CUTS, Kind
from feeds.model import citation
from feeds.model.citation import Name
from feeds.model.paper import Paper
from feeds.site.site import Site
from feeds.text import markdown
from feeds.text.titles import split_formulas, title_text

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",  # BibTeX counts braces, escaped or not
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: f"\\{sign}" for sign in "&%$#_"},
    }
)
_BREAKS = re.compile(r"\s+")


class BibtexExporter:
    """BibTeX: in UTF-8, formulas as they were written, titles between braces so that no style changes their case."""

    name = "bib"
    suffix = ".bib"
    media_type = "application/x-bibtex; charset=utf-8"
    kind = Kind.FILE
    scopes = CUTS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:  # noqa: ARG002  # citations name no site
        """Render an entry a paper."""
        library = Library([_bibtex(paper) for paper in edition.papers])
        yield write_string(library).encode()


class RisExporter:
    """RIS, which EndNote and most others read."""

    name = "ris"
    suffix = ".ris"
    media_type = "application/x-research-info-systems; charset=utf-8"
    kind = Kind.FILE
    scopes = CUTS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:  # noqa: ARG002  # citations name no site
        """Render a reference a paper."""
        yield rispy.dumps([_ris(paper) for paper in edition.papers], implementation=_RisWriter).encode()


class CslJsonExporter:
    """CSL-JSON 1.0.2, which Zotero, pandoc and citation processors read, https://citeproc-js.readthedocs.io."""

    name = "csl"
    suffix = ".csl.json"
    media_type = "application/vnd.citationstyles.csl+json"
    kind = Kind.FILE
    scopes = CUTS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:  # noqa: ARG002  # citations name no site
        """Render an item a paper."""
        items = [_csl(paper) for paper in edition.papers]
        yield (json.dumps(items, ensure_ascii=False, indent=1) + "\n").encode()


class _RisWriter(rispy.RisWriter):  # type: ignore[misc]  # rispy has no types
    """Writes references without numbers before them, which are rispy's own idea."""

    def set_header(self, count: int) -> str:  # noqa: ARG002  # rispy's contract
        return ""


def _bibtex(paper: Paper) -> Entry:
    authors = [_latex_name(citation.name(author)) for author in paper.authors] + ["others"] * paper.more_authors
    fields = {
        "title": f"{{{_latex_title(paper.title)}}}",
        "author": " and ".join(authors),
        "year": str(paper.year),
        "eprint": paper.arxiv_id,
        "archivePrefix": "arXiv" if paper.arxiv_id else None,
        "url": paper.url,
        "abstract": _latex(_line(paper.summary)),
    }
    return Entry("misc", citation.key(paper), [Field(field, value) for field, value in fields.items() if value])


def _latex_title(title: str) -> str:
    """Write a title for LaTeX: its formulas as they are, if their braces are in pairs."""
    return "".join(
        text if is_formula and _is_balanced(text) else _latex(text) for text, is_formula in split_formulas(title)
    )


def _latex(text: str) -> str:
    return text.translate(_ESCAPES)


def _is_balanced(formula: str) -> bool:
    """Tell whether braces are in pairs, as BibTeX counts them."""
    depth = 0
    for brace in re.findall("[{}]", formula):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def _latex_name(name: Name) -> str:
    """Write a name as BibTeX splits it again; one that it must not split stands between braces."""
    if not name.given:
        return f"{{{_latex(name.family)}}}"
    parts = [name.family, name.suffix, name.given] if name.suffix else [name.family, name.given]
    return ", ".join(f"{{{_latex(part)}}}" if re.search(r",|\band\b", part) else _latex(part) for part in parts)


def _ris(paper: Paper) -> dict[str, Any]:
    reference = {
        "type_of_reference": "UNPB",  # a preprint
        "id": citation.key(paper),
        "title": _BREAKS.sub(" ", title_text(paper.title)),
        "authors": [_ris_name(citation.name(author)) for author in paper.authors],
        "year": str(paper.year),
        "name_of_database": "arXiv" if paper.arxiv_id else None,
        "accession_number": paper.arxiv_id,
        "doi": _doi(paper),
        "urls": [paper.url],
        "abstract": _line(paper.summary),
    }
    return {field: value for field, value in reference.items() if value}


def _ris_name(name: Name) -> str:
    return ", ".join(filter(None, (name.family, name.given, name.suffix)))


def _csl(paper: Paper) -> dict[str, Any]:
    item = {
        "id": citation.key(paper),
        "type": "article",
        "title": title_text(paper.title),
        "author": [_csl_name(citation.name(author)) for author in paper.authors],
        "issued": {"date-parts": [[paper.year]]},
        "publisher": "arXiv" if paper.arxiv_id else None,
        "number": f"arXiv:{paper.arxiv_id}" if paper.arxiv_id else None,
        "DOI": _doi(paper),
        "URL": paper.url,
        "abstract": _line(paper.summary),
    }
    return {field: value for field, value in item.items() if value}


def _csl_name(name: Name) -> dict[str, str]:
    if not name.given:
        return {"literal": name.family}
    parts = {"family": name.family, "given": name.given, "suffix": name.suffix}
    return {part: value for part, value in parts.items() if value}


def _doi(paper: Paper) -> str | None:
    """Name the DOI that arXiv gives to each paper, https://info.arxiv.org/help/doi.html."""
    return f"10.48550/arXiv.{paper.arxiv_id}" if paper.arxiv_id else None


def _line(summary: str) -> str:
    """Write a summary in a line, as far as the formats have any use for it."""
    return _BREAKS.sub(
        " ", " ".join(line.removeprefix("- ") for line in markdown.to_plain_text(summary).split("\n"))
    ).strip()
