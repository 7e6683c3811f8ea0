"""Parses the values of fields: texts, dates, addresses and languages."""

import re
from datetime import date
from html import unescape

from feeds.readers.fields.addresses import paper_url
from feeds.readers.fields.dates import Dates
from feeds.readers.fields.labels import is_no_value
from feeds.text.urls import normalize_web_url

_ARXIV_ID = re.compile(r"(?:arxiv:\s?)?([0-9]{4}\.[0-9]{4,5})(?:v[0-9]+)?(?:\.pdf)?", re.IGNORECASE)
_OLD_ARXIV_ID = re.compile(r"(?:arxiv:\s?)?([a-z-]+(?:\.[A-Z]{2})?/[0-9]{7})(?:v[0-9]+)?", re.IGNORECASE)
_DOI = re.compile(r"(?:doi:\s?)?(10\.[0-9]{4,9}/\S+)", re.IGNORECASE)
_MARKDOWN_LINK = re.compile(r"!?\[[^\[\]]*\]\(<?([^()<>\s]+)>?\)")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_RANGE = re.compile(r"[0-9-]{10}\s?(?:[~–—_/至到]|\s(?:-{1,2}|to)\s)")
_PARAGRAPHS = re.compile(r"\n\s*\n|\n(?=\s{2}\S)")
_HTML = re.compile(r"</(?:jats:)?(?:p|li|ul|ol|div|h[1-6]|title)>|<br ?/?>", re.IGNORECASE)
_HTML_TITLE = re.compile(r"<jats:title>\s*abstract\s*</jats:title>", re.IGNORECASE)
_HTML_ITEM = re.compile(r"\s*<li\b[^<>]*>(?:\s*<p\b[^<>]*>)?\s*", re.IGNORECASE)
_HTML_BLOCK = re.compile(r"\s*</?(?:jats:)?(?:p|ul|ol|div|h[1-6]|title|sec|section|br)\b[^<>]*>\s*", re.IGNORECASE)
_HTML_LINK = re.compile(
    r"<a\b[^<>]*\bhref=\"(https?://[^\"<>\s()]+)\"[^<>]*>((?:(?!</a>).){1,500}?)</a>", re.IGNORECASE
)
_HTML_STRONG = re.compile(r"</?(?:strong|b)>", re.IGNORECASE)
_HTML_OTHERS = re.compile(r"</?(?:(?:jats|mml):[a-z-]+|em|i|span|a|u|font|small|code|img|hr)\b[^<>]*>", re.IGNORECASE)
_HANGUL, _KANA, _HAN = re.compile("[가-힣]"), re.compile("[\u3040-\u30ff]"), re.compile("[\u4e00-\u9fff]")
_FIRST_YEAR = 1991  # of arXiv
_MIN_LETTERS = 5  # that tell a language
_MAX_LOOK = 2_000  # characters that tell a language
_MAX_URL = 4_000  # characters


def clean_text(value: object) -> str:
    """Return a text that can be stored: without lone surrogates; empty for what is no text and for `N/A`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or (is_no_value(value[:50]) and is_no_value(value)):
        return ""
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()
    return value.strip()


def html_to_markdown(text: str) -> str:
    """Return a text that is HTML, or JATS as from Crossref, in Markdown; any other text as it is."""
    if not _HTML.search(text):
        return text
    text = _HTML_ITEM.sub("\n- ", _HTML_TITLE.sub("", text))
    text = re.sub(r"\s*</li>\s*", "\n", _HTML_BLOCK.sub("\n\n", text))
    text = _HTML_OTHERS.sub("", _HTML_LINK.sub(r"[\2](\1)", _HTML_STRONG.sub("**", text)))
    return unescape(re.sub(r"\n{3,}", "\n\n", re.sub(r"\n+(?=- )", "\n", text))).strip()


def plain_paragraphs(text: str) -> str:
    """Return a text whose lines are broken anywhere, as those of arXiv, with a line for each paragraph."""
    return "\n\n".join(line for part in _PARAGRAPHS.split(text) if (line := " ".join(part.split())))


def identifier_url(text: str) -> str | None:
    """Return the address of the paper that an identifier or an address names; None for any other text."""
    text = text.strip(" \t\n<>\"'")
    if len(text) > _MAX_URL:
        return None
    if match := _MARKDOWN_LINK.search(text):
        text = match[1]
    if match := _ARXIV_ID.fullmatch(text) or _OLD_ARXIV_ID.fullmatch(text):
        return paper_url(f"https://arxiv.org/abs/{match[1]}")
    if match := _DOI.fullmatch(text):
        return paper_url(f"https://doi.org/{match[1]}")
    if "://" not in text and ("arxiv.org/" in text or "doi.org/" in text or "huggingface.co/papers/" in text):
        text = f"https://{text.lstrip('/')}"
    url = normalize_web_url(text) if "://" in text else None
    return paper_url(url) if url else None


def parse_day(value: object, dates: Dates) -> date | None:
    """Return the day of a date or time as written in a field; None if it is not one."""
    if not isinstance(value, str):
        return None
    if not dates.pattern and _ISO_DATE.match(value) and not _ISO_RANGE.match(value):
        try:
            day = date.fromisoformat(value[:10])
        except ValueError:
            return None
        return day if day.year >= _FIRST_YEAR else None
    return dates.in_text(value)


def guess_language(text: str) -> str:
    """Return the language that the letters of a text tell: ko, ja or zh; empty for all others."""
    text = text[:_MAX_LOOK]
    if len(_HANGUL.findall(text)) > _MIN_LETTERS:
        return "ko"
    if len(_KANA.findall(text)) > _MIN_LETTERS:
        return "ja"
    return "zh" if len(_HAN.findall(text)) > _MIN_LETTERS else ""


def web_url(text: str) -> str | None:
    """Return the URL that a text is, or that a link of Markdown leads to; None for any other text."""
    if len(text) > _MAX_URL:
        return None
    link = _MARKDOWN_LINK.search(text)
    text = link[1] if link else text.strip()
    return normalize_web_url(text) if text.startswith(("http://", "https://")) else None
