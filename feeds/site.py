"""The settings of whoever publishes, and all that follows from them: addresses, ids and times."""

import hashlib
import re
import tomllib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from feeds import code_tag, text
from feeds.edition import Edition, Key, Scope
from feeds.errors import QueryError, SettingsError
from feeds.format import Format, Kind
from feeds.model import Paper
from feeds.query import Query, read_query
from feeds.wording import Wording, edition_name, wording

GENERATOR = "daily-papers-feeds"
_ARXIV = "https://arxiv.org/abs/"
_EMPTY = date(1970, 1, 1)  # the day of an edition that has none


@dataclass(frozen=True, slots=True)
class Publication:
    """One edition in one format, at one address."""

    key: Key
    format: Format

    @property
    def path(self) -> str:
        """The address under the site's base URL, without a leading slash; a search with its parameters."""
        query = urlencode(self.key.query.parameters(), safe=",", quote_via=quote)
        return quote(self.key.text + self.format.suffix) + (f"?{query}" if query else "")

    @property
    def file_name(self) -> str:
        """What a download is called, in ASCII."""
        return f"daily-papers-{self.key.text.replace('/', '-')}{self.format.suffix}"


class Topic(NamedTuple):
    """A search that has a name."""

    name: str
    query: Query

    @property
    def key(self) -> Key:
        """The edition of what it finds."""
        return Key(Scope.SEARCH, Scope.SEARCH.value, query=self.query)


def _topic(name: str, asked: str) -> Topic:
    """Read a topic: the words to search for, or the parameters of a search."""
    parameters = parse_qsl(asked) if re.match(r"[a-z_]+=", asked) else [("q", asked)]
    return Topic(name, read_query(parameters))


TOPICS = tuple(
    _topic(name, asked)
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
class Site:
    """Whoever publishes: settings, and what follows from them.

    `id` goes into every id of a feed and never changes, wherever the site moves. `publish_at` is in UTC. `formats` are
    the exporters that are there; `sizes` are the bytes of the files that a series encloses, by their paths.
    """

    title: str = "Daily Papers"
    description: str = "매일 새로 나온 AI 논문을 한국어로 요약합니다."
    author: str = "Daily Papers"
    language: str = "ko"
    rights: str = ""
    base_url: str = "http://127.0.0.1:8000"
    id: str = "daily-papers"
    publish_at: time = time(23, 0)
    latest_days: int = 14
    latest_papers: int = 100
    hub: str = ""
    topics: tuple[Topic, ...] = TOPICS
    formats: tuple[Format, ...] = field(default=(), repr=False)
    sizes: Mapping[str, int] = field(default_factory=dict, repr=False)

    @property
    def tag(self) -> str:
        """Change when a setting, a format or the version does."""
        formats = [(each.name, each.suffix, each.media_type, each.kind, sorted(each.scopes)) for each in self.formats]
        return hashlib.sha256(repr((code_tag(), self, formats)).encode()).hexdigest()

    @property
    def words(self) -> Wording:
        """The words of the site's language."""
        return wording(self.language)

    def publications(self, key: Key, kind: Kind | None = None) -> tuple[Publication, ...]:
        """List the formats that an edition comes in."""
        return tuple(
            Publication(key, each)
            for each in self.formats
            if key.scope in each.scopes and key.scope is not Scope.SITE and kind in (None, each.kind)
        )

    def url(self, publication: Publication) -> str:
        """Write the absolute address of a publication."""
        return f"{self.base_url}/{publication.path}"

    def links(self, publication: Publication, edition: Edition) -> str:
        """Write the Link header of a publication (RFC 8288): itself, its other formats, its neighbours, the hub."""
        links = [(self.url(publication), "self", publication.format)]
        links += [
            (self.url(other), "alternate", other.format)
            for other in self.publications(publication.key)
            if other != publication
        ]
        for relation, neighbour in (("prev", edition.previous), ("next", edition.next)):
            if neighbour:
                links.append((self.url(replace(publication, key=neighbour)), relation, publication.format))
        written = [f'<{url}>; rel="{relation}"; type="{_bare(each)}"' for url, relation, each in links]
        if self.hub and publication.format.kind is Kind.FEED:
            written.append(f'<{self.hub}>; rel="hub"')
        return ", ".join(written)

    def page(self, key: Key) -> str:
        """Write the address where a person looks at an edition; the site's own where there is no such page."""
        pages = self.publications(key, Kind.PAGE)
        return self.url(pages[0]) if pages else f"{self.base_url}/"

    def name(self, edition: Edition) -> str:
        """Name an edition in the site's language; the whole site by its title."""
        if edition.key.scope is Scope.SITE:
            return self.title
        topic = next((topic.name for topic in self.topics if topic.key == edition.key), None)
        return topic or edition_name(edition, self.words)

    def full_name(self, edition: Edition) -> str:
        """Name an edition together with the site."""
        return self.title if edition.key.scope is Scope.SITE else f"{self.title} — {self.name(edition)}"

    def paper_id(self, paper: Paper) -> str:
        """Make the id of a paper: of its arXiv number or its address, and of nothing else."""
        return _urn(_ARXIV + paper.arxiv_id if paper.arxiv_id else f"https://{paper.essence}")

    def edition_id(self, key: Key) -> str:
        """Make the id of an edition, as a feed or as an entry of a series."""
        parameters = urlencode(key.query.parameters())
        return _urn(f"{self.id}/{key.text}" + (f"?{parameters}" if parameters else ""))

    def published(self, paper: Paper) -> datetime:
        """Tell when a paper was published: its first day at `publish_at`, a second earlier for each rank."""
        return self._at(paper.day) - timedelta(seconds=paper.rank)

    def updated(self, edition: Edition) -> datetime:
        """Tell when the newest of an edition was published; 1970 where it is empty."""
        times = [*map(self.published, edition.papers), *map(self.updated, edition.parts)]
        return max(times, default=self._at(edition.days[-1].date if edition.days else _EMPTY))

    def _at(self, day: date) -> datetime:
        return datetime.combine(day, self.publish_at, UTC)


def _bare(format: Format) -> str:  # noqa: A002  # the field's word
    return format.media_type.replace("; charset=utf-8", "").replace('"', "'")


def load(folder: Path, environ: Mapping[str, str]) -> Site:
    """Read the settings: `feeds.toml` in the archive's folder or at $FEEDS_CONFIG, then FEEDS_<NAME> over them.

    Raises SettingsError, which names the file or the variable, for an unknown setting or a wrong value.
    """
    path = Path(environ.get("FEEDS_CONFIG") or folder / "feeds.toml")
    site = Site()
    for name, value in _file(path, required="FEEDS_CONFIG" in environ).items():
        site = _set(site, name, value, f"{path}: {name}")
    for name in _SETTINGS.keys() - {"topics"}:  # a table does not fit into a variable
        variable = f"FEEDS_{name.upper()}"
        if environ.get(variable):
            site = _set(site, name, environ[variable], variable)
    return site


def _file(path: Path, required: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        if required:
            raise SettingsError(f"{path}: no such file; FEEDS_CONFIG names it") from error
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _set(site: Site, name: str, value: Any, where: str) -> Site:
    if name not in _SETTINGS:
        close = get_close_matches(name, _SETTINGS, 1)
        raise SettingsError(f"{where}: no such setting" + (f"; did you mean {close[0]}?" if close else ""))
    try:
        read: dict[str, Any] = {name: _SETTINGS[name](value)}
        return replace(site, **read)
    except (ValueError, TypeError, QueryError) as error:
        raise SettingsError(f"{where}: {error}") from error


def _line(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text, not {value!r}")
    return " ".join(text.clean(value).split())


def _named(value: Any) -> str:
    if not (line := _line(value)):
        raise ValueError("must not be empty")
    return line


def _count(value: Any) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 1000:
        raise ValueError(f"a number from 1 to 1000, not {value!r}")
    return number


def _time(value: Any) -> time:
    read = time.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(read, time) or read.tzinfo or read.microsecond:
        raise ValueError(f"a time in UTC like 23:00, not {value!r}")
    return read


def _base_url(value: Any) -> str:
    url = _line(value).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"an address like https://papers.example.org, not {value!r}")
    return url


def _topics(value: Any) -> tuple[Topic, ...]:
    if not isinstance(value, Mapping):
        raise TypeError("a table of names and searches")
    return tuple(_topic(_named(name), _named(asked)) for name, asked in value.items())


def _hub(value: Any) -> str:
    return _base_url(value) if value else ""


def _language(value: Any) -> str:
    tag = _named(value)
    if not all(part.isalnum() and part.isascii() and len(part) <= 8 for part in tag.split("-")):
        raise ValueError(f"a language tag like ko or en, not {value!r}")
    return tag


def _urn(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"


_SETTINGS = {
    "title": _named,
    "description": _named,
    "author": _named,
    "language": _language,
    "rights": _line,
    "base_url": _base_url,
    "id": _named,
    "publish_at": _time,
    "latest_days": _count,
    "latest_papers": _count,
    "hub": _hub,
    "topics": _topics,
}
assert set(_SETTINGS) == {each.name for each in fields(Site)} - {"formats", "sizes"}  # noqa: S101  # each setting has a reader
