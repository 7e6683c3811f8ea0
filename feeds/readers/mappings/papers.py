"""Makes papers of mappings, such as objects of JSON and front matter, whatever their keys are called."""

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple, TypeGuard

from feeds.model import identity
from feeds.model.paper import Paper
from feeds.readers.fields.addresses import paper_url
from feeds.readers.fields.dates import Dates
from feeds.readers.fields.labels import (
    Authors,
    Field,
    clean_title,
    is_no_value,
    parse_votes,
    split_authors,
    split_categories,
)
from feeds.readers.fields.values import clean_text, guess_language, identifier_url, parse_day, web_url
from feeds.readers.mappings.keys import (
    ABSTRACTS,
    ADDRESSES,
    AUTHORS,
    CRAWLED,
    DOIS,
    IMAGES,
    JOURNALS,
    LISTED,
    PAGES,
    PUBLISHED,
    TAGS,
    TITLES,
    VOTES,
    field_of,
    normalize_key,
)
from feeds.readers.mappings.summaries import Texts, collect_texts, strings
from feeds.text.urls import guess_media_type

# Keys of objects inside of which the paper is, as in the API of Hugging Face.
_WRAPPERS = ("paper", "article", "metadata", "meta", "info", "arxiv", "entry", "basic", "paper_info", "details", "data")
_FULL_NAMES = ("name", "fullname", "full_name", "fullName", "author", "display_name", "displayName")
_GIVEN_NAMES = ("first", "given", "firstName", "first_name", "forenames", "givenName")
_FAMILY_NAMES = ("last", "family", "lastName", "last_name", "keyname", "familyName")
_MORE_AUTHORS = frozenset({"et al", "et.al", "others", "+", "..", "…"})
_ARXIV_ID_IN_PATH = re.compile(r"(?<![0-9.])([0-9]{4}\.[0-9]{4,5})(?:v[0-9]+)?(?![0-9.])")
_TAG_PREFIX = re.compile(r"^(?:query|keyword|topic|tag|category):", re.IGNORECASE)
_MAX_AUTHORS = 1_000_000  # characters
_MAX_TAG = 5_000  # characters before it is split
_MAX_VOTES = 1_000_000_000


class Fields(NamedTuple):
    """The paper that a mapping describes, and the day that it says it was listed on.

    `is_inferred` says that this may only be the day of the publication or of a crawl.
    """

    paper: Paper
    listed: date | None
    is_inferred: bool


def make_paper(
    mapping: Mapping[str, object], dates: Dates, *, identifier: str = "", language: str = "", body: str = ""
) -> Fields | None:
    """Make the paper that a mapping describes; None if it has no title or no address.

    Args:
        mapping: the fields as written.
        dates: finds days in them.
        identifier: what the paper is called outside of the mapping, such as the key of the mapping.
        language: that of the summary, if the file names it.
        body: text of the summary that follows the fields.
    """
    mapping, listed = _unwrap(mapping, dates)
    texts = collect_texts(mapping)
    title = texts.take_title()
    by_name = _by_name(mapping)
    url = _find_url(by_name, identifier, texts) if title else None
    if url is None:
        return None
    authors = _authors(mapping)
    abstract = texts.take_abstract(has_body=bool(body))
    summary = "\n\n".join(filter(None, (texts.summary(title, abstract), body, "\n".join(texts.links))))
    image, video = _media(by_name)
    own_date = parse_day(by_name.get("date"), dates)
    published = _first_day(by_name, PUBLISHED, dates) or own_date
    paper = Paper(
        title=clean_title(title) or title,
        url=url,
        image=image,
        video=video,
        votes=_votes(by_name),
        authors=authors.names,
        more_authors=authors.more_authors,
        summary=summary,
        abstract=abstract,
        tags=_tags(mapping),
        published=published,
        language=_language(texts, summary, language) if summary else "",
        journal=texts.journal,
        journal_doi=_journal_doi(by_name, url),
        comment=texts.comment,
    )
    listed = listed or _first_day(by_name, LISTED, dates)
    is_inferred = listed is None or listed == published
    return Fields(paper, listed or _first_day(by_name, CRAWLED, dates) or published, is_inferred)


def _unwrap(mapping: Mapping[str, object], dates: Dates) -> tuple[Mapping[str, object], date | None]:
    """Return a mapping with the fields of the paper inside it, and the day that the outer one lists the paper on."""
    for name in _WRAPPERS:
        inner = mapping.get(name)
        if isinstance(inner, dict) and any(normalize_key(key).name in TITLES for key in inner):
            outer = {key: value for key, value in mapping.items() if key != name}
            day = parse_day(inner.get("submittedOnDailyAt"), dates) or parse_day(outer.pop("publishedAt", None), dates)
            names = {normalize_key(key) for key in inner}
            return inner | {key: value for key, value in outer.items() if normalize_key(key) not in names}, day
    return mapping, None


def _by_name(mapping: Mapping[str, object]) -> dict[str, object]:
    """Return the values by normalized keys; of several languages, the first that the key does not name."""
    values: dict[str, object] = {}
    for key, value in mapping.items():
        name = normalize_key(key)
        if name.name not in values or not name.language:
            values[name.name] = value
    return values


def _first_day(by_name: Mapping[str, object], names: tuple[str, ...], dates: Dates) -> date | None:
    return next((day for name in names if (day := parse_day(by_name.get(name), dates))), None)


def _language(texts: Texts, summary: str, language: str) -> str:
    if language or not texts.languages:
        return language
    return texts.language() or guess_language(summary)


def _find_url(by_name: Mapping[str, object], identifier: str, texts: Texts) -> str | None:
    """Return the address of the paper: that of any page only if the mapping is certainly a paper."""
    for name in ADDRESSES:
        if name in by_name:
            for text in strings(by_name[name]):
                if url := identifier_url(text):
                    return url
    if url := identifier_url(identifier):
        return url
    for name in ("id", "paperid", "slug"):
        for text in strings(by_name.get(name)):
            if match := _ARXIV_ID_IN_PATH.search(text[:500]):
                return paper_url(f"https://arxiv.org/abs/{match[1]}")
    if texts.summaries or (AUTHORS | ABSTRACTS | JOURNALS) & by_name.keys():
        urls = (web_url(text) for name in PAGES for text in strings(by_name.get(name)))
        return next(filter(None, urls), None)
    return None


def _journal_doi(by_name: Mapping[str, object], url: str) -> str:
    """Return the DOI of the journal; empty if the address of the paper has it, or it is that of arXiv."""
    urls = (identifier_url(text) for name in DOIS for text in strings(by_name.get(name)))
    dois = (identity.doi(other) for other in urls if other and not identity.arxiv_id(other))
    return next((doi for doi in dois if doi and doi != identity.doi(url)), "")


def _authors(mapping: Mapping[str, object]) -> Authors:
    for key, value in mapping.items():
        if normalize_key(key).name in AUTHORS or field_of(key) is Field.AUTHORS:
            authors = _parse_authors(value)
            if authors.names or authors.more_authors:
                return authors
    return Authors((), more_authors=False)


def _parse_authors(value: object) -> Authors:
    if isinstance(value, str):
        return split_authors(value[:_MAX_AUTHORS])
    if isinstance(value, dict):
        value = [value] if _name(value) else list(value.values())
    if isinstance(value, list) and len(value) == 1 and _holds_names(value[0]):
        return split_authors(value[0][:_MAX_AUTHORS])
    names: dict[str, None] = {}
    more_authors = False
    for item in value if isinstance(value, list) else []:
        name = _name(item)
        if name.casefold().rstrip(".") in _MORE_AUTHORS:
            more_authors = True
        elif any(map(str.isalnum, name)) and not is_no_value(name):
            names[name] = None  # and not the colon that arXiv has after a collaboration
    return Authors(tuple(names), more_authors)


def _holds_names(item: object) -> TypeGuard[str]:
    """Whether the only item of a list of authors is all their names, and not one such as `Noether, Emmy`."""
    return isinstance(item, str) and (item.count(",") > 1 or " , " in item)


def _name(author: object) -> str:
    """Return the name of an author; empty for one that Hugging Face hides, because it is not one of the paper."""
    if not isinstance(author, dict):
        return " ".join(clean_text(author).strip("[] ").split())
    if author.get("hidden") is True:
        return ""
    for key in _FULL_NAMES:
        if isinstance(author.get(key), str) and (name := clean_text(author[key])):
            return " ".join(name.split())
    parts = [
        next(filter(None, (clean_text(author.get(key)) for key in keys)), "") for keys in (_GIVEN_NAMES, _FAMILY_NAMES)
    ]
    return " ".join(filter(None, parts))


def _votes(by_name: Mapping[str, object]) -> int | None:
    for name in VOTES:
        value = by_name.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value if 0 <= value < _MAX_VOTES else None
        if isinstance(value, str) and (votes := parse_votes(value)) is not None:
            return votes
    return None


def _tags(mapping: Mapping[str, object]) -> tuple[str, ...]:
    tags: dict[str, None] = {}
    for key, value in mapping.items():
        if normalize_key(key).name not in TAGS and field_of(key) is not Field.CATEGORIES:
            continue
        for item in value if isinstance(value, list) else [value]:
            text = item.get("term") or item.get("name") or item.get("label") if isinstance(item, dict) else item
            if isinstance(text, str):
                names = split_categories(_TAG_PREFIX.sub("", clean_text(text)[:_MAX_TAG]))
                tags.update((_TAG_PREFIX.sub("", name).strip("[]"), None) for name in names)
    tags.pop("", None)
    return tuple(tags)


def _media(by_name: Mapping[str, object]) -> tuple[str | None, str | None]:
    """Return the first picture and the first video."""
    image = video = None
    for name in IMAGES:
        for url in filter(None, map(web_url, strings(by_name.get(name)))):
            if guess_media_type(url, "").startswith("video/"):
                video = video or url
            elif name != "video":
                image = image or url
    return image, video
