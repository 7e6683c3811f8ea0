"""Runs the app in worker processes, with Granian."""

import socket

from granian import Granian
from granian.constants import Interfaces

from feeds.errors import FeedsError

_THREADS_PER_WORKER = 4
_MAX_CONCURRENT_REQUESTS = 64  # in each worker
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
    server.serve()
