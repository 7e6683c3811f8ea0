"""The Flask app: finds a publication, answers 404 or 304, renders, sets the headers. It names no format."""

import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from cachetools import LRUCache
from flask import Flask, Response, request
from werkzeug.http import is_resource_modified

from feeds.catalog import Catalog, Validators, open_catalog
from feeds.errors import ArchiveError, ExportError, FeedsError, QueryError, UnknownEditionError
from feeds.exporter import Exporter
from feeds.format import Kind
from feeds.site import Publication

_KEPT_BYTES = 64 * 1024 * 1024  # of rendered documents, in each worker
_CACHE_CONTROL = "public, max-age=300, stale-while-revalidate=3600, stale-if-error=86400"
_STATUS = {UnknownEditionError: 404, QueryError: 400, ArchiveError: 503, ExportError: 500}


def create_app(archive: str | os.PathLike[str] | None = None, environ: Mapping[str, str] = os.environ) -> Flask:
    """Make the app that serves an archive: the folder given, $FEEDS_ARCHIVE, or `seeds`.

    Raises FeedsError at once for an archive, a setting or an exporter that cannot be used.
    """
    server = _Server(open_catalog(Path(archive or environ.get("FEEDS_ARCHIVE") or "seeds"), environ))
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = app.url_map.redirect_defaults = False  # an address is what it is: no redirects
    app.add_url_rule("/", "publication", server.publication, defaults={"path": ""})
    app.add_url_rule("/<path:path>", "publication", server.publication)
    app.add_url_rule("/healthz", "health", server.health)
    app.register_error_handler(FeedsError, _failed)
    return app


class _Server:
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._bodies: LRUCache[str, bytes] = LRUCache(_KEPT_BYTES, getsizeof=len)
        self._lock = threading.Lock()

    def publication(self, path: str) -> Response:
        """Answer with the publication at a path."""
        self._catalog.archive.refresh()
        publication, exporter = self._catalog.find(path, request.args.items(multi=True))
        validators = self._catalog.validators(publication)
        if _is_current(validators):
            return _with_headers(Response(status=304), publication, validators)
        body, validators = self._body(publication, exporter, validators)
        response = _with_headers(Response(body, content_type=exporter.media_type), publication, validators)
        if exporter.kind is Kind.FILE:
            response.headers.set("Content-Disposition", "attachment", filename=publication.file_name)
            response.make_conditional(request, accept_ranges=True, complete_length=len(body))
        return response

    def health(self) -> Response:
        """Answer that this worker can read its archive."""
        self._catalog.archive.refresh()
        return Response("ok\n", content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})

    def _body(self, publication: Publication, exporter: Exporter, validators: Validators) -> tuple[bytes, Validators]:
        """Take a document that was rendered before, or render it."""
        with self._lock:
            body = self._bodies.get(validators.tag)
        if body is not None:
            return body, validators
        edition, validators = self._catalog.cut(publication)
        body = b"".join(exporter.render(edition, self._catalog.site))
        if len(body) <= _KEPT_BYTES:
            with self._lock:
                self._bodies[validators.tag] = body
        return body, validators


def _is_current(validators: Validators) -> bool:
    return not is_resource_modified(
        request.environ, etag=validators.tag, last_modified=_last_modified(validators), ignore_if_range=True
    )


def _last_modified(validators: Validators) -> datetime | None:
    return validators.modified and min(validators.modified, datetime.now(UTC))


def _with_headers(response: Response, publication: Publication, validators: Validators) -> Response:
    response.set_etag(validators.tag)
    response.last_modified = _last_modified(validators)
    response.headers["Cache-Control"] = _CACHE_CONTROL
    response.headers["X-Content-Type-Options"] = "nosniff"
    if publication.format.kind is not Kind.PAGE:
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _failed(error: FeedsError) -> Response:
    """Answer an error in one line that a person can read."""
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    return Response(f"{error}\n", status, content_type="text/plain; charset=utf-8")
