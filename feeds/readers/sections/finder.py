"""Finds the sections of a digest that are papers: the largest ones that lead to exactly one."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from feeds.readers.fields.addresses import Address, find_addresses, find_papers, is_label
from feeds.readers.fields.dates import Dates
from feeds.readers.fields.labels import Field, Label, clean_title, find_field, parse_label, parse_labels
from feeds.readers.sections.outline import (
    Kind,
    Section,
    Text,
    find_header,
    item_text,
    read_outline,
    row_cells,
    split_text,
    summary_text,
)


class Strength(IntEnum):
    """How clearly a line leads to a paper, the clearest first."""

    NAMED = 0
    """By a heading, or by a label such as `PDF:`."""
    LINKED = 1
    """By a link that is all of the line, or that it starts with."""
    APPENDED = 2
    """By a link at the end of a list item, or after its title."""
    MENTIONED = 3
    """By a link in running text."""


class Lead(NamedTuple):
    """A paper that a line leads to; `title` is the text of the link if it may be the title."""

    line: int
    url: str
    strength: Strength
    title: str = ""


class Found(NamedTuple):
    """A section that is a paper, and the paper's address."""

    section: Section
    url: str


_MAY_LEAD = re.compile(
    r"://|\]\(|arxiv|doi|hf\.co|huggingface\.co|openreview|[0-9]{4}\.[0-9]{4,5}|10\.[0-9]{4}", re.IGNORECASE
)
_LEADING_FIELDS = frozenset({Field.LINK, Field.PDF, Field.TITLE})
_TEXT_FIELDS = frozenset({Field.COMMENT, Field.ABSTRACT, Field.SUMMARY})
_LETTERS = re.compile(r"[^\W\d_]+")
_OTHER_LABEL = re.compile(
    r"\s*(?:(?:[-*+]|[0-9]{1,3}[.)])\s+)?(?:\*\*|__|<b>|<strong>)[^*_<>\[\]]{1,60}(?:[:：]\s*(?:\*\*|__|</b>|</strong>)|(?:\*\*|__|</b>|</strong>)\s*[:：])"
)
_ELEMENT = re.compile(
    r"</?(?:summary|details|p|div|li|ul|ol|span|sub|sup|small|font|br|section|article)\b[^<>]*>", re.IGNORECASE
)
_MAX_DEPTH = 20  # of headings and lists
_MAX_BEFORE = 300  # characters of title and authors before a link on a line of its own
_BETWEEN_FACTS = re.compile(r"\s[|·•]\s")
_SENTENCE_END = re.compile(r"[.!?。：:；;]\s|。")
_BOLD_TITLE = re.compile(
    r"[\W\d_]{0,60}?(?:\*\*[^*]+\*\*|__[^_]+__|<b>[^<]+</b>|<strong>[^<]+</strong>|\*[^*]+\*|[\"“「《『][^\"”」》』]+[\"”」》』])",
    re.IGNORECASE,
)
_BOLD_START = re.compile(r"[\W\d_]{0,60}(?:\*\*|__|<b>|<strong>|\*|_|[\"“「《『])(?=\S)", re.IGNORECASE)
_NUMBERED = re.compile(
    r"[\W_]{0,6}(?:(?:new|paper|论文|論文|논문|第|no\.?|#)\s?)?[0-9]{1,4}(?:\s?[\]).、:：篇．]|\s*$)", re.IGNORECASE
)
_UNIT = r"(?:papers?|results?|items?|new|entries|[篇条件本编편건개](?:\s?(?:论文|論文|논문))?|论文|論文|논문)"
_COUNT = re.compile(
    rf"(?:[\[(（【]\s*(?:total:?\s*|共\s*)?[0-9]{{1,3}}\s*{_UNIT}?\s*[\])）】]|[·|:：,，—-]?\s+[0-9]{{1,5}}\s*{_UNIT})\s*$",
    re.IGNORECASE,
)
_CATEGORY = re.compile(
    r"(?:[a-z][a-z-]{1,8}\.[A-Z]{2}|[a-z]{2,5}-[a-z]{2,5}(?:\.[A-Za-z-]{2,8})?|(?i:keyword|topic|category|关键词|主题|分类|キーワード|키워드|주제)\s?[:：].*)"
)
_PART = re.compile(  # of a digest, whatever the field
    r"摘要|要点|要點|推荐|推薦|精读|速读|详细|詳細|列表|必读|速览|概况|值得|可改进|榜|論文|论文|논문|추천|요약|まとめ|おすすめ"
    r"|\b(?:summar(?:y|ies)|list|highlights?|picks?|top [0-9]+|must[ -]reads?|overview|at a glance)\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"\b[a-z][a-z-]{1,8}\.[A-Z]{2}\b")
_DIGEST = re.compile(
    r"digest|daily|weekly|newsletter|arxiv|\bpapers\b|today|submissions|日报|周报|日報|週報|速递|每日|每周|今日|论文列表|论文推荐|精选|论文速|毎日|論文一覧|新着|데일리|일간|주간|오늘",
    re.IGNORECASE,
)
# fmt: off
_GENERIC = frozenset(
    {
        "papers", "paper list", "list", "new", "new papers", "all papers", "updates", "others", "other", "misc",
        "details", "detail", "info", "information", "metadata", "basic information", "overview", "highlights",
        "top papers", "top picks", "must read", "recommended", "recommended papers", "latest papers", "latest",
        "today", "archive", "index", "full list", "paper details", "results", "selected papers", "featured",
        "featured papers", "the rest", "candidates", "论文", "論文", "论文列表", "論文列表", "最新发布", "更新",
        "精读区", "速读区", "精读", "速读", "推荐论文", "今日论文", "其他", "其它",
        "基本信息", "论文详情", "详细", "详情", "今日推荐",
        "全部论文", "论文详细信息", "論文一覧", "一覧", "新着論文", "注目論文", "その他", "詳細", "基本情報",
        "今日の論文", "논문", "논문 목록", "목록", "새 논문", "최신 논문", "기타", "오늘의 논문", "추천 논문", "상세",
        "기본 정보",
    }
)
# fmt: on
# fmt: off
_EXCLUDED = frozenset(
    {
        "table of contents", "contents", "toc", "related work", "related works", "related papers", "related",
        "references", "bibliography", "citation", "citations", "further reading", "see also", "acknowledgements",
        "acknowledgments", "acknowledgement", "about", "license", "usage", "contributing", "footnotes",
        "footer", "credits", "cite us", "how to cite", "contact", "sponsors", "prior work",
        "background reading", "similar papers", "related methods", "baseline", "baselines",
        "目录", "目錄", "目次", "相关工作", "相關工作", "相关论文",
        "相關論文", "参考文献", "參考文獻", "延伸阅读", "延伸閱讀", "关联论文", "引用", "致谢", "許可證", "许可证",
        "関連研究", "関連論文", "参考", "関連", "関連リンク", "謝辞", "관련 연구", "관련 논문", "참고 문헌",
        "相关方法", "对比基线", "对比方法", "関連手法", "比較手法", "관련 방법",
        "참고문헌", "참고 자료", "목차", "인용", "감사의 글", "더 읽을거리",
    }
)
# fmt: on


class PaperFinder:
    """Finds the papers of a file."""

    def __init__(self, text: Text, dates: Dates) -> None:
        self._text = text
        self._dates = dates
        self.root = read_outline(text, dates)
        self._header_lines = {section.start for section in _walk(self.root)}
        self._headings = Counter(_plain(section.heading) for section in _walk(self.root))
        excluded = {
            index
            for section in _walk(self.root)
            if _is_excluded(section.heading)
            for index in range(section.start, section.end)
        }
        excluded |= text.code
        leads = [
            lead
            for index, line in enumerate(text.lines)
            if index not in excluded and _MAY_LEAD.search(line)
            for lead in self._read_leads(index, line)
        ]
        self._leads = leads
        self._groups: dict[int, bool] = {}
        self._indexes = [lead.line for lead in leads]

    def find(self) -> list[Found]:
        """List the papers in the order of the file."""
        papers = list(self._find(self.root))
        return papers or list(self._find_mentioned(self.root))

    def leads(self, start: int, end: int) -> list[Lead]:
        """List what lines lead to, without mentions."""
        leads = self._leads[bisect_left(self._indexes, start) : bisect_left(self._indexes, end)]
        return [lead for lead in leads if lead.strength is not Strength.MENTIONED]

    def is_group(self, heading: str) -> bool:
        """Whether a heading is that of several papers or of a field, and not a title."""
        plain = _plain(heading)
        if not plain or plain in _GENERIC or _is_excluded(heading) or self._dates.in_text(heading):
            return True
        text = clean_title(heading)
        label = find_field(text)
        return label is not None or _CATEGORY.fullmatch(text) is not None or _COUNT.search(text) is not None

    def is_category(self, heading: str) -> bool:
        """Whether a heading above papers is a category, and not a day, the name of the digest or a part of it."""
        text = _COUNT.sub("", clean_title(heading)).strip()
        if not _plain(heading) or _plain(heading) in _GENERIC or _plain(text) in _GENERIC or _PART.search(text):
            return False
        codes = _CODE.findall(heading)
        return bool(codes) or not (self._dates.in_text(heading) or _DIGEST.search(text) or find_field(text))

    def _find(self, section: Section, depth: int = 0) -> Iterator[Found]:
        leads = self.leads(section.start, section.end)
        if not leads:
            return
        url = None if self._are_rows(section, leads) else self._paper_of(section, leads)
        if url:
            yield Found(section, url)
            return
        for part in self._parts(section) if depth < _MAX_DEPTH else ():
            yield from self._find(part, depth + 1)

    def _find_mentioned(self, section: Section) -> Iterator[Found]:
        """Find the sections of headings whose text mentions exactly one paper."""
        for child in section.children:
            leads = self._leads[bisect_left(self._indexes, child.start) : bisect_left(self._indexes, child.end)]
            urls = {lead.url for lead in leads}
            if len(urls) == 1 and not self.is_group(child.heading) and not _DIGEST.search(child.heading):
                yield Found(child, leads[0].url)
            elif urls:
                yield from self._find_mentioned(child)

    def _parts(self, section: Section) -> list[Section]:
        """Return the sections below one: those of its own lines, and those of its headings."""
        own = self.leads(section.body, section.own_end)
        if not own:
            return section.children
        wanted = _clearest(own)
        best: list[Section] = []
        most = 0
        for parts in split_text(self._text, section):
            covered = set[str]()
            for part in parts:
                urls = _clearest(self.leads(part.start, part.end))
                if len(urls) == 1:
                    covered |= urls
            count = len(covered & wanted)
            if count > most:
                best, most = parts, count
            if count == len(wanted):
                break
        return [*best, *section.children]

    def _paper_of(self, section: Section, leads: list[Lead]) -> str | None:
        """Return the address of the paper that a section is; None if it is not one."""
        if section.kind is Kind.FILE:
            return None
        in_heading = [lead for lead in leads if lead.line < section.body]
        if section.kind is Kind.HEADING:
            if in_heading:
                url = in_heading[0].url
                others = {lead.url for lead in leads if lead.line in self._header_lines} - {url}
                return None if others else url
            return self._paper_below(section, leads)
        if section.kind in (Kind.ROW, Kind.LINE):
            return min(leads, key=lambda lead: lead.strength).url
        urls = _clearest(leads)
        if section.kind is Kind.ITEM and in_heading and not self._has_titles_below(section, leads):
            return min(in_heading, key=lambda lead: lead.strength).url
        if len(urls) != 1:
            return None
        heading = section.heading
        if section.kind in (Kind.BOLD, Kind.ITEM, Kind.DETAILS) and not in_heading:
            lead = next(lead for lead in leads if lead.url in urls)
            is_title_below = lead.title and _plain(lead.title) != _plain(heading) and not _NUMBERED.match(heading)
            if self.is_group(heading) or (is_title_below and lead.strength is Strength.LINKED):
                return None if not _is_field_label(heading) else next(iter(urls))
        elif section.kind is Kind.RULE and any(
            lead.strength is Strength.LINKED and lead.title and item_text(self._text.lines[lead.line]) for lead in leads
        ):
            return None
        return next(iter(urls))

    def _are_rows(self, section: Section, leads: list[Lead]) -> bool:
        """Whether a section leads to papers most clearly in tables with a column of titles, whose rows are papers."""
        if section.kind is Kind.ROW:
            return False
        clearest = min(lead.strength for lead in leads)
        headers = (find_header(self._text, lead.line) for lead in leads if lead.strength is clearest)
        return all(
            any((field := find_field(name)) and field[0] is Field.TITLE for name in header) for header in headers
        )

    def _paper_below(self, section: Section, leads: list[Lead]) -> str | None:
        """Return the paper that the lines below a heading lead to, if the heading is its title."""
        own = [lead for lead in leads if lead.line < section.own_end]
        is_number = _NUMBERED.fullmatch(_plain(section.heading)) is not None
        if self.is_group(section.heading) and not is_number and not self._is_described(section, own):
            return None
        urls, own_urls = _clearest(leads), _clearest(own)
        if len(urls) != 1:
            is_clear = len(own_urls) == 1 and not any(
                lead.title for lead in own if lead.url in own_urls and lead.strength is not Strength.NAMED
            )
            others = [child for child in section.children if self.leads(child.start, child.end)]
            return next(iter(own_urls)) if is_clear and all(map(self._is_structural, others)) else None
        url = next(iter(urls))
        has_others = any(lead.url != url for lead in leads)
        if has_others and own_urls == urls and self._is_one_of_several(section, url):
            return None
        leading = [child for child in section.children if self.leads(child.start, child.end)]
        if has_others and own_urls != urls and not all(map(self._is_structural, leading)):
            return None
        if own_urls == urls:
            lead = min(own, key=lambda lead: lead.strength)
            is_item = item_text(self._text.lines[lead.line]) is not None or row_cells(self._text.lines[lead.line])
            if is_item and lead.strength is not Strength.NAMED and self._is_group_of_items(section, lead):
                return None
            return url
        child = next(
            child for child in section.children if url in {lead.url for lead in self.leads(child.start, child.end)}
        )
        if self._is_structural(child):
            return url
        if _NUMBERED.match(child.heading) or _DIGEST.search(section.heading) or len(section.children) == 1:
            return None
        if section.parent and self._has_groups(section.parent):
            return None
        return url if child is section.children[0] and not self.leads(child.start, child.body) else None

    def _is_one_of_several(self, section: Section, url: str) -> bool:
        """Whether the paper that the lines below a heading lead to most clearly has a title of its own there."""
        for part in self._parts(section):
            named = [lead for lead in self.leads(part.start, part.end) if lead.url == url]
            if named and part.kind in (Kind.DETAILS, Kind.BOLD, Kind.ITEM):
                return named[-1].line >= part.body and not read_labels(part.heading)
        return False

    def _is_described(self, section: Section, own: list[Lead]) -> bool:
        """Whether labels directly below a heading describe one paper, so that the heading is its title."""
        plain = _plain(section.heading)
        if not plain or plain in _GENERIC or _is_excluded(section.heading) or find_field(section.heading) is not None:
            return False
        if len(_clearest(own)) != 1 or min(lead.strength for lead in own) is not Strength.NAMED:
            return False
        lines = (self._text.lines[index] for index in range(section.body, section.own_end))
        first = next((line for line in lines if line.strip()), "")
        label = next(iter(read_labels(first)), None)
        if label is None or (label.field is Field.TITLE and not label.language):
            return False
        return label.field is not Field.PUBLISHED or self._dates.in_text(section.heading) is None

    def _has_groups(self, section: Section) -> bool:
        """Whether a section below one leads to several papers."""
        if section.start not in self._groups:
            counts = (len(_clearest(self.leads(child.start, child.end))) for child in section.children)
            self._groups[section.start] = any(count > 1 for count in counts)
        return self._groups[section.start]

    def _is_group_of_items(self, section: Section, lead: Lead) -> bool:
        """Whether the heading above the only item that leads to a paper is not the paper's title."""
        if _NUMBERED.match(section.heading):
            return False
        if _DIGEST.search(section.heading):
            return True
        if lead.strength is Strength.LINKED:
            return bool(lead.title) and len(lead.title.split()) > 2 and _plain(lead.title) != _plain(section.heading)
        line = self._text.lines[lead.line]
        return _BOLD_START.match(line) is not None and parse_label(line) is None

    def _has_titles_below(self, item: Section, leads: list[Lead]) -> bool:
        """Whether an item's heading only links to a paper beside those that nested items list."""
        return len({lead.url for lead in leads if lead.title and lead.line >= item.body}) > 1 and not any(
            lead.title for lead in leads if lead.line < item.body
        )

    def _is_structural(self, section: Section) -> bool:
        """Whether a heading divides what is said of a paper."""
        plain = _plain(section.heading)
        is_named = (
            plain in _GENERIC or _is_excluded(section.heading) or find_field(clean_title(section.heading)) is not None
        )
        return is_named or self._headings[plain] > 1

    def _read_leads(self, index: int, line: str) -> Iterator[Lead]:
        papers = find_papers(line)
        if not papers:
            return
        if index in self._header_lines:
            yield from (_read_heading(index, line, paper) for paper in papers)
            return
        labels = read_labels(line)
        if labels:
            is_text = labels[0].field in _TEXT_FIELDS
            is_leading = not is_text and any(label.field in _LEADING_FIELDS for label in labels)
            is_second = all(label.name.lower() == "doi" for label in labels)  # of a paper that may also be at arXiv
            strength = (Strength.LINKED if is_second else Strength.NAMED) if is_leading else Strength.MENTIONED
            yield from (Lead(index, paper.url, strength) for paper in papers)
            return
        if row_cells(line) is not None:
            yield from self._read_row(index, line, papers)
            return
        yield from _read_line(index, line, papers)

    def _read_row(self, index: int, line: str, papers: list[Address]) -> Iterator[Lead]:
        first = next((paper for paper in papers if paper.text), papers[0])
        strength = Strength.LINKED
        if not first.text and re.fullmatch(r"\W*[0-9]{4}\.[0-9]{4,5}(?:v[0-9]+)?\W*", line[first.start : first.end]):
            header = find_header(self._text, index)
            has_title = not header or any((field := find_field(name)) and field[0] is Field.TITLE for name in header)
            strength = Strength.LINKED if has_title else Strength.MENTIONED
        for paper in papers:
            yield Lead(index, paper.url, strength if paper is first else Strength.MENTIONED, paper.text)


def read_labels(line: str) -> list[Label]:
    """Parse the labelled fields of a line, also `**arXiv** 2401.12345 | **Code** URL` without colons."""
    if labels := parse_labels(line):
        return labels
    if "|" not in line or not line.lstrip().startswith(("**", "- **", "* **")):
        return []
    parts = [re.fullmatch(r"\s*(?:[-*]\s+)?\*\*([^*]+)\*\*\s*[:：]?\s*(.*?)\s*", part) for part in line.split("|")]
    fields = [(match, find_field(match[1])) for match in parts if match]
    if not fields or len(fields) < len(parts) or fields[0][1] is None:
        return []
    return [
        Label(field[0] if field else Field.OTHER, match[2], match[1].strip(" :："), field[1] if field else "")
        for match, field in fields
    ]


def _read_heading(index: int, line: str, paper: Address) -> Lead:
    """Tell a heading that leads to a paper from one that mentions it, such as `Comment on arXiv:2401.12345: Why`."""
    is_link = "](" in line[paper.start : paper.end] or "<a" in line[paper.start : paper.end].lower()
    is_at_end = not _LETTERS.search(line[: paper.start]) or not _LETTERS.search(line[paper.end :])
    return Lead(index, paper.url, Strength.NAMED if is_link or is_at_end else Strength.MENTIONED, paper.text)


def _read_line(index: int, line: str, papers: list[Address]) -> Iterator[Lead]:
    """Tell by what else a line says how clearly it leads to a paper."""
    is_item = summary_text(line) is not None or item_text(line) is not None
    line = _ELEMENT.sub(lambda match: " " * len(match[0]), line)  # of the same length, as papers have positions in it
    if item := item_text(line):
        line = item[1].rjust(len(line))  # without its marker
    rest = _without(line, find_addresses(line))
    if not _LETTERS.search(rest) or _is_field_label(rest):
        yield from (Lead(index, paper.url, Strength.LINKED, paper.text) for paper in papers)
        return
    strength = _strength_of(line, papers, is_item=is_item)
    for paper in papers:
        yield Lead(index, paper.url, strength if paper is papers[0] else Strength.MENTIONED, paper.text)


def _strength_of(line: str, papers: list[Address], *, is_item: bool) -> Strength:
    """Return how clearly a line with other words leads to the first of its papers."""
    first = papers[0]
    link, before, after = line[first.start : first.end], line[: first.start], line[first.end :]
    title = _BOLD_TITLE.match(line)
    if _is_fact(before, after):
        return Strength.APPENDED
    if not _LETTERS.search(before) and link.startswith(("[", "<", "http")):
        is_start = is_item or title is not None or _BOLD_START.match(line) is not None or not _continues(after)
        if is_start:
            return Strength.LINKED
    is_last = len(papers) == 1 and not _LETTERS.search(_without(after, find_addresses(after)))
    is_written_out = "/" in link or "arxiv" in link.lower()
    if _OTHER_LABEL.match(line):
        is_appended = is_item and is_last and is_written_out
    elif is_item:
        is_appended = is_last or (title is not None and not _SENTENCE_END.search(line[title.end() : first.start]))
    else:
        is_appended = is_last and is_written_out and not first.text and len(before) < _MAX_BEFORE
    return Strength.APPENDED if is_appended else Strength.MENTIONED


def _is_fact(before: str, after: str) -> bool:
    """Whether a link stands alone between other facts on its line, such as `2024-01-30 · [arXiv](URL) · 12 pages`."""
    left, right = _BETWEEN_FACTS.split(before), _BETWEEN_FACTS.split(after)
    return len(left) + len(right) > 2 and not _LETTERS.search(left[-1]) and not _LETTERS.search(right[0])


def _continues(rest: str) -> bool:
    """Whether text after a link at the start of a line is the rest of a sentence."""
    return re.match(r"\s+[a-z]{2,}|'s\b|\s?[的은는이가がはを]", rest.lstrip("*_")) is not None


def _without(line: str, addresses: Iterable[Address]) -> str:
    rest, position = "", 0
    for address in addresses:
        rest += line[position : address.start] if address.start >= position else ""
        position = max(position, address.end)
    return f"{rest}{line[position:]}"


def _is_field_label(text: str) -> bool:
    """Whether a text consists of labels of links only, such as `📄 Paper | PDF`."""
    parts = [
        part for part in re.split(r"[|/·•,;:：，、()\[\]（）]|<[^<>]*>|\*\*|\s[-–—]\s", text) if _LETTERS.search(part)
    ]
    return all(find_field(part) is not None or is_label(part) for part in parts)


def _clearest(leads: list[Lead]) -> set[str]:
    """Return the papers that the clearest of leads lead to."""
    strength = min((lead.strength for lead in leads), default=None)
    return {lead.url for lead in leads if lead.strength is strength}


def _plain(heading: str) -> str:
    """Return the letters and digits of a heading in lower case."""
    heading = re.sub(r"<[^<>]*>|\[\[[^\[\]]*\]\]\([^()]*\)|\]\([^()\s]*\)", " ", heading)
    return " ".join(re.findall(r"\w+", heading.lower()))


def _is_excluded(heading: str) -> bool:
    """Whether a heading is above what leads to other papers, such as `Related work / baselines`."""
    parts = list(filter(None, map(_plain, re.split(r"[/&、,，|·]", heading))))
    return bool(parts) and all(part in _EXCLUDED for part in parts)


def _walk(section: Section) -> Iterator[Section]:
    for child in section.children:
        yield child
        yield from _walk(child)
