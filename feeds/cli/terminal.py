"""What a person sees and does while a command is at work."""

import os
import signal
import socket
import threading
from collections.abc import Iterable

import click
from tqdm import tqdm

from feeds.archive.index import Progress

_INTERRUPTED = 130  # what shells say of a command that Ctrl-C ended
_BAR = "{desc} {percentage:3.0f}%|{bar}| {remaining} left, {n_fmt}/{total_fmt} {unit}s{postfix}"
_NAME = 25  # characters of a name behind a bar; tqdm cuts what is wider than the terminal


def bar(doing: str, unit: str) -> Progress:
    """Show a bar on a terminal for what takes more than a second: what it is at, and how much time is left."""

    def progress(names: Iterable[str], total: int) -> Iterable[str]:
        with tqdm(
            total=total, desc=doing, unit=unit, delay=1, leave=False, disable=None, bar_format=_BAR, dynamic_ncols=True
        ) as shown:
            for name in names:
                end = name if len(name) <= _NAME else f"…{name[1 - _NAME :]}"
                shown.set_postfix_str(end.ljust(_NAME), refresh=False)
                yield name
                shown.update()

    return progress


def end_at_second_interrupt() -> None:
    """End at once at the second Ctrl-C: Python hears none while it waits for a store, which may take minutes."""
    heard, said = socket.socketpair()
    said.setblocking(False)
    signal.set_wakeup_fd(said.detach())  # which the system's handler writes to, whatever Python waits for

    def listen() -> None:
        heard.recv(1)
        click.echo("feeds: stopping; Ctrl-C again does so at once", err=True)
        heard.recv(1)
        os._exit(_INTERRUPTED)

    threading.Thread(target=listen, daemon=True).start()
