"""The `feeds` command."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from feeds import __version__
from feeds.archive.archive import Archive, default_index
from feeds.cli.terminal import bar, end_at_second_interrupt
from feeds.errors import BuildError, ExportError, FeedsError, MailError, PublishError, StoreError, UnknownEditionError
from feeds.exporters import registry
from feeds.exporters.contract import Exporter
from feeds.exporters.format import Kind, site_keys
from feeds.http import server
from feeds.images import fetch
from feeds.images.client import ALLOW_PRIVATE, PUBLIC_ONLY, Client
from feeds.model.diagnostic import Severity
from feeds.model.key import EXAMPLES, Scope
from feeds.model.query import HELP, READERS
from feeds.publishing import bucket, build, mail, publish
from feeds.publishing import compression as encoding
from feeds.publishing import pool as rendering
from feeds.publishing.publisher import Catalog, open_catalog
from feeds.site import settings
from feeds.site.site import Publication, Site

_ARCHIVE = click.Path(path_type=Path)
_DEFAULT_ARCHIVE = "seeds"


def main() -> None:
    """Run the command; an error that was raised on purpose is one line on stderr."""
    try:
        commands()
    except FeedsError as error:
        click.echo(f"feeds: {error}", err=True)
        sys.exit(1 if isinstance(error, BuildError | ExportError | MailError | PublishError | StoreError) else 2)


class _Formats(click.ParamType[str]):
    """A registered format; the registry is loaded only when a command needs it."""

    name = "format"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002  # click's contract
        return f"[{'|'.join(registry.load().names())}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        names = registry.load().names()
        if value not in names:
            self.fail(f"{value!r} is none of {', '.join(names)}", param, ctx)
        return value


def _search_options(command: Callable[..., None]) -> Callable[..., None]:
    for name in reversed(list(READERS)):
        command = click.option(f"--{name.replace('_', '-')}", name, metavar="VALUE", help=HELP[name])(command)
    return command


_processes = click.option(
    "--processes",
    type=click.IntRange(1, 256),
    default=rendering.cores,
    show_default="all cores",
    help="To render with.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="feeds")
def commands() -> None:
    """Turn a folder of daily paper digests into feeds, books and reading lists."""


@commands.command()
@click.argument("archive", type=_ARCHIVE, envvar="FEEDS_ARCHIVE", default=_DEFAULT_ARCHIVE)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen at.")
@click.option("--workers", type=click.IntRange(1, 64), default=min(4, os.cpu_count() or 1), show_default=True)
def serve(archive: Path, host: str, port: int, workers: int) -> None:
    """Serve an archive over HTTP."""
    catalog = _open(archive)
    server.require_free(host, port)
    if catalog.site.base_url == Site().base_url:
        name = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  # compared, not bound
        os.environ["FEEDS_BASE_URL"] = f"http://{f'[{name}]' if ':' in name else name}:{port}"
    os.environ["FEEDS_ARCHIVE"] = str(archive.resolve())
    click.echo(f"Serving {archive} at {os.environ.get('FEEDS_BASE_URL', catalog.site.base_url)}/  (Ctrl+C stops)")
    catalog.archive.close()  # SQLite's connections do not survive a fork
    server.serve("web:create_app", host, port, workers)


@commands.command()
@click.argument("format_name", metavar="FORMAT", type=_Formats())
@click.argument("key", required=False)
@click.option("--archive", type=_ARCHIVE, envvar="FEEDS_ARCHIVE", default=_DEFAULT_ARCHIVE, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
@_search_options
def export(format_name: str, key: str | None, archive: Path, output: Path | None, **parameters: str | None) -> None:
    """Write one edition in one format.

    KEY is latest, all, a day (2024-01-30), a week (2024-W05), a month, a year, daily, weekly, monthly, search,
    papers/NUMBER or, of a catalogue, newest, days, weeks, months or years. Without one it is search where options ask
    for something, else latest.
    """
    catalog = _open(archive)
    exporter = catalog.registry.exporter(format_name)
    asked = [(name, value) for name, value in parameters.items() if value is not None]
    publication = _publication(catalog, exporter, key, asked)
    document = catalog.render(publication, catalog.cut(publication))
    if output:
        _write(output, document)
        return
    if sys.stdout.isatty() and b"\0" in document:
        raise click.UsageError(f"{format_name} is not for a terminal: give -o FILE")
    sys.stdout.buffer.write(document)


@commands.command(name="build")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--archive", type=_ARCHIVE, envvar="FEEDS_ARCHIVE", default=_DEFAULT_ARCHIVE, show_default=True)
@click.option("--precompress", is_flag=True, help="Also write .gz, .br and .zst beside what gets smaller.")
@_processes
def build_site(out: Path, archive: Path, precompress: bool, processes: int) -> None:
    """Write the whole site into the folder OUT, for any static host; again, only what has changed.

    Until all is there OUT is as it was; `.OUT.feeds` beside it is what the next build goes on from. Searches are left
    out, for no static host can answer them.
    """
    catalog = _open(archive)
    codings = tuple(encoding.CODINGS) if precompress else ()
    report = build.build(catalog, out, codings, processes, bar("building", "file"))
    for error in report.errors:
        click.echo(f"feeds: {error}", err=True)
    counts = f"files {report.files}, rendered {report.rendered}, removed {report.removed}, failed {len(report.errors)}"
    click.echo(f"{out}: {counts}", err=True)
    sys.exit(1 if report.errors else 0)


@commands.command(name="publish")
@click.argument("url")
@click.option("--archive", type=_ARCHIVE, envvar="FEEDS_ARCHIVE", default=_DEFAULT_ARCHIVE, show_default=True)
@click.option("--dry-run", is_flag=True, help="Say what would be sent and removed, and do nothing.")
@click.option("--again", is_flag=True, help="Send everything, whatever the store is said to hold.")
@click.option("--plain", is_flag=True, help="Send texts as they are, not gzipped.")
@_processes
def publish_site(url: str, archive: Path, dry_run: bool, again: bool, plain: bool, processes: int) -> None:
    """Send the whole site to URL (s3://, gs://, az://, file:// or memory://), of it only what has changed.

    Keys and addresses of the store are taken from the environment, as in AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL.
    """
    target = bucket.Bucket(bucket.open_store(url), url, is_coded=not plain)
    catalog = _open(archive)
    end_at_second_interrupt()
    if dry_run:
        report = publish.plan_only(catalog, target, again)
        for doing, names in (("send", report.sent), ("remove", report.removed)):
            for name in names:
                click.echo(f"{doing} {name}")
    else:
        report = publish.publish(catalog, target, again, processes, bar("publishing", "object"))
    for error in report.errors:
        click.echo(f"feeds: {error}", err=True)
    counts = {"objects": report.objects, "sent": len(report.sent), "removed": len(report.removed)}
    counts["failed"] = len(report.errors)
    would = " would be" if dry_run else ""
    click.echo(f"{url}{would}: {', '.join(f'{name} {count}' for name, count in counts.items())}", err=True)
    sys.exit(1 if report.errors else 0)


@commands.command()
@click.argument("archive", type=_ARCHIVE, envvar="FEEDS_ARCHIVE", default=_DEFAULT_ARCHIVE)
@click.option("--again", is_flag=True, help="Also ask for what failed a short while ago.")
def images(archive: Path, again: bool) -> None:
    """Fetch the papers' pictures into the store, for books; what is there is not fetched again."""
    catalog = _open(archive)
    policy = ALLOW_PRIVATE if settings.load(archive, os.environ).private_images else PUBLIC_ONLY
    report = fetch.fetch(
        catalog.store,
        catalog.archive.images(),
        Client(policy),
        force=again,
        progress=bar("fetching", "picture"),
    )
    for url, reason in report.failed:
        click.echo(f"{url}: {reason}", err=True)
    counts = {name: len(getattr(report, name)) for name in ("fetched", "unchanged", "failed", "waiting")}
    click.echo(f"pictures: {', '.join(f'{name} {count}' for name, count in counts.items())}", err=True)


@commands.command()
@click.argument("address")
@click.argument("key", required=False)
@click.option("--archive", type=_ARCHIVE, envvar="FEEDS_ARCHIVE", default=_DEFAULT_ARCHIVE, show_default=True)
@click.option("--again", is_flag=True, help="Send it even if it was sent to this address before.")
@_search_options
def send(address: str, key: str | None, archive: Path, again: bool, **parameters: str | None) -> None:
    """Mail a book to ADDRESS, a Kindle for one: the newest day, or what KEY or options ask for.

    A day that was sent to an address before is not sent to it again, nor a wider book until it has other papers: this
    may run every hour.
    """
    catalog = _open(archive)
    recipient = mail.read_address(address)
    server = settings.load(archive, os.environ).mail
    mail.require(server)
    asked = [(name, value) for name, value in parameters.items() if value is not None]
    newest = [day.date.isoformat() for day in catalog.archive.days() if day.papers][-1:]
    key = key or (None if asked else next(iter(newest), "latest"))
    book = _publication(catalog, _book_format(catalog), key, asked)
    edition = catalog.cut(book)
    index = default_index(archive, os.environ)
    sent = mail.Sent(index.with_name(f"{index.name}.sent"))
    if not edition.papers:
        click.echo(f"{book.path}: no paper to send", err=True)
    elif sent.has(recipient, book, edition) and not again:
        click.echo(f"{book.file_name} was sent to {recipient} before; --again sends it again", err=True)
    else:
        title = catalog.site.full_name(edition)
        mail.send(server, mail.message(server, recipient, title, book, catalog.render(book, edition)))
        sent.note(recipient, book, edition)
        click.echo(f"sent {book.file_name} to {recipient}", err=True)


@commands.command()
@click.argument("archive", type=_ARCHIVE, envvar="FEEDS_ARCHIVE", default=_DEFAULT_ARCHIVE)
def check(archive: Path) -> None:
    """Report what could not be read in the settings and the day files; exit with 1 where something is lost."""
    _, wrong = settings.look(archive, os.environ)
    for place, said in wrong:
        click.echo(f"{place}: {Severity.ERROR.value}: {said}")
    opened = Archive(archive, default_index(archive, os.environ), bar("indexing", "file"))
    opened.refresh()
    problems = opened.problems()
    for path, line, message, severity in problems:
        click.echo(f"{archive / path}:{line}: {severity.value}: {message}")
    days = opened.days()
    errors = len(wrong) + sum(problem.severity is Severity.ERROR for problem in problems)
    papers = sum(day.papers for day in days)
    warnings = len(problems) + len(wrong) - errors
    said = f"days: {len(days)}, papers: {papers}, errors: {errors}, warnings: {warnings}"
    click.echo(said, err=True)
    sys.exit(1 if errors else 0)


@commands.command()
@click.argument("archive", type=_ARCHIVE, envvar="FEEDS_ARCHIVE", default=_DEFAULT_ARCHIVE)
def init(archive: Path) -> None:
    """Write a settings file into the archive's folder, in which every setting stands with its default."""
    path = archive / "feeds.toml"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(settings.example())
    except FileExistsError as error:
        raise click.UsageError(f"{path} is there already") from error
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from error
    click.echo(f"wrote {path}", err=True)


@commands.command()
def formats() -> None:
    """List the registered exporters."""
    rows = [
        (each.exporter.name, _addresses(each.exporter), each.exporter.kind, each.exporter.media_type, each.origin)
        for each in registry.load()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _addresses(exporter: Exporter) -> str:
    keys = [*site_keys(exporter), *(["KEY"] if len(exporter.scopes) > 1 else [])]
    return " ".join(f"/{key}{exporter.suffix}" for key in keys)


def _open(archive: Path) -> Catalog:
    return open_catalog(archive, os.environ, bar("indexing", "file"))


def _book_format(catalog: Catalog) -> Exporter:
    """Find the format of books: the first that is downloaded."""
    return next(exporter for exporter in catalog.registry.exporters if exporter.kind is Kind.FILE)


def _offered(exporter: Exporter) -> str:
    """Give an example of a key for each scope of an exporter."""
    return ", ".join([*site_keys(exporter), *(EXAMPLES[scope] for scope in sorted(exporter.scopes - {Scope.SITE}))])


def _publication(
    catalog: Catalog, exporter: Exporter, key: str | None, parameters: list[tuple[str, str]]
) -> Publication:
    text = key or ("search" if parameters else next(iter(site_keys(exporter)), "latest"))
    if parameters and text != "search":
        raise click.UsageError(f"--{parameters[0][0].replace('_', '-')} goes with the key search, not {text}")
    publication = catalog.publication(exporter, text, parameters)
    if publication is None:
        raise UnknownEditionError(f"{text}: no edition that {exporter.name} offers: {_offered(exporter)}")
    return publication


def _write(path: Path, document: bytes) -> None:
    """Write a file whole or not at all; into a device or a pipe, straight."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.write_bytes(document)
            return
        try:
            part.write_bytes(document)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from error
