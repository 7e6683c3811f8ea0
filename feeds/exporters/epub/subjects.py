"""Finds the subjects of a book: the topics of the site that its papers match, and the tags of the papers."""

from collections import Counter
from collections.abc import Iterable

from feeds.model.paper import Paper
from feeds.model.query import Clause
from feeds.site.site import Topic
from feeds.text.unicode import fold

_MAX_SUBJECTS = 5  # of either kind
_WORDS_ONLY = {"q", "order", "limit"}  # the parameters of a topic that is about something


def find_subjects(papers: Iterable[Paper], topics: Iterable[Topic]) -> list[str]:
    """Return the names of the topics that most papers match as written, and the tags that most have.

    The most common ones of either come first. Names have no commas: calibre splits them there.
    """
    papers = list(papers)
    counts = count_topics(papers, topics).most_common(_MAX_SUBJECTS)
    names = [" ".join(name.replace(",", " ").split()) for name, count in counts if count]
    tags = Counter(tag for paper in papers for tag in paper.tags)
    return list(dict.fromkeys([*names, *(tag for tag, _ in tags.most_common(_MAX_SUBJECTS))]))


def count_topics(papers: Iterable[Paper], topics: Iterable[Topic]) -> Counter[str]:
    """Count the papers that match each topic, by its name; topics that are more than words are left out."""
    texts = [fold(f"{paper.title}\n{paper.summary}\n{paper.abstract}") for paper in papers]
    counts: Counter[str] = Counter()
    for topic in topics:
        query = topic.key.query
        if query.q and query.parameters().keys() <= _WORDS_ONLY:
            counts[topic.name] = sum(all(_matches(clause, text) for clause in query.clauses) for text in texts)
    return counts


def _matches(clause: Clause, text: str) -> bool:
    return any(term in text for term in clause.terms) != clause.is_excluded
