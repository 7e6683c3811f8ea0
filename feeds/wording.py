"""The words around papers, in the languages of the readers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from feeds import content
from feeds.edition import Edition
from feeds.key import Key, Scope


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one language; `{}` stands for what is filled in."""

    votes: str
    authors: str
    more_authors: str
    code: str
    link: str
    video: str
    film: str
    picture: str
    paper: str
    contents: str
    previous: str
    next: str
    papers: str
    nothing: str
    search: str
    subscribe: str
    catalogues: str
    editions: str
    topics: str
    read_as: str
    shelves: Mapping[str, str]
    by_year: str
    all_years: str
    cover: str
    most_voted: str
    authors_index: str
    landmarks: str
    text: str
    picture_of: str
    accessibility: str
    days: str
    latest: str
    everything: str
    daily: str
    weekly: str
    monthly: str
    searched: str
    conditions: Mapping[str, str]
    day: str
    week: str
    month: str
    year: str


KOREAN = Wording(
    votes="추천 {}",
    authors="저자",
    more_authors="외",
    code="코드",
    link="링크",
    video="동영상 보기",
    film="동영상",
    picture="그림",
    paper="논문 원문",
    contents="차례",
    previous="이전",
    next="다음",
    papers="논문 {}편",
    nothing="찾은 논문이 없습니다.",
    search="검색",
    subscribe="구독",
    catalogues="구독 목록",
    editions="모아 보기",
    topics="주제",
    read_as="다른 형식으로",
    shelves={"newest": "새로 나온 책", "days": "날짜별", "weeks": "주별", "months": "월별", "years": "연도별"},
    by_year="연도",
    all_years="모든 해",
    cover="표지",
    most_voted="추천 많은 논문",
    authors_index="저자 찾아보기",
    landmarks="이 책의 곳곳",
    text="본문",
    picture_of="논문의 대표 그림: {}",
    accessibility="본문은 모두 글입니다. 차례와 제목으로 옮겨 다닐 수 있고, 그림마다 무엇인지 알리는 글이 있습니다.",
    days="날짜",
    latest="최근 논문",
    everything="모든 논문",
    daily="일간",
    weekly="주간",
    monthly="월간",
    searched="검색: {}",
    conditions={
        "author": "저자 {}",
        "min_votes": "추천 {} 이상",
        "from": "{}부터",
        "to": "{}까지",
        "has": "{} 있음",
        "order": "{} 순",
        "limit": "{}편씩",
        "page": "{}쪽",
        "video": "동영상",
        "code": "코드",
        "votes": "추천",
    },
    day="{0.year}년 {0.month}월 {0.day}일",
    week="{}년 {}주 ({}–{})",
    month="{0.year}년 {0.month}월",
    year="{0.year}년",
)

ENGLISH = Wording(
    votes="{} votes",
    authors="Authors",
    more_authors="and others",
    code="Code",
    link="Link",
    video="Watch video",
    film="Video",
    picture="Picture",
    paper="Paper",
    contents="Contents",
    previous="Previous",
    next="Next",
    papers="{} papers",
    nothing="No paper found.",
    search="Search",
    subscribe="Subscribe",
    catalogues="Reading lists",
    editions="Editions",
    topics="Topics",
    read_as="Read as",
    shelves={"newest": "Newest books", "days": "By day", "weeks": "By week", "months": "By month", "years": "By year"},
    by_year="Year",
    all_years="All years",
    cover="Cover",
    most_voted="Most voted",
    authors_index="Index of authors",
    landmarks="Landmarks",
    text="Text",
    picture_of="Picture of the paper: {}",
    accessibility="All content is text, with headings and a table of contents; pictures say in words what they are.",
    days="Days",
    latest="Latest papers",
    everything="All papers",
    daily="Daily",
    weekly="Weekly",
    monthly="Monthly",
    searched="Search: {}",
    conditions={
        "author": "author {}",
        "min_votes": "at least {} votes",
        "from": "from {}",
        "to": "to {}",
        "has": "with {}",
        "order": "by {}",
        "limit": "{} a page",
        "page": "page {}",
    },
    day="{0}",
    week="{0}, week {1} ({2}–{3})",
    month="{0.year}-{0.month:02}",
    year="{0.year}",
)


def wording(language: str) -> Wording:
    """Choose the words for a language tag (BCP 47); English for a language that has none."""
    return KOREAN if language.partition("-")[0].lower() == "ko" else ENGLISH


def name(key: Key, words: Wording) -> str:
    """Name an edition in words."""
    if key.scope is Scope.SEARCH:
        return words.searched.format(_question(key, words)) if key.query.parameters() else words.search
    fixed = {
        Scope.LATEST: words.latest,
        Scope.ALL: words.everything,
        Scope.DAILY: words.daily,
        Scope.WEEKLY: words.weekly,
        Scope.MONTHLY: words.monthly,
    }
    if key.scope in fixed:
        return fixed[key.scope]
    if key.scope is Scope.SHELF:
        return f"{words.shelves[key.text.partition('/')[0]]} {key.year}".strip()
    if key.scope is Scope.WEEK and key.since and key.until:
        year, week = key.text.split("-W")
        return words.week.format(year, int(week), _short_date(key.since), _short_date(key.until))
    patterns = {Scope.DAY: words.day, Scope.MONTH: words.month, Scope.YEAR: words.year}
    return patterns[key.scope].format(key.since) if key.scope in patterns else key.text


def _short_date(day: date) -> str:
    """Write a day of a known year."""
    return f"{day.month}/{day.day}"


def edition_name(edition: Edition, words: Wording) -> str:
    """Name an edition; that of one paper bears the paper's title."""
    return (
        content.title(edition.papers[0].title)
        if edition.key.scope is Scope.PAPER and edition.papers
        else name(edition.key, words)
    )


def _question(key: Key, words: Wording) -> str:
    parameters = key.query.parameters()
    asked = [parameters.pop("q", "")]
    for parameter, value in parameters.items():
        values = ", ".join(words.conditions.get(each, each) for each in value.split(","))
        asked.append(words.conditions[parameter].format(values if parameter in ("has", "order") else value))
    return " · ".join(filter(None, asked))
