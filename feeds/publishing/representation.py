"""Representations: one edition in one format at one URL, with the validators and headers of HTTP (RFC 9110)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from feeds.archive.snapshot import EditionMetadata
from feeds.exporters.contract import UNLISTED_KINDS, Kind, Resource
from feeds.exporters.registry import Registry
from feeds.images.picture import Rendition
from feeds.images.store import PictureSet
from feeds.model.keys import LATEST, CollectionKey, PeriodKey, SearchKey, TopKey
from feeds.model.paper import DayCount
from feeds.publishing.static import StaticFile
from feeds.site.site import Site

PAST_DAYS = 31
"""The age in days after which an edition is hardly ever corrected, and may be cached for longer."""

IMMUTABLE = "public, max-age=31536000, immutable"
"""How long a picture may be cached, whose path changes with its bytes (RFC 8246): a year."""

_STALE = "stale-while-revalidate=3600, stale-if-error=86400"  # RFC 5861
_MAX_AGE = 300  # seconds
_MAX_AGE_OF_PAST = 86_400
# nginx accepts 4 KB of headers by default; the others take less than 2 KB.
_MAX_LINKS = 2000
_MAX_LINK_LINE = 1000
_INDEX_KINDS = frozenset({Kind.PAGE, Kind.FEED, Kind.CATALOG})


@dataclass(frozen=True, slots=True)
class Representation:
    """A document as HTTP sees it, known without rendering it.

    `etag` is that of the uncompressed document, without quotes. `language` is set where the reader's language was
    chosen. `size` counts papers, of a collection its members. `metadata` and `pictures` are what the ETag was computed
    from; a static file has none.
    """

    resource: Resource | StaticFile
    etag: str
    cache_control: str
    last_modified: datetime | None = None
    language: str = ""
    size: int = 0
    metadata: EditionMetadata | None = None
    pictures: PictureSet | None = None

    @property
    def path(self) -> str:
        """The path under the base URL, without a leading slash; that of a search with its query."""
        return self.resource.path

    @property
    def media_type(self) -> str:
        """The media type with its parameters."""
        return self.resource.media_type if isinstance(self.resource, StaticFile) else self.resource.format.media_type

    @property
    def kind(self) -> Kind:
        """What a person does with the document."""
        return Kind.RESOURCE if isinstance(self.resource, StaticFile) else self.resource.format.kind

    @property
    def loaded_papers(self) -> int:
        """The number of papers that are loaded to render the document, as far as it grows with the archive."""
        key = self.metadata.key if self.metadata else None
        if isinstance(key, CollectionKey):
            return 0  # a few of each member
        if key and isinstance(self.resource, Resource) and key.scope in self.resource.format.paperless:
            return 0
        limit = key.query.limit if isinstance(key, SearchKey) else None
        return min(self.size, limit or self.size)

    @property
    def varies_by_language(self) -> bool:
        """Whether the same URL answers readers in their language, because it names none."""
        return bool(self.language) and isinstance(self.resource, Resource) and not self.resource.language

    @property
    def linked_pictures(self) -> Iterator[Rendition]:
        """The files of stored pictures that the document links to: a page in all widths, a feed in one.

        Books contain theirs.
        """
        for picture in self.pictures or ():
            if self.kind is Kind.PAGE:
                yield from picture.by_width
            elif self.kind is Kind.FEED:
                yield picture.by_width[0]

    @property
    def is_immutable(self) -> bool:
        """Whether the document never changes: a picture."""
        return isinstance(self.resource, StaticFile) and self.resource.is_immutable

    @property
    def has_ranges(self) -> bool:
        """Whether a part of the document can be requested: of downloads and pictures."""
        return self.is_immutable or self.kind in (Kind.BOOK, Kind.FILE)

    @property
    def is_index(self) -> bool:
        """Whether the document links to others, which should be in place before it."""
        return self.kind in _INDEX_KINDS

    @property
    def content_disposition(self) -> str:
        """The Content-Disposition header (RFC 6266); empty for what is opened and not saved."""
        if isinstance(self.resource, StaticFile) or self.kind not in (Kind.BOOK, Kind.FILE):
            return ""
        fallback, name = self.resource.ascii_file_name, quote(self.resource.file_name)  # KOReader reads the quoted form
        return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{name}"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that describe the document, the same for its 200 and its 304, without validators and links.

        Used by the app and by buckets, which store some of them.
        """
        headers = {
            "Content-Type": self.media_type,
            "Cache-Control": self.cache_control,
            "Content-Disposition": self.content_disposition,
            "Content-Language": self.language,
        }
        return {name: value for name, value in headers.items() if value}


def describe_file(file: StaticFile) -> Representation:
    """Describe a static file."""
    return Representation(file, file.etag, IMMUTABLE if file.is_immutable else cache_control(None, ()))


def cache_control(metadata: EditionMetadata | None, calendar: Sequence[DayCount]) -> str:
    """Return how long a document may be cached: longer for a past edition. `calendar` is the archive's."""
    key = metadata.key if metadata else None
    is_past = isinstance(key, PeriodKey | TopKey) and calendar and (calendar[-1].date - key.last).days > PAST_DAYS
    return f"public, max-age={_MAX_AGE_OF_PAST if is_past else _MAX_AGE}, {_STALE}"


def link_headers(representation: Representation, site: Site, formats: Registry) -> list[str]:
    """Return the values of the Link headers (RFC 8288): the document itself, the hub, its neighbours, other formats.

    Links that are too long are left out, and as many other formats as it takes to stay under the limits of proxies.
    """
    resource, metadata = representation.resource, representation.metadata
    if isinstance(resource, StaticFile):
        return []
    links = [_link(site, resource, "self")]
    if representation.kind is Kind.FEED and site.is_hub_topic(resource.key):
        links.append(f'<{site.hub}>; rel="hub"')
    # How far the feed of `latest` reaches is only known once it is rendered.
    if metadata and resource.key != LATEST:
        neighbours = (("prev", metadata.previous), ("next", metadata.next))
        links += [_link(site, replace(resource, key=key), relation) for relation, key in neighbours if key]
    links += [
        _link(site, other, "alternate")
        for other in formats.resources(resource.key)
        if other.format.name != resource.format.name and other.format.kind not in UNLISTED_KINDS
    ]
    return _pack(links)


def _link(site: Site, target: Resource, relation: str) -> str:
    media_type = target.format.link_type.replace('"', "'")
    return f'<{site.url(target.path)}>; rel="{relation}"; type="{media_type}"'


def _pack(links: Iterable[str]) -> list[str]:
    """Join links to lines, leaving out those that do not fit into a line or into all of them."""
    lines: list[str] = []
    for link in links:
        if len(link) > _MAX_LINK_LINE or sum(map(len, lines)) + len(link) > _MAX_LINKS:
            continue
        if lines and len(lines[-1]) + len(link) + 2 <= _MAX_LINK_LINE:
            lines[-1] += f", {link}"
        else:
            lines.append(link)
    return lines
