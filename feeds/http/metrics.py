"""What Prometheus reads: the numbers of all workers, at a port of their own.

Workers share their numbers in files of a temporary folder, which the master reads (the multiprocess mode of
prometheus-client). A worker counts in memory, and writes down once a second.
"""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from feeds.errors import FeedsError
from feeds.exporters.registry import Registry
from feeds.http.lane import Lane

if TYPE_CHECKING:
    from prometheus_client import Metric

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # which prometheus_client reads when it is imported


class Metrics:
    """Counts what a worker does. Only the thread of the event loop may use it.

    Args:
        formats: give each path its kind: that of its suffix, `page` without one, `other` for an unknown one.
        lanes: whose queues are shown.
    """

    def __init__(self, formats: Registry, lanes: Iterable[Lane]) -> None:
        from prometheus_client import Counter as CounterMetric
        from prometheus_client import Gauge

        self._kinds = {item.suffix: item.kind.name.lower() for item in formats}
        self._lanes = {lane.name: lane for lane in lanes}
        self._requests: Counter[tuple[str, str]] = Counter()
        self._hits = self._bytes = 0
        self._revision = ""
        self._requests_metric = CounterMetric("feeds_requests", "Answered requests.", ["kind", "status"])
        self._hits_metric = CounterMetric("feeds_cache_hits", "Requests that were answered from the cache.")
        self._bytes_metric = CounterMetric("feeds_sent_bytes", "Bytes of answers.")
        self._done_metric = CounterMetric(
            "feeds_lane_done", "Requests, searches and renderings that were done.", ["lane"]
        )
        self._seconds_metric = CounterMetric("feeds_lane_seconds", "Seconds that they took.", ["lane"])
        self._refused_metric = CounterMetric("feeds_lane_refused", "What was refused, since too much waited.", ["lane"])
        lane_gauge = partial(Gauge, labelnames=["lane"], multiprocess_mode="livesum")
        self._waiting_metric = lane_gauge("feeds_lane_waiting", "What waits for its turn.")
        self._running_metric = lane_gauge("feeds_lane_running", "What is being done.")
        self._connections_metric = Gauge("feeds_connections", "Open connections.", multiprocess_mode="livesum")
        self._revision_metric = Gauge(
            "feeds_revision_seconds",
            "When the archive was last seen to change, since 1970.",
            multiprocess_mode="livemax",
        )
        self._degraded_metric = Gauge(
            "feeds_degraded", "1 if the archive is shown as last read.", multiprocess_mode="livemax"
        )
        self._lane_totals = dict.fromkeys(self._lanes, (0, 0.0, 0))

    def count(self, path: str, status: int, size: int, *, is_hit: bool) -> None:
        """Count an answered request."""
        self._requests[self._kind(path), str(status)] += 1
        self._hits += is_hit
        self._bytes += size

    def write(self, connections: int, revision: str, *, is_degraded: bool) -> None:
        """Write down what was counted since the last time, and how things are."""
        for (kind, status), number in self._requests.items():
            self._requests_metric.labels(kind, status).inc(number)
        self._requests.clear()
        self._hits_metric.inc(self._hits)
        self._bytes_metric.inc(self._bytes)
        self._hits = self._bytes = 0
        for name, lane in self._lanes.items():
            done, seconds, refused = self._lane_totals[name]
            self._done_metric.labels(name).inc(lane.done - done)
            self._seconds_metric.labels(name).inc(lane.seconds - seconds)
            self._refused_metric.labels(name).inc(lane.refused - refused)
            self._lane_totals[name] = (lane.done, lane.seconds, lane.refused)
            self._waiting_metric.labels(name).set(lane.waiting)
            self._running_metric.labels(name).set(lane.running)
        self._connections_metric.set(connections)
        self._degraded_metric.set(is_degraded)
        if revision != self._revision:
            self._revision = revision
            self._revision_metric.set(time.time())

    def _kind(self, path: str) -> str:
        name = path.rpartition("/")[2]
        dot = name.find(".")
        return "page" if dot < 0 else self._kinds.get(name[dot:], "other")


@contextmanager
def serving(host: str, port: int | None) -> Iterator[None]:
    """Serve the metrics of the worker processes that are started meanwhile. Without a port, count nothing.

    Raises FeedsError if the port cannot be listened on.
    """
    if port is None:
        os.environ.pop(_FOLDER, None)
        yield
        return
    with TemporaryDirectory(prefix="feeds-metrics-") as folder:
        os.environ[_FOLDER] = folder
        from prometheus_client import CollectorRegistry, start_http_server
        from prometheus_client.multiprocess import MultiProcessCollector

        class Collector(MultiProcessCollector):
            """The numbers of the workers that live, and what the others counted."""

            def collect(self) -> "Iterator[Metric]":
                _forget_dead_workers(Path(folder))
                yield from super().collect()  # type: ignore[no-untyped-call]

        registry = CollectorRegistry()
        Collector(registry, folder)  # type: ignore[no-untyped-call]
        try:
            server, thread = start_http_server(port, host, registry)
        except OSError as error:
            raise FeedsError(
                f"{host}:{port}: cannot be listened on: {error.strerror}; choose another --metrics-port"
            ) from error
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def is_enabled() -> bool:
    """Whether this worker was started while metrics are served."""
    return _FOLDER in os.environ


def _forget_dead_workers(folder: Path) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    for file in folder.glob("gauge_live*_*.db"):
        process = int(file.stem.rpartition("_")[2])
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            mark_process_dead(process, str(folder))  # type: ignore[no-untyped-call]
