"""The Flask app: finds the document that a URL names, and answers with it, with a redirect or with an error."""

import logging
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from flask import Flask, Response, abort, jsonify, request
from werkzeug.exceptions import HTTPException

from feeds.errors import FeedsError, UnknownEditionError
from feeds.http import status
from feeds.http.cache import ResponseCache
from feeds.http.documents import DocumentCache
from feeds.http.errors import ErrorResponder
from feeds.http.gateway import PENDING, Service, waiting_for_renderings
from feeds.http.negotiation import choose_language
from feeds.http.redirects import find_redirect
from feeds.http.rendering import Renderer, RenderingPending
from feeds.http.responses import Responder, add_common_headers, text_response
from feeds.publishing.publisher import Publisher, open_publisher
from feeds.publishing.websub import HubNotifier, topic_fingerprints

_log = logging.getLogger(__name__)


def create_app(archive: str | os.PathLike[str] | None = None, environ: Mapping[str, str] = os.environ) -> Flask:
    """Create the app that serves an archive.

    Args:
        archive: the archive's folder; by default $FEEDS_ARCHIVE, then `seeds`.
        environ: the environment, with settings as FEEDS_<NAME>.

    Raises:
        FeedsError: the archive, a setting or an exporter cannot be used. Settings that were read before are used while
            `feeds.toml` is wrong.
    """
    root = Path(archive or environ.get("FEEDS_ARCHIVE") or "seeds")
    publisher = open_publisher(root, environ, is_serving=True)
    if publisher.settings_error:
        _log.error("%s: %s; the settings are as last read", *publisher.settings_error)
    cache = ResponseCache()
    # Beside the index, which is a cache as well, and of the same archive.
    documents = DocumentCache(publisher.archive.index_path.with_suffix(".documents"))
    renderer = Renderer(publisher, environ, cache, documents)
    if publisher.site.hub:
        HubNotifier(publisher.archive, publisher.site.hub, partial(topic_fingerprints, publisher)).start()

    app = Flask(__name__, static_folder=None)
    # URLs are taken as they are: a redirect by Werkzeug would lead to the host that the request names.
    app.url_map.strict_slashes = app.url_map.merge_slashes = app.url_map.redirect_defaults = False
    _add_documents(app, publisher, Responder(publisher, renderer, cache))
    _add_status(app, publisher)
    _add_errors(app, ErrorResponder(publisher))
    app.after_request(lambda response: add_common_headers(response, request.method))
    app.extensions["feeds"] = Service(app.wsgi_app, publisher, cache, renderer)
    app.wsgi_app = waiting_for_renderings(app.wsgi_app)  # type: ignore[method-assign, assignment]  # as Flask advises
    return app


def _add_documents(app: Flask, publisher: Publisher, responder: Responder) -> None:
    @app.before_request
    def require_path() -> None:
        if not request.environ["PATH_INFO"].startswith("/") and request.method != "OPTIONS":
            abort(400, "the request target must be a path such as /latest")

    @app.get("/", defaults={"path": ""})
    @app.get("/<path:path>")
    def document(path: str) -> Response:
        publisher.archive.sync_if_due()
        try:
            resource = publisher.find(path, request.args.items(multi=True))
            language = choose_language(request.accept_languages, publisher.languages)
            representation = publisher.representation(resource, language)
        except UnknownEditionError:
            if redirect := find_redirect(publisher, path, request.args.items(multi=True)):
                return redirect
            raise
        return responder.respond(request, representation)


def _add_status(app: Flask, publisher: Publisher) -> None:
    @app.get("/healthz")
    def liveness() -> Response:
        return text_response(status.liveness(publisher), 200, {"Cache-Control": "no-store"})

    @app.get("/readyz")
    def readiness() -> Response:
        response = jsonify(status.readiness(publisher))
        response.headers["Cache-Control"] = "no-store"
        return response


def _add_errors(app: Flask, responder: ErrorResponder) -> None:
    @app.errorhandler(FeedsError)
    @app.errorhandler(HTTPException)
    def handle_error(error: FeedsError | HTTPException) -> Response:
        return responder.respond(request, error)

    @app.errorhandler(RenderingPending)
    def handle_pending(pending: RenderingPending) -> Response:
        request.environ[PENDING] = pending
        return Response()
