"""Plans the chapters of a book, from which its table of contents and its reading order follow."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import ClassVar, NamedTuple, TypeVar

from feeds.model.edition import Edition
from feeds.model.keys import Scope, SearchKey, period
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
    """A document of a book with its entry in the table of contents; `children` are the entries below it."""

    template: ClassVar[str]

    title: str
    file_name: str
    children: tuple["Chapter", ...] = ()

    def walk(self) -> Iterator["Chapter"]:
        """Yield this chapter and all below it, in reading order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperChapter(Chapter):
    """A paper; `number` is its place in the book, from 1, to which the index refers."""

    template = "epub/paper.xhtml"

    number: int
    listing: Listing


@dataclass(frozen=True, slots=True)
class Section(Chapter):
    """A month, a day or a part of a search, with a list of its children."""

    template = "epub/section.xhtml"

    @property
    def size(self) -> int:
        """The number of papers."""
        return sum(isinstance(chapter, PaperChapter) for chapter in self.walk())


@dataclass(frozen=True, slots=True, kw_only=True)
class MostVoted(Chapter):
    """A list of the papers with the most votes."""

    template = "epub/most_voted.xhtml"

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

    template = "epub/author_index.xhtml"

    extent: str
    letters: tuple[Letter, ...]


_Entry = TypeVar("_Entry", Author, Letter)


def plan_chapters(edition: Edition, locale: Locale) -> tuple[Chapter, ...]:
    """Return the top level of a book's table of contents: the papers, those of longer editions in sections."""
    papers = [_paper_chapter(number, listing) for number, listing in enumerate(_reading_order(edition), 1)]
    if scopes := _SECTIONS.get(edition.key.scope):
        sections = _group_by_period(papers, scopes, locale)
        return *_most_voted(papers, locale), *sections, *_author_index(papers, locale)
    if isinstance(edition.key, SearchKey) and len(papers) > _MAX_RESULTS:
        if edition.key.query.order is Order.NEW:
            return _group_by_period(papers, (Scope.MONTH,), locale)
        return _group_by_number(papers)
    return _group_by_period(papers, (), locale)


def _reading_order(edition: Edition) -> Iterable[Listing]:
    if edition.key.scope in _OLDEST_DAY_FIRST:
        return (listing for day in reversed(edition.days) for listing in day.listings)
    return edition.listings


def _paper_chapter(number: int, listing: Listing) -> PaperChapter:
    file_name = f"paper-{listing.paper.slug.replace('/', '-')}.xhtml"
    return PaperChapter(listing.paper.plain_title, file_name, number=number, listing=listing)


def _group_by_period(
    papers: Iterable[PaperChapter], scopes: Sequence[Scope], locale: Locale
) -> tuple[Section, ...] | tuple[PaperChapter, ...]:
    """Put papers into sections by the first of some scopes, and those of a section into sections by the next.

    A section of very many papers has sections by number, because ebooklib takes quadratic time for its entries.
    """
    if not scopes:
        chapters = tuple(papers)
        return chapters if len(chapters) <= _MAX_SECTION else _group_by_number(chapters)
    groups = groupby(papers, key=lambda chapter: period(scopes[0], chapter.listing.first_listed))
    return tuple(
        Section(key_name(key, locale), f"{key.scope}-{key.text}.xhtml", _group_by_period(group, scopes[1:], locale))
        for key, group in groups
    )


def _group_by_number(papers: Sequence[PaperChapter]) -> tuple[Section, ...]:
    """Put papers into sections such as `51–100`."""
    starts = range(0, len(papers), _MAX_RESULTS)
    groups = [tuple(papers[start : start + _MAX_RESULTS]) for start in starts]
    return tuple(
        Section(f"{group[0].number}–{group[-1].number}", f"papers-{group[0].number}.xhtml", group) for group in groups
    )


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
