"""The `feeds` command."""

from feeds.cli.commands import main

__all__ = ["main"]
