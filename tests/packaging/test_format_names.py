"""No code outside the exporters depends on a particular format.

Literals are compared, so a name that is put together at run time escapes.
"""

import ast
from collections.abc import Iterator
from functools import cache

from feeds.exporters import registry
from tests.support.digests import ROOT

SHARED_MODULES = ("feeds.exporters.contract.", "feeds.exporters.registry.")
# Literals that look like a name or suffix and are something else.
ALLOWED = {
    ("feeds/fingerprint.py", "README.md"),  # a file of ours
    ("feeds/http/errors.py", "feeds.exporters.html"),  # the page of an error, which no key has
    ("feeds/http/errors.py", "feeds.exporters.html.render_error_page"),
    ("feeds/http/logs.py", "json"),  # a form of log lines
    ("feeds/plugins.py", "*-info/entry_points.txt"),  # a file of installers
    ("feeds/publishing/compression.py", "json"),  # the end of media types that compress well
    ("feeds/publishing/output.py", ".json"),  # a file of ours
    ("feeds/publishing/static.py", "feeds.exporters.html"),  # the folder of the static files
    ("feeds/site/i18n.py", "full"),  # a width of dates in Babel
}


@cache
def names() -> frozenset[str]:
    return frozenset(item.name for item in registry.load())


@cache
def suffixes() -> tuple[str, ...]:
    return tuple(item.suffix for item in registry.load() if item.suffix)


def sources() -> Iterator[tuple[str, str]]:
    for path in [ROOT / "web.py", *sorted((ROOT / "feeds").rglob("*.py"))]:
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(("feeds/exporters/", "feeds/readers/")):  # readers name the files that they read
            yield name, path.read_text(encoding="utf-8")


def named_formats(source: str) -> Iterator[str]:
    """List the literals and imports of a module that name a format; docstrings do not count."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            if node.value in names() or node.value.endswith(suffixes()) or is_format_module(node.value):
                yield node.value
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if is_format_module(alias.name))
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            yield from (module for module in modules if is_format_module(module))


def is_format_module(name: str) -> bool:
    return name.startswith("feeds.exporters.") and not f"{name}.".startswith(SHARED_MODULES)


def test_no_format_is_named_outside_the_exporters() -> None:
    named = {(name, literal) for name, source in sources() for literal in named_formats(source)}
    assert named == ALLOWED


def test_every_way_to_name_a_format_is_noticed() -> None:
    for line in (
        'BOOK = "epub"',
        'if item.name == "epub": pass',
        '{"epub": True}.get(name)',
        'path = f"{key}.epub"',
        'path = "latest.epub"',
        "from feeds.exporters.epub import EpubExporter",
        "from feeds.exporters import epub",
        "import feeds.exporters.epub",
        'importlib.import_module("feeds.exporters.epub")',
    ):
        assert list(named_formats(line)), line
    assert not list(named_formats('"""Writes epub."""\nfrom feeds.exporters import registry\nkind = Kind.BOOK'))
