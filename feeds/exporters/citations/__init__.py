"""Citations for reference managers: BibTeX, RIS and CSL-JSON.

The summaries of a digest are not abstracts, and it lists authors in an order of its own, so all formats have notes that
say so. Where a digest leaves authors out, BibTeX has `and others`, which styles print as et al. CSL has the name
`others`, which pandoc prints as et al. and other processors as an author's name, so that no list seems complete. RIS
has no such word, and EndNote and Zotero would file `others` as a person, so only its notes say it.

A paper with a journal reference is an article of that journal and year, with volume and pages where the reference tells
them; the arXiv number stays. Any other paper is a preprint. Comments of arXiv are notes: styles would print a `note`.

The modules that render the formats are imported to render: their libraries take long to import.
"""

from collections.abc import Iterator

from feeds.exporters.contract import OPEN_SCOPES, PAPER_SCOPES, Kind, RenderContext
from feeds.model.edition import Edition
from feeds.model.keys import Scope


class BibtexExporter:
    """BibTeX in UTF-8 for every LaTeX engine. Titles stand in braces, so that no style changes their case."""

    name = "bib"
    suffix = ".bib"
    media_type = "application/x-bibtex; charset=utf-8"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    offered = OPEN_SCOPES | {Scope.PAPER, Scope.MONTH}
    settings = frozenset({"language"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render an entry for every paper, after a comment if a search has more."""
        from feeds.exporters.citations.bibtex import render_bibtex

        yield render_bibtex(edition, context.omission(edition, self.name), context)


class RisExporter:
    """RIS, which EndNote and most other reference managers import."""

    name = "ris"
    suffix = ".ris"
    media_type = "application/x-research-info-systems; charset=utf-8"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    offered = OPEN_SCOPES
    settings = frozenset({"language"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render a reference for every paper."""
        from feeds.exporters.citations.ris import render_ris

        yield render_ris(edition, context)


class CslJsonExporter:
    """CSL-JSON 1.0.2, which Zotero, pandoc and citation processors read, https://citeproc-js.readthedocs.io."""

    name = "csl"
    suffix = ".csl.json"
    media_type = "application/vnd.citationstyles.csl+json"
    kind = Kind.FILE
    scopes = PAPER_SCOPES
    offered = OPEN_SCOPES
    settings = frozenset({"language"})

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        """Render an item for every paper."""
        from feeds.exporters.citations.csl_json import render_csl_json

        yield render_csl_json(edition, context)
