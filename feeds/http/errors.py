"""Error responses: a page in the reader's language for a browser, one line of text for a program."""

import logging

from flask import Request, Response
from werkzeug.exceptions import HTTPException

from feeds.errors import ArchiveError, FeedsError, QueryError, UnknownEditionError
from feeds.exporters.contract import RenderContext
from feeds.exporters.html import render_error_page
from feeds.http.gateway import REQUEST_ID
from feeds.http.lane import BusyError
from feeds.http.negotiation import choose_language
from feeds.http.responses import text_response
from feeds.publishing.publisher import Publisher
from feeds.site.i18n import get_locale
from feeds.site.site import LANGUAGE_PARAMETER
from feeds.text.unicode import strip_forbidden

_STATUSES = {UnknownEditionError: 404, QueryError: 400, ArchiveError: 503, BusyError: 503}  # 500 for the others
_RETRY_AFTER = "60"  # seconds, with a 503
_MAX_LINE = 300  # characters
_log = logging.getLogger(__name__)


class ErrorResponder:
    """Answers requests that cannot be answered otherwise."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def respond(self, request: Request, error: FeedsError | HTTPException) -> Response:
        """Answer with the status of an error, and log what only the operator may know."""
        status = _status(error)
        line = " ".join(strip_forbidden(_describe(error)).split())[:_MAX_LINE]
        if status >= 500 and isinstance(error, FeedsError) and not isinstance(error, BusyError):  # Flask logs others
            exception = error if status == 500 else None
            _log.error("%s: %r: %s", request.environ.get(REQUEST_ID), request.path, error, exc_info=exception)
        accepted = request.accept_mimetypes
        if accepted.quality("text/html") > accepted.quality("text/plain"):
            response = self._page(request, status, line)
        else:
            response = text_response(line, status)
        response.headers.extend(_headers(error))
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("Accept")
        if status >= 500 and REQUEST_ID in request.environ:
            response.headers["X-Request-ID"] = request.environ[REQUEST_ID]
        return response

    def _page(self, request: Request, status: int, line: str) -> Response:
        publisher = self._publisher
        languages = publisher.languages[:1] if publisher.site.interface else publisher.languages
        named = request.args.get(LANGUAGE_PARAMETER, "") if len(languages) > 1 else ""
        url_language = named if named in languages else ""
        language = url_language or choose_language(request.accept_languages, languages)
        context = RenderContext(publisher.site, publisher.formats, get_locale(language), url_language=url_language)
        body = render_error_page(context, status, line, request.args.get("q", ""))
        response = Response(body, status, {"Content-Language": language}, content_type="text/html; charset=utf-8")
        response.vary.add("Accept-Language")
        return response


def _status(error: FeedsError | HTTPException) -> int:
    if isinstance(error, HTTPException):
        return error.code or 500
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 500)


def _describe(error: FeedsError | HTTPException) -> str:
    """Describe an error without anything of the server, such as its paths."""
    if isinstance(error, UnknownEditionError | QueryError | BusyError):
        return str(error)
    if isinstance(error, ArchiveError):
        return "the archive cannot be read; try again in a minute"
    if isinstance(error, FeedsError):
        return "this document cannot be rendered; the server's log says why"
    return error.description or error.name


def _headers(error: FeedsError | HTTPException) -> list[tuple[str, str]]:
    """Return the headers that an error needs, such as Allow and Content-Range."""
    if isinstance(error, HTTPException):
        return [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    if isinstance(error, BusyError):
        return [("Retry-After", str(error.retry_after))]
    return [("Retry-After", _RETRY_AFTER)] if isinstance(error, ArchiveError) else []
