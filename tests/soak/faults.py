"""Part 4: the faults of `tests/faults`, in turn, at random moments."""

import random
import tempfile
import traceback
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from tests.faults.faults import FAULTS, Fault
from tests.faults.scene import Expected, Scene
from tests.soak.report import Row


def survive(rounds: int, start: int, failures: Path) -> list[Row]:
    """Let faults happen, from the seed `start` on; what goes wrong is told in files of a folder."""
    tried: Counter[Fault] = Counter()
    failed: dict[Fault, list[Path]] = {fault: [] for fault in FAULTS}
    with tempfile.TemporaryDirectory() as folder:
        expected = {papers: Expected(_new(folder), papers) for papers in {fault.papers for fault in FAULTS}}
        for number in tqdm(range(rounds), "faults", disable=None):  # only on a terminal
            fault = FAULTS[number % len(FAULTS)]
            tried[fault] += 1
            if report := _try(fault, expected[fault.papers], start + number):
                path = failures / "faults" / f"{fault.name.replace(' ', '-')}-{start + number}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(report, encoding="utf-8")
                failed[fault].append(path)
    return [_row(fault, count, failed[fault]) for fault, count in tried.items()]


def _new(folder: str) -> Path:
    return Path(tempfile.mkdtemp(dir=folder))


def _try(fault: Fault, expected: Expected, seed: int) -> str:
    """Let a fault happen once; return what went wrong, and what the commands had said."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder), fault.papers)
        try:
            fault.happen(scene, expected, random.Random(seed))
            scene.require_no_traceback()
        except Exception:
            return f"{traceback.format_exc()}\n{scene.outputs()}"
    return ""


def _row(fault: Fault, count: int, failed: list[Path]) -> Row:
    lost = f"{len(failed)} failed, see {failed[0]}" if failed else ""
    return Row(fault.name, f"{count} rounds", f"{count - len(failed)} survived", lost)
