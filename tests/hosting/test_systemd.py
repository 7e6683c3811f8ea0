"""The units are accepted by systemd, confined, and run commands that exist."""

import re
import subprocess
from pathlib import Path

import pytest

from feeds.exporters import registry
from feeds.hosting.configurations import Installation, render
from feeds.site.site import Site
from tests.support.commands import parse_command
from tests.support.digests import SEEDS

pytestmark = pytest.mark.external

FORMATS = registry.load()
SITE = Site(base_url="https://papers.example.org")
INSTALLATION = Installation(SEEDS, 8000, Path("/srv/papers/site"), {})
JOBS = ["feeds-build", "feeds-images", "feeds-publish@", "feeds-send@"]
SERVICES = [f"{name}.service" for name in ("feeds", *JOBS)]


def write_units(folder: Path, site: Site = SITE, installation: Installation = INSTALLATION) -> dict[str, str]:
    units = render("systemd", site, FORMATS, installation)
    folder.mkdir(exist_ok=True)
    for name, text in units.items():
        (folder / name).write_text(text, encoding="utf-8")
    return units


def verify(folder: Path) -> str:
    """Return what systemd finds wrong with the units in a folder."""
    command: list[str | Path] = ["systemd-analyze", "verify", "--man=no", *sorted(folder.iterdir())]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0 or result.stderr
    return result.stderr


def test_units_are_accepted_by_systemd(tmp_path: Path) -> None:
    units = write_units(tmp_path / "units")
    assert sorted(units) == sorted([*SERVICES, *(f"{name}.timer" for name in JOBS)])
    assert verify(tmp_path / "units") == ""


def test_no_unit_builds_without_a_folder_for_the_site(tmp_path: Path) -> None:
    units = write_units(tmp_path / "units", installation=INSTALLATION._replace(site_folder=None))
    assert not {"feeds-build.service", "feeds-build.timer"} & units.keys()
    assert verify(tmp_path / "units") == ""


FAULTS = {
    "Restart=always": ("Restart=allways", "Failed to parse service restart specifier"),
    "OnCalendar=hourly": ("OnCalendar=hurly", "Failed to parse calendar specification"),
    "MemoryMax=4G": ("MemoryMax=4X", "Invalid memory limit"),
    "ProtectSystem=strict": ("ProtectSystems=strict", "'ProtectSystems' in section"),
    " images ": ("s images ", "is not executable"),
}


def test_systemd_finds_faults(tmp_path: Path) -> None:
    for name, text in write_units(tmp_path).items():
        for right, (wrong, _) in FAULTS.items():
            text = text.replace(right, wrong)
        (tmp_path / name).write_text(text, encoding="utf-8")
    messages = verify(tmp_path)
    assert [expected for _, expected in FAULTS.values() if expected not in messages] == []


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_confined(name: str, tmp_path: Path) -> None:
    write_units(tmp_path)
    options = ["--offline=true", "--no-pager", "--threshold=20"]  # of 100, as of fully exposed
    command: list[str | Path] = ["systemd-analyze", "security", *options, tmp_path / name]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_services_run_commands_that_exist(tmp_path: Path) -> None:
    archive = tmp_path / "50% of $HOME"
    archive.mkdir()
    units = write_units(tmp_path / "units", installation=INSTALLATION._replace(archive=archive))
    commands = {}
    for name in SERVICES:
        (line,) = re.findall(r"^ExecStart=(.+)$", units[name], re.MULTILINE)
        instance = "s3://papers" if "publish" in name else "a@example.org"
        commands[name] = parse_command(line.replace("$$", "$").replace("%%", "%").replace("%I", instance))
        assert commands[name]["archive"] == archive
    assert commands["feeds.service"]["port"] == 8000
    assert commands["feeds-build.service"]["out"] == Path("/srv/papers/site")
    assert commands["feeds-publish@.service"]["url"] == "s3://papers"
    assert commands["feeds-send@.service"]["address"] == "a@example.org"
    assert verify(tmp_path / "units") == ""


def test_services_get_the_settings_of_the_environment(tmp_path: Path) -> None:
    environ = {
        "FEEDS_TITLE": 'The "best" 100 % \\ $HOME',
        "FEEDS_CONFIG": "feeds.toml",
        "FEEDS_SMTP_PASSWORD": "secret",
        "FEEDS_INDEX": "/tmp/index",
        "PATH": "/bin",
    }
    units = write_units(tmp_path / "units", installation=INSTALLATION._replace(environ=environ))
    for name in SERVICES:
        assert re.findall(r"^Environment=(.*)$", units[name], re.MULTILINE) == [
            "XDG_CACHE_HOME=%C",
            f'"FEEDS_CONFIG={Path.cwd()}/feeds.toml"',
            '"FEEDS_TITLE=The \\"best\\" 100 %% \\\\ $HOME"',
        ]
    assert verify(tmp_path / "units") == ""


def test_server_reaches_only_this_machine_without_a_hub(tmp_path: Path) -> None:
    hub = Site(base_url=SITE.base_url, hub="https://hub.example.org")
    assert "IPAddressDeny=any" in write_units(tmp_path)["feeds.service"]
    assert "IPAddressDeny=any" not in write_units(tmp_path, hub)["feeds.service"]
