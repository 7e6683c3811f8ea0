"""Mails a book."""

import os
from pathlib import Path

import click

from feeds.archive.archive import default_index
from feeds.cli.archives import open_archive, report_missing_days
from feeds.cli.editions import find_resource, given_parameters, search_options
from feeds.cli.options import archive_option
from feeds.exporters.contract import Format, Kind, RenderContext
from feeds.publishing import mail
from feeds.publishing.publisher import Publisher
from feeds.site import settings


@click.command()
@click.argument("address")
@click.argument("key", required=False)
@archive_option
@click.option("--force", is_flag=True, help="Send the book even if it was sent to this address before.")
@search_options
def command(address: str, key: str | None, archive: Path, force: bool, **parameters: str | None) -> None:
    """Mail a book to ADDRESS, such as a Kindle.

    The book is the newest day, or what KEY or the search options select.
    A day is sent to an address only once, and a larger book again only when its papers have changed, so this may run
    every hour.
    """
    publisher = open_archive(archive)
    report_missing_days(publisher)
    recipient = mail.parse_address(address)
    mail_server = settings.load(archive, os.environ).mail
    mail.require_settings(mail_server)
    given = given_parameters(parameters)
    with publisher.archive.snapshot() as snapshot:
        newest = [day.date.isoformat() for day in snapshot.calendar() if day.papers][-1:]
    key = key or (None if given else next(iter(newest), "latest"))
    book = find_resource(publisher, _book_format(publisher), key, given)
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


def _book_format(publisher: Publisher) -> Format:
    return next(item for item in publisher.formats if item.kind is Kind.BOOK)
