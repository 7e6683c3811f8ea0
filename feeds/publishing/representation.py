"""Representations: one edition in one format at one URL, with the validators and headers of HTTP (RFC 9110)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from feeds.archive.snapshot import EditionMetadata
from feeds.exporters.contract import UNLISTED_KINDS, Kind, Resource
from feeds.exporters.registry import Registry
from feeds.images.store import PictureSet
from feeds.model.keys import LATEST, PeriodKey
from feeds.model.paper import DayCount
from feeds.publishing.static import StaticFile
from feeds.site.site import Site

_STALE = "stale-while-revalidate=3600, stale-if-error=86400"  # RFC 5861
_MAX_AGE = 300  # seconds
_PAST_DAYS = 31  # after which an edition is hardly ever corrected
_MAX_AGE_OF_PAST = 86_400
# Pages run no script but ours, and show pictures and videos from wherever the digests have them.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' https: http:; media-src https: http:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
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
    def is_index(self) -> bool:
        """Whether the document links to others, which should be in place before it."""
        return self.kind in _INDEX_KINDS

    @property
    def content_disposition(self) -> str:
        """The Content-Disposition header (RFC 6266); empty for what is opened and not saved."""
        if isinstance(self.resource, StaticFile) or self.kind not in (Kind.BOOK, Kind.FILE):
            return ""
        name = self.resource.file_name  # ASCII; KOReader reads the quoted form
        return f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"


def cache_control(metadata: EditionMetadata | None, calendar: Sequence[DayCount]) -> str:
    """Return how long a document may be cached: longer for a past edition. `calendar` is the archive's."""
    key = metadata.key if metadata else None
    is_past = isinstance(key, PeriodKey) and calendar and (calendar[-1].date - key.last).days > _PAST_DAYS
    return f"public, max-age={_MAX_AGE_OF_PAST if is_past else _MAX_AGE}, {_STALE}"


def response_headers(representation: Representation, site: Site, formats: Registry) -> dict[str, str]:
    """Return the headers that describe a document, the same for its 200 and its 304.

    Used by the app, by builds and by buckets, each of which sends those that it can. ETag and Last-Modified are fields
    of the representation.
    """
    headers = {
        "Content-Type": representation.media_type,
        "Cache-Control": representation.cache_control,
        "Content-Disposition": representation.content_disposition,
        "Content-Language": representation.language,
        "Content-Security-Policy": _CONTENT_SECURITY_POLICY if representation.kind is Kind.PAGE else "",
        "Link": "" if isinstance(representation.resource, StaticFile) else _links(representation, site, formats),
    }
    return {name: value for name, value in headers.items() if value}


def _links(representation: Representation, site: Site, formats: Registry) -> str:
    """Return the Link header (RFC 8288): the document itself, its other formats, its neighbours and the hub."""
    resource, metadata = representation.resource, representation.metadata
    assert isinstance(resource, Resource)  # noqa: S101  # the caller has checked
    links = [(resource, "self")]
    links += [
        (other, "alternate")
        for other in formats.resources(resource.key)
        if other.format.name != resource.format.name and other.format.kind not in UNLISTED_KINDS
    ]
    # How far the feed of `latest` reaches is only known once it is rendered.
    if metadata and resource.key != LATEST:
        neighbours = (("prev", metadata.previous), ("next", metadata.next))
        links += [(replace(resource, key=key), relation) for relation, key in neighbours if key]
    values = [
        f'<{site.url(target.path)}>; rel="{relation}"; type="{_quotable(target.format.link_type)}"'
        for target, relation in links
    ]
    if representation.kind is Kind.FEED and site.is_hub_topic(resource.key):
        values.append(f'<{site.hub}>; rel="hub"')
    return ", ".join(values)


def _quotable(media_type: str) -> str:
    return media_type.replace('"', "'")
