"""Brings the picture store up to date with the images at some URLs, several at a time."""

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from feeds.errors import FetchError, ImageError
from feeds.images.client import Client
from feeds.images.convert import convert
from feeds.images.picture import EncodedImage, ImageRecord
from feeds.images.store import Store
from feeds.progress import Progress, no_progress

_log = logging.getLogger(__name__)
_MAX_AGE = timedelta(days=30)
_RETRY_DELAYS = (timedelta(hours=1), timedelta(days=1), timedelta(weeks=1))  # after 1, 2, and more failed runs
_SHUTDOWN_TIMEOUT = 1.0  # seconds for the threads to end


class Failure(NamedTuple):
    """A URL that yielded no picture, and the reason in one line."""

    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What happened to each URL; `waiting` failed in an earlier run, too recently to be requested again."""

    fetched: tuple[str, ...]
    unchanged: tuple[str, ...]
    failed: tuple[Failure, ...]
    waiting: tuple[Failure, ...]


def fetch_images(
    store: Store,
    urls: Iterable[str],
    client: Client | None = None,
    *,
    force: bool = False,
    progress: Progress = no_progress,
    workers: int = 8,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Report:
    """Fetch the images that are missing or older than 30 days.

    Each picture is stored as soon as it is converted, so an interrupted run loses nothing. Whatever a server does ends
    in the report.

    Args:
        client: Closed at the end; by default one that connects to public addresses only.
        force: Also request URLs that failed recently.
        workers: The number of threads.

    Raises:
        StoreError: the store cannot be written.
    """
    requested = list(dict.fromkeys(urls))
    records = store.records(requested)
    stored = {url: record for url, record in records.items() if record.picture and store.has(record.picture)}
    fresh = {url for url, record in stored.items() if _is_fresh(record, now())}
    waiting = {url for url, record in records.items() if _is_waiting(record, now()) and not force}
    jobs = {url: stored.get(url) for url in requested if url not in fresh and url not in waiting}
    results: dict[str, _Result] = {}
    with _running_workers(client or Client(), jobs, workers) as completed:
        for _ in progress(_store_results(completed, results, store, now), len(jobs)):
            pass
    return Report(
        fetched=tuple(url for url in requested if isinstance(results.get(url), _Fetched)),
        unchanged=tuple(url for url in requested if url in fresh or (url in results and results[url] is None)),
        failed=tuple(result for url in requested if isinstance(result := results.get(url), Failure)),
        waiting=tuple(Failure(url, records[url].error) for url in requested if url in waiting),
    )


def _is_fresh(record: ImageRecord, now: datetime) -> bool:
    return not record.failures and abs(now - record.checked) < _MAX_AGE


def _is_waiting(record: ImageRecord, now: datetime) -> bool:
    delay = _RETRY_DELAYS[min(record.failures, len(_RETRY_DELAYS)) - 1]
    return record.failures > 0 and abs(now - record.checked) < delay


class _Fetched(NamedTuple):
    images: tuple[EncodedImage, ...]
    etag: str
    last_modified: str


_Result = _Fetched | Failure | None  # None: unchanged


def _store_results(
    completed: Iterable[tuple[str, _Result]], results: dict[str, _Result], store: Store, now: Callable[[], datetime]
) -> Iterator[str]:
    """Store each result, collect it in `results` and yield its URL."""
    for url, result in completed:
        if isinstance(result, Failure):
            store.record_failure(url, result.reason, now())
        elif result is None:
            store.touch(url, now())
        else:
            store.store(url, result.images, result.etag, result.last_modified, now())
        results[url] = result
        yield url


@contextmanager
def _running_workers(
    client: Client, jobs: Mapping[str, ImageRecord | None], workers: int
) -> Iterator[Iterator[tuple[str, _Result]]]:
    """Fetch in threads and yield the results in the order of completion; at the end, abandon what is not complete."""
    pending = queue.SimpleQueue[str]()
    completed = queue.SimpleQueue[tuple[str, _Result]]()
    converter_slots = threading.Semaphore(os.cpu_count() or 1)
    stopping = threading.Event()
    for url in jobs:
        pending.put(url)

    def work() -> None:
        while not stopping.is_set():
            try:
                url = pending.get_nowait()
            except queue.Empty:
                return
            completed.put((url, _fetch_one(client, url, jobs[url], converter_slots)))

    # Not a ThreadPoolExecutor: the interpreter would wait at exit for a thread in a DNS lookup.
    threads = [
        threading.Thread(target=work, name=f"fetch-{number}", daemon=True) for number in range(min(workers, len(jobs)))
    ]
    try:
        for thread in threads:
            thread.start()
        yield (completed.get() for _ in jobs)
    finally:
        stopping.set()
        client.close()
        end = time.monotonic() + _SHUTDOWN_TIMEOUT
        for thread in threads:
            if thread.ident:
                thread.join(max(0.0, end - time.monotonic()))


def _fetch_one(client: Client, url: str, stored: ImageRecord | None, converter_slots: threading.Semaphore) -> _Result:
    try:
        download = client.get(url, stored)
        if download is None:
            return None
        with converter_slots:
            return _Fetched(convert(download.body), download.etag, download.last_modified)
    except (FetchError, ImageError) as error:
        return Failure(url, _printable(str(error)))
    except Exception as error:  # an unforeseen response must not end the run
        _log.exception("%s: cannot fetch the image", _printable(url))
        return Failure(url, _printable(f"{type(error).__name__}: {error}"))


def _printable(text: str) -> str:
    """Replace control characters, which a server may have sent and a terminal would obey."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text[:300])
