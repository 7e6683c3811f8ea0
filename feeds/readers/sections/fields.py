"""Reads the fields of a paper from the section that it is: title, authors, categories, abstract and summary."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from feeds.model.paper import Paper
from feeds.readers.addresses import Address, find_addresses, find_papers, is_label
from feeds.readers.addresses import Kind as AddressKind
from feeds.readers.dates import Dates
from feeds.readers.labels import (
    Authors,
    Field,
    Label,
    clean_title,
    find_field,
    is_no_value,
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
_NAME = re.compile(r"(?:[^\W\d_a-z][\w.'’\-]*|de|van|von|der|den|la|le|di|da|del|dos|bin|al|el|ten|af|y)(?:\s|$)")
_HEADING_MARKS = re.compile(r"\s{0,3}#{1,6}\s+")
_UNESCAPED = re.compile(r"\$[^$]+\$|\\(?P<mark>[!-#%-/:-@\[\]^-`{-~])")
_NUMBER = re.compile(  # before a title: `[new 001]`, `Paper 1:`, `第3篇：`
    r"[*_\W]{0,6}(?:[\[【(](?:new|replaced|cross|updated?)\s?[0-9]{1,4}[\])】]|(?:paper|论文|論文|논문)\s?#?[0-9]{1,4}\s?[:：.)、—–-]"
    r"|第\s?[0-9一二三四五六七八九十]{1,3}\s?[篇편本][:：.、]?)\s*",
    re.IGNORECASE,
)
_KEYCAP = re.compile(r"(?:[0-9#*]\ufe0f?\u20e3|[\u2460-\u2473\u2776-\u277f])\s*")
_SIGN = re.compile(r"\W{0,4}(?P<sign>🏷|👤|👥|✍|🧑|👨|👩)[\ufe0f\u200d🔬🎓💻]*\s*(?=[\w`])")
_BETWEEN_FACTS = re.compile(r"\s*[|·•]\s*")
_MAX_FACTS = 2_000  # characters
_MAX_DATE = 40  # characters
_MAX_TAG = 80  # characters; longer ones are sentences
_MAX_NAMES = 20_000  # characters of a line of names


@dataclass(slots=True)
class _Builder:
    """Collects the fields of a paper."""

    dates: Dates
    url: str
    titles: list[str] = field(default_factory=list)
    authors: Authors = Authors((), more_authors=False)
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
        self.authors = split_authors(text)
        return True

    def add_tags(self, text: str) -> bool:
        tags = split_categories(text)
        if any(len(tag) > _MAX_TAG for tag in tags):
            return False
        self.tags.update(dict.fromkeys(tags))
        return True

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
    for match in _CODES.finditer(line):
        builder.tags[match["code"]] = None
    labels = [] if is_heading else read_labels(line)
    if labels:
        for label in labels:
            _read_label(builder, label, line)
        return
    paper = next((paper for paper in find_papers(line) if paper.url == builder.url), None)
    addresses = find_addresses(line)
    if paper and paper.text and not is_label(paper.text):
        builder.titles.append(paper.text)
        rest = _without_links(line, addresses)
        title_end = max((a.end for a in addresses if a.text == paper.text), default=0)
        rest = line[title_end:]
        _read_rest(builder, rest)
        return
    plain = _CODES.sub(" ", line)
    if is_heading:
        removed = [a for a in find_addresses(plain) if a.url == builder.url or a.text]
        stripped = _without_links(plain, removed)
        bold = _BOLD_TITLE.match(stripped.strip())
        title, rest = (bold["text"], stripped.strip()[bold.end() :]) if bold else (stripped, "")
        if _is_title(builder, title):
            builder.titles.append(title)
            _read_rest(builder, rest)
        return
    bold = _BOLD_TITLE.search(plain) or _OTHER_TITLE.search(plain)
    if bold and not re.search(r"[^\W\d_]{3}", plain[: bold.start()]):
        title = next(filter(None, bold.groups()))
        if _is_title(builder, title):
            builder.titles.append(title)
            _read_rest(builder, plain[bold.end() :])
            return
    before = (
        plain[: addresses[0].start] if addresses and plain == line else _without_links(plain, find_addresses(plain))
    )
    after = line[addresses[0].end :] if addresses else ""
    source = before if re.search(r"[^\W\d_]{3}", before) else after
    parts = [
        part for part in _SEPARATOR.split(_without_links(source, find_addresses(source))) if part.strip(" \t*_:,;.()[]")
    ]
    parts = [part for part in parts if builder.dates.in_text(part) is None or len(part) > 40]
    if parts:
        builder.titles.append(parts[0].strip(" \t:,;([*_-–—"))
        for part in parts[1:]:
            _read_rest(builder, part)
        if source is before and addresses:
            _read_rest(builder, after)


def _read_rest(builder: _Builder, text: str) -> None:
    """Read what follows a title on its line."""
    text = _CODES.sub(" ", text)
    for part in _SEPARATOR.split(text):
        part = _keep_links(builder, part).strip(" \t*_:,;–—-")
        bare = re.sub(r"^by\s+|^[(（]|[)）]$", "", part, flags=re.IGNORECASE).strip()
        if not re.search(r"\w", bare):
            continue
        if not builder.authors.names and _are_names(bare):
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
        if not line.strip():
            builder.summary.append("")
            continue
        if is_rule(line) or _DETAILS_TAG.fullmatch(line):
            builder.summary.append("")
            continue
        if needs_title and not any(map(_clean, builder.titles)):
            labels = read_labels(line)
            if not labels:
                _read_head(
                    builder,
                    re.sub(r"^\s*(?:[-*+•]|[0-9]{1,4}[.)、])\s+", "", _HEADING_MARKS.sub("", line)),
                    is_heading=False,
                )
                continue
        index = _read_line(builder, text, line, index, end, indent)


def _read_line(builder: _Builder, text: Text, line: str, index: int, end: int, indent: int) -> int:
    """Read a line of the body, and what belongs to it; return the index of the next one."""
    labels = read_labels(line)
    is_heading = bool(_HEADING_MARKS.match(line)) or summary_text(line) is not None
    if labels and labels[0].field is Field.ABSTRACT:
        following = _read_abstract(text, index, end, is_heading=is_heading, has_text=bool(labels[0].text))
        builder.add_abstract(labels[0], [labels[0].text, *text.lines[index:following]])
        for label in labels[1:]:
            _read_label(builder, label, "")
        return following
    if labels and labels[0].field is Field.AUTHORS and not labels[0].text and index < end:
        following = next((i for i in range(index, end) if text.lines[i].strip()), end)
        if following < end and builder.set_authors(text.lines[following].strip(" \t-*_")):
            return following + 1
    if labels and is_heading and not labels[0].text:
        if labels[0].field not in (Field.LINK, Field.PDF, Field.CODE, Field.PROJECT):
            builder.summary.append(f"**{labels[0].name}**" if summary_text(line) is not None else line)
        return index
    if labels:
        kept = [label for label in labels if not _read_label(builder, label, line)]
        if len(kept) == len(labels):
            builder.summary.append(line)
        else:
            builder.summary += [f"**{label.name}:** {label.text}" for label in kept if label.text]
        return index
    summary = summary_text(line)
    if summary is not None:
        if _clean(summary).lower() not in ("details", "detail", "详情", "詳細", "상세", "more", "展开"):
            kept_summary = _keep_links(builder, _TAG.sub("", summary)).strip()
            builder.summary += ["", f"**{kept_summary.strip('* ')}**", ""] if kept_summary.strip("* ") else []
        return index
    if _WRAPPER.fullmatch(line):
        builder.summary.append("")
        return index
    match = _EMPHASIZED.fullmatch(line)
    is_first = not any(map(str.strip, builder.summary))
    if match and not builder.authors.names and _are_names(next(filter(None, match.groups())), may_be_one=is_first):
        builder.set_authors(next(filter(None, match.groups())))
        return index
    bare = re.sub(r"^\W{0,4}by\s+", "", line.strip(), flags=re.IGNORECASE)
    if not builder.authors.names and is_first and _are_names(bare) and "," in bare:
        builder.set_authors(bare)
        return index
    if (sign := _SIGN.match(line)) and _read_sign(builder, sign["sign"], line[sign.end() :]):
        return index
    if _read_facts(builder, line):
        return index
    for code in _CODES.finditer(line):
        builder.tags[code["code"]] = None
    if not re.search(r"[^\W\d_]", _CODES.sub("", line)) and _CODES.search(line):
        return index
    builder.summary.append(_keep_links(builder, line))
    return index


def _read_sign(builder: _Builder, sign: str, value: str) -> bool:
    """Read a field that an emoji marks instead of a label."""
    if sign == "🏷":
        return "|" not in value and builder.add_tags(value)
    return builder.set_authors(value)


def _read_facts(builder: _Builder, line: str) -> bool:
    """Read a line of several facts between `|` or `·`: links, categories, a date, labelled fields; False if it is not."""
    facts = _BETWEEN_FACTS.split(line.strip())
    if len(line) > _MAX_FACTS or not _BETWEEN_FACTS.search(line):
        return False
    kept: list[str] = []
    is_fact = False
    for fact in facts:
        rest = _without_links(fact, find_addresses(fact))
        bare = fact.strip(" \t*_`")
        labels = read_labels(fact)
        sign = _SIGN.match(fact)
        if sign and _read_sign(builder, sign["sign"], fact[sign.end() :]):
            is_fact = True
        elif labels and _read_label(builder, labels[0], fact):
            is_fact = True
        elif re.search(r"[^\W\d_]", rest) is None and rest != fact:
            is_fact = True
            kept += filter(None, [_keep_links(builder, fact).strip(" \t*")])
        elif _CODES.fullmatch(fact.strip()):
            builder.tags[bare] = None
            is_fact = True
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


def _read_abstract(text: Text, index: int, end: int, *, is_heading: bool, has_text: bool) -> int:
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
    value = label.text
    if label.field is Field.TITLE:
        if label.language and builder.titles:
            return False
        builder.titles.append(
            _without_links(value, find_addresses(value)) if not find_papers(value) else find_papers(value)[0].text
        )
        return not any(map(_clean, builder.titles[:-1])) or _clean(value) == _clean(builder.titles[0])
    if is_no_value(value):
        return label.field not in (Field.SUMMARY, Field.OTHER)
    match label.field:
        case Field.AUTHORS:
            return builder.set_authors(value)
        case Field.CATEGORIES:
            return builder.add_tags(value)
        case Field.ABSTRACT:
            builder.add_abstract(label, [value])
            return True
        case Field.VOTES:
            builder.votes = parse_votes(value) if builder.votes is None else builder.votes
            return builder.votes is not None
        case Field.PUBLISHED:
            builder.published = builder.published or builder.dates.in_text(value)
            return builder.published is not None
        case Field.LINK | Field.PDF if " | " in value:
            first, _, others = value.partition(" | ")
            if not _read_facts(builder, others):
                builder.summary.append(_keep_links(builder, others))
            return _read_label(builder, label._replace(text=first), line)
        case Field.LINK | Field.PDF:
            kept = _keep_links(builder, value).strip(" \t|,·•/-()[]`")
            if any(address.url != builder.url for address in find_addresses(kept)):
                builder.summary.append(kept)
                return True
            return not kept or bool(find_papers(line)) or is_label(kept)
        case Field.CODE | Field.PROJECT:
            addresses = find_addresses(value)
            if len(addresses) == 1 and not re.search(r"[^\W\d_]", _without_links(value, addresses)):
                builder.summary += ["", f"[{label.name}]({addresses[0].url})", ""]
                return True
            return False
        case Field.IMAGE:
            _keep_links(builder, value)
            return builder.image is not None
    return False


def _keep_links(builder: _Builder, line: str) -> str:
    """Return a line without links to the paper and pictures; the first picture is the paper's."""
    if "(" not in line and "://" not in line and "<" not in line and "arxiv" not in line.lower():
        return line
    addresses = find_addresses(line)
    dropped: list[Address] = []
    rest = _without_links(line, addresses)
    is_links_only = not re.search(r"[^\W\d_]{2}", rest) or is_label(rest)
    for address in addresses:
        if address.kind is AddressKind.IMAGE and line[address.start : address.end].startswith(("!", "<img")):
            if not _BADGE.search(address.url):
                builder.image = builder.image or address.url
            dropped.append(address)
        elif (
            address.kind is AddressKind.PAPER
            and address.url == builder.url
            and (is_links_only or _is_end(line, address))
        ):
            dropped.append(address)
        elif (
            is_links_only
            and is_label(address.text)
            and address.kind is not AddressKind.PAPER
            and find_field(address.text) is not None
            and find_field(address.text)[0] in (Field.LINK, Field.PDF)
        ):  # type: ignore[index]
            dropped.append(address)
    if not dropped:
        return line
    kept, position = "", 0
    for address in dropped:
        kept += line[position : address.start]
        position = max(position, address.end)
    kept += line[position:]
    if is_links_only:
        others = [line[a.start : a.end] for a in addresses if a not in dropped]
        return " · ".join(others)
    return re.sub(r"\s*[\[(（【]\s*[\])）】]|\s*\|\s*(?=\||$)", "", kept).rstrip(" \t|–—-:")


def _is_end(line: str, address: Address) -> bool:
    return is_label(address.text) and not re.search(r"\w", line[address.end :])


def _read_row(builder: _Builder, section: Section, text: Text) -> None:
    """Read a row of a table, whose header names the fields."""
    cells = row_cells(text.lines[section.start]) or []
    header = find_header(text, section.start)
    fields = [find_field(name) for name in header]
    rest: list[str] = []
    for number, cell in enumerate(cells):
        name = header[number] if number < len(header) else ""
        named = fields[number] if number < len(fields) else None
        papers = find_papers(cell)
        own = next((paper for paper in papers if paper.url == builder.url and paper.text), None)
        value = _BREAK.sub("\n\n", cell)
        if own and not is_label(own.text) and (named is None or named[0] in (Field.TITLE, Field.LINK)):
            builder.titles.insert(0, own.text)
            rest_of_cell = _keep_links(builder, cell[max(a.end for a in find_addresses(cell) if a.text == own.text) :])
            rest += (
                [_BREAK.sub("\n\n", rest_of_cell)]
                if re.search(r"\w", rest_of_cell) and not is_label(rest_of_cell)
                else []
            )
        elif named and named[0] is Field.TITLE or (named and named[0] is Field.LINK and not papers):
            lines = [part for part in value.split("\n\n") if part.strip()]
            bold = _BOLD_TITLE.match(lines[0].strip()) if lines else None
            if bold:
                builder.titles.append(bold["text"])
                rest.append(lines[0].strip()[bold.end() :])
            elif lines:
                builder.titles.append(_without_links(lines[0], find_addresses(lines[0])))
            rest += lines[1:]
        elif named:
            label = Label(named[0], value, name.strip(" *"), named[1])
            if not _read_label(builder, label, cell) and not is_no_value(value):
                rest.append(f"**{label.name}:** {value}" if label.field is not Field.SUMMARY else value)
        elif papers or find_addresses(cell):
            kept = _keep_links(builder, cell).strip()
            rest += [kept] if re.search(r"\w", kept) else []
        elif re.search(r"[^\W\d_]", cell):
            if not header and not builder.titles:
                builder.titles.append(cell)
            elif not builder.authors.names and _are_names(cell) and "," in cell:
                builder.set_authors(cell)
            else:
                rest.append(f"**{name.strip(' *')}:** {value}" if name.strip() else value)
    builder.summary += [line for part in rest if part.strip() for line in (part.strip(), "")]


def _is_title(builder: _Builder, text: str) -> bool:
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
    kept, position = "", 0
    for address in addresses:
        if address.start >= position:
            kept += line[position : address.start]
            position = address.end
    return re.sub(r"[\[(（]\s*[\])）]", "", kept + line[position:])


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


def iter_tags(headings: list[str]) -> Iterator[str]:
    """Yield the tags that headings are: `cs.CV [Total: 3]` is `cs.CV`, and `Keyword: SLAM` is `SLAM`."""
    for heading in headings:
        text = re.sub(
            r"\[\[[^\[\]]*\]\]\([^()]*\)|\s*[\[(（【·|:：—-]\s*(?:Total:?\s*|共\s*)?[0-9]{1,5}\s*(?:papers?|results?|篇|편|件|건|개)?\s*(?:论文|論文|논문)?[\])）】]?\s*$",
            "",
            heading,
        )
        text = re.sub(
            r"^(?:Keyword|Topic|Category|关键词|主题|分类|キーワード|키워드|주제|カテゴリ)\s?[:：]\s*",
            "",
            _clean(text),
            flags=re.IGNORECASE,
        )
        codes = re.findall(r"\b[a-z][a-z-]{1,8}\.[A-Z]{2}\b", text)
        if len(codes) > 1:
            yield from codes
        elif text and len(text) <= _MAX_TAG:
            code = re.match(r"(?P<code>[a-z][a-z-]{1,8}\.[A-Z]{2})\s*[\[(:：—-]", text)
            yield code["code"] if code else text
