"""How the service is, for programs that watch it."""

from collections import Counter
from datetime import date
from typing import Any

from feeds.publishing.publisher import Publisher, last_published_day


def liveness(publisher: Publisher) -> str:
    """Say in a line that this process answers, and whether it shows the archive as it was last read."""
    degradation = publisher.archive.degradation
    return f"degraded: {degradation}" if degradation else "ok"


def readiness(publisher: Publisher) -> dict[str, Any]:
    """Describe what is served.

    `degraded` is true if the archive is shown as last read, and `reason` says why; both concern the operator. Ages are
    in days. Raises ArchiveError if nothing can be served.
    """
    archive = publisher.archive
    archive.sync_if_due()
    with archive.snapshot() as snapshot:
        calendar = snapshot.calendar()
        severities = Counter(item.severity.name.lower() for item in snapshot.diagnostics())
    newest: date | None = calendar[-1].date if calendar else None
    return {
        "ready": True,
        "degraded": bool(archive.degradation),
        "reason": archive.degradation,
        "newest_day": newest and newest.isoformat(),
        "newest_day_age": newest and (last_published_day() - newest).days,
        "days": len(calendar),
        "papers": sum(day.papers for day in calendar),
        "diagnostics": dict(severities),
        "revision": archive.revision,
    }
