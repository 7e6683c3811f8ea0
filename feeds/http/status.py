"""How the service is, for programs that watch it."""

from collections import Counter
from datetime import date
from typing import Any

from feeds.publishing.publisher import Publisher, last_published_day


def liveness(publisher: Publisher) -> str:
    """Say in a line that this process answers, and whether the archive and the settings are as they were last read."""
    degradation = _degradation(publisher)
    return f"degraded: {degradation}" if degradation else "ok"


def readiness(publisher: Publisher) -> dict[str, Any]:
    """Describe what is served.

    `degraded` is true if the archive or the settings are as last read, and `reason` says why; both concern the
    operator. Ages are in days. Raises ArchiveError if nothing can be served.
    """
    archive = publisher.archive
    archive.sync_if_due()
    degradation = _degradation(publisher)
    with archive.snapshot() as snapshot:
        calendar = snapshot.calendar()
        severities = Counter(item.severity.name.lower() for item in snapshot.diagnostics())
    newest: date | None = calendar[-1].date if calendar else None
    return {
        "ready": True,
        "degraded": bool(degradation),
        "reason": degradation,
        "newest_day": newest and newest.isoformat(),
        "newest_day_age": newest and (last_published_day() - newest).days,
        "days": len(calendar),
        "papers": sum(day.papers for day in calendar),
        "diagnostics": dict(severities),
        "revision": archive.revision,
    }


def _degradation(publisher: Publisher) -> str:
    """Say why the archive or the settings are as last read, without a path of this machine; empty if they are not."""
    error = publisher.settings_error
    settings = "an error in feeds.toml, which the log names: the settings are as last read" if error else ""
    return "; ".join(filter(None, (publisher.archive.degradation, settings)))
