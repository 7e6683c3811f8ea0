"""Writes archives of generated digests, in all the variants of real ones, and reads archives."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from feeds.archive.archive import Archive
from feeds.archive.snapshot import FileDiagnostic
from feeds.model.edition import Collection, Edition
from feeds.model.keys import SEARCH, Key, parse_key
from feeds.model.paper import DayCount, Listing
from tests.support.vocabulary import SMALL, Vocabulary, real

_FIRST = date(2023, 11, 20)
_GAPS: Sequence[int] = (1, 1, 1, 1, 3)  # days from a digest to the next
_HOSTILE_TITLES = (
    "LLM$\\times$MapReduce: $O(n^2)$ & <think> less",
    "[IDK] tokens: `teach` *models* to <EOS>",
    "A & B < C > D \"quoted\" 'title' 한국어 제목",
    "T" + "i" * 190 + "tle",
)
_HOSTILE_TEXTS = (
    "- 토큰 <EOS>와 <think>생각</think>을 <script>alert(1)</script> 쓰고 $\\alpha_1 * \\beta_2$ 를 구합니다.",
    "- 제어 문자 \x08eta, \x0crac 와 탭\times 을 담고 있습니다.",
    "- 코드는 https://github.com/some_one/a_b_c에서, 데이터는 (https://example.org/a_(b)) 에서 볼 수 있습니다.",
    "1. **강조(emphasis)**를 합니다.\n2. `code <x>` 를 씁니다.\n\n   | 가 | 나 |\n   |---|---|\n   | 1 | 2 |",
)


def write(root: Path, days: int, papers: int, seed: int = 1) -> None:
    """Write an archive of a number of days with a number of papers in all; the same arguments give the same files."""
    chance = random.Random(seed)
    counts = _spread(days, papers, chance)
    day = _FIRST
    number = 0
    for count in counts:
        _write_day(root, day, digest(day, count, number, chance))
        number += count
        day += timedelta(days=chance.choice(_GAPS))


def write_real(root: Path, times: int = 1, seed: int = 1) -> date:
    """Write an archive of the shape of the real one, or of 10 or 100 times its size; return its last day.

    The real one has 357 days from November 2023 on, 5,487 papers by about 8 authors each, and 9.5 MB. Larger ones begin
    earlier. Since 1990, when days begin, there were not 100 times as many: there is then a digest every day, with three
    times the papers.
    """
    chance = random.Random(seed)
    vocabulary = real()
    days, gaps = (357 * times, _GAPS) if times <= 10 else (119 * times, (1,))
    first = {1: _FIRST, 10: date(2011, 8, 1), 100: date(1992, 6, 1)}[times]
    day, number = first, 0
    for rank, count in enumerate(_spread(days, 5_487 * times, chance)):
        style = _FIRST + timedelta(days=500 * rank // days)
        _write_day(root, day, digest(day, count, number, chance, vocabulary, style))
        number += count
        last, day = day, day + timedelta(days=chance.choice(gaps))
    return last


def _write_day(root: Path, day: date, text: str) -> None:
    path = root / f"{day:%Y/%m/%d}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def digest(
    day: date,
    count: int,
    first: int,
    chance: random.Random,
    vocabulary: Vocabulary = SMALL,
    style: date | None = None,
) -> str:
    """Return a day file.

    Args:
        day: the day.
        count: how many papers it has.
        first: the number of the first one.
        chance: decides everything else.
        vocabulary: the words that it is written in.
        style: the day when files were written like this one; by default the day itself.
    """
    papers = [_Paper(day, first + rank, chance, vocabulary, style or day).text() for rank in range(count)]
    if count > 4 and chance.random() < 0.05:
        papers.insert(count // 2, f"## Daily Papers ({day})\n")
    return "\n".join([f"## Daily Papers ({day})\n", *papers])


def _spread(days: int, papers: int, chance: random.Random) -> list[int]:
    counts = [1] * days
    for _ in range(papers - days):
        counts[chance.randrange(days)] += 1
    return counts


@dataclass(frozen=True)
class _Paper:
    """A paper of a day file, with a number of its own."""

    day: date
    number: int
    chance: random.Random
    vocabulary: Vocabulary
    style: date

    def text(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        chance = self.chance
        yield f"### [{self._title()}](https://arxiv.org/abs/{self.day:%y%m}.{self.number % 100_000:05})\n"
        if self.style.year > 2023 or chance.random() < 0.5:
            yield from self._media()
            yield f"Vote: {chance.choice(['-', chance.randrange(90), chance.randrange(20)])}\n"
            yield f"Authors: {self._authors()}\n"
        yield from self._summary()
        yield ""

    def _title(self) -> str:
        chance, latin = self.chance, self.vocabulary.latin
        if chance.random() < 0.02:
            return f"{chance.choice(_HOSTILE_TITLES)} {self.number}"
        return f"{chance.choice(latin)}-{self.number}: {' '.join(chance.sample(latin, 5))}"

    def _media(self) -> Iterator[str]:
        kind = self.chance.random()
        if kind < 0.05:
            video = f"https://cdn.example.org/{self.number}.mp4"
            yield f'[Watch Video]({video})\n<div><video controls src="{video}" muted="false"></video></div>\n'
        elif kind < 0.06:
            yield f"![](https://cdn.example.org/{self.number}.qt)\n"
        elif kind < 0.99:
            yield f"![](https://cdn.example.org/{self.number}.png)\n"

    def _authors(self) -> str:
        chance, vocabulary = self.chance, self.vocabulary
        count = 663 if chance.random() < 0.001 else chance.randrange(1, vocabulary.max_authors)
        names = [vocabulary.name(chance) for _ in range(count)]
        if chance.random() < 0.1:
            names.insert(chance.randrange(count + 1), "+")
        return repr(names) if self.style >= date(2024, 9, 1) and chance.random() < 0.5 else ", ".join(names)

    def _summary(self) -> Iterator[str]:
        chance = self.chance
        if chance.random() < 0.03:
            yield chance.choice(_HOSTILE_TEXTS)
            return
        labels = ["**What's New**: ", "**Technical Details**: ", "**Performance Highlights**: "]
        if self.style < date(2024, 5, 1):
            labels = [""] * chance.randrange(3, 9)
        for label in labels:
            yield f"- {label}{' '.join(self._sentence() for _ in range(chance.randrange(1, 4)))}"
        if self.vocabulary.links and chance.random() < self.vocabulary.links:
            code = f"https://github.com/{chance.choice(self.vocabulary.given)}/{self.number}"
            yield f"- 코드는 {code}에서 볼 수 있습니다."

    def _sentence(self) -> str:
        chance, vocabulary = self.chance, self.vocabulary
        words = [
            vocabulary.noun(chance) + chance.choice(["을", "의", "와", "에서", ""])
            for _ in range(chance.randrange(*vocabulary.sentence))
        ]
        words.insert(chance.randrange(len(words)), chance.choice(vocabulary.latin))
        return f"{' '.join(words)} {chance.choice(vocabulary.verbs)}."


def sync(archive: Archive) -> Archive:
    """Update an archive, and return it."""
    archive.sync()
    return archive


def listings(archive: Archive) -> tuple[Listing, ...]:
    """Return the first listing of every paper."""
    with archive.snapshot() as snapshot:
        return snapshot.load(SEARCH).listings


def titles(archive: Archive) -> list[str]:
    """Return the titles of all papers."""
    return [listing.paper.title for listing in listings(archive)]


def calendar(archive: Archive) -> tuple[DayCount, ...]:
    """Return the number of papers of every day."""
    with archive.snapshot() as snapshot:
        return snapshot.calendar()


def diagnostics(archive: Archive) -> tuple[FileDiagnostic, ...]:
    """Return what is wrong in the files."""
    with archive.snapshot() as snapshot:
        return snapshot.diagnostics()


def contents(archive: Archive) -> tuple[object, ...]:
    """Return everything above, and the revision."""
    with archive.snapshot() as snapshot:
        return snapshot.load(SEARCH), snapshot.calendar(), snapshot.diagnostics(), snapshot.revision


def key(text: str) -> Key:
    """Parse a key that is one."""
    parsed = parse_key(text)
    assert parsed
    return parsed


def paper_titles(edition: Edition) -> list[str]:
    """List the titles of the papers in an edition."""
    return [paper.title for paper in edition.papers]


def member_keys(edition: Edition) -> list[str]:
    """List the keys of the members of a collection."""
    assert isinstance(edition, Collection)
    return [member.key.text for member in edition.editions]
