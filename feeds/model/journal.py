"""Parses references to journals such as `Nature 596, 583-589 (2021)`, in the forms usual on arXiv."""

import re
from typing import NamedTuple

_YEAR = "(?P<year>(?:19|20)[0-9]{2})"
_NAME = r"(?P<name>[^0-9]*?[^0-9\s,(])"
_VOLUME = (
    r"\s?,?\s?(?:\bvol(?:ume)?\b\.?\s?)?(?P<volume>[0-9]{1,4})"
    r"(?:,?\s?(?:\(|no\.?\s?|issue\s?)(?P<issue>[0-9]{1,4}(?:[-–/][0-9]{1,4})?)\)?)?"
)
_PAGES = r"(?:pp?\.?\s?)?(?P<first_page>[a-z]{0,2}[0-9]{1,9})(?:\s?[-–—]{1,2}\s?(?P<last_page>[a-z]{0,2}[0-9]{1,9}))?"
_WITH_PAGES = re.compile(
    rf"{_NAME}{_VOLUME}\s?[,:]\s?{_PAGES}(?:,?\s?\(|,\s?(?:[a-z]{{3,9}}\.?\s)?){_YEAR}\)?\.?", re.IGNORECASE
)
_WITH_YEAR = re.compile(rf"{_NAME}(?:{_VOLUME})?\s?\({_YEAR}\)(?:,?\s?{_PAGES})?\.?", re.IGNORECASE)
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
    match = _WITH_PAGES.fullmatch(text) or _WITH_YEAR.fullmatch(text)
    if match and match["volume"] != match["year"]:  # CVPR 2024, 1-10 (2024)
        return JournalReference(**match.groupdict(""))
    years = _YEAR_IN_TEXT.findall(text)
    return JournalReference(text, year=years[-1] if years else "")
