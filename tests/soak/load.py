"""Part 3: a reader polls the newest feed while a crowd of bad clients keeps the server busy, and days are added."""

import http.client
import json
import math
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from tests.soak.report import Row
from tests.support.archives import digest, write_real
from tests.support.processes import children, status_bytes
from tests.support.servers import ROOT, Answer, Server, ask, serving

CONNECTIONS = 2000
CLIENTS = 50
_POLL_INTERVAL = 0.1  # seconds
_DAY_INTERVAL = 15.0  # seconds from a new day to the next
_MEMORY_INTERVAL = 2.0
_WARM_UP = 10.0
_MAX_P99 = 0.1  # seconds
_MAX_MEMORY = 250  # megabytes of a worker
_MAX_GROWTH = 1.25  # of its memory from the first third of the time to the last
_MAX_SECONDS_TO_DAY = 10.0


def load(seconds: float, folder: Path) -> list[Row]:
    """Poll for a number of seconds, against a server with two workers and an archive of real size in a folder."""
    archive = folder / "archive"
    last_day = write_real(archive)
    environ = {"FEEDS_INDEX": str(folder / "index.sqlite"), "HOME": str(folder)}
    with serving(archive, environ, workers=2) as server:
        _Reader(server, archive, last_day).poll(_WARM_UP)
        reader = _Reader(server, archive, last_day)
        numbers = map(str, (server.port, round(seconds), CONNECTIONS, CLIENTS))
        command = [sys.executable, "-m", "tests.soak.crowd", *numbers]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as crowd:
            reader.poll(seconds)
            assert crowd.stdout
            counts = Counter(json.loads(crowd.stdout.read()))
        return [*reader.rows(), *_crowd_rows(counts)]


class _Reader:
    """Polls the newest feed, adds days to the archive, and watches the memory of the workers."""

    def __init__(self, server: Server, archive: Path, last_day: date) -> None:
        self._server = server
        self._archive = archive
        self._day = last_day
        self._etag = ""
        self._times: list[float] = []
        self._errors: Counter[str] = Counter()
        self._written: dict[str, float] = {}  # when days were added that are not yet seen, by the URL of a paper
        self._waited: list[float] = []
        self._memory: dict[int, list[float]] = {}

    def poll(self, seconds: float) -> None:
        """Poll ten times a second, every other time conditionally.

        An answer's time counts from when its request was due: where one waits, those after it wait too.
        """
        started = time.monotonic()
        next_day, next_look = started + _DAY_INTERVAL, started
        number = 0
        while (now := time.monotonic()) < started + seconds:
            if now >= next_day and now < started + seconds - _MAX_SECONDS_TO_DAY:
                self._add_day()
                next_day += _DAY_INTERVAL
            if now >= next_look:
                self._look_at_memory()
                next_look += _MEMORY_INTERVAL
            due = started + number * _POLL_INTERVAL
            time.sleep(max(0.0, due - time.monotonic()))
            self._ask(due, is_conditional=number % 2 == 0)
            number += 1

    def rows(self) -> list[Row]:
        """Return what was measured."""
        return [self._poll_row(), self._day_row(), *self._memory_rows()]

    def _ask(self, due: float, *, is_conditional: bool) -> None:
        headers = {"If-None-Match": self._etag} if is_conditional and self._etag else {}
        try:
            answer = ask(self._server.port, "/latest.rss", headers)
        except (OSError, http.client.HTTPException) as error:
            self._errors[type(error).__name__] += 1
            return
        self._times.append(time.monotonic() - due)
        if answer.status == 200:
            self._etag = answer.headers["ETag"]
            self._note_days(answer)
        elif answer.status != 304:
            self._errors[f"status {answer.status}"] += 1

    def _add_day(self) -> None:
        self._day += timedelta(days=1)
        path = self._archive / f"{self._day:%Y/%m/%d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        ordinal = self._day.toordinal()
        path.write_text(digest(self._day, 12, ordinal, random.Random(ordinal)), encoding="utf-8")
        self._written[f"arxiv.org/abs/{self._day:%y%m}.{ordinal % 100_000:05}"] = time.monotonic()

    def _note_days(self, answer: Answer) -> None:
        for paper in [paper for paper in self._written if paper.encode() in answer.body]:
            self._waited.append(time.monotonic() - self._written.pop(paper))

    def _look_at_memory(self) -> None:
        for worker in children(self._server.process.pid):
            self._memory.setdefault(worker, []).append(status_bytes(worker, "status", "VmRSS") / 1e6)

    def _poll_row(self) -> Row:
        total = len(self._times) + sum(self._errors.values())
        p50, p99, slowest = (1000 * percentile(self._times, share) for share in (0.5, 0.99, 1))
        lost = [f"{count} × {error}" for error, count in self._errors.items()]
        lost += [f"p99 over {1000 * _MAX_P99:.0f} ms"] if p99 > 1000 * _MAX_P99 else []
        held = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {slowest:.0f} ms"
        return Row("polls of latest.rss", f"{total:,} polls", held, ", ".join(lost))

    def _day_row(self) -> Row:
        lost = [f"{paper} not seen" for paper in self._written]
        slowest = max(self._waited, default=0.0)
        lost += [f"one seen after {slowest:.0f} s"] if slowest > _MAX_SECONDS_TO_DAY else []
        tried = f"{len(self._waited) + len(self._written)} days"
        return Row("days added meanwhile", tried, f"seen within {slowest:.1f} s", ", ".join(lost))

    def _memory_rows(self) -> list[Row]:
        rows = []
        for number, (worker, sizes) in enumerate(sorted(self._memory.items()), 1):
            held = f"start {sizes[0]:.0f} MB, peak {max(sizes):.0f} MB, end {sizes[-1]:.0f} MB"
            third = math.ceil(len(sizes) / 3)
            is_flat = max(sizes[-third:]) <= _MAX_GROWTH * max(sizes[:third]) and max(sizes) <= _MAX_MEMORY
            lost = [] if is_flat else ["not flat"]
            lost += ["ended"] if worker not in children(self._server.process.pid) else []
            rows.append(Row(f"memory of process {number}", f"{len(sizes)} looks", held, ", ".join(lost)))
        return rows


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of all values do not exceed; infinity if there are none."""
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else math.inf


def _crowd_rows(counts: Counter[str]) -> list[Row]:
    answers = {name.removeprefix("asked: "): count for name, count in counts.items() if name.startswith("asked: ")}
    others = [f"{count:,} × {name}" for name, count in sorted(counts.items()) if not name.startswith("asked: ")]
    held = ", ".join(f"{count:,} × {status}" for status, count in sorted(answers.items()))
    lost = ", ".join(f"{count:,} × {status}" for status, count in answers.items() if status not in ("200", "503"))
    return [
        Row(f"{CLIENTS} clients of expensive documents", f"{sum(answers.values()):,} requests", held, lost),
        Row("bad connections", f"{CONNECTIONS:,} at a time", ", ".join(others)),
    ]
