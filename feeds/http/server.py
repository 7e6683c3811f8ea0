"""Runs the app in worker processes: Uvicorn starts, watches and stops them; the connections are ours."""

import ctypes
import errno
import os
import pkgutil
import resource
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from typing import Any

from uvicorn import Config
from uvicorn.supervisors import Multiprocess

from feeds.errors import FeedsError
from feeds.http import limits
from feeds.http.connections import Connection, Connections
from feeds.http.gateway import Gateway

_MALLOC_OPTIONS = (  # of mallopt(3)
    (-8, 1),  # M_ARENA_MAX: the threads of a worker share one heap, as they share the interpreter
    (-3, 128 * 1024),  # M_MMAP_THRESHOLD, in bytes: larger blocks are returned when they are freed
    (-1, 128 * 1024),  # M_TRIM_THRESHOLD: so is the end of the heap
)
_TCP_OPTIONS = (  # of tcp(7), where the system has them; connections inherit them from the socket that listens
    ("TCP_KEEPIDLE", 60),  # seconds until a silent client is asked whether it is alive
    ("TCP_USER_TIMEOUT", int(limits.STALL_SECONDS * 1000)),  # milliseconds until one that does not answer is given up
    ("TCP_NOTSENT_LOWAT", 128 * 1024),  # bytes that the system holds for a slow client
)
_BACKLOG = 4096  # connections that wait to be accepted
_TAKEOVER_SECONDS = 5.0  # workers of a server that was killed end within this time
_WATCH_INTERVAL = 0.5  # seconds between two looks for the master
_HEALTH_SECONDS = 60  # in which a worker must respond to the master, or be replaced
_SWITCH_INTERVAL = 0.001  # seconds for which a thread may keep the event loop from the interpreter
_FILES_PER_WORKER = 2 * limits.MAX_CONNECTIONS


class Listener(socket.socket):
    """A socket at which to listen, once for all workers and once more in each.

    A worker process that is given it opens one of its own at the same address (SO_REUSEPORT): the system spreads
    connections over those that listen.
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._address = (host, port)
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT, socket.SO_KEEPALIVE):
            self.setsockopt(socket.SOL_SOCKET, option, 1)
        for name, value in _TCP_OPTIONS:
            if hasattr(socket, name):
                self.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self.bind(self._address)

    def __reduce__(self) -> tuple[type["Listener"], tuple[str, int]]:
        return type(self), self._address


def reserve(host: str, port: int) -> Listener:
    """Reserve an address; wait a moment if the workers of a server that was killed still listen there.

    Raises FeedsError if that is not possible.
    """
    deadline = time.monotonic() + _TAKEOVER_SECONDS
    while True:
        try:
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))  # without SO_REUSEPORT, by which two servers could share the port unnoticed
            return Listener(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                problem = f"{host}:{port}: cannot be listened on: {error.strerror}"
                raise FeedsError(f"{problem}; choose another --port or --host") from error
            time.sleep(_WATCH_INTERVAL)


def serve(app: str, listener: Listener, workers: int, log_config: dict[str, Any]) -> None:
    """Serve the WSGI app that a factory creates, given as `module:function`, until a signal stops it.

    SIGTERM and SIGINT let requests finish; SIGHUP replaces the workers, which read settings and code anew. A worker
    that ends otherwise is replaced. `log_config` is for `logging.config.dictConfig`.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _FILES_PER_WORKER if most == resource.RLIM_INFINITY else min(_FILES_PER_WORKER, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    config = Config(
        partial(_start_worker, app, os.getpid()),
        factory=True,
        interface="asgi3",  # that is, as it is: only our connections call it
        http=Connection,
        ws="none",
        lifespan="off",
        loop="uvloop",
        workers=workers,
        backlog=_BACKLOG,
        proxy_headers=False,
        log_config=log_config,
        timeout_graceful_shutdown=limits.DRAIN_SECONDS,
        timeout_worker_healthcheck=_HEALTH_SECONDS,
    )
    with listener:
        Multiprocess(config, sockets=[listener]).run()


def _start_worker(app: str, master: int) -> Connections:
    """Prepare this worker process, and create what answers its connections."""
    threading.Thread(target=_end_with, args=(master,), daemon=True).start()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    _limit_heap()
    return Connections(Gateway(pkgutil.resolve_name(app)().extensions["feeds"]))


def _end_with(master: int) -> None:
    """Stop this worker when its master is gone, lest it hold the port."""
    while os.getppid() == master:
        time.sleep(_WATCH_INTERVAL)
    os.kill(os.getpid(), signal.SIGTERM)


def _limit_heap() -> None:
    """Have glibc return memory to the system: otherwise each thread keeps as much as its largest rendering took."""
    with suppress(AttributeError, OSError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in _MALLOC_OPTIONS:
            mallopt(parameter, value)
