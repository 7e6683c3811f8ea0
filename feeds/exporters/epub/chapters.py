"""Plans the chapters of a book, from which its table of contents follows, and the documents that they stand in."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, TypeVar

from feeds.model.edition import Edition
from feeds.model.keys import Key, Scope, SearchKey, TopKey, period
from feeds.model.paper import Listing
from feeds.model.query import Order
from feeds.site.i18n import Locale, key_name
from feeds.text.unicode import LATIN_TO_ASCII

_OLDEST_DAY_FIRST = frozenset({Scope.WEEK, Scope.MONTH, Scope.YEAR, Scope.ALL})
_SECTIONS: Mapping[Scope, tuple[Scope, ...]] = {  # from the top level down
    Scope.LATEST: (Scope.DAY,),
    Scope.WEEK: (Scope.DAY,),
    Scope.MONTH: (Scope.DAY,),
    Scope.YEAR: (Scope.MONTH, Scope.DAY),
    Scope.ALL: (Scope.MONTH, Scope.DAY),
}
_MAX_RESULTS = 50  # of a search without sections, and in a section of those that are not in the order of their days
_MAX_SECTION = 2_000  # papers, of a day or a month
_MAX_MOST_VOTED = 20
_MAX_DOCUMENT = 120_000  # characters of papers, about 250 kB of Korean: old devices are slow with more
_MAX_LINKS = 600  # on a page of the index: old devices are slow with large documents
_AFTER_LETTERS = "\uffff"
_SEPARATOR = "\0"  # sorts before all that names consist of
_NAME_SUFFIXES = re.compile(
    r"(?:,?\s+(?:(?:Jr|Sr)\.?|I{2,3}|IV|\([^()]*\)|\[[^\[\]]*\]|[*†‡])){1,8}$",  # any number takes quadratic time
    re.IGNORECASE,
)
# The Hangul syllables stand in the order of their initial consonants, 588 of each (Unicode, section 3.12).
_FIRST_SYLLABLE, _LAST_SYLLABLE, _SYLLABLES_PER_INITIAL = 0xAC00, 0xD7A3, 588
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a book with an entry in the table of contents; `children` are the entries below it."""

    title: str
    href: str
    children: tuple["Chapter", ...] = ()

    def walk(self) -> Iterator["Chapter"]:
        """Yield this chapter and all below it, in reading order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperChapter(Chapter):
    """A paper in a document; `number` is its place in the book, from 1, to which the index refers."""

    number: int
    listing: Listing

    @property
    def id(self) -> str:
        """The ID of the paper in its document."""
        return self.href.partition("#")[2]


@dataclass(frozen=True, slots=True)
class Section(Chapter):
    """A month, a day or a part of a search, whose document begins with a list of its children."""

    @property
    def papers(self) -> list[PaperChapter]:
        """All papers in the section."""
        return [chapter for chapter in self.walk() if isinstance(chapter, PaperChapter)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MostVoted(Chapter):
    """A list of the papers with the most votes."""

    papers: tuple[PaperChapter, ...]


class Author(NamedTuple):
    """An author in the index."""

    name: str
    papers: Sequence[PaperChapter]

    @property
    def links(self) -> int:
        """The number of links to papers."""
        return len(self.papers)


@dataclass(frozen=True, slots=True)
class Letter:
    """The authors whose family names start with a letter, or a part of them: `K`, or `K 2`."""

    label: str
    authors: tuple[Author, ...]

    @property
    def links(self) -> int:
        """The number of links to papers."""
        return sum(author.links for author in self.authors)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorIndex(Chapter):
    """A page of the index of authors; `extent` is `A–C` or the like, and empty if the index has no other page."""

    extent: str
    letters: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A file of the reading order: what a chapter begins with, and papers that follow one another.

    `chapter` is None if there are only papers, of which earlier documents may have others.
    """

    file_name: str
    chapter: Chapter | None
    papers: tuple[PaperChapter, ...] = ()


_Entry = TypeVar("_Entry", Author, Letter)
_Numbered = tuple[int, Listing]  # with its place in the book, from 1


def plan_chapters(edition: Edition, locale: Locale) -> tuple[Chapter, ...]:
    """Return the top level of a book's table of contents: the papers, those of longer editions in sections."""
    listings = list(enumerate(_reading_order(edition), 1))
    if scopes := _SECTIONS.get(edition.key.scope):
        sections = _group_by_period(listings, scopes, locale)
        papers = _list_papers(sections)
        return *_most_voted(papers, locale), *sections, *_author_index(papers, locale)
    if isinstance(edition.key, SearchKey) and len(listings) > _MAX_RESULTS:
        if edition.key.query.order is Order.NEW:
            return _group_by_period(listings, (Scope.MONTH,), locale)
        return _group_by_number(listings)
    chapters = _group_by_period(listings, (), locale)
    if isinstance(edition.key, TopKey):
        return *chapters, *_author_index(_list_papers(chapters), locale)
    return chapters


def has_days(key: Key) -> bool:
    """Return True if the papers of an edition are in sections by day."""
    return Scope.DAY in _SECTIONS.get(key.scope, ())


def plan_documents(chapters: Iterable[Chapter]) -> Iterator[Document]:
    """Yield the documents that chapters stand in, in reading order."""
    for file_name, group in groupby(chapters, key=lambda chapter: chapter.href.partition("#")[0]):
        chapter, *others = group
        if isinstance(chapter, PaperChapter):
            papers = (other for other in others if isinstance(other, PaperChapter))
            yield Document(file_name, None, (chapter, *papers))
            continue
        children = list(plan_documents(chapter.children))
        if children and children[0].file_name == file_name:
            children[0] = replace(children[0], chapter=chapter)
        else:
            yield Document(file_name, chapter)
        yield from children


def _reading_order(edition: Edition) -> Iterable[Listing]:
    if edition.key.scope in _OLDEST_DAY_FIRST:
        return (listing for day in reversed(edition.days) for listing in day.listings)
    return edition.listings


def _group_by_period(
    listings: Iterable[_Numbered], scopes: Sequence[Scope], locale: Locale, file_name: str = "papers"
) -> tuple[Section, ...] | tuple[PaperChapter, ...]:
    """Put papers into sections by the first of some scopes, and those of a section into sections by the next.

    A section of very many papers has sections by number, because ebooklib takes quadratic time for its entries.

    Args:
        listings: the listings of the papers with their numbers in the book.
        scopes: the scopes of the sections, from the top level down.
        locale: the language of the titles of sections.
        file_name: the name of the document of papers without sections, without the suffix.
    """
    if not scopes:
        numbered = tuple(listings)
        return _place(numbered, file_name) if len(numbered) <= _MAX_SECTION else _group_by_number(numbered)
    groups = groupby(listings, key=lambda numbered: period(scopes[0], numbered[1].first_listed))
    sections = []
    for key, group in groups:
        name = f"{key.scope}-{key.text}"
        children = _group_by_period(group, scopes[1:], locale, name)
        sections.append(Section(key_name(key, locale), f"{name}.xhtml", children))
    return tuple(sections)


def _group_by_number(listings: Sequence[_Numbered]) -> tuple[Section, ...]:
    """Put papers into sections such as `51–100`."""
    sections = []
    for start in range(0, len(listings), _MAX_RESULTS):
        group = listings[start : start + _MAX_RESULTS]
        first, last = group[0][0], group[-1][0]
        name = f"papers-{first}"
        sections.append(Section(f"{first}–{last}", f"{name}.xhtml", _place(group, name)))
    return tuple(sections)


def _place(listings: Iterable[_Numbered], file_name: str) -> tuple[PaperChapter, ...]:
    """Put papers into a document, and into further ones when it is full: `papers.xhtml`, `papers-part-2.xhtml`."""
    chapters = []
    part, length = 1, 0
    for number, listing in listings:
        added = len(listing.paper.body_html)
        if length and length + added > _MAX_DOCUMENT:
            part, length = part + 1, 0
        length += added
        document = f"{file_name}.xhtml" if part == 1 else f"{file_name}-part-{part}.xhtml"
        href = f"{document}#paper-{listing.paper.slug.replace('/', '-')}"
        chapters.append(PaperChapter(listing.paper.plain_title, href, number=number, listing=listing))
    return tuple(chapters)


def _list_papers(sections: Iterable[Chapter]) -> list[PaperChapter]:
    return [chapter for section in sections for chapter in section.walk() if isinstance(chapter, PaperChapter)]


def _most_voted(papers: Iterable[PaperChapter], locale: Locale) -> Iterator[MostVoted]:
    """Yield the list of the papers with the most votes, unless no paper has any."""
    voted = [chapter for chapter in papers if chapter.listing.paper.votes]
    voted.sort(key=lambda chapter: chapter.listing.paper.votes or 0, reverse=True)
    if voted:
        yield MostVoted(locale.gettext("Most voted"), "votes.xhtml", papers=tuple(voted[:_MAX_MOST_VOTED]))


def _author_index(papers: Iterable[PaperChapter], locale: Locale) -> Iterator[AuthorIndex]:
    """Yield the pages of the index of authors, sorted by family name."""
    by_author: dict[str, list[PaperChapter]] = {}
    for chapter in papers:
        for author in dict.fromkeys(chapter.listing.paper.authors):
            by_author.setdefault(author, []).append(chapter)
    pages = list(_batch(_group_by_letter(by_author)))
    for number, page in enumerate(pages, 1):
        extent = "–".join(dict.fromkeys((page[0].label, page[-1].label))) if len(pages) > 1 else ""
        title = f"{locale.gettext('Index of authors')} {extent}".strip()
        yield AuthorIndex(title, f"authors-{number}.xhtml", extent=extent, letters=tuple(page))


def _group_by_letter(by_author: Mapping[str, Sequence[PaperChapter]]) -> Iterator[Letter]:
    for letter, keys in groupby(sorted(map(_sort_key, by_author)), key=itemgetter(0)):
        names = (key.split(_SEPARATOR, 2)[2] for key in keys)
        label = letter if letter != _AFTER_LETTERS else "#"
        parts = list(_batch(Author(name, by_author[name]) for name in names))
        for number, part in enumerate(parts, 1):
            yield Letter(f"{label} {number}" if len(parts) > 1 else label, tuple(part))


def _batch(entries: Iterable[_Entry]) -> Iterator[list[_Entry]]:
    """Put entries of the index into batches of at most `_MAX_LINKS` links, or of a single entry with more."""
    batch: list[_Entry] = []
    links = 0
    for entry in entries:
        added = entry.links
        if batch and links + added > _MAX_LINKS:
            yield batch
            batch, links = [], 0
        batch.append(entry)
        links += added
    if batch:
        yield batch


def _sort_key(author: str) -> str:
    """Sort authors by the letters of the index, Latin before Hangul before all others, then by family name.

    A text, not a tuple: tens of thousands of tuples take longer to sort and to collect.
    """
    family_name = _family_name(author)
    return _SEPARATOR.join((_index_letter(family_name), _to_base_letters(family_name), author))


def _index_letter(family_name: str) -> str:
    """Return the Latin letter or Hangul consonant that a family name starts with, `_AFTER_LETTERS` for any other."""
    first = unicodedata.normalize("NFC", family_name)[0]
    if _FIRST_SYLLABLE <= ord(first) <= _LAST_SYLLABLE:
        return _INITIALS[(ord(first) - _FIRST_SYLLABLE) // _SYLLABLES_PER_INITIAL]
    letter = _to_base_letters(first)[:1]
    return letter.upper() if letter.isascii() and letter.isalpha() else _AFTER_LETTERS


def _family_name(author: str) -> str:
    """Return the last word of a name, leaving out what follows the name in `Ann Lee, Jr. (Oslo)`."""
    for word in reversed(_NAME_SUFFIXES.sub("", author).split()):
        if name := word.strip(","):
            return name
    return author


def _to_base_letters(name: str) -> str:
    """Return a name in lower case without diacritics."""
    if name.isascii():
        return name.lower()
    folded = unicodedata.normalize("NFKD", name.translate(LATIN_TO_ASCII)).casefold()
    decomposed = unicodedata.normalize("NFKD", folded)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
