"""Describes what the papers of a period are about: how many there are, their topics, and the words of their titles."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from feeds.exporters.epub.subjects import count_topics
from feeds.model.edition import Ranking
from feeds.site.site import Topic

_MAX_TOPICS = 4
_MAX_WORDS = 8
_MIN_PAPERS = 2  # whose titles have a word
_WORD = re.compile(r"[^\W\d_][\w'’-]*[^\W_]")
_MAX_SHARE = 0.5  # of the papers: a word that more have tells them apart from nothing
# Words of titles that say little of what a paper is about.
_COMMON_WORDS = """
    about across advancing all an and any approach are as at based be beyond but by can case do does efficient
    enabling enhancing evaluating exploring fast few first for framework from general generating go good high how
    if improve improved improves improving in into is it its large learning less let make method model modeling
    models more multi need new no not novel of on one or our out over paper report review scalable scaling self
    simple small study survey system systematic technical technique techniques that the their they this through to
    toward towards training two under understanding unified up us using via we what when where which why with
    without you your zero-shot
    기반 논문 대한 모델 방법 새로운 연구 위한 을 를 이용한 통한 효율적인
"""
_NOT_TELLING = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True)
class Foreword:
    """What a foreword says of a ranking.

    `papers` and `days` count those of the whole period, `votes` those of the papers in the book. `topics` are names
    with numbers of papers, `words` are the words that most titles share.
    """

    papers: int
    days: int
    votes: int
    topics: Sequence[tuple[str, int]]
    words: Sequence[str]


def describe_ranking(ranking: Ranking, topics: Iterable[Topic]) -> Foreword:
    """Describe the papers of a ranking, and the period that they are chosen from."""
    counts = count_topics(ranking.papers, topics)
    return Foreword(
        papers=sum(day.new for day in ranking.calendar),
        days=len(ranking.dates),
        votes=sum(paper.votes or 0 for paper in ranking.papers),
        topics=[(name, count) for name, count in counts.most_common(_MAX_TOPICS) if count],
        words=find_words(paper.plain_title for paper in ranking.papers),
    )


def find_words(titles: Iterable[str]) -> list[str]:
    """Return the words that most titles share, the most common ones first, as most titles spell them.

    A plural counts as its singular. Left out are words that say little, and those that nearly all titles have.
    """
    titles = list(titles)
    spellings: dict[str, Counter[str]] = {}
    for title in titles:
        words = {_stem(word): word for word in _WORD.findall(title) if word.casefold() not in _NOT_TELLING}
        for stem, word in words.items():
            spellings.setdefault(stem, Counter())[word] += 1
    counts = Counter({stem: words.total() for stem, words in spellings.items()})
    telling = [stem for stem, count in counts.most_common() if _MIN_PAPERS <= count <= _MAX_SHARE * len(titles)]
    return [spellings[stem].most_common(1)[0][0] for stem in telling[:_MAX_WORDS]]


def _stem(word: str) -> str:
    folded = word.casefold()
    return folded[:-1] if len(folded) > 3 and folded.endswith("s") and not folded.endswith("ss") else folded
