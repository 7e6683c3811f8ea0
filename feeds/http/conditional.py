"""Conditional requests (RFC 9110 section 13) for documents whose ETags also name a content coding."""

import re
from datetime import datetime

from werkzeug.datastructures import ETags
from werkzeug.http import unquote_etag
from werkzeug.wrappers import Request

# Every content coding has an ETag of its own (RFC 9110 section 8.8.3); Apache appends "-gzip" like we do.
_CODING_SUFFIX = re.compile(r"(?:-(?:gzip|br|zstd|deflate)){1,2}$")


def coded_etag(etag: str, coding: str | None) -> str:
    """Return the ETag of a document in a content coding."""
    return f"{etag}-{coding}" if coding else etag


def document_etags(etags: ETags, *, include_weak: bool) -> set[str]:
    """Return the ETags that a client sent, each as it is without a content coding."""
    return {_CODING_SUFFIX.sub("", etag) for etag in _usable(etags, include_weak=include_weak)}


def precondition_failed(request: Request, etag: str, last_modified: datetime | None) -> bool:
    """Return True if If-Match, or without it If-Unmodified-Since, is not satisfied (RFC 9110 section 13.2.2)."""
    if request.headers.get("If-Match"):
        return not request.if_match.star_tag and etag not in document_etags(request.if_match, include_weak=False)
    since = request.if_unmodified_since
    return since is not None and last_modified is not None and last_modified > since


def matching_etag(request: Request, etag: str, last_modified: datetime | None) -> str | None:
    """Return the ETag by which the client has the current document; None if it does not (RFC 9110 section 13.2.2).

    It may name another content coding than the response would have.
    """
    if "If-None-Match" in request.headers:
        sent = _usable(request.if_none_match, include_weak=True)
        matching = sorted(candidate for candidate in sent if _CODING_SUFFIX.sub("", candidate) == etag)
        return matching[0] if matching else etag if request.if_none_match.star_tag else None
    # Equal, not later: a file that is replaced by an older one, or deleted, sets Last-Modified back.
    since = request.if_modified_since
    return etag if since is not None and since == last_modified else None


def permits_range(request: Request, etag: str, last_modified: datetime | None) -> bool:
    """Return True unless a range might continue what the client has of another document (RFC 9110 section 14.2).

    Of a request whose other conditions were evaluated. Dates must be equal here too, also that of If-Unmodified-Since.
    """
    if condition := request.headers.get("If-Range", "").strip():
        date = request.if_range.date
        return date == last_modified if date else unquote_etag(condition) == (etag, False)
    if request.headers.get("If-Match") and not request.if_match.star_tag:
        return etag in _usable(request.if_match, include_weak=False)
    if since := request.if_unmodified_since:
        return since == last_modified
    # Evaluated before: they do not match, so the client has another document.
    return "If-None-Match" not in request.headers and request.if_modified_since is None


def _usable(etags: ETags, *, include_weak: bool) -> set[str]:
    """Return the ETags that are not empty, which Werkzeug returns as None."""
    return {etag for etag in etags.as_set(include_weak=include_weak) if etag}
