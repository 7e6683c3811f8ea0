"""The metadata store, and how the archive completes its papers with it."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from feeds.errors import StoreError
from feeds.metadata.store import MetadataStore, default_store
from feeds.model.keys import parse_key
from feeds.model.metadata import PaperMetadata
from feeds.model.paper import Paper
from feeds.publishing.publisher import Publisher, open_publisher
from tests.support.digests import OpenFiles, day, load, paper, render, resources, write_files

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2024, 4, 1, 12, tzinfo=UTC)
KNOWN = PaperMetadata(
    authors=("Ka-Ho Müller", "Bo Li"),
    abstract="We show\nthat $x^2$ suffices.\n\nAnd more.",
    tags=("cs.CV", "cs.LG"),
    published=date(2023, 12, 31),
    journal="Journal of Tests 7 (2024)",
    journal_doi="10.1000/tests.7",
    comment="12 pages",
)
DAYS = {
    "1.md": day("2024-01-30", paper("One", "2401.1", authors="Authors: Bo Li, +"), paper("Two", "2401.2")),
    "2.md": day("2024-02-01", paper("Three", "2402.1"), paper("One", "2401.1", summary="- 요약")),
    "3.md": day("2024-02-02", paper("Four", "2402.2")),
}


@pytest.fixture
def store(environ: dict[str, str]) -> MetadataStore:
    """The store that the archives of the tests look at."""
    return MetadataStore(default_store(environ))


def sync(publisher: Publisher) -> None:
    publisher.archive.sync()


def etags(publisher: Publisher) -> dict[str, str]:
    return {item.path: publisher.representation(item).etag for item in resources(publisher)}


def test_reading_creates_nothing(tmp_path: Path) -> None:
    store = MetadataStore(tmp_path / "none")
    assert (store.revision, store.state, store.lookup(["2401.1"]), store.checked(["2401.1"])) == ("", "", {}, {})
    assert store.changed_since("") is None
    assert not list(tmp_path.iterdir())


def test_what_is_put_is_found(store: MetadataStore) -> None:
    store.put({"2401.00001": KNOWN, "2401.00002": None}, NOW)
    found = store.lookup(["2401.00001", "2401.00002", "2401.00003"])
    assert found.keys() == {"2401.00001"}
    assert (found["2401.00001"].metadata, found["2401.00001"].stored) == (KNOWN, NOW)
    assert store.checked(["2401.00001", "2401.00002", "2401.00003"]) == {
        "2401.00001": (NOW, True),
        "2401.00002": (NOW, False),
    }


def test_only_other_fields_count_as_a_change(store: MetadataStore) -> None:
    store.put({"a": KNOWN, "b": KNOWN, "c": None}, NOW)
    state = store.state
    assert (store.changed_since(""), store.changed_since(state)) == (frozenset("ab"), frozenset())
    store.put({"a": KNOWN, "b": PaperMetadata(comment="Withdrawn"), "c": None}, LATER)
    assert store.changed_since(state) == frozenset("b")
    assert [store.lookup(["a", "b"])[slug].stored for slug in "ab"] == [NOW, LATER]
    assert store.checked(["a"])["a"].time == LATER


def test_paper_that_a_source_forgets_keeps_its_fields(store: MetadataStore) -> None:
    store.put({"a": KNOWN}, NOW)
    state = store.state
    store.put({"a": None}, LATER)
    assert store.lookup(["a"])["a"].metadata == KNOWN
    assert store.changed_since(state) == frozenset()


def test_another_store_may_have_changed_anything(store: MetadataStore, tmp_path: Path) -> None:
    store.put({"a": KNOWN}, NOW)
    other = MetadataStore(tmp_path / "other")
    other.put({"a": KNOWN}, NOW)
    assert store.changed_since(other.state) is None


def test_revision_changes_with_each_write(store: MetadataStore) -> None:
    revisions = {store.revision}
    for _ in range(20):
        store.put({"a": None}, NOW)
        revisions.add(store.revision)
    assert len(revisions) == 21


def test_corrupt_store_is_logged_once_and_replaced(
    environ: dict[str, str], store: MetadataStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.put({"a": KNOWN}, NOW)
    file = next(default_store(environ).iterdir())
    file.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)
    assert (store.lookup(["a"]), store.lookup(["a"]), store.state) == ({}, {}, "")
    assert [record.message.count("cannot read the metadata store") for record in caplog.records] == [1]
    store.put({"b": KNOWN}, LATER)
    assert store.lookup(["a", "b"]).keys() == {"b"}


def test_store_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"papers-1\.sqlite: cannot use the metadata store: "):
        MetadataStore(tmp_path / "file").put({"a": KNOWN}, NOW)


def test_paper_is_completed(open_files: OpenFiles, store: MetadataStore) -> None:
    store.put({"2401.00001": KNOWN}, NOW)
    publisher = open_files(DAYS)
    completed, other = (listing.paper for listing in load(publisher, "2024-01-30").listings)
    assert (completed.authors, completed.more_authors) == (("Ka-Ho Müller", "Bo Li"), False)
    assert completed.has_author_order
    assert completed.abstract == "We show that $x^2$ suffices.\n\nAnd more."
    assert (completed.tags, completed.published) == (("cs.CV", "cs.LG"), date(2023, 12, 31))
    assert (completed.journal, completed.doi, completed.comment) == (KNOWN.journal, KNOWN.journal_doi, "12 pages")
    assert other == Paper("Two", "https://arxiv.org/abs/2401.00002")


def test_order_of_authors_is_doubted_only_where_it_is_unknown(open_files: OpenFiles, store: MetadataStore) -> None:
    two = paper("Two", "2401.2", authors="Authors: Ann Lee, Bo Li")
    publisher = open_files({"1.md": day("2024-01-30", paper("One", "2401.1", authors="Authors: Bo Li"), two)})
    for is_known in (False, True):
        for format_name in ("html", "bib"):
            text = render(publisher, format_name, "papers/2401.00002").decode()
            assert ("다이제스트에 실린 순서" in text) != is_known
        store.put({"2401.00002": KNOWN}, NOW)
        sync(publisher)


def test_digest_wins_where_it_says_more() -> None:
    paper = Paper("Title", "https://e.org", abstract="Own", tags=("시각", "CS.cv"), comment="Own", authors=("A",))
    completed = KNOWN.complete(paper)
    assert (completed.abstract, completed.comment) == ("Own", "Own")
    assert completed.tags == ("시각", "CS.cv", "cs.LG")
    assert PaperMetadata().complete(paper) == paper


def test_completed_papers_are_found_and_cited(open_files: OpenFiles, store: MetadataStore) -> None:
    store.put({"2401.00001": KNOWN}, NOW)
    publisher = open_files(DAYS)
    for parameters in ({"author": "Müller"}, {"q": "suffices"}, {"tag": "cs.lg"}):
        assert [item.title for item in load(publisher, "search", **parameters).papers] == ["One"]
    assert b"{muller2023one," in render(publisher, "bib", "papers/2401.00001")


@pytest.mark.parametrize("is_known_first", [True, False])
def test_changed_store_changes_just_what_lists_the_paper(
    open_files: OpenFiles, store: MetadataStore, is_known_first: bool
) -> None:
    if is_known_first:
        store.put({"2402.00002": KNOWN}, NOW)
    publisher = open_files(DAYS)
    before = etags(publisher)
    store.put({"2401.00002": replace(KNOWN, authors=("Chae Cho",))}, LATER)
    sync(publisher)
    after = etags(publisher)
    changed = {path for path, etag in after.items() if etag != before.get(path)}
    assert "2024-01-30.rss" in changed
    assert "papers/2401.00002" in changed
    assert [path for path in changed if path.startswith(("2024-02-", "papers/2402.", "papers/2401.00001"))] == []


def test_unchanged_store_reads_no_file(
    open_files: OpenFiles, store: MetadataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put({"2401.00001": KNOWN, "9999.1": KNOWN}, NOW)
    publisher = open_files(DAYS)
    read: list[str] = []
    reader = publisher.archive.reader
    monkeypatch.setattr(type(reader), "read", counting(read, type(reader).read))
    sync(publisher)
    store.put({"9999.1": PaperMetadata(comment="of another archive")}, LATER)
    sync(publisher)
    assert read == []
    store.put({"2401.00001": PaperMetadata(comment="new")}, LATER)
    sync(publisher)
    assert sorted(read) == ["1.md", "2.md"]


def counting(read: list[str], method: Callable[..., object]) -> Callable[..., object]:
    def read_counted(reader: object, source: str, path: object) -> object:
        read.append(str(path))
        return method(reader, source, path)

    return read_counted


def test_last_modified_follows_the_store(open_files: OpenFiles, store: MetadataStore) -> None:
    publisher = open_files(DAYS)
    for name in DAYS:
        os.utime(publisher.archive.root / name, (0, 0))
    sync(publisher)
    store.put({"2401.00002": KNOWN}, NOW)
    sync(publisher)
    with publisher.archive.snapshot() as snapshot:
        times = [
            snapshot.metadata(key).modified for key in map(parse_key, ("2024-01-30", "2024-01", "2024-02-01")) if key
        ]
    assert times == [NOW, NOW, datetime(1970, 1, 1, tzinfo=UTC)]


def test_lost_store_leaves_the_digests_as_they_are(
    folder: Path, environ: dict[str, str], store: MetadataStore, tmp_path: Path
) -> None:
    write_files(folder, DAYS)
    publisher = open_publisher(folder, environ)
    before = etags(publisher)
    store.put({"2401.00001": KNOWN}, NOW)
    sync(publisher)
    assert etags(publisher) != before
    shutil.rmtree(default_store(environ))
    sync(publisher)
    assert etags(publisher) == before
    index = tmp_path / "another.sqlite"
    assert etags(open_publisher(folder, {**environ, "FEEDS_INDEX": str(index)})) == before


def test_index_of_the_same_files_and_store_is_the_same(
    folder: Path, environ: dict[str, str], store: MetadataStore, tmp_path: Path
) -> None:
    write_files(folder, DAYS)
    grown = open_publisher(folder, environ)
    store.put({"2401.00001": KNOWN}, NOW)
    store.put({"2402.00001": KNOWN}, LATER)
    sync(grown)
    fresh = open_publisher(folder, {**environ, "FEEDS_INDEX": str(tmp_path / "another.sqlite")})
    assert etags(fresh) == etags(grown)
    assert fresh.archive.revision == grown.archive.revision
