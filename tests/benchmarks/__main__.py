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
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import nh3
from ebooklib import epub
from markdown_it import MarkdownIt

from feeds.archive.archive import Archive
from feeds.exporters.contract import Resource
from feeds.images.picture import EncodedImage
from feeds.images.store import Store
from feeds.model.edition import Edition
from feeds.model.keys import LATEST, SEARCH, Key, SearchKey
from feeds.model.paper import Paper
from feeds.model.query import Query
from feeds.publishing.publisher import Publisher, open_publisher
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
        publisher = _index(root, environ)
        papers = _load(publisher, SEARCH).papers
        _summaries([paper.summary for paper in papers])
        _search(publisher, papers)
        _documents(publisher)
        _books(publisher)
        _pictures(Path(folder))
        _http(root, environ, Path(folder))
        _builds(root, environ, Path(folder))
        print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


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


def _index(root: Path, environ: dict[str, str]) -> Publisher:
    started = time.perf_counter()
    publisher = open_publisher(root, environ)
    first = time.perf_counter() - started
    again = _seconds(lambda: Archive(root, Path(environ["FEEDS_INDEX"])).sync())
    _report("sync of an unchanged archive", again, "index from nothing", first)
    return publisher


def _load(publisher: Publisher, key: Key) -> Edition:
    with publisher.archive.snapshot() as snapshot:
        return snapshot.load(key)


def _summaries(summaries: list[str]) -> None:
    ours = _seconds(lambda: [render_html.__wrapped__(summary) for summary in summaries])
    rival = MarkdownIt("commonmark")
    theirs = _seconds(lambda: [nh3.clean(rival.render(summary)) for summary in summaries])
    _report("5,488 summaries to safe HTML", ours, "markdown-it-py and nh3", theirs)


def _search(publisher: Publisher, papers: Sequence[Paper]) -> None:
    texts = [unicode.fold(f"{paper.title}\n{markdown.to_plain_text(paper.summary)}") for paper in papers]
    for words in ("강화학습을", "가", "gaussian 확산"):
        ours = _seconds(partial(_load, publisher, SearchKey(Query(q=words, limit=50))))
        theirs = _seconds(partial(_scan, texts, words.split()))
        _report(f"search {words!r}, facets included", ours, "scanning every text in memory", theirs)


def _scan(texts: list[str], words: list[str]) -> list[bool]:
    return [all(word in text for word in words) for text in texts]


def _documents(publisher: Publisher) -> None:
    edition = _load(publisher, LATEST)
    for name in ("json", "rss", "atom", "epub"):
        resource = Resource(LATEST, publisher.formats[name])
        representation = publisher.representation(resource)
        render = _seconds(partial(publisher.render_edition, representation, edition))
        describe = _seconds(lambda: _with_empty_cache(publisher).representation(resource))  # noqa: B023  # at once
        _report(f"ETag of latest.{name}", describe, "rendering it", render)


def _with_empty_cache(publisher: Publisher) -> Publisher:
    """Return the same publisher with an empty cache of representations."""
    return Publisher(publisher.archive, publisher.formats, publisher.site, publisher.store)


def _books(publisher: Publisher) -> None:
    """Compare a month's book with ebooklib writing the same documents in the way that its manual shows."""
    resource = publisher.find("2024-01.epub")
    assert isinstance(resource, Resource)
    representation = publisher.representation(resource)
    edition = _load(publisher, resource.key)
    document = publisher.render(representation).body
    with zipfile.ZipFile(io.BytesIO(document)) as parts:
        pages = {name: parts.read(name) for name in parts.namelist() if "/paper-" in name}
    ours = _seconds(partial(publisher.render_edition, representation, edition))
    theirs = _seconds(lambda: _plain_book(pages))
    _report(f"book of {len(edition.papers)} papers", ours, "ebooklib with EpubHtml", theirs)


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
