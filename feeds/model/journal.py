"""Parses journal references as authors write them on arXiv, such as `Nature 596, 583-589 (2021)`."""

import re
from typing import NamedTuple

_YEAR = "(?P<year>(?:19|20)[0-9]{2})"
_VOLUME = (
    r"(?P<name>[^0-9]*?[^0-9\s,(])\s?,?\s?(?:\bvol(?:ume)?\b\.?\s?)?(?P<volume>[0-9]{1,4})"
    r"(?:,?\s?(?:\(|no\.?\s?|issue\s?)(?P<issue>[0-9]{1,4}(?:[-–/][0-9]{1,4})?)\)?)?"
)
_PAGES = r"(?:pp?\.?\s?)?(?P<first_page>[a-z]{0,2}[0-9]{1,9})(?:\s?[-–—]{1,2}\s?(?P<last_page>[a-z]{0,2}[0-9]{1,9}))?"
_YEAR_AT_END = re.compile(
    rf"{_VOLUME}\s?[,:]\s?{_PAGES}(?:,?\s?\(|,\s?(?:[a-z]{{3,9}}\.?\s)?){_YEAR}\)?\.?", re.IGNORECASE
)
_YEAR_BEFORE_PAGES = re.compile(rf"{_VOLUME}\s?\({_YEAR}\),?\s?{_PAGES}\.?", re.IGNORECASE)
_YEAR_IN_TEXT = re.compile(rf"(?<![0-9:./-]){_YEAR}(?![0-9:./-])")


class JournalReference(NamedTuple):
    """A parsed journal reference; `name` is the whole text where volume and pages cannot be told from it."""

    name: str
    volume: str = ""
    issue: str = ""
    first_page: str = ""
    last_page: str = ""
    year: str = ""


def parse_journal(text: str) -> JournalReference:
    """Parse a journal reference."""
    text = " ".join(text.split())
    match = _YEAR_AT_END.fullmatch(text) or _YEAR_BEFORE_PAGES.fullmatch(text)
    if match and match["volume"] != match["year"]:  # CVPR 2024, 1-10 (2024)
        return JournalReference(**match.groupdict(""))
    years = _YEAR_IN_TEXT.findall(text)
    return JournalReference(text, year=years[-1] if years else "")
