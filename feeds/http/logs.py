"""Log lines for people or, as JSON, for programs; without anything secret."""

import json
import logging
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from feeds.http.request import Request
from feeds.model.query import PARAMETERS

FORMATS = ("text", "json")

_ACCESS = "feeds.access"
_access_log = logging.getLogger(_ACCESS)


def configuration(log_format: str, *, with_access: bool) -> dict[str, Any]:
    """Return a configuration for `logging.config.dictConfig`: everything goes to standard error."""
    formatter = _JsonFormatter if log_format == "json" else _TextFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"default": {"()": formatter}},
        "handlers": {"default": {"class": "logging.StreamHandler", "formatter": "default"}},
        "root": {"handlers": ["default"], "level": "WARNING"},
        "loggers": {"uvicorn": {"level": "INFO"}, _ACCESS: {"level": "INFO" if with_access else "WARNING"}},
    }


def log_access(request: Request, status: int, size: int, seconds: float) -> None:
    """Log an answered request, if such are to be logged. `size` counts the bytes that were sent."""
    if _access_log.isEnabledFor(logging.INFO):
        fields = {
            "client": request.client,
            "method": request.method,
            "target": _without_secrets(request.path, request.query),
            "status": status,
            "size": size,
            "seconds": round(seconds, 4),
            "request_id": request.id,
        }
        _access_log.info("%s", " ".join(map(str, fields.values())), extra={"fields": fields})


def _without_secrets(path: str, query: str) -> str:
    """Return the target of a request with the values of search parameters only: others may be somebody's tokens."""
    pairs = [(name, value if name in PARAMETERS else "…") for name, value in parse_qsl(query, keep_blank_values=True)]
    target = quote(path, encoding="latin-1")
    return f"{target}?{urlencode(pairs, safe='…')}" if pairs else target


class _TextFormatter(logging.Formatter):
    """A line: time, level, logger, message; the traceback of an exception follows."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        return _time(record)


class _JsonFormatter(logging.Formatter):
    """A JSON object a line, with the traceback of an exception in it."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            **(getattr(record, "fields", None) or {"message": record.getMessage()}),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    return f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z"
