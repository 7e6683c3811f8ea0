"""Finds what other distributions bring as entry points."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feeds.errors import PluginError

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


def instantiate(kind: str, name: str, value: str, source: str, load_class: Callable[[], Any]) -> Any:
    """Load the class of an entry point and create an object of it.

    Raises PluginError if that fails; the message names the `kind` of plug-in and the distribution that it came from.
    """
    try:
        return load_class()()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise PluginError(f"{source}: {kind} {name!r} ({value}) cannot be loaded: {reason}") from error


def distribution_of(point: "EntryPoint", default: str) -> str:
    """Name the distribution that brings an entry point, with its version."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else default
