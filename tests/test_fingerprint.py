"""Fingerprints of the code that results were made with."""

import subprocess
import sys
from pathlib import Path


def test_versions_are_those_of_the_installed_package(tmp_path: Path) -> None:
    metadata = tmp_path / "daily_papers_feeds.egg-info"  # a checkout may hold one of an older version
    metadata.mkdir()
    (metadata / "PKG-INFO").write_text("Name: daily-papers-feeds\nVersion: 0.1.0\nRequires-Dist: flask\n")
    command = [sys.executable, "-c", "from feeds.fingerprint import dependency_versions as d; print(d())"]
    here, elsewhere = (
        subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True).stdout
        for folder in (tmp_path, "/")
    )
    assert here == elsewhere
    assert "pillow" in here.lower()
