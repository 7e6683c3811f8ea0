"""Names of authors: which part is the family name."""

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nameparser.config import CONSTANTS
from nameparser.config.maiden_markers import MAIDEN_MARKERS

from feeds.model.citation import Name, parse_name, parse_with_nameparser


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Haodong Duan", Name("Duan", "Haodong")),
        ("Jan van der Berg", Name("van der Berg", "Jan")),
        ("van der Berg, Jan", Name("van der Berg", "Jan")),
        ("Ka Chun Cheung", Name("Cheung", "Ka Chun")),
        ("Martin Luther King Jr.", Name("King", "Martin Luther", "Jr.")),
        ("B O'Neil", Name("O'Neil", "B")),
        ("Łukasz Kaiser", Name("Kaiser", "Łukasz")),
        ("김민준", Name("김", "민준")),
        ("남궁민수", Name("남궁", "민수")),
        ("김 민준", Name("김", "민준")),
        ("张伟", Name("张", "伟")),
        ("欧阳修", Name("欧阳", "修")),
        ("山田 太郎", Name("山田", "太郎")),
        ("María José (Pepa) Núñez", Name("Núñez", "María José (Pepa)")),
        ('Qi "Bill" Sun', Name("Sun", 'Qi "Bill"')),
        ("Hao Ai", Name("Ai", "Hao")),
        ("Wei Ai", Name("Ai", "Wei")),
        ("King Zhu", Name("Zhu", "King")),
        ("Prince Aboagye", Name("Aboagye", "Prince")),
        ("Lama Ahmad", Name("Ahmad", "Lama")),
        ("Sheikh Shafayat", Name("Shafayat", "Sheikh")),
        ("Baron Bishop", Name("Bishop", "Baron")),
        ("Queen Lord", Name("Lord", "Queen")),
        ("De Wen Soh", Name("Soh", "De Wen")),
        ("Zu Yan", Name("Yan", "Zu")),
        ("Zejun MA", Name("MA", "Zejun")),
        ("Yi Ming MA", Name("MA", "Yi Ming")),
        ("Jun RA", Name("RA", "Jun")),
        ("Minh Do", Name("Do", "Minh")),
        ("Weinan E", Name("E", "Weinan")),
        ("Xin Lab Lee", Name("Lee", "Xin Lab")),
        ("Luc Van Gool", Name("Van Gool", "Luc")),
        ("MD Rizwan Parvez", Name("Parvez", "MD Rizwan")),
        ("Wei Li PhD", Name("Li", "Wei", "PhD")),
        ("Jose Ortega y Gasset", Name("Ortega y Gasset", "Jose")),
    ],
)
def test_name_is_split_into_family_and_given_name(text: str, name: Name) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize(
    "text",
    ["OpenAI", "DeepSeek-AI", "01. AI", "Meta AI", "Google DeepMind", "Qwen Team", "Gemini Team Google", "LCM team"]
    + ["Black Forest Labs", "Shanghai AI Laboratory", "BigScience Workshop", "Microsoft Research", "AI at Meta"]
    + ["Institute of Automation", "Research and Development, Inc", "Example Inc.", "Wei Chen et al.", "A & B"],
)
def test_group_is_not_split(text: str) -> None:
    assert parse_name(text) == Name(text)


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=40))
def test_parsed_name_keeps_every_letter(text: str) -> None:
    name = parse_name(text)
    letters = sorted(filter(str.isalnum, text))
    assert sorted(filter(str.isalnum, name.family + name.given + name.suffix)) == letters
    assert name.family


# Words by which nameparser does more than to take the last word of a name as the family name.
PARTICLES = sorted(
    {
        word
        for words in (CONSTANTS.prefixes, CONSTANTS.conjunctions, CONSTANTS.bound_first_names, MAIDEN_MARKERS)
        for entry in words
        for word in entry.strip("'’-").split()
    }
    - {"&"}  # a sign of groups
    | {"phd", "jr", "jnr", "sr", "snr", "ii", "iii", "iv", "v"}
)
WORDS = "Jan Anna Xiao-Ming Jean-Luc J. E. A. Müller García O'Brien McDonald Łukasz Wei Li Berg-Lee King MA Q".split()


@pytest.mark.parametrize("particle", PARTICLES)
def test_name_with_a_particle_is_split_as_by_nameparser(particle: str) -> None:
    for written in (particle.capitalize(), f"{particle.capitalize()}-Kim", f"Kim-{particle.capitalize()}"):
        for name in (f"{written} Wei Berg", f"Anna {written} Berg", f"Anna Berg {written}", f"{written} Berg"):
            assert parse_name(name) == parse_with_nameparser(name)


def test_generated_names_are_split_as_by_nameparser() -> None:
    chance = random.Random(1)
    syllables = "an mi jun wei ya el so th ri na ov ch ng ö é ž ß".split()
    for _ in range(3000):
        words = ["".join(chance.choices(syllables, k=chance.randrange(1, 4))).capitalize() for _ in range(2)]
        words += chance.choices([*WORDS, chance.choice(PARTICLES).capitalize()], k=chance.randrange(3))
        chance.shuffle(words)
        name = " ".join(words)
        assert parse_name(name) == parse_with_nameparser(name)


def test_plain_name_does_not_need_nameparser() -> None:
    program = (
        "import sys; from feeds.model.citation import parse_name;"
        "assert parse_name('Ka-Ho J. Müller') == ('Müller', 'Ka-Ho J.', '');"
        "assert 'nameparser' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
