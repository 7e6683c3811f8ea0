"""Runs the app in worker processes, by Granian."""

import socket

from granian import Granian
from granian.constants import Interfaces

from feeds.errors import FeedsError

_THREADS = 4  # of each worker
_WAITING = 64  # requests that a worker has taken on at a time
_GRACE = 5  # seconds that a worker may take to stop


def require_free(host: str, port: int) -> None:
    """Find out before any worker starts whether the port can be had. Raises FeedsError where not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise FeedsError(f"cannot listen at {host}:{port}: {error.strerror}; try --port") from error


def serve(app: str, host: str, port: int, workers: int) -> None:
    """Serve the WSGI app that a factory makes, named as in `module:function`, until told to stop."""
    server = Granian(
        app,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=_THREADS,
        backpressure=_WAITING,
        websockets=False,
        factory=True,
        respawn_failed_workers=True,
        workers_kill_timeout=_GRACE,  # a worker that is told to stop while it starts never hears it
    )
    server.serve()
