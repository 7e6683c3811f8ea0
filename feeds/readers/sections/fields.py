"""Reads the fields of a paper from the section that it is: title, authors, categories, abstract and summary."""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from feeds.model.paper import Paper
from feeds.readers.fields.addresses import Address, find_addresses, find_papers, is_label
from feeds.readers.fields.addresses import Kind as AddressKind
from feeds.readers.fields.dates import Dates
from feeds.readers.fields.labels import (
    Authors,
    Field,
    Label,
    clean_title,
    find_field,
    is_no_value,
    parse_label,
    parse_votes,
    split_authors,
    split_categories,
)
from feeds.readers.sections.finder import Found, read_labels
from feeds.readers.sections.outline import Kind, Section, Text, find_header, is_rule, item_text, row_cells, summary_text

_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_DETAILS_TAG = re.compile(r"\s*</?details\b[^<>]*>\s*", re.IGNORECASE)
_WRAPPER = re.compile(
    r"(?:\s*</?(?:div|p|section|article|center|blockquote|ul|ol|sub|br|font|span)\b[^<>]*>\s*)+", re.IGNORECASE
)
_BREAK = re.compile(r"\s*<br\s*/?>\s*", re.IGNORECASE)
_LINK = re.compile(r"!?\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)")
_BADGE = re.compile(r"shields\.io|badge", re.IGNORECASE)
_EMPHASIZED = re.compile(
    r"\s*(?:\*(?P<stars>[^*]+)\*|_(?P<lines>[^_]+)_|<(?:i|em)>(?P<html>[^<>]+)</(?:i|em)>)\s*", re.IGNORECASE
)
_BOLD_TITLE = re.compile(r"(?:\*\*|__|<(?:b|strong)>)\s*(?P<text>.+?)\s*(?:\*\*|__|</(?:b|strong)>)", re.IGNORECASE)
_OTHER_TITLE = re.compile(
    r"(?:\*(?!\*)(?P<stars>[^*]+)\*|_(?P<lines>[^_]+)_|[\"“](?P<quoted>[^\"”]+)[\"”]|[「『《](?P<brackets>[^」』》]+)[」』》])"
)
_SEPARATOR = re.compile(r"\s+[-–—|•·‖]+\s+|\s?[—|‖]\s?|<br\s*/?>|\s{3,}")
_CODES = re.compile(r"`(?P<code>[a-z][a-z-]+(?:\.[A-Za-z]{2}|\.[a-z]+-[a-z]+)|[a-z]+-[a-z]{2,})`")
_CATEGORIES = re.compile(r"[a-z][a-z-]{1,8}\.[A-Z]{2}(?:,\s?[a-z][a-z-]{1,8}(?:\.[A-Z]{2})?)*")
SECTION_NUMBER = re.compile(r"^[0-9]{1,2}(?:\.[0-9]{1,2})+\s+")
_NAME = re.compile(r"(?:[^\W\d_a-z][\w.'’\-]*|de|van|von|der|den|la|le|di|da|del|dos|bin|al|el|ten|af|y)(?:\s|$)")
_KOREAN_NAME = re.compile(
    r"[김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민나진지엄채원][가-힣]{2}"
)
_HEADING_MARKS = re.compile(r"\s{0,3}#{1,6}\s+")
_UNESCAPED = re.compile(r"\$[^$]+\$|\\(?P<mark>[!-#%-/:-@\[\]^-`{-~])")
_NUMBER = re.compile(  # before a title: `[new 001]`, `Paper 1:`, `第3篇：`
    r"[*_\W]{0,6}(?:[\[【(](?:new|replaced|cross|updated?)\s?[0-9]{1,4}[\])】]|(?:paper|论文|論文|논문)\s?(?:#?[0-9]{1,4}\s?[:：.)、—–-]|[:：])"
    r"|第\s?[0-9一二三四五六七八九十]{1,3}\s?[篇편本][:：.、]?)\s*",
    re.IGNORECASE,
)
_LINK_FIELDS = frozenset({Field.LINK, Field.PDF, Field.CODE, Field.PROJECT})
_NO_SUMMARY = frozenset({"details", "detail", "more", "详情", "展开", "詳細", "상세"})  # of <details>
_WORD = re.compile(r"[^\W\d_]{2}|[^\W\d_\x00-\x7f]")
_MARKER = re.compile(r"\s*(?:#{1,6}\s+)?(?:(?:[-*+•]|[0-9]{1,4}[.)、])\s+)?")
_BY = re.compile(r"\W{0,4}by\s+", re.IGNORECASE)
_GAP_AFTER_TITLE = re.compile(r"(?<=\S)[ ]{2,9}(?=[A-Z].{60})")  # before a sentence
_LINKS_IN_BRACKETS = re.compile(r"\s*[\[(（](?:[^\[\]()（）\0]{0,30}\0)+[^\[\]()（）\0]{0,9}[\])）]|[\[(（]\s*[\])）]")
_EMPTY_BRACKETS = re.compile(r"\s*[\[(（【]\s*[\])）】]|\s*\|\s*(?=\||$)")
_KEYCAP = re.compile(r"(?:[0-9#*]\ufe0f?\u20e3|[\u2460-\u2473\u2776-\u277f])\s*")
_SIGN = re.compile(r"\W{0,4}(?P<sign>🏷|👤|👥|✍|🧑|👨|👩)[\ufe0f\u200d🔬🎓💻]*\s*(?=[\w`])")
_BETWEEN_FACTS = re.compile(r"\s*[|·•]\s*")
_MAX_TITLE = 5_000  # characters in which a title in emphasis ends
_MAX_FACTS = 2_000  # characters
_MIN_NUMBER = 8  # characters of a number of arXiv
_MAX_DATE = 40  # characters
_MAX_TAG = 80  # characters; longer ones are sentences
_MAX_NAMES = 20_000  # characters of a line of names


@dataclass(slots=True)
class _Builder:
    """Collects the fields of a paper."""

    dates: Dates
    url: str
    titles: list[str] = field(default_factory=list)
    authors: Authors = field(default_factory=lambda: Authors((), more_authors=False))
    tags: dict[str, None] = field(default_factory=dict)
    votes: int | None = None
    image: str | None = None
    published: date | None = None
    abstract: str = ""
    abstract_name: str = ""
    summary: list[str] = field(default_factory=list)

    def build(self, language: str) -> Paper:
        title = next((title for title in map(_clean, self.titles) if title), self.url)
        summary = _join_summary(self.summary)
        return Paper(
            title=title,
            url=self.url,
            image=self.image,
            votes=self.votes,
            authors=self.authors.names,
            more_authors=self.authors.more_authors,
            summary=summary,
            abstract=self.abstract,
            tags=tuple(self.tags),
            published=self.published,
            language=language,
        )

    def set_authors(self, text: str) -> bool:
        if self.authors.names or len(text) > _MAX_NAMES:
            return False
        names, _, affiliations = text.partition(" | ")
        self.authors = split_authors(names)
        self.summary += filter(None, [affiliations])
        return True

    def add_tags(self, text: str) -> bool:
        tags = split_categories(text)
        if any(len(tag) > _MAX_TAG for tag in tags):
            return False
        self.tags.update(dict.fromkeys(tags))
        return True

    def add_codes(self, line: str) -> bool:
        codes = [match["code"] for match in _CODES.finditer(line)]
        self.tags.update(dict.fromkeys(codes))
        return bool(codes)

    def set_votes(self, text: str) -> bool:
        self.votes = parse_votes(text) if self.votes is None else self.votes
        return self.votes is not None

    def set_published(self, text: str) -> bool:
        self.published = self.published or self.dates.in_text(text)
        return self.published is not None

    def set_image(self, text: str) -> bool:
        _keep_links(self, text)
        return self.image is not None

    def add_abstract(self, label: Label, lines: list[str]) -> None:
        """Set the abstract; of two the English one is the paper's own, and the other belongs to the summary."""
        text = _plain_paragraphs(lines)
        if is_no_value(text):
            return
        if not self.abstract:
            self.abstract, self.abstract_name = text, label.name
        elif text != self.abstract:
            is_better = _is_english(text) and not _is_english(self.abstract)
            other = (self.abstract_name, self.abstract) if is_better else (label.name, text)
            if is_better:
                self.abstract, self.abstract_name = text, label.name
            self.summary += ["", f"**{other[0]}:** {other[1]}", ""]


_VALUE_READERS: dict[Field, Callable[[_Builder, str], bool]] = {
    Field.AUTHORS: _Builder.set_authors,
    Field.CATEGORIES: _Builder.add_tags,
    Field.VOTES: _Builder.set_votes,
    Field.PUBLISHED: _Builder.set_published,
    Field.IMAGE: _Builder.set_image,
}


def read_paper(found: Found, text: Text, tags: list[str], dates: Dates, language: str) -> Paper:
    """Return the paper that a section is; `tags` are the headings above it."""
    section = found.section
    builder = _Builder(dates, found.url, tags=dict.fromkeys(tags))
    if section.kind is Kind.ROW:
        _read_row(builder, section, text)
    else:
        start = section.body
        if section.kind in (Kind.HEADING, Kind.BOLD, Kind.DETAILS, Kind.ITEM):
            _read_head(builder, section.heading, is_heading=section.kind is not Kind.ITEM)
        elif section.kind is Kind.LINE:
            _read_head(builder, text.lines[section.start], is_heading=False)
            start = section.end
        _read_body(builder, text, start, section.end, needs_title=not any(map(_clean, builder.titles)))
    return builder.build(language)


def _read_head(builder: _Builder, line: str, *, is_heading: bool) -> None:
    """Read the line that a paper starts with: its title, and perhaps authors, categories, votes and links."""
    builder.add_codes(line)
    labels = [] if is_heading else read_labels(line)
    if labels:
        for label in labels:
            _read_label(builder, label, line)
        return
    title = next((paper.text for paper in find_papers(line) if paper.url == builder.url), "")
    if title and not is_label(title):
        builder.titles.append(title)
        _read_rest(builder, line[max((a.end for a in find_addresses(line) if a.text == title), default=0) :])
        return
    plain = _CODES.sub(" ", line)
    if is_heading:
        _read_heading(builder, plain)
    elif not _read_emphasized_title(builder, plain):
        _read_plain_title(builder, plain)


def _read_heading(builder: _Builder, heading: str) -> None:
    own = [address for address in find_addresses(heading) if address.url == builder.url or address.text]
    text = _title_without_links(heading, own).strip()
    bold = _BOLD_TITLE.match(text, 0, _MAX_TITLE)
    title, rest = (bold["text"], text[bold.end() :]) if bold else (text, "")
    if _is_title(title):
        builder.titles.append(title)
        _read_rest(builder, rest)


def _read_emphasized_title(builder: _Builder, line: str) -> bool:
    """Read a line whose title is in bold or italic type or in quotes; False if it has none."""
    match = _BOLD_TITLE.search(line, 0, _MAX_TITLE) or _OTHER_TITLE.search(line, 0, _MAX_TITLE)
    if match is None or _WORD.search(line[: match.start()]):
        return False
    title = next(filter(None, match.groups()))
    if not _is_title(title):
        return False
    builder.titles.append(title)
    _read_rest(builder, line[match.end() :])
    return True


def _read_plain_title(builder: _Builder, line: str) -> None:
    """Read a line whose title stands before the first link, or else after it."""
    addresses = find_addresses(line)
    before, after = line[: addresses[0].start if addresses else None], line[addresses[0].end :] if addresses else ""
    is_before = _WORD.search(before) is not None
    source = before if is_before else _title_without_links(after, find_addresses(after))
    parts = [part for part in _SEPARATOR.split(source) if part.strip(" \t*_:,;.()[]")]
    parts = [part for part in parts if len(part) > _MAX_DATE or builder.dates.in_text(part) is None]
    builder.titles += [part.strip(" \t:,;([*_-–—") for part in parts[:1]]
    for part in [*parts[1:], after] if is_before else parts[1:]:
        _read_rest(builder, part)


def _read_rest(builder: _Builder, text: str) -> None:
    """Read what follows a title on its line."""
    text = _CODES.sub(" ", text)
    for part in _SEPARATOR.split(text):
        part = _keep_links(builder, part).strip(" \t*_:,;–—-")
        bare = re.sub(r"^by\s+|^[(（]|[)）]$", "", part, flags=re.IGNORECASE).strip()
        if not re.search(r"\w", bare):
            continue
        label = parse_label(part)
        if label and label.field is Field.VOTES:
            builder.set_votes(label.text)
        elif not builder.authors.names and _are_names(bare):
            builder.set_authors(bare)
        elif not is_label(bare):
            builder.summary.append(part)


def _read_body(builder: _Builder, text: Text, start: int, end: int, *, needs_title: bool) -> None:
    """Read the lines below the title."""
    indent = _common_indent(text, start, end)
    index = start
    while index < end:
        line = text.lines[index]
        line = line[indent:] if not line[:indent].strip() else line
        index += 1
        if index - 1 in text.code:
            builder.summary.append(line)
            continue
        if not line.strip() or is_rule(line) or _DETAILS_TAG.fullmatch(line) or _WRAPPER.fullmatch(line):
            builder.summary.append("")
            continue
        if needs_title and not any(map(_clean, builder.titles)) and not read_labels(line):
            _read_head(builder, _MARKER.sub("", line, count=1), is_heading=False)
            continue
        following = _read_labelled(builder, text, line, index, end)
        if following:
            index = following
        elif not any(read(builder, line) for read in _LINE_READERS):
            builder.summary.append(_keep_links(builder, line))


def _read_labelled(builder: _Builder, text: Text, line: str, index: int, end: int) -> int:
    """Read a line that starts with a label, and what belongs to it; return the index of the next, 0 if it has none."""
    labels = read_labels(line)
    if not labels:
        return 0
    label = labels[0]
    is_summary = summary_text(line) is not None
    is_heading = is_summary or _HEADING_MARKS.match(line) is not None
    if label.field is Field.ABSTRACT:
        following = _end_of_abstract(text, index, end, is_heading=is_heading, has_text=bool(label.text))
        builder.add_abstract(label, [label.text, *text.lines[index:following]])
        labels = labels[1:]
    elif label.field is Field.AUTHORS and not label.text:
        following = next((i for i in range(index, end) if text.lines[i].strip()), end)
        if following < end and builder.set_authors(text.lines[following].strip(" \t-*_")):
            return following + 1
        following = index
    elif is_heading and not label.text:
        if label.field not in _LINK_FIELDS:
            builder.summary.append(f"**{label.name}**" if is_summary else line)
        return index
    else:
        following = index
    kept = [label for label in labels if not _read_label(builder, label, line)]
    is_unchanged = len(kept) == len(labels) and label in kept
    builder.summary += [line] if is_unchanged else [f"**{label.name}:** {label.text}" for label in kept if label.text]
    return following


def _read_summary_element(builder: _Builder, line: str) -> bool:
    """Read a line with `<summary>`, which becomes bold."""
    summary = summary_text(line)
    if summary is None:
        return False
    text = _keep_links(builder, _TAG.sub("", summary)).strip(" *")
    if text and text.lower() not in _NO_SUMMARY:
        builder.summary += ["", f"**{text}**", ""]
    return True


def _read_names(builder: _Builder, line: str) -> bool:
    """Read a line that lists authors without a label: the first one, or one in italic type."""
    is_first = not any(map(str.strip, builder.summary))
    match = _EMPHASIZED.fullmatch(line)
    names = next(filter(None, match.groups())) if match else _BY.sub("", line.strip())
    is_list = match is not None or (is_first and "," in names)
    return (
        is_list
        and not builder.authors.names
        and _are_names(names, may_be_one=is_first and match is not None)
        and builder.set_authors(names)
    )


def _read_sign_line(builder: _Builder, line: str) -> bool:
    """Read a field that an emoji marks instead of a label."""
    sign = _SIGN.match(line)
    if sign is None:
        return False
    value = line[sign.end() :]
    if _SIGN.search(value):  # of another fact
        return False
    if sign["sign"] == "🏷":
        return "|" not in value and builder.add_tags(value)
    return builder.set_authors(value)


def _read_facts(builder: _Builder, line: str) -> bool:
    """Read a line of facts between `|` or `·`: links, categories, a date, labelled fields; False if it is none."""
    facts = _BETWEEN_FACTS.split(line.strip())
    if len(line) > _MAX_FACTS or not _BETWEEN_FACTS.search(line):
        return False
    kept: list[str] = []
    is_fact = False
    for fact in facts:
        rest = _without_links(fact, find_addresses(fact))
        bare = fact.strip(" \t*_`")
        labels = read_labels(fact)
        is_own_number = len(bare) > _MIN_NUMBER and builder.url.endswith(bare)
        if is_own_number or _read_sign_line(builder, fact) or (labels and _read_label(builder, labels[0], fact)):
            is_fact = True
        elif re.search(r"[^\W\d_]", rest) is None and rest != fact:
            is_fact = True
            kept += filter(None, [_keep_links(builder, fact).strip(" \t*")])
        elif _CODES.fullmatch(fact.strip()) or _CATEGORIES.fullmatch(bare):
            is_fact = builder.add_tags(bare)
        elif len(bare) < _MAX_DATE and (day := builder.dates.in_text(bare)):
            builder.published = builder.published or day
            is_fact = True
        else:
            kept.append(fact)
    if not is_fact:
        return False
    if any(fact.strip() for fact in kept):
        builder.summary.append(" · ".join(kept))
    return True


def _read_codes(builder: _Builder, line: str) -> bool:
    """Read the categories of a line that are set as code; False if it says more."""
    return builder.add_codes(line) and not _WORD.search(_CODES.sub("", line))


def _end_of_abstract(text: Text, index: int, end: int, *, is_heading: bool, has_text: bool) -> int:
    """Return the index after the abstract whose label stands on the line before `index`."""
    for following in range(index, end):
        line = text.lines[following]
        if not line.strip():
            if has_text and not is_heading:
                return following
            continue
        is_end = (
            _HEADING_MARKS.match(line)
            or is_rule(line)
            or re.search(r"</details|<details|<summary", line, re.IGNORECASE)
        )
        if is_end or read_labels(line) or (has_text and item_text(line)):
            return following
        has_text = True
    return end


def _read_label(builder: _Builder, label: Label, line: str) -> bool:
    """Read a labelled field; False if it belongs to the summary."""
    if label.field is Field.TITLE:
        return _read_title(builder, label)
    if is_no_value(label.text):
        return label.field not in (Field.SUMMARY, Field.OTHER)
    if label.field in (Field.LINK, Field.PDF):
        return _read_link(builder, label, line)
    if label.field in (Field.CODE, Field.PROJECT):
        return _read_code(builder, label)
    if label.field is Field.ABSTRACT:
        builder.add_abstract(label, [label.text])
        return True
    read = _VALUE_READERS.get(label.field)
    return read is not None and read(builder, label.text)


def _read_title(builder: _Builder, label: Label) -> bool:
    if label.language and builder.titles:
        return False
    papers = find_papers(label.text)
    title = (papers and papers[0].text) or _title_without_links(label.text, find_addresses(label.text))
    known = next(filter(None, map(_clean, builder.titles)), "")
    is_known = known.endswith(_clean(title))  # perhaps after a number
    builder.titles.insert(0 if is_known else len(builder.titles), title)
    return is_known or not known


def _read_link(builder: _Builder, label: Label, line: str) -> bool:
    value, _, others = label.text.partition(" | ")
    if others and not _read_facts(builder, others):
        builder.summary.append(_keep_links(builder, others))
    kept = _keep_links(builder, value).strip(" \t|,·•/-()[]`")
    if any(address.url != builder.url for address in find_addresses(kept)):
        builder.summary.append(kept if "](" in kept or "</a" in kept else f"**{label.name}:** {kept}")
        return True
    return not kept or bool(find_papers(line)) or is_label(kept)


def _read_code(builder: _Builder, label: Label) -> bool:
    addresses = find_addresses(label.text)
    if len(addresses) != 1 or _WORD.search(_without_links(label.text, addresses)):
        return False
    builder.summary += ["", f"[{label.name}]({addresses[0].url})", ""]
    return True


def _keep_links(builder: _Builder, line: str) -> str:
    """Return a line without links to the paper and pictures; the first picture is the paper's."""
    if not any(sign in line.lower() for sign in ("(", "://", "<", "arxiv", "doi")):
        return line
    addresses = find_addresses(line)
    rest = _without_links(line, addresses)
    is_links_only = not re.search(r"[^\W\d_]{2}", rest) or is_label(rest)
    dropped = [address for address in addresses if _is_dropped(builder, line, address, is_links_only=is_links_only)]
    if not dropped:
        return line
    if is_links_only:
        return " · ".join(_link_text(line, address) for address in addresses if address not in dropped)
    return _EMPTY_BRACKETS.sub("", _without_links(line, dropped)).rstrip(" \t|–—-:")


def _link_text(line: str, address: Address) -> str:
    """Return a link as written, but with a word in place of a badge."""
    link = line[address.start : address.end]
    return f"[{'Code' if address.kind is AddressKind.CODE else 'Link'}]({address.url})" if "![" in link else link


def _is_dropped(builder: _Builder, line: str, address: Address, *, is_links_only: bool) -> bool:
    """Whether an address is not kept: a picture, the paper's own, or another page of it."""
    if address.kind is AddressKind.IMAGE and line[address.start : address.end].startswith(("!", "<img")):
        if not _BADGE.search(address.url):
            builder.image = builder.image or address.url
        return True
    if address.url == builder.url:
        return is_links_only or _is_end(line, address)
    field = find_field(address.text) if is_links_only and address.kind is not AddressKind.PAPER else None
    return field is not None and field[0] in (Field.LINK, Field.PDF)


def _is_end(line: str, address: Address) -> bool:
    return is_label(address.text) and not re.search(r"\w", line[address.end :])


def _read_row(builder: _Builder, section: Section, text: Text) -> None:
    """Read a row of a table, whose header names the fields."""
    names = find_header(text, section.start)
    for number, cell in enumerate(row_cells(text.lines[section.start]) or []):
        name = names[number].strip(" *") if number < len(names) else ""
        rest = _read_cell(builder, name, cell, has_header=bool(names))
        if re.search(r"\w", rest):
            builder.summary += [_BREAK.sub("\n\n", rest).strip(), ""]


def _read_cell(builder: _Builder, name: str, cell: str, *, has_header: bool) -> str:
    """Read a cell of a column; return what belongs to the summary."""
    found = find_field(name)
    field = found[0] if found else None
    papers = find_papers(cell)
    title = next((paper.text for paper in papers if paper.url == builder.url and paper.text), "")
    if title and field in (None, Field.TITLE, Field.LINK):
        builder.titles.insert(0, title)
        rest = _keep_links(builder, cell[max(a.end for a in find_addresses(cell) if a.text == title) :])
        return "" if is_label(rest) else rest
    if field is Field.TITLE or (field is Field.LINK and not papers):
        bold = _BOLD_TITLE.match(cell, 0, _MAX_TITLE)
        first, _, rest = (
            (bold["text"], "", cell[bold.end() :])
            if bold
            else _BREAK.sub("\n", _GAP_AFTER_TITLE.sub("\n", cell, count=1)).partition("\n")
        )
        builder.titles.append(_title_without_links(first, find_addresses(first)))
        return rest
    if field:
        label = Label(field, cell, name)
        is_read = _read_label(builder, label, cell) or is_no_value(cell)
        return "" if is_read else cell if field is Field.SUMMARY else f"**{name}:** {cell}"
    if find_addresses(cell):
        return _keep_links(builder, cell)
    return _read_plain_cell(builder, name, cell, has_header=has_header)


def _read_plain_cell(builder: _Builder, name: str, cell: str, *, has_header: bool) -> str:
    if not _WORD.search(cell):
        return ""
    if not has_header and not builder.titles:
        builder.titles.append(cell)
        return ""
    if "," in cell and not builder.authors.names and _are_names(cell) and builder.set_authors(cell):
        return ""
    return f"**{name}:** {cell}" if name else cell


def _is_title(text: str) -> bool:
    text = _clean(text)
    if not re.search(r"[^\W\d_]", text) or find_field(text) is not None:
        return False
    return (
        re.fullmatch(r"(?:paper|论文|論文|논문|no\.?|第)\s?#?[0-9]{1,4}\s?(?:篇|번|편)?", text, re.IGNORECASE) is None
    )


def _are_names(text: str, *, may_be_one: bool = False) -> bool:
    """Whether a text is a list of names of people; a single name must be followed by `et al.`, unless it may be one."""
    text = _LINK.sub(lambda match: match["text"], text).strip(" \t*_.")
    if not text or len(text) > _MAX_NAMES or ":" in text or "：" in text:
        return False
    names = [
        re.sub(r"<[^<>]*>|[0-9*†‡]|\([^()]*\)", "", name).strip()
        for name in re.split(r"[,;，、；]|\s(?:and|&)\s|\bet\.? ?al\.?", text)
    ]
    names = [name for name in names if name]
    if not names:
        return False
    if len(names) > 1 and all(map(_KOREAN_NAME.fullmatch, names)):
        return True
    is_name = [
        len(name) <= 40 and 1 < len(name.split()) <= 5 and all(_NAME.match(word) for word in name.split())
        for name in names
    ]
    if len(names) == 1:
        return is_name[0] and (may_be_one or re.search(r"\bet\.? ?al", text) is not None)
    return sum(is_name) >= 0.7 * len(names)


def _clean(title: str) -> str:
    title = _LINK.sub(lambda match: match["text"], title)
    title = _KEYCAP.sub("", _NUMBER.sub("", title.strip()))
    title = clean_title(html.unescape(_TAG.sub("", title)))
    return _UNESCAPED.sub(lambda match: match["mark"] or match[0], title).strip()


def _without_links(line: str, addresses: list[Address]) -> str:
    return re.sub(r"[\[(（]\s*[\])）]", "", _replace_links(line, addresses, ""))


def _title_without_links(line: str, addresses: list[Address]) -> str:
    """Return a title without links, and without brackets that lead to them: `(Read more on [arXiv](URL))`."""
    return _LINKS_IN_BRACKETS.sub("", _replace_links(line, addresses, "\0")).replace("\0", "")


def _replace_links(line: str, addresses: list[Address], text: str) -> str:
    parts: list[str] = []
    position = 0
    for address in addresses:
        if address.start >= position:
            parts += (line[position : address.start], text)
            position = address.end
    return "".join([*parts, line[position:]])


def _plain_paragraphs(lines: list[str]) -> str:
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        line = _TAG.sub("", _LINK.sub(lambda match: match["text"], _BREAK.sub(" ", line))).strip()
        if line:
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    return html.unescape("\n\n".join(" ".join(paragraph) for paragraph in paragraphs if paragraph)).strip()


def _is_english(text: str) -> bool:
    return sum(character.isascii() for character in text) > 0.9 * len(text)


def _join_summary(lines: list[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if line.strip() or (kept and kept[-1]):
            kept.append(line.rstrip())
    while kept and re.fullmatch(r"\s*(?:#{1,6}\s.*)?", kept[-1]):
        kept.pop()
    while kept and not kept[0]:
        kept.pop(0)
    return "\n".join(kept)


def _common_indent(text: Text, start: int, end: int) -> int:
    indents = [
        len(line) - len(line.lstrip(" ")) for line in text.lines[start:end] if line.strip() and not is_rule(line)
    ]
    return min(indents, default=0)


_LINE_READERS: tuple[Callable[[_Builder, str], bool], ...] = (
    _read_summary_element,
    _read_names,
    _read_sign_line,
    _read_facts,
    _read_codes,
)


def iter_tags(headings: Iterable[str]) -> Iterator[str]:
    """Yield the tags that headings are: `Vision (cs.CV) [3]` is `cs.CV`, and `2.1 Keyword: SLAM` is `SLAM`."""
    for heading in headings:
        text = re.sub(
            r"\[\[[^\[\]]*\]\]\([^()]*\)|\s*[\[(（【·|:：—-]\s*(?:Total:?\s*|共\s*)?[0-9]{1,5}\s*(?:papers?|results?|篇|편|件|건|개)?\s*(?:论文|論文|논문)?[\])）】]?\s*$",
            "",
            heading,
        )
        text = re.sub(
            r"^(?:Keyword|Topic|Category|关键词|主题|分类|キーワード|키워드|주제|カテゴリ)\s?[:：]\s*",
            "",
            SECTION_NUMBER.sub("", _clean(text)),
            flags=re.IGNORECASE,
        )
        if codes := re.findall(r"\b[a-z][a-z-]{1,8}\.[A-Z]{2}\b", text):
            yield from codes
        elif text and len(text) <= _MAX_TAG:
            yield text
