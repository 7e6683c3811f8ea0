"""Writes archives of generated digests, in all the variants of real ones, and reads archives."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from feeds.archive.archive import Archive
from feeds.archive.snapshot import FileDiagnostic
from feeds.model.keys import SEARCH
from feeds.model.paper import DayCount, Listing

_NOUNS = """모델 언어모델 확산 영상 이미지 추론 학습 데이터 벤치마크 토큰 주의 기제 강화학습 로봇 음성 표현 정렬 증류
양자화 검색 생성 평가""".split()
_VERBS = "제안합니다 보여줍니다 개선합니다 달성했습니다 분석합니다 소개합니다 공개합니다 줄입니다".split()
_LATIN = "LLM Diffusion Transformer Agent RLHF GPT-4 Video 3D Mixture Sparse Token Vision Reasoning Gaussian".split()
_GIVEN = "Min-jun Seo-yeon Ji-ho Wei Yang Haoran Anna Jürgen Chloé O'Neil Søren Aditi Kenji María".split()
_FAMILY = "Kim Lee Park Zhang Li Wang Müller Sánchez O'Brien van-der-Berg Nguyen Tanaka Gupta Łukasz".split()
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
    day = date(2023, 11, 20)
    number = 0
    for count in counts:
        path = root / f"{day:%Y/%m/%d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(digest(day, count, number, chance), encoding="utf-8")
        number += count
        day += timedelta(days=chance.choice([1, 1, 1, 1, 3]))


def digest(day: date, count: int, first: int, chance: random.Random) -> str:
    """Return a day file as they were written at that time; `first` is the number of its first paper."""
    papers = [_paper(day, first + rank, chance) for rank in range(count)]
    if count > 4 and chance.random() < 0.05:
        papers.insert(count // 2, f"## Daily Papers ({day})\n")
    return "\n".join([f"## Daily Papers ({day})\n", *papers])


def _spread(days: int, papers: int, chance: random.Random) -> list[int]:
    counts = [1] * days
    for _ in range(papers - days):
        counts[chance.randrange(days)] += 1
    return counts


def _paper(day: date, number: int, chance: random.Random) -> str:
    return "\n".join(_lines(day, number, chance))


def _lines(day: date, number: int, chance: random.Random) -> Iterator[str]:
    yield f"### [{_title(number, chance)}](https://arxiv.org/abs/{day:%y%m}.{number:05})\n"
    if day.year > 2023 or chance.random() < 0.5:
        yield from _media(number, chance)
        yield f"Vote: {chance.choice(['-', chance.randrange(90), chance.randrange(20)])}\n"
        yield f"Authors: {_authors(day, chance)}\n"
    yield from _summary(day, chance)
    yield ""


def _title(number: int, chance: random.Random) -> str:
    if chance.random() < 0.02:
        return f"{chance.choice(_HOSTILE_TITLES)} {number}"
    return f"{chance.choice(_LATIN)}-{number}: {' '.join(chance.sample(_LATIN, 5))}"


def _media(number: int, chance: random.Random) -> Iterator[str]:
    kind = chance.random()
    if kind < 0.05:
        video = f"https://cdn.example.org/{number}.mp4"
        yield f'[Watch Video]({video})\n<div><video controls src="{video}" muted="false"></video></div>\n'
    elif kind < 0.06:
        yield f"![](https://cdn.example.org/{number}.qt)\n"
    elif kind < 0.99:
        yield f"![](https://cdn.example.org/{number}.png)\n"


def _authors(day: date, chance: random.Random) -> str:
    count = 663 if chance.random() < 0.001 else chance.randrange(1, 25)
    names = [f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}" for _ in range(count)]
    if chance.random() < 0.1:
        names.insert(chance.randrange(count + 1), "+")
    return repr(names) if day >= date(2024, 9, 1) and chance.random() < 0.5 else ", ".join(names)


def _summary(day: date, chance: random.Random) -> Iterator[str]:
    if chance.random() < 0.03:
        yield chance.choice(_HOSTILE_TEXTS)
        return
    labels = ["**What's New**: ", "**Technical Details**: ", "**Performance Highlights**: "]
    if day < date(2024, 5, 1):
        labels = [""] * chance.randrange(3, 9)
    for label in labels:
        yield f"- {label}{' '.join(_sentence(chance) for _ in range(chance.randrange(1, 4)))}"


def _sentence(chance: random.Random) -> str:
    words = [
        chance.choice(_NOUNS) + chance.choice(["을", "의", "와", "에서", ""]) for _ in range(chance.randrange(6, 14))
    ]
    words.insert(chance.randrange(len(words)), chance.choice(_LATIN))
    return f"{' '.join(words)} {chance.choice(_VERBS)}."


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
