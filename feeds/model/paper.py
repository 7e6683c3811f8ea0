"""What a digest holds: papers. No input or output here."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date

# https://info.arxiv.org/help/arxiv_identifier.html: 2401.16420v2, math.GT/0309136v1
_ARXIV = re.compile(
    r"//(?:[\w-]+\.)?(?:arxiv\.org/(?:abs|pdf|html|format|ps)|huggingface\.co/papers|alphaxiv\.org/\w+)/"
    r"(?:(?P<new>\d{4}\.\d{4,5})|(?P<archive>[a-z-]+)(?:\.[A-Z]{2})?/(?P<number>\d{7}))"
    r"(?:v\d+)?(?:\.pdf)?(?:[/?#]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Paper:
    """One entry of a digest.

    `day` is the first day that lists the paper and `rank` its place there, from 0. `image` and `video` are
    absolute http(s) addresses. `votes` is None where the digest counts none, which is not zero.
    `more_authors` says that the source left names out. `summary` is Markdown, as it was written. `namesakes` are the
    papers of the archive, listed before this one, whose citations would have the same key.
    """

    title: str
    url: str
    day: date
    rank: int
    image: str | None = None
    video: str | None = None
    votes: int | None = None
    authors: tuple[str, ...] = ()
    more_authors: bool = False
    summary: str = ""
    namesakes: int = field(default=0, compare=False)  # it says nothing of the paper itself

    @property
    def arxiv_id(self) -> str | None:
        """The arXiv number without its version, as in `2401.16420` or `math/0309136`."""
        return arxiv_id(self.url)

    @property
    def year(self) -> int:
        """The year of its arXiv number, or of its day."""
        match = re.search(r"(?:^|/)(\d\d)", self.arxiv_id or "")
        if match is None:
            return self.day.year
        return 1900 + int(match[1]) if int(match[1]) > 90 else 2000 + int(match[1])  # arXiv began in 1991

    @property
    def slug(self) -> str:
        """What names this paper for ever: its arXiv number or, failing that, a hash of its address."""
        return self.arxiv_id or hashlib.sha256(self.essence.encode()).hexdigest()[:16]

    @property
    def essence(self) -> str:
        """The address without what may change though it leads to the same document: scheme and final slash."""
        return self.url.partition("://")[2].rstrip("/")

    @property
    def fullness(self) -> tuple[int, int]:
        """How much a listing says: of two listings of one paper the larger is kept."""
        fields = (self.image, self.video, self.authors, self.summary)
        return sum(map(bool, fields)) + (self.votes is not None), len(self.summary)


def arxiv_id(url: str) -> str | None:
    """Read the arXiv number out of an address; None where the address is of another site."""
    match = _ARXIV.search(url)
    if match is None:
        return None
    return match["new"] or f"{match['archive'].lower()}/{match['number']}"
