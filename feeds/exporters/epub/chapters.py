"""What a book says and in which order: a tree of documents, which its contents show and its pages follow."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from feeds.archive.edition import Edition
from feeds.model.key import Scope, period
from feeds.model.paper import Paper
from feeds.site.i18n import Wording, name
from feeds.site.site import Site
from feeds.text import unicode
from feeds.text.titles import title_text

_CHRONOLOGICAL = frozenset({Scope.WEEK, Scope.MONTH, Scope.YEAR, Scope.ALL})
_BY_DAY = _CHRONOLOGICAL | {Scope.LATEST}
_BY_MONTH = frozenset({Scope.YEAR, Scope.ALL})  # of whose days a list would be too long
_MOST_VOTED = 20
_LINKS = 600  # on a page of the index: old devices are slow with large documents
_NO_LETTER = "#"
_BEHIND = re.compile(r"(?:,?\s+(?:(?:Jr|Sr)\.?|I{2,3}|IV|\([^()]*\)|\[[^\[\]]*\]|[*†‡]))+$", re.IGNORECASE)
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"  # of the Hangul syllables, in their order in Unicode
_FIRST_SYLLABLE, _LAST_SYLLABLE, _SYLLABLES = 0xAC00, 0xD7A3, 588  # of which so many begin with the same letter


@dataclass(frozen=True, slots=True)
class Author:
    """An author and the documents of the papers."""

    name: str
    papers: tuple["Document", ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a book, and those below it in the contents.

    One is about a paper, one lists papers, one lists the authors behind each letter; that of a month or a day lists
    its children.
    """

    title: str
    file_name: str
    template: str
    paper: Paper | None = None
    papers: tuple["Document", ...] = ()
    letters: tuple[tuple[str, tuple[Author, ...]], ...] = ()
    children: tuple["Document", ...] = ()

    def __iter__(self) -> Iterator["Document"]:
        """List this document and all below it, in reading order."""
        yield self
        for child in self.children:
            yield from child


def documents(edition: Edition, site: Site) -> tuple[Document, ...]:
    """Plan the book of an edition; that of a period runs from its first day to its last."""
    papers = tuple(map(_of_paper, _ordered(edition)))
    if edition.key.scope not in _BY_DAY or not papers:
        return papers
    sections = _grouped(papers, Scope.DAY, site.words)
    if edition.key.scope in _BY_MONTH:
        sections = _grouped(sections, Scope.MONTH, site.words)
    return *_most_voted(papers, site.words), *sections, *_index(papers, site.words)


def _ordered(edition: Edition) -> list[Paper]:
    if edition.key.scope in _CHRONOLOGICAL:
        return sorted(edition.papers, key=lambda paper: (paper.day, paper.rank))
    return list(edition.papers)


def _of_paper(paper: Paper) -> Document:
    file_name = f"paper-{paper.slug.replace('/', '-')}.xhtml"
    return Document(title_text(paper.title), file_name, "book_paper.xhtml", paper)


def _grouped(listed: Sequence[Document], scope: Scope, words: Wording) -> tuple[Document, ...]:
    """Put documents that follow each other under the day or month that they are of."""
    groups = groupby(listed, key=lambda each: period(scope, _first_paper(each).day))
    return tuple(
        Document(name(key, words), f"{scope}-{key.text}.xhtml", "book_section.xhtml", children=tuple(group))
        for key, group in groups
    )


def _first_paper(document: Document) -> Paper:
    return next(each.paper for each in document if each.paper)


def _most_voted(papers: Sequence[Document], words: Wording) -> Iterator[Document]:
    """List the papers that got most votes; nothing where none got any."""
    voted = [(each.paper.votes, each) for each in papers if each.paper and each.paper.votes]
    ranked = sorted(voted, key=lambda pair: pair[0], reverse=True)[:_MOST_VOTED]
    if ranked:
        chosen = tuple(each for _, each in ranked)
        yield Document(words.gettext("Most voted"), "votes.xhtml", "book_votes.xhtml", papers=chosen)


def _index(papers: Sequence[Document], words: Wording) -> Iterator[Document]:
    """Make the index of authors, by family name, in pages of bearable length."""
    found: dict[str, list[Document]] = {}
    for document in papers:
        for author in document.paper.authors if document.paper else ():
            found.setdefault(author, []).append(document)
    authors = [Author(name, tuple(dict.fromkeys(found[name]))) for name in sorted(found, key=_sorted_as)]
    pages = list(_paged(authors))
    for number, page in enumerate(pages, 1):
        letters = tuple((letter, tuple(group)) for letter, group in groupby(page, key=lambda each: _letter(each.name)))
        extent = "–".join(dict.fromkeys((letters[0][0], letters[-1][0])))
        title = words.gettext("Index of authors") + (f" {extent}" if len(pages) > 1 else "")
        yield Document(title, f"authors-{number}.xhtml", "book_authors.xhtml", letters=letters)


def _paged(authors: Sequence[Author]) -> Iterator[list[Author]]:
    page: list[Author] = []
    for author in authors:
        if page and sum(len(each.papers) for each in page) + len(author.papers) > _LINKS:
            yield page
            page = []
        page.append(author)
    if page:
        yield page


def _sorted_as(author: str) -> tuple[str, str, str]:
    """Sort by family name, letter by letter, Latin before Hangul before all else."""
    letter = _letter(author)
    return letter if letter != _NO_LETTER else "\uffff", _plain(_family(author)), author


def _family(author: str) -> str:
    """Find the word that is the family name: the last, but for what follows names as in `Ann Lee, Jr. (Oslo)`."""
    words = [word for each in _BEHIND.sub("", author).split() if (word := each.strip(","))]
    return words[-1] if words else author


def _plain(name: str) -> str:
    """Write a name in small letters without marks."""
    decomposed = unicodedata.normalize(
        "NFKD", unicodedata.normalize("NFKD", name.translate(unicode.LATIN_TO_ASCII)).casefold()
    )
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def _letter(author: str) -> str:
    """Name the group of an author: a Latin or a Hangul letter, or `#`."""
    first = unicodedata.normalize("NFC", _family(author))[0]
    if _FIRST_SYLLABLE <= ord(first) <= _LAST_SYLLABLE:
        return _INITIALS[(ord(first) - _FIRST_SYLLABLE) // _SYLLABLES]
    plain = _plain(first)[:1]
    return plain.upper() if plain.isascii() and plain.isalpha() else _NO_LETTER
