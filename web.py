"""The Flask app: finds the document that a URL names, and answers with it or with an error in one line."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from feeds.errors import ArchiveError, ExportError, FeedsError, QueryError, UnknownEditionError
from feeds.http.cache import ResponseCache
from feeds.http.negotiation import choose_language
from feeds.http.responses import Responder, add_common_headers, text_response
from feeds.publishing.publisher import open_publisher
from feeds.publishing.websub import HubNotifier, topic_fingerprints

_CACHE_BYTES = 64 * 1024 * 1024  # in each worker
_STATUS = {UnknownEditionError: 404, QueryError: 400, ArchiveError: 503, ExportError: 500}
_RETRY_AFTER = "60"  # seconds, with a 503


def create_app(archive: str | os.PathLike[str] | None = None, environ: Mapping[str, str] = os.environ) -> Flask:
    """Create the app that serves an archive.

    Args:
        archive: the archive's folder; by default $FEEDS_ARCHIVE, then `seeds`.
        environ: the environment, with settings as FEEDS_<NAME>.

    Raises:
        FeedsError: the archive, a setting or an exporter cannot be used.
    """
    publisher = open_publisher(Path(archive or environ.get("FEEDS_ARCHIVE") or "seeds"), environ)
    cache = ResponseCache(_CACHE_BYTES)
    responder = Responder(publisher, cache)
    if publisher.site.hub:
        HubNotifier(publisher.archive, publisher.site.hub, partial(topic_fingerprints, publisher)).start()

    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = app.url_map.redirect_defaults = False  # URLs are taken as they are

    @app.get("/", defaults={"path": ""})
    @app.get("/<path:path>")
    def document(path: str) -> Response:
        publisher.archive.sync_if_due()
        resource = publisher.find(path, request.args.items(multi=True))
        language = choose_language(request.accept_languages, publisher.languages)
        return responder.respond(request, publisher.representation(resource, language))

    @app.get("/healthz")
    def health() -> Response:
        publisher.archive.sync_if_due()
        return text_response("ok", 200, {"Cache-Control": "no-store"})

    @app.errorhandler(FeedsError)
    def handle_error(error: FeedsError) -> Response:
        status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)
        return text_response(str(error), status, {"Retry-After": _RETRY_AFTER} if status == 503 else {})

    @app.errorhandler(HTTPException)
    def handle_http_error(error: HTTPException) -> Response:
        response = text_response(error.name, error.code or 500)
        response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
        return response

    @app.after_request
    def finish(response: Response) -> Response:
        return add_common_headers(response, request.method)

    app.wsgi_app = cache.wrap(app.wsgi_app, publisher)  # type: ignore[method-assign, assignment]  # as Flask advises
    return app
