"""`feeds build` writes what the app answers, and again only what has changed."""

import gzip
import html
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import brotli
import pytest
import zstandard
from flask.testing import FlaskClient

from feeds.archive.edition import Edition
from feeds.errors import BuildError
from feeds.exporters.contract import Exporter, Kind, Scope
from feeds.publishing.build import Report
from feeds.publishing.compression import CODINGS
from feeds.publishing.output import SUFFIXES
from feeds.publishing.publisher import Catalog, open_catalog
from feeds.site.site import Site
from tests.support import archives
from tests.support.digests import SEEDS, OpenFiles, day, paper, write_files
from tests.support.sites import Note, built, offering, tree
from web import create_app

pytestmark = pytest.mark.external

UNPACK: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}
ALL_CODINGS = tuple(CODINGS)
BINARY = (".epub", ".jpg", ".png", ".ico")
PACKED = tuple(suffix for suffix in SUFFIXES.values() if suffix)
NO_TOPICS = {"feeds.toml": "[topics]"}
SETTINGS = """
title = "연구실 <논문>"
base_url = "https://example.org/daily"
language = "en"
[topics]
"확산 모델" = "확산|diffusion"
"화제 & more" = "q=LLM&min_votes=1"
"""
ODD = {
    "feeds.toml": SETTINGS,
    "a.md": day(
        "2024-01-30",
        "### [Old](https://arxiv.org/abs/math/0309136)\n\nVote: 3\n\nAuthors: Ann Lee\n\n- 확산 LLM 요약입니다.\n",
        "### [Elsewhere](https://example.org/a/b?c=d&e=f)\n\n- diffusion\n",
    ),
    "b.md": day("2024-02-01"),
    "c.md": day("2024-12-30", paper("Repeated", "2401.1"), paper("New", "2412.2", votes="Vote: 7")),
    "d.md": day("2025-01-02", paper("Repeated", "2401.1"), paper("Last", "2501.3")),
}


def address(name: str) -> str:
    """Say where the app answers with a file of the site."""
    return quote("/" if name == "index.html" else f"/{name.removesuffix('.html')}")


def plain(names: Iterable[str]) -> set[str]:
    return {name for name in names if not name.endswith(PACKED)}


@pytest.fixture(params=["seeds", "odd"])
def archive(request: pytest.FixtureRequest, folder: Path) -> Path:
    """The seeds, or an archive with all that is uncommon."""
    if request.param == "seeds":
        return SEEDS
    write_files(folder, ODD)
    return folder


def test_every_file_is_what_the_app_answers(archive: Path, environ: dict[str, str], tmp_path: Path) -> None:
    catalog, app = open_catalog(archive, environ), create_app(archive, environ).test_client()
    report = built(catalog, tmp_path / "site", ALL_CODINGS)
    files = tree(tmp_path / "site")
    assert (report.errors, report.rendered, report.files) == ((), report.files, len(plain(files)))
    assert [name for name in plain(files) if not is_answered(app, files, name, tmp_path / "site")] == []
    base = catalog.site.base_url
    addresses = {catalog.site.url(publication).removeprefix(base) for publication in catalog}
    assert {address(name) for name in plain(files)} == addresses
    assert [link for link in links(files, base) if link not in addresses] == []


def is_answered(app: FlaskClient, files: Mapping[str, bytes], name: str, site: Path) -> bool:
    """Whether the app answers the same, with the same time, and in every coding what lies beside the file."""
    whole = app.get(address(name))
    modified = int((site / name).stat().st_mtime)
    coded = {coding: app.get(address(name), headers={"Accept-Encoding": coding}) for coding in CODINGS}
    beside = {coding: files[name + SUFFIXES[coding]] for coding in CODINGS if name + SUFFIXES[coding] in files}
    return (
        (whole.status_code, whole.data) == (200, files[name])
        and (whole.last_modified is None or whole.last_modified == datetime.fromtimestamp(modified, UTC))
        and beside == {coding: answer.data for coding, answer in coded.items() if answer.content_encoding == coding}
        and all(UNPACK[coding](body) == files[name] for coding, body in beside.items())
        and all(len(body) < len(files[name]) for body in beside.values())
    )


def links(files: Mapping[str, bytes], base: str) -> set[str]:
    """List the addresses under the site's own that its texts lead to, but for searches."""
    found = re.compile(rf'(?:href|src)="([^"]*)"|({re.escape(base)}[^\s"<>\\]*)')
    texts = {name: files[name].decode() for name in plain(files) if not name.endswith(BINARY)}
    pairs = ((name, html.unescape(one or other)) for name, text in texts.items() for one, other in found.findall(text))
    whole = {urljoin(f"{base}{address(name)}", link) for name, link in pairs}
    ours = {link.removeprefix(base) for link in whole if link == base or link.startswith(f"{base}/")}
    return {urlsplit(link).path or "/" for link in ours if not link.startswith("/search")}


def test_pages_books_and_pictures_are_there_and_only_texts_are_packed(open_files: OpenFiles, tmp_path: Path) -> None:
    built(open_files(ODD), tmp_path / "site", ALL_CODINGS)
    names = tree(tmp_path / "site").keys()
    expected = """index.html latest.rss 2024-W05.epub 2024-02-01.html papers/math/0309136.html papers/math/0309136.bib
    topics/확산-모델.atom opds days/2024.opds2 subscriptions.opml sitemap.xml robots.txt"""
    assert set(expected.split()) <= names
    packed = {name for name in names if name.endswith(PACKED)}
    assert {"index.html.gz", "index.html.br", "latest.rss.zst"} <= packed
    assert not [name for name in packed if re.search(r"\.(epub|jpg|png|ico)\.", name)]
    assert not [name for name in names if name.startswith("search")]


class Watched:
    """An archive with one topic that is built into a site again and again."""

    def __init__(self, root: Path, days: int, topics: str = '[topics]\n"확산" = "확산|diffusion"\n') -> None:
        self.archive, self.site, self.written = root / f"archive{days}", root / f"site{days}", [""]
        self._environ = {"FEEDS_INDEX": str(root / f"index{days}.sqlite"), "HOME": str(root)}
        archives.write(self.archive, days, papers=days)
        write_files(self.archive, {"feeds.toml": topics})

    def build(self, *codings: str) -> Report:
        self.written = []
        return built(self.open(), self.site, codings, self._watch)

    def open(self) -> Catalog:
        return open_catalog(self.archive, self._environ)

    def add_day(self) -> None:
        newest = max(path.relative_to(self.archive).as_posix() for path in self.archive.rglob("*.md"))
        following = datetime.strptime(newest, "%Y/%m/%d.md").replace(tzinfo=UTC).date() + timedelta(days=1)
        self.write_day(following)

    def write_day(self, when: date) -> None:
        write_files(self.archive, {f"{when:%Y/%m/%d}.md": archives.digest(when, 2, 90_000, random.Random(1))})

    def _watch(self, names: Iterable[str], _: int) -> Iterator[str]:
        for name in names:
            self.written.append(name)
            yield name


STANDING = """apple-touch-icon.png e-reader.css favicon.ico favicon.svg opensearch.xml robots.txt script.js style.css
subscriptions-flat.opml subscriptions.opml""".split()


def may_be_the_same(name: str) -> bool:
    """Whether a file may come out as it was: one of the whole site, or a feed of the period before a new one."""
    return name in STANDING or bool(re.fullmatch(r"\d{4}(-W?\d\d(-\d\d)?)?\.(json|atom|rss)", name))


def test_a_new_day_renders_what_it_touches_however_large_the_archive_is(tmp_path: Path) -> None:
    rendered = []
    for days in (20, 50):
        watched = Watched(tmp_path, days)
        watched.build()
        before = tree(watched.site)
        watched.add_day()
        watched.build()
        after = tree(watched.site)
        changed = {name for name, body in after.items() if before.get(name) != body}
        assert len(watched.written) == len(set(watched.written))
        assert changed - set(watched.written) == set()
        assert [name for name in set(watched.written) - changed if not may_be_the_same(name)] == []
        rendered.append(len(watched.written))
    assert built(watched.open(), tmp_path / "fresh").rendered == len(after)
    assert tree(tmp_path / "fresh") == after
    assert rendered[1] - rendered[0] < 30  # a page of days for 30 of them, and what a new week closes
    assert rendered[1] < len(after) / 5


def test_without_a_change_nothing_is_rendered_and_no_file_is_another(tmp_path: Path) -> None:
    watched = Watched(tmp_path, 3)
    first = watched.build()
    before = {path: path.stat() for path in [watched.site, *watched.site.rglob("*")]}
    again = watched.build()
    assert (again, watched.written) == (Report(first.files, 0, 0, ()), [])
    assert {path: path.stat().st_ino for path in before} == {path: found.st_ino for path, found in before.items()}
    assert {path: path.stat().st_mtime_ns for path in before} == {path: it.st_mtime_ns for path, it in before.items()}


def test_what_was_corrected_deleted_or_set_otherwise_is_as_in_a_fresh_site(tmp_path: Path) -> None:
    watched = Watched(tmp_path, 4)
    whole = watched.build("gzip")
    first, second, *_ = sorted(watched.archive.rglob("*.md"))

    first.write_text(first.read_text(encoding="utf-8") + "- 고쳤습니다.\n", encoding="utf-8")
    corrected = watched.build("gzip")
    assert 0 < corrected.rendered < whole.rendered
    assert (corrected.removed, tree(watched.site)) == (0, fresh(watched, tmp_path / "corrected"))

    gone = f"{date(*map(int, second.relative_to(watched.archive).with_suffix('').parts))}.html"
    assert {gone, f"{gone}.gz"} <= tree(watched.site).keys()
    second.unlink()
    deleted = watched.build("gzip")
    assert (deleted.removed > 20, deleted.files) == (True, whole.files - deleted.removed)
    assert {gone, f"{gone}.gz"} & tree(watched.site).keys() == set()
    assert tree(watched.site) == fresh(watched, tmp_path / "deleted")

    write_files(watched.archive, {"feeds.toml": 'title = "Other"\n[topics]\n'})
    renamed = watched.build("gzip")
    assert renamed.rendered == renamed.files
    assert tree(watched.site) == fresh(watched, tmp_path / "renamed")


def fresh(watched: Watched, out: Path) -> dict[str, bytes]:
    built(watched.open(), out, ("gzip",))
    return tree(out)


def test_compressed_files_come_and_go(open_files: OpenFiles, tmp_path: Path) -> None:
    files = {**NO_TOPICS, "a.md": day("2024-01-30", paper(summary="- " + "요약입니다. " * 99))}
    catalog = offering(open_files(files), Note())
    built(catalog, tmp_path / "site")
    bare = tree(tmp_path / "site")
    built(catalog, tmp_path / "site", ALL_CODINGS)
    assert tree(tmp_path / "site").keys() == {name + suffix for name in bare for suffix in ("", *PACKED)}
    (tmp_path / "site/all.txt.br").unlink()
    assert built(catalog, tmp_path / "site", ALL_CODINGS).rendered == 0
    assert (tmp_path / "site/all.txt.br").exists()
    assert built(catalog, tmp_path / "site").rendered == 0
    assert tree(tmp_path / "site") == bare


def test_a_file_that_changes_gets_a_later_time(open_files: OpenFiles, tmp_path: Path) -> None:
    write = {"a.md": day("2024-01-30", paper("One", "2401.1"))}
    built(offering(open_files(write), Note()), tmp_path / "site")
    before = (tmp_path / "site/all.txt").stat().st_mtime_ns
    catalog = open_files({"a.md": day("2024-01-30", paper("Two", "2401.1"))})
    built(offering(catalog, Note()), tmp_path / "site")
    assert (tmp_path / "site/all.txt").stat().st_mtime_ns > before


def test_what_is_rendered_anew_with_the_same_bytes_stays_the_same_file(open_files: OpenFiles, tmp_path: Path) -> None:
    written = {"a.md": day("2024-01-30", paper("One", "2401.1"))}
    built(offering(open_files(written), Note()), tmp_path / "site", ("gzip",))
    before = {path: path.stat() for path in (tmp_path / "site").rglob("*.*")}
    catalog = open_files({"a.md": day("2024-01-30", paper("One", "2401.1", votes="Vote: 3"))})  # not in a note
    assert built(offering(catalog, Note()), tmp_path / "site", ("gzip",)).rendered > 3
    after = {path: path.stat() for path in (tmp_path / "site").rglob("*.*")}
    assert {path: (each.st_ino, each.st_mtime) for path, each in after.items()} == {
        path: (each.st_ino, each.st_mtime) for path, each in before.items()
    }


class Failing(Note):
    """One that cannot render the papers with some titles."""

    def __init__(self, *titles: str) -> None:
        self.titles = titles

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        if edition.key.scope is Scope.PAPER and edition.papers[0].title in self.titles:
            raise ValueError("no such formula")
        return super().render(edition, site)


def test_an_exporter_that_fails_costs_that_document_only(open_files: OpenFiles, tmp_path: Path) -> None:
    site = tmp_path / "site"
    listed = [paper("Good", "2401.1"), paper("Bad", "2401.2")]
    catalog = open_files({**NO_TOPICS, "a.md": day("2024-01-30", *listed)})
    report = built(offering(catalog, Failing("Bad")), site)
    assert report.errors == ("papers/2401.00002.txt: note of plug-in 1.0 failed: ValueError: no such formula",)
    assert (report.rendered, "papers/2401.00002.txt" in tree(site)) == (report.files, False)

    assert built(offering(catalog, Note()), site) == Report(report.files + 1, 1, 0, ())
    before = tree(site)
    changed = [paper("Good", "2401.1", summary="- New"), paper("Bad", "2401.2", summary="- New")]
    catalog = open_files({"a.md": day("2024-01-30", *changed)})
    for _ in range(2):
        report = built(offering(catalog, Failing("Bad")), site)
        assert (len(report.errors), report.removed) == (1, 0)
        assert [name for name, body in tree(site).items() if before[name] == body] == ["papers/2401.00002.txt"]
    assert built(offering(catalog, Note()), site).rendered == 1
    assert b"New" in (site / "papers/2401.00002.txt").read_bytes()


def of(**members: object) -> Exporter:
    exporter: Exporter = type("Other", (Note,), {"name": "other", "suffix": ".other", **members})()
    return exporter


def at(key: str, **members: object) -> Exporter:
    return of(scopes=frozenset({Scope.SITE}), site_keys=(key,), **members)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (of(kind=Kind.PAGE, suffix=""), "2024.html: html and other would both write it"),
        (at("papers", suffix=""), "papers: would be a file, and the folder of papers/2401.00001.html"),
        (at("../away"), "../away.other: no name of a file, but other would write it"),
        (at("/etc/away"), "/etc/away.other: no name of a file, but other would write it"),
        (at("a//b"), "a//b.other: no name of a file, but other would write it"),
    ],
)
def test_names_that_no_folder_can_hold_are_refused(
    open_files: OpenFiles, tmp_path: Path, other: Exporter, said: str
) -> None:
    catalog = open_files({"a.md": day("2024-01-30", paper())})
    html_files = of(name="html", suffix=".html", scopes=frozenset({Scope.YEAR, Scope.PAPER}))
    with pytest.raises(BuildError, match=re.escape(said)):
        built(offering(catalog, html_files, other), tmp_path / "site")
    assert not (tmp_path / "site").exists()
