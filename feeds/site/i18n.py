"""Translations, dates and numbers in the reader's language: English, or one with a folder in `locales/` (gettext)."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

import babel
from babel.core import get_global
from babel.dates import format_date, format_interval, format_skeleton
from babel.numbers import format_decimal

from feeds.model.edition import Edition, Facet, FacetGroup
from feeds.model.keys import (
    NEWEST,
    Key,
    ListKey,
    PaperKey,
    PeriodKey,
    Scope,
    SearchKey,
    TopKey,
)
from feeds.model.query import Has, Order
from feeds.text.unicode import primary_subtag

_LOCALES = Path(__file__).parent / "locales"
_ENGLISH = "en"
_MAX_FORMATTED = 4096  # dates and numbers whose texts are kept
_RANGE_SIGNS: Mapping[str, str] = {"ko": " ~ ", "zh": "至"}
"""The signs between the days of a range, where those of Babel 2.19 differ from one pattern to another."""

LANGUAGES: Sequence[str] = (_ENGLISH, *sorted(path.name for path in _LOCALES.iterdir()))
"""The languages of the interface."""


# Babel parses its patterns anew for each date and number, of which a calendar has hundreds.
_format_date = lru_cache(_MAX_FORMATTED)(format_date)
_format_interval = lru_cache(_MAX_FORMATTED)(format_interval)
_format_skeleton = lru_cache(_MAX_FORMATTED)(format_skeleton)
_format_decimal = lru_cache(_MAX_FORMATTED)(format_decimal)


@dataclass(frozen=True, slots=True)
class Locale:
    """One language of the interface. Messages are in English, with `{names}` for values."""

    language: str
    _translations: NullTranslations
    _babel: babel.Locale

    def gettext(self, message: str, **values: object) -> str:
        """Translate a message and fill in the values; integers are formatted as numbers."""
        texts = {name: self.format_number(value) if isinstance(value, int) else value for name, value in values.items()}
        return self._translations.gettext(message).format(**texts)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Translate a message with a number, which `{count}` stands for."""
        return self._translations.ngettext(singular, plural, count).format(count=self.format_number(count))

    def format_number(self, number: int) -> str:
        """Format a number, such as 12,345."""
        return str(_format_decimal(number, locale=self._babel))

    def format_day(self, day: date) -> str:
        """Format a day, such as 2024년 1월 30일."""
        return str(_format_date(day, "long", self._babel))

    def format_day_of_month(self, day: date) -> str:
        """Format a day without its year, such as 1월 30일."""
        return self.format_skeleton(day, "MMMMd")

    def format_weekday(self, day: date) -> str:
        """Format a day with its weekday, such as 2024년 1월 30일 화요일."""
        return str(_format_date(day, "full", self._babel))

    def format_skeleton(self, day: date, skeleton: str) -> str:
        """Format some fields of a day (Unicode TR 35), such as `yMMMM` for 2024년 1월."""
        return str(_format_skeleton(skeleton, day, locale=self._babel))

    def format_range(self, first: date, last: date, skeleton: str = "MMMd") -> str:
        """Format some fields (Unicode TR 35) of a range of days, such as 1월 29일 ~ 2월 4일."""
        text = str(_format_interval(first, last, skeleton, locale=self._babel))
        sign = _RANGE_SIGNS.get(self.language)
        return re.sub(r"\s*[~–至]\s*", sign, text) if sign else text

    def language_name(self, tag: str) -> str:
        """Name a language, given by its tag (BCP 47)."""
        return str(self._babel.languages.get(primary_subtag(tag), tag))

    @property
    def comma(self) -> str:
        """The sign between the members of a list, with the space that follows it."""
        return str(self._babel.list_patterns["standard"]["start"].format("", ""))

    @property
    def first_weekday(self) -> int:
        """The first day of the week, 0 for Monday, in the country where most speakers of the language live."""
        likely: str = get_global("likely_subtags")[self.language]
        return babel.Locale.parse(likely).first_week_day

    def weekdays(self) -> list[tuple[str, str]]:
        """List the narrow and the wide names of the weekdays, from the first day of the week."""
        narrow, wide = (self._babel.days["stand-alone"][width] for width in ("narrow", "wide"))
        return [(narrow[day % 7], wide[day % 7]) for day in range(self.first_weekday, self.first_weekday + 7)]


def supported_language(tag: str) -> str:
    """Return the interface language for a language tag (BCP 47); English if there is none."""
    base = primary_subtag(tag)
    return base if base in LANGUAGES else _ENGLISH


@cache
def get_locale(tag: str) -> Locale:
    """Return the locale for a language tag (BCP 47)."""
    language = supported_language(tag)
    translations = NullTranslations() if language == _ENGLISH else _load_translations(language)
    return Locale(language, translations, babel.Locale.parse(language))


def _load_translations(language: str) -> NullTranslations:
    """Read the .po file itself, so that there is nothing to compile or to forget."""
    from babel.messages.mofile import write_mo  # here, because not all commands render
    from babel.messages.pofile import read_po

    with (_LOCALES / language / "LC_MESSAGES/feeds.po").open("rb") as file:
        catalog = read_po(file, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


def edition_name(edition: Edition, locale: Locale) -> str:
    """Name an edition; that of one paper has the paper's title."""
    if isinstance(edition.key, PaperKey) and edition.papers:
        return edition.papers[0].plain_title
    return key_name(edition.key, locale)


def key_name(key: Key, locale: Locale) -> str:
    """Name the edition of a key in words."""
    match key:
        case SearchKey():
            description = _describe_search(key, locale)
            return (
                locale.gettext("Search: {question}", question=description) if description else locale.gettext("Search")
            )
        case ListKey():
            year = locale.format_skeleton(date(int(key.year), 1, 1), "y") if key.year else ""
            return " · ".join(filter(None, [_list_name(key.name, locale), year]))
        case PeriodKey():
            return _period_name(key, locale)
        case TopKey():
            return locale.gettext("Most voted: {period}", period=_period_name(key.period, locale))
    names = {
        Scope.LATEST: locale.gettext("Latest papers"),
        Scope.ALL: locale.gettext("All papers"),
        Scope.DAILY: locale.gettext("Daily"),
        Scope.WEEKLY: locale.gettext("Weekly"),
        Scope.MONTHLY: locale.gettext("Monthly"),
        Scope.TOP_WEEKLY: locale.gettext("Most voted of each week"),
        Scope.TOP_MONTHLY: locale.gettext("Most voted of each month"),
        Scope.TOPICS: locale.gettext("Topics"),
    }
    return names.get(key.scope, key.text)


def _period_name(key: PeriodKey, locale: Locale) -> str:
    if key.scope is Scope.WEEK:
        year, week, _ = key.first.isocalendar()
        days = locale.format_range(key.first, key.last)
        return locale.gettext("Week {week} of {year} ({days})", year=f"{year:04}", week=week, days=days)
    if key.scope is Scope.DAY:
        return locale.format_day(key.first)
    return locale.format_skeleton(key.first, "yMMMM" if key.scope is Scope.MONTH else "y")


def _list_name(name: str, locale: Locale) -> str:
    names = {
        NEWEST: locale.gettext("Newest books"),
        "top-weeks": locale.gettext("Most voted of each week"),
        "top-months": locale.gettext("Most voted of each month"),
        "days": locale.gettext("By day"),
        "weeks": locale.gettext("By week"),
        "months": locale.gettext("By month"),
        "years": locale.gettext("By year"),
    }
    return names[name]


def facet_group_name(group: FacetGroup, locale: Locale) -> str:
    """Name a group of facets."""
    names = {
        FacetGroup.YEAR: locale.gettext("Year"),
        FacetGroup.CODE: locale.gettext("Code"),
        FacetGroup.VIDEO: locale.gettext("Video"),
        FacetGroup.TAG: locale.gettext("Tag"),
    }
    return names[group]


def facet_name(facet: Facet, locale: Locale) -> str:
    """Name a facet."""
    if facet.group is FacetGroup.YEAR:
        return facet.value or locale.gettext("All years")
    if facet.group is FacetGroup.TAG:
        return facet.value.replace(",", ", ") or locale.gettext("All")
    names = {FacetGroup.CODE: locale.gettext("with code"), FacetGroup.VIDEO: locale.gettext("with video")}
    return names[facet.group] if facet.value else locale.gettext("All")


def _describe_search(key: SearchKey, locale: Locale) -> str:
    query, parameters = key.query, key.query.parameters()
    media = {Has.CODE: locale.gettext("with code"), Has.VIDEO: locale.gettext("with video")}
    parts = [
        query.q,
        locale.gettext("author {name}", name=query.author) if query.author else "",
        ", ".join(query.tags),
        locale.gettext("at least {votes} votes", votes=query.min_votes) if "min_votes" in parameters else "",
        locale.gettext("from {day}", day=locale.format_day(query.since)) if query.since else "",
        locale.gettext("to {day}", day=locale.format_day(query.until)) if query.until else "",
        *(media[medium] for medium in query.has),
        locale.gettext("most voted first") if query.order is Order.VOTES else "",
        locale.gettext("{count} per page", count=query.limit) if "limit" in parameters else "",
        locale.gettext("page {page}", page=query.page) if "page" in parameters else "",
    ]
    return " · ".join(filter(None, parts))
