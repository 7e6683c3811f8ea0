"""Measures what is costly against rivals in the same run on the same generated archive: `make bench`.

    python -m tests.benchmarks [--times 1] [ROW...]

The archive has the shape of the real one, at its size and at 10 times that, with BENCH=large also at 100 times: there
those rows are measured that tell how costs grow, or that are named. A run without arguments replaces the table and the
picture in feeds/README.md.
"""

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.report import compare_sizes, row, table, update_document
from tests.benchmarks.rows import GROWING_ROWS, ROWS, Line
from tests.benchmarks.workspace import Workspace
from tests.support.servers import ROOT


def main() -> None:
    """Measure the rows that are given, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("rows", metavar="ROW", nargs="*", help=f"one of {', '.join(ROWS)}; by default all")
    parser.add_argument("--times", type=int, choices=(1, 10, 100), action="append", help="size of the archive")
    arguments = parser.parse_args()
    if unknown := set(arguments.rows) - ROWS.keys():
        parser.error(f"there is no row {', '.join(unknown)}; choose from {', '.join(ROWS)}")
    sizes = arguments.times or [1, 10, *([100] if os.environ.get("BENCH") == "large" else [])]
    rows = {times: arguments.rows or [*(ROWS if times == 1 else GROWING_ROWS)] for times in sizes}
    measured = [line for times in sizes for line in measure(times, rows[times])]
    works = [line.work for line in measured]
    lines = sorted(compare_sizes(measured), key=lambda line: works.index(line.work))
    print(f"\n{table(lines)}")
    if not arguments.rows and not arguments.times:
        update_document(ROOT / "feeds/README.md", ROOT / "feeds/performance.svg", lines)


def measure(times: int, names: list[str]) -> list[Line]:
    """Measure rows on an archive that is so many times as large as the real one."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder), times)
        for name in names:
            for line in ROWS[name](workspace):
                lines.append(replace(line, times=times))
                print(row(lines[-1]), flush=True)
    return lines


if __name__ == "__main__":
    main()
