"""Runs nginx and Caddy with the configurations that `feeds hosting` renders."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from feeds.exporters.registry import Registry
from feeds.hosting.configurations import Installation, render
from feeds.publishing.publisher import Publisher
from feeds.site.site import Site
from tests.support.digests import SEEDS
from tests.support.servers import Answer, Server, free_port, running

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx is not installed"
CADDY = Path(sys.executable).with_name("caddy")
NO_APP = 9  # the port of `discard`, on which nothing listens
# The rest of Debian's configuration, with other files. Only root may change the user. Tests name their clients.
_NGINX_CONF = """
user root;
pid nginx.pid;
events {}
http {
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
    gzip on;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Client;
    include feeds.conf;
}
"""
_VARYING = {"Date", "Server", "Connection", "Keep-Alive", "Via", "X-Request-Id"}
_RATES = ("rate=20r/s", "rate=2r/s")


class BuiltSite(NamedTuple):
    """A built site, and what it was built from."""

    out: Path
    environ: dict[str, str]
    publisher: Publisher


def render_file(name: str, base_url: str, formats: Registry, app_port: int = NO_APP, out: Path | None = None) -> str:
    """Render a configuration of one file."""
    (text,) = render(name, Site(base_url=base_url), formats, Installation(SEEDS, app_port, out, {})).values()
    return text


@contextmanager
def run_nginx(
    folder: Path,
    formats: Registry,
    out: Path | None = None,
    *,
    app_port: int = NO_APP,
    base_path: str = "",
    rate: str = "60000r/s",
) -> Iterator[Server]:
    """Run nginx in front of an app, or of the files of a built site; each client has that rate of requests."""
    port = free_port()
    configuration = render_file("nginx", f"http://127.0.0.1:{port}{base_path}", formats, app_port, out)
    for usual_rate in _RATES:
        configuration = replace_once(configuration, usual_rate, f"rate={rate}")
    with running([NGINX, *write_nginx(folder, configuration)], {}, port) as server:
        yield server


def write_nginx(folder: Path, configuration: str) -> list[str | Path]:
    """Write the files of an nginx, and return its options."""
    folder.mkdir(exist_ok=True)
    (folder / "feeds.conf").write_text(configuration, encoding="utf-8")
    (folder / "nginx.conf").write_text(_NGINX_CONF, encoding="utf-8")
    return ["-p", folder, "-c", folder / "nginx.conf", "-e", "error.log", "-g", "daemon off;"]


@contextmanager
def run_caddy(
    folder: Path, formats: Registry, out: Path | None = None, *, app_port: int = NO_APP, base_path: str = ""
) -> Iterator[Server]:
    """Run Caddy in front of an app, or of the files of a built site."""
    port = free_port()
    configuration = render_file("caddy", f"http://127.0.0.1:{port}{base_path}", formats, app_port, out)
    folder.mkdir(exist_ok=True)
    path = folder / "Caddyfile"
    path.write_text(replace_once(configuration, "\n{\n", "\n{\n\tadmin off\n\tpersist_config off\n"), encoding="utf-8")
    command: list[str | Path] = [CADDY, "run", "--adapter", "caddyfile", "--config", path]
    with running(command, {"HOME": str(folder)}, port) as server:
        yield server


def replace_once(text: str, old: str, new: str) -> str:
    """Replace a part of a text that occurs once."""
    assert text.count(old) == 1, old
    return text.replace(old, new)


def comparable(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return an answer without the headers that each server sets for itself."""
    headers = sorted((name.title(), value) for name, value in answer.headers.items() if name.title() not in _VARYING)
    return answer.status, headers, answer.body
