"""What the kernel tells of processes."""

from collections.abc import Iterator
from pathlib import Path


def children(pid: int) -> list[int]:
    """List the processes that a process has started and that have not ended; none if it has ended itself."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found.extend(map(int, path.read_text().split()))
        except OSError:
            continue
    return found


def process_tree(pid: int) -> Iterator[int]:
    """Iterate over a process and its descendants, as far as they have not ended meanwhile."""
    yield pid
    for child in children(pid):
        yield from process_tree(child)


def status_bytes(pid: int, file: str, field: str) -> int:
    """Return a number of bytes that the kernel tells of a process; 0 if the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:")), 0)
