"""What arXiv or Crossref knows of a paper, and how it completes what a digest says."""

from dataclasses import dataclass, replace
from datetime import date

from feeds.model.paper import Paper, clean_abstract, clean_tags


@dataclass(frozen=True, slots=True)
class PaperMetadata:
    """What a source knows of a paper: the fields of `Paper` with the same names. Each may be empty.

    `authors` are all of them in the order of the paper. `tags` are categories of arXiv, the primary one first.
    `published` is the date of the first version.
    """

    authors: tuple[str, ...] = ()
    abstract: str = ""
    tags: tuple[str, ...] = ()
    published: date | None = None
    journal: str = ""
    journal_doi: str = ""
    comment: str = ""

    def complete(self, paper: Paper) -> Paper:
        """Return a paper with the authors and the date that are known here, and with what its digest does not say.

        Categories are added to the tags of the digest.
        """
        return replace(
            paper,
            authors=self.authors or paper.authors,
            more_authors=paper.more_authors and not self.authors,
            has_author_order=paper.has_author_order or bool(self.authors),
            abstract=paper.abstract or clean_abstract(self.abstract),
            tags=clean_tags((*paper.tags, *self.tags)),
            published=self.published or paper.published,
            journal=paper.journal or self.journal,
            journal_doi=paper.journal_doi or self.journal_doi,
            comment=paper.comment or self.comment,
        )
