"""Runs the app in worker processes: Uvicorn starts, watches and stops them; the connections are ours."""

import ctypes
import errno
import logging
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
from uvicorn.supervisors.multiprocess import Multiprocess, Process

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
_END_SECONDS = 2.0  # until a worker that has nothing to do any more has ended
_SWITCH_INTERVAL = 0.001  # seconds for which a thread may keep the event loop from the interpreter
_FILES_PER_WORKER = 2 * limits.MAX_CONNECTIONS + 256  # a socket and a document each, and a few others
_log = logging.getLogger(__name__)


class _Worker(Process):
    """A worker process, as its master knows it."""

    def start(self) -> None:
        """Start the process."""
        super().start()
        self.child_conn.close()  # so that a worker which ends is not waited for until a response is overdue


class _Master(Multiprocess):
    """Watches the worker processes. Unlike Uvicorn's, it waits for none but at the end, and then not for ever."""

    def __init__(self, config: Config, listener: socket.socket) -> None:
        super().__init__(config, [listener])
        self._replaced: list[Process] = []  # that still answer what was asked for before
        self._end_seconds = limits.DRAIN_SECONDS + _END_SECONDS

    def init_processes(self) -> None:
        """Start the workers."""
        self.processes = [self._start_worker() for _ in range(self.processes_num)]

    def restart_all(self) -> None:
        """Replace the workers one by one, as long as the new ones can start."""
        for index, old in enumerate(self.processes):
            new = self._start_worker()
            if not new.wait_until_ready(_HEALTH_SECONDS):
                new.kill()
                new.join()
                _log.warning("worker %s cannot start; those that serve go on as they are", new.pid)
                return
            old.terminate()
            self._replaced.append(old)
            self.processes[index] = new

    def keep_subprocess_alive(self) -> None:
        """Replace each worker that has ended or does not respond."""
        self._replaced = [worker for worker in self._replaced if worker.process.is_alive()]
        for index, worker in enumerate(self.processes):
            if not worker.is_alive(_HEALTH_SECONDS):
                worker.kill()
                worker.join()
                _log.warning("worker %s ended with status %s; another is started", worker.pid, worker.exitcode)
                self.processes[index] = self._start_worker()

    def _start_worker(self) -> _Worker:
        worker = _Worker(self.config, self.sockets)
        worker.start()
        return worker

    def handle_int(self) -> None:
        """End without waiting for clients: somebody waits at the terminal."""
        super().handle_int()
        self._end_seconds = _END_SECONDS

    def terminate_all(self) -> None:
        """Refuse new connections, and have the workers end."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait until the workers have ended."""
        deadline = time.monotonic() + self._end_seconds
        for worker in (*self._replaced, *self.processes):
            worker.process.join(max(0.0, deadline - time.monotonic()))
            worker.process.kill()
            worker.process.join()


def listen(host: str, port: int) -> socket.socket:
    """Listen at an address; wait a moment if the workers of a server that was killed still do.

    Workers share the socket: a connection that none has accepted yet is not lost when one ends. Raises FeedsError if
    the address cannot be listened on.
    """
    deadline = time.monotonic() + _TAKEOVER_SECONDS
    while True:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        try:
            for option in (socket.SO_REUSEADDR, socket.SO_KEEPALIVE):
                listener.setsockopt(socket.SOL_SOCKET, option, 1)
            for name, value in _TCP_OPTIONS:
                if hasattr(socket, name):
                    listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                problem = f"{host}:{port}: cannot be listened on: {error.strerror}"
                raise FeedsError(f"{problem}; choose another --port or --host") from error
            time.sleep(_WATCH_INTERVAL)
        else:
            return listener


def serve(app: str, listener: socket.socket, workers: int, log_config: dict[str, Any]) -> None:
    """Serve the WSGI app that a factory creates, given as `module:function`, until a signal stops it.

    SIGTERM lets requests finish, SIGINT does not; SIGHUP replaces the workers, which read settings and code anew. A
    worker that ends otherwise is replaced. `log_config` is for `logging.config.dictConfig`.
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
    )
    with listener:
        _Master(config, listener).run()


def _start_worker(app: str, master: int) -> Connections:
    """Prepare this worker process, and create what answers its connections."""
    threading.Thread(target=_end_with, args=(master,), daemon=True).start()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    _limit_heap()
    try:
        flask_app = pkgutil.resolve_name(app)()
    except FeedsError as error:  # in settings that were changed since the master started
        _log.error("%s", error)
        sys.exit(1)
    return Connections(Gateway(flask_app.extensions["feeds"]))


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
