"""The configuration of a site, and the URLs, IDs and timestamps derived from it."""

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from anyascii import anyascii

from feeds.model.edition import Collection, Edition
from feeds.model.keys import TOPIC_PREFIX, FixedKey, Key, PaperKey, PeriodKey, Scope, SearchKey, TopicsKey, TopKey
from feeds.model.paper import DayCount, Listing, Paper
from feeds.model.query import PARAMETERS, Order, parse_query

GENERATOR = "daily-papers-feeds"
LANGUAGE_PARAMETER = "lang"
"""The parameter by which a URL names the language of a page."""

_NO_DATE = date(2000, 1, 1)  # of an archive without a day; validators reject 1970
_SECONDS_PER_PAPER = 100
_MAX_COUNTED_PAPERS = 34  # so that `updated` is less than an hour after `issued`
_MAX_NAME = 60  # characters of a topic in a file name


class Topic(NamedTuple):
    """A search that the settings give a name; `search` is its text there: words, or the parameters of a search."""

    name: str
    search: str
    key: SearchKey


def parse_topic(name: str, search: str) -> Topic:
    """Parse a topic: the words to search for, or the parameters of a search.

    Raises ValueError if a parameter is unknown, and QueryError if a parameter has a wrong value.
    """
    parameters = parse_qsl(search) if re.match(r"[a-z_]+=", search) else [("q", search)]
    if unknown := {parameter for parameter, _ in parameters} - PARAMETERS.keys():
        raise ValueError(f"a search has no parameter {min(unknown)!r}; use {', '.join(PARAMETERS)}")
    slug = TOPIC_PREFIX + re.sub(r"[\W_]+", "-", name).strip("-")
    query = replace(parse_query(parameters), default_order=Order.RELEVANCE)  # pages of a topic are by date as well
    return Topic(name, search, SearchKey(query, slug))


TOPICS = tuple(
    parse_topic(name, search)
    for name, search in {
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
"""The default topics: those of machine-learning papers, in Korean and English words."""


@dataclass(frozen=True, slots=True)
class Font:
    """A font file: its name, the SHA-256 of its bytes, and the bytes."""

    name: str
    digest: str
    data: bytes = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Site:
    """The settings that documents depend on; `feeds.site.settings` describes each.

    `id` goes into every ID and must never change. `publish_at` is in UTC. `language` is that of the digests, feeds and
    books; pages use `interface`, or where that is empty the reader's language.
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
    topics: tuple[Topic, ...] = field(default=TOPICS, hash=False)  # hashing them takes long, comparing does not
    cover_font: Font | None = None

    @property
    def base_path(self) -> str:
        """The path of the base URL. Links that start with it also work under another name of the server."""
        return urlsplit(self.base_url).path

    @property
    def topic_keys(self) -> Mapping[str, SearchKey]:
        """The keys of the topics by their text."""
        return {topic.key.text: topic.key for topic in self.topics}

    @property
    def topics_key(self) -> TopicsKey:
        """The key of the list of topics."""
        return TopicsKey(tuple(self.topic_keys.values()))

    def topic_name(self, key: Key) -> str | None:
        """Return the name of the topic with a key; None for any other edition."""
        if not isinstance(key, SearchKey) or not key.topic:
            return None
        return next((topic.name for topic in self.topics if topic.key.text == key.text), None)

    def is_hub_topic(self, key: Key) -> bool:
        """Return True if the WebSub hub is notified when a feed changes: not for papers and ad-hoc searches."""
        is_search = isinstance(key, SearchKey) and not key.topic
        return bool(self.hub) and not isinstance(key, PaperKey) and not is_search

    def fingerprint(self, names: Iterable[str]) -> str:
        """Hash the values of some settings."""
        return hashlib.sha256(repr([(name, getattr(self, name)) for name in sorted(names)]).encode()).hexdigest()[:16]

    def url(self, path: str) -> str:
        """Return the absolute URL of a path without a leading slash."""
        return f"{self.base_url}/{path}"

    def paper_id(self, paper: Paper) -> str:
        """Return the permanent ID of a paper, from its arXiv identifier, its DOI or its URL and nothing else."""
        return _urn(f"https://{paper.normalized_url}")

    def document_id(self, path: str) -> str:
        """Return the ID of a document that is not an edition, such as a catalog, from its path."""
        return _urn(f"{self.id}/{path}")

    def edition_id(self, key: Key) -> str:
        """Return the ID of an edition: as a feed, as an entry of a series and as a book."""
        parameters = urlencode(key.parameters) if isinstance(key, SearchKey) else ""
        return _urn(f"{self.id}/{key.text}" + (f"?{parameters}" if parameters else ""))

    def published(self, listing: Listing) -> datetime:
        """Return when a paper was published: its first day at `publish_at`, minus one second per rank."""
        return self._at(listing.first_listed) - timedelta(seconds=listing.rank)

    def issued(self, edition: Edition) -> datetime:
        """Return when the newest content of an edition was published.

        That of an empty edition is the last day that it covers, or for a collection the first day of the archive, which
        no later content can precede.
        """
        newest = self._newest(edition)
        return newest or self._at(edition.calendar[0].date if edition.calendar else _NO_DATE)

    def updated(self, edition: Edition) -> datetime:
        """Return a time for the current content of an edition, which changes when a paper is added or corrected.

        Nothing but the content may decide, so it is not the time of the change. It is `issued` and less than an hour:
        100 seconds for every new paper of the newest day, and up to 99 that are hashed from the content. No entry may
        be later than its feed: that of a single paper has the hashed seconds only, and a collection is later than its
        members.

        A new day makes it later, and so does another paper on the newest day, up to 34. After a correction it is
        another time, with a chance of 99 in 100, but earlier as often as later: no function of the content could be
        later after a change and later again after its undoing. So it serves clients that take an edition with another
        time for another edition, as EPUB does (https://www.w3.org/TR/epub-33/#sec-metadata-last-modified), and those
        that look for new papers.
        """
        if isinstance(edition, Collection) and self._newest(edition):
            times = [self.updated(member) for member in edition.editions]
            return max(times) + timedelta(seconds=1 + _hash(times) % _SECONDS_PER_PAPER)
        newest = _newest_day(edition)
        if not newest and not edition.listings:  # also a page after the last of a search
            return self.issued(edition)
        if newest and edition.fingerprint:
            count, number = newest.new, int(edition.fingerprint, 16)
        else:
            days = [listing.first_listed for listing in edition.listings]
            extras = (value for listing in edition.listings for value in listing.paper.extras)
            count, number = days.count(max(days)), _hash((*edition.listings, *extras))
        seconds = 0 if isinstance(edition.key, PaperKey) else min(count, _MAX_COUNTED_PAPERS) * _SECONDS_PER_PAPER
        return self.issued(edition) + timedelta(seconds=seconds + number % _SECONDS_PER_PAPER)

    def _newest(self, edition: Edition) -> datetime | None:
        key = edition.key
        if isinstance(key, PeriodKey) and key.scope is Scope.DAY:
            return self._at(key.first)
        if isinstance(edition, Collection):
            return max(filter(None, map(self._newest, edition.editions)), default=None)
        if newest := _newest_day(edition):
            return self._at(newest.date) - timedelta(seconds=newest.first_new)
        if edition.listings and key.scope is not Scope.SITE:
            return max(map(self.published, edition.listings))
        return self._at(edition.calendar[-1].date) if edition.calendar else None

    def _at(self, day: date) -> datetime:
        return datetime.combine(day, self.publish_at, UTC)


SETTINGS_OF_DOCUMENTS = frozenset(setting.name for setting in fields(Site))
"""The names of all settings in `Site`."""


def _newest_day(edition: Edition) -> DayCount | None:
    """Return the newest day with a new paper of an edition that has all papers of its calendar, or ranks them."""
    if not isinstance(edition.key, PeriodKey | FixedKey | TopKey):
        return None
    return next((day for day in reversed(edition.calendar) if day.new), None)


def url_path(key: Key, suffix: str, language: str = "") -> str:
    """Return the path of a document under the base URL, without a leading slash, and with its query.

    A search has one, and a page whose URL names its language.
    """
    path = quote(key.text + suffix)
    parameters = dict(key.parameters) if isinstance(key, SearchKey) else {}
    if language:
        parameters[LANGUAGE_PARAMETER] = language
    return f"{path}?{encode_parameters(parameters)}" if parameters else path


def encode_parameters(parameters: Mapping[str, str]) -> str:
    """Encode the parameters of a search as URLs have them."""
    return urlencode(parameters, safe=",", quote_via=quote)


def download_name(key: Key, suffix: str) -> str:
    """Return the file name of a download: that of a topic has its name, and every search has one of its own."""
    if not isinstance(key, SearchKey):
        return f"daily-papers-{key.text.replace('/', '-')}{suffix}"
    if key.topic:
        return f"daily-papers-{key.topic.removeprefix(TOPIC_PREFIX)[:_MAX_NAME].strip('-')}{suffix}"
    parameters = urlencode(key.query.parameters())
    which = f"-{hashlib.sha256(parameters.encode()).hexdigest()[:8]}" if parameters else ""
    return f"daily-papers-{Scope.SEARCH}{which}{suffix}"


def ascii_name(file_name: str) -> str:
    """Return a file name in ASCII, for programs that read no other."""
    return file_name if file_name.isascii() else re.sub(r"[^a-z0-9.]+", "-", anyascii(file_name).lower())


def _hash(values: object) -> int:
    """Return a number that is the same on every machine."""
    return int.from_bytes(hashlib.sha256(repr(values).encode()).digest())


def _urn(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"
