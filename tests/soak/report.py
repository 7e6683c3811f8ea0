"""The table that a soak run ends with."""

from collections.abc import Iterable
from typing import NamedTuple


class Row(NamedTuple):
    """One line: what was tried, what held, and what was lost, which is empty if all is well."""

    work: str
    tried: str
    held: str
    lost: str = ""


def table(rows: Iterable[Row]) -> str:
    """Return rows as a table in Markdown."""
    lines = [("work", "tried", "held", "lost"), *(row._replace(lost=row.lost or "nothing") for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    texts = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    texts.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(text)} |" for text in texts)
