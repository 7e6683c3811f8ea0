"""How long-running work reports its progress."""

from collections.abc import Callable, Iterable

Progress = Callable[[Iterable[str], int], Iterable[str]]
"""Passes the names of the items through as they are worked on, given their number."""


def no_progress(names: Iterable[str], _: int) -> Iterable[str]:
    """Report nothing."""
    return names
