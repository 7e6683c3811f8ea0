"""The rows of the table: each function measures one kind of work and its rival on an archive of one size."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from feeds.model.keys import SearchKey
from feeds.model.query import Query
from feeds.publishing.publisher import Publisher
from feeds.text import unicode
from tests.benchmarks import rivals
from tests.benchmarks.measure import Cost, alternate, resident_memory, run
from tests.benchmarks.workspace import Workspace, paper_urls
from tests.support.servers import FEEDS, ROOT, Server, free_port, running, serving

_SLOW_CATALOGS = ("newest.opds", "years.opds", "monthly.rss", "weekly.rss")
_CODINGS = ("identity", "gzip", "br", "zstd")
_WRK_SECONDS = 3
_REQUESTS_PER_SECOND = re.compile(r"Requests/sec: +([0-9.]+)")


@dataclass(frozen=True)
class Line:
    """A line of the table.

    Attributes:
        work: what was done.
        ours: how much it took us, each time.
        unit: of what: `s` for processor seconds, `s wall` for the clock, `MB`, `files`, `/s`.
        rival: who else did it.
        theirs: how much it took the rival, each time.
        goal: what it may take us.
        ratio: what it may take us for each unit that it takes the rival: the most, or for `/s` the least.
        growth: what it may take us with a larger archive for each unit that it takes with one of the real size.
        times: how many times as large the archive was.
    """

    work: str
    ours: tuple[float, ...]
    unit: str = "s"
    rival: str = ""
    theirs: tuple[float, ...] = ()
    goal: float | None = None
    ratio: float | None = None
    growth: float | None = None
    times: int = 1


def index(workspace: Workspace) -> Iterator[Line]:
    """Index the archive from nothing."""
    hugo = rivals.Hugo(workspace)
    ours, theirs = alternate(_rounds(workspace), lambda: workspace.index(workspace.fresh()), hugo.build)
    rival = "Hugo building a feed and a page a paper"
    yield Line("index from nothing", _cpu(ours), "s", rival, _cpu(theirs), goal=_at_real_size(workspace, 2.5))
    yield Line("index from nothing, memory", _memory(ours), "MB", goal=150)


def site(workspace: Workspace) -> Iterator[Line]:
    """Write a feed of everything and a page a paper, from nothing."""
    hugo, out = rivals.Hugo(workspace), workspace.folder / "pages"

    def build() -> Cost:
        for folder in (out, out.with_name(f".{out.name}.feeds")):
            shutil.rmtree(folder, ignore_errors=True)
        return run([sys.executable, "-m", "tests.benchmarks.site", workspace.root, out], workspace.fresh(), ROOT)

    build()
    workspace.require_all_papers((out / "all.rss").read_bytes())
    workspace.require_all_papers(*(page.read_bytes() for page in (out / "papers").glob("*.html")))
    ours, theirs = alternate(_rounds(workspace), build, hugo.build)
    work = "RSS of everything + a page a paper, from nothing"
    yield Line(work, _cpu(ours), "s", "Hugo", _cpu(theirs), goal=_at_real_size(workspace, 8))
    yield Line(f"{work}: time", _wall(ours), "s wall", "Hugo", _wall(theirs), ratio=1.2)
    yield Line(f"{work}: memory", _memory(ours), "MB", "Hugo", _memory(theirs), ratio=0.4)


def books(workspace: Workspace) -> Iterator[Line]:
    """Write the books of a day, of a month and of everything."""
    day = next(iter(workspace.files("2024/01/3*")))
    yield _book(workspace, "EPUB of a day", day.relative_to(workspace.root).as_posix()[:-3], 5, 1.0)
    yield _book(workspace, "EPUB of a month", "2024/01/*", 3, 0.25)
    if workspace.times == 1:
        yield _book(workspace, "EPUB of everything", "*", 1, 0.04)
    else:
        yield Line("EPUB of everything", _cpu([_export(workspace, "epub", "all")]))


def _book(workspace: Workspace, work: str, pattern: str, rounds: int, ratio: float) -> Line:
    files, key = workspace.files(pattern), workspace.key(pattern)
    pandoc = rivals.Pandoc(workspace, files)
    ours, theirs = alternate(rounds, lambda: _export(workspace, "epub", key), pandoc.write)
    workspace.require_all_papers(*rivals.read_book(_exported(workspace)), files=files)
    return Line(work, _cpu(ours), "s", "pandoc", _cpu(theirs), ratio=ratio)


def bibtex(workspace: Workspace) -> Iterator[Line]:
    """Write a BibTeX file of everything."""
    _export(workspace, "bib", "all")
    workspace.require_all_papers(_exported(workspace).read_bytes())
    rival = rivals.Bibtexparser(workspace, _exported(workspace))
    ours, theirs = alternate(_rounds(workspace), lambda: _export(workspace, "bib", "all"), rival.write)
    rival_name = "bibtexparser writing the same entries"
    yield Line("BibTeX of everything", _cpu(ours), "s", rival_name, _cpu(theirs), ratio=1.5)


def catalogs(workspace: Workspace) -> Iterator[Line]:
    """Answer with catalogs and series that no server has made before, and again after a new day."""
    for name in _SLOW_CATALOGS:
        cold, again = [], []
        for _ in range(3):
            with serving(workspace.root, workspace.with_index()) as server:
                cold.append(_seconds_of(server, name))
                again.append(_seconds_of(server, name))
        yield Line(f"`{name}`, cold", tuple(cold), "s wall", "the same warm", tuple(again), goal=0.3)
    times: dict[str, list[float]] = {name: [] for name in _SLOW_CATALOGS}
    with serving(workspace.root, workspace.with_index()) as server:
        for name in _SLOW_CATALOGS * 4:  # the first time only so that they are warm
            workspace.add_day()
            _wait_for(server, workspace.last_day)
            times[name].append(_seconds_of(server, name))
    for name, (_, *seconds) in times.items():
        yield Line(f"`{name}`, after a new day", tuple(seconds), "s wall", goal=0.3)


def new_day(workspace: Workspace) -> Iterator[Line]:
    """Notice a new day, and render `latest` after it."""
    publisher = workspace.publisher()
    noticed, rendered = [], []
    for _ in range(5):
        path = workspace.add_day()
        started = time.process_time()
        publisher.archive.sync(thorough=False)  # as a server does
        noticed.append(time.process_time() - started)
        resource = publisher.find("latest.rss")
        body = publisher.render(publisher.representation(resource)).body
        rendered.append(time.process_time() - started - noticed[-1])
        assert paper_urls(path.read_bytes()) <= paper_urls(body)
    yield Line("a new day noticed", tuple(noticed), growth=1.5)
    yield Line("`latest.rss` after it", tuple(rendered), growth=1.5)


def memory(workspace: Workspace) -> Iterator[Line]:
    """Look at a worker's memory after every kind of document was asked for, in every coding."""
    paths = [*_kinds_of_documents(workspace)]
    with serving(workspace.root, workspace.with_index()) as server:
        server.ask("/")
        idle = resident_memory(server.process.pid)
        for path in paths:
            for coding in _CODINGS:
                answer = server.ask(f"/{path}", {"Accept-Encoding": coding})
                assert answer.status == 200, path
                assert server.ask(f"/{path}", {"If-None-Match": answer.headers["ETag"]}).status == 304
        full = resident_memory(server.process.pid)
    yield Line("memory of a worker after the home page", (idle,), "MB")
    goal = _at_real_size(workspace, 150)
    yield Line("memory of a worker after every kind of document", (full,), "MB", goal=goal, growth=1.5)


def build(workspace: Workspace) -> Iterator[Line]:
    """Build the whole site from nothing, again, and after a new day."""
    out, copy, environ = workspace.folder / "site", workspace.folder / "copy", workspace.fresh()
    first = workspace.feeds(environ, "build", out)
    workspace.require_all_papers(*(page.read_bytes() for page in (out / "papers").glob("*.html")))
    copied = run(["cp", "-r", out, copy], environ)
    shutil.rmtree(copy)
    sizes = [path.stat().st_size for path in out.rglob("*") if path.is_file()]
    real = partial(_at_real_size, workspace)
    work = "whole site, `feeds build` from nothing"
    yield Line(work, _cpu([first]), "s", "`cp -r` of it", _cpu([copied]), goal=real(40))
    yield Line(f"{work}: time", _wall([first]), "s wall", "`cp -r` of it", _wall([copied]))
    yield Line(f"{work}: memory", _memory([first]), "MB")
    yield Line("files of the site", (len(sizes),), "files", goal=real(15_000))
    yield Line("size of the site", (sum(sizes) / 1e6,), "MB", goal=real(350))
    unchanged = [workspace.feeds(environ, "build", out) for _ in range(3)]
    yield Line("build with nothing new", _cpu(unchanged), goal=1)
    after = []
    for _ in range(3):
        path = workspace.add_day()
        after.append(workspace.feeds(environ, "build", out))
        assert paper_urls(path.read_bytes()) <= paper_urls((out / f"{workspace.last_day}.rss").read_bytes())
    yield Line("build with one new day", _cpu(after), goal=2)
    shutil.rmtree(out)


def command(workspace: Workspace) -> Iterator[Line]:
    """Start the command."""
    environ = workspace.fresh()
    ours, theirs = alternate(
        15, lambda: run([FEEDS, "--help"], environ, ROOT), lambda: run([sys.executable, "-c", "pass"], environ, ROOT)
    )
    yield Line("`feeds --help`", _cpu(ours), "s", "`python -c pass`", _cpu(theirs), ratio=2)


def requests(workspace: Workspace) -> Iterator[Line]:
    """Answer requests for `latest.rss` as fast as one worker can."""
    port = free_port()
    with serving(workspace.root, workspace.warm()) as server:
        plain = server.ask("/latest.rss")
        compressed = server.ask("/latest.rss", {"Accept-Encoding": "gzip"})
        files = {"latest.rss": plain.body, "latest.rss.gz": compressed.body}
        nginx = rivals.nginx(workspace.folder / "nginx", port, files)
        with running([*nginx], {}, port) as rival:
            assert rival.ask("/latest.rss").body == plain.body
            for work, ratio, coding, is_known in (
                ("304", 0.75, "identity", True),
                ("200", 0.8, "identity", False),
                ("200 in gzip", 0.8, "gzip", False),
            ):
                ours, theirs = [], []
                for _ in range(3):
                    ours.append(_requests_per_second(server, coding, is_known))
                    theirs.append(_requests_per_second(rival, coding, is_known))
                rival_name = "nginx, one worker each"
                yield Line(f"{work} of `latest.rss`", tuple(ours), "/s", rival_name, tuple(theirs), ratio=ratio)


def search(workspace: Workspace) -> Iterator[Line]:
    """Search, with the counts of all facets, by words that many papers, few or a syllable has."""
    publisher = workspace.publisher()
    texts = [unicode.fold(f"{entry.paper.title}\n{entry.paper.summary}") for entry in workspace.entries()]
    for text in ("강화학습을", "가", "gaussian 확산"):
        ours = [_processor_seconds(partial(_search, publisher, text)) for _ in range(5)]
        theirs = [_processor_seconds(partial(_scan, texts, text)) for _ in range(5)]
        yield Line(f"search for {text}", tuple(ours), "s", "scanning every text in memory", tuple(theirs))


def _rounds(workspace: Workspace) -> int:
    """Return how often to do what takes long."""
    return 3 if workspace.times == 1 else 1


def _at_real_size(workspace: Workspace, goal: float) -> float | None:
    return goal if workspace.times == 1 else None


def _cpu(costs: Iterable[Cost]) -> tuple[float, ...]:
    return tuple(cost.cpu for cost in costs)


def _wall(costs: Iterable[Cost]) -> tuple[float, ...]:
    return tuple(cost.wall for cost in costs)


def _memory(costs: Iterable[Cost]) -> tuple[float, ...]:
    return tuple(cost.memory for cost in costs)


def _exported(workspace: Workspace) -> Path:
    return workspace.folder / "exported"


def _export(workspace: Workspace, format_name: str, key: str) -> Cost:
    return workspace.feeds(workspace.warm(), "export", format_name, key, "-o", _exported(workspace))


def _seconds_of(server: Server, name: str) -> float:
    started = time.perf_counter()
    answer = server.ask(f"/{name}")
    seconds = time.perf_counter() - started
    assert answer.status == 200, name
    return seconds


def _wait_for(server: Server, day: date) -> None:
    """Wait until a server has noticed a new day. Raises TimeoutError if that takes more than a minute."""
    deadline = time.monotonic() + 60
    while server.ask(f"/{day}").status != 200:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the server has not noticed {day}")
        time.sleep(0.2)


def _kinds_of_documents(workspace: Workspace) -> Iterator[str]:
    """Iterate over the paths of a document of every format and scope."""
    publisher = workspace.publisher()
    with publisher.archive.snapshot() as snapshot:
        keys = [*snapshot.keys(), publisher.site.topics_key, *publisher.site.topic_keys.values(), SearchKey()]
    for key in {key.scope: key for key in keys}.values():
        for resource in publisher.formats.answers(key):
            yield resource.path
    for resource in publisher.formats.site_resources():
        yield resource.path


def _requests_per_second(server: Server, coding: str, is_known: bool) -> float:
    headers = {"Accept-Encoding": coding}
    answer = server.ask("/latest.rss", headers)
    if is_known:
        headers["If-None-Match"] = answer.headers["ETag"]
    assert server.ask("/latest.rss", headers).status == (304 if is_known else 200)
    assert answer.headers.get("Content-Encoding", "identity") == coding
    options = [option for name, value in headers.items() for option in ("--header", f"{name}: {value}")]
    wrk = ["wrk", "--threads=1", "--connections=16", f"--duration={_WRK_SECONDS}s", *options]
    output = subprocess.run([*wrk, f"{server.base}/latest.rss"], check=True, capture_output=True, text=True).stdout
    match = _REQUESTS_PER_SECOND.search(output)
    if not match or "Non-2xx" in output or "Socket errors" in output:
        raise ValueError(f"wrk failed: {output}")
    return float(match[1])


def _search(publisher: Publisher, text: str) -> None:
    with publisher.archive.snapshot() as snapshot:
        snapshot.load(SearchKey(Query(q=text, limit=50)))


def _scan(texts: Iterable[str], text: str) -> list[bool]:
    words = text.split()
    return [all(word in text for word in words) for text in texts]


def _processor_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


ROWS: Mapping[str, Callable[[Workspace], Iterable[Line]]] = {
    row.__name__.replace("_", "-"): row
    for row in (index, site, books, bibtex, command, requests, search, memory, catalogs, new_day, build)
}
"""The rows by name; those that add days come last."""

GROWING_ROWS = ("index", "books", "bibtex", "memory", "catalogs", "new-day", "build")
"""The rows that are measured with larger archives too."""
