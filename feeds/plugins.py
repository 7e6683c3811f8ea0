"""Finds what other distributions bring as entry points."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def entry_points(group: str) -> "Iterable[EntryPoint]":
    """Find the entry points of a group, as importlib.metadata does, which is only imported if there may be any.

    It takes as long to import as Python takes to start, and most installations have no plug-ins.
    """
    files = (path for folder in sys.path for path in Path(folder).glob("*-info/entry_points.txt"))
    if not any(group in path.read_text(encoding="utf-8") for path in files):
        return ()
    from importlib import metadata

    return metadata.entry_points(group=group)


def distribution_of(point: "EntryPoint", default: str) -> str:
    """Name the distribution that brings an entry point, with its version."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else default
