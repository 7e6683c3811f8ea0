"""Progress bars, the form of counts and errors, and what Ctrl+C does."""

import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable, Mapping

import click

from feeds.progress import Progress

_EXIT_CODE = 130  # of a command that Ctrl+C ended, by the convention of shells
_BAR_FORMAT = "{desc} {percentage:3.0f}%|{bar}| {remaining} left, {n_fmt}/{total_fmt} {unit}s{postfix}"
_SUGGESTION = re.compile(r"\.? \(?Did you mean (?:one of: )?(.+?)\??\)?\??$")  # as click words it
_LINE_INTERVAL = 10.0  # seconds
_NAME_WIDTH = 25  # characters; tqdm truncates what is wider than the terminal


def progress_bar(action: str, unit: str) -> Progress:
    """Return a progress that shows a bar on a terminal for work of over a second, elsewhere a line now and then."""

    def progress(names: Iterable[str], total: int) -> Iterable[str]:
        if not sys.stderr.isatty():
            yield from _tell_in_lines(names, f"of {total:,} {unit}s", action)
            return
        from tqdm import tqdm  # here, because most commands show no bar, and it takes long to import

        with tqdm(
            total=total,
            desc=action,
            unit=unit,
            delay=1,
            leave=False,
            bar_format=_BAR_FORMAT,
            dynamic_ncols=True,
        ) as bar:
            for name in names:
                label = name if len(name) <= _NAME_WIDTH else f"…{name[1 - _NAME_WIDTH :]}"
                bar.set_postfix_str(label.ljust(_NAME_WIDTH), refresh=False)
                yield name
                bar.update()

    return progress


def _tell_in_lines(names: Iterable[str], total: str, action: str) -> Iterable[str]:
    """Say every ten seconds in a line how much is done."""
    due = time.monotonic() + _LINE_INTERVAL
    for number, name in enumerate(names):
        if time.monotonic() >= due:
            click.echo(f"{action}: {number:,} {total}", err=True)
            due += _LINE_INTERVAL
        yield name


def join_counts(counts: Mapping[str, int]) -> str:
    """Write counts in one line, such as `files 12, removed 0`."""
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def describe_error(error: click.ClickException) -> str:
    """Return an error of the command line in the form of all errors: where, what is wrong, and what to do."""
    context = getattr(error, "ctx", None)
    command = context.command_path if isinstance(context, click.Context) else "feeds"
    parameter = getattr(error, "param", None)
    if isinstance(parameter, click.Parameter) and error.message:
        where, problem = parameter.metavar or parameter.opts[-1], error.message
    else:
        where, problem = command.removeprefix("feeds").strip(), error.format_message()
    problem = _SUGGESTION.sub(r"; did you mean \1?", problem[:1].lower() + problem[1:].rstrip("."))
    hint = "" if ";" in problem else f"; see {command} --help"
    return f"{where}: {problem}{hint}" if where else f"{problem}{hint}"


def exit_on_second_interrupt() -> None:
    """Exit at once at the second Ctrl+C: Python handles no signal while it waits for a store, maybe for minutes."""
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    signal.set_wakeup_fd(sender.detach())  # the system's handler writes to it whatever Python is waiting for

    def listen() -> None:
        receiver.recv(1)
        click.echo("feeds: stopping; press Ctrl+C again to stop at once", err=True)
        receiver.recv(1)
        os._exit(_EXIT_CODE)

    threading.Thread(target=listen, daemon=True).start()
