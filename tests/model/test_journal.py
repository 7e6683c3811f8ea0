"""Journal references: which part is the journal, and which the volume, the pages and the year."""

import pytest

from feeds.model.journal import JournalReference, parse_journal

PHYSICS = JournalReference("Phys. Rev. D", "76", "", "013009", "", "2007")


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("Nature 596, 583-589 (2021)", JournalReference("Nature", "596", "", "583", "589", "2021")),
        ("Phys. Rev. D 76, 013009 (2007)", PHYSICS),
        ("Phys.Rev.D76:013009,2007", PHYSICS._replace(name="Phys.Rev.D")),
        ("Phys. Rev. D 76 (2007) 013009", PHYSICS),
        ("Astrophys. J. Lett. 875 (2019), L1", JournalReference("Astrophys. J. Lett.", "875", "", "L1", "", "2019")),
        ("J. Mach. Res. 21(140):1-67, 2020", JournalReference("J. Mach. Res.", "21", "140", "1", "67", "2020")),
        (
            "Trans. X, Vol. 50, No. 6, pp. 12--45, June 2004",
            JournalReference("Trans. X", "50", "6", "12", "45", "2004"),
        ),
    ],
)
def test_journal_reference_is_split_into_its_parts(text: str, reference: JournalReference) -> None:
    assert parse_journal(text) == reference


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("Proceedings of the 38th International Conference on Tests, PMLR 139 (2021)", "2021"),
        ("CVPR 2024, 1-10 (2024)", "2024"),
        ("Nature Tests 12, Article number: 1234 (2021)", "2021"),
        ("Tests 2000-2010, 12:1999", ""),
        ("2D Materials", ""),
        ("", ""),
    ],
)
def test_other_references_are_kept_whole_with_their_year(text: str, year: str) -> None:
    assert parse_journal(text) == JournalReference(text, year=year)
