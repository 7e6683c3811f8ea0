"""Folders on disks that are nearly full or read-only."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.scene import Scene

ROOM = 100_000
"""Kilobytes, enough for anything."""


@contextmanager
def small_disk(scene: Scene, folder: Path) -> Iterator[Callable[[int], None]]:
    """Put an empty folder on a disk of its own, and give a function that leaves a number of free kilobytes there.

    Without root, no file can become larger than that.
    """
    if os.geteuid() == 0:
        with _mounted(folder, "-t", "tmpfs", "tmpfs"):

            def leave(kilobytes: int) -> None:
                disk = os.statvfs(folder)
                used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize // 1024
                _run("mount", "-o", f"remount,size={used + kilobytes}k", folder)

            leave(ROOM)
            yield leave
    else:

        def limit(kilobytes: int) -> None:
            scene.prefix = ("prlimit", f"--fsize={kilobytes * 1024}")

        yield limit
        scene.prefix = ()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing in a folder be written."""
    if os.geteuid() == 0:  # whom no permission stops
        with _mounted(folder, "--bind", folder):
            _run("mount", "-o", "remount,bind,ro", folder)
            yield
    else:
        paths = [folder, *folder.rglob("*")]
        modes = [path.stat().st_mode for path in paths]
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode & ~0o222)
        yield
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode)


@contextmanager
def _mounted(folder: Path, *arguments: str | Path) -> Iterator[None]:
    """Mount something over a folder."""
    _run("mount", *arguments, folder)
    try:
        yield
    finally:
        _run("umount", "--lazy", folder)


def _run(*command: str | Path) -> None:
    """Run a command that must succeed."""
    subprocess.run(command, check=True)
