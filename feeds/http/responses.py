"""Responses: a representation as the 200, 206, 226, 304 or 412 that a request asks for."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Request, Response
from werkzeug.exceptions import PreconditionFailed
from werkzeug.http import http_date

from feeds.exporters.contract import Kind
from feeds.http.cache import ResponseCache
from feeds.http.conditional import coded_etag, document_etags, matching_etag, permits_range, precondition_failed
from feeds.http.gateway import BODY_NAME, IS_STREAMED, RESULTS
from feeds.http.negotiation import choose_encoding
from feeds.http.ranges import apply_range
from feeds.http.rendering import Body, Document, Renderer
from feeds.publishing.deltas import Deltas, newest_etag
from feeds.publishing.publisher import Publisher
from feeds.publishing.representation import Representation, link_headers

_EXPOSED_HEADERS = "ETag, Last-Modified, Link, Retry-After, Content-Disposition, IM"
# Pages run no script but ours, and show pictures and videos from wherever the digests have them. Browsers show other
# documents as well, such as feeds. The script reads the BibTeX that it copies; Chromium asks `connect-src` also whether
# Lighthouse may read /robots.txt.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' https: http:; media-src https: http:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
_PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since, A-IM, Range, Cache-Control, Content-Type",
    "Access-Control-Max-Age": "86400",
}


class _Response(Response):
    """A response whose 304 repeats Last-Modified (RFC 9110 section 15.4.5); Werkzeug drops it."""

    def get_wsgi_headers(self, environ: Any) -> Any:
        """Return the headers that are sent."""
        headers = super().get_wsgi_headers(environ)
        if self.last_modified:
            headers["Last-Modified"] = http_date(self.last_modified)
        return headers


class Responder:
    """Answers requests for representations. `cache` is the worker's."""

    def __init__(self, publisher: Publisher, renderer: Renderer, cache: ResponseCache) -> None:
        self._publisher = publisher
        self._deltas = Deltas(publisher)
        self._renderer = renderer
        self._cache = cache

    def respond(self, request: Request, representation: Representation) -> Response:
        """Answer a GET or HEAD.

        Raises RenderingPending if the document is not rendered yet, PreconditionFailed if If-Match or
        If-Unmodified-Since is not satisfied, RequestedRangeNotSatisfiable if a range lies beyond the end, and
        ExportError if the document cannot be rendered.
        """
        if representation.is_immutable:
            request.environ[IS_STREAMED] = True  # clients keep pictures, the cache is for documents
        last_modified = _clamp_to_now(representation.last_modified)
        if precondition_failed(request, representation.etag, last_modified):
            raise PreconditionFailed
        if etag := matching_etag(request, representation.etag, last_modified):
            return self._with_headers(_Response(status=304), representation, etag)
        return self._delta(request, representation) or self._document(request, representation)

    def _document(self, request: Request, representation: Representation) -> Response:
        """Answer with the document, or the range that was asked for."""
        document = self._renderer.document(representation, request.environ.get(RESULTS, {}))
        current, size = document.representation, document.size  # other than asked for if the archive changed
        response = self._encoded(request, document, current.etag)
        # Like nginx, of a document that the client prefers compressed there are no ranges.
        if current.has_ranges and "Content-Encoding" not in response.headers:
            is_permitted = permits_range(request, current.etag, response.last_modified)
            apply_range(request, response, size, is_permitted=is_permitted)
        return response

    def _delta(self, request: Request, representation: Representation) -> Response | None:
        """Answer with what is new to the client (RFC 3229 with the `feed` manipulation); None if that is not known."""
        manipulations = {value.partition(";")[0].strip() for value in request.headers.get("A-IM", "").split(",")}
        if representation.kind is not Kind.FEED or "feed" not in manipulations:
            return None
        held = newest_etag(document_etags(request.if_none_match, include_weak=True))
        name = f"{representation.etag} since {held}"
        body = self._cache.get(name) if held else None
        if held and body is None and (rendered := self._deltas.render(representation, held)):
            body = rendered.body
            self._cache.put(name, body)
        if body is None:
            return None
        response = self._encoded(request, Document(representation, body), name)
        response.status_code = 226
        response.headers["IM"] = "feed"
        response.headers["Delta-Base"] = f'"{held}"'
        response.headers["Cache-Control"] = "no-store, im"  # no cache may take it for the whole feed
        return response

    def _encoded(self, request: Request, document: Document, name: str) -> Response:
        """Answer with a document, compressed if the client prefers that. `name` changes with the body."""
        representation, body = document
        coding = choose_encoding(request.accept_encodings, representation.media_type, document.size)
        if coding:
            body = self._renderer.compressed(name, coding, body, request.environ.get(RESULTS, {}))
        response = self._with_headers(
            _body_response(request, body), representation, coded_etag(representation.etag, coding)
        )
        if coding:
            response.headers["Content-Encoding"] = coding
        if "Range" not in request.headers:
            request.environ[BODY_NAME] = coded_etag(name, coding)
        return response

    def _with_headers(self, response: Response, representation: Representation, etag: str) -> Response:
        response.headers.update(representation.headers)
        links = link_headers(representation, self._publisher.site, self._publisher.formats)
        response.headers.setlist("Link", links)
        response.set_etag(etag)
        if representation.last_modified:
            response.last_modified = _clamp_to_now(representation.last_modified)
        if representation.varies_by_language:
            response.vary.add("Accept-Language")
        return response


def _body_response(request: Request, body: Body) -> Response:
    """Return a response with a body; a large one is read from its file while it is sent."""
    if isinstance(body, bytes):
        return _Response(body)
    request.environ[IS_STREAMED] = True
    response = _Response(body, direct_passthrough=True)
    response.content_length = body.size
    return response


def add_common_headers(response: Response, method: str) -> Response:
    """Add what every response has: what it varies by, what browsers may do with it, access for other sites (CORS)."""
    response.vary.update(("Accept-Encoding", "A-IM"))
    response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
    if method == "OPTIONS":
        response.headers.update(_PREFLIGHT_HEADERS)
    return response


def text_response(message: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response of one line of text."""
    return Response(f"{message}\n", status, headers, content_type="text/plain; charset=utf-8")


def _clamp_to_now(time: datetime | None) -> datetime | None:
    """Return a time that is not in the future, as Last-Modified must be (RFC 9110 section 8.8.2.1)."""
    return time and min(time, datetime.now(UTC).replace(microsecond=0))
