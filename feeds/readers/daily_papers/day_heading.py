"""Recognizes the headings of days, also those with mistakes, and parses their dates."""

import html
import re
import unicodedata
from datetime import date
from difflib import SequenceMatcher
from typing import NamedTuple

from feeds.readers.daily_papers.syntax import quote

_WELL_FORMED = re.compile(r"Daily Papers \([0-9]{4}-[0-9]{2}-[0-9]{2}\)")
_USUAL = re.compile(r"\W{0,9}daily\s{1,9}papers?\W{1,9}(\d{4})[-./](\d{1,2})[-./](\d{1,2})\W{0,9}", re.IGNORECASE)
_UNMARKED = re.compile(r"[*_]{0,3}daily", re.IGNORECASE)
_DATE_HINT = "write YYYY-MM-DD with a year from 1990 to 2999"
_MAX_LENGTH = 200  # of a heading with mistakes
_MIN_SIMILARITY = 0.88  # "Dayly Paperss", but not "Weekly Papers" or "Daily Newspapers"
_NAMES = ("dailypapers", "dailypaper", "데일리페이퍼", "데일리논문", "일일논문", "오늘의논문")
_SHORT_NAMES = ("papers", "paper", "논문", "페이퍼")
_JAMO = {name: unicodedata.normalize("NFD", name) for name in (*_NAMES, *_SHORT_NAMES)}
_DIGIT = re.compile(r"\d")
_NAME = re.compile(r"\bdaily\W{0,9}papers?\b|데일리\s?페이퍼", re.IGNORECASE)
_COUNTED = ("papers", "paper", "편", "건", "개")  # "11 papers" may follow the date
_IGNORED_WORD = re.compile(
    r"(?:mon|tue|wed|thu|fri|sat|sun)(?:day|s|sday|nesday|r|rs|rsday|urday)?|[월화수목금토일](?:요일)?|날짜|한국어"
    r"|a|date|for|from|hf|hugging|face|huggingface|in|ko|kr|korean|new|no|of|on|s|the|todays?|vol"
)
_TAG_OR_LINK = re.compile(r"</?[a-z][^<>]*>|\[(?P<text>[^\[\]]*)\]\([^()\s]*\)", re.IGNORECASE)
_PART_OF_DATE = re.compile(r"\d{4}\s?[-./년]\s?\w{1,2}\s?[-./월]\s?\w")  # 2024-01-3O

_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6}
_MONTHS |= {"jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}
_MONTH = (
    r"(?P<month_name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_SEPARATOR = r"(?:\s?[-./_,·‐-―−년月월年]\s?){0,2}\s?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:\s?[일日])?"
_END = r"(?!\d|(?!T\d)[A-Za-z])"  # not the 3 of 2024-01-3O, but the 30 of 2024-01-30T09:00
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\d)(?P<year>\d{{4}})(?!\d){_SEPARATOR}(?:(?P<month>\d{{1,2}})(?!\d)|{_MONTH}){_SEPARATOR}{_DAY}{_END}",
        r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?!\d)",
        rf"(?<!\d){_DAY}(?:\sof)?{_SEPARATOR}{_MONTH}{_SEPARATOR}(?P<year>\d{{4}})(?!\d)",
        rf"\b{_MONTH}{_SEPARATOR}{_DAY}(?!\d){_SEPARATOR}(?P<year>\d{{4}})(?!\d)",
        r"(?<!\d)(?P<first>\d{1,2})[-./](?P<second>\d{1,2})[-./](?P<year>\d{4})(?!\d)",
        r"(?<!\d)\d{2}[-./]\s?\d{1,2}[-./]\s?\d{1,2}(?!\d)",
    )
)


class DayHeading(NamedTuple):
    """A heading that is one of a day, or seems to be one.

    Attributes:
        date: the only date in the heading; None if there is none, or it is not a valid one.
        problem: why the heading is not read as one of a day; empty if it is.
        hint: what to write instead.
        is_named: whether it has the name of the digest, perhaps misspelled.
        is_certain: whether it is meant as one of a day even if no papers follow.
        is_well_formed: whether it is exactly as it should be.
    """

    date: date | None
    problem: str
    hint: str
    is_named: bool
    is_certain: bool
    is_well_formed: bool = False


class _Date(NamedTuple):
    """A date in a text, from `start` to `end`; no value but a problem if it cannot be read."""

    start: int
    end: int
    value: date | None
    problem: str


def parse_day_heading(heading: str) -> DayHeading | None:
    """Parse the text of a heading; None if it does not name a day."""
    if match := _USUAL.fullmatch(heading):
        day = _make_date(*match.groups())
        if day is None:
            return DayHeading(
                None, f"{'-'.join(match.groups())} is not a date", _DATE_HINT, is_named=True, is_certain=True
            )
        is_well_formed = bool(_WELL_FORMED.fullmatch(heading))
        return DayHeading(day, "", _hint(day), is_named=True, is_certain=True, is_well_formed=is_well_formed)
    if len(heading) > _MAX_LENGTH:
        return None
    text = _simplify(heading)
    dates = _find_dates(text) if _DIGIT.search(text) else []
    if dates:
        return _parse_dated(heading, text, dates)
    if _NAME.search(text) or _is_similar(_significant_letters(text), _NAMES):
        is_certain = bool(_PART_OF_DATE.search(text))
        return DayHeading(None, f"{quote(heading)} has no date", _hint(None), is_named=True, is_certain=is_certain)
    return None


def parse_unmarked_day(line: str) -> DayHeading | None:
    """Parse a line that is exactly the heading of a day without its `##`, possibly in bold type; None for any other."""
    is_day = _UNMARKED.match(line) and _USUAL.fullmatch(line) and not line.endswith("|")
    day = parse_day_heading(line) if is_day else None
    return day and day._replace(is_certain=False, is_well_formed=False)


def _parse_dated(heading: str, text: str, dates: list[_Date]) -> DayHeading:
    """Tell by the words around the dates whether the heading is one of a day."""
    before, after = _significant_letters(text[: dates[0].start]), _significant_letters(text[dates[-1].end :])
    name, remark = (before, after) if before else (after, "")
    is_named = _is_similar(name, _NAMES)
    is_certain = is_named and remark in ("", *_COUNTED)
    day = dates[0].value
    if len({other.value for other in dates}) > 1:
        return DayHeading(None, f"{quote(heading)} has more than one date", _hint(None), is_named, is_certain)
    if day is None:
        return DayHeading(None, dates[0].problem, _DATE_HINT, is_named, is_certain)
    if is_named or _is_similar(name, _SHORT_NAMES):
        return DayHeading(day, "", _hint(day), is_named, is_certain)
    problem = f"{quote(heading)} has a date but is not the heading of a day"
    return DayHeading(day, problem, _hint(day), is_named, is_certain=False)


def _hint(day: date | None) -> str:
    return f"write ## Daily Papers ({day or 'YYYY-MM-DD'})"


def _simplify(heading: str) -> str:
    """Return the text of a heading without markup, with ASCII digits and brackets in place of their variants."""
    text = _TAG_OR_LINK.sub(lambda match: match["text"] or " ", html.unescape(heading))
    if text.isascii():
        return text
    text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFKC", text)


def _significant_letters(text: str) -> str:
    """Return the letters of a text, without the names of weekdays and other words that do not matter."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    return "".join(word for word in words if not _IGNORED_WORD.fullmatch(word))


def _is_similar(letters: str, names: tuple[str, ...]) -> bool:
    """Whether the letters are one of the names, perhaps misspelled. Hangul is compared by its jamo."""
    if not letters or letters in names:
        return bool(letters)
    jamo = unicodedata.normalize("NFD", letters)
    return any(
        2 * min(len(jamo), len(other)) >= _MIN_SIMILARITY * (len(jamo) + len(other))  # the ratio is no larger
        and SequenceMatcher(None, jamo, other).ratio() >= _MIN_SIMILARITY
        for other in map(_JAMO.__getitem__, names)
    )


def _find_dates(text: str) -> list[_Date]:
    """List the dates in a text, in order."""
    dates: list[_Date] = []
    for pattern in _DATES:
        for match in pattern.finditer(text):
            start, end = match.span()
            dates.append(_Date(start, end, *_interpret(match)))
            text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return sorted(dates)


def _interpret(match: re.Match[str]) -> tuple[date | None, str]:
    """Return the date that a match means, or the problem with it."""
    groups = match.groupdict()
    year = groups.get("year")
    if year is None:
        return None, f"the year of {match[0]} needs four digits"
    month: str | int | None = _MONTHS[name[:3].lower()] if (name := groups.get("month_name")) else groups.get("month")
    if month:
        days = {_make_date(year, month, groups["day"])}
    else:
        days = _possible_days(year, groups["first"], groups["second"])
    if len(days) > 1:
        return None, f"{match[0]} can be read as two dates"
    day = days.pop()
    return day, "" if day else f"{match[0]} is not a date"


def _possible_days(year: str, first: str, second: str) -> set[date | None]:
    """Return the dates that 30/01/2024 may mean, with the day or the month first; None alone if there are none."""
    days = {_make_date(year, second, first), _make_date(year, first, second)}
    return days - {None} or {None}


def _make_date(year: str, month: str | int, day: str) -> date | None:
    """Convert parts of a date; None if there is no such date, or not in a plausible year."""
    try:
        value = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return value if 1990 <= value.year <= 2999 else None
