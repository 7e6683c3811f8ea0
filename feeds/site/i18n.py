"""The words around papers, and dates, in the language of a reader: English, or one that `locales/` has (gettext)."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_interval, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from feeds.archive.edition import Edition
from feeds.model.facet import Facet, Group
from feeds.model.key import NEWEST, Key, Scope
from feeds.model.query import Has, Order
from feeds.text.titles import title_text

_LOCALES = Path(__file__).parent / "locales"
_ENGLISH = "en"
LANGUAGES: Sequence[str] = (_ENGLISH, *sorted(path.name for path in _LOCALES.iterdir()))
"""The languages that there are words in."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one language. Messages are English, with `{names}` that values are filled in for."""

    language: str
    _translations: NullTranslations
    _locale: Locale

    def gettext(self, message: str, **values: object) -> str:
        """Say a message."""
        return self._translations.gettext(message).format(**values)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Say how many there are; `{count}` stands for that."""
        return self._translations.ngettext(singular, plural, count).format(
            count=format_decimal(count, locale=self._locale)
        )

    def day(self, day: date) -> str:
        """Write a day, like 2024년 1월 30일."""
        return str(format_date(day, "long", self._locale))

    def day_of_month(self, day: date) -> str:
        """Write a day of a known year, like 1월 30일."""
        return self.part(day, "MMMMd")

    def weekday(self, day: date) -> str:
        """Write a day with its weekday, like 2024년 1월 30일 화요일."""
        return str(format_date(day, "full", self._locale))

    def weekdays(self) -> list[tuple[str, str]]:
        """List the days of the week, short and whole, from the one that it begins with."""
        short, whole = (self._locale.days["stand-alone"][width] for width in ("narrow", "wide"))
        return [(short[day % 7], whole[day % 7]) for day in range(self.first_weekday, self.first_weekday + 7)]

    @property
    def first_weekday(self) -> int:
        """The day that a week begins with, Monday being 0, where most who speak the language live."""
        likely: str = get_global("likely_subtags")[self.language]
        return Locale.parse(likely).first_week_day

    def part(self, day: date, fields: str) -> str:
        """Write some fields of a day (a skeleton of Unicode TR 35), like `yMMMM` for 2024년 1월."""
        return str(format_skeleton(fields, day, locale=self._locale))

    def span(self, since: date, until: date) -> str:
        """Write a span of a few days, like 1월 29일 ~ 2월 4일."""
        return str(format_interval(since, until, "MMMd", locale=self._locale))


def closest(language: str) -> str:
    """Choose the language for a tag (BCP 47); English for one that there are no words in."""
    base = language.partition("-")[0].lower()
    return base if base in LANGUAGES else _ENGLISH


@cache
def wording(language: str) -> Wording:
    """Choose the words for a language tag."""
    chosen = closest(language)
    return Wording(chosen, NullTranslations() if chosen == _ENGLISH else _translations(chosen), Locale.parse(chosen))


def _translations(language: str) -> NullTranslations:
    """Read the .po file as it stands, so that there is nothing to compile or to forget."""
    with (_LOCALES / language / "LC_MESSAGES/feeds.po").open("rb") as file:
        catalog = read_po(file, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


def name(key: Key, words: Wording) -> str:
    """Name an edition in words."""
    if key.scope is Scope.SEARCH:
        question = _question(key, words)
        return words.gettext("Search: {question}", question=question) if question else words.gettext("Search")
    if key.scope is Scope.SHELF:
        return f"{_shelf_name(key, words)} {key.year}".strip()
    return _period_name(key, words) if key.since and key.until else _fixed_name(key, words)


def _period_name(key: Key, words: Wording) -> str:
    assert key.since, key  # noqa: S101  # periods have their days
    assert key.until, key  # noqa: S101
    if key.scope is Scope.WEEK:
        year, week = key.text.split("-W")
        days = words.span(key.since, key.until)
        return words.gettext("Week {week} of {year} ({days})", year=year, week=int(week), days=days)
    if key.scope is Scope.DAY:
        return words.day(key.since)
    return words.part(key.since, "yMMMM" if key.scope is Scope.MONTH else "y")


def _fixed_name(key: Key, words: Wording) -> str:
    names = {
        Scope.LATEST: words.gettext("Latest papers"),
        Scope.ALL: words.gettext("All papers"),
        Scope.DAILY: words.gettext("Daily"),
        Scope.WEEKLY: words.gettext("Weekly"),
        Scope.MONTHLY: words.gettext("Monthly"),
    }
    return names.get(key.scope, key.text)


def _shelf_name(key: Key, words: Wording) -> str:
    names = {
        NEWEST: words.gettext("Newest books"),
        "days": words.gettext("By day"),
        "weeks": words.gettext("By week"),
        "months": words.gettext("By month"),
        "years": words.gettext("By year"),
    }
    return names[key.text.partition("/")[0]]


def group_name(group: Group, words: Wording) -> str:
    """Say by what something is narrowed."""
    names = {
        Group.YEAR: words.gettext("Year"),
        Group.CODE: words.gettext("Code"),
        Group.VIDEO: words.gettext("Video"),
    }
    return names[group]


def facet_name(facet: Facet, words: Wording) -> str:
    """Say to what something is narrowed."""
    if facet.group is Group.YEAR:
        return facet.value or words.gettext("All years")
    named = {Group.CODE: words.gettext("with code"), Group.VIDEO: words.gettext("with video")}
    return named[facet.group] if facet.value else words.gettext("All")


def edition_name(edition: Edition, words: Wording) -> str:
    """Name an edition; that of one paper bears the paper's title."""
    return (
        title_text(edition.papers[0].title)
        if edition.key.scope is Scope.PAPER and edition.papers
        else name(edition.key, words)
    )


def _question(key: Key, words: Wording) -> str:
    """Say what a search asks for."""
    query, asked = key.query, key.query.parameters()
    has = {Has.CODE: words.gettext("with code"), Has.VIDEO: words.gettext("with video")}
    said = [
        query.q,
        words.gettext("author {name}", name=query.author) if query.author else "",
        words.gettext("at least {votes} votes", votes=query.min_votes) if "min_votes" in asked else "",
        words.gettext("from {day}", day=words.day(query.since)) if query.since else "",
        words.gettext("to {day}", day=words.day(query.until)) if query.until else "",
        *(has[each] for each in query.has),
        words.gettext("most voted first") if query.order is Order.VOTES else "",
        words.gettext("{count} a page", count=query.limit) if "limit" in asked else "",
        words.gettext("page {page}", page=query.page) if "page" in asked else "",
    ]
    return " · ".join(filter(None, said))
