"""Finds the subjects of a book: the topics of the site that its papers match."""

from collections import Counter
from collections.abc import Iterable

from feeds.model.paper import Paper
from feeds.model.query import Clause
from feeds.site.site import Topic
from feeds.text.unicode import fold

_MAX_SUBJECTS = 5
_WORDS_ONLY = {"q", "order", "limit"}  # the parameters of a topic that is about something


def find_subjects(papers: Iterable[Paper], topics: Iterable[Topic]) -> list[str]:
    """Return the names of the topics that most papers match as written, the most common first.

    Names have no commas: calibre splits them there.
    """
    texts = [fold(f"{paper.title}\n{paper.summary}") for paper in papers]
    counts: Counter[str] = Counter()
    for topic in topics:
        query = topic.key.query
        if query.q and query.parameters().keys() <= _WORDS_ONLY:
            counts[topic.name] = sum(all(_matches(clause, text) for clause in query.clauses) for text in texts)
    return [" ".join(name.replace(",", " ").split()) for name, count in counts.most_common(_MAX_SUBJECTS) if count]


def _matches(clause: Clause, text: str) -> bool:
    return any(term in text for term in clause.terms) != clause.is_excluded
