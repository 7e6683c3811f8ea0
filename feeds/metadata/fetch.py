"""Brings the metadata store up to date with what arXiv and Crossref know of the papers at some URLs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from feeds.errors import FetchError
from feeds.metadata.client import UnavailableError
from feeds.metadata.store import Checked, MetadataStore
from feeds.model import identity
from feeds.model.metadata import PaperMetadata
from feeds.progress import Progress, no_progress

_MAX_AGE = timedelta(days=30)
_MAX_AGE_OF_UNKNOWN = timedelta(days=7)  # a digest may list a paper before the API has it
_MAX_FAILURES = 3  # in a row, before a source is given up


class Source(Protocol):
    """An API that knows papers by their identifiers."""

    batch_size: int
    """How many identifiers one call of `fetch` takes."""

    def fetch(self, identifiers: Sequence[str]) -> Mapping[str, PaperMetadata | None]:
        """Return what is known of each paper, None for an unknown one. Raises FetchError."""


@dataclass(slots=True)
class Report:
    """How many papers had which result, and in `problems` a line for each reason of `failed` ones.

    `unchanged` papers were fetched a short time ago. `unknown` ones their source does not know, now or a few days ago.
    `unidentified` ones have neither an arXiv number nor a DOI.
    """

    fetched: int = 0
    unchanged: int = 0
    unknown: int = 0
    failed: int = 0
    unidentified: int = 0
    problems: list[str] = field(default_factory=list)


def fetch_metadata(
    store: MetadataStore,
    urls: Iterable[str],
    arxiv: Source,
    crossref: Source,
    *,
    force: bool = False,
    progress: Progress = no_progress,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Report:
    """Fetch what is known of the papers at some URLs: of new ones, and again after 30 days.

    Papers with an arXiv number are requested from arXiv, others with a DOI from Crossref, in the order of their URLs.
    Each answer is stored at once, so an interrupted run loses nothing. Whatever an API does ends in the report.

    Args:
        force: Also request papers that were requested a short time ago.

    Raises:
        StoreError: the store cannot be used.
    """
    papers: dict[str, str] = {}
    for url in urls:
        papers.setdefault(identity.paper_slug(url), url)
    checked = store.checked(papers)
    report = Report()
    from_arxiv: dict[str, str] = {}  # slugs by identifier
    from_crossref: dict[str, str] = {}
    for slug, url in papers.items():
        number = identity.arxiv_id(url)
        identifier = number or identity.doi(url)
        if identifier is None:
            report.unidentified += 1
        elif force or slug not in checked or _is_old(checked[slug], now()):
            (from_arxiv if number else from_crossref)[identifier] = slug
        elif checked[slug].is_known:
            report.unchanged += 1
        else:
            report.unknown += 1

    def run() -> Iterator[str]:
        yield from _run(arxiv, from_arxiv, store, report, now)
        yield from _run(crossref, from_crossref, store, report, now)

    total = len(from_arxiv) + len(from_crossref)
    for _ in progress(run(), total):
        pass
    return report


def _is_old(checked: Checked, now: datetime) -> bool:
    return abs(now - checked.time) >= (_MAX_AGE if checked.is_known else _MAX_AGE_OF_UNKNOWN)


def _run(
    source: Source, slugs: Mapping[str, str], store: MetadataStore, report: Report, now: Callable[[], datetime]
) -> Iterator[str]:
    """Store and count the answers of a source batch by batch, and yield each identifier; stop if the source fails."""
    identifiers = list(slugs)
    failures = 0
    for start in range(0, len(identifiers), source.batch_size):
        batch = identifiers[start : start + source.batch_size]
        try:
            results = source.fetch(batch)
        except FetchError as error:
            failures += 1
            if str(error) not in report.problems:
                report.problems.append(str(error))
            if isinstance(error, UnavailableError) or failures == _MAX_FAILURES:
                report.failed += len(identifiers) - start
                return
            report.failed += len(batch)
        else:
            failures = 0
            store.put({slugs[identifier]: metadata for identifier, metadata in results.items()}, now())
            known = sum(metadata is not None for metadata in results.values())
            report.fetched += known
            report.unknown += len(results) - known
        yield from batch
