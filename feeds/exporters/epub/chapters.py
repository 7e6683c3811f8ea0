"""Plans the chapters of a book, from which its table of contents and its reading order follow."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from feeds.model.edition import Edition
from feeds.model.keys import PeriodKey, Scope, period
from feeds.model.paper import Day, Listing
from feeds.site.i18n import Locale, key_name
from feeds.text.titles import title_text
from feeds.text.unicode import LATIN_TO_ASCII

_OLDEST_DAY_FIRST = frozenset({Scope.WEEK, Scope.MONTH, Scope.YEAR, Scope.ALL})
_GROUPED_BY_DAY = _OLDEST_DAY_FIRST | {Scope.LATEST}
_GROUPED_BY_MONTH = frozenset({Scope.YEAR, Scope.ALL})  # a list of all their days would be too long
_MAX_MOST_VOTED = 20
_MAX_LINKS = 600  # on a page of the index: old devices are slow with large documents
_NO_LETTER = "#"
_NAME_SUFFIXES = re.compile(r"(?:,?\s+(?:(?:Jr|Sr)\.?|I{2,3}|IV|\([^()]*\)|\[[^\[\]]*\]|[*†‡]))+$", re.IGNORECASE)
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
    """A paper."""

    template = "epub/paper.xhtml"

    listing: Listing


@dataclass(frozen=True, slots=True)
class Section(Chapter):
    """A month or a day, with a list of its children."""

    template = "epub/section.xhtml"


@dataclass(frozen=True, slots=True, kw_only=True)
class MostVoted(Chapter):
    """A list of the papers with the most votes."""

    template = "epub/most_voted.xhtml"

    papers: tuple[PaperChapter, ...]


@dataclass(frozen=True, slots=True)
class Author:
    """An author in the index."""

    name: str
    papers: tuple[PaperChapter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorIndex(Chapter):
    """A page of the index of authors, who are grouped by the first letter of their family names."""

    template = "epub/author_index.xhtml"

    letters: tuple[tuple[str, tuple[Author, ...]], ...]


def plan_chapters(edition: Edition, locale: Locale) -> tuple[Chapter, ...]:
    """Return the top level of a book's table of contents: the papers of longer editions in sections by day or month."""
    scope = edition.key.scope
    if scope not in _GROUPED_BY_DAY or not edition.listings:
        return tuple(map(_paper_chapter, edition.listings))
    days = edition.days[::-1] if scope in _OLDEST_DAY_FIRST else edition.days
    group = _sections_by_month if scope in _GROUPED_BY_MONTH else _sections_by_day
    sections = group([day for day in days if day.listings], locale)
    papers = [chapter for section in sections for chapter in section.walk() if isinstance(chapter, PaperChapter)]
    return *_most_voted(papers, locale), *sections, *_author_index(papers, locale)


def _paper_chapter(listing: Listing) -> PaperChapter:
    file_name = f"paper-{listing.paper.slug.replace('/', '-')}.xhtml"
    return PaperChapter(title_text(listing.paper.title), file_name, listing=listing)


def _sections_by_month(days: Iterable[Day], locale: Locale) -> list[Section]:
    months = groupby(days, key=lambda day: period(Scope.MONTH, day.date))
    return [_section(month, _sections_by_day(group, locale), locale) for month, group in months]


def _sections_by_day(days: Iterable[Day], locale: Locale) -> list[Section]:
    return [_section(period(Scope.DAY, day.date), map(_paper_chapter, day.listings), locale) for day in days]


def _section(key: PeriodKey, children: Iterable[Chapter], locale: Locale) -> Section:
    return Section(key_name(key, locale), f"{key.scope}-{key.text}.xhtml", tuple(children))


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
    authors = [Author(name, tuple(by_author[name])) for name in sorted(by_author, key=_sort_key)]
    pages = list(_split_pages(authors))
    for number, page in enumerate(pages, 1):
        groups = groupby(page, key=lambda author: _index_letter(author.name))
        letters = tuple((letter, tuple(group)) for letter, group in groups)
        title = locale.gettext("Index of authors")
        if len(pages) > 1:
            title += " " + "–".join(dict.fromkeys((letters[0][0], letters[-1][0])))
        yield AuthorIndex(title, f"authors-{number}.xhtml", letters=letters)


def _split_pages(authors: Sequence[Author]) -> Iterator[list[Author]]:
    """Split an index into pages of at most `_MAX_LINKS` links, or of a single author with more."""
    page: list[Author] = []
    links = 0
    for author in authors:
        if page and links + len(author.papers) > _MAX_LINKS:
            yield page
            page, links = [], 0
        page.append(author)
        links += len(author.papers)
    if page:
        yield page


def _sort_key(author: str) -> tuple[str, str, str]:
    """Sort authors by the letters of the index, Latin before Hangul before all others, then by family name."""
    letter = _index_letter(author)
    return letter if letter != _NO_LETTER else "\uffff", _to_base_letters(_family_name(author)), author


def _index_letter(author: str) -> str:
    """Return the Latin letter or Hangul consonant that a family name starts with, `#` for any other."""
    first = unicodedata.normalize("NFC", _family_name(author))[0]
    if _FIRST_SYLLABLE <= ord(first) <= _LAST_SYLLABLE:
        return _INITIALS[(ord(first) - _FIRST_SYLLABLE) // _SYLLABLES_PER_INITIAL]
    letter = _to_base_letters(first)[:1]
    return letter.upper() if letter.isascii() and letter.isalpha() else _NO_LETTER


def _family_name(author: str) -> str:
    """Return the last word of a name, leaving out what follows the name in `Ann Lee, Jr. (Oslo)`."""
    words = [name for word in _NAME_SUFFIXES.sub("", author).split() if (name := word.strip(","))]
    return words[-1] if words else author


def _to_base_letters(name: str) -> str:
    """Return a name in lower case without diacritics."""
    folded = unicodedata.normalize("NFKD", name.translate(LATIN_TO_ASCII)).casefold()
    decomposed = unicodedata.normalize("NFKD", folded)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
