"""What is installed: the dependencies, their locks, and the wheel."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from itertools import chain
from pathlib import Path

import feedparser
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.digests import ROOT, SEEDS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUN_TIME = [*map(Requirement, chain(PROJECT["project"]["dependencies"], PROJECT["dependency-groups"]["build"]))]
EXTRAS = [*map(Requirement, chain.from_iterable(PROJECT["project"]["optional-dependencies"].values()))]
LOCKS = [ROOT / name for name in ("requirements.lock", "requirements-test.lock", "requirements-soak.lock")]
RUN_TIME_LOCK = LOCKS[0]


def pins(*locks: Path) -> list[Requirement]:
    """List what locks pin; a package has several pins where its version depends on Python's."""
    texts = [lock.read_text(encoding="utf-8") for lock in locks]
    return [Requirement(pin) for text in texts for pin in re.findall(r"^(\S+==.*?) *\\$", text, re.MULTILINE)]


def names(requirements: Sequence[Requirement]) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in requirements}


@pytest.mark.parametrize("requirement", [*RUN_TIME, *EXTRAS], ids=str)
def test_dependency_has_a_lower_bound_that_its_pins_meet(requirement: Requirement) -> None:
    assert [specifier.operator for specifier in requirement.specifier] == [">="]
    versions = [pin.specifier for pin in pins(*LOCKS) if names([pin]) == names([requirement])]
    assert versions, "not locked; run `make lock`"
    for (exact,) in versions:
        assert requirement.specifier.contains(exact.version), "run `make lock`"


def test_build_requirements_are_locked() -> None:
    assert PROJECT["build-system"]["requires"] == PROJECT["dependency-groups"]["build"]


def test_fewer_than_40_packages_are_installed_to_run() -> None:
    installed = [pin for pin in pins(RUN_TIME_LOCK) if pin.marker is None or pin.marker.evaluate()]
    assert len(RUN_TIME) < len(names(installed)) < 40


def test_locks_share_no_package() -> None:
    locked = [name for lock in LOCKS for name in names(pins(lock))]
    assert len(locked) == len(set(locked))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_lock_pins_hashes_and_names_no_registry(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    hashed = re.findall(r"^\S+==.* \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", text, re.MULTILINE)
    assert len(hashed) == len(pins(lock)) == len(re.findall(r"^[^ #\n]", text, re.MULTILINE))
    assert "://" not in text


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE", "web.py"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "feeds", source / "feeds", ignore=shutil.ignore_patterns("__pycache__"))
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(source / "dist"), str(source))
    (path,) = (source / "dist").iterdir()
    return path


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of a new environment, with the wheel and the packages of the run-time lock."""
    root = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root], check=True)
    (site_packages,) = root.glob("lib/python*/site-packages")
    for pin in pins(RUN_TIME_LOCK):
        link_package(pin, site_packages)
    pip("--python", str(root / "bin/python"), "install", str(wheel))
    return root / "bin"


def pip(*arguments: str) -> None:
    environ = os.environ | {"PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1", "PIP_QUIET": "1"}
    subprocess.run([sys.executable, "-m", "pip", *arguments], env=environ, check=True)


def link_package(pin: Requirement, site_packages: Path) -> None:
    try:
        package = distribution(pin.name)
    except PackageNotFoundError:
        assert pin.marker, pin  # of another system
        assert not pin.marker.evaluate(), pin
        return
    for name in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
        (site_packages / name).symlink_to(str(package.locate_file(name)))


def feeds(environment: Path, *command: str, folder: Path) -> bytes:
    """Run one of the programs in a folder away from the sources."""
    environ = {"FEEDS_ARCHIVE": str(SEEDS), "FEEDS_INDEX": str(folder / "index"), "HOME": str(folder)}
    program, *arguments = command
    process = subprocess.run(
        [environment / program, *arguments], env=environ, cwd=folder, capture_output=True, check=False
    )
    assert process.returncode == 0, process.stderr.decode()
    return process.stdout


@pytest.mark.external
def test_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / "feeds").rglob("*") if path.is_file()}
    with zipfile.ZipFile(wheel) as opened:
        packed = {name for name in opened.namelist() if ".dist-info/" not in name}
    assert packed == {name for name in expected if "__pycache__" not in name} | {"web.py"}
    assert "feeds/py.typed" in packed


@pytest.mark.external
def test_wheel_runs_with_the_run_time_packages_alone(environment: Path, tmp_path: Path) -> None:
    assert b"export" in feeds(environment, "feeds", "--help", folder=tmp_path)
    assert b"export" in feeds(environment, "python", "-m", "feeds", "--help", folder=tmp_path)
    feed = feeds(environment, "feeds", "export", "rss", "all", folder=tmp_path)
    assert len(feedparser.parse(feed).entries) == 24
    program = "import web; print(web.create_app().test_client().get('/', headers={'Accept-Language': 'ko'}).text)"
    assert "구독" in feeds(environment, "python", "-c", program, folder=tmp_path).decode()
