"""Part 1: digests from two fuzzers go through the parser and the exporters, two processes at a time."""

import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.soak.fuzzer import Progress, keep_input
from tests.soak.report import Row
from tests.support.servers import ROOT


class Work(NamedTuple):
    """What a process does: a target, an engine, and its share of all inputs."""

    target: str
    engine: str
    share: float


# Shares by speed, so that the first process takes as long as the others together: a digest is parsed within a
# millisecond, but Hypothesis needs longer to make one, and a document is rendered in some ten.
WORKS = (
    Work("parser", "atheris", 0.92),
    Work("exporters", "atheris", 0.02),
    Work("exporters", "hypothesis", 0.01),
    Work("parser", "hypothesis", 0.05),
)


def fuzz(inputs: int, start: int, failures: Path) -> list[Row]:
    """Try a number of inputs in all, from the seed `start` on; those that fail are stored in a folder."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda work: _run(work, round(inputs * work.share), start, failures), WORKS))


def _run(work: Work, count: int, start: int, failures: Path) -> Row:
    name = f"{work.target}-{work.engine}"
    with tempfile.TemporaryDirectory() as folder:
        progress = Progress(Path(folder, "progress"))
        command = [sys.executable, "-m", "tests.soak.fuzzer", work.engine, work.target, str(count), str(start), folder]
        started = time.monotonic()
        process = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        seconds = time.monotonic() - started
        if process.returncode:
            keep_input(Path(folder), progress.last_input, process.stdout[-10_000:])
        kept = sorted(Path(folder).glob("*.md"))
        for path in kept:
            (failures / name).mkdir(parents=True, exist_ok=True)
            for file in (path, path.with_suffix(".txt")):
                shutil.move(file, failures / name)
    inputs, failed = progress.counts
    lost = f"{failed} failed, see {failures / name}" if kept else ""
    if process.returncode:
        lost = f"the process ended with {process.returncode} at input {inputs:,}, see {failures / name}"
    return Row(f"{work.target} by {work.engine}", f"{inputs:,} inputs", f"{inputs / seconds:,.0f} a second", lost)
