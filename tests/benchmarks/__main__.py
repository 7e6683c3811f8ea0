"""Prints how fast things are as ratios against a named rival, measured in the same run on the same archive.

The archive is of the size of a real one: 357 days, 5,488 papers. These numbers are noisy: look at ratios, run it twice.
"""

import http.client
import io
import os
import random
import resource
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import nh3
from ebooklib import epub
from markdown_it import MarkdownIt

from feeds.archive.archive import Archive
from feeds.images.picture import EncodedImage
from feeds.images.store import Store
from feeds.model.query import EVERYTHING, Query
from feeds.publishing.publisher import Catalog, open_catalog
from feeds.text import markdown, unicode
from feeds.text.markdown import render_html
from tests.support import archives
from tests.support.servers import FEEDS, Server, free_port, running, serving

_REQUESTS = 3000


def main() -> None:
    """Run every benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "archive")
        archives.write(root, days=357, papers=5488)
        environ = {"FEEDS_INDEX": str(Path(folder, "index.sqlite")), "HOME": folder, "PATH": os.environ["PATH"]}
        summaries, index = _index(root, environ)
        _summaries(summaries)
        _search(index.archive)
        _documents(index)
        _books(index)
        _pictures(Path(folder))
        _http(root, environ, Path(folder))
        _builds(root, environ, Path(folder))
        print(f"largest memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _seconds(work: Callable[[], object]) -> float:
    """Time some work: the best of three."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def _report(what: str, ours: float, rival: str, theirs: float) -> None:
    print(f"{what}: {ours * 1000:,.1f} ms; {rival}: {theirs * 1000:,.1f} ms; {theirs / ours:.1f} times as fast")


def _index(root: Path, environ: dict[str, str]) -> tuple[list[str], Catalog]:
    started = time.perf_counter()
    catalog = open_catalog(root, environ)
    first = time.perf_counter() - started
    again = _seconds(lambda: Archive(root, Path(environ["FEEDS_INDEX"])).refresh())
    _report("index in step, nothing changed", again, "index from nothing", first)
    return [paper.summary for paper in catalog.archive.papers(EVERYTHING)], catalog


def _summaries(summaries: list[str]) -> None:
    ours = _seconds(lambda: [render_html.__wrapped__(summary) for summary in summaries])
    rival = MarkdownIt("commonmark")
    theirs = _seconds(lambda: [nh3.clean(rival.render(summary)) for summary in summaries])
    _report("5,488 summaries to safe HTML", ours, "markdown-it-py and nh3", theirs)


def _search(archive: Archive) -> None:
    texts = [
        unicode.fold(f"{paper.title}\n{markdown.to_plain_text(paper.summary)}") for paper in archive.papers(EVERYTHING)
    ]
    for words in ("강화학습을", "가", "gaussian 확산"):
        query = Query(q=words, limit=50)
        ours = _seconds(partial(archive.papers, query))
        theirs = _seconds(partial(_reading, texts, words.split()))
        _report(f"search {words!r}", ours, "reading every text in memory", theirs)


def _reading(texts: list[str], words: list[str]) -> list[bool]:
    return [all(word in each for word in words) for each in texts]


def _documents(catalog: Catalog) -> None:
    for name in ("json", "rss", "atom", "epub"):
        exporter = catalog.registry.exporter(name)
        publication = catalog.publication(exporter, "latest")
        assert publication
        edition = catalog.cut(publication)
        render = _seconds(lambda: b"".join(exporter.render(edition, catalog.site)))  # noqa: B023  # called at once
        tag = _seconds(partial(catalog.outline, publication))
        _report(f"tag of latest.{name}", tag, "rendering it", render)


def _books(catalog: Catalog) -> None:
    """Compare a month's book with ebooklib writing the same documents in the way that its manual shows."""
    publication = catalog.find("2024-01.epub")
    edition = catalog.cut(publication)
    document = catalog.render(publication, edition)
    with zipfile.ZipFile(io.BytesIO(document)) as parts:
        pages = {name: parts.read(name) for name in parts.namelist() if "/paper-" in name}
    ours = _seconds(lambda: catalog.render(publication, edition))
    _report(
        f"book of {len(edition.papers)} papers", ours, "ebooklib with EpubHtml", _seconds(lambda: _plain_book(pages))
    )
    shelf = catalog.find("months.opds")
    started = time.perf_counter()
    catalog.render(shelf, catalog.cut(shelf))
    first = time.perf_counter() - started
    again = _seconds(lambda: catalog.render(shelf, catalog.cut(shelf)))
    _report("catalogue of months", again, "the first time, when the lengths of its books are found", first)


def _pictures(folder: Path) -> None:
    """Compare what every request asks the store with asking its database."""
    store, url = Store(folder / "images"), "https://example.org/a.png"
    store.store(url, [EncodedImage("image/png", 1, 1, b"")], "", "", datetime(2024, 1, 30, tzinfo=UTC))
    ours = _seconds(lambda: [store.revision for _ in range(1000)])
    _report(
        "1,000 looks at the store", ours, "its database", _seconds(lambda: [store.records([url]) for _ in range(1000)])
    )


def _plain_book(pages: dict[str, bytes]) -> None:
    book = epub.EpubBook()
    book.set_identifier("id")
    book.set_title("title")
    for name, content_ in pages.items():
        page = epub.EpubHtml(uid=name.partition("/")[2], file_name=name.partition("/")[2], title=name)
        page.content = content_
        book.add_item(page)
        book.spine.append(page)
        book.toc.append(page)
    book.add_item(epub.EpubNcx())
    book.add_item(epub.EpubNav())
    epub.write_epub(io.BytesIO(), book)


def _http(root: Path, environ: dict[str, str], folder: Path) -> None:
    with serving(root, environ) as server:
        answer = server.ask("/latest.rss")
        ours = _requests(server, {})
        unchanged = _requests(server, {"If-None-Match": answer.headers["ETag"]})
    (folder / "latest.rss").write_bytes(answer.body)
    port = free_port()
    folder.chmod(0o755)  # nginx reads as another user
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, port=port))
    command: list[str | Path] = ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-g", "daemon off;"]
    with running(command, environ, port) as rival:
        theirs = _requests(rival, {})
        still = _requests(rival, {"If-None-Match": rival.ask("/latest.rss").headers["ETag"]})
    _report(f"{_REQUESTS} GETs of latest.rss, one worker", ours, "nginx with the file", theirs)
    _report(f"{_REQUESTS} GETs answered 304, one worker", unchanged, "nginx with the file", still)


def _builds(root: Path, environ: dict[str, str], folder: Path) -> None:
    """Compare writing the whole site with copying it, and what the next builds take with the first."""
    out = folder / "site"

    def once(*command: str | Path) -> float:
        started = time.perf_counter()
        subprocess.run(command, env=environ, check=True, stderr=subprocess.DEVNULL)
        return time.perf_counter() - started

    build = (FEEDS, "build", out, "--archive", root)
    first = once(*build)
    files = sum(len(names) for _, _, names in os.walk(out))
    _report(f"build of {files:,} files", first, "cp -r of them", once("cp", "-r", out, folder / "copy"))
    _report("build with nothing new", once(*build), "the first build", first)
    (root / "new.md").write_text(archives.digest(date(2030, 1, 1), 15, 9_000, random.Random(1)), encoding="utf-8")
    _report("build after a new day", once(*build), "the first build", first)


_NGINX = """
worker_processes 1;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


def _requests(server: Server, headers: dict[str, str]) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    started = time.perf_counter()
    for _ in range(_REQUESTS):
        connection.request("GET", "/latest.rss", headers=headers)
        connection.getresponse().read()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
