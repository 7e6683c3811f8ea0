"""Whoever publishes, and all that follows from its settings: addresses, ids and times."""

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from feeds import code_tag
from feeds.archive.edition import Edition
from feeds.exporters.format import UNLISTED, Format, Kind, family, site_keys
from feeds.model.key import SEARCH, SERIES, TOPIC_PREFIX, Key, Scope
from feeds.model.paper import Paper
from feeds.model.query import READERS, Query, read_query
from feeds.site.i18n import Wording, edition_name, wording

GENERATOR = "daily-papers-feeds"
_ARXIV = "https://arxiv.org/abs/"
_EMPTY = date(1970, 1, 1)  # the day of an edition that has none


@dataclass(frozen=True, slots=True)
class Publication:
    """One edition in one format, at one address; in the `language` of a reader, where the format has several."""

    key: Key
    format: Format
    language: str = ""

    @property
    def path(self) -> str:
        """The address under the site's base URL, without a leading slash; a search with its parameters."""
        query = urlencode(self.key.parameters, safe=",", quote_via=quote)
        return quote(self.key.text + self.format.suffix) + (f"?{query}" if query else "")

    @property
    def file_name(self) -> str:
        """What a download is called, in ASCII; each search has a name of its own."""
        parameters = urlencode(self.key.query.parameters())
        which = f"-{hashlib.sha256(parameters.encode()).hexdigest()[:8]}" if parameters else ""
        text = self.key.scope if self.key.scope is Scope.SEARCH else self.key.text.replace("/", "-")
        return f"daily-papers-{text}{which}{self.format.suffix}"

    @property
    def media_type(self) -> str:
        """The media type as documents name it: without the charset, which is the server's to say."""
        return self.format.media_type.replace("; charset=utf-8", "")


class Topic(NamedTuple):
    """A search that has a name; `asked` is how the settings write it."""

    name: str
    query: Query
    asked: str

    @property
    def key(self) -> Key:
        """The edition of what it finds, at an address made of the letters and digits of its name."""
        return replace(SEARCH, text=TOPIC_PREFIX + re.sub(r"[\W_]+", "-", self.name).strip("-"), query=self.query)


def read_topic(name: str, asked: str) -> Topic:
    """Read a topic: the words to search for, or the parameters of a search."""
    parameters = parse_qsl(asked) if re.match(r"[a-z_]+=", asked) else [("q", asked)]
    if unknown := {parameter for parameter, _ in parameters} - READERS.keys():
        raise ValueError(f"{name}: a search has no parameter {min(unknown)!r}, but {', '.join(READERS)}")
    return Topic(name, read_query(parameters), asked)


TOPICS = tuple(
    read_topic(name, asked)
    for name, asked in {
        "언어 모델": '언어모델|"언어 모델"|LLM|"language model"',
        "확산 모델": "확산|diffusion",
        "멀티모달": '멀티모달|"다중 모달"|multimodal|multi-modal|"vision-language"',
        "강화 학습": '"강화 학습"|강화학습|"reinforcement learning"|RLHF|GRPO',
        "추론": '추론|reasoning|"chain-of-thought"',
        "에이전트": "에이전트|agent",
        "영상": "비디오|동영상|video",
        "3D": "3D|3차원|gaussian|NeRF",
        "로봇": "로봇|robot|embodied",
        "음성과 소리": "음성|오디오|speech|audio",
        "효율": "양자화|경량화|quantization|pruning|distillation|효율적",
        "데이터와 평가": "데이터셋|벤치마크|dataset|benchmark",
        "코드 공개": "has=code",
    }.items()
)
"""The topics of a site that names none: those of machine-learning papers, in Korean and English words together."""


@dataclass(frozen=True, slots=True)
class Font:
    """A font file: its name, the hash of its bytes, and the bytes."""

    name: str
    digest: str
    data: bytes = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Site:
    """Whoever publishes: settings, and what follows from them.

    `id` goes into every id of a feed and never changes, wherever the site moves. `publish_at` is in UTC. `language` is
    that of the digests, and of the words in feeds and books; pages are in that of the `interface`, or, where that is
    empty, of the reader. `formats` are the exporters that are there; `sizes` are the bytes of the files that a series
    encloses, by their paths.
    """

    title: str = "Daily Papers"
    description: str = "매일 새로 나온 AI 논문을 한국어로 요약합니다."
    author: str = "Daily Papers"
    language: str = "ko"
    interface: str = ""
    rights: str = ""
    base_url: str = "http://127.0.0.1:8000"
    id: str = "daily-papers"
    publish_at: time = time(23, 0)
    latest_days: int = 14
    latest_papers: int = 100
    hub: str = ""
    topics: tuple[Topic, ...] = TOPICS
    cover_font: Font | None = None
    reader: str = ""
    formats: tuple[Format, ...] = field(default=(), repr=False)
    sizes: Mapping[str, int] = field(default_factory=dict, repr=False)

    @property
    def tag(self) -> str:
        """Change when a setting, a format or the version does."""
        formats = [(each.name, each.suffix, each.media_type, each.kind, sorted(each.scopes)) for each in self.formats]
        return hashlib.sha256(repr((code_tag(), self, formats)).encode()).hexdigest()

    @property
    def words(self) -> Wording:
        """The words of the reader's language, or of the site's."""
        return wording(self.reader or self.language)

    def publications(self, key: Key, kind: Kind | None = None) -> tuple[Publication, ...]:
        """List the formats that an edition comes in."""
        return tuple(
            Publication(key, each)
            for each in self.formats
            if key.scope in each.scopes and key.scope is not Scope.SITE and kind in (None, each.kind)
        )

    def family(self, publication: Publication) -> tuple[Publication, ...]:
        """List a publication and those of its family, which say the same; site keys correspond by their order."""
        key, name = publication.key, family(publication.format)
        others = [
            each for each in self.formats if name and family(each) == name and each.name != publication.format.name
        ]
        if key.scope is not Scope.SITE:
            return publication, *(Publication(key, each) for each in others if key.scope in each.scopes)
        place = site_keys(publication.format).index(key.text)
        found = [(each, text) for each in others for text in site_keys(each)[place : place + 1]]
        return publication, *(Publication(Key(Scope.SITE, text), each) for each, text in found)

    def book(self, key: Key) -> Publication | None:
        """Name what an edition is downloaded as: the first format of files, which is the book."""
        return next(iter(self.publications(key, Kind.FILE)), None)

    def url(self, publication: Publication) -> str:
        """Write the absolute address of a publication."""
        return f"{self.base_url}/{publication.path}"

    def links(self, publication: Publication, edition: Edition) -> str:
        """Write the Link header of a publication (RFC 8288): itself, its other formats, its neighbours, the hub."""
        links = [(publication, "self")]
        links += [
            (other, "alternate")
            for other in self.publications(publication.key) or self.family(publication)
            if other.format.name != publication.format.name and other.format.kind not in UNLISTED
        ]
        for relation, neighbour in (("prev", edition.previous), ("next", edition.next)):
            # How far back the feed of the latest reaches, only its document knows.
            if neighbour and edition.key.scope is not Scope.LATEST:
                links.append((replace(publication, key=neighbour), relation))
        written = [f'<{self.url(each)}>; rel="{relation}"; type="{_quotable(each)}"' for each, relation in links]
        if publication.format.kind is Kind.FEED and self.announces(publication.key):
            written.append(f'<{self.hub}>; rel="hub"')
        return ", ".join(written)

    def announces(self, key: Key) -> bool:
        """Whether the hub is told when the feed of an edition changes: not of each paper, nor of any search."""
        is_topic = self.topic(key) is not None
        return bool(self.hub) and key.scope is not Scope.PAPER and (key.scope is not Scope.SEARCH or is_topic)

    def page(self, key: Key) -> str:
        """Write the address where a person looks at an edition; the site's own where there is no such page."""
        pages = self.publications(key, Kind.PAGE)
        return self.url(pages[0]) if pages else f"{self.base_url}/"

    def name(self, edition: Edition) -> str:
        """Name an edition in words; the whole site by its title."""
        if edition.key.scope is Scope.SITE:
            return self.title
        return self.topic(edition.key) or edition_name(edition, self.words)

    def topic(self, key: Key) -> str | None:
        """Name the topic that a search is; None for all other editions."""
        return next((topic.name for topic in self.topics if topic.key == key), None)

    def full_name(self, edition: Edition) -> str:
        """Name an edition together with the site."""
        return self.title if edition.key.scope is Scope.SITE else f"{self.title} — {self.name(edition)}"

    def paper_id(self, paper: Paper) -> str:
        """Make the id of a paper: of its arXiv number or its address, and of nothing else."""
        return _urn(_ARXIV + paper.arxiv_id if paper.arxiv_id else f"https://{paper.essence}")

    def catalog_id(self, publication: Publication) -> str:
        """Make the id of a catalogue."""
        return _urn(f"{self.id}/{publication.path}")

    def edition_id(self, key: Key) -> str:
        """Make the id of an edition, as a feed, as an entry of a series and as a book."""
        parameters = urlencode(key.parameters)
        return _urn(f"{self.id}/{key.text}" + (f"?{parameters}" if parameters else ""))

    def published(self, paper: Paper) -> datetime:
        """Tell when a paper was published: its first day at `publish_at`, a second earlier for each rank."""
        return self._at(paper.day) - timedelta(seconds=paper.rank)

    def updated(self, edition: Edition) -> datetime:
        """Tell when the newest of an edition was published; 1970 where it is empty."""
        if edition.key.scope is Scope.DAY and edition.key.since:
            return self._at(edition.key.since)
        if edition.key.scope is Scope.SITE and edition.days:
            return self._at(edition.days[-1].date)
        if edition.key.scope in (*SERIES, Scope.SHELF) and not edition.parts:
            return self._at(_EMPTY)  # they say nothing of the days around
        times = [*map(self.published, edition.papers), *map(self.updated, edition.parts)]
        return max(times, default=self._at(edition.days[-1].date if edition.days else _EMPTY))

    def _at(self, day: date) -> datetime:
        return datetime.combine(day, self.publish_at, UTC)


def _quotable(publication: Publication) -> str:
    return publication.media_type.replace('"', "'")


def _urn(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"
