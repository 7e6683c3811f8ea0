"""What is said of a publication in HTTP, whoever serves it: the app, a static host, a bucket."""

from feeds.archive.archive import DayCount
from feeds.archive.edition import Edition
from feeds.exporters.format import Kind
from feeds.site.site import Publication

_STALE = "stale-while-revalidate=3600, stale-if-error=86400"  # RFC 5861
_FRESH = 300  # seconds
_PAST = 31  # days behind the newest, after which an edition is hardly ever corrected
_FRESH_IN_THE_PAST = 86_400


def cache_control(outline: Edition, days: tuple[DayCount, ...]) -> str:
    """Say for how long an edition stays as it is; `days` are those of the archive."""
    until = outline.key.until
    is_past = until and days and (days[-1].date - until).days > _PAST
    return f"public, max-age={_FRESH_IN_THE_PAST if is_past else _FRESH}, {_STALE}"


def content_disposition(publication: Publication) -> str:
    """Say how a file is called when it is downloaded (RFC 6266); empty for what is opened and not saved."""
    if publication.format.kind is not Kind.FILE:
        return ""
    name = publication.file_name  # in ASCII; KOReader reads what stands in quotes
    return f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
