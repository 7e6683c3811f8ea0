"""Papers, and the days that list them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple

from feeds.model import identity
from feeds.text.links import Link

_MAX_SENTENCE = 160  # characters


@dataclass(frozen=True)
class Paper:
    """What a digest says of one publication.

    `image` and `video` are absolute http(s) URLs. `votes` is None where the digest counts none, which is not zero.
    `more_authors` is set where the source left names out, `has_author_order` where they are known to be in the order
    of the paper. `summary` is Markdown as written in the digest.

    Some digests bring more: `abstract` is the paper's own, plain text with TeX, whose paragraphs blank lines separate;
    `tags` are its categories, without commas and line breaks; `published` is its own date; `language` is that of the
    summary (BCP 47) where an archive has several. `journal` and `journal_doi` say where it was published, such as
    `Nature 596, 583-589 (2021)`, and `comment` is its authors' on arXiv.

    What follows from these fields alone is computed at most once; the archive keeps it, and sets it with the fields.
    The modules that compute it are imported when they are needed, because they take longer than a book from the index.
    """

    title: str
    url: str
    image: str | None = None
    video: str | None = None
    votes: int | None = None
    authors: tuple[str, ...] = ()
    more_authors: bool = False
    summary: str = ""
    abstract: str = field(default="", repr=False)  # see `extras`
    tags: tuple[str, ...] = field(default=(), repr=False)
    published: date | None = field(default=None, repr=False)
    language: str = field(default="", repr=False)
    journal: str = field(default="", repr=False)
    journal_doi: str = field(default="", repr=False)
    comment: str = field(default="", repr=False)
    has_author_order: bool = field(default=False, repr=False)

    @cached_property
    def plain_title(self) -> str:
        """The title as plain text: TeX in Unicode where possible."""
        from feeds.text.titles import title_text

        return title_text(self.title)

    @cached_property
    def summary_html(self) -> str:
        """The summary as safe HTML."""
        from feeds.text.markdown import render_html

        return render_html(self.summary)

    @cached_property
    def summary_text(self) -> str:
        """The summary as plain text, a line for each paragraph or list item; items start with a dash."""
        from feeds.text.markdown import html_to_text

        return html_to_text(self.summary_html)

    @cached_property
    def abstract_html(self) -> str:
        """The abstract as safe HTML."""
        from feeds.text.markdown import render_text

        return render_text(self.abstract) if self.abstract else ""

    @cached_property
    def abstract_text(self) -> str:
        """The abstract as plain text: TeX in Unicode where possible, a line for each paragraph."""
        from feeds.text.markdown import html_to_text

        return html_to_text(self.abstract_html) if self.abstract else ""

    @property
    def body_html(self) -> str:
        """The summary, or else the abstract, as safe HTML."""
        return self.summary_html or self.abstract_html

    @property
    def body_xhtml(self) -> str:
        """The summary, or else the abstract, as safe, well-formed XHTML."""
        from feeds.text.markdown import html_to_xhtml

        return html_to_xhtml(self.body_html)

    @property
    def body_text(self) -> str:
        """The summary, or else the abstract, as plain text."""
        return self.summary_text or self.abstract_text

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The links of the summary, then of the abstract, without duplicates."""
        from feeds.text.markdown import extract_links

        return extract_links(f"{self.summary_html}{self.abstract_html}" if self.abstract else self.summary_html)

    def first_sentence(self, max_length: int = _MAX_SENTENCE) -> str:
        """Return the first sentence of the summary, or else of the abstract, without a label before it.

        It is cut after a word and ended with an ellipsis if it is too long.
        """
        from feeds.text.sentences import first_sentence

        return first_sentence(self.body_html, max_length)

    def excerpt(self, max_length: int) -> str:
        """Return the summary, or else the abstract, as one line of text.

        It is cut after a word and ended with an ellipsis if it is too long.
        """
        from feeds.text.markdown import excerpt

        return excerpt(self.body_text, max_length)

    @property
    def arxiv_id(self) -> str | None:
        """The arXiv identifier without its version, such as `2401.16420` or `math/0309136`."""
        return identity.arxiv_id(self.url)

    @property
    def doi(self) -> str | None:
        """The DOI of the journal, else the one that the URL contains, or that arXiv registers for the paper."""
        return self.journal_doi or identity.doi(self.url)

    @property
    def slug(self) -> str:
        """The paper's permanent name: its arXiv identifier or, failing that, a hash of its DOI or URL."""
        return identity.paper_slug(self.url)

    @property
    def normalized_url(self) -> str:
        """The URL without its scheme, the same for all URLs of the paper; see `identity.normalized_url`."""
        return identity.normalized_url(self.url)

    @property
    def completeness(self) -> tuple[int, int]:
        """How much the digest says of the paper: of two listings on one day the larger one is kept."""
        fields = (self.image, self.video, self.authors, self.summary, self.abstract, self.tags, self.published)
        return sum(map(bool, fields)) + (self.votes is not None), len(self.summary) + len(self.abstract)

    @property
    def extras(self) -> tuple[object, ...]:
        """What few digests bring; empty for a paper that has none of it.

        Hashes of content take it apart, so that those of all other papers, which documents depend on, stay as they are.
        """
        extras = (self.abstract, self.tags, str(self.published or ""), self.language)
        publication = (self.journal, self.journal_doi, self.comment)
        if any(publication) or self.has_author_order:
            return (*extras, *publication, self.has_author_order)
        return extras if any(extras) else ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A paper on a day.

    `first_listed` is the first day of the archive that lists the paper, and `rank` its place on that first day, from 0.
    These and `citation_key`, which is unique in the archive, are the same in every edition.
    """

    paper: Paper
    rank: int
    first_listed: date
    citation_key: str = ""

    @property
    def year(self) -> int:
        """The year of the paper's own date, of its arXiv identifier, or of the day that listed it first."""
        return publication_year(self.paper, self.first_listed)


@dataclass(frozen=True, slots=True)
class Day:
    """A day and its listings, in the order of the digest."""

    date: date
    listings: tuple[Listing, ...] = ()

    @property
    def papers(self) -> tuple[Paper, ...]:
        """The papers of the day."""
        return tuple(listing.paper for listing in self.listings)

    @property
    def new_listings(self) -> tuple[Listing, ...]:
        """The listings of papers that no earlier day lists."""
        return tuple(listing for listing in self.listings if listing.first_listed == self.date)


class DayCount(NamedTuple):
    """How many papers a day lists, how many of them no earlier day lists, and the rank of the first of these."""

    date: date
    papers: int
    new: int
    first_new: int = 0


def most_voted(listings: Iterable[Listing], count: int | None = None) -> list[Listing]:
    """Sort listings by votes, those without any last, and keep the first `count`."""
    return sorted(listings, key=lambda listing: -1 if (votes := listing.paper.votes) is None else votes, reverse=True)[
        :count
    ]


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags without commas, which feed readers and searches split them at, and without repeats in any case."""
    unique: dict[str, str] = {}
    for tag in tags:
        cleaned = " ".join(tag.replace(",", " ").split())
        unique.setdefault(cleaned.casefold(), cleaned)
    unique.pop("", None)
    return tuple(unique.values())


def clean_abstract(abstract: str) -> str:
    """Return an abstract with a line for each paragraph, and a blank line between them."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", abstract))
    return "\n\n".join(filter(None, paragraphs))


def publication_year(paper: Paper, first_listed: date) -> int:
    """Return the year of the paper's own date or of its arXiv identifier, else that of the first day."""
    if paper.published:
        return paper.published.year
    match = re.search(r"(?:^|/)(\d\d)", paper.arxiv_id or "")
    if match is None:
        return first_listed.year
    return 1900 + int(match[1]) if int(match[1]) > 90 else 2000 + int(match[1])  # arXiv began in 1991
