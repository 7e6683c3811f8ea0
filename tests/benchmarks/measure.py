"""Measures what commands cost: processor time, time on the clock, and memory, of the processes that they start too."""

import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from tests.support.processes import process_tree, status_bytes

_FIRST_SAMPLE = 0.2  # seconds; memory of shorter commands is not measured
_SAMPLE_INTERVAL = 0.05  # seconds

Command = Sequence[str | Path]


class Cost(NamedTuple):
    """What a command took: processor seconds, seconds on the clock, and megabytes at the peak."""

    cpu: float
    wall: float
    memory: float


def run(command: Command, environ: Mapping[str, str], cwd: Path | None = None) -> Cost:
    """Run a command to its end. Raises CalledProcessError, with a note of what it wrote to stderr, if it fails."""
    started = perf_counter()
    with subprocess.Popen(
        command, env=environ, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr
        with _PeakMemory(process.pid) as memory:
            errors = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)  # Popen need not wait any more
    if process.returncode:
        error = subprocess.CalledProcessError(process.returncode, [*map(str, command)])
        error.add_note(errors.decode(errors="replace"))
        raise error
    return Cost(usage.ru_utime + usage.ru_stime, wall, memory.peak / 1e6)


def alternate(count: int, *works: Callable[[], Cost]) -> list[list[Cost]]:
    """Do several things in turn, `count` times each, so that other load of the machine falls on all of them."""
    rounds = [[work() for work in works] for _ in range(count)]
    return [list(costs) for costs in zip(*rounds, strict=True)]


def resident_memory(pid: int) -> float:
    """Return the megabytes that a process occupies: the larger one, if it has started one more."""
    return max(status_bytes(member, "status", "VmRSS") for member in process_tree(pid)) / 1e6


class _PeakMemory:
    """Looks at the memory of a process and its descendants while they run; what they share counts once."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "_PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        pause = _FIRST_SAMPLE
        while not self._ended.wait(pause):
            memory = sum(status_bytes(member, "smaps_rollup", "Pss") for member in process_tree(self._pid))
            self.peak = max(self.peak, memory)
            pause = _SAMPLE_INTERVAL
