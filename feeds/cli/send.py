"""Mails a book."""

import os
from pathlib import Path

import click

from feeds.archive.archive import default_index
from feeds.archive.snapshot import Snapshot
from feeds.cli.archives import open_archive, report_missing_days
from feeds.cli.editions import find_resource, given_parameters, search_options
from feeds.cli.options import archive_option
from feeds.errors import MailError
from feeds.exporters.contract import Format, Kind, RenderContext
from feeds.model.edition import Collection
from feeds.model.keys import FIXED, SeriesKey
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

    The book is the newest day, or what KEY or the search options select. A series is its newest book: top-weekly sends
    the most voted papers of the last complete week, top-monthly those of the month.
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
        if key is None and not given:
            key = next((day.date.isoformat() for day in reversed(snapshot.calendar()) if day.papers), "latest")
        series = FIXED.get(key or "")
        if isinstance(series, SeriesKey):
            key = _newest_member(snapshot, series)
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


def _newest_member(snapshot: Snapshot, series: SeriesKey) -> str:
    """Return the key of the newest edition in a series that has a paper."""
    collection = snapshot.outline(series)
    for member in collection.editions if isinstance(collection, Collection) else ():
        if member.total:
            return member.key.text
    raise MailError(f"{series.text}: no {series.period} with papers is complete; a later day completes it")


def _book_format(publisher: Publisher) -> Format:
    return next(item for item in publisher.formats if item.kind is Kind.BOOK)
