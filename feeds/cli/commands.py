"""The subcommands of `feeds`. Their choices come from the registries."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from feeds import __version__
from feeds.archive.archive import Archive, default_index
from feeds.cli.terminal import describe_error, exit_on_second_interrupt, progress_bar
from feeds.errors import BuildError, ExportError, FeedsError, MailError, PublishError, StoreError, UnknownEditionError
from feeds.exporters import registry
from feeds.exporters.contract import Format, Kind, RenderContext, Resource
from feeds.files import atomic_write
from feeds.http import server
from feeds.images.client import ALLOW_PRIVATE, PUBLIC_ONLY, Client
from feeds.images.fetch import fetch_images
from feeds.model.diagnostic import Severity
from feeds.model.keys import EXAMPLES, Scope, key_hint, parse_key
from feeds.model.query import PARAMETERS
from feeds.publishing import mail
from feeds.publishing.bucket import Bucket, open_store
from feeds.publishing.build import build
from feeds.publishing.compression import COMPRESSORS
from feeds.publishing.pool import available_cores
from feeds.publishing.publish import publish
from feeds.publishing.publisher import Publisher, last_published_day, open_publisher
from feeds.site import settings
from feeds.site.site import Site

_DEFAULT_ARCHIVE = "seeds"
_PROBLEMS = (BuildError, ExportError, MailError, PublishError, StoreError)  # exit code 1; other errors are wrong usage


def main() -> None:
    """Run the command line; an expected error is one line on stderr, `feeds: WHERE: what is wrong; what to do`."""
    try:
        sys.exit(commands(prog_name="feeds", standalone_mode=False))
    except FeedsError as error:
        _fail(str(error), 1 if isinstance(error, _PROBLEMS) else 2)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _fail(describe_error(error), error.exit_code)
    except click.Abort:
        _fail("stopped", 1)


def _fail(message: str, exit_code: int) -> NoReturn:
    click.echo(f"feeds: {message}", err=True)
    sys.exit(exit_code)


class _FormatName(click.ParamType[str]):
    """The name of a registered format; the registry is loaded only when a command needs it."""

    name = "format"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002  # click's signature
        """Return the choices for the usage line."""
        return f"[{'|'.join(registry.load().names())}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Check a name."""
        names = registry.load().names()
        if value not in names and parse_key(value):
            self.fail(f"{value!r} is a key; write the format before it: feeds export FORMAT {value}", param, ctx)
        if value not in names:
            self.fail(f"there is no format {value!r}; choose one of {', '.join(names)}", param, ctx)
        return value


_archive_type = click.Path(path_type=Path)
_archive_argument = click.argument("archive", type=_archive_type, envvar="FEEDS_ARCHIVE", default=_DEFAULT_ARCHIVE)
_archive_option = click.option(
    "--archive",
    type=_archive_type,
    envvar="FEEDS_ARCHIVE",
    default=_DEFAULT_ARCHIVE,
    show_default="$FEEDS_ARCHIVE or seeds",
    help="Folder of the archive.",
)
_processes_option = click.option(
    "--processes",
    type=click.IntRange(1, 256),
    default=available_cores,
    show_default="all cores",
    help="Number of processes that render.",
)


def _search_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, parameter in reversed(list(PARAMETERS.items())):
        option = click.option(f"--{name.replace('_', '-')}", name, metavar="VALUE", help=parameter.help)
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="feeds")
def commands() -> None:
    """Turn a folder of daily paper digests into feeds, books and reading lists.

    ARCHIVE is that folder; by default $FEEDS_ARCHIVE, or else "seeds".
    """


@commands.command()
@_archive_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=min(4, os.cpu_count() or 1),
    show_default=True,
    help="Number of worker processes.",
)
def serve(archive: Path, host: str, port: int, workers: int) -> None:
    """Serve ARCHIVE over HTTP."""
    publisher = _open(archive)
    _report_missing_days(publisher)
    server.require_free(host, port)
    if publisher.site.base_url == Site().base_url:
        name = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  # compared, not bound
        os.environ["FEEDS_BASE_URL"] = f"http://{f'[{name}]' if ':' in name else name}:{port}"
    os.environ["FEEDS_ARCHIVE"] = str(archive.resolve())
    base_url = os.environ.get("FEEDS_BASE_URL", publisher.site.base_url)
    click.echo(f"Serving {archive} at {base_url}/ (press Ctrl+C to stop)")
    publisher.archive.close()  # SQLite connections must not be used after a fork
    server.serve("web:create_app", host, port, workers)


@commands.command()
@click.argument("format_name", metavar="FORMAT", type=_FormatName())
@click.argument("key", required=False)
@_archive_option
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default stdout.")
@_search_options
def export(format_name: str, key: str | None, archive: Path, output: Path | None, **parameters: str | None) -> None:
    """Write one edition in one format.

    KEY is latest, all, a day (2024-01-30), a week (2024-W05), a month (2024-01), a year (2024), daily, weekly, monthly,
    search, papers/NUMBER or, for catalogs, newest, days, weeks, months or years. The default is search if a search
    option is given, otherwise latest.
    """
    publisher = _open(archive)
    _report_missing_days(publisher)
    resource = _find_resource(publisher, publisher.formats[format_name], key, _given(parameters))
    document = publisher.render(publisher.representation(resource)).body
    if output:
        _write(output, document)
        return
    if sys.stdout.isatty() and b"\0" in document:
        raise FeedsError(f"{resource.path}: is binary, and stdout is a terminal; add -o {resource.file_name}")
    sys.stdout.buffer.write(document)


@commands.command(name="build")
@click.argument("out", type=click.Path(path_type=Path))
@_archive_option
@click.option("--precompress", is_flag=True, help="Also write .gz, .br and .zst variants of files that get smaller.")
@_processes_option
def build_site(out: Path, archive: Path, precompress: bool, processes: int) -> None:
    """Write the whole site into the folder OUT.

    Any static host can serve it. A later build renders only what has changed. OUT shows the old site until the new one
    is complete; the folder .OUT.feeds beside it keeps what the next build needs. Searches are not included, since a
    static host cannot answer them.
    """
    publisher = _open(archive)
    compressions = tuple(COMPRESSORS) if precompress else ()
    report = build(publisher, out, compressions, processes, progress_bar("building", "file"))
    _report_missing_days(publisher)
    counts = {"files": report.files, "rendered": report.rendered, "removed": report.removed}
    _finish(str(out), counts, report.errors)


@commands.command(name="publish")
@click.argument("url")
@_archive_option
@click.option("--dry-run", is_flag=True, help="Only say what would be sent and removed.")
@click.option(
    "--force",
    is_flag=True,
    help="Send everything, whatever the store is recorded to hold, and remove more than a fifth of it if need be.",
)
@click.option("--plain", is_flag=True, help="Send text uncompressed instead of gzipped.")
@_processes_option
def publish_site(url: str, archive: Path, dry_run: bool, force: bool, plain: bool, processes: int) -> None:
    """Upload the whole site to URL.

    URL starts with s3://, gs://, az://, file:// or memory://. Only changed objects are sent.

    Credentials and endpoints come from the environment, such as AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL. An archive
    without a day is not published, nor one without more than a fifth of the objects that were, unless with --force.
    """
    bucket = Bucket(open_store(url), url, compress=not plain)
    publisher = _open(archive)
    exit_on_second_interrupt()
    progress = progress_bar("publishing", "object")
    report = publish(publisher, bucket, force=force, dry_run=dry_run, processes=processes, progress=progress)
    _report_missing_days(publisher)
    if dry_run:
        for action, names in (("send", report.sent), ("remove", report.removed)):
            for name in names:
                click.echo(f"{action} {name}")
    counts = {"objects": report.objects, "sent": len(report.sent), "removed": len(report.removed)}
    _finish(f"{url} would be" if dry_run else url, counts, report.errors)


@commands.command()
@_archive_argument
@click.option("--force", is_flag=True, help="Also retry images that failed a short time ago.")
def images(archive: Path, force: bool) -> None:
    """Fetch the papers' images for the books.

    Images are kept in a store ($FEEDS_IMAGES); those in it are not fetched again.
    """
    publisher = _open(archive)
    with publisher.archive.snapshot() as snapshot:
        urls = snapshot.image_urls()
    report = fetch_images(
        publisher.store,
        urls,
        Client(ALLOW_PRIVATE if settings.load(archive, os.environ).private_images else PUBLIC_ONLY),
        force=force,
        progress=progress_bar("fetching", "image"),
    )
    for url, reason in report.failed:
        click.echo(f"{url}: {reason}", err=True)
    _report_missing_days(publisher)
    counts = {name: len(getattr(report, name)) for name in ("fetched", "unchanged", "failed", "waiting")}
    hint = " (failed a short time ago; use --force to request them again)" if report.waiting else ""
    click.echo(f"images: {_join(counts)}{hint}", err=True)


@commands.command()
@click.argument("address")
@click.argument("key", required=False)
@_archive_option
@click.option("--force", is_flag=True, help="Send the book even if it was sent to this address before.")
@_search_options
def send(address: str, key: str | None, archive: Path, force: bool, **parameters: str | None) -> None:
    """Mail a book to ADDRESS, such as a Kindle.

    The book is the newest day, or what KEY or the search options select.
    A day is sent to an address only once, and a larger book again only when its papers have changed, so this may run
    every hour.
    """
    publisher = _open(archive)
    _report_missing_days(publisher)
    recipient = mail.parse_address(address)
    mail_server = settings.load(archive, os.environ).mail
    mail.require_settings(mail_server)
    given = _given(parameters)
    with publisher.archive.snapshot() as snapshot:
        newest = [day.date.isoformat() for day in snapshot.calendar() if day.papers][-1:]
    key = key or (None if given else next(iter(newest), "latest"))
    book = _find_resource(publisher, _book_format(publisher), key, given)
    representation = publisher.representation(book)
    with publisher.archive.snapshot() as snapshot:
        edition = snapshot.load(book.key)
    index = default_index(archive, os.environ)
    log = mail.DeliveryLog(index.with_name(f"{index.name}.sent"))
    if not edition.papers:
        click.echo(f"feeds: {book.path}: there is no paper to send", err=True)
    elif log.contains(recipient, book, edition) and not force:
        click.echo(f"feeds: {book.path}: already sent to {recipient}; use --force to send it again", err=True)
    else:
        title = RenderContext.for_site(publisher.site, publisher.formats).full_name(edition)
        document = publisher.render(representation).body
        mail.send(mail_server, mail.build_message(mail_server, recipient, title, book, document))
        log.add(recipient, book, edition)
        click.echo(f"sent {book.file_name} to {recipient}", err=True)


@commands.command()
@_archive_argument
def check(archive: Path) -> None:
    """Report what is wrong in ARCHIVE.

    Checks the settings and the day files, and exits with 1 if anything was lost, or no day was found.
    """
    _, setting_errors = settings.load_with_errors(archive, os.environ, registry.load().offer)
    for location, message in setting_errors:
        click.echo(f"{location}: {Severity.ERROR.value}: {message}")
    progress = progress_bar("indexing", "file")
    opened = Archive(archive, default_index(archive, os.environ), progress=progress, last_day=last_published_day)
    opened.sync()
    with opened.snapshot() as snapshot:
        diagnostics, calendar = [*snapshot.diagnostics()], snapshot.calendar()
    problems = [(f"{archive / path}:{line}", severity, message) for path, line, message, severity in diagnostics]
    if not calendar:
        known = {location for location, *_ in problems}
        problems += (problem for problem in _explain_empty(opened, archive) if problem[0] not in known)
    for location, severity, message in problems:
        click.echo(f"{location}: {severity.value}: {message}")
    errors = len(setting_errors) + sum(severity is Severity.ERROR for _, severity, _ in problems)
    counts = {"days": len(calendar), "papers": sum(day.papers for day in calendar), "errors": errors}
    counts["warnings"] = len(problems) + len(setting_errors) - errors
    click.echo(", ".join(f"{name}: {count}" for name, count in counts.items()), err=True)
    sys.exit(1 if errors else 0)


@commands.command()
@_archive_argument
def init(archive: Path) -> None:
    """Write a settings file into ARCHIVE.

    The file, feeds.toml, explains every setting and sets none.
    """
    path = archive / "feeds.toml"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(settings.example())
    except FileExistsError as error:
        raise FeedsError(f"{path}: already exists; edit it, or move it away") from error
    except OSError as error:
        raise FeedsError(f"{path}: {error.strerror}; give the folder of an archive") from error
    click.echo(f"wrote {path}", err=True)


@commands.command()
def formats() -> None:
    """List the registered formats.

    Columns: name, URLs, kind, media type, and the distribution that it came from.
    """
    rows = [(item.name, _addresses(item), item.kind, item.media_type, item.origin) for item in registry.load()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _addresses(item: Format) -> str:
    keys = [*item.site_paths, *(["KEY"] if item.scopes - {Scope.SITE} else [])]
    return " ".join(f"/{key}{item.suffix}" for key in keys)


def _open(archive: Path) -> Publisher:
    return open_publisher(archive, os.environ, progress_bar("indexing", "file"))


def _report_missing_days(publisher: Publisher) -> None:
    """Say in a line on stderr that the archive shows no day, or not all that its files hold."""
    archive = publisher.archive
    if reason := archive.reason_for_no_days():
        click.echo(f"feeds: {archive.root}: {reason}", err=True)
        return
    with archive.snapshot() as snapshot:
        if days := snapshot.unpublished_days():
            which = f"{days[0]} and {len(days) - 1} more lie" if len(days) > 1 else f"{days[0]} lies"
            hint = "`feeds check` names the lines"
            click.echo(f"feeds: {archive.root}: {which} in the future and are not shown yet; {hint}", err=True)


def _explain_empty(opened: Archive, archive: Path) -> Iterator[tuple[str, Severity, str]]:
    """List why an archive shows no day: what was read and what was not, and the lines that look like papers."""
    yield str(archive), Severity.ERROR, opened.reason_for_no_days()
    for path, line, url in opened.survey().links:
        yield f"{archive / path}:{line}", Severity.WARNING, f"{url} looks like a paper, but belongs to no day"


def _book_format(publisher: Publisher) -> Format:
    return next(item for item in publisher.formats if item.kind is Kind.BOOK)


def _given(parameters: Mapping[str, str | None]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in parameters.items() if value is not None]


def _find_resource(publisher: Publisher, item: Format, key: str | None, parameters: list[tuple[str, str]]) -> Resource:
    text = key or ("search" if parameters else next(iter(item.site_paths), "latest"))
    if parameters and text != "search":
        option = f"--{parameters[0][0].replace('_', '-')}"
        raise FeedsError(f"{text}: {option} is an option of the key search only; write search instead of {text}")
    resource = publisher.resource(item, text, parameters)
    if resource:
        return resource
    if hint := key_hint(text, publisher.site.topic_keys):
        raise UnknownEditionError(f"{text!r} is not a key; {hint}")
    examples = [*item.site_paths, *(EXAMPLES[scope] for scope in sorted(item.scopes - {Scope.SITE}))]
    raise UnknownEditionError(f"{text!r} is not a key that {item.name} offers; write one such as {', '.join(examples)}")


def _finish(target: str, counts: Mapping[str, int], errors: tuple[str, ...]) -> None:
    """Report the errors and counts of a build or upload, and exit with 1 if there are errors."""
    for error in errors:
        click.echo(f"feeds: {error}", err=True)
    click.echo(f"{target}: {_join({**counts, 'failed': len(errors)})}", err=True)
    sys.exit(1 if errors else 0)


def _join(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _write(path: Path, document: bytes) -> None:
    """Write a file atomically; devices, pipes and links are written to directly."""
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.write_bytes(document)
        else:
            atomic_write(path, document)
    except OSError as error:
        raise FeedsError(f"{path}: {error.strerror}; choose another file") from error
