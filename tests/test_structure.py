"""The rooms of the project: what each module may import."""

import ast
from pathlib import Path

from feeds.exporters import registry
from tests.support.digests import ROOT

# A module imports only what stands above it.
ORDER = [
    "errors",
    "text",
    "uri",
    "model",
    "problems",
    "fields",
    "sections",
    "digest",
    "formula",
    "markdown",
    "content",
    "mark",
    "citation",
    "query",
    "folder",
    "database",
    "index",
    "archive",
    "picture",
    "images",
]
ORDER += [
    "key",
    "facet",
    "shelf",
    "edition",
    "format",
    "wording",
    "site",
    "schema",
    "settings",
    "exporter",
    "encoding",
    "exporters",
    "registry",
    "catalog",
    "convert",
    "addresses",
    "network",
    "fetch",
    "mail",
    "delivery",
    "plan",
    "rendering",
    "output",
    "build",
    "bucket",
    "publish",
    "websub",
    "replies",
    "server",
    "terminal",
    "cli",
]


def imports(path: Path) -> set[str]:
    """List the modules that a file imports, `feeds.x` as such."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "feeds":
            names = {alias.name for alias in node.names}
            found |= {f"feeds.{name}" for name in names if (ROOT / "feeds" / f"{name}.py").exists()}
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{path}: a relative import"
            found.add(node.module)
    return found


def room(path: Path) -> str:
    return "exporters" if path.parent.name == "exporters" else path.stem


def test_a_module_imports_only_what_stands_above_it() -> None:
    modules = [path for path in (ROOT / "feeds").rglob("*.py") if path != ROOT / "feeds/__init__.py"]
    assert {room(path) for path in modules} == set(ORDER)
    for path in modules:
        own = ORDER.index(room(path))
        for name in imports(path):
            if name.startswith("feeds."):
                used = name.split(".")[1]
                assert ORDER.index(used) < own or room(path) == used == "exporters", f"{path} imports {name}"


def test_only_the_app_imports_flask_and_only_exporters_the_makers_of_documents() -> None:
    for path in (ROOT / "feeds").rglob("*.py"):
        roots = {name.split(".")[0] for name in imports(path)}
        assert not roots & {"flask", "werkzeug", "web"}, path
        assert room(path) == "exporters" or not roots & {"feedgen", "ebooklib", "lxml", "jinja2"}, path
        assert room(path) in ("cli", "terminal") or not roots & {"click", "tqdm"}, path
        assert room(path) == "server" or "granian" not in roots, path


# The command, and what talks to servers.
TALKING = {"cli", "server", "terminal", "websub", "addresses", "network", "fetch", "mail", "bucket"}
# The folder must know how old a file is, the archive how long its looks take, the database how long to wait.
CLOCKS = {"folder", "archive", "database"}


def test_no_clock_chance_environment_or_network_below_the_commands() -> None:
    for path in (ROOT / "feeds").rglob("*.py"):
        if room(path) in TALKING:
            continue
        used = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert not used & {"now", "today", "utcnow", "environ", "getenv", "urlopen"}, path
        assert not imports(path) & {"random", "secrets", "urllib.request", "socket", "http.client"}, path
        assert "time" not in imports(path) or room(path) in CLOCKS, path


def test_no_format_is_named_outside_its_exporter_and_the_registry() -> None:
    names = {exporter.name for exporter in registry.load().exporters} | {"xml", "opds"}
    for path in [ROOT / "web.py", *(ROOT / "feeds").glob("*.py")]:
        if room(path) in ("registry", "markdown", "content", "formula", "encoding"):  # some speak HTML and MathML
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare):
                compared = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
                assert not any(str(value).strip(".") in names for value in compared), f"{path}:{node.lineno}"
