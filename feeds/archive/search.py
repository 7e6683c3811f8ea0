"""Finds the papers whose texts match the words of a query, and what a query without results could mean."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice, product
from typing import NamedTuple

from feeds.model.query import Clause
from feeds.text import matching, spelling, unicode
from feeds.text.matching import BARRIER, LINE_BREAK, Grade, Word, squeeze

FIRST_LISTING = "rank IS NOT NULL AND day = first_day"
"""The condition that selects the first listing of every paper, the only one that a search finds."""

_MAX_TRIGRAMS = 32  # of a term; more would leave no fewer candidates
_IN_TITLE = Grade.WHOLE  # added to the grade of a match in a title, which is better than any in a text
_MAX_SUGGESTIONS = 5
_SAMPLE = 100  # papers whose texts are searched for similar words: the most similar ones, and as many of the newest


class Texts(NamedTuple):
    """What is searched of a paper, folded."""

    title: str
    body: str

    @property
    def letters(self) -> str:
        """What is indexed: no spaces or hyphens; Hangul is decomposed, so that two syllables have a trigram."""
        return unicode.decompose(squeeze(f"{self.title}{BARRIER}{self.body}"))


def fold_texts(titles: Iterable[str], others: Iterable[str]) -> Texts:
    """Fold the forms of a paper's title, and its other texts."""
    return Texts(BARRIER.join(map(_fold_lines, titles)), BARRIER.join(map(_fold_lines, others)))


def _fold_lines(text: str) -> str:
    return LINE_BREAK.join(" ".join(line.split()) for line in unicode.fold_characters(text).split("\n"))


class Search:
    """Answers the words of queries from the index within one transaction; keeps what it has found."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._matches: dict[tuple[Clause, ...], list[int]] = {}
        self._suggestions: dict[tuple[Clause, ...], list[str]] = {}

    def find(self, clauses: tuple[Clause, ...]) -> list[int]:
        """Return the IDs of the papers that satisfy all clauses, the best matches first, then the newest."""
        if clauses not in self._matches:
            self._matches[clauses] = self._find(clauses)
        return self._matches[clauses]

    def suggest(self, clauses: tuple[Clause, ...]) -> list[str]:
        """Return what clauses that find nothing could mean, as texts of a query: corrected, or else some of them.

        Each word finds something; together they may not.
        """
        if clauses not in self._suggestions:
            self._suggestions[clauses] = self._suggest(clauses)
        return self._suggestions[clauses]

    def _find(self, clauses: Sequence[Clause]) -> list[int]:
        conditions = [FIRST_LISTING]
        values: list[str] = []
        for condition, operands in _candidates(clauses):
            conditions.append(condition)
            values += operands
        statement = (
            "SELECT papers.id, slug, texts.title, texts.body FROM papers JOIN texts USING (id)"  # noqa: S608  # conditions of ours
            f" WHERE {' AND '.join(conditions)} ORDER BY day DESC, rank"
        )
        runs = _split_runs(clauses)
        scores = {}
        for paper, slug, title, body in self._connection.execute(statement, values):
            score = _score(runs, slug, Texts(title, body))
            if score is not None:
                scores[paper] = score
        return sorted(scores, key=lambda paper: -scores[paper])

    def _suggest(self, clauses: Sequence[Clause]) -> list[str]:
        choices = [self._correct(clause) for clause in clauses]
        corrected = islice(map(" ".join, product(*choices)), _MAX_SUGGESTIONS)
        words = [
            choice[0] for clause, choice in zip(clauses, choices, strict=True) if choice and not clause.is_excluded
        ]
        written = " ".join(clause.text for clause in clauses)
        return [text for text in dict.fromkeys([*corrected, *words]) if text != written]

    def _correct(self, clause: Clause) -> list[str]:
        """Return a clause itself if it finds or excludes something, else what its terms could mean."""
        if clause.is_excluded or self.find((clause,)):
            return [clause.text]
        return [text for term in clause.terms for text in self._correct_term(term)]

    def _correct_term(self, term: str) -> list[str]:
        """Return what a word could mean; for a phrase its words, each corrected if it finds nothing."""
        words = term.split()
        if len(words) == 1:
            return spelling.nearest(term, self._similar_texts(term), _MAX_SUGGESTIONS)
        choices = [self._correct(Clause(word, (Word(word),))) for word in words]
        return [" ".join(choice[0] for choice in choices)] if all(choices) else []

    def _similar_texts(self, term: str) -> list[str]:
        """Return texts that similar words may be in: all titles, the texts that share most trigrams, the newest."""
        trigrams = _trigrams(term, step=1)
        matches = " UNION ALL ".join(["SELECT rowid FROM trigrams WHERE trigrams MATCH ?"] * len(trigrams))
        similar = f"SELECT rowid FROM ({matches or 'trigrams'}) GROUP BY rowid ORDER BY count(*) DESC, rowid DESC"  # noqa: S608
        newest = "SELECT id FROM papers ORDER BY day DESC, rank"
        rows = self._connection.execute(
            f"SELECT title, iif(id IN ({similar} LIMIT ?) OR id IN ({newest} LIMIT ?), body, '') FROM texts",  # noqa: S608
            [*trigrams, _SAMPLE, _SAMPLE],
        )
        return [text for row in rows for text in row]


def _candidates(clauses: Iterable[Clause]) -> Iterator[tuple[str, Sequence[str]]]:
    """Return conditions, evaluated by indexes, of the papers that may satisfy the clauses.

    The letters of 가 are also in 각, so that the texts themselves decide.
    """
    expressions = []
    for clause in clauses:
        if clause.is_excluded:
            continue
        if clause.slugs and not clause.terms:
            yield f"slug IN ({', '.join('?' * len(clause.slugs))})", clause.slugs
        alternatives = [" AND ".join(_trigrams(term, step=3)) for term in clause.terms]
        if not clause.slugs and all(alternatives):
            expressions.append(f"({' OR '.join(alternatives)})")
    if expressions:
        # The plus keeps SQLite from sorting all candidates where an index has the first ones in order.
        yield "+papers.id IN (SELECT rowid FROM trigrams WHERE trigrams MATCH ?)", [" AND ".join(expressions)]


def _trigrams(term: str, step: int) -> list[str]:
    """Return every `step`th trigram of a term and its last one, as FTS5 writes them; none of a term that is shorter.

    To find candidates, trigrams do without overlap: what they let through is checked anyway.
    """
    letters = unicode.decompose(squeeze(term))
    starts = [*range(0, len(letters) - 3, step), len(letters) - 3] if len(letters) >= 3 else []
    trigrams = dict.fromkeys(letters[start : start + 3].replace('"', '""') for start in starts)
    return [f'"{trigram}"' for trigram in islice(trigrams, _MAX_TRIGRAMS)]


class _Run(NamedTuple):
    """Adjacent clauses. Words in a row also match as one, `강화 학습` like 강화학습."""

    clauses: Sequence[Clause]
    joined: Word | None = None


def _split_runs(clauses: Iterable[Clause]) -> list[_Run]:
    runs = []
    for are_words, group in groupby(clauses, key=_is_word):
        run = list(group)
        joined = Word(" ".join(clause.terms[0] for clause in run)) if are_words and len(run) > 1 else None
        runs.append(_Run(run, joined))
    return runs


def _is_word(clause: Clause) -> bool:
    """Return True for a clause of one word, which is no phrase and not excluded."""
    is_plain = len(clause.terms) == 1 and not clause.slugs and not clause.is_excluded
    return is_plain and isinstance(clause.terms[0], Word)


def _score(runs: Iterable[_Run], slug: str, texts: Texts) -> int | None:
    """Return how well a paper satisfies all clauses: the sum of the grades of its matches; None if it does not."""
    score = 0
    for clauses, joined in runs:
        grades = [_grade_clause(clause, slug, texts) for clause in clauses]
        is_satisfied = all(bool(grade) != clause.is_excluded for clause, grade in zip(clauses, grades, strict=True))
        joined_grade = _grade(joined, texts) if joined else 0
        if not is_satisfied and not joined_grade:
            return None
        score += sum(grades) + len(clauses) * joined_grade
    return score


def _grade_clause(clause: Clause, slug: str, texts: Texts) -> int:
    """Return the best grade of the alternatives of a clause, 0 if none matches."""
    if slug in clause.slugs:
        return _IN_TITLE + Grade.WHOLE
    return max((_grade(term, texts) for term in clause.terms), default=0)


def _grade(term: str, texts: Texts) -> int:
    in_title = matching.grade(term, texts.title)
    return _IN_TITLE + in_title if in_title else matching.grade(term, texts.body)
