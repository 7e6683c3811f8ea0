"""Faults of the machine and of ours, each with the check that the service is right in the end.

A fault raises AssertionError if the service is wrong then, or if a command that failed said so in more than one line.
Its moments and places are random, from a seed.
"""

import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

from tests.faults.disks import ROOM, read_only, small_disk
from tests.faults.scene import PATHS, Expected, Scene, StartError, published_files, require_equal
from tests.support.digests import paper
from tests.support.processes import children, process_tree
from tests.support.servers import Server
from tests.support.sites import read_files

_LARGE = ("/all.epub", "/2023.rss", "/all.json")  # documents of so many papers that a process of their own renders them


class Fault(NamedTuple):
    """A fault, and how many papers the archive has on which it happens."""

    happen: Callable[[Scene, Expected, random.Random], None]
    papers: int = 48

    @property
    def name(self) -> str:
        """What happens."""
        return self.happen.__name__.replace("_", " ")


def kill_while_indexing(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Kill a command while it reads the archive from nothing."""
    for _ in range(3):
        kill_after(scene.start_check(), chance.uniform(0.1, 0.8))
    scene.require_service(expected.documents)


def kill_the_server(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Kill the master; the next one serves at the same port, or says why not until it can."""
    with scene.serve() as server, clients(server):
        started = list(process_tree(server.process.pid))
        touch_days(scene)
        kill_after(server.process, chance.uniform(0, 1))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(StartError), scene.serve(server.port) as successor:
            # At first an orphan may answer, and end.
            eventually(lambda: scene.require_documents(successor, expected.documents))
            break
        scene.require_one_line(scene.output())
    else:
        raise AssertionError("no successor served within a minute")
    eventually(lambda: require_end(started))


def kill_workers(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Kill one worker after the other while the archive changes; the master replaces them."""
    with scene.serve() as server, clients(server):
        for _ in range(4):
            touch_days(scene)
            kill_one(children(server.process.pid), chance)
            time.sleep(chance.uniform(0, 0.5))
        scene.wait_for(server)
        scene.require_documents(server, expected.documents)
        assert server.process.poll() is None


def kill_renderings(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Kill the processes that render large documents."""
    with scene.serve() as server, clients(server, _LARGE):
        deadline, killed = time.monotonic() + 5, 0
        while time.monotonic() < deadline and killed < 4:
            workers = children(server.process.pid)
            if renderings := [pid for worker in workers for pid in children(worker)]:
                time.sleep(chance.uniform(0, 0.1))
                killed += kill_one(renderings, chance)
            time.sleep(0.005)
        assert killed
        scene.require_documents(server, expected.documents)


def kill_a_build(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Kill builds; the site is then complete or not there, and the next build completes it."""
    for _ in range(2):
        kill_after(scene.start_build(), chance.uniform(0.3, 3))
        if scene.site.exists():
            require_equal(read_files(scene.site), expected.site)
    scene.require_site(expected.site)


def kill_a_publish(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Kill runs that publish; objects are then whole or not there, and the next run completes them."""
    for _ in range(2):
        kill_after(scene.start_publish(), chance.uniform(0.3, 3))
        objects = published_files(scene.bucket)
        require_equal(objects, {name: expected.objects[name] for name in objects})
    scene.require_bucket(expected.objects)


def fill_the_disk_of_the_cache(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Serve with a cache folder that has hardly any room, then with room again."""
    with small_disk(scene, scene.cache) as leave:
        leave(chance.choice([4, 32, 64, 128, 256, 512]))
        serves_or_refuses(scene, expected)
        leave(ROOM)
        scene.require_service(expected.documents)


def fill_the_disk_of_the_site(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Change a site on a disk that is nearly full: the old one stays until there is room again."""
    with small_disk(scene, scene.site.parent) as leave:
        scene.require_site(expected.site)
        file = chance.choice(sorted(scene.archive.rglob("*.md")))
        text = file.read_text()
        file.write_text(text + paper("One More", "2311.99999"))
        leave(chance.choice([4, 16, 64, 256]))
        if scene.run(scene.start_build()):
            scene.require_one_line(scene.output())
            require_equal(read_files(scene.site), expected.site)
        file.write_text(text)
        leave(ROOM)
        scene.require_site(expected.site)


def make_the_disk_read_only(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Serve from an index that cannot be written, whether or not it is up to date."""
    assert scene.run(scene.start_check()) in (0, 1)
    is_current = chance.random() < 0.5
    if not is_current:
        touch_days(scene)
    with read_only(scene.cache):
        if is_current:
            scene.require_service(expected.documents)
        else:
            serves_or_refuses(scene, expected)
    scene.require_service(expected.documents)


def set_file_times(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Give files times in the past and future while they are served, and change one in place under its old time."""
    files = sorted(scene.archive.rglob("*.md"))
    times = (0, 1, -86_400, 2**31, 2**32, 4_102_444_800, time.time() + 3600, time.time())
    with scene.serve() as server:
        for file in files:
            os.utime(file, (0, chance.choice(times)))
        scene.require_documents(server, expected.documents)
        changed = files[-1]
        text, status = changed.read_text(), changed.stat()
        changed.write_text(text.replace("Vote:", "vote:"))
        os.utime(changed, ns=(status.st_atime_ns, status.st_mtime_ns))
        scene.require_documents(server, expected.documents)
        changed.write_text(text)
    scene.require_service(expected.documents)


def set_the_clock(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Have the clock of a server jump to before and after all days, and back."""
    shift, library = scene.folder / "shift", scene.folder / "clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, Path(__file__).with_name("clock.c")], check=True)
    shift.write_bytes(bytes(8))
    environ = {"CLOCK_SHIFT": str(shift), "LD_PRELOAD": str(library)}
    with shift.open("r+b", buffering=0) as file, scene.serve(environ=environ) as server:
        for year in chance.choices([1971, 2010, 2020, 2025, 2037, 2100], k=4):
            seconds = datetime(year, 6, 1, tzinfo=UTC).timestamp() - time.time()
            os.pwrite(file.fileno(), struct.pack("q", int(seconds)), 0)
            eventually(lambda: require_papers(server, are_published=year > 2023))  # noqa: B023  # called at once
        os.pwrite(file.fileno(), bytes(8), 0)
        eventually(lambda: scene.require_documents(server, expected.documents))


def damage_the_caches(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Damage the index and the document cache while a server uses them, and before the next one starts."""
    with scene.serve() as server, clients(server):
        for _ in range(3):
            damage_a_file(scene, chance)
            touch_days(scene)
            eventually(lambda: scene.require_documents(server, expected.documents))
    damage_a_file(scene, chance)
    scene.require_service(expected.documents)


def lock_the_index(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Hold the lock of the index for some seconds, at the start of a server or while it serves."""
    assert scene.run(scene.start_check()) in (0, 1)
    seconds = chance.uniform(0.5, 8)
    if chance.random() < 0.5:
        with ThreadPoolExecutor(1) as pool:
            locked = pool.submit(hold_lock, scene.index, seconds)
            serves_or_refuses(scene, expected)
            locked.result()
    else:
        with scene.serve() as server:
            touch_days(scene)
            with ThreadPoolExecutor(1) as pool:
                locked = pool.submit(hold_lock, scene.index, seconds)
                scene.require_documents(server, expected.documents)
                locked.result()
            scene.require_documents(server, expected.documents)
    scene.require_service(expected.documents)


def run_everything_at_once(scene: Scene, expected: Expected, chance: random.Random) -> None:
    """Start two servers, a build and a publish on one archive without an index, while its files change."""
    with ThreadPoolExecutor(1) as pool:
        commands = [scene.start_build(), scene.start_publish()]
        second = pool.submit(scene.require_service, expected.documents)
        with scene.serve() as server:
            for _ in range(3):
                touch_days(scene)
                time.sleep(chance.uniform(0, 0.5))
            scene.require_documents(server, expected.documents)
        second.result()
        assert [scene.run(command) for command in commands] == [0, 0]
    require_equal(read_files(scene.site), expected.site)
    require_equal(published_files(scene.bucket), expected.objects)


FAULTS = (
    Fault(kill_while_indexing, papers=400),
    Fault(kill_the_server),
    Fault(kill_workers),
    Fault(kill_renderings, papers=400),
    Fault(kill_a_build),
    Fault(kill_a_publish),
    Fault(fill_the_disk_of_the_cache),
    Fault(fill_the_disk_of_the_site),
    Fault(make_the_disk_read_only),
    Fault(set_file_times),
    Fault(set_the_clock),
    Fault(damage_the_caches),
    Fault(lock_the_index),
    Fault(run_everything_at_once),
)


def serves_or_refuses(scene: Scene, expected: Expected) -> None:
    """Serve what is expected, or say in one line why not."""
    try:
        scene.require_service(expected.documents)
    except StartError as error:
        scene.require_one_line(str(error))


def eventually(check: Callable[[], None]) -> None:
    """Check again and again until it is right, for at most 30 seconds."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return check()
        except (AssertionError, OSError, HTTPException):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def kill_after(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Kill a process at a moment, unless it has ended before."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.wait()


def kill_one(pids: list[int], chance: random.Random) -> bool:
    """Kill one of some processes; return False if there is none, or it has ended before."""
    try:
        os.kill(chance.choice(pids), signal.SIGKILL)
    except (IndexError, ProcessLookupError):
        return False
    return True


def is_running(pid: int) -> bool:
    """Return True unless a process has ended, or only waits for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def require_end(pids: list[int]) -> None:
    """No process runs any more."""
    assert not any(map(is_running, pids))


@contextmanager
def clients(server: Server, paths: tuple[str, ...] = PATHS) -> Iterator[None]:
    """Have two clients ask for documents all the while, whatever they get."""
    is_over = False

    def ask() -> None:
        while not is_over:
            for path in paths:
                with suppress(OSError, HTTPException):
                    server.ask(path, {"Cache-Control": "no-cache"})
                if is_over:
                    return

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        try:
            yield
        finally:
            is_over = True
        for client in asking:
            client.result()


def require_papers(server: Server, *, are_published: bool) -> None:
    """A server has papers, or none if their days are still to come."""
    answer = server.ask("/latest.rss")
    assert answer.status == 200
    assert (b"<item>" in answer.body) == are_published


def touch_days(scene: Scene) -> None:
    """Rewrite all days as they are, so that they are read again."""
    for file in sorted(scene.archive.rglob("*.md")):
        file.write_bytes(file.read_bytes())


def damage_a_file(scene: Scene, chance: random.Random) -> None:
    """Delete, shorten, overwrite or replace a file in the cache folder; a database also by one of another version."""
    files = sorted(path for path in scene.cache.rglob("*") if path.is_file())
    if not files:
        return
    path = scene.index if scene.index.exists() and chance.random() < 0.5 else chance.choice(files)
    kind = chance.choice(["delete", "truncate", "overwrite", "replace", "delete all", "other version"])
    with suppress(FileNotFoundError):
        size = path.stat().st_size
        if kind == "delete":
            path.unlink()
        elif kind == "truncate":
            os.truncate(path, chance.randrange(size + 1))
        elif kind == "overwrite":
            with path.open("r+b") as file:
                file.seek(chance.randrange(size + 1))
                file.write(chance.randbytes(5000))
        elif kind == "replace":
            path.write_bytes(b"not what it was" * 100)
        elif kind == "delete all":
            shutil.rmtree(scene.cache)
            scene.cache.mkdir()
        else:
            with suppress(sqlite3.Error), closing(sqlite3.connect(scene.index, timeout=0.1)) as connection:
                connection.execute("PRAGMA user_version = 1")
                connection.execute("DROP TABLE IF EXISTS papers")


def hold_lock(index: Path, seconds: float) -> None:
    """Lock a database against all others."""
    with closing(sqlite3.connect(index, isolation_level=None, timeout=10)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")
