"""Makes the summary, the abstract and the comment of a paper of the texts that a mapping has under many keys."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from feeds.readers.fields.labels import Field
from feeds.readers.fields.values import clean_text, guess_language, html_to_markdown, plain_paragraphs, web_url
from feeds.readers.mappings.keys import (
    ABSTRACTS,
    COMMENTS,
    JOURNALS,
    LINKS,
    METADATA,
    NOTES,
    SUMMARIES,
    TITLES,
    field_of,
    is_known,
    is_shown,
    label_of,
    normalize_key,
)

_LABELS_OF_LINKS = {Field.CODE: "Code", Field.PROJECT: "Project page"}
# What says where a paper was accepted: `To appear in`, `ICLR 2026`, `CHI'26`.
_VENUE = re.compile(
    r"(?i:\b(?:accepted|appear|camera[- ]ready|presented|proceedings|published)\b)"
    r"|\b[A-Z][A-Za-z]*[A-Z][A-Za-z]*(?:[\s-]?20[0-9]{2}|\s?['’][0-9]{2})\b"
)
_PREPRINT = re.compile(r"(?:ar|bior|medr|chemr|psyar)xiv|corr\b|ssrn\b|research square", re.IGNORECASE)  # no journal
_MAX_COMMENT = 1_000  # characters; arXiv takes no longer ones
_NUMBERS = re.compile(r"[0-9.,:%/+\s-]*(?:T[0-9:.+-]+Z?)?")
_MIN_PROSE = 20  # characters of a text whose key is not known
_MIN_PROSE_CJK = 8
_MAX_WORD = 40  # characters of an item of a list that stands on one line
_MAX_DEPTH = 3  # of objects inside a paper's


@dataclass(slots=True)
class Texts:
    """The texts of a mapping: titles, abstracts and summaries by language, and items of a list for all others."""

    titles: dict[str, str] = field(default_factory=dict)
    abstracts: dict[str, str] = field(default_factory=dict)
    summaries: dict[str, str] = field(default_factory=dict)
    labelled: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # keywords, and comments of the digest
    links: list[str] = field(default_factory=list)
    journal: str = ""
    comment: str = ""
    languages: set[str] = field(default_factory=set)  # that keys name for what the summary contains
    has_metadata: bool = False

    def take_title(self) -> str:
        """Return the original title, and leave its translations."""
        return self.titles.pop(_original(self.titles), "")

    def take_abstract(self, *, has_body: bool) -> str:
        """Return the original abstract as plain text, and leave its translations.

        A summary is the abstract where arXiv or Hugging Face wrote it, or where something else summarizes the paper.
        """
        has_other = bool(self.labelled or has_body or len(self.summaries) > 1)
        if not self.abstracts and (self.has_metadata or has_other):
            language = _original(self.summaries)
            if not guess_language(self.summaries.get(language, "")):
                return plain_paragraphs(self.summaries.pop(language, ""))
        return plain_paragraphs(self.abstracts.pop(_original(self.abstracts), ""))

    def summary(self, title: str, abstract: str) -> str:
        """Return what is left, in Markdown."""
        parts = []
        for language, text in self.titles.items():
            if text != title:
                parts.append(f"**{text}**")
                self.languages.add(language)
        for texts in (self.summaries, self.abstracts):
            for language, text in texts.items():
                paragraphs = plain_paragraphs(text) if texts is self.abstracts else text
                if paragraphs not in (abstract, *parts):
                    parts.append(paragraphs)
                    self.languages.update({language} - {""})
        items = sorted(self.labelled, key=lambda item: not item.startswith("- **TL;DR:**")) + self.notes
        return "\n\n".join([*parts, *(["\n".join(items)] if items else [])])

    def language(self) -> str:
        """Return the language that keys name for the summary, other than English; empty if they name several."""
        named = self.languages - {"en", "und"}
        return named.pop() if len(named) == 1 else ""


def collect_texts(mapping: Mapping[str, object]) -> Texts:
    """Collect the texts of a mapping."""
    texts = Texts()
    for key, value in mapping.items():
        if value is None or value == "":
            continue
        name = normalize_key(key)
        texts.has_metadata = texts.has_metadata or name.name in METADATA
        known = field_of(key)
        if name.name in TITLES or known is Field.TITLE:
            _set_text(texts.titles, name.language, value)
        elif name.name in ABSTRACTS or known is Field.ABSTRACT:
            _set_text(texts.abstracts, name.language, value)
        elif name.name in SUMMARIES and not isinstance(value, list | dict):
            _set_text(texts.summaries, name.language, value)
        elif name.name in JOURNALS:
            texts.journal = texts.journal or _journal(value)
        elif name.name in COMMENTS and (comment := _comment(value)):
            texts.comment = texts.comment or comment
        elif label := LINKS.get(name.name) or _LABELS_OF_LINKS.get(known or Field.OTHER):
            texts.links += [f"- **{label}:** <{url}>" for url in filter(None, map(web_url, strings(value)))]
        elif is_shown(key):
            _add_item(texts, key, value)
    return texts


def strings(value: object) -> Iterator[str]:
    """Yield the texts of a value: itself, or the first of a list or of an object."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, float):
        yield f"{value:.5f}"  # an arXiv number without quotes
    elif isinstance(value, list):
        for item in value[:20]:
            yield from strings(item.get("href") or item.get("url") if isinstance(item, dict) else item)
    elif isinstance(value, dict):
        for key, item in list(value.items())[:20]:
            if isinstance(item, str):
                yield f"https://arxiv.org/abs/{item}" if key.casefold() == "arxiv" and "://" not in item else item


def _original(texts: Mapping[str, str]) -> str:
    """Return the language of the text that is no translation, as far as keys tell."""
    return next((language for language in ("", "en", *texts) if language in texts), "")


def _set_text(texts: dict[str, str], language: str, value: object) -> None:
    text = _markdown("\n\n".join(map(str, value)) if isinstance(value, list) else value)
    if text:
        texts.setdefault(language, text)


def _markdown(value: object) -> str:
    return html_to_markdown(clean_text(value))


def _journal(value: object) -> str:
    """Return a journal reference as text; empty for that of a preprint.

    Semantic Scholar has an object with the name, the volume and the pages.
    """
    if isinstance(value, dict):
        parts = [clean_text(value.get(name)) for name in ("name", "volume", "pages")]
        value = ", ".join(filter(None, (" ".join(filter(None, parts[:2])), parts[2])))
    text = " ".join(clean_text(value).strip("[]").split())
    return text if _is_text(text) and not _PREPRINT.match(text) else ""


def _comment(value: object) -> str:
    """Return the comment of the paper's authors on one line; empty for one of the digest, or that names a venue.

    These belong to the summary, where readers of feeds see them too.
    """
    text = clean_text(value) if isinstance(value, str) else ""
    is_of_digest = len(text) > _MAX_COMMENT or guess_language(text) or _VENUE.search(text)
    return "" if is_of_digest else " ".join(text.split())


def _add_item(texts: Texts, key: str, value: object) -> None:
    name = normalize_key(key)
    item = _format_item(key, value)
    if item:
        (texts.notes if name.name in NOTES | COMMENTS else texts.labelled).append(item)
        if name.language:
            texts.languages.add(name.language)


def _format_item(key: str, value: object, *, is_certain: bool = False, depth: int = 0) -> str:
    """Return an item of a list for a text or a list of texts, and several for an object; empty if there is no text.

    A text under a key that is not known is left out unless it is prose, or `is_certain`.
    """
    is_certain = is_certain or is_known(key)
    label = f"- **{label_of(key)}:**"
    if isinstance(value, str):
        text = _markdown(value)
        space = "\n  " if text.startswith("- ") else " "
        return f"{label}{space}{_indent(text, '  ')}" if _is_text(text) and (is_certain or _is_prose(text)) else ""
    if isinstance(value, list):
        items = list(filter(_is_text, map(_markdown, value)))
        return _format_list(items, label) if is_certain or any(map(_is_prose, items)) else ""
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        keys = [key for key in value if is_shown(key) or normalize_key(key).name in ABSTRACTS | SUMMARIES]
        is_certain = is_certain or any(is_known(key) or _is_prose(clean_text(value[key])) for key in keys)
        items = [_format_item(key, value[key], is_certain=is_certain, depth=depth + 1) for key in keys]
        return "\n".join(filter(None, items))
    return ""


def _format_list(items: list[str], label: str) -> str:
    """Return an item for texts: on one line if they are short, else with a list inside."""
    if all(len(item) <= _MAX_WORD for item in items):
        return f"{label} {', '.join(items)}" if items else ""
    return "\n".join([label, *(f"  - {_indent(item, '    ')}" for item in items)])


def _is_text(text: str) -> bool:
    """Whether a text is not empty, and no address, number, date or time."""
    return bool(text) and "://" not in text.split(None, 1)[0] and not _NUMBERS.fullmatch(text)


def _indent(text: str, indent: str) -> str:
    """Return the text of an item of a list, with its further lines below its first."""
    return text.replace("\r\n", "\n").replace("\n", f"\n{indent}") if "\n" in text else text


def _is_prose(text: str) -> bool:
    """Whether a text is a sentence or more, and not an identifier, a name or a number."""
    if not text.isascii() and guess_language(text):
        return len(text) >= _MIN_PROSE_CJK
    return len(text) >= _MIN_PROSE and text.count(" ") >= 3
