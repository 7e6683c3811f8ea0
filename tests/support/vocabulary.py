"""The words and names that generated papers are made of: a few of each, or as many as real papers use."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

_SYLLABLES = (
    "가나다라마바사아자차카타파하고노도로모보소오조초코토포호구누두루무부수우주추기니디리미비시"
    "이지치히김성정관계적인한과화학습데터델언어생추론강최근연방법제안결능향상존문해영음현실험평분석효율개선"
)
_LATIN = "tion re ba Di Trans form er Lo Ra net Agent Gen Vi ta mo sa ki Qu ze Bench Flow 3D".split()
_GIVEN = "an Mi jun Wei ya Hao ran Ji el so Ke th ri na Xi ao".split()
_FAMILY = "Li Zha ng Kim son Par k Wa Mül ler ov Che n ga rcia ta na ka".split()


@dataclass(frozen=True)
class Vocabulary:
    """What papers are written with.

    Attributes:
        nouns, latin, verbs: the words of summaries; titles are of Latin ones.
        given, family: the parts of names.
        noun_weights, name_weights: how often the first 1, 2, 3… nouns and whole names occur, where not all occur alike.
        max_authors: one more than the usual number of authors can be.
        sentence: the least number of nouns in a sentence, and one more than the largest.
        links: the share of summaries that link to code.
    """

    nouns: Sequence[str]
    latin: Sequence[str]
    verbs: Sequence[str]
    given: Sequence[str]
    family: Sequence[str]
    noun_weights: Sequence[float] = ()
    name_weights: Sequence[float] = ()
    max_authors: int = 25
    sentence: tuple[int, int] = (6, 14)
    links: float = 0

    def noun(self, chance: random.Random) -> str:
        if not self.noun_weights:
            return chance.choice(self.nouns)
        return chance.choices(self.nouns, cum_weights=self.noun_weights)[0]

    def name(self, chance: random.Random) -> str:
        if not self.name_weights:
            return f"{chance.choice(self.given)} {chance.choice(self.family)}"
        (number,) = chance.choices(range(len(self.name_weights)), cum_weights=self.name_weights)
        return f"{self.given[number % len(self.given)]} {self.family[number * 7919 % len(self.family)]}"


SMALL = Vocabulary(
    nouns="""모델 언어모델 확산 영상 이미지 추론 학습 데이터 벤치마크 토큰 주의 기제 강화학습 로봇 음성 표현 정렬 증류
양자화 검색 생성 평가""".split(),
    latin="LLM Diffusion Transformer Agent RLHF GPT-4 Video 3D Mixture Sparse Token Vision Reasoning Gaussian".split(),
    verbs="제안합니다 보여줍니다 개선합니다 달성했습니다 분석합니다 소개합니다 공개합니다 줄입니다".split(),
    given="Min-jun Seo-yeon Ji-ho Wei Yang Haoran Anna Jürgen Chloé O'Neil Søren Aditi Kenji María".split(),
    family="Kim Lee Park Zhang Li Wang Müller Sánchez O'Brien van-der-Berg Nguyen Tanaka Gupta Łukasz".split(),
)


@cache
def real() -> Vocabulary:
    """Return words as rare, and names as many, as in the digests of a year: what a cache of words is worth shows then.

    Both follow Zipf's law.
    """
    chance = random.Random(7)

    def make(syllables: Sequence[str], lengths: Sequence[int], count: int) -> list[str]:
        words = ("".join(chance.choices(syllables, k=chance.choice(lengths))) for _ in range(count))
        return list(dict.fromkeys(words))

    def spread(count: int, offset: int) -> list[float]:
        return list(accumulate(1 / (rank + offset) for rank in range(count)))

    nouns = list(dict.fromkeys([*SMALL.nouns, *make(_SYLLABLES, (1, 2, 2, 2, 3, 3, 4), 60_000)]))
    capitalize: Callable[[str], str] = str.capitalize
    return Vocabulary(
        nouns=nouns,
        latin=[*SMALL.latin, *make(_LATIN, (2, 3, 4), 6_000)],
        verbs=SMALL.verbs,
        given=[*SMALL.given, *map(capitalize, make(_GIVEN, (2, 3), 2_000))],
        family=[*SMALL.family, *map(capitalize, make(_FAMILY, (2, 2, 3), 3_000))],
        noun_weights=spread(len(nouns), 3),
        name_weights=spread(200_000, 500),
        max_authors=16,
        sentence=(9, 19),
        links=0.25,
    )
