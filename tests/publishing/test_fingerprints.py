"""What changes when our own code does: as few ETags as can be, and the index only where it reads digests."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.digests import ROOT, SEEDS

DESCRIBE = """
import json, sys
from pathlib import Path
from feeds.archive.index import index_version
from feeds.publishing.publisher import open_publisher
publisher = open_publisher(Path(sys.argv[1]), {"FEEDS_INDEX": sys.argv[2], "HOME": "/nonexistent"})
etags = {representation.path: representation.etag for representation in publisher.all_representations()}
print(json.dumps({"index": index_version(Path("/a")), "etags": etags}))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the package, so that it can be changed."""
    root = tmp_path_factory.mktemp("changed")
    shutil.copytree(ROOT / "feeds", root / "feeds", ignore=shutil.ignore_patterns("__pycache__"))
    return root


def describe(package: Path) -> tuple[str, dict[str, str]]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", DESCRIBE, str(SEEDS), str(package / "index.sqlite")]
    output = json.loads(subprocess.run(command, env=environ, cwd=package, capture_output=True, check=True).stdout)
    return output["index"], output["etags"]


@pytest.mark.external
@pytest.mark.parametrize(
    ("file", "suffixes", "is_reindexed"),
    [
        ("exporters/html/static/style.css", ("style.css",), False),
        ("exporters/epub/templates/book.css", (".epub", ".cover.jpg", ".thumbnail.jpg"), False),
        ("exporters/citations/bibtex.py", (".bib", ".ris", ".csl.json"), False),
        ("publishing/build.py", (), False),
        ("readers/daily_papers/__init__.py", (), True),
    ],
)
def test_comment_in_a_file_changes_few_etags(
    package: Path, file: str, suffixes: tuple[str, ...], is_reindexed: bool
) -> None:
    index, etags = describe(package)
    with (package / "feeds" / file).open("a") as changed:
        changed.write("\n/* a comment */\n" if file.endswith(".css") else "\n# a comment\n")
    new_index, new_etags = describe(package)
    assert {path for path in etags if etags[path] != new_etags[path]} == {
        path for path in etags if suffixes and path.endswith(suffixes)
    }
    assert (new_index != index) == is_reindexed
