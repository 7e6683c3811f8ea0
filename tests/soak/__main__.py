"""Tries to break the parser, the exporters and the service, for an hour: `make soak`.

    python -m tests.soak [fuzz] [routes] [load] [faults] [--seed N] [--inputs N] [--minutes N] [--rounds N]

Prints a table of what was tried, what held and what was lost. What failed is kept in build/soak, and the exit status is
1 then. The same seed gives the same inputs, requests and faults, as far as processes and clocks allow.
"""

import argparse
import secrets
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.soak.faults import survive
from tests.soak.fuzz import fuzz
from tests.soak.load import load
from tests.soak.report import Row, table
from tests.soak.routes import request_everything
from tests.support.servers import ROOT

FAILURES = ROOT / "build" / "soak"


def main() -> None:
    """Run the parts that are given, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--seed", type=int, default=secrets.randbits(24), help="by default another one every time")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="of the fuzzers, in all")
    parser.add_argument("--minutes", type=float, default=10, help="of requests, and of load")
    parser.add_argument("--rounds", type=int, default=200, help="of faults")
    parser.add_argument("parts", metavar="PART", nargs="*", help="fuzz, routes, load or faults; by default all")
    arguments = parser.parse_args()
    parts: dict[str, Callable[[Path], list[Row]]] = {
        "fuzz": lambda _: fuzz(arguments.inputs, arguments.seed, FAILURES),
        "routes": lambda folder: request_everything(60 * arguments.minutes, arguments.seed, folder, FAILURES),
        "load": lambda folder: load(60 * arguments.minutes, folder),
        "faults": lambda _: survive(arguments.rounds, arguments.seed, FAILURES),
    }
    if unknown := set(arguments.parts) - parts.keys():
        parser.error(f"there is no part {', '.join(unknown)}; choose from {', '.join(parts)}")
    print(f"The seed is {arguments.seed}.", flush=True)
    rows: list[Row] = []
    for part in arguments.parts or parts:
        with tempfile.TemporaryDirectory() as folder:
            rows += parts[part](Path(folder))
        print(f"{part} is done.", flush=True)
    print(table(rows))
    sys.exit(any(row.lost for row in rows))


if __name__ == "__main__":
    main()
