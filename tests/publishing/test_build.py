"""`feeds build` writes what the app answers, and a second build only what has changed."""

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

from feeds.errors import BuildError
from feeds.exporters.contract import Exporter, Kind, RenderContext, Resource
from feeds.model.edition import Edition
from feeds.model.keys import Scope
from feeds.publishing.build import Report
from feeds.publishing.compression import COMPRESSORS
from feeds.publishing.manifest import SUFFIXES
from feeds.publishing.plan import file_name
from feeds.publishing.publisher import Publisher, open_publisher
from feeds.publishing.static import static_files
from feeds.site.i18n import LANGUAGES
from tests.support import archives
from tests.support.digests import SEEDS, OpenFiles, day, paper, write_files
from tests.support.sites import TextExporter, build_site, read_files, with_formats
from web import create_app

pytestmark = pytest.mark.external

DECOMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}
ALL_COMPRESSIONS = tuple(COMPRESSORS)
BINARY = (".epub", ".jpg", ".png", ".ico")
VARIANTS = tuple(suffix for suffix in SUFFIXES.values() if suffix)
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


def url_path(name: str) -> str:
    """Return the path at which the app serves a file of the site."""
    is_whole = name.endswith(".full.html")  # otherwise servers add the suffix
    return quote("/" if name == "index.html" else f"/{name if is_whole else name.removesuffix('.html')}")


def uncompressed(names: Iterable[str]) -> set[str]:
    return {name for name in names if not name.endswith(VARIANTS)}


@pytest.fixture(params=["seeds", "odd"])
def archive(request: pytest.FixtureRequest, folder: Path) -> Path:
    """The seeds, or an archive of unusual days and papers."""
    if request.param == "seeds":
        return SEEDS
    write_files(folder, ODD)
    return folder


def test_files_are_what_the_app_answers(archive: Path, environ: dict[str, str], tmp_path: Path) -> None:
    environ["FEEDS_INTERFACE"] = "ko"  # otherwise the app's pages also link to those in other languages
    publisher, app = open_publisher(archive, environ), create_app(archive, environ).test_client()
    report = build_site(publisher, tmp_path / "site", ALL_COMPRESSIONS)
    files = read_files(tmp_path / "site")
    assert (report.errors, report.rendered, report.files) == ((), report.files, len(uncompressed(files)))
    assert [name for name in uncompressed(files) if not is_response_of(app, files, name, tmp_path / "site")] == []
    base = publisher.site.base_url
    paths = {f"/{representation.path}" for representation in publisher.all_representations()}
    assert {url_path(name) for name in uncompressed(files)} == paths
    assert [link for link in internal_links(files, base) if link not in paths] == []


def test_built_pages_lack_only_links_to_other_languages(archive: Path, environ: dict[str, str], tmp_path: Path) -> None:
    publisher, app = open_publisher(archive, environ), create_app(archive, environ).test_client()
    build_site(publisher, tmp_path / "site")
    pages = {name: body for name, body in read_files(tmp_path / "site").items() if name.endswith(".html")}
    language_links = re.compile(rb"^.*hreflang=.*\n", re.MULTILINE)
    assert [name for name, body in pages.items() if language_links.search(body)] == []
    answers = {name: app.get(url_path(name)).data for name in pages}
    assert {name: language_links.sub(b"", body) for name, body in answers.items()} == pages
    links = {name: len(language_links.findall(body)) for name, body in answers.items()}
    assert links["index.html"] == links["latest.html"] == len(LANGUAGES) + 1


def is_response_of(app: FlaskClient, files: Mapping[str, bytes], name: str, site: Path) -> bool:
    """Compare a file with the app's response: content, time, and the compressed variants beside the file."""
    response = app.get(url_path(name))
    modified = int((site / name).stat().st_mtime)
    compressed = {coding: app.get(url_path(name), headers={"Accept-Encoding": coding}) for coding in COMPRESSORS}
    variants = {coding: files[name + SUFFIXES[coding]] for coding in COMPRESSORS if name + SUFFIXES[coding] in files}
    return (
        (response.status_code, response.data) == (200, files[name])
        and (response.last_modified is None or response.last_modified == datetime.fromtimestamp(modified, UTC))
        and variants
        == {coding: answer.data for coding, answer in compressed.items() if answer.content_encoding == coding}
        and all(DECOMPRESSORS[coding](body) == files[name] for coding, body in variants.items())
        and all(len(body) < len(files[name]) for body in variants.values())
    )


def internal_links(files: Mapping[str, bytes], base: str) -> set[str]:
    """List the paths under the base URL that texts of the site link to, except searches."""
    link_pattern = re.compile(rf'(?:href|src)="([^"]*)"|({re.escape(base)}[^\s"<>\\]*)')
    texts = {name: files[name].decode() for name in uncompressed(files) if not name.endswith(BINARY)}
    urls = {
        urljoin(f"{base}{url_path(name)}", html.unescape(attribute or text))
        for name, document in texts.items()
        for attribute, text in link_pattern.findall(document)
    }
    links = {url.removeprefix(base) for url in urls if url == base or url.startswith(f"{base}/")}
    return {urlsplit(link).path or "/" for link in links if not link.startswith("/search")}


def test_all_formats_are_written_and_texts_compressed(open_files: OpenFiles, tmp_path: Path) -> None:
    build_site(open_files(ODD), tmp_path / "site", ALL_COMPRESSIONS)
    names = read_files(tmp_path / "site").keys()
    expected = """index.html latest.rss 2024-W05.epub 2024-02-01.html papers/math/0309136.html papers/math/0309136.bib
    topics/확산-모델.atom opds days/2024.opds2 subscriptions.opml sitemap.xml robots.txt"""
    assert set(expected.split()) <= names
    compressed = {name for name in names if name.endswith(VARIANTS)}
    assert {"index.html.gz", "index.html.br", "latest.rss.zst"} <= compressed
    assert not [name for name in compressed if re.search(r"\.(epub|jpg|png|ico)\.", name)]
    assert not [name for name in names if name.startswith("search")]


class GrowingSite:
    """A site with one topic that is built again and again; `rendered` are the files of the last build."""

    def __init__(self, root: Path, days: int, topics: str = '[topics]\n"확산" = "확산|diffusion"\n') -> None:
        self.archive, self.out = root / f"archive{days}", root / f"site{days}"
        self.rendered: list[str] = []
        self._environ = {"FEEDS_INDEX": str(root / f"index{days}.sqlite"), "HOME": str(root)}
        archives.write(self.archive, days, papers=days)
        write_files(self.archive, {"feeds.toml": topics})

    def build(self, *compressions: str) -> Report:
        self.rendered = []
        return build_site(self.open(), self.out, compressions, self._record)

    def build_anew(self, out: Path, *compressions: str) -> dict[str, bytes]:
        """Build the same archive into another folder and return its files."""
        build_site(self.open(), out, compressions)
        return read_files(out)

    def open(self) -> Publisher:
        return open_publisher(self.archive, self._environ)

    def add_day(self) -> None:
        newest = max(path.relative_to(self.archive).as_posix() for path in self.archive.rglob("*.md"))
        following = datetime.strptime(newest, "%Y/%m/%d.md").replace(tzinfo=UTC).date() + timedelta(days=1)
        self.write_day(following)

    def write_day(self, when: date) -> None:
        write_files(self.archive, {f"{when:%Y/%m/%d}.md": archives.digest(when, 2, 90_000, random.Random(1))})

    def _record(self, names: Iterable[str], _: int) -> Iterator[str]:
        for name in names:
            self.rendered.append(name)
            yield name


CONSTANT = "opensearch.xml robots.txt subscriptions-flat.opml subscriptions.opml".split()
CONSTANT += "today.html week.html month.html year.html".split()


def may_stay_the_same(name: str) -> bool:
    """Return True for files of the whole site and feeds of the period before a new one, rendered in vain at times."""
    return name in CONSTANT or bool(re.fullmatch(r"\d{4}(-W?\d\d(-\d\d)?)?\.(json|atom|rss)", name))


def test_new_day_renders_what_it_affects_in_any_archive(tmp_path: Path) -> None:
    rendered = []
    for days in (20, 50):
        site = GrowingSite(tmp_path, days)
        site.build()
        before = read_files(site.out)
        site.add_day()
        site.build()
        after = read_files(site.out)
        changed = {name for name, body in after.items() if before.get(name) != body}
        assert len(site.rendered) == len(set(site.rendered))
        assert changed - set(site.rendered) == set()
        assert [name for name in set(site.rendered) - changed if not may_stay_the_same(name)] == []
        rendered.append(len(site.rendered))
    assert build_site(site.open(), tmp_path / "fresh").rendered == len(after)
    assert read_files(tmp_path / "fresh") == after
    assert rendered[1] - rendered[0] < 30  # a list page per 30 days, and the week that the new day closes
    assert rendered[1] < len(after) / 5


def test_unchanged_archive_renders_and_replaces_nothing(tmp_path: Path) -> None:
    site = GrowingSite(tmp_path, 3)
    first = site.build()
    before = {path: path.stat() for path in [site.out, *site.out.rglob("*")]}
    second = site.build()
    assert (second, site.rendered) == (Report(first.files, 0, 0, ()), [])
    after = {path: path.stat() for path in before}
    assert {path: (status.st_ino, status.st_mtime_ns) for path, status in after.items()} == {
        path: (status.st_ino, status.st_mtime_ns) for path, status in before.items()
    }


def test_corrections_deletions_and_settings_equal_a_fresh_site(tmp_path: Path) -> None:
    site = GrowingSite(tmp_path, 4)
    whole = site.build("gzip")
    first, second, *_ = sorted(site.archive.rglob("*.md"))

    first.write_text(first.read_text(encoding="utf-8") + "- 고쳤습니다.\n", encoding="utf-8")
    corrected = site.build("gzip")
    assert 0 < corrected.rendered < whole.rendered
    assert (corrected.removed, read_files(site.out)) == (0, site.build_anew(tmp_path / "corrected", "gzip"))

    page = f"{date(*map(int, second.relative_to(site.archive).with_suffix('').parts))}.html"
    assert {page, f"{page}.gz"} <= read_files(site.out).keys()
    second.unlink()
    deleted = site.build("gzip")
    assert (deleted.removed > 5, deleted.files) == (True, whole.files - deleted.removed)
    assert {page, f"{page}.gz"} & read_files(site.out).keys() == set()
    assert read_files(site.out) == site.build_anew(tmp_path / "deleted", "gzip")

    write_files(site.archive, {"feeds.toml": 'title = "Other"\n[topics]\n'})
    renamed = site.build("gzip")
    assert set(site.rendered) == {
        file_name(document)
        for document in site.open().all_representations()
        if isinstance(document.resource, Resource) and document.resource.format.settings & {"title", "topics"}
    }
    assert whole.files / 2 < renamed.rendered < renamed.files
    assert read_files(site.out) == site.build_anew(tmp_path / "renamed", "gzip")


def test_compressed_variants_are_added_and_removed(open_files: OpenFiles, tmp_path: Path) -> None:
    files = {**NO_TOPICS, "a.md": day("2024-01-30", paper(summary="- " + "요약입니다. " * 99))}
    publisher = with_formats(open_files(files), TextExporter())
    build_site(publisher, tmp_path / "site")
    plain = read_files(tmp_path / "site")
    build_site(publisher, tmp_path / "site", ALL_COMPRESSIONS)
    texts = {name for name in read_files(tmp_path / "site") if ".txt" in name}
    assert texts == {name + suffix for name in plain if name.endswith(".txt") for suffix in ("", *VARIANTS)}
    (tmp_path / "site/all.txt.br").unlink()
    assert build_site(publisher, tmp_path / "site", ALL_COMPRESSIONS).rendered == 0
    assert (tmp_path / "site/all.txt.br").exists()
    assert build_site(publisher, tmp_path / "site").rendered == 0
    assert read_files(tmp_path / "site") == plain


def test_changed_file_gets_a_later_mtime(open_files: OpenFiles, tmp_path: Path) -> None:
    publisher = open_files({"a.md": day("2024-01-30", paper("One", "2401.1"))})
    build_site(with_formats(publisher, TextExporter()), tmp_path / "site")
    before = (tmp_path / "site/all.txt").stat().st_mtime_ns
    publisher = open_files({"a.md": day("2024-01-30", paper("Two", "2401.1"))})
    build_site(with_formats(publisher, TextExporter()), tmp_path / "site")
    assert (tmp_path / "site/all.txt").stat().st_mtime_ns > before


def test_same_bytes_under_a_new_etag_keep_the_file(open_files: OpenFiles, tmp_path: Path) -> None:
    publisher = open_files({"a.md": day("2024-01-30", paper("One", "2401.1"))})
    build_site(with_formats(publisher, TextExporter()), tmp_path / "site", ("gzip",))
    before = {path: path.stat() for path in (tmp_path / "site").rglob("*.*")}
    publisher = open_files({"a.md": day("2024-01-30", paper("One", "2401.1", votes="Vote: 3"))})  # not in the text
    assert build_site(with_formats(publisher, TextExporter()), tmp_path / "site", ("gzip",)).rendered > 3
    after = {path: path.stat() for path in (tmp_path / "site").rglob("*.*")}
    assert {path: (status.st_ino, status.st_mtime) for path, status in after.items()} == {
        path: (status.st_ino, status.st_mtime) for path, status in before.items()
    }


class FailingExporter(TextExporter):
    """Fails for papers with some titles."""

    def __init__(self, *titles: str) -> None:
        self.titles = titles

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:
        if edition.key.scope is Scope.PAPER and edition.papers[0].title in self.titles:
            raise ValueError("no such formula")
        return super().render(edition, context)


def test_failing_exporter_costs_only_its_document(open_files: OpenFiles, tmp_path: Path) -> None:
    site, file = tmp_path / "site", "papers/2401.00002.txt"
    listed = [paper("Good", "2401.1"), paper("Bad", "2401.2")]
    publisher = open_files({**NO_TOPICS, "a.md": day("2024-01-30", *listed)})
    report = build_site(with_formats(publisher, FailingExporter("Bad")), site)
    (error,) = report.errors
    assert error.startswith(f"{file}: the exporter text of plug-in 1.0 failed at tests/publishing/test_build.py:")
    assert error.endswith(": ValueError: no such formula; the log has the traceback")
    assert (report.rendered, file in read_files(site)) == (report.files, False)

    assert build_site(with_formats(publisher, TextExporter()), site) == Report(report.files + 1, 1, 0, ())
    before = read_files(site)
    changed = [paper("Good", "2401.1", summary="- New"), paper("Bad", "2401.2", summary="- New")]
    publisher = open_files({"a.md": day("2024-01-30", *changed)})
    for _ in range(2):
        report = build_site(with_formats(publisher, FailingExporter("Bad")), site)
        assert (len(report.errors), report.removed) == (1, 0)
        unchanged = {name for name, body in read_files(site).items() if before[name] == body}
        assert unchanged == {file} | static_files().keys()
    assert build_site(with_formats(publisher, TextExporter()), site).rendered == 1
    assert b"New" in (site / file).read_bytes()


def exporter(**attributes: object) -> Exporter:
    result: Exporter = type("OtherExporter", (TextExporter,), {"name": "other", "suffix": ".other", **attributes})()
    return result


def site_exporter(path: str, **attributes: object) -> Exporter:
    return exporter(scopes=frozenset({Scope.SITE}), site_paths=(path,), **attributes)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            exporter(kind=Kind.PAGE, suffix=""),
            "2024.html: both the exporter html and the exporter other would write it",
        ),
        (site_exporter("style", suffix=".css"), "style.css: both a static file and the exporter other would write it"),
        (
            site_exporter("papers", suffix=""),
            "papers: would be both a file and the folder of papers/2401.00001.html",
        ),
        (site_exporter("../away"), "../away.other: not a usable path, but the exporter other would write it"),
        (site_exporter("/etc/away"), "/etc/away.other: not a usable path, but the exporter other would write it"),
        (site_exporter("a//b"), "a//b.other: not a usable path, but the exporter other would write it"),
    ],
)
def test_unusable_file_names_are_refused(open_files: OpenFiles, tmp_path: Path, other: Exporter, message: str) -> None:
    publisher = open_files({"a.md": day("2024-01-30", paper())})
    html_files = exporter(name="html", suffix=".html", scopes=frozenset({Scope.YEAR, Scope.PAPER}))
    with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
        build_site(with_formats(publisher, html_files, other), tmp_path / "site")
    assert not (tmp_path / "site").exists()
