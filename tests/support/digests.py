"""Digests to test with: day files and their papers, written in a line."""

from collections.abc import Callable, Mapping
from pathlib import Path

from feeds.publishing.publisher import Catalog

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "seeds"

Files = Mapping[str, str | bytes]
OpenFiles = Callable[[Files], Catalog]


def write_files(root: Path, files: Files) -> None:
    """Write files under a folder, by their paths."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def paper(title: str = "A Paper", number: str = "2401.00001", **lines: str) -> str:
    """Write a paper of a day file; 2401.1 is short for 2401.00001; `votes`, `authors` … are lines of it."""
    month, _, serial = number.partition(".")
    parts = [f"### [{title}](https://arxiv.org/abs/{month}.{serial:0>5})"]
    parts += [lines[name] for name in ("media", "votes", "authors", "summary") if name in lines]
    return "\n\n".join(parts) + "\n"


def day(date: str, *papers: str) -> str:
    """Write a day file."""
    return "\n".join([f"## Daily Papers ({date})\n", *papers])
