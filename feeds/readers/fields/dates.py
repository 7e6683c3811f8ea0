"""Finds the day that a path, a heading or a field names, in the forms in which digests write dates."""

import html
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath
from typing import NamedTuple

_FIRST_YEAR = 1991  # of arXiv
_MAX_AHEAD = timedelta(days=7)  # of a date without a year
_YEARS_BACK = 8  # February 29 may be eight years ago
_MAX_TEXT = 1_000  # characters; what is longer is neither a heading nor the field of a date
_MAX_PARENTS = 3  # folders that may complete a date

_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6}
_MONTHS |= {"jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}
_MONTH_NAMES = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_WEEKDAY_NAMES = (
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)(?:day|s|sday|nesday|r|rs|rsday|urday)?\.?"
    r"|(?:星期|周|週|礼拜)[一二三四五六日天]|[월화수목금토일](?:요일)?|[月火水木金土日](?:曜日?)?)"
)
_NAME = rf"(?P<name>{_MONTH_NAMES})(?![^\W\d_])\.?"
_NOT_AFTER_MONTH = "".join(  # so that `6-March 12` of `March 6-March 12` is no date
    rf"(?<!{name}\s)"
    for name in (
        *("jan", "january", "feb", "february", "mar", "march", "apr", "april", "may", "jun", "june", "jul", "july"),
        *("aug", "august", "sep", "sept", "september", "oct", "october", "nov", "november", "dec", "december"),
    )
)
_YEAR = r"(?P<year>199[1-9]|20[0-9]{2})"
_MONTH = r"(?P<month>[0-9]{1,2})"
_DAY = r"(?P<day>[0-9]{1,2})"
_ORDINAL = r"(?:st|nd|rd|th)?"
_GAP = r"(?:[,.]?\s|[,._/-])"
_START = r"(?<![0-9])"
_END = r"(?![0-9]|(?!T[0-9])[A-Za-z])"  # not the 3 of 2024-01-3O, but the 30 of 2024-01-30T09:00
_WEEK = r"(?:W|week|KW)[\s_-]{0,2}(?P<week>[0-9]{1,2})(?![0-9A-Za-z])"  # not W8A8
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_START}{_YEAR}\s?[년年]\s?{_MONTH}\s?[월月]\s?{_DAY}(?![0-9])\s?[일日号號]?",
        rf"(?<![0-9和成])(?P<short>[0-9]{{2}})\s?[년年]\s?{_MONTH}\s?[월月]\s?{_DAY}\s?[일日]",  # but 令和07年 is 2025
        rf"{_START}{_YEAR}\s?(?P<mark>[-./_])\s?{_MONTH}\s?(?P=mark)\s?{_DAY}{_END}",
        rf"{_START}{_YEAR}\s{_MONTH}\s{_DAY}{_END}",
        rf"{_START}{_YEAR}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})(?:[0-9]{{6}}(?![0-9])|{_END})",
        rf"{_START}{_YEAR}{_GAP}{_NAME}{_GAP}{_DAY}{_ORDINAL}{_END}",
        rf"{_START}(?P<start>[0-9]{{1,2}}{_ORDINAL}(?:\s{_MONTH_NAMES}\.?)?\s?(?:[-~]|to)\s?)?"
        rf"{_DAY}{_ORDINAL}(?:\sof)?{_GAP}{_NAME}{_GAP}{_YEAR}(?![0-9])",
        # The end of (June 23 - June 29) - 2025
        rf"(?<![a-z])(?P<start>{_MONTH_NAMES}\.?\s[0-9]{{1,2}}{_ORDINAL}\s?(?:[-~]|to)\s?){_NAME}\s{_DAY}{_ORDINAL}\)?"
        rf"(?:\s?[,-]\s?|\s){_YEAR}(?![0-9])",
        rf"{_NOT_AFTER_MONTH}{_START}{_DAY}{_ORDINAL}{_GAP}{_NAME}{_GAP}'?(?P<short>[0-9]{{2}})(?![0-9]|\s?[^\W_])",
        rf"(?<![a-z]){_NAME}{_GAP}(?P<start>[0-9]{{1,2}}{_ORDINAL}\s?(?:[-~]|to)\s?)?{_DAY}{_ORDINAL}{_GAP}{_YEAR}"
        r"(?![0-9])",
        rf"{_START}(?P<first>[0-9]{{1,2}})(?P<mark>[-./])(?P<second>[0-9]{{1,2}})(?P=mark){_YEAR}(?![0-9])",
        rf"{_START}{_YEAR}-?W(?P<week>[0-9]{{2}})-?(?P<weekday>[1-7]){_END}",
        rf"{_START}{_YEAR}[\s,._/-]{{0,3}}{_WEEK}",
        rf"(?<![a-z]){_WEEK}[\s,._-]{{1,3}}(?:of\s)?{_YEAR}(?![0-9])",
        rf"{_START}{_YEAR}\s?[년年]?\s?[제第]?\s?(?P<week>[0-9]{{1,2}})\s?(?:周|週|주)(?![년年])",
    )
)
_DATES_WITHOUT_YEAR = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_MONTH}\s?[월月]\s?{_DAY}\s?[일日号號]?",
        rf"{_MONTH}\s?[-./_]\s?{_DAY}",
        rf"{_NAME}{_GAP}{_DAY}{_ORDINAL}",
        rf"{_DAY}{_ORDINAL}(?:\sof)?{_GAP}{_NAME}",
    )
)
_WEEKDAY = rf"\s{{0,2}}[(,]?\s?{_WEEKDAY_NAMES}[),]?"
_RANGE = r"(?:[~\u2014→]|-{1,3}|\.{2,3}|to|through|until|till|[至到]|から|부터)"
_BETWEEN = re.compile(
    rf"(?:{_WEEKDAY})?(?:[\s_)-]{{0,3}}{_RANGE}[\s_(-]{{0,3}}|_)(?:{_WEEKDAY_NAMES},?\s)?", re.IGNORECASE
)
_WEEKDAY_OR_TIME = re.compile(
    rf"[(\[]?\b{_WEEKDAY_NAMES}(?!\w)[)\],]{{0,2}}|\s[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}})?(?!\S)", re.IGNORECASE
)
# The end of a range that leaves out the year, or also the month: 2026年6月29日-7月5日, 2026-07-01~07, 2026.06.29-07.05
_ALONE = r"(?![-./]?[0-9]|\s?[^\W_])"
_RANGE_ENDS = tuple(
    re.compile(rf"(?:{_WEEKDAY})?\s?{pattern}", re.IGNORECASE)
    for pattern in (
        rf"{_RANGE}\s?(?:{_MONTH}\s?[월月]\s?)?{_DAY}\s?[일日号號]",
        rf"(?:[~至到]|to)\s?(?:{_MONTH}[-./])?{_DAY}{_ALONE}",
        rf"-\s?{_MONTH}[./]{_DAY}{_ALONE}",
    )
)
_REST = r"(?:[\s_.-]+(?![0-9])[^/]*)?"  # of a name that starts with a day: 01-digest
_FOLDER = rf"(?:^|/)[^/0-9]{{0,40}}{_YEAR}"
_IN_FOLDERS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_FOLDER}\s?[년年]?/(?:{_MONTH}(?:[월月]|[\s._-]?{_MONTH_NAMES})?|{_NAME})/{_DAY}[일日]?{_REST}$",
        rf"{_FOLDER}(?:[-_.\s]?(?P<month>[0-9]{{2}})|[-_.\s]{_NAME})/{_DAY}[일日]?{_REST}$",
        rf"{_FOLDER}(?:[-_.]|\s?[년年]\s?){_MONTH}[월月]?/{_DAY}[일日]?{_REST}$",
        rf"(?:^|/)(?:{_NAME}|{_MONTH})[-_.\s]{_YEAR}/{_DAY}{_REST}$",
        rf"{_FOLDER}[^/]{{0,12}}/(?:[^/]+/)?(?:(?P<first_month>0[1-9]|1[0-2])[-_.]?[0-3][0-9]\s?[-~_]\s?)?"
        rf"(?P<month>[0-9]{{2}})[-_.]?(?P<day>[0-9]{{2}}){_REST}$",
        rf"{_FOLDER}[^/]{{0,12}}/(?:[^/]+/)?{_MONTH}\s?[월月]\s?{_DAY}\s?[일日]{_REST}$",
        rf"{_FOLDER}[^/]{{0,12}}/(?:[^/]+/)?(?:{_NAME}{_GAP}{_DAY}){_ORDINAL}{_REST}$",
        rf"{_FOLDER}[^/]{{0,12}}/(?:[^/]+/)?(?:{_DAY}{_ORDINAL}{_GAP}{_NAME}){_REST}$",
        rf"{_FOLDER}[^/]{{0,12}}/(?:[^/]+/)?{_WEEK}$",
        rf"{_FOLDER}[^/]{{0,12}}/(?:[^/]+/)?(?:week|KW)[\s_-]{{0,2}}(?P<week>[0-9]{{1,2}}){_REST}$",
    )
)
_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>|\]\([^()\s]*\)|https?://[^\s<>()|]+")
_IDENTIFIER = (
    re.compile(  # an arXiv number, or a DOI with a date such as those of bioRxiv, in which file names have hyphens
        r"(?<![0-9.])[0-9]{4}\.[0-9]{4,5}(?:v[0-9]+)?(?![0-9])"
        r"|(?<![0-9])10[.-][0-9]{4,9}[-_./][0-9]{4}(?:[-_.][0-9]{2}){2}[-_.][0-9]{4,}"
    )
)
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-") | {"〜": "~", "∼": "~"})
_SUFFIX = re.compile(r"(?<=.)(?:\.[A-Za-z][A-Za-z0-9]{0,8}){1,2}$")

# The directives of `date_pattern`: what one matches, and what it matches next to another number.
_DIRECTIVES = {
    "Y": ("[0-9]{4}", "[0-9]{4}"),
    "y": ("[0-9]{2}", "[0-9]{2}"),
    "m": ("[0-9]{1,2}", "[0-9]{2}"),
    "d": ("[0-9]{1,2}", "[0-9]{2}"),
    "j": ("[0-9]{1,3}", "[0-9]{3}"),
    "G": ("[0-9]{4}", "[0-9]{4}"),
    "V": ("[0-9]{1,2}", "[0-9]{2}"),
    "b": (_MONTH_NAMES, _MONTH_NAMES),
    "B": (_MONTH_NAMES, _MONTH_NAMES),
    "a": (_WEEKDAY_NAMES, _WEEKDAY_NAMES),
    "A": (_WEEKDAY_NAMES, _WEEKDAY_NAMES),
}
_NUMBERS = frozenset("YymdjGV")
_SUFFICIENT = tuple(map(frozenset, ("Ymd", "Ybd", "YBd", "Yj", "ymd", "ybd", "yBd", "yj", "GV")))


class RangeEnd(date):
    """The last day of a range of days, such as a week, that a path or a text names."""


class _Date(NamedTuple):
    """A date in a text, from `start` to `end`; no value if there is no such day, or if it can be read as two."""

    start: int
    end: int
    value: date | None


@dataclass(frozen=True, slots=True)
class Dates:
    """Finds the days that paths and texts name. A day before 1991 or a date that can be read as two is None.

    The end of a range is a `RangeEnd`, so that it can be told from a day that is named itself.

    Attributes:
        pattern: the setting `date_pattern`, how an archive writes dates that are not in a usual form: a text with
            directives of strftime, such as `%d-%b-%Y`, `digest-%y%m%d` or `%G/week%V`. It is searched in the path, and
            in headings and fields, before the usual forms, without regard to case; its last match counts. Directives
            are %Y %y %m %d %b %B %j %a %A, %G with %V for an ISO week, which stands for its Sunday, and %% for a
            percent sign. Everything else stands for itself.

    Raises:
        ValueError: if the pattern does not name a day, or has an unknown directive.
    """

    pattern: str = ""

    def __post_init__(self) -> None:
        _compile_pattern(self.pattern)

    def in_text(self, text: str) -> date | None:
        """Return the day that a heading or a field names, of a range its end; None unless it names exactly one.

        A week is its Sunday. Numbers of arXiv, addresses and times are not dates.
        """
        if len(text) > _MAX_TEXT:
            return None
        return self._search_pattern(text) or _only_date(_simplify(text))

    def in_path(self, path: PurePosixPath) -> date | None:
        """Return the day that the name of a file, or else the nearest of its folders, gives; None if none does.

        A folder may complete a date: `2026/07/01.md`, `202607/01/README.md`, `2026/07-01.md`, `2026/0629-0703.md`.
        """
        parts = [part for part in path.parts if part != "/"]
        if not parts or any(len(part) > _MAX_TEXT for part in parts):
            return None
        if day := self._search_pattern(path.as_posix()):
            return day
        parts[-1] = _SUFFIX.sub("", parts[-1])
        for index in range(len(parts) - 1, -1, -1):
            name = _simplify(parts[index])
            dates = _find_dates(name)
            if dates:
                day = _leading_date(name, dates) or _merge(name, dates)
                if day or any(found.value is None for found in dates):
                    return day
            elif day := _complete("/".join([*parts[max(0, index - _MAX_PARENTS) : index], name])):
                return day
        return None

    def without_year(self, text: str, near: date) -> date | None:
        """Return the day that a text such as `05-12`, `5月12日` or `May 12` is, of a range its end; else None.

        Its year is the one that brings it closest to `near`, but not more than a week after it. Numbers are read as
        month and day, the other way round only if the first is above 12.
        """
        if len(text) > _MAX_TEXT:
            return None
        text = _WEEKDAY_OR_TIME.sub("", _simplify(text))
        parts = re.split(rf"\s{_RANGE}\s|[~至到]", text, flags=re.IGNORECASE)
        numbers = [_month_and_day(part.strip(" \t*_`()[]|:：,")) for part in parts]
        if len(parts) > 2 or None in numbers or numbers[-1] is None:
            return None
        month, day = numbers[-1]
        years = range(near.year + 1, near.year - _YEARS_BACK - 1, -1)
        days = (value for year in years if (value := _make_date(year, month, day)))
        possible = (value for value in days if value - near <= _MAX_AHEAD)
        nearest = min(possible, key=lambda value: abs(value - near), default=None)
        return _as_end(nearest) if nearest and len(parts) > 1 else nearest

    def _search_pattern(self, text: str) -> date | None:
        regex = _compile_pattern(self.pattern)
        if regex is None:
            return None
        days = [day for match in regex.finditer(text) if (day := _interpret_pattern(match))]
        return days[-1] if days else None


@lru_cache(maxsize=64)
def _compile_pattern(pattern: str) -> re.Pattern[str] | None:
    """Return the regular expression of a `date_pattern`; None if it is empty. Raises ValueError if it names no day."""
    if not pattern:
        return None
    parts = re.findall(r"%-?.|[^%]+|%", pattern, flags=re.DOTALL)
    letters = [part[-1] if part[0] == "%" and part != "%%" else "" for part in parts]
    if unknown := [part for part, letter in zip(parts, letters, strict=True) if letter and letter not in _DIRECTIVES]:
        directives = " ".join(f"%{letter}" for letter in _DIRECTIVES)
        raise ValueError(f"date_pattern has {unknown[0]}, which is none of {directives}")
    if not any(needed <= set(letters) for needed in _SUFFICIENT):
        raise ValueError(f"date_pattern {pattern!r} does not name a day; write one such as %Y-%m-%d or %G-W%V")
    regex = ""
    for index, (part, letter) in enumerate(zip(parts, letters, strict=True)):
        if not letter:
            regex += re.escape("%" if part == "%%" else part)
        elif letter in letters[:index]:
            regex += f"(?P={letter})"
        else:
            follows = index > 0 and letters[index - 1] in _NUMBERS
            precedes = index + 1 < len(letters) and letters[index + 1] in _NUMBERS
            regex += _directive_regex(letter, follows_number=follows, precedes_number=precedes)
    return re.compile(regex, re.IGNORECASE)


def _directive_regex(letter: str, *, follows_number: bool, precedes_number: bool) -> str:
    """Return what matches a directive: all digits of a number, but a fixed count of them next to another number."""
    regex = f"(?P<{letter}>{_DIRECTIVES[letter][follows_number or precedes_number]})"
    if letter not in _NUMBERS:
        return regex
    return f"{'' if follows_number else _START}{regex}{'' if precedes_number else '(?![0-9])'}"


def _interpret_pattern(match: re.Match[str]) -> date | None:
    groups = match.groupdict()
    if groups.get("V"):
        return _end_of_week(int(groups["G"]), groups["V"])
    year = int(groups["Y"]) if groups.get("Y") else _full_year(groups["y"])
    if groups.get("j"):
        return _day_of_year(year, int(groups["j"]))
    name = groups.get("b") or groups.get("B")
    return _make_date(year, _MONTHS[name[:3].lower()] if name else groups["m"], groups["d"])


def _simplify(text: str) -> str:
    """Return a text without markup, addresses and numbers of arXiv, in the compatible characters of Unicode."""
    if "&" in text or "<" in text or "](" in text or "://" in text:
        text = _MARKUP.sub(" ", html.unescape(text))
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_HYPHENS)
    text = text.replace("**", "").replace("__", " ").replace("`", "")
    return _IDENTIFIER.sub(lambda match: "#" * len(match[0]), text)


def _only_date(text: str) -> date | None:
    dates = _find_dates(text)
    return _merge(text, dates) if dates else None


def _find_dates(text: str) -> list[_Date]:
    """List the dates in a text of at most `_MAX_TEXT` characters, in order."""
    dates: list[_Date] = []
    if not any(character in "0123456789" for character in text):
        return dates
    masked = text
    for pattern in _DATES:
        for match in pattern.finditer(masked):
            start, end = match.span()
            dates.append(_extend(text, _Date(start, end, _interpret(match))))
            masked = f"{masked[:start]}{'#' * (end - start)}{masked[end:]}"
    return sorted(dates, key=lambda found: found.start)


def _extend(text: str, found: _Date) -> _Date:
    """Return the end of the range that starts with a date, if it leaves out the year; else the date."""
    match = next(filter(None, (pattern.match(text, found.end) for pattern in _RANGE_ENDS)), None)
    if match is None or found.value is None:
        return found
    month, number = match["month"] or found.value.month, match["day"]
    year = found.value.year + (int(month) < found.value.month)
    end = _make_date(year, month, number)
    return _Date(found.start, match.end(), _as_end(end)) if end and end > found.value else found


def _merge(text: str, dates: list[_Date]) -> date | None:
    """Return the day that dates stand for: the one that all of them are, or the end of the range that they are."""
    days = [dates[0].value]
    for previous, following in pairwise(dates):
        is_range = _BETWEEN.fullmatch(text, previous.end, following.start)
        if is_range and previous.value and following.value and previous.value < following.value:
            days[-1] = _as_end(following.value)
        else:
            days.append(following.value)
    if len(set(days)) > 1:
        return None
    return next((day for day in days if isinstance(day, RangeEnd)), days[0])


def _leading_date(name: str, dates: list[_Date]) -> date | None:
    """Return the date that the name of a file or folder starts with, of a range its end; None if it does not."""
    if any(character.isalnum() for character in name[: dates[0].start]):
        return None
    if len(dates) > 1 and _BETWEEN.fullmatch(name, dates[0].end, dates[1].start) and (end := _merge(name, dates[:2])):
        return end
    return dates[0].value


def _complete(path: str) -> date | None:
    """Return the day that the last part of a path gives together with the folders above it."""
    matches = (pattern.search(path) for pattern in _IN_FOLDERS)
    return next((day for match in matches if match and (day := _interpret(match))), None)


def _interpret(match: re.Match[str]) -> date | None:
    """Return the day that a match of a date means; None if there is none, or if it may be one of two."""
    groups = match.groupdict()
    year = _full_year(groups["short"]) if groups.get("short") else int(groups["year"])
    if groups.get("week"):
        weekday = groups.get("weekday")
        return _day_of_week(year, groups["week"], weekday) if weekday else _end_of_week(year, groups["week"])
    if groups.get("first"):
        possible = {
            _make_date(year, groups["second"], groups["first"]),
            _make_date(year, groups["first"], groups["second"]),
        }
        days = possible - {None}
        return days.pop() if len(days) == 1 else None
    name = groups.get("name")
    if groups.get("first_month"):
        year += int(groups["first_month"]) > int(groups["month"])
    day = _make_date(year, _MONTHS[name[:3].lower()] if name else groups["month"], groups["day"])
    return _as_end(day) if day and (groups.get("start") or groups.get("first_month")) else day


def _month_and_day(text: str) -> tuple[int, int] | None:
    for pattern in _DATES_WITHOUT_YEAR:
        if match := pattern.fullmatch(text):
            groups = match.groupdict()
            name = groups.get("name")
            month, day = _MONTHS[name[:3].lower()] if name else int(groups["month"]), int(groups["day"])
            return (day, month) if month > 12 else (month, day)
    return None


def _full_year(digits: str) -> int:
    return int(digits) + (1900 if int(digits) >= _FIRST_YEAR % 100 else 2000)


def _as_end(day: date) -> RangeEnd:
    return RangeEnd(day.year, day.month, day.day)


def _end_of_week(year: int, week: str) -> RangeEnd | None:
    """Return the Sunday of an ISO week, or else of a week that `%W` of strftime counts, such as 0."""
    end = _day_of_week(year, week, "7") or _sunday_of_counted_week(year, int(week))
    return _as_end(end) if end else None


def _day_of_week(year: int, week: str, weekday: str) -> date | None:
    """Return a day of an ISO week."""
    try:
        return date.fromisocalendar(year, int(week), int(weekday)) if year >= _FIRST_YEAR else None
    except ValueError:
        return None


def _sunday_of_counted_week(year: int, week: int) -> date | None:
    """Return the Sunday of a week; week 1 begins with the first Monday of the year."""
    try:
        first_monday = date(year, 1, 7) - timedelta(days=date(year, 1, 7).weekday())
        monday = first_monday + timedelta(weeks=week - 1)
        sunday = monday + timedelta(days=6)
    except (ValueError, OverflowError):
        return None
    return sunday if year in (monday.year, sunday.year) and year >= _FIRST_YEAR else None


def _day_of_year(year: int, number: int) -> date | None:
    try:
        day = date(year, 1, 1) + timedelta(days=number - 1)
    except (ValueError, OverflowError):
        return None
    return day if day.year == year >= _FIRST_YEAR else None


def _make_date(year: int, month: str | int, day: str | int) -> date | None:
    try:
        return date(year, int(month), int(day)) if year >= _FIRST_YEAR else None
    except ValueError:
        return None
