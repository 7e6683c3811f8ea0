"""Lists the facts and the links that the content of an entry begins and ends with."""

from collections.abc import Iterable
from dataclasses import dataclass

from feeds.exporters.contract import Kind, RenderContext
from feeds.model.keys import Key, PaperKey, Scope, TopKey, period
from feeds.model.paper import Listing, Paper
from feeds.site.i18n import Locale
from feeds.text.links import LinkKind

_RELATED = "#related"  # the section of a paper's page that lists related papers


@dataclass(frozen=True, slots=True)
class EntryLink:
    """A link in the content of an entry, or only a text if `url` is empty."""

    text: str
    url: str = ""


def list_facts(paper: Paper, locale: Locale) -> list[EntryLink]:
    """List the votes, and what a paper comes with."""
    facts = [] if paper.votes is None else [EntryLink(locale.ngettext("{count} vote", "{count} votes", paper.votes))]
    code = next((link.url for link in paper.links if link.kind is LinkKind.CODE), None)
    facts += [EntryLink(locale.gettext("Code"), code)] if code else []
    return [*facts, EntryLink(locale.gettext("Video"), paper.video)] if paper.video else facts


def list_sources(paper: Paper, facts: Iterable[EntryLink], locale: Locale) -> list[EntryLink]:
    """List the paper itself, and the links of its summary that are not among the facts."""
    names = {True: locale.gettext("Code"), False: locale.gettext("Link")}
    urls = {fact.url for fact in facts}
    links = [EntryLink(names[link.kind is LinkKind.CODE], link.url) for link in paper.links if link.url not in urls]
    return [EntryLink(locale.gettext("Paper"), paper.url), *links]


def list_paper_links(listing: Listing, context: RenderContext) -> list[EntryLink]:
    """List where the site goes on from a paper: its page, the book of its day, and related papers."""
    locale, day = context.locale, period(Scope.DAY, listing.first_listed)
    links = []
    page_url = find_page(PaperKey(listing.paper.slug), context)
    if page_url:
        links.append(EntryLink(locale.gettext("Read on {site}", site=context.site.title), page_url))
    if book := context.book(day):
        name = locale.gettext("Papers of {day} as a book", day=locale.format_day_of_month(day.first))
        links.append(EntryLink(name, context.url(book)))
    if page_url:
        links.append(EntryLink(locale.gettext("Related papers"), f"{page_url}{_RELATED}"))
    return links


def list_edition_links(key: Key, context: RenderContext) -> list[EntryLink]:
    """List where the site goes on from an edition: its page, its book, from a ranking also the whole period."""
    locale = context.locale
    links = [EntryLink(locale.gettext("Read on {site}", site=context.site.title), context.page_url(key))]
    if book := context.book(key):
        name = locale.gettext("Book ({format})", format=book.format.name.upper())
        links.append(EntryLink(name, context.url(book)))
    if isinstance(key, TopKey):
        week, month = locale.gettext("All papers of the week"), locale.gettext("All papers of the month")
        name = week if key.period.scope is Scope.WEEK else month
        links.append(EntryLink(name, context.page_url(key.period)))
    return links


def find_page(key: Key, context: RenderContext) -> str:
    """Return the URL of the page of a key; empty if there is none."""
    return next((context.url(page) for page in context.resources(key, Kind.PAGE)), "")


def join_texts(links: Iterable[EntryLink]) -> str:
    """Write only the texts, on one line."""
    return " · ".join(link.text for link in links)


def write_links(links: Iterable[EntryLink]) -> str:
    """Write links as plain text, one a line."""
    return "\n".join(f"{link.text}: {link.url}" for link in links)
