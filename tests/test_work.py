"""What a request, a new day and a build cost does not grow with the archive. Work is counted, not timed.

Of two archives, the second one has twice as many days. The last days are the same.
"""

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from feeds.archive import archive as archive_module
from feeds.archive import files
from feeds.http import gateway as gateway_module
from feeds.model.keys import Scope
from feeds.publishing.publisher import Publisher, open_publisher
from tests.support import archives
from tests.support.digests import SEEDS, write_files
from tests.support.gateways import ask, open_gateway, request
from tests.support.sites import TextExporter, build_site, with_formats
from tests.support.work import Work, WorkCounter
from web import create_app

SIZES = (1_100, 2_200)  # days: more than the files that are looked at each time
BUILT_SIZES = (370, 740)  # more than a year, because there are documents of whole years
LAST = date(2020, 12, 20)
PATHS = ("/latest.rss", "/latest.atom", "/", "/newest.opds", "/monthly.rss", "/top-weekly.rss", "/subscriptions.opml")
PAPER = "/papers/2012.00000"  # of the last day
NOTHING = Work(0, 0, 0, 0)
# Trees have more levels, and more folders of months are looked at; of old files some more are at times.
SLACK = Work(statements=5, steps=5_000, files=600, renderings=0)


class Growing:
    """An archive to which days are added, and its app."""

    def __init__(self, folder: Path, days: int) -> None:
        self.root = folder / "archive"
        self._environ = {"FEEDS_INDEX": str(folder / "index.sqlite"), "HOME": str(folder)}
        self._last = LAST
        for age in range(days):
            self._write(LAST - timedelta(days=age), age)

    def open(self) -> Publisher:
        return open_publisher(self.root, self._environ)

    def client(self) -> FlaskClient:
        return create_app(self.root, self._environ).test_client()

    def add_day(self) -> str:
        """Add a day and return its key."""
        self._last += timedelta(days=1)
        self._write(self._last, 90_000 + self._last.day)
        return str(self._last)

    def _write(self, day: date, number: int) -> None:
        text = archives.digest(day, 1, number, random.Random(number))
        write_files(self.root, {f"{day:%Y/%m/%d}.md": text})


class Clock:
    """The clock by which archives look for changed files, and caches at archives: they do so when it says."""

    def __init__(self) -> None:
        self.is_due = True
        self._seconds = 0.0

    def monotonic(self) -> float:
        self._seconds += 1
        return self._seconds if self.is_due else 0.0


@pytest.fixture(autouse=True)
def no_racy_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no file again because it was written a moment ago: that depends on how fast the test runs."""
    monkeypatch.setattr(files, "_RACY_WINDOW_NS", 0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    instance = Clock()
    for module in (archive_module, gateway_module):
        monkeypatch.setattr(module, "time", instance)
    return instance


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> WorkCounter:
    """Counts what is done from now on."""
    work = WorkCounter()
    work.install(monkeypatch)
    return work


def get(counter: WorkCounter, client: FlaskClient, path: str, status: int = 200, **headers: str) -> Work:
    with counter.count() as work:
        response = client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert response.status_code == status
    return work[0]


def excesses(small: dict[str, Work], large: dict[str, Work], slack: Work) -> dict[str, dict[str, tuple[int, int]]]:
    return {name: excess for name, work in large.items() if (excess := work.exceeds(small[name], slack))}


@pytest.mark.parametrize("path", PATHS)
def test_repeated_requests_touch_nothing(
    environ: dict[str, str], counter: WorkCounter, clock: Clock, path: str
) -> None:
    gateway = open_gateway(SEEDS, environ)
    clock.is_due = False
    etag = create_app(SEEDS, environ).test_client().get(path).headers["ETag"]
    for asked, status in ((request(path), 200), (request(path, If_None_Match=etag), 304)):
        ask(gateway, asked)
        with counter.count() as work:
            answer = gateway.find(asked)
        assert answer is not None
        assert answer.status == status
        assert work == [NOTHING]


@pytest.mark.external
def test_requests_and_days_do_not_grow_with_the_archive(tmp_path: Path, counter: WorkCounter, clock: Clock) -> None:
    small, large = (costs_of_archive(Growing(tmp_path / str(days), days), counter, clock) for days in SIZES)
    assert excesses(small, large, SLACK) == {}


def costs_of_archive(growing: Growing, counter: WorkCounter, clock: Clock) -> dict[str, Work]:
    """Count what each path costs a new worker, what a new day does, and what each path does after it."""
    costs = {}
    growing.open()
    for path in (*PATHS, PAPER):
        clock.is_due = True
        client = growing.client()
        clock.is_due = False
        costs[f"{path} of a new worker"] = get(counter, client, path)
    for _ in range(2):  # the first time, it also reads what it has to read once
        key = growing.add_day()
        costs["a new day noticed"] = notice(counter, client, clock)
        for path in (*PATHS, PAPER):
            costs[f"{path} after a new day"] = get(counter, client, path)
        assert client.get(f"/{key}").status_code == 200
    costs["nothing new noticed"] = notice(counter, client, clock)
    return costs


def notice(counter: WorkCounter, client: FlaskClient, clock: Clock) -> Work:
    """Count what it costs to look for changed files."""
    clock.is_due = True
    with counter.count() as work:
        client.application.extensions["feeds"].publisher.archive.sync_if_due()
    clock.is_due = False
    return work[0]


class BoundedExporter(TextExporter):
    """Renders editions that do not grow with the archive."""

    scopes = frozenset({Scope.LATEST, Scope.DAY, Scope.WEEK, Scope.MONTH, Scope.YEAR, Scope.PAPER})


@pytest.mark.external
def test_builds_do_not_grow_with_the_archive(tmp_path: Path, counter: WorkCounter) -> None:
    small, large = (costs_of_builds(Growing(tmp_path / str(days), days), counter, tmp_path) for days in BUILT_SIZES)
    assert large["nothing new"].renderings == 0
    assert large["a new day"].renderings < 10
    one_look = SLACK._replace(files=BUILT_SIZES[1] - BUILT_SIZES[0] + 60)  # at each day file, and folders of months
    assert excesses(small, large, one_look) == {}


def costs_of_builds(growing: Growing, counter: WorkCounter, folder: Path) -> dict[str, Work]:
    """Count what a build costs when nothing is new, and after a new day."""
    out = folder / f"site-{growing.root.parent.name}"
    build(growing, counter, out)
    costs = {"nothing new": build(growing, counter, out)}
    for _ in range(2):  # the first time, it also keeps the site before the last one
        growing.add_day()
        costs["a new day"] = build(growing, counter, out)
    return costs


def build(growing: Growing, counter: WorkCounter, out: Path) -> Work:
    publisher = with_formats(growing.open(), BoundedExporter())
    with counter.count() as work:
        build_site(publisher, out)
    return work[0]
