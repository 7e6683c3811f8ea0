"""Fetches pictures into the store. Whatever a server does ends in the report."""

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

from feeds.archive.archive import in_silence
from feeds.archive.index import Progress
from feeds.images.addresses import ANYWHERE, INTERNET, FetchError, Network
from feeds.images.client import LIMITS, Client, Limits
from feeds.images.convert import convert
from feeds.images.picture import Converted, ImageError, Source
from feeds.images.store import Store

_log = logging.getLogger(__name__)
_FRESH = timedelta(days=30)
_PAUSES = (timedelta(hours=1), timedelta(days=1), timedelta(weeks=1))  # after the first, second and further failures
_LEAVING = 1.0  # seconds that threads have to end


class Failure(NamedTuple):
    """An address that gave no picture, and why, in one line."""

    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the addresses: in `waiting` are those that failed before and whose time has not come."""

    fetched: tuple[str, ...]
    unchanged: tuple[str, ...]
    failed: tuple[Failure, ...]
    waiting: tuple[Failure, ...]


def fetch(
    store: Store,
    urls: Iterable[str],
    *,
    allow_private: bool = False,
    again: bool = False,
    progress: Progress = in_silence,
    workers: int = 8,
    limits: Limits = LIMITS,
    network: Network | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], object] = time.sleep,
) -> Report:
    """Bring the store up to date with the pictures at some addresses; `again` asks also those that failed lately.

    Whatever servers do ends in the report. Each picture is stored as soon as it is there, so that nothing is lost when
    this is interrupted. Raises StoreError when the store cannot be written.
    """
    asked = list(dict.fromkeys(urls))
    known = store.sources(asked)
    held = {url: source for url, source in known.items() if source.picture and store.has(source.picture)}
    fresh = {url for url, source in held.items() if _is_fresh(source, now())}
    waiting = {url for url, source in known.items() if _is_waiting(source, now()) and not again}
    jobs = {url: held.get(url) for url in asked if url not in fresh and url not in waiting}
    client = Client(limits, network or (ANYWHERE if allow_private else INTERNET), now, sleep)
    outcomes: dict[str, _Outcome] = {}
    with _working(client, jobs, workers) as done:
        for _ in progress(_recorded(done, outcomes, store, now), len(jobs)):
            pass
    return Report(
        fetched=tuple(url for url in asked if isinstance(outcomes.get(url), _Fetched)),
        unchanged=tuple(url for url in asked if url in fresh or (url in outcomes and outcomes[url] is None)),
        failed=tuple(each for url in asked if isinstance(each := outcomes.get(url), Failure)),
        waiting=tuple(Failure(url, known[url].error) for url in asked if url in waiting),
    )


def _is_fresh(source: Source, now: datetime) -> bool:
    return not source.failures and abs(now - source.checked) < _FRESH


def _is_waiting(source: Source, now: datetime) -> bool:
    return source.failures > 0 and abs(now - source.checked) < _PAUSES[min(source.failures, len(_PAUSES)) - 1]


class _Fetched(NamedTuple):
    renditions: tuple[Converted, ...]
    etag: str
    last_modified: str


_Outcome = _Fetched | Failure | None  # None: unchanged


def _recorded(
    done: Iterable[tuple[str, _Outcome]], outcomes: dict[str, _Outcome], store: Store, now: Callable[[], datetime]
) -> Iterator[str]:
    """Store what comes, and pass the addresses on."""
    for url, outcome in done:
        if isinstance(outcome, Failure):
            store.fail(url, outcome.reason, now())
        elif outcome is None:
            store.confirm(url, now())
        else:
            store.keep(url, outcome.renditions, outcome.etag, outcome.last_modified, now())
        outcomes[url] = outcome
        yield url


@contextmanager
def _working(
    client: Client, jobs: Mapping[str, Source | None], workers: int
) -> Iterator[Iterator[tuple[str, _Outcome]]]:
    """Let threads do the jobs, and have the outcomes as they come; those unfinished at the end are given up."""
    todo = queue.SimpleQueue[str]()
    done = queue.SimpleQueue[tuple[str, _Outcome]]()
    converting = threading.Semaphore(os.cpu_count() or 1)
    stopping = threading.Event()
    for url in jobs:
        todo.put(url)

    def work() -> None:
        while not stopping.is_set():
            try:
                url = todo.get_nowait()
            except queue.Empty:
                return
            done.put((url, _outcome(client, url, jobs[url], converting)))

    # Threads of a pool could not be left behind in a look-up that nothing interrupts.
    threads = [
        threading.Thread(target=work, name=f"fetch-{number}", daemon=True) for number in range(min(workers, len(jobs)))
    ]
    try:
        for thread in threads:
            thread.start()
        yield (done.get() for _ in jobs)
    finally:
        stopping.set()
        client.close()
        deadline = time.monotonic() + _LEAVING
        for thread in threads:
            if thread.ident:
                thread.join(max(0.0, deadline - time.monotonic()))


def _outcome(client: Client, url: str, held: Source | None, converting: threading.Semaphore) -> _Outcome:
    try:
        answer = client.get(url, held)
        if answer is None:
            return None
        with converting:
            return _Fetched(convert(answer.body), answer.etag, answer.last_modified)
    except (FetchError, ImageError) as error:
        return Failure(url, _line(str(error)))
    except Exception as error:  # a server must not end a run with what nobody has thought of
        _log.exception("%s: a picture cannot be fetched", _line(url))
        return Failure(url, _line(f"{type(error).__name__}: {error}"))


def _line(text: str) -> str:
    """Show what a server may have written in a line that no terminal takes for commands."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text[:300])
