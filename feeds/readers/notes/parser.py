"""Parses notes: a file for each paper, whose fields stand in front matter or on lines below its title."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import PurePosixPath
from typing import NamedTuple

from feeds.model.paper import Paper
from feeds.readers import Diagnostics, Digest
from feeds.readers.days import DayCollector
from feeds.readers.fields.addresses import find_papers, paper_url
from feeds.readers.fields.dates import Dates
from feeds.readers.fields.labels import Field, find_field, find_language, parse_labels, split_authors, split_categories
from feeds.readers.fields.values import guess_language, html_to_markdown, parse_day, plain_paragraphs
from feeds.readers.mappings.keys import normalize_key
from feeds.readers.mappings.papers import Fields, make_paper
from feeds.readers.notes.front_matter import FrontMatter, parse_front_matter

_HEADING = re.compile(r"^ {0,3}(?P<marks>#{1,6})\s+(?P<text>.+?)\s*#*\s*$")
_FENCE = re.compile(r"^\s{0,3}(`{3,}|~{3,})")
_QUOTE = re.compile(r"^\s*>\s?")
_ITEM = re.compile(r"^\s*(?:[-*+]|[0-9]{1,4}[.)])\s+")
_ORIGINAL = re.compile(r"[(（\[]?\s*(?:original|原文|원문|english|英文|영문)\s*[)）\]]?", re.IGNORECASE)
_DATA = re.compile(  # what a section with the fields of the paper is called
    r"[^\w]*(?:(?:paper|basic|meta)?\s*(?:info|information|metadata|data|details)|(?:论文|論文|基本|メタ|書誌|书目)(?:信息|資訊|情報|データ)"
    r"|元数据|(?:논문|기본|메타)\s*(?:정보|데이터))[^\w]*",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"\s*</?(?:a|button|nav)\b.*>\s*", re.IGNORECASE)  # what a page is operated with
_MAX_LEAD = 60  # lines below the front matter in which a note gives its paper
_MAX_LINE = 20_000  # characters of one of these
_MAX_HEADING = 100  # characters of one that names a section
_MAX_BODY = 2_000_000  # characters
_DATES = (
    "date",
    "day",
    "announcement_date",
    "announced",
    "digest_date",
    "date_added",
    "added",
    "created",
    "publishDate",
    "updated",
)
_OF_PAPERS = frozenset(
    {"paper", "paperurl", "paperlink", "pdf", "pdfurl", "doi", "venue", "journal", "conference", "abstract"}
)
_IDENTIFYING = frozenset({Field.LINK, Field.PDF})
_TAKEN = _IDENTIFYING | {Field.AUTHORS, Field.CATEGORIES, Field.PUBLISHED, Field.TITLE}


def parse_note(source: str, path: PurePosixPath, dates: Dates) -> Digest | None:
    """Parse a file; None if it is not about one paper."""
    matter = parse_front_matter(source) or _start_with_title(source)
    if matter is None:
        return None
    diagnostics = Diagnostics()
    days = DayCollector(diagnostics)
    if matter.problem:
        if len(find_papers(matter.body[:_MAX_LINE])) != 1:
            return None
        problem = f"the front matter cannot be read: {matter.problem}"
        diagnostics.error(1, problem, "correct it")
        return days.digest()
    note = _parse(matter, dates, find_language(path))
    if note is None:
        return None
    path_day = dates.in_path(path)
    own = {key.replace("-", "_").casefold(): value for key, value in matter.fields.items()}
    matter_day = next((day for name in _DATES if (day := parse_day(own.get(name.casefold()), dates))), None)
    paper = note.paper
    if paper.published == path_day and path_day == parse_day(own.get("date"), dates):
        paper = replace(paper, published=None)  # the date of the note
    own_day = path_day or matter_day
    is_inferred = own_day is None and (note.is_inferred or note.listed is None)
    days.add(1, own_day or note.listed or paper.published, paper, is_inferred=is_inferred)
    return days.digest()


def _start_with_title(source: str) -> FrontMatter | None:
    """Return the parts of a note without front matter, which starts with its only title; None for another text."""
    body = source.removeprefix("\ufeff").replace("\r\n", "\n")
    lines = body[:_MAX_BODY].split("\n")
    if not body.lstrip().startswith("# ") or [heading["marks"] for _, heading in _find_headings(lines)].count("#") != 1:
        return None
    return FrontMatter({}, {}, body, 1)


def _parse(matter: FrontMatter, dates: Dates, language: str) -> Fields | None:
    """Return the paper of a note; None if it is not about exactly one."""
    lines = matter.body[:_MAX_BODY].split("\n")
    fields = dict(matter.fields)
    title, lines = _take_title(lines)
    if title and not any(find_field(key) == (Field.TITLE, "") for key in fields):
        fields |= _titles(title, lines)
    abstract, lines = _take_section(lines, Field.ABSTRACT)
    authors, lines = _take_section(lines, Field.AUTHORS)
    note = make_paper(fields, dates, language=language, body=_body(lines))
    if note is None or paper_url(note.paper.url) is None:
        url = _url_of_lead(lines, is_labelled=not matter.fields)
        if url is None or dates.in_text(str(fields.get("title", ""))):
            return note if note and _OF_PAPERS & {normalize_key(key).name for key in fields} else None
        note = make_paper({**fields, "arxiv_id": url}, dates, language=language, body=_body(lines))
    if note is None:
        return None
    paper = _with_labels(note.paper, lines, dates)
    if abstract and not paper.abstract:
        paper = replace(paper, abstract=plain_paragraphs(abstract))
    if authors and not paper.authors:
        names = split_authors(", ".join(filter(None, (_ITEM.sub("", line).strip() for line in authors.split("\n")))))
        paper = replace(paper, authors=names.names, more_authors=names.more_authors)
    return note._replace(paper=paper)


def _take_title(lines: list[str]) -> tuple[str, list[str]]:
    """Return the heading that a note starts with, and the other lines."""
    for index, line in enumerate(lines[:_MAX_LEAD]):
        heading = _HEADING.match(line) if len(line) <= _MAX_LINE else None
        if heading and heading["marks"] == "#":
            return heading["text"], lines[:index] + lines[index + 1 :]
        if heading or _FENCE.match(line):
            break
    return "", lines


def _titles(heading: str, lines: list[str]) -> dict[str, object]:
    """Return the title that a line below the heading is labelled with, else the heading, which may be a translation."""
    labels = chain.from_iterable(parse_labels(line[:_MAX_LINE]) for line in lines[:_MAX_LEAD])
    titles = (label.text for label in labels if label.field is Field.TITLE and label.language in ("", "en"))
    title = next(filter(None, titles), heading)
    return {"title": title, **({"translated_title": heading} if guess_language(heading) and title != heading else {})}


def _take_section(lines: list[str], field: Field) -> tuple[str, list[str]]:
    """Return the text of the section called after a field, the original if there are several, and the other lines.

    The original is the one that says so, or else the first that is not in Korean, Japanese or Chinese.
    """
    sections = list(_find_sections(lines, field))
    if not sections:
        return "", lines
    texts = ["\n".join(_QUOTE.sub("", line) for line in lines[start + 1 : end]) for start, end, _ in sections]
    marked = (index for index, section in enumerate(sections) if _ORIGINAL.search(section.heading))
    foreign = (index for index, text in enumerate(texts) if not guess_language(text))
    index = next(marked, next(foreign, 0))
    start, end, _ = sections[index]
    return texts[index], lines[:start] + lines[end:]


class _Section(NamedTuple):
    start: int
    end: int
    heading: str


def _find_sections(lines: list[str], field: Field) -> Iterator[_Section]:
    """Yield the sections whose headings name a field."""
    level, start, text = 0, 0, ""
    for index, heading in _find_headings(lines):
        if level and len(heading["marks"]) <= level:
            yield _Section(start, index, text)
            level = 0
        if not level and _is_of_field(heading["text"], field):
            start, level, text = index, len(heading["marks"]), heading["text"]
    if level:
        yield _Section(start, len(lines), text)


def _find_headings(lines: list[str]) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield the headings outside of code, with the numbers of their lines."""
    fence = ""
    for index, line in enumerate(lines):
        if match := _FENCE.match(line):
            fence = "" if fence and match[1].startswith(fence) else fence or match[1]
        if not fence and line.lstrip().startswith("#") and (heading := _HEADING.match(line[:_MAX_LINE])):
            yield index, heading


def _is_of_field(heading: str, field: Field) -> bool:
    if len(heading) > _MAX_HEADING:
        return False
    label = find_field(_ORIGINAL.sub("", heading)) or find_field(heading)
    return label is not None and label[0] is field


def _url_of_lead(lines: list[str], *, is_labelled: bool) -> str | None:
    """Return the address of the paper that a note gives before its second section; None unless it is exactly one.

    One that must be labelled stands above all sections, or in one with nothing but data.
    """
    urls: dict[str, None] = {}
    labelled: dict[str, None] = {}
    sections = 0
    for line in lines[:_MAX_LEAD]:
        heading = _HEADING.match(line[:_MAX_LINE])
        sections += heading is not None
        if heading and is_labelled and not _DATA.fullmatch(heading["text"]):
            break
        papers = [address.url for address in find_papers(line[:_MAX_LINE])]
        if sections > 1 or (heading and papers):  # a digest has its papers in headings
            break
        labels = {label.field for label in parse_labels(line[:_MAX_LINE])} if papers else set()
        if Field.COMMENT not in labels:  # which may mention others
            urls.update(dict.fromkeys(papers))
        if labels & _IDENTIFYING:
            labelled.update(dict.fromkeys(papers))
    of_arxiv = [url for url in labelled if url.startswith("https://arxiv.org/")]  # beside a DOI
    for candidates in (labelled, of_arxiv) if is_labelled else (labelled, of_arxiv, urls):
        if len(candidates) == 1:
            return next(iter(candidates))
    return None


def _with_labels(paper: Paper, lines: list[str], dates: Dates) -> Paper:
    """Return a paper with the authors, categories and date that lines below the front matter are labelled with."""
    if paper.authors and paper.tags and paper.published:
        return paper
    for line in lines[:_MAX_LEAD]:
        for label in parse_labels(line[:_MAX_LINE]):
            if label.field is Field.AUTHORS and not paper.authors:
                authors = split_authors(label.text)
                paper = replace(paper, authors=authors.names, more_authors=authors.more_authors)
            elif label.field is Field.CATEGORIES and not paper.tags:
                paper = replace(paper, tags=split_categories(label.text))
            elif label.field is Field.PUBLISHED and not paper.published:
                paper = replace(paper, published=dates.in_text(label.text))
    return paper


def _body(lines: list[str]) -> str:
    """Return the text of a note without the lines above its first section that only repeat fields of the paper.

    Pages of Hugo and Jekyll have HTML between their Markdown.
    """
    lead = next((index for index, line in enumerate(lines[:_MAX_LEAD]) if _HEADING.match(line[:_MAX_LINE])), _MAX_LEAD)
    kept = [line for line in lines[:lead] if not _repeats_fields(line[:_MAX_LINE])]
    return html_to_markdown("\n".join([*kept, *lines[lead:]])).strip("\n").rstrip()


def _repeats_fields(line: str) -> bool:
    labels = parse_labels(line)
    return _CONTROL.fullmatch(line) is not None or (bool(labels) and all(label.field in _TAKEN for label in labels))
