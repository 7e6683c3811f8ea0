"""Runs the app in worker processes, with Granian."""

import ctypes
import socket
from contextlib import suppress

from granian import Granian
from granian.constants import Interfaces

from feeds.errors import FeedsError

_THREADS_PER_WORKER = 16  # a large document takes one until the client has read it
_MAX_CONCURRENT_REQUESTS = 64  # in each worker
_MALLOC_OPTIONS = (  # of mallopt(3); workers inherit them
    (-8, 1),  # M_ARENA_MAX: the threads of a worker share one heap, as they share the interpreter
    (-3, 128 * 1024),  # M_MMAP_THRESHOLD, in bytes: larger blocks are returned when they are freed
    (-1, 128 * 1024),  # M_TRIM_THRESHOLD: so is the end of the heap
)
_STOP_TIMEOUT = 5  # seconds that a worker may take to stop


def require_free(host: str, port: int) -> None:
    """Check that the port is free before any worker starts. Raises FeedsError if it is not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise FeedsError(
                f"{host}:{port}: cannot be listened on: {error.strerror}; choose another --port or --host"
            ) from error


def serve(app: str, host: str, port: int, workers: int) -> None:
    """Serve the WSGI app that a factory creates, given as `module:function`, until a signal stops it."""
    server = Granian(
        app,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=_THREADS_PER_WORKER,
        backpressure=_MAX_CONCURRENT_REQUESTS,
        websockets=False,
        factory=True,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_TIMEOUT,  # a worker that is told to stop while it starts never hears it
    )
    _limit_heap()
    server.serve()


def _limit_heap() -> None:
    """Have glibc return memory to the system: otherwise each thread keeps as much as its largest rendering took."""
    with suppress(AttributeError, OSError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in _MALLOC_OPTIONS:
            mallopt(parameter, value)
