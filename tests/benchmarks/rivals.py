"""The programs to compare with, and what they make of the same papers.

Each output is checked to hold all papers before it is timed.
"""

import json
import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from bibtexparser.entrypoint import parse_file

from tests.benchmarks.measure import Command, Cost, run
from tests.benchmarks.workspace import Workspace

# A feed of everything and a page a paper, as in `all.rss` and `papers/*.html`.
_HUGO = {
    "hugo.toml": """
baseURL = "http://127.0.0.1:8000/"
title = "Daily Papers"
disableKinds = ["taxonomy", "term", "sitemap", "404"]
[outputs]
home = ["HTML", "RSS"]
section = []
page = ["HTML"]
""",
    "layouts/_default/single.html": """<!doctype html><html lang="ko"><head><title>{{ .Title }}</title></head>
<body><h1><a href="{{ .Params.paper }}">{{ .Title }}</a></h1><p>{{ delimit .Params.authors ", " }}</p>
<img src="{{ .Params.image }}" alt="">{{ .Content }}</body></html>""",
    "layouts/index.html": """<!doctype html><html lang="ko"><body>
{{ range first 100 .Site.RegularPages }}<a href="{{ .RelPermalink }}">{{ .Title }}</a>{{ end }}</body></html>""",
    "layouts/_default/rss.xml": """{{ printf `<?xml version="1.0" encoding="utf-8"?>` | safeHTML }}
<rss version="2.0"><channel><title>{{ .Site.Title }}</title><link>{{ .Permalink }}</link>
{{ range .Site.RegularPages }}<item><title>{{ .Title }}</title><link>{{ .Params.paper }}</link>
<guid>{{ .Permalink }}</guid><pubDate>{{ .Date.Format "Mon, 02 Jan 2006 15:04:05 -0700" }}</pubDate>
<description>{{ .Content | html }}</description></item>{{ end }}</channel></rss>""",
}
_BIBTEX = """
import json, sys
from bibtexparser import Library, write_string
from bibtexparser.model import Entry, Field
with open(sys.argv[1]) as file:
    entries = [Entry(kind, key, [Field(*field) for field in fields]) for kind, key, fields in json.load(file)]
with open(sys.argv[2], "w") as file:
    file.write(write_string(Library(entries)))
"""
_NGINX = """
worker_processes 1;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    gzip_static on;
    types {{ application/rss+xml rss; }}
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


class Hugo:
    """A Hugo site with a feed of everything and a page a paper."""

    def __init__(self, workspace: Workspace) -> None:
        self._environ = workspace.fresh()
        self._source = workspace.folder / "hugo"
        for name, text in _HUGO.items():
            _write(self._source / name, text)
        for number, entry in enumerate(workspace.entries()):
            paper = entry.paper
            matter = {
                "title": paper.title,
                "date": entry.day.isoformat(),
                "authors": paper.authors,
                "image": paper.image or "",
                "paper": paper.url,
            }
            text = f"{json.dumps(matter, ensure_ascii=False)}\n\n{paper.summary}\n"
            _write(self._source / f"content/papers/{number}.md", text)
        self.build()
        pages = [path.read_bytes() for path in (self._source / "public/papers").glob("*/index.html")]
        workspace.require_all_papers((self._source / "public/index.xml").read_bytes())
        workspace.require_all_papers(*pages)

    def build(self) -> Cost:
        """Build it from nothing."""
        shutil.rmtree(self._source / "public", ignore_errors=True)
        return run(["hugo", "--quiet", "--source", self._source], self._environ)


class Pandoc:
    """A book that pandoc makes of some of the day files, with a chapter a paper as ours.

    The lines of pictures and videos are left out of its input, because it would fetch them. Our book has none either:
    the store is empty.
    """

    def __init__(self, workspace: Workspace, files: list[Path]) -> None:
        self._workspace = workspace
        self._files = files
        self._environ = workspace.fresh()
        self._source = Path(self._environ["HOME"], "input.md")
        self._book = self._source.with_name("book.epub")
        texts = [path.read_text(encoding="utf-8") for path in files]
        lines = [line for text in texts for line in text.splitlines() if not line.startswith(("![](", "<div><video"))]
        _write(self._source, "\n".join(lines))

    def write(self) -> Cost:
        """Write it, and check it."""
        options = ["--from=markdown", "--epub-chapter-level=3", "--metadata=title:Papers", "--metadata=lang:en"]
        cost = run(["pandoc", *options, "-o", self._book, self._source], self._environ)
        self._workspace.require_all_papers(*read_book(self._book), files=self._files)
        return cost


class Bibtexparser:
    """bibtexparser writing the entries of a BibTeX file of ours, whose values are escaped already."""

    def __init__(self, workspace: Workspace, ours: Path) -> None:
        self._environ = workspace.fresh()
        home = Path(self._environ["HOME"])
        self._source, self.out = home / "entries.json", home / "all.bib"
        library = parse_file(str(ours))
        entries = [
            (entry.entry_type, entry.key, [(field.key, field.value) for field in entry.fields])
            for entry in library.entries
        ]
        _write(self._source, json.dumps(entries))
        self.write()
        workspace.require_all_papers(self.out.read_bytes())

    def write(self) -> Cost:
        """Write them."""
        return run([sys.executable, "-c", _BIBTEX, self._source, self.out], self._environ)


def nginx(folder: Path, port: int, files: dict[str, bytes]) -> Command:
    """Return the command that serves files with one worker of nginx, and compressed ones where there are any."""
    folder.mkdir()
    for name, body in files.items():
        (folder / name).write_bytes(body)
    for path in (folder, *folder.parents[:2]):
        path.chmod(0o755)  # nginx reads as another user
    _write(folder / "nginx.conf", _NGINX.format(folder=folder, port=port))
    return ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-g", "daemon off;"]


def read_book(path: Path) -> Sequence[bytes]:
    """Read the files of an EPUB book."""
    with zipfile.ZipFile(path) as book:
        return [book.read(name) for name in book.namelist()]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
