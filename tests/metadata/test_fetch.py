"""Which papers are requested from which source, and what of the answers is stored and counted."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds.errors import FetchError, StoreError
from feeds.metadata.client import UnavailableError
from feeds.metadata.fetch import Report, fetch_metadata
from feeds.metadata.store import MetadataStore
from feeds.model.identity import paper_slug
from feeds.model.metadata import PaperMetadata
from feeds.progress import no_progress

NOW = datetime(2024, 1, 30, 12, 0, tzinfo=UTC)
ARXIV = [f"https://arxiv.org/abs/2401.{serial:05}" for serial in range(1, 8)]
NUMBERS = [url.rpartition("/")[2] for url in ARXIV]
DOI_URL = "https://doi.org/10.1000/Example"
OTHER = "https://example.org/paper"


class FakeSource:
    """A source that knows all papers but some, and fails as a test says."""

    def __init__(self, batch_size: int = 2) -> None:
        self.batch_size = batch_size
        self.unknown: set[str] = set()
        self.failures: dict[str, BaseException] = {}
        """What happens when an identifier is requested."""
        self.requested: list[list[str]] = []

    def fetch(self, identifiers: Sequence[str]) -> Mapping[str, PaperMetadata | None]:
        self.requested.append(list(identifiers))
        for identifier in identifiers:
            if identifier in self.failures:
                raise self.failures[identifier]
        return {
            identifier: None if identifier in self.unknown else PaperMetadata(comment=f"of {identifier}")
            for identifier in identifiers
        }


class Run:
    """A store, two sources and a time."""

    def __init__(self, folder: Path) -> None:
        self.store = MetadataStore(folder)
        self.arxiv = FakeSource()
        self.crossref = FakeSource(1)
        self.now = NOW

    def __call__(self, *urls: str, force: bool = False) -> Report:
        """Fetch anew, and forget what was requested before."""
        self.arxiv.requested.clear()
        self.crossref.requested.clear()
        return fetch_metadata(self.store, urls, self.arxiv, self.crossref, force=force, now=lambda: self.now)

    def stored(self, *urls: str) -> list[str]:
        """Return the URLs whose papers are in the store."""
        known = self.store.lookup(map(paper_slug, urls))
        return [url for url in urls if paper_slug(url) in known]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "store")


def test_each_paper_is_requested_from_its_source_in_order(run: Run) -> None:
    report = run(ARXIV[2], DOI_URL, ARXIV[0], OTHER, f"{ARXIV[2]}v3", "https://hf.co/papers/2401.00002")
    assert run.arxiv.requested == [[NUMBERS[2], NUMBERS[0]], [NUMBERS[1]]]
    assert run.crossref.requested == [["10.1000/example"]]
    assert report == Report(fetched=4, unidentified=1)
    stored = run.store.lookup([NUMBERS[0], paper_slug(DOI_URL)])
    assert {slug: found.metadata.comment for slug, found in stored.items()} == {
        NUMBERS[0]: f"of {NUMBERS[0]}",
        paper_slug(DOI_URL): "of 10.1000/example",
    }


def test_paper_is_requested_again_after_30_days(run: Run) -> None:
    run(ARXIV[0])
    run.now += timedelta(days=29)
    assert run(ARXIV[0], ARXIV[1]) == Report(fetched=1, unchanged=1)
    assert run.arxiv.requested == [[NUMBERS[1]]]
    run.now += timedelta(days=1)
    assert run(ARXIV[0], ARXIV[1]) == Report(fetched=1, unchanged=1)
    assert run.arxiv.requested == [[NUMBERS[0]]]


def test_unknown_paper_is_requested_again_after_7_days(run: Run) -> None:
    run.arxiv.unknown = {NUMBERS[0]}
    assert run(*ARXIV[:2]) == Report(fetched=1, unknown=1)
    run.now += timedelta(days=6)
    assert run(*ARXIV[:2]) == Report(unchanged=1, unknown=1)
    assert run.arxiv.requested == []
    run.now += timedelta(days=1)
    run.arxiv.unknown = set()
    assert run(*ARXIV[:2]) == Report(fetched=1, unchanged=1)
    assert run.stored(*ARXIV[:2]) == ARXIV[:2]


def test_force_requests_everything_again(run: Run) -> None:
    run.arxiv.unknown = {NUMBERS[0]}
    run(*ARXIV[:2], DOI_URL)
    assert run(*ARXIV[:2], DOI_URL, force=True) == Report(fetched=2, unknown=1)
    assert run.arxiv.requested == [NUMBERS[:2]]
    assert run.crossref.requested == [["10.1000/example"]]


def test_batches_before_an_interrupt_are_kept(run: Run) -> None:
    run.arxiv.failures = {NUMBERS[4]: KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        run(*ARXIV)
    assert run.stored(*ARXIV) == ARXIV[:4]
    run.arxiv.failures = {}
    assert run(*ARXIV) == Report(fetched=3, unchanged=4)
    assert run.arxiv.requested == [NUMBERS[4:6], NUMBERS[6:]]


def test_source_that_is_unavailable_is_asked_no_more(run: Run) -> None:
    run.arxiv.failures = {NUMBERS[2]: UnavailableError("host: HTTP status 503; run the command again later")}
    report = run(*ARXIV, DOI_URL)
    assert run.arxiv.requested == [NUMBERS[:2], NUMBERS[2:4]]
    problems = ["host: HTTP status 503; run the command again later"]
    assert report == Report(fetched=3, failed=5, problems=problems)
    assert run.stored(*ARXIV, DOI_URL) == [*ARXIV[:2], DOI_URL]


def test_batch_that_fails_is_left_out(run: Run) -> None:
    run.arxiv.failures = {NUMBERS[2]: FetchError("host: HTTP status 500")}
    assert run(*ARXIV) == Report(fetched=5, failed=2, problems=["host: HTTP status 500"])
    assert run.stored(*ARXIV) == [*ARXIV[:2], *ARXIV[4:]]


def test_source_that_fails_three_times_is_given_up(run: Run) -> None:
    run.arxiv.failures = dict.fromkeys(NUMBERS, FetchError("host: the answer is not Atom"))
    assert run(*ARXIV, DOI_URL) == Report(fetched=1, failed=7, problems=["host: the answer is not Atom"])
    assert len(run.arxiv.requested) == 3


def test_progress_counts_every_paper_that_is_requested(run: Run) -> None:
    totals: list[int] = []

    def progress(names: Iterator[str], total: int) -> Iterator[str]:
        totals.append(total)
        for name in no_progress(names, total):
            totals.append(1)
            yield name

    run(ARXIV[6])
    fetch_metadata(run.store, [*ARXIV, DOI_URL, OTHER], run.arxiv, run.crossref, progress=progress, now=lambda: NOW)  # type: ignore[arg-type]
    assert totals == [7, *[1] * 7]


def test_store_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(StoreError):
        Run(Path("/proc/nowhere"))(ARXIV[0])
