"""Lanes: work of one name is done once, what nobody waits for is not begun, and a full queue refuses at once."""

import threading
from collections.abc import Callable

import pytest

from feeds.errors import ExportError
from feeds.http import lane as lane_module
from feeds.http.lane import BusyError, Lane, Work

TIMEOUT = 30  # seconds, which no test takes


class Blocked:
    """Work that ends when it may."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Event()

    def __call__(self) -> str:
        self.begun.release()
        assert self.may_end.wait(TIMEOUT)
        return "done"


@pytest.fixture
def blocked() -> Blocked:
    return Blocked()


@pytest.fixture
def lane(blocked: Blocked) -> Lane:
    """A lane whose only thread is occupied."""
    instance = Lane("test", 1, 2, TIMEOUT)
    instance.submit("blocked", blocked)
    assert blocked.begun.acquire(timeout=TIMEOUT)
    return instance


def test_work_of_one_name_is_done_once(lane: Lane, blocked: Blocked) -> None:
    done: list[int] = []
    works = {lane.submit("name", lambda: done.append(1)) for _ in range(20)}
    blocked.may_end.set()
    assert [work.future.result(TIMEOUT) for work in works] == [None]
    assert done == [1]


def test_work_in_progress_is_joined(lane: Lane, blocked: Blocked) -> None:
    joined = lane.submit("blocked", pytest.fail)
    blocked.may_end.set()
    assert joined.future.result(TIMEOUT) == "done"


def test_full_queue_refuses_at_once_and_says_when_to_try_again(lane: Lane, blocked: Blocked) -> None:
    works = [lane.submit(name, lambda: None) for name in "ab"]
    with pytest.raises(BusyError, match="the server is busy; try again in 1 s") as error:
        lane.submit("c", pytest.fail)
    assert (error.value.retry_after, lane.waiting, lane.running, lane.refused) == (1, 2, 1, 1)
    lane.submit("a", pytest.fail)  # waits already
    blocked.may_end.set()
    for work in works:
        work.future.result(TIMEOUT)
    lane.submit("c", lambda: None).future.result(TIMEOUT)


def test_queue_that_takes_too_long_refuses(monkeypatch: pytest.MonkeyPatch, blocked: Blocked) -> None:
    seconds = iter(range(0, 10_000, 100))  # each look at the clock is 100 s after the one before
    monkeypatch.setattr("feeds.http.lane.monotonic", lambda: next(seconds))
    lane = Lane("slow", 1, 1_000, 30)
    lane.submit("slow", lambda: None).future.result(TIMEOUT)
    lane.submit("blocked", blocked)
    assert blocked.begun.acquire(timeout=TIMEOUT)
    lane.submit("first", lambda: None)  # one may always wait
    with pytest.raises(BusyError) as error:
        lane.submit("second", lambda: None)
    assert error.value.retry_after == 40
    blocked.may_end.set()


def test_work_that_nobody_waits_for_is_not_begun(lane: Lane, blocked: Blocked) -> None:
    left = lane.submit("left", pytest.fail)
    lane.submit("left", pytest.fail)
    lane.leave(left)
    assert lane.waiting == 1
    lane.leave(left)
    assert lane.waiting == 0
    last = lane.submit("last", lambda: "done")
    blocked.may_end.set()
    assert last.future.result(TIMEOUT) == "done"
    assert not left.future.done()


def test_work_that_is_left_while_it_runs_is_finished(lane: Lane, blocked: Blocked) -> None:
    work = lane.submit("blocked", pytest.fail)
    for _ in range(work.waiters):
        lane.leave(work)
    blocked.may_end.set()
    assert work.future.result(TIMEOUT) == "done"


@pytest.mark.parametrize(("error", "expected_calls"), [(ExportError("broken"), 1), (ValueError("bug"), 2)])
def test_failed_rendering_is_not_repeated_at_once(error: Exception, expected_calls: int) -> None:
    calls: list[int] = []
    lane = Lane("test", 1, 1, TIMEOUT)

    def fail() -> None:
        calls.append(1)
        raise error

    for _ in range(2):
        with pytest.raises(type(error), match=str(error)):
            result_of(lane, fail)
    assert len(calls) == expected_calls


def test_failed_rendering_is_repeated_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "FAILURE_SECONDS", 0)
    lane = Lane("test", 1, 1, TIMEOUT)

    def fail() -> None:
        raise ExportError("broken")

    with pytest.raises(ExportError):
        result_of(lane, fail)
    assert result_of(lane, lambda: "done") == "done"


def result_of(lane: Lane, function: Callable[[], object]) -> object:
    work: Work = lane.submit("name", function)
    try:
        return work.future.result(TIMEOUT)
    finally:
        lane.leave(work)
