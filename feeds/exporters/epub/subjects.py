"""Finds the subjects of a book: the topics of the site that its papers match."""

from collections import Counter
from collections.abc import Iterable

from feeds.model.paper import Paper
from feeds.site.site import Topic
from feeds.text.unicode import fold

_MAX_SUBJECTS = 5


def find_subjects(papers: Iterable[Paper], topics: Iterable[Topic]) -> list[str]:
    """Return the names of the topics that most papers match, the most common first.

    Only topics that are words to search for are subjects. Names have no commas: calibre splits them there.
    """
    texts = [fold(f"{paper.title}\n{paper.summary}") for paper in papers]
    counts: Counter[str] = Counter()
    for topic in topics:
        if topic.key.query.parameters().keys() - {"order"} == {"q"}:
            groups = topic.key.query.terms
            counts[topic.name] = sum(all(any(map(text.__contains__, group)) for group in groups) for text in texts)
    return [" ".join(name.replace(",", " ").split()) for name, count in counts.most_common(_MAX_SUBJECTS) if count]
