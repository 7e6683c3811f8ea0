"""Lanes: threads with a short queue, so that one kind of work never holds up another.

Work of one name is done once, however many wait for it. Work that nobody waits for any more is not begun. A full queue
refuses more work at once, and says when to try again.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from time import monotonic
from typing import Any

from feeds.errors import ExportError, FeedsError
from feeds.http.limits import FAILURE_SECONDS, MAX_RETRY_AFTER

_MAX_FAILURES = 1000  # that a lane remembers
_WEIGHT = 0.2  # of the latest duration in their mean


class BusyError(FeedsError):
    """Too much work waits already; `retry_after` is when to try again, in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"the server is busy; try again in {retry_after} s")
        self.retry_after = retry_after


class Work:
    """Work that waits for a thread or is being done; `future` has its result. Its lane counts those who wait for it."""

    def __init__(self, name: Hashable, function: Callable[[], Any]) -> None:
        self.name = name
        self.function = function
        self.future: Future[Any] = Future()
        self.waiters = 0
        self.has_begun = False


class Lane:
    """Does work in threads of its own.

    Args:
        name: of its threads.
        threads: how many there are.
        max_waiting: how much work may wait for one of them.
        max_seconds: how long work should wait at most. More is refused if by the time that the latest took it would.
    """

    def __init__(self, name: str, threads: int, max_waiting: int, max_seconds: float) -> None:
        self.name = name
        self._threads = threads
        self._max_waiting = max_waiting
        self.max_seconds = max_seconds
        self._started = 0
        self._idle = 0
        self._waiting: OrderedDict[Hashable, Work] = OrderedDict()
        self._running: dict[Hashable, Work] = {}
        self._failures: OrderedDict[Hashable, tuple[float, ExportError | BusyError]] = OrderedDict()
        self._mean = 0.0  # seconds that work takes
        self.done = 0
        """How much work was done."""
        self.seconds = 0.0
        """How long that took."""
        self.refused = 0
        """How much work was refused."""
        self._condition = threading.Condition()

    @property
    def waiting(self) -> int:
        """How much work waits for a thread."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How much work is being done."""
        return len(self._running)

    def submit(self, name: Hashable, function: Callable[[], Any]) -> Work:
        """Begin work, or join that of the same name; `leave` it when its result is no longer wanted.

        Raises BusyError if too much waits, and the error of work that failed a moment ago.
        """
        with self._condition:
            work = self._running.get(name) or self._waiting.get(name)
            if work is None:
                self._raise_recent_failure(name)
                ahead = len(self._waiting) + len(self._running) - self._threads
                if ahead >= self._max_waiting or (ahead > 0 and self._expected_wait() > self.max_seconds):
                    raise self.refusal()
                work = self._waiting[name] = Work(name, function)
                if self._idle < len(self._waiting) and self._started < self._threads:
                    self._started += 1
                    threading.Thread(target=self._work, name=f"{self.name}-{self._started}", daemon=True).start()
                self._condition.notify()
            work.waiters += 1
            return work

    def leave(self, work: Work) -> None:
        """Wait no longer for work; without others who wait it is not begun."""
        with self._condition:
            work.waiters -= 1
            if not work.waiters and self._waiting.get(work.name) is work:
                del self._waiting[work.name]

    def refusal(self) -> BusyError:
        """Refuse work: count that, and return what to raise."""
        self.refused += 1
        return BusyError(min(max(1, math.ceil(self._expected_wait())), MAX_RETRY_AFTER))

    def _expected_wait(self) -> float:
        return self._mean * max(0, len(self._waiting) + len(self._running) - self._threads + 1) / self._threads

    def _work(self) -> None:
        while True:
            with self._condition:
                self._idle += 1
                self._condition.wait_for(lambda: self._waiting)
                self._idle -= 1
                name, work = self._waiting.popitem(last=False)
                self._running[name] = work
                work.has_begun = True
            started = monotonic()
            try:
                result, error = work.function(), None
            except BaseException as caught:  # whoever waits raises it
                result, error = None, caught
            with self._condition:
                del self._running[name]
                seconds = monotonic() - started
                self.done += 1
                self.seconds += seconds
                self._mean += _WEIGHT * (seconds - self._mean)
                if isinstance(error, ExportError | BusyError):
                    self._failures[name] = (monotonic() + FAILURE_SECONDS, error)
                    while len(self._failures) > _MAX_FAILURES:
                        self._failures.popitem(last=False)
            if error is None:
                work.future.set_result(result)
            else:
                work.future.set_exception(error)
            del work, result, error  # a large document would stay in memory until the next one

    def _raise_recent_failure(self, name: Hashable) -> None:
        until, error = self._failures.get(name, (0.0, None))
        if error is None:
            return
        if monotonic() < until:
            raise error.with_traceback(None)
        del self._failures[name]
