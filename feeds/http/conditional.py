"""Conditional requests (RFC 9110 section 13) for documents whose ETags also name a content coding."""

import re
from datetime import datetime

from werkzeug.datastructures import ETags
from werkzeug.wrappers import Request

# Every content coding has an ETag of its own (RFC 9110 section 8.8.3); Apache appends "-gzip" like we do.
_CODING_SUFFIX = re.compile(r"(?:-(?:gzip|br|zstd|deflate))+$")


def coded_etag(etag: str, coding: str | None) -> str:
    """Return the ETag of a document in a content coding."""
    return f"{etag}-{coding}" if coding else etag


def document_etags(etags: ETags, *, include_weak: bool) -> set[str]:
    """Return the ETags that a client sent, each as it is without a content coding."""
    return {_CODING_SUFFIX.sub("", etag) for etag in etags.as_set(include_weak=include_weak)}


def precondition_failed(request: Request, etag: str) -> bool:
    """Return True if the request has an If-Match that the document does not satisfy (RFC 9110 section 13.1.1)."""
    if not request.if_match or request.if_match.star_tag:
        return False
    return etag not in document_etags(request.if_match, include_weak=False)


def matching_etag(request: Request, etag: str, last_modified: datetime | None) -> str | None:
    """Return the ETag by which the client has the current document; None if it does not (RFC 9110 section 13.2.2).

    It may name another content coding than the response would have.
    """
    if "If-None-Match" in request.headers:
        sent = request.if_none_match.as_set(include_weak=True)
        matching = sorted(candidate for candidate in sent if _CODING_SUFFIX.sub("", candidate) == etag)
        return matching[0] if matching else etag if request.if_none_match.star_tag else None
    # Equal, not later: a file that is replaced by an older one, or deleted, sets Last-Modified back.
    since = request.if_modified_since
    return etag if since is not None and since == last_modified else None
