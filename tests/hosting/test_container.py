"""The container is built from the files that it copies, and runs a server that its health check finds."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from feeds.exporters import registry
from feeds.hosting.configurations import Installation, render
from feeds.site.site import Site
from tests.support.commands import parse_command
from tests.support.digests import ROOT, SEEDS
from tests.support.servers import running

pytestmark = pytest.mark.external

PROGRAMS = Path(sys.executable).parent
SITE = Site(base_url="https://papers.example.org")


def render_container(port: int = 8000, environ: Mapping[str, str] = {}) -> tuple[str, str]:
    files = render("container", SITE, registry.load(), Installation(SEEDS, port, None, environ))
    return files["Containerfile"], files["compose.yaml"]


def instructions(containerfile: str) -> list[tuple[str, str]]:
    """List the instructions with their arguments."""
    joined = re.sub(r"\\\n\s*", "", containerfile)
    return re.findall(r"^([A-Z]+) (.+)$", joined, re.MULTILINE)


def hadolint(containerfile: str) -> list[str]:
    """List what hadolint finds wrong."""
    command: list[str | Path] = [PROGRAMS / "hadolint", "--no-fail", "--format", "json", "-"]
    result = subprocess.run(command, input=containerfile, capture_output=True, text=True, check=True)
    return [f"{message['line']}: {message['code']} {message['message']}" for message in json.loads(result.stdout)]


def test_containerfile_passes_hadolint() -> None:
    containerfile, _ = render_container()
    assert hadolint(containerfile) == []
    messages = hadolint(containerfile.replace("python:3.11-slim", "python").replace("USER 10001", "USER root"))
    assert {"DL3002", "DL3006"} <= {message.split()[1] for message in messages}


def test_container_is_installed_from_the_files_it_copies(tmp_path: Path) -> None:
    containerfile, _ = render_container()
    copies = [arguments.split() for name, arguments in instructions(containerfile) if name == "COPY"]
    for *sources, target in (copy for copy in copies if not copy[0].startswith("--from")):
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, tmp_path / target)
    assert (tmp_path / "requirements.lock").exists()
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", tmp_path / "wheels", tmp_path], check=True)
    assert len([*(tmp_path / "wheels").glob("daily_papers_feeds-*.whl")]) == 1


def test_health_check_finds_the_server_that_runs(tmp_path: Path) -> None:
    port = free_pair()  # the metrics are on the next
    containerfile, _ = render_container(port)
    values = dict(instructions(containerfile))
    entry_point, arguments = json.loads(values["ENTRYPOINT"]), json.loads(values["CMD"])
    assert arguments[:3] == ["serve", "--host", "0.0.0.0"]
    check = json.loads(values["HEALTHCHECK"].partition("CMD ")[2])
    check_health: list[str | Path] = [PROGRAMS / check[0], *check[1:]]
    environ = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "FEEDS_ARCHIVE": str(SEEDS)}
    with running([PROGRAMS / entry_point[0], *arguments], environ, port):
        assert subprocess.run(check_health, check=False).returncode == 0
    assert subprocess.run(check_health, capture_output=True, check=False).returncode == 1


def free_pair() -> int:
    """Find a port that is free together with the next, below those that connections of this machine take."""
    start = 20_000 + os.getpid() % 5_000 * 2
    return next(port for port in range(start, 32_000, 2) if is_free(port) and is_free(port + 1))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.mark.parametrize("environ", [{}, {"FEEDS_TITLE": "100 $ & : #", "FEEDS_CONFIG": "/etc/feeds.toml"}])
def test_compose_file_is_valid(environ: dict[str, str], tmp_path: Path) -> None:
    _, compose = render_container(environ=environ)
    path = tmp_path / "compose.yaml"
    path.write_text(compose, encoding="utf-8")
    command: list[str | Path] = [PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", path]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    service = yaml.safe_load(compose)["services"]["feeds"]
    mounts = {mount["target"]: mount["source"] for mount in service["volumes"]}
    assert (mounts["/archive"], mounts["/cache"]) == (str(SEEDS), "cache")
    if environ:
        assert service["environment"] == {"FEEDS_CONFIG": "/feeds.toml", "FEEDS_TITLE": "100 $$ & : #"}
        assert mounts["/feeds.toml"] == "/etc/feeds.toml"


def test_container_may_write_only_to_its_cache() -> None:
    containerfile, compose = render_container()
    service = yaml.safe_load(compose)["services"]["feeds"]
    assert service["read_only"]
    assert [mount["target"] for mount in service["volumes"] if not mount.get("read_only")] == ["/cache"]
    values = dict(instructions(containerfile))
    assert (values["VOLUME"], values["USER"], values["STOPSIGNAL"]) == ("/cache", "10001", "SIGTERM")


def test_commands_for_the_container_exist() -> None:
    containerfile, compose = render_container()
    values = dict(instructions(containerfile))
    assert parse_command(shlex.join(json.loads(values["ENTRYPOINT"]) + json.loads(values["CMD"])))["port"] == 8000
    runs = re.findall(r"run --rm (feeds \w+)", compose)
    assert [parse_command(command) for command in runs]
