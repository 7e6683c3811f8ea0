"""Finds the papers whose texts match the words of a query, and what a query without results could mean.

Words are not indexed, because Korean has too many forms of them. SQLite looks for the letters of a query in those of
every paper, at some hundred megabytes a second, and only the texts of papers that have them are matched. The searches
that an archive watches, its topics, are matched once per paper, when it is indexed.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice, pairwise, product
from typing import NamedTuple

from feeds.model.query import Clause
from feeds.text import matching, spelling, unicode
from feeds.text.matching import BARRIER, LINE_BREAK, Grade, Word, squeeze

FIRST_LISTING = "rank IS NOT NULL AND day = first_day"
"""The condition that selects the first listing of every paper, the only one that a search finds."""

_IN_TITLE = Grade.WHOLE  # added to the grade of a match in a title, which is better than any in a text
_MAX_SUGGESTIONS = 5
_MAX_CORRECTED = 12  # words that find nothing; of more none is corrected
_MAX_PAIRS = 12  # of letters of a word that similar texts share
_RECENT = 1_000  # papers among whose words similar ones are looked for
_SAMPLE = 50  # of these, whose texts are: the most similar ones, and as many of the newest
_MAX_KEPT = 64  # queries


class Texts(NamedTuple):
    """What is searched of a paper, folded."""

    title: str
    body: str

    @property
    def letters(self) -> str:
        """The texts without spaces and hyphens: whatever a term matches has all of its letters in a row."""
        return squeeze(f"{self.title}{BARRIER}{self.body}")


def fold_texts(titles: Iterable[str], authors: Iterable[str], others: Iterable[str]) -> Texts:
    """Fold the forms of a paper's title, its authors, and its other texts."""
    body = [", ".join(fold_lines("\n".join(authors))), *(LINE_BREAK.join(fold_lines(text)) for text in others)]
    return Texts(BARRIER.join(LINE_BREAK.join(fold_lines(title)) for title in titles), BARRIER.join(body))


def fold_lines(text: str) -> list[str]:
    """Fold each line of a text."""
    return [" ".join(line.split()) for line in unicode.fold_characters(text).split("\n")]


class Matcher:
    """Tells how well texts satisfy all clauses of a query."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self._runs = _split_runs(clauses)
        self.required = [
            tuple(map(squeeze, clause.terms)) for clause in clauses if not clause.is_excluded and not clause.slugs
        ]
        """Of each of these groups a paper has the letters of one at least."""

    def matches(self, slug: str, texts: Texts, letters: str) -> bool:
        """Return True if a paper satisfies the clauses."""
        for terms in self.required:
            for term in terms:
                if term in letters:
                    break
            else:
                return False
        return all(_satisfies(run, slug, texts) for run in self._runs)

    def score(self, slug: str, texts: Texts) -> int | None:
        """Return the sum of the grades of all matches; None if the paper does not satisfy the clauses."""
        return _score(self._runs, slug, texts)


class FoundPapers(dict[str, list[int]]):
    """What was found for queries in one revision of the index, by their texts; the oldest are forgotten."""

    def keep(self, text: str, papers: list[int]) -> list[int]:
        """Keep what was found."""
        while len(self) >= _MAX_KEPT:
            self.pop(next(iter(self)), None)  # another thread may have taken it out
        self[text] = papers
        return papers


class Search:
    """Answers the words of queries from the index within one transaction.

    Args:
        connection: the index.
        found: what was found before in the same revision of the index.
    """

    def __init__(self, connection: sqlite3.Connection, found: FoundPapers) -> None:
        self._connection = connection
        self._found = found
        self._watched: dict[tuple[Clause, ...], int | None] = {}
        self._suggestions: dict[tuple[Clause, ...], list[str]] = {}

    def watched(self, clauses: tuple[Clause, ...]) -> int | None:
        """Return the number of a search in the table `matches`; None if it is not watched."""
        if clauses not in self._watched:
            row = self._connection.execute("SELECT number FROM searches WHERE text = ?", (repr(clauses),)).fetchone()
            self._watched[clauses] = int(row[0]) if row else None
        return self._watched[clauses]

    def find(self, clauses: tuple[Clause, ...]) -> list[int]:
        """Return the IDs of the papers that satisfy all clauses, the best matches first, then the newest."""
        text = repr(clauses)
        papers = self._found.get(text)
        return self._found.keep(text, self._find(clauses)) if papers is None else papers

    def finds(self, clauses: Sequence[Clause], conditions: Iterable[str] = (FIRST_LISTING,), *values: object) -> bool:
        """Return True if any paper satisfies all clauses and some conditions of SQL with their values."""
        return any(True for _ in score_papers(self._connection, clauses, " AND ".join(conditions), *values))

    def suggest(self, clauses: tuple[Clause, ...]) -> list[str]:
        """Return what clauses that find nothing could mean, as texts of a query: corrected, or else some of them.

        Each word finds something; together they may not.
        """
        if clauses not in self._suggestions:
            self._suggestions[clauses] = self._suggest(clauses)
        return self._suggestions[clauses]

    def _find(self, clauses: Sequence[Clause]) -> list[int]:
        scores = dict(score_papers(self._connection, clauses, FIRST_LISTING))
        return sorted(scores, key=lambda paper: -scores[paper])

    def _suggest(self, clauses: Sequence[Clause]) -> list[str]:
        missing = [clause for clause in clauses if not self._is_useful(clause)]
        is_correctable = sum(len(term.split()) for clause in missing for term in clause.terms) <= _MAX_CORRECTED
        choices = [
            [clause.text] if clause not in missing else self._correct(clause) if is_correctable else []
            for clause in clauses
        ]
        corrected = islice(map(" ".join, product(*choices)), _MAX_SUGGESTIONS)
        words = [
            choice[0] for clause, choice in zip(clauses, choices, strict=True) if choice and not clause.is_excluded
        ]
        written = " ".join(clause.text for clause in clauses)
        return [text for text in dict.fromkeys([*corrected, *words]) if text != written]

    def _is_useful(self, clause: Clause) -> bool:
        return clause.is_excluded or self.finds((clause,))

    def _correct(self, clause: Clause) -> list[str]:
        """Return what the terms of a clause could mean."""
        return [text for term in clause.terms for text in self._correct_term(term)]

    def _correct_term(self, term: str) -> list[str]:
        """Return what a word could mean; for a phrase its words, each corrected if it finds nothing."""
        words = term.split()
        if len(words) == 1:
            return spelling.nearest(term, self._similar_texts(term), _MAX_SUGGESTIONS)
        clauses = [Clause(word, (Word(word),)) for word in words]
        choices = [[clause.text] if self._is_useful(clause) else self._correct(clause) for clause in clauses]
        return [" ".join(choice[0] for choice in choices)] if all(choices) else []

    def _similar_texts(self, term: str) -> list[str]:
        """Return texts that similar words may be in, of recent papers: all titles, and some of the texts.

        The texts are the newest ones, and those with most of the term's letters.
        """
        pairs = list(dict.fromkeys(map("".join, pairwise(squeeze(term)))))[:_MAX_PAIRS]
        shared = " + ".join(["(instr(letters, ?) > 0)"] * len(pairs)) or "NULL"
        recent = f"SELECT id FROM papers WHERE {FIRST_LISTING} ORDER BY day DESC, rank LIMIT ?"  # noqa: S608  # of ours
        similar = f"SELECT id FROM letters WHERE id IN ({recent}) ORDER BY {shared} DESC, id DESC LIMIT ?"  # noqa: S608
        rows = self._connection.execute(
            f"SELECT title, iif(id IN ({similar}) OR id IN ({recent}), body, '') FROM texts WHERE id IN ({recent})",  # noqa: S608
            [_RECENT, *pairs, _SAMPLE, _SAMPLE, _RECENT],
        )
        return [text for row in rows for text in row]


def watch(connection: sqlite3.Connection, clauses: tuple[Clause, ...]) -> int:
    """Return the number of a search in the table `matches`, which from now on holds the papers that it finds."""
    text = repr(clauses)
    row = connection.execute("SELECT number FROM searches WHERE text = ?", (text,)).fetchone()
    if row:
        return int(row[0])
    number = connection.execute("INSERT INTO searches (text) VALUES (?)", (text,)).lastrowid
    assert number is not None  # noqa: S101  # of an INSERT
    rows = [(number, paper) for paper, _ in score_papers(connection, clauses)]
    connection.executemany("INSERT INTO matches VALUES (?, ?)", rows)
    return number


def score_papers(
    connection: sqlite3.Connection, clauses: Sequence[Clause], condition: str = "1", *operands: object
) -> Iterator[tuple[int, int]]:
    """Yield the ID and score of every paper that satisfies the clauses and a condition of SQL, newest first."""
    matcher = Matcher(clauses)
    conditions, values = [condition], [*operands]
    for clause in clauses:
        if clause.slugs and not clause.terms and not clause.is_excluded:
            conditions.append(f"slug IN ({', '.join('?' * len(clause.slugs))})")
            values += clause.slugs
    if matcher.required:
        groups = (" OR ".join(["instr(letters, ?)"] * len(terms)) for terms in matcher.required)
        having = " AND ".join(f"({group})" for group in groups)
        # The plus keeps SQLite from sorting all candidates where an index has the first ones in order.
        conditions.append(f"+papers.id IN (SELECT id FROM letters WHERE {having})")  # noqa: S608  # as above
        values += chain.from_iterable(matcher.required)
    statement = (
        "SELECT papers.id, slug, title, body FROM papers JOIN texts USING (id)"  # noqa: S608  # conditions of ours
        f" WHERE {' AND '.join(conditions)} ORDER BY day DESC, rank"
    )
    for paper, slug, title, body in connection.execute(statement, values):
        score = matcher.score(slug, Texts(title, body))
        if score is not None:
            yield paper, score


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


def _satisfies(run: _Run, slug: str, texts: Texts) -> bool:
    """Return True if a paper satisfies adjacent clauses, each or as one word."""
    if run.joined and _contains(run.joined, texts):
        return True
    return all(
        (slug in clause.slugs or any(_contains(term, texts) for term in clause.terms)) != clause.is_excluded
        for clause in run.clauses
    )


def _contains(term: str, texts: Texts) -> bool:
    return matching.contains(term, texts.title) or matching.contains(term, texts.body)


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
