"""Parses digests in Markdown, in which `## Daily Papers (YYYY-MM-DD)` starts a day and `### [TITLE](URL)` a paper."""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from feeds.model.diagnostic import Severity
from feeds.model.identity import arxiv_id, parse_doi
from feeds.model.paper import Paper
from feeds.readers import Diagnostics, Digest, Entry
from feeds.readers.daily_papers import syntax
from feeds.readers.daily_papers.day_heading import DayHeading, parse_day_heading
from feeds.readers.daily_papers.sections import FENCE, INVISIBLE, Line, Section, fence_after, read_sections
from feeds.readers.daily_papers.syntax import quote

_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s")
_FIELD_START = re.compile(
    r"(?:[\W_]|<\w{1,9}>){0,9}"
    r"(?:!\s?[\[［]|watch\s*video\b|\[?watch\b|</?(?:a|video|source|img|picture|figure|iframe|embed|object|div|p|center)\b"
    r"|(?:(?:up)?votes?|authors?)\b(?!.*[.다]$))",
    re.IGNORECASE,
)
_MAY_BE_FIELD = re.compile(r"[\W_]*?[<!\[［uvaw]", re.IGNORECASE)
# A heading that is quoted, set in code or bold type, or commented out.
_WRAPPED_HEADING = re.compile(
    r"(?P<before>(?:[\s>*_`\\]|<!--|<\w{1,9}>){0,9})#{1,6}\s*(?P<text>.*?)(?:[\s*_`]|-->|</\w{1,9}>){0,9}"
)
_COMMENT = re.compile(r"\s*<!--[^#]*-->\s*")  # that hides no heading
_LINK_WITH_SPACES = re.compile(r"\]\(\s*https?://[^\s()<>]*\s+(?![\"'\s(])[^()]*\)")
_MAX_WRAPPING = 100  # characters before the marks of a heading
_MAX_PAPERS = 100_000  # of a file
_MAX_DAYS = 10_000  # of a file
_MAX_TITLE = 5_000  # characters
_MAX_AUTHORS = 10_000  # of a paper; some of medicine and physics have thousands
_MAX_NAME = 500  # characters
_MAX_AUTHOR_LINES = 1000
_MAX_TAGS = 1000  # of a paper
_MAX_PUBLICATION = 5_000  # characters of a journal reference or a comment
_MAX_SUMMARY = 200_000  # characters


def parse_digest(source: str) -> Digest | None:
    """Parse a digest; None if it has neither days nor papers."""
    diagnostics = Diagnostics()
    sections = read_sections(source, diagnostics)
    if not any(section.day for section in sections):
        return _report_missing_day(sections)
    parser = _Parser(diagnostics)
    for section in sections:
        if parser.is_full(section):
            break
        parser.parse(section)
    return parser.digest()


def _report_missing_day(sections: list[Section]) -> Digest | None:
    """Report the first paper of a file that has no day; None if it has no papers either."""
    papers = [section for section in sections if section.is_paper_like and section.level == 3]
    if not papers:
        return None
    diagnostics = Diagnostics()
    problem = f"the file has papers but no day, so {quote(papers[0].heading)} and all others are left out"
    diagnostics.error(papers[0].line, problem, "write ## Daily Papers (YYYY-MM-DD) above them")
    return Digest({}, (), diagnostics.by_line())


class _Parser:
    """Parses the sections of a file in order.

    A README may show a digest between chapters of its own. Where a file has text before its first day, a chapter after
    a day therefore ends the day: from there on only sections with votes or authors are papers.
    """

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._diagnostics = diagnostics
        self._days: dict[date, int] = {}  # the lines of their first headings
        self._entries: list[Entry] = []
        self._day: date | None = None
        self._is_before_days = True
        self._has_chapters = False
        self._in_chapter = False

    def digest(self) -> Digest:
        """Return the result."""
        return Digest(self._days, tuple(self._entries), self._diagnostics.by_line())

    def is_full(self, section: Section) -> bool:
        """Whether the file has more days or papers than are read, which is reported."""
        if section.day and len(self._days) >= _MAX_DAYS:
            problem = f"the file has {_MAX_DAYS:,} days above this one, and what follows is left out"
        elif len(self._entries) >= _MAX_PAPERS:
            problem = f"the file has {_MAX_PAPERS:,} papers above this line, and what follows is left out"
        else:
            return False
        self._diagnostics.error(section.line, problem, "write a file for each day")
        return True

    def parse(self, section: Section) -> None:
        """Parse a section as a day or a paper, or report what it contains."""
        if section.day:
            self._start_day(section.day, section)
        elif self._day is None or (self._in_chapter and not section.has_votes_or_authors):
            if self._is_before_days:
                self._has_chapters = self._has_chapters or bool(section.heading or _non_blank(section.body))
            self._report_section(section, in_day=False)
        elif paper := _parse_paper(section, self._diagnostics):
            self._entries.append(Entry(section.line, self._day, paper))
        else:
            self._report_section(section, in_day=True)
            self._in_chapter = self._in_chapter or (self._has_chapters and section.level <= 2)

    def _start_day(self, day: DayHeading, section: Section) -> None:
        self._in_chapter = self._is_before_days = False
        self._day = None if day.problem else day.date
        if self._day is None:
            self._diagnostics.error(section.line, f"{day.problem}, so its papers are left out", day.hint)
        else:
            self._days.setdefault(self._day, section.line)
            if not (day.is_well_formed and section.is_well_formed and section.level == 2):
                problem = f"{quote(section.heading)} is read as the heading of {self._day}"
                self._diagnostics.warning(section.line, problem, day.hint)
        self._report_lines(section.body, in_day=True)

    def _report_section(self, section: Section, in_day: bool) -> None:
        """Report a section that is not a paper of a day; an error where a paper seems to be meant."""
        heading = quote(section.heading)
        if in_day and section.level == 3:
            hint = "write ### [TITLE](URL) with an http or https URL"
            self._diagnostics.error(section.line, f"{heading} is not a paper", hint)
        elif section.is_paper_like:
            hint = "start its heading with ###" if in_day else "write ## Daily Papers (YYYY-MM-DD) above it"
            self._diagnostics.error(section.line, f"the paper {heading} is left out", hint)
        elif section.heading:
            self._diagnostics.warning(section.line, f"the heading {heading} belongs to no paper and is left out")
        self._report_lines(section.body, in_day=False)

    def _report_lines(self, lines: list[Line], in_day: bool) -> None:
        """Report lines that belong to no paper, all in one diagnostic; an error if papers of a day are among them."""
        lines = _non_blank(lines)
        if not lines:
            return
        first, last = quote(lines[0].text), lines[-1].number
        if len(lines) == 1:
            problem = f"the line {first} belongs to no paper and is left out"
        else:
            problem = f"the lines from {first} to line {last} belong to no paper and are left out"
        if in_day and any(_is_paper_link(_BULLET.sub("", line.text, count=1)) for line in lines):
            self._diagnostics.error(lines[0].number, problem, "write a paper as ### [TITLE](URL)")
        else:
            self._diagnostics.warning(lines[0].number, problem)


def _is_paper_link(line: str) -> bool:
    """Whether a line is nothing but a link to a paper."""
    link = syntax.parse_link(line.strip()) if "](" in line else None
    return link is not None and not link.rest and arxiv_id(link.url) is not None


def _parse_paper(section: Section, diagnostics: Diagnostics) -> Paper | None:
    """Parse a paper; None if the section is not one, or has no valid URL."""
    link = section.link
    url = syntax.parse_url(link.url) if link else None
    if link is None or url is None or (section.level != 3 and not _is_paper_at_any_level(section)):
        return None
    title = syntax.unescape(link.title)
    if len(title) > _MAX_TITLE:
        title = title[:_MAX_TITLE]
        problem = f"the title has more than {_MAX_TITLE:,} characters, and the others are left out"
        diagnostics.error(section.line, problem, "shorten it")
    if not title:
        diagnostics.error(section.line, "the paper has no title, so its URL is shown instead", "write ### [TITLE](URL)")
    _report_heading(section, link, title, diagnostics)
    builder = _PaperBuilder(title or url, url, diagnostics)
    builder.add_lines(section.body)
    return builder.build()


def _report_heading(section: Section, link: syntax.Link, title: str, diagnostics: Diagnostics) -> None:
    """Report what is left out of a paper's heading, and what may not be meant as it is read."""
    if link.rest:
        problem = f"{quote(link.rest)} after the link is left out"
        diagnostics.warning(section.line, problem, "write it below the heading")
    if link.label:
        diagnostics.warning(section.line, f"{quote(link.label)} before the title is left out", "write ### [TITLE](URL)")
    if link.is_ambiguous:
        problem = f"{quote(title)} is read as the title with its brackets and numbers"
        diagnostics.warning(section.line, problem, "write ### [TITLE](URL) with nothing else in the title")
    if not section.is_well_formed:
        problem = f"{quote(section.heading)} is read as the heading of a paper"
        diagnostics.warning(section.line, problem, "start its line with ### and a space")


def _is_paper_at_any_level(section: Section) -> bool:
    """Whether a section is certainly a paper, whatever the level of its heading."""
    return section.link is not None and arxiv_id(section.link.url) is not None and section.has_votes_or_authors


@dataclass(slots=True)
class _PaperBuilder:
    """Collects the fields of a paper from the lines below its heading."""

    title: str
    url: str
    diagnostics: Diagnostics
    image: str | None = None
    video: str | None = None
    votes: int | None = None
    authors: tuple[str, ...] = ()
    more_authors: bool = False
    summary: list[Line] = field(default_factory=list)
    abstract: list[str] = field(default_factory=list)
    tags: tuple[str, ...] = ()
    published: date | None = None
    language: str = ""
    journal: str = ""
    journal_doi: str = ""
    comment: str = ""

    def build(self) -> Paper:
        return Paper(
            title=self.title,
            url=self.url,
            image=self.image,
            video=self.video,
            votes=self.votes,
            authors=self.authors,
            more_authors=self.more_authors,
            summary="\n".join(line.text for line in self.summary).strip("\n").rstrip(),
            abstract="\n\n".join(self.abstract),
            tags=self.tags,
            published=self.published,
            language=self.language,
            journal=self.journal,
            journal_doi=self.journal_doi,
            comment=self.comment,
        )

    def add_lines(self, lines: Iterable[Line]) -> None:
        """Parse fields, in any order, up to the first bullet; all other lines are the summary."""
        remaining = deque(lines)
        while remaining and self._add_extra(remaining[0]):
            remaining.popleft()
        while remaining:
            line = remaining.popleft()
            if _BULLET.match(line.text):
                self.summary += [line, *remaining]
                break
            if not line.text.strip() or not self._add_field(line, remaining):
                self.summary.append(line)
        self._limit_summary()
        self._report_fields_in_summary()

    def _add_field(self, line: Line, remaining: deque[Line]) -> bool:
        """Parse a line as a field; False if it is not a field, or one that the paper already has."""
        text = _bare(line.text)
        if (match := syntax.VOTES.fullmatch(text)) and self.votes is None:
            self._add_votes(match["value"], line)
        elif (match := syntax.AUTHORS.fullmatch(text)) and not self.authors:
            self._add_authors(match["value"].strip(), line, remaining)
        elif media := syntax.parse_media(text):
            return self._add_media_line(media, line)
        elif syntax.MEDIA_MARKUP.fullmatch(text):
            return self._add_markup(text, line)
        else:
            return False
        return True

    def _add_extra(self, line: Line) -> bool:
        """Parse a line of a field that few digests have; False if it is not one, or has a wrong value."""
        match = syntax.EXTRA.fullmatch(line.text.rstrip())
        if match is None:
            return False
        value = " ".join(match["value"].split())
        if match["name"] == "Tags" and not self.tags:
            self._add_tags(value, line)
        elif match["name"] == "Published" and (day := syntax.parse_date(value)):
            self.published = day
        elif match["name"] == "Language" and syntax.LANGUAGE.fullmatch(value):
            self.language = value
        elif match["name"] == "Journal" and not self.journal:
            self.journal = self._limit_publication(value, line)
        elif match["name"] == "DOI" and (doi := parse_doi(value)):
            self.journal_doi = doi
        elif match["name"] == "Comment" and not self.comment:
            self.comment = self._limit_publication(value, line)
        elif match["name"] == "Abstract":
            self._add_abstract(value, line)
        else:
            return False
        return True

    def _add_tags(self, value: str, line: Line) -> None:
        tags = syntax.parse_tags(value)
        self.tags = tuple(tag[:_MAX_NAME] for tag in tags[:_MAX_TAGS])
        if self.tags != tags:
            problem = f"the paper has more than {_MAX_TAGS} tags, or one of more than {_MAX_NAME} characters"
            self.diagnostics.error(line.number, f"{problem}, and the others are left out", "write a comma between tags")

    def _limit_publication(self, value: str, line: Line) -> str:
        """Leave out the end of a journal reference or a comment that is too long."""
        if len(value) > _MAX_PUBLICATION:
            problem = f"{quote(line.text)} has more than {_MAX_PUBLICATION:,} characters, and the others are left out"
            self.diagnostics.error(line.number, problem, "shorten it")
        return value[:_MAX_PUBLICATION]

    def _add_abstract(self, paragraph: str, line: Line) -> None:
        """Add a paragraph of the abstract: each is a line."""
        room = _MAX_SUMMARY - sum(map(len, self.abstract))
        if len(paragraph) > room:
            problem = f"the abstract has more than {_MAX_SUMMARY:,} characters, and the others are left out"
            self.diagnostics.error(line.number, problem, "shorten it")
        self.abstract += [paragraph[:room]] if paragraph[:room] else []

    def _add_votes(self, value: str, line: Line) -> None:
        try:
            self.votes = syntax.parse_votes(value)
        except ValueError:
            hint = "write Vote: 42, or Vote: - if votes were not counted"
            self.diagnostics.error(line.number, f"{quote(value)} is not a number of votes", hint)

    def _add_authors(self, value: str, line: Line, remaining: deque[Line]) -> None:
        """Parse a list of authors, which may continue on the lines below."""
        parts = [value]
        is_list = value.startswith("[")
        while remaining and len(parts) < _MAX_AUTHOR_LINES and syntax.expects_more_authors(parts[-1], is_list):
            if not _continues_authors(remaining[0].text, is_list):
                break
            parts.append(remaining.popleft().text.strip())
        authors = syntax.parse_authors(" ".join(parts))
        self.authors, repeated = syntax.unique_authors(authors.names)
        self.more_authors = authors.more_authors
        self._limit_authors(line)
        if repeated:
            problem = f"authors are repeated and listed once: {', '.join(repeated)}"
            self.diagnostics.warning(line.number, problem)
        if not authors.is_well_formed:
            problem = f"{quote(value)} is not a well-formed list of authors"
            self.diagnostics.warning(line.number, problem, "write Authors: NAME, NAME")
        if (
            remaining
            and (not value or "," in remaining[0].text)
            and _continues_authors(remaining[0].text, is_list=False)
        ):
            problem = f"{quote(remaining[0].text)} below the authors is read as the summary"
            self.diagnostics.warning(remaining[0].number, problem, "write Authors: NAME, NAME on one line")

    def _add_media_line(self, media: syntax.Media, line: Line) -> bool:
        """Add a picture or a link to a video, and report what is left out; False if the paper has another one."""
        if not self._add_media(media.url, line, assume_video=media.is_video):
            return False
        kind = "video" if media.is_video else "picture"
        hint = f"write {'[Watch Video]' if media.is_video else '![]'}({media.url})"
        if media.description:
            self.diagnostics.warning(
                line.number, f"the {kind}'s description {quote(media.description)} is left out", hint
            )
        if media.target and media.target not in (media.url, self.url):
            self.diagnostics.warning(line.number, f"the {kind}'s link to {quote(media.target)} is left out", hint)
        if not media.is_well_formed:
            self.diagnostics.warning(line.number, f"{quote(line.text)} is read as the {kind} {media.url}", hint)
        return True

    def _add_markup(self, markup: str, line: Line) -> bool:
        """Add the pictures and videos of a line of HTML, and report its text; False if not all can be added."""
        urls = syntax.media_urls(markup)  # none in a <div> around a video
        text = syntax.markup_text(markup)
        if not urls:
            return not text
        assume_video = "<video" in markup.lower()
        are_added = [self._add_media(url, line, assume_video=assume_video) for url in urls]
        if text and all(are_added):
            self.diagnostics.warning(line.number, f"the text {quote(text)} is left out", "write it below the picture")
        return all(are_added)

    def _add_media(self, text: str, line: Line, *, assume_video: bool) -> bool:
        """Set the image or the video, whose URL is `text`; False if the paper already has another one."""
        url = syntax.parse_url(text)
        if url is None:
            problem = f"{quote(line.text)} is left out because its URL is not valid"
            self.diagnostics.warning(line.number, problem, "write an absolute http or https URL")
            return True
        is_video = syntax.is_video(url, default=assume_video)
        if (self.video if is_video else self.image) not in (None, url):
            return False
        if is_video:
            self.video = url
        else:
            self.image = url
        return True

    def _limit_summary(self) -> None:
        """Leave out blank lines around the summary, and the end of one that is too long."""
        while self.summary and not self.summary[-1].text.strip():
            self.summary.pop()
        del self.summary[: next((index for index, line in enumerate(self.summary) if line.text), 0)]
        length = 0
        for index, line in enumerate(self.summary):
            if length + len(line.text) > _MAX_SUMMARY:
                problem = f"the summary has more than {_MAX_SUMMARY:,} characters, and the others are left out"
                self.diagnostics.error(line.number, problem, "shorten it")
                self.summary[index:] = [line._replace(text=line.text[: max(0, _MAX_SUMMARY - length)])]
                return
            length += len(line.text) + 1

    def _limit_authors(self, line: Line) -> None:
        """Leave out authors that are too many, and the end of names that are too long."""
        if len(self.authors) > _MAX_AUTHORS:
            self.authors, self.more_authors = self.authors[:_MAX_AUTHORS], True
            problem = f"the paper has more than {_MAX_AUTHORS:,} authors, and the others are left out"
            self.diagnostics.error(line.number, problem, "write the first ones, and + for the others")
        if any(len(name) > _MAX_NAME for name in self.authors):
            self.authors = tuple(name[:_MAX_NAME] for name in self.authors)
            problem = f"a name has more than {_MAX_NAME:,} characters, and the others are left out"
            self.diagnostics.error(line.number, problem, "write a comma between names")

    def _report_fields_in_summary(self) -> None:
        """Report the lines of the summary, outside of code, that seem to be meant as fields or as headings."""
        fence = ""
        is_after_bullet = False
        links: list[Line] = []
        for line in self.summary:
            bullet = _BULLET.match(line.text)
            is_bullet = bullet is not None
            is_after_bullet = is_after_bullet or is_bullet
            was_in_code, fence = bool(fence), fence_after(line.text, fence)
            text = line.text[bullet.end() :] if bullet else line.text
            if was_in_code or fence or not _may_be_more_than_text(text):
                continue
            text = _bare(text)
            if not is_bullet and _is_paper_link(text) and not self._is_own_link(text):
                links.append(line)
            elif links and not is_bullet and _is_field(text):
                self._report_other_paper(links.pop(), Severity.ERROR)
            elif not self._report_heading_in_summary(line, text):
                self._report_field_in_summary(line, text, is_bullet=is_bullet, is_after_bullet=is_after_bullet)
        for line in links:
            self._report_other_paper(line, Severity.WARNING)

    def _is_own_link(self, text: str) -> bool:
        link = syntax.parse_link(text)
        return link is not None and arxiv_id(link.url) == arxiv_id(self.url)

    def _report_other_paper(self, line: Line, severity: Severity) -> None:
        message = f"{quote(line.text)} is read as the summary; if it is a paper, start its line with ###"
        self.diagnostics.add(line.number, message, severity)

    def _report_heading_in_summary(self, line: Line, text: str) -> bool:
        """Report a line that seems to be meant as the heading of a day or paper; False if it does not."""
        match = _WRAPPED_HEADING.fullmatch(text) if "#" in text[:_MAX_WRAPPING] else None
        if match is None:
            return False
        day = parse_day_heading(match["text"])
        is_meant = text.startswith("##") or syntax.parse_link(match["text"]) or (day and day.is_certain)
        if is_meant:
            severity = Severity.WARNING if "<!--" in match["before"] else Severity.ERROR
            message = f"{quote(line.text)} is read as the summary; if it is a heading, start its line with the marks"
            self.diagnostics.add(line.number, message, severity)
        return bool(is_meant)

    def _report_field_in_summary(self, line: Line, text: str, *, is_bullet: bool, is_after_bullet: bool) -> None:
        if _LINK_WITH_SPACES.search(text):
            hint = "write %20 for spaces in a URL"
        elif _is_field(text) and not (is_bullet and self.votes is not None and self.authors):
            hint = "write a field once, before the first bullet"
        elif not is_after_bullet and _FIELD_START.match(text) and not _is_rendered(text):
            hint = "write ![](URL), Vote: 42 or Authors: NAME, NAME"
        else:
            return
        self.diagnostics.warning(line.number, f"{quote(line.text)} is read as the summary", hint)


def _may_be_more_than_text(line: str) -> bool:
    """Whether a line can be a link, a heading or a field, as few lines of a summary are."""
    return "](" in line or "#" in line or _MAY_BE_FIELD.match(line) is not None


def _is_field(text: str) -> bool:
    """Whether a line is one of votes or authors, and not a sentence."""
    votes, authors = syntax.VOTES.fullmatch(text), syntax.AUTHORS.fullmatch(text)
    if votes:
        return votes["value"].strip(" \t*")[:1].isdigit()
    return authors is not None and bool(authors["value"].strip()) and not text.endswith((".", "다"))


def _is_rendered(text: str) -> bool:
    """Whether a picture or a link to a video in a summary is valid Markdown, which is shown as a link."""
    media = syntax.parse_media(text)
    return media is not None and media.is_well_formed and syntax.parse_url(media.url) is not None


def _continues_authors(line: str, is_list: bool) -> bool:
    """Whether the line after an unfinished list of authors continues it, and is not a field, code or a sentence."""
    text = _bare(line)
    if not text or _BULLET.match(line) or FENCE.match(line) or "<!--" in text or "-->" in text:
        return False
    patterns = (syntax.VOTES, syntax.AUTHORS, syntax.MEDIA_MARKUP)
    if any(pattern.fullmatch(text) for pattern in patterns) or syntax.parse_media(text):
        return False
    first_name = text.partition(",")[0]
    return is_list or (len(first_name.split()) <= 5 and not text.endswith(".") and "*" not in first_name)


def _bare(text: str) -> str:
    """Return a line without what is invisible around it, and without bold type of the whole line."""
    text = text.strip().strip(INVISIBLE).strip()
    is_bold = text.startswith("**") and text.endswith("**") and text.count("**") == 2
    return text[2:-2].strip() if is_bold else text


def _non_blank(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.text.strip() and not _COMMENT.fullmatch(line.text)]
