"""The Flask app: finds a publication, answers 404 or 304, renders, sets the headers. It names no format."""

import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from babel import negotiate_locale
from cachetools import LRUCache
from flask import Flask, Response, abort, request
from werkzeug.datastructures import ETags
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date

from feeds.archive.edition import Edition
from feeds.errors import ArchiveError, ExportError, FeedsError, QueryError, UnknownEditionError
from feeds.exporters.format import Kind, shows_pictures
from feeds.http.cache import Replies
from feeds.publishing import compression as encoding
from feeds.publishing import headers as delivery
from feeds.publishing.publisher import Catalog, open_catalog
from feeds.publishing.websub import Announcer
from feeds.site.site import Publication

_KEPT_BYTES = 64 * 1024 * 1024  # of documents, in each worker
_TRIES = 5
_MOST_TAGS = 8  # that a client may say it holds
_STATUS = {UnknownEditionError: 404, QueryError: 400, ArchiveError: 503, ExportError: 500}
_RETRY = "60"  # seconds, after a 503
_EXPOSED = "ETag, Last-Modified, Link, Retry-After, Content-Disposition, IM"
# Pages run no script but ours, and show pictures and films from wherever the digests have them.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' https: http:; media-src https: http:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since, A-IM, Range, Cache-Control, Content-Type",
    "Access-Control-Max-Age": "86400",
}
# Apache writes "…-gzip" where it compresses; so do we, for a tag is of one sequence of bytes (RFC 9110 section 8.8.3).
_CODED_TAG = re.compile(r"(?:-(?:gzip|br|zstd|deflate))+$")
_ONE_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")


def create_app(archive: str | os.PathLike[str] | None = None, environ: Mapping[str, str] = os.environ) -> Flask:
    """Make the app that serves an archive: the folder given, $FEEDS_ARCHIVE, or `seeds`.

    Raises FeedsError at once for an archive, a setting or an exporter that cannot be used.
    """
    server = _Server(open_catalog(Path(archive or environ.get("FEEDS_ARCHIVE") or "seeds"), environ))
    if server.catalog.site.hub:
        Announcer(server.catalog).start()
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = app.url_map.redirect_defaults = False  # an address is what it is: no redirects
    app.add_url_rule("/", "publication", server.publication, defaults={"path": ""})
    app.add_url_rule("/<path:path>", "publication", server.publication)
    app.add_url_rule("/healthz", "health", server.health)
    app.register_error_handler(FeedsError, _failed)
    app.register_error_handler(HTTPException, _refused)
    app.after_request(_vary)
    app.wsgi_app = Replies(app.wsgi_app, server.catalog, _KEPT_BYTES)  # type: ignore[method-assign]  # Flask's own advice
    return app


class _Asked(NamedTuple):
    """A publication that was asked for, and what is known without rendering it."""

    publication: Publication
    outline: Edition
    tag: str
    modified: datetime | None


class _ChangedError(Exception):
    """The archive or the store has changed since the tag was computed: this is what was made of it now."""

    def __init__(self, asked: _Asked, body: bytes) -> None:
        super().__init__()
        self.asked = asked
        self.body = body


class _Answer(Response):
    """A response whose 304 repeats Last-Modified too (RFC 9110 section 15.4.5); Werkzeug drops it."""

    def get_wsgi_headers(self, environ: Any) -> Any:
        headers = super().get_wsgi_headers(environ)
        if self.last_modified:
            headers["Last-Modified"] = http_date(self.last_modified)
        return headers


class _Server:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._bodies: LRUCache[str, bytes] = LRUCache(_KEPT_BYTES, getsizeof=len)
        self._making: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def publication(self, path: str) -> Response:
        """Answer with the publication at a path."""
        self.catalog.archive.refresh()
        found = self.catalog.find(path, request.args.items(multi=True))
        publication = self.catalog.negotiated(found, _quality, _language)
        asked = self._asked(publication, self.catalog.outline(publication))
        if request.if_match and not request.if_match.star_tag and asked.tag not in _tags(request.if_match, weak=False):
            abort(412)  # RFC 9110 section 13.1.1
        if known := _known_tag(asked):
            unchanged = self._with_headers(_Answer(status=304), asked)
            unchanged.set_etag(known)
            return unchanged
        return self._delta(asked) or self._whole(asked)

    def _asked(self, publication: Publication, edition: Edition) -> _Asked:
        tag, modified = self.catalog.tag(publication, edition), self.catalog.modified(publication, edition)
        return _Asked(publication, edition, tag, _not_ahead(modified))

    def health(self) -> Response:
        """Answer that this worker can read its archive."""
        self.catalog.archive.refresh()
        return Response("ok\n", content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})

    def _whole(self, asked: _Asked) -> Response:
        """Answer with all of a publication, or the range of it that was asked for."""
        try:
            body = self._body(asked.tag, partial(self._render, asked))
        except _ChangedError as changed:
            asked, body = changed.asked, changed.body
        response = self._coded(body, asked, asked.tag)
        if asked.publication.format.kind is Kind.FILE:
            _cut_range(response, len(body))
        return response

    def _delta(self, asked: _Asked) -> Response | None:
        """Answer with what is new to the client (RFC 3229, and the `feed` manipulation); None where nobody can tell."""
        manipulations = {each.partition(";")[0].strip() for each in request.headers.get("A-IM", "").split(",")}
        if asked.publication.format.kind is not Kind.FEED or "feed" not in manipulations:
            return None
        for held in sorted(_tags(request.if_none_match, weak=True))[:_MOST_TAGS]:
            if edition := self.catalog.since(asked.publication, held):
                name = f"{asked.tag} since {held}"
                body = self._body(name, partial(self.catalog.render, asked.publication, edition))
                response = self._coded(body, asked, name)
                response.status_code = 226
                response.headers["IM"] = "feed"
                response.headers["Delta-Base"] = f'"{held}"'
                response.headers["Cache-Control"] = "no-store, im"  # no cache may take it for the whole
                return response
        return None

    def _render(self, asked: _Asked) -> bytes:
        for _ in range(_TRIES):
            edition = self.catalog.cut(asked.publication)
            before = self.catalog.tag(asked.publication, edition)
            body = self.catalog.render(asked.publication, edition)
            made = self._asked(asked.publication, edition)
            # In between the store may have lost a picture of a book, or changed under a catalogue that tells lengths.
            if made.tag == before or shows_pictures(asked.publication.format):
                break
        else:
            raise ArchiveError(f"{asked.publication.path}: the pictures change too fast; try again in a minute")
        if made.tag != asked.tag:
            raise _ChangedError(made, body)
        return body

    def _body(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Take bytes that were made before under a name that changes with them, or make them."""
        with self._lock:
            if name in self._bodies:
                return self._bodies[name]
            making = self._making.setdefault(name, threading.Lock())
        with making:  # whoever asks meanwhile waits for it
            with self._lock:
                if name in self._bodies:
                    return self._bodies[name]
            try:
                body = make()
                if len(body) <= _KEPT_BYTES:
                    with self._lock:
                        self._bodies[name] = body
                return body
            finally:
                with self._lock:
                    self._making.pop(name, None)

    def _coded(self, body: bytes, asked: _Asked, name: str) -> Response:
        """Answer with a document as small as the client understands."""
        coding = _coding(asked.publication.format.media_type, len(body))
        if coding:
            body = self._body(f"{name} {coding}", lambda: encoding.CODINGS[coding](body))
        response = self._with_headers(_Answer(body, content_type=asked.publication.format.media_type), asked)
        if coding:
            response.headers["Content-Encoding"] = coding
            response.set_etag(f"{asked.tag}-{coding}")
        if called := delivery.content_disposition(asked.publication):
            response.headers["Content-Disposition"] = called
        return response

    def _with_headers(self, response: Response, asked: _Asked) -> Response:
        """Set what a 200 and its 304 have in common."""
        response.set_etag(asked.tag)
        response.last_modified = asked.modified
        response.headers["Cache-Control"] = delivery.cache_control(asked.outline, self.catalog.archive.days())
        if asked.publication.format.kind is Kind.PAGE:
            response.headers["Content-Security-Policy"] = _POLICY
        if asked.publication.language:
            response.vary.add("Accept-Language")
            response.content_language.add(asked.publication.language)
        if len(self.catalog.site.family(asked.publication)) > 1:
            response.vary.add("Accept")
            response.headers["Content-Location"] = self.catalog.site.url(asked.publication)
        if links := self.catalog.site.links(asked.publication, asked.outline):
            response.headers["Link"] = links
        return response


def _tags(named: ETags, weak: bool) -> set[str]:
    """List the tags that a client names, with or without the weak ones, as they were before any coding."""
    return {_CODED_TAG.sub("", tag) for tag in named.as_set(include_weak=weak)}


def _known_tag(asked: _Asked) -> str | None:
    """Tell by which tag the client knows the newest bytes; None where it does not (RFC 9110 section 13.2.2)."""
    if "If-None-Match" in request.headers:
        named = request.if_none_match.as_set(include_weak=True)
        known = sorted(tag for tag in named if _CODED_TAG.sub("", tag) == asked.tag)
        return known[0] if known else asked.tag if request.if_none_match.star_tag else None
    # Exactly: where a file is replaced by an older one, or deleted, the time goes back.
    since = request.if_modified_since
    return asked.tag if since is not None and since == asked.modified else None


def _not_ahead(modified: datetime | None) -> datetime | None:
    return modified and min(modified, datetime.now(UTC).replace(microsecond=0))


def _quality(media_type: str) -> float:
    """How much the client likes a media type, leaving parameters aside; the same for all where it does not say."""
    bare = media_type.partition(";")[0]
    liked = {accepted.partition(";")[0]: quality for accepted, quality in reversed(list(request.accept_mimetypes))}
    return next((liked[each] for each in (bare, f"{bare.partition('/')[0]}/*", "*/*") if each in liked), 0.0)


def _language(offered: Sequence[str]) -> str | None:
    """Choose the language that the client likes best; none where it does not say (RFC 4647 section 3.4)."""
    qualities = {tag.lower(): quality for tag, quality in request.accept_languages}
    wanted = [each for each in offered if qualities.get(each, 1) > 0]
    chosen = negotiate_locale([tag for tag, quality in qualities.items() if quality > 0], wanted, sep="-")
    return chosen or next(iter(wanted), None)


def _coding(media_type: str, size: int) -> str | None:
    """Choose a content coding (RFC 9110 section 12.5.3); none for a part of a document."""
    accepted = request.accept_encodings
    if "Range" in request.headers or not encoding.is_worth_it(media_type, size) or not accepted.provided:
        return None
    best = max(encoding.CODINGS, key=lambda coding: accepted.quality(coding))
    return best if accepted.quality(best) > 0 and accepted.quality(best) >= _identity(accepted) else None


def _identity(accepted: Any) -> float:
    """How much the client likes a document as it is: less than any coding where it does not say."""
    named = {value.lower() for value, _ in accepted}
    return float(accepted.quality("identity")) if "identity" in named else 0.0


def _cut_range(response: Response, length: int) -> None:
    """Answer a request for one range; anything else is answered whole (RFC 9110 section 14.2)."""
    environ = dict(request.environ)
    asked = _ONE_RANGE.fullmatch(environ.get("HTTP_RANGE", ""))
    first, last, suffix = asked.groups(default="") if asked else ("", "", "")
    if request.method != "GET" or not asked or (last and int(last) < int(first)):
        environ.pop("HTTP_RANGE", None)
    elif suffix and int(suffix) >= length:
        environ["HTTP_RANGE"] = "bytes=0-"  # Werkzeug would say 416
    environ.pop("HTTP_IF_NONE_MATCH", None)  # these were looked at before
    environ.pop("HTTP_IF_MODIFIED_SINCE", None)
    response.make_conditional(environ, accept_ranges=True, complete_length=length)


def _vary(response: Response) -> Response:
    """Say on every answer what it depends on, and let scripts of other sites ask first."""
    response.vary.update(("Accept-Encoding", "A-IM"))
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    if request.method == "OPTIONS":
        response.headers.update(_PREFLIGHT)
    return response


def _failed(error: FeedsError) -> Response:
    """Answer an error in one line that a person can read."""
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    headers = {"Retry-After": _RETRY} if status == 503 else {}
    return Response(f"{error}\n", status, headers, content_type="text/plain; charset=utf-8")


def _refused(error: HTTPException) -> Response:
    """Answer what Flask or Werkzeug refuses in the same way, with the headers that they set."""
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    return Response(f"{error.name}\n", error.code, headers, content_type="text/plain; charset=utf-8")
